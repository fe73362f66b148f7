//! When a visit is offered: hours, breaks, dates, buffers, lead time, horizon, and the nights when the clock changes.

use crate::bench::{Bench, at, config, one};
use chatplug_core::model::StaffChoice::Any;
use rstest::rstest;

/// One person and one service of an hour in steps of half an hour, in Lisbon, with more lines of config.
fn salon(branch: &str, service: &str, person: &str) -> chatplug_calendar::CalendarConfig {
    config(&format!(
        r#"
        name = "Salon"
        zone = "Europe/Lisbon"
        country = "PT"
        currency = "EUR"
        step_minutes = 30
        lead_minutes = 0
        {branch}

        [[services]]
        id = "cut"
        name = "Cut"
        minutes = 60
        {service}

        [[staff]]
        id = "ana"
        name = "Ana"
        {person}
        "#
    ))
}

const HOURS: &str = r#"hours = { mon-fri = ["09:00-12:00", "14:15-16:00"] }"#;

/// Monday.
const NOW: &str = "2026-11-23T00:00:00Z";

#[rstest]
#[case::week(HOURS, "", "", "09:00 09:30 10:00 10:30 11:00 14:15 14:45")]
#[case::other_steps("hours = { mon = [\"09:10-11:00\"] }\nbreaks = {}", "", "", "09:10 09:40")]
#[case::break_of_the_branch(&format!("{HOURS}\nbreaks = {{ mon = [\"10:00-10:10\"] }}"), "", "", "09:00 10:30 11:00 14:15 14:45")]
#[case::own_breaks_replace_the_branchs(&format!("{HOURS}\nbreaks = {{ mon = [\"10:00-10:10\"] }}"), "", "breaks = {}", "09:00 09:30 10:00 10:30 11:00 14:15 14:45")]
#[case::own_hours(HOURS, "", "hours = { mon = [\"10:00-11:30\"] }", "10:00 10:30")]
#[case::closed_date(&format!("{HOURS}\ndates = {{ \"2026-11-23\" = [] }}"), "", "", "")]
#[case::shorter_date(&format!("{HOURS}\ndates = {{ \"2026-11-23\" = [\"08:00-10:30\"] }}"), "", "", "09:00 09:30")]
#[case::own_date_wins(&format!("{HOURS}\ndates = {{ \"2026-11-23\" = [] }}"), "", "dates = { \"2026-11-23\" = [\"20:00-21:30\"] }", "20:00 20:30")]
#[case::hours_of_the_service(
    HOURS,
    "hours = { mon = [\"09:10-11:30\", \"15:00-18:00\"] }",
    "",
    "09:10 09:40 10:10 15:00"
)]
#[case::buffers_may_pass_the_end(
    HOURS,
    "buffer_before = 30\nbuffer_after = 45",
    "",
    "09:00 09:30 10:00 10:30 11:00 14:15 14:45"
)]
#[case::only_when_open(HOURS, "staff = []", "", "09:00 09:30 10:00 10:30 11:00 14:15 14:45")]
#[tokio::test]
async fn what_a_monday_offers(#[case] branch: &str, #[case] service: &str, #[case] person: &str, #[case] times: &str) {
    let bench = Bench::new(&salon(branch, service, person), NOW);
    assert_eq!(bench.times("cut", Any, "2026-11-23").await.join(" "), times);
}

#[tokio::test]
async fn lead_time_and_horizon_cut_the_ends() {
    let mut salon = salon(&format!("{HOURS}\nhorizon_days = 2"), "", "");
    salon.lead_minutes = 90;
    let bench = Bench::new(&salon, "2026-11-23T08:30:00.5Z");
    assert_eq!(bench.times("cut", Any, "2026-11-23").await.join(" "), "10:30 11:00 14:15 14:45");
    assert!(bench.times("cut", Any, "2026-11-22").await.is_empty(), "yesterday");
    assert!(!bench.times("cut", Any, "2026-11-25").await.is_empty(), "the last day of the horizon");
    assert!(bench.times("cut", Any, "2026-11-26").await.is_empty(), "beyond the horizon");
    bench.clock.set(at("2026-11-23T11:00:00Z"));
    let query = bench.query("cut", Any, "2026-11-01", "2026-12-31");
    use chatplug_core::ports::BookingBackend as _;
    let free = bench.calendar.availability(&query).await.unwrap().slots;
    assert_eq!(free.first().unwrap().start, at("2026-11-23T14:15:00Z"));
    assert_eq!(free.last().unwrap().start, at("2026-11-25T14:45:00Z"));
}

#[tokio::test]
async fn a_time_that_begins_now_is_past() {
    let bench = Bench::new(&salon(HOURS, "", ""), "2026-11-23T09:00:00Z");
    assert_eq!(bench.times("cut", Any, "2026-11-23").await.first().unwrap(), "09:30");
}

#[tokio::test]
async fn buffers_keep_the_neighbours_away() {
    let two = salon(HOURS, "buffer_before = 10\nbuffer_after = 30", "");
    let bench = Bench::new(&two, NOW);
    bench.book(&bench.slot("cut", Any, "2026-11-23", "09:00").await, "a", "a").await;
    // 09:00–10:00 is taken until 10:30, and the next visit needs ten minutes before it.
    assert_eq!(bench.times("cut", Any, "2026-11-23").await.join(" "), "11:00 14:15 14:45");
}

