//! One of everything that can be said (feature `testkit`): for tests of words, of channels and of stores. A variant
//! added to the vocabulary does not compile until it has a sample here.

use super::{
    ActionWord, AskedAbout, BookingView, Choice, Choices, ChooseFor, HandOverReason, HoursLine, Key, Label, Say,
    SlotScope, TemplateMeaning, When,
};
use crate::model::{BookingId, Lang, MediaKind, Money, Price, Private, Rating};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;
use iso_currency::Currency;

/// Who and what the samples speak of.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The business.
    pub business: String,
    /// The client.
    pub client: String,
    /// What they want.
    pub service: String,
    /// With whom.
    pub staff: String,
    /// At which branch.
    pub branch: String,
    /// What it costs.
    pub price: Price,
    /// When.
    pub at: When,
    /// The business's own words about the service.
    pub description: String,
}

impl Facts {
    /// A visit on Wednesday 18 March 2026 at 15:30, wall time of the zone.
    #[must_use]
    pub fn new(service: &str, staff: &str, zone: Tz, price: i64, currency: Currency) -> Self {
        let local = day(18).and_time(time(15, 30));
        let start = crate::model::local_to_utc(local, zone).unwrap_or(DateTime::<Utc>::UNIX_EPOCH);
        Self {
            business: "Studio Bella".to_owned(),
            client: "Ana".to_owned(),
            service: service.to_owned(),
            staff: staff.to_owned(),
            branch: "Studio Bella 2".to_owned(),
            price: Price::fixed(Money::new(price, currency)),
            at: When { start, zone },
            description: "Lorem ipsum.".to_owned(),
        }
    }

    /// The visit with everything that can be known about it, for three people.
    #[must_use]
    pub fn whole_view(&self) -> BookingView {
        BookingView { branch: Some(self.branch.clone()), minutes: 150, party: 3, ..self.view() }
    }

    /// The visit as it usually is.
    #[must_use]
    pub fn view(&self) -> BookingView {
        BookingView { staff: Some(self.staff.clone()), minutes: 60, price: Some(self.price), ..self.bare_view() }
    }

    /// The visit with the least that can be known about it.
    #[must_use]
    pub fn bare_view(&self) -> BookingView {
        BookingView {
            id: None,
            service: self.service.clone(),
            staff: None,
            at: self.at,
            minutes: 0,
            price: None,
            branch: None,
            party: 1,
        }
    }

    /// The visit two days and some hours later.
    #[must_use]
    pub fn later_view(&self) -> BookingView {
        let at = When { start: self.at.start + chrono::Duration::hours(43), zone: self.at.zone };
        BookingView { at, ..self.view() }
    }
}

/// Makes the list of samples and, of the same lines, a match that names every variant.
macro_rules! samples {
    ($(#[$doc:meta])* $name:ident($facts:ident) -> $enum:ident { $($variant:ident => [$($sample:expr),* $(,)?],)* }) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name($facts: &Facts) -> Vec<(&'static str, $enum)> {
            // Does not compile while a variant is missing below.
            fn _every(sample: &$enum) {
                match sample { $($enum::$variant { .. } => {})* }
            }
            vec![$($((stringify!($variant), $sample)),*),*]
        }
    };
}

