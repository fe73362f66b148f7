//! What holds for the whole program: server, store, vault, retention, readiness.

use super::{
    super::{DEFAULT_BIND, DEFAULT_LOG, DEFAULT_POOL, DEFAULT_STORE, ReadyConfig, ServerConfig, StoreConfig, raw},
    Check, Path,
};
use chatplug_core::{ports::Retention, vault::MasterKeys};
use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use std::{net::SocketAddr, time::Duration};

/// Providers deliver a message again for up to seven days: by its mail it is recognised.
const LEAST_MAIL_DAYS: u32 = 8;

/// How to make a master key, for whoever has none.
const NO_MASTER_KEY: &str = "there is no master key, and without one nothing can be sealed. Make one, kept where the \
    database is not:\n\n    chatplug key generate --file master.keys\n\nthen name it in this file:\n\n    [vault]\n    \
    master_keys = { file = \"master.keys\" }\n\n(or put what `chatplug key generate` prints into an environment variable, \
    and write master_keys = { env = \"NAME\" })";

impl Check<'_> {
    pub(super) fn server(&mut self, server: &raw::Server, at: &Path) -> Option<ServerConfig> {
        let bind = self.address(server.bind.as_deref().unwrap_or(DEFAULT_BIND), &at.key("bind"));
        let work_bind = match &server.work_bind {
            Some(bind) => self.address(bind, &at.key("work_bind")).map(Some),
            None => Some(None),
        };
        let public_url = match &server.public_url {
            Some(url) => self.web_address(url, &at.key("public_url")).map(Some),
            None => Some(None),
        };
        let log = server.log.clone().unwrap_or_else(|| DEFAULT_LOG.to_owned());
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&log) {
            self.wrong(&at.key("log"), &format!("`{log}` is not a log filter such as `info`: {error}"));
        }
        if server.workers == Some(0) {
            self.wrong(&at.key("workers"), "at least one worker is needed");
        }
        if server.answer_within.is_some_and(|seconds| !(10..=3600).contains(&seconds)) {
            self.wrong(&at.key("answer_within"), "must be 10 to 3600 seconds");
        }
        let answer_within = server.answer_within.map(|seconds| Duration::from_secs(seconds.into()));
        let (log_format, workers) = (server.log_format, server.workers);
        let (bind, work_bind, public_url) = (bind?, work_bind?, public_url?);
        Some(ServerConfig { bind, work_bind, public_url, log, log_format, workers, answer_within })
    }

    fn address(&mut self, text: &str, at: &Path) -> Option<SocketAddr> {
        let wrong = || format!("`{text}` is not an address and port such as {DEFAULT_BIND}");
        text.parse().ok().or_else(|| self.fail(at, &wrong()))
    }

    pub(super) fn store(&mut self, store: raw::Store, at: &Path) -> Option<StoreConfig> {
        let pool = store.pool.unwrap_or(DEFAULT_POOL);
        if !(1..=1000).contains(&pool) {
            self.wrong(&at.key("pool"), "must be 1 to 1000 connections");
        }
        let admin_url = match store.admin_url {
            Some(url) => self.database(Some(url), at, "admin_url").map(Some),
            None => Some(None),
        };
        let url = match store.url {
            Some(url) => self.database(Some(url), at, "url"),
            None => Some(DEFAULT_STORE.to_owned().into()),
        };
        if let (Some(Some(admin)), Some(url)) = (&admin_url, &url)
            && (!is_postgres(admin.expose_secret()) || !is_postgres(url.expose_secret()))
        {
            self.wrong(
                &at.key("admin_url"),
                "only PostgreSQL has an owner to migrate as: write a postgres:// URL in both, or leave this out",
            );
        }
        Some(StoreConfig { url: url?, pool, admin_url: admin_url? })
    }

    /// A database's URL: plain, unless it holds a password.
    fn database(&mut self, url: Option<raw::Secret>, at: &Path, key: &str) -> Option<SecretString> {
        let place = at.key(key);
        let url: SecretString = match url {
            Some(raw::Secret::Inline(url)) if !has_password(&url) => url.into(),
            url => self.secret(url, at, key)?,
        };
        let text = url.expose_secret();
        let file = text.strip_prefix("sqlite:").map(|file| file.trim_start_matches('/'));
        let fine = match file {
            Some(file) => !file.is_empty(),
            None => is_postgres(text) && reqwest::Url::parse(text).is_ok(),
        };
        if fine {
            return Some(url);
        }
        // Of a URL that cannot be read nothing is shown but its scheme: there may be a password in it.
        let scheme = text.split(':').next().filter(|scheme| scheme.len() < text.len()).unwrap_or_default();
        let known = format!("write a URL such as `{DEFAULT_STORE}` or `postgres://chatplug@localhost/chatplug`");
        match scheme {
            "sqlite" => self.fail(&place, &format!("no file is named: {known}")),
            "postgres" | "postgresql" => self.fail(&place, &format!("this PostgreSQL URL cannot be read: {known}")),
            scheme => self.fail(&place, &format!("`{scheme}` is no store: {known}")),
        }
    }

    pub(super) fn vault(&mut self, vault: raw::Vault, at: &Path) -> Option<MasterKeys> {
        let place = at.key("master_keys");
        let Some(secret) = vault.master_keys else {
            let dropped = self.root.at(at).and_then(super::Node::table);
            let reported = dropped.is_some_and(|table| table.dropped.iter().any(|key| key == "master_keys"));
            if !reported {
                self.wrong(at, NO_MASTER_KEY);
            }
            return None;
        };
        let Some(text) = self.secret(Some(secret), at, "master_keys") else {
            if let Some(problem) = self.problems.last_mut() {
                problem.message.push_str("; `chatplug key generate` makes a master key");
            }
            return None;
        };
        match text.expose_secret().parse() {
            Ok(keys) => Some(keys),
            Err(error) => self.fail(&place, &format!("{error}")),
        }
    }

    pub(super) fn retention(&mut self, retention: &raw::Retention, at: &Path) -> Retention {
        let mut kept = Retention::default();
        let mut days = |key: &str, given: Option<u32>, least: u32, kept: &mut TimeDelta| {
            let Some(given) = given else { return };
            if (least..=36_500).contains(&given) {
                *kept = TimeDelta::days(given.into());
            } else {
                let why = if least == LEAST_MAIL_DAYS { ": a message may come again for seven days" } else { "" };
                self.wrong(&at.key(key), &format!("must be {least} to 36500 days{why}"));
            }
        };
        days("mail", retention.mail, LEAST_MAIL_DAYS, &mut kept.mail);
        days("outbox", retention.outbox, 1, &mut kept.outbox);
        days("turns", retention.turns, 1, &mut kept.turns);
        days("notices", retention.notices, 1, &mut kept.notices);
        days("messages", retention.messages, 1, &mut kept.messages);
        days("bookings", retention.bookings, 1, &mut kept.bookings);
        kept
    }

    pub(super) fn ready(ready: &raw::Ready) -> ReadyConfig {
        let usual = ReadyConfig::default();
        let seconds = |given: Option<u32>, usual| given.map_or(usual, |seconds| Duration::from_secs(seconds.into()));
        ReadyConfig {
            mail_age: seconds(ready.mail_age, usual.mail_age),
            outbox_age: seconds(ready.outbox_age, usual.outbox_age),
            overdue: ready.overdue.map_or(usual.overdue, u64::from),
        }
    }
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Whether a text may hold a password: only what can be read as a URL without one is certain not to.
fn has_password(url: &str) -> bool {
    if !is_postgres(url) {
        return false;
    }
    match reqwest::Url::parse(url) {
        Ok(url) => url.password().is_some() || url.query_pairs().any(|(key, _)| key == "password"),
        Err(_) => true,
    }
}
