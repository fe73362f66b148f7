//! What the business's team must hear of its templates: what stands in the way of a message that would otherwise be sent.

use super::plan::{PlanStep, plan};
use crate::{
    model::Lang,
    ports::{ListedTemplate, Outlook, TemplateCategory, TemplateDesk, TemplateDraft},
};
use serde::{Deserialize, Serialize};

/// What is wrong with a template, for the team.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "trouble", rename_all = "snake_case")]
#[non_exhaustive]
pub enum TemplateTrouble {
    /// No language has one that is approved or in review: it cannot be said outside the window.
    Missing,
    /// The provider rejected it.
    Rejected {
        /// Its reason.
        reason: Option<String>,
    },
    /// The provider paused it for its quality.
    Paused,
    /// The provider disabled it for good.
    Disabled,
    /// The provider made something dearer of it: it is not used.
    WrongCategory {
        /// What it is now.
        is: TemplateCategory,
    },
    /// The provider would not send with it.
    Broken {
        /// The provider's code.
        code: i64,
    },
}

impl TemplateTrouble {
    /// A word for it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Rejected { .. } => "rejected",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
            Self::WrongCategory { .. } => "wrong_category",
            Self::Broken { .. } => "broken",
        }
    }
}

/// What stands for every meaning.
const ALL: &str = "all";

/// A template and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Troubled {
    /// Its meaning; `all` where there is no template of ours at all.
    pub meaning: String,
    /// Its language; `None`: all.
    pub lang: Option<Lang>,
    /// What is wrong.
    pub trouble: TemplateTrouble,
}

impl Troubled {
    /// Names it: the same as long as it lasts.
    #[must_use]
    pub fn key(&self) -> String {
        let lang = self.lang.as_ref().map_or("any", Lang::code);
        format!("{}/{lang}/{}", self.meaning, self.trouble.name())
    }
}

/// Everything that the team must hear of, in the order of the drafts.
#[must_use]
pub fn troubles(wanted: &[TemplateDraft], listed: &[ListedTemplate], desk: &TemplateDesk) -> Vec<Troubled> {
    let mut found = Vec::new();
    let mut meanings: Vec<&str> = wanted.iter().map(|draft| draft.meaning.as_str()).collect();
    meanings.sort_unstable();
    meanings.dedup();
    let plan = plan(wanted, listed, desk);
    for item in &plan.items {
        let trouble = match &item.step {
            PlanStep::WrongCategory { is } => TemplateTrouble::WrongCategory { is: *is },
            PlanStep::Paused => TemplateTrouble::Paused,
            PlanStep::Rejected { reason } => TemplateTrouble::Rejected { reason: reason.clone() },
            PlanStep::Disabled => TemplateTrouble::Disabled,
            _ => continue,
        };
        found.push(Troubled { meaning: item.draft.meaning.clone(), lang: Some(item.draft.lang), trouble });
    }
    // A channel that never had any is told of once, not four times.
    let ours = |listed: &&ListedTemplate| meanings.contains(&listed.stock.meaning.as_str());
    if !meanings.is_empty() && !listed.iter().any(|listed| ours(&listed)) {
        let meaning = ALL.to_owned();
        return vec![Troubled { meaning, lang: None, trouble: TemplateTrouble::Missing }];
    }
    for meaning in meanings {
        // Whatever its language or name: it would be found.
        let any = listed.iter().filter(|listed| listed.stock.meaning == meaning).map(ListedTemplate::outlook).max();
        let told = found.iter().any(|troubled| troubled.meaning == meaning);
        if any.unwrap_or(Outlook::Hopeless) == Outlook::Hopeless && !told {
            found.push(Troubled { meaning: meaning.to_owned(), lang: None, trouble: TemplateTrouble::Missing });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{super::plan::tests::*, *};
    use crate::ports::TemplateState;

    #[test]
    fn the_team_hears_of_what_cannot_be_sent() {
        let wanted: Vec<_> =
            ["booked", "cancelled", "moved", "reminder"].map(|meaning| draft(meaning, Lang::EN)).into();
        let desk = TemplateDesk::listed();
        let keys = |listed: &[ListedTemplate]| -> Vec<String> {
            troubles(&wanted, listed, &desk).iter().map(Troubled::key).collect()
        };
        let mut marketing = listed(&wanted[3], TemplateState::Approved);
        marketing.category = Some(TemplateCategory::Marketing);
        let stock = [
            listed(&wanted[0], TemplateState::Approved),
            listed(&wanted[1], TemplateState::Rejected),
            listed(&wanted[2], TemplateState::Pending),
            marketing,
        ];
        assert_eq!(keys(&stock), ["cancelled/en/rejected", "reminder/en/wrong_category"]);
        assert_eq!(keys(&[]), ["all/any/missing"]);
        assert_eq!(keys(&stock[..3]), ["cancelled/en/rejected", "reminder/any/missing"]);
        // One in another language is used, and nobody is woken for it.
        let portuguese = wanted.iter().map(|wanted| {
            let draft = TemplateDraft { lang: Lang::PT, locale: "pt_BR".into(), ..wanted.clone() };
            listed(&draft, TemplateState::Approved)
        });
        assert_eq!(keys(&portuguese.collect::<Vec<_>>()), [""; 0]);
    }
}
