//! The turn of a lobby: asks a client which business they want, and passes on what they wrote meanwhile.
//!
//! What it passes on is committed first, like a critical action: whoever takes the turn up after a crash passes the same
//! messages on to the same business, which knows those that it has. No words of a business come by here, and none of a
//! client's but what was written before anybody could tell for whom.

use super::{
    Engine, EngineEvent,
    deliver::Outgoing,
    shared::{NOTE, Shared},
    turn::{TurnError, hear::nothing_to_book},
};
use crate::{
    dialogue::{ContactChange, Operator, Outcome, TeamEvent, Timer},
    lobby::{Forward, Lobby, LobbyState, Member, PAGE, TO, Verdict},
    model::{BranchId, Contact, Content, DeliveryKey, Inbound, Lang, MessageRef, Private, TenantId, TurnId},
    ports::{
        AuditRow, ChannelSetup, Context, Lease, Leased, Mail, MailEvent, NewOutbox, OpenQuestion, OutboxBody,
        StoreError, Tenant, TurnCommit, TurnRecord, Utterance,
    },
    reply::{Choice, Choices, Key, Label, Reply, Say},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::to_raw_value};
use std::{sync::Arc, time::Instant};

/// Names on a page where the channel has no lists and they go out as numbered lines.
const NUMBERED: usize = 20;
/// How sure a guess of a stranger's language must be, and one that changes a known one.
const HINT: f32 = 0.2;
const CLEAR: f32 = 0.85;

/// What is committed before it is carried out.
#[derive(Debug, Default, Deserialize)]
struct Pending {
    forwards: Vec<Forward>,
    chosen: Option<String>,
}

/// The same, as it is written.
#[derive(Serialize)]
struct PendingRef<'t> {
    forwards: &'t [Forward],
    chosen: Option<&'t String>,
}

/// A turn of a lobby under way.
struct Turn<'e> {
    engine: &'e Engine,
    tenant: Arc<Tenant>,
    lobby: Arc<Lobby>,
    shared: Shared,
    channel: ChannelSetup,
    lease: Lease,
    contact: Contact,
    now: DateTime<Utc>,
    number: i64,
    started: Instant,
    state: LobbyState,
    /// On its way to a business.
    forwards: Vec<Forward>,
    /// They are to be asked: from this place of the list on, and whether they asked for it.
    ask: Option<(usize, bool)>,
    /// They chose in the menu.
    chosen: Option<String>,
    read: Vec<(i64, Option<Outcome>)>,
    replies: Vec<OutboxBody>,
    changes: Vec<ContactChange>,
    audit: Vec<AuditRow>,
    notify: Vec<TeamEvent>,
    steps: Vec<Value>,
    queued: usize,
}

impl Engine {
    /// Runs a turn of a lobby that is leased.
    pub(super) async fn lobby_turn(
        &self,
        (tenant, lobby): (Arc<Tenant>, Arc<Lobby>),
        channel: ChannelSetup,
        leased: Leased,
        now: DateTime<Utc>,
    ) -> Result<Option<Outgoing>, TurnError> {
        let shared = Shared {
            tenant: tenant.id.clone(),
            lobby: lobby.clone(),
            channel: channel.id.clone(),
            store: self.inner.store.tenant(&tenant.id),
        };
        let pending: Pending =
            leased.action.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        let turn = Turn {
            engine: self,
            tenant,
            lobby,
            shared,
            channel,
            lease: leased.lease,
            contact: leased.contact,
            now,
            number: leased.turns + 1,
            started: Instant::now(),
            state: LobbyState::of(leased.state.as_deref()),
            forwards: pending.forwards,
            ask: None,
            chosen: pending.chosen,
            read: Vec::new(),
            replies: Vec::new(),
            changes: Vec::new(),
            audit: Vec::new(),
            notify: Vec::new(),
            steps: Vec::new(),
            queued: 0,
        };
        turn.run(leased.mail, leased.timers).await
    }
}

