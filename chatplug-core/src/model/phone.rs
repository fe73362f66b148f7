//! Phone numbers, and the spellings under which one number goes about.

use phonenumber::{Mode, country};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt, str::FromStr};

/// A phone number in E.164 without the plus sign, as the channel gives it. Personal: `Debug` prints a redaction.
///
/// Digits are taken verbatim: some numbers that WhatsApp uses are invalid by the book (Brazil's old eight digits, Mexico's extra 1),
/// and a contact is written to under the spelling by which they were met. Two spellings of one number are told by [`Phone::canonical`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(String);

/// A text that is not an international phone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an international phone number: 7 to 15 digits with the country code are expected")]
pub struct PhoneError;

impl Phone {
    /// A number as people write it: with a plus sign or `00`, or as it is dialled within a country, given by its ISO 3166
    /// code (`BR`). Trunk prefixes (`0`, Russia's `8`, Argentina's `15`) are read away, also where they stand behind a country code.
    ///
    /// # Errors
    /// [`PhoneError`] when it is no number, or has no country code and the country is unknown.
    pub fn written(text: &str, region: &str) -> Result<Self, PhoneError> {
        let text = text.trim();
        let international = text.strip_prefix("00").map(|rest| format!("+{rest}"));
        let text = international.as_deref().unwrap_or(text);
        let region: Option<country::Id> = region.parse().ok();
        let mut number = phonenumber::parse(region, text).map_err(|_| PhoneError)?;
        if !number.is_valid() {
            // Written behind a country code that has no trunk prefix at all: +351 0912…
            let national = number.national().value();
            let shorter = phonenumber::parse(None, format!("+{}{national}", number.code().value()));
            number = shorter.ok().filter(phonenumber::PhoneNumber::is_valid).unwrap_or(number);
        }
        number.format().mode(Mode::E164).to_string().parse()
    }

    /// The digits, without a plus sign.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// `+` and the digits.
    #[must_use]
    pub fn e164(&self) -> String {
        format!("+{}", self.0)
    }

    /// The one way of writing this number under which its holder is found, whichever of its spellings the channel uses:
    ///
    /// - Brazil: mobiles have nine digits; `WhatsApp` still knows many by the eight of before, without the leading 9.
    /// - Mexico: mobiles were dialled from abroad with a 1 behind the country code until 2019; `WhatsApp` keeps it.
    /// - Argentina: mobiles are dialled from abroad with a 9 behind the country code; no fixed line has the same number.
    ///
    /// Everything else is as it stands: nothing is guessed, so no two numbers are taken for one.
    #[must_use]
    pub fn canonical(&self) -> Cow<'_, str> {
        let digits = self.0.as_str();
        match (digits.len(), digits.get(..2), digits.as_bytes().get(4)) {
            (12, Some("55"), Some(b'6'..=b'9')) => {
                let (area, number) = digits.split_at(4);
                Cow::Owned(format!("{area}9{number}"))
            }
            (13, Some("52"), _) if digits.starts_with("521") => Cow::Owned(format!("52{}", &digits[3..])),
            (13, Some("54"), _) if digits.starts_with("549") => Cow::Owned(format!("54{}", &digits[3..])),
            _ => Cow::Borrowed(digits),
        }
    }
}

impl FromStr for Phone {
    type Err = PhoneError;

    /// Reads digits with an optional plus sign; spaces, hyphens, dots and brackets are skipped.
    fn from_str(text: &str) -> Result<Self, PhoneError> {
        let body = text.trim().strip_prefix('+').unwrap_or_else(|| text.trim());
        let digits: String = body.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '\u{a0}')).collect();
        if (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(digits))
        } else {
            Err(PhoneError)
        }
    }
}

impl TryFrom<String> for Phone {
    type Error = PhoneError;
    fn try_from(text: String) -> Result<Self, PhoneError> {
        text.parse()
    }
}

