//! What the recordings do not show, or only once: hours and buffers, pools, classes, limits, and the kinds of server.

use super::{Answer, Caller, start};
use chatplug_calcom::fake::{FakeCalcom, FakeEventType, FakeScheduling, FakeStatus, FakeWindow, Server};
use futures_util::future::join_all;
use serde_json::{Value, json};

fn wanted(event_type: u64, start: &str, email: &str) -> Value {
    json!({"start": start, "eventTypeId": event_type,
        "attendee": {"name": "Ivan Client", "email": email, "timeZone": "Europe/Berlin"}})
}

async fn book(caller: &Caller, event_type: u64, start: &str, email: &str) -> Answer {
    caller.bookings().call("POST", "/bookings", Some(&wanted(event_type, start, email))).await
}

fn message(answer: &Answer) -> &str {
    answer.body["error"]["message"].as_str().or_else(|| answer.body["message"].as_str()).unwrap_or_default()
}

async fn times(caller: &Caller, event_type: u64, day: &str) -> Vec<String> {
    let path = format!("/slots?eventTypeId={event_type}&start={day}&end={day}");
    let days = caller.slots().get(&path).await;
    let time = |slot: &Value| slot["start"].as_str().unwrap()[11..16].to_owned();
    days[day].as_array().into_iter().flatten().map(time).collect()
}

#[tokio::test]
async fn buffers_of_both_sides_keep_bookings_apart() {
    let (fake, caller) = start().await;
    let of = |slug: &str| FakeEventType::new(FakeCalcom::ANNA, slug, slug, 30).every(15);
    let before = fake.add_event_type(of("before").buffers(15, 0));
    let after = fake.add_event_type(of("after").buffers(0, 15));
    assert_eq!(book(&caller, after, "2026-11-23T10:00:00Z", "a@client.example").await.status, 201);
    // A quarter of an hour after the one, and a quarter of an hour before the other.
    assert_eq!(book(&caller, before, "2026-11-23T10:45:00Z", "b@client.example").await.status, 400);
    assert_eq!(book(&caller, before, "2026-11-23T11:00:00Z", "b@client.example").await.status, 201);
    let left = times(&caller, before, "2026-11-23").await;
    assert!(left.contains(&"09:30".to_owned()) && !left.contains(&"09:45".to_owned()), "{left:?}");
}

#[tokio::test]
async fn days_off_overrides_and_absences_have_no_times() {
    let (fake, caller) = start().await;
    assert_eq!(times(&caller, FakeCalcom::HAIRCUT, "2026-12-24").await, ["09:00", "09:30", "10:00"]);
    assert!(times(&caller, FakeCalcom::HAIRCUT, "2026-12-25").await.is_empty());
    let day = "2026-11-26".parse().unwrap();
    fake.desk().leaves(FakeCalcom::ANNA, day, day);
    assert!(times(&caller, FakeCalcom::HAIRCUT, "2026-11-26").await.is_empty());
    assert_eq!(times(&caller, FakeCalcom::ANY, "2026-11-26").await.len(), 8, "Boris is there");
    assert!(times(&caller, FakeCalcom::BOTH, "2026-11-26").await.is_empty());
    let refused = book(&caller, FakeCalcom::HAIRCUT, "2026-11-26T10:00:00Z", "a@client.example").await;
    assert_eq!(message(&refused), "User either already has booking at this time or is not available");
}

#[tokio::test]
async fn midnight_means_the_whole_day() {
    let (_fake, caller) = start().await;
    let days = caller.slots().get("/slots?eventTypeId=1&start=2026-11-23T00:00:00Z&end=2026-11-24T00:00:00Z").await;
    assert_eq!(days["2026-11-24"].as_array().unwrap().len(), 15);
}

#[tokio::test]
async fn a_pool_has_as_many_places_as_people() {
    let (fake, caller) = start().await;
    let nine = "2026-11-23T09:00:00Z";
    for (email, status) in [("a", 201), ("b", 201), ("c", 400)] {
        assert_eq!(book(&caller, FakeCalcom::ANY, nine, &format!("{email}@client.example")).await.status, status);
    }
    let hosts: Vec<_> = fake.standing().iter().map(|booking| booking.hosts[0]).collect();
    assert_eq!(hosts, [FakeCalcom::ANNA, FakeCalcom::BORIS]);
    // Another who asks again is no new booking.
    assert_eq!(book(&caller, FakeCalcom::ANY, nine, "a@client.example").await.status, 201);
    assert_eq!((fake.standing().len(), fake.overlaps()), (2, 0));
}

