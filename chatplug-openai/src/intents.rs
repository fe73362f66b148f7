//! The [`IntentEngine`] port on `POST {base_url}/chat/completions`.
//!
//! Source: OpenAI's reference of that call and of structured outputs: `response_format` with a `json_schema` that is
//! `strict`; the answer's `choices[0].message.content` is JSON of it, `refusal` says why there is none, `usage` counts tokens.

mod answer;
mod breaker;
mod budget;
mod checkup;
mod prompt;

pub use budget::DEFAULT_DAILY_TOKENS;
pub use checkup::OpenAiCheckup;

use super::{
    client::{self, Unread, keyed, retry_after},
    config::{OpenAiConfig, OpenAiConfigError},
};
use answer::{Completion, Reading};
use async_trait::async_trait;
use breaker::Breaker;
use budget::Budget;
use chatplug_core::{
    engine::{EngineEvent, Observer, Quiet},
    model::TenantId,
    ports::{Clock, Context, IntentEngine, IntentError, Interpretation, RateLimiter, Utterance},
    understand::FactBook,
};
use chrono::Duration as Span;
use reqwest::{Client, Response, StatusCode};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// No reading is longer; a longer answer is nonsense.
const LONGEST_ANSWER: usize = 64 * 1024;
/// Calls of one process to one endpoint at the same time.
const AT_ONCE: usize = 32;

/// What a million tokens cost, in whatever currency the business counts in.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TokenPrice {
    /// Sent.
    pub input: f64,
    /// That come back.
    pub output: f64,
}

impl TokenPrice {
    /// What these tokens cost, in millionths.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "money for a chart; never negative"
    )]
    fn micros(self, input: u64, output: u64) -> u64 {
        (input as f64).mul_add(self.input.max(0.0), output as f64 * self.output.max(0.0)).round() as u64
    }
}

/// A model at an endpoint, shared by all tenants that use it: its connections and its circuit breaker.
#[derive(Debug)]
pub struct OpenAiModel {
    config: OpenAiConfig,
    price: TokenPrice,
    http: Client,
    clock: Arc<dyn Clock>,
    breaker: Breaker,
    places: Semaphore,
}

impl OpenAiModel {
    /// One for an endpoint, with a client of its own.
    ///
    /// # Errors
    /// When the configuration cannot work.
    pub fn new(config: OpenAiConfig, clock: Arc<dyn Clock>) -> Result<Self, OpenAiConfigError> {
        let http = client::client(&config)?;
        let breaker = Breaker::new(config.timeout);
        Ok(Self { config, price: TokenPrice::default(), http, clock, breaker, places: Semaphore::new(AT_ONCE) })
    }

    /// What its tokens cost; nothing unless told.
    #[must_use]
    pub const fn with_price(mut self, price: TokenPrice) -> Self {
        self.price = price;
        self
    }

    /// How long an answer is waited for.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.config.timeout
    }

    /// Asks, once.
    async fn ask(&self, body: &serde_json::Value) -> Result<Completion, Failed> {
        let url = format!("{}/chat/completions", self.config.base_url);
        let answer = keyed(&self.config, self.http.post(url).json(body)).send().await.map_err(Failed::of)?;
        let answer = refused(answer)?;
        let body = client::read(answer, LONGEST_ANSWER).await.map_err(|why| match why {
            Unread::Broken(error) => Failed::of(error),
            Unread::TooLong => Failed::Nonsense("the answer is too long"),
        })?;
        // What stands in it may be what was said, so an error of the parser is not passed on: it may quote.
        serde_json::from_slice(&body).map_err(|_| Failed::Nonsense("no completion"))
    }
}

/// Reads messages by a model, for one tenant. Wrap it: a [`Cascade`](chatplug_core::understand::Cascade) asks it only when
/// the offline engine is unsure, and shows it nobody's name or number.
#[derive(Debug, Clone)]
pub struct OpenAiIntents {
    model: Arc<OpenAiModel>,
    tenant: TenantId,
    facts: Arc<FactBook>,
    budget: Budget,
    observer: Arc<dyn Observer>,
}

impl OpenAiIntents {
    /// One for a tenant. Its budget is counted in `limiter`, by all processes that share that one together.
    #[must_use]
    pub fn new(model: Arc<OpenAiModel>, tenant: TenantId, limiter: Arc<dyn RateLimiter>) -> Self {
        let budget = Budget::new(limiter, &tenant);
        Self { model, tenant, facts: Arc::default(), budget, observer: Arc::new(Quiet) }
    }

    /// With what the business says about itself: the model may point at it.
    #[must_use]
    pub fn with_facts(mut self, facts: Arc<FactBook>) -> Self {
        self.facts = facts;
        self
    }

