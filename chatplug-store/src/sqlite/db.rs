//! Between Rust and the driver: scripts of named statements, values in, rows out, errors by what to do about them.
//!
//! The driver keeps each connection on a thread of its own, and a trip there and back costs more than most statements.
//! So statements travel together: a [`Script`] is one trip, however many it holds, and its whole text is prepared once
//! and kept.

use chatplug_core::ports::StoreError;
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::{
    Arguments, AssertSqlSafe, Either, Executor, Row as _, SqliteConnection,
    sqlite::{SqliteArguments, SqliteRow},
};
use std::{fmt::Debug, str::FromStr};
use uuid::Uuid;

use crate::codec;

/// Defines statements as constants, and the list of all of them, which a test prepares on a fresh database.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* const $name: &str = $sql;)*
        #[cfg(test)]
        pub(super) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}
pub(super) use statements;

/// Adds a statement with its values to a script; answers its place.
macro_rules! put {
    ($script:expr, $sql:expr $(, $value:expr)* $(,)?) => {{
        let place = $script.add($sql);
        $($script.bind($value);)*
        place
    }};
}
pub(super) use put;

/// One value to bind.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Uuid),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Blob(value)
    }
}

impl From<DateTime<Utc>> for Value {
    fn from(value: DateTime<Utc>) -> Self {
        Self::Int(codec::micros(value))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! text_values {
    ($($id:ident),*) => {$(
        impl From<&chatplug_core::model::$id> for Value {
            fn from(id: &chatplug_core::model::$id) -> Self { Self::Text(id.as_str().to_owned()) }
        }
    )*};
}
text_values!(TenantId, BranchId, ChannelId, InstallId, StaffId, MessageId);

macro_rules! blob_values {
    ($($id:ident),*) => {$(
        impl From<chatplug_core::model::$id> for Value {
            fn from(id: chatplug_core::model::$id) -> Self { Self::Blob(id.as_uuid()) }
        }
        impl FromColumn for chatplug_core::model::$id {
            fn from_column(row: &SqliteRow, index: usize) -> Result<Self, StoreError> {
                Ok(Self::from_uuid(get(row, index)?))
            }
        }
    )*};
}
blob_values!(ContactId, ConversationId, BookingId, ActionKey, DeliveryKey, TurnId);

/// Statements that travel to the database together.
#[derive(Debug, Default)]
pub(super) struct Script {
    sql: String,
    arguments: SqliteArguments,
    statements: usize,
    bound: usize,
}

impl Script {
    /// A script with room for what most hold.
    pub(super) fn new() -> Self {
        Self { sql: String::with_capacity(4096), ..Self::default() }
    }

    /// Adds a statement; its values follow by [`bind`](Self::bind), in the order of its question marks.
    pub(super) fn add(&mut self, sql: &'static str) -> usize {
        self.check();
        self.sql.push_str(sql);
        self.sql.push_str(";\n");
        self.statements += 1;
        self.statements - 1
    }

    pub(super) fn bind(&mut self, value: impl Into<Value>) {
        self.bound += 1;
        // The driver's encoders of these four types cannot fail; a lost value would be caught by `check`.
        let added = match value.into() {
            Value::Null => self.arguments.add(None::<i64>),
            Value::Int(value) => self.arguments.add(value),
            Value::Text(value) => self.arguments.add(value),
            Value::Blob(value) => self.arguments.add(value),
        };
        debug_assert!(added.is_ok(), "a value was not taken");
    }

    /// How many statements it holds: long ones are sent in several trips, so that the kept texts stay few.
    pub(super) const fn len(&self) -> usize {
        self.statements
    }

    fn check(&self) {
        debug_assert_eq!(self.sql.matches('?').count(), self.bound, "values of {}", self.sql);
    }

    /// Runs it and gathers what each statement answered.
    pub(super) async fn run(self, connection: &mut SqliteConnection) -> Result<Answers, sqlx::Error> {
        self.check();
        let mut answers = Vec::with_capacity(self.statements);
        let mut rows = Vec::new();
        // Only constants of this crate are ever joined into a script, see `add`.
        let query = sqlx::query_with(AssertSqlSafe(self.sql), self.arguments);
        let mut stream = connection.fetch_many(query);
        while let Some(step) = stream.try_next().await? {
            match step {
                Either::Right(row) => rows.push(row),
                Either::Left(done) => answers.push((std::mem::take(&mut rows), done.rows_affected())),
            }
        }
        Ok(Answers(answers))
    }
}

/// What the statements of a script answered, by their places.
#[derive(Debug)]
pub(super) struct Answers(Vec<(Vec<SqliteRow>, u64)>);

impl Answers {
    pub(super) fn rows(&self, place: usize) -> &[SqliteRow] {
        self.0.get(place).map_or(&[], |(rows, _)| rows.as_slice())
    }

    pub(super) fn first(&self, place: usize) -> Option<Columns<'_>> {
        self.rows(place).first().map(Columns::of)
    }

    /// Rows that a statement without `RETURNING` changed.
    pub(super) fn changed(&self, place: usize) -> u64 {
        self.0.get(place).map_or(0, |(_, changed)| *changed)
    }
}

/// Reads a row's columns from left to right.
#[derive(Debug)]
pub(super) struct Columns<'r> {
    row: &'r SqliteRow,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(super) const fn of(row: &'r SqliteRow) -> Self {
        Self { row, next: 0 }
    }

    /// The next column.
    pub(super) fn next<T: FromColumn>(&mut self) -> Result<T, StoreError> {
        let value = T::from_column(self.row, self.next);
        self.next += 1;
        value
    }

    /// The next column, a text that must parse.
    pub(super) fn parse<T: FromStr>(&mut self, what: &'static str) -> Result<T, StoreError> {
        let text: String = self.next()?;
        text.parse().map_err(|_| StoreError::Corrupt { what: what.to_owned() })
    }

    /// The next column, a text that must parse where there is one.
    pub(super) fn parse_opt<T: FromStr>(&mut self, what: &'static str) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.next()?;
        text.map(|text| text.parse().map_err(|_| StoreError::Corrupt { what: what.to_owned() })).transpose()
    }
}

