//! The outbox: what was queued as meaning is rendered and handed to the provider, in order per conversation.
//!
//! Window and holder are checked here, at the moment of sending, not when it was queued.

use super::{Engine, EngineEvent};
use crate::{
    dialogue::Holder,
    model::{
        Address, ChannelId, ConversationId, DeliveryKey, Lang, MediaSource, MessageId, Outbound, Private, TenantId,
    },
    ports::{ChannelSetup, Delivery, DeliveryRecord, DeliveryResult, OutboxBody, Place, SendError, StoreError, Tenant},
    reply::{self, RenderContext, Reply, Words},
    templates,
};
use chrono::{DateTime, Duration, Utc};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use tokio::sync::OwnedSemaphorePermit;

/// After so many tries a message is dead: with the back-off about an hour.
const MOST_ATTEMPTS: u32 = 60;
/// Credentials are mended by people, not by waiting a second.
const CREDENTIALS_RETRY: Duration = Duration::minutes(1);

/// Words by tenant: shipped ones with the tenant's own layered over them.
#[derive(Debug, Default)]
pub(super) struct Wordings(Mutex<Worded>);

/// Each with the setup that its words were made from: another one makes them anew.
type Worded = HashMap<TenantId, (Arc<Tenant>, Arc<Words>)>;

impl Wordings {
    pub(super) fn of(&self, tenant: &Arc<Tenant>) -> Arc<Words> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, words)) = kept.get(&tenant.id)
            && (Arc::ptr_eq(of, tenant) || of.texts == tenant.texts)
        {
            return words.clone();
        }
        let own = tenant.texts.iter().cloned().collect();
        let (words, problems) = Words::with_own(&own);
        for problem in problems {
            tracing::warn!(tenant.id = %tenant.id, %problem, "a text of the tenant is not used");
        }
        let words = Arc::new(words);
        kept.insert(tenant.id.clone(), (tenant.clone(), words.clone()));
        words
    }
}

/// A message that was taken for sending, with its place among those that are being handed over.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) delivery: Delivery,
    pub(super) place: OwnedSemaphorePermit,
}

/// How handing over one queued entry went.
enum Handed {
    /// With the ids of the parts, and what was shown.
    All(Vec<MessageId>, String),
    /// Stopped, with the ids of the parts that went.
    Stopped(Vec<MessageId>, DeliveryResult),
}

impl Engine {
    /// Takes the first message that may be sent in a conversation, when there is a place for it; else it is put off.
    ///
    /// # Errors
    /// When the store could not tell: it is due as before.
    pub(super) async fn first_delivery(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        place: OwnedSemaphorePermit,
    ) -> Result<Option<Outgoing>, StoreError> {
        let taken = self.take_first(tenant, conversation).await;
        if let Err(error) = &taken {
            tracing::warn!(tenant.id = %tenant, error = error as &dyn std::error::Error, "outbox not read");
        }
        Ok(taken?.map(|delivery| Outgoing { delivery, place }))
    }

