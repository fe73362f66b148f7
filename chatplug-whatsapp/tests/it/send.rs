//! Every kind of message over HTTP: taken by the fake, and of the shape that the contract prints.

use crate::{
    business::{ACCOUNT, NUMBER, graph, key, maria, messenger, phone, text},
    contracts,
};
use chatplug_core::{
    model::{
        Address, Button, ChannelUser, GeoPoint, Lang, ListRow, ListSection, MediaSource, MessageId, MessageRef,
        Outbound, Place, TemplateMessage,
    },
    ports::{Messenger, SendError},
    testkit::fits,
};
use chatplug_whatsapp::fake::meta::{FakeTemplate, ReadMark};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};

const WAMID: &str = "wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQzQUFBAAAAAQA=";

fn button(id: &str, title: &str) -> Button {
    Button { id: id.into(), title: title.into() }
}

fn row(id: &str, title: &str, description: Option<&str>) -> ListRow {
    ListRow { id: id.into(), title: title.into(), description: description.map(Into::into) }
}

fn reminder(body: &[&str], buttons: &[&str]) -> TemplateMessage {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    TemplateMessage {
        name: "visit_reminder".into(),
        locale: "en_US".into(),
        lang: Lang::EN,
        body: texts(body),
        buttons: texts(buttons),
        preview: String::new(),
    }
}

/// What of a message can be read back: an empty small print is none, a template's values have no line breaks, and what it
/// says comes from the provider.
fn read_back(mut message: Outbound) -> Outbound {
    if let Outbound::List { sections, .. } = &mut message {
        for row in sections.iter_mut().flat_map(|section| &mut section.rows) {
            row.description = row.description.take().filter(|text| !text.is_empty());
        }
    }
    if let Outbound::Template(template) = &mut message {
        template.preview.clear();
        for value in &mut template.body {
            *value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        }
    }
    message
}

pub(crate) fn reminder_template() -> FakeTemplate {
    FakeTemplate::new("visit_reminder", "en_US", "Hi {{1}}, we wait for you on {{2}}. Please confirm.")
        .with_quick_replies(["Confirm", "Move"])
}

/// Messages of ours and the contract's name of the request that they must become.
pub(crate) fn messages() -> Vec<(&'static str, Outbound)> {
    let image = |source| Outbound::Image { source, caption: None };
    vec![
        ("text", text("Your visit is booked for Monday, March 2, 15:30.")),
        (
            "interactive_button",
            Outbound::Buttons {
                body: "Monday, March 2, 15:30 with Ana. Book it?".into(),
                buttons: vec![
                    button("v1:yes:q7", "Yes, book"),
                    button("v1:other:q7", "Another time"),
                    button("v1:no:q7", "Cancel"),
                ],
            },
        ),
        (
            "interactive_list",
            Outbound::List {
                body: "Which time suits you?".into(),
                open: "See times".into(),
                sections: vec![
                    ListSection {
                        title: Some("Monday, March 2".into()),
                        rows: vec![
                            row("v1:slot:1", "15:30", Some("with Ana")),
                            row("v1:slot:2", "16:00", Some("with Bruno")),
                        ],
                    },
                    ListSection {
                        title: Some("Tuesday, March 3".into()),
                        // An empty small print is no small print.
                        rows: vec![row("v1:slot:3", "09:00", Some(""))],
                    },
                ],
            },
        ),
        (
            "interactive_cta_url",
            Outbound::Link {
                body: "Pay the deposit to keep the time.".into(),
                label: "Pay".into(),
                url: "https://pay.example.com/s/abc".into(),
            },
        ),
        ("interactive_location_request", Outbound::AskLocation { body: "Where are you?".into() }),
        (
            "template_positional",
            Outbound::Template(reminder(&["Sheena", "March 2,\n\t 15:30"], &["v1:confirm:bk_42", "v1:move:bk_42"])),
        ),
        (
            "image_by_id",
            Outbound::Image { source: MediaSource::Id("1479537139650973".into()), caption: Some("Your cut".into()) },
        ),
        ("image_by_link", image(MediaSource::Url("https://cdn.example.com/a.jpg".into()))),
        (
            "document",
            Outbound::Document {
                source: MediaSource::Id("1376223850470843".into()),
                name: "visit.pdf".into(),
                caption: Some("Your visit".into()),
            },
        ),
        (
            "location",
            Outbound::Location(Place {
                name: "Lucky Shrub".into(),
                address: "101 Forest Ave, Palo Alto, CA 94301".into(),
                point: Some(GeoPoint { latitude: 37.442_162_518_686_83, longitude: -122.161_535_820_493_94 }),
            }),
        ),
        ("contacts", Outbound::Contact { name: "Lucky Shrub".into(), phone: "16505559999".parse().unwrap() }),
        ("reaction", Outbound::Reaction { target: MessageId::new(WAMID).unwrap(), emoji: Some("👍".into()) }),
        ("reaction_remove", Outbound::Reaction { target: MessageId::new(WAMID).unwrap(), emoji: None }),
    ]
}

