//! A person's rights: their data readable, and gone when they ask for it.

use super::*;
use crate::{
    dialogue::{ContactChange, TeamEvent, Timer},
    model::{ChannelUser, ConversationId, Private, Stage},
    ports::{BranchCalendar, DeliveryResult, Entry, Ingest, NewEntry},
};
use futures_util::future::join_all;

/// Planted in everything that is kept of a person.
const MARKS: &[&str] = &[
    "mark-profile",
    "mark-said",
    "mark-unread",
    "mark-told",
    "mark-mail",
    "mark-state",
    "mark-action",
    "mark-words",
    "mark-shown",
    "mark-title",
    "mark-step",
    "mark-notice",
    "mark-calendar",
    "mark-note",
    "mark-status",
    "mark-came",
    "mark-went",
    "mark-early",
];

/// A client of whom everything is known that can be, with an appointment from 3600 to 7200.
async fn fully_known(store: &impl Recording, business: &Business, who: &str) -> ConversationId {
    let salon = &business.salon;
    let mark = |of: &str| format!("{of}-{who}");
    let mut first = inbound(user(who), &mark("mark-came"), &mark("mark-said"), 0);
    first.profile_name = Some(Private::new(mark("mark-profile")));
    let conversation = queued(salon.ingest(incoming(first, 0)).await);
    salon
        .turn(conversation, 0, |commit| {
            commit.state = format!("{{\"said\":\"{}\"}}", mark("mark-state"));
            commit.action = Some(format!("{{\"for\":\"{}\"}}", mark("mark-action")));
            commit.contact = vec![
                ContactChange::Name { name: Private::new(mark("mark-told")) },
                ContactChange::Email { email: Private::new(format!("{}@example.test", mark("mark-mail"))) },
            ];
            let mut visit = booking(&format!("visit-{who}"), 3600, 7200);
            visit.title = mark("mark-title");
            commit.bookings = vec![visit];
            commit.set_timers = vec![(Timer::Reminder { booking: booking_id(&format!("visit-{who}")) }, at(3000))];
            commit.outbox =
                vec![words(&mark("mark-words")), words(&format!("second-{who}")), words(&format!("third-{who}"))];
            commit.notify = vec![TeamEvent::Review { text: Private::new(mark("mark-notice")) }];
            let mut record = turn_record(1, 0);
            record.steps =
                serde_json::value::to_raw_value(&serde_json::json!([{ "input": mark("mark-step") }])).unwrap();
            commit.record = Some(record);
            commit.audit = vec![audit_row("book", 0)];
        })
        .await;
    let delivery = salon.sends(conversation, &mark("mark-words"), 1).await;
    let shown = Private::new(mark("mark-shown"));
    let message = message_id(&mark("mark-went"));
    salon.records(&delivery, DeliveryResult::Sent { messages: vec![message], shown }, 1).await;
    salon.status(status(&mark("mark-went"), Stage::Read), 2).await;
    let mut early = status(&mark("mark-early"), Stage::Failed);
    early.failure.as_mut().unwrap().detail = mark("mark-status");
    early.key = Some(key(&format!("third-{who}")));
    salon.status(early, 2).await;
    salon.ingest(incoming(inbound(user(who), &format!("{who}-2"), &mark("mark-unread"), 3), 1000)).await;
    appointment(store, business, who, 3600, 7200).await;
    conversation
}

fn calendar(store: &impl Recording, business: &Business) -> Arc<dyn BranchCalendar> {
    store.calendar(&business.id, &"centre".parse().unwrap())
}

fn new_entry(contact: ContactId, who: &str, from: i64, to: i64) -> NewEntry {
    let day = at(from).date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    NewEntry {
        services: vec!["cut".parse().unwrap()],
        candidates: vec![(subject(who), Some(who.parse().unwrap()))],
        start: at(from),
        end: at(to),
        taken_from: at(from),
        taken_to: at(to),
        day_from: day,
        day_to: day + chrono::Duration::days(1),
        capacity: 1,
        contact,
        client_name: Some(Private::new(format!("mark-calendar-{who}"))),
        price: None,
        note: Some(Private::new(format!("mark-note-{who}"))),
        key: action(&format!("entry-{who}-{from}-{contact}")),
        now: at(0),
    }
}

