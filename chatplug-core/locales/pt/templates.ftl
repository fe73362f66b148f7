# Mensagens aprovadas com antecedência pelo provedor. As regras estão em en/templates.ftl.

template-reminder = { $region ->
    [PT] Olá, { $name }! Lembramos a marcação: { $service }, { $when }, em { $business }. Podemos contar com a presença?
   *[other] Olá, { $name }! Passando para lembrar do agendamento: { $service }, { $when }, em { $business }. Podemos contar com a presença?
}
template-someone = tudo bem
template-reminder-come = Sim, eu vou
template-reminder-change = Alterar ou cancelar
template-booked = O seu horário está marcado: { $service }, { $when }, em { $business }. Até lá!
template-moved = { $region ->
    [PT] A marcação mudou: { $service }, agora { $when }, em { $business }. Se não der jeito, é só responder aqui.
   *[other] O agendamento mudou: { $service }, agora { $when }, em { $business }. Se não der, é só responder aqui.
}
template-cancelled = { $region ->
    [PT] A marcação foi cancelada: { $service }, { $when }, em { $business }. Para outro horário, é só responder aqui.
   *[other] O agendamento foi cancelado: { $service }, { $when }, em { $business }. Para outro horário, é só responder aqui.
}
template-example-service = Corte de cabelo
