//! What a page hands back: which salons it is about, sealed so that nobody alters it. It stands in an address, so it holds
//! nothing personal; it opens nothing but what the redirect that it was made from named.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chatplug_core::model::TenantId;
use chrono::{DateTime, Duration, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::collections::BTreeMap;

/// How long a page can be gone on with.
const LASTS: Duration = Duration::hours(2);

/// What the key is for, so that nothing that Altegio signs with the same token is taken for a ticket.
const PURPOSE: &[u8] = b"chatplug install ticket v1";

/// Longest ticket, in characters.
const LONGEST: usize = 16 * 1024;

/// A page's memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ticket {
    /// Of which account.
    #[serde(rename = "a")]
    pub(crate) account: String,
    /// About which salons.
    #[serde(rename = "s")]
    pub(crate) salons: Vec<u64>,
    /// Whose they become, proved by a code.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<TenantId>,
    /// The code named the salons that it is for.
    #[serde(rename = "k", default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_named: bool,
    /// Why a salon was not taken.
    #[serde(rename = "n", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) notes: BTreeMap<u64, Note>,
    #[serde(rename = "u")]
    until: i64,
}

/// Why a salon was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Note {
    /// It is another business's.
    #[serde(rename = "e")]
    Elsewhere,
    /// Nobody pressed Connect.
    #[serde(rename = "a")]
    Absent,
    /// Its link is active, and nobody here knows why.
    #[serde(rename = "k")]
    Known,
    /// The code is not for it.
    #[serde(rename = "c")]
    Code,
    /// Altegio could not be asked.
    #[serde(rename = "l")]
    Later,
}

impl Ticket {
    /// A new one.
    pub(crate) fn new(account: &str, salons: Vec<u64>, now: DateTime<Utc>) -> Self {
        let until = (now + LASTS).timestamp();
        Self { account: account.to_owned(), salons, tenant: None, is_named: false, notes: BTreeMap::new(), until }
    }

    /// The text of it.
    pub(crate) fn seal(&self, partner_token: &SecretString) -> String {
        let body = serde_json::to_vec(self).unwrap_or_default();
        let tag = keyed(partner_token).map(|mac| mac.chain_update(&body).finalize().into_bytes()).unwrap_or_default();
        format!("{}.{}", URL_SAFE_NO_PAD.encode(body), URL_SAFE_NO_PAD.encode(tag))
    }

    /// Opens one that this server made for this account, not too long ago.
    pub(crate) fn open(text: &str, account: &str, partner_token: &SecretString, now: DateTime<Utc>) -> Option<Self> {
        let (body, tag) = text.split_once('.').filter(|_| text.len() <= LONGEST)?;
        let (body, tag) = (URL_SAFE_NO_PAD.decode(body).ok()?, URL_SAFE_NO_PAD.decode(tag).ok()?);
        keyed(partner_token)?.chain_update(&body).verify_slice(&tag).ok()?;
        let ticket: Self = serde_json::from_slice(&body).ok()?;
        (ticket.account == account && now.timestamp() <= ticket.until).then_some(ticket)
    }
}

fn keyed(partner_token: &SecretString) -> Option<Hmac<Sha256>> {
    let token = partner_token.expose_secret().as_bytes();
    let key = Hmac::<Sha256>::new_from_slice(token).ok()?.chain_update(PURPOSE).finalize().into_bytes();
    Hmac::<Sha256>::new_from_slice(&key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_opened_unaltered_in_time_and_for_its_account() {
        let (token, now) = (SecretString::from("partner"), DateTime::UNIX_EPOCH + Duration::days(20_000));
        let ticket = Ticket::new("main", vec![4564, 4232], now);
        let text = ticket.seal(&token);
        let open = |text: &str, account, token: &str, at| Ticket::open(text, account, &token.into(), at);
        assert_eq!(open(&text, "main", "partner", now + LASTS), Some(ticket));
        assert_eq!(open(&text, "main", "partner", now + LASTS + Duration::seconds(1)), None);
        assert_eq!(open(&text, "other", "partner", now), None);
        assert_eq!(open(&text, "main", "partner2", now), None);
        let (body, tag) = text.split_once('.').unwrap();
        let altered = URL_SAFE_NO_PAD.decode(body).unwrap();
        let altered = String::from_utf8(altered).unwrap().replace("4564", "4565");
        assert_eq!(open(&format!("{}.{tag}", URL_SAFE_NO_PAD.encode(altered)), "main", "partner", now), None);
        for nothing in ["", ".", body, &format!("{body}.")] {
            assert_eq!(open(nothing, "main", "partner", now), None, "{nothing}");
        }
    }
}
