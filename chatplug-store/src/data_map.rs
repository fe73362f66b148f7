//! THE data map: what each table and column holds, whose it is, what erasing a person does to it, and when it goes.
//!
//! Erasing, exporting and forgetting are driven by it, on every database; so nothing is erased, exported or forgotten that
//! does not stand here. A test compares it with the live schema: a table or column without an entry fails it. What is
//! done with it lies beside each database.

mod tables;

pub use tables::TABLES;

use chatplug_core::ports::Retention;
use chrono::Duration;

/// One table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Which databases have it.
    pub on: On,
    /// What its rows are.
    pub holds: &'static str,
    /// The columns that name a row.
    pub key: &'static [&'static str],
    /// Whose its rows are.
    pub whose: Whose,
    /// What erasing a person does to theirs.
    pub erase: Erase,
    /// What removing a branch does to its rows.
    pub leave: Leave,
    /// When its rows go by themselves.
    pub keep: Keep,
    /// Its columns, in any order.
    pub columns: &'static [Column],
}

impl Table {
    /// Whether its rows belong to tenants.
    #[must_use]
    pub fn has_tenant(&self) -> bool {
        self.columns.iter().any(|column| column.what == What::Tenant)
    }

    /// Its columns in a database.
    pub fn columns_on(&'static self, database: On) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().filter(move |column| column.on.includes(database))
    }

    /// A column by name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether its old rows are looked for conversation by conversation.
    #[must_use]
    pub const fn is_forgotten_along(&self) -> bool {
        matches!(self.keep, Keep::For { along, .. } if !along.is_empty())
    }

    /// Columns that erasing blanks.
    #[must_use]
    pub const fn blanked(&self) -> &'static [Blank] {
        match self.erase {
            Erase::Blank(columns) => columns,
            Erase::Delete | Erase::Keep(_) => &[],
        }
    }
}

/// Which databases have a table or a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum On {
    /// All.
    Both,
    /// SQLite only.
    Sqlite,
    /// PostgreSQL only.
    Postgres,
}

impl On {
    /// Whether one of these is that database.
    #[must_use]
    pub const fn includes(self, database: Self) -> bool {
        matches!((self, database), (Self::Both, _) | (Self::Sqlite, Self::Sqlite) | (Self::Postgres, Self::Postgres))
    }
}

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub what: What,
    /// Which databases have it.
    pub on: On,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// The business whose row it is.
    Tenant,
    /// A name of ours, or one that an operator chose: of a conversation, a branch, a row.
    Key,
    /// An instant, in microseconds since 1970 (UTC).
    Time,
    /// A state, a count, a choice: nothing personal.
    Fact,
    /// An id that leads to a person, for us or for a booking system: of a contact or a booking.
    Pseudonym,
    /// A keyed hash, to find a person by, or a message by the provider's id (WhatsApp's have the number in them);
    /// meaningless without the tenant's key.
    LookUp,
    /// Names, numbers, words, the provider's ids of messages: kept through the tenant's keys, under this name. Sealed when the tenant asks for it.
    Personal(&'static str),
    /// A secret of the business, always sealed.
    Secret,
}

/// How the rows of a table relate to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    /// They do not.
    Nobody,
    /// By their own column `contact`.
    Contact,
    /// They are the contact, or one that was merged into it.
    Themselves,
    /// By their conversation.
    Conversation,
    /// By the message of the outbox that they name.
    Delivery,
    /// By the booking that they name.
    Booking,
}

impl Whose {
    /// The rows of one contact of one tenant, as a condition in SQL; `tenant` and `contact` are placeholders such as `?1`.
    /// The person that a contact is may have been several contacts: each is asked for. `None`: the table has none.
    #[must_use]
    pub fn condition(self, tenant: &str, contact: &str) -> Option<String> {
        let theirs = |column: &str, from: &str, by: &str| {
            format!(
                "tenant = {tenant} AND {column} IN (SELECT x.{column} FROM {from} AS x WHERE x.tenant = {tenant} AND {by})"
            )
        };
        Some(match self {
            Self::Nobody => return None,
            Self::Contact | Self::Themselves => format!("tenant = {tenant} AND contact = {contact}"),
            Self::Conversation => theirs("conversation", "conversation", &format!("x.contact = {contact}")),
            Self::Booking => theirs("booking", "booking", &format!("x.contact = {contact}")),
            Self::Delivery => theirs(
                "delivery",
                "outbox",
                &format!(
                    "x.conversation IN (SELECT v.conversation FROM conversation AS v \
                    WHERE v.tenant = {tenant} AND v.contact = {contact})"
                ),
            ),
        })
    }
}

