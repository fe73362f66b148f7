//! The vocabulary of replies: data only.

use crate::model::{BookingId, Lang, MediaKind, Place, Price, Private, Rating};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// One message to the client, in meaning. Several sentences travel as one message: order between messages is not
/// promised by providers, and each costs money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Sentences in order, each a paragraph. Never empty.
    pub say: Vec<Say>,
    /// What the client can tap or type next.
    pub choices: Option<Choices>,
    /// A pin to send after the words (where the channel can).
    pub place: Option<Place>,
    /// A picture to send before the words (where the channel can): absolute URL.
    pub image: Option<String>,
    /// The outcome of a critical action: not withdrawn when a person takes over.
    pub keep: bool,
    /// The appointment as a file, to send after the words (where the channel can).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<Invite>,
    /// The template that says the same outside the window; `None`: then it is held and reported.
    pub template: Option<TemplateMeaning>,
    /// The words ask where the client is: sent with a way to show it, where the channel has one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ask_place: bool,
}

impl Reply {
    /// One sentence.
    #[must_use]
    pub fn of(say: Say) -> Self {
        Self {
            say: vec![say],
            choices: None,
            place: None,
            image: None,
            keep: false,
            invite: None,
            template: None,
            ask_place: false,
        }
    }

    /// Adds a sentence.
    #[must_use]
    pub fn and(mut self, say: Say) -> Self {
        self.say.push(say);
        self
    }

    /// Adds choices.
    #[must_use]
    pub fn choosing(mut self, choices: Choices) -> Self {
        self.choices = Some(choices);
        self
    }
}

/// What a client can choose from: numbered, tappable and typeable. Already paged by the machine to fit the channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choices {
    /// Number of this list in its conversation; part of every choice's id.
    pub list: u32,
    /// In order; the first is "1".
    pub options: Vec<Choice>,
    /// Label of the button that opens the list, where the channel shows one.
    pub open: Key,
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Comes back when tapped; names list and item: `v1:<list>:<item>`.
    pub id: String,
    /// What to print on it.
    pub label: Label,
    /// Small print under it.
    pub hint: Option<Label>,
    /// Heading to group it under (a day, a category).
    pub section: Option<Label>,
}

/// What a choice is called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "label", rename_all = "snake_case")]
pub enum Label {
    /// A fixed word of ours, such as "Yes, book".
    Key {
        /// Which.
        key: Key,
    },
    /// A name of the business's (service, person, branch, category), printed as it is; cut with meaning when too long.
    Name {
        /// The name, already in the client's language where the business has it.
        name: String,
    },
    /// A service's price and length: "60 min · 45 €".
    ServiceFacts {
        /// Length in minutes.
        minutes: u32,
        /// Price, when known.
        price: Option<Price>,
    },
    /// A person's work and rating: "Hairdresser · ★ 4.8 (120)".
    StaffFacts {
        /// What they do.
        title: Option<String>,
        /// Reviews.
        rating: Option<Rating>,
    },
    /// A day with its weekday: "Wed 14 Mar".
    Day {
        /// Local date of the branch.
        date: NaiveDate,
    },
    /// A range of days: "9 – 15 March".
    Days {
        /// First day.
        from: NaiveDate,
        /// Last day.
        to: NaiveDate,
    },
    /// A time of day: "15:30".
    Time {
        /// When.
        at: When,
    },
    /// Day and time: "Wed 14 Mar, 15:30".
    DayTime {
        /// When.
        at: When,
    },
    /// A bare wall time, when a spoken time was ambiguous: "03:00", "15:00".
    WallTime {
        /// Wall time of the branch.
        time: NaiveTime,
    },
    /// A booking: "Wed 14 Mar, 15:30 · Haircut".
    Booking {
        /// When.
        at: When,
        /// Its service.
        service: String,
    },
    /// A language in its own words: "Português".
    Language {
        /// Which.
        lang: Lang,
    },
    /// Where a branch is: "1.2 km · Rua das Flores 1".
    Place {
        /// How far from the client, in metres, when it is known where they are.
        metres: Option<u32>,
        /// Postal address in one line.
        address: Option<String>,
    },
    /// A number of something free: "12 times".
    FreeCount {
        /// How many.
        count: u32,
    },
}

