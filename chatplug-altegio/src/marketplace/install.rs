//! The way from a link to a branch that takes bookings; and, for those without the marketplace, from a user of the salon to
//! the same.

use super::{
    answers,
    calls::{Activation, LinkState, Marketplace},
    login::{Login, LoginError},
};
use crate::{AltegioClient, AltegioHooks, CallError, HookChange, HookError, PROVIDER};
use async_trait::async_trait;
use chatplug_core::{
    model::BranchId,
    ports::{BackendError, BookingBackend, Clock},
    provision::{Did, Journal, JournalError, Kept, Progress, ProvisionError, Run, Step, StepView, Stop, Way, go},
};
use chrono::Duration;
use secrecy::SecretString;
use serde_json::Value;
use std::{fmt, sync::Arc};

/// The steps, in order.
pub const STEPS: &[Step] = &[
    Step { name: LINK, title: "the salon wants the app" },
    Step { name: TOKEN, title: "whose rights the branch has" },
    Step { name: CALLBACK, title: "Connect answered" },
    Step { name: WEBHOOK, title: "changes posted to this server" },
    Step { name: CATALOG, title: "what the salon offers, read" },
    Step { name: OFFER, title: "offered to clients" },
];

/// Steps to take once more when an owner pressed Connect anew.
pub const AGAIN: &[&str] = &[LINK, CALLBACK, WEBHOOK, CATALOG, OFFER];

/// The last step: when it is done, the branch takes bookings.
pub const OFFER: &str = "offer";

const LINK: &str = "link";
const TOKEN: &str = "token";
const CALLBACK: &str = "callback";
const WEBHOOK: &str = "webhook";
const CATALOG: &str = "catalog";

/// Names under which [`Progress::known`] keeps what was learnt.
pub mod known {
    /// The salon's id at Altegio.
    pub const SALON: &str = "salon_id";
    /// What the salon is called there.
    pub const TITLE: &str = "title";
    /// The app's id.
    pub const APPLICATION: &str = "application_id";
}

/// Longest name of a salon that is kept, in characters.
const LONGEST_TITLE: usize = 120;

/// After which time a frozen link is looked at again.
const THAW: Duration = Duration::minutes(10);

/// A booking system as a user of this token sees it.
pub type BackendOf = Arc<dyn Fn(SecretString) -> Arc<dyn BookingBackend> + Send + Sync>;

/// What is wanted of one branch. Secrets are used and never stored but through the journal.
#[derive(Clone)]
pub struct InstallWish {
    /// The salon's id at Altegio.
    pub salon: u64,
    /// What the branch is called here.
    pub branch: BranchId,
    /// The user whose rights the branch has: the app's own, or one of the salon's.
    pub user_token: Option<SecretString>,
    /// A user to log in as, in place of a token.
    pub login: Option<Login>,
    /// Where the salon's changes are to be posted to: a secret address.
    pub webhook_url: Option<SecretString>,
    /// Channels that the app sends through, for apps that send the salon's messages.
    pub channels: Vec<String>,
    /// What reads the salon's catalogue.
    pub backend: BackendOf,
}

impl fmt::Debug for InstallWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstallWish").field("salon", &self.salon).field("branch", &self.branch).finish_non_exhaustive()
    }
}

/// The way of one branch. Run it again until every step is done: it goes on where it stopped, and answers Connect once.
#[derive(Debug, Clone)]
pub struct Installing {
    client: AltegioClient,
    marketplace: Option<Marketplace>,
    wish: InstallWish,
}

impl Installing {
    /// By an app of the marketplace.
    #[must_use]
    pub fn new(client: AltegioClient, marketplace: Marketplace, wish: InstallWish) -> Self {
        Self { client, marketplace: Some(marketplace), wish }
    }

    /// Without the marketplace: for a salon that lets one of its users be used.
    #[must_use]
    pub fn directly(client: AltegioClient, wish: InstallWish) -> Self {
        Self { client, marketplace: None, wish }
    }

    /// Takes every step that is left, up to the first that waits or fails.
    ///
    /// # Errors
    /// When nothing can be kept: see [`JournalError`].
    pub async fn run(
        &self,
        progress: Progress,
        journal: &dyn Journal,
        clock: &dyn Clock,
    ) -> Result<(Progress, Vec<StepView>), JournalError> {
        go(self, progress, journal, clock).await
    }

