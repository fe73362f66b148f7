//! The form of the lexicons' files, and what is wrong with one.
//!
//! A line is `keys = phrase | phrase`; `#` begins a comment. A key is a [`Tag`]; a phrase is words as a client types
//! them, `cancel*` any word that begins so, `..` a gap of up to three words, `<n>` a number, `!uña` a word that counts
//! only with its marks. `parent:fade = haircut` says what a catalogue without the finer service probably means;
//! `rule = …`, `alphabet = …`, `letters:60 = …` and the like tell how the language is written, see [`Trait`].
//!
//! Compiled into `build.rs` too, so that a bad line fails the build; a folder read at run time is checked the same way.

use super::{
    tags::{CUES, Names, Part, Tag, Trait, Unit, index_of},
    text::Text,
};

/// Part of a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pat {
    Exact(String),
    /// Right after the token before: the "a" of "3a".
    Glued(String),
    Prefix(String),
    Number,
    Gap,
}

/// What one line says, phrase by phrase.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    Phrase {
        pats: Vec<Pat>,
        /// The first word as it must be written, marks included.
        marked: Option<String>,
        tags: Vec<Tag>,
        /// Line of the file, from 1.
        line: u32,
    },
    Parents(u16, Vec<u16>),
    Trait(Trait),
}

/// Something wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// From 1.
    pub(super) line: u32,
    pub(super) what: String,
}

/// Reads a file; what cannot be read is told and left out.
pub(super) fn read(file: &str, names: &mut Names) -> (Vec<Entry>, Vec<Problem>) {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for (number, line) in (1_u32..).zip(file.lines()) {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        if let Err(what) = read_line(line, number, names, &mut entries) {
            problems.push(Problem { line: number, what });
        }
    }
    (entries, problems)
}

fn read_line(line: &str, number: u32, names: &mut Names, entries: &mut Vec<Entry>) -> Result<(), String> {
    let (keys, values) = line.split_once('=').ok_or("no \"=\": a line is \"keys = phrase | phrase\"")?;
    let keys = keys.trim();
    if let Some(child) = keys.strip_prefix("parent:") {
        let child = index_of(&mut names.concepts, child);
        let parents = values.split_whitespace().map(|name| index_of(&mut names.concepts, name)).collect();
        entries.push(Entry::Parents(child, parents));
        return Ok(());
    }
    let mut tags = Vec::new();
    let mut traits = 0;
    for value in values.split('|').map(str::trim) {
        match Trait::read(keys, value) {
            Some(it) => {
                entries.push(Entry::Trait(it?));
                traits += 1;
            }
            None => break,
        }
    }
    if traits > 0 || keys == "alphabet" {
        return Ok(());
    }
    for key in keys.split_whitespace() {
        tags.push(Tag::read(key, names).ok_or_else(|| format!("there is no key \"{key}\""))?);
    }
    if tags.is_empty() {
        return Err(String::from("no key before the \"=\""));
    }
    for phrase in values.split('|') {
        let (pats, marked) = pattern(phrase.trim())?;
        entries.push(Entry::Phrase { pats, marked, tags: tags.clone(), line: number });
    }
    Ok(())
}

fn pattern(phrase: &str) -> Result<(Vec<Pat>, Option<String>), String> {
    let marked = phrase.strip_prefix('!').and_then(|rest| rest.split_whitespace().next()).map(str::to_lowercase);
    let mut pats = Vec::new();
    for raw in phrase.trim_start_matches('!').split_whitespace() {
        match raw {
            ".." => pats.push(Pat::Gap),
            "<n>" => pats.push(Pat::Number),
            _ => {
                let mut words = Text::words(raw.trim_end_matches('*'));
                let last = words.pop().ok_or_else(|| format!("\"{raw}\" in \"{phrase}\" is no word"))?;
                let digits = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
                let ordinal = words.len() == 1 && words.first().is_some_and(|word| digits(word)) && !digits(&last);
                pats.extend(words.into_iter().map(Pat::Exact));
                pats.push(match raw.ends_with('*') {
                    true => Pat::Prefix(last),
                    false if ordinal => Pat::Glued(last),
                    false => Pat::Exact(last),
                });
            }
        }
    }
    match (pats.first(), pats.last()) {
        (None, _) => Err(String::from("an empty phrase: a \"|\" too many")),
        (Some(Pat::Gap), _) | (_, Some(Pat::Gap)) => Err(format!("\"{phrase}\" begins or ends with a gap")),
        _ => Ok((pats, marked)),
    }
}

