//! The critical action and everything that may become of it.

use crate::{
    dialogue::{
        ActionOutcome, Holder, Outcome,
        script::{Script, booking, intent, nothing, when},
    },
    model::{Booking, BookingStatus, ClientField, Money, Price},
    ports::{Action, Intent, RejectReason},
    reply::{Key, Say},
};
use chrono::Days;

/// A summary is open and nothing is decided yet.
fn summed_up() -> Script {
    let mut script = Script::salon();
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    script
}

#[test]
fn taken_meanwhile_shows_three_others_in_the_same_reply() {
    let mut script = summed_up();
    script.outcomes.push_back(ActionOutcome::Taken);
    let turn = script.yes();
    insta::assert_snapshot!(turn.text(), @r"
    ! book 2026-03-12 15:30:00
    ? slots 2026-03-11 – 2026-03-19
    SlotTaken [Thu 12 Mar 14:00] [Thu 12 Mar 14:30] [Thu 12 Mar 15:00] [Thu 12 Mar 16:00] [Thu 12 Mar 16:30] [Thu 12 Mar 17:00] [AnotherDay]
    ");
    assert!(turn.replies().all(|reply| reply.keep), "the outcome of an action is kept");
}

#[test]
fn taken_meanwhile_and_nothing_else_is_an_honest_none() {
    let mut script = summed_up();
    let today = script.now.date_naive();
    script.closed.extend((0..90).map(|days| today + Days::new(days)));
    script.outcomes.push_back(ActionOutcome::Taken);
    let turn = script.yes();
    insta::assert_snapshot!(turn.text(), @r#"
    ! book 2026-03-12 15:30:00
    ? slots 2026-03-11 – 2026-03-19
    ? slots 2026-03-11 – 2026-03-24
    ? slots 2026-03-25 – 2026-04-14
    ? slots 2026-04-15 – 2026-05-05
    SlotTaken / NothingFreeAtAll { staff: Some("Ana Souza") } [AnyStaff] [Human] [Menu]
    "#);
}

#[test]
fn a_changed_price_needs_a_new_yes() {
    let mut script = summed_up();
    script.hold_outcomes = true;
    script.yes();
    let Some(Action::Book(request)) = script.committed.last().cloned() else { panic!("nothing committed") };
    let mut slot = request.slot;
    slot.price = Some(Price::fixed(Money::new(9_900, iso_currency::Currency::EUR)));
    let turn = script.outcome(ActionOutcome::Changed { slot });
    insta::assert_snapshot!(turn.text(), @"SummaryChanged / Summary: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [BookIt] [AnotherTime] [Drop]");
    assert_eq!(script.committed.len(), 1);
    script.hold_outcomes = false;
    let turn = script.yes();
    assert!(turn.text().contains("Booked"), "{}", turn.text());
}

#[test]
fn a_request_is_never_called_booked() {
    let mut script = summed_up();
    script.hold_outcomes = true;
    script.yes();
    let action = script.committed[0].clone();
    let ActionOutcome::Done { booking } = script.execute(&action) else { panic!() };
    let booking = Booking { status: BookingStatus::Requested, ..booking };
    let turn = script.outcome(ActionOutcome::Done { booking });
    insta::assert_snapshot!(turn.text(), @"Requested: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [Change] [CancelVisit] [Menu] +pin");
}

#[test]
fn what_the_system_wants_to_know_is_asked_and_summed_up_again() {
    let mut script = summed_up();
    script.outcomes.push_back(ActionOutcome::Needs { fields: [ClientField::Email].into() });
    let mut story = script.yes().text();
    story += &script.say(nothing("maria at example").text("maria at example")).text();
    story += &script.say(nothing("it's maria@example.com.")).text();
    story += &script.yes().text();
    insta::assert_snapshot!(story, @r"
    ! book 2026-03-12 15:30:00
    AskEmail
    BadEmail / AskEmail
    * UpdateContact { change: Email { email: <private> } }
    Summary: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [BookIt] [AnotherTime] [Drop]
    ! book 2026-03-12 15:30:00
    + reminder at 2026-03-11 15:30
    Booked: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [Change] [CancelVisit] [Menu] +pin +template booked
    ");
}

#[test]
fn a_system_that_keeps_asking_is_left_to_a_person() {
    let mut script = summed_up();
    script.outcomes.push_back(ActionOutcome::Needs { fields: [ClientField::Name].into() });
    let turn = script.yes();
    insta::assert_snapshot!(turn.text(), @r"
    ! book 2026-03-12 15:30:00
    Refused / HandedOver { reason: Refused }
    * Hold { holder: Person }
    + hand-back at 2026-03-11 21:00
    * Notify { event: NeedsPerson { reason: Refused } }
    ");
}

#[test]
fn a_name_is_asked_only_where_it_is_required() {
    let mut script = Script::salon();
    script.name(None);
    script.catalog(|catalog| catalog.services[0].requires = vec![ClientField::Name]);
    let turn = script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    assert!(turn.says(|say| *say == Say::AskName), "{}", turn.text());
    let turn = script.say(nothing("Maria João da Silva"));
    insta::assert_snapshot!(turn.text(), @r"
    * UpdateContact { change: Name { name: <private> } }
    Summary: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [BookIt] [AnotherTime] [Drop]
    ");
}

#[test]
fn refusals() {
    for (reason, held) in [
        (RejectReason::TooMany, false),
        (RejectReason::Blocked, false),
        (RejectReason::NotBookableHere, true),
        (RejectReason::TooLate, true),
        (RejectReason::Other, true),
    ] {
        let mut script = summed_up();
        script.outcomes.push_back(ActionOutcome::Rejected { reason });
        let turn = script.yes();
        assert_eq!(script.holder == Holder::Person, held, "{reason:?}: {}", turn.text());
        assert!(!turn.text().contains("Booked"));
    }
}

#[test]
fn while_it_is_under_way_nothing_else_is_done_and_nothing_forgotten() {
    let mut script = summed_up();
    script.hold_outcomes = true;
    script.yes();
    assert!(script.dialogue.is_committing());
    let mut story = script.outcome(ActionOutcome::Delayed { certain: false }).text();
    let turn = script.say(intent(Intent::Yes));
    assert_eq!(turn.outcomes(), [Outcome::Asked]);
    story += &turn.text();
    let turn = script.say(intent(Intent::Cancel));
    assert_eq!(turn.outcomes(), [Outcome::Pending]);
    story += &turn.text();
    let action = script.committed[0].clone();
    let done = script.execute(&action);
    story += &script.outcome(done).text();
    insta::assert_snapshot!(story, @r"
    Checking { action: Book }
    StillWorking [Human]
    StillWorking [Human]
    + reminder at 2026-03-11 15:30
    Booked: Women's haircut, Ana Souza, Thu 12 Mar 15:30 +pin +template booked
    ? bookings
    CancelSummary: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [CancelIt] [KeepIt]
    ");
}

#[test]
fn given_up_or_unclear_goes_to_a_person() {
    for outcome in [ActionOutcome::GaveUp, ActionOutcome::Unclear] {
        let mut script = summed_up();
        script.outcomes.push_back(outcome);
        let turn = script.yes();
        assert_eq!(script.holder, Holder::Person, "{}", turn.text());
        assert!(turn.replies().all(|reply| reply.keep));
    }
}

#[test]
fn an_outcome_is_told_even_while_a_person_holds_the_conversation() {
    let mut script = summed_up();
    script.hold_outcomes = true;
    script.yes();
    script.operator(crate::dialogue::Operator::TakeOver);
    let action = script.committed[0].clone();
    let done = script.execute(&action);
    let turn = script.outcome(done);
    assert!(turn.text().contains("Booked"), "{}", turn.text());
}

#[test]
fn a_yes_that_is_taken_back_in_the_same_breath_agrees_to_nothing() {
    let mut script = summed_up();
    let turn = script.burst([intent(Intent::Yes), when().on("2026-03-18")]);
    assert_eq!(script.committed, []);
    insta::assert_snapshot!(turn.text(), @r"
    ? slots 2026-03-18 – 2026-03-18
    Summary: Women's haircut, Ana Souza, Wed 18 Mar 15:30 [BookIt] [AnotherTime] [Drop]
    ");
    let turn = script.burst([intent(Intent::Yes), intent(Intent::No)]);
    assert_eq!(script.committed, []);
    insta::assert_snapshot!(turn.text(), @"Dropped [AnotherTime] [Book] [Menu]");
}

#[test]
fn a_yes_that_repeats_the_summary_counts() {
    let mut script = summed_up();
    script.say(intent(Intent::Yes).on("2026-03-12").at("15:30").with(&["ana"]));
    assert_eq!(script.committed.len(), 1);
    let mut script = summed_up();
    let turn = script.say(intent(Intent::Yes).at("16:00"));
    assert_eq!(script.committed, []);
    assert!(turn.text().contains("Thu 12 Mar 16:00"), "{}", turn.text());
}

#[test]
fn a_question_beside_the_yes_is_answered_too() {
    let mut script = summed_up();
    let turn = script.burst([intent(Intent::Yes), intent(Intent::AskLocation)]);
    insta::assert_snapshot!(turn.text(), @r#"
    Address { name: "Studio Bella Centre", address: Some("Rua das Flores 1, Lisboa") } +pin
    ! book 2026-03-12 15:30:00
    + reminder at 2026-03-11 15:30
    Booked: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [Change] [CancelVisit] [Menu] +pin +template booked
    "#);
}

#[test]
fn several_services_are_booked_one_after_the_other() {
    let mut script = Script::salon();
    let mut story = script.say(booking().services(&["cut", "manicure"]).all().on("2026-03-12")).text();
    story += &script.tap_name("Manicure").text();
    story += &script.tap(2).text();
    story += &script.tap_key(Key::BookIt).text();
    insta::assert_snapshot!(story, @r#"
    OneServiceFirst [Women's haircut (60 min, 4500)] [Manicure (45 min, 3375)] [Human]
    ? slots 2026-03-12 – 2026-03-12
    AskSlot { service: "Manicure", staff: Some("Carla Reyes"), scope: Day { date: 2026-03-12 } } [10:00] [10:30] [11:00] [11:30] [12:00] [12:30] [13:00] [Later] [AnotherDay]
    Summary: Manicure, Carla Reyes, Thu 12 Mar 10:30 [BookIt] [AnotherTime] [Drop]
    ! book 2026-03-12 10:30:00
    + reminder at 2026-03-11 10:30
    Booked: Manicure, Carla Reyes, Thu 12 Mar 10:30 +pin +template booked
    AskStaff { service: "Women's haircut" } [AnyStaff] [Ana Souza (Stylist ★48)] [Bruno Lima (Stylist)]
    "#);
}

#[test]
fn the_appointment_comes_as_a_file_where_the_business_wants_that() {
    let mut script = summed_up();
    script.policy.calendar_file = true;
    script.hold_outcomes = true;
    let turn = script.yes();
    assert!(!turn.text().contains("calendar"), "nothing is booked yet: {}", turn.text());
    let action = script.committed[0].clone();
    let ActionOutcome::Done { booking } = script.execute(&action) else { panic!() };
    let requested = Booking { status: BookingStatus::Requested, ..booking.clone() };
    let mut other = script.clone();
    assert!(!other.outcome(ActionOutcome::Done { booking: requested }).text().contains("calendar"));
    let turn = script.outcome(ActionOutcome::Done { booking: booking.clone() });
    assert!(turn.text().contains("+calendar"), "{}", turn.text());
    let gone = script.input(crate::dialogue::Input::BookingChanged { before: booking, after: None });
    assert!(gone.text().contains("CancelledByTeam") && gone.text().contains("-calendar"), "{}", gone.text());
}

#[test]
fn a_yes_that_was_only_heard_books_nothing_and_one_in_writing_does() {
    let mut script = summed_up();
    let turn = script.speak(intent(Intent::Yes));
    insta::assert_snapshot!(turn.text(), @"Heard / YesInWriting / Summary: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [BookIt] [AnotherTime] [Drop]");
    assert_eq!(script.committed.len(), 0);
    // Nor does one that was typed before make the heard one count, or the heard one undo the typed one.
    let turn = script.yes();
    assert!(turn.text().contains("Booked"), "{}", turn.text());
    assert_eq!(script.committed.len(), 1);
}

#[test]
fn a_cancellation_that_was_only_heard_cancels_nothing() {
    let mut script = summed_up();
    script.yes();
    script.speak(intent(Intent::Cancel));
    for said in [Intent::Yes, Intent::Cancel] {
        let turn = script.speak(intent(said));
        assert!(turn.text().contains("YesInWriting"), "{}", turn.text());
    }
    assert_eq!(script.committed.len(), 1, "only the booking");
    let turn = script.tap_key(Key::CancelIt);
    assert!(turn.text().contains("Cancelled"), "{}", turn.text());
}

#[test]
fn what_was_heard_is_shown_back_and_goes_on_as_if_it_were_written() {
    let mut script = Script::salon();
    let turn = script.speak(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    assert!(turn.text().contains("Heard / Summary"), "{}", turn.text());
}
