# Saluer, demander ce qui manque, ne pas comprendre, passer la main.

greeting = Bonjour ! 👋 Ici { $business }.
greeting-named = Bonjour { $name } ! 👋 Ici { $business }.
menu = { $form ->
    [formal] Comment puis-je vous aider ?
   *[informal] Comment je peux t'aider ?
}
youre-welcome = { $form ->
    [formal] Je vous en prie ! 😊
   *[informal] Avec plaisir ! 😊
}
review-noted = Merci pour ce retour ! Je l'ai transmis à l'équipe.

resume-offer = La dernière fois, une réservation est restée en cours. On continue, ou on recommence ?
resume-offer-service = La dernière fois, une réservation est restée en cours : *{ $service }*. On continue, ou on recommence ?
resume-offer-date = La dernière fois, une réservation est restée en cours : { $date }. On continue, ou on recommence ?
resume-offer-both = La dernière fois, une réservation est restée en cours : *{ $service }*, { $date }. On continue, ou on recommence ?

ask-branch = { $form ->
    [formal] Laquelle de nos adresses vous convient le mieux ?
   *[informal] Laquelle de nos adresses te convient le mieux ?
}
ask-place = { $form ->
    [formal] Où êtes-vous ? Envoyez-moi votre position et je mets la plus proche en premier.
   *[informal] Où es-tu ? Envoie-moi ta position et je mets la plus proche en premier.
}
branch-gone = Désolé, on ne peut plus réserver à cette adresse ici.
needs-membership = *{ $service }* : il faut un abonnement actif, et je n'en trouve pas. Je préviens quelqu'un de l'équipe ?
needs-prepayment = *{ $service }* se paie à l'avance. Je préviens quelqu'un de l'équipe ?
needs-prepayment-link = *{ $service }* se paie à l'avance, ici : { $link }

    Je préviens quelqu'un de l'équipe ?
ask-service = { $form ->
    [formal] Que souhaitez-vous réserver ?
   *[informal] Qu'est-ce que tu veux réserver ?
}
ask-which-service = Plusieurs prestations correspondent. Laquelle ?
one-service-first = Une chose à la fois : laquelle réserve-t-on d'abord ?
party-too-large = { $most ->
    [1] Ici, je ne peux réserver que pour une personne à la fois, pas pour { $party }. Je préviens quelqu'un de l'équipe ?
   *[other] Ici, je ne peux pas réserver pour { $party } personnes à la fois : le maximum est de { $most }. Je préviens quelqu'un de l'équipe ?
}
cannot-look = Je n'ai pas accès à l'agenda pour le moment. Rien n'a été modifié. Je réessaie ?
system-down = Notre agenda ne répond pas pour le moment. Je garde le message, et la réponse arrive ici dès que l'agenda fonctionne à nouveau.
ask-staff = *{ $service }* : avec qui ?
ask-which-staff = Plusieurs personnes correspondent. Laquelle ?
ask-day = { $form ->
    [formal] *{ $service }* : quel jour vous convient ?
   *[informal] *{ $service }* : quel jour te convient ?
}
ask-which-day = Pour confirmer : quel jour exactement ?
ask-which-time = Pour confirmer : quelle heure exactement ?
ask-slot-next = { $form ->
    [formal] *{ $what }* : lequel de ces horaires vous convient ?
   *[informal] *{ $what }* : lequel de ces horaires te convient ?
}
ask-slot-day = { $form ->
    [formal] *{ $what }*, { $date } : quelle heure vous convient ?
   *[informal] *{ $what }*, { $date } : quelle heure te convient ?
}
ask-slot-days = { $form ->
    [formal] *{ $what }*, { $days } : quel horaire vous convient ?
   *[informal] *{ $what }*, { $days } : quel horaire te convient ?
}
ask-name = À quel nom dois-je réserver ?
ask-email = À quelle adresse e-mail envoyer la confirmation ?
bad-email = { $form ->
    [formal] Hum, cela ne ressemble pas à une adresse e-mail. Pouvez-vous vérifier et me la renvoyer ?
   *[informal] Hum, ça ne ressemble pas à une adresse e-mail. Tu peux vérifier et me la renvoyer ?
}

