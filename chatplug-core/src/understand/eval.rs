//! The library behind `chatplug understand`: labelled messages in, predictions and scores out.
//!
//! Reads the evaluation set's forms (a catalogue file, one message a line) and scores as its guide says. Files, streams
//! and tables on a terminal belong to the caller.

mod by;

pub use by::predict_by;

use super::{Explanation, OfflineEngine};
use crate::model::{Branch, BranchId, Catalog, Lang, Localized, Private, Service, ServiceId, Staff, StaffId};
use crate::ports::{Context, Intent, Interpretation, OpenQuestion, StaffMention, TimeReading, Utterance};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a catalogue file or a line cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// It is not JSON of the expected form.
    #[error("not of the expected form")]
    Form(#[source] serde_json::Error),
    /// An id of the catalogue breaks the rules for ids.
    #[error("a bad id in the catalogue")]
    Id(#[source] crate::model::IdError),
    /// The catalogue has no names in the language that a line asks for.
    #[error("the catalogue has no name for \"{service}\" in \"{lang}\"")]
    Untranslated {
        /// Service without a name.
        service: String,
        /// Language asked for.
        lang: Lang,
    },
}

/// The catalogue file: services with their names in every language, and staff.
#[derive(Debug, Clone, Deserialize)]
pub struct CatalogFile {
    services: Vec<FileService>,
    staff: Vec<FileStaff>,
}

#[derive(Debug, Clone, Deserialize)]
struct FileService {
    id: String,
    minutes: u32,
    names: BTreeMap<Lang, String>,
    #[serde(default)]
    also: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct FileStaff {
    id: String,
    name: String,
    #[serde(default)]
    also: Vec<String>,
}

impl CatalogFile {
    /// Reads a catalogue file.
    ///
    /// # Errors
    /// [`EvalError::Form`] when it is not of the form.
    pub fn parse(json: &str) -> Result<Self, EvalError> {
        serde_json::from_str(json).map_err(EvalError::Form)
    }

    /// The catalogue of a business that writes its services in one language.
    ///
    /// # Errors
    /// When an id is malformed or a service has no name in that language.
    pub fn catalog(&self, lang: Lang, country: &str, zone: Tz) -> Result<Catalog, EvalError> {
        let id = |text: &str| ServiceId::new(text).map_err(EvalError::Id);
        let services = self
            .services
            .iter()
            .map(|service| {
                let name = service
                    .names
                    .get(&lang)
                    .ok_or_else(|| EvalError::Untranslated { service: service.id.clone(), lang })?;
                Ok(Service {
                    id: id(&service.id)?,
                    name: Localized::new(name.clone()),
                    also: service.also.clone(),
                    category: None,
                    description: None,
                    minutes: service.minutes,
                    price: None,
                    image: None,
                    staff: Vec::new(),
                    requires: Vec::new(),
                    gate: None,
                })
            })
            .collect::<Result<_, EvalError>>()?;
        let staff = self
            .staff
            .iter()
            .map(|staff| {
                Ok(Staff {
                    id: StaffId::new(staff.id.as_str()).map_err(EvalError::Id)?,
                    name: staff.name.clone(),
                    also: staff.also.clone(),
                    title: None,
                    rating: None,
                    photo: None,
                    languages: Vec::new(),
                })
            })
            .collect::<Result<_, EvalError>>()?;
        Ok(Catalog {
            version: 1,
            branch: Branch {
                id: BranchId::new("eval").map_err(EvalError::Id)?,
                name: String::from("Evaluation"),
                zone,
                country: country.to_owned(),
                currency: iso_currency::Currency::EUR,
                place: None,
                phone: None,
                hours: Vec::new(),
            },
            services,
            staff,
        })
    }
}

/// One message of the set; labels are read apart, see [`Labels`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Line {
    /// Names the line in predictions.
    pub id: String,
    /// What the client wrote.
    pub text: String,
    /// Local time of the business with its offset.
    pub now: DateTime<FixedOffset>,
    /// ISO 3166-1 country of the business.
    pub region: String,
    /// Language of the business's catalogue.
    pub catalog: Lang,
}

/// What a perfect reader would answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Labels {
    /// Language to answer in.
    pub lang: Lang,
    /// Intent.
    pub intent: Intent,
    /// Service ids, as a set.
    pub service: Vec<String>,
    /// Staff id or `any`.
    pub staff: Option<String>,
    /// Acceptable readings; empty when no date is named.
    pub date: Vec<Dates>,
    /// Acceptable readings; empty when no time is named.
    pub time: Vec<Times>,
    /// Number of people.
    pub party: u8,
}

