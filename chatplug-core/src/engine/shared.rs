//! What comes in through a number that several businesses share: found out whose it is, and stored there.
//!
//! Most messages are the business's that the client writes to, or say themselves whose they are: those are stored with that
//! business at once, and the lobby hears of no more than a change of business. What nobody can tell yet goes to the
//! lobby, whose turn asks ([`super::lobby`]). While a client is there, everything they write goes the same way, so that
//! order is kept. The rules are [`Lobby::decide`]'s.

use super::{Engine, EngineEvent, burst};
use crate::{
    dialogue::Operator,
    lobby::{Heard, Lobby, LobbyState, Member, REPEATED, SILENT, Verdict, Why},
    model::{
        ChannelId, ChannelUser, Consent, Content, DeliveryKey, DeliveryStatus, Inbound, MessageId, Tap, TapKind,
        TenantId,
    },
    ports::{ConversationView, Ingest, Ingested, Route, Scoped, StoreError, TenantStore, Trace},
};
use chrono::{DateTime, Utc};
use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

/// What tells the lobby that a client writes to a business now, with the tenant's id behind it: the message itself is the
/// business's, and only this is left of it.
pub(super) const NOTE: &str = "now:";
/// So many messages are remembered by who sent them, before the older half is forgotten.
const SENDERS: usize = 8192;

/// A shared number that something came to.
#[derive(Debug)]
pub(super) struct Shared {
    /// The lobby's tenant.
    pub(super) tenant: TenantId,
    pub(super) lobby: Arc<Lobby>,
    pub(super) channel: ChannelId,
    pub(super) store: Arc<dyn TenantStore>,
}

/// So often is looked whether a change of business is carried out, so long after each other, before its webhook is
/// answered all the same.
const CARRY_OUT: usize = 10;
const AT_IT: std::time::Duration = std::time::Duration::from_millis(10);

/// Where an event comes from.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) provider: &'static str,
    pub(super) key: String,
}

/// What a decision needs to know beyond the message.
#[derive(Debug, Default)]
pub(super) struct Known {
    answers: Option<TenantId>,
    amends: Option<TenantId>,
    pub(super) current: Option<TenantId>,
    silent: bool,
}

impl Known {
    pub(super) fn heard<'a>(&'a self, content: &'a Content, state: &'a LobbyState) -> Heard<'a> {
        Heard {
            content,
            answers: self.answers.as_ref(),
            amends: self.amends.as_ref(),
            current: self.current.as_ref(),
            silent: self.silent,
            offered: state.desk.as_ref().map(|desk| desk.offered.as_slice()),
        }
    }
}

/// Who sent which message, as far as it was asked lately: a message has several statuses.
#[derive(Debug, Default)]
pub(super) struct Senders(Mutex<[HashMap<DeliveryKey, TenantId>; 2]>);

impl Senders {
    fn of(&self, key: DeliveryKey) -> Option<TenantId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find_map(|half| half.get(&key)).cloned()
    }

    fn keep(&self, key: DeliveryKey, tenant: TenantId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [newer, older] = &mut *known;
        if newer.len() >= SENDERS / 2 {
            *older = mem::take(newer);
        }
        newer.insert(key, tenant);
    }
}

impl Engine {
    /// The shared number behind an address; `None`: it is one business's own.
    pub(super) async fn shared(&self, route: &Route) -> Option<Shared> {
        let channel = route.channel.clone()?;
        let lobby = self.setup(&route.tenant).await.ok()?.lobby.clone()?;
        let store = self.inner.store.tenant(&route.tenant);
        Some(Shared { tenant: route.tenant.clone(), lobby, channel, store })
    }

