//! Meta's error codes by what to do about them: one row each, for the answer of a call and for a failed status alike.
//!
//! Source: Meta's page on error codes (state of December 2025) and the error lists of public client libraries. Meta asks
//! to decide by `code` alone: titles, sub-codes and HTTP statuses change.

use crate::common::words::without_numbers;
use chatplug_core::{model::FailureKind, ports::SendError};
use chrono::Duration;

/// What a code says about the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The token is dead.
    Auth,
    /// The token may not do this.
    Permission,
    /// Meta restricts the business: locked, unpaid, against policy.
    Account,
    /// The number is not registered, or registering it went wrong.
    Registration,
    /// The number or the app is set up wrongly.
    Config,
    /// Meta has a passing fault and took nothing.
    Transient,
    /// The app or the business account calls too often: minutes.
    ThrottleAccount,
    /// The number sends too fast: a second.
    ThrottleNumber,
    /// The number writes too fast to this one person: 4ⁿ seconds.
    ThrottlePair,
    /// People reported the number: nothing unasked may leave it.
    Spam,
    /// Our request is wrong.
    Bug,
    /// The 24-hour window is closed.
    WindowClosed,
    /// This person cannot be reached.
    Undeliverable,
    /// This person does not want offers.
    OptedOut,
    /// Meta chose not to deliver this one; sending it again makes it worse.
    Dropped,
    /// A file could not be fetched or taken.
    Media,
    /// The template is missing, paused, or does not fit its values.
    Template,
    /// A template that is being written is wrong: for the person who writes it.
    TemplateCreation,
    /// A flow is blocked or used too often: send buttons instead.
    Flow,
    /// The person changed device and we asked to be told.
    Identity,
}

/// What a call that is answered with the code comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reaction {
    /// [`SendError::OutsideWindow`].
    Template,
    /// [`SendError::RateLimited`], with the wait in seconds.
    Wait(i64),
    /// [`SendError::Rejected`].
    GiveUp,
    /// [`SendError::Unreachable`].
    Unreachable,
    /// [`SendError::Unauthorized`]: nothing leaves until a person mends it.
    CallSomeone,
    /// [`SendError::Unavailable`].
    TryLater,
}

/// One row of [`TABLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorRow {
    /// First code.
    pub from: i64,
    /// Last code; the same as `from` but for one range.
    pub to: i64,
    /// What it says.
    pub class: Class,
    /// What a call comes to.
    pub answered: Reaction,
    /// What a failed status comes to.
    pub failed: FailureKind,
}

const fn row(code: i64, class: Class, answered: Reaction, failed: FailureKind) -> ErrorRow {
    ErrorRow { from: code, to: code, class, answered, failed }
}

use Class as C;
use FailureKind as F;
use Reaction as R;