samples! {
    /// Everything to say, with the name of its variant; some in several shapes.
    says(facts) -> Say {
        Greeting => [
            Say::Greeting { business: facts.business.clone(), name: None },
            Say::Greeting { business: facts.business.clone(), name: Some(facts.client.clone()) },
        ],
        Menu => [Say::Menu],
        YoureWelcome => [Say::YoureWelcome],
        ReviewNoted => [Say::ReviewNoted],
        ResumeOffer => [
            Say::ResumeOffer { service: None, date: None },
            Say::ResumeOffer { service: Some(facts.service.clone()), date: None },
            Say::ResumeOffer { service: None, date: Some(day(18)) },
            Say::ResumeOffer { service: Some(facts.service.clone()), date: Some(day(18)) },
        ],
        AskBusiness => [Say::AskBusiness],
        AskBusinessAgain => [Say::AskBusinessAgain],
        BusinessChosen => [Say::BusinessChosen { business: facts.business.clone() }],
        AskBranch => [Say::AskBranch],
        AskPlace => [Say::AskPlace],
        BranchGone => [Say::BranchGone],
        NeedsMembership => [Say::NeedsMembership { service: facts.service.clone() }],
        NeedsPrepayment => [
            Say::NeedsPrepayment { service: facts.service.clone(), link: None },
            Say::NeedsPrepayment { service: facts.service.clone(), link: Some("https://example.com/pay".to_owned()) },
        ],
        AskService => [Say::AskService],
        AskWhichService => [Say::AskWhichService],
        OneServiceFirst => [Say::OneServiceFirst],
        PartyTooLarge => [Say::PartyTooLarge { party: 5, most: 1 }],
        CannotLook => [Say::CannotLook],
        SystemDown => [Say::SystemDown],
        AskStaff => [Say::AskStaff { service: facts.service.clone() }],
        AskWhichStaff => [Say::AskWhichStaff],
        AskDay => [Say::AskDay { service: facts.service.clone() }],
        AskWhichDay => [Say::AskWhichDay],
        AskWhichTime => [Say::AskWhichTime],
        AskSlot => [
            Say::AskSlot { service: facts.service.clone(), staff: None, scope: SlotScope::Next },
            Say::AskSlot { service: facts.service.clone(), staff: Some(facts.staff.clone()), scope: SlotScope::Next },
            Say::AskSlot { service: facts.service.clone(), staff: None, scope: SlotScope::Day { date: day(18) } },
            Say::AskSlot { service: facts.service.clone(), staff: Some(facts.staff.clone()), scope: week() },
        ],
        AskName => [Say::AskName],
        AskEmail => [Say::AskEmail],
        BadEmail => [Say::BadEmail],
        NotFreeThen => [
            Say::NotFreeThen { date: day(18), time: Some(time(15, 30)) },
            Say::NotFreeThen { date: day(18), time: None },
        ],
        NothingFree => [
            Say::NothingFree { scope: SlotScope::Next, staff: None },
            Say::NothingFree { scope: SlotScope::Next, staff: Some(facts.staff.clone()) },
            Say::NothingFree { scope: SlotScope::Day { date: day(18) }, staff: None },
            Say::NothingFree { scope: SlotScope::Day { date: day(18) }, staff: Some(facts.staff.clone()) },
            Say::NothingFree { scope: week(), staff: None },
            Say::NothingFree { scope: week(), staff: Some(facts.staff.clone()) },
        ],
        NothingFreeAtAll => [
            Say::NothingFreeAtAll { staff: None },
            Say::NothingFreeAtAll { staff: Some(facts.staff.clone()) },
        ],
        DayInPast => [Say::DayInPast { date: day(16) }],
        StaffDoesNotDo => [Say::StaffDoesNotDo { staff: facts.staff.clone(), service: facts.service.clone() }],
        Summary => [Say::Summary { draft: facts.view() }, Say::Summary { draft: facts.whole_view() }],
        SummaryChanged => [Say::SummaryChanged],
        Booked => [Say::Booked { booking: facts.view() }, Say::Booked { booking: facts.bare_view() }],
        Requested => [Say::Requested { booking: facts.view() }],
        SlotTaken => [Say::SlotTaken],
        NotDoneYet => [
            Say::NotDoneYet { action: ActionWord::Book },
            Say::NotDoneYet { action: ActionWord::Cancel },
            Say::NotDoneYet { action: ActionWord::Confirm },
            Say::NotDoneYet { action: ActionWord::Move },
        ],
        Checking => [
            Say::Checking { action: ActionWord::Book },
            Say::Checking { action: ActionWord::Cancel },
            Say::Checking { action: ActionWord::Confirm },
            Say::Checking { action: ActionWord::Move },
        ],
        NotDone => [
            Say::NotDone { action: ActionWord::Book },
            Say::NotDone { action: ActionWord::Cancel },
            Say::NotDone { action: ActionWord::Confirm },
            Say::NotDone { action: ActionWord::Move },
        ],
        Unclear => [
            Say::Unclear { action: ActionWord::Book },
            Say::Unclear { action: ActionWord::Cancel },
            Say::Unclear { action: ActionWord::Confirm },
            Say::Unclear { action: ActionWord::Move },
        ],
        StillWorking => [Say::StillWorking],
        TakesLonger => [Say::TakesLonger],
        Refused => [Say::Refused],
        TooMany => [Say::TooMany],
        MoveSummary => [Say::MoveSummary { from: facts.view(), to: facts.later_view() }],
        Moved => [Say::Moved { booking: facts.later_view() }],
        CancelSummary => [Say::CancelSummary { booking: facts.view() }],
        Cancelled => [
            Say::Cancelled { booking: facts.view() },
            Say::Cancelled { booking: BookingView { branch: Some(facts.branch.clone()), ..facts.view() } },
        ],
        Kept => [Say::Kept],
        Dropped => [Say::Dropped],
        TooLateToChange => [Say::TooLateToChange { booking: facts.view() }],
        NoBookings => [Say::NoBookings],
        Bookings => [
            Say::Bookings { bookings: vec![facts.view()] },
            Say::Bookings { bookings: vec![facts.whole_view(), facts.later_view()] },
        ],
        ChooseBooking => [
            Say::ChooseBooking { purpose: ChooseFor::Reschedule },
            Say::ChooseBooking { purpose: ChooseFor::Cancel },
            Say::ChooseBooking { purpose: ChooseFor::Confirm },
            Say::ChooseBooking { purpose: ChooseFor::RunningLate },
        ],
        VisitConfirmed => [Say::VisitConfirmed { booking: facts.view() }],
        Reminder => [
            Say::Reminder { booking: facts.view(), name: None },
            Say::Reminder { booking: facts.view(), name: Some(facts.client.clone()) },
        ],
        LateNoted => [
            Say::LateNoted { booking: None, minutes: None },
            Say::LateNoted { booking: None, minutes: Some(1) },
            Say::LateNoted { booking: Some(facts.view()), minutes: Some(15) },
        ],
        MovedByTeam => [Say::MovedByTeam { before: facts.view(), after: facts.later_view() }],
        CancelledByTeam => [Say::CancelledByTeam { booking: facts.view() }],
        PriceOf => [
            Say::PriceOf { service: facts.service.clone(), price: Some(facts.price), minutes: 60 },
            Say::PriceOf { service: facts.service.clone(), price: None, minutes: 150 },
        ],
        PriceList => [Say::PriceList {
            lines: vec![
                (facts.service.clone(), Some(facts.price), 60),
                (facts.service.clone(), Some(range(facts.price)), 150),
                (facts.service.clone(), None, 120),
            ],
        }],
        Hours => [
            Say::Hours {
                lines: vec![
                    HoursLine {
                        from: Weekday::Mon,
                        to: Weekday::Fri,
                        open: vec![(time(9, 0), time(13, 0)), (time(14, 0), time(19, 30))],
                    },
                    HoursLine { from: Weekday::Sat, to: Weekday::Sat, open: vec![(time(10, 0), time(16, 0))] },
                    HoursLine { from: Weekday::Sun, to: Weekday::Sun, open: Vec::new() },
                ],
            },
            Say::Hours { lines: Vec::new() },
        ],
        HoursOn => [
            Say::HoursOn { date: day(18), open: vec![(time(9, 0), time(18, 0))] },
            Say::HoursOn { date: day(21), open: Vec::new() },
        ],
        Address => [
            Say::Address { name: facts.business.clone(), address: Some("Rua das Flores 12".to_owned()) },
            Say::Address { name: facts.business.clone(), address: None },
        ],
        ServiceDetails => [
            Say::ServiceDetails {
                service: facts.service.clone(),
                description: Some(facts.description.clone()),
                minutes: 60,
                price: Some(facts.price),
            },
            Say::ServiceDetails { service: facts.service.clone(), description: None, minutes: 60, price: None },
        ],
        WhoDoes => [
            Say::WhoDoes { service: facts.service.clone(), staff: Vec::new() },
            Say::WhoDoes { service: facts.service.clone(), staff: vec![facts.staff.clone()] },
            Say::WhoDoes { service: facts.service.clone(), staff: vec![facts.staff.clone(), facts.client.clone()] },
        ],
        AskAboutService => [
            Say::AskAboutService { about: AskedAbout::Details },
            Say::AskAboutService { about: AskedAbout::Price },
            Say::AskAboutService { about: AskedAbout::Who },
        ],
        OutOfScope => [Say::OutOfScope],
        NotUnderstood => [Say::NotUnderstood],
        NotUnderstoodAgain => [Say::NotUnderstoodAgain],
        Heard => [Say::Heard { words: Private::new("…".to_owned()) }, Say::Heard { words: Private::new(facts.service.clone()) }],
        YesInWriting => [Say::YesInWriting],
        CannotRead => [
            Say::CannotRead { media: None },
            Say::CannotRead { media: Some(MediaKind::Voice) },
            Say::CannotRead { media: Some(MediaKind::Audio) },
            Say::CannotRead { media: Some(MediaKind::Document) },
            Say::CannotRead { media: Some(MediaKind::Image) },
            Say::CannotRead { media: Some(MediaKind::Sticker) },
            Say::CannotRead { media: Some(MediaKind::Video) },
        ],
        OldList => [Say::OldList],
        ListRefreshed => [Say::ListRefreshed],
        Fact => [Say::Fact { text: facts.service.clone() }],
        NoFact => [Say::NoFact],
        NothingOpen => [Say::NothingOpen],
        AskLanguage => [Say::AskLanguage],
        LanguageChanged => [Say::LanguageChanged],
        OptedOut => [Say::OptedOut { bookings_stand: false }, Say::OptedOut { bookings_stand: true }],
        OptedIn => [Say::OptedIn],
        HandedOver => [
            Say::HandedOver { reason: HandOverReason::Asked },
            Say::HandedOver { reason: HandOverReason::NotUnderstood },
            Say::HandedOver { reason: HandOverReason::BackendDown },
            Say::HandedOver { reason: HandOverReason::OutcomeUnclear },
            Say::HandedOver { reason: HandOverReason::TooLate },
            Say::HandedOver { reason: HandOverReason::Refused },
            Say::HandedOver { reason: HandOverReason::RunningLate },
            Say::HandedOver { reason: HandOverReason::UnsafeMove },
        ],
        HandedBack => [Say::HandedBack],
        OneMoment => [Say::OneMoment],
    }
}

