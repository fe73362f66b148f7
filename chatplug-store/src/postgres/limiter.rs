//! Vendors' limits, shared by all processes on the database. The rule is that of every database, done where the row is.

use super::{
    PostgresStore,
    db::{Columns, again, ask, statements},
};
use crate::codec::{instant, micros};
use async_trait::async_trait;
use chatplug_core::ports::{Rate, RateLimiter, StoreError, Taken};
use chrono::{DateTime, Utc};

statements! {
    TAKE = "SELECT granted, next FROM chatplug.take_places($1, $2, $3, $4, $5)";
    HOLD = "SELECT chatplug.hold_places($1, $2)";
}

/// A rate so slow or so large that its product with another would not fit is as good as this one, in microseconds: a
/// hundred years.
const LONGEST: i64 = 3_155_760_000_000_000;

#[async_trait]
impl RateLimiter for PostgresStore {
    async fn take(&self, name: &str, rate: Rate, want: u32, now: DateTime<Utc>) -> Result<Taken, StoreError> {
        // A rate is positive; one that is not gives one place a microsecond.
        let every = rate.every.num_microseconds().unwrap_or(LONGEST).clamp(1, LONGEST);
        let burst = i64::from(rate.burst).min(LONGEST / every);
        let take = || ask!(TAKE, super::db::word(name), burst, every, i64::from(want), micros(now));
        let row = again!(self.db.row(take()).await)?;
        let mut row = Columns::of(&row);
        let granted = u32::try_from(row.next::<i64>()?).unwrap_or(want);
        Ok(Taken { granted, next: instant(row.next()?)?.max(now) })
    }

    async fn hold(&self, name: &str, until: DateTime<Utc>) -> Result<(), StoreError> {
        again!(self.db.row(ask!(HOLD, super::db::word(name), micros(until))).await).map(drop)
    }
}
