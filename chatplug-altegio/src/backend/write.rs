//! Making, moving, cancelling and confirming records. Each is written once, never over what is there (`save_if_busy` is
//! always false), and what the platform says afterwards is what is answered.

use super::{
    AltegioBackend, FRESH_LOOK,
    free::{offered_at, record},
    number,
    records::{CAME, CONFIRMED, Listing, Terms, api_id, made_by},
    shop::{Order, Shop},
    staff_id,
};
use crate::{
    Call, CallError,
    wire::{
        lenient::OneOf,
        record::{Record, Visit},
        time,
    },
};
use chatplug_core::{
    model::{ActionKey, Booking, BookingRef, ClientField, DateRange, Slot, SlotQuery, StaffChoice},
    ports::{BackendError, BookError, BookingRequest, ClientDetails, RejectReason},
};
use chrono::{DateTime, Duration, Timelike as _, Utc};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// A service that takes longer is looked up among a person's records: the platform takes some times for free that are
/// free for their first hour only.
const LONG: i64 = 60 * 60;

/// A time that is about to be taken.
struct Wish<'a> {
    order: &'a Order,
    staff: i64,
    start: DateTime<Utc>,
    seconds: i64,
    zone: chrono_tz::Tz,
    /// When the online booking offered it.
    offered: Option<DateTime<Utc>>,
    /// The record that is being moved there.
    moved: Option<&'a Record>,
    /// Of a booking that is being made: one that has it is ours.
    key: Option<ActionKey>,
}

impl AltegioBackend {
    pub(super) async fn book_at_business(
        &self,
        request: &BookingRequest,
        key: ActionKey,
    ) -> Result<Booking, BookError> {
        let slot = &request.slot;
        let client = client(&request.client)?;
        let (shop, order) = self.wanted(slot).await?;
        let (staff, seconds) = doer(slot, &order)?;
        if slot.start <= self.now() {
            return Err(BookError::Rejected { reason: RejectReason::TooLate });
        }
        let zone = shop.branch().zone;
        let terms = Terms { zone, currency: Some(shop.branch().currency) };
        let (start, offered) = (slot.start, offered_at(slot));
        let wish = Wish { order: &order, staff, start, seconds, zone, offered, moved: None, key: Some(key) };
        if let Some(made) = self.look(&wish).await? {
            return self.booking(&made, terms).ok_or_else(unreadable);
        }
        let body = json!({
            "staff_id": staff,
            "services": order.services.iter().zip(&order.costs).map(|(id, cost)| service(*id, *cost)).collect::<Vec<_>>(),
            "client": client,
            "datetime": time::written(start, zone),
            "seance_length": seconds,
            "save_if_busy": false,
            "send_sms": false,
            "comment": request.note.as_ref().map(|note| note.reveal().as_str()).unwrap_or_default(),
            "sms_remain_hours": 0,
            "email_remain_hours": 0,
            "attendance": 0,
            "api_id": api_id(key),
        });
        let call = Call::post(format!("records/{}", self.at.location)).json(&body);
        let record = match self.client.send::<OneOf<Record>>(&call).await {
            Ok(answer) => self.read_back(answer.data.0, |record| made_by(record) == Some(key)).await?,
            Err(error) => {
                let error = written(error);
                if let BookError::SlotTaken = error {
                    // By ourselves, when this is a repetition.
                    return self.ours_on_day(&wish, key).await.and_then(|made| self.booking(&made, terms)).ok_or(error);
                }
                return Err(error);
            }
        };
        self.booking(&record, terms).ok_or_else(unreadable)
    }

