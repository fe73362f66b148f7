//! Statuses of our messages: in any order, before or after we know the message, once or ten times.

use super::super::salon::*;
use crate::{
    model::{Content, ConversationId, DeliveryKey, DeliveryStatus, Inbound, MessageId, Private, Stage},
    ports::{Delivery, DeliveryRecord, DeliveryResult, Ingest, Mail, MailEvent, NewOutbox, OutboxBody, Store},
};
use futures_util::future::join_all;

const STAGES: [Stage; 3] = [Stage::Sent, Stage::Delivered, Stage::Read];

/// Every order in which three statuses can come.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// What the mail says will not arrive, in the provider's words.
fn undeliverable(mail: &[Mail]) -> Vec<&str> {
    fn detail(mail: &Mail) -> Option<&str> {
        match &mail.event {
            MailEvent::Undeliverable { detail } => Some(detail.as_str()),
            _ => None,
        }
    }
    mail.iter().filter_map(detail).collect()
}

/// The same status as the provider repeats it with our key.
fn with_key(name: &str, status: DeliveryStatus) -> DeliveryStatus {
    DeliveryStatus { key: Some(key(name)), ..status }
}

/// The same with the key of one of several messages that a reply goes out as.
fn with_part(name: &str, (part, of): (usize, usize), status: DeliveryStatus) -> DeliveryStatus {
    DeliveryStatus { key: Some(key(name).part(part, of)), ..status }
}

/// Sending stopped after these parts.
fn stopped(delivery: &Delivery, parts: &[&str], result: DeliveryResult, seconds: i64) -> DeliveryRecord {
    let parts = parts.iter().map(|id| message_id(id)).collect();
    DeliveryRecord { parts, ..record(delivery, result, seconds) }
}

fn unknown(seconds: i64) -> DeliveryResult {
    DeliveryResult::Unknown { until: at(seconds), repeat: true }
}

/// The key under which a message goes again as a template.
fn template_key(name: &str) -> DeliveryKey {
    DeliveryKey::derive(&[&key(name).to_string(), "template"])
}

/// The provider's id of a message of ours, as people read it.
async fn id_in_log(salon: &Salon, conversation: ConversationId, name: &str) -> Option<MessageId> {
    let log = salon.log(conversation).await;
    log.into_iter().find(|line| line.key == Some(key(name))).and_then(|line| line.message)
}

/// Statuses overtake each other: whatever order they come in, the furthest counts.
pub async fn statuses_in_any_order_end_at_the_furthest(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    for (n, order) in ORDERS.into_iter().enumerate() {
        let name = format!("a{n}");
        let conversation = bella.answers(&name, 0, vec![words(&name)]).await;
        bella.hands_over(conversation, &name, 1).await;
        for place in order {
            bella.status(status(&name, STAGES[place]), 2).await;
            bella.status(status(&name, STAGES[place]), 3).await;
        }
        assert_eq!(bella.state_of(conversation, &name).await, "read", "{order:?}");
    }
}

/// A status may come before the provider's answer: it is kept and applied when the message is known.
pub async fn statuses_before_the_record_are_applied_by_it(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    for (n, order) in ORDERS.into_iter().enumerate() {
        let name = format!("a{n}");
        let conversation = bella.answers(&name, 0, vec![words(&name)]).await;
        let delivery = bella.sends(conversation, &name, 1).await;
        for place in order {
            bella.status(status(&name, STAGES[place]), 2).await;
        }
        assert_eq!(bella.state_of(conversation, &name).await, "sending");
        bella.records(&delivery, sent(&name), 3).await;
        assert_eq!(bella.state_of(conversation, &name).await, "read", "{order:?}");
    }
}

/// Some before the answer, some after.
pub async fn statuses_around_the_record_end_at_the_furthest(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    for (n, [before, after, last]) in ORDERS.into_iter().enumerate() {
        let name = format!("a{n}");
        let conversation = bella.answers(&name, 0, vec![words(&name)]).await;
        let delivery = bella.sends(conversation, &name, 1).await;
        bella.status(status(&name, STAGES[before]), 2).await;
        bella.records(&delivery, sent(&name), 3).await;
        bella.status(status(&name, STAGES[after]), 4).await;
        bella.status(status(&name, STAGES[last]), 5).await;
        assert_eq!(bella.state_of(conversation, &name).await, "read");
    }
}

