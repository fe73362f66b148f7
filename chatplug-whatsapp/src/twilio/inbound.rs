//! One form of a webhook → our words. Tolerant: what is not understood becomes [`Content::Unsupported`] when somebody
//! waits for an answer, and [`Scoped::Ignored`] when nobody does.
//!
//! Source: Twilio's pages on webhook requests and on the status of outbound messages. Fields that those pages do not name
//! (`ListId`, `MessageType`) are used where they come and never needed.

use super::{
    config::{digits_of, is_sid},
    errors::failure_kind,
    signature::Fields,
    webhook::PROVIDER,
};
use crate::common::words::{hash, without_numbers};
use chatplug_core::{
    model::{
        ChannelUser, Content, DeliveryKey, DeliveryStatus, GeoPoint, Inbound, MediaKind, MediaRef, MessageId, Phone,
        Private, Referral, Stage, StatusFailure, Tap, TapKind,
    },
    ports::{ReceivedEvent, Scoped},
};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// How Twilio writes an address on WhatsApp.
pub(super) const CHANNEL: &str = "whatsapp:";

/// More files than WhatsApp ever sends with one message.
const MOST_FILES: usize = 10;

/// How deep the id of a list's row is looked for.
const DEPTH: usize = 8;

/// A message of a kind that is not read yet is kept whole up to this length, in bytes.
const LONGEST_RAW: usize = 8 * 1024;

/// The parameters of a request, sorted by name.
#[derive(Debug, Default)]
pub(super) struct Form<'a>(pub(super) Fields<'a>);

impl Form<'_> {
    /// A parameter that says something.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let at = self.0.partition_point(|(key, _)| key.as_ref() < name);
        let values = self.0.get(at..).unwrap_or_default().iter().take_while(|(key, _)| key == name);
        values.map(|(_, value)| value.as_ref()).find(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(ToOwned::to_owned)
    }

    fn truth(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    fn id(&self, name: &str) -> Option<MessageId> {
        self.get(name).and_then(|id| MessageId::new(id).ok())
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.trim().parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn json(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.get(name)?).ok()
    }
}

/// Whether a form tells how far a message of ours has come.
pub(super) fn is_status(form: &Form<'_>) -> bool {
    form.get("MessageStatus").is_some_and(|word| !matches!(word, "received" | "receiving"))
}

/// Why a signed form cannot be whole: an escape or a character that breaks off.
pub(super) fn broken(raw: &[u8], form: &Form<'_>) -> Option<&'static str> {
    let mut bytes = raw.iter();
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
        if *byte == b'%' && !(digit(bytes.next()) && digit(bytes.next())) {
            return Some("the form breaks off inside an escape");
        }
    }
    let unread = |text: &str| text.contains(char::REPLACEMENT_CHARACTER);
    let odd = || form.0.iter().any(|(name, value)| unread(name) || unread(value));
    // A client may write U+FFFD itself: then its escape stands in the form.
    let meant = || raw.windows(9).any(|bytes| bytes.eq_ignore_ascii_case(b"%EF%BF%BD"));
    (odd() && !meant()).then_some("the form is not UTF-8")
}

/// All that a form says, for the account that signed it.
pub(super) fn events(
    form: &Form<'_>,
    account: &str,
    key: Option<DeliveryKey>,
    now: DateTime<Utc>,
) -> Vec<ReceivedEvent> {
    let event = |number: Option<String>, key: String, event: Scoped| {
        let external_id = number.map_or_else(|| account.to_owned(), |digits| format!("{account}/{digits}"));
        ReceivedEvent { provider: PROVIDER, external_id, key, event }
    };
    let unnamed = |what: &str| {
        let parts: Vec<&[u8]> = form.0.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]).collect();
        event(None, format!("h:{}", hash(&parts)), ignored(what))
    };
    let Some(id) = form.id("MessageSid").or_else(|| form.id("SmsMessageSid")).or_else(|| form.id("SmsSid")) else {
        return vec![unnamed("form")];
    };
    if is_status(form) {
        let word = form.get("MessageStatus").unwrap_or_default();
        let ours = form.get("From").and_then(whatsapp_number);
        return vec![event(ours, format!("s:{id}:{}", word_of(word)), status(form, id.clone(), word, key, now))];
    }
    let Some(ours) = form.get("To").and_then(whatsapp_number) else {
        return vec![event(None, format!("m:{id}"), ignored("message:channel"))];
    };
    let Some(from) = sender(form) else {
        return vec![event(Some(ours), format!("m:{id}"), ignored("message:sender"))];
    };
    let mut events = Vec::with_capacity(1);
    for content in contents(form) {
        // Only the first is the message itself; what else came with it is named after it.
        let id = match events.len() {
            0 => id.clone(),
            n => MessageId::new(format!("{id}/{n}")).unwrap_or_else(|_| id.clone()),
        };
        let key = format!("m:{id}");
        let message = Inbound {
            id,
            from: from.clone(),
            profile_name: form.text("ProfileName").map(Private::new),
            at: now,
            content,
            quoted: form.id("OriginalRepliedMessageSid"),
            forwarded: form.truth("Forwarded") || form.truth("FrequentlyForwarded"),
            referral: referral(form),
        };
        events.push(event(Some(ours.clone()), key, Scoped::Message(Box::new(message))));
    }
    let wanted = match form.get("OptOutType") {
        Some("STOP") => Some(false),
        Some("START") => Some(true),
        _ => None,
    };
    if let Some(wanted) = wanted {
        let preference = Scoped::MarketingPreference { user: from, wanted };
        events.push(event(Some(ours), format!("o:{id}"), preference));
    }
    events
}

