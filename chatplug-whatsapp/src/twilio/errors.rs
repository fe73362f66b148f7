//! Twilio's error codes by what to do about them: one row each, for the answer of a call and for a failed status alike.
//!
//! Source: Twilio's error pages and its dictionary of May 2023. Twilio answers a send with 201 and tells most of what
//! WhatsApp refuses later, by status.

use crate::common::words::without_numbers;
use chatplug_core::{model::FailureKind, ports::SendError};
use chrono::Duration;

/// What a code says about the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The credentials are dead, or the link to WhatsApp is.
    Auth,
    /// The account is suspended or locked.
    Account,
    /// The sender is not fully registered.
    Registration,
    /// The sender or the account is set up wrongly.
    Config,
    /// A passing fault on the way.
    Transient,
    /// A fault that may pass: worth one more try.
    MaybeTransient,
    /// The account calls or sends too fast.
    ThrottleAccount,
    /// The sender sends too fast; Meta's limits for a number and for one person show here as well.
    ThrottleNumber,
    /// People reported the sender: nothing unasked may leave it.
    Spam,
    /// Our request is wrong.
    Bug,
    /// The address is no number that can get messages.
    BadAddress,
    /// The 24-hour window is closed.
    WindowClosed,
    /// This person cannot be reached.
    Undeliverable,
    /// This person said stop, or blocked the business.
    OptedOut,
    /// Meta chose not to deliver this one; sending it again makes it worse.
    Dropped,
    /// The content is of a kind or form that WhatsApp does not take.
    Content,
    /// The message breaks a rule.
    Policy,
    /// A file could not be fetched or taken.
    Media,
    /// The content resource is missing, refused, paused, or does not fit its variables.
    Template,
    /// A content resource that is being made is wrong.
    ContentApi,
    /// Shown in the account's log only: our webhook answered badly.
    OurEndpoint,
    /// Shown in the account's log only: news.
    Info,
}

/// What a call that is answered with the code comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reaction {
    /// [`SendError::OutsideWindow`].
    Template,
    /// [`SendError::RateLimited`], with the wait in seconds.
    Wait(i64),
    /// [`SendError::RateLimited`], longer each time in a row; nothing was made.
    BackOff,
    /// [`SendError::Rejected`].
    GiveUp,
    /// [`SendError::Rejected`], after the content resource was made again once, where it is one of ours.
    MakeAgain,
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
    /// The code.
    pub code: i64,
    /// What it says.
    pub class: Class,
    /// What a call comes to.
    pub answered: Reaction,
    /// What a failed status comes to.
    pub failed: FailureKind,
}

const fn row(code: i64, class: Class, answered: Reaction, failed: FailureKind) -> ErrorRow {
    ErrorRow { code, class, answered, failed }
}

use Class as C;
use FailureKind as F;
use Reaction as R;

