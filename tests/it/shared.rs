//! Several businesses behind one number, over Meta and over Twilio: whose a message is, that nothing is lost or doubled
//! on the way, and that nothing of one business reaches another.

use crate::support::{
    phone::{AnyPhone, Phone as _, Seen as _},
    stage::{AT_TWILIO, BELLA, Provider, READER, calendar, serve_at, start_twilio, templates},
};
use chatplug::{
    engine::{Engine, EngineOptions, TenantList},
    lobby::{DEFAULT_STICKY, Lobby, Member},
    model::*,
    ports::*,
    reply::Words,
    store::SqliteStore,
    testkit::{
        TenantBuilder, VirtualClock,
        wrap::{Fault, FaultPlan, Faulty},
    },
    whatsapp::{
        fake::{
            meta::{FakeMeta, StatusPlan},
            twilio::FakeTwilio,
        },
        meta::{MetaMessenger, http_client},
        twilio::{self, TwilioMessenger, TwilioWebhook},
    },
};
use chrono::Duration;
use std::sync::Arc;

/// The businesses, in the order of the menu.
const NAMES: [&str; 3] = ["Quokka", "Axolotl", "Wombat"];
const PROVIDERS: [Provider; 2] = [Provider::Meta, Provider::Twilio];
const LOBBY: &str = "town";

struct Town {
    engine: Engine,
    clock: VirtualClock,
    store: Arc<dyn Store>,
    faults: FaultPlan,
    meta: FakeMeta,
    twilio: Option<FakeTwilio>,
    _dir: tempfile::TempDir,
}

/// A line of a log: `>` from the client, `<` from the business.
type Lines = Vec<String>;

