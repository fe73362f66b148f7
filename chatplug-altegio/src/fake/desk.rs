//! The people at a salon's desk: what they do in Altegio's own screens, and the webhooks that follow.

use super::{
    FakeAltegio,
    records::Record,
    salon::FakeService,
    shape,
    state::{Salon, State},
};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use serde_json::json;

/// Somebody at the desk of one salon. They may do anything: nothing checks whether a time is free.
#[derive(Debug, Clone)]
pub struct Desk {
    fake: FakeAltegio,
    salon: u64,
}

impl Desk {
    pub(super) const fn new(fake: FakeAltegio, salon: u64) -> Self {
        Self { fake, salon }
    }

    /// Books for somebody who telephoned, and answers the record's id; 0 when there is no such service or member.
    pub fn books(&self, staff: u64, service: u64, start: NaiveDateTime, phone: &str, name: &str) -> u64 {
        self.change(|state, salon, wall| {
            let (id, fresh) = (state.fresh(), state.fresh());
            let Some(place) = state.salons.get_mut(&salon) else { return 0 };
            let length = place.shop.member(staff).zip(place.shop.service(service));
            let Some(seconds) = length.map(|(member, service)| member.takes(service)) else { return 0 };
            let mut record = Record::new(id, staff, start, seconds, wall);
            record.lines = vec![place.line(service)];
            record.client = Some(place.client_for(phone, name, "", fresh, wall));
            place.records.push(record);
            state.tell_record(salon, id, "create", None);
            id
        })
    }

    /// Blocks a time for nobody: a record without client and services.
    pub fn blocks(&self, staff: u64, start: NaiveDateTime, minutes: i64) -> u64 {
        self.change(|state, salon, wall| {
            let id = state.fresh();
            let Some(place) = state.salons.get_mut(&salon) else { return 0 };
            place.records.push(Record::new(id, staff, start, minutes * 60, wall));
            state.tell_record(salon, id, "create", None);
            id
        })
    }

    /// Moves a record to another time or person.
    pub fn moves(&self, record: u64, staff: u64, start: NaiveDateTime) -> &Self {
        self.edits(record, "update", |record| (record.staff, record.start) = (staff, start))
    }

    /// Writes another remark: a change that is none of the client's business.
    pub fn remarks(&self, record: u64, comment: &str) -> &Self {
        self.edits(record, "update", |record| comment.clone_into(&mut record.comment))
    }

    /// Saves a record without changing anything.
    pub fn touches(&self, record: u64) -> &Self {
        self.edits(record, "update", |_| {})
    }

    /// Marks attendance: -1 did not come, 0 waiting, 1 came, 2 confirmed.
    pub fn marks(&self, record: u64, attendance: i64) -> &Self {
        self.edits(record, "update", |record| record.attendance = attendance)
    }

    /// Does something else instead.
    pub fn swaps_service(&self, record: u64, service: u64) -> &Self {
        self.change(|state, salon, wall| {
            let Some(place) = state.salons.get_mut(&salon) else { return };
            let line = place.line(service);
            let Some(record_) = place.record_mut(record) else { return };
            (record_.lines, record_.changed) = (vec![line], wall);
            state.tell_record(salon, record, "update", None);
        });
        self
    }

    /// Cancels, which is to delete.
    pub fn cancels(&self, record: u64) -> &Self {
        self.change(|state, salon, _| state.delete_record(salon, record, None));
        self
    }

    /// Deletes a record and every trace of it.
    pub fn erases(&self, record: u64) -> &Self {
        self.change(|state, salon, _| {
            if let Some(salon) = state.salons.get_mut(&salon) {
                salon.records.retain(|one| one.id != record);
            }
        });
        self
    }

    /// Locks a record, as one that awaits an online payment.
    pub fn locks(&self, record: u64) -> &Self {
        self.edits(record, "update", |record| record.blocked = true)
    }

    /// Prints the bill of a record, which keeps it as it is.
    pub fn bills(&self, record: u64) -> &Self {
        self.edits(record, "update", |record| record.billed = true)
    }

    /// Somebody leaves: they stay in the lists, fired.
    pub fn dismisses(&self, staff: u64) -> &Self {
        self.change(|state, salon, wall| {
            let traps = state.traps.clone();
            let Some(place) = state.salons.get_mut(&salon) else { return };
            let Some(member) = place.shop.staff.iter_mut().find(|member| member.id == staff) else { return };
            member.fired = true;
            let shown = place.shop.member(staff).map(|member| shape::member(member, &place.shop, wall, &traps));
            state.tell(salon, "staff", staff, "update", json!(shown), None);
        });
        self
    }

