//! How a booking of Cal.com is named here, and what it means to a client.

use super::{CalcomBackend, contacts, shop::Shop, staff_id};
use crate::wire::booking;
use chatplug_core::model::{ActionKey, Booking, BookingRef, BookingStatus, Money, Price};
use iso_currency::Currency;
use serde_json::{Map, Value};
use std::fmt;

/// Under this name our key lies in the metadata of a booking, or of an attendee who has a seat.
pub(super) const KEY: &str = "chatplug";
/// Under this name, whose it is.
pub(super) const CONTACT: &str = "chatplugContact";
/// Under this name, what was agreed on: `4500 EUR`.
pub(super) const PRICE: &str = "chatplugPrice";
/// Between a class's name and a seat's.
const SEAT: char = '~';
/// What is called what, where nothing has a name.
const NAMELESS: &str = "—";

/// The name of a booking, or of a seat in a class: a secret, which `Debug` does not print.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Name {
    uid: String,
    seat: Option<String>,
}

impl Name {
    pub(super) fn new(uid: &str, seat: Option<&str>) -> Option<Self> {
        // What stands in a path is of these letters only.
        let is_plain = |text: &str| {
            (1..=64).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        let name = Self { uid: uid.to_owned(), seat: seat.map(str::to_owned) };
        (is_plain(uid) && seat.is_none_or(is_plain)).then_some(name)
    }

    /// The name behind a reference; `None`: Cal.com has no such names.
    pub(super) fn of(reference: &BookingRef) -> Option<Self> {
        match reference.backend_id.split_once(SEAT) {
            Some((uid, seat)) => Self::new(uid, Some(seat)),
            None => Self::new(&reference.backend_id, None),
        }
    }

    pub(super) fn uid(&self) -> &str {
        &self.uid
    }

    pub(super) fn seat(&self) -> Option<&str> {
        self.seat.as_deref()
    }

    fn backend_id(&self) -> String {
        self.seat.as_ref().map_or_else(|| self.uid.clone(), |seat| format!("{}{SEAT}{seat}", self.uid))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<booking>")
    }
}

/// The names within what Cal.com tells: one, or of a class one for each seat.
pub(super) fn names(told: &booking::Booking) -> Vec<Name> {
    if !told.is_class() {
        return Name::new(&told.uid, None).into_iter().collect();
    }
    told.attendees.iter().filter_map(|attendee| Name::new(&told.uid, Some(&attendee.seat_uid))).collect()
}

/// What a booking or a seat carries along.
pub(super) fn metadata<'a>(told: &'a booking::Booking, name: &Name) -> &'a Map<String, Value> {
    match name.seat() {
        Some(_) => told.booker(name.seat()).map_or(&told.metadata, |attendee| &attendee.metadata),
        None => &told.metadata,
    }
}

/// The key of ours that it was made with.
pub(super) fn made_by(told: &booking::Booking, name: &Name) -> Option<ActionKey> {
    metadata(told, name).get(KEY)?.as_str()?.parse().ok()
}

/// Which of the names our key made.
pub(super) fn made_with(told: &booking::Booking, key: ActionKey) -> Option<Name> {
    names(told).into_iter().find(|name| made_by(told, name) == Some(key))
}

impl CalcomBackend {
    pub(super) fn is_ours(&self, reference: &BookingRef) -> bool {
        reference.install == self.at.install && reference.branch == self.at.branch
    }

    pub(super) fn reference(&self, name: &Name) -> BookingRef {
        BookingRef { install: self.at.install.clone(), branch: self.at.branch.clone(), backend_id: name.backend_id() }
    }

    /// A booking, as it stands.
    pub(super) fn booking(&self, shop: &Shop, told: &booking::Booking, name: &Name) -> Booking {
        let minutes = told.duration.unwrap_or_else(|| (told.end - told.start).num_minutes());
        let service = told.event_type().and_then(|event_type| shop.service_of(event_type, minutes));
        let slug = Some(told.slug()).filter(|slug| !slug.is_empty());
        let absent = told.booker(name.seat()).is_some_and(|attendee| attendee.absent);
        let metadata = metadata(told, name);
        let status = match () {
            () if told.waits() => BookingStatus::Requested,
            () if !told.stands() => BookingStatus::Cancelled,
            () if absent => BookingStatus::NoShow,
            () if told.end <= self.now() => BookingStatus::Completed,
            () => BookingStatus::Booked,
        };
        Booking {
            id: None,
            reference: self.reference(name),
            services: service.map(|service| service.id.clone()).into_iter().collect(),
            title: service.map_or_else(|| slug.unwrap_or(NAMELESS).to_owned(), |service| service.name.main.clone()),
            staff: told.hosts.first().and_then(|host| staff_id(host.id?)),
            start: told.start,
            end: told.end,
            zone: self.at.zone,
            status,
            confirmed: false,
            price: metadata.get(PRICE).and_then(|price| agreed(price.as_str()?)),
            contact: contacts::contact(metadata),
            made_by: made_by(told, name),
        }
    }

    /// Whether a booking is of this branch: several may share an account.
    pub(super) fn is_here(&self, shop: &Shop, told: &booking::Booking) -> bool {
        match told.event_type() {
            Some(event_type) if shop.knows(event_type) => true,
            // Of an event type that is another branch's, or of an account that is not looked at.
            Some(event_type) if !self.at.has(event_type) => false,
            // Deleted since: whose it was is told by who does it.
            _ => told
                .hosts
                .iter()
                .filter_map(|host| staff_id(host.id?))
                .any(|id| shop.catalog.staff_member(&id).is_some()),
        }
    }
}

/// How a price is written into metadata; only what is certain.
pub(super) fn written(price: Price) -> Option<String> {
    price.to.is_none().then(|| format!("{} {}", price.from.minor, price.from.currency.code()))
}

fn agreed(text: &str) -> Option<Price> {
    let (minor, currency) = text.split_once(' ')?;
    Some(Price::fixed(Money::new(minor.parse().ok()?, Currency::from_code(currency)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_into_paths_and_never_into_logs() {
        let of = |backend_id: &str| {
            let reference = BookingRef {
                install: "calcom".parse().unwrap(),
                branch: "centre".parse().unwrap(),
                backend_id: backend_id.to_owned(),
            };
            Name::of(&reference)
        };
        let seat = of("uouuPnaBvCZcHAx8mWyfZ2~b3994180-44f2").unwrap();
        assert_eq!((seat.uid(), seat.seat()), ("uouuPnaBvCZcHAx8mWyfZ2", Some("b3994180-44f2")));
        assert_eq!(seat.backend_id(), "uouuPnaBvCZcHAx8mWyfZ2~b3994180-44f2");
        assert!(!format!("{seat:?}").contains("uouu"));
        for odd in ["", "a/../b", "a?b", "a b", "a~", "é"] {
            assert!(of(odd).is_none(), "{odd}");
        }
    }

    #[test]
    fn what_was_agreed_is_read_as_it_was_written() {
        let price = Price::fixed(Money::new(4500, Currency::EUR));
        assert_eq!(agreed(&written(price).unwrap()), Some(price));
        assert_eq!(agreed("a lot"), None);
    }
}
