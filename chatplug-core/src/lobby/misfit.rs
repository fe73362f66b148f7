//! Members that do not fit together.

use super::Member;
use crate::{model::TenantId, understand};
use std::fmt;

/// Something wrong with a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Which member, by its place.
    pub member: usize,
    /// What.
    pub kind: MisfitKind,
}

/// What is wrong with a member.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MisfitKind {
    /// The number has no members at all.
    Nobody,
    /// It is listed already.
    Twice {
        /// Who.
        tenant: TenantId,
    },
    /// Its name is empty, or another member's.
    Name {
        /// The name.
        name: String,
        /// Whose it is already.
        other: Option<TenantId>,
    },
    /// Its code cannot be told in a message, or is another member's.
    Code {
        /// The code.
        code: String,
        /// Whose it is already.
        other: Option<TenantId>,
    },
    /// A keyword of it is no word, or is another member's.
    Keyword {
        /// Its place among the keywords.
        at: usize,
        /// The keyword.
        keyword: String,
        /// Whose it is already.
        other: Option<TenantId>,
    },
}

impl fmt::Display for MisfitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str("a shared number needs members"),
            Self::Twice { tenant } => write!(f, "`{tenant}` is a member already: list each tenant once"),
            Self::Name { name, other: Some(other) } => {
                write!(f, "`{name}` is the name of {other}, and clients choose by it: give each member its own")
            }
            Self::Name { name, other: None } => write!(f, "`{name}` is no name that a client could type"),
            Self::Code { code, other: Some(other) } => {
                write!(f, "`{code}` is the code of {other}: a link can lead to one business only")
            }
            Self::Code { code, other: None } => {
                write!(f, "`{code}` is no code: 3 to 32 of a-z, 0-9 and -, with a letter among them")
            }
            Self::Keyword { keyword, other: Some(other), .. } => {
                write!(
                    f,
                    "`{keyword}` is a keyword of {other}: what fits two businesses tells neither, take it from both"
                )
            }
            Self::Keyword { keyword, other: None, .. } => write!(f, "`{keyword}` is no word"),
        }
    }
}

/// Why a text is no code; `None`: it is one.
#[must_use]
pub fn code_problem(code: &str) -> Option<MisfitKind> {
    (!is_code(code)).then(|| MisfitKind::Code { code: code.to_owned(), other: None })
}

/// Whether a text has the form of a code.
pub(super) fn is_code(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (3..=32).contains(&text.len()) && text.chars().all(fits) && text.contains(|c: char| c.is_ascii_lowercase())
}

/// Everything that is wrong with some members.
pub(super) fn among(members: &[Member]) -> Vec<Misfit> {
    let mut wrong = Vec::new();
    if members.is_empty() {
        wrong.push(Misfit { member: 0, kind: MisfitKind::Nobody });
    }
    for (at, member) in members.iter().enumerate() {
        let before = members.get(..at).unwrap_or_default();
        let mut say = |kind| wrong.push(Misfit { member: at, kind });
        if before.iter().any(|other| other.tenant == member.tenant) {
            say(MisfitKind::Twice { tenant: member.tenant.clone() });
            continue;
        }
        let name = understand::words(&member.name);
        let other = before.iter().find(|other| understand::words(&other.name) == name);
        if name.is_empty() || other.is_some() {
            say(MisfitKind::Name { name: member.name.clone(), other: other.map(|other| other.tenant.clone()) });
        }
        if let Some(code) = &member.code {
            let other = before.iter().find(|other| other.code.as_ref() == Some(code));
            if other.is_some() || !is_code(code) {
                say(MisfitKind::Code { code: code.clone(), other: other.map(|other| other.tenant.clone()) });
            }
        }
        for (place, keyword) in member.keywords.iter().enumerate() {
            let words = understand::words(keyword);
            let has = |other: &&Member| other.keywords.iter().any(|theirs| understand::words(theirs) == words);
            let other = before.iter().find(has);
            if words.is_empty() || other.is_some() {
                let other = other.map(|other| other.tenant.clone());
                say(MisfitKind::Keyword { at: place, keyword: keyword.clone(), other });
            }
        }
    }
    wrong
}
