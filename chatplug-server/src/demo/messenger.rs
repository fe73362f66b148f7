//! The simulator as a [`Messenger`]: what is sent appears on a phone of the page.

use super::{hub::Hub, meta};
use async_trait::async_trait;
use bytes::Bytes;
use chatplug_core::{
    model::{Address, ChannelLimits, DeliveryKey, MediaRef, MessageRef, Outbound},
    ports::{Clock, Media, Messenger, SendError, Sent},
};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Meta's code for somebody who is not on WhatsApp.
const NOT_REACHABLE: i64 = 131_026;
/// Meta's code for a file that is gone.
const NO_MEDIA: i64 = 131_052;

/// One simulated number, able to send.
#[derive(Debug)]
pub(super) struct SimMessenger {
    hub: Arc<Hub>,
    clock: Arc<dyn Clock>,
    limits: ChannelLimits,
    /// Meta's id of the number.
    number: String,
    /// Webhooks that the simulated provider owes us.
    webhooks: mpsc::UnboundedSender<Bytes>,
}

impl SimMessenger {
    pub(super) fn new(
        hub: Arc<Hub>,
        clock: Arc<dyn Clock>,
        number: String,
        webhooks: mpsc::UnboundedSender<Bytes>,
    ) -> Self {
        Self { hub, clock, limits: ChannelLimits::whatsapp(), number, webhooks }
    }
}

#[async_trait]
impl Messenger for SimMessenger {
    fn limits(&self) -> &ChannelLimits {
        &self.limits
    }

    async fn send(&self, to: &Address, message: &Outbound, key: DeliveryKey) -> Result<Sent, SendError> {
        let phone = to.user.phone.as_ref().ok_or(SendError::Unreachable { code: NOT_REACHABLE })?.digits();
        let at = self.clock.now();
        let id = meta::new_id().map_err(|error| SendError::Rejected { code: 0, detail: error.to_string() })?;
        self.hub.arrive(phone, &id, message, at);
        // As with Meta, a status of its own says so; it may come before the answer of this call is recorded. When
        // nobody listens any more, the server is shutting down.
        let _ = self.webhooks.send(meta::statuses(&self.number, phone, &[(id.as_str(), "sent")], Some(key), at));
        Ok(Sent { message: id, at })
    }

    async fn seen(&self, message: &MessageRef, typing: bool) -> Result<(), SendError> {
        if let Some(phone) = &message.from.phone {
            self.hub.read(phone.digits(), message.id.as_str(), typing);
        }
        Ok(())
    }

    async fn fetch_media(&self, _: &MediaRef) -> Result<Media, SendError> {
        Err(SendError::Rejected { code: NO_MEDIA, detail: "the simulator keeps no files".to_owned() })
    }
}
