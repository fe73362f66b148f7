//! Templates as stock: what is declared to providers in advance, what is wrong with it, and what is to be done about it.
//!
//! A template is declared once, in `templates/stock.toml`: its meaning, its category, its blanks and buttons in order, its
//! time to live. Its words are Fluent messages, one for each language, and a tenant's own wording goes over them like over
//! any other. [`wanted`] is what a tenant's channel should have at its provider; [`lint`] finds what no provider would take,
//! or what would cost more than it should; [`plan`] compares it with what the provider has; [`troubles`] is what the team
//! must hear of. Everything here is pure: who asks the provider is [`Templates`](crate::ports::Templates).

mod declared;
mod lint;
mod plan;
mod trouble;

pub use declared::{Blank, Button, Declared, all, declared, locale};
pub use lint::{Fault, Finding, lint, missing};
pub use plan::{Difference, Plan, PlanItem, PlanStep, plan};
pub use trouble::{TemplateTrouble, Troubled, troubles};

use crate::{
    model::{Lang, Policy},
    ports::TemplateDraft,
    reply::{RenderContext, Words, template_drafts},
};

/// Every template that a channel should have, in every language of these: drafts in order of the languages, then as
/// declared. A language that is not spoken has none.
#[must_use]
pub fn wanted(words: &Words, langs: &[Lang], context: &RenderContext<'_>, prefix: &str) -> Vec<TemplateDraft> {
    let spoken = langs.iter().filter(|lang| words.speaks(**lang));
    let drafts = spoken.flat_map(|lang| template_drafts(words, *lang, &locale(*lang, context.country), context));
    let named = drafts.map(|draft| TemplateDraft { name: format!("{prefix}{}", draft.meaning), ..draft });
    named.collect()
}

/// The languages that a tenant has templates in, in order of falling back.
#[must_use]
pub fn languages(policy: &Policy) -> Vec<Lang> {
    let mut langs = policy.template_languages.clone();
    if langs.is_empty() {
        langs.push(policy.language);
    }
    let mut seen = std::collections::BTreeSet::new();
    langs.retain(|lang| seen.insert(*lang));
    langs
}

/// Where to look for a template, in order: the client's language, then the tenant's [`languages`].
#[must_use]
pub fn fallback(client: Lang, policy: &Policy) -> Vec<Lang> {
    let mut langs = languages(policy);
    langs.retain(|lang| *lang != client);
    langs.insert(0, client);
    langs
}
