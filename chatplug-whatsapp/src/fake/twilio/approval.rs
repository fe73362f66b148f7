//! WhatsApp's approval of content: asked for, given, taken back.

use super::{
    call::{Answer, Call},
    content::{self, Content, iso},
    errors::Refusal,
    event::Event,
    form, kinds,
    render::placeholders,
    state::State,
};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

/// A name that was rejected or deleted is free again after this long.
const BURNT_DAYS: i64 = 30;

/// How `approval_requests` look in a list: the specification has one shape, and programs in the wild read another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApprovalShape {
    /// The fields at once, as the specification says.
    #[default]
    Flat,
    /// Under the key `whatsapp`.
    Keyed,
}

/// What the approval of content is that was never submitted. All three occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unsubmitted {
    /// 404.
    #[default]
    NotFound,
    /// `"whatsapp": null`.
    Null,
    /// `"whatsapp": {}`.
    Empty,
}

/// How templates are judged.
#[derive(Debug)]
pub(super) struct Reviews {
    /// How long it takes; `None`: until a test decides.
    pub(super) after: Option<Duration>,
    pub(super) shape: ApprovalShape,
    pub(super) unsubmitted: Unsubmitted,
    burnt: Vec<(String, String, DateTime<Utc>)>,
}

impl Default for Reviews {
    fn default() -> Self {
        let after = Some(Duration::zero());
        Self { after, shape: ApprovalShape::default(), unsubmitted: Unsubmitted::default(), burnt: Vec::new() }
    }
}

/// An approval, asked for or given.
#[derive(Debug, Clone)]
pub(super) struct Approval {
    pub(super) name: String,
    pub(super) category: String,
    pub(super) kind: String,
    pub(super) status: &'static str,
    pub(super) reason: String,
    pub(super) submitted: DateTime<Utc>,
}

impl Approval {
    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "category": self.category,
            "content_type": self.kind,
            "status": self.status,
            "rejection_reason": self.reason,
            "allow_category_change": true,
        })
    }
}

/// The states that an approval can be in, as Twilio writes them.
pub(super) const STATES: [&str; 6] = ["received", "pending", "approved", "rejected", "paused", "disabled"];

/// `POST /v1/Content/{sid}/ApprovalRequests/whatsapp`.
pub(super) fn create(state: &mut State, account: &str, sid: &str, call: &Call) -> Result<Answer, Refusal> {
    let wrong = |what: &str| Refusal::new(20422, what);
    let posted = call.json()?;
    let name = form::text(&posted, "name").unwrap_or_default().to_owned();
    let category = form::text(&posted, "category").unwrap_or_default().to_owned();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err(wrong("name: lower-case letters, digits and underscores only"));
    }
    if !["UTILITY", "MARKETING", "AUTHENTICATION"].contains(&category.as_str()) {
        return Err(wrong("category must be UTILITY, MARKETING or AUTHENTICATION"));
    }
    let found = content::find(state, account, sid)?;
    let (kind, language) = (found.best().map(|(kind, _)| kind.to_owned()).unwrap_or_default(), found.language.clone());
    if found.approval.is_some() {
        return Err(wrong("this content was submitted already"));
    }
    if kinds::only_in_session(&kind) {
        return Err(wrong("this type of content cannot be approved"));
    }
    let now = state.time.now();
    let burnt = state.reviews.burnt.iter().any(|(of, burnt, at)| {
        of == account && *burnt == format!("{name}/{language}") && now - *at < Duration::days(BURNT_DAYS)
    });
    if burnt {
        return Err(wrong("this name was rejected or deleted less than 30 days ago"));
    }
    let approval = Approval { name, category, kind, status: "received", reason: String::new(), submitted: now };
    let answer = approval.json();
    if let Some(content) = state.contents.iter_mut().find(|content| content.sid == sid) {
        content.approval = Some(approval);
    }
    Ok(Answer::Json(201, answer))
}

/// `GET /v1/Content/{sid}/ApprovalRequests`.
pub(super) fn fetch(state: &mut State, account: &str, sid: &str) -> Result<Answer, Refusal> {
    review(state);
    let content = content::find(state, account, sid)?;
    let whatsapp = match (&content.approval, state.reviews.unsubmitted) {
        (Some(approval), _) => {
            let mut json = approval.json();
            json["type"] = "whatsapp".into();
            json
        }
        (None, Unsubmitted::NotFound) => return Err(Refusal::not_found(&format!("{sid}/ApprovalRequests"))),
        (None, Unsubmitted::Null) => Value::Null,
        (None, Unsubmitted::Empty) => json!({}),
    };
    Ok(Answer::Json(
        200,
        json!({
            "sid": sid,
            "account_sid": account,
            "url": format!("{}/v1/Content/{sid}/ApprovalRequests", state.base_url),
            "whatsapp": whatsapp,
        }),
    ))
}

