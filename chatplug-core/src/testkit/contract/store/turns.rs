//! Turns: due work, leases, fencing, and what a commit changes.

use super::super::salon::*;
use crate::{
    dialogue::{ContactChange, Holder, Operator, Outcome, Timer},
    model::{Consent, Lang, Private},
    ports::{Due, Lease, Leased, MailEvent, Store, StoreError, TurnCommit, Work},
};
use futures_util::{FutureExt as _, future::join_all, poll};
use std::{collections::BTreeSet, pin::pin};

async fn due(store: &dyn Store, seconds: i64) -> Vec<crate::model::ConversationId> {
    let due = store.due(at(seconds), 100).await.unwrap();
    due.into_iter().filter(|due| due.work == Work::Turn).map(|due| due.conversation).collect()
}

fn reminder(name: &str) -> Timer {
    Timer::Reminder { booking: booking_id(name) }
}

/// A message waits for its due time: it is not listed, and its conversation cannot be leased.
pub async fn mail_is_not_due_before_its_time(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    assert_eq!(store.next_due().await.unwrap(), None);
    let conversation = queued(bella.ingest(incoming(inbound(user("ana"), "m1", "hi", 0), 2)).await);
    assert_eq!(due(store, 1).await, []);
    bella.cannot_lease(conversation, 1).await;
    assert_eq!(store.next_due().await.unwrap(), Some(at(2)));
    assert_eq!(due(store, 2).await, [conversation]);
    assert_eq!(texts(&bella.lease(conversation, 2).await.mail), ["hi"]);
}

/// Messages are read by the time of the client's clock; of the same second, by arrival.
pub async fn mail_comes_by_the_client_s_clock_then_by_arrival(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m3", "third", 9).await;
    bella.hears("ana", "m1", "first", 7).await;
    bella.hears("ana", "m2", "second", 8).await;
    bella.hears("ana", "m4", "fourth", 9).await;
    assert_eq!(texts(&bella.lease(conversation, 9).await.mail), ["first", "second", "third", "fourth"]);
}

/// As soon as one message is due, everything that came is read with it: a burst is one thought.
pub async fn a_due_message_brings_the_burst_with_it(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = queued(bella.ingest(incoming(inbound(user("ana"), "m1", "hi", 0), 2)).await);
    bella.ingest(incoming(inbound(user("ana"), "m2", "tomorrow", 1), 30)).await;
    assert_eq!(texts(&bella.lease(conversation, 2).await.mail), ["hi", "tomorrow"]);
}

/// A hint of the booking system or an operator does not cut a burst short.
pub async fn other_due_mail_leaves_a_burst_alone(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.books("ana", booking("b1", 100, 200), 0).await;
    bella.ingest(incoming(inbound(user("ana"), "m1", "hi", 10), 12)).await;
    bella.ingest(hint(reference("b1"), "h1", 11)).await;
    let leased = bella.lease(conversation, 11).await;
    assert_eq!(leased.mail.len(), 1, "{:?}", leased.mail);
    assert_eq!(leased.mail[0].event, MailEvent::Booking { reference: reference("b1") });
    bella.rows.commit(reading(&leased, 11)).await.unwrap();
    assert_eq!(texts(&bella.lease(conversation, 12).await.mail), ["hi"]);
}

/// The queue begins with what has been due the longest, and is never longer than asked for.
pub async fn due_lists_the_longest_due_first_and_no_more_than_asked(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let mut expected = Vec::new();
    for (who, seconds) in [("carla", 3), ("ana", 1), ("bia", 2)] {
        expected.push((seconds, bella.hears(who, who, "hi", seconds).await));
    }
    expected.sort_by_key(|(seconds, _)| *seconds);
    let expected: Vec<_> = expected.into_iter().map(|(_, conversation)| conversation).collect();
    assert_eq!(due(store, 10).await, expected);
    let first_two = store.due(at(10), 2).await.unwrap();
    assert_eq!(first_two.iter().map(|due| due.conversation).collect::<Vec<_>>(), expected[..2]);
    assert_eq!(store.next_due().await.unwrap(), Some(at(1)));
}

/// While a lease runs, its conversation is not due and cannot be leased, whatever comes in.
pub async fn a_leased_conversation_is_nobody_else_s(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    bella.lease(conversation, 0).await;
    bella.hears("ana", "m2", "hello?", 1).await;
    bella.ingest(operator(conversation, "k1", Operator::TakeOver, 2)).await;
    assert_eq!(due(store, HOLD - 1).await, []);
    bella.cannot_lease(conversation, HOLD - 1).await;
    assert_eq!(store.next_due().await.unwrap(), Some(at(HOLD)), "when the lease runs out");
}

