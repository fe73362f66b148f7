//! Clients who wait too long.

use super::{Stage, studio};
use chatplug_core::{
    dialogue::{Operator, TeamEvent},
    model::{ConversationId, TenantId},
    ports::{Directory, DirectoryError, OVERDUE_AFTER, Store as _, Tenant},
    testkit::{VirtualClock, wrap::Fault},
};
use chrono::Duration;
use std::sync::Arc;

const HOLDING_PT: &str = "Mensagem recebida. A resposta vai demorar";
const HOLDING_EN: &str = "We've got your message. It's taking a little longer";

fn late() -> Duration {
    OVERDUE_AFTER + Duration::seconds(1)
}

fn alarms(stage: &Stage) -> usize {
    stage.team.notices().iter().filter(|notice| notice.event == TeamEvent::Unanswered).count()
}

async fn told_once(stage: &Stage, conversation: ConversationId) {
    assert_eq!(alarms(stage), 1, "{:?}", stage.team.notices());
    let audit = stage.audit().await;
    let rows: Vec<_> = audit.iter().filter(|row| row.what == "unanswered").collect();
    assert_eq!(rows.len(), 1, "{audit:?}");
    assert_eq!((rows[0].actor.as_str(), rows[0].conversation), ("engine", Some(conversation)));
}

#[tokio::test]
async fn a_worker_that_hangs_in_its_turn_keeps_nobody_in_the_dark() {
    let stage = Stage::new().await;
    let (hanging, other) = (stage.engine(), stage.engine());
    let conversation = stage.hears(&hanging, "bom dia, quero marcar um corte").await;
    // The first lease is taken and never given back; its worker hangs.
    let now = chatplug_core::ports::Clock::now(&stage.clock);
    stage.rows().lease(conversation, now + Duration::hours(1), now).await.unwrap().unwrap();
    stage.passes(&other, OVERDUE_AFTER - Duration::seconds(1)).await;
    assert_eq!(stage.shown(), [""; 0], "not yet");
    stage.passes(&other, Duration::seconds(2)).await;
    let shown = stage.shown();
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert!(shown[0].starts_with(HOLDING_PT), "{shown:?}");
    told_once(&stage, conversation).await;
    // The lease ran out: the mail is still there, and is answered.
    stage.passes(&other, Duration::hours(1)).await;
    assert!(stage.shown().len() > 1, "the answer came: {:?}", stage.shown());
    told_once(&stage, conversation).await;
    assert_eq!(stage.heard.count("attended, held"), 1);
}

#[tokio::test]
async fn a_turn_that_fails_again_and_again_is_told_once_and_answered_when_it_can_be() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    stage.faults.break_down("commit", Fault::down());
    let conversation = stage.hears(&engine, "hello, I would like a haircut").await;
    for _ in 0..60 {
        stage.passes(&engine, Duration::seconds(10)).await;
    }
    assert!(stage.heard.count("failed, store") > 3, "it was tried: {:?}", stage.heard);
    assert!(stage.heard.count("failed, store") < 40, "and not in a circle: {:?}", stage.heard);
    let shown = stage.shown();
    assert_eq!(shown.len(), 1, "{shown:?}");
    told_once(&stage, conversation).await;
    stage.faults.heal();
    stage.passes(&engine, Duration::minutes(6)).await;
    assert!(stage.shown().len() > 1, "{:?}", stage.shown());
    told_once(&stage, conversation).await;
}

#[tokio::test]
async fn it_is_said_in_the_language_of_the_conversation() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    stage.hears(&engine, "Good morning! I would like to book a haircut please").await;
    stage.settles(&engine).await;
    let before = stage.shown().len();
    assert!(before > 0);
    stage.faults.break_down("commit", Fault::down());
    stage.hears(&engine, "tomorrow at five").await;
    stage.passes(&engine, late()).await;
    let shown = stage.shown();
    assert!(shown[before..].iter().any(|text| text.starts_with(HOLDING_EN)), "{shown:?}");
}

