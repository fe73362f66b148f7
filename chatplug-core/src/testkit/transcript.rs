//! Conversations as text that a person reads and a snapshot compares.

use crate::{model::Outbound, reply::preview};
use std::fmt::{self, Display, Write as _};

/// A conversation written down: `> ` the client, `< ` we, `· ` what else happened. Drive whatever you test and tell it
/// what was said; [`Chat`](super::Chat) does so by itself.
///
/// ```
/// # use chatplug_core::{model::Outbound, testkit::Transcript};
/// let mut talk = Transcript::new();
/// talk.client("hi");
/// talk.bot(&[Outbound::Text { body: "Hello!\nHow can I help?".to_owned() }]);
/// assert_eq!(talk.to_string(), "> hi\n\n< Hello!\n  How can I help?\n");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript(String);

impl Transcript {
    /// An empty page.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The client writes.
    pub fn client(&mut self, text: &str) {
        self.paragraph("> ", text);
    }

    /// The client taps a button or a row.
    pub fn tap(&mut self, label: &str) {
        self.paragraph("> ", &format!("[ {label} ]"));
    }

    /// We answer, a paragraph each.
    pub fn bot(&mut self, messages: &[Outbound]) {
        for message in messages {
            self.paragraph("< ", &preview(std::slice::from_ref(message)));
        }
    }

    /// Something else happens.
    pub fn note(&mut self, text: &str) {
        self.paragraph("· ", text);
    }

    fn paragraph(&mut self, sign: &str, text: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        let mut sign = sign;
        for line in text.split('\n') {
            let line = format!("{sign}{line}");
            // Writing to a text cannot fail.
            let _ = writeln!(self.0, "{}", line.trim_end());
            sign = "  ";
        }
    }
}

impl Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
