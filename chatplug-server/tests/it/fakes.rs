//! `chatplug demo --messenger …`: the page in front of a fake of a provider, with its adapter and real HTTP in between.

use crate::program::chatplug;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    time::Duration,
};
use tempfile::TempDir;

const CLIENT: &str = "447700900101";

/// The program with its page.
struct Demo {
    http: reqwest::Client,
    url: String,
    program: Child,
    _folder: TempDir,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

impl Demo {
    fn start(messenger: &str) -> Self {
        Self::with(&["--messenger", messenger])
    }

    fn with(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut program = chatplug();
        program.current_dir(folder.path()).args(["demo", "--port", "0"]).args(arguments);
        let mut program = program.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
        let url = lines.find_map(|line| Some(line.trim().strip_prefix("open   ")?.to_owned())).unwrap();
        assert!(lines.any(|line| line.contains("fake   http://127.0.0.1:")));
        assert!(lines.any(|line| line == "Ctrl+C stops it."));
        let http = chatplug_whatsapp::meta::http_client().unwrap();
        Self { http, url, program, _folder: folder }
    }

    async fn get(&self, path: &str) -> Value {
        self.http.get(format!("{}/api/{path}", self.url)).send().await.unwrap().json().await.unwrap()
    }

    async fn act(&self, act: Value) -> Value {
        let mut body = json!({ "client": CLIENT, "name": "Emma" });
        body.as_object_mut().unwrap().extend(act.as_object().unwrap().clone());
        let answer = self.http.post(format!("{}/api/act", self.url)).json(&body).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// The bubbles of the phone once they fit.
    async fn bubbles(&self, fit: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let url = format!("{}/api/events?client={CLIENT}", self.url);
        let mut stream = self.http.get(url).timeout(Duration::from_secs(60)).send().await.unwrap();
        let (mut text, mut items, mut live) = (Vec::new(), Vec::<Value>::new(), false);
        while !live || !fit(&items) {
            let chunk = stream.chunk().await.unwrap_or_else(|error| panic!("{error}: {items:#?}"));
            text.extend(chunk.expect("more to come"));
            while let Some(end) = text.windows(2).position(|two| two == b"\n\n") {
                let event = String::from_utf8(text.drain(..end + 2).collect()).unwrap();
                live |= event.starts_with("event: live");
                let Some(data) = event.strip_prefix("event: item\ndata: ") else { continue };
                let item: Value = serde_json::from_str(data).unwrap();
                match items.iter_mut().find(|known| known["id"] == item["id"]) {
                    Some(known) => *known = item,
                    None => items.push(item),
                }
            }
        }
        items
    }
}

/// The newest bubble of the salon that offers something.
fn offer(items: &[Value]) -> Option<&Value> {
    let offers = |item: &&Value| ["buttons", "list"].contains(&item["body"]["kind"].as_str().unwrap_or_default());
    items.iter().rev().filter(|item| item["mine"] == false).find(offers)
}

fn is_booked(items: &[Value]) -> bool {
    offer(items).is_some_and(|item| item["body"]["body"].as_str().is_some_and(|body| body.contains("You're booked!")))
}

async fn books_over(messenger: &str) {
    let demo = Demo::start(messenger);
    let items = books(&demo, "Hi! I'd like to book a women's haircut").await;
    // The phone showed it: the status takes the provider's way too.
    let ids: Vec<_> = items.iter().filter(|item| item["mine"] == false).map(|item| item["id"].clone()).collect();
    let seen = json!({ "client": CLIENT, "delivered": ids, "read": ids });
    let answer = demo.http.post(format!("{}/api/seen", demo.url)).json(&seen).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let state = format!("{}/api/state?client={CLIENT}", demo.url);
    let mut told = Value::Null;
    for _ in 0..1000 {
        told = demo.http.get(&state).send().await.unwrap().json().await.unwrap();
        if told["delivery"] == "read" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never read: {told:#}");
}

/// Asks, and taps the first of what is offered until it is booked; the bubbles then, map pin included.
async fn books(demo: &Demo, ask: &str) -> Vec<Value> {
    let told = demo.act(json!({ "kind": "text", "text": ask })).await;
    assert_eq!(told["status"].as_u64().map(|status| status / 100), Some(2), "{told}");
    // What can be chosen arrives as buttons or a list, and a tap on the first goes on, to the end.
    let mut tapped = Vec::new();
    loop {
        let items = demo.bubbles(|items| offer(items).is_some_and(|item| !tapped.contains(&item["id"]))).await;
        if is_booked(&items) {
            break;
        }
        let item = offer(&items).unwrap();
        let (on, choice) = match item["body"]["kind"].as_str() {
            Some("buttons") => ("button", &item["body"]["buttons"][0]),
            _ => ("row", &item["body"]["sections"][0]["rows"][0]),
        };
        let tap =
            json!({ "kind": "tap", "on": on, "id": choice["id"], "title": choice["title"], "quoted": item["id"] });
        let told = demo.act(tap).await;
        assert_eq!(told["status"].as_u64().map(|status| status / 100), Some(2), "{told}");
        tapped.push(item["id"].clone());
        assert!(tapped.len() < 12, "no end: {items:#?}");
    }
    let pin = |items: &[Value]| items.iter().any(|item| item["body"]["kind"] == "location");
    demo.bubbles(|items| is_booked(items) && pin(items)).await
}

/// What the salon said after so many bubbles.
fn said_after(items: &[Value], before: usize) -> Vec<&str> {
    items.iter().skip(before).filter_map(|item| item["body"]["body"].as_str()).collect()
}

#[tokio::test]
async fn a_visit_is_booked_at_altegios_fake_and_the_team_moves_and_cancels_it() {
    the_team_moves_and_cancels_at("altegio").await;
}

#[tokio::test]
async fn a_visit_is_booked_at_calcoms_fake_and_the_team_moves_and_cancels_it() {
    the_team_moves_and_cancels_at("calcom").await;
}

async fn the_team_moves_and_cancels_at(booking: &str) {
    let demo = Demo::with(&["--booking", booking]);
    let items = books(&demo, "Hi! I'd like to book an appointment").await;
    let state: Value = demo.get(&format!("state?client={CLIENT}")).await;
    let booked = &state["bookings"][0];
    let day = demo.get(&format!("day?date={}", booked["date"].as_str().unwrap())).await;
    let entries = day["entries"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["client"] == CLIENT).unwrap_or_else(|| panic!("{entries:#?}"));
    assert_eq!((&entry["start"], &entry["name"]), (&booked["start"], &json!("Emma")));
    assert!(entries.len() > 1, "a day looks like a day");

    // The desk moves it: the client hears of it once, and of the new time.
    let ours = async |date: &Value| {
        let day = demo.get(&format!("day?date={}", date.as_str().unwrap())).await;
        let found = day["entries"].as_array().unwrap().iter().find(|entry| entry["client"] == CLIENT).cloned();
        found.map_or(Value::Null, |entry| entry["id"].clone())
    };
    let desk = async |entry: &Value, what: &str| {
        let body = json!({ "entry": entry, "do": what });
        demo.http.post(format!("{}/api/desk", demo.url)).json(&body).send().await.unwrap().status().as_u16()
    };
    assert_eq!(desk(&entry["id"], "later").await, 204);
    let moved = demo.bubbles(|now| !said_after(now, items.len()).is_empty()).await;
    let state: Value = demo.get(&format!("state?client={CLIENT}")).await;
    let time = state["bookings"][0]["start"].as_str().unwrap();
    let told = said_after(&moved, items.len());
    assert!(told.len() == 1 && told[0].contains(time), "{time}: {told:?}");
    // Cal.com makes another booking of it.
    let entry = ours(&state["bookings"][0]["date"]).await;
    assert_eq!(desk(&entry, "cancel").await, 204);
    let gone = demo.bubbles(|now| now.len() > moved.len()).await;
    assert_eq!(said_after(&gone, moved.len()).len(), 1, "{gone:#?}");
    assert_eq!(desk(&entry, "cancel").await, 404, "it is gone");
}

#[tokio::test]
async fn a_visit_is_booked_over_metas_fake() {
    books_over("meta").await;
}

#[tokio::test]
async fn a_visit_is_booked_over_twilios_fake() {
    books_over("twilio").await;
}