/// An appointment of the built-in calendar with somebody of the client's own name.
async fn appointment(store: &impl Recording, business: &Business, who: &str, from: i64, to: i64) -> Entry {
    let contact = business.contact(who).await;
    calendar(store, business).insert(new_entry(contact, who, from, to)).await.unwrap()
}

/// By number and by id, in their own tenant only.
pub async fn a_person_is_found_by_the_names_they_have(store: &impl Recording) {
    let [bella, cesar] = Business::both(store).await;
    for business in [&bella, &cesar] {
        assert_eq!(business.records.find_person(&user("ana")).await.unwrap(), None);
    }
    let both = ChannelUser { user_id: Some(Private::new("id-ana".to_owned())), ..user("ana") };
    bella.salon.ingest(incoming(inbound(both, "m1", "hi", 0), 0)).await;
    let ana = bella.contact("ana").await;
    let by_id = ChannelUser { phone: None, user_id: Some(Private::new("id-ana".to_owned())) };
    assert_eq!(bella.records.find_person(&by_id).await.unwrap(), Some(ana));
    assert_eq!(bella.records.find_person(&user("bia")).await.unwrap(), None);
    assert_eq!(cesar.records.find_person(&user("ana")).await.unwrap(), None);
}

/// Everything that is kept, readable, and the audit says who asked for it.
pub async fn an_export_holds_everything_that_was_said(store: &impl Recording) {
    for business in Business::both(store).await {
        fully_known(store, &business, "ana").await;
        let ana = business.contact("ana").await;
        let export = business.records.export_person(ana, "operator:olga", at(10)).await.unwrap();
        let text = serde_json::to_string(&export).unwrap();
        let number = user("ana").phone.unwrap();
        for mark in MARKS.iter().filter(|mark| **mark != "mark-profile") {
            assert!(text.contains(&format!("{mark}-ana")), "{mark} is missing ({}): {text}", business.id);
        }
        assert!(text.contains(number.digits()), "the number is missing: {text}");
        let (actor, what) = business.deeds().await.pop().unwrap();
        assert_eq!(actor, "operator:olga", "{what}");
        business.verify().await.unwrap();
    }
}

/// Nothing of anybody else stands in it.
pub async fn an_export_holds_nothing_of_others(store: &impl Recording) {
    for business in Business::both(store).await {
        fully_known(store, &business, "ana").await;
        fully_known(store, &business, "bia").await;
        let ana = business.contact("ana").await;
        let text = serde_json::to_string(&business.records.export_person(ana, "operator:olga", at(10)).await.unwrap());
        let text = text.unwrap();
        for mark in MARKS {
            assert!(!text.contains(&format!("{mark}-bia")), "{mark} of somebody else: {text}");
        }
        assert!(!text.contains(user("bia").phone.unwrap().digits()), "the number of somebody else: {text}");
    }
}

/// Another tenant's person does not exist, nor does nobody; and asking leaves no trace.
pub async fn nobody_is_exported_or_erased_across_tenants(store: &impl Recording) {
    let [bella, cesar] = Business::both(store).await;
    fully_known(store, &bella, "ana").await;
    let ana = bella.contact("ana").await;
    let before = bella.everything(store, &[]).await;
    for contact in [ana, ContactId::derive(&["nobody"])] {
        is_not_found(cesar.records.export_person(contact, "operator:cesar", at(10)).await);
        is_not_found(cesar.records.erase_person(contact, "operator:cesar", at(10)).await);
    }
    assert!(cesar.deeds().await.is_empty());
    assert_eq!(bella.everything(store, &[]).await, before);
}

