//! What part each day and time of a message plays: where a booking stands, what is only told beside the wish, what was
//! taken back. Words decide (`clauses.txt` of a lexicon), and the clause they stand in.
//!
//! Which of the remaining ones counts depends on the intent and is for `choice`.

use super::{
    dates,
    items::Items,
    lexicon::{Hit, Tag, around},
    tags::cue,
    text::Token,
    times,
};
use chrono::Datelike;

/// A message whose days and times are known.
pub(super) struct Scene<'s, 'a> {
    pub(super) tokens: &'s [Token],
    pub(super) hits: &'s [Hit<'a>],
    pub(super) items: &'s Items<'a>,
    /// Something is asked.
    pub(super) question: bool,
    /// No question of ours is open.
    pub(super) fresh: bool,
}

/// A day or a time, seen from its place.
#[derive(Debug, Clone, Copy)]
struct Spot {
    /// First token.
    at: usize,
    /// First token after it.
    end: usize,
    clause: usize,
    old: bool,
    unwanted: bool,
    aside: bool,
    bound: bool,
    /// On the clock, where times are looked at.
    exact: bool,
}

/// What a clause says beside its days and times; the places are tokens.
#[derive(Debug, Clone, Default)]
struct Clause {
    start: usize,
    end: usize,
    /// Names a service or asks for something.
    wants: bool,
    /// Asks for something, service or not.
    asks: bool,
    /// The writer comes, later or not.
    arrives: bool,
    /// Speaks of the writer's own affairs from here on.
    aside: Option<usize>,
    /// Speaks of a booking that is there: "my massage", "the appointment I have"; what follows is where it stands.
    booked: Option<usize>,
    /// Begins by refusing: "not the one on Tuesday".
    refuses: bool,
    /// Takes something back.
    corrects: bool,
}

/// Marks the mentions of a message.
pub(super) fn assign(scene: &Scene<'_, '_>, dates: &mut [dates::Mention], times: &mut [times::Mention]) {
    if dates.is_empty() && times.is_empty() {
        return;
    }
    let clauses = clauses(scene);
    let token = |item: usize| scene.items.get(item).map_or(scene.tokens.len(), |item| item.start);
    let last = |item: usize| item.checked_sub(1).and_then(|at| scene.items.get(at)).map_or(0, |item| item.end);
    let clause = |at: usize| clauses.partition_point(|clause| clause.start <= at).saturating_sub(1);
    let spot = |start: usize, end: usize| Spot {
        at: token(start),
        end: last(end),
        clause: clause(token(start)),
        old: false,
        unwanted: false,
        aside: false,
        bound: false,
        exact: true,
    };
    let mut days: Vec<Spot> = dates
        .iter()
        .map(|mention| Spot {
            old: mention.old,
            unwanted: mention.unwanted,
            bound: bound(scene.items, mention),
            ..spot(mention.start, mention.end)
        })
        .collect();
    let mut hours: Vec<Spot> = times
        .iter()
        .map(|mention| Spot {
            old: mention.old,
            unwanted: mention.unwanted,
            exact: !matches!(mention.shape, times::Shape::Part(_)),
            ..spot(mention.start, mention.end)
        })
        .collect();
    refused_after(scene, &clauses, &mut days, &mut hours);
    for spots in [&mut days, &mut hours] {
        told_beside(&clauses, spots);
        refused(scene, &clauses, spots);
        taken_back(scene, &clauses, spots);
        standing(scene, &clauses, spots);
        // What is all there is counts.
        if spots.iter().all(|spot| spot.aside || spot.unwanted || spot.old) {
            spots.iter_mut().for_each(|spot| spot.aside = false);
        }
    }
    greets(scene, &mut hours);
    for index in 0..days.len() {
        if same_day(dates, index)
            && let Some(day) = days.get_mut(index)
        {
            day.aside = true;
        }
    }
    for (mention, spot) in dates.iter_mut().zip(&days) {
        (mention.old, mention.unwanted, mention.aside) = (spot.old, spot.unwanted, spot.aside);
    }
    for (mention, spot) in times.iter_mut().zip(&hours) {
        (mention.old, mention.unwanted, mention.aside) = (spot.old, spot.unwanted, spot.aside);
        // "instead of Thursday evening": the time goes with its day.
        let day = dates.iter().find(|date| date.end == mention.start);
        mention.old |= day.is_some_and(|date| date.old && date.target.is_none());
    }
    // "Wednesday at five is no good, Thursday at seven"
    let refused: Vec<bool> =
        times.iter().map(|time| dates.iter().any(|date| date.unwanted && date.end == time.start)).collect();
    if refused.contains(&false) {
        for (mention, refused) in times.iter_mut().zip(refused) {
            mention.aside |= refused;
        }
    }
}

