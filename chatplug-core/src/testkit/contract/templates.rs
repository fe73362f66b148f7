//! What [`Templates`] promise: only what the provider approved is ever found.
//!
//! Run it with [`templates_contract!`](crate::templates_contract). The set-up gives a [`TemplatesScene`].

#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken promise fails its test by panicking")]

use super::backend::skip;
use crate::{
    model::Lang,
    ports::{TemplateDraft, TemplateError, TemplateState, Templates},
};
use std::sync::Arc;

/// Expands to the whole suite of templates, a test per promise: `templates_contract!(scene())`, where `scene()` gives a
/// future of a `Box<TemplatesScene>`.
#[macro_export]
macro_rules! templates_contract {
    ($setup:expr) => {
        $crate::__contract_tests! { $setup; $crate::testkit::contract::templates:
            what_is_approved_is_found
            the_first_language_that_has_one_is_chosen
            what_is_not_approved_is_not_found
            what_nobody_has_is_not_found
            every_template_has_a_state
            what_is_handed_in_is_not_yet_found
            what_cannot_be_a_template_is_refused
        }
    };
}

/// The templates of a number, and what is known about them.
pub struct TemplatesScene {
    /// The templates under test.
    pub templates: Arc<dyn Templates>,
    /// A meaning and two languages, approved in both.
    pub approved: (String, [Lang; 2]),
    /// Meanings and languages that the provider has and did not approve: pending, paused, rejected. May be empty.
    pub unapproved: Vec<(String, Lang)>,
}

impl TemplatesScene {
    async fn finds(&self, meaning: &str, langs: &[Lang]) -> Option<Lang> {
        let found = self.templates.find(meaning, langs).await?;
        assert_eq!((found.meaning.as_str(), found.state), (meaning, TemplateState::Approved), "{found:?}");
        assert!(!found.name.is_empty() && !found.locale.is_empty(), "{found:?}");
        Some(found.lang)
    }
}

/// A language that no template of the scene is in.
const NOBODYS: [u8; 2] = *b"qx";

fn nobodys() -> Lang {
    String::from_utf8_lossy(&NOBODYS).parse().unwrap()
}

/// An approved meaning is found in each of its languages.
pub async fn what_is_approved_is_found(scene: &TemplatesScene) {
    let (meaning, langs) = &scene.approved;
    for lang in langs {
        assert_eq!(scene.finds(meaning, &[*lang]).await, Some(*lang));
    }
}

/// Languages are tried in the order given.
pub async fn the_first_language_that_has_one_is_chosen(scene: &TemplatesScene) {
    let (meaning, [one, other]) = &scene.approved;
    assert_eq!(scene.finds(meaning, &[*one, *other]).await, Some(*one));
    assert_eq!(scene.finds(meaning, &[*other, *one]).await, Some(*other));
    assert_eq!(scene.finds(meaning, &[nobodys(), *other, *one]).await, Some(*other));
}

/// Pending, paused and rejected templates are not found.
pub async fn what_is_not_approved_is_not_found(scene: &TemplatesScene) {
    for (meaning, lang) in &scene.unapproved {
        assert_eq!(scene.finds(meaning, &[*lang]).await, None, "{meaning} {lang}");
    }
}

/// Neither a meaning that nobody has, nor a language, nor no language at all.
pub async fn what_nobody_has_is_not_found(scene: &TemplatesScene) {
    let (meaning, langs) = &scene.approved;
    assert_eq!(scene.finds("no such meaning", langs).await, None);
    assert_eq!(scene.finds(meaning, &[nobodys()]).await, None);
    assert_eq!(scene.finds(meaning, &[]).await, None);
}

/// The list holds every template with its state, those that are not approved too.
pub async fn every_template_has_a_state(scene: &TemplatesScene) {
    let stock = scene.templates.status().await.unwrap();
    let state = |meaning: &str, lang: Lang| {
        let found = stock.iter().find(|stock| stock.meaning == meaning && stock.lang == lang);
        found.map(|stock| stock.state)
    };
    let (meaning, langs) = &scene.approved;
    for lang in langs {
        assert_eq!(state(meaning, *lang), Some(TemplateState::Approved));
    }
    for (meaning, lang) in &scene.unapproved {
        assert!(state(meaning, *lang).is_some_and(|state| state != TemplateState::Approved), "{meaning} {lang}");
    }
}

fn draft(name: &str, body: &str) -> TemplateDraft {
    TemplateDraft {
        meaning: "handed_in".to_owned(),
        lang: Lang::EN,
        name: name.to_owned(),
        locale: "en".to_owned(),
        body: body.to_owned(),
        examples: vec!["Ana".to_owned()],
        buttons: Vec::new(),
    }
}

/// Handing in is not approval.
pub async fn what_is_handed_in_is_not_yet_found(scene: &TemplatesScene) {
    match scene.templates.submit(&draft("handed_in_en", "Hello {{1}}, see you soon.")).await {
        Err(TemplateError::Unsupported) => return skip("what_is_handed_in_is_not_yet_found", "not from here"),
        Err(error) => panic!("a plain template is refused: {error:?}"),
        Ok(stock) if stock.state == TemplateState::Approved => {
            // A provider that decides at once: then it must be found at once.
            return assert_eq!(scene.finds("handed_in", &[Lang::EN]).await, Some(Lang::EN));
        }
        Ok(stock) => assert_eq!(stock.meaning, "handed_in"),
    }
    assert_eq!(scene.finds("handed_in", &[Lang::EN]).await, None);
    let listed = scene.templates.status().await.unwrap();
    assert!(listed.iter().any(|stock| stock.meaning == "handed_in"), "{listed:?}");
}

/// A template without a name or without words is refused, and leaves nothing behind.
pub async fn what_cannot_be_a_template_is_refused(scene: &TemplatesScene) {
    for wrong in [draft("", "Hello {{1}}."), draft("handed_in_en", "")] {
        let error = scene.templates.submit(&wrong).await.unwrap_err();
        assert!(matches!(error, TemplateError::Refused(_) | TemplateError::Unsupported), "{error:?}");
    }
    assert!(scene.templates.status().await.unwrap().iter().all(|stock| stock.meaning != "handed_in"));
}