/// What erasing a person does to their rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erase {
    /// They are deleted.
    Delete,
    /// They stay; these columns are emptied.
    Blank(&'static [Blank]),
    /// They stay as they are, or there are none. Why.
    Keep(&'static str),
}

/// A column that is emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blank {
    /// Nothing remains.
    Null(&'static str),
    /// The id that is nobody's (zeros) takes its place.
    Nobody(&'static str),
}

impl Blank {
    /// The column.
    #[must_use]
    pub const fn column(self) -> &'static str {
        match self {
            Self::Null(column) | Self::Nobody(column) => column,
        }
    }
}

/// What removing a branch for good does to the rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// Those of the branch, by their own column `branch`, are deleted.
    Branch,
    /// Those that name the branch, or its account at its provider, at their beginning are deleted.
    Named,
    /// Those of people whom no other branch knows go with them; of the others goes what is of the branch.
    People,
    /// They stay. Why.
    Keep(&'static str),
}

/// When the rows of a table go by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// So long after the time in this column, once a condition holds.
    For {
        /// How long.
        period: Period,
        /// Since when: a column.
        since: &'static str,
        /// Only rows for which this holds, in SQL; empty: all.
        once: &'static str,
        /// Within a conversation rows grow old in the order of this column, so that only the first of each conversation
        /// is looked at; empty: all rows of the tenant are.
        along: &'static str,
    },
    /// Until the time in this column.
    Until(&'static str),
    /// With the rows of another table that they belong to.
    With(&'static str),
    /// They stay. Why.
    Stays(&'static str),
}

/// A setting of [`Retention`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// [`Retention::mail`]
    Mail,
    /// [`Retention::outbox`]
    Outbox,
    /// [`Retention::turns`]
    Turns,
    /// [`Retention::notices`]
    Notices,
    /// [`Retention::messages`]
    Messages,
    /// [`Retention::bookings`]
    Bookings,
}

impl Period {
    /// How long that is.
    #[must_use]
    pub const fn of(self, retention: &Retention) -> Duration {
        match self {
            Self::Mail => retention.mail,
            Self::Outbox => retention.outbox,
            Self::Turns => retention.turns,
            Self::Notices => retention.notices,
            Self::Messages => retention.messages,
            Self::Bookings => retention.bookings,
        }
    }
}

/// The tables of a database, those that others refer to first.
pub fn tables_on(database: On) -> impl DoubleEndedIterator<Item = &'static Table> {
    TABLES.iter().filter(move |table| table.on.includes(database))
}

/// A table by name.
#[must_use]
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The map says nothing about itself that is not so.
    #[test]
    fn what_the_map_names_is_in_it() {
        for table in TABLES {
            let has = |column: &str| assert!(table.column(column).is_some(), "{}.{column}", table.name);
            table.key.iter().for_each(|column| has(column));
            table.blanked().iter().for_each(|blank| has(blank.column()));
            match table.keep {
                Keep::For { since, .. } | Keep::Until(since) => has(since),
                Keep::With(other) => assert!(super::table(other).is_some(), "{}", table.name),
                Keep::Stays(why) => assert!(!why.is_empty()),
            }
            match table.whose {
                Whose::Nobody => {}
                Whose::Contact | Whose::Themselves => has("contact"),
                Whose::Conversation => has("conversation"),
                Whose::Delivery => has("delivery"),
                Whose::Booking => has("booking"),
            }
            assert_eq!(TABLES.iter().filter(|other| other.name == table.name).count(), 1, "{} twice", table.name);
        }
    }

    /// What is a branch's goes with it.
    #[test]
    fn nothing_of_a_branch_outlives_it() {
        for table in TABLES {
            let of_branch = table.column("branch").is_some();
            assert!(!of_branch || matches!(table.leave, Leave::Branch | Leave::People), "{}", table.name);
            assert!(table.leave != Leave::Branch || of_branch, "{}", table.name);
            let of_person = table.whose != Whose::Nobody;
            assert!(!of_person || matches!(table.leave, Leave::Branch | Leave::People), "{}", table.name);
        }
    }

    /// What is personal belongs to somebody, and erasing removes it.
    #[test]
    fn nothing_personal_outlives_its_person() {
        for table in TABLES {
            let personal = |what| matches!(what, What::Personal(_) | What::LookUp);
            for column in table.columns.iter().filter(|column| personal(column.what)) {
                let blanked = table.blanked().iter().any(|blank| blank.column() == column.name);
                assert_ne!(table.whose, Whose::Nobody, "{}.{}", table.name, column.name);
                assert!(table.erase == Erase::Delete || blanked, "{}.{}", table.name, column.name);
            }
        }
    }
}
