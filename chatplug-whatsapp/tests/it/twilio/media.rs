//! Files of clients: fetched with the credentials from Twilio, followed without them, within the size limit, and to no
//! private place.

use super::business::{ACCOUNT, Business, config, maria, messenger, messenger_with, twilio};
use super::webhooks::media_of;
use chatplug_core::{
    model::{MediaKind, MediaRef},
    ports::{Messenger, SendError},
};

fn file(id: &str) -> MediaRef {
    MediaRef { kind: MediaKind::Voice, id: id.to_owned(), mime: "audio/ogg".into(), caption: None }
}

#[tokio::test]
async fn a_file_is_fetched_and_the_credentials_stay_with_twilio() {
    let twilio = twilio().await;
    let business = Business::of(&twilio).await;
    maria(&twilio).sends_voice(&b"OggS..."[..]).await;
    let media = media_of(&business);
    assert_eq!(media.kind, MediaKind::Voice);
    let fetched = messenger(&twilio).fetch_media(&media).await.unwrap();
    assert_eq!((fetched.mime.as_str(), &fetched.bytes[..]), ("audio/ogg", &b"OggS..."[..]));
    assert_eq!(twilio.leaks(), 0);
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused() {
    let twilio = twilio().await;
    let business = Business::of(&twilio).await;
    let messenger = messenger_with(config(&twilio.base_url()).with_media_limit(1000));
    let maria = maria(&twilio);
    maria.sends_file("image", "image/jpeg", vec![0; 1001]).await;
    let refused = messenger.fetch_media(&media_of(&business)).await;
    assert!(matches!(refused, Err(SendError::Rejected { code: 63_019, .. })), "{refused:?}");
    maria.sends_file("image", "image/jpeg", vec![0; 1000]).await;
    assert_eq!(messenger.fetch_media(&media_of(&business)).await.unwrap().bytes.len(), 1000);
}

#[tokio::test]
async fn a_private_place_is_not_gone_to() {
    let twilio = twilio().await;
    let business = Business::of(&twilio).await;
    let maria = maria(&twilio);
    let messenger = messenger(&twilio);
    for url in [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/a",
        "https://[fd00::1]/a",
        "http://media.example.com/a",
        "https://media.example.com:8443/a",
        "https://me:secret@media.example.com/a",
        "file:///etc/passwd",
        "gopher://x",
    ] {
        twilio.deliver([maria.file_elsewhere("image", "image/jpeg", url)]).await;
        let refused = messenger.fetch_media(&media_of(&business)).await;
        assert!(matches!(refused, Err(SendError::Rejected { code: 63_019, .. })), "{url}: {refused:?}");
    }
    // In a circle.
    let circle = format!("{}/2010-04-01/Accounts/{ACCOUNT}/Messages/x/Media/y", twilio.base_url());
    twilio.deliver([maria.file_elsewhere("image", "image/jpeg", &circle)]).await;
    let refused = messenger.fetch_media(&media_of(&business)).await;
    assert!(matches!(refused, Err(SendError::Rejected { code: 63_019, .. })), "{refused:?}");
}

#[tokio::test]
async fn ids_that_are_no_ids_are_not_asked_for() {
    let twilio = twilio().await;
    let messenger = messenger(&twilio);
    let sid = |kind: &str| format!("{kind}{}", "0".repeat(32));
    for id in [
        String::new(),
        "404404".into(),
        "https://evil.example/a".into(),
        format!("{}/../{}", sid("MM"), sid("ME")),
        format!("{}/{}?x=1", sid("MM"), sid("ME")),
        format!("{}/{}", sid("ME"), sid("MM")),
    ] {
        let refused = messenger.fetch_media(&file(&id)).await;
        assert!(matches!(refused, Err(SendError::Rejected { code: 20_422, .. })), "{id}: {refused:?}");
    }
    let gone = messenger.fetch_media(&file(&format!("{}/{}", sid("MM"), sid("ME")))).await;
    assert!(matches!(gone, Err(SendError::Rejected { code: 63_019, .. })), "{gone:?}");
}

#[tokio::test]
async fn a_dead_token_is_told_as_one() {
    let twilio = twilio().await;
    let business = Business::of(&twilio).await;
    maria(&twilio).sends_voice(&b"x"[..]).await;
    let messenger = messenger(&twilio);
    twilio.set_token(ACCOUNT, "renewed");
    let refused = messenger.fetch_media(&media_of(&business)).await;
    assert!(matches!(refused, Err(SendError::Unauthorized { code: 401 })), "{refused:?}");
}