not-free-then = Désolé, rien de libre le { $when }.
not-free-that-day = Désolé, rien de libre le { $date }.
closest-times = Voici les horaires les plus proches.
still-free = Ceux-ci sont encore libres.
nothing-free-next = Désolé, rien de libre dans les prochains jours.
nothing-free-next-staff = Désolé, rien de libre avec { $staff } dans les prochains jours.
nothing-free-day = Désolé, rien de libre le { $date }.
nothing-free-day-staff = Désolé, rien de libre avec { $staff } le { $date }.
nothing-free-days = Désolé, rien de libre ces jours-là ({ $days }).
nothing-free-days-staff = Désolé, rien de libre avec { $staff } ces jours-là ({ $days }).
nothing-free-at-all = Désolé, tout est complet sur toute la période ouverte aux réservations.
nothing-free-at-all-staff = Désolé, avec { $staff } tout est complet sur toute la période ouverte aux réservations.
day-in-past = Ce jour est déjà passé ({ $date }).
staff-does-not-do = { $staff } ne propose pas *{ $service }*.

out-of-scope = { $form ->
    [formal] Ici, je peux seulement aider pour les rendez-vous. Voulez-vous que quelqu'un de l'équipe vous réponde ?
   *[informal] Ici, je peux seulement aider pour les rendez-vous. Tu veux que quelqu'un de l'équipe te réponde ?
}
not-understood = { $form ->
    [formal] Pardon, je n'ai pas bien compris. Pouvez-vous le dire autrement ?
   *[informal] Pardon, je n'ai pas bien compris. Tu peux le dire autrement ?
}
not-understood-again = { $form ->
    [formal] Pardon, je ne comprends toujours pas. Choisissez une de ces réponses, ou demandez à parler à quelqu'un.
   *[informal] Pardon, je ne comprends toujours pas. Choisis une de ces réponses, ou demande à parler à quelqu'un.
}
cannot-read = { $form ->
    [formal] Je ne sais pas encore lire ce genre de message. Pouvez-vous me l'écrire ?
   *[informal] Je ne sais pas encore lire ce genre de message. Tu peux me l'écrire ?
}
cannot-read-voice = { $form ->
    [formal] Je ne peux pas encore écouter les messages vocaux. Pouvez-vous me l'écrire ?
   *[informal] Je ne peux pas encore écouter les vocaux. Tu peux me l'écrire ?
}
cannot-read-image = { $form ->
    [formal] Je ne peux pas encore voir les images. Pouvez-vous me l'écrire ?
   *[informal] Je ne peux pas encore voir les images. Tu peux me l'écrire ?
}
cannot-read-video = { $form ->
    [formal] Je ne peux pas encore regarder les vidéos. Pouvez-vous me l'écrire ?
   *[informal] Je ne peux pas encore regarder les vidéos. Tu peux me l'écrire ?
}
cannot-read-document = { $form ->
    [formal] Je ne peux pas encore ouvrir les fichiers. Pouvez-vous me l'écrire ?
   *[informal] Je ne peux pas encore ouvrir les fichiers. Tu peux me l'écrire ?
}
cannot-read-sticker = Bien vu ! 😄 Mais je ne comprends que les mots.
heard = J'ai entendu : « { $words } »
yes-in-writing = Je l'ai seulement entendu. Pour être sûr, il faut toucher le bouton ou écrire « oui ».
old-list = Cette liste date un peu. Voici où on en est.
list-refreshed = La liste des prestations et des horaires vient d'être mise à jour.
fact = { $text }
no-fact = { $form ->
    [formal] Je n'ai pas la réponse à cette question ici. Voulez-vous que quelqu'un de l'équipe vous réponde ?
   *[informal] Je n'ai pas la réponse à cette question ici. Tu veux que quelqu'un de l'équipe te réponde ?
}
nothing-open = Il n'y a rien à confirmer pour le moment.
ask-language = { $form ->
    [formal] Quelle langue préférez-vous ?
   *[informal] Tu préfères quelle langue ?
}
language-changed = Très bien, on continue en français.
opted-out = { $form ->
    [formal] C'est noté, vous ne recevrez plus de messages de notre part.
   *[informal] C'est noté, tu ne recevras plus de messages de notre part.
}
opted-out-bookings = { $form ->
    [formal] C'est noté, vous ne recevrez plus de messages de notre part. Vos rendez-vous restent valables.
   *[informal] C'est noté, tu ne recevras plus de messages de notre part. Tes rendez-vous restent valables.
}
opted-in = { $form ->
    [formal] Quel plaisir de vous retrouver ! Vous recevrez de nouveau nos messages.
   *[informal] Quel plaisir de te retrouver ! Tu recevras de nouveau nos messages.
}

