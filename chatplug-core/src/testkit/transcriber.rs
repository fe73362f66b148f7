//! Listening by script: a recording says what the test says it says.

use super::lock;
use crate::{
    model::Private,
    ports::{Recording, TranscribeError, Transcriber},
};
use async_trait::async_trait;
use bytes::Bytes;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// A transcriber that looks recordings up by their bytes. What it was not told is no recording. Clones share one script.
#[derive(Clone, Default)]
pub struct ScriptedTranscriber(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    words: HashMap<Bytes, String>,
    calls: usize,
    down: bool,
}

impl ScriptedTranscriber {
    /// Largest recording, in bytes.
    pub const LIMIT: usize = 1024 * 1024;

    /// A transcriber that knows no recording yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A recording with what is said in it; nothing at all for silence.
    #[must_use]
    pub fn hears(self, recording: impl Into<Bytes>, words: &str) -> Self {
        lock(&self.0).words.insert(recording.into(), words.to_owned());
        self
    }

    /// Makes it answer [`TranscribeError::Unavailable`] from now on, or work again.
    pub fn set_down(&self, down: bool) {
        lock(&self.0).down = down;
    }

    /// How often it was asked.
    #[must_use]
    pub fn calls(&self) -> usize {
        lock(&self.0).calls
    }
}

impl std::fmt::Debug for ScriptedTranscriber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScriptedTranscriber").field("calls", &self.calls()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Transcriber for ScriptedTranscriber {
    fn limit(&self) -> usize {
        Self::LIMIT
    }

    async fn transcribe(&self, recording: &Recording) -> Result<Private<String>, TranscribeError> {
        let mut script = lock(&self.0);
        script.calls += 1;
        if recording.bytes.len() > Self::LIMIT {
            return Err(TranscribeError::TooLarge);
        }
        if script.down {
            return Err(TranscribeError::Unavailable { source: None });
        }
        match script.words.get(&recording.bytes) {
            None => Err(TranscribeError::Rejected { code: 400 }),
            Some(words) if words.trim().is_empty() => Err(TranscribeError::Silent),
            Some(words) => Ok(Private::new(words.clone())),
        }
    }
}