/// What a message says, mostly one thing. Order: what is surest first.
fn contents(form: &Form<'_>) -> Vec<Content> {
    let files = files(form);
    if files.is_empty() {
        return vec![content(form)];
    }
    files
}

fn content(form: &Form<'_>) -> Content {
    let kind = form.get("MessageType");
    if let Some(id) = form.text("ListId") {
        let title = form.text("ListTitle").or_else(|| form.text("Body")).unwrap_or_default();
        return Content::Tap(Tap { id, title, on: TapKind::Row });
    }
    if let Some(id) = form.text("ButtonPayload").or_else(|| form.text("ButtonText")) {
        let title = form.text("ButtonText").or_else(|| form.text("Body")).unwrap_or_default();
        let template = kind == Some("button") || form.get("ButtonType").is_some();
        return Content::Tap(Tap { id, title, on: if template { TapKind::Template } else { TapKind::Button } });
    }
    if let Some(content) = flow(form) {
        return content;
    }
    if let (Some(latitude), Some(longitude)) = (form.number("Latitude"), form.number("Longitude")) {
        let (name, address) = (form.text("Label"), form.text("Address"));
        return Content::Location { point: GeoPoint { latitude, longitude }, name, address };
    }
    // A pick whose row only the channel names. One that nobody names comes as the row's label, as if it were typed.
    if kind == Some("interactive")
        && let Some(tap) =
            ["InteractiveData", "ChannelMetadata"].into_iter().find_map(|name| picked(&form.json(name)?, DEPTH))
    {
        return Content::Tap(tap);
    }
    match form.text("Body") {
        Some(body) => Content::Text { body: Private::new(body) },
        None => Content::Unsupported { name: word_of(kind.unwrap_or("empty")), raw: kept(form) },
    }
}

/// The answer of a form: the form's own, else what the channel made of it.
/// All of a form, as JSON, when it is not too long to keep.
fn kept(form: &Form<'_>) -> Option<Private<String>> {
    let fields: Value = form.0.iter().map(|(name, value)| (name.to_string(), Value::from(value.as_ref()))).collect();
    let raw = fields.to_string();
    (raw.len() <= LONGEST_RAW).then(|| Private::new(raw))
}

fn flow(form: &Form<'_>) -> Option<Content> {
    let answered = || Some(form.json("InteractiveData")?.get("flowResponse")?.to_string());
    let json = form.text("FlowData").or_else(answered)?;
    Some(Content::Form { json: json.into() })
}

/// An object with an id and a title, wherever it stands.
fn picked(value: &Value, depth: usize) -> Option<Tap> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Object(object) => {
            let text = |key: &str| object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
            match (text("id"), text("title")) {
                (Some(id), Some(title)) => Some(Tap { id: id.to_owned(), title: title.to_owned(), on: TapKind::Row }),
                _ => object.values().find_map(|value| picked(value, depth)),
            }
        }
        Value::Array(list) => list.iter().find_map(|value| picked(value, depth)),
        _ => None,
    }
}

/// The files of a message; the words beneath stand with the first.
fn files(form: &Form<'_>) -> Vec<Content> {
    let told: usize = form.get("NumMedia").and_then(|count| count.trim().parse().ok()).unwrap_or_default();
    let mut caption = form.text("Body").map(Private::new);
    let files = (0..told.min(MOST_FILES)).filter_map(|n| {
        let mime = form.text(&format!("MediaContentType{n}")).unwrap_or_default();
        let url = form.get(&format!("MediaUrl{n}"))?;
        let plain = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let kind = match plain.as_str() {
            // The card's words are the name on it; its numbers are in the file.
            "text/vcard" | "text/x-vcard" => return Some(Content::Contacts { phones: Vec::new() }),
            "image/webp" => MediaKind::Sticker,
            // Nothing tells a recording from a file; WhatsApp records in this form.
            "audio/ogg" => MediaKind::Voice,
            mime if mime.starts_with("image/") => MediaKind::Image,
            mime if mime.starts_with("audio/") => MediaKind::Audio,
            mime if mime.starts_with("video/") => MediaKind::Video,
            _ => MediaKind::Document,
        };
        Some(Content::Media(MediaRef { kind, id: media_id(url), mime, caption: caption.take() }))
    });
    files.collect()
}

