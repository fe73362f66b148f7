//! Word to the team as a signed POST, for whatever they use: a chat, a pager, the business's own system.
//!
//! The body is JSON without names, numbers or texts: what happened, and ids to look it up by. Its HMAC-SHA256 under the
//! tenant's secret stands in the header [`SIGNATURE`], what the notice is recognised by in [`KEY`]. Trying again is the
//! engine's business.

use async_trait::async_trait;
use chatplug_core::{
    dialogue::TeamEvent,
    ports::{Clock, Notice, Notifier, NotifyError},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;
use std::{fmt, sync::Arc};

/// The header that holds `sha256=` and the body's HMAC in hexadecimal digits.
pub const SIGNATURE: &str = "x-chatplug-signature-256";

/// The header that holds the notice's id: the same when it is told again.
pub const KEY: &str = "idempotency-key";

/// Posts notices to a URL.
pub struct WebhookNotifier {
    http: reqwest::Client,
    url: String,
    secret: SecretString,
    clock: Arc<dyn Clock>,
}

impl WebhookNotifier {
    /// Posts to `url`, signed with `secret`. The client should follow no redirects: the signed body is for this URL.
    #[must_use]
    pub const fn new(http: reqwest::Client, url: String, secret: SecretString, clock: Arc<dyn Clock>) -> Self {
        Self { http, url, secret, clock }
    }
}

/// The signature of a body, as the header holds it.
#[must_use]
pub fn sign(secret: &SecretString, body: &[u8]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else { return String::new() };
    mac.update(body);
    let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

/// What is posted.
fn body(notice: &Notice, now: chrono::DateTime<chrono::Utc>) -> Value {
    let (what, detail) = match &notice.event {
        TeamEvent::NeedsPerson { reason } => ("needs_person", json!({ "reason": reason })),
        TeamEvent::RunningLate { booking, minutes } => {
            ("running_late", json!({ "booking": booking, "minutes": minutes }))
        }
        // Their words are in the conversation.
        TeamEvent::Review { .. } => ("review", json!({})),
        // The provider's words may quote a number.
        TeamEvent::Undeliverable { .. } => ("undeliverable", json!({})),
        TeamEvent::Unanswered => ("unanswered", json!({})),
        TeamEvent::Template { channel, meaning, lang, trouble } => {
            ("template", json!({ "channel": channel, "meaning": meaning, "lang": lang, "trouble": trouble }))
        }
        // Of what is not known here nothing is told but that it happened.
        _ => ("other", json!({})),
    };
    json!({
        "id": notice.id,
        "tenant": notice.tenant,
        "conversation": notice.conversation,
        "what": what,
        "detail": detail,
        "sent": now,
    })
}

#[async_trait]
impl Notifier for WebhookNotifier {
    async fn notify(&self, notice: &Notice) -> Result<(), NotifyError> {
        let body = body(notice, self.clock.now()).to_string();
        let request = self
            .http
            .post(&self.url)
            .header("content-type", "application/json")
            .header(KEY, notice.id.as_uuid().to_string())
            .header(SIGNATURE, sign(&self.secret, body.as_bytes()))
            .body(body);
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| NotifyError { source: Some(source) };
        // The address may hold a secret of its own: it is kept out of the error.
        let answer = request.send().await.map_err(|error| failed(error.without_url().into()))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(failed(format!("answered with {status}").into())),
        }
    }
}

impl fmt::Debug for WebhookNotifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookNotifier").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatplug_core::model::{ConversationId, NoticeId, Private, TenantId};

    #[test]
    fn the_signature_is_the_one_that_others_compute() {
        // RFC 4231, test case 2.
        assert_eq!(
            sign(&"Jefe".to_owned().into(), b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn texts_stay_in_the_conversation() {
        let events = [
            TeamEvent::Review { text: Private::new("Marta was rude".to_owned()) },
            TeamEvent::Undeliverable { detail: "351912345678 is not on WhatsApp".to_owned() },
        ];
        for event in events {
            let tenant = TenantId::new("bella").unwrap();
            let (id, conversation) = (NoticeId::derive(&["1"]), ConversationId::derive(&["1"]));
            let notice = Notice { id, tenant, conversation: Some(conversation), event };
            let text = body(&notice, chrono::DateTime::UNIX_EPOCH).to_string();
            assert!(!text.contains("rude") && !text.contains("351912345678"), "{text}");
        }
    }
}
