//! Webhooks: what is told of what happens, signed, and how it is posted. Contract: "Webhooks".

use super::{
    booking::{Attendee, Booking, FakeStatus},
    event_type::FakeEventType,
    hooks::{Hook, Whose},
    server::Server,
    state::uuid_of,
    state::{Shared, State},
    time,
};
use chrono::Offset as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{mpsc, watch};

/// How webhooks are posted. Each once and in order at first; the real server posts once, too, and never again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookPlan {
    /// How long before each is posted.
    pub delay: Duration,
    /// How often each is posted.
    pub copies: usize,
    /// What happens at once is told from the last to the first.
    pub reversed: bool,
    /// None is posted, and none kept.
    pub dropped: bool,
    /// None is posted until it is taken out and delivered by hand.
    pub held: bool,
}

impl Default for WebhookPlan {
    fn default() -> Self {
        Self { delay: Duration::ZERO, copies: 1, reversed: false, dropped: false, held: false }
    }
}

impl WebhookPlan {
    /// One webhook for one change, once, in order.
    #[must_use]
    pub fn calm() -> Self {
        Self::default()
    }

    /// Kept back; see [`FakeCalcom::take_held`](super::FakeCalcom::take_held).
    #[must_use]
    pub const fn held(mut self) -> Self {
        self.held = true;
        self
    }

    /// Lost.
    #[must_use]
    pub const fn dropped(mut self) -> Self {
        self.dropped = true;
        self
    }

    /// Each is posted so often.
    #[must_use]
    pub const fn copies(mut self, copies: usize) -> Self {
        self.copies = copies;
        self
    }

    /// The last comes first.
    #[must_use]
    pub const fn reversed(mut self) -> Self {
        self.reversed = true;
        self
    }

    /// Waits before each.
    #[must_use]
    pub const fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// A webhook, ready to be posted.
///
/// ```no_run
/// # use chatplug_calcom::fake::FakeCalcom;
/// # async fn f(fake: &FakeCalcom) {
/// for mut delivery in fake.take_held() {
///     delivery.body.push(' '); // not what was signed any more
///     assert_eq!(fake.deliver(&delivery).await, 401);
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FakeDelivery {
    /// Where to.
    pub url: String,
    /// The body, byte for byte as it was signed.
    pub body: String,
    /// What `X-Cal-Signature-256` says.
    pub signature: String,
    /// What `x-cal-webhook-version` says, on servers of 2026.
    pub version: Option<&'static str>,
}

impl FakeDelivery {
    /// A body of a test's own, signed as a webhook with this secret would be.
    #[must_use]
    pub fn signed(url: &str, body: &str, secret: Option<&str>) -> Self {
        let (url, body) = (url.to_owned(), body.to_owned());
        Self { signature: sign(secret, body.as_bytes()), url, body, version: None }
    }
}

/// Lower-case hex of HMAC-SHA-256; a constant where there is no secret.
pub(super) fn sign(secret: Option<&str>, body: &[u8]) -> String {
    let Some(mut mac) = secret.and_then(|secret| Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()) else {
        return "no-secret-provided".to_owned();
    };
    mac.update(body);
    mac.finalize().into_bytes().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Something that happened to a booking.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) trigger: &'static str,
    booking: Booking,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Made { from: Option<Box<Booking>>, by: Option<String> },
    Confirmed,
    Cancelled,
    Rejected,
    Absent(Vec<(String, bool)>),
    Meeting,
    Paid,
}

impl Event {
    fn new(trigger: &'static str, booking: &Booking, kind: Kind) -> Self {
        Self { trigger, booking: booking.clone(), kind }
    }

    pub(super) fn created(booking: &Booking) -> Self {
        Self::new("BOOKING_CREATED", booking, Kind::Made { from: None, by: None })
    }

    pub(super) fn requested(booking: &Booking) -> Self {
        Self::new("BOOKING_REQUESTED", booking, Kind::Made { from: None, by: None })
    }

    /// A move; of a type that is confirmed, a request.
    pub(super) fn moved(booking: &Booking, from: &Booking, by: Option<&str>) -> Self {
        let pending = booking.status == FakeStatus::Pending;
        let trigger = if pending { "BOOKING_REQUESTED" } else { "BOOKING_RESCHEDULED" };
        let by = by.map(str::to_owned);
        Self::new(trigger, booking, Kind::Made { from: Some(Box::new(from.clone())), by })
    }

