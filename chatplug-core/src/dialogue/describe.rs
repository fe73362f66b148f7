//! A dialogue at a glance, for a person who looks at it: no personal data.

use super::{
    Dialogue,
    draft::{Draft, Field},
    state::{Attempt, Flow, Form, Purpose},
};
use crate::{
    model::{BranchId, DateRange, Lang, ServiceId, StaffId},
    ports::{OpenQuestion, TimeReading},
    reply::Label,
};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// A dialogue at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Described {
    /// What is being done: `idle`, `booking`, `moving`, `choosing`, `cancelling`, `committing`.
    pub flow: &'static str,
    /// What the client was last asked.
    pub open: OpenQuestion,
    /// Language of the conversation.
    pub language: Option<Lang>,
    /// The form, when one is filled in or committed.
    pub draft: Option<DescribedDraft>,
    /// Labels of the options of the open question, in order.
    pub shown: Vec<Label>,
    /// Whether a booking was begun and left.
    pub parked: bool,
    /// Requests that wait for something else to end.
    pub waiting_requests: usize,
    /// Reminders not answered yet.
    pub open_reminders: usize,
    /// Misunderstandings in a row.
    pub misunderstandings: u8,
}

/// A form at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DescribedDraft {
    /// Where.
    pub branch: Option<BranchId>,
    /// What.
    pub service: Option<ServiceId>,
    /// With whom; `None`: not chosen, or anyone.
    pub staff: Option<StaffId>,
    /// Anyone will do.
    pub anyone: bool,
    /// The wished day or days.
    pub days: Option<DateRange>,
    /// The wished time of day.
    pub time: Option<TimeReading>,
    /// The chosen time.
    pub slot: Option<DateTime<Utc>>,
    /// How many people.
    pub party: u8,
    /// A summary of it was said and waits for a yes.
    pub summed_up: bool,
}

impl Dialogue {
    /// What the dialogue is doing, for a debug view.
    #[must_use]
    pub fn describe(&self) -> Described {
        let state = &self.state;
        Described {
            flow: flow(&state.flow),
            open: self.open_question(),
            language: state.lang,
            draft: form(&state.flow).map(draft),
            shown: state.asked.iter().flat_map(|asked| &asked.options).map(|option| option.label.clone()).collect(),
            parked: state.parked.is_some(),
            waiting_requests: state.agenda.len(),
            open_reminders: state.reminded.len(),
            misunderstandings: state.misses,
        }
    }
}

const fn flow(flow: &Flow) -> &'static str {
    match flow {
        Flow::Idle => "idle",
        Flow::Form(form) => match form.purpose {
            Purpose::Book => "booking",
            Purpose::Move(_) => "moving",
        },
        Flow::Choosing { .. } => "choosing",
        Flow::Cancelling { .. } => "cancelling",
        Flow::Committing(_) => "committing",
    }
}

fn form(flow: &Flow) -> Option<&Form> {
    match flow {
        Flow::Form(form) => Some(form),
        Flow::Committing(committing) => match &committing.attempt {
            Attempt::Form(form) => Some(form),
            Attempt::Cancel(_) | Attempt::Confirm(_) => None,
        },
        Flow::Idle | Flow::Choosing { .. } | Flow::Cancelling { .. } => None,
    }
}

fn draft(form: &Form) -> DescribedDraft {
    let Draft { branch, service, staff, days, time, slot, .. } = &form.draft;
    DescribedDraft {
        branch: branch.clone(),
        service: service.get().cloned(),
        staff: staff.get().and_then(|choice| choice.id().cloned()),
        anyone: matches!(staff, Field::Set(crate::model::StaffChoice::Any)),
        days: days.get().copied(),
        time: time.get().copied(),
        slot: slot.as_ref().map(|slot| slot.start),
        party: form.draft.people(),
        summed_up: form.summed.is_some(),
    }
}
