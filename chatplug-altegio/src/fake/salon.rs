//! A location and what it offers: what a test sets up.

use super::time::clock;
use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// A location (Altegio also says salon, company, branch).
///
/// ```
/// use chatplug_altegio::fake::{FakeMember, FakeSalon, FakeService};
///
/// let mut salon = FakeSalon::new(900, "Barbearia Norte", chrono_tz::Europe::Lisbon);
/// salon.services.push(FakeService::new(41, "Corte", 45).priced(20.0, 25.0));
/// salon.staff.push(FakeMember::new(71, "Tiago").weekdays(10, 19));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FakeSalon {
    /// `company_id` on the wire.
    pub id: u64,
    /// Name.
    pub title: String,
    /// The zone of every time here; on the wire `timezone_name`.
    pub zone: Tz,
    /// Id and name of the country.
    pub country: (u64, String),
    /// City.
    pub city: String,
    /// Street and number.
    pub address: String,
    /// Latitude and longitude.
    pub place: (f64, f64),
    /// Telephone, as the salon types it.
    pub phone: String,
    /// A symbol, not a code.
    pub currency: String,
    /// Id and name of the chain, for those that belong to one.
    pub chain: Option<(u64, String)>,
    /// `none`, `deposit` or `card_guarantee`.
    pub payment_policy: String,
    /// Clients confirm their number by a code when they book online.
    pub phone_confirmation: bool,
    /// Clients can book online at all.
    pub online: bool,
    /// The salon pays for the platform.
    pub licensed: bool,
    /// Minutes between the times that are offered.
    pub step: u32,
    /// Minutes before the nearest time that is offered.
    pub delay: u32,
    /// Days ahead for which there is a schedule.
    pub horizon: u32,
    /// The text that clients agree to.
    pub privacy_policy: Option<String>,
    /// Ids and names of the groups that services are in.
    pub categories: Vec<(u64, String)>,
    /// What is sold, and what was.
    pub services: Vec<FakeService>,
    /// Who works there, and who did.
    pub staff: Vec<FakeMember>,
    /// What clients wrote.
    pub reviews: Vec<FakeReview>,
}

/// What a client wrote.
#[derive(Debug, Clone)]
pub struct FakeReview {
    /// About whom; 0 for the salon.
    pub staff: u64,
    /// 1 to 5.
    pub rating: u8,
    /// What.
    pub text: String,
    /// Who, if they say.
    pub author: Option<String>,
    /// When, on the salon's wall clock.
    pub at: NaiveDateTime,
}

/// A service.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FakeService {
    /// Id.
    pub id: u64,
    /// Name.
    pub title: String,
    /// Group.
    pub category: u64,
    /// What clients read about it.
    pub comment: String,
    /// Price, from.
    pub price_min: f64,
    /// Price, to.
    pub price_max: f64,
    /// How long it takes, in seconds.
    pub seconds: i64,
    /// A picture's address.
    pub image: Option<String>,
    /// Heavier ones come first.
    pub weight: i64,
    /// Sold online.
    pub active: bool,
    /// `forbidden`, `allowed` or `required`.
    pub prepaid: String,
    /// What is paid before, when something is.
    pub prepaid_amount: f64,
    /// Not 0: only for those who have a membership.
    pub abonement_restriction: u64,
    /// The services that it is made of, in order.
    pub parts: Vec<u64>,
}

/// A member of the team.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FakeMember {
    /// Id.
    pub id: u64,
    /// Name.
    pub name: String,
    /// What they do.
    pub specialization: String,
    /// Id and name of the position; without one the wire says `[]`.
    pub position: Option<(u64, String)>,
    /// 0 to 5, 0 for none.
    pub rating: f64,
    /// How many rated.
    pub votes: u64,
    /// A picture's address.
    pub avatar: Option<String>,
    /// Heavier ones come first.
    pub weight: i64,
    /// Left.
    pub fired: bool,
    /// Not shown to clients.
    pub hidden: bool,
    /// Deleted.
    pub deleted: bool,
    /// `forbidden`, `allowed` or `required`.
    pub prepaid: String,
    /// What they do; `None` for everything.
    pub services: Option<Vec<u64>>,
    /// Services that take them longer or shorter, in seconds.
    pub lengths: BTreeMap<u64, i64>,
    /// From Monday: when they work.
    pub week: [Vec<(NaiveTime, NaiveTime)>; 7],
    /// Days that are not as usual.
    pub days: BTreeMap<NaiveDate, Vec<(NaiveTime, NaiveTime)>>,
}

impl FakeSalon {
    /// An empty one.
    #[must_use]
    pub fn new(id: u64, title: &str, zone: Tz) -> Self {
        Self {
            id,
            title: title.to_owned(),
            zone,
            country: (7, "Portugal".to_owned()),
            city: "Lisboa".to_owned(),
            address: "Rua Nova 1".to_owned(),
            place: (38.7139, -9.1394),
            phone: "+351 21 555 01 75".to_owned(),
            currency: "€".to_owned(),
            chain: None,
            payment_policy: "none".to_owned(),
            phone_confirmation: false,
            online: true,
            licensed: true,
            step: 30,
            delay: 0,
            horizon: 60,
            privacy_policy: None,
            categories: Vec::new(),
            services: Vec::new(),
            staff: Vec::new(),
            reviews: Vec::new(),
        }
    }

