//! The calls: one request, one answer each, for any access token.

use super::{
    super::{
        DEFAULT_BASE_URL, DEFAULT_GRAPH_VERSION,
        client::{CallError, answer},
    },
    advice::{EXCHANGE, advice},
};
use crate::provision::{ProvisionError, came_to};
use chrono::{DateTime, Utc};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Fields of a number that are asked for.
const NUMBER_FIELDS: &str = "id,display_phone_number,verified_name,status,quality_rating,code_verification_status,\
    name_status,platform_type,webhook_configuration";

/// No account has more numbers than this many pages hold.
const PAGES: usize = 20;

/// The app that businesses sign up with.
#[derive(Debug, Clone)]
pub struct MetaAppKeys {
    /// Its id, as its dashboard shows it.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
}

/// What an access token is good for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetaTokenFacts {
    /// It works.
    pub is_valid: bool,
    /// The app that it was given to.
    pub app_id: Option<String>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// WhatsApp Business Accounts that it may manage, the newest first.
    pub waba_ids: Vec<String>,
    /// Until when it works; `None`: without end.
    pub expires: Option<DateTime<Utc>>,
}

/// A number as Meta describes it. What Meta leaves out is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MetaNumber {
    /// Meta's id.
    pub id: String,
    /// The number, as it is shown to people.
    pub display_phone_number: Option<String>,
    /// The name that people see.
    pub verified_name: Option<String>,
    /// How the number stands; an open word, `CONNECTED` among them.
    pub status: Option<String>,
    /// Whether its owner proved to have it; an open word, `VERIFIED` among them.
    pub code_verification_status: Option<String>,
    /// Where it lives: `CLOUD_API` once it is registered. Some versions of Graph call it `host_platform`.
    #[serde(alias = "host_platform")]
    pub platform_type: Option<String>,
    /// Where its messages are posted to.
    pub webhook_configuration: Option<MetaWebhookUrls>,
}

impl MetaNumber {
    /// Whether it is registered for the Cloud API already.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        let is = |word: &Option<String>, any: &[&str]| word.as_deref().is_some_and(|word| any.contains(&word));
        let gone = ["PENDING", "UNLINKED", "DELETED", "DISCONNECTED", "UNVERIFIED", "MIGRATED"];
        is(&self.platform_type, &["CLOUD_API"]) && !is(&self.status, &gone)
    }
}

/// Where messages of a number are posted to: the first of number, account and app that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MetaWebhookUrls {
    /// Set for the number.
    pub phone_number: Option<String>,
    /// Set for the WhatsApp Business Account.
    pub whatsapp_business_account: Option<String>,
    /// Set in the app's dashboard.
    pub application: Option<String>,
}

impl MetaWebhookUrls {
    /// The one that counts.
    #[must_use]
    pub fn effective(&self) -> Option<&str> {
        let urls = [&self.phone_number, &self.whatsapp_business_account, &self.application];
        urls.into_iter().find_map(|url| url.as_deref().filter(|url| !url.is_empty()))
    }
}

/// An app that is told of what happens in an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetaSubscription {
    /// Its id.
    pub app_id: Option<String>,
    /// Where it is told, where that is not the app's own address.
    pub override_url: Option<String>,
}

/// The calls that connect a number, at one version of Graph.
#[derive(Debug, Clone)]
pub struct MetaSetup {
    http: reqwest::Client,
    root: String,
}

impl MetaSetup {
    /// Graph as this adapter was written against.
    #[must_use]
    pub fn new(http: reqwest::Client) -> Self {
        Self::at(http, DEFAULT_BASE_URL, DEFAULT_GRAPH_VERSION)
    }

    /// Another host or version.
    #[must_use]
    pub fn at(http: reqwest::Client, base_url: &str, graph_version: &str) -> Self {
        Self { http, root: format!("{}/{graph_version}", base_url.trim_end_matches('/')) }
    }

