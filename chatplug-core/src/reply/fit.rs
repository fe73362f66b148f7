//! Making texts fit: cutting labels with meaning, and splitting long texts. Lengths are in UTF-16 units, as in
//! [`ChannelLimits`]; nothing is ever cut within what a reader sees as one character.

use crate::model::ChannelLimits;
use unicode_segmentation::UnicodeSegmentation;

const ELLIPSIS: char = '…';

/// How long a text is.
pub(crate) fn length(text: &str) -> usize {
    ChannelLimits::length(text)
}

/// The text if it fits, else as much as does, at the end of a word where there is one, with "…". `max` is in UTF-16 units,
/// as in [`ChannelLimits`].
#[must_use]
pub fn cut(text: &str, max: usize) -> String {
    if length(text) <= max {
        return text.to_owned();
    }
    let head = head(text, max.saturating_sub(1));
    // At a word's end, unless that would throw away more than half.
    let word =
        head.rfind(char::is_whitespace).map(|end| head.split_at(end).0).filter(|word| word.len() * 2 >= head.len());
    let inside_word = text.get(head.len()..).is_some_and(|rest| !rest.starts_with(char::is_whitespace));
    let kept = if inside_word { word.unwrap_or(head) } else { head };
    let kept = kept
        .trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '.' | ';' | ':' | '-' | '–' | '·' | '('));
    if max == 0 { String::new() } else { format!("{kept}{ELLIPSIS}") }
}

/// A text in pieces that each fit: between paragraphs where possible, else lines, else words, else characters.
pub(crate) fn split(text: &str, max: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    pack(text, max.max(2), &["\n\n", "\n", " "], &mut pieces);
    pieces.retain(|piece| !piece.trim().is_empty());
    pieces
}

/// Packs what stands between the first separator into pieces; what does not fit by itself goes to the next one.
fn pack(text: &str, max: usize, separators: &[&str], pieces: &mut Vec<String>) {
    if length(text) <= max {
        pieces.push(text.to_owned());
        return;
    }
    let Some((separator, finer)) = separators.split_first() else {
        let mut rest = text;
        while !rest.is_empty() {
            let piece = head(rest, max);
            pieces.push(piece.to_owned());
            rest = rest.get(piece.len()..).unwrap_or_default();
        }
        return;
    };
    let mut piece = String::new();
    let mut units = 0;
    for part in text.split(separator) {
        let more = length(part);
        if !piece.is_empty() && units + separator.len() + more <= max {
            piece.push_str(separator);
            piece.push_str(part);
            units += separator.len() + more;
            continue;
        }
        if !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
        }
        units = more;
        if more <= max {
            part.clone_into(&mut piece);
        } else {
            pack(part, max, finer, pieces);
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
}

/// As much of the beginning as fits, in whole graphemes; of a single grapheme that is too long by itself, in characters.
fn head(text: &str, max: usize) -> &str {
    let whole = prefix(text, text.graphemes(true), max);
    if whole.is_empty() { prefix(text, text.split_inclusive(|_| true), max) } else { whole }
}

fn prefix<'a>(text: &'a str, parts: impl Iterator<Item = &'a str>, max: usize) -> &'a str {
    let mut units = 0;
    let mut end = 0;
    for part in parts {
        units += length(part);
        if units > max {
            break;
        }
        end += part.len();
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_keeps_words_and_characters_whole() {
        assert_eq!(cut("Haircut", 7), "Haircut");
        assert_eq!(cut("Haircut and colouring", 20), "Haircut and…");
        assert_eq!(cut("Haircut, colouring", 9), "Haircut…");
        assert_eq!(cut("Abcdefghijklmnop", 8), "Abcdefg…");
        assert_eq!(cut("👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", 10), "👩‍👩‍👧…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(cut("abc", 1), "…");
    }

    #[test]
    fn split_prefers_paragraphs_then_lines_then_words() {
        assert_eq!(split("one\n\ntwo\n\nthree", 10), ["one\n\ntwo", "three"]);
        assert_eq!(split("one two\nthree four", 10), ["one two", "three four"]);
        assert_eq!(split("one two three", 8), ["one two", "three"]);
        assert_eq!(split("abcdefghij", 4), ["abcd", "efgh", "ij"]);
    }

    #[test]
    fn one_monstrous_character_does_not_hang() {
        let zalgo = format!("e{}", "\u{301}".repeat(50));
        let pieces = split(&zalgo, 10);
        assert!(pieces.iter().all(|piece| length(piece) <= 10));
        assert_eq!(pieces.concat(), zalgo);
        assert!(length(&cut(&zalgo, 10)) <= 10);
    }
}
