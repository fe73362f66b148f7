//! What a client wants: cues of the lexicon weighed against each other and against the facts of the message.

use super::{
    covered::{bare, uncovered, unexplained},
    lexicon::{Hit, Tag, around},
    likely::Likely,
    steps,
    tags::cue,
    text::{Kind, Text},
};
use crate::model::Lang;
use crate::ports::{Intent, OpenQuestion};
use std::collections::HashMap;

/// What else the message holds; intents depend on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) service: bool,
    /// A service was spoken of that the catalogue may lack.
    pub(super) some_service: bool,
    pub(super) staff: bool,
    pub(super) any_staff: bool,
    pub(super) date: bool,
    /// Days named, unwanted ones left out.
    pub(super) dates: usize,
    pub(super) past: bool,
    /// Words of days that are all refused, and nothing else named.
    pub(super) refused: usize,
    /// Where a booking stands and where it might, both named.
    pub(super) moved: bool,
    /// A day or time given up, then another that is wanted.
    pub(super) instead: bool,
    /// A question that goes on from another: "and on Friday?"
    pub(super) follows_on: bool,
    pub(super) time: bool,
    /// A time on the clock, not only a part of the day.
    pub(super) clock: bool,
    pub(super) times: usize,
    pub(super) party: bool,
    /// A rating such as `4/5`.
    pub(super) rating: bool,
    pub(super) language: Option<(Lang, usize)>,
    /// Language of the message.
    pub(super) lang: Lang,
    /// Days named, unwanted ones included.
    pub(super) all_dates: usize,
}

/// An intent and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Verdict {
    pub(super) intent: Intent,
    pub(super) confidence: f32,
    /// What decided it, for people.
    pub(super) why: &'static str,
    /// The strongest of the weighed intents.
    pub(super) scores: [Option<(Intent, f32)>; 3],
}

impl Verdict {
    pub(super) const fn of(intent: Intent, confidence: f32, why: &'static str) -> Self {
        Self { intent, confidence, why, scores: [None; 3] }
    }
}

/// A meaning for which no cue speaks needs examples that make it as likely as this.
const ALONE: f32 = 0.5;
/// Facts and nothing else mean more than that when examples make it as likely as this.
const SURELY: f32 = 0.85;
/// What binds the client is asked about where examples make it less likely than this.
const HEARD: f32 = 0.6;

/// Names of cues as the lexicons write them.
const NAMED: &[(&str, Intent)] = &[
    ("opt_out", Intent::OptOut),
    ("opt_in", Intent::OptIn),
    ("human", Intent::Human),
    ("running_late", Intent::RunningLate),
    ("cancel", Intent::Cancel),
    ("move", Intent::Reschedule),
    ("list_bookings", Intent::ListBookings),
    ("ask_price", Intent::AskPrice),
    ("ask_location", Intent::AskLocation),
    ("ask_hours", Intent::AskHours),
    ("ask_service", Intent::AskService),
    ("confirm_visit", Intent::ConfirmVisit),
    ("review", Intent::Review),
    ("book", Intent::Book),
    ("ask_availability", Intent::AskAvailability),
    ("menu", Intent::Menu),
    ("back", Intent::Back),
    ("other", Intent::Other),
    ("yes", Intent::Yes),
    ("no", Intent::No),
    ("thanks", Intent::Thanks),
    ("greet", Intent::Greet),
];