#[tokio::test]
async fn a_managed_pattern_is_not_booked_and_its_children_are() {
    let (fake, caller) = start().await;
    let body = json!({"lengthInMinutes": 30, "title": "Managed", "slug": "managed", "schedulingType": "managed",
        "hosts": [{"userId": 1}, {"userId": 2}]});
    let made = caller.event_types().post("/teams/1/event-types", &body).await;
    let ids: Vec<u64> = made.as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap()).collect();
    let refused = book(&caller, ids[0], "2026-11-23T09:00:00Z", "a@client.example").await;
    assert!(message(&refused).contains("parent managed event type"), "{}", refused.text);
    assert_eq!(book(&caller, ids[2], "2026-11-23T09:00:00Z", "a@client.example").await.status, 201);
    assert_eq!(fake.standing()[0].hosts, [FakeCalcom::BORIS]);
}

#[tokio::test]
async fn a_class_fills_up_and_empties() {
    let (fake, caller) = start().await;
    let ten = "2026-11-23T10:00:00Z";
    let seat = |answer: &Answer| answer.body["data"]["seatUid"].as_str().unwrap().to_owned();
    let first = book(&caller, FakeCalcom::CLASS, ten, "a@client.example").await;
    let second = book(&caller, FakeCalcom::CLASS, ten, "b@client.example").await;
    let uid = second.body["data"]["uid"].as_str().unwrap().to_owned();
    assert_eq!(book(&caller, FakeCalcom::CLASS, ten, "c@client.example").await.status, 409);
    // The host's own hour is gone, for everything else.
    assert_eq!(book(&caller, FakeCalcom::HAIRCUT, "2026-11-23T10:30:00Z", "c@client.example").await.status, 400);
    let cancel = |seat: String| json!({"seatUid": seat, "cancellationReason": "ill"});
    let path = format!("/bookings/{uid}/cancel");
    caller.anonymous().bookings().post(&path, &cancel(seat(&second))).await;
    assert_eq!(book(&caller, FakeCalcom::CLASS, ten, "c@client.example").await.status, 201);
    caller.anonymous().bookings().post(&path, &cancel(seat(&first))).await;
    assert_eq!(fake.standing()[0].attendees.len(), 1);
}

#[tokio::test]
async fn a_client_may_be_held_to_so_many_bookings_ahead() {
    let (fake, caller) = start().await;
    fake.change_event_type(FakeCalcom::HAIRCUT, |of| of.active = Some((1, true)));
    let first = book(&caller, FakeCalcom::HAIRCUT, "2026-11-23T09:00:00Z", "a@client.example").await;
    let second = book(&caller, FakeCalcom::HAIRCUT, "2026-11-24T09:00:00Z", "a@client.example").await;
    let uid = first.body["data"]["uid"].as_str().unwrap();
    assert!(
        message(&second)
            .ends_with(&format!("You can reschedule your existing booking ({uid}) to a new timeslot instead."))
    );
    assert_eq!(book(&caller, FakeCalcom::HAIRCUT, "2026-11-24T09:00:00Z", "b@client.example").await.status, 201);
}

#[tokio::test]
async fn windows_end() {
    let (fake, caller) = start().await;
    fake.change_event_type(FakeCalcom::HAIRCUT, |of| of.window = FakeWindow::BusinessDays(2));
    // On a Saturday: Monday and Tuesday.
    assert!(!times(&caller, FakeCalcom::HAIRCUT, "2026-11-24").await.is_empty());
    assert!(times(&caller, FakeCalcom::HAIRCUT, "2026-11-25").await.is_empty());
}

/// Five at once for one time, then three for times that overlap; first of a careful server, then of the real one.
#[tokio::test]
async fn a_careless_server_double_books() {
    let (fake, caller) = start().await;
    for (careless, overlaps) in [(false, 0), (true, 3)] {
        fake.traps(|traps| {
            traps.careless = careless;
            traps.gap = std::time::Duration::from_millis(200);
        });
        let day = if careless { "2026-11-24" } else { "2026-11-23" };
        let same = format!("{day}T09:00:00Z");
        let same = (0..5).map(|n| {
            let (caller, same) = (caller.clone(), same.clone());
            async move { book(&caller, FakeCalcom::HAIRCUT, &same, &format!("s{n}@client.example")).await.status }
        });
        let mut told = join_all(same).await;
        told.sort_unstable();
        assert_eq!(told, if careless { [201, 409, 409, 409, 409] } else { [201, 400, 400, 400, 400] });
        let near = ["13:00", "13:15", "13:30"].map(|time| format!("{day}T{time}:00Z"));
        let near = near.into_iter().enumerate().map(|(n, start)| {
            let caller = caller.clone();
            async move { book(&caller, FakeCalcom::HAIRCUT, &start, &format!("o{n}@client.example")).await.status }
        });
        let booked = join_all(near).await.into_iter().filter(|status| *status == 201).count();
        assert_eq!((booked, fake.overlaps()), (if careless { 3 } else { 1 }, overlaps));
    }
}

