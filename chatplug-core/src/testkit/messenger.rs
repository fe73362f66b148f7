//! A messenger without a provider.

use super::{fits, lock};
use crate::{
    model::{Address, ChannelLimits, DeliveryKey, DeliveryStatus, MediaRef, MessageId, MessageRef, Outbound, Stage},
    ports::{Clock, Media, Messenger, SendError, Sent},
    testkit::VirtualClock,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};
use tokio::sync::Notify;

/// A messenger that remembers what it was given. Clones share one memory.
///
/// It refuses what does not [`fit`](fits) its limits, as a provider would, and fails by script.
#[derive(Debug, Clone)]
pub struct MemoryMessenger {
    limits: ChannelLimits,
    clock: Arc<dyn Clock>,
    prefix: String,
    post: Arc<Mutex<Post>>,
    changed: Arc<Notify>,
}

/// A message that was handed over.
#[derive(Debug, Clone, PartialEq)]
pub struct SentMessage {
    /// The id given to it.
    pub id: MessageId,
    /// To whom.
    pub to: Address,
    /// What.
    pub message: Outbound,
    /// Our key of it.
    pub key: DeliveryKey,
    /// When.
    pub at: DateTime<Utc>,
}

impl SentMessage {
    /// The status that a provider would send of it, with our key.
    #[must_use]
    pub fn status(&self, stage: Stage) -> DeliveryStatus {
        DeliveryStatus {
            message: self.id.clone(),
            key: Some(self.key),
            stage,
            at: self.at,
            failure: None,
            pricing: None,
        }
    }
}

#[derive(Debug, Default)]
struct Post {
    sent: Vec<SentMessage>,
    seen: Vec<(MessageRef, bool)>,
    media: HashMap<String, Media>,
    script: VecDeque<Turnout>,
    down: bool,
    handed_over: u64,
}

/// How one `send` shall go.
#[derive(Debug)]
enum Turnout {
    Fine,
    Refused(SendError),
    AnswerLost,
}

impl MemoryMessenger {
    /// A messenger that can do what WhatsApp can, at [`VirtualClock::default`]'s time.
    #[must_use]
    pub fn new() -> Self {
        Self {
            limits: ChannelLimits::whatsapp(),
            clock: Arc::new(VirtualClock::default()),
            prefix: "out".to_owned(),
            post: Arc::default(),
            changed: Arc::default(),
        }
    }

    /// With other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: ChannelLimits) -> Self {
        self.limits = limits;
        self
    }

    /// With the test's clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// With ids that begin so, `out` otherwise: ids are unique per number, not over all of them.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Everything handed over so far, in order.
    #[must_use]
    pub fn sent(&self) -> Vec<SentMessage> {
        lock(&self.post).sent.clone()
    }

    /// Takes out what was handed over since the last call.
    #[must_use]
    pub fn take_sent(&self) -> Vec<SentMessage> {
        std::mem::take(&mut lock(&self.post).sent)
    }

    /// Waits until at least `count` messages lie here, and answers all of them. Waits for ever when they never come:
    /// put a time limit around the test, not around this.
    pub async fn sent_at_least(&self, count: usize) -> Vec<SentMessage> {
        loop {
            let changed = self.changed.notified();
            let sent = self.sent();
            if sent.len() >= count {
                return sent;
            }
            changed.await;
        }
    }

    /// Messages marked as seen, in order, with whether typing was to be shown.
    #[must_use]
    pub fn seen_messages(&self) -> Vec<(MessageRef, bool)> {
        lock(&self.post).seen.clone()
    }

    /// The next unscripted `send` fails like this and hands nothing over.
    pub fn fail_next(&self, error: SendError) {
        lock(&self.post).script.push_back(Turnout::Refused(error));
    }

    /// The next unscripted `send` goes through, but its answer is lost: [`SendError::OutcomeUnknown`].
    pub fn lose_next_answer(&self) {
        lock(&self.post).script.push_back(Turnout::AnswerLost);
    }

    /// The next unscripted `send` goes through: to fail the one after it.
    pub fn let_next_pass(&self) {
        lock(&self.post).script.push_back(Turnout::Fine);
    }

    /// The provider is down from now on, or back.
    pub fn set_down(&self, down: bool) {
        lock(&self.post).down = down;
    }

    /// A file that a client sent, by the id in its [`MediaRef`].
    pub fn put_media(&self, id: impl Into<String>, media: Media) {
        lock(&self.post).media.insert(id.into(), media);
    }
}

impl Default for MemoryMessenger {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Messenger for MemoryMessenger {
    fn limits(&self) -> &ChannelLimits {
        &self.limits
    }

    async fn send(&self, to: &Address, message: &Outbound, key: DeliveryKey) -> Result<Sent, SendError> {
        let mut post = lock(&self.post);
        if post.down {
            return Err(SendError::Unavailable { source: None });
        }
        fits(message, &self.limits).map_err(|misfit| refused(&misfit.to_string()))?;
        let turnout = post.script.pop_front().unwrap_or(Turnout::Fine);
        if let Turnout::Refused(error) = turnout {
            return Err(error);
        }
        post.handed_over += 1;
        let id = MessageId::new(format!("{}-{}", self.prefix, post.handed_over))
            .map_err(|error| refused(&error.to_string()))?;
        let at = self.clock.now();
        post.sent.push(SentMessage { id: id.clone(), to: to.clone(), message: message.clone(), key, at });
        drop(post);
        self.changed.notify_waiters();
        match turnout {
            Turnout::AnswerLost => Err(SendError::OutcomeUnknown { source: None }),
            Turnout::Fine | Turnout::Refused(_) => Ok(Sent { message: id, at }),
        }
    }

    async fn seen(&self, message: &MessageRef, typing: bool) -> Result<(), SendError> {
        let mut post = lock(&self.post);
        if post.down {
            return Err(SendError::Unavailable { source: None });
        }
        post.seen.push((message.clone(), typing));
        Ok(())
    }

    async fn fetch_media(&self, media: &MediaRef) -> Result<Media, SendError> {
        let post = lock(&self.post);
        if post.down {
            return Err(SendError::Unavailable { source: None });
        }
        post.media.get(&media.id).cloned().ok_or_else(|| refused("no such file"))
    }
}

/// The code 100 is what Meta calls an invalid parameter.
fn refused(detail: &str) -> SendError {
    SendError::Rejected { code: 100, detail: detail.to_owned() }
}
