//! Where a branch's webhooks go: ours among those of others, at whoever's they have to be.
//!
//! Cal.com lets everybody have webhooks of their own: users, organisations, event types of a team, platforms. Each is one
//! entry with an address, so that nothing of others is touched. What a server does not know it is not asked for.

use crate::{
    CalcomAuth, CalcomClient, CalcomEndpoint, Call, CallError,
    wire::{lenient, shop::EventType},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What must be told to us. A server that does not know one of these is of no use.
const NEEDED: [&str; 5] =
    ["BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED", "BOOKING_REQUESTED", "BOOKING_REJECTED"];
/// What is told to us where the server knows it.
const WELCOME: [&str; 5] =
    ["BOOKING_NO_SHOW_UPDATED", "BOOKING_PAYMENT_INITIATED", "BOOKING_PAID", "MEETING_ENDED", "OOO_CREATED"];
/// Entries in one answer: the most that Cal.com gives.
const PAGE: u32 = 250;
/// Event types that are looked at for webhooks of their own.
const MOST_EVENT_TYPES: usize = 20;

/// Whose webhooks tell of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HookOwner {
    /// The user's who calls: what is booked with them.
    User,
    /// An organisation's: what is booked with its members.
    Organization(u64),
    /// A team's, outside an organisation: each of its event types has its own.
    Team(u64),
    /// The platform's who calls: what is booked with its managed users.
    Platform(String),
}

/// The webhook of one branch, with us as the one who is told.
#[derive(Debug, Clone)]
pub struct CalcomHooks {
    client: CalcomClient,
    owner: HookOwner,
    endpoint: CalcomEndpoint,
    url: SecretString,
    server: String,
    /// Ends of addresses that belong to other branches of this server.
    siblings: BTreeSet<String>,
}

/// How our address stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookStanding {
    /// How many entries there should be: one, or one for each event type of a team.
    pub wanted: usize,
    /// How many there are.
    pub listed: usize,
    /// Of these, switched off.
    pub silent: usize,
    /// Of these, without a secret, or with another than ours: what they post is refused.
    pub unsigned: usize,
    /// Of these, with a template of their own: what they post cannot be read.
    pub templated: usize,
    /// Kinds of events that one of them is not told, of those that are needed.
    pub lacking: Vec<String>,
    /// Hosts of other servers of this kind that are told, by the form of their addresses.
    pub elsewhere: Vec<String>,
    /// Addresses of this server that it does not answer any more.
    pub outdated: usize,
    /// Addresses of others.
    pub others: usize,
    /// Event types that tell us as well, so that everything about them is told twice.
    pub doubled: Vec<u64>,
}

impl HookStanding {
    /// Everything that is needed is told here, so that it is believed.
    #[must_use]
    pub const fn is_well(&self) -> bool {
        self.wanted > 0
            && self.listed >= self.wanted
            && self.silent == 0
            && self.unsigned == 0
            && self.templated == 0
            && self.lacking.is_empty()
    }
}

/// What came of registering or unregistering.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookChange {
    /// Entries that were made.
    pub made: usize,
    /// Entries of ours that were mended.
    pub mended: usize,
    /// Entries of ours that were taken out: outdated, or telling twice.
    pub removed: usize,
    /// Kinds of events that the server does not know.
    pub unknown: Vec<String>,
    /// Addresses of others, which were left alone.
    pub others: usize,
}

impl HookChange {
    /// Nothing had to be changed.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.made == 0 && self.mended == 0 && self.removed == 0
    }
}

/// Why the webhooks are not as they should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HookError {
    /// They could not be read or written.
    #[error("the webhooks cannot be read or written")]
    Call(#[from] CallError),
    /// The server knows too little.
    #[error("this server of Cal.com does not tell of {}", .0.join(", "))]
    Unknown(Vec<String>),
    /// Our address belongs to an entry that cannot be seen.
    #[error("Cal.com has our address already, in a webhook that this credential does not see")]
    Hidden,
    /// There is no event type that could tell.
    #[error("the team has no event types, and each has its own webhooks")]
    NoEventTypes,
}

