//! Posting webhooks: signed, and tried again as the fragment of their URL says.

use super::{
    event::{Event, Inbound, Kind, rank},
    form::{self, Form},
    overrides::{Overrides, Try},
    sent::Alert,
    sign::{Algorithm, sign, url_of_body},
    state::{Message, Port, Shared, State},
};
use bytes::Bytes;
use reqwest::{Url, header};
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};

/// Between one try and the next. Twilio's own pause is not published.
const PAUSE: Duration = Duration::from_millis(20);
/// Longest answer in `TwiML`.
const TWIML: usize = 64 * 1024;

/// Words that stop and start again what is sent, where opt-outs are kept.
const STOP: [&str; 6] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"];
const START: [&str; 3] = ["START", "YES", "UNSTOP"];

/// Takes events to where they are told.
#[derive(Debug)]
pub(super) struct Courier {
    http: reqwest::Client,
    queue: mpsc::UnboundedSender<Event>,
    pending: watch::Sender<usize>,
}

/// The queue's other end.
#[derive(Debug)]
pub(super) struct Work(mpsc::UnboundedReceiver<Event>);

impl Work {
    /// Posts what is queued, in order, until it is aborted.
    pub(super) async fn run(mut self, shared: Arc<Shared>) {
        while let Some(event) = self.0.recv().await {
            shared.courier.deliver(&shared, &event).await;
            shared.courier.pending.send_modify(|pending| *pending -= 1);
        }
    }
}

/// One webhook, ready to be posted.
#[derive(Debug, Clone)]
struct Letter {
    /// As it was configured, fragment and all.
    url: String,
    fallback: Option<String>,
    body: Bytes,
    /// `None` for JSON.
    form: Option<Form>,
    key: String,
    algorithm: Algorithm,
    key_id: Option<String>,
    port: Port,
    token: String,
    /// Its answer may be `TwiML`.
    speaks: bool,
}

impl Courier {
    pub(super) fn new(http: reqwest::Client) -> (Self, Work) {
        let (queue, work) = mpsc::unbounded_channel();
        (Self { http, queue, pending: watch::Sender::new(0) }, Work(work))
    }

    /// Tells something soon, after what was queued before.
    pub(super) fn queue(&self, event: Event) {
        self.pending.send_modify(|pending| *pending += 1);
        if self.queue.send(event).is_err() {
            self.pending.send_modify(|pending| *pending -= 1);
        }
    }

    /// Returns when nothing is queued.
    pub(super) async fn settled(&self) {
        let _ = self.pending.subscribe().wait_for(|pending| *pending == 0).await;
    }

    /// Tells an event, again and by the fallback if need be; returns the number of tries that took, or `None` when it was
    /// not taken or there is nowhere to tell it.
    pub(super) async fn deliver(&self, shared: &Shared, event: &Event) -> Option<u32> {
        let letter = shared.with(|state| {
            take_note(state, event);
            letter(state, event)
        })?;
        let overrides = Overrides::of(letter.url.split_once('#').map_or("", |(_, fragment)| fragment));
        let tries = tokio::time::timeout(overrides.total, async {
            let mut tries = 1;
            loop {
                let ended = self.post(shared, &letter, &letter.url, overrides.read).await;
                if matches!(ended, Try::Answered(200..300)) {
                    return Some(tries);
                }
                if tries > overrides.retries || !overrides.again(ended) {
                    return None;
                }
                tries += 1;
                tokio::time::sleep(PAUSE).await;
            }
        });
        let tries = tries.await.ok().flatten();
        match &letter.fallback {
            Some(fallback) if tries.is_none() => {
                let ended = self.post(shared, &letter, fallback, overrides.read).await;
                matches!(ended, Try::Answered(200..300)).then_some(1)
            }
            _ => tries,
        }
    }

