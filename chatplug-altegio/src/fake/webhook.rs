//! Posting webhooks: when, how often, in which order. Nothing about them is signed.

use super::{hooks::Event, state::Shared};
use bytes::Bytes;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};

/// How webhooks are posted.
///
/// At first each is posted twice and a change of a record is told by two events, of which the second has its services in
/// another order: all of that was seen. Altegio waits five seconds before; the fake does not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookPlan {
    /// How long before each is posted.
    pub delay: Duration,
    /// How often each is posted.
    pub copies: usize,
    /// A change of a record is told by two events.
    pub several: bool,
    /// What happens at once is told from the last to the first.
    pub reversed: bool,
    /// Only what changed is told of a record: id, length and time.
    pub partial: bool,
    /// One that was answered 429 or 5xx, or not at all, is posted twice more; in between passes so much time.
    pub again: Option<Duration>,
    /// The constant that comes as `Authorization: Bearer …`, the same for every receiver.
    pub bearer: Option<String>,
    /// Nothing is posted until it is released.
    pub held: bool,
}

impl Default for WebhookPlan {
    fn default() -> Self {
        Self { copies: 2, several: true, ..Self::calm() }
    }
}

impl WebhookPlan {
    /// One webhook for one change, once, in order.
    #[must_use]
    pub const fn calm() -> Self {
        Self {
            delay: Duration::ZERO,
            copies: 1,
            several: false,
            reversed: false,
            partial: false,
            again: None,
            bearer: None,
            held: false,
        }
    }

    /// Kept back until the fake releases them.
    #[must_use]
    pub const fn held(mut self) -> Self {
        self.held = true;
        self
    }

    /// Each is posted so often.
    #[must_use]
    pub const fn copies(mut self, copies: usize) -> Self {
        self.copies = copies;
        self
    }

    /// The last comes first.
    #[must_use]
    pub const fn reversed(mut self) -> Self {
        self.reversed = true;
        self
    }

    /// Tells of a record only what changed.
    #[must_use]
    pub const fn partial(mut self) -> Self {
        self.partial = true;
        self
    }

    /// Waits before each.
    #[must_use]
    pub const fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Tries twice more, with so much time in between: 1.5 s at Altegio, by one of its two descriptions.
    #[must_use]
    pub const fn again(mut self, wait: Duration) -> Self {
        self.again = Some(wait);
        self
    }

    /// What one event makes to be posted to one address.
    pub(super) fn posts(&self, url: &str, event: &Event) -> Vec<Post> {
        let mut bodies = vec![self.body(event)];
        if self.several && event.resource == "record" && event.status != "delete" {
            let mut second = Event { status: "update", ..event.clone() };
            if let Some(services) = second.data["services"].as_array_mut() {
                services.reverse();
            }
            bodies.push(self.body(&second));
        }
        let post = |body: &Value| Post { url: url.to_owned(), body: body.to_string(), plain: false };
        bodies.iter().flat_map(|body| std::iter::repeat_with(|| post(body)).take(self.copies)).collect()
    }

    pub(super) fn arrange(&self, mut posts: Vec<Post>) -> Vec<Post> {
        if self.reversed {
            posts.reverse();
        }
        posts
    }

    fn body(&self, event: &Event) -> Value {
        let mut body = event.body();
        if self.partial && event.resource == "record" && event.status == "update" {
            let data = &event.data;
            let kept = ["id", "date", "datetime", "seance_length", "length", "last_change_date"];
            body["data"] = kept.iter().map(|key| ((*key).to_owned(), data[*key].clone())).collect();
        }
        body
    }
}

/// Something to be posted.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) url: String,
    pub(super) body: String,
    /// Not of a location's webhooks: posted once, at once.
    pub(super) plain: bool,
}

/// Takes posts where they belong.
#[derive(Debug)]
pub(super) struct Courier {
    http: reqwest::Client,
    queue: mpsc::UnboundedSender<Post>,
    pending: watch::Sender<usize>,
    held: std::sync::Mutex<Vec<Post>>,
}

/// The queue's other end.
#[derive(Debug)]
pub(super) struct Work(mpsc::UnboundedReceiver<Post>);

impl Work {
    /// Posts what is queued, in order, until it is aborted.
    pub(super) async fn run(mut self, shared: Arc<Shared>) {
        while let Some(post) = self.0.recv().await {
            let plan = match post.plain {
                true => WebhookPlan::calm(),
                false => shared.with(|state| state.webhooks.clone()),
            };
            if plan.held {
                shared.courier.keep(post);
            } else {
                if !plan.delay.is_zero() {
                    tokio::time::sleep(plan.delay).await;
                }
                shared.courier.until_taken(&shared, &post, &plan).await;
            }
            shared.courier.pending.send_modify(|pending| *pending -= 1);
        }
    }
}

impl Courier {
    /// # Errors
    /// When no HTTP client can be made.
    pub(super) fn new() -> Result<(Self, Work), reqwest::Error> {
        // The provider is process-wide; whoever was first installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent("Altegio")
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let (queue, work) = mpsc::unbounded_channel();
        Ok((Self { http, queue, pending: watch::Sender::new(0), held: std::sync::Mutex::default() }, Work(work)))
    }

    pub(super) fn queue(&self, post: Post) {
        self.pending.send_modify(|pending| *pending += 1);
        if self.queue.send(post).is_err() {
            self.pending.send_modify(|pending| *pending -= 1);
        }
    }

    /// Returns when nothing is queued.
    pub(super) async fn settled(&self) {
        let _ = self.pending.subscribe().wait_for(|pending| *pending == 0).await;
    }

    /// What is kept back, in order.
    pub(super) fn take_held(&self) -> Vec<Post> {
        std::mem::take(&mut self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn keep(&self, post: Post) {
        self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(post);
    }

    async fn until_taken(&self, shared: &Shared, post: &Post, plan: &WebhookPlan) {
        for _ in 0..3 {
            let status = self.post(shared, &post.url, post.body.clone(), plan.bearer.as_deref()).await;
            match plan.again {
                Some(wait) if status == 0 || status == 429 || status >= 500 => tokio::time::sleep(wait).await,
                _ => return,
            }
        }
    }

    /// Posts a body once; 0 when there was no answer.
    pub(super) async fn post(&self, shared: &Shared, url: &str, body: impl Into<Bytes>, bearer: Option<&str>) -> u16 {
        let mut request = self.http.post(url).header("content-type", "application/json").body(body.into());
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        let status = request.send().await.map_or(0, |response| response.status().as_u16());
        shared.with(|state| state.answers.push(status));
        status
    }
}

/// The body of a webhook about something that never happened here.
pub(super) fn made_up(salon: u64, resource: &str, id: u64, status: &str, data: Value) -> Value {
    json!({"company_id": salon, "resource": resource, "resource_id": id, "status": status, "data": data})
}
