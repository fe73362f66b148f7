//! Values that other people wrote (names, addresses, descriptions), made safe to stand in a message of ours. They are
//! only ever values: nothing here or after parses them as Fluent.

use super::check::is_invisible;
use std::borrow::Cow;

/// A name in one line: no control characters or direction marks, no line breaks, no runs of spaces.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    let plain = !text.starts_with(char::is_whitespace)
        && !text.ends_with(char::is_whitespace)
        && !text.contains("  ")
        && text.chars().all(|c| !is_invisible(c) && (c == ' ' || c == '\u{a0}' || !c.is_whitespace()));
    if plain {
        return Cow::Borrowed(text);
    }
    let visible: String = text
        .chars()
        .filter_map(|c| match c {
            c if c.is_whitespace() => Some(' '),
            c if is_invisible(c) => None,
            c => Some(c),
        })
        .collect();
    Cow::Owned(visible.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A name for the middle of a sentence: one line, and what WhatsApp would take for formatting replaced by letters that
/// look alike, so that a name with a star neither opens nor closes bold.
pub(crate) fn name(text: &str) -> Cow<'_, str> {
    let text = line(text);
    if !text.contains(['*', '_', '~', '`']) {
        return text;
    }
    // One underscore within a word (an e-mail address, a user name) is left alone: WhatsApp does too.
    let mut shown = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let inside = before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
        shown.push(match c {
            '*' => '\u{2217}',
            '_' if !inside => '\u{2cd}',
            '~' if !inside => '\u{223c}',
            '`' => '\u{2018}',
            c => c,
        });
        before = c;
    }
    Cow::Owned(shown)
}

/// The business's own words in several lines: kept as they are but for control characters; no more than one empty line
/// in a row.
pub(crate) fn prose(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for text in text.lines() {
        let text: String = text.chars().filter(|c| !is_invisible(*c)).collect();
        let text = text.trim_end();
        if !(text.is_empty() && lines.last().is_none_or(String::is_empty)) {
            lines.push(text.to_owned());
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_one_visible_line() {
        assert_eq!(line("Ana Sousa"), "Ana Sousa");
        assert_eq!(line("  Ana\r\n\tSousa\u{202e}\u{0} "), "Ana Sousa");
        assert_eq!(line("Анна\u{2068}!"), "Анна!");
        assert_eq!(line("\u{200f}"), "");
    }

    #[test]
    fn formatting_in_names_is_shown_and_not_obeyed() {
        assert_eq!(name("*Ana*"), "∗Ana∗");
        assert_eq!(name("_Ana_ ~x~"), "ˍAnaˍ ∼x∼");
        assert_eq!(name("ana_sousa"), "ana_sousa");
        assert_eq!(name("{ $name } -term"), "{ $name } -term");
    }

    #[test]
    fn prose_keeps_its_lines() {
        assert_eq!(prose("Wash.\r\n\r\n\r\nCut.\u{7}\n\n"), "Wash.\n\nCut.");
        assert_eq!(prose("\n\n"), "");
    }
}
