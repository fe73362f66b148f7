//! Tenants, their routes, and the walls between them.

use super::super::salon::*;
use crate::{
    model::Stage,
    ports::{DeliveryResult, Due, Figures, Ingested, OVERDUE_AFTER, Route, Store, StoreError, Trace, Work},
};

/// An address leads to the tenant and channel it was registered with.
pub async fn a_route_leads_to_its_tenant(store: &dyn Store) {
    let bella = store.tenant(&"bella".parse().unwrap());
    bella.register(&setup("bella", &[("meta", "1001", "wa"), ("twilio", "1001", "wa2")])).await.unwrap();
    let route = Route { tenant: "bella".parse().unwrap(), channel: Some(channel("wa")), branch: None };
    assert_eq!(store.route("meta", "1001").await.unwrap(), Some(route.clone()));
    let other = Route { channel: Some(channel("wa2")), ..route };
    assert_eq!(store.route("twilio", "1001").await.unwrap(), Some(other), "providers number apart from each other");
}

/// An address that nobody registered leads nowhere.
pub async fn an_unknown_address_leads_nowhere(store: &dyn Store) {
    let _bella = Salon::open(store, "bella").await;
    assert_eq!(store.route("meta", "1001").await.unwrap(), None);
}

/// A setup that wants another tenant's address is refused, and none of it is written.
pub async fn a_route_of_another_tenant_is_refused_whole(store: &dyn Store) {
    let (bella, cesar) = (store.tenant(&"bella".parse().unwrap()), store.tenant(&"cesar".parse().unwrap()));
    bella.register(&setup("bella", &[("meta", "1001", "wa")])).await.unwrap();
    let greedy = setup("cesar", &[("meta", "2002", "wa"), ("meta", "1001", "wa")]);
    let error = cesar.register(&greedy).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::RouteTaken { provider, external_id } if provider == "meta" && external_id == "1001"),
        "{error:?}"
    );
    assert_eq!(store.route("meta", "1001").await.unwrap().unwrap().tenant.as_str(), "bella");
    assert_eq!(store.route("meta", "2002").await.unwrap(), None, "the other route of a refused setup");
}

/// Registering twice is harmless; a changed setup replaces the routes and keeps the rows.
pub async fn registering_again_brings_up_to_date(store: &dyn Store) {
    let bella = store.tenant(&"bella".parse().unwrap());
    let first = setup("bella", &[("meta", "1001", "wa")]);
    bella.register(&first).await.unwrap();
    let salon = Salon { rows: bella.clone() };
    let conversation = salon.hears("ana", "m1", "hi", 0).await;
    bella.register(&first).await.unwrap();
    bella.register(&setup("bella", &[("meta", "1001", "wa2"), ("meta", "1002", "wa")])).await.unwrap();
    assert_eq!(store.route("meta", "1001").await.unwrap().unwrap().channel, Some(channel("wa2")));
    assert_eq!(store.route("meta", "1002").await.unwrap().unwrap().channel, Some(channel("wa")));
    assert_eq!(salon.log(conversation).await.len(), 1, "rows outlive a registration");
}

/// A number that one tenant no longer names can be registered by another.
pub async fn a_route_let_go_can_change_hands(store: &dyn Store) {
    let (bella, cesar) = (store.tenant(&"bella".parse().unwrap()), store.tenant(&"cesar".parse().unwrap()));
    bella.register(&setup("bella", &[("meta", "1001", "wa")])).await.unwrap();
    bella.register(&setup("bella", &[])).await.unwrap();
    assert_eq!(store.route("meta", "1001").await.unwrap(), None);
    cesar.register(&setup("cesar", &[("meta", "1001", "wa")])).await.unwrap();
    assert_eq!(store.route("meta", "1001").await.unwrap().unwrap().tenant.as_str(), "cesar");
}

/// Two handles of one tenant are two views of the same rows.
pub async fn handles_of_one_tenant_share_its_rows(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let again = store.tenant(&"bella".parse().unwrap());
    assert_eq!(again.tenant(), bella.rows.tenant());
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    assert_eq!(again.messages(conversation, 10).await.unwrap().len(), 1);
}

