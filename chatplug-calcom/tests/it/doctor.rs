//! What stands between a branch and its clients.

use chatplug_calcom::{
    CalcomAuth, CalcomBackend, CalcomBranch, CalcomCheckup, CalcomClient, CalcomConfig, CalcomEmail, CalcomEndpoint,
    CalcomEventType, CalcomFinding as F, CalcomHooks, HookOwner, ServerKind,
    client::http_client,
    fake::{FakeCalcom, Fault, Server},
};
use chatplug_core::{
    checkup::Verdict,
    model::{BranchId, InstallId},
    ports::{Clock, SystemClock},
    wrappers::Pace,
};
use std::sync::Arc;

const OUTSIDE: &str = "https://chat.example.com";

fn branch() -> CalcomBranch {
    let (branch, install) = (BranchId::new("centre").unwrap(), InstallId::new("calcom").unwrap());
    CalcomBranch::new(branch, install, "Europe/Berlin".parse().unwrap(), "EUR".parse().unwrap())
}

/// The fake keeps no limit here.
fn unhurried() -> Pace {
    Pace::new(Arc::new(SystemClock), 10_000, chrono::Duration::milliseconds(1), 100)
}

fn endpoint() -> CalcomEndpoint {
    CalcomEndpoint::of(&"9f2c8e5b7a1d4036b8e2c75a".into(), "bella/centre")
}

async fn look(config: CalcomConfig, branch: CalcomBranch) -> Vec<F> {
    let client = CalcomClient::new(config, http_client().unwrap()).with_pace(unhurried());
    let hooks = CalcomHooks::new(client.clone(), HookOwner::User, endpoint(), OUTSIDE);
    let backend = CalcomBackend::with_client(client, branch, Arc::new(SystemClock));
    CalcomCheckup::new(backend).with_hooks(hooks).run(SystemClock.now()).await
}

async fn real() -> FakeCalcom {
    let fake = FakeCalcom::start().await.unwrap();
    fake.use_clock(Arc::new(SystemClock));
    fake
}

fn wrong(found: &[F]) -> Vec<&F> {
    found.iter().filter(|one| one.verdict() == Verdict::Wrong).collect()
}

