# Messages que le fournisseur approuve d'avance. Les règles sont dans en/templates.ftl.

template-reminder = { $form ->
    [formal] Bonjour { $name }, petit rappel de votre rendez-vous : { $service }, { $when }, chez { $business }. Serez-vous là ?
   *[informal] Bonjour { $name }, petit rappel de ton rendez-vous : { $service }, { $when }, chez { $business }. Tu seras là ?
}
template-someone = { $form ->
    [formal] à vous
   *[informal] à toi
}
template-reminder-come = Je serai là
template-reminder-change = Modifier ou annuler
template-booked = { $form ->
    [formal] Votre rendez-vous est réservé : { $service }, { $when }, chez { $business }. À bientôt !
   *[informal] Ton rendez-vous est réservé : { $service }, { $when }, chez { $business }. À bientôt !
}
template-moved = { $form ->
    [formal] Votre rendez-vous a été déplacé : { $service }, maintenant { $when }, chez { $business }. Si cela ne vous convient pas, répondez ici.
   *[informal] Ton rendez-vous a été déplacé : { $service }, maintenant { $when }, chez { $business }. Si ça ne te convient pas, réponds ici.
}
template-cancelled = { $form ->
    [formal] Votre rendez-vous a été annulé : { $service }, { $when }, chez { $business }. Pour un autre horaire, répondez ici.
   *[informal] Ton rendez-vous a été annulé : { $service }, { $when }, chez { $business }. Pour un autre horaire, réponds ici.
}
template-example-service = Coupe
