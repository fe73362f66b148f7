//! Deposits.

use crate::model::{BookingId, Money};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// Takes deposits by a hosted payment page.
///
/// # Contract
/// `open` with the same key and request answers the same link. Money that arrives for a lost slot is given back with
/// `refund`, once per key.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait Payments: Debug + Send + Sync {
    /// Makes a payment link.
    ///
    /// # Errors
    /// See [`PaymentError`].
    async fn open(&self, deposit: &DepositRequest) -> Result<DepositLink, PaymentError>;

    /// Where a deposit stands.
    ///
    /// # Errors
    /// See [`PaymentError`].
    async fn status(&self, link: &DepositLink) -> Result<DepositStatus, PaymentError>;

    /// Gives it back.
    ///
    /// # Errors
    /// See [`PaymentError`].
    async fn refund(&self, link: &DepositLink, key: &str) -> Result<(), PaymentError>;
}

/// A deposit to ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepositRequest {
    /// For which booking.
    pub booking: BookingId,
    /// How much.
    pub amount: Money,
    /// What the page says it is for.
    pub title: String,
    /// The link dies then.
    pub expires: DateTime<Utc>,
    /// Unique per attempt.
    pub key: String,
}

/// A payment link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepositLink {
    /// The provider's id.
    pub id: String,
    /// Where the client pays.
    pub url: String,
    /// Dies then.
    pub expires: DateTime<Utc>,
}

/// Where a deposit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DepositStatus {
    /// Not yet paid.
    Open,
    /// Paid in full.
    Paid,
    /// Died unpaid.
    Expired,
    /// Given back.
    Refunded,
}

/// Why a payment provider refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PaymentError {
    /// It refuses the request: asking again cannot help.
    #[error("the payment provider refuses: {0}")]
    Rejected(String),
    /// It refuses our credentials.
    #[error("the payment provider refuses our credentials")]
    Unauthorized,
    /// Down, or the answer was lost: ask again with the same key.
    #[error("the payment provider is unavailable")]
    Unavailable {
        /// What happened.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}
