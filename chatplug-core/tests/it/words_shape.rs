//! The shapes that replies take on a channel.

use crate::words::manners;
use chatplug_core::{
    model::{ChannelLimits, GeoPoint, Lang, ListSection, MediaSource, Outbound, Place},
    reply::{Choice, Choices, Key, Label, Note, RenderContext, Rendered, Reply, Say, Words, render_noting, samples},
    testkit::fits,
};

/// A reply in English on a channel, checked against the channel's limits.
fn rendered(reply: &Reply, limits: &ChannelLimits) -> Rendered {
    let manner = manners().into_iter().find(|manner| manner.name == "en-gb").unwrap();
    let context: RenderContext<'_> = manner.context(limits);
    let rendered = render_noting(&Words::shipped(), reply, Lang::EN, &context);
    for message in &rendered.messages {
        assert_eq!(fits(message, limits), Ok(()), "{message:?}");
    }
    rendered
}

fn named(names: &[&str]) -> Choices {
    samples::choices(names.iter().map(|name| Label::Name { name: (*name).to_owned() }))
}

fn buttons(message: &Outbound) -> Vec<&str> {
    match message {
        Outbound::Buttons { buttons, .. } => buttons.iter().map(|button| button.title.as_str()).collect(),
        other => panic!("buttons were expected, not {other:?}"),
    }
}

fn list(message: &Outbound) -> &[ListSection] {
    match message {
        Outbound::List { sections, .. } => sections,
        other => panic!("a list was expected, not {other:?}"),
    }
}

fn rows(message: &Outbound) -> Vec<(&str, Option<&str>)> {
    let rows = list(message).iter().flat_map(|section| &section.rows);
    rows.map(|row| (row.title.as_str(), row.description.as_deref())).collect()
}

#[test]
fn up_to_three_short_options_are_buttons() {
    let keys = [Key::BookIt, Key::Change, Key::Drop].map(|key| Label::Key { key });
    let reply = Reply::of(Say::Menu).choosing(samples::choices(keys));
    let messages = rendered(&reply, &ChannelLimits::whatsapp()).clean();
    assert_eq!(buttons(&messages[0]), ["Yes, book it", "Change", "No, thanks"]);
}

#[test]
fn more_options_or_longer_ones_are_a_list() {
    let limits = ChannelLimits::whatsapp();
    let four = rendered(&Reply::of(Say::AskService).choosing(named(&["A", "B", "C", "D"])), &limits).clean();
    assert_eq!(rows(&four[0]).len(), 4);
    assert_eq!(list(&four[0])[0].title, None);
    let long = rendered(&Reply::of(Say::AskService).choosing(named(&["Women's haircut, long", "B"])), &limits).clean();
    assert_eq!(rows(&long[0]), [("Women's haircut, long", None), ("B", None)]);
}

#[test]
fn bad_news_leads_to_the_times_beneath_it() {
    let facts = &manners()[4].facts;
    let limits = ChannelLimits::whatsapp();
    let times = || samples::choices([Label::DayTime { at: facts.at }, Label::Key { key: Key::AnotherDay }]);
    let words = |reply: Reply| match rendered(&reply, &limits).clean().remove(0) {
        Outbound::Buttons { body, .. } | Outbound::Text { body } => body,
        other => panic!("{other:?}"),
    };
    let taken = "I'm sorry, someone has just taken that time.";
    assert_eq!(words(Reply::of(Say::SlotTaken).choosing(times())), format!("{taken} These are still free."));
    assert_eq!(words(Reply::of(Say::SlotTaken)), taken);
    let none = Reply::of(Say::SlotTaken).and(Say::NothingFreeAtAll { staff: None });
    let way_out = samples::choices([Label::Key { key: Key::Human }]);
    assert!(words(none.choosing(way_out)).ends_with("as we take bookings."));
}

