//! What a number and a webhook endpoint need to know. Reading files and environment is the server's.

use chatplug_core::model::Phone;
use secrecy::{ExposeSecret, SecretString};

/// Where messages and media live.
pub const DEFAULT_API_URL: &str = "https://api.twilio.com";

/// Where content resources live.
pub const DEFAULT_CONTENT_URL: &str = "https://content.twilio.com";

/// Where read marks live.
pub const DEFAULT_MESSAGING_URL: &str = "https://messaging.twilio.com";

/// Largest file fetched from a client, unless configured: the smallest limit that Twilio's pages name for WhatsApp.
const DEFAULT_MEDIA_LIMIT: u64 = 16_000_000;

/// One WhatsApp sender of one Twilio account.
///
/// ```
/// use chatplug_whatsapp::twilio::TwilioConfig;
///
/// let config = TwilioConfig::new("AC00000000000000000000000000000001", "auth token", "+15550009999")
///     .with_status_callback("https://chat.example.com/webhooks/twilio/main");
/// assert!(config.check().is_ok());
/// ```
#[derive(Debug, Clone)]
pub struct TwilioConfig {
    pub(super) api_url: String,
    pub(super) content_url: String,
    pub(super) messaging_url: String,
    pub(super) account_sid: String,
    pub(super) login: TwilioLogin,
    pub(super) number: String,
    pub(super) messaging_service: Option<String>,
    pub(super) status_callback: Option<String>,
    pub(super) media_limit: u64,
}

/// What calls are made with. Webhooks are signed with the auth token all the same: see [`TwilioKeyring`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TwilioLogin {
    /// The account's auth token.
    AuthToken(SecretString),
    /// An API key: can be taken away without changing the token.
    ApiKey {
        /// `SK` and 32 hexadecimal digits.
        sid: String,
        /// Shown once, when the key was made.
        secret: SecretString,
    },
}

impl TwilioLogin {
    /// An API key.
    #[must_use]
    pub fn api_key(sid: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        Self::ApiKey { sid: sid.into(), secret: secret.into() }
    }
}

impl From<SecretString> for TwilioLogin {
    fn from(token: SecretString) -> Self {
        Self::AuthToken(token)
    }
}

impl From<&str> for TwilioLogin {
    fn from(token: &str) -> Self {
        Self::AuthToken(token.into())
    }
}

impl From<String> for TwilioLogin {
    fn from(token: String) -> Self {
        Self::AuthToken(token.into())
    }
}

/// Why a [`TwilioConfig`] cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TwilioConfigError {
    /// A base URL is not an absolute http(s) URL.
    #[error("the base URL must be absolute and begin with https:// (or http:// for a fake)")]
    BaseUrl,
    /// The account is not named by its SID.
    #[error("the account SID must be AC and 32 hexadecimal digits")]
    AccountSid,
    /// The auth token or the API key is empty or not one.
    #[error("the auth token is empty, or the API key is not SK and 32 hexadecimal digits with its secret")]
    Login,
    /// The number is not one.
    #[error("the number must be an international phone number such as +15550009999")]
    Number,
    /// The messaging service is not named by its SID.
    #[error("the messaging service must be MG and 32 hexadecimal digits")]
    MessagingService,
    /// Twilio would refuse the address of the status callback (21609).
    #[error("the status callback must be an http(s) URL whose host name has no underscore")]
    StatusCallback,
}

impl TwilioConfig {
    /// A sender: the account, what calls are made with, and the number in international form.
    #[must_use]
    pub fn new(account_sid: impl Into<String>, login: impl Into<TwilioLogin>, number: impl Into<String>) -> Self {
        Self {
            api_url: DEFAULT_API_URL.to_owned(),
            content_url: DEFAULT_CONTENT_URL.to_owned(),
            messaging_url: DEFAULT_MESSAGING_URL.to_owned(),
            account_sid: account_sid.into(),
            login: login.into(),
            number: number.into(),
            messaging_service: None,
            status_callback: None,
            media_limit: DEFAULT_MEDIA_LIMIT,
        }
    }

