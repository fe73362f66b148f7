//! Approved templates: what may be said outside the window.

use crate::model::Lang;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// The templates of one number.
///
/// # Contract
/// `find` answers only what the provider has approved and not paused; it is cheap (a cache, refreshed by webhook and poll).
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait Templates: Debug + Send + Sync {
    /// The approved template of a meaning in the first of these languages that has one.
    async fn find(&self, meaning: &str, langs: &[Lang]) -> Option<TemplateStock>;

    /// Every template with its state, for `doctor` and screens.
    ///
    /// # Errors
    /// When the provider cannot be asked.
    async fn status(&self) -> Result<Vec<TemplateStock>, TemplateError>;

    /// Hands a template in for approval.
    ///
    /// # Errors
    /// When the provider refuses it or cannot be asked.
    async fn submit(&self, draft: &TemplateDraft) -> Result<TemplateStock, TemplateError>;
}

/// A template at the provider.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TemplateState {
    /// It may.
    Approved,
    /// Not yet.
    Pending,
    /// No: poor quality, for a while.
    Paused,
    /// No.
    Rejected,
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
    /// Text with blanks `{{1}}`, `{{2}}` …
    pub body: String,
    /// An example for each blank.
    pub examples: Vec<String>,
    /// Labels of quick-reply buttons.
    pub buttons: Vec<String>,
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
    /// It cannot be asked now.
    #[error("the provider is unavailable")]
    Unavailable {
        /// What happened.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}
