//! The salon of the demos at Cal.com: a plan of the built-in calendar put into the fake (everybody with an account, a
//! schedule and event types of their own, in one team), and what a business says of it that Cal.com cannot keep: prices,
//! an address, other languages.

use super::{
    altegio::{on, without},
    words::worded,
};
use chatplug::{calendar::CalendarConfig, model::*, ports::*, testkit::VirtualClock, wrappers::Pace};
use chatplug_calcom::{
    CalcomAuth, CalcomBackend, CalcomBranch, CalcomClient, CalcomConfig, CalcomEmail, CalcomEndpoint, CalcomEventType,
    CalcomStaff,
    client::http_client,
    fake::{FakeCalcom, FakeEventType, FakeRole, FakeSchedule, FakeTeam, FakeUser, FakeWindow},
};
use chrono::{Duration, NaiveTime};
use std::sync::Arc;

/// The end of the address that Cal.com posts to.
pub const ENDPOINT: &str = "m4Wc8Rt1Jx6Qb9Ny3Zk7Gd2V";
/// Where it posts to.
pub const ADDRESS: &str = "/webhooks/calcom/m4Wc8Rt1Jx6Qb9Ny3Zk7Gd2V";
/// What webhooks are routed by.
pub const NAME: &str = "bella";
/// What they are signed with.
const SECRET: &str = "a-secret-of-the-webhooks-of-bella";
/// The first user of the salon: those before it are the fake's own.
const FIRST: u64 = 71;
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The address and the secret of the webhooks.
pub fn endpoint() -> CalcomEndpoint {
    CalcomEndpoint::given(NAME, ENDPOINT, SECRET)
}

/// Has everything told to who listens at this address.
pub fn hook(fake: &FakeCalcom, url: &str) {
    for user in (FIRST..).take_while(|user| fake.has_user(*user)) {
        fake.hook(user, &format!("{url}{ADDRESS}"), Some(SECRET));
    }
}

/// A fake that has this plan, at the time of this clock. `told` is the plan's catalogue.
pub async fn open(config: &CalendarConfig, told: &Catalog, clock: &VirtualClock) -> FakeCalcom {
    let fake = FakeCalcom::start().await.unwrap();
    fake.use_clock(Arc::new(clock.clone()));
    fill(&fake, config, told);
    fake
}

/// The demo's salon, and its catalogue.
pub fn demo(branch: &BranchId) -> (CalendarConfig, Catalog) {
    let config = chatplug::calendar::demo::salon();
    let told = config.clone().validate().unwrap().catalog(branch);
    (config, told)
}

/// Event types by number: whose, and of which service.
fn event_types(told: &Catalog) -> impl Iterator<Item = (u64, usize, &Service)> {
    let each = told.staff.iter().enumerate().flat_map(|(n, member)| {
        let does = told.services.iter().filter(|service| service.staff.contains(&member.id));
        does.map(move |service| (n, service))
    });
    each.zip(1..).map(|((n, service), id)| (id, n, service))
}

/// Puts a plan into a fake that has nothing else.
pub fn fill(fake: &FakeCalcom, config: &CalendarConfig, told: &Catalog) {
    fake.bare();
    let zone = told.branch.zone;
    let mut team = FakeTeam::new(9, &told.branch.name, "bella");
    for (n, (member, plan)) in told.staff.iter().zip(&config.staff).enumerate() {
        let (id, name) = (FIRST + n as u64, member.id.as_str());
        let mut user = FakeUser::new(id, name, &member.name, zone);
        if n == 0 {
            user = user.with_key(FakeCalcom::KEY);
            fake.remove_user(FakeCalcom::ANNA);
        }
        fake.add_user(user);
        team = team.with(id, if n == 0 { FakeRole::Owner } else { FakeRole::Member });
        let hours = plan.hours.as_ref().unwrap_or(&config.hours);
        let breaks = plan.breaks.as_ref().unwrap_or(&config.breaks);
        let mut schedule = FakeSchedule::new(id, zone);
        for (day, name) in DAYS.iter().enumerate() {
            for (from, to) in without(&on(&hours.0, day), &on(&breaks.0, day)) {
                schedule = schedule.also(&[name], &text(from), &text(to));
            }
        }
        fake.add_schedule(schedule);
    }
    fake.add_team(team);
    for (id, n, service) in event_types(told) {
        let owner = FIRST + n as u64;
        let mut made = FakeEventType::new(owner, service.id.as_str(), &service.name.main, service.minutes)
            .every(config.step_minutes)
            .notice(config.lead_minutes)
            .window(FakeWindow::CalendarDays(config.horizon_days));
        made.description = service.description.as_ref().map(|text| text.main.clone()).unwrap_or_default();
        assert_eq!(fake.add_event_type(made), id);
    }
}

fn text(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
}

/// The branch that this plan is, with all that the business says of it.
pub fn branch(branch: &BranchId, install: &InstallId, told: &Catalog) -> CalcomBranch {
    let Branch { name, zone, phone, place, country, currency, .. } = &told.branch;
    let guest = CalcomEmail::Guest { domain: "guest.bella.example".to_owned(), secret: "stays the same".into() };
    let mut at = CalcomBranch::new(branch.clone(), install.clone(), *zone, *currency)
        .named(name)
        .in_country(country)
        .with_email(guest);
    if let Some(phone) = phone {
        at = at.with_phone(phone);
    }
    if let Some(place) = place {
        at = at.at_place(place.clone());
    }
    for (n, member) in told.staff.iter().enumerate() {
        at = at.of_account(member.id.as_str());
        let mut said = CalcomStaff::new();
        if let Some(title) = &member.title {
            said = said.titled(title.clone());
        }
        at = at.with_staff(FIRST + n as u64, said);
    }
    for (id, _, service) in event_types(told) {
        let mut said = CalcomEventType::new();
        if let Some(category) = &service.category {
            said = said.in_category(category.clone());
        }
        if let Some(price) = service.price {
            said = said.priced(price);
        }
        at = at.with_event_type(id, said);
    }
    at
}

/// The way to it, with the business's words.
pub fn backend(
    fake: &FakeCalcom,
    at: &BranchId,
    install: &InstallId,
    told: Catalog,
    clock: &VirtualClock,
) -> Arc<dyn BookingBackend> {
    let at = branch(at, install, &told);
    let client = client(config_at(&fake.base_url()));
    worded(Arc::new(CalcomBackend::with_client(client, at, Arc::new(clock.clone()))), told)
}

/// Who calls the fake.
pub fn client(config: CalcomConfig) -> CalcomClient {
    // The fake keeps its limit only when told: nobody need wait.
    let pace = Pace::new(Arc::new(SystemClock), 10_000, Duration::milliseconds(1), 100);
    CalcomClient::new(config, http_client().unwrap()).with_pace(pace)
}

/// What calls a fake that is reached at this address.
pub fn config_at(base: &str) -> CalcomConfig {
    CalcomConfig::new(CalcomAuth::ApiKey(FakeCalcom::KEY.into())).with_base_url(base)
}
