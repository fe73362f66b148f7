//! What holds of every step, whatever happens: checked by every [`Script`](super::Script), so by every test that plays one.

use crate::{
    dialogue::{Effect, Holder, Input, Said, SaidWhat},
    model::MessageId,
    ports::{Action, Intent, Ordinal},
    reply::{Choice, Key, Label, Reply, Say},
};

/// What the client was last shown to agree to.
#[derive(Debug, Clone, Default)]
pub(super) struct Oracle {
    summary: Option<Summary>,
}

#[derive(Debug, Clone)]
struct Summary {
    say: Say,
    /// Position and id of the option that agrees.
    agrees: Option<(u16, String)>,
}

impl Oracle {
    /// Looks at one step.
    pub(super) fn watch(&mut self, holder: Holder, input: &Input, effects: &[Effect]) {
        questions_are_last(effects);
        every_message_has_one_record(input, effects);
        if holder == Holder::Person {
            nobody_talks_over_a_person(input, effects);
        }
        only_truth_is_told(input, effects);
        for effect in effects {
            match effect {
                Effect::Say { reply, .. } => {
                    fits(reply);
                    self.remember(reply);
                }
                Effect::Commit { action } => self.agreed(input, action),
                _ => {}
            }
        }
    }

    fn remember(&mut self, reply: &Reply) {
        let summary =
            |say: &&Say| matches!(say, Say::Summary { .. } | Say::MoveSummary { .. } | Say::CancelSummary { .. });
        if let Some(say) = reply.say.iter().find(summary) {
            let key = |choice: &Choice| {
                let agrees = [Key::BookIt, Key::MoveIt, Key::CancelIt];
                matches!(choice.label, Label::Key { key } if agrees.contains(&key))
            };
            let options = reply.choices.iter().flat_map(|choices| &choices.options);
            let agrees = options.zip(1..).find(|(choice, _)| key(choice)).map(|(choice, n)| (n, choice.id.clone()));
            self.summary = Some(Summary { say: say.clone(), agrees });
        }
    }

    /// A commit answers a yes to a summary of that very action.
    fn agreed(&mut self, input: &Input, action: &Action) {
        if let Action::ConfirmVisit { .. } = action {
            return;
        }
        let Some(Summary { say, agrees }) = self.summary.take() else {
            unreachable!("committed without a summary: {action:?}")
        };
        match (action, &say) {
            (Action::Book(request), Say::Summary { draft }) => {
                assert_eq!(draft.at.start, request.slot.start, "the time that was summed up is booked");
                assert_eq!(draft.staff.is_some(), request.slot.staff_id().is_some(), "the person that was summed up");
                assert_eq!(draft.party, request.party, "for as many as were summed up");
            }
            (Action::Reschedule { booking, to, .. }, Say::MoveSummary { from, to: shown }) => {
                assert_eq!(booking.id, from.id, "the booking that was summed up is moved");
                assert_eq!(to.start, shown.at.start, "to the time that was summed up");
            }
            (Action::Cancel { booking, .. }, Say::CancelSummary { booking: shown }) => {
                assert_eq!(booking.id, shown.id, "the booking that was summed up is cancelled");
            }
            _ => unreachable!("committed {action:?} after {say:?}"),
        }
        let Input::Said { said } = input else { unreachable!("committed without a word of the client") };
        let cancels = matches!(action, Action::Cancel { .. });
        let yes = |said: &Said| match &said.what {
            SaidWhat::Tap { id, .. } => agrees.as_ref().is_some_and(|(_, agree)| agree == id),
            SaidWhat::Words { meaning, .. } => {
                let sure = meaning.confidence >= 0.5;
                let position = match (meaning.ordinal, &agrees) {
                    (Some(Ordinal::Nth(n)), Some((agree, _))) => n == *agree,
                    _ => false,
                };
                (meaning.intent == Intent::Yes && sure)
                    || (meaning.intent == Intent::Cancel && cancels && sure)
                    || position
            }
            _ => false,
        };
        assert!(said.iter().any(yes), "committed without a yes: {action:?}");
    }
}

fn questions_are_last(effects: &[Effect]) {
    let question = |effect: &Effect| {
        matches!(
            effect,
            Effect::FetchSlots { .. } | Effect::FetchBookings | Effect::CheckGate { .. } | Effect::Commit { .. }
        )
    };
    let before = effects.split_last().map_or(&[][..], |(_, before)| before);
    assert!(!before.iter().any(question), "a question is the last effect and the only one: {effects:?}");
}

fn every_message_has_one_record(input: &Input, effects: &[Effect]) {
    let mut said: Vec<&MessageId> = match input {
        Input::Said { said } => said.iter().map(|said| &said.message).collect(),
        _ => Vec::new(),
    };
    let mut recorded: Vec<&MessageId> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Record { message, .. } => Some(message),
            _ => None,
        })
        .collect();
    said.sort_unstable();
    recorded.sort_unstable();
    assert_eq!(said, recorded, "every message has exactly one record");
}

fn nobody_talks_over_a_person(input: &Input, effects: &[Effect]) {
    let returns = effects.iter().any(|effect| matches!(effect, Effect::Hold { holder: Holder::Bot }));
    let tells = matches!(input, Input::Outcome { .. } | Input::Slots { .. } | Input::Bookings { .. });
    for effect in effects {
        if let Effect::Say { reply, .. } = effect {
            assert!(returns || (tells && reply.keep), "the bot talks over a person: {reply:?}");
        }
    }
}

/// "Booked", "moved" and "cancelled" are told of what the booking system said, in the step that it said so.
fn only_truth_is_told(input: &Input, effects: &[Effect]) {
    if matches!(input, Input::Outcome { .. } | Input::BookingChanged { .. }) {
        return;
    }
    for effect in effects {
        if let Effect::Say { reply, .. } = effect {
            let claims = |say: &Say| {
                matches!(say, Say::Booked { .. } | Say::Moved { .. } | Say::Cancelled { .. } | Say::Requested { .. })
            };
            assert!(!reply.say.iter().any(claims), "told before it is true: {reply:?}");
        }
    }
}

/// A reply says something, and no option comes twice.
fn fits(reply: &Reply) {
    assert!(!reply.say.is_empty(), "a reply without words: {reply:?}");
    let Some(choices) = &reply.choices else { return };
    assert!(!choices.options.is_empty(), "a list without options: {reply:?}");
    for (choice, n) in choices.options.iter().zip(1..) {
        assert_eq!(choice.id, format!("v1:{}:{n}", choices.list), "an id names list and item");
    }
}
