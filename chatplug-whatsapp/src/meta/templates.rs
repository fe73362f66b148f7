//! The [`Templates`] port on Graph: the message templates of one WhatsApp Business Account, which all its numbers share.
//!
//! Ours are named `<prefix><meaning>` (`visit_reminder`), one for each language. The list is read page by page by its
//! cursors; nobody's URL is followed.

use super::{
    client::{CallError, GraphClient},
    config::{MetaConfig, MetaConfigError},
    errors::{Class, class_of},
    webhook::PROVIDER,
    wire::Done,
};
use crate::common::{
    shelf::{self, Shelf, check},
    words::without_numbers,
};
use async_trait::async_trait;
use chatplug_core::{
    model::Lang,
    ports::{
        Clock, ListedTemplate, Outlook, SendError, TemplateCategory, TemplateDesk, TemplateDraft, TemplateError,
        TemplateQuality, TemplateState, TemplateStock, TemplateText, Templates,
    },
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// What is asked for: the reason and the quality are not told otherwise.
const FIELDS: &str =
    "id,name,language,status,category,quality_score,rejected_reason,components,message_send_ttl_seconds";

/// Templates of a page.
const PAGE: usize = 100;

/// Pages that are read: more templates than an account may have.
const MOST_PAGES: usize = 70;

/// Templates of one account.
#[derive(Debug)]
pub struct MetaTemplates {
    graph: GraphClient,
    account: String,
    prefix: String,
    shelf: Shelf<ListedTemplate>,
}

impl MetaTemplates {
    /// The templates of the account that owns a number ([`MetaConfig::with_waba_id`]); the token needs
    /// `whatsapp_business_management`. See [`http_client`](super::http_client) for the client.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn new(config: MetaConfig, http: reqwest::Client, clock: Arc<dyn Clock>) -> Result<Self, Vec<MetaConfigError>> {
        config.check()?;
        let account = config.waba_id.clone().ok_or_else(|| vec![MetaConfigError::WabaId])?;
        let prefix = TemplateDesk::PREFIX.to_owned();
        Ok(Self { graph: GraphClient::new(http, config), account, prefix, shelf: Shelf::new(clock) })
    }

    /// Only templates whose names begin so are ours: where tenants with texts of their own share an account.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    async fn list(&self) -> Result<Vec<ListedTemplate>, TemplateError> {
        let mut found = Vec::new();
        let first = format!("{}/message_templates?fields={FIELDS}&limit={PAGE}", self.account);
        let mut path = first.clone();
        for _ in 0..MOST_PAGES {
            let page: Page = self.graph.get(&path).await.map_err(|error| match template_error(error) {
                // Reading what one may read is not refused: the account or the token is the wrong one.
                TemplateError::Refused(words) => TemplateError::Unauthorized(words),
                error => error,
            })?;
            found.extend(page.data.into_iter().filter_map(|row| row.listed(&self.prefix)));
            let paging = page.paging.filter(|paging| paging.next.is_some());
            match paging.and_then(|paging| paging.cursors.after).filter(|after| is_cursor(after)) {
                Some(after) => path = format!("{first}&after={after}"),
                None => break,
            }
        }
        // The same order for every process, whatever the provider's.
        found.sort_by(|a, b| (&a.stock.name, &a.stock.locale).cmp(&(&b.stock.name, &b.stock.locale)));
        Ok(found)
    }

    fn stock(draft: &TemplateDraft, state: TemplateState) -> TemplateStock {
        TemplateStock {
            meaning: draft.meaning.clone(),
            lang: draft.lang,
            name: draft.name.clone(),
            locale: draft.locale.clone(),
            state,
        }
    }
}

#[async_trait]
impl Templates for MetaTemplates {
    fn desk(&self) -> TemplateDesk {
        shelf::desk(PROVIDER, &self.account, true, &self.prefix)
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
        let mut known = self.shelf.lock().await;
        let rows = self.list().await?;
        known.stale();
        let is_it = |row: &&ListedTemplate| row.stock.name == draft.name && row.stock.locale == draft.locale;
        // The answer to an earlier try was lost, or somebody was faster.
        if let Some(row) = rows.iter().find(is_it) {
            return match &row.text {
                Some(text) if *text == draft.text() => Ok(row.stock.clone()),
                _ => Err(TemplateError::Refused(format!("{} says something else already", draft.name))),
            };
        }
        let mut body = json!({
            "name": draft.name,
            "language": draft.locale,
            "category": draft.category.name().to_ascii_uppercase(),
            "parameter_format": "POSITIONAL",
            "components": components(draft),
        });
        if let Some(seconds) = draft.time_to_live {
            body["message_send_ttl_seconds"] = seconds.into();
        }
        let path = format!("{}/message_templates", self.account);
        let made: Made = self.graph.post(&path, &body).await.map_err(template_error)?;
        Ok(Self::stock(draft, state(&made.status)))
    }

