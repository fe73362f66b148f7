//! The way: token, its check, number, subscription, registration, webhook. Each step looks before it does anything.

use super::{
    MOST_REGISTRATIONS, REGISTRATION_HOURS,
    advice::VERIFICATION,
    calls::{MetaAppKeys, MetaNumber, MetaSetup},
    known,
};
use crate::{
    meta::PROVIDER,
    provision::{Did, Journal, JournalError, Kept, Progress, ProvisionError, Run, Step, StepView, Stop, Way, go},
};
use async_trait::async_trait;
use chatplug_core::ports::Clock;
use chrono::Duration;
use secrecy::{ExposeSecret, SecretString};

/// The steps, in order.
pub const STEPS: &[Step] = &[
    Step { name: TOKEN, title: "access token of the business" },
    Step { name: INSPECT, title: "what the token may do" },
    Step { name: NUMBER, title: "number of the account" },
    Step { name: SUBSCRIBE, title: "app told of the account's messages" },
    Step { name: REGISTER, title: "number registered for the Cloud API" },
    Step { name: WEBHOOK, title: "messages posted to this server" },
];

const TOKEN: &str = "token";
const INSPECT: &str = "inspect";
const NUMBER: &str = "number";
const SUBSCRIBE: &str = "subscribe";
const REGISTER: &str = "register";
const WEBHOOK: &str = "webhook";

/// What the token must be allowed to do.
const SCOPES: [&str; 2] = ["whatsapp_business_management", "whatsapp_business_messaging"];

/// Longest address that may be set for an account.
const LONGEST_OVERRIDE: usize = 200;

const NO_TOKEN: &str =
    "the access token is not kept any more: hand one over, with --token-file or --code-file and --new-token";

/// What is wanted, beyond what is known already. Secrets are used and never stored but through the journal.
#[derive(Debug, Clone, Default)]
pub struct MetaWish {
    /// The app that the business signed up with. Without it a code cannot be exchanged, nor the token looked at.
    pub app: Option<MetaAppKeys>,
    /// The code of a sign-up, not older than 30 seconds.
    pub code: Option<SecretString>,
    /// A token, in place of a code.
    pub token: Option<SecretString>,
    /// The WhatsApp Business Account; found out, where the token is for one only.
    pub waba_id: Option<String>,
    /// Meta's id of the number; found out, where the account has one only.
    pub phone_number_id: Option<String>,
    /// The number is used in the WhatsApp Business app as well, and is not registered.
    pub coexistence: bool,
    /// The PIN that the number has, where it has one.
    pub pin: Option<SecretString>,
    /// Six random digits: the PIN that the number gets, where none is kept.
    pub new_pin: Option<SecretString>,
    /// Country in which messages at rest are to stay.
    pub region: Option<String>,
    /// Have a code sent to the number: by voice, or else by text.
    pub request_code: Option<bool>,
    /// That code.
    pub verification_code: Option<SecretString>,
    /// Where messages are to be posted to: this server's webhook.
    pub webhook_url: Option<String>,
    /// Set that address for the account, with this word to verify it, in place of the app's own.
    pub override_word: Option<SecretString>,
}

/// The way from a sign-up to a number that sends and receives. Run it again until every step is done: it goes on where it
/// stopped, and does nothing twice.
///
/// ```no_run
/// # use chatplug_core::ports::SystemClock;
/// # use chatplug_whatsapp::{meta::{http_client, provision::*}, provision::*};
/// # async fn f(code: secrecy::SecretString) -> Result<(), Box<dyn std::error::Error>> {
/// let app = MetaAppKeys { id: "670843887433847".into(), secret: "…".into() };
/// let wish = MetaWish { app: Some(app), code: Some(code), new_pin: Some("314159".into()), ..MetaWish::default() };
/// let journal = MemoryJournal::new(); // yours writes to a database
/// let connect = MetaConnect::new(MetaSetup::new(http_client()?), wish);
/// let (progress, steps) = connect.run(Progress::default(), &journal, &SystemClock).await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct MetaConnect {
    setup: MetaSetup,
    wish: MetaWish,
}

impl MetaConnect {
    /// A way to what is wanted.
    #[must_use]
    pub const fn new(setup: MetaSetup, wish: MetaWish) -> Self {
        Self { setup, wish }
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

    /// Leaves: the number is taken off the Cloud API, when asked for, and the app is told of the account no more. What is
    /// done already is done.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn leave(
        &self,
        progress: &Progress,
        token: &SecretString,
        deregister: bool,
    ) -> Result<(), ProvisionError> {
        if let Some(number) = progress.known(known::PHONE_NUMBER_ID).filter(|_| deregister)
            && self.setup.number(token, number).await?.is_registered()
        {
            self.setup.deregister(token, number).await?;
        }
        match progress.known(known::WABA_ID) {
            Some(waba) => self.setup.unsubscribe(token, waba).await,
            None => Ok(()),
        }
    }

