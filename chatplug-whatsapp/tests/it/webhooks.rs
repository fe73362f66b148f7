//! The fake's webhooks against the real receiver: clients who write, statuses in every order, redelivery.

use crate::business::{
    ACCOUNT, Business, NUMBER, OTHER_ACCOUNT, OTHER_NUMBER, graph, key, maria, messenger, phone, send_text,
};
use chatplug_core::{
    model::{Content, FailureKind, Lang, Outbound, Stage, TapKind, TemplateMessage},
    ports::{Messenger, ReceivedEvent, Scoped},
};
use chatplug_whatsapp::fake::meta::{Event, FakeTemplate, Fault, Redelivery, StatusPlan};
use chrono::{DateTime, Duration, Utc};
use serde_json::json;

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap()
}

fn content(event: &ReceivedEvent) -> &Content {
    match &event.event {
        Scoped::Message(message) => &message.content,
        other => panic!("not a message: {other:?}"),
    }
}

/// Stages of the statuses among events, with whether the key came back.
fn stages(events: &[ReceivedEvent]) -> Vec<(Stage, bool)> {
    let status = |event: &ReceivedEvent| match &event.event {
        Scoped::Status(status) => Some((status.stage, status.key.is_some())),
        _ => None,
    };
    events.iter().filter_map(status).collect()
}

#[tokio::test]
async fn the_callback_is_verified() {
    let graph = graph().await;
    assert!(!graph.verify_callback().await, "there is none yet");
    let _business = Business::behind(&graph).await;
    assert!(graph.verify_callback().await);
}

