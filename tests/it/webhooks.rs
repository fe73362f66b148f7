//! Webhooks that are forged, broken, doubled, mixed, early or late, and a store that is away: nothing is lost, nothing
//! is done twice, nothing is stored that nobody vouches for.

use crate::support::stage::{BELLA, NORTE, Stage};
use chatplug::{
    model::TenantId,
    ports::{Figures, OVERDUE_AFTER},
    testkit::wrap::Fault,
    whatsapp::{fake::meta, fake::meta::StatusPlan, meta::sign},
};
use chrono::Duration;
use serde_json::json;

const HELLO: &str = "Thanks a lot, have a nice day!";
const BOOK: &str = "Hi! I'd like to book a women's haircut with Ana on Thursday at 3pm.";

async fn figures(stage: &Stage) -> Figures {
    stage.store.figures(OVERDUE_AFTER, chatplug::ports::Clock::now(&stage.clock)).await.unwrap()
}

fn signed(body: &[u8]) -> String {
    sign(meta::FakeMeta::APP_SECRET, body)
}

#[tokio::test]
async fn what_nobody_signed_is_refused_and_not_stored() {
    let stage = Stage::new().await;
    let maria = stage.client("351911111111", "Maria Silva");
    let body = stage.graph.body_of([maria.client.text(HELLO)]);
    let right = signed(&body);
    let other = sign("another secret", &body);
    let cut = &right[..right.len() - 2];
    let upper = right.to_uppercase();
    for signature in
        [None, Some(""), Some("sha256="), Some(other.as_str()), Some(cut), Some("sha256=zz"), Some(upper.as_str())]
    {
        assert_eq!(stage.graph.post_raw(body.clone(), signature).await, 401, "{signature:?}");
    }
    // Signed, and then changed.
    let mut changed = body.clone();
    *changed.last_mut().unwrap() = b' ';
    assert_eq!(stage.graph.post_raw(changed, Some(&right)).await, 401);
    assert_eq!(figures(&stage).await, Figures::default());
    stage.settle().await;
    assert!(stage.graph.all_sent().is_empty());
    // The very same body with its signature is taken.
    assert_eq!(stage.graph.post_raw(body, Some(&right)).await, 200);
    assert_eq!(figures(&stage).await.conversations, 1);
}

#[tokio::test]
async fn broken_bodies_are_400_and_not_stored() {
    let stage = Stage::new().await;
    let good = stage.graph.body_of([stage.client("351911111111", "Maria Silva").client.text("zzz")]);
    let place = good.windows(3).position(|window| window == b"zzz").unwrap();
    let mut not_utf8 = good.clone();
    not_utf8[place] = 0xff;
    let mut half = good.clone();
    half.truncate(good.len() / 2);
    let deep = "[".repeat(200_000).into_bytes();
    let cases: [(&str, Vec<u8>); 7] = [
        ("nothing", Vec::new()),
        ("words", b"hello".to_vec()),
        ("half of one", half),
        ("a list", b"[]".to_vec()),
        ("not UTF-8", not_utf8),
        ("very deep", deep),
        ("two of them", [good.clone(), good.clone()].concat()),
    ];
    for (what, body) in cases {
        let signature = signed(&body);
        assert_eq!(stage.graph.post_raw(body, Some(&signature)).await, 400, "{what}");
    }
    assert_eq!(figures(&stage).await, Figures::default());
}

#[tokio::test]
async fn three_megabytes_are_read_like_any_other() {
    let stage = Stage::new().await;
    let mut maria = stage.client("351911111111", "Maria Silva");
    let event = maria.client.text(HELLO).with("padding", json!("x".repeat(3 << 20)));
    assert_eq!(stage.graph.deliver([event]).await, Some(1));
    maria.answer().await;
    assert_eq!(maria.last.len(), 1, "{}", maria.transcript());
}

