//! What stands between a location and its clients: live checks, each with what to do.
//!
//! Only reads. What Altegio calls its screens is told as its help pages call them (autumn 2026).

use crate::{
    AltegioClient, Call, CallError,
    backend::place,
    hooks::{AltegioHooks, HookError},
    wire::lenient,
};
use chatplug_core::checkup::{Checked, Verdict};
use chrono::{DateTime, Days, Utc};
use chrono_tz::Tz;
use iso_currency::Currency;
use secrecy::SecretString;
use serde_json::Value;
use std::fmt;

mod advice;

/// Days in which somebody should work.
const AHEAD: u64 = 14;

/// A right that a user of the platform has or has not, see `GET /user/permissions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// Its name on the wire.
    pub name: &'static str,
    /// What needs it.
    pub lets: &'static str,
    /// Bookings do not work without it.
    pub is_needed: bool,
}

/// The right to the webhook settings.
const HOOKS_RIGHT: &str = "webhook_read_access";

/// The rights that are used.
pub const RIGHTS: &[Right] = &[
    right("timetable_access", "see the appointments", true),
    right("timetable_phones_access", "see clients' numbers, by which they are recognised", true),
    right("record_form_client_access", "see whose an appointment is", true),
    right("create_records_access", "book", true),
    right("edit_records_access", "confirm a visit, and leave a word with an appointment", true),
    right("timetable_transferring_record_access", "move an appointment", true),
    right("delete_records_access", "cancel an appointment", true),
    right(HOOKS_RIGHT, "see and set where changes are told", true),
    right("edit_records_attendance_access", "mark visits", false),
    right("record_edit_full_paid_access", "move what is paid", false),
    right("delete_paid_records_access", "cancel what is paid", false),
    right("delete_customer_came_records_access", "cancel what is marked as visited", false),
];

const fn right(name: &'static str, lets: &'static str, is_needed: bool) -> Right {
    Right { name, lets, is_needed }
}

/// What was found at a location. `Display` says what it is; see [`todo`](Self::todo).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AltegioFinding {
    /// The location is there.
    Location {
        /// Its number.
        location: u64,
        /// What it is called.
        title: String,
        /// Where its clock stands.
        zone: Tz,
        /// What its prices are in.
        currency: Currency,
    },
    /// The user may do everything that is used.
    RightsGranted,
    /// This many can be booked online.
    Offers {
        /// Services.
        services: usize,
        /// People.
        staff: usize,
    },
    /// Changes are told here.
    WebhookSet {
        /// Addresses of others beside.
        others: usize,
    },
    /// There is no user token.
    NoUserToken,
    /// The user may not do this, and little depends on it.
    RightsForLess(Vec<Right>),
    /// Clients confirm their number by a code when they book online, and without a user that is the only way.
    NumberConfirmation,
    /// Online bookings here are paid for, or secured by a card, before. This chat takes no payment.
    PaidBefore(String),
    /// Another server of this kind is told, too.
    WebhookToo(Vec<String>),
    /// Addresses of this server stand there that are not used any more.
    WebhookOutdated(usize),
    /// The partner token is not Altegio's.
    PartnerTokenRefused,
    /// The user token is not valid (any more).
    UserTokenRefused,
    /// There is no such location.
    LocationUnknown(u64),
    /// The user has nothing to do with the location.
    LocationOutOfReach(u64),
    /// The user may not do what bookings need.
    RightsMissing(Vec<Right>),
    /// The user sees one member of the team only.
    OneMemberOnly,
    /// The location does not pay for the platform.
    LicenceExpired,
    /// Nothing can be booked online.
    NoOnlineBooking,
    /// Nobody can be booked online.
    NoStaff,
    /// Nobody works in the next two weeks.
    NoSchedules,
    /// The zone is none that is known.
    ZoneUnknown(String),
    /// The symbol stands for no currency that is known.
    CurrencyUnknown(String),
    /// Nothing is told here.
    WebhookMissing,
    /// Another server of this kind is told instead.
    WebhookElsewhere(Vec<String>),
    /// The address is there, and switched off.
    WebhookSilent,
    /// Not everything that is needed is told here.
    WebhookLacks(Vec<String>),
    /// It is not configured how the world reaches this server.
    NoPublicAddress,
    /// There is no room for another address.
    WebhookFull,
    /// This platform does not let its settings be read over the API.
    WebhookByHand,
    /// Something could not be looked at.
    NotAsked {
        /// What.
        what: &'static str,
        /// Why not.
        why: String,
    },
}

