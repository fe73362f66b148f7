//! The audit: a chain as it is written, in turns and without, and whatever is done to it by hand shows.

use crate::world::{answering, at, by_phone, file, fresh, hears, lease, salon};
use chatplug_core::{
    audit::{AuditBreak, AuditHead, AuditVerifier},
    model::TenantId,
    ports::{AuditRow, RecordStore, StoreError, TenantRecords, TurnCommit},
};
use chatplug_store::SqliteStore;
use rusqlite::Connection;
use std::sync::Arc;
use tempfile::TempDir;

fn row(what: &str, seconds: i64) -> AuditRow {
    AuditRow {
        at: at(seconds),
        actor: "bot".to_owned(),
        what: what.to_owned(),
        conversation: None,
        action: None,
        detail: serde_json::json!({ "what": what }),
    }
}

fn records(store: &SqliteStore, id: &str) -> Arc<dyn TenantRecords> {
    store.records(&id.parse().unwrap())
}

/// Goes along the chain in steps of three.
async fn verify(records: &dyn TenantRecords, tenant: &str) -> Result<AuditHead, AuditBreak> {
    let tenant: TenantId = tenant.parse().unwrap();
    let mut verifier = AuditVerifier::new(&tenant);
    loop {
        let links = records.audit_links(verifier.at().seq, 3).await.unwrap();
        if links.is_empty() {
            break;
        }
        links.iter().try_for_each(|link| verifier.follow(link))?;
    }
    let head = records.audit_head().await.unwrap();
    verifier.end(head)?;
    Ok(head)
}

/// A salon with ten rows in its audit, and another with three.
async fn audited() -> (SqliteStore, TempDir) {
    let (store, folder) = fresh().await;
    for (id, rows) in [("bella", 10), ("norte", 3)] {
        salon(&store, id).await;
        for number in 1..=rows {
            records(&store, id).append_audit(vec![row(&format!("deed {number}"), number)]).await.unwrap();
        }
    }
    (store, folder)
}

#[tokio::test]
async fn rows_of_turns_and_others_are_one_chain() {
    let (store, _folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    let audit = records(&store, "bella");
    assert_eq!(verify(&*audit, "bella").await, Ok(AuditHead::default()));
    let conversation = hears(&*bella, by_phone(1), "m1", 0).await;
    let leased = lease(&*bella, conversation, 0).await.unwrap();
    let rows = vec![row("book", 0), row("confirm \"é\"", 0)];
    bella.commit(TurnCommit { audit: rows.clone(), ..answering(&leased, &[], 0) }).await.unwrap();
    audit.append_audit(vec![row("say", 1)]).await.unwrap();
    audit.append_audit(Vec::new()).await.unwrap();

    assert_eq!(verify(&*audit, "bella").await.unwrap().seq, 3);
    let read = bella.audit(0, 10).await.unwrap();
    assert_eq!(read, [(1, rows[0].clone()), (2, rows[1].clone()), (3, row("say", 1))]);
    let links = audit.audit_links(1, 1).await.unwrap();
    assert_eq!(links[0].row, serde_json::to_string(&rows[1]).unwrap(), "byte for byte");
}

#[tokio::test]
async fn a_fenced_turn_adds_nothing() {
    let (store, _folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    let conversation = hears(&*bella, by_phone(1), "m1", 0).await;
    let old = lease(&*bella, conversation, 0).await.unwrap();
    lease(&*bella, conversation, 100).await.expect("the first lease ran out");
    let late = bella.commit(TurnCommit { audit: vec![row("book", 0)], ..answering(&old, &[], 0) }).await;
    assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
    assert_eq!(records(&store, "bella").audit_head().await.unwrap(), AuditHead::default());
}

#[tokio::test]
async fn many_writers_make_one_chain_each_tenant() {
    let (store, _folder) = fresh().await;
    for id in ["bella", "norte"] {
        salon(&store, id).await;
    }
    let writes = (0..200).map(|number| {
        let records = records(&store, if number % 2 == 0 { "bella" } else { "norte" });
        async move { records.append_audit(vec![row(&format!("deed {number}"), number)]).await.unwrap() }
    });
    futures_util::future::join_all(writes).await;
    for id in ["bella", "norte"] {
        assert_eq!(verify(&*records(&store, id), id).await.unwrap().seq, 100);
    }
}

#[tokio::test]
async fn nobody_s_audit_is_kept_for_a_tenant_that_is_not_known() {
    let (store, _folder) = fresh().await;
    let refused = records(&store, "nobody").append_audit(vec![row("book", 0)]).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })), "{refused:?}");
}

