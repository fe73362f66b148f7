//! Lists: what a tap, a number or a word means once other lists were shown.

use crate::{
    dialogue::{
        Outcome,
        script::{Script, booking, intent, nothing, when},
    },
    model::ChannelLimits,
    ports::{Intent, OpenQuestion},
    reply::{Key, Say},
};
use chrono::Duration;

fn old(say: &Say) -> bool {
    *say == Say::OldList
}

#[test]
fn a_tap_on_an_old_time_is_checked_again_and_said_so() {
    let mut script = Script::salon();
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12"));
    let at_eleven = script.id_of(3);
    script.say(when().on("2026-03-13"));
    let turn = script.tap_id(&at_eleven);
    insta::assert_snapshot!(turn.text(), @r"
    ? slots 2026-03-12 – 2026-03-12
    OldList / Summary: Women's haircut, Ana Souza, Thu 12 Mar 11:00 [BookIt] [AnotherTime] [Drop]
    ");
}

#[test]
fn a_tap_on_an_old_time_that_is_gone_shows_what_is_near() {
    let mut script = Script::salon();
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12"));
    let at_eleven = script.id_of(3);
    script.say(when().on("2026-03-13"));
    script.taken.insert(("ana".parse().unwrap(), "2026-03-12T11:00:00Z".parse().unwrap()));
    let turn = script.tap_id(&at_eleven);
    insta::assert_snapshot!(turn.text(), @r"
    ? slots 2026-03-12 – 2026-03-12
    ? slots 2026-03-11 – 2026-03-19
    OldList / NotFreeThen { date: 2026-03-12, time: Some(11:00:00) } [Thu 12 Mar 10:00] [Thu 12 Mar 10:30] [Thu 12 Mar 11:30] [Thu 12 Mar 12:00] [Thu 12 Mar 12:30] [Thu 12 Mar 13:00] [AnotherDay]
    ");
}

#[test]
fn the_yes_of_an_old_summary_commits_nothing() {
    let mut script = Script::salon();
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    let yes = script.id_of(1);
    script.say(when().at("16:00"));
    let turn = script.tap_id(&yes);
    assert!(turn.says(old) && script.committed.is_empty(), "{}", turn.text());
    assert!(turn.text().contains("Summary: Women's haircut, Ana Souza, Thu 12 Mar 15:30"), "{}", turn.text());
    script.yes();
    assert_eq!(script.committed.len(), 1);
}

#[test]
fn the_last_of_one_yes_is_no_yes() {
    let mut script = Script::salon();
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    let turn = script.say(when().nth(0));
    assert!(script.committed.is_empty(), "{}", turn.text());
    script.say(when().nth(1));
    assert_eq!(script.committed.len(), 1, "a position that was shown is a choice");
}

#[test]
fn the_second_tap_on_a_yes_books_nothing_twice() {
    let mut script = Script::salon();
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    let yes = script.id_of(1);
    script.tap_id(&yes);
    let turn = script.tap_id(&yes);
    assert_eq!(script.committed.len(), 1);
    insta::assert_snapshot!(turn.text(), @"OldList / Bookings: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [MoveVisit] [CancelVisit] [Menu]");
}

#[test]
fn a_list_answered_the_next_morning_is_checked_again() {
    let mut script = Script::salon();
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12"));
    script.wait(Duration::minutes(20));
    let turn = script.tap(3);
    assert!(turn.text().starts_with("? slots"), "{}", turn.text());
    assert!(turn.text().contains("Summary: Women's haircut, Ana Souza, Thu 12 Mar 11:00"), "{}", turn.text());
}

#[test]
fn a_number_means_the_newest_list() {
    let mut script = Script::salon();
    script.say(booking());
    let turn = script.say(when().nth(2));
    assert!(turn.text().contains("Men's haircut") || turn.text().contains("? slots"), "{}", turn.text());
    let turn = script.say(when().nth(2));
    assert!(turn.text().contains("10:30"), "the second day's times: {}", turn.text());
}

#[test]
fn a_number_without_a_list_or_beyond_it_is_not_understood() {
    let mut script = Script::salon();
    let turn = script.say(nothing("7").nth(7));
    assert!(turn.says(|say| *say == Say::NotUnderstood), "{}", turn.text());
    let turn = script.say(nothing("77").nth(77));
    assert!(turn.says(|say| *say == Say::NotUnderstoodAgain), "{}", turn.text());
}

#[test]
fn garbage_is_not_understood_and_harms_nothing() {
    for id in ["", "v1", "v1:", "v1:0:0", "v1:1:0", "v1:99:1", "v2:1:1", "v1:1:1:1", "v1:visit:x:come", "'; drop table"]
    {
        let mut script = Script::salon();
        script.say(intent(Intent::Greet));
        let turn = script.tap_id(id);
        assert!(turn.says(|say| *say == Say::NotUnderstood), "{id}: {}", turn.text());
    }
}

#[test]
fn names_on_a_list_can_be_spelt() {
    let mut script = Script::two_branches();
    let turn = script.say(booking().service("manicure"));
    insta::assert_snapshot!(turn.text(), @"AskBranch [Studio Bella Centre (Rua das Flores 1, Lisboa)] [Studio Bella Beach (Avenida do Mar 7, Cascais)] [Nearest]");
    assert_eq!(script.dialogue.open_question(), OpenQuestion::Branch);
    let turn = script.say(nothing("studio bella beach"));
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2026-03-11 – 2026-03-17
    AskDay { service: "Manicure" } [Wed 11 Mar (16)] [Thu 12 Mar (16)] [Fri 13 Mar (16)] [Sat 14 Mar (16)] [Mon 16 Mar (16)] [Tue 17 Mar (16)] [NextWeek]
    "#);
    assert_eq!(script.dialogue.branch().map(|id| id.as_str()), Some("beach"));
}

#[test]
fn many_services_come_by_category_and_in_pages() {
    let mut script = Script::salon();
    let names: Vec<String> = (1..=24).map(|n| format!("S{n:02}")).collect();
    script.offers(
        names
            .iter()
            .enumerate()
            .map(|(n, name)| (name.as_str(), 30, Some(if n < 4 { "Nails" } else { "Hair" }), &["ana"][..])),
    );
    let mut story = script.say(booking()).text();
    story += &script.tap_name("Hair").text();
    story += &script.tap_key(Key::More).text();
    story += &script.tap_key(Key::More).text();
    story += &script.tap_key(Key::Back).text();
    story += &script.tap_name("S13").text();
    insta::assert_snapshot!(story, @r#"
    AskService [Nails] [Hair]
    AskService [S05 (30 min, 2250)] [S06 (30 min, 2250)] [S07 (30 min, 2250)] [S08 (30 min, 2250)] [S09 (30 min, 2250)] [S10 (30 min, 2250)] [S11 (30 min, 2250)] [S12 (30 min, 2250)] [More] [Back]
    AskService [S13 (30 min, 2250)] [S14 (30 min, 2250)] [S15 (30 min, 2250)] [S16 (30 min, 2250)] [S17 (30 min, 2250)] [S18 (30 min, 2250)] [S19 (30 min, 2250)] [S20 (30 min, 2250)] [More] [Back]
    AskService [S21 (30 min, 2250)] [S22 (30 min, 2250)] [S23 (30 min, 2250)] [S24 (30 min, 2250)] [Back]
    AskService [S13 (30 min, 2250)] [S14 (30 min, 2250)] [S15 (30 min, 2250)] [S16 (30 min, 2250)] [S17 (30 min, 2250)] [S18 (30 min, 2250)] [S19 (30 min, 2250)] [S20 (30 min, 2250)] [More] [Back]
    ? slots 2026-03-11 – 2026-03-17
    AskDay { service: "S13" } [Wed 11 Mar (16)] [Thu 12 Mar (16)] [Fri 13 Mar (16)] [Sat 14 Mar (16)] [Mon 16 Mar (16)] [Tue 17 Mar (16)] [NextWeek]
    "#);
}

#[test]
fn many_services_without_categories_come_in_pages_of_nine_where_only_text_goes() {
    let mut script = Script::salon();
    script.limits = ChannelLimits::text_only();
    let names: Vec<String> = (1..=20).map(|n| format!("S{n:02}")).collect();
    script.offers(names.iter().map(|name| (name.as_str(), 30, None, &["ana"][..])));
    let mut story = script.say(booking()).text();
    story += &script.say(when().nth(8)).text();
    story += &script.say(when().nth(0)).text();
    insta::assert_snapshot!(story, @r#"
    AskService [S01 (30 min, 2250)] [S02 (30 min, 2250)] [S03 (30 min, 2250)] [S04 (30 min, 2250)] [S05 (30 min, 2250)] [S06 (30 min, 2250)] [S07 (30 min, 2250)] [More]
    AskService [S08 (30 min, 2250)] [S09 (30 min, 2250)] [S10 (30 min, 2250)] [S11 (30 min, 2250)] [S12 (30 min, 2250)] [S13 (30 min, 2250)] [S14 (30 min, 2250)] [More] [Back]
    ? slots 2026-03-11 – 2026-03-17
    AskDay { service: "S14" } [Wed 11 Mar (16)] [Thu 12 Mar (16)] [Fri 13 Mar (16)] [Sat 14 Mar (16)] [Mon 16 Mar (16)] [Tue 17 Mar (16)] [NextWeek]
    "#);
}

#[test]
fn a_tap_on_yesterdays_menu_still_works() {
    let mut script = Script::salon();
    script.say(intent(Intent::Greet));
    let book = script.id_of(1);
    script.say(booking().service("cut"));
    script.wait(Duration::hours(30));
    let turn = script.tap_id(&book);
    insta::assert_snapshot!(turn.text(), @r#"
    ResumeOffer { service: Some("Women's haircut"), date: None } [Continue] [StartAfresh] [Menu]
    "#);
    assert_eq!(turn.outcomes(), [Outcome::Asked]);
}
