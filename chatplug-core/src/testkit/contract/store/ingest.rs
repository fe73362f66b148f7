//! What comes in: once, in order, all or none.

use super::super::salon::*;
use crate::{
    dialogue::{ContactChange, Operator},
    model::{
        CameFrom, ChannelUser, Consent, Content, GeoPoint, Inbound, MediaKind, MediaRef, Private, Referral, Tap,
        TapKind,
    },
    ports::{Ingest, Ingested, MailEvent, Store},
};
use futures_util::future::join_all;
use std::{collections::BTreeSet, sync::Arc};

/// The first message of a person makes their contact and conversation, and is logged.
pub async fn a_first_message_makes_contact_and_conversation(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let view = bella.rows.conversation(conversation).await.unwrap().unwrap();
    assert_eq!((view.id, view.channel, view.contact.user), (conversation, channel(WA), user("ana")));
    assert_eq!((view.state, view.action, view.contact.last_inbound), (None, None, Some(at(0))));
    let leased = bella.lease(conversation, 0).await;
    assert_eq!((texts(&leased.mail), leased.turns, leased.state), (vec!["hi".to_owned()], 0, None));
    assert_eq!(leased.contact.id, view.contact.id);
}

/// A message that the provider delivers again changes nothing, whether or not it was read meanwhile.
pub async fn a_message_seen_before_changes_nothing(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    assert_eq!(bella.ingest(message("ana", "m1", "hi", 0)).await, Ingested::Duplicate);
    assert_eq!(bella.log(conversation).await.len(), 1);
    assert_eq!(bella.lease(conversation, 1).await.mail.len(), 1);
}

/// In one batch a duplicate is told as such, and the others are stored in order.
pub async fn a_batch_with_a_duplicate_keeps_the_rest_in_order(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let batch = ["m1", "m2", "m1", "m3"].map(|id| message("ana", id, id, 0));
    let ingested = bella.rows.ingest(batch.to_vec()).await.unwrap();
    let conversation = queued(ingested[0].clone());
    let queued = Ingested::Queued(conversation);
    assert_eq!(ingested, [queued.clone(), queued.clone(), Ingested::Duplicate, queued]);
    assert_eq!(texts(&bella.lease(conversation, 0).await.mail), ["m1", "m2", "m3"]);
}

/// However many workers receive a redelivery at the same time, one stores it.
pub async fn redelivered_concurrently_a_message_is_stored_once(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let tasks = (0..32).map(|_| {
        let rows = Arc::clone(&bella.rows);
        tokio::spawn(async move { rows.ingest(vec![message("ana", "m1", "hi", 0)]).await.unwrap().remove(0) })
    });
    let ingested: Vec<Ingested> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    let stored: Vec<_> = ingested.into_iter().filter(|ingested| *ingested != Ingested::Duplicate).collect();
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert_eq!(bella.log(queued(stored[0].clone())).await.len(), 1);
}

/// Providers redeliver for days: reading a message does not make it new again.
pub async fn a_message_read_long_ago_is_still_a_duplicate(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    bella.reads_mail(conversation, 0).await;
    let redelivered = Ingest::Message {
        channel: channel(WA),
        message: Box::new(inbound(user("ana"), "m1", "hi", 0)),
        due: at(7 * 86_400),
        received: at(7 * 86_400),
    };
    assert_eq!(bella.ingest(redelivered).await, Ingested::Duplicate);
    bella.cannot_lease(conversation, 8 * 86_400).await;
}

/// Provider ids are unique per number only.
pub async fn the_same_provider_id_on_another_channel_is_another_message(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let first = bella.hears("ana", "m1", "hi", 0).await;
    let Ingest::Message { message, due, received, .. } = message("ana", "m1", "hi", 0) else { unreachable!() };
    let other = queued(bella.ingest(Ingest::Message { channel: channel("wa2"), message, due, received }).await);
    assert_ne!(first, other, "a conversation is one contact on one channel");
}

