//! What a partner may call about its app. Partner token only; nothing that is done is ever done twice by itself.

use super::{answers, number};
use crate::{AltegioClient, Call};
use chatplug_core::{model::Money, provision::ProvisionError};
use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Salons on a page, which is the most that Altegio gives.
const PAGE: usize = 1000;

/// No app has more pages of salons.
const PAGES: usize = 100;

/// Short names at most.
const MOST_SHORT_NAMES: usize = 20;

/// A call, to send it to another host: Altegio's own pages disagree about some of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MarketplaceCall {
    /// [`Marketplace::activate`].
    Callback,
    /// [`Marketplace::link`].
    Link,
    /// [`Marketplace::salons`].
    Salons,
    /// [`Marketplace::uninstall`].
    Uninstall,
    /// [`Marketplace::pay`].
    Payment,
    /// [`Marketplace::refund`].
    Refund,
    /// [`Marketplace::payment_link`].
    PaymentLink,
    /// [`Marketplace::tariffs`].
    Tariffs,
    /// [`Marketplace::discount`].
    Discount,
    /// [`Marketplace::channel`].
    Channel,
    /// [`Marketplace::short_names`].
    ShortNames,
}

/// An app of a developer's account on the marketplace.
#[derive(Debug, Clone)]
pub struct Marketplace {
    client: AltegioClient,
    application: u64,
    elsewhere: BTreeMap<MarketplaceCall, String>,
}

/// How an app stands with a salon, as the platform says.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Link {
    /// How it stands.
    pub state: LinkState,
    /// Since when, as Altegio writes it; naive, in a zone that is not documented, or with an offset.
    pub since: Option<String>,
    /// What was paid.
    pub payments: Vec<LinkPayment>,
}

/// The state of a [`Link`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkState {
    /// The owner pressed Connect; we have to answer, within the hour.
    Pending,
    /// In use.
    Active,
    /// The licence ended or was not paid.
    Frozen,
    /// There is none.
    #[default]
    Absent,
    /// A word that is not documented.
    Other(String),
}

/// A payment for a salon.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct LinkPayment {
    /// Altegio's id of it.
    pub id: Option<u64>,
    /// How much, as it is written.
    pub sum: String,
    /// In which currency.
    pub currency: Option<String>,
    /// When, as Altegio writes it.
    pub date: Option<String>,
    /// It was given back.
    pub is_refunded: bool,
}

/// What [`Marketplace::activate`] tells Altegio.
#[derive(Debug, Clone, Default)]
pub struct Activation {
    /// Where Altegio is to post what changes in the salon: secret addresses. Which events is the app's setting.
    pub webhook_urls: Vec<SecretString>,
    /// Channels that the app sends through (`sms`, `whatsapp`); for apps of that category only.
    pub channels: Vec<String>,
    /// What Altegio is to call us with, for apps that send its messages.
    pub api_key: Option<SecretString>,
}

/// A payment that happened elsewhere, to be told to Altegio. It may thaw a link. Dates are wall clock of the salon
/// (`2026-01-01 10:10:00`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentTold {
    /// How much.
    pub sum: Money,
    /// When.
    pub date: NaiveDateTime,
    /// From when on it holds.
    pub from: NaiveDateTime,
    /// Until when.
    pub until: NaiveDateTime,
}

/// A tariff of the app.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Tariff {
    /// Altegio's id of it.
    pub id: u64,
    /// What it is called.
    pub title: String,
    /// What can be bought.
    pub options: Vec<TariffOption>,
}

/// What can be bought of a tariff.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct TariffOption {
    /// Altegio's id of it.
    pub id: u64,
    /// What it is called.
    pub title: String,
    /// The whole price, as it is written.
    pub price: String,
    /// In which currency.
    pub currency: Option<String>,
    /// For how many months.
    pub months: Option<u64>,
}

impl Marketplace {
    /// The app of this number, in the account of this client. A user that the client has is left out of these calls.
    #[must_use]
    pub fn new(client: &AltegioClient, application: u64) -> Self {
        Self { client: client.as_partner(), application, elsewhere: BTreeMap::new() }
    }

    /// Sends one call to another host, up to what stands before `/marketplace`.
    #[must_use]
    pub fn with_host(mut self, call: MarketplaceCall, url: &str) -> Self {
        self.elsewhere.insert(call, url.trim_end_matches('/').to_owned());
        self
    }

    /// The app's number.
    #[must_use]
    pub const fn application(&self) -> u64 {
        self.application
    }

