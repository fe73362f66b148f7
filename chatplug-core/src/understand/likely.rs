//! What the examples of a language say of a message, as `intents` weighs it.

use super::learn::Row;
use crate::ports::Intent;

/// What a likelihood `e` times another weighs beside the cues: a good part of one cue.
const WEIGHT: f32 = 1.5;

/// The intents in the order of [`super::learn::LABELS`].
const LEARNED: Row<Intent> = [
    Intent::Book,
    Intent::Reschedule,
    Intent::Cancel,
    Intent::ConfirmVisit,
    Intent::ListBookings,
    Intent::AskPrice,
    Intent::AskHours,
    Intent::AskLocation,
    Intent::AskService,
    Intent::AskAvailability,
    Intent::Human,
    Intent::RunningLate,
    Intent::Yes,
    Intent::No,
    Intent::Greet,
    Intent::Thanks,
    Intent::Menu,
    Intent::Back,
    Intent::ChangeLanguage,
    Intent::OptOut,
    Intent::OptIn,
    Intent::Review,
    Intent::Other,
];

/// What the examples say of a message: how likely each intent is. All alike in a language without examples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Likely(pub(super) Row<f32>);

impl Default for Likely {
    fn default() -> Self {
        Self([1.0; LEARNED.len()])
    }
}

impl Likely {
    pub(super) fn of(self, intent: Intent) -> f32 {
        LEARNED.iter().zip(self.0).find(|(it, _)| **it == intent).map_or(0.0, |(_, share)| share)
    }

    /// The likeliest three, with how likely they are.
    pub(super) fn best(self) -> [(Intent, f32); 3] {
        let mut all: Vec<(Intent, f32)> = LEARNED.into_iter().zip(self.0).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut best = all.into_iter();
        std::array::from_fn(|_| best.next().unwrap_or((Intent::Other, 0.0)))
    }

    /// What they add to the weight of the cues of an intent.
    pub(super) fn weight(self, intent: Intent) -> f32 {
        WEIGHT * self.of(intent).max(0.004).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::learn::LABELS;

    #[test]
    fn what_is_learned_is_named_as_everywhere() {
        assert_eq!(serde_json::to_value(LEARNED).unwrap(), serde_json::json!(LABELS));
    }
}
