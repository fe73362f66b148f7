//! Who is let in, and what the receiver makes of requests that nobody documented.

use bytes::Bytes;
use chatplug_core::{
    model::{Content, DeliveryKey, FailureKind, Inbound, MediaKind, Stage, Tap, TapKind},
    ports::{Received, ReceivedEvent, Scoped, WebhookError, WebhookReceiver},
};
use chatplug_whatsapp::twilio::{TwilioKeyring, TwilioWebhook, json_url, sign};
use chrono::{DateTime, Utc};
use http::{Method, Request};
use proptest::prelude::*;
use serde_json::json;

pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const WEBHOOK: &str = "/webhooks/twilio/main";
pub(crate) const URL: &str = "https://bot.example.com/webhooks/twilio/main";

const SID: &str = "SM000000000000000000000000a0000001";

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap()
}

pub(crate) fn webhook() -> TwilioWebhook {
    TwilioWebhook::new(TwilioKeyring::new(ACCOUNT, TOKEN), URL)
}

/// A form, signed as Twilio does, to the webhook with this query.
fn signed(query: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    let body = body.into();
    Request::post(format!("{WEBHOOK}{query}"))
        .header("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
        .header("X-Twilio-Signature", sign(TOKEN, &format!("{URL}{query}"), &body))
        .body(body)
        .unwrap()
}

fn signed_json(body: impl Into<Bytes>) -> Request<Bytes> {
    let body = body.into();
    let url = json_url(URL, &body);
    Request::post(url.replace("https://bot.example.com", ""))
        .header("Content-Type", "application/json")
        .header("X-Twilio-Signature", sign(TOKEN, &url, b""))
        .body(body)
        .unwrap()
}

pub(crate) fn receive(body: impl Into<Bytes>) -> Result<Received, WebhookError> {
    webhook().receive(&signed("", body), now())
}

pub(crate) fn receive_json(body: impl Into<Bytes>) -> Result<Received, WebhookError> {
    webhook().receive(&signed_json(body), now())
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A message with these parameters besides what every one has.
fn message(more: &[(&str, &str)]) -> String {
    let to = ("To", "whatsapp:+15550009999");
    form(&[&[("AccountSid", ACCOUNT), ("MessageSid", SID), ("From", "whatsapp:+15551230001"), to][..], more].concat())
}

fn status(word: &str, more: &[(&str, &str)]) -> String {
    let ours = ("From", "whatsapp:+15550009999");
    form(&[&[("AccountSid", ACCOUNT), ("MessageSid", SID), ("MessageStatus", word), ours][..], more].concat())
}

fn events(body: String) -> Vec<ReceivedEvent> {
    receive(body).unwrap().events
}

fn only(body: String) -> Inbound {
    let mut events = events(body);
    assert_eq!(events.len(), 1, "{events:?}");
    match events.remove(0).event {
        Scoped::Message(message) => *message,
        other => panic!("{other:?}"),
    }
}

mod contract {
    use super::*;
    use chatplug_core::testkit::contract::webhook::WebhookScene;
    use std::sync::Arc;

    async fn forms() -> Box<WebhookScene> {
        let file = ("MediaUrl0", "https://api.twilio.com/x");
        Box::new(WebhookScene {
            receiver: Box::new(webhook()),
            bodies: vec![
                message(&[("Body", "hi"), ("NumMedia", "0")]).into(),
                message(&[("MessageSid", "MM1"), ("NumMedia", "1"), file, ("MediaContentType0", "image/jpeg")])
                    .replace(&format!("MessageSid={SID}&"), "")
                    .into(),
                status("sent", &[]).into(),
                status("failed", &[("ErrorCode", "63016")]).into(),
            ],
            sign: Arc::new(|body| signed("", body)),
            signature: vec![http::HeaderName::from_static("x-twilio-signature")],
            stranger: Some(Box::new(TwilioWebhook::new(TwilioKeyring::new(ACCOUNT, "another"), URL))),
            timed: false,
        })
    }

    chatplug_core::webhook_contract!(forms());

    mod streams {
        use super::*;

        async fn events() -> Box<WebhookScene> {
            let event = |id: &str| {
                json!({"id": id, "type": "com.twilio.messaging.template.approval.updated",
                "data": {"accountSid": ACCOUNT, "template": {"currentValue": "approved"}}})
            };
            Box::new(WebhookScene {
                receiver: Box::new(webhook()),
                bodies: vec![json!([event("EZ1"), event("EZ2")]).to_string().into(), event("EZ3").to_string().into()],
                sign: Arc::new(signed_json),
                signature: vec![http::HeaderName::from_static("x-twilio-signature")],
                stranger: Some(Box::new(TwilioWebhook::new(TwilioKeyring::new(ACCOUNT, "another"), URL))),
                timed: false,
            })
        }

        chatplug_core::webhook_contract!(events());
    }
}

#[test]
fn what_is_written_otherwise_is_named_as_such() {
    let told = |change: fn(&mut Request<Bytes>)| {
        let mut request = signed("", message(&[("Body", "hi")]));
        change(&mut request);
        let error = webhook().receive(&request, now()).unwrap_err();
        (error.status().as_u16(), error.to_string())
    };
    let malformed = |what: &str| (400, format!("the body is not what the provider documents: {what}"));
    let neither = "the body is neither a form nor JSON by its content type";
    assert_eq!(told(|r| drop(r.headers_mut().insert("content-type", "text/xml".parse().unwrap()))), malformed(neither));
    assert_eq!(told(|r| drop(r.headers_mut().remove("content-type"))), malformed(neither));
    let compressed = told(|r| drop(r.headers_mut().insert("content-encoding", "gzip".parse().unwrap())));
    assert_eq!(compressed, malformed("the body is compressed"));
    // The same without a signature is simply forged.
    let bare = told(|r| {
        r.headers_mut().remove("x-twilio-signature");
        r.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    });
    assert_eq!(bare.0, 401);
    let cut = receive(message(&[]) + "&Body=caf%C3%").unwrap_err();
    assert_eq!((400, cut.to_string()), malformed("the form breaks off inside an escape"));
    let cut = receive(message(&[]) + "&Body=caf%C3").unwrap_err();
    assert_eq!((400, cut.to_string()), malformed("the form is not UTF-8"));
    let many = receive(message(&[]) + &"&a".repeat(1000)).unwrap_err();
    assert_eq!((400, many.to_string()), malformed("the form has more parameters than Twilio sends"));
    // A form that was cut on its way has another signature.
    let mut request = signed("", message(&[("Body", "a longer text")]));
    let short = request.body().slice(..request.body().len() - 4);
    *request.body_mut() = short;
    assert!(matches!(webhook().receive(&request, now()), Err(WebhookError::Forged)));
}

#[test]
fn answers_are_what_twilio_does_not_complain_about() {
    let message = receive(message(&[("Body", "hi")])).unwrap().answer;
    assert_eq!(
        (message.status().as_u16(), message.headers()["content-type"].as_bytes()),
        (200, &b"text/xml; charset=utf-8"[..])
    );
    assert!(message.body().ends_with(b"<Response/>"));
    let status = receive(status("sent", &[])).unwrap().answer;
    assert_eq!((status.status().as_u16(), status.body().len()), (204, 0));
}

#[test]
fn a_get_says_the_same() {
    let query = message(&[("Body", "hi there")]);
    let request = |signature: String| {
        let request = Request::get(format!("{WEBHOOK}?{query}")).header("X-Twilio-Signature", signature);
        webhook().receive(&request.body(Bytes::new()).unwrap(), now())
    };
    let received = request(sign(TOKEN, &format!("{URL}?{query}"), b"")).unwrap().events;
    assert_eq!(received, events(query.clone()));
    assert!(matches!(request(sign(TOKEN, URL, query.as_bytes())), Err(WebhookError::Forged)));
}

#[test]
fn other_methods_are_told_so() {
    for method in [Method::PUT, Method::DELETE, Method::HEAD, Method::OPTIONS] {
        let request = Request::builder().method(method).uri("/").body(Bytes::new()).unwrap();
        assert!(matches!(webhook().receive(&request, now()), Err(WebhookError::Method)));
    }
}

#[test]
fn our_key_comes_back_in_a_status() {
    let ours = DeliveryKey::derive(&["reply", "1"]);
    let key = |query: &str| {
        let received = webhook().receive(&signed(query, status("sent", &[])), now()).unwrap();
        match received.events.as_slice() {
            [ReceivedEvent { event: Scoped::Status(status), .. }] => status.key,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(key(&format!("?k={ours}")), Some(ours));
    assert_eq!(key(&format!("?x=1&k={ours}")), Some(ours));
    assert_eq!([key(""), key("?k="), key("?k=1"), key("?"), key("?kk=%ff")], [None; 5]);
}

#[test]
fn every_word_of_a_status_has_a_stage() {
    for (word, stage) in [
        ("accepted", Stage::Sent),
        ("queued", Stage::Sent),
        ("sending", Stage::Sent),
        ("sent", Stage::Sent),
        ("delivered", Stage::Delivered),
        ("read", Stage::Read),
        ("failed", Stage::Failed),
        ("undelivered", Stage::Failed),
        ("canceled", Stage::Failed),
    ] {
        let event = events(status(word, &[])).remove(0);
        assert_eq!((event.key, event.external_id), (format!("s:{SID}:{word}"), format!("{ACCOUNT}/15550009999")));
        let Scoped::Status(status) = event.event else { panic!() };
        assert_eq!(status.stage, stage, "{word}");
        let failure = (stage == Stage::Failed).then_some((-1, FailureKind::Permanent));
        assert_eq!(status.failure.map(|failure| (failure.code, failure.kind)), failure);
    }
    let new = events(status("teleported", &[])).remove(0);
    assert_eq!(new.event, Scoped::Ignored { what: "status:teleported".into() });
    // A code beside a stage that is no failure is none.
    let Scoped::Status(sent) = events(status("sent", &[("ErrorCode", "63016")])).remove(0).event else { panic!() };
    assert_eq!(sent.failure, None);
    let Scoped::Status(failed) = events(status("failed", &[("ErrorCode", "soon")])).remove(0).event else { panic!() };
    assert_eq!(failed.failure.map(|failure| failure.code), Some(-1));
}

#[test]
fn a_pick_is_found_wherever_the_channel_names_it() {
    let row = |id: &str, title: &str| Content::Tap(Tap { id: id.into(), title: title.into(), on: TapKind::Row });
    let interactive = ("MessageType", "interactive");
    let data = r#"{"listReply":{"id":"v1:slot:1","title":"15:30","description":"x"}}"#;
    let metadata =
        r#"{"type":"whatsapp","data":{"context":{"interactive":{"list_reply":{"id":"v1:slot:1","title":"15:30"}}}}}"#;
    for more in [
        [interactive, ("ListId", "v1:slot:1"), ("ListTitle", "15:30")],
        [interactive, ("ListId", "v1:slot:1"), ("Body", "15:30")],
        [interactive, ("InteractiveData", data), ("Body", "15:30")],
        [interactive, ("ChannelMetadata", metadata), ("Body", "15:30")],
    ] {
        assert_eq!(only(message(&more)).content, row("v1:slot:1", "15:30"), "{more:?}");
    }
    // What nobody names is the label, as if it were typed; and what people type is never taken for a pick.
    let typed = |more: &[(&str, &str)]| only(message(more)).content;
    let text = Content::Text { body: "15:30".to_owned().into() };
    assert_eq!(typed(&[interactive, ("Body", "15:30"), ("InteractiveData", "[1,{}"), ("ChannelMetadata", "{}")]), text);
    assert_eq!(typed(&[("MessageType", "text"), ("Body", "15:30"), ("ChannelMetadata", metadata)]), text);
}

#[test]
fn a_form_is_read_in_either_of_its_places() {
    let json = |more: &[(&str, &str)]| match only(message(more)).content {
        Content::Form { json } => json.reveal().clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(json(&[("FlowData", r#"{"a":1}"#), ("InteractiveData", "{}")]), r#"{"a":1}"#);
    assert_eq!(json(&[("InteractiveData", r#"{"flowResponse":{"a":1}}"#)]), r#"{"a":1}"#);
}

#[test]
fn files_are_told_apart_by_their_type() {
    let kind = |mime: &str| {
        let file = [("NumMedia", "1"), ("MediaUrl0", "https://x.example/1"), ("MediaContentType0", mime)];
        match only(message(&file)).content {
            Content::Media(media) => Some(media.kind),
            Content::Contacts { phones } => {
                assert!(phones.is_empty());
                None
            }
            other => panic!("{other:?}"),
        }
    };
    for (mime, expected) in [
        ("image/jpeg", Some(MediaKind::Image)),
        ("image/webp", Some(MediaKind::Sticker)),
        ("audio/ogg", Some(MediaKind::Voice)),
        ("audio/ogg; codecs=opus", Some(MediaKind::Voice)),
        ("audio/mpeg", Some(MediaKind::Audio)),
        ("video/mp4", Some(MediaKind::Video)),
        ("application/pdf", Some(MediaKind::Document)),
        ("", Some(MediaKind::Document)),
        ("text/vcard", None),
        ("TEXT/X-VCARD", None),
    ] {
        assert_eq!(kind(mime), expected, "{mime}");
    }
}

#[test]
fn several_files_are_several_messages() {
    let files = [
        ("NumMedia", "3"),
        ("Body", "look"),
        ("MediaUrl0", "https://x.example/0"),
        ("MediaContentType0", "image/jpeg"),
        ("MediaUrl2", "https://x.example/2"),
        ("MediaContentType2", "video/mp4"),
    ];
    let events = events(message(&files));
    let keys: Vec<_> = events.iter().map(|event| event.key.as_str()).collect();
    assert_eq!(keys, [format!("m:{SID}"), format!("m:{SID}/1")]);
    let captions = events.iter().map(|event| match &event.event {
        Scoped::Message(message) => match &message.content {
            Content::Media(media) => media.caption.as_ref().map(|text| text.reveal().clone()),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    });
    assert_eq!(captions.collect::<Vec<_>>(), [Some("look".to_owned()), None]);
    // A number of files that are not there is no file.
    assert!(matches!(only(message(&[("NumMedia", "999999999"), ("Body", "hi")])).content, Content::Text { .. }));
}

#[test]
fn people_are_known_by_number_user_id_or_both() {
    let from = |from: &str, more: &[(&str, &str)]| {
        let body = message(more).replace("whatsapp%3A%2B15551230001", &form(&[("", from)])[1..]);
        match events(body).remove(0).event {
            Scoped::Message(message) => {
                let phone = message.from.phone.map(|phone| phone.digits().to_owned());
                Ok((phone, message.from.user_id.map(|id| id.reveal().clone())))
            }
            Scoped::Ignored { what } => Err(what),
            other => panic!("{other:?}"),
        }
    };
    let (phone, id) = (|| Some("15551230001".to_owned()), || Some("US.1349".to_owned()));
    assert_eq!(from("whatsapp:+15551230001", &[]), Ok((phone(), None)));
    assert_eq!(from("whatsapp:+15551230001", &[("ExternalUserId", "whatsapp:US.1349")]), Ok((phone(), id())));
    assert_eq!(from("whatsapp:US.1349", &[("ExternalUserId", "whatsapp:US.1349")]), Ok((None, id())));
    assert_eq!(from("whatsapp:US.1349", &[("WaId", "")]), Ok((None, id())));
    for nobody in ["", "whatsapp:", "whatsapp:+1", "+15551230001", "messenger:15551230001"] {
        assert_eq!(from(nobody, &[]), Err("message:sender".to_owned()), "{nobody}");
    }
}

#[test]
fn what_is_not_for_a_number_on_whatsapp_is_ignored() {
    for to in ["", "+15550009999", "messenger:1", "whatsapp:business"] {
        let body = message(&[("Body", "hi")]).replace("whatsapp%3A%2B15550009999", &form(&[("", to)])[1..]);
        let event = events(body).remove(0);
        assert_eq!(
            (event.external_id.as_str(), event.event),
            (ACCOUNT, Scoped::Ignored { what: "message:channel".into() })
        );
    }
    // A form without a message is nobody's.
    let event = events(form(&[("AccountSid", ACCOUNT), ("CallSid", "CA1")])).remove(0);
    assert!(event.key.starts_with("h:") && matches!(event.event, Scoped::Ignored { .. }), "{event:?}");
}

#[test]
fn stop_is_told_beside_the_message() {
    for (word, wanted) in [("STOP", Some(false)), ("START", Some(true)), ("HELP", None)] {
        let events = events(message(&[("Body", word), ("OptOutType", word)]));
        assert!(matches!(events[0].event, Scoped::Message(_)));
        let told = events.get(1).map(|event| match &event.event {
            Scoped::MarketingPreference { wanted, .. } => (*wanted, event.key.clone()),
            other => panic!("{other:?}"),
        });
        assert_eq!(told, wanted.map(|wanted| (wanted, format!("o:{SID}"))), "{word}");
    }
}

#[test]
fn a_kind_that_is_new_to_us_deserves_an_answer() {
    let unsupported = |fields: &[(&str, &str)]| match only(message(fields)).content {
        Content::Unsupported { name, raw } => (name, raw.is_some_and(|raw| raw.reveal().contains(fields[0].0))),
        other => panic!("{other:?}"),
    };
    assert_eq!(unsupported(&[("MessageType", "hologram")]), ("hologram".to_owned(), true));
    assert_eq!(unsupported(&[("NumMedia", "0"), ("Body", "")]), ("empty".to_owned(), true));
    assert_eq!(unsupported(&[("Latitude", "NaN"), ("Longitude", "1")]), ("empty".to_owned(), true));
    let long = "x".repeat(9000);
    assert_eq!(unsupported(&[("MessageType", "hologram"), ("Odd", &long)]), ("hologram".to_owned(), false));
}

#[test]
fn texts_are_taken_verbatim() {
    let texts = [
        " ",
        "👋🏽",
        "مرحبا",
        "{ $name }",
        "<script>",
        "'; DROP TABLE contact; --",
        "%s %n",
        "+&=%",
        "\u{fffd}",
        "a\r\nb",
    ];
    for text in texts {
        assert_eq!(only(message(&[("Body", text)])).content, Content::Text { body: text.to_owned().into() });
    }
}

#[test]
fn events_of_an_account_that_did_not_sign_are_not_believed() {
    let event = |account: &str| {
        let data = json!({"accountSid": account, "template": {"currentValue": "approved"}});
        let body = json!([{"id": "EZ1", "type": "com.twilio.messaging.template.approval.updated", "data": data}]);
        receive_json(body.to_string()).unwrap().events.remove(0)
    };
    assert_eq!(event(ACCOUNT).event, Scoped::Templates { what: "template:approved".into() });
    let other = event(&ACCOUNT.replace("01", "02"));
    assert!(matches!(other.event, Scoped::Ignored { .. }) && other.external_id == ACCOUNT, "{other:?}");
    let new = receive_json(r#"[{"type":"com.twilio.new"}, 7]"#).unwrap().events;
    assert!(new.iter().all(|event| matches!(event.event, Scoped::Ignored { .. }) && event.key.starts_with("h:")));
    assert_eq!(new.len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = receive(body.clone());
        let _ = receive_json(body);
    }

    #[test]
    fn arbitrary_headers_and_queries_never_panic(
        signature in "\\PC{0,80}",
        settings in proptest::option::of("\\PC{0,40}|(key=|,|algorithm=|HMAC_SHA256|HMAC_SHA1|k){0,6}"),
        kind in "\\PC{0,40}|application/(json|x-www-form-urlencoded)",
        query in "[ -~&&[^ <>`\"{}#]]{0,80}",
        url in "\\PC{0,60}|https?://[a-z:@.0-9/?#]{0,30}",
    ) {
        let receiver = TwilioWebhook::new(TwilioKeyring::new(ACCOUNT, TOKEN), &url);
        for method in [Method::POST, Method::GET] {
            let mut request = Request::builder().method(method).uri(format!("/?{query}"));
            request = request.header("X-Twilio-Signature", signature.as_bytes()).header("Content-Type", kind.as_bytes());
            if let Some(settings) = &settings {
                request = request.header("X-Twilio-Webhooks-Signature-Settings", settings.as_bytes());
            }
            if let Ok(request) = request.body(Bytes::new()) {
                prop_assert!(receiver.receive(&request, now()).is_err());
            }
        }
    }

    #[test]
    fn arbitrary_parameters_lose_nothing(pairs in proptest::collection::vec(parameter(), 0..12)) {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let received = receive(message(&pairs)).unwrap();
        prop_assert!(!received.events.is_empty());
        let keys: std::collections::HashSet<_> = received.events.iter().map(|event| &event.key).collect();
        prop_assert_eq!(keys.len(), received.events.len());
    }

    #[test]
    fn arbitrary_json_never_fails_a_stream(text in "\\PC{0,200}") {
        let body = json!([{"type": text, "id": text, "source": text, "data": {"accountSid": text}}, text]);
        prop_assert_eq!(receive_json(body.to_string()).unwrap().events.len(), 2);
    }
}

/// Parameters that the receiver looks for, with values that it may not expect.
fn parameter() -> impl Strategy<Value = (&'static str, String)> {
    let name = proptest::sample::select(vec![
        "Body",
        "NumMedia",
        "MediaUrl0",
        "MediaContentType0",
        "ButtonText",
        "ButtonPayload",
        "ButtonType",
        "ListId",
        "ListTitle",
        "InteractiveData",
        "FlowData",
        "ChannelMetadata",
        "Latitude",
        "Longitude",
        "Label",
        "MessageType",
        "MessageStatus",
        "ErrorCode",
        "ErrorMessage",
        "OriginalRepliedMessageSid",
        "ExternalUserId",
        "ProfileName",
        "Forwarded",
        "OptOutType",
        "ReferralSourceId",
        "MessageSid",
        "From",
        "To",
        "SomethingNew",
    ]);
    let value = prop_oneof![
        Just(String::new()),
        Just("1".to_owned()),
        Just("failed".to_owned()),
        Just("interactive".to_owned()),
        Just("whatsapp:+15551230001".to_owned()),
        Just("STOP".to_owned()),
        Just("true".to_owned()),
        Just(r#"{"id":"a","title":"b","flowResponse":[]}"#.to_owned()),
        any::<f64>().prop_map(|n| n.to_string()),
        "\\PC{0,40}",
        "[\\x00-\\x1f]{0,4}",
        "x{300}",
    ];
    (name, value)
}
