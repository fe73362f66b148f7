//! What stands between a branch at Cal.com and its clients: live checks, each with what to do.
//!
//! Only reads. What Cal.com calls its screens is told as its web application calls them (2026).

use crate::{
    CalcomBackend, CalcomClient, CalcomLeftOut, CallError, DEFAULT_BASE_URL,
    hooks::{CalcomHooks, HookError},
    wire::shop::EventType,
};
use chatplug_core::{
    checkup::{Checked, Verdict},
    model::{Catalog, ClientField, DateRange, SlotQuery, StaffChoice},
    ports::{BackendError, BookingBackend},
};
use chrono::{DateTime, Days, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use std::fmt;

mod advice;
mod reach;

/// Days in which something should be free.
const AHEAD: u64 = 14;
/// Services whose times are looked at.
const MOST_SERVICES: usize = 6;
/// Event types that are listed.
const MOST_LISTED: usize = 40;

/// Which of the servers in the field it is, as far as it can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerKind {
    /// Cal.com's own.
    Cloud,
    /// A server of one's own, of 2025.
    Images2025,
    /// A server of one's own, of 2026.
    Community2026,
    /// A server of one's own.
    Own,
}

/// What was found at a branch. `Display` says what it is; see [`todo`](Self::todo).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CalcomFinding {
    /// The server answers.
    Server {
        /// Its host.
        host: String,
        /// Which it is.
        kind: ServerKind,
    },
    /// It takes the credential.
    Account {
        /// Whose it is.
        username: String,
        /// The zone of that user's settings.
        zone: String,
    },
    /// The credential is a platform's.
    Platform,
    /// This can be booked.
    Offers {
        /// Services.
        services: usize,
        /// People.
        staff: usize,
        /// Event types with their numbers, those that are hidden marked.
        event_types: Vec<(i64, String, bool)>,
    },
    /// Changes are told here.
    WebhookSet {
        /// Addresses of others beside.
        others: usize,
    },
    /// The user's zone is not that of the branch.
    ZoneDiffers {
        /// The user's.
        there: String,
        /// The branch's.
        here: Tz,
    },
    /// Event types that a chat does not offer.
    LeftOut(Vec<(u64, String, CalcomLeftOut)>),
    /// Clients are asked for an address in spite of the rule that they are not.
    EmailDemanded(Vec<String>),
    /// Services that have no time in the next two weeks, while others have.
    SomeWithoutTimes(Vec<String>),
    /// Another server of this kind is told, too.
    WebhookToo(Vec<String>),
    /// Addresses of this server stand there that it does not answer any more.
    WebhookOutdated(usize),
    /// Event types that tell what the user's webhook tells.
    WebhookDoubled(Vec<u64>),
    /// The credential is not that server's.
    CredentialRefused,
    /// It was, until it expired.
    CredentialExpired,
    /// The server takes no API keys without a licence.
    LicenceMissing,
    /// The user may not see what the branch is.
    OutOfReach(String),
    /// What answers is not the API.
    WrongAddress {
        /// What is configured.
        base_url: String,
        /// Where the API answers, where that was found.
        try_this: Option<String>,
    },
    /// The version header does not arrive.
    OtherVersion,
    /// The server does not have a call that is needed.
    TooOld,
    /// There is nothing to book.
    NothingOffered {
        /// Event types that are hidden.
        hidden: usize,
    },
    /// The configuration names event types that are not there.
    NamedUnknown(Vec<u64>),
    /// Nothing is free in the next two weeks.
    NoTimes,
    /// Nothing is told here.
    WebhookMissing {
        /// How many there are of how many that should be.
        listed: usize,
        /// How many there should be.
        wanted: usize,
    },
    /// Another server of this kind is told instead.
    WebhookElsewhere(Vec<String>),
    /// The address is there, and switched off.
    WebhookSilent,
    /// It is told without our secret, so that what it tells is refused.
    WebhookUnsigned,
    /// It is told in a form of its own, which is not understood.
    WebhookTemplated,
    /// Not everything that is needed is told here.
    WebhookLacks(Vec<String>),
    /// There is no secret to derive the webhook's address from.
    NoWebhookSecret,
    /// It is not configured how the world reaches this server.
    NoPublicAddress,
    /// The webhooks cannot be read with this credential, or over this API.
    WebhookByHand,
    /// Something could not be looked at.
    NotAsked {
        /// What.
        what: &'static str,
        /// Why not.
        why: String,
    },
}

impl CalcomFinding {
    /// As what it is told.
    #[must_use]
    pub fn checked(&self) -> Checked {
        Checked { code: self.code(), verdict: self.verdict(), what: self.to_string(), todo: self.todo() }
    }

