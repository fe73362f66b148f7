# Réponses sur les prix, les horaires, les lieux, les prestations et les personnes.

price-of = *{ $service }* : { $price }, { $duration }.
price-of-unknown = Je n'ai pas ici le prix de *{ $service }*. Durée : { $duration }.
price-list = Nos tarifs :
price-line = { $service } : *{ $price }*, { $duration }
price-line-unknown = { $service } : { $duration }

hours = Nos horaires :
hours-unknown = Désolé, je n'ai pas nos horaires ici.
hours-on = Le { $date }, nous sommes ouverts : { $times }.
hours-on-closed = Le { $date }, nous sommes fermés.

address =
    Nous sommes ici : *{ $name }*
    { $address }
address-unknown = Désolé, je n'ai pas ici l'adresse de *{ $name }*.

service-details = *{ $service }* : { $facts }.
service-details-described = *{ $service }* : { $facts }.

    { $description }
who-does-any = *{ $service }* : avec la personne libre à l'heure choisie.
who-does-one = *{ $service }* : c'est avec { $names }.
who-does = *{ $service }* : c'est possible avec { $names }.
ask-about-details = { $form ->
    [formal] Sur quelle prestation souhaitez-vous en savoir plus ?
   *[informal] Sur quelle prestation tu veux en savoir plus ?
}
ask-about-price = Le prix de quelle prestation ?
ask-about-who = { $form ->
    [formal] Pour quelle prestation souhaitez-vous savoir qui la fait ?
   *[informal] Pour quelle prestation tu veux savoir qui la fait ?
}
