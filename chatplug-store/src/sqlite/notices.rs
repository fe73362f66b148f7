//! Clients who wait too long, and what the team should hear.

use super::{
    audit,
    db::{Script, put, statements},
    outbox,
    writer::{Command, Tx},
};
use crate::{
    codec::{from_json, to_json},
    vault::{Seal, field},
};
use chatplug_core::{
    dialogue::TeamEvent,
    model::{ConversationId, TenantId},
    ports::{Attention, NoticeRecord, NoticeResult, QueuedNotice, StoreError},
};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// When the team should hear the next thing, of a row of `conversation`.
macro_rules! notice_due {
    () => {
        "(SELECT min(n.due) FROM notice AS n WHERE n.tenant = conversation.tenant \
        AND n.conversation = conversation.conversation AND n.due IS NOT NULL)"
    };
}
pub(super) use notice_due;

statements! {
    /// Everything that came in so far is attended to; nothing comes back when the client does not wait that long.
    ATTEND = "UPDATE conversation SET unanswered_since = NULL, attended_seq = last_seq \
        WHERE tenant = ? AND conversation = ? AND unanswered_since < ? RETURNING conversation";
    NOTE = "INSERT INTO notice (tenant, conversation, seq, at, due, event) SELECT v.tenant, v.conversation, \
        coalesce((SELECT max(n.seq) FROM notice AS n WHERE n.tenant = v.tenant AND n.conversation = v.conversation), 0) + 1, \
        ?, ?, ? FROM conversation AS v WHERE v.tenant = ? AND v.conversation = ?";
    TAKE = "UPDATE notice SET status = 'telling', due = ?, attempt = attempt + 1 \
        WHERE tenant = ? AND conversation = ? AND seq = (SELECT n.seq FROM notice AS n \
        WHERE n.tenant = ? AND n.conversation = ? AND n.due IS NOT NULL AND n.due <= ? ORDER BY n.seq LIMIT 1) \
        RETURNING seq, event, at, attempt";
    SETTLE = "UPDATE notice SET status = ?, due = ?, error = ? \
        WHERE tenant = ? AND conversation = ? AND seq = ? AND status = 'telling' AND attempt = ?";
    REFRESH_DUE = concat!("UPDATE conversation SET notice_due = ", notice_due!(), " WHERE tenant = ? AND conversation = ?");
}

/// Attends to a client who waits too long.
#[derive(Debug)]
pub(super) struct Attend {
    pub(super) seal: Seal,
    pub(super) attention: Arc<Attention>,
}

impl Command for Attend {
    type Output = bool;
    type Error = StoreError;

    fn seal(&self) -> Option<&Seal> {
        Some(&self.seal)
    }

    fn run(self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let Self { seal, attention } = self;
        let tenant = seal.tenant();
        let Attention { conversation, received_before, holding, notice, audit, now } = attention.as_ref();
        let (conversation, now) = (*conversation, *now);
        let mut script = Script::default();
        let waits = put!(script, ATTEND, tenant, conversation, *received_before);
        if tx.run(script)?.first(waits).is_none() {
            return Ok(false);
        }
        let mut script = Script::default();
        note(&mut script, &seal, conversation, notice, now)?;
        put!(script, REFRESH_DUE, tenant, conversation);
        tx.run(script)?;
        audit::append(tx, tenant, std::slice::from_ref(audit))?;
        if let Some(holding) = holding {
            outbox::queue_one(tx, &seal, conversation, holding.clone(), now)?;
        }
        tx.wake();
        Ok(true)
    }
}

/// Takes the first thing that the team should hear and that is due.
#[derive(Debug)]
pub(super) struct NextNotice {
    pub(super) seal: Seal,
    pub(super) conversation: ConversationId,
    pub(super) until: DateTime<Utc>,
    pub(super) now: DateTime<Utc>,
}

impl Command for NextNotice {
    type Output = Option<QueuedNotice>;
    type Error = StoreError;

    fn seal(&self) -> Option<&Seal> {
        Some(&self.seal)
    }

    fn run(self, tx: &mut Tx<'_>) -> Result<Option<QueuedNotice>, StoreError> {
        let Self { seal, conversation, until, now } = self;
        let tenant = seal.tenant();
        let mut script = Script::default();
        let taken = put!(script, TAKE, until, tenant, conversation, tenant, conversation, now);
        put!(script, REFRESH_DUE, tenant, conversation);
        let answers = tx.run(script)?;
        let Some(mut row) = answers.first(taken) else { return Ok(None) };
        let (seq, event) = (row.next()?, from_json(&row.open(&seal, field::NOTICE)?, "a notice")?);
        Ok(Some(QueuedNotice { seq, event, at: row.next()?, attempt: row.next()? }))
    }
}

/// Records what became of telling the team.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) tenant: TenantId,
    pub(super) record: NoticeRecord,
}

impl Command for Record {
    type Output = ();
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let Self { tenant, record: NoticeRecord { conversation, seq, attempt, result, .. } } = self;
        let (status, due, error) = match result {
            NoticeResult::Told => ("told", None, None),
            NoticeResult::Retry { at } => ("queued", Some(at), None),
            NoticeResult::Dead { error } => ("dead", None, Some(error)),
        };
        let mut script = Script::default();
        put!(script, SETTLE, status, due, error, &tenant, conversation, seq, attempt);
        put!(script, REFRESH_DUE, &tenant, conversation);
        tx.run(script)?;
        if due.is_some() {
            tx.wake();
        }
        Ok(())
    }
}

/// Notes something that the team should hear. When the conversation's next notice is due is found out by whoever calls.
pub(super) fn note(
    script: &mut Script,
    seal: &Seal,
    conversation: ConversationId,
    event: &TeamEvent,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let event = seal.keep(field::NOTICE, &to_json(event, "a notice")?)?;
    put!(script, NOTE, now, now, event, seal.tenant(), conversation);
    Ok(())
}
