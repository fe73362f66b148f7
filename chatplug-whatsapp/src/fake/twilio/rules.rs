//! What Twilio refuses at once when a message is posted. Written apart from the adapter's own checks, so that one can
//! find fault with the other.

use super::{
    call::knows,
    content::variables,
    errors::Refusal,
    form::{self, length},
    sent::Pin,
    state::State,
};
use chatplug_core::model::GeoPoint;
use std::collections::BTreeMap;

/// A message that is well-formed.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) from: String,
    /// `From` stood in the request; without it the service chose.
    pub(super) from_given: bool,
    pub(super) to: String,
    pub(super) service: Option<String>,
    pub(super) callback: Option<String>,
    pub(super) scheduled: bool,
    pub(super) what: What,
}

/// What is to be sent.
#[derive(Debug)]
pub(super) enum What {
    Text(String),
    Media { url: String, caption: String },
    Pin(Pin, String),
    Content { sid: String, variables: BTreeMap<String, String> },
}

/// Parameters that the API has.
const KNOWN: [&str; 24] = [
    "To",
    "From",
    "FallbackFrom",
    "MessagingServiceSid",
    "Body",
    "MediaUrl",
    "ContentSid",
    "ContentVariables",
    "PersistentAction",
    "StatusCallback",
    "ApplicationSid",
    "MaxPrice",
    "ProvideFeedback",
    "Attempt",
    "ValidityPeriod",
    "ForceDelivery",
    "ContentRetention",
    "AddressRetention",
    "SmartEncoded",
    "ShortenUrls",
    "ScheduleType",
    "SendAt",
    "SendAsMms",
    "RiskCheck",
];

const BODY: usize = 1600;
const FILES: usize = 10;

/// Checks a request.
pub(super) fn check(state: &State, account: &str, form: &[(String, String)]) -> Result<Wish, Refusal> {
    knows(form, &[&KNOWN[..], &["TrafficType"]].concat())?;
    let to = form::value(form, "To").ok_or_else(|| Refusal::code(21604))?;
    if !is_address(to) {
        return Err(Refusal::new(21211, format!("The 'To' number {to} is not a valid phone number.")));
    }
    let (service, from, from_given) = sender(state, account, form)?;
    if from == to {
        return Err(Refusal::code(63031));
    }
    let callback = form::value(form, "StatusCallback").map(str::to_owned);
    if callback.as_deref().is_some_and(|url| !may_be_called(url, state.rules.public_callbacks)) {
        return Err(Refusal::code(21609));
    }
    let seconds = form::value(form, "ValidityPeriod").map(|text| text.parse::<u32>().unwrap_or(0));
    if seconds.is_some_and(|seconds| !(1..=36_000).contains(&seconds)) {
        return Err(Refusal::code(21624));
    }
    let scheduled = form::value(form, "ScheduleType").is_some() || form::value(form, "SendAt").is_some();
    let both = form::value(form, "ScheduleType") == Some("fixed") && form::value(form, "SendAt").is_some();
    if scheduled && (service.is_none() || !both) {
        return Err(Refusal::new(20422, "SendAt needs ScheduleType=fixed and a Messaging Service"));
    }
    let what = what(state, account, form)?;
    Ok(Wish { from, from_given, to: to.to_owned(), service, callback, scheduled, what })
}

/// The service, the sender's address, and whether the request named it.
fn sender(state: &State, account: &str, form: &[(String, String)]) -> Result<(Option<String>, String, bool), Refusal> {
    let from = form::value(form, "From");
    let online = |address: &str| {
        state.sender(address).filter(|sender| sender.account == account && sender.status.starts_with("ONLINE"))
    };
    let known = |from: &str| match online(from) {
        _ if !from.starts_with("whatsapp:") => Err(Refusal::code(21212)),
        None => Err(Refusal::code(63007)),
        Some(_) => Ok(from.to_owned()),
    };
    let Some(sid) = form::value(form, "MessagingServiceSid") else {
        let from = from.ok_or_else(|| Refusal::code(21603))?;
        return Ok((None, known(from)?, true));
    };
    let service = state.services.iter().find(|service| service.sid == sid && service.account == account);
    let service = service.ok_or_else(|| Refusal::code(21705))?;
    if service.senders.is_empty() {
        return Err(Refusal::code(21704));
    }
    let pool: Vec<_> = state.senders.iter().filter(|sender| service.senders.contains(&sender.sid)).collect();
    let chosen = match from {
        Some(from) => {
            let from = known(from)?;
            pool.iter().find(|sender| sender.address == from).ok_or_else(|| Refusal::code(21606))?
        }
        None => pool.iter().find(|sender| online(&sender.address).is_some()).ok_or_else(|| Refusal::code(21703))?,
    };
    Ok((Some(sid.to_owned()), chosen.address.clone(), from.is_some()))
}

