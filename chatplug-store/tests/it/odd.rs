//! What should not happen and does, on either database: a clock that jumps, mail of another release.

use crate::world::{answering, at, by_phone, hears, lease, message, queued};
use chatplug_core::{
    model::{Content, ConversationId, Inbound, Private, TenantId},
    ports::{MailEvent, Store, StoreError, TenantSetup, TenantStore, Work},
    vault::{MasterKeys, Vault},
};
use chatplug_store::{PostgresOptions, PostgresStore, SqliteStore, testing::TestDatabase};
use rstest::rstest;
use rusqlite::Connection;
use std::{path::PathBuf, sync::Arc};
use tempfile::TempDir;

/// Which database.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Sqlite,
    Postgres,
}

/// A store, and a way into its tables past it.
struct Odd {
    store: Arc<dyn Store>,
    rows: Arc<dyn TenantStore>,
    back_door: BackDoor,
}

enum BackDoor {
    Sqlite(PathBuf, #[expect(dead_code, reason = "it is there as long as this is")] TempDir),
    Postgres(TestDatabase),
}

impl Odd {
    async fn new(kind: Kind) -> Self {
        let (store, back_door): (Arc<dyn Store>, _) = match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join("chatplug.db");
                (Arc::new(SqliteStore::open(&file).await.unwrap()), BackDoor::Sqlite(file, folder))
            }
            Kind::Postgres => {
                let database = TestDatabase::fresh().await;
                let how = PostgresOptions::new(Vault::new(Arc::new(MasterKeys::ephemeral().unwrap())));
                (Arc::new(PostgresStore::open(&database.url(), how).await.unwrap()), BackDoor::Postgres(database))
            }
        };
        let rows = store.tenant(&"bella".parse::<TenantId>().unwrap());
        let setup = TenantSetup {
            name: "Bella".to_owned(),
            branches: vec!["centre".parse().unwrap()],
            channels: vec!["wa".parse().unwrap()],
            routes: Vec::new(),
            sealed: false,
        };
        rows.register(&setup).await.unwrap();
        Self { store, rows, back_door }
    }

    /// Puts another event in the place of one that lies in a mailbox.
    async fn rewrite(&self, conversation: ConversationId, event: &str) {
        let conversation = conversation.as_uuid();
        match &self.back_door {
            BackDoor::Sqlite(file, _) => {
                let change = "UPDATE mailbox SET event = ? WHERE conversation = ?";
                let changed = Connection::open(file).unwrap();
                let changed = changed.execute(change, (event.as_bytes(), conversation.as_bytes()));
                assert_eq!(changed.unwrap(), 1);
            }
            BackDoor::Postgres(database) => {
                let change = "UPDATE mailbox SET event = $1 WHERE conversation = $2";
                let change = sqlx::query(change).bind(event.as_bytes()).bind(conversation);
                assert_eq!(change.execute(&mut database.admin().await).await.unwrap().rows_affected(), 1);
            }
        }
    }
}

/// Back: what came in is due when the clock comes to it again, and not lost.
#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_clock_that_is_put_back_loses_nothing(#[case] kind: Kind) {
    let odd = Odd::new(kind).await;
    let conversation = hears(&*odd.rows, by_phone(1), "before", 3600).await;
    assert!(odd.store.due(at(0), 10).await.unwrap().is_empty(), "not due yet, by this clock");
    assert_eq!(odd.store.next_due().await.unwrap(), Some(at(3600)), "and it is known when");
    assert!(lease(&*odd.rows, conversation, 0).await.is_none());
    // The next message comes by the clock as it is now; both are answered as soon as the earlier is due.
    assert_eq!(queued(&odd.rows.ingest(vec![message(by_phone(1), "after", 1)]).await.unwrap()), conversation);
    let leased = lease(&*odd.rows, conversation, 2).await.expect("due");
    let mail: Vec<_> = leased.mail.iter().map(|mail| id_of(&mail.event)).collect();
    assert_eq!(mail, ["after", "before"], "by the clock's own order, a burst brings what follows");
    odd.rows.commit(answering(&leased, &["both"], 3)).await.unwrap();
    assert_eq!(odd.rows.messages(conversation, 10).await.unwrap().len(), 3);
}

