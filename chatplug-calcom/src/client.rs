//! Calls to Cal.com: versions, both envelopes, errors by what to do about them, the pace, retries of reads, the circuit.
//!
//! What the answers mean is in `wire`; which calls make a booking is in `backend`.

mod answer;
mod call;
mod error;
mod http;
mod limits;
mod refusal;
mod version;

pub use answer::{Answer, Pages};
pub use call::Call;
pub use error::CallError;
pub use http::http_client;
pub use refusal::{Refusal, Told};
pub use version::Version;

use crate::{CalcomAuth, CalcomConfig};
use bytes::Bytes;
use chatplug_core::{
    ports::{Rate, RateLimiter, SystemClock},
    wrappers::{Circuit, Pace},
};
use limits::Limits;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::{
    fmt::Write,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout_at};

/// What Cal.com allows an API key (120 in 60 seconds), kept to with a little room: over any minute at most 115.
pub const KEY_RATE: Rate = Rate { burst: 15, every: chrono::Duration::milliseconds(600) };
/// What it allows an access token or a platform's client (500 in 60 seconds): over any minute at most 488.
pub const TOKEN_RATE: Rate = Rate { burst: 60, every: chrono::Duration::milliseconds(140) };

const CLIENT_ID: HeaderName = HeaderName::from_static("x-cal-client-id");
const SECRET_KEY: HeaderName = HeaderName::from_static("x-cal-secret-key");
const VERSION: HeaderName = HeaderName::from_static("cal-api-version");
/// Longest answer that is read: 250 bookings with all their answers have less than a megabyte.
const ANSWER_LIMIT: u64 = 16 * 1024 * 1024;
/// How often a read is tried.
const ATTEMPTS: u32 = 3;
/// How long a whole call may take, unless told otherwise: a write and the look after it fit into what the engine waits.
const TIME_LIMIT: Duration = Duration::from_secs(9);
/// So long is one attempt of a read waited for.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(4);

/// A server of Cal.com, as one credential calls it. Clones share the pace and the circuit.
#[derive(Debug, Clone)]
pub struct CalcomClient {
    http: reqwest::Client,
    config: Arc<CalcomConfig>,
    pace: Pace,
    circuit: Arc<Circuit>,
    time_limit: Duration,
    calls: Arc<AtomicU64>,
}

impl CalcomClient {
    /// A credential's client. `http` follows no redirects and repeats nothing by itself, as [`http_client`] makes it.
    ///
    /// It counts its calls in this process only; see [`with_limiter`](Self::with_limiter).
    #[must_use]
    pub fn new(config: CalcomConfig, http: reqwest::Client) -> Self {
        let rate = rate_of(&config);
        Self {
            http,
            config: Arc::new(config),
            pace: Pace::new(Arc::new(SystemClock), rate.burst, rate.every, usize::MAX),
            circuit: Arc::new(Circuit::new("calcom")),
            time_limit: TIME_LIMIT,
            calls: Arc::default(),
        }
    }

    /// Counts calls together with all processes that share the limiter: Cal.com's limit is that of the credential.
    #[must_use]
    pub fn with_limiter(self, limiter: Arc<dyn RateLimiter>) -> Self {
        let (name, rate) = (self.limit_name(), rate_of(&self.config));
        self.with_pace(Pace::shared(Arc::new(SystemClock), limiter, name, rate, usize::MAX))
    }

    /// Keeps to another pace than [`KEY_RATE`] or [`TOKEN_RATE`]: an operator may allow a key more or less.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Gives up on a call after this long, waiting for a place and retries included.
    #[must_use]
    pub const fn with_time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// The same credential at another address, with a pace and a circuit of its own.
    pub(crate) fn at(&self, base_url: &str) -> Self {
        Self::new(CalcomConfig::clone(&self.config).with_base_url(base_url), self.http.clone())
    }

    /// Whose calls these are, and where they go.
    #[must_use]
    pub fn config(&self) -> &CalcomConfig {
        &self.config
    }

