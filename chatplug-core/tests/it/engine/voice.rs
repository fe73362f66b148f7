//! Voice messages: written down beside the turns, shown back, never enough for a yes.

use super::Stage;
use bytes::Bytes;
use chatplug_core::{
    engine::Engine,
    model::{Content, ConversationId, MediaKind, MediaRef, MessageId, Private},
    ports::{Media, Recording, TranscribeError, Transcriber},
    testkit::{ScriptedTranscriber, StaticDirectory},
};
use chrono::Duration;
use std::sync::Arc;
use tokio::sync::Semaphore;

const WISH: &str = "I would like a haircut with Ana tomorrow at 15:30";

fn voice(id: &str) -> Content {
    let mime = "audio/ogg; codecs=opus".to_owned();
    Content::Media(MediaRef { kind: MediaKind::Voice, id: id.to_owned(), mime, caption: None })
}

/// A stage whose messenger has two recordings, and an engine that has them written down.
async fn stage(transcriber: Arc<dyn Transcriber>) -> (Stage, Engine) {
    let stage = Stage::new().await;
    for (id, bytes) in [("wish", "OggS wish"), ("yes", "OggS yes"), ("noise", "OggS noise")] {
        let media = Media { mime: "audio/ogg".to_owned(), bytes: Bytes::from_static(bytes.as_bytes()) };
        stage.messenger.put_media(id, media);
    }
    let tenant = stage.tenant().transcriber(transcriber).build();
    let engine = stage.engine_with(Arc::new(StaticDirectory::new([tenant])));
    (stage, engine)
}

fn script() -> ScriptedTranscriber {
    ScriptedTranscriber::new().hears("OggS wish", WISH).hears("OggS yes", "yes").hears("OggS noise", "")
}

/// Until what is under way beside the turns has come back and was read.
async fn hears_out(stage: &Stage, engine: &Engine, conversation: ConversationId) {
    stage.settles(engine).await;
    for _ in 0..10_000 {
        if stage.rows().conversation(conversation).await.unwrap().unwrap().action.is_none() {
            return;
        }
        tokio::task::yield_now().await;
        engine.drain().await.unwrap();
    }
    panic!("nothing came back");
}

async fn outcomes(stage: &Stage, conversation: ConversationId) -> Vec<String> {
    let log = stage.rows().messages(conversation, 100).await.unwrap();
    log.into_iter().filter(|line| line.inbound).map(|line| format!("{:?}", line.outcome)).collect()
}

#[tokio::test]
async fn a_voice_message_is_read_as_if_it_were_written_and_shown_back() {
    let script = script();
    let (stage, engine) = stage(Arc::new(script.clone())).await;
    let conversation = stage.hears_content(&engine, voice("wish")).await;
    hears_out(&stage, &engine, conversation).await;
    let shown = stage.shown();
    assert!(shown.len() == 1 && shown[0].contains(WISH), "{shown:?}");
    assert_eq!(outcomes(&stage, conversation).await, ["Some(Asked)"]);

    // A yes that was heard books nothing; a tap does.
    let conversation = stage.hears_content(&engine, voice("yes")).await;
    hears_out(&stage, &engine, conversation).await;
    assert_eq!(stage.salon.standing().len(), 0, "{:?}", stage.shown());
    stage.taps(&engine, "Yes, book").await;
    stage.settles(&engine).await;
    assert_eq!((stage.salon.standing().len(), script.calls()), (1, 2), "{:?}", stage.shown());
}

#[tokio::test]
async fn what_cannot_be_written_down_gets_the_polite_answer() {
    let script = script();
    let (stage, engine) = stage(Arc::new(script.clone())).await;
    let plain = Stage::new().await;
    let without = plain.engine();
    plain.hears_content(&without, voice("wish")).await;
    plain.settles(&without).await;
    let polite = plain.shown();
    assert!(polite.len() == 1 && !polite[0].is_empty());
    for (n, id) in ["noise", "gone", "wish"].into_iter().enumerate() {
        script.set_down(id == "wish");
        let conversation = stage.hears_content(&engine, voice(id)).await;
        hears_out(&stage, &engine, conversation).await;
        assert_eq!((stage.shown().len(), stage.shown().last()), (n + 1, polite.last()), "{id}");
    }
}

/// One that answers when it may.
#[derive(Debug)]
struct Slow(Arc<Semaphore>);

#[async_trait::async_trait]
impl Transcriber for Slow {
    fn limit(&self) -> usize {
        1024
    }

    async fn transcribe(&self, _: &Recording) -> Result<Private<String>, TranscribeError> {
        self.0.acquire().await.unwrap().forget();
        Ok(Private::new(WISH.to_owned()))
    }
}

#[tokio::test]
async fn a_slow_one_holds_up_nobody_and_is_not_waited_for_beyond_its_time() {
    let gate = Arc::new(Semaphore::new(0));
    let (stage, engine) = stage(Arc::new(Slow(gate.clone()))).await;
    let conversation = stage.hears_content(&engine, voice("wish")).await;
    stage.settles(&engine).await;
    assert_eq!((stage.shown().len(), outcomes(&stage, conversation).await), (0, vec!["Some(Pending)".to_owned()]));
    // Its client writes meanwhile, and is answered: the lease was given back.
    stage.hears(&engine, "where are you?").await;
    stage.settles(&engine).await;
    assert_eq!(stage.shown().len(), 1, "{:?}", stage.shown());
    stage.passes(&engine, Duration::seconds(60)).await;
    assert_eq!(stage.shown().len(), 2, "{:?}", stage.shown());
    // What comes later is nobody's any more.
    gate.add_permits(1);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    stage.settles(&engine).await;
    assert_eq!(stage.shown().len(), 2, "{:?}", stage.shown());
}

#[tokio::test]
async fn a_voice_message_taken_back_while_it_is_written_down_was_never_said() {
    let gate = Arc::new(Semaphore::new(0));
    let (stage, engine) = stage(Arc::new(Slow(gate.clone()))).await;
    stage.hears_content(&engine, voice("wish")).await;
    stage.settles(&engine).await;
    let original = MessageId::new("in-0").unwrap();
    let conversation = stage.hears_content(&engine, Content::Revoke { original }).await;
    stage.settles(&engine).await;
    stage.passes(&engine, Duration::seconds(60)).await;
    assert_eq!(stage.shown(), Vec::<String>::new());
    assert_eq!(outcomes(&stage, conversation).await, ["Some(NothingToSay)", "Some(NothingToSay)"]);
}
