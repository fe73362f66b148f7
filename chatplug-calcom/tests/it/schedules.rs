//! Days that differ, and absences.

use chatplug_calcom::{
    AbsenceReason, CalcomClient, CalcomSchedules, ScheduleError, ScheduleOwner,
    client::http_client,
    fake::{FakeCalcom, FakeRole, FakeTeam, Server},
};
use chrono::{NaiveDate, NaiveTime};

fn schedules(fake: &FakeCalcom, owner: ScheduleOwner) -> CalcomSchedules {
    CalcomSchedules::new(CalcomClient::new(fake.config(), http_client().unwrap()), owner)
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn time(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").unwrap()
}

#[tokio::test]
async fn a_date_has_hours_of_its_own_and_the_others_keep_theirs() {
    let fake = FakeCalcom::start().await.unwrap();
    let schedules = schedules(&fake, ScheduleOwner::Caller);
    let before = schedules.one(None).await.unwrap();
    assert!(before.is_default && !before.week.is_empty(), "{before:?}");
    let others = before.days.len();
    let hours = [(time("15:00"), time("18:00")), (time("10:00"), time("12:00"))];
    let after = schedules.set(None, day("2027-02-01"), &hours).await.unwrap();
    let shown: Vec<_> = after.days.iter().filter(|one| one.date == day("2027-02-01")).collect();
    assert_eq!((shown.len(), shown[0].from, after.days.len()), (2, time("10:00"), others + 2));
    let closed = schedules.close(Some(before.id), day("2027-02-01")).await.unwrap();
    let shown: Vec<_> = closed.days.iter().filter(|one| one.date == day("2027-02-01")).collect();
    assert!(shown.len() == 1 && shown[0].is_closed(), "{shown:?}");
    // As it is already: nothing is written.
    fake.forget_calls();
    schedules.close(None, day("2027-02-01")).await.unwrap();
    assert!(fake.calls_of("PATCH /schedules/{id}").is_empty());
    assert_eq!(schedules.clear(None, day("2027-02-01")).await.unwrap(), before);
    assert_eq!(fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn hours_that_make_no_sense_are_refused_before_anything_is_asked() {
    let fake = FakeCalcom::start().await.unwrap();
    let schedules = schedules(&fake, ScheduleOwner::Caller);
    for hours in [
        vec![(time("12:00"), time("10:00"))],
        vec![(time("09:00"), time("12:00")), (time("11:00"), time("13:00"))],
        vec![],
    ] {
        let refused = schedules.set(None, day("2027-02-01"), &hours).await;
        assert!(matches!(refused, Err(ScheduleError::Hours(_))), "{refused:?}");
    }
    assert!(fake.calls().is_empty());
    assert!(matches!(schedules.close(Some(999), day("2027-02-01")).await, Err(ScheduleError::Unknown(999))));
}

#[tokio::test]
async fn absences_are_an_administrators_of_an_organisation() {
    let fake = FakeCalcom::start().await.unwrap();
    fake.be(Server::Cloud);
    let own = schedules(&fake, ScheduleOwner::Caller);
    let refused = own.leave(day("2027-03-01"), day("2027-03-05"), AbsenceReason::Vacation, None).await.unwrap_err();
    assert!(refused.to_string().contains("close the days instead"), "{refused}");
    let member = ScheduleOwner::Member { organization: 70, user: FakeCalcom::BORIS };
    let team = FakeTeam::organization(70, "Salons", "salons").with(FakeCalcom::BORIS, FakeRole::Member);
    fake.add_team(team.clone().with(FakeCalcom::ANNA, FakeRole::Member));
    let theirs = schedules(&fake, member);
    let refused = theirs.leave(day("2027-03-01"), day("2027-03-05"), AbsenceReason::Vacation, None).await;
    assert!(matches!(refused, Err(ScheduleError::NeedsOrganization)), "{refused:?}");

    fake.add_team(team.with(FakeCalcom::ANNA, FakeRole::Admin));
    let away = theirs.leave(day("2027-03-01"), day("2027-03-05"), AbsenceReason::Vacation, None).await.unwrap();
    assert_eq!((away.from, away.to), (day("2027-03-01"), day("2027-03-05")));
    assert!(fake.is_away(FakeCalcom::BORIS, "2027-03-05T20:00:00Z".parse().unwrap()));
    assert_eq!(theirs.absences().await.unwrap(), vec![away.clone()]);
    theirs.come_back(away.id).await.unwrap();
    assert!(theirs.absences().await.unwrap().is_empty() && theirs.come_back(away.id).await.is_err());
}