    /// How many requests left so far, of all clones together.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Reads `{base}/v2/{path}`.
    ///
    /// # Errors
    /// See [`CallError`]; never `OutcomeUnknown`.
    pub async fn get<A: DeserializeOwned>(&self, path: impl Into<String>) -> Result<A, CallError> {
        Ok(self.send(&Call::get(path)).await?.data)
    }

    /// Writes by `POST`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn post<A: DeserializeOwned>(
        &self,
        path: impl Into<String>,
        body: &impl Serialize,
    ) -> Result<A, CallError> {
        Ok(self.send(&Call::post(path).json(body)).await?.data)
    }

    /// Writes by `PATCH`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn patch<A: DeserializeOwned>(
        &self,
        path: impl Into<String>,
        body: &impl Serialize,
    ) -> Result<A, CallError> {
        Ok(self.send(&Call::patch(path).json(body)).await?.data)
    }

    /// Deletes; whatever is answered beside success is not looked at.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn delete(&self, path: impl Into<String>) -> Result<(), CallError> {
        self.send::<serde::de::IgnoredAny>(&Call::delete(path)).await.map(drop)
    }

    /// Makes a call, a read up to three times and a write once, and reads its answer. `A` is what stands in `data`: use
    /// `Option` or `()` where there may be nothing.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn send<A: DeserializeOwned>(&self, call: &Call) -> Result<Answer<A>, CallError> {
        let deadline = Instant::now() + self.time_limit;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let Some(permit) = self.circuit.enter(Instant::now()) else { return Err(CallError::circuit_open()) };
            self.take_place(deadline).await?;
            let outcome = self.once(call, deadline).await.and_then(|(status, body)| answer::read(call, status, &body));
            permit.finish(outcome.as_ref().err().is_none_or(CallError::is_word_of_calcom), Instant::now());
            let Err(error) = outcome else { return outcome };
            if let CallError::RateLimited { retry_after } = &error {
                let wait = retry_after.unwrap_or_else(|| chrono::Duration::seconds(1 << (attempt.min(3) - 1)));
                self.pace.hold(wait).await;
            }
            match error.again_after(attempt).filter(|_| call.is_read() && attempt < ATTEMPTS) {
                Some(wait) if Instant::now() + wait < deadline => sleep(jittered(wait)).await,
                _ => return Err(error),
            }
        }
    }

    /// Waits for a place, if there is one before the deadline.
    async fn take_place(&self, deadline: Instant) -> Result<(), CallError> {
        while let Err(wait) = self.pace.take().await {
            let long = wait.to_std().unwrap_or_default();
            if Instant::now() + long >= deadline {
                return Err(CallError::RateLimited { retry_after: Some(wait) });
            }
            sleep(long).await;
        }
        Ok(())
    }

    /// One request, one answer.
    async fn once(&self, call: &Call, deadline: Instant) -> Result<(u16, Bytes), CallError> {
        let request = self.request(call)?;
        let until = match call.is_read() {
            true => deadline.min(Instant::now() + ATTEMPT_LIMIT),
            false => deadline,
        };
        self.calls.fetch_add(1, Ordering::Relaxed);
        let exchange = async {
            let response = request.send().await.map_err(|error| call.broken(error))?;
            let status = response.status();
            let (limits, id) = (Limits::of(response.headers()), http::request_id(response.headers()));
            match http::read_limited(response, ANSWER_LIMIT).await {
                Ok(body) => Ok((status, limits, id, body)),
                // Refused all the same, whatever the rest would have said.
                Err(_) if status.is_client_error() => Ok((status, limits, id, Bytes::new())),
                Err(source) if status.is_success() && !call.is_read() => {
                    Err(CallError::Unreadable { status: status.as_u16(), source })
                }
                Err(source) => Err(call.lost(source)),
            }
        };
        let late = || call.lost("no answer in time".into());
        let (status, limits, id, body) = timeout_at(until, exchange).await.unwrap_or_else(|_| Err(late()))?;
        if let Some(wait) = limits.used_up() {
            // The next call would be refused, and everything with it for a minute.
            self.pace.hold(wait).await;
        }
        let judged = answer::judge(call, status, &limits, &body);
        if let Err(error) = &judged {
            let (status, request_id) = (status.as_u16(), id.as_deref().unwrap_or_default());
            tracing::debug!(call = %call.shown(), status, request_id, %error, "Cal.com refuses a call");
        }
        judged?;
        Ok((status.as_u16(), body))
    }

    fn request(&self, call: &Call) -> Result<reqwest::RequestBuilder, CallError> {
        let config = &self.config;
        let mut request = self.http.request(call.method.clone(), format!("{}/v2/{}", config.base_url, call.path));
        request = match &config.auth {
            CalcomAuth::ApiKey(secret) | CalcomAuth::AccessToken(secret) => {
                request.header(AUTHORIZATION, hidden(&format!("Bearer {}", secret.expose_secret()))?)
            }
            CalcomAuth::Platform { client_id, secret_key } => {
                request.header(CLIENT_ID, client_id).header(SECRET_KEY, hidden(secret_key.expose_secret())?)
            }
        };
        if let Some(version) = call.version().header() {
            request = request.header(VERSION, version);
        }
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        if let Some(body) = &call.body {
            let body = body.as_ref().map_err(|why| CallError::Unavailable { source: Some(why.as_str().into()) })?;
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        Ok(request)
    }

    /// What calls of this credential are counted under: a hash, since a name is no place for secrets.
    fn limit_name(&self) -> String {
        let (kind, secret) = match &self.config.auth {
            CalcomAuth::ApiKey(secret) => ("key", secret.expose_secret()),
            CalcomAuth::AccessToken(secret) => ("token", secret.expose_secret()),
            CalcomAuth::Platform { client_id, .. } => ("client", client_id.as_str()),
        };
        let url = reqwest::Url::parse(&self.config.base_url).ok();
        let host =
            url.as_ref().and_then(|url| Some((url.host_str()?, url.port_or_known_default().unwrap_or_default())));
        let (host, port) = host.unwrap_or((self.config.base_url.as_str(), 0));
        let digest = Sha256::digest(format!("{host}:{port}\n{kind}\n{secret}"));
        digest.iter().take(8).fold("calcom-".to_owned(), |mut name, byte| {
            // Writing into a `String` cannot fail.
            let _ = write!(name, "{byte:02x}");
            name
        })
    }
}

