//! When somebody is free: hours without absences, bookings, buffers and, for lists only, reservations. Contract:
//! "GET /v2/slots".

use super::{
    booking::{Booking, FakeStatus},
    event_type::{FakeEventType, FakeScheduling},
    state::State,
};
use chrono::{DateTime, Datelike as _, Duration, NaiveDate, Timelike as _, Utc};
use chrono_tz::Tz;

/// A stretch of time.
pub(super) type Span = (DateTime<Utc>, DateTime<Utc>);

/// What is asked about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) of: &'a FakeEventType,
    pub(super) minutes: i64,
    /// The booking that is being moved does not count.
    pub(super) but: Option<&'a str>,
    /// Lists hide what is reserved; bookings do not care.
    pub(super) listing: bool,
}

impl State {
    /// The zone of whoever hosts.
    pub(super) fn zone_of(&self, of: &FakeEventType) -> Tz {
        let schedule = of.people().first().and_then(|host| self.schedule_of(of, *host));
        schedule.map_or(Tz::UTC, |schedule| schedule.zone)
    }

    fn schedule_of(&self, of: &FakeEventType, host: u64) -> Option<&super::schedule::FakeSchedule> {
        let own = of.schedule.or_else(|| self.users.get(&host)?.default_schedule)?;
        self.schedules.get(&own)
    }

    /// When somebody works and has nothing else.
    fn free(&self, asked: &Asked<'_>, host: u64, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Span> {
        let Some(schedule) = self.schedule_of(asked.of, host) else { return Vec::new() };
        let mut free = schedule.hours(from, to);
        let away = self.absences.iter().filter(|absence| absence.user == host);
        for busy in away.map(|absence| (absence.start, absence.end)).chain(self.busy(asked, host)) {
            let cut = |(a, b): Span| [(a, b.min(busy.0)), (a.max(busy.1), b)];
            free = free.into_iter().flat_map(cut).filter(|(a, b)| a < b).collect();
        }
        free
    }

    /// What somebody has, with the buffers of both sides.
    fn busy(&self, asked: &Asked<'_>, host: u64) -> Vec<Span> {
        let minutes = |minutes: u32| Duration::minutes(i64::from(minutes));
        let counts = |booking: &&Booking| {
            booking.hosts.contains(&host)
                && Some(booking.uid.as_str()) != asked.but
                && !(booking.seated && booking.event_type == asked.of.id)
                && match booking.status {
                    FakeStatus::Accepted => true,
                    FakeStatus::Pending => {
                        let of = self.event_types.get(&booking.event_type);
                        of.is_none_or(|of| of.confirmation != Some(false))
                    }
                    FakeStatus::Cancelled | FakeStatus::Rejected => false,
                }
        };
        let padded = |booking: &Booking| {
            let of = self.event_types.get(&booking.event_type);
            let (before, after) = of.map_or((0, 0), |of| (of.before, of.after));
            (booking.start - minutes(before + asked.of.after), booking.end + minutes(after + asked.of.before))
        };
        let mut busy: Vec<_> = self.bookings.iter().filter(counts).map(padded).collect();
        if asked.listing {
            let now = self.time.now();
            let reserved = self.reservations.iter().filter(|one| one.until > now && one.host == Some(host));
            busy.extend(reserved.map(|one| (one.start, one.end)));
        }
        busy
    }

    /// Whether somebody could host at a time, listed or not.
    pub(super) fn can_host(&self, asked: &Asked<'_>, host: u64, start: DateTime<Utc>) -> bool {
        let end = start + Duration::minutes(asked.minutes);
        let within = |(a, b): &Span| *a <= start && end <= *b;
        self.free(asked, host, start, end).iter().any(within) && !self.beside(asked, host, start)
    }

    /// Whether the same class at another time is in the way. Those at the same time are counted elsewhere.
    fn beside(&self, asked: &Asked<'_>, host: u64, start: DateTime<Utc>) -> bool {
        let end = start + Duration::minutes(asked.minutes);
        let is = |booking: &Booking| {
            booking.seated
                && booking.event_type == asked.of.id
                && booking.status.stands()
                && booking.hosts.contains(&host)
                && booking.start != start
                && booking.start < end
                && start < booking.end
        };
        asked.of.seats.is_some() && self.bookings.iter().any(is)
    }

