//! A branch that goes for good, as the data map says: person by person, each in one step with its part of the receipt; at the
//! end what is the branch's own, and the row of the audit.

use super::{
    PostgresStore, audit, contacts,
    db::{Columns, Session, again, ask, statements, whole},
    records,
};
use crate::{
    codec::{from_json, micros, to_json},
    data_map::{Leave, On, tables_on},
    leaving::{self, Counts, Cut, Fate, Person, Spoken, Talk},
    vault::{Seal, field},
};
use chatplug_core::{
    model::{BookingId, ContactId, TenantId},
    ports::{BranchPurge, Purge, StoreError},
    vault::VaultError,
};
use std::sync::LazyLock;
use uuid::Uuid;

statements! {
    PEOPLE = "SELECT contact FROM contact WHERE tenant = $1 AND contact > $2 AND merged_into IS NULL ORDER BY contact LIMIT $3";
    KNOWN_AS = "SELECT contact FROM contact WHERE tenant = $1 AND contact = $2 \
        UNION ALL SELECT contact FROM contact WHERE tenant = $1 AND merged_into = $2";
    /// Whoever writes in a conversation holds its row first.
    HOLD = "SELECT v.conversation FROM conversation AS v WHERE v.tenant = $1 AND v.contact = ANY ($2) \
        ORDER BY v.conversation FOR UPDATE";
    BOOKED = "SELECT a.booking, a.branch FROM booking AS b \
        JOIN booking_alias AS a ON a.tenant = b.tenant AND a.booking = b.booking WHERE b.tenant = $1 AND b.contact = $2";
    TALKS = "SELECT v.conversation, (v.action_open OR coalesce(v.lease_until, 0) > $3 OR v.notice_due IS NOT NULL), \
        d.state FROM conversation AS v LEFT JOIN dialogue AS d ON d.tenant = v.tenant AND d.conversation = v.conversation \
        WHERE v.tenant = $1 AND v.contact = $2";
    TURNS = "SELECT number, at - duration_ms * 1000, at, steps FROM turn WHERE tenant = $1 AND conversation = $2 ORDER BY number";
    LINES = "SELECT seq, at, inbound FROM message WHERE tenant = $1 AND conversation = $2";
    READ_MAIL = "SELECT seq, received FROM mailbox WHERE tenant = $1 AND conversation = $2 AND NOT unread";
    OUTBOX = "SELECT delivery, live, about, queued, body FROM outbox WHERE tenant = $1 AND conversation = $2";
    TOLD = "SELECT seq, at FROM notice WHERE tenant = $1 AND conversation = $2 AND due IS NULL";
    TIMERS = "SELECT key, timer FROM timer WHERE tenant = $1 AND conversation = $2";
    DROP_TURNS = "DELETE FROM turn WHERE tenant = $1 AND conversation = $2 AND number = ANY ($3)";
    DROP_LINES = "DELETE FROM message WHERE tenant = $1 AND conversation = $2 AND seq = ANY ($3)";
    EMPTY_MAIL = "UPDATE mailbox SET event = $4 WHERE tenant = $1 AND conversation = $2 AND seq = ANY ($3) AND NOT unread";
    DROP_PARTS = "DELETE FROM part WHERE tenant = $1 AND delivery = ANY ($2)";
    DROP_EARLY = "DELETE FROM early WHERE tenant = $1 AND delivery = ANY ($2)";
    DROP_OUT = "DELETE FROM outbox WHERE tenant = $1 AND delivery = ANY ($2)";
    DROP_NOTICES = "DELETE FROM notice WHERE tenant = $1 AND conversation = $2 AND seq = ANY ($3) AND due IS NULL";
    DROP_TIMERS = "DELETE FROM timer WHERE tenant = $1 AND conversation = $2 AND key = ANY ($3)";
    SET_STATE = "UPDATE dialogue SET state = $3 WHERE tenant = $1 AND conversation = $2";
    REFRESH = "UPDATE conversation AS v SET delivery_due = chatplug.first_delivery($1, $2), \
        work_due = chatplug.first_work($1, $2, v.wake_at) WHERE v.tenant = $1 AND v.conversation = $2";
    DROP_ALIASES = "DELETE FROM booking_alias WHERE tenant = $1 AND booking = ANY ($2)";
    DROP_BOOKINGS = "DELETE FROM booking WHERE tenant = $1 AND booking = ANY ($2)";
    LEFT = "SELECT count(*) FROM booking_alias WHERE tenant = $1 AND branch = $2";
    /// One at a time: the receipt is added up.
    BEGUN = "SELECT purged, provider, external_id FROM install WHERE tenant = $1 AND branch = $2 AND state = 'leaving' \
        FOR UPDATE";
    RECEIPT = "UPDATE install SET purged = $3 WHERE tenant = $1 AND branch = $2";
    CLAIMS = "SELECT action, subject FROM claim WHERE tenant = $1";
    DROP_CLAIMS = "DELETE FROM claim WHERE tenant = $1 AND action = ANY ($2)";
    ASSIGNED = "SELECT subject FROM assigned WHERE tenant = $1";
    DROP_ASSIGNED = "DELETE FROM assigned WHERE tenant = $1 AND subject = ANY ($2)";
    CREDENTIALS = "SELECT name FROM credential WHERE tenant = $1";
    DROP_CREDENTIALS = "DELETE FROM credential WHERE tenant = $1 AND name = ANY ($2)";
    CHANGED = "SELECT chatplug.installs_mark(true)";
}

