//! What each way of going wrong comes to, and that nothing is ever sent twice or called unsent when it was sent.

use super::business::{
    ACCOUNT, Business, SENDER, config, key, maria, messenger, messenger_with, phone, send_text, text, twilio,
};
use chatplug_core::{
    model::{FailureKind, Stage},
    ports::{Messenger, Scoped, SendError, SystemClock},
};
use chatplug_whatsapp::{
    fake::twilio::{Fault, StatusPlan},
    twilio::{TwilioConfig, TwilioMessenger, http_client},
};
use std::{sync::Arc, time::Duration};

#[tokio::test]
async fn a_lost_answer_is_unknown_and_was_sent_once() {
    let twilio = twilio().await;
    maria(&twilio);
    let messenger = messenger(&twilio);
    let faults =
        [Fault::DropAnswer, Fault::CutAnswer, Fault::GarbleAnswer, Fault::StatusAfter(502), Fault::StatusAfter(408)];
    for (n, fault) in faults.into_iter().enumerate() {
        twilio.on_send().answer(fault.clone());
        let result = send_text(&messenger, &format!("message {n}")).await;
        assert!(matches!(result, Err(SendError::OutcomeUnknown { .. })), "{fault:?} came to {result:?}");
        assert_eq!(twilio.all_sent().len(), n + 1, "{fault:?}");
    }
    // The connection that was broken is not missed by the next message.
    send_text(&messenger, "after").await.unwrap();
    assert_eq!(twilio.all_sent().pop().unwrap().text(), "after");
}

#[tokio::test]
async fn the_status_of_a_lost_message_names_its_key() {
    let twilio = twilio().await;
    maria(&twilio);
    let business = Business::of(&twilio).await;
    let messenger = messenger_with(config(&twilio.base_url()).with_status_callback(business.url.as_str()));
    twilio.statuses(StatusPlan::sent()).on_send().answer(Fault::DropAnswer);
    let lost = send_text(&messenger, "hi").await;
    assert!(matches!(lost, Err(SendError::OutcomeUnknown { .. })), "{lost:?}");
    twilio.settled().await;
    let [event] = &business.events()[..] else { panic!("{:?}", business.events()) };
    let Scoped::Status(status) = &event.event else { panic!("{event:?}") };
    assert_eq!((status.key, status.stage), (Some(key(&format!("{:?}", text("hi")))), Stage::Sent));
    assert_eq!(status.message.as_str(), twilio.all_sent()[0].id);
}

#[tokio::test]
async fn a_request_that_vanished_is_just_as_unknown() {
    let twilio = twilio().await;
    let messenger = messenger(&twilio);
    for fault in [Fault::DropRequest, Fault::Status(500), Fault::Status(503), Fault::Code(20_500)] {
        twilio.on_send().answer(fault.clone());
        let result = send_text(&messenger, "hi").await;
        assert!(matches!(result, Err(SendError::OutcomeUnknown { .. })), "{fault:?} came to {result:?}");
    }
    assert_eq!((twilio.all_sent().len(), twilio.refused()), (0, 4));
}

#[tokio::test]
async fn no_answer_in_time_is_unknown() {
    let twilio = twilio().await;
    maria(&twilio);
    let _ = http_client();
    let impatient = reqwest::Client::builder().timeout(Duration::from_millis(200)).build().unwrap();
    let messenger = TwilioMessenger::new(config(&twilio.base_url()), impatient, Arc::new(SystemClock)).unwrap();
    twilio.on_send().answer(Fault::Hang);
    let result = send_text(&messenger, "hi").await;
    assert!(matches!(result, Err(SendError::OutcomeUnknown { .. })), "{result:?}");
    assert_eq!(twilio.all_sent().len(), 1);
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    // A port that was free a moment ago, and a name that does not exist.
    let port = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    for base in [format!("http://127.0.0.1:{port}"), "http://twilio.invalid".to_owned()] {
        let result = send_text(&messenger_with(config(&base)), "hi").await;
        assert!(matches!(result, Err(SendError::Unavailable { .. })), "{base}: {result:?}");
    }
}

#[tokio::test]
async fn a_bare_refusal_took_nothing() {
    let twilio = twilio().await;
    let messenger = messenger(&twilio);
    let mut told = Vec::new();
    for status in [400, 401, 403, 404, 429, 302] {
        twilio.on_send().answer(Fault::Status(status));
        told.push(format!("{:?}", send_text(&messenger, "hi").await.unwrap_err()));
    }
    let kinds: Vec<_> = told.iter().map(|told| told.split([' ', '{']).next().unwrap()).collect();
    assert_eq!(kinds, ["Rejected", "Unauthorized", "Unauthorized", "Rejected", "RateLimited", "Unavailable"]);
    assert_eq!(twilio.all_sent().len(), 0);
}

