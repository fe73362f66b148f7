//! What a lobby remembers of a client: which business they write to, and what waits for their choice. It is the state of
//! the client's conversation with the lobby, and kept, sealed, forgotten and erased like any other.

use super::Lobby;
use crate::model::{ChannelId, Content, Inbound, MessageId, Private, TenantId};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Providers deliver a message again for so long at most.
pub(crate) const REPEATED: Duration = Duration::days(8);
/// Whoever was asked and does not choose is not waited for longer, and what they wrote goes.
const HELD: Duration = Duration::days(7);
/// No more waits for a choice: the oldest give way.
const MOST_HELD: usize = 100;

/// What is remembered of one client.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LobbyState {
    /// The business that they write to.
    pub(crate) current: Option<Current>,
    /// They were asked, and have not chosen.
    pub(crate) desk: Option<Desk>,
    /// Every business that they wrote to lately, with when it was last the current one: a message that is delivered again
    /// may be theirs.
    pub(crate) visited: BTreeMap<TenantId, DateTime<Utc>>,
    /// How many menus they were shown.
    pub(crate) menus: u32,
}

/// The business that a client writes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Current {
    /// Which.
    pub(crate) member: TenantId,
    /// When that was last found to be so: it holds for a while from then, and from their last message to it.
    pub(crate) at: DateTime<Utc>,
}

/// A client before the menu.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Desk {
    /// What they were shown last, numbered from 1.
    pub(crate) offered: Vec<TenantId>,
    /// When they were.
    pub(crate) at: DateTime<Utc>,
    /// What they wrote since, for whomever they choose.
    pub(crate) held: Vec<Inbound>,
}

/// A message on its way to the business that it is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Forward {
    /// Whose it is.
    pub(crate) tenant: TenantId,
    /// Through which channel of theirs.
    pub(crate) channel: ChannelId,
    /// The message.
    pub(crate) message: Inbound,
}

impl LobbyState {
    /// As it was committed; nothing is remembered when it cannot be read.
    pub(crate) fn of(json: Option<&str>) -> Self {
        let Some(json) = json else { return Self::default() };
        serde_json::from_str(json).unwrap_or_else(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the state of a lobby is not readable; its client is asked again"
            );
            Self::default()
        })
    }

    /// From now on they write to this business. Answers what waited for their choice.
    pub(crate) fn choose(&mut self, member: &TenantId, now: DateTime<Utc>) -> Vec<Inbound> {
        if let Some(before) = self.current.take().filter(|before| before.member != *member) {
            self.visited.insert(before.member, now);
        }
        self.visited.insert(member.clone(), now);
        self.current = Some(Current { member: member.clone(), at: now });
        self.desk.take().map(|desk| desk.held).unwrap_or_default()
    }

    /// A message that waits was changed (`Some`) or taken back.
    pub(crate) fn amend(&mut self, original: &MessageId, changed: Option<&Private<String>>) {
        let Some(desk) = &mut self.desk else { return };
        match changed {
            None => desk.held.retain(|message| message.id != *original),
            Some(text) => {
                for message in desk.held.iter_mut().filter(|message| message.id == *original) {
                    if let Content::Text { body } = &mut message.content {
                        body.clone_from(text);
                    }
                }
            }
        }
    }

    /// They are being asked.
    pub(crate) fn ask(&mut self, now: DateTime<Utc>) -> &mut Desk {
        let desk = self.desk.get_or_insert_with(|| Desk { offered: Vec::new(), at: now, held: Vec::new() });
        desk.at = now;
        desk
    }

    /// Keeps a message until they choose.
    pub(crate) fn hold(&mut self, message: Inbound, now: DateTime<Utc>) {
        let desk = self.ask(now);
        if desk.held.len() >= MOST_HELD {
            tracing::warn!("more is written before a choice than is kept; the oldest gives way");
            desk.held.remove(0);
        }
        desk.held.push(message);
    }

    /// The businesses that a message which is delivered again may be for, the likeliest first.
    pub(crate) fn lately(&self, now: DateTime<Utc>) -> Vec<TenantId> {
        let current = self.current.iter().map(|current| current.member.clone());
        let before = self.visited.iter().filter(|(_, at)| **at + REPEATED > now).map(|(tenant, _)| tenant.clone());
        let mut lately: Vec<TenantId> = current.collect();
        lately.extend(before.filter(|tenant| self.current.as_ref().is_none_or(|current| current.member != *tenant)));
        lately
    }

    /// Forgets what was kept long enough. `heard`: when the current business last heard from them.
    pub(crate) fn forget(&mut self, lobby: &Lobby, heard: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        if let Some(current) = &mut self.current {
            current.at = current.at.max(heard.unwrap_or(current.at).min(now));
            if current.at + lobby.sticky() <= now || lobby.member(&current.member).is_none() {
                self.current = None;
            }
        }
        self.desk = self.desk.take().filter(|desk| desk.at + HELD > now);
        let current = self.current.as_ref().map(|current| &current.member);
        self.visited.retain(|tenant, at| Some(tenant) == current || *at + REPEATED > now);
    }

    /// When there will be something to forget.
    pub(crate) fn next(&self, lobby: &Lobby) -> Option<DateTime<Utc>> {
        let current = self.current.as_ref().map(|current| current.at + lobby.sticky());
        let held = self.desk.as_ref().map(|desk| desk.at + HELD);
        current.into_iter().chain(held).min()
    }
}
