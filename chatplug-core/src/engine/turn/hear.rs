//! What a client's message is to the dialogue: words with their meaning, a tap, or something that cannot be read.

use super::Turn;
use crate::{
    dialogue::{Said, SaidWhat},
    model::{Branch, BranchId, Catalog, Content, Inbound, Private},
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
            Content::Location { point, .. } => Some(SaidWhat::Location { point: Some(Private::new(point)) }),
            Content::Reaction { emoji: None, .. } | Content::Revoke { .. } | Content::IdentityChanged { .. } => None,
            _ => Some(SaidWhat::Unreadable { media: None }),
        }
    }

    /// What the client said while no catalogue could be read, with what it means now that there is one.
    pub(super) async fn read_kept(&self) -> Vec<Said> {
        if self.branches.is_empty() {
            return Vec::new();
        }
        let mut kept = self.dialogue.kept().to_vec();
        for said in &mut kept {
            if let SaidWhat::Words { text, .. } = &said.what {
                said.what = self.words(text.clone(), said.at).await;
            }
        }
        kept
    }

    pub(super) async fn words(&self, text: Private<String>, at: DateTime<Utc>) -> SaidWhat {
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

    /// The catalogue that words point into: the branch's, or all branches' in one where there are several. One of nothing
    /// while none can be read: the language and a wish for a person can be told without.
    fn catalog_to_read_by(&self) -> Option<Arc<Catalog>> {
        let Some(first) = self.branches.first() else { return self.channel.branches.first().map(nothing_to_book) };
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

pub(in crate::engine) fn nothing_to_book(branch: &BranchId) -> Arc<Catalog> {
    let branch = Branch {
        id: branch.clone(),
        name: String::new(),
        zone: chrono_tz::UTC,
        country: String::new(),
        currency: iso_currency::Currency::EUR,
        place: None,
        phone: None,
        hours: Vec::new(),
    };
    Arc::new(Catalog { version: 0, branch, services: Vec::new(), staff: Vec::new() })
}
