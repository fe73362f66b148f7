//! Turns: leases, commits, and when the next turn is due.

use super::{
    audit, bookings,
    contacts::{self, contact, contact_columns},
    db::{Answers, Columns, Script, put, statements},
    notices::{self, notice_due},
    outbox::{self, Wish},
    writer::{Command, Tx},
};
use crate::{
    codec::{from_json, holder, holder_word, to_json},
    vault::{Seal, field},
};
use chatplug_core::{
    dialogue::{Outcome, Timer},
    model::{Booking, ConversationId, TenantId},
    ports::{Committed, Lease, Leased, Mail, MailEvent, StoreError, TurnCommit},
};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// When the first message that is not settled is due, of a row of `conversation`.
macro_rules! delivery_due {
    () => {
        "(SELECT o.due FROM outbox AS o WHERE o.tenant = conversation.tenant \
        AND o.conversation = conversation.conversation AND o.live = 1 ORDER BY o.seq LIMIT 1)"
    };
}
pub(super) use delivery_due;

/// The earliest of unread mail, timers and a wake-up, of a row of `conversation`.
macro_rules! work_due {
    ($wake:literal) => {
        concat!(
            "nullif(min(coalesce((SELECT min(m.due) FROM mailbox AS m WHERE m.tenant = conversation.tenant \
            AND m.conversation = conversation.conversation AND m.unread = 1), 9223372036854775807), \
            coalesce((SELECT min(t.at) FROM timer AS t WHERE t.tenant = conversation.tenant \
            AND t.conversation = conversation.conversation), 9223372036854775807), \
            coalesce(",
            $wake,
            ", 9223372036854775807)), 9223372036854775807)"
        )
    };
}
pub(super) use work_due;

/// Since when the client waits for an outcome, of a row of `conversation`. Where nobody waited before, nobody does now.
macro_rules! unanswered_since {
    () => {
        "CASE WHEN unanswered_since IS NOT NULL THEN (SELECT min(m.received) FROM mailbox AS m \
        WHERE m.tenant = conversation.tenant AND m.conversation = conversation.conversation AND m.unread = 1 \
        AND m.seq > attended_seq AND m.source LIKE 'message/%') END"
    };
}

statements! {
    LEASE = "UPDATE conversation SET token = token + 1, lease_until = ?, not_before = NULL \
        WHERE tenant = ? AND conversation = ? AND turn_due <= ? RETURNING token, version, turns, channel, holder";
    LEASED = concat!("SELECT d.state, d.action, ", contact_columns!(), " FROM conversation AS v \
        JOIN contact AS c ON c.tenant = v.tenant AND c.contact = v.contact \
        LEFT JOIN dialogue AS d ON d.tenant = v.tenant AND d.conversation = v.conversation \
        WHERE v.tenant = ? AND v.conversation = ?");
    LEASED_BOOKINGS = "SELECT b.body FROM conversation AS v \
        JOIN booking AS b ON b.tenant = v.tenant AND b.contact = v.contact AND b.ends > ? \
        WHERE v.tenant = ? AND v.conversation = ? ORDER BY b.starts";
    UNREAD = "SELECT m.seq, m.received, m.due, m.event, p.about FROM mailbox AS m \
        JOIN conversation AS v ON v.tenant = m.tenant AND v.conversation = m.conversation \
        LEFT JOIN part AS p ON p.tenant = m.tenant AND p.channel = v.channel AND p.message = m.quoted \
        WHERE m.tenant = ? AND m.conversation = ? AND m.unread = 1 ORDER BY m.seq";
    RINGING = "SELECT timer FROM timer WHERE tenant = ? AND conversation = ? AND at <= ? ORDER BY at";
    READ = "UPDATE mailbox SET unread = 0 WHERE tenant = ? AND conversation = ? AND seq = ? AND unread = 1";
    OUTCOME = "UPDATE message SET outcome = ? WHERE tenant = ? AND conversation = ? AND seq = ?";
    DROP_TIMER = "DELETE FROM timer WHERE tenant = ? AND conversation = ? AND key = ?";
    SET_TIMER = "INSERT INTO timer (tenant, conversation, key, at, timer) VALUES (?, ?, ?, ?, ?) \
        ON CONFLICT DO UPDATE SET at = excluded.at, timer = excluded.timer";
    STATE = "INSERT INTO dialogue (tenant, conversation, state, action) VALUES (?, ?, ?, ?) \
        ON CONFLICT DO UPDATE SET state = excluded.state, action = excluded.action";
    RECORD = "INSERT INTO turn (tenant, conversation, number, turn, at, duration_ms, steps, versions) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    UNCLAIM = "DELETE FROM claim WHERE tenant = ? AND action = ?";
    /// The fence: nothing comes back when another worker has the conversation.
    COMMIT = concat!("UPDATE conversation SET version = version + 1, lease_until = ?, not_before = NULL, \
        holder = coalesce(?, holder), wake_at = ?, action_open = ?, active = max(active, ?), turns = turns + ?, \
        last_seq = last_seq + ?, notice_due = CASE WHEN ? THEN ", notice_due!(), " ELSE notice_due END, \
        unanswered_since = ", unanswered_since!(), ", work_due = ", work_due!("?"), ", delivery_due = ", delivery_due!(), " \
        WHERE tenant = ? AND conversation = ? AND token = ? AND version = ? AND lease_until IS NOT NULL \
        RETURNING version, turn_due, delivery_due, notice_due");
    RELEASE = "UPDATE conversation SET lease_until = NULL, not_before = ?, \
        work_due = CASE WHEN action_open AND wake_at IS NULL THEN min(coalesce(work_due, ?), ?) ELSE work_due END, \
        wake_at = CASE WHEN action_open THEN coalesce(wake_at, ?) ELSE wake_at END \
        WHERE tenant = ? AND conversation = ? AND token = ? AND version = ? AND lease_until IS NOT NULL";
    WORK_DUE = concat!("UPDATE conversation SET work_due = ", work_due!("wake_at"), " \
        WHERE tenant = ? AND conversation = ?");
}
pub(super) const REFRESH: &str = WORK_DUE;
pub(super) const LET_GO: &str = UNCLAIM;

