//! Somebody who books, and then perhaps moves or cancels, by reacting to what they read, however late it comes.

use super::talk::print;
use chatplug::whatsapp::fake::meta::{Event, FakeClient, FakeMeta, SentMessage};
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Europe::Lisbon;
use futures_util::{
    FutureExt as _,
    future::{BoxFuture, join_all},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    Book,
    Move,
    Cancel,
    /// Asks for a person.
    Help,
}

/// How a conversation ended, as its client has read it.
#[derive(Debug)]
pub struct Ending {
    pub phone: String,
    pub plan: Plan,
    /// What they may believe to have.
    pub visit: Vec<DateTime<Utc>>,
    /// How often they were told of a booking, and of a move, a cancellation or a person who comes; the same message twice
    /// counts once.
    pub booked: usize,
    pub changed: usize,
    /// Messages that came again, by their key: how often.
    pub repeated: BTreeMap<String, u32>,
    /// Messages that they wrote.
    pub wrote: usize,
    pub transcript: String,
}

/// A step of the conversation that a test may prepare for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Says what they want.
    Asks(Plan),
    /// Says yes to it.
    Agrees(Plan),
}

/// What a test does before a step.
pub type Before = Box<dyn Fn(Step) -> BoxFuture<'static, ()> + Send + Sync>;

/// How a person's messages reach the business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Post {
    /// How often each webhook is posted.
    pub times: u32,
    /// All of them side by side, not one after the other.
    pub at_once: bool,
}

impl Post {
    pub const ONCE: Self = Self { times: 1, at_once: false };

    async fn deliver(self, graph: &FakeMeta, event: Event) {
        let posts = (0..self.times).map(|_| graph.deliver([event.clone()]));
        if self.at_once {
            join_all(posts).await;
        } else {
            for post in posts {
                post.await;
            }
        }
    }
}

pub struct Person {
    graph: FakeMeta,
    client: FakeClient,
    post: Post,
    before: Before,
    service: &'static str,
    day: NaiveDate,
    hour: u32,
    end: Ending,
    last: String,
    asked_again: u32,
    done: bool,
}

impl Person {
    pub fn new(
        graph: &FakeMeta,
        client: FakeClient,
        service: &'static str,
        plan: Plan,
        day: NaiveDate,
        hour: u32,
    ) -> Self {
        let end = Ending {
            phone: client.key().to_owned(),
            plan,
            visit: Vec::new(),
            booked: 0,
            changed: 0,
            repeated: BTreeMap::new(),
            wrote: 0,
            transcript: String::new(),
        };
        let (graph, before) = (graph.clone(), Box::new(|_| async {}.boxed()) as Before);
        Self {
            graph,
            client,
            post: Post::ONCE,
            before,
            service,
            day,
            hour,
            end,
            last: String::new(),
            asked_again: 0,
            done: false,
        }
    }

    /// Posts every webhook of theirs like this.
    pub fn posting(mut self, post: Post) -> Self {
        self.post = post;
        self
    }

    /// Waits for this before each step.
    pub fn before(mut self, before: Before) -> Self {
        self.before = before;
        self
    }

    /// Holds the conversation to its end.
    pub async fn talk(mut self) -> Ending {
        if self.end.plan == Plan::Help {
            (self.before)(Step::Asks(Plan::Help)).await;
            self.writes("I want to talk to a person, please.".to_owned()).await;
            return self.hears().await;
        }
        (self.before)(Step::Asks(Plan::Book)).await;
        self.writes(format!("Hi! I'd like to book a {} with anyone on {}.", self.service, self.wish(self.day))).await;
        self.hears().await
    }

    /// Reads and reacts, to the end.
    async fn hears(mut self) -> Ending {
        let mut read = BTreeSet::new();
        while !self.done {
            let message = self.client.next().await;
            let _ = writeln!(self.end.transcript, "{}", print(&message));
            // The same message on the screen twice is not answered twice.
            if read.insert(message.key.clone().unwrap_or_else(|| message.id.clone())) {
                self.reads(&message).await;
            } else {
                *self.end.repeated.entry(message.key.unwrap_or(message.id)).or_default() += 1;
            }
        }
        self.end
    }

