//! Personal data that must not reach logs.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A personal value (a name, a phone number, a message text) whose `Debug` prints a redaction.
///
/// There is no `Display`: showing the value is a decision, made with [`Private::reveal`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Wraps a personal value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the client, the booking system or a person of the business; never for a log.
    pub const fn reveal(&self) -> &T {
        &self.0
    }

    /// Takes the value out.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Private<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<private>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_a_redaction() {
        assert_eq!(format!("{:?}", Some(Private::new("Maria"))), "Some(<private>)");
    }
}
