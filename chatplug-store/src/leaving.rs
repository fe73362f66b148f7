//! What every database does alike when a branch goes for good: who goes with it, and what is cut out of the conversations of
//! those who stay. How rows are read and removed lies beside each database.

use crate::codec::from_json;
use chatplug_core::{
    dialogue::{Dialogue, Timer},
    model::{BookingId, BranchId, ContactId, DeliveryKey},
    ports::{AuditRow, BranchPurge, Erasure, OutboxBody, StoreError},
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Counts of rows, by table.
pub(crate) type Counts = BTreeMap<String, u64>;

/// Somebody, as far as the branch may concern them.
#[derive(Debug, Default)]
pub(crate) struct Person {
    /// Their bookings, each with a branch that it was ever at.
    pub(crate) bookings: Vec<(BookingId, String)>,
    pub(crate) talks: Vec<Talk>,
}

/// A conversation of theirs, readable.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) conversation: Uuid,
    /// A turn is under way, an action open, or the team has not heard everything yet.
    pub(crate) busy: bool,
    pub(crate) state: Option<String>,
    /// Turns on record, oldest first.
    pub(crate) turns: Vec<Spoken>,
    /// Lines of the log: place, time, and whether the client said it.
    pub(crate) lines: Vec<(i64, i64, bool)>,
    /// Read mail: place and time.
    pub(crate) mail: Vec<(i64, i64)>,
    /// What goes out: key, whether it is settled, what it is about, when it was queued, what it says.
    pub(crate) outbox: Vec<(DeliveryKey, bool, Option<BookingId>, i64, String)>,
    /// What the team was told: place and time.
    pub(crate) notices: Vec<(i64, i64)>,
    /// Timers by key.
    pub(crate) timers: Vec<(String, String)>,
}

/// A turn, readable.
#[derive(Debug)]
pub(crate) struct Spoken {
    pub(crate) number: i64,
    /// In microseconds, as all times here.
    pub(crate) began: i64,
    pub(crate) ended: i64,
    pub(crate) steps: String,
}

/// What becomes of somebody.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The branch does not concern them.
    Untouched,
    /// Something of theirs is under way: later.
    Busy,
    /// They go wholly.
    Erased,
    /// They stay; this is cut out.
    Cut(Vec<Cut>, Vec<BookingId>),
}

/// What is cut out of a conversation.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) conversation: Uuid,
    /// The state that remains, where it is another one.
    pub(crate) state: Option<String>,
    pub(crate) turns: Vec<i64>,
    pub(crate) lines: Vec<i64>,
    pub(crate) mail: Vec<i64>,
    pub(crate) outbox: Vec<DeliveryKey>,
    pub(crate) notices: Vec<i64>,
    pub(crate) timers: Vec<String>,
}

impl Cut {
    fn is_empty(&self) -> bool {
        *self == Self { conversation: self.conversation, ..Self::default() }
    }
}

/// Decides over somebody. They go wholly when no branch is left, or when the branch concerns them and no other one does: no
/// booking at another one, nothing begun there, and no turn on record that was about one.
pub(crate) fn fate(person: &Person, branch: &BranchId, last: bool) -> Result<Fate, StoreError> {
    let here = format!("\"branch\":{}", json!(branch));
    let mut at_others = person.bookings.iter().any(|(_, at)| at != branch.as_str());
    let mut concerned = last || person.bookings.iter().any(|(_, at)| at == branch.as_str());
    for talk in &person.talks {
        let begun = dialogue(talk).map(|dialogue| dialogue.branches()).unwrap_or_default();
        concerned |= begun.contains(branch) || talk.turns.iter().any(|turn| turn.steps.contains(&here));
        at_others |= begun.iter().any(|at| at != branch) || talk.turns.iter().any(|turn| others(&turn.steps, &here));
        concerned |= talk.outbox.iter().any(|(.., body)| body.contains(&here));
    }
    if !concerned {
        return Ok(Fate::Untouched);
    }
    if person.talks.iter().any(|talk| talk.busy) {
        return Ok(Fate::Busy);
    }
    if last || !at_others {
        return Ok(Fate::Erased);
    }
    let bookings: BTreeSet<BookingId> =
        person.bookings.iter().filter(|(_, at)| at == branch.as_str()).map(|(booking, _)| *booking).collect();
    let cuts = person.talks.iter().map(|talk| cut(talk, branch, &here, &bookings));
    let cuts: Vec<Cut> = cuts.collect::<Result<Vec<_>, _>>()?.into_iter().filter(|cut| !cut.is_empty()).collect();
    if cuts.is_empty() && bookings.is_empty() {
        return Ok(Fate::Untouched);
    }
    Ok(Fate::Cut(cuts, bookings.into_iter().collect()))
}