    /// Tells an event once, whatever comes, and returns the HTTP status (0: no answer).
    pub(super) async fn once(&self, shared: &Shared, event: &Event) -> u16 {
        let letter = shared.with(|state| {
            take_note(state, event);
            letter(state, event)
        });
        match letter {
            Some(letter) => status(self.post(shared, &letter, &letter.url, Overrides::default().read).await),
            None => 0,
        }
    }

    /// Posts a form as it is to the callback, with a signature or none.
    pub(super) async fn raw(&self, shared: &Shared, body: Bytes, signature: Option<&str>) -> u16 {
        let Some(url) = shared.with(|state| state.hooks.callback.clone()) else { return 0 };
        let target = shared.with(|state| reached(state, &url));
        let mut request = self.http.post(target).header(header::CONTENT_TYPE, FORM).body(body);
        if let Some(signature) = signature {
            request = request.header("x-twilio-signature", signature);
        }
        let status = request.send().await.map_or(0, |response| response.status().as_u16());
        shared.with(|state| state.answers.push(status));
        status
    }

    async fn post(&self, shared: &Shared, letter: &Letter, url: &str, limit: Duration) -> Try {
        let (target, login, request) = {
            let (mut url, body) = (strip(url), letter.body.clone());
            if letter.form.is_none() {
                url = url_of_body(&url, &body);
            }
            let signed = signed_url(&url, letter.port);
            let signature = sign(letter.algorithm, &letter.key, &signed, letter.form.as_deref().unwrap_or_default());
            let target = shared.with(|state| reached(state, &url));
            let kind = if letter.form.is_some() { FORM } else { "application/json" };
            let mut request = self.http.post(target.clone()).timeout(limit).header(header::CONTENT_TYPE, kind);
            request = request.header("x-twilio-signature", signature);
            request = request.header("i-twilio-idempotency-token", &letter.token);
            if let Some(id) = &letter.key_id {
                let settings = format!("key={id},algorithm=HMAC_SHA256");
                request = request.header("x-twilio-webhooks-signature-settings", settings);
            }
            (target, login(&letter.url), request.body(body))
        };
        let again = request.try_clone();
        let mut answer = request.send().await;
        // Credentials in the URL are sent when they are asked for, not before.
        if let (Ok(response), Some((user, password)), Some(again)) = (&answer, login, again)
            && response.status() == 401
            && response.headers().contains_key(header::WWW_AUTHENTICATE)
        {
            answer = again.basic_auth(user, Some(password)).send().await;
        }
        let (ended, alert) = match answer {
            Ok(response) => judge(response, letter.speaks).await,
            Err(error) if error.is_connect() => (Try::NotConnected, Some((11205, "no connection".to_owned()))),
            Err(error) if error.is_timeout() => (Try::NoAnswer, Some((11200, "no answer in time".to_owned()))),
            Err(_) => (Try::NoAnswer, Some((11206, "no HTTP answer".to_owned()))),
        };
        shared.with(|state| {
            state.answers.push(status(ended));
            if let Some((code, detail)) = alert {
                let url = target.split(['?', '#']).next().unwrap_or_default().to_owned();
                state.alerts.push(Alert { code, url, detail });
            }
        });
        ended
    }
}

const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";

const fn status(ended: Try) -> u16 {
    match ended {
        Try::Answered(status) => status,
        _ => 0,
    }
}

/// What Twilio makes of an answer.
async fn judge(response: reqwest::Response, speaks: bool) -> (Try, Option<(i64, String)>) {
    let status = response.status();
    let ended = Try::Answered(status.as_u16());
    if !status.is_success() {
        return (ended, Some((11200, format!("HTTP status {}", status.as_u16()))));
    }
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    let Ok(body) = response.bytes().await else { return (Try::NoAnswer, Some((11206, "the answer broke off".into()))) };
    if !speaks || status == 204 {
        return (ended, None);
    }
    let is_xml = kind.as_deref().is_none_or(|kind| kind.contains("/xml"));
    let text = String::from_utf8_lossy(&body);
    let alert = match () {
        () if !is_xml || (kind.is_none() && !body.is_empty()) => Some((12300, format!("content type {kind:?}"))),
        () if body.len() > TWIML => Some((11750, format!("{} bytes", body.len()))),
        () if !body.is_empty() && !text.contains("<Response") => Some((12100, "not TwiML".to_owned())),
        // The fake sends no message for it, which a test should not miss.
        () if text.contains("<Message") => Some((12200, "a TwiML message, which this fake does not send".to_owned())),
        () => None,
    };
    (ended, alert)
}

