//! The transcriber against the fake, over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod intents;
mod judges;
mod lies;

use chatplug_core::{
    model::Lang,
    ports::{Recording, TranscribeError, Transcriber},
    testkit::contract::transcriber::TranscriberScene,
};
use chatplug_openai::{
    OpenAiConfig, OpenAiTranscriber,
    fake::{API_KEY, FakeOpenAi, Fault, MODEL},
};
use std::time::Duration;

const SAID: &str = "I would like a haircut tomorrow, please";

fn recording(bytes: &'static [u8]) -> Recording {
    Recording { mime: "audio/ogg; codecs=opus".to_owned(), bytes: bytes.into(), language: None }
}

fn config(fake: &FakeOpenAi) -> OpenAiConfig {
    OpenAiConfig::new(fake.base_url(), MODEL).with_api_key(API_KEY)
}

async fn fake() -> FakeOpenAi {
    let fake = FakeOpenAi::start().await.unwrap();
    fake.hears(*b"OggS one", SAID).hears(*b"OggS two", "Да, завтра в пять").hears(*b"OggS none", "  \n");
    fake
}

mod contract {
    use super::*;
    use std::ops::Deref;

    struct Scene {
        scene: TranscriberScene,
        _fake: FakeOpenAi,
    }

    impl Deref for Scene {
        type Target = TranscriberScene;
        fn deref(&self) -> &TranscriberScene {
            &self.scene
        }
    }

    async fn scene() -> Scene {
        let fake = fake().await;
        let transcriber = OpenAiTranscriber::new(config(&fake).with_limit(4096)).unwrap();
        let scene = TranscriberScene {
            transcriber: Box::new(transcriber),
            spoken: (recording(b"OggS one"), SAID.to_owned()),
            other: (recording(b"OggS two"), "Да, завтра в пять".to_owned()),
            silent: recording(b"OggS none"),
            secret: API_KEY.to_owned(),
        };
        Scene { scene, _fake: fake }
    }

    chatplug_core::transcriber_contract!(scene());
}

#[tokio::test]
async fn a_recording_goes_with_model_name_and_hint() {
    let fake = fake().await;
    let transcriber = OpenAiTranscriber::new(config(&fake)).unwrap();
    transcriber.transcribe(&Recording { language: Some(Lang::PT), ..recording(b"OggS one") }).await.unwrap();
    transcriber.transcribe(&recording(b"OggS one")).await.unwrap();
    let calls = fake.calls();
    let field = |call: usize, name: &str| calls[call].fields.get(name).cloned();
    assert_eq!((field(0, "model").as_deref(), field(0, "language").as_deref()), (Some(MODEL), Some("pt")));
    assert_eq!(field(1, "language"), None);
    assert_eq!((calls[0].file_name.as_str(), calls[0].mime.as_str(), calls[0].bytes), ("voice.ogg", "audio/ogg", 8));
}

#[tokio::test]
async fn what_goes_wrong_is_told_by_what_to_do() {
    let fake = fake().await;
    let transcriber = OpenAiTranscriber::new(config(&fake)).unwrap();
    let next = async |fault: Fault| {
        fake.fails(fault);
        transcriber.transcribe(&recording(b"OggS one")).await.unwrap_err()
    };
    assert!(matches!(next(Fault::Status(401)).await, TranscribeError::Unauthorized { code: 401 }));
    assert!(matches!(next(Fault::Status(402)).await, TranscribeError::Unauthorized { code: 402 }));
    assert!(matches!(next(Fault::Status(413)).await, TranscribeError::TooLarge));
    assert!(matches!(next(Fault::Status(422)).await, TranscribeError::Rejected { code: 422 }));
    let slow = next(Fault::TooMany(7)).await;
    assert!(matches!(slow, TranscribeError::RateLimited { retry_after: Some(wait) } if wait.num_seconds() == 7));
    for fault in [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Status(404),
        Fault::Cut,
        Fault::Body(String::new()),
        Fault::Body("<html>".to_owned()),
        Fault::Body(format!("{{\"words\":\"{SAID}\"}}")),
        Fault::Body(format!("{{\"text\":[\"{SAID}\"]}}")),
        Fault::Body(format!("{{\"text\":\"{}\"}}", "x".repeat(300 * 1024))),
        Fault::Redirect("http://127.0.0.1:9/elsewhere".to_owned()),
    ] {
        let told = next(fault.clone()).await;
        assert!(matches!(told, TranscribeError::Unavailable { .. }), "{fault:?}: {told:?}");
        assert!(!format!("{told:?}").contains("haircut"), "{told:?}");
    }
    assert_eq!(fake.calls().len(), 15, "nothing was asked twice");
    assert_eq!(transcriber.transcribe(&recording(b"OggS one")).await.unwrap().reveal(), SAID);
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let fake = fake().await;
    let config = config(&fake).with_timeout(Duration::from_millis(50));
    fake.fails(Fault::Hangs);
    let told = OpenAiTranscriber::new(config).unwrap().transcribe(&recording(b"OggS one")).await;
    assert!(matches!(told, Err(TranscribeError::Unavailable { .. })), "{told:?}");
}

#[tokio::test]
async fn what_is_too_large_or_no_recording_never_leaves() {
    let fake = fake().await;
    let transcriber = OpenAiTranscriber::new(config(&fake).with_limit(7)).unwrap();
    assert!(matches!(transcriber.transcribe(&recording(b"OggS one")).await, Err(TranscribeError::TooLarge)));
    let page = Recording { mime: "text/html".to_owned(), ..recording(b"<html>") };
    assert!(matches!(transcriber.transcribe(&page).await, Err(TranscribeError::Rejected { code: 415 })));
    assert!(matches!(transcriber.transcribe(&recording(b"")).await, Err(TranscribeError::Silent)));
    assert_eq!(fake.calls(), []);
}

#[test]
fn what_cannot_work_is_told_before_any_call() {
    for (url, model, key) in [
        ("ftp://x/v1", MODEL, "k"),
        ("x", MODEL, "k"),
        ("https://", MODEL, "k"),
        ("https://x.example/v1", " ", "k"),
        ("https://x.example/v1", MODEL, ""),
        ("https://x.example/v1", MODEL, "a\nb"),
    ] {
        assert!(OpenAiTranscriber::new(OpenAiConfig::new(url, model).with_api_key(key)).is_err(), "{url} {model:?}");
    }
}
