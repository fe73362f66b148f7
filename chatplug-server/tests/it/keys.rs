//! Master keys and tenants' keys: made, missing, wrong, rotated, destroyed.

use crate::house::{House, K1, K2, NOT_K1, told};
use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

/// Clients of the house.
const PHONES: [&str; 3] = ["351912000001", "351912000002", "351912000003"];

fn generate(house: &House, arguments: &[&str]) -> crate::house::Told {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatplug"));
    command.env_clear().current_dir(house.folder.path()).args(["key", "generate"]).args(arguments);
    told(&command.stdin(Stdio::null()).output().unwrap())
}

#[test]
fn a_key_is_made_and_taken() {
    let house = House::new();
    let made = generate(&house, &["k9"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.out.starts_with("k9:") && made.out.lines().count() == 1, "{made:?}");
    let checked = house.run(made.out.trim(), &["check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert_ne!(generate(&house, &["k9"]).out, made.out, "no two are alike");

    let wrong = generate(&house, &["Über"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("1 to 32 characters"), "{wrong:?}");
}

#[test]
fn a_key_file_takes_new_keys_first_and_keeps_the_old() {
    let house = House::new();
    let made = generate(&house, &["--file", "master.keys"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.err.contains("master_keys = { file = \"master.keys\" }") && made.out.is_empty(), "{made:?}");
    let first = std::fs::read_to_string(house.path("master.keys")).unwrap();
    let again = generate(&house, &["--file", "master.keys"]);
    assert_eq!(again.code, Some(2), "two keys of one day need two names: {again:?}");
    assert!(again.err.contains("chatplug key generate "), "{again:?}");
    let second = generate(&house, &["second", "--file", "master.keys"]);
    assert_eq!(second.code, Some(0), "{second:?}");
    assert!(second.err.contains("chatplug key rotate"), "{second:?}");
    let both = std::fs::read_to_string(house.path("master.keys")).unwrap();
    assert!(both.starts_with("second:") && both.contains(first.trim()), "{both}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(house.path("master.keys")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    house.configure(|text| text.replace("{ env = \"KEYS\" }", "{ file = \"master.keys\" }"));
    assert_eq!(house.run("", &["check"]).code, Some(0));

    std::fs::write(house.path("other"), "hello\n").unwrap();
    let kept = generate(&house, &["k1", "--file", "other"]);
    assert_eq!(kept.code, Some(2), "{kept:?}");
    assert_eq!(std::fs::read_to_string(house.path("other")).unwrap(), "hello\n");
    assert_eq!(generate(&house, &["--file", "/nowhere/master.keys"]).code, Some(2));
}

#[test]
fn nothing_starts_without_a_key() {
    let house = House::new();
    house.configure(|text| text.replace("[vault]\nmaster_keys = { env = \"KEYS\" }\n", ""));
    for command in [&["serve"][..], &["work"], &["check"], &["migrate"], &["key", "status"], &["audit", "verify"]] {
        let ended = house.run("", command);
        assert_eq!(ended.code, Some(2), "{command:?}: {ended:?}");
        assert!(ended.err.contains("chatplug key generate --file master.keys"), "{command:?}: {ended:?}");
    }
    assert!(!house.path("house.sqlite").exists(), "nothing was made");
}

#[tokio::test]
async fn a_wrong_key_and_a_missing_one_are_told_apart() {
    let house = House::new().with_clients(&PHONES[..1]).await;
    for command in [&["serve"][..], &["key", "status"], &["audit", "verify"], &["credential", "list"]] {
        let missing = house.run(K2, command);
        assert_eq!(missing.code, Some(2), "{command:?}: {missing:?}");
        assert!(missing.err.contains("master key \"k1\" is not configured"), "{command:?}: {missing:?}");
        let wrong = house.run(NOT_K1, command);
        assert_eq!(wrong.code, Some(2), "{command:?}: {wrong:?}");
        assert!(wrong.err.contains("does not authenticate"), "{command:?}: {wrong:?}");
    }
}

#[tokio::test]
async fn keys_move_to_the_new_master_key() {
    let house = House::new().with_clients(&PHONES).await;
    let before = house.run(K1, &["key", "status"]);
    assert_eq!(
        (before.code, before.out.as_str()),
        (Some(0), "master key \"k1\" (current)  wraps 4 keys\n"),
        "{before:?}"
    );

    let both = format!("{K2},{K1}");
    let during = house.run(&both, &["key", "status"]);
    assert!(during.out.contains("master key \"k1\"  wraps 4 keys: still needed; chatplug key rotate"), "{during:?}");
    let rotated = house.run(&both, &["key", "rotate"]);
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    assert!(rotated.out.contains("bella: 2 keys moved to the current master key\n"), "{rotated:?}");
    assert!(rotated.out.contains("master key \"k2\" (current)  wraps 4 keys\n"), "{rotated:?}");
    assert!(rotated.out.contains("master key \"k1\"  wraps nothing: it can be taken out"), "{rotated:?}");
    let again = house.run(&both, &["key", "rotate", "--tenant", "bella"]);
    assert!(again.out.starts_with("bella: keys are under the current master key\n"), "{again:?}");

    let after = house.run(K2, &["key", "status"]);
    assert_eq!((after.code, after.out.as_str()), (Some(0), "master key \"k2\" (current)  wraps 4 keys\n"), "{after:?}");
    let shown = house.run(K2, &["export", "--tenant", "bella", "--phone", PHONES[1]]);
    assert!(shown.code == Some(0) && shown.out.contains("Where are you?"), "{shown:?}");
}

#[tokio::test]
async fn tenants_that_are_not_configured_count_too() {
    let house = House::new().with_clients(&PHONES[..1]).await;
    house.configure(|text| text.split_once("[[tenant]]\nid = \"norte\"").unwrap().0.to_owned());
    let both = format!("{K2},{K1}");
    let rotated = house.run(&both, &["key", "rotate"]);
    assert!(rotated.out.contains("master key \"k1\"  wraps 2 keys: still needed"), "{rotated:?}");
    let rotated = house.run(&both, &["key", "rotate", "--tenant", "norte"]);
    assert!(rotated.err.contains("note: the configuration has no tenant `norte`"), "{rotated:?}");
    assert!(rotated.out.contains("master key \"k1\"  wraps nothing"), "{rotated:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_rotation_that_was_killed_is_taken_up_again() {
    let phones: Vec<String> = (0..150).map(|n| format!("3519121{n:05}")).collect();
    let phones: Vec<&str> = phones.iter().map(String::as_str).collect();
    let house = House::new().with_clients(&phones).await;
    let kill = |signal: &str, when: &str| {
        let mut rotate = house.command(K1, &["key", "rotate", "--data", "--tenant", "bella"]);
        let mut rotate = rotate.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(rotate.stdout.take().unwrap()).lines();
        let mut heard = Vec::new();
        for line in lines {
            let line = line.unwrap();
            let reached = line.contains(when);
            heard.push(line);
            if reached {
                let killed = Command::new("kill").args([signal, &rotate.id().to_string()]).status().unwrap();
                assert!(killed.success());
                break;
            }
        }
        (told(&rotate.wait_with_output().unwrap()), heard)
    };
    let (killed, heard) = kill("-KILL", "data key 2 seals");
    assert_eq!((killed.code, heard.len()), (None, 2), "{heard:?} {killed:?}");
    // Both keys open meanwhile.
    let shown = house.run(K1, &["export", "--tenant", "bella", "--phone", phones[100]]);
    assert!(shown.code == Some(0) && shown.out.contains("Where are you?"), "{shown:?}");

    // It goes on with the same key, to the end of what can be done before others have heard of it; then it is interrupted.
    let (interrupted, heard) = kill("-INT", "until no process seals with an older key");
    assert_eq!(heard[1], "bella: data key 2 seals", "{heard:?}");
    assert_eq!(interrupted.code, Some(130), "{interrupted:?}");
    assert_eq!(interrupted.err, "interrupted; nothing is lost: run it again to go on\n");
    let shown = house.run(K1, &["export", "--tenant", "bella", "--phone", phones[0]]);
    assert!(shown.code == Some(0) && shown.out.contains("Where are you?"), "{shown:?}");
}

#[tokio::test]
async fn destroyed_keys_take_what_they_sealed_with_them() {
    let house = House::new().with_clients(&PHONES).await;
    let asked = house.run_with(K1, &["key", "destroy", "--tenant", "bella"], "norte\n");
    assert_eq!(asked.code, Some(1), "{asked:?}");
    assert!(asked.err.contains("Type bella to go on:") && asked.err.contains("nothing was destroyed"), "{asked:?}");
    assert!(house.run(K1, &["export", "--tenant", "bella", "--phone", PHONES[0]]).out.contains("Where are you?"));

    let destroyed = house.run_with(K1, &["key", "destroy", "--tenant", "bella"], "bella\n");
    assert_eq!(destroyed.code, Some(0), "{destroyed:?}");
    assert!(destroyed.out.starts_with("destroyed: the keys of bella\n"), "{destroyed:?}");
    let gone = house.run(K1, &["export", "--tenant", "bella", "--phone", PHONES[0]]);
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert!(gone.err.contains("the keys of bella were destroyed"), "{gone:?}");
    assert!(house.run(K1, &["key", "status"]).out.contains("wraps 2 keys"), "the other tenant has its own");
    let audited = house.run(K1, &["audit", "verify"]);
    assert_eq!(audited.code, Some(0), "the audit stays whole: {audited:?}");
    let rows = house.run(K1, &["audit", "show", "--tenant", "bella"]);
    assert!(rows.out.contains("operator:ana"), "{rows:?}");
    let twice = house.run(K1, &["key", "rotate", "--tenant", "bella"]);
    assert!(twice.code == Some(1) && twice.err.contains("the keys of bella were destroyed"), "{twice:?}");
}