#[tokio::test]
async fn servers_differ() {
    let (fake, caller) = start().await;
    let types = caller.event_types();
    let (old, new) = ([Server::SelfHosted2025], [Server::Cloud, Server::Community2026]);
    for server in old.into_iter().chain(new) {
        fake.be(server);
        let newer = server != Server::SelfHosted2025;
        let own = types.call("GET", "/event-types", None).await.status;
        assert_eq!(own, if newer { 200 } else { 404 }, "{server:?}");
        let shown = types.anonymous().get("/event-types?username=anna").await;
        assert_eq!(shown.as_array().unwrap().iter().any(|of| of["hidden"] == true), !newer, "{server:?}");
        assert_eq!(shown[0].get("bookingUrl").is_some(), newer, "{server:?}");
        let moved = json!({"start": "2026-11-23"});
        let unknown = caller.bookings().call("POST", "/bookings/nope/reschedule", Some(&moved)).await;
        assert_eq!(unknown.status, if newer { 404 } else { 500 }, "{server:?}");
        let organizations = caller.plain().call("GET", "/organizations/1/teams", None).await;
        let gone = message(&organizations).starts_with("Cannot GET");
        assert_eq!(gone, server == Server::Community2026, "{server:?}: {}", organizations.text);
        let mut odd = wanted(FakeCalcom::HAIRCUT, "2026-11-26T09:00:00Z", "a@client.example");
        odd["attendee"]["phoneNumber"] = json!("12345");
        let odd = caller.bookings().call("POST", "/bookings", Some(&odd)).await;
        assert_eq!(odd.status, if newer { 400 } else { 201 }, "{server:?}: {}", odd.text);
    }
    // What is missing is null, or empty.
    for (server, missing) in [(Server::Cloud, Value::Null), (Server::Community2026, json!(""))] {
        fake.be(server);
        let start = if server == Server::Cloud { "2026-11-27T09:00:00Z" } else { "2026-11-27T11:00:00Z" };
        let uid = book(&caller, FakeCalcom::HAIRCUT, start, "b@client.example").await.body["data"]["uid"].clone();
        let path = format!("/bookings/{}/cancel", uid.as_str().unwrap());
        let shown = caller.anonymous().bookings().post(&path, &json!({})).await;
        assert_eq!(shown["cancellationReason"], missing);
    }
}

#[tokio::test]
async fn a_move_keeps_the_length_on_newer_servers_only() {
    let (fake, caller) = start().await;
    for (server, minutes) in [(Server::SelfHosted2025, 30), (Server::Cloud, 60)] {
        fake.be(server);
        let mut long = wanted(FakeCalcom::MASSAGE, "2026-11-23T09:00:00Z", "a@client.example");
        long["lengthInMinutes"] = json!(60);
        let uid = caller.bookings().post("/bookings", &long).await["uid"].as_str().unwrap().to_owned();
        let path = format!("/bookings/{uid}/reschedule");
        let moved = caller.bookings().post(&path, &json!({"start": "2026-11-24T09:00:00Z"})).await;
        assert_eq!(moved["duration"], minutes, "{server:?}");
        let path = format!("/bookings/{}/cancel", moved["uid"].as_str().unwrap());
        caller.bookings().post(&path, &json!({"cancellationReason": "again"})).await;
    }
    assert!(fake.bookings().iter().all(|booking| booking.status == FakeStatus::Cancelled));
}

#[tokio::test]
async fn another_host_takes_over() {
    let (fake, caller) = start().await;
    let team = FakeEventType::of_team(FakeCalcom::TEAM, FakeScheduling::RoundRobin, &[1, 2], "cut", "Cut", 30);
    let id = fake.add_event_type(team);
    let uid = book(&caller, id, "2026-11-23T09:00:00Z", "a@client.example").await.body["data"]["uid"].clone();
    let path = format!("/bookings/{}/reassign", uid.as_str().unwrap());
    let told = caller.bookings().post(&path, &json!({})).await;
    assert_eq!(told["reassignedTo"]["id"], FakeCalcom::BORIS);
    assert_eq!(fake.standing()[0].hosts, [FakeCalcom::BORIS]);
}
