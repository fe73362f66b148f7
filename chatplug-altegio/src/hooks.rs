//! Where a location's webhooks go: ours beside those of others.
//!
//! The settings are of the location as a whole: whoever writes them replaces the addresses of everybody, the flags hold for
//! all of them, and there is no conditional write. So they are read, merged, written and read again; what others had set is
//! kept as far as the platform can keep it.

use crate::{AltegioClient, CallError, wire::lenient};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What must be told to us: bookings, and what a location offers.
const WANTED: [&str; 6] = ["record", "service", "service_category", "master", "schedule", "salon"];
/// Flags that older back ends do not have: they are set where they are shown only.
const NEWER: [&str; 1] = ["schedule"];
/// Keys of the settings that are no flags of events.
const NO_FLAGS: [&str; 5] = ["urls", "active", "url_settings", "url", "company_id"];
/// Addresses at most.
const MOST: usize = 10;
/// How often the settings are written: somebody else may write at the same moment.
const ATTEMPTS: usize = 2;

/// The webhook settings of one location, with our address among them.
///
/// Needs a user with the rights `webhook_read_access` and to edit the location.
#[derive(Debug, Clone)]
pub struct AltegioHooks {
    client: AltegioClient,
    location: u64,
    url: SecretString,
}

/// How our address stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookStanding {
    /// It is there.
    pub listed: bool,
    /// Something is sent to it.
    pub active: bool,
    /// Kinds of events that are not sent to it, of those that are needed; in the words of the settings.
    pub lacking: Vec<String>,
    /// Hosts of other servers of this kind that are told, by the form of their addresses.
    pub elsewhere: Vec<String>,
    /// Addresses of this server that ended otherwise once.
    pub outdated: usize,
    /// Addresses of others.
    pub others: usize,
}

impl HookStanding {
    /// Everything that is needed is sent here.
    #[must_use]
    pub const fn is_well(&self) -> bool {
        self.listed && self.active && self.lacking.is_empty()
    }
}

/// What came of registering or unregistering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HookChange {
    /// It was so already; nothing was written.
    Already,
    /// It is so now.
    Written {
        /// Addresses of others that were kept.
        kept: usize,
    },
    /// Nothing is sent any more, but our address stays in the list: it was the only one, and the platform takes no empty
    /// list.
    Silenced,
}

/// Why the settings are not as they should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HookError {
    /// They could not be read or written.
    #[error("the webhook settings of the location cannot be read or written")]
    Call(#[from] CallError),
    /// There is no room.
    #[error("the location has {MOST} webhook addresses already, all of others")]
    Full,
    /// They were written, and are not what was written.
    #[error("the webhook settings were written, and are not so when they are read again")]
    NotKept,
}

impl AltegioHooks {
    /// The settings of a location; `url` is the whole address of our webhook, see
    /// [`AltegioEndpoint::address`](crate::AltegioEndpoint::address).
    #[must_use]
    pub const fn new(client: AltegioClient, location: u64, url: SecretString) -> Self {
        Self { client, location, url }
    }

    /// How our address stands.
    ///
    /// # Errors
    /// [`HookError::Call`].
    pub async fn standing(&self) -> Result<HookStanding, HookError> {
        Ok(self.read().await?.standing(self.url.expose_secret()))
    }

    /// Adds our address, with every kind of event that is needed; doing it again changes nothing.
    ///
    /// # Errors
    /// See [`HookError`].
    pub async fn register(&self) -> Result<HookChange, HookError> {
        let url = self.url.expose_secret();
        let fits = |settings: &Settings| {
            let standing = settings.standing(url);
            standing.is_well() && standing.outdated == 0
        };
        self.bring(fits, |settings| settings.with(url)).await
    }

    /// Takes our address out, and leaves the others.
    ///
    /// # Errors
    /// See [`HookError`].
    pub async fn unregister(&self) -> Result<HookChange, HookError> {
        let url = self.url.expose_secret();
        let silent = |settings: &Settings| {
            let standing = settings.standing(url);
            (!standing.listed && standing.outdated == 0) || (!standing.active && settings.urls.len() == 1)
        };
        self.bring(silent, |settings| Ok(settings.without(url))).await
    }

