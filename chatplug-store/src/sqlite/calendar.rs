//! The built-in calendar. That no two entries overlap is decided by triggers of the schema; what is chosen here before
//! the write is only who gets it.

use super::{
    db::{Answers, Columns, Script, is_taken, put, statements, store_error},
    read::{Question, ask},
    turn::decode,
    writer::{Command, Tx},
};
use crate::{
    codec::{from_json, new_id, to_json},
    fair::{Candidate, Stretch, fairest},
    vault::{Seal, field},
};
use chatplug_core::{
    model::{ActionKey, BranchId, ClaimSubject, Private, StaffId},
    ports::{CalendarError, Entry, EntryFilter, EntryMark, NewEntry, StoreError},
};
use chrono::{DateTime, Utc};

/// Columns of an entry `e`, in the order that [`entry`] reads them.
macro_rules! entry_columns {
    () => {
        "e.entry, e.services, e.subject, e.staff, e.starts, e.ends, e.taken_from, e.taken_to, e.standing, e.confirmed, \
        e.contact, e.client_name, e.price, e.note, e.key, e.changed"
    };
}

/// What every reading is narrowed by.
macro_rules! entry_filter {
    () => {
        " AND e.taken_to > ? AND e.taken_from < ? AND (e.standing = 1 OR ?) ORDER BY e.starts, e.entry"
    };
}

statements! {
    WRITTEN = concat!("SELECT ", entry_columns!(), " FROM entry_key AS k \
        JOIN entry AS e ON e.tenant = k.tenant AND e.branch = k.branch AND e.entry = k.entry \
        WHERE k.tenant = ? AND k.branch = ? AND k.key = ?");
    ENTRY = concat!("SELECT ", entry_columns!(), " FROM entry AS e WHERE e.tenant = ? AND e.branch = ? AND e.entry = ?");
    TAKEN = "SELECT j.key, t.taken_from, t.taken_to, NULL FROM json_each(?) AS j \
        JOIN entry AS t ON t.tenant = ? AND t.branch = ? AND t.subject = j.value AND t.standing = 1 AND t.taken_to > ? \
        WHERE t.taken_from < ? AND t.entry <> ?";
    ASSIGNED = "SELECT j.key, a.at FROM json_each(?) AS j \
        JOIN entry_assigned AS a ON a.tenant = ? AND a.branch = ? AND a.subject = j.value";
    INSERT = "INSERT INTO entry (tenant, branch, entry, services, subject, staff, starts, ends, taken_from, taken_to, \
        capacity, contact, client_name, price, note, key, changed) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    MOVE = "UPDATE entry SET services = ?, subject = ?, staff = ?, starts = ?, ends = ?, taken_from = ?, taken_to = ?, \
        capacity = ?, contact = ?, client_name = coalesce(?, client_name), price = coalesce(?, price), \
        note = coalesce(?, note), confirmed = 0, key = ?, changed = ? WHERE tenant = ? AND branch = ? AND entry = ?";
    CANCEL = "UPDATE entry SET standing = 0, changed = ?, key = coalesce(?, key) \
        WHERE tenant = ? AND branch = ? AND entry = ? AND standing = 1";
    CONFIRM = "UPDATE entry SET confirmed = 1, changed = ?, key = coalesce(?, key) \
        WHERE tenant = ? AND branch = ? AND entry = ? AND standing = 1";
    KEY = "INSERT INTO entry_key (tenant, branch, key, entry) SELECT ?, ?, ?, ? WHERE changes() = 1 ON CONFLICT DO NOTHING";
    ASSIGN = "INSERT INTO entry_assigned (tenant, branch, subject, at) VALUES (?, ?, ?, ?) \
        ON CONFLICT DO UPDATE SET at = excluded.at";
    BY_ID = concat!("SELECT ", entry_columns!(), " FROM entry AS e WHERE e.tenant = ? AND e.branch = ? AND e.entry = ?",
        entry_filter!());
    BY_KEY = concat!("SELECT ", entry_columns!(), " FROM entry_key AS k \
        JOIN entry AS e ON e.tenant = k.tenant AND e.branch = k.branch AND e.entry = k.entry \
        WHERE k.tenant = ? AND k.branch = ? AND k.key = ?", entry_filter!());
    BY_CONTACT = concat!("SELECT ", entry_columns!(), " FROM entry AS e WHERE e.tenant = ? AND e.branch = ? \
        AND e.contact = ?", entry_filter!());
    BY_TIME = concat!("SELECT ", entry_columns!(), " FROM entry AS e WHERE e.tenant = ? AND e.branch = ?",
        entry_filter!());
}

