//! How Altegio sends an owner to us: the query of the registration redirect.
//!
//! The signature covers neither the salons nor the time, and can be sent again by whoever saw it: it tells who pressed
//! Connect, and not for which salon. What may be connected is decided by the platform's own status of each salon.

use super::{number, signature::is_signed};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use chatplug_core::model::Private;
use secrecy::SecretString;
use serde_json::Value;

/// No owner connects more salons at once.
pub const MOST_SALONS: usize = 200;

/// Longest query that is read, in bytes.
const LONGEST_QUERY: usize = 24 * 1024;

/// Longest `user_data`, in bytes of base64.
const LONGEST_USER_DATA: usize = 8 * 1024;

/// Padding or none.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What an owner was sent with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The salons to connect, each once, in the order of the address; never empty.
    pub salons: Vec<u64>,
    /// The chain, where Altegio names it (telephony apps).
    pub group: Option<u64>,
    /// Who pressed Connect, proved by the signature; `None` where the app does not have user data transmitted.
    pub user: Option<RedirectUser>,
}

/// A user of Altegio. What Altegio leaves out is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedirectUser {
    /// Altegio's id of the user.
    pub id: Option<u64>,
    /// What they are called.
    pub name: Option<Private<String>>,
    /// Their mail address.
    pub email: Option<Private<String>>,
    /// Their number, in digits.
    pub phone: Option<Private<String>>,
}

/// Why a redirect is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// It names no salon.
    #[error("the address names no salon")]
    NoSalon,
    /// It names something that is no salon.
    #[error("a salon_id is not a number")]
    Salon,
    /// It names too many.
    #[error("the address names more than {MOST_SALONS} salons")]
    TooManySalons,
    /// It is too long, as a whole or in `user_data`.
    #[error("the address is too long")]
    TooLong,
    /// What must stand there once stands there twice.
    #[error("the address says something twice")]
    Twice,
    /// The signature is missing.
    #[error("the address is not signed")]
    Unsigned,
    /// The signature is wrong.
    #[error("the address is signed with another key, or was altered")]
    Forged,
    /// `user_data` is not what Altegio documents.
    #[error("user_data is not base64 of a JSON object")]
    Malformed,
}

impl Redirect {
    /// Reads a query: what stands behind the `?`. `signed`: the app has user data transmitted, and a query without it is
    /// refused.
    ///
    /// # Errors
    /// See [`RedirectError`].
    pub fn parse(query: &str, partner_token: &SecretString, signed: bool) -> Result<Self, RedirectError> {
        if query.len() > LONGEST_QUERY {
            return Err(RedirectError::TooLong);
        }
        let (mut salons, mut single) = (Vec::new(), None);
        let (mut group, mut data, mut sign) = (None, None, None);
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "salon_id" => once(&mut single, value)?,
                "salon_group_id" => once(&mut group, value)?,
                "user_data" => once(&mut data, value)?,
                "user_data_sign" => once(&mut sign, value)?,
                key if is_salons(key) => {
                    let salon = number::of_text(&value).ok_or(RedirectError::Salon)?;
                    if !salons.contains(&salon) {
                        salons.push(salon);
                    }
                }
                _ => {}
            }
            if salons.len() > MOST_SALONS {
                return Err(RedirectError::TooManySalons);
            }
        }
        if let Some(single) = single {
            let salon = number::of_text(&single).ok_or(RedirectError::Salon)?;
            if !salons.contains(&salon) {
                salons.insert(0, salon);
            }
        }
        let user = match (data.filter(|data| !data.is_empty()), sign.filter(|sign| !sign.is_empty())) {
            (Some(data), Some(sign)) => Some(user(&data, &sign, partner_token)?),
            (None, None) if !signed => None,
            _ => return Err(RedirectError::Unsigned),
        };
        match salons.len() {
            0 => Err(RedirectError::NoSalon),
            1..=MOST_SALONS => Ok(Self { salons, group: group.as_deref().and_then(number::of_text), user }),
            _ => Err(RedirectError::TooManySalons),
        }
    }
}

/// `salon_ids[]` and `salon_ids[0]`.
fn is_salons(key: &str) -> bool {
    let index = key.strip_prefix("salon_ids[").and_then(|rest| rest.strip_suffix(']'));
    index.is_some_and(|index| index.bytes().all(|byte| byte.is_ascii_digit()))
}

fn once<T>(kept: &mut Option<T>, value: T) -> Result<(), RedirectError> {
    match kept.replace(value) {
        None => Ok(()),
        Some(_) => Err(RedirectError::Twice),
    }
}

/// The user, once the signature over the decoded bytes holds: nothing is read out of them before.
fn user(data: &str, sign: &str, partner_token: &SecretString) -> Result<RedirectUser, RedirectError> {
    if data.len() > LONGEST_USER_DATA {
        return Err(RedirectError::TooLong);
    }
    // Decoding the address made spaces of what was written as `+`.
    let json = BASE64.decode(data.replace(' ', "+")).map_err(|_| RedirectError::Malformed)?;
    if !is_signed(partner_token, sign, &json) {
        return Err(RedirectError::Forged);
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice(&json) else { return Err(RedirectError::Malformed) };
    let text = |key: &str| {
        let text = match fields.get(key)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some(text).filter(|text| !text.is_empty()).map(Private::new)
    };
    let id = ["user_id", "id"].into_iter().find_map(|key| number::of_value(fields.get(key)?));
    Ok(RedirectUser { id, name: text("name"), email: text("email"), phone: text("phone") })
}
