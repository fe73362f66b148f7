//! The program on PostgreSQL: migrated by the owner, run as somebody else, by several processes.

use crate::{
    app::{SECRET, message},
    house::{House, K1},
};
use chatplug_store::testing::{TestDatabase, TestPostgres};
use chatplug_whatsapp::meta::{http_client, sign};
use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
    time::Duration,
};

/// Another key of the second one's name.
const NOT_K2: &str = "k2:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

/// A house on a database.
fn house(database: &TestDatabase) -> House {
    let house = House::new();
    house.configure(|text| {
        let (before, rest) = text.split_once("url = \"sqlite:").unwrap();
        let (_, after) = rest.split_once("\"\n").unwrap();
        let (url, owner) = (database.url(), database.owner_url());
        format!("{before}url = \"{url}\"\nadmin_url = \"{owner}\"\npool = 4\n{after}")
    });
    house
}

/// A process of the program, killed with the value.
struct Process {
    child: Child,
    url: String,
}

impl Process {
    fn start(house: &House, arguments: &[&str]) -> Self {
        let mut child = house.command(K1, arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let mut said = Vec::new();
        let address = loop {
            let Some(line) = lines.next() else { panic!("{arguments:?} did not start: {said:#?}") };
            if let Some((_, rest)) = line.split_once("server.address=") {
                break rest.split_whitespace().next().unwrap().to_owned();
            }
            said.push(line);
        };
        // What it says goes on somewhere, or it would wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: format!("http://{address}") }
    }

    async fn get(&self, path: &str) -> String {
        http_client().unwrap().get(format!("{}{path}", self.url)).send().await.unwrap().text().await.unwrap()
    }

    async fn figure(&self, name: &str) -> f64 {
        let text = self.get("/metrics").await;
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok()).unwrap_or(0.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_database_is_migrated_by_its_owner_and_run_by_another() {
    let database = TestPostgres::shared().await.empty_database().await;
    let house = house(&database);
    let refused = house.run(K1, &["serve"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("chatplug migrate"), "{refused:?}");
    let behind = house.run(K1, &["migrate", "--check"]);
    assert!(behind.code == Some(1) && behind.err.contains("chatplug migrate"), "{behind:?}");

    let migrated = house.run(K1, &["migrate"]);
    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    assert!(migrated.out.contains("is up to date now: schema "), "{migrated:?}");
    let again = house.run(K1, &["migrate"]);
    assert!(again.code == Some(0) && again.out.contains("is up to date: schema "), "{again:?}");
    assert_eq!(house.run(K1, &["migrate", "--check"]).code, Some(0));

    house.configure(|text| {
        let (before, rest) = text.split_once("url = \"sqlite:").unwrap();
        let (_, after) = rest.split_once("\"\n").unwrap();
        format!("{before}url = \"{}\"\n{after}", database.owner_url())
    });
    let powerful = house.run(K1, &["serve"]);
    assert!(powerful.code == Some(2) && powerful.err.contains("row-level security would not hold it"), "{powerful:?}");
    let ownerless = house.run(K1, &["migrate"]);
    assert!(ownerless.code == Some(2) && ownerless.err.contains("set admin_url"), "{ownerless:?}");
}

#[tokio::test]
async fn one_process_takes_webhooks_and_another_answers_them() {
    let database = TestDatabase::fresh().await;
    let house = house(&database);
    let front = Process::start(&house, &["serve", "--no-work"]);
    let body = message("106540352242922", "wamid.1", "Where are you?");
    let posted = http_client().unwrap().post(format!("{}/webhooks/meta/main", front.url));
    let posted = posted.header("x-hub-signature-256", sign(SECRET, body.as_bytes())).body(body);
    assert_eq!(posted.send().await.unwrap().status(), 200);
    assert!(front.get("/readyz").await.contains("\"ready\":true"), "who only takes webhooks is ready");
    assert_eq!(front.figure("chatplug_turns_total").await, 0.0);

    let worker = Process::start(&house, &["work", "--bind", "127.0.0.1:0"]);
    let mut looks = 0;
    while worker.figure("chatplug_turns_total").await < 1.0 {
        looks += 1;
        assert!(looks < 1000, "nobody answered: {}", worker.get("/readyz").await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(front.figure("chatplug_turns_total").await, 0.0);
    assert_eq!(front.figure("chatplug_mail_due").await, 0.0, "both see the same queue");

    let about = ["--tenant", "bella", "--phone", "351912345678"];
    let exported = house.run(K1, &[&["export"], &about[..]].concat());
    assert!(exported.code == Some(0) && exported.out.contains("Where are you?"), "{exported:?}");
    let erased = house.run(K1, &[&["erase"], &about[..], &["--yes"]].concat());
    assert!(erased.code == Some(0) && erased.out.starts_with("erased\n  deleted"), "{erased:?}");
    assert_eq!(house.run(K1, &[&["export"], &about[..]].concat()).code, Some(1), "nothing is left");
    let kept = house.run_with(K1, &["credential", "set", "--tenant", "bella", "whatsapp"], "secret");
    assert_eq!(kept.code, Some(0), "{kept:?}");
    let verified = house.run(K1, &["audit", "verify"]);
    assert!(verified.code == Some(0) && verified.out.contains("bella  ok  head "), "{verified:?}");

    let rotated = house.run(&format!("{},{K1}", crate::house::K2), &["key", "rotate"]);
    assert!(rotated.out.contains("master key \"k1\"  wraps nothing"), "{rotated:?}");
    let wrong = house.run(NOT_K2, &["serve"]);
    assert!(wrong.code == Some(2) && wrong.err.contains("does not authenticate"), "{wrong:?}");
    let missing = house.run(K1, &["serve"]);
    assert!(missing.code == Some(2) && missing.err.contains("master key \"k2\" is not configured"), "{missing:?}");
}
