//! The real program: where it lies, and what it is told.

use chatplug::whatsapp::fake::meta::FakeMeta;
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

/// What seals in tests.
pub const MASTER_KEY: &str = "it:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// A business of a configuration.
pub struct Business {
    pub id: String,
    pub name: String,
    /// Meta's id of its number.
    pub number: String,
    /// Its branches, each with its calendar.
    pub branches: Vec<(String, String)>,
}

/// The program of this build.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let binary = folder.join("chatplug");
    assert!(binary.exists(), "{} is missing: cargo build -p chatplug-server --bin chatplug", binary.display());
    binary
}

/// Writes a configuration and the calendars that it names. Numbers that may send fast: a message that waits for its turn
/// when its process dies is in doubt for half a minute like one that was sent.
pub fn configure(folder: &Path, graph: &str, database: &str, log: &str, businesses: &[Business]) -> PathBuf {
    let (secret, verify, token) = (FakeMeta::APP_SECRET, FakeMeta::VERIFY_TOKEN, FakeMeta::TOKEN);
    let mut text = format!(
        "[server]\nbind = \"127.0.0.1:0\"\ninline_secrets = true\nlog = \"{log}\"\n\
         [store]\nurl = \"{database}\"\n[vault]\nmaster_keys = \"{MASTER_KEY}\"\n\
         [[meta_app]]\nname = \"app\"\napp_secret = \"{secret}\"\nverify_token = \"{verify}\"\nbase_url = \"{graph}\"\n"
    );
    for Business { id, name, number, branches } in businesses {
        let _ = writeln!(text, "[[tenant]]\nid = \"{id}\"\nname = \"{name}\"");
        for (branch, calendar) in branches {
            let file = format!("{id}-{branch}.toml");
            std::fs::write(folder.join(&file), calendar).unwrap();
            let _ = writeln!(text, "[[tenant.branch]]\nid = \"{branch}\"\ncalendar = \"{file}\"");
        }
        let _ = writeln!(
            text,
            "[[tenant.channel]]\nid = \"whatsapp\"\nprovider = \"meta\"\nphone_number_id = \"{number}\"\n\
             access_token = \"{token}\"\nmessages_per_second = 1000"
        );
    }
    let config = folder.join("chatplug.toml");
    std::fs::write(&config, text).unwrap();
    config
}
