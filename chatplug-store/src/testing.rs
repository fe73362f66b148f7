//! Feature `testing`: PostgreSQL for tests, with nothing to set up. Outside semver.
//!
//! Without `DATABASE_URL` the server is the machine's own (Debian: package `postgresql`), in a temporary folder: the
//! first test process starts it, all that run at the same time or soon after share it, and it ends by itself seconds after
//! the last of them is gone, however that ended. Under root it runs as somebody else. With `DATABASE_URL`, the URL of a
//! superuser, that server is used. Either way each test has a database of its own, copied from a migrated one in a
//! fraction of a second and dropped with the value, and two roles: one owns it, the other is what the program is to run as.
//!
//! Everything here panics when it fails, and says why: a test that cannot have its database fails.
#![expect(clippy::panic, reason = "a test that cannot have its database fails by panicking")]

mod proxy;
mod server;

use crate::{
    OpenError,
    postgres::migrate::{self, CLOSE_DATABASE, migrate_by},
};
use server::{Address, Own, Shared, random};
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use std::{
    fmt,
    path::PathBuf,
    str::FromStr as _,
    sync::{Arc, OnceLock},
};

pub use crate::postgres::migrate::Migration;
pub use proxy::{Trouble, TroubledWire};

/// Owns the databases of tests.
const OWNER: &str = "chatplug_test_owner";
/// What a test's store connects as.
const APP: &str = "chatplug_test_app";
/// Whoever makes roles or the template holds this advisory lock.
const TURN: i64 = 0x7465_7374;

/// A PostgreSQL server for tests. Clones are the same server.
#[derive(Clone)]
pub struct TestPostgres {
    /// URL of a superuser, without a database.
    admin: Arc<Url>,
    own: Option<Arc<std::sync::Mutex<Own>>>,
}

/// A database for one test, dropped with the value.
pub struct TestDatabase {
    server: TestPostgres,
    name: String,
}

impl TestPostgres {
    /// The server that all tests share.
    pub async fn shared() -> Self {
        static FOUND: OnceLock<Result<TestPostgres, TestError>> = OnceLock::new();
        let found = tokio::task::spawn_blocking(|| {
            FOUND.get_or_init(|| {
                if let Some(url) = std::env::var_os("DATABASE_URL") {
                    let url = url.into_string().map_err(|_| TestError::Url)?;
                    return Ok(Self { admin: Arc::new(Url::parse(&url)?), own: None });
                }
                static HELD: OnceLock<Shared> = OnceLock::new();
                let shared = Shared::find()?;
                let admin = Arc::new(Url::of(&shared.address));
                let _ = HELD.set(shared);
                Ok(Self { admin, own: None })
            })
        });
        match found.await {
            Ok(Ok(server)) => server.clone(),
            Ok(Err(error)) => panic!("{error}"),
            Err(error) => panic!("{error}"),
        }
    }

    /// A server of the test's own, which it may kill; started from the machine's own PostgreSQL always. `settings` are
    /// lines of its configuration, such as `max_connections=20`.
    #[must_use]
    pub fn own(settings: &[&str]) -> Self {
        let own = Own::start(settings).unwrap_or_else(|error| panic!("{error}"));
        Self { admin: Arc::new(Url::of(&own.address)), own: Some(Arc::new(std::sync::Mutex::new(own))) }
    }

    /// Ends an own server like a crash: what was answered is in its log, nothing was put in order.
    pub fn crash(&self) {
        self.with_own(|own| own.end("QUIT"));
    }

    /// Ends an own server in good order; connections are cut.
    pub fn stop(&self) {
        self.with_own(|own| own.end("INT"));
    }

    /// Starts an own server again where it was.
    pub fn start(&self) {
        self.with_own(|own| own.again().unwrap_or_else(|error| panic!("{error}")));
    }

    /// From its next start on, no file of an own server may grow beyond so many bytes: to the server that is a full disk.
    /// Not below 16 MiB, the size of a piece of its log.
    pub fn limit_files(&self, largest: Option<u64>) {
        self.with_own(|own| own.limit_files(largest));
    }

