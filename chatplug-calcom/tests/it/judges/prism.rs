//! Prism in front of the fake: calls and answers against Cal.com's description.

use super::description::{Wrong, description, idle, objections};
use crate::fake::Caller;
use chatplug_calcom::fake::{FakeCalcom, FakeRole, FakeTeam, Server};
use chatplug_calcom::{
    CalcomBackend, CalcomBranch, CalcomClient, CalcomEmail, CalcomEndpoint, CalcomHooks, client::http_client,
};
use chatplug_core::{
    model::{ActionKey, CancelReason, ChannelUser, ContactId, DateRange, Lang, Private, SlotQuery, StaffChoice},
    ports::{BookingBackend, BookingFilter, BookingRequest, ClientDetails},
    testkit::VirtualClock,
};
use chatplug_judges::{Prism, installed};
use serde_json::{Value, json};
use std::sync::Arc;

/// What the description says and the recordings know better.
const WRONG: &[Wrong] = &[
    wrong("GET /v2/slots", "response.body", "slots are objects, under their days under data"),
    wrong("GET /v2/calendars", "response.body.data.destinationCalendar", "of none, it is empty"),
    wrong("GET /v2/teams/*/memberships", "response.body.data", "there are several"),
    wrong("GET /v2/organizations/*/memberships", "response.body.data", "there are several"),
];

const fn wrong(call: &'static str, at: &'static str, why: &'static str) -> Wrong {
    Wrong { call, at, why }
}

/// As it is in Cal.com's cloud: that is what the description is of.
async fn cloud() -> FakeCalcom {
    let fake = FakeCalcom::start().await.unwrap();
    fake.be(Server::Cloud).set_now("2026-11-21T02:06:00Z".parse().unwrap());
    fake.add_team(FakeTeam::organization(2, "Chain", "chain").with(1, FakeRole::Owner).with(2, FakeRole::Member));
    fake.add_team(FakeTeam::new(3, "North", "north").within(2).with(1, FakeRole::Owner).with(2, FakeRole::Member));
    fake.manage(2);
    fake
}

#[tokio::test]
async fn the_fake_answers_as_it_is_described() {
    let (Some(judges), Some(description)) = (installed(), description()) else { return };
    let fake = cloud().await;
    let prism = Prism::beside(&judges, &description, &fake.base_url()).await;
    let caller = Caller::new(&fake).through(&prism.url);
    catalogue(&caller).await;
    bookings(&fake, &caller).await;
    administration(&caller).await;
    let left = objections(&prism, WRONG);
    assert!(left.is_empty(), "{left:#?}");
    assert_eq!(idle(&prism, WRONG), [""; 0]);
    assert_eq!(fake.violations(), [""; 0]);

    // It is no rubber stamp.
    let odd = json!({"eventTypeId": "one", "slotStart": 5});
    caller.slots().call("POST", "/slots/reservations", Some(&odd)).await;
    assert!(!objections(&prism, WRONG).is_empty());
}

async fn catalogue(caller: &Caller) {
    let types = caller.event_types();
    for path in ["/event-types?username=anna", "/event-types?username=anna&eventSlug=haircut", "/event-types/1"] {
        types.get(path).await;
    }
    let made = types
        .post(
            "/event-types",
            &json!({"lengthInMinutes": 45, "title": "Beard", "slug": "beard", "locations":
            [{"type": "address", "address": "Hauptstr. 1, Berlin", "public": true}]}),
        )
        .await;
    let id = made["id"].as_u64().unwrap();
    types.patch(&format!("/event-types/{id}"), &json!({"hidden": true})).await;
    types.delete(&format!("/event-types/{id}")).await;
    for path in [
        "/slots?eventTypeId=1&start=2026-11-23&end=2026-11-24&timeZone=Europe/Berlin",
        "/slots?eventTypeId=1&start=2026-11-23&end=2026-11-24&format=range",
        "/slots?eventTypeSlug=haircut&username=anna&start=2026-11-23&end=2026-11-24",
        "/slots?eventTypeId=3&start=2026-11-23&end=2026-11-24",
    ] {
        caller.slots().get(path).await;
    }
    let held = caller
        .slots()
        .post("/slots/reservations", &json!({"eventTypeId": 1, "slotStart": "2026-11-27T09:00:00Z"}))
        .await;
    let uid = held["reservationUid"].as_str().unwrap();
    caller.slots().get(&format!("/slots/reservations/{uid}")).await;
    let later = json!({"eventTypeId": 1, "slotStart": "2026-11-27T11:00:00Z"});
    caller.slots().patch(&format!("/slots/reservations/{uid}"), &later).await;
    caller.slots().delete(&format!("/slots/reservations/{uid}")).await;
}

