//! Several businesses behind one number, on one program and one database, with the same clients talking to all of them: no
//! word of one is in a row, an export, a log line or a message of another, and the lobby keeps nothing of what is said to
//! any of them.

use super::load::{capital, nothing_of, salon};
use crate::support::{
    database::{Database, Kind},
    program::{self, MASTER_KEY, Program},
    stage::approve_templates,
};
use chatplug::whatsapp::fake::meta::{FakeClient, FakeMeta};
use futures_util::future::join_all;
use std::{fmt::Write as _, path::Path, process::Command};

/// A word for each business: in its id, its names, its address, and in what its clients write to it.
const WORDS: [&str; 4] = ["quokka", "axolotl", "wombat", "narwhal"];
const CLIENTS: usize = 6;
/// What only a client says, or is called.
const PRIVATE: &str = "zebedeu";
const NUMBER: &str = "100000000000009";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_word_of_one_business_is_anywhere_near_another_on_one_number() {
    for kind in Kind::ALL {
        let database = Database::new(kind).await;
        let graph = FakeMeta::start().await.unwrap();
        graph.keep_pair_rate(false);
        graph.add_number(NUMBER, "351210000009", "waba-1");
        approve_templates(&graph);
        let folder = tempfile::tempdir().unwrap();
        let config = configure(folder.path(), &graph.base_url(), &database.url());
        let program = Program::start(&config).await;
        graph.callback(&format!("{}/webhooks/meta/app", program.url));
        let clients: Vec<FakeClient> = (0..CLIENTS)
            .map(|n| graph.client(&format!("35191000000{n}")).named(&format!("{PRIVATE} {n}")).at(NUMBER))
            .collect();
        join_all(clients.iter().enumerate().map(|(n, client)| converse(&graph, n, client))).await;
        graph.settled().await;
        let exports: Vec<String> = WORDS.iter().map(|word| export(&config, folder.path(), word)).collect();
        let log = program.stop().await;

        let rows = database.rows().await;
        let others = |word: &'static str| WORDS.into_iter().filter(move |other| *other != word);
        for (word, export) in WORDS.into_iter().zip(&exports) {
            let own = rows.get(word).unwrap_or_else(|| panic!("{kind}: no rows of {word}"));
            for n in 0..CLIENTS {
                let told = format!("{word}-secret of {n}");
                assert!(own.contains(&told), "{kind}: {word} has not heard {told:?}");
            }
            assert!(export.contains(&format!("{word}-secret of 0")), "{kind}: an export without what was said");
            for other in others(word) {
                nothing_of(other, own, &format!("{kind}: the rows of {word}"));
                nothing_of(other, export, &format!("{kind}: the export of {word}"));
            }
        }
        // The lobby knows the names of all, and nothing of what is said to any.
        let lobby = &rows["town"];
        assert!(lobby.contains("Studio Quokka") && lobby.contains("undecided of 0"), "{kind}: {lobby}");
        for said in ["-secret", "rua ", "haircut"] {
            nothing_of(said, lobby, &format!("{kind}: the rows of the lobby"));
        }
        // What one client gets is of one business, but for the menu; and the menu says nothing but names.
        for message in graph.sent(NUMBER) {
            let text = message.request.to_string().to_lowercase();
            let named = WORDS.iter().filter(|word| text.contains(**word)).count();
            match text.contains("to:quokka") {
                true => nothing_of("-secret", &text, &format!("{kind}: a menu")),
                false => assert!(named <= 1, "{kind}: several businesses in one message: {text}"),
            }
        }
        for line in log.lines() {
            nothing_of(PRIVATE, line, &format!("{kind}: a log line"));
            nothing_of("-secret", line, &format!("{kind}: a log line"));
            let named = WORDS.iter().filter(|word| line.to_lowercase().contains(**word)).count();
            assert!(named <= 1, "{kind}: several businesses in one line: {line}");
        }
        for (place, text) in rows.iter().filter(|(place, _)| !WORDS.contains(&place.as_str()) && *place != "town") {
            nothing_of(PRIVATE, text, &format!("{kind}: {place}"));
            nothing_of("-secret", text, &format!("{kind}: {place}"));
        }
    }
}

