//! Several businesses behind one number: whose a client's message is.
//!
//! A [`Lobby`] is what a number that is shared has in place of a business: a tenant of its own, whose conversations find
//! out which business a client wants, and hold what they wrote until that is known. Here: its members and the decision,
//! which is pure ([`Lobby::decide`]). What is remembered of a client lies in `state`; what comes in is taken through it
//! in the engine.

mod decide;
mod misfit;
mod state;

pub use decide::{Heard, Verdict, Why};
pub(crate) use decide::{PAGE, TO};
pub use misfit::{Misfit, MisfitKind, code_problem};
pub(crate) use state::{Forward, LobbyState, REPEATED};

use crate::{
    model::{ChannelId, TenantId},
    reply::Words,
    understand,
};
use chrono::Duration;

/// How long the last business holds, unless configured.
pub const DEFAULT_STICKY: Duration = Duration::days(90);

/// Whoever answers a business's message while they write to another one changes over for good when they were silent
/// there for so long.
pub(crate) const SILENT: Duration = Duration::minutes(30);

/// A business on a shared number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Whose messages these are.
    pub tenant: TenantId,
    /// The channel of that tenant which speaks through the number.
    pub channel: ChannelId,
    /// Its name, as the menu shows it.
    pub name: String,
    /// What a deep link carries: `hello #bella` for the code `bella`. 3 to 32 of `a-z`, `0-9` and `-`, with a letter.
    pub code: Option<String>,
    /// Words or phrases that only this business's clients write.
    pub keywords: Vec<String>,
}

/// The members of a shared number, and the rules by which messages find them.
#[derive(Debug, Clone)]
pub struct Lobby {
    members: Vec<Member>,
    /// Of each member, in order: the folded words of its name and of its keywords.
    names: Vec<Vec<String>>,
    keywords: Vec<Vec<Vec<String>>>,
    /// What asks for another business, folded.
    others: Vec<Vec<String>>,
    sticky: Duration,
}

impl Lobby {
    /// A lobby of these businesses, in the order in which the menu shows them. `words` say, in every language, how one
    /// asks for another business.
    ///
    /// # Errors
    /// Everything that does not fit together: see [`Misfit`].
    pub fn new(members: Vec<Member>, sticky: Duration, words: &Words) -> Result<Self, Vec<Misfit>> {
        let wrong = misfit::among(&members);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let names = members.iter().map(|member| understand::words(&member.name)).collect();
        let folded = |member: &Member| member.keywords.iter().map(|keyword| understand::words(keyword)).collect();
        let keywords = members.iter().map(folded).collect();
        let others = words.other_business().into_iter().map(|phrase| understand::words(&phrase));
        let others = others.filter(|phrase| !phrase.is_empty()).collect();
        Ok(Self { members, names, keywords, others, sticky })
    }

    /// The members, in order.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// A member by its tenant.
    #[must_use]
    pub fn member(&self, tenant: &TenantId) -> Option<&Member> {
        self.members.iter().find(|member| member.tenant == *tenant)
    }

    /// How long a client stays with a business after the last message to it.
    #[must_use]
    pub const fn sticky(&self) -> Duration {
        self.sticky
    }

    /// With the whole number's words for another business, such as "town menu", added.
    #[must_use]
    pub fn with_words(mut self, phrases: &[String]) -> Self {
        self.others.extend(phrases.iter().map(|phrase| understand::words(phrase)).filter(|words| !words.is_empty()));
        self
    }
}
