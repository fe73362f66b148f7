# Ответы о ценах, часах работы, адресах, услугах и мастерах.

price-of = *{ $service }*: { $price }, { $duration }.
price-of-unknown = *{ $service }*: цены у меня здесь нет, длится { $duration }.
price-list = Наши цены:
price-line = { $service }: *{ $price }*, { $duration }
price-line-unknown = { $service }: { $duration }

hours = Мы работаем:
hours-unknown = К сожалению, расписания работы у меня здесь нет.
hours-on = { CAP($date) }: работаем { $times }.
hours-on-closed = { CAP($date) }: выходной.

address =
    Мы здесь: *{ $name }*
    { $address }
address-unknown = *{ $name }*: к сожалению, адреса у меня здесь нет.

service-details = *{ $service }*: { $facts }.
service-details-described = *{ $service }*: { $facts }.

    { $description }
who-does-any = *{ $service }*: принимает тот, кто свободен в выбранное время.
who-does-one = *{ $service }*: принимает { $names }.
who-does = *{ $service }*: принимают { $names }.
ask-about-details = О какой услуге рассказать?
ask-about-price = Цену какой услуги подсказать?
ask-about-who = О какой услуге речь?
