# Ce qui est écrit sur les boutons et dans les listes : « key- » 20 caractères au plus, « section- » 24.

key-any-staff = Sans préférence
key-another-day = Un autre jour
key-another-service = Autre prestation
key-another-time = Une autre heure
key-human = Parler à quelqu'un
key-back = Retour
key-book = Prendre rendez-vous
key-book-it = Oui, réserver
key-cancel-it = Oui, annuler
key-cancel-visit = Annuler un RDV
key-change = Modifier
key-choose = Choisir
key-come = Je serai là
key-continue = Continuer
key-earlier = Plus tôt
key-keep-it = Non, le garder
key-language = Langue
key-later = Plus tard
key-menu = Menu
key-more = Voir plus
key-move-visit = Déplacer un RDV
key-move-it = Oui, déplacer
key-my-bookings = Mes rendez-vous
key-nearest = La plus proche
key-next-week = Semaine suivante
key-no = Non
key-drop = Non merci
key-previous-week = Semaine précédente
key-prices = Tarifs
key-start-afresh = Recommencer
key-try-again = Réessayer
key-where-when = Adresse et horaires
key-yes = Oui

section-other = Autres choix
pick-one = { $form ->
    [formal] Choisissez une réponse :
   *[informal] Choisis une réponse :
}

label-day-time = { $day }, { $time }
label-free-count = { $count ->
    [one] { $count } horaire libre
   *[other] { $count } horaires libres
}
