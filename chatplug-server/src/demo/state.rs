//! Where a conversation stands and what its turns did, as the page shows it: for people who want to see inside.

use super::{
    api::{Api, ApiError, Client},
    day, terminal,
};
use chatplug_calendar::Plan;
use chatplug_core::{
    model::{Booking, BranchId, Catalog, ServiceId, Slot, StaffId},
    ports::ConversationView,
};
use chrono::NaiveDate;
use serde_json::{Value, json};

/// Turns that are shown.
const TURNS: usize = 25;

/// Reads the state of a client's conversation; `view` is `None` before the first message.
pub(super) async fn read(api: &Api, client: &Client, view: Option<ConversationView>) -> Result<Value, ApiError> {
    let Some(view) = view else {
        return Ok(json!({ "conversation": null, "holder": "bot", "flow": "idle", "draft": [], "options": [],
            "bookings": [], "turns": [], "turns_total": 0 }));
    };
    let store = api.store();
    let now = api.engine().clock().now();
    let turns = store.turns(view.id, TURNS).await?;
    let messages = store.messages(view.id, 30).await?;
    let delivery = messages.iter().rev().find(|entry| !entry.inbound).map(|entry| entry.status.clone());
    let bookings = store.bookings(view.contact.id, now).await?;
    let bookings = bookings.iter().filter(|booking| booking.is_upcoming(now)).map(|it| booking(api, it));
    let parse = |json: Option<&str>| json.and_then(|json| serde_json::from_str::<Value>(json).ok()).unwrap_or_default();
    let written = parse(view.state.as_deref());
    let state = written.get("state").unwrap_or(&Value::Null);
    let action = parse(view.action.as_deref());
    let asked = state.pointer("/asked/kind").and_then(Value::as_str).filter(|kind| *kind != "none");
    // What can be chosen is what the phone shows last: in the client's words, and numbered as the machine numbers it.
    let shown = asked.and_then(|_| terminal::last(&api.simulator.hub, client.digits()));
    let options = shown.map(|bubble| bubble.choices).unwrap_or_default();
    let option = |(i, (label, _)): (usize, (String, Option<String>))| json!({ "number": i + 1, "label": label });
    let form = form(state);
    Ok(json!({
        "conversation": view.id,
        "holder": view.holder,
        "flow": flow(state),
        "action": action.pointer("/action/action/do"),
        "draft": form.map(|form| draft(api, form)).unwrap_or_default(),
        "date": form.and_then(day_of),
        "asked": asked,
        "options": options.into_iter().enumerate().map(option).collect::<Vec<_>>(),
        "bookings": bookings.collect::<Vec<_>>(),
        "language": view.contact.language,
        "delivery": delivery,
        "turns_total": turns.first().map_or(0, |turn| turn.number),
        "turns": turns.iter().map(|turn| json!({
            "number": turn.number, "at": turn.at, "ms": turn.duration_ms, "steps": turn.steps,
        })).collect::<Vec<_>>(),
    }))
}

/// What is being done, in a word that the page knows.
fn flow(state: &Value) -> &str {
    let flow = state.pointer("/flow/flow").and_then(Value::as_str).unwrap_or("idle");
    match flow {
        "form" if state.pointer("/flow/purpose/move").is_some() => "move",
        "form" => "book",
        other => other,
    }
}

/// The form that is being filled in, or that was sent off.
fn form(state: &Value) -> Option<&Value> {
    state.pointer("/flow/draft").or_else(|| state.pointer("/flow/attempt/form/draft"))
}

/// What is known of a booking, field by field: a name that the page knows, and a value as text or as texts by language.
fn draft(api: &Api, draft: &Value) -> Vec<Value> {
    let mut fields = Vec::new();
    let mut add = |name: &str, value: Value| fields.push(json!({ "name": name, "value": value }));
    let place = api.simulator.stage.branches.iter().find(|(id, _)| draft.get("branch") == Some(&json!(id)));
    let place = place.or_else(|| api.simulator.stage.branches.first());
    let catalog = place.map(|(branch, plan): &(BranchId, Plan)| plan.catalog(branch));
    for service in readings(draft.get("service")) {
        let known = catalog.as_ref().zip(service.as_str().and_then(|id| ServiceId::new(id).ok()));
        add("service", known.map_or_else(|| service.clone(), |(catalog, id)| json!(day::service(catalog, Some(&id)))));
    }
    for staff in readings(draft.get("staff")) {
        let name = staff.get("one").and_then(Value::as_str).and_then(|id| staff_name(catalog.as_ref()?, id));
        add("staff", name.map_or_else(|| staff.clone(), Value::from));
    }
    for days in readings(draft.get("days")) {
        add("days", json!(between(days.get("from"), days.get("to"))));
    }
    let slot = draft.get("slot").and_then(|slot| serde_json::from_value::<Slot>(slot.clone()).ok());
    if slot.is_none() {
        for time in readings(draft.get("time")) {
            let span = time.get("between").map(|span| between(span.get("from"), span.get("to")));
            add("time", json!(span.unwrap_or_else(|| clock(time.get("at")))));
        }
    }
    if let Some(slot) = slot {
        add("slot", json!(slot.local_start().format("%Y-%m-%d %H:%M").to_string()));
    }
    if let Some(party) = draft.get("party").and_then(Value::as_u64).filter(|party| *party > 1) {
        add("party", json!(party.to_string()));
    }
    fields
}

