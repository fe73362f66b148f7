//! Three of ten branches leave while clients of all ten write: the others go on, and nothing of the three is left.

use crate::support::{
    database::{Database, Kind},
    program::MASTER_KEY,
    stage::READER,
};
use async_trait::async_trait;
use chatplug::{
    audit::AuditVerifier,
    dialogue::Dialogue,
    engine::{BranchFactory, Engine, EngineEvent, EngineOptions, LiveDirectory, Observer, TenantList},
    model::*,
    ports::*,
    store::{OpenOptions, PostgresOptions, PostgresStore},
    testkit::{MemoryBackend, MemoryMessenger, TenantBuilder, VirtualClock, contract::intent::catalog},
    vault::{MasterKeys, Vault},
};
use chrono::Duration;
use futures_util::future::join_all;
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

const BRANCHES: [&str; 10] =
    ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gumtree", "Hazel", "Ironwood", "Juniper"];
/// The third, the sixth and the ninth.
const LEAVE: [usize; 3] = [2, 5, 8];
/// Clients of each branch: the first books, the second stays in the middle of it; so does the third, who does not write any
/// more when the three leave.
const CLIENTS: usize = 3;
const SILENT: usize = 2;

/// Everything that is kept, in one database.
trait Everything: Store + InstallStore + RecordStore + SecretStore + 'static {}
impl<S: Store + InstallStore + RecordStore + SecretStore + 'static> Everything for S {}

/// Branches at the made-up provider `crm`, each with a system of its own.
#[derive(Debug)]
struct Trees(BTreeMap<BranchId, MemoryBackend>);

#[async_trait]
impl BranchFactory for Trees {
    async fn branch(
        &self,
        _: &TenantId,
        install: &Install,
    ) -> Result<Option<BranchSetup>, Box<dyn std::error::Error + Send + Sync>> {
        let Some(salon) = self.0.get(&install.branch) else { return Ok(None) };
        let (id, backend) = (install.branch.clone(), Arc::new(salon.clone()));
        Ok(Some(BranchSetup { id, install: install.branch.as_str().parse()?, backend }))
    }
}

/// Turns that failed, by why.
#[derive(Debug, Default)]
struct Failures(Mutex<Vec<String>>);

impl Observer for Failures {
    fn observe(&self, event: &EngineEvent<'_>) {
        if let EngineEvent::TurnFailed { why, .. } = event {
            self.0.lock().unwrap().push((*why).to_owned());
        }
    }
}

/// A process: its own engine and its own directory, on the store that all share.
struct Process {
    engine: Engine,
    live: Arc<LiveDirectory>,
}

