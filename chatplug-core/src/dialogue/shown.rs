//! What stands before the client: the open question with its numbered options, and a bounded memory of older lists.
//!
//! A reply id is `v1:<list>:<item>`, both counted from 1; a template's button says `v1:visit:<booking>:come`. What an
//! id means is looked up here and nowhere else: an id that names nothing shown is garbage, whatever it spells.

use super::{
    draft::SlotKey,
    state::{Aim, Seal},
};
use crate::{
    model::{BookingId, BranchId, DateRange, Lang, ServiceId, Slot, StaffChoice},
    ports::{OpenQuestion, Ordinal, TimeReading},
    reply::{AskedAbout, Choice, Choices, Key, Label, Say},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How many older lists are remembered.
const REMEMBERED: usize = 4;

/// What an option means when it is chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Pick {
    // From the menu.
    Menu,
    Book,
    Visits(Aim),
    Prices,
    WhereWhen,
    Languages,
    Human,
    Thanks,
    // An unfinished booking.
    Continue,
    StartAfresh,
    Drop,
    // Fields of a form.
    Branch(BranchId),
    Nearest,
    Category(String),
    Service(ServiceId),
    Staff(StaffChoice),
    Days(DateRange),
    Time(TimeReading),
    Slot(Box<Slot>),
    /// A slot of an older list: only what it was, never assumed free.
    OldSlot(SlotKey),
    // Finding one's way.
    Back,
    Again,
    Week(NaiveDate),
    Times(NaiveDate, u16),
    AnotherDay,
    AnotherTime,
    Page(Paged, u16),
    // A summary.
    Agree {
        seal: Seal,
        otherwise: Box<Self>,
    },
    Keep,
    // Everything else.
    Visit(BookingId, Aim),
    /// Start again to move a booking to a time that was summed up earlier.
    OldMove(BookingId, SlotKey),
    About(AskedAbout, ServiceId),
    Lang(Lang),
}

/// Lists that have pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Paged {
    Menu,
    Branches,
    Services(Option<String>),
    Staff,
    Languages,
    About(AskedAbout),
    Bookings,
}

impl Pick {
    /// Whether it only leads to another page of choices: "the last one" never means these.
    const fn navigates(&self) -> bool {
        matches!(
            self,
            Self::Back
                | Self::Again
                | Self::AnotherDay
                | Self::AnotherTime
                | Self::Drop
                | Self::Human
                | Self::Keep
                | Self::Menu
                | Self::Nearest
                | Self::Page(..)
                | Self::Times(..)
                | Self::Week(_)
        )
    }

    /// What is left of an option when its list is no longer the newest.
    fn aged(self) -> Self {
        match self {
            Self::Slot(slot) => SlotKey::of(&slot).map_or(Self::Book, Self::OldSlot),
            Self::Agree { otherwise, .. } => *otherwise,
            other => other,
        }
    }
}

/// One numbered option.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Opt {
    pub(super) label: Label,
    pub(super) hint: Option<Label>,
    pub(super) section: Option<Label>,
    pub(super) pick: Pick,
}

impl Opt {
    pub(super) const fn new(label: Label, pick: Pick) -> Self {
        Self { label, hint: None, section: None, pick }
    }

    pub(super) const fn key(key: Key, pick: Pick) -> Self {
        Self::new(Label::Key { key }, pick)
    }

    pub(super) fn named(name: impl Into<String>, pick: Pick) -> Self {
        Self::new(Label::Name { name: name.into() }, pick)
    }

    pub(super) fn hint(mut self, hint: Label) -> Self {
        self.hint = Some(hint);
        self
    }

    /// With the name of a place in small print, where there are several.
    pub(super) fn at(self, branch: Option<String>) -> Self {
        match branch {
            Some(name) => self.hint(Label::Name { name }),
            None => self,
        }
    }

    pub(super) fn section(mut self, section: Option<Label>) -> Self {
        self.section = section;
        self
    }
}

/// A question about to be put.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    pub(super) kind: OpenQuestion,
    /// Its words; empty when what was said before is question enough.
    pub(super) say: Vec<Say>,
    /// Its words when it is put once more.
    pub(super) again: Vec<Say>,
    pub(super) options: Vec<Opt>,
    /// What a typed yes chooses.
    pub(super) yes: Option<Pick>,
    /// What a typed no chooses.
    pub(super) no: Option<Pick>,
    /// It is not put at all: the booking system is asked whether a service is open to the client.
    pub(super) gate: Option<(BranchId, ServiceId)>,
}

