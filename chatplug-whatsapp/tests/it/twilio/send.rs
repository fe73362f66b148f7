//! Every kind of message over HTTP: taken by the fake, of the shape that the official descriptions and the contract print,
//! and seen by the client as it was meant.

use super::business::{
    ACCOUNT, SENDER, SERVICE, buttons, config, judge, judged, key, list, maria, messenger, messenger_with, phone, row,
    send, send_text, text, to_maria, twilio,
};
use crate::contracts;
use chatplug_core::{
    model::{Address, ChannelUser, GeoPoint, ListRow, MediaSource, MessageId, MessageRef, Outbound, OwnFile, Place},
    ports::{Clock, Messenger, SendError, SystemClock},
    testkit::{contract::messenger::MessengerScene, fits},
};
use chatplug_whatsapp::{
    LONGEST_SERVED, ServedFiles,
    fake::twilio::{FakeTemplate, FakeTwilio},
    twilio::TwilioLogin,
};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

mod contract {
    use super::*;
    use async_trait::async_trait;
    use chatplug_core::{
        model::{MediaKind, MediaRef},
        testkit::contract::messenger::{Provider, SendFault},
    };
    use chatplug_whatsapp::fake::twilio::Fault;

    struct Fake(FakeTwilio);

    #[async_trait]
    impl Provider for Fake {
        async fn taken(&self) -> usize {
            self.0.all_sent().len()
        }

        async fn fail_next(&self, fault: SendFault) -> bool {
            self.0.on_send().answer(match fault {
                SendFault::AnswerLost => Fault::DropAnswer,
                SendFault::Down => Fault::Code(63_010),
                SendFault::TooFast => Fault::Code(20_429),
                SendFault::WindowClosed => Fault::Code(63_016),
                SendFault::BadCredentials => Fault::Code(20_003),
                SendFault::NobodyThere => Fault::Code(21_211),
                _ => return false,
            });
            true
        }
    }

    async fn scene() -> Box<MessengerScene> {
        let twilio = twilio().await;
        let maria = maria(&twilio);
        let template = FakeTemplate::new("reminder_en", "en", "Hi {{1}}, we wait for you.");
        let _ = twilio.approve(ACCOUNT, template);
        let business = super::super::business::Business::of(&twilio).await;
        let seen = maria.says("hello").await;
        maria.sends_file("image", "image/jpeg", vec![1, 2, 3]).await;
        let media = super::super::webhooks::media_of(&business);
        let messenger = Arc::new(messenger(&twilio));
        let mut scene = MessengerScene::new(messenger, to_maria(), Fake(twilio));
        scene.seen = Some(MessageRef { id: MessageId::new(seen).unwrap(), from: to_maria().user });
        scene.file = Some((MediaRef { kind: MediaKind::Image, ..media }, vec![1, 2, 3]));
        scene.keep = Some(Box::new(business));
        Box::new(scene)
    }

    chatplug_core::messenger_contract!(scene());
}

fn picture() -> MediaSource {
    MediaSource::Url("https://cdn.example.com/a.jpg".into())
}

