//! Posting webhooks, and posting them again.

use super::{
    event::{self, Event},
    state::Shared,
};
use crate::meta::sign;
use bytes::Bytes;
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};

/// Events that the fake tells by itself go into one webhook up to this many.
const BATCH: usize = 100;

/// How webhooks that were not answered 200 are posted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redelivery {
    /// Wait before the second time; it doubles.
    pub first: Duration,
    /// Longest wait.
    pub longest: Duration,
    /// How often in all; `None` for ever.
    pub attempts: Option<u32>,
}

impl Default for Redelivery {
    /// For ever, soon at first and then every second: Meta goes on for days, tests have less time.
    fn default() -> Self {
        Self { first: Duration::from_millis(20), longest: Duration::from_secs(1), attempts: None }
    }
}

/// Takes events to the callback.
#[derive(Debug)]
pub(super) struct Courier {
    http: reqwest::Client,
    queue: mpsc::UnboundedSender<Event>,
    pending: watch::Sender<usize>,
}

/// The queue's other end.
#[derive(Debug)]
pub(super) struct Work(mpsc::UnboundedReceiver<Event>);

impl Work {
    /// Posts what is queued, in order, until it is aborted.
    pub(super) async fn run(mut self, shared: Arc<Shared>) {
        let mut events = Vec::with_capacity(BATCH);
        while self.0.recv_many(&mut events, BATCH).await > 0 {
            shared.courier.deliver(&shared, &events).await;
            shared.courier.pending.send_modify(|pending| *pending -= events.len());
            events.clear();
        }
    }
}

impl Courier {
    pub(super) fn new(http: reqwest::Client) -> (Self, Work) {
        let (queue, work) = mpsc::unbounded_channel();
        (Self { http, queue, pending: watch::Sender::new(0) }, Work(work))
    }

    /// Tells something soon, after what was queued before.
    pub(super) fn queue(&self, event: Event) {
        self.pending.send_modify(|pending| *pending += 1);
        if self.queue.send(event).is_err() {
            self.pending.send_modify(|pending| *pending -= 1);
        }
    }

    /// Returns when nothing is queued.
    pub(super) async fn settled(&self) {
        let _ = self.pending.subscribe().wait_for(|pending| *pending == 0).await;
    }

    /// Posts events as one webhook until it is answered 200; returns the number of attempts that took. What nobody is told
    /// of goes nowhere; what is told to several addresses goes to each as a webhook of its own.
    pub(super) async fn deliver(&self, shared: &Shared, events: &[Event]) -> Option<u32> {
        let (posts, again) = shared.with(|state| {
            let mut posts: Vec<(String, Vec<Event>)> = Vec::new();
            for event in events {
                if let (Some(writer), Some(at)) = (&event.writer, event.written_at()) {
                    let writer = state.person_key(writer);
                    state.open_window(event.phone_number_id(), &writer, at);
                }
                let Some(url) = state.destination(event.phone_number_id()) else { continue };
                match posts.iter_mut().find(|(to, _)| *to == url) {
                    Some((_, batch)) => batch.push(event.clone()),
                    None => posts.push((url, vec![event.clone()])),
                }
            }
            let body = |(url, batch): (String, Vec<Event>)| (url, Bytes::from(event::body(state, &batch)));
            (posts.into_iter().map(body).collect::<Vec<_>>(), state.redelivery)
        });
        let mut attempts = None;
        for (url, body) in posts {
            attempts = attempts.max(Some(self.until_taken(shared, &url, &body, again).await?));
        }
        attempts
    }

    async fn until_taken(&self, shared: &Shared, url: &str, body: &Bytes, again: Redelivery) -> Option<u32> {
        let mut wait = again.first;
        for attempt in 1..=again.attempts.unwrap_or(u32::MAX) {
            let secret = shared.with(|state| state.app_secret.clone());
            if self.post_to(shared, url, body.clone(), Some(&sign(&secret, body))).await == 200 {
                return Some(attempt);
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(again.longest);
        }
        None
    }

    /// Posts a body once to the app's address; 0 when there was no answer.
    pub(super) async fn post(&self, shared: &Shared, body: Bytes, signature: Option<&str>) -> u16 {
        let Some(url) = shared.with(|state| state.callback.clone()) else { return 0 };
        self.post_to(shared, &url, body, signature).await
    }

    async fn post_to(&self, shared: &Shared, url: &str, body: Bytes, signature: Option<&str>) -> u16 {
        let mut request = self.http.post(url).header("content-type", "application/json").body(body);
        if let Some(signature) = signature {
            request = request.header("x-hub-signature-256", signature);
        }
        let status = request.send().await.map_or(0, |response| response.status().as_u16());
        shared.with(|state| state.answers.push(status));
        status
    }

    /// Makes the verification request to the app's address; `true` when the challenge came back and nothing else.
    pub(super) async fn verify(&self, shared: &Shared, token: &str) -> bool {
        let Some(url) = shared.with(|state| state.callback.clone()) else { return false };
        self.verify_at(&url, token).await
    }

    /// The same to another address.
    pub(super) async fn verify_at(&self, url: &str, token: &str) -> bool {
        let challenge = "1158201444";
        let query = [("hub.mode", "subscribe"), ("hub.challenge", challenge), ("hub.verify_token", token)];
        let Ok(response) = self.http.get(url).query(&query).send().await else { return false };
        response.status() == 200 && response.text().await.is_ok_and(|body| body == challenge)
    }
}