#[tokio::test]
async fn every_kind_becomes_the_request_of_the_contract() {
    let Some(contract) = contracts::read("meta/requests.json") else { return };
    let graph = graph().await;
    graph.approve(ACCOUNT, reminder_template());
    maria(&graph);
    let messenger = messenger(&graph);
    for (name, message) in messages() {
        let sent = messenger.send(&phone("16505551234"), &message, key(name)).await;
        let sent = sent.unwrap_or_else(|error| panic!("{name}: {error}"));
        let taken = graph.all_sent().pop().unwrap();
        assert_eq!(taken.id, sent.message.as_str(), "{name}");
        assert_eq!(taken.key, Some(key(name).to_string()), "{name}");
        assert_eq!(read_back(taken.shown()), read_back(message), "{name}");
        assert_eq!(plain(taken.request), plain(contract["messages"][name].clone()), "{name}");
    }
}

/// A request without what our messages do not have: headings, footers, and the key.
fn plain(mut request: Value) -> Value {
    if let Some(interactive) = request.get_mut("interactive").and_then(Value::as_object_mut) {
        interactive.remove("header");
        interactive.remove("footer");
    }
    request.as_object_mut().unwrap().remove("biz_opaque_callback_data");
    request
}

#[tokio::test]
async fn a_hidden_number_is_reached_by_user_id() {
    let graph = graph().await;
    graph.hidden_client("US.13491208655302741918").opens_window();
    let user_id = Some("US.13491208655302741918".to_owned().into());
    let messenger = messenger(&graph);
    let hidden = Address { user: ChannelUser { phone: None, user_id: user_id.clone() } };
    messenger.send(&hidden, &text("Hello"), key("1")).await.unwrap();
    let both = Address { user: ChannelUser { phone: "16505551234".parse().ok(), user_id } };
    messenger.send(&both, &text("Hello"), key("2")).await.unwrap();

    let sent = graph.sent(NUMBER);
    assert_eq!(sent[0].request["recipient"], "US.13491208655302741918");
    assert!(sent[0].request.get("to").is_none());
    assert_eq!(sent[1].request["to"], "+16505551234");
    assert!(sent[1].request.get("recipient").is_none());

    let nobody = Address { user: ChannelUser::default() };
    let refused = messenger.send(&nobody, &text("Hello"), key("3")).await;
    assert!(matches!(refused, Err(SendError::Rejected { code: 100, .. })));
    assert_eq!(graph.all_sent().len(), 2);
}

#[tokio::test]
async fn reading_is_marked_with_and_without_typing() {
    let graph = graph().await;
    let messenger = messenger(&graph);
    let message = MessageRef { id: MessageId::new(WAMID).unwrap(), from: phone("16505551234").user };
    messenger.seen(&message, true).await.unwrap();
    messenger.seen(&message, false).await.unwrap();
    let mark = |typing| ReadMark { phone_number_id: NUMBER.into(), message_id: WAMID.into(), typing };
    assert_eq!(graph.reads(), [mark(true), mark(false)]);
}

