//! Templates that need no provider.

use super::lock;
use crate::{
    model::Lang,
    ports::{
        ListedTemplate, Outlook, TemplateCategory, TemplateDesk, TemplateDraft, TemplateError, TemplateState,
        TemplateStock, Templates,
    },
};
use async_trait::async_trait;
use std::sync::{Arc, Mutex};

/// Templates kept in memory: what is handed in waits until [`StaticTemplates::decide`] says how it went.
/// Clones share one stock.
#[derive(Debug, Clone, Default)]
pub struct StaticTemplates(Arc<Mutex<Vec<ListedTemplate>>>);

impl StaticTemplates {
    /// The code of a message that was refused for its template.
    pub const BROKEN: i64 = 132_015;

    /// No templates at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The shipped meanings (`reminder`, `booked`, `moved`, `cancelled`), approved in these languages.
    #[must_use]
    pub fn shipped(langs: &[Lang]) -> Self {
        let meanings = || crate::templates::all().iter().map(crate::templates::Declared::meaning);
        langs
            .iter()
            .flat_map(|lang| meanings().map(|meaning| (meaning, *lang)))
            .fold(Self::default(), |templates, (meaning, lang)| templates.with(meaning, lang))
    }

    /// Adds an approved template of a meaning in a language, named `meaning_lang`.
    #[must_use]
    pub fn with(self, meaning: &str, lang: Lang) -> Self {
        let stock = TemplateStock {
            meaning: meaning.to_owned(),
            lang,
            name: format!("{meaning}_{lang}"),
            locale: lang.code().to_owned(),
            state: TemplateState::Approved,
        };
        lock(&self.0).push(stock.into());
        self
    }

    /// The provider decides on a template, by its name there. An unknown name changes nothing.
    pub fn decide(&self, name: &str, state: TemplateState) {
        self.change(name, |listed| listed.stock.state = state);
    }

    /// The provider makes something else of a template.
    pub fn recategorise(&self, name: &str, category: TemplateCategory) {
        self.change(name, |listed| listed.category = Some(category));
    }

    fn change(&self, name: &str, change: impl Fn(&mut ListedTemplate)) {
        lock(&self.0).iter_mut().filter(|listed| listed.stock.name == name).for_each(change);
    }
}

#[async_trait]
impl Templates for StaticTemplates {
    fn desk(&self) -> TemplateDesk {
        let (provider, account, prefix) = ("static", Some("static".to_owned()), TemplateDesk::PREFIX.to_owned());
        TemplateDesk { provider, account, submits: true, edits: true, prefix }
    }

    async fn find(&self, meaning: &str, langs: &[Lang]) -> Option<TemplateStock> {
        let stock = lock(&self.0);
        langs.iter().find_map(|lang| {
            let fits = |listed: &&ListedTemplate| {
                listed.stock.meaning == meaning && listed.stock.lang == *lang && listed.is_usable()
            };
            stock.iter().find(fits).map(|listed| listed.stock.clone())
        })
    }

    async fn outlook(&self, meaning: &str, langs: &[Lang]) -> Outlook {
        let stock = lock(&self.0);
        let of_it = stock.iter().filter(|it| it.stock.meaning == meaning && langs.contains(&it.stock.lang));
        of_it.map(ListedTemplate::outlook).max().unwrap_or(Outlook::Hopeless)
    }

    async fn status(&self) -> Result<Vec<ListedTemplate>, TemplateError> {
        Ok(lock(&self.0).clone())
    }

    async fn submit(&self, draft: &TemplateDraft) -> Result<TemplateStock, TemplateError> {
        if draft.name.is_empty() || draft.body.trim().is_empty() {
            return Err(TemplateError::Refused("a template needs a name and a body".to_owned()));
        }
        let mut stock = lock(&self.0);
        // A name and language that stand already are handed in anew, not twice.
        stock.retain(|known| known.stock.name != draft.name || known.stock.lang != draft.lang);
        let handed_in = TemplateStock {
            meaning: draft.meaning.clone(),
            lang: draft.lang,
            name: draft.name.clone(),
            locale: draft.locale.clone(),
            state: TemplateState::Pending,
        };
        let listed = ListedTemplate {
            category: Some(draft.category),
            text: Some(draft.text()),
            time_to_live: draft.time_to_live,
            ..ListedTemplate::from(handed_in.clone())
        };
        stock.push(listed);
        Ok(handed_in)
    }

    async fn edit(&self, _listed: &ListedTemplate, draft: &TemplateDraft) -> Result<TemplateStock, TemplateError> {
        self.submit(draft).await
    }

    fn blames(&self, code: i64) -> bool {
        code == Self::BROKEN
    }

    async fn doubt(&self, name: &str, locale: &str) {
        let mut stock = lock(&self.0);
        for listed in stock.iter_mut().filter(|it| it.stock.name == name && it.stock.locale == locale) {
            listed.stock.state = TemplateState::Paused;
        }
    }
}
