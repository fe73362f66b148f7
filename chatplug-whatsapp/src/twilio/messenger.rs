//! The [`Messenger`] port on Twilio.

use super::{
    check,
    client::{CallError, Taken, TwilioClient},
    config::{TwilioConfig, TwilioConfigError, digits_of, is_sid},
    content::TwilioContent,
    errors::{Reaction, reaction},
    inbound::{CHANNEL, is_media_id},
    piece::{Piece, Variables},
    webhook::KEY,
};
use crate::common::{
    http::nothing_sent,
    media::{self, FileError, PublicFiles},
    served::ServedFiles,
    words::one_line,
};
use async_trait::async_trait;
use chatplug_core::{
    model::{
        Address, ChannelLimits, ChannelUser, DeliveryKey, MediaRef, MediaSource, MessageId, MessageRef, Outbound,
        OwnFile, TemplateMessage,
    },
    ports::{Clock, Media, Messenger, SendError, Sent},
};
use chrono::Duration;
use reqwest::{StatusCode, header};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Twilio's code for too many calls at once; nothing was made.
const TOO_MANY_CALLS: i64 = 20_429;

/// Twilio's code for a template that is not there.
const NO_TEMPLATE: i64 = 63_027;

/// Twilio's code for a file that cannot be fetched.
const DOWNLOAD_FAILED: i64 = 63_019;

/// One WhatsApp sender, able to send.
///
/// It never repeats what may have left. A connection that cannot be made is [`SendError::Unavailable`]; a request that may
/// have left is [`SendError::OutcomeUnknown`], and the status that carries the delivery key settles it.
///
/// What Twilio has no form for goes as text: a contact card, a request for the client's place, a link beneath more than 640
/// units of text.
#[derive(Debug)]
pub struct TwilioMessenger {
    client: TwilioClient,
    content: Arc<TwilioContent>,
    files: PublicFiles,
    limits: ChannelLimits,
    clock: Arc<dyn Clock>,
    waits: Waits,
    /// The number as Twilio writes it.
    from: String,
    served: Option<ServedFiles>,
}

impl TwilioMessenger {
    /// A messenger for one sender, with content of its own; see [`http_client`](super::http_client) for the client.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn new(
        config: TwilioConfig,
        http: reqwest::Client,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Vec<TwilioConfigError>> {
        let content = Arc::new(TwilioContent::new(config.clone(), http.clone())?);
        Self::with_content(config, http, clock, content)
    }

