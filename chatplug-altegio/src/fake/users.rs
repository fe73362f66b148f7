//! Developers and users: who may call, and what they may do.

use super::answer::Answer;
use std::collections::BTreeSet;

/// Everybody with a token.
#[derive(Debug)]
pub(super) struct Users {
    pub(super) partners: Vec<String>,
    pub(super) users: Vec<User>,
    /// Rights that are missing: everywhere, or at one salon.
    pub(super) denied: BTreeSet<(Option<u64>, String)>,
    /// `POST /auth` asks for a second factor.
    pub(super) second_factor: bool,
    /// How often the tokens were changed.
    pub(super) changes: u32,
}

/// A user of the platform.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) id: u64,
    pub(super) token: String,
    pub(super) login: String,
    pub(super) password: String,
}

/// The right to anything of a salon.
pub(super) const PRESENCE: &str = "presence";

impl Default for Users {
    fn default() -> Self {
        Self {
            partners: vec![super::FakeAltegio::PARTNER_TOKEN.to_owned()],
            users: vec![User {
                id: 746_310,
                token: super::FakeAltegio::USER_TOKEN.to_owned(),
                login: super::FakeAltegio::LOGIN.to_owned(),
                password: super::FakeAltegio::PASSWORD.to_owned(),
            }],
            denied: BTreeSet::new(),
            second_factor: false,
            changes: 0,
        }
    }
}

impl Users {
    /// Whether the user has a right at a salon.
    pub(super) fn may(&self, salon: u64, right: &str) -> bool {
        let denied = |right: &str| [None, Some(salon)].iter().any(|at| self.denied.contains(&(*at, right.to_owned())));
        !denied(PRESENCE) && !denied(right)
    }

    /// The two tokens of a header, checked: the partner's and the user's id.
    pub(super) fn known(&self, header: Option<&str>) -> Result<(String, Option<u64>), Answer> {
        let refused = || Answer::refused(401, "Authentication needed.");
        let rest = header.and_then(|header| header.strip_prefix("Bearer ")).ok_or_else(refused)?;
        let (partner, user) = match rest.split_once(", User ") {
            Some((partner, user)) => (partner, Some(user)),
            None => (rest, None),
        };
        if !self.partners.iter().any(|known| known == partner) {
            return Err(refused());
        }
        let id = |token: &str| self.users.iter().find(|known| known.token == token).map(|known| known.id);
        match user {
            None => Ok((partner.to_owned(), None)),
            Some(token) => Ok((partner.to_owned(), Some(id(token).ok_or_else(refused)?))),
        }
    }
}
