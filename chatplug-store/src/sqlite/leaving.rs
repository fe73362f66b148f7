//! A branch that goes for good, as the data map says: person by person, each in one step with its part of the receipt; at the
//! end what is the branch's own, and the row of the audit.

use super::{
    SqliteStore, audit,
    db::{Answers, Script, put, statements},
    records,
    turn::{delivery_due, work_due},
    writer::{Command, Tx},
};
use crate::{
    codec::{from_json, to_json},
    data_map::{Leave, On, tables_on},
    leaving::{self, Counts, Cut, Fate, Person, Spoken, Talk},
    vault::{Seal, field},
};
use chatplug_core::{
    model::{ActionKey, BookingId, BranchId, ContactId, ConversationId, DeliveryKey, TenantId},
    ports::{BranchPurge, Purge, StoreError},
};
use chrono::{DateTime, Utc};
use std::sync::LazyLock;

statements! {
    PEOPLE = "SELECT contact FROM contact WHERE tenant = ? AND contact > ? AND merged_into IS NULL ORDER BY contact LIMIT ?";
    KNOWN_AS = "SELECT contact FROM contact WHERE tenant = ? AND contact = ? \
        UNION ALL SELECT contact FROM contact WHERE tenant = ? AND merged_into = ?";
    BOOKED = "SELECT a.booking, a.branch FROM booking AS b \
        JOIN booking_alias AS a ON a.tenant = b.tenant AND a.booking = b.booking WHERE b.tenant = ? AND b.contact = ?";
    TALKS = "SELECT v.conversation, (v.action_open = 1 OR coalesce(v.lease_until, 0) > ? OR v.notice_due IS NOT NULL), \
        d.state FROM conversation AS v LEFT JOIN dialogue AS d ON d.tenant = v.tenant AND d.conversation = v.conversation \
        WHERE v.tenant = ? AND v.contact = ?";
    TURNS = "SELECT number, at - duration_ms * 1000, at, steps FROM turn WHERE tenant = ? AND conversation = ? ORDER BY number";
    LINES = "SELECT seq, at, inbound FROM message WHERE tenant = ? AND conversation = ?";
    READ_MAIL = "SELECT seq, received FROM mailbox WHERE tenant = ? AND conversation = ? AND unread = 0";
    OUTBOX = "SELECT delivery, live, about, queued, body FROM outbox WHERE tenant = ? AND conversation = ?";
    TOLD = "SELECT seq, at FROM notice WHERE tenant = ? AND conversation = ? AND due IS NULL";
    TIMERS = "SELECT key, timer FROM timer WHERE tenant = ? AND conversation = ?";
    DROP_TURN = "DELETE FROM turn WHERE tenant = ? AND conversation = ? AND number = ?";
    DROP_LINE = "DELETE FROM message WHERE tenant = ? AND conversation = ? AND seq = ?";
    EMPTY_MAIL = "UPDATE mailbox SET event = ? WHERE tenant = ? AND conversation = ? AND seq = ? AND unread = 0";
    DROP_PARTS = "DELETE FROM part WHERE tenant = ? AND delivery = ?";
    DROP_EARLY = "DELETE FROM early WHERE tenant = ? AND delivery = ?";
    DROP_OUT = "DELETE FROM outbox WHERE tenant = ? AND delivery = ?";
    DROP_NOTICE = "DELETE FROM notice WHERE tenant = ? AND conversation = ? AND seq = ? AND due IS NULL";
    DROP_TIMER = "DELETE FROM timer WHERE tenant = ? AND conversation = ? AND key = ?";
    SET_STATE = "UPDATE dialogue SET state = ? WHERE tenant = ? AND conversation = ?";
    REFRESH = concat!("UPDATE conversation SET delivery_due = ", delivery_due!(), ", work_due = ", work_due!("wake_at"), " \
        WHERE tenant = ? AND conversation = ?");
    DROP_ALIASES = "DELETE FROM booking_alias WHERE tenant = ? AND booking = ?";
    DROP_BOOKING = "DELETE FROM booking WHERE tenant = ? AND booking = ?";
    LEFT = "SELECT count(*) FROM booking_alias WHERE tenant = ? AND branch = ?";
    BEGUN = "SELECT purged, provider, external_id FROM install WHERE tenant = ? AND branch = ? AND state = 'leaving'";
    RECEIPT = "UPDATE install SET purged = ? WHERE tenant = ? AND branch = ?";
    CLAIMS = "SELECT action, subject FROM claim WHERE tenant = ?";
    DROP_CLAIM = "DELETE FROM claim WHERE tenant = ? AND action = ?";
    ASSIGNED = "SELECT subject FROM assigned WHERE tenant = ?";
    DROP_ASSIGNED = "DELETE FROM assigned WHERE tenant = ? AND subject = ?";
    CREDENTIALS = "SELECT name FROM credential WHERE tenant = ?";
    DROP_CREDENTIAL = "DELETE FROM credential WHERE tenant = ? AND name = ?";
    CHANGED = "UPDATE pulse SET installs = installs + 1 WHERE pulse = 1";
}