/// People looked at in one go.
const PAGE: i64 = 200;
/// Nobody has asked for it, or it is gone.
const UNKNOWN: StoreError = StoreError::NotFound { what: "a branch that is leaving" };

/// What is a branch's by its own column, those that refer to others first; made of the map once.
static OWN: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let own = tables_on(On::Postgres).filter(|table| table.leave == Leave::Branch);
    let delete = |name: &str| &*format!("DELETE FROM {name} WHERE tenant = $1 AND branch = $2").leak();
    own.map(|table| (table.name, delete(table.name))).rev().collect()
});

/// All statements that the map makes, for the tests that look at every statement.
#[cfg(test)]
pub(super) fn made() -> Vec<(&'static str, &'static str)> {
    OWN.clone()
}

impl PostgresStore {
    pub(super) async fn purge(&self, tenant: &TenantId, purge: &BranchPurge) -> Result<Purge, StoreError> {
        let (id, branch) = (tenant.as_str(), purge.branch.as_str());
        if self.db.read(tenant, ask!(BEGUN, id, branch)).await?.is_empty() {
            return Err(UNKNOWN);
        }
        let (mut busy, mut after) = (0, leaving::after(None));
        if let Some(mut seal) = self.keys.seal(tenant).await? {
            loop {
                let rows = self.db.read(tenant, ask!(PEOPLE, id, after, PAGE)).await?;
                let people: Vec<ContactId> = rows.iter().map(|row| Columns::of(row).id()).collect::<Result<_, _>>()?;
                let Some(last) = people.last() else { break };
                after = leaving::after(Some(*last));
                for contact in people {
                    // Looked at before anybody is kept waiting: most people a branch does not concern.
                    if self.one(tenant, &mut seal, contact, purge, true).await? != Fate::Untouched {
                        let fate = self.one(tenant, &mut seal, contact, purge, false).await?;
                        busy += u64::from(fate == Fate::Busy);
                    }
                }
            }
        }
        if busy > 0 {
            return Ok(Purge::Busy { people: busy });
        }
        again!(whole!(self.db, tenant, session => end(&mut session, tenant, purge).await))
    }

    /// One person; with newer keys when another process made some since these were read.
    async fn one(
        &self,
        tenant: &TenantId,
        seal: &mut Seal,
        contact: ContactId,
        purge: &BranchPurge,
        only: bool,
    ) -> Result<Fate, StoreError> {
        let step = |seal: Seal| async move {
            again!(whole!(self.db, tenant, session => one(&mut session, &seal, contact, purge, only).await))
        };
        match step(seal.clone()).await {
            Err(StoreError::Vault(VaultError::UnknownKey { .. })) => {
                *seal = self.keys.reload(tenant).await?.ok_or(UNKNOWN)?;
                step(seal.clone()).await
            }
            done => done,
        }
    }
}