/// Of which calendar.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    pub(super) seal: Seal,
    pub(super) branch: BranchId,
}

/// Makes an entry on the fairest free candidate.
#[derive(Debug)]
pub(super) struct Insert {
    pub(super) calendar: Calendar,
    pub(super) entry: NewEntry,
}

impl Command for Insert {
    type Output = Entry;
    type Error = CalendarError;

    fn seal(&self) -> Option<&Seal> {
        Some(&self.calendar.seal)
    }

    fn run(self, tx: &mut Tx<'_>) -> Result<Entry, CalendarError> {
        let Self { calendar, entry: new } = self;
        let id = new_id(new.now).as_simple().to_string();
        let (subject, staff) = match choose(tx, &calendar, &new, &id)? {
            Choice::Written(entry) => return Ok(*entry),
            Choice::Free(subject, staff) => (subject, staff),
        };
        let Calendar { seal, branch } = &calendar;
        let tenant = seal.tenant();
        let services = to_json(&new.services, "services")?;
        let (client_name, note) = calendar.personal(&new)?;
        let mut script = Script::default();
        put!(
            script,
            INSERT,
            tenant,
            branch,
            &id,
            services,
            &subject.0,
            staff.as_ref(),
            new.start,
            new.end,
            new.taken_from,
            new.taken_to,
            new.capacity,
            new.contact,
            client_name,
            new.price.as_ref(),
            note,
            new.key,
            new.now
        );
        calendar.finish(tx, script, &id, Some(new.key), Some((&subject, new.now)))
    }
}

/// Moves an entry in place.
#[derive(Debug)]
pub(super) struct Relocate {
    pub(super) calendar: Calendar,
    pub(super) id: String,
    pub(super) entry: NewEntry,
}

impl Command for Relocate {
    type Output = Entry;
    type Error = CalendarError;

    fn seal(&self) -> Option<&Seal> {
        Some(&self.calendar.seal)
    }

    fn run(self, tx: &mut Tx<'_>) -> Result<Entry, CalendarError> {
        let Self { calendar, id, entry: new } = self;
        let standing = calendar.read(tx, &id)?.is_some_and(|entry| entry.standing);
        let choice = choose(tx, &calendar, &new, &id);
        let (subject, staff) = match choice {
            Ok(Choice::Written(entry)) => return Ok(*entry),
            _ if !standing => return Err(CalendarError::NotFound),
            Ok(Choice::Free(subject, staff)) => (subject, staff),
            Err(error) => return Err(error),
        };
        let Calendar { seal, branch } = &calendar;
        let tenant = seal.tenant();
        let services = to_json(&new.services, "services")?;
        let (client_name, note) = calendar.personal(&new)?;
        let mut script = Script::default();
        put!(
            script,
            MOVE,
            services,
            &subject.0,
            staff.as_ref(),
            new.start,
            new.end,
            new.taken_from,
            new.taken_to,
            new.capacity,
            new.contact,
            client_name,
            new.price.as_ref(),
            note,
            new.key,
            new.now,
            tenant,
            branch,
            &id
        );
        calendar.finish(tx, script, &id, Some(new.key), Some((&subject, new.now)))
    }
}

