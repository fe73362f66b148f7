//! What is to be done about the templates of a channel: what it should have, compared with what its provider has.

use crate::ports::{ListedTemplate, TemplateCategory, TemplateDesk, TemplateDraft, TemplateState};
use serde::Serialize;

/// What is to be done, template by template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// In the order of the drafts.
    pub items: Vec<PlanItem>,
    /// What the provider has beside: older versions, and templates of somebody else. They are left alone.
    pub others: Vec<ListedTemplate>,
}

impl Plan {
    /// Whether there is nothing to push and nothing to see to.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.items.iter().all(|item| matches!(item.step, PlanStep::Fine | PlanStep::InReview))
    }

    /// What pushing would do.
    pub fn changes(&self) -> impl Iterator<Item = &PlanItem> {
        self.items.iter().filter(|item| item.step.is_change())
    }

    /// What only a person can mend.
    pub fn findings(&self) -> impl Iterator<Item = &PlanItem> {
        self.items.iter().filter(|item| item.step.is_finding())
    }
}

/// What is to be done about one template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanItem {
    /// What should be there.
    pub draft: TemplateDraft,
    /// What is there.
    pub listed: Option<ListedTemplate>,
    /// What to do.
    pub step: PlanStep,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanStep {
    /// Approved, and as declared.
    Fine,
    /// As declared, and the provider is deciding.
    InReview,
    /// Not there: hand it in.
    Create,
    /// Something else is there: change it.
    Edit {
        /// What differs.
        differs: Vec<Difference>,
    },
    /// Something else is there, which this provider does not let be changed: hand a new one in beside it. The old one is
    /// used until the new one is approved.
    Replace {
        /// What differs.
        differs: Vec<Difference>,
    },
    /// Something else is there and in review: it can be changed once that is decided.
    ReviewFirst {
        /// What differs.
        differs: Vec<Difference>,
    },
    /// There is none, or another one, and it cannot be handed in from here.
    ByHand,
    /// The provider made something dearer of it. It is not used.
    WrongCategory {
        /// What it is now.
        is: TemplateCategory,
    },
    /// Paused for its quality: it comes back by itself, but the third time it is disabled.
    Paused,
    /// Rejected as it is: change its text.
    Rejected {
        /// The provider's reason.
        reason: Option<String>,
    },
    /// Disabled for good: hand it in under another name.
    Disabled,
    /// Being deleted, its name taken for 30 days.
    Deleted,
}

impl PlanStep {
    /// Whether pushing does something about it.
    #[must_use]
    pub const fn is_change(&self) -> bool {
        matches!(self, Self::Create | Self::Edit { .. } | Self::Replace { .. })
    }

    /// Whether a person must do something about it.
    #[must_use]
    pub const fn is_finding(&self) -> bool {
        !self.is_change() && !matches!(self, Self::Fine | Self::InReview | Self::ReviewFirst { .. })
    }

    /// A word for it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::InReview | Self::ReviewFirst { .. } => "in review",
            Self::Create => "create",
            Self::Edit { .. } => "edit",
            Self::Replace { .. } => "replace",
            Self::ByHand => "by hand",
            Self::WrongCategory { .. } => "wrong category",
            Self::Paused => "paused",
            Self::Rejected { .. } => "rejected",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
        }
    }
}

/// In what a template at the provider differs from the declared one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// Its words.
    Text,
    /// Its buttons.
    Buttons,
    /// After how long a message is dropped.
    TimeToLive,
}

impl Difference {
    /// A word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Buttons => "buttons",
            Self::TimeToLive => "time to live",
        }
    }
}