#[tokio::test]
async fn requests_are_those_of_the_contract() {
    let Some(contract) = contracts::read("twilio/requests.json") else { return };
    let twilio = twilio().await;
    maria(&twilio);
    twilio.hidden_client("US.13491208655302741918").opens_window();
    let reminder = FakeTemplate::new("visit_reminder", "en", "Hi {{1}}, we wait for you on {{2}}.");
    let _ = twilio.approve(ACCOUNT, reminder.with_sid("HX00000000000000000000000000000001"));
    let messenger = judged(&twilio).await;
    let hidden =
        Address { user: ChannelUser { phone: None, user_id: Some("US.13491208655302741918".to_owned().into()) } };
    let template = chatplug_core::model::TemplateMessage {
        name: "HX00000000000000000000000000000001".into(),
        locale: "en".into(),
        lang: chatplug_core::model::Lang::EN,
        body: vec!["Sheena".into(), "March 2,\n\t 15:30".into()],
        buttons: vec![],
        preview: String::new(),
    };
    let words = Some("Your cut".to_owned());
    for (name, to, message) in [
        ("text", to_maria(), text("Your visit is booked.")),
        ("text_to_bsuid", hidden, text("Hi")),
        ("media", to_maria(), Outbound::Image { source: picture(), caption: words }),
        ("content", to_maria(), Outbound::Template(template)),
    ] {
        let sent = messenger.send(&to, &message, key(name)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let taken = twilio.all_sent().pop().unwrap();
        assert_eq!((taken.id.as_str(), taken.failure), (sent.message.as_str(), None), "{name}");
        assert_eq!(taken.key, Some(key(name).to_string()), "{name}");
        let mut ours: BTreeMap<_, _> = taken.form.iter().cloned().collect();
        assert!(ours.remove("StatusCallback").unwrap().starts_with("https://bot.example.com/webhooks/twilio/main?k="));
        let printed = contract["messages_create"]["cases"][name].as_array().unwrap().iter();
        let printed = printed.map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().to_owned()));
        let mut printed: BTreeMap<_, _> = printed.collect();
        printed.remove("StatusCallback");
        assert_eq!(ours, printed, "{name}");
    }
}

#[tokio::test]
async fn the_pool_is_made_of_what_the_contract_prints() {
    let Some(contract) = contracts::read("twilio/requests.json") else { return };
    let twilio = twilio().await;
    maria(&twilio);
    let messenger = judged(&twilio).await;
    send(&messenger, &buttons("?", &["A", "B"])).await.unwrap();
    send(&messenger, &list(&[(None, &[row("A", Some("a")), row("B", Some("b"))])])).await.unwrap();
    let http = chatplug_whatsapp::twilio::http_client().unwrap();
    for (sid, name) in twilio.contents(ACCOUNT).iter().zip(["generic_buttons_2", "generic_list_2"]) {
        let request = http.get(format!("{}/v1/Content/{sid}", twilio.base_url()));
        let made: Value =
            request.basic_auth(ACCOUNT, Some(FakeTwilio::TOKEN)).send().await.unwrap().json().await.unwrap();
        let printed = &contract["content_create"]["cases"][name];
        for part in ["friendly_name", "language", "types"] {
            assert_eq!(made[part], printed[part], "{name}");
        }
    }
}

