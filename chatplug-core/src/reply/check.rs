//! Checks of message catalogues, on texts alone: the build runs them over `locales/`, a running system over a
//! tenant's own wording. Compiled into `build.rs` too, so it uses nothing of this crate.
//!
//! What is checked: every language says the same messages with the same variables; plural selectors have every
//! category of their language; what goes on buttons fits; bold is closed; templates obey the provider's rules.

use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Message, Pattern, PatternElement, Resource, VariantKey},
    parser, serializer,
    unicode::unescape_unicode_to_string,
};
use intl_pluralrules::{PluralCategory, PluralRuleType, PluralRules};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// The language that the others are compared with.
pub(crate) const REFERENCE: &str = "en";

/// Helper messages of one language begin so; they need not exist in the others.
const OWN: &str = "own-";

/// Variables that are there for grammar's sake and that no message has to use.
const AMBIENT: [&str; 5] = ["business", "currency", "form", "hour", "region"];

/// Functions that a message may call.
const FUNCTIONS: [&str; 1] = ["CAP"];

/// One file of messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    /// Language code: the folder's name.
    pub(crate) lang: &'a str,
    /// Name to print in problems.
    pub(crate) file: &'a str,
    /// Its text.
    pub(crate) text: &'a str,
}

/// Something wrong with a message, for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// File and line, such as `ru/talk.ftl:12`.
    pub(crate) place: String,
    /// Which message; empty when the text cannot be read at all.
    pub(crate) key: String,
    /// What is wrong.
    pub(crate) what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.place, self.what),
            key => write!(f, "{}: \"{key}\" {}", self.place, self.what),
        }
    }
}

