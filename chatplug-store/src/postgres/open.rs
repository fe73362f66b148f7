//! Opening: which database, as whom, and whether it may be used.

use super::{
    listen::Listener,
    migrate::{self, Migration, Standing},
    pool::Connections,
};
use crate::OpenError;
use chatplug_core::vault::Vault;
use sqlx::{
    ConnectOptions as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgDatabaseError},
};
use std::{str::FromStr as _, time::Duration};

/// What a URL may say after the question mark. The rest is refused: a mistyped `password` must not end up in a log.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
];

/// Powers that let a role past the policies, or give it such powers: its own, and those of every role that it can become.
/// With `app` left out: it is what a member of it may be.
const POWERS: &str = "WITH me AS ( \
    SELECT r.* FROM pg_catalog.pg_roles AS r WHERE r.rolname IN (session_user, current_user) \
        OR pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER') \
) SELECT session_user::text AS role, \
    (SELECT bool_or(rolsuper) FROM me) AS superuser, \
    (SELECT bool_or(rolbypassrls) FROM me) AS bypasses, \
    (SELECT bool_or(rolcreaterole) FROM me) AS makes_roles, \
    (SELECT bool_or(rolreplication) FROM me) AS replicates, \
    EXISTS (SELECT FROM me WHERE rolname IN \
        ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')) AS reads_files, \
    EXISTS (SELECT FROM pg_catalog.pg_database AS d JOIN me ON me.oid = d.datdba \
        WHERE d.datname = current_database()) AS owns_database, \
    EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN me ON me.oid = c.relowner \
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
        WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema') \
    OR EXISTS (SELECT FROM pg_catalog.pg_proc AS p JOIN me ON me.oid = p.proowner) AS owns_tables, \
    EXISTS (SELECT FROM me WHERE rolname = 'chatplug_app') AS is_app";

/// How a database is to be used.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Wraps the keys of tenants.
    pub vault: Vault,
    /// Connections at most, besides the one that listens. Default: 10. All processes together must stay below the server's
    /// `max_connections`.
    pub connections: u32,
    /// How long a call waits for a connection, a new one or one that others let go of. Default: 5 seconds.
    pub connect_timeout: Duration,
    /// How long a statement may take; the call gives up a second later even when nothing is heard. Default: 10 seconds.
    pub statement_timeout: Duration,
    /// What the server's administrator sees. Default: `chatplug`.
    pub application_name: String,
    /// After so long without a word from the server the connection that listens is given up. Default: 5 seconds.
    pub silence: Duration,
}

impl PostgresOptions {
    /// The defaults.
    #[must_use]
    pub fn new(vault: Vault) -> Self {
        Self {
            vault,
            connections: 10,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            application_name: "chatplug".to_owned(),
            silence: Duration::from_secs(5),
        }
    }
}

/// What an opened database is used through.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connections: Connections,
    pub(super) listener: Listener,
}

/// Opens a database for use: checks the server, the schema and the role, and starts to listen.
pub(super) async fn open(url: &str, how: &PostgresOptions) -> Result<Opened, OpenError> {
    open_by(url, how, migrate::known()).await
}

pub(super) async fn open_by(url: &str, how: &PostgresOptions, steps: &[Migration]) -> Result<Opened, OpenError> {
    let options = Target::parse(url)?.session(how);
    let checked = async {
        let mut connection = options.connect().await?;
        check(&mut connection, steps).await?;
        Ok::<_, OpenError>(connection)
    };
    let checked = tokio::time::timeout(how.connect_timeout.saturating_add(how.statement_timeout), checked).await;
    let connection = checked.map_err(|late| OpenError::Unavailable { source: Box::new(late) })??;
    let connections = Connections::new(options.clone(), how);
    connections.add(connection);
    let listener = Listener::start(options, connections.clone(), how);
    Ok(Opened { connections, listener })
}

/// Where a URL leads, and as whom. Has no `Debug`: it holds the password.
#[derive(Clone)]
pub(crate) struct Target {
    options: PgConnectOptions,
}

