//! Between Rust and SQLite: scripts of named statements, values in, rows out, errors by what to do about them.
//!
//! Everything here runs where it is called: on the writer's thread, or on one that may block. Statements are constants,
//! prepared once for each connection and kept.

use crate::{codec, vault::Seal};
use chatplug_core::ports::StoreError;
use chrono::{DateTime, Utc};
use rusqlite::{
    Connection, ErrorCode,
    types::{ToSqlOutput, ValueRef},
};
use std::{fmt::Debug, str::FromStr};
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

/// Adds a statement with its values to a script; answers its place.
macro_rules! put {
    ($script:expr, $sql:expr $(, $value:expr)* $(,)?) => {{
        let place = $script.add($sql);
        $($script.bind($value);)*
        place
    }};
}
pub(super) use put;

/// One value, to bind or as it was read.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Id(Uuid),
    /// Bytes that are no id of ours: what may be sealed.
    Bytes(Vec<u8>),
}

impl Value {
    /// Bytes, however many.
    pub(super) fn into_bytes(self) -> Option<Vec<u8>> {
        FromValue::from_value(&self)
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Id(id) => ValueRef::Blob(id.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
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

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
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

macro_rules! id_values {
    ($($id:ident),*) => {$(
        impl From<chatplug_core::model::$id> for Value {
            fn from(id: chatplug_core::model::$id) -> Self { Self::Id(id.as_uuid()) }
        }
        impl FromValue for chatplug_core::model::$id {
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::Id(id) => Some(Self::from_uuid(*id)),
                    _ => None,
                }
            }
        }
    )*};
}
id_values!(ContactId, ConversationId, BookingId, ActionKey, DeliveryKey, TurnId);

/// Statements that are run together, one after the other.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// Each with how many values follow for it.
    statements: Vec<(&'static str, usize)>,
    values: Vec<Value>,
}

impl Script {
    /// Adds a statement; its values follow by [`bind`](Self::bind), in the order of its question marks.
    pub(super) fn add(&mut self, sql: &'static str) -> usize {
        self.statements.push((sql, 0));
        self.statements.len() - 1
    }

    pub(super) fn bind(&mut self, value: impl Into<Value>) {
        if let Some((_, count)) = self.statements.last_mut() {
            *count += 1;
            self.values.push(value.into());
        }
    }

    /// Runs it and gathers what each statement answered; stops at the first error.
    pub(super) fn run(self, connection: &Connection) -> rusqlite::Result<Answers> {
        let mut answers = Vec::with_capacity(self.statements.len());
        let mut values = self.values.iter();
        for (sql, count) in self.statements {
            let mut statement = connection.prepare_cached(sql)?;
            debug_assert_eq!(statement.parameter_count(), count, "values of {sql}");
            for (place, value) in (1..).zip(values.by_ref().take(count)) {
                statement.raw_bind_parameter(place, value)?;
            }
            let columns = statement.column_count();
            let mut rows = Vec::new();
            let mut answer = statement.raw_query();
            while let Some(row) = answer.next()? {
                let read = |place| row.get_ref(place).map(value_of);
                rows.push((0..columns).map(read).collect::<rusqlite::Result<Vec<Value>>>()?);
            }
            drop(answer);
            answers.push((rows, connection.changes()));
        }
        Ok(Answers(answers))
    }
}

fn value_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Null,
        },
        ValueRef::Blob(bytes) => Uuid::from_slice(bytes).map_or_else(|_| Value::Bytes(bytes.to_vec()), Value::Id),
        // No column of the schema holds one; what is not as it was written is found when it is read as a type.
        ValueRef::Null | ValueRef::Real(_) => Value::Null,
    }
}

/// What the statements of a script answered, by their places.
#[derive(Debug)]
pub(super) struct Answers(Vec<(Vec<Vec<Value>>, u64)>);