/// Every code that matters for booking over WhatsApp, in rising order. What is not here is final: see [`send_error`].
pub const TABLE: &[ErrorRow] = &[
    row(11_200, C::OurEndpoint, R::GiveUp, F::Permanent),
    row(11_205, C::OurEndpoint, R::GiveUp, F::Permanent),
    row(11_206, C::OurEndpoint, R::GiveUp, F::Permanent),
    row(11_210, C::OurEndpoint, R::GiveUp, F::Permanent),
    row(11_215, C::OurEndpoint, R::GiveUp, F::Permanent),
    row(11_220, C::OurEndpoint, R::GiveUp, F::Permanent),
    row(11_235, C::OurEndpoint, R::GiveUp, F::Permanent),
    row(11_750, C::OurEndpoint, R::GiveUp, F::Permanent),
    row(12_100, C::OurEndpoint, R::GiveUp, F::Permanent),
    row(12_200, C::OurEndpoint, R::GiveUp, F::Permanent),
    row(12_300, C::OurEndpoint, R::GiveUp, F::Permanent),
    row(20_003, C::Auth, R::CallSomeone, F::Permanent),
    // To a send it means that there is no such account: no message can leave, so none is given up.
    row(20_404, C::Bug, R::CallSomeone, F::Permanent),
    row(20_422, C::Bug, R::GiveUp, F::Permanent),
    row(20_429, C::ThrottleAccount, R::BackOff, F::Temporary),
    row(21_211, C::BadAddress, R::Unreachable, F::Unreachable),
    row(21_212, C::Config, R::CallSomeone, F::Permanent),
    // Not allowed to write to this country: other people can still be reached.
    row(21_408, C::Config, R::Unreachable, F::Unreachable),
    row(21_602, C::Bug, R::GiveUp, F::Permanent),
    row(21_603, C::Bug, R::GiveUp, F::Permanent),
    row(21_604, C::Bug, R::GiveUp, F::Permanent),
    row(21_606, C::Config, R::CallSomeone, F::Permanent),
    // A trial account may write to people that its owner has verified: this one is not among them.
    row(21_608, C::Config, R::Unreachable, F::Unreachable),
    row(21_609, C::Bug, R::GiveUp, F::Permanent),
    // They said stop: until they say start, nothing reaches them.
    row(21_610, C::OptedOut, R::Unreachable, F::OptedOut),
    // The sender's queue is full, for minutes.
    row(21_611, C::ThrottleNumber, R::Wait(120), F::Temporary),
    row(21_614, C::BadAddress, R::Unreachable, F::Unreachable),
    row(21_617, C::Bug, R::GiveUp, F::Permanent),
    row(21_620, C::Bug, R::GiveUp, F::Permanent),
    row(21_623, C::Bug, R::GiveUp, F::Permanent),
    row(21_654, C::Bug, R::GiveUp, F::Permanent),
    row(21_655, C::Template, R::MakeAgain, F::Template),
    row(21_656, C::Template, R::GiveUp, F::Template),
    row(21_703, C::Config, R::CallSomeone, F::Permanent),
    row(21_704, C::Config, R::CallSomeone, F::Permanent),
    row(21_705, C::Config, R::CallSomeone, F::Permanent),
    row(30_001, C::ThrottleNumber, R::Wait(120), F::Temporary),
    row(30_002, C::Account, R::CallSomeone, F::Permanent),
    row(30_007, C::Policy, R::GiveUp, F::Permanent),
    row(30_008, C::MaybeTransient, R::TryLater, F::Temporary),
    row(63_001, C::Auth, R::CallSomeone, F::Permanent),
    row(63_002, C::Config, R::CallSomeone, F::Permanent),
    row(63_003, C::Undeliverable, R::Unreachable, F::Unreachable),
    row(63_005, C::Content, R::GiveUp, F::Permanent),
    row(63_006, C::Content, R::GiveUp, F::Permanent),
    row(63_007, C::Config, R::CallSomeone, F::Permanent),
    row(63_009, C::Transient, R::TryLater, F::Temporary),
    row(63_010, C::Transient, R::TryLater, F::Temporary),
    row(63_012, C::Transient, R::TryLater, F::Temporary),
    row(63_013, C::Policy, R::GiveUp, F::Permanent),
    row(63_014, C::OptedOut, R::Unreachable, F::OptedOut),
    // Twilio's sandbox: this person has not joined, or joined more than three days ago.
    row(63_015, C::Config, R::Unreachable, F::Unreachable),
    row(63_016, C::WindowClosed, R::Template, F::OutsideWindow),
    row(63_017, C::ThrottleAccount, R::Wait(1), F::Temporary),
    row(63_018, C::ThrottleNumber, R::Wait(60), F::Temporary),
    // Twilio could not fetch the file that we named: worth one more try.
    row(63_019, C::Media, R::GiveUp, F::Temporary),
    row(63_020, C::Registration, R::CallSomeone, F::Permanent),
    row(63_021, C::Content, R::GiveUp, F::Permanent),
    row(63_024, C::Undeliverable, R::Unreachable, F::Unreachable),
    row(63_025, C::Media, R::GiveUp, F::Permanent),
    row(63_026, C::Spam, R::GiveUp, F::Permanent),
    row(63_027, C::Template, R::GiveUp, F::Template),
    row(63_028, C::Template, R::GiveUp, F::Template),
    row(63_029, C::MaybeTransient, R::TryLater, F::Temporary),
    row(63_030, C::Bug, R::GiveUp, F::Permanent),
    row(63_031, C::Bug, R::GiveUp, F::Permanent),
    row(63_032, C::Dropped, R::GiveUp, F::Permanent),
    row(63_033, C::Undeliverable, R::Unreachable, F::Unreachable),
    row(63_034, C::Media, R::GiveUp, F::Permanent),
    row(63_037, C::Media, R::GiveUp, F::Permanent),
    // The account's messages of a day are used up; places come free over the following 24 hours.
    row(63_038, C::ThrottleAccount, R::Wait(60 * 60), F::Temporary),
    row(63_040, C::Template, R::GiveUp, F::Template),
    row(63_041, C::Template, R::GiveUp, F::Template),
    row(63_042, C::Template, R::GiveUp, F::Template),
    row(63_046, C::Info, R::GiveUp, F::Permanent),
    row(63_047, C::Template, R::GiveUp, F::Template),
    row(63_049, C::Dropped, R::GiveUp, F::Permanent),
    row(63_051, C::Account, R::CallSomeone, F::Permanent),
    row(63_062, C::Config, R::GiveUp, F::Permanent),
    row(92_001, C::ContentApi, R::GiveUp, F::Permanent),
    row(92_002, C::ContentApi, R::GiveUp, F::Permanent),
    row(92_003, C::ContentApi, R::GiveUp, F::Permanent),
    row(92_004, C::ContentApi, R::GiveUp, F::Permanent),
    row(92_005, C::ContentApi, R::GiveUp, F::Permanent),
    row(92_006, C::ContentApi, R::MakeAgain, F::Template),
    row(92_007, C::ContentApi, R::GiveUp, F::Permanent),
    row(92_008, C::ContentApi, R::GiveUp, F::Permanent),
];

