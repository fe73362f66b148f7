//! At Meta.

use super::{Mortal, end, words};
use crate::{contracts, fake_twilio::openapi::Judge, twilio::business::serve};
use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::Request,
    response::IntoResponse,
};
use chatplug_core::{
    model::{Address, ChannelUser, DeliveryKey, Outbound},
    ports::{Clock, Messenger, SendError, WebhookReceiver},
    testkit::VirtualClock,
};
use chatplug_whatsapp::{
    fake::meta::{FakeMeta, Fault, Redelivery},
    meta::{
        MetaMessenger, MetaWebhook, http_client,
        provision::{MetaAppKeys, MetaConnect, MetaSetup, MetaWish, STEPS, known},
    },
    provision::{Journal, Kept, MemoryJournal, Progress, Standing, StepView},
};
use chrono::Duration;
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::sync::Arc;

const NUMBER: &str = "106540352242922";
const WABA: &str = "102290129340398";
const ALL: [&str; 6] = ["token", "inspect", "number", "subscribe", "register", "webhook"];

/// A business that is about to sign up, and the server that is to serve it.
struct Scene {
    graph: FakeMeta,
    clock: VirtualClock,
    journal: MemoryJournal,
    /// The server's webhook.
    url: String,
    /// Graph, with a judge in front of it.
    base_url: String,
}

impl Scene {
    async fn new(pin: Option<&str>) -> Self {
        let graph = FakeMeta::start().await.unwrap();
        let clock = VirtualClock::starting("2026-03-02T12:00:00Z");
        graph.use_clock(Arc::new(clock.clone())).add_unregistered(NUMBER, "15550783881", WABA, pin);
        graph.redelivery(Redelivery { attempts: Some(1), ..Redelivery::default() });
        let url = format!("{}/webhooks/meta/main", receiver(&graph).await);
        graph.callback(&url);
        let base_url = judge(&graph).await;
        Self { graph, clock, journal: MemoryJournal::new(), url, base_url }
    }

    /// What is wanted after a sign-up a moment ago.
    fn wish(&self) -> MetaWish {
        MetaWish { code: Some(self.graph.signs_up(WABA).into()), ..self.again() }
    }

    /// The same without a code.
    fn again(&self) -> MetaWish {
        let app = MetaAppKeys { id: FakeMeta::APP_ID.into(), secret: FakeMeta::APP_SECRET.into() };
        let new_pin = Some(SecretString::from("314159"));
        MetaWish { app: Some(app), new_pin, webhook_url: Some(self.url.clone()), ..MetaWish::default() }
    }

    fn connect(&self, wish: MetaWish) -> MetaConnect {
        MetaConnect::new(MetaSetup::at(http_client().unwrap(), &self.base_url, "v25.0"), wish)
    }

    async fn run(&self, wish: MetaWish) -> Vec<StepView> {
        let run = self.connect(wish).run(self.journal.progress(), &self.journal, &self.clock).await;
        let (progress, views) = run.unwrap();
        assert_eq!(progress, self.journal.progress(), "what is known is kept");
        views
    }

    fn registrations(&self) -> usize {
        self.graph.carried_out(&format!("POST /v25.0/{NUMBER}/register"))
    }

    async fn secret(&self, which: Kept) -> Option<String> {
        self.journal.kept(which).await.unwrap().map(|secret| secret.expose_secret().to_owned())
    }
}

/// A server that answers as the real one does.
pub(crate) async fn receiver(graph: &FakeMeta) -> String {
    let webhook = Arc::new(MetaWebhook::new(graph.keyring()));
    let handle = move |request: Request| {
        let webhook = webhook.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body: Bytes = to_bytes(body, 4 * 1024 * 1024).await.unwrap();
            match webhook.receive(&http::Request::from_parts(parts, body), chrono::DateTime::UNIX_EPOCH) {
                Ok(received) => received.answer.map(axum::body::Body::from),
                Err(error) => error.status().into_response(),
            }
        }
    };
    serve(Router::new().fallback(handle)).await
}

