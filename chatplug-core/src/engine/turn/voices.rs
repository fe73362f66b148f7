//! Voice messages within a turn: put aside until they are written down, taken up when they are or when time is up.

use super::{Turn, amend::Heard};
use crate::{
    dialogue::{Holder, Outcome},
    engine::voice::Listening,
    model::{BookingId, Content, Inbound, MediaKind, MessageId, Private},
};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

/// No more of one client are written down at a time; the others get the polite answer.
const MOST: usize = 5;
/// A transcript that is on its way when time is up is waited for so much longer.
const GRACE: Duration = Duration::seconds(5);

/// A voice message that waits for its words.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::engine) struct Waiting {
    /// Its number in the mailbox.
    pub(in crate::engine) seq: i64,
    /// The message.
    pub(in crate::engine) message: Inbound,
    /// The booking that it answers to.
    pub(in crate::engine) about: Option<BookingId>,
    /// It is not waited for longer.
    pub(in crate::engine) until: DateTime<Utc>,
}

impl Turn<'_> {
    /// Puts a voice message aside to be written down, if it can be; else it is read as it is.
    pub(super) fn put_aside(&mut self, heard: Heard) -> Option<Heard> {
        let (seq, message, about) = heard;
        let keep = |message| Some((seq, message, about));
        let Some(transcriber) = self.tenant.transcriber.clone() else { return keep(message) };
        let Content::Media(file) = &message.content else { return keep(message) };
        let has_words = file.caption.as_ref().is_some_and(|caption| !caption.reveal().trim().is_empty());
        // What is for a person to answer is for a person to hear.
        if file.kind != MediaKind::Voice
            || has_words
            || self.holder == Holder::Person
            || self.state.voices.len() >= MOST
        {
            return keep(message);
        }
        self.listen_to.push(Listening {
            tenant: self.tenant.id.clone(),
            conversation: self.lease.conversation,
            message: message.id.clone(),
            seq,
            file: file.clone(),
            language: self.dialogue.language().or(self.contact.language),
            messenger: self.channel.messenger.clone(),
            transcriber,
        });
        let until = self.now + self.engine.inner.options.listen_within + GRACE;
        self.state.voices.push(Waiting { seq, message, about, until });
        self.messages += 1;
        self.changes.read.push((seq, Some(Outcome::Pending)));
        None
    }

    /// What was said in a voice message that still waits; the message with its words, or without.
    pub(super) fn written_down(&mut self, message: &MessageId, words: Option<Private<String>>) -> Option<Heard> {
        let at = self.state.voices.iter().position(|waiting| waiting.message.id == *message)?;
        let Waiting { seq, mut message, about, .. } = self.state.voices.remove(at);
        if let Some(body) = words {
            self.spoken.push(message.id.clone());
            message.content = Content::Text { body };
        }
        Some((seq, message, about))
    }

    /// Voice messages of which nothing was heard in their time; of those that were taken back nothing is said.
    pub(super) fn unheard(&mut self) -> Vec<Heard> {
        let now = self.now;
        let (over, wait): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.state.voices).into_iter().partition(|waiting| waiting.until <= now);
        self.state.voices = wait;
        over.into_iter().map(|Waiting { seq, message, about, .. }| (seq, message, about)).collect()
    }

    /// A voice message was taken back while it was being written down.
    pub(super) fn forget_voice(&mut self, message: &MessageId) {
        if let Some(at) = self.state.voices.iter().position(|waiting| waiting.message.id == *message) {
            let waiting = self.state.voices.remove(at);
            self.changes.read.push((waiting.seq, Some(Outcome::NothingToSay)));
        }
        self.listen_to.retain(|listening| listening.message != *message);
    }
}
