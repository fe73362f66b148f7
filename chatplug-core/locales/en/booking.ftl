# Booking, moving, cancelling, and visits that stand. "Booked" is said in "booked" alone.

summary =
    Let me check I have it right:

    { $visit }

    Shall I book it?
summary-changed = Something has changed in the meantime. Here's how it looks now.
booked =
    You're booked! ✅

    { $visit }

    See you then!
requested =
    I've passed your request on to the team. It *isn't confirmed yet*: they'll do that as soon as they can.

    { $visit }
slot-taken = I'm sorry, someone has just taken that time.

not-done-yet-book = Our booking system isn't answering right now, so this *isn't done yet*. I'll keep trying and let you know here.
not-done-yet-cancel = Our booking system isn't answering right now, so your appointment is *not cancelled yet*. I'll keep trying and let you know here.
not-done-yet-confirm = Our booking system isn't answering right now, so I *couldn't note it yet*. I'll keep trying and let you know here.
not-done-yet-move = Our booking system isn't answering right now, so your appointment is *not moved yet*. I'll keep trying and let you know here.
checking-book = I'm checking whether the booking went through. One moment, please.
checking-cancel = I'm checking whether the cancellation went through. One moment, please.
checking-confirm = I'm checking whether your confirmation went through. One moment, please.
checking-move = I'm checking whether the change went through. One moment, please.
not-done-book = I'm sorry, the booking *didn't work out*.
not-done-cancel = I'm sorry, I couldn't cancel it: your appointment *still stands*.
not-done-confirm = I'm sorry, I couldn't note that you're coming.
not-done-move = I'm sorry, I couldn't move it: your appointment *stays as it was*.
unclear-book = I'm sorry, I can't tell whether the booking went through.
unclear-cancel = I'm sorry, I can't tell whether the cancellation went through.
unclear-confirm = I'm sorry, I can't tell whether your confirmation went through.
unclear-move = I'm sorry, I can't tell whether the change went through.
still-working = I'm on it, just a moment.
takes-longer = We've got your message. It's taking a little longer than usual, and we'll answer you here as soon as we can.
refused = I'm sorry, we can't take this booking here in the chat.
too-many = You already have as many upcoming appointments as we can take for one person.

move-summary =
    Now: { $before }

    It would become:

    { $visit }

    Shall I move it?
moved =
    All set, your appointment has been moved. ✅

    { $visit }
cancel-summary =
    This appointment:

    { $visit }

    Shall I cancel it?
cancelled =
    Your appointment has been cancelled: { $line }.

    Write to us whenever you'd like another time.
kept = All right, everything stays as it is.
dropped = All right, I haven't booked anything.
too-late-to-change = It's too close to the appointment to change it here ({ $line }).

no-bookings = You have no upcoming appointments.
bookings-one = Your upcoming appointment:
bookings = Your upcoming appointments:
choose-booking-reschedule = Which appointment would you like to move?
choose-booking-cancel = Which appointment would you like to cancel?
choose-booking-confirm = Which appointment are you coming to?
choose-booking-running-late = Which appointment are you running late for?
visit-confirmed = Lovely, see you then: { $line }.
reminder =
    Hi! A quick reminder of your appointment:

    { $visit }

    Will you be there?
reminder-named =
    Hi { $name }! A quick reminder of your appointment:

    { $visit }

    Will you be there?
late-noted = Thanks for letting us know. I've told the team.
late-noted-minutes = { $minutes ->
    [one] Thanks for letting us know. I've told the team you'll be about { $minutes } minute late.
   *[other] Thanks for letting us know. I've told the team you'll be about { $minutes } minutes late.
}
moved-by-team =
    The team has moved your appointment ({ $before }). It's now:

    { $visit }

    If that doesn't suit you, just tell me.
cancelled-by-team =
    I'm sorry, the team had to cancel your appointment: { $line }.

    Shall we find another time?
