//! What a tenant may spend in a day, counted in the store's limiter: all processes count together, and a restart forgets
//! nothing.

use chatplug_core::{
    model::TenantId,
    ports::{Rate, RateLimiter},
};
use chrono::{DateTime, Datelike as _, Duration as Span, Utc};
use std::sync::Arc;

/// Tokens that a tenant may spend in a day, unless told otherwise: some 200 questions.
pub const DEFAULT_DAILY_TOKENS: u32 = 300_000;

/// One place of the limiter.
const TOKENS: u64 = 100;
/// A name comes back with the same day of the month: at the earliest after so many days that are not counted under it.
const FREE_DAYS: i32 = 27;

#[derive(Debug, Clone)]
pub(super) struct Budget {
    limiter: Arc<dyn RateLimiter>,
    tenant: String,
    places: u32,
}

impl Budget {
    pub(super) fn new(limiter: Arc<dyn RateLimiter>, tenant: &TenantId) -> Self {
        let mut budget = Self { limiter, tenant: tenant.to_string(), places: 0 };
        budget.set(DEFAULT_DAILY_TOKENS);
        budget
    }

    pub(super) fn set(&mut self, tokens: u32) {
        self.places = u32::try_from(u64::from(tokens) / TOKENS).unwrap_or(u32::MAX);
    }

    /// Takes the place of a call; `false`: nothing is left of the day's budget, or nobody can say.
    pub(super) async fn begin(&self, now: DateTime<Utc>) -> bool {
        self.take(1, now).await
    }

    /// Takes what a call cost besides.
    pub(super) async fn spend(&self, tokens: u64, now: DateTime<Utc>) {
        let more = u32::try_from(tokens.div_ceil(TOKENS)).unwrap_or(u32::MAX).saturating_sub(1);
        if more > 0 {
            self.take(more, now).await;
        }
    }

    async fn take(&self, want: u32, now: DateTime<Utc>) -> bool {
        let Some((name, rate)) = self.day(now) else { return false };
        match self.limiter.take(&name, rate, want, now).await {
            Ok(taken) => taken.granted > 0,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "what a model may cost cannot be counted; it is not asked"
                );
                false
            }
        }
    }

    /// Under which name a day is counted, and how. A limiter gives places back over time: so slowly here that it is a 28th of
    /// them within the day, which is set aside, and all of them until the name comes back. So no day sees more than the
    /// budget, and names do not become more and more.
    fn day(&self, now: DateTime<Utc>) -> Option<(String, Rate)> {
        let at_once = self.places - self.places.div_ceil(28).min(self.places);
        let burst = i32::try_from(at_once).ok().filter(|burst| *burst > 0)?;
        let name = format!("model:{}:{:02}", self.tenant, now.day());
        Some((name, Rate { burst: at_once, every: Span::days(FREE_DAYS.into()) / burst }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatplug_core::testkit::MemoryLimiter;

    #[tokio::test]
    async fn no_day_sees_more_than_the_budget_and_each_has_its_own() {
        let limiter = Arc::new(MemoryLimiter::new());
        let tenant: TenantId = "bella".parse().unwrap();
        let mut budget = Budget::new(limiter.clone(), &tenant);
        budget.set(100_000);
        let other = Budget::new(limiter, &"other".parse().unwrap());
        let midnight: DateTime<Utc> = "2026-03-11T00:00:00Z".parse().unwrap();
        for day in [0, 1, 28, 31, 365] {
            let mut granted = 0;
            for minute in 0..24 * 60 {
                let now = midnight + Span::days(day) + Span::minutes(minute);
                granted += i32::from(budget.begin(now).await);
                assert!(other.begin(now).await);
            }
            assert!((960..=1000).contains(&granted), "{granted} on day {day}");
        }
    }

    #[tokio::test]
    async fn what_a_call_costs_is_taken() {
        let mut budget = Budget::new(Arc::new(MemoryLimiter::new()), &"bella".parse().unwrap());
        budget.set(10_000);
        let now = "2026-03-11T00:00:00Z".parse().unwrap();
        for _ in 0..9 {
            assert!(budget.begin(now).await);
            budget.spend(1_050, now).await;
        }
        assert!(!budget.begin(now).await);
        budget.set(0);
        assert!(!budget.begin(now).await);
    }
}
