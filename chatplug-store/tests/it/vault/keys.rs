//! Master keys and the file of keys: given, missing, wrong, changed, destroyed.

use super::{disk, holds, is_all_there, open_under, plant};
use crate::world::{at, file, fresh};
use chatplug_core::{
    ports::{SecretStore as _, Store as _, StoreError},
    vault::{KeyId, MasterKeys, MasterKeysError, Vault, VaultError},
};
use chatplug_store::{OpenError, OpenOptions, SqliteOptions, SqliteStore};
use rusqlite::Connection;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;

pub(super) fn key(name: &str) -> String {
    MasterKeys::generate(&name.parse().unwrap()).unwrap().to_string()
}

pub(super) fn under(keys: &[&str]) -> Vault {
    Vault::new(Arc::new(keys.join(",").parse::<MasterKeys>().unwrap()))
}

fn beside(folder: &TempDir, suffix: &str) -> PathBuf {
    let mut name = file(folder).into_os_string();
    name.push(suffix);
    name.into()
}

async fn refused(path: &Path, vault: Option<&Vault>) -> OpenError {
    let how = SqliteOptions { vault: vault.cloned(), ..SqliteOptions::default() };
    SqliteStore::open_with(path, how).await.expect_err("it must not open")
}

/// Made with the database, readable by its owner only, and never made again.
#[tokio::test]
async fn a_master_key_of_its_own_is_made_once() {
    let (store, folder) = fresh().await;
    let planted = plant(&store, "bella", true).await;
    store.close().await.unwrap();
    let path = beside(&folder, ".master-key");
    let made = std::fs::read_to_string(&path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let again = SqliteStore::open(file(&folder)).await.unwrap();
    is_all_there(&again, &planted).await;
    again.close().await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), made);

    std::fs::remove_file(&path).unwrap();
    let missing = refused(&file(&folder), None).await;
    assert!(matches!(missing, OpenError::MasterKeyMissing { .. }), "{missing:?}");
    assert!(!path.exists(), "another key would open nothing");
    std::fs::write(&path, "local:c2hvcnQ=").unwrap();
    let short = refused(&file(&folder), None).await;
    let OpenError::MasterKeys { source: MasterKeysError::Length { bytes: 5, .. }, .. } = short else {
        panic!("{short:?}")
    };
}

/// Found out when it opens, not with the first client.
#[tokio::test]
async fn a_wrong_master_key_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let right = key("k1");
    let store = open_under(&folder, &under(&[&right])).await;
    let planted = plant(&store, "bella", true).await;
    store.close().await.unwrap();
    let other = refused(&file(&folder), Some(&under(&[&key("k1")]))).await;
    assert!(matches!(other, OpenError::Vault { source: VaultError::Forged }), "{other:?}");
    let unknown = refused(&file(&folder), Some(&under(&[&key("k2")]))).await;
    assert!(matches!(unknown, OpenError::Vault { source: VaultError::UnknownMaster(_) }), "{unknown:?}");
    let url = format!("sqlite://{}", file(&folder).display());
    let again = chatplug_store::open_with(&url, OpenOptions { vault: under(&[&right]) }).await.unwrap();
    is_all_there(&again, &planted).await;
}

#[tokio::test]
async fn a_database_without_its_own_keys_is_refused() {
    let (store, folder) = fresh().await;
    plant(&store, "bella", true).await;
    store.close().await.unwrap();
    let (_other, elsewhere) = fresh().await;
    let keys = beside(&folder, ".keys");
    std::fs::copy(beside(&elsewhere, ".keys"), &keys).unwrap();
    let foreign = refused(&file(&folder), None).await;
    assert!(matches!(foreign, OpenError::KeysMissing { .. }), "{foreign:?}");
    std::fs::remove_file(&keys).unwrap();
    let missing = refused(&file(&folder), None).await;
    assert!(matches!(missing, OpenError::KeysMissing { .. }), "{missing:?}");
    assert!(!keys.exists(), "no new keys are made in their place");
}

