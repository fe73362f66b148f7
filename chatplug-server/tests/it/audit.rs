//! The audit: shown, proved whole, and found broken.

use crate::house::{House, K1};

const CLIENT: &str = "351912000001";

/// A house whose audit of `bella` has some rows.
async fn house() -> House {
    let house = House::new().with_clients(&[CLIENT]).await;
    for name in ["a", "b", "c"] {
        let kept = house.run_with(K1, &["credential", "set", "--tenant", "bella", name], "secret");
        assert_eq!(kept.code, Some(0), "{kept:?}");
    }
    house
}

fn head(out: &str) -> String {
    let line = out.lines().find(|line| line.starts_with("bella  ok  head ")).expect(out);
    line.rsplit(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_chain_as_written_is_proved() {
    let house = house().await;
    let verified = house.run(K1, &["audit", "verify"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert!(verified.out.contains("norte  ok"), "{verified:?}");
    let before = head(&verified.out);
    house.run_with(K1, &["credential", "set", "--tenant", "bella", "d"], "secret");
    let expected = house.run(K1, &["audit", "verify", "--tenant", "bella", "--expect", &before]);
    assert_eq!(expected.code, Some(0), "an older head is still in the chain: {expected:?}");
    assert_ne!(head(&expected.out), before);

    let (seq, hash) = before.split_once(':').unwrap();
    let other = format!("{seq}:{}", hash.chars().rev().collect::<String>());
    let unexpected = house.run(K1, &["audit", "verify", "--tenant", "bella", "--expect", &other]);
    assert_eq!(unexpected.code, Some(1), "{unexpected:?}");
    assert!(unexpected.out.contains(&format!("BROKEN  row {seq} is not the one that was expected")), "{unexpected:?}");
    let later = house.run(K1, &["audit", "verify", "--tenant", "bella", "--expect", &format!("999:{hash}")]);
    assert!(later.code == Some(1) && later.out.contains("row 999 was expected"), "{later:?}");
}

#[tokio::test]
async fn wrong_heads_are_refused() {
    let house = House::new();
    let refused = |arguments: &[&str]| {
        let told = house.run(K1, &[&["audit", "verify"], arguments].concat());
        assert_eq!(told.code, Some(2), "{told:?}");
        told.err
    };
    assert!(refused(&["--tenant", "bella", "--expect", "7"]).contains("a head is written SEQ:HASH"));
    assert!(refused(&["--expect", &format!("7:{}", "0".repeat(64))]).contains("--tenant"));
    assert!(refused(&["--tenant", "Bella"]).contains("tenant id may hold only"));
}

#[tokio::test]
async fn a_row_that_was_altered_or_removed_is_found() {
    for (change, found) in [
        (
            "UPDATE audit SET row = replace(row, 'operator:ana', 'operator:eva') WHERE tenant = 'bella' AND seq = 2",
            "row 2 was altered",
        ),
        ("DELETE FROM audit WHERE tenant = 'bella' AND seq = 2", "row 2 is missing: row 3 follows"),
        ("DELETE FROM audit WHERE tenant = 'bella' AND seq > 2", "the chain ends at row 2"),
    ] {
        let house = house().await;
        // Whoever has the file can take the triggers away that keep the audit as it is; not the chain.
        let database = rusqlite::Connection::open(house.path("house.sqlite")).unwrap();
        database.execute_batch("DROP TRIGGER audit_is_not_altered; DROP TRIGGER audit_stays").unwrap();
        assert!(database.execute(change, []).unwrap() > 0);
        drop(database);
        let verified = house.run(K1, &["audit", "verify"]);
        assert_eq!(verified.code, Some(1), "{change}: {verified:?}");
        assert!(verified.out.contains(&format!("bella  BROKEN  {found}")), "{change}: {verified:?}");
        assert!(verified.out.contains("norte  ok"), "{verified:?}");
        assert!(verified.err.contains("the audit of 1 tenant is not as it was written"), "{verified:?}");
    }
}

#[tokio::test]
async fn rows_are_shown_for_people_and_for_programs() {
    let house = house().await;
    let shown = house.run(K1, &["audit", "show", "--tenant", "bella", "--after", "1", "--limit", "2"]);
    let numbers: Vec<_> = shown.out.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(numbers, ["2", "3"], "{shown:?}");
    assert!(shown.out.contains("operator:ana"), "{shown:?}");
    assert!(!shown.out.contains(CLIENT), "ids only");
    let json = house.run(K1, &["audit", "show", "--tenant", "bella", "--json"]);
    for line in json.out.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(row["actor"].is_string() && row["what"].is_string(), "{row}");
    }
    assert!(json.out.lines().count() >= 3, "{json:?}");
}
