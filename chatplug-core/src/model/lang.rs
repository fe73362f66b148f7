//! Languages, and texts that exist in several of them.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// A language by its two-letter ISO 639-1 code, lower case: `pt`, `en`, `es`, `fr`, `ru`.
///
/// Which languages exist is decided by the folders of `locales/`, not by this type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lang([u8; 2]);

/// A text that is not a two-letter language code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a two-letter language code such as \"pt\"")]
pub struct LangError(String);

impl Lang {
    /// English, the language of last resort.
    pub const EN: Self = Self(*b"en");
    /// Spanish.
    pub const ES: Self = Self(*b"es");
    /// French.
    pub const FR: Self = Self(*b"fr");
    /// Portuguese.
    pub const PT: Self = Self(*b"pt");
    /// Russian.
    pub const RU: Self = Self(*b"ru");

    /// The code as text.
    #[must_use]
    pub fn code(&self) -> &str {
        // Only ASCII letters get in, see `from_str`.
        std::str::from_utf8(&self.0).unwrap_or("en")
    }
}

impl FromStr for Lang {
    type Err = LangError;

    /// Reads `pt`, and the language of a tag such as `pt-BR` or `pt_BR`.
    fn from_str(text: &str) -> Result<Self, LangError> {
        let primary = text.split(['-', '_']).next().unwrap_or(text);
        match primary.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Self([a.to_ascii_lowercase(), b.to_ascii_lowercase()]))
            }
            _ => Err(LangError(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Lang {
    type Error = LangError;
    fn try_from(text: String) -> Result<Self, LangError> {
        text.parse()
    }
}

impl From<Lang> for String {
    fn from(lang: Lang) -> Self {
        lang.code().to_owned()
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A text of the business in its main wording, with translations where the business gave them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Localized {
    /// The wording used for every language without a translation.
    pub main: String,
    /// Translations by language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_lang: BTreeMap<Lang, String>,
}

impl Localized {
    /// A text in one wording only.
    pub fn new(main: impl Into<String>) -> Self {
        Self { main: main.into(), by_lang: BTreeMap::new() }
    }

    /// Adds a translation.
    #[must_use]
    pub fn with(mut self, lang: Lang, text: impl Into<String>) -> Self {
        self.by_lang.insert(lang, text.into());
        self
    }

    /// The wording for a language.
    #[must_use]
    pub fn get(&self, lang: Lang) -> &str {
        self.by_lang.get(&lang).unwrap_or(&self.main)
    }

    /// Every wording, the main one first.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.main.as_str()).chain(self.by_lang.values().map(String::as_str))
    }
}

impl From<&str> for Localized {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}
