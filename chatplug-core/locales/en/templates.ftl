# Messages that the provider approves in advance, for use when the client has not written for a day. They say only what
# concerns the client's own visit, have no offers in them, neither begin nor end with a blank, and have at least twice as
# many words as blanks, and one. $business is a blank here. Which blanks and buttons there are: templates/stock.toml.

template-reminder = Hi { $name }, this is a reminder of your appointment: { $service }, { $when }, at { $business }. Will you be there?
# Stands for the name when it is not known.
template-someone = there
template-reminder-come = I'll be there
template-reminder-change = Change or cancel
template-booked = Your appointment is booked: { $service }, { $when }, at { $business }. See you then!
template-moved = Your appointment has been moved: { $service }, now on { $when }, at { $business }. If that doesn't suit you, just reply here.
template-cancelled = Your appointment has been cancelled: { $service }, { $when }, at { $business }. If you'd like another time, just reply here.
# Shows the provider what a blank may hold.
template-example-service = Haircut
