# Meeting, asking for what is missing, not understanding, handing over.

greeting = Hi! 👋 This is { $business }.
greeting-named = Hi { $name }! 👋 This is { $business }.
menu = How can I help?
youre-welcome = You're welcome! 😊
review-noted = Thank you for telling us. I've passed it on to the team.

resume-offer = You'd started a booking last time. Shall we carry on, or start over?
resume-offer-service = You'd started a booking last time: *{ $service }*. Shall we carry on, or start over?
resume-offer-date = You'd started a booking last time: { $date }. Shall we carry on, or start over?
resume-offer-both = You'd started a booking last time: *{ $service }*, { $date }. Shall we carry on, or start over?

ask-branch = Which of our locations suits you?
ask-place = Where are you? Send me your location and I'll put the nearest first.
branch-gone = I'm sorry, that location can't be booked here any more.
needs-membership = *{ $service }* needs an active membership, and I don't see one. Shall I get a colleague to help?
needs-prepayment = *{ $service }* has to be paid for beforehand. Shall I get a colleague to help?
needs-prepayment-link = *{ $service }* has to be paid for beforehand, here: { $link }

    Shall I get a colleague to help?
ask-service = What would you like to book?
ask-which-service = There are a few that match. Which one do you mean?
one-service-first = One at a time: which shall we book first?
party-too-large = { $most ->
    [1] I can only book for one person at a time here, not for { $party }. Shall I get a colleague to help?
   *[other] I can't book for { $party } people at once here: { $most } is the most. Shall I get a colleague to help?
}
cannot-look = I can't see the calendar right now. Nothing has been changed. Shall I try again?
system-down = Our booking system isn't answering right now. I've kept your message and will get back to you here as soon as it does.
ask-staff = *{ $service }*: who would you like to book with?
ask-which-staff = There are a few people it could be. Who do you mean?
ask-day = *{ $service }*: which day suits you?
ask-which-day = Just to be sure: which day do you mean?
ask-which-time = Just to be sure: what time do you mean?
ask-slot-next = *{ $what }*: which of these times suits you?
ask-slot-day = *{ $what }*, { $date }: which time suits you?
ask-slot-days = *{ $what }*, { $days }: which time suits you?
ask-name = What name shall I put it under?
ask-email = Which email address should the confirmation go to?
bad-email = Hmm, that doesn't look like an email address. Could you check it and send it again?

not-free-then = I'm sorry, there's nothing free on { $when }.
not-free-that-day = I'm sorry, there's nothing free on { $date }.
# Follows the two above, and slot-taken, when other times are shown beneath.
closest-times = These are the closest times I have.
still-free = These are still free.
nothing-free-next = I'm sorry, there's nothing free in the coming days.
nothing-free-next-staff = I'm sorry, { $staff } has nothing free in the coming days.
nothing-free-day = I'm sorry, there's nothing free on { $date }.
nothing-free-day-staff = I'm sorry, { $staff } has nothing free on { $date }.
nothing-free-days = I'm sorry, there's nothing free on those days ({ $days }).
nothing-free-days-staff = I'm sorry, { $staff } has nothing free on those days ({ $days }).
nothing-free-at-all = I'm sorry, everything is taken for as far ahead as we take bookings.
nothing-free-at-all-staff = I'm sorry, { $staff } has nothing free for as far ahead as we take bookings.
day-in-past = That day has already passed ({ $date }).
staff-does-not-do = { $staff } doesn't do *{ $service }*.

out-of-scope = I can only help with appointments here. Shall I ask a colleague to answer you?
not-understood = Sorry, I didn't quite get that. Could you put it another way?
not-understood-again = Sorry, I still don't follow. Please pick one of these, or ask for a person.
cannot-read = I can't read this kind of message yet. Could you put it in words?
cannot-read-voice = I can't listen to voice messages yet. Could you write it to me?
cannot-read-image = I can't see pictures yet. Could you put it in words?
cannot-read-video = I can't watch videos yet. Could you put it in words?
cannot-read-document = I can't open files yet. Could you put it in words?
cannot-read-sticker = Nice one! 😄 I only understand words, though.
heard = I heard: “{ $words }”
yes-in-writing = I only heard that, so to be sure: please tap the button or write “yes”.
old-list = That list is from earlier. Here's how things look now.
list-refreshed = Our list of services and times has just been renewed.
fact = { $text }
no-fact = I don't have an answer to that here. Shall I ask a colleague to answer you?
nothing-open = There's nothing waiting for a yes right now.
ask-language = Which language would you like?
language-changed = Sure, English from now on.
opted-out = All right, you won't get any more messages from us.
opted-out-bookings = All right, you won't get any more messages from us. Your appointments still stand.
opted-in = Good to have you back! You'll get our messages again.

handed-over-asked = Of course. I'm getting a colleague, who will answer you right here.
handed-over-not-understood = I'm sorry, I can't follow. I'm getting a colleague, who will answer you right here.
handed-over-backend-down = I can't reach our booking system, so nothing has been booked, moved or cancelled. A colleague will answer you right here.
handed-over-outcome-unclear = A colleague is looking into it and will answer you right here.
handed-over-too-late = A colleague will help you right here.
handed-over-refused = A colleague will help you right here.
handed-over-running-late = A colleague will answer you right here.
handed-over-unsafe-move = This move needs a careful hand: a colleague will help you right here.
handed-back = It's the assistant again. Where were we?
one-moment = One moment, please.

# Several businesses on one number. The words are what a client writes to reach another one, parted by `|`: the last
# message names one of them.
ask-business = Several businesses answer on this number. Which one is your message for?
ask-business-again = Which business is your message for?
business-chosen = You're writing to *{ $business }* now. To reach another one later, write "other business".
other-business-words = other business | another business | different business | change business | switch business | other businesses | which businesses
