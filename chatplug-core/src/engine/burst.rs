//! When a message's turn is due: a pure rule, applied as it arrives.
//!
//! "hi" / "tomorrow" / "5pm?" are one thought. A tap and a whole sentence wait for nothing; the first words of what may be
//! a burst wait a little. Any due message takes everything unread of its conversation along.

use crate::model::{Content, Inbound};
use chrono::{DateTime, Duration, Utc};

/// Words after which a text counts as a whole sentence even without a full stop.
const SENTENCE_WORDS: usize = 4;

/// When a message that arrived at `now` is due.
pub(super) fn due_at(message: &Inbound, now: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    match &message.content {
        Content::Text { body } if !is_whole(body.reveal()) => now + wait.min(Duration::seconds(2)),
        // A file, a place or a card is often followed by a word about it.
        Content::Media(_) | Content::Location { .. } | Content::Contacts { .. } => now + wait.min(Duration::seconds(2)),
        _ => now,
    }
}

/// Whether a text stands on its own: a whole sentence, a choice by number, a time.
fn is_whole(text: &str) -> bool {
    let text = text.trim();
    if text.ends_with(['.', '!', '?', '…', ')']) || text.is_empty() {
        return true;
    }
    if text.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | 'h' | ' ')) {
        return true;
    }
    text.split_whitespace().count() >= SENTENCE_WORDS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChannelUser, MessageId, Tap, TapKind};
    use rstest::rstest;

    fn message(content: Content) -> Inbound {
        Inbound {
            id: MessageId::new("m").unwrap(),
            from: ChannelUser::default(),
            profile_name: None,
            at: DateTime::UNIX_EPOCH,
            content,
            quoted: None,
            forwarded: false,
            referral: None,
        }
    }

    #[rstest]
    #[case("hi", true)]
    #[case("amanhã", true)]
    #[case("17h?", false)]
    #[case("2", false)]
    #[case("15:30", false)]
    #[case("quero marcar um corte", false)]
    #[case("", false)]
    fn words_wait_for_more_unless_they_are_whole(#[case] text: &str, #[case] waits: bool) {
        let now = DateTime::UNIX_EPOCH;
        let due = due_at(&message(Content::Text { body: text.to_owned().into() }), now, Duration::milliseconds(1200));
        assert_eq!(due > now, waits);
    }

    #[test]
    fn a_tap_waits_for_nothing_and_no_wait_exceeds_two_seconds() {
        let now = DateTime::UNIX_EPOCH;
        let tap = Content::Tap(Tap { id: "v1:1:1".into(), title: "Yes".into(), on: TapKind::Button });
        assert_eq!(due_at(&message(tap), now, Duration::seconds(9)), now);
        let words = Content::Text { body: "hi".to_owned().into() };
        assert_eq!(due_at(&message(words), now, Duration::seconds(9)), now + Duration::seconds(2));
    }
}
