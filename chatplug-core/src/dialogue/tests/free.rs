//! Free questions: facts are quoted and the open question comes back; where there is none, a person is offered.

use crate::{
    dialogue::script::{Script, Words, booking, intent, nothing},
    model::{Fact, FactMention, Lang, Localized},
    ports::Intent,
    reply::Key,
    understand::FactBook,
};

fn script() -> Script {
    let mut script = Script::salon();
    script.facts = FactBook::new(vec![Fact {
        id: "parking".parse().unwrap(),
        ask: Vec::new(),
        text: Localized::new("Behind the house.").with(Lang::PT, "Atrás da casa."),
    }]);
    script
}

fn asking(words: Words, fact: FactMention) -> Words {
    words.meaning(|meaning| meaning.fact = fact)
}

fn known() -> FactMention {
    FactMention::Known("parking".parse().unwrap())
}

#[test]
fn a_fact_is_quoted_in_the_clients_language() {
    let mut script = script();
    let turn = script.say(asking(nothing("?"), known()));
    insta::assert_snapshot!(turn.text(), @r#"Fact { text: "Behind the house." } [Book] [Human] [Menu]"#);
    let turn = script.say(asking(nothing("?").in_lang(Lang::PT, 0.99), known()));
    assert!(turn.text().contains("Atrás da casa."), "{}", turn.text());
}

#[test]
fn after_the_answer_the_open_question_is_asked_again() {
    let mut script = script();
    script.say(booking().service("cut").with(&["ana"]));
    for words in [nothing("?"), intent(Intent::AskLocation), intent(Intent::Other)] {
        let turn = script.say(asking(words, known()));
        assert!(turn.text().starts_with("Fact { text: \"Behind the house.\" } / AskDay"), "{}", turn.text());
    }
    assert!(script.tap(2).text().contains("AskSlot"), "the list that was repeated still works");
}

#[test]
fn a_message_that_wants_more_gets_both() {
    let mut script = script();
    let turn = script.say(asking(booking().service("cut").with(&["ana"]), known()));
    assert!(turn.text().contains("Fact {") && turn.text().contains("AskDay"), "{}", turn.text());
}

#[test]
fn what_no_fact_answers_is_offered_to_a_person() {
    let mut script = script();
    let turn = script.say(asking(nothing("?"), FactMention::Unknown));
    insta::assert_snapshot!(turn.text(), @"NoFact [Human] [Menu]");
    assert!(script.yes().text().contains("HandedOver"));
    let mut script = self::script();
    script.say(booking().service("cut").with(&["ana"]));
    let turn = script.say(asking(nothing("?"), FactMention::Unknown));
    insta::assert_snapshot!(turn.text(), @"NoFact [Human] [Continue]");
    let turn = script.tap_key(Key::Continue);
    assert!(turn.text().contains("AskDay"), "{}", turn.text());
}

#[test]
fn a_fact_that_nobody_gave_is_not_said() {
    let mut script = script();
    let turn = script.say(asking(nothing("?"), FactMention::Known("vouchers".parse().unwrap())));
    assert!(turn.text().starts_with("NotUnderstood"), "{}", turn.text());
}