/// Statuses that several workers store at the same time, redelivered ones among them, end at the furthest.
pub async fn statuses_at_once_end_at_the_furthest(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    let tasks = (0..30).map(|n| {
        let (bella, delivery) = (bella.clone(), delivery.clone());
        tokio::spawn(async move {
            if n == 15 {
                bella.records(&delivery, sent("a"), 2).await;
            }
            bella.status(status("a", STAGES[n % 3]), 2).await;
        })
    });
    join_all(tasks).await.into_iter().for_each(Result::unwrap);
    assert_eq!(bella.state_of(conversation, "a").await, "read");
}

/// Nothing comes after a failure, and the conversation hears of it once, however often it is told.
pub async fn failed_is_final_and_reported_once(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a")]).await;
    bella.hands_over(conversation, "a", 1).await;
    for stage in [Stage::Sent, Stage::Failed, Stage::Failed, Stage::Delivered] {
        bella.status(status("a", stage), 2).await;
    }
    assert_eq!(bella.state_of(conversation, "a").await, "failed");
    assert_eq!(undeliverable(&bella.reads_mail(conversation, 3).await), ["undeliverable"]);
}

/// A failure that came before the answer counts as soon as the message is known.
pub async fn a_failure_before_the_record_is_applied_by_it(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    bella.status(status("a", Stage::Failed), 2).await;
    assert!(bella.reads_mail(conversation, 2).await.is_empty());
    bella.records(&delivery, sent("a"), 3).await;
    assert_eq!(bella.state_of(conversation, "a").await, "failed");
    assert_eq!(undeliverable(&bella.reads_mail(conversation, 3).await).len(), 1);
}

/// The status of a message whose answer was lost names it by our key: it was sent, and the next one may go.
pub async fn a_status_with_the_key_settles_an_unknown_one(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    bella.records(&delivery, DeliveryResult::Unknown { until: at(31), repeat: true }, 1).await;
    bella.status(with_key("a", status("wamid.1", Stage::Delivered)), 5).await;
    assert_eq!(bella.state_of(conversation, "a").await, "delivered");
    assert_eq!(id_in_log(&bella, conversation, "a").await, Some(message_id("wamid.1")));
    bella.sends(conversation, "b", 6).await;
    bella.status(status("wamid.1", Stage::Read), 7).await;
    assert_eq!(bella.state_of(conversation, "a").await, "read", "from then on the provider's id is known");
}

/// The status can be quicker than the time-out that loses the answer.
pub async fn a_status_with_the_key_that_comes_while_sending_settles_what_is_lost_then(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    bella.status(with_key("a", status("wamid.1", Stage::Sent)), 2).await;
    assert!(bella.next(conversation, 3).await.is_none(), "it is still being sent");
    bella.records(&delivery, DeliveryResult::Unknown { until: at(41), repeat: true }, 11).await;
    assert_eq!(bella.state_of(conversation, "a").await, "sent");
    assert_eq!(id_in_log(&bella, conversation, "a").await, Some(message_id("wamid.1")));
    bella.sends(conversation, "b", 12).await;
}

/// What a sender that died did send is not sent again when a status has told of it.
pub async fn a_status_with_the_key_settles_what_a_dead_sender_left(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    bella.sends(conversation, "a", 1).await;
    bella.status(with_key("a", status("wamid.1", Stage::Delivered)), 2).await;
    bella.sends(conversation, "b", 2 + HOLD).await;
    assert_eq!(bella.state_of(conversation, "a").await, "delivered");
    assert_eq!(id_in_log(&bella, conversation, "a").await, Some(message_id("wamid.1")));
}

/// Status and answer of the same message, the status first: one message, as far as the status said.
pub async fn a_status_with_the_key_goes_with_the_record(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    bella.status(with_key("a", status("wamid.1", Stage::Delivered)), 2).await;
    bella.records(&delivery, sent("wamid.1"), 3).await;
    assert_eq!(bella.state_of(conversation, "a").await, "delivered");
    let log = bella.log(conversation).await;
    let ours = log.iter().find(|entry| entry.key == Some(key("a"))).unwrap();
    assert_eq!(ours.text.reveal(), "shown of wamid.1", "what the client saw is still recorded");
    bella.sends(conversation, "b", 4).await;
}

