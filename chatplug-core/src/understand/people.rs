//! People in a message: the member of staff it names, and how many clients it speaks for.

use super::{
    lexicon::{Gender, Hit, Tag, Unit, around},
    steps,
    tags::cue,
    text::{Kind, Text, Token, latinise},
};
use crate::model::{Catalog, StaffId};
use crate::ports::StaffMention;

/// A catalogue's staff names, folded once per catalogue.
#[derive(Debug, Default)]
pub(super) struct StaffIndex {
    names: Vec<(StaffId, Vec<String>)>,
}

/// Who a message speaks of.
#[derive(Debug, Clone, Default)]
pub(super) struct People {
    pub(super) count: u8,
    pub(super) genders: Vec<Gender>,
    pub(super) myself: bool,
    /// What the writer says to be: "soy chico".
    pub(super) speaker: Option<Gender>,
    /// Tokens that count people, and so are no day or time.
    pub(super) counted: Vec<(usize, usize)>,
}

/// Staff named, with the tokens that did it.
#[derive(Debug, Clone, Default)]
pub(super) struct StaffFound {
    pub(super) mention: Option<StaffMention>,
    pub(super) spans: Vec<(usize, usize)>,
}

impl StaffIndex {
    /// Reads the names of a catalogue.
    pub(super) fn new(catalog: &Catalog) -> Self {
        let names = catalog
            .staff
            .iter()
            .flat_map(|staff| {
                std::iter::once(&staff.name)
                    .chain(&staff.also)
                    .map(|name| (staff.id.clone(), Text::words(name).iter().map(|word| sound(word)).collect()))
            })
            .collect();
        Self { names }
    }

    /// Whether a word is one of the names.
    pub(super) fn is_name(&self, word: &str) -> bool {
        let word = sound(word);
        self.names.iter().any(|(_, name)| name.contains(&word))
    }

