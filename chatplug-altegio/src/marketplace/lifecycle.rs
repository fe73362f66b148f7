//! What Altegio calls back about an app: that a salon took it off, that it is frozen, that it was paid for.
//!
//! There is no callback for a link that begins, or that thaws: those are asked for
//! ([`Marketplace::link`](super::Marketplace::link)). A callback may come twice.

use super::{
    number,
    signature::{is_partner, is_signed, payment_message},
};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use std::borrow::Cow;

/// Longest callback that is read, in bytes.
pub const MOST_CALLBACK_BYTES: usize = 64 * 1024;

/// A callback that Altegio made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// About which salon.
    pub salon: u64,
    /// About which app.
    pub application: u64,
    /// What happened.
    pub event: LifecycleEvent,
}

/// What happened to a link.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LifecycleEvent {
    /// The salon took the app off.
    Uninstall,
    /// The link is frozen: the licence ended, or was not paid.
    Freeze,
    /// The app was paid for, which may thaw the link.
    Payment(Box<PaymentNotice>),
    /// Something that is not documented; its word, made harmless.
    Other(String),
}

/// A payment, as the callback tells it. Dates are Altegio's texts: their format and zone are not documented.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PaymentNotice {
    /// Altegio's id of it.
    pub payment_id: Option<u64>,
    /// How much, as it is written.
    pub amount: String,
    /// How much less than the price, as it is written.
    pub discount: Option<String>,
    /// In which currency.
    pub currency: Option<String>,
    /// When it was paid.
    pub paid: Option<String>,
    /// From when on it holds.
    pub from: Option<String>,
    /// Until when.
    pub until: Option<String>,
}

/// Why a callback is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LifecycleError {
    /// The partner token is missing or wrong, or a payment's signature is.
    #[error("the partner token or the signature is missing or wrong")]
    Forged,
    /// It is not what Altegio documents.
    #[error("the body is not a callback")]
    Malformed,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(default, borrow)]
    partner_token: Option<Cow<'a, str>>,
    #[serde(default)]
    event: Value,
    #[serde(borrow)]
    salon_id: &'a RawValue,
    #[serde(default)]
    application_id: Value,
    #[serde(default)]
    payment_id: Value,
    #[serde(default, borrow)]
    amount: Option<&'a RawValue>,
    #[serde(default, borrow)]
    discount: Option<&'a RawValue>,
    #[serde(default)]
    currency_iso: Value,
    #[serde(default)]
    payment_date: Value,
    #[serde(default)]
    period_from: Value,
    #[serde(default)]
    period_to: Value,
    #[serde(default, borrow)]
    sign: Option<Cow<'a, str>>,
}

impl Lifecycle {
    /// Reads a callback, and believes it when it holds the partner's own token; a payment, when it is signed with that as
    /// well.
    ///
    /// # Errors
    /// See [`LifecycleError`].
    pub fn parse(body: &[u8], partner_token: &SecretString) -> Result<Self, LifecycleError> {
        if body.len() > MOST_CALLBACK_BYTES {
            return Err(LifecycleError::Malformed);
        }
        let wire: Wire<'_> = serde_json::from_slice(body).map_err(|_| LifecycleError::Malformed)?;
        if !wire.partner_token.as_deref().is_some_and(|claimed| is_partner(partner_token, claimed)) {
            return Err(LifecycleError::Forged);
        }
        let salon = literal(wire.salon_id);
        let event = match &wire.event {
            Value::String(event) => event.as_str(),
            _ => return Err(LifecycleError::Malformed),
        };
        let event = match event {
            "uninstall" => LifecycleEvent::Uninstall,
            "freeze" => LifecycleEvent::Freeze,
            "payment" => LifecycleEvent::Payment(Box::new(wire.payment(salon, partner_token)?)),
            other => LifecycleEvent::Other(harmless(other)),
        };
        Ok(Self {
            salon: number::of_text(salon).ok_or(LifecycleError::Malformed)?,
            application: number::of_value(&wire.application_id).ok_or(LifecycleError::Malformed)?,
            event,
        })
    }
}

impl Wire<'_> {
    fn payment(&self, salon: &str, partner_token: &SecretString) -> Result<PaymentNotice, LifecycleError> {
        let amount = self.amount.map(literal).ok_or(LifecycleError::Malformed)?;
        let discount = self.discount.map(literal).filter(|literal| *literal != "null");
        let message = payment_message(salon, amount, discount);
        if !self.sign.as_deref().is_some_and(|sign| is_signed(partner_token, sign, message.as_bytes())) {
            return Err(LifecycleError::Forged);
        }
        let text = |value: &Value| value.as_str().map(harmless).filter(|text| !text.is_empty());
        Ok(PaymentNotice {
            payment_id: number::of_value(&self.payment_id),
            amount: harmless(amount),
            discount: discount.map(harmless),
            currency: text(&self.currency_iso),
            paid: text(&self.payment_date),
            from: text(&self.period_from),
            until: text(&self.period_to),
        })
    }
}

/// A number exactly as it was written, which is what a signature covers; quotes around it do not count.
fn literal(raw: &RawValue) -> &str {
    let text = raw.get();
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

/// A word for logs and the audit: short, and of characters that dates, numbers and names of events have.
fn harmless(text: &str) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '+' | ' ');
    text.chars().filter(fits).take(40).collect()
}
