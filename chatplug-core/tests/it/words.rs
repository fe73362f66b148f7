//! What is said, in every language: the snapshots are the wording, to be read by a native.

use chatplug_core::{
    model::{ChannelLimits, Formality, Lang, Outbound, Private},
    ports::{TemplateState, TemplateStock},
    reply::{
        Key, Label, RenderContext, Rendered, Reply, Say, Words, label_text, preview, render, render_noting,
        render_template,
        samples::{self, Facts},
        template_drafts,
    },
};
use iso_currency::Currency;
use std::{collections::BTreeMap, fmt::Write as _};

/// A way of speaking: language, country, form of address, and facts that belong there.
pub(crate) struct Manner {
    pub(crate) name: &'static str,
    pub(crate) lang: Lang,
    pub(crate) country: &'static str,
    pub(crate) formality: Formality,
    pub(crate) facts: Facts,
}

impl Manner {
    pub(crate) fn context<'a>(&'a self, limits: &'a ChannelLimits) -> RenderContext<'a> {
        RenderContext {
            country: self.country,
            formality: self.formality,
            business: &self.facts.business,
            client: None,
            limits,
        }
    }
}

/// Every language in both forms, where it differs in two countries.
pub(crate) fn manners() -> Vec<Manner> {
    use chrono_tz::{America, Europe};
    let mut all = Vec::new();
    for (names, lang, country, facts) in [
        (
            ["pt-br-formal", "pt-br"],
            Lang::PT,
            "BR",
            Facts::new("Corte de cabelo", "Bruno", America::Sao_Paulo, 4500, Currency::BRL),
        ),
        (
            ["pt-pt-formal", "pt-pt"],
            Lang::PT,
            "PT",
            Facts::new("Corte de cabelo", "Bruno", Europe::Lisbon, 4500, Currency::EUR),
        ),
        (
            ["en-gb-formal", "en-gb"],
            Lang::EN,
            "GB",
            Facts::new("Haircut", "Bruno", Europe::London, 4500, Currency::GBP),
        ),
        (
            ["en-us-formal", "en-us"],
            Lang::EN,
            "US",
            Facts::new("Haircut", "Bruno", America::New_York, 4500, Currency::USD),
        ),
        (
            ["es-es-formal", "es-es"],
            Lang::ES,
            "ES",
            Facts::new("Corte de pelo", "Bruno", Europe::Madrid, 4500, Currency::EUR),
        ),
        (
            ["es-mx-formal", "es-mx"],
            Lang::ES,
            "MX",
            Facts::new("Corte de pelo", "Bruno", America::Mexico_City, 45000, Currency::MXN),
        ),
        (["fr-fr-formal", "fr-fr"], Lang::FR, "FR", Facts::new("Coupe", "Bruno", Europe::Paris, 4500, Currency::EUR)),
        (
            ["ru-ru-formal", "ru-ru"],
            Lang::RU,
            "RU",
            Facts::new("Стрижка", "Борис", Europe::Moscow, 150_000, Currency::RUB),
        ),
    ] {
        for (name, formality) in names.into_iter().zip([Formality::Formal, Formality::Informal]) {
            all.push(Manner { name, lang, country, formality, facts: facts.clone() });
        }
    }
    all
}

fn said(words: &Words, manner: &Manner, say: Say) -> String {
    let limits = ChannelLimits::whatsapp();
    let Rendered { messages, notes } = render_noting(words, &Reply::of(say), manner.lang, &manner.context(&limits));
    assert_eq!(notes, [], "{}", manner.name);
    match messages.as_slice() {
        [Outbound::Text { body }] => body.clone(),
        other => panic!("one text was expected, not {other:?}"),
    }
}

#[test]
fn every_sentence_in_every_manner() {
    let words = Words::shipped();
    for manner in manners() {
        let mut all = String::new();
        for (name, say) in samples::says(&manner.facts) {
            let text = said(&words, &manner, say);
            assert_presentable(&text, manner.lang);
            let text = text.replace('\n', "\n    ").replace("\n    \n", "\n\n");
            writeln!(all, "{name}\n    {text}").unwrap();
        }
        insta::assert_snapshot!(format!("say-{}", manner.name), preview_spaces(&all));
    }
}

#[test]
fn every_label_in_every_manner() {
    let words = Words::shipped();
    let limits = ChannelLimits::whatsapp();
    for manner in manners() {
        let mut all = String::new();
        let fixed = samples::keys(&manner.facts).into_iter().map(|(name, key)| (name, Label::Key { key }));
        for (name, label) in fixed.chain(samples::labels(&manner.facts)) {
            let text = label_text(&words, &label, manner.lang, &manner.context(&limits));
            assert_presentable(&text, manner.lang);
            writeln!(all, "{name}: {text}").unwrap();
        }
        insta::assert_snapshot!(format!("label-{}", manner.name), preview_spaces(&all));
    }
}

