//! Businesses that sign up: codes, tokens, accounts, registration of numbers, who is told of what.

use super::{
    FakeMeta, FaultRule,
    graph::{bare, bearer, cut, known_version, refusal},
    rules::Refusal,
    state::{Number, Shared, State},
};
use crate::fake::{
    fault::{self, Fault, Rule},
    net::Scissors,
};
use axum::{
    Json,
    body::Body,
    extract::{ConnectInfo, Query, State as AxumState},
    http::{HeaderMap, Method, Request},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};
use std::{collections::HashMap, sync::Arc};

/// A sign-up's code lives this long.
const CODE_SECONDS: i64 = 30;
/// Registrations and deregistrations of one number, and the hours in which they are counted.
const MOST_REGISTRATIONS: usize = 10;
const REGISTRATION_HOURS: i64 = 72;
/// Longest address that may be set for an account.
const LONGEST_OVERRIDE: usize = 200;
/// Longest body that is read.
const BODY: usize = 64 * 1024;
/// The code that proves that a number is the owner's.
pub(super) const VERIFICATION_CODE: &str = "123456";

const REGIONS: [&str; 14] = ["AE", "AU", "BH", "BR", "CA", "CH", "DE", "GB", "ID", "IN", "JP", "KR", "SG", "ZA"];
const SCOPES: [&str; 2] = ["whatsapp_business_management", "whatsapp_business_messaging"];

/// What the fake remembers of it.
#[derive(Debug, Default)]
pub(super) struct Onboarding {
    codes: Vec<Code>,
    grants: Vec<Grant>,
    /// Accounts that the app is told of, each with the address that was set for it.
    pub(super) told: HashMap<String, Option<String>>,
    attempts: HashMap<String, Vec<DateTime<Utc>>>,
    requested: Vec<String>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) bare_tokens: bool,
    /// Faults by a part of the path.
    pub(super) faults: Vec<(String, Vec<Rule>)>,
    /// What was carried out: method and path.
    pub(super) calls: Vec<String>,
}

#[derive(Debug)]
struct Code {
    code: String,
    waba: String,
    until: DateTime<Utc>,
    used: bool,
}

#[derive(Debug)]
struct Grant {
    token: String,
    waba: String,
}

/// Signing up.
impl FakeMeta {
    /// A business adds a number to its account: verified, not registered, with a two-step PIN where it has one already. The
    /// app is not told of the account yet.
    pub fn add_unregistered(&self, phone_number_id: &str, display: &str, waba_id: &str, pin: Option<&str>) -> &Self {
        let number = Number::new(phone_number_id, display, waba_id, "");
        let pin = pin.map(str::to_owned);
        self.change(|state| state.numbers.push(Number { registered: false, pin, ..number }));
        self
    }

    /// The owner of a number has to prove again that it is theirs.
    pub fn unverified(&self, phone_number_id: &str) -> &Self {
        self.change(|state| {
            for number in state.numbers.iter_mut().filter(|number| number.id == phone_number_id) {
                number.verified = false;
            }
        });
        self
    }

    /// A number that stays in the WhatsApp Business app: it can send, and is never registered.
    pub fn keep_in_app(&self, phone_number_id: &str) -> &Self {
        self.change(|state| {
            for number in state.numbers.iter_mut().filter(|number| number.id == phone_number_id) {
                (number.in_app, number.registered) = (true, true);
            }
        });
        self
    }

    /// A business goes through the dialogue and lets the app have an account: the code, which lives 30 seconds.
    #[must_use]
    pub fn signs_up(&self, waba_id: &str) -> String {
        self.change(|state| state.sign_up(waba_id))
    }

    /// What tokens may do, in place of what is needed.
    pub fn grant_only(&self, scopes: &[&str]) -> &Self {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.change(|state| state.onboarding.scopes = Some(scopes));
        self
    }

