//! The Message resource: created, listed, read again, stopped, emptied and deleted.

use super::{
    call::{Answer, Call, knows},
    errors::{Refusal, title},
    event::{Event, word},
    form::{self, Form},
    page::Page,
    render::{Rendered, render},
    rules::{self, What, Wish},
    sent::{ContentUsed, SentMessage},
    state::{Message, State},
};
use crate::fake::{fault::Fault, plan::Timing};
use chatplug_core::model::Stage;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde_json::{Value, json};

/// How many messages a trial account may send in a day.
const TRIAL: usize = 50;
/// How long a user stays joined to the sandbox.
const SANDBOX_DAYS: i64 = 3;

/// A message that was taken: the answer, and what is told of it.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) answer: Value,
    pub(super) statuses: Vec<Event>,
    pub(super) timing: Timing,
}

/// `POST …/Messages.json`.
pub(super) fn create(state: &mut State, account: &str, call: &Call, fault: Option<&Fault>) -> Result<Taken, Refusal> {
    let form = call.form();
    let wish = rules::check(state, account, &form)?;
    let to = state.person_key(&wish.to);
    if state.opted_out.contains(&(wish.from.clone(), to.clone())) {
        return Err(Refusal::code(21610));
    }
    trial(state, account)?;
    let in_session = !state.rules.window || state.window_is_open(&wish.from, &to);
    let seen = see(state, &wish, in_session);
    let in_time = state.in_time(&wish.from);
    let failure = match fault {
        Some(Fault::FailLater(code)) => Some(*code),
        _ if !in_time => Some(63018),
        _ if state.unreachable.contains(&to) => Some(63024),
        _ if !joined(state, &wish.from, &to) => Some(63015),
        _ => seen.failure,
    };
    let message = keep(state, account, &wish, &seen);
    let answer = created(&message, &wish);
    let statuses = if wish.scheduled { Vec::new() } else { statuses(state, &message, failure) };
    let sent = sent(state, &message, &wish, seen, (form, to, failure));
    state.messages.push(message);
    state.sent.push(sent);
    Ok(Taken { answer, statuses, timing: state.plan.timing })
}

/// What the client will see, and whether WhatsApp lets them.
fn see(state: &State, wish: &Wish, in_session: bool) -> Rendered {
    let mut seen = match &wish.what {
        What::Content { sid, variables } => {
            return state
                .contents
                .iter()
                .find(|content| content.sid == *sid)
                .map_or_else(Rendered::default, |content| render(content, variables, in_session));
        }
        What::Text(body) => Rendered { kind: "text".into(), words: body.clone(), ..Rendered::default() },
        What::Media { url, caption } => Rendered {
            kind: "media".into(),
            // Words go with a picture only.
            words: if rules::is_picture(url) { caption.clone() } else { String::new() },
            media: vec![url.clone()],
            ..Rendered::default()
        },
        What::Pin(pin, name) => {
            Rendered { kind: "location".into(), words: name.clone(), pin: Some(pin.clone()), ..Rendered::default() }
        }
    };
    seen.failure = (!in_session).then_some(63016);
    seen
}

fn keep(state: &mut State, account: &str, wish: &Wish, seen: &Rendered) -> Message {
    let now = state.time.now();
    let status = match () {
        () if wish.scheduled => "scheduled",
        () if wish.service.is_some() => "accepted",
        () => "queued",
    };
    let service = wish.service.as_ref().and_then(|sid| state.services.iter().find(|service| service.sid == *sid));
    let callback = wish.callback.clone();
    let callback = callback.or_else(|| service?.field("StatusCallback").map(str::to_owned));
    let own = || form::text(&state.sender(&wish.from)?.webhook, "status_callback_url").map(str::to_owned);
    let callback = callback.or_else(own).or_else(|| state.hooks.status_callback.clone());
    let prefix = if seen.media.is_empty() { "SM" } else { "MM" };
    Message {
        sid: state.sid(prefix),
        account: account.to_owned(),
        service: wish.service.clone(),
        from: wish.from.clone(),
        to: wish.to.clone(),
        body: seen.words.clone(),
        inbound: false,
        status: status.to_owned(),
        error: None,
        num_media: seen.media.len(),
        created: now,
        updated: now,
        sent: None,
        callback,
    }
}

fn sent(
    state: &State,
    message: &Message,
    wish: &Wish,
    seen: Rendered,
    (form, to, failure): (Form, String, Option<i64>),
) -> SentMessage {
    let content = match &wish.what {
        What::Content { sid, .. } => state.contents.iter().find(|content| content.sid == *sid).map(|content| {
            let approved = content.is_approved();
            let (name, language) = (content.name.clone(), content.language.clone());
            ContentUsed { sid: sid.clone(), name, language, variables: seen.variables.clone(), approved }
        }),
        _ => None,
    };
    let key = wish.callback.as_ref().and_then(|url| {
        let query = url.split_once('?')?.1.split('#').next()?;
        form::value(&form::decode(query.as_bytes()), "k").map(str::to_owned)
    });
    SentMessage {
        id: message.sid.clone(),
        account: message.account.clone(),
        from: message.from.clone(),
        service: message.service.clone(),
        to,
        kind: seen.kind,
        key,
        status_callback: wish.callback.clone(),
        at: message.created,
        form,
        content,
        media: seen.media,
        pin: seen.pin,
        links: seen.links,
        open: seen.open,
        failure,
        words: seen.words,
        choices: seen.choices,
    }
}

