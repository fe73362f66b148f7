//! The catalogue, and what it takes.

use super::{Scene, key};
use chatplug_altegio::fake::FakeAltegio;
use chatplug_core::{
    model::{ClientField, Gate, Localized, Money, Rating},
    ports::{BackendError, BookError, BookingBackend as _},
};
use chrono::Weekday;
use iso_currency::Currency;

#[tokio::test]
async fn only_what_can_be_sold_is_shown_with_all_there_is_to_say() {
    let scene = Scene::lisbon().await;
    let catalog = scene.backend.catalog(&scene.backend.branch().branch).await.unwrap();
    let branch = &catalog.branch;
    assert_eq!((branch.zone, branch.country.as_str(), branch.currency), (scene.zone, "PT", Currency::EUR));
    let place = branch.place.as_ref().unwrap();
    assert!(place.point.is_some() && place.address.contains("Lisboa"), "{place:?}");
    assert!(branch.hours.iter().any(|hours| hours.day == Weekday::Mon && hours.from.to_string() == "09:00:00"));
    assert!(branch.hours.iter().all(|hours| hours.day != Weekday::Sun), "{:?}", branch.hours);
    let names: Vec<_> = catalog.services.iter().map(|service| service.name.main.as_str()).collect();
    assert_eq!(names.len(), 5, "neither what is not sold nor what is made of others: {names:?}");
    let cut = catalog.service(&"331".parse().unwrap()).unwrap();
    let price = cut.price.unwrap();
    let euros = |euros: i64| Money::new(euros * 100, Currency::EUR);
    assert_eq!((price.from, price.to, cut.minutes), (euros(30), Some(euros(40)), 60));
    assert_eq!(cut.category, Some(Localized::new("Hair")));
    assert_eq!(cut.staff, ["8886", "8887"].map(|id| id.parse().unwrap()), "those who left do nothing");
    assert!(cut.requires.contains(&ClientField::Phone));
    let names: Vec<_> = catalog.staff.iter().map(|person| person.name.as_str()).collect();
    assert_eq!(names, ["Ana", "Bruno", "Carla"]);
    assert_eq!(catalog.staff[0].rating, Some(Rating { tenths: 48, count: 12 }));
    assert_eq!((catalog.staff[2].rating, &catalog.staff[2].photo), (None, &None), "nobody rated Carla");
    assert_eq!(catalog.staff[0].title, Some(Localized::new("Top stylist")));
}

#[tokio::test]
async fn how_long_it_takes_depends_on_who_does_it() {
    let scene = Scene::lisbon().await;
    for (who, minutes) in [("8886", 60), ("8888", 45)] {
        let slot = scene.free("334", who, 3).await.remove(0);
        assert_eq!((slot.end - slot.start).num_minutes(), minutes, "{who}");
    }
    let slot = scene.free("334", "8886", 3).await.remove(0);
    let booking = scene.book(&slot, 1).await.unwrap();
    assert_eq!(booking.end, slot.end);
    assert_eq!(scene.fake.standing()[0].seconds, 3600);
}

#[tokio::test]
async fn several_services_are_one_record_by_who_does_all_of_them() {
    let scene = Scene::lisbon().await;
    let slots = scene.free("331+332", "any", 3).await;
    let first = &slots[0];
    assert_eq!((first.end - first.start).num_minutes(), 90);
    let slot = first.clone().with_staff(first.candidates[0].clone());
    let booking = scene.book(&slot, 1).await.unwrap();
    assert_eq!((booking.services.clone(), booking.end), (slot.services, slot.end));
    assert_eq!(scene.fake.standing()[0].services, [331, 332]);
    let both = scene.free("331+335", "any", 3).await;
    assert!(both.iter().all(|slot| slot.candidates == ["8886".parse().unwrap()]), "nobody but Ana does both: {both:?}");
    assert!(!both.is_empty() && scene.free("331+335", "8887", 3).await.is_empty());
}

#[tokio::test]
async fn what_takes_a_membership_opens_to_those_who_have_one() {
    let scene = Scene::lisbon().await;
    scene.fake.change_salon(FakeAltegio::SALON, |salon| {
        salon.services[0].abonement_restriction = 1;
        salon.services[1].prepaid = "required".to_owned();
    });
    let at = scene.backend.branch().branch.clone();
    let catalog = scene.backend.catalog(&at).await.unwrap();
    let gate = |id: &str| catalog.service(&id.parse().unwrap()).unwrap().gate.clone();
    assert_eq!(gate("331"), Some(Gate::Membership));
    assert!(matches!(gate("332"), Some(Gate::Prepayment { link: Some(link) }) if link.starts_with("https://")));
    assert_eq!(gate("334"), None);
    let slot = scene.slot().await;
    let client = scene.request(&slot, 1).client;
    let admits = async |service: &str| scene.backend.admits(&at, &service.parse().unwrap(), &client).await.unwrap();
    assert!(!admits("331").await, "there is none");
    scene.fake.desk().sells_membership("351910000001", "Haircut", 10, None);
    assert!(admits("331").await);
    assert!(!admits("332").await, "nobody pays in a chat");
    scene.fake.desk().freezes_memberships("351910000001");
    assert!(!admits("331").await, "it is frozen");
}

#[tokio::test]
async fn what_is_not_sold_any_more_and_who_left_make_the_catalogue_stale() {
    let scene = Scene::lisbon().await;
    let slot = scene.slot().await;
    scene.fake.desk().withdraws(331);
    let late = scene.book(&slot, 1).await;
    assert!(matches!(late, Err(BookError::NotDone(BackendError::StaleCatalog))), "{late:?}");
    let gone = scene.backend.availability(&scene.query("331", "8886", 3)).await;
    assert!(matches!(gone, Err(BackendError::StaleCatalog)), "the next look knows it: {gone:?}");

    let scene = Scene::lisbon().await;
    let slot = scene.slot().await;
    scene.fake.desk().dismisses(8886);
    let late = scene.book(&slot, 1).await;
    assert!(matches!(late, Err(BookError::NotDone(BackendError::StaleCatalog))), "{late:?}");
    assert!(scene.fake.standing().is_empty());
}

#[tokio::test]
async fn who_has_no_number_or_name_is_asked_and_who_is_blocked_is_told_no_more_than_that() {
    let scene = Scene::lisbon().await;
    let slot = scene.slot().await;
    let mut request = scene.request(&slot, 1);
    request.client.name = None;
    let outcome = scene.backend.book(&request, key(1)).await;
    assert!(matches!(outcome, Err(BookError::Needs { fields }) if fields.contains(&ClientField::Name)));
    request.client.user.phone = None;
    let outcome = scene.backend.book(&request, key(1)).await;
    assert!(matches!(outcome, Err(BookError::Needs { fields }) if fields.contains(&ClientField::Phone)));
    assert_eq!(scene.fake.calls_of("POST /records").len(), 0);
}
