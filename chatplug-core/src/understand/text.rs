//! A message as tokens: folded words, numbers and emoji, with what stood between them.
//!
//! Folding is the same for messages, lexicons and catalogue names, so that they can be compared as they are. What a
//! token means is not decided here.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// How many characters of a message are read; the rest changes nothing that a booking needs.
const MAX_CHARS: usize = 2_000;
/// How many tokens of a message are looked at.
const MAX_TOKENS: usize = 300;

/// What kind of token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number,
    Emoji,
}

/// One word, number or emoji.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// Folded: lower case, no marks, Cyrillic loosened (see [`fold_char`]).
    pub(super) text: String,
    pub(super) kind: Kind,
    /// Value of a number; `None` for anything else and for numbers beyond any calendar.
    pub(super) number: Option<u32>,
    /// Punctuation between the previous token and this one; a space when there was none.
    pub(super) sep: char,
    /// No white space between the previous token and this one.
    pub(super) tight: bool,
    /// Began with a capital letter as written.
    pub(super) capital: bool,
    /// Written with Cyrillic letters.
    pub(super) cyrillic: bool,
    /// Lower-cased as written, with marks: evidence for the language.
    pub(super) marked: String,
}

impl Token {
    /// Number of digits as written.
    pub(super) fn digits(&self) -> usize {
        if self.kind == Kind::Number { self.text.len() } else { 0 }
    }
}

/// A message in tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) tokens: Vec<Token>,
    /// Holds a question mark.
    pub(super) question: bool,
    /// Holds an inverted question or exclamation mark.
    pub(super) inverted: bool,
    /// Punctuation after the last token.
    pub(super) tail: char,
}

impl Text {
    /// Reads a message; never fails.
    pub(super) fn read(message: &str) -> Self {
        let mut reader = Reader::default();
        for c in message.chars().take(MAX_CHARS) {
            if reader.out.tokens.len() >= MAX_TOKENS {
                break;
            }
            reader.push(c);
        }
        reader.flush();
        reader.out.tail = if reader.sep == '\0' { ' ' } else { reader.sep };
        reader.out
    }

    /// Token texts, for comparing phrases.
    pub(super) fn words(message: &str) -> Vec<String> {
        Self::read(message).tokens.into_iter().map(|token| token.text).collect()
    }
}

#[derive(Debug, Default)]
struct Reader {
    out: Text,
    word: String,
    marked: String,
    kind: Option<Kind>,
    capital: bool,
    sep: char,
    space: bool,
}

impl Reader {
    fn push(&mut self, c: char) {
        if invisible(c) {
            return;
        }
        // A mark on its own belongs to the letter before it and is folded away with it.
        if is_combining_mark(c) {
            if self.kind == Some(Kind::Word) {
                self.marked.push(c);
            }
            return;
        }
        if is_emoji(c) {
            self.start(Kind::Emoji);
            self.word.push(c);
            self.flush();
            return;
        }
        if matches!(c, '+' | '&' | '@') {
            self.flush();
            self.kind = Some(Kind::Word);
            self.word.push(c);
            self.flush();
            return;
        }
        let mut any = false;
        for part in std::iter::once(c).nfkc() {
            if part.is_numeric() && part.is_ascii_digit() {
                self.start(Kind::Number);
                self.word.push(part);
                any = true;
            } else if part.is_alphabetic() {
                self.start(Kind::Word);
                if self.word.is_empty() {
                    self.capital = part.is_uppercase();
                }
                self.marked.extend(part.to_lowercase());
                for base in std::iter::once(part).nfd().filter(|base| !is_combining_mark(*base)) {
                    for low in base.to_lowercase() {
                        fold_char(low, &mut self.word);
                    }
                }
                any = true;
            }
        }
        if !any {
            self.flush();
            if c.is_whitespace() {
                self.space = true;
            } else {
                self.punct(c);
            }
        }
    }

    fn punct(&mut self, c: char) {
        let c = match c {
            '’' | '‘' | '`' | '´' | 'ʼ' => '\'',
            '–' | '—' | '−' | '‑' => '-',
            other => other,
        };
        match c {
            '?' => self.out.question = true,
            '¿' | '¡' => self.out.inverted = true,
            _ => {}
        }
        // A sentence end outweighs the rest; otherwise the first mark stays.
        if self.sep == '\0' || matches!(c, '?' | '!' | ';') || (c == '.' && self.sep == ',') {
            self.sep = c;
        }
    }

    fn start(&mut self, kind: Kind) {
        if self.kind != Some(kind) || kind == Kind::Emoji {
            self.flush();
            self.kind = Some(kind);
        }
    }

    fn flush(&mut self) {
        let Some(kind) = self.kind.take() else { return };
        let word = std::mem::take(&mut self.word);
        let marked = std::mem::take(&mut self.marked);
        let capital = std::mem::take(&mut self.capital);
        if word.is_empty() {
            return;
        }
        let first = self.out.tokens.is_empty();
        let tight = !first && !self.space;
        let sep = if self.sep == '\0' { ' ' } else { self.sep };
        self.sep = '\0';
        self.space = false;
        let text = if kind == Kind::Word { squeeze(&word) } else { word };
        let number = if kind == Kind::Number && text.len() <= 6 { text.parse().ok() } else { None };
        let cyrillic = marked.chars().any(is_cyrillic);
        self.out.tokens.push(Token { text, kind, number, sep, tight, capital, cyrillic, marked });
    }
}