handed-over-asked = { $form ->
    [formal] Bien sûr. Je préviens quelqu'un de l'équipe, qui vous répond ici même.
   *[informal] Bien sûr. Je préviens quelqu'un de l'équipe, qui te répond ici même.
}
handed-over-not-understood = { $form ->
    [formal] Désolé, je n'arrive pas à vous suivre. Je préviens quelqu'un de l'équipe, qui vous répond ici même.
   *[informal] Désolé, je n'arrive pas à te suivre. Je préviens quelqu'un de l'équipe, qui te répond ici même.
}
handed-over-backend-down = { $form ->
    [formal] Notre agenda ne répond pas, donc rien n'a été réservé, déplacé ni annulé. Quelqu'un de l'équipe vous répond ici même.
   *[informal] Notre agenda ne répond pas, donc rien n'a été réservé, déplacé ni annulé. Quelqu'un de l'équipe te répond ici même.
}
handed-over-outcome-unclear = { $form ->
    [formal] Quelqu'un de l'équipe vérifie et vous répond ici même.
   *[informal] Quelqu'un de l'équipe vérifie et te répond ici même.
}
handed-over-too-late = { $form ->
    [formal] Quelqu'un de l'équipe va vous aider ici même.
   *[informal] Quelqu'un de l'équipe va t'aider ici même.
}
handed-over-refused = { $form ->
    [formal] Quelqu'un de l'équipe va vous aider ici même.
   *[informal] Quelqu'un de l'équipe va t'aider ici même.
}
handed-over-running-late = { $form ->
    [formal] Quelqu'un de l'équipe vous répond ici même.
   *[informal] Quelqu'un de l'équipe te répond ici même.
}
handed-over-unsafe-move = { $form ->
    [formal] Ce changement demande un peu de soin : quelqu'un de l'équipe va vous aider ici même.
   *[informal] Ce changement demande un peu de soin : quelqu'un de l'équipe va t'aider ici même.
}
handed-back = C'est de nouveau l'assistant. { $form ->
    [formal] Où en étions-nous ?
   *[informal] On en était où ?
}
one-moment = Un instant, s'il { $form ->
    [formal] vous
   *[informal] te
} plaît.

# Several businesses on one number. The words are what a client writes to reach another one, parted by `|`: the last
# message names one of them.
ask-business = Plusieurs établissements répondent à ce numéro. À qui est destiné le message ?
ask-business-again = À quel établissement est destiné le message ?
business-chosen = La conversation se poursuit avec *{ $business }*. Pour en joindre un autre, il suffit d'écrire « autre établissement ».
other-business-words = autre établissement | autres établissements | changer d'établissement | autre commerce | autre entreprise | changer d'entreprise | quels établissements
