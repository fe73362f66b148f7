//! The adapter of the made-up CRM: what an integrator writes for a system without keys, search or holds.

use super::crm::Appointment;
use async_trait::async_trait;
use chatplug::{model::*, ports::*};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Debug)]
pub struct CrmBackend {
    pub base: String,
    pub install: InstallId,
    pub branch: BranchId,
    pub zone: Tz,
    /// Whether to use the CRM's own move.
    pub moves: bool,
    /// Whether the CRM keeps keys, and so knows what it did under one.
    pub keyed: bool,
    pub settles_after: Duration,
    pub clock: Arc<dyn Clock>,
    pub http: reqwest::Client,
}

#[derive(Deserialize)]
struct Services {
    services: Vec<ServiceRow>,
    staff: Vec<String>,
}

#[derive(Deserialize)]
struct ServiceRow {
    id: String,
    name: String,
    minutes: u32,
}

#[derive(Deserialize)]
struct Free {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    staff: Vec<String>,
}

fn down(error: impl std::error::Error + Send + Sync + 'static) -> BackendError {
    BackendError::Unavailable { source: Some(Box::new(error)) }
}

impl CrmBackend {
    fn at_home(&self, branch: &BranchId) -> Result<(), BackendError> {
        if *branch == self.branch { Ok(()) } else { Err(BackendError::NotFound { what: format!("branch {branch}") }) }
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, BackendError> {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await.map_err(down)?;
        match answer.status().as_u16() {
            200 => answer.json().await.map_err(down),
            404 => Err(BackendError::NotFound { what: "an appointment or service".to_owned() }),
            _ => Err(BackendError::Unavailable { source: None }),
        }
    }

    /// Sends a write: a broken connection after it left means that nobody knows.
    async fn write(&self, request: reqwest::RequestBuilder, key: ActionKey) -> Result<Option<Appointment>, BookError> {
        let unknown = |e: reqwest::Error| match e.is_connect() {
            true => BookError::NotDone(down(e)),
            false => BookError::OutcomeUnknown { source: Some(Box::new(e)) },
        };
        let answer = request.header("idempotency-key", key.to_string()).send().await.map_err(unknown)?;
        match answer.status().as_u16() {
            200 | 201 => answer.json().await.map(Some).map_err(unknown),
            204 => Ok(None),
            422 => Err(BookError::NotDone(BackendError::StaleCatalog)),
            404 => Err(BookError::NotDone(BackendError::NotFound { what: "the appointment".to_owned() })),
            409 => Err(BookError::SlotTaken),
            503 => Err(BookError::NotDone(BackendError::Unavailable { source: None })),
            _ => Err(BookError::OutcomeUnknown { source: None }),
        }
    }

    async fn between(&self, from: NaiveDate, to: NaiveDate) -> Result<Vec<Appointment>, BackendError> {
        self.get(&format!("/appointments?from={from}&to={to}")).await
    }

    fn booking(&self, a: Appointment) -> Booking {
        Booking {
            id: None,
            reference: BookingRef { install: self.install.clone(), branch: self.branch.clone(), backend_id: a.id },
            services: ServiceId::new(a.service.clone()).into_iter().collect(),
            title: a.service,
            staff: StaffId::new(a.staff).ok(),
            start: a.start,
            end: a.end,
            zone: self.zone,
            status: if a.state == "booked" { BookingStatus::Booked } else { BookingStatus::Cancelled },
            confirmed: false,
            price: None,
            contact: None,
            made_by: None,
        }
    }

    fn phone(client: &ClientDetails) -> String {
        client.user.phone.as_ref().map(|phone| phone.digits().to_owned()).unwrap_or_default()
    }

    /// The standing appointment of a client for a slot: all that this CRM lets one look for.
    async fn made(&self, client: &ClientDetails, slot: &Slot) -> Result<Option<Appointment>, BackendError> {
        let day = slot.local_start().date();
        let phone = Self::phone(client);
        let fits = |a: &Appointment| {
            (a.start, a.phone.as_str(), a.state.as_str()) == (slot.start, phone.as_str(), "booked")
                && slot.staff_id().is_none_or(|staff| staff.as_str() == a.staff)
                && slot.services.first().is_none_or(|service| service.as_str() == a.service)
        };
        Ok(self.between(day, day).await?.into_iter().find(fits))
    }

    /// An appointment, or what it became when it was moved.
    async fn one(&self, id: &str) -> Result<Appointment, BackendError> {
        let mut found: Appointment = self.get(&format!("/appointments/{id}")).await?;
        while let Some(next) = found.moved_to.take() {
            found = self.get(&format!("/appointments/{next}")).await?;
        }
        Ok(found)
    }
}

#[async_trait]
impl BookingBackend for CrmBackend {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "crm",
            idempotent: self.keyed,
            moves_in_place: self.moves,
            confirms_visits: false,
            assigns_staff: false,
            ratings: false,
            max_services: 1,
            max_party: 1,
            needs_approval: false,
            tells_changes: false,
            rechecks: false,
            catalog_lasts: None,
            settles_after: self.settles_after,
        }
    }

    async fn catalog(&self, branch: &BranchId) -> Result<Catalog, BackendError> {
        self.at_home(branch)?;
        let answer: Services = self.get("/services").await?;
        let staff: Vec<StaffId> = answer.staff.iter().filter_map(|id| StaffId::new(id.clone()).ok()).collect();
        Ok(Catalog {
            version: 1,
            branch: Branch {
                id: self.branch.clone(),
                name: "Balcão".to_owned(),
                zone: self.zone,
                country: "PT".to_owned(),
                currency: iso_currency::Currency::EUR,
                place: None,
                phone: None,
                hours: Vec::new(),
            },
            services: answer
                .services
                .into_iter()
                .filter_map(|row| {
                    Some(Service {
                        id: ServiceId::new(row.id).ok()?,
                        name: Localized::new(row.name),
                        also: Vec::new(),
                        category: None,
                        description: None,
                        minutes: row.minutes,
                        price: Some(Price::fixed(Money::new(3000, iso_currency::Currency::EUR))),
                        image: None,
                        staff: staff.clone(),
                        requires: Vec::new(),
                        gate: None,
                    })
                })
                .collect(),
            staff: staff
                .iter()
                .map(|id| Staff {
                    id: id.clone(),
                    name: capitalised(id.as_str()),
                    also: Vec::new(),
                    title: None,
                    rating: None,
                    photo: None,
                    languages: Vec::new(),
                })
                .collect(),
        })
    }

    async fn availability(&self, query: &SlotQuery) -> Result<Availability, BackendError> {
        self.at_home(&query.branch)?;
        let service = query.services.first().ok_or(BackendError::StaleCatalog)?;
        let now = self.clock.now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let mut path = format!("/free?service={service}&from={}&to={}&now={now}", query.days.from, query.days.to);
        if let Some(booking) = &query.excluding {
            path = format!("{path}&but={}", booking.backend_id);
        }
        if let Some(wanted) = query.staff.id() {
            let known: Services = self.get("/services").await?;
            if !known.staff.iter().any(|staff| staff == wanted.as_str()) {
                return Err(BackendError::StaleCatalog);
            }
        }
        let rows: Vec<Free> = match self.get(&path).await {
            Err(BackendError::NotFound { .. }) => return Err(BackendError::StaleCatalog),
            other => other?,
        };
        let slot = |row: Free| {
            let candidates: Vec<StaffId> = row.staff.into_iter().filter_map(|id| StaffId::new(id).ok()).collect();
            if query.staff.id().is_some_and(|wanted| !candidates.contains(wanted)) {
                return None;
            }
            Some(Slot {
                branch: self.branch.clone(),
                services: query.services.clone(),
                staff: query.staff.clone(),
                candidates,
                start: row.start,
                end: row.end,
                zone: self.zone,
                price: None,
                token: None,
                buffer_before: 0,
                buffer_after: 0,
                capacity: 1,
            })
        };
        Ok(Availability { slots: rows.into_iter().filter_map(slot).collect() })
    }

    async fn book(&self, request: &BookingRequest, key: ActionKey) -> Result<Booking, BookError> {
        let (Some(service), Some(staff)) = (request.services().first(), request.slot.staff_id()) else {
            return Err(BookError::NotDone(BackendError::StaleCatalog));
        };
        if request.slot.start <= self.clock.now() {
            return Err(BookError::Rejected { reason: RejectReason::TooLate });
        }
        let body = serde_json::json!({ "service": service, "staff": staff, "start": request.slot.start, "phone": Self::phone(&request.client) });
        let made = self.write(self.http.post(format!("{}/appointments", self.base)).json(&body), key).await?;
        made.map(|a| self.booking(a)).ok_or(BookError::OutcomeUnknown { source: None })
    }

    async fn reschedule(&self, booking: &BookingRef, to: &Slot, key: ActionKey) -> Result<Booking, BookError> {
        let Some(staff) = to.staff_id() else { return Err(BookError::NotDone(BackendError::StaleCatalog)) };
        let body = serde_json::json!({ "start": to.start, "staff": staff });
        let made = self
            .write(self.http.post(format!("{}/appointments/{}/move", self.base, booking.backend_id)).json(&body), key)
            .await?;
        made.map(|a| self.booking(a)).ok_or(BookError::OutcomeUnknown { source: None })
    }

    async fn cancel(&self, booking: &BookingRef, _reason: CancelReason, key: ActionKey) -> Result<(), BookError> {
        self.write(self.http.delete(format!("{}/appointments/{}", self.base, booking.backend_id)), key).await.map(drop)
    }

    async fn confirm_visit(&self, _booking: &BookingRef) -> Result<Booking, BookError> {
        Err(BookError::Rejected { reason: RejectReason::NotBookableHere })
    }

    async fn resolve(
        &self,
        action: &Action,
        key: ActionKey,
        attempted: DateTime<Utc>,
    ) -> Result<Resolution, BackendError> {
        let not_done = || {
            let settled = attempted + self.settles_after;
            if self.clock.now() < settled { Resolution::TooEarly(settled) } else { Resolution::NotDone }
        };
        if self.keyed {
            return match self.get::<Appointment>(&format!("/keys/{key}")).await {
                Ok(found) => Ok(Resolution::Done(Box::new(self.booking(found)))),
                Err(BackendError::NotFound { .. }) => Ok(not_done()),
                Err(error) => Err(error),
            };
        }
        match action {
            Action::Book(request) => Ok(match self.made(&request.client, &request.slot).await? {
                Some(found) => Resolution::Done(Box::new(self.booking(found))),
                None => not_done(),
            }),
            Action::Reschedule { booking, to, client } => Ok(match self.made(client, to).await? {
                Some(found) if found.id != booking.reference.backend_id => {
                    Resolution::Done(Box::new(self.booking(found)))
                }
                _ => not_done(),
            }),
            Action::Cancel { booking, .. } => {
                Ok(match self.get::<Appointment>(&format!("/appointments/{}", booking.reference.backend_id)).await {
                    Ok(found) if found.state == "booked" => not_done(),
                    Ok(found) => Resolution::Done(Box::new(self.booking(found))),
                    Err(BackendError::NotFound { .. }) => {
                        Resolution::Done(Box::new(Booking { status: BookingStatus::Cancelled, ..booking.clone() }))
                    }
                    Err(error) => return Err(error),
                })
            }
            Action::ConfirmVisit { .. } => Ok(Resolution::CannotTell),
        }
    }

    async fn find(&self, filter: &BookingFilter) -> Result<Vec<Booking>, BackendError> {
        self.at_home(&filter.branch)?;
        let phone = filter.client.as_ref().map(Self::phone);
        let wanted = |a: &Appointment| {
            phone.as_ref().is_none_or(|phone| a.phone == *phone)
                && (filter.all_statuses || a.state == "booked")
                && filter.from.is_none_or(|from| a.start >= from)
                && filter.until.is_none_or(|until| a.start < until)
        };
        if let Some(reference) = &filter.reference {
            return match self.one(&reference.backend_id).await {
                Ok(found) => Ok(Some(found).filter(wanted).map(|a| self.booking(a)).into_iter().collect()),
                Err(BackendError::NotFound { .. }) => Ok(Vec::new()),
                Err(error) => Err(error),
            };
        }
        let today = filter.from.unwrap_or_else(|| self.clock.now()).with_timezone(&self.zone).date_naive();
        let last = filter.until.map_or(today + Duration::days(90), |at| at.with_timezone(&self.zone).date_naive());
        let all = self.between(today, last).await?;
        Ok(all.into_iter().filter(wanted).map(|a| self.booking(a)).collect())
    }
}

fn capitalised(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
