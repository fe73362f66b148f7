//! SIGKILL at random moments: a real process runs the engine on a file, everything else outlives it here. It is killed
//! again and again in the middle of fifty conversations, and in the end everybody has exactly what they were told.

mod child;
mod fate;
mod program;

use crate::support::{
    altegio, calcom,
    crm::Crm,
    people::{Ending, Person, Plan},
    stage::{BELLA, approve_templates},
};
use chatplug::{
    model::{BookingStatus, BranchId, TenantId, local_to_utc},
    ports::{Clock as _, Store as _, SystemClock},
    store::SqliteStore,
    whatsapp::fake::meta::{self, FakeMeta},
};
use chatplug_altegio::fake::{FakeAltegio, Fault};
use chatplug_calcom::fake::{self as calcom_api, FakeCalcom};
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Europe::Lisbon;
use fate::{Fate, Program};
use std::{collections::BTreeMap, path::Path, process::Stdio};

/// Conversations.
const PEOPLE: usize = 50;
/// Kills at least.
const KILLS: u32 = 10;

/// The process that is killed. Not a test of its own: it serves until it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that the crash test kills"]
async fn child_server() {
    child::serve_until_killed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_against_a_system_that_drops_answers() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("crash.sqlite");
    let graph = graph().await;
    let crm = Crm::new(Lisbon);
    crm.drop_every(9);
    let fate = Fate::new(7, KILLS + 2);
    let (to_graph, to_crm) = (address_of(&graph.base_url()), crm.start().await);
    let (to_graph, to_crm) = (fate.pass_to(to_graph).await, fate.pass_to(to_crm).await);
    let program = Program::new({
        let file = file.clone();
        move || {
            let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
            command.args(["--ignored", "--exact", "crash::child_server", "--nocapture"]);
            command.env(child::FILE, &file).env(child::META, format!("http://{to_graph}"));
            command.env(child::CRM, format!("http://{to_crm}")).stdout(Stdio::piped()).stderr(Stdio::inherit());
            command
        }
    });
    let front = fate.run(program).await;
    graph.callback(&format!("http://{front}/webhooks/meta/app"));
    crm.webhook_to(format!("http://{front}/webhooks/crm/desk"), 2);

    let said = fate.over(hold_all(&graph, "Corte")).await;
    let kills = fate.end().await;
    assert!(kills >= KILLS, "killed only {kills} times");

    // Nobody at the desk did anything, and nobody was told so.
    let news: Vec<_> = graph.all_sent().into_iter().filter(|message| message.text().contains("team")).collect();
    assert!(news.is_empty(), "{news:?}");
    // What stands is what everybody was told.
    assert_eq!(crm.overlaps(), 0);
    let mut standing: BTreeMap<String, Vec<DateTime<Utc>>> = BTreeMap::new();
    for made in crm.standing() {
        standing.entry(made.phone).or_default().push(made.start);
    }
    assert_told_the_truth(&said, &standing);
    assert_accounted_for(&file, &said).await;
}

/// The same at Altegio, which finds nothing by a key, with all that it does against its documentation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_over_altegio() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("crash.sqlite");
    let graph = graph().await;
    let fake = FakeAltegio::start().await.unwrap().at(Lisbon);
    for n in [4, 9, 17, 30] {
        fake.on("POST /records").after(n).answer(Fault::DropAnswer);
    }
    fake.on("PUT /record").after(5).answer(Fault::DropAnswer);
    fake.on("DELETE /record").after(2).answer(Fault::DropAnswer);
    let fate = Fate::new(5, KILLS + 2);
    let to_graph = fate.pass_to(address_of(&graph.base_url())).await;
    let to_altegio = fate.pass_to(address_of(fake.base_url().trim_end_matches("/api/v1"))).await;
    let program = Program::new({
        let file = file.clone();
        move || {
            let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
            command.args(["--ignored", "--exact", "crash::child_server", "--nocapture"]);
            command.env(child::FILE, &file).env(child::META, format!("http://{to_graph}"));
            command.env(child::ALTEGIO, format!("http://{to_altegio}/api/v1"));
            command.stdout(Stdio::piped()).stderr(Stdio::inherit());
            command
        }
    });
    let front = fate.run(program).await;
    graph.callback(&format!("http://{front}/webhooks/meta/app"));
    fake.hook(FakeAltegio::SALON, &format!("http://{front}/webhooks/altegio/{}", altegio::ENDPOINT));

    let said = fate.over(hold_all(&graph, "Haircut")).await;
    let kills = fate.end().await;
    assert!(kills >= KILLS, "killed only {kills} times");

    let news: Vec<_> = graph.all_sent().into_iter().filter(|message| message.text().contains("team")).collect();
    assert!(news.is_empty(), "{news:?}");
    assert_eq!((fake.overlaps(), fake.violations()), (0, Vec::new()));
    let mut standing: BTreeMap<String, Vec<DateTime<Utc>>> = BTreeMap::new();
    for record in fake.standing() {
        standing.entry(record.phone).or_default().push(local_to_utc(record.start, Lisbon).unwrap());
    }
    assert_told_the_truth(&said, &standing);
    assert_accounted_for(&file, &said).await;
}