    /// How many tokens a day (by UTC) may cost, sent and received together; [`DEFAULT_DAILY_TOKENS`] unless told. Counted by
    /// hundreds; calls that are under way when it is used up are not cut off.
    #[must_use]
    pub fn with_daily_tokens(mut self, tokens: u32) -> Self {
        self.budget.set(tokens);
        self
    }

    /// Who hears of every call: tokens, cost, how long.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    fn tell(&self, result: &'static str, spent: (u64, u64), took: Duration) {
        let (tokens_in, tokens_out) = spent;
        let cost_micros = self.model.price.micros(tokens_in, tokens_out);
        tracing::info!(
            tenant.id = %self.tenant,
            result,
            tokens_in,
            tokens_out,
            cost_micros,
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "a model was asked"
        );
        let tenant = &self.tenant;
        self.observer.observe(&EngineEvent::ModelCalled { tenant, result, tokens_in, tokens_out, cost_micros, took });
    }

    async fn read(&self, utterance: &Utterance, context: &Context<'_>) -> Result<Interpretation, Failed> {
        let _place = self.model.places.try_acquire().map_err(|_| Failed::Busy)?;
        let now = self.model.clock.now();
        if !self.model.breaker.admits(now) {
            return Err(Failed::Resting);
        }
        if !self.budget.begin(now).await {
            return Err(Failed::OverBudget);
        }
        let lists = prompt::Lists::new(context, &self.facts);
        let body = prompt::request(&self.model.config.model, utterance, context, &lists);
        let began = Instant::now();
        // Our own clock as well: an endpoint that sends a byte now and then is slow, not alive.
        let asked = tokio::time::timeout(self.model.config.timeout, self.model.ask(&body)).await;
        let asked = asked.unwrap_or(Err(Failed::Slow));
        let took = began.elapsed();
        let now = self.model.clock.now();
        let mut spent = (0, 0);
        let read = match asked {
            Ok(completion) => {
                spent = completion.tokens(&body);
                self.budget.spend(spent.0 + spent.1, now).await;
                completion.content().and_then(|json| Reading::parse(json)?.interpretation(&lists))
            }
            Err(failed) => Err(failed),
        };
        match &read {
            Ok(_) => self.model.breaker.well(),
            Err(Failed::Limited(after)) => self.model.breaker.rest(now + after.unwrap_or_else(|| Span::seconds(20))),
            Err(Failed::Refused(_)) => self.model.breaker.rest(now + Span::minutes(1)),
            Err(_) => self.model.breaker.failed(now),
        }
        self.tell(read.as_ref().err().map_or("ok", Failed::word), spent, took);
        read
    }
}

#[async_trait]
impl IntentEngine for OpenAiIntents {
    async fn interpret<'a>(&self, utterance: &Utterance, context: &Context<'a>) -> Result<Interpretation, IntentError> {
        self.read(utterance, context).await.map_err(|failed| {
            if matches!(failed, Failed::OverBudget | Failed::Resting | Failed::Busy) {
                self.tell(failed.word(), (0, 0), Duration::ZERO);
            }
            IntentError::Unavailable { engine: "openai", source: Some(Box::new(failed)) }
        })
    }
}

/// Why there is no reading. Nothing of what was said or answered stands in it.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the endpoint is down")]
    Down(#[source] Option<reqwest::Error>),
    #[error("the endpoint is down: HTTP status {0}")]
    Status(u16),
    #[error("the endpoint is slow")]
    Slow,
    #[error("the answer makes no sense: {0}")]
    Nonsense(&'static str),
    #[error("too many calls")]
    Limited(Option<Span>),
    #[error("the endpoint refuses: HTTP status {0}")]
    Refused(u16),
    #[error("the tenant's budget of the day is used up")]
    OverBudget,
    #[error("the endpoint failed too often and is left alone for a while")]
    Resting,
    #[error("too many calls are under way")]
    Busy,
}

impl Failed {
    fn of(error: reqwest::Error) -> Self {
        if error.is_timeout() { Self::Slow } else { Self::Down(Some(error.without_url())) }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Down(_) | Self::Status(_) => "down",
            Self::Slow => "slow",
            Self::Nonsense(_) => "nonsense",
            Self::Limited(_) => "limited",
            Self::Refused(_) => "refused",
            Self::OverBudget => "over_budget",
            Self::Resting => "resting",
            Self::Busy => "busy",
        }
    }
}

/// What a status asks to be done.
fn refused(answer: Response) -> Result<Response, Failed> {
    let status = answer.status();
    let code = status.as_u16();
    Err(match status {
        status if status.is_success() => return Ok(answer),
        StatusCode::TOO_MANY_REQUESTS => Failed::Limited(retry_after(&answer)),
        StatusCode::REQUEST_TIMEOUT => Failed::Slow,
        status if status.is_client_error() => Failed::Refused(code),
        _ => Failed::Status(code),
    })
}
