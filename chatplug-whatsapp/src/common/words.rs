//! Texts that leave or are logged, made harmless.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// A provider's words cut to a line, with long runs of digits masked: phone numbers have no place in logs.
pub(crate) fn without_numbers(text: &str) -> String {
    const LONGEST: usize = 300;
    const SHOWN_DIGITS: usize = 5;
    let mut out = String::with_capacity(text.len().min(LONGEST));
    let mut run = String::new();
    for c in text.chars().take(LONGEST).chain(std::iter::once('\0')) {
        if c.is_ascii_digit() {
            run.push(c);
            continue;
        }
        out.push_str(if run.len() > SHOWN_DIGITS { "…" } else { &run });
        // Meta names a code by "(#131009)": six digits that are worth keeping.
        if run.len() == SHOWN_DIGITS + 1 && out.ends_with("(#…") {
            out.truncate(out.len() - '…'.len_utf8());
            out.push_str(&run);
        }
        run.clear();
        if c != '\0' {
            out.push(if c.is_control() { ' ' } else { c });
        }
    }
    out
}

/// A value without line breaks, tabs and runs of spaces, which providers refuse inside templates.
pub(crate) fn one_line(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name for something that has none: 32 digits, the same for the same parts.
pub(crate) fn hash(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        // The length keeps ("a", "bc") and ("ab", "c") apart.
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().iter().take(16).fold(String::with_capacity(32), |mut out, byte| {
        // Writing into a `String` cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_people_are_masked() {
        let told = "(#131009) Parameter 16505551234 is not valid, max 4096\nsee 16505551234";
        assert_eq!(without_numbers(told), "(#131009) Parameter … is not valid, max 4096 see …");
        assert!(without_numbers(&"x".repeat(5000)).len() <= 300);
    }

    #[test]
    fn template_values_become_one_line() {
        assert_eq!(one_line(" Ana\n\tde     Souza\u{a0}x "), "Ana de Souza x");
    }
}