impl Answers {
    pub(super) fn rows(&self, place: usize) -> impl Iterator<Item = Columns<'_>> {
        self.0.get(place).into_iter().flat_map(|(rows, _)| rows).map(|row| Columns(row.iter()))
    }

    pub(super) fn first(&self, place: usize) -> Option<Columns<'_>> {
        self.rows(place).next()
    }

    /// Rows that a statement without `RETURNING` changed.
    pub(super) fn changed(&self, place: usize) -> u64 {
        self.0.get(place).map_or(0, |(_, changed)| *changed)
    }
}

/// Reads a row's columns from left to right.
#[derive(Debug)]
pub(super) struct Columns<'r>(std::slice::Iter<'r, Value>);

impl<'r> Columns<'r> {
    /// The columns that are left, as they are.
    pub(super) fn rest(self) -> impl Iterator<Item = &'r Value> {
        self.0
    }

    /// The next column.
    pub(super) fn next<T: FromValue>(&mut self) -> Result<T, StoreError> {
        let left = self.0.len();
        let value = self.0.next().and_then(T::from_value);
        value.ok_or_else(|| StoreError::Corrupt { what: format!("a column, {left} from the end") })
    }

    /// The next column, a text that may be sealed.
    pub(super) fn open(&mut self, seal: &Seal, field: &'static str) -> Result<String, StoreError> {
        let text = self.open_opt(seal, field)?;
        text.ok_or_else(|| StoreError::Corrupt { what: format!("a column of {field}") })
    }

    /// The same where there may be none.
    pub(super) fn open_opt(&mut self, seal: &Seal, field: &'static str) -> Result<Option<String>, StoreError> {
        match self.0.next() {
            Some(Value::Null) => Ok(None),
            Some(Value::Bytes(bytes)) => seal.read(field, bytes).map(Some),
            // Bytes that are as many as an id has.
            Some(Value::Id(id)) => seal.read(field, id.as_bytes()).map(Some),
            _ => Err(StoreError::Corrupt { what: format!("a column of {field}") }),
        }
    }

    /// The next column, a text that must parse.
    pub(super) fn parse<T: FromStr>(&mut self, what: &'static str) -> Result<T, StoreError> {
        self.parse_opt(what)?.ok_or_else(|| StoreError::Corrupt { what: what.to_owned() })
    }

    /// The next column, a text that must parse where there is one.
    pub(super) fn parse_opt<T: FromStr>(&mut self, what: &'static str) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.next()?;
        text.map(|text| text.parse().map_err(|_| StoreError::Corrupt { what: what.to_owned() })).transpose()
    }
}

/// A type that a column can be read as; `None`: the column holds something else.
pub(super) trait FromValue: Sized {
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(|value| value != 0)
    }
}

impl FromValue for u32 {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(|value| Self::try_from(value).unwrap_or(Self::MAX))
    }
}

impl FromValue for u64 {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(|value| Self::try_from(value).unwrap_or(0))
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes.clone()),
            Value::Id(id) => Some(id.as_bytes().to_vec()),
            _ => None,
        }
    }
}

impl FromValue for DateTime<Utc> {
    fn from_value(value: &Value) -> Option<Self> {
        codec::instant(i64::from_value(value)?).ok()
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// SQLite's extended code of a foreign key that leads nowhere.
const FOREIGN_KEY: i32 = 787;
/// SQLite's extended code of `RAISE(ABORT)` in a trigger.
const TRIGGER: i32 = 1811;

fn extended(error: &rusqlite::Error) -> Option<i32> {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => Some(failure.extended_code),
        _ => None,
    }
}

/// Whether a trigger of ours refused an overlap.
pub(super) fn is_taken(error: &rusqlite::Error) -> bool {
    extended(error) == Some(TRIGGER)
}

/// An error of SQLite by what the caller can do about it.
pub(super) fn store_error(error: rusqlite::Error) -> StoreError {
    match &error {
        _ if extended(&error) == Some(FOREIGN_KEY) => {
            StoreError::NotFound { what: "the tenant, channel, branch or conversation" }
        }
        rusqlite::Error::SqliteFailure(failure, _)
            if matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) =>
        {
            StoreError::Corrupt { what: "the database file".to_owned() }
        }
        _ => unavailable(error),
    }
}

/// The store cannot do it now.
pub(super) fn unavailable(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable { source: why.into() }
}
