//! When somebody works, and what of it is taken.

use crate::fake::{
    answer::{Answer, Done},
    call::Call,
    state::{Salon, State},
    time,
};
use chrono::{NaiveDate, NaiveTime};
use serde_json::{Value, json};

pub(in crate::fake) fn read(state: &mut State, call: &Call) -> Done {
    let range = ["start_date", "end_date"].map(|key| call.one(key).and_then(time::day));
    let [Some(from), Some(to)] = range else {
        return Err(Answer::invalid(422, "Validation error", &[("start_date".into(), "The field is required".into())]));
    };
    let wanted = call.ids("staff_ids");
    let include = call.list("include");
    let salon = state.salon(call.id("company"))?;
    let mut data = Vec::new();
    let staff = salon.shop.staff.iter().filter(|member| !member.fired && !member.deleted);
    for member in staff.filter(|member| wanted.is_empty() || wanted.contains(&member.id)) {
        for day in from.iter_days().take_while(|day| *day <= to).take(400) {
            let slots = member.shifts(day);
            // A day off is missing, or has no hours.
            if slots.is_empty() && member.id % 2 == 1 {
                continue;
            }
            let mut shown = json!({"staff_id": member.id, "date": day.to_string(), "slots": hours(slots)});
            if include.contains(&"busy_intervals") {
                shown["busy_intervals"] = busy(salon, member.id, day);
            }
            if include.contains(&"off_day_type") {
                shown["off_day_type"] = Value::Null;
            }
            data.push(shown);
        }
    }
    let meta = json!({"count": data.len()});
    Ok(Answer::with_meta(data.into(), meta))
}

fn hours(slots: &[(NaiveTime, NaiveTime)]) -> Value {
    let clock = |time: &NaiveTime| time.format("%H:%M").to_string();
    slots.iter().map(|(from, to)| json!({"from": clock(from), "to": clock(to)})).collect()
}

fn busy(salon: &Salon, staff: u64, day: NaiveDate) -> Value {
    let on_day =
        |record: &&crate::fake::records::Record| record.staff == staff && !record.deleted && record.start.date() == day;
    let clock = |time: chrono::NaiveDateTime| time.format("%H:%M:%S").to_string();
    let shown = salon.records.iter().filter(on_day).map(|record| {
        json!({"entity_type": "record", "entity_id": record.id, "from": clock(record.start), "to": clock(record.end())})
    });
    shown.collect()
}

/// Wants the wire's names: what it does not know it refuses.
pub(in crate::fake) fn write(state: &mut State, call: &Call) -> Done {
    let company = call.id("company");
    let strict = |one: &Value, keys: &[&str]| {
        let known = one.as_object().is_some_and(|one| one.keys().all(|key| keys.contains(&key.as_str())));
        let staff = one["staff_id"].as_u64().filter(|_| known);
        let days: Option<Vec<_>> =
            one["dates"].as_array().map(|days| days.iter().filter_map(|day| time::day(day.as_str()?)).collect());
        staff.zip(days).ok_or_else(|| {
            Answer::invalid(422, "Validation error", &[("staff_id".into(), "The field is required".into())])
        })
    };
    let clock = |value: &Value| NaiveTime::parse_from_str(value.as_str().unwrap_or_default(), "%H:%M").ok();
    let mut days = Vec::new();
    for one in call.body["schedules_to_set"].as_array().into_iter().flatten() {
        let (staff, dates) = strict(one, &["staff_id", "dates", "slots"])?;
        let slots = one["slots"].as_array().into_iter().flatten();
        let slots: Vec<_> = slots.filter_map(|slot| clock(&slot["from"]).zip(clock(&slot["to"]))).collect();
        days.extend(dates.into_iter().map(|day| (staff, day, slots.clone())));
    }
    for one in call.body["schedules_to_delete"].as_array().into_iter().flatten() {
        let (staff, dates) = strict(one, &["staff_id", "dates"])?;
        days.extend(dates.into_iter().map(|day| (staff, day, Vec::new())));
    }
    let salon = state.salon(company)?;
    let mut shown = Vec::new();
    for (staff, day, slots) in &days {
        let member = salon.shop.staff.iter_mut().find(|member| member.id == *staff);
        let member = member.ok_or_else(|| Answer::listed(404, "Team member not found."))?;
        shown.push(json!({"staff_id": staff, "date": day.to_string(), "slots": hours(slots)}));
        member.days.insert(*day, slots.clone());
    }
    let mut told: Vec<_> = days.into_iter().map(|(staff, ..)| staff).collect();
    told.dedup();
    for staff in told {
        state.tell(company, "schedule", staff, "update", json!([]), Some(&call.partner));
    }
    Ok(Answer::ok(shown.into()))
}

/// `GET /schedule/{company}/{staff}/{from}/{to}`.
pub(in crate::fake) fn one(state: &mut State, call: &Call) -> Done {
    let day = |text: &str| time::day(text).or_else(|| NaiveDate::parse_from_str(text, "%Y%m%d").ok());
    let range = ["from", "to"].map(|key| call.part(key).and_then(day));
    let [Some(from), Some(to)] = range else { return Err(Answer::refused(400, "Wrong date")) };
    let salon = state.salon(call.id("company"))?;
    let member = salon.shop.member(call.id("staff")).ok_or_else(|| Answer::listed(404, "Team member not found."))?;
    let shown = from.iter_days().take_while(|day| *day <= to).take(400).map(|day| {
        let slots = member.shifts(day);
        json!({"date": day.to_string(), "is_working": u8::from(!slots.is_empty()), "slots": hours(slots)})
    });
    Ok(Answer::ok(shown.collect()))
}