#[tokio::test]
async fn the_client_sees_what_was_meant() {
    let twilio = twilio().await;
    let maria = maria(&twilio);
    let messenger = judged(&twilio).await;
    let seen = async |message: Outbound| {
        send(&messenger, &message).await.unwrap_or_else(|error| panic!("{message:?}: {error}"));
        maria.next().await
    };
    let shown = seen(buttons("Monday,\n15:30?", &["Yes, book", "Another time", "Cancel"])).await;
    assert_eq!((shown.kind.as_str(), shown.text()), ("quick-reply", "Monday,\n15:30?"));
    assert_eq!(shown.titles(), ["Yes, book", "Another time", "Cancel"]);
    assert_eq!(shown.choices()[1].id, "v1:Another time");

    let rows = [row("15:30", Some("with Ana")), row("16:00", None)];
    let shown = seen(list(&[(Some("Monday"), &rows), (Some("Tuesday"), &[row("9:00", Some(""))])])).await;
    assert_eq!((shown.kind.as_str(), shown.open.as_deref()), ("list-picker", Some("See times")));
    let rows: Vec<_> =
        shown.choices().iter().map(|c| (c.id.as_str(), c.title.as_str(), c.description.as_deref())).collect();
    let expected = [
        ("v1:15:30", "15:30", Some("Monday · with Ana")),
        ("v1:16:00", "16:00", Some("Monday")),
        ("v1:9:00", "9:00", Some("Tuesday")),
    ];
    assert_eq!(rows, expected);
    // A list without small print has none.
    let shown = seen(list(&[(None, &[row("A", None), row("B", None)])])).await;
    assert!(shown.choices().iter().all(|choice| choice.description.is_none()), "{shown:?}");

    let link =
        |body: String| Outbound::Link { body, label: "Pay".into(), url: "https://pay.example.com/s/abc?x=1".into() };
    let shown = seen(link("Pay the deposit.".into())).await;
    assert_eq!((shown.kind.as_str(), shown.text()), ("call-to-action", "Pay the deposit."));
    assert_eq!(shown.links, [("Pay".to_owned(), "https://pay.example.com/s/abc?x=1".to_owned())]);
    let long = "x".repeat(641);
    let shown = seen(link(long.clone())).await;
    assert_eq!(
        (shown.kind.as_str(), shown.text()),
        ("text", format!("{long}\n\nPay: https://pay.example.com/s/abc?x=1").as_str())
    );

    let point = Some(GeoPoint { latitude: 37.442_162_518_686_83, longitude: -122.161_535_820_493_94 });
    let place = Place { name: "Lucky Shrub".into(), address: "101 Forest Ave, Palo Alto".into(), point };
    let pin = seen(Outbound::Location(place)).await.pin.unwrap();
    assert_eq!(
        (Some(pin.point), pin.label.as_str(), pin.address.as_str()),
        (point, "Lucky Shrub", "101 Forest Ave, Palo Alto")
    );

    assert_eq!(seen(Outbound::AskLocation { body: "Where are you?".into() }).await.text(), "Where are you?");
    let shown = seen(Outbound::Contact { name: "Lucky Shrub".into(), phone: "16505559999".parse().unwrap() }).await;
    assert_eq!(shown.text(), "Lucky Shrub\n+16505559999");
    let shown = seen(Outbound::Image { source: picture(), caption: Some("Your cut".into()) }).await;
    assert_eq!((shown.text(), shown.media.as_slice()), ("Your cut", &["https://cdn.example.com/a.jpg".to_owned()][..]));
    let calendar = MediaSource::Url("https://cdn.example.com/visit.ics".into());
    let shown = seen(Outbound::Document { source: calendar, name: "visit.ics".into(), caption: None }).await;
    assert_eq!((shown.text(), shown.media.len()), ("", 1));
    assert_eq!(twilio.refused(), 0);
}

#[tokio::test]
async fn a_file_of_ours_goes_by_an_address_that_serves_it_and_without_one_not_at_all() {
    let twilio = twilio().await;
    let maria = maria(&twilio);
    let file = OwnFile { mime: "text/calendar".into(), bytes: b"BEGIN:VCALENDAR".to_vec().into() };
    let message = Outbound::Document { source: MediaSource::Own(file.clone()), name: "x.ics".into(), caption: None };
    let bare = messenger(&twilio);
    assert!(!bare.limits().files, "whoever renders leaves it out");
    let refused = send(&bare, &message).await;
    assert!(matches!(refused, Err(SendError::Rejected { .. })), "{refused:?}");
    let files = ServedFiles::new("https://bella.example/files/bella/wa", &"secret".to_owned().into());
    let serving = messenger(&twilio).with_files(files.clone());
    assert!(serving.limits().files);
    send(&serving, &message).await.unwrap();
    let shown = maria.next().await;
    let token = shown.media[0].strip_prefix("https://bella.example/files/bella/wa/").unwrap();
    assert_eq!(files.open(token, SystemClock.now()), Ok(file));
    let large = OwnFile { mime: "text/calendar".into(), bytes: vec![b'x'; LONGEST_SERVED + 1].into() };
    let large = Outbound::Document { source: MediaSource::Own(large), name: "x.ics".into(), caption: None };
    assert!(matches!(send(&serving, &large).await, Err(SendError::Rejected { .. })));
    assert_eq!(twilio.refused(), 0);
}