/// A range of dates in the set's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dates {
    /// First day.
    pub from: NaiveDate,
    /// Last day, included.
    pub to: NaiveDate,
}

/// A time in the set's form: `{"at":"15:30"}`, or `{"from":…,"to":…}` with either absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Times {
    /// At `HH:MM`.
    At {
        /// The time.
        at: String,
    },
    /// Between two times, either open.
    Range {
        /// Not before.
        from: Option<String>,
        /// Not after.
        to: Option<String>,
    },
}

/// One line of predictions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prediction {
    /// The line it is about.
    pub id: String,
    /// Language to answer in.
    pub lang: Lang,
    /// Intent.
    pub intent: Intent,
    /// Service ids.
    pub service: Vec<String>,
    /// Staff id or `any`.
    pub staff: Option<String>,
    /// The likeliest reading.
    pub date: Option<Dates>,
    /// The likeliest reading.
    pub time: Option<Times>,
    /// Number of people.
    pub party: u8,
}

/// The fields that are scored, in the order of the table; `whole` is all of them.
pub const FIELDS: [&str; 8] = ["lang", "intent", "service", "staff", "date", "time", "party", "whole"];

/// Reads one message without its labels.
///
/// # Errors
/// When the line is not of the form or the catalogue has no names in its language.
pub fn predict(engine: &OfflineEngine, file: &CatalogFile, json: &str) -> Result<Prediction, EvalError> {
    let line: Line = serde_json::from_str(json).map_err(EvalError::Form)?;
    let zone = zone_of(&line.region, line.now);
    let catalog = file.catalog(line.catalog, &line.region, zone)?;
    let meaning = interpret(engine, &catalog, &line);
    Ok(Prediction::new(line.id, &meaning, line.catalog))
}

/// Reads one message of the set as on first contact: no open question, no language known.
#[must_use]
pub fn interpret(engine: &OfflineEngine, catalog: &Catalog, line: &Line) -> Interpretation {
    let utterance = Utterance { text: Private::new(line.text.clone()), at: line.now.with_timezone(&Utc) };
    let context =
        Context { catalog, language: None, default_language: line.catalog, open: OpenQuestion::None, options: 0 };
    engine.understand(&utterance, &context)
}

/// Says of one message which word or rule gave what.
///
/// # Errors
/// When the catalogue has no names in the line's language.
pub fn explain(engine: &OfflineEngine, file: &CatalogFile, line: &Line) -> Result<Explanation, EvalError> {
    let catalog = file.catalog(line.catalog, &line.region, zone_of(&line.region, line.now))?;
    let utterance = Utterance { text: Private::new(line.text.clone()), at: line.now.with_timezone(&Utc) };
    let context = Context {
        catalog: &catalog,
        language: None,
        default_language: line.catalog,
        open: OpenQuestion::None,
        options: 0,
    };
    Ok(engine.explain(&utterance, &context))
}

impl Prediction {
    /// An interpretation in the set's form.
    #[must_use]
    pub fn new(id: String, meaning: &Interpretation, default: Lang) -> Self {
        let guess = meaning.lang.map_or(default, |guess| guess.lang);
        Self {
            id,
            lang: meaning.wanted_lang.unwrap_or(guess),
            intent: meaning.intent,
            service: meaning.services.iter().map(|id| id.as_str().to_owned()).collect(),
            staff: match &meaning.staff {
                None => None,
                Some(StaffMention::Any) => Some(String::from("any")),
                Some(StaffMention::Named(ids)) => ids.first().map(|id| id.as_str().to_owned()),
            },
            date: meaning.date.first().map(|range| Dates { from: range.from, to: range.to }),
            time: meaning.time.first().map(Times::from),
            party: meaning.party,
        }
    }