/// However many workers ask at the same time, one gets the lease.
pub async fn a_hundred_leases_at_once_have_one_winner(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let tasks = (0..100).map(|_| {
        let rows = bella.rows.clone();
        tokio::spawn(async move { rows.lease(conversation, at(HOLD), at(1)).await.unwrap() })
    });
    let leases: Vec<Leased> = join_all(tasks).await.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(leases.len(), 1);
}

/// After its instant a lease is anybody's; the work is still there.
pub async fn a_lease_that_ran_out_can_be_taken(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let first = bella.lease(conversation, 0).await;
    assert_eq!(due(store, HOLD + 1).await, [conversation]);
    let second = bella.lease(conversation, HOLD + 1).await;
    assert_ne!(first.lease.token, second.lease.token);
    assert_eq!(texts(&second.mail), ["hi"]);
}

/// A worker that was too slow writes nothing at all: no state, no mail, no message, no timer, no booking, no audit.
pub async fn a_fenced_commit_writes_nothing(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    bella.claims(wish("c1", &["ana"], 3600, 7200)).await.unwrap();
    let slow = bella.lease(conversation, 0).await;
    let quick = bella.lease(conversation, HOLD + 1).await;
    let everything = TurnCommit {
        state: "slow".to_owned(),
        action: Some("slow".to_owned()),
        outbox: vec![words("slow")],
        set_timers: vec![(reminder("b1"), at(100))],
        bookings: vec![booking("b1", 5000, 6000)],
        contact: vec![ContactChange::Language { lang: Lang::FR }],
        holder: Some(Holder::Person),
        unclaim: vec![action("c1")],
        wake_at: Some(at(70)),
        audit: vec![audit_row("book", 0)],
        take_delivery: Some(at(200)),
        ..reading(&slow, HOLD + 1)
    };
    let fenced = bella.rows.commit(everything).await;
    assert!(matches!(fenced, Err(StoreError::Fenced)), "{fenced:?}");

    let view = bella.rows.conversation(conversation).await.unwrap().unwrap();
    assert_eq!((view.state, view.action, view.holder, view.contact.language), (None, None, Holder::Bot, None));
    assert_eq!(view.version, quick.lease.version);
    let log = bella.log(conversation).await;
    assert_eq!((log.len(), log[0].outcome), (1, None));
    assert!(bella.next(conversation, 90).await.is_none());
    assert!(bella.rows.booking(&reference("b1")).await.unwrap().is_none());
    assert!(bella.rows.audit(0, 10).await.unwrap().is_empty());
    assert!(bella.rows.turns(conversation, 10).await.unwrap().is_empty());
    assert_eq!(bella.claims(wish("c2", &["ana"], 3600, 7200)).await, None, "the claim still stands");
    // The right one's commit goes through, and then nothing is left to do.
    bella.rows.commit(reading(&quick, HOLD + 2)).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), None);
}

/// A lease is good for one commit.
pub async fn a_commit_uses_up_its_lease(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let leased = bella.turn(conversation, 0, |_| ()).await;
    let again = bella.rows.commit(reading(&leased, 1)).await;
    assert!(matches!(again, Err(StoreError::Fenced)), "{again:?}");
    assert_eq!(bella.rows.turns(conversation, 10).await.unwrap().len(), 1);
}

/// A checkpoint keeps the lease under a new version; the old value of it can no longer commit.
pub async fn a_checkpoint_keeps_the_lease_and_fences_the_old_one(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let leased = bella.lease(conversation, 0).await;
    let checkpoint = TurnCommit {
        state: "half".to_owned(),
        action: Some("book".to_owned()),
        keep_until: Some(at(200)),
        ..commit_of(&leased.lease, 1)
    };
    let kept = bella.rows.commit(checkpoint).await.unwrap().lease.unwrap();
    assert_eq!((kept.conversation, kept.until), (conversation, at(200)));
    assert!(kept.version > leased.lease.version, "{kept:?}");
    bella.cannot_lease(conversation, HOLD + 1).await;
    let old = bella.rows.commit(commit_of(&leased.lease, 2)).await;
    assert!(matches!(old, Err(StoreError::Fenced)), "{old:?}");

    let end = Leased { lease: kept, ..leased };
    let committed = bella.rows.commit(TurnCommit { state: "whole".to_owned(), ..reading(&end, 3) }).await.unwrap();
    assert!(committed.lease.is_none(), "the end of a turn gives the lease back");
    let view = bella.rows.conversation(conversation).await.unwrap().unwrap();
    assert_eq!((view.state.as_deref(), view.action), (Some("whole"), None));
    assert_eq!(bella.rows.turns(conversation, 10).await.unwrap().len(), 1, "a checkpoint is no turn of its own");
    assert_eq!(store.next_due().await.unwrap(), None);
}