impl Turn<'_> {
    async fn run(mut self, mail: Vec<Mail>, timers: Vec<Timer>) -> Result<Option<Outgoing>, TurnError> {
        // What an earlier turn had decided, and may not have carried out.
        self.pass_on().await?;
        self.forget().await?;
        let (messages, last) = (mail.len(), last_message(&mail));
        for item in mail {
            self.take(item).await?;
        }
        if self.state.desk.is_some() {
            self.chosen = None;
            if let Some((from, again)) = self.ask {
                self.greet_with_ticks(last);
                self.show_menu(from, again);
            }
        }
        if !self.forwards.is_empty() {
            self.commit(true, Vec::new(), 0).await?;
            self.pass_on().await?;
        }
        // Last, so that whoever reads it and writes on is through the lobby.
        if let Some(business) = self.chosen.take() {
            self.say(Reply::of(Say::BusinessChosen { business }));
        }
        self.commit(false, timers, messages).await?;
        Ok(None)
    }

    async fn take(&mut self, item: Mail) -> Result<(), TurnError> {
        match item.event {
            MailEvent::Message { message, .. } => {
                let (outcome, step) = self.hear(*message).await?;
                self.read.push((item.seq, Some(outcome)));
                self.steps.push(json!({ "mail": item.seq, "step": step }));
            }
            MailEvent::Operator { operator, by } => {
                self.read.push((item.seq, None));
                let detail = json!({ "mail": item.seq });
                match operator {
                    Operator::Say { text } => {
                        self.replies.push(OutboxBody::Words { text });
                        self.note(&format!("operator:{by}"), "say", detail);
                    }
                    // There is nothing to take over: a client is asked, and goes on.
                    Operator::TakeOver | Operator::HandBack => {}
                }
            }
            MailEvent::Undeliverable { detail } => {
                self.read.push((item.seq, None));
                self.notify.push(TeamEvent::Undeliverable { detail });
            }
            MailEvent::Booking { .. } | MailEvent::Preference { .. } | MailEvent::Transcript { .. } => {
                self.read.push((item.seq, None));
            }
        }
        Ok(())
    }

    /// Takes a client's message, and tells what was done about it.
    async fn hear(&mut self, message: Inbound) -> Result<(Outcome, Value), TurnError> {
        if let Content::Tap(tap) = &message.content
            && let Some(tenant) = tap.id.strip_prefix(NOTE)
        {
            let lobby = self.lobby.clone();
            let member = lobby.members().iter().find(|member| member.tenant.as_str() == tenant);
            if let Some(member) = member {
                self.choose(member);
            }
            return Ok((Outcome::NothingToSay, json!({ "now": tenant })));
        }
        let engine = self.engine;
        if engine.reached(&self.shared, &self.state, &message.id, None, self.now).await?.is_some() {
            return Ok((Outcome::NothingToSay, json!("repeated")));
        }
        let known = engine.known(&self.shared, &self.state, &message, self.now).await?;
        let lobby = self.lobby.clone();
        let verdict = lobby.decide(&known.heard(&message.content, &self.state));
        if let Verdict::Ask { .. } = verdict
            && let Content::Text { body } = &message.content
        {
            self.note_language(body.clone(), message.at).await;
        }
        Ok(match verdict {
            Verdict::To { member, stays, why } => {
                if stays {
                    self.choose(member);
                }
                self.forward(member, message);
                (Outcome::NothingToSay, json!({ "to": member.tenant, "why": why.word() }))
            }
            Verdict::Choice(member) => {
                self.choose(member);
                self.chosen = Some(member.name.clone());
                (Outcome::Replied, json!({ "chosen": member.tenant }))
            }
            Verdict::Ask { hold, from } => {
                if hold {
                    self.state.hold(message, self.now);
                } else {
                    self.state.ask(self.now);
                }
                self.ask = Some((from, !hold));
                (Outcome::Asked, json!({ "ask": from, "held": hold }))
            }
            Verdict::Amend => {
                match &message.content {
                    Content::Edit { original, body } => self.state.amend(original, body.as_ref()),
                    Content::Revoke { original } => self.state.amend(original, None),
                    _ => {}
                }
                (Outcome::NothingToSay, json!("amended"))
            }
            Verdict::Everybody | Verdict::Nothing => (Outcome::NothingToSay, json!("nothing")),
        })
    }

    /// From now on they write to this business, which gets what waited for their choice.
    fn choose(&mut self, member: &Member) {
        let before = self.state.current.as_ref().map(|current| current.member.clone());
        if before.as_ref() != Some(&member.tenant) {
            self.note("client", "choose_business", json!({ "before": before, "after": member.tenant }));
        }
        for message in self.state.choose(&member.tenant, self.now) {
            self.forward(member, message);
        }
    }

    fn forward(&mut self, member: &Member, message: Inbound) {
        let (tenant, channel) = (member.tenant.clone(), member.channel.clone());
        self.forwards.push(Forward { tenant, channel, message });
    }

    /// Hands what was committed to the businesses, in order.
    async fn pass_on(&mut self) -> Result<(), TurnError> {
        for forward in std::mem::take(&mut self.forwards) {
            let Forward { tenant, channel, message } = forward;
            let event = self.engine.for_member(&channel, Box::new(message), self.now);
            match self.engine.ingest(&tenant, vec![event]).await {
                Ok(_) => {}
                // It has left, with its channel: there is nobody to give it to, today or tomorrow.
                Err(StoreError::NotFound { .. }) => {
                    tracing::error!(tenant.id = %tenant, "a business was chosen that is not there any more");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn forget(&mut self) -> Result<(), TurnError> {
        let due = self.state.next(&self.lobby).is_some_and(|at| at <= self.now);
        let heard = match &self.state.current {
            Some(current) if due => self.engine.last_heard(&self.lobby, &current.member, &self.contact.user).await?,
            _ => None,
        };
        self.state.forget(&self.lobby, heard, self.now);
        Ok(())
    }

    /// Follows the client's language; one short word never changes it.
    async fn note_language(&mut self, text: Private<String>, at: DateTime<Utc>) {
        let Ok(branch) = BranchId::new(self.tenant.id.as_str()) else { return };
        let known = self.contact.language;
        let several = text.reveal().split_whitespace().nth(1).is_some();
        let catalog = nothing_to_book(&branch);
        let context = Context {
            catalog: &catalog,
            language: known,
            default_language: self.tenant.policy.language,
            open: OpenQuestion::None,
            options: 0,
        };
        let limit = self.engine.inner.options.backend_timeout.to_std().unwrap_or_default();
        let utterance = Utterance { text, at };
        let meaning = tokio::time::timeout(limit, self.tenant.intents.interpret(&utterance, &context)).await;
        let Ok(Ok(meaning)) = meaning else { return };
        let languages = &self.engine.inner.languages;
        let Some(guess) = meaning.lang.filter(|guess| languages.contains(&guess.lang)) else { return };
        let enough = match known {
            None => guess.confidence >= HINT,
            Some(known) => known != guess.lang && guess.confidence >= CLEAR && several,
        };
        if enough {
            self.contact.language = Some(guess.lang);
            self.changes.push(ContactChange::Language { lang: guess.lang });
        }
    }

    /// Asks which business they want: the one they came from first, the others in the order of the configuration.
    fn show_menu(&mut self, from: usize, again: bool) {
        let limits = self.channel.messenger.limits();
        let room = if limits.rows > 0 { limits.rows } else { NUMBERED };
        let current = self.state.current.as_ref().map(|current| &current.member);
        let mut members: Vec<&Member> = self.lobby.members().iter().collect();
        members.sort_by_key(|member| Some(&member.tenant) != current);
        let from = if from < members.len() { from } else { 0 };
        let left = members.len() - from;
        let shown = if from == 0 && left <= room { left } else { left.min(room.saturating_sub(1).max(1)) };
        let page: Vec<&Member> = members.iter().skip(from).take(shown).copied().collect();
        let mut options: Vec<Choice> = page
            .iter()
            .map(|member| Choice {
                id: format!("{TO}{}", member.tenant),
                label: Label::Name { name: member.name.clone() },
                hint: None,
                section: None,
            })
            .collect();
        if shown < members.len() {
            let next = if from + shown < members.len() { from + shown } else { 0 };
            options.push(Choice {
                id: format!("{PAGE}{next}"),
                label: Label::Key { key: Key::More },
                hint: None,
                section: None,
            });
        }
        let offered: Vec<TenantId> = page.iter().map(|member| member.tenant.clone()).collect();
        self.state.menus += 1;
        self.state.ask(self.now).offered = offered;
        let say = if again { Say::AskBusinessAgain } else { Say::AskBusiness };
        let choices = Choices { list: self.state.menus, options, open: Key::Choose };
        self.say(Reply::of(say).choosing(choices));
    }

    fn say(&mut self, reply: Reply) {
        self.replies.push(OutboxBody::Reply {
            reply: Box::new(reply),
            lang: self.lang(),
            as_template: false,
            branch: None,
        });
    }

    fn lang(&self) -> Lang {
        self.contact.language.unwrap_or(self.tenant.policy.language)
    }

    fn note(&mut self, actor: &str, what: &str, detail: Value) {
        self.audit.push(AuditRow {
            at: self.now,
            actor: actor.to_owned(),
            what: what.to_owned(),
            conversation: Some(self.lease.conversation),
            action: None,
            detail,
        });
    }

    /// Commits what there is; `ahead` of passing on what was decided, or at the end of the turn.
    async fn commit(&mut self, ahead: bool, rang: Vec<Timer>, messages: usize) -> Result<(), TurnError> {
        self.now = self.engine.inner.clock.now();
        let corrupt = |_| StoreError::Corrupt { what: "the state of a lobby".to_owned() };
        let state = serde_json::to_string(&self.state).map_err(corrupt)?;
        let action = match ahead {
            true => {
                let pending = PendingRef { forwards: &self.forwards, chosen: self.chosen.as_ref() };
                Some(serde_json::to_string(&pending).map_err(corrupt)?)
            }
            false => None,
        };
        let took = self.started.elapsed();
        let conversation = self.lease.conversation;
        let record = match ahead {
            true => None,
            false => Some(TurnRecord {
                id: TurnId::derive(&[&conversation.to_string(), &self.number.to_string()]),
                number: self.number,
                at: self.now,
                steps: to_raw_value(&std::mem::take(&mut self.steps)).map_err(corrupt)?,
                versions: json!({}),
                duration_ms: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
            }),
        };
        let mut outbox = Vec::new();
        for body in std::mem::take(&mut self.replies) {
            let for_person = matches!(body, OutboxBody::Words { .. });
            let parts = [conversation.to_string(), self.lease.version.to_string(), self.queued.to_string()];
            let key = DeliveryKey::derive(&parts.each_ref().map(String::as_str));
            self.queued += 1;
            outbox.push(NewOutbox { key, body, about: None, keep: false, for_person });
        }
        let options = &self.engine.inner.options;
        let commit = TurnCommit {
            lease: self.lease.clone(),
            state,
            action,
            keep_until: ahead.then(|| self.now + options.lease),
            read: std::mem::take(&mut self.read),
            rang,
            outbox,
            withdraw: false,
            set_timers: Vec::new(),
            cancel_timers: Vec::new(),
            bookings: Vec::new(),
            contact: std::mem::take(&mut self.changes),
            holder: None,
            unclaim: Vec::new(),
            // Whoever finds this lease run out goes on at once.
            wake_at: if ahead { Some(self.now) } else { self.state.next(&self.lobby) },
            audit: std::mem::take(&mut self.audit),
            notify: std::mem::take(&mut self.notify),
            record,
            now: self.now,
            take_delivery: None,
        };
        let committed = self.shared.store.commit(commit).await?;
        match (ahead, committed.lease) {
            (true, Some(lease)) => self.lease = lease,
            (true, None) => return Err(StoreError::Fenced.into()),
            (false, _) => {
                let tenant = &self.tenant.id;
                tracing::info!(tenant.id = %tenant, conversation.id = %conversation, turn.number = self.number, messages, duration_ms = took.as_millis(), "turn committed");
                let observer = &self.engine.inner.observer;
                observer.observe(&EngineEvent::TurnCommitted { tenant, conversation, messages, took });
                observer.observe(&EngineEvent::ConversationChanged { tenant, conversation });
            }
        }
        Ok(())
    }

    /// Shows that the client's message was seen; a courtesy that nothing waits for.
    fn greet_with_ticks(&self, last: Option<MessageRef>) {
        let Some(reference) = last.filter(|_| self.engine.inner.options.mark_seen) else { return };
        let messenger = self.channel.messenger.clone();
        tokio::spawn(async move {
            if let Err(error) = messenger.seen(&reference, true).await {
                tracing::debug!(error = &error as &dyn std::error::Error, "read mark not taken");
            }
        });
    }
}

fn last_message(mail: &[Mail]) -> Option<MessageRef> {
    mail.iter().rev().find_map(|item| match &item.event {
        MailEvent::Message { message, .. } => Some(MessageRef { id: message.id.clone(), from: message.from.clone() }),
        _ => None,
    })
}