/// The database itself refuses to change what was written.
#[tokio::test]
async fn the_audit_is_only_added_to() {
    let (_store, folder) = audited().await;
    let raw = Connection::open(file(&folder)).unwrap();
    for sql in [
        "UPDATE audit SET row = '{}' WHERE seq = 4",
        "DELETE FROM audit WHERE seq = 10",
        "UPDATE audit_head SET seq = 9",
        "UPDATE audit_head SET tenant = 'x'",
        "DELETE FROM audit_head",
    ] {
        let refused = raw.execute(sql, []).unwrap_err();
        assert!(refused.to_string().contains("only added to"), "{sql}: {refused}");
    }
}

/// Whoever has the file can get round that; the chain tells, and of the right tenant.
#[tokio::test]
async fn whatever_is_done_to_it_by_hand_is_found() {
    use AuditBreak::{Altered, Ends, Head, Missing};
    let cases = [
        ("an altered row", "UPDATE audit SET row = replace(row, 'deed 4', 'deed 5') WHERE seq = 4", Altered { seq: 4 }),
        ("an altered hash", "UPDATE audit SET hash = zeroblob(32) WHERE seq = 4", Altered { seq: 4 }),
        ("a removed row", "DELETE FROM audit WHERE seq = 4", Missing { expected: 4, found: 5 }),
        ("the first row removed", "DELETE FROM audit WHERE seq = 1", Missing { expected: 1, found: 2 }),
        (
            "a row removed and the others moved up",
            "DELETE FROM audit WHERE seq = 4; UPDATE audit SET seq = seq - 1 WHERE seq > 4; UPDATE audit_head SET seq = 9",
            Altered { seq: 4 },
        ),
        (
            "a row put in",
            "UPDATE audit SET seq = 1000 - seq WHERE seq >= 4; UPDATE audit SET seq = 1001 - seq WHERE seq > 100; \
             INSERT INTO audit SELECT tenant, 4, at, replace(row, 'deed 3', 'deed x'), hash FROM audit WHERE seq = 3; \
             UPDATE audit_head SET seq = 11",
            Altered { seq: 4 },
        ),
        (
            "two rows in each other's place",
            "UPDATE audit SET seq = 99 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5; \
             UPDATE audit SET seq = 5 WHERE seq = 99",
            Altered { seq: 4 },
        ),
        ("the tail cut off", "DELETE FROM audit WHERE seq > 8", Ends { expected: 10, found: 8 }),
        (
            "the tail cut off and the head moved back, in number only",
            "DELETE FROM audit WHERE seq > 9; UPDATE audit_head SET seq = 9",
            Head,
        ),
        ("the head removed", "DELETE FROM audit_head", Ends { expected: 0, found: 10 }),
        ("everything removed", "DELETE FROM audit", Ends { expected: 10, found: 0 }),
        (
            "a row of another tenant's put at the end",
            "INSERT INTO audit SELECT 'bella', 11, at, row, hash FROM audit_of_norte; UPDATE audit_head SET seq = 11",
            Altered { seq: 11 },
        ),
    ];
    for (what, sql, found) in cases {
        let (store, folder) = audited().await;
        let raw = Connection::open(file(&folder)).unwrap();
        let triggers: Vec<String> = {
            let mut names =
                raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'audit%'").unwrap();
            names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        assert_eq!(triggers.len(), 4);
        triggers.iter().for_each(|name| raw.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
        // What is done, is done to one tenant.
        raw.execute_batch("CREATE TEMP TABLE audit_of_norte AS SELECT * FROM audit WHERE tenant = 'norte' AND seq = 3")
            .unwrap();
        raw.execute_batch("CREATE TEMP TABLE kept AS SELECT * FROM audit WHERE tenant = 'norte'").unwrap();
        raw.execute_batch("CREATE TEMP TABLE kept_head AS SELECT * FROM audit_head WHERE tenant = 'norte'").unwrap();
        raw.execute_batch("DELETE FROM audit WHERE tenant = 'norte'; DELETE FROM audit_head WHERE tenant = 'norte'")
            .unwrap();
        raw.execute_batch(sql).unwrap();
        raw.execute_batch("INSERT INTO audit SELECT * FROM kept; INSERT INTO audit_head SELECT * FROM kept_head")
            .unwrap();

        assert_eq!(verify(&*records(&store, "bella"), "bella").await, Err(found), "{what}");
        assert_eq!(verify(&*records(&store, "norte"), "norte").await.unwrap().seq, 3, "{what}");
    }
}
