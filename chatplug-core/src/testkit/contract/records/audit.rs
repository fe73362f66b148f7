//! The audit as a chain.

use super::*;
use crate::{
    dialogue::TeamEvent,
    ports::{Attention, AuditRow},
};
use futures_util::future::join_all;

/// Without rows the chain is whole, and ends where it begins.
pub async fn an_audit_of_nothing_ends_at_its_beginning(store: &impl Recording) {
    for business in Business::both(store).await {
        assert_eq!(business.verify().await, Ok(AuditHead::default()));
    }
}

/// Turns, the watchdog, whoever appends, exports and erasures: each row is chained, in the same step.
pub async fn whatever_adds_rows_the_chain_holds(store: &impl Recording) {
    for business in Business::both(store).await {
        let salon = &business.salon;
        let conversation = salon.hears("ana", "m1", "hi", 0).await;
        salon.turn(conversation, 0, |commit| commit.audit = vec![audit_row("book", 0), audit_row("confirm", 0)]).await;
        assert_eq!(business.verify().await.map(|head| head.seq), Ok(2));
        salon.hears("ana", "m2", "hello?", 10).await;
        let attention = Attention {
            conversation,
            received_before: at(50),
            holding: None,
            notice: TeamEvent::Unanswered,
            audit: audit_row("unanswered", 60),
            now: at(60),
        };
        assert!(salon.rows.attend(attention).await.unwrap());
        business.records.append_audit(vec![audit_row("rotate", 70), audit_row("verify", 71)]).await.unwrap();
        business.records.append_audit(Vec::new()).await.unwrap();
        assert_eq!(business.verify().await.map(|head| head.seq), Ok(5));
        let ana = business.contact("ana").await;
        business.records.export_person(ana, "operator:olga", at(80)).await.unwrap();
        business.records.erase_person(ana, "operator:olga", at(90)).await.unwrap();
        assert_eq!(business.verify().await.map(|head| head.seq), Ok(7));
        let whats: Vec<_> = business.deeds().await.into_iter().map(|(_, what)| what).collect();
        assert_eq!(whats[..5], ["book", "confirm", "unanswered", "rotate", "verify"]);
    }
}

/// Rows of the chain are those that the audit tells, under the same numbers.
pub async fn the_chain_is_the_audit_byte_for_byte(store: &impl Recording) {
    for business in Business::both(store).await {
        business.records.append_audit((0..5).map(|n| audit_row(&format!("deed {n}"), n)).collect()).await.unwrap();
        let audit = business.salon.rows.audit(1, 3).await.unwrap();
        let links = business.records.audit_links(1, 3).await.unwrap();
        let numbers: Vec<i64> = links.iter().map(|link| link.seq).collect();
        assert_eq!(numbers, [2, 3, 4]);
        let rows: Vec<AuditRow> = links.iter().map(|link| serde_json::from_str(&link.row).unwrap()).collect();
        assert_eq!(audit.into_iter().map(|(_, row)| row).collect::<Vec<_>>(), rows);
    }
}

/// However many add at the same time, numbers have no gaps and every hash follows on the one before.
pub async fn rows_added_at_once_make_one_chain(store: &impl Recording) {
    for business in Business::both(store).await {
        let mut tasks = Vec::new();
        for n in 0..20 {
            let records = Arc::clone(&business.records);
            let rows = vec![audit_row(&format!("one {n}"), n), audit_row(&format!("two {n}"), n)];
            tasks.push(tokio::spawn(async move { records.append_audit(rows).await.unwrap() }));
            let salon = business.salon.clone();
            tasks.push(tokio::spawn(async move {
                let conversation = salon.hears(&format!("client-{n}"), &format!("m{n}"), "hi", n).await;
                salon.turn(conversation, n, |commit| commit.audit = vec![audit_row("book", n)]).await;
            }));
        }
        join_all(tasks).await.into_iter().for_each(Result::unwrap);
        assert_eq!(business.verify().await.map(|head| head.seq), Ok(60));
    }
}

/// A commit that is fenced leaves the chain as it was.
pub async fn a_step_that_is_refused_adds_nothing_to_the_chain(store: &impl Recording) {
    for business in Business::both(store).await {
        let conversation = business.salon.hears("ana", "m1", "hi", 0).await;
        let slow = business.salon.lease(conversation, 0).await;
        business.salon.lease(conversation, HOLD + 1).await;
        let mut commit = reading(&slow, HOLD + 2);
        commit.audit = vec![audit_row("book", 1)];
        assert!(matches!(business.salon.rows.commit(commit).await, Err(StoreError::Fenced)));
        assert_eq!(business.verify().await, Ok(AuditHead::default()));
        business.records.append_audit(vec![audit_row("cancel", 2)]).await.unwrap();
        assert_eq!(business.verify().await.map(|head| head.seq), Ok(1));
    }
}

/// The same rows in two tenants make two chains, and neither verifies as the other.
pub async fn each_tenant_has_a_chain_of_its_own(store: &impl Recording) {
    let [bella, cesar] = Business::both(store).await;
    for business in [&bella, &cesar] {
        business.records.append_audit(vec![audit_row("book", 0), audit_row("cancel", 1)]).await.unwrap();
    }
    let (hers, his) = (bella.verify().await.unwrap(), cesar.verify().await.unwrap());
    assert_eq!((hers.seq, his.seq), (2, 2));
    assert_ne!(hers.hash, his.hash);
    let mut verifier = AuditVerifier::new(&cesar.id);
    let links = bella.records.audit_links(0, 10).await.unwrap();
    assert_eq!(links.iter().try_for_each(|link| verifier.follow(link)), Err(AuditBreak::Altered { seq: 1 }));
}