#[test]
fn hints_need_a_list_and_sections_need_headings() {
    let slot = |name: &str, section: Option<&str>, hint: Option<&str>| Choice {
        id: format!("v1:1:{name}"),
        label: Label::Name { name: name.to_owned() },
        hint: hint.map(|hint| Label::Name { name: hint.to_owned() }),
        section: section.map(|section| Label::Name { name: section.to_owned() }),
    };
    let choices = |options| Choices { list: 1, options, open: Key::Choose };
    let limits = ChannelLimits::whatsapp();

    let hinted = choices(vec![slot("Cut", None, Some("60 min")), slot("Colour", None, None)]);
    let messages = rendered(&Reply::of(Say::AskService).choosing(hinted), &limits).clean();
    assert_eq!(rows(&messages[0]), [("Cut", Some("60 min")), ("Colour", None)]);

    let sections = choices(vec![
        slot("9:00", Some("Wednesday"), None),
        slot("9:30", Some("Wednesday"), None),
        slot("10:00", Some("Thursday"), None),
        slot("More", None, None),
    ]);
    let messages = rendered(&Reply::of(Say::AskService).choosing(sections), &limits).clean();
    let headings: Vec<_> = list(&messages[0]).iter().map(|it| (it.title.as_deref(), it.rows.len())).collect();
    assert_eq!(headings, [(Some("Wednesday"), 2), (Some("Thursday"), 1), (Some("Other options"), 1)]);
}

#[test]
fn long_names_are_cut_at_a_word_and_told_in_full_beneath() {
    let name = "Colouring, cut and blow-dry for long hair";
    let reply = Reply::of(Say::AskService).choosing(named(&[name, "B"]));
    let Rendered { messages, notes } = rendered(&reply, &ChannelLimits::whatsapp());
    assert_eq!(rows(&messages[0])[0], ("Colouring, cut and…", Some(name)));
    assert_eq!(notes, [Note::LabelCut { to: 19 }]);
}

#[test]
fn times_and_days_stay_whole_when_a_booking_is_cut() {
    let facts = &manners()[4].facts;
    let label = Label::Booking { at: facts.at, service: "Colouring, cut and blow-dry".to_owned() };
    let reply = Reply::of(Say::NoBookings).choosing(samples::choices([label.clone(), label]));
    let Rendered { messages, notes } = rendered(&reply, &ChannelLimits::whatsapp());
    let full = "Wed 18 Mar, 15:30 · Colouring, cut and blow-dry";
    assert_eq!(rows(&messages[0]), [("Wed 18 Mar, 15:30", Some(full)), ("Wed 18 Mar, 15:30 (2)", Some(full)),]);
    assert!(notes.contains(&Note::LabelsAlike { cut: true }));
}

#[test]
fn labels_that_become_alike_are_numbered_and_noted() {
    let names = ["Full body massage with hot stones", "Full body massage with hot oil", "Full body massage with ice"];
    let reply = Reply::of(Say::AskService).choosing(named(&names));
    let Rendered { messages, notes } = rendered(&reply, &ChannelLimits::whatsapp());
    let titles: Vec<_> = rows(&messages[0]).into_iter().map(|(title, _)| title).collect();
    assert_eq!(titles, ["Full body massage with…", "Full body massage… (2)", "Full body massage… (3)"]);
    assert_eq!(notes.iter().filter(|note| **note == Note::LabelsAlike { cut: true }).count(), 2);
    assert_eq!(notes.iter().filter(|note| matches!(note, Note::LabelCut { .. })).count(), 3);

    let twins = rendered(&Reply::of(Say::AskService).choosing(named(&["Ana", "Ana"])), &ChannelLimits::whatsapp());
    assert_eq!(buttons(&twins.messages[0]), ["Ana", "Ana (2)"]);
    assert_eq!(twins.notes, [Note::LabelsAlike { cut: false }]);
}

#[test]
#[should_panic(expected = "did not come out clean")]
fn a_test_that_wants_distinct_labels_fails_on_alike_ones() {
    let _ = rendered(&Reply::of(Say::AskService).choosing(named(&["Ana", "Ana"])), &ChannelLimits::whatsapp()).clean();
}

#[test]
fn without_lists_options_are_numbered() {
    let mut choices = named(&["Cut", "Colour", "Colouring, cut and blow-dry for long hair"]);
    choices.options[0].hint = Some(Label::ServiceFacts { minutes: 60, price: None });
    choices.options[0].section = Some(Label::Name { name: "Hair".to_owned() });
    choices.options[1].section = choices.options[0].section.clone();
    let messages = rendered(&Reply::of(Say::AskService).choosing(choices), &ChannelLimits::text_only()).clean();
    let expected = "What would you like to book?\n\n*Hair*\n1. Cut – 60\u{a0}min\n2. Colour\n3. Colouring, cut and blow-dry for long hair";
    assert_eq!(messages, [Outbound::Text { body: expected.to_owned() }]);
}