    async fn edit(&self, listed: &ListedTemplate, draft: &TemplateDraft) -> Result<TemplateStock, TemplateError> {
        check(draft)?;
        if listed.id.is_empty() || !listed.id.bytes().all(|b| b.is_ascii_digit()) {
            return Err(TemplateError::Unsupported);
        }
        let mut body = json!({"components": components(draft)});
        if let Some(seconds) = draft.time_to_live {
            body["message_send_ttl_seconds"] = seconds.into();
        }
        self.shelf.lock().await.stale();
        let Done {} = self.graph.post(&listed.id, &body).await.map_err(template_error)?;
        Ok(Self::stock(draft, TemplateState::Pending))
    }

    fn blames(&self, code: i64) -> bool {
        // Values that are too long or have line breaks are not the template's fault.
        matches!(code, 132_000 | 132_001 | 132_012 | 132_015 | 132_016)
    }

    async fn doubt(&self, name: &str, locale: &str) {
        self.shelf.doubt(name, locale).await;
    }
}

fn components(draft: &TemplateDraft) -> Value {
    let mut body = json!({"type": "BODY", "text": draft.body});
    if shelf::blanks(&draft.body) > 0 {
        let examples: Vec<_> = draft.examples.iter().take(shelf::blanks(&draft.body)).collect();
        body["example"] = json!({"body_text": [examples]});
    }
    let mut components = vec![body];
    if !draft.buttons.is_empty() {
        let buttons: Vec<_> = draft.buttons.iter().map(|label| json!({"type": "QUICK_REPLY", "text": label})).collect();
        components.push(json!({"type": "BUTTONS", "buttons": buttons}));
    }
    components.into()
}

fn state(status: &str) -> TemplateState {
    match status.to_ascii_uppercase().as_str() {
        "APPROVED" => TemplateState::Approved,
        "PAUSED" => TemplateState::Paused,
        "REJECTED" => TemplateState::Rejected,
        // Unused for a year: nobody sends with it until somebody takes it out.
        "DISABLED" | "LIMIT_EXCEEDED" | "ARCHIVED" => TemplateState::Disabled,
        "PENDING_DELETION" | "DELETED" => TemplateState::Deleted,
        // In review, under appeal, or a word that Meta had not published.
        _ => TemplateState::Pending,
    }
}

fn is_cursor(cursor: &str) -> bool {
    !cursor.is_empty() && cursor.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'='))
}

fn template_error(error: CallError) -> TemplateError {
    match error {
        CallError::Graph { code, words, subcode, advice } => {
            let class = subcode.and_then(class_of).or_else(|| class_of(code));
            let words = without_numbers(&advice.unwrap_or(words));
            let told = match subcode {
                Some(subcode) => format!("{words} (code {code}, {subcode})"),
                None => format!("{words} (code {code})"),
            };
            match class {
                Some(Class::Auth | Class::Permission | Class::Account) => TemplateError::Unauthorized(told),
                Some(Class::Transient | Class::ThrottleAccount | Class::ThrottleNumber) => {
                    TemplateError::Unavailable { source: Some(told.into()) }
                }
                _ => TemplateError::Refused(told),
            }
        }
        CallError::Other(SendError::Unauthorized { code }) => TemplateError::Unauthorized(format!("code {code}")),
        CallError::Other(error) => TemplateError::Unavailable { source: Some(Box::new(error)) },
    }
}

#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default)]
    data: Vec<Row>,
    #[serde(default)]
    paging: Option<Paging>,
}

