//! The made-up salon: one branch in Lisbon, three people, four services; Wednesday 11 March 2026, nine in the morning.

use super::Script;
use crate::{
    dialogue::{BranchView, Dialogue, Holder},
    model::{
        Branch, BranchId, Catalog, ChannelLimits, ChannelUser, Contact, ContactId, GeoPoint, Lang, Localized, Money,
        OpeningHours, Phone, Place, Policy, Price, Private, Rating, Service, ServiceId, Staff, StaffId,
    },
    ports::Capabilities,
};
use chrono::{DateTime, Duration, NaiveTime, Weekday};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    str::FromStr,
    sync::Arc,
};

/// Reads an id that this module knows to be right.
pub(super) fn id<T: FromStr>(text: &str) -> T {
    match text.parse() {
        Ok(id) => id,
        Err(_) => unreachable!("\"{text}\" is no id"),
    }
}

impl Script {
    /// A client's first contact with the salon: nothing booked yet, name known from the profile.
    #[must_use]
    pub fn salon() -> Self {
        Self {
            dialogue: Dialogue::new(),
            now: DateTime::from_timestamp(1_773_219_600, 0).unwrap_or_default(),
            policy: Policy::default(),
            branches: vec![branch("centre", "Studio Bella Centre", ("Rua das Flores 1, Lisboa", 38.7, -9.1))],
            places: vec![id::<BranchId>("centre")],
            member: false,
            limits: ChannelLimits::whatsapp(),
            contact: Contact {
                id: ContactId::derive(&["test"]),
                user: ChannelUser { phone: Some(id::<Phone>("351900000001")), user_id: None },
                name: Some(Private::new("Maria Silva".to_owned())),
                email: None,
                language: None,
                opted_out: BTreeSet::new(),
                last_inbound: None,
                came_from: None,
            },
            bookings: Vec::new(),
            holder: Holder::Bot,
            languages: vec![Lang::PT, Lang::EN, Lang::ES, Lang::FR, Lang::RU],
            taken: BTreeSet::new(),
            closed: BTreeSet::new(),
            outcomes: VecDeque::new(),
            trouble: None,
            hold_outcomes: false,
            timers: BTreeMap::new(),
            committed: Vec::new(),
            reads: 0,
            reach: crate::dialogue::Reach::default(),
            swaps: Vec::new(),
            facts: crate::understand::FactBook::default(),
            oracle: super::oracle::Oracle::default(),
            last: None,
            messages: 0,
            made: 0,
        }
    }

    /// The salon with a second branch that offers the same.
    #[must_use]
    pub fn two_branches() -> Self {
        let mut script = Self::salon();
        script.branches.push(branch("beach", "Studio Bella Beach", ("Avenida do Mar 7, Cascais", 38.69, -9.42)));
        script.places.push(id::<BranchId>("beach"));
        script
    }

    /// A branch is uninstalled.
    pub fn uninstall(&mut self, branch: &str) {
        self.branches.retain(|view| view.branch().id.as_str() != branch);
        self.places.retain(|id| id.as_str() != branch);
    }

    /// The salon with other services, in this order: id, minutes, category, who does it.
    pub fn offers<'a>(&mut self, services: impl IntoIterator<Item = (&'a str, u32, Option<&'a str>, &'a [&'a str])>) {
        let services: Vec<Service> = services
            .into_iter()
            .map(|(name, minutes, category, staff)| Service {
                category: category.map(Localized::from),
                ..service(name, name, minutes, staff)
            })
            .collect();
        self.catalog(|catalog| catalog.services = services);
    }

    /// Changes the first branch's catalogue.
    pub fn catalog(&mut self, change: impl FnOnce(&mut Catalog)) {
        if let Some(view) = self.branches.first_mut() {
            let mut catalog = (*view.catalog).clone();
            catalog.version += 1;
            change(&mut catalog);
            view.catalog = Arc::new(catalog);
        }
    }
}

fn branch(branch: &str, name: &str, (address, latitude, longitude): (&str, f64, f64)) -> BranchView {
    let open = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
    let weekdays = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat];
    let catalog = Catalog {
        version: 1,
        branch: Branch {
            id: id::<BranchId>(branch),
            name: name.to_owned(),
            zone: chrono_tz::Europe::Lisbon,
            country: "PT".to_owned(),
            currency: iso_currency::Currency::EUR,
            place: Some(Place {
                name: name.to_owned(),
                address: address.to_owned(),
                point: Some(GeoPoint { latitude, longitude }),
            }),
            phone: None,
            hours: weekdays.into_iter().map(|day| OpeningHours { day, from: open(10), to: open(18) }).collect(),
        },
        services: vec![
            service("cut", "Women's haircut", 60, &["ana", "bruno"]),
            service("trim", "Men's haircut", 30, &["bruno"]),
            service("manicure", "Manicure", 45, &["carla"]),
            service("colour", "Colour", 120, &["ana", "bruno", "carla"]),
        ],
        staff: vec![
            staff("ana", "Ana Souza", Some(Rating { tenths: 48, count: 120 })),
            staff("bruno", "Bruno Lima", None),
            staff("carla", "Carla Reyes", None),
        ],
    };
    BranchView {
        catalog: Arc::new(catalog),
        capabilities: Capabilities {
            name: "fake",
            idempotent: true,
            moves_in_place: true,
            confirms_visits: true,
            assigns_staff: false,
            ratings: true,
            max_services: 1,
            max_party: 2,
            needs_approval: false,
            tells_changes: false,
            rechecks: false,
            catalog_lasts: None,
            settles_after: Duration::seconds(30),
        },
    }
}

fn service(service: &str, name: &str, minutes: u32, staff: &[&str]) -> Service {
    Service {
        id: id::<ServiceId>(service),
        name: Localized::new(name),
        also: Vec::new(),
        category: None,
        description: None,
        minutes,
        price: Some(Price::fixed(Money::new(i64::from(minutes) * 75, iso_currency::Currency::EUR))),
        image: None,
        staff: staff.iter().map(|member| id::<StaffId>(member)).collect(),
        requires: Vec::new(),
        gate: None,
    }
}

fn staff(member: &str, name: &str, rating: Option<Rating>) -> Staff {
    Staff {
        id: id::<StaffId>(member),
        name: name.to_owned(),
        also: Vec::new(),
        title: Some(Localized::new("Stylist")),
        rating,
        photo: None,
        languages: Vec::<Lang>::new(),
    }
}
