//! The way: account, sender, its check, webhook. Each step looks before it does anything.

use super::{
    advice::offline,
    calls::{TwilioSender, TwilioSetup, address},
    known,
};
use crate::{
    provision::{Did, Journal, JournalError, Kept, Progress, ProvisionError, Run, Step, StepView, Stop, Way, go},
    twilio::PROVIDER,
};
use async_trait::async_trait;
use chatplug_core::ports::Clock;
use chrono::Duration;
use secrecy::SecretString;

/// The steps, in order.
pub const STEPS: &[Step] = &[
    Step { name: ACCOUNT, title: "account of the business" },
    Step { name: SENDER, title: "number registered as a sender" },
    Step { name: ONLINE, title: "sender online" },
    Step { name: WEBHOOK, title: "messages posted to this server" },
];

const ACCOUNT: &str = "account";
const SENDER: &str = "sender";
const ONLINE: &str = "online";
const WEBHOOK: &str = "webhook";

const NO_TOKEN: &str =
    "the auth token is not kept any more: hand it over with --token-file, or begin anew with --start-over";

/// Whose account the sender is to be in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TwilioOwner {
    /// An account that there is, with its auth token; without the token, the one that is kept.
    Account {
        /// Its SID.
        sid: String,
        /// Its auth token.
        token: Option<SecretString>,
    },
    /// A subaccount of its own, found by its name or made.
    Subaccount {
        /// The main account's SID.
        parent: String,
        /// The main account's auth token.
        token: SecretString,
        /// What the subaccount is called: the same for the same business, always.
        name: String,
    },
}

/// What is wanted. Secrets are used and never stored but through the journal.
#[derive(Debug, Clone)]
pub struct TwilioWish {
    /// Whose account.
    pub owner: TwilioOwner,
    /// The number, in international form.
    pub number: String,
    /// The name that people see; Meta reviews it.
    pub name: String,
    /// The WhatsApp Business Account of a sign-up, for those in Twilio's Tech Provider programme.
    pub waba_id: Option<String>,
    /// How a code is to come to the number, where Twilio cannot read it itself: by voice, or else by text.
    pub by_voice: Option<bool>,
    /// That code.
    pub verification_code: Option<SecretString>,
    /// Where messages are to be posted to, with [`RETRY_FRAGMENT`](super::RETRY_FRAGMENT).
    pub webhook_url: String,
    /// Another host than Twilio's.
    pub base_url: Option<String>,
}

/// The way from an account to a sender that is online. Run it again until every step is done: it goes on where it stopped,
/// and makes nothing twice.
#[derive(Debug, Clone)]
pub struct TwilioConnect {
    http: reqwest::Client,
    wish: TwilioWish,
}

