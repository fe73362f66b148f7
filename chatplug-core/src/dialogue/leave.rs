//! A branch that is gone for good: what a dialogue remembers of it goes, and nothing else.

use super::{Dialogue, state::Flow};
use crate::model::BranchId;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

impl Dialogue {
    /// The branches that something begun here is about: a booking in the making or left unfinished, a change of one.
    #[must_use]
    pub fn branches(&self) -> BTreeSet<BranchId> {
        let mut found = BTreeSet::new();
        gather(&json(&(&self.state.flow, &self.state.parked, &self.state.waiting)), &mut found);
        found
    }

    /// Forgets everything begun at a branch; whether there was anything. What was begun elsewhere goes on.
    pub fn forget_branch(&mut self, branch: &BranchId) -> bool {
        let state = &mut self.state;
        let left = speaks_of(&state.parked, branch);
        if left {
            state.parked = None;
        }
        let begun = speaks_of(&(&state.flow, &state.waiting), branch);
        if begun {
            state.flow = Flow::Idle;
            state.waiting = None;
            state.held = super::state::Held::default();
        }
        let shown = matches!(state.flow, Flow::Idle) && speaks_of(&(&state.asked, &state.shown), branch);
        if begun || shown {
            state.asked = None;
            state.shown.forget();
        }
        left || begun || shown
    }
}

fn speaks_of(part: &impl Serialize, branch: &BranchId) -> bool {
    let mut found = BTreeSet::new();
    gather(&json(part), &mut found);
    found.contains(branch)
}

fn json(part: &impl Serialize) -> Value {
    serde_json::to_value(part).unwrap_or_default()
}

/// Whatever is called `branch`.
fn gather(value: &Value, found: &mut BTreeSet<BranchId>) {
    match value {
        Value::Object(fields) => {
            let named = fields.get("branch").and_then(Value::as_str);
            found.extend(named.and_then(|id| BranchId::new(id).ok()));
            fields.values().for_each(|value| gather(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| gather(value, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(state: Value) -> Dialogue {
        Dialogue::from_json(&serde_json::json!({ "v": super::super::STATE_VERSION, "state": state }).to_string())
            .unwrap()
    }

    /// Only what is about the branch, and the numbers of lists go on, so that an old tap means nothing new.
    #[test]
    fn what_was_begun_at_the_branch_goes_and_nothing_else() {
        let (here, there) = (BranchId::new("here").unwrap(), BranchId::new("there").unwrap());
        let draft =
            |branch: &BranchId| serde_json::json!({ "draft": { "branch": branch }, "at": "2026-03-02T09:00:00Z" });
        let flow = serde_json::json!({
            "flow": "form", "purpose": "book", "draft": { "branch": here, "party": 2 }, "summed": null
        });
        let shown = serde_json::json!({ "last": 7, "newest": 7, "lists": [] });
        let mut dialogue =
            with(serde_json::json!({ "flow": flow, "parked": draft(&there), "shown": shown, "misses": 1 }));
        assert_eq!(dialogue.branches(), BTreeSet::from([here.clone(), there.clone()]));
        assert!(dialogue.forget_branch(&here));
        assert_eq!(dialogue.branches(), BTreeSet::from([there.clone()]));
        let json = dialogue.to_json().unwrap();
        assert!(!json.contains("\"here\"") && json.contains("\"last\":7") && json.contains("\"misses\":1"), "{json}");
        assert!(!dialogue.forget_branch(&here), "twice is harmless");
        assert!(dialogue.forget_branch(&there));
        assert!(dialogue.branches().is_empty());
    }
}