    /// What it means that the webhooks could not be read or written.
    #[must_use]
    pub fn of_hooks(error: &HookError) -> Self {
        const HOOKS: &str = "the webhooks";
        match error {
            HookError::Call(CallError::Unauthorized(_) | CallError::NoSuchCall | CallError::NotFound(_))
            | HookError::Hidden => Self::WebhookByHand,
            HookError::Call(error) => Self::of_call(HOOKS, error),
            HookError::Unknown(lacking) => Self::WebhookLacks(lacking.clone()),
            HookError::NoEventTypes => Self::NothingOffered { hidden: 0 },
        }
    }

    /// What it means that something could not be read.
    #[must_use]
    pub fn of_call(what: &'static str, error: &CallError) -> Self {
        match error {
            CallError::Unauthorized(refusal) => reach::refused(refusal),
            CallError::OtherVersion => Self::OtherVersion,
            CallError::NoSuchCall => Self::TooOld,
            error => Self::NotAsked { what, why: reach::chain(error) },
        }
    }

    /// How bad it is.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Server { .. }
            | Self::Account { .. }
            | Self::Platform
            | Self::Offers { .. }
            | Self::WebhookSet { .. } => Verdict::Fine,
            Self::ZoneDiffers { .. }
            | Self::LeftOut(_)
            | Self::EmailDemanded(_)
            | Self::SomeWithoutTimes(_)
            | Self::WebhookToo(_)
            | Self::WebhookOutdated(_)
            | Self::WebhookDoubled(_)
            | Self::NoWebhookSecret => Verdict::Note,
            Self::NotAsked { .. } | Self::WebhookByHand => Verdict::Unknown,
            _ => Verdict::Wrong,
        }
    }
}

impl fmt::Display for CalcomFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&advice::what(self))
    }
}

/// Where changes should be told.
#[derive(Debug, Clone)]
enum Hooks {
    At(Box<CalcomHooks>),
    NoSecret,
    NoAddress,
}

/// Looks at one branch.
#[derive(Debug, Clone)]
pub struct CalcomCheckup {
    backend: CalcomBackend,
    hooks: Hooks,
}

impl CalcomCheckup {
    /// A branch as its credential sees it. There is no secret for webhooks, unless told.
    #[must_use]
    pub const fn new(backend: CalcomBackend) -> Self {
        Self { backend, hooks: Hooks::NoSecret }
    }

    /// Changes are to be told by these.
    #[must_use]
    pub fn with_hooks(mut self, hooks: CalcomHooks) -> Self {
        self.hooks = Hooks::At(Box::new(hooks));
        self
    }

    /// There is a secret for webhooks, and no address under which the world reaches this server.
    #[must_use]
    pub fn without_address(mut self) -> Self {
        self.hooks = Hooks::NoAddress;
        self
    }

    /// Looks at everything. What depends on something that is wrong is not looked at.
    pub async fn run(&self, now: DateTime<Utc>) -> Vec<CalcomFinding> {
        let mut found = Vec::new();
        if !self.account(&mut found).await {
            return found;
        }
        if let Some(catalog) = self.offers(&mut found).await {
            self.times(&catalog, now, &mut found).await;
        }
        self.webhooks(&mut found).await;
        found
    }

    fn client(&self) -> &CalcomClient {
        self.backend.client()
    }

    /// Whether there is a server, and takes the credential.
    async fn account(&self, found: &mut Vec<CalcomFinding>) -> bool {
        use CalcomFinding::{Account, Platform, Server, ZoneDiffers};
        let client = self.client();
        let host = reach::host(client.config());
        let kind = if client.config().base_url == DEFAULT_BASE_URL { ServerKind::Cloud } else { ServerKind::Own };
        if matches!(client.config().auth, crate::CalcomAuth::Platform { .. }) {
            // A platform's client is nobody: what it may is seen at what it reads.
            found.push(Server { host, kind });
            found.push(Platform);
            return true;
        }
        match client.get::<Value>("me").await {
            Ok(me) => {
                let kind = reach::kind(client, &me, kind).await;
                found.push(Server { host, kind });
                let text = |key: &str| me.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                let there = text("timeZone");
                found.push(Account { username: text("username"), zone: there.clone() });
                let here = self.backend.branch().zone();
                if !there.is_empty() && there != here.name() {
                    found.push(ZoneDiffers { there, here });
                }
                true
            }
            Err(error) => {
                found.push(reach::diagnosed(client, &error).await);
                false
            }
        }
    }

