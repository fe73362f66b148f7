//! Many conversations in the middle of a critical action when their process is killed: the next one resumes them all. Half
//! of the bookings were made and never answered, half were never made; in the end everybody has theirs, once.

use crate::support::{
    crm::Crm,
    database::{Database, Kind},
    fleet::Fleet,
    people::everybody,
    server::{Orders, Role},
    stage::{BELLA, approve_templates},
};
use chatplug::{
    model::{DeliveryKey, TenantId},
    ports::{Clock as _, SystemClock},
    whatsapp::fake::meta::{FakeClient, FakeMeta},
};
use chrono::{Days, NaiveDate, NaiveTime};
use futures_util::{StreamExt as _, stream};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

/// Conversations in the short form.
const SOME: usize = 120;
/// Half-hours of a day at the desk, and people who work there.
const TIMES: usize = 18;
const STAFF: [&str; 2] = ["Ana", "Bruno"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_open_turn_of_a_killed_process_is_resumed_by_the_next() {
    for kind in Kind::ALL {
        resume(kind, SOME).await;
    }
}

/// The long form: a thousand conversations. `RESUME_CONVERSATIONS` says otherwise.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures: cargo xtask resume"]
async fn long() {
    #[expect(clippy::disallowed_methods, reason = "how the long form is told how many")]
    let conversations = std::env::var("RESUME_CONVERSATIONS").map_or(1000, |text| text.parse().unwrap());
    for kind in Kind::ALL {
        let took = resume(kind, conversations).await;
        println!(
            "{kind}: {conversations} open turns; ready {:.2} s after the restart, all answered {:.2} s after it",
            took.ready.as_secs_f64(),
            took.answered.as_secs_f64()
        );
    }
}

/// From the start of the next process on.
struct Took {
    ready: Duration,
    answered: Duration,
}

async fn resume(kind: Kind, conversations: usize) -> Took {
    let database = Database::new(kind).await;
    let graph = FakeMeta::start().await.unwrap();
    graph.add_number(BELLA, "351210000000", "waba-1").keep_pair_rate(false);
    approve_templates(&graph);
    let crm = Crm::new(chrono_tz::Europe::Lisbon);
    let orders = Orders {
        database: database.url(),
        graph: graph.base_url(),
        crm: format!("http://{}", crm.start().await),
        moves: true,
        keyed: false,
        role: Role::Both,
        concurrency: conversations + 8,
        sealed: false,
        patient: true,
    };
    let fleet = Fleet::start("kill::process", &orders, &[Role::Both]).await;
    graph.callback(&format!("{}/webhooks/meta/app", fleet.front.url()));

    // Everybody has a summary before them, each of another time.
    let first = SystemClock.now().date_naive() + Days::new(9);
    let clients: Vec<FakeClient> =
        (0..conversations).map(|n| graph.client(&format!("35191{n:07}")).named(&format!("Client {n}"))).collect();
    let asking = clients.iter().enumerate().map(|(n, client)| async move { client.says(&wish(first, n)).await });
    stream::iter(asking).buffer_unordered(64).collect::<Vec<_>>().await;
    everybody(&graph, conversations, "a summary", |message| message.choice("Yes, book it").is_some()).await;

    // Everybody's booking is with a booking system that does not answer; then the process is no more.
    crm.set_silent(true);
    let agreeing = clients.iter().map(|client| client.chooses("Yes, book it"));
    stream::iter(agreeing).buffer_unordered(64).collect::<Vec<_>>().await;
    crm.asked(conversations).await;
    fleet.server().kill();
    fleet.died(1).await;
    let started = Instant::now();
    crm.set_silent(false);
    fleet.server().ready().await;
    let ready = started.elapsed();
    everybody(&graph, conversations, "a booking", |message| message.text().contains("You're booked!")).await;
    let answered = started.elapsed();
    fleet.finish().await;

    // None lost, none doubled.
    let standing = crm.standing();
    let theirs: BTreeSet<_> = standing.iter().map(|made| made.phone.as_str()).collect();
    assert_eq!((standing.len(), theirs.len(), crm.overlaps()), (conversations, conversations, 0));
    let unknown = database.unknown().await;
    let store = database.open().await;
    let rows = store.tenant(&TenantId::new("bella").unwrap());
    let views = rows.conversations(10 * conversations).await.unwrap();
    assert_eq!(views.len(), conversations);
    for view in views {
        assert_eq!(view.action, None, "an action is still open");
        let log = rows.messages(view.id, 100).await.unwrap();
        let heard: Vec<_> = log.iter().filter(|line| line.inbound).collect();
        assert!(heard.len() == 2 && heard.iter().all(|line| line.outcome.is_some()), "{heard:?}");
    }
    for client in &clients {
        let mut told: BTreeMap<_, usize> = BTreeMap::new();
        for message in client.inbox().iter().filter(|message| message.text().contains("You're booked!")) {
            *told.entry(message.key.clone().unwrap()).or_default() += 1;
        }
        assert_eq!(told.len(), 1, "told of several bookings: {told:?}");
        let (key, times) = told.pop_first().unwrap();
        assert!(
            times == 1 || unknown.contains(&key.parse::<DeliveryKey>().unwrap().part_of().whole),
            "{key} came {times} times"
        );
    }
    Took { ready, answered }
}

/// What the n-th client wants: a time that nobody else wants.
fn wish(first: NaiveDate, n: usize) -> String {
    let day = first + Days::new(u64::try_from(n / (TIMES * STAFF.len())).unwrap());
    let time =
        NaiveTime::from_hms_opt(9, 0, 0).unwrap() + chrono::Duration::minutes(30 * i64::try_from(n % TIMES).unwrap());
    let staff = STAFF[n / TIMES % STAFF.len()];
    format!("Hi! I'd like to book a Barba with {staff} on {} at {}.", day.format("%A %-d %B"), time.format("%H:%M"))
}
