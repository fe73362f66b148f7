//! What is written, and what is found.

use super::{Scene, key, number};
use chatplug_core::{
    model::{Booking, BookingStatus, DateRange, StaffChoice},
    ports::{BookError, BookingBackend as _, BookingFilter},
};
use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use rstest::rstest;
use serde_json::{Value, json};

#[tokio::test]
async fn a_record_is_never_written_over_another_and_sends_no_message_of_its_own() {
    let scene = Scene::lisbon().await;
    let slots = scene.free("332", "8886", 3).await;
    let booking = scene.book(&slots[0], 1).await.unwrap();
    scene.backend.reschedule(&booking.reference, &slots[5], key(9)).await.unwrap();
    let writes = [scene.fake.calls_of("POST /records"), scene.fake.calls_of("PUT /record")].concat();
    assert_eq!(writes.len(), 2);
    for write in writes {
        assert_eq!((&write.body["save_if_busy"], &write.body["send_sms"]), (&json!(false), &json!(false)));
        assert_eq!(write.body["sms_remain_hours"], 0);
        assert_eq!(write.body["api_id"], json!(key(1).as_uuid().to_string()), "36 characters, and they stay");
        let service = write.body["services"][0].as_object().unwrap();
        let cost = |name: &str| service[name].as_f64().unwrap();
        assert_eq!((service.len(), cost("first_cost"), cost("discount"), cost("cost")), (4, 15.0, 0.0, 15.0));
    }
}

#[tokio::test]
async fn moving_keeps_everything_else() {
    let scene = Scene::lisbon().await;
    let slots = scene.free("331", "8886", 3).await;
    let booking = scene.book(&slots[0], 1).await.unwrap();
    scene.fake.desk().marks(number(&booking), 2);
    scene.fake.desk().remarks(number(&booking), "Allergic to ammonia");
    let before = scene.fake.record(number(&booking)).unwrap();
    let moved = scene.backend.reschedule(&booking.reference, &slots[5], key(9)).await.unwrap();
    let after = scene.fake.record(number(&booking)).unwrap();
    assert!(moved.confirmed && moved.made_by == Some(key(1)) && moved.reference == booking.reference);
    assert_eq!(after.start, slots[5].local_start());
    assert_eq!(
        (before.comment, before.attendance, before.client, before.services, before.seconds, before.visit),
        (after.comment, after.attendance, after.client, after.services, after.seconds, after.visit)
    );
}

#[tokio::test]
async fn moving_to_somebody_else_takes_as_long_as_it_takes_them() {
    let scene = Scene::lisbon().await;
    let booking = scene.book(&scene.free("334", "8886", 3).await.remove(0), 1).await.unwrap();
    let to = scene.free("334", "8888", 4).await.remove(0);
    let moved = scene.backend.reschedule(&booking.reference, &to, key(9)).await.unwrap();
    assert_eq!((moved.start, moved.end, moved.staff.as_ref()), (to.start, to.end, to.staff_id()));
    assert_eq!((moved.end - moved.start).num_minutes(), 45);
}

#[tokio::test]
async fn confirming_keeps_the_remark_and_undoes_no_arrival() {
    let scene = Scene::lisbon().await;
    let booking = scene.book(&scene.slot().await, 1).await.unwrap();
    let confirmed = scene.backend.confirm_visit(&booking.reference).await.unwrap();
    let record = scene.fake.record(number(&booking)).unwrap();
    assert_eq!((confirmed.confirmed, record.attendance, record.comment.as_str()), (true, 2, "By the window"));
    scene.fake.desk().marks(number(&booking), 1);
    let came = scene.backend.confirm_visit(&booking.reference).await.unwrap();
    assert_eq!((came.status, scene.fake.record(number(&booking)).unwrap().attendance), (BookingStatus::Completed, 1));
}

#[tokio::test]
async fn what_a_printed_bill_or_a_payment_holds_is_refused_and_stays() {
    let scene = Scene::lisbon().await;
    let slots = scene.free("331", "8886", 3).await;
    for (client, hold) in [(1, true), (2, false)] {
        let booking = scene.book(&slots[usize::try_from(client).unwrap() * 3], client).await.unwrap();
        match hold {
            true => scene.fake.desk().bills(number(&booking)),
            false => scene.fake.desk().locks(number(&booking)),
        };
        let outcome = scene.backend.reschedule(&booking.reference, &slots[0], key(9)).await;
        assert!(matches!(outcome, Err(BookError::Rejected { .. })), "{outcome:?}");
        assert_eq!(scene.fake.record(number(&booking)).unwrap().start, booking_start(&booking, &scene));
    }
}

fn booking_start(booking: &Booking, scene: &Scene) -> NaiveDateTime {
    booking.start.with_timezone(&scene.zone).naive_local()
}

#[tokio::test]
async fn a_client_is_found_by_the_whole_number_only() {
    let scene = Scene::lisbon().await;
    let slots = scene.free("332", "8886", 3).await;
    // A number that another one contains, and a name that looks like one.
    scene.fake.desk().knows("9351910000001", "Longer");
    scene.fake.desk().knows("35191000000", "Shorter");
    scene.fake.desk().knows("4915155550000", "351910000001");
    let mine = scene.book(&slots[0], 1).await.unwrap();
    scene.book(&slots[1], 2).await.unwrap();
    let client = scene.request(&slots[0], 1).client;
    let filter = BookingFilter { client: Some(client), ..BookingFilter::at(mine.reference.branch.clone()) };
    assert_eq!(scene.backend.find(&filter).await.unwrap().as_slice(), std::slice::from_ref(&mine));
    let mut stranger = filter.clone();
    stranger.client.as_mut().unwrap().user.phone = "35191000000".parse().ok();
    assert!(scene.backend.find(&stranger).await.unwrap().is_empty());
    stranger.reference = Some(mine.reference);
    stranger.all_statuses = true;
    assert!(scene.backend.find(&stranger).await.unwrap().is_empty(), "not by its name either");
}

