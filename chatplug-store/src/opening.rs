//! Why a store could not be opened, for every database alike.

use chatplug_core::vault::{MasterKeysError, VaultError};
use std::{error::Error, path::PathBuf};

/// Why a store could not be opened, by what to do about it. Never shows a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL names a database that this build does not know.
    #[error(
        "databases of the kind \"{scheme}\" are not supported here; use sqlite://FILE or postgres://USER@HOST/DATABASE"
    )]
    Unsupported {
        /// The URL's scheme.
        scheme: String,
    },
    /// The URL cannot be read. What is wrong with it is said without quoting it.
    #[error("the database's URL cannot be used: {problem}")]
    Url {
        /// What is wrong.
        problem: String,
    },
    /// The URL names no file. What must survive a restart cannot live in memory.
    #[error("no file is named; use sqlite://FILE")]
    NoFile,
    /// A newer version of the program has used the database: open it with that one, or restore a backup.
    #[error("the database has schema {found}, this program knows schemas up to {known}: use the newer program")]
    Newer {
        /// Schema of the database.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// A version of the program before the first release has used the file: start afresh with another one.
    #[error("the database has schema {found}, of before the first release: start afresh with another file")]
    Outgrown {
        /// Schema of the file.
        found: i64,
    },
    /// The database is older than the program, and is brought up to date on purpose only.
    #[error("the database has schema {found}, this program needs {known}: run `chatplug migrate`")]
    Behind {
        /// Schema of the database; 0: none yet.
        found: i64,
        /// The schema that this program needs.
        known: i64,
    },
    /// A migration was begun and did not end: it runs right now, its process died, or it failed. Each is one
    /// transaction, so nothing of it is there until all of it is; running it again is safe.
    #[error("migration {version} was begun and is not finished: let it finish, or run `chatplug migrate` again")]
    HalfMigrated {
        /// Which.
        version: i64,
    },
    /// The database was migrated by other steps than this program's: it was built from other sources, or steps are missing.
    #[error("migration {version} of the database is not the one of this program: use the program that migrated it")]
    OtherMigration {
        /// Which.
        version: i64,
    },
    /// A migration failed. Nothing of it remains; remove the cause and run it again.
    #[error("migration {version} failed, and nothing of it remains")]
    Migration {
        /// Which.
        version: i64,
        /// What happened.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database server is too old.
    #[error("PostgreSQL {found} is too old: 15 or newer is needed")]
    ServerTooOld {
        /// Its version.
        found: i64,
    },
    /// The role could read every tenant's rows, whatever the policies say.
    #[error(
        "the role \"{role}\" {power}, so row-level security would not hold it: connect as a role that has nothing but \
         the rights of \"chatplug_app\" (GRANT chatplug_app TO …)"
    )]
    PowerfulRole {
        /// Which role.
        role: String,
        /// What it can do.
        power: String,
    },
    /// The role may not use the tables.
    #[error("the role \"{role}\" has no rights here: GRANT chatplug_app TO it")]
    NoRights {
        /// Which role.
        role: String,
    },
    /// The role `chatplug_app` does not exist, and whoever migrates may not make it.
    #[error("the role \"chatplug_app\" is missing: as an administrator, CREATE ROLE chatplug_app")]
    NoRole,
    /// The file of wrapped keys that belongs to the database is not beside it: restore `<database>.keys` from its backup.
    /// Without it what is sealed cannot be opened, and nobody can be found.
    #[error("the keys that belong to the database are not beside it: restore the file {}", path.display())]
    KeysMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// There are wrapped keys, and the master key that they need is neither given nor beside the database.
    #[error("the keys of the database need a master key: give it, or restore the file {}", path.display())]
    MasterKeyMissing {
        /// Where it would be.
        path: PathBuf,
    },
    /// The file of master keys beside the database holds something else.
    #[error("the file {} holds no master keys", path.display())]
    MasterKeys {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: MasterKeysError,
    },
    /// The master keys that were given do not open the keys of the database.
    #[error("the master keys do not open the keys of the database")]
    Vault {
        /// Why.
        #[source]
        source: VaultError,
    },
    /// It is a database, but not one of ours.
    #[error("the database is another program's")]
    Foreign,
    /// It cannot be opened, read or written.
    #[error("the database cannot be opened")]
    Unavailable {
        /// What happened.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}