    /// How the app stands with a salon. That there is no link is an answer, not an error.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn link(&self, salon: u64) -> Result<Link, ProvisionError> {
        let path = format!("salon/{salon}/application/{}", self.application);
        match self.read(MarketplaceCall::Link, &path, &[]).await {
            Ok(data) => Ok(Link::of(&data)),
            Err(ProvisionError::Refused { code: 404, .. }) => Ok(Link::default()),
            Err(error) => Err(error),
        }
    }

    /// Answers Connect: the link becomes active. To be called for a pending link only, after looking; a link that is active
    /// refuses it.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn activate(&self, salon: u64, activation: &Activation) -> Result<(), ProvisionError> {
        let mut body = self.about(salon);
        if !activation.webhook_urls.is_empty() {
            let urls: Vec<_> = activation.webhook_urls.iter().map(|url| url.expose_secret()).collect();
            body.insert("webhook_urls".to_owned(), json!(urls));
        }
        if !activation.channels.is_empty() {
            body.insert("channels".to_owned(), json!(activation.channels));
        }
        if let Some(key) = &activation.api_key {
            body.insert("api_key".to_owned(), key.expose_secret().into());
        }
        self.write(MarketplaceCall::Callback, "partner/callback", body).await.map(drop)
    }

    /// Salons that have the app, to the last page.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn salons(&self) -> Result<Vec<u64>, ProvisionError> {
        let path = format!("application/{}/salons", self.application);
        let mut salons = Vec::new();
        for page in 1..=PAGES {
            let query = [("page", page.to_string()), ("count", PAGE.to_string())];
            let data = self.read(MarketplaceCall::Salons, &path, &query).await?;
            let page = data.as_array().map(Vec::as_slice).unwrap_or_default();
            let known = salons.len();
            for salon in page.iter().filter_map(|salon| number::of_value(salon.get("id")?)) {
                if !salons.contains(&salon) {
                    salons.push(salon);
                }
            }
            if page.len() < PAGE || salons.len() == known {
                break;
            }
        }
        Ok(salons)
    }

    /// Takes the app off a salon. One that does not have it is as wanted.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn uninstall(&self, salon: u64) -> Result<(), ProvisionError> {
        let path = format!("salon/{salon}/application/{}/uninstall", self.application);
        match self.write(MarketplaceCall::Uninstall, &path, Map::new()).await {
            Err(ProvisionError::Refused { code: 404, .. }) => Ok(()),
            done => done.map(drop),
        }
    }

    /// Tells of a payment, and answers its id. Told twice it counts twice: when the answer is lost, look at
    /// [`Link::payments`] first.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn pay(&self, salon: u64, payment: &PaymentTold) -> Result<Option<u64>, ProvisionError> {
        const FORM: &str = "%Y-%m-%d %H:%M:%S";
        let mut body = self.about(salon);
        body.insert("payment_sum".to_owned(), amount(payment.sum).into());
        body.insert("currency_iso".to_owned(), payment.sum.currency.code().into());
        let dates = [("payment_date", payment.date), ("period_from", payment.from), ("period_to", payment.until)];
        for (key, date) in dates {
            body.insert(key.to_owned(), date.format(FORM).to_string().into());
        }
        let data = self.write(MarketplaceCall::Payment, "partner/payment", body).await?;
        Ok(data.get("id").and_then(number::of_value))
    }

    /// Gives a payment back. Told twice it may count twice.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn refund(&self, payment: u64) -> Result<(), ProvisionError> {
        let path = format!("partner/payment/refund/{payment}");
        self.write(MarketplaceCall::Refund, &path, Map::new()).await.map(drop)
    }

    /// Where an owner pays for the app, with a discount in percent and for an option of a tariff where those are given;
    /// `None` when the app has no tariffs.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn payment_link(
        &self,
        salon: u64,
        discount: Option<f64>,
        option: Option<u64>,
    ) -> Result<Option<String>, ProvisionError> {
        let mut query = vec![("salon_id", salon.to_string()), ("application_id", self.application.to_string())];
        query.extend(discount.map(|discount| ("discount", discount.to_string())));
        query.extend(option.map(|option| ("tariff_option_id", option.to_string())));
        match self.read(MarketplaceCall::PaymentLink, "application/payment_link", &query).await {
            Ok(data) => Ok(data.get("url").and_then(Value::as_str).map(str::to_owned)),
            Err(ProvisionError::Refused { code: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What the app costs.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn tariffs(&self) -> Result<Vec<Tariff>, ProvisionError> {
        let data =
            self.read(MarketplaceCall::Tariffs, &format!("application/{}/tariffs", self.application), &[]).await?;
        Ok(data.as_array().map(|list| list.iter().filter_map(Tariff::of).collect()).unwrap_or_default())
    }

    /// Grants salons a discount in percent.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn discount(&self, salons: &[u64], discount: f64) -> Result<(), ProvisionError> {
        let body = json!({ "salon_ids": salons, "application_id": self.application, "discount": discount });
        let body = if let Value::Object(body) = body { body } else { Map::new() };
        self.write(MarketplaceCall::Discount, "application/add_discount", body).await.map(drop)
    }

    /// Says whether a channel (`sms`, `whatsapp`) of the app can be used by a salon; for apps that send its messages.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn channel(&self, salon: u64, channel: &str, is_available: bool) -> Result<(), ProvisionError> {
        let mut body = self.about(salon);
        body.insert("channel_slug".to_owned(), channel.into());
        body.insert("is_available".to_owned(), is_available.into());
        self.write(MarketplaceCall::Channel, "application/update_channel", body).await.map(drop)
    }

    /// Says which names the app sends under; 20 at most.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn short_names(&self, salon: u64, names: &[String]) -> Result<(), ProvisionError> {
        if !(1..=MOST_SHORT_NAMES).contains(&names.len()) {
            let advice = "an app has 1 to 20 short names";
            return Err(ProvisionError::Refused { code: 0, advice, words: String::new() });
        }
        let mut body = self.about(salon);
        body.insert("short_names".to_owned(), json!(names));
        self.write(MarketplaceCall::ShortNames, "partner/short_names", body).await.map(drop)
    }

    fn about(&self, salon: u64) -> Map<String, Value> {
        let ids = [("salon_id", salon), ("application_id", self.application)];
        ids.into_iter().map(|(key, id)| (key.to_owned(), id.into())).collect()
    }

    async fn read(&self, call: MarketplaceCall, path: &str, query: &[(&str, String)]) -> Result<Value, ProvisionError> {
        let request = query.iter().fold(Call::get(path_of(path)), |request, (name, value)| request.query(name, value));
        self.make(call, request).await
    }

    async fn write(
        &self,
        call: MarketplaceCall,
        path: &str,
        body: Map<String, Value>,
    ) -> Result<Value, ProvisionError> {
        match self.make(call, Call::post(path_of(path)).json(&body)).await {
            // Nothing is promised of the body of what was done.
            Err(ProvisionError::Unavailable { source: Some(source) }) if answers::is_unreadable(&*source) => {
                Ok(Value::Null)
            }
            done => done,
        }
    }

    async fn make(&self, call: MarketplaceCall, request: Call) -> Result<Value, ProvisionError> {
        let request = match self.elsewhere.get(&call) {
            Some(host) => request.at_host(host),
            None => request.at_marketplace(),
        };
        Ok(self.client.send(&request).await.map_err(answers::came_to)?.data)
    }
}

