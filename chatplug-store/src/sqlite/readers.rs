//! Reading beside the writer: a few connections, lent for one question at a time to a thread that may block.

use super::{
    db::{Answers, Script, store_error, unavailable},
    open::Opening,
};
use chatplug_core::ports::StoreError;
use rusqlite::Connection;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Connections that read beside the writer. Reads are short; more would only cost memory.
const READERS: usize = 4;

/// The readers of one file. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Readers(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    opening: Opening,
    /// Opened when first needed.
    idle: Mutex<Vec<Connection>>,
    free: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(opening: Opening) -> Self {
        let free = Arc::new(Semaphore::new(READERS));
        Self(Arc::new(Pool { opening, idle: Mutex::new(Vec::new()), free }))
    }

    /// Runs a script that changes nothing.
    pub(super) async fn read(&self, script: Script) -> Result<Answers, StoreError> {
        let pool = Arc::clone(&self.0);
        let permit = Arc::clone(&pool.free).acquire_owned().await.map_err(|_| unavailable("the store is closed"))?;
        let read = move || {
            let _permit = permit;
            let connection = match pool.lend() {
                Some(connection) => connection,
                None => pool.opening.reader()?,
            };
            let answers = script.run(&connection)?;
            // One that failed is not lent again.
            pool.take_back(connection);
            Ok(answers)
        };
        let answers = tokio::task::spawn_blocking(read).await.map_err(unavailable)?;
        answers.map_err(store_error)
    }

    /// Lends none any more, and waits for those that are lent.
    pub(super) async fn close(&self) {
        // All permits: nobody reads.
        let all = u32::try_from(READERS).unwrap_or(u32::MAX);
        if let Ok(permits) = self.0.free.acquire_many(all).await {
            self.0.free.close();
            drop(permits);
        }
        while self.0.lend().is_some() {}
    }
}

impl Pool {
    fn lend(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn take_back(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}
