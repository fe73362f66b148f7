//! Branches that come and go while conversations run.

use super::*;
use async_trait::async_trait;
use chatplug_core::{
    dialogue::TeamEvent,
    engine::{BranchFactory, LiveDirectory},
    model::{BranchId, InstallId},
    ports::{BranchSetup, Install, InstallState, SaveInstall, TenantInstalls},
    testkit::wrap::Fault,
};
use serde_json::json;

/// Builds the branch `north`, whose system can be troubled, and no other.
#[derive(Debug)]
struct North {
    salon: MemoryBackend,
    faults: FaultPlan,
}

#[async_trait]
impl BranchFactory for North {
    async fn branch(
        &self,
        _: &TenantId,
        install: &Install,
    ) -> Result<Option<BranchSetup>, Box<dyn std::error::Error + Send + Sync>> {
        if install.provider != "crm" {
            return Ok(None);
        }
        let backend: Arc<dyn BookingBackend> = Arc::new(Faulty::new(Arc::new(self.salon.clone()), &self.faults));
        Ok(Some(BranchSetup { id: install.branch.clone(), install: InstallId::new("crm")?, backend }))
    }
}

/// A stage with an account that may become a branch.
struct Chain {
    stage: Stage,
    north: FaultPlan,
    live: Arc<LiveDirectory>,
    engine: Engine,
}

impl Chain {
    async fn new() -> Self {
        let stage = Stage::new().await;
        let north = FaultPlan::new();
        let live = Arc::new(Self::directory(&stage, &north));
        let engine = stage.engine_with(live.clone());
        Self { stage, north, live, engine }
    }

    fn directory(stage: &Stage, faults: &FaultPlan) -> LiveDirectory {
        let mut catalog = catalog();
        catalog.branch.id = north();
        catalog.branch.name = "North".to_owned();
        let salon = MemoryBackend::new(catalog, Arc::new(stage.clock.clone()));
        let configured = Arc::new(StaticDirectory::new([stage.tenant().build()]));
        let factory = Arc::new(North { salon, faults: faults.clone() });
        LiveDirectory::new(configured, Arc::new(stage.memory.clone()), factory)
    }

    async fn becomes(&self, state: InstallState) {
        becomes(&*self.live.installs().installs(&studio()), "north", "crm", state).await;
    }

    async fn branches(&self) -> Vec<String> {
        let tenant = self.live.tenant(&studio()).await.unwrap();
        let all: Vec<_> = tenant.branches.iter().map(|branch| branch.id.to_string()).collect();
        assert_eq!(tenant.channels[0].branches.iter().map(ToString::to_string).collect::<Vec<_>>(), all);
        all
    }

    /// Ana comes as far as the summary of a haircut tomorrow at 15:30 in the north.
    async fn sums_up(&self) {
        self.stage.hears(&self.engine, "a haircut with Bruno tomorrow at 15:30").await;
        self.stage.settles(&self.engine).await;
        self.stage.taps(&self.engine, "North").await;
        self.stage.settles(&self.engine).await;
    }
}

fn north() -> BranchId {
    "north".parse().unwrap()
}

async fn becomes(installs: &dyn TenantInstalls, branch: &str, provider: &str, state: InstallState) {
    let branch: BranchId = branch.parse().unwrap();
    let kept = installs.install(&branch).await.unwrap();
    let new = Install::begin(branch.clone(), provider, branch.as_str(), "North", VirtualClock::default().now());
    let install = Install { state, ..kept.unwrap_or(new) };
    let save = SaveInstall { install, by: "operator:olga".to_owned(), detail: json!({}) };
    assert!(installs.save_install(save).await.unwrap().is_some());
}

#[tokio::test]
async fn a_branch_comes_and_goes_while_the_program_runs() {
    let chain = Chain::new().await;
    assert_eq!(chain.branches().await, ["centre"]);
    for (state, offered) in [
        (InstallState::Pending, false),
        (InstallState::Active, true),
        (InstallState::Frozen, false),
        (InstallState::Active, true),
        (InstallState::Leaving, false),
    ] {
        chain.becomes(state).await;
        let expected: &[&str] = if offered { &["centre", "north"] } else { &["centre"] };
        assert_eq!(chain.branches().await, expected, "{state}");
    }
    // One whose system nobody knows keeps nobody else from being served, and a configured one can be frozen.
    let installs = chain.live.installs().installs(&studio());
    becomes(&*installs, "south", "unknown", InstallState::Active).await;
    assert_eq!(chain.branches().await, ["centre"]);
    becomes(&*installs, "centre", "crm", InstallState::Frozen).await;
    assert!(chain.branches().await.is_empty());
}

