//! Somebody with a phone on the stage, and the transcript of what they and the business say.

use super::{
    phone::{Phone, Seen},
    stage::Stage,
};
use chatplug::{
    dialogue::{Operator, Outcome},
    model::*,
    ports::*,
    whatsapp::fake::meta::FakeClient,
};
use std::{fmt::Write as _, sync::Arc};

/// A conversation being held, with its transcript.
pub struct Talk<'s, P: Phone = FakeClient> {
    pub stage: &'s Stage,
    pub client: P,
    tenant: TenantId,
    /// What came back last.
    pub last: Vec<P::Seen>,
    transcript: String,
    shown: usize,
}

impl<'s, P: Phone> Talk<'s, P> {
    pub fn new(stage: &'s Stage, client: P, tenant: &str) -> Self {
        let tenant = TenantId::new(tenant).unwrap();
        Self { stage, client, tenant, last: Vec::new(), transcript: String::new(), shown: 0 }
    }

    pub async fn says(&mut self, text: &str) -> &mut Self {
        let _ = writeln!(self.transcript, "> {text}");
        self.client.says(text).await;
        self.answer().await
    }

    /// Several messages in a row, before anything is answered.
    pub async fn says_all(&mut self, texts: &[&str]) -> &mut Self {
        for text in texts {
            let _ = writeln!(self.transcript, "> {text}");
            self.client.says(text).await;
        }
        self.answer().await
    }

    /// Taps the n-th choice (from 1) of the last message that had some.
    pub async fn taps(&mut self, n: usize) -> &mut Self {
        let sent = self.client.inbox();
        let message = sent.iter().rev().find(|m| !m.choices().is_empty()).expect("something to tap");
        let title = (*message.titles().get(n - 1).unwrap_or_else(|| panic!("no choice {n} in {:?}", message.titles())))
            .to_owned();
        let _ = writeln!(self.transcript, "> [{title}]");
        self.client.chooses(&title).await;
        self.answer().await
    }

    pub async fn sends(&mut self, kind: &str, content: serde_json::Value) -> &mut Self {
        let _ = writeln!(self.transcript, "> ({kind})");
        self.client.sends(kind, content).await;
        self.answer().await
    }

    /// Collects what came back since the last look.
    pub async fn answer(&mut self) -> &mut Self {
        self.stage.settle().await;
        self.look()
    }

    pub fn look(&mut self) -> &mut Self {
        let sent = self.client.inbox();
        self.last = sent[self.shown.min(sent.len())..].to_vec();
        self.shown = sent.len();
        for message in &self.last {
            let _ = writeln!(self.transcript, "{}", print(message));
        }
        self
    }

    pub fn note(&mut self, text: &str) {
        let _ = writeln!(self.transcript, "-- {text}");
    }

    /// All words of the last answer.
    pub fn words(&self) -> String {
        self.last.iter().map(Seen::text).collect::<Vec<_>>().join("\n")
    }

    pub fn choices(&self) -> Vec<String> {
        self.last.iter().flat_map(Seen::titles).map(str::to_owned).collect()
    }

    pub fn transcript(&self) -> &str {
        &self.transcript
    }

    /// What the business keeps.
    pub fn rows(&self) -> Arc<dyn TenantStore> {
        self.stage.store.tenant(&self.tenant)
    }

    /// How the client's messages ended, in order; `None`: not at all.
    pub async fn outcomes(&self) -> Vec<Option<Outcome>> {
        self.log().await.into_iter().filter(|line| line.inbound).map(|line| line.outcome).collect()
    }

    pub async fn log(&self) -> Vec<LogEntry> {
        self.rows().messages(self.conversation().await.id, 1000).await.unwrap()
    }

    /// The client's bookings that stand, as we know them.
    pub async fn visits(&self) -> Vec<Booking> {
        let contact = self.conversation().await.contact.id;
        let mut all = self.rows().bookings(contact, self.stage.clock.now()).await.unwrap();
        all.retain(|booking| booking.status == BookingStatus::Booked);
        all
    }

    pub async fn conversation(&self) -> ConversationView {
        let user = ChannelUser { phone: self.client.key().parse().ok(), user_id: None };
        let channel = ChannelId::new("whatsapp").unwrap();
        self.rows().conversation_of(&channel, &user).await.unwrap().expect("a conversation")
    }

    pub async fn operator(&mut self, key: &str, operator: Operator) -> &mut Self {
        let _ = writeln!(
            self.transcript,
            "-- operator: {}",
            match &operator {
                Operator::Say { text } => text.reveal().clone(),
                other => format!("{other:?}"),
            }
        );
        let id = self.conversation().await.id;
        self.stage.engine.operate(&self.tenant, id, key, "rita", operator).await.unwrap();
        self.answer().await
    }
}

/// A message as a person sees it.
pub fn print(message: &impl Seen) -> String {
    let mut text = format!("< {}", message.text().replace('\n', "\n  "));
    for (n, choice) in message.choices().iter().enumerate() {
        let hint = message.small_print(choice).map(|text| format!(" ({text})")).unwrap_or_default();
        let _ = write!(text, "\n  [{}] {}{hint}", n + 1, choice.title);
    }
    text
}
