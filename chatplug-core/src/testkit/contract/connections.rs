//! What a [`ConnectionStore`] promises: what is known of connecting a number comes back as it was kept, to its tenant alone,
//! and of two who go on from the same point one is told that the other was first.
//!
//! Run it with [`connections_contract!`](crate::connections_contract); every promise takes a fresh, empty store that is also
//! a [`Store`], and registers its own tenants.

#![expect(clippy::unwrap_used, reason = "a broken promise fails its test by panicking")]

use super::salon::*;
use crate::ports::{Connection, ConnectionStore, SaveConnection, Store, TenantConnections};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::sync::Arc;

/// Expands to the whole suite of connections, a test per promise: `connections_contract!(store())`, where `store()` gives a
/// future of a fresh store behind a `Box`, an `Arc` or anything else that dereferences to it.
#[macro_export]
macro_rules! connections_contract {
    ($setup:expr) => {
        $crate::__contract_tests! { $setup; $crate::testkit::contract::connections:
            a_connection_comes_back_as_it_was_kept
            a_change_follows_on_what_was_read
            of_many_at_once_one_is_first
            a_connection_is_its_tenant_s_alone
            a_connection_that_was_forgotten_begins_anew
            every_change_of_a_connection_is_in_the_audit
        }
    };
}

/// A store with everything that these promises touch.
pub trait Connecting: Store + ConnectionStore {}
impl<S: Store + ConnectionStore> Connecting for S {}

const BY: &str = "operator:olga";

async fn of(store: &impl Connecting, id: &str) -> Arc<dyn TenantConnections> {
    let id = id.parse().unwrap();
    store.tenant(&id).register(&setup(id.as_str(), &[])).await.unwrap();
    store.connections(&id)
}

fn save(name: &str, after: i64, progress: Value, seconds: i64) -> SaveConnection {
    let detail = json!({ "step": "token" });
    SaveConnection { channel: channel(name), after, progress, by: BY.to_owned(), detail, now: at(seconds) }
}

/// By channel, whether it is set up or not.
pub async fn a_connection_comes_back_as_it_was_kept(store: &impl Connecting) {
    let bella = of(store, "bella").await;
    assert_eq!(bella.connection(&channel("new")).await.unwrap(), None);
    let progress = json!({ "known": { "waba_id": "1", "name": "Lucky Shrub · ünïcode" }, "done": {} });
    assert_eq!(bella.save_connection(save("new", 0, progress.clone(), 1)).await.unwrap(), Some(1));
    assert_eq!(bella.save_connection(save("a", 0, json!({}), 2)).await.unwrap(), Some(1));
    let kept = Connection { channel: channel("new"), version: 1, progress, changed: at(1) };
    assert_eq!(bella.connection(&channel("new")).await.unwrap(), Some(kept.clone()));
    let other = Connection { channel: channel("a"), version: 1, progress: json!({}), changed: at(2) };
    assert_eq!(bella.all_connections().await.unwrap(), [other, kept]);
}

/// And on nothing else.
pub async fn a_change_follows_on_what_was_read(store: &impl Connecting) {
    let bella = of(store, "bella").await;
    assert_eq!(bella.save_connection(save("new", 1, json!(1), 0)).await.unwrap(), None, "there is nothing yet");
    assert_eq!(bella.save_connection(save("new", 0, json!(1), 1)).await.unwrap(), Some(1));
    assert_eq!(bella.save_connection(save("new", 0, json!(9), 2)).await.unwrap(), None, "there is something");
    assert_eq!(bella.save_connection(save("new", 1, json!(2), 3)).await.unwrap(), Some(2));
    assert_eq!(bella.save_connection(save("new", 1, json!(9), 4)).await.unwrap(), None, "somebody was first");
    let kept = bella.connection(&channel("new")).await.unwrap().unwrap();
    assert_eq!((kept.version, kept.progress, kept.changed), (2, json!(2), at(3)));
}

/// The others are told, and nothing of theirs is kept.
pub async fn of_many_at_once_one_is_first(store: &impl Connecting) {
    let bella = of(store, "bella").await;
    for after in 0..3 {
        let all = (0..8).map(|n| bella.save_connection(save("new", after, json!(n), after)));
        let told: Vec<_> = join_all(all).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(told.iter().flatten().collect::<Vec<_>>(), [&(after + 1)], "{told:?}");
        let first = told.iter().position(Option::is_some).unwrap();
        assert_eq!(bella.connection(&channel("new")).await.unwrap().unwrap().progress, json!(first));
    }
}

/// The same channel in two tenants is two connections.
pub async fn a_connection_is_its_tenant_s_alone(store: &impl Connecting) {
    let (bella, cesar) = (of(store, "bella").await, of(store, "cesar").await);
    bella.save_connection(save("new", 0, json!("hers"), 0)).await.unwrap();
    assert_eq!(cesar.connection(&channel("new")).await.unwrap(), None);
    assert!(cesar.all_connections().await.unwrap().is_empty());
    assert_eq!(cesar.save_connection(save("new", 1, json!("his"), 1)).await.unwrap(), None);
    assert!(!cesar.remove_connection(&channel("new"), BY, at(2)).await.unwrap());
    assert_eq!(bella.connection(&channel("new")).await.unwrap().unwrap().progress, json!("hers"));
}

/// Forgetting again says that there was nothing.
pub async fn a_connection_that_was_forgotten_begins_anew(store: &impl Connecting) {
    let bella = of(store, "bella").await;
    bella.save_connection(save("new", 0, json!(1), 0)).await.unwrap();
    assert!(bella.remove_connection(&channel("new"), BY, at(1)).await.unwrap());
    assert!(!bella.remove_connection(&channel("new"), BY, at(2)).await.unwrap());
    assert_eq!(bella.connection(&channel("new")).await.unwrap(), None);
    assert_eq!(bella.save_connection(save("new", 0, json!(2), 3)).await.unwrap(), Some(1));
}

/// Who, which channel, and what they said of it; what changed nothing is not.
pub async fn every_change_of_a_connection_is_in_the_audit(store: &impl Connecting) {
    let bella = of(store, "bella").await;
    bella.save_connection(save("new", 0, json!({ "known": "secret-id" }), 0)).await.unwrap();
    bella.save_connection(save("new", 7, json!(9), 1)).await.unwrap();
    bella.remove_connection(&channel("new"), BY, at(2)).await.unwrap();
    bella.remove_connection(&channel("new"), BY, at(3)).await.unwrap();
    let rows = store.tenant(&"bella".parse().unwrap()).audit(0, 100).await.unwrap();
    let rows: Vec<_> = rows.into_iter().map(|(_, row)| (row.actor, row.what, row.detail, row.at)).collect();
    assert_eq!(
        rows,
        [
            (BY.to_owned(), "connect".to_owned(), json!({ "channel": "new", "step": "token" }), at(0)),
            (BY.to_owned(), "forget_connection".to_owned(), json!({ "channel": "new" }), at(2)),
        ]
    );
}