/// Compares what a channel should have with what its provider has. The same question always has the same answer, and one
/// whose changes were all made has none left.
#[must_use]
pub fn plan(wanted: &[TemplateDraft], listed: &[ListedTemplate], desk: &TemplateDesk) -> Plan {
    let mut used = vec![false; listed.len()];
    let mut items = Vec::new();
    for draft in wanted {
        let of_it = |(n, listed): &(usize, &ListedTemplate)| {
            let stock = &listed.stock;
            let ours = stock.meaning == draft.meaning && stock.locale == draft.locale;
            // Where the names are ours to give, another name is another template.
            let named = !desk.submits || !desk.edits || stock.name == draft.name;
            ours && named && !used.get(*n).copied().unwrap_or_default()
        };
        let candidates: Vec<_> = listed.iter().enumerate().filter(of_it).collect();
        // The one that says it, else the first: it is the one that is sent.
        let same = candidates.iter().find(|(_, listed)| differences(draft, listed).is_empty());
        let found = same.or_else(|| candidates.first()).copied();
        if let Some((n, _)) = found
            && let Some(used) = used.get_mut(n)
        {
            *used = true;
        }
        let listed = found.map(|(_, listed)| listed.clone());
        let step = step(draft, listed.as_ref(), desk);
        items.push(PlanItem { draft: draft.clone(), listed, step });
    }
    let others = listed.iter().zip(used).filter(|(_, used)| !used).map(|(listed, _)| listed.clone());
    Plan { items, others: others.collect() }
}

fn step(draft: &TemplateDraft, listed: Option<&ListedTemplate>, desk: &TemplateDesk) -> PlanStep {
    let Some(listed) = listed else {
        return if desk.submits { PlanStep::Create } else { PlanStep::ByHand };
    };
    let differs = differences(draft, listed);
    let state = listed.stock.state;
    if !differs.is_empty() {
        return match state {
            _ if !desk.submits => PlanStep::ByHand,
            TemplateState::Deleted if desk.edits => PlanStep::Deleted,
            TemplateState::Disabled if desk.edits => PlanStep::Disabled,
            TemplateState::Pending => PlanStep::ReviewFirst { differs },
            _ if desk.edits => PlanStep::Edit { differs },
            _ => PlanStep::Replace { differs },
        };
    }
    match state {
        TemplateState::Approved => match listed.category {
            Some(is) if is != draft.category => PlanStep::WrongCategory { is },
            _ => PlanStep::Fine,
        },
        TemplateState::Pending => PlanStep::InReview,
        TemplateState::Paused => PlanStep::Paused,
        TemplateState::Rejected => PlanStep::Rejected { reason: listed.reason.clone() },
        TemplateState::Disabled => PlanStep::Disabled,
        TemplateState::Deleted => PlanStep::Deleted,
    }
}

