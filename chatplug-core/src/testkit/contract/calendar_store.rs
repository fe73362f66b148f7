//! What a [`CalendarStore`] promises: no two appointments at one time with one person, whoever writes when.
//!
//! Run it with [`calendar_store_contract!`](crate::calendar_store_contract); every promise takes a fresh, empty calendar
//! store in which the tenants `bella` and `cesar` are registered, each with the branches `centre` and `south`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken promise fails its test by panicking")]

use super::salon::{action, at, subject};
use crate::{
    model::{ClaimSubject, ContactId, Private},
    ports::{BranchCalendar, CalendarError, CalendarStore, Entry, EntryFilter, EntryMark, NewEntry},
};
use chrono::{Duration, NaiveTime};
use futures_util::future::join_all;
use std::{collections::BTreeSet, sync::Arc};

/// Expands to the whole suite of a calendar store, a test per promise: `calendar_store_contract!(calendars())`, where
/// `calendars()` gives a future of a fresh one behind a `Box`, an `Arc` or anything else that dereferences to it.
#[macro_export]
macro_rules! calendar_store_contract {
    ($setup:expr) => {
        $crate::__contract_tests! { $setup; $crate::testkit::contract::calendar_store:
            an_entry_is_read_back_as_it_was_written
            a_taken_time_is_refused_and_nothing_is_written
            neighbours_do_not_overlap
            buffers_are_part_of_the_time_taken
            of_fifty_at_once_one_gets_the_time
            of_fifty_at_once_two_people_get_one_each
            fifty_that_overlap_in_part_never_overlap
            the_one_with_fewest_minutes_that_day_is_chosen
            among_equals_the_least_recently_assigned_is_chosen
            whoever_is_taken_is_passed_over
            a_class_takes_as_many_as_its_capacity
            fifty_at_once_fill_a_class_exactly
            the_same_key_again_answers_the_same_entry
            the_same_key_at_once_makes_one_entry
            the_same_key_after_cancelling_makes_nothing_new
            a_cancelled_entry_frees_its_time
            a_cancelled_entry_is_read_only_when_asked_for
            cancelling_twice_changes_nothing
            confirming_is_kept
            marking_nothing_is_not_found
            an_entry_moves_in_place_and_frees_its_old_time
            an_entry_may_move_over_its_own_time
            a_move_to_a_taken_time_leaves_it_as_it_was
            moving_with_the_same_key_again_answers_the_same
            moving_nothing_is_not_found
            a_cancelled_entry_cannot_be_moved
            of_fifty_moves_to_one_time_at_once_one_succeeds
            two_that_swap_at_once_never_overlap
            entries_are_found_by_time_contact_key_and_id
            an_entry_is_found_by_every_key_that_wrote_it
            more_places_count_for_what_is_written_already
            branches_and_tenants_have_calendars_of_their_own
            handles_of_one_branch_share_its_calendar
        }
    };
}

fn calendar_of(store: &dyn CalendarStore, tenant: &str, branch: &str) -> Arc<dyn BranchCalendar> {
    store.calendar(&tenant.parse().unwrap(), &branch.parse().unwrap())
}

fn centre(store: &dyn CalendarStore) -> Arc<dyn BranchCalendar> {
    calendar_of(store, "bella", "centre")
}

fn contact(name: &str) -> ContactId {
    ContactId::derive(&["contract", name])
}

/// An appointment with one of these people, without buffers; key and contact are of the same name.
fn entry(name: &str, staff: &[&str], from: i64, to: i64) -> NewEntry {
    let day = at(from).date_naive().and_time(NaiveTime::MIN).and_utc();
    NewEntry {
        services: vec!["cut".parse().unwrap()],
        candidates: staff.iter().map(|staff| (subject(staff), Some(staff.parse().unwrap()))).collect(),
        start: at(from),
        end: at(to),
        taken_from: at(from),
        taken_to: at(to),
        day_from: day,
        day_to: day + Duration::days(1),
        capacity: 1,
        contact: contact(name),
        client_name: None,
        price: None,
        note: None,
        key: action(name),
        now: at(0),
    }
}

async fn all(calendar: &dyn BranchCalendar) -> Vec<Entry> {
    calendar.entries(EntryFilter { all: true, ..EntryFilter::default() }).await.unwrap()
}