samples! {
    /// Everything that can stand on a button or row but the fixed words.
    labels(facts) -> Label {
        Key => [Label::Key { key: Key::Yes }],
        Name => [Label::Name { name: facts.service.clone() }, Label::Name { name: facts.staff.clone() }],
        ServiceFacts => [
            Label::ServiceFacts { minutes: 60, price: Some(facts.price) },
            Label::ServiceFacts { minutes: 150, price: Some(range(facts.price)) },
            Label::ServiceFacts { minutes: 45, price: None },
        ],
        StaffFacts => [
            Label::StaffFacts { title: None, rating: Some(Rating { tenths: 48, count: 1200 }) },
            Label::StaffFacts { title: Some(facts.service.clone()), rating: Some(Rating { tenths: 50, count: 0 }) },
            Label::StaffFacts { title: Some(facts.service.clone()), rating: None },
        ],
        Day => [Label::Day { date: day(18) }, Label::Day { date: day(21) }],
        Days => [
            Label::Days { from: day(9), to: day(15) },
            Label::Days { from: day(30), to: day(30) + chrono::Duration::days(6) },
        ],
        Time => [Label::Time { at: facts.at }],
        DayTime => [Label::DayTime { at: facts.at }],
        WallTime => [Label::WallTime { time: time(3, 0) }, Label::WallTime { time: time(15, 0) }],
        Booking => [Label::Booking { at: facts.at, service: facts.service.clone() }],
        Language => [Label::Language { lang: Lang::PT }, Label::Language { lang: Lang::RU }],
        FreeCount => [
            Label::FreeCount { count: 1 },
            Label::FreeCount { count: 3 },
            Label::FreeCount { count: 12 },
        ],
        Place => [
            Label::Place { metres: Some(0), address: None },
            Label::Place { metres: Some(430), address: Some("Rua das Flores 1".to_owned()) },
            Label::Place { metres: Some(1240), address: Some("Rua das Flores 1".to_owned()) },
            Label::Place { metres: Some(27_800), address: Some("Rua das Flores 1".to_owned()) },
            Label::Place { metres: None, address: Some("Rua das Flores 1".to_owned()) },
        ],
    }
}

