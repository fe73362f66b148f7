//! The browser simulator: a page at `/demo` with a phone on it, in place of WhatsApp.
//!
//! It fakes the provider and nothing else. What the page's user does becomes a webhook in Meta's form, signed, and goes
//! through the same receiver as a real one (`meta`); what the bot sends goes through a [`Messenger`] and appears on the
//! phone (`messenger`, `hub`); statuses come back as webhooks. Beside the phone the page shows what the store holds
//! (`day`, `state`).
//!
//! The bookings may be kept at a fake of Altegio (`altegio`); then the page shows what is kept there, and lets its team move and
//! cancel.
//!
//! Or a fake of Meta or of Twilio stands behind the page (`fake`): then the number is an ordinary one, its adapter calls
//! the fake over HTTP, and the fake posts to the server.

mod altegio;
mod api;
mod calcom;
mod day;
mod desk;
mod fake;
mod hub;
mod messenger;
mod meta;
mod page;
mod state;
mod terminal;

pub use altegio::{AltegioDesk, AtAltegio, numbered};
pub use calcom::{AtCalcom, CalcomDesk};
pub use desk::Desk;
pub use fake::{Fake, Started};
pub use terminal::{Bubble, Listener, SayError};

use crate::http::Webhooks;
use bytes::Bytes;
use chatplug_calendar::Plan;
use chatplug_core::{
    engine::{EngineEvent, Observer},
    model::{BranchId, ChannelId, DeliveryKey, IdError, MessageId, Phone, TenantId},
    ports::{CalendarStore, Clock, Messenger, WebhookReceiver},
};
use chatplug_whatsapp::meta::{MetaKeyring, MetaWebhook, sign};
use hub::{Hub, Item};
use messenger::SimMessenger;
use meta::Act;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

/// Last part of the simulator's webhook address.
pub const ENDPOINT: &str = "demo";

/// Whose simulator it is.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The business.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// The simulated number.
    pub channel: ChannelId,
    /// Branches that it books at, with their plans, in order; the page shows the first one's day.
    pub branches: Vec<(BranchId, Plan)>,
    /// The desk of a branch whose bookings are kept elsewhere; the page shows what is kept there.
    pub desk: Option<Desk>,
}

/// The provider's id of a simulated number: digits as Meta's ids are, the same in every run, since the route to them is
/// stored.
#[must_use]
pub fn number_of(tenant: &TenantId, channel: &ChannelId) -> String {
    let id = DeliveryKey::derive(&["simulator", tenant.as_str(), channel.as_str()]);
    format!("99{:013}", id.as_uuid().as_u128() % 10_u128.pow(13))
}

/// A simulated provider with one number.
#[derive(Debug)]
pub struct Simulator {
    stage: Stage,
    hub: Arc<Hub>,
    clock: Arc<dyn Clock>,
    /// In place of Meta's id of the number.
    number: String,
    /// In place of the app's secret: new in every process, known to nobody.
    secret: String,
    owed: mpsc::UnboundedSender<Bytes>,
    to_post: Mutex<Option<mpsc::UnboundedReceiver<Bytes>>>,
    /// What stands in for the provider, where it is not this itself.
    fake: Option<Fake>,
}

impl Simulator {
    /// A simulator of a stage.
    #[must_use]
    pub fn new(stage: Stage, clock: Arc<dyn Clock>) -> Self {
        let (owed, to_post) = mpsc::unbounded_channel();
        let number = number_of(&stage.tenant, &stage.channel);
        let secret = format!("{}{}", Uuid::now_v7().simple(), Uuid::now_v7().simple());
        let to_post = Mutex::new(Some(to_post));
        Self { stage, hub: Arc::new(Hub::new()), clock, number, secret, owed, to_post, fake: None }
    }

    /// The page of a stage whose channel talks to a fake of its provider.
    #[must_use]
    pub fn before(fake: Fake, stage: Stage, clock: Arc<dyn Clock>) -> Self {
        Self { fake: Some(fake), ..Self::new(stage, clock) }
    }

    /// The provider's id of the simulated number: where its webhooks are routed by.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    /// Sends to the phones of the page.
    #[must_use]
    pub fn messenger(&self) -> Arc<dyn Messenger> {
        let (hub, clock) = (self.hub.clone(), self.clock.clone());
        Arc::new(SimMessenger::new(hub, clock, self.number.clone(), self.owed.clone()))
    }