    /// Writes until what is read again fits, and nobody is missing.
    async fn bring(
        &self,
        fits: impl Fn(&Settings) -> bool,
        change: impl Fn(&Settings) -> Result<Settings, HookError>,
    ) -> Result<HookChange, HookError> {
        let mut before = self.read().await?;
        if fits(&before) {
            return Ok(HookChange::Already);
        }
        for _ in 0..ATTEMPTS {
            let wanted = change(&before)?;
            let _: Value = self.client.post(self.path(), &wanted.body()).await?;
            let after = self.read().await?;
            if fits(&after) && wanted.urls.is_subset(&after.urls) {
                let url = self.url.expose_secret();
                let kept = after.urls.iter().filter(|known| *known != url).count();
                let silenced = after.urls.contains(url) && !after.standing(url).active;
                return Ok(if silenced { HookChange::Silenced } else { HookChange::Written { kept } });
            }
            // What somebody else wrote in between is kept, and so is what their writing took out.
            before = after.beside(&before);
        }
        Err(HookError::NotKept)
    }

    async fn read(&self) -> Result<Settings, HookError> {
        let data: Value = self.client.get(self.path()).await?;
        Ok(Settings::of(&data))
    }

    fn path(&self) -> String {
        format!("hooks_settings/{}", self.location)
    }
}

/// The settings of a location as they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Settings {
    urls: BTreeSet<String>,
    /// What is sent to an address; one that is not here has what stands at the top.
    each: BTreeMap<String, Flags>,
    top: Flags,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Flags {
    active: bool,
    kinds: BTreeMap<String, bool>,
}

impl Flags {
    fn of(settings: &Map<String, Value>) -> Self {
        let on = |value: &Value| match value {
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            value => lenient::integer(value).map(|number| number != 0),
        };
        let kinds = settings.iter().filter(|(key, _)| !NO_FLAGS.contains(&key.as_str()));
        let kinds = kinds.filter_map(|(key, value)| Some((key.clone(), on(value)?))).collect();
        Self { active: settings.get("active").and_then(on).unwrap_or_default(), kinds }
    }
}

impl Settings {
    fn of(data: &Value) -> Self {
        let Some(data) = data.as_object() else { return Self::default() };
        let listed = data.get("urls").and_then(Value::as_array).into_iter().flatten();
        let mut urls: BTreeSet<String> = listed.filter_map(Value::as_str).map(str::to_owned).collect();
        let mut each = BTreeMap::new();
        for one in data.get("url_settings").and_then(Value::as_array).into_iter().flatten() {
            let Some((one, url)) = one.as_object().and_then(|one| Some((one, one.get("url")?.as_str()?))) else {
                continue;
            };
            urls.insert(url.to_owned());
            each.insert(url.to_owned(), Flags::of(one));
        }
        urls.retain(|url| !url.is_empty());
        Self { urls, each, top: Flags::of(data) }
    }

    fn flags(&self, url: &str) -> &Flags {
        self.each.get(url).unwrap_or(&self.top)
    }

