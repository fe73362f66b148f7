//! From keys to a [`Config`]: what is required, what may not be there twice, what must refer to something.

mod altegio;
mod base;
mod booking;
mod calcom;
mod openai;
mod provider;
mod shared;

use super::{
    ChannelConfig, Config, Credential, Environment, MetaApp, NotifyConfig, Place, Problem, Purpose, TenantConfig,
    collect, credential_name,
    document::{Node, Path},
    problem::suggestion,
    raw,
};
use chatplug_core::{
    model::{BranchId, IdError, Lang},
    ports::{TemplateDesk, TemplateState, TemplateStock},
    reply::Words,
};
use chatplug_openai::OpenAiConfig;
use secrecy::SecretString;
use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    fs, path,
};

/// Checks a tree. `None`, or any problem, means that it is no configuration.
pub(super) fn check(
    mut root: Node,
    beside: &path::Path,
    environment: &Environment,
    purpose: Purpose,
    problems: &mut Vec<Problem>,
) -> Option<Config> {
    // Names as written, before anything that does not fit is taken out: a reference to a faulty thing is no second fault.
    let written_apps = root.names("meta_app", "name");
    let written_altegio = root.names("altegio", "name");
    let written_calcom = root.names("calcom", "name");
    let written_openai = root.names("openai", "name");
    let written_shared = root.names("shared_number", "id");
    let written_tenants = root.names("tenant", "id");
    let read: raw::Root = collect::read(&mut root, &Path::default(), problems)?;
    let (inline_secrets, public) = (read.server.inline_secrets, read.server.public_url.is_some());
    let seen = HashMap::new();
    let connecting = purpose == Purpose::Connect;
    let mut check = Check {
        root,
        beside,
        environment,
        problems,
        inline_secrets,
        connecting,
        public,
        seen,
        written_apps,
        written_altegio,
        written_calcom,
        written_openai,
        calcom_nobody: nobody(&read.calcom),
        installing: read.altegio.iter().any(|account| account.application_id.is_some()),
        listens: false,
        written_shared,
    };
    let top = Path::default();
    let server = check.server(&read.server, &top.key("server"));
    let store = check.store(read.store, &top.key("store"));
    let master_keys = check.vault(read.vault, &top.key("vault"));
    let retention = check.retention(&read.retention, &top.key("retention"));
    let ready = Check::ready(&read.ready);
    let transcriber = match read.transcriber {
        Some(transcriber) => check.transcriber(transcriber, &top.key("transcriber")).map(Some),
        None => Some(None),
    };
    // One that is faulty is no second fault.
    check.listens = !matches!(transcriber, Some(None));
    let openai = collect_all(read.openai, |i, one| check.openai(one, &top.key("openai").index(i)));
    let meta_apps = collect_all(read.meta_app, |i, app| check.meta_app(app, &top.key("meta_app").index(i)));
    let twilio = match read.twilio {
        Some(twilio) => check.twilio_account(twilio, &top.key("twilio")).map(Some),
        None => Some(None),
    };
    let altegio = collect_all(read.altegio, |i, one| check.altegio_account(one, &top.key("altegio").index(i)));
    let calcom = collect_all(read.calcom, |i, one| check.calcom_account(one, &top.key("calcom").index(i)));
    if read.tenant.is_empty() && check.root.at(&top.key("tenant")).is_none() {
        check.wrong(&top, "there is no [[tenant]]: nobody to serve");
    }
    let tenants = collect_all(read.tenant, |i, tenant| check.tenant(tenant, &top.key("tenant").index(i)));
    let shared = check.shared_numbers(read.shared_number, tenants.as_deref(), &written_tenants);
    let tenants = tenants.zip(shared).map(|(tenants, shared)| tenants.into_iter().chain(shared).collect());
    Some(Config {
        server: server?,
        store: store?,
        master_keys: Some(master_keys?),
        retention,
        ready,
        transcriber: transcriber?,
        openai: openai?,
        meta_apps: meta_apps?,
        twilio: twilio?,
        altegio: altegio?,
        calcom: calcom?,
        tenants: tenants?,
    })
}

