//! Tokens grouped into the words of the date and time grammar: the longest phrase wins, numbers are put together.
//!
//! What the items mean in a row is for `dates` and `times`.

use super::{
    lexicon::{Hit, Part, Tag, Unit},
    tags::{Edge, Feast},
    text::{Kind, Token},
};

/// A phrase of the grammar, a number, or a word it does not know.
#[derive(Debug, Clone)]
pub(super) struct Item<'a> {
    /// First token.
    pub(super) start: usize,
    /// First token after it.
    pub(super) end: usize,
    tags: Vec<&'a Tag>,
    /// Value of a number in digits or words.
    number: Option<u32>,
    /// Digits as written; 0 for words.
    pub(super) digits: usize,
    /// Letters of a single word; 0 for digits and phrases.
    pub(super) letters: usize,
    pub(super) sep: char,
    pub(super) tight: bool,
    /// A word for a booking.
    visit: bool,
    /// Taken by a date, so not a time.
    pub(super) used: bool,
}

/// The items of a message.
#[derive(Debug, Clone)]
pub(super) struct Items<'a> {
    list: Vec<Item<'a>>,
}

impl<'a> Items<'a> {
    /// Groups the tokens by the phrases found in them.
    pub(super) fn new(tokens: &[Token], hits: &[Hit<'a>]) -> Self {
        let mut found: Vec<Vec<(usize, Vec<&'a Tag>)>> = vec![Vec::new(); tokens.len()];
        for hit in hits {
            let mut tags = hit.tags.iter().filter(|tag| temporal(tag)).peekable();
            if tags.peek().is_none() {
                continue;
            }
            let Some(slot) = found.get_mut(hit.start) else { continue };
            match slot.iter_mut().find(|(end, _)| *end == hit.end) {
                Some((_, known)) => known.extend(tags),
                None => slot.push((hit.end, tags.collect())),
            }
        }
        let visits: std::collections::HashSet<usize> =
            hits.iter().filter(|hit| hit.tags.contains(&Tag::Visit)).map(|hit| hit.start).collect();
        let mut list: Vec<Item<'a>> = Vec::with_capacity(tokens.len());
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let (mut end, mut tags) = longest(&found, at).cloned().unwrap_or((at + 1, Vec::new()));
            // "in half an hour", which elsewhere is a while
            if tags.contains(&&Tag::Noise) && list.last().is_some_and(|item: &Item<'_>| item.tags.contains(&&Tag::In)) {
                let meant = found.get(at).into_iter().flatten().filter(|(_, tags)| !tags.contains(&&Tag::Noise));
                (end, tags) = meant.max_by_key(|(end, _)| *end).cloned().unwrap_or((at + 1, Vec::new()));
            }
            let noise = tags.contains(&&Tag::Noise);
            let mut tags = if noise { vec![&Tag::Noise] } else { tags };
            // The "j" of "j'ai" counts no days.
            let elided = tokens.get(at + 1).is_some_and(|next| next.sep == '\'' && next.tight);
            if elided && end == at + 1 {
                tags.retain(|tag| !matches!(tag, Tag::Unit(_)));
            }
            let digits = if end == at + 1 { token.digits() } else { 0 };
            let number = if digits > 0 {
                token.number
            } else {
                tags.iter().find_map(|tag| if let Tag::Num(n) = tag { Some(*n) } else { None })
            };
            let written = token.kind == Kind::Number && end == at + 1;
            list.push(Item {
                start: at,
                end,
                tags: if written { Vec::new() } else { tags },
                number,
                digits,
                letters: if end == at + 1 && digits == 0 { token.text.chars().count() } else { 0 },
                sep: token.sep,
                tight: token.tight,
                visit: visits.contains(&at),
                used: false,
            });
            at = end.max(at + 1);
        }
        let mut items = Self { list };
        items.compose();
        items
    }

    /// "vinte e três", "twenty third", "двадцать пять": one number.
    fn compose(&mut self) {
        let mut at = 0;
        while at + 1 < self.list.len() {
            let tens = self.number(at).filter(|n| (20..=50).contains(n) && n % 10 == 0);
            if let Some(tens) = tens
                && self.digits(at) == 0
            {
                let gap = usize::from(self.has(at + 1, &Tag::And));
                let next = at + 1 + gap;
                // "без двадцати три" is no twenty-three.
                let to_hour = at > 0 && self.has(at - 1, &Tag::Without) && self.number(next + 1).is_none();
                let unit = self.number(next).filter(|n| (1..=9).contains(n) && self.digits(next) == 0 && !to_hour);
                let ord = self.ord(next).filter(|n| (1..=9).contains(n));
                let joined = self.get(next).is_some_and(|item| matches!(item.sep, ' ' | '-'));
                if joined && (unit.is_some() || ord.is_some()) {
                    let end = self.get(next).map_or(0, |item| item.end);
                    if let Some(item) = self.list.get_mut(at) {
                        item.end = end;
                        if let Some(unit) = unit {
                            item.number = Some(tens + unit);
                        } else if let Some(ord) = ord {
                            item.number = None;
                            item.tags = vec![ordinal(tens + ord)];
                        }
                    }
                    self.list.drain(at + 1..=next);
                }
            }
            at += 1;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<&Item<'a>> {
        self.list.get(at)
    }

    /// Marks items as taken.
    pub(super) fn take(&mut self, from: usize, to: usize) {
        for item in self.list.iter_mut().take(to).skip(from) {
            item.used = true;
        }
    }

    pub(super) fn used(&self, at: usize) -> bool {
        self.get(at).is_some_and(|item| item.used)
    }

    pub(super) fn has(&self, at: usize, tag: &Tag) -> bool {
        self.get(at).is_some_and(|item| item.tags.contains(&tag))
    }

    fn find<T>(&self, at: usize, pick: impl Fn(&Tag) -> Option<T>) -> Option<T> {
        self.get(at)?.tags.iter().find_map(|tag| pick(tag))
    }

    /// A number in digits or words.
    pub(super) fn number(&self, at: usize) -> Option<u32> {
        self.get(at)?.number
    }

    pub(super) fn digits(&self, at: usize) -> usize {
        self.get(at).map_or(0, |item| item.digits)
    }

    pub(super) fn sep(&self, at: usize) -> char {
        self.get(at).map_or(' ', |item| item.sep)
    }

    pub(super) fn tight(&self, at: usize) -> bool {
        self.get(at).is_some_and(|item| item.tight)
    }

    /// Is a word for a booking.
    pub(super) fn visit(&self, at: usize) -> bool {
        self.get(at).is_some_and(|item| item.visit)
    }

    /// Knows no meaning for the word.
    pub(super) fn plain(&self, at: usize) -> bool {
        self.get(at).is_some_and(|item| item.tags.is_empty() && item.number.is_none())
    }

    pub(super) fn ord(&self, at: usize) -> Option<u32> {
        self.find(at, |tag| if let Tag::Ord(n) = tag { Some(*n) } else { None })
    }

    pub(super) fn day(&self, at: usize) -> Option<i64> {
        self.find(at, |tag| if let Tag::Day(n) = tag { Some(*n) } else { None })
    }

    pub(super) fn weekday(&self, at: usize) -> Option<u8> {
        self.find(at, |tag| if let Tag::Weekday(n) = tag { Some(*n) } else { None })
    }

    pub(super) fn month(&self, at: usize) -> Option<u8> {
        self.find(at, |tag| if let Tag::MonthName(n) = tag { Some(*n) } else { None })
    }

    pub(super) fn week(&self, at: usize) -> Option<i64> {
        self.find(at, |tag| if let Tag::Week(n) = tag { Some(*n) } else { None })
    }

    pub(super) fn weekend(&self, at: usize) -> Option<i64> {
        self.find(at, |tag| if let Tag::Weekend(n) = tag { Some(*n) } else { None })
    }

    pub(super) fn month_range(&self, at: usize) -> Option<i64> {
        self.find(at, |tag| if let Tag::MonthRange(n) = tag { Some(*n) } else { None })
    }

    pub(super) fn later(&self, at: usize) -> Option<i64> {
        self.find(at, |tag| if let Tag::Later(n) = tag { Some(*n) } else { None })
    }

    /// A day by name: the one of the country, else of any.
    pub(super) fn feast(&self, at: usize, country: &str) -> Option<Feast> {
        let feasts = self.get(at)?.tags.iter().filter_map(|tag| match tag {
            Tag::Feast(feast, place) => Some((*feast, *place)),
            _ => None,
        });
        let rank = |place: Option<[u8; 2]>| match place {
            Some(code) if code == country.as_bytes() => 0,
            None => 1,
            Some(_) => 2,
        };
        feasts.min_by_key(|(_, place)| rank(*place)).map(|(feast, _)| feast)
    }

    pub(super) fn edge(&self, at: usize) -> Option<Edge> {
        self.find(at, |tag| if let Tag::Edge(edge) = tag { Some(*edge) } else { None })
    }

    /// Days that a unit such as "fortnight" counts.
    pub(super) fn days(&self, at: usize) -> Option<i64> {
        self.find(at, |tag| if let Tag::Span(days) = tag { Some(*days) } else { None })
    }

    pub(super) fn letters(&self, at: usize) -> usize {
        self.get(at).map_or(0, |item| item.letters)
    }

    pub(super) fn unit(&self, at: usize) -> Option<Unit> {
        self.find(at, |tag| if let Tag::Unit(unit) = tag { Some(*unit) } else { None })
    }

    pub(super) fn part(&self, at: usize) -> Option<Part> {
        self.find(at, |tag| if let Tag::Part(part) = tag { Some(*part) } else { None })
    }

    pub(super) fn clock(&self, at: usize) -> Option<(u8, u8)> {
        self.find(at, |tag| if let Tag::Clock(h, m) = tag { Some((*h, *m)) } else { None })
    }

    pub(super) fn opens_at(&self, at: usize) -> Option<u8> {
        self.find(at, |tag| if let Tag::FromTime(h) = tag { Some(*h) } else { None })
    }

    pub(super) fn closes_at(&self, at: usize) -> Option<u8> {
        self.find(at, |tag| if let Tag::ToTime(h) = tag { Some(*h) } else { None })
    }

    /// Whether a tag stands before an item, at most `reach` unknown words away and in the same clause.
    pub(super) fn before(&self, at: usize, reach: usize, test: impl Fn(usize) -> bool) -> bool {
        let mut skipped = 0;
        let mut here = at;
        while here > 0 {
            if matches!(self.sep(here), ',' | '.' | '?' | '!' | ';' | '(' | ')') {
                return false;
            }
            here -= 1;
            if test(here) {
                return true;
            }
            skipped += 1;
            if skipped > reach || self.weekday(here).is_some() || self.day(here).is_some() {
                return false;
            }
        }
        false
    }

    /// Whether a tag stands after an item, at most `reach` words away and in the same clause.
    pub(super) fn after(&self, end: usize, reach: usize, test: impl Fn(usize) -> bool) -> bool {
        for here in end..self.len().min(end + reach + 1) {
            if matches!(self.sep(here), ',' | '.' | '?' | '!' | ';' | '(' | ')') {
                return false;
            }
            if test(here) {
                return true;
            }
            if self.weekday(here).is_some() || self.day(here).is_some() {
                return false;
            }
        }
        false
    }
}

/// The longest phrase that begins at a token, unless a still longer one begins inside it: "no | dia da mulher".
fn longest<'f, 'a>(found: &'f [Vec<(usize, Vec<&'a Tag>)>], at: usize) -> Option<&'f (usize, Vec<&'a Tag>)> {
    let here = found.get(at)?;
    let mut most = usize::MAX;
    loop {
        let best = here.iter().filter(|(end, _)| *end <= most).max_by_key(|(end, _)| *end)?;
        let length = best.0 - at;
        let inside = (at + 1..best.0)
            .find(|later| found.get(*later).is_some_and(|starts| starts.iter().any(|(end, _)| end - later > length)));
        match inside {
            Some(later) => most = later,
            None => return Some(best),
        }
    }
}