    /// Stores an event that came to a shared number with whom it concerns. Answers how many were seen before.
    ///
    /// # Errors
    /// When the store did not take it; taking it again is harmless.
    pub(super) async fn accept_shared(
        &self,
        shared: &Shared,
        event: Scoped,
        origin: Origin,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let what = match event {
            Scoped::Message(message) => return self.shared_message(shared, message, origin, now).await,
            Scoped::Status(status) => return self.shared_status(shared, status, origin, now).await,
            Scoped::StaffWrote { user } => return self.shared_staff(shared, &user, origin, now).await,
            Scoped::MarketingPreference { user, wanted } => {
                return self.shared_preference(shared, &user, wanted, &origin, now).await;
            }
            _ => "misrouted",
        };
        self.unused(&origin, what);
        Ok(0)
    }

    async fn shared_message(
        &self,
        shared: &Shared,
        message: Box<Inbound>,
        origin: Origin,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let view = shared.store.conversation_of(&shared.channel, &message.from).await?;
        let state = LobbyState::of(view.as_ref().and_then(|view| view.state.as_deref()));
        let known = self.known(shared, &state, &message, now).await?;
        let asked = state.desk.is_some();
        let there = asked || view.as_ref().is_some_and(|view| view.unread || view.action.is_some());
        let to_lobby = |message| Ingest::Message { channel: shared.channel.clone(), message, due: now, received: now };
        let verdict = shared.lobby.decide(&known.heard(&message.content, &state));
        // Past the lobby.
        let direct = match verdict {
            Verdict::To { member, why, .. } if !there || matches!(why, Why::Answer | Why::Amends) => {
                Some(&member.tenant)
            }
            _ => None,
        };
        if let Some(view) = &view
            && verdict != Verdict::Everybody
            && self.came_before(shared, view, (&state, direct), &message.id, now).await?
        {
            return Ok(1);
        }
        match verdict {
            Verdict::To { member, stays, .. } if direct.is_some() => {
                let note = (stays && (asked || known.current.as_ref() != Some(&member.tenant)))
                    .then(|| to_lobby(note(&message, member)));
                // The message first: a note alone would make its repetition look like one that came before.
                let duplicates =
                    self.ingest(&member.tenant, vec![self.for_member(&member.channel, message, now)]).await?;
                if let Some(note) = note {
                    self.tell_lobby(shared, note).await?;
                }
                Ok(duplicates)
            }
            Verdict::Everybody => {
                for member in shared.lobby.members() {
                    let store = self.inner.store.tenant(&member.tenant);
                    if store.conversation_of(&member.channel, &message.from).await?.is_some() {
                        self.ingest(&member.tenant, vec![self.for_member(&member.channel, message.clone(), now)])
                            .await?;
                    }
                }
                self.ingest(&shared.tenant, vec![to_lobby(message)]).await
            }
            Verdict::Nothing => {
                self.unused(&origin, "about_nothing");
                Ok(0)
            }
            Verdict::Amend if !there => {
                self.unused(&origin, "about_nothing");
                Ok(0)
            }
            Verdict::Amend | Verdict::To { .. } | Verdict::Choice(_) | Verdict::Ask { .. } => {
                self.ingest(&shared.tenant, vec![to_lobby(message)]).await
            }
        }
    }

    /// Notes a change of business, and has it carried out at once: until it is, what they write goes by way of the lobby,
    /// where it is none of.
    async fn tell_lobby(&self, shared: &Shared, note: Ingest) -> Result<(), StoreError> {
        for result in shared.store.ingest(vec![note]).await? {
            let Ingested::Queued(conversation) = result else { continue };
            for _ in 0..CARRY_OUT {
                // Where this does not work now, a worker does it, or is at it.
                let _ = Box::pin(self.turn(&shared.tenant, conversation)).await;
                if shared.store.conversation(conversation).await?.is_none_or(|view| !view.unread) {
                    break;
                }
                tokio::time::sleep(AT_IT).await;
            }
        }
        Ok(())
    }

