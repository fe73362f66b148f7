//! The calls: one request, one answer each, for any account.

use super::{
    super::{
        client::{CallError, answer},
        config::{DEFAULT_API_URL, DEFAULT_MESSAGING_URL},
    },
    advice::{SENDER, SUBACCOUNT, VERIFICATION, advice},
};
use crate::provision::{ProvisionError, came_to};
use chatplug_core::ports::SendError;
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// No account has more pages of anything.
const PAGES: usize = 50;

/// An account or subaccount.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TwilioAccount {
    /// Its SID.
    pub sid: String,
    /// Its auth token, where Twilio told it.
    pub token: Option<SecretString>,
    /// What it is called.
    pub name: String,
    /// `active`, `suspended` or `closed`.
    pub status: String,
}

impl<'de> Deserialize<'de> for TwilioAccount {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            sid: String,
            auth_token: Option<String>,
            friendly_name: Option<String>,
            status: Option<String>,
        }
        let wire = Wire::deserialize(input)?;
        Ok(Self {
            sid: wire.sid,
            token: wire.auth_token.filter(|token| !token.is_empty()).map(SecretString::from),
            name: wire.friendly_name.unwrap_or_default(),
            status: wire.status.unwrap_or_else(|| "active".to_owned()),
        })
    }
}

