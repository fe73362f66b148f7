//! What an [`InstallStore`] promises: an install comes back as it was kept, to its tenant alone; its address leads to its
//! branch; of two who go on from the same point one is told that the other was first; and that something changed shows.
//!
//! Run it with [`installs_contract!`](crate::installs_contract); every promise takes a fresh, empty store that is also a
//! [`Store`], and registers its own tenants.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken promise fails its test by panicking")]

use super::salon::*;
use crate::{
    model::BranchId,
    ports::{
        Install, InstallState, InstallStore, Route, SaveInstall, SaveSwap, Store, StoreError, Swap, SwapState,
        TenantInstalls,
    },
};
use futures_util::future::join_all;
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Expands to the whole suite of installs, a test per promise: `installs_contract!(store())`, where `store()` gives a future
/// of a fresh store behind a `Box`, an `Arc` or anything else that dereferences to it.
#[macro_export]
macro_rules! installs_contract {
    ($setup:expr) => {
        $crate::__contract_tests! { $setup; $crate::testkit::contract::installs:
            an_install_comes_back_as_it_was_kept
            an_install_follows_on_what_was_read
            of_many_installs_at_once_one_is_first
            an_install_is_its_tenant_s_alone
            an_address_leads_to_its_branch_however_often_a_tenant_is_registered
            an_address_is_one_branch_s
            an_account_of_a_branch_never_changes
            every_change_of_an_install_shows_in_the_mark
            every_change_of_an_install_is_in_the_audit
            a_swap_comes_back_as_it_was_kept_and_follows_on_what_was_read
            a_swap_shows_in_the_mark_and_in_the_audit
        }
    };
}

/// A store with everything that these promises touch.
pub trait Installing: Store + InstallStore {}
impl<S: Store + InstallStore> Installing for S {}

const BY: &str = "operator:olga";

async fn of(store: &impl Installing, id: &str) -> Arc<dyn TenantInstalls> {
    let id = id.parse().unwrap();
    store.tenant(&id).register(&setup(id.as_str(), &[])).await.unwrap();
    store.installs(&id)
}

fn branch(name: &str) -> BranchId {
    name.parse().unwrap()
}

/// A branch of the provider `crm`, where its account has its own name.
fn begun(name: &str, seconds: i64) -> Install {
    Install::begin(branch(name), "crm", &format!("account-{name}"), "Lucky Shrub · ünïcode", at(seconds))
}

fn save(install: &Install) -> SaveInstall {
    SaveInstall { install: install.clone(), by: BY.to_owned(), detail: json!({ "step": "begun" }) }
}

/// With every field, and in order of the branches.
pub async fn an_install_comes_back_as_it_was_kept(store: &impl Installing) {
    let bella = of(store, "bella").await;
    assert_eq!(bella.install(&branch("new")).await.unwrap(), None);
    let mut new = begun("new", 1);
    new.done = BTreeSet::from(["token".to_owned(), "webhook".to_owned()]);
    new.facts = json!({ "zone": "Europe/Riga", "rooms": [1, 2] });
    assert_eq!(bella.save_install(save(&new)).await.unwrap(), Some(1));
    let other = Install { state: InstallState::Active, ..begun("a", 2) };
    assert_eq!(bella.save_install(save(&other)).await.unwrap(), Some(1));
    let kept = Install { version: 1, ..new };
    assert_eq!(bella.install(&branch("new")).await.unwrap(), Some(kept.clone()));
    assert_eq!(bella.all_installs().await.unwrap(), [Install { version: 1, ..other }, kept]);
}

/// And on nothing else; through all its states.
pub async fn an_install_follows_on_what_was_read(store: &impl Installing) {
    let bella = of(store, "bella").await;
    let mut new = begun("new", 1);
    assert_eq!(bella.save_install(save(&Install { version: 1, ..new.clone() })).await.unwrap(), None, "nothing yet");
    for (version, state) in (1..).zip(InstallState::ALL) {
        let changed = Install { state, changed: at(version), ..new.clone() };
        assert_eq!(bella.save_install(save(&changed)).await.unwrap(), Some(version));
        let late = Install { facts: json!("late"), ..new };
        assert_eq!(bella.save_install(save(&late)).await.unwrap(), None, "somebody was first");
        new = Install { version, ..changed };
        assert_eq!(bella.install(&branch("new")).await.unwrap(), Some(new.clone()));
    }
}

