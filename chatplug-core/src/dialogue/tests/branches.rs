//! Chains: which place, where it stands, and a place that leaves; services that a chat alone cannot give.

use crate::{
    dialogue::{
        ActionOutcome,
        script::{Script, booking, intent, nothing, when},
    },
    model::{Gate, MediaKind},
    ports::{Intent, RejectReason},
    reply::{Key, Say},
};

fn gone(say: &Say) -> bool {
    *say == Say::BranchGone
}

#[test]
fn which_place_is_asked_with_its_address_and_a_way_to_the_nearest() {
    let mut script = Script::two_branches();
    let turn = script.say(booking().service("cut"));
    insta::assert_snapshot!(turn.text(), @"AskBranch [Studio Bella Centre (Rua das Flores 1, Lisboa)] [Studio Bella Beach (Avenida do Mar 7, Cascais)] [Nearest]");
    let turn = script.tap_key(Key::Nearest);
    insta::assert_snapshot!(turn.text(), @"AskPlace +where");
    let turn = script.say(crate::dialogue::script::Words::location(38.70, -9.40));
    insta::assert_snapshot!(turn.text(), @"AskBranch [Studio Bella Beach (2061 m, Avenida do Mar 7, Cascais)] [Studio Bella Centre (26034 m, Rua das Flores 1, Lisboa)]");
    let turn = script.tap(1);
    assert!(turn.text().contains("AskStaff"), "{}", turn.text());
    script.say(when().with(&["ana"]).on("2026-03-12").at("15:30"));
    let turn = script.yes();
    assert!(
        turn.text().contains("Booked: Women's haircut, Ana Souza, Thu 12 Mar 15:30, Studio Bella Beach"),
        "{}",
        turn.text()
    );
}

#[test]
fn words_for_the_nearest_ask_where_the_client_is() {
    let mut script = Script::two_branches();
    script.say(booking().service("cut"));
    let turn = script.say(intent(Intent::AskLocation));
    assert!(turn.says(|say| *say == Say::AskPlace), "{}", turn.text());
}

#[test]
fn a_place_sent_while_something_else_is_open_is_kept() {
    let mut script = Script::two_branches();
    script.say(booking().service("cut"));
    script.tap_name("Studio Bella Centre");
    let turn = script.say(crate::dialogue::script::Words::location(38.70, -9.40));
    assert!(turn.text().starts_with("AskStaff"), "the open question again: {}", turn.text());
    script.say(intent(Intent::Menu));
    let turn = script.say(booking().service("manicure"));
    assert!(turn.text().starts_with("AskBranch [Studio Bella Beach (2061 m"), "{}", turn.text());
    // A day later they may be anywhere.
    script.say(intent(Intent::Menu));
    script.wait(chrono::Duration::hours(13));
    script.say(intent(Intent::Menu));
    let turn = script.say(booking().service("trim"));
    assert!(turn.text().contains("AskBranch [Studio Bella Centre (Rua das Flores 1, Lisboa)]"), "{}", turn.text());
}

#[test]
fn one_place_needs_no_map() {
    let mut script = Script::salon();
    let turn = script.say(crate::dialogue::script::Words::location(38.70, -9.40));
    assert!(turn.says(|say| matches!(say, Say::CannotRead { media: None::<MediaKind> })), "{}", turn.text());
}

#[test]
fn the_place_visited_last_comes_first() {
    let mut script = Script::two_branches();
    script.say(booking().service("cut"));
    script.tap_name("Studio Bella Beach");
    script.say(when().with(&["ana"]).on("2026-03-12").at("15:30"));
    script.yes();
    let turn = script.say(booking().service("manicure"));
    assert!(turn.text().contains("AskBranch [Studio Bella Beach (Avenida"), "{}", turn.text());
}

#[test]
fn a_word_of_its_name_or_address_chooses_a_place_while_it_is_asked_for() {
    for said in ["the beach please", "Cascais", "avenida do mar", "BEACH"] {
        let mut script = Script::two_branches();
        script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
        let turn = script.say(nothing(said));
        assert!(
            turn.text().contains("Summary") && turn.text().contains("Studio Bella Beach"),
            "{said}: {}",
            turn.text()
        );
    }
    // A word that both have, and one that neither has, name nothing.
    for said in ["bella", "somewhere else"] {
        let mut script = Script::two_branches();
        script.say(booking().service("cut"));
        let turn = script.say(nothing(said));
        assert!(turn.says(|say| *say == Say::NotUnderstood), "{said}: {}", turn.text());
    }
    // Unasked such a word means anything.
    let mut script = Script::two_branches();
    script.say(booking().service("cut"));
    script.tap_name("Studio Bella Centre");
    let turn = script.say(nothing("beach waves"));
    assert!(!turn.text().contains("Studio Bella Beach"), "{}", turn.text());
}