/// "24/03 (Tuesday)": the weekday only says again which day it is.
fn same_day(dates: &[dates::Mention], index: usize) -> bool {
    let Some(mention) = dates.get(index) else { return false };
    let Some(weekday) = mention.weekday else { return false };
    let near = |other: &dates::Mention| {
        let gap = if other.start >= mention.end {
            other.start - mention.end
        } else {
            mention.start.saturating_sub(other.end)
        };
        other.start != mention.start && gap <= 1 && !other.unwanted && other.weekday.is_none()
    };
    dates.iter().filter(|other| near(other)).any(|other| {
        matches!(other.readings.as_slice(), [only]
            if only.from == only.to && only.from.weekday().number_from_monday() == u32::from(weekday))
    })
}

/// "before Christmas", "after the 10th": no day by itself.
fn bound(items: &Items<'_>, mention: &dates::Mention) -> bool {
    let tagged = |at: usize| items.has(at, &Tag::Before) || items.has(at, &Tag::After) && !items.has(at, &Tag::From);
    tagged(mention.start) || mention.start.checked_sub(1).is_some_and(tagged)
}

fn clauses(scene: &Scene<'_, '_>) -> Vec<Clause> {
    let (tokens, hits) = (scene.tokens, scene.hits);
    let mut starts = vec![false; tokens.len() + 1];
    for (at, token) in tokens.iter().enumerate() {
        let stop = matches!(token.sep, ',' | '.' | ';' | '?' | '!' | '(' | ')' | '…') || token.sep == '-';
        if let Some(start) = starts.get_mut(at) {
            *start = at == 0 || stop && !token.tight;
        }
    }
    // "I went on Monday and want another on Friday"
    let asks = |hit: &&Hit<'_>| {
        let ids = ["book", "bookverb", "ask_availability", "move"].map(cue);
        hit.tags.iter().any(|tag| matches!(tag, Tag::Cue(id, weight) if *weight > 1 && ids.contains(&Some(*id))))
    };
    let first_aside = hits.iter().filter(|hit| hit.tags.contains(&Tag::Aside)).map(|hit| hit.end).min();
    for hit in hits.iter().filter(asks) {
        if let Some(start) = starts.get_mut(hit.start).filter(|_| first_aside.is_some_and(|aside| aside <= hit.start)) {
            *start = true;
        }
    }
    let parts = |hit: &Hit<'_>| hit.tags.contains(&Tag::So) || hit.tags.contains(&Tag::Hence);
    for hit in hits.iter().filter(|hit| parts(hit)) {
        if let Some(start) = starts.get_mut(hit.start) {
            *start = true;
        }
    }
    let mut clauses: Vec<Clause> = Vec::new();
    for at in (0..tokens.len()).filter(|at| starts.get(*at) == Some(&true)) {
        if let Some(before) = clauses.last_mut() {
            before.end = at;
        }
        clauses.push(Clause { start: at, end: tokens.len(), ..Clause::default() });
    }
    let [book, bookverb, free, moving, cancel, late, arrive, confirm, no, correction] = [
        "book",
        "bookverb",
        "ask_availability",
        "move",
        "cancel",
        "running_late",
        "arrive",
        "confirm_visit",
        "no",
        "correction",
    ]
    .map(cue);
    let thing = |tag: &Tag| matches!(tag, Tag::Concept(_) | Tag::Visit);
    let mut things = vec![false; tokens.len() + 1];
    for hit in hits.iter().filter(|hit| hit.tags.iter().any(thing)) {
        if let Some(thing) = things.get_mut(hit.start) {
            *thing = true;
        }
    }
    for hit in hits {
        let index = clauses.partition_point(|clause| clause.start <= hit.start).saturating_sub(1);
        let Some(clause) = clauses.get_mut(index) else { continue };
        for tag in hit.tags {
            match tag {
                Tag::Concept(_) => clause.wants = true,
                Tag::Aside => clause.aside = Some(clause.aside.map_or(hit.start, |at| at.min(hit.start))),
                Tag::Except if hit.start == clause.start => clause.refuses = true,
                Tag::Cue(id, _) if Some(*id) == no && hit.start == clause.start => clause.refuses = true,
                Tag::Mine | Tag::Have
                    if (hit.end..(hit.end + 4).min(clause.end)).any(|at| things.get(at) == Some(&true)) =>
                {
                    clause.booked.get_or_insert(hit.start);
                }
                Tag::Cue(id, weight) if *weight > 0 => {
                    let id = Some(*id);
                    clause.asks |= [book, bookverb, free, moving].contains(&id);
                    clause.wants |= clause.asks || id == cancel;
                    clause.corrects |= id == correction;
                    clause.arrives |= [late, arrive, confirm].contains(&id);
                }
                _ => {}
            }
        }
    }
    clauses
}

