//! Free times as the record of a turn has them: what several in a row have in common is said once. A week of them would
//! be four fifths of everything that is stored of a booking otherwise.

use super::input::Trouble;
use crate::model::Slot;
use chrono::DateTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{borrow::Cow, sync::Arc};

/// One time, and those behind it that differ in nothing but when they are.
#[derive(Serialize, Deserialize)]
struct Run<'s> {
    first: Cow<'s, Slot>,
    /// Begin and end of each, in seconds since 1970 (UTC).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    then: Vec<(i64, i64)>,
}

pub(super) fn serialize<S: Serializer>(
    result: &Result<Arc<[Slot]>, Trouble>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    result.as_ref().map(|slots| runs(slots)).serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Result<Arc<[Slot]>, Trouble>, D::Error> {
    let runs = match Result::<Vec<Run<'_>>, Trouble>::deserialize(deserializer)? {
        Ok(runs) => runs,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let mut slots = Vec::new();
    for Run { first, then } in runs {
        let first = first.into_owned();
        slots.push(first.clone());
        for (start, end) in then {
            let at = |seconds| DateTime::from_timestamp(seconds, 0).ok_or_else(|| D::Error::custom("no time"));
            slots.push(Slot { start: at(start)?, end: at(end)?, ..first.clone() });
        }
    }
    Ok(Ok(slots.into()))
}

fn runs(slots: &[Slot]) -> Vec<Run<'_>> {
    let runs = slots.chunk_by(differ_in_time_only).filter_map(|run| run.split_first());
    runs.map(|(first, rest)| Run {
        first: Cow::Borrowed(first),
        then: rest.iter().map(|slot| (slot.start.timestamp(), slot.end.timestamp())).collect(),
    })
    .collect()
}

/// Whether the second of two can be told by its seconds, when the first is known.
fn differ_in_time_only(one: &Slot, next: &Slot) -> bool {
    let Slot {
        branch,
        services,
        staff,
        candidates,
        start,
        end,
        zone,
        price,
        token,
        buffer_before,
        buffer_after,
        capacity,
    } = next;
    (start.timestamp_subsec_nanos(), end.timestamp_subsec_nanos()) == (0, 0)
        && (branch, services, staff, candidates) == (&one.branch, &one.services, &one.staff, &one.candidates)
        && (zone, price, token) == (&one.zone, &one.price, &one.token)
        && (buffer_before, buffer_after, capacity) == (&one.buffer_before, &one.buffer_after, &one.capacity)
}

#[cfg(test)]
mod tests {
    use crate::{
        dialogue::{Input, Trouble},
        model::{DateRange, Slot, SlotQuery, StaffChoice},
    };
    use chrono::{DateTime, NaiveDate, TimeDelta};

    fn day_of(count: i64) -> Vec<Slot> {
        let opens = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let slot = |n: i64| Slot {
            branch: "centre".parse().unwrap(),
            services: vec!["mens-cut".parse().unwrap()],
            staff: StaffChoice::Any,
            candidates: vec!["daria".parse().unwrap()],
            start: opens + TimeDelta::minutes(15 * n),
            end: opens + TimeDelta::minutes(15 * n + 30),
            zone: chrono_tz::Europe::Lisbon,
            price: None,
            token: None,
            buffer_before: 0,
            buffer_after: 10,
            capacity: 1,
        };
        (0..count).map(slot).collect()
    }

    fn input(result: Result<Vec<Slot>, Trouble>) -> Input {
        let day = NaiveDate::from_ymd_opt(2027, 1, 15).unwrap();
        let query = SlotQuery {
            branch: "centre".parse().unwrap(),
            services: vec!["mens-cut".parse().unwrap()],
            staff: StaffChoice::Any,
            days: DateRange::day(day),
            party: 1,
            excluding: None,
        };
        Input::Slots { query, result: result.map(Into::into) }
    }

    #[test]
    fn what_is_recorded_is_read_back_whatever_the_times_differ_in() {
        let differ: [fn(&mut Slot); 9] = [
            |slot| slot.branch = "harbour".parse().unwrap(),
            |slot| slot.services.push("beard".parse().unwrap()),
            |slot| slot.staff = StaffChoice::One("daria".parse().unwrap()),
            |slot| slot.candidates.clear(),
            |slot| slot.start += TimeDelta::nanoseconds(1),
            |slot| slot.end += TimeDelta::milliseconds(1),
            |slot| slot.zone = chrono_tz::Europe::Paris,
            |slot| slot.token = Some("t".to_owned()),
            |slot| (slot.buffer_before, slot.buffer_after, slot.capacity) = (5, 5, 8),
        ];
        let alike = day_of(6);
        let odd = differ.map(|change| {
            let mut slots = day_of(6);
            change(&mut slots[3]);
            slots
        });
        for slots in odd.into_iter().chain([alike, day_of(1), Vec::new()]) {
            let told = input(Ok(slots));
            let json = serde_json::to_string(&told).unwrap();
            assert_eq!(serde_json::from_str::<Input>(&json).unwrap(), told, "{json}");
        }
        let told = input(Err(Trouble::Down));
        let json = serde_json::to_string(&told).unwrap();
        assert_eq!(serde_json::from_str::<Input>(&json).unwrap(), told);
    }

    #[test]
    fn a_day_of_times_is_told_in_few_words() {
        let [one, day] = [1, 40].map(|count| serde_json::to_string(&input(Ok(day_of(count)))).unwrap());
        assert!(day.len() < one.len() + 40 * 26, "{} {}: {day}", one.len(), day.len());
        assert!(serde_json::from_str::<Input>(&day.replace("1800000900", "9223372036854775807")).is_err());
    }
}