#[tokio::test]
async fn a_branch_that_is_well_is_told_to_be() {
    let fake = real().await;
    let client = CalcomClient::new(fake.config(), http_client().unwrap());
    CalcomHooks::new(client, HookOwner::User, endpoint(), OUTSIDE).register().await.unwrap();
    for (server, kind) in
        [(Server::SelfHosted2025, ServerKind::Images2025), (Server::Community2026, ServerKind::Community2026)]
    {
        fake.be(server);
        let found = look(fake.config(), branch()).await;
        assert!(wrong(&found).is_empty(), "{found:#?}");
        assert!(matches!(&found[0], F::Server { kind: seen, .. } if *seen == kind), "{found:#?}");
        assert!(found.iter().any(|one| matches!(one, F::Account { username, .. } if username == "anna")), "{found:#?}");
        assert!(found.contains(&F::WebhookSet { others: 0 }), "{found:#?}");
        let Some(offers) = found.iter().find(|one| matches!(one, F::Offers { .. })) else { panic!("{found:#?}") };
        assert!(offers.to_string().contains("1 Haircut") && offers.to_string().contains("(hidden)"), "{offers}");
        // Every finding that is not fine says what to do.
        let idle = |one: &&F| one.verdict() != Verdict::Fine && one.todo().is_empty();
        assert!(!found.iter().any(|one| idle(&one)), "{found:#?}");
    }
    assert_eq!(fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_credential_is_wrong_in_its_own_way() {
    let fake = real().await;
    let key = |key: &str| fake.config_with(CalcomAuth::ApiKey(key.into()));
    assert_eq!(look(key("cal_live_nobody"), branch()).await, [F::CredentialRefused]);
    fake.change_user(FakeCalcom::ANNA, |user| user.key_expired = true);
    assert_eq!(look(fake.config(), branch()).await, [F::CredentialExpired]);
    fake.change_user(FakeCalcom::ANNA, |user| user.key_expired = false);
    let licence = "ApiAuthStrategy - api key - Invalid or missing CALCOM_LICENSE_KEY environment variable";
    fake.on("GET /me").answer(Fault::Refuse(401, licence.to_owned()));
    assert_eq!(look(fake.config(), branch()).await, [F::LicenceMissing]);
}

#[tokio::test]
async fn an_address_that_is_not_the_apis_is_told_with_the_right_one() {
    let fake = real().await;
    let found = look(fake.config().with_base_url(format!("{}/v1", fake.base_url())), branch()).await;
    let right = Some(fake.base_url());
    assert!(matches!(found.as_slice(), [F::WrongAddress { try_this, .. }] if *try_this == right), "{found:#?}");
    assert!(found[0].todo().contains(&fake.base_url()));
    // The web application answers with pages.
    fake.on("GET /me").always().answer(Fault::Html);
    let found = look(fake.config(), branch()).await;
    assert!(matches!(found.as_slice(), [F::WrongAddress { try_this: None, .. }]), "{found:#?}");
}

#[tokio::test]
async fn a_server_that_is_down_is_told_apart() {
    let nobody = CalcomConfig::new(CalcomAuth::ApiKey("cal_test".into())).with_base_url("http://127.0.0.1:9");
    let found = look(nobody, branch()).await;
    assert!(matches!(found.as_slice(), [F::NotAsked { .. }]), "{found:#?}");
    let fake = real().await;
    fake.on("GET /me").always().answer(Fault::Status(502));
    let found = look(fake.config(), branch()).await;
    assert!(matches!(found.as_slice(), [F::NotAsked { why, .. }] if why.contains("502")), "{found:#?}");
}

#[tokio::test]
async fn nothing_to_book_and_nothing_free_are_told() {
    let fake = real().await;
    for id in 1..=8 {
        fake.change_event_type(id, |one| one.hidden = true);
    }
    let found = look(fake.config(), branch()).await;
    assert!(wrong(&found).contains(&&F::NothingOffered { hidden: 8 }), "{found:#?}");
    fake.change_event_type(FakeCalcom::HAIRCUT, |one| one.hidden = false);
    fake.change_schedule(1, |schedule| schedule.availability.clear());
    let found = look(fake.config(), branch()).await;
    assert!(wrong(&found).contains(&&F::NoTimes), "{found:#?}");
    let elsewhere = branch().with_event_type(4711, CalcomEventType::new()).of_team(999);
    let found = look(fake.config(), elsewhere).await;
    assert!(matches!(wrong(&found).as_slice(), [F::OutOfReach(what), ..] if what.contains("999")), "{found:#?}");
    let named = branch().with_event_type(4711, CalcomEventType::new());
    assert!(wrong(&look(fake.config(), named).await).contains(&&F::NamedUnknown(vec![4711])));
}

#[tokio::test]
async fn an_address_that_clients_are_asked_for_in_spite_of_the_rule_is_told() {
    let fake = real().await;
    let found = look(fake.config(), branch().with_email(CalcomEmail::PhoneOnly)).await;
    let Some(F::EmailDemanded(titles)) = found.iter().find(|one| matches!(one, F::EmailDemanded(_))) else {
        panic!("{found:#?}")
    };
    assert!(titles.iter().any(|title| title == "Haircut") && !titles.iter().any(|title| title == "Phone only"));
}

#[tokio::test]
async fn a_webhook_is_wrong_in_its_own_way() {
    let fake = real().await;
    let told = async |fake: &FakeCalcom| look(fake.config(), branch()).await;
    assert!(wrong(&told(&fake).await).contains(&&F::WebhookMissing { listed: 0, wanted: 1 }));
    fake.hook(FakeCalcom::ANNA, "https://old.example.net/webhooks/calcom/0d1e2c3b4a5968778695a4b3", Some("x"));
    assert!(wrong(&told(&fake).await).contains(&&F::WebhookElsewhere(vec!["old.example.net".to_owned()])));
    use secrecy::ExposeSecret as _;
    fake.hook(FakeCalcom::ANNA, endpoint().address(OUTSIDE).expose_secret(), None);
    let found = told(&fake).await;
    assert!(wrong(&found).contains(&&F::WebhookUnsigned), "{found:#?}");
    assert!(found.contains(&F::WebhookToo(vec!["old.example.net".to_owned()])), "{found:#?}");
}
