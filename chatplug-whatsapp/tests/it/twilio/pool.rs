//! The pool of content: made once, remembered, made again when it is gone, and never confused with what others made.

use super::business::{ACCOUNT, buttons, list, maria, messenger, row, send, twilio};
use chatplug_core::ports::SendError;
use chatplug_whatsapp::{
    fake::twilio::{FakeTwilio, Fault},
    twilio::http_client,
};
use serde_json::json;

async fn delete(twilio: &FakeTwilio, sid: &str) {
    let request = http_client().unwrap().delete(format!("{}/v1/Content/{sid}", twilio.base_url()));
    request.basic_auth(ACCOUNT, Some(FakeTwilio::TOKEN)).send().await.unwrap().error_for_status().unwrap();
}

fn used(twilio: &FakeTwilio) -> Vec<String> {
    twilio.all_sent().into_iter().filter_map(|sent| Some(sent.content?.sid)).collect()
}

#[tokio::test]
async fn it_is_made_once_and_found_by_the_next_process() {
    let twilio = twilio().await;
    maria(&twilio);
    let first = messenger(&twilio);
    let sends = (0..20).map(|n| buttons(&format!("question {n}"), &["Yes", "No"])).collect::<Vec<_>>();
    let all = futures_util::future::join_all(sends.iter().map(|message| send(&first, message))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(twilio.contents(ACCOUNT).len(), 1, "one for all that were sent at once");
    let second = messenger(&twilio);
    send(&second, &sends[0]).await.unwrap();
    send(&second, &list(&[(None, &[row("A", None)])])).await.unwrap();
    assert_eq!(twilio.contents(ACCOUNT).len(), 2);
    assert_eq!(twilio.refused(), 0);
}

#[tokio::test]
async fn two_processes_at_once_do_no_harm() {
    let twilio = twilio().await;
    maria(&twilio);
    let (first, second) = (messenger(&twilio), messenger(&twilio));
    let message = buttons("?", &["Yes"]);
    let (one, other) = tokio::join!(send(&first, &message), send(&second, &message));
    assert!(one.is_ok() && other.is_ok());
    assert!((1..=2).contains(&twilio.contents(ACCOUNT).len()));
    // Whoever comes later takes the older one.
    send(&messenger(&twilio), &message).await.unwrap();
    assert_eq!(used(&twilio).pop().as_ref(), twilio.contents(ACCOUNT).first());
}

#[tokio::test]
async fn what_is_gone_is_made_again_and_the_message_sent_once() {
    let twilio = twilio().await;
    maria(&twilio);
    let messenger = messenger(&twilio);
    send(&messenger, &buttons("1", &["Yes"])).await.unwrap();
    delete(&twilio, &twilio.contents(ACCOUNT)[0]).await;
    send(&messenger, &buttons("2", &["Yes"])).await.unwrap();
    send(&messenger, &buttons("3", &["Yes"])).await.unwrap();
    let used = used(&twilio);
    assert!(used.len() == 3 && used[0] != used[1] && used[1] == used[2], "{used:?}");
    assert_eq!(twilio.contents(ACCOUNT), used[1..2]);
}

#[tokio::test]
async fn what_is_refused_twice_is_given_up() {
    let twilio = twilio().await;
    maria(&twilio);
    let messenger = messenger(&twilio);
    twilio.on_send().times(2).answer(Fault::Code(21_655));
    let refused = send(&messenger, &buttons("1", &["Yes"])).await;
    assert!(matches!(refused, Err(SendError::Rejected { code: 21_655, .. })), "{refused:?}");
    // It was there all the time: no rubbish was made.
    assert_eq!((twilio.contents(ACCOUNT).len(), twilio.all_sent().len()), (1, 0));
    send(&messenger, &buttons("1", &["Yes"])).await.unwrap();
}

#[tokio::test]
async fn what_others_made_under_the_name_is_not_used() {
    let twilio = twilio().await;
    maria(&twilio);
    let types = json!({"twilio/quick-reply": {"body": "{{1}}", "actions": [{"title": "OK", "id": "ok"}]}});
    let foreign = json!({"friendly_name": "chatplug_buttons_1", "language": "en", "types": types});
    let foreign = twilio.add_content(ACCOUNT, &foreign).unwrap();
    send(&messenger(&twilio), &buttons("1", &["Yes"])).await.unwrap();
    let sent = twilio.all_sent().remove(0);
    assert!(sent.titles() == ["Yes"] && sent.content.unwrap().sid != foreign);
}

#[tokio::test]
async fn it_is_found_on_a_later_page() {
    let twilio = twilio().await;
    maria(&twilio);
    for n in 0..230 {
        let content =
            json!({"friendly_name": format!("x{n}"), "language": "en", "types": {"twilio/text": {"body": "x"}}});
        twilio.add_content(ACCOUNT, &content).unwrap();
    }
    send(&messenger(&twilio), &buttons("1", &["Yes"])).await.unwrap();
    send(&messenger(&twilio), &buttons("2", &["Yes"])).await.unwrap();
    assert_eq!(twilio.contents(ACCOUNT).len(), 231);
}

#[tokio::test]
async fn lists_get_small_print_where_twilio_wants_it() {
    let twilio = twilio().await;
    let maria = maria(&twilio);
    let messenger = messenger(&twilio);
    send(&messenger, &buttons("the list of contents is read", &["Yes"])).await.unwrap();
    maria.next().await;
    twilio.on_call("/v1/Content").answer(Fault::Code(20_422));
    let bare = list(&[(None, &[row("A", None), row("B", None)])]);
    for _ in 0..2 {
        send(&messenger, &bare).await.unwrap();
        let shown = maria.next().await;
        let print: Vec<_> = shown.choices().iter().map(|choice| choice.description.as_deref()).collect();
        assert_eq!((shown.titles(), print), (vec!["A", "B"], vec![Some("·"); 2]));
    }
}

#[tokio::test]
async fn while_content_cannot_be_had_nothing_is_sent_and_nothing_is_unknown() {
    let twilio = twilio().await;
    maria(&twilio);
    let messenger = messenger(&twilio);
    for (fault, begins) in [
        (Fault::DropAnswer, "Unavailable"),
        (Fault::Status(500), "Unavailable"),
        (Fault::GarbleAnswer, "Unavailable"),
        (Fault::Code(20_429), "RateLimited"),
        (Fault::Code(20_003), "Unauthorized"),
    ] {
        twilio.on_call("/v1/Content").answer(fault.clone());
        let error = send(&messenger, &buttons("1", &["Yes"])).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(begins), "{fault:?}: {error:?}");
    }
    assert_eq!(twilio.all_sent().len(), 0);
    // Made, but nobody heard of it: it is found, not made once more.
    send(&messenger, &buttons("1", &["Yes"])).await.unwrap();
    twilio.on_call("/v1/Content").answer(Fault::DropAnswer);
    let lost = send(&messenger, &buttons("2", &["Yes", "No"])).await;
    assert!(matches!(lost, Err(SendError::Unavailable { .. })), "{lost:?}");
    send(&messenger, &buttons("2", &["Yes", "No"])).await.unwrap();
    assert_eq!(twilio.contents(ACCOUNT).len(), 2);
}
