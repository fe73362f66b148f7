//! One message, status, preference or echo of a webhook → our words. Tolerant: what is not understood becomes
//! [`Content::Unsupported`] when somebody waits for an answer, and [`Scoped::Ignored`] when nobody does.
//!
//! Source: Meta's webhook reference of the `messages` field and its pages on business-scoped user ids.

use super::errors::failure_kind;
use crate::common::words::without_numbers;
use chatplug_core::{
    model::{
        ChannelUser, Content, DeliveryStatus, GeoPoint, Inbound, MediaKind, MediaRef, MessageId, Phone, Pricing,
        Private, Referral, Stage, StatusFailure, Tap, TapKind,
    },
    ports::Scoped,
};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// A message of a kind that is not read yet is kept whole up to this length, in bytes.
const LONGEST_RAW: usize = 8 * 1024;

/// The people whom a change names, to find the sender's name and other id.
pub(super) struct People(Vec<Person>);

struct Person {
    wa_id: Option<String>,
    user_id: Option<String>,
    name: Option<String>,
}

impl People {
    pub(super) fn new(contacts: impl Iterator<Item = Value>) -> Self {
        Self(
            contacts
                .map(|contact| Person {
                    wa_id: text(&contact, "wa_id"),
                    user_id: text(&contact, "user_id"),
                    name: contact.get("profile").and_then(|profile| text(profile, "name")),
                })
                .collect(),
        )
    }

    /// The person of a message by its names; of a message that names nobody, the only person there is.
    fn find(&self, phone: Option<&str>, user_id: Option<&str>) -> Option<&Person> {
        if phone.is_none() && user_id.is_none() {
            return match self.0.as_slice() {
                [only] => Some(only),
                _ => None,
            };
        }
        let same = |ours: &Option<String>, theirs: Option<&str>| theirs.is_some() && ours.as_deref() == theirs;
        self.0.iter().find(|person| same(&person.user_id, user_id) || same(&person.wa_id, phone))
    }
}

/// One element of `messages`.
pub(super) fn message(message: &Value, people: &People, now: DateTime<Utc>) -> Scoped {
    let kind = text(message, "type").unwrap_or_else(|| "unknown".to_owned());
    // Nobody books in a group, and an answer would go to one of its members alone.
    if message.get("group_id").is_some_and(|id| !id.is_null()) {
        return ignored("group");
    }
    let Some(id) = text(message, "id").and_then(|id| MessageId::new(id).ok()) else { return ignored("message:id") };
    let (phone, user_id) = (text(message, "from"), text(message, "from_user_id"));
    let person = people.find(phone.as_deref(), user_id.as_deref());
    let from = user(
        phone.or_else(|| person.and_then(|person| person.wa_id.clone())),
        user_id.or_else(|| person.and_then(|person| person.user_id.clone())),
    );
    let Some(from) = from else { return ignored(&format!("message:{kind}:sender")) };
    let content = match kind.as_str() {
        // Nobody wrote, so nobody waits for an answer.
        "request_welcome" => return ignored("request_welcome"),
        "system" => match message.get("system").and_then(|part| system(part, &from)) {
            Some(content) => content,
            None => return ignored("message:system"),
        },
        kind => content(message, kind),
    };
    let context = message.get("context");
    let truth = |key: &str| context.and_then(|context| context.get(key)).and_then(Value::as_bool).unwrap_or_default();
    Scoped::Message(Box::new(Inbound {
        id,
        profile_name: person.and_then(|person| person.name.clone()).map(Private::new),
        at: time(message.get("timestamp")).unwrap_or(now),
        content,
        quoted: context.and_then(|context| message_id(context, "id")),
        forwarded: truth("forwarded") || truth("frequently_forwarded"),
        referral: message.get("referral").filter(|referral| referral.is_object()).map(referral),
        from,
    }))
}

