//! Messaging Services, and the senders in them.

use super::{
    call::{Answer, Call, knows},
    content::iso,
    errors::Refusal,
    form::{self, Form},
    page::Page,
    state::{Sender, Service, State},
};
use serde_json::{Value, json};
use std::collections::HashMap;

const FIELDS: [&str; 16] = [
    "FriendlyName",
    "InboundRequestUrl",
    "InboundMethod",
    "FallbackUrl",
    "FallbackMethod",
    "StatusCallback",
    "StickySender",
    "MmsConverter",
    "SmartEncoding",
    "ScanMessageContent",
    "FallbackToLongCode",
    "AreaCodeGeomatch",
    "ValidityPeriod",
    "SynchronousValidation",
    "Usecase",
    "UseInboundWebhookOnNumber",
];

impl Service {
    /// A service of an account.
    pub(super) fn of(state: &State, sid: String, account: &str, fields: Form) -> Self {
        let now = state.time.now();
        let fields: HashMap<_, _> = fields.into_iter().collect();
        Self { sid, account: account.to_owned(), fields, senders: Vec::new(), created: now, updated: now }
    }

    fn json(&self, base_url: &str) -> Value {
        let url = format!("{base_url}/v1/Services/{}", self.sid);
        let is = |name: &str, otherwise: bool| self.field(name).map_or(otherwise, |value| value == "true");
        let number = |name: &str, otherwise: u32| self.field(name).and_then(|n| n.parse().ok()).unwrap_or(otherwise);
        json!({
            "sid": self.sid,
            "account_sid": self.account,
            "friendly_name": self.field("FriendlyName"),
            "date_created": iso(self.created),
            "date_updated": iso(self.updated),
            "inbound_request_url": self.field("InboundRequestUrl"),
            "inbound_method": self.field("InboundMethod").unwrap_or("POST"),
            "fallback_url": self.field("FallbackUrl"),
            "fallback_method": self.field("FallbackMethod").unwrap_or("POST"),
            "status_callback": self.field("StatusCallback"),
            "sticky_sender": is("StickySender", true),
            "mms_converter": is("MmsConverter", true),
            "smart_encoding": is("SmartEncoding", true),
            "scan_message_content": self.field("ScanMessageContent").unwrap_or("inherit"),
            "fallback_to_long_code": is("FallbackToLongCode", true),
            "area_code_geomatch": is("AreaCodeGeomatch", true),
            "synchronous_validation": is("SynchronousValidation", false),
            "validity_period": number("ValidityPeriod", 36_000),
            "usecase": self.field("Usecase"),
            "us_app_to_person_registered": false,
            "use_inbound_webhook_on_number": is("UseInboundWebhookOnNumber", false),
            "url": url,
            "links": {"channel_senders": format!("{url}/ChannelSenders")},
        })
    }
}

/// `POST /v1/Services`.
pub(super) fn create(state: &mut State, account: &str, call: &Call) -> Result<Answer, Refusal> {
    let form = call.form();
    knows(&form, &FIELDS)?;
    if form::value(&form, "FriendlyName").is_none() {
        return Err(Refusal::new(20422, "FriendlyName is missing"));
    }
    let sid = state.sid("MG");
    let service = Service::of(state, sid, account, form);
    let answer = service.json(&state.base_url);
    state.services.push(service);
    Ok(Answer::Json(201, answer))
}

/// `GET /v1/Services`.
pub(super) fn list(state: &State, account: &str, call: &Call) -> Result<Answer, Refusal> {
    call.knows_query(&[])?;
    let page = Page::of(&call.path, &call.query)?;
    let ours = state.services.iter().filter(|service| service.account == account);
    let all: Vec<_> = ours.map(|service| service.json(&state.base_url)).collect();
    Ok(Answer::Json(200, page.modern(&state.base_url, "services", &all)))
}

/// `GET /v1/Services/{sid}`.
pub(super) fn fetch(state: &State, account: &str, sid: &str) -> Result<Answer, Refusal> {
    Ok(Answer::Json(200, find(state, account, sid)?.json(&state.base_url)))
}

