//! One event type: whether a chat can book it, and what a booking of it must say.

use crate::{
    branch::{CalcomBranch, CalcomEmail, CalcomEventType},
    wire::shop::{EventType, Field, Location},
};
use chatplug_core::model::{ClientField, Gate, Money, Price};
use iso_currency::Currency;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Why an event type is not offered in a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CalcomLeftOut {
    /// It is the parent of other event types: those are booked.
    Parent,
    /// It wants a code that it sends by e-mail.
    EmailCode,
    /// It makes several bookings at once.
    Recurring,
    /// It is for meetings that begin at once.
    Instant,
    /// Nobody does it, or nobody who is shown here.
    Nobody,
    /// Only its owner may book it, and the credential is another's.
    OwnerOnly,
    /// It asks every attendee something that a chat does not: give the [answer](CalcomEventType::answering).
    Asks {
        /// The field's short name.
        slug: String,
    },
    /// Every client would have to name the place.
    Place,
    /// It has no name, or takes no time.
    Nameless,
}

/// Who does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One person, who can be chosen.
    One,
    /// One of several, whom the system picks.
    Pool,
    /// All of them together.
    All,
}

/// One way to have a service: an event type at one length.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) event_type: i64,
    /// Sent when the event type has several.
    pub(super) length: Option<i64>,
    pub(super) minutes: i64,
    /// The length that it has when nobody says which.
    pub(super) is_usual: bool,
    pub(super) kind: Kind,
    pub(super) doers: Vec<i64>,
    pub(super) buffers: (u32, u32),
    /// So many bookings may share a time.
    pub(super) capacity: u32,
    /// Whether an address is sent with it.
    pub(super) takes_email: bool,
    pub(super) requires: Vec<ClientField>,
    pub(super) needs_note: bool,
    pub(super) answers: BTreeMap<String, Value>,
    /// Where the first place of the event type is not the one to take.
    pub(super) place: Option<Value>,
    /// Among the client's own words: a phone number is asked as a place.
    pub(super) at_phone: bool,
}

/// What the caller is to the event types.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    /// The user's number, where it is known.
    pub(super) user: Option<i64>,
}

impl Way {
    /// The ways to book an event type, the usual length first; or why there are none.
    pub(super) fn all(at: &CalcomBranch, caller: Caller, one: &EventType) -> Result<Vec<Self>, CalcomLeftOut> {
        let said = at.said_of(one.id);
        if one.is_scheduled("managed") {
            return Err(CalcomLeftOut::Parent);
        }
        if one.requires_booker_email_verification {
            return Err(CalcomLeftOut::EmailCode);
        }
        if one.recurrence.as_ref().is_some_and(|recurrence| !recurrence.disabled) {
            return Err(CalcomLeftOut::Recurring);
        }
        if one.is_instant_event {
            return Err(CalcomLeftOut::Instant);
        }
        let is_strangers = caller.user.zip(one.owner_id).is_some_and(|(caller, owner)| caller != owner);
        if one.booking_requires_authentication && is_strangers {
            return Err(CalcomLeftOut::OwnerOnly);
        }
        if one.title.trim().is_empty() || one.length_in_minutes <= 0 {
            return Err(CalcomLeftOut::Nameless);
        }
        let doers = doers(at, one);
        let kind = match doers.len() {
            0 => return Err(CalcomLeftOut::Nobody),
            _ if one.is_scheduled("collective") => Kind::All,
            1 => Kind::One,
            _ => Kind::Pool,
        };
        let seats = one.class_of().and_then(|seats| u32::try_from(seats).ok());
        let pool = if kind == Kind::Pool { doers.len() } else { 1 };
        let asked = Asked::of(at, said, one)?;
        let (place, at_phone) = place(&one.locations)?;
        let mut lengths = vec![one.length_in_minutes];
        lengths.extend(one.length_in_minutes_options.iter().copied().filter(|minutes| *minutes > 0));
        let several = lengths.len() > 1;
        let mut known = std::collections::BTreeSet::new();
        lengths.retain(|minutes| known.insert(*minutes));
        let buffer = |minutes: Option<i64>| minutes.and_then(|minutes| u32::try_from(minutes).ok()).unwrap_or_default();
        let mut requires = asked.requires;
        if at_phone && !requires.contains(&ClientField::Phone) {
            requires.push(ClientField::Phone);
        }
        let way = |minutes: i64| Self {
            event_type: one.id,
            length: several.then_some(minutes),
            minutes,
            is_usual: minutes == one.length_in_minutes,
            kind,
            doers: doers.clone(),
            buffers: (buffer(one.before_event_buffer), buffer(one.after_event_buffer)),
            capacity: seats.unwrap_or_else(|| u32::try_from(pool).unwrap_or(1)),
            takes_email: asked.takes_email,
            requires: requires.clone(),
            needs_note: asked.needs_note,
            answers: asked.answers.clone(),
            place: place.clone(),
            at_phone,
        };
        Ok(lengths.into_iter().map(way).collect())
    }
}

