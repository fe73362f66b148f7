//! Claims: one winner a time, the fairest first.

use super::super::salon::*;
use crate::{
    model::{Booking, BookingStatus},
    ports::{ClaimRequest, Store},
};
use futures_util::future::join_all;
use std::collections::BTreeSet;

/// Claims by fifty clients at once; answers what the winners got.
async fn fifty(salon: &Salon, staff: &'static [&'static str]) -> Vec<String> {
    let tasks = (0..50).map(|n| {
        let salon = salon.clone();
        tokio::spawn(async move { salon.claims(wish(&format!("client {n}"), staff, 3600, 7200)).await })
    });
    join_all(tasks).await.into_iter().filter_map(Result::unwrap).collect()
}

/// Fifty clients, one time, one person: one gets it.
pub async fn of_fifty_claims_on_one_time_one_wins(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    assert_eq!(fifty(&bella, &["ana"]).await, [subject("ana").0]);
}

/// Fifty clients, one time, two people: two get it, one each.
pub async fn of_fifty_claims_on_two_people_two_win(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let won = fifty(&bella, &["ana", "bruno"]).await;
    assert_eq!(won.len(), 2, "{won:?}");
    let people: BTreeSet<String> = won.into_iter().collect();
    assert_eq!(people, BTreeSet::from([subject("ana").0, subject("bruno").0]));
}

/// With nothing to tell them apart, the first given is taken.
pub async fn a_free_time_is_claimed_by_the_first_given(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    assert_eq!(bella.claims(wish("c1", &["carla", "ana"], 3600, 7200)).await, Some(subject("carla").0));
}

/// Whoever has fewest minutes that local day is taken, whatever the order given; other days do not count.
pub async fn the_one_with_fewest_minutes_that_day_is_chosen(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    bella.claims(wish("long", &["ana"], 0, 7200)).await.unwrap();
    bella.claims(wish("short", &["bruno"], 0, 1800)).await.unwrap();
    // Much on another day, and assigned there last.
    bella.claims(wish("tomorrow", &["bruno"], 86_400, 86_400 + 20_000)).await.unwrap();
    assert_eq!(bella.claims(wish("c1", &["ana", "bruno"], 10_000, 11_800)).await, Some(subject("bruno").0));
    assert_eq!(
        bella.claims(wish("c2", &["ana", "bruno"], 12_000, 13_800)).await,
        Some(subject("bruno").0),
        "60 of 120"
    );
}

/// With equal minutes, whoever was assigned longest ago is taken; never assigned is longest of all.
pub async fn among_equals_the_least_recently_assigned_is_chosen(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let everybody = ["ana", "bruno", "carla"];
    // A day each, so that minutes never decide.
    let mut turn = Vec::new();
    for day in 0..6 {
        let from = day * 86_400 + 3600;
        let request = ClaimRequest { now: at(day), ..wish(&format!("day {day}"), &everybody, from, from + 1800) };
        turn.push(bella.claims(request).await.unwrap());
    }
    let expected = ["ana", "bruno", "carla", "ana", "bruno", "carla"].map(|staff| subject(staff).0);
    assert_eq!(turn, expected);
}

/// Whoever is taken then is passed over, however few minutes they have.
pub async fn whoever_is_taken_is_passed_over(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    bella.claims(wish("busy", &["bruno"], 20_000, 27_200)).await.unwrap();
    bella.claims(wish("then", &["ana"], 3600, 5400)).await.unwrap();
    assert_eq!(bella.claims(wish("c1", &["ana", "bruno"], 4000, 4600)).await, Some(subject("bruno").0));
    assert_eq!(bella.claims(wish("c2", &["ana", "bruno"], 4000, 4600)).await, None, "now both are taken");
}

/// Stretches are half-open: one may begin when the other ends. Any true overlap is refused.
pub async fn neighbours_do_not_overlap(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    bella.claims(wish("c1", &["ana"], 3600, 7200)).await.unwrap();
    assert!(bella.claims(wish("before", &["ana"], 1800, 3600)).await.is_some());
    assert!(bella.claims(wish("after", &["ana"], 7200, 9000)).await.is_some());
    for (from, to) in [(3600, 7200), (3599, 3601), (7199, 7300), (4000, 5000), (3000, 8000)] {
        assert_eq!(bella.claims(wish("no", &["ana"], from, to)).await, None, "{from} to {to}");
    }
}