/// Changes status or confirmation.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) calendar: Calendar,
    pub(super) id: String,
    pub(super) mark: EntryMark,
    pub(super) key: Option<ActionKey>,
    pub(super) now: DateTime<Utc>,
}

impl Command for Mark {
    type Output = Entry;
    type Error = CalendarError;

    fn seal(&self) -> Option<&Seal> {
        Some(&self.calendar.seal)
    }

    fn run(self, tx: &mut Tx<'_>) -> Result<Entry, CalendarError> {
        let Self { calendar, id, mark, key, now } = self;
        let Calendar { seal, branch } = &calendar;
        let tenant = seal.tenant();
        if let Some(key) = key {
            let mut script = Script::default();
            let written = put!(script, WRITTEN, tenant, branch, key);
            let answers = tx.run(script)?;
            if let Some(mut row) = answers.first(written) {
                return Ok(entry(&mut row, seal)?);
            }
        }
        let mut script = Script::default();
        let sql = match mark {
            EntryMark::Cancelled => CANCEL,
            EntryMark::Confirmed => CONFIRM,
        };
        put!(script, sql, now, key, tenant, branch, &id);
        calendar.finish(tx, script, &id, key, None)
    }
}

/// The entries that a filter finds. It names one mark of them, or several: the most telling one is asked for.
pub(super) fn find(calendar: &Calendar, filter: EntryFilter) -> Question<Vec<Entry>> {
    let Calendar { seal, branch } = calendar.clone();
    let tenant = seal.tenant();
    let mut script = Script::default();
    match &filter {
        EntryFilter { key: Some(key), .. } => put!(script, BY_KEY, tenant, &branch, *key),
        EntryFilter { id: Some(id), .. } => put!(script, BY_ID, tenant, &branch, id),
        EntryFilter { contact: Some(contact), .. } => put!(script, BY_CONTACT, tenant, &branch, *contact),
        _ => put!(script, BY_TIME, tenant, &branch),
    };
    let bound = |at: Option<DateTime<Utc>>, none: i64| at.map_or(none, crate::codec::micros);
    script.bind(bound(filter.from, i64::MIN));
    script.bind(bound(filter.until, i64::MAX));
    script.bind(filter.all);
    ask(script, move |answers| {
        let mut entries = decode(answers, 0, |row| entry(row, &seal))?;
        entries.retain(|entry| {
            filter.id.as_ref().is_none_or(|id| entry.id == *id)
                && filter.contact.is_none_or(|contact| entry.contact == contact)
        });
        Ok(entries)
    })
}

/// A client's name and a note as they are stored.
type Personal = (Option<Vec<u8>>, Option<Vec<u8>>);

impl Calendar {
    fn personal(&self, new: &NewEntry) -> Result<Personal, StoreError> {
        let text = |text: &Option<Private<String>>, field| {
            self.seal.keep_opt(field, text.as_ref().map(|text| text.reveal().as_str()))
        };
        Ok((text(&new.client_name, field::CLIENT)?, text(&new.note, field::NOTE)?))
    }

    /// Writes an entry and reads it back.
    fn finish(
        &self,
        tx: &mut Tx<'_>,
        mut script: Script,
        id: &str,
        key: Option<ActionKey>,
        assigned: Option<(&ClaimSubject, DateTime<Utc>)>,
    ) -> Result<Entry, CalendarError> {
        let Self { seal, branch } = self;
        let tenant = seal.tenant();
        if let Some(key) = key {
            put!(script, KEY, tenant, branch, key, id);
        }
        if let Some((subject, now)) = assigned {
            put!(script, ASSIGN, tenant, branch, &subject.0, now);
        }
        let place = put!(script, ENTRY, tenant, branch, id);
        let answers = match tx.attempt(script) {
            Ok(answers) => answers,
            Err(error) if is_taken(&error) => return Err(CalendarError::Taken),
            Err(error) => return Err(store_error(error).into()),
        };
        Ok(entry(&mut answers.first(place).ok_or(CalendarError::NotFound)?, seal)?)
    }

