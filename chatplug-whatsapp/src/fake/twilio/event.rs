//! What a webhook tells: a client's message, a status of ours, or a change of a template.

use super::{
    errors::title,
    form::{self, Form},
    state::{Message, Person, State},
};
use chatplug_core::model::Stage;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};

/// A message is quoted by its SID this long.
const QUOTED_DAYS: i64 = 7;

/// One webhook: compose it, then [`FakeTwilio::deliver`](super::FakeTwilio::deliver) it, in any order with others, twice
/// if need be.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub(super) account: String,
    pub(super) kind: Kind,
    pub(super) form: Form,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Inbound(Box<Inbound>),
    Status {
        /// The message's status once this was told.
        status: String,
        error: Option<i64>,
        at: DateTime<Utc>,
    },
    /// An event of Event Streams.
    Stream(Value),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Inbound {
    pub(super) sender: String,
    /// Whose window it opens.
    pub(super) writer: String,
    pub(super) at: DateTime<Utc>,
}

/// How a pick from a list arrives: Twilio's pages name no field for it, so a client of the API must read all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListPick {
    /// `ListId` and `ListTitle`.
    #[default]
    ListFields,
    /// `ButtonPayload` and `ButtonText`.
    ButtonFields,
    /// The row's label in `Body`, and nothing else.
    BodyOnly,
}

impl Event {
    /// A client's message. `kind` is the value of `MessageType`; `content` goes before the addresses.
    pub(super) fn message(
        state: &State,
        sender: &str,
        person: &Person,
        sid: &str,
        (kind, body): (&str, &str),
        content: &[(&str, &str)],
    ) -> Self {
        let account = state.sender(sender).map(|sender| sender.account.clone()).unwrap_or_default();
        let files = content.iter().filter(|(name, _)| name.starts_with("MediaUrl")).count().to_string();
        let mut form = Form::new();
        let mut put = |name: &str, value: &str| form.push((name.to_owned(), value.to_owned()));
        put("SmsMessageSid", sid);
        put("NumMedia", &files);
        if let Some(name) = &person.name {
            put("ProfileName", name);
        }
        put("MessageType", kind);
        put("SmsSid", sid);
        let wa_id = person.wa_id.as_deref().or(person.phone.as_deref()).filter(|id| !id.is_empty());
        if let Some(wa_id) = wa_id {
            put("WaId", wa_id);
        }
        put("SmsStatus", "received");
        put("Body", body);
        put("To", sender);
        put("NumSegments", "1");
        put("ReferralNumMedia", "0");
        put("MessageSid", sid);
        put("AccountSid", &account);
        if let Some(service) = state.service_of(sender) {
            put("MessagingServiceSid", &service.sid);
        }
        for (name, value) in content {
            put(name, value);
        }
        if let Some(id) = &person.user_id {
            put("ExternalUserId", &format!("whatsapp:{id}"));
        }
        put("ChannelMetadata", &metadata(person, wa_id, content));
        if state.rules.extra_fields {
            put("SomethingNew", "1");
        }
        put("From", &person.address());
        put("ApiVersion", "2010-04-01");
        let kind = Inbound { sender: sender.to_owned(), writer: person.key().to_owned(), at: state.time.now() };
        Self { account, kind: Kind::Inbound(Box::new(kind)), form }
    }

    /// A status of a message of ours; with a code, a failure.
    pub(super) fn status(state: &State, message: &Message, status: &str, error: Option<i64>) -> Self {
        let mut form = Form::new();
        let mut put = |name: &str, value: &str| form.push((name.to_owned(), value.to_owned()));
        let rich = !state.rules.minimal_statuses;
        if rich {
            put("ChannelPrefix", "whatsapp");
        }
        if let Some(service) = &message.service {
            put("MessagingServiceSid", service);
        }
        put("ApiVersion", "2010-04-01");
        put("MessageStatus", status);
        put("SmsSid", &message.sid);
        put("SmsStatus", status);
        if let Some(sender) = state.sender(&message.from).filter(|_| rich) {
            put("ChannelInstallSid", &sender.sid);
        }
        put("To", &message.to);
        put("From", &message.from);
        put("MessageSid", &message.sid);
        put("AccountSid", &message.account);
        if rich && status == "read" {
            put("EventType", "READ");
        }
        if let Some(code) = error {
            put("ErrorCode", &code.to_string());
            put("ErrorMessage", title(code));
            if rich {
                put("ChannelStatusMessage", title(code));
            }
        }
        if let Some(id) = state.person(&message.to).and_then(|person| person.user_id.as_ref()).filter(|_| rich) {
            put("ExternalUserId", &format!("whatsapp:{id}"));
        }
        let kind = Kind::Status { status: status.to_owned(), error, at: state.time.now() };
        Self { account: message.account.clone(), kind, form }
    }

