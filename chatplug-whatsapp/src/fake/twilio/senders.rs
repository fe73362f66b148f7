//! WhatsApp numbers, registered and looked after through the Senders API.

use super::{
    call::{Answer, Call},
    errors::Refusal,
    form,
    page::Page,
    state::{Sender, State},
};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The code that completes the check of a number.
pub(super) const CODE: &str = "123456";

const PARTS: [&str; 4] = ["sender_id", "configuration", "webhook", "profile"];

const CONFIGURATION: [&str; 5] =
    ["waba_id", "verification_method", "verification_code", "voice_application_sid", "account_type"];

const WEBHOOK: [&str; 6] = [
    "callback_url",
    "callback_method",
    "fallback_url",
    "fallback_method",
    "status_callback_url",
    "status_callback_method",
];

const PROFILE: [&str; 13] = [
    "name",
    "about",
    "address",
    "description",
    "logo_url",
    "banner_url",
    "privacy_url",
    "terms_of_service_url",
    "accent_color",
    "vertical",
    "websites",
    "emails",
    "phone_numbers",
];

impl Sender {
    /// A number of an account that can send.
    pub(super) fn online(sid: String, account: &str, address: &str) -> Self {
        Self {
            sid,
            account: account.to_owned(),
            address: address.to_owned(),
            status: "ONLINE",
            configuration: Value::Null,
            webhook: Value::Null,
            profile: Value::Null,
            offline: None,
            join: None,
            joined: HashMap::new(),
        }
    }

    fn json(&self, base_url: &str) -> Value {
        let online = self.status.starts_with("ONLINE");
        let properties = json!({"quality_rating": "HIGH", "messaging_limit": "1K Customers/24hr"});
        let reason = |(code, words): &(i64, String)| {
            let more = format!("https://www.twilio.com/docs/errors/{code}");
            json!([{"code": code.to_string(), "message": words, "more_info": more}])
        };
        let mut configuration = self.configuration.clone();
        if let Some(configuration) = configuration.as_object_mut() {
            configuration.remove("verification_code");
        }
        json!({
            "sid": self.sid,
            "status": self.status,
            "sender_id": self.address,
            "configuration": configuration,
            "webhook": self.webhook,
            "profile": self.profile,
            "properties": if online { properties } else { Value::Null },
            "offline_reasons": self.offline.as_ref().filter(|_| self.status == "OFFLINE").map(reason),
            "url": format!("{base_url}/v2/Channels/Senders/{}", self.sid),
        })
    }
}

/// `POST /v2/Channels/Senders`.
pub(super) fn create(state: &mut State, account: &str, call: &Call) -> Result<Answer, Refusal> {
    let posted = call.json()?;
    known(&posted)?;
    let address = form::text(&posted, "sender_id").unwrap_or_default().to_owned();
    let digits = address.strip_prefix("whatsapp:+").unwrap_or_default();
    if !(7..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::new(20422, "sender_id must be whatsapp:+ and a number"));
    }
    if state.sender(&address).is_some() {
        return Err(Refusal::new(20422, "this number is registered already"));
    }
    let first = !state.senders.iter().any(|sender| sender.account == account);
    if first && posted.pointer("/configuration/waba_id").and_then(Value::as_str).is_none() {
        return Err(Refusal::new(
            20422,
            "the first sender of an account is registered in the console, or with a waba_id",
        ));
    }
    let part = |key: &str| posted.get(key).cloned().unwrap_or(Value::Null);
    let sender = Sender {
        status: "CREATING",
        configuration: part("configuration"),
        webhook: part("webhook"),
        profile: part("profile"),
        ..Sender::online(state.sid("XE"), account, &address)
    };
    let answer = sender.json(&state.base_url);
    state.senders.push(sender);
    Ok(Answer::Json(202, answer))
}

