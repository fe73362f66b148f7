//! Taking the old bookings off, once their copies stand and our stable ids with them.

use super::{
    Mover, OldBooking, Tell,
    journal::Journal,
    receipt::{Left, Receipt, Refusal, Step, Summary, SwapError},
};
use crate::{
    model::{ActionKey, Booking, CancelReason},
    ports::{BackendError, BookError, BookingFilter, Swap},
    swap::key_of,
};
use std::collections::BTreeSet;

impl Mover {
    /// Cancels what was moved at the old system. What somebody changed there since it was copied is left for a person.
    pub(super) async fn release(&self, swap: &Swap, tell: Tell<'_>) -> Result<Summary, SwapError> {
        let (now, mut sum) = (self.clock.now(), Summary::default());
        let store = self.store.tenant(&self.tenant);
        let journal = Journal::read(&*store, swap.since).await?;
        let ahead = BookingFilter { from: Some(now), ..BookingFilter::at(self.from.id.clone()) };
        let old: Vec<Booking> = self.find(&self.from, &ahead).await?;
        let copies = self.find(&self.to, &ahead).await?;
        let copies: BTreeSet<ActionKey> = copies.into_iter().filter_map(|copy| copy.made_by).collect();
        let mut seen = BTreeSet::new();
        for booking in old.iter().filter(|booking| booking.is_upcoming(now)) {
            let key = key_of(&booking.reference, &self.to.install);
            seen.insert(key);
            let known = store.booking(&booking.reference).await?;
            let stands = match &known {
                Some((_, known)) => known.reference.install == self.to.install,
                None => copies.contains(&key) || journal.is_made(key),
            };
            if !stands {
                continue;
            }
            let as_copied = journal.start(key).is_none_or(|start| start == booking.start);
            let step = match (as_copied, self.old) {
                (false, _) => Step::Refused(Refusal::ChangedThere),
                (true, OldBooking::Keep) => continue,
                (true, OldBooking::Cancel) => self.take_off(booking, key).await?,
            };
            match &step {
                Step::Released => sum.released += 1,
                Step::Refused(_) => sum.refused += 1,
                _ => sum.later += 1,
            }
            tell(&Receipt::of(booking, key, step));
        }
        for (key, entry) in journal.waiting().filter(|(key, _)| !seen.contains(key)) {
            let Some(start) = entry.start.filter(|start| *start > now) else { continue };
            sum.refused += 1;
            let step = Step::Refused(Refusal::CancelledThere);
            let zone = old.first().map_or(chrono_tz::UTC, |booking| booking.zone);
            tell(&Receipt { key, start, zone, title: "a visit".to_owned(), step });
        }
        Ok(sum)
    }

    async fn take_off(&self, old: &Booking, key: ActionKey) -> Result<Step, SwapError> {
        let records = self.records.records(&self.tenant);
        records.append_audit(vec![self.row("releasing", key, old, None)]).await?;
        let release = ActionKey::derive(&[&key.to_string(), "old"]);
        let call = self.from.backend.cancel(&old.reference, CancelReason::Moved, release);
        Ok(match tokio::time::timeout(self.answer_within, call).await {
            Ok(Ok(()) | Err(BookError::NotDone(BackendError::NotFound { .. }))) => {
                records.append_audit(vec![self.row("released", key, old, None)]).await?;
                Step::Released
            }
            Ok(Err(BookError::Rejected { reason })) => Step::Refused(Refusal::Rejected(reason)),
            // Cancelling twice is as good as once: the next run does it again.
            Ok(Err(_)) | Err(_) => Step::Later(Left::NoAnswer),
        })
    }
}
