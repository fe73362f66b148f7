//! The offline understanding, on the labelled messages when they lie beside the checkout.

use crate::figures::{Times, cpu_seconds, resident};
use anyhow::{Context as _, Result};
use chatplug::{
    model::Lang,
    ports::{Clock as _, Context, OpenQuestion, SystemClock, Utterance},
    testkit::contract::intent::catalog,
    understand::{OfflineEngine, eval},
};
use std::{
    collections::HashMap,
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

/// When the evaluation set is not there.
const SENTENCES: [&str; 25] = [
    "hi",
    "Haircut with Ana tomorrow at 15:30 please",
    "a colour with anyone on Friday or Saturday afternoon, not on Monday",
    "how much is a manicure?",
    "I'm running 15 minutes late",
    "olá, queria marcar um corte com o Bruno para sexta às 10h",
    "quanto custa a coloração?",
    "preciso remarcar para a próxima terça depois das 18h",
    "amanhã de manhã",
    "quero cancelar a minha marcação",
    "hola, quiero cambiar mi cita al martes",
    "¿a qué hora abren?",
    "un corte para dos personas el sábado por la tarde",
    "la segunda",
    "gracias, hasta luego",
    "bonjour, je voudrais un rendez-vous demain après-midi",
    "annuler mon rendez-vous de jeudi",
    "c'est combien la coloration ?",
    "avec Ana si possible, vers 17h30",
    "plutôt le 12 mars",
    "привет, хочу записаться на маникюр завтра в 5",
    "во сколько вы открываетесь?",
    "перенесите мою запись на пятницу на 16:00, пожалуйста",
    "privet, mozhno zapisatsya na strizhku?",
    "позовите человека",
];

pub(crate) fn interpret() -> Result<()> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/eval"));
    let set = shared.into_iter().find(|folder| folder.join("nlu-dev.jsonl").is_file());
    let mut catalogs = Vec::new();
    let mut messages = Vec::new();
    if let Some(folder) = set {
        let file = eval::CatalogFile::parse(&std::fs::read_to_string(folder.join("catalog.json"))?)?;
        let mut places = HashMap::new();
        for line in std::fs::read_to_string(folder.join("nlu-dev.jsonl"))?.lines() {
            let line: eval::Line = serde_json::from_str(line)?;
            let place = match places.get(&(line.catalog, line.region.clone())) {
                Some(place) => *place,
                None => {
                    catalogs.push(file.catalog(line.catalog, &line.region, zone_of(&line.region))?);
                    places.insert((line.catalog, line.region.clone()), catalogs.len() - 1);
                    catalogs.len() - 1
                }
            };
            messages.push((Utterance { text: line.text.into(), at: line.now.to_utc() }, line.catalog, place));
        }
    } else {
        println!("no shared/eval: with {} sentences of our own", SENTENCES.len());
        catalogs.push(catalog());
        let at = SystemClock.now();
        messages.extend(SENTENCES.map(|text| (Utterance { text: text.to_owned().into(), at }, Lang::PT, 0)));
    }
    let (idle, began) = (resident(), Instant::now());
    let engine = OfflineEngine::new();
    println!(
        "loading {:?}: {:.0} ms, {:.1} MiB",
        engine.languages(),
        began.elapsed().as_secs_f64() * 1e3,
        resident() - idle
    );
    let read = |(utterance, default_language, place): &(Utterance, Lang, usize)| -> Result<Duration> {
        let catalog = catalogs.get(*place).context("a catalogue")?;
        let context = Context {
            catalog,
            language: None,
            default_language: *default_language,
            open: OpenQuestion::None,
            options: 0,
        };
        let began = Instant::now();
        black_box(engine.understand(black_box(utterance), &context));
        Ok(began.elapsed())
    };
    let mut cold = Times(messages.iter().map(&read).collect::<Result<_>>()?);
    println!("each read for the first time, {} catalogues included: {}", catalogs.len(), cold.told("µs"));
    println!("after that: {:.1} MiB more than before loading", resident() - idle);
    let rounds = 20_000 / messages.len();
    let mut warm = Times::default();
    let cpu = cpu_seconds();
    for _ in 0..rounds {
        for message in &messages {
            warm.0.push(read(message)?);
        }
    }
    let each = (cpu_seconds() - cpu) * 1e6 / warm.0.len() as f64;
    println!("{} messages, {rounds} times: {}; CPU {each:.0} µs each", messages.len(), warm.told("µs"));
    Ok(())
}

fn zone_of(region: &str) -> chrono_tz::Tz {
    match region {
        "BR" => chrono_tz::America::Sao_Paulo,
        "PT" => chrono_tz::Europe::Lisbon,
        "US" => chrono_tz::America::New_York,
        "GB" => chrono_tz::Europe::London,
        "RU" => chrono_tz::Europe::Moscow,
        "KZ" => chrono_tz::Asia::Almaty,
        _ => chrono_tz::Europe::Paris,
    }
}