impl AltegioFinding {
    /// As what it is told.
    #[must_use]
    pub fn checked(&self) -> Checked {
        Checked { code: self.code(), verdict: self.verdict(), what: self.to_string(), todo: self.todo() }
    }

    /// What it means that the webhook settings could not be read or written.
    #[must_use]
    pub fn of_hooks(error: &HookError) -> Self {
        const SETTINGS: &str = "the webhook settings";
        match error {
            HookError::Call(CallError::NotFound(_)) => Self::WebhookByHand,
            HookError::Call(CallError::Forbidden(_)) => {
                Self::RightsMissing(RIGHTS.iter().filter(|right| right.name == HOOKS_RIGHT).copied().collect())
            }
            HookError::Call(error) => failed(SETTINGS, error),
            HookError::Full => Self::WebhookFull,
            HookError::NotKept => Self::NotAsked { what: SETTINGS, why: error.to_string() },
        }
    }

    /// How bad it is.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Location { .. } | Self::RightsGranted | Self::Offers { .. } | Self::WebhookSet { .. } => {
                Verdict::Fine
            }
            Self::NoUserToken
            | Self::RightsForLess(_)
            | Self::PaidBefore(_)
            | Self::WebhookToo(_)
            | Self::WebhookOutdated(_) => Verdict::Note,
            Self::NotAsked { .. } | Self::WebhookByHand => Verdict::Unknown,
            _ => Verdict::Wrong,
        }
    }
}

/// Looks at one location.
#[derive(Debug, Clone)]
pub struct AltegioCheckup {
    client: AltegioClient,
    location: u64,
    webhook: Option<SecretString>,
    country: Option<String>,
    currency: Option<Currency>,
}

impl AltegioCheckup {
    /// A location as the client's user sees it.
    #[must_use]
    pub const fn new(client: AltegioClient, location: u64) -> Self {
        Self { client, location, webhook: None, country: None, currency: None }
    }

    /// Changes are to be told at this address.
    #[must_use]
    pub fn with_webhook(mut self, url: SecretString) -> Self {
        self.webhook = Some(url);
        self
    }

    /// The location is in this country, two capital letters, whatever its telephone number says.
    #[must_use]
    pub fn with_country(mut self, country: impl Into<String>) -> Self {
        self.country = Some(country.into());
        self
    }

    /// The symbol of the location's currency need not be understood.
    #[must_use]
    pub const fn with_currency(mut self, currency: Currency) -> Self {
        self.currency = Some(currency);
        self
    }

    /// Looks at everything; at most seven calls. What depends on something that is wrong is not looked at.
    pub async fn run(&self, now: DateTime<Utc>) -> Vec<AltegioFinding> {
        let mut found = Vec::new();
        let Some(zone) = self.place(&mut found).await else { return found };
        if !self.client.has_user() {
            found.push(AltegioFinding::NoUserToken);
        } else if !self.user(&mut found).await {
            return found;
        }
        if self.client.has_user() && !self.licence(&mut found).await {
            return found;
        }
        let offers = self.offers(&mut found).await;
        if offers {
            self.schedules(zone, now, &mut found).await;
        }
        if self.client.has_user() {
            self.hooks(&mut found).await;
        }
        found
    }

    /// The location itself; its zone, unless nothing more can be asked.
    async fn place(&self, found: &mut Vec<AltegioFinding>) -> Option<Tz> {
        use AltegioFinding::{CurrencyUnknown, Location, LocationUnknown, NumberConfirmation, PaidBefore, ZoneUnknown};
        let call = Call::get(format!("company/{}", self.location)).without_user();
        let company: Value = match self.client.send(&call).await {
            Ok(answer) => answer.data,
            Err(CallError::NotFound(_)) => {
                found.push(LocationUnknown(self.location));
                return None;
            }
            Err(error) => {
                found.push(failed("the location", &error));
                return None;
            }
        };
        let text = |key: &str| company.get(key).and_then(Value::as_str).map(str::trim).unwrap_or_default();
        let zone = text("timezone_name").parse::<Tz>().ok();
        if zone.is_none() {
            found.push(ZoneUnknown(word(text("timezone_name"))));
        }
        let symbol = text("currency_short_title");
        let currency = self.currency.or_else(|| {
            let company = serde_json::from_value(company.clone()).unwrap_or_default();
            place::currency(&place::country(self.country.as_deref(), &company), symbol)
        });
        if currency.is_none() {
            found.push(CurrencyUnknown(word(symbol)));
        }
        if let (Some(zone), Some(currency)) = (zone, currency) {
            let title = ["public_title", "title"].into_iter().map(text).find(|title| !title.is_empty());
            let title = word(title.unwrap_or_default());
            found.push(Location { location: self.location, title, zone, currency });
        }
        if !self.client.has_user() && company.get("phone_confirmation").is_some_and(is_on) {
            found.push(NumberConfirmation);
        }
        let policy = company.pointer("/payment_policy/type").and_then(Value::as_str);
        if let Some(policy) = policy.filter(|policy| !matches!(*policy, "" | "none")) {
            found.push(PaidBefore(word(policy)));
        }
        Some(zone.unwrap_or(Tz::UTC))
    }