#[tokio::test]
async fn what_another_process_changes_is_found_and_costs_nothing_else() {
    let chain = Chain::new().await;
    let other = Chain::directory(&chain.stage, &chain.north).looking_every(std::time::Duration::ZERO);
    let before = other.tenant(&studio()).await.unwrap();
    assert!(Arc::ptr_eq(&before, &other.tenant(&studio()).await.unwrap()), "nothing changed: it is the same one");
    chain.becomes(InstallState::Active).await;
    let after = other.tenant(&studio()).await.unwrap();
    assert_eq!(after.branches.len(), 2);
    // Another change builds nothing anew that did not change.
    let installs = chain.live.installs().installs(&studio());
    becomes(&*installs, "south", "unknown", InstallState::Active).await;
    let later = other.tenant(&studio()).await.unwrap();
    assert!(!Arc::ptr_eq(&after, &later));
    assert!(Arc::ptr_eq(&after.branches[1].backend, &later.branches[1].backend));
}

#[tokio::test]
async fn nothing_is_said_of_a_frozen_branch_and_all_is_there_when_it_is_back() {
    let chain = Chain::new().await;
    let Chain { stage, engine, .. } = &chain;
    chain.becomes(InstallState::Active).await;
    chain.sums_up().await;
    stage.taps(engine, "Yes, book").await;
    stage.settles(engine).await;
    let booked = stage.shown();
    assert!(booked.last().unwrap().contains("15:30"), "{booked:?}");

    // A word about it waits for the provider when the branch is frozen.
    stage.messenger.set_down(true);
    stage.hears(engine, "can I move my haircut in North to 17:00?").await;
    stage.settles(engine).await;
    chain.becomes(InstallState::Frozen).await;
    stage.messenger.set_down(false);
    stage.passes(engine, Duration::minutes(2)).await;
    // So is a reminder, a day before.
    for _ in 0..4 {
        stage.passes(engine, Duration::hours(2)).await;
    }
    let since = &stage.shown()[booked.len()..];
    assert!(since.iter().all(|text| !text.contains("North") && !text.contains("15:30")), "{since:?}");
    // What they had begun there is over, and they are told so; the other branch is served as before.
    stage.hears(engine, "a haircut with Bruno tomorrow at 10:00").await;
    stage.settles(engine).await;
    assert!(stage.shown().last().unwrap().contains("can't be booked here any more"), "{:?}", stage.shown());
    stage.hears(engine, "a haircut with Bruno tomorrow at 10:00").await;
    stage.settles(engine).await;
    assert!(stage.shown().last().unwrap().contains("10:00"), "{:?}", stage.shown());

    let quiet = stage.shown().len();
    chain.becomes(InstallState::Active).await;
    stage.passes(engine, Duration::minutes(11)).await;
    let since = &stage.shown()[quiet..];
    assert!(since.iter().any(|text| text.contains("15:30")), "the reminder was held: {since:?}");
    assert_eq!(stage.heard.count("failed, store") + stage.heard.count("failed, directory"), 0);
}

#[tokio::test]
async fn an_action_under_way_at_a_branch_that_leaves_is_handed_to_a_person() {
    let chain = Chain::new().await;
    let Chain { stage, engine, .. } = &chain;
    chain.becomes(InstallState::Active).await;
    chain.sums_up().await;
    chain.north.break_down("book", Fault::lost_answer());
    chain.north.break_down("resolve", Fault::down());
    stage.taps(engine, "Yes, book").await;
    stage.settles(engine).await;
    let said = stage.shown().len();
    chain.becomes(InstallState::Leaving).await;
    stage.passes(engine, Duration::minutes(1)).await;
    assert_eq!(stage.heard.count("book unclear"), 1, "{:?}", stage.heard);
    assert!(stage.shown().len() > said, "Ana hears of it");
    let told = stage.team.notices();
    assert!(told.iter().any(|notice| matches!(notice.event, TeamEvent::NeedsPerson { .. })), "{told:?}");
}