async fn standing(calendar: &dyn BranchCalendar) -> Vec<Entry> {
    calendar.entries(EntryFilter::default()).await.unwrap()
}

fn taken<T: std::fmt::Debug>(result: Result<T, CalendarError>) {
    assert!(matches!(result, Err(CalendarError::Taken)), "should be taken: {result:?}");
}

fn not_found<T: std::fmt::Debug>(result: Result<T, CalendarError>) {
    assert!(matches!(result, Err(CalendarError::NotFound)), "should not be found: {result:?}");
}

/// Writes many entries at once; answers those that were written. Anything but "taken" fails the test.
async fn at_once(calendar: &Arc<dyn BranchCalendar>, entries: Vec<NewEntry>) -> Vec<Entry> {
    let tasks = entries.into_iter().map(|entry| {
        let calendar = Arc::clone(calendar);
        tokio::spawn(async move { calendar.insert(entry).await })
    });
    let results = join_all(tasks).await.into_iter().map(Result::unwrap);
    results
        .filter_map(|result| match result {
            Ok(entry) => Some(entry),
            Err(CalendarError::Taken) => None,
            Err(error) => panic!("a client who comes late finds it taken, not {error:?}"),
        })
        .collect()
}

fn assert_no_overlap(entries: &[Entry]) {
    for (n, one) in entries.iter().enumerate() {
        for other in entries.iter().skip(n + 1).filter(|other| other.subject == one.subject) {
            let apart = one.taken_to <= other.taken_from || other.taken_to <= one.taken_from;
            assert!(apart, "two entries overlap:\n{one:?}\n{other:?}");
        }
    }
}

/// Everything that was written is read back, standing and unconfirmed.
pub async fn an_entry_is_read_back_as_it_was_written(store: &dyn CalendarStore) {
    let private = |text: &str| Some(Private::new(text.to_owned()));
    let new = NewEntry {
        services: vec!["cut".parse().unwrap(), "wash".parse().unwrap()],
        taken_from: at(3300),
        taken_to: at(7500),
        client_name: private("Ana ✨ '\""),
        price: Some("{\"from\":4500}".to_owned()),
        note: private("by the window"),
        ..entry("c1", &["ana"], 3600, 7200)
    };
    let written = centre(store).insert(new.clone()).await.unwrap();
    let expected = Entry {
        id: written.id.clone(),
        services: new.services,
        subject: subject("ana"),
        staff: Some("ana".parse().unwrap()),
        start: new.start,
        end: new.end,
        taken_from: new.taken_from,
        taken_to: new.taken_to,
        standing: true,
        confirmed: false,
        contact: new.contact,
        client_name: new.client_name,
        price: new.price,
        note: new.note,
        key: new.key,
        changed: new.now,
    };
    assert_eq!(written, expected);
    assert_eq!(all(&*centre(store)).await, [expected]);
}

/// Nobody free: refused, and no trace of it.
pub async fn a_taken_time_is_refused_and_nothing_is_written(store: &dyn CalendarStore) {
    let calendar = centre(store);
    calendar.insert(entry("c1", &["ana"], 3600, 7200)).await.unwrap();
    for (from, to) in [(3600, 7200), (3599, 3601), (7199, 7300), (4000, 5000), (3000, 8000)] {
        taken(calendar.insert(entry("c2", &["ana"], from, to)).await);
    }
    assert_eq!(all(&*calendar).await.len(), 1);
    let by_key = EntryFilter { key: Some(action("c2")), all: true, ..EntryFilter::default() };
    assert_eq!(calendar.entries(by_key).await.unwrap(), []);
}

/// Stretches are half-open: one may begin when the other ends.
pub async fn neighbours_do_not_overlap(store: &dyn CalendarStore) {
    let calendar = centre(store);
    for (name, from, to) in [("c1", 3600, 7200), ("before", 1800, 3600), ("after", 7200, 9000)] {
        calendar.insert(entry(name, &["ana"], from, to)).await.unwrap();
    }
}

/// What counts as taken is the padded stretch, of the new one and of those that stand.
pub async fn buffers_are_part_of_the_time_taken(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let padded = |name, from, to| NewEntry {
        taken_from: at(from - 600),
        taken_to: at(to + 600),
        ..entry(name, &["ana"], from, to)
    };
    calendar.insert(padded("c1", 3600, 7200)).await.unwrap();
    taken(calendar.insert(entry("c2", &["ana"], 7200, 9000)).await);
    taken(calendar.insert(padded("c3", 8000, 9000)).await);
    calendar.insert(padded("c4", 8400, 9000)).await.unwrap();
}

