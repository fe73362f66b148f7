//! What a [`SecretStore`] promises: credentials that only their tenant gets, keys that can be renewed while everything
//! goes on, and that make everything unreadable when they are destroyed.
//!
//! Run it with [`secrets_contract!`](crate::secrets_contract); every promise takes a fresh, empty store with a vault, which
//! is also a [`Store`] and a [`RecordStore`], and registers its own tenants.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken promise fails its test by panicking")]

use super::salon::*;
use crate::{
    audit::AuditVerifier,
    dialogue::ContactChange,
    model::{Content, ConversationId, Inbound, Private, Stage, TenantId},
    ports::{
        Ingested, MailEvent, NewOutbox, RecordStore, Resealed, SecretStore, Store, StoreError, TenantSecrets,
        TenantSetup,
    },
    vault::VaultError,
};
use futures_util::future::join_all;
use secrecy::{ExposeSecret as _, SecretString};
use std::{fmt::Debug, sync::Arc};

/// Expands to the whole suite of a vault, a test per promise: `secrets_contract!(store())`, where `store()` gives a future
/// of a fresh store behind a `Box`, an `Arc` or anything else that dereferences to it.
#[macro_export]
macro_rules! secrets_contract {
    ($setup:expr) => {
        $crate::__contract_tests! { $setup; $crate::testkit::contract::secrets:
            a_credential_comes_back_as_it_was_put
            a_credential_put_again_replaces_the_first
            credentials_are_listed_by_name
            a_credential_removed_is_gone
            a_credential_is_its_tenant_s_alone
            every_change_and_use_of_a_credential_is_in_the_audit
            credentials_at_once_do_not_mix
            the_keys_of_a_tenant_are_made_once
            wrapping_anew_changes_nothing_when_all_is_current
            a_new_data_key_is_made_and_the_old_one_goes_in_steps
            a_renewal_that_was_interrupted_is_resumed
            turns_go_on_while_values_are_resealed
            a_tenant_that_asks_for_it_later_is_sealed_in_steps
            a_tenant_that_asks_no_more_is_opened_in_steps
            messages_are_recognised_whatever_the_policy_was
            destroyed_keys_leave_nothing_readable
            destroyed_keys_of_one_tenant_leave_the_others_alone
            the_audit_outlives_the_keys
        }
    };
}

/// A store with everything that these promises touch.
pub trait Keeping: Store + RecordStore + SecretStore {}
impl<S: Store + RecordStore + SecretStore> Keeping for S {}

const BY: &str = "operator:olga";

/// One business with its secrets.
#[derive(Debug)]
struct Business {
    salon: Salon,
    secrets: Arc<dyn TenantSecrets>,
    id: TenantId,
}

impl Business {
    async fn open(store: &impl Keeping, id: &str, sealed: bool) -> Self {
        let id: TenantId = id.parse().unwrap();
        let business = Self { salon: Salon { rows: store.tenant(&id) }, secrets: store.secrets(&id), id };
        business.seals(sealed).await;
        business
    }

    async fn seals(&self, sealed: bool) {
        let setup = TenantSetup { sealed, ..setup(self.id.as_str(), &[]) };
        self.salon.rows.register(&setup).await.unwrap();
    }

    async fn puts(&self, name: &str, secret: &str, seconds: i64) {
        self.secrets.put_credential(name, &SecretString::from(secret), BY, at(seconds)).await.unwrap();
    }

    async fn gets(&self, name: &str, seconds: i64) -> Option<String> {
        let secret = self.secrets.credential(name, "engine", at(seconds)).await.unwrap();
        secret.map(|secret| secret.expose_secret().to_owned())
    }

    /// A client of whom something is known, with a message that waits to be sent.
    async fn knows(&self, who: &str, seconds: i64) -> ConversationId {
        let conversation = self.salon.hears(who, &format!("m-{who}"), &format!("said by {who}"), seconds).await;
        self.salon
            .turn(conversation, seconds, |commit| {
                commit.state = format!("{{\"who\":\"{who}\"}}");
                commit.contact = vec![ContactChange::Name { name: Private::new(format!("name of {who}")) }];
                commit.bookings = vec![booking(&format!("visit-{who}"), 100_000, 200_000)];
                commit.outbox = vec![words(&format!("w-{who}"))];
            })
            .await;
        conversation
    }

