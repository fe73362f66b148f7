//! A salon comes from Altegio's marketplace to the real program, takes a booking over WhatsApp, and leaves: nothing of it is
//! left but the receipt.

use crate::support::{
    people::{Ending, Person, Plan},
    program::{self, Business, Program},
    stage::{BELLA, approve_templates},
};
use chatplug::{
    audit::AuditVerifier,
    model::{TenantId, local_to_utc},
    ports::{Clock as _, InstallStore as _, RecordStore as _, SecretStore as _, Store as _, SystemClock},
    store::SqliteStore,
    whatsapp::{fake::meta::FakeMeta, meta::http_client},
};
use chatplug_altegio::fake::FakeAltegio;
use chrono::{Datelike as _, Duration};
use chrono_tz::Europe::Lisbon;
use std::path::Path;
use tokio::process::Command;

const ENDPOINT: &str = "9f2c8e5b7a1d4036b8e2c75a";
const FILE: &str = "chatplug.sqlite";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_salon_connects_takes_a_booking_and_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let graph = FakeMeta::start().await.unwrap();
    graph.add_number(BELLA, "351210000000", "waba-1");
    approve_templates(&graph);
    let fake = FakeAltegio::start().await.unwrap().at(Lisbon);
    let config = configure(dir.path(), &graph, &fake, "");
    let program = Program::start(&config).await;
    graph.callback(&format!("{}/webhooks/meta/app", program.url));

    // The owner has a code, presses Connect at Altegio, and types it into the page.
    let told = run(&config, &["tenant", "connect", "altegio", "--tenant", "bella"]).await;
    let code = told.split_whitespace().find(|word| word.starts_with("bella-")).unwrap_or_else(|| panic!("{told}"));
    let http = http_client().unwrap();
    let page = format!("{}/altegio/install?{}", program.url, fake.connects(&[FakeAltegio::SALON]).query());
    let shown = http.get(page).send().await.unwrap().text().await.unwrap();
    let ticket = between(&shown, "name=\"ticket\" value=\"", "\"");
    let form = [("ticket", ticket), ("code", code)];
    let pressed = http.post(format!("{}/altegio/install", program.url)).header("Origin", &program.url).form(&form);
    assert_eq!(pressed.send().await.unwrap().status().as_u16(), 303);
    stands(&config, "active", |status| status.contains("altegio-4564") && status.contains("active")).await;

    let ending = books(&graph).await;
    let kept = fake.standing();
    assert_eq!(kept.len(), 1, "{}", ending.transcript);
    assert_eq!(ending.visit, [local_to_utc(kept[0].start, Lisbon).unwrap()], "{}", ending.transcript);
    assert_eq!((kept[0].phone.as_str(), fake.violations()), (ending.phone.as_str(), Vec::new()));

    // Altegio says twice that the owner took the app away.
    for _ in 0..2 {
        let callback = format!("{}/altegio/callback/{ENDPOINT}", program.url);
        let body = fake.lifecycle(FakeAltegio::SALON, "uninstall", FakeAltegio::PARTNER_TOKEN);
        let answer = http.post(callback).header("content-type", "application/json").body(body).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
    }
    stands(&config, "gone", |status| !status.is_empty() && !status.contains("4564")).await;
    let log = program.stop().await;
    assert!(!log.contains("ERROR"), "{log}");

    let store = SqliteStore::open(dir.path().join(FILE)).await.unwrap();
    let bella = TenantId::new("bella").unwrap();
    let rows = store.tenant(&bella);
    assert!(rows.conversations(10).await.unwrap().is_empty(), "it was the last place: everybody goes");
    assert_eq!(store.installs(&bella).all_installs().await.unwrap(), []);
    assert_eq!(store.secrets(&bella).credentials().await.unwrap(), []);
    assert_eq!(store.route("altegio", "4564").await.unwrap(), None);
    let audit = rows.audit(0, 1000).await.unwrap();
    assert_eq!(audit.iter().filter(|(_, row)| row.what == "purge_branch").count(), 1);
    let records = store.records(&bella);
    let mut verifier = AuditVerifier::new(&bella);
    records.audit_links(0, 1000).await.unwrap().iter().try_for_each(|link| verifier.follow(link)).unwrap();
    verifier.end(records.audit_head().await.unwrap()).unwrap();
    store.close().await.unwrap();
    // What the business booked stays where it is: at Altegio.
    assert_eq!(fake.standing().len(), 1);
}