/// The same person, message ids, keys and booking ids in two tenants are different things.
pub async fn the_same_ids_in_two_tenants_never_meet(store: &dyn Store) {
    let (bella, cesar) = (Salon::open(store, "bella").await, Salon::open(store, "cesar").await);
    let hers = bella.hears("ana", "m1", "for Bella", 0).await;
    let his = cesar.hears("ana", "m1", "for Cesar", 0).await;
    bella.turn(hers, 1, |commit| commit.bookings = vec![booking("b1", 5000, 6000)]).await;
    cesar.turn(his, 1, |commit| commit.bookings = vec![booking("b1", 7000, 8000)]).await;

    for (salon, conversation, text, start) in [(&bella, hers, "for Bella", 5000), (&cesar, his, "for Cesar", 7000)] {
        let log = salon.log(conversation).await;
        assert_eq!(log.iter().map(|entry| entry.text.reveal().as_str()).collect::<Vec<_>>(), [text]);
        assert_eq!(salon.rows.conversations(10).await.unwrap().len(), 1);
        let (contact, known) = salon.rows.booking(&reference("b1")).await.unwrap().unwrap();
        assert_eq!(known.start, at(start));
        assert_eq!(salon.rows.bookings(contact, at(0)).await.unwrap().len(), 1);
        let found = salon.rows.conversation_of(&channel(WA), &user("ana")).await.unwrap().unwrap();
        assert_eq!(found.id, conversation);
        assert_eq!(salon.rows.turns(conversation, 10).await.unwrap().len(), 1);
    }
}

/// Knowing another tenant's ids is no way in.
pub async fn ids_of_another_tenant_open_nothing(store: &dyn Store) {
    let (bella, cesar) = (Salon::open(store, "bella").await, Salon::open(store, "cesar").await);
    let conversation = bella.answers("ana", 0, vec![words("a")]).await;
    bella.hears("ana", "m2", "and more", 5).await;
    let audit = vec![audit_row("book", 5)];
    bella.turn(conversation, 5, |commit| (commit.audit, commit.bookings) = (audit, vec![booking("b", 10, 20)])).await;
    bella.hears("ana", "m3", "and more", 6).await;
    let leased = bella.lease(conversation, 6).await;

    assert!(cesar.rows.conversation(conversation).await.unwrap().is_none());
    assert!(cesar.rows.conversation_of(&channel(WA), &user("ana")).await.unwrap().is_none());
    assert!(cesar.log(conversation).await.is_empty());
    assert!(cesar.rows.turns(conversation, 10).await.unwrap().is_empty());
    assert!(cesar.rows.audit(0, 10).await.unwrap().is_empty());
    assert!(cesar.rows.booking(&reference("b")).await.unwrap().is_none());
    assert!(cesar.rows.bookings(leased.contact.id, at(0)).await.unwrap().is_empty());
    cesar.cannot_lease(conversation, 600).await;
    assert!(cesar.next(conversation, 600).await.is_none());
    let stolen = cesar.rows.commit(reading(&leased, 7)).await;
    assert!(matches!(stolen, Err(StoreError::Fenced | StoreError::NotFound { .. })), "{stolen:?}");
    cesar.rows.release(&leased.lease, at(6)).await.unwrap();
    let deed = operator(conversation, "k", crate::dialogue::Operator::TakeOver, 7);
    assert_eq!(cesar.ingest(deed).await, Ingested::Unknown);
    assert_eq!(cesar.ingest(hint(reference("b"), "h", 7)).await, Ingested::Unknown);
    bella.rows.commit(reading(&leased, 7)).await.unwrap();
}

/// A message is known again by whoever got or sent it, on that channel, read or not; and by nobody else.
pub async fn a_message_is_known_to_whoever_has_it_and_to_nobody_else(store: &dyn Store) {
    let (bella, cesar) = (Salon::open(store, "bella").await, Salon::open(store, "cesar").await);
    let (wa, other) = (channel(WA), channel("wa2"));
    let received = |id: &str| Trace::Received(message_id(id));
    let sent = |id: &str, key| Trace::Sent { message: message_id(id), key };
    let knows = async |salon: &Salon, channel, trace: &Trace| salon.rows.knows(channel, trace).await.unwrap();
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let view = async || bella.rows.conversation(conversation).await.unwrap().unwrap();
    assert!(view().await.unread);
    assert!(knows(&bella, &wa, &received("m1")).await);
    let queued = words("a");
    let key = queued.key;
    bella.turn(conversation, 1, |commit| commit.outbox = vec![queued]).await;
    assert!(!view().await.unread);
    assert!(knows(&bella, &wa, &received("m1")).await, "read, and still known");
    for (salon, channel, trace) in [
        (&cesar, &wa, received("m1")),
        (&bella, &other, received("m1")),
        (&bella, &wa, received("m2")),
        (&bella, &wa, sent("m1", None)),
        (&cesar, &wa, sent("out-a", Some(key))),
        (&bella, &other, sent("out-a", Some(key))),
        (&bella, &wa, sent("out-a", None)),
    ] {
        assert!(!knows(salon, channel, &trace).await, "{trace:?}");
    }
    // By its key before anybody has said what the provider calls it, and so has each of its parts.
    assert!(knows(&bella, &wa, &sent("out-a", Some(key))).await);
    assert!(knows(&bella, &wa, &sent("out-a", Some(key.part(1, 2)))).await);
    bella.hands_over(conversation, "a", 2).await;
    assert!(knows(&bella, &wa, &sent("a", None)).await);
    assert!(!knows(&cesar, &wa, &sent("a", None)).await);
    assert!(!knows(&bella, &other, &sent("a", None)).await);
}