/// A point in time at a branch: printed in its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct When {
    /// The instant.
    pub start: DateTime<Utc>,
    /// The branch's zone.
    pub zone: Tz,
}

/// A booking or a draft of one, as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BookingView {
    /// Our id, once booked.
    pub id: Option<BookingId>,
    /// Service name.
    pub service: String,
    /// Person's name; `None`: whoever is free.
    pub staff: Option<String>,
    /// When.
    pub at: When,
    /// How long, in minutes.
    pub minutes: u32,
    /// Price, when known.
    pub price: Option<Price>,
    /// Branch name, only where the business has several.
    // In what is kept, `branch` is an id wherever it stands: what a branch takes along when it leaves is found by it.
    #[serde(rename = "place")]
    pub branch: Option<String>,
    /// Number of people; shown when more than one.
    pub party: u8,
}

/// An appointment for the client's own calendar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invite {
    /// Our id of the booking: the same appointment through all its changes.
    pub booking: BookingId,
    /// It is taken out of the calendar.
    pub cancelled: bool,
    /// Begin.
    pub start: DateTime<Utc>,
    /// End.
    pub end: DateTime<Utc>,
    /// The branch's zone.
    pub zone: Tz,
    /// Service name.
    pub service: String,
    /// Person's name.
    pub staff: Option<String>,
    /// Where.
    pub place: Option<Place>,
    /// When it was booked, moved or cancelled: later changes win.
    pub changed: DateTime<Utc>,
}

/// Opening hours of one weekday; no stretch means closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoursLine {
    /// First weekday of the line.
    pub from: Weekday,
    /// Last weekday with the same hours (equal to `from` for one day).
    pub to: Weekday,
    /// Opening and closing times.
    pub open: Vec<(NaiveTime, NaiveTime)>,
}

/// What times are being shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "snake_case")]
pub enum SlotScope {
    /// The next free ones, whenever.
    Next,
    /// On one day.
    Day {
        /// Local date.
        date: NaiveDate,
    },
    /// Within some days.
    Days {
        /// First day.
        from: NaiveDate,
        /// Last day.
        to: NaiveDate,
    },
}

/// What a list of bookings is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChooseFor {
    /// To move one.
    Reschedule,
    /// To cancel one.
    Cancel,
    /// To say "I will come".
    Confirm,
    /// To say "I am late".
    RunningLate,
}

/// What a question about a service was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedAbout {
    /// What is it, how long.
    Details,
    /// What does it cost.
    Price,
    /// Who does it.
    Who,
}

/// Why a person is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HandOverReason {
    /// The client asked for one.
    Asked,
    /// Three misunderstandings in a row.
    NotUnderstood,
    /// The booking system could not be reached in time; nothing was booked, moved or cancelled.
    BackendDown,
    /// It could not be told whether something was done.
    OutcomeUnclear,
    /// The change is too close to the visit for the chat.
    TooLate,
    /// The booking system refuses, and only a person can help.
    Refused,
    /// The client runs late.
    RunningLate,
    /// A move that the booking system cannot do safely by itself.
    UnsafeMove,
}

/// A message of the same meaning that the provider approved for use outside the window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "meaning", rename_all = "snake_case")]
#[non_exhaustive]
pub enum TemplateMeaning {
    /// "You have a visit … will you come?" Blanks: name, service, when, business. Buttons: come, change.
    Reminder {
        /// Which booking: goes into the buttons' payloads.
        booking: BookingId,
        /// Its facts.
        view: BookingView,
    },
    /// "Your visit is booked …". Blanks: service, when, business.
    Booked {
        /// Its facts.
        view: BookingView,
    },
    /// "Your visit was moved to …". Blanks: service, when, business.
    Moved {
        /// Its facts.
        view: BookingView,
    },
    /// "Your visit was cancelled". Blanks: service, when, business.
    Cancelled {
        /// Its facts.
        view: BookingView,
    },
}

impl TemplateMeaning {
    /// The semantic name that templates are configured under.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reminder { .. } => "reminder",
            Self::Booked { .. } => "booked",
            Self::Moved { .. } => "moved",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// The booking it speaks of.
    #[must_use]
    pub const fn view(&self) -> &BookingView {
        match self {
            Self::Reminder { view, .. } | Self::Booked { view } | Self::Moved { view } | Self::Cancelled { view } => {
                view
            }
        }
    }
}

