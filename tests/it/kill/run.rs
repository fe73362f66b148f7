//! What a run is: a name that says everything, a matrix of them, and a choice from it that covers every pair.

use super::label::{Label, Since, labels};
use crate::support::{
    database::Kind,
    people::{Plan, Post},
    server::Role,
};
use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

/// Which processes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layout {
    /// One that does everything.
    One,
    /// One that serves, one that works.
    Split,
    /// One that serves and two that work.
    Crew,
}

impl Layout {
    pub const ALL: [Self; 3] = [Self::One, Self::Split, Self::Crew];

    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::One => &[Role::Both],
            Self::Split => &[Role::Serve, Role::Work],
            Self::Crew => &[Role::Serve, Role::Work, Role::Work],
        }
    }
}

/// What the booking system can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Desk {
    /// No keys; moving is booking and cancelling.
    TwoCalls,
    /// No keys; it moves, and gives a new id.
    Moves,
    /// It moves, and does nothing twice under one key.
    Keyed,
}

impl Desk {
    pub const ALL: [Self; 3] = [Self::TwoCalls, Self::Moves, Self::Keyed];
}

/// What many runs share: a database, a booking system, a messenger and their processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneKind {
    pub database: Kind,
    pub layout: Layout,
    pub desk: Desk,
    /// Whether the messenger tells what became of a message: without that, a lost answer stays lost.
    pub statuses: bool,
}

/// One kill.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub lane: LaneKind,
    pub plan: Plan,
    pub label: Label,
    pub post: Post,
    pub seed: u64,
}

pub const POSTS: [Post; 5] = [
    Post::ONCE,
    Post { times: 2, at_once: false },
    Post { times: 2, at_once: true },
    Post { times: 5, at_once: false },
    Post { times: 5, at_once: true },
];

impl Run {
    /// At which of the label's moments.
    pub fn since(&self) -> Since {
        match self.label.since {
            Since::Either if self.plan == Plan::Help || self.seed.is_multiple_of(2) => Since::Asking,
            Since::Either => Since::Agreeing,
            since => since,
        }
    }

    /// The how manieth time there.
    pub fn nth(&self) -> u32 {
        let two = self.label.per_call && self.plan == Plan::Move && self.lane.desk == Desk::TwoCalls;
        if two && self.seed / 2 % 2 == 1 { 2 } else { 1 }
    }

    /// Whether its label can be reached at all.
    fn possible(&self) -> bool {
        self.label.plans.contains(&self.plan) && (self.lane.statuses || self.label.name != "status-stored")
    }

    /// The run of a name.
    pub fn named(name: &str) -> Option<Self> {
        let (what, seed) = name.rsplit_once('.')?;
        let seed = seed.parse().ok()?;
        every(seed).into_iter().find(|run| run.to_string() == format!("{what}.{seed}"))
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LaneKind { database, layout, desk, statuses } = self.lane;
        let statuses = if statuses { "Told" } else { "Untold" };
        let Post { times, at_once } = self.post;
        let at_once = if at_once { "AtOnce" } else { "" };
        write!(
            f,
            "{database}.{layout:?}.{desk:?}.{statuses}.{:?}.{}.x{times}{at_once}.{}",
            self.plan, self.label.name, self.seed
        )
    }
}

/// Everything that is possible, with this seed.
pub fn every(seed: u64) -> Vec<Run> {
    let mut runs = Vec::new();
    for database in Kind::ALL {
        for layout in Layout::ALL.into_iter().filter(|layout| *layout == Layout::One || database.takes_several()) {
            for desk in Desk::ALL {
                for statuses in [true, false] {
                    let lane = LaneKind { database, layout, desk, statuses };
                    for plan in [Plan::Book, Plan::Move, Plan::Cancel, Plan::Help] {
                        for label in labels() {
                            runs.extend(POSTS.map(|post| Run { lane, plan, label, post, seed }));
                        }
                    }
                }
            }
        }
    }
    runs.retain(Run::possible);
    runs
}

/// As many as it takes for every two values of two parameters to meet, chosen and seeded by `seed`; with three ways of
/// posting, for each label to meet each.
pub fn pairwise(seed: u64) -> Vec<Run> {
    let mut dice = Dice(seed);
    let mut all = every(0);
    all.retain(|run| [POSTS[0], POSTS[1], POSTS[4]].contains(&run.post));
    for at in (1..all.len()).rev() {
        all.swap(at, dice.below(at + 1));
    }
    let mut numbers = HashMap::new();
    let mut number = |pair| {
        let next = numbers.len();
        *numbers.entry(pair).or_insert(next)
    };
    let all: Vec<(Run, Vec<usize>)> =
        all.iter().map(|run| (*run, pairs(run).into_iter().map(&mut number).collect())).collect();
    let mut open = vec![true; numbers.len()];
    let mut chosen = Vec::new();
    loop {
        let news = |pairs: &[usize]| pairs.iter().filter(|pair| open[**pair]).count();
        let Some((run, pairs)) = all.iter().max_by_key(|(_, pairs)| news(pairs)).filter(|(_, pairs)| news(pairs) > 0)
        else {
            return chosen;
        };
        chosen.push(Run { seed: dice.next(), ..*run });
        pairs.iter().for_each(|pair| open[*pair] = false);
    }
}

/// So many, by chance.
pub fn random(seed: u64, runs: usize) -> Vec<Run> {
    let all = every(0);
    let mut dice = Dice(seed);
    (0..runs).map(|_| Run { seed: dice.next(), ..all[dice.below(all.len())] }).collect()
}

/// Runs by what they share, no more than `most` in one lane.
pub fn lanes(runs: Vec<Run>, most: usize) -> Vec<(LaneKind, Vec<Run>)> {
    let kinds: BTreeSet<_> = runs.iter().map(|run| run.lane).collect();
    let mut lanes = Vec::new();
    for kind in kinds {
        let runs: Vec<_> = runs.iter().filter(|run| run.lane == kind).copied().collect();
        lanes.extend(runs.chunks(most).map(|runs| (kind, runs.to_vec())));
    }
    lanes
}

fn pairs(run: &Run) -> Vec<(String, String)> {
    let name = run.to_string();
    // All but the seed; the same word means different things at different places.
    let words: Vec<_> = name.split('.').enumerate().map(|(at, word)| format!("{at}{word}")).collect();
    let words = &words[..words.len() - 1];
    let beside = |at: usize| words[at + 1..].iter().map(move |other| (words[at].clone(), other.clone()));
    (0..words.len()).flat_map(beside).collect()
}

/// A sequence that its seed determines.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % 100_000
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next()).unwrap() % n
    }
}