/// A file by its message and its own SID, `MM…/ME…`: enough to ask for it at the host that is configured, and nothing that
/// could lead elsewhere. Of an address of another form, the whole.
fn media_id(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let mut parts = path.rsplit('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(media), Some("Media"), Some(message), Some("Messages")) if is_media_id(message, media) => {
            format!("{message}/{media}")
        }
        _ => url.to_owned(),
    }
}

/// Whether these are the SIDs of a message and of a file.
pub(super) fn is_media_id(message: &str, media: &str) -> bool {
    (is_sid(message, "MM") || is_sid(message, "SM")) && is_sid(media, "ME")
}

/// How far a message of ours has come. What waits at Twilio counts as sent: Twilio has it.
fn status(form: &Form<'_>, message: MessageId, word: &str, key: Option<DeliveryKey>, now: DateTime<Utc>) -> Scoped {
    let stage = match word {
        "accepted" | "scheduled" | "queued" | "sending" | "sent" => Stage::Sent,
        "delivered" | "partially_delivered" => Stage::Delivered,
        "read" => Stage::Read,
        "failed" | "undelivered" | "canceled" => Stage::Failed,
        _ => return ignored(&format!("status:{word}")),
    };
    let failure = (stage == Stage::Failed).then(|| {
        // −1: Twilio told no code.
        let code = form.get("ErrorCode").and_then(|code| code.trim().parse().ok()).unwrap_or(-1);
        let detail = form.get("ErrorMessage").or_else(|| form.get("ChannelStatusMessage")).unwrap_or_default();
        StatusFailure { code, kind: failure_kind(code), detail: without_numbers(detail) }
    });
    Scoped::Status(DeliveryStatus { message, key, stage, at: now, failure, pricing: None })
}

/// Who wrote: by number, by user id where the number is hidden, or by both.
fn sender(form: &Form<'_>) -> Option<ChannelUser> {
    let from = form.get("From")?.strip_prefix(CHANNEL)?;
    let phone: Option<Phone> = from.starts_with('+').then(|| from.parse().ok()).flatten();
    let hidden = (phone.is_none() && !from.starts_with('+')).then_some(from);
    let user_id = form.get("ExternalUserId").and_then(|id| id.strip_prefix(CHANNEL)).or(hidden);
    let user_id = user_id.filter(|id| !id.trim().is_empty()).map(|id| Private::new(id.to_owned()));
    (phone.is_some() || user_id.is_some()).then_some(ChannelUser { phone, user_id })
}

fn referral(form: &Form<'_>) -> Option<Referral> {
    let referral = Referral {
        source_id: form.text("ReferralSourceId"),
        source_url: form.text("ReferralSourceUrl"),
        headline: form.text("ReferralHeadline"),
        click_id: form.text("ReferralCtwaClid"),
    };
    let Referral { source_id, source_url, headline, click_id } = &referral;
    let told = [source_id, source_url, headline, click_id].into_iter().any(Option::is_some);
    told.then_some(referral)
}

/// The digits of a number on WhatsApp; `None` for another channel's.
fn whatsapp_number(address: &str) -> Option<String> {
    address.strip_prefix(CHANNEL).and_then(digits_of)
}

fn ignored(what: &str) -> Scoped {
    Scoped::Ignored { what: word_of(what) }
}

/// A word of Twilio's, fit for a log and for a key.
fn word_of(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::signature::fields, *};

    #[test]
    fn files_are_named_by_what_cannot_lead_elsewhere() {
        let (message, media) = (format!("MM{}", "a".repeat(32)), format!("ME{}", "b".repeat(32)));
        let named = format!("{message}/{media}");
        for host in ["https://api.twilio.com", "https://api.dublin.ie1.twilio.com", "http://127.0.0.1:9"] {
            let url = format!("{host}/2010-04-01/Accounts/ACx/Messages/{message}/Media/{media}");
            assert_eq!(media_id(&url), named);
            assert_eq!(media_id(&format!("{url}?x=1")), named);
        }
        for odd in ["", "https://evil.example/a", "/Messages/MM1/Media/ME1"] {
            assert_eq!(media_id(odd), odd);
        }
    }

    #[test]
    fn a_form_that_breaks_off_is_noticed() {
        let broken = |text: &[u8]| broken(text, &Form(fields(text)));
        for whole in ["", "a=b", "a=%E2%82%AC&b=+", "a=%EF%BF%BD", "a", "a=€"] {
            assert_eq!(broken(whole.as_bytes()), None, "{whole}");
        }
        for cut in ["a=%", "a=%E", "a=%zz", "a=%E2%82", "a=%ff&b=1"] {
            assert!(broken(cut.as_bytes()).is_some(), "{cut}");
        }
        assert!(broken(b"a=\xc3").is_some());
    }
}
