//! Between Rust and PostgreSQL: sessions, values out of rows, errors by what to do about them.
//!
//! Statements are constants, prepared once for each connection and kept. A write is one function call in one trip, and
//! commits by itself; where the text of a sealed value decides what is to be done, it is a transaction of a few.

use super::{
    listen::Listener,
    pool::{Connections, Lent},
};
use crate::{
    codec,
    vault::{Failure as _, KeyCache, Seal},
};
use chatplug_core::{model::TenantId, ports::StoreError};
use chrono::{DateTime, Utc};
use sqlx::{
    Decode, Postgres, Row as _, Type,
    postgres::{PgArguments, PgConnection, PgDatabaseError, PgRow},
    query::Query,
};
use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::time::timeout;
use uuid::Uuid;

/// Defines statements as constants, and the list of all of them, which tests prepare on a fresh database.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* const $name: &str = $sql;)*
        #[cfg(test)]
        pub(super) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}
pub(super) use statements;

/// A statement with its values.
macro_rules! ask {
    ($sql:expr $(, $value:expr)* $(,)?) => { sqlx::query($sql)$(.bind($value))* };
}
pub(super) use ask;

/// Does a piece of work in a transaction of a tenant: committed when it succeeds, else undone.
macro_rules! whole {
    ($db:expr, $tenant:expr, $session:ident => $work:expr) => {
        match $db.begin($tenant).await {
            Ok(mut $session) => {
                let done = $work;
                $session.end(done).await
            }
            Err(error) => Err(error.into()),
        }
    };
}
pub(super) use whole;

/// Repeats a piece of work that the database gave up because two were in each other's way.
macro_rules! again {
    ($work:expr) => {{
        let mut left = 5;
        loop {
            match $work {
                Err(error) if left > 0 && $crate::postgres::db::is_collision(&error) => left -= 1,
                done => break done,
            }
        }
    }};
}
pub(super) use again;

statements! {
    BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED";
    ENTER = "SELECT set_config('app.tenant', $1, true)";
    COMMIT = "COMMIT";
    ROLLBACK = "ROLLBACK";
    ENLIST = "SELECT chatplug.enlist($1, $2)";
}

/// A time is taken.
pub(super) const TAKEN: &str = "CP001";
/// An address is somebody else's.
pub(super) const ROUTE_TAKEN: &str = "CP002";
/// A status has more to tell than can be done in one call.
pub(super) const MORE_TO_TELL: &str = "CP003";
/// An exclusion constraint: a time is taken, too.
pub(super) const EXCLUDED: &str = "23P01";
/// Two transactions waited for each other, or for the same thing at once.
const COLLISIONS: [&str; 2] = ["40P01", "40001"];
/// How long a process that lost its number waits for a new one.
const CUT_OFF: Duration = Duration::from_secs(2);

pub(super) type Ask = Query<'static, Postgres, PgArguments>;

/// The way to the database. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Db {
    pub(super) connections: Connections,
    pub(super) listener: Listener,
    /// How long an answer is waited for.
    limit: Duration,
    enlisted: Arc<AtomicI64>,
}

impl Db {
    pub(super) fn new(connections: Connections, listener: Listener, statement_timeout: Duration) -> Self {
        let limit = statement_timeout.saturating_add(Duration::from_secs(1));
        Self { connections, listener, limit, enlisted: Arc::default() }
    }

    /// A session in which every statement is a transaction of its own.
    pub(super) async fn session(&self) -> Result<Session, StoreError> {
        Ok(self.session_on(self.connections.take().await?))
    }

    fn session_on(&self, lent: Lent) -> Session {
        Session { lent: Some(lent), db: self.clone(), state: State::Idle, wakes: false }
    }

    /// A session in one transaction of a tenant.
    pub(super) async fn begin(&self, tenant: &TenantId) -> Result<Session, StoreError> {
        let mut session = self.session().await?;
        session.run(ask!(BEGIN)).await?;
        session.state = State::Open;
        session.run(ask!(ENTER, tenant.as_str())).await?;
        Ok(session)
    }

    /// One statement that answers one row, committed by itself.
    pub(super) async fn row(&self, ask: Ask) -> Result<PgRow, StoreError> {
        self.session().await?.row(ask).await
    }

    /// The same for what has been done already and is to be put on record: it does not fail because others have all
    /// connections for a while.
    pub(super) async fn outcome(&self, ask: Ask) -> Result<PgRow, StoreError> {
        self.session_on(self.connections.take_patiently().await?).row(ask).await
    }

    /// One statement that answers rows, committed by itself.
    pub(super) async fn rows(&self, ask: Ask) -> Result<Vec<PgRow>, StoreError> {
        self.session().await?.rows(ask).await
    }

