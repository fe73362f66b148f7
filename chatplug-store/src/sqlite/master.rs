//! The master key of whoever gave none: a file beside the database, readable by its owner only, made once and never
//! overwritten.

use crate::OpenError;
use chatplug_core::vault::{MasterKeys, Vault};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};
use zeroize::Zeroizing;

/// The name of the key that is made. An operator may write others before it, and rotate to them.
const NAME: &str = "local";

/// The vault of the master keys that lie beside a database; one is made when there is none and nothing needs one yet.
pub(super) fn beside(database: &Path, needed: bool) -> Result<Vault, OpenError> {
    let path = path_of(database);
    let unavailable = |error: io::Error| OpenError::Unavailable { source: Box::new(error) };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unavailable(error)),
        Err(_) if needed => return Err(OpenError::MasterKeyMissing { path }),
        Err(_) => {
            make(&path)?;
            fs::read_to_string(&path).map_err(unavailable)?
        }
    };
    let text = Zeroizing::new(text);
    let keys: MasterKeys = text.parse().map_err(|source| OpenError::MasterKeys { path, source })?;
    Ok(Vault::new(Arc::new(keys)))
}

fn path_of(database: &Path) -> PathBuf {
    with_suffix(database, ".master-key")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Writes a new key under another name first: whoever finds the file finds it whole, and who comes second overwrites
/// nothing.
fn make(path: &Path) -> Result<(), OpenError> {
    let name = NAME.parse().map_err(|source| OpenError::MasterKeys { path: path.to_owned(), source })?;
    let key = MasterKeys::generate(&name).map_err(|source| OpenError::Vault { source })?;
    let new = with_suffix(path, &format!(".{}", uuid::Uuid::now_v7().simple()));
    let made = write(&new, key.as_bytes()).and_then(|()| match fs::hard_link(&new, path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Not every file system has links.
        Err(_) => write(path, key.as_bytes()),
    });
    let gone = fs::remove_file(&new);
    made.and(gone).and_then(|()| sync_folder(path)).map_err(|error| OpenError::Unavailable { source: Box::new(error) })
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut how = OpenOptions::new();
    how.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut how, 0o600);
    let mut file = how.open(path)?;
    file.write_all(bytes)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// The name of a new file is on the disk when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
