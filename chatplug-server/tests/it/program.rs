//! The program as a process: exit codes, what it prints, how it stops.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
};

fn chatplug() -> Command {
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
    assert_eq!(err.lines().count(), 4, "{err}");
    let text = std::fs::read_to_string(sample).unwrap();
    let line = text.lines().position(|line| line.contains("\"META_APP_SECRET\"")).unwrap() + 1;
    let expected = format!("config.sample.toml:{line}:1: the environment variable META_APP_SECRET is not set");
    assert!(err.contains(&expected), "{err}");
    assert!(err.ends_with("3 problems in the configuration\n"), "{err}");

    check.envs([("META_APP_SECRET", "a"), ("META_VERIFY_TOKEN", "b"), ("BELLA_ACCESS_TOKEN", "c")]);
    let (code, out, err) = told(&check.output().unwrap());
    assert_eq!((code, out.as_str()), (Some(0), "ok: 1 tenant, 1 branch, 1 channel, 1 Meta app\n"), "{err}");

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
}
