//! Retention: what is old enough is forgotten, what is not settled never.

use super::*;
use crate::ports::{Forgotten, NoticeRecord, NoticeResult, Retention};
use chrono::Duration;
use futures_util::future::join_all;

/// An hour of everything.
fn an_hour() -> Retention {
    let hour = Duration::hours(1);
    Retention { mail: hour, outbox: hour, turns: hour, notices: hour, messages: hour, bookings: hour }
}

const HOUR: i64 = 3600;

/// A client who was answered, and everything about it is settled.
async fn settled(business: &Business, who: &str, seconds: i64) -> crate::model::ConversationId {
    let salon = &business.salon;
    let conversation = salon.hears(who, &format!("m-{who}-{seconds}"), "hello", seconds).await;
    let name = format!("w-{who}-{seconds}");
    salon
        .turn(conversation, seconds, |commit| {
            commit.outbox = vec![words(&name)];
            commit.notify = vec![crate::dialogue::TeamEvent::Unanswered];
            commit.audit = vec![audit_row("book", seconds)];
        })
        .await;
    salon.hands_over(conversation, &name, seconds).await;
    let notice = salon.rows.next_notice(conversation, at(seconds + 60), at(seconds)).await.unwrap().unwrap();
    let (seq, attempt) = (notice.seq, notice.attempt);
    let told = NoticeRecord { conversation, seq, attempt, result: NoticeResult::Told, now: at(seconds) };
    salon.rows.record_notice(told).await.unwrap();
    conversation
}

/// Goes by age, table by table; the log of people goes last when it is kept longest.
pub async fn what_is_old_is_forgotten_and_what_is_young_stays(store: &impl Recording) {
    for business in Business::both(store).await {
        let old = settled(&business, "ana", 0).await;
        let young = settled(&business, "bia", 2 * HOUR).await;
        let kept = Retention { messages: Duration::days(1), ..an_hour() };
        let gone = business.records.forget(&kept, at(2 * HOUR + 60)).await.unwrap();
        assert!(gone.deleted.len() >= 4, "mail, outbox, turns, notices: {gone:?}");
        assert!(gone.deleted.values().all(|rows| *rows > 0), "only tables of which something was: {gone:?}");
        let rows = &business.salon.rows;
        assert!(rows.turns(old, 10).await.unwrap().is_empty());
        assert_eq!(rows.turns(young, 10).await.unwrap().len(), 1);
        let log = business.salon.log(old).await;
        assert_eq!(log.len(), 2, "the log of people outlives the outbox: {log:?}");
        assert_eq!(log[1].text.reveal(), &format!("shown of w-ana-{}", 0));
        business.records.forget(&an_hour(), at(2 * HOUR + 60)).await.unwrap();
        assert!(business.salon.log(old).await.is_empty());
        assert_eq!(business.salon.log(young).await.len(), 2);
    }
}

/// Unread mail, messages and notices that wait, bookings to come: however old.
pub async fn what_is_not_settled_is_never_forgotten(store: &impl Recording) {
    for business in Business::both(store).await {
        let salon = &business.salon;
        let conversation = salon.hears("ana", "m1", "hello", 0).await;
        salon
            .turn(conversation, 0, |commit| {
                commit.outbox = vec![words("waits")];
                commit.notify = vec![crate::dialogue::TeamEvent::Unanswered];
                commit.bookings = vec![booking("soon", 100 * HOUR, 101 * HOUR)];
            })
            .await;
        salon.hears("ana", "m2", "unread", 1).await;
        business.records.forget(&an_hour(), at(50 * HOUR)).await.unwrap();
        assert!(salon.rows.next_notice(conversation, at(51 * HOUR), at(50 * HOUR)).await.unwrap().is_some());
        salon.sends(conversation, "waits", 50 * HOUR).await;
        let leased = salon.lease(conversation, 50 * HOUR).await;
        assert_eq!(texts(&leased.mail), ["unread"]);
        assert_eq!(leased.bookings.len(), 1);
        salon.rows.commit(reading(&leased, 50 * HOUR)).await.unwrap();
        business.records.forget(&an_hour(), at(200 * HOUR)).await.unwrap();
        let known = salon.rows.bookings(leased.contact.id, at(0)).await.unwrap();
        assert!(known.is_empty(), "it has ended long ago: {known:?}");
    }
}

/// Nothing is left, and nothing is counted twice.
pub async fn forgetting_again_finds_nothing(store: &impl Recording) {
    for business in Business::both(store).await {
        assert!(business.records.forget(&an_hour(), at(0)).await.unwrap().is_empty());
        for n in 0..10 {
            settled(&business, "ana", n).await;
        }
        let gone = business.records.forget(&an_hour(), at(10 * HOUR)).await.unwrap();
        assert!(!gone.is_empty());
        let again = business.records.forget(&an_hour(), at(10 * HOUR)).await.unwrap();
        assert_eq!(again, Forgotten::default());
        // What was forgotten does not stop what comes.
        let conversation = settled(&business, "ana", 11 * HOUR).await;
        assert_eq!(business.salon.log(conversation).await.len(), 2);
    }
}

/// By several processes at once, beside the turns: everything old goes once, nothing young does.
pub async fn many_forget_side_by_side(store: &impl Recording) {
    for business in Business::both(store).await {
        for n in 0..20 {
            settled(&business, &format!("client-{n}"), n).await;
        }
        let tasks = (0..5).map(|_| {
            let records = Arc::clone(&business.records);
            tokio::spawn(async move { records.forget(&an_hour(), at(5 * HOUR)).await.unwrap() })
        });
        let (forgotten, young) = tokio::join!(join_all(tasks), settled(&business, "young", 5 * HOUR));
        let turns: u64 = forgotten.into_iter().filter_map(|gone| gone.unwrap().deleted.get("turn").copied()).sum();
        assert_eq!(turns, 20);
        assert_eq!(business.salon.log(young).await.len(), 2);
        assert_eq!(business.salon.rows.turns(young, 10).await.unwrap().len(), 1);
    }
}

/// However old its rows.
pub async fn the_audit_is_never_forgotten(store: &impl Recording) {
    for business in Business::both(store).await {
        settled(&business, "ana", 0).await;
        business.records.forget(&an_hour(), at(1_000 * HOUR)).await.unwrap();
        let head = business.verify().await.unwrap();
        assert!(head.seq >= 1);
        assert_eq!(business.deeds().await[0].1, "book");
    }
}
