//! Working hours, days that differ, and absences: shown, and changed where the API allows it.
//!
//! What is free is always asked of Cal.com; nothing here decides about it.

use crate::{CalcomClient, Call, CallError, wire::lenient};
use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Entries in one answer.
const PAGE: u32 = 250;

/// Whose schedules they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleOwner {
    /// The user's who calls.
    Caller,
    /// A member's of an organisation, by an administrator of it.
    Member {
        /// The organisation's number.
        organization: u64,
        /// The user's number.
        user: u64,
    },
}

/// The schedules and absences of one person.
#[derive(Debug, Clone)]
pub struct CalcomSchedules {
    client: CalcomClient,
    owner: ScheduleOwner,
}

/// A schedule: what event types are bookable by.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CalcomSchedule {
    /// Its number.
    pub id: u64,
    /// What it is called.
    pub name: String,
    /// The zone of all its times, as it is written there.
    pub zone: String,
    /// Event types that name no schedule have this one.
    pub is_default: bool,
    /// The usual week.
    pub week: Vec<WeekHours>,
    /// Days that differ, in order.
    pub days: Vec<DayHours>,
}

/// The same hours on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeekHours {
    /// Days by their English names, as Cal.com has them: `Monday`.
    pub days: Vec<String>,
    /// From.
    pub from: NaiveTime,
    /// To.
    pub to: NaiveTime,
}

/// Hours of one date in place of the usual ones. A date may have several; from midnight to midnight is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayHours {
    /// The date.
    pub date: NaiveDate,
    /// From.
    pub from: NaiveTime,
    /// To.
    pub to: NaiveTime,
}

impl DayHours {
    /// Whether nobody works that day.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.from == NaiveTime::MIN && self.to == NaiveTime::MIN
    }
}

/// A stretch in which somebody is away.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CalcomAbsence {
    /// Its number.
    pub id: u64,
    /// First day away.
    pub from: NaiveDate,
    /// Last day away.
    pub to: NaiveDate,
    /// Why, as Cal.com tells it.
    pub reason: String,
}

/// Why somebody is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AbsenceReason {
    /// Not said.
    #[default]
    Unspecified,
    /// On holiday.
    Vacation,
    /// Travelling.
    Travel,
    /// Ill.
    Sick,
    /// A day on which nobody works.
    PublicHoliday,
}

/// Why a schedule is not as it should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// It could not be read or written.
    #[error("the schedule cannot be read or written")]
    Call(#[from] CallError),
    /// There is none.
    #[error("there is no schedule {0}")]
    Unknown(u64),
    /// The user has none at all: Cal.com offers no times then.
    #[error("the user has no schedule, so Cal.com offers no times")]
    None,
    /// Hours that end before they begin, or overlap.
    #[error("{0}")]
    Hours(String),
    /// Absences belong to organisations.
    #[error(
        "Cal.com lets only administrators of an organisation enter absences over its API: close the days instead, or enter \
         them in Cal.com under Settings > Out of office"
    )]
    NeedsOrganization,
    /// It was written, and is not so when it is read again.
    #[error("the schedule was written, and is not so when it is read again")]
    NotKept,
}

impl CalcomSchedules {
    /// The schedules of whoever calls, or of a member of an organisation.
    #[must_use]
    pub const fn new(client: CalcomClient, owner: ScheduleOwner) -> Self {
        Self { client, owner }
    }

    /// All schedules of the person.
    ///
    /// # Errors
    /// [`ScheduleError::Call`].
    pub async fn list(&self) -> Result<Vec<CalcomSchedule>, ScheduleError> {
        let told: Vec<Wire> = self.client.get(self.path()).await?;
        Ok(told.into_iter().filter_map(Wire::read).collect())
    }

    /// One schedule; the usual one, unless a number is given.
    ///
    /// # Errors
    /// See [`ScheduleError`].
    pub async fn one(&self, id: Option<u64>) -> Result<CalcomSchedule, ScheduleError> {
        let all = self.list().await?;
        match id {
            Some(id) => all.into_iter().find(|one| one.id == id).ok_or(ScheduleError::Unknown(id)),
            None => {
                let usual = all.iter().position(|one| one.is_default).unwrap_or_default();
                all.into_iter().nth(usual).ok_or(ScheduleError::None)
            }
        }
    }

