# Mensajes que el proveedor aprueba de antemano. Las reglas están en en/templates.ftl.

template-reminder = { $form ->
    [formal] Hola, { $name }. Le recordamos que tiene cita: { $service }, { $when }, en { $business }. ¿Contamos con usted?
   *[informal] Hola, { $name }. Te recordamos que tienes cita: { $service }, { $when }, en { $business }. ¿Contamos contigo?
}
template-someone = { $form ->
    [formal] le esperamos
   *[informal] te esperamos
}
template-reminder-come = Sí, voy
template-reminder-change = Cambiar o cancelar
template-booked = { $form ->
    [formal] Su cita está reservada: { $service }, { $when }, en { $business }. ¡Le esperamos!
   *[informal] Tu cita está reservada: { $service }, { $when }, en { $business }. ¡Te esperamos!
}
template-moved = { $form ->
    [formal] Su cita cambió: { $service }, ahora { $when }, en { $business }. Si no le viene bien, responda por aquí.
   *[informal] Tu cita cambió: { $service }, ahora { $when }, en { $business }. Si no te viene bien, responde por aquí.
}
template-cancelled = { $form ->
    [formal] Su cita fue cancelada: { $service }, { $when }, en { $business }. Si quiere otra hora, responda por aquí.
   *[informal] Tu cita fue cancelada: { $service }, { $when }, en { $business }. Si quieres otra hora, responde por aquí.
}
template-example-service = Corte de pelo
