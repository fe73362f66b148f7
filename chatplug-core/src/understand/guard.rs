//! What a text claims, and whether the facts of the turn hold it: nothing that a model wrote may say a date, a time, a price,
//! a number or a success by itself.
//!
//! chatplug shows clients no text of a model: a model answers with ids. This is for whoever lets one write (a friendlier
//! wording of an answer, a summary for the team), and for facts, which are quoted as they are.

use super::{
    free::{FREE, Phrase},
    words,
};
use std::{collections::HashSet, fmt};
use unicode_normalization::UnicodeNormalization as _;

/// Something that a text says and that must be true.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Claim {
    /// A day, a month or a part of the day, by its word.
    Day(String),
    /// A time of day, in minutes after midnight.
    Time(u16),
    /// Any other number, in digits or in words.
    Number(String),
    /// Money, by its word or sign.
    Money(String),
    /// Something is done: "booked", "confirmed".
    Success(String),
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(word) | Self::Number(word) | Self::Money(word) | Self::Success(word) => f.write_str(word),
            Self::Time(minutes) => write!(f, "{:02}:{:02}", minutes / 60, minutes % 60),
        }
    }
}

/// What may be said: everything that the facts of the turn say.
///
/// ```
/// use chatplug_core::understand::Grounds;
///
/// let grounds = Grounds::of(["Haircut with Ana, Friday 13 March, 15:30, 25,00 €"]);
/// assert!(grounds.unfounded("On Friday at 3:30 pm, 25 €?").is_empty());
/// assert!(!grounds.unfounded("You are booked for Friday at 16:30!").is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Grounds(HashSet<Claim>);

impl Grounds {
    /// What these texts say.
    pub fn of<'t>(facts: impl IntoIterator<Item = &'t str>) -> Self {
        Self(facts.into_iter().flat_map(claims).flatten().collect())
    }

    /// What a text says and no fact does; empty: it may be shown.
    #[must_use]
    pub fn unfounded(&self, text: &str) -> Vec<Claim> {
        let bare = |readings: Vec<Claim>| {
            let held = readings.iter().any(|reading| self.0.contains(reading));
            (!held).then(|| readings.into_iter().next()).flatten()
        };
        claims(text).into_iter().filter_map(bare).collect()
    }
}

/// Words by which a text says that something is done: in a fact that is quoted to clients they can be taken for a
/// confirmation.
#[must_use]
pub fn success_words(text: &str) -> Vec<String> {
    let found = claims(text).into_iter().flatten().filter_map(|claim| match claim {
        Claim::Success(word) => Some(word),
        _ => None,
    });
    found.collect()
}

/// Phrases, and what they claim.
type Kind<'p> = (&'p [Phrase], fn(String) -> Claim);

/// Everything that a text claims, each with its readings.
fn claims(text: &str) -> Vec<Vec<Claim>> {
    let plain: String = text.nfkc().flat_map(char::to_lowercase).collect();
    let mut found = numbers(&plain);
    found.extend(
        plain.chars().filter(|c| matches!(c, '€' | '$' | '£' | '₽' | '%')).map(|c| vec![Claim::Money(c.to_string())]),
    );
    let words = words(text);
    let mut at = 0;
    while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
        let kinds: [Kind<'_>; 4] = [
            (&FREE.done, Claim::Success),
            (&FREE.day, Claim::Day),
            (&FREE.number, Claim::Number),
            (&FREE.money, Claim::Money),
        ];
        let mut readings = Vec::new();
        let mut long = 1;
        for (phrases, kind) in kinds {
            let hit = phrases.iter().filter_map(|phrase| Some((phrase.begins(rest)?, phrase)));
            if let Some((words, phrase)) = hit.max_by_key(|(words, _)| *words) {
                long = long.max(words);
                readings.push(kind(phrase.text()));
            }
        }
        if !readings.is_empty() {
            found.push(readings);
        }
        at += long;
    }
    found
}

/// Numbers in digits, with what stands within them.
fn numbers(text: &str) -> Vec<Vec<Claim>> {
    let chars: Vec<char> = text.chars().collect();
    let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if !digit(at) {
            at += 1;
            continue;
        }
        let start = at;
        while digit(at)
            || (chars.get(at).is_some_and(|c| matches!(c, ':' | '.' | ',' | '/' | '-' | 'h')) && digit(at + 1))
        {
            at += 1;
        }
        let number: String = chars.get(start..at).unwrap_or_default().iter().collect();
        let mut after = chars
            .get(at..)
            .unwrap_or_default()
            .iter()
            .copied()
            .filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '.'));
        let half = match (after.next(), after.next()) {
            (Some(c @ ('a' | 'p')), Some('m')) => Some(c == 'p'),
            _ => None,
        };
        let hours = chars.get(at..).unwrap_or_default().iter().find(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}'))
            == Some(&'h');
        found.push(readings(&number, half, hours));
    }
    found
}