    /// Gives a date hours of its own, in place of those that it had.
    ///
    /// # Errors
    /// See [`ScheduleError`]; nothing was written unless it says so.
    pub async fn set(
        &self,
        id: Option<u64>,
        date: NaiveDate,
        hours: &[(NaiveTime, NaiveTime)],
    ) -> Result<CalcomSchedule, ScheduleError> {
        let mut sorted = hours.to_vec();
        sorted.sort_unstable();
        if let Some((from, to)) = sorted.iter().find(|(from, to)| to <= from) {
            return Err(ScheduleError::Hours(format!("{}-{} ends before it begins", clock(*from), clock(*to))));
        }
        let overlap = sorted.windows(2).any(|pair| matches!(pair, [one, other] if other.0 < one.1));
        if overlap {
            return Err(ScheduleError::Hours("hours of a day must not overlap".to_owned()));
        }
        if sorted.is_empty() {
            return Err(ScheduleError::Hours("no hours are given: close the day instead".to_owned()));
        }
        let hours = sorted.into_iter().map(|(from, to)| DayHours { date, from, to }).collect();
        self.bring(id, date, hours).await
    }

    /// Closes a date.
    ///
    /// # Errors
    /// See [`ScheduleError`].
    pub async fn close(&self, id: Option<u64>, date: NaiveDate) -> Result<CalcomSchedule, ScheduleError> {
        self.bring(id, date, vec![DayHours { date, from: NaiveTime::MIN, to: NaiveTime::MIN }]).await
    }

    /// Lets a date have the usual hours again.
    ///
    /// # Errors
    /// See [`ScheduleError`].
    pub async fn clear(&self, id: Option<u64>, date: NaiveDate) -> Result<CalcomSchedule, ScheduleError> {
        self.bring(id, date, Vec::new()).await
    }

    /// The person's absences, in order.
    ///
    /// # Errors
    /// [`ScheduleError::NeedsOrganization`], [`ScheduleError::Call`].
    pub async fn absences(&self) -> Result<Vec<CalcomAbsence>, ScheduleError> {
        let path = self.absence_path()?;
        let told: Vec<WireAbsence> =
            self.client.send(&Call::get(path).query("take", PAGE)).await.map_err(not_an_administrator)?.data;
        let mut absences: Vec<_> = told.into_iter().filter_map(WireAbsence::read).collect();
        absences.sort_by_key(|one| (one.from, one.id));
        Ok(absences)
    }

    /// Enters an absence, both days included.
    ///
    /// # Errors
    /// See [`ScheduleError`].
    pub async fn leave(
        &self,
        from: NaiveDate,
        to: NaiveDate,
        reason: AbsenceReason,
        instead: Option<u64>,
    ) -> Result<CalcomAbsence, ScheduleError> {
        let path = self.absence_path()?;
        if to < from {
            return Err(ScheduleError::Hours(format!("{to} is before {from}")));
        }
        let mut body = json!({
            "start": format!("{from}T00:00:00.000Z"), "end": format!("{to}T23:59:59.999Z"), "reason": reason,
        });
        if let (Some(user), Some(body)) = (instead, body.as_object_mut()) {
            body.insert("toUserId".to_owned(), json!(user));
        }
        let told: WireAbsence = self.client.post(path, &body).await.map_err(not_an_administrator)?;
        told.read().ok_or(ScheduleError::NotKept)
    }

    /// Takes an absence out.
    ///
    /// # Errors
    /// See [`ScheduleError`].
    pub async fn come_back(&self, id: u64) -> Result<(), ScheduleError> {
        let path = self.absence_path()?;
        self.client.delete(format!("{path}/{id}")).await.map_err(|error| match error {
            CallError::NotFound(_) => ScheduleError::Hours(format!("there is no absence {id}")),
            error => not_an_administrator(error),
        })
    }

