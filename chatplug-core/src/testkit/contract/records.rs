//! What a [`RecordStore`] promises: an audit that shows what was done to it, a person's data readable and erasable,
//! forgetting in time, and branches that go for good.
//!
//! Run it with [`records_contract!`](crate::records_contract); every promise takes a fresh, empty store that is also a
//! [`Store`], a [`CalendarStore`], an [`InstallStore`] and a [`SecretStore`], and registers its own tenants: `bella`, whose clients' data is sealed, and `cesar`,
//! whose is not.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken promise fails its test by panicking")]

mod audit;
mod forget;
mod leave;
mod people;

pub use audit::*;
pub use forget::*;
pub use leave::*;
pub use people::*;

use super::salon::*;
use crate::{
    audit::{AuditBreak, AuditHead, AuditVerifier},
    model::{ContactId, TenantId},
    ports::{
        CalendarStore, EntryFilter, InstallStore, RecordStore, SecretStore, Store, StoreError, TenantRecords,
        TenantSetup,
    },
};
use std::sync::Arc;

/// Expands to the whole suite of records, a test per promise: `records_contract!(store())`, where `store()` gives a future
/// of a fresh store behind a `Box`, an `Arc` or anything else that dereferences to it.
#[macro_export]
macro_rules! records_contract {
    ($setup:expr) => {
        $crate::__contract_tests! { $setup; $crate::testkit::contract::records:
            an_audit_of_nothing_ends_at_its_beginning
            whatever_adds_rows_the_chain_holds
            the_chain_is_the_audit_byte_for_byte
            rows_added_at_once_make_one_chain
            a_step_that_is_refused_adds_nothing_to_the_chain
            each_tenant_has_a_chain_of_its_own
            a_person_is_found_by_the_names_they_have
            an_export_holds_everything_that_was_said
            an_export_holds_nothing_of_others
            nobody_is_exported_or_erased_across_tenants
            an_erased_person_leaves_nothing_behind
            what_would_be_erased_is_what_is_erased
            what_is_erased_of_one_leaves_the_others_alone
            an_erased_person_is_gone_and_comes_back_as_somebody_new
            an_appointment_of_somebody_erased_stays_taken
            a_turn_under_way_while_its_client_is_erased_writes_nothing
            a_message_under_way_while_its_client_is_erased_is_not_recorded
            of_many_who_erase_at_once_one_does
            what_is_old_is_forgotten_and_what_is_young_stays
            what_is_not_settled_is_never_forgotten
            forgetting_again_finds_nothing
            many_forget_side_by_side
            the_audit_is_never_forgotten
            a_branch_that_leaves_takes_its_own_with_it
            whoever_is_in_the_middle_of_something_is_waited_for
            with_the_last_branch_everybody_goes
            of_many_who_remove_a_branch_one_ends_it
        }
    };
}

/// A store with everything that these promises touch.
pub trait Recording: Store + RecordStore + CalendarStore + InstallStore + SecretStore {}
impl<S: Store + RecordStore + CalendarStore + InstallStore + SecretStore> Recording for S {}

/// One business with its records.
#[derive(Debug)]
struct Business {
    salon: Salon,
    records: Arc<dyn TenantRecords>,
    id: TenantId,
}

impl Business {
    async fn open(store: &impl Recording, id: &str) -> Self {
        let id: TenantId = id.parse().unwrap();
        let rows = store.tenant(&id);
        rows.register(&TenantSetup { sealed: id.as_str() == "bella", ..setup(id.as_str(), &[]) }).await.unwrap();
        Self { salon: Salon { rows }, records: store.records(&id), id }
    }

    /// The sealed one, and the one that is not.
    async fn both(store: &impl Recording) -> [Self; 2] {
        [Self::open(store, "bella").await, Self::open(store, "cesar").await]
    }

    async fn contact(&self, who: &str) -> ContactId {
        let found = self.records.find_person(&user(who)).await.unwrap();
        found.unwrap_or_else(|| panic!("{who} is not known"))
    }

    /// Goes along the whole chain, a few rows at a time.
    async fn verify(&self) -> Result<AuditHead, AuditBreak> {
        let mut verifier = AuditVerifier::new(&self.id);
        loop {
            let links = self.records.audit_links(verifier.at().seq, 3).await.unwrap();
            assert!(links.len() <= 3, "more than asked for");
            if links.is_empty() {
                let head = self.records.audit_head().await.unwrap();
                return verifier.end(head).map(|()| head);
            }
            links.iter().try_for_each(|link| verifier.follow(link))?;
        }
    }

    /// What was done and by whom, in order.
    async fn deeds(&self) -> Vec<(String, String)> {
        let audit = self.salon.rows.audit(0, 1000).await.unwrap();
        audit.into_iter().map(|(_, row)| (row.actor, row.what)).collect()
    }

    /// Everything that can be read through the ports, as one text, private or not.
    async fn everything(&self, store: &impl Recording, people: &[&str]) -> String {
        let rows = &self.salon.rows;
        let mut all = Vec::new();
        for view in rows.conversations(1000).await.unwrap() {
            all.push(serde_json::to_string(&view.contact).unwrap());
            all.extend([view.state, view.action].into_iter().flatten());
            all.push(serde_json::to_string(&rows.messages(view.id, 1000).await.unwrap()).unwrap());
            all.push(serde_json::to_string(&rows.turns(view.id, 1000).await.unwrap()).unwrap());
            all.push(serde_json::to_string(&rows.bookings(view.contact.id, at(-1_000_000)).await.unwrap()).unwrap());
        }
        all.push(serde_json::to_string(&rows.audit(0, 1000).await.unwrap()).unwrap());
        all.extend(self.records.audit_links(0, 1000).await.unwrap().into_iter().map(|link| link.row));
        for branch in ["centre", "south"] {
            let calendar = store.calendar(&self.id, &branch.parse().unwrap());
            let entries = calendar.entries(EntryFilter { all: true, ..EntryFilter::default() }).await.unwrap();
            all.push(serde_json::to_string(&entries).unwrap());
        }
        for who in people {
            if let Some(contact) = self.records.find_person(&user(who)).await.unwrap() {
                let export = self.records.export_person(contact, "operator:test", at(0)).await.unwrap();
                all.push(serde_json::to_string(&export).unwrap());
            }
        }
        all.join("\n")
    }
}

fn is_not_found<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::NotFound { .. })), "{result:?}");
}