/// "I have a dinner on Friday night, a massage on Friday afternoon please": the dinner asks for nothing.
fn told_beside(clauses: &[Clause], spots: &mut [Spot]) {
    for spot in &mut *spots {
        let Some(clause) = clauses.get(spot.clause) else { continue };
        spot.aside |= clause.aside.is_some_and(|aside| aside <= spot.at || !clause.wants);
    }
    // "next week, before Christmas"
    if spots.iter().any(|spot| !spot.bound && !spot.unwanted && !spot.aside) {
        spots.iter_mut().for_each(|spot| spot.aside |= spot.bound);
    }
}

/// "not the one on Tuesday, the one on Friday"
fn refused(scene: &Scene<'_, '_>, clauses: &[Clause], spots: &mut [Spot]) {
    let (no, correction) = (cue("no"), cue("correction"));
    let refuses = |spot: &Spot| {
        clauses
            .get(spot.clause)
            .is_some_and(|clause| clause.refuses && !clause.wants && !clause.corrects && spot.at - clause.start <= 5)
    };
    // "запишите не сегодня, а завтра"
    let negated = |spot: &Spot| {
        let close = |hit: &&Hit<'_>| {
            // "ah non, vendredi" takes back, it doesn't refuse.
            let wider = |other: &Hit<'_>| {
                let corrects = |tag: &Tag| matches!(tag, Tag::Cue(id, _) if Some(*id) == correction);
                other.words > 1 && other.start <= hit.start && hit.end <= other.end && other.tags.iter().any(corrects)
            };
            hit.words == 1
                && !around(scene.hits, hit.start).iter().any(wider)
                && clauses.get(spot.clause).is_some_and(|clause| clause.start < hit.start)
                && hit.end <= spot.at
                && spot.at - hit.end <= 1
                && scene.tokens.get(hit.end..=spot.at).is_some_and(|words| words.iter().all(|word| word.sep == ' '))
        };
        let is_no = |tag: &Tag| matches!(tag, Tag::Cue(id, weight) if Some(*id) == no && *weight > 0);
        around(scene.hits, spot.at).iter().filter(close).any(|hit| hit.tags.iter().any(is_no))
    };
    let negated: Vec<usize> = spots.iter().filter(|spot| negated(spot)).map(|spot| spot.at).collect();
    let refuses = |spot: &Spot| refuses(spot) || negated.contains(&spot.at);
    if spots.iter().any(|spot| !refuses(spot) && !spot.unwanted) {
        for spot in spots.iter_mut() {
            spot.unwanted |= refuses(spot);
        }
    }
}

