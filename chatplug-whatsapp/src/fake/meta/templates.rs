//! The templates of all accounts: what they say, how they stand, and whether a message fits one.

use super::rules::Refusal;
use crate::fake::choice::{Choice, On};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;

/// A template as Meta holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeTemplate {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) language: String,
    pub(super) body: String,
    pub(super) quick_replies: Vec<String>,
    pub(super) status: String,
    pub(super) category: String,
    pub(super) quality: String,
    pub(super) reason: String,
    pub(super) time_to_live: Option<i64>,
    /// As it was handed in.
    pub(super) components: Option<Value>,
    /// When it was changed while it was approved.
    pub(super) edits: Vec<DateTime<Utc>>,
}

impl FakeTemplate {
    /// An approved template: `{{1}}`, `{{2}}` … are its blanks.
    #[must_use]
    pub fn new(name: &str, language: &str, body: &str) -> Self {
        Self {
            id: 0,
            name: name.to_owned(),
            language: language.to_owned(),
            body: body.to_owned(),
            quick_replies: Vec::new(),
            status: "APPROVED".to_owned(),
            category: "UTILITY".to_owned(),
            quality: "UNKNOWN".to_owned(),
            reason: "NONE".to_owned(),
            time_to_live: None,
            components: None,
            edits: Vec::new(),
        }
    }

    /// Adds quick-reply buttons by their labels.
    #[must_use]
    pub fn with_quick_replies<'a>(mut self, titles: impl IntoIterator<Item = &'a str>) -> Self {
        self.quick_replies.extend(titles.into_iter().map(ToOwned::to_owned));
        self
    }

    /// In another state, by Meta's word for it.
    #[must_use]
    pub fn in_state(mut self, status: &str) -> Self {
        status.clone_into(&mut self.status);
        self
    }

    /// Paused for its quality: refused with 132015. Approve it again to end the pause.
    #[must_use]
    pub fn paused(self) -> Self {
        self.in_state("PAUSED")
    }

    /// Disabled for good: refused with 132016.
    #[must_use]
    pub fn disabled(self) -> Self {
        self.in_state("DISABLED")
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its language, by Meta's code.
    #[must_use]
    pub fn language(&self) -> &str {
        &self.language
    }

    /// Meta's word for its state.
    #[must_use]
    pub fn status(&self) -> &str {
        &self.status
    }

    /// What it says.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Seconds after which a message is dropped, where it was handed in with it.
    #[must_use]
    pub const fn time_to_live(&self) -> Option<i64> {
        self.time_to_live
    }

    pub(super) fn blanks(&self) -> usize {
        (1..).take_while(|n| self.body.contains(&format!("{{{{{n}}}}}"))).count()
    }

    /// As Graph tells it: every field there is.
    pub(super) fn json(&self) -> Value {
        let components = self.components.clone().unwrap_or_else(|| {
            let mut components = vec![json!({"type": "BODY", "text": self.body})];
            if !self.quick_replies.is_empty() {
                let button = |title: &String| json!({"type": "QUICK_REPLY", "text": title});
                let buttons: Vec<_> = self.quick_replies.iter().map(button).collect();
                components.push(json!({"type": "BUTTONS", "buttons": buttons}));
            }
            components.into()
        });
        let mut json = json!({
            "id": self.id.to_string(),
            "name": self.name,
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "parameter_format": "POSITIONAL",
            "components": components,
            "rejected_reason": self.reason,
            "quality_score": {"score": self.quality, "date": 1_750_000_000},
        });
        if let Some(seconds) = self.time_to_live {
            json["message_send_ttl_seconds"] = seconds.into();
        }
        json
    }

    /// What every webhook about it says of it. The id is a number there, and the language has a hyphen.
    fn named(&self) -> Value {
        json!({
            "message_template_id": self.id,
            "message_template_name": self.name,
            "message_template_language": self.language.replace('_', "-"),
        })
    }
}

