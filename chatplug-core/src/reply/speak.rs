//! Which message says what: every [`Say`] in words.

use super::{
    clean, fit,
    locale::Room,
    say::{ActionWord, AskedAbout, BookingView, ChooseFor, HandOverReason, HoursLine, Say, SlotScope},
    voice::{Args, Voice},
    words::{Id, id},
};
use crate::model::{MediaKind, Price};
use chrono::NaiveDate;

/// So much of what was heard is shown back, in UTF-16 units.
const LONGEST_HEARD: usize = 400;

/// A thing to say, in words: one paragraph or more.
pub(crate) fn speak(voice: &Voice<'_>, say: &Say) -> String {
    match say {
        Say::Greeting { business, name } => match name.as_deref().filter(|name| !name.trim().is_empty()) {
            None => voice.say(id::GREETING, Args::new().name("business", business)),
            Some(name) => voice.say(id::GREETING_NAMED, Args::new().name("business", business).name("name", name)),
        },
        Say::Menu => voice.plain(id::MENU),
        Say::YoureWelcome => voice.plain(id::YOURE_WELCOME),
        Say::ReviewNoted => voice.plain(id::REVIEW_NOTED),
        Say::ResumeOffer { service, date } => resume(voice, service.as_deref(), *date),

        Say::AskBusiness => voice.plain(id::ASK_BUSINESS),
        Say::AskBusinessAgain => voice.plain(id::ASK_BUSINESS_AGAIN),
        Say::BusinessChosen { business } => voice.say(id::BUSINESS_CHOSEN, Args::new().name("business", business)),
        Say::AskBranch => voice.plain(id::ASK_BRANCH),
        Say::AskPlace => voice.plain(id::ASK_PLACE),
        Say::BranchGone => voice.plain(id::BRANCH_GONE),
        Say::AskService => voice.plain(id::ASK_SERVICE),
        Say::AskWhichService => voice.plain(id::ASK_WHICH_SERVICE),
        Say::OneServiceFirst => voice.plain(id::ONE_SERVICE_FIRST),
        Say::NeedsMembership { service } => voice.say(id::NEEDS_MEMBERSHIP, Args::new().name("service", service)),
        Say::NeedsPrepayment { service, link } => {
            let args = Args::new().name("service", service);
            match link {
                None => voice.say(id::NEEDS_PREPAYMENT, args),
                Some(link) => voice.say(id::NEEDS_PREPAYMENT_LINK, args.ours("link", link.as_str())),
            }
        }
        Say::PartyTooLarge { party, most } => {
            voice.say(id::PARTY_TOO_LARGE, Args::new().count("party", (*party).into()).count("most", (*most).into()))
        }
        Say::CannotLook => voice.plain(id::CANNOT_LOOK),
        Say::SystemDown => voice.plain(id::SYSTEM_DOWN),
        Say::AskStaff { service } => voice.say(id::ASK_STAFF, Args::new().name("service", service)),
        Say::AskWhichStaff => voice.plain(id::ASK_WHICH_STAFF),
        Say::AskDay { service } => voice.say(id::ASK_DAY, Args::new().name("service", service)),
        Say::AskWhichDay => voice.plain(id::ASK_WHICH_DAY),
        Say::AskWhichTime => voice.plain(id::ASK_WHICH_TIME),
        Say::AskSlot { service, staff, scope } => {
            let args = Args::new().ours("what", voice.what(service, staff.as_deref()));
            scoped(voice, scope, args, [id::ASK_SLOT_NEXT, id::ASK_SLOT_DAY, id::ASK_SLOT_DAYS])
        }
        Say::AskName => voice.plain(id::ASK_NAME),
        Say::AskEmail => voice.plain(id::ASK_EMAIL),
        Say::BadEmail => voice.plain(id::BAD_EMAIL),

        Say::NotFreeThen { date, time: Some(time) } => {
            voice.say(id::NOT_FREE_THEN, Args::new().ours("when", voice.wall_when(*date, *time)))
        }
        Say::NotFreeThen { date, time: None } => {
            voice.say(id::NOT_FREE_THAT_DAY, Args::new().ours("date", voice.day(*date)))
        }
        Say::NothingFree { scope, staff: None } => {
            scoped(voice, scope, Args::new(), [id::NOTHING_FREE_NEXT, id::NOTHING_FREE_DAY, id::NOTHING_FREE_DAYS])
        }
        Say::NothingFree { scope, staff: Some(staff) } => scoped(
            voice,
            scope,
            Args::new().name("staff", staff),
            [id::NOTHING_FREE_NEXT_STAFF, id::NOTHING_FREE_DAY_STAFF, id::NOTHING_FREE_DAYS_STAFF],
        ),
        Say::NothingFreeAtAll { staff: None } => voice.plain(id::NOTHING_FREE_AT_ALL),
        Say::NothingFreeAtAll { staff: Some(staff) } => {
            voice.say(id::NOTHING_FREE_AT_ALL_STAFF, Args::new().name("staff", staff))
        }
        Say::DayInPast { date } => voice.say(id::DAY_IN_PAST, Args::new().ours("date", voice.day(*date))),
        Say::StaffDoesNotDo { staff, service } => {
            voice.say(id::STAFF_DOES_NOT_DO, Args::new().name("staff", staff).name("service", service))
        }

        Say::Summary { draft } => with_visit(voice, id::SUMMARY, draft),
        Say::SummaryChanged => voice.plain(id::SUMMARY_CHANGED),
        Say::Booked { booking } => with_visit(voice, id::BOOKED, booking),
        Say::Requested { booking } => with_visit(voice, id::REQUESTED, booking),
        Say::SlotTaken => voice.plain(id::SLOT_TAKEN),
        Say::NotDoneYet { action } => voice.plain(match action {
            ActionWord::Book => id::NOT_DONE_YET_BOOK,
            ActionWord::Cancel => id::NOT_DONE_YET_CANCEL,
            ActionWord::Confirm => id::NOT_DONE_YET_CONFIRM,
            ActionWord::Move => id::NOT_DONE_YET_MOVE,
        }),
        Say::Checking { action } => voice.plain(match action {
            ActionWord::Book => id::CHECKING_BOOK,
            ActionWord::Cancel => id::CHECKING_CANCEL,
            ActionWord::Confirm => id::CHECKING_CONFIRM,
            ActionWord::Move => id::CHECKING_MOVE,
        }),
        Say::NotDone { action } => voice.plain(match action {
            ActionWord::Book => id::NOT_DONE_BOOK,
            ActionWord::Cancel => id::NOT_DONE_CANCEL,
            ActionWord::Confirm => id::NOT_DONE_CONFIRM,
            ActionWord::Move => id::NOT_DONE_MOVE,
        }),
        Say::Unclear { action } => voice.plain(match action {
            ActionWord::Book => id::UNCLEAR_BOOK,
            ActionWord::Cancel => id::UNCLEAR_CANCEL,
            ActionWord::Confirm => id::UNCLEAR_CONFIRM,
            ActionWord::Move => id::UNCLEAR_MOVE,
        }),
        Say::StillWorking => voice.plain(id::STILL_WORKING),
        Say::TakesLonger => voice.plain(id::TAKES_LONGER),
        Say::Refused => voice.plain(id::REFUSED),
        Say::TooMany => voice.plain(id::TOO_MANY),
        Say::MoveSummary { from, to } => {
            let args = Args::new().ours("before", voice.visit_line(from)).ours("visit", voice.visit(to));
            voice.say(id::MOVE_SUMMARY, args)
        }
        Say::Moved { booking } => with_visit(voice, id::MOVED, booking),
        Say::CancelSummary { booking } => with_visit(voice, id::CANCEL_SUMMARY, booking),
        Say::Cancelled { booking } => with_line(voice, id::CANCELLED, booking),
        Say::Kept => voice.plain(id::KEPT),
        Say::Dropped => voice.plain(id::DROPPED),
        Say::TooLateToChange { booking } => with_line(voice, id::TOO_LATE_TO_CHANGE, booking),

        Say::NoBookings => voice.plain(id::NO_BOOKINGS),
        Say::Bookings { bookings } => {
            let heading = if bookings.len() == 1 { id::BOOKINGS_ONE } else { id::BOOKINGS };
            let items = bookings.iter().map(|view| voice.item(view).join("\n"));
            std::iter::once(voice.plain(heading)).chain(items).collect::<Vec<_>>().join("\n\n")
        }
        Say::ChooseBooking { purpose } => voice.plain(match purpose {
            ChooseFor::Reschedule => id::CHOOSE_BOOKING_RESCHEDULE,
            ChooseFor::Cancel => id::CHOOSE_BOOKING_CANCEL,
            ChooseFor::Confirm => id::CHOOSE_BOOKING_CONFIRM,
            ChooseFor::RunningLate => id::CHOOSE_BOOKING_RUNNING_LATE,
        }),
        Say::VisitConfirmed { booking } => with_line(voice, id::VISIT_CONFIRMED, booking),
        Say::Reminder { booking, name } => {
            let args = Args::new().ours("visit", voice.visit(booking));
            match name.as_deref().filter(|name| !name.trim().is_empty()) {
                None => voice.say(id::REMINDER, args),
                Some(name) => voice.say(id::REMINDER_NAMED, args.name("name", name)),
            }
        }
        Say::LateNoted { booking, minutes } => {
            let noted = match minutes {
                None => voice.plain(id::LATE_NOTED),
                Some(minutes) => voice.say(id::LATE_NOTED_MINUTES, Args::new().count("minutes", u32::from(*minutes))),
            };
            match booking {
                None => noted,
                Some(booking) => format!("{noted}\n{}", voice.visit_line(booking)),
            }
        }
        Say::MovedByTeam { before, after } => {
            let args = Args::new().ours("before", voice.visit_line(before)).ours("visit", voice.visit(after));
            voice.say(id::MOVED_BY_TEAM, args)
        }
        Say::CancelledByTeam { booking } => with_line(voice, id::CANCELLED_BY_TEAM, booking),

        Say::PriceOf { service, price, minutes } => {
            let args = Args::new().name("service", service).ours("duration", voice.duration(*minutes));
            match price {
                None => voice.say(id::PRICE_OF_UNKNOWN, args),
                Some(price) => voice.say(id::PRICE_OF, args.ours("price", voice.price(*price))),
            }
        }
        Say::PriceList { lines } => price_list(voice, lines),
        Say::Hours { lines } => hours(voice, lines),
        Say::HoursOn { date, open } => {
            let args = Args::new().ours("date", voice.day(*date));
            if open.is_empty() {
                voice.say(id::HOURS_ON_CLOSED, args)
            } else {
                voice.say(id::HOURS_ON, args.ours("times", voice.spans(open)))
            }
        }
        Say::Address { name, address } => {
            let args = Args::new().name("name", name);
            match address {
                None => voice.say(id::ADDRESS_UNKNOWN, args),
                Some(address) => voice.say(id::ADDRESS, args.name("address", address)),
            }
        }
        Say::ServiceDetails { service, description, minutes, price } => {
            let args = Args::new().name("service", service).ours("facts", voice.facts(*minutes, *price));
            let description = description.as_deref().map(clean::prose).filter(|text| !text.is_empty());
            match description {
                None => voice.say(id::SERVICE_DETAILS, args),
                Some(text) => voice.say(id::SERVICE_DETAILS_DESCRIBED, args.ours("description", text)),
            }
        }
        Say::WhoDoes { service, staff } => {
            let args = Args::new().name("service", service);
            let names = staff.iter().map(|name| clean::name(name)).collect::<Vec<_>>().join(", ");
            match staff.as_slice() {
                [] => voice.say(id::WHO_DOES_ANY, args),
                [_] => voice.say(id::WHO_DOES_ONE, args.ours("names", names)),
                _ => voice.say(id::WHO_DOES, args.ours("names", names)),
            }
        }
        Say::AskAboutService { about } => voice.plain(match about {
            AskedAbout::Details => id::ASK_ABOUT_DETAILS,
            AskedAbout::Price => id::ASK_ABOUT_PRICE,
            AskedAbout::Who => id::ASK_ABOUT_WHO,
        }),
        Say::OutOfScope => voice.plain(id::OUT_OF_SCOPE),

        Say::NotUnderstood => voice.plain(id::NOT_UNDERSTOOD),
        Say::NotUnderstoodAgain => voice.plain(id::NOT_UNDERSTOOD_AGAIN),
        Say::CannotRead { media } => voice.plain(match media {
            None => id::CANNOT_READ,
            Some(MediaKind::Audio | MediaKind::Voice) => id::CANNOT_READ_VOICE,
            Some(MediaKind::Document) => id::CANNOT_READ_DOCUMENT,
            Some(MediaKind::Image) => id::CANNOT_READ_IMAGE,
            Some(MediaKind::Sticker) => id::CANNOT_READ_STICKER,
            Some(MediaKind::Video) => id::CANNOT_READ_VIDEO,
        }),
        Say::Heard { words } => {
            let words = fit::cut(&clean::name(words.reveal()), LONGEST_HEARD);
            voice.say(id::HEARD, Args::new().ours("words", words))
        }
        Say::YesInWriting => voice.plain(id::YES_IN_WRITING),
        Say::OldList => voice.plain(id::OLD_LIST),
        Say::ListRefreshed => voice.plain(id::LIST_REFRESHED),
        Say::Fact { text } => voice.say(id::FACT, Args::new().ours("text", clean::prose(text))),
        Say::NoFact => voice.plain(id::NO_FACT),
        Say::NothingOpen => voice.plain(id::NOTHING_OPEN),
        Say::AskLanguage => voice.plain(id::ASK_LANGUAGE),
        Say::LanguageChanged => voice.plain(id::LANGUAGE_CHANGED),
        Say::OptedOut { bookings_stand: false } => voice.plain(id::OPTED_OUT),
        Say::OptedOut { bookings_stand: true } => voice.plain(id::OPTED_OUT_BOOKINGS),
        Say::OptedIn => voice.plain(id::OPTED_IN),
        Say::HandedOver { reason } => voice.plain(match reason {
            HandOverReason::Asked => id::HANDED_OVER_ASKED,
            HandOverReason::NotUnderstood => id::HANDED_OVER_NOT_UNDERSTOOD,
            HandOverReason::BackendDown => id::HANDED_OVER_BACKEND_DOWN,
            HandOverReason::OutcomeUnclear => id::HANDED_OVER_OUTCOME_UNCLEAR,
            HandOverReason::TooLate => id::HANDED_OVER_TOO_LATE,
            HandOverReason::Refused => id::HANDED_OVER_REFUSED,
            HandOverReason::RunningLate => id::HANDED_OVER_RUNNING_LATE,
            HandOverReason::UnsafeMove => id::HANDED_OVER_UNSAFE_MOVE,
        }),
        Say::HandedBack => voice.plain(id::HANDED_BACK),
        Say::OneMoment => voice.plain(id::ONE_MOMENT),
    }
}