/// A type that a column can be read as.
pub(super) trait FromColumn: Sized {
    fn from_column(row: &SqliteRow, index: usize) -> Result<Self, StoreError>;
}

impl FromColumn for i64 {
    fn from_column(row: &SqliteRow, index: usize) -> Result<Self, StoreError> {
        get(row, index)
    }
}

impl FromColumn for bool {
    fn from_column(row: &SqliteRow, index: usize) -> Result<Self, StoreError> {
        get::<i64>(row, index).map(|value| value != 0)
    }
}

impl FromColumn for u32 {
    fn from_column(row: &SqliteRow, index: usize) -> Result<Self, StoreError> {
        Ok(Self::try_from(get::<i64>(row, index)?).unwrap_or(Self::MAX))
    }
}

impl FromColumn for u64 {
    fn from_column(row: &SqliteRow, index: usize) -> Result<Self, StoreError> {
        Ok(Self::try_from(get::<i64>(row, index)?).unwrap_or(0))
    }
}

impl FromColumn for String {
    fn from_column(row: &SqliteRow, index: usize) -> Result<Self, StoreError> {
        get(row, index)
    }
}

impl FromColumn for DateTime<Utc> {
    fn from_column(row: &SqliteRow, index: usize) -> Result<Self, StoreError> {
        codec::instant(get(row, index)?)
    }
}

impl<T: FromColumn> FromColumn for Option<T> {
    fn from_column(row: &SqliteRow, index: usize) -> Result<Self, StoreError> {
        use sqlx::ValueRef;
        let raw = row.try_get_raw(index).map_err(|error| store_error(&error))?;
        if raw.is_null() { Ok(None) } else { T::from_column(row, index).map(Some) }
    }
}

fn get<'r, T>(row: &'r SqliteRow, index: usize) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(index).map_err(|_| StoreError::Corrupt { what: format!("column {index}") })
}

/// SQLite's extended code of a foreign key that leads nowhere.
const FOREIGN_KEY: &str = "787";
/// SQLite's extended code of `RAISE(ABORT)` in a trigger.
const TRIGGER: &str = "1811";

/// Whether a trigger of ours refused an overlap.
pub(super) fn is_taken(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.code().as_deref() == Some(TRIGGER))
}

/// A driver's error by what the caller can do about it.
pub(super) fn store_error(error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(database) if database.code().as_deref() == Some(FOREIGN_KEY) => {
            StoreError::NotFound { what: "the tenant, channel, branch or conversation" }
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            StoreError::Corrupt { what: "a column".to_owned() }
        }
        other => unavailable(other.to_string()),
    }
}

/// The store cannot do it now.
pub(super) fn unavailable(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable { source: why.into() }
}
