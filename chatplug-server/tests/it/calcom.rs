//! Cal.com in the configuration, and what it posts to the server.

use crate::house::{House, K1, Told};
use axum::body::Bytes;
use chatplug_calcom::{
    CalcomAuth, CalcomEndpoint,
    fake::{FakeCalcom, FakeDelivery},
};
use chatplug_core::ports::SystemClock;
use chatplug_server::{
    config::{CalcomEmail, CalcomUser, Config, Credential, Environment, parse},
    http::App,
};
use http::Request;
use secrecy::ExposeSecret as _;
use std::{fs, path::Path, sync::Arc};

const KEY: &str = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const SECRET: &str = "9f2c8e5b7a1d4036b8e2c75a";

const ACCOUNT: &str = "[[calcom]]\nname = \"main\"\napi_key = { env = \"API_KEY\" }\n\
    webhook_secret = { env = \"SECRET\" }\n";

const BRANCH: &str = "[tenant.branch.calcom]\nzone = \"Europe/Lisbon\"\ncountry = \"PT\"\ncurrency = \"EUR\"\n";

const ALTEGIO: &str =
    "[[altegio]]\nname = \"main\"\npartner_token = { env = \"API_KEY\" }\nendpoint = { env = \"SECRET\" }\n";

/// A configuration with these accounts, and a branch with this below its id.
fn file(accounts: &str, branch: &str) -> String {
    format!(
        "[server]\npublic_url = \"https://chat.example.com\"\n{accounts}[[tenant]]\nid = \"bella\"\nname = \"Bella\"\n\
         [[tenant.channel]]\nid = \"page\"\nprovider = \"simulator\"\n[[tenant.branch]]\nid = \"centre\"\n{branch}"
    )
}