    async fn link(&self, run: &mut Run<'_>) -> Result<Did, Stop> {
        let salon = self.wish.salon;
        run.progress.learn(known::SALON, salon.to_string());
        if let Some(title) = self.title().await {
            run.progress.learn(known::TITLE, title);
        }
        let Some(marketplace) = &self.marketplace else {
            return Ok(Did::Skipped("connected without the marketplace"));
        };
        run.progress.learn(known::APPLICATION, marketplace.application().to_string());
        let link = marketplace.link(salon).await.map_err(|error| run.stop(error))?;
        match &link.state {
            LinkState::Pending if link.is_stale(run.now()) => Err(Stop::failed(
                "Connect was pressed more than an hour ago, and Altegio does not wait longer: let the owner press it again",
            )),
            LinkState::Pending => Ok(Did::Done("Connect was pressed".to_owned())),
            LinkState::Active => Ok(Did::Done("it is active already".to_owned())),
            state => Err(self.not_linked(state, run)),
        }
    }

    /// What the salon is called; who cannot be asked has no name, which hinders nothing.
    async fn title(&self) -> Option<String> {
        let company: Value = self.client.as_partner().get(format!("company/{}", self.wish.salon)).await.ok()?;
        let title = ["public_title", "title"].into_iter().find_map(|key| company.get(key)?.as_str());
        let title = title?.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(title.chars().filter(|c| !c.is_control()).take(LONGEST_TITLE).collect())
            .filter(|title: &String| !title.is_empty())
    }

    fn not_linked(&self, state: &LinkState, run: &Run<'_>) -> Stop {
        match state {
            LinkState::Frozen => Stop::Waiting {
                what: "Altegio has frozen the link: the salon's licence, or the app, has to be paid for there"
                    .to_owned(),
                again: Some(run.now() + THAW),
            },
            LinkState::Other(word) => {
                Stop::failed(format!("Altegio says that the link is \"{word}\", which is not known"))
            }
            _ => Stop::failed("the salon does not have the app: let the owner press Connect in Altegio's marketplace"),
        }
    }

    async fn token(&self, run: &mut Run<'_>) -> Result<Did, Stop> {
        if let Some(token) = &self.wish.user_token {
            run.journal.keep(Kept::Token, token).await?;
            return Ok(Did::Done("kept, sealed, for this branch alone".to_owned()));
        }
        if let Some(login) = &self.wish.login {
            return match login.token(&self.client).await {
                Ok(token) => {
                    run.journal.keep(Kept::Token, &token).await?;
                    Ok(Did::Done("logged in; the token is kept, sealed, and the password is not".to_owned()))
                }
                Err(LoginError::Call(error)) => Err(run.stop(answers::came_to(error).of_reading())),
                Err(error) => Err(Stop::failed(error.to_string())),
            };
        }
        if run.journal.kept(Kept::Token).await?.is_some() {
            return Ok(Did::Done("the one that is kept already".to_owned()));
        }
        Err(Stop::failed(match self.marketplace {
            Some(_) => {
                "there is no user to act as: write user_token under the [[altegio]] account, the token of the app's own system \
                 user, from the developer's cabinet"
            }
            None => "there is no user to act as: hand over a user token, or a login and its password",
        }))
    }

    async fn callback(&self, run: &mut Run<'_>) -> Result<Did, Stop> {
        let Some(marketplace) = &self.marketplace else { return Ok(Did::Skipped("there is nothing to answer")) };
        let salon = self.wish.salon;
        let link = marketplace.link(salon).await.map_err(|error| run.stop(error))?;
        match &link.state {
            LinkState::Active => return Ok(Did::Done("the link is active".to_owned())),
            LinkState::Pending => {}
            state => return Err(self.not_linked(state, run)),
        }
        run.settled()?;
        let activation = Activation {
            webhook_urls: self.wish.webhook_url.iter().cloned().collect(),
            channels: self.wish.channels.clone(),
            api_key: None,
        };
        run.asks().await?;
        match marketplace.activate(salon, &activation).await {
            Ok(()) => Ok(Did::Done("the link is active".to_owned())),
            // An answer before this one may have been taken, and a second is refused.
            Err(ProvisionError::Refused { code, advice, words }) => {
                let link = marketplace.link(salon).await.map_err(|error| run.stop(error))?;
                match link.state {
                    LinkState::Active => Ok(Did::Done("the link is active".to_owned())),
                    _ => Err(run.outcome(ProvisionError::Refused { code, advice, words })),
                }
            }
            Err(error) => Err(run.outcome(error)),
        }
    }

