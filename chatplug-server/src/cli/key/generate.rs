//! `chatplug key generate`: a new master key, printed or put first into a file.

use super::{Failure, GenerateArgs, ask};
use anyhow::Context as _;
use chatplug_core::{
    ports::Clock as _,
    vault::{KeyId, MasterKeys},
};
use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Makes one.
pub(super) fn run(args: &GenerateArgs) -> Result<(), Failure> {
    let name = match &args.name {
        Some(name) => name.clone(),
        None => today()?,
    };
    let key = MasterKeys::generate(&name).context("the machine gives no randomness")?;
    match &args.file {
        None => {
            println!("{}", *key);
            if io::stdout().is_terminal() {
                eprintln!(
                    "\nKeep it where the database is not, and a copy where neither is: without it nothing that was sealed can\n\
                     be read. With `--file FILE` it goes into a file that only you may read."
                );
            }
        }
        Some(file) => {
            let older = put_first(file, &name, &key)?;
            eprintln!("master key \"{name}\" is in {}", file.display());
            if older == 0 {
                eprintln!(
                    "\nName it in the configuration:\n\n    [vault]\n    master_keys = {{ file = \"{}\" }}\n\nKeep a copy of it \
                     where neither the database nor its backups are: without it nothing that was sealed\ncan be read.",
                    file.display()
                );
            } else {
                eprintln!(
                    "\nIt is the current one now. Start every process again, then move tenants' keys to it:\n\n    \
                     chatplug key rotate --config FILE\n\nKeep the older ones until that says that they can be taken away."
                );
            }
        }
    }
    Ok(())
}

/// A name that sorts by age.
fn today() -> Result<KeyId, Failure> {
    let name = ask::CLOCK.now().format("%Y-%m-%d").to_string();
    Ok(name.parse().context("today's date is no name")?)
}

/// Puts a key before those of a file, in one step; how many there were.
fn put_first(file: &Path, name: &KeyId, key: &str) -> Result<usize, Failure> {
    let before = match fs::read_to_string(file) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => Zeroizing::default(),
        Err(error) => return Err(Failure::usage(format!("error: {} cannot be read: {error}", file.display()))),
    };
    let older = if before.trim().is_empty() {
        0
    } else {
        let keys: MasterKeys = before
            .parse()
            .map_err(|wrong| Failure::usage(format!("error: {} holds no master keys: {wrong}", file.display())))?;
        if keys.names().any(|known| known == name) {
            return Err(Failure::usage(format!(
                "error: {} has a key \"{name}\" already: give the new one another name, as in `chatplug key generate {name}b`",
                file.display()
            )));
        }
        keys.names().count()
    };
    let unwritable = |error: io::Error| Failure::usage(format!("error: {} cannot be written: {error}", file.display()));
    // Beside it and then in its place: a crash leaves the old file or the new one, never half of one.
    let beside = beside(file);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut fresh = options.open(&beside).map_err(unwritable)?;
    let separator = if older == 0 { "" } else { "\n" };
    let written = fresh
        .write_all(format!("{key}\n{}{separator}", before.trim()).as_bytes())
        .and_then(|()| fresh.sync_all())
        .and_then(|()| fs::rename(&beside, file));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written.map_err(unwritable)?;
    Ok(older)
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    name.into()
}
