# Saludos, preguntas por lo que falta, malentendidos, paso a una persona.

greeting = ¡Hola! 👋 Aquí { $business }.
greeting-named = ¡Hola, { $name }! 👋 Aquí { $business }.
menu = { $form ->
    [formal] ¿En qué le puedo ayudar?
   *[informal] ¿En qué te ayudo?
}
youre-welcome = ¡De nada! 😊
review-noted = ¡Gracias por la opinión! Ya se la pasé al equipo.

resume-offer = La última vez quedó una reserva a medias. ¿Seguimos o empezamos de nuevo?
resume-offer-service = La última vez quedó una reserva a medias: *{ $service }*. ¿Seguimos o empezamos de nuevo?
resume-offer-date = La última vez quedó una reserva a medias: { $date }. ¿Seguimos o empezamos de nuevo?
resume-offer-both = La última vez quedó una reserva a medias: *{ $service }*, { $date }. ¿Seguimos o empezamos de nuevo?

ask-branch = { $form ->
    [formal] ¿En cuál de nuestros locales prefiere?
   *[informal] ¿En cuál de nuestros locales prefieres?
}
ask-place = { $form ->
    [formal] ¿Dónde está? Envíeme su ubicación y le muestro primero lo más cercano.
   *[informal] ¿Dónde estás? Envíame tu ubicación y te muestro primero lo más cercano.
}
branch-gone = Lo siento, en ese local ya no se puede reservar por aquí.
needs-membership = Para *{ $service }* hace falta una membresía activa, y no encuentro ninguna. ¿Aviso a alguien del equipo?
needs-prepayment = *{ $service }* se paga por adelantado. ¿Aviso a alguien del equipo?
needs-prepayment-link = *{ $service }* se paga por adelantado, aquí: { $link }

    ¿Aviso a alguien del equipo?
ask-service = { $form ->
    [formal] ¿Qué desea reservar?
   *[informal] ¿Qué quieres reservar?
}
ask-which-service = Hay varias opciones parecidas. ¿Cuál de estas?
one-service-first = Vamos por partes: ¿cuál reservamos primero?
party-too-large = { $most ->
    [1] Por aquí solo puedo reservar para una persona a la vez, no para { $party }. ¿Aviso a alguien del equipo?
   *[other] Por aquí no puedo reservar para { $party } personas a la vez: el máximo es { $most }. ¿Aviso a alguien del equipo?
}
cannot-look = Ahora mismo no puedo ver la agenda. No se ha cambiado nada. ¿Lo intento otra vez?
system-down = La agenda no responde en este momento. El mensaje queda guardado, y en cuanto vuelva a funcionar respondo por aquí.
ask-staff = { $form ->
    [formal] *{ $service }*: ¿con quién prefiere?
   *[informal] *{ $service }*: ¿con quién prefieres?
}
ask-which-staff = Hay varias personas que pueden ser. ¿Con cuál?
ask-day = { $form ->
    [formal] *{ $service }*: ¿qué día le viene bien?
   *[informal] *{ $service }*: ¿qué día te viene bien?
}
ask-which-day = Solo para confirmar: ¿cuál de estos días?
ask-which-time = Solo para confirmar: ¿cuál de estas horas?
ask-slot-next = { $form ->
    [formal] *{ $what }*: ¿cuál de estas horas le viene bien?
   *[informal] *{ $what }*: ¿cuál de estas horas te viene bien?
}
ask-slot-day = { $form ->
    [formal] *{ $what }*, { $date }: ¿qué hora le viene bien?
   *[informal] *{ $what }*, { $date }: ¿qué hora te viene bien?
}
ask-slot-days = { $form ->
    [formal] *{ $what }*, { $days }: ¿qué hora le viene bien?
   *[informal] *{ $what }*, { $days }: ¿qué hora te viene bien?
}
ask-name = ¿A nombre de quién hago la reserva?
ask-email = ¿A qué correo electrónico mando la confirmación?
bad-email = { $form ->
    [formal] Mmm, eso no parece un correo electrónico. ¿Puede revisarlo y enviarlo otra vez?
   *[informal] Mmm, eso no parece un correo electrónico. ¿Puedes revisarlo y enviarlo otra vez?
}

not-free-then = Lo siento, no queda nada libre el { $when }.
not-free-that-day = Lo siento, no queda nada libre el { $date }.
closest-times = Estas son las horas más cercanas.
still-free = Estas siguen libres.
nothing-free-next = Lo siento, no queda nada libre en los próximos días.
nothing-free-next-staff = Lo siento, con { $staff } no queda nada libre en los próximos días.
nothing-free-day = Lo siento, no queda nada libre el { $date }.
nothing-free-day-staff = Lo siento, con { $staff } no queda nada libre el { $date }.
nothing-free-days = Lo siento, no queda nada libre en esos días ({ $days }).
nothing-free-days-staff = Lo siento, con { $staff } no queda nada libre en esos días ({ $days }).
nothing-free-at-all = Lo siento, la agenda está completa hasta donde damos cita.
nothing-free-at-all-staff = Lo siento, la agenda de { $staff } está completa hasta donde damos cita.
day-in-past = Ese día ya pasó ({ $date }).
staff-does-not-do = { $staff } no hace *{ $service }*.

