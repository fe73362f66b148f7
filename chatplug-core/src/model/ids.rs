//! Identities: newtypes that validate on construction, so that one kind of id can never be passed for another.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// Why a text is not an identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {problem}")]
pub struct IdError {
    kind: &'static str,
    problem: &'static str,
}

/// Namespace of every id that is derived from others (UUID version 5).
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_3c52_8f0a_4d7e_9a51_c4a7_0b00_c1a7);

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $max:literal, $ok:expr, $rule:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and wraps a text.
            ///
            /// # Errors
            /// When the text is empty, too long or holds a character that this kind of id may not hold.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                let ok: fn(char) -> bool = $ok;
                if text.is_empty() {
                    return Err(IdError { kind: $kind, problem: "is empty" });
                }
                if text.len() > $max {
                    return Err(IdError { kind: $kind, problem: "is too long" });
                }
                if !text.chars().all(ok) {
                    return Err(IdError { kind: $kind, problem: $rule });
                }
                Ok(Self(text))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> { Self::new(text) }
        }
        impl From<$name> for String {
            fn from(id: $name) -> Self { id.0 }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> { Self::new(text) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Debug::fmt(&self.0, f) }
        }
    )*};
}

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal $(, $finish:ident)?;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that a store generated.
            #[must_use]
            pub const fn from_uuid(id: Uuid) -> Self { Self(id) }

            /// Derives an id from parts, the same one for the same parts: core never draws random numbers.
            #[must_use]
            pub fn derive(parts: &[&str]) -> Self {
                // Length prefixes keep ("a","bc") and ("ab","c") apart.
                let mut name = String::from($prefix);
                for part in parts {
                    name.push_str(&part.len().to_string());
                    name.push(':');
                    name.push_str(part);
                }
                let id = Uuid::new_v5(&NAMESPACE, name.as_bytes());
                $(let id = $finish(id);)?
                Self(id)
            }

            /// The UUID behind the id.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid { self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0.as_simple())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, self.0.as_simple())
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::parse_str(text).map(Self).map_err(|_| IdError { kind: stringify!($name), problem: "is not a UUID" })
            }
        }
    )*};
}

fn slug(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_'
}

fn printable(c: char) -> bool {
    !c.is_control()
}

text_id! {
    /// A business, the unit of isolation. Chosen by the operator: lower-case letters, digits, `-`, `_`.
    TenantId, "tenant id", 64, slug, "may hold only a-z, 0-9, - and _";
    /// One place of a tenant, with its own zone, address and catalogue.
    BranchId, "branch id", 64, slug, "may hold only a-z, 0-9, - and _";
    /// One WhatsApp number of a tenant, through which clients write.
    ChannelId, "channel id", 64, slug, "may hold only a-z, 0-9, - and _";
    /// One connection of a tenant to a booking system (an account of the CRM, or the built-in calendar).
    InstallId, "install id", 64, slug, "may hold only a-z, 0-9, - and _";
    /// A service, in the backend's own words; opaque to us.
    ServiceId, "service id", 128, printable, "holds a control character";
    /// A member of staff, in the backend's own words; opaque to us.
    StaffId, "staff id", 128, printable, "holds a control character";
    /// Something that a business says about itself. Chosen by the business: lower-case letters, digits, `-`, `_`.
    FactId, "fact id", 64, slug, "may hold only a-z, 0-9, - and _";
    /// A message, in the provider's own words (`wamid.…` at Meta); opaque to us.
    MessageId, "message id", 256, printable, "holds a control character";
}

uuid_id! {
    /// A client of one tenant, across its branches.
    ContactId, "contact";
    /// The conversation of one contact through one channel: the actor that turns run on.
    ConversationId, "conversation";
    /// Our stable id of a booking; every backend id ever seen is an alias of it.
    BookingId, "booking";
    /// Names one attempt of a critical action; the same after a crash, so that a backend with idempotency keys executes once.
    ActionKey, "action";
    /// Names one outgoing message; travels with it to the provider and comes back in its statuses.
    /// A reply that goes out as several messages has one for each of them, see [`DeliveryKey::part`].
    DeliveryKey, "delivery", whole;
    /// Names one word to the team; the same however often it is told.
    NoticeId, "notice";
    /// One turn of one conversation.
    TurnId, "turn";
}

/// What a [`DeliveryKey`] that came back in a status speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryPart {
    /// The key of the whole, under which it was queued.
    pub whole: DeliveryKey,
    /// Which of its messages, from 0. They go out in order: those before it went out too.
    pub part: u32,
    /// None comes after it.
    pub last: bool,
}

impl DeliveryKey {
    /// The key of message `part` (from 0) of the `of` that a reply is sent as. The only message of one has the key of the
    /// whole. Whoever gets it back learns from it alone which message it was and whether others follow: the last two
    /// bytes say so, which are zero in the key of a whole.
    #[must_use]
    pub fn part(self, part: usize, of: usize) -> Self {
        let mut bytes = self.0.into_bytes();
        let after = of.saturating_sub(part.saturating_add(1));
        bytes[14] = u8::try_from(after).unwrap_or(u8::MAX);
        bytes[15] = u8::try_from(part).unwrap_or(u8::MAX);
        Self(Uuid::from_bytes(bytes))
    }

    /// What this key speaks of; the other way round of [`DeliveryKey::part`].
    #[must_use]
    pub fn part_of(self) -> DeliveryPart {
        let [.., after, part] = *self.0.as_bytes();
        DeliveryPart { whole: Self(whole(self.0)), part: part.into(), last: after == 0 }
    }
}

/// Leaves room for the number of a message at the end.
fn whole(id: Uuid) -> Uuid {
    let mut bytes = id.into_bytes();
    bytes[14] = 0;
    bytes[15] = 0;
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ids_say_what_is_wrong() {
        assert_eq!(TenantId::new("").unwrap_err().to_string(), "tenant id is empty");
        assert_eq!(TenantId::new("Bella").unwrap_err().to_string(), "tenant id may hold only a-z, 0-9, - and _");
        assert!(StaffId::new("42").is_ok());
        assert!(serde_json::from_str::<TenantId>("\"NO\"").is_err());
    }

    #[test]
    fn derived_ids_depend_on_every_part() {
        assert_eq!(ActionKey::derive(&["a", "bc"]), ActionKey::derive(&["a", "bc"]));
        assert_ne!(ActionKey::derive(&["a", "bc"]), ActionKey::derive(&["ab", "c"]));
        assert_ne!(ActionKey::derive(&["a"]).as_uuid(), DeliveryKey::derive(&["a"]).as_uuid());
    }

    #[test]
    fn a_part_s_key_tells_which_message_of_what_it_is() {
        let whole = DeliveryKey::derive(&["a"]);
        assert_eq!(whole.part(0, 1), whole);
        let keys: std::collections::BTreeSet<_> = (0..3).map(|part| whole.part(part, 3)).collect();
        assert_eq!(keys.len(), 3);
        for part in 0..3 {
            let spoken: DeliveryKey = whole.part(part, 3).to_string().parse().unwrap();
            let expected = DeliveryPart { whole, part: u32::try_from(part).unwrap(), last: part == 2 };
            assert_eq!(spoken.part_of(), expected);
        }
        assert_ne!(DeliveryKey::derive(&["b"]).part(1, 2).part_of().whole, whole);
    }
}