    fn read(&self, tx: &mut Tx<'_>, id: &str) -> Result<Option<Entry>, CalendarError> {
        let mut script = Script::default();
        let place = put!(script, ENTRY, self.seal.tenant(), &self.branch, id);
        let answers = tx.run(script)?;
        Ok(answers.first(place).map(|mut row| entry(&mut row, &self.seal)).transpose()?)
    }
}

/// Who gets an entry.
enum Choice {
    /// This key wrote already.
    Written(Box<Entry>),
    /// The fairest who is free.
    Free(ClaimSubject, Option<StaffId>),
}

fn choose(tx: &mut Tx<'_>, calendar: &Calendar, new: &NewEntry, id: &str) -> Result<Choice, CalendarError> {
    let Calendar { seal, branch } = calendar;
    let tenant = seal.tenant();
    let subjects: Vec<&str> = new.candidates.iter().map(|(subject, _)| subject.0.as_str()).collect();
    let subjects = to_json(&subjects, "candidates")?;
    let (earliest, latest) = (new.taken_from.min(new.day_from), new.taken_to.max(new.day_to));
    let mut script = Script::default();
    let written = put!(script, WRITTEN, tenant, branch, new.key);
    let taken = put!(script, TAKEN, &subjects, tenant, branch, earliest, latest, id);
    let assigned = put!(script, ASSIGNED, &subjects, tenant, branch);
    let answers = tx.run(script)?;
    if let Some(mut row) = answers.first(written) {
        return Ok(Choice::Written(Box::new(entry(&mut row, seal)?)));
    }
    let candidates = candidates(&answers, new.candidates.len(), taken, assigned)?;
    let wanted = Stretch { from: new.taken_from, to: new.taken_to };
    let day = Stretch { from: new.day_from, to: new.day_to };
    let chosen = fairest(&candidates, wanted, day, i64::from(new.capacity));
    let (subject, staff) = chosen.and_then(|place| new.candidates.get(place)).ok_or(CalendarError::Taken)?;
    Ok(Choice::Free(subject.clone(), staff.clone()))
}

/// What is known of candidates: rows of (place, from, to) and of (place, last assigned).
pub(super) fn candidates(
    answers: &Answers,
    count: usize,
    taken: usize,
    assigned: usize,
) -> Result<Vec<Candidate>, StoreError> {
    let mut candidates = vec![Candidate::default(); count];
    for mut row in answers.rows(taken) {
        let place: i64 = row.next()?;
        let taken = Stretch { from: row.next()?, to: row.next()? };
        if let Some(candidate) = usize::try_from(place).ok().and_then(|place| candidates.get_mut(place)) {
            candidate.taken.push(taken);
        }
    }
    for mut row in answers.rows(assigned) {
        let place: i64 = row.next()?;
        if let Some(candidate) = usize::try_from(place).ok().and_then(|place| candidates.get_mut(place)) {
            candidate.assigned = Some(row.next()?);
        }
    }
    Ok(candidates)
}

fn entry(row: &mut Columns<'_>, seal: &Seal) -> Result<Entry, StoreError> {
    Ok(Entry {
        id: row.next()?,
        services: from_json(&row.next::<String>()?, "services")?,
        subject: ClaimSubject(row.next()?),
        staff: row.parse_opt("a staff id")?,
        start: row.next()?,
        end: row.next()?,
        taken_from: row.next()?,
        taken_to: row.next()?,
        standing: row.next()?,
        confirmed: row.next()?,
        contact: row.next()?,
        client_name: row.open_opt(seal, field::CLIENT)?.map(Private::new),
        price: row.next()?,
        note: row.open_opt(seal, field::NOTE)?.map(Private::new),
        key: row.next()?,
        changed: row.next()?,
    })
}
