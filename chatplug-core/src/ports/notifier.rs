//! Word to the business's team.

use crate::{
    dialogue::TeamEvent,
    model::{ConversationId, NoticeId, TenantId},
};
use async_trait::async_trait;
use std::fmt::Debug;

/// Tells the team what needs a person.
///
/// # Contract
/// Called after the turn that caused it is committed; may be called again for the same event after a crash or an answer
/// that was lost, then with the same [`Notice::id`]. It may be slow or fail without harm to the conversation.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait Notifier: Debug + Send + Sync {
    /// Delivers one event.
    ///
    /// # Errors
    /// When it could not be delivered; logged once by the engine.
    async fn notify(&self, notice: &Notice) -> Result<(), NotifyError>;
}

/// An event with where it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Which: the same for the same event however often it is told, so that whoever hears it twice can know.
    pub id: NoticeId,
    /// Whose team.
    pub tenant: TenantId,
    /// In which conversation; `None`: in none, it concerns the business.
    pub conversation: Option<ConversationId>,
    /// What.
    pub event: TeamEvent,
}

/// The team could not be told.
#[derive(Debug, thiserror::Error)]
#[error("the team could not be told")]
pub struct NotifyError {
    /// What happened.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}