    /// The kinds that can be asked for here.
    fn wanted(&self) -> impl Iterator<Item = &'static str> {
        let shown = |kind: &str| {
            self.top.kinds.contains_key(kind) || self.each.values().any(|one| one.kinds.contains_key(kind))
        };
        WANTED.into_iter().filter(move |kind| !NEWER.contains(kind) || shown(kind))
    }

    fn standing(&self, url: &str) -> HookStanding {
        let listed = self.urls.contains(url);
        let flags = self.flags(url);
        let lacking = self.wanted().filter(|kind| !flags.kinds.get(*kind).copied().unwrap_or_default());
        let others = self.urls.iter().filter(|known| *known != url && !is_outdated(known, url));
        let elsewhere: BTreeSet<String> = others.clone().filter_map(|known| kin(known)).collect();
        HookStanding {
            listed,
            active: listed && flags.active,
            lacking: if listed { lacking.map(str::to_owned).collect() } else { Vec::new() },
            elsewhere: elsewhere.into_iter().collect(),
            outdated: self.urls.iter().filter(|known| is_outdated(known, url)).count(),
            others: others.count(),
        }
    }

    /// With an address of ours in place of those that it had before.
    fn with(&self, url: &str) -> Result<Self, HookError> {
        let mut settings = self.without_any(url);
        if settings.urls.len() >= MOST {
            return Err(HookError::Full);
        }
        let mut kinds = settings.united();
        kinds.extend(self.wanted().map(|kind| (kind.to_owned(), true)));
        settings.urls.insert(url.to_owned());
        Ok(Self { top: Flags { active: true, kinds }, each: BTreeMap::new(), urls: settings.urls })
    }

    /// Without our address; where nothing would be left, with it, and silent.
    fn without(&self, url: &str) -> Self {
        let mut settings = self.without_any(url);
        let mut kinds = settings.united();
        if settings.urls.is_empty() {
            settings.urls.insert(url.to_owned());
            kinds.values_mut().for_each(|on| *on = false);
            return Self { top: Flags { active: false, kinds }, each: BTreeMap::new(), urls: settings.urls };
        }
        let active = settings.urls.iter().any(|url| settings.flags(url).active);
        Self { top: Flags { active, kinds }, each: BTreeMap::new(), urls: settings.urls }
    }

    fn without_any(&self, url: &str) -> Self {
        let mut settings = self.clone();
        settings.urls.retain(|known| known != url && !is_outdated(known, url));
        settings
    }

    /// Every kind that is sent to anybody: what is written holds for all.
    fn united(&self) -> BTreeMap<String, bool> {
        let mut kinds: BTreeMap<String, bool> = self.top.kinds.keys().map(|kind| (kind.clone(), false)).collect();
        for (kind, on) in self.urls.iter().flat_map(|url| &self.flags(url).kinds) {
            *kinds.entry(kind.clone()).or_default() |= on;
        }
        kinds
    }

    /// With whoever was there before and is not any more.
    fn beside(mut self, before: &Self) -> Self {
        for url in before.urls.difference(&self.urls.clone()) {
            self.each.insert(url.clone(), before.flags(url).clone());
            self.urls.insert(url.clone());
        }
        self
    }

    fn body(&self) -> Value {
        let mut body: Map<String, Value> =
            self.top.kinds.iter().map(|(kind, on)| (kind.clone(), json!(u8::from(*on)))).collect();
        body.insert("urls".to_owned(), self.urls.iter().map(|url| json!(url)).collect());
        body.insert("active".to_owned(), json!(u8::from(self.top.active)));
        Value::Object(body)
    }
}

/// Whether an address leads to the same server as ours, and ends otherwise.
fn is_outdated(known: &str, url: &str) -> bool {
    let server = url.rsplit_once('/').map(|(server, _)| server);
    known != url && server.is_some_and(|server| known.rsplit_once('/').is_some_and(|(known, _)| known == server))
}