fn dialogue(talk: &Talk) -> Option<Dialogue> {
    Dialogue::from_json(talk.state.as_deref()?).ok()
}

/// Whether a turn was about another branch.
fn others(steps: &str, here: &str) -> bool {
    const NAMED: &str = "\"branch\":\"";
    steps.match_indices(NAMED).any(|(at, _)| steps.get(at..).is_some_and(|rest| !rest.starts_with(here)))
}

/// Turns that are this much younger than a line, in microseconds, and have predecessors that were forgotten, tell nothing
/// about it.
const LONG_BEFORE: i64 = 60_000_000;

/// What of a conversation goes. A line belongs to the turn that read it: the first one not before it came in; or to the one
/// that said it: the last one that began not after it was queued. What no turn on record tells about goes, when anything
/// does.
fn cut(talk: &Talk, branch: &BranchId, here: &str, bookings: &BTreeSet<BookingId>) -> Result<Cut, StoreError> {
    let mut cut = Cut { conversation: talk.conversation, ..Cut::default() };
    cut.turns.extend(talk.turns.iter().filter(|turn| turn.steps.contains(here)).map(|turn| turn.number));
    let first = talk.turns.first();
    let unknown = |at: i64| first.is_none_or(|turn| turn.number > 1 && at < turn.began - LONG_BEFORE);
    let goes = |turn: Option<&Spoken>| turn.is_some_and(|turn| cut.turns.contains(&turn.number));
    let read = |at: i64| unknown(at) || goes(talk.turns.iter().find(|turn| turn.ended >= at));
    let said = |at: i64| unknown(at) || goes(talk.turns.iter().rfind(|turn| turn.began <= at));
    let touched = !cut.turns.is_empty() || !bookings.is_empty();
    let line = |inbound: bool, at: i64| touched && if inbound { read(at) } else { said(at) };
    let lines = talk.lines.iter().filter(|(_, at, inbound)| line(*inbound, *at)).map(|(seq, ..)| *seq).collect();
    let mail = talk.mail.iter().filter(|(_, at)| line(true, *at)).map(|(seq, _)| *seq).collect();
    let notices = talk.notices.iter().filter(|(_, at)| line(false, *at)).map(|(seq, _)| *seq).collect();
    let mut outbox = Vec::new();
    for (key, settled, about, at, body) in &talk.outbox {
        let tagged = match from_json(body, "a message to send")? {
            OutboxBody::Reply { branch, .. } => branch,
            OutboxBody::Words { .. } | OutboxBody::Ready { .. } => None,
        };
        let of_it = tagged.as_ref() == Some(branch) || about.is_some_and(|about| bookings.contains(&about));
        let of_another = tagged.is_some() && !of_it;
        if of_it || (*settled && !of_another && line(false, *at)) {
            outbox.push(*key);
        }
    }
    for (key, timer) in &talk.timers {
        if let Timer::Reminder { booking } = from_json(timer, "a timer")?
            && bookings.contains(&booking)
        {
            cut.timers.push(key.clone());
        }
    }
    (cut.lines, cut.mail, cut.notices, cut.outbox) = (lines, mail, notices, outbox);
    if let Some(mut dialogue) = dialogue(talk)
        && dialogue.forget_branch(branch)
    {
        cut.state = dialogue.to_json().ok();
    }
    Ok(cut)
}

/// Adds rows of a table to a receipt.
pub(crate) fn count(counts: &mut Counts, table: &str, rows: u64) {
    if rows > 0 {
        *counts.entry(table.to_owned()).or_default() += rows;
    }
}

/// Adds the receipt of somebody who was erased.
pub(crate) fn count_erased(counts: &mut Counts, receipt: &Erasure) {
    receipt.deleted.iter().chain(&receipt.blanked).for_each(|(table, rows)| count(counts, table, *rows));
    count(counts, "people", 1);
}

/// What the audit says of a branch that is gone.
pub(crate) fn gone(purge: &BranchPurge, counts: &Counts) -> AuditRow {
    AuditRow {
        at: purge.now,
        actor: purge.by.clone(),
        what: "purge_branch".to_owned(),
        conversation: None,
        action: None,
        detail: json!({ "branch": purge.branch, "last": purge.last, "removed": counts }),
    }
}

/// Whether a subject of claims is of a branch.
pub(crate) fn is_of(subject: &str, branch: &BranchId) -> bool {
    subject.strip_prefix(branch.as_str()).is_some_and(|rest| rest.starts_with('/'))
}

/// A contact's id as pages are asked for after it.
pub(crate) fn after(contact: Option<ContactId>) -> Uuid {
    contact.map_or(Uuid::nil(), |contact| contact.as_uuid())
}

/// What the names of an account's credentials begin with.
pub(crate) fn credentials(provider: &str, external_id: &str) -> String {
    format!("install/{provider}/{external_id}/")
}
