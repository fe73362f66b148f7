//! Records, from the business's side.

use crate::fake::{
    answer::{Answer, Done},
    call::{Call, decimal, flag, integer, positive},
    records::{Line, Record},
    state::State,
    time,
    traps::Deleted,
};
use chrono::NaiveDateTime;
use serde_json::{Value, json};

/// How many a page has unless told, and at most.
const PAGE: usize = 50;
const MOST: usize = 200;
/// Keys that a client and a service may have in a write.
const CLIENT: [&str; 6] = ["id", "phone", "name", "surname", "patronymic", "email"];
const SERVICE: [&str; 5] = ["id", "first_cost", "discount", "cost", "amount"];

/// `GET /records`: the newest visit first, pages from 1.
pub(in crate::fake) fn list(state: &mut State, call: &Call) -> Done {
    let company = call.id("company");
    let dates = |from: &str, to: &str| [from, to].map(|key| call.one(key).and_then(time::day));
    let ([from, to], [c_from, c_to]) = (dates("start_date", "end_date"), dates("c_start_date", "c_end_date"));
    let moments = ["changed_after", "changed_before"].map(|key| call.one(key).and_then(time::read).map(|(at, _)| at));
    let [after, before] = moments;
    let deleted = call.one("with_deleted") == Some("1");
    let salon = state.salon(company)?;
    let known = |id: Option<u64>| id.filter(|id| *id != 0);
    let (staff, client) = (known(call.number("staff_id")), known(call.number("client_id")));
    let mut found: Vec<_> = salon
        .records
        .iter()
        .filter(|record| deleted || !record.deleted)
        .filter(|record| staff.is_none_or(|id| record.staff == id))
        .filter(|record| client.is_none_or(|id| record.client == Some(id)))
        .filter(|record| call.number("created_user_id").is_none_or(|id| record.user == id))
        .filter(|record| from.is_none_or(|day| day <= record.start.date()))
        .filter(|record| to.is_none_or(|day| record.start.date() <= day))
        .filter(|record| c_from.is_none_or(|day| day <= record.created.date()))
        .filter(|record| c_to.is_none_or(|day| record.created.date() <= day))
        .filter(|record| after.is_none_or(|at| at <= record.changed))
        .filter(|record| before.is_none_or(|at| record.changed <= at))
        .map(|record| (record.start, record.id))
        .collect();
    found.sort_unstable_by(|one, other| other.cmp(one));
    let size = |key| call.number(key).and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0);
    let (page, count) = (size("page").unwrap_or(1), size("count").unwrap_or(PAGE).min(MOST));
    let meta = json!({"page": page, "total_count": found.len()});
    let shown = found.iter().skip((page - 1).saturating_mul(count)).take(count);
    let data = shown.map(|(_, id)| state.shown(company, *id)).collect();
    Ok(Answer::with_meta(data, meta))
}

pub(in crate::fake) fn one(state: &mut State, call: &Call) -> Done {
    let (company, id, marked) = (call.id("company"), call.id("record"), state.traps.deleted == Deleted::Marked);
    let record = state.salon(company)?.record(id).filter(|record| marked || !record.deleted);
    record.ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(state.shown(company, id)))
}

/// `POST /records`: not bound to what is offered online, only to what is free, and with `save_if_busy` not even to that.
pub(in crate::fake) fn create(state: &mut State, call: &Call) -> Done {
    let company = call.id("company");
    let wanted = Wanted::read(state, call, None)?;
    if call.only_check {
        return Ok(Answer::ok(Value::Null));
    }
    let (wall, id, fresh) = (state.wall(company), state.fresh(), state.fresh());
    let user = call.user.unwrap_or_default();
    let mut record = Record::new(id, wanted.staff, wanted.start, wanted.seconds, wall);
    record.user = user;
    wanted.fill(state, call, &mut record, fresh)?;
    state.salon(company)?.records.push(record);
    state.tell_record(company, id, "create", Some(&call.partner));
    let shown = state.shown(company, id);
    Ok(Answer::created(if state.answers_array() { json!([shown]) } else { shown }))
}

