//! A salon as the program serves it: put together from a configuration of which one block says where its number is, with
//! fakes of both providers at hand, real HTTP in between, and a clock that only the test moves.

use super::{
    phone::{AnyPhone, AnySeen, Phone as _, Seen as _},
    program::MASTER_KEY,
    stage::{self, BELLA, Provider},
    talk::print,
};
use chatplug::{
    calendar::demo,
    model::{Booking, ChannelId, ChannelUser, TenantId},
    ports::Clock as _,
    testkit::VirtualClock,
    whatsapp::fake::{
        meta::FakeMeta,
        twilio::{self, FakeTwilio},
    },
};
use chatplug_server::{
    config::{Environment, parse},
    http::App,
};
use chrono::Duration;
use std::{collections::BTreeMap, fmt::Write as _, path::Path, sync::Arc};

/// The salon's number, the same at both.
const NUMBER: &str = "+351210000000";

/// The program with one salon.
pub struct House {
    pub provider: Provider,
    pub clock: VirtualClock,
    app: App,
    meta: FakeMeta,
    twilio: FakeTwilio,
    _dir: tempfile::TempDir,
}

impl House {
    /// With a Monday morning on the clock: 9 March 2026, 09:00 in Lisbon.
    pub async fn at(provider: Provider) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = VirtualClock::starting("2026-03-09T09:00:00Z");
        let (meta, twilio) = (fake_meta(&clock).await, fake_twilio(&clock).await);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let block = match provider {
            Provider::Meta => at_meta(),
            Provider::Twilio => at_twilio(&twilio),
        };
        std::fs::write(dir.path().join("calendar.toml"), demo::SALON).unwrap();
        let text = file(dir.path(), &url, &meta, &block);
        let config = parse("chatplug.toml", &text, dir.path(), &Environment(BTreeMap::new())).unwrap();
        let app = App::new(config, Arc::new(clock.clone())).await.unwrap();
        meta.callback(&format!("{url}/webhooks/meta/app"));
        twilio.callback(&format!("{url}/webhooks/twilio/main"));
        let router = app.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { provider, clock, app, meta, twilio, _dir: dir }
    }

    /// Somebody who writes to the salon.
    pub fn client(&self, phone: &str, name: &str) -> Guest<'_> {
        let phone = match self.provider {
            Provider::Meta => AnyPhone::Meta(self.meta.client(phone).named(name)),
            Provider::Twilio => AnyPhone::Twilio(self.twilio.client(phone).named(name)),
        };
        Guest { house: self, phone, last: Vec::new(), transcript: String::new(), shown: 0 }
    }

    /// Lets everything that is due now, or within a burst's wait, happen.
    async fn settle(&self) {
        self.clock.advance(Duration::seconds(2));
        self.happen().await;
        self.app.engine().drain().await.unwrap();
    }

    /// Lets time pass, in steps of at most half an hour so that timers ring in order.
    pub async fn wait(&self, time: Duration) {
        let end = self.clock.now() + time;
        while self.clock.now() < end {
            let step = (end - self.clock.now()).min(Duration::minutes(30));
            self.clock.advance(step);
            self.happen().await;
        }
        self.app.engine().drain().await.unwrap();
    }

    async fn happen(&self) {
        self.app.engine().drain().await.unwrap();
        let (refused, other) = match self.provider {
            Provider::Meta => {
                self.meta.settled().await;
                (self.meta.refused(), self.twilio.all_sent().len())
            }
            Provider::Twilio => {
                self.twilio.settled().await;
                assert_eq!((self.twilio.alerts(), self.twilio.leaks()), (Vec::new(), 0));
                assert!(self.twilio.all_sent().iter().all(|sent| sent.failure.is_none()), "some did not arrive");
                (self.twilio.refused(), self.meta.all_sent().len())
            }
        };
        assert_eq!((refused, other), (0, 0), "a call was refused, or went to the other provider");
    }
}

async fn fake_meta(clock: &VirtualClock) -> FakeMeta {
    let meta = FakeMeta::start().await.unwrap();
    meta.use_clock(Arc::new(clock.clone())).add_number(BELLA, NUMBER.trim_start_matches('+'), "waba-1");
    stage::approve_templates(&meta);
    meta
}

