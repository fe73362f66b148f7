//! Who comes: how a client is told to Cal.com, and by what a booking is known to be theirs.
//!
//! Whose a booking is, is told by the phone number that the channel verified, by our own id of the client, and by the
//! addresses that are derived from either. An address that a client typed is told to Cal.com and proves nothing: whoever
//! types another's must not see their bookings.

use super::{
    CalcomBackend,
    refs::{CONTACT, Name, metadata},
    sold::Way,
};
use crate::{branch::CalcomEmail, wire::booking};
use chatplug_core::{
    model::{ChannelUser, ClientField, ContactId, Lang, Phone},
    ports::{BookError, ClientDetails},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::Sha256;
use std::{collections::BTreeSet, fmt::Write as _};

/// Where Cal.com invents addresses for who has none.
pub(super) const INVENTED: &str = "@sms.cal.com";
/// Languages of two letters that Cal.com takes.
const LANGUAGES: [&str; 39] = [
    "ar", "ca", "de", "es", "eu", "he", "id", "ja", "lv", "pl", "ro", "sr", "th", "vi", "az", "cs", "el", "fi", "hr",
    "it", "km", "nl", "pt", "ru", "sv", "tr", "bg", "da", "en", "et", "fr", "hu", "iw", "ko", "no", "sk", "ta", "uk",
    "bn",
];

/// Who comes, as it goes over the wire.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attendee {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phone_number: Option<String>,
    pub(super) time_zone: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) language: Option<String>,
}

impl CalcomBackend {
    /// A client as an attendee, or what must be known first.
    pub(super) fn attendee(&self, client: &ClientDetails, way: &Way) -> Result<Attendee, BookError> {
        let name = client.name.as_ref().map(|name| name.reveal().trim().to_owned()).filter(|name| !name.is_empty());
        let given = client.email.as_ref().map(|email| email.reveal().trim().to_lowercase());
        let email = match &self.at.email {
            _ if !way.takes_email => None,
            CalcomEmail::Guest { domain, secret } => Some(guest(domain, secret, client)),
            CalcomEmail::Ask | CalcomEmail::PhoneOnly => given.filter(|email| !email.is_empty()),
        };
        let phone = client.user.phone.as_ref();
        let must_have_phone = !way.takes_email || way.requires.contains(&ClientField::Phone);
        let mut fields = BTreeSet::new();
        if name.is_none() {
            fields.insert(ClientField::Name);
        }
        if way.takes_email && email.is_none() {
            fields.insert(ClientField::Email);
        }
        if must_have_phone && phone.is_none() {
            fields.insert(ClientField::Phone);
        }
        let Some(name) = name.filter(|_| fields.is_empty()) else { return Err(BookError::Needs { fields }) };
        Ok(Attendee {
            name,
            email,
            // One that Cal.com would not take is left out where it may be: we know the client all the same.
            phone_number: phone.and_then(|phone| dialled(phone).or_else(|| must_have_phone.then(|| phone.e164()))),
            time_zone: self.at.zone.name(),
            language: language(client.language),
        })
    }

    /// Whether a booking, or a seat, is this client's.
    pub(super) fn is_of(&self, told: &booking::Booking, name: &Name, client: &ClientDetails) -> bool {
        if contact(metadata(told, name)) == Some(client.contact) {
            return true;
        }
        let Some(booker) = told.booker(name.seat()) else { return false };
        let answers = [&told.booking_fields_responses, &booker.booking_fields_responses];
        let answered = answers.into_iter().filter_map(|answers| answers.get("attendeePhoneNumber")?.as_str());
        let mut numbers = answered.chain([booker.phone_number.as_str()]);
        if numbers.any(|number| is_same(number, &client.user)) {
            return true;
        }
        let address = booker.email.to_lowercase();
        let invented = address.strip_suffix(INVENTED).is_some_and(|digits| is_same(digits, &client.user));
        let guests = match &self.at.email {
            CalcomEmail::Guest { domain, secret } => guest(domain, secret, client) == address,
            CalcomEmail::Ask | CalcomEmail::PhoneOnly => false,
        };
        invented || guests
    }
}

/// Whose a booking is, by our own id.
pub(super) fn contact(metadata: &Map<String, Value>) -> Option<ContactId> {
    metadata.get(CONTACT)?.as_str()?.parse().ok()
}

/// Whether Cal.com invented an address.
pub(super) fn is_invented(address: &str) -> bool {
    address.ends_with(INVENTED)
}

fn is_same(number: &str, user: &ChannelUser) -> bool {
    let there = number.parse::<Phone>().ok();
    there.zip(user.phone.as_ref()).is_some_and(|(there, phone)| there.canonical() == phone.canonical())
}

/// A number as it is dialled from abroad, where that is one: some that a channel shows are spelled as nobody dials them.
fn dialled(phone: &Phone) -> Option<String> {
    let spellings = [phone.e164(), format!("+{}", phone.canonical())];
    spellings.into_iter().find(|text| phonenumber::parse(None, text).is_ok_and(|number| number.is_valid()))
}

fn language(language: Lang) -> Option<String> {
    LANGUAGES.contains(&language.code()).then(|| language.code().to_owned())
}

/// A client's address at a domain of the business: always the same one, and it tells nobody who that is.
fn guest(domain: &str, secret: &SecretString, client: &ClientDetails) -> String {
    let who = match (&client.user.phone, &client.user.user_id) {
        (Some(phone), _) => format!("phone:{}", phone.canonical()),
        (None, Some(user)) => format!("user:{}", user.reveal()),
        (None, None) => format!("contact:{}", client.contact),
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else {
        return format!("guest-{}@{domain}", client.contact);
    };
    mac.update(who.as_bytes());
    let mut address = "guest-".to_owned();
    for byte in mac.finalize().into_bytes().iter().take(12) {
        // Writing into a `String` cannot fail.
        let _ = write!(address, "{byte:02x}");
    }
    format!("{address}@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(phone: &str) -> ClientDetails {
        ClientDetails {
            contact: ContactId::derive(&[phone]),
            user: ChannelUser { phone: phone.parse().ok(), user_id: None },
            name: None,
            email: None,
            language: Lang::EN,
        }
    }

    #[test]
    fn a_guests_address_is_stable_and_tells_nobody() {
        let of = |phone: &str, secret: &str| guest("guest.studio.example", &secret.into(), &client(phone));
        let ana = of("5511987654321", "k1");
        assert_eq!(ana, of("551187654321", "k1"), "whichever way it is spelled");
        assert_ne!(ana, of("5511987654322", "k1"));
        assert_ne!(ana, of("5511987654321", "k2"), "without the key nobody can tell");
        assert!(ana.starts_with("guest-") && ana.ends_with("@guest.studio.example") && !ana.contains("87654321"));
    }

    #[test]
    fn numbers_are_sent_as_they_are_dialled() {
        let dialled = |phone: &str| dialled(&phone.parse().unwrap());
        assert_eq!(dialled("351912345678").as_deref(), Some("+351912345678"));
        assert_eq!(dialled("551187654321").as_deref(), Some("+5511987654321"), "with nine digits");
        assert_eq!(dialled("3519100"), None, "none that there is");
    }
}
