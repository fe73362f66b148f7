//! Fifty clients and one time, and two hundred and twenty, over several processes: whoever is first has it, everybody else
//! is told the truth in the same reply.

use crate::support::{
    crm::Crm,
    database::{Database, Kind},
    fleet::Fleet,
    people::everybody,
    server::{Orders, Role},
    stage::{BELLA, Stage, System, approve_templates},
};
use chatplug::{
    model::{BookingStatus, TenantId},
    ports::{Clock as _, SystemClock},
    whatsapp::fake::meta::{FakeClient, FakeMeta, SentMessage},
};
use chrono::{DateTime, Days, Utc};
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};

const CROWD: usize = 50;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// What became of the crowd.
#[derive(Debug, Default)]
struct Told {
    booked: Vec<SentMessage>,
    taken: Vec<SentMessage>,
}

/// Everybody asks for the same time, sees the summary, and then all tap yes at once.
async fn rush(stage: &Stage, words: &str) -> Told {
    let working = stage.work();
    let clients: Vec<FakeClient> =
        (0..CROWD).map(|n| stage.graph.client(&format!("3519110000{n:02}")).named(&format!("Client {n}"))).collect();
    join_all(clients.iter().map(|client| client.says(words))).await;
    stage.graph.wait_until("a summary for everybody", |_| clients.iter().all(summed_up)).await;
    join_all(clients.iter().map(|client| client.chooses("Yes, book it"))).await;
    let answered = |client: &FakeClient| client.inbox().iter().any(|message| booked(message) || taken(message));
    stage.graph.wait_until("an answer for everybody", |_| clients.iter().all(answered)).await;
    drop(working);
    stage.settle().await;

    let mut told = Told::default();
    for client in &clients {
        let mut answers: Vec<_> =
            client.inbox().into_iter().filter(|message| booked(message) || taken(message)).collect();
        assert_eq!(answers.len(), 1, "told twice: {answers:?}");
        let answer = answers.remove(0);
        if booked(&answer) { told.booked.push(answer) } else { told.taken.push(answer) }
    }
    told
}

fn summed_up(client: &FakeClient) -> bool {
    client.inbox().iter().any(|message| message.choice("Yes, book it").is_some())
}

fn booked(message: &SentMessage) -> bool {
    message.text().contains("You're booked!")
}

fn taken(message: &SentMessage) -> bool {
    message.text().contains("someone has just taken that time")
}

/// At least three other times, and not the one that is gone; or an honest none.
fn offers_something(message: &SentMessage, gone: &str) {
    let times: Vec<_> = message.titles().into_iter().filter(|title| title.contains(':')).collect();
    let none = message.text().contains("nothing free") || message.text().contains("everything is taken");
    assert!(times.len() >= 3 || none, "no alternatives: {} {:?}", message.text(), message.titles());
    assert!(!times.iter().any(|title| title.contains(gone)), "the time that is gone is offered: {times:?}");
}

