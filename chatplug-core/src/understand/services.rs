//! Services a message names: concepts of everyday words in any language, matched to the catalogue's own names.

use super::{
    lexicon::{Gender, Hit, Lexicon, Tag, around},
    tags::cue,
    text::{Kind, Text, Token},
};
use crate::model::{Catalog, Service, ServiceId};
use std::collections::BTreeSet;

/// What a catalogue's services mean, worked out once per catalogue.
#[derive(Debug, Default)]
pub(super) struct ServiceIndex {
    services: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    id: ServiceId,
    concepts: BTreeSet<u16>,
    mods: BTreeSet<u16>,
    names: Vec<Vec<String>>,
}

/// Services found in a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Services {
    pub(super) ids: Vec<ServiceId>,
    /// Every one of them is wanted.
    pub(super) all: bool,
    /// Words of common services were read, in the catalogue or not.
    pub(super) spoken_of: bool,
    /// Services of the kind that was said alone ("for men"): an answer to which service.
    pub(super) of_kind: Vec<ServiceId>,
}

/// First word, and first word after it.
type Span = (usize, usize);

#[derive(Debug, Clone)]
struct Spoken {
    start: usize,
    end: usize,
    concepts: BTreeSet<u16>,
    mods: BTreeSet<u16>,
}

impl ServiceIndex {
    /// Reads the names of a catalogue.
    pub(super) fn new(lexicon: &Lexicon, catalog: &Catalog) -> Self {
        Self { services: catalog.services.iter().map(|service| Entry::new(lexicon, service)).collect() }
    }

