//! A journal in memory: for programs that keep progress their own way, and for tests.

use super::{Entry, Journal, JournalError, Kept, Progress};
use async_trait::async_trait;
use secrecy::SecretString;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Keeps everything as long as it lives.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    progress: Progress,
    entries: Vec<Entry>,
    secrets: BTreeMap<Kept, SecretString>,
}

impl MemoryJournal {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was kept last.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.with(|inner| inner.progress.clone())
    }

    /// Everything that was written, in order.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.with(|inner| inner.entries.clone())
    }

    fn with<T>(&self, with: impl FnOnce(&mut Inner) -> T) -> T {
        with(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn save(&self, progress: &Progress, entry: Entry) -> Result<(), JournalError> {
        self.with(|inner| {
            progress.clone_into(&mut inner.progress);
            inner.entries.push(entry);
        });
        Ok(())
    }

    async fn keep(&self, which: Kept, secret: &SecretString) -> Result<(), JournalError> {
        self.with(|inner| inner.secrets.insert(which, secret.clone()));
        Ok(())
    }

    async fn kept(&self, which: Kept) -> Result<Option<SecretString>, JournalError> {
        Ok(self.with(|inner| inner.secrets.get(&which).cloned()))
    }
}
