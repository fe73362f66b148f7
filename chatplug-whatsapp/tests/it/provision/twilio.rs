//! At Twilio.

use super::{Mortal, end, words};
use crate::twilio::business::judge;
use chatplug_core::testkit::VirtualClock;
use chatplug_whatsapp::{
    fake::twilio::{FakeTwilio, Fault},
    provision::{Journal, Kept, MemoryJournal, Progress, StepView},
    twilio::{
        http_client,
        provision::{RETRY_FRAGMENT, STEPS, TwilioConnect, TwilioOwner, TwilioWish, known},
    },
};
use chrono::Duration;
use secrecy::ExposeSecret;
use std::sync::Arc;

const NUMBER: &str = "+15550009999";
const PARENT: &str = FakeTwilio::ACCOUNT;
const CREATE_ACCOUNT: &str = "POST /2010-04-01/Accounts.json";
const SENDERS: &str = "/v2/Channels/Senders";

struct Scene {
    twilio: FakeTwilio,
    clock: VirtualClock,
    journal: MemoryJournal,
    base_url: String,
}

impl Scene {
    async fn new() -> Self {
        let twilio = FakeTwilio::start().await.unwrap();
        let clock = VirtualClock::starting("2026-03-02T12:00:00Z");
        twilio.add_account(PARENT, FakeTwilio::TOKEN).use_clock(Arc::new(clock.clone()));
        let base_url = judge(&twilio).await;
        Self { twilio, clock, journal: MemoryJournal::new(), base_url }
    }

    /// A sender in a subaccount.
    fn wish(&self) -> TwilioWish {
        let owner = TwilioOwner::Subaccount {
            parent: PARENT.into(),
            token: FakeTwilio::TOKEN.into(),
            name: "chatplug bella".into(),
        };
        TwilioWish {
            owner,
            number: NUMBER.into(),
            name: "Studio Bella".into(),
            waba_id: Some("102290129340398".into()),
            by_voice: None,
            verification_code: None,
            webhook_url: url(),
            base_url: Some(self.base_url.clone()),
        }
    }

    fn connect(&self, wish: TwilioWish) -> TwilioConnect {
        TwilioConnect::new(http_client().unwrap(), wish)
    }

    async fn run(&self, wish: TwilioWish) -> Vec<StepView> {
        self.connect(wish).run(self.journal.progress(), &self.journal, &self.clock).await.unwrap().1
    }

    /// Runs it again as long as it waits for something that comes by itself.
    async fn complete(&self, wish: &TwilioWish) -> Vec<StepView> {
        for _ in 0..10 {
            let views = self.run(wish.clone()).await;
            if !end(&views).contains("waits") {
                return views;
            }
            self.clock.advance(Duration::seconds(40));
        }
        panic!("it never ends");
    }

    /// Senders made, by calls to the collection itself.
    fn senders_made(&self) -> usize {
        let posts = self.twilio.carried_out(&format!("POST {SENDERS}"));
        posts - self.twilio.carried_out(&format!("POST {SENDERS}/"))
    }
}

fn url() -> String {
    format!("https://bot.example.com/webhooks/twilio/main{RETRY_FRAGMENT}")
}

#[tokio::test]
async fn from_nothing_to_a_sender_that_is_online() {
    let scene = Scene::new().await;
    let views = scene.run(scene.wish()).await;
    assert_eq!(words(&views), ["account done", "sender done", "online waiting", "webhook todo"], "{}", end(&views));
    let views = scene.complete(&scene.wish()).await;
    assert_eq!(end(&views), "complete");
    assert_eq!(scene.twilio.webhook_of(NUMBER), Some(url()));
    let progress = scene.journal.progress();
    assert!(progress.is_complete(STEPS) && progress.known(known::SENDER_SID).unwrap().starts_with("XE"));
    let account = progress.known(known::ACCOUNT_SID).unwrap();
    assert_ne!(account, PARENT, "a subaccount of its own");
    let token = scene.journal.kept(Kept::Token).await.unwrap().unwrap();
    assert!(!serde_json::to_string(&progress).unwrap().contains(token.expose_secret()));
    let asked = scene.twilio.carried_out("");
    assert!(words(&scene.run(scene.wish()).await).iter().all(|step| step.ends_with("already done")));
    assert_eq!(scene.twilio.carried_out(""), asked);

    // Another number of the same business: the same account.
    let other = MemoryJournal::new();
    let wish = TwilioWish { number: "+15550008888".into(), ..scene.wish() };
    let (known, _) = scene.connect(wish).run(Progress::default(), &other, &scene.clock).await.unwrap();
    assert_eq!((known.known(known::ACCOUNT_SID), scene.twilio.carried_out(CREATE_ACCOUNT)), (Some(account), 1));
}

#[tokio::test]
async fn killed_at_every_write_it_goes_on_and_makes_one_account_and_one_sender() {
    let mut lives = 0;
    for (writes, after) in (1..).flat_map(|writes| [(writes, false), (writes, true)]) {
        let scene = Scene::new().await;
        let mortal = Mortal::new(&scene.journal, writes, after);
        let first = scene.connect(scene.wish()).run(Progress::default(), &mortal, &scene.clock).await;
        if !mortal.is_dead() {
            assert!(first.is_ok());
            break;
        }
        lives += 1;
        let views = scene.complete(&scene.wish()).await;
        assert_eq!(end(&views), "complete", "write {writes}");
        assert_eq!((scene.twilio.carried_out(CREATE_ACCOUNT), scene.senders_made()), (1, 1), "write {writes}");
    }
    assert_eq!(lives, 10, "account asked, token kept, account done, sender asked, sender done; twice");
}