/// Checks whole catalogues against each other and against the rules. An empty answer means: fit to ship.
pub(crate) fn check_catalogues(sources: &[Source<'_>]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let parsed: Vec<_> = sources.iter().map(|source| (source, parse(source, &mut problems))).collect();
    let mut langs: BTreeMap<&str, Catalogue<'_>> = BTreeMap::new();
    for (source, resource) in &parsed {
        langs.entry(source.lang).or_insert_with(|| Catalogue::new(source.lang)).add(source, resource, &mut problems);
    }
    let Some(reference) = langs.get(REFERENCE) else {
        problems.push(Problem {
            place: REFERENCE.to_owned(),
            key: String::new(),
            what: "is missing: the other languages are compared with it".to_owned(),
        });
        return problems;
    };
    for catalogue in langs.values() {
        if !matches!(catalogue.lang.as_bytes(), [b'a'..=b'z', b'a'..=b'z']) {
            problems.push(Problem {
                place: catalogue.lang.to_owned(),
                key: String::new(),
                what: "is no language: name the folder by its two-letter code, such as \"it\"".to_owned(),
            });
        }
        for (key, message) in &catalogue.messages {
            catalogue.check_message(key, message, &mut problems);
            if key.starts_with(OWN) {
                continue;
            }
            let Some(model) = reference.messages.get(key) else {
                problems.push(message.problem(key, format!("does not exist in \"{REFERENCE}\"")));
                continue;
            };
            let (used, wanted) = (catalogue.variables(key, message), reference.variables(key, model));
            for missing in wanted.difference(&used) {
                problems.push(message.problem(key, format!("does not use ${missing}, as \"{REFERENCE}\" does")));
            }
            for extra in used.difference(&wanted) {
                problems.push(message.problem(key, format!("uses ${extra}, which \"{REFERENCE}\" does not")));
            }
        }
        let mut called = BTreeSet::new();
        for message in catalogue.messages.values() {
            references(&message.pattern, &mut called);
        }
        for (key, message) in catalogue.messages.iter().filter(|(key, _)| key.starts_with(OWN)) {
            if !called.contains(*key) {
                problems.push(message.problem(key, "is a helper that no message uses".to_owned()));
            }
        }
        for (key, model) in &reference.messages {
            if !key.starts_with(OWN) && !catalogue.messages.contains_key(key) {
                problems.push(model.problem(key, format!("is missing in \"{}\"", catalogue.lang)));
            }
        }
    }
    problems
}

/// What of a tenant's wording can be layered over the shipped catalogue of its language, and what is wrong with the
/// rest. A message may leave a variable out, but may not ask for one that the shipped message does not have.
pub(crate) fn check_override(shipped: &[Source<'_>], own: Source<'_>) -> (String, Vec<Problem>) {
    let mut problems = Vec::new();
    let parsed: Vec<_> = shipped.iter().map(|source| (source, parse(source, &mut Vec::new()))).collect();
    let mut base = Catalogue::new(own.lang);
    for (source, resource) in &parsed {
        base.add(source, resource, &mut Vec::new());
    }
    let resource = parse(&own, &mut problems);
    let mut alone = Catalogue::new(own.lang);
    alone.add(&own, &resource, &mut problems);
    // Messages refer to each other across the layers.
    let mut layered = Catalogue { lang: own.lang, messages: base.messages.clone() };
    layered.messages.extend(alone.messages.iter().map(|(key, message)| (*key, message.clone())));

    let mut good = BTreeSet::new();
    for (key, message) in &alone.messages {
        let before = problems.len();
        layered.check_message(key, message, &mut problems);
        if !key.starts_with(OWN) {
            match base.messages.get(key) {
                None => problems.push(message.problem(key, "is no message of ours".to_owned())),
                Some(model) => {
                    let known = base.variables(key, model);
                    for extra in layered.variables(key, message).difference(&known) {
                        problems.push(message.problem(key, format!("uses ${extra}, which this message does not have")));
                    }
                }
            }
        }
        if problems.len() == before {
            good.insert(*key);
        }
    }
    let body = resource.body.iter().filter(|entry| match entry {
        Entry::Message(message) => good.contains(message.id.name),
        _ => false,
    });
    (serializer::serialize(&Resource { body: body.cloned().collect() }), problems)
}

/// Parses one file; what cannot be read becomes problems, the rest is returned.
fn parse<'a>(source: &Source<'a>, problems: &mut Vec<Problem>) -> Resource<&'a str> {
    match parser::parse(source.text) {
        Ok(resource) => resource,
        Err((resource, errors)) => {
            for error in errors {
                problems.push(Problem {
                    place: format!("{}:{}", source.file, line_of(source.text, error.pos.start)),
                    key: String::new(),
                    what: format!("cannot be read: {}", one_line(&error.kind.to_string())),
                });
            }
            resource
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The line (from 1) of a byte position.
fn line_of(text: &str, position: usize) -> usize {
    text.bytes().take(position).filter(|byte| *byte == b'\n').count() + 1
}

/// The messages of one language.
struct Catalogue<'a> {
    lang: &'a str,
    messages: BTreeMap<&'a str, Known<'a>>,
}

/// A message and where it stands.
#[derive(Clone)]
struct Known<'a> {
    place: String,
    pattern: Pattern<&'a str>,
}

impl Known<'_> {
    fn problem(&self, key: &str, what: String) -> Problem {
        Problem { place: self.place.clone(), key: key.to_owned(), what }
    }
}

impl<'a> Catalogue<'a> {
    fn new(lang: &'a str) -> Self {
        Self { lang, messages: BTreeMap::new() }
    }