/// A salon that the configuration names needs no code; when its owner takes the app off, it is not served on for being named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_salon_of_the_configuration_falls_silent_and_comes_back_with_its_owner() {
    let dir = tempfile::tempdir().unwrap();
    let graph = FakeMeta::start().await.unwrap();
    graph.add_number(BELLA, "351210000000", "waba-1");
    let fake = FakeAltegio::start().await.unwrap().at(Lisbon);
    let branch =
        format!("[[tenant.branch]]\nid = \"centre\"\n[tenant.branch.altegio]\nlocation = {}\n", FakeAltegio::SALON);
    let config = configure(dir.path(), &graph, &fake, &branch);
    let program = Program::start(&config).await;
    graph.callback(&format!("{}/webhooks/meta/app", program.url));
    let http = http_client().unwrap();
    let connects = async || {
        let page = format!("{}/altegio/install?{}", program.url, fake.connects(&[FakeAltegio::SALON]).query());
        let shown = http.get(page).send().await.unwrap().text().await.unwrap();
        let form = [("ticket", between(&shown, "name=\"ticket\" value=\"", "\""))];
        let pressed = http.post(format!("{}/altegio/install", program.url)).header("Origin", &program.url).form(&form);
        assert_eq!(pressed.send().await.unwrap().status().as_u16(), 303);
    };
    let client = graph.client("351912000001").named("Rosa");
    let asks = async || {
        client.says("I'd like to book a haircut.").await;
        client.next().await
    };
    connects().await;
    stands(&config, "active", |status| status.contains("active")).await;
    assert!(!asks().await.titles().is_empty());

    let callback = format!("{}/altegio/callback/{ENDPOINT}", program.url);
    let body = fake.lifecycle(FakeAltegio::SALON, "uninstall", FakeAltegio::PARTNER_TOKEN);
    let answer = http.post(callback).header("content-type", "application/json").body(body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    stands(&config, "frozen", |status| status.contains("frozen")).await;
    let told = asks().await;
    assert!(!told.titles().iter().any(|title| title.contains("aircut")), "{told:?}");

    connects().await;
    stands(&config, "active", |status| status.contains("active")).await;
    let told = asks().await;
    let _ = program.stop().await;
    assert!(told.titles().iter().any(|title| !title.contains("person")), "{told:?}");
}

/// A tenant with these branches, and an account with an app.
fn configure(folder: &Path, graph: &FakeMeta, fake: &FakeAltegio, branches: &str) -> std::path::PathBuf {
    // Where the library looks for it, too: what the program kept is looked at without it.
    std::fs::write(folder.join(format!("{FILE}.master-key")), program::MASTER_KEY).unwrap();
    let bella = Business {
        id: "bella".to_owned(),
        name: "Studio Bella".to_owned(),
        number: BELLA.to_owned(),
        branches: Vec::new(),
    };
    let database = format!("sqlite:{}", folder.join(FILE).display());
    let config = program::configure(folder, &graph.base_url(), &database, "info", &[bella]);
    let text = std::fs::read_to_string(&config).unwrap();
    let (partner, user) = (FakeAltegio::PARTNER_TOKEN, FakeAltegio::USER_TOKEN);
    let account = format!(
        "public_url = \"https://chat.example.com\"\n[[altegio]]\nname = \"main\"\npartner_token = \"{partner}\"\n\
         user_token = \"{user}\"\nendpoint = \"{ENDPOINT}\"\napplication_id = {}\nbase_url = \"{}\"\n\
         marketplace_url = \"{}\"\n[store]\n",
        FakeAltegio::APP,
        fake.base_url(),
        fake.marketplace_url()
    );
    let text = text.replacen("[store]\n", &account, 1);
    let text = text.replacen("[[tenant.channel]]", &format!("{branches}[[tenant.channel]]"), 1);
    std::fs::write(&config, text).unwrap();
    config
}

/// Asks how the tenant's connections stand until they stand so.
async fn stands(config: &Path, how: &str, so: impl Fn(&str) -> bool) {
    let mut status = String::new();
    let asks = async {
        while !so(&status) {
            status = run(config, &["tenant", "connect", "status", "--tenant", "bella"]).await;
        }
    };
    // Nothing is measured: a minute is long enough for what takes seconds.
    let waited = tokio::time::timeout(std::time::Duration::from_secs(60), asks).await;
    assert!(waited.is_ok(), "not {how}: {status}");
}

/// Runs a command of the program and answers what it printed.
async fn run(config: &Path, words: &[&str]) -> String {
    let told = Command::new(program::binary()).args(words).arg("--config").arg(config).output().await.unwrap();
    let said = String::from_utf8(told.stdout).unwrap();
    assert!(told.status.success(), "{said}{}", String::from_utf8_lossy(&told.stderr));
    said
}

async fn books(graph: &FakeMeta) -> Ending {
    let day = SystemClock.now().date_naive() + Duration::days(9);
    let day = day + Duration::days(i64::from(7 - day.weekday().num_days_from_monday()));
    let client = graph.client("351912000001").named("Rosa");
    Person::new(graph, client, "Haircut", Plan::Book, day, 11).talk().await
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let found = text.split_once(before).and_then(|(_, rest)| rest.split_once(after));
    found.unwrap_or_else(|| panic!("no {before:?} in {text}")).0
}
