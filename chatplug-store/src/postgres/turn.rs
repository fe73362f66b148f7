//! Turns: leases and commits.

use super::{
    PostgresStore, contacts,
    contacts::contact,
    db::{Ask, Columns, Db, Session, again, ask, opened, statements, whole, word},
    outbox::{self, Queue},
};
use crate::{
    codec::{from_json, holder, holder_word, is_standing, micros, subject_of, to_json},
    vault::{Seal, field},
};
use chatplug_core::{
    dialogue::Timer,
    model::{Booking, BookingId, BookingRef, ConversationId, TenantId},
    ports::{Committed, Lease, Leased, Mail, MailEvent, StoreError, TurnCommit},
};
use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use uuid::Uuid;

statements! {
    LEASE = "SELECT token, version, turns, channel, holder, contact, person, language, opted_out, last_inbound, state, \
        action, bookings, timers, mail_seq, mail_received, mail_due, mail_event, mail_about \
        FROM chatplug.lease($1, $2, $3, $4, $5) WHERE token IS NOT NULL";
    RELEASE = "SELECT chatplug.release($1, $2, $3, $4, $5)";
    COMMIT_TURN = "SELECT delivery, body, for_person, attempt, parts_out, was_unknown, queued, channel, holder, last_message, \
        contact, person, language, opted_out, last_inbound, version, turn_due, delivery_due, notice_due, wakes, failed \
        FROM chatplug.commit_turn($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
        $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, \
        $42, $43, $44, $45, $46)";
    KNOWN_AS = "SELECT booking FROM booking_alias WHERE tenant = $1 AND install = $2 AND branch = $3 AND backend_id = $4";
}

