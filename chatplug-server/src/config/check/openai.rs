//! Models, who uses them, and what a business says about itself.

use super::{
    super::{LlmConfig, OpenAiEndpoint, problem::suggestion, raw},
    Check, Path, collect_all,
};
use chatplug_core::{
    model::{Fact, Lang, Localized},
    reply::Words,
};
use chatplug_openai::{DEFAULT_BASE_URL, DEFAULT_DAILY_TOKENS, OpenAiConfig, TokenPrice};
use std::time::Duration;

/// A model is waited for so long, unless configured.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Most facts of a business, ways of asking for one, and the longest of each in characters.
const MOST_FACTS: usize = 200;
const MOST_ASKS: usize = 40;
const LONGEST_ASK: usize = 200;
const LONGEST_TEXT: usize = 1000;

impl Check<'_> {
    pub(super) fn openai(&mut self, told: raw::OpenAi, at: &Path) -> Option<OpenAiEndpoint> {
        let name = self.required(told.name, at, "name");
        let name = name.filter(|name| self.unique("openai", name, &at.key("name"), "another [[openai]]"));
        let url = told.base_url.unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
        let url = self.web_address(&url, &at.key("base_url"));
        let model = self.required(told.model, at, "model");
        let key = match told.api_key {
            Some(secret) => self.secret(Some(secret), at, "api_key").map(Some),
            None => Some(None),
        };
        for (price, key) in [(told.input_price, "input_price"), (told.output_price, "output_price")] {
            if price.is_some_and(|price| !(0.0..=10_000.0).contains(&price)) {
                self.wrong(&at.key(key), "must be what a million tokens cost: 0 to 10000");
            }
        }
        let price =
            TokenPrice { input: told.input_price.unwrap_or_default(), output: told.output_price.unwrap_or_default() };
        let timeout = match told.timeout {
            None => TIMEOUT,
            Some(seconds) if (1..=10).contains(&seconds) => Duration::from_secs(seconds.into()),
            Some(_) => return self.fail(&at.key("timeout"), "a client waits meanwhile: 1 to 10 seconds"),
        };
        let model = model?;
        let mut config = OpenAiConfig::new(url?, model.clone()).with_timeout(timeout);
        if let Some(key) = key? {
            config = config.with_api_key(key);
        }
        match config.check() {
            Ok(()) => Some(OpenAiEndpoint { name: name?, config, model, price }),
            Err(error) => self.fail(at, &error.to_string()),
        }
    }

    pub(super) fn llm(&mut self, told: raw::Llm, at: &Path) -> Option<LlmConfig> {
        let known = self.written_openai.clone();
        let endpoint = match (told.endpoint, known.as_slice()) {
            (Some(name), _) if known.contains(&name) => name,
            (Some(name), _) => {
                let hint = suggestion(&name, known.iter().map(String::as_str));
                return self.fail(&at.key("endpoint"), &format!("there is no [[openai]] `{name}`{hint}"));
            }
            (None, [only]) => only.clone(),
            (None, []) => return self.fail(at, "there is no [[openai]] to ask"),
            (None, _) => return self.fail(at, "`endpoint` is missing here: there are several [[openai]]"),
        };
        let daily_tokens = told.daily_tokens.unwrap_or(DEFAULT_DAILY_TOKENS);
        if daily_tokens < 1000 {
            return self.fail(&at.key("daily_tokens"), "one question takes about 1500 tokens: at least 1000");
        }
        Some(LlmConfig { endpoint, daily_tokens })
    }

    pub(super) fn facts(&mut self, told: Vec<raw::Fact>, main: Lang, at: &Path) -> Option<Vec<Fact>> {
        if told.len() > MOST_FACTS {
            return self.fail(&at.index(MOST_FACTS), &format!("at most {MOST_FACTS} facts"));
        }
        collect_all(told, |i, fact| self.fact(fact, main, &at.index(i)))
    }

    fn fact(&mut self, fact: raw::Fact, main: Lang, at: &Path) -> Option<Fact> {
        let id = self.id(fact.id, at, "fact", "another fact of this tenant");
        let length = |text: &str| text.chars().count();
        if fact.ask.len() > MOST_ASKS || fact.ask.iter().any(|ask| ask.trim().is_empty() || length(ask) > LONGEST_ASK) {
            let message = format!("at most {MOST_ASKS} ways of asking, each of 1 to {LONGEST_ASK} characters");
            self.wrong(&at.key("ask"), &message);
        }
        let place = at.key("text");
        let text = match self.required(fact.text, at, "text")? {
            raw::FactText::One(text) => Localized::new(text),
            raw::FactText::Several(texts) => {
                let words = Words::shipped();
                for lang in texts.keys().filter(|lang| !words.speaks(**lang)) {
                    let known: Vec<String> = words.languages().map(String::from).collect();
                    self.wrong(&place, &format!("`{lang}` is not spoken; known here: {}", known.join(", ")));
                }
                let first = texts.get(&main).or_else(|| texts.values().next()).cloned();
                Localized { main: first.unwrap_or_default(), by_lang: texts }
            }
        };
        if text.all().any(|text| text.trim().is_empty() || length(text) > LONGEST_TEXT) {
            return self.fail(&place, &format!("a fact is quoted as it is: 1 to {LONGEST_TEXT} characters"));
        }
        Some(Fact { id: id?, ask: fact.ask, text })
    }
}
