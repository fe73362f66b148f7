//! Which language a message is written in, and which one it asks for.
//!
//! Script first, then the words of each language, the prior of the conversation, and statistics only when these do not
//! decide.

use super::{
    lexicon::{Hit, Lexicon, Pack, Tag},
    tags::{Trait, cue},
    text::{Kind, Text, Token, cyrillise},
};
use crate::model::Lang;
use crate::ports::LangGuess;

/// What a message says about its language before statistics: hundredths of a word per language.
#[derive(Debug, Clone)]
pub(super) struct Evidence {
    pub(super) scores: Vec<(Lang, i32)>,
    /// Russian in Latin letters.
    pub(super) transliterated: bool,
}

/// Weighs the words of a message; `names` are words of the catalogue that tell nothing.
pub(super) fn evidence(lexicon: &Lexicon, text: &Text, names: &dyn Fn(&str) -> bool) -> Evidence {
    let mut scores: Vec<(Lang, i32)> = lexicon.packs.iter().map(|(lang, _)| (*lang, 0)).collect();
    let words: Vec<&Token> = text.tokens.iter().filter(|t| t.kind == Kind::Word && !names(&t.text)).collect();
    let last = words.len().saturating_sub(1);
    let mut latin_russian = 0;
    // "ok super" is everybody's.
    let mut strange = false;
    for (at, token) in words.iter().enumerate() {
        let word = token.text.as_str();
        // "5pm" is written everywhere.
        if token.tight && matches!(word, "am" | "pm") {
            continue;
        }
        let mut known = false;
        for ((_, pack), (_, score)) in lexicon.packs.iter().zip(&mut scores) {
            let own = pack.vocabulary.get(word);
            if let Some(weight) = own {
                known = true;
                let weight = i32::from(*weight);
                let weight = if token.cyrillic && weight > 50 { weight * 8 / 5 } else { weight };
                // A borrowed greeting opens messages of every language; the last one wins.
                *score += if at == last && weight > 10 { weight + 8 } else { weight };
            } else if token.cyrillic && pack.cyrillic() {
                *score += 60;
            } else if !token.cyrillic && word.len() >= 5 && pack.has_stem(word) {
                *score += 30;
            }
            let seen = own.is_some_and(|weight| *weight >= 100);
            *score += marks(pack, token, &text.tokens) / if seen { 4 } else { 1 };
        }
        if !token.cyrillic
            && let Some((_, pack)) = lexicon.cyrillic()
        {
            let russian = cyrillise(word);
            strange |= !known;
            if pack.vocabulary.contains_key(&russian) {
                let letter = russian.chars().count() == 1;
                latin_russian += match (known, letter) {
                    (true, true) => 0,
                    (true, false) => 50,
                    (false, true) => 40,
                    (false, false) => 100,
                };
            } else if !known && russian.chars().count() >= 5 && pack.has_stem(&russian) {
                latin_russian += 70;
            }
        }
    }
    if text.inverted {
        for ((_, pack), (_, score)) in lexicon.packs.iter().zip(&mut scores) {
            let weights = pack.traits.iter().map(|it| if let Trait::Inverted(weight) = it { *weight } else { 0 });
            *score += weights.sum::<i32>();
        }
    }
    let cyrillic = lexicon.cyrillic().map(|(lang, _)| lang);
    let best_latin =
        scores.iter().filter(|(lang, _)| Some(*lang) != cyrillic).map(|(_, score)| *score).max().unwrap_or(0);
    let transliterated =
        strange && latin_russian >= 90 && latin_russian > best_latin && !words.iter().any(|word| word.cyrillic);
    if transliterated && let Some((_, score)) = scores.iter_mut().find(|(lang, _)| Some(*lang) == cyrillic) {
        *score += latin_russian;
    }
    Evidence { scores, transliterated }
}

