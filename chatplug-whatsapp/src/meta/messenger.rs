//! The [`Messenger`] port on Graph.

use super::{
    check,
    client::{CallError, GraphClient},
    config::{MetaConfig, MetaConfigError},
    media,
    upload::{self, Uploads},
    wire::{Accepted, Done, Envelope, ReadMark},
};
use async_trait::async_trait;
use chatplug_core::{
    model::{Address, ChannelLimits, ChannelUser, DeliveryKey, MediaRef, MessageId, MessageRef, Outbound},
    ports::{Clock, Media, Messenger, SendError, Sent},
};
use chrono::Duration;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Meta's code for the limit between one number and one person.
const TOO_FAST_TO_ONE: i64 = 131_056;

/// Longest wait for one person, in powers of four: about an hour.
const MOST_WAITS: u32 = 6;

/// One business number, able to send.
///
/// It never retries. A connection that cannot be made is [`SendError::Unavailable`]; a request that may have left is
/// [`SendError::OutcomeUnknown`], and the status that carries the delivery key settles it.
#[derive(Debug)]
pub struct MetaMessenger {
    graph: GraphClient,
    limits: ChannelLimits,
    clock: Arc<dyn Clock>,
    pairs: PairWaits,
    uploads: Uploads,
}

impl MetaMessenger {
    /// A messenger for one number; see [`http_client`](super::http_client) for the client.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn new(config: MetaConfig, http: reqwest::Client, clock: Arc<dyn Clock>) -> Result<Self, Vec<MetaConfigError>> {
        config.check()?;
        Ok(Self {
            graph: GraphClient::new(http, config),
            limits: ChannelLimits::whatsapp(),
            clock,
            pairs: PairWaits::default(),
            uploads: Uploads::default(),
        })
    }

    async fn post(&self, to: &Address, message: &Outbound, key: DeliveryKey) -> Result<Accepted, CallError> {
        let envelope = Envelope::new(to, message, key)?;
        self.graph.post_message(&envelope).await
    }
}

#[async_trait]
impl Messenger for MetaMessenger {
    fn limits(&self) -> &ChannelLimits {
        &self.limits
    }

    async fn send(&self, to: &Address, message: &Outbound, key: DeliveryKey) -> Result<Sent, SendError> {
        check::outbound(message, &self.limits)?;
        upload::check(message)?;
        let answer = match upload::own_file(message) {
            None => self.post(to, message, key).await,
            Some((file, name)) => {
                let given = self.uploads.id_of(&self.graph, file, name, self.clock.now()).await?;
                match self.post(to, &upload::with_id(message, &given.id), key).await {
                    // Refused, so nothing was sent: its id may be too old. Uploaded again, once.
                    Err(error) if !given.fresh && upload::may_be_stale(&error) => {
                        self.uploads.forget(file);
                        let given = self.uploads.id_of(&self.graph, file, name, self.clock.now()).await?;
                        self.post(to, &upload::with_id(message, &given.id), key).await
                    }
                    answer => answer,
                }
            }
        };
        let accepted = self.pairs.note(&to.user, answer)?;
        let id = accepted.messages.into_iter().next().and_then(|message| MessageId::new(message.id).ok());
        let message = id.ok_or(SendError::OutcomeUnknown { source: Some("the answer names no message".into()) })?;
        Ok(Sent { message, at: self.clock.now() })
    }

    async fn seen(&self, message: &MessageRef, typing: bool) -> Result<(), SendError> {
        let Done {} = self.graph.post_message(&ReadMark::new(message.id.as_str(), typing)).await?;
        Ok(())
    }

    async fn fetch_media(&self, media: &MediaRef) -> Result<Media, SendError> {
        media::fetch(&self.graph, media).await
    }
}

/// How often in a row Meta said "too fast to this person": the wait is 4ⁿ seconds.
///
/// Holds only people who are being waited for, and forgets one with the first message that passes.
#[derive(Debug, Default)]
struct PairWaits(Mutex<HashMap<ChannelUser, u32>>);

impl PairWaits {
    fn note<T>(&self, user: &ChannelUser, answer: Result<T, CallError>) -> Result<T, SendError> {
        let mut waits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Err(CallError::Graph { code: TOO_FAST_TO_ONE, .. }) => {
                let times = waits.entry(user.clone()).or_default();
                let wait = 4_i64.pow(*times);
                *times = (*times + 1).min(MOST_WAITS);
                Err(SendError::TooFastToOne { retry_after: Duration::try_seconds(wait) })
            }
            Ok(answer) => {
                waits.remove(user);
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
    fn waits_for_one_person_grow_until_a_message_passes() {
        let user = |digits: &str| ChannelUser { phone: digits.parse().ok(), user_id: None };
        let pairs = PairWaits::default();
        let wait = |digits: &str| {
            let told = Err::<(), _>(CallError::Graph {
                code: TOO_FAST_TO_ONE,
                words: String::new(),
                subcode: None,
                advice: None,
            });
            match pairs.note(&user(digits), told) {
                Err(SendError::TooFastToOne { retry_after }) => retry_after.map(|wait| wait.num_seconds()),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!([wait("34600111222"), wait("34600111222"), wait("34600111222")], [Some(1), Some(4), Some(16)]);
        assert_eq!(wait("34600999888"), Some(1), "others do not wait longer");
        pairs.note(&user("34600111222"), Ok(())).unwrap();
        assert_eq!(wait("34600111222"), Some(1));
    }
}