    fn add(&mut self, source: &Source<'a>, resource: &Resource<&'a str>, problems: &mut Vec<Problem>) {
        for entry in &resource.body {
            let Entry::Message(Message { id, value, attributes, .. }) = entry else {
                if let Entry::Term(term) = entry {
                    let place = place_of(source, term.id.name);
                    let what = "is a term; helpers are messages whose names begin with \"own-\"".to_owned();
                    problems.push(Problem { place, key: term.id.name.to_owned(), what });
                }
                continue;
            };
            let place = place_of(source, id.name);
            let problem = |what: &str| Problem { place: place.clone(), key: id.name.to_owned(), what: what.to_owned() };
            if !attributes.is_empty() {
                problems.push(problem("has attributes, which nothing reads"));
            }
            let Some(pattern) = value.clone() else {
                problems.push(problem("has no text"));
                continue;
            };
            if self.messages.contains_key(id.name) {
                problems.push(problem("stands twice"));
                continue;
            }
            self.messages.insert(id.name, Known { place, pattern });
        }
    }

    /// The rules that concern one message alone.
    fn check_message(&self, key: &str, message: &Known<'_>, problems: &mut Vec<Problem>) {
        let mut say = |what: String| problems.push(message.problem(key, what));
        self.check_pattern(&message.pattern, &mut say);
        if self.stars(&message.pattern, 0).contains(&true) {
            say("opens bold (*) without closing it".to_owned());
        }
        if let Some(limit) = label_limit(key) {
            match self.length(&message.pattern, 0) {
                None => say("is a fixed label: it cannot hold a variable".to_owned()),
                Some(length) if length > limit => {
                    say(format!("is {length} characters long; at most {limit} fit on the button or row"));
                }
                Some(_) => {}
            }
        }
        if is_template(key) {
            if self.touches_edge(&message.pattern, true) || self.touches_edge(&message.pattern, false) {
                say("is a template: it may neither begin nor end with a variable".to_owned());
            }
            if has_line_break(&message.pattern) {
                say("is a template: write it as one paragraph".to_owned());
            }
        }
    }