    pub(super) async fn move_record(&self, reference: &BookingRef, to: &Slot) -> Result<Booking, BookError> {
        let before = self.record_of(reference).await?;
        let (shop, order) = self.wanted(to).await?;
        let zone = shop.branch().zone;
        let terms = Terms { zone, currency: Some(shop.branch().currency) };
        if to.start <= self.now() {
            return Err(BookError::Rejected { reason: RejectReason::TooLate });
        }
        // Groups have times of their own; and who came, came.
        if before.activity_id.is_some_and(|id| id != 0) || before.attendance == Some(CAME) {
            return Err(BookError::Rejected { reason: RejectReason::Other });
        }
        let (staff, usual) = doer(to, &order)?;
        let same_services = before.services.iter().map(|service| service.id).eq(order.services.iter().copied());
        // What somebody agreed on stays, a longer time included.
        let seconds = match same_services && before.member() == Some(staff) && before.seconds() > 0 {
            true => before.seconds(),
            false => usual,
        };
        let now = self.booking(&before, terms).ok_or_else(unreadable)?;
        if (now.start, before.member()) == (to.start, Some(staff)) && same_services {
            return Ok(now);
        }
        let (start, offered) = (to.start, offered_at(to));
        let wish = Wish { order: &order, staff, start, seconds, zone, offered, moved: Some(&before), key: None };
        self.look(&wish).await?;
        let services: Vec<Value> = match same_services {
            true => before.services.iter().map(as_it_was).collect(),
            false => order.services.iter().zip(&order.costs).map(|(id, cost)| service(*id, *cost)).collect(),
        };
        let body = whole(&before, staff, services, &time::written(start, zone), seconds);
        let call = Call::put(format!("record/{}/{}", self.at.location, before.id)).json(&body);
        let answer = match self.client.send::<OneOf<Record>>(&call).await {
            Err(CallError::NotFound(_)) => return Err(BookError::NotDone(gone())),
            answer => answer.map_err(written)?.data.0,
        };
        let is_it = |record: &Record| record.id == before.id && record.api_id == before.api_id;
        let record = self.read_back(answer, is_it).await?;
        self.booking(&record, terms).ok_or_else(unreadable)
    }

    pub(super) async fn delete_record(&self, reference: &BookingRef) -> Result<(), BookError> {
        let Some(id) = record(reference).filter(|_| self.is_ours(reference)) else {
            return Err(BookError::NotDone(gone()));
        };
        let call = Call::delete(format!("record/{}/{id}", self.at.location));
        match self.client.send::<Option<Value>>(&call).await {
            // Twice, or by somebody else meanwhile.
            Ok(_) | Err(CallError::NotFound(_)) => Ok(()),
            Err(error) => Err(written(error)),
        }
    }

    /// Marks that a client will come, through the visit: the remark of it is sent back as it is.
    pub(super) async fn confirm_record(&self, reference: &BookingRef) -> Result<Booking, BookError> {
        let before = self.record_of(reference).await?;
        let terms = self.terms().await.map_err(BookError::NotDone)?;
        if matches!(before.attendance, Some(CAME | CONFIRMED)) {
            return self.booking(&before, terms).ok_or_else(unreadable);
        }
        let Some(visit) = before.visit_id else {
            return Err(BookError::Rejected { reason: RejectReason::NotBookableHere });
        };
        let body = json!({ "attendance": CONFIRMED, "comment": before.comment });
        let call = Call::put(format!("visits/{visit}/{}", before.id)).json(&body);
        let answer = match self.client.send::<Value>(&call).await {
            Err(CallError::NotFound(_)) => return Err(BookError::NotDone(gone())),
            answer => answer.map_err(written)?.data,
        };
        // What is answered is not documented: the record when it is among it, else it is read.
        let told: Visit = serde_json::from_value(answer).unwrap_or_default();
        let told = told.records.into_iter().find(|record| record.id == before.id);
        let record = match told {
            Some(record) => record,
            None => self.read_record(before.id).await.map_err(lost)?.ok_or_else(unreadable)?,
        };
        if record.attendance != Some(CONFIRMED) {
            return Err(unreadable());
        }
        self.booking(&record, terms).ok_or_else(unreadable)
    }

    /// The catalogue's word on what a slot is for.
    async fn wanted(&self, slot: &Slot) -> Result<(Arc<Shop>, Order), BookError> {
        let query = SlotQuery {
            branch: slot.branch.clone(),
            services: slot.services.clone(),
            staff: slot.staff.clone(),
            days: DateRange::day(slot.local_start().date()),
            party: 1,
            excluding: None,
        };
        self.order(&query).await.map_err(BookError::NotDone)
    }

