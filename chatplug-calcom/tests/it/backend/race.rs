//! Two at one time, on a server that accepts both.

use super::{CUT, Scene, key, person};
use chatplug_core::{
    model::Slot,
    ports::{Action, BookError, BookingBackend as _, Resolution},
};
use chrono::Duration;

/// Anna's Thursday, nine o'clock and later: each reaches into the next.
async fn overlapping(scene: &Scene) -> [Slot; 3] {
    let first = scene.slot().await;
    [0, 1, 2].map(|half_hours| {
        let by = Duration::minutes(20 * half_hours);
        Slot { start: first.start + by, end: first.end + by, ..first.clone() }
    })
}

/// Everything that comes in one moment is looked at before any of it is written.
fn careless(scene: &Scene) {
    scene.fake.traps(|traps| (traps.careless, traps.gap) = (true, std::time::Duration::from_secs(1)));
}

#[tokio::test]
async fn of_three_that_overlap_one_stays() {
    let scene = Scene::lisbon().await;
    careless(&scene);
    let slots = overlapping(&scene).await;
    let made = futures_util::future::join_all((1..).zip(&slots).map(|(client, slot)| scene.book(slot, client))).await;
    assert_eq!(scene.fake.bookings().len(), 3, "the server accepted all: there was something to mend");
    let stay: Vec<_> = made.iter().filter_map(|made| made.as_ref().ok()).collect();
    let [stays] = stay.as_slice() else { panic!("{made:#?}") };
    assert!(made.iter().filter_map(|made| made.as_ref().err()).all(|error| matches!(error, BookError::SlotTaken)));
    assert_eq!((scene.fake.standing().len(), scene.fake.overlaps()), (1, 0));
    let first = scene.fake.bookings().into_iter().min_by_key(|booking| booking.id).unwrap();
    assert_eq!(first.uid, stays.reference.backend_id, "the one that was made first");
}

/// What somebody booked on Cal.com's own page is not ours to undo, though it came later: ours gives way. Nobody looked
/// around after an answer that was lost; whoever finds the booking does.
#[tokio::test]
async fn what_is_found_out_later_gives_way_all_the_same() {
    use chatplug_calcom::fake::Fault;
    let scene = Scene::lisbon().await;
    let [first, second, _] = overlapping(&scene).await;
    scene.fake.on("POST /bookings").answer(Fault::DropAnswer);
    let lost = scene.book(&first, 1).await;
    assert!(matches!(lost, Err(BookError::OutcomeUnknown { .. })), "{lost:?}");
    scene.fake.desk().books(1, second.start, "rosa@client.example", "Rosa");
    let action = Action::Book(scene.request(&first, 1));
    for _ in 0..2 {
        let told = scene.restarted().resolve(&action, key(1), scene.now()).await.unwrap();
        assert_eq!(told, Resolution::NotDone);
    }
    assert_eq!((scene.fake.standing().len(), scene.fake.overlaps()), (1, 0));
    assert!(scene.all().await.iter().all(|booking| booking.made_by.is_none()));
}

/// The same client, the same address, the same time at a team: Cal.com answers the booking that they have. It is not the
/// one that was asked for.
#[tokio::test]
async fn an_answer_without_our_key_is_not_ours() {
    use chatplug_calcom::fake::{FakeCalcom, FakeEventType, FakeScheduling};
    let scene = Scene::lisbon().await;
    let hosts = [FakeCalcom::ANNA, FakeCalcom::BORIS];
    let any = FakeEventType::of_team(FakeCalcom::TEAM, FakeScheduling::RoundRobin, &hosts, "any", "Any", 60);
    let id = scene.fake.add_event_type(any.notice(0)).to_string();
    let scene = scene.with(super::own(chrono_tz::Europe::Lisbon).of_team(FakeCalcom::TEAM));
    let slot = scene.free(&id, "any", 3).await.remove(0);
    let mine = scene.book(&slot, 1).await.unwrap();
    let again = scene.backend.book(&scene.request(&slot, 1), key(99)).await;
    assert!(matches!(again, Err(BookError::SlotTaken)), "{again:?}");
    // With the same key it is ours, and the same one.
    assert_eq!(scene.book(&slot, 1).await.unwrap().reference, mine.reference);
    // Somebody who types another's address does not get their booking told, either.
    let mut thief = scene.request(&slot, 2);
    thief.client.email = person(1).email;
    let stolen = scene.backend.book(&thief, key(2)).await;
    assert!(matches!(stolen, Err(BookError::SlotTaken)), "{stolen:?}");
    assert_eq!(scene.fake.standing().len(), 1);
}

/// Moved by two at once to times that overlap: one is where it wanted to be, the other where it was.
#[tokio::test]
async fn a_move_into_another_goes_back() {
    let scene = Scene::lisbon().await;
    let free = scene.free(CUT, "1", 3).await;
    let [first, second] = [0, 4].map(|nth| free[nth].clone());
    let mine = scene.book(&first, 1).await.unwrap();
    let theirs = scene.book(&second, 2).await.unwrap();
    careless(&scene);
    let base = free[9].clone();
    let wanted = [0, 20].map(|by| {
        let by = Duration::minutes(by);
        Slot { start: base.start + by, end: base.end + by, ..base.clone() }
    });
    let (one, other) = tokio::join!(
        scene.backend.reschedule(&mine.reference, &wanted[0], key(11)),
        scene.backend.reschedule(&theirs.reference, &wanted[1], key(12)),
    );
    assert_eq!(scene.fake.overlaps(), 0, "{one:?} {other:?}");
    assert_eq!(scene.fake.standing().len(), 2);
    assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|done| **done).count(), 1, "{one:?} {other:?}");
}