/// By the menu to the first, by links to the others, and around again by asking for another one; webhooks come twice.
async fn converse(graph: &FakeMeta, n: usize, client: &FakeClient) {
    let order: Vec<&str> = (0..WORDS.len()).map(|at| WORDS[(at + n) % WORDS.len()]).collect();
    says(graph, client, &format!("undecided of {n}"), "Several businesses").await;
    says(graph, client, &format!("Studio {}", capital(order[0])), "You're writing to").await;
    for (at, word) in order.iter().enumerate() {
        let code = if at == 0 { String::new() } else { format!(" #{word}") };
        says(graph, client, &format!("I am {PRIVATE}, with a {word}-secret of {n}.{code} Where are you?"), "").await;
        says(graph, client, &format!("And how much is it for my {word}-secret?"), "").await;
    }
    for word in order.iter().rev().take(2) {
        says(graph, client, "other business", "Which business").await;
        says(graph, client, &format!("Studio {}", capital(word)), "You're writing to").await;
        says(graph, client, &format!("Are you open today? My {word}-secret asks."), "").await;
    }
}

/// Says it, the webhook twice side by side, and waits for an answer that holds some words.
async fn says(graph: &FakeMeta, client: &FakeClient, text: &str, answer: &str) {
    let before = client.inbox().len();
    let event = client.text(text);
    tokio::join!(graph.deliver([event.clone()]), graph.deliver([event]));
    let came = || client.inbox().iter().skip(before).any(|message| message.text().contains(answer));
    graph.wait_until(&format!("{answer:?} to {text:?}"), |_| came()).await;
}

fn export(config: &Path, folder: &Path, tenant: &str) -> String {
    let file = folder.join(format!("{tenant}.json"));
    let mut export = Command::new(program::binary());
    export.arg("export").arg("--config").arg(config).args(["--tenant", tenant, "--phone", "+351910000000", "--out"]);
    let done = export.arg(&file).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    std::fs::read_to_string(file).unwrap()
}

fn configure(folder: &Path, graph: &str, database: &str) -> std::path::PathBuf {
    let (secret, verify, token) = (FakeMeta::APP_SECRET, FakeMeta::VERIFY_TOKEN, FakeMeta::TOKEN);
    let mut text = format!(
        "[server]\nbind = \"127.0.0.1:0\"\ninline_secrets = true\nlog = \"debug\"\n\
         [store]\nurl = \"{database}\"\n[vault]\nmaster_keys = \"{MASTER_KEY}\"\n\
         [[meta_app]]\nname = \"app\"\napp_secret = \"{secret}\"\nverify_token = \"{verify}\"\nbase_url = \"{graph}\"\n\
         [[shared_number]]\nid = \"town\"\nname = \"Town\"\nlanguage = \"en\"\n[shared_number.channel]\nprovider = \"meta\"\n\
         phone_number_id = \"{NUMBER}\"\naccess_token = \"{token}\"\n"
    );
    for word in WORDS {
        let _ = writeln!(
            text,
            "[[shared_number.member]]\ntenant = \"{word}\"\ncode = \"{word}\"\nkeywords = [\"{word}s\"]"
        );
    }
    for word in WORDS {
        let file = format!("{word}.toml");
        std::fs::write(folder.join(&file), salon(word)).unwrap();
        let _ = writeln!(
            text,
            "[[tenant]]\nid = \"{word}\"\nname = \"Studio {}\"\n[[tenant.branch]]\nid = \"baixa\"\ncalendar = \"{file}\"\n\
             [[tenant.channel]]\nid = \"desk\"\nprovider = \"shared\"\nshared_number = \"town\"",
            capital(word)
        );
    }
    let config = folder.join("chatplug.toml");
    std::fs::write(&config, text).unwrap();
    config
}
