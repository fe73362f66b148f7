//! The cascade: the offline engine first, a model only when that is unsure or something is asked freely, and the offline
//! answer again when the model is slow, down, over its budget or talks nonsense.

use super::{OfflineEngine, Shielded, engine::is_code, faq::FactBook, free::FREE, impossible};
use crate::{
    model::FactMention,
    ports::{
        Context, DateMention, Intent, IntentEngine, IntentError, Interpretation, OpenQuestion, TimeMention, Utterance,
    },
};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};

/// Below this the machine asks instead of acting.
const SURE: f32 = 0.5;
/// A model is waited for so long, unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(4);
/// How sure a language must be to be kept against a model's word.
const CLEAR: f32 = 0.6;

/// An [`IntentEngine`] of several: tap → offline → model. (A tap never comes here: it is exact.)
///
/// The model is asked only when the offline engine is unsure and read nothing, or when something is asked that has no field
/// in a form. It never sees names or numbers of people and can only point at what exists ([`Shielded`]). It cannot say yes,
/// no, confirm or choose for the client. What the offline engine read (a day, a time, a service) stays as it read it.
///
/// ```
/// use chatplug_core::understand::{Cascade, OfflineEngine};
/// use std::sync::Arc;
///
/// let cascade = Cascade::new(Arc::new(OfflineEngine::new()));
/// # let _ = cascade;
/// ```
#[derive(Debug, Clone)]
pub struct Cascade {
    offline: Arc<OfflineEngine>,
    facts: Arc<FactBook>,
    model: Option<Arc<dyn IntentEngine>>,
    patience: Duration,
}

impl Cascade {
    /// The offline engine alone.
    #[must_use]
    pub fn new(offline: Arc<OfflineEngine>) -> Self {
        Self { offline, facts: Arc::default(), model: None, patience: PATIENCE }
    }

    /// With what the business says about itself: free questions are answered from it.
    #[must_use]
    pub fn with_facts(mut self, facts: Arc<FactBook>) -> Self {
        self.facts = facts;
        self
    }

    /// With a model to ask when the offline engine is unsure. Give the facts first: the model may point at them.
    #[must_use]
    pub fn with_model(mut self, model: Arc<dyn IntentEngine>) -> Self {
        self.model = Some(Arc::new(Shielded::new(model, self.offline.clone()).with_facts(self.facts.clone())));
        self
    }

    /// How long a model is waited for; 4 seconds unless told otherwise. Keep it well below the engine's own limit.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// What the offline engine makes of a message, facts included.
    #[must_use]
    pub fn offline(&self, utterance: &Utterance, context: &Context<'_>) -> Interpretation {
        let mut reading = self.offline.understand(utterance, context);
        let text = utterance.text.reveal();
        if is_open_to_questions(context.open)
            && let Some(found) = self.facts.find(text)
            && (found.sure || unclear(&reading))
        {
            reading.fact = FactMention::Known(found.id.clone());
        } else if !self.facts.is_empty() && unclear(&reading) && FREE.is_question(text) {
            // Who gives facts wants questions answered: by a person where there is none.
            reading.fact = FactMention::Unknown;
        }
        reading
    }

    /// Whether a model is asked about a message that the offline engine read so.
    fn asks(&self, reading: &Interpretation, utterance: &Utterance, context: &Context<'_>) -> bool {
        is_open_to_questions(context.open)
            && !matches!(reading.fact, FactMention::Known(_))
            && utterance.text.reveal().chars().filter(|c| c.is_alphabetic()).take(3).count() == 3
            && unclear(reading)
            // What a program wrote speaks to a model, not to a salon.
            && !is_code(utterance.text.reveal())
            && !self.names_no_day(utterance, context)
    }

    /// Whether a message names a day or a time that there is not: a model might make one of it, and the client is asked.
    fn names_no_day(&self, utterance: &Utterance, context: &Context<'_>) -> bool {
        let parsed = self.offline.parse(utterance, context, &self.offline.index(context.catalog));
        impossible::named(utterance.text.reveal(), &parsed.read.items)
    }
}

#[async_trait]
impl IntentEngine for Cascade {
    async fn interpret<'a>(&self, utterance: &Utterance, context: &Context<'a>) -> Result<Interpretation, IntentError> {
        let reading = self.offline(utterance, context);
        let Some(model) = self.model.as_ref().filter(|_| self.asks(&reading, utterance, context)) else {
            return Ok(reading);
        };
        match tokio::time::timeout(self.patience, model.interpret(utterance, context)).await {
            Ok(Ok(answer)) => Ok(merged(reading, answer)),
            Ok(Err(error)) => {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "no answer of the model; the offline one is used"
                );
                Ok(reading)
            }
            Err(_) => {
                tracing::debug!("the model is slow; the offline answer is used");
                Ok(reading)
            }
        }
    }
}

