//! The typed client `yclients`, which others wrote from the platform's description, before the fake.

use super::prism::plain;
use crate::fake::Receiver;
use chatplug_altegio::fake::FakeAltegio;
use chatplug_judges::{ask, installed};
use serde_json::json;
use std::path::Path;

/// It reads the catalogue and free times, creates, reads, changes and deletes a record, finds a client, and understands
/// every webhook that the fake posted meanwhile.
#[tokio::test]
async fn yclients_and_the_fake_understand_each_other() {
    let Some(judges) = installed() else { return };
    // It was made from the description, and understands nothing else.
    let (fake, _) = plain().await;
    let app = Receiver::start().await;
    fake.hook(FakeAltegio::SALON, &app.url);
    let at = |time: &str| format!("2026-03-04T{time}:00").parse().unwrap();
    // Of staff it expects a list for a position and an object for no user: of those it is not told.
    let desk = fake.desk();
    let record = desk.books(8887, 331, at("10:00"), "+351910000002", "Rosa");
    desk.moves(record, 8887, at("11:00")).marks(record, 1).cancels(record).withdraws(339);
    fake.settled().await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges/altegio_yclients.py");
    let given = json!({
        "base_url": fake.base_url().trim_end_matches("/api/v1"),
        "partner": FakeAltegio::PARTNER_TOKEN,
        "user": FakeAltegio::USER_TOKEN,
        "company": FakeAltegio::SALON,
        "staff": 8886,
        "service": 331,
        "day": "2026-03-03",
        "phone": "351910000001",
        "posts": app.bodies(),
    });
    let told = ask(&judges, &script, &given).await;
    assert_eq!(told["services"][0], "Haircut");
    assert_eq!(told["times"][0], "09:00");
    assert_eq!(told["found"], json!([["Maria", "+351910000001"]]));
    assert_eq!(told["refused"], json!([409, 422, 404]));
    assert_eq!(
        told["webhooks"],
        json!(["record create", "record update", "record update", "record delete", "service update"])
    );
    let made = fake.records().pop().unwrap();
    assert_eq!((made.id, made.deleted, made.attendance), (told["record"].as_u64().unwrap(), true, 2));
    assert_eq!(made.start, "2026-03-03T10:00:00".parse().unwrap());
}