    async fn token(&self, run: &mut Run<'_>) -> Result<Did, Stop> {
        if let Some(token) = &self.wish.token {
            run.journal.keep(Kept::Token, token).await?;
            return Ok(Did::Done("kept".to_owned()));
        }
        let Some(code) = &self.wish.code else {
            return match run.journal.kept(Kept::Token).await? {
                Some(_) => Ok(Did::Done("the one that is kept already".to_owned())),
                None => Err(Stop::failed(
                    "hand over the code of the sign-up with --code-file, or an access token with --token-file",
                )),
            };
        };
        let app = self.wish.app.as_ref().ok_or_else(|| {
            Stop::failed(
                "a code is exchanged with the app's id: write app_id under its [[meta_app]], or hand over a token",
            )
        })?;
        let before = run.progress.open.is_some();
        run.asks().await?;
        match self.setup.exchange(app, code).await {
            Ok(token) => {
                run.journal.keep(Kept::Token, &token).await?;
                Ok(Did::Done("exchanged for the sign-up's code, and kept".to_owned()))
            }
            // Stopped between keeping it and saying so: the code is used up, and what it gave is there.
            Err(ProvisionError::Refused { .. }) if before && run.journal.kept(Kept::Token).await?.is_some() => {
                Ok(Did::Done("the one that the run before kept".to_owned()))
            }
            Err(ProvisionError::OutcomeUnknown { .. }) => {
                run.answered();
                Err(Stop::failed(
                    "Meta's answer was lost, and the code with it, for it works once: let the client sign up once more",
                ))
            }
            Err(error) => Err(run.outcome(error)),
        }
    }

    async fn inspect(&self, run: &mut Run<'_>) -> Result<Did, Stop> {
        let Some(app) = &self.wish.app else {
            return Ok(Did::Skipped("there is no app_id under the [[meta_app]] to ask with"));
        };
        let token = run.secret(Kept::Token, NO_TOKEN).await?;
        let facts = match self.setup.inspect(app, &token).await {
            Ok(facts) => facts,
            Err(ProvisionError::Refused { .. }) => return Ok(Did::Skipped("Meta does not tell it to this app")),
            Err(error) => return Err(run.stop(error)),
        };
        if !facts.is_valid {
            return Err(Stop::failed(
                "the access token is not valid (any more): let the client sign up once more, or make a new system user token, \
                 and run this with --new-token",
            ));
        }
        if let Some(other) = facts.app_id.as_ref().filter(|id| **id != app.id) {
            return Err(Stop::failed(format!(
                "the access token is for the app {other}, and the configuration names another"
            )));
        }
        let missing: Vec<_> = SCOPES.into_iter().filter(|scope| !facts.scopes.iter().any(|has| has == scope)).collect();
        if !facts.scopes.is_empty() && !missing.is_empty() {
            return Err(Stop::failed(format!(
                "the access token lacks {}: ask for it in the sign-up's configuration, and let the client sign up once more \
                 (--new-token)",
                missing.join(" and ")
            )));
        }
        match (self.waba(&run.progress), facts.waba_ids.as_slice()) {
            (Some(wanted), known) if !known.is_empty() && !known.iter().any(|id| id == wanted) => {
                return Err(Stop::failed(format!("the access token is for {}, not for {wanted}", known.join(", "))));
            }
            (None, [only]) => run.progress.learn(known::WABA_ID, only),
            (None, several @ [_, _, ..]) => {
                let which = several.join(", ");
                return Err(Stop::failed(format!("the token is for several accounts: choose with --waba-id: {which}")));
            }
            _ => {}
        }
        run.progress.learn(known::APP_ID, &app.id);
        Ok(Did::Done(match facts.expires {
            Some(until) => format!("what is needed, until {}", until.format("%Y-%m-%d")),
            None => "what is needed, without end".to_owned(),
        }))
    }