/// No planted mark and no name of theirs can be read anywhere, the receipt counts what went, and the chain holds.
pub async fn an_erased_person_leaves_nothing_behind(store: &impl Recording) {
    for business in Business::both(store).await {
        let conversation = fully_known(store, &business, "ana").await;
        let ana = business.contact("ana").await;
        let before = business.everything(store, &["ana"]).await;
        for mark in MARKS.iter().filter(|mark| **mark != "mark-profile") {
            assert!(before.contains(&format!("{mark}-ana")), "{mark} was not planted");
        }
        let receipt = business.records.erase_person(ana, "operator:olga", at(100)).await.unwrap();
        assert!(receipt.deleted.values().sum::<u64>() >= 8, "{receipt:?}");
        assert_eq!(receipt.upcoming, 1, "{receipt:?}");
        let after = business.everything(store, &["ana"]).await;
        for mark in MARKS {
            assert!(!after.contains(mark), "{mark} is left: {after}");
        }
        assert!(!after.contains(user("ana").phone.unwrap().digits()), "the number is left: {after}");
        assert_eq!(business.deeds().await.pop().unwrap().0, "operator:olga");
        business.verify().await.unwrap();
        let rows = &business.salon.rows;
        assert!(rows.conversation(conversation).await.unwrap().is_none());
        assert!(rows.messages(conversation, 10).await.unwrap().is_empty());
        assert!(rows.turns(conversation, 10).await.unwrap().is_empty());
        assert!(rows.bookings(ana, at(-1000)).await.unwrap().is_empty());
        assert!(rows.booking(&reference("visit-ana")).await.unwrap().is_none());
        assert!(rows.next_notice(conversation, at(300), at(200)).await.unwrap().is_none());
        assert!(business.salon.next(conversation, 200).await.is_none());
        business.salon.cannot_lease(conversation, 5000).await;
    }
    assert!(store.due(at(100_000), 100).await.unwrap().is_empty(), "nothing of it is due any more");
    assert!(store.overdue(at(100_000), 100).await.unwrap().is_empty());
}

/// What is counted beforehand is what the receipt says afterwards, and counting changes nothing.
pub async fn what_would_be_erased_is_what_is_erased(store: &impl Recording) {
    for business in Business::both(store).await {
        fully_known(store, &business, "ana").await;
        let ana = business.contact("ana").await;
        fully_known(store, &business, "bia").await;
        let before = business.deeds().await.len();
        let counted = business.records.count_person(ana, at(100)).await.unwrap();
        assert!(
            counted.deleted.get("conversation") == Some(&1) && counted.blanked.contains_key("entry"),
            "{counted:?}"
        );
        assert_eq!(counted.upcoming, 1);
        assert_eq!(business.records.count_person(ana, at(100)).await.unwrap(), counted, "nothing was changed");
        assert_eq!(business.deeds().await.len(), before);
        assert_eq!(business.records.erase_person(ana, "operator:olga", at(100)).await.unwrap(), counted);
        is_not_found(business.records.count_person(ana, at(101)).await);
    }
}

/// Whoever else there is stays as they were.
pub async fn what_is_erased_of_one_leaves_the_others_alone(store: &impl Recording) {
    for business in Business::both(store).await {
        fully_known(store, &business, "ana").await;
        let hers = fully_known(store, &business, "bia").await;
        business.records.erase_person(business.contact("ana").await, "operator:olga", at(100)).await.unwrap();
        let after = business.everything(store, &["bia"]).await;
        for mark in MARKS.iter().filter(|mark| **mark != "mark-profile") {
            assert!(after.contains(&format!("{mark}-bia")), "{mark} of somebody else is gone");
        }
        business.salon.hands_over(hers, "second-bia", 200).await;
        assert_eq!(texts(&business.salon.lease(hers, 2000).await.mail), ["mark-unread-bia"]);
    }
}

/// Erased, they are unknown; when they write again, they begin anew.
pub async fn an_erased_person_is_gone_and_comes_back_as_somebody_new(store: &impl Recording) {
    for business in Business::both(store).await {
        fully_known(store, &business, "ana").await;
        let ana = business.contact("ana").await;
        business.records.erase_person(ana, "operator:olga", at(100)).await.unwrap();
        assert_eq!(business.records.find_person(&user("ana")).await.unwrap(), None);
        is_not_found(business.records.erase_person(ana, "operator:olga", at(101)).await);
        is_not_found(business.records.export_person(ana, "operator:olga", at(101)).await);
        let conversation = business.salon.hears("ana", "new-1", "hello again", 200).await;
        let leased = business.salon.lease(conversation, 200).await;
        assert_eq!(texts(&leased.mail), ["hello again"]);
        assert_eq!((leased.state, leased.action, leased.turns), (None, None, 0));
        assert!(leased.bookings.is_empty() && leased.contact.name.is_none(), "{:?}", leased.contact);
        business.verify().await.unwrap();
    }
}

