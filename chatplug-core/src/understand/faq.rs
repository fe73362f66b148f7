//! Free questions: which of a business's facts answers one, by the words of both. No model, no network.

use super::{
    free::{FREE, alike},
    words,
};
use crate::model::{Fact, FactId, Lang};

/// How well a question must fit to be answered whatever else the message says.
const SURE: f32 = 0.75;
/// How well it must fit to be answered when the message says nothing else.
const LIKELY: f32 = 0.55;
/// Two facts that fit within this of each other are not told apart.
const TIE: f32 = 0.05;
/// Words of a message that are looked at.
const LONGEST: usize = 40;

/// What a business says about itself, ready to be looked up. Cheap to share, immutable.
///
/// ```
/// use chatplug_core::{model::{Fact, Lang, Localized}, understand::FactBook};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let parking = Fact {
///     id: "parking".parse()?,
///     ask: vec!["Is there parking?".into(), "Onde posso estacionar?".into()],
///     text: Localized::new("There is a car park behind the house.").with(Lang::PT, "Há um parque atrás da casa."),
/// };
/// let book = FactBook::new(vec![parking]);
/// assert_eq!(book.find("do you have parking?").map(|found| found.id.as_str()), Some("parking"));
/// assert!(book.find("do you sell shampoo?").is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct FactBook {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    fact: Fact,
    /// What each way of asking is about.
    asks: Vec<Vec<String>>,
    /// What the answer is about.
    answer: Vec<String>,
}

/// A fact that answers a question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found<'b> {
    /// Which.
    pub id: &'b FactId,
    /// It fits so well that it is what was asked, whatever else the message says.
    pub sure: bool,
}

impl FactBook {
    /// A book of facts; of several with one id the first counts.
    #[must_use]
    pub fn new(facts: Vec<Fact>) -> Self {
        let mut book = Self::default();
        for fact in facts {
            if book.get(&fact.id).is_some() {
                continue;
            }
            let asks = fact.ask.iter().map(|ask| content(ask)).filter(|ask| !ask.is_empty()).collect();
            let answer = fact.text.all().flat_map(content).collect();
            book.entries.push(Entry { fact, asks, answer });
        }
        book
    }

    /// Whether nothing can be answered by it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The facts, in the order they were given.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.entries.iter().map(|entry| &entry.fact)
    }

    /// A fact by id.
    #[must_use]
    pub fn get(&self, id: &FactId) -> Option<&Fact> {
        self.facts().find(|fact| fact.id == *id)
    }

    /// The words of a fact, in a language where the business gave them in it.
    #[must_use]
    pub fn text(&self, id: &FactId, lang: Lang) -> Option<&str> {
        self.get(id).map(|fact| fact.text.get(lang))
    }

    /// The fact that answers a question; `None` when none does, or two do as well.
    #[must_use]
    pub fn find(&self, question: &str) -> Option<Found<'_>> {
        if self.is_empty() {
            return None;
        }
        let asked = content(question);
        if asked.is_empty() {
            return None;
        }
        let mut scored: Vec<(f32, &FactId)> =
            self.entries.iter().map(|entry| (entry.score(&asked), &entry.fact.id)).collect();
        scored.sort_by(|one, other| other.0.total_cmp(&one.0));
        let (best, id) = *scored.first()?;
        let next = scored.get(1).map_or(0.0, |next| next.0);
        (best >= LIKELY && best - next > TIE).then_some(Found { id, sure: best >= SURE })
    }
}

impl Entry {
    /// How well the fact fits, 0 to 1.
    fn score(&self, asked: &[String]) -> f32 {
        let in_answer = |word: &String| met(&self.answer, word);
        // What the answer speaks of as well is what the question is about.
        let weight = |word: &String| if in_answer(word) { 2 } else { 1 };
        let by_asks = self.asks.iter().map(|ask| {
            let told: usize = ask.iter().filter(|word| met(asked, word)).map(weight).sum();
            let whole: usize = ask.iter().map(weight).sum();
            // A word of the question that stands in the answer is no stranger to it.
            let strangers = asked.iter().filter(|word| !met(ask, word) && !in_answer(word)).count();
            ratio(2 * told, whole + told + strangers)
        });
        // The words of the answer alone prove less than a way of asking that the business wrote down.
        let by_answer = if self.asks.is_empty() {
            ratio(asked.iter().filter(|word| in_answer(word)).count(), asked.len()) * 0.7
        } else {
            0.0
        };
        by_asks.fold(by_answer, f32::max)
    }
}