    async fn number(&self, run: &mut Run<'_>) -> Result<Did, Stop> {
        let token = run.secret(Kept::Token, NO_TOKEN).await?;
        let waba = self.waba(&run.progress).ok_or_else(|| {
            Stop::failed("which WhatsApp Business Account? Meta's dialog told its id (waba_id): give it with --waba-id")
        })?;
        let waba = waba.to_owned();
        let numbers = self.setup.numbers(&token, &waba).await.map_err(|error| run.stop(error))?;
        let wanted = self.wish.phone_number_id.as_deref().or_else(|| run.progress.known(known::PHONE_NUMBER_ID));
        let number = match (wanted, numbers.as_slice()) {
            (Some(id), _) => numbers.iter().find(|number| number.id == id).ok_or_else(|| {
                Stop::failed(format!("the account {waba} has no number {id}; it has: {}", list(&numbers)))
            })?,
            (None, [only]) => only,
            (None, []) => {
                return Err(Stop::Waiting {
                    what: "the account has no number yet: let the owner add one in WhatsApp Manager".to_owned(),
                    again: None,
                });
            }
            (None, _) => {
                let which = list(&numbers);
                return Err(Stop::failed(format!(
                    "the account has several numbers: choose with --phone-number-id: {which}"
                )));
            }
        };
        let shown = number.display_phone_number.clone().unwrap_or_else(|| number.id.clone());
        run.progress.learn(known::WABA_ID, waba);
        run.progress.learn(known::PHONE_NUMBER_ID, &number.id);
        run.progress.learn(known::NUMBER, &shown);
        if let Some(name) = &number.verified_name {
            run.progress.learn(known::NAME, name);
        }
        Ok(Did::Done(shown))
    }

    async fn subscribe(&self, run: &mut Run<'_>) -> Result<Did, Stop> {
        let token = run.secret(Kept::Token, NO_TOKEN).await?;
        let waba = run.learnt(known::WABA_ID)?;
        let elsewhere = self.elsewhere()?;
        let app = self.wish.app.as_ref().map(|app| app.id.as_str()).or_else(|| run.progress.known(known::APP_ID));
        if let Some(app) = app {
            let there = self.setup.subscriptions(&token, &waba).await.map_err(|error| run.stop(error))?;
            let ours = there.iter().find(|one| one.app_id.as_deref() == Some(app));
            let wanted = elsewhere.map(|(url, _)| url);
            // Subscribing without an address would take back one that somebody set.
            if ours.is_some_and(|ours| wanted.is_none() || ours.override_url.as_deref() == wanted) {
                return Ok(Did::Done("it was already".to_owned()));
            }
        }
        self.point(run, &token, &waba, elsewhere).await?;
        Ok(Did::Done(match elsewhere {
            Some((url, _)) => format!("at {url}"),
            None => "at the address of its dashboard".to_owned(),
        }))
    }

    /// The address that is to be set for the account, with the word to verify it.
    fn elsewhere(&self) -> Result<Option<(&str, &SecretString)>, Stop> {
        match (&self.wish.override_word, &self.wish.webhook_url) {
            (None, _) => Ok(None),
            (Some(_), None) => Err(Stop::failed(NO_PUBLIC_URL)),
            (Some(_), Some(url)) if url.len() > LONGEST_OVERRIDE => {
                Err(Stop::failed("the webhook's address has more than 200 characters: give the app a shorter endpoint"))
            }
            (Some(word), Some(url)) => Ok(Some((url, word))),
        }
    }

    /// Has the app told of the account, at its own address or another.
    async fn point(
        &self,
        run: &Run<'_>,
        token: &SecretString,
        waba: &str,
        elsewhere: Option<(&str, &SecretString)>,
    ) -> Result<(), Stop> {
        match self.setup.subscribe(token, waba, elsewhere).await {
            Err(ProvisionError::Refused { code, words, .. }) if elsewhere.is_some() && code == 100 => {
                Err(Stop::Failed {
                    what: format!(
                        "Meta calls the address at once to verify it, and was not satisfied: is the server running, reachable from \
                     outside, and is its verify_token the one of this configuration? (the provider says: {words})"
                    ),
                    code: Some(code),
                })
            }
            told => told.map_err(|error| run.stop(error)),
        }
    }

