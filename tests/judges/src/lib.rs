//! Judges that others made, between our adapters and our fakes: Prism with the providers' own descriptions, and clients
//! and servers that others wrote. `tests/judges/install.sh` puts them in `target/judges`; where they are missing, tests say
//! so. With `CHATPLUG_JUDGES` set they must be there: that is how CI runs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod aimock;
mod contracts;
mod prism;

pub use aimock::Aimock;
pub use contracts::contract;
pub use prism::{Objection, Prism};

use serde_json::Value;
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::process::Command;

/// The folder of the judges, or `None` with one line said when they are not on this machine.
///
/// # Panics
/// When they must be there and are not.
#[must_use]
pub fn installed() -> Option<PathBuf> {
    let told = std::env::var_os("CHATPLUG_JUDGES").map(PathBuf::from);
    let must = told.is_some();
    let folder = told.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/judges"));
    let judges = ["node_modules/.bin/prism", "node_modules/.bin/llmock", "venv/bin/python"];
    let there = judges.iter().all(|judge| folder.join(judge).exists());
    assert!(there || !must, "{} has no judges: run tests/judges/install.sh", folder.display());
    if !there {
        println!("the judges are not on this machine (tests/judges/install.sh): this test is skipped");
    }
    there.then_some(folder)
}

/// Runs a judge written in Python with a JSON value on its standard input. It fails by raising, and tells JSON.
///
/// # Panics
/// When it fails, with what it complained of.
pub async fn ask(judges: &Path, script: &Path, given: &Value) -> Value {
    // A file: pipes fill up while nobody reads.
    let mut input = tempfile::tempfile().unwrap();
    input.write_all(given.to_string().as_bytes()).unwrap();
    std::io::Seek::rewind(&mut input).unwrap();
    let output = Command::new(judges.join("venv/bin/python"))
        .arg(script)
        .stdin(Stdio::from(input))
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let (told, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}:\n{told}\n{complaint}", script.display());
    serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}"))
}

fn http_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}
