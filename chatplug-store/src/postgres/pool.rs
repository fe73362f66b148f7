//! Connections: a few, kept open, each lent to one caller at a time.
//!
//! A connection that is not handed back in good order is closed: after a lost answer, a timeout or a call that was
//! dropped nobody can know what comes out of it next. That is also why none is asked whether it lives each time it
//! changes hands: only after a pause, and all of them when one was found broken.
//!
//! Whoever asks first is served first. Nobody asks for a second connection while holding one, so that waiting ends however
//! few there are; when it takes long, that is said, because nothing else would show it.

use super::open::PostgresOptions;
use chatplug_core::ports::StoreError;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use thiserror::Error;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

/// One that lay still for longer is asked whether it lives.
const STALE: Duration = Duration::from_secs(20);
/// How long it has to answer.
const ALIVE: Duration = Duration::from_secs(1);
/// Whoever waits for longer than this for a connection is told of.
const LONG: Duration = Duration::from_secs(1);
/// At most once in so much time.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// What brings work to its end asks so often before it gives up: done again it would cost more than the wait.
const PATIENCE: u32 = 6;

/// All connections for use. Clones share them.
#[derive(Clone)]
pub(super) struct Connections {
    shared: Arc<Shared>,
}

struct Shared {
    options: PgConnectOptions,
    places: Arc<Semaphore>,
    most: usize,
    idle: Mutex<Idle>,
    waits: Mutex<Waits>,
    connect_timeout: Duration,
}

/// Long waits since they were last told of.
#[derive(Default)]
struct Waits {
    told: Option<Instant>,
    calls: u64,
    longest: Duration,
}

/// Why no connection was lent.
#[derive(Debug, Error)]
pub(super) enum NoConnection {
    /// Others had them all, and did not let go of one in time: to be tried again.
    #[error("no connection to the database came free within {waited:?}: all {most} are in use (`[store] pool`)")]
    Busy {
        /// How long was waited.
        waited: Duration,
        /// How many there are.
        most: usize,
    },
    /// There was room for one, but the database did not answer.
    #[error("the database took no connection within {waited:?}")]
    Silent {
        /// How long was waited.
        waited: Duration,
    },
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
            most: places,
            idle: Mutex::default(),
            waits: Mutex::default(),
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
    /// [`StoreError::Unavailable`] when none could be had in time ([`NoConnection`]), or the store was closed.
    pub(super) async fn take(&self) -> Result<Lent, StoreError> {
        let (began, limit) = (Instant::now(), self.shared.connect_timeout);
        let Ok(place) = timeout(limit, Arc::clone(&self.shared.places).acquire_owned()).await else {
            let waited = began.elapsed();
            self.waited(waited);
            return Err(unavailable(NoConnection::Busy { waited, most: self.shared.most }));
        };
        let place = place.map_err(unavailable)?;
        let waited = began.elapsed();
        if waited >= LONG {
            self.waited(waited);
        }
        let lent = timeout(limit.saturating_sub(waited), self.lend(place)).await;
        lent.unwrap_or_else(|_| Err(unavailable(NoConnection::Silent { waited: began.elapsed() })))
    }

    /// The same for what brings work to its end: while others have them all, it is asked again.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub(super) async fn take_patiently(&self) -> Result<Lent, StoreError> {
        let mut left = PATIENCE;
        loop {
            match self.take().await {
                Err(error) if left > 1 && is_busy(&error) => left -= 1,
                taken => return taken,
            }
        }
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

    async fn lend(&self, place: OwnedSemaphorePermit) -> Result<Lent, StoreError> {
        while let Some((mut connection, asked)) = self.next_idle() {
            if !asked || matches!(timeout(ALIVE, connection.ping()).await, Ok(Ok(()))) {
                return Ok(self.lent(connection, place));
            }
        }
        let connection = self.shared.options.connect().await.map_err(unavailable)?;
        Ok(self.lent(connection, place))
    }

    /// Somebody waited long: that is told now and then, with how many others did.
    fn waited(&self, waited: Duration) {
        let mut waits = self.shared.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.calls += 1;
        waits.longest = waits.longest.max(waited);
        if waits.told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
            return;
        }
        let Waits { calls, longest, .. } =
            std::mem::replace(&mut *waits, Waits { told: Some(Instant::now()), ..Waits::default() });
        drop(waits);
        tracing::warn!(
            store.pool = self.shared.most,
            calls,
            longest_ms = longest.as_millis(),
            "calls wait long for a connection to the database: all are in use"
        );
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

/// Whether others had all connections, and nothing else is wrong.
pub(super) fn is_busy(error: &StoreError) -> bool {
    let StoreError::Unavailable { source } = error else { return false };
    matches!(source.downcast_ref::<NoConnection>(), Some(NoConnection::Busy { .. }))
}

fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable { source: error.into() }
}
