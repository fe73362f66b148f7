//! Where a location's webhooks go (`/hooks_settings`), and what is told there.

use super::{
    answer::{Answer, Done},
    call::{Call, flag},
    state::{Salon, State},
    webhook::Post,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The kinds of events, as the settings name them.
pub(super) const KINDS: [&str; 15] = [
    "salon",
    "service_category",
    "service",
    "master",
    "good",
    "client",
    "record",
    "schedule",
    "loyalty_card",
    "goods_operations_sale",
    "goods_operations_receipt",
    "goods_operations_consumable",
    "goods_operations_stolen",
    "goods_operations_move",
    "finances_operation",
];

/// One address that is told.
#[derive(Debug, Clone)]
pub(super) struct Hook {
    pub(super) url: String,
    pub(super) active: bool,
    pub(super) kinds: BTreeMap<&'static str, bool>,
    pub(super) self_sending: bool,
    /// The partner who set it; it is not told what itself does, unless it wants to.
    pub(super) by: String,
    /// It came with the activation of an app, and goes with it.
    pub(super) installed: bool,
}

impl Hook {
    /// One that a person typed in.
    pub(super) fn everything(url: &str) -> Self {
        let kinds = KINDS.iter().map(|kind| (*kind, true)).collect();
        Self { url: url.to_owned(), active: true, kinds, self_sending: true, by: String::new(), installed: false }
    }
}

/// Something that happened.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) salon: u64,
    pub(super) resource: &'static str,
    pub(super) id: u64,
    pub(super) status: &'static str,
    pub(super) data: Value,
    /// The partner who did it over the API.
    pub(super) by: Option<String>,
}

impl Event {
    /// The name of the setting that it belongs to.
    fn kind(&self) -> &'static str {
        match self.resource {
            "staff" => "master",
            "company" => "salon",
            other => KINDS.iter().find(|kind| **kind == other).copied().unwrap_or("record"),
        }
    }

    pub(super) fn body(&self) -> Value {
        json!({
            "company_id": self.salon,
            "resource": self.resource,
            "resource_id": self.id,
            "status": self.status,
            "data": self.data,
        })
    }
}

impl State {
    /// Who is told what, by the plan.
    pub(super) fn posts(&mut self, events: Vec<Event>) -> Vec<Post> {
        let mut posts = Vec::new();
        for event in events {
            let Some(salon) = self.salons.get(&event.salon) else { continue };
            for hook in &salon.hooks {
                let own = event.by.as_ref() == Some(&hook.by) && !hook.self_sending;
                if hook.active && !own && hook.kinds.get(event.kind()).copied().unwrap_or_default() {
                    posts.extend(self.webhooks.posts(&hook.url, &event));
                }
            }
        }
        self.webhooks.arrange(posts)
    }
}

pub(super) fn read(state: &mut State, call: &Call) -> Done {
    let salon = state.salon(call.id("company"))?;
    Ok(Answer::ok(shown(salon)))
}

/// Replaces every address of the location; the settings hold for all of them.
pub(super) fn write(state: &mut State, call: &Call) -> Done {
    let (body, id) = (&call.body, call.id("company"));
    let urls: Vec<_> = body["urls"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut unique = urls.clone();
    unique.sort_unstable();
    unique.dedup();
    if urls.is_empty() || urls.len() > 10 || unique.len() != urls.len() {
        return Err(Answer::invalid(422, "Validation error", &[("urls".into(), "1 to 10 unique addresses".into())]));
    }
    let Some(active) = body.get("active").and_then(flag) else {
        return Err(Answer::invalid(422, "Validation error", &[("active".into(), "The field is required".into())]));
    };
    let kinds: BTreeMap<_, _> = KINDS.iter().map(|kind| (*kind, flag(&body[*kind]).unwrap_or_default())).collect();
    let self_sending = flag(&body["self_sending"]).unwrap_or_default();
    let salon = state.salon(id)?;
    let installed: Vec<_> = salon.hooks.iter().filter(|hook| hook.installed).map(|hook| hook.url.clone()).collect();
    let hook = |url: &str| Hook {
        url: url.to_owned(),
        active,
        kinds: kinds.clone(),
        self_sending,
        by: call.partner.clone(),
        installed: installed.iter().any(|known| known == url),
    };
    salon.hooks = urls.into_iter().map(hook).collect();
    let shown = shown(salon);
    Ok(Answer::created(shown))
}

/// The settings as they are read; the flags at the top are those of the first address.
fn shown(salon: &Salon) -> Value {
    let flags = |hook: Option<&Hook>| {
        let mut flags: Map<String, Value> = KINDS
            .iter()
            .map(|kind| {
                let on = hook.is_some_and(|hook| hook.kinds.get(kind).copied().unwrap_or_default());
                ((*kind).to_owned(), json!(u8::from(on)))
            })
            .collect();
        flags.insert("active".into(), json!(u8::from(hook.is_some_and(|hook| hook.active))));
        flags.insert("self_sending".into(), json!(u8::from(hook.is_some_and(|hook| hook.self_sending))));
        flags
    };
    let each = salon.hooks.iter().map(|hook| {
        let mut one = flags(Some(hook));
        one.insert("url".into(), json!(hook.url));
        Value::Object(one)
    });
    let mut all = flags(salon.hooks.first());
    all.insert("urls".into(), salon.hooks.iter().map(|hook| json!(hook.url)).collect());
    all.insert("url_settings".into(), each.collect());
    Value::Object(all)
}