    /// Finds services but those in the places `kept`; `genders` are those of the people the message speaks of, `myself`
    /// whether the writer is one.
    pub(super) fn find(
        &self,
        lexicon: &Lexicon,
        tokens: &[Token],
        hits: &[Hit<'_>],
        kept: &[Span],
        genders: &[Gender],
        myself: bool,
    ) -> Services {
        let mut spoken = spoken(tokens, hits);
        let mut gone = taken_back(tokens, hits, &spoken);
        gone.extend(kept);
        spoken.retain(|mention| !covers(&gone, mention.start, mention.end));
        let id = |name: &str| {
            lexicon.names.concepts.iter().position(|known| known == name).and_then(|at| u16::try_from(at).ok())
        };
        let (hair, haircut, beard) = (id("hair"), id("haircut"), id("beard"));
        let is = |mention: &Spoken, concept: Option<u16>| concept.is_some_and(|c| mention.concepts.contains(&c));
        // "tint my hair" is no haircut; "hair and beard" is one.
        let others = spoken.iter().any(|m| !m.concepts.is_empty() && !is(m, hair) && !is(m, haircut) && !is(m, beard));
        let with_beard = spoken.iter().any(|m| is(m, beard));
        let also_cut = spoken.iter().any(|m| is(m, haircut));
        if others || also_cut {
            let kept: Vec<bool> = spoken.iter().map(|m| !is(m, hair) || linked(hits, m)).collect();
            let mut kept = kept.iter();
            spoken.retain(|_| *kept.next().unwrap_or(&true));
        }
        let mut found: Vec<Vec<&Entry>> = Vec::new();
        let (men, women) = (id("men"), id("women"));
        for mention in spoken.iter().filter(|mention| !mention.concepts.is_empty()) {
            let mut fits = self.fitting(lexicon, &mention.concepts);
            let mut wanted = mention.mods.clone();
            if wanted.is_empty() && (is(mention, haircut) || is(mention, hair)) {
                let male = genders.contains(&Gender::Male);
                let female = genders.contains(&Gender::Female);
                if with_beard {
                    wanted.extend(men);
                } else if male != female && !myself {
                    wanted.extend(if male { men } else { women });
                }
            }
            narrow(&mut fits, &wanted, men, women);
            if !fits.is_empty() {
                found.push(fits);
            }
        }
        // "manicure ... best nails ever": the exact word outweighs the wide one.
        let exact: Vec<ServiceId> = found
            .iter()
            .filter_map(|fits| if let [only] = fits.as_slice() { Some(only.id.clone()) } else { None })
            .collect();
        found.retain(|fits| fits.len() == 1 || !fits.iter().any(|fit| exact.contains(&fit.id)));
        for at in self.by_name(tokens, &spoken, &gone) {
            if !found.iter().flatten().any(|entry| entry.id == at.id) {
                found.push(vec![at]);
            }
        }
        let mut ids: Vec<ServiceId> = Vec::new();
        for entry in &self.services {
            if found.iter().flatten().any(|fit| fit.id == entry.id) {
                ids.push(entry.id.clone());
            }
        }
        let all = ids.len() > 1 && found.iter().all(|fits| fits.len() == 1);
        let kinds: BTreeSet<u16> = hits
            .iter()
            .flat_map(|hit| hit.tags)
            .filter_map(|tag| if let Tag::Modifier(kind) = tag { Some(*kind) } else { None })
            .collect();
        let of_kind = self
            .services
            .iter()
            .filter(|entry| !entry.mods.is_disjoint(&kinds))
            .map(|entry| entry.id.clone())
            .collect();
        Services { ids, all, spoken_of: spoken.iter().any(|m| !m.concepts.is_empty()), of_kind }
    }

    fn fitting(&self, lexicon: &Lexicon, concepts: &BTreeSet<u16>) -> Vec<&Entry> {
        let mut wanted = concepts.clone();
        for _ in 0..3 {
            let fits: Vec<&Entry> = self.services.iter().filter(|entry| !entry.concepts.is_disjoint(&wanted)).collect();
            if !fits.is_empty() {
                return fits;
            }
            wanted = wanted.iter().filter_map(|concept| lexicon.parents.get(concept)).flatten().copied().collect();
        }
        Vec::new()
    }

    /// Services whose own names stand in the message, for what no lexicon knows.
    fn by_name(&self, tokens: &[Token], spoken: &[Spoken], gone: &[Span]) -> Vec<&Entry> {
        let free: Vec<&Token> = tokens
            .iter()
            .enumerate()
            .filter(|(at, token)| {
                token.kind == Kind::Word
                    && !spoken.iter().any(|m| (m.start..m.end).contains(at))
                    && !covers(gone, *at, at + 1)
                    && token.text.len() > 3
            })
            .map(|(_, token)| token)
            .take(40)
            .collect();
        self.services
            .iter()
            .filter(|entry| {
                entry.names.iter().any(|name| {
                    let long: Vec<&String> = name.iter().filter(|word| word.chars().count() > 3).collect();
                    let close = |word: &&String| free.iter().any(|token| same_word(&token.text, word));
                    let hits = long.iter().filter(|word| close(word)).count();
                    if entry.concepts.is_empty() {
                        hits * 2 >= long.len().max(1) && hits > 0
                    } else {
                        hits == long.len() && hits > 1
                    }
                })
            })
            .collect()
    }
}

impl Entry {
    fn new(lexicon: &Lexicon, service: &Service) -> Self {
        let mut entry =
            Self { id: service.id.clone(), concepts: BTreeSet::new(), mods: BTreeSet::new(), names: Vec::new() };
        for (at, name) in service.name.all().chain(service.also.iter().map(String::as_str)).enumerate() {
            let text = Text::read(name);
            let mut hits = Vec::new();
            for (lang, pack) in &lexicon.packs {
                hits.extend(pack.hits(Some(*lang), &text.tokens));
            }
            // The main name tells most; other words only add what it leaves open.
            for mention in spoken(&text.tokens, &hits) {
                if at == 0 || entry.concepts.is_empty() || !mention.concepts.is_disjoint(&entry.concepts) {
                    entry.concepts.extend(mention.concepts);
                    entry.mods.extend(mention.mods);
                }
            }
            entry.names.push(text.tokens.into_iter().map(|token| token.text).collect());
        }
        let hair = lexicon.names.concepts.iter().position(|name| name == "hair").and_then(|at| u16::try_from(at).ok());
        if entry.concepts.len() > 1
            && let Some(hair) = hair
        {
            entry.concepts.remove(&hair);
        }
        entry
    }
}

/// Where a message names a service that it takes back: "a manicure, no, a pedicure", "colour instead of a cut".
fn taken_back(tokens: &[Token], hits: &[Hit<'_>], spoken: &[Spoken]) -> Vec<Span> {
    let named: Vec<&Spoken> = spoken.iter().filter(|mention| !mention.concepts.is_empty()).collect();
    // "drop the pedicure, keep the manicure" takes nothing back: the pedicure is what is cancelled.
    if named.len() < 2 || hits.iter().any(|hit| hit.tags.contains(&Tag::Keep)) {
        return Vec::new();
    }
    let [no, correction] = ["no", "correction"].map(cue);
    let says = |hit: &Hit<'_>, id: Option<u16>| {
        hit.tags.iter().any(|tag| matches!(tag, Tag::Cue(cue, weight) if Some(*cue) == id && *weight > 0))
    };
    let joined = |from: usize, to: usize| {
        tokens.get(from..=to).is_some_and(|words| words.iter().all(|word| matches!(word.sep, ' ' | '\'')))
    };
    let article = |at: usize| {
        tokens.get(at).is_some_and(|word| word.text.chars().count() <= 2)
            || around(hits, at).iter().any(|hit| {
                (hit.start, hit.words) == (at, 1)
                    && hit.tags.iter().any(|tag| matches!(tag, Tag::Pick | Tag::Of | Tag::Num(1) | Tag::Mine))
            })
    };
    // "not only a cut" refuses none, "instead of a cut" corrects none, and in "cut n beard" one is added.
    let part_of_more = |hit: &Hit<'_>| {
        around(hits, hit.start).iter().filter(|other| other.start <= hit.start && hit.end <= other.end).any(|other| {
            let means_else = |tag: &Tag| matches!(tag, Tag::Noise | Tag::Old | Tag::Except);
            other.words > hit.words && other.tags.iter().any(means_else) || other.tags.contains(&Tag::And)
        })
    };
    let refused = |mention: &Spoken| {
        around(hits, mention.end).iter().filter(|hit| !part_of_more(hit)).any(|hit| {
            let before = hit.end <= mention.start
                && joined(hit.end, mention.start)
                && (hit.end..mention.start).all(article)
                && mention.start - hit.end <= 1;
            let after = hit.start == mention.end && joined(hit.start, hit.start);
            let denies = |tag: &Tag| matches!(tag, Tag::Old | Tag::Except | Tag::NotWith);
            before && (hit.tags.iter().any(denies) || hit.words == 1 && says(hit, no))
                || after && hit.tags.contains(&Tag::NotAfter)
        })
    };
    // "a cut on Friday... actually, a colour"
    let corrected = |one: &Spoken, next: &Spoken| {
        let between = |hit: &&Hit<'_>| one.end <= hit.start && hit.end <= next.start;
        let near = || around(hits, next.start).iter().filter(between);
        let apart = |at: usize| tokens.get(at).is_none_or(|word| word.sep != ' ');
        let corrects = |hit: &Hit<'_>| {
            next.start - hit.end <= 2
                && !part_of_more(hit)
                && (says(hit, correction) || says(hit, no) && apart(hit.start) && apart(hit.end))
        };
        near().any(corrects) && !near().any(|hit| hit.tags.contains(&Tag::And))
    };
    let gone: Vec<Span> = named
        .iter()
        .enumerate()
        .filter(|(at, one)| refused(one) || named.get(at + 1).is_some_and(|next| corrected(one, next)))
        .map(|(_, one)| (one.start, one.end))
        .collect();
    if gone.len() == named.len() { Vec::new() } else { gone }
}

