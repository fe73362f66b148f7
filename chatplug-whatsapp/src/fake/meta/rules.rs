//! What Meta refuses at once. Written apart from the adapter's own checks, so that one can find fault with the other.

use http::StatusCode;
use serde_json::{Value, json};

/// A refusal with Meta's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: i64,
    pub(super) details: String,
    /// Narrows it down, where a template is being written.
    subcode: Option<i64>,
}

impl Refusal {
    pub(super) fn new(code: i64, details: &str) -> Self {
        Self { code, details: details.to_owned(), subcode: None }
    }

    /// What is wrong with a template that somebody writes.
    pub(super) fn of_template(subcode: i64, details: &str) -> Self {
        Self { subcode: Some(subcode), ..Self::new(100, details) }
    }

    /// The HTTP status that Meta's page of errors gives for the code.
    pub(super) const fn status(&self) -> StatusCode {
        match self.code {
            0 | 190 => StatusCode::UNAUTHORIZED,
            10 | 200..=299 | 368 | 130_497 | 131_005 | 131_031 => StatusCode::FORBIDDEN,
            132_001 => StatusCode::NOT_FOUND,
            3 | 131_000 | 131_016 | 131_045 | 131_057 | 133_000 => StatusCode::INTERNAL_SERVER_ERROR,
            2 | 133_004 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The error envelope.
    pub(super) fn envelope(&self) -> Value {
        let Self { code, details, subcode } = self;
        if let Some(subcode) = subcode {
            // Management calls explain themselves to people.
            return json!({"error": {
                "message": format!("(#{code}) {}", title(*code)),
                "type": "OAuthException",
                "code": code,
                "error_subcode": subcode,
                "is_transient": false,
                "error_user_title": "The template cannot be taken",
                "error_user_msg": details,
                "fbtrace_id": "AFakeTraceOfNothing",
            }});
        }
        json!({"error": {
            "message": format!("(#{code}) {}", title(*code)),
            "type": "OAuthException",
            "code": code,
            "error_data": {"messaging_product": "whatsapp", "details": details},
            "fbtrace_id": "AFakeTraceOfNothing",
        }})
    }
}

/// Meta's name of a code, where a test may look at it.
pub(super) const fn title(code: i64) -> &'static str {
    match code {
        100 => "Invalid parameter",
        190 => "Access token has expired",
        130_429 => "Rate limit hit",
        131_008 => "Required parameter is missing",
        131_009 => "Parameter value is not valid",
        131_026 => "Message undeliverable",
        131_047 => "Re-engagement message",
        131_056 => "(Business account, consumer account) pair rate limit hit",
        132_000 => "Template param count mismatch",
        132_001 => "Template name does not exist in the translation",
        132_015 => "Template is paused",
        132_016 => "Template is disabled",
        _ => "An error that the fake was told to have",
    }
}

/// Checks a message and returns its type and whom it is for.
pub(super) fn check(request: &Value) -> Result<(String, String), Refusal> {
    if request["messaging_product"] != "whatsapp" {
        return Err(Refusal::new(100, "messaging_product must be whatsapp"));
    }
    if !matches!(request.get("recipient_type").and_then(Value::as_str), None | Some("individual")) {
        return Err(Refusal::new(100, "recipient_type must be individual"));
    }
    let to = recipient(request)?;
    let kind = request.get("type").and_then(Value::as_str).unwrap_or("text");
    let content = request.get(kind).ok_or_else(|| Refusal::new(100, &format!("{kind} is missing")))?;
    let one_object = KINDS.iter().filter(|known| request.get(**known).is_some()).count() == 1;
    if !one_object {
        return Err(Refusal::new(100, "exactly one content object is wanted"));
    }
    if let Some(key) = request.get("biz_opaque_callback_data") {
        length(Some(key), "biz_opaque_callback_data", 0, 512)?;
    }
    match kind {
        "text" => length(content.get("body"), "text body", 1, 4096)?,
        "interactive" => interactive(content)?,
        "image" | "document" | "audio" | "video" | "sticker" => media(kind, content)?,
        "location" => location(content)?,
        "contacts" => contacts(content)?,
        "reaction" => reaction(request, content)?,
        "template" => {
            length(content.get("name"), "template name", 1, 512)?;
            length(content.pointer("/language/code"), "template language", 1, 16)?;
        }
        _ => return Err(Refusal::new(131_051, "Message type is currently not supported.")),
    }
    Ok((kind.to_owned(), to))
}

const KINDS: [&str; 11] = [
    "text",
    "interactive",
    "image",
    "document",
    "audio",
    "video",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "template",
];

/// A number with its plus sign (without one Meta would put the business's country in front: the fake refuses), or a user
/// id. With both, the number wins.
fn recipient(request: &Value) -> Result<String, Refusal> {
    if let Some(to) = request.get("to") {
        let plain = to.as_str().and_then(|to| to.strip_prefix('+')).map(|to| to.replace([' ', '-', '(', ')'], ""));
        return plain
            .filter(|digits| (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
            .ok_or_else(|| Refusal::new(131_009, "to must be a number with + and country code"));
    }
    let id = request.get("recipient").and_then(Value::as_str).unwrap_or_default();
    let rest =
        id.get(2..).and_then(|rest| rest.strip_prefix('.')).map(|rest| rest.strip_prefix("ENT.").unwrap_or(rest));
    let is_id = id.bytes().take(2).all(|b| b.is_ascii_uppercase())
        && rest.is_some_and(|rest| (1..=128).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric()));
    if is_id { Ok(id.to_owned()) } else { Err(Refusal::new(100, "to or recipient is wanted")) }
}

fn interactive(content: &Value) -> Result<(), Refusal> {
    length(content.pointer("/body/text"), "body", 1, 1024)?;
    if let Some(footer) = content.get("footer") {
        length(footer.get("text"), "footer", 1, 60)?;
    }
    if content.pointer("/header/type").is_some_and(|kind| kind == "text") {
        length(content.pointer("/header/text"), "header", 1, 60)?;
    }
    let action = content.get("action").ok_or_else(|| Refusal::new(131_008, "action is missing"))?;
    match content.get("type").and_then(Value::as_str) {
        Some("button") => buttons(list(action, "buttons")),
        Some("list") => rows(action),
        Some("cta_url") => {
            named(action, "cta_url")?;
            length(action.pointer("/parameters/display_text"), "display_text", 1, 20)?;
            link(action.pointer("/parameters/url"))
        }
        Some("location_request_message") => named(action, "send_location"),
        Some("request_contact_info") => named(action, "request_contact_info"),
        _ => Err(Refusal::new(131_009, "interactive type is not valid")),
    }
}

fn buttons(buttons: &[Value]) -> Result<(), Refusal> {
    if !(1..=3).contains(&buttons.len()) {
        return Err(Refusal::new(131_009, "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3"));
    }
    let mut titles = Vec::new();
    for button in buttons {
        if button["type"] != "reply" {
            return Err(Refusal::new(131_009, "button type must be reply"));
        }
        length(button.pointer("/reply/id"), "Button id", 1, 256)?;
        length(button.pointer("/reply/title"), "Button title", 1, 20)?;
        titles.push(&button["reply"]["title"]);
    }
    let twice = titles.iter().enumerate().any(|(n, title)| titles.iter().skip(n + 1).any(|other| other == title));
    if twice { Err(Refusal::new(131_009, "Button titles are not unique")) } else { Ok(()) }
}

fn rows(action: &Value) -> Result<(), Refusal> {
    length(action.get("button"), "list button", 1, 20)?;
    let sections = list(action, "sections");
    if !(1..=10).contains(&sections.len()) {
        return Err(Refusal::new(131_009, "Invalid sections count. Min 1, Max 10"));
    }
    let total: usize = sections.iter().map(|section| list(section, "rows").len()).sum();
    if !(1..=10).contains(&total) {
        return Err(Refusal::new(131_009, "Total row count exceed max allowed count: 10"));
    }
    for section in sections {
        if sections.len() > 1 || section.get("title").is_some() {
            length(section.get("title"), "Section title", 1, 24)?;
        }
        if list(section, "rows").is_empty() {
            return Err(Refusal::new(131_009, "a section without rows"));
        }
        for row in list(section, "rows") {
            length(row.get("id"), "Row id", 1, 200)?;
            length(row.get("title"), "Row title", 1, 24)?;
            if row.get("description").is_some() {
                length(row.get("description"), "Row description", 1, 72)?;
            }
        }
    }
    Ok(())
}

fn media(kind: &str, content: &Value) -> Result<(), Refusal> {
    match (content.get("id"), content.get("link")) {
        (Some(id), None) => length(Some(id), "media id", 1, 256)?,
        (None, Some(url)) => link(Some(url))?,
        _ => return Err(Refusal::new(131_009, "either id or link is wanted")),
    }
    match content.get("caption") {
        Some(_) if matches!(kind, "audio" | "sticker") => Err(Refusal::new(100, "no caption here")),
        Some(caption) => length(Some(caption), "caption", 0, 1024),
        None => Ok(()),
    }
}

fn location(content: &Value) -> Result<(), Refusal> {
    for (key, most) in [("latitude", 90.0), ("longitude", 180.0)] {
        let value = content.get(key).and_then(|v| v.as_f64().or_else(|| v.as_str()?.parse().ok()));
        if !value.is_some_and(|degrees: f64| degrees.abs() <= most) {
            return Err(Refusal::new(131_009, &format!("{key} is not valid")));
        }
    }
    Ok(())
}

fn contacts(content: &Value) -> Result<(), Refusal> {
    let cards = content.as_array().map(Vec::as_slice).unwrap_or_default();
    if cards.is_empty() {
        return Err(Refusal::new(131_008, "contacts are missing"));
    }
    cards.iter().try_for_each(|card| length(card.pointer("/name/formatted_name"), "formatted_name", 1, 4096))
}

fn reaction(request: &Value, content: &Value) -> Result<(), Refusal> {
    if request.get("context").is_some() {
        return Err(Refusal::new(100, "a reaction cannot quote"));
    }
    length(content.get("message_id"), "message_id", 1, 256)?;
    length(content.get("emoji"), "emoji", 0, 64)
}

fn named(action: &Value, name: &str) -> Result<(), Refusal> {
    if action["name"] == name { Ok(()) } else { Err(Refusal::new(131_009, &format!("action name must be {name}"))) }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn link(url: Option<&Value>) -> Result<(), Refusal> {
    let url = url.and_then(Value::as_str).unwrap_or_default();
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if is_web && url.len() <= 2000 { Ok(()) } else { Err(Refusal::new(131_009, "url is not valid")) }
}

fn length(text: Option<&Value>, what: &str, min: usize, max: usize) -> Result<(), Refusal> {
    let Some(text) = text.and_then(Value::as_str) else {
        return Err(Refusal::new(131_008, &format!("{what} is missing")));
    };
    let length = if text.trim().is_empty() { 0 } else { text.encode_utf16().count() };
    if (min..=max).contains(&length) {
        Ok(())
    } else {
        Err(Refusal::new(131_009, &format!("{what} length invalid. Min length: {min}, Max length: {max}")))
    }
}
