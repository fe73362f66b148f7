# What stands on buttons and in lists: "key-" at most 20 characters, "section-" at most 24.

key-any-staff = Anyone
key-another-day = Another day
key-another-service = Another service
key-another-time = Another time
key-human = Talk to a person
key-back = Back
key-book = Book
key-book-it = Yes, book it
key-cancel-it = Yes, cancel it
key-cancel-visit = Cancel appointment
key-change = Change
key-choose = Choose
key-come = I'll be there
key-continue = Carry on
key-earlier = Earlier times
key-keep-it = No, keep it
key-language = Language
key-later = Later times
key-menu = Menu
key-more = More
key-move-visit = Move appointment
key-move-it = Yes, move it
key-my-bookings = My appointments
key-nearest = Nearest to me
key-next-week = Next week
key-no = No
key-drop = No, thanks
key-previous-week = Previous week
key-prices = Prices
key-start-afresh = Start over
key-try-again = Try again
key-where-when = Address and hours
key-yes = Yes

# Heading of list rows that belong to none of the others.
section-other = Other options
# Above choices whose question was too long to stand with them.
pick-one = Please choose:

label-day-time = { $day }, { $time }
label-free-count = { $count ->
    [one] { $count } free time
   *[other] { $count } free times
}
