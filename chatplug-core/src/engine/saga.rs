//! What the engine remembers of a critical action between commits: data and pure rules, no I/O.

use super::{facts, turn::Waiting};
use crate::{
    dialogue::ActionOutcome,
    model::{ActionKey, Booking, BookingRef, BookingStatus, CancelReason, InstallId, Slot},
    ports::{Action, BookingRequest, RejectReason},
};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The engine's own part of a conversation's state.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct EngineState {
    /// The critical action under way.
    pub(super) action: Option<OpenAction>,
    /// Bookings that a hint spoke of while they could not be read, or while they were being changed by us.
    pub(super) recheck: Vec<BookingRef>,
    /// When to go on.
    pub(super) wake_at: Option<DateTime<Utc>>,
    /// Voice messages that are being written down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) voices: Vec<Waiting>,
}

impl EngineState {
    /// As a store keeps it; nothing when there is nothing to remember.
    pub(super) fn to_json(&self) -> Option<String> {
        if self.action.is_none() && self.recheck.is_empty() && self.voices.is_empty() {
            return None;
        }
        serde_json::to_string(self).ok()
    }
}

/// A critical action under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct OpenAction {
    /// What the client agreed to, with a person chosen once one is.
    pub(super) action: Action,
    /// Names it in claims and audit; the keys of its calls derive from it.
    pub(super) key: ActionKey,
    /// At which booking system of its branch.
    #[serde(default)]
    pub(super) install: Option<InstallId>,
    /// Certainly-not-done is retried until here.
    pub(super) deadline: DateTime<Utc>,
    /// Calls made in this stage.
    pub(super) attempts: u32,
    /// Questions after an unknown outcome in this stage.
    pub(super) asked: u32,
    /// Which call of several.
    pub(super) stage: Stage,
    /// How that call stands.
    pub(super) phase: Phase,
    /// The client heard that it is not done yet.
    pub(super) told_waiting: bool,
    /// The client heard that it is being checked.
    pub(super) told_checking: bool,
    /// What was asked of the booking system and what it answered, for the audit; the latest.
    #[serde(default)]
    pub(super) calls: Vec<CallNote>,
}

/// One call of an action, for the audit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CallNote {
    /// `book`, `reschedule`, `cancel`, `confirm`, or `resolve`.
    call: String,
    /// Under which key.
    key: ActionKey,
    /// When it was answered.
    at: DateTime<Utc>,
    /// In a word; `interrupted`: whoever called died, or lost the lease, before there was an answer.
    result: String,
    /// What was said, where anything was: ids, instants and words of ours.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    answer: Value,
}

/// Of so many calls an action keeps the answers.
const MOST_NOTES: usize = 40;

/// Which call of an action.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub(super) enum Stage {
    /// The only one.
    Only,
    /// Moving by two calls: book the new.
    MoveBook,
    /// Moving by two calls: cancel the old, now that the new stands.
    MoveCancel {
        /// The new booking.
        new: Box<Booking>,
    },
    /// The old could not be cancelled: take the new back.
    MoveUndo {
        /// The new booking.
        new: Box<Booking>,
        /// Why, when the business refused; `None`: it took too long.
        refused: Option<RejectReason>,
    },
}

/// How a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub(super) enum Phase {
    /// Certainly not done: may be called.
    Ready,
    /// About to be called, or called: whoever finds this after a crash knows no more.
    Calling {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Called, and no answer came: only asking tells.
    Unknown {
        /// When the call began.
        since: DateTime<Utc>,
    },
}

/// Where driving an action has led.
#[derive(Debug)]
pub(super) enum Drive {
    /// It is over.
    Ended(Box<ActionOutcome>),
    /// It goes on at this instant.
    Later {
        /// When.
        at: DateTime<Utc>,
        /// Whether it is certainly not done.
        certain: bool,
    },
}

impl OpenAction {
    /// A new action, ready for its first call.
    pub(super) fn new(action: Action, key: ActionKey, moves_in_place: bool, deadline: DateTime<Utc>) -> Self {
        let two_calls = matches!(action, Action::Reschedule { .. }) && !moves_in_place;
        Self {
            action,
            key,
            install: None,
            deadline,
            attempts: 0,
            asked: 0,
            stage: if two_calls { Stage::MoveBook } else { Stage::Only },
            phase: Phase::Ready,
            told_waiting: false,
            told_checking: false,
            calls: Vec::new(),
        }
    }

