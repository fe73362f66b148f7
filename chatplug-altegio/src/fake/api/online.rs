//! The online booking: what clients are offered, and what they book.

use crate::fake::{
    answer::{Answer, Done},
    call::{Call, integer, positive, text},
    records::{Record, digits},
    salon::{FakeMember, FakeSalon, FakeService},
    shape,
    state::{Salon, State},
    time,
};
use chrono::{Datelike as _, Duration, NaiveDate, NaiveDateTime};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The number of a booking form is that of its location and so much more.
const FORM: u64 = 10_000;

pub(in crate::fake) fn form(state: &mut State, call: &Call) -> Done {
    let id = call.id("form");
    let shop = &state.salon(id.checked_sub(FORM).ok_or_else(Answer::not_found)?)?.shop;
    let steps = ["master", "service", "datetime", "contact"].iter().enumerate();
    let steps = steps.map(|(n, step)| json!({"step": step, "title": step, "num": n + 1, "default": 0, "hidden": 0}));
    Ok(Answer::ok(json!({
        "company_id": shop.id,
        "group_id": shop.chain.as_ref().map_or(0, |(id, _)| *id),
        "phone_confirmation": shop.phone_confirmation,
        "sms_enabled": true,
        "comment_required": false,
        "is_show_privacy_policy": shop.privacy_policy.is_some(),
        "language": "en",
        "langs": [],
        "steps": steps.collect::<Vec<_>>(),
        "style": [],
    })))
}

pub(in crate::fake) fn services(state: &mut State, call: &Call) -> Done {
    let (traps, wall) = (state.traps.clone(), state.wall(call.id("company")));
    let salon = state.salon(call.id("company"))?;
    let shop = &salon.shop;
    let member = call.number("staff_id").filter(|id| *id != 0).and_then(|id| shop.member(id));
    let at = call.one("datetime").and_then(time::read).map(|(at, _)| at);
    let fits = |service: &&FakeService| {
        let free = |at: NaiveDateTime| {
            let staff = member.map_or(0, |member| member.id);
            salon.starts(staff, &[*service], at.date(), wall, false).contains(&at)
        };
        shop.sells(service)
            && member.is_none_or(|member| member.bookable() && member.does(service))
            && at.is_none_or(free)
    };
    let sold: Vec<_> = shop.services.iter().filter(fits).collect();
    let categories = shop.categories.iter().filter(|(id, _)| sold.iter().any(|service| service.category == *id));
    let categories = categories.map(|(id, title)| {
        let api_id = if traps.mixed_types && id % 2 == 1 { json!(0) } else { json!("0") };
        json!({"id": id, "title": title, "sex": 0, "api_id": api_id, "weight": 100 - id.min(&99)})
    });
    Ok(Answer::ok(json!({
        "events": [],
        "services": sold.iter().map(|service| shape::online_service(service, shop, member, &traps)).collect::<Vec<_>>(),
        // Singular on the wire, whatever is written about it.
        "category": categories.collect::<Vec<_>>(),
    })))
}

pub(in crate::fake) fn staff(state: &mut State, call: &Call) -> Done {
    let (traps, wall) = (state.traps.clone(), state.wall(call.id("company")));
    let salon = state.salon(call.id("company"))?;
    let wanted = chosen(&salon.shop, &call.ids("service_ids"));
    let at = call.one("datetime").and_then(time::read).map(|(at, _)| at);
    let bookable = |member: &FakeMember| {
        let services = wanted.as_deref().unwrap_or_default();
        let does = wanted.is_some() && services.iter().all(|service| service.active && member.does(service));
        salon.shop.online
            && does
            && !member.week.iter().all(Vec::is_empty)
            && at.is_none_or(|at| salon.starts(member.id, services, at.date(), wall, false).contains(&at))
    };
    let shown = salon.shop.staff.iter().filter(|member| member.bookable());
    let shown = shown.map(|member| shape::online_member(member, salon, bookable(member), wall, &traps));
    Ok(Answer::ok(shown.collect()))
}