#[tokio::test]
async fn a_bug_never_reaches_meta() {
    let graph = graph().await;
    let messenger = messenger(&graph);
    let too_many = (0..4).map(|n| button(&n.to_string(), &n.to_string())).collect();
    for message in [
        text(""),
        text(&"x".repeat(4097)),
        Outbound::Buttons { body: "?".into(), buttons: vec![] },
        Outbound::Buttons { body: "?".into(), buttons: too_many },
        Outbound::Buttons { body: "?".into(), buttons: vec![button("a", "Same"), button("b", "Same")] },
    ] {
        let refused = messenger.send(&phone("16505551234"), &message, key("1")).await;
        assert!(matches!(refused, Err(SendError::Rejected { code: 100, .. })), "{refused:?}");
    }
    assert_eq!((graph.all_sent().len(), graph.refused()), (0, 0));
}

#[tokio::test]
async fn whatever_passes_our_checks_passes_metas() {
    // The longest that we let through, in the unit that we count.
    let long = |n: usize| "é".repeat(n);
    let graph = graph().await;
    maria(&graph);
    let messenger = messenger(&graph);
    let rows = |from: usize| (from..from + 5).map(|n| row(&format!("{n:0>200}"), &long(24), Some(&long(72)))).collect();
    let titles = ["a", "b", "c"].map(|letter| letter.to_owned() + &long(19));
    let longest = [
        text(&long(4096)),
        Outbound::Buttons {
            body: long(1024),
            buttons: titles.iter().map(|title| button(&title.repeat(12), title)).collect(),
        },
        Outbound::List {
            body: long(1024),
            open: long(20),
            sections: vec![
                ListSection { title: Some(long(24)), rows: rows(0) },
                ListSection { title: Some(long(23)), rows: rows(5) },
            ],
        },
        Outbound::Link { body: long(1024), label: long(20), url: "https://example.com/a?b=c#d".into() },
        Outbound::AskLocation { body: long(1024) },
    ];
    for message in &longest {
        messenger.send(&phone("16505551234"), message, key("1")).await.unwrap();
    }
    assert_eq!(graph.refused(), 0);
}

#[test]
fn what_fits_the_channel_is_taken() {
    // Three opinions on one message: the channel's limits, our last check, and the fake's rules.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let graph = runtime.block_on(graph());
    let messenger = messenger(&graph);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&any_message(), |message| {
        let fits = fits(&message, messenger.limits());
        let sent = runtime.block_on(messenger.send(&phone("16505551234"), &message, key("1")));
        prop_assert_eq!(fits.is_ok(), sent.is_ok(), "{:?} and {:?}", fits, sent);
        Ok(())
    });
    assert_eq!(result, Ok(()));
    let taken = graph.all_sent().len();
    assert!((40..360).contains(&taken), "{taken} of 400 were taken: the test tests little");
    assert_eq!(graph.refused(), 0, "the fake refused what we let through");
}

/// Messages around the limits, right and wrong.
fn any_message() -> impl Strategy<Value = Outbound> {
    let text = |limit: usize| {
        let around = prop_oneof![4 => 1..=limit, 1 => Just(limit), 1 => Just(limit + 1), 1 => Just(0)];
        (around, prop_oneof![Just("x"), Just("é"), Just("漢"), Just("💇")], any::<u16>()).prop_map(
            |(units, filling, salt)| {
                let start: String = salt.to_string().chars().take(units).collect();
                let left = units - start.len();
                start + &filling.repeat(left / filling.encode_utf16().count())
            },
        )
    };
    let row = (text(24), proptest::option::of(text(72)), any::<u8>());
    let row = row.prop_map(|(title, description, id)| ListRow { id: id.to_string(), title, description });
    let section = (proptest::option::weighted(0.9, text(24)), proptest::collection::vec(row, 0..6));
    let sections = proptest::collection::vec(section.prop_map(|(title, rows)| ListSection { title, rows }), 0..4);
    let buttons = proptest::collection::vec((text(20), any::<u8>()), 0..5);
    let buttons =
        buttons.prop_map(|all| all.into_iter().map(|(title, id)| Button { id: id.to_string(), title }).collect());
    prop_oneof![
        text(4096).prop_map(|body| Outbound::Text { body }),
        (text(1024), buttons).prop_map(|(body, buttons)| Outbound::Buttons { body, buttons }),
        (text(1024), text(20), sections).prop_map(|(body, open, sections)| Outbound::List { body, open, sections }),
        (text(1024), text(20)).prop_map(|(body, label)| Outbound::Link {
            body,
            label,
            url: "https://example.com".into()
        }),
        text(1024).prop_map(|body| Outbound::AskLocation { body }),
    ]
}