/// The likeliest language: evidence plus what the conversation and the business speak.
pub(super) fn decide(
    evidence: &Evidence,
    text: &Text,
    conversation: Option<Lang>,
    default: Lang,
    statistics: &dyn Fn(&str) -> Vec<(Lang, f64)>,
    raw: &str,
) -> LangGuess {
    let words = text.tokens.iter().filter(|token| token.kind == Kind::Word).count();
    let total: i32 = evidence.scores.iter().map(|(_, score)| *score).sum();
    let mut scores: Vec<(Lang, f64)> = evidence
        .scores
        .iter()
        .map(|(lang, score)| {
            let prior = match conversation {
                Some(current) if current == *lang => 90.0,
                _ if default == *lang => 30.0,
                _ => 0.0,
            };
            (*lang, f64::from(*score) + prior)
        })
        .collect();
    let margin = |scores: &mut Vec<(Lang, f64)>| {
        scores.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let best = scores.first().map_or(0.0, |(_, score)| *score);
        best - scores.get(1).map_or(0.0, |(_, score)| *score)
    };
    let mut lead = margin(&mut scores);
    // Words of the lexicon decide when there are enough of them; of two or three that are as much one language's as
    // another's, the house's counts.
    let own = conversation.unwrap_or(default);
    let most = evidence.scores.iter().map(|(_, score)| *score).max().unwrap_or(0);
    let tied = words <= 3 && evidence.scores.iter().any(|(lang, score)| *lang == own && *score == most);
    if lead < 70.0 && words >= 2 && !tied {
        for (lang, confidence) in statistics(raw) {
            if let Some((_, score)) = scores.iter_mut().find(|(known, _)| *known == lang) {
                *score += 80.0 * confidence;
            }
        }
        lead = margin(&mut scores);
    }
    let lang = scores.first().map_or(default, |(lang, _)| *lang);
    let sure = lead / (lead + 60.0);
    let confidence = if total == 0 { sure.min(0.4) } else { sure };
    #[expect(clippy::cast_possible_truncation, reason = "a share between 0 and 1")]
    LangGuess { lang, confidence: confidence.clamp(0.0, 1.0) as f32 }
}

/// Letters and endings that only some languages have.
fn marks(pack: &Pack, token: &Token, all: &[Token]) -> i32 {
    if token.cyrillic {
        return 0;
    }
    let mut score = 0;
    let mut form = 0;
    for it in &pack.traits {
        match it {
            Trait::Letters(weight, letters) if token.marked.chars().any(|c| letters.contains(c)) => score += weight,
            Trait::Ending(weight, tail)
                if token.text.len() > tail.len() + 2 && token.marked.ends_with(tail.as_str()) =>
            {
                form = form.max(*weight);
            }
            Trait::Inside(weight, part) if token.text.len() > part.len() + 2 && token.text.contains(part.as_str()) => {
                form = form.max(*weight);
            }
            Trait::Elision(weight, head) if token.text == *head => {
                let next = all.iter().position(|other| std::ptr::eq(other, token)).and_then(|at| all.get(at + 1));
                if next.is_some_and(|next| next.sep == '\'' && next.tight && next.text.len() > 2) {
                    score += weight;
                }
            }
            _ => {}
        }
    }
    score + form
}

/// The language asked for, the last one named and not refused, with the place of its name.
pub(super) fn wanted(lexicon: &Lexicon, hits: &[Hit<'_>], tokens: &[Token]) -> Option<(Lang, usize)> {
    let no = cue("no");
    let refusal = |tag: &Tag| matches!(tag, Tag::Except) || matches!(tag, Tag::Cue(id, _) if Some(*id) == no);
    hits.iter()
        .filter_map(|hit| {
            let lang = hit
                .tags
                .iter()
                .find_map(|tag| if let Tag::Language(index) = tag { lexicon.language(*index) } else { None })?;
            // "español no", "no hablo inglés", not over a comma.
            let whole = |from: usize, to: usize| {
                tokens.get(from + 1..=to).is_none_or(|between| between.iter().all(|token| token.sep == ' '))
            };
            let refused = hits.iter().any(|other| {
                let before = other.end <= hit.start && hit.start - other.end <= 1 && whole(other.start, hit.start);
                let after = other.start == hit.end && whole(hit.start, other.start);
                (before && other.words == 1 || after && other.words <= 2) && other.tags.iter().any(refusal)
            });
            (!refused).then_some((lang, hit.start))
        })
        .max_by_key(|(_, at)| *at)
}