    /// Finds the staff that a message names. `known` tells words of the language, which are names only when written
    /// exactly so.
    pub(super) fn find(
        &self,
        tokens: &[Token],
        hits: &[Hit<'_>],
        nicks: &[String],
        known: &dyn Fn(&str) -> bool,
    ) -> StaffFound {
        let tagged = |at: usize, tag: &Tag| around(hits, at).iter().any(|hit| hit.end == at && hit.tags.contains(tag));
        // "el día de Reyes" is nobody called Reyes.
        let feast = |at: usize| {
            around(hits, at).iter().any(|hit| {
                steps::add();
                hit.words > 1
                    && (hit.start..hit.end).contains(&at)
                    && hit.tags.iter().any(|tag| matches!(tag, Tag::Feast(..)))
            })
        };
        let mut found: Vec<(usize, Vec<StaffId>, bool)> = Vec::new();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let mut names = if token.kind == Kind::Word && !feast(at) {
                self.named(token, at, tokens, hits, known)
            } else {
                Vec::new()
            };
            if names.is_empty() {
                names = self.by_nick(at, hits, nicks);
            }
            if names.is_empty() {
                at += 1;
                continue;
            }
            // "Carla Bennett" is a client of her own.
            let stranger = tokens.get(at + 1).is_some_and(|next| {
                next.kind == Kind::Word
                    && next.capital
                    && token.capital
                    && next.sep == ' '
                    && next.text.chars().count() > 2
                    && !known(&next.text)
                    && names.iter().all(|id| self.fits(id, &next.text, true).is_none())
            });
            if stranger {
                at += 2;
                continue;
            }
            // First and last name together decide.
            let mut ids = names;
            let mut end = at + 1;
            if let Some(next) = tokens.get(at + 1)
                && next.kind == Kind::Word
            {
                let both: Vec<StaffId> =
                    ids.iter().filter(|id| self.fits(id, &next.text, true).is_some()).cloned().collect();
                if !both.is_empty() && !self.same_part(&token.text, &next.text) {
                    ids = both;
                    end = at + 2;
                }
            }
            // "my daughter Carla" is a client.
            let person = around(hits, at).iter().any(|hit| {
                let led =
                    |from: usize| around(hits, from).iter().any(|hit| hit.end == from && hit.tags.contains(&Tag::With));
                let mine =
                    |other: &Hit<'_>| other.end == hit.start && other.tags.contains(&Tag::Mine) && !led(other.start);
                hit.end == at
                    && hit.tags.iter().any(|tag| matches!(tag, Tag::Person(_, 1)))
                    && around(hits, hit.start).iter().any(mine)
            });
            let introduced = tagged(at, &Tag::SelfIntro) && !tagged(at, &Tag::With) || person;
            if !introduced {
                // "not with Ana, with Bruno": a refusal reaches one name.
                let last = found.last().map_or(0, |(last, ..)| last + 1);
                let refused = (0..=2)
                    .any(|back| at.checked_sub(back).is_some_and(|from| from >= last && tagged(from, &Tag::NotWith)));
                found.push((at, ids, refused));
            }
            at = end;
        }
        let spans = found.iter().map(|(at, ..)| (*at, *at + 1)).collect();
        // "me da igual la hora" is not about people.
        let idle = |hit: &Hit<'_>| {
            around(hits, hit.start).iter().any(|other| {
                other.start <= hit.start
                    && hit.end <= other.end
                    && other.words > hit.words
                    && other.tags.contains(&Tag::Noise)
            })
        };
        let any = hits
            .iter()
            .any(|hit| (hit.tags.contains(&Tag::AnyStaff) || hit.tags.contains(&Tag::OtherStaff)) && !idle(hit));
        // "Ana is ill, so someone else".
        let other = hits.iter().filter(|hit| hit.tags.contains(&Tag::OtherStaff)).map(|hit| hit.start).max();
        for (at, _, refused) in &mut found {
            *refused |= other.is_some_and(|other| *at < other);
        }
        let wanted: Vec<&(usize, Vec<StaffId>, bool)> = found.iter().filter(|(_, _, refused)| !refused).collect();
        // "Ana or anyone": anyone will do.
        let or_any = wanted.last().is_some_and(|(at, ..)| {
            let or =
                |from: usize| around(hits, from).iter().any(|hit| hit.start == from && hit.tags.contains(&Tag::Or));
            let anyone = |hit: &Hit<'_>| hit.tags.contains(&Tag::AnyStaff) || hit.tags.contains(&Tag::Anyone);
            or(at + 1) && hits.iter().any(|hit| (at + 2..=at + 3).contains(&hit.start) && anyone(hit))
        });
        let mention = match wanted.last() {
            Some(_) if or_any => Some(StaffMention::Any),
            // "Ana or Bruno": either.
            Some((_, ids, _)) => {
                let mut all = ids.clone();
                if let [.., (a, first, _), (b, _, _)] = wanted.as_slice()
                    && *b == a + 2
                    && hits.iter().any(|hit| hit.start == a + 1 && hit.tags.contains(&Tag::Or))
                {
                    all = first.iter().chain(ids.iter()).cloned().collect();
                }
                all.dedup();
                Some(StaffMention::Named(all))
            }
            None if any => Some(StaffMention::Any),
            None => None,
        };
        StaffFound { mention, spans }
    }

    /// Whom a short form stands for: "Dima" is Dmitri.
    fn by_nick(&self, at: usize, hits: &[Hit<'_>], nicks: &[String]) -> Vec<StaffId> {
        let full = |tag: &Tag| match tag {
            Tag::Nick(nick) => nicks.get(usize::from(*nick)).map(|name| sound(name)),
            _ => None,
        };
        let meant: Vec<String> =
            around(hits, at).iter().filter(|hit| hit.start == at).flat_map(|hit| hit.tags).filter_map(full).collect();
        let mut ids: Vec<StaffId> = Vec::new();
        for (id, name) in &self.names {
            if name.first().is_some_and(|first| meant.contains(first)) && !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        ids
    }

    fn same_part(&self, a: &str, b: &str) -> bool {
        sound(a) == sound(b)
    }

    /// How well a word fits a name of someone: 0 exactly, 1 nearly.
    fn fits(&self, id: &StaffId, word: &str, any_part: bool) -> Option<u8> {
        let heard = sound(word);
        self.names
            .iter()
            .filter(|(owner, _)| owner == id)
            .flat_map(|(_, name)| name.iter().enumerate())
            .filter(|(part, _)| any_part || *part == 0)
            .filter_map(|(_, name)| closeness(&heard, name, word.chars().any(|c| ('\u{400}'..'\u{530}').contains(&c))))
            .min()
    }

    fn named(
        &self,
        token: &Token,
        at: usize,
        tokens: &[Token],
        hits: &[Hit<'_>],
        known: &dyn Fn(&str) -> bool,
    ) -> Vec<StaffId> {
        let preceded = around(hits, at).iter().any(|hit| hit.end == at && hit.tags.contains(&Tag::With));
        let mut best: Vec<StaffId> = Vec::new();
        let mut grade = u8::MAX;
        let mut ids: Vec<&StaffId> = self.names.iter().map(|(id, _)| id).collect();
        ids.dedup();
        for id in ids {
            let Some(fit) = self.fits(id, &token.text, true) else { continue };
            if fit > 0 {
                // A near miss needs a reason to be a name.
                let long = token.text.chars().count() >= 6;
                if known(&token.text) || !(preceded || token.capital && at > 0 || long || tokens.len() <= 2) {
                    continue;
                }
            }
            if fit < grade {
                grade = fit;
                best.clear();
            }
            if fit == grade && !best.contains(id) {
                best.push(id.clone());
            }
        }
        best
    }
}

/// A name as it sounds, in Latin letters: "Élise", "elyse" and "elis" are one.
pub(super) fn sound(word: &str) -> String {
    let latin = latinise(word);
    let latin = latin.replace("ph", "f").replace("th", "t").replace("ck", "k").replace('y', "i").replace('w', "v");
    let latin =
        latin.replace("ch", "\u{1}").replace('c', "k").replace('\u{1}', "ch").replace('z', "s").replace('q', "k");
    let mut out = String::with_capacity(latin.len());
    for c in latin.chars() {
        if !out.ends_with(c) {
            out.push(c);
        }
    }
    out
}

/// 0 for the same name or a case of it, 1 for a slip.
fn closeness(heard: &str, name: &str, cyrillic: bool) -> Option<u8> {
    if heard == name {
        return Some(0);
    }
    let (h, n) = (heard.chars().count(), name.chars().count());
    if n >= 4 && (heard.strip_suffix('e') == Some(name) || name.strip_suffix('e') == Some(heard)) {
        return Some(0);
    }
    // Russian cases: Карла, Карлы, Карле, Карлу, Карлой; Дмитрий, Дмитрия, Дмитрию.
    if cyrillic {
        const ENDINGS: &[&str] = &["", "a", "e", "i", "u", "ya", "yu", "oi", "ei", "om", "em", "in", "ina", "inoi"];
        let stems = [name, name.strip_suffix(['a', 'e', 'i']).unwrap_or(name), name.strip_suffix("ya").unwrap_or(name)];
        if stems.iter().any(|stem| {
            stem.chars().count() >= 2 && heard.strip_prefix(stem).is_some_and(|ending| ENDINGS.contains(&ending))
        }) {
            return Some(0);
        }
    }
    // Aninha, Carlita, Brunito.
    let stem = name.strip_suffix(['a', 'e', 'i', 'o']).unwrap_or(name);
    let fond = ["inha", "inho", "ita", "ito"].iter().any(|tail| heard.strip_suffix(tail) == Some(stem));
    if fond && stem.chars().count() >= 2 {
        return Some(0);
    }
    if n < 4 || h < 4 || heard.chars().next() != name.chars().next() {
        return None;
    }
    let distance = strsim::osa_distance(heard, name);
    (distance == 1 || distance == 2 && n >= 8).then_some(1)
}

/// Counts the people a message speaks for.
/// `number` is the value of a number at a token; `named` whether a token looks like a stranger's name.
pub(super) fn people(
    text: &Text,
    hits: &[Hit<'_>],
    number: &dyn Fn(usize) -> Option<u32>,
    named: &dyn Fn(usize) -> bool,
) -> People {
    let tokens = text.tokens.as_slice();
    let begins = |at: usize, test: &dyn Fn(&Tag) -> bool| {
        around(hits, at).iter().any(|hit| {
            steps::add();
            hit.start == at && hit.tags.iter().any(test)
        })
    };
    // "à quatre heures", "à quatre et demie" are no people.
    let timed = |at: usize| {
        begins(at, &|tag| matches!(tag, Tag::Unit(Unit::Hour | Unit::Minute) | Tag::Half | Tag::Part(_)))
            || begins(at, &|tag| *tag == Tag::And) && begins(at + 1, &|tag| matches!(tag, Tag::Half | Tag::Quarter))
    };
    // "ladies cut", "corte de senhora" name a service; "hola chicas" and "any of the girls" no client.
    let light: Vec<Option<u16>> = ["filler", "greet"].into_iter().map(cue).collect();
    let whose = |at: usize| around(hits, at).iter().any(|hit| hit.end == at && hit.tags.contains(&Tag::Mine));
    let served = |hit: &Hit<'_>| {
        around(hits, hit.start).iter().any(|other| {
            steps::add();
            other.start <= hit.start
                && hit.end <= other.end
                && other.words > hit.words
                && other.tags.iter().any(|tag| match tag {
                    // "coupe pour ma fille"
                    Tag::Concept(_) => !whose(hit.start),
                    Tag::AnyStaff | Tag::Noise => true,
                    Tag::Cue(cue, _) => light.contains(&Some(*cue)),
                    _ => false,
                })
        })
    };
    let mut people = People { count: 1, ..People::default() };
    let mut persons: Vec<(usize, usize, Gender, u8)> = Vec::new();
    let mut selves: Vec<usize> = Vec::new();
    let mut count: u32 = 1;
    for hit in hits {
        for tag in hit.tags {
            match tag {
                Tag::Person(gender, many) if !served(hit) => persons.push((hit.start, hit.end, *gender, *many)),
                // "para mi sobrino" is no "para mí".
                Tag::MySelf if begins(hit.end, &|tag| matches!(tag, Tag::Person(..))) => {}
                Tag::MySelf => selves.push(hit.start),
                Tag::PartyOf(n) if !timed(hit.end) => {
                    count = count.max(u32::from(*n));
                    people.counted.push((hit.start, hit.end));
                }
                Tag::Counted(_) => {
                    if let Some(n) = number(hit.end).filter(|n| (2..=12).contains(n) && !is_time(tokens, hit.end)) {
                        count = count.max(n);
                        people.counted.push((hit.end, hit.end + 1));
                    }
                }
                // "two haircuts", "deux coupes"
                Tag::Concept(_) | Tag::Modifier(_) => {
                    let before =
                        hit.start.checked_sub(1).filter(|_| tokens.get(hit.start).is_some_and(|t| t.sep == ' '));
                    // "at 4 pedicure" is a time; "for 2 manicures" is not.
                    let hour = before.and_then(|at| at.checked_sub(1)).is_some_and(|at| told_hour(hits, at));
                    if let Some(n) = before.and_then(number).filter(|n| (2..=6).contains(n) && !hour) {
                        count = count.max(n);
                        people.counted.push((hit.start.saturating_sub(1), hit.start));
                    }
                }
                // "para 2 el 24"
                Tag::ForPeople => {
                    let day = |tag: &Tag| matches!(tag, Tag::DayMark | Tag::Weekday(_));
                    if let Some(n) = number(hit.end).filter(|n| (2..=6).contains(n))
                        && begins(hit.end + 1, &day)
                        && !begins(hit.start, &|tag| *tag == Tag::At)
                    {
                        count = count.max(n);
                        people.counted.push((hit.end, hit.end + 1));
                    }
                }
                Tag::People => {
                    if let Some(n) = hit.start.checked_sub(1).and_then(number).filter(|n| (1..=20).contains(n)) {
                        count = count.max(n);
                        people.counted.push((hit.start.saturating_sub(1), hit.start));
                    }
                }
                _ => {}
            }
        }
    }
    // "I am the mother of" speaks of nobody who comes.
    let kind = hits.iter().find(|hit| hit.tags.contains(&Tag::SelfIntro)).and_then(|intro| {
        persons.iter().find(|(start, _, gender, many)| *start == intro.end && *gender != Gender::Any && *many == 1)
    });
    // "I am the mother of" speaks of somebody else.
    let kind = kind.filter(|(_, end, ..)| {
        !hits.iter().any(|hit| {
            hit.start == *end && (hit.tags.contains(&Tag::Of) || hit.tags.contains(&Tag::Person(Gender::Any, 1)))
        })
    });
    people.speaker = kind.map(|(_, _, gender, _)| *gender);
    let introduced = |at: usize| {
        around(hits, at).iter().any(|hit| hit.tags.contains(&Tag::SelfIntro) && (hit.end == at || hit.end + 1 == at))
    };
    persons.retain(|(start, ..)| !introduced(*start));
    // "n'importe laquelle des filles" is whoever of the staff.
    let of_staff = |start: usize| {
        let gap = |from: usize| {
            (from..start).all(|at| {
                around(hits, at)
                    .iter()
                    .any(|hit| hit.start == at && (hit.tags.contains(&Tag::Of) || hit.tags.contains(&Tag::From)))
            })
        };
        around(hits, start)
            .iter()
            .any(|hit| hit.tags.contains(&Tag::AnyStaff) && hit.end < start && start - hit.end <= 2 && gap(hit.end))
    };
    persons.retain(|(start, ..)| !of_staff(*start));
    // "my niece's wedding", "le mariage de ma nièce": who marries is not who comes.
    let occasion = |start: usize, end: usize| {
        around(hits, end).iter().any(|hit| {
            let of = |at: usize| begins(at, &|tag| matches!(tag, Tag::Of | Tag::From));
            hit.tags.contains(&Tag::Aside)
                && (hit.start == end || hit.end < start && start - hit.end <= 2 && of(hit.end))
        })
    };
    persons.retain(|(start, end, ..)| !occasion(*start, *end));
    persons.sort_by_key(|(start, end, ..)| (*start, std::cmp::Reverse(*end)));
    persons.dedup_by(|b, a| b.0 < a.1);
    let mut extra: u32 = 0;
    let mut joined_self = false;
    for (start, end, gender, many) in &persons {
        people.genders.push(*gender);
        // "3 boys", "meus dois filhos", "my two daughters"
        let joined_on = |at: usize| tokens.get(at).is_some_and(|token| token.sep == ' ');
        let counted = (1..=2)
            .filter_map(|back| start.checked_sub(back).filter(|at| (at + 1..=*start).all(joined_on)))
            .find_map(|at| number(at).filter(|n| (2..=12).contains(n)).map(|n| (at, n)));
        if let Some((at, _)) = counted {
            people.counted.push((at, at + 1));
        }
        let counted = counted.map(|(_, n)| n);
        let here = counted.unwrap_or_else(|| u32::from(*many).clamp(1, 2));
        // "do you cut kids' hair?" asks for nobody's.
        let whose = (1..=2).any(|back| {
            start.checked_sub(back).is_some_and(|at| {
                begins(at, &|tag| matches!(tag, Tag::Mine | Tag::Joins | Tag::Counted(_))) || selves.contains(&at)
            })
        });
        if counted.is_some() || *many > 1 && (whose || !text.question) {
            count = count.max(here);
        }
        let beside = joined(tokens, hits, *start, *end, &selves);
        if beside {
            joined_self = true;
        }
        if beside || extra > 0 && linked_before(hits, *start) {
            extra += here;
        }
    }
    // "me and Jo", "Маша и я"; "me + 1", "me plus two".
    let links =
        |at: usize| hits.iter().any(|hit| hit.start == at && hit.end == at + 1 && hit.tags.contains(&Tag::Joins));
    let ands = |at: usize| {
        around(hits, at).iter().any(|hit| hit.start == at && hit.end == at + 1 && hit.tags.contains(&Tag::And))
    };
    for at in &selves {
        let our = |at: usize| begins(at, &|tag| *tag == Tag::Mine) && named(at + 1);
        if ands(at + 1) && (named(at + 2) || our(at + 2))
            || at.checked_sub(2).is_some_and(|name| ands(name + 1) && named(name))
        {
            joined_self = true;
            extra += 1;
        } else if links(at + 1)
            // "me and two friends" are counted by the friends.
            && !people.counted.contains(&(at + 2, at + 3))
            && let Some(n) = number(at + 2).filter(|n| (1..=6).contains(n) && !(joined_self && *n == 1))
            && !is_time(tokens, at + 2)
            && !timed(at + 3)
        {
            joined_self = true;
            extra += n;
            people.counted.push((at + 2, at + 3));
        }
    }
    // "my wife and my daughter", "eu, minha mãe e minha irmã"
    let between = |from: usize, to: usize| {
        let link = |at: usize| begins(at, &|tag| matches!(tag, Tag::And | Tag::Joins));
        let small = |at: usize| {
            link(at)
                || number(at).is_some()
                || begins(at, &|tag| matches!(tag, Tag::Mine | Tag::Of | Tag::With | Tag::Unit(Unit::Year)))
        };
        let comma = tokens.get(from).is_some_and(|token| token.sep == ',');
        let whole = to - from <= 6 && (from..=to).all(|at| !breaks(tokens, at)) && (from..to).all(small);
        (whole && ((from..to).any(link) || comma), whole && (from..to).any(link))
    };
    let mut chain: u32 = 0;
    let mut sealed = false;
    let mut last: Option<usize> = None;
    for (start, end, _, many) in &persons {
        let me = selves.iter().any(|at| {
            *at < *start && start - at <= 7 && between(at + 1, *start).0 && last.is_none_or(|last| last <= *at)
        });
        let (on, link) = last.filter(|last| last <= start).map_or((false, false), |last| between(last, *start));
        if !on {
            (chain, sealed) = (u32::from(me), me && between(start.saturating_sub(1), *start).1);
        }
        let here = (1..=2)
            .filter_map(|back| start.checked_sub(back))
            .find_map(|at| number(at).filter(|n| (2..=12).contains(n) && people.counted.contains(&(at, at + 1))));
        chain += here.unwrap_or_else(|| u32::from(*many).clamp(1, 2));
        sealed |= link;
        if on && sealed {
            count = count.max(chain);
        }
        last = Some(*end);
    }
    if joined_self {
        count = count.max(extra + 1);
    }
    people.myself = joined_self || persons.is_empty();
    people.count = u8::try_from(count.clamp(1, 20)).unwrap_or(1);
    people
}

/// Whether the writer and a person are named together: "me and my mum", "mi marido y yo", "меня с подружкой".
fn joined(tokens: &[Token], hits: &[Hit<'_>], start: usize, end: usize, selves: &[usize]) -> bool {
    let link =
        |at: usize| hits.iter().any(|hit| hit.start == at && hit.end == at + 1 && hit.tags.contains(&Tag::Joins));
    selves.iter().any(|at| {
        if *at < start {
            start - at <= 6 && (at + 1..start).any(link) && !(at + 1..start).any(|t| breaks(tokens, t))
        } else {
            at - end <= 3 && (end..*at).any(link) && !(end..=*at).any(|t| breaks(tokens, t))
        }
    })
}

fn breaks(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(|word| matches!(word.sep, '.' | '?' | '!' | ';'))
}

fn linked_before(hits: &[Hit<'_>], start: usize) -> bool {
    (1..=3).any(|back| {
        start.checked_sub(back).is_some_and(|at| {
            around(hits, at).iter().any(|hit| hit.start == at && hit.end == at + 1 && hit.tags.contains(&Tag::And))
        })
    })
}

/// A word before a number of hours that stands before no count: "at", "às", "a las".
fn told_hour(hits: &[Hit<'_>], at: usize) -> bool {
    let ends = |tag: &Tag| around(hits, at).iter().any(|hit| hit.end == at + 1 && hit.tags.contains(tag));
    ends(&Tag::At) && !ends(&Tag::ForPeople)
}

fn is_time(tokens: &[Token], at: usize) -> bool {
    tokens
        .get(at + 1)
        .is_some_and(|next| matches!(next.text.as_str(), "h" | "am" | "pm" | "hs" | "horas") || next.sep == ':')
}