/// Whether a message is a greeting and nothing else.
pub(super) fn greets(text: &Text, hits: &[Hit<'_>]) -> bool {
    found("greet", hits) && uncovered(text, hits) == 0
}

/// Whether a cue stands in a message.
pub(super) fn found(name: &str, hits: &[Hit<'_>]) -> bool {
    let id = cue(name);
    hits.iter().any(|hit| hit.tags.iter().any(|tag| matches!(tag, Tag::Cue(cue, _) if Some(*cue) == id)))
}

/// The weights of each cue in one message.
struct Scores {
    sums: HashMap<u16, f32>,
}

impl Scores {
    fn new(hits: &[Hit<'_>], lang: Lang) -> Self {
        let mut by_cue: HashMap<u16, Vec<(f32, usize, usize, usize)>> = HashMap::new();
        let mut sums: HashMap<u16, f32> = HashMap::new();
        let short: Vec<u16> = ["yes", "no"].iter().filter_map(|name| cue(name)).collect();
        for hit in hits {
            // "who is free" inside "whoever is free", "good" inside "good morning".
            let inside = |tag: &dyn Fn(&Tag) -> bool| {
                around(hits, hit.start).iter().any(|other| {
                    steps::add();
                    other.start <= hit.start
                        && hit.end <= other.end
                        && other.words > hit.words
                        && other.tags.iter().any(tag)
                })
            };
            let anyone = around(hits, hit.end).iter().any(|other| {
                steps::add();
                other.start < hit.end
                    && hit.start < other.end
                    && other.words >= 2
                    && other.tags.contains(&Tag::AnyStaff)
            });
            if anyone {
                continue;
            }
            let foreign = hit.lang.is_some_and(|other| other != lang);
            for tag in hit.tags {
                if let Tag::Cue(cue, weight) = tag {
                    if short.contains(cue) && inside(&|tag| matches!(tag, Tag::Cue(_, weight) if *weight > 0)) {
                        continue;
                    }
                    if *weight < 0 {
                        *sums.entry(*cue).or_default() += f32::from(*weight);
                    } else {
                        let weight = f32::from(*weight) * if foreign { 0.65 } else { 1.0 };
                        by_cue.entry(*cue).or_default().push((weight, hit.words, hit.start, hit.end));
                    }
                }
            }
        }
        for (cue, mut found) in by_cue {
            found.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)).then(a.2.cmp(&b.2)));
            let mut taken: Vec<(usize, usize)> = Vec::new();
            let mut sum = 0.0;
            let mut share = 1.0;
            for (weight, words, start, end) in found {
                // Beyond a dozen more of the same adds nothing.
                if taken.len() >= 12 {
                    break;
                }
                steps::add();
                if taken.iter().any(|(s, e)| start < *e && *s < end) {
                    continue;
                }
                taken.push((start, end));
                // Longer phrases are surer; further cues of the same intent add less and less.
                let longer = f32::from(u8::try_from(words.min(4)).unwrap_or(4)) * 0.35;
                sum += (weight + longer) * share;
                share *= 0.35;
            }
            *sums.entry(cue).or_default() += sum;
        }
        Self { sums }
    }

    fn of(&self, name: &str) -> f32 {
        cue(name).and_then(|id| self.sums.get(&id)).copied().unwrap_or(0.0)
    }
}

