//! Whether a process can take work, and what is wrong when it cannot: `/readyz`.
//!
//! A process that only takes webhooks is ready as long as it can store them: that others are behind with the answers is
//! told, but taking webhooks away from it would help nobody.

use super::Role;
use crate::config::ReadyConfig;
use chatplug_core::{
    engine::Engine,
    ports::{ClockBehind, Figures},
};
use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// A store that takes longer to answer a question about its health is not well.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);

/// From when on what is not well.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Readiness(pub(crate) ReadyConfig);

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// What the store says; `None`: it does not answer.
    pub(super) figures: Option<Figures>,
    /// How far the clock of this process is behind the one that it catches up with.
    pub(super) adrift: TimeDelta,
    checks: Map<String, Value>,
    failing: Vec<&'static str>,
}

impl Readiness {
    /// Looks at everything. `working`: whether somebody runs conversations in this process.
    pub(super) async fn look(self, engine: &Engine, role: Role, working: bool) -> Report {
        let (store, now) = (engine.store(), engine.clock().now());
        let up = matches!(tokio::time::timeout(HEALTH_TIMEOUT, store.ping()).await, Ok(Ok(())));
        let asked = store.figures(engine.answer_within(), now);
        let figures = match up {
            true => tokio::time::timeout(HEALTH_TIMEOUT, asked).await.ok().and_then(Result::ok),
            false => None,
        };
        self.judge(up, figures, engine.clock().adrift(), role, working)
    }

    fn judge(self, up: bool, figures: Option<Figures>, adrift: TimeDelta, role: Role, working: bool) -> Report {
        let mut report = Report { figures, adrift, ..Report::default() };
        report.check(
            "clock",
            adrift.abs() <= ClockBehind::MOST,
            "the clock was set by more than can be caught up with: put it right, then start this process again",
            json!({ "adrift_seconds": adrift.num_seconds() }),
        );
        report.check("store", up, "it cannot be written to", json!({}));
        if role.works() {
            report.check("workers", working, "nobody runs conversations in this process", json!({}));
        }
        let Some(figures) = figures else {
            if up {
                report.check("figures", !role.works(), "the queues cannot be read", json!({}));
            }
            return report;
        };
        let within =
            |age_ms: u64, limit: Duration| !role.works() || limit.is_zero() || u128::from(age_ms) <= limit.as_millis();
        let age = |count: u64, age_ms: u64, limit: Duration| json!({ "count": count, "oldest_seconds": age_ms / 1000, "limit_seconds": limit.as_secs() });
        let Self(limits) = self;
        report.check(
            "mail",
            within(figures.mail_age_ms, limits.mail_age),
            "messages of clients wait too long for their turn",
            age(figures.mail_due, figures.mail_age_ms, limits.mail_age),
        );
        report.check(
            "outbox",
            within(figures.outbox_age_ms, limits.outbox_age),
            "answers wait too long to be sent",
            age(figures.outbox_queued, figures.outbox_age_ms, limits.outbox_age),
        );
        report.check(
            "overdue",
            !role.works() || limits.overdue == 0 || figures.overdue < limits.overdue,
            "too many clients wait for an outcome",
            json!({ "count": figures.overdue, "limit": limits.overdue }),
        );
        report
    }
}

impl Report {
    fn check(&mut self, name: &'static str, ok: bool, why: &str, facts: Value) {
        let mut told = Map::new();
        told.insert("ok".to_owned(), ok.into());
        if !ok {
            self.failing.push(name);
            told.insert("why".to_owned(), why.into());
        }
        if let Value::Object(facts) = facts {
            told.extend(facts);
        }
        self.checks.insert(name.to_owned(), told.into());
    }

    /// Whether everything is well.
    pub(super) const fn is_ready(&self) -> bool {
        self.failing.is_empty()
    }

    /// As it is told.
    pub(super) fn json(self) -> Value {
        json!({ "ready": self.is_ready(), "failing": self.failing, "checks": self.checks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(figures: Figures, role: Role) -> Value {
        Readiness(ReadyConfig::default()).judge(true, Some(figures), TimeDelta::zero(), role, role.works()).json()
    }

    #[test]
    fn what_waits_too_long_is_named() {
        let well = Figures { mail_age_ms: 119_000, outbox_age_ms: 899_000, overdue: 99, ..Figures::default() };
        assert_eq!(judged(well, Role::Both)["ready"], true);
        let late = Figures { mail_age_ms: 121_000, outbox_age_ms: 901_000, overdue: 100, ..Figures::default() };
        for role in [Role::Both, Role::Work] {
            let told = judged(late, role);
            assert_eq!(told["failing"], json!(["mail", "outbox", "overdue"]), "{told}");
            assert_eq!(told.pointer("/checks/mail/oldest_seconds"), Some(&json!(121)), "{told}");
            assert!(told.pointer("/checks/overdue/why").is_some(), "{told}");
        }
    }

    #[test]
    fn who_only_takes_webhooks_is_ready_while_they_can_be_stored() {
        let late = Figures { mail_age_ms: 500_000, overdue: 1000, ..Figures::default() };
        let told = judged(late, Role::Webhooks);
        assert_eq!((&told["ready"], told.pointer("/checks/mail/oldest_seconds")), (&json!(true), Some(&json!(500))));
        assert!(told.pointer("/checks/workers").is_none(), "{told}");
        let told =
            Readiness(ReadyConfig::default()).judge(false, None, TimeDelta::zero(), Role::Webhooks, false).json();
        assert_eq!(told["failing"], json!(["store"]));
    }

    #[test]
    fn a_limit_of_nothing_is_none() {
        let none = ReadyConfig { mail_age: Duration::ZERO, outbox_age: Duration::ZERO, overdue: 0 };
        let late = Figures { mail_age_ms: u64::MAX, outbox_age_ms: u64::MAX, overdue: u64::MAX, ..Figures::default() };
        assert!(Readiness(none).judge(true, Some(late), TimeDelta::zero(), Role::Both, true).is_ready());
    }

    #[test]
    fn a_clock_that_was_set_is_told_and_one_that_cannot_be_caught_up_with_is_named() {
        let told = |adrift| {
            let ready = Readiness(ReadyConfig::default());
            ready.judge(true, Some(Figures::default()), adrift, Role::Both, true).json()
        };
        let hour = told(-TimeDelta::hours(1));
        assert_eq!((&hour["ready"], hour.pointer("/checks/clock/adrift_seconds")), (&json!(true), Some(&json!(-3600))));
        for far in [TimeDelta::hours(25), -TimeDelta::hours(25)] {
            let told = told(far);
            assert_eq!(told["failing"], json!(["clock"]), "{told}");
            assert!(told["checks"]["clock"]["why"].as_str().unwrap().contains("start this process again"), "{told}");
        }
    }
}
