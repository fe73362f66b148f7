# How this language writes the things that sentences are made of. Everything here is reused by the other files.
#
# In every file: $form (formal, informal), $region (country of the branch, such as BR), $currency (ISO code) and
# $business may be used anywhere and need not be; so may $hour in "when". Every other variable must be used in every language.
# Messages that begin with "own-" are helpers of one language. CAP($x) writes the first letter large.

language-name = English

# $symbol is a sign such as €; money-letters is for letters such as CHF.
money = { $symbol }{ $amount }
money-letters = { $symbol }{ "\u00A0" }{ $amount }
price-range = { $from } – { $to }

# $date has its weekday; $hour is the number that the printed time begins with.
when = { $date } at { $time }
# A time that comes twice in the night the clocks go back.
repeated-time = { $time } (UTC{ $offset })
days-range = { $from } – { $to }

duration-minutes = { $minutes }{ "\u00A0" }min
duration-hours = { $hours }{ "\u00A0" }h
duration-both = { $hours }{ "\u00A0" }h { $minutes }{ "\u00A0" }min

metres = { $amount }{ "\u00A0" }m
kilometres = { $amount }{ "\u00A0" }km
miles = { $amount }{ "\u00A0" }mi

rating = ★ { $stars } ({ $count })
rating-alone = ★ { $stars }

# A visit, line by line.
visit-what = { $service }
visit-what-staff = { $service } with { $staff }
visit-when = *{ CAP($when) }*
visit-branch = At { $branch }
visit-party = { $count ->
    [one] For { $count } person
   *[other] For { $count } people
}
# A visit in one phrase; always after a colon or in brackets.
visit-line = { $service }, { $when }
visit-line-branch = { $service }, { $when }, { $branch }

hours-span = { $from } – { $to }
hours-weekdays = { $from } – { $to }
hours-line = { $days }: { $times }
hours-line-closed = { $days }: closed