/// The same at Cal.com, where a move makes another booking, and nothing is found by a key either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_over_calcom() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("crash.sqlite");
    let graph = graph().await;
    let fake = FakeCalcom::start().await.unwrap();
    let (plan, told) = calcom::demo(&BranchId::new("baixa").unwrap());
    calcom::fill(&fake, &plan, &told);
    for n in [4, 9, 17, 30] {
        fake.on("POST /bookings").after(n).answer(calcom_api::Fault::DropAnswer);
    }
    fake.on("POST /bookings/{uid}/reschedule").after(5).answer(calcom_api::Fault::DropAnswer);
    fake.on("POST /bookings/{uid}/cancel").after(2).answer(calcom_api::Fault::DropAnswer);
    let fate = Fate::new(3, KILLS + 2);
    let to_graph = fate.pass_to(address_of(&graph.base_url())).await;
    let to_calcom = fate.pass_to(address_of(&fake.base_url())).await;
    let program = Program::new({
        let file = file.clone();
        move || {
            let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
            command.args(["--ignored", "--exact", "crash::child_server", "--nocapture"]);
            command.env(child::FILE, &file).env(child::META, format!("http://{to_graph}"));
            command.env(child::CALCOM, format!("http://{to_calcom}"));
            command.stdout(Stdio::piped()).stderr(Stdio::inherit());
            command
        }
    });
    let front = fate.run(program).await;
    graph.callback(&format!("http://{front}/webhooks/meta/app"));
    calcom::hook(&fake, &format!("http://{front}"));

    let said = fate.over(hold_all(&graph, "women's haircut")).await;
    let kills = fate.end().await;
    assert!(kills >= KILLS, "killed only {kills} times");

    let news: Vec<_> = graph.all_sent().into_iter().filter(|message| message.text().contains("team")).collect();
    assert!(news.is_empty(), "{news:?}");
    assert_eq!((fake.overlaps(), fake.violations()), (0, Vec::new()));
    let mut standing: BTreeMap<String, Vec<DateTime<Utc>>> = BTreeMap::new();
    for booking in fake.standing() {
        let phone = booking.attendees[0].phone.clone().unwrap_or_default();
        standing.entry(phone.trim_start_matches('+').to_owned()).or_default().push(booking.start);
    }
    assert_told_the_truth(&said, &standing);
    assert_accounted_for(&file, &said).await;
}

/// The program itself, with the calendar in its own database and two businesses in its configuration.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_is_killed_in_the_middle() {
    let dir = tempfile::tempdir().unwrap();
    let graph = graph().await;
    let fate = Fate::new(11, KILLS + 2);
    let to_graph = fate.pass_to(address_of(&graph.base_url())).await;
    let config = program::configure(dir.path(), &format!("http://{to_graph}"));
    let program = Program::new(move || {
        let mut command = tokio::process::Command::new(crate::support::program::binary());
        command.args(["serve", "--config"]).arg(&config).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    });
    let front = fate.run(program).await;
    graph.callback(&format!("http://{front}/webhooks/meta/app"));

    let said = fate.over(hold_all(&graph, "women's haircut")).await;
    let kills = fate.end().await;
    assert!(kills >= KILLS, "killed only {kills} times");

    let standing = program::standing(&dir.path().join(program::FILE)).await;
    assert_told_the_truth(&said, &standing);
    assert_accounted_for(&dir.path().join(program::FILE), &said).await;
}

