//! Approved templates, and whether a request fits one.

use super::rules::Refusal;
use crate::fake::choice::{Choice, On};
use serde_json::Value;
use std::collections::HashMap;

/// A template as Meta holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeTemplate {
    name: String,
    language: String,
    body: String,
    quick_replies: Vec<String>,
    refusal: Option<i64>,
}

impl FakeTemplate {
    /// An approved template: `{{1}}`, `{{2}}` … are its blanks.
    #[must_use]
    pub fn new(name: &str, language: &str, body: &str) -> Self {
        Self {
            name: name.to_owned(),
            language: language.to_owned(),
            body: body.to_owned(),
            quick_replies: Vec::new(),
            refusal: None,
        }
    }

    /// Adds quick-reply buttons by their labels.
    #[must_use]
    pub fn with_quick_replies<'a>(mut self, titles: impl IntoIterator<Item = &'a str>) -> Self {
        self.quick_replies.extend(titles.into_iter().map(ToOwned::to_owned));
        self
    }

    /// Paused for its quality: refused with 132015. Approve it again to end the pause.
    #[must_use]
    pub const fn paused(mut self) -> Self {
        self.refusal = Some(132_015);
        self
    }

    /// Disabled for good: refused with 132016.
    #[must_use]
    pub const fn disabled(mut self) -> Self {
        self.refusal = Some(132_016);
        self
    }

    fn blanks(&self) -> usize {
        (1..).take_while(|n| self.body.contains(&format!("{{{{{n}}}}}"))).count()
    }
}

/// The templates of all accounts.
#[derive(Debug, Default)]
pub(super) struct Templates(HashMap<(String, String, String), FakeTemplate>);

/// What a client sees of a template that was sent.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) words: String,
    pub(super) choices: Vec<Choice>,
}

impl Templates {
    pub(super) fn set(&mut self, waba_id: &str, template: FakeTemplate) {
        self.0.insert((waba_id.to_owned(), template.name.clone(), template.language.clone()), template);
    }

    /// Fits a request's template object to what is approved.
    pub(super) fn render(&self, waba_id: &str, request: &Value) -> Result<Rendered, Refusal> {
        let text = |path: &str| request.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let (name, language) = (text("/name"), text("/language/code"));
        let key = (waba_id.to_owned(), name.to_owned(), language.to_owned());
        let template = self
            .0
            .get(&key)
            .ok_or_else(|| Refusal::new(132_001, &format!("template name ({name}) does not exist in {language}")))?;
        if let Some(code) = template.refusal {
            return Err(Refusal::new(code, "the template cannot be used now"));
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