/// Takes the lease of a conversation.
#[derive(Debug)]
pub(super) struct TakeLease {
    pub(super) seal: Seal,
    pub(super) conversation: ConversationId,
    pub(super) until: DateTime<Utc>,
    pub(super) now: DateTime<Utc>,
}

impl Command for TakeLease {
    type Output = Option<Leased>;
    type Error = StoreError;

    fn seal(&self) -> Option<&Seal> {
        Some(&self.seal)
    }

    fn run(self, tx: &mut Tx<'_>) -> Result<Option<Leased>, StoreError> {
        let Self { seal, conversation, until, now } = self;
        let tenant = seal.tenant();
        let mut script = Script::default();
        let lease = put!(script, LEASE, until, tenant, conversation, now);
        let leased = put!(script, LEASED, tenant, conversation);
        let bookings = put!(script, LEASED_BOOKINGS, now, tenant, conversation);
        let unread = put!(script, UNREAD, tenant, conversation);
        let ringing = put!(script, RINGING, tenant, conversation, now);
        let answers = tx.run(script)?;
        let (Some(mut row), Some(mut rest)) = (answers.first(lease), answers.first(leased)) else { return Ok(None) };
        let lease = Lease { conversation, token: row.next()?, version: row.next()?, until };
        let turns = row.next()?;
        let (channel, held_by) = (row.parse("a channel id")?, row.next::<String>()?);
        let state = rest.open_opt(&seal, field::STATE)?;
        let action = rest.open_opt(&seal, field::ACTION)?;
        Ok(Some(Leased {
            lease,
            channel,
            contact: contact(&mut rest, &seal)?,
            holder: holder(&held_by)?,
            state,
            action,
            bookings: decode(&answers, bookings, |row| booking(row, &seal))?,
            mail: mail(&answers, &seal, unread, now)?,
            timers: decode(&answers, ringing, |row| from_json::<Timer>(&row.next::<String>()?, "a timer"))?,
            turns,
        }))
    }
}

/// Commits a turn or a part of it.
#[derive(Debug)]
pub(super) struct CommitTurn {
    pub(super) seal: Seal,
    pub(super) commit: Arc<TurnCommit>,
}

impl Command for CommitTurn {
    type Output = Committed;
    type Error = StoreError;

    fn seal(&self) -> Option<&Seal> {
        Some(&self.seal)
    }

    fn run(self, tx: &mut Tx<'_>) -> Result<Committed, StoreError> {
        match self.commit(tx) {
            // A conversation that this tenant does not have: nobody holds a lease of it.
            Err(StoreError::NotFound { .. }) => Err(StoreError::Fenced),
            result => result,
        }
    }
}