async fn bookings(fake: &FakeCalcom, caller: &Caller) {
    let caller = caller.bookings();
    let wanted = |id: u64, start: &str| {
        json!({"start": start, "eventTypeId": id, "attendee": {"name": "Ivan Client", "email": "ivan@client.example",
            "timeZone": "Europe/Berlin", "language": "en", "phoneNumber": "+491701234567"},
            "metadata": {"chatplug": "1"}})
    };
    let uid = |booking: &Value| booking["uid"].as_str().unwrap().to_owned();
    let first = uid(&caller.post("/bookings", &wanted(1, "2026-11-23T09:00:00Z")).await);
    caller.get(&format!("/bookings/{first}")).await;
    let moved = json!({"start": "2026-11-23T10:00:00Z", "reschedulingReason": "late"});
    let second = uid(&caller.post(&format!("/bookings/{first}/reschedule"), &moved).await);
    caller.get(&format!("/bookings/{second}/attendees")).await;
    caller.post(&format!("/bookings/{second}/guests"), &json!({"guests": [{"email": "g@client.example"}]})).await;
    caller
        .patch(
            &format!("/bookings/{second}/location"),
            &json!({"location": {"type": "address", "address": "Next door"}}),
        )
        .await;
    caller.post(&format!("/bookings/{second}/cancel"), &json!({"cancellationReason": "ill"})).await;
    for (start, word) in [("2026-11-24T09:00:00Z", "confirm"), ("2026-11-24T10:00:00Z", "decline")] {
        let pending = uid(&caller.post("/bookings", &wanted(2, start)).await);
        let body = (word == "decline").then(|| json!({"reason": "Too busy"}));
        let answer = caller.call("POST", &format!("/bookings/{pending}/{word}"), body.as_ref()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let past = uid(&caller.post("/bookings", &wanted(1, "2026-11-25T09:00:00Z")).await);
    fake.put_at(&past, "2026-11-20T09:00:00Z".parse().unwrap());
    let absent = json!({"attendees": [{"email": "ivan@client.example", "absent": true}]});
    caller.post(&format!("/bookings/{past}/mark-absent"), &absent).await;
    let seat = caller.post("/bookings", &wanted(3, "2026-11-26T09:00:00Z")).await;
    caller.get(&format!("/bookings/by-seat/{}", seat["seatUid"].as_str().unwrap())).await;
    let mut weekly = wanted(4, "2026-11-30T09:00:00Z");
    weekly["recurrenceCount"] = json!(2);
    caller.post("/bookings", &weekly).await;
    caller.post("/bookings", &wanted(9, "2026-12-01T09:00:00Z")).await;
    caller.get("/bookings?status=upcoming&take=2&sortStart=asc").await;
    caller.get("/teams/1/bookings?take=1").await;
}

async fn administration(caller: &Caller) {
    let plain = caller.plain();
    for path in ["/me", "/calendars", "/teams", "/teams/1", "/teams/1/memberships", "/teams/1/event-types"] {
        plain.get(path).await;
    }
    let hook = json!({"active": true, "subscriberUrl": "https://hooks.example/cal", "secret": "s",
        "triggers": ["BOOKING_CREATED"]});
    for at in ["/webhooks", "/event-types/1/webhooks", "/organizations/2/webhooks"] {
        let made = plain.post(at, &hook).await;
        let id = made["id"].as_str().unwrap().to_owned();
        plain.get(at).await;
        plain.get(&format!("{at}/{id}")).await;
        plain.patch(&format!("{at}/{id}"), &json!({"active": false})).await;
        plain.delete(&format!("{at}/{id}")).await;
    }
    let schedules = caller.schedules();
    schedules.get("/schedules").await;
    schedules.get("/schedules/default").await;
    let hours = json!({"name": "Summer", "timeZone": "Europe/Berlin", "isDefault": false, "availability":
        [{"days": ["Monday"], "startTime": "09:00", "endTime": "17:00"}],
        "overrides": [{"date": "2026-12-24", "startTime": "10:00", "endTime": "12:00"}]});
    for at in ["/schedules", "/organizations/2/users/2/schedules"] {
        let made = schedules.post(at, &hours).await;
        let id = made["id"].as_u64().unwrap();
        schedules.get(&format!("{at}/{id}")).await;
        schedules.patch(&format!("{at}/{id}"), &json!({"name": "Winter"})).await;
        schedules.delete(&format!("{at}/{id}")).await;
    }
    for path in [
        "/organizations/2/teams",
        "/organizations/2/users",
        "/organizations/2/memberships",
        "/organizations/2/schedules",
        "/organizations/2/users/2/schedules",
        "/organizations/2/teams/3",
        "/organizations/2/teams/3/memberships",
        "/organizations/2/teams/3/event-types",
    ] {
        plain.get(path).await;
    }
    let away = json!({"start": "2026-12-01T00:00:00.000Z", "end": "2026-12-03T23:59:59.999Z", "reason": "vacation"});
    let made = plain.post("/organizations/2/users/2/ooo", &away).await;
    plain.get("/organizations/2/users/2/ooo").await;
    let at = format!("/organizations/2/users/2/ooo/{}", made["id"]);
    plain.patch(&at, &json!({"notes": "far away"})).await;
    plain.delete(&at).await;
    let platform = plain.as_platform();
    let users = format!("/oauth-clients/{}/users", FakeCalcom::CLIENT_ID);
    let made = platform
        .post(&users, &json!({"email": "alice@example.com", "name": "Alice", "timeZone": "Europe/Berlin"}))
        .await;
    platform.get(&users).await;
    platform.get(&format!("{users}/{}", made["user"]["id"])).await;
}

/// What our adapter says, all of it: free times, a booking made, found, moved and cancelled, and the webhooks registered.
#[tokio::test]
async fn the_adapter_calls_as_it_is_described() {
    let (Some(judges), Some(description)) = (installed(), description()) else { return };
    let fake = cloud().await;
    let clock = VirtualClock::starting("2026-11-21T02:06:00Z");
    fake.use_clock(Arc::new(clock.clone()));
    let prism = Prism::beside(&judges, &description, &fake.base_url()).await;
    let client = CalcomClient::new(fake.config().with_base_url(&prism.url), http_client().unwrap());
    let guest = CalcomEmail::Guest { domain: "guest.example".to_owned(), secret: "s".into() };
    let euro = iso_currency::Currency::EUR;
    let at = CalcomBranch::new("centre".parse().unwrap(), "own".parse().unwrap(), chrono_tz::Europe::Berlin, euro);
    let at = at.with_email(guest).of_team(FakeCalcom::TEAM).of_account("anna");
    let centre = at.id().clone();
    let backend = CalcomBackend::with_client(client.clone(), at, Arc::new(clock));
    let who = ClientDetails {
        contact: ContactId::derive(&["judge"]),
        user: ChannelUser { phone: "491701234567".parse().ok(), user_id: None },
        name: Some(Private::new("Maria".to_owned())),
        email: None,
        language: Lang::EN,
    };
    let key = |name: &str| ActionKey::derive(&["judge", name]);
    assert!(!backend.catalog(&centre).await.unwrap().services.is_empty());
    // An event type of one person, and one of a pool.
    for service in ["1", "9"] {
        let query = SlotQuery {
            branch: centre.clone(),
            services: vec![service.parse().unwrap()],
            staff: StaffChoice::Any,
            days: DateRange { from: "2026-11-23".parse().unwrap(), to: "2026-11-27".parse().unwrap() },
            party: 1,
            excluding: None,
        };
        let free = backend.availability(&query).await.unwrap().slots;
        let request = BookingRequest {
            slot: free[3].clone(),
            client: who.clone(),
            party: 1,
            note: Some(Private::new("please".to_owned())),
        };
        let booked = backend.book(&request, key(service)).await.unwrap();
        let mut filter = BookingFilter::at(centre.clone());
        filter.client = Some(who.clone());
        assert_eq!(backend.find(&filter).await.unwrap().len(), 1);
        let moved =
            backend.reschedule(&booked.reference, free.last().unwrap(), key(&format!("move {service}"))).await.unwrap();
        backend.cancel(&moved.reference, CancelReason::Client, key(&format!("cancel {service}"))).await.unwrap();
    }
    let endpoint = CalcomEndpoint::given("centre", "m4Wc8Rt1Jx6Qb9Ny3Zk7Gd2V", "a-secret-of-the-webhooks-of-bella");
    let owner = CalcomHooks::owner(&client, None, None);
    CalcomHooks::new(client, owner, endpoint, "https://chat.example.com").register().await.unwrap();

    let left = objections(&prism, WRONG);
    assert!(left.is_empty(), "{left:#?}");
    assert_eq!(fake.violations(), [""; 0]);
    let writes = ["POST /bookings", "POST /bookings/{uid}/reschedule", "POST /bookings/{uid}/cancel"];
    assert!(writes.iter().all(|route| fake.calls_of(route).len() == 2), "{:#?}", fake.calls());
}
