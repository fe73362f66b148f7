//! What a tenant decided about how its conversations go.

use super::Lang;
use serde::{Deserialize, Serialize};

/// Rules of one tenant. Every field has a default, so an empty block of config is a working policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Language of first contact, until the client's is known.
    pub language: Lang,
    /// Languages to have templates in, and to fall back on in this order where a client's own has none; empty: `language`
    /// alone.
    pub template_languages: Vec<Lang>,
    /// How clients are addressed.
    pub formality: Formality,
    /// A client may move or cancel in the chat until this many minutes before the visit; later a person decides.
    pub change_until_minutes: u32,
    /// A reminder with a "will you come" goes out this many hours before the visit; 0 switches reminders off.
    pub reminder_hours: u32,
    /// An unfinished booking is offered again within this many days.
    pub keep_unfinished_days: u32,
    /// Hours that a person has before the bot takes an unanswered conversation back; 0 means never.
    pub hand_back_hours: u32,
    /// How many upcoming bookings one contact may hold.
    pub max_upcoming: u32,
    /// Ask whom they want with; otherwise the fairest free person is taken without asking.
    pub ask_staff: bool,
    /// After booking, moving or cancelling the client gets the appointment as a file for their own calendar. Off unless
    /// wanted: it is a message of its own, which the provider may charge.
    pub calendar_file: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            language: Lang::EN,
            template_languages: Vec::new(),
            formality: Formality::Informal,
            change_until_minutes: 0,
            reminder_hours: 24,
            keep_unfinished_days: 7,
            hand_back_hours: 12,
            max_upcoming: 10,
            ask_staff: true,
            calendar_file: false,
        }
    }
}

/// Familiar or polite form of address (*tu/vous*, *ты/вы*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Formality {
    /// Polite: *vous*, *вы*, *usted*, *o senhor / a senhora* avoided by phrasing.
    Formal,
    /// Familiar: *tu*, *ты*, *tú*, *você*.
    #[default]
    Informal,
}
