//! Mistakes in a config, and what a good one becomes.

use crate::bench::branch;
use chatplug_calendar::{CalendarConfig, PriceConfig, demo};
use chatplug_core::model::{Catalog, Lang};
use rstest::rstest;

/// A config without mistakes, with `from` replaced by `to`.
fn problems(from: &str, to: &str) -> Vec<String> {
    let text = r#"
        name = "Salon"
        zone = "Europe/Lisbon"
        country = "PT"
        currency = "EUR"
        lead_minutes = 0
        horizon_days = 60
        step_minutes = 15
        hours = { mon-fri = ["09:00-18:00"] }
        breaks = { mon = ["13:00-14:00"] }
        dates = { "2026-12-25" = [] }
        place = { address = "Rua 1", latitude = 38.7, longitude = -9.1 }

        [[services]]
        id = "cut"
        name = "Cut"
        minutes = 45
        price = "25.00"
        image = "https://example.org/cut.png"
        staff = ["ana"]

        [[services]]
        id = "class"
        name = "Class"
        minutes = 60
        staff = []
        capacity = 5

        [[staff]]
        id = "ana"
        name = "Ana"
        rating = { stars = 4.8, reviews = 3 }
        languages = ["pt"]

        [[staff]]
        id = "bruno"
        name = "Bruno"
    "#;
    assert!(text.contains(from), "{from} is not in the config");
    let config: CalendarConfig = toml::from_str(&text.replacen(from, to, 1)).unwrap();
    config.validate().map_or_else(|all| all.iter().map(ToString::to_string).collect(), |_| Vec::new())
}

#[test]
fn a_good_config_has_no_problems() {
    assert_eq!(problems("", ""), [""; 0]);
}

/// One mistake, one problem, at its place, with what to do.
#[rstest]
#[case(
    "name = \"Salon\"",
    "name = \" \"",
    "name: is empty: write something, or take the line out if it may be missing"
)]
#[case("Europe/Lisbon", "lisbon", "zone: there is no zone \"lisbon\": did you mean \"Europe/Lisbon\"?")]
#[case(
    "Europe/Lisbon",
    "Mars/Base",
    "zone: there is no zone \"Mars/Base\": write an IANA name such as \"Europe/Lisbon\""
)]
#[case(
    "\"PT\"",
    "\"Portugal\"",
    "country: \"Portugal\" is not a country: write its two capital letters, such as \"PT\""
)]
#[case("\"EUR\"", "\"euro\"", "currency: \"euro\" is not a currency: write its three letters, such as \"EUR\"")]
#[case("horizon_days = 60", "horizon_days = 0", "horizon_days: is 0: write a number between 1 and 730")]
#[case("step_minutes = 15", "step_minutes = 0", "step_minutes: is 0: write a number between 1 and 1440")]
#[case(
    "lead_minutes = 0",
    "lead_minutes = 90000",
    "lead_minutes: is longer than horizon_days, so nothing could ever be booked: lower it"
)]
#[case(
    "mon-fri =",
    "mon-fry =",
    "hours: \"mon-fry\" is not a day: write mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri"
)]
#[case(
    "mon-fri = [\"09:00-18:00\"]",
    "mon-fri = [\"09:00-18:00\"], fri-sat = []",
    "hours: fri is in both fri-sat and mon-fri: let only one of them hold it"
)]
#[case(
    "\"09:00-18:00\"",
    "\"09:00-13:00\", \"12:00-18:00\"",
    "hours.mon-fri[1]: \"12:00-18:00\" overlaps another of that day: join them"
)]
#[case(
    "\"13:00-14:00\"",
    "\"13-14\"",
    "breaks.mon[0]: \"13-14\" is not a stretch of hours: write it as \"09:00-18:00\""
)]
#[case("2026-12-25", "25.12.2026", "dates: \"25.12.2026\" is not a date: write it as \"2026-12-24\"")]
#[case("2026-12-25", "2026-02-30", "dates: \"2026-02-30\" is not a date: write it as \"2026-12-24\"")]
#[case("latitude = 38.7, ", "", "place.latitude: is missing: a pin needs both latitude and longitude")]
#[case("latitude = 38.7", "latitude = 387.0", "place.latitude: is not between -90 and 90 degrees")]
#[case("Rua 1", "", "place.address: is empty: write something, or take the line out if it may be missing")]
#[case("id = \"class\"", "id = \"cut\"", "services[1].id: \"cut\" is also the id of services[0]: give each its own")]
#[case("\"Class\"", "\"cut \"", "services[1].name: \"cut \" is also the name of services[0]: give each its own")]
#[case("minutes = 45", "minutes = 0", "services[0].minutes: is 0: write a number between 1 and 1440")]
#[case("25.00", "25,00", "services[0].price: \"25,00\" is not an amount of EUR: write it as \"45.00\"")]
#[case("25.00", "25.005", "services[0].price: \"25.005\" is not an amount of EUR: write it as \"45.00\"")]
#[case(
    "price = \"25.00\"",
    "price = { from = \"30\", to = \"20\" }",
    "services[0].price: the greatest price is not above the least: swap them, or write one price"
)]
#[case(
    "https://example.org/cut.png",
    "cut.png",
    "services[0].image: \"cut.png\" is not a whole URL: begin it with https://"
)]
#[case("[\"ana\"]", "[\"ana\", \"anna\"]", "services[0].staff[1]: nobody has the id \"anna\"; there are: ana, bruno")]
#[case("[\"ana\"]", "[\"ana\", \"ana\"]", "services[0].staff[1]: \"ana\" is named twice: once is enough")]
#[case(
    "staff = [\"ana\"]",
    "capacity = 3",
    "services[0].capacity: is only for services without a person, for one person sees one client at a time: take it out, or write staff = []"
)]
#[case("capacity = 5", "capacity = 0", "services[1].capacity: is 0: write a number between 1 and 10000")]
#[case(
    "capacity = 5",
    "hours = {}",
    "services[1].hours: is missing: without staff and opening hours it could never be booked; write hours = { mon-fri = [\"09:00-18:00\"] }"
)]
#[case(
    "name = \"Cut\"",
    "name = { main = \"Cut\", english = \"Cut\" }",
    "services[0].name.english: \"english\" is not a two-letter language code such as \"pt\""
)]
#[case("id = \"bruno\"", "id = \"ana\"", "staff[1].id: \"ana\" is also the id of staff[0]: give each its own")]
#[case("id = \"bruno\"", "id = \"b\\n\"", "staff[1].id: \"b\n\": staff id holds a control character")]
#[case(
    "name = \"Bruno\"",
    "name = \"Bruno\"\nhours = {}",
    "staff[1].hours: is missing, and the branch has no hours: write hours = { mon-fri = [\"09:00-18:00\"] }"
)]
#[case("4.8", "48.0", "staff[0].rating.stars: is not between 0 and 5: write an average such as 4.8")]
#[case(
    "[\"pt\"]",
    "[\"portuguese\"]",
    "staff[0].languages[0]: \"portuguese\" is not a two-letter language code such as \"pt\""
)]
fn each_mistake_is_named_with_its_place(#[case] from: &str, #[case] to: &str, #[case] problem: &str) {
    assert_eq!(problems(from, to), [problem]);
}