impl Town {
    async fn new(provider: Provider) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = VirtualClock::starting("2026-03-09T09:00:00Z");
        let faults = FaultPlan::new();
        let sqlite = Arc::new(SqliteStore::open(dir.path().join("town.sqlite")).await.unwrap());
        let calendars: Arc<dyn CalendarStore> = sqlite.clone();
        let store: Arc<dyn Store> = Arc::new(Faulty::<dyn Store>::new(sqlite, &faults));
        let meta = FakeMeta::start().await.unwrap();
        meta.use_clock(Arc::new(clock.clone()));
        meta.keep_pair_rate(false);
        meta.add_number(BELLA, "351210000000", "waba-1");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let at_twilio = format!("{url}/webhooks/twilio/account");
        let (http, time) = (http_client().unwrap(), Arc::new(clock.clone()));
        let (messenger, address, twilio): (Arc<dyn Messenger>, _, _) = match provider {
            Provider::Meta => {
                let messenger = MetaMessenger::new(meta.config(BELLA), http, time).unwrap();
                (Arc::new(messenger), ("meta", BELLA.to_owned()), None)
            }
            Provider::Twilio => {
                let twilio = start_twilio(&clock, &at_twilio).await;
                let config = twilio.config(AT_TWILIO).with_status_callback(at_twilio.as_str());
                let messenger = TwilioMessenger::new(config, http, time).unwrap();
                let address = ("twilio", twilio::external_id(FakeTwilio::ACCOUNT, AT_TWILIO));
                (Arc::new(messenger), address, Some(twilio))
            }
        };
        let mut tenants = Vec::new();
        let mut members = Vec::new();
        for name in NAMES {
            let id = name.to_lowercase();
            let mut config = chatplug::calendar::demo::salon();
            name.clone_into(&mut config.name);
            let (branch, install) = (BranchId::new("baixa").unwrap(), InstallId::new("own").unwrap());
            let backend = calendar(config, &id, &branch, &install, &calendars, &clock);
            let builder = TenantBuilder::new(&id)
                .name(name)
                .policy(Policy { language: Lang::EN, ..Policy::default() })
                .branch_of("baixa", &install, backend)
                .channel_with("desk", messenger.clone(), templates())
                .intents(READER.clone());
            store.tenant(&tenant(&id)).register(&builder.setup(&[])).await.unwrap();
            tenants.push(builder.build());
            members.push(Member {
                tenant: tenant(&id),
                channel: ChannelId::new("desk").unwrap(),
                name: name.to_owned(),
                code: Some(id.clone()),
                keywords: vec![format!("{id}s")],
            });
        }
        let lobby = TenantBuilder::new(LOBBY)
            .policy(Policy { language: Lang::EN, ..Policy::default() })
            .channel(LOBBY, messenger)
            .intents(READER.clone())
            .lobby(Lobby::new(members, DEFAULT_STICKY, &Words::shipped()).unwrap());
        let setup = lobby.setup(&[(address.0, &address.1, LOBBY)]);
        store.tenant(&tenant(LOBBY)).register(&setup).await.unwrap();
        tenants.push(lobby.build());
        let mut options = EngineOptions::default();
        options.mark_seen = false;
        let engine = Engine::builder()
            .store(store.clone())
            .directory(Arc::new(TenantList::new(tenants)))
            .clock(Arc::new(clock.clone()))
            .options(options)
            .build()
            .unwrap();
        let taken = twilio.as_ref().map(|twilio| TwilioWebhook::new(twilio.keyring(AT_TWILIO), &at_twilio));
        serve_at(listener, engine.clone(), meta.keyring(), taken);
        meta.callback(&format!("{url}/webhooks/meta/app"));
        Self { engine, clock, store, faults, meta, twilio, _dir: dir }
    }

    fn caller(&self, phone: &str) -> AnyPhone {
        match &self.twilio {
            None => AnyPhone::Meta(self.meta.client(phone).named("Eva").at(BELLA)),
            Some(twilio) => AnyPhone::Twilio(twilio.client(phone).named("Eva")),
        }
    }

    async fn settle(&self) {
        for _ in 0..2 {
            self.clock.advance(Duration::seconds(2));
            self.engine.drain().await.unwrap();
            self.meta.settled().await;
            if let Some(twilio) = &self.twilio {
                twilio.settled().await;
            }
        }
        self.engine.drain().await.unwrap();
    }

    /// Says something; what comes back.
    async fn says(&self, phone: &AnyPhone, text: &str) -> String {
        let before = phone.inbox().len();
        phone.says(text).await;
        self.settle().await;
        said(phone, before)
    }

    async fn chooses(&self, phone: &AnyPhone, title: &str) -> String {
        let before = phone.inbox().len();
        phone.chooses(title).await;
        self.settle().await;
        said(phone, before)
    }

    /// What a business keeps of what was said, in order.
    async fn log(&self, id: &str) -> Lines {
        let rows = self.store.tenant(&tenant(id));
        let mut lines = Vec::new();
        for view in rows.conversations(100).await.unwrap() {
            for line in rows.messages(view.id, 1000).await.unwrap() {
                lines.push(format!("{} {}", if line.inbound { ">" } else { "<" }, line.text.reveal()));
            }
        }
        lines
    }

    /// What clients wrote to a business.
    async fn heard(&self, id: &str) -> Lines {
        self.log(id).await.into_iter().filter_map(|line| line.strip_prefix("> ").map(str::to_owned)).collect()
    }

    /// How many clients each business and the lobby know, and how much it heard.
    async fn counts(&self) -> [usize; 4] {
        let mut counts = [0; 4];
        for (count, id) in counts.iter_mut().zip(["quokka", "axolotl", "wombat", LOBBY]) {
            *count = self.heard(id).await.len();
        }
        counts
    }
}

fn tenant(id: &str) -> TenantId {
    TenantId::new(id).unwrap()
}

