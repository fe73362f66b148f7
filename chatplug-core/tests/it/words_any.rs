//! Whatever people call themselves and their services: never a panic, never over a limit, never obeyed as Fluent.

use crate::words::{Manner, manners};
use chatplug_core::{
    model::{ChannelLimits, Outbound, Private},
    reply::{Label, Note, RenderContext, Reply, Say, Words, preview, render_noting, render_template, samples},
    testkit::fits,
};
use proptest::prelude::*;

/// Names as they come: real ones, and those that try something.
fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,80}",
        any::<String>(),
        prop::sample::select(vec![
            "{ $name }",
            "{",
            "}}",
            "{ greeting }",
            "-term = x",
            "*Ana*",
            "_Ana_ ~x~ `y`",
            "محمد بن سلمان",
            "\u{202e}gnirts desrever",
            "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦",
            "a\nb\r\n\tc\u{0}d",
            "",
            "   ",
            "%s%n{0}",
        ])
        .prop_map(str::to_owned),
        (1_usize..=4000, prop::sample::select(vec!["a", "я", "👋", "ab ", "\u{301}", "x\n\n"]))
            .prop_map(|(times, part)| part.repeat(times)),
    ]
}

fn channels() -> [ChannelLimits; 3] {
    let narrow = ChannelLimits {
        text: 300,
        interactive_body: 120,
        buttons: 2,
        button_title: 12,
        rows: 5,
        row_title: 14,
        row_description: 20,
        section_title: 10,
        list_open: 10,
        ..ChannelLimits::whatsapp()
    };
    [ChannelLimits::whatsapp(), ChannelLimits::text_only(), narrow]
}

fn renamed(mut manner: Manner, name: &str) -> Manner {
    let facts = &mut manner.facts;
    for field in [
        &mut facts.business,
        &mut facts.client,
        &mut facts.service,
        &mut facts.staff,
        &mut facts.branch,
        &mut facts.description,
    ] {
        name.clone_into(field);
    }
    manner
}

fn ids(message: &Outbound) -> Vec<&str> {
    match message {
        Outbound::Buttons { buttons, .. } => buttons.iter().map(|button| button.id.as_str()).collect(),
        Outbound::List { sections, .. } => {
            sections.iter().flat_map(|section| &section.rows).map(|row| row.id.as_str()).collect()
        }
        _ => Vec::new(),
    }
}

fn body(message: &Outbound) -> &str {
    match message {
        Outbound::Text { body } | Outbound::Buttons { body, .. } | Outbound::List { body, .. } => body,
        other => panic!("no words were expected in {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_name_is_said_within_the_limits(
        name in any_name(),
        which in 0_usize..16,
        said in any::<prop::sample::Index>(),
        options in 1_usize..=12,
    ) {
        let words = Words::shipped();
        let manner = renamed(manners().swap_remove(which), &name);
        let mut says = samples::says(&manner.facts);
        let (_, say) = says.swap_remove(said.index(says.len()));
        let labels = samples::labels(&manner.facts).into_iter().map(|(_, label)| label).cycle().take(options);
        let mut choices = samples::choices(labels);
        choices.options[0].hint = Some(Label::Name { name: name.clone() });
        choices.options[0].section = Some(Label::Name { name: name.clone() });
        let wanted: Vec<_> = choices.options.iter().map(|option| option.id.clone()).collect();
        let reply = Reply::of(say).choosing(choices);
        for limits in channels() {
            let context = manner.context(&limits);
            let rendered = render_noting(&words, &reply, manner.lang, &context);
            for message in &rendered.messages {
                prop_assert_eq!(fits(message, &limits), Ok(()), "{:?}", message);
                prop_assert!(!body(message).chars().any(|c| c.is_control() && c != '\n'));
                let reordering = body(message).contains(['\u{202e}', '\u{2068}', '\u{2069}']);
                prop_assert!(!reordering);
            }
            let unsaid = rendered.notes.iter().any(|note| matches!(note, Note::Unsaid { .. }));
            prop_assert!(!unsaid);
            // Every option is there, in its order: tappable, or numbered.
            let tappable: Vec<_> = rendered.messages.iter().flat_map(ids).collect();
            let all: String = rendered.messages.iter().map(body).collect::<Vec<_>>().join("\n");
            let numbered = (1..=options).all(|number| all.contains(&format!("{number}. ")));
            prop_assert!(tappable == wanted || (tappable.is_empty() && numbered));

            for (_, meaning) in samples::templates(&manner.facts) {
                let client = Private::new(name.clone());
                let context = RenderContext { client: Some(&client), ..context };
                let stock = chatplug_core::ports::TemplateStock {
                    meaning: meaning.name().to_owned(),
                    lang: manner.lang,
                    name: "visit".to_owned(),
                    locale: "xx".to_owned(),
                    state: chatplug_core::ports::TemplateState::Approved,
                };
                let message = render_template(&words, &meaning, &stock, &context);
                prop_assert!(ChannelLimits::length(&message.preview) <= 1024);
                for blank in &message.body {
                    prop_assert!(!blank.trim().is_empty() && !blank.contains(['\n', '\t']) && !blank.contains("     "));
                }
            }
        }
    }

    #[test]
    fn a_name_without_formatting_is_said_as_it_is(name in "[\\PC&&[^*_~`\\pZ]]{1,40}|[a-z{}$%]{1,4000}") {
        let words = Words::shipped();
        for manner in manners() {
            let limits = ChannelLimits::whatsapp();
            let manner = renamed(manner, &name);
            let say = Say::Greeting { business: name.clone(), name: Some(name.clone()) };
            let rendered = render_noting(&words, &Reply::of(say), manner.lang, &manner.context(&limits));
            let all: String = rendered.messages.iter().map(body).collect();
            prop_assert_eq!(all.matches(&name).count() >= 2, true, "{}", preview(&rendered.messages));
        }
    }
}
