# Como o português escreve o que entra nas frases. As regras comuns estão em en/format.ftl.
# Brasil e Portugal: $region = PT escolhe o português europeu; o resto segue o brasileiro.

language-name = Português

money = { $currency ->
    [EUR] { $amount }{ "\u00A0" }{ $symbol }
    [RUB] { $amount }{ "\u00A0" }{ $symbol }
   *[other] { $symbol }{ "\u00A0" }{ $amount }
}
money-letters = { $currency ->
    [AOA] { $amount }{ "\u00A0" }{ $symbol }
    [MZN] { $amount }{ "\u00A0" }{ $symbol }
   *[other] { $symbol }{ "\u00A0" }{ $amount }
}
price-range = { $from } a { $to }

when = { $hour ->
    [1] { $date }, à { $time }
   *[other] { $date }, às { $time }
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
visit-what-staff = { $service } com { $staff }
visit-when = *{ CAP($when) }*
visit-branch = Local: { $branch }
visit-party = { $count ->
    [one] Para { $count } pessoa
   *[other] Para { $count } pessoas
}
visit-line = { $service }, { $when }
visit-line-branch = { $service }, { $when }, { $branch }

hours-span = { $from } – { $to }
hours-weekdays = { $from } a { $to }
hours-line = { $days }: { $times }
hours-line-closed = { $days }: fechado

# Palavras que mudam de um lado para o outro do oceano, ou de tratamento.
own-team = { $region ->
    [PT] equipa
   *[other] equipe
}
own-appointment = { $region ->
    [PT] marcação
   *[other] agendamento
}
own-your-appointment = { $region ->
    [PT] { $form ->
        [formal] a sua marcação
       *[informal] a tua marcação
    }
   *[other] seu agendamento
}
own-prefer = { $form ->
    [formal] prefere
   *[informal] { $region ->
        [PT] preferes
       *[other] você prefere
    }
}
own-want = { $form ->
    [formal] deseja
   *[informal] { $region ->
        [PT] queres
       *[other] você quer
    }
}
own-done = { $form ->
    [formal] Pronto
   *[informal] { $region ->
        [PT] Pronto
       *[other] Prontinho
    }
}