/// Where a message names a service that it says to keep ("keep the manicure", "o corte eu mantenho").
pub(super) fn kept(tokens: &[Token], hits: &[Hit<'_>]) -> Vec<Span> {
    let named = |hit: &&Hit<'_>| hit.tags.iter().any(|tag| matches!(tag, Tag::Concept(_)));
    let whole = |from: usize, to: usize| {
        to >= from
            && to - from <= 4
            && tokens.get(from..=to).is_some_and(|span| span.iter().all(|word| word.sep == ' '))
    };
    let near = |keep: &Hit<'_>| {
        let after = hits.iter().filter(named).filter(|hit| hit.start >= keep.end && whole(keep.end, hit.start));
        let before = hits.iter().filter(named).filter(|hit| hit.end <= keep.start && whole(hit.end, keep.start));
        after.min_by_key(|hit| hit.start).or_else(|| before.max_by_key(|hit| hit.end))
    };
    let keeps = hits.iter().filter(|hit| hit.tags.contains(&Tag::Keep));
    keeps.filter_map(near).map(|hit| (hit.start, hit.end)).collect()
}

/// Whether one of the places overlaps the words from `start` to before `end`.
fn covers(places: &[Span], start: usize, end: usize) -> bool {
    places.iter().any(|(from, to)| start < *to && *from < end)
}

