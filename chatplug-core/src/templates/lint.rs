//! What is wrong with templates before anybody is asked: what no provider would take, and what would cost more than it
//! should. Pure; every finding has a name, says where, and what to do.

use crate::{
    model::{Lang, Policy},
    ports::{TemplateCategory, TemplateDraft},
    reply::Words,
};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::OnceLock,
};

/// Longest body, in UTF-16 units: Meta's limit, and that of Twilio's texts with buttons.
const BODY: usize = 1024;
/// Longest label: Twilio's pages say 20 and 25, Meta's say 25.
const LABEL: usize = 20;
/// Most quick replies.
const BUTTONS: usize = 10;
/// Longest name.
const NAME: usize = 512;
/// Seconds that a utility template may live.
const LIVES: std::ops::RangeInclusive<u32> = 30..=43_200;
/// Room that values take at least: a template that leaves less cannot be filled in.
const ROOM: usize = 4 * 40;

/// What can be wrong with a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    /// There is no text.
    EmptyText,
    /// A blank has no example, or an empty one.
    EmptyVariable,
    /// The text begins with a blank.
    LeadingVariable,
    /// The text ends with a blank.
    TrailingVariable,
    /// Two blanks stand side by side.
    AdjacentVariables,
    /// The blanks are not 1, 2, 3 … each of them there.
    Numbering,
    /// Too few fixed words for so many blanks.
    TooFewWords,
    /// The text is too long.
    TooLong,
    /// Line breaks, tabs or runs of spaces.
    Spacing,
    /// A button has no label.
    EmptyLabel,
    /// A label is too long for its button.
    LongLabel,
    /// Two labels are the same.
    SameLabel,
    /// More buttons than fit.
    TooManyButtons,
    /// A name that providers refuse.
    Name,
    /// A time to live that providers refuse.
    TimeToLive,
    /// A language that the tenant needs has no template.
    MissingLanguage,
    /// A word of advertising in a message about a visit.
    MarketingWord,
}

impl Fault {
    /// Its name, as the program and its manual call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EmptyText => "empty-text",
            Self::EmptyVariable => "empty-variable",
            Self::LeadingVariable => "leading-variable",
            Self::TrailingVariable => "trailing-variable",
            Self::AdjacentVariables => "adjacent-variables",
            Self::Numbering => "variable-numbering",
            Self::TooFewWords => "too-few-words",
            Self::TooLong => "text-too-long",
            Self::Spacing => "spacing",
            Self::EmptyLabel => "empty-label",
            Self::LongLabel => "label-too-long",
            Self::SameLabel => "same-label",
            Self::TooManyButtons => "too-many-buttons",
            Self::Name => "name",
            Self::TimeToLive => "time-to-live",
            Self::MissingLanguage => "missing-language",
            Self::MarketingWord => "marketing-word",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::EmptyText => "write the message",
            Self::EmptyVariable => "give the variable something to show",
            Self::LeadingVariable => "begin with a word",
            Self::TrailingVariable => "end with a word or a full stop after the variable's sentence",
            Self::AdjacentVariables => "put words between the variables",
            Self::Numbering => "use every variable of the declaration once, and no other",
            Self::TooFewWords => "say more around the variables: at least twice as many words as variables, and one",
            Self::TooLong => "shorten it",
            Self::Spacing => "write it as one paragraph with single spaces",
            Self::EmptyLabel => "write the label",
            Self::LongLabel => "shorten the label",
            Self::SameLabel => "tell the buttons apart",
            Self::TooManyButtons => "leave some out",
            Self::Name => "use a-z, 0-9 and _ only, at most 512 of them: see `template_prefix`",
            Self::TimeToLive => "use 30 to 43200 seconds, or none",
            Self::MissingLanguage => "add the language to `template_languages`, or take it out where it is not spoken",
            Self::MarketingWord => "say it without advertising, or the provider moves it to marketing",
        }
    }
}

/// Something wrong with one template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub fault: Fault,
    /// Of which meaning; empty for all.
    pub meaning: String,
    /// In which language.
    pub lang: Lang,
    /// What exactly: the word, the label, how long it is.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, meaning, lang, what } = self;
        let meaning = if meaning.is_empty() { "every template" } else { meaning };
        write!(f, "{}: {meaning} in {lang}: {what}; {}", fault.name(), fault.advice())
    }
}

