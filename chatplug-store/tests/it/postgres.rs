//! The store on PostgreSQL, judged from outside: the suites, who sees what, what is half done, and trouble on the wire.

mod attack;
mod catalogue;
mod chaos;
mod few;
mod meeting;
mod opening;
mod plans;
mod rows;

use chatplug_core::vault::{MasterKeys, Vault};
use chatplug_store::PostgresOptions;
use sqlx::{AssertSqlSafe, PgConnection, Row as _, postgres::PgRow};
use std::{error::Error, sync::Arc};

/// Options with keys that nobody else has.
fn how() -> PostgresOptions {
    PostgresOptions::new(Vault::new(Arc::new(MasterKeys::ephemeral().unwrap())))
}

/// Runs one or several statements.
async fn run(connection: &mut PgConnection, sql: &str) -> Result<Vec<PgRow>, sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await
}

/// The first column of what a statement answers, as text.
async fn texts(connection: &mut PgConnection, sql: &str) -> Vec<String> {
    let rows = run(connection, sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    rows.iter().map(|row| row.get::<Option<String>, _>(0).unwrap_or_default()).collect()
}

/// The code of a refusal.
fn code<T>(result: &Result<T, sqlx::Error>) -> Option<String> {
    let error = result.as_ref().err()?.as_database_error()?;
    error.code().map(|code| code.to_string())
}

/// Everything that an error says, to people and to programmers.
fn whole(error: &(dyn Error + 'static)) -> String {
    let mut text = format!("{error} {error:?}");
    let mut at = error.source();
    while let Some(source) = at {
        text = format!("{text}: {source} {source:?}");
        at = source.source();
    }
    text
}
