# O que está nos botões e nas listas: "key-" com 20 caracteres no máximo, "section-" com 24.

key-any-staff = Sem preferência
key-another-day = Outro dia
key-another-service = Outro serviço
key-another-time = Outro horário
key-human = Falar com alguém
key-back = Voltar
key-book = { $region ->
    [PT] Fazer marcação
   *[other] Marcar horário
}
key-book-it = Sim, marcar
key-cancel-it = Sim, cancelar
key-cancel-visit = { $region ->
    [PT] Cancelar marcação
   *[other] Cancelar horário
}
key-change = Alterar
key-choose = Escolher
key-come = Sim, eu vou
key-continue = Continuar
key-earlier = Mais cedo
key-keep-it = Não, manter
key-language = Idioma
key-later = Mais tarde
key-menu = Menu
key-more = Ver mais
key-move-visit = { $region ->
    [PT] Alterar marcação
   *[other] Remarcar horário
}
key-move-it = Sim, alterar
key-my-bookings = { $region ->
    [PT] As minhas marcações
   *[other] Meus agendamentos
}
key-nearest = O mais perto
key-next-week = Próxima semana
key-no = Não
key-drop = Agora não
key-previous-week = Semana anterior
key-prices = Preços
key-start-afresh = Começar de novo
key-try-again = Tentar de novo
key-where-when = { $region ->
    [PT] Morada e horário
   *[other] Endereço e horário
}
key-yes = Sim

section-other = Outras opções
pick-one = É só escolher:

label-day-time = { $day }, { $time }
label-free-count = { $count ->
    [one] { $count } horário livre
   *[other] { $count } horários livres
}
