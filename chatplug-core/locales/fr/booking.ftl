# Réserver, déplacer, annuler, et les rendez-vous qui tiennent. Seul « booked » dit que c'est réservé.

summary =
    Je récapitule :

    { $visit }

    Je réserve ?
summary-changed = Quelque chose a changé entre-temps. Voici ce que cela donne maintenant.
booked =
    C'est réservé ! ✅

    { $visit }

    { $form ->
        [formal] À bientôt, nous vous attendons !
       *[informal] À bientôt, on t'attend !
    }
requested =
    J'ai transmis la demande à l'équipe. *Ce n'est pas encore confirmé* : elle le fera dès que possible.

    { $visit }
slot-taken = Désolé, cet horaire vient d'être pris.

not-done-yet-book = Notre agenda ne répond pas pour le moment, donc *ce n'est pas encore fait*. Je réessaie et { own-back } ici.
not-done-yet-cancel = Notre agenda ne répond pas pour le moment, donc le rendez-vous *n'est pas encore annulé*. Je réessaie et { own-back } ici.
not-done-yet-confirm = Notre agenda ne répond pas pour le moment, donc *ce n'est pas encore noté*. Je réessaie et { own-back } ici.
not-done-yet-move = Notre agenda ne répond pas pour le moment, donc le rendez-vous *n'est pas encore déplacé*. Je réessaie et { own-back } ici.
checking-book = Je vérifie si la réservation est bien passée. Un instant.
checking-cancel = Je vérifie si l'annulation est bien passée. Un instant.
checking-confirm = Je vérifie si la confirmation est bien passée. Un instant.
checking-move = Je vérifie si le changement est bien passé. Un instant.
not-done-book = Désolé, la réservation *n'a pas pu se faire*.
not-done-cancel = Désolé, l'annulation n'a pas pu se faire : le rendez-vous *tient toujours*.
not-done-confirm = Désolé, la confirmation n'a pas pu être notée.
not-done-move = Désolé, le changement n'a pas pu se faire : le rendez-vous *reste comme avant*.
unclear-book = Désolé, je ne peux pas dire si la réservation est passée.
unclear-cancel = Désolé, je ne peux pas dire si l'annulation est passée.
unclear-confirm = Désolé, je ne peux pas dire si la confirmation est passée.
unclear-move = Désolé, je ne peux pas dire si le changement est passé.
still-working = Je m'en occupe, un instant.
takes-longer = Message bien reçu. La réponse prend un peu plus de temps que d'habitude et arrivera ici dès que possible.
refused = Désolé, cette réservation n'est pas possible ici, dans le chat.
too-many = { $form ->
    [formal] Vous avez déjà autant de rendez-vous à venir que nous pouvons en prendre par personne.
   *[informal] Tu as déjà autant de rendez-vous à venir que nous pouvons en prendre par personne.
}

move-summary =
    Avant : { $before }

    Après :

    { $visit }

    Je déplace ?
moved =
    C'est fait, le rendez-vous est déplacé. ✅

    { $visit }
cancel-summary =
    Ce rendez-vous :

    { $visit }

    Je l'annule ?
cancelled =
    Rendez-vous annulé : { $line }.

    { $form ->
        [formal] Pour un autre horaire, écrivez-nous quand vous voulez.
       *[informal] Pour un autre horaire, écris-nous quand tu veux.
    }
kept = Très bien, tout reste comme prévu.
dropped = Très bien, je n'ai rien réservé.
too-late-to-change = C'est trop près du rendez-vous pour le changer ici ({ $line }).

no-bookings = { $form ->
    [formal] Vous n'avez aucun rendez-vous à venir.
   *[informal] Tu n'as aucun rendez-vous à venir.
}
bookings-one = { $form ->
    [formal] Votre prochain rendez-vous :
   *[informal] Ton prochain rendez-vous :
}
bookings = { $form ->
    [formal] Vos prochains rendez-vous :
   *[informal] Tes prochains rendez-vous :
}
choose-booking-reschedule = Quel rendez-vous faut-il déplacer ?
choose-booking-cancel = Quel rendez-vous faut-il annuler ?
choose-booking-confirm = Quel rendez-vous faut-il confirmer ?
choose-booking-running-late = Pour quel rendez-vous y a-t-il du retard ?
visit-confirmed = C'est noté, à bientôt : { $line }.
reminder =
    { $form ->
        [formal] Bonjour ! Petit rappel de votre rendez-vous :
       *[informal] Bonjour ! Petit rappel de ton rendez-vous :
    }

    { $visit }

    { $form ->
        [formal] Serez-vous là ?
       *[informal] Tu seras là ?
    }
reminder-named =
    { $form ->
        [formal] Bonjour { $name } ! Petit rappel de votre rendez-vous :
       *[informal] Bonjour { $name } ! Petit rappel de ton rendez-vous :
    }

    { $visit }

    { $form ->
        [formal] Serez-vous là ?
       *[informal] Tu seras là ?
    }
late-noted = Merci de prévenir ! L'équipe est au courant.
late-noted-minutes = { $minutes ->
    [one] Merci de prévenir ! L'équipe est au courant : environ { $minutes } minute de retard.
   *[other] Merci de prévenir ! L'équipe est au courant : environ { $minutes } minutes de retard.
}
moved-by-team =
    { $form ->
        [formal] L'équipe a déplacé votre rendez-vous ({ $before }). C'est maintenant :
       *[informal] L'équipe a déplacé ton rendez-vous ({ $before }). C'est maintenant :
    }

    { $visit }

    { $form ->
        [formal] Si cela ne vous convient pas, dites-le-moi ici.
       *[informal] Si ça ne te convient pas, dis-le-moi ici.
    }
cancelled-by-team =
    { $form ->
        [formal] Nous sommes désolés, l'équipe a dû annuler votre rendez-vous : { $line }.
       *[informal] Nous sommes désolés, l'équipe a dû annuler ton rendez-vous : { $line }.
    }

    On cherche un autre horaire ?
