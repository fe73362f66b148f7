//! Several businesses on one program and one database, under load over real HTTP, with troubles of their own: no word of one
//! is in a message, a row, a log line, a figure or an error of another; and no client's word is in any log at all.

use crate::support::{
    database::{Database, Kind},
    program::{self, Business, Program},
    stage::approve_templates,
};
use chatplug::{
    calendar::demo,
    whatsapp::fake::meta::{FakeClient, FakeMeta, Fault},
};
use chrono::{Days, NaiveDate};
use futures_util::future::join_all;

/// A word for each business: it is in its id, its names, its address, and in what its clients are called and write.
const WORDS: [&str; 5] = ["quokka", "axolotl", "wombat", "narwhal", "ocelot"];
/// Clients of each; those at the front write to every business, from one phone.
const CLIENTS: usize = 8;
const EVERYWHERE: usize = 2;
/// What only a client says, or is called.
const PRIVATE: &str = "zebedeu";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_word_of_one_business_is_anywhere_near_another_under_load() {
    for kind in Kind::ALL {
        let database = Database::new(kind).await;
        let graph = FakeMeta::start().await.unwrap();
        graph.keep_pair_rate(false);
        for at in 0..WORDS.len() {
            graph.add_number(&number(at), &format!("35121000000{at}"), "waba-1");
            // Troubles of every business's own end up in its logs.
            graph.on_send().from(&number(at)).times(2).answer(Fault::Status(503));
            graph.on_send().from(&number(at)).answer(Fault::DropAnswer);
            graph.on_send().from(&number(at)).answer(Fault::Code(131_056));
        }
        approve_templates(&graph);
        let folder = tempfile::tempdir().unwrap();
        let businesses: Vec<_> = (0..WORDS.len()).map(business).collect();
        let config = program::configure(folder.path(), &graph.base_url(), &database.url(), "debug", &businesses);
        let program = Program::start(&config).await;
        graph.callback(&format!("{}/webhooks/meta/app", program.url));

        let clients: Vec<Vec<FakeClient>> = (0..WORDS.len()).map(|at| clients(&graph, at)).collect();
        converse(&graph, &clients).await;
        let errors = provoke(&graph, &program.url).await;
        let figures = reqwest::get(format!("{}/metrics", program.url)).await.unwrap().text().await.unwrap();
        graph.settled().await;
        let log = program.stop().await;

        // Each did get as far as having something to hide.
        let rows = database.rows().await;
        for (at, word) in WORDS.into_iter().enumerate() {
            let own = rows.get(word).unwrap_or_else(|| panic!("{kind}: no rows of {word}"));
            let sent: String = graph.sent(&number(at)).iter().map(|message| format!("{}\n", message.request)).collect();
            assert!(own.contains(word) && sent.to_lowercase().contains(word), "{kind}: nothing of {word} to be found");
            for other in WORDS.into_iter().filter(|other| *other != word) {
                nothing_of(other, own, &format!("{kind}: the rows of {word}"));
                nothing_of(other, &sent, &format!("{kind}: the messages of {word}"));
            }
            for line in log.lines().filter(|line| line.contains(&format!("tenant.id={word}"))) {
                for other in WORDS.into_iter().filter(|other| *other != word) {
                    nothing_of(other, line, &format!("{kind}: a log line of {word}"));
                }
            }
        }
        for (whose, text) in [("a figure", &figures), ("an error", &errors)] {
            WORDS.iter().for_each(|word| nothing_of(word, text, &format!("{kind}: {whose}")));
            nothing_of(PRIVATE, text, &format!("{kind}: {whose}"));
        }
        // Logs name businesses by their ids, one a line, and clients not at all.
        assert!(log.lines().filter(|line| line.contains("tenant.id=")).count() > 100, "{kind}: nothing is logged");
        for line in log.lines() {
            nothing_of(PRIVATE, line, &format!("{kind}: a log line"));
            for client in clients.iter().flatten() {
                nothing_of(client.key(), line, &format!("{kind}: a log line"));
            }
            let named = WORDS.iter().filter(|word| line.to_lowercase().contains(*word)).count();
            assert!(named <= 1, "{kind}: several businesses in one line: {line}");
        }
        // What belongs to nobody holds nobody's words.
        for (place, text) in rows.iter().filter(|(place, _)| !WORDS.contains(&place.as_str())) {
            nothing_of(PRIVATE, text, &format!("{kind}: {place}"));
        }
    }
}

