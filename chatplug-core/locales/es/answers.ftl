# Respuestas sobre precios, horarios, lugares, servicios y personas.

price-of = *{ $service }*: { $price }, { $duration }.
price-of-unknown = No tengo aquí el precio de *{ $service }*. Dura { $duration }.
price-list = Nuestros precios:
price-line = { $service }: *{ $price }*, { $duration }
price-line-unknown = { $service }: { $duration }

hours = Nuestro horario:
hours-unknown = Lo siento, no tengo aquí nuestro horario.
hours-on = El { $date } abrimos: { $times }.
hours-on-closed = El { $date } cerramos.

address =
    Estamos aquí: *{ $name }*
    { $address }
address-unknown = Lo siento, no tengo aquí la dirección de *{ $name }*.

service-details = *{ $service }*: { $facts }.
service-details-described = *{ $service }*: { $facts }.

    { $description }
who-does-any = *{ $service }*: con quien esté libre a la hora elegida.
who-does-one = *{ $service }* lo hace { $names }.
who-does = *{ $service }* lo hacen: { $names }.
ask-about-details = { $form ->
    [formal] ¿Sobre qué servicio quiere saber más?
   *[informal] ¿Sobre qué servicio quieres saber más?
}
ask-about-price = { $form ->
    [formal] ¿De qué servicio quiere saber el precio?
   *[informal] ¿De qué servicio quieres saber el precio?
}
ask-about-who = { $form ->
    [formal] ¿De qué servicio quiere saber quién lo hace?
   *[informal] ¿De qué servicio quieres saber quién lo hace?
}