    /// Exchanges the code of a sign-up for an access token of that business. A code works once, for 30 seconds.
    ///
    /// # Errors
    /// See [`ProvisionError`]. When the answer is lost, so is the code.
    pub async fn exchange(&self, app: &MetaAppKeys, code: &SecretString) -> Result<SecretString, ProvisionError> {
        let secret = app.secret.expose_secret();
        let query = [("client_id", app.id.as_str()), ("client_secret", secret), ("code", code.expose_secret())];
        let request = self.http.request(Method::GET, self.url("oauth/access_token")).query(&query);
        let body = answer(request).await.map_err(|error| {
            explained(error, |code| if matches!(code, 100 | 400) { EXCHANGE } else { advice(code) })
        })?;
        // Graph answers JSON; the page shows the bare token. Either is read.
        let text = String::from_utf8_lossy(&body);
        let token = match serde_json::from_slice::<Value>(&body) {
            Ok(json) => json.get("access_token").or(Some(&json)).and_then(Value::as_str).map(str::to_owned),
            Err(_) => Some(text.trim().to_owned()),
        };
        let fits = |token: &String| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic() && b != b'<');
        token.filter(fits).map(SecretString::from).ok_or(ProvisionError::OutcomeUnknown { source: None })
    }

    /// What an access token is good for.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn inspect(&self, app: &MetaAppKeys, token: &SecretString) -> Result<MetaTokenFacts, ProvisionError> {
        #[derive(Deserialize)]
        struct Answer {
            data: Facts,
        }
        #[derive(Deserialize)]
        struct Facts {
            #[serde(default)]
            is_valid: bool,
            app_id: Option<Value>,
            #[serde(default)]
            scopes: Vec<String>,
            #[serde(default)]
            granular_scopes: Vec<Granular>,
            expires_at: Option<i64>,
        }
        #[derive(Deserialize)]
        struct Granular {
            scope: String,
            #[serde(default)]
            target_ids: Vec<Value>,
        }
        let url = self.url("debug_token");
        let request = self.http.request(Method::GET, url).query(&[("input_token", token.expose_secret())]);
        let as_app = format!("{}|{}", app.id, app.secret.expose_secret());
        let Answer { data } = read(request.bearer_auth(as_app)).await?;
        let whose = data.granular_scopes.iter().filter(|granular| granular.scope == "whatsapp_business_management");
        Ok(MetaTokenFacts {
            is_valid: data.is_valid,
            app_id: data.app_id.as_ref().and_then(id),
            waba_ids: whose.flat_map(|granular| granular.target_ids.iter().filter_map(id)).collect(),
            scopes: data.scopes,
            // 0 is "never".
            expires: data.expires_at.filter(|at| *at > 0).and_then(|at| DateTime::from_timestamp(at, 0)),
        })
    }

    /// The numbers of an account.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn numbers(&self, token: &SecretString, waba_id: &str) -> Result<Vec<MetaNumber>, ProvisionError> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default)]
            data: Vec<MetaNumber>,
            #[serde(default)]
            paging: Value,
        }
        let (mut numbers, mut after) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let request = self.http.request(Method::GET, self.url(&format!("{waba_id}/phone_numbers")));
            let mut query = vec![("fields", NUMBER_FIELDS.to_owned())];
            query.extend(after.take().map(|after| ("after", after)));
            let page: Page = read(with(request, token).query(&query)).await?;
            numbers.extend(page.data);
            let more = page.paging.get("next").is_some_and(Value::is_string);
            after = page.paging.pointer("/cursors/after").and_then(Value::as_str).map(str::to_owned).filter(|_| more);
            if after.is_none() {
                break;
            }
        }
        Ok(numbers)
    }

    /// A number by Meta's id of it.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn number(&self, token: &SecretString, phone_number_id: &str) -> Result<MetaNumber, ProvisionError> {
        let request = self.http.request(Method::GET, self.url(phone_number_id)).query(&[("fields", NUMBER_FIELDS)]);
        read(with(request, token)).await
    }

    /// The apps that are told of what happens in an account.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn subscriptions(
        &self,
        token: &SecretString,
        waba_id: &str,
    ) -> Result<Vec<MetaSubscription>, ProvisionError> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            data: Vec<Value>,
        }
        let request = self.http.request(Method::GET, self.url(&format!("{waba_id}/subscribed_apps")));
        let Answer { data } = read(with(request, token)).await?;
        let subscription = |app: Value| MetaSubscription {
            // The page nests it, the official description does not.
            app_id: app.pointer("/whatsapp_business_api_data/id").or_else(|| app.get("id")).and_then(id),
            override_url: app.get("override_callback_uri").and_then(Value::as_str).map(str::to_owned),
        };
        Ok(data.into_iter().map(subscription).collect())
    }

    /// Has the app of the token told of what happens in an account: at its own address, or at another one, which Meta
    /// calls at once to verify it. Without another one, one that was set before is taken back. Doing it again changes
    /// nothing.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn subscribe(
        &self,
        token: &SecretString,
        waba_id: &str,
        elsewhere: Option<(&str, &SecretString)>,
    ) -> Result<(), ProvisionError> {
        let mut request = self.http.request(Method::POST, self.url(&format!("{waba_id}/subscribed_apps")));
        if let Some((url, word)) = elsewhere {
            request = request.json(&json!({"override_callback_uri": url, "verify_token": word.expose_secret()}));
        }
        done(with(request, token)).await
    }

    /// The app of the token is told no more of what happens in an account.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn unsubscribe(&self, token: &SecretString, waba_id: &str) -> Result<(), ProvisionError> {
        done(with(self.http.request(Method::DELETE, self.url(&format!("{waba_id}/subscribed_apps"))), token)).await
    }

    /// Registers a number for the Cloud API: at most [`MOST_REGISTRATIONS`](super::MOST_REGISTRATIONS) times in 72 hours.
    /// The PIN, six digits, becomes that of its two-step verification, or must be that which it has. The region is a
    /// country's code, where messages at rest are to stay in it.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn register(
        &self,
        token: &SecretString,
        phone_number_id: &str,
        pin: &SecretString,
        region: Option<&str>,
    ) -> Result<(), ProvisionError> {
        let mut body = json!({"messaging_product": "whatsapp", "pin": pin.expose_secret()});
        if let (Some(region), Some(body)) = (region, body.as_object_mut()) {
            body.insert("data_localization_region".to_owned(), region.into());
        }
        self.post(token, &format!("{phone_number_id}/register"), &body).await
    }

    /// Takes a number off the Cloud API. Not for one that is used in the WhatsApp Business app as well.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn deregister(&self, token: &SecretString, phone_number_id: &str) -> Result<(), ProvisionError> {
        let request = self.http.request(Method::POST, self.url(&format!("{phone_number_id}/deregister")));
        done(with(request, token)).await
    }

    /// Has Meta send a code to the number, by text or by a voice; the language is one such as `en_US`.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn request_code(
        &self,
        token: &SecretString,
        phone_number_id: &str,
        by_voice: bool,
        language: &str,
    ) -> Result<(), ProvisionError> {
        let method = if by_voice { "VOICE" } else { "SMS" };
        let body = json!({"code_method": method, "language": language});
        self.post(token, &format!("{phone_number_id}/request_code"), &body).await
    }

    /// Proves with that code that the number is the owner's.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn verify_code(
        &self,
        token: &SecretString,
        phone_number_id: &str,
        code: &SecretString,
    ) -> Result<(), ProvisionError> {
        let body = json!({"code": code.expose_secret()});
        self.post(token, &format!("{phone_number_id}/verify_code"), &body).await
    }

    async fn post(&self, token: &SecretString, path: &str, body: &Value) -> Result<(), ProvisionError> {
        done(with(self.http.request(Method::POST, self.url(path)).json(body), token)).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }
}