/// The templates of all accounts.
#[derive(Debug)]
pub(super) struct Templates {
    all: Vec<(String, FakeTemplate)>,
    pub(super) page: usize,
    counter: i64,
    /// Names that were deleted: account, name, when.
    pub(super) deleted: Vec<(String, String, DateTime<Utc>)>,
    /// When templates were handed in, by account.
    pub(super) made: Vec<(String, DateTime<Utc>)>,
}

impl Default for Templates {
    fn default() -> Self {
        let counter = 1_689_556_908_129_000;
        Self { all: Vec::new(), page: 100, counter, deleted: Vec::new(), made: Vec::new() }
    }
}

/// What a client sees of a template that was sent.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) words: String,
    pub(super) choices: Vec<Choice>,
}

impl Templates {
    /// Puts a template in the place of one of the same name and language, and answers its id.
    pub(super) fn set(&mut self, waba_id: &str, mut template: FakeTemplate) -> i64 {
        if let Some(known) = self.find_mut(waba_id, &template.name.clone(), &template.language.clone()) {
            template.id = known.id;
            *known = template;
            return known.id;
        }
        self.counter += 1;
        template.id = self.counter;
        self.all.push((waba_id.to_owned(), template));
        self.counter
    }

    pub(super) fn of<'a>(&'a self, waba_id: &str) -> impl Iterator<Item = &'a FakeTemplate> + use<'a> {
        let waba_id = waba_id.to_owned();
        self.all.iter().filter(move |(account, _)| *account == waba_id).map(|(_, template)| template)
    }

    pub(super) fn by_id(&self, id: &str) -> Option<(&str, &FakeTemplate)> {
        let id: i64 = id.parse().ok()?;
        self.all.iter().find(|(_, template)| template.id == id).map(|(account, template)| (account.as_str(), template))
    }

    pub(super) fn by_id_mut(&mut self, id: i64) -> Option<&mut FakeTemplate> {
        self.all.iter_mut().find(|(_, template)| template.id == id).map(|(_, template)| template)
    }

    pub(super) fn find(&self, waba_id: &str, name: &str, language: &str) -> Option<&FakeTemplate> {
        self.of(waba_id).find(|template| template.name == name && template.language == language)
    }

    fn find_mut(&mut self, waba_id: &str, name: &str, language: &str) -> Option<&mut FakeTemplate> {
        let of = self.all.iter_mut().filter(|(account, _)| account == waba_id).map(|(_, template)| template);
        of.into_iter().find(|template| template.name == name && template.language == language)
    }

    /// Takes templates away; answers how many.
    pub(super) fn remove(&mut self, waba_id: &str, which: impl Fn(&FakeTemplate) -> bool, now: DateTime<Utc>) -> usize {
        let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.all)
            .into_iter()
            .partition(|(account, template)| account == waba_id && which(template));
        self.all = kept;
        let names = gone.iter().map(|(account, template)| (account.clone(), template.name.clone(), now));
        self.deleted.extend(names);
        gone.len()
    }

    /// What is told when Meta has decided; `None`: there is no such template.
    pub(super) fn decide(
        &mut self,
        waba_id: &str,
        name: &str,
        language: &str,
        status: &str,
        reason: Option<&str>,
    ) -> Option<Value> {
        let template = self.find_mut(waba_id, name, language)?;
        status.clone_into(&mut template.status);
        reason.unwrap_or("NONE").clone_into(&mut template.reason);
        let mut told = template.named();
        told["event"] = status.into();
        told["reason"] = template.reason.clone().into();
        told["message_template_category"] = template.category.clone().into();
        Some(told)
    }

    pub(super) fn rescore(&mut self, waba_id: &str, name: &str, language: &str, score: &str) -> Option<Value> {
        let template = self.find_mut(waba_id, name, language)?;
        let mut told = template.named();
        told["previous_quality_score"] = std::mem::replace(&mut template.quality, score.to_owned()).into();
        told["new_quality_score"] = score.into();
        Some(told)
    }

    pub(super) fn recategorise(&mut self, waba_id: &str, name: &str, language: &str, category: &str) -> Option<Value> {
        let template = self.find_mut(waba_id, name, language)?;
        let mut told = template.named();
        told["previous_category"] = std::mem::replace(&mut template.category, category.to_owned()).into();
        told["new_category"] = category.into();
        Some(told)
    }

    /// Fits a request's template object to what is approved.
    pub(super) fn render(&self, waba_id: &str, request: &Value) -> Result<Rendered, Refusal> {
        let text = |path: &str| request.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let (name, language) = (text("/name"), text("/language/code"));
        let missing = || Refusal::new(132_001, &format!("template name ({name}) does not exist in {language}"));
        let template = self.find(waba_id, name, language).ok_or_else(missing)?;
        match template.status.as_str() {
            "APPROVED" => {}
            "PAUSED" => return Err(Refusal::new(132_015, "the template is paused")),
            "DISABLED" => return Err(Refusal::new(132_016, "the template is disabled")),
            _ => return Err(missing()),
        }
        let components = request.get("components").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let values = values(components)?;
        let (given, wanted) = (values.len(), template.blanks());
        if given != wanted {
            let details = format!("body: number of localizable_params ({given}) does not match {wanted}");
            return Err(Refusal::new(132_000, &details));
        }
        let mut words = template.body.clone();
        for (n, value) in values.iter().enumerate() {
            words = words.replace(&format!("{{{{{}}}}}", n + 1), value);
        }
        if words.encode_utf16().count() > 1024 {
            return Err(Refusal::new(132_005, "the translated text is too long"));
        }
        let payloads = payloads(components, template.quick_replies.len())?;
        let choices = template.quick_replies.iter().enumerate().map(|(n, title)| Choice {
            // Without a payload the label comes back.
            id: payloads.get(&n).unwrap_or(title).clone(),
            title: title.clone(),
            description: None,
            on: On::Template,
        });
        Ok(Rendered { words, choices: choices.collect() })
    }
}