/// All bookings that the salon's clients have, by what we know of them.
async fn known(stage: &Stage) -> Vec<chatplug::model::Booking> {
    let rows = stage.store.tenant(&TenantId::new("bella").unwrap());
    let mut all = Vec::new();
    for conversation in rows.conversations(1000).await.unwrap() {
        all.extend(rows.bookings(conversation.contact.id, at("2026-03-01T00:00:00Z")).await.unwrap());
    }
    all.retain(|booking| booking.status == BookingStatus::Booked);
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_time_of_the_calendar_has_one_winner() {
    let stage = Stage::new().await;
    let told = rush(&stage, "Hi! I'd like to book a women's haircut with Ana on Thursday at 3pm.").await;
    assert_eq!((told.booked.len(), told.taken.len()), (1, CROWD - 1));
    told.taken.iter().for_each(|message| offers_something(message, "15:00"));
    assert_eq!(known(&stage).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn anyone_means_as_many_winners_as_people() {
    let stage = Stage::new().await;
    // On a Thursday at three Ana, Bruno and Daria are in.
    let told = rush(&stage, "Hi! I'd like to book a women's haircut with anyone on Thursday at 3pm.").await;
    assert_eq!((told.booked.len(), told.taken.len()), (3, CROWD - 3));
    told.taken.iter().for_each(|message| offers_something(message, "15:00"));
    let mut staff: Vec<_> = known(&stage).await.into_iter().filter_map(|booking| booking.staff).collect();
    staff.sort();
    assert_eq!(staff.iter().map(chatplug::model::StaffId::as_str).collect::<Vec<_>>(), ["ana", "bruno", "daria"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_time_of_a_system_that_checks_carelessly_has_one_winner() {
    for moves in [true, false] {
        let stage = Stage::with(System::Crm { moves }).await;
        let told = rush(&stage, "Hi! I'd like to book a Corte with Ana on Thursday at 3pm.").await;
        let crm = stage.crm.as_ref().unwrap();
        assert_eq!((told.booked.len(), told.taken.len()), (1, CROWD - 1));
        assert_eq!((crm.standing().len(), crm.overlaps()), (1, 0));
        told.taken.iter().for_each(|message| offers_something(message, "15:00"));
        assert_eq!(known(&stage).await.len(), 1);
    }
}

/// With everything on that Altegio does against its documentation, and somebody else's write possible between its check and
/// its write.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_time_at_altegio_has_one_winner() {
    let stage = Stage::with(System::Altegio).await;
    let fake = stage.altegio.clone().unwrap();
    fake.traps(|traps| traps.careless = true);
    let told = rush(&stage, "Hi! I'd like to book a women's haircut with Ana on Thursday at 3pm.").await;
    assert_eq!((told.booked.len(), told.taken.len()), (1, CROWD - 1));
    told.taken.iter().for_each(|message| offers_something(message, "15:00"));
    assert_eq!(known(&stage).await.len(), 1);
    assert_eq!((fake.overlaps(), fake.violations()), (0, Vec::new()));
}

/// Cal.com looks and then writes, with time enough in between: what overlaps and begins at another time is really booked
/// twice there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_time_at_calcom_has_one_winner() {
    let stage = Stage::with(System::Calcom).await;
    let fake = stage.calcom.clone().unwrap();
    fake.traps(|traps| traps.careless = true);
    let told = rush(&stage, "Hi! I'd like to book a women's haircut with Ana on Thursday at 3pm.").await;
    assert_eq!((told.booked.len(), told.taken.len()), (1, CROWD - 1));
    told.taken.iter().for_each(|message| offers_something(message, "15:00"));
    assert_eq!(known(&stage).await.len(), 1);
    assert_eq!((fake.standing().len(), fake.overlaps(), fake.violations()), (1, 0, Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn anyone_at_calcom_is_everyone_once() {
    let stage = Stage::with(System::Calcom).await;
    let fake = stage.calcom.clone().unwrap();
    fake.traps(|traps| traps.careless = true);
    // On a Thursday at three Ana, Bruno and Daria are in.
    let told = rush(&stage, "Hi! I'd like to book a women's haircut with anyone on Thursday at 3pm.").await;
    assert_eq!((told.booked.len(), told.taken.len()), (3, CROWD - 3));
    told.taken.iter().for_each(|message| offers_something(message, "15:00"));
    let hosts: BTreeSet<_> = fake.standing().into_iter().map(|booking| booking.hosts).collect();
    assert_eq!((hosts.len(), fake.standing().len(), fake.overlaps()), (3, 3, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn anyone_at_a_careless_system_is_everyone_once() {
    let stage = Stage::with(System::Crm { moves: true }).await;
    let told = rush(&stage, "Hi! I'd like to book a Corte with anyone on Thursday at 3pm.").await;
    let crm = stage.crm.as_ref().unwrap();
    assert_eq!((told.booked.len(), told.taken.len()), (2, CROWD - 2));
    let staff: BTreeMap<_, _> = crm.standing().into_iter().map(|made| (made.staff, made.start)).collect();
    let three = at("2026-03-12T15:00:00Z");
    assert_eq!(staff, BTreeMap::from([("ana".to_owned(), three), ("bruno".to_owned(), three)]));
    assert_eq!(crm.overlaps(), 0);
}

/// Two hundred clients want twenty times of a system that checks and then writes, through three processes where the database
/// takes several: each time has one winner, and nobody else is told that they have it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_clients_and_twenty_times_have_twenty_winners() {
    for kind in Kind::ALL {
        let roles: &[Role] = if kind.takes_several() { &[Role::Both; 3] } else { &[Role::Both] };
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
            concurrency: 64,
            sealed: false,
            patient: true,
        };
        let fleet = Fleet::start("kill::process", &orders, roles).await;
        graph.callback(&format!("{}/webhooks/meta/app", fleet.front.url()));

        // Ten clients to a time; five days, two hours, two people.
        let first = SystemClock.now().date_naive() + Days::new(9);
        let wish = |slot: usize| {
            let day = first + Days::new(u64::try_from(slot / 4).unwrap());
            let (hour, staff) = ([11, 15][slot / 2 % 2], ["Ana", "Bruno"][slot % 2]);
            (format!("Hi! I'd like to book a Corte with {staff} on {} at {hour}:00.", day.format("%A %-d %B")), hour)
        };
        let clients: Vec<_> =
            (0..200).map(|n| (n % 20, graph.client(&format!("3519110{n:05}")).named(&format!("Client {n}")))).collect();
        let told = agree_at_once(&graph, &clients, |slot| wish(slot).0).await;
        fleet.finish().await;

        assert_eq!((crm.standing().len(), crm.overlaps()), (20, 0), "{kind}");
        let winners: Vec<_> = told.iter().filter(|(_, answer)| booked(answer)).map(|(slot, _)| *slot).collect();
        assert_eq!(winners.len(), 20, "{kind}");
        assert_eq!(winners.iter().collect::<BTreeSet<_>>().len(), 20, "{kind}: {winners:?}");
        for (slot, answer) in told.iter().filter(|(_, answer)| taken(answer)) {
            offers_something(answer, &format!("{}:00", wish(*slot).1));
        }
    }
}

/// Everybody asks for their slot, sees the summary, and then all tap yes at once. Answers what each was told.
async fn agree_at_once(
    graph: &FakeMeta,
    clients: &[(usize, FakeClient)],
    wish: impl Fn(usize) -> String,
) -> Vec<(usize, SentMessage)> {
    join_all(clients.iter().map(|(slot, client)| {
        let wish = wish(*slot);
        async move { client.says(&wish).await }
    }))
    .await;
    everybody(graph, clients.len(), "a summary", |message| message.choice("Yes, book it").is_some()).await;
    join_all(clients.iter().map(|(_, client)| client.chooses("Yes, book it"))).await;
    let answers = |client: &FakeClient| {
        let inbox = client.inbox().into_iter();
        inbox.filter(|message| booked(message) || taken(message)).collect::<Vec<_>>()
    };
    everybody(graph, clients.len(), "an answer", |message| booked(message) || taken(message)).await;
    let told = clients.iter().map(|(slot, client)| {
        let mut answers = answers(client);
        assert_eq!(answers.len(), 1, "told twice: {answers:?}");
        (*slot, answers.remove(0))
    });
    told.collect()
}