    /// Whether a token comes as the page shows it, bare, and not in JSON.
    pub fn bare_tokens(&self, bare: bool) -> &Self {
        self.change(|state| state.onboarding.bare_tokens = bare);
        self
    }

    /// Makes calls of signing up go wrong: those whose path has this part.
    pub fn on_call(&self, part: &str) -> FaultRule {
        let (shared, part) = (Arc::clone(&self.inner.shared), part.to_owned());
        FaultRule::new(move |rule| shared.with(|state| state.onboarding.faults.push((part, vec![rule]))))
    }

    /// How many calls of signing up were carried out, whatever their caller learnt of it: those whose method and path have
    /// this part, such as `POST /v25.0/106540352242922/register`.
    #[must_use]
    pub fn carried_out(&self, part: &str) -> usize {
        self.read(|state| state.onboarding.calls.iter().filter(|call| call.contains(part)).count())
    }

    /// Whether a number is on the Cloud API.
    #[must_use]
    pub fn is_registered(&self, phone_number_id: &str) -> bool {
        self.read(|state| state.number(phone_number_id).is_some_and(|number| number.registered))
    }
}

impl State {
    /// A code of a business that went through the dialogue just now.
    pub(super) fn sign_up(&mut self, waba: &str) -> String {
        let code = format!("AQ{}", self.fresh_id().trim_start_matches("wamid."));
        let until = self.time.now() + Duration::seconds(CODE_SECONDS);
        self.onboarding.codes.push(Code { code: code.clone(), waba: waba.to_owned(), until, used: false });
        code
    }

    /// Where an event of a number is posted; `None`: nobody is told.
    pub(super) fn destination(&self, phone_number_id: &str) -> Option<String> {
        // Of a number that the fake does not know, everything is told: tests of strangers.
        let Some(number) = self.number(phone_number_id) else { return self.callback.clone() };
        let set = self.onboarding.told.get(&number.waba_id)?;
        set.clone().or_else(|| self.callback.clone())
    }

    fn number_mut(&mut self, id: &str) -> Option<&mut Number> {
        self.numbers.iter_mut().find(|number| number.id == id)
    }
}

/// One call.
struct Call {
    method: Method,
    path: Vec<String>,
    query: HashMap<String, String>,
    token: Option<String>,
    body: Value,
}

/// Every call that has to do with signing up.
pub(super) async fn manage(
    AxumState(shared): AxumState<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY).await.unwrap_or_default();
    let whole = parts.uri.path().to_owned();
    let call = Call {
        method: parts.method,
        path: whole.trim_matches('/').split('/').map(str::to_owned).collect(),
        query,
        token: bearer(&headers).map(str::to_owned),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    let fault = shared.with(|state| {
        let rules = state.onboarding.faults.iter_mut().filter(|(part, _)| whole.contains(part.as_str()));
        rules.into_iter().find_map(|(_, rules)| fault::take(rules, "", ""))
    });
    let done = match &fault {
        Some(Fault::Code(code)) => Err(Refusal::new(*code, "the fake was told to refuse")),
        Some(Fault::DropRequest) => return cut(&scissors, 0),
        Some(Fault::Status(status)) => return bare(*status),
        _ => carry_out(&shared, &call).await,
    };
    match &done {
        Ok(_) => shared.with(|state| state.onboarding.calls.push(format!("{} {whole}", call.method))),
        Err(_) => shared.with(|state| state.refused += 1),
    }
    match (fault, done) {
        (Some(Fault::DropAnswer), _) => cut(&scissors, 0),
        (Some(Fault::CutAnswer), _) => cut(&scissors, 256),
        (Some(Fault::GarbleAnswer), _) => "<html>".into_response(),
        (Some(Fault::StatusAfter(status)), _) => bare(status),
        (Some(Fault::Hang), _) => std::future::pending().await,
        (_, Ok(Value::String(text))) => text.into_response(),
        (_, Ok(answer)) => Json(answer).into_response(),
        (_, Err(refused)) => refusal(&refused),
    }
}

