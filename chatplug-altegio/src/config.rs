//! What an account needs to know. Reading files and environment is the server's.

use secrecy::{ExposeSecret, SecretString};

/// Where the business API lives, version included.
pub const DEFAULT_BASE_URL: &str = "https://api.alteg.io/api/v1";

/// Where partners of the marketplace call.
pub const DEFAULT_MARKETPLACE_URL: &str = "https://app.alteg.io";

/// A developer's account, and the user that it acts as.
#[derive(Debug, Clone)]
pub struct AltegioConfig {
    pub(crate) base_url: String,
    pub(crate) marketplace_url: String,
    pub(crate) partner_token: SecretString,
    pub(crate) user_token: Option<SecretString>,
}

/// Why an [`AltegioConfig`] cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AltegioConfigError {
    /// A URL is not absolute.
    #[error("the base URL must be absolute and begin with https:// (or http:// for a fake)")]
    BaseUrl,
    /// A token is empty, or no header can carry it.
    #[error("the {0} token is empty, or has characters that no token has")]
    Token(&'static str),
}

impl AltegioConfig {
    /// A developer's account by its partner token; without a user token only the public online booking can be used.
    #[must_use]
    pub fn new(partner_token: impl Into<SecretString>) -> Self {
        Self {
            base_url: DEFAULT_BASE_URL.to_owned(),
            marketplace_url: DEFAULT_MARKETPLACE_URL.to_owned(),
            partner_token: partner_token.into(),
            user_token: None,
        }
    }

    /// Acts as the user of this token: an employee's, or the technical user's of a marketplace app.
    #[must_use]
    pub fn with_user_token(mut self, token: impl Into<SecretString>) -> Self {
        self.user_token = Some(token.into());
        self
    }

    /// Calls another host than Altegio's, up to and including the version (`…/api/v1`): a fake, or YCLIENTS. A slash at the
    /// end does not matter.
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
        url.into().trim_end_matches('/').clone_into(&mut self.base_url);
        self
    }

    /// The same for the calls of the marketplace, up to the host.
    #[must_use]
    pub fn with_marketplace_url(mut self, url: impl Into<String>) -> Self {
        url.into().trim_end_matches('/').clone_into(&mut self.marketplace_url);
        self
    }

    /// Checks everything that can be checked without a call.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), AltegioConfigError> {
        for url in [&self.base_url, &self.marketplace_url] {
            let url = reqwest::Url::parse(url).ok();
            if !url.is_some_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host()) {
                return Err(AltegioConfigError::BaseUrl);
            }
        }
        let well = |token: &SecretString| {
            let token = token.expose_secret();
            !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
        };
        if !well(&self.partner_token) {
            return Err(AltegioConfigError::Token("partner"));
        }
        if !self.user_token.as_ref().is_none_or(well) {
            return Err(AltegioConfigError::Token("user"));
        }
        Ok(())
    }
}