samples! {
    /// Every fixed word.
    keys(_facts) -> Key {
        AnyStaff => [Key::AnyStaff],
        AnotherDay => [Key::AnotherDay],
        AnotherService => [Key::AnotherService],
        AnotherTime => [Key::AnotherTime],
        Human => [Key::Human],
        Back => [Key::Back],
        Book => [Key::Book],
        BookIt => [Key::BookIt],
        CancelIt => [Key::CancelIt],
        CancelVisit => [Key::CancelVisit],
        Change => [Key::Change],
        Choose => [Key::Choose],
        Come => [Key::Come],
        Continue => [Key::Continue],
        Earlier => [Key::Earlier],
        KeepIt => [Key::KeepIt],
        Language => [Key::Language],
        Later => [Key::Later],
        Menu => [Key::Menu],
        More => [Key::More],
        MoveVisit => [Key::MoveVisit],
        MoveIt => [Key::MoveIt],
        MyBookings => [Key::MyBookings],
        Nearest => [Key::Nearest],
        NextWeek => [Key::NextWeek],
        No => [Key::No],
        Drop => [Key::Drop],
        PreviousWeek => [Key::PreviousWeek],
        Prices => [Key::Prices],
        StartAfresh => [Key::StartAfresh],
        WhereWhen => [Key::WhereWhen],
        TryAgain => [Key::TryAgain],
        Yes => [Key::Yes],
    }
}

