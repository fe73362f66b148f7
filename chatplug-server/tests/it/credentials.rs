//! Credentials of tenants, from standard input into the database and out of it at the start.

use crate::house::{House, K1};

const TOKEN: &str = "EAAG-a-token-that-nobody-may-see";

fn house() -> House {
    let house = House::new();
    house.configure(|text| text.replacen("access_token = \"token\"", "access_token = { vault = \"whatsapp\" }", 1));
    house
}

#[test]
fn a_missing_credential_is_asked_for() {
    let house = house();
    let refused = house.run(K1, &["serve"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("bella has no credential \"whatsapp\""), "{refused:?}");
    assert!(refused.err.contains("chatplug credential set --config FILE --tenant bella whatsapp"), "{refused:?}");
    let listed = house.run(K1, &["credential", "list"]);
    assert!(listed.out.contains("bella  whatsapp  missing: chatplug credential set"), "{listed:?}");
}

#[tokio::test]
async fn a_credential_is_kept_used_and_removed() {
    let house = house();
    let kept = house.run_with(K1, &["credential", "set", "--tenant", "bella", "whatsapp"], &format!("{TOKEN}\n"));
    assert_eq!(kept.code, Some(0), "{kept:?}");
    assert!(kept.out.starts_with("kept: credential \"whatsapp\" of bella\n"), "{kept:?}");
    assert!(!house.holds(TOKEN, &[]), "sealed");
    house.open(K1).await.close().await;

    let listed = house.run(K1, &["credential", "list", "--tenant", "bella"]);
    assert!(listed.out.starts_with("bella  whatsapp  2") && listed.out.lines().count() == 1, "{listed:?}");
    assert!(!listed.out.contains(TOKEN));
    let rows = house.run(K1, &["audit", "show", "--tenant", "bella"]).out;
    let by = |who: &str| rows.lines().filter(|row| row.contains(who)).count();
    assert_eq!((by("operator:ana"), by("engine")), (1, 1), "set by a person, used by the engine: {rows}");
    assert!(!rows.contains(TOKEN), "{rows}");

    let removed = house.run(K1, &["credential", "remove", "--tenant", "bella", "whatsapp"]);
    assert_eq!(removed.code, Some(0), "{removed:?}");
    assert!(removed.out.contains("the configuration names it still"), "{removed:?}");
    let again = house.run(K1, &["credential", "remove", "--tenant", "bella", "whatsapp"]);
    assert_eq!((again.code, again.err.as_str()), (Some(1), "error: bella has no credential \"whatsapp\"\n"));
    assert_eq!(house.run(K1, &["serve"]).code, Some(2));
}

#[test]
fn what_cannot_be_a_credential_is_refused() {
    let house = house();
    let set = |arguments: &[&str], input: &str| {
        let told = house.run_with(K1, &[&["credential", "set"], arguments].concat(), input);
        assert_eq!(told.code, Some(2), "{told:?}");
        told.err
    };
    assert!(set(&["--tenant", "bella", "whatsapp"], " \n").contains("no secret came from standard input"));
    assert!(set(&["--tenant", "bella", "Whats App"], "x").contains("1 to 64 characters"));
    assert!(set(&["--tenant", "bela", "whatsapp"], "x").contains("no tenant `bela`; did you mean `bella`?"));
    assert!(set(&["--tenant", "bella", "whatsapp"], &"x".repeat(70_000)).contains("too long"));
    assert!(set(&["whatsapp"], "x").contains("--tenant <TENANT>"));
    assert!(
        set(&["--tenant", "bella", "whatsapp", "secret"], "x").contains("unexpected argument"),
        "none from arguments"
    );
}