#[tokio::test]
async fn lists_are_read_to_their_end() {
    let scene = Scene::lisbon().await;
    let begin: NaiveDateTime = "2026-03-03T00:00:00".parse().unwrap();
    for minute in 0..450 {
        let start = begin + Duration::minutes(60 * minute);
        scene.fake.desk().books(8887, 332, start, "+351910000009", "Regular");
    }
    assert_eq!(scene.all().await.len(), 450);
    assert_eq!(scene.fake.calls_of("GET /records").len(), 3);
}

#[tokio::test]
async fn a_time_that_somebody_blocked_is_no_booking_and_not_free() {
    let scene = Scene::lisbon().await;
    let slot = scene.slot().await;
    scene.fake.desk().blocks(8886, slot.local_start(), 30);
    let outcome = scene.book(&slot, 1).await;
    assert!(matches!(outcome, Err(BookError::SlotTaken)), "{outcome:?}");
    assert!(scene.all().await.is_empty());
    assert!(scene.free("331", "8886", 3).await.iter().all(|free| free.start != slot.start));
}

#[tokio::test]
async fn a_long_service_is_offered_where_all_of_it_fits_and_nowhere_else() {
    let scene = Scene::lisbon().await;
    // Bruno is free from 14:00 to 19:00, but for half an hour at 16:00.
    let day = scene.day(1);
    scene.fake.desk().blocks(8887, day.and_hms_opt(16, 0, 0).unwrap(), 30);
    let offered = scene.backend.client().get::<Value>(format!("book_times/4564/8887/{day}?service_ids[]=333")).await;
    let offered: Vec<String> =
        offered.unwrap().as_array().unwrap().iter().map(|slot| slot["time"].as_str().unwrap().to_owned()).collect();
    assert!(offered.contains(&"14:00".to_owned()), "the platform offers it: {offered:?}");
    let ours: Vec<_> = scene.free("333", "8887", 1).await.iter().map(|slot| slot.local_start().time()).collect();
    assert_eq!(ours.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10:00:00"]);
}

#[rstest]
#[case::in_winter("2026-03-27T08:00:00Z", "2026-03-28", "2026-03-28T14:00:00Z")]
#[case::in_summer("2026-03-27T08:00:00Z", "2026-03-30", "2026-03-30T13:00:00Z")]
#[tokio::test]
async fn a_wall_clock_time_is_the_instant_of_its_own_season(#[case] now: &str, #[case] day: &str, #[case] at: &str) {
    let scene = Scene::new(chrono_tz::Europe::Lisbon, now.parse().unwrap()).await;
    scene.fake.traps(|traps| traps.winter_offset = true);
    let at: DateTime<Utc> = at.parse().unwrap();
    // Bruno works on Saturdays until 14:00: Ana is asked to come that day.
    let hours = ("09:00:00".parse().unwrap(), "18:00:00".parse().unwrap());
    scene.fake.desk().schedules(8886, day.parse().unwrap(), &[hours]);
    let mut query = scene.query("331", "8886", 0);
    query.days = DateRange::day(day.parse().unwrap());
    let free = scene.backend.availability(&query).await.unwrap().slots;
    let slot = free.iter().find(|slot| slot.start == at).unwrap();
    assert_eq!(slot.local_start().time().to_string(), "14:00:00");
    let booking = scene.book(slot, 1).await.unwrap();
    assert_eq!((booking.start, booking.end), (at, at + Duration::hours(1)));
    assert_eq!(scene.fake.standing()[0].start.to_string(), format!("{day} 14:00:00"));
    assert_eq!(scene.all().await, [booking]);
}

#[tokio::test]
async fn a_branch_far_away_has_days_of_its_own() {
    // Tuesday in Auckland, Monday in Lisbon.
    let scene = Scene::new(chrono_tz::Pacific::Auckland, "2026-03-02T20:00:00Z".parse().unwrap()).await;
    assert_eq!(scene.day(0).to_string(), "2026-03-03");
    let free = scene.free("331", "8886", 0).await;
    assert_eq!(free[0].start.to_rfc3339(), "2026-03-02T20:30:00+00:00", "9:30: 9:00 has begun");
    let booking = scene.book(&free[0], 1).await.unwrap();
    assert_eq!(scene.fake.standing()[0].start.to_string(), "2026-03-03 09:30:00");
    assert_eq!(booking.zone, chrono_tz::Pacific::Auckland);
}

#[tokio::test]
async fn the_next_days_keep_the_lead_time_of_the_salon() {
    let scene = Scene::lisbon().await;
    scene.fake.change_salon(chatplug_altegio::fake::FakeAltegio::SALON, |salon| salon.delay = 180);
    let free = scene.free("331", "8886", 0).await;
    assert_eq!(free[0].local_start().time().to_string(), "10:30:00", "it is seven now");
    let mut any = scene.query("331", "8886", 0);
    any.staff = StaffChoice::Any;
    let free = scene.backend.availability(&any).await.unwrap().slots;
    assert_eq!((free[0].local_start().time().to_string().as_str(), free[0].candidates.len()), ("10:30:00", 2));
}