fn number(at: usize) -> String {
    format!("10000000000000{at}")
}

pub(super) fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

/// The salon's calendar, with a word in every name.
pub(super) fn salon(word: &str) -> String {
    let named = capital(word);
    demo::SALON
        .replace("Studio Bella", &format!("Studio {named}"))
        .replace("Rua Garrett", &format!("Rua {named}"))
        .replace("Ana Marques", &format!("Ana {named}"))
        .replace("Women's haircut", &format!("Women's haircut {named}"))
}

/// The salon, with its own word in every name.
fn business(at: usize) -> Business {
    let (word, named) = (WORDS[at], capital(WORDS[at]));
    let calendar = salon(word);
    Business {
        id: word.to_owned(),
        name: format!("Studio {named}"),
        number: number(at),
        branches: vec![("baixa".to_owned(), calendar)],
    }
}

fn clients(graph: &FakeMeta, at: usize) -> Vec<FakeClient> {
    let client = |n: usize| {
        let phone = if n < EVERYWHERE { format!("35191000000{n}") } else { format!("35191{at}0000{n:02}") };
        // Somebody who writes to all of them has one name for all.
        let name = if n < EVERYWHERE { format!("{PRIVATE} {n}") } else { format!("{PRIVATE} {}", capital(WORDS[at])) };
        graph.client(&phone).named(&name).at(&number(at))
    };
    (0..CLIENTS).map(client).collect()
}

/// Everybody writes in rounds; a webhook holds one message for each business.
async fn converse(graph: &FakeMeta, clients: &[Vec<FakeClient>]) {
    let tuesday = chatplug::ports::Clock::now(&chatplug::ports::SystemClock).date_naive() + Days::new(9);
    let tuesday = chrono::NaiveWeek::first_day(&tuesday.week(chrono::Weekday::Tue));
    for round in 0..4 {
        let posts = (0..CLIENTS).map(|n| {
            let events: Vec<_> =
                (0..WORDS.len()).map(|at| clients[at][n].text(&words(round, at, n, tuesday + Days::new(7)))).collect();
            // The same webhook twice, side by side, as happens.
            async move { tokio::join!(graph.deliver(events.clone()), graph.deliver(events)) }
        });
        let before: Vec<usize> = clients.iter().flatten().map(|client| client.inbox().len()).collect();
        join_all(posts).await;
        graph
            .wait_until("an answer for everybody", |_| {
                clients.iter().flatten().zip(&before).all(|(client, before)| client.inbox().len() > *before)
            })
            .await;
    }
}

fn words(round: usize, at: usize, n: usize, day: NaiveDate) -> String {
    let word = WORDS[at];
    match round {
        0 => format!("Hello! I am {PRIVATE} and have a {word}. What do you do?"),
        1 => "Where are you?".to_owned(),
        2 => {
            let day = day + Days::new(u64::try_from(n % 4).unwrap());
            let time = ["10:00", "15:00"][n / 4 % 2];
            format!("I'd like to book a women's haircut with Ana on {} at {time}.", day.format("%A %-d %B"))
        }
        _ => "yes".to_owned(),
    }
}

/// What strangers are answered: forged, malformed, misdirected.
async fn provoke(graph: &FakeMeta, url: &str) -> String {
    let http = chatplug::whatsapp::meta::http_client().unwrap();
    let mut text = String::new();
    let body = graph.body_of([graph.client("351999999999").at(&number(0)).text("let me in")]);
    let forged = http.post(format!("{url}/webhooks/meta/app")).header("x-hub-signature-256", "sha256=00").body(body);
    let broken = http.post(format!("{url}/webhooks/meta/app")).body("{");
    let elsewhere = http.post(format!("{url}/webhooks/meta/other")).body("{}");
    let lost = http.get(format!("{url}/api/v1/bookings"));
    for request in [forged, broken, elsewhere, lost] {
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_client_error(), "{answer:?}");
        text.push_str(&format!("{:?}", answer.headers()));
        text.push_str(&answer.text().await.unwrap());
    }
    text
}

pub(super) fn nothing_of(word: &str, text: &str, whose: &str) {
    let lower = text.to_lowercase();
    if let Some(at) = lower.find(word) {
        let from = (0..=at.saturating_sub(200)).rev().find(|from| lower.is_char_boundary(*from)).unwrap();
        let shown: String = lower[from..].chars().take(500).collect();
        panic!("{whose} has {word:?}: …{shown}…");
    }
}