    async fn take_first(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Option<Delivery>, StoreError> {
        let store = self.inner.store.tenant(tenant);
        let place = match store.conversation(conversation).await? {
            Some(view) => self.place(tenant, &view.channel).await,
            None => Place::Granted,
        };
        let now = self.inner.clock.now();
        match place {
            Place::Granted => store.next_delivery(conversation, now + self.inner.options.sending(), now).await,
            Place::Later(at) => store.postpone(conversation, at, now).await.map(|()| None),
        }
    }

    /// A place for a message; where the channel is not known, sending will say so.
    async fn place(&self, tenant: &TenantId, channel: &ChannelId) -> Place {
        let Ok(tenant) = self.setup(tenant).await else { return Place::Granted };
        match tenant.channel(channel) {
            Some(channel) => channel.messenger.place().await,
            None => Place::Granted,
        }
    }

    /// Sends a message, for which a place was taken, and those behind it in the same conversation.
    pub(super) async fn deliver_all(&self, tenant: &TenantId, outgoing: Outgoing) {
        let Outgoing { delivery, place: _place } = outgoing;
        let store = self.inner.store.tenant(tenant);
        let (mut next, mut has_place) = (Some(delivery), true);
        while let Some(delivery) = next.take() {
            let started = Instant::now();
            let (key, conversation, attempt) = (delivery.key, delivery.conversation, delivery.attempt);
            let (parts, result) = match self.hand_over(tenant, delivery, has_place).await {
                Handed::All(messages, shown) => {
                    (Vec::new(), DeliveryResult::Sent { messages, shown: Private::new(shown) })
                }
                Handed::Stopped(parts, result) => (parts, result),
            };
            self.tell_delivery(tenant, key, conversation, &result, started);
            let now = self.inner.clock.now();
            let take_next = Some(now + self.inner.options.sending());
            let record = DeliveryRecord { key, conversation, attempt, result, parts, now, take_next };
            match store.record_delivery(record).await {
                Ok(following) => (next, has_place) = (following, false),
                // It stays "being sent" until its lease runs out, then counts as unknown.
                Err(error) => {
                    tracing::error!(tenant.id = %tenant, error = &error as &dyn std::error::Error, "a delivery was not recorded")
                }
            }
        }
    }

    fn tell_delivery(
        &self,
        tenant: &TenantId,
        key: DeliveryKey,
        conversation: ConversationId,
        result: &DeliveryResult,
        started: Instant,
    ) {
        let (word, error) = match result {
            DeliveryResult::Sent { .. } => ("sent", None),
            DeliveryResult::Retry { error, .. } => ("retry", Some(error.as_str())),
            DeliveryResult::Later { .. } => ("later", None),
            DeliveryResult::Unknown { .. } => ("unknown", None),
            DeliveryResult::Dead { error } => ("dead", Some(error.as_str())),
            DeliveryResult::Withdrawn => ("withdrawn", None),
        };
        let took = started.elapsed();
        if let Some(error) = error {
            tracing::warn!(tenant.id = %tenant, conversation.id = %conversation, delivery.key = %key, result = word, error, duration_ms = took.as_millis(), "message not handed over");
        } else {
            tracing::debug!(tenant.id = %tenant, conversation.id = %conversation, delivery.key = %key, result = word, duration_ms = took.as_millis(), "message handled");
        }
        self.inner.observer.observe(&EngineEvent::Delivered { tenant, key, result: word, took });
        self.inner.observer.observe(&EngineEvent::ConversationChanged { tenant, conversation });
    }

    async fn hand_over(&self, tenant: &TenantId, delivery: Delivery, has_place: bool) -> Handed {
        let now = self.inner.clock.now();
        if delivery.holder == Holder::Person && !delivery.for_person {
            return Handed::Stopped(Vec::new(), DeliveryResult::Withdrawn);
        }
        let retry = |error: String, wait: Duration| {
            Handed::Stopped(Vec::new(), DeliveryResult::Retry { at: now + wait, error, as_template: false })
        };
        let tenant = match self.setup(tenant).await {
            Ok(tenant) => tenant,
            Err(error) => return retry(error.to_string(), Duration::seconds(10)),
        };
        if speaks_of_a_silent_branch(&tenant, &delivery.body) {
            return Handed::Stopped(Vec::new(), DeliveryResult::Withdrawn);
        }
        let Some(channel) = tenant.channel(&delivery.channel).cloned() else {
            return retry("the channel is not configured".to_owned(), Duration::minutes(1));
        };
        let messages = match self.render(&tenant, &channel, &delivery, now).await {
            Ok(messages) => messages,
            Err(result) => return Handed::Stopped(Vec::new(), result),
        };
        if delivery.was_unknown && delivery.parts_sent == 0 && is_template(&messages) {
            // It costs money and may have gone out: it is reported, never repeated blindly.
            let error = "the answer to a template was lost, and no status came".to_owned();
            return Handed::Stopped(Vec::new(), DeliveryResult::Dead { error });
        }
        self.send_parts(&tenant, &channel, &delivery, messages, has_place).await
    }

    /// The messages that an entry becomes, or why it cannot be sent.
    async fn render(
        &self,
        tenant: &Arc<Tenant>,
        channel: &ChannelSetup,
        delivery: &Delivery,
        now: DateTime<Utc>,
    ) -> Result<Vec<Outbound>, DeliveryResult> {
        let limits = channel.messenger.limits();
        let open = limits.window.is_none_or(|window| {
            delivery.contact.last_inbound.is_some_and(|at| now < at + window - self.inner.options.window_margin)
        });
        let closed = || DeliveryResult::Dead {
            error: "the conversation window is closed and no approved template says this".to_owned(),
        };
        match &delivery.body {
            OutboxBody::Reply { reply, lang, as_template, .. } if *as_template || !open => self
                .template(tenant, channel, delivery, reply, *lang)
                .await
                .map(|message| vec![message])
                .ok_or_else(closed),
            OutboxBody::Reply { reply, lang, .. } => {
                let words = self.inner.wordings.of(tenant);
                let country = self.country(tenant, channel, now).await;
                Ok(reply::render(&words, reply, *lang, &context(tenant, channel, delivery, &country)))
            }
            OutboxBody::Words { .. } | OutboxBody::Ready { .. } if !open => Err(closed()),
            OutboxBody::Words { text } => Ok(vec![Outbound::Text { body: text.reveal().clone() }]),
            OutboxBody::Ready { message } => Ok(vec![message.clone()]),
        }
    }

    /// The template of the same meaning: in the reply's language, else in those that the tenant falls back on.
    async fn template(
        &self,
        tenant: &Arc<Tenant>,
        channel: &ChannelSetup,
        delivery: &Delivery,
        reply: &Reply,
        lang: Lang,
    ) -> Option<Outbound> {
        let meaning = reply.template.as_ref()?;
        let langs = templates::fallback(lang, &tenant.policy);
        let stock = channel.templates.find(meaning.name(), &langs).await?;
        let words = self.inner.wordings.of(tenant);
        let country = self.country(tenant, channel, self.inner.clock.now()).await;
        let context = context(tenant, channel, delivery, &country);

        Some(Outbound::Template(reply::render_template(&words, meaning, &stock, &context)))
    }

    pub(super) async fn country(&self, tenant: &Tenant, channel: &ChannelSetup, now: DateTime<Utc>) -> String {
        let Some(setup) = channel.branches.first().and_then(|id| tenant.branch(id)) else { return String::new() };
        self.branch_view(tenant, setup, now).await.map(|view| view.branch().country.clone()).unwrap_or_default()
    }

    async fn send_parts(
        &self,
        tenant: &Tenant,
        channel: &ChannelSetup,
        delivery: &Delivery,
        messages: Vec<Outbound>,
        mut has_place: bool,
    ) -> Handed {
        let to = Address { user: delivery.contact.user.clone() };
        let shown = reply::preview(&messages);
        let is_template = is_template(&messages);
        let mut sent = Vec::new();
        let begun = self.inner.clock.now();
        for (part, message) in messages.iter().enumerate().skip(delivery.parts_sent as usize) {
            let key = delivery.key.part(part, messages.len());
            let options = &self.inner.options;
            if self.inner.clock.now() + options.send_timeout > begun + options.sending() {
                // Soon others may take us for dead: the other parts are a new attempt.
                let error = "the parts before took long".to_owned();
                let result = DeliveryResult::Retry { at: self.inner.clock.now(), error, as_template: false };
                return Handed::Stopped(sent, result);
            }
            if !std::mem::take(&mut has_place)
                && let Place::Later(at) = channel.messenger.place().await
            {
                return Handed::Stopped(sent, DeliveryResult::Later { at });
            }
            let limit = options.send_timeout.to_std().unwrap_or_default();
            let answer = tokio::time::timeout(limit, channel.messenger.send(&to, message, key)).await;
            match answer.unwrap_or(Err(SendError::OutcomeUnknown { source: None })) {
                Ok(receipt) => sent.push(receipt.message),
                // Everything was said already: a file that the provider does not take is left out, not reported as unsaid.
                Err(error @ SendError::Rejected { .. }) if part > 0 && is_own_file(message) => {
                    tracing::warn!(conversation.id = %delivery.conversation, error = &error as &dyn std::error::Error, "a file of ours was not taken");
                }
                Err(error) => {
                    if let (SendError::Rejected { code, .. }, Outbound::Template(template)) = (&error, message)
                        && channel.templates.blames(*code)
                    {
                        self.template_broke(tenant, channel, template, *code).await;
                    }
                    let result = self.after(&error, delivery, is_template);
                    return Handed::Stopped(sent, result);
                }
            }
        }
        Handed::All(sent, shown)
    }

    /// What to do about an error of sending.
    fn after(&self, error: &SendError, delivery: &Delivery, is_template: bool) -> DeliveryResult {
        let now = self.inner.clock.now();
        let retry = |wait: Duration, as_template| DeliveryResult::Retry {
            at: now + wait,
            error: error.to_string(),
            as_template,
        };
        let dead = || DeliveryResult::Dead { error: error.to_string() };
        match error {
            // A template costs money and may have gone out: it is reported, never repeated blindly.
            SendError::OutcomeUnknown { .. } => {
                DeliveryResult::Unknown { until: now + self.inner.options.unknown_hold, repeat: !is_template }
            }
            SendError::OutsideWindow if !is_template => retry(Duration::zero(), true),
            SendError::OutsideWindow | SendError::Rejected { .. } | SendError::Unreachable { .. } => dead(),
            _ if delivery.attempt >= MOST_ATTEMPTS => dead(),
            SendError::RateLimited { retry_after } | SendError::TooFastToOne { retry_after } => {
                retry(retry_after.unwrap_or_else(|| back_off(delivery.attempt)), false)
            }
            SendError::Unauthorized { .. } => retry(CREDENTIALS_RETRY, false),
            SendError::Unavailable { .. } => retry(back_off(delivery.attempt), false),
        }
    }
}

/// Whether this is about a branch that is not served any more: frozen, leaving or gone. What became of an action that the
/// client agreed to is told all the same.
fn speaks_of_a_silent_branch(tenant: &Tenant, body: &OutboxBody) -> bool {
    match body {
        OutboxBody::Reply { reply, branch: Some(branch), .. } => !reply.keep && tenant.branch(branch).is_none(),
        _ => false,
    }
}

/// What words depend on beyond the reply itself.
fn context<'a>(
    tenant: &'a Tenant,
    channel: &'a ChannelSetup,
    delivery: &'a Delivery,
    country: &'a str,
) -> RenderContext<'a> {
    RenderContext {
        country,
        formality: tenant.policy.formality,
        business: &tenant.name,
        client: delivery.contact.name.as_ref(),
        limits: channel.messenger.limits(),
    }
}

const fn is_own_file(message: &Outbound) -> bool {
    matches!(message, Outbound::Document { source: MediaSource::Own(_), .. })
}

fn is_template(messages: &[Outbound]) -> bool {
    matches!(messages, [Outbound::Template(_)])
}

/// One second, doubling, at most a minute.
fn back_off(attempt: u32) -> Duration {
    Duration::seconds(1_i64 << attempt.saturating_sub(1).min(6)).min(Duration::seconds(60))
}