    /// Studio Bella: five services of 30 minutes to 3 hours and one made of two, three people who are there on weekdays,
    /// one of them on Saturdays too, and those entries that a real salon collects over the years.
    #[must_use]
    pub fn bella(id: u64, zone: Tz) -> Self {
        let mut salon = Self::new(id, "Studio Bella", zone);
        salon.categories = vec![(11, "Hair".to_owned()), (12, "Hands and body".to_owned())];
        let service = FakeService::new;
        let mut both = service(336, "Haircut and beard", 90).within(11).priced(45.0, 45.0);
        both.parts = vec![331, 332];
        let mut perm = service(339, "Perm", 120).within(11).priced(80.0, 80.0);
        perm.active = false;
        salon.services = vec![
            service(331, "Haircut", 60).within(11).priced(30.0, 40.0),
            service(332, "Beard trim", 30).within(11).priced(15.0, 15.0),
            service(333, "Colouring", 180).within(11).priced(90.0, 140.0),
            service(334, "Manicure", 45).within(12).priced(20.0, 20.0),
            service(335, "Massage", 90).within(12).priced(55.5, 55.5),
            both,
            perm,
        ];
        let mut ana = FakeMember::new(8886, "Ana").weekdays(9, 18).rated(4.8, 12);
        ana.specialization = "Top stylist".to_owned();
        ana.position = Some((1, "Stylist".to_owned()));
        ana.lengths.insert(334, 3600);
        let mut bruno = FakeMember::new(8887, "Bruno").weekdays(10, 19).doing(&[331, 332, 333, 336]).rated(4.0, 3);
        bruno.specialization = "Barber".to_owned();
        bruno.week[5] = vec![(clock(10, 0), clock(14, 0))];
        let mut carla = FakeMember::new(8888, "Carla").weekdays(9, 17).doing(&[333, 334, 335]);
        carla.specialization = "Nails and massage".to_owned();
        let (mut fired, mut hidden, mut deleted) = (
            FakeMember::new(8880, "Dora").weekdays(9, 18),
            FakeMember::new(8881, "Waiting list").weekdays(9, 18),
            FakeMember::new(8882, "Elsa").weekdays(9, 18),
        );
        (fired.fired, hidden.hidden, deleted.deleted) = (true, true, true);
        salon.staff = vec![fired, ana, bruno, hidden, carla, deleted];
        salon
    }

    pub(super) fn service(&self, id: u64) -> Option<&FakeService> {
        self.services.iter().find(|service| service.id == id)
    }

    pub(super) fn member(&self, id: u64) -> Option<&FakeMember> {
        self.staff.iter().find(|member| member.id == id)
    }

    /// A service that clients can book: sold, and done by somebody who is there.
    pub(super) fn sells(&self, service: &FakeService) -> bool {
        self.online && service.active && self.staff.iter().any(|member| member.bookable() && member.does(service))
    }
}

impl FakeService {
    /// A service that takes so many minutes.
    #[must_use]
    pub fn new(id: u64, title: &str, minutes: i64) -> Self {
        Self {
            id,
            title: title.to_owned(),
            category: 11,
            comment: String::new(),
            price_min: 0.0,
            price_max: 0.0,
            seconds: minutes * 60,
            image: None,
            weight: 0,
            active: true,
            prepaid: "forbidden".to_owned(),
            prepaid_amount: 0.0,
            abonement_restriction: 0,
            parts: Vec::new(),
        }
    }

    /// What it costs, from and to.
    #[must_use]
    pub const fn priced(mut self, from: f64, to: f64) -> Self {
        (self.price_min, self.price_max) = (from, to);
        self
    }

    /// In a group of services.
    #[must_use]
    pub const fn within(mut self, category: u64) -> Self {
        self.category = category;
        self
    }

    /// Whether something is paid before, in Altegio's words (`required`), and how much.
    #[must_use]
    pub fn prepaid(mut self, word: &str, amount: f64) -> Self {
        word.clone_into(&mut self.prepaid);
        self.prepaid_amount = amount;
        self
    }
}

impl FakeMember {
    /// Somebody who does everything and never works.
    #[must_use]
    pub fn new(id: u64, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            specialization: String::new(),
            position: None,
            rating: 0.0,
            votes: 0,
            avatar: None,
            weight: 0,
            fired: false,
            hidden: false,
            deleted: false,
            prepaid: "forbidden".to_owned(),
            services: None,
            lengths: BTreeMap::new(),
            week: Default::default(),
            days: BTreeMap::new(),
        }
    }

    /// Works from Monday to Friday between these hours, with an hour off at 13:00.
    #[must_use]
    pub fn weekdays(mut self, from: u32, to: u32) -> Self {
        for day in self.week.iter_mut().take(5) {
            *day = vec![(clock(from, 0), clock(13, 0)), (clock(14, 0), clock(to, 0))];
        }
        self
    }

    /// Does only these.
    #[must_use]
    pub fn doing(mut self, services: &[u64]) -> Self {
        self.services = Some(services.to_vec());
        self
    }

    /// How clients think of them.
    #[must_use]
    pub const fn rated(mut self, rating: f64, votes: u64) -> Self {
        (self.rating, self.votes) = (rating, votes);
        self
    }

    /// There, and shown to clients.
    pub(super) const fn bookable(&self) -> bool {
        !self.fired && !self.hidden && !self.deleted
    }

    pub(super) fn does(&self, service: &FakeService) -> bool {
        self.services.as_ref().is_none_or(|services| services.contains(&service.id))
    }

    /// How long a service takes them, in seconds.
    pub(super) fn takes(&self, service: &FakeService) -> i64 {
        self.lengths.get(&service.id).copied().unwrap_or(service.seconds)
    }

    /// When they work on a day.
    pub(super) fn shifts(&self, day: NaiveDate) -> &[(NaiveTime, NaiveTime)] {
        let usual = || self.week.get(day.weekday().num_days_from_monday() as usize);
        self.days.get(&day).or_else(usual).map_or(&[], Vec::as_slice)
    }
}
