//! What a [`Notifier`] promises: every kind of event, the same one twice, many at once.

use crate::{
    dialogue::TeamEvent,
    model::{ConversationId, NoticeId, Private},
    ports::{Notice, Notifier},
    reply::HandOverReason,
    templates::TemplateTrouble,
};
use futures_util::future::join_all;

/// Expands to the whole suite of a notifier, a test per promise: `notifier_contract!(notifier())`, where `notifier()`
/// gives a future of one whose team can be reached, behind a `Box`, an `Arc` or anything else that dereferences to it.
#[macro_export]
macro_rules! notifier_contract {
    ($setup:expr) => {
        $crate::__contract_tests! { $setup; $crate::testkit::contract::notifier:
            every_event_is_delivered
            the_same_event_again_is_no_error
            many_at_once_are_delivered
            words_of_a_client_are_only_words
        }
    };
}

#[expect(clippy::unwrap_used, reason = "a broken promise fails its test by panicking")]
fn notice(event: TeamEvent) -> Notice {
    let conversation = Some(ConversationId::derive(&["contract"]));
    Notice { id: NoticeId::derive(&["contract"]), tenant: "bella".parse().unwrap(), conversation, event }
}

async fn deliver(notifier: &dyn Notifier, event: TeamEvent) {
    let notice = notice(event);
    let result = notifier.notify(&notice).await;
    assert!(result.is_ok(), "{notice:?}: {result:?}");
}

fn review(text: &str) -> TeamEvent {
    TeamEvent::Review { text: Private::new(text.to_owned()) }
}

/// Every kind of event reaches the team.
#[expect(clippy::unwrap_used, reason = "a broken promise fails its test by panicking")]
pub async fn every_event_is_delivered(notifier: &dyn Notifier) {
    let events = [
        TeamEvent::NeedsPerson { reason: HandOverReason::Asked },
        TeamEvent::NeedsPerson { reason: HandOverReason::OutcomeUnclear },
        TeamEvent::RunningLate { booking: None, minutes: None },
        TeamEvent::RunningLate { booking: Some(super::salon::booking_id("b1")), minutes: Some(15) },
        review("lovely"),
        TeamEvent::Undeliverable { detail: "undeliverable (131026)".to_owned() },
        TeamEvent::Template {
            channel: "wa".parse().unwrap(),
            meaning: "reminder".to_owned(),
            lang: None,
            trouble: TemplateTrouble::Missing,
        },
    ];
    for event in events {
        deliver(notifier, event).await;
    }
}

/// After a crash an event may be told again.
pub async fn the_same_event_again_is_no_error(notifier: &dyn Notifier) {
    for _ in 0..3 {
        deliver(notifier, TeamEvent::NeedsPerson { reason: HandOverReason::Asked }).await;
    }
}

/// Events of many conversations come at the same time.
pub async fn many_at_once_are_delivered(notifier: &dyn Notifier) {
    join_all((0..20).map(|n| deliver(notifier, review(&format!("review {n}"))))).await;
}

/// Whatever a client wrote can be passed on: it is never markup, a format or an address.
pub async fn words_of_a_client_are_only_words(notifier: &dyn Notifier) {
    for text in ["", "<b>{} %s {{1}}</b>", "\"; DROP TABLE review; --", "\u{202e}💇\n\r\t\u{0}", &"x".repeat(4096)] {
        deliver(notifier, review(text)).await;
    }
}
