//! What a dialogue remembers between steps: the flow it is in, the open question, and a bounded memory beside them.
//!
//! Nothing here grows with the length of the conversation. How the state is written down and read back is in
//! [`envelope`](super::envelope).

use super::{
    Said,
    draft::Draft,
    facts::Facts,
    search::Search,
    shown::{Asked, Shown},
};
use crate::{
    model::{Booking, BookingId, BranchId, GeoPoint, Lang, Place, Price, ServiceId},
    ports::{Action, Intent},
    reply::{ChooseFor, Invite, Say},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Everything that a dialogue remembers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    /// Language that the conversation is in; `None` before the first contact.
    pub(super) lang: Option<Lang>,
    /// What is being done.
    pub(super) flow: Flow,
    /// What the client was last asked.
    pub(super) asked: Option<Asked>,
    /// Numbers and meanings of the lists shown before.
    pub(super) shown: Shown,
    /// The question to the booking system that is not answered yet.
    pub(super) waiting: Option<Waiting>,
    /// What is to be said together with that answer.
    pub(super) held: Held,
    /// Misunderstandings in a row.
    pub(super) misses: u8,
    /// A booking begun and left.
    pub(super) parked: Option<Parked>,
    /// Visits reminded of and not answered yet, the latest last.
    pub(super) reminded: Vec<BookingId>,
    /// Requests that came while something else was under way, to be taken up after it.
    pub(super) agenda: Vec<Request>,
    /// When the client last said something, by the turn's clock.
    pub(super) heard: Option<DateTime<Utc>>,
    /// What they said while no catalogue could be read.
    pub(super) kept: Option<Kept>,
    /// Where they said they are.
    pub(super) near: Option<Near>,
    /// The place booked at last.
    pub(super) visited: Option<BranchId>,
    /// How many swaps of its booking system this conversation has followed, by branch.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) followed: BTreeMap<BranchId, i64>,
    /// What the client was choosing from is the new system's by now, and they have not heard of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) refreshed: bool,
}

/// Where the client is, in millionths of a degree: a tenth of a metre, and the same when read back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Near {
    latitude: i32,
    longitude: i32,
    pub(super) at: DateTime<Utc>,
}

impl Near {
    #[expect(clippy::cast_possible_truncation, reason = "a degree is between -180 and 180; anything else is no place")]
    pub(super) fn new(point: &GeoPoint, at: DateTime<Utc>) -> Self {
        let millionths = |degrees: f64| (degrees.clamp(-180.0, 180.0) * 1e6).round() as i32;
        Self { latitude: millionths(point.latitude), longitude: millionths(point.longitude), at }
    }

    pub(super) fn point(&self) -> GeoPoint {
        GeoPoint { latitude: f64::from(self.latitude) / 1e6, longitude: f64::from(self.longitude) / 1e6 }
    }
}

impl std::fmt::Debug for Near {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<private>")
    }
}

/// What is being done, with exactly what that needs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "flow", rename_all = "snake_case")]
pub(super) enum Flow {
    /// Nothing.
    #[default]
    Idle,
    /// A booking is made or moved: a form is filled in.
    Form(Box<Form>),
    /// The client chooses which of their bookings they mean.
    Choosing { errand: Errand },
    /// A cancellation was summed up and waits for a yes.
    Cancelling { booking: Box<Booking>, seal: Seal },
    /// An action is under way.
    Committing(Box<Committing>),
}

/// A booking or a move that is being put together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Form {
    pub(super) purpose: Purpose,
    pub(super) draft: Draft,
    /// The summary that was said and not voided since.
    pub(super) summed: Option<Seal>,
}

/// What a form is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Purpose {
    Book,
    Move(Box<Booking>),
}

/// An action under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Committing {
    pub(super) attempt: Attempt,
    /// What to go on with afterwards (a visit may be confirmed in the middle of a booking).
    pub(super) then: Flow,
}

/// What is attempted, with what is needed to go on when it fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Attempt {
    Form(Box<Form>),
    Cancel(Box<Booking>),
    Confirm(Box<Booking>),
}

/// A read that the dialogue waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Waiting {
    Slots(Search),
    Bookings(Errand),
    /// Whether a service of a branch is open to the client.
    Gate(BranchId, ServiceId),
}

/// Parts of a reply that wait for a read, so that everything is said in one message.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Held {
    pub(super) say: Vec<Say>,
    pub(super) place: Option<Place>,
    pub(super) image: Option<String>,
    pub(super) keep: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) invite: Option<Invite>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) ask_place: bool,
}

/// What the client's bookings are read for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Errand {
    pub(super) aim: Aim,
    /// This very booking.
    pub(super) booking: Option<BookingId>,
    /// What the client said about it.
    pub(super) facts: Facts,
    /// They may as well mean the booking in the making.
    pub(super) or_draft: bool,
}

/// What is to be done with a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Aim {
    /// Show them all.
    List,
    /// Show one with what can be done about it.
    Change,
    Move,
    Cancel,
    Confirm,
    /// The client is late by so many minutes, when said.
    Late(Option<u16>),
}

impl Aim {
    pub(super) const fn purpose(self) -> ChooseFor {
        match self {
            Self::List | Self::Change | Self::Move => ChooseFor::Reschedule,
            Self::Cancel => ChooseFor::Cancel,
            Self::Confirm => ChooseFor::Confirm,
            Self::Late(_) => ChooseFor::RunningLate,
        }
    }
}

/// A booking begun and left. Its slot is not kept: only the wish for that time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Parked {
    pub(super) draft: Draft,
    pub(super) at: DateTime<Utc>,
}

/// Messages that wait for the booking system, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) since: DateTime<Utc>,
    pub(super) said: Vec<Said>,
}

/// Something asked for that could not be answered at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) intent: Intent,
    pub(super) facts: Facts,
}

/// A fingerprint of one action in every detail the client agreed to. A yes counts only for the seal it was given to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Seal(String);

impl Seal {
    /// The fingerprint of an action and the price that was shown with it: slot, person, client, everything is hashed.
    pub(super) fn of(action: &Action, price: Option<Price>) -> Self {
        // An action that cannot be written down cannot be agreed to: no seal is equal to the empty one, see `opens`.
        let bytes = serde_json::to_vec(&(action, price)).unwrap_or_default();
        if bytes.is_empty() {
            return Self(String::new());
        }
        let hash = Sha256::digest(&bytes);
        Self(hash.iter().take(16).fold(String::with_capacity(32), |mut hex, byte| {
            const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
            hex.extend(DIGITS.get(usize::from(byte >> 4)));
            hex.extend(DIGITS.get(usize::from(byte & 15)));
            hex
        }))
    }

    /// Whether a yes given to this seal agrees to that one.
    pub(super) fn opens(&self, other: &Self) -> bool {
        !self.0.is_empty() && self == other
    }
}