/// Decides over one person, and does it unless it is only to be known.
async fn one(
    session: &mut Session,
    seal: &Seal,
    contact: ContactId,
    purge: &BranchPurge,
    only: bool,
) -> Result<Fate, StoreError> {
    let tenant = seal.tenant();
    let id = tenant.as_str();
    if !only {
        // Nobody of them is met or merged meanwhile.
        contacts::turn(session, tenant).await?;
    }
    let rows = session.rows(ask!(KNOWN_AS, id, contact.as_uuid())).await?;
    let contacts: Vec<Uuid> = rows.iter().map(|row| Columns::of(row).next()).collect::<Result<_, _>>()?;
    let mut receipt = String::new();
    if !only {
        session.rows(ask!(HOLD, id, &contacts)).await?;
        let rows = session.rows(ask!(BEGUN, id, purge.branch.as_str())).await?;
        // Somebody else was first.
        let Some(row) = rows.first() else { return Ok(Fate::Untouched) };
        receipt = Columns::of(row).next()?;
    }
    let mut person = Person::default();
    for contact in &contacts {
        for row in session.rows(ask!(BOOKED, id, *contact)).await? {
            let mut row = Columns::of(&row);
            person.bookings.push((row.id()?, row.next()?));
        }
        for row in session.rows(ask!(TALKS, id, *contact, micros(purge.now))).await? {
            let mut row = Columns::of(&row);
            let (conversation, busy): (Uuid, bool) = (row.next()?, row.next()?);
            let state = row.open_opt(seal, field::STATE)?;
            person.talks.push(talk(session, seal, conversation, busy, state).await?);
        }
    }
    let fate = leaving::fate(&person, &purge.branch, purge.last)?;
    if only || matches!(fate, Fate::Untouched | Fate::Busy) {
        return Ok(fate);
    }
    let mut counts: Counts = from_json(&receipt, "a receipt")?;
    match &fate {
        Fate::Erased => {
            leaving::count_erased(&mut counts, &records::erase_all(session, tenant, &contacts).await?);
        }
        Fate::Cut(cuts, bookings) => {
            for cut in cuts {
                apply(session, seal, cut, &mut counts).await?;
            }
            let bookings: Vec<Uuid> = bookings.iter().map(BookingId::as_uuid).collect();
            let aliases = session.run(ask!(DROP_ALIASES, id, &bookings)).await?;
            leaving::count(&mut counts, "booking_alias", aliases);
            let rows = session.run(ask!(DROP_BOOKINGS, id, &bookings)).await?;
            leaving::count(&mut counts, "booking", rows);
        }
        Fate::Untouched | Fate::Busy => {}
    }
    session.run(ask!(RECEIPT, id, purge.branch.as_str(), to_json(&counts, "a receipt")?)).await?;
    Ok(fate)
}

async fn talk(
    session: &mut Session,
    seal: &Seal,
    conversation: Uuid,
    busy: bool,
    state: Option<String>,
) -> Result<Talk, StoreError> {
    let id = seal.tenant().as_str().to_owned();
    let mut talk = Talk {
        conversation,
        busy,
        state,
        turns: Vec::new(),
        lines: Vec::new(),
        mail: pairs(session, READ_MAIL, &id, conversation).await?,
        outbox: Vec::new(),
        notices: pairs(session, TOLD, &id, conversation).await?,
        timers: Vec::new(),
    };
    for row in session.rows(ask!(TURNS, id.as_str(), conversation)).await? {
        let mut row = Columns::of(&row);
        let (number, began, ended) = (row.next()?, row.next()?, row.next()?);
        talk.turns.push(Spoken { number, began, ended, steps: row.open(seal, field::STEPS)? });
    }
    for row in session.rows(ask!(LINES, id.as_str(), conversation)).await? {
        let mut row = Columns::of(&row);
        talk.lines.push((row.next()?, row.next()?, row.next()?));
    }
    for row in session.rows(ask!(OUTBOX, id.as_str(), conversation)).await? {
        let mut row = Columns::of(&row);
        let (delivery, live, about) = (row.id()?, row.next::<bool>()?, row.id_opt()?);
        talk.outbox.push((delivery, !live, about, row.next()?, row.open(seal, field::BODY)?));
    }
    for row in session.rows(ask!(TIMERS, id.as_str(), conversation)).await? {
        let mut row = Columns::of(&row);
        talk.timers.push((row.next()?, row.next()?));
    }
    Ok(talk)
}

/// Places and times.
async fn pairs(
    session: &mut Session,
    sql: &'static str,
    tenant: &str,
    conversation: Uuid,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let rows = session.rows(ask!(sql, tenant, conversation)).await?;
    let read = |mut row: Columns<'_>| Ok((row.next()?, row.next()?));
    rows.iter().map(|row| read(Columns::of(row))).collect()
}