/// A judge in front of the fake: every call of a program and every answer is held against Meta's official description,
/// which says nothing of two of them.
async fn judge(graph: &FakeMeta) -> String {
    let file: Option<&'static Value> =
        contracts::read("meta/openapi-v23.0.trimmed.json").map(|file| &*Box::leak(Box::new(file)));
    let (graph, http) = (graph.clone(), http_client().unwrap());
    let handle = move |request: Request| {
        let (real, http) = (graph.base_url(), http.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body: Bytes = to_bytes(body, 64 * 1024).await.unwrap();
            let path = parts.uri.path_and_query().unwrap().to_string();
            let mut onward = http.request(parts.method.clone(), format!("{real}{path}")).body(body.clone());
            for name in ["authorization", "content-type"] {
                onward = parts.headers.get(name).into_iter().fold(onward, |onward, value| onward.header(name, value));
            }
            // Where the fake cuts the connection, so does this.
            let answer = onward.send().await.expect("the fake cut the connection");
            let (status, headers) = (answer.status(), answer.headers().clone());
            let told = answer.bytes().await.unwrap();
            if let Some(file) = file {
                check(file, &parts.method, &path, &body, status.as_u16(), &told);
            }
            (status, headers, told).into_response()
        }
    };
    serve(Router::new().fallback(handle)).await
}

fn check(file: &'static Value, method: &Method, path: &str, body: &[u8], status: u16, told: &[u8]) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    let name = match parts[..] {
        [_, "oauth", _] | [_, "debug_token"] => return,
        [_, _, last] if matches!(last, "phone_numbers" | "subscribed_apps") => {
            format!("/{{Version}}/{{WABA-ID}}/{last}")
        }
        [_, _, last] => format!("/{{Version}}/{{Phone-Number-ID}}/{last}"),
        _ => "/{Version}/{Phone-Number-ID}".to_owned(),
    };
    let operation = &file["paths"][&name][method.as_str().to_lowercase()];
    assert!(operation.is_object(), "{method} {path}: not in the description");
    let (judge, mut wrong) = (Judge { file }, Vec::new());
    let schema = operation.pointer("/requestBody/content/application~1json/schema");
    match (schema, serde_json::from_slice::<Value>(body)) {
        (Some(schema), Ok(posted)) => judge.check(schema, &posted, "request", &mut wrong),
        (None, Ok(_)) => wrong.push("a body where none is wanted".to_owned()),
        (_, Err(_)) if operation["requestBody"]["required"] == true => wrong.push("no body".to_owned()),
        _ => {}
    }
    let parameters: Vec<_> = operation["parameters"].as_array().into_iter().flatten().map(resolve(file)).collect();
    for name in query.split('&').filter_map(|part| part.split('=').next()).filter(|name| !name.is_empty()) {
        let known = parameters.iter().any(|parameter| parameter["in"] == "query" && parameter["name"] == name);
        assert!(known, "{method} {path}: query {name} is unknown");
    }
    if status == 200 {
        let schema = operation.pointer("/responses/200/content/application~1json/schema").unwrap();
        judge.check(schema, &serde_json::from_slice(told).unwrap(), "answer", &mut wrong);
        // Fields that are asked for by name, and those of the overrides' page, are not in the description.
        wrong.retain(|wrong| !(wrong.starts_with("answer") && wrong.ends_with("is unknown")));
    }
    assert!(wrong.is_empty(), "{method} {path}:\n{}", wrong.join("\n"));
}