async fn graph() -> FakeMeta {
    let graph = FakeMeta::start().await.unwrap();
    graph.add_number(BELLA, "351210000000", "waba-1");
    approve_templates(&graph);
    // The provider's answers are lost now and then, too.
    for n in [3, 11, 19] {
        graph.on_send().to(&phone(n)).answer(meta::Fault::DropAnswer);
    }
    graph
}

fn phone(n: usize) -> String {
    format!("3519120000{n:02}")
}

/// Everybody holds their conversation to its end, side by side.
async fn hold_all(graph: &FakeMeta, service: &'static str) -> Vec<Ending> {
    // Far enough ahead that no reminder is due.
    let monday = SystemClock.now().date_naive() + Duration::days(9);
    let monday = chrono::NaiveWeek::first_day(&monday.week(chrono::Weekday::Mon));
    let people = (0..PEOPLE).map(|n| {
        // Two want every time.
        let wish = n / 2;
        let day = monday + Duration::days(2 + i64::try_from(wish % 3).unwrap());
        let plan = match n % 5 {
            0 | 1 => Plan::Book,
            2 | 3 => Plan::Move,
            _ => Plan::Cancel,
        };
        let hour = [10, 11, 12, 15, 16][wish / 3 % 5];
        let client = graph.client(&phone(n)).named(&format!("Client {n}"));
        Person::new(graph, client, service, plan, day, hour).talk()
    });
    let people: Vec<_> = people.map(tokio::spawn).collect();
    let mut endings = Vec::new();
    for person in people {
        endings.push(person.await.unwrap());
    }
    endings
}

fn assert_told_the_truth(said: &[Ending], standing: &BTreeMap<String, Vec<DateTime<Utc>>>) {
    for ending in said {
        let stands = standing.get(&ending.phone).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(stands, ending.visit.as_slice(), "{}", ending.transcript);
        assert_eq!(ending.booked, 1, "told of {} bookings:\n{}", ending.booked, ending.transcript);
        let changed = usize::from(ending.plan != Plan::Book);
        assert_eq!(ending.changed, changed, "told of {} changes:\n{}", ending.changed, ending.transcript);
    }
}

/// Every message of every client has an outcome, and what was said twice is known to have been in doubt.
async fn assert_accounted_for(file: &Path, said: &[Ending]) {
    let store = SqliteStore::open(file).await.unwrap();
    let rows = store.tenant(&TenantId::new("bella").unwrap());
    let conversations = rows.conversations(10 * PEOPLE).await.unwrap();
    assert_eq!(conversations.len(), PEOPLE);
    for view in conversations {
        assert_eq!(view.action, None, "an action is still open");
        let phone = view.contact.user.phone.as_ref().unwrap().digits().to_owned();
        let ending = said.iter().find(|ending| ending.phone == phone).unwrap();
        let log = rows.messages(view.id, 1000).await.unwrap();
        let heard: Vec<_> = log.iter().filter(|line| line.inbound).collect();
        assert_eq!(heard.len(), ending.wrote, "lost or doubled:\n{}", ending.transcript);
        assert!(heard.iter().all(|line| line.outcome.is_some()), "no outcome:\n{}", ending.transcript);
        let dead: Vec<_> = log.iter().filter(|line| line.status == "dead").collect();
        assert!(dead.is_empty(), "{dead:?}");
        let known = rows.bookings(view.contact.id, SystemClock.now()).await.unwrap();
        let known: Vec<_> = known.iter().filter(|b| b.status == BookingStatus::Booked).map(|b| b.start).collect();
        assert_eq!(known, ending.visit, "what we know is not what was told:\n{}", ending.transcript);
    }
    let repeated: usize = said.iter().map(|ending| ending.repeated.len()).sum();
    println!("repeated after a lost answer: {repeated}");
    store.close().await.unwrap();
}

fn address_of(url: &str) -> std::net::SocketAddr {
    url.trim_start_matches("http://").parse().unwrap()
}