    /// Everything that is known of a client is as it was.
    async fn still_knows(&self, conversation: ConversationId, who: &str) {
        let view = self.salon.rows.conversation(conversation).await.unwrap().unwrap();
        assert_eq!(view.contact.name.as_ref().map(|name| name.reveal().as_str()), Some(&*format!("name of {who}")));
        assert_eq!(view.contact.user.phone, user(who).phone);
        assert_eq!(view.state, Some(format!("{{\"who\":\"{who}\"}}")));
        let log = self.salon.log(conversation).await;
        assert_eq!(log[0].text.reveal(), &format!("said by {who}"));
        assert_eq!(log[1].text.reveal(), &format!("words of w-{who}"));
        let bookings = self.salon.rows.bookings(view.contact.id, at(0)).await.unwrap();
        assert_eq!(bookings.len(), 1, "{bookings:?}");
        let found = self.salon.rows.conversation_of(&channel(WA), &user(who)).await.unwrap().unwrap();
        assert_eq!(found.id, conversation, "found by the number");
    }

    /// Reseals in steps until all is done; what was stored anew.
    async fn reseals(&self, mut seconds: i64) -> u64 {
        let mut values = 0;
        for _ in 0..500 {
            let step = self.secrets.reseal(3, at(seconds)).await.unwrap();
            assert!(step.values <= 3, "more than asked for: {step:?}");
            values += step.values;
            match step {
                Resealed { done: true, .. } => return values,
                Resealed { values: 0, wait_seconds, .. } => seconds += i64::try_from(wait_seconds.max(1)).unwrap(),
                Resealed { .. } => {}
            }
        }
        panic!("{values} values, and no end");
    }
}

fn is_destroyed<T: Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Vault(VaultError::Destroyed))), "{result:?}");
}

/// Byte for byte, whatever is in it; and nothing where nothing was put.
pub async fn a_credential_comes_back_as_it_was_put(store: &impl Keeping) {
    let bella = Business::open(store, "bella", false).await;
    assert_eq!(bella.gets("meta/token", 0).await, None);
    for (name, secret) in [("meta/token", "EAAG…ünïcode\n\0 and more"), ("empty", ""), ("long", &"x".repeat(20_000))]
    {
        bella.puts(name, secret, 1).await;
        assert_eq!(bella.gets(name, 2).await.as_deref(), Some(secret), "{name}");
    }
}

/// The latest counts.
pub async fn a_credential_put_again_replaces_the_first(store: &impl Keeping) {
    let bella = Business::open(store, "bella", true).await;
    bella.puts("meta/token", "first", 0).await;
    bella.puts("meta/token", "second", 5).await;
    assert_eq!(bella.gets("meta/token", 6).await.as_deref(), Some("second"));
    assert_eq!(bella.secrets.credentials().await.unwrap(), [("meta/token".to_owned(), at(5))]);
}

/// Names with when they changed last; a use is no change.
pub async fn credentials_are_listed_by_name(store: &impl Keeping) {
    let bella = Business::open(store, "bella", false).await;
    assert!(bella.secrets.credentials().await.unwrap().is_empty());
    bella.puts("b", "1", 1).await;
    bella.puts("a", "2", 2).await;
    bella.gets("b", 9).await;
    let mut names = bella.secrets.credentials().await.unwrap();
    names.sort();
    assert_eq!(names, [("a".to_owned(), at(2)), ("b".to_owned(), at(1))]);
}

/// It cannot be had, is not listed, and removing it again says so.
pub async fn a_credential_removed_is_gone(store: &impl Keeping) {
    let bella = Business::open(store, "bella", false).await;
    bella.puts("meta/token", "secret", 0).await;
    assert!(bella.secrets.remove_credential("meta/token", BY, at(1)).await.unwrap());
    assert!(!bella.secrets.remove_credential("meta/token", BY, at(2)).await.unwrap());
    assert_eq!(bella.gets("meta/token", 3).await, None);
    assert!(bella.secrets.credentials().await.unwrap().is_empty());
    bella.puts("meta/token", "again", 4).await;
    assert_eq!(bella.gets("meta/token", 5).await.as_deref(), Some("again"));
}