/// Of two commits under one lease, sent at the same time, one is written.
pub async fn of_two_commits_at_once_one_wins(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let leased = bella.lease(conversation, 0).await;
    let tasks = (0..16).map(|n| {
        let rows = bella.rows.clone();
        let commit = TurnCommit { outbox: vec![words(&format!("by {n}"))], ..reading(&leased, 1) };
        tokio::spawn(async move { rows.commit(commit).await })
    });
    let results: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(StoreError::Fenced))), "{results:?}");
    assert_eq!(bella.log(conversation).await.len(), 2, "one message of hers, one of ours");
}

/// A worker that died after the checkpoint of an action is followed by another as soon as its lease runs out, though all
/// mail was read.
pub async fn an_action_left_open_is_due_when_its_lease_runs_out(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "yes", 0).await;
    let leased = bella.lease(conversation, 0).await;
    let checkpoint = TurnCommit { action: Some("book".to_owned()), keep_until: Some(at(100)), ..reading(&leased, 1) };
    bella.rows.commit(checkpoint).await.unwrap();
    assert_eq!(due(store, 99).await, []);
    assert_eq!(store.next_due().await.unwrap(), Some(at(100)));
    assert_eq!(due(store, 101).await, [conversation]);
    let next = bella.lease(conversation, 101).await;
    assert_eq!((next.action.as_deref(), next.mail.len()), (Some("book"), 0));
}

/// A turn that could not run gives its lease back: everything stays, and it is due again at the instant it named.
pub async fn a_lease_given_back_leaves_everything_and_waits(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let leased = bella.lease(conversation, 0).await;
    bella.rows.release(&leased.lease, at(10)).await.unwrap();
    assert_eq!(due(store, 9).await, []);
    bella.cannot_lease(conversation, 9).await;
    assert_eq!(store.next_due().await.unwrap(), Some(at(10)));
    assert_eq!(due(store, 10).await, [conversation]);
    let again = bella.lease(conversation, 10).await;
    assert_eq!((texts(&again.mail), again.turns), (vec!["hi".to_owned()], 0));
    let late = bella.rows.commit(reading(&leased, 11)).await;
    assert!(matches!(late, Err(StoreError::Fenced)), "a lease given back is gone: {late:?}");
}

/// Giving back a lease that somebody else has by now is no error and changes nothing.
pub async fn giving_back_a_lost_lease_harms_nobody(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let slow = bella.lease(conversation, 0).await;
    let quick = bella.lease(conversation, HOLD + 1).await;
    bella.rows.release(&slow.lease, at(HOLD + 2)).await.unwrap();
    bella.cannot_lease(conversation, HOLD + 3).await;
    bella.rows.commit(reading(&quick, HOLD + 4)).await.unwrap();
    let nowhere = Lease { conversation: crate::model::ConversationId::derive(&["nowhere"]), ..slow.lease };
    bella.rows.release(&nowhere, at(0)).await.unwrap();
}

/// Mail that a commit names is read; what it does not name is there next time.
pub async fn read_mail_stays_read_and_the_rest_waits(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "one", 0).await;
    bella.hears("ana", "m2", "two", 0).await;
    let leased = bella.lease(conversation, 0).await;
    let first = leased.mail[0].seq;
    bella.rows.commit(TurnCommit { read: vec![(first, None)], ..commit_of(&leased.lease, 1) }).await.unwrap();
    assert_eq!(due(store, 1).await, [conversation]);
    let leased = bella.turn(conversation, 1, |_| ()).await;
    assert_eq!(texts(&leased.mail), ["two"]);
    bella.cannot_lease(conversation, 1000).await;
}

/// What arrives while a turn runs is not lost: it makes the next turn.
pub async fn mail_that_comes_during_a_turn_waits_for_the_next(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "one", 0).await;
    let leased = bella.lease(conversation, 0).await;
    bella.hears("ana", "m2", "two", 1).await;
    bella.rows.commit(reading(&leased, 2)).await.unwrap();
    assert_eq!(due(store, 2).await, [conversation]);
    assert_eq!(texts(&bella.lease(conversation, 2).await.mail), ["two"]);
}