    /// A service is not sold any more: it stays in the lists, inactive.
    pub fn withdraws(&self, service: u64) -> &Self {
        self.changes_service(service, |service| service.active = false)
    }

    /// Changes a service: its price, its name, how long it takes.
    pub fn changes_service(&self, service: u64, change: impl FnOnce(&mut FakeService)) -> &Self {
        self.change(|state, salon, _| {
            let traps = state.traps.clone();
            let Some(place) = state.salons.get_mut(&salon) else { return };
            let Some(found) = place.shop.services.iter_mut().find(|one| one.id == service) else { return };
            change(found);
            let shown = place.shop.service(service).map(|service| shape::service(service, &place.shop, &traps));
            state.tell(salon, "service", service, "update", json!(shown), None);
        });
        self
    }

    /// Gives somebody other hours on a day; none for a day off.
    pub fn schedules(&self, staff: u64, day: NaiveDate, hours: &[(NaiveTime, NaiveTime)]) -> &Self {
        self.change(|state, salon, _| {
            let Some(place) = state.salons.get_mut(&salon) else { return };
            let Some(member) = place.shop.staff.iter_mut().find(|member| member.id == staff) else { return };
            member.days.insert(day, hours.to_vec());
            state.tell(salon, "schedule", staff, "update", json!([]), None);
        });
        self
    }

    /// Adds a client, and answers the id.
    pub fn knows(&self, phone: &str, name: &str) -> u64 {
        self.change(|state, salon, wall| {
            let fresh = state.fresh();
            let Some(place) = state.salons.get_mut(&salon) else { return 0 };
            let id = place.client_for(phone, name, "", fresh, wall);
            let shown = place.client(id).map(|client| shape::client(client, place));
            state.tell(salon, "client", id, "create", json!(shown), None);
            id
        })
    }

    /// Puts the client with this number on the blacklist.
    pub fn blacklists(&self, phone: &str) -> &Self {
        let id = self.knows(phone, "Client");
        self.of_client(id, |client| client.blacklisted = true)
    }

    /// Sells a membership of so many visits to the client with this number; `expires` as `2026-12-31`, if it does.
    pub fn sells_membership(&self, phone: &str, title: &str, visits: u64, expires: Option<NaiveDate>) -> &Self {
        let id = self.knows(phone, "Client");
        let membership = json!({
            "id": 659_878, "number": "788376", "balance_string": format!("{title} (x{visits})"), "is_frozen": false,
            "freeze_period": 0, "period": 12, "period_unit_id": 3,
            "expiration_date": expires.map(|day| format!("{day}T23:59:59+0000")),
            "status": {"id": if expires.is_some() { 2 } else { 1 }, "title": "Issued", "extended_title": "Issued"},
            "balance_container": {"links": [{"count": visits, "category": {"id": 3_129_591, "category_id": 1, "title": title}}]},
            "type": {"id": 97_804, "salon_group_id": 145_071, "title": title, "period": 12, "period_unit_id": 3,
                "allow_freeze": false, "freeze_limit": 0, "is_allow_empty_code": false, "is_united_balance": false,
                "united_balance_services_count": 0, "balance_container": {"links": []}},
        });
        self.of_client(id, |client| client.memberships.push(membership))
    }

    /// Freezes every membership of the client with this number.
    pub fn freezes_memberships(&self, phone: &str) -> &Self {
        let id = self.knows(phone, "Client");
        self.of_client(id, |client| {
            client.memberships.iter_mut().for_each(|membership| membership["is_frozen"] = json!(true));
        })
    }

    fn of_client(&self, id: u64, change: impl FnOnce(&mut super::records::Client)) -> &Self {
        self.change(|state, salon, _| {
            let salon = state.salons.get_mut(&salon);
            if let Some(client) = salon.and_then(|salon| salon.clients.iter_mut().find(|client| client.id == id)) {
                change(client);
            }
        });
        self
    }

    fn edits(&self, record: u64, status: &'static str, change: impl FnOnce(&mut Record)) -> &Self {
        self.change(|state, salon, wall| {
            let found = state.salons.get_mut(&salon).and_then(|salon: &mut Salon| salon.record_mut(record));
            let Some(found) = found else { return };
            change(found);
            found.changed = wall;
            state.tell_record(salon, record, status, None);
        });
        self
    }

    fn change<T>(&self, with: impl FnOnce(&mut State, u64, NaiveDateTime) -> T) -> T {
        let salon = self.salon;
        self.fake.change(|state| {
            state.seed();
            let wall = state.wall(salon);
            with(state, salon, wall)
        })
    }
}
