//! The configuration: one TOML file, laid over by `CHATPLUG__…` variables, checked as a whole.
//!
//! [`load`] answers a [`Config`] in which every reference holds and every secret is in hand, or everything that is wrong.
//! The keys are documented in `config.sample.toml`, which a test reads. Opening databases and sockets is not done here.

mod altegio;
mod branch;
mod calcom;
mod check;
mod collect;
mod document;
mod openai;
mod problem;
mod raw;

pub use altegio::{AltegioAccount, AltegioPlace};
pub use branch::{BookingConfig, BranchConfig};
pub use calcom::{CalcomAccount, CalcomEmail, CalcomEventType, CalcomPlace, CalcomStaff, CalcomUser};
pub use document::ENV_PREFIX;
pub use openai::{LlmConfig, OpenAiEndpoint};
pub(crate) use problem::suggestion;
pub use problem::{Place, Problem, Problems};

use chatplug_core::{
    lobby::Lobby,
    model::{BranchId, ChannelId, Fact, Lang, Policy, TenantId},
    ports::{Retention, TemplateStock},
    vault::MasterKeys,
};
use chatplug_openai::OpenAiConfig;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use std::{collections::BTreeMap, net::SocketAddr, path::Path, time::Duration};

/// Where the server listens, unless configured.
pub const DEFAULT_BIND: &str = "127.0.0.1:8080";

/// Where conversations are kept, unless configured.
pub const DEFAULT_STORE: &str = "sqlite:chatplug.sqlite";

/// Connections to PostgreSQL, unless configured.
pub const DEFAULT_POOL: u32 = 16;

/// Messages a second from one number, unless configured: what Meta grants every number (20 when the number is used in the
/// WhatsApp Business app as well, 1000 after Meta's upgrade), and Twilio every sender (400 on request).
pub const DEFAULT_MESSAGES_PER_SECOND: u32 = 80;

/// What is logged, unless configured.
pub const DEFAULT_LOG: &str = "info";

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[server]`.
    pub server: ServerConfig,
    /// `[store]`.
    pub store: StoreConfig,
    /// `[vault]`: what tenants' keys are wrapped under. `None`, which no file leads to: the key lies in a file beside the
    /// database, for trying things out.
    pub master_keys: Option<MasterKeys>,
    /// `[retention]`.
    pub retention: Retention,
    /// `[ready]`.
    pub ready: ReadyConfig,
    /// `[transcriber]`: what writes voice messages down, for the tenants that want it.
    pub transcriber: Option<OpenAiConfig>,
    /// `[[openai]]`: models that may be asked what a message means.
    pub openai: Vec<OpenAiEndpoint>,
    /// `[[meta_app]]`.
    pub meta_apps: Vec<MetaApp>,
    /// `[twilio]`: whose subaccounts are made.
    pub twilio: Option<TwilioAccount>,
    /// `[[altegio]]`.
    pub altegio: Vec<AltegioAccount>,
    /// `[[calcom]]`.
    pub calcom: Vec<CalcomAccount>,
    /// `[[tenant]]`, never empty; and behind them a [lobby](TenantConfig::lobby) for each `[[shared_number]]`.
    pub tenants: Vec<TenantConfig>,
}

/// How the server runs.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Address and port to listen on.
    pub bind: SocketAddr,
    /// Where `chatplug work` answers for its health; `None`: nowhere.
    pub work_bind: Option<SocketAddr>,
    /// How the world reaches the server, without a slash at the end.
    pub public_url: Option<String>,
    /// What to log, in the syntax of `RUST_LOG`.
    pub log: String,
    /// How to write logs.
    pub log_format: LogFormat,
    /// Workers that run conversations; `None`: as many as suit the machine. Eight times as many messages may be with the
    /// providers.
    pub workers: Option<usize>,
    /// A client who waits longer for an outcome is attended to; `None`: as long as the engine thinks right.
    pub answer_within: Option<Duration>,
}

impl ServerConfig {
    /// Nothing but an address.
    #[must_use]
    pub fn at(bind: SocketAddr) -> Self {
        let log = DEFAULT_LOG.to_owned();
        let log_format = LogFormat::Text;
        Self { bind, work_bind: None, public_url: None, log, log_format, workers: None, answer_within: None }
    }
}

/// Where conversations are kept.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `sqlite:FILE` or `postgres://…`; may hold a password.
    pub url: SecretString,
    /// Connections that a process keeps to PostgreSQL.
    pub pool: u32,
    /// The owner's way in, for `chatplug migrate` only; PostgreSQL.
    pub admin_url: Option<SecretString>,
}