/// One thing to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Say {
    // --- meeting and leaving -------------------------------------------------------------------------------------
    /// "Hi Ana! This is Studio Bella."
    Greeting {
        /// The business.
        business: String,
        /// The client's first name, when known.
        name: Option<String>,
    },
    /// "How can I help?" above the menu.
    Menu,
    /// "You're welcome!"
    YoureWelcome,
    /// "Thank you for telling us": a review was noted and passed on.
    ReviewNoted,
    /// "You had started to book a haircut for Friday: continue or start afresh?"
    ResumeOffer {
        /// Its service, when chosen.
        service: Option<String>,
        /// Its day, when chosen.
        date: Option<NaiveDate>,
    },

    // --- several businesses on one number ------------------------------------------------------------------------
    /// "Several businesses answer on this number: which one is your message for?" above their names.
    AskBusiness,
    /// "Which business is your message for?" to somebody who asked for another one.
    AskBusinessAgain,
    /// "You are writing to Studio Bella now", and how to reach another one later.
    BusinessChosen {
        /// The business.
        business: String,
    },

    // --- asking for what is missing ------------------------------------------------------------------------------
    /// "At which of our places?"
    AskBranch,
    /// "Where are you? Send me your location, and I put the nearest first."
    AskPlace,
    /// "That place cannot be booked here any more": it left while the client was booking there.
    BranchGone,
    /// "What would you like to book?"
    AskService,
    /// "Which of these do you mean?" when the words fitted several services.
    AskWhichService,
    /// "With whom?"
    AskStaff {
        /// For which service.
        service: String,
    },
    /// "Which of them do you mean?" when the name fitted several people.
    AskWhichStaff,
    /// "Which day suits you?"
    AskDay {
        /// For which service.
        service: String,
    },
    /// "Which day do you mean?" when the words had several readings.
    AskWhichDay,
    /// "Which time do you mean?" when the words had several readings.
    AskWhichTime,
    /// "Here are the free times … which one?"
    AskSlot {
        /// For which service.
        service: String,
        /// With whom, when chosen.
        staff: Option<String>,
        /// Which times these are.
        scope: SlotScope,
    },
    /// "What name shall I put down?"
    AskName,
    /// "Which e-mail address may we use for the confirmation?"
    AskEmail,
    /// "That does not look like an e-mail address."
    BadEmail,
    /// "I book one service at a time here: which one first?" when several were wanted; the others follow.
    OneServiceFirst,
    /// "For this you need a membership that is active": said before a time is chosen.
    NeedsMembership {
        /// For which service.
        service: String,
    },
    /// "This is paid beforehand, here: …": said before a time is chosen.
    NeedsPrepayment {
        /// Which service.
        service: String,
        /// Where it is paid, when there is a page for it.
        link: Option<String>,
    },
    /// "Here I can book for at most 2 people at once; a person can help with more."
    PartyTooLarge {
        /// How many were to come.
        party: u8,
        /// How many can be booked together.
        most: u8,
    },

    // --- about times ---------------------------------------------------------------------------------------------
    /// "Nothing is free at 15:30; the nearest are these."
    NotFreeThen {
        /// The day asked for.
        date: NaiveDate,
        /// The time asked for, when there was one.
        time: Option<NaiveTime>,
    },
    /// "Nothing is free in those days."
    NothingFree {
        /// Which times were searched.
        scope: SlotScope,
        /// With whom, when chosen.
        staff: Option<String>,
    },
    /// "Nothing is free as far ahead as bookings are taken."
    NothingFreeAtAll {
        /// With whom, when chosen.
        staff: Option<String>,
    },
    /// "That day is already over."
    DayInPast {
        /// The day.
        date: NaiveDate,
    },
    /// "Ana does not do that, but these people do."
    StaffDoesNotDo {
        /// Who was asked for.
        staff: String,
        /// What was asked for.
        service: String,
    },

    /// "I cannot see the calendar just now." A read gave no answer; nothing was booked or changed.
    CannotLook,
    /// "Our booking system does not answer. What you wrote is kept, and answered as soon as it does."
    SystemDown,

    // --- the critical action -------------------------------------------------------------------------------------
    /// "Haircut with Ana, Wed 14 March at 15:30, 45 €. Shall I book it?"
    Summary {
        /// What would be booked.
        draft: BookingView,
    },
    /// "Something changed: here is how it would be now."
    SummaryChanged,
    /// "Booked! …"
    Booked {
        /// What the booking system says.
        booking: BookingView,
    },
    /// "Your request is with the team; they will confirm it." Never says booked.
    Requested {
        /// What the booking system says.
        booking: BookingView,
    },
    /// "That time has just been taken. These are free:"
    SlotTaken,
    /// "The booking system does not answer: it is not booked yet, I keep trying."
    NotDoneYet {
        /// What was asked for.
        action: ActionWord,
    },
    /// "I am checking whether it went through."
    Checking {
        /// What was asked for.
        action: ActionWord,
    },
    /// "It was not done; a person will take care of it."
    NotDone {
        /// What was asked for.
        action: ActionWord,
    },
    /// "I cannot tell whether it went through; a person is looking."
    Unclear {
        /// What was asked for.
        action: ActionWord,
    },
    /// "Still at it, one moment": the client wrote while an action is under way.
    StillWorking,
    /// "We have your message; it takes longer than usual": said when something holds an answer up.
    TakesLonger,
    /// "The business does not take this booking here."
    Refused,
    /// "You already have as many bookings as we take."
    TooMany,
    /// "Move Haircut from … to …?"
    MoveSummary {
        /// As it stands.
        from: BookingView,
        /// As it would be.
        to: BookingView,
    },
    /// "Moved! …"
    Moved {
        /// What the booking system says.
        booking: BookingView,
    },
    /// "Cancel Haircut on …?"
    CancelSummary {
        /// Which.
        booking: BookingView,
    },
    /// "Cancelled."
    Cancelled {
        /// Which.
        booking: BookingView,
    },
    /// "All right, it stays as it is."
    Kept,
    /// "All right, nothing was booked."
    Dropped,
    /// "It is too close to the visit to change it here; a person will help."
    TooLateToChange {
        /// Which.
        booking: BookingView,
    },

    // --- existing bookings ---------------------------------------------------------------------------------------
    /// "You have no upcoming visits."
    NoBookings,
    /// "Your upcoming visits: …" (one paragraph each).
    Bookings {
        /// In order of time, never empty.
        bookings: Vec<BookingView>,
    },
    /// "Which one?"
    ChooseBooking {
        /// What for.
        purpose: ChooseFor,
    },
    /// "See you on …!" after "I will come".
    VisitConfirmed {
        /// Which.
        booking: BookingView,
    },
    /// "Reminder: … will you come?"
    Reminder {
        /// Which.
        booking: BookingView,
        /// The client's first name, when known.
        name: Option<String>,
    },
    /// "Thanks for telling; the team knows that you come about 15 minutes later."
    LateNoted {
        /// Which booking, when clear.
        booking: Option<BookingView>,
        /// How late, when said.
        minutes: Option<u16>,
    },
    /// "The team moved your visit: it is now …"
    MovedByTeam {
        /// Before.
        before: BookingView,
        /// Now.
        after: BookingView,
    },
    /// "The team had to cancel your visit …"
    CancelledByTeam {
        /// Which.
        booking: BookingView,
    },

    // --- questions -----------------------------------------------------------------------------------------------
    /// "Haircut costs 45 € and takes 60 minutes."
    PriceOf {
        /// Service.
        service: String,
        /// Price; `None`: the business does not say.
        price: Option<Price>,
        /// Minutes.
        minutes: u32,
    },
    /// "Our prices: …" (a line each).
    PriceList {
        /// Service, price, minutes.
        lines: Vec<(String, Option<Price>, u32)>,
    },
    /// "We are open: …".
    Hours {
        /// Lines in order of the week; empty: not known.
        lines: Vec<HoursLine>,
    },
    /// "On Friday we are open from … to …" or closed.
    HoursOn {
        /// The day.
        date: NaiveDate,
        /// Opening and closing times; empty: closed.
        open: Vec<(NaiveTime, NaiveTime)>,
    },
    /// "You find us at …".
    Address {
        /// Name of the place.
        name: String,
        /// Address in one line; `None`: not known.
        address: Option<String>,
    },
    /// "Haircut: takes 60 minutes. …".
    ServiceDetails {
        /// Service.
        service: String,
        /// The business's own words.
        description: Option<String>,
        /// Minutes.
        minutes: u32,
        /// Price.
        price: Option<Price>,
    },
    /// "Haircut is done by Ana and Bruno."
    WhoDoes {
        /// Service.
        service: String,
        /// Names, in order.
        staff: Vec<String>,
    },
    /// "Which service do you mean?" to a question about one.
    AskAboutService {
        /// What was asked.
        about: AskedAbout,
    },
    /// "I can only help with visits here; shall a person answer?"
    OutOfScope,

    // --- how we talk ---------------------------------------------------------------------------------------------
    /// "Sorry, I did not get that." once.
    NotUnderstood,
    /// "Sorry, I still do not follow: choose one of these, or ask for a person."
    NotUnderstoodAgain,
    /// "I cannot read this kind of message yet; please write it."
    CannotRead {
        /// What it was, when it was a file.
        media: Option<MediaKind>,
    },
    /// "I heard: …": what was written down of a voice message.
    Heard {
        /// What was said.
        words: Private<String>,
    },
    /// "Tap the button or write yes": a yes that was only heard is not enough.
    YesInWriting,
    /// "That list is from earlier; here is what is free now."
    OldList,
    /// What can be booked was renewed while the client was choosing: the list is another one.
    ListRefreshed,
    /// What the business says about itself, as it says it.
    Fact {
        /// Its words.
        text: String,
    },
    /// "I don't know that. Shall I ask a colleague?"
    NoFact,
    /// "There is nothing open to say yes to."
    NothingOpen,
    /// "Which language?"
    AskLanguage,
    /// "From now on in English."
    LanguageChanged,
    /// "You will get no more messages from us. Your bookings stand."
    OptedOut {
        /// Whether bookings stand.
        bookings_stand: bool,
    },
    /// "Good to have you back."
    OptedIn,
    /// "I am calling a colleague; they answer here."
    HandedOver {
        /// Why.
        reason: HandOverReason,
    },
    /// "It is me again, the assistant. Where were we?"
    HandedBack,
    /// "One moment please": a holding line when something takes too long.
    OneMoment,
}