/// The same name in two tenants is two credentials.
pub async fn a_credential_is_its_tenant_s_alone(store: &impl Keeping) {
    let (bella, cesar) = (Business::open(store, "bella", false).await, Business::open(store, "cesar", false).await);
    bella.puts("meta/token", "hers", 0).await;
    assert_eq!(cesar.gets("meta/token", 1).await, None);
    assert!(!cesar.secrets.remove_credential("meta/token", BY, at(1)).await.unwrap());
    cesar.puts("meta/token", "his", 2).await;
    assert_eq!(bella.gets("meta/token", 3).await.as_deref(), Some("hers"));
    assert_eq!(cesar.gets("meta/token", 3).await.as_deref(), Some("his"));
}

/// Who put, used and removed which; never what it was.
pub async fn every_change_and_use_of_a_credential_is_in_the_audit(store: &impl Keeping) {
    let bella = Business::open(store, "bella", false).await;
    bella.puts("meta/token", "s3cr3t-value", 0).await;
    bella.gets("meta/token", 1).await;
    bella.secrets.remove_credential("meta/token", BY, at(2)).await.unwrap();
    let audit = bella.salon.rows.audit(0, 100).await.unwrap();
    let actors: Vec<_> = audit.iter().map(|(_, row)| (row.actor.as_str(), row.at)).collect();
    assert_eq!(actors, [(BY, at(0)), ("engine", at(1)), (BY, at(2))], "{audit:?}");
    let mut whats: Vec<_> = audit.iter().map(|(_, row)| row.what.as_str()).collect();
    whats.sort_unstable();
    whats.dedup();
    assert_eq!(whats.len(), 3, "each has a word of its own: {audit:?}");
    for (_, row) in &audit {
        let text = serde_json::to_string(row).unwrap();
        assert!(text.contains("meta/token") && !text.contains("s3cr3t-value"), "{text}");
    }
}

/// Many, at the same time, in a tenant without keys yet.
pub async fn credentials_at_once_do_not_mix(store: &impl Keeping) {
    let bella = Business::open(store, "bella", true).await;
    let tasks = (0..20).map(|n| {
        let secrets = Arc::clone(&bella.secrets);
        tokio::spawn(async move {
            let secret = SecretString::from(format!("secret {n}"));
            secrets.put_credential(&format!("name {n}"), &secret, BY, at(n)).await.unwrap();
        })
    });
    join_all(tasks).await.into_iter().for_each(Result::unwrap);
    for n in 0..20 {
        assert_eq!(bella.gets(&format!("name {n}"), 30).await, Some(format!("secret {n}")));
    }
}

/// First writes of a tenant at the same time agree on one set of keys.
pub async fn the_keys_of_a_tenant_are_made_once(store: &impl Keeping) {
    let bella = Business::open(store, "bella", true).await;
    let tasks = (0..20).map(|n| {
        let salon = bella.salon.clone();
        tokio::spawn(async move {
            let who = format!("client-{n}");
            (salon.hears(&who, &format!("m{n}"), &format!("said by {who}"), n).await, who)
        })
    });
    for (conversation, who) in join_all(tasks).await.into_iter().map(Result::unwrap) {
        assert_eq!(bella.salon.log(conversation).await[0].text.reveal(), &format!("said by {who}"));
        let found = bella.salon.rows.conversation_of(&channel(WA), &user(&who)).await.unwrap();
        assert_eq!(found.map(|view| view.id), Some(conversation));
    }
    let masters = store.masters().await.unwrap();
    assert_eq!(masters.len(), 1, "{masters:?}");
    assert!(masters[0].1 >= 1);
}

/// Nothing to do is done.
pub async fn wrapping_anew_changes_nothing_when_all_is_current(store: &impl Keeping) {
    let bella = Business::open(store, "bella", true).await;
    let conversation = bella.knows("ana", 0).await;
    let before = store.masters().await.unwrap();
    assert_eq!(bella.secrets.rewrap_keys(BY, at(1)).await.unwrap(), 0);
    assert_eq!(store.masters().await.unwrap(), before);
    bella.still_knows(conversation, "ana").await;
}

/// Everything stays readable before, during and after; credentials too.
pub async fn a_new_data_key_is_made_and_the_old_one_goes_in_steps(store: &impl Keeping) {
    let bella = Business::open(store, "bella", true).await;
    let conversation = bella.knows("ana", 0).await;
    bella.puts("meta/token", "secret", 0).await;
    let first = bella.secrets.renew_data_key(BY, at(10)).await.unwrap();
    bella.still_knows(conversation, "ana").await;
    let later = bella.knows("bia", 20).await;
    let stored_anew = bella.reseals(30).await;
    assert!(stored_anew >= 5, "{stored_anew}");
    bella.still_knows(conversation, "ana").await;
    bella.still_knows(later, "bia").await;
    assert_eq!(bella.gets("meta/token", 1000).await.as_deref(), Some("secret"));
    let second = bella.secrets.renew_data_key(BY, at(2000)).await.unwrap();
    assert_eq!(second, first + 1);
    bella.reseals(2100).await;
    bella.still_knows(conversation, "ana").await;
}