impl TwilioConnect {
    /// A way to what is wanted.
    #[must_use]
    pub const fn new(http: reqwest::Client, wish: TwilioWish) -> Self {
        Self { http, wish }
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

    fn setup(&self, account: &str, token: SecretString) -> TwilioSetup {
        let setup = TwilioSetup::new(self.http.clone(), account, token);
        match &self.wish.base_url {
            Some(url) => setup.with_base_url(url),
            None => setup,
        }
    }

    /// Twilio as the account of the sender sees it.
    async fn own(&self, run: &Run<'_>) -> Result<TwilioSetup, Stop> {
        let account = run.learnt(known::ACCOUNT_SID)?;
        Ok(self.setup(&account, run.secret(Kept::Token, NO_TOKEN).await?))
    }

    async fn account(&self, run: &mut Run<'_>) -> Result<Did, Stop> {
        let (account, note) = match &self.wish.owner {
            TwilioOwner::Account { sid, token } => {
                let token = match token {
                    Some(token) => token.clone(),
                    None => run.secret(Kept::Token, "hand over the account's auth token with --token-file").await?,
                };
                let mut account = self.setup(sid, token.clone()).account().await.map_err(|error| run.stop(error))?;
                // What was handed over works; what Twilio tells may be another one that works as well.
                account.token = Some(token);
                (account, "its auth token works, and is kept")
            }
            TwilioOwner::Subaccount { parent, token, name } => {
                let main = self.setup(parent, token.clone());
                let mut found = main.subaccounts(name).await.map_err(|error| run.stop(error))?;
                match (found.pop(), found.is_empty()) {
                    (Some(found), true) => (found, "the subaccount that was there"),
                    (Some(_), false) => {
                        return Err(Stop::failed(format!(
                            "there are several subaccounts `{name}`: choose one with --account-sid and its token"
                        )));
                    }
                    (None, _) => {
                        run.settled()?;
                        run.asks().await?;
                        let made = main.create_subaccount(name).await.map_err(|error| run.outcome(error))?;
                        (made, "a subaccount, made for it")
                    }
                }
            }
        };
        if account.status != "active" {
            return Err(Stop::failed(format!(
                "the account {} is {}: see Twilio's console",
                account.sid, account.status
            )));
        }
        let told = account.token.ok_or_else(|| {
            Stop::failed(format!(
                "Twilio does not tell the auth token of {}: take it from the console, and run this with --account-sid and \
                 --token-file",
                account.sid
            ))
        })?;
        run.journal.keep(Kept::Token, &told).await?;
        run.progress.learn(known::ACCOUNT_SID, &account.sid);
        Ok(Did::Done(format!("{}: {note}", account.sid)))
    }

    async fn sender(&self, run: &mut Run<'_>) -> Result<Did, Stop> {
        let own = self.own(run).await?;
        let number = address(&self.wish.number);
        let number = number.trim_start_matches("whatsapp:");
        run.progress.learn(known::NUMBER, number);
        let (sender, note) = match own.find_sender(number).await.map_err(|error| run.stop(error))? {
            Some(found) => (found, "it was there"),
            None => {
                run.settled()?;
                run.asks().await?;
                let TwilioWish { name, waba_id, by_voice, webhook_url, .. } = &self.wish;
                let made = own.create_sender(number, name, waba_id.as_deref(), *by_voice, webhook_url).await;
                (made.map_err(|error| run.outcome(error))?, "registered")
            }
        };
        let sid = sender.sid.ok_or_else(|| Stop::Waiting {
            what: "Twilio did not tell the sender's SID: it is looked for again".to_owned(),
            again: Some(run.now() + Duration::seconds(10)),
        })?;
        let note = format!("{number} is {sid}: {note}");
        run.progress.learn(known::SENDER_SID, sid);
        Ok(Did::Done(note))
    }

    async fn online(&self, run: &mut Run<'_>) -> Result<Did, Stop> {
        let own = self.own(run).await?;
        let sid = run.learnt(known::SENDER_SID)?;
        let mut sender = own.sender(&sid).await.map_err(|error| run.stop(error))?;
        if let (Some("PENDING_VERIFICATION"), Some(code)) = (sender.status.as_deref(), &self.wish.verification_code) {
            sender = own.verify_sender(&sid, code).await.map_err(|error| run.stop(error))?;
        }
        self.standing(run, &sender)
    }

    /// What a sender's state means.
    fn standing(&self, run: &Run<'_>, sender: &TwilioSender) -> Result<Did, Stop> {
        let later = |what: &str, seconds: i64| {
            Err(Stop::Waiting { what: what.to_owned(), again: Some(run.now() + Duration::seconds(seconds)) })
        };
        match sender.status.as_deref().unwrap_or_default() {
            "ONLINE" | "ONLINE:UPDATING" => Ok(Did::Done("it can send".to_owned())),
            "PENDING_VERIFICATION" => Err(Stop::Waiting {
                what: "Twilio has a code sent to the number: run this with --verification-code-file".to_owned(),
                again: None,
            }),
            "TWILIO_REVIEW" => later("Twilio reviews the sender, which may take days", 60 * 60),
            "OFFLINE" => {
                let (code, words) = sender.offline_reason().unwrap_or_default();
                let said = if words.is_empty() { String::new() } else { format!(" (Twilio says: {words})") };
                Err(Stop::Failed { what: format!("the sender is offline: {}{said}", offline(code)), code })
            }
            "DRAFT" | "STUBBED" => Err(Stop::failed(
                "the sender was begun and not finished: finish it in Twilio's console (Messaging > Senders > WhatsApp senders)",
            )),
            "CREATING" => later("Twilio registers the number at WhatsApp", 5),
            "VERIFYING" => later("Twilio checks the number", 5),
            other => later(&format!("the sender is {other}"), 30),
        }
    }

    async fn webhook(&self, run: &mut Run<'_>) -> Result<Did, Stop> {
        let own = self.own(run).await?;
        let sid = run.learnt(known::SENDER_SID)?;
        let sender = own.sender(&sid).await.map_err(|error| run.stop(error))?;
        let wanted = &self.wish.webhook_url;
        if sender.callback_url() == Some(wanted) {
            return Ok(Did::Done(wanted.clone()));
        }
        match own.set_webhook(&sid, wanted).await {
            Ok(_) => Ok(Did::Done(wanted.clone())),
            // Setting it again does no harm, so nothing is looked for.
            Err(ProvisionError::OutcomeUnknown { source }) => Err(run.stop(ProvisionError::Unavailable { source })),
            Err(error) => Err(run.stop(error)),
        }
    }
}

#[async_trait]
impl Way for TwilioConnect {
    fn provider(&self) -> &'static str {
        PROVIDER
    }

    fn steps(&self) -> &'static [Step] {
        STEPS
    }

    async fn take(&self, step: Step, run: &mut Run<'_>) -> Result<Did, Stop> {
        match step.name {
            ACCOUNT => self.account(run).await,
            SENDER => self.sender(run).await,
            ONLINE => self.online(run).await,
            _ => self.webhook(run).await,
        }
    }
}
