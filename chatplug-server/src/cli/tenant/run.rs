//! Going through the steps: telling each as it ends, and waiting for what comes by itself.

use super::{ConnectArgs, Failure, Target, ask, journal::StoreJournal};
use crate::stores::Stores;
use async_trait::async_trait;
use chatplug_core::ports::{Clock as _, TenantConnections};
use chatplug_whatsapp::{
    meta::provision::MetaConnect,
    provision::{Journal, JournalError, Progress, Standing, Step, StepView},
    twilio::provision::TwilioConnect,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// Exit code when nothing is wrong and the last step waits.
const WAITING: u8 = 3;

/// A way that can be gone.
#[async_trait]
pub(super) trait Going: Send + Sync {
    /// Takes what steps can be taken.
    async fn go(&self, progress: Progress, journal: &dyn Journal) -> Result<(Progress, Vec<StepView>), JournalError>;
}

#[async_trait]
impl Going for MetaConnect {
    async fn go(&self, progress: Progress, journal: &dyn Journal) -> Result<(Progress, Vec<StepView>), JournalError> {
        self.run(progress, journal, &ask::CLOCK).await
    }
}

#[async_trait]
impl Going for TwilioConnect {
    async fn go(&self, progress: Progress, journal: &dyn Journal) -> Result<(Progress, Vec<StepView>), JournalError> {
        self.run(progress, journal, &ask::CLOCK).await
    }
}

/// What is known so far, and where what comes is kept.
pub(super) struct Opened {
    pub(super) stores: Stores,
    journal: StoreJournal,
    connections: Arc<dyn TenantConnections>,
    progress: Progress,
}

impl Opened {
    /// Opens the database; refuses a channel that is being connected to another provider.
    pub(super) async fn of(target: &Target, token: &str, provider: &str) -> Result<Self, Failure> {
        let stores = ask::open(&target.config).await?;
        // The first credential comes before the first start.
        stores.register(&target.config, &target.tenant).await?;
        let (journal, progress) = StoreJournal::open(&stores, &target.tenant, &target.channel, token, &target.by)
            .await
            .map_err(|error| ask::explain(error, &target.tenant))?;
        let connections = stores.connections.connections(&target.tenant);
        let other = !progress.provider.is_empty() && progress.provider != provider;
        if other {
            return Err(Failure::usage(format!(
                "error: channel {} is connected to {}: take it off with `chatplug tenant disconnect`, or choose another id",
                target.channel, progress.provider
            )));
        }
        Ok(Self { stores, journal, connections, progress })
    }

    /// Begins anew, or from the token on, where that was asked for.
    pub(super) async fn begin(&mut self, target: &Target, args: &ConnectArgs, token: &str) -> Result<(), Failure> {
        let explain = |error| ask::explain(error, &target.tenant);
        if args.start_over && !args.dry_run {
            self.connections.remove_connection(&target.channel, &target.by, ask::CLOCK.now()).await.map_err(explain)?;
            let opened = StoreJournal::open(&self.stores, &target.tenant, &target.channel, token, &target.by).await;
            (self.journal, self.progress) = opened.map_err(explain)?;
        }
        if args.start_over {
            self.progress = Progress::default();
        }
        if args.new_token {
            self.progress.again(&["token", "account", "inspect"]);
        }
        Ok(())
    }

    /// Whether a step is done already; what was handed over for it is then of no use, which is said.
    pub(super) fn passes_over(&self, step: &str, given: bool) -> bool {
        let done = self.progress.done.contains_key(step);
        if done && given {
            eprintln!("note: a token is kept already, and what was handed over is not used; --new-token takes it");
        }
        done
    }

    /// An id that is given must be the one that is known.
    pub(super) fn agrees(&self, flag: &str, known: &str, given: Option<&str>) -> Result<(), Failure> {
        match (self.progress.known(known), given) {
            (Some(known), Some(given)) if known != given => Err(Failure::usage(format!(
                "error: {flag} {given}: this channel is being connected with {known}; to connect another, add --start-over"
            ))),
            _ => Ok(()),
        }
    }

    /// Goes until every step is done, one fails, or waiting has no end; tells each. Answers what is known when all is done;
    /// nothing, where nothing was to be done.
    pub(super) async fn go(
        self,
        way: &dyn Going,
        steps: &[Step],
        args: &ConnectArgs,
    ) -> Result<Option<Progress>, Failure> {
        let Self { stores, journal, mut progress, .. } = self;
        if args.dry_run {
            for view in progress.views(steps) {
                println!("{}", line(&view));
            }
            println!("nothing was asked of anybody, and nothing changed");
            stores.close().await;
            return Ok(None);
        }
        let patience = ask::CLOCK.now() + TimeDelta::seconds(args.wait.into());
        let mut told = BTreeSet::new();
        let end = loop {
            let (known, views) = match way.go(progress, &journal).await {
                Ok(gone) => gone,
                Err(error) => {
                    stores.close().await;
                    return Err(unkept(error));
                }
            };
            progress = known;
            let end = tell(&views, &mut told);
            let Some(Standing::Waiting { again: Some(again), .. }) = &end else { break end };
            if *again > patience {
                break end;
            }
            let wait = (*again - ask::CLOCK.now()).to_std().unwrap_or(Duration::ZERO);
            tokio::time::sleep(wait).await;
        };
        stores.close().await;
        match end {
            None => Ok(Some(progress)),
            Some(Standing::Waiting { again, .. }) => Err(Failure { message: later(again), code: WAITING }),
            Some(_) => Err(Failure::refused("not connected yet: run the same command again when that is done")),
        }
    }
}

/// Tells every step that has news; answers how the step stands that is in the way.
pub(super) fn tell(views: &[StepView], told: &mut BTreeSet<String>) -> Option<Standing> {
    let mut end = None;
    for view in views {
        match &view.standing {
            Standing::Todo => continue,
            Standing::Waiting { .. } | Standing::Failed { .. } => end = Some(view.standing.clone()),
            // This run told it when it was done.
            Standing::Before { .. } if told.iter().any(|line| line.contains(view.step.title)) => continue,
            _ => {}
        }
        let line = line(view);
        if told.insert(line.clone()) {
            println!("{line}");
        }
    }
    end
}

/// A step, in a line.
pub(super) fn line(view: &StepView) -> String {
    let StepView { step, standing } = view;
    let note = match standing {
        Standing::Todo => String::new(),
        Standing::Done { note } => note.clone(),
        Standing::Before { at } => at.format("%Y-%m-%d %H:%M UTC").to_string(),
        Standing::Skipped { why } => why.clone(),
        Standing::Waiting { what, .. } => what.clone(),
        Standing::Failed { what, code: Some(code) } => format!("{what} [code {code}]"),
        Standing::Failed { what, code: None } => what.clone(),
        _ => String::new(),
    };
    let colon = if note.is_empty() { "" } else { ": " };
    format!("{:<13} {}{colon}{note}", standing.word(), step.title)
}

fn later(again: Option<DateTime<Utc>>) -> String {
    match again {
        Some(at) => format!("waiting: run the same command again after {}", at.format("%Y-%m-%d %H:%M:%S UTC")),
        None => "waiting: run the same command again when that is done".to_owned(),
    }
}

fn unkept(error: JournalError) -> Failure {
    match error {
        JournalError::Overtaken => Failure::refused(
            "error: another run of this command is connecting the same channel: let it end, then run this again",
        ),
        error => anyhow::Error::from(error).into(),
    }
}
