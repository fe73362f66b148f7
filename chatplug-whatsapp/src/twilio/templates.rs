//! The [`Templates`] port on Twilio: content that WhatsApp has approved, found by meaning and language.
//!
//! Content that is handed in from here is named `chatplug_<meaning>_<language>`; content that was made by hand is found when
//! it is named `visit_<meaning>`, or by the meaning alone.

use super::{
    client::{CallError, TwilioClient},
    config::{TwilioConfig, TwilioConfigError, is_sid},
    content::{Made, Meta, OURS, path_of, plain},
    errors::{Reaction, reaction},
};
use crate::common::words::without_numbers;
use async_trait::async_trait;
use chatplug_core::{
    model::Lang,
    ports::{Clock, SendError, TemplateDraft, TemplateError, TemplateState, TemplateStock, Templates},
};
use chrono::{DateTime, Duration, Utc};
use futures_util::lock::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// What is known is believed for so long; approval takes minutes at least.
const FRESH: Duration = Duration::minutes(5);

/// Asked in vain, Twilio is left alone for so long.
const AGAIN: Duration = Duration::seconds(30);

/// What names of templates begin with when they were made by hand.
const BY_HAND: &str = "visit_";

/// Resources of a page.
const PAGE: usize = 200;

/// Pages that are read.
const MOST_PAGES: usize = 50;

/// Templates of one account.
#[derive(Debug)]
pub struct TwilioTemplates {
    client: TwilioClient,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
}

/// What was last read, and when.
#[derive(Debug, Default)]
struct Known {
    at: Option<DateTime<Utc>>,
    /// When Twilio was last asked in vain.
    failed: Option<DateTime<Utc>>,
    templates: Vec<Template>,
}

#[derive(Debug, Clone)]
struct Template {
    stock: TemplateStock,
    friendly_name: String,
    submitted: bool,
    types: Value,
    created: String,
}

impl TwilioTemplates {
    /// The templates of a sender's account; see [`http_client`](super::http_client) for the client.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn new(
        config: TwilioConfig,
        http: reqwest::Client,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Vec<TwilioConfigError>> {
        config.check()?;
        Ok(Self { client: TwilioClient::new(http, config), clock, known: Mutex::default() })
    }

    /// Reads the templates again: something about them has changed.
    ///
    /// # Errors
    /// When Twilio cannot be asked.
    pub async fn refresh(&self) -> Result<(), TemplateError> {
        let mut known = self.known.lock().await;
        self.read_into(&mut known).await
    }

    async fn read_into(&self, known: &mut Known) -> Result<(), TemplateError> {
        known.templates = self.list().await?;
        (known.at, known.failed) = (Some(self.clock.now()), None);
        Ok(())
    }

    async fn list(&self) -> Result<Vec<Template>, TemplateError> {
        let mut found = Vec::new();
        let mut path = format!("/v1/ContentAndApprovals?PageSize={PAGE}");
        for _ in 0..MOST_PAGES {
            let page: Page = self.client.content(&path).await.map_err(template_error)?;
            found.extend(page.contents.into_iter().flatten().filter_map(template));
            match page.meta.and_then(|meta| path_of(&meta.next_page_url?)) {
                Some(next) if next != path => path = next,
                _ => break,
            }
        }
        // The newest of several that say the same.
        found.sort_by(|a, b| (&b.created, &b.stock.name).cmp(&(&a.created, &a.stock.name)));
        Ok(found)
    }

    async fn make(&self, draft: &TemplateDraft, friendly_name: &str, types: &Value) -> Result<String, TemplateError> {
        let mut body = json!({"friendly_name": friendly_name, "language": draft.locale, "types": types});
        let samples = samples(draft);
        if !samples.is_empty() {
            body["variables"] = Value::Object(samples);
        }
        let made: Made = self.client.post_content("/v1/Content", &body).await.map_err(template_error)?;
        if is_sid(&made.sid, "HX") {
            Ok(made.sid)
        } else {
            Err(TemplateError::Unavailable { source: Some("content without a SID".into()) })
        }
    }
}

#[async_trait]
impl Templates for TwilioTemplates {
    async fn find(&self, meaning: &str, langs: &[Lang]) -> Option<TemplateStock> {
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        let fresh = known.at.is_some_and(|at| at <= now && now < at + FRESH);
        let failed = known.failed.is_some_and(|at| at <= now && now < at + AGAIN);
        // What was last known serves while Twilio cannot be asked; messages that wait must not wait for each other's turn.
        if !fresh && !failed && self.read_into(&mut known).await.is_err() {
            known.failed = Some(now);
        }
        langs.iter().find_map(|lang| {
            let says = |stock: &&TemplateStock| {
                stock.meaning == meaning && stock.lang == *lang && stock.state == TemplateState::Approved
            };
            known.templates.iter().map(|template| &template.stock).find(says).cloned()
        })
    }