/// What a message says; its object stands under the name of its type.
fn content(message: &Value, kind: &str) -> Content {
    let part = message.get(kind);
    let read = match kind {
        "text" => part.and_then(|part| words(part, "body")).map(|body| Content::Text { body }),
        "interactive" => part.and_then(interactive),
        "button" => part.and_then(template_tap),
        "location" => part.and_then(location),
        "image" | "video" | "document" | "sticker" | "audio" => part.and_then(|part| media(kind, part)),
        "contacts" => part.and_then(Value::as_array).map(|cards| Content::Contacts { phones: phones(cards) }),
        "reaction" => part.and_then(|part| {
            let emoji = text(part, "emoji");
            Some(Content::Reaction { target: message_id(part, "message_id")?, emoji })
        }),
        "order" => Some(Content::Order),
        "edit" => part.and_then(|part| {
            Some(Content::Edit { original: message_id(part, "original_message_id")?, body: new_words(part) })
        }),
        "revoke" => part.and_then(|part| Some(Content::Revoke { original: message_id(part, "original_message_id")? })),
        "unsupported" => part.and_then(|part| text(part, "type")).map(|name| unsupported(message, &name)),
        _ => None,
    };
    read.unwrap_or_else(|| unsupported(message, kind))
}

/// A kind that this version does not read, with all of it that is not too long.
fn unsupported(message: &Value, kind: &str) -> Content {
    let raw = message.to_string();
    let raw = (raw.len() <= LONGEST_RAW).then(|| Private::new(raw));
    Content::Unsupported { name: kind.chars().filter(|c| !c.is_control()).take(64).collect(), raw }
}

fn interactive(part: &Value) -> Option<Content> {
    let kind = text(part, "type")?;
    let reply = part.get(&kind)?;
    let on = match kind.as_str() {
        "button_reply" => TapKind::Button,
        "list_reply" => TapKind::Row,
        "nfm_reply" => {
            // A string that holds JSON; should it ever be JSON itself, that is as good.
            let json = match reply.get("response_json")? {
                Value::String(json) => json.clone(),
                json => json.to_string(),
            };
            return Some(Content::Form { json: json.into() });
        }
        _ => return None,
    };
    Some(Content::Tap(Tap { id: text(reply, "id")?, title: text(reply, "title").unwrap_or_default(), on }))
}

/// A quick reply of a template; one that was sent without a payload comes back with its label as payload.
fn template_tap(part: &Value) -> Option<Content> {
    let (payload, title) = (text(part, "payload"), text(part, "text"));
    let id = payload.or_else(|| title.clone())?;
    Some(Content::Tap(Tap { id, title: title.unwrap_or_default(), on: TapKind::Template }))
}

fn location(part: &Value) -> Option<Content> {
    let point = GeoPoint { latitude: number(part, "latitude")?, longitude: number(part, "longitude")? };
    Some(Content::Location { point, name: text(part, "name"), address: text(part, "address") })
}

fn media(kind: &str, part: &Value) -> Option<Content> {
    let kind = match kind {
        "audio" if part.get("voice").and_then(Value::as_bool).unwrap_or_default() => MediaKind::Voice,
        "audio" => MediaKind::Audio,
        "document" => MediaKind::Document,
        "image" => MediaKind::Image,
        "sticker" => MediaKind::Sticker,
        _ => MediaKind::Video,
    };
    Some(Content::Media(MediaRef {
        kind,
        id: text(part, "id")?,
        mime: text(part, "mime_type").unwrap_or_default(),
        caption: text(part, "caption").map(Private::new),
    }))
}

/// Numbers on contact cards: as written, else as WhatsApp knows them, else from the vCard's text.
fn phones(cards: &[Value]) -> Vec<Private<String>> {
    let mut found = Vec::new();
    for card in cards {
        let before = found.len();
        let listed = card.get("phones").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        found.extend(listed.iter().filter_map(|phone| text(phone, "phone").or_else(|| text(phone, "wa_id"))));
        if found.len() == before {
            let vcard = text(card, "vcard").unwrap_or_default();
            found.extend(vcard.lines().filter_map(|line| {
                let (name, value) = line.split_once(':')?;
                let is_phone = name.split(';').next().is_some_and(|name| name.eq_ignore_ascii_case("TEL"));
                (is_phone && !value.trim().is_empty()).then(|| value.trim().to_owned())
            }));
        }
    }
    found.into_iter().map(Private::new).collect()
}