    /// The same with content that senders of one account share.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn with_content(
        config: TwilioConfig,
        http: reqwest::Client,
        clock: Arc<dyn Clock>,
        content: Arc<TwilioContent>,
    ) -> Result<Self, Vec<TwilioConfigError>> {
        config.check()?;
        let files = PublicFiles::new(&config.api_url).map_err(|_| vec![TwilioConfigError::BaseUrl])?;
        let from = format!("{CHANNEL}+{}", digits_of(&config.number).unwrap_or_default());
        let client = TwilioClient::new(http, config);
        Ok(Self { client, content, files, limits: check::limits(), clock, waits: Waits::default(), from, served: None })
    }

    /// Serves files of ours at addresses that Twilio fetches them from. Without, it takes none: what it cannot carry is
    /// left out.
    #[must_use]
    pub fn with_files(mut self, files: ServedFiles) -> Self {
        self.limits.files = true;
        self.served = Some(files);
        self
    }

    fn address_of(&self, file: &OwnFile) -> Result<String, SendError> {
        let served = self.served.as_ref().ok_or_else(|| check::refused("no file of ours can be fetched from here"))?;
        served.address(file, self.clock.now()).ok_or_else(|| check::refused("file is too large to be served"))
    }

    /// What every message says besides itself.
    fn envelope(&self, to: &Address, key: DeliveryKey) -> Result<Vec<(&'static str, String)>, SendError> {
        let config = self.client.config();
        let mut form = vec![("From", self.from.clone()), ("To", address(&to.user)?)];
        if let Some(service) = &config.messaging_service {
            form.push(("MessagingServiceSid", service.clone()));
        }
        if let Some(url) = &config.status_callback {
            form.push(("StatusCallback", with_key(url, key)));
        }
        Ok(form)
    }

    async fn hand_over(&self, envelope: Vec<(&'static str, String)>, message: &Outbound) -> Result<Taken, CallError> {
        let text = |body: String| vec![("Body", body)];
        let more = match message {
            Outbound::Text { body } | Outbound::AskLocation { body } => text(body.clone()),
            Outbound::Buttons { body, buttons } => {
                return self.send_piece(envelope, Piece::buttons(body, buttons)).await;
            }
            Outbound::List { body, open, sections } => {
                let piece = Piece::list(body, open, sections, self.limits.row_description);
                return self.send_piece(envelope, piece).await;
            }
            Outbound::Link { body, label, url } => {
                let fits = ChannelLimits::length(body) <= check::LINK_BODY;
                match Piece::link(body, label, url).filter(|_| fits) {
                    Some(piece) => return self.send_piece(envelope, piece).await,
                    None => {
                        let plain = format!("{body}\n\n{label}: {url}");
                        if ChannelLimits::length(&plain) > check::BODY {
                            return Err(check::refused("body and address are too long together").into());
                        }
                        text(plain)
                    }
                }
            }
            Outbound::Location(place) => {
                let piece = Piece::pin(place).ok_or_else(|| check::refused("location has no coordinates"))?;
                return self.send_piece(envelope, piece).await;
            }
            Outbound::Image { source: MediaSource::Url(url), caption } => {
                let words = caption.as_deref().filter(|words| !words.trim().is_empty());
                let words = words.map(|words| ("Body", words.to_owned()));
                words.into_iter().chain([("MediaUrl", url.clone())]).collect()
            }
            Outbound::Document { source: MediaSource::Url(url), .. } => vec![("MediaUrl", url.clone())],
            Outbound::Document { source: MediaSource::Own(file), .. } => vec![("MediaUrl", self.address_of(file)?)],
            Outbound::Image { source: MediaSource::Own(file), caption } => {
                let words = caption.as_deref().filter(|words| !words.trim().is_empty());
                let words = words.map(|words| ("Body", words.to_owned()));
                words.into_iter().chain([("MediaUrl", self.address_of(file)?)]).collect()
            }
            Outbound::Contact { name, phone } => text(format!("{name}\n{}", phone.e164())),
            Outbound::Template(template) => return self.send_template(envelope, template).await,
            _ => return Err(check::refused("a kind of message that WhatsApp does not carry").into()),
        };
        self.client.send(&[envelope, more].concat()).await
    }

    /// Sends something of the pool. A resource that Twilio does not know any more is made again, once: nothing was sent.
    async fn send_piece(&self, envelope: Vec<(&'static str, String)>, mut piece: Piece) -> Result<Taken, CallError> {
        let sid = self.content.resource_of(&mut piece).await?;
        match self.send_content(&envelope, &sid, &piece.variables).await {
            Err(CallError::Twilio { code, .. }) if reaction(code) == Reaction::MakeAgain => {
                self.content.forget(&sid);
                let sid = self.content.resource_of(&mut piece).await?;
                self.send_content(&envelope, &sid, &piece.variables).await
            }
            answer => answer,
        }
    }

    /// Sends a template: by its SID, or by its name and language. The payloads of its buttons are the blanks that come
    /// after those of its text.
    async fn send_template(
        &self,
        envelope: Vec<(&'static str, String)>,
        template: &TemplateMessage,
    ) -> Result<Taken, CallError> {
        let sid = if is_sid(&template.name, "HX") {
            template.name.clone()
        } else {
            let found = self.content.named(&template.name, &template.locale).await?;
            found.ok_or_else(|| SendError::Rejected {
                code: NO_TEMPLATE,
                detail: "no template of this name".to_owned(),
            })?
        };
        let values = template.body.iter().map(|value| one_line(value)).chain(template.buttons.iter().cloned());
        let variables = (1_usize..).map(|n| n.to_string()).zip(values).collect();
        let answer = self.send_content(&envelope, &sid, &variables).await;
        if matches!(&answer, Err(CallError::Twilio { code, .. }) if reaction(*code) == Reaction::MakeAgain) {
            self.content.forget(&sid);
        }
        answer
    }

    async fn send_content(
        &self,
        envelope: &[(&'static str, String)],
        sid: &str,
        variables: &Variables,
    ) -> Result<Taken, CallError> {
        let mut form = envelope.to_vec();
        form.push(("ContentSid", sid.to_owned()));
        if !variables.is_empty() {
            let json = serde_json::to_string(variables).map_err(|_| check::refused("variables cannot be written"))?;
            form.push(("ContentVariables", json));
        }
        self.client.send(&form).await
    }
}

#[async_trait]
impl Messenger for TwilioMessenger {
    fn limits(&self) -> &ChannelLimits {
        &self.limits
    }

    async fn send(&self, to: &Address, message: &Outbound, key: DeliveryKey) -> Result<Sent, SendError> {
        check::outbound(message, &self.limits)?;
        let envelope = self.envelope(to, key)?;
        let answer = self.hand_over(envelope, message).await;
        let taken = self.waits.note(key, answer)?;
        let message = MessageId::new(taken.sid).ok();
        let message =
            message.ok_or(SendError::OutcomeUnknown { source: Some("the answer names no message".into()) })?;
        Ok(Sent { message, at: self.clock.now() })
    }

    async fn seen(&self, message: &MessageRef, typing: bool) -> Result<(), SendError> {
        // Twilio marks as read only together with typing, which nobody may see when nobody writes.
        let id = message.id.as_str().split('/').next().unwrap_or_default();
        if typing && (is_sid(id, "SM") || is_sid(id, "MM")) {
            self.client.typing(id).await.map_err(|error| nothing_sent(error.into()))?;
        }
        Ok(())
    }

    async fn fetch_media(&self, file: &MediaRef) -> Result<Media, SendError> {
        let sids = file.id.split_once('/').filter(|(message, media)| is_media_id(message, media));
        let (message, media) = sids.ok_or_else(|| check::refused("media id is not one"))?;
        let answer = self.client.media(message, media).await.map_err(nothing_sent)?;
        match answer.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(SendError::Unauthorized { code: i64::from(answer.status().as_u16()) });
            }
            StatusCode::TOO_MANY_REQUESTS => {
                return Err(SendError::RateLimited { retry_after: crate::common::http::retry_after(&answer) });
            }
            _ => {}
        }
        let answer = self.files.follow(answer).await.map_err(file_error)?;
        let told = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let mime = told.filter(|mime| !mime.is_empty()).unwrap_or(&file.mime).to_owned();
        let bytes = media::read(answer, self.client.config().media_limit).await.map_err(file_error)?;
        Ok(Media { mime, bytes })
    }
}

fn file_error(error: FileError) -> SendError {
    let gone = |why: String| SendError::Rejected { code: DOWNLOAD_FAILED, detail: why };
    match error {
        FileError::TooLarge => gone("the file is larger than allowed".to_owned()),
        FileError::NotPublic => gone("the file is not in a public place".to_owned()),
        FileError::Status(status) if status.is_server_error() => SendError::Unavailable { source: None },
        FileError::Status(status) => gone(format!("HTTP status {}", status.as_u16())),
        FileError::Later(error) => error,
    }
}

/// Whom to send to: the number wins over the user id, as it does at Meta.
fn address(user: &ChannelUser) -> Result<String, SendError> {
    match (&user.phone, &user.user_id) {
        (Some(phone), _) => Ok(format!("{CHANNEL}{}", phone.e164())),
        (None, Some(id)) => Ok(format!("{CHANNEL}{}", id.reveal())),
        (None, None) => Err(check::refused("nobody to send to")),
    }
}

/// The address of the status callback with the key in its query, before the fragment that Twilio keeps for itself.
fn with_key(url: &str, key: DeliveryKey) -> String {
    let (url, fragment) = url.find('#').map_or((url, ""), |at| url.split_at(at));
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{KEY}={key}{fragment}")
}

/// How often in a row Twilio had too many calls for one message: the wait doubles from a tenth of a second to 30, and differs
/// from message to message, so that they do not come back all at once.
#[derive(Debug, Default)]
struct Waits(Mutex<HashMap<DeliveryKey, u32>>);

/// Messages that are waited for at most; those that are given up are not told here.
const MOST_WAITING: usize = 4096;

impl Waits {
    fn note<T>(&self, key: DeliveryKey, answer: Result<T, CallError>) -> Result<T, SendError> {
        let mut waits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Err(CallError::Twilio { code: TOO_MANY_CALLS, retry_after: None, .. }) => {
                if waits.len() >= MOST_WAITING {
                    waits.clear();
                }
                let times = waits.entry(key).or_default();
                let longest = 100_i64.saturating_mul(1 << (*times).min(9)).min(30_000);
                *times += 1;
                // Between half of it and all: the key is as good as chance, and the same for everybody.
                let share = i64::from(key.as_uuid().as_bytes().first().copied().unwrap_or_default());
                let wait = longest / 2 + longest / 2 * share / 255;
                Err(SendError::RateLimited { retry_after: Duration::try_milliseconds(wait) })
            }
            Ok(answer) => {
                waits.remove(&key);
                Ok(answer)
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_goes_before_the_fragment() {
        let key = DeliveryKey::derive(&["1"]);
        for (url, with) in [
            ("https://a.example/x", format!("https://a.example/x?k={key}")),
            ("https://a.example/x?y=1", format!("https://a.example/x?y=1&k={key}")),
            ("https://a.example/x#rc=3&rp=all", format!("https://a.example/x?k={key}#rc=3&rp=all")),
        ] {
            assert_eq!(with_key(url, key), with);
        }
    }

    #[test]
    fn waits_grow_to_half_a_minute_and_end_with_success() {
        let waits = Waits::default();
        let told = || Err::<(), _>(CallError::Twilio { code: TOO_MANY_CALLS, words: String::new(), retry_after: None });
        let wait = |key: DeliveryKey| match waits.note(key, told()) {
            Err(SendError::RateLimited { retry_after: Some(wait) }) => wait.num_milliseconds(),
            other => panic!("{other:?}"),
        };
        let key = DeliveryKey::derive(&["1"]);
        for longest in [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000] {
            let wait = wait(key);
            assert!((longest / 2..=longest).contains(&wait), "{wait} of {longest}");
        }
        waits.note(key, Ok(())).unwrap();
        assert!(wait(key) <= 100);
        let differ: std::collections::HashSet<_> =
            (0..50).map(|n| wait(DeliveryKey::derive(&[&n.to_string()]))).collect();
        assert!(differ.len() > 20, "they come back all at once");
    }
}
