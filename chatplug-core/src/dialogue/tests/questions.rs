//! Questions about the business, on their own and in the middle of a booking.

use crate::{
    dialogue::script::{Script, booking, intent},
    ports::Intent,
    reply::Key,
};

#[test]
fn asked_on_their_own() {
    let mut script = Script::salon();
    let mut story = String::new();
    story += &script.say(intent(Intent::AskPrice).service("cut")).text();
    story += &script.say(intent(Intent::AskPrice)).text();
    story += &script.say(intent(Intent::AskHours)).text();
    story += &script.say(intent(Intent::AskHours).on("2026-03-15")).text();
    story += &script.say(intent(Intent::AskLocation)).text();
    story += &script.say(intent(Intent::AskService).service("colour")).text();
    story += &script.say(intent(Intent::AskService)).text();
    story += &script.tap_name("Manicure").text();
    insta::assert_snapshot!(story, @r#"
    PriceOf { service: "Women's haircut", price: Some(Price { from: Money { minor: 4500, currency: EUR }, to: None }), minutes: 60 } [Book] [Human] [Menu]
    PriceList { lines: [("Women's haircut", Some(Price { from: Money { minor: 4500, currency: EUR }, to: None }), 60), ("Men's haircut", Some(Price { from: Money { minor: 2250, currency: EUR }, to: None }), 30), ("Manicure", Some(Price { from: Money { minor: 3375, currency: EUR }, to: None }), 45), ("Colour", Some(Price { from: Money { minor: 9000, currency: EUR }, to: None }), 120)] } [Book] [Human] [Menu]
    Hours { lines: [HoursLine { from: Mon, to: Sat, open: [(10:00:00, 18:00:00)] }, HoursLine { from: Sun, to: Sun, open: [] }] } [Book] [Human] [Menu]
    HoursOn { date: 2026-03-15, open: [] } [Book] [Human] [Menu]
    Address { name: "Studio Bella Centre", address: Some("Rua das Flores 1, Lisboa") } [Book] [Human] [Menu] +pin
    ServiceDetails { service: "Colour", description: None, minutes: 120, price: Some(Price { from: Money { minor: 9000, currency: EUR }, to: None }) } / WhoDoes { service: "Colour", staff: ["Ana Souza", "Bruno Lima", "Carla Reyes"] } [Book] [Human] [Menu]
    AskAboutService { about: Details } [Women's haircut] [Men's haircut] [Manicure] [Colour]
    ServiceDetails { service: "Manicure", description: None, minutes: 45, price: Some(Price { from: Money { minor: 3375, currency: EUR }, to: None }) } / WhoDoes { service: "Manicure", staff: ["Carla Reyes"] } [Book] [Human] [Menu]
    "#);
}

#[test]
fn asked_in_mid_booking_they_come_back_to_the_open_question() {
    for asked in [Intent::AskPrice, Intent::AskHours, Intent::AskLocation, Intent::AskService] {
        let mut script = Script::salon();
        script.say(booking().service("cut").with(&["ana"]));
        let reads = script.reads;
        let turn = script.say(intent(asked));
        assert_eq!(turn.replies().count(), 1, "{}", turn.text());
        assert!(turn.text().contains("AskDay { service: \"Women's haircut\" } [Wed 11 Mar (16)]"), "{}", turn.text());
        assert_eq!(script.reads, reads, "the same days again, without asking the booking system");
        let turn = script.tap(2);
        assert!(turn.text().contains("AskSlot"), "the list that was repeated still works: {}", turn.text());
    }
}

#[test]
fn asked_at_the_summary_the_yes_still_counts() {
    let mut script = Script::salon();
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    let turn = script.say(intent(Intent::AskLocation));
    insta::assert_snapshot!(turn.text(), @r#"
    Address { name: "Studio Bella Centre", address: Some("Rua das Flores 1, Lisboa") } / Summary: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [BookIt] [AnotherTime] [Drop] +pin
    "#);
    script.tap_key(Key::BookIt);
    assert_eq!(script.committed.len(), 1);
}

#[test]
fn at_two_branches_both_are_told() {
    let mut script = Script::two_branches();
    let turn = script.say(intent(Intent::AskLocation));
    insta::assert_snapshot!(turn.text(), @r#"
    Address { name: "Studio Bella Centre", address: Some("Rua das Flores 1, Lisboa") } / Address { name: "Studio Bella Beach", address: Some("Avenida do Mar 7, Cascais") } [Book] [Human] [Menu]
    "#);
    let turn = script.say(intent(Intent::AskHours).text("when is Studio Bella Beach open?"));
    insta::assert_snapshot!(turn.text(), @"Hours { lines: [HoursLine { from: Mon, to: Sat, open: [(10:00:00, 18:00:00)] }, HoursLine { from: Sun, to: Sun, open: [] }] } [Book] [Human] [Menu]");
}

#[test]
fn what_is_free_begins_a_booking() {
    let mut script = Script::salon();
    let turn = script.say(intent(Intent::AskAvailability).on("2026-03-12").service("manicure"));
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2026-03-12 – 2026-03-12
    AskSlot { service: "Manicure", staff: Some("Carla Reyes"), scope: Day { date: 2026-03-12 } } [10:00] [10:30] [11:00] [11:30] [12:00] [12:30] [13:00] [Later] [AnotherDay]
    "#);
}

#[test]
fn a_price_and_a_booking_in_one_breath() {
    let mut script = Script::salon();
    let turn = script.burst([intent(Intent::AskPrice).service("cut"), booking().service("cut").on("2026-03-12")]);
    insta::assert_snapshot!(turn.text(), @r#"
    PriceOf { service: "Women's haircut", price: Some(Price { from: Money { minor: 4500, currency: EUR }, to: None }), minutes: 60 } / AskStaff { service: "Women's haircut" } [AnyStaff] [Ana Souza (Stylist ★48)] [Bruno Lima (Stylist)]
    "#);
}