/// People looked at in one go.
const PAGE: i64 = 200;

/// What is a branch's by its own column, those that refer to others first; made of the map once.
static OWN: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let own = tables_on(On::Sqlite).filter(|table| table.leave == Leave::Branch);
    let delete = |name: &str| &*format!("DELETE FROM {name} WHERE tenant = ?1 AND branch = ?2").leak();
    own.map(|table| (table.name, delete(table.name))).rev().collect()
});

/// All statements that the map makes, for the tests that look at every statement.
#[cfg(test)]
pub(super) fn made() -> Vec<(&'static str, &'static str)> {
    OWN.clone()
}

impl SqliteStore {
    pub(super) async fn purge(&self, tenant: &TenantId, purge: &BranchPurge) -> Result<Purge, StoreError> {
        let unknown = StoreError::NotFound { what: "a branch that is leaving" };
        let mut script = Script::default();
        let begun = put!(script, BEGUN, tenant, &purge.branch);
        if self.read(script).await?.first(begun).is_none() {
            return Err(unknown);
        }
        let (mut busy, mut after) = (0, leaving::after(None));
        loop {
            let mut script = Script::default();
            let people = put!(script, PEOPLE, tenant, crate::sqlite::db::Value::Id(after), PAGE);
            let answers = self.read(script).await?;
            let people: Vec<ContactId> = answers.rows(people).map(|mut row| row.next()).collect::<Result<_, _>>()?;
            let Some(last) = people.last() else { break };
            after = leaving::after(Some(*last));
            for contact in people {
                // Looked at before it is written: most people a branch does not concern.
                let looks = |seal| Look { step: Step { seal, contact, purge: purge.clone() }, only: true };
                let does = |seal| Look { step: Step { seal, contact, purge: purge.clone() }, only: false };
                if self.run(tenant, looks).await? != Some(Fate::Untouched) {
                    busy += u64::from(self.run(tenant, does).await? == Some(Fate::Busy));
                }
            }
        }
        if busy > 0 {
            return Ok(Purge::Busy { people: busy });
        }
        let ended = self.writer.submit(End { tenant: tenant.clone(), purge: purge.clone() }).await?;
        if matches!(ended, Purge::Done { .. })
            && let Err(error) = self.writer.scrub().await
        {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(tenant.id = %tenant, error, "traces of a branch that is gone may be left in the file for now");
        }
        Ok(ended)
    }
}

/// One person.
struct Step {
    seal: Seal,
    contact: ContactId,
    purge: BranchPurge,
}

/// Decides over one person, and does it unless it is only to be known.
struct Look {
    step: Step,
    only: bool,
}

impl Command for Look {
    type Output = Fate;
    type Error = StoreError;

    fn seal(&self) -> Option<&Seal> {
        Some(&self.step.seal)
    }