impl From<Phone> for String {
    fn from(phone: Phone) -> Self {
        phone.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<phone>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// People by the ways in which their number is written, each with the country in which it is written so.
    const PEOPLE: &[(&str, &[(&str, &str)])] = &[
        (
            "a mobile of São Paulo",
            &[
                ("+55 11 99123-4567", "BR"),
                ("551191234567", ""),
                ("5511991234567", ""),
                ("(11) 99123-4567", "BR"),
                ("011 99123 4567", "BR"),
                ("0055 11 99123 4567", "PT"),
            ],
        ),
        ("another of the same end", &[("+55 21 99123-4567", ""), ("552191234567", "")]),
        ("a mobile that began with 8", &[("+55 31 98876-5432", ""), ("553188765432", ""), ("(31) 98876-5432", "BR")]),
        ("a fixed line of São Paulo", &[("+55 11 3123-4567", ""), ("551131234567", ""), ("(11) 3123-4567", "BR")]),
        (
            "a mobile of Mexico City",
            &[
                ("+52 1 55 1234 5678", ""),
                ("5215512345678", ""),
                ("+52 55 1234 5678", ""),
                ("525512345678", ""),
                ("55 1234 5678", "MX"),
                ("0052 55 1234 5678", "ES"),
            ],
        ),
        ("a mobile of Monterrey", &[("5218112345678", ""), ("+52 81 1234 5678", "")]),
        (
            "a mobile of Buenos Aires",
            &[
                ("+54 9 11 2345-6789", ""),
                ("5491123456789", ""),
                ("541123456789", ""),
                ("011 15-2345-6789", "AR"),
                ("+54 11 15 2345-6789", "AR"),
                ("11 15 2345 6789", "AR"),
            ],
        ),
        ("a mobile of Córdoba", &[("5493512345678", ""), ("+54 351 234-5678", ""), ("0351 15-234-5678", "AR")]),
        (
            "a mobile of Russia",
            &[
                ("+7 912 345-67-89", ""),
                ("79123456789", ""),
                ("8 (912) 345-67-89", "RU"),
                ("8 912 345 67 89", "RU"),
                ("912 345-67-89", "RU"),
            ],
        ),
        ("a mobile of Kazakhstan", &[("+7 701 234 5678", ""), ("8 701 234 56 78", "KZ"), ("8 (701) 234-56-78", "RU")]),
        ("another of Kazakhstan", &[("77012345679", ""), ("8 701 234 56 79", "KZ")]),
        (
            "a mobile of France",
            &[
                ("+33 6 12 34 56 78", ""),
                ("33612345678", ""),
                ("06 12 34 56 78", "FR"),
                ("+33 (0)6 12 34 56 78", "FR"),
                ("0033 6 12 34 56 78", "ES"),
            ],
        ),
        ("a fixed line of Paris", &[("+33 1 42 68 53 00", ""), ("01 42 68 53 00", "FR")]),
        (
            "a mobile of Spain",
            &[("+34 612 34 56 78", ""), ("34612345678", ""), ("612 345 678", "ES"), ("0034 612 345 678", "FR")],
        ),
        (
            "a mobile of Portugal",
            &[("+351 912 345 678", ""), ("912 345 678", "PT"), ("00351 912345678", "ES"), ("+351 0912 345 678", "PT")],
        ),
        (
            "a mobile of the United Kingdom",
            &[
                ("+44 7400 123456", ""),
                ("447400123456", ""),
                ("07400 123456", "GB"),
                ("+44 (0)7400 123456", "GB"),
                ("0044 7400 123 456", "FR"),
            ],
        ),
        ("a fixed line of London", &[("+44 20 7946 0018", ""), ("020 7946 0018", "GB")]),
        ("a mobile of the United States", &[("+1 415 555 2671", ""), ("(415) 555-2671", "US"), ("14155552671", "")]),
    ];

    fn read(text: &str, region: &str) -> Phone {
        match region {
            "" => text.parse().unwrap(),
            region => Phone::written(text, region).unwrap(),
        }
    }

    #[test]
    fn one_number_in_all_its_spellings_is_one_person_and_nobody_else() {
        let spellings: usize = PEOPLE.iter().map(|(_, spellings)| spellings.len()).sum();
        assert!(spellings >= 60, "{spellings}");
        let mut found: BTreeMap<String, &str> = BTreeMap::new();
        for (who, spellings) in PEOPLE {
            for (text, region) in *spellings {
                let key = read(text, region).canonical().into_owned();
                let other = found.insert(key.clone(), who).unwrap_or(who);
                assert_eq!(other, *who, "{text} is {key}");
            }
        }
        assert_eq!(found.len(), PEOPLE.len(), "{found:?}");
    }

    #[test]
    fn what_is_written_as_a_number_and_is_none_is_refused() {
        for (text, region) in [("", "PT"), ("hello", "PT"), ("12", "PT"), ("912 345 678", ""), ("+999 1", "BR")] {
            assert_eq!(Phone::written(text, region), Err(PhoneError), "{text:?} in {region:?}");
        }
    }

    #[test]
    fn a_number_is_kept_as_the_channel_writes_it() {
        let phone: Phone = "+52 1 (55) 1234-5678".parse().unwrap();
        assert_eq!((phone.digits(), phone.e164().as_str()), ("5215512345678", "+5215512345678"));
        assert_eq!(format!("{phone:?}"), "<phone>");
    }
}
