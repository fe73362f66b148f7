//! Files of clients: fetched with the token from Meta's hosts, within the size limit, and from nowhere else.

use crate::business::{NUMBER, graph, maria, messenger, phone};
use chatplug_core::{
    model::{MediaKind, MediaRef, MediaSource, Outbound, OwnFile},
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

fn own(mime: &str, bytes: impl Into<bytes::Bytes>) -> Outbound {
    let source = MediaSource::Own(OwnFile { mime: mime.to_owned(), bytes: bytes.into() });
    Outbound::Document { source, name: "2026-03-12_15-30.ics".to_owned(), caption: None }
}

#[tokio::test]
async fn a_file_of_ours_is_uploaded_once_and_sent_by_its_id() {
    let graph = graph().await;
    let _open = maria(&graph);
    let messenger = messenger(&graph);
    let send = async |key: &str, message: Outbound| {
        messenger.send(&phone("16505551234"), &message, crate::business::key(key)).await.map(|_| ())
    };
    send("1", own("text/calendar", "BEGIN:VCALENDAR")).await.unwrap();
    send("2", own("text/calendar", "BEGIN:VCALENDAR")).await.unwrap();
    // Meta names no calendars: they go as text, and open by the end of their name.
    assert_eq!(graph.uploads(), [("text/plain".to_owned(), "BEGIN:VCALENDAR".into())]);
    let sent = graph.sent(NUMBER);
    assert_eq!(sent[0].content()["filename"], "2026-03-12_15-30.ics");
    assert_eq!(sent[0].content()["id"], sent[1].content()["id"]);
    send("3", own("text/calendar", "another")).await.unwrap();
    assert_eq!(graph.uploads().len(), 2);

    // Ids end. One that Meta does not know any more is made anew, once, and the message goes out once.
    graph.expire_uploads();
    send("4", own("text/calendar", "BEGIN:VCALENDAR")).await.unwrap();
    assert_eq!((graph.uploads().len(), graph.sent(NUMBER).len()), (1, 4));
    assert_ne!(graph.sent(NUMBER)[3].content()["id"], sent[0].content()["id"]);
}

#[tokio::test]
async fn a_file_that_meta_would_refuse_never_leaves() {
    let graph = graph().await;
    let _open = maria(&graph);
    let messenger = messenger(&graph);
    let picture = |bytes: usize| Outbound::Image {
        source: MediaSource::Own(OwnFile { mime: "image/png".to_owned(), bytes: vec![0; bytes].into() }),
        caption: None,
    };
    let large = 5 * 1024 * 1024;
    for wrong in [own("application/x-msdownload", "MZ"), own("text/calendar", ""), picture(large + 1)] {
        let refused = messenger.send(&phone("16505551234"), &wrong, crate::business::key("1")).await;
        assert!(matches!(refused, Err(SendError::Rejected { .. })), "{refused:?}");
    }
    assert_eq!((graph.uploads().len(), graph.sent(NUMBER).len(), graph.refused()), (0, 0, 0));
    messenger.send(&phone("16505551234"), &picture(1024), crate::business::key("2")).await.unwrap();
    assert_eq!(graph.uploads().len(), 1);
}