/// A minute of an hour in two digits, or a small number in words.
fn ordinal(n: u32) -> &'static Tag {
    const ORDS: [Tag; 32] = {
        let mut ords = [const { Tag::Ord(0) }; 32];
        let mut n = 0;
        while n < 32 {
            ords[n] = Tag::Ord(n as u32);
            n += 1;
        }
        ords
    };
    static TABLE: [Tag; 32] = ORDS;
    usize::try_from(n).ok().and_then(|n| TABLE.get(n)).unwrap_or(&Tag::Noise)
}

/// Whether a tag belongs to the date and time grammar.
fn temporal(tag: &Tag) -> bool {
    !matches!(
        tag,
        Tag::Person(..)
            | Tag::Aside
            | Tag::So
            | Tag::Hence
            | Tag::Keep
            | Tag::Mine
            | Tag::Visit
            | Tag::Have
            | Tag::Earlier
            | Tag::MySelf
            | Tag::PartyOf(_)
            | Tag::Counted(_)
            | Tag::People
            | Tag::ForPeople
            | Tag::With
            | Tag::AnyStaff
            | Tag::SelfIntro
            | Tag::NotWith
            | Tag::Joins
            | Tag::Anyone
            | Tag::OtherStaff
            | Tag::Nick(_)
            | Tag::Concept(_)
            | Tag::Modifier(_)
            | Tag::Nth(_)
            | Tag::Last
            | Tag::Choice
            | Tag::Pick
            | Tag::Language(_)
            | Tag::Cue(..)
            | Tag::Plain
            | Tag::Loan
    )
}
