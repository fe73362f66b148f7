//! What is counted for `/metrics`, in Prometheus' text form. No label holds personal data or grows with the number of
//! tenants: which tenant it was is told by the logs.

use chatplug_core::{
    engine::{EngineEvent, Observer},
    ports::Figures,
};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use std::{fmt, sync::Arc, time::Duration};

/// Bounds in seconds: from a turn in memory to a vendor that times out.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Counts. Each has a registry of its own: two servers in one process do not mix.
pub struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl Metrics {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let builder = PrometheusBuilder::new();
        // Only an empty list of bounds is refused.
        let builder = builder.set_buckets(&SECONDS).unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        let metrics = Self { recorder, handle };
        metrics.record(describe);
        Arc::new(metrics)
    }

    /// A webhook request was answered.
    pub fn webhook(&self, provider: &str, status: http::StatusCode) {
        // Providers come from the URL: only known ones become a label.
        let provider = if provider == "meta" { "meta" } else { "other" };
        self.record(|| {
            counter!("chatplug_webhooks_total", "provider" => provider, "status" => status.as_str().to_owned())
                .increment(1);
        });
    }

    /// A webhook was answered, body and all.
    pub fn webhook_took(&self, took: Duration) {
        self.record(|| seconds("chatplug_webhook_seconds", took));
    }

    /// The store failed somebody: `webhook`, `turn`, `limiter`, `retention`.
    pub fn store_failed(&self, whom: &'static str) {
        self.record(|| counter!("chatplug_store_errors_total", "whom" => whom).increment(1));
    }

    /// Retention removed so many rows.
    pub fn forgotten(&self, rows: u64) {
        self.record(|| counter!("chatplug_rows_forgotten_total").increment(rows));
    }

    /// A place was asked for under a vendor's limit, and there was one, or none yet.
    pub fn limit_asked(&self, granted: bool) {
        let name = if granted { "chatplug_limiter_taken_total" } else { "chatplug_limiter_waits_total" };
        self.record(|| counter!(name).increment(1));
    }

    /// How far the clock that this process catches up with is ahead of the time it works by.
    #[expect(clippy::cast_precision_loss, reason = "seconds for a chart")]
    pub fn adrift(&self, adrift: chrono::TimeDelta) {
        self.record(|| gauge!("chatplug_clock_adrift_seconds").set(adrift.num_milliseconds() as f64 / 1000.0));
    }

    /// Everything counted so far, with what the store says now; whether this process is ready, and runs conversations.
    #[must_use]
    pub fn render(&self, figures: Option<&Figures>, ready: bool, working: bool) -> String {
        let word = |well: bool| f64::from(u8::from(well));
        self.record(|| {
            gauge!("chatplug_store_up").set(word(figures.is_some()));
            gauge!("chatplug_ready").set(word(ready));
            gauge!("chatplug_working").set(word(working));
            if let Some(figures) = figures {
                set(figures);
            }
        });
        self.handle.run_upkeep();
        self.handle.render()
    }

    fn record(&self, what: impl FnOnce()) {
        metrics::with_local_recorder(&self.recorder, what);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Observer for Metrics {
    fn observe(&self, event: &EngineEvent<'_>) {
        self.record(|| match *event {
            EngineEvent::WebhookRefused { status: 401 } => counter!("chatplug_signatures_refused_total").increment(1),
            EngineEvent::WebhookStored { events, duplicates, took } => {
                counter!("chatplug_events_total").increment(events as u64);
                counter!("chatplug_duplicates_total").increment(duplicates as u64);
                seconds("chatplug_store_events_seconds", took);
            }
            EngineEvent::RouteUnknown { .. } => counter!("chatplug_routes_unknown_total").increment(1),
            EngineEvent::EventIgnored { .. } => counter!("chatplug_events_ignored_total").increment(1),
            EngineEvent::TurnCommitted { messages, took, .. } => {
                counter!("chatplug_turns_total").increment(1);
                counter!("chatplug_messages_read_total").increment(messages as u64);
                seconds("chatplug_turn_seconds", took);
            }
            EngineEvent::TurnFailed { why, .. } => {
                if why == "store" {
                    counter!("chatplug_store_errors_total", "whom" => "turn").increment(1);
                }
                counter!("chatplug_turns_failed_total", "why" => why.to_owned()).increment(1);
            }
            EngineEvent::BackendCalled { backend, operation, result, took, .. } => {
                counter!("chatplug_backend_calls_total", "backend" => backend, "operation" => operation, "result" => result)
                    .increment(1);
                histogram!("chatplug_backend_seconds", "backend" => backend, "operation" => operation)
                    .record(took.as_secs_f64());
            }
            EngineEvent::ModelCalled { tenant, result, tokens_in, tokens_out, cost_micros, took } => {
                let tenant = tenant.to_string();
                counter!("chatplug_model_calls_total", "tenant" => tenant.clone(), "result" => result).increment(1);
                for (direction, tokens) in [("in", tokens_in), ("out", tokens_out)] {
                    counter!("chatplug_model_tokens_total", "tenant" => tenant.clone(), "direction" => direction)
                        .increment(tokens);
                }
                counter!("chatplug_model_cost_micros_total", "tenant" => tenant.clone()).increment(cost_micros);
                if !took.is_zero() {
                    histogram!("chatplug_model_seconds", "tenant" => tenant).record(took.as_secs_f64());
                }
            }
            EngineEvent::ActionEnded { what, result, .. } => {
                counter!("chatplug_actions_total", "what" => what, "result" => result).increment(1);
            }
            EngineEvent::TeamTold { result, .. } => {
                counter!("chatplug_team_told_total", "result" => result).increment(1);
            }
            EngineEvent::Priced { pricing, .. } => {
                let category = known(pricing.category.as_deref(), &PRICE_CATEGORIES);
                let kind = known(pricing.kind.as_deref(), &PRICE_KINDS);
                let billable = match pricing.billable {
                    Some(true) => "yes",
                    Some(false) => "no",
                    None => "unknown",
                };
                counter!("chatplug_messages_priced_total", "category" => category, "type" => kind, "billable" => billable)
                    .increment(1);
            }
            EngineEvent::Delivered { result, took, .. } => {
                counter!("chatplug_deliveries_total", "result" => result).increment(1);
                seconds("chatplug_delivery_seconds", took);
            }
            _ => {}
        });
    }
}

/// Several observers as one.
#[derive(Debug)]
pub struct Observers(pub Vec<Arc<dyn Observer>>);

impl Observer for Observers {
    fn observe(&self, event: &EngineEvent<'_>) {
        for observer in &self.0 {
            observer.observe(event);
        }
    }
}

fn seconds(name: &'static str, took: Duration) {
    histogram!(name).record(took.as_secs_f64());
}

fn set(figures: &Figures) {
    let number = |name: &'static str, value: u64| gauge!(name).set(value as f64);
    let age = |name: &'static str, milliseconds: u64| gauge!(name).set(milliseconds as f64 / 1000.0);
    number("chatplug_mail_due", figures.mail_due);
    age("chatplug_mail_age_seconds", figures.mail_age_ms);
    number("chatplug_outbox_queued", figures.outbox_queued);
    age("chatplug_outbox_age_seconds", figures.outbox_age_ms);
    number("chatplug_outbox_dead", figures.outbox_dead);
    number("chatplug_outbox_unknown", figures.outbox_unknown);
    number("chatplug_actions_open", figures.actions_open);
    number("chatplug_conversations", figures.conversations);
    number("chatplug_turns_open", figures.turns_open);
    number("chatplug_overdue", figures.overdue);
    number("chatplug_notices_queued", figures.notices_queued);
    number("chatplug_notices_dead", figures.notices_dead);
}

/// Says what each is, and makes counters without labels appear before the first event: an alert on their rise needs that.
fn describe() {
    for (name, what) in [
        ("chatplug_signatures_refused_total", "Webhooks with a missing or wrong signature; nothing of them was stored"),
        ("chatplug_routes_unknown_total", "Events for an address that no tenant has"),
        ("chatplug_events_total", "Events of webhooks made durable"),
        ("chatplug_duplicates_total", "Events that had been seen before"),
        ("chatplug_events_ignored_total", "Events without a conversation, or not understood"),
        ("chatplug_turns_total", "Turns committed"),
        ("chatplug_messages_read_total", "Messages of clients read by turns"),
        ("chatplug_limiter_taken_total", "Messages that a number's limit had a place for"),
        ("chatplug_limiter_waits_total", "Messages that had to wait for a number's limit"),
        ("chatplug_rows_forgotten_total", "Rows removed because they were kept long enough"),
    ] {
        describe_counter!(name, what);
        counter!(name).absolute(0);
    }
    describe_counter!("chatplug_store_errors_total", "Failures of the store, by whom they stopped");
    for whom in ["webhook", "turn", "limiter", "retention"] {
        counter!("chatplug_store_errors_total", "whom" => whom).absolute(0);
    }
    describe_counter!("chatplug_team_told_total", "Word to teams by what became of telling them");
    for result in ["told", "retry", "dead"] {
        counter!("chatplug_team_told_total", "result" => result).absolute(0);
    }
    describe_counter!("chatplug_webhooks_total", "Webhook requests by the status they were answered with");
    describe_counter!("chatplug_turns_failed_total", "Turns that could not run and will be tried again");
    describe_counter!("chatplug_backend_calls_total", "Calls of booking systems");
    describe_counter!("chatplug_actions_total", "Bookings, moves, cancellations and confirmations by how they ended");
    describe_counter!("chatplug_messages_priced_total", "Messages that arrived, by how the provider charges them");
    describe_counter!("chatplug_deliveries_total", "Messages by what became of handing them to the provider");
    describe_counter!("chatplug_model_calls_total", "Messages that a model was asked about, by what became of it");
    describe_counter!("chatplug_model_tokens_total", "Tokens sent to models and received from them");
    describe_counter!("chatplug_model_cost_micros_total", "What they cost, in millionths of the prices' currency");
    describe_histogram!("chatplug_model_seconds", "A call of a model");
    describe_histogram!("chatplug_webhook_seconds", "A webhook from its first byte to the answer");
    describe_histogram!("chatplug_store_events_seconds", "From a parsed webhook to its events being durable");
    describe_histogram!("chatplug_turn_seconds", "A turn, calls of booking systems included");
    describe_histogram!("chatplug_backend_seconds", "A call of a booking system");
    describe_histogram!("chatplug_delivery_seconds", "Handing one message to the provider");
    describe_gauge!("chatplug_store_up", "Whether the store answers");
    describe_gauge!("chatplug_ready", "Whether this process can take work, as /readyz says");
    describe_gauge!("chatplug_working", "Whether this process runs conversations");
    describe_gauge!("chatplug_turns_open", "Conversations that a worker holds");
    describe_gauge!("chatplug_overdue", "Clients who wait for an outcome for longer than answer_within");
    describe_gauge!("chatplug_notices_queued", "Things that teams were not told yet");
    describe_gauge!("chatplug_notices_dead", "Things that teams could not be told");
    describe_gauge!("chatplug_mail_due", "Pieces of mail that wait for a turn");
    describe_gauge!("chatplug_mail_age_seconds", "Age of the oldest of them");
    describe_gauge!("chatplug_outbox_queued", "Messages that wait to be sent");
    describe_gauge!("chatplug_outbox_age_seconds", "Age of the oldest of them");
    describe_gauge!("chatplug_outbox_dead", "Messages that will never be sent");
    describe_gauge!("chatplug_outbox_unknown", "Messages whose answer was lost");
    describe_gauge!("chatplug_actions_open", "Critical actions under way");
    describe_gauge!("chatplug_conversations", "Conversations");
    describe_gauge!(
        "chatplug_clock_adrift_seconds",
        "How far the clock is ahead of the time that this process works by"
    );
    gauge!("chatplug_clock_adrift_seconds").set(0.0);
    describe_gauge!("chatplug_build_info", "Always 1, labelled with the version");
    gauge!("chatplug_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// Categories that Meta charges by; others are counted as `other`, for a label must not be somebody else's to choose.
const PRICE_CATEGORIES: [&str; 7] = [
    "authentication",
    "authentication-international",
    "marketing",
    "marketing_lite",
    "referral_conversion",
    "service",
    "utility",
];
const PRICE_KINDS: [&str; 3] = ["free_customer_service", "free_entry_point", "regular"];

/// A word of the provider's, when it is one of those that are known.
fn known(word: Option<&str>, words: &[&'static str]) -> &'static str {
    match word {
        None => "none",
        Some(word) => words.iter().copied().find(|known| *known == word).unwrap_or("other"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_there_before_the_first_event_and_count() {
        let metrics = Metrics::new();
        assert!(metrics.render(None, false, false).contains("\nchatplug_signatures_refused_total 0\n"));
        metrics.observe(&EngineEvent::WebhookRefused { status: 401 });
        metrics.observe(&EngineEvent::WebhookRefused { status: 400 });
        metrics.webhook("meta", http::StatusCode::UNAUTHORIZED);
        metrics.webhook("' } evil", http::StatusCode::NOT_FOUND);
        metrics.observe(&EngineEvent::WebhookStored { events: 3, duplicates: 1, took: Duration::from_millis(4) });
        for category in ["utility", "' } evil"] {
            let (category, kind) = (Some(category.to_owned()), Some("regular".to_owned()));
            let pricing = chatplug_core::model::Pricing { billable: Some(true), category, kind };
            metrics.observe(&EngineEvent::Priced { tenant: &"studio".parse().unwrap(), pricing: &pricing });
        }
        let text =
            metrics.render(Some(&Figures { outbox_dead: 2, mail_age_ms: 1500, ..Figures::default() }), true, true);
        for line in [
            "chatplug_signatures_refused_total 1",
            "chatplug_webhooks_total{provider=\"meta\",status=\"401\"} 1",
            "chatplug_webhooks_total{provider=\"other\",status=\"404\"} 1",
            "chatplug_messages_priced_total{category=\"utility\",type=\"regular\",billable=\"yes\"} 1",
            "chatplug_messages_priced_total{category=\"other\",type=\"regular\",billable=\"yes\"} 1",
            "chatplug_events_total 3",
            "chatplug_duplicates_total 1",
            "chatplug_store_events_seconds_bucket{le=\"0.005\"} 1",
            "chatplug_outbox_dead 2",
            "chatplug_mail_age_seconds 1.5",
            "chatplug_store_up 1",
            "chatplug_ready 1",
            "chatplug_working 1",
            "chatplug_store_errors_total{whom=\"turn\"} 0",
        ] {
            assert!(text.contains(&format!("\n{line}\n")), "{line} is not in:\n{text}");
        }
    }
}
