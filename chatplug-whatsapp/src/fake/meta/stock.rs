//! The edge `message_templates` of an account, and templates by their id: what Meta takes, refuses and lists. Written apart
//! from the adapter's checks and from the lint, so that one can find fault with the other.
//!
//! Rules are those of Meta's pages on templates (state of early 2026); where a refusal's number is not published, it is
//! 100 alone.

use super::{
    graph::{answered, bearer, known_version},
    rules::Refusal,
    state::{Shared, State},
    templates::FakeTemplate,
};
use axum::{
    extract::{Path, Query, State as AxumState},
    http::HeaderMap,
    response::Response,
};
use bytes::Bytes;
use chrono::Duration;
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// Most templates of an account that is not verified.
const MOST: usize = 250;
/// Most that may be handed in in an hour.
const MOST_AN_HOUR: usize = 100;
/// A deleted template's name is not taken for so long.
const BLOCKED: Duration = Duration::days(30);
/// What is told when nothing is asked for.
const USUAL: [&str; 7] = ["id", "name", "language", "status", "category", "parameter_format", "components"];

type Asked = Query<HashMap<String, String>>;

/// Lists an account's templates, page by page.
pub(super) async fn list(
    AxumState(shared): AxumState<Arc<Shared>>,
    Path((version, account)): Path<(String, String)>,
    Query(query): Asked,
    headers: HeaderMap,
) -> Response {
    let done = shared.with(|state| {
        known_version(&version)?;
        owner(state, &account, &headers)?;
        let fits = |template: &&FakeTemplate| {
            let is = |key: &str, value: &str| query.get(key).is_none_or(|wanted| wanted == value);
            is("name", &template.name)
                && is("status", &template.status)
                && is("language", &template.language)
                && is("category", &template.category)
        };
        let asked = query.get("limit").map_or(Ok(25), |limit| limit.parse::<usize>());
        let limit = asked.map_err(|_| Refusal::new(100, "limit is not a number"))?.min(state.templates.page).max(1);
        let after = match query.get("after") {
            Some(cursor) => place(cursor).ok_or_else(|| Refusal::new(100, "the cursor is not one of ours"))?,
            None => 0,
        };
        let all: Vec<_> = state.templates.of(&account).filter(fits).collect();
        let page: Vec<Value> = all.iter().skip(after).take(limit).map(|template| told(template, &query)).collect();
        let end = after + page.len();
        let mut paging = json!({"cursors": {"before": cursor(after), "after": cursor(end)}});
        if end < all.len() {
            let next = format!("{}/{version}/{account}/message_templates?after={}", state.base_url, cursor(end));
            paging["next"] = next.into();
        }
        Ok(if page.is_empty() { json!({"data": []}) } else { json!({"data": page, "paging": paging}) })
    });
    answered(&shared, done)
}