/// A critical action in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionWord {
    /// Booking.
    Book,
    /// Cancelling.
    Cancel,
    /// Saying "I will come".
    Confirm,
    /// Moving.
    Move,
}

/// A fixed word or two of ours on a button or row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Key {
    /// "Anyone"
    AnyStaff,
    /// "Another day"
    AnotherDay,
    /// "Another service"
    AnotherService,
    /// "Another time"
    AnotherTime,
    /// "Ask a person"
    Human,
    /// "Back"
    Back,
    /// "Book"
    Book,
    /// "Yes, book"
    BookIt,
    /// "Yes, cancel"
    CancelIt,
    /// "Cancel a visit"
    CancelVisit,
    /// "Change"
    Change,
    /// "Choose" (opens a list)
    Choose,
    /// "I'll come"
    Come,
    /// "Continue"
    Continue,
    /// "Earlier times"
    Earlier,
    /// "No, keep it"
    KeepIt,
    /// "Language"
    Language,
    /// "Later times"
    Later,
    /// "Menu"
    Menu,
    /// "More" (next page)
    More,
    /// "Move a visit"
    MoveVisit,
    /// "Yes, move it"
    MoveIt,
    /// "My visits"
    MyBookings,
    /// "Nearest to me"
    Nearest,
    /// "Next week"
    NextWeek,
    /// "No"
    No,
    /// "No, thanks" (drop the booking)
    Drop,
    /// "Previous week"
    PreviousWeek,
    /// "Prices"
    Prices,
    /// "Start afresh"
    StartAfresh,
    /// "Try again"
    TryAgain,
    /// "Where and when" (address and hours)
    WhereWhen,
    /// "Yes"
    Yes,
}