    pub(super) fn confirmed(booking: &Booking) -> Self {
        Self::new("BOOKING_CREATED", booking, Kind::Confirmed)
    }

    pub(super) fn cancelled(booking: &Booking) -> Self {
        Self::new("BOOKING_CANCELLED", booking, Kind::Cancelled)
    }

    pub(super) fn rejected(booking: &Booking) -> Self {
        Self::new("BOOKING_REJECTED", booking, Kind::Rejected)
    }

    pub(super) fn no_show(booking: &Booking, marked: Vec<(String, bool)>) -> Self {
        Self::new("BOOKING_NO_SHOW_UPDATED", booking, Kind::Absent(marked))
    }

    /// `MEETING_STARTED` or `MEETING_ENDED`.
    pub(super) fn meeting(trigger: &'static str, booking: &Booking) -> Self {
        Self::new(trigger, booking, Kind::Meeting)
    }

    /// `BOOKING_PAYMENT_INITIATED` or `BOOKING_PAID`.
    pub(super) fn payment(trigger: &'static str, booking: &Booking) -> Self {
        Self::new(trigger, booking, Kind::Paid)
    }

    /// Whether a webhook is told of it.
    fn concerns(&self, state: &State, hook: &Hook) -> bool {
        let of = state.event_types.get(&self.booking.event_type);
        let team = of.and_then(|of| of.team).and_then(|team| state.teams.get(&team));
        let belongs = |organization: u64| {
            team.is_some_and(|team| team.parent == Some(organization))
                || state
                    .teams
                    .get(&organization)
                    .is_some_and(|one| self.booking.hosts.iter().any(|host| one.role(*host).is_some()))
        };
        let managed = |client: &String| {
            let mut hosts = self.booking.hosts.iter().filter_map(|host| state.users.get(host));
            hosts.any(|host| host.managed_by.as_ref() == Some(client))
        };
        let theirs = match &hook.of {
            Whose::User(user) => self.booking.hosts.contains(user),
            Whose::EventType(id) => *id == self.booking.event_type || of.and_then(|of| of.parent) == Some(*id),
            Whose::Organization(id) => belongs(*id),
            Whose::Client(id) => managed(id),
        };
        hook.active && theirs && hook.triggers.iter().any(|trigger| trigger == self.trigger)
    }

    fn body(&self, state: &State) -> Value {
        let booking = &self.booking;
        if matches!(self.kind, Kind::Meeting) {
            // Flat: the row itself.
            return self.row(state);
        }
        let payload = match &self.kind {
            Kind::Absent(marked) => {
                let said: Vec<_> = marked
                    .iter()
                    .map(|(email, absent)| format!("{email} {}marked as no-show", if *absent { "" } else { "un" }))
                    .collect();
                let attendees: Vec<_> =
                    marked.iter().map(|(email, absent)| json!({"email": email, "noShow": absent})).collect();
                json!({"message": said.join(", "), "attendees": attendees, "bookingUid": booking.uid,
                    "bookingId": booking.id})
            }
            _ => self.payload(state),
        };
        json!({"triggerEvent": self.trigger, "createdAt": time::stamp(state.time.now()), "payload": payload})
    }

