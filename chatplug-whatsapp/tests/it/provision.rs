//! Connecting a number: every way of being stopped, and what is asked of the provider in all.

pub(crate) mod meta;
mod twilio;

use async_trait::async_trait;
use chatplug_whatsapp::provision::{Entry, Journal, JournalError, Kept, MemoryJournal, Progress, Standing, StepView};
use secrecy::SecretString;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A journal whose program is killed at one of its writes: before that is done, or after.
#[derive(Debug)]
struct Mortal<'a> {
    journal: &'a MemoryJournal,
    left: AtomicUsize,
    after: bool,
}

impl<'a> Mortal<'a> {
    const fn new(journal: &'a MemoryJournal, writes: usize, after: bool) -> Self {
        Self { journal, left: AtomicUsize::new(writes), after }
    }

    /// Whether this write is the last of this life.
    fn dies(&self) -> bool {
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) == Ok(1)
    }

    /// Whether it was killed.
    fn is_dead(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }
}

fn killed() -> JournalError {
    JournalError::Store { source: "killed".into() }
}

#[async_trait]
impl Journal for Mortal<'_> {
    async fn save(&self, progress: &Progress, entry: Entry) -> Result<(), JournalError> {
        let dies = self.dies();
        if !dies || self.after {
            self.journal.save(progress, entry).await?;
        }
        if dies { Err(killed()) } else { Ok(()) }
    }

    async fn keep(&self, which: Kept, secret: &SecretString) -> Result<(), JournalError> {
        let dies = self.dies();
        if !dies || self.after {
            self.journal.keep(which, secret).await?;
        }
        if dies { Err(killed()) } else { Ok(()) }
    }

    async fn kept(&self, which: Kept) -> Result<Option<SecretString>, JournalError> {
        self.journal.kept(which).await
    }
}

/// How the steps stand, in words.
fn words(views: &[StepView]) -> Vec<String> {
    views.iter().map(|view| format!("{} {}", view.step.name, view.standing.word())).collect()
}

/// What is said of the step where it ended.
fn end(views: &[StepView]) -> String {
    let said = views.iter().find_map(|view| match &view.standing {
        Standing::Waiting { what, .. } => Some(format!("{} waits: {what}", view.step.name)),
        Standing::Failed { what, .. } => Some(format!("{} failed: {what}", view.step.name)),
        _ => None,
    });
    said.unwrap_or_else(|| "complete".to_owned())
}