const fn rate_of(config: &CalcomConfig) -> Rate {
    match config.auth {
        CalcomAuth::ApiKey(_) => KEY_RATE,
        CalcomAuth::AccessToken(_) | CalcomAuth::Platform { .. } => TOKEN_RATE,
    }
}

fn hidden(text: &str) -> Result<HeaderValue, CallError> {
    let mut value =
        HeaderValue::from_str(text).map_err(|error| CallError::Unavailable { source: Some(error.into()) })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A wait and up to a half more, so that those who failed together do not come back together.
fn jittered(wait: Duration) -> Duration {
    let chance = u32::try_from(RandomState::new().hash_one(0) % 512).unwrap_or_default();
    wait + wait * chance / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_credential_has_a_limit_of_its_own_whose_name_tells_nothing() {
        let name = |auth: CalcomAuth, url: &str| {
            CalcomClient::new(CalcomConfig::new(auth).with_base_url(url), http_client().unwrap()).limit_name()
        };
        let key = || CalcomAuth::ApiKey("cal_live_0123".into());
        assert_eq!(name(key(), "https://api.cal.com"), name(key(), "https://api.cal.com:443/api/v2"));
        assert_ne!(name(key(), "https://api.cal.com"), name(key(), "https://calendar.example"));
        assert_ne!(name(key(), "https://api.cal.com"), name(CalcomAuth::ApiKey("cal_2".into()), "https://api.cal.com"));
        assert!(!name(key(), "https://api.cal.com").contains("0123"));
    }

    #[test]
    fn the_rates_keep_to_the_limits() {
        let most = |rate: Rate| {
            i64::from(rate.burst) + chrono::Duration::minutes(1).num_milliseconds() / rate.every.num_milliseconds()
        };
        assert!(most(KEY_RATE) <= 120 && most(TOKEN_RATE) <= 500);
    }
}
