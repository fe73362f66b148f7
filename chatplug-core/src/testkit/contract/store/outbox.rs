//! Messages out: in order, one at a time, never blindly twice, never silently lost.

use super::super::salon::*;
use crate::{
    dialogue::Holder,
    model::{BookingId, ConversationId, Private, Stage},
    ports::{
        Delivery, DeliveryRecord, DeliveryResult, Due, Mail, MailEvent, NewOutbox, OVERDUE_AFTER, OutboxBody, Store,
        TurnCommit, Work,
    },
};
use futures_util::future::join_all;

fn undeliverable(mail: &[Mail]) -> usize {
    mail.iter().filter(|mail| matches!(mail.event, MailEvent::Undeliverable { .. })).count()
}

fn retry(seconds: i64) -> DeliveryResult {
    DeliveryResult::Retry { at: at(seconds), error: "slow down".to_owned(), as_template: false }
}

/// Messages go out in the order they were queued, over turns too; none starts while one is being sent.
pub async fn messages_go_in_order_one_at_a_time(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    bella.answers("ana", 1, vec![words("c")]).await;
    for name in ["a", "b", "c"] {
        let delivery = bella.sends(conversation, name, 2).await;
        assert!(bella.next(conversation, 2).await.is_none(), "\"{name}\" is being sent");
        bella.records(&delivery, sent(name), 3).await;
    }
    assert!(bella.next(conversation, 3).await.is_none());
}

/// A conversation whose message hangs does not hold up another.
pub async fn conversations_do_not_wait_for_each_other(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let ana = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    let bia = bella.answers("bia", 0, vec![words("c")]).await;
    bella.sends(ana, "a", 1).await;
    bella.hands_over(bia, "c", 1).await;
}

/// What is handed to the sender is whole: to whom, through what, what, who holds, what they wrote last.
pub async fn a_delivery_carries_all_that_sending_needs(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    bella.hears("ana", "m2", "anybody?", 1).await;
    let message = NewOutbox { for_person: true, ..reply_with_template("a") };
    let body = message.body.clone();
    bella.turn(conversation, 2, |commit| (commit.outbox, commit.holder) = (vec![message], Some(Holder::Person))).await;
    let delivery = bella.sends(conversation, "a", 3).await;
    assert_eq!(
        (delivery.conversation, delivery.channel, delivery.contact.user),
        (conversation, channel(WA), user("ana"))
    );
    assert_eq!((delivery.holder, delivery.body, delivery.for_person), (Holder::Person, body, true));
    assert_eq!((delivery.attempt, delivery.parts_sent, delivery.was_unknown), (1, 0, false));
    assert_eq!((delivery.queued, delivery.last_inbound), (at(2), Some(message_id("m2"))));
}

/// Of many senders that ask at the same time, each message goes to one.
pub async fn takers_at_once_never_get_the_same_message(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    let tasks = (0..50).map(|_| {
        let bella = bella.clone();
        tokio::spawn(async move { bella.next(conversation, 1).await })
    });
    let taken: Vec<Delivery> = join_all(tasks).await.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(taken.iter().map(|delivery| delivery.key).collect::<Vec<_>>(), [key("a")]);
}

/// A message that waits for its retry keeps its place: what was queued after it waits too.
pub async fn a_retry_holds_up_what_follows(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    bella.records(&delivery, retry(10), 1).await;
    assert!(bella.next(conversation, 9).await.is_none());
    assert_eq!(store.next_due().await.unwrap(), Some(at(10)));
    let again = bella.sends(conversation, "a", 10).await;
    assert_eq!((again.attempt, again.was_unknown), (2, false));
    bella.records(&again, sent("a"), 11).await;
    bella.sends(conversation, "b", 11).await;
}