    /// Rows of a tenant that are only read.
    pub(super) async fn read(&self, tenant: &TenantId, ask: Ask) -> Result<Vec<PgRow>, StoreError> {
        whole!(self, tenant, session => session.rows(ask).await)
    }

    /// Something became due: whoever waits is woken, here and in other processes.
    pub(super) fn wake(&self) {
        self.listener.wake();
    }

    /// The number under which this process leases and sends now, known to the others.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] while the process is cut off: nobody could tell that it lives.
    pub(super) async fn worker(&self, now: DateTime<Utc>) -> Result<i64, StoreError> {
        let worker = match self.listener.worker() {
            Some(worker) => worker,
            None => {
                self.listener.worker_within(CUT_OFF).await.ok_or_else(|| unavailable("cut off from the database"))?
            }
        };
        if self.enlisted.load(Ordering::Acquire) != worker {
            self.row(ask!(ENLIST, worker, codec::micros(now))).await?;
            self.enlisted.store(worker, Ordering::Release);
        }
        Ok(worker)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between statements, in no transaction.
    Idle,
    /// Between statements of a transaction.
    Open,
    /// An answer is outstanding, or never came.
    Lost,
}

/// A connection at work. Dropped inside a transaction or while an answer is outstanding, it is closed.
pub(super) struct Session {
    lent: Option<Lent>,
    db: Db,
    state: State,
    wakes: bool,
}

impl Session {
    /// Whether it is one transaction.
    pub(super) fn is_whole(&self) -> bool {
        self.state == State::Open
    }

    /// One row.
    pub(super) async fn row(&mut self, ask: Ask) -> Result<PgRow, StoreError> {
        self.rows(ask).await?.into_iter().next().ok_or_else(|| unavailable(sqlx::Error::RowNotFound))
    }

    /// All rows.
    pub(super) async fn rows(&mut self, ask: Ask) -> Result<Vec<PgRow>, StoreError> {
        self.guarded(async |connection| ask.fetch_all(connection).await).await
    }

    /// No row, but how many were changed.
    pub(super) async fn run(&mut self, ask: Ask) -> Result<u64, StoreError> {
        Ok(self.guarded(async |connection| ask.execute(connection).await).await?.rows_affected())
    }

    /// Once it is committed, somebody is to be woken.
    pub(super) fn wake(&mut self) {
        self.wakes = true;
    }

    /// Commits when the work succeeded, else undoes it.
    pub(super) async fn end<T, E: From<StoreError>>(mut self, done: Result<T, E>) -> Result<T, E> {
        let how = if done.is_ok() { COMMIT } else { ROLLBACK };
        if self.state == State::Open {
            match self.run(ask!(how)).await {
                Ok(_) => self.state = State::Idle,
                Err(_) if done.is_err() => {}
                Err(error) => return Err(error.into()),
            }
        }
        if done.is_ok() && self.wakes {
            self.db.wake();
        }
        done
    }

    async fn guarded<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        let before = std::mem::replace(&mut self.state, State::Lost);
        let Some(lent) = self.lent.as_mut().filter(|_| before != State::Lost) else {
            return Err(unavailable("the connection was lost"));
        };
        match timeout(self.db.limit, work(&mut *lent)).await {
            Ok(Ok(done)) => {
                self.state = before;
                Ok(done)
            }
            Ok(Err(error)) => {
                if is_refusal(&error) {
                    self.state = before;
                } else {
                    self.db.connections.suspect();
                }
                Err(store_error(error))
            }
            Err(late) => {
                self.db.connections.suspect();
                Err(unavailable(late))
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(lent) = self.lent.take()
            && self.state == State::Idle
        {
            lent.keep();
        }
    }
}

/// Reads the columns of a row, one after the other.
#[derive(Debug)]
pub(super) struct Columns<'r> {
    row: &'r PgRow,
    place: usize,
}

impl<'r> Columns<'r> {
    pub(super) const fn of(row: &'r PgRow) -> Self {
        Self { row, place: 0 }
    }

    /// The next column.
    pub(super) fn next<T: Decode<'r, Postgres> + Type<Postgres>>(&mut self) -> Result<T, StoreError> {
        let place = self.place;
        self.place += 1;
        self.row.try_get(place).map_err(|_| StoreError::Corrupt { what: format!("column {place} of a row") })
    }

    /// The next column, an id of ours.
    pub(super) fn id<T: FromUuid>(&mut self) -> Result<T, StoreError> {
        self.next().map(T::from_uuid)
    }

    /// The same where there may be none.
    pub(super) fn id_opt<T: FromUuid>(&mut self) -> Result<Option<T>, StoreError> {
        Ok(self.next::<Option<Uuid>>()?.map(T::from_uuid))
    }

    /// The next column, an instant.
    pub(super) fn at(&mut self) -> Result<DateTime<Utc>, StoreError> {
        codec::instant(self.next()?)
    }