/// A claim that nobody let go of is gone after its instant.
pub async fn an_expired_claim_counts_as_gone(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    bella.claims(wish("c1", &["ana"], 3600, 7200)).await.unwrap();
    let later = |seconds| ClaimRequest { now: at(seconds), expires: at(2000), ..wish("c2", &["ana"], 3600, 7200) };
    assert_eq!(bella.claims(later(599)).await, None);
    assert_eq!(bella.claims(later(601)).await, Some(subject("ana").0));
}

/// A claim that was let go of is free at once; letting go of nothing is fine.
pub async fn a_claim_let_go_is_free(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    bella.claims(wish("c1", &["ana"], 3600, 7200)).await.unwrap();
    bella.rows.unclaim(action("c2")).await.unwrap();
    assert_eq!(bella.claims(wish("c2", &["ana"], 3600, 7200)).await, None);
    bella.rows.unclaim(action("c1")).await.unwrap();
    bella.rows.unclaim(action("c1")).await.unwrap();
    assert!(bella.claims(wish("c2", &["ana"], 3600, 7200)).await.is_some());
}

/// A turn lets go of its claims in the step that commits it.
pub async fn a_commit_can_let_go(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    bella.claims(wish("c1", &["ana"], 3600, 7200)).await.unwrap();
    bella.turn(conversation, 0, |commit| commit.unclaim = vec![action("c1")]).await;
    assert!(bella.claims(wish("c2", &["ana"], 3600, 7200)).await.is_some());
}

/// An action that claims again holds the new stretch only, and does not stand in its own way.
pub async fn the_same_action_replaces_its_own_claim(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    bella.claims(wish("c1", &["ana"], 3600, 7200)).await.unwrap();
    assert_eq!(
        bella.claims(wish("c1", &["ana"], 3600, 7200)).await,
        Some(subject("ana").0),
        "asked again after a crash"
    );
    assert_eq!(bella.claims(wish("c1", &["ana"], 5400, 9000)).await, Some(subject("ana").0), "over its own claim");
    assert!(bella.claims(wish("c2", &["ana"], 3600, 5400)).await.is_some(), "what it left is free");
    assert_eq!(bella.claims(wish("c3", &["ana"], 5400, 7200)).await, None);
}

/// A class of three takes three.
pub async fn a_place_for_several_is_shared_up_to_its_capacity(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let class = |name: &str| ClaimRequest { capacity: 3, ..wish(name, &["yoga"], 3600, 7200) };
    for name in ["c1", "c2", "c3"] {
        assert!(bella.claims(class(name)).await.is_some(), "{name}");
    }
    assert_eq!(bella.claims(class("c4")).await, None);
}

/// A booking that stands takes its time; a cancelled one does not.
pub async fn a_known_booking_takes_its_time(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.books("ana", booking("b1", 3600, 7200), 0).await;
    assert_eq!(bella.claims(wish("c1", &["ana"], 5400, 9000)).await, None);
    bella.hears("ana", "m2", "cancel", 5).await;
    let cancelled = Booking { status: BookingStatus::Cancelled, ..booking("b1", 3600, 7200) };
    bella.turn(conversation, 5, |commit| commit.bookings = vec![cancelled]).await;
    assert!(bella.claims(wish("c1", &["ana"], 5400, 9000)).await.is_some());
}

/// A visit can be moved by half its length: its own time counts as free, others' does not.
pub async fn a_booking_being_moved_does_not_stand_in_its_own_way(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    bella.books("ana", booking("b1", 3600, 7200), 0).await;
    bella.books("bia", booking("b2", 9000, 12_600), 0).await;
    let moving = |from, to| ClaimRequest { ignoring: Some(booking_id("b1")), ..wish("c1", &["ana"], from, to) };
    assert_eq!(bella.claims(moving(7200, 10_800)).await, None, "into somebody else's");
    assert!(bella.claims(moving(5400, 9000)).await.is_some());
}

/// Minutes of known bookings count for fairness as those of claims do.
pub async fn booked_minutes_count_for_fairness(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    bella.books("ana", booking("b1", 3600, 7200), 0).await;
    bella.claims(wish("c1", &["bruno"], 3600, 5400)).await.unwrap();
    assert_eq!(bella.claims(wish("c2", &["ana", "bruno"], 20_000, 21_800)).await, Some(subject("bruno").0));
}