/// Who does an event type, of those who are shown here.
fn doers(at: &CalcomBranch, one: &EventType) -> Vec<i64> {
    let hosts = one.hosts.iter().map(|host| host.user_id);
    let users = one.users.iter().map(|user| user.id);
    let mut all: Vec<i64> = if one.hosts.is_empty() { users.collect() } else { hosts.collect() };
    // Of a pool somebody hidden is among those who are picked all the same.
    if all.len() == 1 {
        all.retain(|id| !is_hidden(at, *id));
    }
    all.dedup();
    all
}

pub(super) fn is_hidden(at: &CalcomBranch, user: i64) -> bool {
    let said = u64::try_from(user).ok().and_then(|user| at.staff.get(&user));
    said.is_some_and(|said| said.hidden)
}

/// What an event type asks, and how it is answered.
struct Asked {
    requires: Vec<ClientField>,
    takes_email: bool,
    needs_note: bool,
    answers: BTreeMap<String, Value>,
}

impl Asked {
    fn of(at: &CalcomBranch, said: Option<&CalcomEventType>, one: &EventType) -> Result<Self, CalcomLeftOut> {
        let mut requires = vec![ClientField::Name];
        // Hidden: an address that is sent is thrown away, and one is invented.
        let takes_email = one.field("email").is_none_or(|email| !email.hidden);
        if takes_email && !matches!(at.email, CalcomEmail::Guest { .. }) {
            requires.push(ClientField::Email);
        }
        let wants = |slug: &str| one.field(slug).is_some_and(|field| field.required && !field.hidden);
        if !takes_email || wants("attendeePhoneNumber") {
            requires.push(ClientField::Phone);
        }
        let mut answers = BTreeMap::new();
        for field in one.booking_fields.iter().filter(|field| is_asked(field)) {
            let answer = said.and_then(|said| said.answers.get(&field.slug));
            match answer {
                Some(answer) => {
                    answers.insert(field.slug.clone(), written(field, answer));
                }
                None if field.required => return Err(CalcomLeftOut::Asks { slug: field.slug.clone() }),
                None => {}
            }
        }
        Ok(Self { requires, takes_email, needs_note: wants("notes"), answers })
    }
}

/// Fields of the business's own; those that every event type has are known.
fn is_asked(field: &Field) -> bool {
    const KNOWN: [&str; 9] =
        ["name", "email", "attendeePhoneNumber", "location", "title", "notes", "guests", "rescheduleReason", ""];
    !field.is_default && !field.hidden && !KNOWN.contains(&field.slug.as_str())
}

/// An answer as the kind of a field wants it.
fn written(field: &Field, answer: &str) -> Value {
    match field.kind.as_str() {
        "boolean" => json!(matches!(answer, "true" | "yes" | "1")),
        "number" => answer.parse::<i64>().map_or_else(|_| json!(answer), |number| json!(number)),
        "multiselect" | "checkbox" | "multiemail" => json!(answer.split(',').map(str::trim).collect::<Vec<_>>()),
        _ => json!(answer),
    }
}

