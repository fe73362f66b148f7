//! Who there is: users with their keys, teams and organisations with their members, and platforms' clients.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// A user of Cal.com: somebody who hosts, or who administers.
///
/// ```
/// use chatplug_calcom::fake::FakeUser;
///
/// let dina = FakeUser::new(12, "dina", "Dina Host", chrono_tz::Europe::Lisbon).with_key("cal_live_dina");
/// assert_eq!(dina.email, "dina@salon.example");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FakeUser {
    /// Id.
    pub id: u64,
    /// What stands in the address of the booking page.
    pub username: String,
    /// Name, as clients see it.
    pub name: String,
    /// E-mail.
    pub email: String,
    /// The zone of the user's settings.
    pub zone: Tz,
    /// API key, whole; `None`: nobody calls as this user by key.
    pub key: Option<String>,
    /// Whether the key has expired.
    pub key_expired: bool,
    /// Access tokens, of OAuth or of a managed user.
    pub tokens: Vec<String>,
    /// The schedule of event types that name none.
    pub default_schedule: Option<u64>,
    /// The platform's client that made the user.
    pub managed_by: Option<String>,
}

impl FakeUser {
    /// Somebody with an address at the salon, without a key.
    #[must_use]
    pub fn new(id: u64, username: &str, name: &str, zone: Tz) -> Self {
        Self {
            id,
            username: username.to_owned(),
            name: name.to_owned(),
            email: format!("{username}@salon.example"),
            zone,
            key: None,
            key_expired: false,
            tokens: Vec::new(),
            default_schedule: None,
            managed_by: None,
        }
    }

    /// With an API key.
    #[must_use]
    pub fn with_key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// With an access token.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        self.tokens.push(token.to_owned());
        self
    }

    /// With another address.
    #[must_use]
    pub fn at(mut self, email: &str) -> Self {
        email.clone_into(&mut self.email);
        self
    }
}

/// What a member of a team may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FakeRole {
    /// Hosts.
    Member,
    /// Administers.
    Admin,
    /// Owns.
    Owner,
}

impl FakeRole {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Member => "MEMBER",
            Self::Admin => "ADMIN",
            Self::Owner => "OWNER",
        }
    }

    pub(super) const fn administers(self) -> bool {
        matches!(self, Self::Admin | Self::Owner)
    }
}

/// A team, or an organisation, which is a team of teams.
///
/// ```
/// use chatplug_calcom::fake::{FakeRole, FakeTeam};
///
/// let salon = FakeTeam::new(4, "Salon Norte", "norte").with(12, FakeRole::Owner).with(13, FakeRole::Member);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FakeTeam {
    /// Id.
    pub id: u64,
    /// Name.
    pub name: String,
    /// What stands in the address of the booking page.
    pub slug: String,
    /// Whether it is an organisation.
    pub organization: bool,
    /// The organisation that it belongs to.
    pub parent: Option<u64>,
    /// Users and what they may do.
    pub members: Vec<(u64, FakeRole)>,
}

impl FakeTeam {
    /// A team without members.
    #[must_use]
    pub fn new(id: u64, name: &str, slug: &str) -> Self {
        let (name, slug) = (name.to_owned(), slug.to_owned());
        Self { id, name, slug, organization: false, parent: None, members: Vec::new() }
    }

    /// An organisation without members.
    #[must_use]
    pub fn organization(id: u64, name: &str, slug: &str) -> Self {
        Self { organization: true, ..Self::new(id, name, slug) }
    }

    /// With a member.
    #[must_use]
    pub fn with(mut self, user: u64, role: FakeRole) -> Self {
        self.members.push((user, role));
        self
    }

    /// Within an organisation.
    #[must_use]
    pub const fn within(mut self, organization: u64) -> Self {
        self.parent = Some(organization);
        self
    }

    pub(super) fn role(&self, user: u64) -> Option<FakeRole> {
        self.members.iter().find(|(member, _)| *member == user).map(|(_, role)| *role)
    }
}

/// A platform's client: it acts as its owner, and makes managed users.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) owner: u64,
    pub(super) organization: Option<u64>,
}

/// When somebody is away.
#[derive(Debug, Clone)]
pub(super) struct Absence {
    pub(super) id: u64,
    pub(super) uuid: String,
    pub(super) user: u64,
    pub(super) to: Option<u64>,
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
    pub(super) notes: Option<String>,
    pub(super) reason: String,
}
