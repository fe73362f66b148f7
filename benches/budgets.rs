//! Measures the budgets of the design: `cargo bench --bench budgets [-- step|interpret|ingest|turns|all]`.
//!
//! Prints percentiles, CPU time and memory, asserts nothing about them: a figure means something only with its machine
//! beside it. `all`, the default, gives each part a process of its own, so that memory is told apart. Databases are made
//! in the temporary folder (`TMPDIR`): point it at the disk that counts. What the figures were, and where, stands in
//! `docs/performance.md`.

use anyhow::{Context as _, Result, bail, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use chatplug::{
    calendar::Calendar,
    dialogue::{
        ActionOutcome, Dialogue, Effect, Input, Said, SaidWhat,
        script::{self, Script, Words, booking, intent},
    },
    engine::{Engine, EngineEvent, EngineOptions, Observer, TenantList},
    model::{
        Address, BranchId, ChannelLimits, DeliveryKey, InstallId, Lang, MediaRef, MessageId, MessageRef, Outbound,
        Phone, TenantId,
    },
    ports::{
        CalendarStore, Clock, Context, EntryFilter, Intent, IntentEngine, Media, Messenger, OpenQuestion, SendError,
        Sent, Store, SystemClock, Utterance,
    },
    store::SqliteStore,
    testkit::{StaticTemplates, TenantBuilder, contract::intent::catalog},
    understand::{OfflineEngine, eval},
    whatsapp::meta::{MetaKeyring, MetaWebhook, sign},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    hint::black_box,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const PARTS: [&str; 4] = ["step", "interpret", "ingest", "turns"];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let part = arguments.iter().find(|argument| !argument.starts_with('-')).map(String::as_str);
    if part.is_none() && !arguments.iter().any(|argument| argument == "--bench") {
        // A test run of all targets: nothing here is a test.
        return Ok(());
    }
    match part.unwrap_or("all") {
        "step" => step(),
        "interpret" => interpret(),
        "ingest" => runtime()?.block_on(ingest()),
        "turns" => runtime()?.block_on(turns()),
        "all" => {
            for part in PARTS {
                println!("\n== {part}");
                let status = std::process::Command::new(std::env::current_exe()?).arg(part).status()?;
                ensure!(status.success(), "{part} failed");
            }
            Ok(())
        }
        other => bail!("\"{other}\" is none of {PARTS:?}, all"),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

// --- figures ---------------------------------------------------------------------------------------------------------

/// How long each of many took.
#[derive(Debug, Default)]
struct Times(Vec<Duration>);

impl Times {
    /// Percentiles, in µs or in ms.
    fn told(&mut self, unit: &str) -> String {
        self.0.sort_unstable();
        let share = |share: f64| {
            let place = (self.0.len() as f64 * share) as usize;
            let time = self.0.get(place.min(self.0.len().saturating_sub(1))).copied().unwrap_or_default();
            time.as_secs_f64() * if unit == "µs" { 1e6 } else { 1e3 }
        };
        let [p50, p99, p999, most] = [share(0.5), share(0.99), share(0.999), share(1.0)];
        format!(
            "p50 {p50:.2} {unit}, p99 {p99:.2} {unit}, p99.9 {p999:.2} {unit}, most {most:.2} {unit} of {}",
            self.0.len()
        )
    }
}

/// CPU time of this process, user and system, from `/proc`; 0 where there is none.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = after_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// Resident memory of this process in MiB, from `/proc`; 0 where there is none.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}

// --- step ------------------------------------------------------------------------------------------------------------

/// A conversation just before an input.
struct Moment {
    script: Script,
    input: Input,
}

/// Plays one conversation from the greeting to the cancelled visit, and keeps every moment of it.
#[derive(Default)]
struct Player {
    said: u64,
    moments: Vec<Moment>,
}

impl Player {
    fn says(&mut self, script: &mut Script, words: &Words) -> Result<()> {
        self.said += 1;
        script.now += chrono::Duration::seconds(1);
        let message = MessageId::new(format!("in-{}", self.said))?;
        let said = Said { message, at: script.now, what: words.what().clone(), about: None };
        self.feed(script, Input::Said { said: vec![said] });
        Ok(())
    }

    /// Does what an engine does: answers what the dialogue asks, until it asks no more.
    fn feed(&mut self, script: &mut Script, input: Input) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            self.moments.push(Moment { script: script.clone(), input: input.clone() });
            next = match script.step(input).pop() {
                Some(Effect::FetchSlots { query }) => {
                    let result = Ok(script.slots(&query));
                    Some(Input::Slots { query, result })
                }
                Some(Effect::FetchBookings) => Some(Input::Bookings { result: Ok(script.bookings.clone()) }),
                Some(Effect::Commit { action }) => {
                    let outcome: ActionOutcome = script.execute(&action);
                    Some(Input::Outcome { outcome })
                }
                _ => None,
            };
        }
    }

    /// Taps the first choice until something has happened.
    fn taps_until(&mut self, script: &mut Script, done: impl Fn(&Script) -> bool) -> Result<()> {
        for _ in 0..8 {
            if done(script) {
                return Ok(());
            }
            let first = script.id_of(1);
            self.says(script, &Words::tap(&first))?;
        }
        bail!("eight taps lead nowhere: {:?}", script.dialogue.describe())
    }

    fn round(&mut self, script: &mut Script) -> Result<()> {
        self.moments.clear();
        self.says(script, &intent(Intent::Greet))?;
        self.says(script, &booking().service("cut"))?;
        self.says(script, &intent(Intent::AskPrice))?;
        self.taps_until(script, |script| !script.bookings.is_empty())?;
        self.says(script, &intent(Intent::ListBookings))?;
        if let Some(timer) = script.timers.keys().next().cloned() {
            self.feed(script, Input::Timer { timer });
        }
        let before = script.bookings.first().map(|booking| booking.start);
        self.says(script, &intent(Intent::Reschedule).on("2026-03-20").at("16:00"))?;
        self.taps_until(script, |script| script.bookings.first().map(|booking| booking.start) != before)?;
        self.says(script, &script::nothing("qwertz"))?;
        self.says(script, &intent(Intent::AskLocation))?;
        self.says(script, &intent(Intent::Cancel))?;
        self.taps_until(script, |script| script.bookings.is_empty())
    }
}

fn step() -> Result<()> {
    let mut script = Script::salon();
    let mut player = Player::default();
    player.round(&mut script)?;
    time_steps("first conversation", &player.moments, &script.dialogue)?;
    for _ in 0..1000 {
        player.round(&mut script)?;
        script.committed.clear();
        script.timers.clear();
    }
    time_steps("the same after 1,000 conversations in one dialogue", &player.moments, &script.dialogue)
}

fn time_steps(what: &str, moments: &[Moment], after: &Dialogue) -> Result<()> {
    let mut all = Times::default();
    let mut kinds = BTreeMap::<&str, Times>::new();
    for round in 0..2200 {
        for Moment { script, input } in moments {
            let kind = kind_of(input);
            let (mut dialogue, input, world) = (script.dialogue.clone(), input.clone(), script.world());
            let began = Instant::now();
            let effects = black_box(dialogue.step(black_box(input), &world));
            let took = began.elapsed();
            drop((effects, dialogue));
            if round >= 200 {
                all.0.push(took);
                kinds.entry(kind).or_default().0.push(took);
            }
        }
    }
    let slots = moments.iter().map(|moment| match &moment.input {
        Input::Slots { result: Ok(slots), .. } => slots.len(),
        _ => 0,
    });
    println!("{what}: {}", all.told("µs"));
    for (kind, mut times) in kinds {
        println!("  {kind}: {}", times.told("µs"));
    }
    println!(
        "  {} inputs, at most {} free times in one; state of {} bytes in the end",
        moments.len(),
        slots.max().unwrap_or_default(),
        after.to_json()?.len()
    );
    Ok(())
}

const fn kind_of(input: &Input) -> &'static str {
    match input {
        Input::Said { said } => match said.as_slice() {
            [Said { what: SaidWhat::Tap { .. }, .. }, ..] => "a tap",
            _ => "words",
        },
        Input::Slots { .. } => "free times",
        Input::Bookings { .. } => "bookings",
        Input::Outcome { .. } => "an outcome",
        _ => "other",
    }
}

