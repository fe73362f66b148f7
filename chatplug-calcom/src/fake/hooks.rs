//! Administration of webhooks. Contract: "Webhooks".

use super::{
    answer::{Answer, Done},
    api::list::take_skip,
    call::Call,
    check::failure,
    state::State,
};
use serde_json::{Value, json};

/// What a server of 2025 can tell.
const TRIGGERS: [&str; 18] = [
    "BOOKING_CREATED",
    "BOOKING_PAYMENT_INITIATED",
    "BOOKING_PAID",
    "BOOKING_RESCHEDULED",
    "BOOKING_REQUESTED",
    "BOOKING_CANCELLED",
    "BOOKING_REJECTED",
    "BOOKING_NO_SHOW_UPDATED",
    "FORM_SUBMITTED",
    "MEETING_ENDED",
    "MEETING_STARTED",
    "RECORDING_READY",
    "INSTANT_MEETING",
    "RECORDING_TRANSCRIPTION_GENERATED",
    "OOO_CREATED",
    "AFTER_HOSTS_CAL_VIDEO_NO_SHOW",
    "AFTER_GUESTS_CAL_VIDEO_NO_SHOW",
    "FORM_SUBMITTED_NO_EVENT",
];
/// What those of 2026 can tell besides.
const NEWER: [&str; 3] = ["ROUTING_FORM_FALLBACK_HIT", "DELEGATION_CREDENTIAL_ERROR", "WRONG_ASSIGNMENT_REPORT"];

/// Somebody who is told.
#[derive(Debug, Clone)]
pub(super) struct Hook {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) active: bool,
    pub(super) triggers: Vec<String>,
    pub(super) secret: Option<String>,
    pub(super) template: Option<String>,
    pub(super) of: Whose,
}

/// Whose webhook it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whose {
    User(u64),
    EventType(u64),
    Organization(u64),
    Client(String),
}

impl Hook {
    /// Everything of one user's.
    pub(super) fn everything(id: String, user: u64, url: &str, secret: Option<&str>) -> Self {
        Self {
            id,
            url: url.to_owned(),
            active: true,
            triggers: TRIGGERS.map(str::to_owned).to_vec(),
            secret: secret.map(str::to_owned),
            template: None,
            of: Whose::User(user),
        }
    }

    fn shown(&self) -> Value {
        let mut shown = json!({
            "id": self.id, "payloadTemplate": self.template, "triggers": self.triggers, "subscriberUrl": self.url,
            "active": self.active,
        });
        if let Some(shown) = shown.as_object_mut() {
            shown.extend(self.secret.iter().map(|secret| ("secret".to_owned(), json!(secret))));
            let (name, id) = match &self.of {
                Whose::User(id) => ("userId", json!(id)),
                Whose::EventType(id) => ("eventTypeId", json!(id)),
                Whose::Organization(id) => ("teamId", json!(id)),
                Whose::Client(id) => ("oAuthClientId", json!(id)),
            };
            shown.insert(name.to_owned(), id);
        }
        shown
    }
}

pub(super) fn list(state: &mut State, call: &Call) -> Done {
    page(state, call, &Whose::User(call.user.unwrap_or_default()))
}

pub(super) fn create(state: &mut State, call: &Call) -> Done {
    make(state, call, Whose::User(call.user.unwrap_or_default()))
}

pub(super) fn list_of_type(state: &mut State, call: &Call) -> Done {
    let of = event_type(state, call)?;
    page(state, call, &Whose::EventType(of))
}

pub(super) fn create_of_type(state: &mut State, call: &Call) -> Done {
    let of = event_type(state, call)?;
    make(state, call, Whose::EventType(of))
}

pub(super) fn clear_type(state: &mut State, call: &Call) -> Done {
    let of = event_type(state, call)?;
    let before = state.hooks.len();
    state.hooks.retain(|hook| hook.of != Whose::EventType(of));
    Ok(Answer::ok(json!(format!("{} webhooks deleted", before - state.hooks.len()))))
}

pub(super) fn list_of_organization(state: &mut State, call: &Call) -> Done {
    super::api::organizations::people(state, call)?;
    page(state, call, &Whose::Organization(call.id("org")))
}

pub(super) fn create_of_organization(state: &mut State, call: &Call) -> Done {
    super::api::organizations::people(state, call)?;
    make(state, call, Whose::Organization(call.id("org")))
}

pub(super) fn list_of_client(state: &mut State, call: &Call) -> Done {
    let of = client(call)?;
    page(state, call, &of)
}

pub(super) fn create_of_client(state: &mut State, call: &Call) -> Done {
    let of = client(call)?;
    make(state, call, of)
}

pub(super) fn clear_client(state: &mut State, call: &Call) -> Done {
    let of = client(call)?;
    let before = state.hooks.len();
    state.hooks.retain(|hook| hook.of != of);
    Ok(Answer::ok(json!(format!("{} webhooks deleted", before - state.hooks.len()))))
}

/// The platform's client, which calls itself.
fn client(call: &Call) -> Result<Whose, Answer> {
    let id = call.part("client");
    let missing = || Answer::refused(403, "IsOAuthClientGuard - user is not authorized to access this oAuth client");
    call.client.as_deref().filter(|own| *own == id).map(|own| Whose::Client(own.to_owned())).ok_or_else(missing)
}

pub(super) fn read(state: &mut State, call: &Call) -> Done {
    let at = own(state, call)?;
    Ok(Answer::ok(state.hooks.get(at).map_or(Value::Null, Hook::shown)))
}

