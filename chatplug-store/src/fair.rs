//! Who gets the next booking: the same rule for claims and for the built-in calendar, on every database.

use chrono::{DateTime, Utc};

/// A stretch of time, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
}

/// What is known of a candidate.
#[derive(Debug, Clone, Default)]
pub(crate) struct Candidate {
    pub(crate) taken: Vec<Stretch>,
    /// When it was last given a booking.
    pub(crate) assigned: Option<DateTime<Utc>>,
}

impl Stretch {
    const fn overlaps(self, other: Self) -> bool {
        self.from.timestamp_micros() < other.to.timestamp_micros()
            && other.from.timestamp_micros() < self.to.timestamp_micros()
    }

    /// Minutes of it within another.
    pub(crate) fn minutes_within(self, other: Self) -> i64 {
        (self.to.min(other.to) - self.from.max(other.from)).num_minutes().max(0)
    }
}

/// The fairest candidate that is free: fewest minutes that day, then least recently assigned, then the given order.
pub(crate) fn fairest(candidates: &[Candidate], wanted: Stretch, day: Stretch, capacity: i64) -> Option<usize> {
    let free = candidates.iter().enumerate().filter(|(_, candidate)| is_free(&candidate.taken, wanted, capacity));
    let (_, _, place) = free
        .map(|(place, candidate)| {
            let minutes: i64 = candidate.taken.iter().map(|taken| taken.minutes_within(day)).sum();
            (minutes, candidate.assigned, place)
        })
        .min()?;
    Some(place)
}

/// Whether one more fits in all along: the count can only rise where a stretch begins.
fn is_free(taken: &[Stretch], wanted: Stretch, capacity: i64) -> bool {
    let begins = taken.iter().filter(|taken| taken.overlaps(wanted)).map(|taken| taken.from);
    begins.chain([wanted.from]).map(|begin| begin.max(wanted.from)).all(|instant| {
        let here = taken.iter().filter(|taken| taken.from <= instant && instant < taken.to);
        i64::try_from(here.count()).is_ok_and(|count| count < capacity)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(from: i64, to: i64) -> Stretch {
        let at = |hour: i64| DateTime::from_timestamp(hour * 3600, 0).unwrap();
        Stretch { from: at(from), to: at(to) }
    }

    #[test]
    fn touching_is_not_overlapping() {
        assert!(is_free(&[stretch(9, 10), stretch(11, 12)], stretch(10, 11), 1));
        assert!(!is_free(&[stretch(9, 10)], stretch(9, 11), 1));
    }

    #[test]
    fn capacity_counts_moments_not_overlaps() {
        let class = [stretch(9, 10), stretch(10, 11)];
        assert!(is_free(&class, stretch(9, 11), 2), "never more than one of them at a time");
        assert!(!is_free(&[stretch(9, 11), stretch(10, 11)], stretch(9, 11), 2));
    }

    #[test]
    fn fewest_minutes_then_least_recently_then_given_order() {
        let day = stretch(0, 24);
        let busy = Candidate { taken: vec![stretch(8, 10)], assigned: None };
        let idle = |assigned: Option<i64>| Candidate {
            taken: vec![],
            assigned: assigned.map(|hour| DateTime::from_timestamp(hour, 0).unwrap()),
        };
        assert_eq!(fairest(&[busy.clone(), idle(Some(5))], stretch(12, 13), day, 1), Some(1));
        assert_eq!(fairest(&[idle(Some(5)), idle(Some(4)), idle(None)], stretch(12, 13), day, 1), Some(2));
        assert_eq!(fairest(&[idle(Some(5)), idle(Some(5))], stretch(12, 13), day, 1), Some(0));
        assert_eq!(fairest(&[busy], stretch(9, 11), day, 1), None);
    }
}