/// Fifty clients, one time, one person: one gets it.
pub async fn of_fifty_at_once_one_gets_the_time(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let entries = (0..50).map(|n| entry(&format!("c{n}"), &["ana"], 3600, 7200)).collect();
    assert_eq!(at_once(&calendar, entries).await.len(), 1);
    assert_eq!(all(&*calendar).await.len(), 1);
}

/// Fifty clients, one time, two people: two get it, one each.
pub async fn of_fifty_at_once_two_people_get_one_each(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let entries = (0..50).map(|n| entry(&format!("c{n}"), &["ana", "bruno"], 3600, 7200)).collect();
    let won = at_once(&calendar, entries).await;
    let people: BTreeSet<ClaimSubject> = won.iter().map(|entry| entry.subject.clone()).collect();
    assert_eq!((won.len(), people), (2, BTreeSet::from([subject("ana"), subject("bruno")])));
}

/// Fifty clients want stretches that overlap here and there: whatever is written does not overlap.
pub async fn fifty_that_overlap_in_part_never_overlap(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let entries = (0..50).map(|n| entry(&format!("c{n}"), &["ana"], 3600 + n * 700, 5400 + n * 700)).collect();
    let won = at_once(&calendar, entries).await;
    let kept = standing(&*calendar).await;
    assert_eq!(won.len(), kept.len());
    assert!(won.len() >= 10, "the day has room for more than {}", won.len());
    assert_no_overlap(&kept);
}

/// Whoever has fewest booked minutes that local day is taken, whatever the order given; other days do not count.
pub async fn the_one_with_fewest_minutes_that_day_is_chosen(store: &dyn CalendarStore) {
    let calendar = centre(store);
    calendar.insert(entry("long", &["ana"], 0, 7200)).await.unwrap();
    calendar.insert(entry("short", &["bruno"], 0, 1800)).await.unwrap();
    calendar.insert(entry("tomorrow", &["bruno"], 86_400, 86_400 + 20_000)).await.unwrap();
    let chosen = calendar.insert(entry("c1", &["ana", "bruno"], 10_000, 11_800)).await.unwrap();
    assert_eq!(chosen.subject, subject("bruno"));
}

/// With equal minutes, whoever was assigned longest ago is taken; never assigned is longest of all; then the order given.
pub async fn among_equals_the_least_recently_assigned_is_chosen(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let mut turns = Vec::new();
    // A day each, so that minutes never decide.
    for day in 0..6 {
        let from = day * 86_400 + 3600;
        let new = NewEntry { now: at(day), ..entry(&format!("c{day}"), &["carla", "ana", "bruno"], from, from + 1800) };
        turns.push(calendar.insert(new).await.unwrap().subject);
    }
    assert_eq!(turns, ["carla", "ana", "bruno", "carla", "ana", "bruno"].map(subject));
}

/// Whoever is taken then is passed over, however few minutes they have.
pub async fn whoever_is_taken_is_passed_over(store: &dyn CalendarStore) {
    let calendar = centre(store);
    calendar.insert(entry("busy", &["bruno"], 20_000, 27_200)).await.unwrap();
    calendar.insert(entry("then", &["ana"], 3600, 5400)).await.unwrap();
    let chosen = calendar.insert(entry("c1", &["ana", "bruno"], 4000, 4600)).await.unwrap();
    assert_eq!(chosen.staff, Some("bruno".parse().unwrap()));
    taken(calendar.insert(entry("c2", &["ana", "bruno"], 4000, 4600)).await);
}

fn class(name: &str) -> NewEntry {
    let yoga = ClaimSubject::service(&"centre".parse().unwrap(), &"yoga".parse().unwrap());
    NewEntry { candidates: vec![(yoga, None)], capacity: 3, ..entry(name, &[], 3600, 7200) }
}

/// A service without people is booked on the service itself, as often as its capacity says.
pub async fn a_class_takes_as_many_as_its_capacity(store: &dyn CalendarStore) {
    let calendar = centre(store);
    for name in ["c1", "c2", "c3"] {
        assert_eq!(calendar.insert(class(name)).await.unwrap().staff, None);
    }
    taken(calendar.insert(class("c4")).await);
}