/// A change of who somebody is. `customer_identity_changed` (a new device) tells no new name.
fn system(part: &Value, from: &ChannelUser) -> Option<Content> {
    let new = match text(part, "type")?.as_str() {
        "user_changed_number" => user(text(part, "wa_id"), text(part, "user_id"))?,
        "user_changed_user_id" => {
            let told = user(text(part, "wa_id"), text(part, "user_id"))?;
            ChannelUser { phone: told.phone.or_else(|| from.phone.clone()), user_id: told.user_id }
        }
        "customer_identity_changed" => ChannelUser::default(),
        _ => return None,
    };
    Some(Content::IdentityChanged { new })
}

/// The words of a changed message: its text, or what stands beneath its picture.
fn new_words(part: &Value) -> Option<Private<String>> {
    let message = part.get("message")?;
    let object = message.get(text(message, "type")?.as_str())?;
    words(object, "body").or_else(|| words(object, "caption"))
}

fn referral(part: &Value) -> Referral {
    Referral {
        source_id: text(part, "source_id"),
        source_url: text(part, "source_url"),
        headline: text(part, "headline"),
        click_id: text(part, "ctwa_clid"),
    }
}

/// One element of `statuses`. Matched by message id, never by recipient: the recipient's names come and go.
pub(super) fn status(status: &Value, now: DateTime<Utc>) -> Scoped {
    let word = text(status, "status").unwrap_or_default();
    let stage = match word.as_str() {
        "sent" => Stage::Sent,
        "delivered" => Stage::Delivered,
        "read" | "played" => Stage::Read,
        "failed" => Stage::Failed,
        _ => return ignored(&format!("status:{word}")),
    };
    let Some(message) = message_id(status, "id") else { return ignored("status:id") };
    let error = status.get("errors").and_then(|errors| errors.get(0)).filter(|_| stage == Stage::Failed);
    Scoped::Status(DeliveryStatus {
        message,
        key: text(status, "biz_opaque_callback_data").and_then(|key| key.parse().ok()),
        stage,
        at: time(status.get("timestamp")).unwrap_or(now),
        failure: error.map(failure),
        pricing: status.get("pricing").filter(|pricing| pricing.is_object()).map(pricing),
    })
}

/// How a message is charged: every key is optional, and every word may be new.
fn pricing(part: &Value) -> Pricing {
    let word = |key: &str| text(part, key).map(|word| word.chars().filter(|c| !c.is_control()).take(64).collect());
    Pricing { billable: part.get("billable").and_then(Value::as_bool), category: word("category"), kind: word("type") }
}

fn failure(error: &Value) -> StatusFailure {
    let code = error.get("code").and_then(|code| code.as_i64().or_else(|| code.as_str()?.parse().ok()));
    let details = error.get("error_data").and_then(|data| text(data, "details"));
    let detail = details.or_else(|| text(error, "message")).or_else(|| text(error, "title")).unwrap_or_default();
    // −1: Meta told no code. 0 would mean a dead token.
    let code = code.unwrap_or(-1);
    StatusFailure { code, kind: failure_kind(code), detail: without_numbers(&detail) }
}

/// One element of `user_preferences`: whether offers are welcome.
pub(super) fn preference(item: &Value, people: &People) -> Option<Scoped> {
    let phone = text(item, "wa_id");
    let person = people.find(phone.as_deref(), text(item, "user_id").as_deref());
    let user_id = text(item, "user_id").or_else(|| person.and_then(|person| person.user_id.clone()));
    let user = user(phone, user_id)?;
    let wanted = match (text(item, "category").as_deref(), text(item, "value").as_deref()) {
        (Some("marketing_messages"), Some("stop")) => false,
        (Some("marketing_messages"), Some("resume")) => true,
        _ => return None,
    };
    Some(Scoped::MarketingPreference { user, wanted })
}

/// One element of `user_id_update`, the only event that links an old user id to a new one.
pub(super) fn new_user_id(item: &Value, key: &str, now: DateTime<Utc>) -> Option<Scoped> {
    let ids = item.get("user_id")?;
    let phone = text(item, "wa_id");
    let new =
        ChannelUser { user_id: Some(text(ids, "current")?.into()), ..user(phone.clone(), None).unwrap_or_default() };
    Some(Scoped::Message(Box::new(Inbound {
        // It has no id of its own; its key is as stable.
        id: MessageId::new(key).ok()?,
        from: user(phone, text(ids, "previous"))?,
        profile_name: None,
        at: time(item.get("timestamp")).unwrap_or(now),
        content: Content::IdentityChanged { new },
        quoted: None,
        forwarded: false,
        referral: None,
    })))
}

