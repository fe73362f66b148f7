//! Understanding by script: a text means what the test says it means.

use super::lock;
use crate::{
    model::{Catalog, ServiceId, StaffId},
    ports::{Context, Intent, IntentEngine, IntentError, Interpretation, StaffMention, Utterance},
};
use async_trait::async_trait;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// An intent engine that looks texts up: exact but for case and surrounding spaces. What it was not told means
/// [`Intent::Other`] with no confidence. Clones share one script.
///
/// It keeps the contract whatever the script says: services and staff that the catalogue does not hold are left out.
///
/// ```
/// # use chatplug_core::{ports::{Intent, Interpretation}, testkit::ScriptedIntents};
/// let intents = ScriptedIntents::new()
///     .meaning("hi", Intent::Greet)
///     .reading("a haircut please", Interpretation::of(Intent::Book, 0.9));
/// ```
#[derive(Debug, Clone, Default)]
pub struct ScriptedIntents(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
struct Script {
    readings: HashMap<String, Interpretation>,
    down: bool,
}

impl ScriptedIntents {
    /// An engine that understands nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A text that means an intent and nothing else, for sure.
    #[must_use]
    pub fn meaning(self, text: &str, intent: Intent) -> Self {
        self.reading(text, Interpretation::of(intent, 1.0))
    }

    /// A text with its whole reading.
    #[must_use]
    pub fn reading(self, text: &str, reading: Interpretation) -> Self {
        lock(&self.0).readings.insert(normal(text), reading);
        self
    }

    /// Makes it answer [`IntentError::Unavailable`] from now on, or work again.
    pub fn set_down(&self, down: bool) {
        lock(&self.0).down = down;
    }
}

#[async_trait]
impl IntentEngine for ScriptedIntents {
    async fn interpret<'a>(&self, utterance: &Utterance, context: &Context<'a>) -> Result<Interpretation, IntentError> {
        let script = lock(&self.0);
        if script.down {
            return Err(IntentError::Unavailable { engine: "scripted", source: None });
        }
        let reading = script.readings.get(&normal(utterance.text.reveal()));
        let reading = reading.cloned().unwrap_or_else(|| Interpretation::of(Intent::Other, 0.0));
        Ok(pointing_into(context.catalog, reading))
    }
}

fn normal(text: &str) -> String {
    text.trim().to_lowercase()
}

fn pointing_into(catalog: &Catalog, mut reading: Interpretation) -> Interpretation {
    let offered = |id: &ServiceId| catalog.service(id).is_some();
    let works_here = |id: &StaffId| catalog.staff_member(id).is_some();
    reading.services.retain(offered);
    if let Some(StaffMention::Named(names)) = &mut reading.staff {
        names.retain(works_here);
        if names.is_empty() {
            reading.staff = None;
        }
    }
    reading
}
