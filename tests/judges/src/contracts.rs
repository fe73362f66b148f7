//! Where the providers' contracts are, when they are there at all.

use serde_json::Value;
use std::path::{Path, PathBuf};

/// A file of the contracts, or `None` with one line said when this machine does not have them.
///
/// # Panics
/// When they are there, and the file is not among them or is no JSON.
#[must_use]
pub fn contract(path: &str) -> Option<Value> {
    let file = folder()?.join(path);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Some(serde_json::from_str(&text).unwrap())
}

/// `shared/contracts` beside the checkout or above it.
#[expect(clippy::disallowed_methods, reason = "a test may be told where the contracts are")]
fn folder() -> Option<PathBuf> {
    let told = std::env::var("CHATPLUG_SHARED").ok().map(|shared| Path::new(&shared).join("contracts"));
    let above = || {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        here.ancestors().map(|folder| folder.join("shared/contracts")).find(|folder| folder.is_dir())
    };
    let found = told.filter(|folder| folder.is_dir()).or_else(above);
    if found.is_none() {
        println!("the contracts are not on this machine (set CHATPLUG_SHARED): this test is skipped");
    }
    found
}