/// Everything that is wrong with these drafts, in their order.
#[must_use]
pub fn lint(drafts: &[TemplateDraft]) -> Vec<Finding> {
    let mut found = Vec::new();
    for draft in drafts {
        let mut say = |fault: Fault, what: String| {
            found.push(Finding { fault, meaning: draft.meaning.clone(), lang: draft.lang, what });
        };
        text(draft, &mut say);
        buttons(draft, &mut say);
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if draft.name.is_empty() || draft.name.len() > NAME || !draft.name.bytes().all(fits) {
            say(Fault::Name, format!("the name is \"{}\"", draft.name));
        }
        if let Some(seconds) = draft.time_to_live.filter(|seconds| !LIVES.contains(seconds)) {
            say(Fault::TimeToLive, format!("it lives {seconds} seconds"));
        }
        if draft.category == TemplateCategory::Utility {
            let labels = draft.buttons.iter().map(String::as_str);
            for word in labels.chain([draft.body.as_str()]).flat_map(|text| marketing(draft.lang, text)) {
                say(Fault::MarketingWord, format!("\"{word}\" sounds like advertising"));
            }
        }
    }
    found
}

/// Languages that a tenant needs and has no templates in.
#[must_use]
pub fn missing(words: &Words, policy: &Policy) -> Vec<Finding> {
    let langs = super::languages(policy);
    let finding = |lang: Lang, what: &str| Finding {
        fault: Fault::MissingLanguage,
        meaning: String::new(),
        lang,
        what: what.to_owned(),
    };
    let mut found = Vec::new();
    for lang in langs.iter().filter(|lang| !words.speaks(**lang)) {
        found.push(finding(*lang, "it is not spoken here, so it has no texts"));
    }
    if !langs.contains(&policy.language) {
        found.push(finding(policy.language, "the business's own language has no templates"));
    }
    found
}

fn text(draft: &TemplateDraft, say: &mut impl FnMut(Fault, String)) {
    let body = draft.body.as_str();
    if body.trim().is_empty() {
        return say(Fault::EmptyText, "there is no text".to_owned());
    }
    let pieces = pieces(body);
    let numbers: Vec<usize> = pieces.iter().filter_map(|piece| piece.blank()).collect();
    let is_blank = |piece: Option<&Piece<'_>>| piece.is_some_and(|piece| piece.blank().is_some());
    let said: Vec<_> =
        pieces.iter().filter(|piece| !matches!(piece, Piece::Words(words) if !has_word(words))).collect();
    if is_blank(said.first().copied()) {
        say(Fault::LeadingVariable, "it begins with a variable".to_owned());
    }
    // Punctuation after the last variable does not count: providers want a word.
    if is_blank(pieces.last()) {
        say(Fault::TrailingVariable, "it ends with a variable".to_owned());
    }
    if said.windows(2).any(|pair| pair.iter().all(|piece| piece.blank().is_some())) && adjacent(&pieces) {
        say(Fault::AdjacentVariables, "two variables stand side by side".to_owned());
    }
    let distinct: BTreeSet<usize> = numbers.iter().copied().collect();
    let wanted: BTreeSet<usize> = (1..=draft.examples.len()).collect();
    if distinct != wanted {
        let list = |set: &BTreeSet<usize>| set.iter().map(|n| format!("{{{{{n}}}}}")).collect::<Vec<_>>().join(" ");
        say(Fault::Numbering, format!("its variables are {}, declared are {}", list(&distinct), list(&wanted)));
    }
    for (n, example) in (1..).zip(&draft.examples) {
        if example.trim().is_empty() || example == "–" {
            say(Fault::EmptyVariable, format!("variable {{{{{n}}}}} is empty"));
        }
    }
    let words: usize = pieces.iter().map(|piece| if let Piece::Words(words) = piece { count(words) } else { 0 }).sum();
    if !distinct.is_empty() && words < 2 * distinct.len() + 1 {
        say(Fault::TooFewWords, format!("{words} words around {} variables", distinct.len()));
    }
    let length = body.encode_utf16().count();
    if length + ROOM > BODY {
        say(Fault::TooLong, format!("it has {length} characters, and with its variables at most {BODY} fit"));
    }
    if body.contains(['\n', '\r', '\t']) || body.contains("  ") || body.trim() != body {
        say(Fault::Spacing, "it has line breaks, tabs or runs of spaces".to_owned());
    }
}