fn read(text: &str) -> Result<Config, Vec<String>> {
    let environment = [
        ("API_KEY", "cal_live_0123"),
        ("SECRET", SECRET),
        ("SHORT", "whsec"),
        ("BROKEN", "cal_ two words"),
        ("CHATPLUG__VAULT__MASTER_KEYS", KEY),
    ];
    let environment = Environment(environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    parse("f.toml", text, Path::new("."), &environment)
        .map_err(|problems| problems.0.iter().map(ToString::to_string).collect())
}

/// What is wrong, without where.
fn told(text: &str) -> Vec<String> {
    let told = read(text).unwrap_err();
    told.iter().map(|line| line.splitn(4, ':').nth(3).unwrap().trim().to_owned()).collect()
}

#[test]
fn a_branch_books_at_calcom_by_one_block() {
    let config = read(&file(ACCOUNT, BRANCH)).unwrap();
    let (account, branch) = (&config.calcom[0], &config.tenants[0].branches[0]);
    assert!(matches!(account.auth, Some(CalcomAuth::ApiKey(_))) && account.webhook_secrets.len() == 1);
    let place = branch.calcom().unwrap();
    assert!(branch.plan().is_none() && branch.altegio().is_none() && branch.others.is_empty());
    assert_eq!((place.account.as_str(), place.zone.name(), place.currency.code()), ("main", "Europe/Lisbon", "EUR"));
    assert_eq!((matches!(place.email, CalcomEmail::Ask), place.user.is_none()), (true, true));
    // Every tenant its own user: the account names the server alone.
    let server = "[[calcom]]\nname = \"own\"\nbase_url = \"http://127.0.0.1:5555/api/v2/\"\n";
    let config = read(&file(server, &format!("{BRANCH}access_token = {{ vault = \"calcom\" }}\n"))).unwrap();
    let place = config.tenants[0].branches[0].calcom().unwrap();
    assert!(matches!(&place.user, Some(CalcomUser::AccessToken(Credential::Kept(name))) if name == "calcom"));
    assert!(config.calcom[0].auth.is_none() && config.calcom[0].webhook_secrets.is_empty());
}

#[test]
fn the_blocks_of_the_sample_are_right() {
    let sample = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config.sample.toml")).unwrap();
    let block = |first: &str| {
        let (_, rest) = sample.split_once(first).unwrap();
        let lines = rest.lines().take_while(|line| line.starts_with("# "));
        lines.map(|line| format!("{}\n", &line[2..])).collect::<String>()
    };
    let account = format!("[[calcom]]\n{}", block("# [[calcom]]\n"));
    let account = account.replace("CALCOM_API_KEY", "API_KEY");
    let account = account.replace("CALCOM_WEBHOOK_SECRET", "SECRET").replace("CALCOM_OLD", "SECRET");
    let branch = format!("[tenant.branch.calcom]\n{}", block("# [tenant.branch.calcom]\n"));
    let config = read(&file(&account, &branch)).unwrap();
    assert_eq!(config.calcom[0].webhook_secrets.len(), 2);
    let place = config.tenants[0].branches[0].calcom().unwrap();
    assert_eq!((place.team, place.organization, place.usernames.len()), (Some(17), Some(5), 2));
    assert!(matches!(&place.email, CalcomEmail::Guest { domain, .. } if domain == "guest.bella.example"));
    let (event_type, staff) = (&place.event_types[0], &place.staff[0]);
    assert_eq!((event_type.id, event_type.price.unwrap().from.minor, staff.user), (42, 3200, 7));
    assert!(place.only_listed && place.place.as_ref().unwrap().point.is_some());
}

#[test]
fn everything_wrong_is_told_at_once() {
    let account = "[[calcom]]\nname = \"main\"\napi_key = \"plain\"\nwebhok_secret = { env = \"SECRET\" }\n\
        base_url = \"api.cal.com\"\n";
    let branch = "[tenant.branch.calcom]\naccount = \"mian\"\nteam = 0\napi_key = { vault = \"Über\" }\n\
        zone = \"Lisbon\"\ncountry = \"Portugal\"\ncurrency = \"euro\"\nemail = \"gest\"\neventtypes = []\n\
        only_listed = true\n\
        [[tenant.branch.calcom.staff]]\nuser = 7\n[[tenant.branch.calcom.staff]]\nuser = 7\n";
    let expected = [
        "a secret does not belong into this file: write api_key = { env = \"NAME\" } or { file = \"PATH\" } (or, to try \
         things out, set inline_secrets = true under [server])",
        "unknown key `webhok_secret`; did you mean `webhook_secret`?",
        "`api.cal.com` is not an address that begins with https:// or http://",
        "there is no [[calcom]] `mian`; did you mean `main`?",
        "must be Cal.com's number of it: GET /v2/me and /v2/teams tell it",
        "a credential's name has 1 to 64 characters of a-z, 0-9, -, _ and .",
        "there is no zone \"Lisbon\": did you mean \"Europe/Lisbon\"?",
        "`Portugal` is not a country: write its two capital letters, such as \"PT\"",
        "`euro` is not a currency: write its three letters, such as \"EUR\"",
        "unknown value `gest`; did you mean `guest`?",
        "unknown key `eventtypes`; did you mean `event_types`?",
        "nothing is listed, so nothing could be booked: add event_types",
        "the user 7 is named twice: leave one of them",
    ];
    assert_eq!(told(&file(account, branch)), expected);
    let event_type = "[[tenant.branch.calcom.event_types]]\nid = 1\nprice = \"12,50\"\nname = { main = \"Cut\", portuguese = \"?\" }\n";
    let wrong = told(&file(ACCOUNT, &format!("{BRANCH}{event_type}")));
    assert_eq!(wrong[0], "\"12,50\" is not an amount of EUR: write it as \"45.00\"", "{wrong:?}");
    assert!(wrong.len() == 2 && wrong[1].contains("portuguese"), "{wrong:?}");
}

#[test]
fn calls_are_made_as_one_user() {
    let two = format!("{ACCOUNT}client_id = \"id\"\n");
    assert_eq!(
        told(&file(&two, BRANCH)),
        ["calls are made as one user, and this has `api_key` and `client_id`: leave one of them"]
    );
    let half = ACCOUNT.replace("api_key = { env = \"API_KEY\" }", "client_id = \"id\"");
    assert_eq!(told(&file(&half, BRANCH)), ["`secret_key` is missing here"]);
    let nobody = ACCOUNT.replace("api_key = { env = \"API_KEY\" }\n", "");
    assert_eq!(
        told(&file(&nobody, BRANCH)),
        ["nobody to call as: the [[calcom]] `main` names no user, so write api_key (or access_token) here"]
    );
    let broken = ACCOUNT.replace("\"API_KEY\"", "\"BROKEN\"");
    assert_eq!(told(&file(&broken, BRANCH)), ["the API key is empty, or has characters that none has"]);
    assert_eq!(told(&file("", BRANCH)), ["there is no [[calcom]]: the server that is called, and as whom"]);
}

#[test]
fn a_secret_that_can_be_guessed_and_a_domain_that_is_none_are_refused() {
    let short = told(&file(&ACCOUNT.replace("\"SECRET\"", "\"SHORT\""), BRANCH));
    assert!(short.len() == 1 && short[0].contains("has 5") && !short[0].contains("whsec"), "{short:?}");
    let guest = |more: &str| told(&file(ACCOUNT, &format!("{BRANCH}{more}")));
    assert_eq!(guest("email = \"guest\"\n"), ["`guest_domain` is missing here", "`guest_secret` is missing here"]);
    let wrong = guest("email = \"guest\"\nguest_domain = \"@bella.example\"\nguest_secret = { env = \"SECRET\" }\n");
    assert_eq!(wrong, ["`@bella.example` is not a domain such as guest.bella.example"]);
    assert_eq!(guest("guest_domain = \"bella.example\"\n"), ["goes with email = \"guest\", and with nothing else"]);
}

#[test]
fn of_several_blocks_one_acts_and_is_named() {
    let accounts = format!("{ALTEGIO}{ACCOUNT}");
    let both = format!("[tenant.branch.altegio]\nlocation = 4564\n{BRANCH}");
    let of = |backend: &str| file(&accounts, &format!("{backend}{both}"));
    for (backend, other) in [("altegio", "calcom"), ("calcom", "altegio")] {
        let config = read(&of(&format!("backend = \"{backend}\"\n"))).unwrap();
        let branch = &config.tenants[0].branches[0];
        assert_eq!((branch.booking.backend(), branch.others.len()), (backend, 1));
        assert!(branch.block(other).is_some() && branch.block("calendar").is_none());
        assert_eq!(
            (branch.altegio().is_some(), branch.calcom().is_some()),
            (backend == "altegio", backend == "calcom")
        );
    }
    assert_eq!(
        told(&of("")),
        [
            "a branch keeps its bookings in one system, and this has blocks of `altegio` and `calcom`: say which acts, such \
          as backend = \"altegio\", or leave one of them"
        ]
    );
    assert_eq!(
        told(&of("backend = \"calendar\"\n")),
        ["this branch has no block `calendar`: add it, or name the one that is there (`altegio` and `calcom`)"]
    );
    assert_eq!(told(&of("backend = \"cal.com\"\n")), ["there is no booking system `cal.com`; did you mean `calcom`?"]);
    // One block that is named needs no other.
    assert!(read(&file(ACCOUNT, &format!("backend = \"calcom\"\n{BRANCH}"))).is_ok());
    // A mistake in a block that does not act is a mistake.
    let wrong = of("backend = \"altegio\"\n").replace("Europe/Lisbon", "Lisboa");
    assert_eq!(told(&wrong).len(), 1);
}

/// A tenant whose branch is the fake's account, with this below the account and below the branch.
fn house(fake: &FakeCalcom, account: &str, branch: &str) -> Arc<House> {
    let house = House::new();
    house.configure(|text| {
        let (before, _) = text.split_once("[[meta_app]]").unwrap();
        let before = before.replace("[server]", "[server]\npublic_url = \"https://chat.example.com\"");
        format!(
            "{before}[[calcom]]\nname = \"main\"\nbase_url = \"{}\"\nwebhook_secret = \"{SECRET}\"\n{account}[[tenant]]\n\
             id = \"bella\"\nname = \"Bella\"\n[[tenant.branch]]\nid = \"centre\"\n{BRANCH}{branch}",
            fake.base_url()
        )
    });
    Arc::new(house)
}

/// Runs a command aside, so that the fake can answer it; it tells no secret unless it is meant to.
async fn run(house: &Arc<House>, arguments: &[&'static str]) -> Told {
    let (house, arguments) = (house.clone(), arguments.to_vec());
    let may = arguments.contains(&"--show");
    let told = tokio::task::spawn_blocking(move || house.run(K1, &arguments)).await.unwrap();
    let endpoint = CalcomEndpoint::of(&SECRET.into(), "bella/centre");
    for secret in [FakeCalcom::KEY, SECRET, endpoint.expose(), endpoint.secret().expose_secret()] {
        assert!(may || (!told.out.contains(secret) && !told.err.contains(secret)), "{told:?}");
    }
    told
}

async fn fake() -> FakeCalcom {
    let fake = FakeCalcom::start().await.unwrap();
    fake.use_clock(Arc::new(SystemClock));
    // Commands keep to the vendor's pace: the less there is to look at, the sooner they end.
    (FakeCalcom::CONSULT..=FakeCalcom::BOTH).for_each(|id| {
        fake.remove_event_type(id);
    });
    fake
}

fn key() -> String {
    format!("api_key = \"{}\"\n", FakeCalcom::KEY)
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_key_to_webhooks_in_one_command() {
    let fake = fake().await;
    let house = house(&fake, "", "api_key = { vault = \"calcom\" }\n");
    let none = run(&house, &["doctor"]).await;
    assert!(none.out.contains("bella has no credential \"calcom\"") && none.code == Some(1), "{none:?}");
    fs::write(house.path("key"), FakeCalcom::KEY).unwrap();
    let key = house.path("key").display().to_string().leak() as &str;
    let connect = ["tenant", "connect", "calcom", "--tenant", "bella", "--key-file", key];
    let dry = run(&house, &[&connect[..], &["--dry-run"]].concat()).await;
    assert!(
        dry.out.contains("would keep the key as credential \"calcom\" of bella") && fake.hooks().is_empty(),
        "{dry:?}"
    );
    let done = run(&house, &connect).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    for line in [
        "kept: credential \"calcom\" of bella\n",
        "  ok           127.0.0.1 answers (a server of 2025)\n",
        "  ok           calls are made as anna, Europe/Berlin\n",
        "  note         the user's zone in Cal.com is Europe/Berlin, and the branch's is Europe/Lisbon\n",
        "  ok           told here\n",
    ] {
        assert!(done.out.contains(line), "{line}: {}", done.out);
    }
    let again = run(&house, &["tenant", "webhooks"]).await;
    assert_eq!(again.out, "bella · centre (calcom): told here already; nothing was changed\n", "{again:?}");
    let well = run(&house, &["doctor"]).await;
    assert!(well.code == Some(0) && well.out.contains("changes are told here\n"), "{well:?}");
    let shown = run(&house, &["tenant", "webhooks", "--show"]).await;
    assert!(fake.hooks().iter().all(|url| shown.out.contains(url)), "{shown:?}");
    let gone = run(&house, &["tenant", "webhooks", "--remove"]).await;
    assert_eq!((gone.out.as_str(), fake.hooks().len()), ("bella · centre (calcom): not told here any more\n", 0));
    let left = run(&house, &["doctor"]).await;
    assert!(left.code == Some(1) && left.out.contains("wrong        changes are not told here\n"), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_way_is_told_with_what_to_do() {
    let fake = fake().await;
    let wrong = house(&fake, "api_key = \"cal_live_nobody\"\n", "");
    let told = run(&wrong, &["tenant", "connect", "calcom", "--tenant", "bella"]).await;
    assert!(
        told.code == Some(1) && told.out.contains("wrong        the server does not take the credential"),
        "{told:?}"
    );
    assert!(told.out.contains("→ make another key in Cal.com") && fake.hooks().is_empty(), "{told:?}");
    let nowhere = run(&wrong, &["tenant", "connect", "calcom", "--tenant", "bella", "--branch", "center"]).await;
    assert!(nowhere.err.contains("bella has no branch `center`; did you mean `centre`?"), "{nowhere:?}");
    let unnamed = run(&wrong, &["tenant", "connect", "calcom", "--tenant", "bella", "--key-file", "x"]).await;
    assert!(unnamed.err.contains("write api_key = { vault = \"calcom\" }"), "{unnamed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_closed_and_opened_from_the_command_line() {
    let fake = fake().await;
    let house = house(&fake, &key(), "");
    let schedule = ["tenant", "schedule", "--tenant", "bella"];
    let of = |rest: &[&'static str]| [&schedule[..], rest].concat();
    let shown = run(&house, &of(&["show"])).await;
    assert!(shown.out.contains("the usual one") && shown.out.contains("2026-12-25  closed"), "{shown:?}");
    let set = run(&house, &of(&["set", "2027-02-01", "15:00-18:00", "10:00-12:00"])).await;
    assert!(set.out.starts_with("2027-02-01: 10:00-12:00, 15:00-18:00 (schedule 1 "), "{set:?}");
    let closed = run(&house, &of(&["close", "2027-02-01"])).await;
    assert!(closed.out.starts_with("2027-02-01: closed"), "{closed:?}");
    let cleared = run(&house, &of(&["clear", "2027-02-01"])).await;
    assert!(cleared.out.starts_with("2027-02-01: the usual hours"), "{cleared:?}");
    let away = run(&house, &of(&["away", "2027-03-01", "2027-03-05"])).await;
    assert!(away.code == Some(1) && away.err.contains("close the days instead"), "{away:?}");
    let member = run(&house, &["tenant", "schedule", "--tenant", "bella", "--user", "2", "show"]).await;
    assert!(member.err.contains("organization = NUMBER"), "{member:?}");
    let odd = run(&house, &of(&["set", "2027-02-01", "25:00-26:00"])).await;
    assert!(odd.err.contains("write hours such as 10:00-12:00"), "{odd:?}");
}

#[tokio::test]
async fn what_calcom_posts_is_taken_at_the_branchs_own_address_alone() {
    let (fake, folder) = (fake().await, tempfile::tempdir().unwrap());
    let store = format!("[store]\nurl = \"sqlite:{}/f.sqlite\"\n", folder.path().display());
    let account = format!("{ACCOUNT}base_url = \"{}\"\n", fake.base_url());
    let config = read(&file(&format!("{store}{account}"), BRANCH)).unwrap();
    let app = App::new(config, Arc::new(SystemClock)).await.unwrap();
    let post = async |name: &str, secret: &CalcomEndpoint| {
        let end = CalcomEndpoint::of(&SECRET.into(), name);
        let body = "{\"triggerEvent\":\"BOOKING_CREATED\",\"createdAt\":\"2026-11-21T02:06:32.455Z\",\
                    \"payload\":{\"uid\":\"syVnAwQK3zB2ter55N3LdR\"}}";
        let delivery = FakeDelivery::signed("", body, Some(secret.secret().expose_secret()));
        let request = Request::post(format!("/webhooks/calcom/{}", end.expose()))
            .header("x-cal-signature-256", delivery.signature)
            .body(Bytes::from(delivery.body))
            .unwrap();
        app.webhooks().answer("calcom", end.expose(), request).await.status().as_u16()
    };
    let right = CalcomEndpoint::of(&SECRET.into(), "bella/centre");
    let other = CalcomEndpoint::of(&SECRET.into(), "other/centre");
    assert_eq!(post("bella/centre", &right).await, 200);
    assert_eq!(post("bella/centre", &other).await, 401, "another tenant's secret");
    assert_eq!(post("other/centre", &other).await, 404, "no such tenant");
    // A booking that nobody knows costs a turn of nobody.
    app.engine().drain().await.unwrap();
    app.close().await;
}
