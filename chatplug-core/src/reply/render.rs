//! From a reply's meaning to messages that a channel can carry.

use super::{
    invite,
    label::label,
    say::{Label, Reply},
    shape,
    speak::{lead, speak},
    voice::Voice,
    words::Words,
};
use crate::model::{ChannelLimits, Formality, Lang, MediaSource, Outbound, Private};

/// Where and for whom a reply is put into words. Zones are not here: every time in a reply carries its own.
#[derive(Debug, Clone, Copy)]
pub struct RenderContext<'a> {
    /// Country of the branch, ISO 3166-1 alpha-2: how dates, times and money are written, and which Portuguese.
    pub country: &'a str,
    /// How the client is addressed.
    pub formality: Formality,
    /// Name of the business.
    pub business: &'a str,
    /// The client's name, when known: templates greet by its first word.
    pub client: Option<&'a Private<String>>,
    /// What the channel can carry.
    pub limits: &'a ChannelLimits,
}

/// Something worth knowing about a rendering: for logs and tests, without anybody's data in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// A message could not be said as it is written.
    Unsaid {
        /// Which message, and why.
        why: String,
    },
    /// A label was cut to fit.
    LabelCut {
        /// How long it is now, in UTF-16 units.
        to: usize,
    },
    /// Two labels were alike and one was given a number.
    LabelsAlike {
        /// Whether only cutting made them so; otherwise they were alike from the beginning.
        cut: bool,
    },
}

/// A rendered reply and what was noticed on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// The messages, in the order to send them.
    pub messages: Vec<Outbound>,
    /// What was noticed.
    pub notes: Vec<Note>,
}

impl Rendered {
    /// The messages, for a test that wants no label cut into the likeness of another and no message unsaid.
    ///
    /// # Panics
    /// When a message was not said as written, or two labels had to be told apart by a number.
    #[cfg(any(test, feature = "testkit"))]
    #[must_use]
    #[track_caller]
    pub fn clean(self) -> Vec<Outbound> {
        let bad = self.notes.iter().find(|note| matches!(note, Note::Unsaid { .. } | Note::LabelsAlike { .. }));
        assert!(bad.is_none(), "the reply did not come out clean: {bad:?}");
        self.messages
    }
}

/// Puts a reply into words, fit for the channel: one message where possible. A language that is not spoken is answered
/// in English. Notes go to the log; [`render_noting`] returns them.
#[must_use]
pub fn render(words: &Words, reply: &Reply, lang: Lang, context: &RenderContext<'_>) -> Vec<Outbound> {
    let Rendered { messages, notes } = render_noting(words, reply, lang, context);
    for note in notes {
        match note {
            Note::Unsaid { why } => tracing::error!(%lang, why, "a message could not be said as it is written"),
            Note::LabelsAlike { cut } => tracing::debug!(%lang, cut, "two labels were alike; one was numbered"),
            Note::LabelCut { .. } => {}
        }
    }
    messages
}

/// As [`render`], with what was noticed.
#[must_use]
pub fn render_noting(words: &Words, reply: &Reply, lang: Lang, context: &RenderContext<'_>) -> Rendered {
    let voice = Voice::new(words, lang, context);
    let limits = context.limits;
    let paragraphs: Vec<_> = reply.say.iter().map(|say| speak(&voice, say)).filter(|text| !text.is_empty()).collect();
    let mut body = paragraphs.join("\n\n");
    if let (Some(last), Some(choices)) = (reply.say.last(), &reply.choices)
        && choices.options.iter().any(|choice| matches!(choice.label, Label::DayTime { .. } | Label::Time { .. }))
        && let Some(lead) = lead(&voice, last)
    {
        body = format!("{body} {lead}");
    }

    let mut messages = Vec::new();
    if let Some(image) = reply.image.as_ref().filter(|_| limits.images) {
        messages.push(Outbound::Image { source: MediaSource::Url(image.clone()), caption: None });
    }
    match &reply.choices {
        Some(choices) => messages.extend(shape::with_choices(&voice, &body, choices)),
        None => messages.extend(shape::texts(&body, limits)),
    }
    if reply.ask_place
        && limits.locations
        && let Some(Outbound::Text { body }) = messages.last_mut()
        && ChannelLimits::length(body) <= limits.interactive_body
    {
        let body = std::mem::take(body);
        messages.pop();
        messages.push(Outbound::AskLocation { body });
    }
    if let Some(place) = reply.place.as_ref().filter(|place| limits.locations && place.point.is_some()) {
        messages.push(Outbound::Location(place.clone()));
    }
    if let Some(invite) = reply.invite.as_ref().filter(|_| limits.files) {
        let source = MediaSource::Own(invite::file(invite, context.business));
        messages.push(Outbound::Document { source, name: invite::name(invite), caption: None });
    }
    Rendered { messages, notes: voice.into_notes() }
}

/// A label in words, uncut: what a client who types instead of tapping would write.
#[must_use]
pub fn label_text(words: &Words, wanted: &Label, lang: Lang, context: &RenderContext<'_>) -> String {
    label(&Voice::new(words, lang, context), wanted).full()
}