#[tokio::test]
async fn codes_become_what_to_do_in_either_envelope() {
    let twilio = twilio().await;
    let messenger = messenger(&twilio);
    let come_to = async |code: i64| {
        twilio.on_send().answer(Fault::Code(code));
        format!("{:?}", send_text(&messenger, "hi").await.unwrap_err())
    };
    for problem in [false, true] {
        twilio.problem_details(problem);
        for (code, begins) in [
            (20_003, "Unauthorized { code: 20003 }"),
            (20_005, "Unauthorized { code: 20005 }"),
            (20_404, "Unauthorized { code: 20404 }"),
            (63_007, "Unauthorized { code: 63007 }"),
            (21_606, "Unauthorized { code: 21606 }"),
            (21_617, "Rejected { code: 21617,"),
            (63_030, "Rejected { code: 63030,"),
            (21_999, "Rejected { code: 21999,"),
            (63_016, "OutsideWindow"),
            (21_211, "Unreachable { code: 21211 }"),
            (21_610, "Unreachable { code: 21610 }"),
            (63_003, "Unreachable { code: 63003 }"),
            (21_611, "RateLimited { retry_after: Some(TimeDelta { secs: 120,"),
            (63_017, "RateLimited { retry_after: Some(TimeDelta { secs: 1,"),
            (63_038, "RateLimited { retry_after: Some(TimeDelta { secs: 3600,"),
            (63_012, "Unavailable"),
        ] {
            let told = come_to(code).await;
            assert!(told.starts_with(begins), "{code} came to {told}");
        }
    }
    assert_eq!(twilio.all_sent().len(), 0);
}

#[tokio::test]
async fn too_many_calls_wait_longer_each_time() {
    let twilio = twilio().await;
    maria(&twilio);
    let messenger = messenger(&twilio);
    twilio.on_send().times(4).answer(Fault::Code(20_429));
    let mut longest = 100;
    for _ in 0..4 {
        match send_text(&messenger, "hi").await {
            Err(SendError::RateLimited { retry_after: Some(wait) }) => {
                assert!((longest / 2..=longest).contains(&wait.num_milliseconds()), "{wait} of {longest}");
            }
            other => panic!("{other:?}"),
        }
        longest *= 2;
    }
    send_text(&messenger, "hi").await.unwrap();
}

#[tokio::test]
async fn what_whatsapp_refuses_later_is_told_by_status() {
    let twilio = twilio().await;
    let business = Business::of(&twilio).await;
    let messenger = messenger_with(config(&twilio.base_url()).with_status_callback(business.url.as_str()));
    // Nobody wrote: Twilio takes the message, and WhatsApp does not.
    send_text(&messenger, "too late").await.unwrap();
    twilio.unreachable("+34600111222");
    twilio.client("+34600111222").opens_window();
    messenger.send(&phone("34600111222"), &text("hi"), key("2")).await.unwrap();
    twilio.settled().await;
    let failures: Vec<_> = business
        .events()
        .into_iter()
        .filter_map(|event| match event.event {
            Scoped::Status(status) => status.failure.map(|failure| (failure.code, failure.kind)),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(failures, [(63_016, FailureKind::OutsideWindow), (63_024, FailureKind::Unreachable)]);
}

#[tokio::test]
async fn errors_hold_no_personal_data_and_no_token() {
    let twilio = twilio().await;
    let messenger = messenger(&twilio);
    let stranger = TwilioConfig::new(ACCOUNT, "stranger-token", SENDER).with_base_url(twilio.base_url());
    let mut errors = vec![send_text(&messenger_with(stranger), "my secret text").await.unwrap_err()];
    for fault in [Fault::Code(21_211), Fault::Code(20_422), Fault::DropAnswer, Fault::Status(404), Fault::Status(502)] {
        twilio.on_send().answer(fault);
        errors.push(send_text(&messenger, "my secret text").await.unwrap_err());
    }
    for error in errors {
        let shown = format!("{error:?} {error}");
        for private in ["15551230001", "secret", "stranger-token", "15550009999"] {
            assert!(!shown.contains(private), "{shown}");
        }
    }
}
