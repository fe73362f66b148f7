//! SIGKILL while messages wait for their number's rate: only what was on its way is in doubt.

use crate::support::{
    database::{Database, Kind},
    program::{self, Business, Program},
    stage::{BELLA, approve_templates},
};
use chatplug::{
    calendar::demo,
    model::DeliveryKey,
    whatsapp::fake::meta::{FakeClient, FakeMeta, StatusPlan},
};
use futures_util::future::join_all;
use std::collections::BTreeSet;

/// More than go out in half a second at the default rate.
const PEOPLE: usize = 50;
/// Handed over when it dies.
const GONE: usize = 15;
/// What may have had its place and not have reached the provider yet: what a slow machine has under way.
const UNDER_WAY: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_waits_for_its_number_s_rate_is_not_in_doubt_when_its_process_dies() {
    join_all(Kind::ALL.map(dies_in_a_rush)).await;
}

async fn dies_in_a_rush(kind: Kind) {
    let database = Database::new(kind).await;
    let graph = FakeMeta::start().await.unwrap();
    graph.add_number(BELLA, "351210000000", "waba-1").statuses(StatusPlan::none());
    approve_templates(&graph);
    let folder = tempfile::tempdir().unwrap();
    let bella = Business {
        id: "bella".to_owned(),
        name: "Studio Bella".to_owned(),
        number: BELLA.to_owned(),
        branches: vec![("baixa".to_owned(), demo::SALON.to_owned())],
    };
    let config = program::configure(folder.path(), &graph.base_url(), &database.url(), "info", &[bella]);
    let program = Program::start(&config).await;
    graph.callback(&format!("{}/webhooks/meta/app", program.url));

    let clients: Vec<FakeClient> = (0..PEOPLE).map(|n| graph.client(&format!("3519120000{n:02}"))).collect();
    graph.deliver(clients.iter().map(|client| client.text("Hello! What do you do?"))).await;
    graph.wait_for(GONE).await;
    program.kill().await;
    let gone: BTreeSet<_> = graph.all_sent().into_iter().filter_map(|message| message.key).map(whole).collect();
    assert!(gone.len() < PEOPLE, "{kind}: nobody waits");

    let program = Program::start(&config).await;
    let told = |client: &FakeClient| !client.inbox().is_empty();
    graph.wait_until("an answer for everybody", |_| clients.iter().all(told)).await;
    let unknown = database.unknown().await;
    program.stop().await;
    let waited = unknown.difference(&gone).count();
    assert!(waited <= UNDER_WAY, "{kind}: {waited} in doubt that were not handed over, {} that were", gone.len());
}

fn whole(key: String) -> DeliveryKey {
    key.parse::<DeliveryKey>().unwrap().part_of().whole
}