/// Ahead: leases run out early, and whoever is late is fenced; nobody is answered twice.
#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_clock_that_jumps_ahead_ends_leases_and_fences(#[case] kind: Kind) {
    let odd = Odd::new(kind).await;
    let conversation = hears(&*odd.rows, by_phone(1), "question", 0).await;
    let slow = lease(&*odd.rows, conversation, 1).await.unwrap();
    let quick = lease(&*odd.rows, conversation, 86_400).await.expect("by this clock the lease ran out long ago");
    odd.rows.commit(answering(&quick, &["tomorrow"], 86_400)).await.unwrap();
    let late = odd.rows.commit(answering(&slow, &["today"], 2)).await;
    assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
    let said: Vec<String> = crate::world::log(&*odd.rows, conversation)
        .await
        .into_iter()
        .filter(|line| !line.0)
        .map(|line| line.1)
        .collect();
    assert_eq!(said, ["tomorrow"]);
    // Back again: what waits to be sent was queued in what is the future now, and goes out all the same in its time.
    let due = odd.store.due(at(86_400), 10).await.unwrap();
    assert_eq!(due.iter().map(|due| due.work).collect::<Vec<_>>(), [Work::Delivery]);
}

/// Mail that the first release stored, byte for byte, is read by this one.
#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn mail_of_the_first_release_is_read(#[case] kind: Kind) {
    let odd = Odd::new(kind).await;
    let conversation = hears(&*odd.rows, by_phone(1), "m1", 0).await;
    odd.rewrite(
        conversation,
        r#"{"mail":"message","message":{"id":"m1","from":{"phone":"351900000001","user_id":null},"profile_name":"Ana","at":"2026-03-02T09:00:00Z","content":{"kind":"text","body":"Olá"},"quoted":null,"forwarded":false,"referral":null},"about":null}"#,
    )
    .await;
    let leased = lease(&*odd.rows, conversation, 1).await.unwrap();
    let expected = Inbound {
        id: "m1".parse().unwrap(),
        from: by_phone(1),
        profile_name: Some(Private::new("Ana".to_owned())),
        at: at(0),
        content: Content::Text { body: Private::new("Olá".to_owned()) },
        quoted: None,
        forwarded: false,
        referral: None,
    };
    let MailEvent::Message { message, about: None } = &leased.mail[0].event else { panic!("{:?}", leased.mail) };
    assert_eq!(**message, expected);
}

/// Mail of a newer release is refused by name, without a word of what it says; it stays for the newer program, and nobody
/// else waits for it.
#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn mail_of_a_newer_release_is_left_for_it(#[case] kind: Kind) {
    let odd = Odd::new(kind).await;
    let conversation = hears(&*odd.rows, by_phone(1), "m1", 0).await;
    let other = hears(&*odd.rows, by_phone(2), "m2", 0).await;
    odd.rewrite(conversation, r#"{"mail":"hologram","message":"+351 912 345 678"}"#).await;
    let error = odd.rows.lease(conversation, at(60), at(1)).await.expect_err("it cannot be read");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("912"), "{error:?}");
    let leased = lease(&*odd.rows, other, 1).await.expect("others go on");
    odd.rows.commit(answering(&leased, &["hello"], 1)).await.unwrap();
    odd.rewrite(conversation, r#"{"mail":"undeliverable","detail":"as the newer program would"}"#).await;
    // Whether the lease was kept by the attempt or not, it is over in its time.
    assert_eq!(lease(&*odd.rows, conversation, 120).await.expect("nothing was lost").mail.len(), 1);
}

/// A database that refuses a row says which, with everything in it. That stays between it and its administrator.
#[tokio::test]
async fn a_refused_row_is_not_quoted() {
    let odd = Odd::new(Kind::Postgres).await;
    let BackDoor::Postgres(database) = &odd.back_door else { panic!("PostgreSQL") };
    let narrow = "ALTER TABLE message ADD CHECK (octet_length(text) < 4)";
    sqlx::raw_sql(narrow).execute(&mut database.admin().await).await.unwrap();
    let error = odd.rows.ingest(vec![message(by_phone(1), "secret", 0)]).await.unwrap_err();
    let said = format!("{error} {error:?}");
    assert!(said.contains("23514") && said.contains("message"), "it says what is wrong: {said}");
    let hex: String = b"text of".iter().map(|byte| format!("{byte:02x}")).collect();
    for quoted in ["secret", "text of", &hex, "351900000001"] {
        assert!(!said.contains(quoted), "{quoted}: {said}");
    }
}

fn id_of(event: &MailEvent) -> String {
    match event {
        MailEvent::Message { message, .. } => message.id.to_string(),
        other => panic!("{other:?}"),
    }
}