    fn run(self, tx: &mut Tx<'_>) -> Result<Fate, StoreError> {
        let Step { seal, contact, purge } = self.step;
        let tenant = seal.tenant();
        let mut script = Script::default();
        let known = put!(script, KNOWN_AS, tenant, contact, tenant, contact);
        let begun = put!(script, BEGUN, tenant, &purge.branch);
        let answers = tx.run(script)?;
        let contacts: Vec<ContactId> = answers.rows(known).map(|mut row| row.next()).collect::<Result<_, _>>()?;
        // Somebody else was first.
        let Some(mut row) = answers.first(begun) else { return Ok(Fate::Untouched) };
        let receipt: String = row.next()?;
        let mut person = Person::default();
        for contact in &contacts {
            gather(tx, &seal, *contact, purge.now, &mut person)?;
        }
        let fate = leaving::fate(&person, &purge.branch, purge.last)?;
        if self.only || matches!(fate, Fate::Untouched | Fate::Busy) {
            return Ok(fate);
        }
        let mut counts: Counts = from_json(&receipt, "a receipt")?;
        match &fate {
            Fate::Erased => leaving::count_erased(&mut counts, &records::erase_all(tx, tenant, &contacts)?),
            Fate::Cut(cuts, bookings) => {
                cuts.iter().try_for_each(|cut| apply(tx, &seal, cut, &mut counts))?;
                bookings.iter().try_for_each(|booking| unbook(tx, tenant, *booking, &mut counts))?;
            }
            Fate::Untouched | Fate::Busy => {}
        }
        let mut script = Script::default();
        put!(script, RECEIPT, to_json(&counts, "a receipt")?, tenant, &purge.branch);
        tx.run(script)?;
        Ok(fate)
    }
}

/// Reads everything of somebody that may tell of the branch.
fn gather(
    tx: &mut Tx<'_>,
    seal: &Seal,
    contact: ContactId,
    now: DateTime<Utc>,
    person: &mut Person,
) -> Result<(), StoreError> {
    let tenant = seal.tenant();
    let mut script = Script::default();
    let booked = put!(script, BOOKED, tenant, contact);
    let talks = put!(script, TALKS, now, tenant, contact);
    let answers = tx.run(script)?;
    for mut row in answers.rows(booked) {
        person.bookings.push((row.next()?, row.next()?));
    }
    for mut row in answers.rows(talks) {
        let (conversation, busy): (ConversationId, bool) = (row.next()?, row.next()?);
        let state = row.open_opt(seal, field::STATE)?;
        person.talks.push(talk(tx, seal, conversation, busy, state)?);
    }
    Ok(())
}

fn talk(
    tx: &mut Tx<'_>,
    seal: &Seal,
    conversation: ConversationId,
    busy: bool,
    state: Option<String>,
) -> Result<Talk, StoreError> {
    let tenant = seal.tenant();
    let mut script = Script::default();
    let turns = put!(script, TURNS, tenant, conversation);
    let lines = put!(script, LINES, tenant, conversation);
    let mail = put!(script, READ_MAIL, tenant, conversation);
    let outbox = put!(script, OUTBOX, tenant, conversation);
    let told = put!(script, TOLD, tenant, conversation);
    let timers = put!(script, TIMERS, tenant, conversation);
    let answers = tx.run(script)?;
    let pairs = |place| answers.rows(place).map(|mut row| Ok((row.next()?, row.next()?)));
    let out = |mut row: super::db::Columns<'_>| {
        let (delivery, live, about): (DeliveryKey, bool, Option<BookingId>) = (row.next()?, row.next()?, row.next()?);
        Ok((delivery, !live, about, row.next()?, row.open(seal, field::BODY)?))
    };
    Ok(Talk {
        conversation: conversation.as_uuid(),
        busy,
        state,
        turns: answers
            .rows(turns)
            .map(|mut row| {
                let (number, began, ended) = (row.next()?, row.next()?, row.next()?);
                Ok(Spoken { number, began, ended, steps: row.open(seal, field::STEPS)? })
            })
            .collect::<Result<_, StoreError>>()?,
        lines: answers
            .rows(lines)
            .map(|mut row| Ok((row.next()?, row.next()?, row.next()?)))
            .collect::<Result<_, StoreError>>()?,
        mail: pairs(mail).collect::<Result<_, StoreError>>()?,
        outbox: answers.rows(outbox).map(out).collect::<Result<_, StoreError>>()?,
        notices: pairs(told).collect::<Result<_, StoreError>>()?,
        timers: answers
            .rows(timers)
            .map(|mut row| Ok((row.next()?, row.next()?)))
            .collect::<Result<_, StoreError>>()?,
    })
}

