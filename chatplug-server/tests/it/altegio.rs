//! Altegio in the configuration, and what it posts to the server.

use axum::body::Bytes;
use chatplug_altegio::fake::FakeAltegio;
use chatplug_core::ports::SystemClock;
use chatplug_server::{
    config::{Config, Credential, Environment, parse},
    http::App,
};
use http::Request;
use secrecy::ExposeSecret as _;
use std::{fs, path::Path, process::Command, sync::Arc};

const KEY: &str = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const ENDPOINT: &str = "9f2c8e5b7a1d4036b8e2c75a";

const ACCOUNT: &str = "[[altegio]]\nname = \"main\"\npartner_token = { env = \"PARTNER\" }\n\
    user_token = { env = \"USER_TOKEN\" }\nendpoint = { env = \"ENDPOINT\" }\n";

const BRANCH: &str = "[tenant.branch.altegio]\nlocation = 4564\n";

/// A configuration with these accounts, and a branch with this below its id.
fn file(accounts: &str, branch: &str) -> String {
    format!(
        "[server]\npublic_url = \"https://chat.example.com\"\n{accounts}[[tenant]]\nid = \"bella\"\nname = \"Bella\"\n\
         [[tenant.channel]]\nid = \"page\"\nprovider = \"simulator\"\n[[tenant.branch]]\nid = \"centre\"\n{branch}"
    )
}

