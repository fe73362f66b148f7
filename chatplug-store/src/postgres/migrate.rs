//! Bringing a database up to date: embedded steps, forward only, by its owner.
//!
//! Each step is one transaction. That it was begun is noted before and apart from it, so that whoever opens the database
//! meanwhile, or after a crash, is told. Any number of programs may migrate at once: they take turns.

use super::open::Target;
use crate::OpenError;
use sha2::{Digest as _, Sha256};
use sqlx::{Connection as _, PgConnection, Row as _};

/// The steps, in order; the numbers are those of the steps on SQLite. A released one never changes.
const MIGRATIONS: &[Migration] = &[Migration {
    version: 2,
    name: "init",
    sql: concat!(
        include_str!("../../migrations/postgres/0002_tables.sql"),
        include_str!("../../migrations/postgres/0002_turns.sql"),
        include_str!("../../migrations/postgres/0002_outbox.sql"),
        include_str!("../../migrations/postgres/0002_times.sql"),
        include_str!("../../migrations/postgres/0002_queue.sql"),
        include_str!("../../migrations/postgres/0002_rights.sql"),
    ),
}];

/// Whoever migrates holds this advisory lock: "chatplug" in ASCII.
const TURN: i64 = 0x6368_6174_706c_7567;
/// The oldest server, as it numbers itself.
const OLDEST_SERVER: i64 = 150_000;

const LOCK: &str = "SELECT pg_advisory_lock($1)";
const SERVER: &str = "SELECT current_setting('server_version_num')::bigint";
/// A database that has tables, and none of ours.
const FOREIGN: &str = "SELECT to_regclass('public.schema_version') IS NULL AND EXISTS ( \
    SELECT FROM pg_catalog.pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') \
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e'))";
const ROLE_IS_THERE: &str = "SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'chatplug_app')";
/// Without a password nobody gets in as this role: it is there to be granted, or to be given one.
const MAKE_ROLE: &str = "CREATE ROLE chatplug_app LOGIN";
const MAKE_TABLE: &str = "CREATE TABLE IF NOT EXISTS public.schema_version ( \
    version bigint PRIMARY KEY, name text NOT NULL, checksum bytea NOT NULL, \
    began timestamptz NOT NULL DEFAULT now(), finished timestamptz)";
const SHOW_TABLE: &str = "GRANT SELECT ON public.schema_version TO chatplug_app";
const STEPS: &str = "SELECT version, checksum, finished IS NOT NULL FROM public.schema_version ORDER BY version";
const BEGIN_STEP: &str = "INSERT INTO public.schema_version (version, name, checksum) VALUES ($1, $2, $3) \
    ON CONFLICT (version) DO UPDATE SET name = excluded.name, checksum = excluded.checksum, began = now()";
const FINISH_STEP: &str = "UPDATE public.schema_version SET finished = now() WHERE version = $1";
/// What everybody may do by default in a new database, and nobody should in this one. Not part of a step: a copy of a
/// database starts without it.
pub(crate) const CLOSE_DATABASE: &str = "DO $$ BEGIN \
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()); \
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO chatplug_app', current_database()); \
    REVOKE ALL ON SCHEMA public FROM PUBLIC; \
    END $$";

/// One step.
#[cfg_attr(not(feature = "testing"), expect(unreachable_pub, reason = "tests of migrations bring steps of their own"))]
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its number.
    pub version: i64,
    /// Its name, for people.
    pub name: &'static str,
    /// What it does.
    pub sql: &'static str,
}

impl Migration {
    /// What it is recognised by; line ends do not count.
    pub(crate) fn checksum(&self) -> Vec<u8> {
        Sha256::digest(self.sql.replace("\r\n", "\n")).to_vec()
    }
}

/// What migrating did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The schema before; 0: there was none.
    pub from: i64,
    /// The schema now.
    pub to: i64,
    /// Names of the steps that were taken, in order; empty: it was up to date.
    pub steps: Vec<&'static str>,
}

/// Brings a PostgreSQL database up to date. The URL is that of its owner: somebody who may make tables, and the role
/// `chatplug_app` unless that is there already. The program itself connects as that role, or as one that it was granted
/// to; it refuses the owner.
///
/// Safe to repeat, to interrupt, and to run in several places at once.
///
/// # Errors
/// [`OpenError`], by what to do about it.
pub async fn migrate(url: &str) -> Result<Migrated, OpenError> {
    migrate_by(url, MIGRATIONS).await
}

/// The same, with other steps than the program's: for tests.
///
/// # Errors
/// As [`migrate`].
pub(crate) async fn migrate_by(url: &str, steps: &[Migration]) -> Result<Migrated, OpenError> {
    let mut connection = Target::parse(url)?.plain().await?;
    let migrated = up_to_date(&mut connection, steps).await;
    // The lock goes with the connection.
    let _ = connection.close().await;
    migrated
}

