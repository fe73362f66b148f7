# Comment le français écrit ce qui entre dans les phrases. Les règles communes sont dans en/format.ftl.
# Avant « ? », « ! », « : » et « ; » se trouve une espace insécable (U+00A0) : un test le vérifie.

language-name = Français

money = { $amount }{ "\u00A0" }{ $symbol }
money-letters = { $amount }{ "\u00A0" }{ $symbol }
price-range = { $from } – { $to }

when = { $date } à { $time }
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

visit-what = { $service }
visit-what-staff = { $service } avec { $staff }
visit-when = *{ CAP($when) }*
visit-branch = Lieu : { $branch }
visit-party = { $count ->
    [one] Pour { $count } personne
   *[other] Pour { $count } personnes
}
visit-line = { $service }, { $when }
visit-line-branch = { $service }, { $when }, { $branch }

hours-span = { $from } – { $to }
hours-weekdays = { $from } – { $to }
hours-line = { $days } : { $times }
hours-line-closed = { $days } : fermé

own-back = { $form ->
    [formal] je reviens vers vous
   *[informal] je reviens vers toi
}