/// The time stays taken, and nothing says whose it is.
pub async fn an_appointment_of_somebody_erased_stays_taken(store: &impl Recording) {
    for business in Business::both(store).await {
        fully_known(store, &business, "ana").await;
        let ana = business.contact("ana").await;
        business.records.erase_person(ana, "operator:olga", at(100)).await.unwrap();
        let calendar = calendar(store, &business);
        let entries = calendar.entries(EntryFilter::default()).await.unwrap();
        let [entry] = entries.as_slice() else { panic!("{entries:?}") };
        assert!(entry.standing && entry.start == at(3600) && entry.client_name.is_none() && entry.note.is_none());
        assert_ne!(entry.contact, ana, "nothing leads to whose it was");
        let filter = EntryFilter { contact: Some(ana), all: true, ..EntryFilter::default() };
        assert!(calendar.entries(filter).await.unwrap().is_empty());
        let other = new_entry(ContactId::derive(&["other"]), "ana", 4000, 5000);
        let taken = calendar.insert(other).await;
        assert!(matches!(taken, Err(crate::ports::CalendarError::Taken)), "{taken:?}");
    }
}

/// A worker in the middle of a turn is fenced, and what it learnt does not come back with it.
pub async fn a_turn_under_way_while_its_client_is_erased_writes_nothing(store: &impl Recording) {
    for business in Business::both(store).await {
        let conversation = business.salon.hears("ana", "m1", "mark-said", 0).await;
        let leased = business.salon.lease(conversation, 0).await;
        business.records.erase_person(business.contact("ana").await, "operator:olga", at(1)).await.unwrap();
        let mut commit = reading(&leased, 2);
        commit.outbox = vec![words("mark-words")];
        commit.bookings = vec![booking("mark-booking", 100, 200)];
        let refused = business.salon.rows.commit(commit).await;
        assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
        business.salon.rows.release(&leased.lease, at(10)).await.unwrap();
        let after = business.everything(store, &["ana"]).await;
        assert!(!after.contains("mark-"), "{after}");
    }
}

/// A sender in the middle of sending records nothing.
pub async fn a_message_under_way_while_its_client_is_erased_is_not_recorded(store: &impl Recording) {
    for business in Business::both(store).await {
        let conversation = business.salon.answers("ana", 0, vec![words("mark-words")]).await;
        let delivery = business.salon.sends(conversation, "mark-words", 1).await;
        business.records.erase_person(business.contact("ana").await, "operator:olga", at(2)).await.unwrap();
        let shown = Private::new("mark-shown".to_owned());
        let late = DeliveryResult::Sent { messages: vec![message_id("late")], shown };
        business.salon.records(&delivery, late, 3).await;
        business.salon.status(status("late", Stage::Delivered), 4).await;
        let event = Ingest::Operator {
            conversation,
            key: "k1".to_owned(),
            by: "olga".to_owned(),
            operator: crate::dialogue::Operator::TakeOver,
            received: at(5),
        };
        assert_eq!(business.salon.ingest(event).await, crate::ports::Ingested::Unknown);
        let after = business.everything(store, &["ana"]).await;
        assert!(!after.contains("mark-"), "{after}");
    }
}

/// One receipt, one row of the audit; the others hear that there is nobody.
pub async fn of_many_who_erase_at_once_one_does(store: &impl Recording) {
    for business in Business::both(store).await {
        business.salon.hears("ana", "m1", "hi", 0).await;
        let ana = business.contact("ana").await;
        let tasks = (0..10).map(|_| {
            let records = Arc::clone(&business.records);
            tokio::spawn(async move { records.erase_person(ana, "operator:olga", at(1)).await })
        });
        let results: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        results.into_iter().filter(Result::is_err).for_each(is_not_found);
        assert_eq!(business.deeds().await.len(), 1);
        business.verify().await.unwrap();
    }
}