/// Begun again while an old key is in use, none is made.
pub async fn a_renewal_that_was_interrupted_is_resumed(store: &impl Keeping) {
    let bella = Business::open(store, "bella", true).await;
    let conversation = bella.knows("ana", 0).await;
    let version = bella.secrets.renew_data_key(BY, at(10)).await.unwrap();
    bella.secrets.reseal(1, at(20)).await.unwrap();
    assert_eq!(bella.secrets.renew_data_key(BY, at(30)).await.unwrap(), version);
    bella.reseals(40).await;
    bella.still_knows(conversation, "ana").await;
    assert_eq!(bella.reseals(10_000).await, 0, "all is as it would be stored now");
}

/// Nobody waits for it, and nothing that is written meanwhile is lost.
pub async fn turns_go_on_while_values_are_resealed(store: &impl Keeping) {
    let bella = Business::open(store, "bella", true).await;
    let mut known = Vec::new();
    for n in 0..10 {
        known.push((bella.knows(&format!("client-{n}"), n).await, format!("client-{n}")));
    }
    bella.secrets.renew_data_key(BY, at(20)).await.unwrap();
    let working = async {
        let mut known = Vec::new();
        for n in 10..20 {
            known.push((bella.knows(&format!("client-{n}"), n).await, format!("client-{n}")));
        }
        known
    };
    let (_, meanwhile) = tokio::join!(bella.reseals(30), working);
    for (conversation, who) in known.into_iter().chain(meanwhile) {
        bella.still_knows(conversation, &who).await;
    }
}

/// What was stored before is sealed later, step by step.
pub async fn a_tenant_that_asks_for_it_later_is_sealed_in_steps(store: &impl Keeping) {
    let bella = Business::open(store, "bella", false).await;
    let conversation = bella.knows("ana", 0).await;
    bella.seals(true).await;
    bella.still_knows(conversation, "ana").await;
    let later = bella.knows("bia", 10).await;
    assert!(bella.reseals(20).await >= 5);
    bella.still_knows(conversation, "ana").await;
    bella.still_knows(later, "bia").await;
    assert_eq!(bella.reseals(10_000).await, 0);
}

/// And the other way round.
pub async fn a_tenant_that_asks_no_more_is_opened_in_steps(store: &impl Keeping) {
    let bella = Business::open(store, "bella", true).await;
    let conversation = bella.knows("ana", 0).await;
    bella.seals(false).await;
    bella.still_knows(conversation, "ana").await;
    assert!(bella.reseals(20).await >= 5);
    bella.still_knows(conversation, "ana").await;
    assert_eq!(bella.reseals(10_000).await, 0);
}