/// Fifty clients at once, three places: three get in.
pub async fn fifty_at_once_fill_a_class_exactly(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let entries = (0..50).map(|n| class(&format!("c{n}"))).collect();
    assert_eq!(at_once(&calendar, entries).await.len(), 3);
    assert_eq!(all(&*calendar).await.len(), 3);
}

/// A write that is repeated with its key answers what the first one wrote.
pub async fn the_same_key_again_answers_the_same_entry(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let first = calendar.insert(entry("c1", &["ana", "bruno"], 3600, 7200)).await.unwrap();
    let again = calendar.insert(NewEntry { now: at(9), ..entry("c1", &["ana", "bruno"], 3600, 7200) }).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(all(&*calendar).await, [first]);
}

/// The same key from twenty workers at once makes one entry, and all are told of it.
pub async fn the_same_key_at_once_makes_one_entry(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let told = at_once(&calendar, vec![entry("c1", &["ana", "bruno"], 3600, 7200); 20]).await;
    assert_eq!(told.len(), 20, "nobody is told that it is taken: it is their own");
    let written = all(&*calendar).await;
    assert_eq!(written.len(), 1);
    assert!(told.iter().all(|entry| entry.id == written[0].id));
}

/// A late repetition of a write whose entry was cancelled meanwhile does not bring it back.
pub async fn the_same_key_after_cancelling_makes_nothing_new(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let first = calendar.insert(entry("c1", &["ana"], 3600, 7200)).await.unwrap();
    calendar.mark(&first.id, EntryMark::Cancelled, Some(action("cancel")), at(1)).await.unwrap();
    let again = calendar.insert(entry("c1", &["ana"], 3600, 7200)).await.unwrap();
    assert_eq!((again.id, again.standing), (first.id, false));
    assert_eq!(standing(&*calendar).await, []);
}

/// What was cancelled is free for others.
pub async fn a_cancelled_entry_frees_its_time(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let first = calendar.insert(entry("c1", &["ana"], 3600, 7200)).await.unwrap();
    let cancelled = calendar.mark(&first.id, EntryMark::Cancelled, None, at(1)).await.unwrap();
    assert!(!cancelled.standing);
    calendar.insert(entry("c2", &["ana"], 3600, 7200)).await.unwrap();
}

/// Cancelled entries are kept, and shown to those who ask for all.
pub async fn a_cancelled_entry_is_read_only_when_asked_for(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let first = calendar.insert(entry("c1", &["ana"], 3600, 7200)).await.unwrap();
    calendar.mark(&first.id, EntryMark::Cancelled, None, at(1)).await.unwrap();
    assert_eq!(standing(&*calendar).await, []);
    let kept = all(&*calendar).await;
    assert_eq!((kept.len(), kept[0].standing, kept[0].changed), (1, false, at(1)));
}

/// Cancelling what is cancelled succeeds.
pub async fn cancelling_twice_changes_nothing(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let first = calendar.insert(entry("c1", &["ana"], 3600, 7200)).await.unwrap();
    for seconds in [1, 2] {
        let marked = calendar.mark(&first.id, EntryMark::Cancelled, Some(action("x")), at(seconds)).await.unwrap();
        assert!(!marked.standing);
    }
}

/// "I will come" is kept and takes no time.
pub async fn confirming_is_kept(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let first = calendar.insert(entry("c1", &["ana"], 3600, 7200)).await.unwrap();
    let confirmed = calendar.mark(&first.id, EntryMark::Confirmed, None, at(1)).await.unwrap();
    assert_eq!(confirmed, Entry { confirmed: true, changed: at(1), ..first });
    assert_eq!(standing(&*calendar).await, [confirmed]);
}

/// Marking an entry that does not exist says so.
pub async fn marking_nothing_is_not_found(store: &dyn CalendarStore) {
    not_found(centre(store).mark("nothing", EntryMark::Cancelled, None, at(0)).await);
}

/// A move keeps the id, takes the new time and frees the old.
pub async fn an_entry_moves_in_place_and_frees_its_old_time(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let first = calendar.insert(entry("c1", &["ana"], 3600, 7200)).await.unwrap();
    let to = NewEntry { contact: first.contact, ..entry("move", &["bruno"], 9000, 12_600) };
    let moved = calendar.relocate(&first.id, to).await.unwrap();
    assert_eq!((&moved.id, moved.start, moved.end), (&first.id, at(9000), at(12_600)));
    assert_eq!((&moved.subject, moved.key, moved.contact), (&subject("bruno"), action("move"), first.contact));
    assert_eq!(all(&*calendar).await, [moved]);
    calendar.insert(entry("c2", &["ana"], 3600, 7200)).await.unwrap();
    taken(calendar.insert(entry("c3", &["bruno"], 9000, 12_600)).await);
}

