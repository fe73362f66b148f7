//! The watch over templates: every channel's are looked at again and again, and when a webhook says that they changed, so
//! that what was taken away is not sent, and the team hears of what cannot be said.
//!
//! The team is told of each trouble once while it lasts, by each process that works; two of them use the same
//! [`NoticeId`], by which whoever hears it twice knows. One that could not be told is told at the next look.

use super::Engine;
use crate::{
    dialogue::{Dialogue, Reach, TeamEvent},
    model::{ChannelId, Contact, Lang, NoticeId, TemplateMessage, TenantId},
    ports::{ChannelSetup, DirectoryError, Notice, Outlook, Tenant},
    reply::RenderContext,
    templates::{self, TemplateTrouble, Troubled},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, watch};

/// The meaning of reminders.
pub(super) const REMINDER: &str = "reminder";

/// What webhooks and failed messages told, and what the team was told.
#[derive(Debug, Default)]
pub(super) struct Hints {
    known: Mutex<Known>,
    told: Notify,
}

#[derive(Debug, Default)]
struct Known {
    /// Accounts whose templates changed: provider and account.
    accounts: BTreeSet<(String, String)>,
    /// Channels whose messages failed for their template.
    channels: BTreeSet<(TenantId, ChannelId)>,
    /// Troubles that the team was told of, by channel.
    told: BTreeMap<(TenantId, ChannelId), BTreeSet<String>>,
}

impl Hints {
    /// Something about an account's templates changed.
    pub(super) fn templates(&self, provider: &str, account: &str) {
        self.lock().accounts.insert((provider.to_owned(), account.to_owned()));
        self.told.notify_one();
    }

    /// A message of a channel failed for its template.
    pub(super) fn channel(&self, tenant: &TenantId, channel: &ChannelId) {
        self.lock().channels.insert((tenant.clone(), channel.clone()));
        self.told.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What of these the team was not told yet. What does not stand any more is forgotten: it is told again when it comes
    /// back.
    fn news(&self, whose: &(TenantId, ChannelId), standing: Vec<Troubled>) -> Vec<Troubled> {
        let keys: BTreeSet<String> = standing.iter().map(Troubled::key).collect();
        let mut known = self.lock();
        let told = known.told.entry(whose.clone()).or_default();
        told.retain(|key| keys.contains(key) || key.ends_with("/broken"));
        standing.into_iter().filter(|troubled| !told.contains(&troubled.key())).collect()
    }

    fn was_told(&self, whose: &(TenantId, ChannelId), key: String) {
        self.lock().told.entry(whose.clone()).or_default().insert(key);
    }
}

impl Engine {
    /// Looks at the templates of every channel that has a window, and tells the team what cannot be said. Done by
    /// [`run`](Self::run) every [`templates`](super::EngineOptions::templates) and when a webhook says that they changed; for
    /// programs with a timer of their own. Answers how many troubles the team was told of.
    ///
    /// # Errors
    /// When it cannot be said who is served. A channel whose provider cannot be asked is passed over.
    pub async fn look_at_templates(&self) -> Result<usize, DirectoryError> {
        self.look_at(|_, _| true).await
    }

    /// The same for those that something was heard of since.
    async fn look_at_hinted(&self) -> Result<usize, DirectoryError> {
        let (accounts, channels) = {
            let mut known = self.inner.hints.lock();
            (std::mem::take(&mut known.accounts), std::mem::take(&mut known.channels))
        };
        self.look_at(|tenant, channel| {
            let desk = channel.templates.desk();
            let account = desk.account.map(|account| (desk.provider.to_owned(), account));
            let hinted = account.is_some_and(|account| accounts.contains(&account));
            hinted || channels.contains(&(tenant.id.clone(), channel.id.clone()))
        })
        .await
    }

    async fn look_at(&self, which: impl Fn(&Tenant, &ChannelSetup) -> bool) -> Result<usize, DirectoryError> {
        let mut told = 0;
        for id in self.inner.directory.tenants().await? {
            let tenant = match self.setup(&id).await {
                Ok(tenant) => tenant,
                Err(error) => {
                    tracing::warn!(tenant.id = %id, error = &error as &dyn std::error::Error, "templates not looked at");
                    continue;
                }
            };
            for channel in tenant.channels.iter().filter(|channel| which(&tenant, channel)) {
                // Where everything can be said at any time, nobody needs a template.
                if channel.messenger.limits().window.is_some() {
                    told += self.take_stock(&tenant, channel).await;
                }
            }
        }
        Ok(told)
    }

