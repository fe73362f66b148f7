//! What the booking systems said of bookings, under every name that they ever gave them.

use super::{
    db::{Script, put, statements},
    writer::Tx,
};
use crate::{
    codec::{is_standing, subject_of, to_json},
    vault::{Seal, field},
};
use chatplug_core::{
    model::{Booking, BookingId, BookingRef, ConversationId},
    ports::StoreError,
};

statements! {
    BY_ALIAS = "SELECT booking FROM booking_alias WHERE tenant = ? AND install = ? AND branch = ? AND backend_id = ?";
    KEEP = "INSERT INTO booking (tenant, booking, contact, conversation, starts, ends, standing, subject, staff_id, body) \
        SELECT v.tenant, ?, v.contact, v.conversation, ?, ?, ?, ?, ?, ? FROM conversation AS v \
        WHERE v.tenant = ? AND v.conversation = ? ON CONFLICT DO UPDATE SET contact = excluded.contact, \
        conversation = excluded.conversation, starts = excluded.starts, ends = excluded.ends, \
        standing = excluded.standing, subject = excluded.subject, staff_id = excluded.staff_id, body = excluded.body";
    ALIAS = "INSERT INTO booking_alias (tenant, install, branch, backend_id, booking) VALUES (?, ?, ?, ?, ?) \
        ON CONFLICT DO UPDATE SET booking = excluded.booking";
}

/// Notes what a booking system said; a booking without our id gets the one that its name is known
/// under, or one derived from that name: the same one, should the turn be run again.
pub(super) fn keep(
    tx: &mut Tx<'_>,
    seal: &Seal,
    conversation: ConversationId,
    mut booking: Booking,
) -> Result<(), StoreError> {
    let tenant = seal.tenant();
    let BookingRef { install, branch, backend_id } = booking.reference.clone();
    let id = match booking.id {
        Some(id) => id,
        None => {
            let mut script = Script::default();
            let known = put!(script, BY_ALIAS, tenant, &install, &branch, &backend_id);
            let answers = tx.run(script)?;
            let known: Option<BookingId> = answers.first(known).map(|mut row| row.next()).transpose()?;
            known.unwrap_or_else(|| {
                BookingId::derive(&[tenant.as_str(), install.as_str(), branch.as_str(), &backend_id])
            })
        }
    };
    booking.id = Some(id);
    let body = seal.keep(field::BOOKING, &to_json(&booking, "a booking")?)?;
    let subject = subject_of(&booking).map(|subject| subject.0);
    let mut script = Script::default();
    put!(
        script,
        KEEP,
        id,
        booking.start,
        booking.end,
        is_standing(&booking),
        subject,
        booking.staff.as_ref(),
        body,
        tenant,
        conversation
    );
    put!(script, ALIAS, tenant, &install, &branch, &backend_id, id);
    tx.run(script).map(drop)
}