/// Words and choices that came since.
fn said(phone: &AnyPhone, before: usize) -> String {
    let inbox = phone.inbox();
    let lines = inbox[before..].iter().map(|message| {
        let titles: Vec<&str> = message.choices().iter().map(|choice| choice.title.as_str()).collect();
        format!("{} {titles:?}", message.text())
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn choices(names: [&str; 3]) -> String {
    format!("{names:?}")
}

#[tokio::test]
async fn the_first_words_are_held_and_reach_the_chosen_business_once() {
    for provider in PROVIDERS {
        let town = Town::new(provider).await;
        let eva = town.caller("351911111111");
        let menu = town.says(&eva, "Hello, where are you?").await;
        assert!(menu.contains("Several businesses") && menu.contains(&choices(NAMES)), "{provider:?}: {menu}");
        // Asked again, and not understood: what was written is held, too.
        let menu = town.says(&eva, "I need an appointment").await;
        assert!(menu.contains(&choices(NAMES)), "{provider:?}: {menu}");
        assert_eq!(town.counts().await, [0, 0, 0, 2], "{provider:?}");

        let answer = town.chooses(&eva, "Axolotl").await;
        assert!(answer.contains("You're writing to *Axolotl* now"), "{provider:?}: {answer}");
        assert!(answer.matches('\n').count() > 0, "{provider:?}: the business answers as well: {answer}");
        assert_eq!(town.heard("axolotl").await, ["Hello, where are you?", "I need an appointment"], "{provider:?}");
        assert_eq!(town.counts().await, [0, 2, 0, 3], "{provider:?}");

        // From now on they write to it, and the lobby hears of nothing.
        let answer = town.says(&eva, "axolotls are for Axolotl alone").await;
        assert!(!answer.contains("Several businesses"), "{provider:?}: {answer}");
        assert_eq!(town.counts().await, [0, 3, 0, 3], "{provider:?}");
        for line in town.log(LOBBY).await {
            assert!(!line.contains("alone"), "{provider:?}: {line}");
        }
        let statuses = town.statuses().await;
        assert!(statuses.iter().all(|status| status == "read" || status == "delivered"), "{provider:?}: {statuses:?}");
    }
}

#[tokio::test]
async fn code_keyword_switch_and_the_last_business_lead_where_they_should() {
    for provider in PROVIDERS {
        let town = Town::new(provider).await;
        let eva = town.caller("351911111111");
        // A link that carries a code: no question, and no word of it in the lobby.
        town.says(&eva, "Good morning! #quokka").await;
        assert_eq!(town.heard("quokka").await, ["Good morning! #quokka"], "{provider:?}");
        assert_eq!(town.heard(LOBBY).await.concat(), "Quokka", "{provider:?}: a note of whom, not of what");
        // A keyword says nothing while they write to somebody; the business's own menu is its own.
        town.says(&eva, "do you have wombats?").await;
        town.says(&eva, "menu").await;
        assert_eq!(town.counts().await, [3, 0, 0, 1], "{provider:?}");
        // Another one, by the number in the list: where they come from stands first.
        let menu = town.says(&eva, "another business please").await;
        assert!(menu.contains(&choices(NAMES)), "{provider:?}: {menu}");
        let chosen = town.says(&eva, "wombat").await;
        assert!(chosen.contains("*Wombat*"), "{provider:?}: {chosen}");
        assert_eq!(town.counts().await, [3, 0, 0, 3], "{provider:?}: choosing is said to the lobby alone");
        town.says(&eva, "What do you do?").await;
        let menu = town.says(&eva, "other business").await;
        assert!(menu.contains(&choices(["Wombat", "Quokka", "Axolotl"])), "{provider:?}: {menu}");
        // A code leads on from everywhere; one of nobody leads to the menu, whoever they wrote to.
        town.says(&eva, "and #axolotl then").await;
        assert_eq!(town.counts().await, [3, 1, 1, 5], "{provider:?}");
        let menu = town.says(&eva, "Hello #closed-long-ago").await;
        assert!(menu.contains(&choices(["Axolotl", "Quokka", "Wombat"])), "{provider:?}: {menu}");
        // Somebody else, by a keyword.
        let rui = town.caller("351922222222");
        town.says(&rui, "I like quokkas").await;
        assert!(town.heard("quokka").await.contains(&"I like quokkas".to_owned()), "{provider:?}");
        let both = town.caller("351933333333");
        let menu = town.says(&both, "quokkas and wombats").await;
        assert!(menu.contains(&choices(NAMES)), "{provider:?}: {menu}");
    }
}

#[tokio::test]
async fn the_last_business_holds_for_ninety_days_from_the_last_message_to_it() {
    let town = Town::new(Provider::Meta).await;
    let eva = town.caller("351911111111");
    town.says(&eva, "Hi #quokka").await;
    for _ in 0..2 {
        town.clock.advance(Duration::days(60));
        town.says(&eva, "still me").await;
    }
    assert_eq!(town.counts().await[0], 3);
    town.clock.advance(Duration::days(91));
    let menu = town.says(&eva, "me again").await;
    assert!(menu.contains(&choices(NAMES)), "{menu}");
    assert_eq!(town.counts().await[0], 3);
}

#[tokio::test]
async fn a_repeated_webhook_brings_nobody_what_was_written_to_another() {
    let town = Town::new(Provider::Meta).await;
    let eva = town.caller("351911111111");
    let AnyPhone::Meta(phone) = &eva else { unreachable!() };
    town.says(&eva, "Hi #quokka").await;
    let events = ["for the quokka only", "other business", "2", "for the axolotl only"].map(|text| phone.text(text));
    for event in &events {
        // Twice side by side, as happens.
        tokio::join!(town.meta.deliver([event.clone()]), town.meta.deliver([event.clone()]));
        town.settle().await;
    }
    let before = (town.counts().await, eva.inbox().len());
    assert_eq!(before.0, [2, 1, 0, 3]);
    // All of them again, in another order, by now to somebody else; and again, before a menu.
    for _ in 0..2 {
        for event in events.iter().rev() {
            town.meta.deliver([event.clone()]).await;
            town.settle().await;
        }
        assert_eq!((town.counts().await, eva.inbox().len()), before);
    }
    town.says(&eva, "other business").await;
    let before = (town.counts().await, eva.inbox().len());
    town.meta.deliver(events.clone()).await;
    town.settle().await;
    assert_eq!((town.counts().await, eva.inbox().len()), before);
}

#[tokio::test]
async fn of_one_webhook_each_message_goes_by_those_before_it() {
    let town = Town::new(Provider::Meta).await;
    let eva = town.caller("351911111111");
    let AnyPhone::Meta(phone) = &eva else { unreachable!() };
    town.says(&eva, "Hi #quokka").await;
    let texts = ["other business", "how much is a haircut?", "Wombat", "and a manicure?"];
    town.meta.deliver(texts.map(|text| phone.text(text))).await;
    town.settle().await;
    assert_eq!(town.heard("quokka").await, ["Hi #quokka"]);
    assert_eq!(town.heard("wombat").await, ["how much is a haircut?", "and a manicure?"]);
}

#[tokio::test]
async fn an_answer_goes_to_whose_message_it_answers_and_changes_over_after_a_silence() {
    let town = Town::new(Provider::Meta).await;
    let eva = town.caller("351911111111");
    let AnyPhone::Meta(phone) = &eva else { unreachable!() };
    town.says(&eva, "Hi #quokka").await;
    let of_quokka = eva.inbox().len();
    assert!(of_quokka > 0);
    let quokka = phone.inbox().last().unwrap().id.clone();
    town.says(&eva, "Hi #axolotl").await;
    // In between, to the one they do not write to: it hears that, and the next words are the other's.
    town.meta.deliver([phone.text("yes, to you").quoting(&quokka)]).await;
    town.settle().await;
    town.says(&eva, "and to you").await;
    assert_eq!(town.heard("quokka").await, ["Hi #quokka", "yes, to you"]);
    assert_eq!(town.heard("axolotl").await, ["Hi #axolotl", "and to you"]);
    // An emoji goes where it stands, and nowhere else.
    phone.reacts(&quokka, "❤").await;
    town.settle().await;
    assert_eq!(town.counts().await, [3, 2, 0, 2]);
    // After a while it is a change of mind.
    town.clock.advance(Duration::minutes(40));
    town.meta.deliver([phone.text("me again").quoting(&quokka)]).await;
    town.settle().await;
    town.says(&eva, "are you there?").await;
    assert_eq!(town.counts().await, [5, 2, 0, 3]);
    // Before the menu an answer is a choice, and what waited comes along.
    town.says(&eva, "other business").await;
    town.says(&eva, "hello?").await;
    town.meta.deliver([phone.text("you, please").quoting(&quokka)]).await;
    town.settle().await;
    assert_eq!(town.heard("quokka").await[5..], ["you, please", "hello?"]);
}

#[tokio::test]
async fn a_status_is_its_sender_s_however_much_has_changed_since() {
    let town = Town::new(Provider::Meta).await;
    town.meta.statuses(StatusPlan::none());
    let eva = town.caller("351911111111");
    let AnyPhone::Meta(phone) = &eva else { unreachable!() };
    town.says(&eva, "Hi #quokka").await;
    let first = phone.inbox().last().unwrap().id.clone();
    town.says(&eva, "Hi #axolotl").await;
    let second = phone.inbox().last().unwrap().id.clone();
    town.says(&eva, "other business").await;
    let menu = phone.inbox().last().unwrap().id.clone();
    for (id, stage) in [(&first, Stage::Read), (&second, Stage::Delivered), (&menu, Stage::Sent), (&menu, Stage::Read)]
    {
        town.meta.tells(id, stage).await;
    }
    town.meta.tells("wamid.of-nobody", Stage::Read).await;
    for (id, message, status) in [("quokka", &first, "read"), ("axolotl", &second, "delivered"), (LOBBY, &menu, "read")]
    {
        let rows = town.store.tenant(&tenant(id));
        let view = rows.conversations(1).await.unwrap().remove(0);
        let log = rows.messages(view.id, 100).await.unwrap();
        let line = log.iter().find(|line| line.message.as_ref().is_some_and(|it| it.as_str() == message)).unwrap();
        assert_eq!(line.status, status, "{id}");
    }
}

#[tokio::test]
async fn whatever_breaks_while_messages_are_passed_on_they_arrive_once() {
    for method in ["ingest", "commit", "lease"] {
        for (number, after) in [(1, false), (1, true), (2, false), (2, true), (3, false), (3, true)] {
            let town = Town::new(Provider::Meta).await;
            let eva = town.caller("351911111111");
            town.says_all(&eva, &["Hello!", "Two of us", "Tomorrow"]).await;
            let count = town.faults.count(method);
            let fault = if after { Fault::down().after() } else { Fault::down() };
            let _ = town.faults.clone().fail(method, count + number, fault);
            eva.chooses("Wombat").await;
            for _ in 0..6 {
                town.clock.advance(Duration::seconds(40));
                town.settle().await;
            }
            let heard = town.heard("wombat").await;
            assert_eq!(heard, ["Hello!", "Two of us", "Tomorrow"], "{method} {number} {after}");
            assert_eq!(town.counts().await, [0, 0, 3, 4], "{method} {number} {after}");
        }
    }
}

#[tokio::test]
async fn who_takes_over_and_who_is_called_otherwise_concern_whom_they_should() {
    let town = Town::new(Provider::Meta).await;
    let eva = town.caller("351911111111");
    let AnyPhone::Meta(phone) = &eva else { unreachable!() };
    town.says(&eva, "Hi #quokka").await;
    town.says(&eva, "Hi #axolotl").await;
    phone.hears_from_staff("Hello, this is a person").await;
    town.settle().await;
    let holder = async |id: &str| town.store.tenant(&tenant(id)).conversations(1).await.unwrap().remove(0).holder;
    assert_eq!(holder("axolotl").await, chatplug::dialogue::Holder::Person);
    assert_eq!(holder("quokka").await, chatplug::dialogue::Holder::Bot);
    // A new number: whoever knows the old one hears of it, and nobody else.
    let moved = phone.changes_number("351944444444").await;
    town.settle().await;
    let moved = AnyPhone::Meta(moved);
    town.says(&moved, "still to the axolotl").await;
    assert_eq!(town.heard("axolotl").await.last().unwrap(), "still to the axolotl");
    for id in ["quokka", "axolotl", LOBBY] {
        let views = town.store.tenant(&tenant(id)).conversations(10).await.unwrap();
        assert_eq!(views.len(), 1, "{id}");
        assert_eq!(views[0].contact.user.phone.as_ref().unwrap().digits(), "351944444444", "{id}");
    }
    assert!(town.store.tenant(&tenant("wombat")).conversations(10).await.unwrap().is_empty());
}

impl Town {
    async fn says_all(&self, phone: &AnyPhone, texts: &[&str]) {
        for text in texts {
            phone.says(text).await;
        }
        self.settle().await;
    }

    /// How far everything that anybody sent has come.
    async fn statuses(&self) -> Vec<String> {
        let mut statuses = Vec::new();
        for id in ["quokka", "axolotl", "wombat", LOBBY] {
            let rows = self.store.tenant(&tenant(id));
            for view in rows.conversations(100).await.unwrap() {
                let log = rows.messages(view.id, 1000).await.unwrap();
                statuses.extend(log.into_iter().filter(|line| !line.inbound).map(|line| line.status));
            }
        }
        statuses
    }
}
