//! The made-up CRM's webhooks: a shared secret in a header, an appointment's id, nothing else.

use bytes::Bytes;
use chatplug::ports::{Received, ReceivedEvent, Scoped, WebhookError, WebhookReceiver};
use chrono::{DateTime, Utc};

#[derive(Debug)]
pub struct CrmWebhook;

impl WebhookReceiver for CrmWebhook {
    fn receive(&self, request: &http::Request<Bytes>, now: DateTime<Utc>) -> Result<Received, WebhookError> {
        if request.headers().get("x-crm-secret").is_none_or(|secret| secret != "crm-secret") {
            return Err(WebhookError::Forged);
        }
        let body: serde_json::Value =
            serde_json::from_slice(request.body()).map_err(|e| WebhookError::Malformed(e.to_string()))?;
        let Some(id) = body["appointment"].as_str() else {
            return Err(WebhookError::Malformed("no appointment".to_owned()));
        };
        let event = ReceivedEvent {
            provider: "crm",
            external_id: "crm".to_owned(),
            // This CRM names no event: a delivery is told apart by when it came.
            key: format!("{id}@{}", now.timestamp_micros()),
            event: Scoped::Booking { backend_id: id.to_owned() },
        };
        Ok(Received { answer: http::Response::new(Bytes::new()), events: vec![event] })
    }
}
