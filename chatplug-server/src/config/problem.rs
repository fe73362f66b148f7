//! What is wrong with a configuration, said so that a person can mend it: where, what, and the nearest right word.

use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a file.
    File {
        /// Its name, as given.
        file: String,
        /// Line, from 1; 0: the file as a whole.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// In an environment variable of this name.
    Environment(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line: 0, .. } => f.write_str(file),
            Self::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Environment(name) => write!(f, "environment {name}"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Everything that is wrong with a configuration, in order of place; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(f, "error: {problem}")?;
        }
        let n = self.0.len();
        write!(f, "{n} problem{} in the configuration", if n == 1 { "" } else { "s" })
    }
}

impl std::error::Error for Problems {}

/// The end of a sentence about an unknown word: the nearest known one, or all of them when none is near.
pub(crate) fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let folded = word.to_lowercase().replace('-', "_");
    let score = |candidate: &str| {
        let candidate = candidate.to_lowercase().replace('-', "_");
        // A word that begins the other is nearer than its edit distance says: `phone_number` and `phone_number_id`.
        let prefix = candidate.starts_with(&folded) || folded.starts_with(&candidate);
        strsim::normalized_damerau_levenshtein(&folded, &candidate).max(if prefix { 0.8 } else { 0.0 })
    };
    let best = known.iter().map(|candidate| (score(candidate), *candidate)).max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((score, candidate)) if score >= 0.5 => format!("; did you mean `{candidate}`?"),
        Some(_) => format!("; known here: {}", list(&known)),
        None => String::new(),
    }
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_named() {
        let keys = ["bind", "public_url", "log"];
        assert_eq!(suggestion("public-url", keys), "; did you mean `public_url`?");
        assert_eq!(suggestion("bnd", keys), "; did you mean `bind`?");
        assert_eq!(suggestion("phone_number", ["phone_number_id", "provider"]), "; did you mean `phone_number_id`?");
        assert_eq!(suggestion("colour", keys), "; known here: `bind`, `public_url`, `log`");
        assert_eq!(suggestion("x", []), "");
    }
}