/// When part of a batch cannot be stored, none of it is; the provider will deliver it again.
pub async fn a_batch_is_stored_whole_or_not_at_all(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let nowhere = Ingest::Message {
        channel: channel("nowhere"),
        message: Box::new(inbound(user("bia"), "m2", "hi", 0)),
        due: at(0),
        received: at(0),
    };
    let result = bella.rows.ingest(vec![message("ana", "m1", "hi", 0), nowhere]).await;
    // Whether a channel that was never registered is an error is the store's affair; half a batch is not.
    let stored = bella.rows.conversations(10).await.unwrap().len();
    assert_eq!(stored, if result.is_ok() { 2 } else { 0 }, "{result:?}");
    assert_eq!(bella.ingest(message("ana", "m1", "hi", 0)).await == Ingested::Duplicate, result.is_ok());
}

/// Whoever writes to two numbers of a business is one client with two conversations.
pub async fn one_person_is_one_contact_across_channels(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let first = bella.hears("ana", "m1", "hi", 0).await;
    let elsewhere = Ingest::Message {
        channel: channel("wa2"),
        message: Box::new(inbound(user("ana"), "m2", "hi", 1)),
        due: at(1),
        received: at(1),
    };
    let second = queued(bella.ingest(elsewhere).await);
    assert_ne!(first, second);
    let contact = async |id| bella.rows.conversation(id).await.unwrap().unwrap().contact.id;
    assert_eq!(contact(first).await, contact(second).await);
    let stranger = bella.hears("bia", "m3", "hi", 2).await;
    assert_ne!(contact(first).await, contact(stranger).await);
}

/// A person who is known by number and by user id is found by either, and by both.
pub async fn a_person_is_found_by_any_of_their_names(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let id = Some(Private::new("PT.123".to_owned()));
    let by_phone = user("ana");
    let by_both = ChannelUser { user_id: id.clone(), ..user("ana") };
    let by_id = ChannelUser { phone: None, user_id: id };
    let mut found = Vec::new();
    for (n, from) in [&by_phone, &by_both, &by_id, &by_phone].into_iter().enumerate() {
        found.push(queued(bella.ingest(incoming(inbound(from.clone(), &format!("m{n}"), "hi", 0), 0)).await));
    }
    found.dedup();
    assert_eq!(found.len(), 1, "{found:?}");
    let contact = bella.rows.conversation(found[0]).await.unwrap().unwrap().contact;
    assert_eq!(contact.user, by_both, "everything known of them is kept");
    for name in [&by_phone, &by_both, &by_id] {
        assert!(bella.rows.conversation_of(&channel(WA), name).await.unwrap().is_some());
    }
}

/// One number in its national spellings is one person, who goes on being written to under the spelling they were met by.
pub async fn a_number_is_one_person_in_all_its_spellings(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let phone = |digits: &str| ChannelUser { phone: Some(digits.parse().unwrap()), user_id: None };
    let hears = async |digits: &str, n: i64| {
        queued(bella.ingest(incoming(inbound(phone(digits), &format!("m{n}"), "hi", n), n)).await)
    };
    let pairs =
        [("551191234567", "5511991234567"), ("5215512345678", "525512345678"), ("541112345678", "5491112345678")];
    for (n, (met, later)) in (0..).zip(pairs) {
        let conversation = hears(met, n * 2).await;
        assert_eq!(hears(later, n * 2 + 1).await, conversation, "{later}");
        let found = bella.rows.conversation_of(&channel(WA), &phone(later)).await.unwrap().unwrap();
        assert_eq!((found.id, found.contact.user), (conversation, phone(met)), "{later}");
    }
    let area = hears("552191234567", 10).await;
    assert_ne!(area, hears("551191234567", 11).await, "another area is somebody else");
    // A new number is another spelling of nothing: they are written to under it from now on.
    let both = |digits: &str| ChannelUser { user_id: Some(Private::new("BR.1".to_owned())), ..phone(digits) };
    let moved = queued(bella.ingest(incoming(inbound(both("551191234567"), "m12", "hi", 12), 12)).await);
    bella.ingest(incoming(inbound(both("5531991234567"), "m13", "hi", 13), 13)).await;
    let contact = bella.rows.conversation(moved).await.unwrap().unwrap().contact;
    assert_eq!(contact.user, both("5531991234567"));
}