/// Takes a template for review.
pub(super) async fn create(
    AxumState(shared): AxumState<Arc<Shared>>,
    Path((version, account)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let done = shared.with(|state| {
        known_version(&version)?;
        owner(state, &account, &headers)?;
        let request = object(&body)?;
        let template = new(&request)?;
        let now = state.time.now();
        let templates = &mut state.templates;
        if templates.find(&account, &template.name, &template.language).is_some() {
            return Err(Refusal::of_template(2_388_024, "There is already content in this language"));
        }
        let blocked = |(of, name, at): &(String, String, chrono::DateTime<chrono::Utc>)| {
            *of == account && *name == template.name && now < *at + BLOCKED
        };
        if templates.deleted.iter().any(blocked) {
            return Err(Refusal::new(100, "a template of this name was deleted within the last 30 days"));
        }
        templates.made.retain(|(_, at)| now < *at + Duration::hours(1));
        if templates.made.iter().filter(|(of, _)| *of == account).count() >= MOST_AN_HOUR {
            return Err(Refusal::new(80_007, "more than 100 templates in an hour"));
        }
        if templates.of(&account).count() >= MOST {
            return Err(Refusal::of_template(2_388_019, "The account has as many templates as it may"));
        }
        templates.made.push((account.clone(), now));
        let category = template.category.clone();
        let id = templates.set(&account, template);
        Ok(json!({"id": id.to_string(), "status": "PENDING", "category": category}))
    });
    answered(&shared, done)
}

/// Deletes by name (every language), by id and name (one), or by ids.
pub(super) async fn delete(
    AxumState(shared): AxumState<Arc<Shared>>,
    Path((version, account)): Path<(String, String)>,
    Query(query): Asked,
    headers: HeaderMap,
) -> Response {
    let done = shared.with(|state| {
        known_version(&version)?;
        owner(state, &account, &headers)?;
        let now = state.time.now();
        let gone = match (query.get("name"), query.get("hsm_id")) {
            (Some(name), None) => state.templates.remove(&account, |template| template.name == *name, now),
            (Some(name), Some(id)) => {
                let is_it = |template: &FakeTemplate| template.name == *name && template.id.to_string() == *id;
                state.templates.remove(&account, is_it, now)
            }
            _ => return Err(Refusal::new(100, "name is missing")),
        };
        if gone == 0 { Err(Refusal::new(100, "there is no such template")) } else { Ok(json!({"success": true})) }
    });
    answered(&shared, done)
}

/// One template by its id.
pub(super) fn one(
    state: &State,
    id: &str,
    query: &HashMap<String, String>,
    headers: &HeaderMap,
) -> Result<Value, Refusal> {
    let (account, template) = state.templates.by_id(id).ok_or_else(nobody)?;
    owner(state, account, headers)?;
    Ok(told(template, query))
}

/// Replaces all components of a template, which goes back to review.
pub(super) fn edit(state: &mut State, id: &str, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let (account, template) = state.templates.by_id(id).ok_or_else(nobody)?;
    owner(state, account, headers)?;
    let request = object(body)?;
    let now = state.time.now();
    let mut whole = request.clone();
    for (key, value) in [("name", &template.name), ("language", &template.language), ("category", &template.category)] {
        whole[key] = value.clone().into();
    }
    let changed = new(&whole)?;
    let cannot = |why: &str| Err(Refusal::of_template(2_388_039, why));
    match template.status.as_str() {
        "APPROVED" => {
            let within = |time: Duration| template.edits.iter().filter(|at| now < **at + time).count();
            if request.get("category").is_some_and(|category| *category != template.category.as_str()) {
                return cannot("The category of an approved template cannot be changed");
            }
            if within(Duration::hours(24)) >= 1 || within(Duration::days(30)) >= 10 {
                return cannot("An approved template can be changed once in 24 hours and ten times in 30 days");
            }
        }
        "REJECTED" | "PAUSED" => {}
        _ => return cannot("Only approved, rejected and paused templates can be changed"),
    }
    let (id, approved) = (template.id, template.status == "APPROVED");
    let category = request.get("category").and_then(Value::as_str).map(ToOwned::to_owned);
    if let Some(template) = state.templates.by_id_mut(id) {
        let FakeTemplate { body, quick_replies, components, time_to_live, .. } = changed;
        template.category = category.unwrap_or_else(|| template.category.clone());
        (template.body, template.quick_replies, template.components) = (body, quick_replies, components);
        template.time_to_live = time_to_live.or(template.time_to_live);
        template.status = "PENDING".to_owned();
        template.reason = "NONE".to_owned();
        if approved {
            template.edits.push(now);
        }
    }
    Ok(json!({"success": true}))
}

fn nobody() -> Refusal {
    Refusal::new(100, "Object with this ID does not exist")
}

/// Whether the token is that of a number of the account.
fn owner(state: &State, account: &str, headers: &HeaderMap) -> Result<(), Refusal> {
    let mut numbers = state.numbers.iter().filter(|number| number.waba_id == account).peekable();
    if numbers.peek().is_none() {
        return Err(nobody());
    }
    let token = bearer(headers);
    if numbers.any(|number| token == Some(number.token.as_str())) {
        Ok(())
    } else {
        Err(Refusal::new(190, "Invalid OAuth access token"))
    }
}

fn object(body: &[u8]) -> Result<Value, Refusal> {
    let request: Value = serde_json::from_slice(body).map_err(|_| Refusal::new(100, "the body is not JSON"))?;
    if request.is_object() { Ok(request) } else { Err(Refusal::new(100, "the body is not an object")) }
}

/// What of a template was asked for; the id is always told.
fn told(template: &FakeTemplate, query: &HashMap<String, String>) -> Value {
    let asked: Vec<&str> = query.get("fields").map_or_else(|| USUAL.to_vec(), |fields| fields.split(',').collect());
    let Value::Object(whole) = template.json() else { return Value::Null };
    whole.into_iter().filter(|(key, _)| key == "id" || asked.contains(&key.as_str())).collect()
}

fn cursor(at: usize) -> String {
    format!("QVFI{at}ZD")
}

fn place(cursor: &str) -> Option<usize> {
    cursor.strip_prefix("QVFI")?.strip_suffix("ZD")?.parse().ok()
}

/// A template as it is handed in, or why not.
fn new(request: &Value) -> Result<FakeTemplate, Refusal> {
    let text = |key: &str| request.get(key).and_then(Value::as_str);
    let required = |key: &str| text(key).ok_or_else(|| Refusal::new(100, &format!("{key} is required")));
    let (name, language, category) = (required("name")?, required("language")?, required("category")?);
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if name.is_empty() || name.len() > 512 || !name.bytes().all(fits) {
        return Err(Refusal::new(100, "the name may hold lower-case letters, digits and underscores only"));
    }
    if !is_language(language) {
        return Err(Refusal::new(100, "the language is not supported"));
    }
    if !["UTILITY", "MARKETING", "AUTHENTICATION"].contains(&category) {
        return Err(Refusal::new(100, "the category is none of UTILITY, MARKETING and AUTHENTICATION"));
    }
    if text("parameter_format").is_some_and(|format| format != "POSITIONAL") {
        return Err(Refusal::new(100, "the fake knows numbered parameters only"));
    }
    let time_to_live = match request.get("message_send_ttl_seconds") {
        None => None,
        Some(seconds) => match seconds.as_i64() {
            Some(seconds) if category != "UTILITY" || (30..=43_200).contains(&seconds) => Some(seconds),
            _ => return Err(Refusal::new(100, "a utility template lives 30 to 43200 seconds")),
        },
    };
    let components = request.get("components").and_then(Value::as_array);
    let components = components.ok_or_else(|| Refusal::new(100, "components is required"))?;
    let (mut body, mut quick_replies) = (None, Vec::new());
    for component in components {
        match component.get("type").and_then(Value::as_str) {
            Some("BODY") if body.is_none() => body = Some(body_of(component)?),
            Some("BUTTONS") => quick_replies = buttons_of(component)?,
            Some("FOOTER") => footer_of(component)?,
            _ => return Err(Refusal::new(100, "a component is of an unknown type, or there twice")),
        }
    }
    let body = body.ok_or_else(|| Refusal::of_template(2_388_072, "The body is missing"))?;
    let mut template = FakeTemplate::new(name, language, &body).in_state("PENDING");
    category.clone_into(&mut template.category);
    (template.quick_replies, template.time_to_live) = (quick_replies, time_to_live);
    template.components = Some(components.clone().into());
    Ok(template)
}

fn is_language(code: &str) -> bool {
    let (lang, country) = code.split_once('_').unwrap_or((code, "XX"));
    let letters = |text: &str, upper: bool| {
        let fits = |b: u8| if upper { b.is_ascii_uppercase() } else { b.is_ascii_lowercase() };
        (2..=3).contains(&text.len()) && text.bytes().all(fits)
    };
    letters(lang, false) && letters(country, true)
}

fn body_of(component: &Value) -> Result<String, Refusal> {
    let wrong = |why: &str| Refusal::of_template(2_388_072, why);
    let text = component.get("text").and_then(Value::as_str).unwrap_or_default();
    if text.trim().is_empty() {
        return Err(wrong("The body is empty"));
    }
    if text.chars().count() > 1024 {
        return Err(Refusal::of_template(2_388_040, "The body has more than 1024 characters"));
    }
    let mut numbers = BTreeSet::new();
    let (mut fixed, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        fixed.push_str(before);
        fixed.push(' ');
        let (number, after) = after.split_once("}}").ok_or_else(|| wrong("A parameter is not closed"))?;
        numbers.insert(number.parse::<usize>().map_err(|_| wrong("A parameter is not a number"))?);
        rest = after;
    }
    fixed.push_str(rest);
    if numbers.iter().copied().ne(1..=numbers.len()) {
        return Err(wrong("Parameters are not numbered 1, 2, 3"));
    }
    let edges = text.trim_matches(|c: char| c.is_whitespace() || c.is_ascii_punctuation() && !"{}".contains(c));
    if edges.starts_with("{{") || text.trim_end().ends_with("}}") {
        return Err(Refusal::of_template(2_388_299, "Parameters cannot be at the start or end of the template"));
    }
    let words = fixed.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
    if !numbers.is_empty() && words < 2 * numbers.len() + 1 {
        return Err(Refusal::of_template(2_388_293, "There are too many parameters for the length of the message"));
    }
    let examples = component.pointer("/example/body_text/0").and_then(Value::as_array);
    let told =
        examples.map_or(0, |all| all.iter().filter(|one| one.as_str().is_some_and(|one| !one.is_empty())).count());
    if told != numbers.len() {
        return Err(wrong("Every parameter needs an example"));
    }
    Ok(text.to_owned())
}

fn buttons_of(component: &Value) -> Result<Vec<String>, Refusal> {
    let wrong = |why: &str| Refusal::new(100, why);
    let buttons = component.get("buttons").and_then(Value::as_array).ok_or_else(|| wrong("buttons is required"))?;
    if buttons.is_empty() || buttons.len() > 10 {
        return Err(wrong("1 to 10 buttons"));
    }
    let mut titles = Vec::new();
    for button in buttons {
        if button["type"] != "QUICK_REPLY" {
            return Err(wrong("the fake knows quick replies only"));
        }
        let title = button.get("text").and_then(Value::as_str).unwrap_or_default();
        if title.is_empty() || title.chars().count() > 25 || titles.iter().any(|known| known == title) {
            return Err(wrong("a button's text has 1 to 25 characters, and no two are the same"));
        }
        titles.push(title.to_owned());
    }
    Ok(titles)
}

fn footer_of(component: &Value) -> Result<(), Refusal> {
    let text = component.get("text").and_then(Value::as_str).unwrap_or_default();
    let fine = (1..=60).contains(&text.chars().count()) && !text.contains("{{");
    if fine {
        Ok(())
    } else {
        Err(Refusal::of_template(2_388_073, "The footer has 1 to 60 characters and no parameters"))
    }
}
