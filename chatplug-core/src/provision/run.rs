//! Going through the steps of a way.

use super::{
    Entry, Journal, JournalError, Kept, OpenCall, Progress, ProvisionError, SETTLE_SECONDS, Standing, Step, StepView,
};
use crate::ports::Clock;
use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use std::collections::BTreeMap;

/// How a step ended that stands no longer in the way.
#[derive(Debug)]
pub enum Did {
    /// Done, with what there is to know.
    Done(String),
    /// Not needed.
    Skipped(&'static str),
}

/// Why a run ends at a step.
#[derive(Debug)]
pub enum Stop {
    /// Goes on later.
    Waiting {
        /// What is waited for.
        what: String,
        /// When to run again; `None`: when a person has done something.
        again: Option<DateTime<Utc>>,
    },
    /// Goes on when somebody did what is said.
    Failed {
        /// What to do.
        what: String,
        /// The provider's code, where it gave one.
        code: Option<i64>,
    },
    /// Nothing can be kept.
    Journal(JournalError),
}

impl Stop {
    /// Somebody has to do something.
    #[must_use]
    pub fn failed(what: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), code: None }
    }
}

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// A way: its steps, and how each is taken.
#[async_trait]
pub trait Way: Send + Sync {
    /// The provider's name.
    fn provider(&self) -> &'static str;

    /// Its steps, in order.
    fn steps(&self) -> &'static [Step];

    /// Takes a step. It is not called for one that is done.
    async fn take(&self, step: Step, run: &mut Run<'_>) -> Result<Did, Stop>;
}

/// One run of a way.
#[derive(Debug)]
pub struct Run<'a> {
    /// What is known so far; kept when the step that is being taken ends.
    pub progress: Progress,
    /// Where that is kept.
    pub journal: &'a dyn Journal,
    clock: &'a dyn Clock,
    step: &'static str,
    /// What was kept last.
    saved: Progress,
}

impl Run<'_> {
    /// What an earlier step learnt.
    ///
    /// # Errors
    /// [`Stop::Failed`] when it did not.
    pub fn learnt(&self, name: &str) -> Result<String, Stop> {
        let known = self.progress.known(name).map(str::to_owned);
        known.ok_or_else(|| Stop::failed(format!("{name} is not known: begin anew with --start-over")))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Says that a call leaves which must not be made twice.
    ///
    /// # Errors
    /// See [`JournalError`]; the call must not be made then.
    pub async fn asks(&mut self) -> Result<(), JournalError> {
        self.progress.open = Some(OpenCall { step: self.step.to_owned(), at: self.now() });
        self.save("asked", None).await
    }

    /// Such a call was answered, or never left.
    pub fn answered(&mut self) {
        self.progress.open = None;
    }

    /// Nothing was found of a call whose answer was lost: that counts when it cannot be under way any more.
    ///
    /// # Errors
    /// [`Stop::Waiting`] until then.
    pub fn settled(&self) -> Result<(), Stop> {
        let Some(open) = self.progress.open.as_ref().filter(|open| open.step == self.step) else { return Ok(()) };
        let over = open.at + Duration::seconds(SETTLE_SECONDS);
        if self.now() >= over {
            return Ok(());
        }
        let what = "it was asked for and not answered, and may still come about; before it is asked for again, it is \
                    looked for once more";
        Err(Stop::Waiting { what: what.to_owned(), again: Some(over) })
    }

    /// What was kept of a secret, or what to do about that it is not there.
    ///
    /// # Errors
    /// [`Stop::Failed`] with `lost` when it is not there.
    pub async fn secret(&self, which: Kept, lost: &str) -> Result<SecretString, Stop> {
        self.journal.kept(which).await?.ok_or_else(|| Stop::failed(lost))
    }

    /// What became of a call that must not be made twice.
    pub fn outcome(&mut self, error: ProvisionError) -> Stop {
        if !matches!(error, ProvisionError::OutcomeUnknown { .. }) {
            self.answered();
        }
        self.stop(error)
    }

    /// What a call's failure means to the run.
    #[must_use]
    pub fn stop(&self, error: ProvisionError) -> Stop {
        match error {
            ProvisionError::Refused { code, advice, words } if words.is_empty() => {
                Stop::Failed { what: advice.to_owned(), code: Some(code) }
            }
            ProvisionError::Refused { code, advice, words } => {
                Stop::Failed { what: format!("{advice} (the provider says: {words})"), code: Some(code) }
            }
            ProvisionError::Wait { after, advice, .. } => {
                Stop::Waiting { what: advice.to_owned(), again: Some(self.now() + after) }
            }
            ProvisionError::OutcomeUnknown { .. } => Stop::Waiting {
                what: "the answer was lost; when this is run again, it is looked for before it is asked for again"
                    .to_owned(),
                again: Some(self.now() + Duration::seconds(SETTLE_SECONDS)),
            },
            ProvisionError::Unavailable { .. } => Stop::Waiting {
                what: "the provider cannot be reached, or is out of order; nothing was done".to_owned(),
                again: Some(self.now() + Duration::minutes(1)),
            },
        }
    }

    async fn save(&mut self, became: &'static str, code: Option<i64>) -> Result<(), JournalError> {
        self.journal.save(&self.progress, Entry { step: self.step, became, code }).await?;
        self.saved = self.progress.clone();
        Ok(())
    }
}

/// Takes every step that is not done, up to the first that waits or fails. Answers what is known then, and how each step
/// stands.
///
/// # Errors
/// When nothing can be kept: see [`JournalError`].
pub async fn go(
    way: &dyn Way,
    progress: Progress,
    journal: &dyn Journal,
    clock: &dyn Clock,
) -> Result<(Progress, Vec<StepView>), JournalError> {
    let saved = progress.clone();
    let mut run = Run { progress, journal, clock, step: "", saved };
    way.provider().clone_into(&mut run.progress.provider);
    let mut now = BTreeMap::new();
    for step in way.steps() {
        if run.progress.done.contains_key(step.name) {
            continue;
        }
        run.step = step.name;
        let (standing, over) = match way.take(*step, &mut run).await {
            Ok(Did::Done(note)) => {
                run.answered();
                run.progress.skipped.remove(step.name);
                let at = run.now();
                run.progress.done.insert(step.name.to_owned(), at);
                (Standing::Done { note }, false)
            }
            Ok(Did::Skipped(why)) => {
                run.progress.skipped.insert(step.name.to_owned(), why.to_owned());
                (Standing::Skipped { why: why.to_owned() }, false)
            }
            Err(Stop::Waiting { what, again }) => (Standing::Waiting { what, again }, true),
            Err(Stop::Failed { what, code }) => (Standing::Failed { what, code }, true),
            Err(Stop::Journal(error)) => return Err(error),
        };
        let code = if let Standing::Failed { code, .. } = &standing { *code } else { None };
        // Waiting for the same thing once more is no news.
        if run.progress != run.saved || matches!(standing, Standing::Failed { .. }) {
            run.save(standing.word(), code).await?;
        }
        now.insert(step.name, standing);
        if over {
            break;
        }
    }
    let mut views = run.progress.views(way.steps());
    for view in &mut views {
        if let Some(standing) = now.remove(view.step.name) {
            view.standing = standing;
        }
    }
    Ok((run.progress, views))
}