#[test]
fn only_places_that_offer_the_service_are_shown() {
    let mut script = Script::two_branches();
    script.branches.push(script.branches[1].clone());
    let third = std::sync::Arc::make_mut(&mut script.branches[2].catalog);
    third.branch.id = "airport".parse().unwrap();
    third.branch.name = "Studio Bella Airport".to_owned();
    third.services.retain(|service| service.id.as_str() != "cut");
    script.places.push("airport".parse().unwrap());
    let turn = script.say(booking().service("cut"));
    assert!(!turn.text().contains("Airport"), "{}", turn.text());
    let mut other = Script::two_branches();
    other.branches.clone_from(&script.branches);
    assert!(other.say(booking()).text().contains("Airport"));
}

#[test]
fn a_place_that_left_is_told_honestly_and_the_others_are_offered() {
    let mut script = Script::two_branches();
    script.say(booking().service("cut"));
    script.tap_name("Studio Bella Beach");
    script.say(when().with(&["ana"]).on("2026-03-12").at("15:30"));
    script.uninstall("beach");
    let turn = script.say(when().at("16:00"));
    insta::assert_snapshot!(turn.text(), @"BranchGone / AskBranch [Studio Bella Centre (Rua das Flores 1, Lisboa)]");
    let turn = script.tap(1);
    assert!(turn.text().contains("Summary: Women's haircut, Ana Souza, Thu 12 Mar 16:00"), "{}", turn.text());
}

#[test]
fn a_yes_at_a_place_that_left_books_nothing() {
    let mut script = Script::two_branches();
    script.say(booking().service("cut"));
    script.tap_name("Studio Bella Beach");
    script.say(when().with(&["ana"]).on("2026-03-12").at("15:30"));
    script.uninstall("beach");
    script.outcomes.push_back(ActionOutcome::Rejected { reason: RejectReason::NotBookableHere });
    let turn = script.yes();
    assert!(turn.says(gone) && turn.text().contains("AskBranch"), "{}", turn.text());
    assert!(script.bookings.is_empty());
}

#[test]
fn a_place_that_does_not_answer_is_not_gone() {
    let mut script = Script::two_branches();
    script.say(booking().service("cut"));
    script.tap_name("Studio Bella Beach");
    let beach = script.branches.pop().unwrap();
    let turn = script.say(when().with(&["ana"]).on("2026-03-12").at("15:30"));
    assert!(turn.says(|say| *say == Say::CannotLook) && !turn.says(gone), "{}", turn.text());
    script.branches.push(beach);
    let turn = script.tap_key(Key::TryAgain);
    assert!(turn.text().contains("Summary") && turn.text().contains("Studio Bella Beach"), "{}", turn.text());
}

fn gated(gate: Gate) -> Script {
    let mut script = Script::salon();
    script.catalog(|catalog| catalog.services[0].gate = Some(gate));
    script
}

#[test]
fn a_membership_is_asked_for_before_any_time_is() {
    let mut script = gated(Gate::Membership);
    let turn = script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    insta::assert_snapshot!(turn.text(), @r#"
    ? open cut
    NeedsMembership { service: "Women's haircut" } [Human] [AnotherService] [Menu]
    "#);
    let turn = script.tap_key(Key::AnotherService);
    assert!(turn.text().contains("AskService"), "{}", turn.text());
    // What was said of the time still holds.
    let turn = script.tap_name("Colour");
    assert!(turn.text().contains("Summary: Colour, Ana Souza, Thu 12 Mar 15:30"), "{}", turn.text());
}

#[test]
fn who_has_the_membership_books_like_anybody_and_is_asked_about_once() {
    let mut script = gated(Gate::Membership);
    script.member = true;
    let turn = script.say(booking().service("cut").with(&["ana"]));
    assert_eq!(turn.text().matches("? open cut").count(), 1, "{}", turn.text());
    let turn = script.say(when().on("2026-03-12").at("15:30"));
    assert!(!turn.text().contains("? open"), "{}", turn.text());
    assert!(script.yes().text().contains("Booked"));
}

#[test]
fn a_prepayment_says_where() {
    let link = Some("https://pay.example/cut".to_owned());
    let mut script = gated(Gate::Prepayment { link: link.clone() });
    let turn = script.say(booking().service("cut"));
    assert!(
        turn.says(|say| matches!(say, Say::NeedsPrepayment { link: shown, .. } if *shown == link)),
        "{}",
        turn.text()
    );
    let mut script = gated(Gate::Prepayment { link: Some("javascript:alert(1)".to_owned()) });
    let turn = script.say(booking().service("cut"));
    assert!(turn.says(|say| matches!(say, Say::NeedsPrepayment { link: None, .. })), "{}", turn.text());
}

#[test]
fn a_booking_system_that_refuses_after_all_says_the_same() {
    let mut script = gated(Gate::Membership);
    script.member = true;
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    script.outcomes.push_back(ActionOutcome::Rejected { reason: RejectReason::NotBookableHere });
    let turn = script.yes();
    assert!(turn.says(|say| matches!(say, Say::NeedsMembership { .. })), "{}", turn.text());
    // Where no reason is known, a person must say.
    let mut script = Script::salon();
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    script.outcomes.push_back(ActionOutcome::Rejected { reason: RejectReason::NotBookableHere });
    let turn = script.yes();
    assert!(turn.says(|say| *say == Say::Refused), "{}", turn.text());
}
