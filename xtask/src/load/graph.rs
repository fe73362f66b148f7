//! A Graph API that takes every message, hands it to whom it is for, and answers after a while. Nothing is checked here:
//! the fake of `chatplug-whatsapp` does that, in tests; this one must cost little beside what is measured.

use anyhow::Result;
use axum::{Json, Router, extract::State, routing::post};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A message with the moment at which it arrived.
pub(super) type Letter = (Instant, Value);

/// A running Graph API. Clones are handles to it.
#[derive(Clone)]
pub(super) struct Graph {
    shared: Arc<Shared>,
    address: SocketAddr,
}

struct Shared {
    latency: Duration,
    sent: AtomicU64,
    people: Mutex<HashMap<String, UnboundedSender<Letter>>>,
}

impl Graph {
    /// Starts on a free port.
    pub(super) async fn start(latency: Duration) -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { latency, sent: AtomicU64::new(0), people: Mutex::default() });
        let router = Router::new().route("/{version}/{number}/messages", post(take)).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { shared, address })
    }

    /// Where it is.
    pub(super) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How long it takes for each answer.
    pub(super) fn latency(&self) -> Duration {
        self.shared.latency
    }

    /// Begins to hand a person what is sent to them.
    pub(super) fn listen(&self, phone: &str) -> UnboundedReceiver<Letter> {
        let (sender, inbox) = unbounded_channel();
        self.shared.people.lock().unwrap_or_else(PoisonError::into_inner).insert(phone.to_owned(), sender);
        inbox
    }

    /// The person has gone.
    pub(super) fn leave(&self, phone: &str) {
        self.shared.people.lock().unwrap_or_else(PoisonError::into_inner).remove(phone);
    }
}

async fn take(State(graph): State<Arc<Shared>>, Json(message): Json<Value>) -> Json<Value> {
    let arrived = Instant::now();
    let nth = graph.sent.fetch_add(1, Ordering::Relaxed);
    let to = message.get("to").and_then(Value::as_str).unwrap_or_default().trim_start_matches('+').to_owned();
    let is_read_mark = message.get("status").is_some();
    if !is_read_mark && let Some(person) = graph.people.lock().unwrap_or_else(PoisonError::into_inner).get(&to) {
        // Whoever has gone reads no more.
        person.send((arrived, message)).ok();
    }
    tokio::time::sleep(graph.latency).await;
    if is_read_mark {
        return Json(json!({"success": true}));
    }
    Json(json!({
        "messaging_product": "whatsapp",
        "contacts": [{"input": to, "wa_id": to}],
        "messages": [{"id": format!("wamid.load-{nth}")}],
    }))
}
