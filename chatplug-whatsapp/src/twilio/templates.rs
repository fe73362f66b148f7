//! The [`Templates`] port on Twilio: content that WhatsApp has approved, found by meaning and language.
//!
//! Content that is handed in from here is named `chatplug_<meaning>_<language>`; content that was made by hand is found when
//! it is named `visit_<meaning>`, or by the meaning alone. Under another prefix than `visit_` all names are
//! `<prefix><meaning>`, and nobody else's content is looked at. Nothing can be changed after it was handed in: another
//! version is handed in beside it, and of several the newest that is approved is sent.

use super::{
    client::{CallError, TwilioClient},
    config::{TwilioConfig, TwilioConfigError, is_sid},
    content::{Made, Meta, OURS, path_of, plain},
    errors::{Reaction, reaction},
    webhook::PROVIDER,
};
use crate::common::{
    shelf::{self, Row, Shelf, blanks, check},
    words::without_numbers,
};
use async_trait::async_trait;
use chatplug_core::{
    model::Lang,
    ports::{
        Clock, ListedTemplate, Outlook, SendError, TemplateCategory, TemplateDesk, TemplateDraft, TemplateError,
        TemplateState, TemplateStock, TemplateText, Templates,
    },
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Resources of a page.
const PAGE: usize = 200;

/// Pages that are read.
const MOST_PAGES: usize = 50;

/// Templates of one account.
#[derive(Debug)]
pub struct TwilioTemplates {
    client: TwilioClient,
    prefix: String,
    shelf: Shelf<Template>,
}

#[derive(Debug, Clone)]
struct Template {
    listed: ListedTemplate,
    friendly_name: String,
    submitted: bool,
    types: Value,
    created: String,
}

impl Row for Template {
    fn listed(&self) -> &ListedTemplate {
        &self.listed
    }
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
        let prefix = TemplateDesk::PREFIX.to_owned();
        Ok(Self { client: TwilioClient::new(http, config), prefix, shelf: Shelf::new(clock) })
    }

    /// Only templates whose names begin so are ours: where tenants with texts of their own share an account.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// What was handed in; content that waits for it is nobody's template yet.
    async fn list(&self) -> Result<Vec<Template>, TemplateError> {
        let mut found = self.contents().await?;
        found.retain(|template| template.submitted);
        Ok(found)
    }

    async fn contents(&self) -> Result<Vec<Template>, TemplateError> {
        let mut found = Vec::new();
        let mut path = format!("/v1/ContentAndApprovals?PageSize={PAGE}");
        for _ in 0..MOST_PAGES {
            let page: Page = self.client.content(&path).await.map_err(template_error)?;
            found.extend(page.contents.into_iter().flatten().filter_map(|listed| template(listed, &self.prefix)));
            match page.meta.and_then(|meta| path_of(&meta.next_page_url?)) {
                Some(next) if next != path => path = next,
                _ => break,
            }
        }
        // The newest of several that say the same.
        found.sort_by(|a, b| (&b.created, &b.listed.id).cmp(&(&a.created, &a.listed.id)));
        Ok(found)
    }

    fn friendly_name(&self, draft: &TemplateDraft) -> String {
        match self.prefix.as_str() {
            TemplateDesk::PREFIX => format!("{OURS}{}_{}", draft.meaning, draft.locale),
            prefix => format!("{prefix}{}", draft.meaning),
        }
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
    fn desk(&self) -> TemplateDesk {
        shelf::desk(PROVIDER, self.client.config().account_sid(), false, &self.prefix)
    }

    async fn find(&self, meaning: &str, langs: &[Lang]) -> Option<TemplateStock> {
        self.shelf.find(self.list(), meaning, langs).await
    }

    async fn outlook(&self, meaning: &str, langs: &[Lang]) -> Outlook {
        self.shelf.outlook(meaning, langs)
    }

    async fn status(&self) -> Result<Vec<ListedTemplate>, TemplateError> {
        self.shelf.status(self.list()).await
    }

    async fn submit(&self, draft: &TemplateDraft) -> Result<TemplateStock, TemplateError> {
        check(draft)?;
        let types = types(draft);
        let friendly_name = self.friendly_name(draft);
        let mut known = self.shelf.lock().await;
        let rows = self.contents().await?;
        let same = |template: &&Template| {
            template.friendly_name == friendly_name
                && template.listed.stock.locale == draft.locale
                && template.types == plain(&types)
        };
        // What an earlier try left behind is taken up again; what was refused for good is not.
        let refused = |state: TemplateState| {
            matches!(state, TemplateState::Rejected | TemplateState::Disabled | TemplateState::Deleted)
        };
        let earlier = rows.iter().filter(same).find(|row| !refused(row.listed.stock.state)).cloned();
        known.stale();
        let sid = match earlier {
            Some(template) if template.submitted => return Ok(template.listed.stock),
            Some(template) => template.listed.id,
            None => self.make(draft, &friendly_name, &types).await?,
        };
        // Twilio's description of this call has no time to live.
        let asked = json!({"name": draft.name, "category": draft.category.name().to_ascii_uppercase()});
        let path = format!("/v1/Content/{sid}/ApprovalRequests/whatsapp");
        let answer: Result<Approval, CallError> = self.client.post_content(&path, &asked).await;
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

    async fn edit(&self, _listed: &ListedTemplate, _draft: &TemplateDraft) -> Result<TemplateStock, TemplateError> {
        Err(TemplateError::Unsupported)
    }

    fn blames(&self, code: i64) -> bool {
        matches!(code, 63_027 | 63_028 | 63_040 | 63_041 | 63_042)
    }

    async fn doubt(&self, name: &str, locale: &str) {
        self.shelf.doubt(name, locale).await;
    }
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

fn template(row: Listed, prefix: &str) -> Option<Template> {
    let name = row.friendly_name.unwrap_or_default();
    let locale = row.language.unwrap_or_default();
    let lang: Lang = locale.parse().ok()?;
    let usual = prefix == TemplateDesk::PREFIX;
    let meaning = match name.strip_prefix(OURS).filter(|_| usual) {
        // The pool has no language in its names.
        Some(rest) => rest.strip_suffix(&locale)?.strip_suffix('_')?.to_owned(),
        None if name.starts_with(OURS) => return None,
        None => shelf::meaning_of(&name, prefix),
    };
    let sid = row.sid.filter(|sid| is_sid(sid, "HX")).filter(|_| !meaning.is_empty())?;
    let approval = approval(&row.approval_requests);
    let submitted = !matches!(approval.status.to_ascii_lowercase().as_str(), "" | "unsubmitted");
    let some = |text: String| (!text.is_empty()).then_some(text);
    let listed = ListedTemplate {
        id: sid.clone(),
        stock: TemplateStock { meaning, lang, name: sid, locale, state: state(&approval.status) },
        category: some(approval.category).map(|word| TemplateCategory::of_word(&word)),
        quality: None,
        reason: some(approval.rejection_reason),
        text: text(&row.types),
        time_to_live: None,
    };
    let created = row.date_created.unwrap_or_default();
    Some(Template { listed, friendly_name: name, submitted, types: plain(&row.types), created })
}

/// The words of a text, with or without quick replies; no other type was handed in from here.
fn text(types: &Value) -> Option<TemplateText> {
    let words = |value: &Value| value.as_str().map(ToOwned::to_owned);
    if let Some(body) = types.pointer("/twilio~1text/body").and_then(words) {
        return Some(TemplateText { body, buttons: Vec::new() });
    }
    let replies = types.get("twilio/quick-reply")?;
    let actions = replies.get("actions").and_then(Value::as_array).into_iter().flatten();
    let buttons = actions.filter_map(|action| words(action.get("title")?)).collect();
    Some(TemplateText { body: words(replies.get("body")?)?, buttons })
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
        "rejected" => TemplateState::Rejected,
        "disabled" => TemplateState::Disabled,
        _ => TemplateState::Pending,
    }
}

fn template_error(error: CallError) -> TemplateError {
    match error {
        CallError::Twilio { code, words, .. } if matches!(reaction(code), Reaction::GiveUp | Reaction::MakeAgain) => {
            TemplateError::Refused(format!("{} (code {code})", without_numbers(&words)))
        }
        CallError::Other(SendError::Unauthorized { code }) => TemplateError::Unauthorized(format!("code {code}")),
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
    #[serde(deserialize_with = "or_nothing")]
    category: String,
    #[serde(deserialize_with = "or_nothing")]
    rejection_reason: String,
}

fn or_nothing<'de, D: serde::Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    Option::<String>::deserialize(input).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(name: &str, language: &str, approvals: Value) -> Option<(String, TemplateState, bool)> {
        let sid = format!("HX{}", "0".repeat(32));
        let json = json!({"sid": sid, "friendly_name": name, "language": language, "approval_requests": approvals});
        let template = template(serde_json::from_value(json).unwrap(), "visit_")?;
        let stock = template.listed.stock;
        Some((stock.meaning, stock.state, template.submitted))
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
            ("disabled", TemplateState::Disabled, true),
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
            category: TemplateCategory::Utility,
            time_to_live: None,
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