    /// Looks whether a time can be had, right before it is taken. `book_check` knows the rules of the salon; a person's
    /// records tell whether all of a long service fits. What was read of either a moment ago is not asked again. Answers
    /// the record that has our key already, if one does.
    async fn look(&self, wish: &Wish<'_>) -> Result<Option<Record>, BookError> {
        let now = self.now();
        let day = Self::local_day(wish.start, wish.zone);
        let begin = i64::from(wish.start.with_timezone(&wish.zone).num_seconds_from_midnight());
        let moved = wish.moved.map(|record| record.id);
        let is_free = self
            .fresh_days(DateRange::day(day))
            .and_then(|days| Some(days.day(wish.staff, day)?.fits(begin, wish.seconds, moved)))
            .unwrap_or_default();
        let was_offered = is_free && wish.offered.is_some_and(|at| (now - at).abs() <= FRESH_LOOK);
        // The check does not know that a record is being moved: onto a part of its own time it would refuse.
        let own_time = wish.moved.is_some_and(|record| {
            let own = time::wall(&record.date).and_then(|wall| time::instant(wall, wish.zone));
            record.member() == Some(wish.staff)
                && own.is_some_and(|own| {
                    let end = |start: DateTime<Utc>, seconds| start + Duration::seconds(seconds);
                    own < end(wish.start, wish.seconds) && wish.start < end(own, record.seconds())
                })
        });
        let checks = !was_offered && !own_time;
        let lists = !is_free && (!checks || wish.seconds > LONG || wish.order.services.len() > 1);
        let (checked, listed) = tokio::join!(async { if checks { self.check(wish).await } else { Ok(()) } }, async {
            if lists { self.records_in_the_way(wish).await } else { Ok((None, false)) }
        },);
        let (ours, in_the_way) = listed?;
        if ours.is_some() {
            return Ok(ours);
        }
        if let Err(taken @ BookError::SlotTaken) = checked {
            // By ourselves, when this is a repetition.
            let key = wish.key.filter(|_| !lists);
            let ours = match key {
                Some(key) => self.ours_on_day(wish, key).await,
                None => None,
            };
            return ours.map(Some).ok_or(taken);
        }
        checked?;
        if in_the_way { Err(BookError::SlotTaken) } else { Ok(None) }
    }

    /// `POST /book_check`: a dry run.
    async fn check(&self, wish: &Wish<'_>) -> Result<(), BookError> {
        let body = json!({ "appointments": [{
            "id": 1,
            "services": wish.order.services,
            "staff_id": wish.staff,
            "datetime": time::written(wish.start, wish.zone),
        }] });
        let call = Call::post(format!("book_check/{}", self.at.location)).json(&body).reading();
        match self.client.send::<Option<Value>>(&call).await {
            Ok(_) => Ok(()),
            Err(CallError::Refused(refusal)) if refusal.has(422) => Err(BookError::NotDone(BackendError::StaleCatalog)),
            Err(error) => Err(written(error)),
        }
    }

    /// A person's records of a day: the one that has our key, and whether something stands where we want to be.
    async fn records_in_the_way(&self, wish: &Wish<'_>) -> Result<(Option<Record>, bool), BookError> {
        let day = Self::local_day(wish.start, wish.zone);
        let records = self.list_records(&Listing::day_of(wish.staff, day)).await;
        let mut records = records.map_err(|error| BookError::NotDone(error.into_read()))?;
        records.retain(|record| !record.deleted && Some(record.id) != wish.moved.map(|moved| moved.id));
        let end = wish.start + Duration::seconds(wish.seconds);
        let in_the_way = records.iter().any(|record| {
            let start = time::wall(&record.date).and_then(|wall| time::instant(wall, wish.zone));
            start.is_some_and(|start| start < end && wish.start < start + Duration::seconds(record.seconds()))
        });
        let ours = wish.key.and_then(|key| records.into_iter().find(|record| made_by(record) == Some(key)));
        Ok((ours, in_the_way))
    }

    /// The record that our key made on a day, if it did; a failure to look is no answer.
    async fn ours_on_day(&self, wish: &Wish<'_>, key: ActionKey) -> Option<Record> {
        let day = Self::local_day(wish.start, wish.zone);
        let records = self.list_records(&Listing::day_of(wish.staff, day)).await.ok()?;
        records.into_iter().find(|record| !record.deleted && made_by(record) == Some(key))
    }

    /// The record after a write: as it was answered, when that is the whole of it, or read once more. What is not it is no
    /// success.
    async fn read_back(&self, told: Record, is_it: impl Fn(&Record) -> bool) -> Result<Record, BookError> {
        if is_it(&told) && time::wall(&told.date).is_some() && !told.services.is_empty() && told.seconds() > 0 {
            return Ok(told);
        }
        let read = self.read_record(told.id).await.map_err(lost)?;
        read.filter(|record| is_it(record) && !record.deleted).ok_or_else(unreadable)
    }

    /// The record behind a reference, as it stands.
    async fn record_of(&self, reference: &BookingRef) -> Result<Record, BookError> {
        let id = record(reference).filter(|_| self.is_ours(reference)).ok_or_else(|| BookError::NotDone(gone()))?;
        let read = self.read_record(id).await.map_err(|error| BookError::NotDone(error.into_read()))?;
        read.filter(|record| !record.deleted).ok_or_else(|| BookError::NotDone(gone()))
    }
}

