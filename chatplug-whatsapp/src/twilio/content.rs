//! The pool: Twilio sends buttons, lists, links and pins only from content that was made before. A few resources whose every
//! text is a variable serve all messages of an account while a conversation is open; they are never handed in for approval.
//!
//! They are looked up by name and made when they are missing. Two processes that make the same one at the same time leave a
//! second one behind, which does no harm.

use super::{
    client::{CallError, TwilioClient},
    config::{TwilioConfig, TwilioConfigError, is_sid},
    errors::{Class, class_of},
    piece::{LANGUAGE, Piece, Shape},
};
use crate::common::http::nothing_sent;
use chatplug_core::ports::SendError;
use futures_util::lock::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// What names of the pool begin with.
pub(super) const OURS: &str = "chatplug_";

/// Resources of a page; Twilio recommends 500 at most and cuts answers at 1 MiB.
const PAGE: usize = 200;

/// Pages that are read: more resources than an account may have.
const MOST_PAGES: usize = 50;

/// The content resources of one account.
#[derive(Debug)]
pub struct TwilioContent {
    client: TwilioClient,
    /// SIDs by name and language, as listed.
    known: RwLock<HashMap<String, Vec<Resource>>>,
    listed: AtomicBool,
    /// Twilio would not make lists without small print.
    always_described: AtomicBool,
    /// One look-up at a time: everybody else wants the same answer.
    looking: Mutex<()>,
}

#[derive(Debug, Clone)]
struct Resource {
    sid: String,
    language: String,
    /// What it is made of; of the pool only.
    types: Option<Value>,
}

impl TwilioContent {
    /// The content of an account; all its senders may share it. See [`http_client`](super::http_client) for the client.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn new(config: TwilioConfig, http: reqwest::Client) -> Result<Self, Vec<TwilioConfigError>> {
        config.check()?;
        Ok(Self {
            client: TwilioClient::new(http, config),
            known: RwLock::default(),
            listed: AtomicBool::new(false),
            always_described: AtomicBool::new(false),
            looking: Mutex::new(()),
        })
    }

    /// The resource that a piece is sent from, made when it is missing. A list without small print becomes one with it
    /// where Twilio wants it so.
    pub(super) async fn resource_of(&self, piece: &mut Piece) -> Result<String, SendError> {
        if self.always_described.load(Ordering::Relaxed) {
            piece.describe();
        }
        match self.found_or_made(&piece.shape).await {
            Err(CallError::Twilio { code, .. }) if is_about_content(code) && piece.describe() => {
                self.always_described.store(true, Ordering::Relaxed);
                Ok(self.found_or_made(&piece.shape).await?)
            }
            answer => Ok(answer?),
        }
    }

    /// Resources of a name, by language: how a template is found that is not named by its SID.
    pub(super) async fn named(&self, name: &str, language: &str) -> Result<Option<String>, SendError> {
        if let Some(sid) = self.newest(name, language) {
            return Ok(Some(sid));
        }
        let _one = self.looking.lock().await;
        // It may be newer than what is known.
        self.list().await?;
        Ok(self.newest(name, language))
    }

    /// Of several of one name, somebody meant the last.
    fn newest(&self, name: &str, language: &str) -> Option<String> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut named = known.get(name)?.iter().rev();
        named.find(|resource| resource.language == language).map(|resource| resource.sid.clone())
    }

    /// Forgets a resource that Twilio does not know any more: the next look reads the list again.
    pub(super) fn forget(&self, sid: &str) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for resources in known.values_mut() {
            let before = resources.len();
            resources.retain(|resource| resource.sid != sid);
            if resources.len() < before {
                self.listed.store(false, Ordering::Relaxed);
            }
        }
    }

    async fn found_or_made(&self, shape: &Shape) -> Result<String, CallError> {
        let (name, body) = (shape.name(), shape.body());
        let types = plain(&body["types"]);
        let fits = |resource: &Resource| resource.types.as_ref() == Some(&types);
        if let Some(sid) = self.kept(&name, fits) {
            return Ok(sid);
        }
        let _one = self.looking.lock().await;
        if let Some(sid) = self.kept(&name, fits) {
            return Ok(sid);
        }
        if !self.listed.load(Ordering::Relaxed) {
            self.list().await?;
            if let Some(sid) = self.kept(&name, fits) {
                return Ok(sid);
            }
        }
        // Until there is an answer it may have been made or not: whoever comes next asks the list.
        self.listed.store(false, Ordering::Relaxed);
        let made: Result<Made, CallError> = self.client.post_content("/v1/Content", &body).await;
        self.listed.store(!matches!(made, Err(CallError::Other(_))), Ordering::Relaxed);
        let made = made.map_err(|error| match error {
            CallError::Other(error) => CallError::Other(nothing_sent(error)),
            told => told,
        })?;
        if !is_sid(&made.sid, "HX") {
            return Err(CallError::Other(SendError::Unavailable { source: Some("content without a SID".into()) }));
        }
        let resource = Resource { sid: made.sid.clone(), language: LANGUAGE.to_owned(), types: Some(types) };
        self.known.write().unwrap_or_else(PoisonError::into_inner).entry(name).or_default().push(resource);
        Ok(made.sid)
    }

    /// Reads all that the account has. Of several of one name, the oldest comes first, for every process the same.
    async fn list(&self) -> Result<(), SendError> {
        let mut found: Vec<((String, String), Listed)> = Vec::new();
        let mut path = format!("/v1/Content?PageSize={PAGE}");
        for _ in 0..MOST_PAGES {
            let page: Page = self.client.content(&path).await.map_err(|error| nothing_sent(error.into()))?;
            for listed in page.contents.into_iter().flatten() {
                let made = listed.date_created.clone().unwrap_or_default();
                if let Some(sid) = listed.sid.clone().filter(|sid| is_sid(sid, "HX")) {
                    found.push(((made, sid), listed));
                }
            }
            match page.meta.and_then(|meta| path_of(&meta.next_page_url?)) {
                Some(next) if next != path => path = next,
                _ => break,
            }
        }
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut known: HashMap<String, Vec<Resource>> = HashMap::new();
        for ((_, sid), listed) in found {
            let name = listed.friendly_name.unwrap_or_default();
            let types = name.starts_with(OURS).then(|| plain(&listed.types));
            let resource = Resource { sid, language: listed.language.unwrap_or_default(), types };
            known.entry(name).or_default().push(resource);
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        self.listed.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn kept(&self, name: &str, fits: impl Fn(&Resource) -> bool) -> Option<String> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(name)?.iter().find(|resource| fits(resource)).map(|resource| resource.sid.clone())
    }
}

