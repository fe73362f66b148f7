//! The people: what they write and tap, and how long they wait.

use super::{
    figures::percentiles,
    graph::{Graph, Letter},
    program::Fleet,
};
use anyhow::{Context as _, Result, ensure};
use chatplug_core::ports::{Clock as _, SystemClock};
use chatplug_whatsapp::{fake::meta::FakeMeta, meta::sign};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedReceiver;

/// A greeting and a wish in five languages; the rest of the six messages are taps.
const WISHES: [[&str; 2]; 5] = [
    ["Olá, bom dia!", "Queria marcar um corte de homem, por favor."],
    ["Hello, good morning!", "I'd like to book a men's haircut, please."],
    ["¡Hola, buenos días!", "Quiero reservar un corte de hombre, por favor."],
    ["Bonjour à tous !", "Je voudrais réserver une coupe homme, s'il vous plaît."],
    ["Добрый день, здравствуйте!", "Хочу записаться на мужскую стрижку, пожалуйста."],
];
/// Longer than this nobody waits.
const PATIENCE: Duration = Duration::from_secs(60);

/// One message: when it was sent, how long until its 200, how long until the first reply.
struct Wait {
    at: Instant,
    durable: Duration,
    replied: Duration,
}

/// What conversations came to.
#[derive(Default)]
pub(super) struct Told {
    waits: Vec<Wait>,
    /// Conversations held.
    pub(super) talks: u64,
    /// Of them: ended with a booking.
    pub(super) booked: u64,
    /// Of them: lost the time to somebody else.
    pub(super) taken: u64,
    /// Messages without an answer.
    pub(super) unanswered: u64,
}

impl Told {
    /// Adds what others came to.
    pub(super) fn add(&mut self, other: Self) {
        self.waits.extend(other.waits);
        self.talks += other.talks;
        self.booked += other.booked;
        self.taken += other.taken;
        self.unanswered += other.unanswered;
    }

    /// The messages of a stretch of time.
    pub(super) fn within(&mut self, from: Instant, to: Instant) -> Measured {
        let mut waits = std::mem::take(&mut self.waits);
        waits.retain(|wait| (from..to).contains(&wait.at));
        Measured(waits)
    }
}

/// The messages of a stretch of time.
pub(super) struct Measured(Vec<Wait>);

impl Measured {
    /// How many.
    pub(super) fn messages(&self) -> usize {
        self.0.len()
    }

    /// How long until the 200.
    pub(super) fn durable(&self) -> String {
        percentiles(self.0.iter().map(|wait| wait.durable).collect())
    }

    /// How long until the reply.
    pub(super) fn replied(&self) -> String {
        percentiles(self.0.iter().map(|wait| wait.replied).collect())
    }
}

/// One new client books in six messages.
pub(super) async fn book(graph: &Graph, fleet: &Fleet, client: u64, tenants: u64) -> Result<Told> {
    let phone = format!("3519{client:08}");
    let mut inbox = graph.listen(&phone);
    let mut told = Told { talks: 1, ..Told::default() };
    let wish = WISHES.get((client % 5) as usize).context("five languages")?;
    let mut message = Value::Null;
    for nth in 0..6 {
        if let Some(words) = wish.get(nth) {
            message = json!({"type": "text", "text": {"body": words}});
        }
        while inbox.try_recv().is_ok() {}
        let (body, signature) = webhook(&phone, client, client * 6 + nth as u64, client % tenants, message.clone());
        let began = Instant::now();
        fleet.post(client, body, &signature).await?;
        let durable = began.elapsed();
        // What follows the yes has nothing to tap in it, or fresh times when this one was taken.
        let Some((arrived, letters)) = hear(&mut inbox, nth == 5).await else {
            told.unanswered += 1;
            break;
        };
        told.waits.push(Wait { at: began, durable, replied: arrived.saturating_duration_since(began) });
        if nth == 5 {
            // Fresh times come as a list; a booking comes with buttons.
            let fresh_times = letters.iter().any(|letter| letter.pointer("/interactive/action/sections").is_some());
            if fresh_times {
                told.taken += 1
            } else {
                told.booked += 1
            }
            break;
        }
        let choices =
            letters.iter().rev().map(choices).find(|choices| !choices.is_empty()).context("nothing to tap")?;
        // Not everybody wants the first time of the first day (the last choices only lead on); everybody says yes.
        let place = if nth == 4 { 0 } else { (client / tenants) as usize % choices.len().min(3) };
        message = choices.get(place).cloned().context("a choice")?;
        // A message is on the phone when the provider has taken it; nobody answers one before.
        tokio::time::sleep(graph.latency()).await;
    }
    graph.leave(&phone);
    Ok(told)
}

/// Waits for a message with something to tap, or for any; when the first came, and all of them.
async fn hear(inbox: &mut UnboundedReceiver<Letter>, any: bool) -> Option<(Instant, Vec<Value>)> {
    let mut first = None;
    let mut letters = Vec::new();
    loop {
        let (at, letter) = tokio::time::timeout(PATIENCE, inbox.recv()).await.ok()??;
        let first = *first.get_or_insert(at);
        let enough = any || !choices(&letter).is_empty();
        letters.push(letter);
        if enough {
            return Some((first, letters));
        }
    }
}

/// The taps that a message offers.
fn choices(message: &Value) -> Vec<Value> {
    let action = message.pointer("/interactive/action");
    let buttons = action.and_then(|action| action.get("buttons")).and_then(Value::as_array).into_iter().flatten();
    let buttons = buttons.filter_map(|button| tap("button_reply", button.get("reply")?));
    let sections = action.and_then(|action| action.get("sections")).and_then(Value::as_array).into_iter().flatten();
    let rows = sections.filter_map(|section| section.get("rows")?.as_array()).flatten();
    buttons.chain(rows.filter_map(|row| tap("list_reply", row))).collect()
}

fn tap(kind: &str, choice: &Value) -> Option<Value> {
    let (id, title) = (choice.get("id")?, choice.get("title")?);
    Some(json!({"type": "interactive", "interactive": {"type": kind, kind: {"id": id, "title": title}}}))
}

/// One message as Meta posts it, with its signature.
fn webhook(phone: &str, client: u64, id: u64, tenant: u64, mut message: Value) -> (String, String) {
    let now = SystemClock.now().timestamp();
    if let Some(message) = message.as_object_mut() {
        message.insert("from".to_owned(), json!(phone));
        message.insert(
            "id".to_owned(),
            json!(format!("wamid.HBgMMzUxOTEyMzQ1Njc4FQIAEhggQUNENTlEMUE3RjREMzY4NDk3{id:08}AA==")),
        );
        message.insert("timestamp".to_owned(), json!(now.to_string()));
    }
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "351210000000", "phone_number_id": super::program::number(tenant)},
        "contacts": [{"profile": {"name": format!("Maria {client}")}, "wa_id": phone}],
        "messages": [message],
    });
    let entry = json!({"id": "102290129340398", "changes": [{"field": "messages", "value": value}]});
    let body = json!({"object": "whatsapp_business_account", "entry": [entry]}).to_string();
    let signature = sign(FakeMeta::APP_SECRET, body.as_bytes());
    (body, signature)
}

/// Posts a body, and is content with a 200 alone.
pub(super) async fn post(http: &reqwest::Client, url: &str, body: String, signature: &str) -> Result<()> {
    let request = http.post(url).header("content-type", "application/json").header("x-hub-signature-256", signature);
    let answer = request.body(body).send().await?;
    ensure!(answer.status() == reqwest::StatusCode::OK, "answered {}", answer.status());
    Ok(())
}
