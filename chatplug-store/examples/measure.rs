//! Measures the store on this machine: webhooks that are durable before their answer, and whole turns.
//!
//! `cargo run --release -p chatplug-store --example measure [FOLDER]`: the file is made in FOLDER, so that the disk that
//! counts is measured; without it in a temporary folder. With the URL of a fresh, migrated PostgreSQL database instead of
//! a folder, that is measured; CPU time is this process's alone then, without the server's.

use chatplug_core::vault::{MasterKeys, Vault};
use chatplug_core::{
    dialogue::Outcome,
    model::{ChannelUser, Content, ConversationId, DeliveryKey, Inbound, Lang, Private, TenantId, TurnId},
    ports::{
        Clock, DeliveryRecord, DeliveryResult, Ingest, Ingested, NewOutbox, OVERDUE_AFTER, OutboxBody, Store,
        SystemClock, TenantSetup, TenantStore, TurnCommit, TurnRecord,
    },
    reply::{Reply, Say},
};
use chatplug_store::{PostgresOptions, PostgresStore, SqliteStore};
use chrono::{DateTime, Duration, Utc};
use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

type Outcomes<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What a dialogue weighs when it is stored, and what a turn's record weighs.
const STATE_BYTES: usize = 1500;
const STEPS_BYTES: usize = 1200;
const CLIENTS: u64 = 2000;

static NUMBER: AtomicU64 = AtomicU64::new(0);

#[tokio::main]
async fn main() -> Outcomes<()> {
    let temporary = tempfile::tempdir()?;
    let store: Arc<dyn Store> = match std::env::args().nth(1) {
        Some(url) if url.starts_with("postgres") => {
            let vault = Vault::new(Arc::new(MasterKeys::ephemeral()?));
            Arc::new(PostgresStore::open(&url, PostgresOptions::new(vault)).await?)
        }
        folder => {
            let folder = folder.map_or_else(|| temporary.path().to_owned(), Into::into);
            Arc::new(SqliteStore::open(folder.join("measure.db")).await?)
        }
    };
    let store = &*store;
    for id in ["bella", "cesar"] {
        let setup = TenantSetup {
            name: id.to_owned(),
            branches: Vec::new(),
            channels: vec!["wa".parse()?],
            routes: Vec::new(),
            sealed: false,
        };
        tenant(store, id)?.register(&setup).await?;
    }

    let began = Instant::now();
    for _ in 0..20_000 {
        store.route("meta", "nobody").await?;
    }
    println!("one trip to the database and back: {:.1} µs", began.elapsed().as_secs_f64() * 1e6 / 20_000.0);

    for (count, at_once) in [(CLIENTS, 64), (1000, 1), (20_000, 8), (40_000, 64)] {
        report("webhooks", at_once, &run(store, count, at_once, webhook).await?);
    }
    report("webhooks, 500/s offered", 0, &offered(store, 500, 10).await?);
    for (count, at_once) in [(500, 1), (8000, 8), (20_000, 64)] {
        report("whole turns", at_once, &run(store, count, at_once, turn).await?);
    }
    let began = Instant::now();
    let due = store.due(SystemClock.now(), 64).await?.len();
    println!("due: {due} in {:?}; {:?}", began.elapsed(), store.figures(OVERDUE_AFTER, SystemClock.now()).await?);
    store.close().await?;
    Ok(())
}

/// How long each took, how long all took, and the CPU time that all took.
struct Run {
    each: Vec<f64>,
    seconds: f64,
    cpu: f64,
}

fn report(what: &str, at_once: usize, run: &Run) {
    let mut each = run.each.clone();
    each.sort_by(f64::total_cmp);
    let share = |share: f64| {
        let place = (each.len() as f64 * share) as usize;
        each.get(place.min(each.len().saturating_sub(1))).copied().unwrap_or(0.0) * 1e3
    };
    let count = each.len() as f64;
    println!(
        "{what}, {at_once} at a time: {:.0}/s, p50 {:.2} ms, p99 {:.2} ms, CPU {:.3} ms each",
        count / run.seconds,
        share(0.5),
        share(0.99),
        run.cpu * 1e3 / count
    );
}

async fn run<F, R>(store: &dyn Store, count: u64, at_once: usize, work: F) -> Outcomes<Run>
where
    F: Fn(Arc<dyn TenantStore>, u64) -> R + Copy + Send + 'static,
    R: Future<Output = Outcomes<()>> + Send,
{
    let left = Arc::new(AtomicU64::new(count));
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let mut tasks = Vec::new();
    for worker in 0..at_once {
        let (left, worker) = (Arc::clone(&left), worker as u64);
        let salons = [tenant(store, "bella")?, tenant(store, "cesar")?];
        let at_once = at_once as u64;
        tasks.push(tokio::spawn(async move {
            let mut each = Vec::new();
            let mut n = worker;
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                let client = n % CLIENTS;
                let salon = Arc::clone(if client.is_multiple_of(2) { &salons[0] } else { &salons[1] });
                let began = Instant::now();
                work(salon, client).await?;
                each.push(began.elapsed().as_secs_f64());
                n += at_once;
            }
            Outcomes::Ok(each)
        }));
    }
    let mut each = Vec::new();
    for task in tasks {
        each.extend(task.await??);
    }
    Ok(Run { each, seconds: began.elapsed().as_secs_f64(), cpu: cpu_seconds() - cpu })
}