/// What a client writes to these is theirs alone, and nothing to ask a model about.
const fn is_open_to_questions(open: OpenQuestion) -> bool {
    !matches!(open, OpenQuestion::Email | OpenQuestion::Name)
}

/// Nothing is sure, and nothing was read that could answer what is open.
fn is_lost(reading: &Interpretation) -> bool {
    reading.confidence < SURE && says_nothing(reading)
}

/// Lost, or for sure something that no form has a field for.
fn unclear(reading: &Interpretation) -> bool {
    is_lost(reading) || (reading.intent == Intent::Other && reading.confidence >= SURE)
}

fn says_nothing(reading: &Interpretation) -> bool {
    reading.services.is_empty()
        && reading.staff.is_none()
        && reading.date == DateMention::None
        && reading.time == TimeMention::None
        && reading.not_dates.is_empty()
        && reading.ordinal.is_none()
        && reading.party <= 1
}

/// A model's answer where the offline engine had none; what that read stays.
fn merged(offline: Interpretation, mut model: Interpretation) -> Interpretation {
    if let (FactMention::Unknown, FactMention::None) = (&offline.fact, &model.fact)
        && model.confidence < SURE
    {
        return offline;
    }
    if model.confidence < SURE && model.fact == FactMention::None {
        return offline;
    }
    if offline.lang.is_some_and(|guess| guess.confidence >= CLEAR) || model.lang.is_none() {
        model.lang = offline.lang;
    }
    if !offline.services.is_empty() {
        model.services = offline.services;
        model.all_services = offline.all_services;
    }
    if offline.staff.is_some() {
        model.staff = offline.staff;
    }
    if offline.date != DateMention::None {
        model.date = offline.date;
    }
    if offline.time != TimeMention::None {
        model.time = offline.time;
    }
    if !offline.not_dates.is_empty() {
        model.not_dates = offline.not_dates;
    }
    model.party = model.party.max(offline.party);
    model.ordinal = offline.ordinal;
    model
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Fact, Lang, Localized, Private},
        testkit::{ScriptedIntents, contract::intent::catalog},
    };
    use chrono::DateTime;
    use rstest::rstest;
    use std::sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    };

    static OFFLINE: LazyLock<Arc<OfflineEngine>> = LazyLock::new(|| Arc::new(OfflineEngine::new()));

    fn parking() -> Arc<FactBook> {
        let fact = Fact {
            id: "parking".parse().unwrap(),
            ask: vec!["is there parking?".to_owned()],
            text: Localized::new("Behind the house."),
        };
        Arc::new(FactBook::new(vec![fact]))
    }

    async fn read(cascade: &Cascade, text: &str, open: OpenQuestion) -> Interpretation {
        let utterance =
            Utterance { text: Private::new(text.to_owned()), at: DateTime::from_timestamp(1_773_000_000, 0).unwrap() };
        let catalog = catalog();
        let context = Context { catalog: &catalog, language: None, default_language: Lang::EN, open, options: 0 };
        cascade.interpret(&utterance, &context).await.unwrap()
    }

    /// Answers the same to everything, and counts.
    #[derive(Debug)]
    struct Says(Interpretation, AtomicUsize, Option<Duration>);

    impl Says {
        fn the(answer: Interpretation) -> Arc<Self> {
            Arc::new(Self(answer, AtomicUsize::new(0), None))
        }
    }

    #[async_trait]
    impl IntentEngine for Says {
        async fn interpret<'a>(&self, _: &Utterance, _: &Context<'a>) -> Result<Interpretation, IntentError> {
            self.1.fetch_add(1, Ordering::Relaxed);
            if let Some(slow) = self.2 {
                tokio::time::sleep(slow).await;
            }
            Ok(self.0.clone())
        }
    }

    #[tokio::test]
    async fn the_model_is_asked_only_when_the_offline_engine_is_lost() {
        let model = Says::the(Interpretation::of(Intent::Human, 0.9));
        let cascade = Cascade::new(OFFLINE.clone()).with_facts(parking()).with_model(model.clone());
        for (text, open) in [
            ("haircut with Ana tomorrow at 15:30", OpenQuestion::None),
            ("yes", OpenQuestion::YesNo),
            ("15:30", OpenQuestion::Time),
            ("is there parking?", OpenQuestion::None),
            ("Wolfeschlegelsteinhausen", OpenQuestion::Name),
            ("w@example.com", OpenQuestion::Email),
            ("??", OpenQuestion::None),
            ("🎈🎈🎈", OpenQuestion::None),
        ] {
            assert_ne!(read(&cascade, text, open).await.intent, Intent::Human, "{text}");
        }
        assert_eq!(model.1.load(Ordering::Relaxed), 0);
        assert_eq!(read(&cascade, "blorp the frobnicator", OpenQuestion::None).await.intent, Intent::Human);
        assert_eq!(model.1.load(Ordering::Relaxed), 1);
    }

    #[rstest]
    #[case(Interpretation::of(Intent::Yes, 1.0))]
    #[case(Interpretation::of(Intent::No, 1.0))]
    #[case(Interpretation::of(Intent::ConfirmVisit, 1.0))]
    #[case(Interpretation { services: vec!["vip".parse().unwrap()], ..Interpretation::of(Intent::Book, 1.0) })]
    #[case(Interpretation { staff: Some(crate::ports::StaffMention::Named(vec!["ana".parse().unwrap()])), ..Interpretation::of(Intent::Book, 1.0) })]
    #[case(Interpretation { ordinal: Some(crate::ports::Ordinal::Nth(1)), ..Interpretation::of(Intent::Book, 1.0) })]
    #[case(Interpretation { time: TimeMention::Exact(crate::ports::TimeReading::At(chrono::NaiveTime::MIN)), ..Interpretation::of(Intent::Book, 1.0) })]
    #[case(Interpretation { party: 0, ..Interpretation::of(Intent::Book, 1.0) })]
    #[case(Interpretation { fact: FactMention::Known("vouchers".parse().unwrap()), ..Interpretation::of(Intent::Other, 1.0) })]
    #[case(Interpretation::of(Intent::Book, f32::NAN))]
    #[case(Interpretation::of(Intent::Book, 9.0))]
    #[tokio::test]
    async fn nonsense_is_dropped_whole(#[case] lie: Interpretation) {
        let cascade = Cascade::new(OFFLINE.clone()).with_facts(parking()).with_model(Says::the(lie));
        let alone = Cascade::new(OFFLINE.clone()).with_facts(parking());
        let text = "blorp the frobnicator";
        assert_eq!(read(&cascade, text, OpenQuestion::YesNo).await, read(&alone, text, OpenQuestion::YesNo).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_model_that_is_slow_or_down_costs_no_answer() {
        let slow =
            Arc::new(Says(Interpretation::of(Intent::Human, 0.9), AtomicUsize::new(0), Some(Duration::from_secs(60))));
        let down = ScriptedIntents::new();
        down.set_down(true);
        for model in [slow as Arc<dyn IntentEngine>, Arc::new(down)] {
            let cascade = Cascade::new(OFFLINE.clone()).with_model(model).with_patience(Duration::from_secs(2));
            let began = tokio::time::Instant::now();
            let reading = read(&cascade, "blorp the frobnicator", OpenQuestion::None).await;
            assert!(reading.confidence < SURE);
            assert!(began.elapsed() <= Duration::from_secs(2));
        }
    }

    #[tokio::test]
    async fn a_person_named_by_number_is_that_person() {
        let answer = Interpretation {
            staff: Some(crate::ports::StaffMention::Named(vec!["@2".parse().unwrap()])),
            ..Interpretation::of(Intent::Book, 0.9)
        };
        let cascade = Cascade::new(OFFLINE.clone()).with_model(Says::the(answer));
        let reading = read(&cascade, "blorp the frobnicator", OpenQuestion::None).await;
        assert_eq!(reading.staff, Some(crate::ports::StaffMention::Named(vec!["bruno".parse().unwrap()])));
    }

    #[tokio::test]
    async fn free_questions_are_answered_without_a_model_too() {
        let cascade = Cascade::new(OFFLINE.clone()).with_facts(parking());
        let asked = async |text| read(&cascade, text, OpenQuestion::None).await.fact;
        assert_eq!(asked("do you have parking?").await, FactMention::Known("parking".parse().unwrap()));
        assert_eq!(asked("do you sell gift vouchers?").await, FactMention::Unknown);
        assert_eq!(asked("haircut tomorrow at 15:30").await, FactMention::None);
        let none = Cascade::new(OFFLINE.clone());
        assert_eq!(read(&none, "do you sell gift vouchers?", OpenQuestion::None).await.fact, FactMention::None);
    }
}
