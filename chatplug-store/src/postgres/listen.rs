//! Being woken by other processes, and being known to them as alive.
//!
//! One connection listens. It also holds the worker's advisory lock: as long as the server has the session, the leases
//! that this process took under its worker number count. When the connection is lost, the process goes on under a new
//! number: what it had leased is free for everybody, and its commits under the old number are refused.
//!
//! Waking others is put together: at most one notification in [`PAUSE`], however much is written, because the server
//! sends notifications one transaction at a time.

use super::{open::PostgresOptions, pool::Connections};
use sqlx::{
    Executor as _,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use std::{fmt, sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};

/// What is listened to.
const CHANNEL: &str = "chatplug_due";
const NOTIFY: &str = "NOTIFY chatplug_due";
const HOLD: &str = "SELECT pg_try_advisory_lock($1)";
/// At most one notification in so much time.
const PAUSE: Duration = Duration::from_millis(20);
/// Between attempts to connect again, from the first to the last.
const AGAIN: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(2)];

/// The connection that listens, and the task that notifies others. Clones share them; they end with the last one.
#[derive(Clone)]
pub(super) struct Listener {
    shared: Arc<Shared>,
    _tasks: Arc<Tasks>,
}

struct Shared {
    worker: watch::Sender<Option<i64>>,
    woken: Notify,
    tell: Notify,
}

struct Tasks(Vec<JoinHandle<()>>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl Listener {
    /// Starts to listen; returns at once, and connects again by itself for as long as it lives.
    pub(super) fn start(options: PgConnectOptions, connections: Connections, how: &PostgresOptions) -> Self {
        let worker = watch::Sender::new(None);
        let shared = Arc::new(Shared { worker, woken: Notify::new(), tell: Notify::new() });
        let listening = listen(Arc::clone(&shared), options, how.connect_timeout, how.silence);
        let telling = tell(Arc::clone(&shared), connections, how.statement_timeout);
        let tasks = vec![tokio::spawn(listening), tokio::spawn(telling)];
        Self { shared, _tasks: Arc::new(Tasks(tasks)) }
    }

    /// The number under which this process may lease now. `None`: it is cut off, and must not.
    pub(super) fn worker(&self) -> Option<i64> {
        *self.shared.worker.borrow()
    }

    /// The same, but waits for a number up to so long: after opening, and after a loss.
    pub(super) async fn worker_within(&self, limit: Duration) -> Option<i64> {
        let mut worker = self.shared.worker.subscribe();
        let found = timeout(limit, worker.wait_for(Option::is_some)).await;
        found.ok().and_then(Result::ok).and_then(|found| *found)
    }

    /// Waits until something may have become due, here or in another process. Register (call and poll once) before
    /// looking. Returns, too, when the connection was lost and is there again: something may have been missed.
    pub(super) async fn woken(&self) {
        self.shared.woken.notified().await;
    }

    /// Something became due: whoever waits in this process is woken now, other processes shortly.
    pub(super) fn wake(&self) {
        self.shared.woken.notify_waiters();
        self.shared.tell.notify_one();
    }

    /// Lets go of the lock and of the connection: what was leased is free for others.
    pub(super) fn close(&self) {
        self._tasks.0.iter().for_each(JoinHandle::abort);
        self.shared.worker.send_replace(None);
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("worker", &self.worker()).finish_non_exhaustive()
    }
}

async fn tell(shared: Arc<Shared>, connections: Connections, limit: Duration) {
    loop {
        shared.tell.notified().await;
        // Not told is not lost: everybody polls.
        if let Ok(mut connection) = connections.take().await
            && let Ok(Ok(_)) = timeout(limit, connection.execute(NOTIFY)).await
        {
            connection.keep();
        }
        sleep(PAUSE).await;
    }
}

async fn listen(shared: Arc<Shared>, options: PgConnectOptions, connect: Duration, silence: Duration) {
    let mut wait = AGAIN[0];
    loop {
        match timeout(connect, begin(&options)).await {
            Ok(Ok((listener, worker))) => {
                wait = AGAIN[0];
                shared.worker.send_replace(Some(worker));
                // What was told while nobody listened is looked for.
                shared.woken.notify_waiters();
                let error = hear(&shared, listener, silence).await;
                shared.worker.send_replace(None);
                tracing::warn!(
                    error = &*error,
                    "the connection that listens to the database was lost; polling meanwhile"
                );
            }
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot listen to the database yet")
            }
            Err(_) => tracing::warn!("cannot listen to the database yet: it does not answer"),
        }
        sleep(wait).await;
        wait = wait.saturating_mul(2).min(AGAIN[1]);
    }
}

/// A connection of its own that listens and holds the lock of a new worker.
async fn begin(options: &PgConnectOptions) -> Result<(PgListener, i64), sqlx::Error> {
    let one = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
    let one = one.test_before_acquire(false).connect_with(options.clone()).await?;
    let mut listener = PgListener::connect_with(&one).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    loop {
        let worker = getrandom::u64().map_err(|error| sqlx::Error::Io(error.into()))?.cast_signed();
        if sqlx::query_scalar(HOLD).bind(worker).fetch_one(&mut listener).await? {
            return Ok((listener, worker));
        }
    }
}

/// Passes on what is heard, until the connection is lost. In silence the server is asked whether it is there.
async fn hear(
    shared: &Shared,
    mut listener: PgListener,
    silence: Duration,
) -> Box<dyn std::error::Error + Send + Sync> {
    loop {
        match timeout(silence, listener.try_recv()).await {
            Ok(Ok(Some(_))) => {
                // One waking is enough for all that were told meanwhile.
                while listener.next_buffered().is_some() {}
                shared.woken.notify_waiters();
            }
            Ok(Ok(None)) => return "the server closed it".into(),
            Ok(Err(error)) => return error.into(),
            Err(_) => match timeout(silence, listener.execute("SELECT 1")).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return error.into(),
                Err(late) => return late.into(),
            },
        }
    }
}
