//! Calls by themselves: whose token it is, and how fast.

use crate::backend::unhurried;
use chatplug_altegio::{
    AltegioClient, AltegioConfig, CallError,
    client::http_client,
    fake::{FakeAltegio, Fault, RateLimit},
};
use chatplug_core::testkit::MemoryLimiter;
use serde_json::Value;
use std::sync::Arc;

fn client(config: AltegioConfig) -> AltegioClient {
    AltegioClient::new(config, http_client().unwrap())
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_named() {
    let fake = FakeAltegio::start().await.unwrap();
    let services = async |config: AltegioConfig| unhurried(client(config)).get::<Value>("company/4564/services").await;
    services(fake.config()).await.unwrap();
    let other = |partner: &str| AltegioConfig::new(partner).with_base_url(fake.base_url());
    let error = services(other("wrong").with_user_token(FakeAltegio::USER_TOKEN)).await.unwrap_err();
    assert!(matches!(error, CallError::PartnerToken), "{error:?}");
    for config in [other(FakeAltegio::PARTNER_TOKEN).with_user_token("wrong"), other(FakeAltegio::PARTNER_TOKEN)] {
        let error = services(config).await.unwrap_err();
        assert!(matches!(error, CallError::UserToken), "{error:?}");
    }
    fake.deny("timetable_access");
    let error = services(fake.config()).await.unwrap_err();
    assert!(matches!(error, CallError::Forbidden(_)), "{error:?}");
}

#[tokio::test]
async fn what_is_said_of_an_error_names_nobody() {
    let fake = FakeAltegio::start().await.unwrap();
    fake.on("GET /client").answer(Fault::Refuse(422, "Maria Silva, +351910000001, is not welcome".to_owned()));
    let error = unhurried(client(fake.config())).get::<Value>("client/4564/1").await.unwrap_err();
    let printed = format!("{error} {error:?}");
    assert!(!printed.contains("Maria") && !printed.contains("351910000001") && printed.contains("422"), "{printed}");
}

#[tokio::test]
async fn two_processes_together_keep_to_the_limit() {
    let fake = FakeAltegio::start().await.unwrap();
    fake.keep_rate(RateLimit::default());
    let limiter = Arc::new(MemoryLimiter::new());
    let processes = [0, 1].map(|_| client(fake.config()).with_limiter(limiter.clone()));
    let call = async |process: &AltegioClient| process.get::<Value>("company/4564").await.map(drop);
    let all = (0..8).map(|n| call(&processes[n % 2]));
    for answer in futures_util::future::join_all(all).await {
        answer.unwrap();
    }
    assert!(fake.calls().iter().all(|call| call.status == 200), "nobody was told to slow down");
}
