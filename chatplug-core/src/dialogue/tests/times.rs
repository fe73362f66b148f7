//! Days and hours: wishes that are met, filtered, refused with alternatives, paged.

use crate::{
    dialogue::script::{Script, booking, intent, when},
    model::{ChannelLimits, StaffId},
    ports::Intent,
    reply::{Key, Say},
};
use chrono::{Days, NaiveDate};

fn date(day: &str) -> NaiveDate {
    day.parse().unwrap()
}

fn ana() -> StaffId {
    "ana".parse().unwrap()
}

#[test]
fn a_part_of_the_day_filters() {
    let mut script = Script::salon();
    let turn = script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").between("15:00", ""));
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2026-03-12 – 2026-03-12
    AskSlot { service: "Women's haircut", staff: Some("Ana Souza"), scope: Day { date: 2026-03-12 } } [15:00] [15:30] [16:00] [16:30] [17:00] [17:30] [AnotherDay]
    "#);
}

#[test]
fn an_hour_that_is_taken_is_answered_with_the_nearest() {
    let mut script = Script::salon();
    script.taken.insert((ana(), "2026-03-12T15:30:00Z".parse().unwrap()));
    let turn = script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    insta::assert_snapshot!(turn.text(), @r"
    ? slots 2026-03-12 – 2026-03-12
    NotFreeThen { date: 2026-03-12, time: Some(15:30:00) } [Thu 12 Mar 14:00] [Thu 12 Mar 14:30] [Thu 12 Mar 15:00] [Thu 12 Mar 16:00] [Thu 12 Mar 16:30] [Thu 12 Mar 17:00] [AnotherDay]
    ");
    let turn = script.say(when().at("16:00"));
    insta::assert_snapshot!(turn.text(), @"Summary: Women's haircut, Ana Souza, Thu 12 Mar 16:00 [BookIt] [AnotherTime] [Drop]");
}

#[test]
fn a_day_without_anything_is_answered_with_the_days_around_it() {
    let mut script = Script::salon();
    script.closed.insert(date("2026-03-13"));
    let turn = script.say(booking().service("cut").with_anyone().on("2026-03-13"));
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2026-03-13 – 2026-03-13
    ? slots 2026-03-11 – 2026-03-20
    NothingFree { scope: Day { date: 2026-03-13 }, staff: None } / AskSlot { service: "Women's haircut", staff: None, scope: Next } [Wed 11 Mar 17:00] [Wed 11 Mar 17:30] [Thu 12 Mar 17:00] [Thu 12 Mar 17:30] [Sat 14 Mar 10:00] [Sat 14 Mar 10:30] [AnotherDay]
    "#);
}

#[test]
fn a_range_of_days_without_anything() {
    let mut script = Script::salon();
    script.closed.extend((14..=15).map(|day| date(&format!("2026-03-{day}"))));
    let turn = script.say(booking().service("cut").with_anyone().days("2026-03-14", "2026-03-15"));
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2026-03-14 – 2026-03-15
    ? slots 2026-03-11 – 2026-03-21
    NothingFree { scope: Days { from: 2026-03-14, to: 2026-03-15 }, staff: None } / AskSlot { service: "Women's haircut", staff: None, scope: Next } [Thu 12 Mar 17:00] [Thu 12 Mar 17:30] [Fri 13 Mar 17:00] [Fri 13 Mar 17:30] [Mon 16 Mar 10:00] [Mon 16 Mar 10:30] [AnotherDay]
    "#);
}

#[test]
fn a_week_shows_its_days_and_leads_to_the_next() {
    let mut script = Script::salon();
    let turn = script.say(booking().service("cut").with_anyone().days("2026-03-16", "2026-03-22"));
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2026-03-16 – 2026-03-22
    AskDay { service: "Women's haircut" } [Mon 16 Mar (16)] [Tue 17 Mar (16)] [Wed 18 Mar (16)] [Thu 19 Mar (16)] [Fri 20 Mar (16)] [Sat 21 Mar (16)] [PreviousWeek] [NextWeek]
    "#);
    let turn = script.tap_key(Key::NextWeek);
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2026-03-23 – 2026-03-29
    AskDay { service: "Women's haircut" } [Mon 23 Mar (16)] [Tue 24 Mar (16)] [Wed 25 Mar (16)] [Thu 26 Mar (16)] [Fri 27 Mar (16)] [Sat 28 Mar (16)] [PreviousWeek] [NextWeek]
    "#);
    let turn = script.tap_key(Key::PreviousWeek);
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2026-03-16 – 2026-03-22
    AskDay { service: "Women's haircut" } [Mon 16 Mar (16)] [Tue 17 Mar (16)] [Wed 18 Mar (16)] [Thu 19 Mar (16)] [Fri 20 Mar (16)] [Sat 21 Mar (16)] [PreviousWeek] [NextWeek]
    "#);
}

#[test]
fn an_hour_without_a_day_offers_the_days_that_have_it() {
    let mut script = Script::salon();
    let turn = script.say(booking().service("cut").with(&["ana"]).at("17:00"));
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2026-03-11 – 2026-03-17
    AskSlot { service: "Women's haircut", staff: Some("Ana Souza"), scope: Next } [Wed 11 Mar 17:00] [Thu 12 Mar 17:00] [Fri 13 Mar 17:00] [Sat 14 Mar 17:00] [Mon 16 Mar 17:00] [Tue 17 Mar 17:00] [NextWeek]
    "#);
}

#[test]
fn the_search_widens_until_something_is_free() {
    let mut script = Script::salon();
    let today = script.now.date_naive();
    script.closed.extend((0..20).map(|days| today + Days::new(days)));
    let turn = script.say(booking().service("cut").with_anyone());
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2026-03-11 – 2026-03-17
    ? slots 2026-03-18 – 2026-03-31
    AskDay { service: "Women's haircut" } [Tue 31 Mar (16)] [NextWeek]
    "#);
}

#[test]
fn an_honest_none() {
    let mut script = Script::salon();
    let today = script.now.date_naive();
    script.closed.extend((0..90).map(|days| today + Days::new(days)));
    let turn = script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:00"));
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2026-03-12 – 2026-03-12
    ? slots 2026-03-11 – 2026-03-19
    ? slots 2026-03-11 – 2026-03-24
    ? slots 2026-03-25 – 2026-04-14
    ? slots 2026-04-15 – 2026-05-05
    NothingFree { scope: Day { date: 2026-03-12 }, staff: Some("Ana Souza") } / NothingFreeAtAll { staff: Some("Ana Souza") } [AnyStaff] [Human] [Menu]
    "#);
    let turn = script.tap_key(Key::AnyStaff);
    assert!(turn.says(|say| *say == Say::NothingFreeAtAll { staff: None }), "{}", turn.text());
}

#[test]
fn the_past_and_the_far_future() {
    let mut script = Script::salon();
    let turn = script.say(booking().service("cut").with_anyone().on("2026-03-01"));
    assert!(turn.says(|say| *say == Say::DayInPast { date: date("2026-03-01") }), "{}", turn.text());
    let turn = script.say(when().on("2031-01-02"));
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2031-01-02 – 2031-01-02
    AskSlot { service: "Women's haircut", staff: None, scope: Day { date: 2031-01-02 } } [10:00] [10:30] [11:00] [11:30] [12:00] [12:30] [13:00] [Later] [AnotherDay]
    "#);
}

#[test]
fn unwanted_days_are_left_out() {
    let mut script = Script::salon();
    let turn = script.say(booking().service("cut").with_anyone().not_on("2026-03-12").not_on("2026-03-16"));
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2026-03-11 – 2026-03-17
    AskDay { service: "Women's haircut" } [Wed 11 Mar (16)] [Fri 13 Mar (16)] [Sat 14 Mar (16)] [Tue 17 Mar (16)] [NextWeek]
    "#);
}

#[test]
fn an_ambiguous_day_and_hour_are_asked() {
    let mut script = Script::salon();
    let turn = script.say(
        booking()
            .service("cut")
            .with_anyone()
            .on_one_of(&["2026-03-13", "2026-03-20", "2026-03-06"])
            .at_one_of(&["10:30", "11:30"]),
    );
    insta::assert_snapshot!(turn.text(), @"AskWhichDay [Fri 13 Mar] [Fri 20 Mar]");
    let turn = script.say(when().on("2026-03-20"));
    insta::assert_snapshot!(turn.text(), @"AskWhichTime [10:30] [11:30]");
    let turn = script.tap(2);
    insta::assert_snapshot!(turn.text(), @r"
    ? slots 2026-03-20 – 2026-03-20
    Summary: Women's haircut, anyone, Fri 20 Mar 11:30 [BookIt] [AnotherTime] [Drop]
    ");
}

#[test]
fn times_of_a_day_are_paged_on_any_channel() {
    let mut script = Script::salon();
    script.limits = ChannelLimits { rows: 4, ..ChannelLimits::whatsapp() };
    let mut story = script.say(booking().service("cut").with_anyone().on("2026-03-12")).text();
    story += &script.tap_key(Key::Later).text();
    story += &script.tap_key(Key::Earlier).text();
    script.limits = ChannelLimits::text_only();
    story += &script.tap_key(Key::Later).text();
    insta::assert_snapshot!(story, @r#"
    ? slots 2026-03-12 – 2026-03-12
    AskSlot { service: "Women's haircut", staff: None, scope: Day { date: 2026-03-12 } } [10:00] [10:30] [Later]
    ? slots 2026-03-12 – 2026-03-12
    AskSlot { service: "Women's haircut", staff: None, scope: Day { date: 2026-03-12 } } [11:00] [11:30] [Earlier] [Later]
    ? slots 2026-03-12 – 2026-03-12
    AskSlot { service: "Women's haircut", staff: None, scope: Day { date: 2026-03-12 } } [10:00] [10:30] [Later]
    ? slots 2026-03-12 – 2026-03-12
    AskSlot { service: "Women's haircut", staff: None, scope: Day { date: 2026-03-12 } } [13:00] [13:30] [14:00] [14:30] [15:00] [15:30] [Earlier] [Later] [AnotherDay]
    "#);
}

#[test]
fn shown_times_are_chosen_by_their_hour_their_number_or_as_the_last() {
    for (words, hour) in [
        (when().at("12:30"), "12:30"),
        (when().nth(2), "10:30"),
        (when().nth(0), "13:00"),
        (when().at_one_of(&["00:30", "12:30"]), "12:30"),
        (when().at("17:30"), "17:30"),
    ] {
        let mut script = Script::salon();
        script.say(booking().service("cut").with_anyone().on("2026-03-12"));
        let turn = script.say(words);
        assert!(
            turn.text().contains(&format!("Summary: Women's haircut, anyone, Thu 12 Mar {hour}")),
            "{}",
            turn.text()
        );
    }
}

#[test]
fn another_day_and_another_time_from_the_summary() {
    let mut script = Script::salon();
    script.say(booking().service("cut").with_anyone().on("2026-03-12").at("15:30"));
    let turn = script.tap_key(Key::AnotherTime);
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2026-03-12 – 2026-03-12
    AskSlot { service: "Women's haircut", staff: None, scope: Day { date: 2026-03-12 } } [10:00] [10:30] [11:00] [11:30] [12:00] [12:30] [13:00] [Later] [AnotherDay]
    "#);
    let turn = script.tap_key(Key::AnotherDay);
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2026-03-11 – 2026-03-17
    AskDay { service: "Women's haircut" } [Wed 11 Mar (16)] [Thu 12 Mar (16)] [Fri 13 Mar (16)] [Sat 14 Mar (16)] [Mon 16 Mar (16)] [Tue 17 Mar (16)] [NextWeek]
    "#);
    let turn = script.say(intent(Intent::Back));
    insta::assert_snapshot!(turn.text(), @r#"
    AskStaff { service: "Women's haircut" } [AnyStaff] [Ana Souza (Stylist ★48)] [Bruno Lima (Stylist)]
    "#);
}
