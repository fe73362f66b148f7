//! Cal.com's description, made to mean what it says, and what it is wrong about.

use chatplug_judges::{Objection, Prism, contract};
use serde_json::Value;

/// Properties of answers of which the recordings know better what they are: name, whose, and what.
const KNOWN_BETTER: &[(&str, &str, &str)] = &[
    ("bookingWindow", "EventType", "one window, or {disabled: true}"),
    ("seats", "EventType", "{disabled: true} where there are none"),
    ("users", "EventType", "objects"),
    ("hosts", "EventType", "objects"),
    ("forwardParamsSuccessRedirect", "EventType", "a flag"),
    ("slotInterval", "EventType", "a number, or null"),
    ("ownerId", "EventType", "a number"),
    ("id", "Webhook", "a UUID"),
    ("payloadTemplate", "Webhook", "null"),
];

/// The description, or `None` where the contracts are not.
pub(super) fn description() -> Option<Value> {
    let mut description = contract("calcom/openapi.trimmed.json")?;
    // A plain booking fits two of the shapes of which it is said to fit one.
    relaxed(&mut description);
    // What may be left out may be null: the recordings mix both freely.
    let schemas = description["components"]["schemas"].as_object_mut().unwrap();
    schemas.values_mut().for_each(may_be_null);
    for (name, schema) in schemas.iter_mut().filter(|(name, _)| name.contains("Output")) {
        for (property, ..) in KNOWN_BETTER.iter().filter(|(_, of, _)| name.contains(of)) {
            if let Some(known) = schema["properties"].get_mut(property) {
                *known = serde_json::json!({});
            }
        }
    }
    Some(description)
}

fn relaxed(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(shapes) = map.remove("oneOf") {
                map.insert("anyOf".to_owned(), shapes);
            }
            map.values_mut().for_each(relaxed);
        }
        Value::Array(list) => list.iter_mut().for_each(relaxed),
        _ => {}
    }
}

fn may_be_null(schema: &mut Value) {
    let required = schema["required"].clone();
    let required = |name: &str| required.as_array().is_some_and(|all| all.iter().any(|one| one == name));
    for (name, property) in schema["properties"].as_object_mut().into_iter().flatten() {
        if required(name) || !property.is_object() {
            continue;
        }
        if let Some(reference) = property.as_object_mut().unwrap().remove("$ref") {
            property["allOf"] = serde_json::json!([{ "$ref": reference }]);
        }
        property["nullable"] = true.into();
    }
}

/// Something that the description says and that is not so.
pub(super) struct Wrong {
    /// Verb and path; `*` stands for any part.
    pub(super) call: &'static str,
    /// The place, or its beginning.
    pub(super) at: &'static str,
    /// How it is known.
    pub(super) why: &'static str,
}

impl Wrong {
    fn excuses(&self, objection: &Objection) -> bool {
        let (ours, theirs) = (self.call.split('/'), objection.call.split('/'));
        ours.clone().count() == theirs.clone().count()
            && ours.zip(theirs).all(|(ours, theirs)| ours == "*" || ours == theirs)
            && objection.at.starts_with(self.at)
    }
}

/// What Prism objected to, without what the description is wrong about.
pub(super) fn objections(prism: &Prism, wrong: &[Wrong]) -> Vec<Objection> {
    let mut objections = prism.objections();
    objections.retain(|objection| !wrong.iter().any(|wrong| wrong.excuses(objection)));
    objections.sort_by(|one, other| (&one.call, &one.at).cmp(&(&other.call, &other.at)));
    objections.dedup();
    objections
}

/// Excuses that nothing needed: they hide what they should not.
pub(super) fn idle<'a>(prism: &Prism, wrong: &'a [Wrong]) -> Vec<&'a str> {
    let objections = prism.objections();
    let needed = |wrong: &&Wrong| objections.iter().any(|objection| wrong.excuses(objection));
    wrong.iter().filter(|wrong| !needed(wrong)).map(|wrong| wrong.why).collect()
}
