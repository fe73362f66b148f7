# Reservar, cambiar, cancelar, y las citas que siguen en pie. Solo "booked" dice que está reservado.

summary =
    A ver si está todo bien:

    { $visit }

    ¿La reservo?
summary-changed = Mientras tanto algo ha cambiado. Ahora quedaría así.
booked =
    ¡Listo, cita reservada! ✅

    { $visit }

    { $form ->
        [formal] ¡Le esperamos!
       *[informal] ¡Te esperamos!
    }
requested =
    Ya pasé la solicitud al equipo. *Todavía no está confirmada*: el equipo lo hará en cuanto pueda.

    { $visit }
slot-taken = Lo siento, esa hora se acaba de ocupar.

not-done-yet-book = La agenda no responde en este momento, así que la reserva *todavía no está hecha*. Lo sigo intentando y aviso por aquí.
not-done-yet-cancel = La agenda no responde en este momento, así que la cita *todavía no está cancelada*. Lo sigo intentando y aviso por aquí.
not-done-yet-confirm = La agenda no responde en este momento, así que *todavía no pude anotarlo*. Lo sigo intentando y aviso por aquí.
not-done-yet-move = La agenda no responde en este momento, así que el cambio *todavía no está hecho*. Lo sigo intentando y aviso por aquí.
checking-book = Estoy comprobando si la reserva se hizo. Un momento, por favor.
checking-cancel = Estoy comprobando si la cancelación se hizo. Un momento, por favor.
checking-confirm = Estoy comprobando si la confirmación quedó anotada. Un momento, por favor.
checking-move = Estoy comprobando si el cambio se hizo. Un momento, por favor.
not-done-book = Lo siento, la reserva *no se pudo hacer*.
not-done-cancel = Lo siento, no la pude cancelar: la cita *sigue en pie*.
not-done-confirm = Lo siento, no pude anotar la confirmación.
not-done-move = Lo siento, no la pude cambiar: la cita *queda como estaba*.
unclear-book = Lo siento, no puedo saber si la reserva se hizo.
unclear-cancel = Lo siento, no puedo saber si la cancelación se hizo.
unclear-confirm = Lo siento, no puedo saber si la confirmación quedó anotada.
unclear-move = Lo siento, no puedo saber si el cambio se hizo.
still-working = Estoy en ello, un momento.
takes-longer = Mensaje recibido. Estamos tardando un poco más de lo habitual; la respuesta llegará por aquí en cuanto sea posible.
refused = Lo siento, esa reserva no se puede hacer por este chat.
too-many = { $form ->
    [formal] Ya tiene el máximo de citas pendientes por persona.
   *[informal] Ya tienes el máximo de citas pendientes por persona.
}

move-summary =
    Ahora: { $before }

    Quedaría así:

    { $visit }

    ¿La cambio?
moved =
    ¡Listo, cita cambiada! ✅

    { $visit }
cancel-summary =
    Esta cita:

    { $visit }

    ¿La cancelo?
cancelled =
    Cita cancelada: { $line }.

    { $form ->
        [formal] Cuando quiera otra hora, escríbanos.
       *[informal] Cuando quieras otra hora, escríbenos.
    }
kept = De acuerdo, todo queda como está.
dropped = De acuerdo, no reservé nada.
too-late-to-change = Falta muy poco para la cita y ya no se puede cambiar por aquí ({ $line }).

no-bookings = { $form ->
    [formal] No tiene citas próximas.
   *[informal] No tienes citas próximas.
}
bookings-one = { $form ->
    [formal] Su próxima cita:
   *[informal] Tu próxima cita:
}
bookings = { $form ->
    [formal] Sus próximas citas:
   *[informal] Tus próximas citas:
}
choose-booking-reschedule = { $form ->
    [formal] ¿Qué cita quiere cambiar?
   *[informal] ¿Qué cita quieres cambiar?
}
choose-booking-cancel = { $form ->
    [formal] ¿Qué cita quiere cancelar?
   *[informal] ¿Qué cita quieres cancelar?
}
choose-booking-confirm = { $form ->
    [formal] ¿Qué cita quiere confirmar?
   *[informal] ¿Qué cita quieres confirmar?
}
choose-booking-running-late = { $form ->
    [formal] ¿A qué cita llega tarde?
   *[informal] ¿A qué cita llegas tarde?
}
visit-confirmed = { $form ->
    [formal] ¡Perfecto, le esperamos!
   *[informal] ¡Perfecto, te esperamos!
} { CAP($line) }.
reminder =
    { $form ->
        [formal] ¡Hola! Le recordamos su cita:
       *[informal] ¡Hola! Te recordamos tu cita:
    }

    { $visit }

    { $form ->
        [formal] ¿Contamos con usted?
       *[informal] ¿Contamos contigo?
    }
reminder-named =
    { $form ->
        [formal] ¡Hola, { $name }! Le recordamos su cita:
       *[informal] ¡Hola, { $name }! Te recordamos tu cita:
    }

    { $visit }

    { $form ->
        [formal] ¿Contamos con usted?
       *[informal] ¿Contamos contigo?
    }
late-noted = ¡Gracias por avisar! Ya se lo dije al equipo.
late-noted-minutes = { $minutes ->
    [one] ¡Gracias por avisar! El equipo ya sabe del retraso de { $minutes } minuto más o menos.
   *[other] ¡Gracias por avisar! El equipo ya sabe del retraso de unos { $minutes } minutos.
}
moved-by-team =
    { $form ->
        [formal] El equipo cambió su cita ({ $before }). Ahora es:
       *[informal] El equipo cambió tu cita ({ $before }). Ahora es:
    }

    { $visit }

    { $form ->
        [formal] Si no le viene bien, dígamelo por aquí.
       *[informal] Si no te viene bien, dímelo por aquí.
    }
cancelled-by-team =
    { $form ->
        [formal] Lo sentimos, el equipo tuvo que cancelar su cita: { $line }.
       *[informal] Lo sentimos, el equipo tuvo que cancelar tu cita: { $line }.
    }

    ¿Buscamos otra hora?
