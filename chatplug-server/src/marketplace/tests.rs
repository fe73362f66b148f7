//! Owners, salons and a platform that forgets to tell: the page, the callbacks and the work behind them, against the fake.

use super::{Installer, Owner, codes, facts::Facts};
use crate::{
    config::{Environment, parse},
    http::Marketplaces,
    marketplace::Codes,
    stores::Stores,
    wiring,
};
use async_trait::async_trait;
use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{StatusCode, header},
};
use chatplug_altegio::{
    client::http_client,
    fake::{FakeAltegio, FakeSalon, Fault, LinkStatus},
};
use chatplug_core::{
    ports::{Clock, InstallState, Rate, RateLimiter, StoreError, Taken},
    testkit::VirtualClock,
};
use chatplug_store::SqliteStore;
use chrono::{DateTime, Duration, Utc};
use std::{collections::BTreeSet, sync::Arc};
use tempfile::TempDir;

const ENDPOINT: &str = "9f2c8e5b7a1d4036b8e2c75a";
const ACTIVATE: &str = "POST /marketplace/partner/callback";

/// How fast calls may come is another test's matter; guesses are counted.
#[derive(Debug)]
struct Fast(Arc<dyn RateLimiter>);

#[async_trait]
impl RateLimiter for Fast {
    async fn take(&self, name: &str, rate: Rate, want: u32, now: DateTime<Utc>) -> Result<Taken, StoreError> {
        match name.starts_with("altegio-codes") {
            true => self.0.take(name, rate, want, now).await,
            false => Ok(Taken { granted: want, next: now }),
        }
    }

    async fn hold(&self, _: &str, _: DateTime<Utc>) -> Result<(), StoreError> {
        Ok(())
    }
}

struct House {
    fake: FakeAltegio,
    clock: Arc<VirtualClock>,
    stores: Stores,
    market: Marketplaces,
    _folder: TempDir,
}