    /// The call of the current stage, whole, with its key.
    pub(super) fn call(&self) -> (Action, ActionKey) {
        let key = |part: &str| ActionKey::derive(&[&self.key.to_string(), part]);
        match (&self.stage, &self.action) {
            (Stage::MoveBook, Action::Reschedule { to, client, .. }) => {
                let request = BookingRequest { slot: to.clone(), client: client.clone(), party: 1, note: None };
                (Action::Book(request), key("new"))
            }
            (Stage::MoveCancel { .. }, Action::Reschedule { booking, .. }) => {
                (Action::Cancel { booking: booking.clone(), reason: CancelReason::Moved }, key("old"))
            }
            (Stage::MoveUndo { new, .. }, _) => {
                (Action::Cancel { booking: (**new).clone(), reason: CancelReason::Moved }, key("undo"))
            }
            _ => (self.action.clone(), self.key),
        }
    }

    /// Notes what was answered to the current call, or to the question what became of it.
    pub(super) fn note(&mut self, resolve: bool, (result, answer): (&str, Value), at: DateTime<Utc>) {
        let (action, key) = self.call();
        let call = if resolve { "resolve" } else { verb(&action) };
        if self.calls.len() >= MOST_NOTES {
            self.calls.remove(0);
        }
        self.calls.push(CallNote { call: call.to_owned(), key, at, result: result.to_owned(), answer });
    }

    /// What the audit says of it, given its end.
    pub(super) fn facts(&self, outcome: &ActionOutcome) -> Value {
        serde_json::json!({
            "result": outcome_word(outcome),
            "attempts": self.attempts,
            "before": self.changes().map(facts::booking),
            "wanted": self.action.slot().map(facts::slot),
            "after": facts::outcome(outcome),
            "calls": self.calls,
        })
    }

    /// The slot that the current call takes, if it takes one.
    pub(super) const fn wanted_slot(&self) -> Option<&Slot> {
        match self.stage {
            Stage::Only | Stage::MoveBook => self.action.slot(),
            Stage::MoveCancel { .. } | Stage::MoveUndo { .. } => None,
        }
    }

    /// Sets the slot (a person was chosen).
    pub(super) fn set_slot(&mut self, slot: Slot) {
        match &mut self.action {
            Action::Book(request) => request.slot = slot,
            Action::Reschedule { to, .. } => *to = slot,
            Action::Cancel { .. } | Action::ConfirmVisit { .. } => {}
        }
    }

    /// The booking it changes, if it changes one.
    pub(super) const fn changes(&self) -> Option<&Booking> {
        self.action.changes()
    }

    /// A move that would overlap the booking that is being moved: two calls cannot do it safely.
    pub(super) fn overlaps_itself(&self) -> bool {
        let (Stage::MoveBook, Action::Reschedule { booking, to, .. }) = (&self.stage, &self.action) else {
            return false;
        };
        let same_person = booking.staff.is_none() || to.staff_id().is_none() || booking.staff.as_ref() == to.staff_id();
        same_person && to.start < booking.end && booking.start < to.end
    }