/// Words are in small letters in every example, in capitals in some clients.
fn is(component: &Value, key: &str, word: &str) -> bool {
    component[key].as_str().is_some_and(|told| told.eq_ignore_ascii_case(word))
}

fn parameters(component: &Value) -> &[Value] {
    component.get("parameters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn values(components: &[Value]) -> Result<Vec<&str>, Refusal> {
    let bodies = components.iter().filter(|component| is(component, "type", "body"));
    bodies
        .flat_map(parameters)
        .map(|parameter| match parameter.get("text").and_then(Value::as_str) {
            None | Some("") => Err(Refusal::new(131_008, "Parameter of type text is missing text value")),
            Some(text) if text.contains(['\n', '\t']) || text.contains("     ") => {
                Err(Refusal::new(132_007, "Param text cannot have new-line/tab characters or more than 4 spaces"))
            }
            Some(text) => Ok(text),
        })
        .collect()
}

fn payloads(components: &[Value], buttons: usize) -> Result<HashMap<usize, String>, Refusal> {
    let mut found = HashMap::new();
    for button in components.iter().filter(|component| is(component, "type", "button")) {
        // The index is a text in every example, a number in some clients.
        let index = match button.get("index") {
            Some(Value::String(text)) => text.parse().ok(),
            other => other.and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()),
        };
        let payload = parameters(button).first().and_then(|parameter| parameter.get("payload")?.as_str());
        match (index, payload) {
            (Some(index), Some(payload)) if index < buttons && is(button, "sub_type", "quick_reply") => {
                found.insert(index, payload.to_owned());
            }
            _ => return Err(Refusal::new(132_012, "the button does not fit the template")),
        }
    }
    Ok(found)
}
