//! Content resources: what messages with buttons and lists are made of, created, listed, changed and deleted.

use super::{
    approval::{self, Approval},
    call::{Answer, Call},
    errors::Refusal,
    form::{self, Form},
    kinds,
    page::Page,
    state::State,
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const VARIABLES: usize = 100;
const VARIABLE_KEY: usize = 16;
const VARIABLE_VALUE: usize = 1600;

/// A Content resource.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) sid: String,
    pub(super) account: String,
    pub(super) name: String,
    pub(super) language: String,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) types: Map<String, Value>,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) approval: Option<Approval>,
}

impl Content {
    /// Checks what was posted, and makes a resource of it.
    pub(super) fn of(state: &mut State, account: &str, posted: &Value) -> Result<Self, Refusal> {
        let fields = posted.as_object().ok_or_else(|| Refusal::new(20422, "the body is not a JSON object"))?;
        if let Some(unknown) = fields.keys().find(|key| !FIELDS.contains(&key.as_str())) {
            return Err(Refusal::new(20001, format!("unknown parameter {unknown}")));
        }
        let language = form::text(posted, "language").ok_or_else(|| Refusal::code(92003))?;
        if !is_language(language) {
            return Err(Refusal::code(92004));
        }
        let types = posted.get("types").and_then(Value::as_object).filter(|types| !types.is_empty());
        let types = types.ok_or_else(|| Refusal::code(92001))?;
        for (kind, content) in types {
            kinds::check(kind, content)?;
        }
        let now = state.time.now();
        Ok(Self {
            sid: state.sid("HX"),
            account: account.to_owned(),
            name: form::text(posted, "friendly_name").unwrap_or_default().to_owned(),
            language: language.to_owned(),
            variables: defaults(posted.get("variables"))?,
            types: types.clone(),
            created: now,
            updated: now,
            approval: None,
        })
    }

    /// The richest type that WhatsApp shows, which is the one that is sent.
    pub(super) fn best(&self) -> Option<(&str, &Value)> {
        kinds::RICHEST_FIRST.iter().find_map(|kind| Some((*kind, self.types.get(*kind)?)))
    }

    pub(super) fn is_approved(&self) -> bool {
        self.approval.as_ref().is_some_and(|approval| approval.status == "approved")
    }

    fn shared_json(&self) -> Value {
        json!({
            "sid": self.sid,
            "account_sid": self.account,
            "friendly_name": self.name,
            "language": self.language,
            "variables": self.variables,
            "types": self.types,
            "date_created": iso(self.created),
            "date_updated": iso(self.updated),
        })
    }

    fn json(&self, base_url: &str) -> Value {
        let mut json = self.shared_json();
        let url = format!("{base_url}/v1/Content/{}", self.sid);
        json["links"] = json!({
            "approval_fetch": format!("{url}/ApprovalRequests"),
            "approval_create": format!("{url}/ApprovalRequests/whatsapp"),
        });
        json["url"] = url.into();
        json
    }
}

const FIELDS: [&str; 4] = ["friendly_name", "language", "variables", "types"];

/// `POST /v1/Content`.
pub(super) fn create(state: &mut State, account: &str, call: &Call) -> Result<Answer, Refusal> {
    let content = Content::of(state, account, &call.json()?)?;
    let answer = content.json(&state.base_url);
    state.contents.push(content);
    Ok(Answer::Json(201, answer))
}

/// `GET /v1/Content/{sid}`.
pub(super) fn fetch(state: &State, account: &str, sid: &str) -> Result<Answer, Refusal> {
    Ok(Answer::Json(200, find(state, account, sid)?.json(&state.base_url)))
}

/// `PUT /v1/Content/{sid}`: only what was never submitted can be changed.
pub(super) fn update(state: &mut State, account: &str, sid: &str, call: &Call) -> Result<Answer, Refusal> {
    let old = find(state, account, sid)?.clone();
    if old.approval.is_some() {
        return Err(Refusal::new(20422, "content that was submitted for approval cannot be changed"));
    }
    let mut posted = call.json()?;
    if posted.get("language").is_none() {
        posted["language"] = old.language.clone().into();
    }
    if posted.get("friendly_name").is_none() {
        posted["friendly_name"] = old.name.clone().into();
    }
    let new = Content { sid: old.sid, created: old.created, ..Content::of(state, account, &posted)? };
    let answer = new.json(&state.base_url);
    if let Some(place) = state.contents.iter_mut().find(|content| content.sid == sid) {
        *place = new;
    }
    Ok(Answer::Json(200, answer))
}

/// `DELETE /v1/Content/{sid}`.
pub(super) fn delete(state: &mut State, account: &str, sid: &str) -> Result<Answer, Refusal> {
    let gone = find(state, account, sid)?.clone();
    state.contents.retain(|content| content.sid != sid);
    approval::burn(state, &gone);
    Ok(Answer::Empty(204))
}