#[tokio::test]
async fn everything_a_client_does_arrives_as_what_it_is() {
    let graph = graph().await;
    let business = Business::behind(&graph).await;
    graph.set_now(noon());
    let maria = graph.client("16505551234").named("Maria").with_user_id("US.1");
    let first = maria.says("oi 👋").await;
    maria.taps("v1:yes", "Yes").await;
    maria.picks("v1:slot:1", "15:30").await;
    maria.taps_template("v1:confirm", "Confirm").await;
    maria.sends_location(38.7, -9.1).await;
    maria.reacts(&first, "👍").await;
    maria.reacts(&first, "").await;
    maria.sends_file("audio", "audio/ogg; codecs=opus", &b"OggS"[..]).await;
    maria.sends("order", json!({"catalog_id": "1", "product_items": []})).await;
    maria.wants_marketing(false).await;

    let events = business.events();
    assert!(events.iter().all(|event| event.external_id == NUMBER));
    let Scoped::Message(hello) = &events[0].event else { panic!() };
    assert_eq!(hello.id.as_str(), first);
    assert_eq!(hello.at, noon());
    assert_eq!(hello.from.phone, "16505551234".parse().ok());
    assert_eq!(hello.from.user_id, Some("US.1".to_owned().into()));
    assert_eq!(hello.profile_name, Some("Maria".to_owned().into()));
    assert_eq!(hello.content, Content::Text { body: "oi 👋".to_owned().into() });
    let taps: Vec<_> = events[1..4]
        .iter()
        .map(|event| match content(event) {
            Content::Tap(tap) => (tap.on, tap.id.as_str(), tap.title.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        taps,
        [
            (TapKind::Button, "v1:yes", "Yes"),
            (TapKind::Row, "v1:slot:1", "15:30"),
            (TapKind::Template, "v1:confirm", "Confirm")
        ]
    );
    assert!(matches!(content(&events[4]), Content::Location { .. }));
    assert!(matches!(content(&events[5]), Content::Reaction { emoji: Some(_), .. }));
    assert!(matches!(content(&events[6]), Content::Reaction { emoji: None, .. }));
    let Content::Media(voice) = content(&events[7]) else { panic!() };
    assert_eq!(&messenger(&graph).fetch_media(voice).await.unwrap().bytes[..], b"OggS");
    assert_eq!(content(&events[8]), &Content::Order);
    assert!(matches!(&events[9].event, Scoped::MarketingPreference { wanted: false, .. }));
}

#[tokio::test]
async fn staff_and_new_numbers_are_told() {
    let graph = graph().await;
    let business = Business::behind(&graph).await;
    let maria = graph.client("16505551234").named("Maria").with_user_id("US.1");
    maria.hears_from_staff("I take over").await;
    let moved = maria.changes_number("+1 219-555-5358").await;
    moved.says("it is me").await;

    let events = business.events();
    let Scoped::StaffWrote { user } = &events[0].event else { panic!() };
    assert_eq!(user.phone, "16505551234".parse().ok());
    let Content::IdentityChanged { new } = content(&events[1]) else { panic!() };
    assert_eq!(new.phone, "12195555358".parse().ok());
    let Scoped::Message(message) = &events[2].event else { panic!() };
    assert_eq!(
        (message.from.phone.clone(), message.from.user_id.clone()),
        (new.phone.clone(), Some("US.1".to_owned().into()))
    );
}

#[tokio::test]
async fn waiting_ends_when_enough_has_come() {
    let graph = graph().await;
    let maria = maria(&graph);
    let messenger = messenger(&graph);
    let sending = async {
        for n in 0..3 {
            send_text(&messenger, &format!("message {n}")).await.unwrap();
        }
    };
    let waiting = async {
        assert!(!graph.wait_for(1).await.is_empty());
        let sent = graph.wait_until("the last", |sent| sent.iter().any(|sent| sent.text() == "message 2")).await;
        assert_eq!(sent.len(), 3);
        [maria.next().await, maria.next().await].map(|message| message.text().to_owned())
    };
    let (read, ()) = tokio::join!(waiting, sending);
    assert_eq!(read, ["message 0", "message 1"]);
}

#[tokio::test]
async fn a_person_without_a_number_writes_and_is_answered() {
    let graph = graph().await;
    let business = Business::behind(&graph).await;
    let hidden = graph.hidden_client("US.13491208655302741918").named("Ana");
    hidden.says("oi").await;
    let Scoped::Message(message) = business.events().remove(0).event else { panic!() };
    assert_eq!(message.from.phone, None);
    let to = chatplug_core::model::Address { user: message.from.clone() };
    messenger(&graph).send(&to, &Outbound::Text { body: "Olá, Ana!".into() }, key("1")).await.unwrap();
    assert_eq!(hidden.next().await.text(), "Olá, Ana!");
    graph.settled().await;
    assert_eq!(stages(&business.events()), [(Stage::Sent, true), (Stage::Delivered, true), (Stage::Read, true)]);
}

#[tokio::test]
async fn one_webhook_may_mix_numbers_and_accounts_and_repeat_itself() {
    let graph = graph().await;
    let business = Business::behind(&graph).await;
    let maria = graph.client("16505551234").named("Maria");
    let ivan = graph.client("34600111222").named("Ivan").at(OTHER_NUMBER);
    let (early, late) = (maria.text("first").at(noon()), maria.text("second").at(noon() + Duration::seconds(1)));
    let gone = Event::account(OTHER_NUMBER, "account_update", json!({"event": "ACCOUNT_DELETED"}), noon());
    let batch = [late.clone(), ivan.text("other"), early.clone(), early.clone(), gone];
    assert_eq!(graph.deliver(batch).await, Some(1));

    let events = business.events();
    let to: Vec<_> = events.iter().map(|event| event.external_id.as_str()).collect();
    assert_eq!(to, [NUMBER, OTHER_NUMBER, NUMBER, NUMBER, OTHER_ACCOUNT]);
    let keys = business.keys();
    assert_eq!(keys[0], format!("m:{}", late.id()));
    assert_eq!((&keys[2], &keys[3]), (&format!("m:{}", early.id()), &format!("m:{}", early.id())));
    let account = Scoped::Account { what: "account_update:ACCOUNT_DELETED".into() };
    assert_eq!(events[4].event, account);
}

#[tokio::test]
async fn a_webhook_is_posted_again_until_200_with_the_same_keys() {
    let graph = graph().await;
    let business = Business::behind(&graph).await;
    business.answers.lock().unwrap().extend([503, 500, 204]);
    let maria = graph.client("16505551234");
    let event = maria.text("hi");
    assert_eq!(graph.deliver([event.clone()]).await, Some(4), "204 is not 200");
    assert_eq!(graph.answers(), [503, 500, 204, 200]);
    assert_eq!(business.keys(), [format!("m:{}", event.id())]);

    let few = Redelivery { attempts: Some(2), ..Redelivery::default() };
    graph.redelivery(few);
    business.answers.lock().unwrap().extend([503, 503]);
    assert_eq!(graph.deliver([event]).await, None);
}

#[tokio::test]
async fn a_forged_webhook_is_turned_away() {
    let graph = graph().await;
    let business = Business::behind(&graph).await;
    let event = graph.client("16505551234").text("hi");
    let body = graph.body_of([event.clone()]);
    assert_eq!(graph.post_raw(body.clone(), None).await, 401);
    assert_eq!(graph.post_raw(body.clone(), Some(&chatplug_whatsapp::meta::sign("guess", &body))).await, 401);
    assert_eq!(business.events(), []);
    assert_eq!(graph.post_once([event]).await, 200);
    assert_eq!(business.events().len(), 1);
}

#[tokio::test]
async fn statuses_follow_the_plan() {
    let graph = graph().await;
    let business = Business::behind(&graph).await;
    maria(&graph);
    let messenger = messenger(&graph);
    let plans = [
        (StatusPlan::none(), vec![]),
        (StatusPlan::sent(), vec![Stage::Sent]),
        (StatusPlan::read(), vec![Stage::Sent, Stage::Delivered, Stage::Read]),
        (StatusPlan::read().without_delivered(), vec![Stage::Sent, Stage::Read]),
        (StatusPlan::delivered().twice(), vec![Stage::Sent, Stage::Sent, Stage::Delivered, Stage::Delivered]),
    ];
    for (n, (plan, expected)) in plans.into_iter().enumerate() {
        graph.statuses(plan);
        business.events.lock().unwrap().clear();
        send_text(&messenger, &format!("message {n}")).await.unwrap();
        graph.settled().await;
        assert_eq!(stages(&business.events()), expected.into_iter().map(|stage| (stage, true)).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_status_may_overtake_the_answer() {
    let graph = graph().await;
    let business = Business::behind(&graph).await;
    maria(&graph);
    graph.statuses(StatusPlan::sent().before_answer());
    graph.on_send().answer(Fault::DropAnswer);
    send_text(&messenger(&graph), "hi").await.unwrap_err();
    // The answer is lost, but its status is here and names the key and the id: the message can be adopted.
    let Scoped::Status(status) = business.events().remove(0).event else { panic!() };
    assert_eq!((status.stage, status.key), (Stage::Sent, Some(key("hi"))));
    assert_eq!(status.message.as_str(), graph.all_sent()[0].id);
}

#[tokio::test]
async fn statuses_that_are_held_come_when_told_in_any_order() {
    let graph = graph().await;
    let business = Business::behind(&graph).await;
    maria(&graph);
    graph.statuses(StatusPlan::read().held());
    send_text(&messenger(&graph), "hi").await.unwrap();
    assert_eq!(business.events(), []);
    let mut held = graph.take_held();
    held.reverse();
    assert_eq!(held.iter().map(|event| event.stage().unwrap()).collect::<Vec<_>>(), ["read", "delivered", "sent"]);
    graph.deliver(held).await;
    assert_eq!(stages(&business.events()), [(Stage::Read, true), (Stage::Delivered, true), (Stage::Sent, true)]);
    graph.release().await;
    assert_eq!(business.events().len(), 3);
}

#[tokio::test]
async fn free_text_outside_the_window_is_taken_and_fails() {
    let graph = graph().await;
    let business = Business::behind(&graph).await;
    graph.set_now(noon());
    graph.approve(ACCOUNT, FakeTemplate::new("hello", "pt_PT", "Olá de novo!"));
    let maria = graph.client("16505551234");
    let messenger = messenger(&graph);
    let failure = |events: &[ReceivedEvent]| match &events.last().unwrap().event {
        Scoped::Status(status) => status.failure.as_ref().map(|failure| (failure.code, failure.kind)),
        other => panic!("{other:?}"),
    };
    let closed = Some((131_047, FailureKind::OutsideWindow));

    send_text(&messenger, "she never wrote").await.unwrap();
    graph.settled().await;
    assert_eq!(failure(&business.events()), closed);

    maria.says("oi").await;
    graph.advance(Duration::hours(24) - Duration::seconds(1));
    send_text(&messenger, "in time").await.unwrap();
    graph.settled().await;
    assert_eq!(failure(&business.events()), None);

    graph.advance(Duration::seconds(1));
    send_text(&messenger, "too late").await.unwrap();
    graph.settled().await;
    assert_eq!(failure(&business.events()), closed);

    let template = TemplateMessage {
        name: "hello".into(),
        locale: "pt_PT".into(),
        lang: Lang::PT,
        body: vec![],
        buttons: vec![],
        preview: String::new(),
    };
    messenger.send(&phone("16505551234"), &Outbound::Template(template), key("t")).await.unwrap();
    graph.settled().await;
    assert_eq!(failure(&business.events()), None);

    graph.keep_window(false);
    send_text(&messenger, "nobody looks").await.unwrap();
    graph.unreachable("+1 650-555-1234");
    send_text(&messenger, "no WhatsApp").await.unwrap();
    graph.on_send().answer(Fault::FailLater(131_050));
    send_text(&messenger, "not wanted").await.unwrap();
    graph.settled().await;
    let failures: Vec<_> = business
        .events()
        .iter()
        .filter_map(|event| match &event.event {
            Scoped::Status(status) => Some(status.failure.as_ref()?.kind),
            _ => None,
        })
        .collect();
    assert_eq!(failures[2..], [FailureKind::Unreachable, FailureKind::OptedOut]);
}

#[tokio::test]
async fn a_client_chooses_what_was_offered() {
    let graph = graph().await;
    let business = Business::behind(&graph).await;
    graph.approve(ACCOUNT, FakeTemplate::new("visit", "en", "See you {{1}}.").with_quick_replies(["Confirm", "Move"]));
    let maria = maria(&graph);
    let messenger = messenger(&graph);
    let to = phone("16505551234");
    let button = |id: &str, title: &str| chatplug_core::model::Button { id: id.into(), title: title.into() };
    let buttons = vec![button("v1:yes", "Yes, book"), button("v1:no", "No")];
    messenger.send(&to, &Outbound::Buttons { body: "Book it?".into(), buttons }, key("1")).await.unwrap();
    let offer = maria.next().await;
    assert_eq!((offer.text(), offer.titles()), ("Book it?", vec!["Yes, book", "No"]));
    maria.chooses("Yes").await;

    let template = TemplateMessage {
        name: "visit".into(),
        locale: "en".into(),
        lang: Lang::EN,
        body: vec!["tomorrow".into()],
        buttons: vec!["v1:confirm".into()],
        preview: String::new(),
    };
    messenger.send(&to, &Outbound::Template(template), key("2")).await.unwrap();
    assert_eq!(maria.next().await.text(), "See you tomorrow.");
    maria.chooses("Confirm").await;

    graph.settled().await;
    let mut taps = Vec::new();
    for event in business.events() {
        let Scoped::Message(message) = event.event else { continue };
        let Content::Tap(tap) = message.content else { panic!() };
        taps.push((tap.on, tap.id, message.quoted.unwrap().to_string()));
    }
    let sent = graph.all_sent();
    assert_eq!(
        taps,
        [
            (TapKind::Button, "v1:yes".to_owned(), sent[0].id.clone()),
            (TapKind::Template, "v1:confirm".to_owned(), sent[1].id.clone())
        ]
    );
}
