//! What a [`Directory`] promises: tenants whose parts fit together, found cheaply.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken promise fails its test by panicking")]

use crate::ports::{Directory, DirectoryError};
use futures_util::future::join_all;
use std::{collections::BTreeSet, sync::Arc};

/// Expands to the whole suite of a directory, a test per promise: `directory_contract!(directory())`, where
/// `directory()` gives a future of one with at least one tenant, behind a `Box`, an `Arc` or anything else that
/// dereferences to it.
#[macro_export]
macro_rules! directory_contract {
    ($setup:expr) => {
        $crate::__contract_tests! { $setup; $crate::testkit::contract::directory:
            every_listed_tenant_is_found
            an_unknown_tenant_is_unknown
            the_parts_of_a_tenant_fit_together
            adapters_are_built_once_and_kept
            many_at_once_find_the_same_adapters
        }
    };
}

/// The list names each tenant once, and each is found under its own name.
pub async fn every_listed_tenant_is_found(directory: &dyn Directory) {
    let tenants = directory.tenants().await.unwrap();
    assert!(!tenants.is_empty(), "a suite without a tenant proves nothing");
    let different: BTreeSet<_> = tenants.iter().collect();
    assert_eq!(different.len(), tenants.len(), "a tenant is listed twice");
    for id in &tenants {
        assert_eq!(directory.tenant(id).await.unwrap().id, *id);
    }
}

/// A tenant that does not exist is told as such: asking again will not help.
pub async fn an_unknown_tenant_is_unknown(directory: &dyn Directory) {
    let nobody = "nobody-of-that-name".parse().unwrap();
    match directory.tenant(&nobody).await {
        Err(DirectoryError::Unknown(id)) => assert_eq!(id, nobody),
        other => panic!("{other:?}"),
    }
}

/// Ids are unique within a tenant, and a channel serves branches that the tenant has.
pub async fn the_parts_of_a_tenant_fit_together(directory: &dyn Directory) {
    for id in directory.tenants().await.unwrap() {
        let tenant = directory.tenant(&id).await.unwrap();
        let branches: BTreeSet<_> = tenant.branches.iter().map(|branch| &branch.id).collect();
        let channels: BTreeSet<_> = tenant.channels.iter().map(|channel| &channel.id).collect();
        assert_eq!(branches.len(), tenant.branches.len(), "{id}: a branch twice");
        assert_eq!(channels.len(), tenant.channels.len(), "{id}: a channel twice");
        for channel in &tenant.channels {
            assert!(!channel.branches.is_empty(), "{id}: {} serves no branch", channel.id);
            assert!(channel.branches.iter().all(|branch| branches.contains(branch)), "{id}: {}", channel.id);
        }
        for branch in &tenant.branches {
            assert!(tenant.branch(&branch.id).is_some());
        }
    }
}

/// Asked twice, a tenant has the same adapters: connections, limits and caches live in them.
pub async fn adapters_are_built_once_and_kept(directory: &dyn Directory) {
    for id in directory.tenants().await.unwrap() {
        let (first, again) = (directory.tenant(&id).await.unwrap(), directory.tenant(&id).await.unwrap());
        same(&first, &again);
    }
}

/// Asked by many at the same moment, too.
pub async fn many_at_once_find_the_same_adapters(directory: &dyn Directory) {
    for id in directory.tenants().await.unwrap() {
        let found = join_all((0..20).map(|_| directory.tenant(&id))).await;
        let found: Vec<_> = found.into_iter().map(Result::unwrap).collect();
        for tenant in &found {
            same(&found[0], tenant);
        }
    }
}

fn same(one: &crate::ports::Tenant, other: &crate::ports::Tenant) {
    for (one, other) in one.branches.iter().zip(&other.branches) {
        assert!(Arc::ptr_eq(&one.backend, &other.backend), "the booking system of {} was built anew", one.id);
    }
    for (one, other) in one.channels.iter().zip(&other.channels) {
        assert!(Arc::ptr_eq(&one.messenger, &other.messenger), "the messenger of {} was built anew", one.id);
    }
}