/// `GET /v1/Content`, `/v2/Content`, `/v1/ContentAndApprovals` and `/v2/ContentAndApprovals`.
pub(super) fn list(
    state: &mut State,
    account: &str,
    call: &Call,
    approvals: bool,
    filtered: bool,
) -> Result<Answer, Refusal> {
    approval::review(state);
    let known = if filtered { &FILTERS[..] } else { &[] };
    call.knows_query(known)?;
    let page = Page::of(&call.path, &call.query)?;
    let mut contents: Vec<_> = state.contents.iter().filter(|content| content.account == account).collect();
    contents.retain(|content| !filtered || wanted(content, &call.query));
    if filtered {
        order(&mut contents, &call.query);
    }
    let all: Vec<_> = contents
        .into_iter()
        .map(|content| {
            if !approvals {
                return content.json(&state.base_url);
            }
            let mut json = content.shared_json();
            json["approval_requests"] = approval::listed(content, state.reviews.shape);
            json
        })
        .collect();
    Ok(Answer::Json(200, page.modern(&state.base_url, "contents", &all)))
}

const FILTERS: [&str; 9] = [
    "SortByDate",
    "SortByContentName",
    "DateCreatedAfter",
    "DateCreatedBefore",
    "ContentName",
    "Content",
    "Language",
    "ContentType",
    "ChannelEligibility",
];

fn wanted(content: &Content, query: &[(String, String)]) -> bool {
    let one_of = |name: &str, is: &dyn Fn(&str) -> bool| {
        let mut given = form::all(query, name).flat_map(|values| values.split(',')).peekable();
        given.peek().is_none() || given.any(is)
    };
    let time = |name: &str| form::value(query, name).and_then(|text| text.parse::<DateTime<Utc>>().ok());
    let status = content.approval.as_ref().map_or("unsubmitted", |approval| approval.status);
    // A pattern is taken by its letters: the fake has no use for more.
    let holds = |name: &str, text: &str| form::value(query, name).is_none_or(|part| text.contains(part));
    holds("ContentName", &content.name)
        && holds("Content", &Value::from(content.types.clone()).to_string())
        && one_of("Language", &|language| content.language == language)
        && one_of("ContentType", &|kind| content.types.contains_key(kind))
        && one_of("ChannelEligibility", &|wanted| wanted.eq_ignore_ascii_case(&format!("whatsapp:{status}")))
        && time("DateCreatedAfter").is_none_or(|time| content.created >= time)
        && time("DateCreatedBefore").is_none_or(|time| content.created <= time)
}

fn order(contents: &mut [&Content], query: &Form) {
    match form::value(query, "SortByDate") {
        Some("asc") => contents.sort_by_key(|content| content.updated),
        Some(_) => contents.sort_by_key(|content| std::cmp::Reverse(content.updated)),
        None => {}
    }
    match form::value(query, "SortByContentName") {
        Some("asc") => contents.sort_by(|a, b| a.name.cmp(&b.name)),
        Some(_) => contents.sort_by(|a, b| b.name.cmp(&a.name)),
        None => {}
    }
}

/// A resource of an account; another account's is not there.
pub(super) fn find<'a>(state: &'a State, account: &str, sid: &str) -> Result<&'a Content, Refusal> {
    let mut contents = state.contents.iter();
    contents.find(|content| content.sid == sid && content.account == account).ok_or_else(|| Refusal::not_found(sid))
}

/// The `variables` of a resource: an object of texts.
fn defaults(posted: Option<&Value>) -> Result<BTreeMap<String, String>, Refusal> {
    let Some(posted) = posted.filter(|posted| !posted.is_null()) else { return Ok(BTreeMap::new()) };
    let wrong = |what: &str| Refusal::new(92007, format!("the content's variables: {what}"));
    variables(posted).map_err(|what| if what == TOO_MANY { Refusal::code(92002) } else { wrong(what) })
}

const TOO_MANY: &str = "more than 100";

/// Reads variables: an object of texts, at most a hundred of them.
pub(super) fn variables(given: &Value) -> Result<BTreeMap<String, String>, &'static str> {
    let given = given.as_object().ok_or("not an object")?;
    if given.len() > VARIABLES {
        return Err(TOO_MANY);
    }
    let text = |(key, value): (&String, &Value)| {
        let is_key =
            (1..=VARIABLE_KEY).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let value = value.as_str().ok_or("a value that is not a text")?;
        match () {
            () if !is_key => Err("a key that is none"),
            () if form::length(value) > VARIABLE_VALUE => Err("a value that is too long"),
            () => Ok((key.clone(), value.to_owned())),
        }
    };
    given.iter().map(text).collect()
}

/// A language, with a region or none: `pt_BR`.
fn is_language(text: &str) -> bool {
    let (language, region) = text.split_once('_').unwrap_or((text, "XX"));
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && (2..=4).contains(&region.len())
        && region.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// A date as the newer hosts write it.
pub(super) fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
