//! Voice messages: fetched and written down beside the turns, never within one. A turn that finds one remembers it and
//! ends; what was said comes back as mail of its own, or, when time is up, as nothing.

use super::Engine;
use crate::{
    model::{ConversationId, Lang, MediaRef, MessageId, Private, TenantId},
    ports::{Ingest, Messenger, Recording, Transcriber},
};
use std::{sync::Arc, time::Duration};

/// So many recordings are written down at a time; others wait for their turn within their time.
pub(super) const MOST_AT_ONCE: usize = 16;

/// One recording on its way to words.
#[derive(Debug, Clone)]
pub(super) struct Listening {
    pub(super) tenant: TenantId,
    pub(super) conversation: ConversationId,
    pub(super) message: MessageId,
    /// Its number in the mailbox.
    pub(super) seq: i64,
    pub(super) file: MediaRef,
    pub(super) language: Option<Lang>,
    pub(super) messenger: Arc<dyn Messenger>,
    pub(super) transcriber: Arc<dyn Transcriber>,
}

impl Engine {
    /// Writes a recording down and puts the words into its conversation's mailbox. Nobody waits for it.
    pub(super) fn listen(&self, listening: Listening) {
        let engine = self.clone();
        tokio::spawn(async move {
            let limit = engine.inner.options.listen_within.to_std().unwrap_or_default();
            let words = engine.words_within(limit, &listening).await;
            let Listening { tenant, conversation, message, seq, .. } = listening;
            let told = Ingest::Transcript {
                conversation,
                key: seq.to_string(),
                message,
                words,
                received: engine.inner.clock.now(),
            };
            // Where this fails the turn that waits for it goes on without, in its time.
            if let Err(error) = engine.inner.store.tenant(&tenant).ingest(vec![told]).await {
                tracing::warn!(tenant.id = %tenant, conversation.id = %conversation, error = &error as &dyn std::error::Error, "a transcript was not stored");
            }
        });
    }

    async fn words_within(&self, limit: Duration, listening: &Listening) -> Option<Private<String>> {
        let Listening { tenant, conversation, .. } = listening;
        match tokio::time::timeout(limit, self.words_of(listening)).await {
            Ok(words) => words,
            Err(_) => {
                tracing::warn!(tenant.id = %tenant, conversation.id = %conversation, "a voice message was not written down in time");
                None
            }
        }
    }

    async fn words_of(&self, listening: &Listening) -> Option<Private<String>> {
        let Listening { tenant, conversation, file, language, messenger, transcriber, .. } = listening;
        let _place = self.inner.listening.acquire().await.ok()?;
        let media = match messenger.fetch_media(file).await {
            Ok(media) => media,
            Err(error) => {
                tracing::warn!(tenant.id = %tenant, conversation.id = %conversation, error = &error as &dyn std::error::Error, "a voice message was not fetched");
                return None;
            }
        };
        if media.bytes.len() > transcriber.limit() {
            tracing::info!(tenant.id = %tenant, conversation.id = %conversation, "a voice message is too long to be written down");
            return None;
        }
        let recording = Recording { mime: media.mime, bytes: media.bytes, language: *language };
        match transcriber.transcribe(&recording).await {
            Ok(words) if words.reveal().trim().is_empty() => None,
            Ok(words) => Some(words),
            Err(error) => {
                tracing::warn!(tenant.id = %tenant, conversation.id = %conversation, error = &error as &dyn std::error::Error, "a voice message was not written down");
                None
            }
        }
    }
}