    /// The folder of an own server: its `data`, and its `log`.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.with_own(|own| own.folder().to_owned())
    }

    /// Where it listens: host and port.
    #[must_use]
    pub fn address(&self) -> (String, u16) {
        let options = self.admin.options("postgres");
        (options.get_host().to_owned(), options.get_port())
    }

    /// A connection as superuser to a database of this server.
    pub async fn admin(&self, database: &str) -> PgConnection {
        connect(&self.admin.options(database)).await
    }

    /// A database with the program's schema.
    pub async fn database(&self) -> TestDatabase {
        let mut admin = self.admin("postgres").await;
        let template = self.template(&mut admin).await;
        let database = self.create(&mut admin, Some(&template)).await;
        close(admin).await;
        database
    }

    /// A database with nothing in it, owned by the role that migrates.
    pub async fn empty_database(&self) -> TestDatabase {
        let mut admin = self.admin("postgres").await;
        self.roles(&mut admin).await;
        let database = self.create(&mut admin, None).await;
        close(admin).await;
        database
    }

    fn with_own<T>(&self, act: impl FnOnce(&mut Own) -> T) -> T {
        let Some(own) = &self.own else { panic!("the shared server is not this test's to touch: TestPostgres::own()") };
        act(&mut own.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    async fn create(&self, admin: &mut PgConnection, template: Option<&str>) -> TestDatabase {
        let name = format!("chatplug_test_{:016x}", random().unwrap_or_else(|error| panic!("{error}")));
        let template = template.unwrap_or("template0");
        run(admin, &format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}")).await;
        let database = TestDatabase { server: self.clone(), name };
        if template != "template0" {
            // Rights on a database are not copied with it.
            let mut owner = connect(&self.admin.options(&database.name)).await;
            run(&mut owner, CLOSE_DATABASE).await;
            close(owner).await;
        }
        database
    }

    /// The migrated database that others are copied from; made by whoever comes first.
    async fn template(&self, admin: &mut PgConnection) -> String {
        let steps = migrate::known().iter().flat_map(Migration::checksum);
        let name = format!("chatplug_template_{}", hex(&Sha256::digest(steps.collect::<Vec<u8>>())));
        if exists(admin, &name).await {
            return name;
        }
        self.roles(admin).await;
        run(admin, &format!("SELECT pg_advisory_lock({TURN})")).await;
        if !exists(admin, &name).await {
            run(admin, &format!("DROP DATABASE IF EXISTS {name}_new")).await;
            run(admin, &format!("CREATE DATABASE {name}_new TEMPLATE template0 OWNER {OWNER}")).await;
            let url = self.admin.with(OWNER, &self.password(OWNER), &format!("{name}_new"));
            if let Err(error) = migrate_by(&url, migrate::known()).await {
                panic!("the schema cannot be made: {}", whole(&error));
            }
            run(admin, &format!("ALTER DATABASE {name}_new RENAME TO {name}")).await;
        }
        run(admin, &format!("SELECT pg_advisory_unlock({TURN})")).await;
        name
    }

    /// The roles: one that owns, one that the program is to run as. Neither may more than it needs.
    async fn roles(&self, admin: &mut PgConnection) {
        run(admin, &format!("SELECT pg_advisory_lock({TURN})")).await;
        let missing = |role: &str, how: String| {
            format!("DO $$ BEGIN IF to_regrole('{role}') IS NULL THEN CREATE ROLE {role} {how}; END IF; END $$")
        };
        run(admin, &missing("chatplug_app", "LOGIN".to_owned())).await;
        run(admin, &missing(OWNER, format!("LOGIN PASSWORD '{}'", self.password(OWNER)))).await;
        let app = format!("LOGIN PASSWORD '{}' IN ROLE chatplug_app", self.password(APP));
        run(admin, &missing(APP, app)).await;
        run(admin, &format!("SELECT pg_advisory_unlock({TURN})")).await;
    }

    /// The same for every process that knows the superuser's.
    fn password(&self, role: &str) -> String {
        hex(&Sha256::digest(format!("{role} {}", self.admin.whole)))
    }
}

impl TestDatabase {
    /// One of the shared server, with the program's schema.
    pub async fn fresh() -> Self {
        TestPostgres::shared().await.database().await
    }

    /// Its URL for the role that the program is to run as.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.admin.with(APP, &self.server.password(APP), &self.name)
    }

    /// Its URL for the role that owns it and migrates it.
    #[must_use]
    pub fn owner_url(&self) -> String {
        self.server.admin.with(OWNER, &self.server.password(OWNER), &self.name)
    }

    /// Its URL for the superuser.
    #[must_use]
    pub fn admin_url(&self) -> String {
        let options = self.server.admin.options(&self.name);
        self.server.admin.with(options.get_username(), &self.server.admin.password, &self.name)
    }

    /// The same URL, with another port of this machine in front of it: a proxy's.
    #[must_use]
    pub fn url_through(&self, port: u16) -> String {
        let (host, real) = self.server.address();
        self.url().replacen(&format!("@{host}:{real}/"), &format!("@127.0.0.1:{port}/"), 1)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its server.
    #[must_use]
    pub const fn server(&self) -> &TestPostgres {
        &self.server
    }

    /// A connection as the program has it, with no tenant set.
    pub async fn app(&self) -> PgConnection {
        connect(&self.server.admin.login(APP, &self.server.password(APP), &self.name)).await
    }

    /// A connection as superuser, who sees everything.
    pub async fn admin(&self) -> PgConnection {
        self.server.admin(&self.name).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), std::mem::take(&mut self.name));
        // A runtime of its own: this may run inside another one, or while that ends.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                // A server that the test has killed needs no tidying.
                if let Ok(mut admin) = server.admin.options("postgres").connect().await {
                    // It waits for every session of the server to take note, also for one whose client is this very
                    // thread; then it stays, until the server goes.
                    let drop = format!("SET statement_timeout = 3000; DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                    for sql in drop.split("; ") {
                        let _ = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await;
                    }
                    let _ = admin.close().await;
                }
            });
            Ok::<_, std::io::Error>(())
        });
        let _ = dropped.join();
    }
}

