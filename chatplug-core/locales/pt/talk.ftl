# Cumprimentos, perguntas pelo que falta, mal-entendidos, passagem a uma pessoa.

greeting = { $form ->
    [formal] Olá! 👋 Este é o atendimento de { $business }.
   *[informal] { $region ->
        [PT] Olá! 👋 Aqui é { $business }.
       *[other] Oi! 👋 Aqui é { $business }.
    }
}
greeting-named = { $form ->
    [formal] Olá, { $name }! 👋 Este é o atendimento de { $business }.
   *[informal] { $region ->
        [PT] Olá, { $name }! 👋 Aqui é { $business }.
       *[other] Oi, { $name }! 👋 Aqui é { $business }.
    }
}
menu = Como posso ajudar?
youre-welcome = De nada! 😊
review-noted = Agradecemos a opinião! Já passei tudo para a { own-team }.

resume-offer = Da última vez ficou um pedido sem terminar. Continuamos ou começamos de novo?
resume-offer-service = Da última vez ficou um pedido sem terminar: *{ $service }*. Continuamos ou começamos de novo?
resume-offer-date = Da última vez ficou um pedido sem terminar: { $date }. Continuamos ou começamos de novo?
resume-offer-both = Da última vez ficou um pedido sem terminar: *{ $service }*, { $date }. Continuamos ou começamos de novo?

ask-branch = { $region ->
    [PT] Em qual dos nossos espaços { own-prefer }?
   *[other] Em qual das nossas unidades { own-prefer }?
}
ask-place = { $form ->
    [formal] Onde está? Envie a sua localização e mostro primeiro o que fica mais perto.
   *[informal] { $region ->
        [PT] Onde estás? Envia a tua localização e mostro primeiro o que fica mais perto.
       *[other] Onde você está? Envie sua localização e mostro primeiro o que fica mais perto.
    }
}
branch-gone = Infelizmente esse local já não aceita marcações por aqui.
needs-membership = *{ $service }* é só com um plano ativo, e não encontro nenhum. Chamo alguém da { own-team } para ajudar?
needs-prepayment = *{ $service }* tem de ser pago antes. Chamo alguém da { own-team } para ajudar?
needs-prepayment-link = *{ $service }* tem de ser pago antes, aqui: { $link }

    Chamo alguém da { own-team } para ajudar?
ask-service = O que { own-want } marcar?
ask-which-service = Encontrei mais de uma opção parecida. Qual destas?
one-service-first = Vamos por partes: qual marcamos primeiro?
party-too-large = { $most ->
    [1] Por aqui só consigo marcar para uma pessoa de cada vez, não para { $party }. Chamo alguém da { own-team } para ajudar?
   *[other] Por aqui não consigo marcar para { $party } pessoas de uma vez: o máximo é { $most }. Chamo alguém da { own-team } para ajudar?
}
cannot-look = Neste momento não consigo ver a agenda. Nada foi alterado. Tento de novo?
system-down = O sistema da agenda não responde neste momento. A mensagem fica guardada, e respondo por aqui assim que voltar a funcionar.
ask-staff = *{ $service }*: com quem { own-prefer }?
ask-which-staff = Há mais de uma pessoa com esse nome. Com qual delas?
ask-day = *{ $service }*: que dia { own-prefer }?
ask-which-day = Só para confirmar: qual destes dias?
ask-which-time = Só para confirmar: qual destas horas?
ask-slot-next = *{ $what }*: qual destes horários { own-prefer }?
ask-slot-day = *{ $what }*, { $date }: que horário { own-prefer }?
ask-slot-days = *{ $what }*, { $days }: que horário { own-prefer }?
ask-name = { $region ->
    [PT] Em que nome faço a marcação?
   *[other] Em nome de quem devo marcar?
}
ask-email = Para qual e-mail devo enviar a confirmação?
bad-email = { $form ->
    [formal] Hum, isso não parece um e-mail. Pode verificar e enviar de novo, por favor?
   *[informal] { $region ->
        [PT] Hum, isso não parece um e-mail. Podes ver se está certo e enviar outra vez?
       *[other] Hum, isso não parece um e-mail. Pode conferir e mandar de novo?
    }
}