/// "hoy no, gracias", "el lunes no": refused by what comes after it.
fn refused_after(scene: &Scene<'_, '_>, clauses: &[Clause], days: &mut [Spot], hours: &mut [Spot]) {
    let no = cue("no");
    for (index, clause) in clauses.iter().enumerate() {
        let asked = scene.question && index + 1 == clauses.len();
        let closes = |hit: &Hit<'_>| {
            hit.end == clause.end
                && hit.start > clause.start
                && hit.words == 1
                && hit.tags.iter().any(|tag| matches!(tag, Tag::Cue(id, weight) if Some(*id) == no && *weight > 0))
        };
        let end = around(scene.hits, clause.end.saturating_sub(1));
        let Some(hit) = end.iter().find(|hit| closes(hit)).filter(|_| !asked) else { continue };
        let near = |spot: &&mut Spot| spot.clause == index && spot.end <= hit.start && hit.start - spot.end <= 3;
        let day = days.iter_mut().rev().find(near);
        let hour = hours.iter_mut().rev().find(near);
        match (day, hour) {
            (Some(day), Some(hour)) if day.at > hour.at => day.unwanted = true,
            (_, Some(hour)) => hour.aside = true,
            (Some(day), None) => day.unwanted = true,
            (None, None) => {}
        }
    }
    // "Friday afternoon no, better at 11": the day stays.
    if days.iter().all(|day| day.unwanted)
        && let Some(day) = days.last_mut()
        && let Some(first) = hours.iter().position(|hour| hour.clause == day.clause && hour.at >= day.end)
        && hours.iter().any(|hour| hour.clause > day.clause && hour.exact)
    {
        day.unwanted = false;
        if let Some(hour) = hours.get_mut(first) {
            hour.aside = true;
        }
    }
}

/// "Morning! Can I come at three?": a part of the day that greets.
fn greets(scene: &Scene<'_, '_>, spots: &mut [Spot]) {
    let greet = cue("greet");
    let told = scene.hits.iter().any(|hit| {
        hit.start == 0
            && hit.end == 1
            && hit.tags.iter().any(|tag| matches!(tag, Tag::Cue(id, _) if Some(*id) == greet))
    });
    let next = scene.tokens.get(1).is_some_and(|token| matches!(token.sep, ',' | '.' | '!'));
    if let Some(spot) = spots.first_mut()
        && scene.fresh
        && !spot.exact
        && (spot.at, spot.end) == (0, 1)
        && told
        && next
    {
        spot.aside = true;
    }
}

/// "at half nine, no, better at ten": what stands before a correction and is named again after it.
fn taken_back(scene: &Scene<'_, '_>, clauses: &[Clause], spots: &mut [Spot]) {
    let (correction, no) = (cue("correction"), cue("no"));
    let is = |hit: &Hit<'_>, id: Option<u16>| {
        hit.tags.iter().any(|tag| matches!(tag, Tag::Cue(cue, weight) if Some(*cue) == id && *weight > 0))
    };
    for hit in scene.hits {
        let index = clauses.partition_point(|clause| clause.start <= hit.start).saturating_sub(1);
        let Some(clause) = clauses.get(index) else { continue };
        // "no" all by itself between two of a sort.
        let alone = index > 0 && clause.start == hit.start && clause.end == hit.end;
        // "I get paid on Friday, so Saturday"
        let hence = hit.tags.contains(&Tag::Hence);
        // "14h non 15h"
        let amid = || {
            let before = spots.iter().any(|spot| spot.exact && spot.end == hit.start);
            before && spots.iter().any(|spot| spot.exact && spot.at >= hit.end && spot.at - hit.end <= 1)
        };
        if !(is(hit, correction) || hence || is(hit, no) && (alone || amid())) {
            continue;
        }
        // "instead of Thursday" names what was.
        let wider = |other: &Hit<'_>| {
            other.start <= hit.start
                && hit.end <= other.end
                && other.words > hit.words
                && other.tags.iter().any(|tag| matches!(tag, Tag::Old | Tag::Except))
        };
        if around(scene.hits, hit.start).iter().any(wider) {
            continue;
        }
        // "Friday, rather" corrects by the day before it.
        let beside = |spot: &&Spot| spot.clause == index && spot.exact;
        let own = spots.iter().rev().filter(beside).find(|spot| spot.at < hit.start);
        let own = own.filter(|_| !hence && !spots.iter().filter(beside).any(|spot| spot.at >= hit.start));
        let from = own.map_or(hit.start, |spot| spot.at);
        let again = spots.iter().any(|spot| spot.at >= from && !spot.unwanted && !spot.aside && spot.exact);
        if again {
            for spot in spots.iter_mut().filter(|spot| spot.exact) {
                spot.aside |= spot.at < from && !spot.old;
                // "era pra ser dia 26": where it should have stood
                spot.old &= !(spot.at >= hit.end && spot.at - hit.end <= 2);
            }
        }
    }
}