/// What the provider does not tell is not held against it.
fn differences(draft: &TemplateDraft, listed: &ListedTemplate) -> Vec<Difference> {
    let mut differs = Vec::new();
    if let Some(text) = &listed.text {
        if text.body != draft.body {
            differs.push(Difference::Text);
        }
        if text.buttons != draft.buttons {
            differs.push(Difference::Buttons);
        }
    }
    if listed.time_to_live.is_some_and(|lives| Some(lives) != draft.time_to_live) {
        differs.push(Difference::TimeToLive);
    }
    differs
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        model::Lang,
        ports::{TemplateStock, TemplateText},
    };

    pub(crate) fn draft(meaning: &str, lang: Lang) -> TemplateDraft {
        TemplateDraft {
            meaning: meaning.into(),
            lang,
            name: format!("visit_{meaning}"),
            locale: lang.code().into(),
            category: TemplateCategory::Utility,
            body: format!("{meaning} in {lang}: {{{{1}}}}, dear client."),
            examples: vec!["Haircut".into()],
            buttons: Vec::new(),
            time_to_live: None,
        }
    }

    pub(crate) fn listed(draft: &TemplateDraft, state: TemplateState) -> ListedTemplate {
        let TemplateDraft { meaning, lang, name, locale, .. } = draft.clone();
        ListedTemplate {
            stock: TemplateStock { meaning, lang, name, locale, state },
            id: "1".into(),
            category: Some(draft.category),
            quality: None,
            reason: None,
            text: Some(draft.text()),
            time_to_live: None,
        }
    }

    fn desk(edits: bool) -> TemplateDesk {
        TemplateDesk { provider: "meta", account: None, submits: true, edits, prefix: "visit_".into() }
    }

    fn of(draft: &TemplateDraft, listed: &[ListedTemplate], desk: &TemplateDesk) -> PlanStep {
        plan(std::slice::from_ref(draft), listed, desk).items.remove(0).step
    }

    #[test]
    fn every_state_has_its_step() {
        let draft = draft("booked", Lang::EN);
        let same = |state| of(&draft, &[listed(&draft, state)], &desk(true));
        let mut other = listed(&draft, TemplateState::Approved);
        other.text = Some(TemplateText { body: "Something else".into(), buttons: vec![] });
        let other = |state, edits| {
            let mut listed = other.clone();
            listed.stock.state = state;
            of(&draft, &[listed], &desk(edits))
        };
        let differs = vec![Difference::Text];
        use TemplateState as S;
        assert_eq!(of(&draft, &[], &desk(true)), PlanStep::Create);
        assert_eq!(same(S::Approved), PlanStep::Fine);
        assert_eq!(same(S::Pending), PlanStep::InReview);
        assert_eq!(same(S::Paused), PlanStep::Paused);
        assert_eq!(same(S::Rejected), PlanStep::Rejected { reason: None });
        assert_eq!(same(S::Disabled), PlanStep::Disabled);
        assert_eq!(same(S::Deleted), PlanStep::Deleted);
        for state in [S::Approved, S::Paused, S::Rejected] {
            assert_eq!(other(state, true), PlanStep::Edit { differs: differs.clone() });
            assert_eq!(other(state, false), PlanStep::Replace { differs: differs.clone() });
        }
        assert_eq!(other(S::Pending, true), PlanStep::ReviewFirst { differs: differs.clone() });
        assert_eq!(other(S::Disabled, true), PlanStep::Disabled);
        assert_eq!(other(S::Disabled, false), PlanStep::Replace { differs });
        assert_eq!(of(&draft, &[], &TemplateDesk::listed()), PlanStep::ByHand);
    }

    #[test]
    fn a_category_that_drifted_is_told_and_not_pushed() {
        let draft = draft("booked", Lang::EN);
        let mut moved = listed(&draft, TemplateState::Approved);
        moved.category = Some(TemplateCategory::Marketing);
        assert!(!moved.is_usable());
        let step = of(&draft, &[moved], &desk(true));
        assert_eq!(step, PlanStep::WrongCategory { is: TemplateCategory::Marketing });
        assert!(step.is_finding() && !step.is_change());
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let ours = draft("booked", Lang::EN);
        let promo = listed(&draft("promo", Lang::EN), TemplateState::Approved);
        let mut older = listed(&ours, TemplateState::Approved);
        older.text = Some(TemplateText { body: "An older version".into(), buttons: vec![] });
        let newer = listed(&ours, TemplateState::Approved);
        let plan = plan(std::slice::from_ref(&ours), &[promo.clone(), older.clone(), newer], &desk(false));
        assert!(plan.is_fine(), "{plan:?}");
        assert_eq!(plan.others, [promo, older]);
    }

    #[test]
    fn a_plan_that_was_carried_out_has_nothing_left() {
        let wanted: Vec<_> = [Lang::EN, Lang::PT].map(|lang| draft("booked", lang)).into();
        let first = plan(&wanted, &[], &desk(true));
        assert_eq!(first.changes().count(), 2);
        let done: Vec<_> = first.changes().map(|item| listed(&item.draft, TemplateState::Pending)).collect();
        let second = plan(&wanted, &done, &desk(true));
        assert!(second.is_fine() && second.changes().count() == 0);
    }

    #[test]
    fn what_a_provider_does_not_tell_is_no_difference() {
        let draft = TemplateDraft { time_to_live: Some(43_200), ..draft("booked", Lang::EN) };
        let mut untold = listed(&draft, TemplateState::Approved);
        (untold.text, untold.category) = (None, None);
        assert_eq!(of(&draft, std::slice::from_ref(&untold), &desk(true)), PlanStep::Fine);
        untold.time_to_live = Some(60);
        let differs = vec![Difference::TimeToLive];
        assert_eq!(of(&draft, &[untold], &desk(true)), PlanStep::Edit { differs });
    }
}
