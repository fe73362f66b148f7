//! Vendors' limits, shared by all processes on the file. One of them writes at a time, so places are counted once.

use super::{
    SqliteStore,
    db::{Script, put, statements},
    writer::{Command, Tx},
};
use crate::pace::Pace;
use async_trait::async_trait;
use chatplug_core::ports::{Rate, RateLimiter, StoreError, Taken};
use chrono::{DateTime, Duration, Utc};

statements! {
    PACE = "SELECT at, held_until FROM pace WHERE name = ?";
    SET = "INSERT INTO pace (name, at, held_until) VALUES (?, ?, ?) \
        ON CONFLICT DO UPDATE SET at = excluded.at, held_until = excluded.held_until";
    /// Rows that say no more than a missing one would; a few each time.
    CLEAR = "DELETE FROM pace WHERE name IN (SELECT name FROM pace WHERE at < ? ORDER BY at LIMIT 4)";
}

/// How long a limit that is free again is kept on: longer than clocks of processes differ.
const IDLE: Duration = Duration::hours(1);

#[async_trait]
impl RateLimiter for SqliteStore {
    async fn take(&self, name: &str, rate: Rate, want: u32, now: DateTime<Utc>) -> Result<Taken, StoreError> {
        self.writer.submit(Take { name: name.to_owned(), rate, want, now }).await
    }

    async fn hold(&self, name: &str, until: DateTime<Utc>) -> Result<(), StoreError> {
        self.writer.submit(Hold { name: name.to_owned(), until }).await
    }
}

/// Takes places.
#[derive(Debug)]
struct Take {
    name: String,
    rate: Rate,
    want: u32,
    now: DateTime<Utc>,
}

impl Command for Take {
    type Output = Taken;
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<Taken, StoreError> {
        let mut pace = load(tx, &self.name)?;
        let taken = pace.take(self.rate, self.want, self.now)?;
        let mut script = Script::default();
        if taken.granted > 0 {
            put!(script, SET, &self.name, pace.at, pace.held_until);
        }
        put!(script, CLEAR, self.now - IDLE);
        tx.run(script)?;
        Ok(taken)
    }
}

/// Gives nothing before an instant.
#[derive(Debug)]
struct Hold {
    name: String,
    until: DateTime<Utc>,
}

impl Command for Hold {
    type Output = ();
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let mut pace = load(tx, &self.name)?;
        pace.hold(self.until);
        let mut script = Script::default();
        put!(script, SET, &self.name, pace.at, pace.held_until);
        tx.run(script).map(drop)
    }
}

fn load(tx: &mut Tx<'_>, name: &str) -> Result<Pace, StoreError> {
    let mut script = Script::default();
    let place = put!(script, PACE, name);
    let answers = tx.run(script)?;
    match answers.first(place) {
        Some(mut row) => Ok(Pace { at: row.next()?, held_until: row.next()? }),
        None => Ok(Pace::default()),
    }
}