#[tokio::test]
async fn a_lost_answer_is_looked_for_before_it_is_asked_again() {
    for fault in [Fault::DropAnswer, Fault::CutAnswer, Fault::GarbleAnswer, Fault::StatusAfter(502), Fault::DropRequest]
    {
        let mut scene = Scene::new().await;
        scene.base_url = scene.twilio.base_url();
        // The first call of each is a look, which does no harm.
        for path in ["/Accounts.json", SENDERS] {
            scene.twilio.on_call(path).answer(Fault::Status(503));
        }
        scene.run(scene.wish()).await;
        scene.twilio.on_call("/Accounts.json").answer(Fault::Delay(std::time::Duration::ZERO));
        scene.twilio.on_call("/Accounts.json").answer(fault.clone());
        let views = scene.run(scene.wish()).await;
        assert!(end(&views).contains("the answer was lost"), "{fault:?}: {}", end(&views));
        let views = scene.run(scene.wish()).await;
        if fault == Fault::DropRequest {
            assert!(end(&views).contains("may still come about"), "nothing there: that counts later: {}", end(&views));
            assert_eq!(scene.twilio.carried_out(CREATE_ACCOUNT), 0);
        }
        scene.clock.advance(Duration::seconds(40));
        scene.run(scene.wish()).await;
        scene.twilio.on_call(SENDERS).answer(Fault::Delay(std::time::Duration::ZERO));
        scene.twilio.on_call(SENDERS).answer(fault.clone());
        assert_eq!(end(&scene.complete(&scene.wish()).await), "complete", "{fault:?}");
        assert_eq!((scene.twilio.carried_out(CREATE_ACCOUNT), scene.senders_made()), (1, 1), "{fault:?}");
    }
}

#[tokio::test]
async fn a_sender_that_was_there_is_taken_over() {
    let scene = Scene::new().await;
    scene.twilio.add_sender(PARENT, NUMBER).set_webhook(NUMBER, "callback_url", "https://elsewhere.example.com/hook");
    let owner = TwilioOwner::Account { sid: PARENT.into(), token: Some(FakeTwilio::TOKEN.into()) };
    let views = scene.run(TwilioWish { owner, ..scene.wish() }).await;
    assert_eq!(end(&views), "complete");
    assert_eq!((scene.senders_made(), scene.twilio.webhook_of(NUMBER)), (0, Some(url())));
}

#[tokio::test]
async fn a_code_is_waited_for_and_taken() {
    let scene = Scene::new().await;
    let wish = TwilioWish { by_voice: Some(false), ..scene.wish() };
    scene.run(wish.clone()).await;
    let views = scene.run(wish.clone()).await;
    assert!(end(&views).contains("--verification-code-file"), "{}", end(&views));
    let with = |code: &str| TwilioWish { verification_code: Some(code.into()), ..wish.clone() };
    let views = scene.run(with("000000")).await;
    assert!(end(&views).contains("does not take the verification code"), "{}", end(&views));
    assert_eq!(end(&scene.complete(&with(FakeTwilio::VERIFICATION_CODE)).await), "complete");
}

#[tokio::test]
async fn each_state_of_a_sender_says_what_to_do() {
    for (status, why, said) in [
        ("TWILIO_REVIEW", None, "online waits: Twilio reviews the sender"),
        ("DRAFT", None, "online failed: the sender was begun and not finished"),
        (
            "OFFLINE",
            Some((63_020, "no")),
            "accept Twilio's invitation in Meta's Business Manager (Requests) (Twilio says: no)",
        ),
        ("OFFLINE", None, "online failed: the sender is offline: see Twilio's console"),
    ] {
        let scene = Scene::new().await;
        scene.run(scene.wish()).await;
        scene.twilio.set_sender(NUMBER, status, why);
        let views = scene.run(scene.wish()).await;
        assert!(end(&views).contains(said), "{status}: {}", end(&views));
    }
}

#[tokio::test]
async fn what_twilio_refuses_says_what_to_do() {
    let scene = Scene::new().await;
    let views = scene.run(TwilioWish { waba_id: None, ..scene.wish() }).await;
    assert!(
        end(&views).contains("the first sender of an account is registered in Twilio's console"),
        "{}",
        end(&views)
    );
    let wrong = TwilioOwner::Account { sid: PARENT.into(), token: Some("wrong".into()) };
    let (_, views) = scene
        .connect(TwilioWish { owner: wrong, ..scene.wish() })
        .run(Progress::default(), &MemoryJournal::new(), &scene.clock)
        .await
        .unwrap();
    assert!(end(&views).contains("does not know this account and auth token"), "{}", end(&views));
    let (_, views) = scene
        .connect(TwilioWish { number: "+1".into(), ..scene.wish() })
        .run(Progress::default(), &MemoryJournal::new(), &scene.clock)
        .await
        .unwrap();
    assert!(end(&views).contains("Twilio does not take the number"), "{}", end(&views));
}
