//! What a client's message is to the dialogue: words with their meaning, a tap, or something that cannot be read.

use super::Turn;
use crate::{
    dialogue::SaidWhat,
    model::{Catalog, Content, Inbound, Private},
    ports::{Context, Intent, Interpretation, Utterance},
};
use chrono::{DateTime, Utc};
use std::sync::Arc;

impl Turn<'_> {
    /// What a message is to the dialogue; `None`: it needs no answer.
    pub(super) async fn understand(&self, message: Inbound) -> Option<SaidWhat> {
        match message.content {
            Content::Text { body } | Content::Edit { body: Some(body), .. } => Some(self.words(body, message.at).await),
            Content::Media(media) => match media.caption {
                Some(caption) if !caption.reveal().trim().is_empty() => Some(self.words(caption, message.at).await),
                _ => Some(SaidWhat::Unreadable { media: Some(media.kind) }),
            },
            Content::Tap(tap) => Some(SaidWhat::Tap { id: tap.id, title: tap.title }),
            Content::Reaction { emoji: Some(emoji), .. } => Some(SaidWhat::Reaction { emoji }),
            Content::Location { .. } => Some(SaidWhat::Location),
            Content::Reaction { emoji: None, .. } | Content::Revoke { .. } | Content::IdentityChanged { .. } => None,
            _ => Some(SaidWhat::Unreadable { media: None }),
        }
    }

    async fn words(&self, text: Private<String>, at: DateTime<Utc>) -> SaidWhat {
        let unsure = || Interpretation::of(Intent::Other, 0.0);
        let Some(catalog) = self.catalog_to_read_by() else { return SaidWhat::Words { text, meaning: unsure() } };
        let context = Context {
            catalog: &catalog,
            language: self.dialogue.language().or(self.contact.language),
            default_language: self.tenant.policy.language,
            open: self.dialogue.open_question(),
            options: self.dialogue.options(),
        };
        let utterance = Utterance { text: text.clone(), at };
        let limit = self.engine.inner.options.backend_timeout.to_std().unwrap_or_default();
        let meaning = match tokio::time::timeout(limit, self.tenant.intents.interpret(&utterance, &context)).await {
            Ok(Ok(meaning)) => meaning,
            Err(_) => {
                tracing::warn!(tenant.id = %self.tenant.id, "not interpreted in time; the client is asked with buttons");
                unsure()
            }
            Ok(Err(error)) => {
                tracing::warn!(tenant.id = %self.tenant.id, error = &error as &dyn std::error::Error, "not interpreted; the client is asked with buttons");
                unsure()
            }
        };
        SaidWhat::Words { text, meaning }
    }

    /// The catalogue that words point into: the branch's, or all branches' in one where there are several.
    fn catalog_to_read_by(&self) -> Option<Arc<Catalog>> {
        let first = self.branches.first()?;
        let chosen = self.dialogue.branch().and_then(|id| self.branches.iter().find(|view| view.branch().id == *id));
        if let Some(view) = chosen {
            return Some(view.catalog.clone());
        }
        if self.branches.len() == 1 {
            return Some(first.catalog.clone());
        }
        let mut all = (*first.catalog).clone();
        for view in self.branches.iter().skip(1) {
            let new = view.catalog.services.iter().filter(|service| all.service(&service.id).is_none());
            let new: Vec<_> = new.cloned().collect();
            all.services.extend(new);
            let new = view.catalog.staff.iter().filter(|staff| all.staff_member(&staff.id).is_none());
            let new: Vec<_> = new.cloned().collect();
            all.staff.extend(new);
        }
        Some(Arc::new(all))
    }
}
