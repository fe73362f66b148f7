//! Templates that a test wants to be there, approved.

use super::{
    approval::{self, Approval},
    content::Content,
    render::placeholders,
    state::State,
};
use serde_json::{Map, Value, json};

/// A template as WhatsApp approved it: a body with numbered blanks, and quick replies perhaps. The payload of the n-th
/// quick reply is the blank that comes n places after the body's last.
///
/// ```
/// use chatplug_whatsapp::fake::twilio::FakeTemplate;
/// // {{1}} and {{2}} are the body's; {{3}} and {{4}} come back when a button is tapped.
/// let reminder = FakeTemplate::new("visit_reminder", "en", "Hi {{1}}, we wait for you on {{2}}. Do you come?")
///     .with_quick_replies(["Confirm", "Move"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeTemplate {
    name: String,
    language: String,
    body: String,
    quick_replies: Vec<String>,
    category: String,
    status: &'static str,
    sid: Option<String>,
}

impl FakeTemplate {
    /// A template with a body whose blanks are `{{1}}`, `{{2}}` …
    #[must_use]
    pub fn new(name: &str, language: &str, body: &str) -> Self {
        Self {
            name: name.to_owned(),
            language: language.to_owned(),
            body: body.to_owned(),
            quick_replies: Vec::new(),
            category: "UTILITY".to_owned(),
            status: "approved",
            sid: None,
        }
    }

    /// Adds quick replies.
    #[must_use]
    pub fn with_quick_replies<'a>(mut self, titles: impl IntoIterator<Item = &'a str>) -> Self {
        self.quick_replies.extend(titles.into_iter().map(str::to_owned));
        self
    }

    /// Of another category than `UTILITY`.
    #[must_use]
    pub fn of_category(mut self, category: &str) -> Self {
        category.clone_into(&mut self.category);
        self
    }

    /// Gives it a SID, for a configuration that was written before.
    #[must_use]
    pub fn with_sid(mut self, sid: &str) -> Self {
        self.sid = Some(sid.to_owned());
        self
    }

    /// In another state than `approved`: `received`, `pending`, `rejected`, `paused` or `disabled`.
    #[must_use]
    pub fn in_state(mut self, status: &str) -> Self {
        self.status = approval::STATES.into_iter().find(|known| *known == status).unwrap_or("pending");
        self
    }

    pub(super) fn content(self, state: &mut State, account: &str) -> Content {
        let blanks = placeholders(&Value::from(self.body.as_str())).len();
        let action = |(n, title): (usize, &String)| json!({"type": "QUICK_REPLY", "title": title, "id": format!("{{{{{}}}}}", blanks + n + 1)});
        let actions: Vec<_> = self.quick_replies.iter().enumerate().map(action).collect();
        let (kind, json) = if actions.is_empty() {
            ("twilio/text", json!({"body": self.body}))
        } else {
            ("twilio/quick-reply", json!({"body": self.body, "actions": actions}))
        };
        // Samples in the body, and the label as what comes back from a button.
        let samples = (1..=blanks).map(|n| format!("sample {n}")).chain(self.quick_replies);
        let variables = samples.enumerate().map(|(n, sample)| ((n + 1).to_string(), sample)).collect();
        let now = state.time.now();
        let sid = self.sid.unwrap_or_else(|| state.sid("HX"));
        let approval = Approval {
            name: self.name.clone(),
            category: self.category,
            kind: kind.to_owned(),
            status: self.status,
            reason: String::new(),
            submitted: now,
        };
        Content {
            sid,
            account: account.to_owned(),
            name: self.name,
            language: self.language,
            variables,
            types: Map::from_iter([(kind.to_owned(), json)]),
            created: now,
            updated: now,
            approval: Some(approval),
        }
    }
}
