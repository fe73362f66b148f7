//! Files of messages: their addresses, which redirect to storage on another host, and the storage.

use super::{
    call::{Answer, Call},
    errors::Refusal,
    messages::rfc2822,
    page::Page,
    state::{Media, Shared, State},
};
use crate::fake::net::{Gate, Scissors};
use axum::{
    Router,
    extract::{Path, State as AxumState},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET …/Media/{sid}` (a redirect to the file) and `GET …/Media/{sid}.json` (what it is).
pub(super) fn fetch(state: &State, account: &str, message: &str, file: &str) -> Result<Answer, Refusal> {
    let sid = file.strip_suffix(".json");
    let media = find(state, account, message, sid.unwrap_or(file))?;
    if sid.is_some() {
        return Ok(Answer::Json(200, json(media)));
    }
    let own = || format!("{}/storage/{}", state.storage_url, media.sid);
    Ok(Answer::Redirect(media.elsewhere.clone().unwrap_or_else(own)))
}

/// `GET …/Media.json`.
pub(super) fn list(state: &State, account: &str, message: &str, call: &Call) -> Result<Answer, Refusal> {
    call.knows_query(&["DateCreated", "DateCreated<", "DateCreated>"])?;
    let page = Page::of(&call.path, &call.query)?;
    let ours = |media: &&Media| media.account == account && media.message == message;
    let all: Vec<_> = state.media.iter().filter(ours).map(json).collect();
    Ok(Answer::Json(200, page.classic("media_list", &all)))
}

/// `DELETE …/Media/{sid}.json`.
pub(super) fn delete(state: &mut State, account: &str, message: &str, file: &str) -> Result<Answer, Refusal> {
    let sid = file.strip_suffix(".json").unwrap_or(file).to_owned();
    find(state, account, message, &sid)?;
    state.media.retain(|media| media.sid != sid);
    Ok(Answer::Empty(204))
}

fn find<'a>(state: &'a State, account: &str, message: &str, sid: &str) -> Result<&'a Media, Refusal> {
    let is = |media: &&Media| media.sid == sid && media.message == message && media.account == account;
    state.media.iter().find(is).ok_or_else(|| Refusal::not_found(sid))
}

fn json(media: &Media) -> Value {
    let Media { sid, account, message, .. } = media;
    json!({
        "sid": sid,
        "account_sid": account,
        "parent_sid": message,
        "content_type": media.mime,
        "date_created": rfc2822(media.created),
        "date_updated": rfc2822(media.created),
        "uri": format!("/2010-04-01/Accounts/{account}/Messages/{message}/Media/{sid}.json"),
    })
}

/// Serves the storage until it is aborted.
pub(super) async fn serve(gate: Gate, shared: Arc<Shared>) {
    let router = Router::new().route("/storage/{sid}", get(stored)).with_state(shared);
    let _ = axum::serve(gate, router.into_make_service_with_connect_info::<Scissors>()).await;
}

/// The bytes, unless the credentials for Twilio arrive here too: storage takes its own signature only, and they have
/// leaked.
async fn stored(AxumState(shared): AxumState<Arc<Shared>>, Path(sid): Path<String>, headers: HeaderMap) -> Response {
    shared.with(|state| {
        if headers.contains_key(header::AUTHORIZATION) {
            state.leaks += 1;
            return (StatusCode::BAD_REQUEST, "only one way of authentication is allowed").into_response();
        }
        match state.media.iter().find(|media| media.sid == sid) {
            Some(media) => ([(header::CONTENT_TYPE, media.mime.clone())], media.bytes.clone()).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    })
}