/// `GET /v2/Channels/Senders`.
pub(super) fn list(state: &State, account: &str, call: &Call) -> Result<Answer, Refusal> {
    call.knows_query(&["Channel"])?;
    let channel = form::value(&call.query, "Channel").ok_or_else(|| Refusal::new(20422, "Channel is missing"))?;
    let page = Page::of(&call.path, &call.query)?;
    let wanted = |sender: &&Sender| sender.account == account && channel == "whatsapp";
    let all: Vec<_> = state.senders.iter().filter(wanted).map(|sender| sender.json(&state.base_url)).collect();
    Ok(Answer::Json(200, page.modern(&state.base_url, "senders", &all)))
}

/// `GET /v2/Channels/Senders/{sid}`: each look finds a new sender one step further.
pub(super) fn fetch(state: &mut State, account: &str, sid: &str) -> Result<Answer, Refusal> {
    let base_url = state.base_url.clone();
    let sender = find(state, account, sid)?;
    let answer = sender.json(&base_url);
    let checked = sender.configuration.get("verification_method").is_some_and(|method| !method.is_null());
    sender.status = match sender.status {
        "CREATING" if checked => "PENDING_VERIFICATION",
        "CREATING" => "VERIFYING",
        "VERIFYING" | "ONLINE:UPDATING" => "ONLINE",
        other => other,
    };
    Ok(Answer::Json(200, answer))
}

/// `POST /v2/Channels/Senders/{sid}`.
pub(super) fn update(state: &mut State, account: &str, sid: &str, call: &Call) -> Result<Answer, Refusal> {
    let posted = call.json()?;
    known(&posted)?;
    let base_url = state.base_url.clone();
    let sender = find(state, account, sid)?;
    if let Some(code) = posted.pointer("/configuration/verification_code").and_then(Value::as_str) {
        if code != CODE || !matches!(sender.status, "CREATING" | "PENDING_VERIFICATION") {
            return Err(Refusal::new(20422, "the verification code is not right"));
        }
        sender.status = "VERIFYING";
    } else if sender.status == "ONLINE" {
        sender.status = "ONLINE:UPDATING";
    }
    for (key, part) in [
        ("configuration", &mut sender.configuration),
        ("webhook", &mut sender.webhook),
        ("profile", &mut sender.profile),
    ] {
        let Some(new) = posted.get(key).and_then(Value::as_object) else { continue };
        if !part.is_object() {
            *part = json!({});
        }
        for (name, value) in new {
            part[name] = value.clone();
        }
    }
    Ok(Answer::Json(202, sender.json(&base_url)))
}

/// `DELETE /v2/Channels/Senders/{sid}`.
pub(super) fn delete(state: &mut State, account: &str, sid: &str) -> Result<Answer, Refusal> {
    find(state, account, sid)?;
    state.senders.retain(|sender| sender.sid != sid);
    state.services.iter_mut().for_each(|service| service.senders.retain(|sender| sender != sid));
    Ok(Answer::Empty(204))
}

fn find<'a>(state: &'a mut State, account: &str, sid: &str) -> Result<&'a mut Sender, Refusal> {
    let mut senders = state.senders.iter_mut();
    senders.find(|sender| sender.sid == sid && sender.account == account).ok_or_else(|| Refusal::not_found(sid))
}

fn known(posted: &Value) -> Result<(), Refusal> {
    let only = |what: &str, object: Option<&Value>, known: &[&str]| {
        let unknown =
            object.and_then(Value::as_object).and_then(|fields| fields.keys().find(|key| !known.contains(&&***key)));
        match unknown {
            Some(unknown) => Err(Refusal::new(20001, format!("{what}: unknown field {unknown}"))),
            None => Ok(()),
        }
    };
    only("sender", Some(posted), &PARTS)?;
    only("configuration", posted.get("configuration"), &CONFIGURATION)?;
    only("webhook", posted.get("webhook"), &WEBHOOK)?;
    only("profile", posted.get("profile"), &PROFILE)?;
    let method = |key: &str| posted.pointer(&format!("/webhook/{key}")).and_then(Value::as_str);
    if ["callback_method", "fallback_method"].into_iter().filter_map(method).any(|m| !["POST", "PUT"].contains(&m)) {
        return Err(Refusal::new(20422, "a webhook's method must be POST or PUT"));
    }
    Ok(())
}
