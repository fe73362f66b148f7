//! What [`Payments`] promise: one link a key, money given back once.
//!
//! Run it with [`payments_contract!`](crate::payments_contract). The set-up gives a [`PaymentsScene`]. What the fake
//! behind it cannot do is skipped, and printed as skipped.

#![expect(clippy::unwrap_used, reason = "a broken promise fails its test by panicking")]

use super::backend::skip;
use crate::{
    model::{BookingId, Money},
    ports::{DepositLink, DepositRequest, DepositStatus, PaymentError, Payments},
};
use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use futures_util::future::join_all;
use std::{collections::BTreeSet, sync::Arc};

/// Expands to the whole suite of payments, a test per promise: `payments_contract!(scene())`, where `scene()` gives a
/// future of a `Box<PaymentsScene>`.
#[macro_export]
macro_rules! payments_contract {
    ($setup:expr) => {
        $crate::__contract_tests! { $setup; $crate::testkit::contract::payments:
            a_link_is_open_until_it_is_paid
            the_same_key_is_the_same_link
            the_same_key_at_once_is_the_same_link
            different_keys_are_different_links
            a_paid_deposit_is_paid
            a_deposit_that_nobody_paid_expires
            money_is_given_back_once
            what_was_not_paid_is_not_given_back
            a_link_that_nobody_made_is_rejected
        }
    };
}

/// A payment provider to test, with the clients who pay.
pub struct PaymentsScene {
    /// The payments under test.
    pub payments: Arc<dyn Payments>,
    /// Clients, and the provider's books.
    pub clients: Box<dyn Payers>,
    /// The time it is for the provider.
    pub now: DateTime<Utc>,
}

/// Clients of a payment page, played by a fake.
#[async_trait]
pub trait Payers: Send + Sync {
    /// Somebody pays in full.
    async fn pay(&self, link: &DepositLink);

    /// How often money was given back so far.
    async fn refunds(&self) -> usize;

    /// Time passes; `false` when it cannot.
    async fn pass(&self, time: Duration) -> bool;
}

impl PaymentsScene {
    fn deposit(&self, key: &str) -> DepositRequest {
        DepositRequest {
            booking: BookingId::derive(&["contract", key]),
            amount: Money::new(1500, iso_currency::Currency::EUR),
            title: "Deposit for a haircut".to_owned(),
            expires: self.now + Duration::hours(1),
            key: key.to_owned(),
        }
    }

    async fn open(&self, key: &str) -> DepositLink {
        self.payments.open(&self.deposit(key)).await.unwrap()
    }

    async fn status(&self, link: &DepositLink) -> DepositStatus {
        self.payments.status(link).await.unwrap()
    }
}

/// A fresh link leads to a page and is not paid.
pub async fn a_link_is_open_until_it_is_paid(scene: &PaymentsScene) {
    let link = scene.open("d1").await;
    assert!(link.url.starts_with("http"), "{link:?}");
    assert_eq!(link.expires, scene.now + Duration::hours(1));
    assert_eq!(scene.status(&link).await, DepositStatus::Open);
}

/// Asked again after a crash, the same deposit has the same link.
pub async fn the_same_key_is_the_same_link(scene: &PaymentsScene) {
    assert_eq!(scene.open("d1").await, scene.open("d1").await);
}

/// Two workers at once get one link.
pub async fn the_same_key_at_once_is_the_same_link(scene: &PaymentsScene) {
    let links: BTreeSet<String> =
        join_all((0..10).map(|_| scene.open("d1"))).await.into_iter().map(|link| link.id).collect();
    assert_eq!(links.len(), 1);
}

/// A new attempt has a link of its own.
pub async fn different_keys_are_different_links(scene: &PaymentsScene) {
    let (one, other) = (scene.open("d1").await, scene.open("d2").await);
    assert_ne!(one.id, other.id);
    assert_ne!(one.url, other.url);
}

/// Paid is paid, and of the right link.
pub async fn a_paid_deposit_is_paid(scene: &PaymentsScene) {
    let (one, other) = (scene.open("d1").await, scene.open("d2").await);
    scene.clients.pay(&one).await;
    assert_eq!(scene.status(&one).await, DepositStatus::Paid);
    assert_eq!(scene.status(&other).await, DepositStatus::Open);
}

/// After its instant a link is dead.
pub async fn a_deposit_that_nobody_paid_expires(scene: &PaymentsScene) {
    let link = scene.open("d1").await;
    if !scene.clients.pass(Duration::hours(2)).await {
        return skip("a_deposit_that_nobody_paid_expires", "time does not pass here");
    }
    assert_eq!(scene.status(&link).await, DepositStatus::Expired);
}

/// Giving back with the same key gives back once.
pub async fn money_is_given_back_once(scene: &PaymentsScene) {
    let link = scene.open("d1").await;
    scene.clients.pay(&link).await;
    for _ in 0..3 {
        scene.payments.refund(&link, "r1").await.unwrap();
    }
    assert_eq!(scene.status(&link).await, DepositStatus::Refunded);
    assert_eq!(scene.clients.refunds().await, 1);
}

/// There is nothing to give back of what was not paid.
pub async fn what_was_not_paid_is_not_given_back(scene: &PaymentsScene) {
    let link = scene.open("d1").await;
    let error = scene.payments.refund(&link, "r1").await.unwrap_err();
    assert!(matches!(error, PaymentError::Rejected(_)), "{error:?}");
    assert_eq!((scene.status(&link).await, scene.clients.refunds().await), (DepositStatus::Open, 0));
}

/// A link of somebody else is no link of ours.
pub async fn a_link_that_nobody_made_is_rejected(scene: &PaymentsScene) {
    let url = "https://example.org/".to_owned();
    let link = DepositLink { id: "nobody's".to_owned(), url, expires: scene.now };
    for error in [scene.payments.status(&link).await.err(), scene.payments.refund(&link, "r1").await.err()] {
        assert!(matches!(error, Some(PaymentError::Rejected(_))), "{error:?}");
    }
}