/// Every code that Meta lists for booking's purposes, in rising order. What is not here is final: see [`send_error`].
pub const TABLE: &[ErrorRow] = &[
    row(0, C::Auth, R::CallSomeone, F::Permanent),
    // "Invalid request or server fault": tried again, as a fault, until the sender's patience ends.
    row(1, C::Transient, R::TryLater, F::Temporary),
    row(2, C::Transient, R::TryLater, F::Temporary),
    row(3, C::Permission, R::CallSomeone, F::Permanent),
    row(4, C::ThrottleAccount, R::Wait(120), F::Temporary),
    row(10, C::Permission, R::CallSomeone, F::Permanent),
    // The business number was deleted.
    row(33, C::Config, R::CallSomeone, F::Permanent),
    row(100, C::Bug, R::GiveUp, F::Permanent),
    row(190, C::Auth, R::CallSomeone, F::Permanent),
    ErrorRow { from: 200, to: 299, class: C::Permission, answered: R::CallSomeone, failed: F::Permanent },
    row(368, C::Account, R::CallSomeone, F::Permanent),
    row(80_007, C::ThrottleAccount, R::Wait(120), F::Temporary),
    row(130_429, C::ThrottleNumber, R::Wait(1), F::Temporary),
    row(130_472, C::Dropped, R::GiveUp, F::Permanent),
    // Not allowed to write to this country: other people can still be reached.
    row(130_497, C::Account, R::Unreachable, F::Unreachable),
    row(131_000, C::Transient, R::TryLater, F::Temporary),
    row(131_005, C::Permission, R::CallSomeone, F::Permanent),
    row(131_008, C::Bug, R::GiveUp, F::Permanent),
    row(131_009, C::Bug, R::GiveUp, F::Permanent),
    row(131_016, C::Transient, R::TryLater, F::Temporary),
    row(131_021, C::Bug, R::GiveUp, F::Permanent),
    row(131_026, C::Undeliverable, R::Unreachable, F::Unreachable),
    // A test number may write to its allowed list only: this person is not on it.
    row(131_030, C::Config, R::Unreachable, F::Unreachable),
    row(131_031, C::Account, R::CallSomeone, F::Permanent),
    row(131_037, C::Account, R::CallSomeone, F::Permanent),
    row(131_042, C::Account, R::CallSomeone, F::Permanent),
    row(131_045, C::Registration, R::CallSomeone, F::Permanent),
    row(131_047, C::WindowClosed, R::Template, F::OutsideWindow),
    row(131_048, C::Spam, R::GiveUp, F::Permanent),
    row(131_049, C::Dropped, R::GiveUp, F::Permanent),
    row(131_050, C::OptedOut, R::GiveUp, F::OptedOut),
    row(131_051, C::Bug, R::GiveUp, F::Permanent),
    row(131_052, C::Media, R::GiveUp, F::Permanent),
    row(131_053, C::Media, R::GiveUp, F::Permanent),
    // The first wait of 4ⁿ seconds; the messenger counts n for each person.
    row(131_056, C::ThrottlePair, R::Wait(1), F::Temporary),
    // The number is being upgraded, about a minute.
    row(131_057, C::Transient, R::Wait(60), F::Temporary),
    row(131_062, C::Bug, R::GiveUp, F::Permanent),
    row(131_063, C::Config, R::GiveUp, F::Template),
    row(131_064, C::Account, R::GiveUp, F::Template),
    row(132_000, C::Template, R::GiveUp, F::Template),
    row(132_001, C::Template, R::GiveUp, F::Template),
    row(132_005, C::Template, R::GiveUp, F::Template),
    row(132_007, C::Template, R::GiveUp, F::Template),
    row(132_008, C::Template, R::GiveUp, F::Template),
    row(132_012, C::Template, R::GiveUp, F::Template),
    row(132_015, C::Template, R::GiveUp, F::Template),
    row(132_016, C::Template, R::GiveUp, F::Template),
    row(132_068, C::Flow, R::GiveUp, F::Permanent),
    row(132_069, C::Flow, R::GiveUp, F::Permanent),
    row(133_000, C::Registration, R::CallSomeone, F::Permanent),
    row(133_004, C::Transient, R::TryLater, F::Temporary),
    row(133_005, C::Registration, R::CallSomeone, F::Permanent),
    row(133_006, C::Registration, R::CallSomeone, F::Permanent),
    // How long is only told in words.
    row(133_008, C::Registration, R::CallSomeone, F::Permanent),
    row(133_009, C::Registration, R::CallSomeone, F::Permanent),
    row(133_010, C::Registration, R::CallSomeone, F::Permanent),
    row(133_015, C::Registration, R::Wait(5 * 60), F::Temporary),
    row(133_016, C::Registration, R::Wait(72 * 60 * 60), F::Permanent),
    row(134_011, C::Config, R::GiveUp, F::Permanent),
    row(135_000, C::Bug, R::GiveUp, F::Permanent),
    row(137_000, C::Identity, R::GiveUp, F::Permanent),
    row(2_388_019, C::TemplateCreation, R::GiveUp, F::Template),
    row(2_388_039, C::TemplateCreation, R::GiveUp, F::Template),
    row(2_388_040, C::TemplateCreation, R::GiveUp, F::Template),
    row(2_388_047, C::TemplateCreation, R::GiveUp, F::Template),
    row(2_388_072, C::TemplateCreation, R::GiveUp, F::Template),
    row(2_388_073, C::TemplateCreation, R::GiveUp, F::Template),
    row(2_388_293, C::TemplateCreation, R::GiveUp, F::Template),
    row(2_388_299, C::TemplateCreation, R::GiveUp, F::Template),
];

/// What a code says; `None` for one that Meta had not published.
#[must_use]
pub fn class_of(code: i64) -> Option<Class> {
    find(code).map(|row| row.class)
}

/// What to do about a message that failed after it was accepted. An unknown code is final.
#[must_use]
pub fn failure_kind(code: i64) -> FailureKind {
    find(code).map_or(FailureKind::Permanent, |row| row.failed)
}

/// What a call that was answered with a code comes to. An unknown code is final: repeating what is not understood
/// costs money and reputation.
#[must_use]
pub fn send_error(code: i64, detail: &str) -> SendError {
    match find(code).map_or(Reaction::GiveUp, |row| row.answered) {
        Reaction::Template => SendError::OutsideWindow,
        Reaction::Wait(seconds) => SendError::RateLimited { retry_after: Duration::try_seconds(seconds) },
        Reaction::GiveUp => SendError::Rejected { code, detail: without_numbers(detail) },
        Reaction::Unreachable => SendError::Unreachable { code },
        Reaction::CallSomeone => SendError::Unauthorized { code },
        Reaction::TryLater => SendError::Unavailable { source: None },
    }
}

fn find(code: i64) -> Option<&'static ErrorRow> {
    let at = TABLE.partition_point(|row| row.to < code);
    TABLE.get(at).filter(|row| row.from <= code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_found_by_code() {
        assert!(TABLE.windows(2).all(|pair| pair[0].to < pair[1].from));
        for row in TABLE {
            assert_eq!(class_of(row.from), Some(row.class));
            assert_eq!(class_of(row.to), Some(row.class));
        }
        assert_eq!(class_of(250), Some(Class::Permission));
        for unknown in [-1, 5, 199, 300, 131_999, i64::MAX] {
            assert_eq!(class_of(unknown), None);
            assert_eq!(failure_kind(unknown), FailureKind::Permanent);
            assert!(matches!(send_error(unknown, ""), SendError::Rejected { .. }));
        }
    }
}