/// Mentions of concepts: the longest phrase at each place, a modifier joined to its neighbour.
fn spoken(tokens: &[Token], hits: &[Hit<'_>]) -> Vec<Spoken> {
    let mut spans: Vec<Spoken> = Vec::new();
    let mut best: Vec<Option<Spoken>> = vec![None; tokens.len()];
    for hit in hits {
        let concepts: BTreeSet<u16> =
            hit.tags.iter().filter_map(|t| if let Tag::Concept(c) = t { Some(*c) } else { None }).collect();
        let mods: BTreeSet<u16> =
            hit.tags.iter().filter_map(|t| if let Tag::Modifier(c) = t { Some(*c) } else { None }).collect();
        if concepts.is_empty() && mods.is_empty() {
            continue;
        }
        let Some(slot) = best.get_mut(hit.start) else { continue };
        match slot {
            Some(known) if known.end > hit.end => {}
            Some(known) if known.end == hit.end => {
                known.concepts.extend(concepts);
                known.mods.extend(mods);
            }
            _ => *slot = Some(Spoken { start: hit.start, end: hit.end, concepts, mods }),
        }
    }
    let mut at = 0;
    while at < tokens.len() {
        // A longer phrase that begins one word later wins ("fazer | unhas em gel").
        let here = best.get(at).cloned().flatten();
        let later = best.get(at + 1).cloned().flatten();
        match (here, later) {
            (Some(here), Some(later)) if later.start < here.end && later.end - later.start > here.end - here.start => {
                at += 1;
            }
            (Some(here), _) => {
                at = here.end;
                spans.push(here);
            }
            (None, _) => at += 1,
        }
    }
    // "corte, masculino", "men's ... haircut": a modifier alone belongs to the nearest concept.
    let mut joined: Vec<Spoken> = Vec::new();
    let mut waiting: Option<Spoken> = None;
    for span in spans {
        if span.concepts.is_empty() {
            match joined.last_mut().filter(|last| span.start <= last.end + 2 && last.mods.is_empty()) {
                Some(last) => {
                    last.mods.extend(span.mods);
                    last.end = span.end;
                }
                None => waiting = Some(span),
            }
        } else {
            let mut span = span;
            if let Some(before) = waiting.take()
                && span.start <= before.end + 1
                && span.mods.is_empty()
            {
                span.mods.extend(before.mods);
            }
            joined.push(span);
        }
    }
    joined
}

fn narrow(fits: &mut Vec<&Entry>, wanted: &BTreeSet<u16>, men: Option<u16>, women: Option<u16>) {
    if wanted.is_empty() {
        return;
    }
    if fits.iter().any(|entry| !entry.mods.is_disjoint(wanted)) {
        fits.retain(|entry| !entry.mods.is_disjoint(wanted));
        return;
    }
    let other = |a: Option<u16>, b: Option<u16>| a.is_some_and(|a| wanted.contains(&a)).then_some(b).flatten();
    for gone in [other(men, women), other(women, men)].into_iter().flatten() {
        if fits.iter().any(|entry| !entry.mods.contains(&gone)) {
            fits.retain(|entry| !entry.mods.contains(&gone));
        }
    }
}

/// Joined to another service by "and" or "+".
fn linked(hits: &[Hit<'_>], mention: &Spoken) -> bool {
    hits.iter().any(|hit| {
        (hit.start == mention.end || hit.end == mention.start) && hit.words == 1 && hit.tags.contains(&Tag::And)
    })
}

/// The same word in another form or with a slip.
pub(super) fn same_word(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let (short, long) = if a.chars().count() <= b.chars().count() { (a, b) } else { (b, a) };
    let (few, many) = (short.chars().count(), long.chars().count());
    if few < 4 || many - few > 3 {
        return false;
    }
    let common = short.chars().zip(long.chars()).take_while(|(x, y)| x == y).count();
    if common + 2 >= few && common >= 4 {
        return true;
    }
    few >= 5 && common >= 1 && strsim::osa_distance(a, b) <= usize::from(few >= 9) + 1
}
