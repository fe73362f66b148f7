//! What a client changes or takes back, and what a provider tells of them.

use super::{Stage, ana};
use chatplug_core::{
    engine::Engine,
    model::{Consent, Content, ConversationId, Inbound, MessageId, Private, Referral},
    ports::{ReceivedEvent, Scoped},
};
use serde_json::Value;

fn text(body: &str) -> Content {
    Content::Text { body: Private::new(body.to_owned()) }
}

fn id(number: u64) -> MessageId {
    MessageId::new(format!("in-{number}")).unwrap()
}

/// How each message of the client ended, oldest first.
async fn outcomes(stage: &Stage, conversation: ConversationId) -> Vec<String> {
    let log = stage.rows().messages(conversation, 100).await.unwrap();
    let theirs = log.into_iter().filter(|line| line.inbound);
    theirs.map(|line| line.outcome.map_or_else(|| "none".to_owned(), |outcome| format!("{outcome:?}"))).collect()
}

#[tokio::test]
async fn what_was_taken_back_before_it_was_read_was_never_said() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    stage.hears(&engine, "I want to talk to a person").await;
    let conversation = stage.hears_content(&engine, Content::Revoke { original: id(0) }).await;
    stage.settles(&engine).await;
    assert_eq!(stage.shown(), Vec::<String>::new());
    assert_eq!(outcomes(&stage, conversation).await, ["NothingToSay", "NothingToSay"]);
}

#[tokio::test]
async fn an_edit_of_what_was_not_read_takes_its_place() {
    let (edited, plain) = (Stage::new().await, Stage::new().await);
    let (first, second) = (edited.engine(), plain.engine());
    edited.hears(&first, "cancel my appointment").await;
    let edit = Content::Edit { original: id(0), body: Some(Private::new("what does a haircut cost?".to_owned())) };
    let conversation = edited.hears_content(&first, edit).await;
    edited.settles(&first).await;
    plain.hears(&second, "what does a haircut cost?").await;
    plain.settles(&second).await;
    assert_eq!(edited.shown(), plain.shown());
    assert_eq!(outcomes(&edited, conversation).await, ["Asked", "Merged"]);
}

#[tokio::test]
async fn an_edit_of_what_was_read_is_a_message_like_any_other() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    stage.hears(&engine, "what does a haircut cost?").await;
    stage.settles(&engine).await;
    let before = stage.shown().len();
    let edit = Content::Edit { original: id(0), body: Some(Private::new("where are you?".to_owned())) };
    stage.hears_content(&engine, edit).await;
    stage.settles(&engine).await;
    assert!(stage.shown().len() > before, "{:?}", stage.shown());
}

#[tokio::test]
async fn a_reaction_taken_back_before_it_was_read_confirms_nothing() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    let react = |emoji: Option<&str>| Content::Reaction { target: id(99), emoji: emoji.map(ToOwned::to_owned) };
    stage.hears_content(&engine, react(Some("👍"))).await;
    let conversation = stage.hears_content(&engine, react(None)).await;
    stage.settles(&engine).await;
    let turn = stage.rows().turns(conversation, 1).await.unwrap().remove(0);
    assert!(!turn.steps.get().contains("reaction"), "the machine heard of it: {}", turn.steps.get());
}

async fn accepts(engine: &Engine, key: &str, event: Scoped) {
    let event = ReceivedEvent { provider: "memory", external_id: "1001".to_owned(), key: key.to_owned(), event };
    engine.accept(vec![event]).await.unwrap();
}

#[tokio::test]
async fn a_preference_told_to_the_provider_is_heeded_and_audited_without_a_word() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    let told = |wanted| Scoped::MarketingPreference { user: ana(), wanted };
    // Of somebody who never wrote nothing is kept.
    accepts(&engine, "p0", told(false)).await;
    let conversation = stage.hears(&engine, "hello").await;
    stage.settles(&engine).await;
    let said = stage.shown().len();
    let refused = async || {
        let contact = stage.rows().conversation(conversation).await.unwrap().unwrap().contact;
        contact.opted_out.contains(&Consent::Marketing)
    };
    assert!(!refused().await);
    accepts(&engine, "p1", told(false)).await;
    stage.settles(&engine).await;
    assert!(refused().await);
    accepts(&engine, "p2", told(true)).await;
    accepts(&engine, "p1", told(false)).await;
    stage.settles(&engine).await;
    assert!(!refused().await, "an old word that comes again changes nothing");
    assert_eq!(stage.shown().len(), said);
    assert_eq!(stage.audit().await.iter().filter(|row| row.what == "consent").count(), 2);
}

#[tokio::test]
async fn a_booking_is_owed_to_the_ad_that_brought_its_client() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    let referral = Referral {
        source_id: Some("ad-1".to_owned()),
        source_url: Some("https://fb.me/1".to_owned()),
        headline: Some("Cuts from 20".to_owned()),
        click_id: Some("click-1".to_owned()),
    };
    let message = Inbound {
        id: id(900),
        from: ana(),
        profile_name: Some(Private::new("Ana".to_owned())),
        at: chatplug_core::ports::Clock::now(&stage.clock),
        content: text("I would like a haircut with Ana tomorrow at 15:30"),
        quoted: None,
        forwarded: false,
        referral: Some(referral.clone()),
    };
    accepts(&engine, "m900", Scoped::Message(Box::new(message))).await;
    stage.settles(&engine).await;
    let conversation = stage.taps(&engine, "Yes, book").await;
    stage.settles(&engine).await;
    let contact = stage.rows().conversation(conversation).await.unwrap().unwrap().contact;
    assert_eq!(contact.came_from.map(|from| from.referral), Some(referral));
    let audit = stage.audit().await;
    let ad = |what: &str| audit.iter().find(|row| row.what == what).map(|row| row.detail["ad"].clone());
    assert_eq!((ad("came_from"), ad("book")), (Some(Value::from("ad-1")), Some(Value::from("ad-1"))));
    assert!(!serde_json::to_string(&audit).unwrap().contains("click-1"), "a click is a person's");
}
