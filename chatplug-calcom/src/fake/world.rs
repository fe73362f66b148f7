//! Who and what is there from the start: the accounts, schedules and event types that the real server had when it was
//! listened to, under the same numbers.

use super::{
    FakeCalcom,
    account::{Client, FakeRole, FakeTeam, FakeUser},
    event_type::{FakeEventType, FakeScheduling, FakeWindow},
    schedule::FakeSchedule,
    state::State,
};
use chrono::NaiveDate;
use serde_json::json;

const STREET: &str = "Hauptstr. 1, Berlin";

/// Accounts alone.
pub(super) fn people(state: &mut State) {
    let berlin = chrono_tz::Europe::Berlin;
    let anna = FakeUser::new(FakeCalcom::ANNA, "anna", "Anna Host", berlin).with_key(FakeCalcom::KEY);
    let boris = FakeUser::new(FakeCalcom::BORIS, "boris", "Boris Host", berlin);
    let carol = FakeUser::new(FakeCalcom::CAROL, "carol", "Carol Other", chrono_tz::America::New_York)
        .with_key(FakeCalcom::STRANGERS_KEY)
        .at("carol@other.example");
    for user in [anna, boris, carol] {
        state.users.insert(user.id, user);
    }
    let salon = FakeTeam::new(FakeCalcom::TEAM, "Salon", "salon")
        .with(FakeCalcom::ANNA, FakeRole::Owner)
        .with(FakeCalcom::BORIS, FakeRole::Member);
    state.teams.insert(salon.id, salon);
    state.clients.push(Client {
        id: FakeCalcom::CLIENT_ID.to_owned(),
        secret: FakeCalcom::CLIENT_SECRET.to_owned(),
        owner: FakeCalcom::ANNA,
        organization: None,
    });
}

/// What they offer.
pub(super) fn offers(state: &mut State) {
    let day = |month, day| NaiveDate::from_ymd_opt(2026, month, day).unwrap_or_default();
    let hours = |owner| FakeSchedule::weekdays(owner, chrono_tz::Europe::Berlin, "09:00", "17:00");
    let mut salon = hours(FakeCalcom::ANNA).on(day(12, 24), &[("10:00", "12:00")]).closed(day(12, 25));
    "Salon hours".clone_into(&mut salon.name);
    state.add_schedule(salon);
    state.add_schedule(hours(FakeCalcom::BORIS));
    let of = |slug: &str, title: &str, minutes: u32| {
        FakeEventType::new(FakeCalcom::ANNA, slug, title, minutes).at_address(STREET)
    };
    let wishes = json!({"type": "textarea", "slug": "wishes", "label": "Wishes", "required": false, "placeholder": ""});
    let service = json!({"type": "select", "slug": "service", "label": "Service", "required": true, "placeholder": "",
        "options": ["cut", "color"]});
    let of_team = |scheduling, slug: &str, title: &str| {
        let hosts = [FakeCalcom::ANNA, FakeCalcom::BORIS];
        FakeEventType::of_team(FakeCalcom::TEAM, scheduling, &hosts, slug, title, 60).at_address("X")
    };
    for of in [
        of("haircut", "Haircut", 60).described("Cut and wash").every(30).notice(60).asking(wishes),
        of("consult", "Consult", 30).confirmed_by_host(),
        of("class", "Class", 60).seats(2),
        of("weekly", "Weekly", 60).weekly(3),
        of("massage", "Massage", 30).lengths(&[30, 60]),
        of("limited", "Limited", 30).a_day(1).buffers(15, 15).window(FakeWindow::CalendarDays(60)).hidden(),
        of("phone-only", "Phone only", 30).phone_only(),
        FakeEventType::new(FakeCalcom::ANNA, "req", "Req", 30).at_address("X").asking(service),
        of_team(FakeScheduling::RoundRobin, "any", "Any stylist"),
        of_team(FakeScheduling::Collective, "both", "Both"),
    ] {
        state.add_event_type(of);
    }
}
