//! Holding a conversation without running a turn: nobody speaks in it meanwhile, and it is given back as it was.

use super::saga::EngineState;
use crate::{
    dialogue::Dialogue,
    model::{ActionKey, Booking, BookingRef},
    ports::{AuditRow, Leased, MailEvent, TurnCommit},
};
use chrono::{DateTime, Utc};

/// What gives a conversation back as it was, with what a booking of its client's is called now; `None`: an action is under
/// way in it, which must end first. `hint`: mail about this booking is read by that.
pub(crate) fn give_back(
    leased: &Leased,
    hint: &BookingRef,
    booking: Booking,
    audit: AuditRow,
    now: DateTime<Utc>,
) -> Option<TurnCommit> {
    let engine: EngineState =
        leased.action.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    if engine.action.is_some() {
        return None;
    }
    let state = match &leased.state {
        Some(state) => state.clone(),
        None => Dialogue::new().to_json().ok()?,
    };
    let recheck = (!engine.recheck.is_empty()).then(|| engine.wake_at.unwrap_or(now));
    let unheard = engine.voices.iter().map(|waiting| waiting.until).min();
    let read = |event: &MailEvent| matches!(event, MailEvent::Booking { reference } if reference == hint);
    Some(TurnCommit {
        lease: leased.lease.clone(),
        state,
        action: engine.to_json(),
        keep_until: None,
        read: leased.mail.iter().filter(|mail| read(&mail.event)).map(|mail| (mail.seq, None)).collect(),
        rang: Vec::new(),
        outbox: Vec::new(),
        withdraw: false,
        set_timers: Vec::new(),
        cancel_timers: Vec::new(),
        bookings: vec![booking],
        contact: Vec::new(),
        holder: None,
        unclaim: Vec::new(),
        wake_at: recheck.into_iter().chain(unheard).min(),
        audit: vec![audit],
        notify: Vec::new(),
        record: None,
        now,
        take_delivery: None,
    })
}

/// Whether an action is under way in a conversation.
pub(crate) fn is_acting(leased: &Leased) -> bool {
    leased.action.as_deref().is_some_and(|action| under_way(action).is_none_or(|keys| !keys.is_empty()))
}

/// The keys that a conversation's open action makes bookings with; `None` when what is kept of it cannot be read.
pub(crate) fn under_way(action: &str) -> Option<Vec<ActionKey>> {
    let state: EngineState = serde_json::from_str(action).ok()?;
    Some(state.action.map(|open| vec![open.key, open.call().1]).unwrap_or_default())
}
