//! The decision: pure, over what was written and what is remembered.

use super::{Lobby, Member, misfit::is_code};
use crate::{
    model::{Content, TenantId},
    understand,
};
use std::collections::BTreeSet;

/// What a choice in the menu comes back as, with the tenant's id behind it.
pub(crate) const TO: &str = "to:";
/// What asks for the other names, with the first one's place behind it.
pub(crate) const PAGE: &str = "page:";
/// A text asks for another business when it says so and not much else.
const FEW_WORDS: usize = 5;

/// A message with what must be known to tell whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'a> {
    /// What they sent.
    pub content: &'a Content,
    /// Whose message it answers: it quotes it, reacts to it, or was tapped on it.
    pub answers: Option<&'a TenantId>,
    /// Who has the message of theirs that it changes or takes back.
    pub amends: Option<&'a TenantId>,
    /// The business that they write to, while that holds.
    pub current: Option<&'a TenantId>,
    /// They have been silent there for a while.
    pub silent: bool,
    /// The names before them, in order; `None`: they were not asked.
    pub offered: Option<&'a [TenantId]>,
}

/// Whose a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'l> {
    /// This business's.
    To {
        /// Which.
        member: &'l Member,
        /// They write to it from now on.
        stays: bool,
        /// Why it is theirs.
        why: Why,
    },
    /// Nobody's: it is the choice of this business.
    Choice(&'l Member),
    /// They are to be asked. The message is held for whomever they choose, or is a wish to be asked.
    Ask {
        /// Held.
        hold: bool,
        /// First place on the page to show.
        from: usize,
    },
    /// Of everybody who knows them: they are called otherwise now.
    Everybody,
    /// It changes a message that may be waiting for a choice.
    Amend,
    /// Nobody's.
    Nothing,
}

/// Why a message is a business's, in the order in which it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It carries the business's code.
    Code,
    /// It answers a message of the business.
    Answer,
    /// It changes a message that the business has.
    Amends,
    /// It names the business, which is on the menu before them.
    Name,
    /// They wrote to it last.
    Last,
    /// It holds a keyword of this business alone.
    Keyword,
}

impl Why {
    /// In a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Answer => "answer",
            Self::Amends => "amends",
            Self::Name => "name",
            Self::Last => "last",
            Self::Keyword => "keyword",
        }
    }
}

/// What a text says of codes.
enum Code<'l> {
    None,
    Of(&'l Member),
    Unknown,
}

impl Lobby {
    /// Whose a message is: the first of these that holds. A choice in the menu; the code of a link; a wish for another
    /// business; an answer to a business's message; an answer to the menu; the last business; exactly one business's
    /// keyword. Else they are asked.
    #[must_use]
    pub fn decide(&self, heard: &Heard<'_>) -> Verdict<'_> {
        let current = heard.current.and_then(|tenant| self.member(tenant));
        let answers = heard.answers.and_then(|tenant| self.member(tenant));
        let detour = |member, why| Verdict::To { member, stays: false, why };
        let text = match heard.content {
            Content::Tap(tap) => match self.on_menu(&tap.id) {
                Some(verdict) => return verdict,
                None => None,
            },
            Content::IdentityChanged { .. } => return Verdict::Everybody,
            // An emoji on a message of nobody we know says nothing to anybody.
            Content::Reaction { .. } => return answers.map_or(Verdict::Nothing, |member| detour(member, Why::Answer)),
            Content::Edit { .. } | Content::Revoke { .. } => {
                let has = heard.amends.and_then(|tenant| self.member(tenant));
                return has.map_or(Verdict::Amend, |member| detour(member, Why::Amends));
            }
            Content::Text { body } => Some(body.reveal().as_str()),
            Content::Media(media) => media.caption.as_ref().map(|caption| caption.reveal().as_str()),
            _ => None,
        };
        let text = text.unwrap_or_default();
        match self.code(text) {
            Code::Of(member) => return Verdict::To { member, stays: true, why: Why::Code },
            Code::Unknown => return Verdict::Ask { hold: true, from: 0 },
            Code::None => {}
        }
        let words = understand::words(text);
        if words.len() <= FEW_WORDS && self.others.iter().any(|phrase| holds(&words, phrase)) {
            return Verdict::Ask { hold: false, from: 0 };
        }
        if let Some(member) = answers {
            let same = current.is_none_or(|current| current.tenant == member.tenant);
            let stays = same || heard.silent || heard.offered.is_some();
            return Verdict::To { member, stays, why: Why::Answer };
        }
        if let Some(offered) = heard.offered {
            return self.before_the_menu(&words, offered);
        }
        if let Some(member) = current {
            return Verdict::To { member, stays: true, why: Why::Last };
        }
        match self.by_keyword(&words) {
            Some(member) => Verdict::To { member, stays: true, why: Why::Keyword },
            None => Verdict::Ask { hold: true, from: 0 },
        }
    }

    /// A tap on the menu; `None`: it was on something else.
    fn on_menu(&self, id: &str) -> Option<Verdict<'_>> {
        if let Some(from) = id.strip_prefix(PAGE) {
            return Some(Verdict::Ask { hold: false, from: from.parse().unwrap_or(0) });
        }
        let tenant = id.strip_prefix(TO)?;
        // On an old menu stand some who have left.
        let member = self.members.iter().find(|member| member.tenant.as_str() == tenant);
        Some(member.map_or(Verdict::Ask { hold: false, from: 0 }, Verdict::Choice))
    }

