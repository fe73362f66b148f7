//! What [`Templates`] promise: only what the provider approved is ever found.
//!
//! Run it with [`templates_contract!`](crate::templates_contract). The set-up gives a [`TemplatesScene`].

#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken promise fails its test by panicking")]

use super::backend::skip;
use crate::{
    model::Lang,
    ports::{Outlook, TemplateCategory, TemplateDraft, TemplateError, TemplateState, Templates},
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
            what_is_handed_in_twice_is_there_once
            what_is_in_doubt_is_not_found
            the_outlook_says_what_may_be_found_yet
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
        let found = stock.iter().find(|listed| listed.stock.meaning == meaning && listed.stock.lang == lang);
        found.map(|listed| listed.stock.state)
    };
    let (meaning, langs) = &scene.approved;
    for lang in langs {
        assert_eq!(state(meaning, *lang), Some(TemplateState::Approved));
    }
    for (meaning, lang) in &scene.unapproved {
        assert!(state(meaning, *lang).is_some_and(|state| state != TemplateState::Approved), "{meaning} {lang}");
    }
}

/// What a template of this suite is called there.
fn name(scene: &TemplatesScene) -> String {
    format!("{}handed_in", scene.templates.desk().prefix)
}

fn draft(name: &str, body: &str) -> TemplateDraft {
    TemplateDraft {
        meaning: "handed_in".to_owned(),
        lang: Lang::EN,
        name: name.to_owned(),
        locale: "en".to_owned(),
        category: TemplateCategory::Utility,
        time_to_live: None,
        body: body.to_owned(),
        examples: vec!["Ana".to_owned()],
        buttons: Vec::new(),
    }
}

/// Handing in is not approval.
pub async fn what_is_handed_in_is_not_yet_found(scene: &TemplatesScene) {
    match scene.templates.submit(&draft(&name(scene), "Hello {{1}}, see you soon.")).await {
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
    assert!(listed.iter().any(|listed| listed.stock.meaning == "handed_in"), "{listed:?}");
}

/// Handing in the same again, after an answer that was lost, makes no second one.
pub async fn what_is_handed_in_twice_is_there_once(scene: &TemplatesScene) {
    let draft = draft(&name(scene), "Hello {{1}}, see you soon.");
    match scene.templates.submit(&draft).await {
        Err(TemplateError::Unsupported) => return skip("what_is_handed_in_twice_is_there_once", "not from here"),
        told => assert_eq!(told.unwrap().meaning, "handed_in"),
    }
    assert_eq!(scene.templates.submit(&draft).await.unwrap().meaning, "handed_in");
    let listed = scene.templates.status().await.unwrap();
    assert_eq!(listed.iter().filter(|listed| listed.stock.meaning == "handed_in").count(), 1, "{listed:?}");
}

/// A template that could not be sent with is left out, and the one in another language serves.
pub async fn what_is_in_doubt_is_not_found(scene: &TemplatesScene) {
    let (meaning, [one, other]) = &scene.approved;
    let found = scene.templates.find(meaning, &[*one]).await.unwrap();
    if !scene.templates.desk().submits {
        return skip("what_is_in_doubt_is_not_found", "a list that a person wrote is believed");
    }
    scene.templates.doubt("no such template", "xx").await;
    assert_eq!(scene.finds(meaning, &[*one]).await, Some(*one));
    scene.templates.doubt(&found.name, &found.locale).await;
    assert_eq!(scene.finds(meaning, &[*one]).await, None);
    assert_eq!(scene.finds(meaning, &[*one, *other]).await, Some(*other));
}

/// What is approved can be sent, what is being decided may be yet, and what nobody has cannot.
pub async fn the_outlook_says_what_may_be_found_yet(scene: &TemplatesScene) {
    let (meaning, [one, other]) = &scene.approved;
    assert_ne!(scene.templates.outlook(meaning, &[*one]).await, Outlook::Hopeless, "nothing is known yet");
    assert!(scene.finds(meaning, &[*one]).await.is_some());
    assert_eq!(scene.templates.outlook(meaning, &[*one]).await, Outlook::Ready);
    assert_eq!(scene.templates.outlook(meaning, &[nobodys(), *other]).await, Outlook::Ready);
    assert_eq!(scene.templates.outlook(meaning, &[nobodys()]).await, Outlook::Hopeless);
    assert_eq!(scene.templates.outlook("no such meaning", &[*one]).await, Outlook::Hopeless);
    for (meaning, lang) in &scene.unapproved {
        assert_ne!(scene.templates.outlook(meaning, &[*lang]).await, Outlook::Ready, "{meaning} {lang}");
    }
}

/// A template without a name or without words is refused, and leaves nothing behind.
pub async fn what_cannot_be_a_template_is_refused(scene: &TemplatesScene) {
    for wrong in [draft("", "Hello {{1}}."), draft(&name(scene), "")] {
        let error = scene.templates.submit(&wrong).await.unwrap_err();
        assert!(matches!(error, TemplateError::Refused(_) | TemplateError::Unsupported), "{error:?}");
    }
    assert!(scene.templates.status().await.unwrap().iter().all(|listed| listed.stock.meaning != "handed_in"));
}
