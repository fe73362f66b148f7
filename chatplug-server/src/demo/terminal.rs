//! A phone without a page: for the terminal.

use super::{
    Simulator,
    hub::{Item, News},
    meta::Act,
};
use crate::http::Webhooks;
use chatplug_core::{
    engine::Engine,
    model::{ChannelUser, IdError, Phone},
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::sync::broadcast;

/// Longest wait before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(150);

/// What the business sent, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bubble {
    /// The words.
    pub text: String,
    /// What can be chosen, in order: label and small print.
    pub choices: Vec<(String, Option<String>)>,
}

/// Hears what arrives on one phone.
#[derive(Debug)]
pub struct Listener {
    number: String,
    news: broadcast::Receiver<News>,
    heard: Vec<Bubble>,
}

/// Why words could not be handed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SayError {
    /// The number is none.
    #[error("not a phone number")]
    Number,
    /// No id could be made.
    #[error("no message id could be made")]
    Id(#[from] IdError),
    /// The webhook was answered with another status than 200.
    #[error("the webhook was answered with {0}")]
    Refused(http::StatusCode),
}

impl Simulator {
    /// Hears what arrives on a phone from now on.
    #[must_use]
    pub fn listen(&self, number: &str) -> Listener {
        Listener { number: number.to_owned(), news: self.hub.watch(), heard: Vec::new() }
    }

    /// Says words from a phone, by a webhook.
    ///
    /// # Errors
    /// See [`SayError`].
    pub async fn say(&self, webhooks: &Webhooks, number: &str, name: &str, text: &str) -> Result<(), SayError> {
        let phone: Phone = number.parse().map_err(|_| SayError::Number)?;
        let act = Act::Text { text: text.to_owned(), quoted: None };
        let (_, status) = self.act(webhooks, &phone, name, &act).await?;
        if status.is_success() { Ok(()) } else { Err(SayError::Refused(status)) }
    }

    /// Whether everything that was said from a phone is answered, and every answer handed over.
    pub async fn is_quiet(&self, engine: &Engine, number: &str) -> bool {
        let store = engine.store().tenant(&self.stage.tenant);
        let user = ChannelUser { phone: number.parse().ok(), user_id: None };
        let Ok(Some(view)) = store.conversation_of(&self.stage.channel, &user).await else { return false };
        let Ok(messages) = store.messages(view.id, 30).await else { return false };
        view.action.is_none()
            && messages.iter().all(|entry| match entry.inbound {
                true => entry.outcome.is_some(),
                false => !matches!(entry.status.as_str(), "queued" | "sending"),
            })
    }
}

impl Listener {
    /// What arrived since the last time.
    pub fn heard(&mut self) -> Vec<Bubble> {
        while let Ok(news) = self.news.try_recv() {
            self.take(news);
        }
        std::mem::take(&mut self.heard)
    }

    /// Waits until something happens, or may have: not everything that the store learns is told.
    pub async fn wait(&mut self) {
        // Behind by too much is something too; nobody left to tell cannot be while the simulator lives.
        if let Ok(Ok(news)) = tokio::time::timeout(LOOK_AGAIN, self.news.recv()).await {
            self.take(news);
        }
    }

    fn take(&mut self, news: News) {
        if let News::Item(number, item) = news
            && number == self.number
            && !item.mine
            && item.reactions.client.is_none()
        {
            self.heard.push(bubble(&item));
        }
    }
}

/// The words and choices of a message as it is sent.
pub(super) fn bubble(item: &Item) -> Bubble {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let body = &item.body;
    let words = ["body", "caption", "preview"].iter().find_map(|key| text(body, key)).unwrap_or_else(|| {
        let parts = [text(body, "name"), text(body, "address")];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    });
    let rows = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut options = rows(body, "buttons");
    options.extend(rows(body, "sections").iter().flat_map(|section| rows(section, "rows")));
    let choices = options.iter().filter_map(|option| Some((text(option, "title")?, text(option, "description"))));
    Bubble { text: words, choices: choices.collect() }
}

/// The last message of the business on a phone, if there is one.
pub(super) fn last(hub: &Arc<super::hub::Hub>, number: &str) -> Option<Bubble> {
    hub.phone(number, |phone| phone.items.iter().rev().find(|item| !item.mine).map(bubble))
}
