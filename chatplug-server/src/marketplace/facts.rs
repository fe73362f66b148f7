//! What is kept of an install beside its state: how far it has come, what to show of it, when to look again.

use chatplug_core::{
    ports::Install,
    provision::{Progress, Standing, StepView},
};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

/// What [`Install::facts`] holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Facts {
    /// The account that calls are made with.
    pub(crate) account: String,
    /// By the marketplace, or by a user of the salon.
    pub(crate) by_app: bool,
    /// What its user's token is called, where the configuration says so.
    pub(crate) token: Option<String>,
    /// How far it has come.
    pub(crate) progress: Progress,
    /// The step that is in the way.
    pub(crate) shown: Option<Shown>,
    /// When somebody looks at it again; `None`: when something happens.
    pub(crate) next: Option<DateTime<Utc>>,
    /// How often in a row it went wrong.
    pub(crate) tries: u32,
    /// Altegio's ids of the payments that it told of last, so that none is told twice.
    pub(crate) payments: Vec<u64>,
}

/// A step that is in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shown {
    /// Which.
    pub(crate) step: String,
    /// It waits, and nothing is wrong.
    pub(crate) waits: bool,
    /// What to do, or what is waited for.
    pub(crate) what: String,
}

impl Facts {
    /// Those of an install; what another version wrote counts as nothing.
    pub(crate) fn of(install: &Install) -> Self {
        serde_json::from_value(install.facts.clone()).unwrap_or_default()
    }

    /// Puts them back.
    pub(crate) fn put(&self, install: &mut Install) {
        install.facts = serde_json::to_value(self).unwrap_or_default();
    }

    /// Takes in a payment; whether it is a new one.
    pub(crate) fn paid(&mut self, payment: Option<u64>) -> bool {
        let Some(payment) = payment else { return true };
        if self.payments.contains(&payment) {
            return false;
        }
        self.payments.push(payment);
        let old = self.payments.len().saturating_sub(PAYMENTS);
        self.payments.drain(..old);
        true
    }

    /// Takes in how a run ended.
    pub(crate) fn ended(&mut self, views: &[StepView], now: DateTime<Utc>) {
        let end = views.iter().find_map(|view| match &view.standing {
            Standing::Waiting { what, again } => Some((view, what, true, *again)),
            Standing::Failed { what, .. } => Some((view, what, false, None)),
            _ => None,
        });
        let Some((view, what, waits, again)) = end else {
            (self.shown, self.tries, self.next) = (None, 0, Some(now + LOOK));
            return;
        };
        self.shown = Some(Shown { step: view.step.name.to_owned(), waits, what: what.clone() });
        self.tries = self.tries.saturating_add(1);
        // Failures pass, too: rights are granted, licences renewed.
        self.next = Some(again.unwrap_or_else(|| now + Duration::minutes(1 << self.tries.min(5))));
    }
}

/// Payments that are remembered.
const PAYMENTS: usize = 50;

/// How often the platform is asked about a link that nothing is known to be wrong with.
pub(crate) const LOOK: Duration = Duration::hours(6);
