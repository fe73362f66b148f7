//! Forgetting what is kept long enough, tenant by tenant, about once an hour; any number of processes may do it.

use crate::metrics::Metrics;
use chatplug_core::ports::{Clock, Directory, RecordStore, Retention};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Between two rounds.
const HOUR: Duration = Duration::from_secs(3600);
/// Processes that were started together do not begin together: a round is put off by up to so long.
const SPREAD: Duration = Duration::from_secs(600);

/// What a round needs.
#[derive(Debug, Clone)]
pub(crate) struct Forgetting {
    pub(crate) records: Arc<dyn RecordStore>,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) retention: Retention,
}

impl Forgetting {
    /// Goes over all tenants, soon and then about every hour, until `stop`.
    pub(crate) async fn run(&self, mut stop: watch::Receiver<bool>) {
        let mut wait = spread();
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(wait) => {}
            }
            tokio::select! {
                // A step that is under way happens whole or not at all.
                _ = stop.wait_for(|stop| *stop) => return,
                () = self.round() => {}
            }
            wait = HOUR + spread();
        }
    }

    /// Goes over all tenants once. One that fails does not keep the others waiting.
    pub(crate) async fn round(&self) {
        let tenants = match self.directory.tenants().await {
            Ok(tenants) => tenants,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "nobody to forget for; tried again in an hour"
                );
                return;
            }
        };
        for tenant in tenants {
            match self.records.records(&tenant).forget(&self.retention, self.clock.now()).await {
                Ok(forgotten) => {
                    let rows: u64 = forgotten.deleted.values().sum();
                    self.metrics.forgotten(rows);
                    if rows > 0 {
                        tracing::info!(tenant.id = %tenant, rows, tables = ?forgotten.deleted, "old rows removed");
                    }
                }
                Err(error) => {
                    self.metrics.store_failed("retention");
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(tenant.id = %tenant, error, "old rows not removed; tried again in an hour");
                }
            }
        }
    }
}

/// Some part of [`SPREAD`], another one each time.
fn spread() -> Duration {
    let random = uuid::Uuid::now_v7().as_u128() as u32;
    SPREAD.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_do_not_begin_together() {
        let waits: Vec<_> = (0..100).map(|_| spread()).collect();
        assert!(waits.iter().all(|wait| *wait <= SPREAD));
        assert!(waits.iter().any(|wait| *wait != waits[0]));
    }
}
