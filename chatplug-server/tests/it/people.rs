//! What is kept of a person: written out, and removed.

use crate::house::{House, K1};
use serde_json::Value;

const MARTA: &str = "351912000001";
const OTHER: &str = "351912000002";

fn about<'a>(command: &'a str, phone: &'a str) -> Vec<&'a str> {
    vec![command, "--tenant", "bella", "--phone", phone]
}

#[tokio::test]
async fn everything_of_a_person_is_written_out() {
    let house = House::new().with_clients(&[MARTA, OTHER]).await;
    let written = house.run(K1, &about("export", "00351 (0)912 000 001"));
    assert_eq!(written.code, Some(0), "{written:?}");
    let whole: Value = serde_json::from_str(&written.out).unwrap();
    assert_eq!(whole["tenant"], "bella");
    assert!(
        written.out.contains("Where are you?") && written.out.contains(MARTA) && written.out.contains("Marta"),
        "{whole:#}"
    );
    assert!(!written.out.contains(OTHER), "nobody else's: {whole:#}");

    let file = house.path("marta.json");
    let into = [about("export", MARTA), vec!["--out", "marta.json"]].concat();
    let written = house.run(K1, &into);
    assert_eq!((written.code, written.out.as_str()), (Some(0), ""), "{written:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let again: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(again["contact"], whole["contact"]);
    let refused = house.run(K1, &into);
    assert!(refused.code == Some(2) && refused.err.contains("is there already"), "{refused:?}");

    let contact = whole["contact"].as_str().unwrap();
    let by_id = house.run(K1, &["export", "--tenant", "bella", "--contact", contact]);
    assert_eq!(by_id.code, Some(0), "{by_id:?}");
    let rows = house.run(K1, &["audit", "show", "--tenant", "bella"]).out;
    assert_eq!(rows.lines().filter(|row| row.contains("operator:ana") && row.contains("export")).count(), 3, "{rows}");
}

#[tokio::test]
async fn a_person_is_erased_and_the_receipt_printed() {
    let house = House::new().with_clients(&[MARTA, OTHER]).await;
    let asked = house.run_with(K1, &about("erase", MARTA), "yes\n");
    assert_eq!(asked.code, Some(1), "only the word itself is a yes: {asked:?}");
    assert!(asked.err.contains("cannot be undone") && asked.err.contains("nothing was erased"), "{asked:?}");
    assert_eq!(house.run(K1, &about("export", MARTA)).code, Some(0));
    // Before it asks, it says what there is, table by table.
    let (counted, _) = asked.err.split_once("Type erase to go on:").unwrap();
    let counted: Vec<&str> = counted.lines().filter_map(|line| line.strip_prefix("  to delete  ")).collect();
    assert!(counted.contains(&"     1  contact") && counted.contains(&"     1  conversation"), "{asked:?}");

    let erased = house.run_with(K1, &about("erase", MARTA), "erase\n");
    assert_eq!(erased.code, Some(0), "{erased:?}");
    assert!(erased.out.starts_with("erased\n  deleted"), "{erased:?}");
    let deleted: Vec<&str> = erased.out.lines().filter_map(|line| line.strip_prefix("  deleted  ")).collect();
    assert_eq!(deleted, counted, "what it said it would, it did");
    for table in ["contact", "conversation", "message"] {
        assert!(erased.out.lines().any(|line| line.ends_with(&format!("  {table}"))), "{table}: {erased:?}");
    }
    let gone = house.run(K1, &about("export", MARTA));
    assert_eq!(gone.code, Some(1));
    assert_eq!(gone.err, "error: bella keeps nothing of this person: never known, or erased\n");
    let other = house.run(K1, &about("export", OTHER));
    assert!(other.code == Some(0) && other.out.contains("Where are you?"), "{other:?}");
    let verified = house.run(K1, &["audit", "verify"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");

    let again = house.run(K1, &[about("erase", OTHER), vec!["--yes"]].concat());
    assert_eq!(again.code, Some(0), "{again:?}");
}

#[tokio::test]
async fn a_person_is_named_in_one_way() {
    let house = House::new();
    let refused = |arguments: &[&str]| {
        let told = house.run(K1, arguments);
        assert_eq!(told.code, Some(2), "{told:?}");
        told.err
    };
    assert!(refused(&["erase", "--tenant", "bella"]).contains("--phone <NUMBER>"));
    assert!(
        refused(&["erase", "--tenant", "bella", "--phone", MARTA, "--contact", "x"]).contains("cannot be used with")
    );
    assert!(refused(&about("export", "Marta")).contains("not an international phone number"));
    assert!(refused(&["export", "--tenant", "bella", "--contact", "7"]).contains("is not a UUID"));
    assert!(refused(&["export", "--phone", MARTA]).contains("--tenant <TENANT>"));
    let nobody = house.run(K1, &about("export", MARTA));
    assert_eq!(nobody.code, Some(1), "{nobody:?}");
    let slip = house.run(K1, &["export", "--tenant", "bela", "--phone", MARTA]);
    assert!(slip.err.contains("no tenant `bela`; did you mean `bella`?"), "{slip:?}");
}
