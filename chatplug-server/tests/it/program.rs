//! The program as a process: exit codes, what it prints, how it stops.

use crate::house::{House, K1};
use chatplug_core::ports::{Clock as _, SystemClock};
use chatplug_whatsapp::meta::http_client;
use chrono::TimeDelta;
use std::{
    io::{BufRead, BufReader, Write as _},
    process::{Command, Output, Stdio},
};

pub(crate) fn chatplug() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatplug"));
    command.env_clear().stdin(Stdio::null());
    command
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn check_says_what_there_is_or_all_that_is_wrong() {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/config.sample.toml");
    let mut check = chatplug();
    check.args(["check", "--config", sample]);
    let (code, out, err) = told(&check.output().unwrap());
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert_eq!(err.lines().count(), 5, "{err}");
    let text = std::fs::read_to_string(sample).unwrap();
    let line = text.lines().position(|line| line.contains("\"META_APP_SECRET\"")).unwrap() + 1;
    let expected = format!("config.sample.toml:{line}:1: the environment variable META_APP_SECRET is not set");
    assert!(err.contains(&expected), "{err}");
    assert!(err.ends_with("4 problems in the configuration\n"), "{err}");

    check.envs([("META_APP_SECRET", "a"), ("META_VERIFY_TOKEN", "b"), ("BELLA_ACCESS_TOKEN", "c")]);
    check.env("CHATPLUG_MASTER_KEYS", "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let (code, out, err) = told(&check.output().unwrap());
    let expected = "ok: 1 tenant, 1 branch, 1 channel, 1 Meta app\n\
                    webhook of main: https://chat.example.com/webhooks/meta/main\n";
    assert_eq!((code, out.as_str()), (Some(0), expected), "{err}");

    check.env("CHATPLUG__STORE__ULR", "x");
    let (code, _, err) = told(&check.output().unwrap());
    assert_eq!(code, Some(2));
    assert!(err.contains("environment CHATPLUG__STORE__ULR: unknown key `ulr`; did you mean `url`?"), "{err}");
}

#[test]
fn a_missing_file_and_wrong_arguments_end_with_2() {
    let (code, _, err) = told(&chatplug().args(["serve", "--config", "/nowhere.toml"]).output().unwrap());
    assert_eq!(code, Some(2));
    assert!(err.starts_with("error: /nowhere.toml: cannot be read: "), "{err}");
    let (code, _, err) = told(&chatplug().args(["sevre"]).output().unwrap());
    assert_eq!(code, Some(2));
    assert!(err.contains("'serve'"), "{err}");
}

#[test]
fn a_taken_port_is_said_clearly() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let mut demo = chatplug();
    demo.current_dir(folder.path()).args(["demo", "--port", &port]);
    let (code, _, err) = told(&demo.output().unwrap());
    assert_eq!(code, Some(2));
    assert!(err.contains(&format!("port {port} is taken by another program")), "{err}");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "nothing is left behind");
}

