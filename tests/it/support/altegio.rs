//! The salon of the demos at Altegio: a plan of the built-in calendar put into the fake, and the words that a business adds
//! to what Altegio can keep (which is one language).

use super::words::worded;
use chatplug::{calendar::CalendarConfig, model::*, ports::*, testkit::VirtualClock, wrappers::Pace};
use chatplug_altegio::{
    AltegioBackend, AltegioBranch, AltegioClient, AltegioConfig, AltegioEndpoint,
    client::http_client,
    fake::{FakeAltegio, FakeMember, FakeSalon, FakeService},
};
use chrono::{Datelike as _, Duration, NaiveTime, Timelike as _};
use std::{collections::BTreeMap, sync::Arc};

/// The end of the address that Altegio posts to.
pub const ENDPOINT: &str = "q7Vt2mXc9Lr4Kp8Zd1Hs6Bn3";

/// The endpoint itself.
pub fn endpoint() -> AltegioEndpoint {
    AltegioEndpoint::new(ENDPOINT).unwrap()
}

/// A fake that has this plan for its salon, at the time of this clock. `told` is the plan's catalogue.
pub async fn open(config: &CalendarConfig, told: &Catalog, clock: &VirtualClock) -> FakeAltegio {
    let fake = FakeAltegio::start().await.unwrap();
    fake.use_clock(Arc::new(clock.clone()));
    let mut salon = salon(config, told);
    // An overview of days at Altegio counts what the schedules leave; only a day by itself is asked for with the lead time.
    // So nobody is there before that today, and the count is the same.
    let earliest = clock.now() + Duration::minutes(i64::from(config.lead_minutes) + 1);
    let earliest = earliest.with_timezone(&salon.zone).naive_local();
    for member in &mut salon.staff {
        let today = &member.week[earliest.weekday().num_days_from_monday() as usize];
        let step = NaiveTime::from_hms_opt(earliest.hour(), earliest.minute() / 15 * 15, 0).unwrap();
        member.days.insert(earliest.date(), without(today, &[(NaiveTime::MIN, step + Duration::minutes(15))]));
    }
    fake.add_salon(salon);
    fake
}

/// The way to it, with the business's words for its services.
pub fn backend(
    fake: &FakeAltegio,
    branch: &BranchId,
    install: &InstallId,
    told: Catalog,
    clock: &VirtualClock,
) -> Arc<dyn BookingBackend> {
    let client = client(fake.config());
    let mut at = AltegioBranch::new(branch.clone(), install.clone(), FakeAltegio::SALON);
    (at.country, at.currency) = (Some(told.branch.country.clone()), Some(told.branch.currency));
    worded(Arc::new(AltegioBackend::with_client(client, at, Arc::new(clock.clone()))), told)
}

/// Who calls the fake.
pub fn client(config: AltegioConfig) -> AltegioClient {
    // The fake keeps its limit only when told: nobody need wait.
    let pace = Pace::new(Arc::new(SystemClock), 10_000, Duration::milliseconds(1), 100);
    AltegioClient::new(config, http_client().unwrap()).with_pace(pace)
}

/// What calls a fake that is reached at this address.
pub fn config_at(base: &str) -> AltegioConfig {
    AltegioConfig::new(FakeAltegio::PARTNER_TOKEN).with_user_token(FakeAltegio::USER_TOKEN).with_base_url(base)
}

/// A plan of the built-in calendar as a location of Altegio: numbers for ids, names in one language.
pub fn salon(config: &CalendarConfig, told: &Catalog) -> FakeSalon {
    let Branch { name, zone, phone, place, .. } = &told.branch;
    let mut salon = FakeSalon::new(FakeAltegio::SALON, name, *zone);
    salon.city = String::new();
    if let Some(place) = place {
        salon.address.clone_from(&place.address);
        salon.place = place.point.map_or((0.0, 0.0), |point| (point.latitude, point.longitude));
    }
    salon.phone = phone.clone().unwrap_or_default();
    salon.step = config.step_minutes;
    salon.delay = config.lead_minutes;
    salon.horizon = config.horizon_days;

    let (mut services, mut weight) = (BTreeMap::new(), 1000);
    for (service, id) in told.services.iter().zip(401..) {
        let group = service.category.as_ref().map_or("Other", |category| &category.main);
        let known = salon.categories.iter().find(|(_, title)| title == group).map(|(id, _)| *id);
        let category = known.unwrap_or_else(|| {
            let id = 11 + salon.categories.len() as u64;
            salon.categories.push((id, group.to_owned()));
            id
        });
        let euros = |money: Money| money.minor as f64 / 100.0;
        let (from, to) =
            service.price.map_or((0.0, 0.0), |price| (euros(price.from), euros(price.to.unwrap_or(price.from))));
        let mut made = FakeService::new(id, &service.name.main, i64::from(service.minutes));
        made = made.within(category).priced(from, to);
        made.comment = service.description.as_ref().map(|text| text.main.clone()).unwrap_or_default();
        weight -= 1;
        made.weight = weight;
        services.insert(service.id.clone(), id);
        salon.services.push(made);
    }
    for ((member, plan), id) in told.staff.iter().zip(&config.staff).zip(71..) {
        let does = told.services.iter().filter(|service| service.staff.contains(&member.id));
        let does: Vec<u64> = does.filter_map(|service| services.get(&service.id).copied()).collect();
        let mut made = FakeMember::new(id, &member.name).doing(&does);
        if let Some(rating) = member.rating {
            made = made.rated(f64::from(rating.tenths) / 10.0, u64::from(rating.count));
        }
        made.specialization = member.title.as_ref().map(|title| title.main.clone()).unwrap_or_default();
        weight -= 1;
        made.weight = weight;
        let hours = plan.hours.as_ref().unwrap_or(&config.hours);
        let breaks = plan.breaks.as_ref().unwrap_or(&config.breaks);
        for (day, stretches) in made.week.iter_mut().enumerate() {
            *stretches = without(&on(&hours.0, day), &on(&breaks.0, day));
        }
        salon.staff.push(made);
    }
    salon
}

/// Names of the days, as a plan writes them.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A stretch of a day.
pub type Stretch = (NaiveTime, NaiveTime);

/// What a week says of a day: of the day alone, else of a range of days.
pub fn on(week: &BTreeMap<String, Vec<String>>, day: usize) -> Vec<Stretch> {
    let place = |name: &str| DAYS.iter().position(|day| *day == name).unwrap();
    let within = |name: &&String| name.split_once('-').is_some_and(|(a, b)| (place(a)..=place(b)).contains(&day));
    let said = week.get(DAYS[day]).or_else(|| week.keys().find(within).and_then(|name| week.get(name)));
    let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
    let stretch = |text: &String| text.split_once('-').map(|(from, to)| (time(from), time(to))).unwrap();
    said.into_iter().flatten().map(stretch).collect()
}

/// Hours without the breaks.
pub fn without(hours: &[Stretch], breaks: &[Stretch]) -> Vec<Stretch> {
    let mut left = hours.to_vec();
    for (from, to) in breaks {
        let cut = |stretch: &Stretch| [(stretch.0, stretch.1.min(*from)), (stretch.0.max(*to), stretch.1)];
        left = left.iter().flat_map(cut).filter(|(from, to)| from < to).collect();
    }
    left
}
