//! When somebody works: weekly hours in a zone, and days that are unlike the others.

use super::time;
use chatplug_core::model::local_or_next;
use chrono::{DateTime, Datelike as _, Duration, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;
use serde_json::{Value, json};

pub(super) const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A stretch of a day, on the wall clock.
pub(super) type Stretch = (NaiveTime, NaiveTime);

/// A schedule.
///
/// ```
/// use chatplug_calcom::fake::FakeSchedule;
///
/// let hours = FakeSchedule::weekdays(12, chrono_tz::Europe::Lisbon, "09:00", "18:00")
///     .also(&["Saturday"], "10:00", "14:00")
///     .on("2026-12-24".parse().unwrap(), &[("10:00", "12:00")])
///     .closed("2026-12-25".parse().unwrap());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FakeSchedule {
    /// Id; 0 until it is added.
    pub id: u64,
    /// Whose.
    pub owner: u64,
    /// Name.
    pub name: String,
    /// The zone of its times.
    pub zone: Tz,
    /// Days, and when they begin and end.
    pub availability: Vec<(Vec<Weekday>, NaiveTime, NaiveTime)>,
    /// Days that have other hours; from 00:00 to 00:00 there are none.
    pub overrides: Vec<(NaiveDate, NaiveTime, NaiveTime)>,
}

impl FakeSchedule {
    /// No hours at all.
    #[must_use]
    pub fn new(owner: u64, zone: Tz) -> Self {
        let name = "Working hours".to_owned();
        Self { id: 0, owner, name, zone, availability: Vec::new(), overrides: Vec::new() }
    }

    /// Monday to Friday.
    #[must_use]
    pub fn weekdays(owner: u64, zone: Tz, from: &str, to: &str) -> Self {
        Self::new(owner, zone).also(DAYS.get(..5).unwrap_or_default(), from, to)
    }

    /// Such hours on such days, too.
    #[must_use]
    pub fn also(mut self, days: &[&str], from: &str, to: &str) -> Self {
        let days = days.iter().filter_map(|day| weekday(day)).collect();
        self.availability.push((days, clock(from).unwrap_or_default(), clock(to).unwrap_or_default()));
        self
    }

    /// Such hours on one day instead.
    #[must_use]
    pub fn on(mut self, day: NaiveDate, stretches: &[(&str, &str)]) -> Self {
        let read = |text: &str| clock(text).unwrap_or_default();
        self.overrides.extend(stretches.iter().map(|(from, to)| (day, read(from), read(to))));
        self
    }

    /// No hours on one day.
    #[must_use]
    pub fn closed(self, day: NaiveDate) -> Self {
        self.on(day, &[("00:00", "00:00")])
    }

    /// What a day has, on the wall clock.
    pub(super) fn stretches(&self, day: NaiveDate) -> Vec<Stretch> {
        let other: Vec<_> = self.overrides.iter().filter(|(date, ..)| *date == day).collect();
        if !other.is_empty() {
            return other.into_iter().filter(|(_, from, to)| from < to).map(|(_, from, to)| (*from, *to)).collect();
        }
        let usual = self.availability.iter().filter(|(days, ..)| days.contains(&day.weekday()));
        usual.filter(|(_, from, to)| from < to).map(|(_, from, to)| (*from, *to)).collect()
    }

