//! Templates that need no provider.

use super::lock;
use crate::{
    model::Lang,
    ports::{TemplateDraft, TemplateError, TemplateState, TemplateStock, Templates},
};
use async_trait::async_trait;
use std::sync::{Arc, Mutex};

/// Templates kept in memory: what is handed in waits until [`StaticTemplates::decide`] says how it went.
/// Clones share one stock.
#[derive(Debug, Clone, Default)]
pub struct StaticTemplates(Arc<Mutex<Vec<TemplateStock>>>);

impl StaticTemplates {
    /// No templates at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The shipped meanings (`reminder`, `booked`, `moved`, `cancelled`), approved in these languages.
    #[must_use]
    pub fn shipped(langs: &[Lang]) -> Self {
        let meanings = ["reminder", "booked", "moved", "cancelled"];
        langs
            .iter()
            .flat_map(|lang| meanings.map(|meaning| (meaning, *lang)))
            .fold(Self::default(), |templates, (meaning, lang)| templates.with(meaning, lang))
    }

    /// Adds an approved template of a meaning in a language, named `meaning_lang`.
    #[must_use]
    pub fn with(self, meaning: &str, lang: Lang) -> Self {
        lock(&self.0).push(TemplateStock {
            meaning: meaning.to_owned(),
            lang,
            name: format!("{meaning}_{lang}"),
            locale: lang.code().to_owned(),
            state: TemplateState::Approved,
        });
        self
    }

    /// The provider decides on a template, by its name there. An unknown name changes nothing.
    pub fn decide(&self, name: &str, state: TemplateState) {
        for stock in lock(&self.0).iter_mut().filter(|stock| stock.name == name) {
            stock.state = state;
        }
    }
}

#[async_trait]
impl Templates for StaticTemplates {
    async fn find(&self, meaning: &str, langs: &[Lang]) -> Option<TemplateStock> {
        let stock = lock(&self.0);
        langs.iter().find_map(|lang| {
            let fits = |stock: &&TemplateStock| {
                stock.meaning == meaning && stock.lang == *lang && stock.state == TemplateState::Approved
            };
            stock.iter().find(fits).cloned()
        })
    }

    async fn status(&self) -> Result<Vec<TemplateStock>, TemplateError> {
        Ok(lock(&self.0).clone())
    }

    async fn submit(&self, draft: &TemplateDraft) -> Result<TemplateStock, TemplateError> {
        if draft.name.is_empty() || draft.body.trim().is_empty() {
            return Err(TemplateError::Refused("a template needs a name and a body".to_owned()));
        }
        let mut stock = lock(&self.0);
        // A name and language that stand already are handed in anew, not twice.
        stock.retain(|known| known.name != draft.name || known.lang != draft.lang);
        let handed_in = TemplateStock {
            meaning: draft.meaning.clone(),
            lang: draft.lang,
            name: draft.name.clone(),
            locale: draft.locale.clone(),
            state: TemplateState::Pending,
        };
        stock.push(handed_in.clone());
        Ok(handed_in)
    }
}