/// What a number in digits may stand for, the likeliest first. `half` is what half of the day was said after it.
fn readings(number: &str, half: Option<bool>, hours: bool) -> Vec<Claim> {
    let mut found = Vec::new();
    let mut parts = number.split([':', 'h', '.']);
    let (hour, minute, more) = (parts.next(), parts.next(), parts.next());
    let clock = match (hour.and_then(|hour| hour.parse::<u16>().ok()), minute, more) {
        (Some(hour), Some(minute), None) if minute.len() == 2 => {
            minute.parse::<u16>().ok().map(|minute| (hour, minute))
        }
        (Some(hour), None, None) if half.is_some() || hours => Some((hour, 0)),
        _ => None,
    };
    if let Some((hour, minute)) = clock.filter(|(hour, minute)| *hour < 24 && *minute < 60) {
        let hour = match half {
            Some(true) if hour < 12 => hour + 12,
            Some(false) if hour == 12 => 0,
            _ => hour,
        };
        found.push(Claim::Time(hour * 60 + minute));
    }
    if found.is_empty() || (half.is_none() && !hours && !number.contains([':', 'h'])) {
        found.push(Claim::Number(plain(number)));
    }
    found
}

/// A number without what only its writing adds: `25,00` is `25`, `1.200` is `1200`.
fn plain(number: &str) -> String {
    let mut parts: Vec<&str> = number.split(['.', ',']).collect();
    let decimals = match parts.as_slice() {
        [_, .., last] if last.len() <= 2 => parts.pop(),
        _ => None,
    };
    let grouped = parts.iter().skip(1).all(|part| part.len() == 3);
    let whole = if grouped { parts.concat() } else { parts.join(".") };
    match decimals {
        Some(decimals) if decimals.chars().any(|c| c != '0') => format!("{whole}.{decimals}"),
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_facts_say_may_be_said_in_other_ways() {
        let grounds = Grounds::of(["Corte com Ana, sexta 13 de março, 15:30, 25,00 €, R$ 1.200"]);
        for text in
            ["Com a Ana na sexta às 15h30, por 25 €?", "3:30 pm, 25.00 €", "at 15.30", "1200 R$", "com a Ana", ""]
        {
            assert_eq!(grounds.unfounded(text), [], "{text}");
        }
    }

    #[test]
    fn what_no_fact_says_is_refused_in_five_languages() {
        let grounds = Grounds::of(["Haircut, Friday 13 March, 15:30, 25 €"]);
        for (text, claim) in [
            ("see you at 10:30", "10:30"),
            ("around 4 pm", "16:00"),
            ("às 16h", "16:00"),
            ("à 17h15", "17:15"),
            ("only 20 €", "20"),
            ("25,50 €", "25.50"),
            ("12/03", "12/03"),
            ("see you on Saturday", "saturday"),
            ("amanhã então", "amanha"),
            ("te espero el lunes", "lunes"),
            ("à demain", "demain"),
            ("ждём вас завтра", "завтра"),
            ("you are booked", "book"),
            ("Está reservado!", "reservad"),
            ("ya está confirmada", "confirmad"),
            ("c'est réservé", "reserve"),
            ("Вы записаны", "записан"),
            ("запись подтверждена", "подтвержд"),
            ("twenty percent off", "twenty"),
            ("costs 25 dollars", "dollar"),
            ("ﬁfteen １７:００", "17:00"),
        ] {
            let unfounded: Vec<String> = grounds.unfounded(text).iter().map(ToString::to_string).collect();
            assert!(unfounded.iter().any(|found| found == claim), "{text}: {unfounded:?}");
        }
    }

    #[test]
    fn a_time_is_not_made_of_two_others() {
        let grounds = Grounds::of(["10:30 or 15:00"]);
        assert_eq!(grounds.unfounded("15:30"), [Claim::Time(930)]);
        assert_eq!(grounds.unfounded("30"), [Claim::Number("30".to_owned())]);
    }
}
