//! A team that writes down what it hears.

use super::lock;
use crate::ports::{Notice, Notifier, NotifyError};
use async_trait::async_trait;
use std::sync::{Arc, Mutex};

/// A notifier that remembers what it was told. Clones share one memory.
#[derive(Debug, Clone, Default)]
pub struct RecordingNotifier(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
struct Heard {
    notices: Vec<Notice>,
    failures: usize,
}

impl RecordingNotifier {
    /// A notifier that has heard nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What it was told, in order.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        lock(&self.0).notices.clone()
    }

    /// Fails the next `times` calls: those notices are lost.
    pub fn fail_next(&self, times: usize) {
        lock(&self.0).failures = times;
    }
}

#[async_trait]
impl Notifier for RecordingNotifier {
    async fn notify(&self, notice: &Notice) -> Result<(), NotifyError> {
        let mut heard = lock(&self.0);
        if let Some(left) = heard.failures.checked_sub(1) {
            heard.failures = left;
            return Err(NotifyError { source: None });
        }
        heard.notices.push(notice.clone());
        Ok(())
    }
}