#[tokio::test]
async fn a_visit_runs_over_midnight() {
    let night = salon(r#"hours = { fri = ["22:00-02:00"] }"#, "", "");
    let bench = Bench::new(&night, NOW);
    assert_eq!(bench.times("cut", Any, "2026-11-27").await.join(" "), "22:00 22:30 23:00 23:30");
    assert_eq!(bench.times("cut", Any, "2026-11-28").await.join(" "), "00:00 00:30 01:00");
    let late = bench.slot("cut", one("ana"), "2026-11-27", "23:30").await;
    let booking = bench.book(&late, "a", "a").await;
    assert_eq!(booking.end, at("2026-11-28T00:30:00Z"));
    assert_eq!(bench.times("cut", Any, "2026-11-28").await.join(" "), "00:30 01:00");
}

#[tokio::test]
async fn around_the_clock_has_no_seam_at_midnight() {
    let bench = Bench::new(&salon(r#"hours = { mon-sun = ["00:00-24:00"] }"#, "", ""), NOW);
    assert_eq!(bench.times("cut", Any, "2026-11-24").await.len(), 48);
}

/// On each night: the wall times offered for an hour's visit, and when the one at the change really ends.
#[rstest]
#[case::lisbon_forward("Europe/Lisbon", "2026-03-29", "00:00 00:30 02:00 02:30 03:00", "00:30", "2026-03-29T01:30:00Z")]
#[case::lisbon_back(
    "Europe/Lisbon",
    "2026-10-25",
    "00:00 00:30 01:00 01:30 02:00 02:30 03:00",
    "01:30",
    "2026-10-25T01:30:00Z"
)]
#[case::new_york_forward(
    "America/New_York",
    "2026-03-08",
    "00:00 00:30 01:00 01:30 03:00",
    "01:30",
    "2026-03-08T07:30:00Z"
)]
#[case::new_york_back(
    "America/New_York",
    "2026-11-01",
    "00:00 00:30 01:00 01:30 02:00 02:30 03:00",
    "01:00",
    "2026-11-01T06:00:00Z"
)]
#[case::sao_paulo_has_none(
    "America/Sao_Paulo",
    "2026-11-01",
    "00:00 00:30 01:00 01:30 02:00 02:30 03:00",
    "00:00",
    "2026-11-01T04:00:00Z"
)]
#[case::almaty_has_none(
    "Asia/Almaty",
    "2026-10-25",
    "00:00 00:30 01:00 01:30 02:00 02:30 03:00",
    "00:00",
    "2026-10-24T20:00:00Z"
)]
#[case::midnight_is_skipped(
    "Africa/Cairo",
    "2026-04-24",
    "01:00 01:30 02:00 02:30 03:00",
    "01:00",
    "2026-04-23T23:00:00Z"
)]
#[tokio::test]
async fn nights_when_the_clock_changes(
    #[case] zone: &str,
    #[case] day: &str,
    #[case] times: &str,
    #[case] slot: &str,
    #[case] end: &str,
) {
    let mut night = salon(r#"hours = { mon-sun = ["00:00-04:00"] }"#, "", "");
    night.zone = zone.to_owned();
    night.horizon_days = 365;
    let bench = Bench::new(&night, "2026-03-01T00:00:00Z");
    assert_eq!(bench.times("cut", Any, day).await.join(" "), times);
    let slot = bench.slot("cut", Any, day, slot).await;
    let booking = bench.book(&slot, "a", "a").await;
    assert_eq!((booking.end - booking.start).num_minutes(), 60, "an hour is an hour");
    assert_eq!(booking.end, at(end));
}

#[tokio::test]
async fn a_time_that_does_not_exist_cannot_be_booked() {
    let night = salon(r#"hours = { mon-sun = ["00:00-04:00"] }"#, "", "");
    let bench = Bench::new(&night, "2026-03-28T12:00:00Z");
    let slot = bench.slot("cut", Any, "2026-03-29", "00:30").await;
    // The second pass of a repeated hour, the gap, and a second off the grid are all not on offer.
    for seconds in [1, 900, 3599] {
        let mut odd = slot.clone();
        odd.start += chrono::Duration::seconds(seconds);
        odd.end += chrono::Duration::seconds(seconds);
        let outcome = bench.try_book(&odd, "a", "a").await;
        assert!(matches!(outcome, Err(chatplug_core::ports::BookError::SlotTaken)), "{outcome:?}");
    }
    let back = Bench::new(&night, "2026-10-24T12:00:00Z");
    let first = back.slot("cut", Any, "2026-10-25", "01:00").await;
    assert_eq!(first.start, at("2026-10-25T00:00:00Z"));
    let mut second = first.clone();
    second.start += chrono::Duration::hours(1);
    second.end += chrono::Duration::hours(1);
    assert_eq!(second.local_start(), first.local_start(), "the clock shows both alike");
    assert!(back.try_book(&second, "a", "a").await.is_err(), "01:00 was offered twice");
}
