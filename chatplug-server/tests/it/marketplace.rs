//! Salons of Altegio from the command line, and the routes of its marketplace: with the program as it is, against the fake.

use crate::house::{House, K1, Told};
use axum::body::Body;
use chatplug_altegio::fake::FakeAltegio;
use chatplug_server::http::Role;
use http::{Request, StatusCode};
use std::sync::Arc;
use tower::ServiceExt as _;

const ENDPOINT: &str = "9f2c8e5b7a1d4036b8e2c75a";

/// A house with an account at Altegio, and a tenant `nova` that has no branch yet.
fn house(fake: &FakeAltegio) -> House {
    let house = House::new();
    let account = format!(
        "[[altegio]]\nname = \"main\"\npartner_token = \"{}\"\nuser_token = \"{}\"\nendpoint = \"{ENDPOINT}\"\n\
         application_id = 45\nbase_url = \"{}\"\nmarketplace_url = \"{}\"\n\n[[tenant]]\nid = \"nova\"\nname = \"Nova\"\n\
         [[tenant.channel]]\nid = \"whatsapp\"\nprovider = \"meta\"\nphone_number_id = \"106540352242924\"\n\
         access_token = \"token\"\n\n",
        FakeAltegio::PARTNER_TOKEN,
        FakeAltegio::USER_TOKEN,
        fake.base_url(),
        fake.marketplace_url()
    );
    house.configure(|text| {
        let text = text.replacen("[server]\n", "[server]\npublic_url = \"https://chat.example.com\"\n", 1);
        let (before, rest) = text.split_once("[[tenant]]").unwrap();
        format!("{before}{account}[[tenant]]{rest}")
    });
    house
}

/// Runs a command aside, so that the fake can answer it.
async fn run(house: &Arc<House>, arguments: &[&str], input: &str) -> Told {
    let (house, input) = (house.clone(), input.to_owned());
    let arguments: Vec<_> = arguments.iter().map(|&word| word.to_owned()).collect();
    let work = move || house.run_with(K1, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), &input);
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_made_and_nobody_can_tell_it_again() {
    let fake = FakeAltegio::start().await.unwrap();
    let house = Arc::new(house(&fake));
    let connect = ["tenant", "connect", "altegio", "--tenant", "nova"];
    let told = run(&house, &[&connect[..], &["--salon", "4564"]].concat(), "").await;
    assert_eq!(told.code, Some(0), "{told:?}");
    let code =
        told.out.lines().find_map(|line| line.trim().strip_prefix("nova-")).unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!(code.len(), 19, "{code}");
    assert!(
        told.out.contains("https://chat.example.com/altegio/install") && told.out.contains("alone: 4564"),
        "{told:?}"
    );
    assert!(!house.holds(code, &[]) && !house.holds(&code.replace('-', ""), &[]), "the code lies readable");
    assert!(run(&house, &[&connect[..], &["--revoke"]].concat(), "").await.out.contains("works no more"));
    assert!(run(&house, &[&connect[..], &["--revoke"]].concat(), "").await.out.contains("no connect code"));
    assert!(fake.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_is_connected_by_one_of_its_users_and_leaves_again() {
    let fake = FakeAltegio::start().await.unwrap();
    let house = Arc::new(house(&fake));
    let connect = ["tenant", "connect", "altegio", "--tenant", "nova", "--location", "4564", "--wait", "0"];
    let dry = run(&house, &[&connect[..], &["--dry-run"]].concat(), "").await;
    assert_eq!((dry.code, dry.out.matches("todo").count()), (Some(0), 6), "{dry:?}");
    let none = run(&house, &connect, "").await;
    assert!(none.code == Some(1) && none.out.contains("there is no user to act as"), "{none:?}");
    std::fs::write(house.path("login"), FakeAltegio::LOGIN).unwrap();
    std::fs::write(house.path("password"), FakeAltegio::PASSWORD).unwrap();
    let login = [&connect[..], &["--login-file", "login", "--password-file", "password"]].concat();
    fake.second_factor(true);
    let factor = run(&house, &login, "").await;
    assert!(factor.code == Some(1) && factor.out.contains("two-factor authentication"), "{factor:?}");
    fake.second_factor(false);
    let done = run(&house, &login, "").await;
    assert!(done.code == Some(0) && done.out.contains("branch altegio-4564 of nova"), "{done:?}");
    assert_eq!(fake.hooks(4564), [format!("https://chat.example.com/webhooks/altegio/{ENDPOINT}")]);
    for secret in [FakeAltegio::PASSWORD, FakeAltegio::USER_TOKEN] {
        let but = [house.config(), house.path("password")];
        assert!(!house.holds(secret, &[&but[0], &but[1]]), "{secret} lies readable");
    }
    let status = run(&house, &["tenant", "connect", "status", "--tenant", "nova"], "").await;
    assert!(status.out.starts_with("nova  altegio-4564  altegio 4564: active"), "{status:?}");

    let other =
        run(&house, &["tenant", "connect", "altegio", "--tenant", "norte", "--location", "4564", "--dry-run"], "")
            .await;
    assert!(other.code == Some(1) && other.err.contains("nova's already"), "{other:?}");

    let off = run(&house, &["tenant", "disconnect", "--tenant", "nova", "--branch", "altegio-4564", "--yes"], "").await;
    assert_eq!(off.code, Some(0), "{off:?}");
    let status = run(&house, &["tenant", "connect", "status", "--tenant", "nova"], "").await;
    assert!(status.out.contains("altegio 4564: leaving") || !status.out.contains("4564"), "{status:?}");
}

#[tokio::test]
async fn owners_and_altegio_reach_their_routes() {
    let fake = FakeAltegio::start().await.unwrap();
    let house = house(&fake);
    let app = house.open(K1).await;
    let status = async |role, request: Request<Body>| app.router_of(role).oneshot(request).await.unwrap().status();
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let install = format!("/altegio/install?{}", fake.connects(&[4564]).query());
    let named = install.replace("install?", "install/main?");
    assert_eq!(status(Role::Webhooks, get(&install)).await, StatusCode::OK);
    assert_eq!(status(Role::Webhooks, get(&named)).await, StatusCode::OK);
    assert_eq!(status(Role::Webhooks, get("/altegio/install?salon_id=4564")).await, StatusCode::FORBIDDEN);
    assert_eq!(status(Role::Work, get(&install)).await, StatusCode::NOT_FOUND);
    let post = |token: &str| {
        let body = Body::from(fake.lifecycle(4564, "uninstall", token));
        Request::post(format!("/altegio/callback/{ENDPOINT}")).body(body).unwrap()
    };
    assert_eq!(status(Role::Webhooks, post("another")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(Role::Webhooks, post(FakeAltegio::PARTNER_TOKEN)).await, StatusCode::OK);
    app.close().await;
}
