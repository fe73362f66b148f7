//! What each way of going wrong comes to, and that nothing is ever sent twice or called unsent when it was sent.

use crate::business::{NUMBER, graph, maria, messenger, phone, send_text, text};
use chatplug_core::{
    model::DeliveryKey,
    ports::{Messenger, SendError, SystemClock},
};
use chatplug_whatsapp::{
    fake::meta::Fault,
    meta::{MetaConfig, MetaMessenger, http_client},
};
use std::{sync::Arc, time::Duration};

#[tokio::test]
async fn a_lost_answer_is_unknown_and_was_sent_once() {
    let graph = graph().await;
    maria(&graph);
    let messenger = messenger(&graph);
    let faults =
        [Fault::DropAnswer, Fault::CutAnswer, Fault::GarbleAnswer, Fault::StatusAfter(502), Fault::StatusAfter(408)];
    for (n, fault) in faults.into_iter().enumerate() {
        graph.on_send().answer(fault.clone());
        let result = send_text(&messenger, &format!("message {n}")).await;
        assert!(matches!(result, Err(SendError::OutcomeUnknown { .. })), "{fault:?} came to {result:?}");
        assert_eq!(graph.all_sent().len(), n + 1, "{fault:?}");
    }
    // The connection that was broken is not missed by the next message.
    send_text(&messenger, "after").await.unwrap();
    assert_eq!(graph.all_sent().pop().unwrap().text(), "after");
}

#[tokio::test]
async fn a_request_that_vanished_is_just_as_unknown() {
    let graph = graph().await;
    let messenger = messenger(&graph);
    for fault in [Fault::DropRequest, Fault::Status(500), Fault::Status(503)] {
        graph.on_send().answer(fault.clone());
        let result = send_text(&messenger, "hi").await;
        assert!(matches!(result, Err(SendError::OutcomeUnknown { .. })), "{fault:?} came to {result:?}");
    }
    assert_eq!((graph.all_sent().len(), graph.refused()), (0, 3));
}

#[tokio::test]
async fn no_answer_in_time_is_unknown() {
    let graph = graph().await;
    maria(&graph);
    let _ = http_client();
    let impatient = reqwest::Client::builder().timeout(Duration::from_millis(200)).build().unwrap();
    let messenger = MetaMessenger::new(graph.config(NUMBER), impatient, Arc::new(SystemClock)).unwrap();
    graph.on_send().answer(Fault::Hang);
    let result = send_text(&messenger, "hi").await;
    assert!(matches!(result, Err(SendError::OutcomeUnknown { .. })), "{result:?}");
    assert_eq!(graph.all_sent().len(), 1);
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    // A port that was free a moment ago, and a name that does not exist.
    let port = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    for base in [format!("http://127.0.0.1:{port}"), "http://graph.invalid".to_owned()] {
        let config = MetaConfig::new(NUMBER, "token").with_base_url(base.as_str());
        let messenger = MetaMessenger::new(config, http_client().unwrap(), Arc::new(SystemClock)).unwrap();
        let result = send_text(&messenger, "hi").await;
        assert!(matches!(result, Err(SendError::Unavailable { .. })), "{base}: {result:?}");
    }
}

#[tokio::test]
async fn a_bare_refusal_took_nothing() {
    let graph = graph().await;
    let messenger = messenger(&graph);
    let mut told = Vec::new();
    for status in [400, 401, 404, 429, 302] {
        graph.on_send().answer(Fault::Status(status));
        told.push(format!("{:?}", send_text(&messenger, "hi").await.unwrap_err()));
    }
    let kinds: Vec<_> = told.iter().map(|told| told.split([' ', '{']).next().unwrap()).collect();
    assert_eq!(kinds, ["Rejected", "Unauthorized", "Rejected", "RateLimited", "Unavailable"]);
    assert_eq!(graph.all_sent().len(), 0);
}

