# Как русский язык записывает то, из чего складываются фразы. Общие правила в en/format.ftl.
# Имена, услуги и даты вставляются только в именительном падеже: после двоеточия, тире или в скобках.

language-name = Русский

money = { $amount }{ "\u00A0" }{ $symbol }
money-letters = { $amount }{ "\u00A0" }{ $symbol }
price-range = { $from } – { $to }

when = { $date } в { $time }
repeated-time = { $time } (UTC{ $offset })
days-range = { $from } – { $to }

duration-minutes = { $minutes }{ "\u00A0" }мин
duration-hours = { $hours }{ "\u00A0" }ч
duration-both = { $hours }{ "\u00A0" }ч { $minutes }{ "\u00A0" }мин

metres = { $amount }{ "\u00A0" }м
kilometres = { $amount }{ "\u00A0" }км
miles = { $amount }{ "\u00A0" }ми

rating = ★ { $stars } ({ $count })
rating-alone = ★ { $stars }

visit-what = { $service }
visit-what-staff = { $service } — { $staff }
visit-when = *{ CAP($when) }*
visit-branch = Где: { $branch }
visit-party = { $count ->
    [one] На { $count } человека
    [few] На { $count } человека
    [many] На { $count } человек
   *[other] На { $count } человека
}
visit-line = { $service }, { $when }
visit-line-branch = { $service }, { $when }, { $branch }

hours-span = { $from } – { $to }
hours-weekdays = { $from } – { $to }
hours-line = { $days }: { $times }
hours-line-closed = { $days }: выходной