struct Check<'a> {
    root: Node,
    beside: &'a path::Path,
    environment: &'a Environment,
    problems: &'a mut Vec<Problem>,
    inline_secrets: bool,
    /// A tenant may have no channel yet.
    connecting: bool,
    /// How the world reaches the server is said.
    public: bool,
    /// What must be unique, by kind and value, with the place of the first.
    seen: HashMap<(&'static str, String), Place>,
    written_apps: Vec<String>,
    written_altegio: Vec<String>,
    written_calcom: Vec<String>,
    written_openai: Vec<String>,
    /// Accounts at Cal.com that name no user.
    calcom_nobody: Vec<String>,
    /// Salons of a marketplace become branches: a tenant may have none yet.
    installing: bool,
    /// Something writes voice messages down.
    listens: bool,
    written_shared: Vec<String>,
}

impl Check<'_> {
    fn transcriber(&mut self, told: raw::Transcriber, at: &Path) -> Option<OpenAiConfig> {
        let url = told.base_url.unwrap_or_else(|| chatplug_openai::DEFAULT_BASE_URL.to_owned());
        let url = self.web_address(&url, &at.key("base_url"));
        let model = self.required(told.model, at, "model");
        let key = match told.api_key {
            Some(secret) => self.secret(Some(secret), at, "api_key").map(Some),
            None => Some(None),
        };
        let mut config = OpenAiConfig::new(url?, model?);
        if let Some(key) = key? {
            config = config.with_api_key(key);
        }
        if let Some(seconds) = told.timeout {
            if !(1..=60).contains(&seconds) {
                return self.fail(&at.key("timeout"), "a voice message is waited for between 1 and 60 seconds");
            }
            config = config.with_timeout(std::time::Duration::from_secs(seconds.into()));
        }
        match config.check() {
            Ok(()) => Some(config),
            Err(error) => self.fail(at, &error.to_string()),
        }
    }

    fn meta_app(&mut self, app: raw::MetaApp, at: &Path) -> Option<MetaApp> {
        let name = self.required(app.name, at, "name");
        let name = name.filter(|name| self.unique("meta_app", name, &at.key("name"), "another [[meta_app]]"));
        let endpoint = app.endpoint.or_else(|| name.clone());
        let endpoint = endpoint.filter(|endpoint| {
            self.endpoint(endpoint, at)
                && self.unique("endpoint", endpoint, &at.key("endpoint"), "another [[meta_app]]")
        });
        let app_secret = self.secret(app.app_secret, at, "app_secret");
        let previous = match app.previous_app_secret {
            Some(secret) => self.secret(Some(secret), at, "previous_app_secret").map(Some),
            None => Some(None),
        };
        let verify_token = self.secret(app.verify_token, at, "verify_token");
        if app.app_id.as_ref().is_some_and(|id| id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit())) {
            self.wrong(&at.key("app_id"), "must be Meta's id of the app: digits only");
        }
        if let Some(version) = &app.graph_version {
            let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            let parts = version.strip_prefix('v').and_then(|rest| rest.split_once('.'));
            if !parts.is_some_and(|(major, minor)| digits(major) && digits(minor)) {
                self.wrong(&at.key("graph_version"), &format!("`{version}` is not a version such as `v25.0`"));
            }
        }
        let base_url = match &app.base_url {
            Some(url) => self.web_address(url, &at.key("base_url")).map(Some),
            None => Some(None),
        };
        let app_secrets = std::iter::once(app_secret?).chain(previous?).collect();
        Some(MetaApp {
            name: name?,
            app_id: app.app_id,
            endpoint: endpoint?,
            app_secrets,
            verify_token: verify_token?,
            graph_version: app.graph_version,
            base_url: base_url?,
        })
    }

    fn tenant(&mut self, tenant: raw::Tenant, at: &Path) -> Option<TenantConfig> {
        let id = self.id(tenant.id, at, "tenant", "another [[tenant]]");
        let name = self.required(tenant.name, at, "name");
        let texts = self.texts(tenant.texts, &at.key("texts"));
        let words = Words::shipped();
        if !words.speaks(tenant.policy.language) {
            let known: Vec<String> = words.languages().map(String::from).collect();
            let message = format!("`{}` is not spoken; known here: {}", tenant.policy.language, known.join(", "));
            self.wrong(&at.key("policy").key("language"), &message);
        }
        if tenant.transcribe && !self.listens {
            self.wrong(&at.key("transcribe"), "there is no [transcriber] to write voice messages down");
        }
        let notify = match tenant.notify {
            Some(notify) => self.notify(notify, &at.key("notify")).map(Some),
            None => Some(None),
        };
        // Ids of branches and channels need to be unique within the tenant only.
        self.seen.retain(|(kind, _), _| !matches!(*kind, "branch" | "channel" | "fact"));
        let llm = match tenant.llm {
            Some(llm) => self.llm(llm, &at.key("llm")).map(Some),
            None => Some(None),
        };
        let facts = self.facts(tenant.fact, tenant.policy.language, &at.key("fact"));
        let known: Vec<String> = tenant.branch.iter().filter_map(|branch| branch.id.clone()).collect();
        if !self.installing {
            self.not_empty(&tenant.branch, at, "branch");
        }
        if !self.connecting {
            self.not_empty(&tenant.channel, at, "channel");
        }
        let branches = collect_all(tenant.branch, |i, branch| self.branch(branch, &at.key("branch").index(i)));
        let channels =
            collect_all(tenant.channel, |i, channel| self.channel(channel, &known, &at.key("channel").index(i)));
        Some(TenantConfig {
            id: id?,
            name: name?,
            policy: tenant.policy,
            texts: texts?,
            branches: branches?,
            channels: channels?,
            seal: tenant.seal,
            transcribe: tenant.transcribe,
            llm: llm?,
            facts: facts?,
            notify: notify?,
            lobby: None,
        })
    }

    fn notify(&mut self, notify: raw::Notify, at: &Path) -> Option<NotifyConfig> {
        let url = self.required(notify.url, at, "url");
        let url = url.and_then(|url| self.web_address(&url, &at.key("url")));
        let secret = self.credential(notify.secret, at, "secret");
        Some(NotifyConfig { url: url?, secret: secret? })
    }

    /// A tenant's own wording: every message of it must be one that can be used.
    fn texts(&mut self, files: BTreeMap<Lang, path::PathBuf>, at: &Path) -> Option<Vec<(Lang, String)>> {
        let mut own = BTreeMap::new();
        let mut complete = true;
        for (lang, file) in &files {
            match self.file(file, &at.key(lang.code())) {
                Some(text) => drop(own.insert(*lang, text)),
                None => complete = false,
            }
        }
        let (_, wrong) = Words::with_own(&own);
        for problem in wrong {
            // The place ends with the line, where there is one; which file it is in is known here.
            let line = problem.place.rsplit(':').next().and_then(|line| line.parse().ok()).unwrap_or(0);
            let file = files.get(&problem.lang).map(|file| self.beside.join(file).display().to_string());
            let place = Place::File { file: file.unwrap_or_default(), line, column: 1 };
            let message = match problem.key.as_str() {
                "" => problem.what,
                key => format!("`{key}` {}", problem.what),
            };
            self.problems.push(Problem { place, message });
            complete = false;
        }
        complete.then(|| own.into_iter().collect())
    }

    fn channel(&mut self, mut channel: raw::Channel, branches: &[String], at: &Path) -> Option<ChannelConfig> {
        let id = self.id(channel.id.take(), at, "channel", "another channel of this tenant");
        let serves = channel.branches.take().unwrap_or_else(|| branches.to_vec());
        for (i, branch) in serves.iter().enumerate() {
            if !branches.contains(branch) {
                let hint = suggestion(branch, branches.iter().map(String::as_str));
                self.wrong(&at.key("branches").index(i), &format!("this tenant has no branch `{branch}`{hint}"));
            }
        }
        if serves.is_empty() && !branches.is_empty() {
            self.wrong(&at.key("branches"), "a channel needs at least one branch to book at");
        }
        let serves: Option<Vec<BranchId>> = serves.into_iter().map(|branch| BranchId::new(branch).ok()).collect();
        let templates = collect_all(std::mem::take(&mut channel.templates), |i, template| {
            self.template(template, &at.key("templates").index(i))
        });
        let template_prefix = channel.template_prefix.take().unwrap_or_else(|| TemplateDesk::PREFIX.to_owned());
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if template_prefix.is_empty() || template_prefix.len() > 100 || !template_prefix.bytes().all(fits) {
            self.wrong(&at.key("template_prefix"), "must be 1 to 100 of a-z, 0-9 and _, such as `bella_`");
        }
        let provider = self.provider(channel, at);
        Some(ChannelConfig { id: id?, branches: serves?, provider: provider?, templates: templates?, template_prefix })
    }

    fn template(&mut self, template: raw::Template, at: &Path) -> Option<TemplateStock> {
        let meaning = self.required(template.meaning, at, "meaning");
        let lang = self.required(template.lang, at, "lang");
        let name = self.required(template.name, at, "name");
        let locale = self.required(template.locale, at, "locale");
        let state = TemplateState::Approved;
        Some(TemplateStock { meaning: meaning?, lang: lang?, name: name?, locale: locale?, state })
    }

    fn id<T: std::str::FromStr<Err = IdError>>(
        &mut self,
        id: Option<String>,
        at: &Path,
        kind: &'static str,
        other: &str,
    ) -> Option<T> {
        let id = self.required(id, at, "id")?;
        let place = at.key("id");
        match id.parse() {
            Ok(parsed) => self.unique(kind, &id, &place, other).then_some(parsed),
            Err(error) => self.fail(&place, &error.to_string()),
        }
    }

    /// A value that must be there and not empty. What was taken out as faulty is not missing as well.
    fn required<T: Blank>(&mut self, value: Option<T>, at: &Path, key: &str) -> Option<T> {
        match value {
            Some(value) if value.is_blank() => self.fail(&at.key(key), &format!("`{key}` is empty")),
            Some(value) => Some(value),
            None => {
                let table = self.root.at(at).and_then(Node::table);
                if !table.is_some_and(|table| table.dropped.iter().any(|dropped| dropped == key)) {
                    self.wrong(at, &format!("`{key}` is missing here"));
                }
                None
            }
        }
    }

    fn not_empty<T>(&mut self, items: &[T], at: &Path, key: &str) {
        let place = at.key(key);
        let table = self.root.at(at).and_then(Node::table);
        let dropped = table.is_some_and(|table| table.dropped.iter().any(|dropped| dropped == key));
        if items.is_empty() && self.root.at(&place).is_none() && !dropped {
            self.wrong(at, &format!("this tenant has no [[tenant.{key}]]"));
        }
    }

    fn unique(&mut self, kind: &'static str, value: &str, at: &Path, other: &str) -> bool {
        let place = self.root.place(at);
        if let Some(first) = self.seen.get(&(kind, value.to_owned())) {
            let message = format!("`{value}` belongs to {other} already ({first})");
            self.wrong(at, &message);
            return false;
        }
        self.seen.insert((kind, value.to_owned()), place);
        true
    }

    /// The same for what must not be repeated.
    fn unique_secret(&mut self, kind: &'static str, value: &str, at: &Path, other: &str) -> bool {
        let place = self.root.place(at);
        match self.seen.entry((kind, value.to_owned())) {
            Entry::Occupied(first) => {
                let message = format!("is that of {other} already ({})", first.get());
                self.problems.push(Problem { place, message });
                false
            }
            Entry::Vacant(free) => {
                free.insert(place);
                true
            }
        }
    }

    /// A tenant's secret: like any, or one that is kept in the database.
    fn credential(&mut self, secret: Option<raw::Secret>, at: &Path, key: &str) -> Option<Credential> {
        match secret {
            Some(raw::Secret::Vault(name)) => match credential_name(&name) {
                Ok(()) => Some(Credential::Kept(name)),
                Err(wrong) => self.fail(&at.key(key), wrong),
            },
            secret => self.secret(secret, at, key).map(Credential::Given),
        }
    }

    fn secret(&mut self, secret: Option<raw::Secret>, at: &Path, key: &str) -> Option<SecretString> {
        let secret = self.required(secret, at, key)?;
        let place = at.key(key);
        let from_environment = matches!(self.root.place(&place), Place::Environment(_));
        let text = match secret {
            raw::Secret::Inline(text) if from_environment || self.inline_secrets => text,
            raw::Secret::Inline(_) => {
                let message = format!(
                    "a secret does not belong into this file: write {key} = {{ env = \"NAME\" }} or {{ file = \"PATH\" }} \
                     (or, to try things out, set inline_secrets = true under [server])"
                );
                return self.fail(&place, &message);
            }
            raw::Secret::Environment(name) => match self.environment.0.get(&name) {
                Some(text) => text.clone(),
                None => return self.fail(&place, &format!("the environment variable {name} is not set")),
            },
            raw::Secret::File(file) => self.file(&file, &place)?,
            raw::Secret::Vault(_) => {
                let message = format!(
                    "only secrets of one tenant are kept in the database: write {key} = {{ env = \"NAME\" }} or \
                     {{ file = \"PATH\" }}"
                );
                return self.fail(&place, &message);
            }
        };
        let text = text.trim();
        if text.is_empty() { self.fail(&place, "the secret is empty") } else { Some(text.to_owned().into()) }
    }

    fn web_address(&mut self, url: &str, at: &Path) -> Option<String> {
        let parsed = reqwest::Url::parse(url).ok();
        if parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            Some(url.trim_end_matches('/').to_owned())
        } else {
            self.fail(at, &format!("`{url}` is not an address that begins with https:// or http://"))
        }
    }

    fn file(&mut self, file: &path::Path, at: &Path) -> Option<String> {
        let file = self.beside.join(file);
        match fs::read_to_string(&file) {
            Ok(text) => Some(text),
            Err(error) => self.fail(at, &format!("{} cannot be read: {error}", file.display())),
        }
    }

    fn wrong(&mut self, at: &Path, message: &str) {
        self.problems.push(Problem { place: self.root.place(at), message: message.to_owned() });
    }

    fn fail<T>(&mut self, at: &Path, message: &str) -> Option<T> {
        self.wrong(at, message);
        None
    }
}

/// The accounts at Cal.com that name no user.
fn nobody(accounts: &[raw::Calcom]) -> Vec<String> {
    let nobody = |account: &&raw::Calcom| {
        account.api_key.is_none()
            && account.access_token.is_none()
            && account.client_id.is_none()
            && account.secret_key.is_none()
    };
    accounts.iter().filter(nobody).filter_map(|account| account.name.clone()).collect()
}

/// Checks all, even when some fail.
fn collect_all<T, U>(items: Vec<T>, mut check: impl FnMut(usize, T) -> Option<U>) -> Option<Vec<U>> {
    let checked: Vec<Option<U>> = items.into_iter().enumerate().map(|(i, item)| check(i, item)).collect();
    checked.into_iter().collect()
}

/// Whether a required value says nothing.
trait Blank {
    fn is_blank(&self) -> bool {
        false
    }
}

impl Blank for String {
    fn is_blank(&self) -> bool {
        self.trim().is_empty()
    }
}
impl Blank for u64 {}
impl Blank for raw::Secret {}
impl Blank for raw::Provider {}
impl Blank for Lang {}
impl Blank for raw::FactText {}
