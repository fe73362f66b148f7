//! Every call that the real server was heard to answer, made again in the order in which it was made, and its answer
//! compared: status, headers, every member with its type, every text. What differs from one run to the next (numbers of
//! bookings, uids, when something was made) is matched, and must then stay the same.

use super::{Answer, Caller};
use chatplug_calcom::fake::{FakeCalcom, FakeDelivery, FakeSchedule, RateLimit, WebhookPlan};
use chatplug_judges::contract;
use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What was done, in order: a recording, and from which to which call; or something that was done to the server by hand.
enum Step {
    Calls(&'static str, usize, usize),
    /// So many calls at the same time.
    AtOnce(&'static str, usize, usize),
    Hand(fn(&mut Run)),
}

use Step::{AtOnce, Calls, Hand};

const SETUP: &str = "schedules_event_types";
const NEW: &str = "bookings_create";
const CHANGE: &str = "bookings_change";
const LIST: &str = "bookings_list";
const HOLD: &str = "reservations";

const STEPS: &[Step] = &[
    Calls(SETUP, 0, 19),
    // What only the web editor can do.
    Hand(|run| {
        run.fake.change_event_type(FakeCalcom::PHONE_ONLY, |of| of.phone_only = true);
    }),
    Calls("webhook_admin", 0, 3),
    Calls("slots", 0, 19),
    Calls(NEW, 0, 26),
    Calls(CHANGE, 0, 1),
    Calls(NEW, 27, 31),
    Calls(HOLD, 0, 9),
    Calls("slots", 20, 22),
    Calls(HOLD, 10, 17),
    Calls(CHANGE, 2, 20),
    Calls(NEW, 32, 34),
    Calls(CHANGE, 21, 24),
    Calls(NEW, 35, 35),
    Calls(CHANGE, 25, 29),
    // So that somebody can have missed it.
    Hand(|run| run.rewind("iJwdcbEFfomfBBqXNFXgmh", "2026-11-21T00:07:43.241Z")),
    Calls(CHANGE, 30, 34),
    Calls(LIST, 0, 14),
    Calls(NEW, 36, 36),
    Calls(CHANGE, 35, 35),
    Calls(NEW, 37, 39),
    Calls("slots", 23, 23),
    Calls(NEW, 40, 45),
    Calls(CHANGE, 36, 41),
    Calls("slots", 24, 24),
    Calls(CHANGE, 42, 46),
    AtOnce(NEW, 46, 50),
    AtOnce(NEW, 51, 53),
    Calls(NEW, 54, 65),
    Calls(LIST, 15, 16),
    Calls(SETUP, 20, 23),
    Calls(NEW, 66, 68),
    Calls(SETUP, 24, 25),
    Hand(|run| {
        let hours = FakeSchedule::weekdays(FakeCalcom::BORIS, chrono_tz::Europe::Berlin, "09:00", "17:00");
        run.fake.add_schedule(hours);
    }),
    Calls("teams", 0, 1),
    Calls("slots", 25, 25),
    Calls("teams", 2, 7),
    // One of the two has something else then.
    Hand(|run| {
        let start = "2026-12-22T13:00:00Z".parse().unwrap();
        assert_ne!(run.fake.desk().books(FakeCalcom::HAIRCUT, start, "c8@client.example", "Ivan Client"), "");
    }),
    Calls("teams", 8, 10),
    Calls("auth_and_rate_limit", 0, 0),
    Hand(|run| {
        run.fake.keep_rate(RateLimit::default());
    }),
    Calls("auth_and_rate_limit", 1, 1),
    Hand(|run| run.extra = 119),
    Calls("auth_and_rate_limit", 2, 3),
    Hand(|run| {
        run.fake.advance(Duration::seconds(4));
    }),
    Calls("auth_and_rate_limit", 4, 4),
];

/// Calls that cannot be made again, and why. None.
const LEFT_OUT: &[(&str, &str)] = &[];

struct Run {
    fake: FakeCalcom,
    caller: Caller,
    files: BTreeMap<&'static str, Vec<Value>>,
    /// Recorded uids, and what they are here.
    uids: BTreeMap<String, String>,
    /// Recorded numbers of bookings.
    numbers: BTreeMap<u64, u64>,
    done: BTreeSet<(&'static str, usize)>,
    wrong: Vec<String>,
    /// Calls of the next kind that were made before and not recorded.
    extra: usize,
}

#[tokio::test]
async fn every_recorded_answer_is_given_again() {
    let names = [SETUP, "webhook_admin", "slots", NEW, CHANGE, LIST, HOLD, "teams", "auth_and_rate_limit"];
    let read = |name: &'static str| Some((name, contract(&format!("calcom/recorded/{name}.json"))?));
    let Some(files) = names.into_iter().map(read).collect::<Option<Vec<_>>>() else { return };
    let files: BTreeMap<_, _> =
        files.into_iter().map(|(name, file)| (name, file.as_array().unwrap().clone())).collect();
    let total: usize = files.values().map(Vec::len).sum();
    let fake = FakeCalcom::start().await.unwrap();
    fake.bare().set_now("2026-11-21T02:06:26.000Z".parse().unwrap()).webhooks(WebhookPlan::calm().held());
    // Wide enough for five calls on a busy machine.
    fake.traps(|traps| traps.gap = std::time::Duration::from_millis(300));
    let mut run = Run {
        caller: Caller::new(&fake),
        fake,
        files,
        uids: BTreeMap::new(),
        numbers: BTreeMap::new(),
        done: BTreeSet::new(),
        wrong: Vec::new(),
        extra: 0,
    };
    for step in STEPS {
        match step {
            Calls(file, from, to) => {
                for n in *from..=*to {
                    run.replay(file, n).await;
                }
            }
            AtOnce(file, from, to) => run.race(file, *from, *to).await,
            Hand(change) => change(&mut run),
        }
    }
    assert_eq!(run.done.len() + LEFT_OUT.len(), total, "some were not made again");
    run.fake.settled().await;
    let held = run.fake.take_held();
    run.webhooks(&held);
    assert!(run.wrong.is_empty(), "{} differ:\n{}", run.wrong.len(), run.wrong.join("\n"));
}

/// Vectors of signatures: 44 of the real server's verified by this rule.
#[test]
fn webhooks_are_signed_as_the_real_server_signs() {
    let Some(recorded) = contract("calcom/recorded/webhooks.json") else { return };
    let recorded = recorded.as_array().unwrap();
    for one in recorded {
        let signed = FakeDelivery::signed("https://x.example", text(&one["raw_body"]), one["secret"].as_str());
        assert_eq!(signed.signature, text(&one["headers"]["x-cal-signature-256"]), "{}", one["label"]);
    }
    assert_eq!(recorded.len(), 10);
}

impl Run {
    async fn replay(&mut self, file: &'static str, n: usize) {
        let pair = self.files[file][n].clone();
        self.clock(&pair);
        for _ in 0..std::mem::take(&mut self.extra) {
            self.call(&pair).await;
        }
        let answer = self.call(&pair).await;
        self.judge(file, n, &pair, &answer);
    }

    /// Several at the same time: who wins does not matter, how many do does.
    async fn race(&mut self, file: &'static str, from: usize, to: usize) {
        let pairs: Vec<_> = (from..=to).map(|n| (n, self.files[file][n].clone())).collect();
        self.fake.traps(|traps| traps.careless = true);
        let answers = futures_util::future::join_all(pairs.iter().map(|(_, pair)| self.call(pair))).await;
        self.fake.traps(|traps| traps.careless = false);
        let mut answers: Vec<_> = answers.into_iter().enumerate().collect();
        for (n, pair) in pairs {
            let status = pair["response"]["status"].as_u64().unwrap();
            let asked = &pair["request"]["body"];
            // Its own answer, else the same answer to somebody else.
            let own = answers.iter().position(|(m, answer)| *m == n - from && u64::from(answer.status) == status);
            let other = || answers.iter().position(|(_, answer)| u64::from(answer.status) == status);
            let Some(at) = own.or_else(other) else {
                self.wrong.push(format!("{file}: {}: nobody was answered {status}", pair["name"]));
                continue;
            };
            let (m, answer) = answers.remove(at);
            let mut pair = pair.clone();
            if m != n - from {
                // Somebody else's name stands in it then.
                let mail = text(&asked["attendee"]["email"]);
                let theirs = text(&self.files[file][from + m]["request"]["body"]["attendee"]["email"]).to_owned();
                pair = serde_json::from_str(&pair.to_string().replace(mail, &theirs)).unwrap();
            }
            self.judge(file, n, &pair, &answer);
        }
    }

    async fn call(&self, pair: &Value) -> Answer {
        let request = &pair["request"];
        let headers = request["headers"].as_object().unwrap().iter();
        let headers: Vec<_> = headers.map(|(name, value)| (name.clone(), text(value).to_owned())).collect();
        let body = match &request["body"] {
            Value::Null => None,
            Value::String(raw) => Some(raw.clone()),
            body => Some(self.translated(&body.to_string())),
        };
        let path = self.translated(text(&request["path"]));
        self.caller.send(text(&request["method"]), &path, &headers, body).await.unwrap()
    }

    /// The fake's time is the recording's, where that says one.
    fn clock(&self, pair: &Value) {
        let body = &pair["response"]["body"];
        let created = body["data"]["createdAt"].as_str().or_else(|| body["data"][0]["createdAt"].as_str());
        let made = pair["response"]["status"] == 201;
        if let Some(time) = body["timestamp"].as_str().or_else(|| created.filter(|_| made)) {
            let time: DateTime<Utc> = time.parse().unwrap();
            self.fake.set_now(time.max(self.fake.now()));
        }
    }

    fn rewind(&mut self, uid: &str, start: &str) {
        self.fake.put_at(&self.uids[uid], start.parse().unwrap());
    }

    /// With the uids that things have here.
    fn translated(&self, text: &str) -> String {
        self.uids.iter().fold(text.to_owned(), |text, (recorded, ours)| text.replace(recorded, ours))
    }

    fn judge(&mut self, file: &'static str, n: usize, pair: &Value, answer: &Answer) {
        assert!(self.done.insert((file, n)), "{file} {n} twice");
        let name = format!("{file}: {}", text(&pair["name"]));
        let recorded = &pair["response"];
        if recorded["status"] != answer.status {
            self.wrong.push(format!("{name}: {} instead of {}: {}", answer.status, recorded["status"], answer.text));
            return;
        }
        for (header, value) in recorded["headers"].as_object().unwrap() {
            let ours = answer.headers.get(header).and_then(|value| value.to_str().ok()).unwrap_or("missing");
            let exact =
                header == "content-type" || (name.contains(": rate_limit.") && header.starts_with("x-ratelimit"));
            if ours == "missing" || (exact && ours != value) {
                self.wrong.push(format!("{name}: {header}: {ours} instead of {value}"));
            }
        }
        self.compare(&name, "", &recorded["body"], &answer.body);
    }

    fn compare(&mut self, name: &str, at: &str, recorded: &Value, ours: &Value) {
        match (recorded, ours) {
            (Value::Object(theirs), Value::Object(own)) => {
                let missing = theirs.keys().filter(|key| !own.contains_key(*key));
                let extra = own.keys().filter(|key| !theirs.contains_key(*key));
                let said =
                    missing.map(|key| format!("{key} is missing")).chain(extra.map(|key| format!("{key} is new")));
                self.wrong.extend(said.map(|said| format!("{name}: {at}: {said}")));
                if let (Some(theirs), Some(own), true) = (
                    theirs.get("id").and_then(Value::as_u64),
                    own.get("id").and_then(Value::as_u64),
                    theirs.contains_key("uid"),
                ) {
                    let known = *self.numbers.entry(theirs).or_insert(own);
                    if known != own {
                        self.wrong.push(format!("{name}: {at}.id: {own} instead of {known}"));
                    }
                }
                let numbered = theirs.contains_key("uid");
                for (key, value) in theirs.iter().filter(|(key, _)| !(numbered && *key == "id")) {
                    if let Some(own) = own.get(key) {
                        self.compare(name, &format!("{at}.{key}"), value, own);
                    }
                }
            }
            (Value::Array(theirs), Value::Array(own)) => {
                // Long lists were cut after two when they were written down.
                let cut = at == ".data" && name.contains("list") && own.len() > theirs.len();
                if own.len() != theirs.len() && !cut {
                    self.wrong.push(format!("{name}: {at}: {} instead of {}: {ours}", own.len(), theirs.len()));
                    return;
                }
                for (n, (theirs, own)) in theirs.iter().zip(own).enumerate() {
                    self.compare(name, &format!("{at}[{n}]"), theirs, own);
                }
            }
            (Value::String(theirs), Value::String(own)) => self.compare_text(name, at, theirs, own),
            (theirs, own) if theirs == own => {}
            (theirs, own) => self.wrong.push(format!("{name}: {at}: {own} instead of {theirs}")),
        }
    }

    fn compare_text(&mut self, name: &str, at: &str, recorded: &str, ours: &str) {
        let key = at.rsplit('.').next().unwrap_or_default();
        let uid = |key: &str| key == "id" || key.ends_with("uid") || key.ends_with("Uid") || key == "icsUid";
        if ["createdAt", "updatedAt", "reservationUntil", "timestamp"].contains(&key) {
            let format = |text: &str| text.replace(|letter: char| letter.is_ascii_digit(), "0");
            let valid = ours.parse::<DateTime<Utc>>().is_ok() && format(ours) == format(recorded);
            if !valid {
                self.wrong.push(format!("{name}: {at}: {ours} instead of something like {recorded}"));
            }
        } else if key == "oneTimePassword" {
            if ours.len() != recorded.len() {
                self.wrong.push(format!("{name}: {at}: {ours} is no UUID"));
            }
        } else if uid(key) {
            let short = |text: &str| text.trim_end_matches("@Cal.com").to_owned();
            let known = self.uids.entry(short(recorded)).or_insert_with(|| short(ours)).clone();
            let suffix = recorded.ends_with("@Cal.com") == ours.ends_with("@Cal.com");
            if known != short(ours) || !suffix {
                self.wrong.push(format!("{name}: {at}: {ours} instead of {known} ({recorded})"));
            }
        } else if self.translated(recorded) != ours {
            self.wrong.push(format!("{name}: {at}: {ours:?} instead of {recorded:?}"));
        }
    }

    /// Every webhook that was written down was sent here, too, with the same members.
    fn webhooks(&mut self, held: &[FakeDelivery]) {
        let Some(recorded) = contract("calcom/recorded/webhooks.json") else { return };
        for one in recorded.as_array().unwrap() {
            let label = text(&one["label"]);
            // A stored job, and a delivery that was made up: the first has a test of its own.
            if label.starts_with("MEETING") || label.starts_with("webhook without") {
                continue;
            }
            let body: Value = serde_json::from_str(text(&one["raw_body"])).unwrap();
            let uid = body["payload"]["uid"].as_str().or_else(|| body["payload"]["bookingUid"].as_str()).unwrap();
            let here = self.translated(uid);
            let sent = held.iter().map(|one| serde_json::from_str::<Value>(&one.body).unwrap()).find(|sent| {
                let payload = &sent["payload"];
                sent["triggerEvent"] == body["triggerEvent"]
                    && payload["status"] == body["payload"]["status"]
                    && (payload["uid"] == here.as_str() || payload["bookingUid"] == here.as_str())
            });
            let Some(sent) = sent else {
                self.wrong.push(format!("{label}: it was not sent"));
                continue;
            };
            self.compare(&format!("webhook {label}"), "", &body, &sent);
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
