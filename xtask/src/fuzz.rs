//! Runs the fuzz targets of `fuzz/`, each for a while, from corpora made of the providers' samples and of labelled
//! messages where those lie beside the checkout.

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tokio::process::Command;

/// Options of `fuzz`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only this target; all of `fuzz/Cargo.toml` unless told
    target: Option<String>,
    /// Seconds for each
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// Runs them one after the other; the first that finds something ends it.
pub(crate) async fn run(options: Options) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the checkout")?;
    let fuzz = root.join("fuzz");
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml"))?;
    let names: Vec<&str> = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")?.strip_suffix(".rs\""))
        .collect();
    if let Some(target) = &options.target {
        ensure!(names.contains(&target.as_str()), "no target \"{target}\"; there are: {}", names.join(", "));
    }
    let there = Command::new("cargo").args(["fuzz", "--version"]).output().await?.status.success();
    ensure!(there, "cargo-fuzz is missing: cargo install --locked cargo-fuzz");
    seed(root, &fuzz.join("corpus"))?;
    for name in names.iter().filter(|name| options.target.as_deref().is_none_or(|only| only == **name)) {
        println!("== {name}, {} s", options.seconds);
        fs::create_dir_all(fuzz.join("corpus").join(name))?;
        let mut command = Command::new("cargo");
        // The fuzzer's instrumentation is not in stable compilers; this makes them take it.
        command.current_dir(root).env("RUSTC_BOOTSTRAP", "1").args(["fuzz", "run", name]);
        // There is no unsafe code for a sanitizer to watch.
        command.args(["--sanitizer", "none", "--"]);
        command.arg(format!("-max_total_time={}", options.seconds)).args([
            "-max_len=65536",
            "-timeout=5",
            "-print_final_stats=1",
        ]);
        ensure!(command.status().await?.success(), "{name} found something: fuzz/artifacts/{name}");
    }
    Ok(())
}

/// Makes corpora of the samples: a body as it is, a form as it is posted.
fn seed(root: &Path, corpus: &Path) -> Result<()> {
    let Some(contracts) = root.ancestors().map(|folder| folder.join("shared/contracts")).find(|folder| folder.is_dir())
    else {
        println!("the providers' samples are not beside the checkout: starting from nothing");
        return Ok(());
    };
    let write = |target: &str, name: &Path, bytes: &[u8]| -> Result<()> {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(name.file_name().context("a file's name")?), bytes)?)
    };
    for file in samples(&contracts.join("meta/webhooks"))? {
        let body = serde_json::to_vec(&serde_json::from_slice::<Value>(&fs::read(&file)?)?)?;
        write("meta_webhook", &file, &body)?;
    }
    let recorded = contracts.join("calcom/recorded/webhooks.json");
    let recorded: Value = serde_json::from_slice(&fs::read(recorded)?)?;
    for (nth, sample) in recorded.as_array().into_iter().flatten().enumerate() {
        let body = sample.get("raw_body").and_then(Value::as_str).unwrap_or_default();
        write("calcom_webhook", &PathBuf::from(format!("recorded-{nth}")), body.as_bytes())?;
    }
    for file in samples(&contracts.join("twilio/webhooks"))? {
        let sample: Value = serde_json::from_slice(&fs::read(&file)?)?;
        if let Some(json) = sample.get("json") {
            write("twilio_events", &file, &serde_json::to_vec(json)?)?;
        }
        let pairs = sample.get("form").and_then(Value::as_array).into_iter().flatten();
        let pairs = pairs.filter_map(|pair| Some((pair.get(0)?.as_str()?, pair.get(1)?.as_str()?)));
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        if !form.is_empty() {
            write("twilio_form", &file, form.as_bytes())?;
        }
    }
    let messages = fs::read_to_string(contracts.with_file_name("eval").join("nlu-dev.jsonl")).unwrap_or_default();
    for (nth, line) in (0_u32..).zip(messages.lines()) {
        let message: Value = serde_json::from_str(line)?;
        let text = message.get("text").and_then(Value::as_str).unwrap_or_default();
        // As the target takes it: the open question, how many were shown, when, and the words.
        let [question, shown, ..] = nth.to_le_bytes();
        let moment = nth.wrapping_mul(6_007).to_le_bytes();
        let input = [&[question, shown][..], &moment, text.as_bytes()].concat();
        write("understand", &PathBuf::from(format!("message-{nth}")), &input)?;
    }
    Ok(())
}

/// The JSON files of a folder but its index.
fn samples(folder: &Path) -> Result<Vec<PathBuf>> {
    let files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let json = |file: &PathBuf| file.extension().is_some_and(|kind| kind == "json") && !file.ends_with("INDEX.json");
    Ok(files.into_iter().filter(json).collect())
}