/// A visit can be moved by half its length.
pub async fn an_entry_may_move_over_its_own_time(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let first = calendar.insert(entry("c1", &["ana"], 3600, 7200)).await.unwrap();
    let moved = calendar.relocate(&first.id, entry("move", &["ana"], 5400, 9000)).await.unwrap();
    assert_eq!((moved.start, moved.taken_to), (at(5400), at(9000)));
}

/// A move that fails leaves everything as it was.
pub async fn a_move_to_a_taken_time_leaves_it_as_it_was(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let first = calendar.insert(entry("c1", &["ana"], 3600, 7200)).await.unwrap();
    let other = calendar.insert(entry("c2", &["ana"], 9000, 12_600)).await.unwrap();
    taken(calendar.relocate(&first.id, entry("move", &["ana"], 10_000, 13_600)).await);
    assert_eq!(all(&*calendar).await, [first, other]);
}

/// A move that is repeated with its key answers what the first one did.
pub async fn moving_with_the_same_key_again_answers_the_same(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let first = calendar.insert(entry("c1", &["ana"], 3600, 7200)).await.unwrap();
    let moved = calendar.relocate(&first.id, entry("move", &["ana", "bruno"], 9000, 12_600)).await.unwrap();
    let again = calendar.relocate(&first.id, entry("move", &["ana", "bruno"], 9000, 12_600)).await.unwrap();
    assert_eq!(again, moved);
}

/// Moving an entry that does not exist says so, and writes nothing.
pub async fn moving_nothing_is_not_found(store: &dyn CalendarStore) {
    let calendar = centre(store);
    not_found(calendar.relocate("nothing", entry("move", &["ana"], 3600, 7200)).await);
    assert_eq!(all(&*calendar).await, []);
}

/// What was cancelled does not come back by moving it.
pub async fn a_cancelled_entry_cannot_be_moved(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let first = calendar.insert(entry("c1", &["ana"], 3600, 7200)).await.unwrap();
    calendar.mark(&first.id, EntryMark::Cancelled, None, at(1)).await.unwrap();
    not_found(calendar.relocate(&first.id, entry("move", &["ana"], 9000, 12_600)).await);
    assert_eq!(standing(&*calendar).await, []);
}

/// Fifty visits that all want to move to one time: one does, the others stay where they are.
pub async fn of_fifty_moves_to_one_time_at_once_one_succeeds(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let mut tasks = Vec::new();
    for n in 0..50 {
        let from = n * 600;
        let first = calendar.insert(entry(&format!("c{n}"), &["ana"], from, from + 600)).await.unwrap();
        let to = entry(&format!("move {n}"), &["ana"], 80_000, 80_600);
        let calendar = Arc::clone(&calendar);
        tasks.push(tokio::spawn(async move { calendar.relocate(&first.id, to).await.is_ok() }));
    }
    let moved = join_all(tasks).await.into_iter().filter(|moved| matches!(moved, Ok(true))).count();
    assert_eq!(moved, 1);
    let kept = standing(&*calendar).await;
    assert_eq!(kept.len(), 50);
    assert_no_overlap(&kept);
}

/// Two that want each other's time at once: whatever happens, nothing overlaps and nothing is lost.
pub async fn two_that_swap_at_once_never_overlap(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let one = calendar.insert(entry("c1", &["ana"], 3600, 7200)).await.unwrap();
    let two = calendar.insert(entry("c2", &["ana"], 7200, 10_800)).await.unwrap();
    let (to_two, to_one) = (entry("m1", &["ana"], 7200, 10_800), entry("m2", &["ana"], 3600, 7200));
    let (first, second) = tokio::join!(calendar.relocate(&one.id, to_two), calendar.relocate(&two.id, to_one));
    taken(first);
    taken(second);
    assert_eq!(standing(&*calendar).await, [one, two]);
}

