# Marcar, remarcar, cancelar, e as visitas que estão de pé. Só "booked" diz que está marcado.

summary =
    Vamos ver se está tudo certo:

    { $visit }

    Posso marcar?
summary-changed = Enquanto isso, algo mudou. Agora ficaria assim.
booked =
    { own-done }, está marcado! ✅

    { $visit }

    Até lá!
requested =
    { $region ->
        [PT] Já passei o pedido à equipa. *Ainda não está confirmado*: a equipa confirma assim que puder.
       *[other] Já passei o pedido para a equipe. *Ainda não está confirmado*: a equipe confirma assim que puder.
    }

    { $visit }
slot-taken = Que pena, esse horário acabou de ser ocupado.

not-done-yet-book = O sistema da agenda não responde neste momento, por isso o pedido *ainda não foi feito*. Vou tentar de novo e aviso por aqui.
not-done-yet-cancel = O sistema da agenda não responde neste momento, por isso *ainda não foi cancelado*. Vou tentar de novo e aviso por aqui.
not-done-yet-confirm = O sistema da agenda não responde neste momento, por isso *ainda não consegui anotar*. Vou tentar de novo e aviso por aqui.
not-done-yet-move = O sistema da agenda não responde neste momento, por isso *ainda não foi alterado*. Vou tentar de novo e aviso por aqui.
checking-book = Vou verificar se o pedido deu certo. Só um momento, por favor.
checking-cancel = Vou verificar se o cancelamento deu certo. Só um momento, por favor.
checking-confirm = Vou verificar se a confirmação deu certo. Só um momento, por favor.
checking-move = Vou verificar se a alteração deu certo. Só um momento, por favor.
not-done-book = Infelizmente *não foi possível marcar*.
not-done-cancel = Infelizmente não foi possível cancelar: { own-your-appointment } *continua de pé*.
not-done-confirm = Infelizmente não foi possível anotar a confirmação.
not-done-move = Infelizmente não foi possível alterar: { own-your-appointment } *fica como estava*.
unclear-book = Infelizmente não consigo saber se deu certo marcar.
unclear-cancel = Infelizmente não consigo saber se o cancelamento deu certo.
unclear-confirm = Infelizmente não consigo saber se a confirmação deu certo.
unclear-move = Infelizmente não consigo saber se a alteração deu certo.
still-working = É para já, só um momento.
takes-longer = Mensagem recebida. A resposta vai demorar um pouco mais do que o habitual e chega por aqui assim que possível.
refused = Infelizmente não dá para marcar isso aqui pelo chat.
too-many = { $region ->
    [PT] O limite de marcações em aberto por pessoa já foi atingido.
   *[other] O limite de agendamentos em aberto por pessoa já foi atingido.
}

move-summary =
    Agora: { $before }

    Ficaria assim:

    { $visit }

    Posso alterar?
moved =
    { own-done }, a mudança está feita. ✅

    { $visit }
cancel-summary =
    { $region ->
        [PT] Esta marcação:
       *[other] Este agendamento:
    }

    { $visit }

    Posso cancelar?
cancelled =
    Está cancelado: { $line }.

    Para outro horário, é só escrever.
kept = Tudo bem, fica tudo como está.
dropped = Tudo bem, não marquei nada.
too-late-to-change = Já está muito perto da hora para alterar por aqui ({ $line }).

no-bookings = { $region ->
    [PT] Não há nenhuma marcação futura.
   *[other] Não há nenhum agendamento futuro.
}
bookings-one = { $region ->
    [PT] { $form ->
        [formal] A sua próxima marcação:
       *[informal] A tua próxima marcação:
    }
   *[other] Seu próximo agendamento:
}
bookings = { $region ->
    [PT] { $form ->
        [formal] As suas próximas marcações:
       *[informal] As tuas próximas marcações:
    }
   *[other] Seus próximos agendamentos:
}
choose-booking-reschedule = Qual { own-appointment } { own-want } remarcar?
choose-booking-cancel = Qual { own-appointment } { own-want } cancelar?
choose-booking-confirm = Qual { own-appointment } { own-want } confirmar?
choose-booking-running-late = O atraso é para qual { own-appointment }?
visit-confirmed = Que bom, até lá: { $line }.
reminder =
    { $region ->
        [PT] Olá! Só para lembrar { own-your-appointment }:
       *[other] Olá! Passando para lembrar do seu horário:
    }

    { $visit }

    Posso confirmar a presença?
reminder-named =
    { $region ->
        [PT] Olá, { $name }! Só para lembrar { own-your-appointment }:
       *[other] Olá, { $name }! Passando para lembrar do seu horário:
    }

    { $visit }

    Posso confirmar a presença?
late-noted = Agradecemos o aviso! A { own-team } já sabe.
late-noted-minutes = { $minutes ->
    [one] Agradecemos o aviso! A { own-team } já sabe do atraso de cerca de { $minutes } minuto.
   *[other] Agradecemos o aviso! A { own-team } já sabe do atraso de cerca de { $minutes } minutos.
}
moved-by-team =
    { $region ->
        [PT] A equipa alterou { own-your-appointment } ({ $before }). Agora é:
       *[other] A equipe alterou { own-your-appointment } ({ $before }). Agora é:
    }

    { $visit }

    Se não der, é só avisar por aqui.
cancelled-by-team =
    { $region ->
        [PT] Pedimos desculpa, a equipa teve de cancelar: { $line }.
       *[other] Pedimos desculpas, a equipe precisou cancelar: { $line }.
    }

    Vamos ver outro horário?
