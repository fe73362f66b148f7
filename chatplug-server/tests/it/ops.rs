//! The dashboard and the alert rules: every metric that they ask for is one that `/metrics` gives.

use chatplug_core::{
    engine::{EngineEvent, Observer as _},
    model::{ConversationId, DeliveryKey, TenantId},
    ports::Figures,
};
use chatplug_server::metrics::Metrics;
use serde_json::Value;
use std::{collections::BTreeSet, path::Path, time::Duration};

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ops").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// Everything that is ever rendered, after each thing happened once.
fn rendered() -> BTreeSet<String> {
    let metrics = Metrics::new();
    let tenant = TenantId::new("bella").unwrap();
    let (conversation, key) = (ConversationId::derive(&["1"]), DeliveryKey::derive(&["1"]));
    let took = Duration::from_millis(1);
    metrics.webhook("meta", http::StatusCode::OK);
    metrics.webhook_took(took);
    metrics.limit_asked(true);
    for event in [
        EngineEvent::WebhookStored { events: 1, duplicates: 0, took },
        EngineEvent::TurnCommitted { tenant: &tenant, conversation, messages: 1, took },
        EngineEvent::TurnFailed { tenant: &tenant, why: "store" },
        EngineEvent::BackendCalled { tenant: &tenant, backend: "calendar", operation: "book", result: "ok", took },
        EngineEvent::ActionEnded { tenant: &tenant, what: "book", result: "done" },
        EngineEvent::Delivered { tenant: &tenant, key, result: "sent", took },
        EngineEvent::TeamTold { tenant: &tenant, result: "told" },
    ] {
        metrics.observe(&event);
    }
    names(&metrics.render(Some(&Figures::default()), true, true))
}

/// The metrics that a text speaks of.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("chatplug_")).map(str::to_owned).collect()
}

/// Every expression of a dashboard, with the title of its panel.
fn expressions(value: &Value, title: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| expressions(item, title, found)),
        Value::Object(fields) => {
            let title = fields.get("title").and_then(Value::as_str).unwrap_or(title);
            if let Some(expr) = fields.get("expr").and_then(Value::as_str) {
                found.push((title.to_owned(), expr.to_owned()));
            }
            fields.values().for_each(|field| expressions(field, title, found));
        }
        _ => {}
    }
}

#[test]
fn the_dashboard_asks_for_metrics_that_there_are() {
    let known = rendered();
    let dashboard: Value = serde_json::from_str(&file("grafana-dashboard.json")).unwrap();
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 38, "as Grafana 10 writes it");
    let mut found = Vec::new();
    expressions(&dashboard, "", &mut found);
    assert!(found.len() > 40, "{}", found.len());
    for (title, expr) in &found {
        let asked = names(expr);
        assert!(!asked.is_empty(), "{title}: {expr}");
        assert!(asked.is_subset(&known), "{title}: {expr} asks for {:?}", asked.difference(&known).collect::<Vec<_>>());
    }
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "every panel has an id of its own");
    let drawn = panels.iter().filter(|panel| panel["type"] != "row");
    for panel in drawn {
        assert!(!panel["targets"].as_array().unwrap().is_empty(), "{panel}");
    }
    // What a query names in braces, some variable stands for.
    let variables = dashboard.pointer("/templating/list").unwrap().as_array().unwrap();
    let variables: BTreeSet<_> = variables.iter().map(|variable| variable["name"].as_str().unwrap()).collect();
    assert_eq!(variables, BTreeSet::from(["datasource", "instance", "job"]));
}

#[test]
fn everything_that_is_measured_is_on_the_dashboard() {
    let mut found = Vec::new();
    expressions(&serde_json::from_str(&file("grafana-dashboard.json")).unwrap(), "", &mut found);
    let shown = names(&found.into_iter().map(|(_, expr)| expr + " ").collect::<String>());
    let base = |name: &str| {
        ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name).to_owned()
    };
    let shown: BTreeSet<String> = shown.iter().map(|name| base(name)).collect();
    let missing: Vec<String> = rendered().iter().map(|name| base(name)).filter(|name| !shown.contains(name)).collect();
    // Told by alerts, and plain from another panel.
    let elsewhere = ["chatplug_store_up", "chatplug_events_total"];
    let missing: BTreeSet<_> = missing.iter().filter(|name| !elsewhere.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_alerts_ask_for_metrics_that_there_are() {
    let known = rendered();
    let rules = file("alerts.yml");
    let lines_of = |key: &str| {
        let key = format!("{key}: ");
        rules
            .lines()
            .filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix(&key).map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let alerts = lines_of("alert");
    let (expressions, severities, summaries) = (lines_of("expr"), lines_of("severity"), lines_of("summary"));
    assert!(alerts.len() >= 10, "{alerts:?}");
    assert_eq!((expressions.len(), severities.len(), summaries.len()), (alerts.len(), alerts.len(), alerts.len()));
    for (alert, expr) in alerts.iter().zip(&expressions) {
        let asked = names(expr);
        assert!(!asked.is_empty() && asked.is_subset(&known), "{alert}: {expr}");
        let parens = |open: char, close: char| expr.matches(open).count() == expr.matches(close).count();
        assert!(parens('(', ')') && parens('[', ']'), "{alert}: {expr}");
    }
    assert!(severities.iter().all(|severity| severity == "page" || severity == "warn"), "{severities:?}");
    // The chapter on operations says what to do about each that has a row there, and names none that is not there.
    let guide = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md")).unwrap();
    let words = guide.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.starts_with("Chatplug"));
    for word in words {
        assert!(alerts.iter().any(|alert| alert == word), "{word} is no alert");
    }
    for alert in &alerts {
        assert!(guide.contains(&format!("`{alert}`")), "operations.md does not say what to do about {alert}");
    }
}
