//! What a number and a webhook endpoint need to know. Reading files and environment is the server's.

use secrecy::{ExposeSecret, SecretString};

/// Where Graph lives.
pub const DEFAULT_BASE_URL: &str = "https://graph.facebook.com";

/// The version of Graph that this adapter was written against. Versions live for about two years.
pub const DEFAULT_GRAPH_VERSION: &str = "v25.0";

/// Largest file fetched from a client, unless configured: Meta's own limit for audio and video.
const DEFAULT_MEDIA_LIMIT: u64 = 16 * 1024 * 1024;

/// One business phone number on the Cloud API.
///
/// ```
/// use chatplug_whatsapp::meta::MetaConfig;
///
/// let config = MetaConfig::new("106540352242922", "EAAJB…").with_base_url("http://127.0.0.1:8081");
/// assert!(config.check().is_ok());
/// ```
#[derive(Debug, Clone)]
pub struct MetaConfig {
    pub(super) base_url: String,
    pub(super) graph_version: String,
    pub(super) phone_number_id: String,
    pub(super) waba_id: Option<String>,
    pub(super) access_token: SecretString,
    pub(super) media_limit: u64,
}

/// Why a [`MetaConfig`] cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetaConfigError {
    /// The base URL is not an absolute http(s) URL.
    #[error("the base URL must be absolute and begin with https:// (or http:// for a fake)")]
    BaseUrl,
    /// The version is not of the form `v25.0`.
    #[error("the Graph version must look like v25.0")]
    GraphVersion,
    /// The phone number id is not Meta's decimal id (it is not the phone number itself).
    #[error("the phone number id must be Meta's decimal id, not the phone number")]
    PhoneNumberId,
    /// The account id is missing or not Meta's decimal id.
    #[error("templates need the WhatsApp Business Account's id, which is decimal")]
    WabaId,
    /// The access token is empty.
    #[error("the access token is empty")]
    AccessToken,
}

impl MetaConfig {
    /// A number by Meta's decimal id of it, with the token that may send from it.
    #[must_use]
    pub fn new(phone_number_id: impl Into<String>, access_token: impl Into<SecretString>) -> Self {
        Self {
            base_url: DEFAULT_BASE_URL.to_owned(),
            graph_version: DEFAULT_GRAPH_VERSION.to_owned(),
            phone_number_id: phone_number_id.into(),
            waba_id: None,
            access_token: access_token.into(),
            media_limit: DEFAULT_MEDIA_LIMIT,
        }
    }

    /// Sends to another host than Meta's: a fake, or a gateway. A slash at the end does not matter.
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
        let url = url.into();
        url.trim_end_matches('/').clone_into(&mut self.base_url);
        self
    }

    /// Pins another version of Graph, such as `v25.0`.
    #[must_use]
    pub fn with_graph_version(mut self, version: impl Into<String>) -> Self {
        self.graph_version = version.into();
        self
    }

    /// The WhatsApp Business Account that owns the number; needed for templates, not for sending.
    #[must_use]
    pub fn with_waba_id(mut self, id: impl Into<String>) -> Self {
        self.waba_id = Some(id.into());
        self
    }

    /// The largest file, in bytes, that is fetched from a client.
    #[must_use]
    pub const fn with_media_limit(mut self, bytes: u64) -> Self {
        self.media_limit = bytes;
        self
    }

    /// Meta's id of the number: what the webhooks of its clients are routed by.
    #[must_use]
    pub fn phone_number_id(&self) -> &str {
        &self.phone_number_id
    }

    /// The WhatsApp Business Account, when known.
    #[must_use]
    pub fn waba_id(&self) -> Option<&str> {
        self.waba_id.as_deref()
    }

    /// Checks everything that can be checked without a call.
    ///
    /// # Errors
    /// All that is wrong at once, so that a person mends it in one go.
    pub fn check(&self) -> Result<(), Vec<MetaConfigError>> {
        let mut wrong = Vec::new();
        let url = reqwest::Url::parse(&self.base_url).ok();
        if !url.is_some_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host()) {
            wrong.push(MetaConfigError::BaseUrl);
        }
        if !is_version(&self.graph_version) {
            wrong.push(MetaConfigError::GraphVersion);
        }
        // Phone numbers have at most 15 digits and ids at least as many in practice, but both are digits: only shape is checked.
        if self.phone_number_id.is_empty() || !self.phone_number_id.bytes().all(|b| b.is_ascii_digit()) {
            wrong.push(MetaConfigError::PhoneNumberId);
        }
        if self.waba_id.as_ref().is_some_and(|id| id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit())) {
            wrong.push(MetaConfigError::WabaId);
        }
        if self.access_token.expose_secret().trim().is_empty() {
            wrong.push(MetaConfigError::AccessToken);
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

/// The keys of one webhook endpoint, which belong to one Meta app however many numbers it serves.
///
/// An empty keyring refuses every request.
#[derive(Debug, Clone, Default)]
pub struct MetaKeyring {
    pub(super) app_secrets: Vec<SecretString>,
    pub(super) verify_token: Option<SecretString>,
}

impl MetaKeyring {
    /// The keyring of an app with one secret.
    #[must_use]
    pub fn new(app_secret: impl Into<SecretString>, verify_token: impl Into<SecretString>) -> Self {
        Self::default().with_verify_token(verify_token).with_app_secret(app_secret)
    }

    /// Adds an app secret; while one is being changed, the old and the new are both taken. An empty one is no key.
    #[must_use]
    pub fn with_app_secret(mut self, secret: impl Into<SecretString>) -> Self {
        let secret = secret.into();
        if !secret.expose_secret().is_empty() {
            self.app_secrets.push(secret);
        }
        self
    }

    /// Sets the word that Meta repeats when the callback URL is set in its dashboard. An empty one is none.
    #[must_use]
    pub fn with_verify_token(mut self, token: impl Into<SecretString>) -> Self {
        let token = token.into();
        self.verify_token = (!token.expose_secret().is_empty()).then_some(token);
        self
    }
}

fn is_version(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    text.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(|(a, b)| digits(a) && digits(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let config = MetaConfig::new("+1 555", " ").with_base_url("graph.facebook.com").with_graph_version("25");
        assert_eq!(
            config.check().unwrap_err(),
            [
                MetaConfigError::BaseUrl,
                MetaConfigError::GraphVersion,
                MetaConfigError::PhoneNumberId,
                MetaConfigError::AccessToken
            ]
        );
        assert_eq!(MetaConfig::new("106540352242922", "t").check(), Ok(()));
    }

    #[test]
    fn secrets_do_not_show() {
        let shown = format!("{:?} {:?}", MetaConfig::new("1", "tok-123"), MetaKeyring::new("sec-123", "ver-123"));
        assert!(!shown.contains("123"), "{shown}");
    }

    #[test]
    fn empty_keys_are_no_keys() {
        let ring = MetaKeyring::new("", "");
        assert!(ring.app_secrets.is_empty() && ring.verify_token.is_none());
    }
}
