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

/// What the examples say of a message: how likely each intent is; nothing in a language without examples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Likely(pub(super) Option<Row<f32>>);

impl Likely {
    /// From 0 to 1; 0 where there are no examples.
    pub(super) fn of(self, intent: Intent) -> f32 {
        let mut shares = LEARNED.into_iter().zip(self.0.into_iter().flatten());
        shares.find(|(it, _)| *it == intent).map_or(0.0, |(_, share)| share)
    }

    /// Whether there are examples, and they make it less likely than this.
    pub(super) fn doubts(self, intent: Intent, share: f32) -> bool {
        self.0.is_some() && self.of(intent) < share
    }

    /// The likeliest three, with how likely they are.
    pub(super) fn best(self) -> impl Iterator<Item = (Intent, f32)> {
        let mut all: Vec<(Intent, f32)> = LEARNED.into_iter().zip(self.0.into_iter().flatten()).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all.into_iter().take(3)
    }

    /// What they add to the weight of the cues of an intent.
    pub(super) fn weight(self, intent: Intent) -> f32 {
        if self.0.is_none() { 0.0 } else { WEIGHT * self.of(intent).max(0.004).ln() }
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