/// A new person's burst, received by several workers at once, opens one conversation.
pub async fn first_messages_at_once_make_one_conversation(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let tasks = (0..50).map(|n| {
        let bella = bella.clone();
        tokio::spawn(async move { bella.hears("ana", &format!("m{n}"), "hi", 0).await })
    });
    let mut conversations: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    conversations.dedup();
    assert_eq!(conversations.len(), 1);
    assert_eq!(bella.rows.conversations(100).await.unwrap().len(), 1);
    assert_eq!(bella.lease(conversations[0], 0).await.mail.len(), 50);
}

/// Several new people, each with a burst that comes in under one name, the other and both: each is one contact with one
/// conversation, whoever receives what.
pub async fn new_people_at_once_are_one_contact_each(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let tasks = (0..60_u32).map(|n| {
        let (bella, who) = (bella.clone(), n / 3);
        let (phone, user_id) = (format!("+3519120001{who:02}").parse().ok(), Some(Private::new(format!("PT.{who}"))));
        let from = match n % 3 {
            0 => ChannelUser { phone, user_id },
            1 => ChannelUser { phone, user_id: None },
            _ => ChannelUser { phone: None, user_id },
        };
        tokio::spawn(async move { queued(bella.ingest(incoming(inbound(from, &format!("m{n}"), "hi", 0), 0)).await) })
    });
    let conversations: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    let views = bella.rows.conversations(100).await.unwrap();
    for who in 0..20_usize {
        let number = format!("+3519120001{who:02}").parse().ok();
        let both = ChannelUser { phone: number, user_id: Some(Private::new(format!("PT.{who}"))) };
        let view = bella.rows.conversation_of(&channel(WA), &both).await.unwrap().unwrap();
        let theirs = views.iter().filter(|other| other.contact.user == both).count();
        assert_eq!(theirs, 1, "client {who}");
        assert!(conversations[who * 3..who * 3 + 3].contains(&view.id), "client {who}");
        // What came under the number alone, before anything else, may lie in a conversation of its own.
        assert!(bella.lease(view.id, 0).await.mail.len() >= 2, "client {who}");
    }
}

/// People who write for the first time at the same moment do not become each other.
pub async fn different_people_at_once_are_different_contacts(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let tasks = (0..50).map(|n| {
        let bella = bella.clone();
        tokio::spawn(async move { bella.hears(&format!("client-{n}"), &format!("m{n}"), "hi", 0).await })
    });
    let conversations: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    let views = bella.rows.conversations(100).await.unwrap();
    let contacts: BTreeSet<_> = views.iter().map(|view| view.contact.id).collect();
    assert_eq!((contacts.len(), views.len()), (50, 50));
    for conversation in conversations {
        assert_eq!(bella.lease(conversation, 0).await.mail.len(), 1);
    }
}

/// The name of a profile is what a client is called until they say their own; then it no longer counts.
pub async fn a_profile_s_name_holds_until_they_tell_theirs(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let named = |id: &str, name: &str| {
        let profile_name = Some(Private::new(name.to_owned()));
        incoming(Inbound { profile_name, ..inbound(user("ana"), id, "hi", 0) }, 0)
    };
    let conversation = queued(bella.ingest(named("m1", "ana ✨")).await);
    let name = async || bella.rows.conversation(conversation).await.unwrap().unwrap().contact.name;
    assert_eq!(name().await, Some(Private::new("ana ✨".to_owned())));
    let told = ContactChange::Name { name: Private::new("Ana Sousa".to_owned()) };
    bella.turn(conversation, 1, |commit| commit.contact = vec![told]).await;
    bella.ingest(named("m2", "queen of cuts")).await;
    assert_eq!(name().await, Some(Private::new("Ana Sousa".to_owned())));
}

/// The 24-hour window counts from the latest of their messages by the provider's clock, whatever order they come in.
pub async fn the_window_counts_from_their_latest_message(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m2", "later", 50).await;
    bella.hears("ana", "m1", "earlier", 10).await;
    let contact = bella.rows.conversation(conversation).await.unwrap().unwrap().contact;
    assert_eq!(contact.last_inbound, Some(at(50)));
}