    /// An event of Event Streams.
    pub(super) const fn stream(account: String, event: Value) -> Self {
        Self { account, kind: Kind::Stream(event), form: Form::new() }
    }

    /// The message's SID.
    #[must_use]
    pub fn id(&self) -> &str {
        self.get("MessageSid").unwrap_or_default()
    }

    /// The status's word, for a status.
    #[must_use]
    pub fn stage(&self) -> Option<&str> {
        self.get("MessageStatus")
    }

    /// A parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        form::all(&self.form, name).next()
    }

    /// All parameters, in the order in which they are posted.
    #[must_use]
    pub fn parameters(&self) -> &[(String, String)] {
        &self.form
    }

    /// Written at another time than now. Twilio does not tell the time; it decides how long the window is open.
    #[must_use]
    pub fn at(mut self, time: DateTime<Utc>) -> Self {
        if let Kind::Inbound(inbound) = &mut self.kind {
            inbound.at = time;
        }
        self
    }

    /// Answers, or was tapped on, a message of ours; told only while that is not older than seven days.
    #[must_use]
    pub fn quoting(self, message_id: &str) -> Self {
        self.with("OriginalRepliedMessageSid", message_id)
    }

    /// Forwarded from another chat.
    #[must_use]
    pub fn forwarded(self) -> Self {
        self.with("Forwarded", "true")
    }

    /// Any parameter, in place of what was there.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        form::set(&mut self.form, name, value);
        self
    }

    /// Takes a parameter away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.form.retain(|(given, _)| given != name);
        self
    }

    /// The parameters as they are posted: with the sender of what is quoted, and without a quote that is too old.
    pub(super) fn posted(&self, state: &State) -> Form {
        let mut posted = self.form.clone();
        if let (Some(quoted), Kind::Inbound(inbound)) = (self.get("OriginalRepliedMessageSid"), &self.kind) {
            match state.message(quoted) {
                Some(message) if inbound.at - message.created <= Duration::days(QUOTED_DAYS) => {
                    form::set(&mut posted, "OriginalRepliedMessageSender", &message.from);
                }
                Some(_) => posted.retain(|(name, _)| !name.starts_with("OriginalReplied")),
                None => {}
            }
        }
        posted
    }
}

/// What WhatsApp said, as JSON in a text.
fn metadata(person: &Person, wa_id: Option<&str>, content: &[(&str, &str)]) -> String {
    let mut context = Map::new();
    let known = [("ProfileName", person.name.as_deref()), ("WaId", wa_id)];
    let shown = content.iter().filter(|(name, _)| *name == "ButtonText").map(|(name, value)| (*name, Some(*value)));
    for (name, value) in known.into_iter().chain(shown) {
        if let Some(value) = value {
            context.insert(name.to_owned(), value.into());
        }
    }
    json!({"type": "whatsapp", "data": {"context": context}}).to_string()
}

/// Twilio's word for a stage.
pub(super) const fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Sent => "sent",
        Stage::Delivered => "delivered",
        Stage::Read => "read",
        Stage::Failed => "failed",
    }
}

/// How far a status has come; a final failure is the furthest.
pub(super) fn rank(status: &str) -> u8 {
    const ORDER: [&str; 7] = ["accepted", "scheduled", "queued", "sending", "sent", "delivered", "read"];
    ORDER.iter().position(|known| *known == status).map_or(u8::MAX, |at| u8::try_from(at).unwrap_or(u8::MAX))
}