/// Cuts out of a conversation what is the branch's.
async fn apply(session: &mut Session, seal: &Seal, cut: &Cut, counts: &mut Counts) -> Result<(), StoreError> {
    let id = seal.tenant().as_str().to_owned();
    let (id, talk) = (id.as_str(), cut.conversation);
    leaving::count(counts, "turn", session.run(ask!(DROP_TURNS, id, talk, &cut.turns)).await?);
    leaving::count(counts, "message", session.run(ask!(DROP_LINES, id, talk, &cut.lines)).await?);
    let empty = seal.keep(field::MAIL, "")?;
    leaving::count(counts, "mailbox", session.run(ask!(EMPTY_MAIL, id, talk, &cut.mail, empty)).await?);
    let deliveries: Vec<Uuid> = cut.outbox.iter().map(|delivery| delivery.as_uuid()).collect();
    for (table, sql) in [("part", DROP_PARTS), ("early", DROP_EARLY), ("outbox", DROP_OUT)] {
        leaving::count(counts, table, session.run(ask!(sql, id, &deliveries)).await?);
    }
    leaving::count(counts, "notice", session.run(ask!(DROP_NOTICES, id, talk, &cut.notices)).await?);
    leaving::count(counts, "timer", session.run(ask!(DROP_TIMERS, id, talk, &cut.timers)).await?);
    if let Some(state) = &cut.state {
        let state = seal.keep(field::STATE, state)?;
        leaving::count(counts, "dialogue", session.run(ask!(SET_STATE, id, talk, state)).await?);
    }
    session.run(ask!(REFRESH, id, talk)).await.map(drop)
}

/// What is the branch's own, once nobody is left whom it concerns.
async fn end(session: &mut Session, tenant: &TenantId, purge: &BranchPurge) -> Result<Purge, StoreError> {
    let (id, branch) = (tenant.as_str(), &purge.branch);
    let rows = session.rows(ask!(BEGUN, id, branch.as_str())).await?;
    let Some(row) = rows.first() else { return Err(UNKNOWN) };
    let mut row = Columns::of(row);
    let (receipt, provider, external_id): (String, String, String) = (row.next()?, row.next()?, row.next()?);
    let left = session.row(ask!(LEFT, id, branch.as_str())).await?;
    if Columns::of(&left).count()? > 0 {
        // A turn that was under way has booked since.
        return Ok(Purge::Busy { people: 1 });
    }
    let mut counts: Counts = from_json(&receipt, "a receipt")?;
    let mut claims: Vec<Uuid> = Vec::new();
    for row in session.rows(ask!(CLAIMS, id)).await? {
        let mut row = Columns::of(&row);
        let (action, subject): (Uuid, String) = (row.next()?, row.next()?);
        claims.extend(leaving::is_of(&subject, branch).then_some(action));
    }
    leaving::count(&mut counts, "claim", session.run(ask!(DROP_CLAIMS, id, &claims)).await?);
    let subjects = texts(session, ASSIGNED, id).await?;
    let subjects: Vec<String> = subjects.into_iter().filter(|subject| leaving::is_of(subject, branch)).collect();
    leaving::count(&mut counts, "assigned", session.run(ask!(DROP_ASSIGNED, id, &subjects)).await?);
    let prefix = leaving::credentials(&provider, &external_id);
    let names = texts(session, CREDENTIALS, id).await?;
    let names: Vec<String> = names.into_iter().filter(|name| name.starts_with(&prefix)).collect();
    leaving::count(&mut counts, "credential", session.run(ask!(DROP_CREDENTIALS, id, &names)).await?);
    for (table, sql) in OWN.iter() {
        leaving::count(&mut counts, table, session.run(ask!(*sql, id, branch.as_str())).await?);
    }
    session.rows(ask!(CHANGED)).await?;
    audit::add(session, tenant, &[leaving::gone(purge, &counts)]).await?;
    Ok(Purge::Done { removed: counts })
}

async fn texts(session: &mut Session, sql: &'static str, tenant: &str) -> Result<Vec<String>, StoreError> {
    let rows = session.rows(ask!(sql, tenant)).await?;
    rows.iter().map(|row| Columns::of(row).next()).collect()
}
