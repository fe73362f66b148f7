//! Cal.com in the configuration, and what it posts to the server.

use chatplug_calcom::CalcomAuth;
use chatplug_server::config::{CalcomEmail, CalcomUser, Config, Credential, Environment, parse};
use std::{fs, path::Path};

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