#[cfg(unix)]
#[test]
fn the_demo_starts_with_nothing_and_stops_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = chatplug();
    demo.current_dir(folder.path()).args(["demo", "--port", "0"]).stdout(Stdio::piped());
    let mut demo = demo.spawn().unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let url = lines.by_ref().find_map(|line| Some(line.unwrap().trim().strip_prefix("open   ")?.to_owned())).unwrap();
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/demo"), "{url}");
    // Listening before the address is printed: a connection is taken at once.
    let address = url.trim_start_matches("http://").trim_end_matches("/demo");
    drop(std::net::TcpStream::connect(address).unwrap());
    assert!(lines.any(|line| line.unwrap() == "Ctrl+C stops it."));
    let killed = Command::new("kill").args(["-TERM", &demo.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(demo.wait().unwrap().code(), Some(0));
    assert!(folder.path().join("chatplug-demo.sqlite").exists());
    let log = std::fs::metadata(folder.path().join("chatplug-demo.sqlite-wal"));
    assert!(log.is_err() || log.unwrap().len() == 0, "the store was closed in good order");
}

#[cfg(unix)]
#[test]
fn servers_and_workers_stop_when_asked() {
    let house = House::new();
    for arguments in [
        &["serve"][..],
        &["serve", "--no-work"],
        &["work", "--bind", "127.0.0.1:0"],
        &["work", "--log", "chatplug_server=info"],
    ] {
        let mut process = house.command(K1, arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let began =
            lines.by_ref().map(Result::unwrap).find(|line| line.contains("listening") || line.contains("working"));
        let began = began.unwrap_or_else(|| panic!("{arguments:?} did not start"));
        assert_eq!(
            began.contains("server.address="),
            arguments != ["work", "--log", "chatplug_server=info"],
            "{began}"
        );
        let asked = Command::new("kill").args(["-TERM", &process.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let rest: Vec<_> = lines.map(Result::unwrap).collect();
        assert_eq!(process.wait().unwrap().code(), Some(0), "{arguments:?}: {rest:#?}");
        assert!(rest.last().unwrap().ends_with("stopped"), "{rest:#?}");
    }
}

/// A clock that was put back while nobody ran: work goes on from where it was, as long as that can be caught up with.
#[cfg(unix)]
#[tokio::test]
async fn a_clock_that_was_put_back_is_told_and_one_that_shows_nonsense_is_refused() {
    let house = House::new();
    let worked_until = async |ahead: TimeDelta| {
        let app = house.open(K1).await;
        app.stores().store.tick(Some(SystemClock.now() + ahead)).await.unwrap();
        app.close().await;
    };
    worked_until(TimeDelta::hours(1)).await;
    let mut process = house.command(K1, &["serve"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut said = String::new();
    let address = loop {
        let Some(line) = lines.next() else { panic!("it did not start: {said}") };
        if let Some((_, rest)) = line.split_once("server.address=") {
            break rest.split_whitespace().next().unwrap().to_owned();
        }
        said.push_str(&line);
    };
    assert!(said.contains("the clock is behind the time by which work was done"), "{said}");
    let ready = http_client().unwrap().get(format!("http://{address}/readyz")).send().await.unwrap();
    let ready: serde_json::Value = serde_json::from_str(&ready.text().await.unwrap()).unwrap();
    let adrift = ready.pointer("/checks/clock/adrift_seconds").and_then(serde_json::Value::as_i64).unwrap();
    assert!(ready["ready"] == true && (-3600..-3000).contains(&adrift), "{ready}");
    assert!(Command::new("kill").args(["-TERM", &process.id().to_string()]).status().unwrap().success());
    lines.for_each(drop);
    assert_eq!(process.wait().unwrap().code(), Some(0));

    worked_until(TimeDelta::days(3)).await;
    let refused = house.run(K1, &["serve"]);
    assert!(refused.code == Some(2) && refused.err.contains("but work was done until"), "{refused:?}");
    assert!(refused.err.contains("put the clock of this machine"), "{refused:?}");
}

#[test]
fn the_simulator_lives_in_one_process() {
    let house = House::new();
    house.configure(|text| format!("{text}[[tenant.channel]]\nid = \"page\"\nprovider = \"simulator\"\n"));
    for arguments in [&["serve", "--no-work"][..], &["work"]] {
        let refused = house.run(K1, arguments);
        assert!(refused.code == Some(2) && refused.err.contains("the simulator lives in one process"), "{refused:?}");
    }
}

#[test]
fn what_sqlite_needs_no_migration_for_is_said() {
    let house = House::new();
    let checked = house.run(K1, &["migrate", "--check"]);
    assert!(checked.code == Some(0) && !house.path("house.sqlite").exists(), "{checked:?}");
    let migrated = house.run(K1, &["migrate"]);
    assert!(migrated.code == Some(0) && house.path("house.sqlite").exists(), "{migrated:?}");
}

#[test]
fn a_chat_is_held_in_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("said"), "Where are you?\n\nHow much is a pedicure?\n").unwrap();
    let mut chat = chatplug();
    chat.env("TMPDIR", folder.path()).arg("chat").stdin(std::fs::File::open(folder.path().join("said")).unwrap());
    let (code, out, err) = told(&chat.output().unwrap());
    assert_eq!(code, Some(0), "{err}");
    let place = out.find("Rua Garrett 48").expect(&out);
    let asked = out.find("> How much is a pedicure?").expect(&out);
    let price = out.find("€").expect(&out);
    assert!(place < asked && asked < price, "{out}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["said"], "nothing is left behind");
}

#[test]
fn messages_are_understood_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let catalog = file(
        "catalog.json",
        r#"{"services":[{"id":"cut","minutes":30,"names":{"en":"Haircut"}}],"staff":[{"id":"ana","name":"Ana"}]}"#,
    );
    let line = r#"{"id":"1","text":"a haircut with Ana, please","now":"2026-03-11T10:20:00+00:00","region":"GB","catalog":"en""#;
    let labels = r#","lang":"en","intent":"book","service":["cut"],"staff":"ana","date":[],"time":[],"party":2}"#;
    let messages = file("messages.jsonl", &format!("{line}{labels}\n"));
    let run = |table: &[&str], messages: &std::path::Path| {
        let mut understand = chatplug();
        understand.arg("understand").arg("--catalog").arg(&catalog).args(table).arg(messages);
        told(&understand.output().unwrap())
    };
    let (code, out, err) = run(&[], &messages);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains(r#""intent":"book","service":["cut"],"staff":"ana""#), "{out}");
    let (_, out, _) = run(&["--table"], &messages);
    assert!(out.starts_with("miss 1\n  wrong    party\n"), "{out}");
    assert!(out.contains("all        1    1.000"), "{out}");

    let (code, _, err) = run(&["--table"], &file("unlabelled.jsonl", &format!("{line}}}\n")));
    assert_eq!(code, Some(1));
    assert!(err.contains("unlabelled.jsonl:1: the line carries no labels"), "{err}");
    assert_eq!(run(&[], &folder.path().join("nothing")).0, Some(2));

    // Line by line: each is answered before the next is written.
    let mut understand = chatplug();
    understand.arg("understand").arg("--catalog").arg(&catalog).arg("-").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = understand.spawn().unwrap();
    let (mut to, mut from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    for _ in 0..2 {
        writeln!(to, "{line}}}").unwrap();
        let mut told = String::new();
        from.read_line(&mut told).unwrap();
        assert!(told.contains(r#""intent":"book","service":["cut"],"staff":"ana""#), "{told}");
    }
    drop(to);
    assert!(child.wait().unwrap().success());
}