    /// Takes the webhooks of the page: the real receiver, with the simulator's secret. With a fake, the receiver of the
    /// number takes them.
    #[must_use]
    pub fn receiver(&self) -> Option<Arc<dyn WebhookReceiver>> {
        let keys = || MetaKeyring::default().with_app_secret(self.secret.clone());
        self.fake.is_none().then(|| Arc::new(MetaWebhook::new(keys())) as Arc<dyn WebhookReceiver>)
    }

    /// The page and what it asks.
    pub fn router(
        self: &Arc<Self>,
        webhooks: Arc<Webhooks>,
        calendars: Arc<dyn CalendarStore>,
        stop: watch::Receiver<bool>,
    ) -> axum::Router {
        api::router(api::Api { simulator: self.clone(), webhooks, calendars, stop })
    }

    /// Posts what the simulated provider owes (statuses of what was sent), until `stop`; with a fake, which does that
    /// itself, shows what it takes.
    pub async fn run(&self, webhooks: &Webhooks, mut stop: watch::Receiver<bool>) {
        if let Some(fake) = &self.fake {
            tokio::select! {
                () = fake.show(&self.hub) => {}
                _ = stop.changed() => {}
            }
            return;
        }
        let Some(mut to_post) = self.to_post.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        loop {
            let body = tokio::select! {
                body = to_post.recv() => body,
                _ = stop.changed() => return,
            };
            let Some(body) = body else { return };
            self.post(webhooks, body).await;
        }
    }

    /// Does on a phone what a client did, shows it there, and posts it; answers the message's id and the status.
    async fn act(
        &self,
        webhooks: &Webhooks,
        client: &Phone,
        name: &str,
        act: &Act,
    ) -> Result<(MessageId, http::StatusCode), IdError> {
        let (hub, number, at) = (&self.hub, client.digits(), self.clock.now());
        let told = self.fake.as_ref().and_then(|fake| fake.compose(number, name, act));
        let id = match &told {
            Some(told) => MessageId::new(told.id())?,
            None => meta::new_id()?,
        };
        hub.phone(number, |phone| phone.name = Some(name.to_owned()));
        if let Act::Reaction { target, emoji } = act {
            hub.change(number, target, |item| item.reactions.client.clone_from(emoji));
        } else if let Some((bubble, quoted)) = act.bubble() {
            let quoted = quoted.map(str::to_owned);
            hub.add(number, Item { quoted, ..Item::new(id.as_str(), true, at, bubble) });
        }
        let status = match (&self.fake, told) {
            (None, _) => self.post(webhooks, act.webhook(&self.number, number, name, &id, at)).await,
            (Some(fake), Some(told)) => {
                let status = fake.post(told).await;
                http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::BAD_GATEWAY)
            }
            // The provider has no word for it: nobody is told.
            (Some(_), None) => http::StatusCode::OK,
        };
        let ticks = if status.is_success() { "delivered" } else { "failed" };
        hub.change(number, id.as_str(), |item| {
            // The bot may have read it before its webhook was answered.
            if item.status == Some("pending") {
                item.status = Some(ticks);
            }
        });
        Ok((id, status))
    }

    /// Tells that a phone got or showed messages.
    async fn tell(&self, webhooks: &Webhooks, number: &str, stages: &[(&str, &str)]) {
        match &self.fake {
            None => {
                let webhook = meta::statuses(&self.number, number, stages, None, self.clock.now());
                self.post(webhooks, webhook).await;
            }
            Some(fake) => {
                for (id, stage) in stages {
                    fake.tell(id, stage).await;
                }
                self.hub.changed();
            }
        }
    }

    /// Signs a webhook and hands it in, as Meta would; answers the status.
    async fn post(&self, webhooks: &Webhooks, body: Bytes) -> http::StatusCode {
        let mut request = http::Request::new(body);
        *request.method_mut() = http::Method::POST;
        if let Ok(signature) = http::HeaderValue::from_str(&sign(&self.secret, request.body())) {
            request.headers_mut().insert("x-hub-signature-256", signature);
        }
        let status = webhooks.answer("meta", ENDPOINT, request).await.status();
        // A status of a message changes what the page shows beside the phone, and no turn tells of it.
        self.hub.changed();
        status
    }
}

impl Observer for Simulator {
    fn observe(&self, event: &EngineEvent<'_>) {
        match *event {
            EngineEvent::ConversationChanged { tenant, .. }
            | EngineEvent::TurnCommitted { tenant, .. }
            | EngineEvent::ActionEnded { tenant, .. }
                if *tenant == self.stage.tenant =>
            {
                self.hub.changed();
            }
            _ => {}
        }
    }
}
