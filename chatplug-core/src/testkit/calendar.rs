//! The calendar's store in memory: faithful to the port's contract, gone with the process.

use super::lock;
use crate::{
    model::{ActionKey, BranchId, ClaimSubject, StaffId, TenantId},
    ports::{BranchCalendar, CalendarError, CalendarStore, Entry, EntryFilter, EntryMark, NewEntry},
};
use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// A [`CalendarStore`] in memory. Clones share their content.
#[derive(Debug, Clone, Default)]
pub struct MemoryCalendarStore {
    branches: Arc<Mutex<Branches>>,
}

type Branches = HashMap<(TenantId, BranchId), Arc<MemoryCalendar>>;

impl MemoryCalendarStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl CalendarStore for MemoryCalendarStore {
    fn calendar(&self, tenant: &TenantId, branch: &BranchId) -> Arc<dyn BranchCalendar> {
        let place = (tenant.clone(), branch.clone());
        let calendar: Arc<MemoryCalendar> = Arc::clone(lock(&self.branches).entry(place).or_default());
        calendar
    }
}

/// A [`BranchCalendar`] in memory, for tests that need one branch only.
#[derive(Debug, Default)]
pub struct MemoryCalendar {
    rows: Mutex<Rows>,
}

impl MemoryCalendar {
    /// An empty calendar.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl BranchCalendar for MemoryCalendar {
    async fn insert(&self, entry: NewEntry) -> Result<Entry, CalendarError> {
        let mut rows = lock(&self.rows);
        if let Some(done) = rows.written_with(entry.key) {
            return Ok(done.clone());
        }
        let (subject, staff) = rows.fairest(&entry, None).ok_or(CalendarError::Taken)?;
        let id = format!("entry-{}", rows.entries.len() + 1);
        let written = Entry {
            id: id.clone(),
            services: entry.services,
            subject: subject.clone(),
            staff,
            start: entry.start,
            end: entry.end,
            taken_from: entry.taken_from,
            taken_to: entry.taken_to,
            standing: true,
            confirmed: false,
            contact: entry.contact,
            client_name: entry.client_name,
            price: entry.price,
            note: entry.note,
            key: entry.key,
            changed: entry.now,
        };
        rows.assign(subject);
        rows.keys.insert(entry.key, id);
        rows.entries.push(written.clone());
        Ok(written)
    }

    async fn relocate(&self, id: &str, entry: NewEntry) -> Result<Entry, CalendarError> {
        let mut rows = lock(&self.rows);
        if let Some(done) = rows.written_with(entry.key) {
            return Ok(done.clone());
        }
        rows.entries.iter().find(|old| old.id == id && old.standing).ok_or(CalendarError::NotFound)?;
        let (subject, staff) = rows.fairest(&entry, Some(id)).ok_or(CalendarError::Taken)?;
        rows.assign(subject.clone());
        rows.keys.insert(entry.key, id.to_owned());
        let old = rows.entries.iter_mut().find(|old| old.id == id).ok_or(CalendarError::NotFound)?;
        old.services = entry.services;
        old.subject = subject;
        old.staff = staff;
        old.start = entry.start;
        old.end = entry.end;
        old.taken_from = entry.taken_from;
        old.taken_to = entry.taken_to;
        // "I will come" was said about the old time.
        old.confirmed = false;
        old.price = entry.price;
        old.key = entry.key;
        old.changed = entry.now;
        Ok(old.clone())
    }

    async fn mark(
        &self,
        id: &str,
        mark: EntryMark,
        key: Option<ActionKey>,
        now: DateTime<Utc>,
    ) -> Result<Entry, CalendarError> {
        let mut rows = lock(&self.rows);
        let entry = rows.entries.iter_mut().find(|entry| entry.id == id).ok_or(CalendarError::NotFound)?;
        match mark {
            EntryMark::Cancelled => entry.standing = false,
            EntryMark::Confirmed => entry.confirmed = true,
        }
        entry.changed = now;
        entry.key = key.unwrap_or(entry.key);
        let entry = entry.clone();
        if let Some(key) = key {
            rows.keys.insert(key, id.to_owned());
        }
        Ok(entry)
    }

    async fn entries(&self, filter: EntryFilter) -> Result<Vec<Entry>, CalendarError> {
        let rows = lock(&self.rows);
        let keyed = filter.key.map(|key| rows.keys.get(&key).map(String::as_str));
        let wanted = |entry: &&Entry| {
            filter.id.as_ref().is_none_or(|id| entry.id == *id)
                && keyed.is_none_or(|id| id == Some(entry.id.as_str()))
                && filter.contact.is_none_or(|contact| entry.contact == contact)
                && filter.from.is_none_or(|from| entry.taken_to > from)
                && filter.until.is_none_or(|until| entry.taken_from < until)
                && (filter.all || entry.standing)
        };
        let mut found: Vec<Entry> = rows.entries.iter().filter(wanted).cloned().collect();
        found.sort_by(|left, right| (left.start, &left.id).cmp(&(right.start, &right.id)));
        Ok(found)
    }
}

#[derive(Debug, Default)]
struct Rows {
    entries: Vec<Entry>,
    /// Which entry each key wrote, for good: a later write with another key does not make the first one undone.
    keys: HashMap<ActionKey, String>,
    /// Subjects by the order in which they were last assigned.
    turns: HashMap<ClaimSubject, u64>,
    last_turn: u64,
}

impl Rows {
    fn written_with(&self, key: ActionKey) -> Option<&Entry> {
        let id = self.keys.get(&key)?;
        self.entries.iter().find(|entry| entry.id == *id)
    }

    /// The fairest free candidate; `moved` is an entry whose own time does not count.
    fn fairest(&self, new: &NewEntry, moved: Option<&str>) -> Option<(ClaimSubject, Option<StaffId>)> {
        let standing = |entry: &&Entry, subject: &ClaimSubject| {
            entry.standing && entry.subject == *subject && moved != Some(&entry.id)
        };
        let free = |subject: &ClaimSubject| {
            let rivals = self.entries.iter().filter(|entry| standing(entry, subject));
            let overlapping = rivals.filter(|entry| entry.taken_from < new.taken_to && new.taken_from < entry.taken_to);
            let overlapping: Vec<&Entry> = overlapping.collect();
            // How many there are at one moment only rises where one begins.
            let moments = overlapping.iter().map(|entry| entry.taken_from.max(new.taken_from));
            let at_once = |moment: DateTime<Utc>| {
                overlapping.iter().filter(|entry| entry.taken_from <= moment && moment < entry.taken_to).count()
            };
            moments.map(at_once).max().unwrap_or(0) < new.capacity as usize
        };
        let booked = |subject: &ClaimSubject| {
            let all = self.entries.iter().filter(|entry| standing(entry, subject));
            let that_day = all.map(|entry| entry.taken_to.min(new.day_to) - entry.taken_from.max(new.day_from));
            that_day.filter(|length| *length > Duration::zero()).fold(Duration::zero(), |sum, length| sum + length)
        };
        let turn = |subject: &ClaimSubject| self.turns.get(subject).copied().unwrap_or(0);
        // Of equals `min_by_key` takes the first, which is the given order.
        let fair = new.candidates.iter().filter(|(subject, _)| free(subject));
        fair.min_by_key(|(subject, _)| (booked(subject), turn(subject))).cloned()
    }

    fn assign(&mut self, subject: ClaimSubject) {
        self.last_turn += 1;
        self.turns.insert(subject, self.last_turn);
    }
}