fn buttons(draft: &TemplateDraft, say: &mut impl FnMut(Fault, String)) {
    if draft.buttons.len() > BUTTONS {
        say(Fault::TooManyButtons, format!("{} buttons; at most {BUTTONS} fit", draft.buttons.len()));
    }
    let mut seen = BTreeSet::new();
    for label in &draft.buttons {
        let length = label.encode_utf16().count();
        if label.trim().is_empty() {
            say(Fault::EmptyLabel, "a button has no label".to_owned());
        } else if length > LABEL {
            say(Fault::LongLabel, format!("\"{label}\" has {length} characters; at most {LABEL} fit"));
        }
        if !seen.insert(label.trim().to_lowercase()) {
            say(Fault::SameLabel, format!("\"{label}\" stands on two buttons"));
        }
    }
}

/// A stretch of a template's text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Words(&'t str),
    Blank(usize),
}

impl Piece<'_> {
    const fn blank(&self) -> Option<usize> {
        match self {
            Self::Blank(number) => Some(*number),
            Self::Words(_) => None,
        }
    }
}

/// Cuts a text at its blanks.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let blank = after.split_once("}}").and_then(|(number, rest)| Some((number.parse().ok()?, rest)));
        if !before.is_empty() {
            pieces.push(Piece::Words(before));
        }
        let Some((number, after)) = blank else {
            pieces.push(Piece::Words(after));
            return pieces;
        };
        pieces.push(Piece::Blank(number));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Words(rest));
    }
    pieces
}

/// Whether two blanks have nothing between them, or nothing but space.
fn adjacent(pieces: &[Piece<'_>]) -> bool {
    let said = pieces.iter().filter(|piece| !matches!(piece, Piece::Words(words) if words.trim().is_empty()));
    let said: Vec<_> = said.collect();
    said.windows(2).any(|pair| pair.iter().all(|piece| piece.blank().is_some()))
}

fn has_word(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

fn count(text: &str) -> usize {
    text.split_whitespace().filter(|word| has_word(word)).count()
}

/// Words of advertising in a text, each once, as they are listed.
fn marketing(lang: Lang, text: &str) -> BTreeSet<&'static str> {
    static LISTS: OnceLock<BTreeMap<Lang, Vec<String>>> = OnceLock::new();
    let lists = LISTS.get_or_init(|| read().unwrap_or_default());
    let words = words_of(text);
    let listed = lists.get(&lang).into_iter().flatten();
    listed.filter(|entry| stands_in(entry, &words)).map(String::as_str).collect()
}

fn read() -> Result<BTreeMap<Lang, Vec<String>>, toml::de::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Lists(BTreeMap<Lang, Vec<String>>);
    toml::from_str::<Lists>(include_str!("../../templates/marketing.toml")).map(|lists| lists.0)
}

fn words_of(text: &str) -> Vec<String> {
    let apart = |c: char| !c.is_alphanumeric() && c != '\'' && c != '’';
    text.split(apart).filter(|word| !word.is_empty()).map(|word| word.to_lowercase().replace('’', "'")).collect()
}

