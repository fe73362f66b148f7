#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod codec;
pub mod data_map;
#[cfg(feature = "sqlite")]
mod fair;
mod leaving;
mod opening;
#[cfg(feature = "sqlite")]
mod pace;
#[cfg(feature = "postgres")]
mod postgres;
mod records;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "testing")]
pub mod testing;
mod vault;

#[cfg(feature = "sqlite")]
use chatplug_core::vault::Vault;
pub use opening::OpenError;
#[cfg(feature = "postgres")]
pub use postgres::{Migrated, PostgresOptions, PostgresStore, migrate};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteOptions, SqliteStore};

/// Opens the store that a URL names: `sqlite:FILE`, `sqlite://FILE`, or the bare name of a file. It is made when it does
/// not exist, and brought up to date when it is older than the program. What it seals is sealed under a master key that
/// lies beside it ([`SqliteOptions::vault`]).
///
/// # Errors
/// [`OpenError`], by what to do about it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let store = chatplug_store::open(&format!("sqlite://{}", folder.path().join("chatplug.db").display())).await?;
/// store.close().await?;
/// # Ok(()) }
/// ```
#[cfg(feature = "sqlite")]
pub async fn open(url: &str) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(file_of(url)?).await
}

/// How a store is to be opened.
#[cfg(feature = "sqlite")]
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Wraps the keys that seal.
    pub vault: Vault,
}

/// Opens the store that a URL names, like [`open`], with a vault of one's own.
///
/// # Errors
/// [`OpenError`], by what to do about it.
#[cfg(feature = "sqlite")]
pub async fn open_with(url: &str, how: OpenOptions) -> Result<SqliteStore, OpenError> {
    let how = SqliteOptions { vault: Some(how.vault), ..SqliteOptions::default() };
    SqliteStore::open_with(file_of(url)?, how).await
}

/// The file that a URL names.
#[cfg(feature = "sqlite")]
fn file_of(url: &str) -> Result<&str, OpenError> {
    if let Some((scheme, _)) = url.split_once("://")
        && !scheme.eq_ignore_ascii_case("sqlite")
        && !scheme.eq_ignore_ascii_case("file")
    {
        return Err(OpenError::Unsupported { scheme: scheme.to_owned() });
    }
    let path = ["sqlite://", "file://", "sqlite:", "file:"].iter().find_map(|prefix| url.strip_prefix(prefix));
    Ok(path.unwrap_or(url))
}