/// `POST /v1/Services/{sid}`.
pub(super) fn update(state: &mut State, account: &str, sid: &str, call: &Call) -> Result<Answer, Refusal> {
    let form = call.form();
    knows(&form, &FIELDS)?;
    let (now, base_url) = (state.time.now(), state.base_url.clone());
    let service = find_mut(state, account, sid)?;
    service.fields.extend(form);
    service.updated = now;
    Ok(Answer::Json(200, service.json(&base_url)))
}

/// `DELETE /v1/Services/{sid}`.
pub(super) fn delete(state: &mut State, account: &str, sid: &str) -> Result<Answer, Refusal> {
    find(state, account, sid)?;
    state.services.retain(|service| service.sid != sid);
    Ok(Answer::Empty(204))
}

/// `GET …/ChannelSenders`.
pub(super) fn senders(state: &State, account: &str, sid: &str, call: &Call) -> Result<Answer, Refusal> {
    call.knows_query(&[])?;
    let page = Page::of(&call.path, &call.query)?;
    let service = find(state, account, sid)?;
    let inside = state.senders.iter().filter(|sender| service.senders.contains(&sender.sid));
    let all: Vec<_> = inside.map(|sender| member(state, service, sender)).collect();
    Ok(Answer::Json(200, page.modern(&state.base_url, "senders", &all)))
}

/// `POST …/ChannelSenders`: a sender belongs to one service.
pub(super) fn add(state: &mut State, account: &str, sid: &str, call: &Call) -> Result<Answer, Refusal> {
    let form = call.form();
    knows(&form, &["Sid"])?;
    let sender = form::value(&form, "Sid").unwrap_or_default().to_owned();
    if !state.senders.iter().any(|known| known.sid == sender && known.account == account) {
        return Err(Refusal::not_found(&sender));
    }
    if state.services.iter().any(|service| service.senders.contains(&sender)) {
        return Err(Refusal::new(20409, "the sender is in a Messaging Service already"));
    }
    find_mut(state, account, sid)?.senders.push(sender.clone());
    shown(state, account, sid, &sender, 201)
}

/// `GET …/ChannelSenders/{sid}`.
pub(super) fn sender(state: &State, account: &str, sid: &str, sender: &str) -> Result<Answer, Refusal> {
    shown(state, account, sid, sender, 200)
}

/// `DELETE …/ChannelSenders/{sid}`.
pub(super) fn remove(state: &mut State, account: &str, sid: &str, sender: &str) -> Result<Answer, Refusal> {
    shown(state, account, sid, sender, 200)?;
    find_mut(state, account, sid)?.senders.retain(|inside| inside != sender);
    Ok(Answer::Empty(204))
}

fn shown(state: &State, account: &str, sid: &str, sender: &str, status: u16) -> Result<Answer, Refusal> {
    let service = find(state, account, sid)?;
    let mut inside = state.senders.iter().filter(|known| service.senders.contains(&known.sid));
    let found = inside.find(|known| known.sid == sender).ok_or_else(|| Refusal::not_found(sender))?;
    Ok(Answer::Json(status, member(state, service, found)))
}

fn member(state: &State, service: &Service, sender: &Sender) -> Value {
    json!({
        "sid": sender.sid,
        "account_sid": service.account,
        "messaging_service_sid": service.sid,
        "sender": sender.address,
        "sender_type": "WhatsApp",
        "country_code": null,
        "date_created": iso(service.updated),
        "date_updated": iso(service.updated),
        "url": format!("{}/v1/Services/{}/ChannelSenders/{}", state.base_url, service.sid, sender.sid),
    })
}

fn find<'a>(state: &'a State, account: &str, sid: &str) -> Result<&'a Service, Refusal> {
    let mut services = state.services.iter();
    services.find(|service| service.sid == sid && service.account == account).ok_or_else(|| Refusal::not_found(sid))
}

fn find_mut<'a>(state: &'a mut State, account: &str, sid: &str) -> Result<&'a mut Service, Refusal> {
    let mut services = state.services.iter_mut();
    services.find(|service| service.sid == sid && service.account == account).ok_or_else(|| Refusal::not_found(sid))
}