/// `PUT /record`: replaces the whole record.
pub(in crate::fake) fn update(state: &mut State, call: &Call) -> Done {
    let (company, id) = (call.id("company"), call.id("record"));
    let old = state.salon(company)?.record(id).filter(|record| !record.deleted).cloned();
    let old = old.ok_or_else(Answer::not_found)?;
    if old.blocked {
        return Err(Answer::refused(422, "The record awaits an online payment."));
    }
    let wanted = Wanted::read(state, call, Some(id))?;
    let lines: Vec<_> = old.lines.iter().map(|line| line.service).collect();
    let same = (wanted.start, wanted.staff) == (old.start, old.staff)
        && wanted.services.iter().map(|line| line.service).eq(lines);
    if old.billed && !same {
        return Err(Answer::refused(422, "A bill was printed: the record cannot be changed."));
    }
    if call.only_check {
        return Ok(Answer::ok(Value::Null));
    }
    let (wall, fresh) = (state.wall(company), state.fresh());
    // What is not sent is gone.
    let mut record = Record::new(id, wanted.staff, wanted.start, wanted.seconds, wall);
    (record.created, record.visit, record.hash, record.online) = (old.created, old.visit, old.hash, old.online);
    (record.user, record.billed) = (old.user, old.billed);
    wanted.fill(state, call, &mut record, fresh)?;
    if let Some(kept) = state.salon(company)?.record_mut(id) {
        *kept = record;
    }
    state.tell_record(company, id, "update", Some(&call.partner));
    Ok(Answer::created(state.shown(company, id)))
}

/// `DELETE /record`: 204 without a body.
pub(in crate::fake) fn delete(state: &mut State, call: &Call) -> Done {
    let (company, id) = (call.id("company"), call.id("record"));
    let came = state.salon(company)?.record(id).is_some_and(|record| record.attendance == 1);
    if came && !state.users.may(company, "delete_customer_came_records_access") {
        return Err(Answer::refused(403, "Access denied."));
    }
    if state.delete_record(company, id, Some(&call.partner)) {
        Ok(Answer::no_content())
    } else {
        Err(Answer::not_found())
    }
}

pub(in crate::fake) fn visit(state: &mut State, call: &Call) -> Done {
    let visit = call.id("visit");
    let company = of_visit(state, visit, None)?;
    Ok(Answer::ok(shown(state, company, visit)))
}

/// `PUT /visits`: status and comment of one record; a partial update.
pub(in crate::fake) fn attend(state: &mut State, call: &Call) -> Done {
    let (visit, id) = (call.id("visit"), call.id("record"));
    let company = of_visit(state, visit, Some(id))?;
    if !state.users.may(company, "edit_records_attendance_access") {
        return Err(Answer::refused(403, "Access denied."));
    }
    let missing =
        |field: &str| Answer::invalid(422, "Validation error", &[(field.into(), "The field is required".into())]);
    let attendance = integer(&call.body["attendance"]).filter(|status| (-1..=2).contains(status));
    let attendance = attendance.ok_or_else(|| missing("attendance"))?;
    let comment = call.body["comment"].as_str();
    if comment.is_none() && state.traps.visit_comment {
        return Err(missing("comment"));
    }
    let wall = state.wall(company);
    if let Some(record) = state.salon(company)?.record_mut(id) {
        (record.attendance, record.changed) = (attendance, wall);
        if let Some(comment) = comment {
            comment.clone_into(&mut record.comment);
        }
    }
    state.tell_record(company, id, "update", Some(&call.partner));
    Ok(Answer::ok(shown(state, company, visit)))
}

fn shown(state: &State, company: u64, visit: u64) -> Value {
    let Some(salon) = state.salons.get(&company) else { return Value::Null };
    let records: Vec<_> = salon.records.iter().filter(|record| record.visit == visit && !record.deleted).collect();
    let first = records.first();
    json!({
        "attendance": first.map(|record| record.attendance),
        "datetime": first.map(|record| time::with_colon(record.start, salon.shop.zone, state.traps.winter_offset)),
        "comment": first.map(|record| record.comment.clone()),
        "records": records.iter().map(|record| state.shown(company, record.id)).collect::<Vec<_>>(),
    })
}

/// The location of a visit, and of a record in it.
fn of_visit(state: &State, visit: u64, record: Option<u64>) -> Result<u64, Answer> {
    let fits = |one: &Record| one.visit == visit && record.is_none_or(|id| one.id == id) && !one.deleted;
    let mut found = state.salons.iter().filter(|(_, salon)| salon.records.iter().any(fits));
    found.next().map(|(id, _)| *id).ok_or_else(Answer::not_found)
}

/// A write that is allowed.
struct Wanted {
    staff: u64,
    start: NaiveDateTime,
    seconds: i64,
    services: Vec<Line>,
}