/// The others are told, and nothing of theirs is kept.
pub async fn of_many_installs_at_once_one_is_first(store: &impl Installing) {
    let bella = of(store, "bella").await;
    for version in 0..3 {
        let all =
            (0..8).map(|n| bella.save_install(save(&Install { version, facts: json!(n), ..begun("new", version) })));
        let told: Vec<_> = join_all(all).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(told.iter().flatten().collect::<Vec<_>>(), [&(version + 1)], "{told:?}");
        let first = told.iter().position(Option::is_some).unwrap();
        assert_eq!(bella.install(&branch("new")).await.unwrap().unwrap().facts, json!(first));
    }
}

/// The same branch in two tenants is two installs.
pub async fn an_install_is_its_tenant_s_alone(store: &impl Installing) {
    let (bella, cesar) = (of(store, "bella").await, of(store, "cesar").await);
    bella.save_install(save(&begun("new", 0))).await.unwrap();
    assert_eq!(cesar.install(&branch("new")).await.unwrap(), None);
    assert!(cesar.all_installs().await.unwrap().is_empty());
    assert_eq!(cesar.save_install(save(&Install { version: 1, ..begun("new", 1) })).await.unwrap(), None);
    let his = Install { external_id: "other".to_owned(), ..begun("new", 2) };
    assert_eq!(cesar.save_install(save(&his)).await.unwrap(), Some(1));
    assert_eq!(bella.install(&branch("new")).await.unwrap().unwrap().external_id, "account-new");
}

/// What a program that starts registers of its configuration says nothing of what was installed meanwhile.
pub async fn an_address_leads_to_its_branch_however_often_a_tenant_is_registered(store: &impl Installing) {
    let bella = of(store, "bella").await;
    assert_eq!(store.route("crm", "account-new").await.unwrap(), None);
    bella.save_install(save(&begun("new", 0))).await.unwrap();
    let leads = Route { tenant: "bella".parse().unwrap(), channel: None, branch: Some(branch("new")) };
    assert_eq!(store.route("crm", "account-new").await.unwrap(), Some(leads.clone()));
    of(store, "bella").await;
    assert_eq!(store.route("crm", "account-new").await.unwrap(), Some(leads));
}

/// Neither another tenant nor another branch gets it, and nothing is left of the attempt.
pub async fn an_address_is_one_branch_s(store: &impl Installing) {
    let (bella, cesar) = (of(store, "bella").await, of(store, "cesar").await);
    bella.save_install(save(&begun("new", 0))).await.unwrap();
    let mark = store.installs_mark().await.unwrap();
    for (whose, name) in [(&cesar, "new"), (&bella, "second")] {
        let again = Install { external_id: "account-new".to_owned(), ..begun(name, 1) };
        let refused = whose.save_install(save(&again)).await;
        assert!(
            matches!(&refused, Err(StoreError::RouteTaken { external_id, .. }) if external_id == "account-new"),
            "{refused:?}"
        );
    }
    assert!(cesar.all_installs().await.unwrap().is_empty());
    assert_eq!(bella.all_installs().await.unwrap().len(), 1);
    assert_eq!(store.installs_mark().await.unwrap(), mark);
    assert!(store.tenant(&"cesar".parse().unwrap()).audit(0, 10).await.unwrap().is_empty());
}

/// Another account is another branch.
pub async fn an_account_of_a_branch_never_changes(store: &impl Installing) {
    let bella = of(store, "bella").await;
    bella.save_install(save(&begun("new", 0))).await.unwrap();
    let other = Install { external_id: "other".to_owned(), version: 1, ..begun("new", 1) };
    assert_eq!(bella.save_install(save(&other)).await.unwrap(), None);
    let other = Install { provider: "other".to_owned(), version: 1, ..begun("new", 1) };
    assert_eq!(bella.save_install(save(&other)).await.unwrap(), None);
    assert_eq!(store.route("crm", "other").await.unwrap(), None);
}

/// Whichever tenant's it is; and nothing else does.
pub async fn every_change_of_an_install_shows_in_the_mark(store: &impl Installing) {
    let (bella, cesar) = (of(store, "bella").await, of(store, "cesar").await);
    let mut seen = BTreeSet::from([store.installs_mark().await.unwrap()]);
    let his = Install { external_id: "his".to_owned(), ..begun("new", 0) };
    for (whose, install) in
        [(&bella, begun("new", 0)), (&cesar, his), (&bella, Install { version: 1, ..begun("new", 1) })]
    {
        whose.save_install(save(&install)).await.unwrap();
        let mark = store.installs_mark().await.unwrap();
        assert!(seen.insert(mark), "{mark} was there before");
        whose.save_install(save(&install)).await.unwrap();
        assert_eq!(store.installs_mark().await.unwrap(), mark, "nothing changed");
    }
}