fn resolve(file: &'static Value) -> impl Fn(&'static Value) -> &'static Value {
    move |value| match value["$ref"].as_str() {
        Some(name) => file.pointer(name.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

#[tokio::test]
async fn from_a_code_to_a_number_that_sends_and_receives() {
    let scene = Scene::new(None).await;
    let wish = scene.wish();
    // Nothing is told before the app is subscribed.
    scene.graph.client("34600111222").says("hi").await;
    assert_eq!(scene.graph.answers(), [0_u16; 0]);

    let views = scene.run(wish).await;
    assert_eq!(words(&views), ALL.map(|step| format!("{step} done")), "{}", end(&views));
    let progress = scene.journal.progress();
    assert_eq!(progress.known(known::PHONE_NUMBER_ID), Some(NUMBER));
    assert_eq!(progress.known(known::WABA_ID), Some(WABA));
    assert_eq!(scene.secret(Kept::Pin).await.as_deref(), Some("314159"));
    let token = scene.secret(Kept::Token).await.unwrap();
    let kept = serde_json::to_string(&progress).unwrap();
    assert!(!kept.contains(&token) && !kept.contains("314159"), "{kept}");

    // Once more: nothing is asked of anybody.
    let asked = scene.graph.carried_out("");
    let views = scene.run(scene.again()).await;
    assert_eq!(words(&views), ALL.map(|step| format!("{step} already done")));
    assert_eq!(scene.graph.carried_out(""), asked);

    scene.graph.client("34600111222").says("hi").await;
    scene.graph.settled().await;
    assert_eq!(scene.graph.answers(), [200]);
    let messenger =
        MetaMessenger::new(scene.graph.config(NUMBER), http_client().unwrap(), Arc::new(scene.clock.clone()));
    let to = Address { user: ChannelUser { phone: "34600111222".parse().ok(), user_id: None } };
    let hello = Outbound::Text { body: "Olá!".into() };
    messenger.unwrap().send(&to, &hello, DeliveryKey::derive(&["1"])).await.unwrap();
}

/// Whenever the program is killed, and whichever answer is lost: it goes on, and nothing is done twice.
#[tokio::test]
async fn killed_at_every_write_it_goes_on_and_registers_once() {
    let mut lives = 0;
    for (writes, after) in (1..).flat_map(|writes| [(writes, false), (writes, true)]) {
        let scene = Scene::new(None).await;
        let wish = scene.wish();
        let mortal = Mortal::new(&scene.journal, writes, after);
        let first = scene.connect(wish.clone()).run(Progress::default(), &mortal, &scene.clock).await;
        if !mortal.is_dead() {
            assert!(first.is_ok());
            break;
        }
        lives += 1;
        assert!(first.is_err());
        // The same command once more; where the code was used up for nothing, a new sign-up.
        let mut views = scene.run(wish).await;
        if end(&views).contains("sign-up's code") {
            assert_eq!(scene.secret(Kept::Token).await, None, "write {writes}: a token is never lost");
            views = scene.run(scene.wish()).await;
        }
        if end(&views).contains("asked for and not answered") {
            scene.clock.advance(Duration::seconds(31));
            views = scene.run(scene.again()).await;
        }
        assert_eq!(end(&views), "complete", "write {writes}");
        assert!(scene.journal.progress().is_complete(STEPS));
        assert_eq!(
            (scene.registrations(), scene.graph.carried_out(&format!("POST /v25.0/{WABA}/subscribed_apps"))),
            (1, 1),
            "write {writes}"
        );
    }
    assert_eq!(lives, 20, "ten writes: three of the token, three of registering with its PIN, one of each other step");
}

#[tokio::test]
async fn a_lost_answer_is_looked_for_before_it_is_asked_again() {
    for fault in [Fault::DropAnswer, Fault::CutAnswer, Fault::GarbleAnswer, Fault::StatusAfter(502)] {
        let mut scene = Scene::new(None).await;
        // The judge would cut in.
        scene.base_url = scene.graph.base_url();
        for path in ["subscribed_apps", "register"] {
            scene.graph.on_call(&format!("/{path}")).answer(Fault::Status(503));
        }
        scene.graph.on_call("/register").answer(fault.clone());
        let mut views = scene.run(scene.wish()).await;
        let mut runs = 1;
        while end(&views) != "complete" {
            assert!(end(&views).contains("waits"), "{}", end(&views));
            scene.clock.advance(Duration::seconds(40));
            views = scene.run(scene.again()).await;
            runs += 1;
        }
        assert!(runs > 2, "{runs}");
        assert_eq!(scene.registrations(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_code_that_is_used_or_too_old_asks_for_a_new_sign_up() {
    let scene = Scene::new(None).await;
    let wish = scene.wish();
    scene.clock.advance(Duration::seconds(31));
    let views = scene.run(wish).await;
    assert!(end(&views).starts_with("token failed: Meta does not take the sign-up's code"), "{}", end(&views));
    let lost = scene.wish();
    scene.graph.on_call("/oauth/").answer(Fault::DropAnswer);
    let views = scene.run(lost.clone()).await;
    assert!(end(&views).contains("the code with it"), "{}", end(&views));
    assert!(end(&scene.run(lost).await).contains("sign-up's code"), "it was used");
    scene.graph.bare_tokens(true);
    assert_eq!(end(&scene.run(scene.wish()).await), "complete", "a bare token is read as well");
}

#[tokio::test]
async fn a_pin_that_does_not_fit_is_asked_of_the_owner_and_never_guessed() {
    let scene = Scene::new(Some("271828")).await;
    let views = scene.run(scene.wish()).await;
    assert!(end(&views).contains("--pin-file"), "{}", end(&views));
    let Some(Standing::Failed { code: Some(133_005), .. }) = views.get(4).map(|view| view.standing.clone()) else {
        panic!("{views:?}")
    };
    let wish = MetaWish { pin: Some("271828".into()), ..scene.again() };
    assert_eq!(end(&scene.run(wish).await), "complete");
    assert_eq!(scene.secret(Kept::Pin).await.as_deref(), Some("271828"));
}

#[tokio::test]
async fn registering_is_tried_ten_times_in_72_hours_and_no_more() {
    let scene = Scene::new(Some("271828")).await;
    scene.run(scene.wish()).await;
    for _ in 0..9 {
        assert!(end(&scene.run(scene.again()).await).contains("--pin-file"));
    }
    let (asked, views) = (scene.graph.refused(), scene.run(scene.again()).await);
    assert_eq!(scene.graph.refused(), asked, "Meta is not asked an eleventh time");
    let Some(Standing::Waiting { again: Some(again), .. }) = views.get(4).map(|view| view.standing.clone()) else {
        panic!("{views:?}")
    };
    assert_eq!(again, scene.clock.now() + Duration::hours(72));
    scene.clock.set(again);
    let wish = MetaWish { pin: Some("271828".into()), ..scene.again() };
    assert_eq!(end(&scene.run(wish).await), "complete");
    assert_eq!(scene.registrations(), 1);
}

#[tokio::test]
async fn a_number_that_must_be_verified_is() {
    let scene = Scene::new(None).await;
    scene.graph.unverified(NUMBER);
    assert!(end(&scene.run(scene.wish()).await).contains("--request-code"));
    let asked = scene.run(MetaWish { request_code: Some(false), ..scene.again() }).await;
    assert!(end(&asked).contains("--verification-code-file"), "{}", end(&asked));
    let wrong = MetaWish { verification_code: Some("000000".into()), ..scene.again() };
    assert!(end(&scene.run(wrong).await).contains("does not take the verification code"));
    let right = MetaWish { verification_code: Some(FakeMeta::VERIFICATION_CODE.into()), ..scene.again() };
    assert_eq!(end(&scene.run(right).await), "complete");
}

#[tokio::test]
async fn what_is_there_already_is_left_alone() {
    let scene = Scene::new(None).await;
    // Somebody connected it by hand, with an address of its own; it is used in the app as well.
    scene.graph.add_number("1", "15550000001", "2").keep_in_app("1");
    let wish = MetaWish { token: Some(FakeMeta::TOKEN.into()), coexistence: true, ..scene.again() };
    let views = scene.run(wish).await;
    assert_eq!(words(&views)[3..], ["subscribe done", "register skipped", "webhook done"], "{}", end(&views));
    assert_eq!(scene.graph.carried_out("POST "), 0, "nothing was changed");
}

#[tokio::test]
async fn messages_that_go_elsewhere_are_found_and_can_be_had() {
    let scene = Scene::new(None).await;
    scene.graph.callback("https://elsewhere.example.com/hook");
    let views = scene.run(scene.wish()).await;
    assert!(
        end(&views).contains("posted to https://elsewhere.example.com/hook: set the callback URL"),
        "{}",
        end(&views)
    );
    let wrong = MetaWish { override_word: Some("another word".into()), ..scene.again() };
    let views = scene.run(wrong).await;
    assert!(end(&views).contains("is its verify_token the one"), "{}", end(&views));
    let wish = MetaWish { override_word: Some(FakeMeta::VERIFY_TOKEN.into()), ..scene.again() };
    assert_eq!(end(&scene.run(wish).await), "complete");
    scene.graph.client("34600111222").says("hi").await;
    scene.graph.settled().await;
    assert_eq!(scene.graph.answers(), [200]);
}

#[tokio::test]
async fn a_token_is_looked_at_before_anything_is_done_with_it() {
    let scene = Scene::new(None).await;
    scene.graph.grant_only(&["whatsapp_business_messaging"]);
    let views = scene.run(scene.wish()).await;
    assert!(end(&views).contains("lacks whatsapp_business_management"), "{}", end(&views));
    let dead = MetaWish { token: Some("made-up".into()), ..scene.again() };
    let journal = MemoryJournal::new();
    let (_, views) = scene.connect(dead).run(Progress::default(), &journal, &scene.clock).await.unwrap();
    assert!(end(&views).contains("not valid"), "{}", end(&views));
    let scene = Scene::new(None).await;
    let other = MetaWish { waba_id: Some("4711".into()), ..scene.wish() };
    let (_, views) = scene.connect(other).run(Progress::default(), &journal, &scene.clock).await.unwrap();
    assert!(end(&views).contains(&format!("is for {WABA}, not for 4711")), "{}", end(&views));
    assert_eq!(scene.registrations(), 0);
}

#[tokio::test]
async fn of_several_numbers_one_is_chosen() {
    let scene = Scene::new(None).await;
    scene.graph.add_unregistered("107", "15550000007", WABA, None);
    let views = scene.run(scene.wish()).await;
    assert!(
        end(&views).contains("choose with --phone-number-id: 106540352242922 (+15550783881), 107"),
        "{}",
        end(&views)
    );
    let wish = MetaWish { phone_number_id: Some("107".into()), ..scene.again() };
    assert_eq!(end(&scene.run(wish).await), "complete");
    assert!(scene.graph.is_registered("107") && !scene.graph.is_registered(NUMBER));
}

#[tokio::test]
async fn a_number_that_leaves_sends_and_receives_no_more() {
    let scene = Scene::new(None).await;
    let connect = scene.connect(scene.wish());
    let (progress, _) = connect.run(Progress::default(), &scene.journal, &scene.clock).await.unwrap();
    let token = scene.journal.kept(Kept::Token).await.unwrap().unwrap();
    for _ in 0..2 {
        connect.leave(&progress, &token, true).await.unwrap();
    }
    assert!(!scene.graph.is_registered(NUMBER));
    scene.graph.client("34600111222").says("hi").await;
    assert_eq!(scene.graph.answers(), [0_u16; 0]);
    let messenger =
        MetaMessenger::new(scene.graph.config(NUMBER), http_client().unwrap(), Arc::new(scene.clock.clone()));
    let to = Address { user: ChannelUser { phone: "34600111222".parse().ok(), user_id: None } };
    let hello = Outbound::Text { body: "Olá!".into() };
    let refused = messenger.unwrap().send(&to, &hello, DeliveryKey::derive(&["1"])).await;
    assert!(matches!(refused, Err(SendError::Unauthorized { code: 133_010 })), "{refused:?}");
}
