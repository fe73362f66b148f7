//! Bot and person, consent, and several wishes at once.

use crate::{
    dialogue::{
        Effect, Holder, Operator, Outcome, Timer,
        script::{Script, booking, intent, nothing, when},
    },
    model::{Consent, Private},
    ports::Intent,
    reply::Say,
};
use chrono::Duration;

#[test]
fn handed_over_and_back_to_where_it_was() {
    let mut script = Script::salon();
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    let mut story = script.say(intent(Intent::Human)).text();
    let turn = script.burst([intent(Intent::Yes), nothing("hello?")]);
    assert_eq!(turn.outcomes(), [Outcome::Merged, Outcome::LeftToPerson]);
    assert_eq!(script.committed, []);
    story += &turn.text();
    story += &script.operator(Operator::Say { text: Private::new("Hi, Ana here".to_owned()) }).text();
    story += &script.operator(Operator::HandBack).text();
    insta::assert_snapshot!(story, @r"
    HandedOver { reason: Asked }
    * Hold { holder: Person }
    + hand-back at 2026-03-11 21:00
    * Notify { event: NeedsPerson { reason: Asked } }
    + hand-back at 2026-03-11 21:00
    * Relay { text: <private> }
    * Hold { holder: Bot }
    - hand-back
    ? slots 2026-03-12 – 2026-03-12
    HandedBack / Summary: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [BookIt] [AnotherTime] [Drop]
    ");
    assert_eq!(script.holder, Holder::Bot);
}

#[test]
fn the_bot_takes_back_what_nobody_answers() {
    let mut script = Script::salon();
    script.say(intent(Intent::Human));
    assert_eq!(script.holder, Holder::Person);
    let turn = script.wait(Duration::hours(13));
    insta::assert_snapshot!(turn.text(), @r"
    * Hold { holder: Bot }
    - hand-back
    HandedBack / Menu [Book] [MyBookings] [Prices] [WhereWhen] [Language] [Human]
    ");
    assert_eq!(script.holder, Holder::Bot);
    let mut script = Script::salon();
    script.policy.hand_back_hours = 0;
    script.say(intent(Intent::Human));
    assert!(!script.timers.contains_key(&Timer::HandBack));
}

#[test]
fn a_stop_is_a_stop_even_to_a_person_and_cancels_nothing() {
    let mut script = Script::salon();
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    script.yes();
    script.operator(Operator::TakeOver);
    let turn = script.say(intent(Intent::OptOut));
    assert_eq!(turn.replies().count(), 0);
    assert!(script.contact.opted_out.contains(&Consent::Reminders));
    script.operator(Operator::HandBack);
    let turn = script.say(intent(Intent::OptOut));
    insta::assert_snapshot!(turn.text(), @r"
    * UpdateContact { change: Consent { consent: Marketing, refused: true } }
    * UpdateContact { change: Consent { consent: Reminders, refused: true } }
    OptedOut { bookings_stand: true } [Menu]
    ");
    assert_eq!(script.bookings.len(), 1);
    let turn = script.say(intent(Intent::AskPrice).service("cut"));
    assert!(turn.says(|say| matches!(say, Say::PriceOf { .. })), "what they ask is still answered: {}", turn.text());
    script.say(intent(Intent::OptIn));
    assert!(script.contact.opted_out.is_empty());
}

#[test]
fn two_requests_in_one_breath_are_both_done() {
    let mut script = Script::salon();
    script.say(booking().service("cut").with(&["ana"]).on("2026-03-12").at("15:30"));
    script.yes();
    let mut story = script.burst([intent(Intent::Cancel), booking().service("manicure").on("2026-03-13")]).text();
    story += &script.yes().text();
    insta::assert_snapshot!(story, @r#"
    ? bookings
    CancelSummary: Women's haircut, Ana Souza, Thu 12 Mar 15:30 [CancelIt] [KeepIt]
    ! cancel
    - reminder
    Cancelled: Women's haircut, Ana Souza, Thu 12 Mar 15:30 +template cancelled
    ? slots 2026-03-13 – 2026-03-13
    AskSlot { service: "Manicure", staff: Some("Carla Reyes"), scope: Day { date: 2026-03-13 } } [10:00] [10:30] [11:00] [11:30] [12:00] [12:30] [13:00] [Later] [AnotherDay]
    "#);
}

#[test]
fn a_greeting_and_a_photo_with_a_request() {
    let mut script = Script::salon();
    let photo = crate::dialogue::script::Words::media(crate::model::MediaKind::Image);
    let turn = script.burst([intent(Intent::Greet), photo, booking().service("manicure")]);
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2026-03-11 – 2026-03-17
    Greeting { business: "Studio Bella", name: Some("Maria") } / CannotRead { media: Some(Image) } / AskDay { service: "Manicure" } [Wed 11 Mar (16)] [Thu 12 Mar (16)] [Fri 13 Mar (16)] [Sat 14 Mar (16)] [Mon 16 Mar (16)] [Tue 17 Mar (16)] [NextWeek]
    "#);
    assert_eq!(turn.outcomes(), [Outcome::Merged, Outcome::Merged, Outcome::Asked]);
}

#[test]
fn a_person_may_not_do_what_is_wanted() {
    let mut script = Script::salon();
    let turn = script.say(booking().service("manicure").with(&["ana"]));
    insta::assert_snapshot!(turn.text(), @r#"
    ? slots 2026-03-11 – 2026-03-17
    StaffDoesNotDo { staff: "Ana Souza", service: "Manicure" } / WhoDoes { service: "Manicure", staff: ["Carla Reyes"] } / AskDay { service: "Manicure" } [Wed 11 Mar (16)] [Thu 12 Mar (16)] [Fri 13 Mar (16)] [Sat 14 Mar (16)] [Mon 16 Mar (16)] [Tue 17 Mar (16)] [NextWeek]
    "#);
    let turn = script.say(when().services(&["cut", "trim"]));
    insta::assert_snapshot!(turn.text(), @"AskWhichService [Women's haircut (60 min, 4500)] [Men's haircut (30 min, 2250)]");
    let turn = script.say(when().with(&["ana", "bruno"]));
    insta::assert_snapshot!(turn.text(), @"AskWhichService [Women's haircut (60 min, 4500)] [Men's haircut (30 min, 2250)]");
}

#[test]
fn a_hand_over_reply_survives_the_taking_over() {
    let mut script = Script::salon();
    let turn = script.say(intent(Intent::Human));
    let say = turn.effects.iter().position(|effect| matches!(effect, Effect::Say { .. }));
    let hold = turn.effects.iter().position(|effect| matches!(effect, Effect::Hold { .. }));
    assert!(say < hold && turn.replies().all(|reply| reply.keep), "{}", turn.text());
    assert_eq!(turn.outcomes(), [Outcome::HandedOver]);
}
