//! What a branch is at Cal.com: whose event types, which of them, and what is said of them here.

use chatplug_core::model::{BranchId, InstallId, Localized, Place, Price};
use chrono_tz::Tz;
use iso_currency::Currency;
use secrecy::SecretString;
use std::collections::BTreeMap;

/// A branch whose services are event types.
///
/// Without more it has all event types of the user whose credential calls. Cal.com keeps no prices that a business sets,
/// and no address for people: both are set here.
#[derive(Debug, Clone)]
pub struct CalcomBranch {
    pub(crate) branch: BranchId,
    pub(crate) install: InstallId,
    pub(crate) zone: Tz,
    pub(crate) currency: Currency,
    pub(crate) country: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) place: Option<Place>,
    pub(crate) accounts: Vec<String>,
    pub(crate) team: Option<u64>,
    pub(crate) organization: Option<u64>,
    pub(crate) only_listed: bool,
    pub(crate) email: CalcomEmail,
    pub(crate) event_types: BTreeMap<u64, CalcomEventType>,
    pub(crate) staff: BTreeMap<u64, CalcomStaff>,
}

/// Where the e-mail address comes from that ordinary event types demand of every attendee.
#[derive(Debug, Clone, Default)]
pub enum CalcomEmail {
    /// The client is asked, once.
    #[default]
    Ask,
    /// An address of the business's own: `<letters>@<domain>`. The letters are derived from who the client is, by a key:
    /// the same for a client always, and nobody who has no key can tell whose they are. Mails to it go where the domain
    /// sends them; nobody needs to read them.
    Guest {
        /// The domain: `guest.studio.example`.
        domain: String,
        /// The key: anything secret that stays the same.
        secret: SecretString,
    },
    /// None, at event types that hide the e-mail field and ask for a phone number: Cal.com invents one there. At others
    /// the client is asked.
    PhoneOnly,
}

/// What is said of an event type here.
#[derive(Debug, Clone, Default)]
pub struct CalcomEventType {
    pub(crate) name: Option<Localized>,
    pub(crate) also: Vec<String>,
    pub(crate) category: Option<Localized>,
    pub(crate) price: Option<Price>,
    pub(crate) hidden: bool,
    pub(crate) service: Option<String>,
    pub(crate) answers: BTreeMap<String, String>,
}

/// What is said of a person here.
#[derive(Debug, Clone, Default)]
pub struct CalcomStaff {
    pub(crate) name: Option<String>,
    pub(crate) also: Vec<String>,
    pub(crate) title: Option<Localized>,
    pub(crate) hidden: bool,
}

impl CalcomBranch {
    /// A branch with the event types of whoever calls.
    #[must_use]
    pub const fn new(branch: BranchId, install: InstallId, zone: Tz, currency: Currency) -> Self {
        Self {
            branch,
            install,
            zone,
            currency,
            country: None,
            name: None,
            phone: None,
            place: None,
            accounts: Vec::new(),
            team: None,
            organization: None,
            only_listed: false,
            email: CalcomEmail::Ask,
            event_types: BTreeMap::new(),
            staff: BTreeMap::new(),
        }
    }

    /// In a country, by its ISO 3166 code; else that of the phone number, if there is one.
    #[must_use]
    pub fn in_country(mut self, code: impl Into<String>) -> Self {
        self.country = Some(code.into());
        self
    }

    /// As clients know it; else the branch's id.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// With a phone number for people to call.
    #[must_use]
    pub fn with_phone(mut self, phone: impl Into<String>) -> Self {
        self.phone = Some(phone.into());
        self
    }