/// The last message of a reply has a key of its own, and its status settles the whole.
pub async fn a_status_of_the_last_part_settles_an_unknown_one(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    bella.rows.record_delivery(stopped(&delivery, &["p0"], unknown(31), 1)).await.unwrap();
    bella.status(status("p0", Stage::Read), 2).await;
    assert_eq!(bella.state_of(conversation, "a").await, "unknown", "of the other part nothing was heard");
    bella.status(with_part("a", (1, 2), status("p1", Stage::Delivered)), 5).await;
    assert_eq!(bella.state_of(conversation, "a").await, "read", "what was heard before counts too");
    bella.sends(conversation, "b", 6).await;
}

/// A status of a part proves that those before it went out, and says nothing of those after: the rest goes at once,
/// once.
pub async fn a_status_of_a_part_leaves_the_rest_to_be_sent(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    bella.records(&delivery, unknown(31), 1).await;
    bella.status(with_part("a", (1, 3), status("p1", Stage::Delivered)), 5).await;
    assert_eq!(store.next_due().await.unwrap(), Some(at(5)));
    let rest = bella.sends(conversation, "a", 5).await;
    assert_eq!((rest.parts_sent, rest.attempt), (2, 2));
    bella.status(with_part("a", (0, 3), status("p0", Stage::Read)), 6).await;
    bella.records(&rest, sent("p2"), 7).await;
    assert_eq!(bella.state_of(conversation, "a").await, "read");
    bella.sends(conversation, "b", 7).await;
}

/// The status of a part can be quicker than the time-out that loses its answer; those of parts whose answers came say
/// nothing new.
pub async fn a_status_of_a_part_that_comes_while_sending_counts_when_its_answer_is_lost(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    bella.status(with_part("a", (0, 3), status("p0", Stage::Sent)), 2).await;
    bella.status(with_part("a", (1, 3), status("p1", Stage::Sent)), 2).await;
    bella.rows.record_delivery(stopped(&delivery, &["p0"], unknown(41), 11)).await.unwrap();
    let rest = bella.sends(conversation, "a", 11).await;
    assert_eq!(rest.parts_sent, 2);
    bella.status(with_part("a", (2, 3), status("p2", Stage::Read)), 12).await;
    bella.records(&rest, unknown(52), 22).await;
    assert_eq!(bella.state_of(conversation, "a").await, "read");
    bella.sends(conversation, "b", 23).await;
}

/// What a sender that died had begun: a status of its first part does not prove that the next one is not on its way, so
/// the rest waits as long as without it.
pub async fn a_status_of_a_part_does_not_hurry_what_a_dead_sender_left(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a"), words("b")]).await;
    bella.sends(conversation, "a", 1).await;
    bella.status(with_part("a", (0, 3), status("p0", Stage::Delivered)), 2).await;
    assert!(bella.next(conversation, HOLD).await.is_none());
    let rest = bella.sends(conversation, "a", 1 + HOLD).await;
    assert_eq!((rest.parts_sent, rest.was_unknown), (1, true));
    bella
        .records(&rest, DeliveryResult::Sent { messages: vec![], shown: Private::new("shown".to_owned()) }, 2 + HOLD)
        .await;
    assert_eq!(bella.state_of(conversation, "a").await, "delivered");
}

/// A part that failed is reported, once the others are settled.
pub async fn a_part_that_failed_is_reported_when_a_status_settles_the_rest(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    bella.rows.record_delivery(stopped(&delivery, &["p0"], unknown(31), 1)).await.unwrap();
    bella.status(status("p0", Stage::Failed), 2).await;
    bella.status(with_part("a", (1, 2), status("p1", Stage::Delivered)), 3).await;
    assert_eq!(bella.state_of(conversation, "a").await, "failed");
    assert_eq!(undeliverable(&bella.reads_mail(conversation, 4).await), ["undeliverable"]);
}

