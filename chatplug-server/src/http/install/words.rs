//! Words of the page, for owners: five languages in one file.

use std::{collections::BTreeMap, sync::LazyLock};

type Table = BTreeMap<String, BTreeMap<String, String>>;

static TABLE: LazyLock<Table> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../assets/install/words.json")).unwrap_or_default());

/// The language when none is wanted that is spoken.
const OTHERWISE: &str = "en";

/// The words of one language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    /// Its tag.
    pub(super) lang: &'static str,
    words: Option<&'static BTreeMap<String, String>>,
}

impl Words {
    /// The language that a browser likes best of those that are spoken.
    pub(super) fn of(accept_language: Option<&str>) -> Self {
        let mut wanted: Vec<(u32, &str)> =
            accept_language.unwrap_or_default().split(',').take(20).filter_map(weighed).collect();
        // Those of one weight stay in the order of the header.
        wanted.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        let known = wanted.into_iter().find_map(|(_, tag)| TABLE.get_key_value(tag.split('-').next()?));
        let (lang, words) = known.or_else(|| TABLE.get_key_value(OTHERWISE)).unzip();
        Self { lang: lang.map_or(OTHERWISE, String::as_str), words }
    }

    /// A text.
    pub(super) fn get(self, key: &str) -> &'static str {
        let english = || TABLE.get(OTHERWISE).and_then(|words| words.get(key));
        self.words.and_then(|words| words.get(key)).or_else(english).map_or("", String::as_str)
    }
}

/// A language with its weight, in thousandths; nothing for one that is not wanted.
fn weighed(part: &str) -> Option<(u32, &str)> {
    let (tag, rest) = part.split_once(';').unwrap_or((part, ""));
    let weight = match rest.trim().strip_prefix("q=") {
        Some(q) => q.parse::<f32>().ok().filter(|q| (0.0..=1.0).contains(q))?,
        None => 1.0,
    };
    (weight > 0.0).then_some(((weight * 1000.0) as u32, tag.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_says_everything() {
        let keys = |lang: &str| TABLE[lang].keys().collect::<Vec<_>>();
        assert_eq!(TABLE.keys().collect::<Vec<_>>(), ["en", "es", "fr", "pt", "ru"]);
        for (lang, words) in &*TABLE {
            assert_eq!(keys(lang), keys("en"), "{lang}");
            for (key, text) in words {
                let same = |mark| text.contains(mark) == TABLE["en"][key].contains(mark);
                assert!(!text.is_empty() && same("{name}") && same("{id}"), "{lang}.{key}");
            }
        }
    }

    #[test]
    fn the_browser_s_favourite_is_spoken() {
        for (header, lang) in [
            (None, "en"),
            (Some("pt-BR,pt;q=0.9,en;q=0.8"), "pt"),
            (Some("de, ru;q=0.3, fr;q=0.7"), "fr"),
            (Some("ru;q=0, es;q=0.1"), "es"),
            (Some(";;q=x,,*"), "en"),
        ] {
            assert_eq!(Words::of(header).lang, lang, "{header:?}");
        }
    }
}