impl Question {
    pub(super) fn new(kind: OpenQuestion, say: impl Into<Vec<Say>>) -> Self {
        let say = say.into();
        let again = if say.is_empty() { vec![Say::Menu] } else { say.clone() };
        Self { kind, say, again, options: Vec::new(), yes: None, no: None, gate: None }
    }

    /// Other words for when it is put once more.
    pub(super) fn again(mut self, say: Say) -> Self {
        self.again = vec![say];
        self
    }

    pub(super) fn options(mut self, options: Vec<Opt>) -> Self {
        self.options = options;
        self
    }

    pub(super) fn yes(mut self, yes: Pick) -> Self {
        self.yes = Some(yes);
        self
    }

    pub(super) fn no(mut self, no: Pick) -> Self {
        self.no = Some(no);
        self
    }

    pub(super) fn gate(mut self, gate: (BranchId, ServiceId)) -> Self {
        self.gate = Some(gate);
        self
    }
}

/// The question that is open, as it was put.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) kind: OpenQuestion,
    /// Its words when it is put once more.
    pub(super) again: Vec<Say>,
    pub(super) options: Vec<Opt>,
    pub(super) yes: Option<Pick>,
    pub(super) no: Option<Pick>,
    /// Number of its list.
    pub(super) list: u32,
    /// When it was first put: what was free then may be taken now.
    pub(super) at: DateTime<Utc>,
    /// Its options are worded by a catalogue that counts no more: put once more, it is put anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) stale: bool,
}

impl Asked {
    /// The question's options as a channel shows them.
    pub(super) fn choices(&self) -> Option<Choices> {
        choices(self.list, &self.options)
    }

    /// The option at a position.
    pub(super) fn nth(&self, ordinal: Ordinal) -> Option<&Pick> {
        match ordinal {
            Ordinal::Nth(n) => self.options.get(usize::from(n).checked_sub(1)?).map(|option| &option.pick),
            // "The later one" is one of several; of a yes and ways elsewhere it is none.
            Ordinal::Last => {
                self.picks().nth(1)?;
                self.picks().last()
            }
        }
    }

    /// What can be chosen, without what only leads elsewhere.
    pub(super) fn picks(&self) -> impl DoubleEndedIterator<Item = &Pick> {
        self.options.iter().map(|option| &option.pick).filter(|pick| !pick.navigates())
    }
}

/// A list that is no longer the open question's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct List {
    number: u32,
    picks: Vec<Pick>,
    /// Said beside the open question (a reminder's buttons): exact, not old.
    aside: bool,
}

/// Numbers of lists, and what older ones meant.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Shown {
    /// The last number given; 0 before the first list.
    last: u32,
    /// The list that a bare "2" means; 0 for none.
    newest: u32,
    lists: VecDeque<List>,
}

/// What a tapped id turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tapped {
    /// An option of the open question, or of a list beside it.
    Open(Pick),
    /// An option of an older list.
    Old(Pick),
    /// A list shown so long ago that nobody remembers it.
    Forgotten,
    /// Nothing that was ever shown.
    Garbage,
}

impl Shown {
    /// Puts a question: gives it the next number, and moves the one before it into memory.
    pub(super) fn ask(&mut self, question: Question, before: Option<Asked>, now: DateTime<Utc>) -> Asked {
        if let Some(before) = before {
            self.archive(before);
        }
        self.last = self.last.wrapping_add(1).max(1);
        self.newest = if question.options.is_empty() { 0 } else { self.last };
        let Question { kind, again, options, yes, no, .. } = question;
        Asked { kind, again, options, yes, no, list: self.last, at: now, stale: false }
    }

    /// The open question is put once more, unchanged: its list is the newest again.
    pub(super) fn ask_again(&mut self, asked: &Asked) {
        self.newest = if asked.options.is_empty() { 0 } else { asked.list };
    }

    /// Forgets every list; the numbers go on, so that a tap on one of them means nothing that is shown later.
    pub(super) fn forget(&mut self) {
        self.newest = 0;
        self.lists.clear();
    }

    /// Changes what options of older lists mean.
    pub(super) fn for_each(&mut self, change: impl FnMut(&mut Pick)) {
        self.lists.iter_mut().flat_map(|list| &mut list.picks).for_each(change);
    }

