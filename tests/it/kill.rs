//! SIGKILL at labelled points. Real processes run the engine on a database, behind real HTTP; everything else outlives them
//! here. Each run is one conversation in whose course a process dies at one point of one action, and is started again: in
//! the end the client has exactly what they were told, nothing is lost, nothing is done twice, and a message comes twice
//! only where the answer of the messenger itself was lost, which is on record.
//!
//! A run has a name that says everything. `KILL_RUN=<name> cargo test --test it -- --ignored kill::long` plays it alone;
//! `cargo xtask kill --runs N --seed S` plays thousands and counts.

mod label;
mod lane;
mod run;

use crate::support::server;
use futures_util::{StreamExt as _, stream};
use lane::{Lane, Verdict, Wrong};
use run::Run;
use std::{collections::BTreeMap, fmt::Write as _};

/// The seed of the short form.
const SEED: u64 = 20_261_121;

/// A process that is killed. Not a test of its own: it runs until it is told to finish.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process of the kill tests"]
async fn process() {
    server::run(label::point).await;
}

/// Every two parameters' values meet in some run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_label_nothing_is_lost_and_nothing_is_done_twice() {
    let runs = run::pairwise(SEED);
    let verdicts = play(runs, 6).await;
    let table = table(&verdicts);
    println!("{table}");
    assert!(verdicts.iter().all(|verdict| verdict.wrong.is_empty()), "{table}{}", failures(&verdicts));
}

/// The long form: `KILL_RUNS` runs chosen by `KILL_SEED`, on `KILL_LANES` lanes at a time; or the one of `KILL_RUN`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes as long as it is told to: cargo xtask kill"]
async fn long() {
    let number = |name: &str, default: u64| told(name).map_or(default, |text| text.parse().expect(name));
    let runs = match told("KILL_RUN") {
        Some(name) => vec![Run::named(&name).expect("the name of a run")],
        None => run::random(number("KILL_SEED", SEED), usize::try_from(number("KILL_RUNS", 1000)).unwrap()),
    };
    let lanes = usize::try_from(number("KILL_LANES", 4)).unwrap();
    let verdicts = play(runs, lanes).await;
    println!("{}", table(&verdicts));
    let failures = failures(&verdicts);
    assert!(failures.is_empty(), "{failures}");
}

#[expect(clippy::disallowed_methods, reason = "how the long form is told what to play")]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Plays runs on so many lanes at a time.
async fn play(runs: Vec<Run>, lanes: usize) -> Vec<Verdict> {
    let playing =
        run::lanes(runs, 25).into_iter().map(|(kind, runs)| async move { Lane::open(kind).await.play(runs).await });
    stream::iter(playing).buffer_unordered(lanes).collect::<Vec<_>>().await.into_iter().flatten().collect()
}

/// Counts by label.
fn table(verdicts: &[Verdict]) -> String {
    let mut rows: BTreeMap<&str, [usize; 8]> = BTreeMap::new();
    for verdict in verdicts {
        let has = |wanted: fn(&Wrong) -> bool| usize::from(verdict.wrong.iter().any(wanted));
        let counts = [
            1,
            usize::try_from(verdict.deaths).unwrap(),
            verdict.repeated,
            has(|wrong| matches!(wrong, Wrong::Lost(_))),
            has(|wrong| matches!(wrong, Wrong::Doubled(_))),
            has(|wrong| matches!(wrong, Wrong::Untrue(_))),
            has(|wrong| matches!(wrong, Wrong::Repeated(_))),
            has(|wrong| matches!(wrong, Wrong::NotKilled)),
        ];
        for name in [verdict.run.label.name, "~ all"] {
            let row = rows.entry(name).or_default();
            row.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    }
    let mut text = format!(
        "{:<32}{:>6}{:>7}{:>9}{:>6}{:>9}{:>8}{:>10}{:>11}\n",
        "label", "runs", "kills", "unknown", "lost", "doubled", "untrue", "repeated", "not killed"
    );
    for (name, [runs, kills, unknown, lost, doubled, untrue, repeated, not_killed]) in rows {
        let name = name.trim_start_matches("~ ");
        let _ = writeln!(
            text,
            "{name:<32}{runs:>6}{kills:>7}{unknown:>9}{lost:>6}{doubled:>9}{untrue:>8}{repeated:>10}{not_killed:>11}"
        );
    }
    text
}

fn failures(verdicts: &[Verdict]) -> String {
    let failed = verdicts.iter().filter(|verdict| !verdict.wrong.is_empty());
    failed.map(|verdict| format!("\n{}: {:?}\n{}", verdict.run, verdict.wrong, verdict.transcript)).collect()
}
