//! Whole turns: a signed webhook in, the turn, the reply handed to the provider, with every commit on disk.

use crate::{
    business::{Place, request, text},
    figures::{Times, cpu_seconds, resident},
};
use anyhow::{Context as _, Result};
use chatplug::model::{Outbound, Phone};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const WARM: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(10);

/// A greeting and a wish in five languages; the rest of the six messages are taps: whom with, day, time, yes.
const WISHES: [[&str; 2]; 5] = [
    ["Olá, bom dia!", "Queria marcar um corte de homem, por favor."],
    ["Hello, good morning!", "I'd like to book a men's haircut, please."],
    ["¡Hola, buenos días!", "Quiero reservar un corte de hombre, por favor."],
    ["Bonjour à tous !", "Je voudrais réserver une coupe homme, s'il vous plaît."],
    ["Добрый день, здравствуйте!", "Хочу записаться на мужскую стрижку, пожалуйста."],
];

pub(crate) async fn turns() -> Result<()> {
    for at_once in [8, 64] {
        booking_dialogues(at_once).await?;
    }
    Ok(())
}

async fn booking_dialogues(at_once: u64) -> Result<()> {
    let place = Arc::new(Place::open().await?);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let engine = place.engine.clone();
    let workers = tokio::spawn(async move { engine.run(stopped).await });
    let (next, closing) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let mut tasks = Vec::new();
    for _ in 0..at_once {
        let (place, next, closing) = (place.clone(), next.clone(), closing.clone());
        tasks.push(tokio::spawn(async move {
            let mut told = Vec::new();
            let mut talks = 0;
            while !closing.load(Ordering::Relaxed) {
                talks += 1;
                book(&place, next.fetch_add(1, Ordering::Relaxed), &mut told).await?;
            }
            anyhow::Ok((told, talks))
        }));
    }
    let all = || (place.count.turns.load(Ordering::Relaxed), place.post.sent.load(Ordering::Relaxed));
    tokio::time::sleep(WARM).await;
    let (began, cpu, before) = (Instant::now(), cpu_seconds(), all());
    tokio::time::sleep(MEASURED).await;
    let (ended, cpu, after) = (Instant::now(), cpu_seconds() - cpu, all());
    closing.store(true, Ordering::Relaxed);
    let memory = resident();
    let (mut times, mut talks) = (Times::default(), 0);
    for task in tasks {
        let (told, mine) = task.await??;
        times.0.extend(told.iter().filter(|(at, _)| (began..ended).contains(at)).map(|(_, took)| *took));
        talks += mine;
    }
    drop(stop);
    workers.await?;
    let (seconds, turns) = ((ended - began).as_secs_f64(), after.0 - before.0);
    println!(
        "{at_once} conversations at a time: {:.0} turns/s, {:.0} messages sent/s",
        turns as f64 / seconds,
        (after.1 - before.1) as f64 / seconds
    );
    println!("  message in to reply handed over: {}", times.told("ms"));
    println!(
        "  CPU {:.3} ms a message ({:.2} of the cores); resident {memory:.0} MiB; {} turns failed; {} booked in {talks} conversations",
        cpu * 1e3 / turns.max(1) as f64,
        cpu / seconds,
        place.count.failed.load(Ordering::Relaxed),
        place.visits().await?
    );
    Ok(())
}

/// One client books in six messages.
async fn book(place: &Place, client: u64, told: &mut Vec<(Instant, Duration)>) -> Result<()> {
    let phone: Phone = format!("3519{client:08}").parse()?;
    let (sender, mut inbox) = unbounded_channel();
    place.post.clients.lock().unwrap_or_else(PoisonError::into_inner).insert(phone.clone(), sender);
    let wish = WISHES.get((client % 5) as usize).context("five languages")?;
    let mut shown = Value::Null;
    for nth in 0..6 {
        let message = match wish.get(nth) {
            Some(words) => text(words),
            None => shown,
        };
        let request = request(client, client * 6 + nth as u64, message.clone())?;
        while inbox.try_recv().is_ok() {}
        let began = Instant::now();
        place.receive(&request).await?;
        let (arrived, next) = answer(&mut inbox).await.with_context(|| format!("after message {nth}: {message}"))?;
        told.push((began, arrived - began));
        shown = next;
    }
    place.post.clients.lock().unwrap_or_else(PoisonError::into_inner).remove(&phone);
    Ok(())
}

/// Waits for a message with something to tap; when the first message came, and the tap on the first choice.
async fn answer(inbox: &mut UnboundedReceiver<(Instant, Outbound)>) -> Result<(Instant, Value)> {
    let mut first = None;
    loop {
        let received = tokio::time::timeout(Duration::from_secs(10), inbox.recv()).await;
        let (at, message) = received.context("no answer with something to tap")?.context("no post")?;
        let first = *first.get_or_insert(at);
        let (kind, id, title) = match &message {
            Outbound::Buttons { buttons, .. } => match buttons.first() {
                Some(button) => ("button_reply", &button.id, &button.title),
                None => continue,
            },
            Outbound::List { sections, .. } => match sections.iter().flat_map(|section| &section.rows).next() {
                Some(row) => ("list_reply", &row.id, &row.title),
                None => continue,
            },
            _ => continue,
        };
        let interactive = json!({"type": kind, kind: {"id": id, "title": title}});
        return Ok((first, json!({"type": "interactive", "interactive": interactive})));
    }
}
