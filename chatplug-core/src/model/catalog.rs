//! What a branch offers: the branch itself, its services and its staff, as the booking system tells them.

use super::{BranchId, Lang, Localized, Price, ServiceId, StaffId};
use chrono::{NaiveTime, Weekday};
use chrono_tz::Tz;
use iso_currency::Currency;
use serde::{Deserialize, Serialize};

/// A branch's catalogue at one moment: immutable, compared by `version`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// Changes whenever anything in it changes (a counter or a hash; only equality means something).
    pub version: u64,
    /// The place.
    pub branch: Branch,
    /// Services that clients may book, in the order to show them.
    pub services: Vec<Service>,
    /// People (or rooms) that clients may choose, in the order to show them.
    pub staff: Vec<Staff>,
}

impl Catalog {
    /// A service by id.
    #[must_use]
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.services.iter().find(|service| service.id == *id)
    }

    /// A member of staff by id.
    #[must_use]
    pub fn staff_member(&self, id: &StaffId) -> Option<&Staff> {
        self.staff.iter().find(|staff| staff.id == *id)
    }

    /// Who does a service, in the order to show them.
    pub fn staff_for<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = &'a Staff> + 'a {
        self.staff.iter().filter(|staff| service.staff.contains(&staff.id))
    }
}

/// A place of the business.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    /// Our id of it.
    pub id: BranchId,
    /// Name as clients know it.
    pub name: String,
    /// IANA zone: every date and time a client sees or says is in this zone.
    pub zone: Tz,
    /// ISO 3166-1 alpha-2 country, upper case; decides `5/6` (month first in `US`) and locale details.
    pub country: String,
    /// Currency of its prices.
    pub currency: Currency,
    /// Where it is.
    pub place: Option<Place>,
    /// Phone number for people to call, as printed.
    pub phone: Option<String>,
    /// Usual opening hours, for "when are you open"; availability is asked of the backend, never derived from this.
    pub hours: Vec<OpeningHours>,
}

/// A spot on the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Name to print on the pin.
    pub name: String,
    /// Postal address in one line.
    pub address: String,
    /// Coordinates, when known; without them no pin is sent.
    pub point: Option<GeoPoint>,
}

/// WGS 84 coordinates in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GeoPoint {
    /// North is positive.
    pub latitude: f64,
    /// East is positive.
    pub longitude: f64,
}

/// One stretch of opening time on one weekday, wall time of the branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpeningHours {
    /// Day of the week.
    pub day: Weekday,
    /// Opens at.
    pub from: NaiveTime,
    /// Closes at; after `from` on the same day.
    pub to: NaiveTime,
}

/// Something a client can book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// The backend's id.
    pub id: ServiceId,
    /// Name in the business's wording, with translations where there are some.
    pub name: Localized,
    /// Other words that clients use for it.
    #[serde(default)]
    pub also: Vec<String>,
    /// Group to show it under.
    #[serde(default)]
    pub category: Option<Localized>,
    /// A sentence or two about it.
    #[serde(default)]
    pub description: Option<Localized>,
    /// How long it takes, in minutes.
    pub minutes: u32,
    /// What it costs, when the business says.
    pub price: Option<Price>,
    /// Absolute URL of a JPEG or PNG.
    #[serde(default)]
    pub image: Option<String>,
    /// Who does it; empty when the backend has no staff (a room, a class).
    pub staff: Vec<StaffId>,
    /// What the backend insists on knowing before it books (Cal.com wants an e-mail address).
    #[serde(default)]
    pub requires: Vec<ClientField>,
    /// What a client must have first, which this chat cannot give. Said before they choose a time.
    #[serde(default)]
    pub gate: Option<Gate>,
}

impl Service {
    /// A service with nothing but what every service has; set the other fields as far as they are known.
    #[must_use]
    pub fn new(id: ServiceId, name: impl Into<Localized>, minutes: u32) -> Self {
        Self {
            id,
            name: name.into(),
            also: Vec::new(),
            category: None,
            description: None,
            minutes,
            price: None,
            image: None,
            staff: Vec::new(),
            requires: Vec::new(),
            gate: None,
        }
    }
}

/// What stands between a client and a service, and is had elsewhere than in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "gate", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Gate {
    /// A membership that is active.
    Membership,
    /// A payment made beforehand.
    Prepayment {
        /// An absolute URL where it is made, when there is one for everybody.
        link: Option<String>,
    },
}

/// Something to know about a client before booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientField {
    /// An e-mail address.
    Email,
    /// A name to call them by.
    Name,
    /// A phone number (a client may write without showing one).
    Phone,
}

/// A person (or room) that a service is booked with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Staff {
    /// The backend's id.
    pub id: StaffId,
    /// Name as clients know it.
    pub name: String,
    /// Other spellings, for instance in another alphabet.
    #[serde(default)]
    pub also: Vec<String>,
    /// What they do: "hairdresser".
    #[serde(default)]
    pub title: Option<Localized>,
    /// Reviews, where the backend has them.
    #[serde(default)]
    pub rating: Option<Rating>,
    /// Absolute URL of a JPEG or PNG.
    #[serde(default)]
    pub photo: Option<String>,
    /// Languages they speak, when known.
    #[serde(default)]
    pub languages: Vec<Lang>,
}

impl Staff {
    /// A person with nothing but a name; set the other fields as far as they are known.
    #[must_use]
    pub fn new(id: StaffId, name: impl Into<String>) -> Self {
        Self { id, name: name.into(), also: Vec::new(), title: None, rating: None, photo: None, languages: Vec::new() }
    }
}

/// An average of reviews.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    /// Average in tenths of a star, 0 to 50: 48 is 4.8.
    pub tenths: u8,
    /// How many reviews stand behind it.
    pub count: u32,
}