impl StoreConfig {
    /// A store at a URL.
    #[must_use]
    pub fn at(url: impl Into<SecretString>) -> Self {
        Self { url: url.into(), pool: DEFAULT_POOL, admin_url: None }
    }

    /// Whether several processes may work on it.
    #[must_use]
    pub fn takes_several(&self) -> bool {
        self.url.expose_secret().starts_with("postgres")
    }

    /// The URL without what must not be shown.
    #[must_use]
    pub fn shown(&self) -> String {
        without_password(self.url.expose_secret())
    }
}

/// A URL as it may be shown: user and password are left out, and parameters.
#[must_use]
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| scheme.starts_with("postgres")) else {
        return url.to_owned();
    };
    let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
    // A password may hold an `@` of its own: the last one ends it.
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    format!("{scheme}://{rest}")
}

/// From when on `/readyz` says that a process that works is not well; zero: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadyConfig {
    /// Age of the oldest mail that waits for its turn.
    pub mail_age: Duration,
    /// Age of the oldest message that waits to be sent.
    pub outbox_age: Duration,
    /// How many clients wait for too long.
    pub overdue: u64,
}

impl Default for ReadyConfig {
    /// 2 minutes, 15 minutes, 100 clients: a queue that grows, not a busy moment.
    fn default() -> Self {
        Self { mail_age: Duration::from_secs(120), outbox_age: Duration::from_secs(900), overdue: 100 }
    }
}

/// A secret of one tenant.
#[derive(Debug, Clone)]
pub enum Credential {
    /// In hand.
    Given(SecretString),
    /// Kept in the database under this name.
    Kept(String),
}

/// Whether a credential may be called so: 1 to 64 characters of `a-z`, `0-9`, `-`, `_` and `.`.
///
/// # Errors
/// What it must be, to be told.
pub fn credential_name(name: &str) -> Result<(), &'static str> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    match (1..=64).contains(&name.len()) && name.chars().all(fits) {
        true => Ok(()),
        false => Err("a credential's name has 1 to 64 characters of a-z, 0-9, -, _ and ."),
    }
}

/// Who tells the team.
#[derive(Debug, Clone)]
pub struct NotifyConfig {
    /// Where notices are posted to.
    pub url: String,
    /// What they are signed with.
    pub secret: Credential,
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
    /// Meta's id of it, for `chatplug tenant connect`.
    pub app_id: Option<String>,
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

impl MetaApp {
    /// The webhook's address, given how the world reaches the server.
    #[must_use]
    pub fn webhook_url(&self, outside: &str) -> String {
        format!("{outside}/webhooks/meta/{}", self.endpoint)
    }
}

/// A main account at Twilio, in which `chatplug tenant connect` makes subaccounts.
#[derive(Debug, Clone)]
pub struct TwilioAccount {
    /// Its SID.
    pub account_sid: String,
    /// Its auth token.
    pub auth_token: SecretString,
    /// Another host than Twilio's.
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
    /// Its branches, in the order to show them; never empty, but of a lobby, and where salons of a marketplace may become
    /// branches.
    pub branches: Vec<BranchConfig>,
    /// Its numbers; never empty, but where it is read to connect the first one.
    pub channels: Vec<ChannelConfig>,
    /// Names, numbers and texts of its clients are sealed at rest.
    pub seal: bool,
    /// Its clients' voice messages are sent to the transcriber and written down.
    pub transcribe: bool,
    /// `[tenant.llm]`: the model that is asked when the offline engine is unsure; `None`: none is.
    pub llm: Option<LlmConfig>,
    /// `[[tenant.fact]]`: what it says about itself.
    pub facts: Vec<Fact>,
    /// Where its team hears of what needs a person; `None`: in the log alone.
    pub notify: Option<NotifyConfig>,
    /// `Some`: no business, but the lobby of a number that several share.
    pub lobby: Option<Lobby>,
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
    /// Templates approved for it, as a person wrote them down; where there are any, the provider is not asked.
    pub templates: Vec<TemplateStock>,
    /// What the names of its templates begin with at the provider.
    pub template_prefix: String,
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
        access_token: Credential,
        /// What may be sent from the number, by all processes together.
        messages_per_second: u32,
    },
    /// Twilio's WhatsApp API.
    Twilio(Box<TwilioChannel>),
    /// A number that several businesses share.
    Shared {
        /// Id of its lobby among the tenants.
        number: TenantId,
    },
    /// The browser page at `/demo`: for demonstrations, open to whoever reaches the server.
    Simulator,
}

