//! Files that clients sent.

use super::{ACCOUNT, Api, MARIA, TOKEN, desk::Desk, maria, twilio};
use chatplug_whatsapp::fake::twilio::FakeTwilio;
use http::header;

/// Gets a file's address, with credentials or none, and says where it leads.
async fn location(url: &str, login: bool) -> (u16, Option<String>) {
    let mut request = chatplug_whatsapp::meta::http_client().unwrap().get(url);
    if login {
        request = request.basic_auth(ACCOUNT, Some(TOKEN));
    }
    let response = request.send().await.unwrap();
    let to = response.headers().get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), to)
}

async fn sent_file(twilio: &FakeTwilio, desk: &Desk) -> String {
    twilio.callback(&desk.url("/hook"));
    maria(twilio).sends_voice(&b"OggS..."[..]).await;
    let came = desk.take().pop().unwrap();
    assert_eq!((came.get("NumMedia"), came.get("MediaContentType0")), (Some("1"), Some("audio/ogg")));
    came.get("MediaUrl0").unwrap().to_owned()
}

#[tokio::test]
async fn a_file_lies_behind_a_redirect_to_another_host() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    let url = sent_file(&twilio, &desk).await;
    assert!(url.starts_with(&format!("{}/2010-04-01/Accounts/{ACCOUNT}/Messages/MM", twilio.base_url())));
    assert_eq!(location(&url, false).await, (401, None));
    let (status, to) = location(&url, true).await;
    let to = to.unwrap();
    assert_eq!(status, 307);
    assert!(!to.starts_with(&twilio.base_url()));
    let file = chatplug_whatsapp::meta::http_client().unwrap().get(&to).send().await.unwrap();
    assert_eq!(file.headers()[header::CONTENT_TYPE], "audio/ogg");
    assert_eq!(file.bytes().await.unwrap(), &b"OggS..."[..]);
    // The credentials must stay with Twilio.
    assert_eq!((location(&to, true).await.0, twilio.leaks()), (400, 1));
    twilio.open_media(true);
    assert_eq!(location(&url, false).await.0, 307);
}

#[tokio::test]
async fn a_file_is_described_and_taken_away() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    let url = sent_file(&twilio, &desk).await;
    let api = Api::of(&twilio);
    let told = api.get(&format!("{url}.json")).await;
    assert_eq!((told.text("/content_type"), told.text("/account_sid")), ("audio/ogg", ACCOUNT));
    let all = url.rsplit_once('/').unwrap().0;
    assert_eq!(api.get(&format!("{all}.json")).await.body["media_list"].as_array().unwrap().len(), 1);
    assert_eq!(api.delete(&format!("{url}.json")).await.status, 204);
    assert_eq!(location(&url, true).await.0, 404);
}

#[tokio::test]
async fn a_redirect_may_lead_anywhere() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    twilio.callback(&desk.url("/hook"));
    let event = twilio.client(MARIA).file_elsewhere("image", "image/jpeg", "http://169.254.169.254/latest/meta-data");
    twilio.deliver([event]).await;
    let url = desk.take()[0].get("MediaUrl0").unwrap().to_owned();
    assert_eq!(location(&url, true).await, (307, Some("http://169.254.169.254/latest/meta-data".to_owned())));
}
