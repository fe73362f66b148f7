//! Which databases are opened, as whom, and what is half done.

use super::{how, run, texts, whole};
use crate::world::{at, salon};
use chatplug_core::{
    ports::{SecretStore as _, Store as _},
    vault::{MasterKeys, Vault, VaultError},
};
use chatplug_store::{
    Migrated, OpenError, PostgresOptions, PostgresStore, migrate,
    testing::{Migration, TestDatabase, TestPostgres, migrate_with},
};
use futures_util::future::join_all;
use sqlx::{Connection as _, PgConnection};
use std::sync::Arc;

const ONE: Migration = Migration { version: 2, name: "one", sql: "CREATE TABLE one (a int)" };
const TWO: Migration = Migration { version: 3, name: "two", sql: "CREATE TABLE two (a int)" };
const BROKEN: Migration =
    Migration { version: 3, name: "two", sql: "CREATE TABLE half (a int); INSERT INTO nowhere VALUES (1)" };
const SLOW: Migration =
    Migration { version: 3, name: "two", sql: "CREATE TABLE half (a int); SELECT pg_sleep(600) /* slow step */" };

async fn empty() -> TestDatabase {
    TestPostgres::shared().await.empty_database().await
}

async fn tables(database: &TestDatabase) -> Vec<String> {
    let sql = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1";
    texts(&mut database.admin().await, sql).await
}

async fn refused(database: &TestDatabase) -> OpenError {
    PostgresStore::open(&database.url(), how()).await.expect_err("it must not be opened")
}

#[tokio::test]
async fn a_migrated_database_is_opened() {
    let database = TestDatabase::fresh().await;
    PostgresStore::open(&database.url(), how()).await.unwrap();
}

fn under(keys: &str) -> PostgresOptions {
    PostgresOptions::new(Vault::new(Arc::new(keys.parse::<MasterKeys>().unwrap())))
}

/// A program that embeds the store hears it when it opens, not with its first client.
#[tokio::test]
async fn a_missing_master_key_and_a_wrong_one_are_told_apart() {
    const K1: &str = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const K2: &str = "k2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    const NOT_K1: &str = "k1:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
    let database = TestDatabase::fresh().await;
    let url = database.url();
    let open = async |keys: &str| PostgresStore::open(&url, under(keys)).await;
    // Nothing is wrapped yet: any key will do.
    open(K2).await.unwrap().close().await.unwrap();
    let store = open(K1).await.unwrap();
    let bella = "bella".parse().unwrap();
    salon(&store, "bella").await;
    store.secrets(&bella).put_credential("token", &"secret".to_owned().into(), "operator:olga", at(0)).await.unwrap();
    store.close().await.unwrap();

    let missing = open(K2).await.unwrap_err();
    assert!(matches!(missing, OpenError::Vault { source: VaultError::UnknownMaster(_) }), "{missing:?}");
    let wrong = open(NOT_K1).await.unwrap_err();
    assert!(matches!(wrong, OpenError::Vault { source: VaultError::Forged }), "{wrong:?}");
    let store = open(&format!("{K2},{K1}")).await.unwrap();
    store.secrets(&bella).destroy_keys("operator:olga", at(1)).await.unwrap();
    store.close().await.unwrap();
    open(K2).await.unwrap().close().await.unwrap();
}

#[tokio::test]
async fn migrating_again_does_nothing() {
    let database = empty().await;
    let first = migrate(&database.owner_url()).await.unwrap();
    assert_eq!((first.from, first.steps.as_slice()), (0, ["init"].as_slice()));
    let again = migrate(&database.owner_url()).await.unwrap();
    assert_eq!(again, Migrated { from: first.to, to: first.to, steps: vec![] });
    PostgresStore::open(&database.url(), how()).await.unwrap();
}

/// Whoever comes second waits, and finds nothing to do.
#[tokio::test]
async fn of_several_that_migrate_at_once_one_does() {
    let database = empty().await;
    let url = database.owner_url();
    let all = join_all((0..5).map(|_| migrate(&url))).await;
    let steps: Vec<usize> = all.into_iter().map(|migrated| migrated.unwrap().steps.len()).collect();
    assert_eq!(steps.iter().sum::<usize>(), 1, "{steps:?}");
}

