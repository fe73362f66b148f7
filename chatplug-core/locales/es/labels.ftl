# Lo que va en botones y listas: "key-" con 20 caracteres como máximo, "section-" con 24.

key-any-staff = Sin preferencia
key-another-day = Otro día
key-another-service = Otro servicio
key-another-time = Otra hora
key-human = Hablar con alguien
key-back = Volver
key-book = Reservar cita
key-book-it = Sí, reservar
key-cancel-it = Sí, cancelar
key-cancel-visit = Cancelar una cita
key-change = Cambiar
key-choose = Elegir
key-come = Sí, voy
key-continue = Continuar
key-earlier = Más temprano
key-keep-it = No, dejarla así
key-language = Idioma
key-later = Más tarde
key-menu = Menú
key-more = Ver más
key-move-visit = Cambiar una cita
key-move-it = Sí, cambiarla
key-my-bookings = Mis citas
key-nearest = El más cercano
key-next-week = Semana siguiente
key-no = No
key-drop = No, gracias
key-previous-week = Semana anterior
key-prices = Precios
key-start-afresh = Empezar de nuevo
key-try-again = Probar de nuevo
key-where-when = Dirección y horario
key-yes = Sí

section-other = Otras opciones
pick-one = { $form ->
    [formal] Elija una opción:
   *[informal] Elige una opción:
}

label-day-time = { $day }, { $time }
label-free-count = { $count ->
    [one] { $count } hora libre
   *[other] { $count } horas libres
}