    /// Which of [`FIELDS`] are right.
    #[must_use]
    pub fn verdicts(&self, labels: &Labels) -> [bool; FIELDS.len()] {
        let set = |ids: &[String]| {
            let mut ids = ids.to_vec();
            ids.sort();
            ids.dedup();
            ids
        };
        let fields = [
            self.lang == labels.lang,
            self.intent == labels.intent,
            set(&self.service) == set(&labels.service),
            self.staff == labels.staff,
            self.date.as_ref().map_or(labels.date.is_empty(), |date| labels.date.contains(date)),
            self.time.as_ref().map_or(labels.time.is_empty(), |time| labels.time.contains(time)),
            self.party == labels.party,
        ];
        let whole = fields.iter().all(|right| *right);
        let mut verdicts = [whole; FIELDS.len()];
        for (slot, right) in verdicts.iter_mut().zip(fields) {
            *slot = right;
        }
        verdicts
    }
}

impl From<TimeReading> for Times {
    fn from(reading: TimeReading) -> Self {
        let text = |time: NaiveTime| time.format("%H:%M").to_string();
        match reading {
            TimeReading::At(time) => Self::At { at: text(time) },
            TimeReading::Between { from, to } => Self::Range { from: from.map(text), to: to.map(text) },
        }
    }
}

/// Counts of right answers by language and in all.
#[derive(Debug, Clone, Default)]
pub struct Score {
    groups: BTreeMap<String, (u32, [u32; FIELDS.len()])>,
}

impl Score {
    /// Counts one line.
    pub fn add(&mut self, lang: Lang, verdicts: &[bool; FIELDS.len()]) {
        for group in [lang.code(), "all"] {
            let (lines, right) = self.groups.entry(group.to_owned()).or_default();
            *lines += 1;
            for (count, verdict) in right.iter_mut().zip(verdicts) {
                *count += u32::from(*verdict);
            }
        }
    }

    /// Share right of a field, 0 to 1, of a language or of `all`; `None` when nothing was counted.
    #[must_use]
    pub fn share(&self, group: &str, field: &str) -> Option<f64> {
        let (lines, right) = self.groups.get(group)?;
        let at = FIELDS.iter().position(|name| *name == field)?;
        Some(f64::from(*right.get(at)?) / f64::from(*lines))
    }

    /// Languages counted, and `all`.
    pub fn groups(&self) -> impl Iterator<Item = (&str, u32)> {
        self.groups.iter().map(|(name, (lines, _))| (name.as_str(), *lines))
    }

    /// The table as text, one line a group, in the evaluation script's columns.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = format!("{:6}{:>6}", "", "n");
        for field in FIELDS {
            table.push_str(&format!("{field:>9}"));
        }
        table.push('\n');
        for (group, lines) in self.groups() {
            table.push_str(&format!("{group:6}{lines:6}"));
            for field in FIELDS {
                table.push_str(&format!("{:9.3}", self.share(group, field).unwrap_or(0.0)));
            }
            table.push('\n');
        }
        table
    }
}

/// A zone with the offset of the moment; its rules matter only through the local day and time.
fn zone_of(region: &str, now: DateTime<FixedOffset>) -> Tz {
    let offset = now.offset().fix().local_minus_utc();
    let fits = |zone: &Tz| zone.offset_from_utc_datetime(&now.naive_utc()).fix().local_minus_utc() == offset;
    let usual: &[Tz] = match region {
        "BR" => &[Tz::America__Sao_Paulo],
        "PT" => &[Tz::Europe__Lisbon],
        "US" => &[Tz::America__New_York, Tz::America__Chicago, Tz::America__Los_Angeles],
        "GB" => &[Tz::Europe__London],
        "RU" => &[Tz::Europe__Moscow],
        "KZ" => &[Tz::Asia__Almaty],
        _ => &[],
    };
    usual.iter().copied().find(fits).or_else(|| chrono_tz::TZ_VARIANTS.iter().copied().find(fits)).unwrap_or(Tz::UTC)
}