/// From one master key to another: while both are there everything opens, afterwards the old one can go.
#[tokio::test]
async fn a_master_key_is_exchanged_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (key("old"), key("new"));
    let store = open_under(&folder, &under(&[&old])).await;
    let bella = plant(&store, "bella", true).await;
    let cesar = plant(&store, "cesar", false).await;
    store.close().await.unwrap();

    let store = open_under(&folder, &under(&[&new, &old])).await;
    assert_eq!(counts(&store).await, [("old".to_owned(), 4)]);
    assert_eq!(store.secrets(&bella.id).rewrap_keys("operator:olga", at(1)).await.unwrap(), 2);
    is_all_there(&store, &bella).await;
    assert_eq!(counts(&store).await, [("new".to_owned(), 2), ("old".to_owned(), 2)]);
    store.close().await.unwrap();
    let half = refused(&file(&folder), Some(&under(&[&new]))).await;
    assert!(matches!(half, OpenError::Vault { source: VaultError::UnknownMaster(_) }), "half way both are needed");

    let store = open_under(&folder, &under(&[&new, &old])).await;
    for planted in [&bella, &cesar] {
        store.secrets(&planted.id).rewrap_keys("operator:olga", at(2)).await.unwrap();
    }
    assert_eq!(counts(&store).await, [("new".to_owned(), 4)]);
    store.close().await.unwrap();
    let store = open_under(&folder, &under(&[&new])).await;
    is_all_there(&store, &bella).await;
    is_all_there(&store, &cesar).await;
    let audit = store.tenant(&bella.id).audit(0, 100).await.unwrap();
    assert_eq!(audit.iter().filter(|(_, row)| row.what == "rewrap_keys").count(), 2);
}

async fn counts(store: &SqliteStore) -> Vec<(String, u64)> {
    let masters = store.masters().await.unwrap();
    masters.into_iter().map(|(name, keys): (KeyId, u64)| (name.to_string(), keys)).collect()
}

fn wrapped(folder: &TempDir, tenant: &str) -> Vec<Vec<u8>> {
    let keys = Connection::open(beside(folder, ".keys")).unwrap();
    let mut rows = keys.prepare("SELECT wrapped FROM tenant_key WHERE tenant = ? AND length(wrapped) > 0").unwrap();
    rows.query_map([tenant], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Neither the living database nor a copy of it that was made before can be read; other tenants go on.
#[tokio::test]
async fn destroyed_keys_are_gone_and_with_them_every_copy() {
    let (store, folder) = fresh().await;
    let bella = plant(&store, "bella", true).await;
    let cesar = plant(&store, "cesar", true).await;
    store.checkpoint().await.unwrap();
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(file(&folder), file(&copy)).unwrap();
    let keys = wrapped(&folder, "bella");
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| holds(&disk(&folder), key)), "the search finds them while they are there");

    store.secrets(&bella.id).destroy_keys("operator:olga", at(5)).await.unwrap();
    assert!(!keys.iter().any(|key| holds(&disk(&folder), key)), "no byte of them remains");
    is_all_there(&store, &cesar).await;
    store.close().await.unwrap();

    let again = SqliteStore::open(file(&folder)).await.unwrap();
    let gone = again.tenant(&bella.id).conversation(bella.conversation).await;
    assert!(matches!(gone, Err(StoreError::Vault(VaultError::Destroyed))), "{gone:?}");
    is_all_there(&again, &cesar).await;
    again.secrets(&bella.id).destroy_keys("operator:olga", at(6)).await.unwrap();

    assert!(matches!(refused(&file(&copy), None).await, OpenError::KeysMissing { .. }));
    // And with keys forced upon it: they are not the ones.
    Connection::open(file(&copy)).unwrap().execute("DELETE FROM keyring", []).unwrap();
    let forced = SqliteStore::open(file(&copy)).await.unwrap();
    let other = forced.secrets(&bella.id);
    other.put_credential("other", &"x".to_owned().into(), "operator:eve", at(7)).await.unwrap();
    let unreadable = forced.tenant(&bella.id).conversation(bella.conversation).await;
    assert!(matches!(unreadable, Err(StoreError::Vault(VaultError::Forged))), "{unreadable:?}");
    assert!(super::lying_about(&copy, "bella").is_empty());
}
