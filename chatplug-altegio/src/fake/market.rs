//! The marketplace: which location has connected the app, and what a partner may ask and tell.

use super::{
    answer::{Answer, Done},
    call::{Call, flag, positive},
    hooks::Hook,
    shape,
    state::State,
    time::naive,
};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// What a location is told of by the addresses that came with its activation; the app's own setting.
const INSTALLED: [&str; 6] = ["salon", "service_category", "service", "master", "client", "record"];

/// Where a location's connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkStatus {
    /// The owner connected; the partner has not answered yet.
    Pending,
    /// Connected.
    Active,
    /// Stopped for want of a licence or of payment. On the wire `freezed`.
    Frozen,
}

impl LinkStatus {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Frozen => "freezed",
        }
    }
}

/// What the marketplace remembers.
#[derive(Debug)]
pub(super) struct Market {
    pub(super) links: BTreeMap<u64, Link>,
    /// Where the app is told of uninstalling, freezing and payments.
    pub(super) callback: Option<String>,
    /// How long an owner's connection waits for the partner.
    pub(super) patience: Duration,
    /// What a second activation is answered with.
    pub(super) repeat: u16,
    /// Connections are active at once.
    pub(super) private: bool,
    /// The user of the token is the app's own: it may act only where the app is active.
    pub(super) technical: bool,
    /// The app has tariffs, so that there are links to pay by.
    pub(super) tariffs: bool,
    payments: u64,
}

impl Default for Market {
    fn default() -> Self {
        Self {
            links: BTreeMap::new(),
            callback: None,
            patience: Duration::hours(1),
            repeat: 403,
            private: false,
            technical: false,
            tariffs: false,
            payments: 776,
        }
    }
}

/// One location's connection.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) status: LinkStatus,
    created: DateTime<Utc>,
    logs: Vec<Value>,
    payments: Vec<Value>,
    channels: BTreeMap<String, bool>,
}

impl State {
    /// The connection of a location as it is now: one that waited too long is none any more.
    pub(super) fn link(&mut self, salon: u64) -> Option<&mut Link> {
        let now = self.time.now();
        let gone = |link: &Link| link.status == LinkStatus::Pending && link.created + self.market.patience < now;
        if self.market.links.get(&salon).is_some_and(gone) {
            self.market.links.remove(&salon);
        }
        self.market.links.get_mut(&salon)
    }

    /// The owner presses "Connect"; once connected, nothing changes.
    pub(super) fn connect(&mut self, salon: u64) {
        let now = self.time.now();
        if !self.salons.contains_key(&salon) || self.link(salon).is_some() {
            return;
        }
        let (logs, payments, channels) = (Vec::new(), Vec::new(), BTreeMap::new());
        let link = Link { status: LinkStatus::Pending, created: now, logs, payments, channels };
        self.market.links.insert(salon, link);
        if self.market.private {
            self.set_link(salon, LinkStatus::Active, "auto");
        }
    }

    /// Whether the app may do anything there.
    pub(super) fn is_active(&mut self, salon: u64) -> bool {
        self.link(salon).is_some_and(|link| link.status == LinkStatus::Active)
    }

    /// Moves a connection on, and writes that into its log.
    pub(super) fn set_link(&mut self, salon: u64, status: LinkStatus, source: &str) -> bool {
        let changed = naive(self.wall(salon));
        let Some(link) = self.link(salon) else { return false };
        let log = json!({"changed_at": changed, "status_from": link.status.word(), "status_to": status.word(), "source": source});
        link.logs.push(log);
        link.status = status;
        true
    }

    /// Ends a connection, with the addresses that came with it.
    pub(super) fn disconnect(&mut self, salon: u64) -> bool {
        if let Some(salon) = self.salons.get_mut(&salon) {
            salon.hooks.retain(|hook| !hook.installed);
        }
        self.market.links.remove(&salon).is_some()
    }
}

fn ids(call: &Call) -> Result<u64, Answer> {
    let app = positive(&call.body["application_id"]).or_else(|| call.number("application_id"));
    let salon = positive(&call.body["salon_id"]).or_else(|| call.number("salon_id"));
    let missing =
        |field: &str| Answer::invalid(422, "Validation error", &[(field.into(), "The field is required".into())]);
    let (app, salon) = (app.ok_or_else(|| missing("application_id"))?, salon.ok_or_else(|| missing("salon_id"))?);
    if app == super::FakeAltegio::APP { Ok(salon) } else { Err(Answer::refused(403, "Access denied.")) }
}

