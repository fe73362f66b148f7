//! The time that a process works by: where it begins, and what it follows.
//!
//! The clock itself ([`SystemClock`]) takes no jumps. Here it is compared with the store: with the latest instant by which
//! work was done, so that a clock that was put back while nobody ran keeps nobody waiting, and with the database server's
//! clock where there is one, so that all processes go by the same time whatever their machines show.

use crate::{config::Config, http::AppError, stores::Stores};
use chatplug_core::ports::{Clock as _, Store, SystemClock};
use std::time::{Duration, Instant};

/// So often it is taken down by what time work is done.
const EVERY: Duration = Duration::from_secs(10);
/// An answer that took longer says too little about what a clock shows.
const QUICK: Duration = Duration::from_secs(1);
/// A difference that is worth a word.
const WORTH_A_WORD: i64 = 10;

/// Sets the clock of this process before it works.
///
/// # Errors
/// [`AppError::Clock`] when it is far behind what the store knows, [`AppError::Store`].
pub(crate) async fn begin(config: &Config, stores: &Stores) -> Result<(), AppError> {
    let times = stores.store.tick(None).await.map_err(|error| AppError::store(&config.store, error))?;
    SystemClock::begin(times.reference, times.newest).map_err(AppError::Clock)?;
    let seconds = SystemClock.adrift().num_seconds();
    if seconds.abs() >= WORTH_A_WORD {
        tracing::error!(
            seconds,
            "the clock is behind the time by which work was done: it was put back, or was wrong before. Work goes on from \
             there, and comes together with the clock little by little; put it right if it is not"
        );
    }
    Ok(())
}

/// Takes down by what time work is done, and follows the database server's clock, until it is dropped.
pub(crate) async fn keep(store: &dyn Store) {
    loop {
        let asked = Instant::now();
        match store.tick(Some(SystemClock.now())).await {
            Ok(times) if asked.elapsed() <= QUICK => {
                if let Some(reference) = times.reference {
                    SystemClock::follow(reference);
                }
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "the time was not taken down"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