/// A WhatsApp sender at Twilio.
#[derive(Debug, Clone)]
pub struct TwilioChannel {
    /// Last part of the webhook's address: `/webhooks/twilio/<endpoint>`. Any number of channels may share one.
    pub endpoint: String,
    /// The account that owns the sender.
    pub account_sid: String,
    /// What the account's webhooks are signed with, and what calls are made with where there is no API key.
    pub auth_token: Credential,
    /// Taken as well while the token is being changed.
    pub previous_auth_token: Option<Credential>,
    /// An API key to call with: its SID and its secret.
    pub api_key: Option<(String, Credential)>,
    /// A key of Twilio's webhook configuration: its id and its secret.
    pub shared_key: Option<(String, Credential)>,
    /// The sender's number.
    pub number: String,
    /// The messaging service to send through.
    pub messaging_service: Option<String>,
    /// Another host than Twilio's three.
    pub base_url: Option<String>,
    /// What may be sent from the number, by all processes together.
    pub messages_per_second: u32,
}

impl TwilioChannel {
    /// The webhook's address, given how the world reaches the server.
    #[must_use]
    pub fn webhook_url(&self, outside: &str) -> String {
        format!("{outside}/webhooks/twilio/{}", self.endpoint)
    }

    /// Every credential that it names.
    pub fn credentials(&self) -> impl Iterator<Item = &Credential> {
        let keys = [&self.api_key, &self.shared_key].into_iter().flatten().map(|(_, secret)| secret);
        [Some(&self.auth_token), self.previous_auth_token.as_ref()].into_iter().flatten().chain(keys)
    }
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
    read(file, environment, Purpose::Serve)
}

fn read(file: &Path, environment: &Environment, purpose: Purpose) -> Result<Config, Problems> {
    let name = file.display().to_string();
    let text = match std::fs::read(file).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return Err(whole(&name, "is not UTF-8 text".to_owned())),
        Err(error) => return Err(whole(&name, format!("cannot be read: {error}"))),
    };
    let beside = file.parent().unwrap_or_else(|| Path::new("."));
    parse_for(&name, &text, beside, environment, purpose)
}

/// What a configuration is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Serve,
    /// To connect numbers.
    Connect,
}

/// The same for connecting numbers: a tenant may have no channel yet.
///
/// # Errors
/// As [`load`].
pub fn load_to_connect(file: &Path, environment: &Environment) -> Result<Config, Problems> {
    read(file, environment, Purpose::Connect)
}

/// Checks a configuration given as text; `name` stands for it in problems, files that it names are looked for in `beside`.
///
/// # Errors
/// As [`load`].
pub fn parse(name: &str, text: &str, beside: &Path, environment: &Environment) -> Result<Config, Problems> {
    parse_for(name, text, beside, environment, Purpose::Serve)
}

fn parse_for(
    name: &str,
    text: &str,
    beside: &Path,
    environment: &Environment,
    purpose: Purpose,
) -> Result<Config, Problems> {
    let (mut root, mut problems) = document::Node::parse(name, text);
    problems.extend(root.overlay(&environment.0));
    let config = check::check(root, beside, environment, purpose, &mut problems);
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