/// The days of a month, or all that there are.
pub(in crate::fake) fn dates(state: &mut State, call: &Call) -> Done {
    let (long, wall) = (state.traps.long_starts, state.wall(call.id("company")));
    let salon = state.salon(call.id("company"))?;
    let staff = call.number("staff_id").unwrap_or_default();
    let wanted = chosen(&salon.shop, &call.ids("service_ids"));
    let month = call.one("date").and_then(time::day);
    let within = |day: &NaiveDate| month.is_none_or(|month| (month.year(), month.month()) == (day.year(), day.month()));
    let days = (0..=i64::from(salon.shop.horizon)).map(|days| wall.date() + Duration::days(days)).filter(within);
    let (mut working, mut booking) = (Vec::new(), Vec::new());
    for day in days {
        let Some(services) = &wanted else { break };
        if salon.candidates(staff, services).iter().any(|member| !member.shifts(day).is_empty()) {
            working.push(day);
        }
        if !salon.starts(staff, services, day, wall, long).is_empty() {
            booking.push(day);
        }
    }
    Ok(Answer::ok(json!({
        "booking_days": by_month(&booking),
        "booking_dates": booking.iter().map(NaiveDate::to_string).collect::<Vec<_>>(),
        "working_days": by_month(&working),
        "working_dates": working.iter().map(NaiveDate::to_string).collect::<Vec<_>>(),
    })))
}

/// `{"9": ["4", "5"]}`, and `[]` for nothing.
fn by_month(days: &[NaiveDate]) -> Value {
    let mut months = BTreeMap::<String, Vec<String>>::new();
    for day in days {
        months.entry(day.month().to_string()).or_default().push(day.day().to_string());
    }
    if months.is_empty() { json!([]) } else { json!(months) }
}

pub(in crate::fake) fn times(state: &mut State, call: &Call) -> Done {
    let (traps, wall) = (state.traps.clone(), state.wall(call.id("company")));
    let salon = state.salon(call.id("company"))?;
    let Some(day) = call.part("date").and_then(time::day) else { return Err(Answer::refused(400, "Wrong date")) };
    let staff = call.id("staff");
    let Some(services) = chosen(&salon.shop, &call.ids("service_ids")) else { return Ok(Answer::ok(json!([]))) };
    let starts = salon.starts(staff, &services, day, wall, traps.long_starts);
    let seconds = length(salon, staff, &services);
    Ok(Answer::ok(starts.into_iter().map(|start| shape::offered(start, seconds, &salon.shop, &traps)).collect()))
}

/// The nearest day with free times.
pub(in crate::fake) fn seances(state: &mut State, call: &Call) -> Done {
    let (traps, wall) = (state.traps.clone(), state.wall(call.id("company")));
    let salon = state.salon(call.id("company"))?;
    let staff = call.id("staff");
    let Some(services) = chosen(&salon.shop, &call.ids("service_ids")) else {
        return Ok(Answer::ok(json!({"seance_date": null, "seances": []})));
    };
    let from = call.one("datetime").and_then(time::read).map_or_else(|| wall.date(), |(at, _)| at.date());
    let days = (0..=i64::from(salon.shop.horizon)).map(|days| from + Duration::days(days));
    let mut free = days.map(|day| (day, salon.starts(staff, &services, day, wall, traps.long_starts)));
    let (day, starts) = free.find(|(_, starts)| !starts.is_empty()).unzip();
    let seconds = length(salon, staff, &services);
    let starts = starts.into_iter().flatten().map(|start| shape::offered(start, seconds, &salon.shop, &traps));
    let starts: Vec<_> = starts.collect();
    Ok(Answer::ok(json!({"seance_date": day.map(|day: NaiveDate| day.to_string()), "seances": starts})))
}

fn length(salon: &Salon, staff: u64, services: &[&FakeService]) -> i64 {
    match salon.takes(salon.shop.member(staff), services) {
        0 => i64::from(salon.shop.step) * 60,
        seconds => seconds,
    }
}

/// Services by id, or `None` when one of them is not there. None chosen is a choice, too.
fn chosen<'a>(shop: &'a FakeSalon, ids: &[u64]) -> Option<Vec<&'a FakeService>> {
    ids.iter().map(|id| shop.service(*id)).collect()
}

/// `POST /book_check`: nothing is booked, and nothing held.
pub(in crate::fake) fn check(state: &mut State, call: &Call) -> Done {
    arrange(state, call, true)?;
    Ok(Answer::bare(201, json!({"success": true, "data": null, "meta": {"message": "Created"}})))
}