/// Adds a lower-case letter in its folded form. Cyrillic is loosened to what transliteration and hasty typing keep:
/// `ы` is `и`, `э` is `е`, the signs are dropped (`й` and `ё` lose their marks like every letter).
fn fold_char(c: char, out: &mut String) {
    match c {
        'ы' | 'і' => out.push('и'),
        'э' => out.push('е'),
        'ь' | 'ъ' => {}
        'œ' => out.push_str("oe"),
        'æ' => out.push_str("ae"),
        'ß' => out.push_str("ss"),
        'ø' => out.push('o'),
        'ı' => out.push('i'),
        other => out.push(other),
    }
}

/// Runs of three or more of a letter become one: "holaaa", "simmmm".
fn squeeze(word: &str) -> String {
    let chars: Vec<char> = word.chars().collect();
    let mut out = String::with_capacity(word.len());
    for run in chars.chunk_by(|a, b| a == b) {
        let keep = if run.len() >= 3 { 1 } else { run.len() };
        out.extend(run.iter().take(keep));
    }
    out
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{0400}'..='\u{052F}')
}

/// Zero width, directions, tags, the colour of a hand: it changes what is seen little or not at all.
pub(super) fn invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{20E3}' | '\u{E0020}'..='\u{E007F}')
}

fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{1F170}'..='\u{1F251}' | '\u{1F300}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' | '\u{2B50}' | '\u{2B55}')
}

/// A word in Latin letters read as Russian in transliteration, in folded Cyrillic.
pub(super) fn cyrillise(word: &str) -> String {
    const RULES: &[(&str, &str)] = &[
        ("shch", "щ"),
        ("sch", "щ"),
        ("sh", "ш"),
        ("ch", "ч"),
        ("zh", "ж"),
        ("kh", "х"),
        ("ts", "ц"),
        ("yu", "ю"),
        ("iu", "ю"),
        ("ju", "ю"),
        ("ya", "я"),
        ("ja", "я"),
        ("yo", "е"),
        ("jo", "е"),
        ("ye", "е"),
        ("je", "е"),
        ("a", "а"),
        ("b", "б"),
        ("c", "ц"),
        ("d", "д"),
        ("e", "е"),
        ("f", "ф"),
        ("g", "г"),
        ("h", "х"),
        ("i", "и"),
        ("j", "и"),
        ("k", "к"),
        ("l", "л"),
        ("m", "м"),
        ("n", "н"),
        ("o", "о"),
        ("p", "п"),
        ("q", "к"),
        ("r", "р"),
        ("s", "с"),
        ("t", "т"),
        ("u", "у"),
        ("v", "в"),
        ("w", "в"),
        ("x", "х"),
        ("y", "и"),
        ("z", "з"),
    ];
    let mut out = String::with_capacity(word.len() * 2);
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        if let Some((latin, cyrillic)) = RULES.iter().find(|(latin, _)| rest.starts_with(latin)) {
            out.push_str(cyrillic);
            rest = rest.get(latin.len()..).unwrap_or("");
        } else {
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or("");
        }
    }
    out
}

/// A folded Cyrillic word in Latin letters, for comparing names across alphabets.
pub(super) fn latinise(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        out.push_str(match c {
            'а' => "a",
            'б' => "b",
            'в' => "v",
            'г' => "g",
            'д' => "d",
            'е' => "e",
            'ж' => "zh",
            'з' => "z",
            'и' => "i",
            'к' => "k",
            'л' => "l",
            'м' => "m",
            'н' => "n",
            'о' => "o",
            'п' => "p",
            'р' => "r",
            'с' => "s",
            'т' => "t",
            'у' => "u",
            'ф' => "f",
            'х' => "h",
            'ц' => "ts",
            'ч' => "ch",
            'ш' => "sh",
            'щ' => "sch",
            'ю' => "yu",
            'я' => "ya",
            other => {
                out.push(other);
                continue;
            }
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_marks_case_and_alphabet() {
        assert_eq!(Text::words("Amanhã às 16H30, TERÇA-feira"), ["amanha", "as", "16", "h", "30", "terca", "feira"]);
        assert_eq!(Text::words("Ещё сёдня — пятый день"), ["еще", "седня", "пятии", "ден"]);
        assert_eq!(Text::words("holaaa c'est l’œil"), ["hola", "c", "est", "l", "oeil"]);
        assert_eq!(Text::words("👍🏽❤️ ok+1"), ["👍", "❤", "ok", "+", "1"]);
        assert_eq!(Text::words("e\u{301}lise \u{202e}abc\u{200b}d"), ["elise", "abcd"]);
    }

    #[test]
    fn keeps_what_stood_between() {
        let text = Text::read("14h-16h, 3:30?");
        let seps: Vec<(char, bool)> = text.tokens.iter().map(|t| (t.sep, t.tight)).collect();
        assert_eq!(seps, [(' ', false), (' ', true), ('-', true), (' ', true), (',', false), (':', true)]);
        assert!(text.question);
        assert_eq!(text.tail, '?');
    }

    #[test]
    fn transliterated_russian() {
        assert_eq!(cyrillise("zapishite"), "запишите");
        assert_eq!(cyrillise("manikyur"), "маникюр");
        assert_eq!(cyrillise("pozhaluista"), Text::words("пожалуйста").concat());
        assert_eq!(latinise(&Text::words("Дмитрий").concat()), "dmitrii");
    }
}