async fn fake_twilio(clock: &VirtualClock) -> FakeTwilio {
    let twilio = FakeTwilio::start().await.unwrap();
    twilio.use_clock(Arc::new(clock.clone()));
    twilio.add_account(FakeTwilio::ACCOUNT, FakeTwilio::TOKEN).add_sender(FakeTwilio::ACCOUNT, NUMBER);
    for draft in stage::shipped_templates() {
        let template = twilio::FakeTemplate::new(&draft.name, &draft.locale, &draft.body);
        let template = template.with_quick_replies(draft.buttons.iter().map(String::as_str));
        let _ = twilio.approve(FakeTwilio::ACCOUNT, template);
    }
    twilio
}

/// The whole file: the same whatever stands in the channel's block.
fn file(folder: &Path, url: &str, meta: &FakeMeta, block: &str) -> String {
    format!(
        r#"
[server]
public_url = "{url}"
inline_secrets = true

[store]
url = "sqlite:{database}"

[vault]
master_keys = "{MASTER_KEY}"

[[meta_app]]
name = "app"
app_secret = "{secret}"
verify_token = "{verify}"
base_url = "{graph}"

[[tenant]]
id = "bella"
name = "Studio Bella"
policy = {{ language = "pt" }}

[[tenant.branch]]
id = "baixa"
calendar = "calendar.toml"

[[tenant.channel]]
id = "whatsapp"
{block}"#,
        database = folder.join("house.sqlite").display(),
        secret = FakeMeta::APP_SECRET,
        verify = FakeMeta::VERIFY_TOKEN,
        graph = meta.base_url(),
    )
}

fn at_meta() -> String {
    let mut block =
        format!("provider = \"meta\"\nphone_number_id = \"{BELLA}\"\naccess_token = \"{}\"\n", FakeMeta::TOKEN);
    for draft in stage::shipped_templates() {
        let (meaning, lang, name, locale) = (draft.meaning, draft.lang, draft.name, draft.locale);
        let _ = write!(
            block,
            "[[tenant.channel.templates]]\nmeaning = \"{meaning}\"\nlang = \"{lang}\"\nname = \"{name}\"\n\
             locale = \"{locale}\"\n"
        );
    }
    block
}

/// Templates are found at Twilio by their names.
fn at_twilio(twilio: &FakeTwilio) -> String {
    format!(
        "provider = \"twilio\"\naccount_sid = \"{}\"\nauth_token = \"{}\"\nnumber = \"{NUMBER}\"\nbase_url = \"{}\"\n",
        FakeTwilio::ACCOUNT,
        FakeTwilio::TOKEN,
        twilio.base_url()
    )
}

/// Somebody who writes to the salon, with the transcript.
pub struct Guest<'h> {
    house: &'h House,
    phone: AnyPhone,
    /// What came back last.
    pub last: Vec<AnySeen>,
    transcript: String,
    shown: usize,
}

impl Guest<'_> {
    pub async fn says(&mut self, text: &str) -> &mut Self {
        let _ = writeln!(self.transcript, "> {text}");
        self.phone.says(text).await;
        self.answer().await
    }

    /// Taps the n-th choice (from 1) of the last message that had some.
    pub async fn taps(&mut self, n: usize) -> &mut Self {
        let inbox = self.phone.inbox();
        let message = inbox.iter().rev().find(|message| !message.choices().is_empty()).expect("something to tap");
        let title = *message.titles().get(n - 1).unwrap_or_else(|| panic!("no choice {n} in {:?}", message.titles()));
        let _ = writeln!(self.transcript, "> [{title}]");
        self.phone.chooses(title).await;
        self.answer().await
    }

    /// Collects what came back since the last look.
    pub fn look(&mut self) -> &mut Self {
        let mut inbox = self.phone.inbox();
        self.last = inbox.split_off(self.shown.min(inbox.len()));
        self.shown += self.last.len();
        for message in &self.last {
            let _ = writeln!(self.transcript, "{}", print(message));
        }
        self
    }

    pub fn note(&mut self, text: &str) {
        let _ = writeln!(self.transcript, "-- {text}");
    }

    pub fn transcript(&self) -> &str {
        &self.transcript
    }

    /// The client's bookings from now on, as we know them.
    pub async fn bookings(&self) -> Vec<Booking> {
        let user = ChannelUser { phone: self.phone.key().parse().ok(), user_id: None };
        let channel = ChannelId::new("whatsapp").unwrap();
        let rows = self.house.app.stores().store.tenant(&TenantId::new("bella").unwrap());
        let conversation = rows.conversation_of(&channel, &user).await.unwrap().expect("a conversation");
        rows.bookings(conversation.contact.id, self.house.clock.now()).await.unwrap()
    }

    async fn answer(&mut self) -> &mut Self {
        self.house.settle().await;
        self.look()
    }
}
