# Answers about prices, hours, places, services and people.

price-of = *{ $service }*: { $price }, { $duration }.
price-of-unknown = I don't have a price for *{ $service }* here. It takes { $duration }.
price-list = Our prices:
price-line = { $service }: *{ $price }*, { $duration }
price-line-unknown = { $service }: { $duration }

hours = We're open:
hours-unknown = I'm afraid I don't have our opening hours here.
hours-on = On { $date } we're open { $times }.
hours-on-closed = On { $date } we're closed.

address =
    You'll find us here: *{ $name }*
    { $address }
address-unknown = I'm afraid I don't have the address of *{ $name }* here.

service-details = *{ $service }*: { $facts }.
service-details-described = *{ $service }*: { $facts }.

    { $description }
who-does-any = *{ $service }*: whoever is free at the time you choose.
who-does-one = *{ $service }* is done by { $names }.
who-does = You can have *{ $service }* with: { $names }.
ask-about-details = Which service would you like to know more about?
ask-about-price = Which service would you like the price of?
ask-about-who = For which service would you like to know who does it?
