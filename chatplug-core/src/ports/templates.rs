//! Approved templates: what may be said outside the window.

use crate::model::Lang;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Debug};

/// The templates of one number.
///
/// # Contract
/// `find` answers only what the provider has approved, not paused, and not made something dearer of than it was
/// [declared](crate::templates) as; it is cheap (a cache, refreshed by webhook and poll), and so is `outlook`.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait Templates: Debug + Send + Sync {
    /// Where these templates are kept, and what can be done about them from here.
    fn desk(&self) -> TemplateDesk;

    /// The approved template of a meaning in the first of these languages that has one.
    async fn find(&self, meaning: &str, langs: &[Lang]) -> Option<TemplateStock>;

    /// Whether [`find`](Self::find) answers something, or may do so later, for planning: from memory, nobody is asked.
    async fn outlook(&self, meaning: &str, langs: &[Lang]) -> Outlook;

    /// Every template with its state, read anew: for `templates status`, the watch over them, and screens. Of several that
    /// say the same the one that counts comes first. From then on `find` goes by it.
    ///
    /// # Errors
    /// When the provider cannot be asked.
    async fn status(&self) -> Result<Vec<ListedTemplate>, TemplateError>;

    /// Hands a template in for approval. Repeating it after an answer was lost is harmless.
    ///
    /// # Errors
    /// When the provider refuses it or cannot be asked.
    async fn submit(&self, draft: &TemplateDraft) -> Result<TemplateStock, TemplateError>;

    /// Changes a template that was handed in; it goes back to review.
    ///
    /// # Errors
    /// [`TemplateError::Unsupported`] where [`TemplateDesk::edits`] is false; else as [`submit`](Self::submit).
    async fn edit(&self, listed: &ListedTemplate, draft: &TemplateDraft) -> Result<TemplateStock, TemplateError>;

    /// Whether a provider's code of a refused message says that its template is at fault, not the message's values.
    fn blames(&self, code: i64) -> bool;

    /// Sending with this template failed in a way that is the template's fault: `find` does not answer it for the next
    /// hour, unless something about it changes before.
    async fn doubt(&self, name: &str, locale: &str);
}

/// Where templates are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateDesk {
    /// The provider, as in webhooks: `meta`, `twilio`; empty for a list that a person wrote.
    pub provider: &'static str,
    /// The account that owns the templates, by the name that webhooks about them are addressed to.
    pub account: Option<String>,
    /// Templates can be handed in from here.
    pub submits: bool,
    /// Templates that were handed in can be changed; else a new one is handed in beside the old.
    pub edits: bool,
    /// What the names of ours begin with there.
    pub prefix: String,
}

impl TemplateDesk {
    /// What the names of templates begin with, unless configured.
    pub const PREFIX: &'static str = "visit_";

    /// A list that a person wrote: nothing can be handed in.
    #[must_use]
    pub fn listed() -> Self {
        let prefix = Self::PREFIX.to_owned();
        Self { provider: "", account: None, submits: false, edits: false, prefix }
    }
}

/// Whether a meaning can be said outside the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outlook {
    /// Never, as far as is known: there is no template, or only such as were refused for good.
    Hopeless,
    /// Not now; the provider is deciding, or has paused it, or cannot be asked.
    Waiting,
    /// Yes.
    Ready,
}

/// A template at the provider, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateStock {
    /// Our name of its meaning: `reminder`, `booked` …
    pub meaning: String,
    /// Its language.
    pub lang: Lang,
    /// The provider's name of it (or its content id).
    pub name: String,
    /// The provider's code of its language, such as `pt_BR`.
    pub locale: String,
    /// Whether it may be sent.
    pub state: TemplateState,
}

/// Whether a template may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TemplateState {
    /// It may.
    Approved,
    /// Not yet.
    Pending,
    /// No: poor quality, for a while.
    Paused,
    /// No: the text must change.
    Rejected,
    /// No, and for good: another one must be made.
    Disabled,
    /// No: it is being deleted, and its name is taken for a month.
    Deleted,
}

impl TemplateState {
    /// A word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Pending => "in review",
            Self::Paused => "paused",
            Self::Rejected => "rejected",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
        }
    }
}