// --- interpret -------------------------------------------------------------------------------------------------------

/// When the evaluation set is not there.
const SENTENCES: [&str; 25] = [
    "hi",
    "Haircut with Ana tomorrow at 15:30 please",
    "a colour with anyone on Friday or Saturday afternoon, not on Monday",
    "how much is a manicure?",
    "I'm running 15 minutes late",
    "olá, queria marcar um corte com o Bruno para sexta às 10h",
    "quanto custa a coloração?",
    "preciso remarcar para a próxima terça depois das 18h",
    "amanhã de manhã",
    "quero cancelar a minha marcação",
    "hola, quiero cambiar mi cita al martes",
    "¿a qué hora abren?",
    "un corte para dos personas el sábado por la tarde",
    "la segunda",
    "gracias, hasta luego",
    "bonjour, je voudrais un rendez-vous demain après-midi",
    "annuler mon rendez-vous de jeudi",
    "c'est combien la coloration ?",
    "avec Ana si possible, vers 17h30",
    "plutôt le 12 mars",
    "привет, хочу записаться на маникюр завтра в 5",
    "во сколько вы открываетесь?",
    "перенесите мою запись на пятницу на 16:00, пожалуйста",
    "privet, mozhno zapisatsya na strizhku?",
    "позовите человека",
];

