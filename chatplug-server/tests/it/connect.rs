//! Connecting numbers from the command line: against the fakes, over HTTP, with the program as it is.

use crate::house::{House, K1, Told};
use chatplug_core::ports::SystemClock;
use chatplug_server::{
    config::{Environment, load},
    http::App,
};
use chatplug_store::testing::TestDatabase;
use chatplug_whatsapp::fake::{
    meta::{FakeMeta, Fault},
    twilio::FakeTwilio,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

const NUMBER: &str = "106540352242999";
const WABA: &str = "102290129340398";
const TENANT: [&str; 4] = ["--tenant", "bella", "--channel", "main"];

/// A house whose tenant `bella` has no channel yet.
fn house(top: &str) -> House {
    let house = House::new();
    house.configure(|text| {
        let (before, rest) = text.split_once("[[meta_app]]").unwrap();
        let (_, rest) = rest.split_once("[[tenant]]").unwrap();
        let (bella, _) = rest.split_once("[[tenant.channel]]").unwrap();
        format!("{before}{top}\n[[tenant]]{bella}")
    });
    house
}

fn meta(graph: &FakeMeta) -> House {
    let app = format!(
        "[[meta_app]]\nname = \"main\"\napp_id = \"{}\"\napp_secret = \"{}\"\nverify_token = \"{}\"\nbase_url = \"{}\"\n",
        FakeMeta::APP_ID,
        FakeMeta::APP_SECRET,
        FakeMeta::VERIFY_TOKEN,
        graph.base_url()
    );
    house(&app)
}

/// Runs a command aside, so that the fake can answer it.
async fn run(house: &Arc<House>, arguments: &[&str], input: &str) -> Told {
    let (house, input) = (house.clone(), input.to_owned());
    let arguments: Vec<_> = arguments.iter().map(|&word| word.to_owned()).collect();
    let work = move || house.run_with(K1, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), &input);
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// Puts the block that a command printed at the end of the configuration.
fn adopt(house: &House, told: &Told) {
    let (_, block) = told.out.split_once("[[tenant.channel]]").unwrap_or_else(|| panic!("{told:?}"));
    let text = std::fs::read_to_string(house.config()).unwrap();
    std::fs::write(house.config(), format!("{text}\n[[tenant.channel]]{block}")).unwrap();
}

fn steps(told: &Told) -> Vec<&str> {
    let words = ["done", "already done", "waiting", "failed", "skipped", "todo"];
    let lines = told.out.lines().filter(|line| words.iter().any(|word| line.starts_with(&format!("{word:<13}"))));
    lines.map(|line| line.get(..13).unwrap().trim()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_s_sign_up_becomes_a_channel() {
    let graph = FakeMeta::start().await.unwrap();
    graph.add_unregistered(NUMBER, "351210000010", WABA, Some("271828"));
    let house = Arc::new(meta(&graph));
    assert!(run(&house, &["check"], "").await.err.contains("no [[tenant.channel]]"), "a server needs one");

    let connect = [&["tenant", "connect", "meta"], &TENANT[..], &["--wait", "0"]].concat();
    let dry = run(&house, &[&connect[..], &["--dry-run"]].concat(), "").await;
    assert_eq!((dry.code, steps(&dry)), (Some(0), vec!["todo"; 6]), "{dry:?}");
    assert_eq!(graph.carried_out(""), 0);

    let code = graph.signs_up(WABA);
    let first = run(&house, &[&connect[..], &["--code-file", "-"]].concat(), &code).await;
    assert_eq!(first.code, Some(1), "{first:?}");
    assert_eq!(steps(&first), ["done", "done", "done", "done", "failed"], "{first:?}");
    assert!(first.out.contains("two-step PIN") && first.out.contains("[code 133005]"), "{first:?}");
    let status = run(&house, &["tenant", "connect", "status"], "").await;
    assert!(status.out.starts_with("bella  main  meta: not connected yet"), "{status:?}");
    assert_eq!(steps(&Told { out: status.out.replace("\n    ", "\n"), ..status }).len(), 6);

    let pin = run(&house, &[&connect[..], &["--pin-file", "-"]].concat(), "271828\n").await;
    assert_eq!(pin.code, Some(0), "{pin:?}");
    assert_eq!(steps(&pin)[..4], ["already done"; 4], "{pin:?}");
    assert_eq!((graph.carried_out("/register"), graph.carried_out("POST /v25.0/102290129340398/subscribed")), (1, 1));
    for secret in ["271828", &code, "EAAFake"] {
        assert!(!house.holds(secret, &[]), "{secret} lies readable");
        assert!(![&first, &pin].iter().any(|told| told.out.contains(secret) || told.err.contains(secret)));
    }
    let again = run(&house, &connect, "").await;
    assert_eq!((again.code, steps(&again)[..5].to_vec()), (Some(0), vec!["already done"; 5]), "{again:?}");

    // What it printed is a configuration, and one that works.
    adopt(&house, &again);
    let checked = run(&house, &["check"], "").await;
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let environment = Environment(BTreeMap::from([("KEYS".to_owned(), K1.to_owned())]));
    let app = App::new(load(&house.config(), &environment).unwrap(), Arc::new(SystemClock)).await.unwrap();
    app.close().await;

    let rows = run(&house, &["audit", "show", "--tenant", "bella"], "").await.out;
    let of = |what: &str| rows.lines().filter(|row| row.contains("operator:ana") && row.contains(what)).count();
    assert!(of("connect") >= 8 && of("use_credential") >= 4 && of("put_credential") >= 3, "{rows}");
    assert!(rows.contains("133005") && !rows.contains("271828"), "{rows}");

    let off = run(&house, &[&["tenant", "disconnect"], &TENANT[..], &["--deregister", "--yes"]].concat(), "").await;
    assert_eq!((off.code, graph.is_registered(NUMBER)), (Some(0), false), "{off:?}");
    let status = run(&house, &["tenant", "connect", "status"], "").await;
    assert!(status.out.starts_with("no number was connected"), "{}", status.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_lost_an_answer_goes_on_where_it_stopped() {
    let graph = FakeMeta::start().await.unwrap();
    graph.add_unregistered(NUMBER, "351210000010", WABA, None);
    loses_an_answer(&graph, meta(&graph)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_postgresql() {
    let database = TestDatabase::fresh().await;
    let graph = FakeMeta::start().await.unwrap();
    graph.add_unregistered(NUMBER, "351210000010", WABA, None);
    let house = meta(&graph);
    let text = std::fs::read_to_string(house.config()).unwrap();
    let (before, rest) = text.split_once("url = \"sqlite:").unwrap();
    let (_, after) = rest.split_once("\"\n").unwrap();
    std::fs::write(house.config(), format!("{before}url = \"{}\"\npool = 4\n{after}", database.url())).unwrap();
    loses_an_answer(&graph, house).await;
}

async fn loses_an_answer(graph: &FakeMeta, house: House) {
    let house = Arc::new(house);
    let connect = [&["tenant", "connect", "meta"], &TENANT[..], &["--wait", "0"]].concat();
    graph.on_call("/register").answer(Fault::DropAnswer);
    let code = graph.signs_up(WABA);
    let first = run(&house, &[&connect[..], &["--code-file", "-"]].concat(), &code).await;
    assert_eq!(first.code, Some(3), "waiting: {first:?}");
    assert!(first.out.contains("the answer was lost"), "{first:?}");
    let status = run(&house, &["tenant", "connect", "status"], "").await;
    assert!(status.out.contains("asked for at"), "{status:?}");
    let second = run(&house, &connect, "").await;
    assert_eq!(second.code, Some(0), "{second:?}");
    assert_eq!(graph.carried_out("/register"), 1, "it was found, and not asked for again");
}

/// Killed in the middle of a call that Meta carries out: what was asked for had been written down before.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_was_killed_in_a_call_goes_on_where_it_stopped() {
    let graph = FakeMeta::start().await.unwrap();
    graph.add_unregistered(NUMBER, "351210000010", WABA, None);
    let house = Arc::new(meta(&graph));
    let connect = [&["tenant", "connect", "meta"], &TENANT[..], &["--wait", "0"]].concat();
    let code = house.path("code");
    std::fs::write(&code, graph.signs_up(WABA)).unwrap();
    graph.on_call("/register").answer(Fault::Hang);
    let mut first =
        house.command(K1, &[&connect[..], &["--code-file", code.to_str().unwrap()]].concat()).spawn().unwrap();
    while graph.carried_out("/register") == 0 {
        assert!(first.try_wait().unwrap().is_none(), "it ended");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let status = run(&house, &["tenant", "connect", "status"], "").await;
    assert!(status.out.contains("asked for at"), "{status:?}");
    let second = run(&house, &connect, "").await;
    assert_eq!(second.code, Some(0), "{second:?}");
    assert_eq!((graph.carried_out("/register"), graph.carried_out("/oauth/")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subaccount_with_a_sender_becomes_a_channel() {
    let twilio = FakeTwilio::start().await.unwrap();
    twilio.add_account(FakeTwilio::ACCOUNT, FakeTwilio::TOKEN);
    let top = format!(
        "[twilio]\naccount_sid = \"{}\"\nauth_token = \"{}\"\nbase_url = \"{}\"\n",
        FakeTwilio::ACCOUNT,
        FakeTwilio::TOKEN,
        twilio.base_url()
    );
    let house = house(&top);
    let text = std::fs::read_to_string(house.config()).unwrap();
    let text =
        text.replace("inline_secrets = true", "inline_secrets = true\npublic_url = \"https://chat.example.com\"");
    std::fs::write(house.config(), text).unwrap();
    let house = Arc::new(house);
    let options = ["--wait", "0", "--subaccount", "--number", "+351 21 000 0010", "--waba-id", WABA];
    let connect = [&["tenant", "connect", "twilio"], &TENANT[..], &options].concat();
    let first = run(&house, &connect, "").await;
    assert_eq!((first.code, steps(&first)), (Some(3), vec!["done", "done", "waiting"]), "{first:?}");
    assert!(first.err.contains("run the same command again after"), "{first:?}");
    let mut told = run(&house, &connect, "").await;
    for _ in 0..3 {
        if told.code != Some(3) {
            break;
        }
        told = run(&house, &connect, "").await;
    }
    assert_eq!(told.code, Some(0), "{told:?}");
    assert_eq!(
        twilio.webhook_of("+351210000010").as_deref(),
        Some("https://chat.example.com/webhooks/twilio/main#rc=3&rp=all")
    );
    assert_eq!(twilio.carried_out("POST /2010-04-01/Accounts.json"), 1);
    assert!(told.out.contains("account_sid = \"AC") && !told.out.contains(FakeTwilio::ACCOUNT), "{told:?}");
    adopt(&house, &told);
    let checked = run(&house, &["check"], "").await;
    assert!(checked.out.contains("https://chat.example.com/webhooks/twilio/main#rc=3&rp=all"), "{checked:?}");

    let other = [&connect[..5], &["--channel", "main", "--number", "+351210000011", "--subaccount"]].concat();
    let refused = run(&house, &other, "").await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("to connect another, add --start-over"), "{refused:?}");
}

#[test]
fn what_is_missing_or_wrong_is_said() {
    let house = House::new();
    let told = |arguments: &[&str]| {
        let told = house.run(K1, &[&["tenant", "connect"], arguments].concat());
        assert_eq!(told.code, Some(2), "{told:?}");
        told.err
    };
    assert!(told(&["meta", "--tenant", "bela", "--channel", "main"]).contains("did you mean `bella`?"));
    assert!(
        told(&["meta", "--tenant", "bella", "--channel", "main", "--app", "mian"]).contains("did you mean `main`?")
    );
    assert!(told(&["meta", "--tenant", "bella", "--channel", "main", "EAAG"]).contains("unexpected argument"));
    let twilio = ["twilio", "--tenant", "bella", "--channel", "main", "--number", "+351210000010"];
    assert!(told(&twilio).contains("public_url"));
    let both = ["meta", "--tenant", "bella", "--channel", "main", "--code-file", "-", "--token-file", "-"];
    assert!(told(&both).contains("cannot be used with"));
    let nothing = house.run(K1, &["tenant", "disconnect", "--tenant", "bella", "--channel", "main", "--yes"]);
    assert_eq!(nothing.code, Some(1));
    assert!(nothing.err.contains("was not connected by"), "{nothing:?}");
}