/// The host of an address that has the form of ours. The rest of it is a secret.
fn kin(url: &str) -> Option<String> {
    let url = reqwest::Url::parse(url).ok()?;
    let ours = url.path().contains("/webhooks/altegio/");
    ours.then(|| url.host_str().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "https://chat.example.com/webhooks/altegio/9f2c8e5b7a1d4036b8e2c75a";
    const OLD: &str = "https://chat.example.com/webhooks/altegio/0d1e2c3b4a5968778695a4b3";
    const THEIRS: &str = "https://bi.example.org/hook?k=secret";
    const KIN: &str = "https://old.example.net/webhooks/altegio/7c0e5b2a9d8f4136e0b7c2d5";

    fn settings(value: Value) -> Settings {
        Settings::of(&value)
    }

    #[test]
    fn nothing_set_is_nothing_set() {
        for nothing in [json!([]), json!({}), Value::Null, json!({"urls": [], "active": 0}), json!({"urls": [""]})] {
            let standing = settings(nothing).standing(OURS);
            assert!(!standing.listed && !standing.active && standing.others == 0, "{standing:?}");
        }
    }

    #[test]
    fn others_keep_their_addresses_and_what_they_are_told() {
        let before = settings(json!({
            "urls": [THEIRS, OLD], "active": 1, "good": 1, "client": 0, "record": 0, "schedule": 0, "self_sending": 1,
            "url_settings": [
                {"url": THEIRS, "active": 1, "good": "1", "client": 0, "self_sending": 1, "new_kind": 1},
                {"url": OLD, "active": 1, "finances_operation": 1},
            ],
        }));
        let standing = before.standing(OURS);
        assert_eq!((standing.listed, standing.outdated, standing.others), (false, 1, 1));
        let body = before.with(OURS).unwrap().body();
        assert_eq!(body["urls"], json!([THEIRS, OURS]), "what ended otherwise is replaced");
        assert_eq!(body["active"], 1);
        for (kind, on) in
            [("good", 1), ("client", 0), ("self_sending", 1), ("new_kind", 1), ("record", 1), ("schedule", 1)]
        {
            assert_eq!(body[kind], on, "{kind}");
        }
        assert!(body.get("finances_operation").is_none() && body.get("url_settings").is_none(), "{body}");
    }

    #[test]
    fn an_older_back_end_is_not_asked_for_what_it_does_not_have() {
        let before = settings(json!({"urls": [THEIRS], "active": "1", "record": true, "service": "0"}));
        let body = before.with(OURS).unwrap().body();
        assert!(body.get("schedule").is_none(), "{body}");
        let after = settings(body);
        assert!(after.standing(OURS).is_well(), "{:?}", after.standing(OURS));
        let blind = settings(json!({"urls": [OURS], "active": 1, "record": 1, "schedule": 0, "salon": 1}));
        assert_eq!(blind.standing(OURS).lacking, ["service", "service_category", "master", "schedule"]);
    }

    #[test]
    fn leaving_takes_out_ours_alone() {
        let flags = json!({"active": 1, "record": 1, "client": 1});
        let mut ours = flags.clone();
        ours["url"] = json!(OURS);
        let theirs = json!({"url": THEIRS, "active": 1, "record": 0, "client": 1});
        let both = settings(json!({"urls": [OURS, THEIRS], "active": 1, "url_settings": [ours, theirs]}));
        assert_eq!(both.without(OURS).body(), json!({"urls": [THEIRS], "active": 1, "record": 0, "client": 1}));
        let alone = settings(json!({"urls": [OURS], "active": 1, "record": 1}));
        assert_eq!(alone.without(OURS).body(), json!({"urls": [OURS], "active": 0, "record": 0}));
    }

    #[test]
    fn a_full_list_has_no_room() {
        let urls: Vec<_> = (0..MOST).map(|n| format!("https://{n}.example.org")).collect();
        assert!(matches!(settings(json!({"urls": urls, "active": 1})).with(OURS), Err(HookError::Full)));
    }

    #[test]
    fn another_server_of_this_kind_is_named_by_its_host() {
        let standing = settings(json!({"urls": [KIN, THEIRS], "active": 1})).standing(OURS);
        assert_eq!((standing.elsewhere.as_slice(), standing.others), (["old.example.net".to_owned()].as_slice(), 2));
    }

    #[test]
    fn whom_another_writer_took_out_comes_back() {
        let before = settings(json!({"urls": [THEIRS], "active": 1, "good": 1}));
        let after = settings(json!({"urls": [KIN], "active": 1, "good": 0})).beside(&before);
        let body = after.with(OURS).unwrap().body();
        assert_eq!((&body["urls"], &body["good"]), (&json!([THEIRS, OURS, KIN]), &json!(1)));
    }
}