impl CommitTurn {
    fn commit(self, tx: &mut Tx<'_>) -> Result<Committed, StoreError> {
        let Self { seal, commit } = self;
        let tenant = seal.tenant();
        let Lease { conversation, token, version, .. } = commit.lease;
        let now = commit.now;
        let mut script = Script::default();
        small_things(&mut script, &seal, &commit)?;
        if commit.withdraw {
            outbox::withdraw(&mut script, tenant, conversation);
        }
        outbox::queue(&mut script, &seal, conversation, &commit.outbox, now)?;
        let queued = i64::try_from(commit.outbox.len()).unwrap_or(0);
        let state = seal.keep(field::STATE, &commit.state)?;
        let action = seal.keep_opt(field::ACTION, commit.action.as_deref())?;
        put!(script, STATE, tenant, conversation, state, action);
        if let Some(record) = &commit.record {
            let steps = seal.keep(field::STEPS, record.steps.get())?;
            let versions = to_json(&record.versions, "a turn")?;
            put!(
                script,
                RECORD,
                tenant,
                conversation,
                record.number,
                record.id,
                record.at,
                record.duration_ms,
                steps,
                versions
            );
        }
        if !commit.bookings.is_empty() || !commit.contact.is_empty() || !commit.audit.is_empty() {
            tx.run(script)?;
            audit::append(tx, tenant, &commit.audit)?;
            for booking in &commit.bookings {
                bookings::keep(tx, &seal, conversation, booking.clone())?;
            }
            for change in &commit.contact {
                contacts::change(tx, &seal, conversation, change)?;
            }
            script = Script::default();
        }

        let wish = commit.take_delivery.map(|until| Wish { seal: &seal, conversation, until, now });
        let taken = wish.as_ref().map(|wish| wish.take(&mut script));
        let holder = commit.holder.map(holder_word);
        let open = commit.action.is_some();
        let fence = put!(
            script,
            COMMIT,
            commit.keep_until,
            holder,
            commit.wake_at,
            open,
            now,
            commit.record.is_some(),
            queued,
            !commit.notify.is_empty(),
            commit.wake_at,
            tenant,
            conversation,
            token,
            version
        );
        // The same columns as the long way reads: when the first message is due.
        let due = wish.as_ref().map(|_| outbox::refresh_due(&mut script, tenant, conversation, None));
        let view = wish.as_ref().map(|wish| wish.view(&mut script));
        let answers = tx.run(script)?;
        let Some(mut row) = answers.first(fence) else { return Err(StoreError::Fenced) };
        let version = row.next()?;
        let (turn_due, delivery_due): (Option<i64>, Option<i64>) = (row.next()?, row.next()?);
        let notice_due: Option<i64> = row.next()?;
        let delivery = match (wish, taken, due, view) {
            (Some(wish), Some(taken), Some(due), Some(view)) => wish.taken(tx, &answers, taken, due, view)?,
            _ => None,
        };
        if turn_due.is_some() || notice_due.is_some() || (delivery_due.is_some() && delivery.is_none()) {
            tx.wake();
        }
        let lease = commit.keep_until.map(|until| Lease { conversation, token, version, until });
        Ok(Committed { lease, delivery })
    }
}

/// Gives a lease back without a commit.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) tenant: TenantId,
    pub(super) lease: Lease,
    pub(super) retry: DateTime<Utc>,
}

impl Command for Release {
    type Output = ();
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let Self { tenant, lease: Lease { conversation, token, version, .. }, retry } = self;
        let mut script = Script::default();
        put!(script, RELEASE, retry, retry, retry, retry, &tenant, conversation, token, version);
        tx.run(script)?;
        tx.wake();
        Ok(())
    }
}

/// Mail read, timers, claims: one short statement each.
fn small_things(script: &mut Script, seal: &Seal, commit: &TurnCommit) -> Result<(), StoreError> {
    let tenant = seal.tenant();
    let conversation = commit.lease.conversation;
    for (seq, outcome) in &commit.read {
        put!(script, READ, tenant, conversation, *seq);
        if let Some(outcome) = outcome {
            put!(script, OUTCOME, outcome_word(*outcome)?, tenant, conversation, *seq);
        }
    }
    for timer in commit.rang.iter().chain(&commit.cancel_timers) {
        put!(script, DROP_TIMER, tenant, conversation, timer.key());
    }
    for (timer, at) in &commit.set_timers {
        put!(script, SET_TIMER, tenant, conversation, timer.key(), *at, to_json(timer, "a timer")?);
    }
    for action in &commit.unclaim {
        put!(script, UNCLAIM, tenant, *action);
    }
    for event in &commit.notify {
        notices::note(script, seal, conversation, event, commit.now)?;
    }
    Ok(())
}

/// What is due; with a message of the client among it everything that came since: a burst is one thought.
fn mail(answers: &Answers, seal: &Seal, place: usize, now: DateTime<Utc>) -> Result<Vec<Mail>, StoreError> {
    let unread = decode(answers, place, |row| {
        let (seq, received, due): (i64, DateTime<Utc>, DateTime<Utc>) = (row.next()?, row.next()?, row.next()?);
        let mut event: MailEvent = from_json(&row.open(seal, field::MAIL)?, "mail")?;
        if let MailEvent::Message { about, .. } = &mut event {
            *about = row.next()?;
        }
        Ok((due <= now, Mail { seq, received, event }))
    })?;
    let is_burst = unread.iter().any(|(due, mail)| *due && matches!(mail.event, MailEvent::Message { .. }));
    let mut mail: Vec<Mail> = unread.into_iter().filter(|(due, _)| *due || is_burst).map(|(_, mail)| mail).collect();
    mail.sort_by_key(|mail| match &mail.event {
        MailEvent::Message { message, .. } => (message.at, mail.seq),
        _ => (mail.received, mail.seq),
    });
    Ok(mail)
}

/// A column with a booking's body.
pub(super) fn booking(row: &mut Columns<'_>, seal: &Seal) -> Result<Booking, StoreError> {
    from_json(&row.open(seal, field::BOOKING)?, "a booking")
}

pub(super) fn decode<T>(
    answers: &Answers,
    place: usize,
    read: impl Fn(&mut Columns<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    answers.rows(place).map(|mut row| read(&mut row)).collect()
}

/// An outcome as the word that it is in JSON.
fn outcome_word(outcome: Outcome) -> Result<String, StoreError> {
    to_json(&outcome, "an outcome")
}
