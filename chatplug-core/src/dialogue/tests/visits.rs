//! Existing bookings: listed, moved, cancelled, confirmed, changed by the team, late.

use crate::{
    dialogue::{
        Effect, Holder, Input, TeamEvent,
        script::{Script, booking, intent, when},
    },
    model::{Booking, BookingId, BookingStatus},
    ports::{Intent, Outlook},
    reply::{Key, Say},
};
use chrono::Duration;

/// A client with a haircut on Thursday at 15:30.
fn booked() -> Script {
    let mut script = Script::salon();
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    script.yes();
    script
}

/// And a manicure on Friday at 10:00.
fn booked_twice() -> Script {
    let mut script = booked();
    script.say(booking().service("manicure").on("2026-03-13").at("10:00"));
    script.yes();
    assert_eq!(script.bookings.len(), 2);
    script
}

fn id(script: &Script, n: usize) -> BookingId {
    script.bookings[n].id.unwrap()
}

#[test]
fn listed() {
    let mut script = Script::salon();
    let mut story = script.say(intent(Intent::ListBookings)).text();
    let mut script = booked_twice();
    story += &script.say(intent(Intent::ListBookings)).text();
    insta::assert_snapshot!(story, @r"
    ? bookings
    NoBookings [Book] [Human] [Menu]
    ? bookings
    Bookings: Women's haircut, Ana Souza, Thu 12 Mar 15:30; Manicure, Carla Reyes, Fri 13 Mar 10:00 [MoveVisit] [CancelVisit] [Menu]
    ");
}

#[test]
fn moved_by_naming_the_new_time() {
    let mut script = booked();
    let mut story = script.say(intent(Intent::Reschedule).on("2026-03-18").at("11:00")).text();
    story += &script.yes().text();
    insta::assert_snapshot!(story, @r"
    ? bookings
    ? slots 2026-03-18 – 2026-03-18
    MoveSummary: Women's haircut, Ana Souza, Thu 12 Mar 15:30 -> Women's haircut, Ana Souza, Wed 18 Mar 11:00 [MoveIt] [AnotherTime] [KeepIt]
    ! move 2026-03-18 11:00:00
    + reminder at 2026-03-17 11:00
    Moved: Women's haircut, Ana Souza, Wed 18 Mar 11:00 [Change] [CancelVisit] [Menu] +pin +template moved
    ");
    assert_eq!(script.bookings.len(), 1);
}

#[test]
fn moved_step_by_step() {
    let mut script = booked_twice();
    let mut story = script.say(intent(Intent::Reschedule)).text();
    story += &script.tap(2).text();
    story += &script.tap(2).text();
    story += &script.tap(3).text();
    story += &script.tap_key(Key::MoveIt).text();
    insta::assert_snapshot!(story, @r#"
    ? bookings
    ChooseBooking { purpose: Reschedule } [Thu 12 Mar 15:30, Women's haircut] [Fri 13 Mar 10:00, Manicure] [Menu]
    ? bookings
    ? slots 2026-03-11 – 2026-03-17
    AskDay { service: "Manicure" } [Wed 11 Mar (16)] [Thu 12 Mar (16)] [Fri 13 Mar (15)] [Sat 14 Mar (16)] [Mon 16 Mar (16)] [Tue 17 Mar (16)] [NextWeek]
    ? slots 2026-03-12 – 2026-03-12
    AskSlot { service: "Manicure", staff: Some("Carla Reyes"), scope: Day { date: 2026-03-12 } } [10:00] [10:30] [11:00] [11:30] [12:00] [12:30] [13:00] [Later] [AnotherDay]
    MoveSummary: Manicure, Carla Reyes, Fri 13 Mar 10:00 -> Manicure, Carla Reyes, Thu 12 Mar 11:00 [MoveIt] [AnotherTime] [KeepIt]
    ! move 2026-03-12 11:00:00
    + reminder at 2026-03-11 11:00
    Moved: Manicure, Carla Reyes, Thu 12 Mar 11:00 [Change] [CancelVisit] [Menu] +pin +template moved
    "#);
}

#[test]
fn moved_to_another_person_at_the_same_hour() {
    let mut script = booked();
    let turn = script.say(intent(Intent::Reschedule).with(&["bruno"]));
    insta::assert_snapshot!(turn.text(), @r"
    ? bookings
    ? slots 2026-03-12 – 2026-03-12
    MoveSummary: Women's haircut, Ana Souza, Thu 12 Mar 15:30 -> Women's haircut, Bruno Lima, Thu 12 Mar 15:30 [MoveIt] [AnotherTime] [KeepIt]
    ");
}

#[test]
fn cancelled_after_a_yes_and_kept_after_a_no() {
    let mut script = booked();
    let mut story = script.say(intent(Intent::Cancel)).text();
    story += &script.no().text();
    story += &script.say(intent(Intent::Cancel)).text();
    story += &script.yes().text();
    insta::assert_snapshot!(story, @r"
    ? bookings
    CancelSummary: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [CancelIt] [KeepIt]
    Kept [MyBookings] [Menu]
    ? bookings
    CancelSummary: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [CancelIt] [KeepIt]
    ! cancel
    - reminder
    Cancelled: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [Book] [Menu] +template cancelled
    ");
    assert_eq!(script.bookings, []);
}

#[test]
fn the_one_to_cancel_is_found_by_what_is_said_of_it() {
    for words in [
        intent(Intent::Cancel).service("manicure"),
        intent(Intent::Cancel).on("2026-03-13"),
        intent(Intent::Cancel).with(&["carla"]),
    ] {
        let mut script = booked_twice();
        let turn = script.say(words);
        assert!(turn.text().contains("CancelSummary: Manicure"), "{}", turn.text());
    }
    let mut script = booked_twice();
    let turn = script.say(intent(Intent::Cancel));
    insta::assert_snapshot!(turn.text(), @r"
    ? bookings
    ChooseBooking { purpose: Cancel } [Thu 12 Mar 15:30, Women's haircut] [Fri 13 Mar 10:00, Manicure] [Menu]
    ");
    let turn = script.say(when().service("cut"));
    assert!(turn.text().contains("CancelSummary: Women's haircut"), "{}", turn.text());
}

#[test]
fn cancel_in_the_middle_of_a_booking() {
    let mut script = Script::salon();
    script.say(booking().service("cut"));
    let turn = script.say(intent(Intent::Cancel));
    assert!(turn.says(|say| *say == Say::Dropped), "nothing else can be meant: {}", turn.text());
    let mut script = booked();
    script.say(booking().service("manicure"));
    let turn = script.say(intent(Intent::Cancel));
    insta::assert_snapshot!(turn.text(), @r"
    ? bookings
    ChooseBooking { purpose: Cancel } [Drop] [Thu 12 Mar 15:30, Women's haircut] [Menu]
    ");
    let turn = script.tap_key(Key::Drop);
    insta::assert_snapshot!(turn.text(), @"Dropped [Book] [Menu]");
}

#[test]
fn too_close_to_the_visit_is_for_a_person() {
    for wish in [Intent::Cancel, Intent::Reschedule] {
        let mut script = booked();
        script.policy.change_until_minutes = 48 * 60;
        let turn = script.say(intent(wish));
        assert_eq!(script.holder, Holder::Person);
        assert!(turn.says(|say| matches!(say, Say::TooLateToChange { .. })), "{}", turn.text());
    }
}

#[test]
fn reminded_and_confirmed() {
    let mut script = booked();
    let mut story = script.wait(Duration::hours(8)).text();
    story += &script.yes().text();
    insta::assert_snapshot!(story, @r"
    Reminder: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [Come] [Change] [CancelVisit] +template reminder
    ! confirm
    VisitConfirmed: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [Menu]
    ");
    assert!(script.bookings[0].confirmed);
    let turn = script.say(intent(Intent::ConfirmVisit));
    insta::assert_snapshot!(turn.text(), @r"
    ? bookings
    VisitConfirmed: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [Menu]
    ");
}

#[test]
fn a_thumb_on_the_reminder_counts_and_elsewhere_does_not() {
    let mut script = booked();
    let about = Some(id(&script, 0));
    assert_eq!(script.react("👍", about).text(), "", "a thumb on \"Booked\" is a nod");
    script.wait(Duration::hours(8));
    assert_eq!(script.react("👍", None).text(), "");
    let turn = script.react("❤️", about);
    assert!(turn.text().contains("VisitConfirmed"), "{}", turn.text());
}

#[test]
fn two_reminders_and_one_yes() {
    let mut script = booked_twice();
    script.wait(Duration::hours(26));
    let turn = script.yes();
    insta::assert_snapshot!(turn.text(), @"ChooseBooking { purpose: Confirm } [Fri 13 Mar 10:00, Manicure] [Thu 12 Mar 15:30, Women's haircut] [Menu]");
    let turn = script.say(when().nth(1));
    assert!(turn.text().contains("VisitConfirmed: Manicure"), "{}", turn.text());
    let mut script = booked_twice();
    script.wait(Duration::hours(26));
    let quoted = id(&script, 0);
    let turn = script.say(intent(Intent::Yes).quoting(quoted));
    assert!(turn.text().contains("VisitConfirmed: Women's haircut"), "{}", turn.text());
}

#[test]
fn a_reminder_beside_a_summary_leaves_it_open() {
    let mut script = booked();
    script.wait(Duration::hours(6));
    script.say(booking().service("manicure").on("2026-03-13").at("10:00"));
    let mut story = script.wait(Duration::hours(2)).text();
    story += &script.yes().text();
    story += &script.tap_key(Key::Come).text();
    insta::assert_snapshot!(story, @r"
    Reminder: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [Come] [Change] [CancelVisit] +template reminder
    Summary: Manicure, Carla Reyes, Fri 13 Mar 10:00 [BookIt] [Come] [No]
    ! confirm
    VisitConfirmed: Women's haircut, Ana Souza, Thu 12 Mar 15:30 / Summary: Manicure, Carla Reyes, Fri 13 Mar 10:00 [BookIt] [AnotherTime] [Drop]
    ");
    assert!(script.bookings[0].confirmed);
}

#[test]
fn the_buttons_of_a_reminder_sent_as_template() {
    let mut script = booked();
    script.wait(Duration::hours(8));
    let booking = id(&script, 0);
    let turn = script.tap_id(&format!("v1:visit:{booking}:change"));
    insta::assert_snapshot!(turn.text(), @r"
    ? bookings
    Bookings: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [MoveVisit] [CancelVisit] [Menu]
    ");
    let turn = script.tap_id(&format!("v1:visit:{booking}:come"));
    assert!(turn.text().contains("VisitConfirmed"), "{}", turn.text());
    let nobodys = BookingId::derive(&["nobody's"]);
    let turn = script.tap_id(&format!("v1:visit:{nobodys}:come"));
    insta::assert_snapshot!(turn.text(), @r"
    ? bookings
    OldList / Bookings: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [MoveVisit] [CancelVisit] [Menu]
    ");
}

#[test]
fn no_reminder_where_none_is_wanted() {
    let mut script = booked();
    script.say(intent(Intent::OptOut));
    assert_eq!(script.wait(Duration::hours(8)).text(), "");
    let mut script = booked();
    script.bookings[0].confirmed = true;
    assert_eq!(script.wait(Duration::hours(8)).text(), "");
    let mut script = booked();
    script.bookings.clear();
    assert_eq!(script.wait(Duration::hours(8)).text(), "");
    let mut script = Script::salon();
    script.policy.reminder_hours = 0;
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    script.yes();
    assert!(script.timers.is_empty());
}

#[test]
fn nothing_is_planned_that_could_never_leave() {
    let planned = |reminders: Outlook, hours: u32| {
        let mut script = Script::salon();
        script.reach.reminders = reminders;
        script.contact.last_inbound = Some(script.now);
        script.policy.reminder_hours = hours;
        script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
        script.yes();
        script.timers.len()
    };
    // A day before the visit the window is open still; two hours before it is not.
    assert_eq!((planned(Outlook::Hopeless, 24), planned(Outlook::Hopeless, 2)), (1, 0));
    assert_eq!((planned(Outlook::Waiting, 2), planned(Outlook::Ready, 2)), (1, 1));
}

#[test]
fn a_reminder_waits_for_its_template_and_never_for_one_that_will_not_come() {
    let mut script = booked();
    script.reach.reminders = Outlook::Waiting;
    let waits = script.wait(Duration::hours(8)).text();
    assert_eq!(waits.trim(), "+ reminder at 2026-03-11 16:30\n+ reminder at 2026-03-11 17:30");
    script.reach.reminders = Outlook::Ready;
    assert!(script.wait(Duration::hours(1)).says(|say| matches!(say, Say::Reminder { .. })));

    let mut script = booked();
    script.reach.reminders = Outlook::Hopeless;
    assert_eq!((script.wait(Duration::hours(8)).text().as_str(), script.timers.len()), ("", 0));

    // In the window nobody needs a template.
    let mut script = booked();
    script.reach.reminders = Outlook::Hopeless;
    script.contact.last_inbound = Some(script.now);
    assert!(script.wait(Duration::hours(8)).says(|say| matches!(say, Say::Reminder { .. })));
}

#[test]
fn moved_and_cancelled_by_the_team() {
    let mut script = booked();
    let before = script.bookings[0].clone();
    let after =
        Booking { start: before.start + Duration::hours(2), end: before.end + Duration::hours(2), ..before.clone() };
    script.bookings[0] = after.clone();
    let mut story = script.input(Input::BookingChanged { before, after: Some(after.clone()) }).text();
    script.bookings.clear();
    story += &script.input(Input::BookingChanged { before: after, after: None }).text();
    insta::assert_snapshot!(story, @r"
    + reminder at 2026-03-11 17:30
    MovedByTeam: Women's haircut, Ana Souza, Thu 12 Mar 15:30 -> Women's haircut, Ana Souza, Thu 12 Mar 17:30 [Change] [CancelVisit] [Menu] +template moved
    - reminder
    CancelledByTeam: Women's haircut, Ana Souza, Thu 12 Mar 17:30 [Book] [Menu] +template cancelled
    ");
}

#[test]
fn a_change_by_the_team_voids_the_summary_about_it() {
    let mut script = booked();
    script.say(intent(Intent::Cancel));
    let yes = script.id_of(1);
    let before = script.bookings[0].clone();
    let after =
        Booking { start: before.start + Duration::hours(2), end: before.end + Duration::hours(2), ..before.clone() };
    script.bookings[0] = after.clone();
    let turn = script.input(Input::BookingChanged { before, after: Some(after) });
    insta::assert_snapshot!(turn.text(), @r"
    + reminder at 2026-03-11 17:30
    MovedByTeam: Women's haircut, Ana Souza, Thu 12 Mar 15:30 -> Women's haircut, Ana Souza, Thu 12 Mar 17:30 / CancelSummary: Women's haircut, Ana Souza, Thu 12 Mar 17:30 [CancelIt] [KeepIt] +template moved
    ");
    script.tap_id(&yes);
    assert_eq!(script.committed.len(), 1, "only the booking itself was committed");
}

#[test]
fn an_approved_request_is_booked() {
    let mut script = booked();
    let after = script.bookings[0].clone();
    let before = Booking { status: BookingStatus::Requested, ..after.clone() };
    let turn = script.input(Input::BookingChanged { before, after: Some(after) });
    insta::assert_snapshot!(turn.text(), @r"
    + reminder at 2026-03-11 15:30
    Booked: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [Change] [CancelVisit] [Menu] +template booked
    ");
}

#[test]
fn running_late_is_passed_on() {
    let mut script = booked();
    script.say(booking().service("manicure").on("2026-03-12").at("10:00"));
    script.yes();
    script.now = "2026-03-12T09:55:00Z".parse().unwrap();
    let turn = script.say(intent(Intent::RunningLate).minutes(15));
    insta::assert_snapshot!(turn.text(), @"ChooseBooking { purpose: RunningLate } [Thu 12 Mar 10:00, Manicure] [Thu 12 Mar 15:30, Women's haircut]");
    let turn = script.tap(1);
    insta::assert_snapshot!(turn.text(), @r#"
    * Notify { event: RunningLate { booking: Some(booking_e4c5e0333e2452ad95c7af1d997332e7), minutes: Some(15) } }
    LateNoted { booking: Some(BookingView { id: Some(booking_e4c5e0333e2452ad95c7af1d997332e7), service: "Manicure", staff: Some("Carla Reyes"), at: When { start: 2026-03-12T10:00:00Z, zone: Europe/Lisbon }, minutes: 45, price: None, branch: None, party: 1 }), minutes: Some(15) } [Human] [Menu]
    "#);
    let nobodys = Script::salon().say(intent(Intent::RunningLate).minutes(5));
    let noted = Effect::Notify { event: TeamEvent::RunningLate { booking: None, minutes: Some(5) } };
    assert!(nobodys.effects.contains(&noted), "{}", nobodys.text());
}
