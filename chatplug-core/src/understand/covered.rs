//! How much of a message its phrases explain.

use super::{
    lexicon::{Hit, Tag},
    tags::cue,
    text::{Kind, Text},
};

/// Holds facts and the small words between them, nothing else: "from the 3rd to the 5th".
pub(super) fn bare(text: &Text, hits: &[Hit<'_>]) -> bool {
    let fact = |tag: &Tag| !matches!(tag, Tag::Plain | Tag::Loan | Tag::Noise | Tag::Cue(..));
    covered(text, hits, fact).into_iter().zip(&text.tokens).all(|(covered, token)| covered || token.kind != Kind::Word)
}

/// Which tokens lie in a phrase with such a tag.
fn covered(text: &Text, hits: &[Hit<'_>], such: impl Fn(&Tag) -> bool) -> Vec<bool> {
    let mut covered = vec![false; text.tokens.len()];
    for hit in hits.iter().filter(|hit| hit.tags.iter().any(&such)) {
        for slot in covered.iter_mut().take(hit.end).skip(hit.start) {
            *slot = true;
        }
    }
    covered
}

/// Words that no phrase of any meaning covers: small words and strange ones.
pub(super) fn unexplained(text: &Text, hits: &[Hit<'_>]) -> usize {
    let covered = covered(text, hits, |tag| !matches!(tag, Tag::Plain | Tag::Loan));
    text.tokens.iter().zip(&covered).filter(|(token, covered)| !**covered && token.kind == Kind::Word).count()
}

/// Words that no courtesy, answer or filler covers.
pub(super) fn uncovered(text: &Text, hits: &[Hit<'_>]) -> usize {
    let light: Vec<u16> = ["yes", "no", "thanks", "greet", "filler", "apology"].iter().filter_map(|n| cue(n)).collect();
    let covered = covered(text, hits, |tag| matches!(tag, Tag::Cue(id, weight) if light.contains(id) && *weight > 0));
    text.tokens.iter().zip(&covered).filter(|(token, covered)| !**covered && token.kind != Kind::Emoji).count()
}