#[test]
fn all_mistakes_are_found_at_once() {
    let config = "name = \"\"\nzone = \"\"\ncountry = \"\"\ncurrency = \"\"\nstep_minutes = 0";
    let config: CalendarConfig = toml::from_str(config).unwrap();
    let paths: Vec<String> = config.validate().unwrap_err().into_iter().map(|problem| problem.path).collect();
    assert_eq!(paths, ["name", "zone", "country", "currency", "step_minutes", "services"]);
}

#[rstest]
#[case("JPY", "1200", Some(1200))]
#[case("JPY", "12.5", None)]
#[case("EUR", "12.5", Some(1250))]
#[case("EUR", "0.05", Some(5))]
#[case("EUR", "12.", None)]
#[case("EUR", ".50", None)]
#[case("EUR", "-1", None)]
#[case("EUR", "1e3", None)]
#[case("KWD", "1.234", Some(1234))]
fn prices_are_exact(#[case] currency: &str, #[case] price: &str, #[case] minor: Option<i64>) {
    let mut salon = demo::salon();
    salon.services.truncate(1);
    salon.currency = currency.to_owned();
    salon.services[0].price = Some(PriceConfig { from: price.to_owned(), to: None });
    let plan = salon.validate().ok();
    assert_eq!(plan.map(|plan| plan.catalog(&branch()).services[0].price.unwrap().from.minor), minor);
}

#[test]
fn a_day_alone_wins_over_a_range_of_days() {
    let mut salon = demo::salon();
    salon.hours = toml::from_str("fri = [\"12:00-20:00\"]\nmon-sun = [\"09:00-17:00\"]\nsun = []").unwrap();
    let shown: Vec<String> = catalog(&salon)
        .branch
        .hours
        .iter()
        .map(|hours| format!("{} {}-{}", hours.day, hours.from.format("%H"), hours.to.format("%H")))
        .collect();
    assert_eq!(shown, ["Mon 09-17", "Tue 09-17", "Wed 09-17", "Thu 09-17", "Fri 12-20", "Sat 09-17"]);
}

#[test]
fn opening_hours_over_midnight_are_told_day_by_day() {
    let mut salon = demo::salon();
    salon.hours = toml::from_str("sun = [\"22:00-02:00\"]\nsat = [\"18:00-24:00\"]").unwrap();
    let shown: Vec<String> =
        catalog(&salon).branch.hours.iter().map(|hours| format!("{} {}-{}", hours.day, hours.from, hours.to)).collect();
    assert_eq!(shown, ["Mon 00:00:00-02:00:00", "Sat 18:00:00-23:59:00", "Sun 22:00:00-23:59:00"]);
}

#[test]
fn the_demos_are_without_mistakes_and_complete() {
    let salon = catalog(&demo::salon());
    assert_eq!((salon.services.len(), salon.staff.len()), (8, 4));
    assert!(salon.branch.place.as_ref().is_some_and(|place| place.point.is_some()));
    let [paulista, madrid] = demo::clinic().map(|(_, config)| catalog(&config));
    assert_ne!(paulista.branch.zone, madrid.branch.zone);
    for service in [salon, paulista, madrid].into_iter().flat_map(|catalog| catalog.services) {
        assert!(service.category.is_some() && service.name.by_lang.contains_key(&Lang::RU));
        for text in [Some(service.name), service.category, service.description].into_iter().flatten() {
            // The main wording is the branch's own language; the other four are translations.
            assert_eq!(text.by_lang.len(), 4, "{}", text.main);
        }
    }
}

#[test]
fn the_version_is_a_hash_of_the_content() {
    let mut other = demo::salon();
    assert_eq!(catalog(&other).version, catalog(&demo::salon()).version);
    other.services[3].minutes += 5;
    assert_ne!(catalog(&other).version, catalog(&demo::salon()).version);
}

fn catalog(config: &CalendarConfig) -> Catalog {
    config.validate().unwrap().catalog(&branch())
}