/// One element of `message_echoes`. In some, the two sides are the wrong way round: ours is known by its number.
pub(super) fn echo(echo: &Value, ours: &str) -> Option<Scoped> {
    let turned = text(echo, "to").is_some_and(|to| to == ours);
    let (phone, user_id) = if turned { ("from", "from_user_id") } else { ("to", "to_user_id") };
    Some(Scoped::StaffWrote { user: user(text(echo, phone), text(echo, user_id))? })
}

/// A person by what is known of them; `None` when that is nothing. Numbers are taken verbatim.
fn user(phone: Option<String>, user_id: Option<String>) -> Option<ChannelUser> {
    let phone: Option<Phone> = phone.and_then(|phone| phone.parse().ok());
    let user_id = user_id.map(Private::new);
    (phone.is_some() || user_id.is_some()).then_some(ChannelUser { phone, user_id })
}

fn ignored(what: &str) -> Scoped {
    Scoped::Ignored { what: what.chars().filter(|c| !c.is_control()).take(80).collect() }
}

/// A text that says something; ids may come as numbers.
fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A text of a client, which may be empty.
fn words(value: &Value, key: &str) -> Option<Private<String>> {
    value.get(key)?.as_str().map(|text| Private::new(text.to_owned()))
}

fn message_id(value: &Value, key: &str) -> Option<MessageId> {
    text(value, key).and_then(|id| MessageId::new(id).ok())
}

/// A number, which Meta sends as a number and takes as a text.
fn number(value: &Value, key: &str) -> Option<f64> {
    let value = value.get(key)?;
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|number: &f64| number.is_finite())
}

/// Unix seconds, as text or as a number.
fn time(value: Option<&Value>) -> Option<DateTime<Utc>> {
    let value = value?;
    let seconds = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())?;
    DateTime::from_timestamp(seconds, 0)
}

/// JSON text with every `\u` escape of half a surrogate pair replaced by `\ufffd`.
pub(super) fn mend_surrogates(json: &str) -> String {
    let unit = |at: usize| -> Option<u16> {
        let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut out = String::with_capacity(json.len());
    let mut rest = 0;
    while let Some(found) = json.get(rest..).and_then(|tail| tail.find('\\')) {
        let at = rest + found;
        out.push_str(json.get(rest..at).unwrap_or_default());
        let (keep, length) = match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (true, 12),
            (Some(0xd800..=0xdfff), _) => (false, 6),
            (Some(_), _) => (true, 6),
            // Another escape: the character after the backslash belongs to it.
            (None, _) => (true, 1 + json.get(at + 1..).and_then(|tail| tail.chars().next()).map_or(0, char::len_utf8)),
        };
        out.push_str(if keep { json.get(at..at + length).unwrap_or_default() } else { "\\ufffd" });
        rest = at + length;
    }
    out.push_str(json.get(rest..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_emoji_are_mended_and_nothing_else() {
        let cases = [
            (r#"{"a":"\ud83d\udc87"}"#, r#"{"a":"\ud83d\udc87"}"#),
            (r#"{"a":"x\ud83d"}"#, r#"{"a":"x\ufffd"}"#),
            (r#"{"a":"\udc87\ud83d\ud83d\udc87"}"#, r#"{"a":"\ufffd\ufffd\ud83d\udc87"}"#),
            (r#"{"a":"\\ud83d \" é"}"#, r#"{"a":"\\ud83d \" é"}"#),
            (r#"{"a":"\"#, r#"{"a":"\"#),
        ];
        for (json, mended) in cases {
            assert_eq!(mend_surrogates(json), mended);
        }
    }

    #[test]
    fn a_preference_that_is_not_about_offers_is_not_one() {
        let nobody = People(vec![]);
        let item = |value: &str, category: &str| serde_json::json!({"wa_id": "16505551234", "category": category, "value": value});
        let read = |item: Value| preference(&item, &nobody);
        assert!(matches!(
            read(item("stop", "marketing_messages")),
            Some(Scoped::MarketingPreference { wanted: false, .. })
        ));
        assert_eq!(read(item("stop", "other")), None);
        assert_eq!(read(item("paused", "marketing_messages")), None);
    }
}