/// What waits for a place under a limit is put off without ever being marked as being sent.
pub async fn a_message_that_is_put_off_was_never_taken(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    bella.rows.postpone(conversation, at(10), at(1)).await.unwrap();
    assert_eq!(bella.state_of(conversation, "a").await, "queued");
    assert_eq!(store.next_due().await.unwrap(), Some(at(10)));
    assert!(bella.next(conversation, 9).await.is_none());
    bella.rows.postpone(conversation, at(20), at(9)).await.unwrap();
    let delivery = bella.sends(conversation, "a", 10).await;
    assert_eq!((delivery.attempt, delivery.was_unknown), (1, false), "put off once: the second time it was not due");
    bella.rows.postpone(conversation, at(900), at(11)).await.unwrap();
    bella.records(&delivery, sent("a"), 12).await;
    bella.hands_over(conversation, "b", 12).await;
    bella.rows.postpone(conversation, at(900), at(13)).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), None);
}

/// A message that was taken and found no place is as if it had not been taken, but for the parts that went out.
pub async fn a_message_given_back_is_no_attempt(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    let later = DeliveryResult::Later { at: at(5) };
    let given_back = DeliveryRecord { parts: vec![message_id("p0")], ..record(&delivery, later, 1) };
    bella.rows.record_delivery(given_back).await.unwrap();
    assert_eq!(bella.state_of(conversation, "a").await, "queued");
    assert!(bella.next(conversation, 4).await.is_none());
    let again = bella.sends(conversation, "a", 5).await;
    assert_eq!((again.attempt, again.parts_sent, again.was_unknown), (1, 1, false));
    bella.records(&again, sent("p1"), 6).await;
    bella.sends(conversation, "b", 6).await;
}