    /// Goes to another stage, with a clean count.
    pub(super) fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.phase = Phase::Ready;
        self.attempts = 0;
        self.asked = 0;
    }

    /// The current call was done, and this is what the booking system says.
    /// Answers the end, or `None` when another call follows.
    pub(super) fn done(&mut self, mut booking: Booking) -> Option<ActionOutcome> {
        if let Some(before) = self.changes() {
            booking.id = before.id;
        }
        match self.stage.clone() {
            Stage::Only => Some(ActionOutcome::Done { booking }),
            Stage::MoveBook => {
                self.enter(Stage::MoveCancel { new: Box::new(booking) });
                None
            }
            Stage::MoveCancel { new } => Some(ActionOutcome::Done { booking: *new }),
            Stage::MoveUndo { refused: Some(reason), .. } => Some(ActionOutcome::Rejected { reason }),
            Stage::MoveUndo { refused: None, .. } => Some(ActionOutcome::GaveUp),
        }
    }

    /// The current call was refused for good. Answers the end, or `None` when another call follows.
    pub(super) fn refused(&mut self, reason: RejectReason) -> Option<ActionOutcome> {
        match self.stage.clone() {
            Stage::Only | Stage::MoveBook => Some(ActionOutcome::Rejected { reason }),
            Stage::MoveCancel { new } => {
                self.enter(Stage::MoveUndo { new, refused: Some(reason) });
                None
            }
            Stage::MoveUndo { .. } => Some(ActionOutcome::Unclear),
        }
    }

    /// The deadline passed and the current call is certainly not done. As `refused`.
    pub(super) fn gave_up(&mut self, more_time: Duration) -> Option<ActionOutcome> {
        match self.stage.clone() {
            Stage::Only | Stage::MoveBook => Some(ActionOutcome::GaveUp),
            Stage::MoveCancel { new } => {
                self.deadline += more_time;
                self.enter(Stage::MoveUndo { new, refused: None });
                None
            }
            Stage::MoveUndo { .. } => Some(ActionOutcome::Unclear),
        }
    }

    /// How long to wait after so many tries: 2 s, doubling, at most a minute.
    pub(super) fn back_off(tries: u32) -> Duration {
        Duration::seconds(1_i64 << tries.clamp(1, 6)).min(Duration::seconds(60))
    }

    /// In a word, for audit and figures.
    pub(super) const fn word(&self) -> &'static str {
        verb(&self.action)
    }
}

const fn verb(action: &Action) -> &'static str {
    match action {
        Action::Book(_) => "book",
        Action::Reschedule { .. } => "reschedule",
        Action::Cancel { .. } => "cancel",
        Action::ConfirmVisit { .. } => "confirm",
    }
}

/// Whether what a booking system says after a write is what was asked for: time and services of the wanted slot, and not
/// cancelled.
pub(super) fn agrees(slot: &Slot, booking: &Booking) -> bool {
    booking.start == slot.start
        && (booking.services.is_empty() || booking.services == slot.services)
        && matches!(booking.status, BookingStatus::Booked | BookingStatus::Requested)
        && (slot.staff_id().is_none() || booking.staff.is_none() || booking.staff.as_ref() == slot.staff_id())
}