fn read(text: &str) -> Result<Config, Vec<String>> {
    let environment = [
        ("PARTNER", "partner"),
        ("USER_TOKEN", "user"),
        ("ENDPOINT", ENDPOINT),
        ("SHORT", "main"),
        ("WORDS", "the-webhook-of-our-salon-at-altegio"),
        ("BROKEN", "partner, User user"),
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
fn a_branch_changes_its_booking_system_by_one_block() {
    let config = read(&file(ACCOUNT, BRANCH)).unwrap();
    let (account, branch) = (&config.altegio[0], &config.tenants[0].branches[0]);
    let place = branch.altegio().unwrap();
    assert!(branch.plan().is_none() && place.user_token.is_none());
    assert_eq!((place.account.as_str(), place.location), ("main", 4564));
    assert_eq!((account.partner_token.expose_secret(), account.endpoint.expose()), ("partner", ENDPOINT));

    let more = "user_token = { vault = \"altegio\" }\naccount = \"main\"\ncountry = \"PT\"\ncurrency = \"EUR\"\n";
    let config = read(&file(ACCOUNT, &(BRANCH.to_owned() + more))).unwrap();
    let place = config.tenants[0].branches[0].altegio().unwrap();
    assert!(matches!(&place.user_token, Some(Credential::Kept(name)) if name == "altegio"));
    assert_eq!((place.country.as_deref(), place.currency.map(|it| it.code())), (Some("PT"), Some("EUR")));
}

#[test]
fn the_blocks_of_the_sample_are_right() {
    let sample = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config.sample.toml")).unwrap();
    let block = |first: &str| {
        let (_, rest) = sample.split_once(first).unwrap();
        let lines = rest.lines().take_while(|line| line.starts_with("# "));
        lines.map(|line| format!("{}\n", line[2..].replace("ALTEGIO_ENDPOINT", "ENDPOINT"))).collect::<String>()
    };
    let account = format!("[[altegio]]\n{}", block("# [[altegio]]\n"));
    let account = account.replace("ALTEGIO_BEARER", "PARTNER").replace("ALTEGIO_PARTNER_TOKEN", "PARTNER");
    let account = account.replace("ALTEGIO_USER_TOKEN", "USER_TOKEN");
    let branch = format!("[tenant.branch.altegio]\n{}", block("# [tenant.branch.altegio]\n"));
    let config = read(&file(&account, &branch)).unwrap();
    assert_eq!((config.altegio[0].application_id, config.altegio[0].bearer.is_some()), (Some(45), true));
    assert_eq!(config.tenants[0].branches[0].altegio().unwrap().location, 4564);
}

#[test]
fn everything_wrong_is_told_at_once() {
    let account = "[[altegio]]\nname = \"main\"\npartner_token = \"plain\"\nuser_tokn = { env = \"USER_TOKEN\" }\n\
        base_url = \"api.alteg.io\"\napplication_id = -1\n";
    let branch = "[tenant.branch.altegio]\naccount = \"mian\"\nlocation = 0\nuser_token = { vault = \"Über\" }\n\
        country = \"Portugal\"\ncurrency = \"euro\"\nstaff = []\n";
    let expected = [
        "`endpoint` is missing here; it ends the webhook's address, which nobody may guess: `openssl rand -hex 24` makes one",
        "a secret does not belong into this file: write partner_token = { env = \"NAME\" } or { file = \"PATH\" } (or, to \
         try things out, set inline_secrets = true under [server])",
        "unknown key `user_tokn`; did you mean `user_token`?",
        "`api.alteg.io` is not an address that begins with https:// or http://",
        "invalid value: integer `-1`, expected u64",
        "there is no [[altegio]] `mian`; did you mean `main`?",
        "must be Altegio's number of the location: it stands in the timetable's address",
        "a credential's name has 1 to 64 characters of a-z, 0-9, -, _ and .",
        "`Portugal` is not a country: write its two capital letters, such as \"PT\"",
        "`euro` is not a currency: write its three letters, such as \"EUR\"",
        "unknown key `staff`; known here: `account`, `location`, `user_token`, `country`, `currency`",
    ];
    assert_eq!(told(&file(account, branch)), expected);
}

#[test]
fn an_address_that_can_be_guessed_is_refused_without_being_repeated() {
    for (name, what) in [("SHORT", "must have 24 to 128 characters, and this has 4"), ("WORDS", "can be guessed")] {
        let told = told(&file(&ACCOUNT.replace("\"ENDPOINT\"", &format!("\"{name}\"")), BRANCH));
        assert!(told.len() == 1 && told[0].contains(what) && told[0].contains("openssl rand"), "{told:?}");
        assert!(!told[0].contains("salon"), "{told:?}");
    }
    let written = told(&file(&ACCOUNT.replace("{ env = \"ENDPOINT\" }", &format!("\"{ENDPOINT}\"")), BRANCH));
    assert!(written.len() == 1 && written[0].starts_with("a secret does not belong into this file"), "{written:?}");
}

#[test]
fn what_two_would_share_belongs_to_one() {
    let second = ACCOUNT.replace("\"main\"", "\"other\"");
    let twice = told(&file(&format!("{ACCOUNT}{second}"), &format!("{BRANCH}account = \"main\"\n")));
    assert_eq!(twice, ["is that of another [[altegio]] already (f.toml:7:1)"]);
    let both = format!("{BRANCH}[[tenant.branch]]\nid = \"north\"\n{BRANCH}");
    assert_eq!(told(&file(ACCOUNT, &both)), ["`4564` belongs to another branch already (f.toml:17:1)"]);
    // Across tenants too: where its events lead must be certain.
    let other = "[[tenant]]\nid = \"other\"\nname = \"Other\"\n[[tenant.branch]]\nid = \"centre\"\n";
    let other = format!("{BRANCH}{other}{BRANCH}");
    let told = told(&file(ACCOUNT, &other));
    assert!(told.iter().any(|line| line == "`4564` belongs to another branch already (f.toml:17:1)"), "{told:?}");
}

#[test]
fn a_branch_has_a_booking_system() {
    let none = told(&file("", ""));
    assert_eq!(none, ["`calendar` is missing here, or the block of another booking system: `altegio` or `calcom`"]);
    assert_eq!(told(&file("", BRANCH)), ["there is no [[altegio]]: the developer's account that calls are made with"]);
    let several = format!("{ACCOUNT}{}", ACCOUNT.replace("\"main\"", "\"other\"").replace("ENDPOINT", "PARTNER"));
    assert!(told(&file(&several, BRANCH)).iter().any(|line| line == "`account` is missing here"));
}

#[test]
fn a_token_that_no_header_can_carry_is_named() {
    let told = told(&file(&ACCOUNT.replace("\"PARTNER\"", "\"BROKEN\""), BRANCH));
    assert_eq!(told, ["the partner token is empty, or has characters that no token has"]);
}

#[test]
fn check_says_what_a_missing_user_token_means_and_does_not_print_the_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    let account = ACCOUNT.replace("user_token = { env = \"USER_TOKEN\" }\n", "");
    fs::write(folder.path().join("f.toml"), file(&account, BRANCH)).unwrap();
    let mut check = Command::new(env!("CARGO_BIN_EXE_chatplug"));
    check.envs([("PARTNER", "partner"), ("ENDPOINT", ENDPOINT), ("CHATPLUG__VAULT__MASTER_KEYS", KEY)]);
    let output = check.args(["check", "--config"]).arg(folder.path().join("f.toml")).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{out}{}", String::from_utf8_lossy(&output.stderr));
    assert!(out.contains("1 account at Altegio"), "{out}");
    assert!(out.contains("webhook of main: https://chat.example.com/webhooks/altegio/<endpoint>\n"), "{out}");
    assert!(out.contains("branch centre of bella: no user_token, so it books as a website would"), "{out}");
    assert!(!out.contains(ENDPOINT), "{out}");
}

#[tokio::test]
async fn what_altegio_posts_is_taken_at_the_secret_address_alone() {
    let (altegio, folder) = (FakeAltegio::start().await.unwrap(), tempfile::tempdir().unwrap());
    let account = format!("{ACCOUNT}base_url = \"{}\"\n", altegio.base_url());
    let store = format!("[store]\nurl = \"sqlite:{}/f.sqlite\"\n", folder.path().display());
    let app =
        App::new(read(&file(&format!("{store}{account}"), BRANCH)).unwrap(), Arc::new(SystemClock)).await.unwrap();
    let post = async |endpoint: &str, body: &str| {
        let request =
            Request::post(format!("/webhooks/altegio/{endpoint}")).body(Bytes::from(body.to_owned())).unwrap();
        app.webhooks().answer("altegio", endpoint, request).await.status().as_u16()
    };
    let of = |company: u64, resource: &str| {
        format!("{{\"company_id\": {company}, \"resource\": \"{resource}\", \"resource_id\": 2, \"data\": []}}")
    };
    for body in [of(4564, "record"), of(4564, "staff"), of(4564, "client"), of(1, "record")] {
        assert_eq!(post(ENDPOINT, &body).await, 200, "{body}");
        assert_eq!(post("9f2c8e5b7a1d4036b8e2c75b", &body).await, 404, "{body}");
    }
    assert_eq!(post(ENDPOINT, "<html>").await, 400);
    // A record that nobody knows costs a turn of nobody.
    app.engine().drain().await.unwrap();
    app.close().await;
}
