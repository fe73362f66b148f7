//! Models at OpenAI-compatible endpoints, and what a tenant may spend on one.

use chatplug_openai::{OpenAiConfig, TokenPrice};

/// A model at an endpoint.
#[derive(Debug, Clone)]
pub struct OpenAiEndpoint {
    /// What tenants call it.
    pub name: String,
    /// Where it is, and which model.
    pub config: OpenAiConfig,
    /// The model's name there.
    pub model: String,
    /// What its tokens cost.
    pub price: TokenPrice,
}

/// A tenant's use of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LlmConfig {
    /// Name of the [`OpenAiEndpoint`].
    pub endpoint: String,
    /// Tokens that may be spent in a day.
    pub daily_tokens: u32,
}