#[tokio::test]
async fn texts_arrive_verbatim() {
    let twilio = twilio().await;
    let maria = maria(&twilio);
    let messenger = judged(&twilio).await;
    let texts = ["a+b=c&d %2B", "olá 👋🏽\n\nПривет", "{{1}} {{2}}", "\"quoted\" \\ {\"1\":\"x\"}"];
    for body in texts {
        send_text(&messenger, body).await.unwrap();
        assert_eq!(maria.next().await.text(), body);
        send(&messenger, &buttons(body, &["1+1=2 & 👋", "{{3}}"])).await.unwrap();
        let shown = maria.next().await;
        assert_eq!((shown.text(), shown.titles()), (body, vec!["1+1=2 & 👋", "{{3}}"]));
    }
}

#[tokio::test]
async fn people_are_reached_by_number_else_by_user_id() {
    let twilio = twilio().await;
    twilio.hidden_client("US.13491208655302741918").opens_window();
    maria(&twilio);
    let messenger = judged(&twilio).await;
    let user_id = Some("US.13491208655302741918".to_owned().into());
    let hidden = Address { user: ChannelUser { phone: None, user_id: user_id.clone() } };
    messenger.send(&hidden, &text("Hello"), key("1")).await.unwrap();
    let both = Address { user: ChannelUser { phone: "15551230001".parse().ok(), user_id } };
    messenger.send(&both, &text("Hello"), key("2")).await.unwrap();
    let to: Vec<_> = twilio.all_sent().iter().map(|sent| sent.parameter("To").unwrap().to_owned()).collect();
    assert_eq!(to, ["whatsapp:US.13491208655302741918", "whatsapp:+15551230001"]);
    let nobody = messenger.send(&Address { user: ChannelUser::default() }, &text("Hello"), key("3")).await;
    assert!(matches!(nobody, Err(SendError::Rejected { code: 20_422, .. })), "{nobody:?}");
    assert_eq!(twilio.all_sent().len(), 2);
}

#[tokio::test]
async fn a_service_sends_from_the_number_all_the_same() {
    let twilio = twilio().await;
    maria(&twilio);
    twilio.add_sender(ACCOUNT, "+15550008888").add_service(ACCOUNT, SERVICE, ["+15550008888", SENDER]);
    let messenger = messenger_with(config(&judge(&twilio).await).with_messaging_service(SERVICE));
    send_text(&messenger, "by service").await.unwrap();
    let sent = twilio.all_sent().pop().unwrap();
    assert_eq!((sent.service.as_deref(), sent.from.as_str()), (Some(SERVICE), "whatsapp:+15550009999"));
}

#[tokio::test]
async fn an_api_key_sends_as_well_as_the_token() {
    const KEY: &str = "SK00000000000000000000000000000001";
    let twilio = twilio().await;
    maria(&twilio);
    twilio.add_key(ACCOUNT, KEY, "secret");
    let with = |login: TwilioLogin| {
        messenger_with(
            chatplug_whatsapp::twilio::TwilioConfig::new(ACCOUNT, login, SENDER).with_base_url(twilio.base_url()),
        )
    };
    send_text(&with(TwilioLogin::api_key(KEY, "secret")), "hi").await.unwrap();
    let wrong = send_text(&with(TwilioLogin::api_key(KEY, "wrong")), "hi").await;
    assert!(matches!(wrong, Err(SendError::Unauthorized { code: 20_003 })), "{wrong:?}");
    assert_eq!(twilio.all_sent().len(), 1);
}

#[tokio::test]
async fn reading_is_marked_with_typing_only() {
    let twilio = twilio().await;
    let maria = maria(&twilio);
    let messenger = judged(&twilio).await;
    let id = maria.says("hello").await;
    let message = |id: &str| MessageRef { id: MessageId::new(id).unwrap(), from: to_maria().user };
    messenger.seen(&message(&id), true).await.unwrap();
    messenger.seen(&message(&format!("{id}/1")), true).await.unwrap();
    messenger.seen(&message(&id), false).await.unwrap();
    messenger.seen(&message("wamid.1"), true).await.unwrap();
    let reads: Vec<_> = twilio.reads().into_iter().map(|read| read.message_id).collect();
    assert_eq!(reads, [id.clone(), id]);
}