    /// Where it is; else the address that its event types name, when all name the same.
    #[must_use]
    pub fn at_place(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// With the personal event types of a user, by the name in the address of their page. May be said several times: event
    /// types of several people with one short name and one length are one service, done by all of them.
    #[must_use]
    pub fn of_account(mut self, username: impl Into<String>) -> Self {
        self.accounts.push(username.into());
        self
    }

    /// With the event types of a team; and of accounts only where [`of_account`](Self::of_account) names them.
    #[must_use]
    pub const fn of_team(mut self, id: u64) -> Self {
        self.team = Some(id);
        self
    }

    /// Within an organisation: its team, or without a team the event types of all its teams.
    #[must_use]
    pub const fn of_organization(mut self, id: u64) -> Self {
        self.organization = Some(id);
        self
    }

    /// With another rule for e-mail addresses than to ask.
    #[must_use]
    pub fn with_email(mut self, rule: CalcomEmail) -> Self {
        self.email = rule;
        self
    }

    /// With something said of an event type.
    #[must_use]
    pub fn with_event_type(mut self, id: u64, said: CalcomEventType) -> Self {
        self.event_types.insert(id, said);
        self
    }

    /// With something said of a person, by the user's number.
    #[must_use]
    pub fn with_staff(mut self, user: u64, said: CalcomStaff) -> Self {
        self.staff.insert(user, said);
        self
    }

    /// Only the event types of which something is said, for branches that share an account.
    #[must_use]
    pub const fn only_listed(mut self) -> Self {
        self.only_listed = true;
        self
    }

    /// Our branch.
    #[must_use]
    pub const fn id(&self) -> &BranchId {
        &self.branch
    }

    /// Our name of the connection.
    #[must_use]
    pub const fn install(&self) -> &InstallId {
        &self.install
    }

    /// The zone of every date and time there.
    #[must_use]
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// The event types of which something is said.
    pub(crate) fn named_types(&self) -> impl Iterator<Item = u64> {
        self.event_types.keys().copied()
    }

    /// Whether clients should not have to give an address.
    pub(crate) const fn gives_no_email(&self) -> bool {
        matches!(self.email, CalcomEmail::PhoneOnly)
    }

    /// What is said of an event type.
    pub(crate) fn said_of(&self, event_type: i64) -> Option<&CalcomEventType> {
        self.event_types.get(&u64::try_from(event_type).ok()?)
    }

    /// Whether an event type is one of this branch, shown or not.
    pub(crate) fn has(&self, event_type: i64) -> bool {
        match self.said_of(event_type) {
            Some(said) => !said.hidden,
            None => !self.only_listed,
        }
    }
}

impl CalcomEventType {
    /// Nothing yet: name it, to have it at a branch that has [only those](CalcomBranch::only_listed).
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With another name than its title.
    #[must_use]
    pub fn named(mut self, name: impl Into<Localized>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// With another word that clients use for it.
    #[must_use]
    pub fn also(mut self, word: impl Into<String>) -> Self {
        self.also.push(word.into());
        self
    }

    /// In a group to show it under.
    #[must_use]
    pub fn in_category(mut self, category: impl Into<Localized>) -> Self {
        self.category = Some(category.into());
        self
    }

    /// At a price; else what its metadata say under `price` and `currency` (`"25.00"`, `"EUR"`).
    #[must_use]
    pub const fn priced(mut self, price: Price) -> Self {
        self.price = Some(price);
        self
    }

    /// Not at this branch.
    #[must_use]
    pub const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// As a way to have a service: all event types of one name here are one service, each done by its hosts. One of them
    /// may be round robin: it is booked for whoever wants anyone.
    #[must_use]
    pub fn of_service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// With the answer to a field that it asks of every attendee and that a chat does not.
    #[must_use]
    pub fn answering(mut self, slug: impl Into<String>, answer: impl Into<String>) -> Self {
        self.answers.insert(slug.into(), answer.into());
        self
    }
}

impl CalcomStaff {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// With another spelling.
    #[must_use]
    pub fn also(mut self, name: impl Into<String>) -> Self {
        self.also.push(name.into());
        self
    }

    /// With what they do.
    #[must_use]
    pub fn titled(mut self, title: impl Into<Localized>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Not to be chosen here: event types that only they do are left out.
    #[must_use]
    pub const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }
}
