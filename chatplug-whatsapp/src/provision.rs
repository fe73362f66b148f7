//! Connecting a number. How a way is gone is the core's ([`chatplug_core::provision`]); the ways themselves are
//! [`meta::provision`](crate::meta::provision) and [`twilio::provision`](crate::twilio::provision).

pub(crate) use chatplug_core::provision::{Did, Run, Stop, Way, go};
pub use chatplug_core::provision::{
    Entry, Journal, JournalError, Kept, MemoryJournal, OpenCall, Progress, ProvisionError, SETTLE_SECONDS, Standing,
    Step, StepView,
};

use chatplug_core::ports::SendError;
use chrono::Duration;

/// A wait that nobody told.
const A_WHILE: Duration = Duration::minutes(2);

/// What a call came to; `code` and `words` are the provider's, where it explained itself.
pub(crate) fn came_to(
    error: SendError,
    explained: Option<(i64, &str)>,
    advise: impl FnOnce(i64) -> &'static str,
) -> ProvisionError {
    let told = explained.map(|(code, _)| code);
    let words = || explained.map(|(_, words)| crate::common::words::without_numbers(words)).unwrap_or_default();
    match error {
        SendError::OutcomeUnknown { source } => ProvisionError::OutcomeUnknown { source },
        SendError::Unavailable { source } => ProvisionError::Unavailable { source },
        SendError::RateLimited { retry_after } => {
            let code = told.unwrap_or(429);
            ProvisionError::Wait { code, after: retry_after.unwrap_or(A_WHILE), advice: advise(code) }
        }
        SendError::Rejected { code, detail } => {
            let words = if explained.is_some() { words() } else { detail };
            ProvisionError::Refused { code, advice: advise(code), words }
        }
        SendError::Unauthorized { code } | SendError::Unreachable { code } => {
            ProvisionError::Refused { code, advice: advise(code), words: words() }
        }
        _ => {
            let code = told.unwrap_or_default();
            ProvisionError::Refused { code, advice: advise(code), words: words() }
        }
    }
}
