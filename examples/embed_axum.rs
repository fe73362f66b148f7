//! Mounts chatplug in your own HTTP server: one route takes Meta's webhooks, the engine works beside it.
//!
//! A client writes "Women's haircut with Ana on Thursday at 3pm?" and reads "Let me check I have it right: …".
//!
//! `META_PHONE_NUMBER_ID=… META_ACCESS_TOKEN=… META_APP_SECRET=… META_VERIFY_TOKEN=… cargo run --example embed_axum`

use axum::{Router, body::Body, extract::Request, response::Response, routing::any};
use chatplug::{
    calendar::{Calendar, demo},
    engine::{Engine, LogNotifier, TemplateList, TenantList},
    model::{BranchId, ChannelId, InstallId, Policy, TenantId},
    ports::{
        BranchSetup, CalendarStore, ChannelSetup, Route, Store, SystemClock, Tenant, TenantSetup, WebhookReceiver,
    },
    store::SqliteStore,
    understand::OfflineEngine,
    whatsapp::meta::{MetaConfig, MetaKeyring, MetaMessenger, MetaWebhook, http_client},
};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (tenant, branch, channel) = (TenantId::new("bella")?, BranchId::new("main")?, ChannelId::new("whatsapp")?);
    let (install, clock) = (InstallId::new("own")?, Arc::new(SystemClock));
    let number = secret("META_PHONE_NUMBER_ID")?;

    // Your booking system goes here; see examples/custom_backend.rs.
    let store = Arc::new(SqliteStore::open("embed.sqlite").await?);
    let plan = demo::salon().validate().map_err(|problems| format!("{problems:?}"))?;
    let calendar = store.calendar(&tenant, &branch);
    let backend = Arc::new(Calendar::new(branch.clone(), install.clone(), plan, calendar, clock.clone()));

    let config = MetaConfig::new(number.clone(), secret("META_ACCESS_TOKEN")?);
    let messenger = MetaMessenger::new(config, http_client()?, clock).map_err(|problems| format!("{problems:?}"))?;
    let business = Tenant {
        id: tenant.clone(),
        name: "Studio Bella".to_owned(),
        policy: Policy::default(),
        branches: vec![BranchSetup { id: branch.clone(), install, backend }],
        others: Vec::new(),
        swaps: Vec::new(),
        channels: vec![ChannelSetup {
            id: channel.clone(),
            messenger: Arc::new(messenger),
            branches: vec![branch.clone()],
            templates: Arc::new(TemplateList::default()),
        }],
        texts: Vec::new(),
        intents: Arc::new(OfflineEngine::new()),
        facts: Arc::default(),
        notifier: Arc::new(LogNotifier),
        transcriber: None,
        lobby: None,
    };
    let route = Route { tenant: tenant.clone(), channel: Some(channel.clone()), branch: None };
    let (name, routes) = (business.name.clone(), vec![("meta".to_owned(), number, route)]);
    let setup = TenantSetup { name, branches: vec![branch], channels: vec![channel], routes, sealed: false };
    store.tenant(&tenant).register(&setup).await?;

    let engine = Engine::builder().store(store).directory(Arc::new(TenantList::new([business]))).build()?;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let worker = engine.clone();
    let workers = tokio::spawn(async move { worker.run(stopped).await });

    let keyring = MetaKeyring::new(secret("META_APP_SECRET")?, secret("META_VERIFY_TOKEN")?);
    let receiver: Arc<dyn WebhookReceiver> = Arc::new(MetaWebhook::new(keyring));
    let webhook = move |request: Request| async move {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 4 << 20).await.unwrap_or_default();
        let answer: Response = engine.receive(&*receiver, &http::Request::from_parts(head, body)).await.map(Body::from);
        answer
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, Router::new().route("/webhooks/meta/main", any(webhook))).await?;
    stop.send(true)?;
    Ok(workers.await?)
}

#[expect(clippy::disallowed_methods, reason = "no configuration file here")]
fn secret(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("set {name}"))
}
