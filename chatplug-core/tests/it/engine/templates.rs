//! The watch over templates: what was taken away is not sent, and the team hears of it once.

use super::Stage;
use chatplug_core::{
    dialogue::TeamEvent,
    engine::Engine,
    model::{self, ChannelLimits, DeliveryStatus, FailureKind, Formality, Lang, MessageId, StatusFailure},
    ports::{Clock as _, Notice, ReceivedEvent, Scoped, TemplateCategory, TemplateState, Templates as _},
    reply::{RenderContext, Words},
    templates::{self, TemplateTrouble},
    testkit::{StaticDirectory, StaticTemplates, wrap::Fault},
};
use std::sync::Arc;

/// A stock with everything that the salon should have, approved.
async fn stocked() -> StaticTemplates {
    let stock = StaticTemplates::new();
    let limits = ChannelLimits::whatsapp();
    let context = RenderContext {
        country: "PT",
        formality: Formality::Informal,
        business: "studio",
        client: None,
        limits: &limits,
    };
    for draft in templates::wanted(&Words::shipped(), &[Lang::PT], &context, "visit_") {
        stock.submit(&draft).await.unwrap();
        stock.decide(&draft.name, TemplateState::Approved);
    }
    stock
}

fn engine(stage: &Stage, stock: &StaticTemplates) -> Engine {
    let mut tenant = stage.tenant().build();
    for channel in &mut tenant.channels {
        channel.templates = Arc::new(stock.clone());
    }
    stage.engine_with(Arc::new(StaticDirectory::new([tenant])))
}

/// What the team heard of templates, in order.
fn told(stage: &Stage) -> Vec<(String, TemplateTrouble)> {
    let of = |notice: Notice| match notice.event {
        TeamEvent::Template { meaning, trouble, .. } => Some((meaning, trouble)),
        _ => None,
    };
    stage.team.notices().into_iter().filter_map(of).collect()
}

#[tokio::test]
async fn the_team_hears_once_of_what_was_taken_away_and_again_when_it_comes_back() {
    let (stage, stock) = (Stage::new().await, stocked().await);
    let engine = engine(&stage, &stock);
    assert_eq!(engine.look_at_templates().await.unwrap(), 0, "{:?}", told(&stage));
    stock.decide("visit_reminder", TemplateState::Paused);
    stock.recategorise("visit_booked", TemplateCategory::Marketing);
    assert_eq!(engine.look_at_templates().await.unwrap(), 2);
    assert_eq!(engine.look_at_templates().await.unwrap(), 0);
    let marketing = TemplateTrouble::WrongCategory { is: TemplateCategory::Marketing };
    assert_eq!(
        told(&stage),
        [("reminder".to_owned(), TemplateTrouble::Paused), ("booked".to_owned(), marketing.clone())]
    );
    assert_eq!(stock.find("booked", &[Lang::PT]).await, None, "it would cost more");
    stock.decide("visit_reminder", TemplateState::Approved);
    assert_eq!(engine.look_at_templates().await.unwrap(), 0);
    stock.decide("visit_reminder", TemplateState::Paused);
    assert_eq!(engine.look_at_templates().await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_failed_for_its_template_has_them_read_again_at_once() {
    let (stage, stock) = (Stage::new().await, stocked().await);
    let engine = engine(&stage, &stock);
    stock.decide("visit_reminder", TemplateState::Paused);
    let gate = stage.faults.hold("notify", 1);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let workers = tokio::spawn({
        let engine = engine.clone();
        async move { engine.run(stopped).await }
    });
    let failure = StatusFailure { code: 132_015, kind: FailureKind::Template, detail: "paused".to_owned() };
    let status = DeliveryStatus {
        message: MessageId::new("out-1").unwrap(),
        key: None,
        stage: model::Stage::Failed,
        at: stage.clock.now(),
        failure: Some(failure),
        pricing: None,
    };
    let event = ReceivedEvent {
        provider: "memory",
        external_id: "1001".to_owned(),
        key: "s:out-1:failed".to_owned(),
        event: Scoped::Status(status),
    };
    engine.accept(vec![event]).await.unwrap();
    // Before the next look that comes by itself.
    let told_of = tokio::time::timeout(std::time::Duration::from_secs(60), gate.arrived()).await;
    gate.open();
    stop.send(true).unwrap();
    workers.await.unwrap();
    assert!(
        told_of.is_ok() && told(&stage) == [("reminder".to_owned(), TemplateTrouble::Paused)],
        "{:?}",
        told(&stage)
    );
}

#[tokio::test]
async fn a_team_that_cannot_be_told_is_told_at_the_next_look() {
    let (stage, stock) = (Stage::new().await, stocked().await);
    let engine = engine(&stage, &stock);
    stock.decide("visit_moved", TemplateState::Rejected);
    stage.faults.break_down("notify", Fault::down());
    assert_eq!(engine.look_at_templates().await.unwrap(), 0);
    stage.faults.heal();
    assert_eq!(engine.look_at_templates().await.unwrap(), 1);
    assert_eq!(told(&stage), [("moved".to_owned(), TemplateTrouble::Rejected { reason: None })]);
}

#[tokio::test]
async fn a_number_without_templates_is_told_of_once_for_all() {
    let stage = Stage::new().await;
    let engine = engine(&stage, &StaticTemplates::new());
    assert_eq!(engine.look_at_templates().await.unwrap(), 1);
    assert_eq!(told(&stage), [("all".to_owned(), TemplateTrouble::Missing)]);
    let ids: Vec<_> = stage.team.notices().iter().map(|notice| (notice.id, notice.conversation)).collect();
    // Another process has nothing to remember it by: it tells under the same id.
    let other = engine_again(&stage);
    assert_eq!(other.look_at_templates().await.unwrap(), 1);
    let all: Vec<_> = stage.team.notices().iter().map(|notice| (notice.id, notice.conversation)).collect();
    assert_eq!(all, [ids.clone(), ids].concat());
}

fn engine_again(stage: &Stage) -> Engine {
    engine(stage, &StaticTemplates::new())
}