impl Wanted {
    /// Reads what a record must have, and asks whether the time is free, with the record itself out of the way.
    fn read(state: &mut State, call: &Call, but: Option<u64>) -> Result<Self, Answer> {
        let (company, body) = (call.id("company"), &call.body);
        let required = ["staff_id", "services", "client", "datetime", "seance_length"];
        let missing: Vec<_> = required.iter().filter(|field| body.get(**field).is_none_or(Value::is_null)).collect();
        if !missing.is_empty() {
            let errors: Vec<_> =
                missing.iter().map(|field| ((**field).to_owned(), "The field is required".to_owned())).collect();
            return Err(Answer::invalid(422, "Validation error", &errors));
        }
        let invalid = |field: &str| Answer::invalid(422, "Validation error", &[(field.into(), "Wrong value".into())]);
        let staff = positive(&body["staff_id"]).ok_or_else(|| invalid("staff_id"))?;
        let seconds = integer(&body["seance_length"]).filter(|seconds| *seconds > 0);
        let seconds = seconds.ok_or_else(|| invalid("seance_length"))?;
        let start = state.moment(company, body["datetime"].as_str().unwrap_or_default())?;
        let (strict, services) = (state.traps.strict_writes, body["services"].as_array());
        let services = services.ok_or_else(|| invalid("services"))?;
        let client = body["client"].as_object().ok_or_else(|| invalid("client"))?;
        let known =
            |map: &serde_json::Map<String, Value>, keys: &[&str]| map.keys().all(|key| keys.contains(&key.as_str()));
        if strict && !known(client, &CLIENT) {
            return Err(invalid("client"));
        }
        if strict && services.iter().any(|one| !one.as_object().is_some_and(|one| known(one, &SERVICE))) {
            return Err(invalid("services"));
        }
        let salon = state.salon(company)?;
        let Some(member) = salon.shop.member(staff).filter(|member| !member.fired && !member.deleted) else {
            return Err(Answer::listed(404, "Team member not found."));
        };
        let mut lines = Vec::new();
        for one in services {
            let id = positive(&one["id"]).ok_or_else(|| invalid("services"))?;
            let service = salon.shop.service(id).filter(|service| service.active && member.does(service));
            if service.is_none() {
                return Err(Answer::listed(404, "Service not found."));
            }
            let usual = salon.line(id);
            let first_cost = decimal(&one["first_cost"]).unwrap_or(usual.first_cost);
            let cost = decimal(&one["cost"]).unwrap_or(first_cost);
            lines.push(Line { service: id, first_cost, discount: decimal(&one["discount"]).unwrap_or_default(), cost });
        }
        let busy = flag(&body["save_if_busy"]).unwrap_or_default();
        let there = salon.works(staff, start, seconds);
        let free = call.checked || salon.is_free(staff, start, seconds, but);
        let allowed = busy || (there && free);
        if !allowed {
            return Err(Answer::refused(409, "Selected time is not available"));
        }
        Ok(Self { staff, start, seconds, services: lines })
    }

    /// Everything else of the body.
    fn fill(self, state: &mut State, call: &Call, record: &mut Record, fresh: u64) -> Result<(), Answer> {
        let (company, body, wall) = (call.id("company"), &call.body, record.changed);
        let client = &body["client"];
        let salon = state.salon(company)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        record.client = match (positive(&client["id"]), client["phone"].as_str().unwrap_or_default()) {
            (Some(id), _) => Some(salon.client(id).ok_or_else(|| Answer::listed(404, "Client not found."))?.id),
            (None, "") if text(&client["name"]).is_empty() => None,
            (None, phone) => {
                Some(salon.client_for(phone, &text(&client["name"]), &text(&client["email"]), fresh, wall))
            }
        };
        record.lines = self.services;
        record.comment = text(&body["comment"]);
        record.api_id = text(&body["api_id"]);
        record.attendance = integer(&body["attendance"]).unwrap_or_default();
        record.sms_hours = integer(&body["sms_remain_hours"]);
        record.email_hours = integer(&body["email_remain_hours"]);
        record.color = text(&body["custom_color"]);
        record.labels = body["record_labels"].as_array().into_iter().flatten().filter_map(positive).collect();
        record.pause = integer(&body["technical_break_duration"]).unwrap_or_default();
        record.custom = body.get("custom_fields").cloned().unwrap_or_else(|| json!({}));
        Ok(())
    }
}