    fn check_pattern(&self, pattern: &Pattern<&str>, say: &mut impl FnMut(String)) {
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => {
                    if let Some(bad) = value.chars().find(|c| *c != '\n' && is_invisible(*c)) {
                        say(format!("holds the invisible character U+{:04X}", u32::from(bad)));
                    }
                }
                PatternElement::Placeable { expression: Expression::Inline(inline) } => self.check_inline(inline, say),
                PatternElement::Placeable { expression: Expression::Select { selector, variants } } => {
                    let InlineExpression::VariableReference { id } = selector else {
                        say("selects by something that is not a variable".to_owned());
                        continue;
                    };
                    let keys: Vec<_> = variants.iter().map(|variant| (&variant.key, variant.default)).collect();
                    check_selector(self.lang, id.name, &keys, say);
                    for variant in variants {
                        self.check_pattern(&variant.value, say);
                    }
                }
            }
        }
    }

    fn check_inline(&self, inline: &InlineExpression<&str>, say: &mut impl FnMut(String)) {
        match inline {
            InlineExpression::MessageReference { id, attribute: None } if self.messages.contains_key(id.name) => {}
            InlineExpression::MessageReference { id, .. } => {
                say(format!("refers to \"{}\", which does not exist", id.name));
            }
            InlineExpression::TermReference { id, .. } => {
                say(format!("refers to the term \"-{}\"; use a message whose name begins with \"own-\"", id.name));
            }
            InlineExpression::FunctionReference { id, .. } if !FUNCTIONS.contains(&id.name) => {
                say(format!("calls {}(), which does not exist", id.name));
            }
            InlineExpression::Placeable { .. } => say("has braces within braces".to_owned()),
            _ => {}
        }
    }

    /// The variables that a message needs, through the messages it refers to, without those that are always there.
    fn variables(&self, key: &str, message: &Known<'_>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.collect(&message.pattern, &mut found, 0);
        // In a template the business is a blank like the others.
        found.retain(|name| !AMBIENT.contains(&name.as_str()) || (is_template(key) && name == "business"));
        found
    }

    fn collect(&self, pattern: &Pattern<&str>, found: &mut BTreeSet<String>, depth: usize) {
        for element in &pattern.elements {
            let PatternElement::Placeable { expression } = element else { continue };
            let inline = match expression {
                Expression::Inline(inline) => inline,
                Expression::Select { selector, variants } => {
                    for variant in variants {
                        self.collect(&variant.value, found, depth);
                    }
                    selector
                }
            };
            match inline {
                InlineExpression::VariableReference { id } => {
                    found.insert(id.name.to_owned());
                }
                InlineExpression::FunctionReference { arguments, .. } => {
                    for argument in &arguments.positional {
                        if let InlineExpression::VariableReference { id } = argument {
                            found.insert(id.name.to_owned());
                        }
                    }
                }
                InlineExpression::MessageReference { id, .. } if depth < 4 => {
                    if let Some(message) = self.messages.get(id.name) {
                        self.collect(&message.pattern, found, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    /// The longest a pattern can get, in UTF-16 units; `None` when it holds a variable.
    fn length(&self, pattern: &Pattern<&str>, depth: usize) -> Option<usize> {
        pattern.elements.iter().try_fold(0, |sum, element| {
            Some(
                sum + match element {
                    PatternElement::TextElement { value } => value.encode_utf16().count(),
                    PatternElement::Placeable { expression: Expression::Select { variants, .. } } => {
                        let lengths: Option<Vec<_>> = variants.iter().map(|it| self.length(&it.value, depth)).collect();
                        lengths?.into_iter().max().unwrap_or(0)
                    }
                    PatternElement::Placeable { expression: Expression::Inline(inline) } => match inline {
                        InlineExpression::StringLiteral { value } => {
                            unescape_unicode_to_string(value).encode_utf16().count()
                        }
                        InlineExpression::MessageReference { id, .. } if depth < 4 => {
                            self.length(&self.messages.get(id.name)?.pattern, depth + 1)?
                        }
                        _ => return None,
                    },
                },
            )
        })
    }

    /// Whether the number of stars can be odd (`true`) or even (`false`), over all variants.
    fn stars(&self, pattern: &Pattern<&str>, depth: usize) -> BTreeSet<bool> {
        let mut odd = BTreeSet::from([false]);
        for element in &pattern.elements {
            let these = match element {
                PatternElement::TextElement { value } => BTreeSet::from([value.matches('*').count() % 2 == 1]),
                PatternElement::Placeable { expression: Expression::Select { variants, .. } } => {
                    variants.iter().flat_map(|variant| self.stars(&variant.value, depth)).collect()
                }
                PatternElement::Placeable {
                    expression: Expression::Inline(InlineExpression::MessageReference { id, .. }),
                } if depth < 4 => match self.messages.get(id.name) {
                    Some(message) => self.stars(&message.pattern, depth + 1),
                    None => continue,
                },
                PatternElement::Placeable { .. } => continue,
            };
            odd = odd.iter().flat_map(|sum| these.iter().map(move |more| sum ^ more)).collect();
        }
        odd
    }

    /// Whether some variant of a pattern begins (or ends) with a variable.
    fn touches_edge(&self, pattern: &Pattern<&str>, start: bool) -> bool {
        let edge = if start { pattern.elements.first() } else { pattern.elements.last() };
        match edge {
            Some(PatternElement::Placeable { expression: Expression::Select { variants, .. } }) => {
                variants.iter().any(|variant| self.touches_edge(&variant.value, start))
            }
            Some(PatternElement::Placeable { expression: Expression::Inline(inline) }) => match inline {
                InlineExpression::MessageReference { id, .. } => {
                    self.messages.get(id.name).is_none_or(|message| self.touches_edge(&message.pattern, start))
                }
                InlineExpression::StringLiteral { .. } => false,
                _ => true,
            },
            _ => false,
        }
    }
}

fn place_of(source: &Source<'_>, key: &str) -> String {
    let start = format!("{key} =");
    let line = source.text.lines().position(|line| line.trim_start_matches('-').starts_with(&start));
    format!("{}:{}", source.file, line.map_or(1, |line| line + 1))
}

/// Whether a message is the text of a template (not a button of one, nor the word for an unknown name).
fn is_template(key: &str) -> bool {
    matches!(key, "template-reminder" | "template-booked" | "template-moved" | "template-cancelled")
}

/// How long a fixed label may be, in UTF-16 units: the strictest of the places it can stand in.
fn label_limit(key: &str) -> Option<usize> {
    if key.starts_with("key-") || key.starts_with("template-reminder-") {
        Some(20)
    } else if key.starts_with("section-") {
        Some(24)
    } else {
        None
    }
}

/// The messages that a pattern refers to.
fn references(pattern: &Pattern<&str>, found: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        match element {
            PatternElement::Placeable {
                expression: Expression::Inline(InlineExpression::MessageReference { id, .. }),
            } => {
                found.insert(id.name.to_owned());
            }
            PatternElement::Placeable { expression: Expression::Select { variants, .. } } => {
                variants.iter().for_each(|variant| references(&variant.value, found));
            }
            _ => {}
        }
    }
}

fn has_line_break(pattern: &Pattern<&str>) -> bool {
    pattern.elements.iter().any(|element| match element {
        PatternElement::TextElement { value } => value.contains('\n'),
        PatternElement::Placeable { expression: Expression::Select { variants, .. } } => {
            variants.iter().any(|variant| has_line_break(&variant.value))
        }
        PatternElement::Placeable { .. } => false,
    })
}

/// Control characters, direction marks and isolates, and spaces of no width: nothing that a sentence of ours needs.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{61c}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Checks the variants of one selector against what its variable can be.
fn check_selector(lang: &str, variable: &str, keys: &[(&VariantKey<&str>, bool)], say: &mut impl FnMut(String)) {
    let names = keys.iter().filter_map(|(key, _)| match key {
        VariantKey::Identifier { name } => Some(*name),
        VariantKey::NumberLiteral { .. } => None,
    });
    let is_code = |name: &str, length: usize| name.len() == length && name.bytes().all(|b| b.is_ascii_uppercase());
    let fits: &dyn Fn(&str) -> bool = match variable {
        "form" => &|name| matches!(name, "formal" | "informal"),
        "region" => &|name| name == "other" || is_code(name, 2),
        "currency" => &|name| name == "other" || is_code(name, 3),
        _ => {
            let needed = categories(lang);
            let used: BTreeSet<_> = names.collect();
            let other_only = used.iter().all(|name| *name == "other");
            if !other_only {
                for missing in needed.iter().filter(|name| !used.contains(**name)) {
                    say(format!("lacks the plural [{missing}] of ${variable}, which \"{lang}\" needs"));
                }
            }
            for extra in used.iter().filter(|name| !needed.contains(*name)) {
                say(format!("has [{extra}] for ${variable}, which \"{lang}\" never chooses"));
            }
            return;
        }
    };
    for name in names.filter(|name| !fits(name)) {
        say(format!("has [{name}] for ${variable}, which it never is"));
    }
}

/// The plural categories that whole numbers of everyday size have in a language, and `other`, Fluent's default.
fn categories(lang: &str) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::from(["other"]);
    let Some(rules) = lang
        .parse()
        .ok()
        .and_then(|id: unic_langid::LanguageIdentifier| PluralRules::create(id, PluralRuleType::CARDINAL).ok())
    else {
        return found;
    };
    for number in 0..=1000_u32 {
        if let Ok(category) = rules.select(number) {
            found.insert(match category {
                PluralCategory::ZERO => "zero",
                PluralCategory::ONE => "one",
                PluralCategory::TWO => "two",
                PluralCategory::FEW => "few",
                PluralCategory::MANY => "many",
                PluralCategory::OTHER => "other",
            });
        }
    }
    found
}

#[cfg(test)]
#[path = "check/tests.rs"]
mod tests;