out-of-scope = { $form ->
    [formal] Por aquí solo puedo ayudarle con las citas. ¿Le pido a alguien del equipo que le responda?
   *[informal] Por aquí solo puedo ayudarte con las citas. ¿Le pido a alguien del equipo que te responda?
}
not-understood = { $form ->
    [formal] Perdone, no lo entendí bien. ¿Me lo puede decir de otra manera?
   *[informal] Perdona, no lo entendí bien. ¿Me lo dices de otra manera?
}
not-understood-again = { $form ->
    [formal] Perdone, sigo sin entender. Elija una de estas opciones o pida hablar con alguien.
   *[informal] Perdona, sigo sin entender. Elige una de estas opciones o pide hablar con alguien.
}
cannot-read = { $form ->
    [formal] Todavía no puedo leer ese tipo de mensajes. ¿Me lo escribe, por favor?
   *[informal] Todavía no puedo leer ese tipo de mensajes. ¿Me lo escribes?
}
cannot-read-voice = { $form ->
    [formal] Todavía no puedo escuchar audios. ¿Me lo escribe, por favor?
   *[informal] Todavía no puedo escuchar audios. ¿Me lo escribes?
}
cannot-read-image = { $form ->
    [formal] Todavía no puedo ver imágenes. ¿Me lo escribe, por favor?
   *[informal] Todavía no puedo ver imágenes. ¿Me lo escribes?
}
cannot-read-video = { $form ->
    [formal] Todavía no puedo ver { own-videos }. ¿Me lo escribe, por favor?
   *[informal] Todavía no puedo ver { own-videos }. ¿Me lo escribes?
}
cannot-read-document = { $form ->
    [formal] Todavía no puedo abrir archivos. ¿Me lo escribe, por favor?
   *[informal] Todavía no puedo abrir archivos. ¿Me lo escribes?
}
cannot-read-sticker = ¡Muy bueno! 😄 Pero yo solo entiendo palabras.
heard = He oído: «{ $words }»
yes-in-writing = Eso solo lo he oído. Para que no haya dudas, hace falta tocar el botón o escribir «sí».
old-list = Esa lista es de antes. Ahora está así.
list-refreshed = Acabamos de renovar nuestra lista de servicios y horarios.
fact = { $text }
no-fact = { $form ->
    [formal] No tengo aquí la respuesta a eso. ¿Le pido a alguien del equipo que le responda?
   *[informal] No tengo aquí la respuesta a eso. ¿Le pido a alguien del equipo que te responda?
}
nothing-open = Ahora mismo no hay nada que confirmar.
ask-language = { $form ->
    [formal] ¿En qué idioma prefiere hablar?
   *[informal] ¿En qué idioma prefieres hablar?
}
language-changed = Perfecto, seguimos en español.
opted-out = { $form ->
    [formal] De acuerdo, no le mandaremos más mensajes.
   *[informal] De acuerdo, no te mandaremos más mensajes.
}
opted-out-bookings = { $form ->
    [formal] De acuerdo, no le mandaremos más mensajes. Sus citas siguen en pie.
   *[informal] De acuerdo, no te mandaremos más mensajes. Tus citas siguen en pie.
}
opted-in = { $form ->
    [formal] ¡Qué gusto tenerle de vuelta! Volverá a recibir nuestros mensajes.
   *[informal] ¡Qué gusto tenerte de vuelta! Volverás a recibir nuestros mensajes.
}

handed-over-asked = { $form ->
    [formal] ¡Claro! Aviso a alguien del equipo, que le responde por aquí mismo.
   *[informal] ¡Claro! Aviso a alguien del equipo, que te responde por aquí mismo.
}
handed-over-not-understood = { $form ->
    [formal] Lo siento, no consigo entenderlo. Aviso a alguien del equipo, que le responde por aquí mismo.
   *[informal] Lo siento, no consigo entenderlo. Aviso a alguien del equipo, que te responde por aquí mismo.
}
handed-over-backend-down = { $form ->
    [formal] La agenda no responde, así que no se ha reservado, cambiado ni cancelado nada. Alguien del equipo le responde por aquí mismo.
   *[informal] La agenda no responde, así que no se ha reservado, cambiado ni cancelado nada. Alguien del equipo te responde por aquí mismo.
}
handed-over-outcome-unclear = { $form ->
    [formal] Alguien del equipo lo revisa y le responde por aquí mismo.
   *[informal] Alguien del equipo lo revisa y te responde por aquí mismo.
}
handed-over-too-late = { $form ->
    [formal] Alguien del equipo le ayuda por aquí mismo.
   *[informal] Alguien del equipo te ayuda por aquí mismo.
}
handed-over-refused = { $form ->
    [formal] Alguien del equipo le ayuda por aquí mismo.
   *[informal] Alguien del equipo te ayuda por aquí mismo.
}
handed-over-running-late = { $form ->
    [formal] Alguien del equipo le responde por aquí mismo.
   *[informal] Alguien del equipo te responde por aquí mismo.
}
handed-over-unsafe-move = { $form ->
    [formal] Este cambio pide un cuidado especial: alguien del equipo le ayuda por aquí mismo.
   *[informal] Este cambio pide un cuidado especial: alguien del equipo te ayuda por aquí mismo.
}
handed-back = Aquí el asistente otra vez. ¿Por dónde íbamos?
one-moment = Un momento, por favor.

# Several businesses on one number. The words are what a client writes to reach another one, parted by `|`: the last
# message names one of them.
ask-business = Varios negocios atienden en este número. ¿Para cuál es el mensaje?
ask-business-again = ¿Para qué negocio es el mensaje?
business-chosen = Ahora la conversación es con *{ $business }*. Para hablar con otro, basta con escribir «otro negocio».
other-business-words = otro negocio | otros negocios | cambiar de negocio | otra empresa | otras empresas | cambiar de empresa | otra tienda | qué negocios
