//! What became of each booking, and of all: words and numbers, nothing of a client and no vendor's id.

use crate::{
    model::{ActionKey, Booking, ClientField, InstallId},
    ports::{BackendError, RejectReason, StoreError},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use std::{collections::BTreeSet, fmt};

/// What became of one booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Names it in the audit; tells nothing of it.
    pub key: ActionKey,
    /// When the visit begins.
    pub start: DateTime<Utc>,
    /// Zone of the branch.
    pub zone: Tz,
    /// What is booked, as the old system calls it.
    pub title: String,
    /// What became of it.
    pub step: Step,
}

impl Receipt {
    pub(super) fn of(booking: &Booking, key: ActionKey, step: Step) -> Self {
        Self { key, start: booking.start, zone: booking.zone, title: booking.title.clone(), step }
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key.to_string();
        let start = self.start.with_timezone(&self.zone).format("%a %d %b %Y %H:%M");
        write!(f, "{}  {start}  {}: {}", key.get(..8).unwrap_or(&key), self.title, self.step)
    }
}

/// A step of a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A run would move it.
    WouldMove,
    /// It stands at the new system, and our stable id with it.
    Moved,
    /// It stood there already.
    There,
    /// A person must look.
    Refused(Refusal),
    /// Not now; the next run tries again.
    Later(Left),
    /// It was changed meanwhile: the next pass takes it as it is.
    Gone,
    /// The old booking is taken off.
    Released,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WouldMove => f.write_str("would be moved"),
            Self::Moved => f.write_str("moved"),
            Self::There => f.write_str("is there already"),
            Self::Refused(refusal) => write!(f, "FOR A PERSON: {refusal}"),
            Self::Later(left) => write!(f, "not now: {left}"),
            Self::Gone => f.write_str("changed meanwhile"),
            Self::Released => f.write_str("taken off the old system"),
        }
    }
}

/// Why a booking stays where it is until a person has looked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Its service has no partner.
    NoService,
    /// Its person has no partner.
    NoPerson,
    /// The new system does not offer that time: it is taken, or outside its hours.
    NotOffered,
    /// The business has not approved it yet.
    AwaitsApproval,
    /// Neither we nor the old system can say for whom it is.
    NobodyKnown,
    /// The new system wants to know more of the client.
    Needs(BTreeSet<ClientField>),
    /// A rule of the new system forbids it.
    Rejected(RejectReason),
    /// The new system made another booking of it, which was taken back.
    Differs,
    /// Nobody can tell whether it was made: look at the new system first.
    Unclear,
    /// It was moved at the old system after it was copied; the copy is as it was.
    ChangedThere,
    /// It was cancelled at the old system after it was copied; the copy stands.
    CancelledThere,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::NoService => "its service has no partner in the mapping",
            Self::NoPerson => "its person has no partner in the mapping",
            Self::NotOffered => "the new system does not offer that time (taken, or outside its hours)",
            Self::AwaitsApproval => "the business has not approved it yet",
            Self::NobodyKnown => "the old system does not say for whom it is",
            Self::Needs(fields) => {
                let fields: Vec<&str> = fields.iter().map(|field| field_word(*field)).collect();
                return write!(f, "the new system wants to know {} of the client", fields.join(" and "));
            }
            Self::Rejected(reason) => {
                return write!(f, "a rule of the new system forbids it ({})", reason_word(*reason));
            }
            Self::Differs => "the new system made another booking of it, which was taken back",
            Self::Unclear => "nobody can tell whether it was made: look at the new system first",
            Self::ChangedThere => "it was moved at the old system after it was copied: the new system has it as it was",
            Self::CancelledThere => {
                "it was cancelled at the old system after it was copied: the new system still has it"
            }
        };
        f.write_str(words)
    }
}

const fn field_word(field: ClientField) -> &'static str {
    match field {
        ClientField::Email => "an e-mail address",
        ClientField::Name => "the name",
        ClientField::Phone => "a phone number",
    }
}

const fn reason_word(reason: RejectReason) -> &'static str {
    match reason {
        RejectReason::TooLate => "too close to the visit",
        RejectReason::TooMany => "the client has too many bookings",
        RejectReason::Blocked => "the client is blocked",
        RejectReason::NotBookableHere => "not bookable in this way",
        RejectReason::Other => "no reason given",
    }
}

/// Why a booking is left for the next run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Left {
    /// Its client is being served.
    InUse,
    /// A system does not answer.
    NoAnswer,
    /// It may still be made.
    InDoubt,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InUse => "its client is being served",
            Self::NoAnswer => "a booking system gave no answer",
            Self::InDoubt => "an earlier attempt may still be carried out",
        })
    }
}

/// What became of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Moved (or to be moved) by this run.
    pub moved: usize,
    /// There already.
    pub there: usize,
    /// For a person; they stand where they stood.
    pub refused: usize,
    /// Left for the next run.
    pub later: usize,
    /// Old bookings taken off.
    pub released: usize,
}

/// Why a run ended early. A repetition goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwapError {
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// A booking system cannot be read.
    #[error("{install} cannot be read")]
    System {
        /// Which.
        install: InstallId,
        /// Why.
        #[source]
        source: BackendError,
    },
    /// The branch is on its way somewhere else.
    #[error("a swap of this branch from {from} to {to} was begun and is not finished: finish it first")]
    AnotherSwap {
        /// From where.
        from: InstallId,
        /// To where.
        to: InstallId,
    },
    /// Somebody else works on the same branch.
    #[error("somebody else is swapping this branch right now")]
    Raced,
    /// Some bookings could be neither moved nor refused, so the old system goes on acting.
    #[error("{later} bookings could not be moved yet, so the old system still acts: run it again")]
    NotCopied {
        /// How many.
        later: usize,
    },
}
