//! The simulated phones: what each shows, and who watches it. In memory; what counts is in the store.

use chatplug_core::model::{MessageId, Outbound};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::broadcast;

/// A phone keeps the latest bubbles only.
const MOST_ITEMS: usize = 400;
/// A simulator holds so many phones, the oldest go first.
const MOST_PHONES: usize = 500;
/// News that a slow watcher may be behind; then it must begin anew.
const BACKLOG: usize = 512;

/// All simulated phones of one number.
#[derive(Debug)]
pub(super) struct Hub {
    phones: Mutex<Phones>,
    news: broadcast::Sender<News>,
}

#[derive(Debug, Default)]
struct Phones {
    by_number: HashMap<String, Phone>,
    order: Vec<String>,
}

/// One phone.
#[derive(Debug, Default)]
pub(super) struct Phone {
    /// Name of its owner's profile.
    pub(super) name: Option<String>,
    /// Its bubbles, oldest first.
    pub(super) items: Vec<Item>,
    /// Whether what the store remembers was put in.
    pub(super) recalled: bool,
    /// Words that a person of the business wrote and that are on their way: shown as a person's.
    by_person: Vec<String>,
}

/// One bubble.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Item {
    /// The provider's id of the message.
    pub(super) id: String,
    /// From the phone's owner.
    pub(super) mine: bool,
    /// When.
    pub(super) at: DateTime<Utc>,
    /// What: an outbound message, or what the client did.
    pub(super) body: Value,
    /// The bubble it answers.
    pub(super) quoted: Option<String>,
    /// Ticks of the owner's own: `pending`, `sent`, `delivered`, `read`, `failed`.
    pub(super) status: Option<&'static str>,
    /// Written by a person of the business.
    pub(super) person: bool,
    /// From the store's log, of an earlier run: no statuses are told for it.
    pub(super) old: bool,
    /// Emojis on it.
    pub(super) reactions: Reactions,
}

/// Emojis on a bubble.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Reactions {
    /// Of the phone's owner.
    pub(super) client: Option<String>,
    /// Of the business.
    pub(super) salon: Option<String>,
}

/// Something to draw.
#[derive(Debug, Clone)]
pub(super) enum News {
    /// A bubble, new or changed, on this phone.
    Item(String, Box<Item>),
    /// The business types, or stopped, on this phone.
    Typing(String, bool),
    /// A conversation or the calendar changed: to be read again.
    Changed,
}

impl Hub {
    pub(super) fn new() -> Self {
        Self { phones: Mutex::default(), news: broadcast::channel(BACKLOG).0 }
    }

