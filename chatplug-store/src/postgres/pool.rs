//! Connections: a few, kept open, each lent to one caller at a time.
//!
//! A connection that is not handed back in good order is closed: after a lost answer, a timeout or a call that was
//! dropped nobody can know what comes out of it next. That is also why none is asked whether it lives each time it
//! changes hands: only after a pause, and all of them when one was found broken.

use super::open::PostgresOptions;
use chatplug_core::ports::StoreError;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

/// One that lay still for longer is asked whether it lives.
const STALE: Duration = Duration::from_secs(20);
/// How long it has to answer.
const ALIVE: Duration = Duration::from_secs(1);

/// All connections for use. Clones share them.
#[derive(Clone)]
pub(super) struct Connections {
    shared: Arc<Shared>,
}

struct Shared {
    options: PgConnectOptions,
    places: Arc<Semaphore>,
    idle: Mutex<Idle>,
    connect_timeout: Duration,
}

#[derive(Default)]
struct Idle {
    connections: Vec<(PgConnection, Instant)>,
    /// Whatever lay still before is asked first.
    suspect: Option<Instant>,
}

impl Connections {
    pub(super) fn new(options: PgConnectOptions, how: &PostgresOptions) -> Self {
        let places = usize::try_from(how.connections.max(1)).unwrap_or(1);
        let shared = Shared {
            options,
            places: Arc::new(Semaphore::new(places)),
            idle: Mutex::default(),
            connect_timeout: how.connect_timeout,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Adds one that was made elsewhere in the same way.
    pub(super) fn add(&self, connection: PgConnection) {
        self.idle().connections.push((connection, Instant::now()));
    }

    /// Lends a connection: one that lies still, or a new one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when none could be had in time, or the store was closed.
    pub(super) async fn take(&self) -> Result<Lent, StoreError> {
        let lent = timeout(self.shared.connect_timeout, self.lend()).await;
        lent.unwrap_or_else(|late| Err(unavailable(late)))
    }

    /// Asks every connection that lies still whether it lives before it is lent again.
    pub(super) fn suspect(&self) {
        self.idle().suspect = Some(Instant::now());
    }

    /// Closes them all; whoever holds one may go on until it is handed back.
    pub(super) async fn close(&self) {
        self.shared.places.close();
        let all = std::mem::take(&mut self.idle().connections);
        for (connection, _) in all {
            let _ = timeout(ALIVE, connection.close()).await;
        }
    }

    async fn lend(&self) -> Result<Lent, StoreError> {
        let place = Arc::clone(&self.shared.places).acquire_owned().await.map_err(unavailable)?;
        while let Some((mut connection, asked)) = self.next_idle() {
            if !asked || matches!(timeout(ALIVE, connection.ping()).await, Ok(Ok(()))) {
                return Ok(self.lent(connection, place));
            }
        }
        let connection = self.shared.options.connect().await.map_err(unavailable)?;
        Ok(self.lent(connection, place))
    }

    fn lent(&self, connection: PgConnection, place: OwnedSemaphorePermit) -> Lent {
        Lent { connection: Some(connection), pool: self.clone(), _place: place }
    }

    /// The one that was used last, and whether it is to be asked.
    fn next_idle(&self) -> Option<(PgConnection, bool)> {
        let mut idle = self.idle();
        let (connection, since) = idle.connections.pop()?;
        let asked = since.elapsed() > STALE || idle.suspect.is_some_and(|suspect| since <= suspect);
        Some((connection, asked))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Idle> {
        self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("free", &self.shared.places.available_permits()).finish_non_exhaustive()
    }
}

/// A connection on loan. Dropped without [`keep`](Self::keep), it is closed.
pub(super) struct Lent {
    connection: Option<PgConnection>,
    pool: Connections,
    _place: OwnedSemaphorePermit,
}

impl Lent {
    /// Hands it back for others.
    pub(super) fn keep(mut self) {
        if let Some(connection) = self.connection.take()
            && !self.pool.shared.places.is_closed()
        {
            self.pool.add(connection);
        }
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    #[expect(clippy::expect_used, reason = "it is taken out only by `keep`, which consumes the loan")]
    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect("a loan has its connection until it is handed back")
    }
}

impl DerefMut for Lent {
    #[expect(clippy::expect_used, reason = "it is taken out only by `keep`, which consumes the loan")]
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("a loan has its connection until it is handed back")
    }
}

fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable { source: error.into() }
}
