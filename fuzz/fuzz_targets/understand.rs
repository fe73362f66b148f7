//! Any text to the offline understanding, under any open question: it answers, points only at what is there, and the
//! same way twice.
#![no_main]

use chatplug_core::{
    model::{Catalog, Lang, Private},
    ports::{Context, OpenQuestion, Utterance},
    understand::{OfflineEngine, eval::CatalogFile},
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ENGINE: LazyLock<OfflineEngine> = LazyLock::new(OfflineEngine::new);
static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let json = r#"{"services":[{"id":"cut","minutes":30,"names":{"en":"Haircut"}},
        {"id":"massage","minutes":60,"names":{"en":"Massage"}}],"staff":[{"id":"ana","name":"Ana Souza"}]}"#;
    let file = CatalogFile::parse(json).expect("a catalogue");
    file.catalog(Lang::EN, "GB", chrono_tz::Europe::London).expect("a catalogue")
});

fuzz_target!(|input: (u8, u8, u32, &str)| {
    let (open, options, minutes, text) = input;
    let questions = [
        OpenQuestion::None,
        OpenQuestion::Day,
        OpenQuestion::Time,
        OpenQuestion::Service,
        OpenQuestion::Staff,
        OpenQuestion::YesNo,
        OpenQuestion::Menu,
    ];
    let context = Context {
        catalog: &CATALOG,
        language: None,
        default_language: [Lang::EN, Lang::PT, Lang::ES, Lang::FR, Lang::RU][usize::from(open / 16) % 5],
        open: questions[usize::from(open) % questions.len()],
        options: usize::from(options % 12),
    };
    // Any minute of eight years, leap days and changes of the clock among them.
    let at = chrono::DateTime::from_timestamp(1_767_225_600 + i64::from(minutes % 4_200_000) * 60, 0).expect("a time");
    let utterance = Utterance { text: Private::new(text.to_owned()), at };
    let meaning = ENGINE.understand(&utterance, &context);
    assert!((0.0..=1.0).contains(&meaning.confidence));
    assert!((1..=20).contains(&meaning.party));
    assert!(meaning.services.iter().all(|id| CATALOG.services.iter().any(|service| service.id == *id)));
    if let Some(range) = meaning.date.first() {
        assert!(range.from <= range.to, "{range:?}");
    }
    assert_eq!(ENGINE.understand(&utterance, &context), meaning);
});