#[test]
fn every_template_in_every_manner() {
    let words = Words::shipped();
    let limits = ChannelLimits::whatsapp();
    let name = Private::new("✨ Ana Sousa".to_owned());
    for manner in manners() {
        let mut all = String::new();
        for (client, greeted) in [(None, false), (Some(&name), true)] {
            let context = RenderContext { client, ..manner.context(&limits) };
            for (_, meaning) in samples::templates(&manner.facts) {
                let stock = TemplateStock {
                    meaning: meaning.name().to_owned(),
                    lang: manner.lang,
                    name: format!("visit_{}", meaning.name()),
                    locale: "xx_XX".to_owned(),
                    state: TemplateState::Approved,
                };
                let message = render_template(&words, &meaning, &stock, &context);
                assert_presentable(&message.preview, manner.lang);
                let drafts = template_drafts(&words, manner.lang, "xx_XX", &context);
                let draft = drafts.iter().find(|draft| draft.meaning == stock.meaning).unwrap();
                // The blanks in the approved text give what the log says.
                let filled = (1..).zip(&message.body).fold(draft.body.clone(), |text, (number, value): (u32, _)| {
                    text.replace(&format!("{{{{{number}}}}}"), value)
                });
                assert_eq!(filled, message.preview);
                assert_eq!(draft.buttons.len(), message.buttons.len());
                assert_eq!(draft.examples.len(), message.body.len());
                if greeted == (meaning.name() == "reminder") {
                    let body = draft.body.as_str();
                    writeln!(all, "{body}\n    {}\n    {:?} {:?}", message.preview, draft.buttons, message.buttons)
                        .unwrap();
                }
                assert!(message.body.iter().all(|blank| !blank.is_empty() && !blank.contains(['\n', '\t'])));
            }
        }
        insta::assert_snapshot!(format!("template-{}", manner.name), preview_spaces(&all));
    }
}

#[test]
fn a_reminder_carries_its_booking_in_its_buttons() {
    let manner = manners().remove(0);
    let limits = ChannelLimits::whatsapp();
    let (_, meaning) = samples::templates(&manner.facts).remove(0);
    let stock = TemplateStock {
        meaning: "reminder".to_owned(),
        lang: Lang::PT,
        name: "visit_reminder".to_owned(),
        locale: "pt_BR".to_owned(),
        state: TemplateState::Approved,
    };
    let message = render_template(&Words::shipped(), &meaning, &stock, &manner.context(&limits));
    let id = chatplug_core::model::BookingId::derive(&["sample"]);
    assert_eq!(message.buttons, [format!("v1:visit:{id}:come"), format!("v1:visit:{id}:change")]);
    assert_eq!(message.body[1..], ["Corte de cabelo", "quarta-feira, 18 de março, às 15:30", "Studio Bella"]);
    assert_eq!((message.name.as_str(), message.locale.as_str()), ("visit_reminder", "pt_BR"));
}

#[test]
fn only_what_is_booked_is_called_booked() {
    let words = Words::shipped();
    // How each language says that it is done.
    let done = [
        (Lang::EN, ["booked! ✅", "all set"]),
        (Lang::PT, ["marcado! ✅", "está feita"]),
        (Lang::ES, ["reservada! ✅", "¡listo"]),
        (Lang::FR, ["réservé\u{a0}!", "c'est fait"]),
        (Lang::RU, ["подтверждена! ✅", "готово"]),
    ];
    for manner in manners() {
        let (_, done) = done.iter().find(|(lang, _)| *lang == manner.lang).unwrap();
        for (name, say) in samples::says(&manner.facts) {
            let text = said(&words, &manner, say).to_lowercase();
            let says_so = done.iter().any(|phrase| text.contains(phrase));
            let may = matches!(name, "Booked" | "Moved");
            assert_eq!(says_so, may, "{} {name}: {text}", manner.name);
        }
    }
}

#[test]
fn plurals_follow_the_language() {
    let words = Words::shipped();
    let limits = ChannelLimits::whatsapp();
    let manners = manners();
    let free = |name: &str, count: u32| {
        let manner = manners.iter().find(|manner| manner.name == name).unwrap();
        label_text(&words, &Label::FreeCount { count }, manner.lang, &manner.context(&limits))
    };
    let late = |name: &str, minutes: u16| {
        let manner = manners.iter().find(|manner| manner.name == name).unwrap();
        said(&words, manner, Say::LateNoted { booking: None, minutes: Some(minutes) })
    };
    for (count, noun) in [(1, "окно"), (2, "окна"), (5, "окон"), (11, "окон"), (21, "окно"), (22, "окна"), (25, "окон")]
    {
        assert!(free("ru-ru", count).ends_with(noun), "{count}: {}", free("ru-ru", count));
    }
    for (count, noun) in
        [(1, "1 минуту."), (2, "2 минуты."), (5, "5 минут."), (21, "21 минуту."), (22, "22 минуты."), (25, "25 минут.")]
    {
        assert!(late("ru-ru", count).ends_with(noun), "{count}: {}", late("ru-ru", count));
    }
    assert_eq!((free("en-gb", 1), free("en-gb", 2)), ("1 free time".to_owned(), "2 free times".to_owned()));
    assert_eq!((free("fr-fr", 1), free("fr-fr", 2)), ("1 horaire libre".to_owned(), "2 horaires libres".to_owned()));
    assert!(late("pt-br", 1).ends_with("1 minuto.") && late("pt-br", 15).ends_with("15 minutos."));
    assert!(late("es-mx", 15).ends_with("15 minutos."));
}