impl fmt::Debug for TestPostgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TestPostgres{:?}", self.address())
    }
}

impl fmt::Debug for TestDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TestDatabase({} of {:?})", self.name, self.server)
    }
}

/// Migrates with other steps than the program's.
///
/// # Errors
/// As [`crate::migrate`].
pub async fn migrate_with(url: &str, steps: &[Migration]) -> Result<crate::Migrated, OpenError> {
    migrate_by(url, steps).await
}

/// Why there is no server for tests.
#[derive(Debug, thiserror::Error)]
enum TestError {
    #[error(
        "no PostgreSQL is installed: install the package `postgresql` (15 or newer), or set DATABASE_URL to a superuser's URL"
    )]
    NoServer,
    #[error(
        "PostgreSQL refuses to run as root, and nobody else can be found to run it (users postgres, nobody; program setpriv)"
    )]
    OnlyRoot,
    #[error("the folder {folder:?} is somebody else's")]
    Folder { folder: PathBuf },
    #[error("the PostgreSQL server for tests does not start:\n{log}")]
    Start { log: String },
    #[error("DATABASE_URL is not postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
    Url,
    #[error("the PostgreSQL server for tests cannot be used: {0}")]
    Io(#[from] std::io::Error),
}

/// A superuser's URL, taken apart.
struct Url {
    whole: String,
    password: String,
    /// `HOST:PORT`.
    place: String,
    /// With the question mark.
    query: String,
    options: PgConnectOptions,
}

impl Url {
    fn of(address: &Address) -> Self {
        let url = format!("postgres://postgres:{}@127.0.0.1:{}/postgres", address.password, address.port);
        Self::parse(&url).unwrap_or_else(|error| panic!("{error}"))
    }

    fn parse(url: &str) -> Result<Self, TestError> {
        let options = PgConnectOptions::from_str(url).map_err(|_| TestError::Url)?.disable_statement_logging();
        let (_, rest) = url.split_once("://").ok_or(TestError::Url)?;
        let (rest, query) =
            rest.split_once('?').map_or((rest, String::new()), |(rest, query)| (rest, format!("?{query}")));
        let place = rest.split('/').next().unwrap_or(rest);
        let (user, place) = place.rsplit_once('@').unwrap_or(("", place));
        let password = user.split_once(':').map_or("", |(_, password)| password).to_owned();
        Ok(Self { whole: url.to_owned(), password, place: place.to_owned(), query, options })
    }

