//! Which language a message is written in, and which one it asks for.
//!
//! Script first, then the words of each language, the prior of the conversation, and statistics only when these do not
//! decide.

use super::{
    lexicon::{Lexicon, Tag},
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
    for (at, token) in words.iter().enumerate() {
        let word = token.text.as_str();
        let mut known = false;
        for ((lang, pack), (_, score)) in lexicon.packs.iter().zip(&mut scores) {
            let own = pack.vocabulary.get(word);
            if let Some(weight) = own {
                known = true;
                let weight = i32::from(*weight);
                let weight = if token.cyrillic && weight > 50 { weight * 8 / 5 } else { weight };
                // A borrowed greeting opens messages of every language; the last one wins.
                *score += if at == last && weight > 10 { weight + 8 } else { weight };
            } else if token.cyrillic && *lang == Lang::RU {
                *score += 60;
            } else if !token.cyrillic && word.len() >= 5 && pack.has_stem(word) {
                *score += 30;
            }
            let seen = own.is_some_and(|weight| *weight >= 100);
            *score += marks(*lang, token, &text.tokens) / if seen { 4 } else { 1 };
        }
        if !token.cyrillic
            && let Some(pack) = lexicon.pack(Lang::RU)
        {
            let russian = cyrillise(word);
            if pack.vocabulary.contains_key(&russian) {
                latin_russian += if known {
                    50
                } else if russian.chars().count() > 1 {
                    100
                } else {
                    40
                };
            } else if !known && russian.chars().count() >= 5 && pack.has_stem(&russian) {
                latin_russian += 70;
            }
        }
    }
    if text.inverted
        && let Some((_, score)) = scores.iter_mut().find(|(lang, _)| *lang == Lang::ES)
    {
        *score += 150;
    }
    let best_latin = scores.iter().filter(|(lang, _)| *lang != Lang::RU).map(|(_, score)| *score).max().unwrap_or(0);
    let transliterated = latin_russian >= 90 && latin_russian > best_latin && !words.iter().any(|word| word.cyrillic);
    if transliterated && let Some((_, score)) = scores.iter_mut().find(|(lang, _)| *lang == Lang::RU) {
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
    // Words of the lexicon decide when there are enough of them.
    if lead < 70.0 && words >= 2 {
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
fn marks(lang: Lang, token: &Token, all: &[Token]) -> i32 {
    if token.cyrillic {
        return 0;
    }
    let has = |letters: &str| token.marked.chars().any(|c| letters.contains(c));
    let ends = |tail: &str| token.text.len() > tail.len() + 2 && token.marked.ends_with(tail);
    let mut score = 0;
    if lang == Lang::PT {
        score += if has("ãõ") { 120 } else { 0 };
        score += if has("ç") { 40 } else { 0 };
        score +=
            if ends("ção") || ends("ções") || token.text.contains("nh") && token.text.len() > 4 { 30 } else { 0 };
    } else if lang == Lang::ES {
        score += if has("ñ") { 120 } else { 0 };
        score += if ends("ción") || ends("ciones") { 40 } else { 0 };
    } else if lang == Lang::FR {
        score += if has("èêëûœîùÿï") { 60 } else { 0 };
        score += if has("ç") { 40 } else { 0 };
        let elided = matches!(token.text.as_str(), "j" | "d" | "l" | "c" | "n" | "qu" | "m" | "t" | "s");
        let next = all.iter().position(|other| std::ptr::eq(other, token)).and_then(|at| all.get(at + 1));
        if elided && next.is_some_and(|next| next.sep == '\'' && next.tight && next.text.len() > 2) {
            score += 90;
        }
    } else if lang == Lang::EN {
        score +=
            if token.text.len() > 5 && (token.text.ends_with("ing") || token.text.contains("ght")) { 30 } else { 0 };
        score -= if has("ãõçñèêëûœáéíóúàâô") { 30 } else { 0 };
    }
    score
}

/// The language asked for, the last one named and not refused.
pub(super) fn wanted(hits: &[super::lexicon::Hit<'_>], tokens: &[Token]) -> Option<(Lang, usize)> {
    hits.iter()
        .filter_map(|hit| {
            let lang =
                hit.tags.iter().find_map(|tag| if let Tag::Language(lang) = tag { Some(*lang) } else { None })?;
            let refused = hit.start > 0
                && tokens
                    .get(hit.start - 1)
                    .is_some_and(|word| matches!(word.text.as_str(), "no" | "not" | "не" | "sem" | "sin"));
            let unspoken = tokens.get(hit.end).is_some_and(|word| word.text == "не");
            (!refused && !unspoken).then_some((lang, hit.start))
        })
        .max_by_key(|(_, at)| *at)
}