#[tokio::test]
async fn a_number_that_is_nobodys_is_answered_200_and_forgotten() {
    let stage = Stage::new().await;
    stage.graph.add_number("999999999999999", "351219999999", "waba-9");
    let stranger = stage.graph.client("351911111111").at("999999999999999");
    assert_eq!(stage.graph.post_once([stranger.text(HELLO)]).await, 200);
    stage.settle().await;
    assert_eq!(figures(&stage).await, Figures::default());
    assert!(stage.graph.all_sent().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_webhook_five_times_at_once_is_answered_once() {
    let stage = Stage::new().await;
    let mut maria = stage.client("351911111111", "Maria Silva");
    let event = maria.client.text(HELLO);
    let posts = (0..5).map(|_| stage.graph.post_once([event.clone(), event.clone()]));
    assert_eq!(futures_util::future::join_all(posts).await, [200; 5]);
    maria.answer().await;
    assert_eq!(maria.last.len(), 1, "{}", maria.transcript());
    assert_eq!(maria.outcomes().await.len(), 1);
    // And once more when it is long answered.
    assert_eq!(stage.graph.post_once([event]).await, 200);
    maria.answer().await;
    assert!(maria.last.is_empty(), "{}", maria.transcript());
}

#[tokio::test]
async fn one_post_may_hold_both_tenants() {
    let stage = Stage::new().await;
    let (mut maria, mut luz) = (stage.client("351911111111", "Maria Silva"), stage.patient("34611111111", "Luz Gil"));
    // One person who writes to both, too.
    let (mut at_bella, mut at_norte) = (stage.client("351933333333", "Eva"), stage.patient("351933333333", "Eva"));
    let events = [
        maria.client.text(HELLO),
        luz.client.text(HELLO),
        at_bella.client.text(HELLO),
        at_norte.client.text(HELLO),
        maria.client.text(BOOK),
        luz.client.text(HELLO),
    ];
    assert_eq!(stage.graph.deliver(events).await, Some(1));
    stage.settle().await;
    for talk in [&mut maria, &mut luz, &mut at_bella, &mut at_norte] {
        talk.look();
        assert!(!talk.last.is_empty());
        assert!(talk.outcomes().await.iter().all(Option::is_some), "{}", talk.transcript());
    }
    assert!(maria.words().contains("15:00"), "{}", maria.transcript());
    assert_eq!((maria.outcomes().await.len(), luz.outcomes().await.len()), (2, 2));
}

/// The last outgoing line of the log.
async fn status_of(talk: &crate::support::talk::Talk<'_>) -> String {
    talk.log().await.into_iter().rfind(|line| !line.inbound).expect("an answer").status
}

#[tokio::test]
async fn statuses_may_come_before_the_answer_out_of_order_and_twice() {
    let stage = Stage::new().await;
    let mut maria = stage.client("351911111111", "Maria Silva");
    stage.graph.statuses(StatusPlan::read().before_answer().twice());
    maria.says(HELLO).await;
    assert_eq!((maria.last.len(), status_of(&maria).await.as_str()), (1, "read"));

    stage.graph.statuses(StatusPlan::read().held().twice());
    maria.says(HELLO).await;
    assert_eq!(status_of(&maria).await, "sent");
    let mut held = stage.graph.take_held();
    held.reverse();
    for event in held {
        stage.graph.deliver([event]).await;
        assert_eq!(status_of(&maria).await, "read", "a status went back");
    }
}

#[tokio::test]
async fn a_closed_window_is_followed_by_one_template_of_the_same_meaning() {
    let stage = Stage::new().await;
    let mut maria = stage.client("351911111111", "Maria Silva");
    maria.says(BOOK).await;
    // Taken with a 200, and refused afterwards.
    stage.graph.on_send().to("351911111111").answer(meta::Fault::FailLater(131_047));
    maria.taps(1).await;
    stage.settle().await;
    maria.look();
    let templates = |talk: &crate::support::talk::Talk<'_>| {
        let all = talk.client.inbox();
        all.iter().filter_map(|message| Some(message.template()?.0.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(templates(&maria), ["visit_booked"], "{}", maria.transcript());
    assert_eq!(maria.visits().await.len(), 1);
    // Refused again as a template: the end of it, told to the team, not a circle.
    stage.graph.on_send().to("351911111111").always().answer(meta::Fault::FailLater(131_047));
    maria.says("I need to move my appointment to Friday at 4pm.").await;
    maria.says("yes").await;
    stage.wait(Duration::hours(2)).await;
    let moved: Vec<_> = templates(&maria).into_iter().filter(|name| name == "visit_moved").collect();
    assert!(moved.len() <= 1, "{:?}", templates(&maria));
}

#[tokio::test]
async fn while_the_store_is_away_webhooks_are_503_and_afterwards_nothing_is_missing() {
    let stage = Stage::new().await;
    let (mut maria, mut luz) = (stage.client("351911111111", "Maria Silva"), stage.patient("34611111111", "Luz Gil"));
    let batch = [maria.client.text(HELLO), luz.client.text(HELLO)];
    stage.faults.break_down("ingest", Fault::down());
    assert_eq!(stage.graph.post_once(batch.clone()).await, 503);
    assert_eq!(figures(&stage).await, Figures::default());
    stage.faults.heal();
    // Meta posts it again. This time the second tenant's part is stored and its answer lost.
    let second = stage.faults.count("ingest") + 2;
    let _ = stage.faults.clone().fail("ingest", second, Fault::lost_answer());
    assert_eq!(stage.graph.post_once(batch.clone()).await, 503);
    assert_eq!(stage.graph.deliver(batch).await, Some(1));
    stage.settle().await;
    for talk in [&mut maria, &mut luz] {
        talk.look();
        assert_eq!(talk.last.len(), 1, "{}", talk.transcript());
        assert_eq!(talk.outcomes().await.len(), 1);
    }
}

/// Every method of the store that a conversation needs fails once, before or after it was carried out, at every place
/// where it is called: the conversation ends the same.
#[tokio::test]
async fn a_store_that_stumbles_anywhere_loses_and_doubles_nothing() {
    let calm = Stage::new().await;
    let before = calm.faults.calls().len();
    book(&calm).await;
    let calls = calm.faults.calls().split_off(before);
    let mut tried = 0;
    for method in ["ingest", "lease", "commit", "record_delivery", "next_delivery", "booking", "claim", "route"] {
        let first = calm.faults.count(method) - calls.iter().filter(|call| call.method == method).count() as u64;
        for number in first + 1..=calm.faults.count(method) {
            for fault in [Fault::down(), Fault::lost_answer()] {
                let stage = Stage::new().await;
                let _ = stage.faults.clone().fail(method, number, fault);
                book(&stage).await;
                tried += 1;
            }
        }
    }
    assert!(tried > 20, "only {tried} places to stumble at");
}

async fn book(stage: &Stage) {
    let mut maria = stage.client("351911111111", "Maria Silva");
    let patiently = async |maria: &mut crate::support::talk::Talk<'_>| {
        // A lost lease runs out within a minute.
        for _ in 0..6 {
            stage.clock.advance(Duration::seconds(20));
            let _ = stage.engine.drain().await;
            stage.graph.settled().await;
        }
        maria.look();
    };
    maria.client.says(BOOK).await;
    patiently(&mut maria).await;
    // The yes and a question at once: one turn says something before it begins to book.
    stage.graph.deliver([maria.client.text("yes"), maria.client.text("How much is it?")]).await;
    patiently(&mut maria).await;
    assert!(maria.words().contains("€32"), "the question was lost:\n{}", maria.transcript());
    assert_eq!(maria.visits().await.len(), 1, "{}", maria.transcript());
    let said = maria.client.inbox();
    let told = said.iter().filter(|message| message.text().contains("You're booked!")).count();
    assert_eq!(told, 1, "{}", maria.transcript());
    assert!(maria.outcomes().await.iter().all(Option::is_some), "{}", maria.transcript());
    let left = figures(stage).await;
    assert_eq!((left.mail_due, left.outbox_queued, left.outbox_dead, left.actions_open), (0, 0, 0, 0), "{left:?}");
}

#[tokio::test]
async fn the_verification_request_is_answered_with_its_challenge() {
    let stage = Stage::new().await;
    assert!(stage.graph.verify_callback().await);
    let known = stage.store.route("meta", BELLA).await.unwrap().map(|route| route.tenant);
    assert_eq!(known, TenantId::new("bella").ok());
    assert_eq!(stage.store.route("meta", NORTE).await.unwrap().map(|route| route.tenant), TenantId::new("norte").ok());
}