    /// The code in a text: `#` and a code, anywhere in it.
    fn code(&self, text: &str) -> Code<'_> {
        let mut found = Code::None;
        for part in
            text.split(|c: char| c.is_whitespace() || matches!(c, '.' | ',' | '!' | '?' | '(' | ')' | '[' | ']'))
        {
            let Some(code) = part.strip_prefix('#').map(str::to_lowercase).filter(|code| is_code(code)) else {
                continue;
            };
            match self.members.iter().find(|member| member.code.as_deref() == Some(code.as_str())) {
                Some(member) => return Code::Of(member),
                None => found = Code::Unknown,
            }
        }
        found
    }

    /// An answer to the menu in words: a number, a name, a keyword.
    fn before_the_menu(&self, words: &[String], offered: &[TenantId]) -> Verdict<'_> {
        if let [number] = words
            && let Ok(number) = number.parse::<usize>()
            && let Some(tenant) = number.checked_sub(1).and_then(|at| offered.get(at))
            && let Some(member) = self.member(tenant)
        {
            return Verdict::Choice(member);
        }
        let named = self.members.iter().zip(&self.names).filter(|(_, name)| holds(words, name));
        let named: Vec<(&Member, &Vec<String>)> = named.collect();
        // "Bella Nails" names Bella as well, and means the other; "Bella or Norte" means neither.
        let longest = named.iter().max_by_key(|(_, name)| name.len());
        match longest.filter(|(_, longest)| named.iter().all(|(_, name)| holds(longest, name))) {
            Some((member, name)) if name.len() == words.len() => Verdict::Choice(member),
            Some((member, _)) => Verdict::To { member, stays: true, why: Why::Name },
            None => match self.by_keyword(words) {
                Some(member) => Verdict::To { member, stays: true, why: Why::Keyword },
                None => Verdict::Ask { hold: true, from: 0 },
            },
        }
    }

    /// The one member of whom a text holds a keyword.
    fn by_keyword(&self, words: &[String]) -> Option<&Member> {
        let mut fitting = BTreeSet::new();
        for (at, keywords) in self.keywords.iter().enumerate() {
            if keywords.iter().any(|keyword| holds(words, keyword)) {
                fitting.insert(at);
            }
        }
        match (fitting.len(), fitting.first()) {
            (1, Some(at)) => self.members.get(*at),
            _ => None,
        }
    }
}

