//! Looking for bookings: by name, by client, by time; what changed since.

use super::{
    CalcomBackend,
    contacts::INVENTED,
    list::{Listing, changed_at},
    refs::{Name, names},
    shop::Shop,
};
use crate::{CalcomEmail, CallError, wire::booking};
use chatplug_core::{
    model::{Booking, BookingRef, BookingStatus, Private},
    ports::{BackendError, BookedFor, BookingFilter, Changed},
};
use chrono::{DateTime, Duration, Utc};

/// Bookings that began so long ago may still be going on.
const GOING_ON: Duration = Duration::hours(24);

impl CalcomBackend {
    pub(super) async fn find_all(&self, filter: &BookingFilter) -> Result<Vec<Booking>, BackendError> {
        let shop = self.shop().await?;
        let told: Vec<(booking::Booking, Vec<Name>)> = match &filter.reference {
            Some(reference) => match Name::of(reference).filter(|_| self.is_ours(reference)) {
                Some(name) => {
                    let now = self.read_now(&name).await.map_err(CallError::into_read)?;
                    now.into_iter().map(|(told, name)| (told, vec![name])).collect()
                }
                None => Vec::new(),
            },
            None => {
                let from = match filter.all_statuses {
                    true => filter.from,
                    false => Some(filter.from.unwrap_or_else(|| self.now() - GOING_ON)),
                };
                let until = filter.until.map(|until| until + GOING_ON);
                let listing = Listing { from, until, ..Listing::default() };
                let all = self.list(&shop, &listing).await.map_err(CallError::into_read)?;
                all.into_iter()
                    .map(|told| {
                        let names = names(&told);
                        (told, names)
                    })
                    .collect()
            }
        };
        Ok(self.fitting(&shop, &told, filter))
    }

    /// For whom a booking is. An address that only stands in for one is nobody's.
    pub(super) async fn attendee_of(&self, booking: &BookingRef) -> Result<Option<BookedFor>, BackendError> {
        let Some(name) = Name::of(booking).filter(|_| self.is_ours(booking)) else { return Ok(None) };
        let Some((told, name)) = self.read_now(&name).await.map_err(CallError::into_read)? else { return Ok(None) };
        Ok(told.booker(name.seat()).map(|attendee| {
            let said = |text: &str| (!text.trim().is_empty()).then(|| Private::new(text.trim().to_owned()));
            let stands_in = attendee.email.ends_with(INVENTED) || self.is_guest(&attendee.email);
            BookedFor {
                name: said(&attendee.name),
                phone: attendee.phone_number.parse().ok(),
                email: said(&attendee.email).filter(|_| !stands_in),
            }
        }))
    }

    fn is_guest(&self, address: &str) -> bool {
        match &self.at.email {
            CalcomEmail::Guest { domain, .. } => {
                address.starts_with("guest-") && address.ends_with(&format!("@{domain}"))
            }
            _ => false,
        }
    }

    /// Bookings among what was told: never more than was asked for.
    fn fitting(&self, shop: &Shop, told: &[(booking::Booking, Vec<Name>)], filter: &BookingFilter) -> Vec<Booking> {
        let now = self.now();
        let each = told.iter().flat_map(|(told, names)| names.iter().map(move |name| (told, name)));
        let mut found: Vec<Booking> = each
            .filter(|(told, _)| self.is_here(shop, told))
            .filter(|(told, name)| filter.client.as_ref().is_none_or(|client| self.is_of(told, name, client)))
            .map(|(told, name)| self.booking(shop, told, name))
            .filter(|booking| {
                let stands = matches!(booking.status, BookingStatus::Booked | BookingStatus::Requested);
                (filter.all_statuses || (stands && booking.end > now))
                    && filter.from.is_none_or(|from| booking.start >= from)
                    && filter.until.is_none_or(|until| booking.start < until)
            })
            .collect();
        found.sort_by(|one, other| (one.start, &one.reference).cmp(&(other.start, &other.reference)));
        found
    }

    pub(super) async fn changed_since(&self, since: DateTime<Utc>) -> Result<Vec<Changed>, BackendError> {
        // Whether the instant itself counts is not documented.
        let listing = Listing { changed_after: Some(since - Duration::seconds(1)), ..Listing::default() };
        let (_, all) = self.list_here(&listing).await.map_err(CallError::into_read)?;
        let changed = all.iter().flat_map(|told| {
            let changed_at = changed_at(told).filter(|at| *at >= since);
            let names = if changed_at.is_some() { names(told) } else { Vec::new() };
            names
                .into_iter()
                .zip(std::iter::repeat(changed_at))
                .filter_map(|(name, at)| Some(Changed { reference: self.reference(&name), changed_at: at? }))
        });
        Ok(changed.collect())
    }
}