#[tokio::test]
async fn a_database_that_is_behind_says_what_to_run() {
    let database = empty().await;
    let nothing = refused(&database).await;
    assert!(matches!(nothing, OpenError::Behind { found: 0, .. }), "{nothing:?}");
    assert!(nothing.to_string().contains("run `chatplug migrate`"), "{nothing}");
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_left_alone() {
    let database = TestDatabase::fresh().await;
    let newer = "INSERT INTO schema_version (version, name, checksum, finished) VALUES (9999, 'later', '', now())";
    run(&mut database.admin().await, newer).await.unwrap();
    for error in [refused(&database).await, migrate(&database.owner_url()).await.unwrap_err()] {
        assert!(matches!(error, OpenError::Newer { found: 9999, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let database = empty().await;
    run(&mut database.admin().await, "CREATE TABLE customers (a int)").await.unwrap();
    let error = migrate(&database.owner_url()).await.unwrap_err();
    assert!(matches!(error, OpenError::Foreign), "{error:?}");
    assert_eq!(tables(&database).await, ["customers"]);
}

/// A step that fails leaves nothing of itself; the database says that it is half done until it was run again.
#[tokio::test]
async fn a_half_finished_migration_is_named_and_recovered_from() {
    let database = empty().await;
    let url = database.owner_url();
    let error = migrate_with(&url, &[ONE, BROKEN]).await.unwrap_err();
    assert!(matches!(error, OpenError::Migration { version: 3, .. }), "{error:?}");
    assert_eq!(tables(&database).await, ["one", "schema_version"], "the step before stands, nothing of this one does");
    let again = migrate_with(&url, &[ONE, TWO]).await.unwrap();
    assert_eq!((again.from, again.steps.as_slice()), (2, ["two"].as_slice()));
    assert_eq!(tables(&database).await, ["one", "schema_version", "two"]);
}

/// The same when whoever migrates is cut off in the middle of a step: the program is refused until it was run again.
#[tokio::test]
async fn a_migration_that_was_cut_off_is_named_and_recovered_from() {
    let database = TestDatabase::fresh().await;
    let mut admin = database.admin().await;
    run(&mut admin, "UPDATE schema_version SET finished = NULL").await.unwrap();
    let error = refused(&database).await;
    assert!(matches!(error, OpenError::HalfMigrated { version: 2 }), "{error:?}");
    assert!(error.to_string().contains("run `chatplug migrate` again"), "{error}");

    let database = empty().await;
    let (url, mut admin) = (database.owner_url(), database.admin().await);
    let migrating = tokio::spawn(async move { migrate_with(&url, &[ONE, SLOW]).await });
    let kill = "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity WHERE datname = current_database() \
        AND query LIKE '%slow step%' AND wait_event = 'PgSleep' AND pid <> pg_backend_pid()";
    while texts(&mut admin, kill).await == ["0"] {}
    let error = migrating.await.unwrap().unwrap_err();
    assert!(matches!(error, OpenError::Migration { version: 3, .. }), "{error:?}");
    assert_eq!(tables(&database).await, ["one", "schema_version"]);
    migrate_with(&database.owner_url(), &[ONE, TWO]).await.unwrap();
    assert_eq!(tables(&database).await, ["one", "schema_version", "two"]);
}

#[tokio::test]
async fn steps_of_other_sources_are_not_built_upon() {
    let database = empty().await;
    let url = database.owner_url();
    migrate_with(&url, &[ONE, TWO]).await.unwrap();
    let altered = Migration { sql: "CREATE TABLE one (b int)", ..ONE };
    for (steps, version) in [(vec![altered, TWO], 2), (vec![TWO], 2)] {
        let error = migrate_with(&url, &steps).await.unwrap_err();
        assert!(matches!(error, OpenError::OtherMigration { version: found } if found == version), "{error:?}");
    }
    let windows = Migration { sql: "CREATE TABLE one\r\n(a int)", ..ONE };
    let unix = Migration { sql: "CREATE TABLE one\n(a int)", ..ONE };
    let database = empty().await;
    migrate_with(&database.owner_url(), &[windows]).await.unwrap();
    migrate_with(&database.owner_url(), &[unix]).await.unwrap();
}

/// Whoever could see past the policies is refused, and told why.
#[tokio::test]
async fn a_role_that_policies_would_not_hold_is_refused() {
    let database = TestDatabase::fresh().await;
    let mut admin = database.admin().await;
    let superuser = PostgresStore::open(&database.admin_url(), how()).await.unwrap_err();
    assert!(matches!(&superuser, OpenError::PowerfulRole { power, .. } if power == "is a superuser"), "{superuser:?}");
    let owner = PostgresStore::open(&database.owner_url(), how()).await.unwrap_err();
    assert!(matches!(&owner, OpenError::PowerfulRole { power, .. } if power.starts_with("owns ")), "{owner:?}");
    assert!(owner.to_string().contains("GRANT chatplug_app TO"), "{owner}");

    let name = database.name().to_owned();
    run(&mut admin, &format!("GRANT CONNECT ON DATABASE {name} TO PUBLIC")).await.unwrap();
    for (place, (how_made, expected)) in [
        ("LOGIN BYPASSRLS IN ROLE chatplug_app", "bypasses row-level security"),
        ("LOGIN CREATEROLE IN ROLE chatplug_app", "can make roles"),
        ("LOGIN REPLICATION IN ROLE chatplug_app", "can copy the whole database"),
        ("LOGIN IN ROLE chatplug_app, chatplug_test_owner", "owns the database"),
        ("LOGIN IN ROLE chatplug_app, pg_read_server_files", "can read or write the server's files"),
        // Powers are not inherited, but it could become that role.
        ("LOGIN NOINHERIT IN ROLE chatplug_app, chatplug_test_owner", "owns the database"),
    ]
    .into_iter()
    .enumerate()
    {
        let role = format!("{name}_{place}");
        let error = as_role(&mut admin, &database, &role, how_made).await.unwrap_err();
        assert!(matches!(&error, OpenError::PowerfulRole { power, .. } if power == expected), "{how_made}: {error:?}");
        assert!(error.to_string().contains(&role), "{error}");
    }
    let stranger = as_role(&mut admin, &database, &format!("{name}_t"), "LOGIN").await.unwrap_err();
    assert!(matches!(stranger, OpenError::NoRights { .. }), "{stranger:?}");
}

async fn as_role(
    admin: &mut PgConnection,
    database: &TestDatabase,
    role: &str,
    how_made: &str,
) -> Result<PostgresStore, OpenError> {
    run(admin, &format!("CREATE ROLE {role} PASSWORD 'word' {how_made}")).await.unwrap();
    let (_, place) = database.admin_url().split_once('@').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let opened = PostgresStore::open(&format!("postgres://{role}:word@{place}"), how()).await;
    run(admin, &format!("DROP ROLE {role}")).await.unwrap();
    opened
}

/// The first time on a server: the role for the program is made with the schema, and nobody gets in without a password.
#[tokio::test]
async fn the_program_s_role_is_made_when_it_is_missing() {
    let server = TestPostgres::own(&[]);
    let mut admin = server.admin("postgres").await;
    run(&mut admin, "CREATE ROLE keeper LOGIN CREATEROLE PASSWORD 'word'; CREATE ROLE weak LOGIN PASSWORD 'word'")
        .await
        .unwrap();
    run(&mut admin, "CREATE DATABASE salons OWNER keeper").await.unwrap();
    run(&mut admin, "CREATE DATABASE others OWNER weak").await.unwrap();
    let (host, port) = server.address();
    let weak = migrate(&format!("postgres://weak:word@{host}:{port}/others")).await.unwrap_err();
    assert!(matches!(weak, OpenError::NoRole), "{weak:?}");
    migrate(&format!("postgres://keeper:word@{host}:{port}/salons")).await.unwrap();
    let without = PostgresStore::open(&format!("postgres://chatplug_app@{host}:{port}/salons"), how()).await;
    assert!(matches!(without, Err(OpenError::Unavailable { .. })), "{without:?}");
    run(&mut admin, "ALTER ROLE chatplug_app PASSWORD 'secret'").await.unwrap();
    PostgresStore::open(&format!("postgres://chatplug_app:secret@{host}:{port}/salons"), how()).await.unwrap();
    migrate(&format!("postgres://weak:word@{host}:{port}/others")).await.expect("the role is there now");
    admin.close().await.unwrap();
}

/// Whatever goes wrong, no error shows the password.
#[tokio::test]
async fn no_error_shows_the_password() {
    let database = TestDatabase::fresh().await;
    let place = database.admin_url().split_once('@').unwrap().1.to_owned();
    for url in [
        format!("postgres://nobody:hunter2@{place}"),
        "postgres://me:hunter2@127.0.0.1:1/salons".to_owned(),
        "postgres://me:hunter2@[::bad/salons".to_owned(),
        "postgres://me:hunter2@localhost:99999/salons".to_owned(),
        "postgres://me:hunter2@localhost".to_owned(),
        "postgres://me@localhost/salons?pasword=hunter2".to_owned(),
        "postgres://me:hunter2@localhost/salons?sslmode=hunter2".to_owned(),
    ] {
        for error in [PostgresStore::open(&url, how()).await.unwrap_err(), migrate(&url).await.unwrap_err()] {
            assert!(!whole(&error).contains("hunter2"), "{}", whole(&error));
            assert!(matches!(error, OpenError::Unavailable { .. } | OpenError::Url { .. }), "{error:?}");
        }
    }
    let store = PostgresStore::open(&database.url(), how()).await.unwrap();
    let password = database.url().split_once("://").unwrap().1.split(['@', ':']).nth(1).unwrap().to_owned();
    assert!(!format!("{store:?}").contains(&password));
}
