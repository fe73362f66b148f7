//! Calls to Altegio: the headers, the envelope, errors by what to do about them, the pace, retries of reads, the circuit.
//!
//! What the answers mean is in `wire`; which calls make a booking is in `backend`.

mod answer;
mod call;
mod error;
mod http;

pub use answer::{Answer, Meta};
pub use call::Call;
pub use error::{CallError, Refusal, RefusalCode};
pub use http::http_client;

use crate::AltegioConfig;
use bytes::Bytes;
use chatplug_core::{
    ports::{Rate, RateLimiter, SystemClock},
    wrappers::{Circuit, Pace},
};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::{
    Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
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

/// What Altegio allows an address, kept to with a little room: two at once, then three a second. Over any second that is at
/// most five, over any minute at most 182 (of 200).
pub const RATE: Rate = Rate { burst: 2, every: chrono::Duration::milliseconds(334) };

/// The answer format with the `{success, data, meta}` envelope.
const MEDIA_TYPE: &str = "application/vnd.api.v2+json";
/// Longest answer that is read: a list of everything that a large chain sells has a few megabytes.
const ANSWER_LIMIT: u64 = 32 * 1024 * 1024;
/// How often a read is tried.
const ATTEMPTS: u32 = 3;
/// How long a whole call may take, unless told otherwise: a check and a write fit into what the engine waits for a booking.
const TIME_LIMIT: Duration = Duration::from_secs(9);
/// So long is one attempt of a read waited for.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(4);

/// Altegio, as one account calls it. Clones share the pace and the circuit; make variants (another user, none) from one
/// client, so that they do, too.
#[derive(Debug, Clone)]
pub struct AltegioClient {
    http: reqwest::Client,
    config: Arc<AltegioConfig>,
    pace: Pace,
    circuit: Arc<Circuit>,
    time_limit: Duration,
    calls: Arc<AtomicU64>,
}

impl AltegioClient {
    /// An account's client. `http` follows no redirects and repeats nothing by itself, as [`http_client`] makes it.
    ///
    /// It counts its calls in this process only; see [`with_limiter`](Self::with_limiter).
    #[must_use]
    pub fn new(config: AltegioConfig, http: reqwest::Client) -> Self {
        Self {
            http,
            config: Arc::new(config),
            pace: Pace::new(Arc::new(SystemClock), RATE.burst, RATE.every, usize::MAX),
            circuit: Arc::new(Circuit::new("altegio")),
            time_limit: TIME_LIMIT,
            calls: Arc::default(),
        }
    }

    /// Counts calls together with all processes that share the limiter: Altegio's limit is that of the address they call
    /// from. All accounts at one host share one count.
    #[must_use]
    pub fn with_limiter(self, limiter: Arc<dyn RateLimiter>) -> Self {
        let name = self.limit_name();
        self.with_pace(Pace::shared(Arc::new(SystemClock), limiter, name, RATE, usize::MAX))
    }

    /// Keeps to another pace than [`RATE`], counted as this pace counts.
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

    /// The same for another user of the account.
    #[must_use]
    pub fn as_user(&self, token: impl Into<SecretString>) -> Self {
        Self { config: Arc::new((*self.config).clone().with_user_token(token)), ..self.clone() }
    }

    /// The same without a user: the partner itself.
    #[must_use]
    pub fn as_partner(&self) -> Self {
        let config = AltegioConfig { user_token: None, ..(*self.config).clone() };
        Self { config: Arc::new(config), ..self.clone() }
    }

    /// Whose calls these are.
    #[must_use]
    pub fn config(&self) -> &AltegioConfig {
        &self.config
    }

    /// Whether there is a user: without one, business data can be neither read nor written.
    #[must_use]
    pub fn has_user(&self) -> bool {
        self.config.user_token.is_some()
    }

    /// How many requests left so far, of all clones together.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Reads `{base}/{path}`.
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

    /// Writes by `PUT`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn put<A: DeserializeOwned>(
        &self,
        path: impl Into<String>,
        body: &impl Serialize,
    ) -> Result<A, CallError> {
        Ok(self.send(&Call::put(path).json(body)).await?.data)
    }

    /// Deletes; whatever is answered beside success is not looked at.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn delete(&self, path: impl Into<String>) -> Result<(), CallError> {
        self.send::<IgnoredAny>(&Call::delete(path)).await.map(drop)
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
            let outcome = self.once(call, deadline).await.and_then(|(status, body)| answer::read(status, &body));
            permit.finish(outcome.as_ref().err().is_none_or(CallError::is_word_of_altegio), Instant::now());
            let Err(error) = outcome else { return outcome };
            if let CallError::RateLimited { retry_after } = &error {
                let wait = retry_after.unwrap_or_else(|| chrono::Duration::seconds(1 << (attempt.min(3) - 1)));
                self.pace.hold(wait).await;
            }
            let error = match error {
                CallError::Unauthorized => self.whose_token().await,
                error => error,
            };
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
            let retry_after = http::retry_after(&response);
            match http::read_limited(response, ANSWER_LIMIT).await {
                Ok(body) => Ok((status, retry_after, body)),
                // Refused all the same, whatever the rest would have said.
                Err(_) if status.is_client_error() => Ok((status, retry_after, Bytes::new())),
                Err(source) if status.is_success() && !call.is_read() => {
                    Err(CallError::Unreadable { status: status.as_u16(), source })
                }
                Err(source) => Err(call.lost(source)),
            }
        };
        let late = || call.lost("no answer in time".into());
        let (status, retry_after, body) = timeout_at(until, exchange).await.unwrap_or_else(|_| Err(late()))?;
        answer::judge(call, status, retry_after, &body)?;
        Ok((status.as_u16(), body))
    }

    fn request(&self, call: &Call) -> Result<reqwest::RequestBuilder, CallError> {
        let config = &self.config;
        let configured = if call.at_marketplace { &config.marketplace_url } else { &config.base_url };
        let base = call.host.as_ref().unwrap_or(configured);
        let mut tokens = format!("Bearer {}", config.partner_token.expose_secret());
        if let (Some(user), false) = (&config.user_token, call.as_partner) {
            // Writing into a `String` cannot fail.
            let _ = write!(tokens, ", User {}", user.expose_secret());
        }
        let mut tokens =
            HeaderValue::from_str(&tokens).map_err(|error| CallError::Unavailable { source: Some(error.into()) })?;
        tokens.set_sensitive(true);
        let mut request = self
            .http
            .request(call.method.clone(), format!("{base}/{}", call.path.trim_start_matches('/')))
            .header(ACCEPT, MEDIA_TYPE)
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, tokens);
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        if let Some(body) = &call.body {
            let body = body.as_ref().map_err(|why| CallError::Unavailable { source: Some(why.as_str().into()) })?;
            request = request.body(body.clone());
        }
        Ok(request)
    }

    /// Which token a refused call was refused for: the partner's alone is tried on what needs no user.
    async fn whose_token(&self) -> CallError {
        let probe = Call::get("companies").query("count", 1).without_user();
        match self.once(&probe, Instant::now() + ATTEMPT_LIMIT).await {
            Err(CallError::Unauthorized) => CallError::PartnerToken,
            _ => CallError::UserToken,
        }
    }

    /// What calls of this host are counted under: a hash, since a name is no place for addresses.
    fn limit_name(&self) -> String {
        let url = reqwest::Url::parse(&self.config.base_url).ok();
        let host = url.as_ref().and_then(|url| Some((url.host_str()?, url.port_or_known_default())));
        let digest = match host {
            Some((host, port)) => Sha256::digest(format!("{host}:{}", port.unwrap_or_default())),
            None => Sha256::digest(&self.config.base_url),
        };
        digest.iter().take(8).fold("altegio-".to_owned(), |mut name, byte| {
            let _ = write!(name, "{byte:02x}");
            name
        })
    }
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
    fn accounts_at_one_host_share_a_limit_whose_name_tells_nothing() {
        let name = |url: &str| {
            let config = AltegioConfig::new("partner").with_base_url(url);
            AltegioClient::new(config, http_client().unwrap()).limit_name()
        };
        assert_eq!(name("https://api.alteg.io/api/v1"), name("https://api.alteg.io:443/other"));
        assert_ne!(name("https://api.alteg.io/api/v1"), name("https://api.yclients.com/api/v1"));
        assert!(!name("https://api.alteg.io/api/v1").contains("alteg.io"));
    }

    #[test]
    fn the_rate_keeps_to_both_limits() {
        let most = |stretch: chrono::Duration| {
            i64::from(RATE.burst) + stretch.num_milliseconds() / RATE.every.num_milliseconds()
        };
        assert!(most(chrono::Duration::seconds(1)) <= 5);
        assert!(most(chrono::Duration::minutes(1)) <= 200);
    }
}