/// Takes the lease of a conversation.
pub(super) async fn lease(
    store: &PostgresStore,
    tenant: &TenantId,
    conversation: ConversationId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<Leased>, StoreError> {
    let Some(seal) = store.keys.seal(tenant).await? else { return Ok(None) };
    let worker = store.db.worker(now).await?;
    let lease = || ask!(LEASE, tenant.as_str(), conversation.as_uuid(), micros(until), micros(now), worker);
    let rows = again!(store.db.rows(lease()).await)?;
    let Some(row) = rows.first() else { return Ok(None) };
    opened(&store.keys, &seal, |seal| leased(row, seal, conversation, until, now)).await.map(Some)
}

fn leased(
    row: &PgRow,
    seal: &Seal,
    conversation: ConversationId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Leased, StoreError> {
    let mut row = Columns::of(row);
    let (token, version, turns) = (row.next()?, row.next()?, row.next()?);
    let channel = row.parse("a channel id")?;
    let held_by: String = row.next()?;
    let contact = contact(&mut row, seal)?;
    let (state, action) = (row.open_opt(seal, field::STATE)?, row.open_opt(seal, field::ACTION)?);
    let bookings: Vec<Vec<u8>> = row.next()?;
    let booking = |body: &Vec<u8>| from_json::<Booking>(&seal.read(field::BOOKING, body)?, "a booking");
    let timers: Vec<String> = row.next()?;
    Ok(Leased {
        lease: Lease { conversation, token, version, until },
        channel,
        contact,
        holder: holder(&held_by)?,
        state,
        action,
        bookings: bookings.iter().map(booking).collect::<Result<_, _>>()?,
        mail: mail(&mut row, seal, now)?,
        timers: timers.iter().map(|timer| from_json::<Timer>(timer, "a timer")).collect::<Result<_, _>>()?,
        turns,
    })
}

/// What is due; with a message of the client among it everything that came since: a burst is one thought.
fn mail(row: &mut Columns<'_>, seal: &Seal, now: DateTime<Utc>) -> Result<Vec<Mail>, StoreError> {
    let seqs: Vec<i64> = row.next::<Option<_>>()?.unwrap_or_default();
    let received: Vec<i64> = row.next::<Option<_>>()?.unwrap_or_default();
    let due: Vec<i64> = row.next::<Option<_>>()?.unwrap_or_default();
    let events: Vec<Vec<u8>> = row.next::<Option<_>>()?.unwrap_or_default();
    let about: Vec<Option<Uuid>> = row.next::<Option<_>>()?.unwrap_or_default();
    let mut unread = Vec::with_capacity(seqs.len());
    for ((((seq, received), due), event), about_id) in seqs.into_iter().zip(received).zip(due).zip(events).zip(about) {
        let mut event: MailEvent = from_json(&seal.read(field::MAIL, &event)?, "mail")?;
        if let MailEvent::Message { about, .. } = &mut event {
            *about = about_id.map(BookingId::from_uuid);
        }
        unread.push((due <= micros(now), Mail { seq, received: crate::codec::instant(received)?, event }));
    }
    let is_burst = unread.iter().any(|(due, mail)| *due && matches!(mail.event, MailEvent::Message { .. }));
    let mut mail: Vec<Mail> = unread.into_iter().filter(|(due, _)| *due || is_burst).map(|(_, mail)| mail).collect();
    mail.sort_by_key(|mail| match &mail.event {
        MailEvent::Message { message, .. } => (message.at, mail.seq),
        _ => (mail.received, mail.seq),
    });
    Ok(mail)
}

/// Gives a lease back without a commit.
pub(super) async fn release(db: &Db, tenant: &TenantId, lease: &Lease, retry: DateTime<Utc>) -> Result<(), StoreError> {
    let Lease { conversation, token, version, .. } = lease;
    let release = || ask!(RELEASE, tenant.as_str(), conversation.as_uuid(), *token, *version, micros(retry));
    again!(db.row(release()).await)?;
    db.wake();
    Ok(())
}

/// Commits a turn or a part of it.
pub(super) async fn commit(
    store: &PostgresStore,
    tenant: &TenantId,
    commit: &TurnCommit,
) -> Result<Committed, StoreError> {
    let Some(seal) = store.keys.seal(tenant).await? else { return Err(StoreError::Fenced) };
    let worker = store.db.worker(commit.now).await?;
    let row = if commit.contact.is_empty() && commit.bookings.iter().all(|booking| booking.id.is_some()) {
        let row = again!(store.db.outcome(turn(&seal, commit, &commit.bookings, worker)?).await)?;
        fenced(&row)?;
        row
    } else {
        again!(whole!(store.db, tenant, session => slowly(&mut session, &seal, commit, worker).await))?
    };
    let Lease { conversation, token, .. } = commit.lease;
    let taken = opened(&store.keys, &seal, |seal| outbox::taken(&row, seal, conversation)).await?;
    let delivery = match (taken.delivery, commit.take_delivery) {
        (None, Some(until)) if taken.delivery_due.is_some_and(|due| due <= commit.now) => {
            outbox::take_long(store, &seal, conversation, until, commit.now, worker).await?
        }
        (delivery, _) => delivery,
    };
    if taken.turn_due.is_some() || taken.notice_due.is_some() || (taken.delivery_due.is_some() && delivery.is_none()) {
        store.db.wake();
    }
    let version = taken.version.ok_or(StoreError::Fenced)?;
    let lease = commit.keep_until.map(|until| Lease { conversation, token, version, until });
    Ok(Committed { lease, delivery })
}

/// What the booking system calls by a name that we may know, and what is learnt about the client: read first.
async fn slowly(session: &mut Session, seal: &Seal, commit: &TurnCommit, worker: i64) -> Result<PgRow, StoreError> {
    if !commit.contact.is_empty() {
        contacts::change(session, seal, commit.lease.conversation, &commit.contact).await?;
    }
    let mut bookings = commit.bookings.clone();
    for booking in bookings.iter_mut().filter(|booking| booking.id.is_none()) {
        let BookingRef { install, branch, backend_id } = &booking.reference;
        let tenant = seal.tenant().as_str();
        let rows = session.rows(ask!(KNOWN_AS, tenant, install.as_str(), branch.as_str(), backend_id)).await?;
        let known = rows.first().map(|row| Columns::of(row).id()).transpose()?;
        // One without our id gets one derived from its name: the same one, should the turn be run again.
        let derived = || BookingId::derive(&[tenant, install.as_str(), branch.as_str(), backend_id]);
        booking.id = Some(known.unwrap_or_else(derived));
    }
    let row = session.row(turn(seal, commit, &bookings, worker)?).await?;
    fenced(&row)?;
    Ok(row)
}

/// Nothing comes back when another worker has the conversation.
fn fenced(row: &PgRow) -> Result<(), StoreError> {
    use sqlx::Row as _;
    match row.try_get::<Option<i64>, _>("version") {
        Ok(Some(_)) => Ok(()),
        _ => Err(StoreError::Fenced),
    }
}

/// The whole commit as one statement.
fn turn(seal: &Seal, commit: &TurnCommit, bookings: &[Booking], worker: i64) -> Result<Ask, StoreError> {
    seal.check_age()?;
    let Lease { conversation, token, version, .. } = commit.lease;
    let read: Vec<i64> = commit.read.iter().map(|(seq, _)| *seq).collect();
    let (mut ended, mut outcomes) = (Vec::new(), Vec::new());
    for (seq, outcome) in &commit.read {
        if let Some(outcome) = outcome {
            ended.push(*seq);
            outcomes.push(to_json(outcome, "an outcome")?);
        }
    }
    // One that is set anew is not dropped before: setting moves it.
    let dropped: Vec<String> = commit.rang.iter().chain(&commit.cancel_timers).map(Timer::key).collect();
    let timer_keys: Vec<String> = commit.set_timers.iter().map(|(timer, _)| timer.key()).collect();
    let timer_at: Vec<i64> = commit.set_timers.iter().map(|(_, at)| micros(*at)).collect();
    let timers = commit.set_timers.iter().map(|(timer, _)| to_json(timer, "a timer"));
    let timers: Vec<String> = timers.collect::<Result<_, _>>()?;
    let queue = Queue::of(seal, &commit.outbox)?;
    let booked = Booked::of(seal, bookings)?;
    let unclaim: Vec<Uuid> = commit.unclaim.iter().map(|action| action.as_uuid()).collect();
    let audit_at: Vec<i64> = commit.audit.iter().map(|row| micros(row.at)).collect();
    let audit: Vec<String> = commit.audit.iter().map(|row| to_json(row, "an audit row")).collect::<Result<_, _>>()?;
    let notices = commit.notify.iter().map(|event| seal.keep(field::NOTICE, &to_json(event, "a notice")?));
    let notices: Vec<Vec<u8>> = notices.collect::<Result<_, StoreError>>()?;
    let record = commit.record.as_ref();
    let steps = record.map(|record| seal.keep(field::STEPS, &to_json(&record.steps, "a turn")?)).transpose()?;
    let versions = record.map(|record| to_json(&record.versions, "a turn")).transpose()?;
    Ok(ask!(
        COMMIT_TURN,
        seal.tenant().as_str(),
        conversation.as_uuid(),
        token,
        version,
        micros(commit.now),
        commit.keep_until.map(micros),
        commit.holder.map(holder_word),
        commit.wake_at.map(micros),
        seal.keep(field::STATE, &commit.state)?,
        seal.keep_opt(field::ACTION, commit.action.as_deref())?,
        read,
        ended,
        outcomes,
        dropped,
        timer_keys,
        timer_at,
        timers,
        commit.withdraw,
        queue.keys,
        queue.bodies,
        queue.shown,
        queue.about,
        queue.keep,
        queue.for_person,
        booked.ids,
        booked.starts,
        booked.ends,
        booked.standing,
        booked.subjects,
        booked.staff,
        booked.bodies,
        booked.installs,
        booked.branches,
        booked.backend_ids,
        unclaim,
        audit_at,
        audit,
        notices,
        record.map(|record| record.id.as_uuid()),
        record.map(|record| record.number),
        record.map(|record| micros(record.at)),
        record.map(|record| i64::from(record.duration_ms)),
        steps,
        versions,
        commit.take_delivery.map(micros),
        worker
    ))
}

/// Bookings, column by column.
#[derive(Debug, Default)]
struct Booked {
    ids: Vec<Uuid>,
    starts: Vec<i64>,
    ends: Vec<i64>,
    standing: Vec<bool>,
    subjects: Vec<Option<String>>,
    staff: Vec<Option<String>>,
    bodies: Vec<Vec<u8>>,
    installs: Vec<String>,
    branches: Vec<String>,
    backend_ids: Vec<String>,
}

impl Booked {
    fn of(seal: &Seal, bookings: &[Booking]) -> Result<Self, StoreError> {
        let mut all = Self::default();
        for booking in bookings {
            let Some(id) = booking.id else { continue };
            all.ids.push(id.as_uuid());
            all.starts.push(micros(booking.start));
            all.ends.push(micros(booking.end));
            all.standing.push(is_standing(booking));
            all.subjects.push(subject_of(booking).map(|subject| subject.0));
            all.staff.push(booking.staff.as_ref().map(|staff| staff.as_str().to_owned()));
            all.bodies.push(seal.keep(field::BOOKING, &to_json(booking, "a booking")?)?);
            let BookingRef { install, branch, backend_id } = &booking.reference;
            all.installs.push(install.as_str().to_owned());
            all.branches.push(branch.as_str().to_owned());
            all.backend_ids.push(word(backend_id));
        }
        Ok(all)
    }
}