/// A retry may ask for the template of the same meaning.
pub async fn a_retry_can_turn_into_a_template(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![reply_with_template("a")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    let result = DeliveryResult::Retry { at: at(1), error: "window".to_owned(), as_template: true };
    bella.records(&delivery, result, 1).await;
    let again = bella.sends(conversation, "a", 1).await;
    assert!(matches!(again.body, OutboxBody::Reply { as_template: true, .. }), "{:?}", again.body);
}

/// Of a reply in several parts, those that went out before it stopped are counted at the next attempt, and their
/// statuses are known.
pub async fn parts_that_went_out_are_counted(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    let stopped = DeliveryRecord { parts: vec![message_id("p1"), message_id("p2")], ..record(&delivery, retry(2), 1) };
    bella.rows.record_delivery(stopped).await.unwrap();
    bella.status(status("p1", Stage::Delivered), 2).await;
    let again = bella.sends(conversation, "a", 2).await;
    assert_eq!((again.parts_sent, again.attempt), (2, 2), "a status of one part does not settle the message");
    bella.records(&again, sent("p3"), 3).await;
    bella.status(status("p3", Stage::Read), 4).await;
    assert_eq!(bella.state_of(conversation, "a").await, "read");
}

/// A message whose answer was lost holds up its conversation until its instant; then it goes again, marked as in doubt.
pub async fn an_unknown_one_holds_up_what_follows_then_goes_again(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    bella.records(&delivery, DeliveryResult::Unknown { until: at(31), repeat: true }, 1).await;
    assert!(bella.next(conversation, 30).await.is_none());
    assert_eq!(store.next_due().await.unwrap(), Some(at(31)));
    let again = bella.sends(conversation, "a", 31).await;
    assert_eq!((again.attempt, again.was_unknown), (2, true));
    bella.records(&again, sent("a"), 32).await;
    bella.sends(conversation, "b", 32).await;
}

/// A message that must not be repeated (a paid template) is given up after its instant, and the conversation hears of it.
pub async fn an_unknown_one_that_must_not_repeat_dies_and_is_reported(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    bella.records(&delivery, DeliveryResult::Unknown { until: at(31), repeat: false }, 1).await;
    assert!(bella.next(conversation, 30).await.is_none());
    bella.sends(conversation, "b", 31).await;
    assert_eq!(bella.state_of(conversation, "a").await, "dead");
    assert_eq!(undeliverable(&bella.reads_mail(conversation, 31).await), 1);
    assert_eq!(store.figures(OVERDUE_AFTER, at(32)).await.unwrap().outbox_dead, 1);
}

/// A message that will never be sent stays visible, is reported to its conversation, and lets the next pass.
pub async fn a_dead_one_is_visible_and_reported(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    bella.records(&delivery, DeliveryResult::Dead { error: "refused (100)".to_owned() }, 1).await;
    assert_eq!(bella.state_of(conversation, "a").await, "dead");
    bella.sends(conversation, "b", 1).await;
    let mail = bella.reads_mail(conversation, 2).await;
    let detail = MailEvent::Undeliverable { detail: "refused (100)".to_owned() };
    assert_eq!(mail.into_iter().map(|mail| mail.event).collect::<Vec<_>>(), [detail]);
}

/// A sender that died may have sent it: nobody else touches it until its time is over, then it is marked as in doubt.
pub async fn a_sender_that_died_leaves_the_message_in_doubt(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    bella.sends(conversation, "a", 1).await;
    assert!(bella.next(conversation, HOLD).await.is_none());
    assert_eq!(store.next_due().await.unwrap(), Some(at(1 + HOLD)));
    let again = bella.sends(conversation, "a", 1 + HOLD).await;
    assert_eq!((again.attempt, again.was_unknown), (2, true));
}

/// What an older attempt reports after another one began changes nothing.
pub async fn a_late_record_of_an_older_attempt_is_left_alone(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    let slow = bella.sends(conversation, "a", 1).await;
    let quick = bella.sends(conversation, "a", 1 + HOLD).await;
    bella.records(&slow, DeliveryResult::Dead { error: "late".to_owned() }, 2 + HOLD).await;
    assert_eq!(bella.state_of(conversation, "a").await, "sending");
    bella.records(&quick, sent("a"), 3 + HOLD).await;
    bella.records(&quick, DeliveryResult::Withdrawn, 4 + HOLD).await;
    assert_eq!(bella.state_of(conversation, "a").await, "sent", "recorded twice");
    assert_eq!(bella.reads_mail(conversation, 5 + HOLD).await, []);
}

/// A commit can hand out the first message in the same step, under the same rules.
pub async fn the_first_message_can_be_taken_with_the_commit(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let leased = bella.lease(conversation, 0).await;
    let outbox = vec![words("a"), words("b")];
    let commit = TurnCommit { outbox, take_delivery: Some(at(50)), ..reading(&leased, 1) };
    let delivery = bella.rows.commit(commit).await.unwrap().delivery.unwrap();
    assert_eq!((delivery.key, delivery.attempt), (key("a"), 1));
    assert!(bella.next(conversation, 49).await.is_none(), "it is being sent until then");
    // While one is being sent, another commit gets none.
    bella.hears("ana", "m2", "hi", 2).await;
    let leased = bella.lease(conversation, 2).await;
    let commit = TurnCommit { outbox: vec![words("c")], take_delivery: Some(at(50)), ..reading(&leased, 3) };
    assert!(bella.rows.commit(commit).await.unwrap().delivery.is_none());
    bella.records(&delivery, sent("a"), 4).await;
    bella.sends(conversation, "b", 4).await;
}

/// Recording one message can hand out the next in the same step.
pub async fn the_next_message_can_be_taken_with_the_record(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    let first = bella.sends(conversation, "a", 1).await;
    let with_next =
        |delivery: &Delivery, name: &str| DeliveryRecord { take_next: Some(at(50)), ..record(delivery, sent(name), 2) };
    let second = bella.rows.record_delivery(with_next(&first, "a")).await.unwrap().unwrap();
    assert_eq!(second.key, key("b"));
    assert!(bella.next(conversation, 49).await.is_none(), "it is being sent until then");
    assert!(bella.rows.record_delivery(with_next(&second, "b")).await.unwrap().is_none());
}

/// Taking over withdraws what still waits, retries too; kept messages stay, and so does what the same commit queues.
pub async fn taking_over_withdraws_all_but_what_is_kept(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let kept = NewOutbox { keep: true, ..words("kept") };
    let conversation = bella.answers("ana", 0, vec![words("retried"), words("waiting"), kept]).await;
    let delivery = bella.sends(conversation, "retried", 1).await;
    bella.records(&delivery, retry(10), 1).await;
    bella.hears("ana", "m2", "a person, please", 2).await;
    let own = NewOutbox { for_person: true, ..words("own") };
    bella
        .turn(conversation, 2, |commit| {
            (commit.withdraw, commit.holder, commit.outbox) = (true, Some(Holder::Person), vec![own]);
        })
        .await;
    for name in ["retried", "waiting"] {
        assert_eq!(bella.state_of(conversation, name).await, "withdrawn");
    }
    bella.hands_over(conversation, "kept", 3).await;
    bella.hands_over(conversation, "own", 3).await;
    assert!(bella.next(conversation, 1000).await.is_none());
}

/// What is on its way cannot be called back.
pub async fn a_message_being_sent_is_not_withdrawn(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    bella.hears("ana", "m2", "a person, please", 2).await;
    bella.turn(conversation, 2, |commit| commit.withdraw = true).await;
    bella.records(&delivery, sent("a"), 3).await;
    assert_eq!(bella.state_of(conversation, "a").await, "sent");
}

/// A message that its sender withdrew is done with.
pub async fn a_withdrawn_one_lets_the_next_pass(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    bella.records(&delivery, DeliveryResult::Withdrawn, 1).await;
    assert_eq!(bella.state_of(conversation, "a").await, "withdrawn");
    bella.hands_over(conversation, "b", 1).await;
    assert_eq!(bella.reads_mail(conversation, 2).await, [], "nothing to report");
}

/// A conversation with a message to send is due for delivery, until it is being sent.
pub async fn waiting_messages_are_due(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a")]).await;
    let expected =
        |conversation: ConversationId| Due { tenant: "bella".parse().unwrap(), conversation, work: Work::Delivery };
    assert_eq!(store.next_due().await.unwrap(), Some(at(0)));
    assert_eq!(store.due(at(1), 10).await.unwrap(), [expected(conversation)]);
    let delivery = bella.sends(conversation, "a", 1).await;
    assert_eq!(store.due(at(HOLD), 10).await.unwrap(), []);
    assert_eq!(store.due(at(2 + HOLD), 10).await.unwrap(), [expected(conversation)], "its sender died");
    bella.records(&delivery, sent("a"), 5).await;
    assert_eq!(store.due(at(1000), 10).await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), None);
}

/// The log shows a message from the moment it is queued, with its state; once sent, with what the client saw.
pub async fn the_log_shows_each_message_on_its_way(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let about: BookingId = booking_id("b1");
    let conversation = bella.answers("ana", 0, vec![NewOutbox { about: Some(about), ..words("a") }]).await;
    assert_eq!(bella.state_of(conversation, "a").await, "queued");
    let delivery = bella.sends(conversation, "a", 1).await;
    assert_eq!(bella.state_of(conversation, "a").await, "sending");
    bella.records(&delivery, DeliveryResult::Unknown { until: at(2), repeat: true }, 1).await;
    assert_eq!(bella.state_of(conversation, "a").await, "unknown");
    bella.hands_over(conversation, "a", 2).await;
    assert_eq!(bella.state_of(conversation, "a").await, "sent");
    let log = bella.log(conversation).await;
    let [theirs, ours] = &log[..] else { panic!("two lines: {log:?}") };
    assert!(theirs.inbound && !ours.inbound);
    assert_eq!((ours.key, &ours.message), (Some(key("a")), &Some(message_id("a"))));
    assert_eq!(ours.text, Private::new("shown of a".to_owned()));
}
