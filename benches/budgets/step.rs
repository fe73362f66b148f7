//! The pure machine alone: no store, no calendar, no understanding.

use crate::figures::Times;
use anyhow::{Result, bail};
use chatplug::{
    dialogue::{
        ActionOutcome, Dialogue, Effect, Input, Said, SaidWhat,
        script::{self, Script, Words, booking, intent},
    },
    model::MessageId,
    ports::Intent,
};
use std::{collections::BTreeMap, hint::black_box, time::Instant};

/// A conversation just before an input.
struct Moment {
    script: Script,
    input: Input,
}

/// Plays one conversation from the greeting to the cancelled visit, and keeps every moment of it.
#[derive(Default)]
struct Player {
    said: u64,
    moments: Vec<Moment>,
}

impl Player {
    fn says(&mut self, script: &mut Script, words: &Words) -> Result<()> {
        self.said += 1;
        script.now += chrono::Duration::seconds(1);
        let message = MessageId::new(format!("in-{}", self.said))?;
        let said = Said { message, at: script.now, what: words.what().clone(), about: None, spoken: false };
        self.feed(script, Input::Said { said: vec![said] });
        Ok(())
    }

    /// Does what an engine does: answers what the dialogue asks, until it asks no more.
    fn feed(&mut self, script: &mut Script, input: Input) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            self.moments.push(Moment { script: script.clone(), input: input.clone() });
            next = match script.step(input).pop() {
                Some(Effect::FetchSlots { query }) => {
                    let result = Ok(script.slots(&query).into());
                    Some(Input::Slots { query, result })
                }
                Some(Effect::FetchBookings) => Some(Input::Bookings { result: Ok(script.bookings.clone()) }),
                Some(Effect::Commit { action }) => {
                    let outcome: ActionOutcome = script.execute(&action);
                    Some(Input::Outcome { outcome })
                }
                _ => None,
            };
        }
    }

    /// Taps the first choice until something has happened.
    fn taps_until(&mut self, script: &mut Script, done: impl Fn(&Script) -> bool) -> Result<()> {
        for _ in 0..8 {
            if done(script) {
                return Ok(());
            }
            let first = script.id_of(1);
            self.says(script, &Words::tap(&first))?;
        }
        bail!("eight taps lead nowhere: {:?}", script.dialogue.describe())
    }

    fn round(&mut self, script: &mut Script) -> Result<()> {
        self.moments.clear();
        self.says(script, &intent(Intent::Greet))?;
        self.says(script, &booking().service("cut"))?;
        self.says(script, &intent(Intent::AskPrice))?;
        self.taps_until(script, |script| !script.bookings.is_empty())?;
        self.says(script, &intent(Intent::ListBookings))?;
        if let Some(timer) = script.timers.keys().next().cloned() {
            self.feed(script, Input::Timer { timer });
        }
        let before = script.bookings.first().map(|booking| booking.start);
        self.says(script, &intent(Intent::Reschedule).on("2026-03-20").at("16:00"))?;
        self.taps_until(script, |script| script.bookings.first().map(|booking| booking.start) != before)?;
        self.says(script, &script::nothing("qwertz"))?;
        self.says(script, &intent(Intent::AskLocation))?;
        self.says(script, &intent(Intent::Cancel))?;
        self.taps_until(script, |script| script.bookings.is_empty())
    }
}

pub(crate) fn step() -> Result<()> {
    let mut script = Script::salon();
    let mut player = Player::default();
    player.round(&mut script)?;
    time_steps("first conversation", &player.moments, &script.dialogue)?;
    for _ in 0..1000 {
        player.round(&mut script)?;
        script.committed.clear();
        script.timers.clear();
    }
    time_steps("the same after 1,000 conversations in one dialogue", &player.moments, &script.dialogue)
}

fn time_steps(what: &str, moments: &[Moment], after: &Dialogue) -> Result<()> {
    let mut all = Times::default();
    let mut kinds = BTreeMap::<&str, Times>::new();
    for round in 0..2200 {
        for Moment { script, input } in moments {
            let kind = kind_of(input);
            let (mut dialogue, input, world) = (script.dialogue.clone(), input.clone(), script.world());
            let began = Instant::now();
            let effects = black_box(dialogue.step(black_box(input), &world));
            let took = began.elapsed();
            drop((effects, dialogue));
            if round >= 200 {
                all.0.push(took);
                kinds.entry(kind).or_default().0.push(took);
            }
        }
    }
    let slots = moments.iter().map(|moment| match &moment.input {
        Input::Slots { result: Ok(slots), .. } => slots.len(),
        _ => 0,
    });
    println!("{what}: {}", all.told("µs"));
    for (kind, mut times) in kinds {
        println!("  {kind}: {}", times.told("µs"));
    }
    println!(
        "  {} inputs, at most {} free times in one; state of {} bytes in the end",
        moments.len(),
        slots.max().unwrap_or_default(),
        after.to_json()?.len()
    );
    Ok(())
}

const fn kind_of(input: &Input) -> &'static str {
    match input {
        Input::Said { said } => match said.as_slice() {
            [Said { what: SaidWhat::Tap { .. }, .. }, ..] => "a tap",
            _ => "words",
        },
        Input::Slots { .. } => "free times",
        Input::Bookings { .. } => "bookings",
        Input::Outcome { .. } => "an outcome",
        _ => "other",
    }
}