/// Who does it, and how long that takes them.
fn doer(slot: &Slot, order: &Order) -> Result<(i64, i64), BookError> {
    let stale = || BookError::NotDone(BackendError::StaleCatalog);
    let chosen = match &slot.staff {
        StaffChoice::One(person) => number(person.as_str()),
        // Nobody was picked: the first who does it.
        StaffChoice::Any => {
            let first = slot.candidates.first().and_then(|person| number(person.as_str()));
            first.or_else(|| order.doers.keys().next().copied())
        }
    };
    let person = chosen.ok_or_else(stale)?;
    let seconds = order.doers.get(&person).copied().ok_or_else(stale)?;
    staff_id(person).map(|_| (person, seconds)).ok_or_else(stale)
}

/// A client as a record names them: the platform finds them by number, or makes them.
pub(super) fn client(of: &ClientDetails) -> Result<Value, BookError> {
    let needs = |field| BookError::Needs { fields: [field].into() };
    let phone = of.user.phone.as_ref().ok_or_else(|| needs(ClientField::Phone))?;
    let name = of.name.as_ref().map(|name| name.reveal().trim()).filter(|name| !name.is_empty());
    let mut client = json!({ "phone": phone.e164(), "name": name.ok_or_else(|| needs(ClientField::Name))? });
    if let Some(email) = &of.email {
        client["email"] = json!(email.reveal());
    }
    Ok(client)
}

/// A service of a new record. Without one price it is the platform's to say.
fn service(id: i64, cost: Option<f64>) -> Value {
    match cost {
        Some(cost) => json!({ "id": id, "first_cost": cost, "discount": 0, "cost": cost }),
        None => json!({ "id": id }),
    }
}

/// A service of a record that is written again.
fn as_it_was(service: &crate::wire::record::RecordService) -> Value {
    let mut written = Map::from_iter([("id".to_owned(), json!(service.id))]);
    let parts = [("first_cost", service.first_cost), ("discount", service.discount), ("cost", service.cost)];
    written.extend(parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))));
    written.into()
}

/// The whole of a record with another time: what is not sent is cleared.
fn whole(before: &Record, staff: i64, services: Vec<Value>, datetime: &str, seconds: i64) -> Value {
    let mut body = json!({
        "staff_id": staff,
        "services": services,
        "client": client_again(before),
        "datetime": datetime,
        "seance_length": seconds,
        "save_if_busy": false,
        "send_sms": false,
        "comment": before.comment,
        "attendance": before.attendance.unwrap_or_default(),
        "api_id": before.api_id,
        "sms_remain_hours": before.sms_remain_hours.unwrap_or_default(),
        "email_remain_hours": before.email_remain_hours.unwrap_or_default(),
        "custom_color": before.custom_color,
        // Read as objects, written as ids.
        "record_labels": before.record_labels.iter().filter_map(|label| Some(label.id?.to_string())).collect::<Vec<_>>(),
    });
    if let Some(pause) = before.technical_break_duration {
        body["technical_break_duration"] = json!(pause);
    }
    if before.custom_fields.as_object().is_some_and(|fields| !fields.is_empty()) {
        body["custom_fields"] = before.custom_fields.clone();
    }
    body
}

/// A record's client as a write takes them: other keys have been refused.
fn client_again(before: &Record) -> Value {
    let Some(client) = &before.client else { return json!({}) };
    let masked = client.phone.contains('*');
    if let (Some(id), true) = (client.id, masked || client.phone.trim().is_empty()) {
        return json!({ "id": id });
    }
    let name = [&client.name, &client.display_name].into_iter().find(|name| !name.trim().is_empty());
    let mut written = json!({ "phone": client.phone, "name": name.map(String::as_str).unwrap_or_default() });
    if !client.email.trim().is_empty() {
        written["email"] = json!(client.email);
    }
    written
}

/// What a refused write means: who or what it names and is not there is a catalogue of before.
fn written(error: CallError) -> BookError {
    match error {
        CallError::NotFound(_) => BookError::NotDone(BackendError::StaleCatalog),
        error => error.into_write(),
    }
}

fn gone() -> BackendError {
    BackendError::NotFound { what: "the record".to_owned() }
}

/// It was written, and could not be read afterwards.
fn lost(error: CallError) -> BookError {
    BookError::OutcomeUnknown { source: Some(error.into()) }
}

/// It was written, and what is there afterwards is not what was written, or cannot be understood.
fn unreadable() -> BookError {
    BookError::OutcomeUnknown { source: Some("the record after the write is another one than was written".into()) }
}