#[tokio::test]
async fn templates_must_fit_what_was_approved() {
    let graph = graph().await;
    let messenger = messenger(&graph);
    let refused = |message: TemplateMessage| {
        let messenger = &messenger;
        async move {
            match messenger.send(&phone("16505551234"), &Outbound::Template(message), key("1")).await {
                Err(SendError::Rejected { code, .. }) => code,
                other => panic!("{other:?}"),
            }
        }
    };
    assert_eq!(refused(reminder(&["Ana", "Monday"], &[])).await, 132_001);
    graph.approve(ACCOUNT, reminder_template());
    assert_eq!(refused(TemplateMessage { locale: "pt_BR".into(), ..reminder(&["Ana", "x"], &[]) }).await, 132_001);
    assert_eq!(refused(reminder(&["Ana"], &[])).await, 132_000);
    assert_eq!(refused(reminder(&["Ana", "Monday"], &["a", "b", "c"])).await, 132_012);
    graph.approve(ACCOUNT, reminder_template().paused());
    assert_eq!(refused(reminder(&["Ana", "Monday"], &[])).await, 132_015);
    assert_eq!(graph.all_sent().len(), 0);

    graph.approve(ACCOUNT, reminder_template());
    let message = Outbound::Template(reminder(&["Ana\tMaria", "Monday,      15:30"], &["v1:confirm"]));
    messenger.send(&phone("16505551234"), &message, key("1")).await.unwrap();
    let sent = graph.all_sent().remove(0);
    assert_eq!(sent.text(), "Hi Ana Maria, we wait for you on Monday, 15:30. Please confirm.");
    assert_eq!(sent.template(), Some(("visit_reminder", "en_US")));
    assert_eq!(sent.template_values(), ["Ana Maria", "Monday, 15:30"]);
    // The button without a payload comes back by its label.
    let choices: Vec<_> = sent.choices().iter().map(|choice| (choice.id.as_str(), choice.title.as_str())).collect();
    assert_eq!(choices, [("v1:confirm", "Confirm"), ("Move", "Move")]);
}

#[tokio::test]
async fn the_fake_answers_in_the_shapes_of_the_contract() {
    let Some(contract) = contracts::read("meta/requests.json") else { return };
    let graph = graph().await;
    let http = chatplug_whatsapp::meta::http_client().unwrap();
    let url = format!("{}/v25.0/{NUMBER}/messages", graph.base_url());
    let call = async |body: &Value, token: &str| {
        let response = http.post(&url).bearer_auth(token).json(body).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let token = chatplug_whatsapp::fake::meta::FakeMeta::TOKEN;
    for (request, response) in [("text", "sent"), ("text_to_bsuid", "sent_to_bsuid"), ("read", "read")] {
        let (status, body) = call(&contract["messages"][request], token).await;
        assert_eq!(json!(status), contract["responses"][response]["status"]);
        assert_eq!(shape(&body), shape(&contract["responses"][response]["body"]), "{request}");
    }
    graph.spells("+5511999990001", "551199990001");
    let brazil =
        json!({"messaging_product": "whatsapp", "to": "+5511999990001", "type": "text", "text": {"body": "oi"}});
    let (_, body) = call(&brazil, token).await;
    assert_eq!(body["contacts"], contract["responses"]["number_normalised"]["body"]["contacts"]);

    let (status, body) = call(&contract["messages"]["template_positional"], token).await;
    assert_eq!(json!(status), contract["responses"]["template_missing"]["status"]);
    assert_eq!(shape(&body), shape(&contract["responses"]["template_missing"]["body"]));
    let (status, body) = call(&brazil, "another").await;
    assert_eq!((status, body["error"]["code"].as_i64()), (401, Some(190)));
}

/// Keys without values.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
        Value::Array(list) => list.iter().map(shape).collect(),
        _ => Value::Null,
    }
}
