//! Reading bookings: one by its name, along the chain of its moves; many by filters.

use super::{CalcomBackend, refs::Name, shop::Shop};
use crate::{
    Call, CallError,
    wire::{
        booking::{Booking, MOST_AT_ONCE},
        lenient::OneOf,
    },
};
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
};

/// Pages that are read at most: ten thousand bookings.
const PAGES: usize = 40;
/// So often a booking is followed to where it was moved.
const HOPS: usize = 16;
/// No booking that matters takes longer: how far around a time others are looked for that reach into it.
const REACH: Duration = Duration::hours(24);
/// Event types that are named in a filter at most: an address has only so much room.
const MOST_TYPES: usize = 40;

/// Which bookings to list. Filters only make the list shorter: a server ignores what it does not know, so whoever asks
/// looks at each once more.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Listing {
    /// Starting at or after.
    pub(super) from: Option<DateTime<Utc>>,
    /// Ending at or before.
    pub(super) until: Option<DateTime<Utc>>,
    pub(super) made_after: Option<DateTime<Utc>>,
    pub(super) changed_after: Option<DateTime<Utc>>,
    /// Of everything that the credential sees, not of this branch's event types alone: who does it may be busy elsewhere.
    pub(super) everywhere: bool,
}

impl Listing {
    /// All that may reach into a time.
    pub(super) fn around(start: DateTime<Utc>, end: DateTime<Utc>) -> Self {
        Self { from: Some(start - REACH), until: Some(end + REACH), everywhere: true, ..Self::default() }
    }
}

impl CalcomBackend {
    /// `GET /v2/bookings/{uid}`: what is not there is none.
    pub(super) async fn read(&self, uid: &str) -> Result<Option<Booking>, CallError> {
        match self.client.get::<OneOf<Booking>>(format!("bookings/{uid}")).await {
            Ok(OneOf(told)) => Ok(Some(told).filter(|told| told.uid == uid)),
            Err(CallError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A booking under its present name: a move gives a new one, and the old one tells where it went.
    pub(super) async fn read_now(&self, name: &Name) -> Result<Option<(Booking, Name)>, CallError> {
        let Some(mut told) = self.read(name.uid()).await? else { return Ok(None) };
        let mut name = name.clone();
        if name.seat().is_some() {
            // A class stays where it is when one of its seats is moved.
            return Ok(told.booker(name.seat()).is_some().then_some((told, name)));
        }
        for _ in 0..HOPS {
            if told.stands() || told.waits() {
                break;
            }
            let Some(next) = Name::new(&told.rescheduled_to_uid, None) else { break };
            match self.read(next.uid()).await? {
                Some(moved) => (told, name) = (moved, next),
                None => break,
            }
        }
        Ok(Some((told, name)))
    }

    /// `GET /v2/bookings`, all pages, of this branch unless it is asked for everything.
    pub(super) async fn list(&self, shop: &Shop, listing: &Listing) -> Result<Vec<Booking>, CallError> {
        let mut all = match self.at.organization {
            Some(organization) if !self.no_organizations.load(Ordering::Relaxed) => {
                match self.pages(shop, &format!("organizations/{organization}/bookings"), listing).await {
                    // An edition without them: what the caller sees is all there is.
                    Err(CallError::NoSuchCall) => {
                        self.no_organizations.store(true, Ordering::Relaxed);
                        self.pages(shop, "bookings", listing).await?
                    }
                    other => other?,
                }
            }
            _ => self.pages(shop, "bookings", listing).await?,
        };
        if !listing.everywhere {
            all.retain(|told| self.is_here(shop, told));
        }
        all.retain(|told| {
            listing.from.is_none_or(|from| told.start >= from)
                && listing.until.is_none_or(|until| told.end <= until)
                && listing.made_after.zip(told.created_at).is_none_or(|(after, made)| made >= after)
                && listing.changed_after.zip(changed_at(told)).is_none_or(|(after, changed)| changed >= after)
        });
        Ok(all)
    }

    async fn pages(&self, shop: &Shop, path: &str, listing: &Listing) -> Result<Vec<Booking>, CallError> {
        let (mut all, mut known): (Vec<Booking>, BTreeSet<String>) = (Vec::new(), BTreeSet::new());
        for page in 0..PAGES {
            let mut call = Call::get(path).query("take", MOST_AT_ONCE).query("skip", page * MOST_AT_ONCE);
            call = match listing.changed_after {
                Some(_) => call.query("sortUpdatedAt", "asc"),
                None => call.query("sortStart", "asc"),
            };
            for (name, at) in [
                ("afterStart", listing.from),
                ("beforeEnd", listing.until),
                ("afterCreatedAt", listing.made_after),
                ("afterUpdatedAt", listing.changed_after),
            ] {
                if let Some(at) = at {
                    call = call.query(name, at.to_rfc3339_opts(SecondsFormat::Millis, true));
                }
            }
            if let (Some(team), true, false) = (self.at.team, self.at.accounts.is_empty(), listing.everywhere) {
                call = call.query("teamId", team);
            }
            let types = shop.known();
            if self.at.only_listed && !listing.everywhere && (1..=MOST_TYPES).contains(&types.len()) {
                let types: Vec<String> = types.iter().map(ToString::to_string).collect();
                call = call.query("eventTypeIds", types.join(","));
            }
            let answer = self.client.send::<Vec<Booking>>(&call).await?;
            let (length, before) = (answer.data.len(), known.len());
            all.extend(answer.data.into_iter().filter(|told| known.insert(told.uid.clone())));
            let more = answer.pages.map_or(length >= MOST_AT_ONCE, |pages| pages.has_next_page);
            // A server that ignores pages tells the same again.
            if !more || known.len() == before {
                return Ok(all);
            }
        }
        tracing::warn!(branch.id = %self.at.branch, bookings = all.len(), "there are more bookings than are read");
        Ok(all)
    }

    /// The bookings of this branch by the catalogue that was read a while ago.
    pub(super) async fn list_here(&self, listing: &Listing) -> Result<(Arc<Shop>, Vec<Booking>), CallError> {
        let shop = self.shop_or_error().await?;
        let all = self.list(&shop, listing).await?;
        Ok((shop, all))
    }
}

/// When a booking last changed, as Cal.com tells; it was made then, at the latest.
pub(super) fn changed_at(told: &Booking) -> Option<DateTime<Utc>> {
    told.updated_at.max(told.created_at)
}
