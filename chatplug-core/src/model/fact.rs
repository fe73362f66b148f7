//! What a business says about itself, in its own words, to be quoted when a client asks.

use super::{FactId, Localized};
use serde::{Deserialize, Serialize};

/// One answer to questions that clients ask freely ("is there parking?").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Names it; unique within the business.
    pub id: FactId,
    /// Ways to ask for it, in any language: a word or a question each. May be empty: then the words of `text` find it.
    #[serde(default)]
    pub ask: Vec<String>,
    /// The answer. It is quoted to clients as it is.
    pub text: Localized,
}

/// What a message asks that no form has a field for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactMention {
    /// Nothing.
    #[default]
    None,
    /// What this fact answers.
    Known(FactId),
    /// Something that no fact answers: a person is offered.
    Unknown,
}
