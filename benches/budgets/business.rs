//! Fifty salons on one engine, the webhooks that their clients cause, and a provider that takes everything at once.

use anyhow::{Result, bail, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use chatplug::{
    calendar::Calendar,
    engine::{Engine, EngineEvent, EngineOptions, Observer, TenantList},
    model::{
        Address, BranchId, ChannelLimits, DeliveryKey, InstallId, MediaRef, MessageId, MessageRef, Outbound, Phone,
        TenantId,
    },
    ports::{CalendarStore, Clock, EntryFilter, IntentEngine, Media, Messenger, SendError, Sent, Store, SystemClock},
    store::SqliteStore,
    testkit::{StaticTemplates, TenantBuilder},
    understand::OfflineEngine,
    whatsapp::meta::{MetaKeyring, MetaWebhook, sign},
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};
use tokio::sync::mpsc::UnboundedSender;

const SECRET: &str = "a secret of the app";
pub(crate) const SALONS: u64 = 50;

/// An engine on a file of its own, salons with built-in calendars, and a provider that takes everything at once.
pub(crate) struct Place {
    pub(crate) engine: Engine,
    webhook: MetaWebhook,
    pub(crate) post: Post,
    pub(crate) count: Arc<Count>,
    calendars: Arc<dyn CalendarStore>,
    _folder: tempfile::TempDir,
}

impl Place {
    pub(crate) async fn open() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let sqlite = Arc::new(SqliteStore::open(folder.path().join("budgets.sqlite")).await?);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (post, count, reader) = (Post::default(), Arc::new(Count::default()), Arc::new(OfflineEngine::new()));
        let reader: Arc<dyn IntentEngine> = reader;
        let mut salons = Vec::new();
        for n in 0..SALONS {
            let (tenant, branch, install) =
                (TenantId::new(format!("salon-{n}"))?, BranchId::new("centre")?, InstallId::new("own")?);
            let Ok(plan) = chatplug::calendar::demo::salon().validate() else { bail!("the demo is no calendar") };
            let kept = sqlite.calendar(&tenant, &branch);
            let calendar = Calendar::new(branch.clone(), install.clone(), plan, kept, clock.clone());
            let salon = TenantBuilder::new(tenant.as_str())
                .name("Studio Bella")
                .branch_of(branch.as_str(), &install, Arc::new(calendar))
                .channel_with("whatsapp", Arc::new(post.clone()), Arc::new(StaticTemplates::new()))
                .intents(reader.clone());
            sqlite.tenant(&tenant).register(&salon.setup(&[("meta", &number(n), "whatsapp")])).await?;
            salons.push(salon.build());
        }
        let calendars: Arc<dyn CalendarStore> = sqlite.clone();
        let mut options = EngineOptions::default();
        options.mark_seen = false;
        let engine = Engine::builder()
            .store(sqlite)
            .directory(Arc::new(TenantList::new(salons)))
            .clock(clock)
            .observer(count.clone())
            .options(options)
            .build()?;
        let webhook = MetaWebhook::new(MetaKeyring::new(SECRET, "a word"));
        Ok(Self { engine, webhook, post, count, calendars, _folder: folder })
    }

    /// How many visits stand in all calendars.
    pub(crate) async fn visits(&self) -> Result<usize> {
        let mut visits = 0;
        for n in 0..SALONS {
            let (tenant, branch) = (TenantId::new(format!("salon-{n}"))?, BranchId::new("centre")?);
            visits += self.calendars.calendar(&tenant, &branch).entries(EntryFilter::default()).await?.len();
        }
        Ok(visits)
    }

    /// Takes a webhook in, as any HTTP server would hand it over.
    pub(crate) async fn receive(&self, request: &http::Request<Bytes>) -> Result<()> {
        let answer = self.engine.receive(&self.webhook, request).await;
        ensure!(answer.status() == http::StatusCode::OK, "answered {}", answer.status());
        Ok(())
    }
}

fn number(salon: u64) -> String {
    format!("1{salon:014}")
}

pub(crate) fn text(body: &str) -> Value {
    json!({"type": "text", "text": {"body": body}})
}

/// One message of a client, signed, as Meta posts it.
pub(crate) fn request(client: u64, id: u64, mut message: Value) -> Result<http::Request<Bytes>> {
    let (phone, salon) = (format!("3519{client:08}"), client % SALONS);
    message["from"] = json!(phone);
    message["id"] = json!(format!("wamid.HBgMMzUxOTEyMzQ1Njc4FQIAEhggQUNENTlEMUE3RjREMzY4NDk3{id:08}AA=="));
    message["timestamp"] = json!(SystemClock.now().timestamp().to_string());
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "351210000000", "phone_number_id": number(salon)},
        "contacts": [{"profile": {"name": "Maria Silva"}, "wa_id": phone}],
        "messages": [message],
    });
    let entry = json!({"id": "102290129340398", "changes": [{"field": "messages", "value": value}]});
    let body = json!({"object": "whatsapp_business_account", "entry": [entry]}).to_string();
    let request = http::Request::post("/webhooks/meta/app").header("content-type", "application/json");
    Ok(request.header("x-hub-signature-256", sign(SECRET, body.as_bytes())).body(body.into())?)
}

/// Counts what the engine does.
#[derive(Debug, Default)]
pub(crate) struct Count {
    pub(crate) turns: AtomicU64,
    pub(crate) failed: AtomicU64,
}

impl Observer for Count {
    fn observe(&self, event: &EngineEvent<'_>) {
        match event {
            EngineEvent::TurnCommitted { .. } => self.turns.fetch_add(1, Ordering::Relaxed),
            EngineEvent::TurnFailed { .. } => self.failed.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
    }
}

/// A provider that takes everything at once, and gives it to whom it is for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Post {
    limits: Limits,
    pub(crate) clients: Arc<Mutex<HashMap<Phone, Letters>>>,
    pub(crate) sent: Arc<AtomicU64>,
}

pub(crate) type Letters = UnboundedSender<(Instant, Outbound)>;

#[derive(Debug, Clone)]
struct Limits(ChannelLimits);

impl Default for Limits {
    fn default() -> Self {
        Self(ChannelLimits::whatsapp())
    }
}

#[async_trait]
impl Messenger for Post {
    fn limits(&self) -> &ChannelLimits {
        &self.limits.0
    }

    async fn send(&self, to: &Address, message: &Outbound, _key: DeliveryKey) -> Result<Sent, SendError> {
        let arrived = Instant::now();
        let nth = self.sent.fetch_add(1, Ordering::Relaxed);
        let refused = || SendError::Rejected { code: 100, detail: "no id".to_owned() };
        if let Some(phone) = &to.user.phone {
            let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(client) = clients.get(phone) {
                // A client who has gone reads no more.
                client.send((arrived, message.clone())).ok();
            }
        }
        let id = MessageId::new(format!("wamid.out-{nth}")).map_err(|_| refused())?;
        Ok(Sent { message: id, at: SystemClock.now() })
    }

    async fn seen(&self, _message: &MessageRef, _typing: bool) -> Result<(), SendError> {
        Ok(())
    }

    async fn fetch_media(&self, _media: &MediaRef) -> Result<Media, SendError> {
        Err(SendError::Unavailable { source: None })
    }
}
