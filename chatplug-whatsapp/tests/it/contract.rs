//! Meta's half against the suites that every adapter passes, with Meta's fake at the other end of the wire; that of
//! templates is in `templates`.

use crate::{
    business::{ACCOUNT, Business, graph, key, maria, messenger, phone, send_text},
    send::messages,
};
use axum::{Router, body::to_bytes, extract::Request};
use bytes::Bytes;
use chatplug_core::{
    model::{Content, MediaRef, MessageId, MessageRef},
    ports::{Messenger, Scoped},
    testkit::contract::{
        messenger::{MessengerScene, Provider, SendFault},
        webhook::WebhookScene,
    },
};
use chatplug_whatsapp::{
    fake::meta::{FakeMeta, FakeTemplate, Fault, StatusPlan},
    meta::{MetaKeyring, MetaWebhook, sign},
};
use std::sync::{Arc, Mutex};

const SIGNATURE: &str = "x-hub-signature-256";

mod sending {
    use super::*;
    use async_trait::async_trait;

    struct Fake(FakeMeta);

    #[async_trait]
    impl Provider for Fake {
        async fn taken(&self) -> usize {
            self.0.all_sent().len()
        }

        async fn fail_next(&self, fault: SendFault) -> bool {
            self.0.on_send().answer(match fault {
                SendFault::AnswerLost => Fault::DropAnswer,
                SendFault::Down => Fault::Code(131_016),
                SendFault::TooFast => Fault::Code(130_429),
                SendFault::WindowClosed => Fault::Code(131_047),
                SendFault::BadCredentials => Fault::Code(190),
                SendFault::NobodyThere => Fault::Code(131_026),
                _ => return false,
            });
            true
        }
    }

    async fn scene() -> Box<MessengerScene> {
        let graph = graph().await;
        graph.approve(ACCOUNT, FakeTemplate::new("reminder_en", "en", "Hi {{1}}, we wait for you."));
        let business = Business::behind(&graph).await;
        let maria = maria(&graph);
        let seen = maria.says("hello").await;
        maria.sends_file("image", "image/jpeg", vec![1, 2, 3]).await;
        let file = file_of(&business);
        let to = phone("16505551234");
        let mut scene = MessengerScene::new(Arc::new(messenger(&graph)), to.clone(), Fake(graph));
        scene.seen = Some(MessageRef { id: MessageId::new(seen).unwrap(), from: to.user });
        scene.file = Some((file, vec![1, 2, 3]));
        scene.keep = Some(Box::new(business));
        Box::new(scene)
    }

    /// The file that a client sent, as the business was told of it.
    fn file_of(business: &Business) -> MediaRef {
        let events = business.events();
        let file = |event: &Scoped| match event {
            Scoped::Message(message) => match &message.content {
                Content::Media(media) => Some(media.clone()),
                _ => None,
            },
            _ => None,
        };
        events.iter().find_map(|event| file(&event.event)).unwrap()
    }

    chatplug_core::messenger_contract!(scene());
}

pub(crate) mod receiving {
    use super::*;

    /// What must have come for the suite to be worth its name.
    const KINDS: [&str; 13] = [
        "text",
        "button_reply",
        "list_reply",
        "button",
        "location",
        "audio",
        "reaction",
        "user_preferences",
        "from_user_id",
        "sent",
        "delivered",
        "read",
        "failed",
    ];

    /// What the fake posts while people write and are written to: each body with its signature.
    pub(crate) async fn posted(graph: &FakeMeta) -> Vec<(Bytes, String)> {
        let posts = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&posts);
        let handle = move |request: Request| {
            let kept = Arc::clone(&kept);
            async move {
                let (parts, body) = request.into_parts();
                let signature = parts.headers[SIGNATURE].to_str().unwrap().to_owned();
                let body = to_bytes(body, 4 << 20).await.unwrap();
                kept.lock().unwrap().push((body, signature));
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        graph.callback(&format!("http://{}/webhooks/meta/main", listener.local_addr().unwrap()));
        let server = tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handle)).await.unwrap() });
        // Whoever has a number comes with both names since April 2026.
        let maria = maria(graph).with_user_id("US.13491208655302741919");
        maria.says("olá 👋").await;
        let messenger = messenger(graph);
        let pairs = messages().into_iter().filter_map(|(name, message)| match name {
            "interactive_button" => Some((message, "Yes, book")),
            "interactive_list" => Some((message, "15:30")),
            _ => None,
        });
        for (message, choice) in pairs {
            messenger.send(&phone("16505551234"), &message, key(choice)).await.unwrap();
            maria.chooses(choice).await;
        }
        maria.taps_template("v1:come", "I'll be there").await;
        maria.sends_location(38.7, -9.1).await;
        maria.sends_file("audio", "audio/ogg; codecs=opus", vec![1, 2, 3]).await;
        maria.wants_marketing(false).await;
        let hidden = graph.hidden_client("US.13491208655302741918");
        graph.deliver([maria.text("one"), hidden.text("two"), maria.text("three")]).await;
        graph.statuses(StatusPlan::read());
        let sent = send_text(&messenger, "hello").await.unwrap();
        graph.settled().await;
        maria.reacts(sent.message.as_str(), "👍").await;
        graph.on_send().answer(Fault::FailLater(131_026));
        send_text(&messenger, "again").await.unwrap();
        graph.settled().await;
        server.abort();
        std::mem::take(&mut *posts.lock().unwrap())
    }

    async fn scene() -> Box<WebhookScene> {
        let graph = graph().await;
        let posted = posted(&graph).await;
        let told: Vec<_> = posted.iter().map(|(body, _)| String::from_utf8_lossy(body)).collect();
        let told = told.concat();
        for word in KINDS {
            assert!(told.contains(&format!("{word:?}")), "{word} was not told:\n{told}");
        }
        for (body, signature) in &posted {
            assert_eq!(sign(FakeMeta::APP_SECRET, body), *signature, "the request below is not the one that came");
        }
        Box::new(WebhookScene {
            receiver: Box::new(MetaWebhook::new(graph.keyring())),
            bodies: posted.into_iter().map(|(body, _)| body).collect(),
            sign: Arc::new(|body| {
                let request = http::Request::post("/webhooks/meta/main");
                request.header(SIGNATURE, sign(FakeMeta::APP_SECRET, &body)).body(body).unwrap()
            }),
            signature: vec![http::HeaderName::from_static(SIGNATURE)],
            stranger: Some(Box::new(MetaWebhook::new(MetaKeyring::new("another", FakeMeta::VERIFY_TOKEN)))),
            timed: true,
        })
    }

    chatplug_core::webhook_contract!(scene());
}
