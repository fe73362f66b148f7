//! What an account needs to know. Reading files and environment is the server's.

use secrecy::{ExposeSecret, SecretString};

/// Where Cal.com's own API lives, without the version: paths begin with `/v2`.
pub const DEFAULT_BASE_URL: &str = "https://api.cal.com";

/// As whom calls are made. Contract: "Base URL, authentication".
#[derive(Debug, Clone)]
pub enum CalcomAuth {
    /// A user's API key (`cal_…`; an operator can choose another prefix): all that this user sees.
    ApiKey(SecretString),
    /// An access token, of OAuth or of a managed user: 500 calls a minute instead of 120.
    AccessToken(SecretString),
    /// A platform customer's client, which acts as the platform's owner.
    Platform {
        /// `x-cal-client-id`.
        client_id: String,
        /// `x-cal-secret-key`.
        secret_key: SecretString,
    },
}

/// A server of Cal.com, and as whom it is called.
#[derive(Debug, Clone)]
pub struct CalcomConfig {
    pub(crate) base_url: String,
    pub(crate) auth: CalcomAuth,
}

/// Why a [`CalcomConfig`] cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalcomConfigError {
    /// The URL is not absolute.
    #[error("the base URL must be absolute and begin with https:// (or http:// for a fake or a machine of your own)")]
    BaseUrl,
    /// A credential is empty, or no header can carry it.
    #[error("the {0} is empty, or has characters that none has")]
    Credential(&'static str),
}

impl CalcomConfig {
    /// An account of Cal.com's cloud.
    #[must_use]
    pub fn new(auth: CalcomAuth) -> Self {
        Self { base_url: DEFAULT_BASE_URL.to_owned(), auth }
    }

    /// Calls a self-hosted server, up to what stands before `/v2` (`https://calendar.example/api`). A slash or a `/v2` at
    /// the end does not matter.
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
        let url = url.into();
        let url = url.trim_end_matches('/');
        url.strip_suffix("/v2").unwrap_or(url).trim_end_matches('/').clone_into(&mut self.base_url);
        self
    }

    /// Checks everything that can be checked without a call.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), CalcomConfigError> {
        let url = reqwest::Url::parse(&self.base_url).ok();
        if !url.is_some_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host()) {
            return Err(CalcomConfigError::BaseUrl);
        }
        let well = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let wrong = match &self.auth {
            CalcomAuth::ApiKey(key) => (!well(key.expose_secret())).then_some("API key"),
            CalcomAuth::AccessToken(token) => (!well(token.expose_secret())).then_some("access token"),
            CalcomAuth::Platform { client_id, .. } if !well(client_id) => Some("client id"),
            CalcomAuth::Platform { secret_key, .. } => (!well(secret_key.expose_secret())).then_some("secret key"),
        };
        wrong.map_or(Ok(()), |what| Err(CalcomConfigError::Credential(what)))
    }
}