/// The steps of this program.
pub(crate) const fn known() -> &'static [Migration] {
    MIGRATIONS
}

/// Whether the server is new enough.
pub(super) async fn check_server(connection: &mut PgConnection) -> Result<(), OpenError> {
    new_enough(sqlx::query_scalar(SERVER).fetch_one(connection).await?)
}

/// Whether a server that numbers itself like this is new enough.
fn new_enough(number: i64) -> Result<(), OpenError> {
    if number < OLDEST_SERVER { Err(OpenError::ServerTooOld { found: number / 10_000 }) } else { Ok(()) }
}

/// Where a database stands.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// The last step that was finished; 0: none.
    pub(super) at: i64,
    /// A step that was begun and not finished.
    pub(super) unfinished: Option<i64>,
}

/// Reads where the database stands, and whether it came there by these steps.
pub(super) async fn standing(connection: &mut PgConnection, steps: &[Migration]) -> Result<Standing, OpenError> {
    let mut standing = Standing::default();
    let known = steps.last().map_or(0, |step| step.version);
    for (place, row) in sqlx::query(STEPS).fetch_all(connection).await?.iter().enumerate() {
        let (version, checksum, finished): (i64, Vec<u8>, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if version > known {
            return Err(OpenError::Newer { found: version, known });
        }
        let step = steps.get(place).filter(|step| step.version == version);
        let Some(step) = step else { return Err(OpenError::OtherMigration { version }) };
        if !finished {
            standing.unfinished = Some(version);
        } else if standing.unfinished.is_some() || step.checksum() != checksum {
            return Err(OpenError::OtherMigration { version });
        } else {
            standing.at = version;
        }
    }
    Ok(standing)
}

async fn up_to_date(connection: &mut PgConnection, steps: &[Migration]) -> Result<Migrated, OpenError> {
    check_server(connection).await?;
    sqlx::query(LOCK).bind(TURN).execute(&mut *connection).await?;
    if sqlx::query_scalar(FOREIGN).fetch_one(&mut *connection).await? {
        return Err(OpenError::Foreign);
    }
    prepare(connection).await?;
    let from = standing(connection, steps).await?.at;
    let mut migrated = Migrated { from, to: from, steps: Vec::new() };
    for step in steps.iter().filter(|step| step.version > from) {
        take(connection, step).await?;
        migrated.to = step.version;
        migrated.steps.push(step.name);
    }
    Ok(migrated)
}

/// What the steps stand on.
async fn prepare(connection: &mut PgConnection) -> Result<(), OpenError> {
    if !sqlx::query_scalar::<_, bool>(ROLE_IS_THERE).fetch_one(&mut *connection).await?
        && sqlx::query(MAKE_ROLE).execute(&mut *connection).await.is_err()
        // Roles are shared by all databases of a server: another one may have been migrated at the same time.
        && !sqlx::query_scalar::<_, bool>(ROLE_IS_THERE).fetch_one(&mut *connection).await?
    {
        return Err(OpenError::NoRole);
    }
    let mut all = connection.begin().await?;
    sqlx::query(MAKE_TABLE).execute(&mut *all).await?;
    sqlx::query(SHOW_TABLE).execute(&mut *all).await?;
    sqlx::query(CLOSE_DATABASE).execute(&mut *all).await?;
    Ok(all.commit().await?)
}

async fn take(connection: &mut PgConnection, step: &Migration) -> Result<(), OpenError> {
    let (version, begin) = (step.version, sqlx::query(BEGIN_STEP).bind(step.version).bind(step.name));
    begin.bind(step.checksum()).execute(&mut *connection).await?;
    tracing::info!(version, name = step.name, "migrating");
    let run = async {
        let mut all = connection.begin().await?;
        sqlx::raw_sql(step.sql).execute(&mut *all).await?;
        sqlx::query(FINISH_STEP).bind(version).execute(&mut *all).await?;
        all.commit().await
    };
    run.await.map_err(|error| OpenError::Migration { version, source: Box::new(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_too_old_is_refused_with_its_version() {
        // As PostgreSQL numbers 14.13, 13.0, 9.6.24 and the last before 15.
        for (number, major) in [(140_013, 14), (130_000, 13), (90_624, 9), (149_999, 14)] {
            let refused = new_enough(number).unwrap_err();
            assert!(matches!(refused, OpenError::ServerTooOld { found } if found == major), "{number}: {refused:?}");
            assert!(refused.to_string().contains("15"), "it says what is needed: {refused}");
        }
        for number in [150_000, 150_008, 170_002, 180_000] {
            assert!(new_enough(number).is_ok(), "{number}");
        }
    }
}