    fn with(&self, user: &str, password: &str, database: &str) -> String {
        if self.place.is_empty() {
            // A socket: there is no host for a name to stand before; what comes last counts.
            let query = if self.query.is_empty() { "?" } else { &format!("{}&", self.query) };
            return format!("postgres:///{database}{query}user={user}&password={password}");
        }
        format!("postgres://{user}:{password}@{}/{database}{}", self.place, self.query)
    }

    fn options(&self, database: &str) -> PgConnectOptions {
        self.options.clone().database(database)
    }

    fn login(&self, user: &str, password: &str, database: &str) -> PgConnectOptions {
        self.options(database).username(user).password(password)
    }
}

async fn connect(options: &PgConnectOptions) -> PgConnection {
    options.connect().await.unwrap_or_else(|error| panic!("the PostgreSQL server for tests cannot be reached: {error}"))
}

async fn close(connection: PgConnection) {
    let _ = connection.close().await;
}

async fn run(connection: &mut PgConnection, sql: &str) {
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await {
        panic!("{error}\n{sql}");
    }
}

async fn exists(admin: &mut PgConnection, database: &str) -> bool {
    let found = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)").bind(database);
    found.fetch_one(admin).await.unwrap_or_else(|error| panic!("{error}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut at = error.source();
    while let Some(source) = at {
        text = format!("{text}: {source}");
        at = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_test_has_a_database_of_its_own() {
        let (one, other) = (TestDatabase::fresh().await, TestDatabase::fresh().await);
        assert_ne!(one.name(), other.name());
        run(&mut one.admin().await, "CREATE TABLE public.only_here (a int)").await;
        let there: Option<String> = sqlx::query_scalar("SELECT to_regclass('public.only_here')::text")
            .fetch_one(&mut other.admin().await)
            .await
            .unwrap();
        assert_eq!(there, None);
        let name = one.name().to_owned();
        drop(one);
        assert!(!exists(&mut other.admin().await, &name).await, "and it goes with the value");
    }

    #[tokio::test]
    async fn the_program_s_role_may_nothing_but_use_it() {
        let database = TestDatabase::fresh().await;
        let mut app = database.app().await;
        for sql in ["CREATE TABLE t (a int)", "CREATE TEMPORARY TABLE t (a int)", "CREATE SCHEMA s", "CREATE ROLE r"] {
            let refused = sqlx::raw_sql(sql).execute(&mut app).await;
            let code =
                refused.unwrap_err().as_database_error().and_then(|error| error.code().map(|code| code.to_string()));
            assert_eq!(code.as_deref(), Some("42501"), "{sql}");
        }
    }

    #[tokio::test]
    async fn an_own_server_can_be_killed_and_started_again() {
        let server = TestPostgres::own(&[]);
        let database = server.empty_database().await;
        run(&mut database.admin().await, "CREATE TABLE public.kept (a int)").await;
        server.crash();
        assert!(database.server.admin.options("postgres").connect().await.is_err());
        server.start();
        run(&mut database.admin().await, "INSERT INTO public.kept VALUES (1)").await;
        let folder = server.folder();
        drop((server, database));
        assert!(!folder.exists(), "nothing is left of it");
    }

    #[test]
    fn urls_are_taken_apart_and_put_together() {
        let url = Url::parse("postgres://root:s3cret@db.example:6432/postgres?sslmode=disable").unwrap();
        assert_eq!(url.with("app", "word", "salon"), "postgres://app:word@db.example:6432/salon?sslmode=disable");
        assert_eq!(url.password, "s3cret");
        let local = Url::parse("postgres:///postgres?host=/run/postgresql&user=me").unwrap();
        let app = "postgres:///salon?host=/run/postgresql&user=me&user=app&password=word";
        assert_eq!(local.with("app", "word", "salon"), app);
    }
}