/// What a language must have a phrase for and has none: the calendar, the clock, and a way to say each intent.
pub(super) fn missing(entries: &[Entry]) -> Vec<String> {
    let tags: Vec<&Tag> = entries
        .iter()
        .filter_map(|entry| if let Entry::Phrase { tags, .. } = entry { Some(tags) } else { None })
        .flatten()
        .collect();
    let mut needed: Vec<(String, Tag)> = Vec::new();
    needed.extend((1..=7).map(|day| (format!("weekday:{day}"), Tag::Weekday(day))));
    needed.extend((1..=12).map(|month| (format!("month:{month}"), Tag::MonthName(month))));
    needed.extend((1..=12).map(|n| (format!("num:{n}"), Tag::Num(n))));
    needed.extend([0, 1, 2].map(|day| (format!("day:{day}"), Tag::Day(day))));
    needed.extend([
        (String::from("part:morning"), Tag::Part(Part::Morning)),
        (String::from("part:afternoon"), Tag::Part(Part::Afternoon)),
        (String::from("part:evening"), Tag::Part(Part::Evening)),
        (String::from("unit:minute"), Tag::Unit(Unit::Minute)),
        (String::from("unit:hour"), Tag::Unit(Unit::Hour)),
        (String::from("unit:day"), Tag::Unit(Unit::Day)),
        (String::from("unit:week"), Tag::Unit(Unit::Week)),
        (String::from("unit:month"), Tag::Unit(Unit::Month)),
        (String::from("week:1"), Tag::Week(1)),
        (String::from("weekend:0"), Tag::Weekend(0)),
        (String::from("clock:12:0"), Tag::Clock(12, 0)),
        (String::from("half"), Tag::Half),
        (String::from("next"), Tag::Next),
        (String::from("in"), Tag::In),
        (String::from("at"), Tag::At),
        (String::from("after"), Tag::After),
        (String::from("before"), Tag::Before),
        (String::from("between"), Tag::Between),
        (String::from("and"), Tag::And),
        (String::from("or"), Tag::Or),
        (String::from("to"), Tag::To),
        (String::from("except"), Tag::Except),
        (String::from("people"), Tag::People),
        (String::from("anystaff"), Tag::AnyStaff),
    ]);
    let mut missing: Vec<String> =
        needed.into_iter().filter(|(_, tag)| !tags.contains(&tag)).map(|(name, _)| name).collect();
    for (index, name) in (0_u16..).zip(CUES) {
        let told = tags.iter().any(|tag| matches!(tag, Tag::Cue(cue, weight) if *cue == index && *weight > 0));
        if !told {
            missing.push((*name).to_owned());
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(file: &str) -> Vec<(u32, String)> {
        read(file, &mut Names::default()).1.into_iter().map(|problem| (problem.line, problem.what)).collect()
    }

    #[test]
    fn a_bad_line_is_told_with_its_number() {
        let file = "weekday:1 = monday | mon\n\n# a comment\nwekday:2 = tuesday\nmonth:3 march\nbook:5 = book | | reserve\n\
                    cancel:5 = .. cancel\nrule = half-pats\nletters = ã\nday:x = today\n";
        let found = problems(file);
        let lines: Vec<u32> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [4, 5, 6, 7, 8, 9, 10], "{found:?}");
        assert!(found[0].1.contains("wekday:2"), "{found:?}");
    }

    #[test]
    fn a_language_that_lacks_a_weekday_is_told() {
        let (entries, _) = read("weekday:1 = monday", &mut Names::default());
        let missing = missing(&entries);
        assert!(!missing.contains(&String::from("weekday:1")));
        assert!(missing.contains(&String::from("weekday:2")) && missing.contains(&String::from("cancel")));
    }
}