    /// A status is the business's that sent the message, whichever the client writes to by now.
    async fn shared_status(
        &self,
        shared: &Shared,
        status: DeliveryStatus,
        origin: Origin,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let key = status.key.map(|key| key.part_of().whole);
        let mut sender = key.and_then(|key| self.inner.senders.of(key));
        if sender.is_none() {
            let trace = Trace::Sent { message: status.message.clone(), key: status.key };
            sender = match self.whose(&shared.lobby, &[], &trace).await? {
                Some(tenant) => Some(tenant),
                None => shared.store.knows(&shared.channel, &trace).await?.then(|| shared.tenant.clone()),
            };
        }
        let Some(tenant) = sender else {
            self.unused(&origin, "status_of_nobody");
            return Ok(0);
        };
        if let Some(key) = key {
            self.inner.senders.keep(key, tenant.clone());
        }
        let channel = shared.lobby.member(&tenant).map_or(&shared.channel, |member| &member.channel).clone();
        self.ingest(&tenant, vec![Ingest::Status { channel, status, received: now }]).await
    }

    /// What they told WhatsApp about offers they told it of the number: it holds for everybody there who knows them.
    async fn shared_preference(
        &self,
        shared: &Shared,
        user: &ChannelUser,
        wanted: bool,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let mut duplicates = 0;
        for member in shared.lobby.members() {
            let Some(view) = self.talk(member, user).await? else { continue };
            let event = Ingest::Preference {
                conversation: view.id,
                key: origin.key.clone(),
                consent: Consent::Marketing,
                refused: !wanted,
                received: now,
            };
            duplicates += self.ingest(&member.tenant, vec![event]).await?;
        }
        Ok(duplicates)
    }

    /// Somebody wrote from the number's own phone: they take over where the client is.
    async fn shared_staff(
        &self,
        shared: &Shared,
        user: &ChannelUser,
        origin: Origin,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let view = shared.store.conversation_of(&shared.channel, user).await?;
        let state = LobbyState::of(view.as_ref().and_then(|view| view.state.as_deref()));
        let member = state.current.and_then(|current| shared.lobby.member(&current.member));
        let Some(member) = member else { return Ok(0) };
        let Some(view) = self.talk(member, user).await? else { return Ok(0) };
        let (by, operator) = ("phone".to_owned(), Operator::TakeOver);
        let event = Ingest::Operator { conversation: view.id, key: origin.key, by, operator, received: now };
        self.ingest(&member.tenant, vec![event]).await
    }

    /// Whether a message came before and was somebody else's then: the client may have changed over since, and nobody gets
    /// what was written to another. Where it goes now it is known to be the same by itself.
    async fn came_before(
        &self,
        shared: &Shared,
        view: &ConversationView,
        (state, target): (&LobbyState, Option<&TenantId>),
        id: &MessageId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let trace = Trace::Received(id.clone());
        if view.active + REPEATED > now && shared.store.knows(&shared.channel, &trace).await? {
            return Ok(true);
        }
        let reached = self.reached(shared, state, id, target, now).await?;
        Ok(reached.is_some())
    }

    /// Which business, but this one, has a message of the client already.
    pub(super) async fn reached(
        &self,
        shared: &Shared,
        state: &LobbyState,
        id: &MessageId,
        but: Option<&TenantId>,
        now: DateTime<Utc>,
    ) -> Result<Option<TenantId>, StoreError> {
        let trace = Trace::Received(id.clone());
        for tenant in state.lately(now) {
            if Some(&tenant) != but
                && let Some(member) = shared.lobby.member(&tenant)
                && self.inner.store.tenant(&tenant).knows(&member.channel, &trace).await?
            {
                return Ok(Some(tenant));
            }
        }
        Ok(None)
    }