/// What a code says; `None` for one that Twilio's pages did not name.
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
    match reaction(code) {
        Reaction::Template => SendError::OutsideWindow,
        Reaction::Wait(seconds) => SendError::RateLimited { retry_after: Duration::try_seconds(seconds) },
        Reaction::BackOff => SendError::RateLimited { retry_after: None },
        Reaction::GiveUp | Reaction::MakeAgain => SendError::Rejected { code, detail: without_numbers(detail) },
        Reaction::Unreachable => SendError::Unreachable { code },
        Reaction::CallSomeone => SendError::Unauthorized { code },
        Reaction::TryLater => SendError::Unavailable { source: None },
    }
}

/// What a call that was answered with a code comes to, as the table says.
pub(super) fn reaction(code: i64) -> Reaction {
    find(code).map_or(Reaction::GiveUp, |row| row.answered)
}

fn find(code: i64) -> Option<&'static ErrorRow> {
    let at = TABLE.partition_point(|row| row.code < code);
    TABLE.get(at).filter(|row| row.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_found_by_code() {
        assert!(TABLE.windows(2).all(|pair| pair[0].code < pair[1].code));
        for row in TABLE {
            assert_eq!((class_of(row.code), failure_kind(row.code)), (Some(row.class), row.failed));
        }
        for unknown in [-1, 0, 20_500, 63_999, i64::MAX] {
            assert_eq!(class_of(unknown), None);
            assert_eq!(failure_kind(unknown), FailureKind::Permanent);
            assert!(matches!(send_error(unknown, ""), SendError::Rejected { .. }));
        }
    }
}
