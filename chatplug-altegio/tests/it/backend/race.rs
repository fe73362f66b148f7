//! Many clients, one time, two processes, and a platform that lets something else happen between its check and its write.

use super::Scene;
use chatplug_core::{
    engine::Engine,
    model::{ChannelUser, Content, Inbound, MessageId, Outbound, Private, Tap, TapKind},
    ports::{ReceivedEvent, Scoped, Store},
    reply::preview,
    testkit::{MemoryMessenger, MemoryStore, SentMessage, StaticDirectory, TenantBuilder},
    understand::OfflineEngine,
};
use chrono::Duration;
use std::{slice::from_ref, sync::Arc};
use tokio::sync::watch;

const CROWD: usize = 12;

#[tokio::test]
async fn one_of_many_has_it_and_everybody_hears_the_truth() {
    let scene = Scene::lisbon().await;
    scene.fake.traps(|traps| traps.careless = true);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let messenger = MemoryMessenger::new().with_clock(Arc::new(scene.clock.clone()));
    let intents = Arc::new(OfflineEngine::new());
    let engines = [0, 1].map(|_| {
        let tenant = TenantBuilder::new("studio")
            .branch("centre", Arc::new(scene.restarted_backend()))
            .channel("wa", Arc::new(messenger.clone()))
            .intents(intents.clone());
        let setup = tenant.setup(&[("memory", "1001", "wa")]);
        let directory = Arc::new(StaticDirectory::new([tenant.build()]));
        let clock = Arc::new(scene.clock.clone());
        (Engine::builder().store(store.clone()).directory(directory).clock(clock).build().unwrap(), setup)
    });
    store.tenant(&"studio".parse().unwrap()).register(&engines[0].1).await.unwrap();
    let engines = engines.map(|(engine, _)| engine);

    let words = Content::Text { body: Private::new("a haircut with Ana on Thursday at 15:30".to_owned()) };
    for client in 0..CROWD {
        engines[client % 2].accept(vec![hears(&scene, client, 0, words.clone())]).await.unwrap();
    }
    scene.clock.advance(Duration::seconds(3));
    engines[0].drain().await.unwrap();
    let asked = messenger.sent();
    assert_eq!(asked.len(), CROWD, "a summary for everybody");

    for client in 0..CROWD {
        let yes = asked.iter().filter(|sent| sent.to.user == user(client)).find_map(yes).unwrap();
        engines[client % 2].accept(vec![hears(&scene, client, 1, Content::Tap(yes))]).await.unwrap();
    }
    scene.clock.advance(Duration::seconds(3));
    let (stop, stopped) = watch::channel(false);
    let working = engines.map(|engine| {
        tokio::spawn({
            let stopped = stopped.clone();
            async move { engine.run(stopped).await }
        })
    });
    let told = messenger.sent_at_least(2 * CROWD).await;
    stop.send(true).unwrap();
    futures_util::future::join_all(working).await;

    let texts: Vec<String> = told[CROWD..].iter().map(|sent| preview(from_ref(&sent.message))).collect();
    let said = |what: &str| texts.iter().filter(|text| text.contains(what)).count();
    assert_eq!((said("You're booked"), said("someone has just taken that time")), (1, CROWD - 1), "{texts:#?}");
    assert_eq!((scene.fake.standing().len(), scene.fake.overlaps()), (1, 0));
}

fn user(client: usize) -> ChannelUser {
    ChannelUser { phone: format!("35191{client:07}").parse().ok(), user_id: None }
}

fn hears(scene: &Scene, client: usize, nth: u32, content: Content) -> ReceivedEvent {
    let id = MessageId::new(format!("in-{client}-{nth}")).unwrap();
    let message = Inbound {
        id: id.clone(),
        from: user(client),
        profile_name: Some(Private::new(format!("Client {client}"))),
        at: scene.now(),
        content,
        quoted: None,
        forwarded: false,
        referral: None,
    };
    let event = Scoped::Message(Box::new(message));
    ReceivedEvent { provider: "memory", external_id: "1001".to_owned(), key: id.as_str().to_owned(), event }
}

/// The tap on "Yes, book it".
fn yes(sent: &SentMessage) -> Option<Tap> {
    let Outbound::Buttons { buttons, .. } = &sent.message else { return None };
    let button = buttons.iter().find(|button| button.title.starts_with("Yes, book"))?;
    Some(Tap { id: button.id.clone(), title: button.title.clone(), on: TapKind::Button })
}