    /// Looks up what a decision about a message needs.
    pub(super) async fn known(
        &self,
        shared: &Shared,
        state: &LobbyState,
        message: &Inbound,
        now: DateTime<Utc>,
    ) -> Result<Known, StoreError> {
        let lately = state.lately(now);
        let target = match &message.content {
            Content::Reaction { target, .. } => Some(target),
            _ => message.quoted.as_ref(),
        };
        let answers = match target {
            Some(target) => {
                let trace = Trace::Sent { message: target.clone(), key: None };
                self.whose(&shared.lobby, &lately, &trace).await?
            }
            None => None,
        };
        let amends = match &message.content {
            Content::Edit { original, .. } | Content::Revoke { original } => {
                self.reached(shared, state, original, None, now).await?
            }
            _ => None,
        };
        let current = self.current(&shared.lobby, state, &message.from, now).await?;
        let silent = match (&answers, &current) {
            (Some(answers), Some(current)) if answers != current => {
                let heard = self.last_heard(&shared.lobby, current, &message.from).await?;
                heard.is_none_or(|heard| heard + SILENT <= now)
            }
            _ => false,
        };
        Ok(Known { answers, amends, current, silent })
    }

    /// The business that a client writes to, while that holds.
    pub(super) async fn current(
        &self,
        lobby: &Lobby,
        state: &LobbyState,
        user: &ChannelUser,
        now: DateTime<Utc>,
    ) -> Result<Option<TenantId>, StoreError> {
        let Some(current) = state.current.as_ref().filter(|current| lobby.member(&current.member).is_some()) else {
            return Ok(None);
        };
        let holds = current.at + lobby.sticky() > now
            || self.last_heard(lobby, &current.member, user).await?.is_some_and(|heard| heard + lobby.sticky() > now);
        Ok(holds.then(|| current.member.clone()))
    }

    /// When a business last heard from a client.
    pub(super) async fn last_heard(
        &self,
        lobby: &Lobby,
        tenant: &TenantId,
        user: &ChannelUser,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let Some(member) = lobby.member(tenant) else { return Ok(None) };
        Ok(self.talk(member, user).await?.and_then(|view| view.contact.last_inbound))
    }

    async fn talk(&self, member: &Member, user: &ChannelUser) -> Result<Option<ConversationView>, StoreError> {
        self.inner.store.tenant(&member.tenant).conversation_of(&member.channel, user).await
    }

    /// The member whose a message is; those to be asked first are `likely`.
    async fn whose(&self, lobby: &Lobby, likely: &[TenantId], trace: &Trace) -> Result<Option<TenantId>, StoreError> {
        let first = likely.iter().filter_map(|tenant| lobby.member(tenant));
        let rest = lobby.members().iter().filter(|member| !likely.contains(&member.tenant));
        for member in first.chain(rest) {
            if self.inner.store.tenant(&member.tenant).knows(&member.channel, trace).await? {
                return Ok(Some(member.tenant.clone()));
            }
        }
        Ok(None)
    }

    /// A client's message as it enters a business's mailbox.
    pub(super) fn for_member(&self, channel: &ChannelId, message: Box<Inbound>, now: DateTime<Utc>) -> Ingest {
        let due = burst::due_at(&message, now, self.inner.options.burst_wait);
        Ingest::Message { channel: channel.clone(), message, due, received: now }
    }

    fn unused(&self, origin: &Origin, what: &str) {
        tracing::info!(provider = origin.provider, what, "webhook event not used");
        let what = what.to_owned();
        self.inner.observer.observe(&EngineEvent::EventIgnored { provider: origin.provider, what: &what });
    }
}

/// What the lobby hears of a message that is a business's: who wrote, when, and to whom.
fn note(message: &Inbound, member: &Member) -> Box<Inbound> {
    let tap = Tap { id: format!("{NOTE}{}", member.tenant), title: member.name.clone(), on: TapKind::Row };
    Box::new(Inbound {
        id: message.id.clone(),
        from: message.from.clone(),
        profile_name: None,
        at: message.at,
        content: Content::Tap(tap),
        quoted: None,
        forwarded: false,
        referral: None,
    })
}