/// An entry as Cal.com shows it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hook {
    id: Value,
    #[serde(default, deserialize_with = "lenient::text")]
    subscriber_url: String,
    #[serde(default, deserialize_with = "lenient::flag")]
    active: bool,
    #[serde(default, deserialize_with = "lenient::list")]
    triggers: Vec<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    secret: String,
    #[serde(default, deserialize_with = "lenient::text")]
    payload_template: String,
}

impl Hook {
    /// Its id in a path: a UUID, or a number as the description has it.
    fn id(&self) -> String {
        self.id.as_str().map_or_else(|| self.id.to_string(), str::to_owned)
    }

    fn lacks(&self, triggers: &[&'static str]) -> Vec<&'static str> {
        triggers.iter().filter(|trigger| !self.triggers.iter().any(|known| known == *trigger)).copied().collect()
    }
}

/// What an address is to us.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kin {
    Ours,
    Outdated,
    Elsewhere(String),
    Other,
}

impl CalcomHooks {
    /// The webhooks that tell of a branch; `public_url` is how the world reaches this server.
    #[must_use]
    pub fn new(client: CalcomClient, owner: HookOwner, endpoint: CalcomEndpoint, public_url: &str) -> Self {
        let (url, server) = (endpoint.address(public_url), public_url.trim_end_matches('/').to_owned());
        Self { client, owner, endpoint, url, server, siblings: BTreeSet::new() }
    }

    /// Leaves the addresses of this server's other branches alone, which are told by the same account.
    #[must_use]
    pub fn beside(mut self, siblings: impl IntoIterator<Item = CalcomEndpoint>) -> Self {
        self.siblings.extend(siblings.into_iter().map(|one| one.expose().to_owned()));
        self
    }

    /// Whose webhooks tell of a branch with this team and organisation.
    #[must_use]
    pub fn owner(client: &CalcomClient, organization: Option<u64>, team: Option<u64>) -> HookOwner {
        match (organization, team, &client.config().auth) {
            (Some(organization), ..) => HookOwner::Organization(organization),
            (None, Some(team), _) => HookOwner::Team(team),
            (None, None, CalcomAuth::Platform { client_id, .. }) => HookOwner::Platform(client_id.clone()),
            (None, None, _) => HookOwner::User,
        }
    }

    /// How our address stands.
    ///
    /// # Errors
    /// [`HookError::Call`], [`HookError::NoEventTypes`].
    pub async fn standing(&self) -> Result<HookStanding, HookError> {
        let places = self.places().await?;
        let mut standing = HookStanding { wanted: places.len(), ..HookStanding::default() };
        let (mut lacking, mut elsewhere) = (BTreeSet::new(), BTreeSet::new());
        for place in &places {
            for hook in self.list(place).await? {
                match self.kin(&hook.subscriber_url) {
                    Kin::Ours => {
                        standing.listed += 1;
                        standing.silent += usize::from(!hook.active);
                        standing.unsigned += usize::from(!self.is_signed(&hook));
                        standing.templated += usize::from(!hook.payload_template.is_empty());
                        lacking.extend(hook.lacks(&NEEDED));
                    }
                    Kin::Outdated => standing.outdated += 1,
                    Kin::Elsewhere(host) => {
                        elsewhere.insert(host);
                        standing.others += 1;
                    }
                    Kin::Other => standing.others += 1,
                }
            }
        }
        standing.lacking = lacking.into_iter().map(str::to_owned).collect();
        standing.elsewhere = elsewhere.into_iter().collect();
        standing.doubled = self.doubles().await.into_iter().map(|(event_type, _)| event_type).collect();
        Ok(standing)
    }

    /// Sees to it that we are told, once, with our secret; doing it again changes nothing.
    ///
    /// # Errors
    /// See [`HookError`].
    pub async fn register(&self) -> Result<HookChange, HookError> {
        let mut change = HookChange::default();
        let mut unknown = BTreeSet::new();
        for place in self.places().await? {
            self.bring(&place, &mut change, &mut unknown).await?;
        }
        for (event_type, id) in self.doubles().await {
            self.client.delete(format!("event-types/{event_type}/webhooks/{id}")).await?;
            change.removed += 1;
        }
        change.unknown = unknown.into_iter().map(str::to_owned).collect();
        Ok(change)
    }