    async fn status(&self) -> Result<Vec<TemplateStock>, TemplateError> {
        let mut known = self.known.lock().await;
        self.read_into(&mut known).await?;
        Ok(known.templates.iter().map(|template| template.stock.clone()).collect())
    }

    async fn submit(&self, draft: &TemplateDraft) -> Result<TemplateStock, TemplateError> {
        check(draft)?;
        let types = types(draft);
        let friendly_name = format!("{OURS}{}_{}", draft.meaning, draft.locale);
        let mut known = self.known.lock().await;
        self.read_into(&mut known).await?;
        let same = |template: &&Template| template.friendly_name == friendly_name && template.types == plain(&types);
        let earlier = known.templates.iter().find(same).cloned();
        // What an earlier try left behind is taken up again.
        let sid = match earlier {
            Some(template) if template.submitted => return Ok(template.stock),
            Some(template) => template.stock.name,
            None => self.make(draft, &friendly_name, &types).await?,
        };
        let asked = json!({"name": draft.name, "category": "UTILITY"});
        let path = format!("/v1/Content/{sid}/ApprovalRequests/whatsapp");
        let answer: Result<Approval, CallError> = self.client.post_content(&path, &asked).await;
        (known.at, known.failed) = (None, None);
        match answer {
            Ok(approval) => Ok(TemplateStock {
                meaning: draft.meaning.clone(),
                lang: draft.lang,
                name: sid,
                locale: draft.locale.clone(),
                state: state(&approval.status),
            }),
            Err(error) => {
                let error = template_error(error);
                if matches!(error, TemplateError::Refused(_)) {
                    // Nobody will ever approve it.
                    self.client.delete_content(&format!("/v1/Content/{sid}")).await;
                }
                Err(error)
            }
        }
    }
}

/// What can be found out about a draft without a call.
fn check(draft: &TemplateDraft) -> Result<(), TemplateError> {
    let refused = |why: &str| Err(TemplateError::Refused(why.to_owned()));
    let word = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if !word(&draft.name) || !word(&draft.meaning) {
        return refused("name and meaning may hold only a-z, 0-9 and _");
    }
    if draft.body.trim().is_empty() {
        return refused("the text is empty");
    }
    if draft.examples.len() < blanks(&draft.body) || draft.examples.iter().any(|example| example.trim().is_empty()) {
        return refused("every blank needs an example");
    }
    Ok(())
}

/// How many blanks a text has: they are numbered from 1.
fn blanks(body: &str) -> usize {
    (1..=100).take_while(|n| body.contains(&format!("{{{{{n}}}}}"))).count()
}

fn types(draft: &TemplateDraft) -> Value {
    if draft.buttons.is_empty() {
        return json!({"twilio/text": {"body": draft.body}});
    }
    let first = blanks(&draft.body) + 1;
    let action =
        |(n, title): (usize, &String)| json!({"type": "QUICK_REPLY", "title": title, "id": format!("{{{{{n}}}}}")});
    let actions: Vec<_> = (first..).zip(&draft.buttons).map(action).collect();
    json!({"twilio/quick-reply": {"body": draft.body, "actions": actions}})
}

/// Examples of the blanks, and of what buttons carry.
fn samples(draft: &TemplateDraft) -> serde_json::Map<String, Value> {
    let examples = draft.examples.iter().take(blanks(&draft.body)).cloned();
    let payloads = (1..=draft.buttons.len()).map(|n| format!("id-{n}"));
    (1_usize..).zip(examples.chain(payloads)).map(|(n, text)| (n.to_string(), text.into())).collect()
}

fn template(listed: Listed) -> Option<Template> {
    let name = listed.friendly_name.unwrap_or_default();
    let locale = listed.language.unwrap_or_default();
    let lang: Lang = locale.parse().ok()?;
    let meaning = match name.strip_prefix(OURS) {
        // The pool has no language in its names.
        Some(rest) => rest.strip_suffix(&locale)?.strip_suffix('_')?,
        None => name.strip_prefix(BY_HAND).unwrap_or(&name),
    };
    let sid = listed.sid.filter(|sid| is_sid(sid, "HX")).filter(|_| !meaning.is_empty())?;
    let approval = approval(&listed.approval_requests);
    let stock = TemplateStock { meaning: meaning.to_owned(), lang, name: sid, locale, state: state(&approval.status) };
    let submitted = !matches!(approval.status.to_ascii_lowercase().as_str(), "" | "unsubmitted");
    let created = listed.date_created.unwrap_or_default();
    Some(Template { stock, friendly_name: name, submitted, types: plain(&listed.types), created })
}

