//! Made-up businesses to try things on: a salon in Lisbon, and a clinic with branches in two zones.
//!
//! Their configs lie as TOML files in the crate's folder `demo/`, to be copied and changed.

use crate::CalendarConfig;
use chatplug_core::{
    model::{ActionKey, BranchId, ChannelUser, ContactId, DateRange, Lang, Private, SlotQuery, StaffChoice},
    ports::{BackendError, BookError, BookingBackend, BookingRequest, ClientDetails},
};

/// "Studio Bella" as TOML: hair and nails in Lisbon, eight services in five languages, four people.
pub const SALON: &str = include_str!("../demo/salon.toml");
/// "Norte Clinic" in São Paulo as TOML.
pub const CLINIC_SAO_PAULO: &str = include_str!("../demo/clinic-sao-paulo.toml");
/// "Norte Clinic" in Madrid as TOML.
pub const CLINIC_MADRID: &str = include_str!("../demo/clinic-madrid.toml");

/// First names of clients who do not exist.
const NAMES: [&str; 12] =
    ["Marta", "Tiago", "Sofia", "Pierre", "Lucía", "Olga", "Emma", "Rui", "Inês", "Hugo", "Nadia", "Peter"];

/// [`SALON`], read.
#[must_use]
pub fn salon() -> CalendarConfig {
    read(SALON)
}

/// The two branches of "Norte Clinic", read, each with an id to give it.
#[must_use]
pub fn clinic() -> [(&'static str, CalendarConfig); 2] {
    [("paulista", read(CLINIC_SAO_PAULO)), ("madrid", read(CLINIC_MADRID))]
}

/// Books some of the free times of some days for made-up clients, so that a day looks like a day; answers how many.
/// Doing it again for the same days changes nothing.
///
/// # Errors
/// When the calendar cannot be read, or not be written for another reason than that a time is taken.
pub async fn fill(backend: &dyn BookingBackend, branch: &BranchId, days: DateRange) -> Result<usize, BackendError> {
    let catalog = backend.catalog(branch).await?;
    let mut booked = 0;
    for day in days.days() {
        for (nth, service) in catalog.services.iter().enumerate() {
            let query = SlotQuery {
                branch: branch.clone(),
                services: vec![service.id.clone()],
                staff: StaffChoice::Any,
                days: DateRange::day(day),
                party: 1,
                excluding: None,
            };
            let free = backend.availability(&query).await?.slots;
            // One visit a day for each service, spread over the day by the day's and the service's number.
            let number = nth * 5 + day.to_epoch_days().unsigned_abs() as usize * 3;
            let Some(slot) = free.get(number * 7 % free.len().max(1)) else { continue };
            let key = ActionKey::derive(&["demo", branch.as_str(), &day.to_string(), service.id.as_str()]);
            let request = BookingRequest { slot: slot.clone(), client: client(number), party: 1, note: None };
            match backend.book(&request, key).await {
                Ok(_) => booked += 1,
                Err(BookError::NotDone(error)) => return Err(error),
                Err(BookError::OutcomeUnknown { source }) => return Err(BackendError::Unavailable { source }),
                Err(_) => {}
            }
        }
    }
    Ok(booked)
}

fn client(number: usize) -> ClientDetails {
    let name = NAMES.get(number % NAMES.len()).copied().unwrap_or("Marta");
    ClientDetails {
        contact: ContactId::derive(&["demo", name]),
        user: ChannelUser::default(),
        name: Some(Private::new(name.to_owned())),
        email: None,
        language: Lang::EN,
    }
}

#[expect(clippy::expect_used, reason = "a text of this crate, read by a test")]
fn read(text: &str) -> CalendarConfig {
    toml::from_str(text).expect("the demo is readable")
}
