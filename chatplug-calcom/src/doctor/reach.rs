//! Why nobody answers, or not the one who should: credentials, addresses, editions.

use super::{CalcomFinding as F, ServerKind};
use crate::{
    CalcomBranch, CalcomClient, CalcomConfig, Call, CallError,
    client::{Refusal, Version},
};
use serde_json::Value;
use std::error::Error;

/// What it means that the first call failed.
pub(super) async fn diagnosed(client: &CalcomClient, error: &CallError) -> F {
    match error {
        CallError::Unauthorized(refusal) => refused(refusal),
        CallError::RateLimited { .. } => F::NotAsked { what: "the account", why: chain(error) },
        // Nobody there, or somebody else: the API answers neither with pages nor with redirects.
        _ => {
            let found = elsewhere(client).await;
            let is_somebody =
                !matches!(error, CallError::Unavailable { source: Some(source) } if is_network(&**source));
            if found.is_some() || is_somebody && !is_down(error) {
                F::WrongAddress { base_url: client.config().base_url.clone(), try_this: found }
            } else {
                F::NotAsked { what: "the server", why: chain(error) }
            }
        }
    }
}

/// What a refused credential means, by what Cal.com says.
pub(super) fn refused(refusal: &Refusal) -> F {
    let said = refusal.message.reveal().to_ascii_lowercase();
    if said.contains("licen") {
        F::LicenceMissing
    } else if said.contains("expired") {
        F::CredentialExpired
    } else {
        F::CredentialRefused
    }
}

/// An address near the configured one under which the API answers.
async fn elsewhere(client: &CalcomClient) -> Option<String> {
    for url in near(&client.config().base_url) {
        let other = client.at(&url);
        // Cal.com refuses in shapes of its own: it is there.
        match other.send::<Value>(&Call::get("me")).await {
            Ok(_) | Err(CallError::Unauthorized(_)) => return Some(url),
            Err(_) => {}
        }
    }
    None
}

/// What somebody may have meant: without `/v1`, with `/api`, the API's host in place of the web application's.
fn near(base_url: &str) -> Vec<String> {
    let Ok(url) = reqwest::Url::parse(base_url) else { return Vec::new() };
    let origin = url.origin().ascii_serialization();
    let mut near = vec![origin.clone(), format!("{origin}/api")];
    let host = url.host_str().unwrap_or_default();
    if matches!(host, "cal.com" | "app.cal.com" | "www.cal.com") {
        near.insert(0, crate::DEFAULT_BASE_URL.to_owned());
    }
    near.retain(|one| one != base_url);
    near
}

/// Whether it is somebody who is not well, and not somebody else.
fn is_down(error: &CallError) -> bool {
    matches!(error, CallError::Unavailable { source: Some(source) } if source.to_string().contains("status 5"))
}

/// Whether nobody answered at all.
fn is_network(source: &(dyn Error + Send + Sync)) -> bool {
    !source.to_string().contains("HTTP status")
}

/// Which of the servers it is: what is only in some of them tells.
pub(super) async fn kind(client: &CalcomClient, me: &Value, kind: ServerKind) -> ServerKind {
    if kind == ServerKind::Cloud {
        return kind;
    }
    let username = me.get("username").and_then(Value::as_str).unwrap_or_default();
    let call = Call::get("event-types").query("username", username);
    debug_assert_eq!(call.version(), Version::EventTypes, "the path decides");
    let Ok(answer) = client.send::<Vec<Value>>(&call).await else { return kind };
    match answer.data.first() {
        Some(first) if first.get("bookingUrl").is_some() => ServerKind::Community2026,
        Some(_) => ServerKind::Images2025,
        None => kind,
    }
}

/// The host that is called.
pub(super) fn host(config: &CalcomConfig) -> String {
    let url = reqwest::Url::parse(&config.base_url).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// What a branch is at Cal.com, in words; empty where it is the caller's own.
pub(super) fn place(branch: &CalcomBranch) -> String {
    match (branch.organization, branch.team) {
        (Some(organization), Some(team)) => format!("team {team} of organisation {organization}"),
        (None, Some(team)) => format!("team {team}"),
        (Some(organization), None) => format!("organisation {organization}"),
        (None, None) => match branch.accounts.as_slice() {
            [] => String::new(),
            accounts => format!("user {}", accounts.join(", ")),
        },
    }
}

/// An error with what is behind it.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        words.push_str(": ");
        words.push_str(&error.to_string());
        behind = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_may_have_meant_is_tried() {
        assert_eq!(near("https://app.cal.com")[0], "https://api.cal.com");
        assert_eq!(near("https://calendar.example/v1"), ["https://calendar.example", "https://calendar.example/api"]);
        assert_eq!(near("https://calendar.example"), ["https://calendar.example/api"]);
    }
}