/// The log that people read shows messages oldest first, and the last ones when there are many.
pub async fn the_log_shows_what_came_in(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "one", 1).await;
    bella.hears("ana", "m2", "two", 2).await;
    bella.hears("ana", "m3", "three", 3).await;
    let log = bella.log(conversation).await;
    let texts = |log: &[crate::ports::LogEntry]| log.iter().map(|e| e.text.reveal().clone()).collect::<Vec<_>>();
    assert_eq!(texts(&log), ["one", "two", "three"]);
    assert!(log.iter().all(|entry| entry.inbound && entry.key.is_none() && entry.outcome.is_none()));
    assert_eq!(log[0].message, Some(message_id("m1")));
    assert_eq!(texts(&bella.rows.messages(conversation, 2).await.unwrap()), ["two", "three"]);
}

/// Whatever a client can send comes out of the mailbox as it went in: nothing is lost in storage.
pub async fn every_kind_of_content_comes_back_as_it_was(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let private = |text: &str| Private::new(text.to_owned());
    let media = MediaRef {
        kind: MediaKind::Voice,
        id: "file".to_owned(),
        mime: "audio/ogg".to_owned(),
        caption: Some(private("\u{202e}right to left")),
    };
    let contents = [
        Content::Text { body: private("quote ' \" \\ % {{1}} <b> 💇\u{200d}♀️ \u{0} end") },
        Content::Text { body: private(&"x".repeat(4096)) },
        Content::Text { body: private("") },
        Content::Tap(Tap { id: "3.1".to_owned(), title: "15:30".to_owned(), on: TapKind::Row }),
        Content::Location { point: GeoPoint { latitude: 38.7, longitude: -9.1 }, name: None, address: None },
        Content::Media(media),
        Content::Contacts { phones: vec![private("+351 900 000 000")] },
        Content::Reaction { target: message_id("out-1"), emoji: None },
        Content::Edit { original: message_id("m0"), body: Some(private("new")) },
        Content::Revoke { original: message_id("m0") },
        Content::Order,
        Content::Form { json: private("{\"a\":1}") },
        Content::IdentityChanged { new: ChannelUser { phone: None, user_id: Some(private("PT.1")) } },
        Content::Unsupported { name: "poll_creation".to_owned(), raw: Some(private("{\"type\":\"poll\"}")) },
    ];
    let sent: Vec<Inbound> = (0_i64..)
        .zip(contents)
        .map(|(n, content)| Inbound { content, ..inbound(user("ana"), &format!("m{n}"), "", n) })
        .collect();
    let events = sent.iter().map(|message| incoming(message.clone(), 0)).collect();
    let conversation = queued(bella.rows.ingest(events).await.unwrap().remove(0));
    let mail = bella.lease(conversation, 0).await.mail;
    let came: Vec<Inbound> = mail
        .into_iter()
        .filter_map(|mail| match mail.event {
            MailEvent::Message { message, .. } => Some(*message),
            _ => None,
        })
        .collect();
    assert_eq!(came.len(), sent.len());
    for (came, sent) in came.iter().zip(&sent) {
        assert!(came == sent, "changed in storage: {sent:?} became {came:?}");
    }
}

/// A deed of the business is stored once per key.
pub async fn an_operator_s_deed_is_stored_once_by_its_key(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let say = Operator::Say { text: Private::new("this is Olga".to_owned()) };
    assert_eq!(bella.ingest(operator(conversation, "k1", say.clone(), 1)).await, Ingested::Queued(conversation));
    assert_eq!(bella.ingest(operator(conversation, "k1", say.clone(), 2)).await, Ingested::Duplicate);
    let back = operator(conversation, "k2", Operator::HandBack, 3);
    assert_eq!(bella.ingest(back).await, Ingested::Queued(conversation));
    let deeds: Vec<MailEvent> = bella.lease(conversation, 3).await.mail.into_iter().map(|mail| mail.event).collect();
    let by = || "olga".to_owned();
    let expected = [
        MailEvent::Operator { operator: say, by: by() },
        MailEvent::Operator { operator: Operator::HandBack, by: by() },
    ];
    assert_eq!(deeds[1..], expected);
}

/// A deed in a conversation that does not exist is told as unknown, not as an error.
pub async fn a_deed_in_an_unknown_conversation_is_unknown(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let nowhere = crate::model::ConversationId::derive(&["nowhere"]);
    assert_eq!(bella.ingest(operator(nowhere, "k1", Operator::TakeOver, 1)).await, Ingested::Unknown);
}

