//! The team, who do things by hand in Cal.com's own screens, and the webhooks that follow.

use super::{
    FakeCalcom,
    account::Absence,
    booking::{Attendee, Booking, FakeStatus},
    state::State,
    webhook::Event,
};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde_json::{Map, json};

/// Somebody of the team. They may do anything: nothing checks whether a time is free.
#[derive(Debug, Clone)]
pub struct Desk {
    fake: FakeCalcom,
    user: u64,
}

impl Desk {
    pub(super) const fn new(fake: FakeCalcom, user: u64) -> Self {
        Self { fake, user }
    }

    /// Books for somebody who telephoned, with themselves as host unless the event type is another's, and answers the
    /// uid; empty when there is no such event type.
    pub fn books(&self, event_type: u64, start: DateTime<Utc>, email: &str, name: &str) -> String {
        let user = self.user;
        self.fake.change(|state| {
            let Some(of) = state.event_types.get(&event_type).cloned() else { return String::new() };
            let people = of.people();
            let host = if people.contains(&user) { Some(user) } else { people.first().copied() };
            let host = host.unwrap_or(user);
            let (id, uid, now) = (state.fresh("booking"), state.uid(), state.time.now());
            let attendee = Attendee {
                id: state.fresh("attendee"),
                name: name.to_owned(),
                email: email.to_owned(),
                zone: state.zone_of(&of).name().to_owned(),
                language: "en".to_owned(),
                phone: None,
                absent: false,
                seat: None,
            };
            let responses = [("email", email), ("name", name)].map(|(slug, told)| (slug.to_owned(), json!(told)));
            let booking = Booking {
                id,
                ics: format!("{uid}@Cal.com"),
                uid: uid.clone(),
                moves: 0,
                event_type,
                slug: of.slug.clone(),
                hosts: vec![host],
                status: FakeStatus::Accepted,
                start,
                end: start + Duration::minutes(i64::from(of.minutes)),
                title: super::api::create::title(state, &of, Some(host), name),
                location: None,
                metadata: Map::new(),
                responses: responses.into_iter().collect(),
                attendees: vec![attendee],
                guests: Vec::new(),
                created: now,
                updated: now,
                cancellation: None,
                cancelled_by: None,
                rescheduling: None,
                rescheduled_by: None,
                rejection: None,
                from: None,
                to: None,
                series: None,
                absent_host: false,
                seated: false,
            };
            state.events.push(Event::created(&booking));
            state.bookings.push(booking);
            uid
        })
    }

    /// Moves a booking: it becomes another one, whose uid is answered.
    pub fn moves(&self, uid: &str, start: DateTime<Utc>) -> String {
        self.fake.change(|state| {
            let Some(old) = state.booking(uid).cloned() else { return String::new() };
            let (id, new, now) = (state.fresh("booking"), state.uid(), state.time.now());
            let by = old.hosts.first().and_then(|host| state.users.get(host)).map(|host| host.email.clone());
            let moved = Booking {
                id,
                uid: new.clone(),
                start,
                end: start + (old.end - old.start),
                created: now,
                updated: now,
                from: Some(uid.to_owned()),
                moves: old.moves + 1,
                status: FakeStatus::Accepted,
                ..old.clone()
            };
            if let Some(booking) = state.booking_mut(uid) {
                (booking.status, booking.to, booking.updated) = (FakeStatus::Cancelled, Some(new.clone()), now);
            }
            state.events.push(Event::moved(&moved, &old, by.as_deref()));
            state.bookings.push(moved);
            new
        })
    }

    /// Calls a booking off.
    pub fn cancels(&self, uid: &str, reason: &str) -> &Self {
        self.on(uid, |booking, _| {
            (booking.status, booking.cancellation) = (FakeStatus::Cancelled, Some(reason.to_owned()));
            Some(Event::cancelled(booking))
        })
    }

    /// Says yes to a booking that waits.
    pub fn confirms(&self, uid: &str) -> &Self {
        self.on(uid, |booking, _| {
            booking.status = FakeStatus::Accepted;
            Some(Event::confirmed(booking))
        })
    }

    /// Says no to a booking that waits.
    pub fn declines(&self, uid: &str, reason: &str) -> &Self {
        self.on(uid, |booking, _| {
            (booking.status, booking.rejection) = (FakeStatus::Rejected, Some(reason.to_owned()));
            Some(Event::rejected(booking))
        })
    }

    /// Notes that nobody came.
    pub fn marks_absent(&self, uid: &str) -> &Self {
        self.on(uid, |booking, _| {
            booking.attendees.iter_mut().for_each(|one| one.absent = true);
            let marked = booking.attendees.iter().map(|one| (one.email.clone(), true)).collect();
            Some(Event::no_show(booking, marked))
        })
    }

    /// Gives a booking to somebody else. Nobody is told by webhook.
    pub fn hands_over(&self, uid: &str, host: u64) -> &Self {
        self.on(uid, |booking, _| {
            booking.hosts = vec![host];
            None
        })
    }

    /// Somebody is away for some days, the last included.
    pub fn leaves(&self, user: u64, from: NaiveDate, to: NaiveDate) -> &Self {
        self.fake.change(|state| {
            let (id, uuid) = (state.fresh("absence"), state.uuid());
            let start = from.and_time(chrono::NaiveTime::MIN).and_utc();
            let end = super::time::end_of(to);
            let reason = "vacation".to_owned();
            state.absences.push(Absence { id, uuid, user, to: None, start, end, notes: None, reason });
        });
        self
    }

    /// Erases a booking and every trace of it.
    pub fn erases(&self, uid: &str) -> &Self {
        self.fake.change(|state| state.bookings.retain(|one| one.uid != uid));
        self
    }

    /// The web app's clock has passed the beginning of a booking.
    pub fn begins(&self, uid: &str) -> &Self {
        self.on(uid, |booking, _| Some(Event::meeting("MEETING_STARTED", booking)))
    }

    /// The web app's clock has passed the end of a booking.
    pub fn ends(&self, uid: &str) -> &Self {
        self.on(uid, |booking, _| Some(Event::meeting("MEETING_ENDED", booking)))
    }

    /// The client was asked to pay, or has paid, by one of Cal.com's own apps.
    pub fn pays(&self, uid: &str, done: bool) -> &Self {
        let trigger = if done { "BOOKING_PAID" } else { "BOOKING_PAYMENT_INITIATED" };
        self.on(uid, |booking, _| Some(Event::payment(trigger, booking)))
    }

    fn on(&self, uid: &str, change: impl FnOnce(&mut Booking, DateTime<Utc>) -> Option<Event>) -> &Self {
        self.fake.change(|state: &mut State| {
            let now = state.time.now();
            let Some(booking) = state.booking_mut(uid) else { return };
            let event = change(booking, now);
            booking.updated = now;
            state.events.extend(event);
        });
        self
    }
}