/// What a list says of a resource's approval.
pub(super) fn listed(content: &Content, shape: ApprovalShape) -> Value {
    let never = || {
        json!({
            "name": "",
            "category": "",
            "content_type": "",
            "status": "unsubmitted",
            "rejection_reason": "",
            "allow_category_change": true,
        })
    };
    let flat = content.approval.as_ref().map_or_else(never, Approval::json);
    match shape {
        ApprovalShape::Flat => flat,
        ApprovalShape::Keyed => json!({"whatsapp": flat}),
    }
}

/// Judges what is due. What was just received is pending once somebody looks again.
pub(super) fn review(state: &mut State) {
    let (now, after) = (state.time.now(), state.reviews.after);
    let waiting = |content: &&Content| {
        content.approval.as_ref().is_some_and(|approval| matches!(approval.status, "received" | "pending"))
    };
    let waiting: Vec<_> = state.contents.iter().filter(waiting).cloned().collect();
    for content in waiting {
        let Some(approval) = &content.approval else { continue };
        match after {
            Some(after) if now - approval.submitted >= after => match objection(&content) {
                Some(reason) => set(state, &content.sid, "rejected", &reason),
                None => set(state, &content.sid, "approved", ""),
            },
            _ => set(state, &content.sid, "pending", ""),
        }
    }
}

/// Puts an approval into another state, and tells it to the sink of events.
pub(super) fn set(state: &mut State, sid: &str, status: &'static str, reason: &str) {
    let now = state.time.now();
    let Some(content) = state.contents.iter_mut().find(|content| content.sid == sid) else { return };
    let kind = content.best().map(|(kind, _)| kind.to_owned()).unwrap_or_default();
    let name = if content.name.is_empty() { "content".to_owned() } else { content.name.to_lowercase() };
    let approval = content.approval.get_or_insert_with(|| Approval {
        name,
        category: "UTILITY".to_owned(),
        kind,
        status: "received",
        reason: String::new(),
        submitted: now,
    });
    let before = approval.status;
    if before == status {
        return;
    }
    approval.status = status;
    reason.clone_into(&mut approval.reason);
    let content = content.clone();
    if status == "rejected" {
        burn(state, &content);
    }
    if state.hooks.event_sink.is_some() {
        let event = told(state, &content, before, status);
        state.owed.push(Event::stream(content.account, event));
    }
}

/// A name that cannot be used again for a while.
pub(super) fn burn(state: &mut State, content: &Content) {
    if let Some(approval) = &content.approval {
        let name = format!("{}/{}", approval.name, content.language);
        let now = state.time.now();
        state.reviews.burnt.push((content.account.clone(), name, now));
    }
}

/// Why WhatsApp would not approve it, by the rules that Twilio prints.
fn objection(content: &Content) -> Option<String> {
    let (kind, json) = content.best()?;
    let body = form::text(json, "body").unwrap_or_default();
    let used = placeholders(json);
    let highest = used.iter().filter_map(|key| key.parse::<usize>().ok()).max().unwrap_or(0);
    let in_title = form::list(json, "actions").iter().filter_map(|action| form::text(action, "title"));
    let words = body.split_whitespace().filter(|word| !word.contains("{{")).count();
    let blanks = placeholders(&json!(body)).len();
    let end = body.trim_end_matches(|c: char| c.is_ascii_punctuation() && c != '}').trim_end();
    match () {
        () if used.len() != highest => Some("variables must be numbered from 1 without gaps".into()),
        () if used.iter().any(|key| !content.variables.contains_key(key)) => Some("a variable has no sample".into()),
        () if body.trim_start().starts_with("{{") => Some("the text begins with a variable".into()),
        () if end.ends_with("}}") => Some("the text ends with a variable".into()),
        () if body.replace(' ', "").contains("}}{{") => Some("two variables stand side by side".into()),
        () if blanks > 0 && words < 2 * blanks + 1 => Some("too few words for so many variables".into()),
        () if kind == "twilio/quick-reply" && in_title.into_iter().any(|title| title.contains("{{")) => {
            Some("a button's label has a variable".into())
        }
        () => None,
    }
}

fn told(state: &mut State, content: &Content, before: &str, status: &str) -> Value {
    let name = content.approval.as_ref().map_or("", |approval| approval.name.as_str());
    let now = iso(state.time.now());
    json!([{
        "specversion": "1.0",
        "type": "com.twilio.messaging.template.approval.updated",
        "source": format!("/2010-04-01/Accounts/{}/Content/{}", content.account, content.sid),
        "id": state.sid("EZ"),
        "dataschema": "unknown",
        "datacontenttype": "application/json",
        "time": now,
        "data": {
            "type": "status_update",
            "accountSid": content.account,
            "dateUpdated": now,
            "channel": "whatsapp",
            "template": {
                "sid": content.sid,
                "friendlyName": content.name,
                "externalTemplateName": format!("{name}_{}", content.sid.to_lowercase()),
                "language": content.language,
                "previousValue": before,
                "currentValue": status,
            },
        },
    }])
}