    /// A date with these hours: what other dates have is written with it, since Cal.com replaces all of them.
    async fn bring(
        &self,
        id: Option<u64>,
        date: NaiveDate,
        hours: Vec<DayHours>,
    ) -> Result<CalcomSchedule, ScheduleError> {
        let before = self.one(id).await?;
        let mut days: Vec<DayHours> = before.days.iter().filter(|day| day.date != date).copied().collect();
        days.extend(hours);
        days.sort_unstable();
        if days == before.days {
            return Ok(before);
        }
        let overrides: Vec<Value> = days
            .iter()
            .map(|day| json!({"date": day.date.to_string(), "startTime": clock(day.from), "endTime": clock(day.to)}))
            .collect();
        let path = format!("{}/{}", self.path(), before.id);
        let _: Value = self.client.patch(path, &json!({ "overrides": overrides })).await?;
        let after = self.one(Some(before.id)).await?;
        if after.days == days { Ok(after) } else { Err(ScheduleError::NotKept) }
    }

    fn path(&self) -> String {
        match self.owner {
            ScheduleOwner::Caller => "schedules".to_owned(),
            ScheduleOwner::Member { organization, user } => {
                format!("organizations/{organization}/users/{user}/schedules")
            }
        }
    }

    fn absence_path(&self) -> Result<String, ScheduleError> {
        match self.owner {
            ScheduleOwner::Caller => Err(ScheduleError::NeedsOrganization),
            ScheduleOwner::Member { organization, user } => {
                Ok(format!("organizations/{organization}/users/{user}/ooo"))
            }
        }
    }
}

/// Who may not, and what a server does not have, comes to the same.
fn not_an_administrator(error: CallError) -> ScheduleError {
    match error {
        CallError::Unauthorized(_) | CallError::NoSuchCall => ScheduleError::NeedsOrganization,
        error => error.into(),
    }
}

/// `09:00`, as Cal.com writes it.
fn clock(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: Value,
    #[serde(default, deserialize_with = "lenient::text")]
    name: String,
    #[serde(default, deserialize_with = "lenient::text")]
    time_zone: String,
    #[serde(default, deserialize_with = "lenient::flag")]
    is_default: bool,
    #[serde(default, deserialize_with = "lenient::list")]
    availability: Vec<WireHours>,
    #[serde(default, deserialize_with = "lenient::list")]
    overrides: Vec<WireHours>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireHours {
    #[serde(default, deserialize_with = "lenient::list")]
    days: Vec<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    date: String,
    #[serde(default, deserialize_with = "lenient::text")]
    start_time: String,
    #[serde(default, deserialize_with = "lenient::text")]
    end_time: String,
}

impl WireHours {
    fn hours(&self) -> Option<(NaiveTime, NaiveTime)> {
        let time = |text: &str| match text {
            // The end of the day.
            "24:00" => Some(NaiveTime::MIN),
            text => NaiveTime::parse_from_str(text.get(..5)?, "%H:%M").ok(),
        };
        time(&self.start_time).zip(time(&self.end_time))
    }
}

impl Wire {
    fn read(self) -> Option<CalcomSchedule> {
        let week = self.availability.into_iter().filter_map(|one| {
            let (from, to) = one.hours()?;
            Some(WeekHours { days: one.days, from, to })
        });
        let mut days: Vec<DayHours> = self
            .overrides
            .iter()
            .filter_map(|one| {
                let (from, to) = one.hours()?;
                Some(DayHours { date: one.date.get(..10)?.parse().ok()?, from, to })
            })
            .collect();
        days.sort_unstable();
        Some(CalcomSchedule {
            id: lenient::integer(&self.id)?.try_into().ok()?,
            name: self.name,
            zone: self.time_zone,
            is_default: self.is_default,
            week: week.collect(),
            days,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAbsence {
    id: Value,
    #[serde(default, deserialize_with = "lenient::text")]
    start: String,
    #[serde(default, deserialize_with = "lenient::text")]
    end: String,
    #[serde(default)]
    reason: Value,
}

impl WireAbsence {
    fn read(self) -> Option<CalcomAbsence> {
        let date = |text: &str| text.get(..10)?.parse().ok();
        Some(CalcomAbsence {
            id: lenient::integer(&self.id)?.try_into().ok()?,
            from: date(&self.start)?,
            to: date(&self.end)?,
            reason: self.reason.as_str().unwrap_or_default().to_owned(),
        })
    }
}