fn path_of(path: &str) -> String {
    format!("marketplace/{path}")
}

impl Link {
    /// Whether the owner pressed Connect longer ago than a pending link lives. What has no offset counts only when it is too
    /// long ago in every zone.
    #[must_use]
    pub fn is_stale(&self, now: DateTime<Utc>) -> bool {
        let Some(since) = self.since.as_deref().filter(|_| self.state == LinkState::Pending) else { return false };
        let hour = Duration::hours(1);
        match answers::instant(since) {
            Some(answers::Instant::Exact(at)) => now - at > hour,
            Some(answers::Instant::Naive(at)) => now.naive_utc() - at > hour + Duration::hours(14),
            None => false,
        }
    }

    fn of(data: &Value) -> Self {
        // Some pages print the status without the object around it.
        let status = data.get("connection_status").unwrap_or(data);
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let word = text(status, "status").or_else(|| status.as_str().map(str::to_owned));
        let payments = data.get("payments").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let payment = |payment: &Value| LinkPayment {
            id: payment.get("id").and_then(number::of_value),
            sum: payment.get("payment_sum").map(answers::plain).unwrap_or_default(),
            currency: text(payment, "currency_iso"),
            date: text(payment, "payment_date"),
            is_refunded: payment.get("is_refunded").is_some_and(answers::truthy),
        };
        Self {
            state: LinkState::of(word.as_deref()),
            since: text(status, "created_at"),
            payments: payments.iter().map(payment).collect(),
        }
    }
}

impl LinkState {
    fn of(word: Option<&str>) -> Self {
        match word.unwrap_or_default() {
            "pending" => Self::Pending,
            "active" => Self::Active,
            // Altegio's own spelling, and the right one.
            "freezed" | "frozen" | "freeze" => Self::Frozen,
            "" | "uninstalled" | "uninstall" | "deleted" => Self::Absent,
            other => Self::Other(other.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect()),
        }
    }

    /// The word for it, in an audit or a log.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Frozen => "frozen",
            Self::Absent => "absent",
            Self::Other(word) => word,
        }
    }
}

impl Tariff {
    fn of(tariff: &Value) -> Option<Self> {
        let title = |value: &Value| value.get("title").and_then(Value::as_str).unwrap_or_default().to_owned();
        let options = tariff.get("options").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let option = |option: &Value| {
            Some(TariffOption {
                id: number::of_value(option.get("id")?)?,
                title: title(option),
                price: option.get("overall_price").map(answers::plain).unwrap_or_default(),
                currency: option.get("currency_iso").and_then(Value::as_str).map(str::to_owned),
                months: option.get("duration_in_months").and_then(number::of_value),
            })
        };
        Some(Self {
            id: number::of_value(tariff.get("id")?)?,
            title: title(tariff),
            options: options.iter().filter_map(option).collect(),
        })
    }
}

/// A sum as a number of JSON.
fn amount(money: Money) -> f64 {
    money.minor as f64 / 10_f64.powi(i32::from(money.exponent()))
}