    fn payload(&self, state: &State) -> Value {
        let booking = &self.booking;
        let of = state.event_types.get(&booking.event_type);
        let organizer = booking.hosts.first().and_then(|id| state.users.get(id));
        let zone = organizer.map_or(chrono_tz::UTC, |user| user.zone);
        let offset = |zone: chrono_tz::Tz| booking.start.with_timezone(&zone).offset().fix().local_minus_utc() / 60;
        let made = matches!(self.kind, Kind::Made { .. } | Kind::Paid);
        let at = |time| match self.kind {
            Kind::Made { .. } | Kind::Paid => time::seconds(time),
            Kind::Cancelled => time::seconds(time).replace('Z', "+00:00"),
            _ => time::stamp(time),
        };
        let attendee = |one: &Attendee| {
            let mut shown = json!({
                "name": one.name, "email": one.email, "timeZone": one.zone, "language": {"locale": one.language},
                "utcOffset": offset(one.zone.parse().unwrap_or(chrono_tz::UTC)),
            });
            if let Some(shown) = shown.as_object_mut() {
                if one.phone.is_some() || !made {
                    shown.insert("phoneNumber".to_owned(), json!(one.phone));
                }
                if made {
                    shown.insert("firstName".to_owned(), json!(""));
                    shown.insert("lastName".to_owned(), json!(""));
                }
            }
            shown
        };
        let attendees: Vec<_> = booking.attendees.iter().map(attendee).collect();
        let description = of.map_or("", |of| of.description.as_str());
        let or_null = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
        let mut payload = json!({
            "bookerUrl": "https://app.cal.example",
            "title": booking.title,
            "startTime": at(booking.start),
            "endTime": at(booking.end),
            "type": booking.slug,
            "eventTypeId": booking.event_type,
            "customReplyToEmail": null,
            "hideOrganizerEmail": false,
            "organizer": organizer.map(|user| json!({
                "id": user.id, "name": user.name, "email": user.email, "username": user.username,
                "timeZone": user.zone.name(), "language": {"locale": "en"}, "timeFormat": "h:mma",
                "utcOffset": offset(zone),
            })),
            "attendees": attendees,
            "customInputs": {},
            "responses": responses(of, booking, made),
            "userFieldsResponses": own_responses(of, booking),
            "location": booking.location,
            "uid": booking.uid,
            "eventTitle": of.map(|of| &of.title),
            "eventDescription": or_null(description),
            "price": of.map_or(0, |of| of.price),
            "currency": of.map_or("usd", |of| of.currency.as_str()),
            "length": booking.minutes(),
            "bookingId": booking.id,
            "status": booking.status.word().to_uppercase(),
        });
        let Some(more) = payload.as_object_mut() else { return payload };
        let mut put = |name: &str, value: Value| more.insert(name.to_owned(), value);
        match &self.kind {
            Kind::Made { from, by } => {
                made_only(&mut put, of, booking, description);
                if let Some(from) = from {
                    put("appsStatus", json!([]));
                    put("rescheduleId", json!(from.id));
                    put("rescheduleUid", json!(from.uid));
                    put("rescheduleStartTime", json!(time::seconds(from.start)));
                    put("rescheduleEndTime", json!(time::seconds(from.end)));
                    if let Some(by) = by {
                        put("rescheduledBy", json!(by));
                    }
                } else {
                    put("iCalUID", json!(booking.ics));
                }
            }
            Kind::Paid => {
                made_only(&mut put, of, booking, description);
                put("iCalUID", json!(booking.ics));
                put("paymentId", json!(booking.id));
                put("paymentData", json!({"success": self.trigger == "BOOKING_PAID"}));
            }
            Kind::Cancelled => {
                for (name, value) in [
                    ("additionalNotes", json!("")),
                    ("description", json!(description)),
                    ("destinationCalendar", json!([])),
                    ("seatsPerTimeSlot", json!(of.and_then(|of| of.seats))),
                    ("seatsShowAttendees", json!(false)),
                    ("iCalUID", json!(booking.ics)),
                    ("iCalSequence", json!(1)),
                    ("requiresConfirmation", Value::Null),
                    ("price", Value::Null),
                ] {
                    put(name, value);
                }
                if let Some(reason) = &booking.cancellation {
                    put("cancellationReason", json!(reason));
                }
                if let Some(by) = &booking.cancelled_by {
                    put("cancelledBy", json!(by));
                }
                if state.server.is_newer() {
                    put("requestReschedule", json!(false));
                }
            }
            Kind::Confirmed | Kind::Rejected => {
                put("destinationCalendar", json!([]));
                put("requiresConfirmation", json!(true));
                if let (Kind::Rejected, Some(reason)) = (&self.kind, &booking.rejection) {
                    put("rejectionReason", json!(reason));
                }
            }
            Kind::Absent(_) | Kind::Meeting => {}
        }
        payload
    }