/// Entries are found by any one of their marks, those that touch a stretch of time by its padded ends.
pub async fn entries_are_found_by_time_contact_key_and_id(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let one = calendar.insert(entry("c1", &["ana"], 3600, 7200)).await.unwrap();
    let two = calendar.insert(entry("c2", &["bruno"], 7200, 10_800)).await.unwrap();
    let find = async |filter: EntryFilter| {
        let found = calendar.entries(filter).await.unwrap();
        found.into_iter().map(|entry| entry.id).collect::<Vec<_>>()
    };
    let (one, two) = (one.id.as_str(), two.id.as_str());
    let any = EntryFilter::default;
    assert_eq!(find(EntryFilter { id: Some(one.to_owned()), ..any() }).await, [one]);
    assert_eq!(find(EntryFilter { key: Some(action("c2")), ..any() }).await, [two]);
    assert_eq!(find(EntryFilter { contact: Some(contact("c1")), ..any() }).await, [one]);
    assert_eq!(find(EntryFilter { from: Some(at(7200)), ..any() }).await, [two]);
    assert_eq!(find(EntryFilter { until: Some(at(7200)), ..any() }).await, [one]);
    assert_eq!(find(EntryFilter { from: Some(at(7000)), until: Some(at(7300)), ..any() }).await, [one, two]);
    assert_eq!(find(EntryFilter { id: Some("nothing".to_owned()), all: true, ..any() }).await, [""; 0]);
    assert_eq!(find(EntryFilter { contact: Some(contact("nobody")), ..any() }).await, [""; 0]);
}

/// A booking that was moved and cancelled since was still made: whoever asks by its first key must be told so.
pub async fn an_entry_is_found_by_every_key_that_wrote_it(store: &dyn CalendarStore) {
    let calendar = centre(store);
    let first = calendar.insert(entry("book", &["ana"], 3600, 7200)).await.unwrap();
    calendar.relocate(&first.id, entry("move", &["ana"], 9000, 12_600)).await.unwrap();
    calendar.mark(&first.id, EntryMark::Cancelled, Some(action("cancel")), at(1)).await.unwrap();
    for name in ["book", "move", "cancel"] {
        let filter = EntryFilter { key: Some(action(name)), all: true, ..EntryFilter::default() };
        let found: Vec<String> = calendar.entries(filter).await.unwrap().into_iter().map(|entry| entry.id).collect();
        assert_eq!(found, [first.id.as_str()], "by the key of \"{name}\"");
    }
}

/// How many may share a time is what the new entry says: a class that got bigger fills up to its new size.
pub async fn more_places_count_for_what_is_written_already(store: &dyn CalendarStore) {
    let calendar = centre(store);
    for name in ["c1", "c2", "c3"] {
        calendar.insert(class(name)).await.unwrap();
    }
    calendar.insert(NewEntry { capacity: 4, ..class("c4") }).await.unwrap();
    taken(calendar.insert(NewEntry { capacity: 4, ..class("c5") }).await);
    taken(calendar.insert(NewEntry { capacity: 2, ..class("c6") }).await);
}

/// Ids and times of another branch, or of another tenant, are other things.
pub async fn branches_and_tenants_have_calendars_of_their_own(store: &dyn CalendarStore) {
    let first = centre(store).insert(entry("c1", &["ana"], 3600, 7200)).await.unwrap();
    for (tenant, branch) in [("bella", "south"), ("cesar", "centre")] {
        let other = calendar_of(store, tenant, branch);
        assert_eq!(all(&*other).await, [], "{tenant}/{branch}");
        not_found(other.mark(&first.id, EntryMark::Cancelled, None, at(1)).await);
        not_found(other.relocate(&first.id, entry("move", &["ana"], 9000, 12_600)).await);
        let ana = ClaimSubject::staff(&branch.parse().unwrap(), &"ana".parse().unwrap());
        let candidates = vec![(ana, Some("ana".parse().unwrap()))];
        other.insert(NewEntry { candidates, ..entry("c2", &[], 3600, 7200) }).await.unwrap();
    }
    assert_eq!(all(&*centre(store)).await, [first]);
}

/// Two handles of one branch are two views of the same calendar.
pub async fn handles_of_one_branch_share_its_calendar(store: &dyn CalendarStore) {
    centre(store).insert(entry("c1", &["ana"], 3600, 7200)).await.unwrap();
    taken(centre(store).insert(entry("c2", &["ana"], 3600, 7200)).await);
}