    /// Calls one other host in place of all three of Twilio's: a fake, or a gateway. A slash at the end does not matter.
    #[must_use]
    pub fn with_base_url(self, url: impl Into<String>) -> Self {
        let url = url.into();
        self.with_api_url(&url).with_content_url(&url).with_messaging_url(&url)
    }

    /// Another host for messages and media, such as that of a region.
    #[must_use]
    pub fn with_api_url(mut self, url: &str) -> Self {
        url.trim_end_matches('/').clone_into(&mut self.api_url);
        self
    }

    /// Another host for content resources.
    #[must_use]
    pub fn with_content_url(mut self, url: &str) -> Self {
        url.trim_end_matches('/').clone_into(&mut self.content_url);
        self
    }

    /// Another host for read marks.
    #[must_use]
    pub fn with_messaging_url(mut self, url: &str) -> Self {
        url.trim_end_matches('/').clone_into(&mut self.messaging_url);
        self
    }

    /// Sends through a messaging service that has the number among its senders.
    #[must_use]
    pub fn with_messaging_service(mut self, sid: impl Into<String>) -> Self {
        self.messaging_service = Some(sid.into());
        self
    }

    /// Where Twilio tells how far a message has come: the webhook's own address. The delivery key is put behind it, so a
    /// message whose answer was lost is known again; without it, it is not.
    #[must_use]
    pub fn with_status_callback(mut self, url: impl Into<String>) -> Self {
        self.status_callback = Some(url.into());
        self
    }

    /// The largest file, in bytes, that is fetched from a client.
    #[must_use]
    pub const fn with_media_limit(mut self, bytes: u64) -> Self {
        self.media_limit = bytes;
        self
    }

    /// The account.
    #[must_use]
    pub fn account_sid(&self) -> &str {
        &self.account_sid
    }

    /// What the webhooks of the number's clients are routed by; see [`external_id`].
    #[must_use]
    pub fn external_id(&self) -> String {
        external_id(&self.account_sid, &self.number)
    }

    /// Checks everything that can be checked without a call.
    ///
    /// # Errors
    /// All that is wrong at once, so that a person mends it in one go.
    pub fn check(&self) -> Result<(), Vec<TwilioConfigError>> {
        let mut wrong = Vec::new();
        if ![&self.api_url, &self.content_url, &self.messaging_url].into_iter().all(|url| is_web_address(url)) {
            wrong.push(TwilioConfigError::BaseUrl);
        }
        if !is_sid(&self.account_sid, "AC") {
            wrong.push(TwilioConfigError::AccountSid);
        }
        let complete = match &self.login {
            TwilioLogin::AuthToken(token) => !token.expose_secret().trim().is_empty(),
            TwilioLogin::ApiKey { sid, secret } => is_sid(sid, "SK") && !secret.expose_secret().trim().is_empty(),
        };
        if !complete {
            wrong.push(TwilioConfigError::Login);
        }
        if digits_of(&self.number).is_none() {
            wrong.push(TwilioConfigError::Number);
        }
        if self.messaging_service.as_ref().is_some_and(|sid| !is_sid(sid, "MG")) {
            wrong.push(TwilioConfigError::MessagingService);
        }
        if self.status_callback.as_ref().is_some_and(|url| !is_callback(url)) {
            wrong.push(TwilioConfigError::StatusCallback);
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

/// What webhooks are routed by: the account and the digits of the business's number. Numbers alone would let one account
/// speak for another's clients.
#[must_use]
pub fn external_id(account_sid: &str, number: &str) -> String {
    format!("{account_sid}/{}", digits_of(number).unwrap_or_default())
}

/// The keys of one webhook endpoint. Each belongs to one account, and what it signs is believed of that account alone.
///
/// An empty keyring refuses every request.
#[derive(Debug, Clone, Default)]
pub struct TwilioKeyring {
    pub(super) keys: Vec<Key>,
}

/// A key with the account that it speaks for.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) account: String,
    pub(super) kind: KeyKind,
    pub(super) secret: SecretString,
}

/// What a key may sign with: never chosen by the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// HMAC-SHA1.
    AuthToken,
    /// HMAC-SHA256, named in the request by this id.
    Shared(String),
}

impl TwilioKeyring {
    /// The keyring of one account with one auth token. Webhooks are signed with it even when calls use an API key.
    #[must_use]
    pub fn new(account_sid: impl Into<String>, auth_token: impl Into<SecretString>) -> Self {
        Self::default().with_auth_token(account_sid, auth_token)
    }