fn stands_in(entry: &str, words: &[String]) -> bool {
    let wanted: Vec<&str> = entry.split(' ').collect();
    let fits = |(wanted, word): (&&str, &String)| match wanted.strip_suffix('*') {
        Some(beginning) => word.starts_with(beginning),
        None => word == wanted,
    };
    words.windows(wanted.len()).any(|window| wanted.iter().zip(window).all(fits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::ChannelLimits,
        model::Formality,
        reply::RenderContext,
        templates::{languages, wanted},
    };

    fn draft(body: &str) -> TemplateDraft {
        TemplateDraft {
            meaning: "booked".into(),
            lang: Lang::EN,
            name: "visit_booked".into(),
            locale: "en".into(),
            category: TemplateCategory::Utility,
            body: body.into(),
            examples: vec!["Haircut".into(), "Friday".into()],
            buttons: Vec::new(),
            time_to_live: None,
        }
    }

    fn faults(draft: &TemplateDraft) -> Vec<&'static str> {
        lint(std::slice::from_ref(draft)).iter().map(|finding| finding.fault.name()).collect()
    }

    const GOOD: &str = "It is booked: {{1}}, on {{2}}. See you then!";

    #[test]
    fn texts_that_no_provider_takes_are_found_by_name() {
        assert_eq!(faults(&draft(GOOD)), [""; 0]);
        for (body, fault) in [
            ("  ", "empty-text"),
            ("{{1}} is booked for you, on {{2}}. See you then!", "leading-variable"),
            ("*{{1}}* is booked for you, on {{2}}. See you then!", "leading-variable"),
            ("It is booked for you: {{1}}, on {{2}}", "trailing-variable"),
            ("It is booked for you now: {{1}} {{2}}. See you then!", "adjacent-variables"),
            ("It is booked for you: {{1}}. See you then, dear!", "variable-numbering"),
            ("It is booked for you: {{1}}, on {{2}} by {{3}}. See you then!", "variable-numbering"),
            ("Booked: {{1}}, {{2}}. Bye!", "too-few-words"),
            ("It is booked:\n{{1}}, on {{2}}. See you then!", "spacing"),
            ("It is booked with a discount: {{1}}, on {{2}}. See you then!", "marketing-word"),
            ("It is booked. Don’t miss {{1}}, on {{2}}. See you then!", "marketing-word"),
        ] {
            assert_eq!(faults(&draft(body)), [fault], "{body}");
        }
        let long = format!("It is booked: {{{{1}}}}, on {{{{2}}}}. {}", "See you then! ".repeat(70).trim());
        assert_eq!(faults(&draft(&long)), ["text-too-long"]);
    }

    #[test]
    fn the_rest_of_a_template_is_looked_at_too() {
        let good = draft(GOOD);
        let with = |change: &dyn Fn(&mut TemplateDraft)| {
            let mut changed = good.clone();
            change(&mut changed);
            faults(&changed)
        };
        assert_eq!(with(&|draft| draft.examples[0].clear()), ["empty-variable"]);
        assert_eq!(with(&|draft| draft.buttons = vec![" ".into()]), ["empty-label"]);
        assert_eq!(with(&|draft| draft.buttons = vec!["x".repeat(21)]), ["label-too-long"]);
        assert_eq!(with(&|draft| draft.buttons = vec!["Yes".into(), "yes".into()]), ["same-label"]);
        assert_eq!(with(&|draft| draft.buttons = (0..11).map(|n| n.to_string()).collect()), ["too-many-buttons"]);
        assert_eq!(with(&|draft| draft.name = "Visit".into()), ["name"]);
        assert_eq!(with(&|draft| draft.time_to_live = Some(43_201)), ["time-to-live"]);
        // What is meant as advertising may be.
        let offer =
            TemplateDraft { category: TemplateCategory::Marketing, ..draft(&GOOD.replace("booked", "on offer")) };
        assert_eq!(faults(&offer), [""; 0]);
    }

    #[test]
    fn words_are_words_and_not_parts_of_others() {
        assert_eq!(marketing(Lang::EN, "The salesman saw a wholesale deal-breaker").len(), 1, "\"deal\" stands alone");
        assert!(marketing(Lang::EN, "Your friend Winston offered help").is_empty());
        assert_eq!(marketing(Lang::PT, "Descontos e PROMOÇÕES").len(), 2);
        assert_eq!(marketing(Lang::RU, "Только сегодня скидка").len(), 2);
        assert_eq!(marketing(Lang::FR, "Bon d’achat").len(), 1);
    }

    #[test]
    fn languages_without_templates_are_told() {
        let words = Words::shipped();
        let italian: Lang = "it".parse().unwrap();
        let told = |policy: Policy| -> Vec<Lang> { missing(&words, &policy).iter().map(|found| found.lang).collect() };
        assert_eq!(told(Policy::default()), []);
        let policy = Policy { language: Lang::PT, template_languages: vec![Lang::EN, italian], ..Policy::default() };
        assert_eq!(languages(&policy), [Lang::EN, italian]);
        assert_eq!(told(policy), [italian, Lang::PT]);
    }

    #[test]
    fn every_language_has_its_list_of_words() {
        let lists = read().unwrap();
        for lang in Words::shipped().languages() {
            assert!(lists.get(&lang).is_some_and(|list| list.len() > 20), "{lang}");
        }
        for word in lists.values().flatten() {
            assert_eq!(*word, word.to_lowercase(), "small letters");
        }
    }

    #[test]
    fn what_is_shipped_is_clean_in_every_manner() {
        let words = Words::shipped();
        let limits = ChannelLimits::whatsapp();
        let langs: Vec<Lang> = words.languages().collect();
        for (country, formality) in ["", "BR", "PT", "MX", "ES", "FR", "RU"]
            .iter()
            .flat_map(|c| [(c, Formality::Formal), (c, Formality::Informal)])
        {
            let context = RenderContext { country, formality, business: "Studio Bella", client: None, limits: &limits };
            let drafts = wanted(&words, &langs, &context, "visit_");
            assert_eq!(drafts.len(), langs.len() * crate::templates::all().len());
            let found: Vec<_> = lint(&drafts).iter().map(ToString::to_string).collect();
            assert!(found.is_empty(), "{country}: {found:#?}");
        }
    }
}