    async fn register(&self, run: &mut Run<'_>) -> Result<Did, Stop> {
        if self.wish.coexistence {
            return Ok(Did::Skipped("the number stays in the WhatsApp Business app"));
        }
        let token = run.secret(Kept::Token, NO_TOKEN).await?;
        let id = run.learnt(known::PHONE_NUMBER_ID)?;
        let number = self.setup.number(&token, &id).await.map_err(|error| run.stop(error))?;
        if number.is_registered() {
            return Ok(Did::Done("it is".to_owned()));
        }
        run.settled()?;
        if let Some(by_voice) = self.wish.request_code {
            self.setup.request_code(&token, &id, by_voice, "en_US").await.map_err(|error| run.stop(error))?;
            let what = "a code is on its way to the number: run this with --verification-code-file";
            return Err(Stop::Waiting { what: what.to_owned(), again: None });
        }
        if let Some(code) = &self.wish.verification_code {
            match self.setup.verify_code(&token, &id, code).await {
                Ok(()) => {}
                Err(ProvisionError::Refused { code, .. }) => {
                    return Err(Stop::Failed { what: VERIFICATION.to_owned(), code: Some(code) });
                }
                Err(error) => return Err(run.stop(error)),
            }
        }
        let pin = self.pin(run).await?;
        let since = run.now() - Duration::hours(REGISTRATION_HOURS);
        run.progress.attempts.retain(|at| *at > since);
        if let (true, Some(first)) = (run.progress.attempts.len() >= MOST_REGISTRATIONS, run.progress.attempts.first())
        {
            let again = *first + Duration::hours(REGISTRATION_HOURS);
            let what = "Meta lets a number be registered ten times in 72 hours, and they are used up".to_owned();
            return Err(Stop::Waiting { what, again: Some(again) });
        }
        let now = run.now();
        run.progress.attempts.push(now);
        run.asks().await?;
        match self.setup.register(&token, &id, &pin, self.wish.region.as_deref()).await {
            Ok(()) => Ok(Did::Done("its PIN is kept, sealed: it is needed to register it again".to_owned())),
            Err(error) => Err(run.outcome(error)),
        }
    }

    /// The number's PIN, kept before it is used: who is stopped in between would not know it.
    async fn pin(&self, run: &Run<'_>) -> Result<SecretString, Stop> {
        let pin = match (&self.wish.pin, run.journal.kept(Kept::Pin).await?, &self.wish.new_pin) {
            (Some(given), _, _) => given.clone(),
            (None, Some(kept), _) => return Ok(kept),
            (None, None, Some(new)) => new.clone(),
            (None, None, None) => return Err(Stop::failed("give the PIN of the number with --pin-file")),
        };
        let digits = pin.expose_secret();
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Stop::failed("a PIN of two-step verification has six digits"));
        }
        run.journal.keep(Kept::Pin, &pin).await?;
        Ok(pin)
    }

    async fn webhook(&self, run: &mut Run<'_>) -> Result<Did, Stop> {
        let Some(wanted) = &self.wish.webhook_url else { return Ok(Did::Skipped(NO_PUBLIC_URL)) };
        let token = run.secret(Kept::Token, NO_TOKEN).await?;
        let id = run.learnt(known::PHONE_NUMBER_ID)?;
        let number = self.setup.number(&token, &id).await.map_err(|error| run.stop(error))?;
        let urls = number.webhook_configuration.unwrap_or_default();
        match urls.effective() {
            Some(url) if url == wanted => Ok(Did::Done(wanted.clone())),
            // Of the number's own address nothing is changed here: somebody set it on purpose.
            Some(_) if self.wish.override_word.is_some() && urls.phone_number.is_none() => {
                let waba = run.learnt(known::WABA_ID)?;
                self.point(run, &token, &waba, self.elsewhere()?).await?;
                Ok(Did::Done(wanted.clone()))
            }
            Some(url) => Err(Stop::failed(format!(
                "messages are posted to {url}: set the callback URL {wanted} and the verify token in the app's dashboard \
                 (WhatsApp > Configuration), and subscribe there to `messages`; or let this number's account have the address \
                 for itself, with --override-webhook"
            ))),
            None => Ok(Did::Done(format!(
                "Meta does not tell where; {wanted} must stand in the app's dashboard: write to the number to see that it answers"
            ))),
        }
    }

    /// The account that is wanted or known.
    fn waba<'a>(&'a self, progress: &'a Progress) -> Option<&'a str> {
        self.wish.waba_id.as_deref().or_else(|| progress.known(known::WABA_ID))
    }
}

const NO_PUBLIC_URL: &str = "public_url under [server] says where the webhook is, and is not set";

fn list(numbers: &[MetaNumber]) -> String {
    let one = |number: &MetaNumber| match &number.display_phone_number {
        Some(shown) => format!("{} ({shown})", number.id),
        None => number.id.clone(),
    };
    numbers.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[async_trait]
impl Way for MetaConnect {
    fn provider(&self) -> &'static str {
        PROVIDER
    }

    fn steps(&self) -> &'static [Step] {
        STEPS
    }

    async fn take(&self, step: Step, run: &mut Run<'_>) -> Result<Did, Stop> {
        match step.name {
            TOKEN => self.token(run).await,
            INSPECT => self.inspect(run).await,
            NUMBER => self.number(run).await,
            SUBSCRIBE => self.subscribe(run).await,
            REGISTER => self.register(run).await,
            _ => self.webhook(run).await,
        }
    }
}
