//! Branches that share an account, teams, organisations, and users whom a platform manages.

use super::{Scene, backend, key, own, person};
use chatplug_calcom::{
    CalcomAuth, CalcomBranch, CalcomEventType,
    fake::{FakeCalcom, FakeEventType, FakeRole, FakeScheduling, FakeTeam, FakeUser, Server},
};
use chatplug_core::{
    model::CancelReason,
    ports::{BackendError, BookingBackend as _, BookingFilter},
};
use std::slice::from_ref;

const LISBON: chrono_tz::Tz = chrono_tz::Europe::Lisbon;
/// An organisation, and its team.
const ORGANIZATION: u64 = 7;
const TEAM: u64 = 8;

fn services(catalog: &chatplug_core::model::Catalog) -> Vec<&str> {
    catalog.services.iter().map(|service| service.id.as_str()).collect()
}

/// Two branches at one account: neither sees what is the other's.
#[tokio::test]
async fn branches_that_share_an_account_have_their_own_event_types() {
    let scene = Scene::at(own(LISBON).only_listed().with_event_type(1, CalcomEventType::new())).await;
    let beach = scene.fake.add_event_type(FakeEventType::new(FakeCalcom::ANNA, "beach", "Beach", 60).notice(0));
    let other = own(LISBON).only_listed().with_event_type(beach, CalcomEventType::new());
    let other = backend(scene.fake.config(), other, &scene.clock);
    let [here, there] = [&scene.backend, &other].map(|backend| backend.catalog(backend.branch().id()));
    let (here, there) = (here.await.unwrap(), there.await.unwrap());
    assert_eq!((services(&here), services(&there)), (vec!["1"], vec![beach.to_string().as_str()]));
    let made = scene.book(&scene.slot().await, 1).await.unwrap();
    let theirs = BookingFilter { client: Some(person(1)), ..BookingFilter::at(made.reference.branch.clone()) };
    assert_eq!(scene.backend.find(&theirs).await.unwrap().len(), 1);
    assert!(other.find(&theirs).await.unwrap().is_empty());
    assert!(other.changed(&made.reference.branch, scene.now() - chrono::Duration::hours(1)).await.unwrap().is_empty());
}

/// Each person's event type is one way to have the service, the team's is how to have it with anyone.
#[tokio::test]
async fn a_pool_is_booked_for_whoever_wants_anyone() {
    let scene = Scene::lisbon().await;
    let hosts = [FakeCalcom::ANNA, FakeCalcom::BORIS];
    let any = FakeEventType::of_team(FakeCalcom::TEAM, FakeScheduling::RoundRobin, &hosts, "any", "Any", 60);
    let any = scene.fake.add_event_type(any.notice(0));
    let said = || CalcomEventType::new().of_service("haircut").named("Haircut");
    let at = super::both(LISBON).of_team(FakeCalcom::TEAM);
    let at = [1, 2, any].into_iter().fold(at, |at, id| at.with_event_type(id, said()));
    let scene = scene.with(at);
    let catalog = scene.backend.catalog(scene.backend.branch().id()).await.unwrap();
    assert_eq!(services(&catalog), ["haircut"]);
    assert_eq!(catalog.services[0].staff.len(), 2);
    scene.fake.forget_calls();
    let anyone = scene.free("haircut", "any", 3).await.remove(0);
    assert_eq!(scene.fake.calls_of("GET /slots").len(), 1, "one call for the pool");
    assert!(anyone.candidates.is_empty(), "the system picks");
    let made = scene.book(&anyone, 1).await.unwrap();
    assert_eq!(scene.fake.booking(&made.reference.backend_id).unwrap().event_type, any);
    let boris = scene.free("haircut", "2", 4).await.remove(0);
    let made = scene.book(&boris, 2).await.unwrap();
    assert_eq!(scene.fake.booking(&made.reference.backend_id).unwrap().event_type, 2);
    assert_eq!(made.services[0].as_str(), "haircut");
}