/// Flat in the specification, under the channel's name in programs that were seen.
fn approval(requests: &Value) -> Approval {
    let requests = requests.get("whatsapp").unwrap_or(requests);
    serde_json::from_value(requests.clone()).unwrap_or_default()
}

fn state(status: &str) -> TemplateState {
    match status.to_ascii_lowercase().as_str() {
        "approved" => TemplateState::Approved,
        "paused" => TemplateState::Paused,
        "rejected" | "disabled" => TemplateState::Rejected,
        _ => TemplateState::Pending,
    }
}

fn template_error(error: CallError) -> TemplateError {
    match error {
        CallError::Twilio { code, words, .. } if matches!(reaction(code), Reaction::GiveUp | Reaction::MakeAgain) => {
            TemplateError::Refused(format!("{} (code {code})", without_numbers(&words)))
        }
        error => TemplateError::Unavailable { source: Some(Box::new(SendError::from(error))) },
    }
}

#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default)]
    contents: Option<Vec<Listed>>,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    friendly_name: Option<String>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    types: Value,
    #[serde(default)]
    approval_requests: Value,
    #[serde(default)]
    date_created: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Approval {
    status: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(name: &str, language: &str, approvals: Value) -> Option<(String, TemplateState, bool)> {
        let sid = format!("HX{}", "0".repeat(32));
        let json = json!({"sid": sid, "friendly_name": name, "language": language, "approval_requests": approvals});
        let template = template(serde_json::from_value(json).unwrap())?;
        Some((template.stock.meaning, template.stock.state, template.submitted))
    }

    #[test]
    fn meanings_are_read_from_names() {
        let meaning = |name: &str, language: &str| listed(name, language, Value::Null).map(|(meaning, ..)| meaning);
        assert_eq!(meaning("chatplug_reminder_pt_BR", "pt_BR").as_deref(), Some("reminder"));
        assert_eq!(meaning("visit_reminder", "en").as_deref(), Some("reminder"));
        assert_eq!(meaning("promo", "en").as_deref(), Some("promo"));
        for none in ["chatplug_buttons_2", "chatplug_reminder_pt", "chatplug_en", ""] {
            assert_eq!(meaning(none, "en"), None, "{none}");
        }
        assert_eq!(meaning("promo", "klingon"), None);
    }

    #[test]
    fn approvals_are_read_in_both_shapes() {
        for (word, state, submitted) in [
            ("approved", TemplateState::Approved, true),
            ("Approved", TemplateState::Approved, true),
            ("received", TemplateState::Pending, true),
            ("pending", TemplateState::Pending, true),
            ("teleported", TemplateState::Pending, true),
            ("paused", TemplateState::Paused, true),
            ("rejected", TemplateState::Rejected, true),
            ("disabled", TemplateState::Rejected, true),
            ("unsubmitted", TemplateState::Pending, false),
        ] {
            for approvals in [json!({"status": word}), json!({"whatsapp": {"status": word}})] {
                assert_eq!(listed("promo", "en", approvals), Some(("promo".into(), state, submitted)), "{word}");
            }
        }
        for none in [json!(null), json!({}), json!({"whatsapp": null}), json!({"whatsapp": {}}), json!([])] {
            assert_eq!(listed("promo", "en", none), Some(("promo".into(), TemplateState::Pending, false)));
        }
    }

    #[test]
    fn buttons_carry_the_blanks_after_the_bodys() {
        let draft = TemplateDraft {
            meaning: "reminder".into(),
            lang: Lang::EN,
            name: "visit_reminder".into(),
            locale: "en".into(),
            body: "Hi {{1}}, at {{2}}.".into(),
            examples: vec!["Ana".into(), "noon".into()],
            buttons: vec!["Yes".into(), "No".into()],
        };
        assert_eq!(types(&draft)["twilio/quick-reply"]["actions"][1]["id"], "{{4}}");
        assert_eq!(Value::Object(samples(&draft)), json!({"1": "Ana", "2": "noon", "3": "id-1", "4": "id-2"}));
        assert!(check(&TemplateDraft { examples: vec!["Ana".into()], ..draft.clone() }).is_err());
        assert!(check(&TemplateDraft { name: "Visit".into(), ..draft }).is_err());
    }
}