    /// Watches everything from now on.
    pub(super) fn watch(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// Something beside the phones changed.
    pub(super) fn changed(&self) {
        self.tell(News::Changed);
    }

    /// Looks at, or changes, a phone without telling anybody.
    pub(super) fn phone<T>(&self, number: &str, with: impl FnOnce(&mut Phone) -> T) -> T {
        let mut phones = self.lock();
        if !phones.by_number.contains_key(number) {
            if phones.order.len() >= MOST_PHONES {
                let oldest = phones.order.remove(0);
                phones.by_number.remove(&oldest);
            }
            phones.order.push(number.to_owned());
        }
        with(phones.by_number.entry(number.to_owned()).or_default())
    }

    /// The phones that were used in this run, in order of first use, with their names.
    pub(super) fn numbers(&self) -> Vec<(String, Option<String>)> {
        let phones = self.lock();
        let named = |number: &String| Some((number.clone(), phones.by_number.get(number)?.name.clone()));
        phones.order.iter().filter_map(named).collect()
    }

    /// The phone on which a message of its owner's stands.
    pub(super) fn holder(&self, id: &str) -> Option<String> {
        let phones = self.lock();
        let holds = |phone: &Phone| phone.items.iter().any(|item| item.mine && item.id == id);
        phones.by_number.iter().find(|(_, phone)| holds(phone)).map(|(number, _)| number.clone())
    }

    /// Adds a bubble.
    pub(super) fn add(&self, number: &str, item: Item) {
        self.phone(number, |phone| {
            if phone.items.len() >= MOST_ITEMS {
                phone.items.remove(0);
            }
            phone.items.push(item.clone());
        });
        self.tell(News::Item(number.to_owned(), Box::new(item)));
    }

    /// Changes a bubble, if it is there.
    pub(super) fn change(&self, number: &str, id: &str, change: impl FnOnce(&mut Item)) {
        let changed = self.phone(number, |phone| {
            let item = phone.items.iter_mut().find(|item| item.id == id)?;
            let before = item.clone();
            change(item);
            (*item != before).then(|| item.clone())
        });
        if let Some(item) = changed {
            self.tell(News::Item(number.to_owned(), Box::new(item)));
        }
    }

    /// A message of the business arrives.
    pub(super) fn arrive(&self, number: &str, id: &MessageId, message: &Outbound, at: DateTime<Utc>) {
        if let Outbound::Reaction { target, emoji } = message {
            self.change(number, target.as_str(), |item| item.reactions.salon.clone_from(emoji));
            return;
        }
        let person = match message {
            Outbound::Text { body } => self.phone(number, |phone| {
                let position = phone.by_person.iter().position(|words| words == body);
                position.map(|position| phone.by_person.remove(position)).is_some()
            }),
            _ => false,
        };
        self.tell(News::Typing(number.to_owned(), false));
        // Only a map with keys that are not texts cannot be written as JSON; there is none in a message.
        let body = serde_json::to_value(message).unwrap_or(Value::Null);
        self.add(number, Item { person, ..Item::new(id.as_str(), false, at, body) });
    }

    /// A person of the business wrote this; it will arrive as any message does.
    pub(super) fn expect_person(&self, number: &str, words: &str) {
        self.phone(number, |phone| {
            // Words that never arrived must not pile up.
            if phone.by_person.len() >= 20 {
                phone.by_person.remove(0);
            }
            phone.by_person.push(words.to_owned());
        });
    }

    /// The business has read everything up to a message of the phone's owner.
    pub(super) fn read(&self, number: &str, id: &str, typing: bool) {
        let (read, waits): (Vec<Item>, bool) = self.phone(number, |phone| {
            // The mark may come after the answer: nobody types then.
            let waits = phone.items.last().is_some_and(|item| item.mine);
            let Some(last) = phone.items.iter().position(|item| item.id == id) else { return (Vec::new(), waits) };
            let before = phone.items.iter_mut().take(last + 1);
            let unread =
                before.filter(|item| item.mine && matches!(item.status, Some("sent" | "delivered" | "pending")));
            let read = unread.map(|item| {
                item.status = Some("read");
                item.clone()
            });
            (read.collect(), waits)
        });
        for item in read {
            self.tell(News::Item(number.to_owned(), Box::new(item)));
        }
        if typing && waits {
            self.tell(News::Typing(number.to_owned(), true));
        }
    }

    /// Puts what the store remembers before what the phone shows, once.
    pub(super) fn recall(&self, number: &str, items: Vec<Item>) {
        self.phone(number, |phone| {
            if std::mem::replace(&mut phone.recalled, true) {
                return;
            }
            let known: HashSet<&str> = phone.items.iter().map(|item| item.id.as_str()).collect();
            let mut all: Vec<Item> = items.into_iter().filter(|item| !known.contains(item.id.as_str())).collect();
            all.append(&mut phone.items);
            phone.items = all;
        });
    }

    fn tell(&self, news: News) {
        // Nobody watching is no error.
        let _ = self.news.send(news);
    }

    fn lock(&self) -> MutexGuard<'_, Phones> {
        self.phones.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Item {
    pub(super) fn new(id: &str, mine: bool, at: DateTime<Utc>, body: Value) -> Self {
        let status = mine.then_some("pending");
        let (quoted, reactions) = (None, Reactions::default());
        Self { id: id.to_owned(), mine, at, body, quoted, status, person: false, old: false, reactions }
    }

    /// A bubble of plain words.
    pub(super) fn words(id: &str, mine: bool, at: DateTime<Utc>, text: &str) -> Self {
        Self::new(id, mine, at, json!({ "kind": "text", "body": text }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatplug_core::ports::{Clock, SystemClock};

    fn text(body: &str) -> Outbound {
        Outbound::Text { body: body.to_owned() }
    }

    fn id(text: &str) -> MessageId {
        MessageId::new(text).unwrap()
    }

    #[test]
    fn a_persons_words_are_told_from_the_bots() {
        let (hub, now) = (Hub::new(), SystemClock.now());
        hub.expect_person("1", "Hello");
        hub.arrive("1", &id("a"), &text("Hi"), now);
        hub.arrive("1", &id("b"), &text("Hello"), now);
        hub.arrive("1", &id("c"), &text("Hello"), now);
        let by: Vec<bool> = hub.phone("1", |phone| phone.items.iter().map(|item| item.person).collect());
        assert_eq!(by, [false, true, false]);
    }

    #[test]
    fn reading_turns_the_ticks_up_to_that_message() {
        let (hub, now) = (Hub::new(), SystemClock.now());
        for id in ["a", "b", "c"] {
            hub.add("1", Item::words(id, true, now, "x"));
        }
        let mut news = hub.watch();
        hub.read("1", "b", true);
        let statuses: Vec<_> = hub.phone("1", |phone| phone.items.iter().map(|item| item.status).collect());
        assert_eq!(statuses, [Some("read"), Some("read"), Some("pending")]);
        let mut told = Vec::new();
        while let Ok(news) = news.try_recv() {
            told.push(format!("{news:?}").split('(').next().unwrap().to_owned());
        }
        assert_eq!(told, ["Item", "Item", "Typing"]);

        hub.arrive("1", &id("d"), &text("answer"), now);
        let mut news = hub.watch();
        hub.read("1", "c", true);
        assert!(
            matches!(news.try_recv(), Ok(News::Item(..))) && news.try_recv().is_err(),
            "nobody types after the answer"
        );
    }

    #[test]
    fn what_the_store_remembers_comes_first_and_once() {
        let (hub, now) = (Hub::new(), SystemClock.now());
        hub.add("1", Item::words("b", true, now, "new"));
        hub.recall("1", vec![Item::words("a", true, now, "old"), Item::words("b", true, now, "known")]);
        hub.recall("1", vec![Item::words("z", true, now, "again")]);
        let ids: Vec<String> = hub.phone("1", |phone| phone.items.iter().map(|item| item.id.clone()).collect());
        assert_eq!(ids, ["a", "b"]);
    }

    #[test]
    fn a_reaction_lands_on_its_bubble() {
        let (hub, now) = (Hub::new(), SystemClock.now());
        hub.add("1", Item::words("a", true, now, "x"));
        hub.arrive("1", &id("r"), &Outbound::Reaction { target: id("a"), emoji: Some("❤️".to_owned()) }, now);
        let items = hub.phone("1", |phone| phone.items.clone());
        assert_eq!((items.len(), items[0].reactions.salon.as_deref()), (1, Some("❤️")));
    }
}
