//! Load: people who book in six messages, in five languages, with as many businesses as wanted, over the program's real
//! webhooks; its answers go to a Graph API that takes its time. Prints how fast, at what cost, and whether all went well.
//!
//! Each person writes a greeting and a wish and then taps: whom with, which day, what time, yes. The next message is sent
//! when the last one is answered, so the number of people sets the load. Every conversation is a new client.

mod figures;
mod graph;
mod people;
mod program;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use figures::Watch;
use graph::Graph;
use people::Told;
use program::Fleet;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What the program stores in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Store {
    /// A file.
    Sqlite,
    /// A server of its own.
    Postgres,
}

/// Options of `load`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Database, in the temporary folder (see TMPDIR): a file, or a PostgreSQL of its own, with durable commits
    #[arg(long, value_enum, default_value_t = Store::Sqlite)]
    store: Store,
    /// Processes that serve and work; more than one needs PostgreSQL
    #[arg(long, default_value_t = 1)]
    processes: usize,
    /// Businesses
    #[arg(long, default_value_t = 50)]
    tenants: u64,
    /// Conversations at a time, over all businesses
    #[arg(long, default_value_t = 8)]
    at_once: u64,
    /// Seconds that are measured
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Seconds before
    #[arg(long, default_value_t = 3)]
    warm: u64,
    /// Milliseconds that the Graph API takes for each answer
    #[arg(long, default_value_t = 100)]
    latency: u64,
    /// Places for turns and as many for messages in each process; the program's default when not given
    #[arg(long)]
    workers: Option<usize>,
    /// Connections of each process to PostgreSQL; the program's default when not given
    #[arg(long)]
    pool: Option<u32>,
    /// The program; built when not given
    #[arg(long)]
    program: Option<PathBuf>,
}

/// Runs the load and prints figures.
pub(crate) async fn run(options: Options) -> Result<()> {
    ensure!(
        options.processes == 1 || options.store != Store::Sqlite,
        "several processes need PostgreSQL: --store postgres"
    );
    let program = match &options.program {
        Some(program) => program.clone(),
        None => program::build().await?,
    };
    let graph = Graph::start(Duration::from_millis(options.latency)).await?;
    let folder = tempfile::tempdir()?;
    let fleet = Fleet::start(&program, folder.path(), &options, &graph.base_url()).await?;
    let fleet = Arc::new(fleet);
    let (next, closing) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let people = (0..options.at_once).map(|_| {
        let (graph, fleet, next, closing) = (graph.clone(), fleet.clone(), next.clone(), closing.clone());
        let tenants = options.tenants;
        tokio::spawn(async move {
            let mut told = Told::default();
            while !closing.load(Ordering::Relaxed) {
                let client = next.fetch_add(1, Ordering::Relaxed);
                told.add(
                    people::book(&graph, &fleet, client, tenants).await.with_context(|| format!("client {client}"))?,
                );
            }
            anyhow::Ok(told)
        })
    });
    let people: Vec<_> = people.collect();

    tokio::time::sleep(Duration::from_secs(options.warm)).await;
    let watch = Watch::begin(&fleet);
    let began = Instant::now();
    let mut oldest = 0.0_f64;
    while began.elapsed() < Duration::from_secs(options.seconds) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        oldest = oldest.max(fleet.queue_age().await.unwrap_or_default());
    }
    let used = watch.end(&fleet);
    let ended = Instant::now();
    closing.store(true, Ordering::Relaxed);
    let mut all = Told::default();
    for one in people {
        all.add(one.await??);
    }
    fleet.stop().await;

    let measured = all.within(began, ended);
    let seconds = (ended - began).as_secs_f64();
    let messages = measured.messages();
    println!(
        "{:?} · {} process{} · {} businesses · {} conversations at a time · Graph API answers after {} ms",
        options.store,
        options.processes,
        if options.processes == 1 { "" } else { "es" },
        options.tenants,
        options.at_once,
        options.latency
    );
    println!(
        "  {:.0} messages/s; {} conversations, {} booked, {} told that the time was taken",
        messages as f64 / seconds,
        all.talks,
        all.booked,
        all.taken
    );
    println!("  webhook to durable 200: {}", measured.durable());
    println!("  message in to reply at the Graph API: {}", measured.replied());
    println!(
        "  CPU {:.3} ms a message in the program, {:.3} in PostgreSQL",
        used.program * 1e3 / messages.max(1) as f64,
        used.database * 1e3 / messages.max(1) as f64
    );
    println!("  resident {:.0} MiB (all processes of the program); oldest due mail {:.0} ms", used.resident, oldest);
    ensure!(all.unanswered == 0, "{} messages were not answered", all.unanswered);
    Ok(())
}
