//! Two at one time. Cal.com looks and writes in two steps: of requests for overlapping times that come in one moment, all
//! are accepted. So after each write the bookings around it are read, and what must not stay is undone.
//!
//! The rule, the same for whoever looks: of two accepted bookings of one person that overlap,
//! - one that was not made here stays: nobody here may undo what somebody else made;
//! - of two that were made here, the one with the lower number stays: it was made first.
//!
//! So of all that overlap and were made here, the lowest stays, and never two. What waits for approval gives way to what
//! stands, and to nothing else: the business chooses among those that wait.

use super::{
    CalcomBackend,
    list::Listing,
    refs::{Name, metadata, names},
    shop::Shop,
};
use crate::{CallError, client::Told, wire::booking::Booking};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Why a booking was undone: a word of ours, by which it is recognised. Cal.com shows it to the business.
pub(super) const UNDONE: &str = "chatplug: double booking";

/// What became of a booking after it was looked around.
#[derive(Debug)]
pub(super) enum Look {
    /// It stays.
    Stays,
    /// It had to give way, and is cancelled.
    Undone,
    /// It must give way, and whether it is cancelled is not known.
    Unknown(CallError),
}

impl CalcomBackend {
    /// Looks whether somebody else has the time as well, and undoes the booking when it must give way.
    pub(super) async fn look_around(&self, shop: &Shop, made: &Booking, name: &Name) -> Look {
        if !self.must_give_way(shop, made).await {
            return Look::Stays;
        }
        tracing::warn!(branch.id = %self.at.branch, "a double booking is undone");
        match self.call_off(name, UNDONE).await {
            Ok(()) => Look::Undone,
            Err(error) if error.told() == Some(Told::Cancelled) => Look::Undone,
            Err(error) => Look::Unknown(error),
        }
    }

    pub(super) async fn must_give_way(&self, shop: &Shop, made: &Booking) -> bool {
        if made.is_class() {
            // Seats are counted by Cal.com.
            return false;
        }
        let around = match self.list(shop, &Listing::around(made.start, made.end)).await {
            Ok(around) => around,
            Err(error) => {
                // It is made, whatever is around it.
                tracing::warn!(branch.id = %self.at.branch, %error, "not looked around after a booking");
                return false;
            }
        };
        let busy = people(shop, made);
        let mut overlapping = around.iter().filter(|other| {
            other.uid != made.uid
                && other.stands()
                && other.start < made.end
                && made.start < other.end
                && !busy.is_disjoint(&people(shop, other))
        });
        overlapping.any(|other| made.waits() || !is_made_here(other) || is_before(other, made))
    }

    /// `POST /v2/bookings/{uid}/cancel`.
    pub(super) async fn call_off(&self, name: &Name, reason: &str) -> Result<(), CallError> {
        let body = match name.seat() {
            Some(seat) => json!({ "seatUid": seat, "cancellationReason": reason }),
            None => json!({ "cancellationReason": reason }),
        };
        self.client.post::<Value>(format!("bookings/{}/cancel", name.uid()), &body).await.map(drop)
    }
}

/// Who is busy with a booking. Of a collective event type Cal.com names one host only.
fn people(shop: &Shop, told: &Booking) -> BTreeSet<i64> {
    let hosts = told.hosts.iter().filter_map(|host| host.id);
    let together = told.event_type().map(|event_type| shop.together(event_type)).unwrap_or_default();
    hosts.chain(together).collect()
}

/// Whether a booking was made by a chat, this one or that of another process.
fn is_made_here(told: &Booking) -> bool {
    names(told).iter().any(|name| metadata(told, name).contains_key(super::refs::KEY))
}

/// Whether one was made before the other: by its number, else by what is the same for everybody.
fn is_before(one: &Booking, other: &Booking) -> bool {
    let order = |told: &Booking| (told.id, told.created_at, told.uid.clone());
    order(one) < order(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn booking(id: i64) -> Booking {
        serde_json::from_value(json!({ "id": id, "uid": format!("u{id}"), "status": "accepted",
            "start": "2026-12-11T09:00:00.000Z", "end": "2026-12-11T10:00:00.000Z" }))
        .unwrap()
    }

    #[test]
    fn of_any_that_overlap_exactly_one_was_first() {
        let all = [29, 30, 31].map(booking);
        let firsts = all.iter().filter(|one| !all.iter().any(|other| is_before(other, one)));
        assert_eq!(firsts.map(|one| one.id).collect::<Vec<_>>(), [Some(29)]);
    }
}