/// `POST /book_record`: all appointments of the request, or none.
pub(in crate::fake) fn record(state: &mut State, call: &Call) -> Done {
    let (body, id) = (&call.body, call.id("company"));
    let phone = body["phone"].as_str().unwrap_or_default();
    if !(9..=15).contains(&digits(phone).len()) || phone.chars().any(char::is_alphabetic) {
        return Err(Answer::coded(422, 431, "The phone number is not valid.", None));
    }
    let Some(name) = text(&body["fullname"]) else {
        return Err(Answer::coded(422, 435, "The client's name is missing.", None));
    };
    let salon = state.salon(id)?;
    let code = &body["code"];
    let code = code.as_str().map_or_else(|| code.to_string(), str::to_owned);
    if salon.shop.phone_confirmation && code != crate::fake::FakeAltegio::SMS_CODE {
        return Err(Answer::coded(422, 432, "The code is wrong.", None));
    }
    if salon.by_phone(phone).is_some_and(|client| client.blacklisted) {
        return Err(Answer::coded(403, 434, "The client is on the blacklist.", None));
    }
    let wanted = arrange(state, call, false)?;
    if call.only_check {
        return Ok(Answer::ok(json!([])));
    }
    let (wall, fresh) = (state.wall(id), state.fresh());
    let email = body["email"].as_str().unwrap_or_default();
    let client = state.salon(id)?.client_for(phone, name, email, fresh, wall);
    let (mut told, mut data, visit) = (Vec::new(), Vec::new(), state.fresh());
    for one in wanted {
        let record_id = state.fresh();
        let hash = crate::fake::market::hash(&format!("{id}:{record_id}"));
        let salon = state.salon(id)?;
        let mut record = Record::new(record_id, one.staff, one.start, one.seconds, wall);
        record.lines = one.services.iter().map(|service| salon.line(*service)).collect();
        record.client = Some(client);
        record.comment = body["comment"].as_str().unwrap_or_default().to_owned();
        record.api_id = body["api_id"].as_str().map_or_else(|| of_number(&body["api_id"]), str::to_owned);
        record.sms_hours = integer(&body["notify_by_sms"]);
        record.email_hours = integer(&body["notify_by_email"]);
        (record.hash, record.online, record.visit) = (Some(hash.clone()), true, visit);
        salon.records.push(record);
        data.push(json!({"id": one.id, "record_id": record_id, "record_hash": hash}));
        told.push(record_id);
    }
    for record in told {
        state.tell_record(id, record, "create", Some(&call.partner));
    }
    Ok(Answer::created(data.into()))
}

fn of_number(value: &Value) -> String {
    if value.is_number() { value.to_string() } else { String::new() }
}

/// An appointment of a request that can be made.
struct Wanted {
    id: u64,
    staff: u64,
    services: Vec<u64>,
    start: NaiveDateTime,
    seconds: i64,
}

/// What the appointments of a request come to, or why they cannot be.
fn arrange(state: &mut State, call: &Call, only_check: bool) -> Result<Vec<Wanted>, Answer> {
    let (company, wall) = (call.id("company"), state.wall(call.id("company")));
    let missing = |field: &str| Answer::coded(422, 422, &format!("The field {field} is required."), None);
    let mut wanted: Vec<Wanted> = Vec::new();
    for one in call.body["appointments"].as_array().ok_or_else(|| missing("appointments"))? {
        let id = positive(&one["id"]).ok_or_else(|| missing("appointments.id"))?;
        let staff = positive(&one["staff_id"]).ok_or_else(|| missing("appointments.staff_id"))?;
        let start = one["datetime"].as_str().ok_or_else(|| missing("appointments.datetime"))?;
        let start = state.moment(company, start)?;
        let salon = state.salon(company)?;
        let ids: Vec<_> = one["services"].as_array().into_iter().flatten().filter_map(positive).collect();
        let gone = || match only_check {
            true => Answer::coded(422, 438, "The service is not available any more.", None),
            false => Answer::refused(404, "The team member does not provide the selected service."),
        };
        if ids.is_empty() {
            return Err(Answer::coded(422, 422, "No services or promotions are set.", None));
        }
        let services = chosen(&salon.shop, &ids).ok_or_else(gone)?;
        // Times are offered for what is made of parts, and it cannot be booked.
        let composite = !only_check && services.iter().any(|service| !service.parts.is_empty());
        let candidates = salon.candidates(staff, &services);
        if candidates.is_empty() || composite || !salon.shop.online {
            return Err(gone());
        }
        let seconds = |member: &FakeMember| salon.takes(Some(member), &services);
        let free = |member: &&&FakeMember| {
            let seconds = seconds(member);
            let taken = wanted.iter().any(|other| {
                let end = |start: NaiveDateTime, seconds| start + Duration::seconds(seconds);
                other.staff == member.id && other.start < end(start, seconds) && start < end(other.start, other.seconds)
            });
            let there = salon.works(member.id, start, seconds) && start > wall;
            there && !taken && (call.checked || salon.is_free(member.id, start, seconds, None))
        };
        let member = match candidates.iter().find(free) {
            Some(member) => member,
            None if staff == 0 => return Err(Answer::coded(422, 436, "No team member is free at this time.", None)),
            None => {
                let same = wanted.iter().any(|other| other.staff == staff);
                let alone = candidates.first().is_some_and(|member| {
                    salon.works(staff, start, seconds(member)) && salon.is_free(staff, start, seconds(member), None)
                });
                let told =
                    format!("Team Member ({staff}) cannot be booked on {}.", start.format("%B %-d, %Y at %H:%M"));
                return Err(match same && alone {
                    true => Answer::coded(422, 437, "The appointments overlap.", Some(id)),
                    false => Answer::coded(422, 433, &told, Some(id)),
                });
            }
        };
        wanted.push(Wanted { id, staff: member.id, seconds: seconds(member), services: ids, start });
    }
    Ok(wanted)
}