/// What happens with an event whether or not anybody is told.
fn take_note(state: &mut State, event: &Event) {
    match &event.kind {
        Kind::Inbound(inbound) => written(state, event, inbound),
        Kind::Status { status, error, at } => {
            if let Some(message) = state.message_mut(event.id()) {
                // A later status is not taken back by an earlier one.
                if rank(status) > rank(&message.status) {
                    message.status.clone_from(status);
                    message.error = *error;
                }
                message.updated = *at;
                if error.is_none() && rank(status) >= rank("sent") {
                    message.sent.get_or_insert(*at);
                }
            }
        }
        Kind::Stream(_) => {}
    }
}

fn written(state: &mut State, event: &Event, inbound: &Inbound) {
    let person = state.person_key(&inbound.writer);
    state.open_window(&inbound.sender, &person, inbound.at);
    let body = event.get("Body").unwrap_or_default();
    let word = body.trim().to_uppercase();
    let pair = (inbound.sender.clone(), person.clone());
    if state.rules.opt_outs && STOP.contains(&word.as_str()) {
        state.opted_out.insert(pair);
    } else if state.rules.opt_outs && START.contains(&word.as_str()) {
        state.opted_out.remove(&pair);
    }
    if let Some(sender) = state.sender_mut(&inbound.sender)
        && sender.join.as_deref().is_some_and(|join| join.eq_ignore_ascii_case(body.trim()))
    {
        sender.joined.insert(person, inbound.at);
    }
    if state.message(event.id()).is_none() {
        let text = |name: &str| event.get(name).unwrap_or_default().to_owned();
        state.messages.push(Message {
            sid: text("MessageSid"),
            account: event.account.clone(),
            service: event.get("MessagingServiceSid").map(str::to_owned),
            from: text("From"),
            to: text("To"),
            body: text("Body"),
            inbound: true,
            status: "received".to_owned(),
            error: None,
            num_media: event.get("NumMedia").and_then(|n| n.parse().ok()).unwrap_or(0),
            created: inbound.at,
            updated: inbound.at,
            sent: Some(inbound.at),
            callback: None,
        });
    }
}

/// Where an event is told, or `None` when nobody wants to know.
fn letter(state: &State, event: &Event) -> Option<Letter> {
    let (url, fallback) = match &event.kind {
        Kind::Inbound(inbound) => inbound_urls(state, &inbound.sender)?,
        Kind::Status { .. } => (state.message(event.id())?.callback.clone()?, None),
        Kind::Stream(_) => (state.hooks.event_sink.clone()?, None),
    };
    let (form, body) = match &event.kind {
        Kind::Stream(json) => (None, json.to_string()),
        _ => {
            let form = event.posted(state);
            let body = form::encode(&form);
            (Some(form), body)
        }
    };
    let (key_id, key) = match &state.hooks.shared_key {
        Some((id, secret)) => (Some(id.clone()), secret.clone()),
        None => (None, state.account(&event.account).map(|account| account.token.clone()).unwrap_or_default()),
    };
    // The same for every try of one event, and for no other.
    let token = uuid_like(&format!("{}{}", event.id(), event.stage().unwrap_or_default()));
    Some(Letter {
        url,
        fallback,
        body: body.into(),
        form,
        key,
        algorithm: state.hooks.algorithm(),
        key_id,
        port: state.hooks.port,
        token,
        speaks: matches!(event.kind, Kind::Inbound(_)),
    })
}