fn what(state: &State, account: &str, form: &[(String, String)]) -> Result<What, Refusal> {
    let body = form::value(form, "Body");
    let files: Vec<_> = form::all(form, "MediaUrl").filter(|url| !url.is_empty()).collect();
    let pin = form::value(form, "PersistentAction");
    if let Some(sid) = form::value(form, "ContentSid") {
        if body.is_some() || !files.is_empty() || pin.is_some() {
            return Err(Refusal::code(63030));
        }
        let known = |content: &super::content::Content| content.sid == sid && content.account == account;
        if !state.contents.iter().any(known) {
            return Err(Refusal::code(21655));
        }
        let given = form::value(form, "ContentVariables").map(serde_json::from_str).transpose();
        let given = given.map_err(|_| Refusal::new(21656, "ContentVariables is not JSON"))?;
        let variables = given.as_ref().map(variables).transpose();
        let variables = variables.map_err(|what| Refusal::new(21656, format!("ContentVariables: {what}")))?;
        return Ok(What::Content { sid: sid.to_owned(), variables: variables.unwrap_or_default() });
    }
    if form::value(form, "ContentVariables").is_some() {
        return Err(Refusal::code(21654));
    }
    if body.is_some_and(|body| length(body) > BODY) {
        return Err(Refusal::code(21617));
    }
    if files.len() > FILES {
        return Err(Refusal::code(21623));
    }
    if files.iter().any(|url| !is_url(url)) {
        return Err(Refusal::code(21620));
    }
    let words = body.unwrap_or_default().to_owned();
    match (files.first(), pin) {
        (Some(_), Some(_)) => Err(Refusal::code(63030)),
        // WhatsApp takes one; what else there is, is dropped.
        (Some(url), None) => Ok(What::Media { url: (*url).to_owned(), caption: words }),
        (None, Some(pin)) => {
            let read = pin_of(pin).ok_or_else(|| Refusal::new(20422, "PersistentAction is not geo:lat,long|label"))?;
            Ok(What::Pin(read, words))
        }
        (None, None) if words.is_empty() => Err(Refusal::code(21602)),
        (None, None) => Ok(What::Text(words)),
    }
}

/// `geo:<latitude>,<longitude>|<label>`.
fn pin_of(action: &str) -> Option<Pin> {
    let rest = action.strip_prefix("geo:")?;
    let (point, label) = rest.split_once('|').unwrap_or((rest, ""));
    let (latitude, longitude) = point.split_once(',')?;
    let point = GeoPoint { latitude: latitude.trim().parse().ok()?, longitude: longitude.trim().parse().ok()? };
    let on_the_globe = point.latitude.abs() <= 90.0 && point.longitude.abs() <= 180.0;
    on_the_globe.then(|| Pin { point, label: label.to_owned(), address: String::new() })
}

/// `whatsapp:+<E.164>` or `whatsapp:<CC.id>`.
fn is_address(to: &str) -> bool {
    let Some(to) = to.strip_prefix("whatsapp:") else { return false };
    if let Some(digits) = to.strip_prefix('+') {
        return (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit());
    }
    let Some((country, id)) = to.split_once('.') else { return false };
    country.len() == 2
        && country.bytes().all(|b| b.is_ascii_uppercase())
        && (1..=128).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
}

fn is_url(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Whether a callback may be posted to: a host without an underscore, and a public one where that is asked for.
fn may_be_called(text: &str, public: bool) -> bool {
    let Ok(url) = reqwest::Url::parse(text) else { return false };
    let host = url.host_str().unwrap_or_default();
    let private = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok() || !host.contains('.');
    let is_web = matches!(url.scheme(), "http" | "https") && !host.is_empty() && !host.contains('_');
    is_web && (!public || !private)
}

/// Whether a file is a picture, as far as its name tells; without an ending it may well be.
pub(super) fn is_picture(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_none_or(|ending| matches!(ending.as_str(), "jpg" | "jpeg" | "png" | "webp" | "gif"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_numbers_or_user_ids() {
        for good in ["whatsapp:+15551230001", "whatsapp:US.13491208655302741918", "whatsapp:BR.ENT.12ab"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "+15551230001",
            "whatsapp:15551230001",
            "whatsapp:+1",
            "whatsapp:+0155512300",
            "whatsapp:us.1",
            "whatsapp:US.",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn callbacks_have_a_host_that_can_be_called() {
        assert!(may_be_called("http://127.0.0.1:8080/a?k=1", false));
        assert!(!may_be_called("http://127.0.0.1:8080/a?k=1", true));
        assert!(may_be_called("https://bot.example.com/a#rc=3", true));
        assert!(!may_be_called("https://my_bot.example.com/a", false));
        assert!(!may_be_called("ftp://bot.example.com/a", false));
    }

    #[test]
    fn pins_are_read() {
        let pin = pin_of("geo:37.7749,-122.4194|Lucky Shrub, 1 Main St").unwrap();
        assert_eq!((pin.point.latitude, pin.label.as_str()), (37.7749, "Lucky Shrub, 1 Main St"));
        assert!(pin_of("geo:137.7749,-122.4194").is_none() && pin_of("37.7,-122").is_none());
    }
}
