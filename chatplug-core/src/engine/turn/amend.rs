//! What a client changed or took back before it was read: the turn reads what they meant in the end.

use super::Turn;
use crate::{
    dialogue::{ContactChange, Outcome, Said},
    model::{BookingId, CameFrom, Content, Inbound, MessageId, Private},
};
use serde_json::json;

/// A message of a burst: its number in the mailbox, and the booking it answers to.
pub(super) type Heard = (i64, Inbound, Option<BookingId>);

impl Turn<'_> {
    /// A burst as its author left it: an edit takes the place of what it changes, and whatever was taken back was never
    /// said. `said` is what lay unread before. A change of something that was read is a message like any other.
    pub(super) async fn amended(&mut self, burst: Vec<Heard>, said: &mut Vec<Said>) -> Vec<Heard> {
        if !burst.iter().any(|(_, message, _)| is_change(message)) {
            return burst;
        }
        // Their order is the client's, not that of their numbers.
        let order: Vec<i64> = burst.iter().map(|(seq, ..)| *seq).collect();
        let place = |seq: i64| order.iter().position(|number| *number == seq);
        let mut kept: Vec<Heard> = Vec::with_capacity(burst.len());
        // Providers promise no order: what changes a message may come before it.
        let (changes, messages): (Vec<_>, Vec<_>) = burst.into_iter().partition(|(_, message, _)| is_change(message));
        kept.extend(messages);
        for change in changes {
            let (seq, message, _) = &change;
            let seq = *seq;
            let outcome = match &message.content {
                Content::Edit { original, body: Some(body) } => match place_of(&kept, original) {
                    Some(at) => {
                        if let Some((_, message, _)) = kept.get_mut(at) {
                            reword(&mut message.content, body.clone());
                        }
                        Some(Outcome::Merged)
                    }
                    None => match said.iter().position(|said| said.message == *original) {
                        Some(at) => {
                            let (body, written) = (body.clone(), message.at);
                            let what = self.words(body, written).await;
                            if let Some(said) = said.get_mut(at) {
                                said.what = what;
                            }
                            Some(Outcome::Merged)
                        }
                        None => None,
                    },
                },
                Content::Revoke { original } => {
                    if let Some(at) = place_of(&kept, original) {
                        let (taken_back, ..) = kept.remove(at);
                        self.changes.read.push((taken_back, Some(Outcome::NothingToSay)));
                    }
                    said.retain(|said| said.message != *original);
                    self.forget_voice(original);
                    Some(Outcome::NothingToSay)
                }
                Content::Reaction { target, emoji: None } => {
                    let undone = |(_, message, _): &Heard| matches!(&message.content, Content::Reaction { target: on, emoji: Some(_) } if on == target);
                    while let Some(at) = kept.iter().position(undone) {
                        let (taken_back, ..) = kept.remove(at);
                        self.changes.read.push((taken_back, Some(Outcome::NothingToSay)));
                    }
                    Some(Outcome::NothingToSay)
                }
                _ => None,
            };
            match outcome {
                Some(outcome) => {
                    self.messages += 1;
                    self.changes.read.push((seq, Some(outcome)));
                }
                None => {
                    let at = kept.iter().position(|(number, ..)| place(*number) > place(seq)).unwrap_or(kept.len());
                    kept.insert(at, change);
                }
            }
        }
        kept
    }

    /// Remembers the advertisement that a message came by; the latest counts.
    pub(super) fn note_referral(&mut self, message: &Inbound) {
        let Some(referral) = message.referral.clone() else { return };
        self.note("client", "came_from", json!({ "ad": referral.source_id }));
        self.remember(ContactChange::CameFrom { came_from: CameFrom { referral, at: message.at } });
    }
}

const fn is_change(message: &Inbound) -> bool {
    matches!(
        message.content,
        Content::Edit { body: Some(_), .. } | Content::Revoke { .. } | Content::Reaction { emoji: None, .. }
    )
}

fn place_of(burst: &[Heard], id: &MessageId) -> Option<usize> {
    burst.iter().position(|(_, message, _)| message.id == *id)
}

/// The words of a message, or those beneath its file, are these now.
fn reword(content: &mut Content, body: Private<String>) {
    match content {
        Content::Media(media) => media.caption = Some(body),
        content => *content = Content::Text { body },
    }
}