/// Told of again, quoted, reacted to, or of a status: by keyed hashes of their ids, which no change of the policy and no new
/// key alters. Where people read an id, it is the provider's.
pub async fn messages_are_recognised_whatever_the_policy_was(store: &impl Keeping) {
    let bella = Business::open(store, "bella", false).await;
    let salon = &bella.salon;
    for (who, sealed) in [("ana", true), ("bia", false)] {
        let id = |of: &str| format!("wamid.{of}-{who}");
        let about = |name: &str| NewOutbox { about: Some(booking_id(name)), ..words(&id(name)) };
        let conversation = salon.hears(who, &id("in"), "hello", 0).await;
        salon.turn(conversation, 0, |commit| commit.outbox = vec![about("one"), about("two"), about("three")]).await;
        salon.hands_over(conversation, &id("one"), 1).await;
        let second = salon.sends(conversation, &id("two"), 2).await;
        assert_eq!(salon.status(status(&id("two"), Stage::Delivered), 3).await, Ingested::Unknown, "not known yet");

        bella.seals(sealed).await;
        assert_eq!(salon.ingest(message(who, &id("in"), "hello", 4)).await, Ingested::Duplicate);
        salon.records(&second, sent(&id("two")), 5).await;
        assert_eq!(salon.state_of(conversation, &id("two")).await, "delivered");
        assert_eq!(salon.status(status(&id("one"), Stage::Read), 6).await, Ingested::Applied);
        assert_eq!(salon.state_of(conversation, &id("one")).await, "read");
        let quoting = Inbound { quoted: Some(message_id(&id("one"))), ..inbound(user(who), &id("yes"), "yes", 7) };
        let content = Content::Reaction { target: message_id(&id("two")), emoji: Some("👍".to_owned()) };
        let reacting = Inbound { content, ..inbound(user(who), &id("thumb"), "", 8) };
        for answer in [quoting, reacting] {
            salon.ingest(incoming(answer, 9)).await;
        }
        let abouts = salon.reads_mail(conversation, 9).await.into_iter().map(|mail| match mail.event {
            MailEvent::Message { about, .. } => about,
            other => panic!("{other:?}"),
        });
        assert_eq!(abouts.collect::<Vec<_>>(), [Some(booking_id("one")), Some(booking_id("two"))]);
        let third = salon.sends(conversation, &id("three"), 10).await;
        assert_eq!(third.last_inbound, Some(message_id(&id("thumb"))), "to be marked as read");
        salon.records(&third, sent(&id("three")), 10).await;

        bella.secrets.renew_data_key(BY, at(11)).await.unwrap();
        assert!(bella.reseals(12).await > 0);
        let ids = salon.log(conversation).await.into_iter().map(|line| line.message.unwrap().to_string());
        assert_eq!(ids.collect::<Vec<_>>(), ["in", "one", "two", "three", "yes", "thumb"].map(id));
        assert_eq!(salon.ingest(message(who, &id("thumb"), "", 2000)).await, Ingested::Duplicate);
        assert_eq!(salon.status(status(&id("three"), Stage::Read), 2000).await, Ingested::Applied);
        assert_eq!(salon.status(status(&id("three"), Stage::Delivered), 2000).await, Ingested::Duplicate);
    }
}

/// Neither credentials nor what clients said; and nothing can be sealed any more.
pub async fn destroyed_keys_leave_nothing_readable(store: &impl Keeping) {
    let bella = Business::open(store, "bella", true).await;
    let conversation = bella.knows("ana", 0).await;
    bella.puts("meta/token", "secret", 0).await;
    bella.secrets.destroy_keys(BY, at(10)).await.unwrap();
    is_destroyed(bella.secrets.credential("meta/token", "engine", at(11)).await);
    is_destroyed(bella.secrets.put_credential("other", &SecretString::from("x"), BY, at(11)).await);
    is_destroyed(bella.salon.rows.messages(conversation, 10).await);
    is_destroyed(bella.salon.rows.conversation(conversation).await);
    is_destroyed(bella.salon.rows.ingest(vec![message("bia", "m2", "hi", 12)]).await);
    is_destroyed(bella.secrets.renew_data_key(BY, at(13)).await);
}

/// Whoever else there is goes on as before.
pub async fn destroyed_keys_of_one_tenant_leave_the_others_alone(store: &impl Keeping) {
    let (bella, cesar) = (Business::open(store, "bella", true).await, Business::open(store, "cesar", true).await);
    bella.knows("ana", 0).await;
    let his = cesar.knows("ana", 0).await;
    cesar.puts("meta/token", "his", 1).await;
    bella.secrets.destroy_keys(BY, at(10)).await.unwrap();
    cesar.still_knows(his, "ana").await;
    assert_eq!(cesar.gets("meta/token", 11).await.as_deref(), Some("his"));
    cesar.knows("bia", 12).await;
}

/// It is not sealed: it holds ids only. That the keys were destroyed, and by whom, is its last row.
pub async fn the_audit_outlives_the_keys(store: &impl Keeping) {
    let bella = Business::open(store, "bella", true).await;
    bella.puts("meta/token", "secret", 0).await;
    bella.secrets.destroy_keys(BY, at(10)).await.unwrap();
    let audit = bella.salon.rows.audit(0, 100).await.unwrap();
    let (_, last) = audit.last().unwrap();
    assert_eq!((last.actor.as_str(), last.at), (BY, at(10)), "{audit:?}");
    let records = store.records(&bella.id);
    let mut verifier = AuditVerifier::new(&bella.id);
    for link in records.audit_links(0, 1000).await.unwrap() {
        verifier.follow(&link).unwrap();
    }
    verifier.end(records.audit_head().await.unwrap()).unwrap();
}