    /// Adds an auth token: of another account (a subaccount has its own), or the new one while it is being changed. An
    /// empty one is no key.
    #[must_use]
    pub fn with_auth_token(self, account_sid: impl Into<String>, token: impl Into<SecretString>) -> Self {
        self.with(account_sid.into(), KeyKind::AuthToken, token.into())
    }

    /// Adds a key of Twilio's webhook configuration, which signs with HMAC-SHA256 under an id. An empty one is no key.
    #[must_use]
    pub fn with_shared_key(
        self,
        account_sid: impl Into<String>,
        id: impl Into<String>,
        secret: impl Into<SecretString>,
    ) -> Self {
        self.with(account_sid.into(), KeyKind::Shared(id.into()), secret.into())
    }

    fn with(mut self, account: String, kind: KeyKind, secret: SecretString) -> Self {
        if !secret.expose_secret().is_empty() {
            self.keys.push(Key { account, kind, secret });
        }
        self
    }
}

/// Whether a text is an SID of a kind: two letters and 32 hexadecimal digits.
pub(super) fn is_sid(text: &str, kind: &str) -> bool {
    text.strip_prefix(kind).is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The digits of a number, with or without the channel before it.
pub(super) fn digits_of(number: &str) -> Option<String> {
    let number: Phone = number.strip_prefix("whatsapp:").unwrap_or(number).parse().ok()?;
    Some(number.digits().to_owned())
}

fn is_web_address(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

fn is_callback(url: &str) -> bool {
    let host = reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(ToOwned::to_owned));
    is_web_address(url) && host.is_some_and(|host| !host.contains('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "AC00000000000000000000000000000001";

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let config = TwilioConfig::new("ACxyz", " ", "12")
            .with_base_url("api.twilio.com")
            .with_messaging_service("MG1")
            .with_status_callback("https://my_host.example.com/x");
        assert_eq!(
            config.check().unwrap_err(),
            [
                TwilioConfigError::BaseUrl,
                TwilioConfigError::AccountSid,
                TwilioConfigError::Login,
                TwilioConfigError::Number,
                TwilioConfigError::MessagingService,
                TwilioConfigError::StatusCallback,
            ]
        );
        let key = TwilioLogin::api_key(ACCOUNT.replace("AC", "SK"), "secret");
        assert_eq!(TwilioConfig::new(ACCOUNT, key, "whatsapp:+15550009999").check(), Ok(()));
        assert!(TwilioConfig::new(ACCOUNT, TwilioLogin::api_key("AC1", "secret"), "+15550009999").check().is_err());
    }

    #[test]
    fn secrets_do_not_show() {
        let config = TwilioConfig::new(ACCOUNT, "tok-123", "+15550009999");
        let key = TwilioConfig::new(ACCOUNT, TwilioLogin::api_key("SK1", "sec-123"), "+15550009999");
        let ring = TwilioKeyring::new(ACCOUNT, "tok-123").with_shared_key(ACCOUNT, "id", "sec-123");
        let shown = format!("{config:?} {key:?} {ring:?}");
        assert!(!shown.contains("-123"), "{shown}");
    }

    #[test]
    fn numbers_are_routed_by_digits_and_account() {
        for number in ["+15550009999", "whatsapp:+15550009999", "1 555 000-9999"] {
            assert_eq!(external_id(ACCOUNT, number), format!("{ACCOUNT}/15550009999"));
        }
    }

    #[test]
    fn empty_keys_are_no_keys() {
        assert!(TwilioKeyring::new(ACCOUNT, "").with_shared_key(ACCOUNT, "id", "").keys.is_empty());
    }
}