    /// Takes our address out, and leaves the others.
    ///
    /// # Errors
    /// See [`HookError`].
    pub async fn unregister(&self) -> Result<HookChange, HookError> {
        let mut change = HookChange::default();
        for place in self.places().await? {
            for hook in self.list(&place).await? {
                match self.kin(&hook.subscriber_url) {
                    Kin::Ours | Kin::Outdated => {
                        self.client.delete(format!("{place}/{}", hook.id())).await?;
                        change.removed += 1;
                    }
                    Kin::Elsewhere(_) | Kin::Other => change.others += 1,
                }
            }
        }
        for (event_type, id) in self.doubles().await {
            self.client.delete(format!("event-types/{event_type}/webhooks/{id}")).await?;
            change.removed += 1;
        }
        Ok(change)
    }

    /// One entry of ours in a place, as it should be.
    async fn bring(
        &self,
        place: &str,
        change: &mut HookChange,
        unknown: &mut BTreeSet<&'static str>,
    ) -> Result<(), HookError> {
        let hooks = self.list(place).await?;
        let (mut ours, mut outdated) = (Vec::new(), Vec::new());
        for hook in hooks {
            match self.kin(&hook.subscriber_url) {
                Kin::Ours => ours.push(hook),
                Kin::Outdated => outdated.push(hook),
                Kin::Elsewhere(_) | Kin::Other => change.others += 1,
            }
        }
        // What we had before becomes what we have now: nothing is lost in between.
        let kept = if ours.is_empty() { outdated.pop() } else { Some(ours.remove(0)) };
        match kept {
            None => match self.make(place, unknown).await {
                Ok(()) => change.made += 1,
                // Somebody made it at the same moment, or it is not shown.
                Err(HookError::Call(CallError::Refused(refusal))) if refusal.status == 409 => {
                    let hooks = self.list(place).await?;
                    let found = hooks.into_iter().find(|hook| self.kin(&hook.subscriber_url) == Kin::Ours);
                    self.mend(place, &found.ok_or(HookError::Hidden)?, unknown).await?;
                    change.mended += 1;
                }
                Err(error) => return Err(error),
            },
            Some(hook) if self.is_well(&hook) => {}
            Some(hook) => {
                self.mend(place, &hook, unknown).await?;
                change.mended += 1;
            }
        }
        for hook in ours.into_iter().chain(outdated) {
            self.client.delete(format!("{place}/{}", hook.id())).await?;
            change.removed += 1;
        }
        Ok(())
    }

    async fn make(&self, place: &str, unknown: &mut BTreeSet<&'static str>) -> Result<(), HookError> {
        self.write(|body| Call::post(place).json(body), unknown).await
    }

    async fn mend(&self, place: &str, hook: &Hook, unknown: &mut BTreeSet<&'static str>) -> Result<(), HookError> {
        let path = format!("{place}/{}", hook.id());
        let templated = !hook.payload_template.is_empty();
        let body = |body: &Map<String, Value>| {
            let mut body = body.clone();
            if templated {
                body.insert("payloadTemplate".to_owned(), json!(""));
            }
            Call::patch(path.as_str()).json(&body)
        };
        self.write(body, unknown).await
    }

