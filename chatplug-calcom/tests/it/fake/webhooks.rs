//! Webhooks: who is told, in which shape, how often, and by whose hand.

use super::{Caller, Receiver, start};
use chatplug_calcom::fake::{FakeCalcom, FakeDelivery, FakeRole, FakeTeam, Server, WebhookPlan};
use serde_json::{Value, json};

const SECRET: &str = "whsec";

async fn told() -> (FakeCalcom, Caller, Receiver) {
    let (fake, caller) = start().await;
    let receiver = Receiver::start().await;
    fake.hook(FakeCalcom::ANNA, &receiver.url, Some(SECRET));
    (fake, caller, receiver)
}

fn nine() -> chrono::DateTime<chrono::Utc> {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn what_the_team_does_is_told_and_signed() {
    let (fake, _, receiver) = told().await;
    let desk = fake.desk();
    let first = desk.books(FakeCalcom::HAIRCUT, nine(), "rosa@client.example", "Rosa");
    let second = desk.moves(&first, nine() + chrono::Duration::hours(1));
    desk.marks_absent(&second).begins(&second).ends(&second).pays(&second, false).pays(&second, true);
    desk.cancels(&second, "closed");
    fake.settled().await;
    assert_eq!(
        receiver.told(),
        [
            "BOOKING_CREATED",
            "BOOKING_RESCHEDULED",
            "BOOKING_NO_SHOW_UPDATED",
            "MEETING_STARTED",
            "MEETING_ENDED",
            "BOOKING_PAYMENT_INITIATED",
            "BOOKING_PAID",
            "BOOKING_CANCELLED"
        ]
    );
    for (headers, body) in receiver.got() {
        let signed = FakeDelivery::signed("", &body, Some(SECRET));
        assert_eq!(headers["x-cal-signature-256"], signed.signature.as_str());
        assert!(!headers.contains_key("x-cal-webhook-version"));
    }
    let bodies = receiver.bodies();
    assert_eq!((&bodies[1]["payload"]["uid"], &bodies[1]["payload"]["rescheduleUid"]), (&json!(second), &json!(first)));
    assert_eq!((&bodies[2]["payload"]["bookingUid"], bodies[2]["payload"].get("uid")), (&json!(second), None));
    assert_eq!((&bodies[4]["uid"], bodies[4].get("payload")), (&json!(second), None), "flat");
    assert_eq!(bodies[7]["payload"].get("metadata"), None);
    assert!(bodies[7]["payload"]["startTime"].as_str().unwrap().ends_with("+00:00"));
}

/// The members of a stored job, which is what the web application sends at the end of a meeting.
#[tokio::test]
async fn the_end_of_a_meeting_is_told_as_it_was_stored() {
    let Some(recorded) = chatplug_judges::contract("calcom/recorded/webhooks.json") else { return };
    let label = |one: &&Value| one["label"].as_str().unwrap().starts_with("MEETING_ENDED");
    let recorded = recorded.as_array().unwrap().iter().find(label).unwrap()["raw_body"].as_str().unwrap().to_owned();
    let recorded: Value = serde_json::from_str(&recorded).unwrap();
    let (fake, _, receiver) = told().await;
    let uid = fake.desk().books(FakeCalcom::HAIRCUT, nine(), "rosa@client.example", "Rosa");
    fake.desk().ends(&uid);
    fake.settled().await;
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(members(&receiver.bodies()[1]), members(&recorded));
}

#[tokio::test]
async fn webhooks_are_lost_doubled_turned_around_and_held() {
    let (fake, _, receiver) = told().await;
    let desk = fake.desk();
    fake.webhooks(WebhookPlan::calm().dropped());
    let uid = desk.books(FakeCalcom::CONSULT, nine(), "rosa@client.example", "Rosa");
    fake.settled().await;
    assert!(receiver.told().is_empty());
    fake.webhooks(WebhookPlan::calm().copies(2));
    desk.declines(&uid, "no").declines(&uid, "no");
    fake.settled().await;
    assert_eq!(receiver.told(), ["BOOKING_REJECTED"; 4]);
    fake.webhooks(WebhookPlan::calm().held());
    desk.confirms(&uid);
    fake.settled().await;
    let held = fake.take_held();
    assert_eq!((receiver.told().len(), held.len()), (4, 1));
    receiver.answers(401);
    assert_eq!(fake.deliver(&held[0]).await, 401);
    assert_eq!(fake.answers().last(), Some(&401));
}

/// A user's and an event type's are told separately; another user's and another type's are not.
#[tokio::test]
async fn everybody_is_told_what_is_theirs() {
    let (fake, caller) = start().await;
    let (mine, types, others, all) =
        (Receiver::start().await, Receiver::start().await, Receiver::start().await, Receiver::start().await);
    fake.add_team(FakeTeam::organization(2, "Chain", "chain").with(FakeCalcom::ANNA, FakeRole::Owner));
    let hook = |url: &str| json!({"active": true, "subscriberUrl": url, "triggers": ["BOOKING_CREATED"]});
    let plain = caller.plain();
    plain.post("/webhooks", &hook(&mine.url)).await;
    let made = plain.post("/event-types/1/webhooks", &hook(&types.url)).await;
    plain.post("/event-types/2/webhooks", &hook(&others.url)).await;
    plain.post("/organizations/2/webhooks", &hook(&all.url)).await;
    let stranger = plain.saying("authorization", &format!("Bearer {}", FakeCalcom::STRANGERS_KEY));
    stranger.post("/webhooks", &hook(&others.url)).await;
    let path = format!("/event-types/1/webhooks/{}", made["id"].as_str().unwrap());
    assert_eq!(stranger.call("DELETE", &path, None).await.status, 403);
    let desk = fake.desk();
    desk.books(FakeCalcom::HAIRCUT, nine(), "rosa@client.example", "Rosa");
    fake.settled().await;
    assert_eq!([&mine, &types, &others, &all].map(|one| one.told().len()), [1, 1, 0, 1]);
    assert_eq!(mine.got()[0].0["x-cal-signature-256"], "no-secret-provided");
    plain.patch(&path, &json!({"active": false})).await;
    fake.be(Server::Cloud);
    desk.books(FakeCalcom::HAIRCUT, nine(), "rosa@client.example", "Rosa");
    fake.settled().await;
    assert_eq!([&mine, &types].map(|one| one.told().len()), [2, 1]);
    assert_eq!(mine.got()[1].0["x-cal-webhook-version"], "2021-10-20");
}