samples! {
    /// Every template.
    templates(facts) -> TemplateMeaning {
        Reminder => [TemplateMeaning::Reminder { booking: BookingId::derive(&["sample"]), view: facts.view() }],
        Booked => [TemplateMeaning::Booked { view: facts.view() }],
        Moved => [TemplateMeaning::Moved { view: facts.later_view() }],
        Cancelled => [TemplateMeaning::Cancelled { view: facts.view() }],
    }
}

/// Choices of these labels, numbered as the machine numbers them.
#[must_use]
pub fn choices(labels: impl IntoIterator<Item = Label>) -> Choices {
    let options = (1..).zip(labels).map(|(item, label): (u32, _)| Choice {
        id: format!("v1:7:{item}"),
        label,
        hint: None,
        section: None,
    });
    Choices { list: 7, options: options.collect(), open: Key::Choose }
}

/// A day of March 2026.
fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, day).unwrap_or_default()
}

fn time(hour: u32, minute: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default()
}

fn week() -> SlotScope {
    SlotScope::Days { from: day(16), to: day(22) }
}

fn range(price: Price) -> Price {
    Price { to: Some(Money::new(price.from.minor * 2, price.from.currency)), ..price }
}

/// Does not compile while one of these has a variant without a sample above.
const fn _every(action: ActionWord, about: AskedAbout, purpose: ChooseFor, reason: HandOverReason, media: MediaKind) {
    match action {
        ActionWord::Book | ActionWord::Cancel | ActionWord::Confirm | ActionWord::Move => {}
    }
    match about {
        AskedAbout::Details | AskedAbout::Price | AskedAbout::Who => {}
    }
    match purpose {
        ChooseFor::Reschedule | ChooseFor::Cancel | ChooseFor::Confirm | ChooseFor::RunningLate => {}
    }
    match reason {
        HandOverReason::Asked
        | HandOverReason::NotUnderstood
        | HandOverReason::BackendDown
        | HandOverReason::OutcomeUnclear
        | HandOverReason::TooLate
        | HandOverReason::Refused
        | HandOverReason::RunningLate
        | HandOverReason::UnsafeMove => {}
    }
    match media {
        MediaKind::Audio
        | MediaKind::Document
        | MediaKind::Image
        | MediaKind::Sticker
        | MediaKind::Video
        | MediaKind::Voice => {}
    }
}
