//! The calendar as people write it: plain texts and numbers, nothing checked yet.
//!
//! Checking is [`CalendarConfig::validate`], in `check.rs`, so that all mistakes are found at once and each can be named
//! by its place in the file.

use crate::{
    check::localized,
    read::{self, Problems},
};
use chatplug_core::model::{ClientField, Localized, Price};
use chrono_tz::Tz;
use iso_currency::Currency;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{collections::BTreeMap, fmt};

/// A branch with its services, its people and their hours.
///
/// ```
/// let config: chatplug_calendar::CalendarConfig = toml::from_str(r#"
///     name = "Studio Bella"
///     zone = "Europe/Lisbon"
///     country = "PT"
///     currency = "EUR"
///     hours = { mon-fri = ["09:00-13:00", "14:00-18:00"], sat = ["10:00-14:00"] }
///
///     [[services]]
///     id = "haircut"
///     name = { main = "Haircut", pt = "Corte de cabelo" }
///     minutes = 45
///     price = "25.00"
///
///     [[staff]]
///     id = "ana"
///     name = "Ana"
/// "#)?;
/// assert!(config.validate().is_ok());
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarConfig {
    /// Name of the branch as clients know it.
    pub name: String,
    /// IANA zone, such as `Europe/Lisbon`. All times in the config are wall times of this zone.
    pub zone: String,
    /// Country, two capital letters (ISO 3166-1): `PT`.
    pub country: String,
    /// Currency of all prices (ISO 4217): `EUR`.
    pub currency: String,
    /// Phone number for people to call, as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// New bookings begin at least this many minutes from now.
    #[serde(default = "default_lead")]
    pub lead_minutes: u32,
    /// New bookings are taken for today and this many days more.
    #[serde(default = "default_horizon")]
    pub horizon_days: u32,
    /// Times are offered in steps of so many minutes, counted from the beginning of each stretch of `hours`.
    #[serde(default = "default_step")]
    pub step_minutes: u32,
    /// Where the branch is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceConfig>,
    /// Opening hours: those of everybody without `hours` of their own.
    #[serde(default, skip_serializing_if = "WeekConfig::is_empty")]
    pub hours: WeekConfig,
    /// Breaks of everybody without `breaks` of their own.
    #[serde(default, skip_serializing_if = "WeekConfig::is_empty")]
    pub breaks: WeekConfig,
    /// Dates that differ: `"2026-12-25" = []` is closed for everybody, `"2026-12-24" = ["09:00-13:00"]` is shorter.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dates: BTreeMap<String, Vec<String>>,
    /// What can be booked, in the order to show it.
    #[serde(default)]
    pub services: Vec<ServiceConfig>,
    /// Who does it, in the order to show them.
    #[serde(default)]
    pub staff: Vec<StaffConfig>,
}

/// A spot on the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceConfig {
    /// Name on the map pin; the branch's name when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Address in one line.
    pub address: String,
    /// Degrees north; without both coordinates no pin is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Degrees east.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
}

/// Something a client can book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceConfig {
    /// Its id: keep it when the name changes, bookings refer to it.
    pub id: String,
    /// Name.
    pub name: Text,
    /// Other words that clients use for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// Group to show it under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Text>,
    /// A sentence or two about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// How long it takes.
    pub minutes: u32,
    /// What it costs: `"45.00"`, or `{ from = "30.00", to = "60.00" }`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceConfig>,
    /// URL of a picture (JPEG or PNG).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Who does it: a list of ids, or `"all"` (the default). An empty list is a service without a person: a class, a room.
    #[serde(default)]
    pub staff: StaffSet,
    /// How many clients may share one time; only for services without a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// Minutes kept free before it.
    #[serde(default)]
    pub buffer_before: u32,
    /// Minutes kept free after it.
    #[serde(default)]
    pub buffer_after: u32,
    /// When it is offered, if not whenever somebody works: times are counted from the beginning of these stretches then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<WeekConfig>,
    /// What must be known of a client before it is booked: `email`, `name`, `phone`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<ClientField>,
}

/// Somebody who does services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaffConfig {
    /// Their id: keep it when the name changes, bookings refer to it.
    pub id: String,
    /// Name as clients know it.
    pub name: String,
    /// Other spellings, for instance in another alphabet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// What they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text>,
    /// Reviews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<RatingConfig>,
    /// URL of a picture (JPEG or PNG).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<String>,
    /// Languages they speak: `["pt", "en"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// Their week; the branch's when missing. A day that is not named is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<WeekConfig>,
    /// Their breaks; the branch's when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaks: Option<WeekConfig>,
    /// Dates that differ, for them alone: exactly these hours, no breaks. They win over the branch's `dates`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dates: BTreeMap<String, Vec<String>>,
}

/// An average of reviews.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatingConfig {
    /// Average, 0 to 5 with one decimal: `4.8`.
    pub stars: f64,
    /// How many reviews stand behind it.
    pub reviews: u32,
}

/// Hours by day: `mon-fri = ["09:00-13:00", "14:00-18:00"]`, `sat = ["10:00-14:00"]`.
///
/// A day alone wins over a range of days. A stretch that ends before it begins runs over midnight (`"22:00-02:00"`) and
/// belongs to the day on which it begins. `24:00` is the end of the day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WeekConfig(pub BTreeMap<String, Vec<String>>);

