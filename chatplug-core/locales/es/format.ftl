# Cómo escribe el español lo que entra en las frases. Las reglas comunes están en en/format.ftl.

language-name = Español

money = { $currency ->
    [EUR] { $amount }{ "\u00A0" }{ $symbol }
    [RUB] { $amount }{ "\u00A0" }{ $symbol }
   *[other] { $symbol }{ $amount }
}
money-letters = { $symbol }{ "\u00A0" }{ $amount }
price-range = { $from } – { $to }

when = { $hour ->
    [1] { $date }, a la { $time }
   *[other] { $date }, a las { $time }
}
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
visit-what-staff = { $service } con { $staff }
visit-when = *{ CAP($when) }*
visit-branch = En { $branch }
visit-party = { $count ->
    [one] Para { $count } persona
   *[other] Para { $count } personas
}
visit-line = { $service }, { $when }
visit-line-branch = { $service }, { $when }, { $branch }

hours-span = { $from } – { $to }
hours-weekdays = { $from } a { $to }
hours-line = { $days }: { $times }
hours-line-closed = { $days }: cerrado

own-videos = { $region ->
    [ES] vídeos
   *[other] videos
}
