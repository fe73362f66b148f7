//! A model that lies: it invents services, prices, people, times and facts, answers for the client, and says "booked".

use super::lock;
use crate::{
    model::{DateRange, FactId, FactMention, Lang, ServiceId, StaffId},
    ports::{
        Context, DateMention, Intent, IntentEngine, IntentError, Interpretation, LangGuess, Ordinal, StaffMention,
        TimeMention, TimeReading, Utterance,
    },
};
use async_trait::async_trait;
use chrono::{Duration, NaiveDate, NaiveTime};
use std::sync::{Arc, Mutex};

/// Words that stand in what it makes up, and nowhere else: none of them may ever reach a client.
pub const INVENTED: [&str; 5] = ["unicorn", "zephyrina", "champagne", "@99", "0.99"];

/// An intent engine that answers everything with a lie, one after the other as its seed has it; some of its answers are
/// plain nonsense, some could be true. It breaks every promise of the port: put it where a model stands, behind a
/// [`Cascade`](crate::understand::Cascade), to see that nothing of it gets through. Clones share one stream of lies.
#[derive(Debug, Clone)]
pub struct LyingIntents(Arc<Mutex<u64>>);

impl LyingIntents {
    /// The lies of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)))
    }

    fn next(&self, below: u64) -> u64 {
        let mut state = lock(&self.0);
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state % below.max(1)
    }

    fn one_of<T: Clone>(&self, things: &[T]) -> Option<T> {
        let at = usize::try_from(self.next(things.len() as u64)).unwrap_or_default();
        things.get(at).cloned()
    }

    fn day(&self, today: NaiveDate) -> NaiveDate {
        let far = [0, 1, 2, 6, 13, -3, 40, 400, 40_000, -40_000];
        today + Duration::days(self.one_of(&far).unwrap_or_default())
    }

    fn time(&self) -> NaiveTime {
        let hour = u32::try_from(self.next(24)).unwrap_or_default();
        let minute = self.one_of(&[0, 3, 17, 30]).unwrap_or_default();
        NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default()
    }

    /// One more thing that is not so, or could be.
    fn adorn(&self, lie: &mut Interpretation, context: &Context<'_>, today: NaiveDate) {
        let id = |text: &str| ServiceId::new(text).ok();
        let person = |text: &str| StaffId::new(text).ok();
        match self.next(16) {
            0 => lie.services.extend(self.one_of(&["unicorn-massage", "haircut-for-0.99"]).and_then(id)),
            1 => lie.staff = person("zephyrina").map(|id| StaffMention::Named(vec![id])),
            2 => lie.staff = person("@99").map(|id| StaffMention::Named(vec![id])),
            3 => lie.staff = person("@1").map(|id| StaffMention::Named(vec![id])),
            4 => lie.staff = Some(StaffMention::Named(Vec::new())),
            5 => lie.services.extend(self.one_of(&context.catalog.services).map(|service| service.id)),
            6 => {
                let (from, to) = (self.day(today), self.day(today));
                lie.date = DateMention::Exact(DateRange { from, to });
            }
            7 => lie.date = DateMention::Ambiguous(vec![DateRange::day(self.day(today)); 2]),
            8 => lie.time = TimeMention::Exact(TimeReading::At(self.time())),
            9 => {
                let (from, to) = (Some(self.time()), Some(self.time()));
                lie.time = TimeMention::Exact(TimeReading::Between { from, to });
            }
            10 => lie.party = self.one_of(&[0, 1, 2, 200]).unwrap_or_default(),
            11 => lie.ordinal = self.one_of(&[Ordinal::Nth(1), Ordinal::Nth(2), Ordinal::Last]),
            12 => lie.fact = FactId::new("free-champagne").map_or(FactMention::None, FactMention::Known),
            13 => lie.fact = FactMention::Unknown,
            14 => lie.confidence = self.one_of(&[f32::NAN, 9.0, -1.0, 0.2]).unwrap_or_default(),
            _ => lie.late_minutes = self.one_of(&[5, 60_000]),
        }
    }
}

#[async_trait]
impl IntentEngine for LyingIntents {
    async fn interpret<'a>(&self, utterance: &Utterance, context: &Context<'a>) -> Result<Interpretation, IntentError> {
        if self.next(20) == 0 {
            return Err(IntentError::Unavailable { engine: "lying", source: Some("0.99 € a unicorn".into()) });
        }
        let today = utterance.at.with_timezone(&context.catalog.branch.zone).date_naive();
        // "Booked!" is a yes that nobody said.
        let intent = match self.next(3) {
            0 => self.one_of(&[Intent::Yes, Intent::ConfirmVisit, Intent::OptIn, Intent::No]),
            _ => self.one_of(&Intent::ALL),
        };
        let mut lie = Interpretation::of(intent.unwrap_or(Intent::Yes), 1.0);
        for _ in 0..self.next(4) {
            self.adorn(&mut lie, context, today);
        }
        let lang = self.one_of(&[Lang::PT, Lang::EN, Lang::ES, Lang::FR, Lang::RU]).unwrap_or(Lang::EN);
        lie.lang = (self.next(4) == 0).then_some(LangGuess { lang, confidence: 1.0 });
        Ok(lie)
    }
}
