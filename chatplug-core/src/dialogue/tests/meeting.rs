//! Meeting, the menu, one step back, and the booking that was begun and left.

use crate::{
    dialogue::{
        Holder, Input, Timer,
        script::{Script, booking, intent, nothing, when},
    },
    model::{Lang, MediaKind},
    ports::Intent,
    reply::{HandOverReason, Key, Say},
};
use chrono::Duration;

#[test]
fn a_left_booking_is_offered_again_and_its_time_looked_up_again() {
    let mut script = Script::salon();
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-13").at("15:30"));
    let mut story = script.say(intent(Intent::Menu)).text();
    script.wait(Duration::hours(20));
    story += &script.say(intent(Intent::Greet)).text();
    story += &script.yes().text();
    insta::assert_snapshot!(story, @r#"
    Menu [Continue] [Book] [MyBookings] [Prices] [WhereWhen] [Language] [Human]
    Greeting { business: "Studio Bella", name: Some("Maria") } / ResumeOffer { service: Some("Women's haircut"), date: Some(2026-03-13) } [Continue] [StartAfresh] [Menu]
    ? slots 2026-03-13 – 2026-03-13
    Summary: Women's haircut, Ana Souza, Fri 13 Mar 15:30 [BookIt] [AnotherTime] [Drop]
    "#);
}

#[test]
fn a_left_booking_can_be_begun_afresh() {
    let mut script = Script::salon();
    script.say(booking().service("cut").on("2026-03-13"));
    script.wait(Duration::hours(20));
    let turn = script.say(booking());
    assert!(turn.says(|say| matches!(say, Say::ResumeOffer { .. })), "{}", turn.text());
    let turn = script.no();
    assert!(turn.says(|say| *say == Say::AskService), "{}", turn.text());
}

#[test]
fn a_left_booking_is_forgotten_after_the_policys_days() {
    let mut script = Script::salon();
    script.say(booking().service("cut").on("2026-03-13"));
    script.say(intent(Intent::Menu));
    script.wait(Duration::days(8));
    let turn = script.say(intent(Intent::Greet));
    assert!(turn.says(|say| *say == Say::Menu), "{}", turn.text());
}

#[test]
fn back_goes_one_question_back() {
    let mut script = Script::salon();
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    let mut story = String::new();
    for _ in 0..5 {
        story += &script.say(intent(Intent::Back)).text();
    }
    insta::assert_snapshot!(story, @r#"
    ? slots 2026-03-12 – 2026-03-12
    AskSlot { service: "Women's haircut", staff: Some("Ana Souza"), scope: Day { date: 2026-03-12 } } [10:00] [10:30] [11:00] [11:30] [12:00] [12:30] [13:00] [Later] [AnotherDay]
    ? slots 2026-03-11 – 2026-03-17
    AskDay { service: "Women's haircut" } [Wed 11 Mar (16)] [Thu 12 Mar (16)] [Fri 13 Mar (16)] [Sat 14 Mar (16)] [Mon 16 Mar (16)] [Tue 17 Mar (16)] [NextWeek]
    AskStaff { service: "Women's haircut" } [AnyStaff] [Ana Souza (Stylist ★48)] [Bruno Lima (Stylist)]
    AskService [Women's haircut (60 min, 4500)] [Men's haircut (30 min, 2250)] [Manicure (45 min, 3375)] [Colour (120 min, 9000)]
    Menu [Book] [MyBookings] [Prices] [WhereWhen] [Language] [Human]
    "#);
}

#[test]
fn three_misunderstandings_call_a_person() {
    let mut script = Script::salon();
    script.say(booking().service("cut"));
    let mut story = String::new();
    for text in ["blorp", "", "😶‍🌫️"] {
        story += &script.say(nothing(text)).text();
    }
    insta::assert_snapshot!(story, @r#"
    NotUnderstood / AskStaff { service: "Women's haircut" } [AnyStaff] [Ana Souza (Stylist ★48)] [Bruno Lima (Stylist)]
    NotUnderstoodAgain [Continue] [Book] [MyBookings] [Prices] [WhereWhen] [Language] [Human]
    HandedOver { reason: NotUnderstood }
    * Hold { holder: Person }
    + hand-back at 2026-03-11 21:00
    * Notify { event: NeedsPerson { reason: NotUnderstood } }
    "#);
}

#[test]
fn being_understood_forgives() {
    let mut script = Script::salon();
    script.say(nothing("blorp"));
    script.say(nothing("blorp"));
    script.say(intent(Intent::Greet));
    let turn = script.say(nothing("blorp"));
    assert!(turn.says(|say| *say == Say::NotUnderstood), "{}", turn.text());
}

#[test]
fn what_cannot_be_read_is_said_and_does_not_count() {
    let mut script = Script::salon();
    script.say(booking().service("cut"));
    for _ in 0..4 {
        let turn = script.say(crate::dialogue::script::Words::media(MediaKind::Audio));
        insta::allow_duplicates! {
            insta::assert_snapshot!(turn.text(), @r#"
    CannotRead { media: Some(Audio) } / AskStaff { service: "Women's haircut" } [AnyStaff] [Ana Souza (Stylist ★48)] [Bruno Lima (Stylist)]
    "#);
        }
    }
}

#[test]
fn out_of_scope_offers_a_person() {
    let mut script = Script::salon();
    let turn = script.say(intent(Intent::Other));
    insta::assert_snapshot!(turn.text(), @"OutOfScope [Human] [Menu]");
    let turn = script.yes();
    assert!(turn.text().contains("HandedOver"), "{}", turn.text());
}

#[test]
fn an_unsure_reading_is_asked_about_unless_it_answers_the_question() {
    let mut script = Script::salon();
    let turn = script.say(intent(Intent::Cancel).sure(0.4));
    assert!(turn.says(|say| *say == Say::NotUnderstood), "{}", turn.text());
    script.say(booking().service("cut").with(&["ana"]));
    let turn = script.say(intent(Intent::Cancel).sure(0.4).on("2026-03-12"));
    assert!(turn.says(|say| matches!(say, Say::AskSlot { .. })), "{}", turn.text());
}

#[test]
fn four_thousand_characters_and_right_to_left_are_just_words() {
    let mut script = Script::salon();
    for text in ["x".repeat(4000), "مرحبا ".repeat(600)] {
        let turn = script.say(nothing(&text));
        assert!(!turn.options().is_empty(), "{}", turn.text());
    }
}

#[test]
fn the_language_follows_clear_messages_only() {
    let mut script = Script::salon();
    script.say(intent(Intent::Greet).text("bom dia tudo bem").in_lang(Lang::PT, 0.9));
    assert_eq!(script.dialogue.language(), Some(Lang::PT));
    assert_eq!(script.contact.language, Some(Lang::PT));
    script.say(intent(Intent::Yes).text("ok").in_lang(Lang::EN, 0.99));
    assert_eq!(script.dialogue.language(), Some(Lang::PT), "one short word does not flip it");
    script.say(booking().text("maybe a haircut").in_lang(Lang::EN, 0.6));
    assert_eq!(script.dialogue.language(), Some(Lang::PT), "an unclear message does not flip it");
    script.say(booking().text("I would like a haircut").in_lang(Lang::EN, 0.95));
    assert_eq!(script.dialogue.language(), Some(Lang::EN));
    let turn = script.say(intent(Intent::ChangeLanguage).wants(Lang::RU));
    insta::assert_snapshot!(turn.text(), @r"
    * UpdateContact { change: Language { lang: ru } }
    LanguageChanged / AskService [Women's haircut (60 min, 4500)] [Men's haircut (30 min, 2250)] [Manicure (45 min, 3375)] [Colour (120 min, 9000)]
    ");
    let turn = script.say(intent(Intent::ChangeLanguage));
    insta::assert_snapshot!(turn.text(), @"AskLanguage [pt] [en] [es] [fr] [ru]");
    let turn = script.tap(4);
    assert!(turn.says(|say| *say == Say::LanguageChanged), "{}", turn.text());
    assert_eq!(script.dialogue.language(), Some(Lang::FR));
}

#[test]
fn yes_with_nothing_open() {
    let mut script = Script::salon();
    let turn = script.yes();
    insta::assert_snapshot!(turn.text(), @"NothingOpen / Menu [Book] [MyBookings] [Prices] [WhereWhen] [Language] [Human]");
}

#[test]
fn thanks_in_the_middle_goes_on() {
    let mut script = Script::salon();
    script.say(booking().service("cut"));
    let turn = script.say(intent(Intent::Thanks));
    insta::assert_snapshot!(turn.text(), @r#"
    YoureWelcome / AskStaff { service: "Women's haircut" } [AnyStaff] [Ana Souza (Stylist ★48)] [Bruno Lima (Stylist)]
    "#);
}

#[test]
fn only_what_exists_is_taken() {
    let mut script = Script::salon();
    let turn = script.say(booking().services(&["ghost"]).with(&["nobody"]));
    assert!(turn.says(|say| *say == Say::AskService), "{}", turn.text());
    let turn = script.say(when().on("2026-03-12").services(&["ghost", "manicure"]));
    assert!(turn.text().contains("Manicure"), "{}", turn.text());
}

#[test]
fn too_many_people_and_too_many_bookings() {
    let mut script = Script::salon();
    let turn = script.say(booking().service("cut").with_anyone().people(5));
    insta::assert_snapshot!(turn.text(), @"PartyTooLarge { party: 5, most: 2 } [Human] [Menu]");
    let turn = script.say(nothing("two then").people(2));
    assert!(turn.text().starts_with("? slots"), "{}", turn.text());
    script.policy.max_upcoming = 0;
    script.say(intent(Intent::Menu));
    let turn = script.tap_key(Key::Book);
    assert!(turn.says(|say| *say == Say::ResumeOffer { service: Some("Women's haircut".to_owned()), date: None }));
    let turn = script.yes();
    assert!(turn.says(|say| *say == Say::TooMany), "{}", turn.text());
}

#[test]
fn nothing_can_be_read() {
    let mut script = Script::salon();
    script.trouble = Some(crate::dialogue::Trouble::Down);
    let turn = script.say(booking().service("cut").with_anyone());
    insta::assert_snapshot!(turn.text(), @r"
    ? slots 2026-03-11 – 2026-03-17
    CannotLook [TryAgain] [Human] [Menu]
    ");
    script.trouble = None;
    let turn = script.yes();
    assert!(turn.says(|say| matches!(say, Say::AskDay { .. })), "{}", turn.text());
}

#[test]
fn what_is_said_without_a_catalogue_is_kept_and_read_when_there_is_one() {
    let mut script = Script::salon();
    let branches = std::mem::take(&mut script.branches);
    let turn = script.say(booking().service("cut").with_anyone());
    assert!(
        turn.says(|say| *say == Say::SystemDown) && !turn.says(|say| *say == Say::NotUnderstood),
        "{}",
        turn.text()
    );
    assert!(script.timers.contains_key(&Timer::Catalog));
    script.say(nothing("hello?"));
    assert_eq!((script.dialogue.kept().len(), script.timers.len()), (2, 1));
    // It rings and there is none still: nothing is said, and it rings again.
    script.timers.remove(&Timer::Catalog);
    script.now += Duration::minutes(1);
    let turn = script.input(Input::Timer { timer: Timer::Catalog });
    assert!(script.timers.contains_key(&Timer::Catalog) && !turn.says(|_| true), "{}", turn.text());

    script.branches = branches;
    let said = script.dialogue.kept().iter().take(1).cloned().collect();
    let turn = script.input(Input::Said { said });
    assert!(turn.text().contains("? slots"), "{}", turn.text());
    assert!(script.dialogue.kept().is_empty() && !script.timers.contains_key(&Timer::Catalog));
}

#[test]
fn without_a_catalogue_a_person_is_called_in_the_end_or_when_asked_for() {
    let mut script = Script::salon();
    script.branches.clear();
    script.say(booking().service("cut"));
    script.now += Duration::minutes(16);
    let turn = script.input(Input::Timer { timer: Timer::Catalog });
    let down = |say: &Say| matches!(say, Say::HandedOver { reason: HandOverReason::BackendDown });
    assert!(turn.says(down) && script.holder == Holder::Person, "{}", turn.text());
    assert!(script.dialogue.kept().is_empty(), "it is the person's to read");

    let mut script = Script::salon();
    script.branches.clear();
    script.say(booking().service("cut"));
    let turn = script.say(intent(Intent::Human));
    assert!(turn.says(|say| matches!(say, Say::HandedOver { reason: HandOverReason::Asked })), "{}", turn.text());

    let mut script = Script::salon();
    script.branches.clear();
    for _ in 0..20 {
        script.say(nothing("hello?"));
    }
    assert_eq!((script.holder, script.dialogue.kept().len()), (Holder::Bot, 20));
    script.say(nothing("hello?"));
    assert_eq!((script.holder, script.dialogue.kept().len()), (Holder::Person, 0), "it does not grow for ever");
}