pub(in crate::fake) fn one(state: &mut State, call: &Call) -> Done {
    let traps = state.traps.clone();
    let salon = state.salon(call.id("company"))?;
    let record = salon.record(call.id("record")).filter(|record| record.hash.as_deref() == call.part("hash"));
    let record = record.ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(shape::view(record, salon, false, &traps)))
}

/// Only what was booked online can be moved here.
pub(in crate::fake) fn relocate(state: &mut State, call: &Call) -> Done {
    let (company, id) = (call.id("company"), call.id("record"));
    let start = call.body["datetime"].as_str().unwrap_or_default();
    let start = state.moment(company, start)?;
    let (traps, wall) = (state.traps.clone(), state.wall(company));
    let salon = state.salon(company)?;
    let record = salon.record(id).filter(|record| !record.deleted).ok_or_else(Answer::not_found)?;
    if !record.online {
        return Err(Answer::refused(403, "Access denied."));
    }
    let (staff, seconds) = (record.staff, record.seconds);
    let free = call.checked || salon.is_free(staff, start, seconds, Some(id));
    if !free || !salon.works(staff, start, seconds) || start <= wall {
        return Err(Answer::coded(422, 433, "The selected time is already taken or is not working.", None));
    }
    if call.only_check {
        return Ok(Answer::ok(Value::Null));
    }
    if let Some(record) = salon.record_mut(id) {
        (record.start, record.changed) = (start, wall);
        if let Some(comment) = call.body["comment"].as_str() {
            comment.clone_into(&mut record.comment);
        }
    }
    state.tell_record(company, id, "update", Some(&call.partner));
    let salon = state.salon(company)?;
    let record = salon.record(id).ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(shape::view(record, salon, true, &traps)))
}

/// `GET /user/records`, by the hash; with 201, as it is documented.
pub(in crate::fake) fn mine(state: &mut State, call: &Call) -> Done {
    let traps = state.traps.clone();
    let salon = by_hash(state, call).and_then(|id| state.salon(id))?;
    let record = salon.record(call.id("record")).ok_or_else(Answer::not_found)?;
    Ok(Answer::created(json!([shape::view(record, salon, false, &traps)])))
}

/// Works by the hash alone; a business's user is refused.
pub(in crate::fake) fn cancel(state: &mut State, call: &Call) -> Done {
    let company = by_hash(state, call)?;
    if call.user.is_some() {
        return Err(Answer::refused(400, "Invalid request format"));
    }
    state.delete_record(company, call.id("record"), Some(&call.partner));
    Ok(Answer { body: None, ..Answer::raw(200, "text/html", "") })
}

fn by_hash(state: &State, call: &Call) -> Result<u64, Answer> {
    let fits = |record: &&Record| {
        record.id == call.id("record") && record.hash.as_deref() == call.part("hash") && !record.deleted
    };
    let mut found = state.salons.iter().filter(|(_, salon)| salon.records.iter().any(|record| fits(&record)));
    found.next().map(|(id, _)| *id).ok_or_else(Answer::not_found)
}