/// "my massage is at six, would half past seven be possible?", "I have Saturday at one but need something earlier":
/// where the booking stands, when another place for it is named after it.
fn standing(scene: &Scene<'_, '_>, clauses: &[Clause], spots: &mut [Spot]) {
    let list = cue("list_bookings");
    let [book, bookverb, free, moving, correction] =
        ["book", "bookverb", "ask_availability", "move", "correction"].map(cue);
    let asked = |tag: &Tag| {
        matches!(tag, Tag::Cue(id, weight)
            if *weight > 0 && [book, bookverb, free, moving, correction].contains(&Some(*id)))
    };
    let asked: Vec<usize> = scene.hits.iter().filter(|hit| hit.tags.iter().any(asked)).map(|hit| hit.start).collect();
    let asked_from = |at: usize| asked.get(asked.partition_point(|asked| *asked < at)).copied();
    for index in 0..spots.len().saturating_sub(1) {
        let Some(spot) = spots.get(index).copied() else { break };
        let Some(clause) = clauses.get(spot.clause) else { continue };
        if spot.old || spot.aside || spot.unwanted {
            continue;
        }
        // "I'm down for the 17th"
        let told = around(scene.hits, spot.at).iter().any(|hit| {
            hit.end <= spot.at
                && spot.at - hit.end <= 2
                && (hit.words > 1
                    && hit
                        .tags
                        .iter()
                        .any(|tag| matches!(tag, Tag::Cue(id, weight) if Some(*id) == list && *weight > 0)))
        });
        let have = around(scene.hits, spot.end + 1).iter().any(|hit| {
            let before = hit.start >= clause.start && hit.end <= spot.at && spot.at - hit.end <= 2;
            let after = |reach: usize| hit.start >= spot.end && hit.start - spot.end <= reach && hit.end <= clause.end;
            // "на вторник у меня педикюр", "завтрашний сеанс"
            (before || after(1)) && hit.tags.contains(&Tag::Have) || after(0) && hit.tags.contains(&Tag::Visit)
        });
        let booked = clause.booked.is_some_and(|at| at < spot.at) && !clause.asks;
        if !told && !have && !booked {
            continue;
        }
        let again = spots.get(index + 1..).unwrap_or(&[]).iter().any(|next| {
            let apart = next.clause != spot.clause || asked_from(spot.end).is_some_and(|at| at < next.at);
            let own = clauses.get(next.clause).is_none_or(|there| {
                there.arrives || next.clause != spot.clause && there.booked.is_some_and(|at| at < next.at)
            });
            let or = around(scene.hits, next.at).iter().any(|hit| {
                hit.end <= next.at && next.at - hit.end <= 1 && hit.start >= spot.end && hit.tags.contains(&Tag::Or)
            });
            apart && !own && !or && !next.unwanted && !next.aside
        });
        let wish = scene.question || asked_from(spot.end).is_some();
        if again
            && (told || wish)
            && let Some(spot) = spots.get_mut(index)
        {
            spot.old = true;
        }
    }
}