/// State, open action and holder are what the last commit said; a holder that is not named stays.
pub async fn state_action_and_holder_are_as_committed(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    bella
        .turn(conversation, 0, |commit| {
            commit.state = "{\"v\":1,\"name\":\"É\"}".to_owned();
            commit.action = Some("{\"book\":1}".to_owned());
            commit.holder = Some(Holder::Person);
        })
        .await;
    let before = bella.rows.conversation(conversation).await.unwrap().unwrap();
    bella.hears("ana", "m2", "hi", 1).await;
    let leased = bella.turn(conversation, 1, |_| ()).await;
    assert_eq!(leased.state.as_deref(), Some("{\"v\":1,\"name\":\"É\"}"));
    assert_eq!((leased.action.as_deref(), leased.holder), (Some("{\"book\":1}"), Holder::Person));
    let after = bella.rows.conversation(conversation).await.unwrap().unwrap();
    assert_eq!((after.state.as_deref(), after.action, after.holder), (Some("{}"), None, Holder::Person));
    assert_ne!(before.version, after.version, "screens see that something changed");
    assert_eq!(holder(&bella, conversation).await, Holder::Person);
}

/// Turns that ended are counted for the next one, and their records read back, newest first.
pub async fn turns_are_numbered_and_recorded(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m0", "hi", 0).await;
    for number in 1..=3 {
        bella.hears("ana", &format!("m{number}"), "hi", number).await;
        let leased = bella.turn(conversation, number, |_| ()).await;
        assert_eq!(leased.turns, number - 1);
    }
    let turns = bella.rows.turns(conversation, 2).await.unwrap();
    assert_eq!(turns.iter().map(|turn| turn.number).collect::<Vec<_>>(), [3, 2]);
    let (kept, written) = (&turns[0], turn_record(3, 3));
    assert_eq!(
        (kept.id, kept.at, kept.steps.get(), &kept.versions),
        (written.id, written.at, written.steps.get(), &written.versions)
    );
    assert_eq!(kept.duration_ms, written.duration_ms);
}

/// How each message of a client ended can be read in the log.
pub async fn outcomes_stand_in_the_log(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    bella.hears("ana", "m2", "tomorrow?", 1).await;
    let leased = bella.lease(conversation, 1).await;
    let read = vec![(leased.mail[0].seq, Some(Outcome::Merged)), (leased.mail[1].seq, Some(Outcome::Asked))];
    bella.rows.commit(TurnCommit { read, ..commit_of(&leased.lease, 2) }).await.unwrap();
    let outcomes: Vec<_> = bella.log(conversation).await.into_iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [Some(Outcome::Merged), Some(Outcome::Asked)]);
}

/// A timer rings once; set again it moves; cancelled it is gone; one that rang can be set anew.
pub async fn timers_ring_once_and_can_be_moved_and_cancelled(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let set = |name: &str, seconds| (reminder(name), at(seconds));
    bella
        .turn(conversation, 0, |commit| {
            commit.set_timers = vec![set("b1", 100), set("b2", 110), (Timer::HandBack, at(120))];
        })
        .await;
    assert_eq!(store.next_due().await.unwrap(), Some(at(100)));
    bella.cannot_lease(conversation, 99).await;
    bella.hears("ana", "m2", "later, please", 50).await;
    let leased = bella
        .turn(conversation, 50, |commit| {
            commit.set_timers = vec![set("b1", 200)];
            commit.cancel_timers = vec![Timer::HandBack, reminder("b9")];
        })
        .await;
    assert_eq!(leased.timers, [], "none rang yet");
    assert_eq!(store.next_due().await.unwrap(), Some(at(110)), "b1 moved");
    assert_eq!(due(store, 110).await, [conversation]);
    let rang = bella.turn(conversation, 130, |_| ()).await;
    assert_eq!(rang.timers, [reminder("b2")], "the hand-back was cancelled");
    assert_eq!(store.next_due().await.unwrap(), Some(at(200)), "b2 rang and is done");
    let rang = bella.turn(conversation, 200, |commit| commit.set_timers = vec![set("b1", 300)]).await;
    assert_eq!(rang.timers, [reminder("b1")]);
    // A turn that rang but did not finish rings again.
    assert_eq!(bella.lease(conversation, 300).await.timers, [reminder("b1")]);
    assert_eq!(bella.lease(conversation, 300 + HOLD + 1).await.timers, [reminder("b1")]);
}

