//! Two businesses on one Meta app, in one database, written to in the same webhooks: nothing of the one is ever said to,
//! or kept for, the other.

mod load;
mod shared;

use crate::support::stage::{BELLA, NORTE, Stage};
use chatplug::{
    dialogue::Operator,
    model::{ContactId, TenantId},
    ports::Ingest,
};
use chrono::{DateTime, Duration, Utc};
use std::fmt::Write as _;

/// Words that only the salon, or only the clinic, may ever see: names of the business, its people, its services, its
/// street, and what its own clients wrote.
const OF_BELLA: [&str; 8] =
    ["Bella", "Ana Marques", "Bruno", "haircut", "Garrett", "Zebedeu", "quokka", "salon-secret"];
const OF_NORTE: [&str; 8] =
    ["Norte", "Elena Ruiz", "Marc Soler", "consultation", "Fuencarral", "Wanderley", "axolotl", "clinic-secret"];

/// Everything kept for a tenant, as text.
async fn kept(stage: &Stage, tenant: &str) -> String {
    let rows = stage.store.tenant(&TenantId::new(tenant).unwrap());
    let long_ago: DateTime<Utc> = "2020-01-01T00:00:00Z".parse().unwrap();
    let mut text = String::new();
    for view in rows.conversations(1000).await.unwrap() {
        let _ = writeln!(text, "{:?} {:?} {:?}", view.contact.name.map(|n| n.into_inner()), view.state, view.action);
        for line in rows.messages(view.id, 1000).await.unwrap() {
            let _ = writeln!(text, "{}", line.text.reveal());
        }
        for turn in rows.turns(view.id, 1000).await.unwrap() {
            let _ = writeln!(text, "{} {}", turn.steps, turn.versions);
        }
        for booking in rows.bookings(view.contact.id, long_ago).await.unwrap() {
            let _ = writeln!(text, "{}", serde_json::to_string(&booking).unwrap());
        }
    }
    for (_, row) in rows.audit(0, 10_000).await.unwrap() {
        let _ = writeln!(text, "{}", serde_json::to_string(&row).unwrap());
    }
    text
}

fn nothing_of(markers: &[&str], text: &str, whose: &str) {
    for marker in markers {
        if let Some((before, after)) = text.split_once(marker) {
            let before: String = before.chars().rev().take(300).collect::<Vec<_>>().into_iter().rev().collect();
            let after: String = after.chars().take(300).collect();
            panic!("{whose} has {marker:?} of the other: …{before}>>>{marker}<<<{after}…");
        }
    }
}

fn sent(stage: &Stage, number: &str) -> String {
    stage.graph.sent(number).iter().map(|message| format!("{}\n", message.request)).collect()
}

