//! What example messages teach about intents: a linear model over words, how words begin, and pairs of words; of a
//! number, a day or a service it sees that there is one.
//!
//! The examples stand in `lexicons/<lang>/*.examples`, one a line: `intent: message`; `#` begins a comment. The build
//! learns from those that are built in, since learning takes longer than loading may; those of a folder read at run
//! time are learned from when they are read. What the model says is weighed beside the cues, in `intents`.
//!
//! Compiled into `build.rs` too. The same examples give the same model: nothing in it is left to chance.

use super::{
    lines::{Entry, Pat},
    tags::Tag,
    text::{Kind, Text, Token},
};
use std::{borrow::Cow, collections::HashMap};

/// The intents by name, as examples and evaluation sets write them.
pub(super) const LABELS: [&str; 23] = [
    "book",
    "reschedule",
    "cancel",
    "confirm_visit",
    "list_bookings",
    "ask_price",
    "ask_hours",
    "ask_location",
    "ask_service",
    "ask_availability",
    "human",
    "running_late",
    "yes",
    "no",
    "greet",
    "thanks",
    "menu",
    "back",
    "change_language",
    "opt_out",
    "opt_in",
    "review",
    "other",
];

/// How often every example is gone through.
const ROUNDS: usize = 24;
/// First step of learning; it shrinks by itself where a feature was seen often.
const STEP: f32 = 0.6;
/// How strongly weights are drawn to nothing, a step.
const DECAY: f32 = 2e-5;
/// Weights below this change no verdict and are not kept.
const KEPT: f32 = 0.04;

/// A value for every intent, in the order of [`LABELS`].
pub(super) type Row<T> = [T; LABELS.len()];

/// Words of which only the kind tells what is wanted, not which: numbers, weekdays, months, days by name, units,
/// services.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Kinds(HashMap<String, &'static str>);

impl Kinds {
    /// Those that stand alone in a lexicon.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let kind = |tag: &Tag| match tag {
            Tag::Weekday(_) => Some("@weekday"),
            Tag::MonthName(_) => Some("@month"),
            Tag::Num(_) | Tag::Ord(_) => Some("@number"),
            Tag::Unit(_) => Some("@unit"),
            Tag::Weekend(_) => Some("@weekend"),
            Tag::Clock(..) => Some("@clock"),
            Tag::Feast(..) => Some("@feast"),
            Tag::Concept(_) => Some("@service"),
            Tag::Modifier(_) => Some("@sort"),
            _ => None,
        };
        let words = entries.iter().filter_map(|entry| match entry {
            Entry::Phrase { pats, tags, .. } => match pats.as_slice() {
                [Pat::Exact(word)] => Some((word.clone(), tags.iter().find_map(kind)?)),
                _ => None,
            },
            _ => None,
        });
        Self(words.collect())
    }

    /// The word of a token, or its kind.
    fn said<'a>(&self, token: &'a Token) -> &'a str {
        if token.kind == Kind::Number {
            return "@number";
        }
        self.0.get(&token.text).copied().unwrap_or(&token.text)
    }
}

/// A message and what it means.
#[derive(Debug, Clone)]
pub(super) struct Example {
    label: usize,
    features: Vec<u32>,
}

/// Reads a file of examples; what cannot be read is told with its line, from 1, and left out.
pub(super) fn read(file: &str, kinds: &Kinds) -> (Vec<Example>, Vec<(u32, String)>) {
    let (mut examples, mut problems) = (Vec::new(), Vec::new());
    for (number, line) in (1_u32..).zip(file.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, message)) = line.split_once(':') else {
            problems.push((number, String::from("an example is written \"intent: message\"")));
            continue;
        };
        match LABELS.iter().position(|label| *label == name.trim()) {
            Some(label) => examples.push(Example { label, features: features(&Text::read(message), kinds) }),
            None => problems.push((number, format!("no intent \"{}\", there are: {}", name.trim(), LABELS.join(", ")))),
        }
    }
    (examples, problems)
}