    fn row(&self, state: &State) -> Value {
        let booking = &self.booking;
        let of = state.event_types.get(&booking.event_type);
        let host = booking.hosts.first().and_then(|id| state.users.get(id));
        let attendee = |one: &Attendee| {
            json!({"id": one.id, "email": one.email, "name": one.name, "timeZone": one.zone, "phoneNumber": one.phone,
                "locale": one.language, "bookingId": booking.id, "noShow": one.absent})
        };
        let mut row = json!({
            "triggerEvent": self.trigger, "id": booking.id, "uid": booking.uid, "idempotencyKey": uuid_of(&booking.uid),
            "userId": host.map(|host| host.id), "userPrimaryEmail": host.map(|host| &host.email),
            "eventTypeId": booking.event_type, "title": booking.title, "description": "", "customInputs": {},
            "responses": responses(of, booking, true), "startTime": time::stamp(booking.start),
            "endTime": time::stamp(booking.end), "location": booking.location,
            "createdAt": time::stamp(booking.created), "updatedAt": time::stamp(booking.updated),
            "status": booking.status.word().to_uppercase(), "paid": false, "metadata": booking.metadata,
            "user": host.map(|host| json!({"email": host.email, "name": host.name, "timeZone": host.zone.name(),
                "username": host.username})),
            "attendees": booking.attendees.iter().map(attendee).collect::<Vec<_>>(), "payment": [], "references": [],
        });
        let empty = [
            "destinationCalendarId",
            "cancellationReason",
            "rejectionReason",
            "reassignReason",
            "reassignById",
            "dynamicEventSlugRef",
            "dynamicGroupSlugRef",
            "rescheduled",
            "fromReschedule",
            "recurringEventId",
            "smsReminderNumber",
            "rating",
            "ratingFeedback",
            "oneTimePassword",
            "cancelledBy",
            "rescheduledBy",
        ];
        if let Some(row) = row.as_object_mut() {
            row.extend(empty.iter().map(|name| ((*name).to_owned(), Value::Null)));
            for (name, value) in [
                ("scheduledJobs", json!([])),
                ("isRecorded", json!(false)),
                ("iCalUID", json!(booking.ics)),
                ("iCalSequence", json!(booking.moves)),
                ("noShowHost", json!(booking.absent_host)),
                ("creationSource", json!("API_V2")),
            ] {
                row.insert(name.to_owned(), value);
            }
        }
        row
    }
}

/// What is said of a booking that somebody makes or moves, and of no other.
fn made_only(
    put: &mut impl FnMut(&str, Value) -> Option<Value>,
    of: Option<&FakeEventType>,
    booking: &Booking,
    description: &str,
) {
    let confirmed = of.is_some_and(|of| of.confirmation.is_some());
    for (name, value) in [
        ("additionalNotes", json!("")),
        ("description", json!(description)),
        ("hideCalendarNotes", json!(false)),
        ("hideCalendarEventDetails", json!(false)),
        ("schedulingType", json!(of.and_then(|of| of.scheduling).map(super::FakeScheduling::word))),
        ("seatsPerTimeSlot", json!(of.and_then(|of| of.seats))),
        ("seatsShowAttendees", json!(true)),
        ("seatsShowAvailabilityCount", json!(true)),
        ("disableRescheduling", json!(false)),
        ("disableCancelling", json!(false)),
        ("destinationCalendar", Value::Null),
        ("iCalSequence", json!(booking.moves)),
        ("requiresConfirmation", json!(confirmed)),
        ("oneTimePassword", if confirmed { json!(uuid_of(&booking.uid)) } else { Value::Null }),
        ("metadata", Value::Object(booking.stored())),
    ] {
        put(name, value);
    }
}

/// What was answered, with the labels of the page.
fn responses(of: Option<&FakeEventType>, booking: &Booking, made: bool) -> Value {
    let mut all = Map::new();
    let mut say = |slug: &str, label: &str, hidden: bool, value: Option<Value>| {
        let mut one = json!({"label": label, "isHidden": hidden});
        if let (Some(value), Some(one)) = (value, one.as_object_mut()) {
            one.insert("value".to_owned(), value);
        }
        all.insert(slug.to_owned(), one);
    };
    let told = |slug: &str| booking.responses.get(slug).cloned();
    if made {
        say("attendeePhoneNumber", "phone_number", !of.is_some_and(|of| of.phone_only), told("attendeePhoneNumber"));
    }
    say("name", "your_name", false, told("name"));
    say("email", "email_address", false, told("email"));
    let place = if made {
        booking.location.as_ref().map(|place| json!({"value": place, "optionValue": ""}))
    } else {
        told("location")
    };
    say("location", "location", false, place);
    for (slug, field) in of.into_iter().flat_map(FakeEventType::questions) {
        say(slug, field["label"].as_str().unwrap_or(slug), false, told(slug));
    }
    say("title", "what_is_this_meeting_about", true, None);
    say("notes", "additional_notes", false, told("notes"));
    say("guests", "additional_guests", false, told("guests"));
    say("rescheduleReason", "reason_for_reschedule", false, None);
    Value::Object(all)
}