#[tokio::test]
async fn codes_become_what_to_do() {
    let graph = graph().await;
    let messenger = messenger(&graph);
    let come_to = async |code: i64| {
        graph.on_send().answer(Fault::Code(code));
        format!("{:?}", send_text(&messenger, "hi").await.unwrap_err())
    };
    for (code, begins) in [
        (0, "Unauthorized { code: 0 }"),
        (190, "Unauthorized { code: 190 }"),
        (10, "Unauthorized { code: 10 }"),
        (250, "Unauthorized { code: 250 }"),
        (131_031, "Unauthorized { code: 131031 }"),
        (131_042, "Unauthorized { code: 131042 }"),
        (100, "Rejected { code: 100,"),
        (131_009, "Rejected { code: 131009,"),
        (131_048, "Rejected { code: 131048,"),
        (132_001, "Rejected { code: 132001,"),
        (999_999, "Rejected { code: 999999,"),
        (131_047, "OutsideWindow"),
        (131_026, "Unreachable { code: 131026 }"),
        (130_429, "RateLimited { retry_after: Some(TimeDelta { secs: 1,"),
        (80_007, "RateLimited { retry_after: Some(TimeDelta { secs: 120,"),
        (131_057, "RateLimited { retry_after: Some(TimeDelta { secs: 60,"),
        (2, "Unavailable"),
        (131_000, "Unavailable"),
        (131_016, "Unavailable"),
        (133_004, "Unavailable"),
    ] {
        let told = come_to(code).await;
        assert!(told.starts_with(begins), "{code} came to {told}");
    }
    assert_eq!(graph.all_sent().len(), 0);
}

#[tokio::test]
async fn too_fast_to_one_person_waits_longer_each_time_and_only_for_them() {
    let graph = graph().await;
    maria(&graph);
    let messenger = messenger(&graph);
    graph.on_send().to("16505551234").times(3).answer(Fault::Code(131_056));
    let mut waits = Vec::new();
    for _ in 0..3 {
        match send_text(&messenger, "hi").await {
            Err(SendError::TooFastToOne { retry_after: Some(wait) }) => waits.push(wait.num_seconds()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(waits, [1, 4, 16]);
    messenger.send(&phone("34600111222"), &text("hi"), DeliveryKey::derive(&["other"])).await.unwrap();
    send_text(&messenger, "hi").await.unwrap();
}

#[tokio::test]
async fn the_pair_rate_is_kept_when_asked_for() {
    let graph = graph().await;
    graph.set_now(chrono::DateTime::from_timestamp(1_780_000_000, 0).unwrap()).keep_pair_rate(true);
    maria(&graph);
    let messenger = messenger(&graph);
    for n in 0..45 {
        send_text(&messenger, &format!("burst {n}")).await.unwrap();
    }
    assert!(matches!(send_text(&messenger, "46th").await, Err(SendError::TooFastToOne { .. })));
    graph.advance(chrono::Duration::seconds(6));
    send_text(&messenger, "6 seconds later").await.unwrap();
    assert!(matches!(send_text(&messenger, "too soon").await, Err(SendError::TooFastToOne { .. })));
}

#[tokio::test]
async fn faults_strike_whom_they_are_meant_for() {
    let graph = graph().await;
    maria(&graph);
    let messenger = messenger(&graph);
    graph.on_send().from("206540352242923").always().answer(Fault::Code(190));
    graph.on_send().to("+34 600 111 222").answer(Fault::Code(131_026));
    send_text(&messenger, "not this one").await.unwrap();
    let ana = phone("34600111222");
    let first = messenger.send(&ana, &text("this one"), DeliveryKey::derive(&["1"])).await;
    assert!(matches!(first, Err(SendError::Unreachable { code: 131_026 })));
    messenger.send(&ana, &text("once"), DeliveryKey::derive(&["2"])).await.unwrap();
}

#[tokio::test]
async fn errors_hold_no_personal_data_and_no_token() {
    let graph = graph().await;
    let messenger = messenger(&graph);
    for fault in [Fault::Code(131_009), Fault::DropAnswer, Fault::Status(404), Fault::Status(502)] {
        graph.on_send().answer(fault);
        let error = send_text(&messenger, "my secret text").await.unwrap_err();
        let shown = format!("{error:?} {error}");
        for private in ["16505551234", "secret", "fake-access-token", NUMBER] {
            assert!(!shown.contains(private), "{shown}");
        }
    }
}