/// An outcome in a word, for audit and figures.
pub(super) const fn outcome_word(outcome: &ActionOutcome) -> &'static str {
    match outcome {
        ActionOutcome::Done { .. } => "done",
        ActionOutcome::Taken => "taken",
        ActionOutcome::Changed { .. } => "changed",
        ActionOutcome::Needs { .. } => "needs",
        ActionOutcome::Rejected { .. } => "rejected",
        ActionOutcome::Delayed { .. } => "delayed",
        ActionOutcome::GaveUp => "gave_up",
        ActionOutcome::Unclear => "unclear",
        ActionOutcome::UnsafeMove => "unsafe_move",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{BookingId, BranchId, ChannelUser, ContactId, Lang, ServiceId, StaffChoice, StaffId},
        ports::ClientDetails,
    };

    fn at(hour: u32) -> DateTime<Utc> {
        format!("2026-03-12T{hour:02}:00:00Z").parse().unwrap()
    }

    fn booking(id: &str, hour: u32) -> Booking {
        Booking {
            id: None,
            reference: BookingRef {
                install: InstallId::new("own").unwrap(),
                branch: BranchId::new("baixa").unwrap(),
                backend_id: id.to_owned(),
            },
            services: vec![ServiceId::new("cut").unwrap()],
            title: "Cut".to_owned(),
            staff: StaffId::new("ana").ok(),
            start: at(hour),
            end: at(hour + 1),
            zone: chrono_tz::Europe::Lisbon,
            status: BookingStatus::Booked,
            confirmed: false,
            price: None,
            contact: None,
            made_by: None,
        }
    }

    fn slot(hour: u32) -> Slot {
        Slot {
            branch: BranchId::new("baixa").unwrap(),
            services: vec![ServiceId::new("cut").unwrap()],
            staff: StaffChoice::One(StaffId::new("ana").unwrap()),
            candidates: Vec::new(),
            start: at(hour),
            end: at(hour + 1),
            zone: chrono_tz::Europe::Lisbon,
            price: None,
            token: None,
            buffer_before: 0,
            buffer_after: 0,
            capacity: 1,
        }
    }

    fn stable() -> BookingId {
        BookingId::derive(&["stable"])
    }

    fn moving(in_place: bool, to: u32) -> OpenAction {
        let client = ClientDetails {
            contact: ContactId::derive(&["c"]),
            user: ChannelUser::default(),
            name: None,
            email: None,
            language: Lang::PT,
        };
        let action =
            Action::Reschedule { booking: Booking { id: Some(stable()), ..booking("A1", 10) }, to: slot(to), client };
        OpenAction::new(action, ActionKey::derive(&["k"]), in_place, at(20))
    }

    #[test]
    fn a_move_by_two_calls_books_first_and_keeps_the_stable_id() {
        let mut open = moving(false, 15);
        assert!(matches!(open.call().0, Action::Book(request) if request.slot.start == at(15)));
        assert_eq!(open.done(booking("A2", 15)), None);
        let (second, key) = open.call();
        assert!(
            matches!(second, Action::Cancel { booking, reason: CancelReason::Moved } if booking.reference.backend_id == "A1")
        );
        assert_ne!(key, open.key);
        let Some(ActionOutcome::Done { booking: end }) = open.done(booking("A1", 10)) else { panic!("not done") };
        assert_eq!((end.reference.backend_id.as_str(), end.id), ("A2", Some(stable())));
    }

    #[test]
    fn a_move_that_cannot_cancel_takes_the_new_booking_back() {
        let mut open = moving(false, 15);
        open.done(booking("A2", 15));
        assert_eq!(open.refused(RejectReason::TooLate), None);
        assert!(matches!(open.call().0, Action::Cancel { booking, .. } if booking.reference.backend_id == "A2"));
        assert_eq!(open.done(booking("A2", 15)), Some(ActionOutcome::Rejected { reason: RejectReason::TooLate }));

        let mut slow = moving(false, 15);
        slow.done(booking("A2", 15));
        assert_eq!(slow.gave_up(Duration::minutes(10)), None);
        assert_eq!(slow.deadline, at(20) + Duration::minutes(10));
        assert_eq!(slow.clone().done(booking("A2", 15)), Some(ActionOutcome::GaveUp));
        assert_eq!(slow.refused(RejectReason::Other), Some(ActionOutcome::Unclear));
    }

    #[test]
    fn only_a_move_by_two_calls_can_stand_in_its_own_way() {
        let half_past = |mut open: OpenAction| {
            let mut to = slot(10);
            to.start += Duration::minutes(30);
            to.end += Duration::minutes(30);
            open.set_slot(to);
            open
        };
        assert!(half_past(moving(false, 10)).overlaps_itself());
        assert!(!half_past(moving(true, 10)).overlaps_itself());
        assert!(!moving(false, 11).overlaps_itself());
    }

    #[test]
    fn what_is_read_back_must_be_what_was_asked_for() {
        assert!(agrees(&slot(10), &booking("A1", 10)));
        assert!(!agrees(&slot(11), &booking("A1", 10)));
        assert!(!agrees(&slot(10), &Booking { staff: StaffId::new("bruno").ok(), ..booking("A1", 10) }));
        assert!(!agrees(&slot(10), &Booking { status: BookingStatus::Cancelled, ..booking("A1", 10) }));
    }

    #[test]
    fn back_off_doubles_up_to_a_minute_and_state_survives_the_store() {
        let waits: Vec<_> = (1..9).map(|n| OpenAction::back_off(n).num_seconds()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60]);
        let state = EngineState { action: Some(moving(false, 15)), wake_at: Some(at(9)), ..EngineState::default() };
        let json = state.to_json().unwrap();
        let back: EngineState = serde_json::from_str(&json).unwrap();
        assert_eq!(back.to_json().unwrap(), json);
        assert_eq!(EngineState::default().to_json(), None);
    }
}
