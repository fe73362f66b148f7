# Надписи на кнопках и в списках: «key-» до 20 знаков, «section-» до 24.

key-any-staff = Любой специалист
key-another-day = Другой день
key-another-service = Другая услуга
key-another-time = Другое время
key-human = Позвать сотрудника
key-back = Назад
key-book = Записаться
key-book-it = Да, записать
key-cancel-it = Да, отменить
key-cancel-visit = Отменить запись
key-change = Изменить
key-choose = Выбрать
key-come = Да, буду
key-continue = Продолжить
key-earlier = Раньше
key-keep-it = Нет, оставить
key-language = Язык
key-later = Позже
key-menu = Меню
key-more = Ещё
key-move-visit = Перенести запись
key-move-it = Да, перенести
key-my-bookings = Мои записи
key-nearest = Ближайший адрес
key-next-week = Следующая неделя
key-no = Нет
key-drop = Нет, спасибо
key-previous-week = Предыдущая неделя
key-prices = Цены
key-start-afresh = Начать заново
key-try-again = Ещё раз
key-where-when = Адрес и часы работы
key-yes = Да

section-other = Другие варианты
pick-one = { $form ->
    [formal] Выберите вариант:
   *[informal] Выбери вариант:
}

label-day-time = { $day }, { $time }
label-free-count = { $count ->
    [one] { $count } свободное окно
    [few] { $count } свободных окна
    [many] { $count } свободных окон
   *[other] { $count } свободного окна
}
