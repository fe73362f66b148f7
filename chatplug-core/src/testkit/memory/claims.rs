//! Claims: who is about to be booked when, decided here before the booking system is asked.

use super::rows::{Claim, Rows};
use crate::{
    model::{ActionKey, Booking, BookingStatus, ClaimSubject},
    ports::ClaimRequest,
};
use chrono::{DateTime, Utc};

/// A stretch of time on a subject, half-open.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Stretch {
    const fn new(from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        Self { from, to }
    }

    fn overlaps(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }

    fn minutes_within(self, other: Self) -> i64 {
        (self.to.min(other.to) - self.from.max(other.from)).num_minutes().max(0)
    }
}

impl Rows {
    pub(super) fn claim(&mut self, request: &ClaimRequest) -> Option<ClaimSubject> {
        self.claims.retain(|claim| claim.expires > request.now);
        let wanted = Stretch::new(request.from, request.to);
        let day = Stretch::new(request.day_from, request.day_to);
        let (_, _, _, subject) = request
            .candidates
            .iter()
            .enumerate()
            .filter_map(|(order, (subject, _))| {
                let taken = self.taken(subject, request);
                if busiest(&taken, wanted) >= usize::try_from(request.capacity).unwrap_or(usize::MAX) {
                    return None;
                }
                let minutes: i64 = taken.iter().map(|stretch| stretch.minutes_within(day)).sum();
                Some((minutes, self.assigned.get(subject).copied(), order, subject.clone()))
            })
            .min()?;
        self.unclaim(request.action);
        self.assigned.insert(subject.clone(), request.now);
        self.claims.push(Claim {
            action: request.action,
            subject: subject.clone(),
            from: request.from,
            to: request.to,
            expires: request.expires,
        });
        Some(subject)
    }

    pub(super) fn unclaim(&mut self, action: ActionKey) {
        self.claims.retain(|claim| claim.action != action);
    }

    /// Everything that takes time of a subject: bookings that stand, and other actions' claims.
    fn taken(&self, subject: &ClaimSubject, request: &ClaimRequest) -> Vec<Stretch> {
        let claims = self.claims.iter().filter(|claim| claim.subject == *subject && claim.action != request.action);
        let stands = |booking: &Booking| {
            matches!(booking.status, BookingStatus::Booked | BookingStatus::Requested)
                && (request.ignoring.is_none() || booking.id != request.ignoring)
        };
        let bookings = self.bookings.values().map(|row| &row.booking);
        let bookings = bookings.filter(|booking| stands(booking) && subject_of(booking).as_ref() == Some(subject));
        claims
            .map(|claim| Stretch::new(claim.from, claim.to))
            .chain(bookings.map(|booking| Stretch::new(booking.start, booking.end)))
            .collect()
    }
}

/// Whom or what a booking takes.
fn subject_of(booking: &Booking) -> Option<ClaimSubject> {
    let branch = &booking.reference.branch;
    match &booking.staff {
        Some(staff) => Some(ClaimSubject::staff(branch, staff)),
        None => booking.services.first().map(|service| ClaimSubject::service(branch, service)),
    }
}

/// The most stretches at any one time within the wanted one. They can only rise where one begins.
fn busiest(taken: &[Stretch], wanted: Stretch) -> usize {
    let begins = taken.iter().filter(|stretch| stretch.overlaps(wanted)).map(|stretch| stretch.from.max(wanted.from));
    let at = |instant: DateTime<Utc>| taken.iter().filter(|s| s.from <= instant && instant < s.to).count();
    begins.map(at).max().unwrap_or(0)
}