/// What leads from a sentence to the times shown beneath it, when no question stands between.
pub(crate) fn lead(voice: &Voice<'_>, say: &Say) -> Option<String> {
    match say {
        Say::NotFreeThen { .. } => Some(voice.plain(id::CLOSEST_TIMES)),
        Say::SlotTaken => Some(voice.plain(id::STILL_FREE)),
        _ => None,
    }
}

fn with_visit(voice: &Voice<'_>, id: Id, view: &BookingView) -> String {
    voice.say(id, Args::new().ours("visit", voice.visit(view)))
}

fn with_line(voice: &Voice<'_>, id: Id, view: &BookingView) -> String {
    voice.say(id, Args::new().ours("line", voice.visit_line(view)))
}

/// One of three messages, by which times are meant: the next, those of a day, those of several days.
fn scoped<'a>(voice: &Voice<'_>, scope: &SlotScope, args: Args<'a>, [next, day, days]: [Id; 3]) -> String {
    match scope {
        SlotScope::Next => voice.say(next, args),
        SlotScope::Day { date } => voice.say(day, args.ours("date", voice.day(*date))),
        SlotScope::Days { from, to } if from == to => voice.say(day, args.ours("date", voice.day(*from))),
        SlotScope::Days { from, to } => voice.say(days, args.ours("days", voice.days(*from, *to, Room::Sentence))),
    }
}