    /// What they are about to change: nothing yet, until they have a visit.
    fn wants(&self) -> Plan {
        if self.end.booked == 0 { Plan::Book } else { self.end.plan }
    }

    fn wish(&self, day: NaiveDate) -> String {
        format!("{} at {}:00", day.format("%A %-d %B"), self.hour)
    }

    async fn reads(&mut self, message: &SentMessage) {
        let text = message.text();
        if text.contains("You're booked!") {
            self.end.booked += 1;
            self.end.visit = vec![self.time_in(text)];
            match self.end.plan {
                Plan::Book | Plan::Help => self.done = true,
                Plan::Move => {
                    (self.before)(Step::Asks(Plan::Move)).await;
                    let day = self.day + Days::new(7);
                    self.writes(format!("I need to move my appointment to {}.", self.wish(day))).await;
                }
                Plan::Cancel => {
                    (self.before)(Step::Asks(Plan::Cancel)).await;
                    self.writes("I want to cancel my appointment.".to_owned()).await;
                }
            }
        } else if text.contains("your appointment has been moved") {
            self.end.changed += 1;
            self.end.visit = vec![self.time_in(text)];
            self.done = true;
        } else if text.contains("Your appointment has been cancelled") {
            self.end.changed += 1;
            self.end.visit.clear();
            self.done = true;
        } else if text.contains("I'm getting a colleague") && self.end.plan == Plan::Help {
            self.end.changed += 1;
            self.done = true;
        } else if text.contains("I didn't quite get that") && self.asked_again < 3 {
            // The booking system was too slow to say what it has: nothing could be understood.
            self.asked_again += 1;
            let words = self.last.clone();
            self.writes(words).await;
        } else if let Some(again) = message.titles().into_iter().find(|title| *title == "Try again")
            && self.asked_again < 10
        {
            // It was too slow to say what is free, and nothing has been done.
            self.asked_again += 1;
            self.taps(again).await;
        } else if let Some(yes) = message.titles().into_iter().find(|title| title.starts_with("Yes, ")) {
            (self.before)(Step::Agrees(self.wants())).await;
            self.taps(yes).await;
        } else if let Some(time) = message.titles().into_iter().find(|title| title.contains(':')) {
            self.taps(time).await;
        } else {
            let waiting = ["I'm checking", "isn't answering right now", "I'm on it", "One moment"];
            let pin = message.kind == "location";
            assert!(pin || waiting.iter().any(|words| text.contains(words)), "lost:\n{}", self.end.transcript);
        }
    }

    async fn writes(&mut self, words: String) {
        let _ = writeln!(self.end.transcript, "> {words}");
        self.end.wrote += 1;
        self.last.clone_from(&words);
        self.post.deliver(&self.graph, self.client.text(&words)).await;
    }

    async fn taps(&mut self, title: &str) {
        let _ = writeln!(self.end.transcript, "> [{title}]");
        self.end.wrote += 1;
        self.post.deliver(&self.graph, self.client.choice(title)).await;
    }

    /// The time that a message speaks of: "*Thursday 12 March at 15:00*".
    fn time_in(&self, text: &str) -> DateTime<Utc> {
        let line = text.lines().find(|line| line.starts_with('*') && line.contains(" at ")).expect("a time");
        let line = line.trim_matches('*');
        let near = [self.day.format("%Y"), (self.day + Days::new(30)).format("%Y")].map(|year| year.to_string());
        let read =
            |year: &String| NaiveDateTime::parse_from_str(&format!("{year} {line}"), "%Y %A %d %B at %H:%M").ok();
        let local = near.iter().find_map(read).unwrap_or_else(|| panic!("no time in {line:?}"));
        chatplug::model::local_to_utc(local, Lisbon).unwrap()
    }
}

/// Waits until everybody has read such a message.
pub async fn everybody(graph: &FakeMeta, people: usize, what: &str, such: impl Fn(&SentMessage) -> bool) {
    let mut seen = 0;
    let mut have = BTreeSet::new();
    while have.len() < people {
        // What came meanwhile is looked at once, not all of it again.
        let sent = graph.wait_for(seen + 1).await;
        have.extend(sent[seen..].iter().filter(|message| such(message)).map(|message| message.to.clone()));
        seen = sent.len();
        assert!(seen < 20 * people, "everybody should have {what} by now");
    }
}