#[tokio::test]
async fn nothing_of_one_tenant_reaches_the_other() {
    let stage = Stage::new().await;
    // Two clients of one business only, and one person who writes to both from one phone.
    let (mut zed, mut wan) = (stage.client("351911111111", "Zebedeu"), stage.patient("34611111111", "Wanderley"));
    let (mut here, mut there) = (stage.client("351933333333", "Eva"), stage.patient("351933333333", "Eva"));
    let rounds = [
        ("Hello! I have a quokka. What do you do?", "Hello! I have an axolotl. What do you do?"),
        ("How much is a women's haircut?", "How much is a general consultation?"),
        ("Where are you?", "Where are you in Madrid?"),
        (
            "I'd like to book a women's haircut with Ana on Thursday at 3pm.",
            "I'd like to book a general consultation with Elena Ruiz in Madrid on Thursday at 10am.",
        ),
        ("yes", "yes"),
        ("What appointments do I have?", "What appointments do I have?"),
    ];
    for (to_bella, to_norte) in rounds {
        let batch = [
            zed.client.text(to_bella),
            wan.client.text(to_norte),
            there.client.text(to_norte),
            here.client.text(to_bella),
        ];
        // The same webhook twice, as happens.
        for _ in 0..2 {
            assert_eq!(stage.graph.deliver(batch.clone()).await, Some(1));
        }
        stage.settle().await;
        for talk in [&mut zed, &mut wan, &mut here, &mut there] {
            talk.look();
            assert!(!talk.last.is_empty(), "no answer to {to_bella:?} / {to_norte:?}:\n{}", talk.transcript());
        }
    }
    zed.operator("op-1", Operator::Say { text: "This is our salon-secret.".to_owned().into() }).await;
    stage.wait(Duration::hours(70)).await;
    zed.says("Thanks a lot, have a nice day!").await;

    // They did get as far as having secrets.
    assert_eq!(zed.visits().await.len() + here.visits().await.len(), 1, "{}", zed.transcript());
    let (bella, norte) = (kept(&stage, "bella").await, kept(&stage, "norte").await);
    for (markers, text) in [
        (["Ana Marques", "haircut", "Zebedeu", "quokka"], &bella),
        (["Elena Ruiz", "consultation", "Wanderley", "axolotl"], &norte),
    ] {
        for marker in markers {
            assert!(text.contains(marker), "{marker:?} should be among what is kept");
        }
    }
    nothing_of(&OF_NORTE, &bella, "what is kept for the salon");
    nothing_of(&OF_BELLA, &norte, "what is kept for the clinic");
    nothing_of(&OF_NORTE, &sent(&stage, BELLA), "what the salon sent");
    nothing_of(&OF_BELLA, &sent(&stage, NORTE), "what the clinic sent");
    for notice in stage.notifier.notices() {
        let (text, other) = (format!("{notice:?}"), notice.tenant.as_str());
        nothing_of(if other == "bella" { &OF_NORTE } else { &OF_BELLA }, &text, "a notice");
    }
}

/// A handle opens one tenant's rows, whatever ids it is asked with.
#[tokio::test]
async fn ids_of_one_tenant_open_nothing_at_the_other() {
    let stage = Stage::new().await;
    let mut zed = stage.client("351911111111", "Zebedeu");
    zed.says("Hi! I'd like to book a women's haircut with Ana on Thursday at 3pm.").await;
    zed.says("yes").await;
    let view = zed.conversation().await;
    let visit = zed.visits().await.remove(0);
    let norte = stage.store.tenant(&TenantId::new("norte").unwrap());
    let now = chatplug::ports::Clock::now(&stage.clock);

    assert!(norte.conversation(view.id).await.unwrap().is_none());
    assert!(norte.messages(view.id, 100).await.unwrap().is_empty());
    assert!(norte.turns(view.id, 100).await.unwrap().is_empty());
    assert!(norte.booking(&visit.reference).await.unwrap().is_none());
    assert!(norte.bookings(view.contact.id, now - Duration::days(30)).await.unwrap().is_empty());
    assert!(norte.bookings(ContactId::derive(&["nobody"]), now).await.unwrap().is_empty());
    assert!(norte.lease(view.id, now + Duration::minutes(1), now).await.unwrap().is_none());
    assert!(norte.next_delivery(view.id, now + Duration::minutes(1), now).await.unwrap().is_none());
    assert!(norte.audit(0, 100).await.unwrap().is_empty());
    let event = Ingest::Operator {
        conversation: view.id,
        key: "op-1".to_owned(),
        by: "rita".to_owned(),
        operator: Operator::Say { text: "clinic-secret".to_owned().into() },
        received: now,
    };
    assert_eq!(norte.ingest(vec![event]).await.unwrap(), [chatplug::ports::Ingested::Unknown]);
    let hint = Ingest::Booking { reference: visit.reference.clone(), key: "h".to_owned(), received: now };
    assert_eq!(norte.ingest(vec![hint]).await.unwrap(), [chatplug::ports::Ingested::Unknown]);
    stage.settle().await;
    assert_eq!(zed.visits().await.len(), 1);
    nothing_of(&["clinic-secret"], &sent(&stage, BELLA), "what the salon sent");
}
