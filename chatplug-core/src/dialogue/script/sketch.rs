//! Effects in a form that people compare: one line each, without ids.

use crate::{
    dialogue::{Effect, Outcome},
    reply::{BookingView, Choice, Label, Reply, Say, When},
};
use std::fmt::Write;

/// What came of one input, everything it asked answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// In order.
    pub effects: Vec<Effect>,
}

impl Turn {
    /// The replies, in order.
    pub fn replies(&self) -> impl Iterator<Item = &Reply> {
        self.effects.iter().filter_map(|effect| match effect {
            Effect::Say { reply, .. } => Some(&**reply),
            _ => None,
        })
    }

    /// Everything said, in order.
    pub fn said(&self) -> impl Iterator<Item = &Say> {
        self.replies().flat_map(|reply| &reply.say)
    }

    /// Whether something was said.
    pub fn says(&self, what: impl Fn(&Say) -> bool) -> bool {
        self.said().any(what)
    }

    /// Options of the last reply.
    #[must_use]
    pub fn options(&self) -> &[Choice] {
        let choices = self.replies().last().and_then(|reply| reply.choices.as_ref());
        choices.map_or(&[], |choices| &choices.options)
    }

    /// How each message ended, in order.
    #[must_use]
    pub fn outcomes(&self) -> Vec<Outcome> {
        self.effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Record { outcome, .. } => Some(*outcome),
                _ => None,
            })
            .collect()
    }

    /// Replies and other effects, a line each.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for effect in &self.effects {
            let line = match effect {
                Effect::Say { reply, .. } => sketch_reply(reply),
                Effect::FetchSlots { query } => format!("? slots {} – {}", query.days.from, query.days.to),
                Effect::FetchBookings => "? bookings".to_owned(),
                Effect::CheckGate { service, .. } => format!("? open {service}"),
                Effect::Commit { action } => {
                    let when = action.slot().map_or_else(String::new, |slot| format!(" {}", slot.local_start()));
                    let what = match **action {
                        crate::ports::Action::Book(_) => "book",
                        crate::ports::Action::Reschedule { .. } => "move",
                        crate::ports::Action::Cancel { .. } => "cancel",
                        crate::ports::Action::ConfirmVisit { .. } => "confirm",
                    };
                    format!("! {what}{when}")
                }
                Effect::Record { .. } => continue,
                Effect::SetTimer { timer, at } => format!("+ {timer} at {}", at.format("%F %R"), timer = name(timer)),
                Effect::CancelTimer { timer } => format!("- {}", name(timer)),
                other => format!("* {other:?}"),
            };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{line}");
        }
        text
    }
}

fn name(timer: &crate::dialogue::Timer) -> &'static str {
    match timer {
        crate::dialogue::Timer::Reminder { .. } => "reminder",
        crate::dialogue::Timer::HandBack => "hand-back",
        crate::dialogue::Timer::Catalog => "catalog",
    }
}

fn sketch_reply(reply: &Reply) -> String {
    let mut text = reply.say.iter().map(sketch).collect::<Vec<_>>().join(" / ");
    for choice in reply.choices.iter().flat_map(|choices| &choices.options) {
        let hint = choice.hint.as_ref().map_or_else(String::new, |hint| format!(" ({})", label(hint)));
        let _ = write!(text, " [{}{hint}]", label(&choice.label));
    }
    if reply.place.is_some() {
        text.push_str(" +pin");
    }
    if reply.ask_place {
        text.push_str(" +where");
    }
    if let Some(invite) = &reply.invite {
        text.push_str(if invite.cancelled { " -calendar" } else { " +calendar" });
    }
    if let Some(template) = &reply.template {
        let _ = write!(text, " +template {}", template.name());
    }
    text
}

fn sketch(say: &Say) -> String {
    match say {
        Say::Summary { draft } => format!("Summary: {}", view(draft)),
        Say::Booked { booking } => format!("Booked: {}", view(booking)),
        Say::Requested { booking } => format!("Requested: {}", view(booking)),
        Say::Moved { booking } => format!("Moved: {}", view(booking)),
        Say::CancelSummary { booking } => format!("CancelSummary: {}", view(booking)),
        Say::Cancelled { booking } => format!("Cancelled: {}", view(booking)),
        Say::VisitConfirmed { booking } => format!("VisitConfirmed: {}", view(booking)),
        Say::Reminder { booking, .. } => format!("Reminder: {}", view(booking)),
        Say::TooLateToChange { booking } => format!("TooLateToChange: {}", view(booking)),
        Say::CancelledByTeam { booking } => format!("CancelledByTeam: {}", view(booking)),
        Say::MoveSummary { from, to } => format!("MoveSummary: {} -> {}", view(from), view(to)),
        Say::MovedByTeam { before, after } => format!("MovedByTeam: {} -> {}", view(before), view(after)),
        Say::Bookings { bookings } => {
            format!("Bookings: {}", bookings.iter().map(view).collect::<Vec<_>>().join("; "))
        }
        Say::Heard { .. } => "Heard".to_owned(),
        other => format!("{other:?}"),
    }
}

fn view(view: &BookingView) -> String {
    let staff = view.staff.as_deref().unwrap_or("anyone");
    let party = if view.party > 1 { format!(", {} people", view.party) } else { String::new() };
    let branch = view.branch.as_ref().map_or_else(String::new, |branch| format!(", {branch}"));
    format!("{}, {staff}, {}{branch}{party}", view.service, when(view.at))
}

fn when(at: When) -> String {
    at.start.with_timezone(&at.zone).format("%a %d %b %R").to_string()
}

fn label(label: &Label) -> String {
    match label {
        Label::Key { key } => format!("{key:?}"),
        Label::Name { name } => name.clone(),
        Label::ServiceFacts { minutes, price } => {
            format!("{minutes} min{}", price.map_or_else(String::new, |price| format!(", {}", price.from.minor)))
        }
        Label::StaffFacts { title, rating } => {
            let title = title.as_deref().unwrap_or_default();
            format!("{title}{}", rating.map_or_else(String::new, |rating| format!(" ★{}", rating.tenths)))
        }
        Label::Day { date } => date.format("%a %d %b").to_string(),
        Label::Days { from, to } => format!("{from} – {to}"),
        Label::Time { at } => at.start.with_timezone(&at.zone).format("%R").to_string(),
        Label::DayTime { at } => when(*at),
        Label::WallTime { time } => time.format("%R").to_string(),
        Label::Booking { at, service } => format!("{}, {service}", when(*at)),
        Label::Language { lang } => lang.to_string(),
        Label::FreeCount { count } => count.to_string(),
        Label::Place { metres, address } => {
            let metres = metres.map(|metres| format!("{metres} m"));
            metres.into_iter().chain(address.clone()).collect::<Vec<_>>().join(", ")
        }
    }
}
