//! The platform's description, mended where it is broken, and what it is wrong about.

use chatplug_judges::{Objection, Prism, contract};
use serde_json::Value;

/// Paths whose last part may be left out; the description has only the whole.
const SHORTER: [&str; 5] = [
    "/api/v1/company/{company_id}/services/{service_id}",
    "/api/v1/services/{company_id}/{service_id}",
    "/api/v1/company/{company_id}/staff/{staff_id}",
    "/api/v1/staff/{company_id}/{staff_id}",
    "/api/v1/company/{company_id}/service_categories/{id}",
];

/// The description, or `None` where the contracts are not.
pub(super) fn description() -> Option<Value> {
    let mut description = contract("altegio/yclients-openapi.json")?;
    // It points at this and does not have it.
    description["components"]["schemas"]["Position"] = serde_json::json!({});
    second_media_type(&mut description);
    times_of_day(&mut description);
    let paths = description["paths"].as_object_mut().unwrap();
    // Examples of queries and of other people's servers.
    paths.retain(|path, _| !path.contains('?') && !path.contains("https"));
    for path in SHORTER {
        let (short, part) = path.rsplit_once('/').unwrap();
        let part = part.trim_matches(['{', '}']);
        let mut get = paths[path]["get"].clone();
        get["parameters"].as_array_mut().unwrap().retain(|parameter| parameter["name"] != part);
        let short = paths.entry(short).or_insert_with(|| serde_json::json!({}));
        short["get"] = get;
    }
    let slashed: Vec<_> = paths.keys().filter(|path| path.ends_with('/')).cloned().collect();
    for path in slashed {
        let plain = path.trim_end_matches('/').to_owned();
        if !plain.ends_with("v1") && !paths.contains_key(&plain) {
            let same = paths[&path].clone();
            paths.insert(plain, same);
        }
    }
    Some(description)
}

/// The description without its answers: for whoever judges calls alone.
pub(super) fn requests(mut description: Value) -> Value {
    let paths = description["paths"].as_object_mut().unwrap();
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(|path| path.values_mut()) {
        for answer in operation["responses"].as_object_mut().into_iter().flat_map(|answers| answers.values_mut()) {
            *answer = serde_json::json!({"description": "anything"});
        }
    }
    description
}

/// `10:00` is no time by the letter of the standard that the description names.
fn times_of_day(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.get("format").is_some_and(|format| format == "time") {
                map.remove("format");
            }
            map.values_mut().for_each(times_of_day);
        }
        Value::Array(list) => list.iter_mut().for_each(times_of_day),
        _ => {}
    }
}

/// Answers are promised as `application/json` and asked for as something else.
fn second_media_type(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(Value::Object(content)) = map.get_mut("content")
                && let Some(json) = content.get("application/json").filter(|json| json.is_object()).cloned()
            {
                content.insert("application/vnd.api.v2+json".to_owned(), json);
            }
            map.values_mut().for_each(second_media_type);
        }
        Value::Array(list) => list.iter_mut().for_each(second_media_type),
        _ => {}
    }
}

/// Something that the description says and that is not so.
pub(super) struct Wrong {
    /// Verb and beginning of the path.
    pub(super) call: &'static str,
    /// The place, or its beginning.
    pub(super) at: &'static str,
    /// How it is known.
    pub(super) why: &'static str,
}

impl Wrong {
    /// A path is meant with everything below it by its ids: `/record/4564` means `/record/4564/1`.
    fn excuses(&self, objection: &Objection) -> bool {
        let below = objection
            .call
            .strip_prefix(self.call)
            .is_some_and(|rest| rest.split('/').all(|part| part.bytes().all(|byte| byte.is_ascii_digit())));
        below && objection.at.starts_with(self.at)
    }
}

/// What Prism objected to, without what the description is wrong about.
pub(super) fn objections(prism: &Prism, wrong: &[Wrong]) -> Vec<Objection> {
    let excused = |objection: &Objection| wrong.iter().any(|wrong| wrong.excuses(objection));
    let mut objections = prism.objections();
    objections.retain(|objection| !excused(objection));
    objections.dedup();
    objections
}

/// Excuses that nothing needed: they hide what they should not.
pub(super) fn idle<'a>(prism: &Prism, wrong: &'a [Wrong]) -> Vec<&'a str> {
    let objections = prism.objections();
    let needed = |wrong: &&Wrong| objections.iter().any(|objection| wrong.excuses(objection));
    wrong.iter().filter(|wrong| !needed(wrong)).map(|wrong| wrong.why).collect()
}