/// The window was closed after all: the reply goes once more, as a template, under a key of its own.
pub async fn outside_the_window_it_is_queued_once_more_as_a_template(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let message = NewOutbox { about: Some(booking_id("b1")), ..reply_with_template("a") };
    let conversation = bella.answers("ana", 0, vec![message]).await;
    bella.hands_over(conversation, "a", 1).await;
    bella.status(outside_window("a"), 2).await;
    bella.status(outside_window("a"), 3).await;
    assert_eq!(bella.state_of(conversation, "a").await, "failed");
    let again = bella.next(conversation, 4).await.unwrap();
    assert_eq!((again.key, again.attempt), (template_key("a"), 1));
    assert!(matches!(again.body, OutboxBody::Reply { as_template: true, .. }), "{:?}", again.body);
    bella.records(&again, sent("t"), 5).await;
    assert!(bella.next(conversation, 6).await.is_none(), "once");
    assert_eq!(bella.reads_mail(conversation, 6).await, [], "nothing is lost yet, so nothing to report");
}

/// The same when the failure is told before the answer.
pub async fn outside_the_window_before_the_record_it_is_queued_once_more_too(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![reply_with_template("a")]).await;
    let delivery = bella.sends(conversation, "a", 1).await;
    bella.status(outside_window("a"), 2).await;
    bella.records(&delivery, sent("a"), 3).await;
    bella.status(outside_window("a"), 4).await;
    assert_eq!(bella.next(conversation, 5).await.unwrap().key, template_key("a"));
}

/// A template that fails is not turned into a template again: it is reported.
pub async fn a_template_that_fails_is_not_queued_again(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![reply_with_template("a")]).await;
    bella.hands_over(conversation, "a", 1).await;
    bella.status(outside_window("a"), 2).await;
    let again = bella.next(conversation, 3).await.unwrap();
    bella.records(&again, sent("t"), 3).await;
    bella.status(outside_window("t"), 4).await;
    assert!(bella.next(conversation, 1000).await.is_none());
    assert_eq!(undeliverable(&bella.reads_mail(conversation, 1000).await), ["re-engage"]);
}

/// What has no template of the same meaning is reported.
pub async fn words_that_fail_outside_the_window_are_reported(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a")]).await;
    bella.hands_over(conversation, "a", 1).await;
    bella.status(outside_window("a"), 2).await;
    assert!(bella.next(conversation, 3).await.is_none());
    assert_eq!(undeliverable(&bella.reads_mail(conversation, 3).await), ["re-engage"]);
}

/// Provider ids are unique per number: the same id on another channel is another message.
pub async fn a_status_through_another_channel_is_not_ours(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("a")]).await;
    bella.hands_over(conversation, "a", 1).await;
    let elsewhere = Ingest::Status { channel: channel("wa2"), status: status("a", Stage::Read), received: at(2) };
    bella.ingest(elsewhere).await;
    assert_eq!(bella.state_of(conversation, "a").await, "sent");
}

/// A status of a message that we never sent is taken without an error, or the provider would repeat it for days.
pub async fn a_status_of_nothing_we_know_harms_nothing(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    bella.status(status("somebody else's", Stage::Failed), 0).await;
    bella.status(with_key("never queued", status("wamid.1", Stage::Read)), 0).await;
    assert_eq!(store.next_due().await.unwrap(), None);
}

/// A quoting answer and a reaction say which booking they are about: that of the message they answer.
pub async fn an_answer_to_a_message_binds_to_its_booking(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let about = |name: &str, booking: &str| NewOutbox { about: Some(booking_id(booking)), ..words(name) };
    let conversation = bella.answers("ana", 0, vec![about("a", "b1"), about("b", "b2"), words("c")]).await;
    for name in ["a", "b", "c"] {
        bella.hands_over(conversation, name, 1).await;
    }
    let quoting =
        |id: &str, ours: &str| Inbound { quoted: Some(message_id(ours)), ..inbound(user("ana"), id, "yes", 2) };
    let reaction = Content::Reaction { target: message_id("b"), emoji: Some("👍".to_owned()) };
    let reacting = Inbound { content: reaction, ..inbound(user("ana"), "m2", "", 3) };
    for message in [quoting("m1", "a"), reacting, quoting("m3", "c"), quoting("m4", "somebody else's")] {
        bella.ingest(incoming(message, 4)).await;
    }
    let mail = bella.lease(conversation, 4).await.mail;
    let abouts: Vec<_> = mail
        .into_iter()
        .map(|mail| match mail.event {
            MailEvent::Message { message, about } => (message.id, about),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        (message_id("m1"), Some(booking_id("b1"))),
        (message_id("m3"), None),
        (message_id("m4"), None),
        (message_id("m2"), Some(booking_id("b2"))),
    ];
    assert_eq!(abouts, expected);
}