pub(super) fn update(state: &mut State, call: &Call) -> Done {
    let at = own(state, call)?;
    check(state, &call.body, true)?;
    let url = call.text("subscriberUrl").map(str::to_owned);
    let clash = state.hooks.iter().enumerate().any(|(n, hook)| {
        n != at && url.as_ref() == Some(&hook.url) && state.hooks.get(at).is_some_and(|own| own.of == hook.of)
    });
    if clash {
        return Err(Answer::refused(409, "Webhook with this subscriber url already exists for this user"));
    }
    let Some(hook) = state.hooks.get_mut(at) else { return Err(Answer::broken()) };
    hook.url = url.unwrap_or_else(|| hook.url.clone());
    hook.active = call.body["active"].as_bool().unwrap_or(hook.active);
    if let Some(secret) = call.text("secret") {
        hook.secret = Some(secret.to_owned()).filter(|secret| !secret.is_empty());
    }
    if let Some(triggers) = call.body["triggers"].as_array() {
        hook.triggers = triggers.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    }
    let shown = hook.shown();
    Ok(Answer::ok(shown))
}

pub(super) fn delete(state: &mut State, call: &Call) -> Done {
    let at = own(state, call)?;
    Ok(Answer::ok(state.hooks.remove(at).shown()))
}

fn own(state: &State, call: &Call) -> Result<usize, Answer> {
    let id = call.part("hook");
    let user = call.user.unwrap_or_default();
    let missing = || Answer::refused(404, format!("IsUserWebhookGuard - Webhook ({id}) not found"));
    let at = state.hooks.iter().position(|hook| hook.id == id).ok_or_else(missing)?;
    let theirs = state.hooks.get(at).is_some_and(|hook| match &hook.of {
        Whose::User(id) => *id == user,
        Whose::EventType(id) => state.event_types.get(id).is_some_and(|of| state.owns(user, of)),
        Whose::Organization(id) => {
            let role = state.teams.get(id).and_then(|team| team.role(user));
            role.is_some_and(super::account::FakeRole::administers)
        }
        Whose::Client(id) => call.client.as_ref() == Some(id),
    });
    if theirs {
        Ok(at)
    } else {
        Err(Answer::refused(403, "IsUserWebhookGuard - User is not authorized to access this webhook"))
    }
}

fn event_type(state: &State, call: &Call) -> Result<u64, Answer> {
    let id = call.id("id");
    let of = state.event_types.get(&id);
    let of = of.ok_or_else(|| Answer::refused(404, format!("Event type with id {id} not found")))?;
    let theirs = call.user.is_some_and(|user| state.owns(user, of));
    if theirs { Ok(id) } else { Err(Answer::refused(403, "User is not authorized to access this event type")) }
}

fn page(state: &State, call: &Call, whose: &Whose) -> Done {
    let (take, skip) = take_skip(call, 250, 250)?;
    let all = state.hooks.iter().filter(|hook| hook.of == *whose);
    Ok(Answer::ok(all.skip(skip).take(take).map(Hook::shown).collect()))
}

fn make(state: &mut State, call: &Call, whose: Whose) -> Done {
    check(state, &call.body, false)?;
    let url = call.text("subscriberUrl").unwrap_or_default().to_owned();
    if state.hooks.iter().any(|hook| hook.url == url && hook.of == whose) {
        let whom = match whose {
            Whose::User(_) => "user",
            Whose::EventType(_) => "event type",
            Whose::Organization(_) => "organization",
            Whose::Client(_) => "oAuth client",
        };
        return Err(Answer::refused(409, format!("Webhook with this subscriber url already exists for this {whom}")));
    }
    let triggers = call.body["triggers"].as_array().into_iter().flatten();
    let hook = Hook {
        id: state.uuid(),
        url,
        active: call.body["active"].as_bool().unwrap_or_default(),
        triggers: triggers.filter_map(Value::as_str).map(str::to_owned).collect(),
        secret: call.text("secret").map(str::to_owned),
        // Whatever was sent.
        template: None,
        of: whose,
    };
    let shown = hook.shown();
    state.hooks.push(hook);
    Ok(Answer::created(shown))
}

fn check(state: &State, body: &Value, partly: bool) -> Result<(), Answer> {
    let mut wrong = Vec::new();
    let there = |name: &str| !partly || body.get(name).is_some();
    if there("active") && !body["active"].is_boolean() {
        let said = json!({"isBoolean": "active must be a boolean value"});
        wrong.push(failure(body, body.get("active"), "active", &said));
    }
    if there("subscriberUrl") && !body["subscriberUrl"].is_string() {
        let said = json!({"isString": "subscriberUrl must be a string"});
        wrong.push(failure(body, body.get("subscriberUrl"), "subscriberUrl", &said));
    }
    let known: Vec<_> = TRIGGERS.into_iter().chain(NEWER.into_iter().filter(|_| state.server.is_newer())).collect();
    let fits = |one: &Value| one.as_str().is_some_and(|one| known.contains(&one));
    if there("triggers") && !body["triggers"].as_array().is_some_and(|all| all.iter().all(fits)) {
        let said = json!({"isEnum": format!("each value in triggers must be one of the following values: {}", known.join(", "))});
        wrong.push(failure(body, body.get("triggers"), "triggers", &said));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Answer::invalid(wrong)) }
}
