//! A branch that went from one booking system to another: what a conversation holds of the old one becomes what it is at the
//! new one, and what has no partner there is asked anew.
//!
//! Services and people keep their places in lists that were shown, so that "2" still means what the client saw. A time is
//! never carried over: it is a wish until the new system has said that it is free. So a summary is void, and a yes to it
//! leads to the same summary again, as the new system would have it.

use super::{
    draft::{Draft, Field, SlotKey},
    facts::Facts,
    shown::Pick,
    state::{Attempt, Flow, Purpose, State},
    step::Step,
};
use crate::{
    model::{BranchId, ServiceId, StaffChoice, StaffId},
    ports::{StaffMention, Swap, SwapState},
    reply::Say,
};

impl Step<'_> {
    /// Follows the branches that were swapped since this conversation last heard of it.
    pub(super) fn follow_swaps(&mut self) {
        let swaps = self.world.swaps;
        for swap in swaps {
            let (happened, followed) = (swap.happened(), self.state.followed.get(&swap.branch).copied().unwrap_or(0));
            if happened == followed {
                continue;
            }
            // Whoever missed one swap cannot be led through the next: what they hold has no partners.
            let known = swap.state == SwapState::Switched && happened == followed + 1;
            let alone = self.world.places.len() <= 1;
            Follow { swap, known, alone }.state(self.state);
            self.state.followed.insert(swap.branch.clone(), happened);
        }
        self.call_moved_visit_by_its_name();
    }

    /// Says so, where something was begun.
    pub(super) fn tell_refreshed(&mut self) {
        if std::mem::take(&mut self.state.refreshed) && matches!(self.state.flow, Flow::Form(_)) {
            self.say(Say::ListRefreshed);
        }
    }

    /// A visit that is being moved may be kept at another booking system by now, where its service is called otherwise.
    fn call_moved_visit_by_its_name(&mut self) {
        let Flow::Form(form) = &mut self.state.flow else { return };
        let Purpose::Move(visit) = &mut form.purpose else { return };
        let now = self.world.bookings.iter().find(|known| known.id.is_some() && known.id == visit.id);
        let Some(now) = now.filter(|now| now.reference.install != visit.reference.install) else { return };
        form.draft.loosen();
        form.summed = None;
        form.draft.service = now.services.first().cloned().map_or(Field::Open, Field::Set);
        form.draft.staff = now.staff.clone().map_or(Field::Open, |member| Field::Set(StaffChoice::One(member)));
        **visit = now.clone();
        self.state.refreshed = true;
    }
}

/// From one system's ids to another's.
struct Follow<'a> {
    swap: &'a Swap,
    /// What became of the ids that the conversation holds is known.
    known: bool,
    /// The number serves this branch alone: whatever names no branch is of this one.
    alone: bool,
}

