//! Dates, times and money, as each country writes them.

use crate::words::{Manner, manners};
use chatplug_core::{
    model::{ChannelLimits, Formality, Lang, Money, Outbound, Price},
    reply::{BookingView, Label, Reply, Say, When, Words, label_text, preview, render, samples::Facts},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use iso_currency::Currency;
use std::fmt::Write as _;

fn label(manner: &Manner, label: &Label) -> String {
    label_text(&Words::shipped(), label, manner.lang, &manner.context(&ChannelLimits::whatsapp()))
        .replace('\u{a0}', " ")
}

/// How a visit at an instant reads in a sentence.
fn sentence(manner: &Manner, at: When) -> String {
    let booking = BookingView { at, ..manner.facts.bare_view() };
    let reply = Reply::of(Say::VisitConfirmed { booking });
    preview(&render(&Words::shipped(), &reply, manner.lang, &manner.context(&ChannelLimits::whatsapp())))
}

fn at(instant: &str, zone: Tz) -> When {
    When { start: instant.parse::<DateTime<Utc>>().unwrap(), zone }
}

#[test]
fn the_same_afternoon_in_every_manner() {
    let mut all = String::new();
    for manner in manners().iter().filter(|manner| manner.formality == Formality::Informal) {
        for hour in ["T09:05:00Z", "T13:00:00Z", "T00:30:00Z"] {
            let at = at(&format!("2026-09-16{hour}"), manner.facts.at.zone);
            let short = label(manner, &Label::DayTime { at });
            writeln!(all, "{}: {} | {short}", manner.name, sentence(manner, at)).unwrap();
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn times_are_the_branchs_whatever_the_language() {
    // Half past three in the afternoon in Lisbon is half past twelve in São Paulo.
    let manners = manners();
    let russian = manners.iter().find(|manner| manner.name == "ru-ru").unwrap();
    let lisbon = at("2026-03-18T15:30:00Z", chrono_tz::Europe::Lisbon);
    let paulista = at("2026-03-18T15:30:00Z", chrono_tz::America::Sao_Paulo);
    assert_eq!(label(russian, &Label::Time { at: lisbon }), "15:30");
    assert_eq!(label(russian, &Label::Time { at: paulista }), "12:30");
    // The day too: half past eleven at night in Lisbon is the next day in Moscow.
    let night = at("2026-03-18T23:30:00Z", chrono_tz::Europe::Moscow);
    assert_eq!(label(russian, &Label::DayTime { at: night }), "Чт, 19 мар, 02:30");
}

#[test]
fn the_hour_that_comes_twice_is_told_apart() {
    let manners = manners();
    let portuguese = manners.iter().find(|manner| manner.name == "pt-pt").unwrap();
    let zone = chrono_tz::Europe::Lisbon;
    let label = |instant: &str| label(portuguese, &Label::DayTime { at: at(instant, zone) });
    assert_eq!(label("2026-10-24T23:30:00Z"), "Domingo, 25/10, 00:30");
    assert_eq!(label("2026-10-25T00:30:00Z"), "Domingo, 25/10, 01:30 (UTC+1)");
    assert_eq!(label("2026-10-25T01:30:00Z"), "Domingo, 25/10, 01:30 (UTC+0)");
    assert_eq!(label("2026-10-25T02:30:00Z"), "Domingo, 25/10, 02:30");

    let american = manners.iter().find(|manner| manner.name == "en-us").unwrap();
    let twice = at("2026-11-01T06:30:00Z", chrono_tz::America::New_York);
    assert_eq!(sentence(american, twice), "Lovely, see you then: Haircut, Sunday, November 1 at 1:30 AM (UTC−5).");
}

#[test]
fn the_hour_that_never_comes_is_not_shown() {
    let manners = manners();
    let portuguese = manners.iter().find(|manner| manner.name == "pt-pt").unwrap();
    let zone = chrono_tz::Europe::Lisbon;
    let label = |instant: &str| label(portuguese, &Label::Time { at: at(instant, zone) });
    // 00:59 is followed by 02:00.
    assert_eq!(
        (label("2026-03-29T00:59:00Z"), label("2026-03-29T01:00:00Z")),
        ("00:59".to_owned(), "02:00".to_owned())
    );
}

#[test]
fn spanish_says_one_o_clock_in_the_singular() {
    let manners = manners();
    let mexican = manners.iter().find(|manner| manner.name == "es-mx").unwrap();
    let spanish = manners.iter().find(|manner| manner.name == "es-es").unwrap();
    assert!(sentence(mexican, at("2026-09-16T19:00:00Z", chrono_tz::America::Mexico_City)).ends_with("a la 1:00 pm."));
    assert!(sentence(spanish, at("2026-09-16T11:00:00Z", chrono_tz::Europe::Madrid)).ends_with("a las 13:00."));
}

#[test]
fn money_in_every_manner() {
    let amounts = [
        (4500, Currency::EUR),
        (4550, Currency::EUR),
        (123_400, Currency::EUR),
        (4500, Currency::BRL),
        (4500, Currency::USD),
        (45000, Currency::MXN),
        (4500, Currency::GBP),
        (150_000, Currency::RUB),
        (150_050, Currency::RUB),
        (4500, Currency::JPY),
        (4500, Currency::CHF),
        (4500, Currency::AOA),
        (0, Currency::EUR),
        (12_345_678_900, Currency::EUR),
    ];
    let mut all = String::new();
    for manner in manners().iter().filter(|manner| manner.formality == Formality::Informal) {
        let prices = amounts.map(|(minor, currency)| {
            let price = Some(Price::fixed(Money::new(minor, currency)));
            label(manner, &Label::ServiceFacts { minutes: 0, price })
        });
        writeln!(all, "{}: {}", manner.name, prices.join(" | ")).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn extreme_amounts_and_dates_are_printed_all_the_same() {
    let manner = manners().remove(0);
    for minor in [i64::MIN, i64::MAX, -1] {
        let price = Some(Price::fixed(Money::new(minor, Currency::EUR)));
        assert!(label(&manner, &Label::ServiceFacts { minutes: u32::MAX, price }).contains('€'));
    }
    for date in [chrono::NaiveDate::MIN, chrono::NaiveDate::MAX] {
        assert!(!label(&manner, &Label::Day { date }).is_empty());
    }
}

#[test]
fn an_unknown_country_is_no_obstacle() {
    for country in ["", "XX", "Atlantis", "ñ", "br"] {
        let facts = Facts::new("Corte", "Ana", chrono_tz::Europe::Lisbon, 4500, Currency::EUR);
        let manner = Manner { name: "any", lang: Lang::PT, country, formality: Formality::Formal, facts };
        assert_eq!(label(&manner, &Label::Time { at: manner.facts.at }), "15:30");
        let reply = Reply::of(Say::Menu);
        let messages = render(&Words::shipped(), &reply, Lang::PT, &manner.context(&ChannelLimits::whatsapp()));
        assert_eq!(messages, [Outbound::Text { body: "Como posso ajudar?".to_owned() }]);
    }
}