    /// When there are hours between two instants; longer at both ends, in order.
    pub(super) fn hours(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let local = |time: DateTime<Utc>| time.with_timezone(&self.zone).date_naive();
        let (first, last) = (local(from - Duration::days(1)), local(to + Duration::days(1)));
        let mut hours: Vec<_> = first
            .iter_days()
            .take_while(|day| *day <= last)
            .flat_map(|day| {
                self.stretches(day).into_iter().map(move |(from, to)| (day.and_time(from), day.and_time(to)))
            })
            .map(|(from, to)| {
                // The last minute of a day is how midnight is written.
                let midnight = to.time() >= NaiveTime::from_hms_opt(23, 59, 0).unwrap_or_default();
                let to = if midnight { (to.date() + Duration::days(1)).and_time(NaiveTime::MIN) } else { to };
                (local_or_next(from, self.zone), local_or_next(to, self.zone))
            })
            .collect();
        hours.sort_unstable();
        let mut merged: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
        for (from, to) in hours {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        merged
    }

    /// As it is answered.
    pub(super) fn shown(&self, default: bool) -> Value {
        let usual = self.availability.iter().map(|(days, from, to)| {
            let days: Vec<_> = days.iter().map(|day| DAYS.get(day.num_days_from_monday() as usize)).collect();
            json!({"days": days, "startTime": short(*from), "endTime": short(*to)})
        });
        let other = self
            .overrides
            .iter()
            .map(|(day, from, to)| json!({"date": day.to_string(), "startTime": short(*from), "endTime": short(*to)}));
        json!({
            "id": self.id,
            "ownerId": self.owner,
            "name": self.name,
            "timeZone": self.zone.name(),
            "availability": usual.collect::<Vec<_>>(),
            "isDefault": default,
            "overrides": other.collect::<Vec<_>>(),
        })
    }

    /// As it is answered to who names no version.
    pub(super) fn shown_old(&self, default: bool, last: bool, today: NaiveDate) -> Value {
        let numbers = |days: &[Weekday]| days.iter().map(Weekday::num_days_from_sunday).collect::<Vec<_>>();
        let minutes = |time: NaiveTime| (time - NaiveTime::MIN).num_minutes();
        let at = |day: NaiveDate, time: NaiveTime| time::stamp(day.and_time(time).and_utc());
        let epoch = NaiveDate::default();
        let row = |n: usize, days: Vec<u32>, from: NaiveTime, to: NaiveTime, date: Option<NaiveDate>| {
            json!({
                "id": n + 1, "userId": self.owner, "eventTypeId": null, "days": days, "startTime": at(epoch, from),
                "endTime": at(epoch, to), "date": date.map(|day| at(day, NaiveTime::MIN)), "scheduleId": self.id,
            })
        };
        let usual = self.availability.iter().map(|(days, from, to)| (numbers(days), *from, *to, None));
        let other = self.overrides.iter().map(|(day, from, to)| (Vec::new(), *from, *to, Some(*day)));
        let rows: Vec<_> =
            usual.chain(other).enumerate().map(|(n, (days, from, to, date))| row(n, days, from, to, date)).collect();
        let working: Vec<_> = self
            .availability
            .iter()
            .map(|(days, from, to)| {
                json!({"days": numbers(days), "startTime": minutes(*from), "endTime": minutes(*to), "userId": self.owner})
            })
            .collect();
        let week: Vec<Vec<Value>> = (0..7)
            .map(|day| {
                let on = self.availability.iter().filter(|(days, ..)| numbers(days).contains(&day));
                on.map(|(_, from, to)| json!({"start": at(today, *from), "end": at(today, *to)})).collect()
            })
            .collect();
        let other: Vec<_> = self
            .overrides
            .iter()
            .map(|(day, from, to)| json!({"ranges": [{"start": at(*day, *from), "end": at(*day, *to)}]}))
            .collect();
        json!({
            "id": self.id, "name": self.name, "isManaged": false, "workingHours": working, "schedule": rows,
            "availability": week, "timeZone": self.zone.name(), "isDefault": default, "dateOverrides": other,
            "readOnly": false, "isLastSchedule": last, "userId": self.owner,
        })
    }
}

/// `Monday`.
pub(super) fn weekday(name: &str) -> Option<Weekday> {
    DAYS.iter().position(|day| *day == name).and_then(|n| Weekday::try_from(u8::try_from(n).ok()?).ok())
}

/// `09:00`.
pub(super) fn clock(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

fn short(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
}