/// A WhatsApp sender. What Twilio leaves out is `None` or empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TwilioSender {
    /// Its SID.
    pub sid: Option<String>,
    /// How it stands: `CREATING`, `PENDING_VERIFICATION`, `VERIFYING`, `TWILIO_REVIEW`, `ONLINE`, `OFFLINE` …; an open word.
    pub status: Option<String>,
    /// Its address, `whatsapp:+…`.
    pub sender_id: Option<String>,
    /// Its webhook.
    webhook: Option<Webhook>,
    /// Why it is offline.
    offline_reasons: Option<Vec<Option<Reason>>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Webhook {
    callback_url: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Reason {
    code: Option<Value>,
    message: Option<String>,
}

impl TwilioSender {
    /// Where messages to it are posted.
    #[must_use]
    pub fn callback_url(&self) -> Option<&str> {
        self.webhook.as_ref()?.callback_url.as_deref().filter(|url| !url.is_empty())
    }

    /// Why it is offline: Twilio's code and words of the first reason.
    #[must_use]
    pub fn offline_reason(&self) -> Option<(Option<i64>, String)> {
        let reason = self.offline_reasons.iter().flatten().flatten().next()?;
        let code = reason.code.as_ref().and_then(|code| code.as_i64().or_else(|| code.as_str()?.parse().ok()));
        let words = crate::common::words::without_numbers(reason.message.as_deref().unwrap_or_default());
        Some((code, words))
    }
}

/// The calls that connect a sender, with one account's credentials.
#[derive(Debug, Clone)]
pub struct TwilioSetup {
    http: reqwest::Client,
    api_url: String,
    messaging_url: String,
    account_sid: String,
    token: SecretString,
}

impl TwilioSetup {
    /// Twilio as an account sees it.
    #[must_use]
    pub fn new(http: reqwest::Client, account_sid: impl Into<String>, token: SecretString) -> Self {
        Self {
            http,
            api_url: DEFAULT_API_URL.to_owned(),
            messaging_url: DEFAULT_MESSAGING_URL.to_owned(),
            account_sid: account_sid.into(),
            token,
        }
    }

    /// Calls another host in place of Twilio's: a fake, or a gateway.
    #[must_use]
    pub fn with_base_url(mut self, url: &str) -> Self {
        url.trim_end_matches('/').clone_into(&mut self.api_url);
        self.messaging_url.clone_from(&self.api_url);
        self
    }

    /// The account whose credentials are used.
    #[must_use]
    pub fn account_sid(&self) -> &str {
        &self.account_sid
    }

    /// The account itself.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn account(&self) -> Result<TwilioAccount, ProvisionError> {
        let url = format!("{}/2010-04-01/Accounts/{}.json", self.api_url, self.account_sid);
        self.read(self.http.request(Method::GET, url)).await
    }

    /// Subaccounts of a name that are not closed.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn subaccounts(&self, name: &str) -> Result<Vec<TwilioAccount>, ProvisionError> {
        #[derive(Deserialize)]
        struct Page {
            accounts: Vec<TwilioAccount>,
            next_page_uri: Option<String>,
        }
        let url = format!("{}/2010-04-01/Accounts.json", self.api_url);
        let mut request = self.http.request(Method::GET, url).query(&[("FriendlyName", name)]);
        let mut found = Vec::new();
        for _ in 0..PAGES {
            let page: Page = self.read(request).await?;
            let fits = |one: &TwilioAccount| one.name == name && one.status != "closed" && one.sid != self.account_sid;
            found.extend(page.accounts.into_iter().filter(fits));
            let Some(next) = page.next_page_uri.filter(|uri| uri.starts_with('/')) else { break };
            request = self.http.request(Method::GET, format!("{}{next}", self.api_url));
        }
        Ok(found)
    }

    /// Makes a subaccount. Doing it again makes another: look for it first.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn create_subaccount(&self, name: &str) -> Result<TwilioAccount, ProvisionError> {
        let url = format!("{}/2010-04-01/Accounts.json", self.api_url);
        let request = self.http.request(Method::POST, url).form(&[("FriendlyName", name)]);
        self.write(request, |code| if matches!(code, 20_003 | 401 | 403) { SUBACCOUNT } else { advice(code) }).await
    }

    /// The sender of a number of this account, where there is one.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn find_sender(&self, number: &str) -> Result<Option<TwilioSender>, ProvisionError> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default)]
            senders: Vec<TwilioSender>,
            #[serde(default)]
            meta: Value,
        }
        let address = address(number);
        let url = format!("{}/v2/Channels/Senders", self.messaging_url);
        let mut request = self.http.request(Method::GET, url).query(&[("Channel", "whatsapp"), ("PageSize", "100")]);
        for _ in 0..PAGES {
            let page: Page = self.read(request).await?;
            let found = page.senders.into_iter().find(|sender| sender.sender_id.as_deref() == Some(&address));
            if found.is_some() {
                return Ok(found);
            }
            let next = page.meta.get("next_page_url").and_then(Value::as_str);
            // The credentials go to the host that was configured, whatever an answer says.
            let Some(path) = next.and_then(path_of) else { break };
            request = self.http.request(Method::GET, format!("{}{path}", self.messaging_url));
        }
        Ok(None)
    }

    /// A sender by its SID.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn sender(&self, sid: &str) -> Result<TwilioSender, ProvisionError> {
        self.read(self.http.request(Method::GET, format!("{}/v2/Channels/Senders/{sid}", self.messaging_url))).await
    }

    /// Registers a number as a sender, under a display name, with the webhook to post messages to. It is not online yet.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn create_sender(
        &self,
        number: &str,
        name: &str,
        waba_id: Option<&str>,
        by_voice: Option<bool>,
        webhook_url: &str,
    ) -> Result<TwilioSender, ProvisionError> {
        let mut configuration = serde_json::Map::new();
        if let Some(id) = waba_id {
            configuration.insert("waba_id".to_owned(), id.into());
        }
        if let Some(by_voice) = by_voice {
            configuration.insert("verification_method".to_owned(), if by_voice { "voice" } else { "sms" }.into());
        }
        let body = json!({
            "sender_id": address(number),
            "configuration": configuration,
            "webhook": {"callback_url": webhook_url, "callback_method": "POST"},
            "profile": {"name": name},
        });
        let request =
            self.http.request(Method::POST, format!("{}/v2/Channels/Senders", self.messaging_url)).json(&body);
        self.write(request, |code| if matches!(code, 20_422 | 400) { SENDER } else { advice(code) }).await
    }

    /// Completes the check of a number with the code that came to it.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn verify_sender(&self, sid: &str, code: &SecretString) -> Result<TwilioSender, ProvisionError> {
        let body = json!({"configuration": {"verification_code": code.expose_secret()}});
        let advise = |code| if matches!(code, 20_422 | 400) { VERIFICATION } else { advice(code) };
        self.write(self.update(sid, &body), advise).await
    }

    /// Sets where messages to a sender are posted.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn set_webhook(&self, sid: &str, url: &str) -> Result<TwilioSender, ProvisionError> {
        let body = json!({"webhook": {"callback_url": url, "callback_method": "POST"}});
        self.write(self.update(sid, &body), advice).await
    }

    /// Takes a sender off WhatsApp. Doing it again is no fault.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn delete_sender(&self, sid: &str) -> Result<(), ProvisionError> {
        let request = self.http.request(Method::DELETE, format!("{}/v2/Channels/Senders/{sid}", self.messaging_url));
        match answer(self.authorized(request)).await.map_err(|error| explained(error, advice)) {
            Ok(_) | Err(ProvisionError::Refused { code: 20_404 | 404, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn update(&self, sid: &str, body: &Value) -> RequestBuilder {
        self.http.request(Method::POST, format!("{}/v2/Channels/Senders/{sid}", self.messaging_url)).json(body)
    }

    async fn read<A: DeserializeOwned>(&self, request: RequestBuilder) -> Result<A, ProvisionError> {
        let body = answer(self.authorized(request)).await.map_err(|error| explained(error, advice).of_reading())?;
        serde_json::from_slice(&body).map_err(|error| ProvisionError::Unavailable { source: Some(error.into()) })
    }

    async fn write<A: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        advise: impl FnOnce(i64) -> &'static str,
    ) -> Result<A, ProvisionError> {
        let body = answer(self.authorized(request)).await.map_err(|error| explained(error, advise))?;
        serde_json::from_slice(&body).map_err(|error| ProvisionError::OutcomeUnknown { source: Some(error.into()) })
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.account_sid, Some(self.token.expose_secret()))
    }
}

/// The address of a number as senders have it.
pub(super) fn address(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    format!("whatsapp:+{digits}")
}

/// Path and query of an absolute address.
fn path_of(url: &str) -> Option<String> {
    let url = reqwest::Url::parse(url).ok()?;
    Some(url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())))
}

fn explained(error: CallError, advise: impl FnOnce(i64) -> &'static str) -> ProvisionError {
    match error {
        CallError::Twilio { code, words, retry_after } => {
            let explained = (code, words.clone());
            let error = SendError::from(CallError::Twilio { code, words, retry_after });
            came_to(error, Some((explained.0, &explained.1)), advise)
        }
        CallError::Other(error) => came_to(error, None, advise),
    }
}