    /// Moves a question into memory.
    pub(super) fn archive(&mut self, asked: Asked) {
        if self.newest == asked.list {
            self.newest = 0;
        }
        if !asked.options.is_empty() {
            let picks = asked.options.into_iter().map(|option| option.pick.aged()).collect();
            self.remember(List { number: asked.list, picks, aside: false });
        }
    }

    /// Shows options beside the open question.
    pub(super) fn aside(&mut self, options: Vec<Opt>) -> Option<Choices> {
        self.last = self.last.wrapping_add(1).max(1);
        self.newest = self.last;
        let choices = choices(self.last, &options);
        let picks = options.into_iter().map(|option| option.pick).collect();
        self.remember(List { number: self.last, picks, aside: true });
        choices
    }

    /// How many numbered options the newest list has.
    pub(super) fn count(&self, asked: Option<&Asked>) -> usize {
        match asked {
            _ if self.newest == 0 => 0,
            Some(asked) if asked.list == self.newest => asked.options.len(),
            _ => self.beside().map_or(0, |list| list.picks.len()),
        }
    }

    /// The option at a position of the newest list.
    pub(super) fn nth(&self, ordinal: Ordinal, asked: Option<&Asked>) -> Option<Pick> {
        match asked {
            _ if self.newest == 0 => None,
            Some(asked) if asked.list == self.newest => asked.nth(ordinal).cloned(),
            _ => {
                let picks = &self.beside()?.picks;
                match ordinal {
                    Ordinal::Nth(n) => picks.get(usize::from(n).checked_sub(1)?).cloned(),
                    Ordinal::Last => picks.last().cloned(),
                }
            }
        }
    }

    /// Whether a list beside the open question is the newest thing shown.
    pub(super) fn is_beside(&self, asked: Option<&Asked>) -> bool {
        self.newest != 0 && asked.is_none_or(|asked| asked.list != self.newest)
    }

    /// Looks up a tapped id.
    pub(super) fn tapped(&self, id: &str, asked: Option<&Asked>) -> Tapped {
        let mut parts = id.split(':');
        if parts.next() != Some("v1") {
            return Tapped::Garbage;
        }
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("visit"), Some(booking), Some(what), None) => match (booking.parse(), what) {
                (Ok(booking), "come") => Tapped::Open(Pick::Visit(booking, Aim::Confirm)),
                (Ok(booking), "change") => Tapped::Open(Pick::Visit(booking, Aim::Change)),
                _ => Tapped::Garbage,
            },
            (Some(list), Some(item), None, None) => match (list.parse(), item.parse()) {
                (Ok(list), Ok(item)) => self.item(list, item, asked),
                _ => Tapped::Garbage,
            },
            _ => Tapped::Garbage,
        }
    }

    fn item(&self, number: u32, item: u16, asked: Option<&Asked>) -> Tapped {
        if let Some(asked) = asked.filter(|asked| asked.list == number) {
            return asked.nth(Ordinal::Nth(item)).map_or(Tapped::Garbage, |pick| Tapped::Open(pick.clone()));
        }
        let Some(list) = self.lists.iter().find(|list| list.number == number) else {
            return if (1..=self.last).contains(&number) { Tapped::Forgotten } else { Tapped::Garbage };
        };
        match usize::from(item).checked_sub(1).and_then(|index| list.picks.get(index)) {
            Some(pick) if list.aside => Tapped::Open(pick.clone()),
            Some(pick) => Tapped::Old(pick.clone()),
            None => Tapped::Garbage,
        }
    }

    fn beside(&self) -> Option<&List> {
        self.lists.iter().find(|list| list.number == self.newest)
    }

    fn remember(&mut self, list: List) {
        if self.lists.len() >= REMEMBERED {
            self.lists.pop_front();
        }
        self.lists.push_back(list);
    }
}

fn choices(list: u32, options: &[Opt]) -> Option<Choices> {
    if options.is_empty() {
        return None;
    }
    let options = options
        .iter()
        .zip(1_u16..)
        .map(|(option, n)| Choice {
            id: format!("v1:{list}:{n}"),
            label: option.label.clone(),
            hint: option.hint.clone(),
            section: option.section.clone(),
        })
        .collect();
    Some(Choices { list, options, open: Key::Choose })
}
