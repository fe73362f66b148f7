//! Connected calendars, of which there are none.

use super::super::{
    answer::{Answer, Done},
    call::Call,
    state::State,
};
use serde_json::json;

pub(crate) fn list(_: &mut State, _: &Call) -> Done {
    Ok(Answer::ok(json!({"connectedCalendars": [], "destinationCalendar": {}})))
}

pub(crate) fn busy(_: &mut State, call: &Call) -> Done {
    if call.query.iter().any(|(name, _)| name.starts_with("calendarsToLoad")) {
        return Err(Answer::refused(401, "These credentials do not belong to you"));
    }
    Ok(Answer::ok(json!([])))
}