    /// Writes an entry; what the server does not know is left out and written again.
    async fn write(
        &self,
        call: impl Fn(&Map<String, Value>) -> Call,
        unknown: &mut BTreeSet<&'static str>,
    ) -> Result<(), HookError> {
        for _ in 0..2 {
            let triggers: Vec<&str> = wanted().filter(|trigger| !unknown.contains(trigger)).collect();
            let body = json!({
                "active": true, "subscriberUrl": self.url.expose_secret(),
                "secret": self.endpoint.secret().expose_secret(), "triggers": triggers,
            });
            let Value::Object(body) = body else { return Ok(()) };
            match self.client.send::<Value>(&call(&body)).await {
                Ok(_) => return Ok(()),
                Err(CallError::Refused(refusal)) if refusal.status == 400 && unknown.is_empty() => {
                    let Some(known) = known_triggers(refusal.rules.reveal()) else {
                        return Err(CallError::Refused(refusal).into());
                    };
                    unknown.extend(wanted().filter(|trigger| !known.contains(*trigger)));
                    let missing: Vec<String> =
                        NEEDED.iter().filter(|one| unknown.contains(*one)).map(|one| (*one).to_owned()).collect();
                    if !missing.is_empty() {
                        return Err(HookError::Unknown(missing));
                    }
                    if unknown.is_empty() {
                        return Err(CallError::Refused(refusal).into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn is_well(&self, hook: &Hook) -> bool {
        hook.active
            && self.is_signed(hook)
            && hook.payload_template.is_empty()
            && self.kin(&hook.subscriber_url) == Kin::Ours
            && hook.lacks(&NEEDED).is_empty()
    }

    fn is_signed(&self, hook: &Hook) -> bool {
        hook.secret == self.endpoint.secret().expose_secret()
    }

    /// Where entries of ours belong, as paths.
    async fn places(&self) -> Result<Vec<String>, HookError> {
        Ok(match &self.owner {
            HookOwner::User => vec!["webhooks".to_owned()],
            HookOwner::Organization(id) => vec![format!("organizations/{id}/webhooks")],
            HookOwner::Platform(id) => vec![format!("oauth-clients/{id}/webhooks")],
            HookOwner::Team(id) => {
                let event_types: Vec<EventType> = self.client.get(format!("teams/{id}/event-types")).await?;
                if event_types.is_empty() {
                    return Err(HookError::NoEventTypes);
                }
                event_types.iter().map(|one| format!("teams/{id}/event-types/{}/webhooks", one.id)).collect()
            }
        })
    }

    async fn list(&self, place: &str) -> Result<Vec<Hook>, HookError> {
        Ok(self.client.send(&Call::get(place).query("take", PAGE)).await?.data)
    }

    /// Entries of the user's own event types that tell us as well: the event type and the entry. Where that cannot be looked
    /// at there are none.
    async fn doubles(&self) -> Vec<(u64, String)> {
        if self.owner != HookOwner::User {
            return Vec::new();
        }
        let Ok(me) = self.client.get::<crate::wire::shop::Me>("me").await else { return Vec::new() };
        let call = Call::get("event-types").query("username", &me.username);
        let event_types = self.client.send::<Vec<EventType>>(&call).await.map(|answer| answer.data);
        let mut doubles = Vec::new();
        for one in event_types.unwrap_or_default().iter().take(MOST_EVENT_TYPES) {
            let hooks = self.list(&format!("event-types/{}/webhooks", one.id)).await.unwrap_or_default();
            let ours = hooks.iter().filter(|hook| self.kin(&hook.subscriber_url) == Kin::Ours);
            doubles.extend(ours.filter_map(|hook| Some((u64::try_from(one.id).ok()?, hook.id()))));
        }
        doubles
    }

    fn kin(&self, url: &str) -> Kin {
        if url == self.url.expose_secret() {
            return Kin::Ours;
        }
        let Ok(parsed) = reqwest::Url::parse(url) else { return Kin::Other };
        let Some((_, end)) = parsed.path().rsplit_once("/webhooks/calcom/") else { return Kin::Other };
        let here = url.strip_prefix(&self.server).is_some_and(|rest| rest.starts_with("/webhooks/calcom/"));
        match (here, self.siblings.contains(end)) {
            (true, true) => Kin::Other,
            (true, false) => Kin::Outdated,
            (false, _) => Kin::Elsewhere(parsed.host_str().unwrap_or_default().to_owned()),
        }
    }
}

fn wanted() -> impl Iterator<Item = &'static str> {
    NEEDED.into_iter().chain(WELCOME)
}

/// The kinds of events that a server knows, by its words when it was asked for another; `None`: it speaks of something else.
fn known_triggers(said: &str) -> Option<BTreeSet<&str>> {
    let (_, list) = said.split_once("must be one of the following values:")?;
    Some(list.split(',').map(str::trim).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_knows_is_read_from_its_refusal() {
        let said = "each value in triggers must be one of the following values: BOOKING_CREATED, BOOKING_PAID";
        assert_eq!(known_triggers(said).unwrap().into_iter().collect::<Vec<_>>(), ["BOOKING_CREATED", "BOOKING_PAID"]);
        assert_eq!(known_triggers("subscriberUrl must be a URL"), None);
    }
}
