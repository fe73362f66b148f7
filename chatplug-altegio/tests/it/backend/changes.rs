//! What changed, for whoever missed a webhook.

use super::{Scene, number};
use chatplug_core::ports::BookingBackend as _;
use chrono::Duration;
use std::collections::BTreeSet;

#[tokio::test]
async fn what_changed_since_is_told_with_what_was_deleted() {
    let scene = Scene::new(chrono_tz::America::New_York, "2026-06-01T11:00:00Z".parse().unwrap()).await;
    let at = scene.backend.branch().branch.clone();
    let slots = scene.free("332", "8886", 3).await;
    let mut bookings = Vec::new();
    for client in 0..3 {
        bookings.push(scene.book(&slots[usize::try_from(client).unwrap()], client).await.unwrap());
    }
    scene.clock.advance(Duration::hours(30));
    let since = scene.now();
    assert!(scene.backend.changed(&at, since).await.unwrap().is_empty(), "nothing since");
    scene.clock.advance(Duration::minutes(1));
    scene.fake.desk().cancels(number(&bookings[0]));
    scene.fake.desk().remarks(number(&bookings[1]), "A word");
    let told = scene.backend.changed(&at, since).await.unwrap();
    let names: BTreeSet<_> = told.iter().map(|changed| changed.reference.clone()).collect();
    assert_eq!(names, bookings[..2].iter().map(|booking| booking.reference.clone()).collect());
    assert!(told.iter().all(|changed| changed.changed_at == scene.now()), "{told:?}");
    assert_eq!(scene.backend.changed(&at, since).await.unwrap(), told, "the same whenever it is asked");
}
