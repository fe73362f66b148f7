//! Reading single values of a config, and collecting what is wrong with them.

use crate::{
    config::{ConfigProblem, PriceConfig, WeekConfig},
    hours::{Stretch, parse_stretch},
};
use chatplug_core::model::{Money, Price};
use chrono::NaiveDate;
use chrono_tz::{TZ_VARIANTS, Tz};
use iso_currency::Currency;
use std::collections::BTreeMap;

/// Days by the names that a config uses, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    pub(crate) list: Vec<ConfigProblem>,
}

impl Problems {
    /// What is read of one value, or the first thing that is wrong with it.
    pub(crate) fn one<T>(read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, ConfigProblem> {
        let mut problems = Self::default();
        let value = read(&mut problems);
        match (problems.list.into_iter().next(), value) {
            (None, Some(value)) => Ok(value),
            (Some(problem), _) => Err(problem),
            (None, None) => Err(ConfigProblem { path: String::new(), message: "cannot be read".to_owned() }),
        }
    }

    pub(crate) fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.list.push(ConfigProblem { path: path.into(), message: message.into() });
    }

    /// Whether something is wrong there already, so that what follows from it need not be told.
    pub(crate) fn mention(&self, path: &str) -> bool {
        self.list
            .iter()
            .any(|problem| problem.path.strip_prefix(path).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
    }

    /// A text that must not be empty.
    pub(crate) fn filled(&mut self, path: impl Into<String>, text: &str) {
        if text.trim().is_empty() {
            self.add(path, "is empty: write something, or take the line out if it may be missing");
        }
    }

    /// A number with bounds.
    pub(crate) fn within(&mut self, path: impl Into<String>, number: u32, least: u32, most: u32) {
        if !(least..=most).contains(&number) {
            self.add(path, format!("is {number}: write a number between {least} and {most}"));
        }
    }

    /// A link to a picture.
    pub(crate) fn url(&mut self, path: impl Into<String>, url: Option<&String>) -> Option<String> {
        let url = url?;
        if url.starts_with("https://") || url.starts_with("http://") {
            return Some(url.clone());
        }
        self.add(path, format!("\"{url}\" is not a whole URL: begin it with https://"));
        None
    }
}

pub(crate) fn zone(text: &str, problems: &mut Problems) -> Option<Tz> {
    if let Ok(zone) = text.parse() {
        return Some(zone);
    }
    let city = |zone: &Tz| zone.name().rsplit('/').next().is_some_and(|city| same(city, text));
    let hint = TZ_VARIANTS.iter().find(|zone| same(zone.name(), text) || city(zone));
    problems.add(
        "zone",
        match hint {
            Some(zone) => format!("there is no zone \"{text}\": did you mean \"{zone}\"?"),
            None => format!("there is no zone \"{text}\": write an IANA name such as \"Europe/Lisbon\""),
        },
    );
    None
}

pub(crate) fn country(text: &str, problems: &mut Problems) {
    if text.len() != 2 || !text.bytes().all(|letter| letter.is_ascii_uppercase()) {
        problems.add("country", format!("\"{text}\" is not a country: write its two capital letters, such as \"PT\""));
    }
}

pub(crate) fn currency(text: &str, problems: &mut Problems) -> Option<Currency> {
    let currency = Currency::from_code(text);
    if currency.is_none() {
        problems.add("currency", format!("\"{text}\" is not a currency: write its three letters, such as \"EUR\""));
    }
    currency
}

/// A week of hours, each day in order.
pub(crate) fn week(path: impl AsRef<str>, config: &WeekConfig, problems: &mut Problems) -> [Vec<Stretch>; 7] {
    let path = path.as_ref();
    // A day alone wins over a range that holds it, whatever the order of the lines.
    let mut chosen: [Option<(usize, &str, Vec<Stretch>)>; 7] = Default::default();
    for (key, texts) in &config.0 {
        let Some(days) = days_of(key) else {
            let message =
                format!("\"{key}\" is not a day: write mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri");
            problems.add(path, message);
            continue;
        };
        let hours = stretches(&format!("{path}.{key}"), texts, problems);
        let many = days.len();
        for day in days {
            let Some(slot) = chosen.get_mut(day) else { continue };
            match slot {
                Some((1, ..)) if many > 1 => {}
                Some((other_many, other, _)) if *other_many > 1 && many > 1 => {
                    let day = DAYS.get(day).unwrap_or(&"a day");
                    let message = format!("{day} is in both {other} and {key}: let only one of them hold it");
                    problems.add(path, message);
                }
                _ => *slot = Some((many, key, hours.clone())),
            }
        }
    }
    chosen.map(|slot| slot.map(|(_, _, hours)| hours).unwrap_or_default())
}

/// Hours of single dates.
pub(crate) fn dates(
    path: &str,
    config: &BTreeMap<String, Vec<String>>,
    problems: &mut Problems,
) -> BTreeMap<NaiveDate, Vec<Stretch>> {
    let mut known = BTreeMap::new();
    for (key, texts) in config {
        let hours = stretches(&format!("{path}.{key}"), texts, problems);
        match NaiveDate::parse_from_str(key, "%Y-%m-%d") {
            Ok(date) => {
                known.insert(date, hours);
            }
            Err(_) => problems.add(path, format!("\"{key}\" is not a date: write it as \"2026-12-24\"")),
        }
    }
    known
}

/// A price, checked against the digits that its currency has.
pub(crate) fn price(path: &str, config: &PriceConfig, currency: Currency, problems: &mut Problems) -> Option<Price> {
    let mut amount = |text: &str| {
        let minor = minor_units(text, currency);
        if minor.is_none() {
            let digits = currency.exponent().unwrap_or(2);
            let example =
                if digits == 0 { "\"45\"".to_owned() } else { format!("\"45.{}\"", "0".repeat(digits.into())) };
            problems.add(path, format!("\"{text}\" is not an amount of {}: write it as {example}", currency.code()));
        }
        minor.map(|minor| Money::new(minor, currency))
    };
    let from = amount(&config.from);
    let to = config.to.as_ref().map(|to| amount(to));
    match (from?, to) {
        (from, None) => Some(Price::fixed(from)),
        (from, Some(to)) => {
            let to = to?;
            if to.minor <= from.minor {
                problems.add(path, "the greatest price is not above the least: swap them, or write one price");
                return None;
            }
            Some(Price { from, to: Some(to) })
        }
    }
}

fn minor_units(text: &str, currency: Currency) -> Option<i64> {
    let (whole, cents) = text.split_once('.').unwrap_or((text, ""));
    let digits = usize::from(currency.exponent().unwrap_or(2));
    let numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || !numeric(whole) || !numeric(cents) || text.ends_with('.') {
        return None;
    }
    if cents.len() > digits {
        return None;
    }
    format!("{whole}{cents:0<digits$}").parse().ok()
}

fn stretches(path: &str, texts: &[String], problems: &mut Problems) -> Vec<Stretch> {
    let mut hours: Vec<Stretch> = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        match parse_stretch(text) {
            Ok(stretch) => {
                if hours.iter().any(|other| other.from < stretch.to && stretch.from < other.to) {
                    problems
                        .add(format!("{path}[{at}]"), format!("\"{text}\" overlaps another of that day: join them"));
                } else {
                    hours.push(stretch);
                }
            }
            Err(message) => problems.add(format!("{path}[{at}]"), message),
        }
    }
    hours.sort_unstable();
    hours
}

/// `fri` or `mon-fri` as numbers of days, Monday 0. A range may go over Sunday (`sat-mon`).
fn days_of(key: &str) -> Option<Vec<usize>> {
    let number = |name: &str| DAYS.iter().position(|day| *day == name);
    match key.split_once('-') {
        None => Some(vec![number(key)?]),
        Some((from, to)) => {
            let (from, to) = (number(from)?, number(to)?);
            (from != to).then(|| (from..=if to < from { to + 7 } else { to }).map(|day| day % 7).collect())
        }
    }
}

fn same(left: &str, right: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace([' ', '_'], "");
    plain(left) == plain(right)
}