/// Whether words hold a phrase, whole and in a row.
fn holds(words: &[String], phrase: &[String]) -> bool {
    !phrase.is_empty() && words.windows(phrase.len()).any(|some| some == phrase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        lobby::DEFAULT_STICKY,
        model::{MessageId, Tap, TapKind},
        reply::Words,
    };
    use rstest::rstest;

    fn lobby() -> Lobby {
        let member = |id: &str, name: &str, code: Option<&str>, keywords: &[&str]| Member {
            tenant: id.parse().unwrap(),
            channel: "town".parse().unwrap(),
            name: name.to_owned(),
            code: code.map(str::to_owned),
            keywords: keywords.iter().map(|word| (*word).to_owned()).collect(),
        };
        let members = vec![
            member("bella", "Bella", Some("bella"), &["haircut", "cabelo"]),
            member("nails", "Bella Nails", Some("nails-2"), &["manicure", "gel nails"]),
            member("norte", "Clínica Norte", None, &["dentist", "зубной"]),
        ];
        Lobby::new(members, DEFAULT_STICKY, &Words::shipped()).unwrap()
    }

    fn tenant(id: &str) -> TenantId {
        id.parse().unwrap()
    }

    fn text(text: &str) -> Content {
        Content::Text { body: text.to_owned().into() }
    }

    fn heard<'a>(content: &'a Content, current: Option<&'a TenantId>) -> Heard<'a> {
        Heard { content, answers: None, amends: None, current, silent: false, offered: None }
    }

    /// `bella`, `bella!` when it does not stay, `=bella` for a choice, `ask`, `show` when nothing is held.
    fn word(verdict: Verdict<'_>) -> String {
        match verdict {
            Verdict::To { member, stays, why } => {
                format!("{}{} {}", member.tenant, if stays { "" } else { "!" }, why.word())
            }
            Verdict::Choice(member) => format!("={}", member.tenant),
            Verdict::Ask { hold: true, .. } => "ask".to_owned(),
            Verdict::Ask { hold: false, from } => format!("show {from}"),
            other => format!("{other:?}").to_lowercase(),
        }
    }

    #[rstest]
    #[case::code("Hi, I'd like to book #bella", "bella code")]
    #[case::code_as_typed("#Nails-2!", "nails code")]
    #[case::code_with_keywords_of_another("dentist? #bella", "bella code")]
    #[case::unknown_code("Hello #closed-shop", "ask")]
    #[case::known_beats_unknown("#closed-shop #bella", "bella code")]
    #[case::no_code_is_a_number("we are #1", "ask")]
    #[case::no_code_without_its_sign("bella", "ask")]
    #[case::keyword("I need a haircut", "bella keyword")]
    #[case::keyword_of_two_words("Gel nails, please", "nails keyword")]
    #[case::half_a_keyword("nails please", "ask")]
    #[case::part_of_a_word("haircuts", "ask")]
    #[case::keyword_with_marks("Зубной врач", "norte keyword")]
    #[case::keywords_of_two("haircut and manicure", "ask")]
    #[case::nothing("hello", "ask")]
    #[case::empty("", "ask")]
    #[case::another("other business", "show 0")]
    fn who_wrote_to_nobody_yet(#[case] message: &str, #[case] expected: &str) {
        assert_eq!(word(lobby().decide(&heard(&text(message), None))), expected);
    }

    #[rstest]
    #[case::goes_on("hello", "norte last")]
    #[case::keyword_of_another("haircut", "norte last")]
    #[case::code_of_another("#bella", "bella code")]
    #[case::unknown_code("#closed-shop", "ask")]
    #[case::its_own_menu("menu", "norte last")]
    #[case::another("I want another business", "show 0")]
    #[case::another_in_portuguese("Outra empresa, por favor", "show 0")]
    #[case::another_in_spanish("otro negocio", "show 0")]
    #[case::another_in_french("changer d'établissement", "show 0")]
    #[case::another_in_russian("Другая организация", "show 0")]
    #[case::much_besides("my husband has another business in town and comes too", "norte last")]
    fn who_writes_to_somebody(#[case] message: &str, #[case] expected: &str) {
        assert_eq!(word(lobby().decide(&heard(&text(message), Some(&tenant("norte"))))), expected);
    }

    #[rstest]
    #[case::number("2", "=bella")]
    #[case::number_of_nothing("4", "ask")]
    #[case::zero("0", "ask")]
    #[case::name("clinica norte", "=norte")]
    #[case::the_shorter_name("Bella", "=bella")]
    #[case::the_longer_name("bella nails", "=nails")]
    #[case::name_and_a_wish("Bella Nails, tomorrow at 5", "nails name")]
    #[case::two_names("bella or clínica norte", "ask")]
    #[case::keyword("a haircut", "bella keyword")]
    #[case::code("#nails-2", "nails code")]
    #[case::something_else("what?", "ask")]
    #[case::again("other business", "show 0")]
    fn who_was_asked(#[case] message: &str, #[case] expected: &str) {
        let offered = ["norte", "bella", "nails"].map(tenant);
        let current = tenant("norte");
        let content = text(message);
        let heard = Heard { offered: Some(&offered), ..heard(&content, Some(&current)) };
        assert_eq!(word(lobby().decide(&heard)), expected);
    }

    #[test]
    fn a_tap_on_the_menu_is_a_choice_and_on_an_old_one_a_question() {
        let tap = |id: &str| Content::Tap(Tap { id: id.to_owned(), title: "x".to_owned(), on: TapKind::Row });
        let current = tenant("norte");
        for (id, expected) in
            [("to:bella", "=bella"), ("to:gone", "show 0"), ("page:9", "show 9"), ("v1:3:1", "norte last")]
        {
            assert_eq!(word(lobby().decide(&heard(&tap(id), Some(&current)))), expected, "{id}");
        }
        assert_eq!(word(lobby().decide(&heard(&tap("v1:3:1"), None))), "ask");
    }

    #[rstest]
    #[case::with_nobody_yet(None, false, false, "bella answer")]
    #[case::of_the_same(Some("bella"), false, false, "bella answer")]
    #[case::while_busy_elsewhere(Some("norte"), false, false, "bella! answer")]
    #[case::long_after(Some("norte"), true, false, "bella answer")]
    #[case::before_the_menu(Some("norte"), false, true, "bella answer")]
    fn an_answer_is_whose_message_it_answers(
        #[case] current: Option<&str>,
        #[case] silent: bool,
        #[case] asked: bool,
        #[case] expected: &str,
    ) {
        let (content, bella, current) = (text("yes, I will come"), tenant("bella"), current.map(tenant));
        let offered = [tenant("norte")];
        let heard = Heard {
            answers: Some(&bella),
            silent,
            offered: asked.then_some(&offered),
            ..heard(&content, current.as_ref())
        };
        assert_eq!(word(lobby().decide(&heard)), expected);
    }

    #[test]
    fn reactions_and_changes_follow_what_they_are_about() {
        let (norte, bella) = (tenant("norte"), tenant("bella"));
        let id = MessageId::new("m").unwrap();
        let reaction = Content::Reaction { target: id.clone(), emoji: Some("👍".to_owned()) };
        let on = |content, answers, amends| {
            word(lobby().decide(&Heard { answers, amends, silent: true, ..heard(content, Some(&norte)) }))
        };
        assert_eq!(on(&reaction, Some(&bella), None), "bella! answer");
        assert_eq!(on(&reaction, None, None), "nothing");
        let revoke = Content::Revoke { original: id };
        assert_eq!(on(&revoke, None, Some(&bella)), "bella! amends");
        assert_eq!(on(&revoke, None, None), "amend");
        let moved = Content::IdentityChanged { new: crate::model::ChannelUser::default() };
        assert_eq!(on(&moved, None, None), "everybody");
    }

    #[test]
    fn members_that_cannot_be_told_apart_are_named() {
        let member = |id: &str, name: &str, code: &str, keyword: &str| Member {
            tenant: tenant(id),
            channel: "town".parse().unwrap(),
            name: name.to_owned(),
            code: Some(code.to_owned()),
            keywords: vec![keyword.to_owned()],
        };
        let members = vec![
            member("a", "Bella", "bella", "cut"),
            member("a", "Bella", "bella", "cut"),
            member("b", "bella!", "bella", "Cut"),
            member("c", "…", "No Code", " "),
        ];
        let wrong = Lobby::new(members, DEFAULT_STICKY, &Words::shipped()).unwrap_err();
        let told: Vec<String> = wrong.iter().map(|misfit| format!("{} {}", misfit.member, misfit.kind)).collect();
        assert_eq!(told.len(), 7, "{told:#?}");
        for (at, part) in [
            (0, "1 `a` is a member already"),
            (1, "2 `bella!` is the name of a"),
            (2, "2 `bella` is the code of a"),
            (3, "2 `Cut` is a keyword of a"),
            (4, "3 `…` is no name"),
            (5, "3 `No Code` is no code"),
            (6, "3 ` ` is no word"),
        ] {
            assert!(told[at].starts_with(part), "{}", told[at]);
        }
        assert!(Lobby::new(Vec::new(), DEFAULT_STICKY, &Words::shipped()).is_err());
    }
}