/// What a template is declared as, and paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TemplateCategory {
    /// About the client's own visit.
    Utility,
    /// Anything that promotes.
    Marketing,
    /// One-time codes.
    Authentication,
    /// Something that was not known here.
    Other,
}

impl TemplateCategory {
    /// Reads a provider's word, whatever its letters' case.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "utility" => Self::Utility,
            "marketing" => Self::Marketing,
            "authentication" => Self::Authentication,
            _ => Self::Other,
        }
    }

    /// A word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utility => "utility",
            Self::Marketing => "marketing",
            Self::Authentication => "authentication",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for TemplateCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What clients think of a template, as the provider puts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateQuality {
    /// Good.
    Green,
    /// Some block or report it.
    Yellow,
    /// Many do: it is about to be paused.
    Red,
}

impl TemplateQuality {
    /// A word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        }
    }
}

/// A template with everything that the provider tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedTemplate {
    /// As it is sent.
    pub stock: TemplateStock,
    /// The provider's id of it.
    pub id: String,
    /// What it is paid for; `None`: not told.
    pub category: Option<TemplateCategory>,
    /// What clients think of it; `None`: not told, or too few got it.
    pub quality: Option<TemplateQuality>,
    /// Why it is not approved, in the provider's words.
    pub reason: Option<String>,
    /// What it says; `None`: not told, or nothing that we could have handed in.
    pub text: Option<TemplateText>,
    /// Seconds after which a message is dropped; `None`: not told.
    pub time_to_live: Option<u32>,
}

impl ListedTemplate {
    /// Whether it may be sent: approved, and nothing dearer than its meaning was declared as.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let declared = crate::templates::declared(&self.stock.meaning).map(|declared| declared.category());
        let as_declared = match (declared, self.category) {
            (Some(declared), Some(is)) => is == declared,
            _ => true,
        };
        self.stock.state == TemplateState::Approved && as_declared
    }

    /// What can be expected of it.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self.stock.state {
            TemplateState::Approved if self.is_usable() => Outlook::Ready,
            TemplateState::Pending | TemplateState::Paused => Outlook::Waiting,
            _ => Outlook::Hopeless,
        }
    }
}

impl From<TemplateStock> for ListedTemplate {
    /// A template of which no more is known.
    fn from(stock: TemplateStock) -> Self {
        let id = stock.name.clone();
        Self { stock, id, category: None, quality: None, reason: None, text: None, time_to_live: None }
    }
}

/// The words of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateText {
    /// Text with blanks `{{1}}`, `{{2}}` …
    pub body: String,
    /// Labels of quick-reply buttons in order.
    pub buttons: Vec<String>,
}

/// A template to hand in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateDraft {
    /// Our name of its meaning.
    pub meaning: String,
    /// Its language.
    pub lang: Lang,
    /// Name to give it at the provider.
    pub name: String,
    /// The provider's code of its language.
    pub locale: String,
    /// What to declare it as.
    pub category: TemplateCategory,
    /// Text with blanks `{{1}}`, `{{2}}` …
    pub body: String,
    /// An example for each blank.
    pub examples: Vec<String>,
    /// Labels of quick-reply buttons.
    pub buttons: Vec<String>,
    /// Seconds after which a message that did not arrive is dropped; `None`: the provider's default.
    pub time_to_live: Option<u32>,
}

impl TemplateDraft {
    /// Its words.
    #[must_use]
    pub fn text(&self) -> TemplateText {
        TemplateText { body: self.body.clone(), buttons: self.buttons.clone() }
    }
}

/// Why a provider did not take or tell templates.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// It refuses the template: change it.
    #[error("the provider refuses the template: {0}")]
    Refused(String),
    /// This number has no templates that can be handed in from here.
    #[error("templates of this channel cannot be changed from here")]
    Unsupported,
    /// The credentials do not open the templates: a person must mend them.
    #[error("the provider does not let these credentials at the templates: {0}")]
    Unauthorized(String),
    /// It cannot be asked now.
    #[error("the provider is unavailable")]
    Unavailable {
        /// What happened.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}
