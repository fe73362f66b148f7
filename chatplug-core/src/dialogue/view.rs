//! Bookings and drafts as they are shown: ids turned into the names that the catalogue gives them.

use super::{
    BranchView,
    branch::branch_name,
    state::{Form, Purpose},
    step::Step,
};
use crate::{
    model::{Booking, BranchId, Lang, Price, Service, ServiceId, Slot, StaffId},
    reply::{BookingView, When},
};

impl Step<'_> {
    /// A booking as it is shown.
    pub(super) fn view(&self, booking: &Booking) -> BookingView {
        let view = self.world.branch(&booking.reference.branch);
        let service = booking.services.first().and_then(|id| view?.catalog.service(id));
        BookingView {
            id: booking.id,
            service: service.map_or_else(|| booking.title.clone(), |service| service.name.get(self.lang()).to_owned()),
            staff: booking.staff.as_ref().and_then(|id| staff_name(view, id)),
            at: When { start: booking.start, zone: booking.zone },
            minutes: minutes_between(booking.start, booking.end),
            price: booking.price,
            branch: branch_name(self.world, view),
            party: 1,
        }
    }

    /// A form with its slot as it is shown.
    pub(super) fn preview(&self, form: &Form, slot: &Slot) -> BookingView {
        let view = self.world.branch(&slot.branch);
        let service = slot.services.first().and_then(|id| view?.catalog.service(id));
        let title = match &form.purpose {
            Purpose::Move(booking) => booking.title.clone(),
            Purpose::Book => String::new(),
        };
        BookingView {
            id: match &form.purpose {
                Purpose::Move(booking) => booking.id,
                Purpose::Book => None,
            },
            service: service.map_or(title, |service| service.name.get(self.lang()).to_owned()),
            staff: slot.staff_id().and_then(|id| staff_name(view, id)),
            at: When { start: slot.start, zone: slot.zone },
            minutes: minutes_between(slot.start, slot.end),
            price: price_of(slot, service),
            branch: branch_name(self.world, view),
            party: form.draft.people(),
        }
    }

    /// Name of a service at a branch, in the client's language.
    pub(super) fn service_name(&self, branch: Option<&BranchId>, id: &ServiceId) -> Option<String> {
        self.branch(branch)?.catalog.service(id).map(|service| service.name.get(self.lang()).to_owned())
    }

    /// The client's first name, when known.
    pub(super) fn first_name(&self) -> Option<String> {
        let name = self.world.contact.name.as_ref()?.reveal();
        name.split_whitespace().next().map(str::to_owned)
    }
}

/// What a slot costs: what the booking system says of it, else what the catalogue says of its service.
pub(super) fn price_of(slot: &Slot, service: Option<&Service>) -> Option<Price> {
    slot.price.or_else(|| service?.price)
}

/// Name of a person at a branch.
pub(super) fn staff_name(view: Option<&BranchView>, id: &StaffId) -> Option<String> {
    view?.catalog.staff_member(id).map(|member| member.name.clone())
}

/// A text of the business in a language, if there is one.
pub(super) fn localized(text: Option<&crate::model::Localized>, lang: Lang) -> Option<String> {
    text.map(|text| text.get(lang).to_owned())
}

fn minutes_between(start: chrono::DateTime<chrono::Utc>, end: chrono::DateTime<chrono::Utc>) -> u32 {
    u32::try_from((end - start).num_minutes()).unwrap_or(0)
}