#[test]
fn more_options_than_rows_are_numbered_and_none_is_lost() {
    let names: Vec<String> = (1..=11).map(|number| format!("Service {number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let messages = rendered(&Reply::of(Say::AskService).choosing(named(&names)), &ChannelLimits::whatsapp()).clean();
    let [Outbound::Text { body }] = messages.as_slice() else { panic!("{messages:?}") };
    assert!(body.ends_with("10. Service 10\n11. Service 11"));
}

#[test]
fn a_long_body_goes_ahead_and_the_question_stays_with_the_choices() {
    let limits = ChannelLimits::whatsapp();
    let lines = (0..80).map(|n| (format!("A rather long service name {n}"), None, 60)).collect();
    let reply = Reply::of(Say::PriceList { lines }).and(Say::AskService).choosing(named(&["Cut", "Colour"]));
    let messages = rendered(&reply, &limits).clean();
    let [Outbound::Text { body }, Outbound::Buttons { body: question, .. }] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    assert!(body.starts_with("Our prices:") && body.contains("name 79"));
    assert_eq!(question, "What would you like to book?");

    // One paragraph that is too long by itself: the choices get words of their own.
    let lines = (0..80).map(|n| (format!("A rather long service name {n}"), None, 60)).collect();
    let messages = rendered(&Reply::of(Say::PriceList { lines }).choosing(named(&["Cut"])), &limits).clean();
    assert!(matches!(&messages[1], Outbound::Buttons { body, .. } if body == "Please choose:"));
}

#[test]
fn pins_and_pictures_go_where_the_channel_can() {
    let place = Place {
        name: "Studio Bella".to_owned(),
        address: "Rua das Flores 12".to_owned(),
        point: Some(GeoPoint { latitude: 38.7, longitude: -9.1 }),
    };
    let mut reply = Reply::of(Say::Menu);
    reply.place = Some(place.clone());
    reply.image = Some("https://example.com/cut.jpg".to_owned());
    let messages = rendered(&reply, &ChannelLimits::whatsapp()).clean();
    let image = MediaSource::Url("https://example.com/cut.jpg".to_owned());
    assert!(matches!(&messages[0], Outbound::Image { source, caption: None } if *source == image));
    assert!(matches!(&messages[1], Outbound::Text { .. }));
    assert_eq!(messages[2], Outbound::Location(place));
    assert_eq!(rendered(&reply, &ChannelLimits::text_only()).clean().len(), 1);

    reply.place.as_mut().unwrap().point = None;
    assert_eq!(rendered(&reply, &ChannelLimits::whatsapp()).clean().len(), 2);
}

#[test]
fn every_fixed_label_is_whole_on_a_button() {
    for manner in manners() {
        let limits = ChannelLimits::whatsapp();
        for (name, key) in samples::keys(&manner.facts) {
            let reply = Reply::of(Say::Menu).choosing(samples::choices([Label::Key { key }]));
            let rendered = render_noting(&Words::shipped(), &reply, manner.lang, &manner.context(&limits));
            assert_eq!(rendered.notes, [], "{} {name}", manner.name);
            assert_eq!(buttons(&rendered.messages[0]).len(), 1);
        }
    }
}

#[test]
fn messages_can_be_read_as_plain_text() {
    let mut choices = named(&["Cut", "Colour"]);
    let limits = ChannelLimits::whatsapp();
    let with_buttons = rendered(&Reply::of(Say::AskService).choosing(choices.clone()), &limits).clean();
    insta::assert_snapshot!(chatplug_core::reply::preview(&with_buttons), @r"
    What would you like to book?
    [ Cut ]
    [ Colour ]
    ");
    choices.options[0].hint = Some(Label::ServiceFacts { minutes: 60, price: None });
    choices.options[0].section = Some(Label::Name { name: "Hair".to_owned() });
    let with_list = rendered(&Reply::of(Say::AskService).choosing(choices), &limits).clean();
    insta::assert_snapshot!(chatplug_core::reply::preview(&with_list), @r"
    What would you like to book?
    [ Choose ▾ ]
    — Hair —
    [1] Cut – 60 min
    — Other options —
    [2] Colour
    ");
}