/// Which place is taken: the first that needs no word of the client but a phone number. Sent only where it is not the
/// first of all, which is taken anyway.
fn place(locations: &[Location]) -> Result<(Option<Value>, bool), CalcomLeftOut> {
    let Some(first) = locations.first() else { return Ok((None, false)) };
    let sent = |location: &Location| match location.kind.as_str() {
        "attendeeAddress" | "attendeeDefined" => None,
        "attendeePhone" => Some((None, true)),
        "integration" => Some((Some(json!({ "type": "integration", "integration": location.integration })), false)),
        kind => Some((Some(json!({ "type": kind })), false)),
    };
    let quiet = |location: &&Location| matches!(sent(location), Some((_, false)));
    let taken = locations.iter().find(quiet).or_else(|| locations.iter().find(|location| sent(location).is_some()));
    match taken.and_then(|taken| Some((taken, sent(taken)?))) {
        None => Err(CalcomLeftOut::Place),
        Some((taken, (place, at_phone))) => Ok((place.filter(|_| taken != first), at_phone)),
    }
}

/// What an event type costs: as it is set here, as its metadata say, or as Cal.com's own payment apps take it.
pub(super) fn price(said: Option<&CalcomEventType>, one: &EventType, currency: Currency) -> Option<Price> {
    let told = said.and_then(|said| said.price);
    let noted = || {
        let text = |name: &str| {
            one.metadata.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        let noted = text("currency").map_or(Some(currency), |code| Currency::from_code(&code.to_ascii_uppercase()));
        Some(Price::fixed(money(&text("price")?, noted?)?))
    };
    let taken = || {
        let minor = one.price.filter(|price| *price > 0)?;
        Some(Price::fixed(Money::new(minor, Currency::from_code(&one.currency.to_ascii_uppercase())?)))
    };
    // Another money than the branch takes would be told wrong.
    told.or_else(noted).or_else(taken).filter(|price| price.from.currency == currency)
}

/// What must be paid on Cal.com's own page before the booking stands.
pub(super) fn gate(one: &EventType) -> Option<Gate> {
    let link = Some(one.booking_url.clone()).filter(|url| url.starts_with("https://"));
    one.price.is_some_and(|price| price > 0).then_some(Gate::Prepayment { link })
}

/// An amount as people write it: `25`, `25.5`, `25,00`.
fn money(text: &str, currency: Currency) -> Option<Money> {
    let digits = usize::from(currency.exponent().unwrap_or(2));
    let text = text.trim();
    let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(part) || part.trim_end_matches('0').len() > digits {
        return None;
    }
    let part: String = part.chars().chain("000".chars()).take(digits).collect();
    Some(Money::new(format!("{whole}{part}").parse().ok()?, currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let minor = |text: &str| money(text, Currency::EUR).map(|money| money.minor);
        for (text, is) in [("25", 2500), ("25.5", 2550), ("25,00", 2500), ("0.99", 99), ("7.0000", 700)] {
            assert_eq!(minor(text), Some(is), "{text}");
        }
        for text in ["", "free", "-3", "25.005", "1.000,00", "€25"] {
            assert_eq!(minor(text), None, "{text}");
        }
        assert_eq!(money("4500", Currency::JPY).map(|money| money.minor), Some(4500));
    }

    #[test]
    fn a_place_is_taken_that_asks_the_client_nothing() {
        let location = |kind: &str| Location {
            kind: kind.to_owned(),
            address: String::new(),
            integration: "cal-video".to_owned(),
        };
        let place = |kinds: &[&str]| place(&kinds.iter().map(|kind| location(kind)).collect::<Vec<_>>());
        assert_eq!(place(&[]), Ok((None, false)));
        assert_eq!(place(&["address", "attendeePhone"]), Ok((None, false)));
        assert_eq!(place(&["attendeeAddress", "link"]), Ok((Some(json!({ "type": "link" })), false)));
        assert_eq!(place(&["attendeePhone", "attendeeDefined"]), Ok((None, true)));
        assert_eq!(place(&["attendeeDefined"]), Err(CalcomLeftOut::Place));
    }
}