    /// The same where there may be none.
    pub(super) fn at_opt(&mut self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.next::<Option<i64>>()?.map(codec::instant).transpose()
    }

    /// The next column, a text that means something.
    pub(super) fn parse<T: FromStr>(&mut self, what: &'static str) -> Result<T, StoreError> {
        let text: &str = self.next()?;
        text.parse().map_err(|_| StoreError::Corrupt { what: what.to_owned() })
    }

    /// The same where there may be none.
    pub(super) fn parse_opt<T: FromStr>(&mut self, what: &'static str) -> Result<Option<T>, StoreError> {
        let text: Option<&str> = self.next()?;
        text.map(|text| text.parse().map_err(|_| StoreError::Corrupt { what: what.to_owned() })).transpose()
    }

    /// The next column, opened.
    pub(super) fn open(&mut self, seal: &Seal, field: &str) -> Result<String, StoreError> {
        seal.read(field, self.next()?)
    }

    /// The same where there may be none.
    pub(super) fn open_opt(&mut self, seal: &Seal, field: &str) -> Result<Option<String>, StoreError> {
        self.next::<Option<&[u8]>>()?.map(|stored| seal.read(field, stored)).transpose()
    }

    /// Passes columns over.
    pub(super) const fn skip(&mut self, columns: usize) {
        self.place += columns;
    }

    /// A count.
    pub(super) fn count(&mut self) -> Result<u64, StoreError> {
        Ok(u64::try_from(self.next::<i64>()?).unwrap_or(0))
    }
}

/// Ids of ours.
pub(super) trait FromUuid {
    fn from_uuid(id: Uuid) -> Self;
}

macro_rules! ids {
    ($($id:ident),*) => {$(
        impl FromUuid for chatplug_core::model::$id {
            fn from_uuid(id: Uuid) -> Self { Self::from_uuid(id) }
        }
    )*};
}
ids!(ContactId, ConversationId, BookingId, ActionKey, DeliveryKey, TurnId);

/// Reads a row that came back with the keys that there are; with newer ones when it was sealed with a key that another
/// process made since these were read.
pub(super) async fn opened<T>(
    keys: &KeyCache,
    seal: &Seal,
    read: impl Fn(&Seal) -> Result<T, StoreError> + Send,
) -> Result<T, StoreError> {
    match read(seal) {
        Err(error) if error.wants_newer_keys() => match keys.reload(seal.tenant()).await? {
            Some(seal) => read(&seal),
            None => Err(error),
        },
        done => done,
    }
}

/// A word that PostgreSQL can keep: it knows no NUL.
pub(super) fn word(text: &str) -> String {
    text.replace('\0', "")
}

pub(super) fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable { source: error.into() }
}

/// The code by which the database refused, if it was the database.
pub(super) fn code(error: &StoreError) -> Option<String> {
    let StoreError::Unavailable { source } = error else { return None };
    Some(source.downcast_ref::<Refused>()?.code.clone())
}

/// What the database refused. Of its words only those are kept that quote no value of a row: those are people's.
#[derive(Debug, thiserror::Error)]
#[error("the database refuses ({code}): {words}")]
pub(super) struct Refused {
    code: String,
    words: String,
    /// What one of our own functions says beside its code.
    pub(super) place: Option<String>,
}

impl Refused {
    fn of(error: &PgDatabaseError) -> Self {
        let code = error.code().to_owned();
        let words = match code.get(..2) {
            // Data exceptions quote the data.
            Some("22") | None => "a value that does not fit".to_owned(),
            Some(_) => error.message().to_owned(),
        };
        let place = error.detail().filter(|_| code.starts_with("CP")).map(str::to_owned);
        Self { code, words, place }
    }
}

/// What a store's failure hides, if there is one.
pub(super) trait HasStoreError {
    fn store_error(&self) -> Option<&StoreError>;
}

impl HasStoreError for StoreError {
    fn store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}

impl HasStoreError for chatplug_core::ports::CalendarError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

/// Whether two were in each other's way, and this one was given up.
pub(super) fn is_collision(error: &impl HasStoreError) -> bool {
    error.store_error().and_then(code).is_some_and(|code| COLLISIONS.contains(&code.as_str()))
}

fn store_error(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            StoreError::Corrupt { what: "a column of a row".to_owned() }
        }
        error => match error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>()) {
            Some(refused) => unavailable(Refused::of(refused)),
            None => unavailable(error),
        },
    }
}

/// Whether the database refused a statement, and the connection is as good as before.
fn is_refusal(error: &sqlx::Error) -> bool {
    // Classes 57P and 08: it is being shut down, or gave the session up.
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| !code.starts_with("57P") && !code.starts_with("08"))
}
