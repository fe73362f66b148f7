//! A payment provider whose till is a map.

use super::{VirtualClock, lock};
use crate::ports::{Clock, DepositLink, DepositRequest, DepositStatus, PaymentError, Payments};
use async_trait::async_trait;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// Payments that the test makes itself, with [`MemoryPayments::pay`]. Clones share one till.
#[derive(Debug, Clone)]
pub struct MemoryPayments {
    clock: Arc<dyn Clock>,
    till: Arc<Mutex<BTreeMap<String, Deposit>>>,
}

#[derive(Debug)]
struct Deposit {
    request: DepositRequest,
    link: DepositLink,
    paid: bool,
    refunds: Vec<String>,
}

impl MemoryPayments {
    /// A till that is empty, at [`VirtualClock::default`]'s time.
    #[must_use]
    pub fn new() -> Self {
        Self { clock: Arc::new(VirtualClock::default()), till: Arc::default() }
    }

    /// With the test's clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The client pays. `false` when there is no such link, or it died before.
    #[must_use]
    pub fn pay(&self, link: &DepositLink) -> bool {
        let now = self.clock.now();
        let mut till = lock(&self.till);
        let deposit = till.values_mut().find(|deposit| deposit.link.id == link.id && deposit.link.expires > now);
        deposit.map(|deposit| deposit.paid = true).is_some()
    }

    /// How often money was given back.
    #[must_use]
    pub fn refunds(&self) -> usize {
        lock(&self.till).values().map(|deposit| deposit.refunds.len()).sum()
    }
}

impl Default for MemoryPayments {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Payments for MemoryPayments {
    async fn open(&self, deposit: &DepositRequest) -> Result<DepositLink, PaymentError> {
        let mut till = lock(&self.till);
        if let Some(known) = till.get(&deposit.key) {
            return if known.request == *deposit {
                Ok(known.link.clone())
            } else {
                Err(PaymentError::Rejected("the same key for another deposit".to_owned()))
            };
        }
        if deposit.amount.minor <= 0 {
            return Err(PaymentError::Rejected("nothing to pay".to_owned()));
        }
        let id = format!("link-{}", till.len() + 1);
        let url = format!("https://pay.example/{id}");
        let link = DepositLink { id, url, expires: deposit.expires };
        let opened = Deposit { request: deposit.clone(), link: link.clone(), paid: false, refunds: Vec::new() };
        till.insert(deposit.key.clone(), opened);
        Ok(link)
    }

    async fn status(&self, link: &DepositLink) -> Result<DepositStatus, PaymentError> {
        let till = lock(&self.till);
        let deposit = till.values().find(|deposit| deposit.link.id == link.id).ok_or_else(unknown)?;
        Ok(match (deposit.paid, deposit.refunds.is_empty()) {
            (true, false) => DepositStatus::Refunded,
            (true, true) => DepositStatus::Paid,
            (false, _) if deposit.link.expires <= self.clock.now() => DepositStatus::Expired,
            (false, _) => DepositStatus::Open,
        })
    }

    async fn refund(&self, link: &DepositLink, key: &str) -> Result<(), PaymentError> {
        let mut till = lock(&self.till);
        let deposit = till.values_mut().find(|deposit| deposit.link.id == link.id).ok_or_else(unknown)?;
        if deposit.refunds.iter().any(|done| done == key) {
            return Ok(());
        }
        if !deposit.paid || !deposit.refunds.is_empty() {
            return Err(PaymentError::Rejected("there is nothing to give back".to_owned()));
        }
        deposit.refunds.push(key.to_owned());
        Ok(())
    }
}

fn unknown() -> PaymentError {
    PaymentError::Rejected("no such link".to_owned())
}