/// Statuses, claims and bookings of one tenant leave the other's alone, even under the same ids.
pub async fn another_tenant_s_statuses_claims_and_bookings_do_not_count(store: &dyn Store) {
    let (bella, cesar) = (Salon::open(store, "bella").await, Salon::open(store, "cesar").await);
    let hers = bella.answers("ana", 0, vec![words("a")]).await;
    let his = cesar.answers("ana", 0, vec![words("a")]).await;
    bella.hands_over(hers, "a", 1).await;
    cesar.hands_over(his, "a", 1).await;
    cesar.status(status("a", Stage::Read), 2).await;
    assert_eq!(bella.state_of(hers, "a").await, "sent");
    assert_eq!(cesar.state_of(his, "a").await, "read");

    cesar.books("ana", booking("b", 3600, 7200), 3).await;
    assert!(cesar.claims(wish("c1", &["bea"], 3600, 7200)).await.is_some());
    assert!(bella.claims(wish("c1", &["ana"], 3600, 7200)).await.is_some(), "a booking of the other tenant");
    assert!(bella.claims(wish("c2", &["bea"], 3600, 7200)).await.is_some(), "a claim of the other tenant");
    bella.rows.unclaim(action("c1")).await.unwrap();
    assert!(cesar.claims(wish("c3", &["bea"], 3600, 7200)).await.is_none(), "unclaimed by the other tenant");
}

/// The queue goes over all tenants and says whose each piece of work is.
pub async fn due_work_of_all_tenants_is_listed_with_its_owner(store: &dyn Store) {
    let (bella, cesar) = (Salon::open(store, "bella").await, Salon::open(store, "cesar").await);
    let his = cesar.hears("ana", "m1", "hi", 0).await;
    let hers = bella.hears("ana", "m1", "hi", 1).await;
    let due = |tenant: &str, conversation| Due { tenant: tenant.parse().unwrap(), conversation, work: Work::Turn };
    assert_eq!(store.due(at(2), 10).await.unwrap(), [due("cesar", his), due("bella", hers)]);
}

/// A store that works says so.
pub async fn a_healthy_store_answers_a_ping(store: &dyn Store) {
    store.ping().await.unwrap();
}

/// The latest instant by which work was done is known to whoever comes later.
pub async fn the_time_that_work_was_done_by_is_known(store: &dyn Store) {
    assert_eq!(store.tick(None).await.unwrap().newest, None, "nothing was done yet");
    assert_eq!(store.tick(Some(at(100))).await.unwrap().newest, Some(at(100)));
    assert_eq!(store.tick(Some(at(40))).await.unwrap().newest, Some(at(100)), "by a clock that was put back");
    assert_eq!(store.tick(None).await.unwrap().newest, Some(at(100)), "by whoever asks");
    let (first, again) = (store.tick(None).await.unwrap(), store.tick(None).await.unwrap());
    assert!(first.reference <= again.reference, "{first:?} {again:?}");
}

/// Figures are sums over all tenants: mail that is due, messages that wait, are dead or in doubt, open actions.
pub async fn figures_count_over_all_tenants(store: &dyn Store) {
    assert_eq!(store.figures(OVERDUE_AFTER, at(0)).await.unwrap(), Figures::default());
    let (bella, cesar) = (Salon::open(store, "bella").await, Salon::open(store, "cesar").await);
    let hers = bella.answers("ana", 0, vec![words("a"), words("b"), words("c")]).await;
    let delivery = bella.sends(hers, "a", 1).await;
    bella.records(&delivery, DeliveryResult::Dead { error: "refused".to_owned() }, 1).await;
    bella.reads_mail(hers, 2).await;
    let delivery = bella.sends(hers, "b", 2).await;
    bella.records(&delivery, DeliveryResult::Unknown { until: at(32), repeat: true }, 2).await;
    let his = cesar.hears("ana", "m1", "hi", 4).await;
    cesar.turn(his, 4, |commit| commit.action = Some("{}".to_owned())).await;
    cesar.hears("ana", "m2", "are you there", 6).await;
    cesar.rows.ingest(vec![incoming(inbound(user("bia"), "m3", "hi", 7), 100)]).await.unwrap();

    let figures = store.figures(OVERDUE_AFTER, at(10)).await.unwrap();
    let expected = Figures {
        mail_due: 1,
        mail_age_ms: 4000,
        outbox_queued: 1,
        outbox_age_ms: 10_000,
        outbox_dead: 1,
        outbox_unknown: 1,
        actions_open: 1,
        conversations: 3,
        ..Figures::default()
    };
    assert_eq!(figures, expected);
}