fn with(request: reqwest::RequestBuilder, token: &SecretString) -> reqwest::RequestBuilder {
    request.bearer_auth(token.expose_secret())
}

/// A call that reads.
async fn read<A: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<A, ProvisionError> {
    let body = answer(request).await.map_err(|error| explained(error, advice).of_reading())?;
    serde_json::from_slice(&body).map_err(|error| ProvisionError::Unavailable { source: Some(error.into()) })
}

/// A call that is answered with whether it was done.
async fn done(request: reqwest::RequestBuilder) -> Result<(), ProvisionError> {
    let body = answer(request).await.map_err(|error| explained(error, advice))?;
    let told: Value =
        serde_json::from_slice(&body).map_err(|error| ProvisionError::OutcomeUnknown { source: Some(error.into()) })?;
    match told.get("success").and_then(Value::as_bool) {
        Some(false) => Err(ProvisionError::Refused {
            code: 0,
            advice: "Meta did not do it, and does not say why: run this \
             again, and look in WhatsApp Manager if it stays so",
            words: String::new(),
        }),
        _ => Ok(()),
    }
}

fn explained(error: CallError, advise: impl FnOnce(i64) -> &'static str) -> ProvisionError {
    match error {
        CallError::Graph { code, words, .. } => {
            came_to(super::super::errors::send_error(code, &words), Some((code, &words)), advise)
        }
        CallError::Other(error) => came_to(error, None, advise),
    }
}

/// An id, which is a text of digits, and in some answers a number.
fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}