fn interpret() -> Result<()> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/eval"));
    let set = shared.into_iter().find(|folder| folder.join("nlu-dev.jsonl").is_file());
    let mut catalogs = Vec::new();
    let mut messages = Vec::new();
    if let Some(folder) = set {
        let file = eval::CatalogFile::parse(&std::fs::read_to_string(folder.join("catalog.json"))?)?;
        let mut places = HashMap::new();
        for line in std::fs::read_to_string(folder.join("nlu-dev.jsonl"))?.lines() {
            let line: eval::Line = serde_json::from_str(line)?;
            let place = match places.get(&(line.catalog, line.region.clone())) {
                Some(place) => *place,
                None => {
                    catalogs.push(file.catalog(line.catalog, &line.region, zone_of(&line.region))?);
                    places.insert((line.catalog, line.region.clone()), catalogs.len() - 1);
                    catalogs.len() - 1
                }
            };
            messages.push((Utterance { text: line.text.into(), at: line.now.to_utc() }, line.catalog, place));
        }
    } else {
        println!("no shared/eval: with {} sentences of our own", SENTENCES.len());
        catalogs.push(catalog());
        let at = SystemClock.now();
        messages.extend(SENTENCES.map(|text| (Utterance { text: text.to_owned().into(), at }, Lang::PT, 0)));
    }
    let (idle, began) = (resident(), Instant::now());
    let engine = OfflineEngine::new();
    println!("loading {:?}: {:.0} ms, {:.1} MiB", engine.languages(), ms(began), resident() - idle);
    let read = |(utterance, default_language, place): &(Utterance, Lang, usize)| -> Result<Duration> {
        let catalog = catalogs.get(*place).context("a catalogue")?;
        let context = Context {
            catalog,
            language: None,
            default_language: *default_language,
            open: OpenQuestion::None,
            options: 0,
        };
        let began = Instant::now();
        black_box(engine.understand(black_box(utterance), &context));
        Ok(began.elapsed())
    };
    let mut cold = Times(messages.iter().map(&read).collect::<Result<_>>()?);
    println!("each read for the first time, {} catalogues included: {}", catalogs.len(), cold.told("µs"));
    println!("after that: {:.1} MiB more than before loading", resident() - idle);
    let rounds = 20_000 / messages.len();
    let mut warm = Times::default();
    let cpu = cpu_seconds();
    for _ in 0..rounds {
        for message in &messages {
            warm.0.push(read(message)?);
        }
    }
    let each = (cpu_seconds() - cpu) * 1e6 / warm.0.len() as f64;
    println!("{} messages, {rounds} times: {}; CPU {each:.0} µs each", messages.len(), warm.told("µs"));
    Ok(())
}