#[derive(Debug, Deserialize)]
struct Paging {
    #[serde(default)]
    cursors: Cursors,
    #[serde(default)]
    next: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Cursors {
    #[serde(default)]
    after: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Made {
    #[serde(default)]
    status: String,
}

/// A template as Graph lists it. Nothing is required: one that cannot be read loses itself alone.
#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Row {
    id: Value,
    name: String,
    language: String,
    status: String,
    category: Option<String>,
    quality_score: Value,
    rejected_reason: Option<String>,
    components: Value,
    message_send_ttl_seconds: Value,
}

impl Row {
    fn listed(self, prefix: &str) -> Option<ListedTemplate> {
        let lang: Lang = self.language.parse().ok()?;
        let meaning = shelf::meaning_of(&self.name, prefix);
        let id = match &self.id {
            Value::Number(number) => number.to_string(),
            id => id.as_str().unwrap_or_default().to_owned(),
        };
        let state = state(&self.status);
        let told = self.rejected_reason.filter(|reason| !reason.is_empty() && reason != "NONE");
        // A word that stands for several of ours is told as it is.
        let reason = told
            .or_else(|| (state == TemplateState::Disabled && self.status != "DISABLED").then(|| self.status.clone()));
        let score = self.quality_score.get("score").unwrap_or(&self.quality_score);
        Some(ListedTemplate {
            stock: TemplateStock { meaning, lang, name: self.name, locale: self.language, state },
            id,
            category: self.category.map(|word| TemplateCategory::of_word(&word)),
            quality: score.as_str().and_then(|word| match word.to_ascii_uppercase().as_str() {
                "GREEN" => Some(TemplateQuality::Green),
                "YELLOW" => Some(TemplateQuality::Yellow),
                "RED" => Some(TemplateQuality::Red),
                _ => None,
            }),
            reason,
            text: text(&self.components),
            time_to_live: match &self.message_send_ttl_seconds {
                Value::String(text) => text.parse().ok(),
                // -1 stands for no limit of its own.
                value => value.as_u64().and_then(|seconds| u32::try_from(seconds).ok()),
            },
        })
    }
}

/// The words of a template. Labels of whatever buttons count: one that carries other buttons is not ours as declared.
fn text(components: &Value) -> Option<TemplateText> {
    let of_kind = |kind: &str| {
        let is = move |component: &&Value| {
            component.get("type").and_then(Value::as_str).is_some_and(|is| is.eq_ignore_ascii_case(kind))
        };
        components.as_array().into_iter().flatten().find(is)
    };
    let words = |value: Option<&Value>| value.and_then(Value::as_str).map(ToOwned::to_owned);
    let body = words(of_kind("BODY")?.get("text"))?;
    let buttons = of_kind("BUTTONS").and_then(|component| component.get("buttons")).and_then(Value::as_array);
    let buttons = buttons.into_iter().flatten().map(|button| words(button.get("text")).unwrap_or_default()).collect();
    Some(TemplateText { body, buttons })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_whatever_of_it_is_there() {
        let row = |json: Value| serde_json::from_value::<Row>(json).unwrap().listed("visit_");
        let whole = row(json!({
            "id": "1689556908129832", "name": "visit_reminder", "language": "pt_BR", "status": "PAUSED",
            "category": "UTILITY", "quality_score": {"score": "RED", "date": 1}, "rejected_reason": "NONE",
            "message_send_ttl_seconds": 43200,
            "components": [
                {"type": "BODY", "text": "Oi {{1}}!"},
                {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Sim"}]}
            ],
        }));
        let whole = whole.unwrap();
        assert_eq!((whole.stock.meaning.as_str(), whole.stock.lang), ("reminder", Lang::PT));
        assert_eq!((whole.stock.state, whole.quality), (TemplateState::Paused, Some(TemplateQuality::Red)));
        assert_eq!((whole.reason, whole.time_to_live), (None, Some(43_200)));
        assert_eq!(whole.text, Some(TemplateText { body: "Oi {{1}}!".into(), buttons: vec!["Sim".into()] }));
        let bare = row(json!({"id": 5, "name": "promo", "language": "en_US", "status": "ARCHIVED"})).unwrap();
        assert_eq!((bare.stock.meaning.as_str(), bare.id.as_str()), ("promo", "5"));
        assert_eq!((bare.stock.state, bare.reason.as_deref()), (TemplateState::Disabled, Some("ARCHIVED")));
        assert_eq!((bare.category, bare.quality, bare.text), (None, None, None));
        assert_eq!(row(json!({"name": "x", "language": "", "status": "APPROVED"})), None);
    }

    #[test]
    fn every_status_of_metas_is_one_of_ours() {
        for (word, is) in [
            ("APPROVED", TemplateState::Approved),
            ("approved", TemplateState::Approved),
            ("PENDING", TemplateState::Pending),
            ("IN_APPEAL", TemplateState::Pending),
            ("TELEPORTED", TemplateState::Pending),
            ("PAUSED", TemplateState::Paused),
            ("REJECTED", TemplateState::Rejected),
            ("DISABLED", TemplateState::Disabled),
            ("LIMIT_EXCEEDED", TemplateState::Disabled),
            ("ARCHIVED", TemplateState::Disabled),
            ("PENDING_DELETION", TemplateState::Deleted),
            ("DELETED", TemplateState::Deleted),
        ] {
            assert_eq!(state(word), is, "{word}");
        }
    }

    #[test]
    fn only_cursors_go_into_addresses() {
        assert!(is_cursor("MAZDZD"));
        for wrong in ["", "a&name=x", "a/b", "a b", "ä"] {
            assert!(!is_cursor(wrong), "{wrong}");
        }
    }
}