#[tokio::test]
async fn a_bug_never_reaches_twilio() {
    let twilio = twilio().await;
    let messenger = messenger(&twilio);
    let target = MessageId::new("SM1").unwrap();
    for message in [
        text(""),
        text(&"x".repeat(1601)),
        buttons("?", &[]),
        buttons("?", &["1", "2", "3", "4"]),
        buttons("?", &["Same", "Same"]),
        Outbound::Reaction { target, emoji: Some("👍".into()) },
        Outbound::Image { source: MediaSource::Id("1".into()), caption: None },
        Outbound::Document { source: picture(), name: "a".into(), caption: Some("words".into()) },
    ] {
        let refused = send(&messenger, &message).await;
        assert!(matches!(refused, Err(SendError::Rejected { code: 20_422, .. })), "{refused:?}");
    }
    assert_eq!((twilio.all_sent().len(), twilio.refused(), twilio.contents(ACCOUNT).len()), (0, 0, 0));
}

#[test]
fn what_fits_the_channel_is_taken() {
    // Three opinions on one message: the channel's limits, our last check, and the fake's rules.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let twilio = runtime.block_on(twilio());
    maria(&twilio);
    let messenger = messenger(&twilio);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&any_message(), |message| {
        let fits = fits(&message, messenger.limits());
        let sent = runtime.block_on(messenger.send(&phone("15551230001"), &message, key("1")));
        prop_assert_eq!(fits.is_ok(), sent.is_ok(), "{:?} and {:?}", fits, sent);
        Ok(())
    });
    assert_eq!(result, Ok(()));
    let taken = twilio.all_sent();
    assert!((40..360).contains(&taken.len()), "{} of 400 were taken: the test tests little", taken.len());
    assert_eq!(twilio.refused(), 0, "the fake refused what we let through");
    let failed: Vec<_> = taken.iter().filter_map(|sent| Some((sent.failure?, &sent.kind))).collect();
    assert!(failed.is_empty(), "taken, and failed later: {failed:?}");
}

/// Messages around the limits, right and wrong.
fn any_message() -> impl Strategy<Value = Outbound> {
    let words = |limit: usize| {
        let around = prop_oneof![4 => 1..=limit, 1 => Just(limit), 1 => Just(limit + 1), 1 => Just(0)];
        (around, prop_oneof![Just("x"), Just("é"), Just("漢"), Just("💇")], any::<u16>()).prop_map(
            |(units, filling, salt)| {
                let start: String = salt.to_string().chars().take(units).collect();
                let left = units - start.len();
                start + &filling.repeat(left / filling.encode_utf16().count())
            },
        )
    };
    let row = (words(24), proptest::option::of(words(72)), any::<u8>());
    let row = row.prop_map(|(title, description, id)| ListRow { id: id.to_string(), title, description });
    let section = (proptest::option::weighted(0.9, words(24)), proptest::collection::vec(row, 0..6));
    let section = section.prop_map(|(title, rows)| chatplug_core::model::ListSection { title, rows });
    let buttons = proptest::collection::vec((words(20), any::<u8>()), 0..5);
    let buttons = buttons.prop_map(|all| {
        all.into_iter().map(|(title, id)| chatplug_core::model::Button { id: id.to_string(), title }).collect()
    });
    prop_oneof![
        words(1600).prop_map(|body| Outbound::Text { body }),
        (words(1024), buttons).prop_map(|(body, buttons)| Outbound::Buttons { body, buttons }),
        (words(1024), words(20), proptest::collection::vec(section, 0..4))
            .prop_map(|(body, open, sections)| Outbound::List { body, open, sections }),
        (words(1024), words(20)).prop_map(|(body, label)| Outbound::Link {
            body,
            label,
            url: "https://example.com/a?b=c".into()
        }),
        words(1024).prop_map(|body| Outbound::AskLocation { body }),
    ]
}