#[test]
fn languages_name_themselves() {
    let words = Words::shipped();
    let names: Vec<_> = words.languages().map(|lang| words.language_name(lang)).collect();
    assert_eq!(names, ["English", "Español", "Français", "Português", "Русский"]);
    assert!(words.speaks(Lang::RU) && !words.speaks("it".parse().unwrap()));
    assert_eq!(words.language_name("it".parse().unwrap()), "IT");
}

#[test]
fn a_language_that_is_not_spoken_is_answered_in_english() {
    let manner = manners().into_iter().find(|manner| manner.name == "en-gb").unwrap();
    let limits = ChannelLimits::whatsapp();
    let reply = Reply::of(Say::Menu);
    let english = render(&Words::shipped(), &reply, Lang::EN, &manner.context(&limits));
    assert_eq!(render(&Words::shipped(), &reply, "it".parse().unwrap(), &manner.context(&limits)), english);
}

#[test]
fn a_tenants_own_words_come_first_and_broken_ones_fall_back() {
    let text = "
greeting = Oiê! Aqui é o { $business } 💖
key-yes = Simmm
key-book-it = Sim, pode marcar para mim agora mesmo
menu = { $weather }
visit-party = { $count -> [one] uma pessoa *[other] { $count } pessoas }
thank-you = Valeu!
nothing-open = Ainda *não entendi
kept = { -brand } segue
dropped = { $form
";
    let own = BTreeMap::from([(Lang::PT, text.to_owned()), ("it".parse().unwrap(), "menu = Ciao".to_owned())]);
    let (words, problems) = Words::with_own(&own);
    let manner = manners().into_iter().find(|manner| manner.name == "pt-br").unwrap();
    let limits = ChannelLimits::whatsapp();

    assert_eq!(
        said(&words, &manner, Say::Greeting { business: "Studio Bella".to_owned(), name: None }),
        "Oiê! Aqui é o Studio Bella 💖"
    );
    assert_eq!(said(&words, &manner, Say::Menu), "Como posso ajudar?");
    assert_eq!(said(&words, &manner, Say::Kept), "Tudo bem, fica tudo como está.");
    let label = |key| label_text(&words, &Label::Key { key }, Lang::PT, &manner.context(&limits));
    assert_eq!((label(Key::Yes).as_str(), label(Key::BookIt).as_str()), ("Simmm", "Sim, marcar"));
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("own-words-problems", problems.join("\n"));

    // The shipped words are not touched by it.
    assert!(said(&Words::shipped(), &manner, Say::Greeting { business: String::new(), name: None }).starts_with("Oi!"));
}

#[test]
fn words_of_a_tenant_that_fail_when_said_fall_back_too() {
    // A variable that the message has, but not on every path.
    let own = BTreeMap::from([(Lang::EN, "greeting = Hi { $business } at { $hour }".to_owned())]);
    let (words, problems) = Words::with_own(&own);
    assert_eq!(problems, []);
    let manner = manners().into_iter().find(|manner| manner.name == "en-gb").unwrap();
    // Formatting fails at run time, so the shipped greeting speaks.
    let text = said(&words, &manner, Say::Greeting { business: "Bella".to_owned(), name: None });
    assert_eq!(text, "Hi! 👋 This is Bella.");
}

/// No control or direction characters, no Fluent syntax, no double spaces; French keeps its spaces unbreakable.
fn assert_presentable(text: &str, lang: Lang) {
    assert!(!text.trim().is_empty());
    assert_eq!(text, text.trim());
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    assert!(!text.contains(['\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}', '\u{200e}', '\u{200f}']), "{text:?}");
    assert!(!text.contains("{ ") && !text.contains(" }") && !text.contains("$form"), "{text}");
    assert!(!text.contains("  ") && !text.contains(" ,") && !text.contains("..") && !text.contains("\n\n\n"), "{text}");
    assert_eq!(text.matches('*').count() % 2, 0, "{text}");
    if lang == Lang::FR {
        assert!(![" ?", " !", " :", " ;"].iter().any(|loose| text.contains(loose)), "{text}");
    }
}

/// Snapshots are read by people: no-break spaces as ordinary ones.
fn preview_spaces(text: &str) -> String {
    preview(&[Outbound::Text { body: text.to_owned() }])
}
