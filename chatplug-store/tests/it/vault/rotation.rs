//! New data keys: beside others who write, interrupted, resumed.

use super::{Planted, is_all_there, plant, register};
use crate::world::{at, file, fresh, tenant};
use chatplug_core::{
    ports::{Resealed, SecretStore as _, StoreError, TenantSecrets},
    vault::VaultError,
};
use chatplug_store::SqliteStore;
use rusqlite::Connection;
use std::collections::BTreeSet;
use tempfile::TempDir;

const BY: &str = "operator:olga";

/// Reseals in steps until all is done; what was stored anew.
pub(super) async fn reseal(planted: &Planted, limit: usize, seconds: i64) -> u64 {
    steps(&*planted.secrets, limit, seconds).await
}

async fn steps(secrets: &dyn TenantSecrets, limit: usize, mut seconds: i64) -> u64 {
    let mut values = 0;
    for _ in 0..1000 {
        let step = secrets.reseal(limit, at(seconds)).await.unwrap();
        values += step.values;
        if step.done {
            return values;
        }
        seconds += i64::try_from(step.wait_seconds).unwrap();
    }
    panic!("{values} values, and no end");
}

/// Versions of the data key that values of a tenant are sealed with, and those that are kept.
fn versions(folder: &TempDir, id: &str) -> (BTreeSet<u32>, BTreeSet<u32>) {
    let db = Connection::open(file(folder)).unwrap();
    let mut used = BTreeSet::new();
    // The one that is only opened once it became another's.
    for (table, column) in super::damage::COLUMNS.iter().chain(&[("early", "message_id")]) {
        let sql = format!("SELECT {column} FROM {table} WHERE tenant = ? AND substr({column}, 1, 1) = x'01'");
        let mut rows = db.prepare(&sql).unwrap();
        let values = rows.query_map([id], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        used.extend(values.map(|value| u32::from_be_bytes(value.unwrap()[1..5].try_into().unwrap())));
    }
    let mut path = file(folder).into_os_string();
    path.push(".keys");
    let keys = Connection::open(path).unwrap();
    let mut rows = keys.prepare("SELECT version FROM tenant_key WHERE tenant = ? AND key_use = 'data'").unwrap();
    let kept = rows.query_map([id], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    (used, kept)
}

fn set(versions: &[u32]) -> BTreeSet<u32> {
    versions.iter().copied().collect()
}

#[tokio::test]
async fn a_new_data_key_takes_over_while_another_program_writes() {
    let (store, folder) = fresh().await;
    let bella = plant(&store, "bella", true).await;
    let cesar = plant(&store, "cesar", true).await;
    // It has the keys in its hands before there are new ones.
    let beside = SqliteStore::open(file(&folder)).await.unwrap();
    is_all_there(&beside, &bella).await;

    assert_eq!(bella.secrets.renew_data_key(BY, at(10)).await.unwrap(), 2);
    let step = bella.secrets.reseal(1000, at(11)).await.unwrap();
    assert!(step.values > 12 && !step.done, "{step:?}");
    // The other program still seals with the old key for a while, until it reads what it has no key for.
    let late = beside.secrets(&bella.id);
    late.put_credential("late", &"secret".to_owned().into(), BY, at(12)).await.unwrap();
    assert_eq!(versions(&folder, "bella").0, set(&[1, 2]));
    is_all_there(&beside, &bella).await;

    let waiting = loop {
        let step = bella.secrets.reseal(1000, at(20)).await.unwrap();
        assert!(!step.done, "nobody knows yet whether others still seal with the old key");
        if step.wait_seconds > 0 {
            break step;
        }
    };
    assert_eq!(waiting, Resealed { values: 0, done: false, wait_seconds: 110 });
    assert_eq!(versions(&folder, "bella").1, set(&[1, 2]), "so it is kept");
    steps(&*bella.secrets, 5, 200).await;
    assert_eq!(versions(&folder, "bella"), (set(&[2]), set(&[2])));
    assert_eq!(versions(&folder, "cesar"), (set(&[1]), set(&[1])), "of others nothing was touched");
    for seen_by in [&store, &beside] {
        is_all_there(seen_by, &bella).await;
        is_all_there(seen_by, &cesar).await;
        assert!(seen_by.secrets(&bella.id).credential("late", BY, at(300)).await.unwrap().is_some());
    }
}

/// Dropped in the middle, and begun again by another process: nothing is lost, and no second key is made.
#[tokio::test]
async fn an_interrupted_resealing_is_resumed() {
    let (store, folder) = fresh().await;
    let bella = plant(&store, "bella", true).await;
    assert_eq!(bella.secrets.renew_data_key(BY, at(10)).await.unwrap(), 2);
    bella.secrets.reseal(3, at(11)).await.unwrap();
    let half = versions(&folder, "bella");
    assert_eq!(half, (set(&[1, 2]), set(&[1, 2])), "half of it is done");
    let interrupted = {
        let secrets = store.secrets(&bella.id);
        tokio::spawn(async move { secrets.reseal(1000, at(12)).await })
    };
    tokio::task::yield_now().await;
    interrupted.abort();
    assert!(interrupted.await.is_err_and(|error| error.is_cancelled()));
    store.close().await.unwrap();

    let again = SqliteStore::open(file(&folder)).await.unwrap();
    is_all_there(&again, &bella).await;
    let secrets = again.secrets(&bella.id);
    assert_eq!(secrets.renew_data_key(BY, at(200)).await.unwrap(), 2);
    steps(&*secrets, 2, 200).await;
    assert_eq!(versions(&folder, "bella"), (set(&[2]), set(&[2])));
    is_all_there(&again, &bella).await;
    assert_eq!(secrets.renew_data_key(BY, at(300)).await.unwrap(), 3, "now there is room for the next");
}

/// A value that does not open holds the old key: it is not thrown away while something may need it.
#[tokio::test]
async fn a_damaged_value_stops_resealing_by_name() {
    let (store, folder) = fresh().await;
    let bella = plant(&store, "bella", true).await;
    let db = Connection::open(file(&folder)).unwrap();
    let damage = "UPDATE entry SET note = CAST(substr(note, 1, length(note) - 1) || x'00' AS BLOB)";
    bella.secrets.renew_data_key(BY, at(10)).await.unwrap();
    db.execute(damage, []).unwrap();
    let stopped = bella.secrets.reseal(1000, at(500)).await;
    assert!(matches!(stopped, Err(StoreError::Vault(VaultError::Forged))), "{stopped:?}");
    assert_eq!(versions(&folder, "bella").1, set(&[1, 2]));
}

/// What the policy says counts at once for what is written from then on, and in both directions.
#[tokio::test]
async fn a_policy_can_be_changed_back() {
    let (store, folder) = fresh().await;
    let bella = plant(&store, "bella", true).await;
    register(&store, "bella", false).await;
    tenant(&store, "bella").ingest(vec![super::says("bella", 5, None)]).await.unwrap();
    assert!(!super::lying_about(&folder, "bella").is_empty(), "from now on it is not sealed");
    assert!(reseal(&bella, 3, 10).await >= 12);
    let (used, _) = versions(&folder, "bella");
    assert_eq!(used, set(&[1]), "of all that is sealed only the credential is left");
    let db = Connection::open(file(&folder)).unwrap();
    let sealed = "SELECT count(*) FROM message WHERE substr(text, 1, 1) = x'01'";
    assert_eq!(db.query_row(sealed, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}
