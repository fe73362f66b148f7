# Respostas sobre preços, horários, lugares, serviços e pessoas.

price-of = *{ $service }*: { $price }, { $duration }.
price-of-unknown = Não tenho aqui o preço de *{ $service }*. A duração é de { $duration }.
price-list = Estes são os preços:
price-line = { $service }: *{ $price }*, { $duration }
price-line-unknown = { $service }: { $duration }

hours = Horário de funcionamento:
hours-unknown = Infelizmente não tenho aqui o nosso horário de funcionamento.
hours-on = Horário de { $date }: { $times }.
hours-on-closed = { CAP($date) }: fechado.

address =
    Estamos aqui: *{ $name }*
    { $address }
address-unknown = { $region ->
    [PT] Infelizmente não tenho aqui a morada de *{ $name }*.
   *[other] Infelizmente não tenho aqui o endereço de *{ $name }*.
}

service-details = *{ $service }*: { $facts }.
service-details-described = *{ $service }*: { $facts }.

    { $description }
who-does-any = *{ $service }*: com quem estiver livre no horário escolhido.
who-does-one = Quem faz *{ $service }*: { $names }.
who-does = Quem faz *{ $service }*: { $names }.
ask-about-details = Sobre qual serviço?
ask-about-price = O preço de qual serviço?
ask-about-who = { $form ->
    [formal] De qual serviço gostaria de saber quem faz?
   *[informal] { $region ->
        [PT] De que serviço queres saber quem faz?
       *[other] De qual serviço você quer saber quem faz?
    }
}
