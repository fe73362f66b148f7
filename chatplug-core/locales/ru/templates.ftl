# Сообщения, которые провайдер одобряет заранее. Правила в en/templates.ftl.

template-reminder = { $form ->
    [formal] Здравствуйте, { $name }! Напоминаем, что у вас есть запись: { $service }, { $when }. Место: { $business }. Вы придёте?
   *[informal] Привет, { $name }! Напоминаем, что у тебя есть запись: { $service }, { $when }. Место: { $business }. Придёшь?
}
template-someone = { $form ->
    [formal] ждём вас
   *[informal] ждём тебя
}
template-reminder-come = Да, буду
template-reminder-change = Изменить, отменить
template-booked = { $form ->
    [formal] Ваша запись подтверждена: { $service }, { $when }. Место: { $business }. Будем ждать вас!
   *[informal] Твоя запись подтверждена: { $service }, { $when }. Место: { $business }. Будем ждать тебя!
}
template-moved = { $form ->
    [formal] Ваша запись перенесена: { $service }, теперь { $when }. Место: { $business }. Если неудобно, ответьте здесь.
   *[informal] Твоя запись перенесена: { $service }, теперь { $when }. Место: { $business }. Если неудобно, ответь здесь.
}
template-cancelled = { $form ->
    [formal] Ваша запись отменена: { $service }, { $when }. Место: { $business }. Если нужно другое время, ответьте здесь.
   *[informal] Твоя запись отменена: { $service }, { $when }. Место: { $business }. Если нужно другое время, ответь здесь.
}
template-example-service = Стрижка