async fn organized() -> (Scene, u64) {
    let scene = Scene::lisbon().await;
    let group = FakeTeam::organization(ORGANIZATION, "Group", "group").with(FakeCalcom::ANNA, FakeRole::Owner);
    scene.fake.add_team(group.with(FakeCalcom::BORIS, FakeRole::Member));
    let team = FakeTeam::new(TEAM, "Norte", "norte").within(ORGANIZATION).with(FakeCalcom::ANNA, FakeRole::Owner);
    scene.fake.add_team(team.with(FakeCalcom::BORIS, FakeRole::Member));
    let hosts = [FakeCalcom::ANNA, FakeCalcom::BORIS];
    let cut = FakeEventType::of_team(TEAM, FakeScheduling::RoundRobin, &hosts, "cut", "Cut", 60).notice(0);
    let cut = scene.fake.add_event_type(cut);
    (scene, cut)
}

async fn books_moves_and_cancels(scene: &Scene, service: u64) {
    let catalog = scene.backend.catalog(scene.backend.branch().id()).await.unwrap();
    assert_eq!(services(&catalog), [service.to_string()]);
    let free = scene.free(&service.to_string(), "any", 3).await;
    let made = scene.book(&free[0], 1).await.unwrap();
    let moved = scene.backend.reschedule(&made.reference, &free[3], key(11)).await.unwrap();
    assert_eq!(scene.all().await, from_ref(&moved));
    scene.backend.cancel(&moved.reference, CancelReason::Client, key(12)).await.unwrap();
    assert!(scene.all().await.is_empty());
}

#[tokio::test]
async fn a_team_of_an_organisation_is_a_branch() {
    let (scene, cut) = organized().await;
    scene.fake.be(Server::Cloud);
    for at in [own(LISBON).of_organization(ORGANIZATION).of_team(TEAM), own(LISBON).of_organization(ORGANIZATION)] {
        books_moves_and_cancels(&scene.clone().with(at), cut).await;
    }
}

/// A server that has no organisations knows the team all the same.
#[tokio::test]
async fn a_server_without_organisations_is_asked_for_the_team() {
    let (scene, cut) = organized().await;
    scene.fake.be(Server::Community2026);
    books_moves_and_cancels(&scene.with(own(LISBON).of_organization(ORGANIZATION).of_team(TEAM)), cut).await;
}

/// Tenants of a platform: each calls as its own user, and one sees nothing of the other.
#[tokio::test]
async fn managed_users_are_apart() {
    let scene = Scene::lisbon().await;
    let tenants = [(21_u64, "lua"), (22, "sol")].map(|(id, name)| {
        let mut user = FakeUser::new(id, name, name, LISBON).with_token(&format!("token-of-{name}"));
        user.managed_by = Some(FakeCalcom::CLIENT_ID.to_owned());
        scene.fake.add_user(user);
        scene.fake.add_schedule(chatplug_calcom::fake::FakeSchedule::weekdays(id, LISBON, "09:00", "17:00"));
        let cut = scene.fake.add_event_type(FakeEventType::new(id, "cut", "Cut", 60).notice(0));
        let auth = CalcomAuth::AccessToken(format!("token-of-{name}").into());
        (backend(scene.fake.config_with(auth), own(LISBON), &scene.clock), cut)
    });
    let [(lua, cut), (sol, _)] = tenants;
    let scene = Scene { backend: lua, ..scene };
    let catalog = scene.backend.catalog(scene.backend.branch().id()).await.unwrap();
    assert_eq!(services(&catalog), [cut.to_string()]);
    let slot = scene.free(&cut.to_string(), "21", 3).await.remove(0);
    let made = scene.book(&slot, 1).await.unwrap();
    let filter = BookingFilter::at(made.reference.branch.clone());
    assert_eq!(scene.backend.find(&filter).await.unwrap(), from_ref(&made));
    assert!(sol.find(&filter).await.unwrap().is_empty());
    // Not even by its name, which anybody may read there.
    let named = BookingFilter { reference: Some(made.reference), all_statuses: true, ..filter };
    assert!(sol.find(&named).await.unwrap().is_empty());
}

/// A name in the configuration that nobody has is no empty catalogue.
#[tokio::test]
async fn an_account_that_is_not_there_is_said() {
    let scene = Scene::lisbon().await;
    for at in [own(LISBON).of_account("nobody"), own(LISBON).of_team(999)] {
        let scene = scene.clone().with(at);
        let error = scene.backend.catalog(scene.backend.branch().id()).await;
        assert!(matches!(error, Err(BackendError::Unavailable { .. } | BackendError::Unauthorized)), "{error:?}");
    }
    let _: CalcomBranch = own(LISBON);
}