impl Follow<'_> {
    fn service(&self, id: &ServiceId) -> Option<ServiceId> {
        self.swap.services.get(id).filter(|_| self.known).cloned()
    }

    fn person(&self, id: &StaffId) -> Option<StaffId> {
        self.swap.staff.get(id).filter(|_| self.known).cloned()
    }

    fn choice(&self, choice: &StaffChoice) -> Option<StaffChoice> {
        match choice {
            StaffChoice::Any => Some(StaffChoice::Any),
            StaffChoice::One(id) => self.person(id).map(StaffChoice::One),
        }
    }

    fn is_here(&self, branch: Option<&BranchId>) -> bool {
        branch.map_or(self.alone, |branch| *branch == self.swap.branch)
    }

    fn state(&self, state: &mut State) {
        let mut begun = false;
        let branch = match &mut state.flow {
            // One that is moved stays where it is kept, until it is called otherwise.
            Flow::Form(form) if matches!(form.purpose, Purpose::Book) && self.is_here(form.draft.branch.as_ref()) => {
                begun = self.draft(&mut form.draft);
                form.summed = None;
                form.draft.branch.clone()
            }
            Flow::Form(form) => form.draft.branch.clone(),
            Flow::Committing(committing) => {
                if let Attempt::Form(form) = &mut committing.attempt
                    && matches!(form.purpose, Purpose::Book)
                    && self.is_here(form.draft.branch.as_ref())
                {
                    // What was sent is settled as it was sent; what is asked after that is asked of the new system.
                    let slot = form.draft.slot.clone();
                    self.draft(&mut form.draft);
                    form.draft.slot = slot;
                }
                None
            }
            Flow::Choosing { errand } => {
                self.facts(&mut errand.facts);
                None
            }
            Flow::Idle | Flow::Cancelling { .. } => None,
        };
        state.refreshed |= begun;
        if let Some(parked) = state.parked.as_mut().filter(|parked| self.is_here(parked.draft.branch.as_ref())) {
            self.draft(&mut parked.draft);
        }
        for request in &mut state.agenda {
            self.facts(&mut request.facts);
        }
        let here = self.is_here(branch.as_ref());
        if let Some(asked) = &mut state.asked {
            asked.stale |= begun;
            let picks = asked.options.iter_mut().map(|option| &mut option.pick);
            picks.chain(&mut asked.yes).chain(&mut asked.no).for_each(|pick| self.pick(pick, here));
        }
        state.shown.for_each(|pick| self.pick(pick, here));
    }

    /// Whether there was anything in it.
    fn draft(&self, draft: &mut Draft) -> bool {
        let empty = draft.service.is_open() && draft.more.is_empty() && draft.staff.is_open();
        draft.loosen();
        draft.service = field(&draft.service, |id| self.service(id));
        draft.more = draft.more.iter().filter_map(|id| self.service(id)).collect();
        draft.staff = field(&draft.staff, |choice| self.choice(choice));
        draft.admitted = None;
        draft.needs.clear();
        // Even before the service was chosen, a list of services is what the client looks at.
        !empty || draft.branch.is_some()
    }

    fn facts(&self, facts: &mut Facts) {
        facts.services = facts.services.iter().filter_map(|id| self.service(id)).collect();
        if let Some(StaffMention::Named(named)) = &mut facts.staff {
            *named = named.iter().filter_map(|id| self.person(id)).collect();
            if named.is_empty() {
                facts.staff = None;
            }
        }
    }

    /// What an option means now; one without a partner asks anew. `here`: the form that is open is of this branch.
    fn pick(&self, pick: &mut Pick, here: bool) {
        let now = match &*pick {
            Pick::Service(id) if here => self.service(id).map(Pick::Service),
            Pick::Staff(choice) if here => self.choice(choice).map(Pick::Staff),
            Pick::About(about, id) if here => self.service(id).map(|id| Pick::About(*about, id)),
            Pick::Slot(slot) if slot.branch == self.swap.branch => {
                SlotKey::of(slot).and_then(|key| self.key(&key)).map(Pick::OldSlot)
            }
            Pick::OldSlot(key) if key.branch == self.swap.branch => self.key(key).map(Pick::OldSlot),
            Pick::Agree { otherwise, .. } => match &**otherwise {
                Pick::OldSlot(key) if key.branch == self.swap.branch => self.key(key).map(Pick::OldSlot),
                _ => return,
            },
            _ => return,
        };
        *pick = now.unwrap_or(Pick::Again);
    }

    /// A person without a partner is no reason to give up the time: anyone may have it.
    fn key(&self, key: &SlotKey) -> Option<SlotKey> {
        let service = self.service(&key.service)?;
        let staff = self.choice(&key.staff).unwrap_or(StaffChoice::Any);
        Some(SlotKey { branch: key.branch.clone(), service, staff, start: key.start })
    }
}

fn field<T>(field: &Field<T>, becomes: impl Fn(&T) -> Option<T>) -> Field<T> {
    match field {
        Field::Set(value) => becomes(value).map_or(Field::Open, Field::Set),
        Field::OneOf(values) => {
            let mut left: Vec<T> = values.iter().filter_map(becomes).collect();
            match left.len() {
                0 => Field::Open,
                1 => left.pop().map_or(Field::Open, Field::Set),
                _ => Field::OneOf(left),
            }
        }
        Field::Open => Field::Open,
    }
}