async fn carry_out(shared: &Shared, call: &Call) -> Result<Value, Refusal> {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    known_version(path.first().copied().unwrap_or_default())?;
    let (get, post) = (call.method == Method::GET, call.method == Method::POST);
    match path[..] {
        [_, "oauth", "access_token"] if get => shared.with(|state| exchange(state, call)),
        [_, "debug_token"] if get => shared.with(|state| inspect(state, call)),
        [_, waba, "phone_numbers"] if get => shared.with(|state| numbers(state, waba, call)),
        [_, waba, "subscribed_apps"] if get => shared.with(|state| subscriptions(state, waba, call)),
        [_, waba, "subscribed_apps"] if post => subscribe(shared, waba, call).await,
        [_, waba, "subscribed_apps"] => shared.with(|state| unsubscribe(state, waba, call)),
        [_, id, "register"] if post => shared.with(|state| register(state, id, call)),
        [_, id, "deregister"] if post => shared.with(|state| deregister(state, id, call)),
        [_, id, "request_code"] if post => shared.with(|state| request_code(state, id, call)),
        [_, id, "verify_code"] if post => shared.with(|state| verify_code(state, id, call)),
        [_, id] if get => shared.with(|state| {
            let number = state.number(id).ok_or_else(no_object)?;
            owner(state, &number.waba_id, call)?;
            Ok(number_json(state, number, call))
        }),
        _ => Err(Refusal::new(2500, "Unknown path components")),
    }
}

fn exchange(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let is = |name: &str, value: &str| call.query.get(name).is_some_and(|given| given == value);
    if !is("client_id", FakeMeta::APP_ID) || !is("client_secret", &state.app_secret) {
        return Err(Refusal::new(100, "Error validating application"));
    }
    let now = state.time.now();
    let code = call.query.get("code").map(String::as_str).unwrap_or_default();
    let known = state.onboarding.codes.iter_mut().find(|known| known.code == code);
    let known = known.ok_or_else(|| Refusal::new(100, "Invalid verification code format"))?;
    if known.used {
        return Err(Refusal::new(100, "This authorization code has been used"));
    }
    if now > known.until {
        return Err(Refusal::new(100, "This authorization code has expired"));
    }
    known.used = true;
    let (waba, token) = (known.waba.clone(), format!("EAAFake{code}"));
    for number in state.numbers.iter_mut().filter(|number| number.waba_id == waba) {
        token.clone_into(&mut number.token);
    }
    state.onboarding.grants.push(Grant { token: token.clone(), waba });
    match state.onboarding.bare_tokens {
        true => Ok(Value::String(token)),
        false => Ok(json!({"access_token": token, "token_type": "bearer"})),
    }
}

fn inspect(state: &State, call: &Call) -> Result<Value, Refusal> {
    if call.token.as_deref() != Some(&format!("{}|{}", FakeMeta::APP_ID, state.app_secret)) {
        return Err(Refusal::new(190, "Invalid OAuth access token"));
    }
    let token = call.query.get("input_token").map(String::as_str).unwrap_or_default();
    let ids = accounts(state, token);
    if ids.is_empty() {
        return Ok(json!({"data": {"is_valid": false, "scopes": []}}));
    }
    let scopes = state.onboarding.scopes.clone().unwrap_or_else(|| SCOPES.map(str::to_owned).to_vec());
    let granular: Vec<_> = scopes.iter().map(|scope| json!({"scope": scope, "target_ids": ids})).collect();
    Ok(json!({"data": {
        "app_id": FakeMeta::APP_ID,
        "type": "SYSTEM_USER",
        "is_valid": true,
        "expires_at": 0,
        "scopes": scopes,
        "granular_scopes": granular,
    }}))
}