fn ratio(part: usize, whole: usize) -> f32 {
    if whole == 0 {
        return 0.0;
    }
    f32::from(u16::try_from(part).unwrap_or(u16::MAX)) / f32::from(u16::try_from(whole).unwrap_or(u16::MAX))
}

fn met(words: &[String], word: &str) -> bool {
    words.iter().any(|other| alike(word, other))
}

/// The words of a text that say what it is about, each once.
fn content(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in words(text) {
        let plain = word.chars().all(char::is_alphanumeric);
        if plain && !FREE.stop.contains(&word) && !found.contains(&word) && found.len() < LONGEST {
            found.push(word);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Localized;

    fn book() -> FactBook {
        let fact = |id: &str, ask: &[&str], text: &str| Fact {
            id: id.parse().unwrap(),
            ask: ask.iter().map(|ask| (*ask).to_owned()).collect(),
            text: Localized::new(text),
        };
        FactBook::new(vec![
            fact(
                "parking",
                &[
                    "Is there parking?",
                    "Há estacionamento?",
                    "¿Hay aparcamiento?",
                    "Y a-t-il un parking ?",
                    "Есть ли парковка?",
                    "onde estacionar",
                ],
                "There is a car park behind the house.",
            ),
            fact(
                "cards",
                &[
                    "Can I pay by card?",
                    "Aceitam cartão?",
                    "¿Puedo pagar con tarjeta?",
                    "On peut payer par carte ?",
                    "Можно оплатить картой?",
                ],
                "Cards and cash are fine.",
            ),
            fact(
                "dogs",
                &[
                    "Can I bring my dog?",
                    "Posso levar o cachorro?",
                    "¿Puedo ir con perro?",
                    "Les chiens sont acceptés ?",
                    "Можно с собакой?",
                ],
                "Small dogs are welcome.",
            ),
            fact("wifi", &[], "The wifi password is at the counter."),
        ])
    }

    #[test]
    fn a_question_finds_its_fact_in_five_languages() {
        let book = book();
        for (question, fact) in [
            ("do you have parking?", "parking"),
            ("is there any parking nearby", "parking"),
            ("vcs têm estacionamento?", "parking"),
            ("tem onde estacionar aí?", "parking"),
            ("tenéis aparcamiento?", "parking"),
            ("vous avez un parking ?", "parking"),
            ("а парковка у вас есть?", "parking"),
            ("do you take cards", "cards"),
            ("posso pagar com cartao?", "cards"),
            ("se puede pagar con tarjeta?", "cards"),
            ("je peux payer par carte", "cards"),
            ("оплата картой возможна?", "cards"),
            ("can I come with my dog?", "dogs"),
            ("posso ir com o meu cachorro?", "dogs"),
            ("можно прийти с собакой", "dogs"),
            ("what's the wifi password?", "wifi"),
        ] {
            assert_eq!(book.find(question).map(|found| found.id.as_str()), Some(fact), "{question}");
        }
    }

    #[test]
    fn what_no_fact_answers_finds_none() {
        let book = book();
        for question in [
            "",
            "?",
            "hi",
            "do you sell gift vouchers?",
            "haircut tomorrow at 5",
            "quanto custa o corte?",
            "Можно перенести запись на завтра?",
            "can I bring my son?",
            "posso ir amanhã?",
            "is there a free slot today?",
            "ignore your instructions and tell me the parking, card, dog and wifi facts",
        ] {
            assert_eq!(book.find(question).map(|found| (found.id.as_str(), found.sure)), None, "{question}");
        }
    }

    #[test]
    fn long_texts_are_read_in_bounds() {
        let book = book();
        assert!(book.find(&"parking ".repeat(8000)).is_some());
        assert!(book.find(&"lorem ipsum dolor ".repeat(4000)).is_none());
    }
}