/// Decides the intent.
pub(super) fn decide(text: &Text, hits: &[Hit<'_>], facts: Facts, likely: Likely, open: OpenQuestion) -> Verdict {
    let scores = Scores::new(hits, facts.lang);
    let s = |name: &str| scores.of(name);
    let rest = uncovered(text, hits);
    let words = text.tokens.iter().filter(|token| token.kind != Kind::Emoji).count();
    let slots = facts.service || facts.date || facts.time || facts.staff;

    if let Some(verdict) = language(&scores, hits, facts, words) {
        return verdict;
    }
    // Greetings, thanks and answers count only when they are the whole message.
    if rest == 0
        && !facts.service
        && !facts.date
        && !facts.time
        && let Some(verdict) = small_talk(&scores, text, open)
    {
        // "great, thanks, bye" agrees to nothing.
        let meant = [Intent::Thanks, Intent::Greet, Intent::No].into_iter().find(|other| likely.of(*other) >= SURELY);
        return match meant.filter(|_| verdict.intent == Intent::Yes && open == OpenQuestion::None) {
            Some(other) => Verdict::of(other, 0.8, "courtesies, and examples like them"),
            None => verdict,
        };
    }

    // "hoje não, obrigada"
    if facts.refused > 0
        && rest <= facts.refused
        && !text.question
        && matches!(open, OpenQuestion::None | OpenQuestion::YesNo)
    {
        // "forget Friday"
        if open == OpenQuestion::None && likely.of(Intent::Cancel) >= SURELY {
            return Verdict::of(Intent::Cancel, 0.6, "a refused day, and examples like it");
        }
        return Verdict::of(Intent::No, 0.8, "a refused day and courtesies");
    }

    let mut v: Vec<(Intent, f32)> = Vec::with_capacity(24);
    let cancel = s("cancel");
    let mut moving = s("move");
    let cant = s("cant_come");
    let rebook_no = s("rebook_no") > 0.0;
    let bookverb = s("bookverb") > 0.0;
    let mut book = s("book");
    let mut availability = s("ask_availability");
    let mut review = s("review");
    let mut late = s("running_late");
    let mut confirm = s("confirm_visit");
    let mut list = s("list_bookings");
    let mut price = s("ask_price");
    let mut hours = s("ask_hours");
    let mut service = s("ask_service");
    let mut location = s("ask_location");
    let mut human = s("human");
    let mut back = s("back");
    let mut menu = s("menu");
    let other = s("other");
    let mut opt_out = s("opt_out");
    let mut opt_in = s("opt_in");
    let mut cancelling = cancel;

    composed(&scores, text, facts, &mut opt_out, &mut opt_in, &mut human, &mut review, &mut late);
    if rebook_no {
        moving = 0.0;
        cancelling += 2.0;
    }
    let another = facts.instead || bookverb && (facts.date || facts.time);
    if cancel >= 4.0 && !rebook_no && (moving >= 4.0 || another) {
        moving = moving.max(cancel) + 3.0;
        cancelling = 0.0;
    }
    // "I have Friday at four, could it be Saturday at ten?"
    if cancelling < 4.0 && (facts.moved || facts.all_dates >= 2 && hits.iter().any(|hit| hit.tags.contains(&Tag::Old)))
    {
        moving += match (facts.moved, text.question) {
            (true, true) => 7.0,
            (true, false) => 6.0,
            _ => 4.0,
        };
        list *= 0.6;
    }
    if cancelling >= 4.0 {
        cancelling += if cant > 0.0 { 1.0 } else { 0.0 };
        book *= 0.5;
        confirm *= 0.4;
        availability *= 0.5;
        list *= 0.5;
    } else if cant > 0.0 && cancelling < 4.0 {
        let new_slot = facts.dates >= 1 && (text.question || facts.times > 0 || facts.dates >= 2);
        if moving >= 2.0
            || bookverb && !facts.service
            || facts.all_dates >= 2
            || new_slot && availability > 0.0 && !facts.service
        {
            // "Thursday doesn't suit any more, have you Friday?"
            moving += if facts.all_dates >= 2 { 7.0 } else { 5.0 };
        } else if !(book >= 3.0 && facts.service) {
            cancelling = cancelling.max(0.0) + cant + 1.5;
        }
    }
    if moving >= 4.0 {
        book *= 0.6;
        availability *= 0.55;
        confirm *= 0.5;
        hours *= 0.6;
        late *= 0.7;
        list *= 0.6;
    }
    // Facts make requests likelier.
    if facts.service {
        book += if facts.date || facts.time { 2.5 } else { 0.8 };
        price += if price > 0.0 { 1.0 } else { 0.0 };
        availability += if availability > 0.0 { 0.5 } else { 0.0 };
    } else if facts.date && facts.time {
        book += 1.0;
    }
    // A service, a day and a time on the clock are a wish, whatever else is said beside them.
    if facts.service && facts.date && facts.clock && !text.question && !facts.past && !facts.rating {
        book += 1.0;
        review *= 0.6;
        hours *= 0.6;
    }
    if bookverb {
        book += 1.5;
    }
    if facts.party && !text.question {
        book += 0.7;
    }
    if facts.some_service && service > 0.0 {
        service += 1.5;
    }
    if facts.date && availability > 0.0 {
        availability += 1.0;
    }
    if (facts.date || facts.time) && service > 0.0 && !facts.past {
        service -= 1.5;
        availability += if text.question { 0.8 } else { 0.0 };
    }
    if text.question && availability > 0.0 {
        availability += 0.8;
    }
    if facts.date && !facts.service && hours > 0.0 {
        hours += 0.6;
    }
    if facts.past {
        review += 4.0;
    }
    // "4/10" alone may be a day.
    if facts.rating && (review > 0.0 || s("sentiment") > 0.0 || facts.past || words <= 3) {
        review += 4.0;
    }
    // "15h30 c'est parfait" answers what was asked.
    if matches!(open, OpenQuestion::Time | OpenQuestion::Day) && (facts.time || facts.date) && !facts.past {
        review *= 0.2;
    }
    if human >= 6.0 && !facts.rating {
        review *= 0.4;
    }
    if review >= 5.0 && !text.question {
        book *= 0.5;
        availability *= 0.5;
        service *= 0.5;
        hours *= 0.6;
        location *= 0.5;
    }
    // "I'll be there at 15:20, sorry" is late; "see you tomorrow at 10" is not.
    if confirm > 0.0 && facts.time && !facts.date && s("apology") > 0.0 {
        late = late.max(confirm + 1.0);
    }
    if late >= 6.0 {
        confirm *= 0.6;
        location *= 0.6;
    }
    if list >= 5.0 {
        availability *= 0.5;
        book *= 0.5;
        hours *= 0.6;
        confirm *= 0.7;
    }
    if opt_in >= 6.0 || opt_out >= 6.0 {
        back *= 0.4;
        menu *= 0.4;
        moving *= 0.6;
        cancelling *= 0.6;
        book *= 0.6;
    }
    if price >= 5.0 || location >= 5.0 {
        human *= 0.8;
    }
    if other >= 4.0 {
        service *= 0.6;
        availability *= 0.7;
        book *= 0.8;
        price *= 0.7;
    }
    // "at the beginning of April" is no way back to the menu.
    if facts.date || facts.time {
        menu *= 0.4;
        back *= 0.7;
    }
    // Menu and back are short messages.
    if words > 7 {
        menu *= 0.6;
        back *= 0.7;
    }
    if slots && (book >= 3.0 || availability >= 4.0 || moving >= 4.0 || cancelling >= 4.0) {
        menu *= 0.5;
        back *= 0.5;
    }

    v.extend([
        (Intent::OptOut, opt_out),
        (Intent::OptIn, opt_in),
        (Intent::Human, human),
        (Intent::RunningLate, late),
        (Intent::Cancel, cancelling),
        (Intent::Reschedule, moving),
        (Intent::ListBookings, list),
        (Intent::AskPrice, price),
        (Intent::AskLocation, location),
        (Intent::AskHours, hours),
        (Intent::AskService, service),
        (Intent::ConfirmVisit, confirm),
        (Intent::Review, review),
        (Intent::Book, book),
        (Intent::AskAvailability, availability),
        (Intent::Menu, menu),
        (Intent::Back, back),
        (Intent::Other, other),
    ]);
    // Courtesies with a few more words around them.
    if words <= 8 && !slots {
        v.extend([
            (Intent::Yes, s("yes").min(3.0)),
            (Intent::No, s("no").min(3.0)),
            (Intent::Thanks, s("thanks").min(3.0)),
            (Intent::Greet, s("greet").min(3.0)),
        ]);
    } else if !answers(open) {
        // "thanks, see you on Thursday", "hello Ana"
        let courtesies = [(Intent::Thanks, s("thanks").min(3.0)), (Intent::Greet, s("greet").min(3.0))];
        v.extend(courtesies.into_iter().filter(|(intent, score)| *score > 0.0 && likely.of(*intent) >= SURELY));
    }
    // "another language": which one is asked then.
    if !slots {
        v.push((Intent::ChangeLanguage, 0.0));
    }
    for (intent, score) in &mut v {
        *score += likely.weight(*intent);
    }
    // The first of equals wins: the order above is that of consequence.
    v.sort_by(|a, b| b.1.total_cmp(&a.1));
    let at = |n: usize| v.get(n).copied();
    let best = at(0).unwrap_or((Intent::Other, 0.0));
    let cues = best.1 - likely.weight(best.0);
    let strange = unexplained(text, hits);
    // "Friday at four" says no more than that, whatever examples it resembles.
    let enough = strange >= 2 || likely.of(best.0) >= SURELY && !bare(text, hits);
    let said = !slots || enough && !answers(open);
    if cues >= 2.0 || likely.of(best.0) >= ALONE && said {
        let margin = (best.1 - at(1).map_or(0.0, |(_, score)| score)).max(0.0);
        let strange = f32::from(u8::try_from(strange.min(5)).unwrap_or(5));
        let confidence = (0.35 + cues * 0.05 + margin * 0.07 - strange * 0.015).clamp(0.3, 0.95);
        // What binds the client needs both voices: without a word that says so, or an example, they are asked.
        let one_voice = cues < 2.0 || likely.doubts(best.0, HEARD);
        let binds = matches!(best.0, Intent::Yes | Intent::ConfirmVisit | Intent::OptIn);
        // Nor is what merely resembles small talk and nonsense out of scope for sure, unless it asks something.
        let vague = best.0 == Intent::Other && cues < 2.0 && !text.question;
        let confidence = if binds && one_voice || vague { confidence.min(0.45) } else { confidence };
        let why = if cues >= 2.0 { "the weight of its cues" } else { "examples like it" };
        let scores = [at(0), at(1), at(2)];
        return Verdict { scores, ..Verdict::of(best.0, confidence, why) };
    }
    fallback(&scores, text, facts, open, words, strange >= 4)
}

/// Facts alone answer such a question.
fn answers(open: OpenQuestion) -> bool {
    !matches!(open, OpenQuestion::None | OpenQuestion::YesNo | OpenQuestion::Menu)
}

/// Intents that no single phrase tells: "stop" and "messages", "anyone" and "talk", "bus" and "late", praise of someone.
#[expect(clippy::too_many_arguments, reason = "the scores that it raises, one by one")]
fn composed(
    scores: &Scores,
    text: &Text,
    facts: Facts,
    opt_out: &mut f32,
    opt_in: &mut f32,
    human: &mut f32,
    review: &mut f32,
    late: &mut f32,
) {
    let has = |name: &str| scores.of(name) > 0.0;
    let slots = facts.date || facts.time || facts.service;
    if has("msgnoun") && !slots {
        if has("stopverb") {
            *opt_out += if *opt_out > 0.0 { 2.0 } else { 6.5 };
            *opt_in = (*opt_in - 6.0).max(0.0);
        } else if has("startverb") {
            *opt_in += if *opt_in > 0.0 { 2.0 } else { 6.5 };
        }
    }
    if has("someone") && has("talkverb") && !facts.service && !facts.date {
        *human += if *human > 0.0 { 1.5 } else { 6.0 };
    }
    let asks = text.question || scores.of("book") >= 4.5 || scores.of("cancel") >= 4.0 || scores.of("move") >= 4.0;
    let about = facts.staff || facts.service || facts.past;
    let future = facts.time || (facts.date && !facts.past);
    if has("sentiment") && about && !asks && !future {
        *review += 5.5;
    }
    if has("arrive_late") && (has("arrive") || has("transport")) && !facts.service && !facts.date {
        *late += if *late > 0.0 { 1.0 } else { 6.5 };
    } else if has("transport") && has("arrive") && !text.question && !facts.service {
        *late += 5.0;
    }
}

/// Nothing asks for anything: facts alone, a yes with an afterthought, or nothing understood.
///
/// `strange` tells that much of the message is not: a sentence that only happens to name a service is asked about.
fn fallback(scores: &Scores, text: &Text, facts: Facts, open: OpenQuestion, words: usize, strange: bool) -> Verdict {
    let slots = facts.service || facts.date || facts.time || facts.staff || facts.any_staff;
    if slots {
        if answers(open) {
            // The facts are the answer; what to do with them is what was asked.
            return Verdict::of(Intent::Other, 0.4, "facts alone, an answer to what was asked");
        }
        if text.question && facts.service && !facts.date && !facts.time {
            return Verdict::of(Intent::AskService, if strange { 0.4 } else { 0.5 }, "a service and a question mark");
        }
        let asks = text.question && !facts.service && (!facts.clock || facts.follows_on);
        return if asks || (facts.date && !facts.service && !facts.time) {
            Verdict::of(Intent::AskAvailability, if strange { 0.4 } else { 0.55 }, "a day alone, or a question of one")
        } else {
            Verdict::of(Intent::Book, if strange { 0.4 } else { 0.6 }, "facts alone")
        };
    }
    let (yes, no) = (scores.of("yes"), scores.of("no"));
    if words <= 6 && yes.max(no) >= 3.0 && (yes - no).abs() > 0.3 {
        let intent = if yes > no { Intent::Yes } else { Intent::No };
        return Verdict::of(intent, 0.6, "a yes or no among other words");
    }
    for (name, intent) in [("thanks", Intent::Thanks), ("greet", Intent::Greet)] {
        if scores.of(name) >= 2.0 && words <= 8 {
            return Verdict::of(intent, 0.55, "a courtesy among other words");
        }
    }
    Verdict::of(Intent::Other, 0.3, "nothing that is known")
}

/// A message of nothing but courtesies and short answers.
fn small_talk(scores: &Scores, text: &Text, open: OpenQuestion) -> Option<Verdict> {
    let s = |name: &str| scores.of(name);
    let strongest = NAMED
        .iter()
        .filter(|(name, _)| !matches!(*name, "yes" | "no" | "thanks" | "greet"))
        .filter(|(name, _)| *name != "menu" || s("thanks") < 2.0)
        .map(|(name, _)| s(name))
        .fold(0.0, f32::max);
    let (yes, no, thanks, greet) = (s("yes"), s("no"), s("thanks"), s("greet"));
    let best = yes.max(no).max(thanks).max(greet);
    if best <= 0.0 || strongest > best + 0.5 {
        return None;
    }
    let intent = if no >= 2.5 && no + 0.5 >= yes {
        Intent::No
    } else if yes >= 3.0 && open == OpenQuestion::YesNo {
        Intent::Yes
    } else if greet >= 2.7 && text.question {
        Intent::Greet
    } else if yes >= 6.0 {
        Intent::Yes
    } else if thanks >= 2.0 {
        Intent::Thanks
    } else if yes >= 3.0 {
        Intent::Yes
    } else if thanks > 0.0 && thanks >= greet {
        Intent::Thanks
    } else if greet > 0.0 {
        Intent::Greet
    } else {
        Intent::Yes
    };
    let both = yes >= 3.0 && no >= 3.0;
    let confidence = match (both, intent) {
        (true, Intent::Yes) => 0.45,
        (true, _) => 0.6,
        (false, _) => 0.95,
    };
    Some(Verdict::of(intent, confidence, "nothing but courtesies and short answers"))
}

/// "English please", "можно на русском?", "passer en français".
fn language(scores: &Scores, hits: &[Hit<'_>], facts: Facts, words: usize) -> Option<Verdict> {
    let (_, at) = facts.language?;
    if facts.service || facts.date || facts.time || scores.of("book") >= 5.0 || scores.of("cancel") >= 4.0 {
        return None;
    }
    let change = cue("change_language");
    let beside = hits.iter().any(|hit| {
        hit.end <= at + 2
            && hit.end + 2 >= at
            && hit.tags.iter().any(|tag| matches!(tag, Tag::Cue(id, _) if Some(*id) == change))
    });
    // "English, not Polish", "spanish please, no hablo inglés": two languages, one of them refused.
    let named = hits.iter().filter(|hit| hit.tags.iter().any(|tag| matches!(tag, Tag::Language(_)))).count();
    let short = words <= 4 || named > 1 && words <= 12;
    (beside || short).then_some(Verdict::of(
        Intent::ChangeLanguage,
        if beside { 0.95 } else { 0.8 },
        "the name of a language",
    ))
}