fn own_responses(of: Option<&FakeEventType>, booking: &Booking) -> Value {
    let one = |(slug, field): (&str, &Value)| {
        let mut one = json!({"label": field["label"], "isHidden": false});
        if let (Some(value), Some(one)) = (booking.responses.get(slug), one.as_object_mut()) {
            one.insert("value".to_owned(), value.clone());
        }
        (slug.to_owned(), one)
    };
    Value::Object(of.into_iter().flat_map(FakeEventType::questions).map(one).collect())
}

impl State {
    /// Who is told what, by the plan.
    pub(super) fn posts(&self, events: Vec<Event>) -> Vec<FakeDelivery> {
        let version = (self.server != Server::SelfHosted2025).then_some("2021-10-20");
        let mut posts = Vec::new();
        for event in events {
            for hook in self.hooks.iter().filter(|hook| event.concerns(self, hook)) {
                let body = event.body(self).to_string();
                let signature = sign(hook.secret.as_deref(), body.as_bytes());
                let post = FakeDelivery { url: hook.url.clone(), body, signature, version };
                posts.extend(std::iter::repeat_n(post, self.webhooks.copies));
            }
        }
        if self.webhooks.reversed {
            posts.reverse();
        }
        if self.webhooks.dropped { Vec::new() } else { posts }
    }
}

/// Takes posts where they belong.
#[derive(Debug)]
pub(super) struct Courier {
    http: reqwest::Client,
    queue: mpsc::UnboundedSender<FakeDelivery>,
    pending: watch::Sender<usize>,
    held: Mutex<Vec<FakeDelivery>>,
}

/// The queue's other end.
#[derive(Debug)]
pub(super) struct Work(mpsc::UnboundedReceiver<FakeDelivery>);

impl Work {
    /// Posts what is queued, in order, until it is aborted.
    pub(super) async fn run(mut self, shared: Arc<Shared>) {
        while let Some(post) = self.0.recv().await {
            let plan = shared.with(|state| state.webhooks.clone());
            if plan.held {
                shared.courier.held.lock().unwrap_or_else(PoisonError::into_inner).push(post);
            } else {
                if !plan.delay.is_zero() {
                    tokio::time::sleep(plan.delay).await;
                }
                shared.courier.post(&shared, &post).await;
            }
            shared.courier.pending.send_modify(|pending| *pending -= 1);
        }
    }
}

impl Courier {
    /// # Errors
    /// When no HTTP client can be made.
    pub(super) fn new() -> Result<(Self, Work), reqwest::Error> {
        // The provider is process-wide; whoever was first installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let (queue, work) = mpsc::unbounded_channel();
        Ok((Self { http, queue, pending: watch::Sender::new(0), held: Mutex::default() }, Work(work)))
    }

    pub(super) fn queue(&self, post: FakeDelivery) {
        self.pending.send_modify(|pending| *pending += 1);
        if self.queue.send(post).is_err() {
            self.pending.send_modify(|pending| *pending -= 1);
        }
    }

    /// Returns when nothing is queued.
    pub(super) async fn settled(&self) {
        let _ = self.pending.subscribe().wait_for(|pending| *pending == 0).await;
    }

    /// What is kept back, in order.
    pub(super) fn take_held(&self) -> Vec<FakeDelivery> {
        std::mem::take(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Posts once; 0 when there was no answer.
    pub(super) async fn post(&self, shared: &Shared, post: &FakeDelivery) -> u16 {
        let mut request = self
            .http
            .post(&post.url)
            .header("content-type", "application/json")
            .header("x-cal-signature-256", &post.signature)
            .body(post.body.clone());
        if let Some(version) = post.version {
            request = request.header("x-cal-webhook-version", version);
        }
        let status = request.send().await.map_or(0, |response| response.status().as_u16());
        shared.with(|state| state.answers.push(status));
        status
    }
}