fn zone_of(region: &str) -> chrono_tz::Tz {
    match region {
        "BR" => chrono_tz::America::Sao_Paulo,
        "PT" => chrono_tz::Europe::Lisbon,
        "US" => chrono_tz::America::New_York,
        "GB" => chrono_tz::Europe::London,
        "RU" => chrono_tz::Europe::Moscow,
        "KZ" => chrono_tz::Asia::Almaty,
        _ => chrono_tz::Europe::Paris,
    }
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

// --- a business, or fifty --------------------------------------------------------------------------------------------

const SECRET: &str = "a secret of the app";
const SALONS: u64 = 50;

/// An engine on a file of its own, salons with built-in calendars, and a provider that takes everything at once.
struct Place {
    engine: Engine,
    webhook: MetaWebhook,
    post: Post,
    count: Arc<Count>,
    calendars: Arc<dyn CalendarStore>,
    _folder: tempfile::TempDir,
}

impl Place {
    async fn open() -> Result<Self> {
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
    async fn visits(&self) -> Result<usize> {
        let mut visits = 0;
        for n in 0..SALONS {
            let (tenant, branch) = (TenantId::new(format!("salon-{n}"))?, BranchId::new("centre")?);
            visits += self.calendars.calendar(&tenant, &branch).entries(EntryFilter::default()).await?.len();
        }
        Ok(visits)
    }

    /// Takes a webhook in, as any HTTP server would hand it over.
    async fn receive(&self, request: &http::Request<Bytes>) -> Result<()> {
        let answer = self.engine.receive(&self.webhook, request).await;
        ensure!(answer.status() == http::StatusCode::OK, "answered {}", answer.status());
        Ok(())
    }
}

fn number(salon: u64) -> String {
    format!("1{salon:014}")
}

fn text(body: &str) -> Value {
    json!({"type": "text", "text": {"body": body}})
}

/// One message of a client, signed, as Meta posts it.
fn request(client: u64, id: u64, mut message: Value) -> Result<http::Request<Bytes>> {
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
struct Count {
    turns: AtomicU64,
    failed: AtomicU64,
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
struct Post {
    limits: Limits,
    clients: Arc<Mutex<HashMap<Phone, Letters>>>,
    sent: Arc<AtomicU64>,
}

type Letters = UnboundedSender<(Instant, Outbound)>;

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
            // A client who has gone reads no more.
            let _ = clients.get(phone).map(|client| client.send((arrived, message.clone())));
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

// --- ingest ----------------------------------------------------------------------------------------------------------

const OFFERED: u32 = 500;
const INGEST_SECONDS: u32 = 8;

async fn ingest() -> Result<()> {
    let place = Arc::new(Place::open().await?);
    let requests: Vec<_> = (0..u64::from(OFFERED * INGEST_SECONDS))
        .map(|n| request(n, n, text("Olá! Queria marcar um corte para sexta às 15h")))
        .collect::<Result<_>>()?;
    for n in 0..2 * SALONS {
        // Routes are known and the file has grown a little before it counts.
        place.receive(&request(50_000_000 + n, 50_000_000 + n, text("Olá!"))?).await?;
    }
    let (count, cpu) = (requests.len(), cpu_seconds());
    let began = tokio::time::Instant::now() + Duration::from_millis(20);
    let mut tasks = Vec::with_capacity(count);
    for (n, request) in (0..).zip(requests) {
        let planned = began + Duration::from_secs(1) * n / OFFERED;
        tokio::time::sleep_until(planned).await;
        let place = place.clone();
        tasks.push(tokio::spawn(async move {
            // What it waited before it was begun counts: the sender does not care why.
            let begun = Instant::now();
            place.receive(&request).await?;
            anyhow::Ok((planned.elapsed(), begun.elapsed()))
        }));
    }
    let (mut from_plan, mut inside) = (Times::default(), Times::default());
    for task in tasks {
        let (planned, begun) = task.await??;
        from_plan.0.push(planned);
        inside.0.push(begun);
    }
    let seconds = began.elapsed().as_secs_f64();
    let each = (cpu_seconds() - cpu) * 1e3 / count as f64;
    println!("{OFFERED}/s offered, {:.0}/s taken, one new contact each", count as f64 / seconds);
    println!("from its planned moment to 200: {}", from_plan.told("ms"));
    println!("from the call to 200: {}", inside.told("ms"));
    println!("CPU {each:.3} ms each; resident {:.0} MiB", resident());
    Ok(())
}

// --- turns -----------------------------------------------------------------------------------------------------------

const WARM: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(10);

/// A greeting and a wish in five languages; the rest of the six messages are taps: whom with, day, time, yes.
const WISHES: [[&str; 2]; 5] = [
    ["Olá, bom dia!", "Queria marcar um corte de homem, por favor."],
    ["Hello, good morning!", "I'd like to book a men's haircut, please."],
    ["¡Hola, buenos días!", "Quiero reservar un corte de hombre, por favor."],
    ["Bonjour à tous !", "Je voudrais réserver une coupe homme, s'il vous plaît."],
    ["Добрый день, здравствуйте!", "Хочу записаться на мужскую стрижку, пожалуйста."],
];

async fn turns() -> Result<()> {
    for at_once in [8, 64] {
        booking_dialogues(at_once).await?;
    }
    Ok(())
}

async fn booking_dialogues(at_once: u64) -> Result<()> {
    let place = Arc::new(Place::open().await?);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let engine = place.engine.clone();
    let workers = tokio::spawn(async move { engine.run(stopped).await });
    let (next, closing) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let mut tasks = Vec::new();
    for _ in 0..at_once {
        let (place, next, closing) = (place.clone(), next.clone(), closing.clone());
        tasks.push(tokio::spawn(async move {
            let mut told = Vec::new();
            let mut talks = 0;
            while !closing.load(Ordering::Relaxed) {
                talks += 1;
                book(&place, next.fetch_add(1, Ordering::Relaxed), &mut told).await?;
            }
            anyhow::Ok((told, talks))
        }));
    }
    let all = || (place.count.turns.load(Ordering::Relaxed), place.post.sent.load(Ordering::Relaxed));
    tokio::time::sleep(WARM).await;
    let (began, cpu, before) = (Instant::now(), cpu_seconds(), all());
    tokio::time::sleep(MEASURED).await;
    let (ended, cpu, after) = (Instant::now(), cpu_seconds() - cpu, all());
    closing.store(true, Ordering::Relaxed);
    let memory = resident();
    let (mut times, mut talks) = (Times::default(), 0);
    for task in tasks {
        let (told, mine) = task.await??;
        times.0.extend(told.iter().filter(|(at, _)| (began..ended).contains(at)).map(|(_, took)| *took));
        talks += mine;
    }
    drop(stop);
    workers.await?;
    let (seconds, turns) = ((ended - began).as_secs_f64(), after.0 - before.0);
    println!(
        "{at_once} conversations at a time: {:.0} turns/s, {:.0} messages sent/s",
        turns as f64 / seconds,
        (after.1 - before.1) as f64 / seconds
    );
    println!("  message in to reply handed over: {}", times.told("ms"));
    println!(
        "  CPU {:.3} ms a message ({:.2} of the cores); resident {memory:.0} MiB; {} turns failed; {} booked in {talks} conversations",
        cpu * 1e3 / turns.max(1) as f64,
        cpu / seconds,
        place.count.failed.load(Ordering::Relaxed),
        place.visits().await?
    );
    Ok(())
}

/// One client books in six messages.
async fn book(place: &Place, client: u64, told: &mut Vec<(Instant, Duration)>) -> Result<()> {
    let phone: Phone = format!("3519{client:08}").parse()?;
    let (sender, mut inbox) = unbounded_channel();
    place.post.clients.lock().unwrap_or_else(PoisonError::into_inner).insert(phone.clone(), sender);
    let wish = WISHES.get((client % 5) as usize).context("five languages")?;
    let mut shown = Value::Null;
    for nth in 0..6 {
        let message = match wish.get(nth) {
            Some(words) => text(words),
            None => shown,
        };
        let request = request(client, client * 6 + nth as u64, message.clone())?;
        while inbox.try_recv().is_ok() {}
        let began = Instant::now();
        place.receive(&request).await?;
        let (arrived, next) = answer(&mut inbox).await.with_context(|| format!("after message {nth}: {message}"))?;
        told.push((began, arrived - began));
        shown = next;
    }
    place.post.clients.lock().unwrap_or_else(PoisonError::into_inner).remove(&phone);
    Ok(())
}

/// Waits for a message with something to tap; when the first message came, and the tap on the first choice.
async fn answer(inbox: &mut UnboundedReceiver<(Instant, Outbound)>) -> Result<(Instant, Value)> {
    let mut first = None;
    loop {
        let received = tokio::time::timeout(Duration::from_secs(10), inbox.recv()).await;
        let (at, message) = received.context("no answer with something to tap")?.context("no post")?;
        let first = *first.get_or_insert(at);
        let (kind, id, title) = match &message {
            Outbound::Buttons { buttons, .. } => match buttons.first() {
                Some(button) => ("button_reply", &button.id, &button.title),
                None => continue,
            },
            Outbound::List { sections, .. } => match sections.iter().flat_map(|section| &section.rows).next() {
                Some(row) => ("list_reply", &row.id, &row.title),
                None => continue,
            },
            _ => continue,
        };
        let interactive = json!({"type": kind, kind: {"id": id, "title": title}});
        return Ok((first, json!({"type": "interactive", "interactive": interactive})));
    }
}