/// Cuts out of a conversation what is the branch's.
fn apply(tx: &mut Tx<'_>, seal: &Seal, cut: &Cut, counts: &mut Counts) -> Result<(), StoreError> {
    let (tenant, conversation) = (seal.tenant(), ConversationId::from_uuid(cut.conversation));
    let empty = seal.keep(field::MAIL, "")?;
    let mut script = Script::default();
    let mut places = Vec::new();
    for number in &cut.turns {
        places.push(("turn", put!(script, DROP_TURN, tenant, conversation, *number)));
    }
    for seq in &cut.lines {
        places.push(("message", put!(script, DROP_LINE, tenant, conversation, *seq)));
    }
    for seq in &cut.mail {
        places.push(("mailbox", put!(script, EMPTY_MAIL, empty.clone(), tenant, conversation, *seq)));
    }
    for delivery in &cut.outbox {
        places.push(("part", put!(script, DROP_PARTS, tenant, *delivery)));
        places.push(("early", put!(script, DROP_EARLY, tenant, *delivery)));
        places.push(("outbox", put!(script, DROP_OUT, tenant, *delivery)));
    }
    for seq in &cut.notices {
        places.push(("notice", put!(script, DROP_NOTICE, tenant, conversation, *seq)));
    }
    for key in &cut.timers {
        places.push(("timer", put!(script, DROP_TIMER, tenant, conversation, key)));
    }
    if let Some(state) = &cut.state {
        places.push(("dialogue", put!(script, SET_STATE, seal.keep(field::STATE, state)?, tenant, conversation)));
    }
    put!(script, REFRESH, tenant, conversation);
    receive(&tx.run(script)?, places, counts);
    Ok(())
}

fn unbook(tx: &mut Tx<'_>, tenant: &TenantId, booking: BookingId, counts: &mut Counts) -> Result<(), StoreError> {
    let mut script = Script::default();
    let aliases = put!(script, DROP_ALIASES, tenant, booking);
    let bookings = put!(script, DROP_BOOKING, tenant, booking);
    receive(&tx.run(script)?, vec![("booking_alias", aliases), ("booking", bookings)], counts);
    Ok(())
}

fn receive(answers: &Answers, places: Vec<(&'static str, usize)>, counts: &mut Counts) {
    places.into_iter().for_each(|(table, place)| leaving::count(counts, table, answers.changed(place)));
}

/// What is the branch's own, once nobody is left whom it concerns.
struct End {
    tenant: TenantId,
    purge: BranchPurge,
}

impl Command for End {
    type Output = Purge;
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<Purge, StoreError> {
        let Self { tenant, purge } = self;
        let branch: &BranchId = &purge.branch;
        let mut script = Script::default();
        let begun = put!(script, BEGUN, &tenant, branch);
        let left = put!(script, LEFT, &tenant, branch);
        let claims = put!(script, CLAIMS, &tenant);
        let assigned = put!(script, ASSIGNED, &tenant);
        let credentials = put!(script, CREDENTIALS, &tenant);
        let answers = tx.run(script)?;
        let Some(mut row) = answers.first(begun) else {
            return Err(StoreError::NotFound { what: "a branch that is leaving" });
        };
        let (receipt, provider, external_id): (String, String, String) = (row.next()?, row.next()?, row.next()?);
        if answers.first(left).map_or(Ok(0), |mut row| row.next::<i64>())? > 0 {
            // A turn that was under way has booked since.
            return Ok(Purge::Busy { people: 1 });
        }
        let mut counts: Counts = from_json(&receipt, "a receipt")?;
        let prefix = leaving::credentials(&provider, &external_id);
        let mut script = Script::default();
        let mut places = Vec::new();
        for mut row in answers.rows(claims) {
            let (action, subject): (ActionKey, String) = (row.next()?, row.next()?);
            if leaving::is_of(&subject, branch) {
                places.push(("claim", put!(script, DROP_CLAIM, &tenant, action)));
            }
        }
        for mut row in answers.rows(assigned) {
            let subject: String = row.next()?;
            if leaving::is_of(&subject, branch) {
                places.push(("assigned", put!(script, DROP_ASSIGNED, &tenant, subject)));
            }
        }
        for mut row in answers.rows(credentials) {
            let name: String = row.next()?;
            if name.starts_with(&prefix) {
                places.push(("credential", put!(script, DROP_CREDENTIAL, &tenant, name)));
            }
        }
        for (table, sql) in OWN.iter() {
            places.push((*table, put!(script, sql, &tenant, branch)));
        }
        put!(script, CHANGED);
        receive(&tx.run(script)?, places, &mut counts);
        audit::append(tx, &tenant, &[leaving::gone(&purge, &counts)])?;
        Ok(Purge::Done { removed: counts })
    }
}
