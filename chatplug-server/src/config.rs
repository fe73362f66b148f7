//! The configuration: one TOML file, laid over by `CHATPLUG__…` variables, checked as a whole.
//!
//! [`load`] answers a [`Config`] in which every reference holds and every secret is in hand, or everything that is wrong.
//! The keys are documented in `config.sample.toml`, which a test reads. Opening databases and sockets is not done here.

mod check;
mod collect;
mod document;
mod problem;
mod raw;

pub use document::ENV_PREFIX;
pub use problem::{Place, Problem, Problems};

use chatplug_calendar::Plan;
use chatplug_core::{
    model::{BranchId, ChannelId, Lang, Policy, TenantId},
    ports::TemplateStock,
};
use secrecy::SecretString;
use serde::Deserialize;
use std::{collections::BTreeMap, net::SocketAddr, path::Path};

/// Where the server listens, unless configured.
pub const DEFAULT_BIND: &str = "127.0.0.1:8080";

/// Where conversations are kept, unless configured.
pub const DEFAULT_STORE: &str = "sqlite:chatplug.sqlite";

/// What is logged, unless configured.
pub const DEFAULT_LOG: &str = "info";

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[server]`.
    pub server: ServerConfig,
    /// `[store]`: where conversations are kept, as a URL.
    pub store_url: String,
    /// `[[meta_app]]`.
    pub meta_apps: Vec<MetaApp>,
    /// `[[tenant]]`, never empty.
    pub tenants: Vec<TenantConfig>,
}

/// How the server runs.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Address and port to listen on.
    pub bind: SocketAddr,
    /// How the world reaches the server, without a slash at the end.
    pub public_url: Option<String>,
    /// What to log, in the syntax of `RUST_LOG`.
    pub log: String,
    /// How to write logs.
    pub log_format: LogFormat,
    /// Workers that run conversations; `None`: as many as suit the machine.
    pub workers: Option<usize>,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// A Meta app: one webhook endpoint for all its numbers.
#[derive(Debug, Clone)]
pub struct MetaApp {
    /// What channels call it.
    pub name: String,
    /// Last part of its webhook's address: `/webhooks/meta/<endpoint>`.
    pub endpoint: String,
    /// Keys that its webhooks may be signed with: the current one, and the previous one while it is being changed.
    pub app_secrets: Vec<SecretString>,
    /// The word that Meta repeats when the webhook is set up.
    pub verify_token: SecretString,
    /// Version of the Graph API to call.
    pub graph_version: Option<String>,
    /// Another host than Meta's.
    pub base_url: Option<String>,
}

/// A business.
#[derive(Debug, Clone)]
pub struct TenantConfig {
    /// Its id.
    pub id: TenantId,
    /// Its name, as clients know it.
    pub name: String,
    /// Its rules.
    pub policy: Policy,
    /// Its own wording: language and Fluent text.
    pub texts: Vec<(Lang, String)>,
    /// Its branches, in the order to show them; never empty.
    pub branches: Vec<BranchConfig>,
    /// Its numbers; never empty.
    pub channels: Vec<ChannelConfig>,
}

/// A place of a business.
#[derive(Debug, Clone)]
pub struct BranchConfig {
    /// Its id.
    pub id: BranchId,
    /// Its calendar, checked.
    pub plan: Plan,
}

/// A number of a business.
#[derive(Debug, Clone)]
pub struct ChannelConfig {
    /// Its id.
    pub id: ChannelId,
    /// Branches that may be booked through it; never empty.
    pub branches: Vec<BranchId>,
    /// Its provider.
    pub provider: ProviderConfig,
    /// Templates approved for it.
    pub templates: Vec<TemplateStock>,
}

/// A provider and what it needs to know.
#[derive(Debug, Clone)]
pub enum ProviderConfig {
    /// Meta's Cloud API.
    Meta {
        /// Name of the [`MetaApp`].
        app: String,
        /// Meta's id of the number.
        phone_number_id: String,
        /// The WhatsApp Business Account.
        waba_id: Option<String>,
        /// What may send from the number.
        access_token: SecretString,
    },
    /// The browser page at `/demo`: for demonstrations, open to whoever reaches the server.
    Simulator,
}

/// The process's environment, read once.
#[derive(Debug, Clone, Default)]
pub struct Environment(pub BTreeMap<String, String>);

impl Environment {
    /// That of this process. Variables that are not UTF-8 are left out.
    #[must_use]
    pub fn of_process() -> Self {
        Self(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect())
    }
}

/// Reads and checks a configuration file. Files that it names are looked for beside it.
///
/// # Errors
/// Everything that is wrong at once, in order of place.
pub fn load(file: &Path, environment: &Environment) -> Result<Config, Problems> {
    let name = file.display().to_string();
    let text = match std::fs::read(file).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return Err(whole(&name, "is not UTF-8 text".to_owned())),
        Err(error) => return Err(whole(&name, format!("cannot be read: {error}"))),
    };
    let beside = file.parent().unwrap_or_else(|| Path::new("."));
    parse(&name, &text, beside, environment)
}

/// Checks a configuration given as text; `name` stands for it in problems, files that it names are looked for in `beside`.
///
/// # Errors
/// As [`load`].
pub fn parse(name: &str, text: &str, beside: &Path, environment: &Environment) -> Result<Config, Problems> {
    let (mut root, mut problems) = document::Node::parse(name, text);
    problems.extend(root.overlay(&environment.0));
    let config = check::check(root, beside, environment, &mut problems);
    problems.sort();
    problems.dedup();
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(Problems(problems)),
    }
}

fn whole(file: &str, message: String) -> Problems {
    Problems(vec![Problem { place: Place::File { file: file.to_owned(), line: 0, column: 0 }, message }])
}