    /// Times that are listed between two instants, in order.
    pub(super) fn starts(&self, asked: &Asked<'_>, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let people = asked.of.people();
        let of_one = |host: &u64| {
            let zone = self.schedule_of(asked.of, *host).map_or(Tz::UTC, |schedule| schedule.zone);
            let free = self.free(asked, *host, from, to + Duration::minutes(asked.minutes));
            let mut starts: Vec<_> = free.into_iter().flat_map(|span| self.grid(asked, span, zone)).collect();
            starts.retain(|start| !self.beside(asked, *host, *start));
            starts
        };
        let mut lists = people.iter().map(of_one);
        let mut starts = if asked.of.is(FakeScheduling::Collective) {
            let first = lists.next().unwrap_or_default();
            lists.fold(first, |kept, other| kept.into_iter().filter(|start| other.contains(start)).collect())
        } else {
            lists.flatten().collect()
        };
        starts.sort_unstable();
        starts.dedup();
        starts.retain(|start| from <= *start && *start <= to);
        starts.retain(|start| self.in_bounds(asked.of, *start));
        starts.retain(|start| !self.full(asked.of, *start, asked.but));
        starts
    }

    /// Starts within a stretch that is free: on the hour and its parts.
    fn grid(&self, asked: &Asked<'_>, (from, to): Span, zone: Tz) -> Vec<DateTime<Utc>> {
        let step = asked.of.step.map_or(asked.minutes, i64::from).max(1);
        let part = [60, 30, 20, 15, 10, 5].into_iter().find(|part| step % part == 0).unwrap_or(1);
        let soonest = self.time.now() + Duration::minutes(i64::from(asked.of.notice));
        let first = from.max(soonest);
        let first = if first.second() == 0 && first.nanosecond() == 0 {
            first
        } else {
            first + Duration::minutes(1)
                - Duration::seconds(i64::from(first.second()))
                - Duration::nanoseconds(i64::from(first.nanosecond()))
        };
        let past = i64::from(first.with_timezone(&zone).minute()) % part;
        let first = if past == 0 { first } else { first + Duration::minutes(part - past) };
        let fits = |start: &DateTime<Utc>| *start + Duration::minutes(asked.minutes) <= to;
        std::iter::successors(Some(first), |start| Some(*start + Duration::minutes(step))).take_while(fits).collect()
    }

    /// Neither too soon nor beyond the window.
    pub(super) fn in_bounds(&self, of: &FakeEventType, start: DateTime<Utc>) -> bool {
        let now = self.time.now();
        let zone = self.zone_of(of);
        let local = |time: DateTime<Utc>| time.with_timezone(&zone).date_naive();
        let (first, last) = of.days(local(now));
        start >= now + Duration::minutes(i64::from(of.notice)) && (first..=last).contains(&local(start))
    }

    /// Whether a limit of a day, a week, a month or a year is reached.
    pub(super) fn full(&self, of: &FakeEventType, start: DateTime<Utc>, but: Option<&str>) -> bool {
        if of.limits == [None; 4] {
            return false;
        }
        let zone = self.zone_of(of);
        let local = |time: DateTime<Utc>| time.with_timezone(&zone).date_naive();
        let (day, all) = (local(start), &self.bookings);
        let same: [fn(NaiveDate, NaiveDate) -> bool; 4] = [
            |a, b| a == b,
            |a, b| a.iso_week() == b.iso_week(),
            |a, b| (a.year(), a.month()) == (b.year(), b.month()),
            |a, b| a.year() == b.year(),
        ];
        of.limits.iter().zip(same).any(|(most, same)| {
            let counts = |booking: &&Booking| {
                booking.event_type == of.id
                    && booking.status.stands()
                    && Some(booking.uid.as_str()) != but
                    && same(local(booking.start), day)
            };
            most.is_some_and(|most| all.iter().filter(counts).count() >= most as usize)
        })
    }

    /// The class that is at a time already.
    pub(super) fn class(&self, of: &FakeEventType, start: DateTime<Utc>) -> Option<&Booking> {
        let mut all = self.bookings.iter();
        all.find(|booking| {
            booking.seated && booking.event_type == of.id && booking.start == start && booking.status.stands()
        })
    }
}