/// Who, which branch, how it stands, and what they said of it; what changed nothing is not.
pub async fn every_change_of_an_install_is_in_the_audit(store: &impl Installing) {
    let bella = of(store, "bella").await;
    bella.save_install(save(&begun("new", 0))).await.unwrap();
    bella.save_install(save(&begun("new", 1))).await.unwrap();
    let frozen = Install { state: InstallState::Frozen, version: 1, ..begun("new", 2) };
    bella.save_install(SaveInstall { detail: json!("not paid"), ..save(&frozen) }).await.unwrap();
    let rows = store.tenant(&"bella".parse().unwrap()).audit(0, 100).await.unwrap();
    let rows: Vec<_> = rows.into_iter().map(|(_, row)| (row.actor, row.what, row.detail, row.at)).collect();
    let told = |detail, seconds| (BY.to_owned(), "install".to_owned(), detail, at(seconds));
    assert_eq!(
        rows,
        [
            told(json!({ "branch": "new", "provider": "crm", "state": "pending", "step": "begun" }), 0),
            told(json!({ "branch": "new", "provider": "crm", "state": "frozen", "detail": "not paid" }), 2),
        ]
    );
}

/// Of the branch that the tenant is registered with.
fn swap(seconds: i64) -> Swap {
    Swap {
        branch: branch("centre"),
        from: "altegio-1".parse().unwrap(),
        to: "calcom-2".parse().unwrap(),
        state: SwapState::Copying,
        services: BTreeMap::from([("10".parse().unwrap(), "Corte · ü".parse().unwrap())]),
        staff: BTreeMap::from([("7".parse().unwrap(), "12".parse().unwrap())]),
        number: 1,
        since: 4,
        version: 0,
        changed: at(seconds),
    }
}

/// With every field, to its tenant alone, of a branch that is registered, however often it is registered anew; and of two
/// who go on from the same point one is told that the other was first.
pub async fn a_swap_comes_back_as_it_was_kept_and_follows_on_what_was_read(store: &impl Installing) {
    let (bella, cesar) = (of(store, "bella").await, of(store, "cesar").await);
    let save = |swap: &Swap| SaveSwap { swap: swap.clone(), by: BY.to_owned() };
    assert_eq!(bella.swaps().await.unwrap(), []);
    let lost = Swap { branch: branch("nowhere"), ..swap(1) };
    assert!(matches!(bella.save_swap(save(&lost)).await, Err(StoreError::NotFound { .. })));
    assert_eq!(bella.save_swap(save(&Swap { version: 1, ..swap(1) })).await.unwrap(), None, "nothing yet");
    assert_eq!(bella.save_swap(save(&swap(1))).await.unwrap(), Some(1));
    assert_eq!(bella.save_swap(save(&swap(2))).await.unwrap(), None, "somebody was first");
    let switched = Swap { state: SwapState::Switched, version: 1, ..swap(3) };
    assert_eq!(bella.save_swap(save(&switched)).await.unwrap(), Some(2));
    let bella_again = of(store, "bella").await;
    assert_eq!(bella_again.swaps().await.unwrap(), [Swap { version: 2, ..switched }]);
    assert_eq!(cesar.swaps().await.unwrap(), []);
}

/// So that every process looks again; and with who did it, from where to where.
pub async fn a_swap_shows_in_the_mark_and_in_the_audit(store: &impl Installing) {
    let bella = of(store, "bella").await;
    let before = store.installs_mark().await.unwrap();
    let save = SaveSwap { swap: swap(1), by: BY.to_owned() };
    bella.save_swap(save.clone()).await.unwrap();
    let after = store.installs_mark().await.unwrap();
    assert_ne!(before, after);
    assert_eq!(bella.save_swap(save).await.unwrap(), None);
    assert_eq!(store.installs_mark().await.unwrap(), after, "nothing changed");
    let rows = store.tenant(&"bella".parse().unwrap()).audit(0, 10).await.unwrap();
    let [(_, row)] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.actor.as_str(), row.what.as_str()), (BY, "swap"));
    assert_eq!(row.detail["step"], "copying");
    assert_eq!((&row.detail["from"], &row.detail["to"]), (&json!("altegio-1"), &json!("calcom-2")));
}
