//! Records (appointments) and clients as the fake keeps them.

use chrono::{Duration, NaiveDateTime};
use serde_json::Value;

/// A record, as a test looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FakeRecord {
    /// Id.
    pub id: u64,
    /// Location.
    pub salon: u64,
    /// Who does it.
    pub staff: u64,
    /// What is done, in order.
    pub services: Vec<u64>,
    /// The client's id; a time that is only blocked has none.
    pub client: Option<u64>,
    /// The client's phone number, digits only; empty without one.
    pub phone: String,
    /// The client's name.
    pub name: String,
    /// Begin, on the salon's wall clock.
    pub start: NaiveDateTime,
    /// Length in seconds.
    pub seconds: i64,
    /// -1 did not come, 0 waiting, 1 came, 2 confirmed.
    pub attendance: i64,
    /// Remark.
    pub comment: String,
    /// The key of who created it over the API.
    pub api_id: String,
    /// The visit that groups records.
    pub visit: u64,
    /// Deleted, which is how Altegio cancels.
    pub deleted: bool,
    /// Booked by the client online.
    pub online: bool,
}

impl FakeRecord {
    /// End, on the salon's wall clock.
    #[must_use]
    pub fn end(&self) -> NaiveDateTime {
        self.start + Duration::seconds(self.seconds)
    }
}

/// A record with everything that the wire shows of it.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) id: u64,
    pub(super) staff: u64,
    pub(super) lines: Vec<Line>,
    pub(super) client: Option<u64>,
    pub(super) start: NaiveDateTime,
    pub(super) seconds: i64,
    pub(super) pause: i64,
    pub(super) comment: String,
    pub(super) attendance: i64,
    pub(super) api_id: String,
    pub(super) created: NaiveDateTime,
    pub(super) changed: NaiveDateTime,
    pub(super) deleted: bool,
    pub(super) visit: u64,
    pub(super) hash: Option<String>,
    pub(super) online: bool,
    pub(super) user: u64,
    pub(super) sms_hours: Option<i64>,
    pub(super) email_hours: Option<i64>,
    pub(super) color: String,
    pub(super) labels: Vec<u64>,
    pub(super) custom: Value,
    pub(super) blocked: bool,
    pub(super) billed: bool,
}

/// A service within a record.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) service: u64,
    pub(super) first_cost: f64,
    pub(super) discount: f64,
    pub(super) cost: f64,
}

impl Record {
    pub(super) fn end(&self) -> NaiveDateTime {
        self.start + Duration::seconds(self.seconds)
    }

    pub(super) fn overlaps(&self, start: NaiveDateTime, seconds: i64) -> bool {
        self.start < start + Duration::seconds(seconds) && start < self.end()
    }
}

/// A client of a salon.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) surname: String,
    pub(super) phone: String,
    pub(super) email: String,
    pub(super) comment: String,
    pub(super) visits: u64,
    pub(super) sms_not: bool,
    pub(super) blacklisted: bool,
    pub(super) changed: NaiveDateTime,
    pub(super) memberships: Vec<Value>,
}

/// A phone number without its plus sign and punctuation.
pub(super) fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}