    async fn take_stock(&self, tenant: &Arc<Tenant>, channel: &ChannelSetup) -> usize {
        let limit = self.inner.options.backend_timeout.to_std().unwrap_or_default();
        let listed = match tokio::time::timeout(limit, channel.templates.status()).await {
            Ok(Ok(listed)) => listed,
            Ok(Err(error)) => {
                tracing::warn!(tenant.id = %tenant.id, channel.id = %channel.id, error = &error as &dyn std::error::Error, "templates not read");
                return 0;
            }
            Err(_) => {
                tracing::warn!(tenant.id = %tenant.id, channel.id = %channel.id, "templates not read in time");
                return 0;
            }
        };
        let words = self.inner.wordings.of(tenant);
        let country = self.country(tenant, channel, self.inner.clock.now()).await;
        let context = RenderContext {
            country: &country,
            formality: tenant.policy.formality,
            business: &tenant.name,
            client: None,
            limits: channel.messenger.limits(),
        };
        let desk = channel.templates.desk();
        let wanted = templates::wanted(&words, &templates::languages(&tenant.policy), &context, &desk.prefix);
        let mut troubles = templates::troubles(&wanted, &listed, &desk);
        if tenant.policy.reminder_hours == 0 {
            troubles.retain(|troubled| troubled.meaning != REMINDER);
        }
        let whose = (tenant.id.clone(), channel.id.clone());
        let mut told = 0;
        for troubled in self.inner.hints.news(&whose, troubles) {
            told += usize::from(self.tell_of_template(tenant, channel, troubled).await);
        }
        told
    }

    /// Tells the team of a template; whether it could be told.
    async fn tell_of_template(&self, tenant: &Tenant, channel: &ChannelSetup, troubled: Troubled) -> bool {
        let key = troubled.key();
        // Every process that finds it on the same day gives it the same id.
        let day = self.inner.clock.now().date_naive().to_string();
        let id = NoticeId::derive(&[tenant.id.as_str(), "template", channel.id.as_str(), &key, &day]);
        let Troubled { meaning, lang, trouble } = troubled;
        let event = TeamEvent::Template { channel: channel.id.clone(), meaning, lang, trouble };
        let notice = Notice { id, tenant: tenant.id.clone(), conversation: None, event };
        let limit = self.inner.options.send_timeout.to_std().unwrap_or_default();
        let told = match tokio::time::timeout(limit, tenant.notifier.notify(&notice)).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(tenant.id = %tenant.id, error = &error as &dyn std::error::Error, "the team was not told of a template");
                false
            }
            Err(_) => {
                tracing::warn!(tenant.id = %tenant.id, "the team was not told of a template in time");
                false
            }
        };
        let word = if told { "told" } else { "retry" };
        self.inner.observer.observe(&super::EngineEvent::TeamTold { tenant: &tenant.id, result: word });
        if told {
            self.inner.hints.was_told(&(tenant.id.clone(), channel.id.clone()), key);
        }
        told
    }

    /// The provider would not send with a template: it is left out, its channel looked at, and the team told once.
    pub(super) async fn template_broke(
        &self,
        tenant: &Tenant,
        channel: &ChannelSetup,
        template: &TemplateMessage,
        code: i64,
    ) {
        channel.templates.doubt(&template.name, &template.locale).await;
        self.inner.hints.channel(&tenant.id, &channel.id);
        let prefix = channel.templates.desk().prefix;
        let meaning = template.name.strip_prefix(&prefix).unwrap_or(&template.name).to_owned();
        let trouble = TemplateTrouble::Broken { code };
        let troubled = Troubled { meaning, lang: Some(template.lang), trouble };
        let whose = (tenant.id.clone(), channel.id.clone());
        let known = self.inner.hints.lock().told.get(&whose).is_some_and(|told| told.contains(&troubled.key()));
        if !known {
            self.tell_of_template(tenant, channel, troubled).await;
        }
    }

    /// What can be said to a client later, from what is known.
    pub(super) async fn reach(
        &self,
        tenant: &Tenant,
        channel: &ChannelSetup,
        dialogue: &Dialogue,
        contact: &Contact,
    ) -> Reach {
        let margin = self.inner.options.window_margin;
        if channel.messenger.limits().window.is_none() || tenant.policy.reminder_hours == 0 {
            return Reach { margin, reminders: Outlook::Ready };
        }
        let langs = template_langs(tenant, dialogue, contact);
        Reach { margin, reminders: channel.templates.outlook(REMINDER, &langs).await }
    }

    /// Looks at templates until `shutdown`.
    pub(super) async fn watch_templates(self, mut shutdown: watch::Receiver<bool>) {
        let every = self.inner.options.templates.to_std().unwrap_or(Duration::from_secs(900));
        let mut next = tokio::time::Instant::now() + every / 10;
        while !*shutdown.borrow() {
            let looked = tokio::select! {
                () = tokio::time::sleep_until(next) => {
                    next = tokio::time::Instant::now() + every;
                    self.look_at_templates().await
                }
                () = self.inner.hints.told.notified() => self.look_at_hinted().await,
                changed = shutdown.changed() => if changed.is_err() { return } else { continue },
            };
            if let Err(error) = looked {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "templates cannot be looked at; trying again"
                );
            }
        }
    }
}

/// Where to look for a template for a client.
pub(super) fn template_langs(tenant: &Tenant, dialogue: &Dialogue, contact: &Contact) -> Vec<Lang> {
    let spoken = dialogue.language().or(contact.language).unwrap_or(tenant.policy.language);
    templates::fallback(spoken, &tenant.policy)
}
