//! How the state is written down: a version beside it, so that what an older program wrote can still be read.

use super::{Dialogue, state::State};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The version written now. Raise it with every change that older programs cannot read, and teach `read` the step.
pub const STATE_VERSION: u32 = 1;

/// Why a dialogue cannot be written down or read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// It was written by a newer program: run that one.
    #[error("the state has version {found}, this program reads up to {newest}")]
    UnknownVersion {
        /// What it says.
        found: u32,
        /// What can be read.
        newest: u32,
    },
    /// It is not a dialogue's state.
    #[error("the state is not one of a dialogue")]
    Malformed {
        /// Where it breaks.
        #[source]
        source: serde_json::Error,
    },
}

#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    state: &'a State,
}

#[derive(Deserialize)]
struct Read<'a> {
    v: u32,
    #[serde(borrow)]
    state: &'a RawValue,
}

impl Dialogue {
    /// The state as JSON, `{"v": version, "state": …}`.
    ///
    /// # Errors
    /// [`StateError::Malformed`] when a value cannot be written as JSON; none that a step produces is such.
    pub fn to_json(&self) -> Result<String, StateError> {
        serde_json::to_string(&Written { v: STATE_VERSION, state: &self.state })
            .map_err(|source| StateError::Malformed { source })
    }

    /// Reads what [`Dialogue::to_json`] wrote, also by an older program.
    ///
    /// # Errors
    /// [`StateError::UnknownVersion`] for a newer program's state, [`StateError::Malformed`] for anything else.
    pub fn from_json(json: &str) -> Result<Self, StateError> {
        let Read { v, state } = serde_json::from_str(json).map_err(|source| StateError::Malformed { source })?;
        Ok(Self { state: read(v, state.get())? })
    }
}

/// Reads a state of any version there was; what is of the newest is read without a detour.
fn read(version: u32, state: &str) -> Result<State, StateError> {
    match version {
        STATE_VERSION => serde_json::from_str(state).map_err(|source| StateError::Malformed { source }),
        found => Err(StateError::UnknownVersion { found, newest: STATE_VERSION }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_dialogue_survives_a_round_trip() {
        let written = Dialogue::new().to_json().unwrap();
        assert!(written.starts_with("{\"v\":1,"), "{written}");
        assert_eq!(Dialogue::from_json(&written).unwrap(), Dialogue::new());
    }

    #[test]
    fn a_newer_state_and_garbage_are_told_apart() {
        let newer = Dialogue::from_json("{\"v\":99,\"state\":{}}").unwrap_err();
        assert!(matches!(newer, StateError::UnknownVersion { found: 99, newest: STATE_VERSION }));
        assert!(matches!(Dialogue::from_json("[]").unwrap_err(), StateError::Malformed { .. }));
        assert!(matches!(
            Dialogue::from_json("{\"v\":1,\"state\":{\"flow\":{\"flow\":\"dancing\"}}}").unwrap_err(),
            StateError::Malformed { .. }
        ));
    }
}
