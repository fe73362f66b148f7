//! Tenants that are simply there.

use super::{RecordingNotifier, ScriptedIntents, StaticTemplates};
use crate::{
    model::{BranchId, ChannelId, IdError, InstallId, Lang, Policy, TenantId},
    ports::{
        BookingBackend, BranchSetup, ChannelSetup, Directory, DirectoryError, IntentEngine, Messenger, Notifier, Route,
        Templates, Tenant, TenantSetup, Transcriber,
    },
    understand::FactBook,
};
use async_trait::async_trait;
use std::{collections::BTreeMap, str::FromStr, sync::Arc};

/// A directory of a fixed set of tenants.
///
/// ```
/// # use chatplug_core::{ports::*, testkit::*};
/// # use std::sync::Arc;
/// # fn of(backend: Arc<dyn BookingBackend>, messenger: MemoryMessenger) {
/// let bella = TenantBuilder::new("bella").branch("centre", backend).channel("wa", Arc::new(messenger));
/// let setup = bella.setup(&[("meta", "1001", "wa")]); // for `TenantStore::register`
/// let directory = StaticDirectory::new([bella.build()]);
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct StaticDirectory(BTreeMap<TenantId, Arc<Tenant>>);

impl StaticDirectory {
    /// A directory of these tenants.
    #[must_use]
    pub fn new(tenants: impl IntoIterator<Item = Tenant>) -> Self {
        Self(tenants.into_iter().map(|tenant| (tenant.id.clone(), Arc::new(tenant))).collect())
    }
}

#[async_trait]
impl Directory for StaticDirectory {
    async fn tenant(&self, tenant: &TenantId) -> Result<Arc<Tenant>, DirectoryError> {
        self.0.get(tenant).cloned().ok_or_else(|| DirectoryError::Unknown(tenant.clone()))
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, DirectoryError> {
        Ok(self.0.keys().cloned().collect())
    }
}

/// Builds a tenant piece by piece; what is not said is empty, scripted with nothing or recording.
///
/// Its methods panic on ids that are none: a test that misnames its own tenant is wrong.
#[derive(Debug, Clone)]
pub struct TenantBuilder(Tenant);

impl TenantBuilder {
    /// A tenant without branches or channels, named after its id.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self(Tenant {
            id: named(id),
            name: id.to_owned(),
            policy: Policy::default(),
            branches: Vec::new(),
            others: Vec::new(),
            swaps: Vec::new(),
            channels: Vec::new(),
            texts: Vec::new(),
            intents: Arc::new(ScriptedIntents::new()),
            facts: Arc::default(),
            notifier: Arc::new(RecordingNotifier::new()),
            transcriber: None,
            lobby: None,
        })
    }

    /// The lobby of a number that several businesses share, in place of a business.
    #[must_use]
    pub fn lobby(mut self, lobby: crate::lobby::Lobby) -> Self {
        self.0.lobby = Some(Arc::new(lobby));
        self
    }

    /// Name of the business.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.0.name = name.into();
        self
    }

    /// Its rules.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.0.policy = policy;
        self
    }

    /// Adds a branch; its install has the branch's name.
    #[must_use]
    pub fn branch(mut self, id: &str, backend: Arc<dyn BookingBackend>) -> Self {
        self.0.branches.push(BranchSetup { id: named(id), install: named(id), backend });
        self
    }

    /// Adds a branch with an install of another name.
    #[must_use]
    pub fn branch_of(mut self, id: &str, install: &InstallId, backend: Arc<dyn BookingBackend>) -> Self {
        self.0.branches.push(BranchSetup { id: named(id), install: install.clone(), backend });
        self
    }

    /// Adds another booking system of a branch, which does not act.
    #[must_use]
    pub fn other(mut self, id: &str, install: &InstallId, backend: Arc<dyn BookingBackend>) -> Self {
        self.0.others.push(BranchSetup { id: named(id), install: install.clone(), backend });
        self
    }

    /// Adds a channel that serves every branch added before it, without templates.
    #[must_use]
    pub fn channel(self, id: &str, messenger: Arc<dyn Messenger>) -> Self {
        self.channel_with(id, messenger, Arc::new(StaticTemplates::new()))
    }

    /// Adds a channel that serves every branch added before it.
    #[must_use]
    pub fn channel_with(mut self, id: &str, messenger: Arc<dyn Messenger>, templates: Arc<dyn Templates>) -> Self {
        let branches = self.0.branches.iter().map(|branch| branch.id.clone()).collect();
        self.0.channels.push(ChannelSetup { id: named(id), messenger, branches, templates });
        self
    }

    /// Narrows the last channel to some branches.
    #[must_use]
    pub fn serving(mut self, branches: &[&str]) -> Self {
        if let Some(channel) = self.0.channels.last_mut() {
            channel.branches = branches.iter().map(|id| named::<BranchId>(id)).collect();
        }
        self
    }

    /// What understands its clients.
    #[must_use]
    pub fn intents(mut self, intents: Arc<dyn IntentEngine>) -> Self {
        self.0.intents = intents;
        self
    }

    /// What it says about itself.
    #[must_use]
    pub fn facts(mut self, facts: Arc<FactBook>) -> Self {
        self.0.facts = facts;
        self
    }

    /// Writes voice messages down.
    #[must_use]
    pub fn transcriber(mut self, transcriber: Arc<dyn Transcriber>) -> Self {
        self.0.transcriber = Some(transcriber);
        self
    }

    /// Who hears of what needs a person.
    #[must_use]
    pub fn notifier(mut self, notifier: Arc<dyn Notifier>) -> Self {
        self.0.notifier = notifier;
        self
    }

    /// Adds wording of its own, as Fluent.
    #[must_use]
    pub fn texts(mut self, lang: Lang, fluent: impl Into<String>) -> Self {
        self.0.texts.push((lang, fluent.into()));
        self
    }

    /// What a store must know of it, with routes (provider, external id, channel).
    #[must_use]
    pub fn setup(&self, routes: &[(&str, &str, &str)]) -> TenantSetup {
        let route = |(provider, external_id, channel): &(&str, &str, &str)| {
            let route = Route { tenant: self.0.id.clone(), channel: Some(named::<ChannelId>(channel)), branch: None };
            ((*provider).to_owned(), (*external_id).to_owned(), route)
        };
        TenantSetup {
            name: self.0.name.clone(),
            branches: self.0.branches.iter().map(|branch| branch.id.clone()).collect(),
            channels: self.0.channels.iter().map(|channel| channel.id.clone()).collect(),
            routes: routes.iter().map(route).collect(),
            sealed: false,
        }
    }

    /// The tenant.
    #[must_use]
    pub fn build(self) -> Tenant {
        self.0
    }
}

#[expect(clippy::panic, reason = "a test that misnames its own tenant is wrong")]
fn named<T: FromStr<Err = IdError>>(id: &str) -> T {
    match id.parse() {
        Ok(id) => id,
        Err(error) => panic!("\"{id}\": {error}"),
    }
}