/// The accounts that a token is for.
fn accounts(state: &State, token: &str) -> Vec<String> {
    if token.is_empty() {
        return Vec::new();
    }
    let granted = state.onboarding.grants.iter().rev().filter(|grant| grant.token == token).map(|grant| &grant.waba);
    let own = state.numbers.iter().filter(|number| number.token == token).map(|number| &number.waba_id);
    let mut ids = Vec::new();
    for id in granted.chain(own) {
        if !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    ids
}

fn owner(state: &State, waba: &str, call: &Call) -> Result<(), Refusal> {
    let ids = accounts(state, call.token.as_deref().unwrap_or_default());
    match (ids.is_empty(), ids.iter().any(|id| id == waba)) {
        (true, _) => Err(Refusal::new(190, "Invalid OAuth access token")),
        (false, true) => Ok(()),
        (false, false) => Err(Refusal::new(200, "the token is not for this account")),
    }
}

fn numbers(state: &State, waba: &str, call: &Call) -> Result<Value, Refusal> {
    owner(state, waba, call)?;
    let ours = state.numbers.iter().filter(|number| number.waba_id == waba);
    let all: Vec<_> = ours.map(|number| number_json(state, number, call)).collect();
    Ok(json!({"data": all, "paging": {"cursors": {"before": "MAZDZD", "after": "MQZDZD"}}}))
}

fn number_json(state: &State, number: &Number, call: &Call) -> Value {
    let set = state.onboarding.told.get(&number.waba_id).cloned().flatten();
    let mut urls = Map::new();
    urls.extend(set.map(|url| ("whatsapp_business_account".to_owned(), url.into())));
    urls.extend(state.callback.clone().map(|url| ("application".to_owned(), url.into())));
    let whole = json!({
        "id": number.id,
        "display_phone_number": format!("+{}", number.display),
        "status": if number.registered { "LINKED" } else { "PENDING" },
        "verified_name": number.name,
        "quality_rating": "GREEN",
        "code_verification_status": if number.verified { "VERIFIED" } else { "UNVERIFIED" },
        "name_status": "APPROVED",
        "platform_type": if number.registered { "CLOUD_API" } else { "NOT_APPLICABLE" },
        "webhook_configuration": urls,
    });
    let wanted: Vec<_> = call.query.get("fields").map(|fields| fields.split(',').collect()).unwrap_or_default();
    let usual = ["id", "display_phone_number", "verified_name", "status", "quality_rating", "code_verification_status"];
    let shown = |key: &str| if wanted.is_empty() { usual.contains(&key) } else { key == "id" || wanted.contains(&key) };
    whole.as_object().into_iter().flatten().filter(|(key, _)| shown(key)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn subscriptions(state: &State, waba: &str, call: &Call) -> Result<Value, Refusal> {
    owner(state, waba, call)?;
    let app = state.onboarding.told.get(waba).map(|set| {
        let link = "https://www.facebook.com/games/?app_id=0";
        let mut app = json!({"whatsapp_business_api_data": {"id": FakeMeta::APP_ID, "link": link, "name": "Fake"}});
        if let (Some(url), Some(app)) = (set, app.as_object_mut()) {
            app.insert("override_callback_uri".to_owned(), url.clone().into());
        }
        app
    });
    Ok(json!({"data": app.into_iter().collect::<Vec<_>>()}))
}

async fn subscribe(shared: &Shared, waba: &str, call: &Call) -> Result<Value, Refusal> {
    shared.with(|state| owner(state, waba, call))?;
    let text = |key: &str| call.body.get(key).and_then(Value::as_str);
    let set = match (text("override_callback_uri"), text("verify_token")) {
        (None, _) => None,
        (Some(url), _) if url.len() > LONGEST_OVERRIDE => return Err(Refusal::new(100, "the URI is too long")),
        (Some(url), word) if shared.courier.verify_at(url, word.unwrap_or_default()).await => Some(url.to_owned()),
        (Some(_), _) => return Err(Refusal::new(100, "The callback URL or the verify token could not be validated")),
    };
    shared.with(|state| state.onboarding.told.insert(waba.to_owned(), set));
    Ok(json!({"success": true}))
}

fn unsubscribe(state: &mut State, waba: &str, call: &Call) -> Result<Value, Refusal> {
    owner(state, waba, call)?;
    state.onboarding.told.remove(waba);
    Ok(json!({"success": true}))
}

/// A number that the caller may do something with.
fn own<'a>(state: &'a State, id: &str, call: &Call) -> Result<&'a Number, Refusal> {
    let number = state.number(id).ok_or_else(no_object)?;
    owner(state, &number.waba_id, call)?;
    Ok(number)
}

/// Counts a registration or deregistration; the eleventh in 72 hours is one too many.
fn counted(state: &mut State, id: &str) -> Result<(), Refusal> {
    let now = state.time.now();
    let attempts = state.onboarding.attempts.entry(id.to_owned()).or_default();
    attempts.retain(|at| now - *at < Duration::hours(REGISTRATION_HOURS));
    if attempts.len() >= MOST_REGISTRATIONS {
        return Err(Refusal::new(133_016, "Too many attempts to register this number"));
    }
    attempts.push(now);
    Ok(())
}

fn register(state: &mut State, id: &str, call: &Call) -> Result<Value, Refusal> {
    own(state, id, call)?;
    let text = |key: &str| call.body.get(key).and_then(Value::as_str);
    let pin = text("pin").filter(|pin| pin.len() == 6 && pin.bytes().all(|b| b.is_ascii_digit()));
    let pin = pin.ok_or_else(|| Refusal::new(100, "pin must be six digits"))?;
    if text("messaging_product") != Some("whatsapp") {
        return Err(Refusal::new(100, "messaging_product must be whatsapp"));
    }
    if text("data_localization_region").is_some_and(|region| !REGIONS.contains(&region)) {
        return Err(Refusal::new(100, "data_localization_region is not known"));
    }
    counted(state, id)?;
    let number = state.number_mut(id).ok_or_else(no_object)?;
    if number.in_app {
        return Err(Refusal::new(100, "the number is used in the WhatsApp Business app"));
    }
    if !number.verified {
        return Err(Refusal::new(133_006, "Phone number re-verification needed"));
    }
    if number.pin.as_deref().is_some_and(|known| known != pin) {
        return Err(Refusal::new(133_005, "Two step verification PIN mismatch"));
    }
    number.pin = Some(pin.to_owned());
    number.registered = true;
    Ok(json!({"success": true}))
}

fn deregister(state: &mut State, id: &str, call: &Call) -> Result<Value, Refusal> {
    if own(state, id, call)?.in_app {
        return Err(Refusal::new(100, "the number is used in the WhatsApp Business app"));
    }
    counted(state, id)?;
    let number = state.number_mut(id).ok_or_else(no_object)?;
    if !std::mem::replace(&mut number.registered, false) {
        return Err(Refusal::new(133_010, "Phone number not registered"));
    }
    Ok(json!({"success": true}))
}

fn request_code(state: &mut State, id: &str, call: &Call) -> Result<Value, Refusal> {
    own(state, id, call)?;
    let text = |key: &str| call.body.get(key).and_then(Value::as_str).unwrap_or_default();
    if !matches!(text("code_method"), "SMS" | "VOICE") || text("language").len() != 5 {
        return Err(Refusal::new(100, "code_method and language are wanted"));
    }
    state.onboarding.requested.push(id.to_owned());
    Ok(json!({"success": true}))
}

fn verify_code(state: &mut State, id: &str, call: &Call) -> Result<Value, Refusal> {
    own(state, id, call)?;
    let code = call.body.get("code").and_then(Value::as_str).unwrap_or_default();
    if code != VERIFICATION_CODE || !state.onboarding.requested.iter().any(|asked| asked == id) {
        return Err(Refusal::new(100, "the code is not right"));
    }
    state.number_mut(id).ok_or_else(no_object)?.verified = true;
    Ok(json!({"success": true, "id": id}))
}

fn no_object() -> Refusal {
    Refusal::new(100, "Object with this ID does not exist")
}