/// `POST /marketplace/partner/callback`: the partner is ready.
pub(super) fn activate(state: &mut State, call: &Call) -> Done {
    let salon = ids(call)?;
    let repeat = state.market.repeat;
    match state.link(salon).map(|link| link.status) {
        None => return Err(Answer::refused(400, "Aggregator not found")),
        Some(LinkStatus::Pending) => {}
        Some(_) => return Err(Answer::refused(repeat, "The application is connected already")),
    }
    let texts = |key: &str| -> Vec<String> {
        call.body[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let channels = texts("channels").into_iter().map(|channel| (channel, true)).collect();
    state.set_link(salon, LinkStatus::Active, "partner");
    if let Some(link) = state.link(salon) {
        link.channels = channels;
    }
    let hooks = texts("webhook_urls").into_iter().map(|url| Hook {
        kinds: INSTALLED.into_iter().map(|kind| (kind, true)).collect(),
        self_sending: false,
        by: call.partner.clone(),
        installed: true,
        ..Hook::everything(&url)
    });
    state.salon(salon)?.hooks.extend(hooks);
    Ok(Answer::created(Value::Null))
}

/// `GET /marketplace/salon/{salon}/application/{app}`.
pub(super) fn status(state: &mut State, call: &Call) -> Done {
    if call.id("app") != super::FakeAltegio::APP {
        return Err(Answer::not_found());
    }
    let zone = state.salon(call.id("salon"))?.shop.zone;
    let link = state.link(call.id("salon")).ok_or_else(Answer::not_found)?;
    let created = naive(link.created.with_timezone(&zone).naive_local());
    Ok(Answer::ok(json!({
        "connection_status": {"status": link.status.word(), "created_at": created},
        "payments": link.payments,
        "logs": link.logs,
    })))
}

/// `GET /marketplace/application/{app}/salons`: page and count are wanted.
pub(super) fn salons(state: &mut State, call: &Call) -> Done {
    let required = ["page", "count"].iter().find(|key| call.number(key).is_none());
    if let Some(field) = required {
        return Err(Answer::invalid(422, "Validation error", &[((*field).into(), "The field is required".into())]));
    }
    let all: Vec<_> = state.salons.keys().copied().collect();
    let connected = |id: &u64| state.link(*id).is_some_and(|link| link.status != LinkStatus::Pending);
    let all: Vec<_> = all.into_iter().filter(connected).collect();
    let traps = state.traps.clone();
    let shown = all.iter().filter_map(|id| state.salons.get(id)).map(|salon| shape::company(&salon.shop, &traps));
    Ok(Answer::ok(super::api::catalog::page(call, shown.collect()).into()))
}

pub(super) fn uninstall(state: &mut State, call: &Call) -> Done {
    let known = call.id("app") == super::FakeAltegio::APP && state.link(call.id("salon")).is_some();
    if !known {
        return Err(Answer::not_found());
    }
    state.disconnect(call.id("salon"));
    Ok(Answer::ok(Value::Null))
}

/// `POST /marketplace/partner/payment`: not idempotent, and it may unfreeze.
pub(super) fn payment(state: &mut State, call: &Call) -> Done {
    let salon = ids(call)?;
    let body = &call.body;
    let fields = ["payment_sum", "currency_iso", "payment_date", "period_from", "period_to"];
    if let Some(field) = fields.iter().find(|field| body[**field].is_null()) {
        return Err(Answer::invalid(422, "Validation error", &[((*field).into(), "The field is required".into())]));
    }
    state.market.payments += 1;
    let id = state.market.payments;
    let link = state.link(salon).ok_or_else(Answer::not_found)?;
    let mut payment = json!({"id": id, "is_refunded": false});
    fields.iter().for_each(|field| payment[*field] = body[*field].clone());
    link.payments.push(payment);
    if link.status == LinkStatus::Frozen {
        state.set_link(salon, LinkStatus::Active, "payment");
    }
    Ok(Answer::ok(json!({"id": id})))
}

pub(super) fn refund(state: &mut State, call: &Call) -> Done {
    let id = call.id("payment");
    let payments = state.market.links.values_mut().flat_map(|link| link.payments.iter_mut());
    let payment = payments.into_iter().find(|payment| payment["id"] == id).ok_or_else(Answer::not_found)?;
    payment["is_refunded"] = json!(true);
    Ok(Answer::ok(Value::Null))
}

/// There is none for an app without tariffs.
pub(super) fn payment_link(state: &mut State, call: &Call) -> Done {
    let salon = ids(call)?;
    if !state.market.tariffs || state.link(salon).is_none() {
        return Err(Answer::not_found());
    }
    let sign = hash(&format!("pay {salon}"));
    let url = format!("https://alteg.io/appstore/payment/?salon_id={salon}&sign={sign}");
    Ok(Answer::ok(json!({ "url": url })))
}

pub(super) fn tariffs(state: &mut State, _: &Call) -> Done {
    if !state.market.tariffs {
        return Ok(Answer::ok(json!([])));
    }
    let option = json!({"id": 12, "title": "Month", "overall_price": 990.5, "duration_in_months": 1,
        "currency_iso": "USD", "staff_amount": null, "free_period_in_months": 0});
    Ok(Answer::ok(json!([{"id": 3, "title": "All", "options": [option]}])))
}

pub(super) fn add_discount(state: &mut State, call: &Call) -> Done {
    let salons: Vec<_> = call.body["salon_ids"].as_array().into_iter().flatten().filter_map(positive).collect();
    match salons.into_iter().all(|salon| state.link(salon).is_some()) {
        true => Ok(Answer::ok(Value::Null)),
        false => Err(Answer::not_found()),
    }
}

pub(super) fn update_channel(state: &mut State, call: &Call) -> Done {
    let link = ids(call).and_then(|salon| state.link(salon).ok_or_else(Answer::not_found))?;
    let slug = call.body["channel_slug"].as_str().filter(|slug| matches!(*slug, "sms" | "whatsapp"));
    let available = flag(&call.body["is_available"]);
    let (Some(slug), Some(available)) = (slug, available) else {
        return Err(Answer::invalid(422, "Validation error", &[("channel_slug".into(), "Wrong value".into())]));
    };
    link.channels.insert(slug.to_owned(), available);
    Ok(Answer::ok(Value::Null))
}

/// What only has to be taken from a partner who is connected.
pub(super) fn taken(state: &mut State, call: &Call) -> Done {
    let salon = ids(call)?;
    state.link(salon).ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(Value::Null))
}

pub(super) fn short_names(state: &mut State, call: &Call) -> Done {
    taken(state, call).map(|answer| Answer { status: 201, ..answer })
}

impl Link {
    /// Channels that the partner announced, and whether they can be used.
    pub(super) fn channels(&self) -> Vec<(String, bool)> {
        self.channels.clone().into_iter().collect()
    }
}

/// 32 hex characters that nobody guesses who does not know what they are made of.
pub(super) fn hash(of: &str) -> String {
    Sha256::digest(of.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