    async fn webhook(&self, run: &mut Run<'_>) -> Result<Did, Stop> {
        let Some(url) = &self.wish.webhook_url else {
            return Ok(Did::Skipped("public_url under [server] says where the webhook is, and is not set"));
        };
        let client = self.client.as_user(self.user(run).await?);
        match AltegioHooks::new(client, self.wish.salon, url.clone()).register().await {
            Ok(HookChange::Already) => Ok(Did::Done("they were already".to_owned())),
            Ok(_) => Ok(Did::Done("beside what others had set".to_owned())),
            // What came with the answer to Connect is in force whoever may look at it.
            Err(HookError::Call(CallError::Forbidden(_))) if self.marketplace.is_some() => {
                Ok(Did::Done("as Altegio was told with the answer to Connect; the user may not look at it".to_owned()))
            }
            Err(HookError::Call(CallError::Forbidden(_))) => Err(Stop::failed(
                "the user may not read or change the salon's webhooks: let the owner grant access to them in the user's rights",
            )),
            // Settings may be written any number of times.
            Err(HookError::Call(error)) => Err(run.stop(answers::came_to(error).of_reading())),
            Err(HookError::Full) => Err(Stop::failed(
                "the salon posts its changes to ten addresses already, which is the most: let the owner take one out (Settings > \
                 System settings > For developers)",
            )),
            Err(_) => Err(Stop::Waiting {
                what: "the salon's webhooks were set, and somebody else set them otherwise at the same time".to_owned(),
                again: Some(run.now() + Duration::minutes(1)),
            }),
        }
    }

    async fn catalog(&self, run: &mut Run<'_>) -> Result<Did, Stop> {
        let backend = (self.wish.backend)(self.user(run).await?);
        match backend.catalog(&self.wish.branch).await {
            Ok(catalog) if catalog.services.is_empty() => Err(Stop::failed(
                "the salon offers nothing online: let it open services for online booking, with people who do them and a \
                 schedule",
            )),
            Ok(catalog) => {
                let (services, staff) = (catalog.services.len(), catalog.staff.len());
                Ok(Did::Done(format!("{services} services, {staff} people")))
            }
            Err(BackendError::Unauthorized) => Err(Stop::failed(
                "the user may not read the salon's services and schedule: let the owner grant the rights that the app asks \
                 for, or renew the salon's licence",
            )),
            Err(BackendError::NotFound { .. }) => Err(Stop::failed(
                "Altegio does not show this user the salon: has it been closed, or moved to another account?",
            )),
            Err(BackendError::RateLimited { retry_after }) => Err(Stop::Waiting {
                what: "Altegio answers no more for now".to_owned(),
                again: Some(run.now() + retry_after.unwrap_or(Duration::minutes(1))),
            }),
            Err(_) => Err(Stop::Waiting {
                what: "Altegio cannot be reached, or answers what cannot be read".to_owned(),
                again: Some(run.now() + Duration::minutes(1)),
            }),
        }
    }

    async fn user(&self, run: &Run<'_>) -> Result<SecretString, Stop> {
        run.secret(Kept::Token, "the user token is not kept any more: connect the branch again").await
    }
}

#[async_trait]
impl Way for Installing {
    fn provider(&self) -> &'static str {
        PROVIDER
    }

    fn steps(&self) -> &'static [Step] {
        STEPS
    }

    async fn take(&self, step: Step, run: &mut Run<'_>) -> Result<Did, Stop> {
        match step.name {
            LINK => self.link(run).await,
            TOKEN => self.token(run).await,
            CALLBACK => self.callback(run).await,
            WEBHOOK => self.webhook(run).await,
            CATALOG => self.catalog(run).await,
            _ => Ok(Did::Done("it takes bookings".to_owned())),
        }
    }
}