    /// What can be booked.
    async fn offers(&self, found: &mut Vec<CalcomFinding>) -> Option<Catalog> {
        use CalcomFinding::{EmailDemanded, LeftOut, NamedUnknown, NothingOffered, Offers};
        const WHAT: &str = "what can be booked";
        let event_types: Vec<EventType> = match self.backend.event_types().await {
            Ok(event_types) => event_types,
            Err(CallError::NotFound(_)) => {
                found.push(CalcomFinding::OutOfReach(reach::place(self.backend.branch())));
                return None;
            }
            Err(error) => {
                found.push(match (&error, reach::place(self.backend.branch())) {
                    (CallError::Unauthorized(_), place) if !place.is_empty() => CalcomFinding::OutOfReach(place),
                    _ => CalcomFinding::of_call(WHAT, &error),
                });
                return None;
            }
        };
        let branch = self.backend.branch();
        let unknown: Vec<u64> =
            branch.named_types().filter(|id| !event_types.iter().any(|one| u64::try_from(one.id) == Ok(*id))).collect();
        if !unknown.is_empty() {
            found.push(NamedUnknown(unknown));
        }
        let catalog = match self.backend.catalog(branch.id()).await {
            Ok(catalog) => catalog,
            Err(error) => {
                found.push(CalcomFinding::NotAsked { what: WHAT, why: error.to_string() });
                return None;
            }
        };
        let left_out = self.backend.left_out_lately().await.unwrap_or_default();
        if catalog.services.is_empty() {
            let hidden = event_types.iter().filter(|one| one.hidden).count();
            found.push(NothingOffered { hidden });
        } else {
            let list = event_types.into_iter().take(MOST_LISTED).map(|one| (one.id, one.title, one.hidden)).collect();
            let (services, staff) = (catalog.services.len(), catalog.staff.len());
            found.push(Offers { services, staff, event_types: list });
        }
        if !left_out.is_empty() {
            found.push(LeftOut(left_out));
        }
        if branch.gives_no_email() {
            let asks = catalog.services.iter().filter(|one| one.requires.contains(&ClientField::Email));
            let mut asks: Vec<String> = asks.map(|one| one.name.main.clone()).collect();
            asks.sort_unstable();
            asks.dedup();
            if !asks.is_empty() {
                found.push(EmailDemanded(asks));
            }
        }
        Some(catalog)
    }

    /// Whether anything is free in the days to come.
    async fn times(&self, catalog: &Catalog, now: DateTime<Utc>, found: &mut Vec<CalcomFinding>) {
        let first = now.with_timezone(&catalog.branch.zone).date_naive();
        let last = first.checked_add_days(Days::new(AHEAD)).unwrap_or(first);
        let (mut without, mut with) = (Vec::new(), 0);
        for service in catalog.services.iter().take(MOST_SERVICES) {
            let query = SlotQuery {
                branch: catalog.branch.id.clone(),
                services: vec![service.id.clone()],
                staff: StaffChoice::Any,
                days: DateRange { from: first, to: last },
                party: 1,
                excluding: None,
            };
            match self.backend.availability(&query).await {
                Ok(free) if free.slots.is_empty() => without.push(service.name.main.clone()),
                Ok(_) => with += 1,
                Err(error @ (BackendError::Unavailable { .. } | BackendError::RateLimited { .. })) => {
                    found.push(CalcomFinding::NotAsked { what: "when something is free", why: reach::chain(&error) });
                    return;
                }
                Err(_) => without.push(service.name.main.clone()),
            }
        }
        match (with, without.is_empty()) {
            (_, true) => {}
            (0, false) => found.push(CalcomFinding::NoTimes),
            (_, false) => found.push(CalcomFinding::SomeWithoutTimes(without)),
        }
    }

    /// Whether changes are told here.
    async fn webhooks(&self, found: &mut Vec<CalcomFinding>) {
        use CalcomFinding::{
            NoPublicAddress, NoWebhookSecret, WebhookDoubled, WebhookElsewhere, WebhookLacks, WebhookMissing,
            WebhookOutdated, WebhookSet, WebhookSilent, WebhookTemplated, WebhookToo, WebhookUnsigned,
        };
        let hooks = match &self.hooks {
            Hooks::At(hooks) => hooks,
            Hooks::NoSecret => return found.push(NoWebhookSecret),
            Hooks::NoAddress => return found.push(NoPublicAddress),
        };
        let standing = match hooks.standing().await {
            Ok(standing) => standing,
            Err(error) => return found.push(CalcomFinding::of_hooks(&error)),
        };
        if standing.is_well() {
            found.push(WebhookSet { others: standing.others });
        }
        if standing.listed < standing.wanted {
            found.push(if standing.listed == 0 && !standing.elsewhere.is_empty() {
                WebhookElsewhere(standing.elsewhere.clone())
            } else {
                WebhookMissing { listed: standing.listed, wanted: standing.wanted }
            });
        }
        if standing.silent > 0 {
            found.push(WebhookSilent);
        }
        if standing.unsigned > 0 {
            found.push(WebhookUnsigned);
        }
        if standing.templated > 0 {
            found.push(WebhookTemplated);
        }
        if !standing.lacking.is_empty() {
            found.push(WebhookLacks(standing.lacking));
        }
        if standing.listed > 0 && !standing.elsewhere.is_empty() {
            found.push(WebhookToo(standing.elsewhere));
        }
        if standing.outdated > 0 {
            found.push(WebhookOutdated(standing.outdated));
        }
        if !standing.doubled.is_empty() {
            found.push(WebhookDoubled(standing.doubled));
        }
    }
}
