//! Money and prices.

use iso_currency::Currency;
use serde::{Deserialize, Serialize};

/// An amount in the smallest unit of its currency (cents), never a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Amount in minor units: 4500 is 45.00 EUR, and 4500 JPY.
    pub minor: i64,
    /// ISO 4217 currency.
    pub currency: Currency,
}

impl Money {
    /// An amount in minor units.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// How many digits stand behind the decimal point: 2 for EUR, 0 for JPY.
    #[must_use]
    pub fn exponent(&self) -> u16 {
        self.currency.exponent().unwrap_or(2)
    }
}

/// What a service costs: one price, or "from … to …" where it depends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Price {
    /// The price, or the least of a range.
    pub from: Money,
    /// The greatest price of a range, in the same currency; `None` for one price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Money>,
}

impl Price {
    /// One fixed price.
    #[must_use]
    pub const fn fixed(money: Money) -> Self {
        Self { from: money, to: None }
    }
}