    /// What the user may do; `false` when nothing.
    async fn user(&self, found: &mut Vec<AltegioFinding>) -> bool {
        let rights: Value = match self.client.get(format!("user/permissions/{}", self.location)).await {
            Ok(rights) => rights,
            Err(CallError::Forbidden(_) | CallError::NotFound(_)) => {
                found.push(AltegioFinding::LocationOutOfReach(self.location));
                return false;
            }
            Err(error) => {
                let goes_on = !matches!(error, CallError::UserToken | CallError::PartnerToken);
                found.push(failed("the user's rights", &error));
                return goes_on;
            }
        };
        let lacks = |right: &&Right| named(&rights, right.name).is_some_and(|told| !is_on(told));
        let (needed, rest): (Vec<Right>, Vec<Right>) = RIGHTS.iter().filter(lacks).partition(|right| right.is_needed);
        if !rights_told(&rights) {
            found.push(AltegioFinding::LocationOutOfReach(self.location));
            return false;
        }
        if needed.is_empty() && rest.is_empty() {
            found.push(AltegioFinding::RightsGranted);
        }
        if !needed.is_empty() {
            found.push(AltegioFinding::RightsMissing(needed));
        }
        if !rest.is_empty() {
            found.push(AltegioFinding::RightsForLess(rest));
        }
        // Not 0: appointments of this member alone are seen.
        if named(&rights, "master_id").and_then(lenient::integer).is_some_and(|member| member > 0) {
            found.push(AltegioFinding::OneMemberOnly);
        }
        true
    }

    /// Whether the location pays for the platform: what it sells is told to those only, whatever the user's rights.
    async fn licence(&self, found: &mut Vec<AltegioFinding>) -> bool {
        match self.client.get::<Value>(format!("company/{}/services", self.location)).await {
            Ok(_) => true,
            Err(CallError::LicenceExpired | CallError::Forbidden(_)) => {
                found.push(AltegioFinding::LicenceExpired);
                false
            }
            Err(error) => {
                found.push(failed("what the location sells", &error));
                true
            }
        }
    }

    /// Who can be booked online for what.
    async fn offers(&self, found: &mut Vec<AltegioFinding>) -> bool {
        let services: Value = match self.client.get(format!("book_services/{}", self.location)).await {
            Ok(services) => services,
            // Everybody may see it: what is missing is no right.
            Err(CallError::LicenceExpired | CallError::Forbidden(_)) => {
                found.push(AltegioFinding::LicenceExpired);
                return false;
            }
            Err(error) => {
                found.push(failed("what can be booked online", &error));
                return false;
            }
        };
        let services = services.get("services").and_then(Value::as_array).map_or(0, Vec::len);
        if services == 0 {
            found.push(AltegioFinding::NoOnlineBooking);
            return false;
        }
        let staff: Value = match self.client.get(format!("book_staff/{}", self.location)).await {
            Ok(staff) => staff,
            Err(error) => {
                found.push(failed("who can be booked online", &error));
                return false;
            }
        };
        // Those who are listed and cannot be booked have no schedule, or nothing to do.
        let listed = staff.as_array().map(Vec::as_slice).unwrap_or_default();
        let staff = listed.iter().filter(|one| one.get("bookable").is_some_and(is_on)).count();
        found.push(if staff > 0 { AltegioFinding::Offers { services, staff } } else { AltegioFinding::NoStaff });
        !listed.is_empty()
    }