not-free-then = Que pena, não há vaga para { $when }.
not-free-that-day = Que pena, não há vaga para { $date }.
closest-times = Estes são os horários mais próximos.
still-free = Estes ainda estão livres.
nothing-free-next = Que pena, não há vagas nos próximos dias.
nothing-free-next-staff = Que pena, nos próximos dias não há vagas com { $staff }.
nothing-free-day = Que pena, não há vagas para { $date }.
nothing-free-day-staff = Que pena, não há vagas com { $staff } para { $date }.
nothing-free-days = Que pena, não há vagas nesses dias ({ $days }).
nothing-free-days-staff = Que pena, não há vagas com { $staff } nesses dias ({ $days }).
nothing-free-at-all = Que pena, a agenda está cheia em todas as datas abertas.
nothing-free-at-all-staff = Que pena, a agenda de { $staff } está cheia em todas as datas abertas.
day-in-past = Esse dia já passou ({ $date }).
staff-does-not-do = { $staff } não faz *{ $service }*.
out-of-scope = { $region ->
    [PT] Por aqui só consigo ajudar com marcações. Chamo alguém da equipa para responder?
   *[other] Por aqui eu só consigo ajudar com agendamentos. Chamo alguém da equipe para responder?
}
not-understood = { $form ->
    [formal] Desculpe, não entendi bem. Pode dizer de outra forma?
   *[informal] { $region ->
        [PT] Desculpa, não percebi bem. Podes dizer de outra forma?
       *[other] Desculpa, não entendi bem. Pode dizer de outro jeito?
    }
}
not-understood-again = { $form ->
    [formal] Desculpe, continuo sem entender. Escolha uma destas opções ou peça para falar com alguém.
   *[informal] { $region ->
        [PT] Desculpa, continuo sem perceber. Escolhe uma destas opções ou pede para falar com alguém.
       *[other] Desculpa, ainda não entendi. Escolha uma destas opções ou peça para falar com alguém.
    }
}
cannot-read = Ainda não consigo ler esse tipo de mensagem. Dá para escrever?
cannot-read-voice = Ainda não consigo ouvir áudios. Dá para escrever?
cannot-read-image = Ainda não consigo ver imagens. Dá para escrever?
cannot-read-video = Ainda não consigo ver vídeos. Dá para escrever?
cannot-read-document = Ainda não consigo abrir documentos. Dá para escrever?
cannot-read-sticker = Essa foi boa! 😄 Mas eu só entendo palavras.
heard = Ouvi: “{ $words }”
yes-in-writing = Isso eu só ouvi. Para ter certeza: toque no botão ou escreva “sim”.
old-list = Essa lista é de antes. Agora está assim.
list-refreshed = A nossa lista de serviços e horários acabou de ser atualizada.
fact = { $text }
no-fact = { $region ->
    [PT] Não tenho aqui resposta para isso. Chamo alguém da equipa para responder?
   *[other] Não tenho aqui a resposta para isso. Chamo alguém da equipe para responder?
}
nothing-open = Neste momento não há nada para confirmar.
ask-language = Em que idioma { own-prefer } falar?
language-changed = Combinado, seguimos em português.
opted-out = Tudo bem, não vamos enviar mais mensagens.
opted-out-bookings = { $region ->
    [PT] Tudo bem, não vamos enviar mais mensagens. As marcações continuam de pé.
   *[other] Tudo bem, não vamos enviar mais mensagens. Os agendamentos continuam de pé.
}
opted-in = Que bom! As nossas mensagens voltam a chegar por aqui.

handed-over-asked = Claro! Vou chamar alguém da { own-team }, que responde por aqui mesmo.
handed-over-not-understood = Infelizmente não consigo entender. Vou chamar alguém da { own-team }, que responde por aqui mesmo.
handed-over-backend-down = A agenda não responde neste momento, por isso nada foi marcado, alterado ou cancelado. Alguém da { own-team } responde por aqui mesmo.
handed-over-outcome-unclear = Alguém da { own-team } vai verificar e responde por aqui mesmo.
handed-over-too-late = Alguém da { own-team } vai ajudar por aqui mesmo.
handed-over-refused = Alguém da { own-team } vai ajudar por aqui mesmo.
handed-over-running-late = Alguém da { own-team } responde por aqui mesmo.
handed-over-unsafe-move = Essa mudança pede um cuidado especial: alguém da { own-team } vai ajudar por aqui mesmo.
handed-back = Aqui é o assistente de novo. Onde estávamos?
one-moment = Só um momento, por favor.

# Several businesses on one number. The words are what a client writes to reach another one, parted by `|`: the last
# message names one of them.
ask-business = Várias empresas atendem por este número. Para qual delas é a mensagem?
ask-business-again = Para qual empresa é a mensagem?
business-chosen = A conversa agora é com *{ $business }*. Para falar com outra, basta escrever "outra empresa".
other-business-words = outra empresa | outras empresas | mudar de empresa | trocar de empresa | outro negócio | outra loja | que empresas | quais empresas
