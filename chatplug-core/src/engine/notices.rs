//! What the team should hear: told at least once through the business's notifier, beside the conversation and never in its
//! way.

use super::{Engine, EngineEvent};
use crate::{
    model::{ConversationId, NoticeId, TenantId},
    ports::{Notice, NoticeRecord, NoticeResult, QueuedNotice, StoreError},
};
use chrono::{DateTime, Duration, Utc};

/// A team that could not be told for so long is not told any more.
const GIVEN_UP_AFTER: Duration = Duration::hours(24);
/// But not before so many tries: the engine itself may have been away for a day.
const FEWEST_ATTEMPTS: u32 = 8;

impl Engine {
    /// Tells the team what is due of a conversation.
    ///
    /// # Errors
    /// When the store could not say what, or not take down how it went: it is due as before, or again a little later.
    pub(super) async fn tell_team(&self, tenant: &TenantId, conversation: ConversationId) -> Result<(), StoreError> {
        let store = self.inner.store.tenant(tenant);
        loop {
            let now = self.inner.clock.now();
            let Some(notice) = store.next_notice(conversation, now + self.inner.options.sending(), now).await? else {
                return Ok(());
            };
            let (seq, attempt) = (notice.seq, notice.attempt);
            let result = self.tell_notice(tenant, conversation, notice).await;
            let word = match result {
                NoticeResult::Told => "told",
                NoticeResult::Retry { .. } => "retry",
                NoticeResult::Dead { .. } => "dead",
            };
            self.inner.observer.observe(&EngineEvent::TeamTold { tenant, result: word });
            let now = self.inner.clock.now();
            store.record_notice(NoticeRecord { conversation, seq, attempt, result, now }).await?;
        }
    }

    async fn tell_notice(&self, tenant: &TenantId, conversation: ConversationId, queued: QueuedNotice) -> NoticeResult {
        let QueuedNotice { seq, event, at, attempt } = queued;
        let error = match self.setup(tenant).await {
            Ok(setup) => {
                let id = NoticeId::derive(&[tenant.as_str(), &conversation.to_string(), &seq.to_string()]);
                let notice = Notice { id, tenant: tenant.clone(), conversation: Some(conversation), event };
                let limit = self.inner.options.send_timeout.to_std().unwrap_or_default();
                match tokio::time::timeout(limit, setup.notifier.notify(&notice)).await {
                    Ok(Ok(())) => return NoticeResult::Told,
                    Ok(Err(error)) => {
                        tracing::warn!(tenant.id = %tenant, conversation.id = %conversation, attempt, error = &error as &dyn std::error::Error, "the team was not told");
                        error.to_string()
                    }
                    Err(_) => {
                        tracing::warn!(tenant.id = %tenant, conversation.id = %conversation, attempt, "the team was not told in time");
                        "no answer in time".to_owned()
                    }
                }
            }
            Err(error) => {
                tracing::warn!(tenant.id = %tenant, attempt, error = &error as &dyn std::error::Error, "nobody known to tell");
                error.to_string()
            }
        };
        after_failure(at, attempt, error, self.inner.clock.now())
    }
}

/// Once more a little later, or never.
fn after_failure(at: DateTime<Utc>, attempt: u32, error: String, now: DateTime<Utc>) -> NoticeResult {
    if now - at >= GIVEN_UP_AFTER && attempt >= FEWEST_ATTEMPTS {
        return NoticeResult::Dead { error };
    }
    NoticeResult::Retry { at: now + back_off(attempt) }
}

/// Two seconds, doubling, at most five minutes.
fn back_off(attempt: u32) -> Duration {
    Duration::seconds(1_i64 << attempt.clamp(1, 9)).min(Duration::minutes(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_that_cannot_be_told_is_tried_for_a_day() {
        let (at, error) = (DateTime::UNIX_EPOCH, || "down".to_owned());
        let (mut now, mut attempt) = (at, 1);
        while let NoticeResult::Retry { at: next } = after_failure(at, attempt, error(), now) {
            assert!(next > now && next - now <= Duration::minutes(5), "attempt {attempt} waits until {next}");
            (now, attempt) = (next, attempt + 1);
        }
        assert!((GIVEN_UP_AFTER..GIVEN_UP_AFTER + Duration::minutes(6)).contains(&(now - at)), "given up at {now}");
        let late = after_failure(at, 1, error(), at + Duration::days(3));
        assert!(matches!(late, NoticeResult::Retry { .. }), "an engine that was away tries again: {late:?}");
    }
}