impl Target {
    /// Reads a URL.
    pub(crate) fn parse(url: &str) -> Result<Self, OpenError> {
        let problem = |problem: &str| OpenError::Url { problem: problem.to_owned() };
        if let Some((_, query)) = url.split_once('?') {
            let names = query.split('&').map(|pair| pair.split('=').next().unwrap_or(pair));
            if names.into_iter().any(|name| !PARAMETERS.contains(&name)) {
                return Err(problem(&format!("after the question mark only {} are known", PARAMETERS.join(", "))));
            }
        }
        // The parser's words may quote the URL.
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| problem("it is not postgres://USER:PASSWORD@HOST:PORT/DATABASE"))?;
        if options.get_database().is_none() {
            return Err(problem("it names no database"));
        }
        // Statements are logged by whoever runs them, without values.
        Ok(Self { options: options.disable_statement_logging() })
    }

    /// A connection with nothing set.
    pub(crate) async fn plain(&self) -> Result<PgConnection, OpenError> {
        Ok(self.options.clone().options([("search_path", "public")]).connect().await?)
    }

    /// How connections for use are made. A server that does not hear of us gives up soon: what we hold there, others wait
    /// for.
    fn session(&self, how: &PostgresOptions) -> PgConnectOptions {
        let statement = how.statement_timeout.as_millis().to_string();
        let silence = how.silence.as_millis().to_string();
        let seconds = how.silence.as_secs().max(1).to_string();
        let settings = [
            ("search_path", "public,pg_temp"),
            ("statement_timeout", statement.as_str()),
            ("idle_in_transaction_session_timeout", statement.as_str()),
            ("client_connection_check_interval", silence.as_str()),
            ("tcp_user_timeout", silence.as_str()),
            ("tcp_keepalives_idle", seconds.as_str()),
            ("tcp_keepalives_interval", seconds.as_str()),
            ("tcp_keepalives_count", "2"),
        ];
        self.options.clone().application_name(&how.application_name).options(settings)
    }
}

async fn check(connection: &mut PgConnection, steps: &[Migration]) -> Result<(), OpenError> {
    migrate::check_server(connection).await?;
    let powers = sqlx::query(POWERS).fetch_one(&mut *connection).await?;
    let role: String = powers.try_get("role")?;
    for (column, power) in [
        ("superuser", "is a superuser"),
        ("bypasses", "bypasses row-level security"),
        ("makes_roles", "can make roles"),
        ("replicates", "can copy the whole database"),
        ("reads_files", "can read or write the server's files"),
        ("owns_database", "owns the database"),
        ("owns_tables", "owns tables or functions"),
    ] {
        if powers.try_get::<Option<bool>, _>(column)?.unwrap_or(false) {
            return Err(OpenError::PowerfulRole { role, power: power.to_owned() });
        }
    }
    let known = steps.last().map_or(0, |step| step.version);
    let standing = match migrate::standing(connection, steps).await {
        Ok(standing) => standing,
        Err(OpenError::Unavailable { source }) => match code_of(source.as_ref()).as_deref() {
            Some("42P01") => Standing::default(),
            Some("42501") => return Err(OpenError::NoRights { role }),
            _ => return Err(OpenError::Unavailable { source }),
        },
        Err(other) => return Err(other),
    };
    match standing {
        Standing { unfinished: Some(version), .. } => Err(OpenError::HalfMigrated { version }),
        Standing { at, .. } if at < known => Err(OpenError::Behind { found: at, known }),
        Standing { .. } if !powers.try_get("is_app")? => Err(OpenError::NoRights { role }),
        Standing { .. } => Ok(()),
    }
}

fn code_of(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<String> {
    let database = error.downcast_ref::<sqlx::Error>()?.as_database_error()?;
    database.try_downcast_ref::<PgDatabaseError>().map(|error| error.code().to_owned())
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable { source: Box::new(error) }
    }
}
