//! "Typing": marks a client's message as read, and shows that somebody writes.

use super::{
    call::{Answer, Call, knows},
    errors::Refusal,
    form,
    sent::ReadMark,
    state::State,
};
use serde_json::json;

/// `POST /v2/Indicators/Typing.json`, a form.
pub(super) fn by_form(state: &mut State, account: &str, call: &Call) -> Result<Answer, Refusal> {
    let form = call.form();
    knows(&form, &["channel", "messageId"])?;
    if form::value(&form, "channel") != Some("whatsapp") {
        return Err(Refusal::new(20422, "channel must be whatsapp"));
    }
    mark(state, account, form::value(&form, "messageId").unwrap_or_default())
}

/// `POST /v3/Indicators/Typing.json`, JSON.
pub(super) fn by_json(state: &mut State, account: &str, call: &Call) -> Result<Answer, Refusal> {
    let posted = call.json()?;
    let unknown =
        posted.as_object().and_then(|fields| fields.keys().find(|key| !["channel", "messageId"].contains(&&***key)));
    if let Some(unknown) = unknown {
        return Err(Refusal::new(20001, format!("unknown parameter {unknown}")));
    }
    if form::text(&posted, "channel") != Some("WHATSAPP") {
        return Err(Refusal::new(20422, "channel must be WHATSAPP"));
    }
    mark(state, account, form::text(&posted, "messageId").unwrap_or_default())
}

fn mark(state: &mut State, account: &str, sid: &str) -> Result<Answer, Refusal> {
    let inbound = state.message(sid).is_some_and(|message| message.inbound && message.account == account);
    if !inbound {
        return Err(Refusal::new(20422, "messageId must be a message that a client sent"));
    }
    state.reads.push(ReadMark { account: account.to_owned(), message_id: sid.to_owned() });
    Ok(Answer::Json(200, json!({"success": true})))
}
