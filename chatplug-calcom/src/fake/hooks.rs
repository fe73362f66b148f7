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
    /// Of whom: a user, an event type or an organisation.
    pub(super) user: Option<u64>,
    pub(super) event_type: Option<u64>,
    pub(super) organization: Option<u64>,
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
            user: Some(user),
            event_type: None,
            organization: None,
        }
    }

    fn shown(&self) -> Value {
        let mut shown = json!({
            "id": self.id, "payloadTemplate": self.template, "triggers": self.triggers, "subscriberUrl": self.url,
            "active": self.active,
        });
        if let Some(shown) = shown.as_object_mut() {
            shown.extend(self.secret.iter().map(|secret| ("secret".to_owned(), json!(secret))));
            shown.extend(self.user.map(|user| ("userId".to_owned(), json!(user))));
            shown.extend(self.event_type.map(|id| ("eventTypeId".to_owned(), json!(id))));
            shown.extend(self.organization.map(|id| ("teamId".to_owned(), json!(id))));
        }
        shown
    }
}

/// Whose webhooks a path is about.
type Whose = (Option<u64>, Option<u64>, Option<u64>);

pub(super) fn list(state: &mut State, call: &Call) -> Done {
    page(state, call, (call.user, None, None))
}

pub(super) fn create(state: &mut State, call: &Call) -> Done {
    make(state, call, (call.user, None, None))
}

pub(super) fn list_of_type(state: &mut State, call: &Call) -> Done {
    let of = event_type(state, call)?;
    page(state, call, (None, Some(of), None))
}

pub(super) fn create_of_type(state: &mut State, call: &Call) -> Done {
    let of = event_type(state, call)?;
    make(state, call, (None, Some(of), None))
}

pub(super) fn clear_type(state: &mut State, call: &Call) -> Done {
    let of = event_type(state, call)?;
    let before = state.hooks.len();
    state.hooks.retain(|hook| hook.event_type != Some(of));
    Ok(Answer::ok(json!(format!("{} webhooks deleted", before - state.hooks.len()))))
}

pub(super) fn list_of_organization(state: &mut State, call: &Call) -> Done {
    super::api::organizations::people(state, call)?;
    page(state, call, (None, None, Some(call.id("org"))))
}

pub(super) fn create_of_organization(state: &mut State, call: &Call) -> Done {
    super::api::organizations::people(state, call)?;
    make(state, call, (None, None, Some(call.id("org"))))
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
        n != at && url.as_ref() == Some(&hook.url) && state.hooks.get(at).is_some_and(|own| own.user == hook.user)
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
    let theirs = state.hooks.get(at).is_some_and(|hook| {
        let of = hook.event_type.and_then(|id| state.event_types.get(&id));
        let organization = hook.organization.and_then(|id| state.teams.get(&id)?.role(user));
        hook.user == Some(user)
            || of.is_some_and(|of| state.owns(user, of))
            || organization.is_some_and(super::account::FakeRole::administers)
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

fn page(state: &State, call: &Call, whose: Whose) -> Done {
    let (take, skip) = take_skip(call, 250, 250)?;
    let all = state.hooks.iter().filter(|hook| (hook.user, hook.event_type, hook.organization) == whose);
    Ok(Answer::ok(all.skip(skip).take(take).map(Hook::shown).collect()))
}

fn make(state: &mut State, call: &Call, whose: Whose) -> Done {
    check(state, &call.body, false)?;
    let url = call.text("subscriberUrl").unwrap_or_default().to_owned();
    let mut all = state.hooks.iter();
    if all.any(|hook| hook.url == url && (hook.user, hook.event_type, hook.organization) == whose) {
        let whom = match whose {
            (Some(_), ..) => "user",
            (_, Some(_), _) => "event type",
            _ => "organization",
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
        user: whose.0,
        event_type: whose.1,
        organization: whose.2,
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
