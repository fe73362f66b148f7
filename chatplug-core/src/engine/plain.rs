//! Plain implementations of the small ports, good enough for a program that knows its tenants when it starts.

use crate::{
    dialogue::TeamEvent,
    model::{Lang, TenantId},
    ports::{
        Directory, DirectoryError, ListedTemplate, Notice, Notifier, NotifyError, Outlook, TemplateDesk, TemplateDraft,
        TemplateError, TemplateState, TemplateStock, Templates, Tenant,
    },
};
use async_trait::async_trait;
use std::{collections::BTreeMap, sync::Arc};

/// A directory of tenants that are known from the start.
#[derive(Debug, Default)]
pub struct TenantList {
    tenants: BTreeMap<TenantId, Arc<Tenant>>,
}

impl TenantList {
    /// A directory of these tenants; of two with the same id the later counts.
    #[must_use]
    pub fn new(tenants: impl IntoIterator<Item = Tenant>) -> Self {
        Self { tenants: tenants.into_iter().map(|tenant| (tenant.id.clone(), Arc::new(tenant))).collect() }
    }
}

#[async_trait]
impl Directory for TenantList {
    async fn tenant(&self, tenant: &TenantId) -> Result<Arc<Tenant>, DirectoryError> {
        self.tenants.get(tenant).cloned().ok_or_else(|| DirectoryError::Unknown(tenant.clone()))
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, DirectoryError> {
        Ok(self.tenants.keys().cloned().collect())
    }
}

/// A notifier that writes to the log (ids and reasons only): the least that a team can have.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogNotifier;

#[async_trait]
impl Notifier for LogNotifier {
    async fn notify(&self, notice: &Notice) -> Result<(), NotifyError> {
        let what = match &notice.event {
            TeamEvent::NeedsPerson { .. } => "a client waits for a person",
            TeamEvent::RunningLate { .. } => "a client runs late",
            TeamEvent::Review { .. } => "a client commented on a visit",
            TeamEvent::Undeliverable { .. } => "a message will not arrive",
            TeamEvent::Unanswered => "a client waits too long for an answer",
            TeamEvent::Template { channel, meaning, lang, trouble } => {
                let lang = lang.as_ref().map_or("any", Lang::code);
                tracing::warn!(tenant.id = %notice.tenant, channel.id = %channel, template.meaning = meaning, template.lang = lang, trouble = trouble.name(), "a template cannot be sent");
                return Ok(());
            }
        };
        let conversation = notice.conversation.map(|id| id.to_string()).unwrap_or_default();
        tracing::warn!(tenant.id = %notice.tenant, conversation.id = conversation, what, "word to the team");
        Ok(())
    }
}

/// Templates that were approved beforehand and are named in a config.
#[derive(Debug, Clone, Default)]
pub struct TemplateList {
    stock: Vec<TemplateStock>,
}

impl TemplateList {
    /// These templates; an empty list means that nothing can be said outside the window.
    #[must_use]
    pub fn new(stock: Vec<TemplateStock>) -> Self {
        Self { stock }
    }
}

#[async_trait]
impl Templates for TemplateList {
    fn desk(&self) -> TemplateDesk {
        TemplateDesk::listed()
    }

    async fn find(&self, meaning: &str, langs: &[Lang]) -> Option<TemplateStock> {
        let fits = |lang: &Lang| {
            self.stock.iter().find(|t| t.meaning == meaning && t.lang == *lang && t.state == TemplateState::Approved)
        };
        langs.iter().find_map(fits).cloned()
    }

    async fn outlook(&self, meaning: &str, langs: &[Lang]) -> Outlook {
        // What a person wrote does not change by itself.
        if self.find(meaning, langs).await.is_some() { Outlook::Ready } else { Outlook::Hopeless }
    }

    async fn status(&self) -> Result<Vec<ListedTemplate>, TemplateError> {
        Ok(self.stock.iter().cloned().map(ListedTemplate::from).collect())
    }

    async fn submit(&self, _draft: &TemplateDraft) -> Result<TemplateStock, TemplateError> {
        Err(TemplateError::Unsupported)
    }

    async fn edit(&self, _listed: &ListedTemplate, _draft: &TemplateDraft) -> Result<TemplateStock, TemplateError> {
        Err(TemplateError::Unsupported)
    }

    fn blames(&self, _code: i64) -> bool {
        false
    }

    async fn doubt(&self, _name: &str, _locale: &str) {}
}