/// What a client told the provider about what they want is mail of theirs, once per key.
pub async fn a_preference_is_stored_once_by_its_key(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let told = |conversation, key: &str, refused| Ingest::Preference {
        conversation,
        key: key.to_owned(),
        consent: Consent::Marketing,
        refused,
        received: at(1),
    };
    assert_eq!(bella.ingest(told(conversation, "p1", true)).await, Ingested::Queued(conversation));
    assert_eq!(bella.ingest(told(conversation, "p1", true)).await, Ingested::Duplicate);
    assert_eq!(bella.ingest(told(conversation, "p2", false)).await, Ingested::Queued(conversation));
    let nowhere = crate::model::ConversationId::derive(&["nowhere"]);
    assert_eq!(bella.ingest(told(nowhere, "p3", true)).await, Ingested::Unknown);
    let mail: Vec<MailEvent> = bella.lease(conversation, 3).await.mail.into_iter().map(|mail| mail.event).collect();
    let preference = |refused| MailEvent::Preference { consent: Consent::Marketing, refused };
    assert_eq!(mail[1..], [preference(true), preference(false)]);
}

/// What was written down of a voice message is mail, once per recording; or that nothing was.
pub async fn a_transcript_is_stored_once_by_its_key(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let told = |key: &str, words: Option<&str>| Ingest::Transcript {
        conversation,
        key: key.to_owned(),
        message: message_id("m1"),
        words: words.map(|words| Private::new(words.to_owned())),
        received: at(1),
    };
    assert_eq!(bella.ingest(told("1", Some("a haircut 💇"))).await, Ingested::Queued(conversation));
    assert_eq!(bella.ingest(told("1", None)).await, Ingested::Duplicate);
    assert_eq!(bella.ingest(told("2", None)).await, Ingested::Queued(conversation));
    let mail: Vec<MailEvent> = bella.lease(conversation, 3).await.mail.into_iter().map(|mail| mail.event).collect();
    let transcript = |words: Option<&str>| MailEvent::Transcript {
        message: message_id("m1"),
        words: words.map(|words| Private::new(words.to_owned())),
    };
    assert_eq!(mail[1..], [transcript(Some("a haircut 💇")), transcript(None)]);
}

/// A client who changed their number and wrote from the new one before anybody told us is one client, with their bookings.
pub async fn a_new_number_makes_one_client_of_two(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let old = ChannelUser { phone: Some("351910000001".parse().unwrap()), user_id: None };
    let new = ChannelUser { phone: Some("351910000002".parse().unwrap()), user_id: None };
    let before = queued(bella.ingest(incoming(inbound(old.clone(), "m1", "hi", 0), 0)).await);
    bella.turn(before, 1, |commit| commit.bookings = vec![booking("b1", 100, 200)]).await;
    queued(bella.ingest(incoming(inbound(new.clone(), "m2", "hi from my new number", 2), 2)).await);
    let changed = Content::IdentityChanged { new: new.clone() };
    let changed = Inbound { content: changed, ..inbound(old.clone(), "m3", "", 9) };
    assert_eq!(queued(bella.ingest(incoming(changed, 9)).await), before);

    let view = async |who: &ChannelUser| bella.rows.conversation_of(&channel(WA), who).await.unwrap().unwrap();
    let (by_old, by_new) = (view(&old).await, view(&new).await);
    assert_eq!((by_old.id, by_new.id), (before, before));
    assert_eq!(by_new.contact.user.phone, new.phone, "they are written to where they are now");
    assert_eq!(by_new.contact.last_inbound, Some(at(2)), "what the provider tells of them opens no window");
    assert_eq!(bella.rows.bookings(by_new.contact.id, at(0)).await.unwrap().len(), 1);
    assert_eq!(queued(bella.ingest(incoming(inbound(new, "m4", "and now?", 10), 10)).await), before);
}