/// So many webhooks a second, whether or not the ones before were answered.
async fn offered(store: &dyn Store, per_second: u64, seconds: u64) -> Outcomes<Run> {
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let mut ticks = tokio::time::interval(std::time::Duration::from_micros(1_000_000 / per_second));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut tasks = Vec::new();
    for n in 0..per_second * seconds {
        let planned = ticks.tick().await;
        let salon = tenant(store, if n.is_multiple_of(2) { "bella" } else { "cesar" })?;
        tasks.push(tokio::spawn(async move {
            webhook(salon, n % CLIENTS).await?;
            Outcomes::Ok(planned.elapsed().as_secs_f64())
        }));
    }
    let mut each = Vec::new();
    for task in tasks {
        each.push(task.await??);
    }
    Ok(Run { each, seconds: began.elapsed().as_secs_f64(), cpu: cpu_seconds() - cpu })
}

async fn webhook(salon: Arc<dyn TenantStore>, client: u64) -> Outcomes<()> {
    // Due tomorrow, so that it stays out of the turns' way.
    hear(&*salon, client, Duration::days(1)).await.map(drop)
}

/// Message in, turn, message out: what the engine asks of the store for each.
async fn turn(salon: Arc<dyn TenantStore>, client: u64) -> Outcomes<()> {
    let conversation = hear(&*salon, client + CLIENTS, Duration::zero()).await?;
    let now = SystemClock.now();
    let until = now + Duration::seconds(30);
    let Some(leased) = salon.lease(conversation, until, now).await? else { return Err("nothing to do".into()) };
    let number = leased.turns + 1;
    let key = DeliveryKey::derive(&[&conversation.to_string(), &number.to_string()]);
    let reply = Reply::of(Say::Menu).and(Say::AskDay { service: "Haircut and beard, with wash".to_owned() });
    let commit = TurnCommit {
        lease: leased.lease,
        state: format!("{{\"state\":\"{}\"}}", "s".repeat(STATE_BYTES)),
        action: None,
        keep_until: None,
        read: leased.mail.iter().map(|mail| (mail.seq, Some(Outcome::Asked))).collect(),
        rang: Vec::new(),
        outbox: vec![NewOutbox {
            key,
            body: OutboxBody::Reply { reply: Box::new(reply), lang: Lang::PT, as_template: false, branch: None },
            about: None,
            keep: false,
            for_person: false,
        }],
        withdraw: false,
        set_timers: Vec::new(),
        cancel_timers: Vec::new(),
        bookings: Vec::new(),
        contact: Vec::new(),
        holder: None,
        unclaim: Vec::new(),
        wake_at: None,
        audit: Vec::new(),
        notify: Vec::new(),
        record: Some(TurnRecord {
            id: TurnId::derive(&[&conversation.to_string(), &number.to_string()]),
            number,
            at: now,
            steps: serde_json::value::to_raw_value(&serde_json::json!([{ "input": "x".repeat(STEPS_BYTES) }]))?,
            versions: serde_json::json!({ "centre": 7 }),
            duration_ms: 1,
        }),
        now,
        take_delivery: Some(until),
    };
    let Some(delivery) = salon.commit(commit).await?.delivery else { return Err("nothing to send".into()) };
    let shown = Private::new("Que dia lhe convém?".to_owned());
    let record = DeliveryRecord {
        key: delivery.key,
        conversation,
        attempt: delivery.attempt,
        result: DeliveryResult::Sent { messages: vec![provider_id("out").parse()?], shown },
        parts: Vec::new(),
        now: SystemClock.now(),
        take_next: Some(until),
    };
    salon.record_delivery(record).await?;
    Ok(())
}

async fn hear(salon: &dyn TenantStore, client: u64, later: Duration) -> Outcomes<ConversationId> {
    let now: DateTime<Utc> = SystemClock.now();
    let message = Inbound {
        id: provider_id("in").parse()?,
        from: ChannelUser { phone: Some(format!("3519{client:08}").parse()?), user_id: None },
        profile_name: Some(Private::new("Ana Martins".to_owned())),
        at: now,
        content: Content::Text { body: Private::new("Olá! Queria marcar um corte para sexta às 15h".to_owned()) },
        quoted: None,
        forwarded: false,
        referral: None,
    };
    let event = Ingest::Message { channel: "wa".parse()?, message: Box::new(message), due: now + later, received: now };
    match salon.ingest(vec![event]).await?.first() {
        Some(Ingested::Queued(conversation)) => Ok(*conversation),
        other => Err(format!("not queued: {other:?}").into()),
    }
}

/// As long and as random as Meta's.
fn provider_id(kind: &str) -> String {
    let id = TurnId::derive(&[kind, &NUMBER.fetch_add(1, Ordering::Relaxed).to_string()]);
    format!("wamid.HBgMMzUxOTEyMzQ1Njc4FQIAERgS{id}AA==")
}

fn tenant(store: &dyn Store, id: &str) -> Outcomes<Arc<dyn TenantStore>> {
    let id: TenantId = id.parse()?;
    Ok(store.tenant(&id))
}

/// CPU time of this process, user and system, from `/proc`; 0 where there is none.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = after_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}