/// Whether a code says that the content itself is at fault.
fn is_about_content(code: i64) -> bool {
    code == super::check::INVALID_PARAMETER || class_of(code) == Some(Class::ContentApi)
}

/// Content as it is compared: without what Twilio leaves out or adds when it repeats it.
pub(super) fn plain(types: &Value) -> Value {
    match types {
        Value::Object(object) => {
            let kept =
                object.iter().filter(|(key, value)| !(value.is_null() || *key == "type" && *value == "QUICK_REPLY"));
            kept.map(|(key, value)| (key.clone(), plain(value))).collect()
        }
        Value::Array(list) => list.iter().map(plain).collect(),
        // A whole number may come back without its point.
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

/// Path and query of an address: pages are asked for where the first one was.
pub(super) fn path_of(url: &str) -> Option<String> {
    let url = reqwest::Url::parse(url).ok()?;
    Some(url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())))
}

#[derive(Debug, Deserialize)]
pub(super) struct Made {
    pub(super) sid: String,
}

#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default)]
    contents: Option<Vec<Listed>>,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Meta {
    #[serde(default)]
    pub(super) next_page_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    friendly_name: Option<String>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    types: Value,
    #[serde(default)]
    date_created: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_the_same_however_twilio_repeats_it() {
        let button = chatplug_core::model::Button { id: "a".into(), title: "A".into() };
        let ours = plain(&Piece::buttons("?", &[button]).shape.body()["types"]);
        let theirs = json!({"twilio/quick-reply": {"body": "{{1}}", "footer": null, "actions": [{"id": "{{3}}", "title": "{{2}}"}]}});
        assert_eq!(ours, plain(&theirs));
        assert_eq!(plain(&json!({"latitude": 1})), plain(&json!({"latitude": 1.0})));
    }
}