/// A number that stands for somebody else's id changed hands: two clients stay two.
pub async fn a_new_number_of_another_person_makes_no_one_of_two(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let named = |phone: &str, id: &str| ChannelUser {
        phone: Some(phone.parse().unwrap()),
        user_id: Some(Private::new(id.to_owned())),
    };
    let (ana, bia) = (named("351910000001", "PT.ana"), named("351910000002", "PT.bia"));
    let hers = queued(bella.ingest(incoming(inbound(bia.clone(), "m1", "hi", 0), 0)).await);
    bella.turn(hers, 1, |commit| commit.bookings = vec![booking("b1", 100, 200)]).await;
    let before = queued(bella.ingest(incoming(inbound(ana.clone(), "m2", "hi", 2), 2)).await);
    let taken_over = ChannelUser { user_id: ana.user_id.clone(), ..bia.clone() };
    let changed = Inbound { content: Content::IdentityChanged { new: taken_over }, ..inbound(ana, "m3", "", 3) };
    assert_eq!(queued(bella.ingest(incoming(changed, 3)).await), before);
    let ana = bella.rows.conversation(before).await.unwrap().unwrap().contact;
    assert_eq!((ana.user.phone, bella.rows.bookings(ana.id, at(0)).await.unwrap().len()), (bia.phone, 0));
    let bia = bella.rows.conversation(hers).await.unwrap().unwrap().contact;
    assert_eq!((bia.user.phone, bella.rows.bookings(bia.id, at(0)).await.unwrap().len()), (None, 1));
}

/// What brought a client into the chat is kept with them.
pub async fn the_ad_that_brought_a_client_is_kept(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let referral = Referral {
        source_id: Some("ad-1".to_owned()),
        source_url: None,
        headline: Some("Cuts from 20".to_owned()),
        click_id: Some("click-1".to_owned()),
    };
    let came_from = CameFrom { referral, at: at(0) };
    let change = ContactChange::CameFrom { came_from: came_from.clone() };
    bella.turn(conversation, 1, |commit| commit.contact = vec![change]).await;
    bella.hears("ana", "m2", "hi again", 2).await;
    let contact = bella.rows.conversation(conversation).await.unwrap().unwrap().contact;
    assert_eq!(contact.came_from, Some(came_from));
}

/// A hint about a booking we know goes to the conversation whose booking it is, once per key.
pub async fn a_hint_about_a_booking_enters_its_conversation_once(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let stranger = bella.books("bia", booking("b2", 100, 200), 0).await;
    let conversation = bella.books("ana", booking("b1", 100, 200), 0).await;
    assert_eq!(bella.ingest(hint(reference("b1"), "h1", 5)).await, Ingested::Queued(conversation));
    assert_eq!(bella.ingest(hint(reference("b1"), "h1", 6)).await, Ingested::Duplicate);
    assert_eq!(bella.ingest(hint(reference("b1"), "h2", 7)).await, Ingested::Queued(conversation));
    let mail = bella.lease(conversation, 7).await.mail;
    assert_eq!(mail.len(), 2);
    assert!(mail.iter().all(|mail| mail.event == MailEvent::Booking { reference: reference("b1") }), "{mail:?}");
    bella.cannot_lease(stranger, 7).await;
}

/// A hint about a booking that no client of ours made costs nothing.
pub async fn a_hint_about_an_unknown_booking_is_ignored(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    assert_eq!(bella.ingest(hint(reference("b1"), "h1", 0)).await, Ingested::Unknown);
    assert_eq!(store.next_due().await.unwrap(), None);
}

/// A conversation is found by channel and person, and only by the right ones.
pub async fn a_conversation_is_found_by_channel_and_person(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    bella.hears("bia", "m2", "hi", 0).await;
    let found = async |channel_name, who| {
        let view = bella.rows.conversation_of(&channel(channel_name), &user(who)).await.unwrap();
        view.map(|view| view.id)
    };
    assert_eq!(found(WA, "ana").await, Some(conversation));
    assert_eq!(found("wa2", "ana").await, None);
    assert_eq!(found(WA, "carla").await, None);
}

/// Screens list the conversation in which something happened last first.
pub async fn conversations_are_listed_the_last_active_first(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let ana = bella.hears("ana", "m1", "hi", 1).await;
    let bia = bella.hears("bia", "m2", "hi", 2).await;
    let carla = bella.hears("carla", "m3", "hi", 3).await;
    bella.hears("ana", "m4", "still there?", 4).await;
    let listed = async |limit| {
        let views = bella.rows.conversations(limit).await.unwrap();
        views.into_iter().map(|view| view.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(10).await, [ana, carla, bia]);
    assert_eq!(listed(2).await, [ana, carla]);
}