/// Webhook and fallback for what clients write to a sender: of its service, unless that leaves it to the sender.
fn inbound_urls(state: &State, address: &str) -> Option<(String, Option<String>)> {
    let sender = state.sender(address)?;
    let own = |key: &str| form::text(&sender.webhook, key).map(str::to_owned);
    let (default, fallback) = (&state.hooks.callback, &state.hooks.fallback);
    if let Some(service) = state.service_of(address)
        && service.field("UseInboundWebhookOnNumber") != Some("true")
        && let Some(url) = service.field("InboundRequestUrl")
    {
        return Some((url.to_owned(), service.field("FallbackUrl").map(str::to_owned)));
    }
    let url = own("callback_url").or_else(|| default.clone())?;
    Some((url, own("fallback_url").or_else(|| fallback.clone())))
}

/// Without fragment and credentials: neither is sent or signed.
fn strip(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let host_ends = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(host_ends);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// User and password of a URL.
fn login(url: &str) -> Option<(String, String)> {
    let url = Url::parse(url).ok()?;
    let (user, password) = (url.username().to_owned(), url.password().unwrap_or_default().to_owned());
    (!user.is_empty()).then_some((user, password))
}

/// The URL as it is signed, byte for byte but for the port.
fn signed_url(url: &str, port: Port) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let host_ends = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(host_ends);
    let (bare, given) = match host.rsplit_once(':') {
        Some((bare, given)) if given.bytes().all(|b| b.is_ascii_digit()) => (bare, Some(given)),
        _ => (host, None),
    };
    match (port, given) {
        (Port::AsConfigured, _) | (Port::Always, Some(_)) => url.to_owned(),
        (Port::Dropped, _) => format!("{scheme}://{bare}{path}"),
        (Port::Always, None) => {
            let port = if scheme == "https" { 443 } else { 80 };
            format!("{scheme}://{bare}:{port}{path}")
        }
    }
}

/// Where a public URL is really reached.
fn reached(state: &State, url: &str) -> String {
    let url = strip(url);
    let found = state.hooks.origins.iter().find_map(|(public, real)| {
        let path = url.strip_prefix(public.as_str())?;
        // The whole origin: another port is another one.
        (path.is_empty() || path.starts_with(['/', '?'])).then(|| format!("{real}{path}"))
    });
    found.unwrap_or(url)
}

/// The signature of an event as it is posted to where it goes, and the form; `None` when it goes nowhere.
pub(super) fn prepared(state: &State, event: &Event) -> Option<(Vec<u8>, String)> {
    let letter = letter(state, event)?;
    let url = signed_url(&strip(&letter.url), letter.port);
    let signature = sign(letter.algorithm, &letter.key, &url, letter.form.as_deref().unwrap_or_default());
    Some((letter.body.to_vec(), signature))
}

/// The form of an idempotency token is not published; the example is a UUID.
fn uuid_like(seed: &str) -> String {
    use sha2::{Digest, Sha256};
    let hex: String = Sha256::digest(seed).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].map(|(from, to)| hex.get(from..to).unwrap_or_default()).join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_signed_as_it_was_configured() {
        assert_eq!(strip("https://u:p@bot.example.com:8443/a?b=c%20d#rc=3"), "https://bot.example.com:8443/a?b=c%20d");
        let url = "https://bot.example.com:8443/a?t=1:2";
        assert_eq!(signed_url(url, Port::AsConfigured), url);
        assert_eq!(signed_url(url, Port::Dropped), "https://bot.example.com/a?t=1:2");
        assert_eq!(signed_url("http://bot.example.com/a", Port::Always), "http://bot.example.com:80/a");
        assert_eq!(signed_url("https://bot.example.com?a=b", Port::Always), "https://bot.example.com:443?a=b");
    }
}