#[tokio::test]
async fn while_a_person_holds_the_conversation_only_the_team_is_told() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    let conversation = stage.hears(&engine, "olá, quero marcar um corte").await;
    stage.settles(&engine).await;
    engine.operate(&studio(), conversation, "k1", "olga", Operator::TakeOver).await.unwrap();
    stage.settles(&engine).await;
    let before = stage.shown().len();
    stage.faults.break_down("commit", Fault::down());
    stage.hears(&engine, "está aí alguém?").await;
    stage.passes(&engine, late()).await;
    assert_eq!(stage.shown().len(), before, "{:?}", stage.shown());
    told_once(&stage, conversation).await;
    assert_eq!(stage.heard.count("attended, not held"), 1);
}

#[tokio::test]
async fn a_tenant_that_nobody_knows_any_more_is_alarmed_about_once_and_nothing_is_said() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    let conversation = stage.hears(&engine, "olá").await;
    let stranger = stage.engine_with(Arc::new(chatplug_core::testkit::StaticDirectory::default()));
    stage.passes(&stranger, late()).await;
    stage.passes(&stranger, late()).await;
    assert_eq!(stage.heard.count("attended, not held"), 1, "{:?}", stage.heard);
    let queued = stage.memory.figures(OVERDUE_AFTER, chatplug_core::ports::Clock::now(&stage.clock)).await.unwrap();
    assert_eq!((queued.notices_queued, queued.outbox_queued), (1, 0), "the alarm waits for somebody to hear it");
    stage.passes(&engine, Duration::minutes(6)).await;
    told_once(&stage, conversation).await;
    assert!(!stage.shown().is_empty(), "answered when the tenant is known again");
}

/// A directory that never answers.
#[derive(Debug)]
struct Hanging;

#[async_trait::async_trait]
impl Directory for Hanging {
    async fn tenant(&self, _tenant: &TenantId) -> Result<Arc<Tenant>, DirectoryError> {
        std::future::pending().await
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, DirectoryError> {
        Ok(Vec::new())
    }
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_hangs_holds_a_turn_up_for_its_time_only() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    let conversation = stage.hears(&engine, "olá").await;
    let stuck = stage.engine_with(Arc::new(Hanging));
    stage.passes(&stuck, late()).await;
    assert!(stage.heard.count("failed, directory") > 0, "{:?}", stage.heard);
    assert_eq!(stage.heard.count("attended, not held"), 1, "{:?}", stage.heard);
    stage.passes(&engine, Duration::minutes(6)).await;
    told_once(&stage, conversation).await;
}

#[tokio::test]
async fn whoever_is_answered_in_time_hears_nothing_of_it() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    stage.hears(&engine, "olá").await;
    stage.settles(&engine).await;
    stage.passes(&engine, Duration::hours(1)).await;
    assert_eq!(alarms(&stage), 0);
    assert!(stage.audit().await.iter().all(|row| row.what != "unanswered"));
}

#[tokio::test]
async fn a_new_message_waits_anew() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    stage.faults.break_down("commit", Fault::down());
    stage.hears(&engine, "olá").await;
    stage.passes(&engine, late()).await;
    stage.hears(&engine, "está aí alguém?").await;
    stage.passes(&engine, Duration::seconds(30)).await;
    assert_eq!(alarms(&stage), 1);
    stage.passes(&engine, late()).await;
    assert_eq!(alarms(&stage), 2);
}

#[tokio::test(start_paused = true)]
async fn running_workers_watch_though_every_place_is_taken_by_a_hanging_turn() {
    let mut stage = Stage::new().await;
    stage.options.concurrency = 1;
    stage.options.lease = Duration::days(1);
    stage.options.backend_timeout = Duration::hours(11);
    let engine = stage.engine();
    // Ana's turn hangs in understanding, for longer than the test lasts.
    let gate = stage.faults.hold("interpret", 1);
    let conversation = stage.hears(&engine, "bom dia, quero marcar um corte").await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let workers = tokio::spawn({
        let engine = engine.clone();
        async move { engine.run(stopped).await }
    });
    gate.arrived().await;
    VirtualClock::advance(&stage.clock, late());
    let sent = stage.messenger.sent_at_least(1).await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    while alarms(&stage) == 0 {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    told_once(&stage, conversation).await;
    gate.open();
    stop.send(true).unwrap();
    workers.await.unwrap();
}