/// A wake-up makes a conversation due without mail, once: the next commit says whether there is another.
pub async fn a_wake_up_is_due_and_lasts_until_the_next_commit(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "yes", 0).await;
    let open = Some("book".to_owned());
    bella.turn(conversation, 0, |commit| (commit.action, commit.wake_at) = (open.clone(), Some(at(30)))).await;
    assert_eq!(store.next_due().await.unwrap(), Some(at(30)));
    bella.cannot_lease(conversation, 29).await;
    let leased = bella.turn(conversation, 30, |commit| commit.wake_at = Some(at(60))).await;
    assert_eq!((leased.mail.len(), leased.action), (0, open));
    assert_eq!(store.next_due().await.unwrap(), Some(at(60)));
    bella.turn(conversation, 60, |_| ()).await;
    assert_eq!(store.next_due().await.unwrap(), None);
}

/// Language, name, e-mail address and consent are kept with the contact, for all its conversations.
pub async fn what_is_learnt_about_a_client_is_kept(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let private = |text: &str| Private::new(text.to_owned());
    let consent = |consent, refused| ContactChange::Consent { consent, refused };
    let learnt = vec![
        ContactChange::Language { lang: Lang::PT },
        ContactChange::Name { name: private("Ana") },
        ContactChange::Email { email: private("ana@example.org") },
        consent(Consent::Marketing, true),
        consent(Consent::Reminders, true),
    ];
    bella.turn(conversation, 0, |commit| commit.contact = learnt).await;
    bella.hears("ana", "m2", "remind me after all", 1).await;
    let leased = bella.turn(conversation, 1, |commit| commit.contact = vec![consent(Consent::Reminders, false)]).await;
    assert_eq!(leased.contact.opted_out, BTreeSet::from([Consent::Marketing, Consent::Reminders]));
    let contact = bella.rows.conversation(conversation).await.unwrap().unwrap().contact;
    assert_eq!((contact.language, contact.name), (Some(Lang::PT), Some(private("Ana"))));
    assert_eq!(contact.email, Some(private("ana@example.org")));
    assert_eq!(contact.opted_out, BTreeSet::from([Consent::Marketing]));
}

/// The audit is read in order, from any number on.
pub async fn audit_rows_are_read_after_a_number(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let rows = ["book", "reschedule", "cancel"].map(|what| audit_row(what, 0));
    bella.turn(conversation, 0, |commit| commit.audit = rows[..2].to_vec()).await;
    bella.hears("ana", "m2", "hi", 1).await;
    bella.turn(conversation, 1, |commit| commit.audit = rows[2..].to_vec()).await;
    let all = bella.rows.audit(0, 10).await.unwrap();
    assert_eq!(all.iter().map(|(_, row)| row.clone()).collect::<Vec<_>>(), rows);
    assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0), "{all:?}");
    assert_eq!(bella.rows.audit(all[0].0, 1).await.unwrap(), all[1..2]);
    assert_eq!(bella.rows.audit(all[2].0, 10).await.unwrap(), []);
}

/// Turns of different conversations run at the same time and all succeed.
pub async fn many_conversations_commit_side_by_side(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let tasks = (0..40).map(|n| {
        let bella = bella.clone();
        tokio::spawn(async move {
            let who = format!("client {n}");
            let conversation = bella.answers(&who, 0, vec![words(&who)]).await;
            bella.hands_over(conversation, &who, 1).await;
            bella.status(status(&who, crate::model::Stage::Delivered), 2).await;
            bella.state_of(conversation, &who).await
        })
    });
    let states: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(states, vec!["delivered"; 40]);
    assert_eq!(bella.rows.conversations(100).await.unwrap().len(), 40);
    assert_eq!(store.next_due().await.unwrap(), None);
}

/// Whoever registered before looking is woken by what comes after: no wake-up is lost.
pub async fn whoever_waits_is_woken_by_mail(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let mut woken = pin!(store.woken().fuse());
    let registered = poll!(woken.as_mut());
    assert_eq!(store.due(at(1), 10).await.unwrap(), []);
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    // `woken` may return early; when it has not, it must return now.
    if registered.is_pending() {
        woken.await;
    }
    let expected = Due { tenant: "bella".parse().unwrap(), conversation, work: Work::Turn };
    assert_eq!(store.due(at(1), 10).await.unwrap(), [expected]);
}
