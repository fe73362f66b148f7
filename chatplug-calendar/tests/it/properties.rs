//! What holds for any calendar: hours, breaks, services, zones and bookings drawn at random.
//!
//! The oracle knows no arithmetic on spans: it asks, minute by minute of real time, what the clock on the wall shows.

use crate::bench::{Bench, one};
use chatplug_calendar::{CalendarConfig, ServiceConfig, StaffConfig, StaffSet, WeekConfig};
use chatplug_core::{
    model::{ActionKey, DateRange, Slot, StaffChoice},
    ports::{BookingBackend as _, EntryFilter},
    testkit::contract::block_on,
};
use chrono::{DateTime, Datelike, Duration, NaiveDate, Offset, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use proptest::{prelude::*, sample::Index};
use std::collections::BTreeMap;

/// Zones, and days around which their clocks change (or do not).
const NIGHTS: [(&str, &str); 6] = [
    ("Europe/Lisbon", "2026-03-28"),
    ("Europe/Lisbon", "2026-10-24"),
    ("America/New_York", "2026-03-07"),
    ("America/New_York", "2026-10-31"),
    ("America/Sao_Paulo", "2026-11-01"),
    ("Asia/Almaty", "2026-06-01"),
];

#[derive(Debug, Clone)]
struct World {
    config: CalendarConfig,
    from: NaiveDate,
}

fn clock(minute: u32) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// One or two stretches of a day in order, the last perhaps over midnight.
fn hours() -> impl Strategy<Value = Vec<String>> {
    let stretch = |from: u32, long: u32| {
        let to = from + long;
        format!("{}-{}", clock(from), if to == 1440 { "24:00".to_owned() } else { clock(to % 1440) })
    };
    prop_oneof![
        Just(vec!["00:00-24:00".to_owned()]),
        Just(Vec::new()),
        (0..40_u32, 1..24_u32).prop_map(move |(from, long)| vec![stretch(from * 15, long * 15)]),
        (0..20_u32, 1..16_u32, 0..8_u32, 1..16_u32).prop_map(move |(from, long, pause, more)| {
            let second = (from + long + pause) * 15;
            vec![stretch(from * 15, long * 15), stretch(second, more * 15)]
        }),
        (80..96_u32, 17..40_u32).prop_map(move |(from, long)| vec![stretch(from * 15, long * 15)]),
    ]
}

fn week() -> impl Strategy<Value = WeekConfig> {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    proptest::collection::vec(hours(), 7)
        .prop_map(move |hours| WeekConfig(days.iter().map(|day| (*day).to_owned()).zip(hours).collect()))
}

fn pause() -> impl Strategy<Value = WeekConfig> {
    (0..90_u32, 1..6_u32).prop_map(|(from, long)| {
        let text = format!("{}-{}", clock(from * 15), clock((from + long) * 15 % 1440));
        WeekConfig(BTreeMap::from([("mon-sun".to_owned(), vec![text])]))
    })
}

prop_compose! {
    fn person()(hours in week(), breaks in pause(), special in proptest::option::of(hours()))
        -> (WeekConfig, WeekConfig, Option<Vec<String>>) { (hours, breaks, special) }
}

prop_compose! {
    fn world()(
        night in 0..NIGHTS.len(),
        step in prop_oneof![Just(5_u32), Just(15), Just(20), Just(30), Just(60)],
        people in proptest::collection::vec(person(), 1..4),
        services in proptest::collection::vec((1..30_u32, 0..4_u32, 0..4_u32), 1..3),
    ) -> World {
        let (zone, from) = NIGHTS[night];
        let from: NaiveDate = from.parse().unwrap();
        let staff = people.into_iter().enumerate().map(|(nth, (hours, breaks, special))| {
            let special = special.map(|hours| (from.succ_opt().unwrap().to_string(), hours));
            let mut person: StaffConfig = toml::from_str(&format!("id = \"p{nth}\"\nname = \"P{nth}\"")).unwrap();
            (person.hours, person.breaks, person.dates) = (Some(hours), Some(breaks), special.into_iter().collect());
            person
        });
        let services = services.into_iter().enumerate().map(|(nth, (length, before, after))| {
            let text = format!("id = \"s{nth}\"\nname = \"S{nth}\"\nminutes = {}", length * 5);
            let mut service: ServiceConfig = toml::from_str(&text).unwrap();
            (service.buffer_before, service.buffer_after, service.staff) = (before * 5, after * 5, StaffSet::All);
            service
        });
        let mut config: CalendarConfig =
            toml::from_str("name = \"W\"\nzone = \"UTC\"\ncountry = \"PT\"\ncurrency = \"EUR\"").unwrap();
        config.zone = zone.to_owned();
        config.step_minutes = step;
        config.lead_minutes = 0;
        config.staff = staff.collect();
        config.services = services.collect();
        World { config, from }
    }
}

impl World {
    /// The bench at the first midnight; `None` when somebody never works, which no config may say.
    fn bench(&self) -> Option<Bench> {
        self.config.validate().ok()?;
        let now = self.from.and_hms_opt(0, 0, 0).unwrap().and_utc() - Duration::days(1);
        Some(Bench::new(&self.config, &now.to_rfc3339()))
    }

    fn days(&self) -> DateRange {
        DateRange { from: self.from, to: self.from + Duration::days(2) }
    }

    /// What a person's config says of one wall minute: working, and not in a break.
    fn works(&self, person: &StaffConfig, date: NaiveDate, minute: u32) -> bool {
        let inside = |hours: &[String], minute: u32| {
            hours.iter().any(|text| {
                let (from, to) = ends(text);
                (from..to).contains(&minute)
            })
        };
        let of = |week: &WeekConfig, date: NaiveDate| {
            let day = date.weekday().to_string().to_lowercase();
            week.0.get(&day).or_else(|| week.0.get("mon-sun")).cloned().unwrap_or_default()
        };
        let that = |date: NaiveDate| {
            let usual = || of(person.hours.as_ref().unwrap(), date);
            person.dates.get(&date.to_string()).cloned().unwrap_or_else(usual)
        };
        let paused = |date: NaiveDate, minute| {
            !person.dates.contains_key(&date.to_string()) && inside(&of(person.breaks.as_ref().unwrap(), date), minute)
        };
        let yesterday = date.pred_opt().unwrap();
        (inside(&that(date), minute) || inside(&that(yesterday), minute + 1440))
            && !paused(date, minute)
            && !paused(yesterday, minute + 1440)
    }

    /// Whether a person works through every real minute of a slot.
    fn works_through(&self, person: &StaffConfig, slot: &Slot) -> bool {
        let minutes = (slot.end - slot.start).num_minutes();
        (0..minutes).map(|minute| slot.start + Duration::minutes(minute)).all(|at| {
            let wall = at.with_timezone(&slot.zone).naive_local();
            // The second showing of a repeated hour belongs to whatever runs on from the first.
            second_showing(at, slot.zone) || self.works(person, wall.date(), wall.hour() * 60 + wall.minute())
        })
    }
}

fn ends(text: &str) -> (u32, u32) {
    let minute = |text: &str| {
        let (hours, minutes) = text.split_once(':').unwrap();
        hours.parse::<u32>().unwrap() * 60 + minutes.parse::<u32>().unwrap()
    };
    let (from, to) = text.split_once('-').unwrap();
    let (from, to) = (minute(from), minute(to));
    (from, if to <= from { to + 1440 } else { to })
}

fn second_showing(at: DateTime<Utc>, zone: Tz) -> bool {
    let local = at.with_timezone(&zone);
    match zone.from_local_datetime(&local.naive_local()) {
        chrono::LocalResult::Ambiguous(first, second) => first.max(second) == local,
        _ => false,
    }
}

async fn free(bench: &Bench, world: &World, service: &str, staff: StaffChoice) -> Vec<Slot> {
    let days = world.days();
    let query = bench.query(service, staff, &days.from.to_string(), &days.to.to_string());
    bench.calendar.availability(&query).await.unwrap().slots
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every offered time can be booked; nothing ever overlaps; every visit lies inside somebody's working time.
    #[test]
    fn offered_is_bookable_and_nothing_overlaps(world in world(), picks in proptest::collection::vec(any::<(Index, Index, bool)>(), 1..25)) {
        let Some(bench) = world.bench() else { return Err(TestCaseError::reject("nobody ever works")) };
        block_on(async {
            for (nth, (service, pick, anyone)) in picks.iter().enumerate() {
                let service = &service.get(&world.config.services).id;
                let mut offered = free(&bench, &world, service, StaffChoice::Any).await;
                if offered.is_empty() {
                    continue;
                }
                let mut slot = offered.swap_remove(pick.index(offered.len()));
                if !anyone {
                    let person = slot.candidates[pick.index(slot.candidates.len())].clone();
                    slot = slot.with_staff(person);
                }
                let booking = bench.book(&slot, "a", &nth.to_string()).await;
                let person = world.config.staff.iter().find(|person| Some(person.id.as_str()) == booking.staff.as_ref().map(|id| id.as_str()));
                assert!(world.works_through(person.unwrap(), &slot), "{slot:?} lies outside the hours");
                assert!(slot.candidates.contains(booking.staff.as_ref().unwrap()), "a person who was not offered");
            }
            let all = bench.store.entries(EntryFilter::default()).await.unwrap();
            for (nth, one) in all.iter().enumerate() {
                for other in all.iter().skip(nth + 1).filter(|other| other.subject == one.subject) {
                    assert!(other.taken_from >= one.taken_to || one.taken_from >= other.taken_to, "{one:?} and {other:?}");
                }
            }
        });
    }

    /// A time is offered exactly when the wall clock, the hours and what is booked allow it.
    #[test]
    fn offered_is_all_that_is_possible(world in world(), picks in proptest::collection::vec(any::<Index>(), 0..6)) {
        let Some(bench) = world.bench() else { return Err(TestCaseError::reject("nobody ever works")) };
        block_on(async {
            for (nth, pick) in picks.iter().enumerate() {
                let offered = free(&bench, &world, "s0", StaffChoice::Any).await;
                if !offered.is_empty() {
                    bench.book(&offered[pick.index(offered.len())], "a", &nth.to_string()).await;
                }
            }
            let booked = bench.store.entries(EntryFilter::default()).await.unwrap();
            let service = &world.config.services[0];
            let zone: Tz = world.config.zone.parse().unwrap();
            for person in &world.config.staff {
                let offered: Vec<_> = free(&bench, &world, "s0", one(&person.id)).await.into_iter().map(|slot| slot.start).collect();
                let mut expected = Vec::new();
                for date in (DateRange { from: world.from - Duration::days(1), to: world.days().to }).days() {
                    let day = date.weekday().to_string().to_lowercase();
                    let hours = person.dates.get(&date.to_string()).or_else(|| person.hours.as_ref()?.0.get(&day));
                    for (from, to) in hours.into_iter().flatten().map(|text| ends(text)) {
                        for minute in (from..to).step_by(world.config.step_minutes as usize) {
                            let wall = date.and_hms_opt(0, 0, 0).unwrap() + Duration::minutes(minute.into());
                            let local = match zone.from_local_datetime(&wall) {
                                chrono::LocalResult::Single(time) => time,
                                chrono::LocalResult::Ambiguous(first, second) => first.min(second),
                                chrono::LocalResult::None => continue,
                            };
                            let start = local.with_timezone(&Utc);
                            let end = start + Duration::minutes(service.minutes.into());
                            let slot = Slot { start, end, zone, ..blank(&bench) };
                            let padded = (start - Duration::minutes(service.buffer_before.into()), end + Duration::minutes(service.buffer_after.into()));
                            let taken = booked.iter().any(|entry| {
                                entry.staff.as_ref().map(|id| id.as_str()) == Some(&person.id) && entry.taken_from < padded.1 && padded.0 < entry.taken_to
                            });
                            if world.days().contains(wall.date()) && !taken && world.works_through(person, &slot) {
                                expected.push(start);
                            }
                        }
                    }
                }
                expected.sort_unstable();
                expected.dedup();
                // Where hours end inside the hour that is shown twice, they end at its first showing: the oracle, which
                // forgives the second showing, may know a few more times than are offered there, never fewer.
                let change = expected.iter().any(|start| start.with_timezone(&zone).offset().fix() != (*start + Duration::hours(6)).with_timezone(&zone).offset().fix());
                if change {
                    assert!(offered.iter().all(|start| expected.contains(start)), "{offered:?} against {expected:?}");
                } else {
                    assert_eq!(offered, expected);
                }
            }
        });
    }

    /// Moving counts its own time as free, and the same move twice is one move.
    #[test]
    fn own_time_never_blocks_a_move(world in world(), first in any::<Index>(), second in any::<Index>()) {
        let Some(bench) = world.bench() else { return Err(TestCaseError::reject("nobody ever works")) };
        block_on(async {
            let before = free(&bench, &world, "s0", StaffChoice::Any).await;
            if before.is_empty() {
                return;
            }
            let booking = bench.book(&before[first.index(before.len())], "a", "book").await;
            let days = world.days();
            let mut query = bench.query("s0", StaffChoice::Any, &days.from.to_string(), &days.to.to_string());
            query.excluding = Some(booking.reference.clone());
            let open = bench.calendar.availability(&query).await.unwrap().slots;
            assert_eq!(open, before, "without its own time the calendar is as it was");
            let to = &open[second.index(open.len())];
            for _ in 0..2 {
                let moved = bench.calendar.reschedule(&booking.reference, to, ActionKey::derive(&["move"])).await.unwrap();
                assert_eq!((moved.start, &moved.reference), (to.start, &booking.reference));
            }
        });
    }
}

/// A slot of which only the times matter.
fn blank(bench: &Bench) -> Slot {
    Slot {
        branch: bench.branch.clone(),
        services: Vec::new(),
        staff: StaffChoice::Any,
        candidates: Vec::new(),
        start: DateTime::UNIX_EPOCH,
        end: DateTime::UNIX_EPOCH,
        zone: Tz::UTC,
        price: None,
        token: None,
        buffer_before: 0,
        buffer_after: 0,
        capacity: 1,
    }
}