    /// Whether anybody works in the days to come.
    async fn schedules(&self, zone: Tz, now: DateTime<Utc>, found: &mut Vec<AltegioFinding>) {
        let today = now.with_timezone(&zone).date_naive();
        let last = today.checked_add_days(Days::new(AHEAD)).unwrap_or(today);
        let call = if self.client.has_user() {
            Call::get(format!("company/{}/staff/schedule", self.location))
                .query("start_date", today)
                .query("end_date", last)
        } else {
            Call::get(format!("book_dates/{}", self.location)).query("date", today)
        };
        let works = |day: &Value| day.get("slots").and_then(Value::as_array).is_some_and(|slots| !slots.is_empty());
        match self.client.send::<Value>(&call).await {
            Ok(answer) => {
                let somebody = match &answer.data {
                    Value::Array(days) => days.iter().any(works),
                    dates => {
                        dates.get("working_dates").and_then(Value::as_array).is_some_and(|dates| !dates.is_empty())
                    }
                };
                if !somebody {
                    found.retain(|finding| *finding != AltegioFinding::NoStaff);
                    found.push(AltegioFinding::NoSchedules);
                }
            }
            Err(error) => found.push(failed("who works when", &error)),
        }
    }

    /// Where changes are told.
    async fn hooks(&self, found: &mut Vec<AltegioFinding>) {
        use AltegioFinding as F;
        let Some(url) = &self.webhook else {
            found.push(F::NoPublicAddress);
            return;
        };
        // It was said already that the right is missing.
        let blind = |finding: &F| matches!(finding, F::RightsMissing(rights) if rights.iter().any(|right| right.name == HOOKS_RIGHT));
        if found.iter().any(blind) {
            return;
        }
        let hooks = AltegioHooks::new(self.client.clone(), self.location, url.clone());
        let standing = match hooks.standing().await {
            Ok(standing) => standing,
            Err(error) => {
                found.push(F::of_hooks(&error));
                return;
            }
        };
        let elsewhere = !standing.elsewhere.is_empty();
        found.push(match () {
            () if !standing.listed && elsewhere => F::WebhookElsewhere(standing.elsewhere.clone()),
            () if !standing.listed => F::WebhookMissing,
            () if !standing.active => F::WebhookSilent,
            () if !standing.lacking.is_empty() => F::WebhookLacks(standing.lacking.clone()),
            () => F::WebhookSet { others: standing.others },
        });
        if standing.listed && elsewhere {
            found.push(F::WebhookToo(standing.elsewhere));
        }
        if standing.outdated > 0 {
            found.push(F::WebhookOutdated(standing.outdated));
        }
    }
}

fn failed(what: &'static str, error: &CallError) -> AltegioFinding {
    match error {
        CallError::PartnerToken | CallError::Unauthorized => AltegioFinding::PartnerTokenRefused,
        CallError::UserToken => AltegioFinding::UserTokenRefused,
        CallError::LicenceExpired => AltegioFinding::LicenceExpired,
        error => AltegioFinding::NotAsked { what, why: chain(error) },
    }
}

/// An error with what led to it, each thing once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words: Vec<String> = Vec::new();
    for one in std::iter::successors(Some(error), |error| error.source()) {
        let text = one.to_string();
        if !words.contains(&text) {
            words.push(text);
        }
    }
    words.join(": ")
}

/// A right by name: one platform tells them flat, the other in groups.
fn named<'v>(rights: &'v Value, name: &str) -> Option<&'v Value> {
    let rights = rights.as_object()?;
    rights.get(name).or_else(|| rights.values().find_map(|group| group.as_object()?.get(name)))
}

/// Whether the user has any of the rights that are used, or none was told of.
fn rights_told(rights: &Value) -> bool {
    let mut told = RIGHTS.iter().filter_map(|right| named(rights, right.name)).peekable();
    told.peek().is_none() || told.any(is_on)
}

fn is_on(value: &Value) -> bool {
    match value {
        Value::String(text) if text.eq_ignore_ascii_case("true") => true,
        value => lenient::integer(value).is_some_and(|number| number != 0),
    }
}

/// A text of the platform's, fit for a screen.
fn word(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// Names, one after the other.
fn list<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    words.into_iter().collect::<Vec<_>>().join(", ")
}

impl fmt::Display for AltegioFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&advice::what(self))
    }
}