/// The day that a form is about, once there is one.
fn day_of(draft: &Value) -> Option<NaiveDate> {
    if let Some(slot) = draft.get("slot").and_then(|slot| serde_json::from_value::<Slot>(slot.clone()).ok()) {
        return Some(slot.local_start().date());
    }
    let days = readings(draft.get("days"));
    let [days] = days.as_slice() else { return None };
    let date = |key: &str| days.get(key)?.as_str()?.parse::<NaiveDate>().ok();
    date("from").filter(|from| date("to") == Some(*from))
}

/// The values of a field: what it is set to, or what it may be.
fn readings(field: Option<&Value>) -> Vec<Value> {
    match field {
        Some(Value::Object(field)) => match (field.get("set"), field.get("one_of").and_then(Value::as_array)) {
            (Some(value), _) => vec![value.clone()],
            (None, Some(values)) => values.clone(),
            (None, None) => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn between(from: Option<&Value>, to: Option<&Value>) -> String {
    let (from, to) = (clock(from), clock(to));
    if from == to { from } else { format!("{from}–{to}") }
}

/// A date as it is, a time without its seconds.
fn clock(value: Option<&Value>) -> String {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    match text.matches(':').count() {
        2 => text.rsplit_once(':').map_or(text, |(time, _)| time).to_owned(),
        _ => text.to_owned(),
    }
}

fn staff_name(catalog: &Catalog, id: &str) -> Option<String> {
    catalog.staff_member(&StaffId::new(id).ok()?).map(|person| person.name.clone())
}

fn booking(api: &Api, booking: &Booking) -> Value {
    let plan = api.simulator.stage.branches.iter().find(|(branch, _)| *branch == booking.reference.branch);
    let catalog = plan.map(|(branch, plan)| plan.catalog(branch));
    let staff = booking.staff.as_ref().and_then(|id| catalog.as_ref()?.staff_member(id));
    let service = match &catalog {
        Some(catalog) => json!(day::service(catalog, booking.services.first())),
        None => json!({ "main": booking.title }),
    };
    json!({
        "id": booking.id,
        "date": booking.start.with_timezone(&booking.zone).date_naive(),
        "start": day::clock(booking.start, booking.zone),
        "service": service,
        "staff": staff.map(|person| person.name.clone()),
        "confirmed": booking.confirmed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_by_their_readings() {
        assert_eq!(readings(Some(&json!("open"))), Vec::<Value>::new());
        assert_eq!(readings(Some(&json!({ "set": 1 }))), [json!(1)]);
        assert_eq!(readings(Some(&json!({ "one_of": [1, 2] }))), [json!(1), json!(2)]);
        assert_eq!(between(Some(&json!("12:00:00")), None), "12:00–");
        assert_eq!(between(Some(&json!("2026-11-21")), Some(&json!("2026-11-21"))), "2026-11-21");
    }

    #[test]
    fn a_form_is_about_a_day_once_it_is_one() {
        let draft = |from: &str, to: &str| json!({ "days": { "set": { "from": from, "to": to } } });
        assert_eq!(day_of(&draft("2026-11-24", "2026-11-24")), "2026-11-24".parse().ok());
        assert_eq!(day_of(&draft("2026-11-24", "2026-11-30")), None);
        assert_eq!(day_of(&json!({ "days": "open" })), None);
    }

    #[test]
    fn a_form_is_a_booking_or_a_move() {
        assert_eq!(flow(&json!({ "flow": { "flow": "form", "purpose": "book" } })), "book");
        assert_eq!(flow(&json!({ "flow": { "flow": "form", "purpose": { "move": {} } } })), "move");
        assert_eq!(flow(&Value::Null), "idle");
    }
}
