//! The declaration: `templates/stock.toml`, read once.

use crate::{model::Lang, ports::TemplateCategory};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::OnceLock};

/// The shipped declaration.
const STOCK: &str = include_str!("../../templates/stock.toml");

/// A template as it is declared, in whatever language.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    meaning: String,
    category: TemplateCategory,
    text: String,
    blanks: Vec<Blank>,
    time_to_live: Option<u32>,
    #[serde(default)]
    buttons: Vec<Button>,
}

impl Declared {
    /// What the engine asks for.
    #[must_use]
    pub fn meaning(&self) -> &str {
        &self.meaning
    }

    /// What it is handed in as.
    #[must_use]
    pub const fn category(&self) -> TemplateCategory {
        self.category
    }

    /// Name of its Fluent message.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its blanks in order.
    #[must_use]
    pub fn blanks(&self) -> &[Blank] {
        &self.blanks
    }

    /// Seconds after which a message that did not arrive is dropped.
    #[must_use]
    pub const fn time_to_live(&self) -> Option<u32> {
        self.time_to_live
    }

    /// Its quick replies in order.
    #[must_use]
    pub fn buttons(&self) -> &[Button] {
        &self.buttons
    }
}

/// What a blank of a template holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blank {
    /// The client's first name, or what stands for one that is not known.
    Name,
    /// What is booked.
    Service,
    /// When, with the weekday.
    When,
    /// The business.
    Business,
}

impl Blank {
    /// The variable of the Fluent message.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Service => "service",
            Self::When => "when",
            Self::Business => "business",
        }
    }
}

/// A quick reply of a template.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Button {
    label: String,
    does: String,
}

impl Button {
    /// Name of its label's Fluent message.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What a tap does to the booking, as its payload says.
    #[must_use]
    pub fn does(&self) -> &str {
        &self.does
    }
}

/// Everything that is declared, in order.
#[must_use]
pub fn all() -> &'static [Declared] {
    &stock().template
}

/// The declaration of a meaning.
#[must_use]
pub fn declared(meaning: &str) -> Option<&'static Declared> {
    all().iter().find(|declared| declared.meaning == meaning)
}

/// The providers' code of a language as it is written in a country (ISO 3166, empty for none).
#[must_use]
pub fn locale(lang: Lang, country: &str) -> String {
    let known = stock().locales.get(&lang);
    let found = known.and_then(|known| known.get(country).or_else(|| known.get("usual")));
    found.map_or_else(|| lang.code().to_owned(), Clone::clone)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stock {
    template: Vec<Declared>,
    locales: BTreeMap<Lang, BTreeMap<String, String>>,
}

fn stock() -> &'static Stock {
    static READ: OnceLock<Stock> = OnceLock::new();
    // A declaration that cannot be read fails the test below, and never ships.
    READ.get_or_init(|| toml::from_str(STOCK).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::samples;

    #[test]
    fn the_declaration_is_read_and_says_every_meaning() {
        if let Err(error) = toml::from_str::<Stock>(STOCK) {
            panic!("{error}");
        }
        let declared: Vec<_> = all().iter().map(Declared::meaning).collect();
        let facts = samples::Facts::new("Haircut", "Ana", chrono_tz::UTC, 3000, iso_currency::Currency::EUR);
        let said: Vec<_> = samples::templates(&facts).iter().map(|(_, meaning)| meaning.name()).collect();
        assert_eq!(declared, said, "what is declared and what the engine can say");
    }

    #[test]
    fn a_language_is_written_as_in_its_country() {
        assert_eq!(locale(Lang::PT, "PT"), "pt_PT");
        assert_eq!(locale(Lang::PT, "BR"), "pt_BR");
        assert_eq!(locale(Lang::PT, ""), "pt_BR");
        assert_eq!(locale(Lang::EN, "GB"), "en");
    }
}