fn resume(voice: &Voice<'_>, service: Option<&str>, date: Option<NaiveDate>) -> String {
    match (service, date.map(|date| voice.day(date))) {
        (None, None) => voice.plain(id::RESUME_OFFER),
        (Some(service), None) => voice.say(id::RESUME_OFFER_SERVICE, Args::new().name("service", service)),
        (None, Some(date)) => voice.say(id::RESUME_OFFER_DATE, Args::new().ours("date", date)),
        (Some(service), Some(date)) => {
            voice.say(id::RESUME_OFFER_BOTH, Args::new().name("service", service).ours("date", date))
        }
    }
}

fn price_list(voice: &Voice<'_>, lines: &[(String, Option<Price>, u32)]) -> String {
    let lines = lines.iter().map(|(service, price, minutes)| {
        let args = Args::new().name("service", service).ours("duration", voice.duration(*minutes));
        let line = match price {
            None => voice.say(id::PRICE_LINE_UNKNOWN, args),
            Some(price) => voice.say(id::PRICE_LINE, args.ours("price", voice.price(*price))),
        };
        format!("• {line}")
    });
    std::iter::once(voice.plain(id::PRICE_LIST)).chain(lines).collect::<Vec<_>>().join("\n")
}

fn hours(voice: &Voice<'_>, lines: &[HoursLine]) -> String {
    if lines.is_empty() {
        return voice.plain(id::HOURS_UNKNOWN);
    }
    let lines = lines.iter().map(|line| {
        let args = Args::new().ours("days", voice.weekdays(line.from, line.to));
        if line.open.is_empty() {
            voice.say(id::HOURS_LINE_CLOSED, args)
        } else {
            voice.say(id::HOURS_LINE, args.ours("times", voice.spans(&line.open)))
        }
    });
    std::iter::once(voice.plain(id::HOURS)).chain(lines).collect::<Vec<_>>().join("\n")
}
