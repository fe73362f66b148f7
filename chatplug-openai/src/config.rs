//! What an endpoint needs to know. Reading files and environment is the server's.

use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// Where OpenAI's own endpoint lives.
pub const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";

/// OpenAI's own limit of a recording.
const DEFAULT_LIMIT: usize = 25 * 1024 * 1024;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);

/// An endpoint and a model.
#[derive(Debug, Clone)]
pub struct OpenAiConfig {
    pub(crate) base_url: String,
    pub(crate) model: String,
    pub(crate) api_key: Option<SecretString>,
    pub(crate) limit: usize,
    pub(crate) timeout: Duration,
}

/// Why an [`OpenAiConfig`] cannot work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenAiConfigError {
    /// The base URL is not an absolute http(s) URL.
    #[error("the base URL must be absolute and begin with https:// (or http:// for a machine of your own)")]
    BaseUrl,
    /// No model is named.
    #[error("the model has no name")]
    Model,
    /// There is a key, and it is empty or no header can carry it.
    #[error("the API key is empty, or has characters that no key has")]
    ApiKey,
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
}

impl OpenAiConfig {
    /// An endpoint, up to and including its version (`…/v1`), and the name of a model there.
    #[must_use]
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        let base_url = base_url.into();
        Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            model: model.into(),
            api_key: None,
            limit: DEFAULT_LIMIT,
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// A key; an endpoint of one's own may need none.
    #[must_use]
    pub fn with_api_key(mut self, key: impl Into<SecretString>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// Largest recording, in bytes.
    #[must_use]
    pub const fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// How long an answer is waited for.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Checks everything that can be checked without a call.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), OpenAiConfigError> {
        let url = reqwest::Url::parse(&self.base_url).ok();
        if !url.is_some_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host()) {
            return Err(OpenAiConfigError::BaseUrl);
        }
        if self.model.trim().is_empty() {
            return Err(OpenAiConfigError::Model);
        }
        let key = self.api_key.as_ref().map(ExposeSecret::expose_secret);
        if key.is_some_and(|key| key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(OpenAiConfigError::ApiKey);
        }
        Ok(())
    }
}