impl WeekConfig {
    /// Whether no day is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Who does a service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum StaffSet {
    /// Everybody.
    #[default]
    All,
    /// These, by id; nobody when empty.
    Only(Vec<String>),
}

/// A text, alone or with translations: `"Haircut"`, or `{ main = "Haircut", pt = "Corte" }`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// The wording for every language without a translation.
    pub main: String,
    /// Translations by language code.
    pub by_lang: BTreeMap<String, String>,
}

/// A price in the branch's currency, as decimals in quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceConfig {
    /// The price, or the least of a range.
    pub from: String,
    /// The greatest of a range.
    pub to: Option<String>,
}

/// A mistake in a config.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{path}: {message}")]
pub struct ConfigProblem {
    /// Where: `services[2].price`, counted from 0.
    pub path: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

const fn default_lead() -> u32 {
    60
}

const fn default_horizon() -> u32 {
    60
}

const fn default_step() -> u32 {
    15
}

impl Text {
    /// The text with its translations.
    ///
    /// # Errors
    /// It is empty, or a language is not spoken.
    pub fn localized(&self) -> Result<Localized, ConfigProblem> {
        Problems::one(|problems| Some(localized(String::new(), self, problems)))
    }
}

impl PriceConfig {
    /// The price in a currency.
    ///
    /// # Errors
    /// It is no amount, or has more digits than the currency.
    pub fn price(&self, currency: Currency) -> Result<Price, ConfigProblem> {
        Problems::one(|problems| read::price("", self, currency, problems))
    }
}

/// A zone by its name, such as `Europe/Lisbon`.
///
/// # Errors
/// There is none of that name; the nearest is named.
pub fn zone(name: &str) -> Result<Tz, ConfigProblem> {
    Problems::one(|problems| read::zone(name, problems))
}

impl Serialize for StaffSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Only(ids) => ids.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for StaffSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = StaffSet;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"all\" or a list of staff ids")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<StaffSet, E> {
                if text == "all" { Ok(StaffSet::All) } else { Err(E::invalid_value(de::Unexpected::Str(text), &self)) }
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, items: A) -> Result<StaffSet, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(items)).map(StaffSet::Only)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self { main: text.to_owned(), by_lang: BTreeMap::new() }
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.by_lang.is_empty() {
            return serializer.serialize_str(&self.main);
        }
        serializer.collect_map(
            std::iter::once(("main", &self.main)).chain(self.by_lang.iter().map(|(lang, text)| (lang.as_str(), text))),
        )
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a table such as { main = \"Haircut\", pt = \"Corte\" }")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text::from(text))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Text, A::Error> {
                let mut by_lang = BTreeMap::<String, String>::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let main = by_lang.remove("main").ok_or_else(|| de::Error::missing_field("main"))?;
                Ok(Text { main, by_lang })
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Serialize for PriceConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.to {
            None => serializer.serialize_str(&self.from),
            Some(to) => serializer.collect_map([("from", &self.from), ("to", to)]),
        }
    }
}

impl<'de> Deserialize<'de> for PriceConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Range {
            from: String,
            to: Option<String>,
        }
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = PriceConfig;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a price in quotes such as \"45.00\", or { from = \"30.00\", to = \"60.00\" }")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<PriceConfig, E> {
                Ok(PriceConfig { from: text.to_owned(), to: None })
            }
            fn visit_i64<E: de::Error>(self, whole: i64) -> Result<PriceConfig, E> {
                Ok(PriceConfig { from: whole.to_string(), to: None })
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<PriceConfig, A::Error> {
                let Range { from, to } = Range::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(PriceConfig { from, to })
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(line: &str) -> Result<ServiceConfig, String> {
        toml::from_str(&format!("id = \"a\"\nname = \"A\"\nminutes = 30\n{line}")).map_err(|error| error.to_string())
    }

    #[test]
    fn prices_texts_and_staff_are_written_in_short_or_in_full() {
        assert_eq!(service("price = \"45.00\"").unwrap().price.unwrap().from, "45.00");
        assert_eq!(service("price = 45").unwrap().price.unwrap().from, "45");
        assert_eq!(service("price = { from = \"30\", to = \"60\" }").unwrap().price.unwrap().to.unwrap(), "60");
        assert_eq!(service("").unwrap().staff, StaffSet::All);
        assert_eq!(service("staff = []").unwrap().staff, StaffSet::Only(vec![]));
        let category = service("category = { main = \"Hair\", pt = \"Cabelo\" }").unwrap().category.unwrap();
        assert_eq!((category.main.as_str(), category.by_lang["pt"].as_str()), ("Hair", "Cabelo"));
    }

    #[test]
    fn a_wrong_form_says_what_is_expected() {
        assert!(service("price = 45.5").unwrap_err().contains("a price in quotes such as"));
        assert!(service("staff = \"ana\"").unwrap_err().contains("\"all\" or a list of staff ids"));
        assert!(service("category = { pt = \"Cabelo\" }").unwrap_err().contains("missing field `main`"));
        assert!(service("lenght = 3").unwrap_err().contains("unknown field `lenght`"));
    }

    #[test]
    fn what_is_written_can_be_read_again() {
        let before =
            service("price = { from = \"1\", to = \"2\" }\nstaff = []\ncapacity = 3\nbuffer_after = 5").unwrap();
        assert_eq!(toml::from_str::<ServiceConfig>(&toml::to_string(&before).unwrap()).unwrap(), before);
    }
}