fn statuses(state: &State, message: &Message, failure: Option<i64>) -> Vec<Event> {
    if let Some(code) = failure {
        // Who cannot be reached is undelivered; everything else has failed before that.
        let status = if code == 63024 { "undelivered" } else { word(Stage::Failed) };
        return vec![Event::status(state, message, status, Some(code))];
    }
    let queued = state.plan.queued.then_some("queued");
    let words = queued.into_iter().chain(state.plan.stages.iter().map(|stage| word(*stage)));
    let events = words.map(|word| Event::status(state, message, word, None));
    events.flat_map(|event| vec![event; state.plan.copies]).collect()
}

/// Counts what a trial account has sent within a day.
fn trial(state: &State, account: &str) -> Result<(), Refusal> {
    let since = state.time.now() - Duration::days(1);
    let today = || state.messages.iter().filter(|message| !message.inbound && message.created > since);
    let full = state.account(account).is_some_and(|account| {
        account.trial && today().filter(|message| message.account == account.sid).count() >= TRIAL
    });
    if full { Err(Refusal::code(63038)) } else { Ok(()) }
}

/// Whether a person may hear from a sender that is the sandbox; every other sender writes to everybody.
fn joined(state: &State, sender: &str, person: &str) -> bool {
    let Some(sender) = state.sender(sender).filter(|sender| sender.join.is_some()) else { return true };
    let since = state.time.now() - Duration::days(SANDBOX_DAYS);
    sender.joined.get(person).is_some_and(|at| *at > since)
}

/// The answer to a message that was taken.
fn created(message: &Message, wish: &Wish) -> Value {
    let mut json = json(message);
    if message.service.is_some() && !wish.from_given {
        // The service has not chosen yet.
        json["from"] = Value::Null;
    }
    json
}

/// `GET …/Messages.json`.
pub(super) fn list(state: &State, account: &str, call: &Call) -> Result<Answer, Refusal> {
    call.knows_query(&["To", "From", "DateSent", "DateSent<", "DateSent>"])?;
    let page = Page::of(&call.path, &call.query)?;
    let value = |name: &str| form::value(&call.query, name);
    let day = |name: &str| -> Result<Option<NaiveDate>, Refusal> {
        let Some(text) = value(name) else { return Ok(None) };
        let parsed = text.get(..10).unwrap_or(text).parse();
        parsed.map(Some).map_err(|_| Refusal::new(20422, format!("{name} is not a date")))
    };
    let (on, until, since) = (day("DateSent")?, day("DateSent<")?, day("DateSent>")?);
    let mut messages: Vec<_> = state.messages.iter().filter(|message| message.account == account).collect();
    messages.retain(|message| {
        // What was not sent yet is found by the day on which it was made.
        let sent = message.sent.unwrap_or(message.created).date_naive();
        value("To").is_none_or(|to| message.to == to)
            && value("From").is_none_or(|from| message.from == from)
            && on.is_none_or(|day| sent == day)
            && until.is_none_or(|day| sent <= day)
            && since.is_none_or(|day| sent >= day)
    });
    let all: Vec<_> = messages.into_iter().rev().map(json).collect();
    Ok(Answer::Json(200, page.classic("messages", &all)))
}

/// `GET …/Messages/{sid}.json`.
pub(super) fn fetch(state: &State, account: &str, sid: &str) -> Result<Answer, Refusal> {
    let found = state.message(sid).filter(|message| message.account == account);
    found.map(|message| Answer::Json(200, json(message))).ok_or_else(|| Refusal::not_found(sid))
}

/// `POST …/Messages/{sid}.json`: stops a message that was to go later, or takes its words away.
pub(super) fn update(state: &mut State, account: &str, sid: &str, call: &Call) -> Result<Answer, Refusal> {
    let form = call.form();
    knows(&form, &["Body", "Status"])?;
    fetch(state, account, sid)?;
    let now = state.time.now();
    let message = state.message_mut(sid).ok_or_else(|| Refusal::not_found(sid))?;
    match form::value(&form, "Status") {
        Some("canceled") if message.status == "scheduled" => message.status = "canceled".to_owned(),
        None => {}
        Some(_) => return Err(Refusal::new(20422, "only a scheduled message can be canceled")),
    }
    match form::all(&form, "Body").next() {
        Some("") => message.body.clear(),
        None => {}
        Some(_) => return Err(Refusal::new(20422, "a body can only be emptied")),
    }
    message.updated = now;
    Ok(Answer::Json(200, json(message)))
}

/// `DELETE …/Messages/{sid}.json`.
pub(super) fn delete(state: &mut State, account: &str, sid: &str) -> Result<Answer, Refusal> {
    fetch(state, account, sid)?;
    state.messages.retain(|message| message.sid != sid);
    state.media.retain(|media| media.message != sid);
    Ok(Answer::Empty(204))
}

fn json(message: &Message) -> Value {
    let uri = format!("/2010-04-01/Accounts/{}/Messages/{}", message.account, message.sid);
    json!({
        "sid": message.sid,
        "account_sid": message.account,
        "messaging_service_sid": message.service,
        "api_version": "2010-04-01",
        "direction": if message.inbound { "inbound" } else { "outbound-api" },
        "status": message.status,
        "error_code": message.error,
        "error_message": message.error.map(title),
        "from": message.from,
        "to": message.to,
        "body": message.body,
        "num_media": message.num_media.to_string(),
        "num_segments": "1",
        "price": null,
        "price_unit": null,
        "date_created": rfc2822(message.created),
        "date_updated": rfc2822(message.updated),
        "date_sent": message.sent.map(rfc2822),
        "uri": format!("{uri}.json"),
        "subresource_uris": {"media": format!("{uri}/Media.json")},
    })
}

/// A date as the older API writes it.
pub(super) fn rfc2822(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S +0000").to_string()
}
