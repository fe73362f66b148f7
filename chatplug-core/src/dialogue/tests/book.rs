use crate::{
    dialogue::{
        Outcome,
        script::{Script, booking, intent, when},
    },
    ports::Intent,
    reply::Key,
};

#[test]
fn booked_by_tapping() {
    let mut script = Script::salon();
    let mut story = String::new();
    story += &script.say(intent(Intent::Greet)).text();
    story += &script.tap_key(Key::Book).text();
    story += &script.tap_name("Women's haircut").text();
    story += &script.tap_name("Ana Souza").text();
    story += &script.tap(2).text();
    story += &script.tap(3).text();
    story += &script.tap_key(Key::BookIt).text();
    insta::assert_snapshot!(story, @r#"
    Greeting { business: "Studio Bella", name: Some("Maria") } / Menu [Book] [MyBookings] [Prices] [WhereWhen] [Language] [Human]
    AskService [Women's haircut (60 min, 4500)] [Men's haircut (30 min, 2250)] [Manicure (45 min, 3375)] [Colour (120 min, 9000)]
    AskStaff { service: "Women's haircut" } [AnyStaff] [Ana Souza (Stylist ★48)] [Bruno Lima (Stylist)]
    ? slots 2026-03-11 – 2026-03-17
    AskDay { service: "Women's haircut" } [Wed 11 Mar (16)] [Thu 12 Mar (16)] [Fri 13 Mar (16)] [Sat 14 Mar (16)] [Mon 16 Mar (16)] [Tue 17 Mar (16)] [NextWeek]
    ? slots 2026-03-12 – 2026-03-12
    AskSlot { service: "Women's haircut", staff: Some("Ana Souza"), scope: Day { date: 2026-03-12 } } [10:00] [10:30] [11:00] [11:30] [12:00] [12:30] [13:00] [Later] [AnotherDay]
    Summary: Women's haircut, Ana Souza, Thu 12 Mar 11:00 [BookIt] [AnotherTime] [Drop]
    ! book 2026-03-12 11:00:00
    + reminder at 2026-03-11 11:00
    Booked: Women's haircut, Ana Souza, Thu 12 Mar 11:00 [Change] [CancelVisit] [Menu] +pin +template booked
    "#);
}

#[test]
fn booked_in_one_message() {
    let mut script = Script::salon();
    let turn = script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    insta::assert_snapshot!(turn.text(), @r"
    ? slots 2026-03-12 – 2026-03-12
    Summary: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [BookIt] [AnotherTime] [Drop]
    ");
    assert_eq!(turn.outcomes(), [Outcome::Asked]);
    let turn = script.yes();
    insta::assert_snapshot!(turn.text(), @r"
    ! book 2026-03-12 15:30:00
    + reminder at 2026-03-11 15:30
    Booked: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [Change] [CancelVisit] [Menu] +pin +template booked
    ");
    assert_eq!(turn.outcomes(), [Outcome::Pending]);
    assert_eq!(script.committed.len(), 1);
}

#[test]
fn changed_at_the_summary() {
    let mut script = Script::salon();
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    let turn = script.say(intent(Intent::No).on("2026-03-18").with(&["bruno"]));
    insta::assert_snapshot!(turn.text(), @r"
    ? slots 2026-03-18 – 2026-03-18
    Summary: Women's haircut, Bruno Lima, Wed 18 Mar 15:30 [BookIt] [AnotherTime] [Drop]
    ");
}

#[test]
fn a_burst_is_one_thought() {
    let mut script = Script::salon();
    let turn = script.burst([intent(Intent::Greet), when().on("2026-03-12"), when().at("17:00")]);
    insta::assert_snapshot!(turn.text(), @r#"
    Greeting { business: "Studio Bella", name: Some("Maria") } / AskService [Women's haircut (60 min, 4500)] [Men's haircut (30 min, 2250)] [Manicure (45 min, 3375)] [Colour (120 min, 9000)]
    "#);
    assert_eq!(turn.outcomes(), [Outcome::Merged, Outcome::Merged, Outcome::Asked]);
}