impl House {
    /// Two tenants; `bella` has a branch that the configuration puts at the salon 4564 where `named` says so.
    async fn new(named: bool) -> Self {
        let fake = FakeAltegio::start().await.unwrap();
        let clock = Arc::new(VirtualClock::default());
        fake.use_clock(clock.clone()).keep_rate(None);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("calendar.toml"), chatplug_calendar::demo::SALON).unwrap();
        let branch = if named { "altegio = { location = 4564 }" } else { "calendar = \"calendar.toml\"" };
        let text = format!(
            "[server]\npublic_url = \"https://chat.example.com\"\ninline_secrets = true\n\
             [vault]\nmaster_keys = {{ env = \"KEYS\" }}\n\
             [store]\nurl = \"sqlite:{folder}/test.sqlite\"\n\
             [[altegio]]\nname = \"main\"\npartner_token = \"{partner}\"\nuser_token = \"{user}\"\nendpoint = \"{ENDPOINT}\"\n\
             application_id = 45\nbase_url = \"{base}\"\nmarketplace_url = \"{marketplace}\"\n\
             [[meta_app]]\nname = \"main\"\napp_secret = \"s\"\nverify_token = \"v\"\n\
             [[tenant]]\nid = \"bella\"\nname = \"Bella\"\n[[tenant.branch]]\nid = \"centre\"\n{branch}\n{channel}1\"\n\
             [[tenant]]\nid = \"norte\"\nname = \"Norte\"\n[[tenant.branch]]\nid = \"porto\"\ncalendar = \"calendar.toml\"\n\
             {channel}2\"\n",
            folder = folder.path().display(),
            partner = FakeAltegio::PARTNER_TOKEN,
            user = FakeAltegio::USER_TOKEN,
            base = fake.base_url(),
            marketplace = fake.marketplace_url(),
            channel =
                "[[tenant.channel]]\nid = \"w\"\nprovider = \"meta\"\naccess_token = \"t\"\nphone_number_id = \"10",
        );
        let keys = [("KEYS".to_owned(), "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned())];
        let config =
            parse("f.toml", &text, folder.path(), &Environment(keys.into())).unwrap_or_else(|wrong| panic!("{wrong}"));
        let mut stores = Stores::of(SqliteStore::open(folder.path().join("test.sqlite")).await.unwrap());
        stores.limiter = Arc::new(Fast(stores.limiter.clone()));
        for tenant in &config.tenants {
            stores.store.tenant(&tenant.id).register(&wiring::setup(tenant)).await.unwrap();
        }
        let installer = Installer::new(&config, stores.clone(), &http_client().unwrap(), clock.clone());
        let codes = Codes {
            secrets: stores.secrets.clone(),
            limiter: stores.limiter.clone(),
            clock: clock.clone(),
            tenants: installer.accounts.tenants.clone(),
        };
        let market = Marketplaces { installer: Arc::new(installer), codes };
        Self { fake, clock, stores, market, _folder: folder }
    }

    /// More salons, which owners own.
    fn salons(&self, salons: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let salons: Vec<u64> = salons.into_iter().collect();
        for salon in &salons {
            self.fake.add_salon(FakeSalon::bella(*salon, chrono_tz::Europe::Lisbon));
        }
        salons
    }

    async fn code(&self, tenant: &str, salons: &[u64]) -> String {
        let tenant = tenant.parse().unwrap();
        let salons: BTreeSet<u64> = salons.iter().copied().collect();
        let secrets = self.stores.secrets.secrets(&tenant);
        codes::make(&*secrets, &tenant, salons, Duration::hours(24), "operator:ana", self.clock.now())
            .await
            .unwrap()
            .code
    }

    async fn get(&self, query: &str) -> (StatusCode, String) {
        let request =
            Request::get(format!("/altegio/install?{query}")).header("accept-language", "en").body(Body::empty());
        self.read(request.unwrap()).await
    }

    async fn read(&self, request: Request) -> (StatusCode, String) {
        let answer = self.market.install(None, request).await;
        let policy =
            answer.headers().get(header::CONTENT_SECURITY_POLICY).map(|policy| policy.to_str().unwrap().to_owned());
        let status = answer.status();
        let text = String::from_utf8(to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap();
        if !text.is_empty() {
            assert!(
                policy.is_some_and(
                    |policy| policy.contains("default-src 'none'") && policy.contains("form-action 'self'")
                )
            );
            assert!(!text.contains("<script"), "{text}");
        }
        (status, text)
    }

    async fn post(&self, ticket: &str, code: &str, origin: Option<&str>) -> (StatusCode, String) {
        let body: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("ticket", ticket)
            .append_pair("code", code)
            .finish();
        let mut request = Request::post("/altegio/install/main").header("accept-language", "en");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let answer = self.market.install(None, request.body(Body::from(body)).unwrap()).await;
        let (status, to) = (answer.status(), answer.headers().get(header::LOCATION).cloned());
        match to {
            Some(to) => (status, to.to_str().unwrap().split_once("ticket=").unwrap().1.to_owned()),
            None => (status, String::from_utf8(to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()),
        }
    }

    /// Presses the button of a page, and shows what comes next.
    async fn press(&self, page: &str, code: &str) -> String {
        let (status, next) = self.post(ticket(page), code, Some("https://chat.example.com")).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{next}");
        let (status, page) = self.get(&format!("ticket={next}")).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        page
    }

    /// Everything that is due is done.
    async fn go(&self) {
        for _ in 0..3 {
            self.market.installer.round().await;
        }
    }

    async fn state(&self, tenant: &str, branch: &str) -> Option<InstallState> {
        let owner = Owner { tenant: tenant.parse().unwrap(), branch: branch.parse().unwrap() };
        Some(self.market.installer.install(&owner).await.unwrap()?.state)
    }

    async fn callback(&self, endpoint: &str, body: String) -> StatusCode {
        let request = Request::post("/").body(Body::from(body)).unwrap();
        self.market.callback(endpoint, request).await.status()
    }

    /// Rows of a tenant's audit that say something.
    async fn audited(&self, tenant: &str, word: &str) -> usize {
        let rows = self.stores.records.records(&tenant.parse().unwrap()).audit_links(0, 10_000).await.unwrap();
        rows.iter().filter(|row| format!("{row:?}").contains(word)).count()
    }
}

fn ticket(page: &str) -> &str {
    let (_, rest) = page.split_once("name=\"ticket\" value=\"").unwrap_or_else(|| panic!("no form: {page}"));
    rest.split_once('"').unwrap().0
}

/// How many salons stand so.
fn count(page: &str, class: &str) -> usize {
    page.matches(&format!("<li class=\"{class}\">")).count()
}

#[tokio::test]
async fn ten_branches_of_which_two_fail_and_are_tried_again() {
    let house = House::new(false).await;
    let salons = house.salons(5001..=5010);
    let code = house.code("bella", &[]).await;
    house.fake.lock_out(5003).lock_out(5007);
    let (status, page) = house.get(&house.fake.connects(&salons).query()).await;
    assert_eq!((status, count(&page, "new")), (StatusCode::OK, 10), "{page}");
    assert!(page.contains("Alex Smith") && page.contains("name=\"code\""));
    let page = house.press(&page, &code).await;
    assert_eq!(count(&page, "working"), 10, "{page}");
    assert!(page.contains("http-equiv=\"refresh\"") && !page.contains("<form"), "{page}");

    house.go().await;
    let status = async |page: &str| house.get(&format!("ticket={}", refreshes(page))).await.1;
    let page = status(&page).await;
    assert_eq!((count(&page, "connected"), count(&page, "failed") + count(&page, "waiting")), (8, 2), "{page}");
    assert!(page.contains("Studio Bella") && page.contains("Try again"), "{page}");
    assert_eq!(house.fake.calls_of(ACTIVATE).len(), 10);
    assert_eq!(house.state("bella", "altegio-5003").await, Some(InstallState::Pending));
    assert_eq!(house.state("bella", "altegio-5004").await, Some(InstallState::Active));

    house.fake.allow();
    let page = house.press(&page, "").await;
    house.go().await;
    let (_, page) =
        house.get(&format!("ticket={}", if page.contains("<form") { ticket(&page) } else { refreshes(&page) })).await;
    assert_eq!(count(&page, "connected"), 10, "{page}");
    assert!(page.contains("All done") && !page.contains("<form"), "{page}");
    assert_eq!(house.fake.calls_of(ACTIVATE).len(), 10, "nobody was answered twice");
    for salon in &salons {
        assert_eq!(house.fake.hooks(*salon), [format!("https://chat.example.com/webhooks/altegio/{ENDPOINT}")]);
    }

    // Once more, from Altegio's settings: nothing happens, and nothing is asked of anybody.
    house.fake.forget_calls();
    let (_, page) = house.get(&house.fake.opens_settings(&salons).query()).await;
    assert_eq!(count(&page, "connected"), 10, "{page}");
    house.go().await;
    assert!(house.fake.calls().is_empty(), "{:?}", house.fake.calls());
    // A code is for one owner.
    let (_, page) = house.get(&house.fake.connects(&house.salons([5011])).query()).await;
    let (status, _) = house.post(ticket(&page), &code, None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

/// The ticket that a page renews itself with.
fn refreshes(page: &str) -> &str {
    let (_, rest) = page.split_once("ticket=").unwrap_or_else(|| panic!("{page}"));
    rest.split_once('"').unwrap().0
}

#[tokio::test]
async fn a_salon_that_the_configuration_names_needs_no_code() {
    let house = House::new(true).await;
    let (_, page) = house.get(&house.fake.connects(&[4564]).query()).await;
    assert!(!page.contains("name=\"code\""), "{page}");
    house.press(&page, "").await;
    house.go().await;
    assert_eq!(house.state("bella", "centre").await, Some(InstallState::Active));
}

#[tokio::test]
async fn a_redirect_that_is_not_altegio_s_opens_nothing() {
    let house = House::new(false).await;
    let redirect = house.fake.connects(&[4564]);
    for (query, status) in [
        (redirect.clone().without_user().query(), StatusCode::FORBIDDEN),
        (redirect.clone().signed_with("another").query(), StatusCode::FORBIDDEN),
        (redirect.clone().signed_over_base64().query(), StatusCode::FORBIDDEN),
        (redirect.query().replace("4564", "x"), StatusCode::BAD_REQUEST),
        ("ticket=forged.ticket".to_owned(), StatusCode::GONE),
    ] {
        let (told, page) = house.get(&query).await;
        assert_eq!((told, page.contains("<form")), (status, false), "{query}");
    }
    let unknown = Request::get("/altegio/install/other").body(Body::empty()).unwrap();
    assert_eq!(house.market.install(Some("other"), unknown).await.status(), StatusCode::NOT_FOUND);
    // A page that lay around, and one that another page posts.
    let (_, page) = house.get(&redirect.query()).await;
    assert_eq!(house.post(ticket(&page), "", Some("https://evil.example")).await.0, StatusCode::FORBIDDEN);
    assert_eq!(house.post(ticket(&page), "", Some("null")).await.0, StatusCode::FORBIDDEN);
    house.clock.advance(Duration::hours(3));
    assert_eq!(house.post(ticket(&page), "", None).await.0, StatusCode::GONE);
}

#[tokio::test]
async fn names_are_text_whatever_stands_in_them() {
    let house = House::new(false).await;
    house.fake.change_salon(4564, |salon| salon.title = "<img src=x onerror=alert(1)>\"'&".to_owned());
    let redirect = house.fake.connects(&[4564]).by(r#"{"id":7,"name":"<script>alert(1)</script>"}"#);
    let (_, page) = house.get(&redirect.query()).await;
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script"), "{page}");
    let code = house.code("bella", &[]).await;
    let page = house.press(&page, &code).await;
    house.go().await;
    let (_, page) = house.get(&format!("ticket={}", refreshes(&page))).await;
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;") && !page.contains("<img"), "{page}");
}

#[tokio::test]
async fn foreign_salons_and_others_codes_lead_nowhere() {
    let house = House::new(false).await;
    house.salons([5001, 5002, 5003]);
    let norte = house.code("norte", &[5003]).await;
    // Taken by Norte, and long active elsewhere.
    let (_, page) = house.get(&house.fake.connects(&[5003]).query()).await;
    house.press(&page, &norte).await;
    house.go().await;
    assert_eq!(house.state("norte", "altegio-5003").await, Some(InstallState::Active));
    house.fake.private_app(true).connects(&[5002]);
    house.fake.private_app(false);

    // Whoever has a code writes others' salons into the address: one that nobody connects, one that is in use, one of Norte.
    let bella = house.code("bella", &[]).await;
    let redirect = house.fake.opens_settings(&[5001, 5002, 5003]);
    let (_, page) = house.get(&redirect.query()).await;
    let page = house.press(&page, &bella).await;
    house.go().await;
    assert_eq!((count(&page, "failed"), count(&page, "connected")), (2, 1), "{page}");
    for branch in ["altegio-5001", "altegio-5002", "altegio-5003"] {
        assert_eq!(house.state("bella", branch).await, None, "{branch}");
    }
    // A code that names a salon is for that alone, on the first press and on the next.
    let one = house.code("bella", &[5002]).await;
    house.fake.connects(&[5001]);
    let (_, page) = house.get(&house.fake.opens_settings(&[5001, 5002]).query()).await;
    let page = house.press(&page, &one).await;
    assert!(page.contains("Your code is not for this salon"), "{page}");
    let page = house.press(&page, "").await;
    assert!(page.contains("Your code is not for this salon"), "{page}");
    house.go().await;
    assert_eq!(house.state("bella", "altegio-5001").await, None);
    assert_eq!(
        house.state("bella", "altegio-5002").await,
        Some(InstallState::Active),
        "named, so it may be in use already"
    );
}

#[tokio::test]
async fn whoever_guesses_codes_is_slowed_down_and_learns_nothing() {
    let house = House::new(false).await;
    let right = house.code("bella", &[]).await;
    let (_, page) = house.get(&house.fake.connects(&[4564]).query()).await;
    let ticket = ticket(&page).to_owned();
    let wrong = right.replace(right.chars().last().unwrap(), "");
    let told = house.post(&ticket, &format!("{wrong}Z"), None).await;
    assert_eq!(told.0, StatusCode::FORBIDDEN);
    let other = house.post(&ticket, "nobody-0000-0000-0000-0000", None).await;
    let bare = |text: &str| text.split("<ul>").next().unwrap().split("nonce").next().unwrap().to_owned();
    assert_eq!((other.0, bare(&other.1)), (told.0, bare(&told.1)), "who is a tenant here is not told");
    let mut last = StatusCode::OK;
    for _ in 0..12 {
        last = house.post(&ticket, "bella-0000-0000-0000-0000", None).await.0;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(house.post(&ticket, &right, None).await.0, StatusCode::TOO_MANY_REQUESTS, "the right one, too");
    house.clock.advance(Duration::minutes(1));
    assert_eq!(house.post(&ticket, &right, None).await.0, StatusCode::SEE_OTHER);
    let late = house.code("bella", &[]).await;
    house.clock.advance(Duration::hours(25));
    let (_, page) = house.get(&house.fake.connects(&house.salons([5001])).query()).await;
    assert_eq!(house.post(self::ticket(&page), &late, None).await.0, StatusCode::FORBIDDEN, "it has expired");
}

#[tokio::test]
async fn callbacks_are_followed_once_and_strangers_are_not() {
    let house = House::new(true).await;
    let (_, page) = house.get(&house.fake.connects(&[4564]).query()).await;
    house.press(&page, "").await;
    house.go().await;
    let uninstall = |token: &str| house.fake.lifecycle(4564, "uninstall", token);
    let right = FakeAltegio::PARTNER_TOKEN;
    assert_eq!(house.callback(ENDPOINT, uninstall("another")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(house.callback("9f2c8e5b7a1d4036b8e2c75b", uninstall(right)).await, StatusCode::NOT_FOUND);
    assert_eq!(house.callback(ENDPOINT, "{".to_owned()).await, StatusCode::BAD_REQUEST);
    assert_eq!(
        house.callback(ENDPOINT, uninstall(right).replace(":45,", ":46,")).await,
        StatusCode::OK,
        "another app's"
    );
    assert_eq!(house.callback(ENDPOINT, house.fake.lifecycle(99, "uninstall", right)).await, StatusCode::OK);
    assert_eq!(house.callback(ENDPOINT, house.fake.lifecycle(4564, "tariff_changed", right)).await, StatusCode::OK);
    assert_eq!(house.state("bella", "centre").await, Some(InstallState::Active));

    // A payment is kept once.
    let paid = house.fake.paid(4564, "990.50", None, right);
    assert_eq!(house.callback(ENDPOINT, paid.replace("990.50", "1")).await, StatusCode::UNAUTHORIZED);
    for _ in 0..2 {
        assert_eq!(house.callback(ENDPOINT, paid.clone()).await, StatusCode::OK);
    }
    assert_eq!(house.audited("bella", "990.50").await, 1);

    // Frozen, and thawed by what the platform says, which nobody tells.
    house.fake.freezes(4564);
    for _ in 0..2 {
        assert_eq!(house.callback(ENDPOINT, house.fake.lifecycle(4564, "freeze", right)).await, StatusCode::OK);
    }
    assert_eq!(house.state("bella", "centre").await, Some(InstallState::Frozen));
    house.fake.unfreezes(4564);
    house.clock.advance(Duration::minutes(6));
    house.go().await;
    assert_eq!(house.state("bella", "centre").await, Some(InstallState::Active));
    house.fake.freezes(4564);
    house.callback(ENDPOINT, house.fake.lifecycle(4564, "freeze", right)).await;
    house.fake.unfreezes(4564);
    house.callback(ENDPOINT, paid.replace("777", "778")).await;
    assert_eq!(
        house.state("bella", "centre").await,
        Some(InstallState::Active),
        "a payment has the link looked at at once"
    );

    // What no callback told of is found, and silenced, and no more than that.
    house.fake.uninstalls(4564);
    house.clock.advance(Duration::hours(7));
    house.go().await;
    assert_eq!(house.state("bella", "centre").await, Some(InstallState::Frozen));
    // The owner connects anew: the same steps, the same branch.
    let (_, page) = house.get(&house.fake.connects(&[4564]).query()).await;
    house.press(&page, "").await;
    house.go().await;
    assert_eq!(house.state("bella", "centre").await, Some(InstallState::Active));
    assert_eq!(house.fake.link(4564).unwrap().status, LinkStatus::Active);

    for _ in 0..2 {
        assert_eq!(house.callback(ENDPOINT, uninstall(right)).await, StatusCode::OK, "twice is normal");
    }
    assert!(matches!(house.state("bella", "centre").await, None | Some(InstallState::Leaving)));
    assert_eq!(house.audited("bella", "\"uninstall").await.min(1), 1);
}

#[tokio::test]
async fn two_processes_answer_connect_once() {
    let house = House::new(true).await;
    let (_, page) = house.get(&house.fake.connects(&[4564]).query()).await;
    house.fake.on(ACTIVATE).answer(Fault::Delay(std::time::Duration::from_millis(50)));
    house.press(&page, "").await;
    let installer = &house.market.installer;
    tokio::join!(installer.round(), installer.round(), installer.round());
    house.go().await;
    assert_eq!(house.fake.calls_of(ACTIVATE).len(), 1);
    assert_eq!(house.state("bella", "centre").await, Some(InstallState::Active));
    let owner = Owner { tenant: "bella".parse().unwrap(), branch: "centre".parse().unwrap() };
    let facts = Facts::of(&installer.install(&owner).await.unwrap().unwrap());
    assert_eq!((facts.shown, facts.tries, facts.account.as_str()), (None, 0, "main"));
}