struct Chain {
    kind: Kind,
    store: Arc<dyn Everything>,
    processes: Vec<Process>,
    messenger: MemoryMessenger,
    clock: VirtualClock,
    trees: Arc<Trees>,
    failures: Arc<Failures>,
    said: Mutex<u64>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_of_ten_branches_leave_and_the_others_notice_nothing() {
    join_all(Kind::ALL.map(three_of_ten)).await;
}

async fn three_of_ten(kind: Kind) {
    let database = Database::new(kind).await;
    let keys: MasterKeys = MASTER_KEY.parse().unwrap();
    let vault = || Vault::new(Arc::new(keys.clone()));
    let url = database.url();
    let stores: Vec<Arc<dyn Everything>> = match kind {
        Kind::Sqlite => {
            let store = Arc::new(chatplug::store::open_with(&url, OpenOptions { vault: vault() }).await.unwrap());
            vec![store.clone(), store]
        }
        Kind::Postgres => {
            let open = || async {
                let options = PostgresOptions { connections: 4, ..PostgresOptions::new(vault()) };
                Arc::new(PostgresStore::open(&url, options).await.unwrap()) as Arc<dyn Everything>
            };
            vec![open().await, open().await]
        }
    };
    let chain = Chain::open(kind, stores).await;
    // Everybody begins a booking at their own branch; the first client of each makes it.
    chain.round(|_, _| Some(Word::Says("a haircut with Bruno tomorrow at 15:30"))).await;
    chain.round(|branch, _| Some(Word::Taps(BRANCHES[branch]))).await;
    chain.round(|_, client| Some(if client == 0 { Word::Taps("Yes, book") } else { PRICE })).await;
    for (branch, name) in BRANCHES.iter().enumerate() {
        assert_eq!(chain.trees.0[&id(branch)].standing().len(), 1, "{kind}: {name}");
    }
    for branch in LEAVE {
        let install = chain.install(branch).await.unwrap();
        let secrets = chain.store.secrets(&tenant());
        let secret = "a token".to_owned().into();
        secrets
            .put_credential(&install.credential("token"), &secret, "operator:olga", chain.clock.now())
            .await
            .unwrap();
    }

    // All write, and meanwhile three are disabled, in one of the processes.
    chain.round_with(asks, chain.leave()).await;
    let before = chain.messenger.sent().len();
    // Nothing is said of the three from now on, also by the other process, also to those who were in the middle of it.
    for _ in 0..3 {
        chain.round(asks).await;
    }
    let wish = Word::Says("a haircut with Bruno tomorrow");
    chain.round(|_, client| (client != SILENT).then_some(wish)).await;
    let mut left: Vec<usize> = LEAVE.to_vec();
    while let Some(branch) = left.pop() {
        match chain.purge(branch).await.unwrap() {
            Purge::Done { removed } => {
                for table in ["booking", "booking_alias", "credential", "route", "install", "branch"] {
                    assert_eq!(removed.get(table), Some(&1), "{kind}: {table} of {removed:?}");
                }
                assert_eq!(removed.get("people"), Some(&(CLIENTS as u64)), "{kind}: {removed:?}");
                assert!(removed.contains_key("timer"), "{kind}: {removed:?}");
            }
            Purge::Busy { .. } => {
                chain.round(asks).await;
                left.push(branch);
            }
        }
    }
    // Their reminders would come now; those of the others do.
    for _ in 0..6 {
        chain.clock.advance(Duration::hours(5));
        chain.settle().await;
    }
    chain.round(asks).await;
    let after = chain.texts(before);
    for branch in LEAVE {
        let name = BRANCHES[branch];
        assert!(!after.iter().any(|text| text.contains(name)), "{kind}: {name} in {after:#?}");
    }
    assert_eq!(*chain.failures.0.lock().unwrap(), Vec::<String>::new(), "{kind}");
    chain.nothing_is_left().await;
}

const PRICE: Word = Word::Says("how much is a haircut?");

/// Everybody but the silent asks what it costs.
fn asks(_: usize, client: usize) -> Option<Word> {
    (client != SILENT).then_some(PRICE)
}

#[derive(Debug, Clone, Copy)]
enum Word {
    Says(&'static str),
    Taps(&'static str),
}

fn tenant() -> TenantId {
    "trees".parse().unwrap()
}

fn id(branch: usize) -> BranchId {
    BRANCHES[branch].to_lowercase().parse().unwrap()
}

/// The number of a client of a branch.
fn phone(branch: usize, client: usize) -> String {
    format!("3519123{branch:02}{client:04}")
}

impl Chain {
    async fn open(kind: Kind, stores: Vec<Arc<dyn Everything>>) -> Self {
        let clock = VirtualClock::default();
        let messenger = MemoryMessenger::new().with_clock(Arc::new(clock.clone()));
        let salon = |branch: usize| {
            let mut catalog = catalog();
            catalog.branch.id = id(branch);
            catalog.branch.name = BRANCHES[branch].to_owned();
            (id(branch), MemoryBackend::new(catalog, Arc::new(clock.clone())))
        };
        let trees = Arc::new(Trees((0..BRANCHES.len()).map(salon).collect()));
        let business = TenantBuilder::new("trees")
            .policy(Policy { language: Lang::EN, ..Policy::default() })
            .channel("wa", Arc::new(messenger.clone()))
            .intents(READER.clone());
        let failures = Arc::new(Failures::default());
        let store = stores[0].clone();
        store.tenant(&tenant()).register(&business.setup(&[("memory", "1001", "wa")])).await.unwrap();
        let process = |store: Arc<dyn Everything>| {
            let configured = Arc::new(TenantList::new([business.clone().build()]));
            let live = LiveDirectory::new(configured, store.clone(), trees.clone());
            let live = Arc::new(live.looking_every(std::time::Duration::ZERO));
            let mut options = EngineOptions::default();
            options.mark_seen = false;
            let engine = Engine::builder().store(store).directory(live.clone()).clock(Arc::new(clock.clone()));
            let engine = engine.observer(failures.clone()).options(options).build().unwrap();
            Process { engine, live }
        };
        let processes = stores.into_iter().map(process).collect();
        let said = Mutex::new(0);
        let chain = Self { kind, store, processes, messenger, clock: clock.clone(), trees, failures, said };
        for branch in 0..BRANCHES.len() {
            chain.becomes(branch, InstallState::Active).await;
        }
        chain
    }

    async fn install(&self, branch: usize) -> Option<Install> {
        self.store.installs(&tenant()).install(&id(branch)).await.unwrap()
    }

    async fn becomes(&self, branch: usize, state: InstallState) {
        let new = Install::begin(id(branch), "crm", &format!("account-{branch}"), BRANCHES[branch], self.clock.now());
        let install = Install { state, ..self.install(branch).await.unwrap_or(new) };
        let save = SaveInstall { install, by: "crm".to_owned(), detail: json!({}) };
        let installs = self.processes[0].live.installs().installs(&tenant());
        assert!(installs.save_install(save).await.unwrap().is_some());
    }

    async fn leave(&self) {
        for branch in LEAVE {
            self.becomes(branch, InstallState::Leaving).await;
        }
    }

    async fn purge(&self, branch: usize) -> Result<Purge, StoreError> {
        let purge = BranchPurge { branch: id(branch), last: false, by: "engine".to_owned(), now: self.clock.now() };
        self.store.records(&tenant()).purge_branch(&purge).await
    }

    /// Clients say something, and every one of a branch that stays is answered.
    async fn round(&self, says: impl Fn(usize, usize) -> Option<Word>) {
        self.round_with(says, async {}).await;
    }

    async fn round_with(&self, says: impl Fn(usize, usize) -> Option<Word>, meanwhile: impl Future<Output = ()>) {
        let before = self.messenger.sent().len();
        for branch in 0..BRANCHES.len() {
            for client in 0..CLIENTS {
                if let Some(word) = says(branch, client) {
                    self.hears(branch, client, word).await;
                }
            }
        }
        tokio::join!(self.settle(), meanwhile);
        self.settle().await;
        let sent = self.messenger.sent();
        for branch in (0..BRANCHES.len()).filter(|branch| !LEAVE.contains(branch)) {
            for client in (0..CLIENTS).filter(|client| says(branch, *client).is_some()) {
                let theirs: Option<Phone> = phone(branch, client).parse().ok();
                let answered = sent[before..].iter().any(|sent| sent.to.user.phone == theirs);
                assert!(answered, "{}: client {client} of {} waits", self.kind, BRANCHES[branch]);
            }
        }
    }

    /// The bursts are over, and both processes do what is due.
    async fn settle(&self) {
        self.clock.advance(Duration::seconds(2));
        join_all(self.processes.iter().map(|process| async { process.engine.drain().await.unwrap() })).await;
    }

    async fn hears(&self, branch: usize, client: usize, word: Word) {
        let from = ChannelUser { phone: phone(branch, client).parse().ok(), user_id: None };
        let content = match word {
            Word::Says(text) => Content::Text { body: Private::new(text.to_owned()) },
            Word::Taps(label) => {
                let mine = |sent: &&chatplug::testkit::SentMessage| sent.to.user.phone == from.phone;
                let sent = self.messenger.sent();
                let tap = sent.iter().rev().filter(mine).find_map(|sent| tap_on(&sent.message, label));
                Content::Tap(tap.unwrap_or_else(|| panic!("{}: \"{label}\" was not shown", self.kind)))
            }
        };
        let number = {
            let mut said = self.said.lock().unwrap();
            *said += 1;
            *said
        };
        let message = Inbound {
            id: MessageId::new(format!("in-{number}")).unwrap(),
            from,
            profile_name: Some(Private::new(format!("Client {client} of {branch}"))),
            at: self.clock.now(),
            content,
            quoted: None,
            forwarded: false,
            referral: None,
        };
        let event = ReceivedEvent {
            provider: "memory",
            external_id: "1001".to_owned(),
            key: message.id.as_str().to_owned(),
            event: Scoped::Message(Box::new(message)),
        };
        // Webhooks come to either process.
        let process = &self.processes[usize::try_from(number % 2).unwrap()];
        process.engine.accept(vec![event]).await.unwrap();
    }

    /// What was sent after the first so many messages, as text.
    fn texts(&self, after: usize) -> Vec<String> {
        let sent = self.messenger.sent();
        sent[after..].iter().map(|sent| chatplug::reply::preview(std::slice::from_ref(&sent.message))).collect()
    }

    /// Bookings, turns, addresses, credentials: gone, with a receipt each; told again, nothing happens.
    async fn nothing_is_left(&self) {
        let rows = self.store.tenant(&tenant());
        let records = self.store.records(&tenant());
        for view in rows.conversations(1000).await.unwrap() {
            let turns = serde_json::to_string(&rows.turns(view.id, 1000).await.unwrap()).unwrap();
            for branch in LEAVE {
                let named = format!("\"branch\":\"{}\"", id(branch));
                assert!(!turns.contains(&named), "{}: {turns}", self.kind);
                // In lists that they were shown its bare name stays.
                let begun = view.state.as_deref().map(|state| Dialogue::from_json(state).unwrap().branches());
                assert!(!begun.unwrap_or_default().contains(&id(branch)), "{}", self.kind);
            }
        }
        for branch in 0..BRANCHES.len() {
            let booking = self.trees.0[&id(branch)].standing()[0].reference.clone();
            let stays = !LEAVE.contains(&branch);
            assert_eq!(rows.booking(&booking).await.unwrap().is_some(), stays, "{}: {booking:?}", self.kind);
            let route = self.store.route("crm", &format!("account-{branch}")).await.unwrap();
            assert_eq!(route.is_some(), stays, "{}", self.kind);
        }
        assert_eq!(self.store.secrets(&tenant()).credentials().await.unwrap(), [], "{}", self.kind);
        let audit = rows.audit(0, 10_000).await.unwrap();
        let receipts = audit.iter().filter(|(_, row)| row.what == "purge_branch").count();
        assert_eq!(receipts, LEAVE.len(), "{}", self.kind);
        for branch in LEAVE {
            assert!(self.install(branch).await.is_none());
            let silent = ChannelUser { phone: phone(branch, SILENT).parse().ok(), user_id: None };
            let kept = rows.conversation_of(&"wa".parse().unwrap(), &silent).await.unwrap();
            assert!(kept.is_none(), "{}: {kept:?}", self.kind);
            let again = self.purge(branch).await;
            assert!(matches!(again, Err(StoreError::NotFound { .. })), "{}: {again:?}", self.kind);
        }
        assert_eq!(rows.audit(0, 10_000).await.unwrap().len(), audit.len(), "{}", self.kind);
        let id = tenant();
        let mut verifier = AuditVerifier::new(&id);
        records.audit_links(0, 10_000).await.unwrap().iter().try_for_each(|link| verifier.follow(link)).unwrap();
        verifier.end(records.audit_head().await.unwrap()).unwrap();
    }
}

fn tap_on(message: &Outbound, label: &str) -> Option<Tap> {
    let tap = |id: &str, title: &str, on| {
        title.starts_with(label).then(|| Tap { id: id.to_owned(), title: title.to_owned(), on })
    };
    match message {
        Outbound::Buttons { buttons, .. } => buttons.iter().find_map(|it| tap(&it.id, &it.title, TapKind::Button)),
        Outbound::List { sections, .. } => {
            sections.iter().flat_map(|section| &section.rows).find_map(|row| tap(&row.id, &row.title, TapKind::Row))
        }
        _ => None,
    }
}
