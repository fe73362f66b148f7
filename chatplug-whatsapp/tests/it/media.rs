//! Files of clients: fetched with the token from Meta's hosts, within the size limit, and from nowhere else.

use crate::business::{NUMBER, graph, messenger};
use chatplug_core::{
    model::{MediaKind, MediaRef},
    ports::{Messenger, SendError, SystemClock},
};
use chatplug_whatsapp::meta::{MetaMessenger, http_client};
use std::sync::Arc;

fn voice(id: &str) -> MediaRef {
    MediaRef { kind: MediaKind::Voice, id: id.to_owned(), mime: "audio/ogg".into(), caption: None }
}

#[tokio::test]
async fn a_file_is_fetched_with_its_type() {
    let graph = graph().await;
    let id = graph.add_file("audio/ogg; codecs=opus", &b"OggS..."[..]);
    let file = messenger(&graph).fetch_media(&voice(&id)).await.unwrap();
    assert_eq!((file.mime.as_str(), &file.bytes[..]), ("audio/ogg; codecs=opus", &b"OggS..."[..]));
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused() {
    let graph = graph().await;
    let id = graph.add_file("image/jpeg", vec![0; 1001]);
    let config = graph.config(NUMBER).with_media_limit(1000);
    let messenger = MetaMessenger::new(config, http_client().unwrap(), Arc::new(SystemClock)).unwrap();
    let refused = messenger.fetch_media(&voice(&id)).await;
    assert!(matches!(refused, Err(SendError::Rejected { code: 131_052, .. })), "{refused:?}");
    let fits = graph.add_file("image/jpeg", vec![0; 1000]);
    assert_eq!(messenger.fetch_media(&voice(&fits)).await.unwrap().bytes.len(), 1000);
}

#[tokio::test]
async fn the_token_never_goes_elsewhere() {
    let graph = graph().await;
    let thief = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let messenger = messenger(&graph);
    for url in [
        format!("http://{}/file", thief.local_addr().unwrap()),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
        "not a url".to_owned(),
    ] {
        let id = graph.add_file_elsewhere("image/jpeg", &url);
        let refused = messenger.fetch_media(&voice(&id)).await;
        assert!(matches!(refused, Err(SendError::Rejected { code: 131_052, .. })), "{url}: {refused:?}");
    }
    let nobody_came = tokio::select! {
        biased;
        _ = thief.accept() => false,
        () = std::future::ready(()) => true,
    };
    assert!(nobody_came);
}

#[tokio::test]
async fn ids_that_are_no_ids_are_not_asked_for() {
    let graph = graph().await;
    let messenger = messenger(&graph);
    for id in ["", "../me", "1?fields=access_token", "a/b", "1#x", "%2e%2e"] {
        let refused = messenger.fetch_media(&voice(id)).await;
        assert!(matches!(refused, Err(SendError::Rejected { code: 100, .. })), "{id}: {refused:?}");
    }
    let gone = messenger.fetch_media(&voice("123456")).await;
    assert!(matches!(gone, Err(SendError::Rejected { code: 100, .. })), "{gone:?}");
}

#[tokio::test]
async fn a_dead_token_is_told_as_one() {
    let graph = graph().await;
    let id = graph.add_file("image/jpeg", &b"x"[..]);
    let messenger = messenger(&graph);
    graph.set_token(NUMBER, "renewed");
    let refused = messenger.fetch_media(&voice(&id)).await;
    assert!(matches!(refused, Err(SendError::Unauthorized { code: 190 })), "{refused:?}");
}
