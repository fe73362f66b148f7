//! What a [`Transcriber`] promises: what was said, or why not, and nothing of it anywhere else.

use crate::{
    model::Lang,
    ports::{Recording, TranscribeError, Transcriber},
};
use bytes::Bytes;
use futures_util::future::join_all;

/// Expands to the whole suite of a transcriber, a test per promise: `transcriber_contract!(scene())`, where `scene()` gives
/// a future of a [`TranscriberScene`] behind a `Box` or an `Arc`.
#[macro_export]
macro_rules! transcriber_contract {
    ($setup:expr) => {
        $crate::__contract_tests! { $setup; $crate::testkit::contract::transcriber:
            what_was_said_is_written_down
            the_same_again_is_written_down_again
            whatever_language_is_hinted_at_it_is_written_down
            silence_is_no_words
            what_is_too_large_is_refused
            what_is_no_recording_is_refused_or_down
            many_at_once_are_not_mixed_up
            nothing_private_is_shown
        }
    };
}

/// A transcriber with recordings that it can hear.
#[derive(Debug)]
pub struct TranscriberScene {
    /// The transcriber.
    pub transcriber: Box<dyn Transcriber>,
    /// A recording, with the words in it.
    pub spoken: (Recording, String),
    /// Another one.
    pub other: (Recording, String),
    /// A recording in which nobody speaks.
    pub silent: Recording,
    /// Something that must never be shown: a key, for instance.
    pub secret: String,
}

#[expect(clippy::unwrap_used, reason = "a broken promise fails its test by panicking")]
async fn words(scene: &TranscriberScene, recording: &Recording) -> String {
    scene.transcriber.transcribe(recording).await.unwrap().reveal().clone()
}

/// What was said, word by word.
pub async fn what_was_said_is_written_down(scene: &TranscriberScene) {
    assert_eq!(words(scene, &scene.spoken.0).await, scene.spoken.1);
}

/// After a crash the same recording is asked for again.
pub async fn the_same_again_is_written_down_again(scene: &TranscriberScene) {
    for _ in 0..3 {
        assert_eq!(words(scene, &scene.spoken.0).await, scene.spoken.1);
    }
}

/// The hint is a hint.
pub async fn whatever_language_is_hinted_at_it_is_written_down(scene: &TranscriberScene) {
    for language in [None, Some(Lang::EN), Some(Lang::RU)] {
        assert_eq!(words(scene, &Recording { language, ..scene.spoken.0.clone() }).await, scene.spoken.1);
    }
}

/// Where nobody speaks nothing was said.
pub async fn silence_is_no_words(scene: &TranscriberScene) {
    let heard = scene.transcriber.transcribe(&scene.silent).await;
    assert!(matches!(heard, Err(TranscribeError::Silent)), "{heard:?}");
}

/// A recording beyond the limit.
pub async fn what_is_too_large_is_refused(scene: &TranscriberScene) {
    let bytes = Bytes::from(vec![0; scene.transcriber.limit() + 1]);
    let heard = scene.transcriber.transcribe(&Recording { bytes, ..scene.spoken.0.clone() }).await;
    assert!(matches!(heard, Err(TranscribeError::TooLarge)), "{heard:?}");
}

/// Nonsense is no words.
pub async fn what_is_no_recording_is_refused_or_down(scene: &TranscriberScene) {
    for (mime, bytes) in [("audio/ogg", &b"<html>"[..]), ("text/html", b"\0\0"), ("", b"")] {
        let recording = Recording { mime: mime.to_owned(), bytes: Bytes::from_static(bytes), language: None };
        let heard = scene.transcriber.transcribe(&recording).await;
        let refused = matches!(
            heard,
            Err(TranscribeError::Rejected { .. } | TranscribeError::Silent | TranscribeError::Unavailable { .. })
        );
        assert!(refused, "{heard:?}");
    }
}

/// Recordings of many people at the same time.
pub async fn many_at_once_are_not_mixed_up(scene: &TranscriberScene) {
    join_all((0..20).map(|n| async move {
        let (recording, said) = if n % 2 == 0 { &scene.spoken } else { &scene.other };
        assert_eq!(words(scene, recording).await, *said);
    }))
    .await;
}

/// Neither the key nor the words stand in what is shown of it.
pub async fn nothing_private_is_shown(scene: &TranscriberScene) {
    let heard = scene.transcriber.transcribe(&scene.spoken.0).await;
    let shown = format!("{:?} {heard:?} {:?}", scene.transcriber, scene.spoken.0);
    for private in [&scene.secret, &scene.spoken.1] {
        assert!(!shown.contains(private.as_str()), "it shows what is private");
    }
}