/// What of a message the model looks at, each once: hashes of words, of how they begin, of neighbours.
fn features(text: &Text, kinds: &Kinds) -> Vec<u32> {
    let mut found = Vec::with_capacity(text.tokens.len() * 7 + 1);
    let mut before = String::from("^");
    for token in &text.tokens {
        let word = kinds.said(token);
        let kind = word.starts_with('@') && word.len() > 1;
        // "10:30" is as one number.
        if kind && before == word {
            continue;
        }
        found.push(hash("w", word, ""));
        let mut letters = 0;
        for (at, c) in word.char_indices().filter(|_| !kind) {
            letters += 1;
            if (3..=6).contains(&letters) {
                found.push(hash("p", word.get(..at + c.len_utf8()).unwrap_or(word), ""));
            }
        }
        let stem: String = if kind { word.to_owned() } else { word.chars().take(4).collect() };
        found.push(hash("n", &before, &stem));
        before = stem;
    }
    found.push(hash("n", &before, "$"));
    if text.question {
        found.push(hash("?", "", ""));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// FNV-1a: the same on every machine and run.
fn hash(kind: &str, a: &str, b: &str) -> u32 {
    let bytes = kind.bytes().chain([0]).chain(a.bytes()).chain([0]).chain(b.bytes());
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Length of a feature's number.
const NUMBER: usize = size_of::<u32>();
/// A feature's number, little-endian, and its weights; all nothing where no feature is.
pub(super) type Learned = [u8; NUMBER + LABELS.len()];

const NONE: Learned = [0; NUMBER + LABELS.len()];

fn number(learned: &Learned) -> u32 {
    learned.first_chunk().map_or(0, |number| u32::from_le_bytes(*number))
}

/// Where a feature is looked for first, in a table of so many.
fn place(feature: u32, slots: usize) -> usize {
    let share = (u64::from(feature) * u64::try_from(slots).unwrap_or(0)) >> u32::BITS;
    usize::try_from(share).unwrap_or(0)
}

/// Weights of features for every intent, in steps of `scale`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Model {
    /// A table with gaps: a feature stands at its [`place`] or soon after. What is built in stays where the program's
    /// text is, and takes no memory of its own.
    pub(super) learned: Cow<'static, [Learned]>,
    pub(super) bias: Row<f32>,
    pub(super) scale: f32,
    kinds: Kinds,
}

impl Model {
    /// Learns: softmax regression by stochastic steps that shrink with use (`AdaGrad`).
    pub(super) fn learn(examples: &[Example], kinds: Kinds) -> Self {
        let mut places: HashMap<u32, usize> = HashMap::new();
        for feature in examples.iter().flat_map(|example| &example.features) {
            let next = places.len();
            places.entry(*feature).or_insert(next);
        }
        let rows: Vec<Vec<usize>> = examples
            .iter()
            .map(|example| example.features.iter().filter_map(|feature| places.get(feature).copied()).collect())
            .collect();
        let mut weights: Vec<Row<f32>> = vec![[0.0; LABELS.len()]; places.len()];
        let mut spent: Vec<Row<f32>> = vec![[1e-2; LABELS.len()]; places.len()];
        let (mut bias, mut bias_spent) = ([0.0_f32; LABELS.len()], [1e-2_f32; LABELS.len()]);
        let mut order: Vec<usize> = (0..examples.len()).collect();
        let mut seed = 0x9e37_79b9_u32;
        for _ in 0..ROUNDS {
            shuffle(&mut order, &mut seed);
            for at in &order {
                let (Some(row), Some(example)) = (rows.get(*at), examples.get(*at)) else { continue };
                let size = size(row.len());
                let mut odds = bias;
                for weight in row.iter().filter_map(|place| weights.get(*place)) {
                    add(&mut odds, weight, size);
                }
                let mut slope = softmax(&odds);
                if let Some(slope) = slope.get_mut(example.label) {
                    *slope -= 1.0;
                }
                for place in row {
                    if let (Some(weight), Some(spent)) = (weights.get_mut(*place), spent.get_mut(*place)) {
                        step(weight, spent, &slope, size);
                    }
                }
                step(&mut bias, &mut bias_spent, &slope, 0.2);
            }
        }
        Self::rounded(&places, &weights, bias, kinds)
    }

    fn rounded(places: &HashMap<u32, usize>, weights: &[Row<f32>], bias: Row<f32>, kinds: Kinds) -> Self {
        let most = weights.iter().flatten().fold(1e-6_f32, |most, weight| most.max(weight.abs()));
        let scale = most / 127.0;
        let mut kept: Vec<Learned> = Vec::new();
        for (feature, place) in places {
            let Some(row) = weights.get(*place).filter(|row| row.iter().any(|weight| weight.abs() >= KEPT)) else {
                continue;
            };
            let mut learned = NONE;
            // Between -127 and 127 by the choice of the scale.
            #[expect(clippy::cast_possible_truncation, reason = "a float is cut to the range of the integer")]
            let whole = row.iter().map(|weight| ((weight / scale).round() as i8).cast_unsigned());
            for (byte, value) in learned.iter_mut().zip(feature.to_le_bytes().into_iter().chain(whole)) {
                *byte = value;
            }
            kept.push(learned);
        }
        kept.sort_unstable();
        // A third of it stays empty, so that none stands far from its place.
        let slots = kept.len() + kept.len() / 2 + 1;
        let mut table: Vec<Learned> = vec![NONE; slots];
        for learned in kept.into_iter().filter(|learned| number(learned) != 0) {
            let (before, from) = table.split_at_mut(place(number(&learned), slots));
            if let Some(free) = from.iter_mut().chain(before).find(|slot| number(slot) == 0) {
                *free = learned;
            }
        }
        Self { learned: Cow::Owned(table), bias, scale, kinds }
    }

    /// Reads what the build wrote: scale and bias, little-endian, then what was learned; `None` for anything else.
    pub(super) fn open(bytes: &'static [u8], kinds: Kinds) -> Option<Self> {
        let (scale, mut rest) = bytes.split_first_chunk::<4>()?;
        let mut bias = [0.0; LABELS.len()];
        for bias in &mut bias {
            let (value, later) = rest.split_first_chunk::<4>()?;
            (*bias, rest) = (f32::from_le_bytes(*value), later);
        }
        let (learned, over) = rest.as_chunks();
        over.is_empty().then_some(Self {
            learned: Cow::Borrowed(learned),
            bias,
            scale: f32::from_le_bytes(*scale),
            kinds,
        })
    }

    /// The weights of a feature, where examples taught any.
    fn weights(&self, feature: u32) -> Option<&Row<u8>> {
        let (before, from) = self.learned.split_at(place(feature, self.learned.len()));
        let mut found = from.iter().chain(before).take_while(|learned| number(learned) != 0);
        found.find(|learned| number(learned) == feature)?.last_chunk()
    }

    /// How likely each intent is, from 0 to 1, together 1; the less of the message the examples knew, the more alike.
    pub(super) fn likely(&self, text: &Text) -> Row<f32> {
        let features = features(text, &self.kinds);
        let size = size(features.len()) * self.scale;
        let known =
            text.tokens.iter().filter(|token| self.weights(hash("w", self.kinds.said(token), "")).is_some()).count();
        let known = share(known, text.tokens.len());
        let mut odds = self.bias;
        for row in features.iter().filter_map(|feature| self.weights(*feature)) {
            add(&mut odds, &row.map(|weight| f32::from(weight.cast_signed())), size);
        }
        softmax(&odds.map(|odds| odds * (known * 1.5).min(1.0)))
    }
}

fn share(part: usize, whole: usize) -> f32 {
    let small = |n: usize| f32::from(u16::try_from(n).unwrap_or(u16::MAX));
    small(part) / small(whole.max(1))
}

/// Long messages weigh no more than short ones.
fn size(features: usize) -> f32 {
    share(1, features).sqrt()
}

fn add(odds: &mut Row<f32>, weights: &Row<f32>, size: f32) {
    for (sum, weight) in odds.iter_mut().zip(weights) {
        *sum += weight * size;
    }
}

fn step(weights: &mut Row<f32>, spent: &mut Row<f32>, slope: &Row<f32>, size: f32) {
    for ((weight, spent), slope) in weights.iter_mut().zip(spent).zip(slope) {
        // What is as good as right already is left alone.
        if slope.abs() > 1e-3 {
            let slope = slope * size + *weight * DECAY;
            *spent += slope * slope;
            *weight -= STEP * slope / spent.sqrt();
        }
    }
}

fn softmax(odds: &Row<f32>) -> Row<f32> {
    let most = odds.iter().copied().fold(f32::MIN, f32::max);
    let parts = odds.map(|odds| (odds - most).exp());
    let sum: f32 = parts.iter().sum();
    parts.map(|part| part / sum)
}

/// Another order every round, the same in every run.
fn shuffle(order: &mut [usize], seed: &mut u32) {
    for at in (1..order.len()).rev() {
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let other = usize::try_from(*seed >> 8).unwrap_or(0) % (at + 1);
        order.swap(at, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLES: &str = "# two kinds\ncancel: please cancel my cut on friday\ncancel: cancel everything\n\
                            book: I want a cut on friday\nbook: can I book a massage for tomorrow";

    fn best(model: &Model, message: &str) -> &'static str {
        let likely = model.likely(&Text::read(message));
        let at = (0..LABELS.len()).max_by(|a, b| likely[*a].total_cmp(&likely[*b])).unwrap();
        LABELS[at]
    }

    #[test]
    fn learns_from_examples() {
        let (examples, problems) = read(EXAMPLES, &Kinds::default());
        assert_eq!((examples.len(), problems), (4, Vec::new()));
        let model = Model::learn(&examples, Kinds::default());
        assert_eq!(best(&model, "cancel my massage tomorrow"), "cancel");
        assert_eq!(best(&model, "could I book a cut"), "book");
    }

    #[test]
    fn learns_the_same_every_time() {
        let (examples, _) = read(EXAMPLES, &Kinds::default());
        assert_eq!(Model::learn(&examples, Kinds::default()), Model::learn(&examples, Kinds::default()));
    }

    #[test]
    fn what_was_written_is_read_again() {
        let (examples, _) = read(EXAMPLES, &Kinds::default());
        let model = Model::learn(&examples, Kinds::default());
        let head = [model.scale].into_iter().chain(model.bias).flat_map(f32::to_le_bytes);
        let bytes: Vec<u8> = head.chain(model.learned.iter().flatten().copied()).collect();
        let read = Model::open(bytes.leak(), Kinds::default()).unwrap();
        assert_eq!(read, model);
        let known = examples.iter().flat_map(|example| &example.features).filter(|it| read.weights(**it).is_some());
        assert!(known.count() > 20);
    }

    #[test]
    fn what_the_build_did_not_write_is_no_model() {
        static WHOLE: [u8; 4 + 4 * LABELS.len() + NUMBER + LABELS.len()] = [0; _];
        assert!(Model::open(&WHOLE, Kinds::default()).is_some());
        assert!(Model::open(&WHOLE[1..], Kinds::default()).is_none() && Model::open(b"", Kinds::default()).is_none());
    }

    #[test]
    fn lines_that_are_no_examples_are_told() {
        let (_, problems) = read("book a cut\nbuy: a cut", &Kinds::default());
        assert_eq!(problems[0], (1, String::from("an example is written \"intent: message\"")));
        assert!(problems[1].1.starts_with("no intent \"buy\", there are: book, "), "{problems:?}");
    }
}
