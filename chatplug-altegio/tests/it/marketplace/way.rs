//! The way of a branch: every way of being stopped, and what Altegio is asked in all.

use async_trait::async_trait;
use chatplug_altegio::{
    AltegioClient,
    client::http_client,
    fake::{FakeAltegio, Fault, LinkStatus},
    marketplace::{InstallWish, Installing, Login, Marketplace, PaymentTold},
};
use chatplug_core::{
    model::Money,
    ports::{BookingBackend, SystemClock},
    provision::{Entry, Journal, JournalError, Kept, MemoryJournal, Progress, ProvisionError, Standing, StepView},
    testkit::{MemoryBackend, VirtualClock, contract::intent},
    wrappers::Pace,
};
use chrono::Duration;
use secrecy::{ExposeSecret, SecretString};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

const SALON: u64 = FakeAltegio::SALON;
const ACTIVATE: &str = "POST /marketplace/partner/callback";
const HOOK: &str = "https://chat.example.com/webhooks/altegio/9f2c8e5b7a1d4036b8e2c75a";

/// A journal whose program is killed at one of its writes: before that is done, or after.
#[derive(Debug)]
struct Mortal<'a> {
    journal: &'a MemoryJournal,
    left: AtomicUsize,
    after: bool,
}

impl Mortal<'_> {
    fn dies(&self) -> bool {
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) == Ok(1)
    }
}

#[async_trait]
impl Journal for Mortal<'_> {
    async fn save(&self, progress: &Progress, entry: Entry) -> Result<(), JournalError> {
        let dies = self.dies();
        if !dies || self.after {
            self.journal.save(progress, entry).await?;
        }
        if dies { Err(JournalError::Store { source: "killed".into() }) } else { Ok(()) }
    }

    async fn keep(&self, which: Kept, secret: &SecretString) -> Result<(), JournalError> {
        let dies = self.dies();
        if !dies || self.after {
            self.journal.keep(which, secret).await?;
        }
        if dies { Err(JournalError::Store { source: "killed".into() }) } else { Ok(()) }
    }

    async fn kept(&self, which: Kept) -> Result<Option<SecretString>, JournalError> {
        self.journal.kept(which).await
    }
}

/// A salon, its app and a clock that both go by.
struct Stage {
    fake: FakeAltegio,
    clock: Arc<VirtualClock>,
    client: AltegioClient,
}

impl Stage {
    async fn new() -> Self {
        let fake = FakeAltegio::start().await.unwrap();
        let clock = Arc::new(VirtualClock::default());
        fake.use_clock(clock.clone());
        // How fast calls may come is another test's matter.
        fake.keep_rate(None);
        let fast = Pace::new(Arc::new(SystemClock), 1000, Duration::milliseconds(1), usize::MAX);
        let client = AltegioClient::new(fake.config(), http_client().unwrap()).with_pace(fast);
        Self { fake, clock, client }
    }

    fn wish(&self) -> InstallWish {
        InstallWish {
            salon: SALON,
            branch: intent::catalog().branch.id,
            user_token: Some(FakeAltegio::USER_TOKEN.into()),
            login: None,
            webhook_url: Some(HOOK.into()),
            channels: Vec::new(),
            backend: Arc::new(|_| Arc::new(MemoryBackend::studio()) as Arc<dyn BookingBackend>),
        }
    }

    fn way(&self) -> Installing {
        Installing::new(self.client.clone(), Marketplace::new(&self.client, FakeAltegio::APP), self.wish())
    }

    async fn run(&self, way: &Installing, journal: &MemoryJournal) -> Vec<StepView> {
        way.run(journal.progress(), journal, &*self.clock).await.unwrap().1
    }
}

/// What is said of the step where it ended.
fn end(views: &[StepView]) -> String {
    let said = views.iter().find_map(|view| match &view.standing {
        Standing::Waiting { what, .. } => Some(format!("{} waits: {what}", view.step.name)),
        Standing::Failed { what, .. } => Some(format!("{} failed: {what}", view.step.name)),
        _ => None,
    });
    said.unwrap_or_else(|| "complete".to_owned())
}

#[tokio::test]
async fn whoever_is_killed_anywhere_goes_on_and_connect_is_answered_once() {
    let stage = Stage::new().await;
    let mut lives = 0;
    for after in [false, true] {
        for writes in 1.. {
            stage.fake.connects(&[SALON]);
            stage.fake.forget_calls();
            let journal = MemoryJournal::new();
            let mortal = Mortal { journal: &journal, left: AtomicUsize::new(writes), after };
            let outlived = stage.way().run(Progress::default(), &mortal, &*stage.clock).await.is_ok();
            // Whoever comes next comes when no call of the one before is under way.
            stage.clock.advance(Duration::minutes(1));
            assert_eq!(end(&stage.run(&stage.way(), &journal).await), "complete", "{writes} {after}");
            let answered = stage.fake.calls_of(ACTIVATE).iter().filter(|call| call.status == 201).count();
            assert_eq!(answered, 1, "killed at write {writes}, after it: {after}");
            assert_eq!(stage.fake.hooks(SALON).iter().filter(|url| *url == HOOK).count(), 1);
            let kept = journal.kept(Kept::Token).await.unwrap().unwrap();
            assert_eq!(kept.expose_secret(), FakeAltegio::USER_TOKEN);
            stage.fake.uninstalls(SALON);
            lives += 1;
            if outlived {
                break;
            }
        }
    }
    assert!(lives > 14, "{lives}");
}

#[tokio::test]
async fn installing_again_asks_altegio_nothing() {
    let stage = Stage::new().await;
    stage.fake.connects(&[SALON]);
    stage.fake.hook(SALON, "https://bi.example.org/hook");
    let journal = MemoryJournal::new();
    assert_eq!(end(&stage.run(&stage.way(), &journal).await), "complete");
    let mut hooks = stage.fake.hooks(SALON);
    hooks.sort();
    assert_eq!(hooks, ["https://bi.example.org/hook", HOOK], "what others had set stays");
    assert!(journal.progress().known("title").is_some_and(|title| !title.is_empty()));
    stage.fake.forget_calls();
    assert_eq!(end(&stage.run(&stage.way(), &journal).await), "complete");
    assert!(stage.fake.calls().is_empty(), "{:?}", stage.fake.calls());
    assert!(stage.fake.violations().is_empty(), "{:?}", stage.fake.violations());
}

#[tokio::test]
async fn an_answer_that_is_lost_is_looked_for_and_not_given_twice() {
    for fault in [Fault::DropAnswer, Fault::DropRequest, Fault::Status(502), Fault::StatusAfter(504), Fault::Html] {
        let stage = Stage::new().await;
        stage.fake.connects(&[SALON]);
        stage.fake.on(ACTIVATE).answer(fault.clone());
        let journal = MemoryJournal::new();
        let mut views = stage.run(&stage.way(), &journal).await;
        if end(&views) != "complete" {
            assert!(end(&views).starts_with("callback waits"), "{fault:?}: {views:?}");
            stage.clock.advance(Duration::seconds(10));
            // Too early to believe that nothing came of it; unless it is seen that something did.
            let early = end(&stage.run(&stage.way(), &journal).await);
            let done = stage.fake.link(SALON).is_some_and(|link| link.status == LinkStatus::Active);
            assert_eq!(early == "complete", done, "{fault:?}: {early}");
            stage.clock.advance(Duration::minutes(1));
            views = stage.run(&stage.way(), &journal).await;
        }
        assert_eq!(end(&views), "complete", "{fault:?}");
        assert_eq!(stage.fake.hooks(SALON).len(), 1, "{fault:?}");
    }
}

/// Somebody else, or a run that nobody remembers, was first: the refusal of a second answer is no failure.
#[tokio::test]
async fn an_answer_that_was_given_already_is_given() {
    for repeat in [403, 400] {
        let stage = Stage::new().await;
        stage.fake.connects(&[SALON]);
        stage.fake.repeated_activation(repeat);
        // The first answer takes effect, and its answer is a refusal.
        stage.fake.on(ACTIVATE).answer(Fault::StatusAfter(repeat));
        assert_eq!(end(&stage.run(&stage.way(), &MemoryJournal::new()).await), "complete", "{repeat}");
    }
}

#[tokio::test]
async fn a_link_that_is_none_is_told_apart() {
    let stage = Stage::new().await;
    let run = async || end(&stage.run(&stage.way(), &MemoryJournal::new()).await);
    assert!(run().await.starts_with("link failed: the salon does not have the app"));
    stage.fake.connects(&[SALON]);
    stage.fake.pending_lasts(Duration::days(7));
    stage.clock.advance(Duration::hours(30));
    assert!(run().await.starts_with("link failed: Connect was pressed more than an hour ago"));
    stage.fake.uninstalls(SALON).connects(&[SALON]);
    stage.fake.freezes(SALON);
    assert!(run().await.starts_with("link waits: Altegio has frozen the link"));
    assert!(stage.fake.calls_of(ACTIVATE).is_empty());
    stage.fake.unfreezes(SALON);
    assert_eq!(run().await, "complete", "an active one, as of a private app");
    assert!(stage.fake.calls_of(ACTIVATE).is_empty());
}

#[tokio::test]
async fn a_salon_that_cannot_be_read_says_what_to_do() {
    let stage = Stage::new().await;
    stage.fake.connects(&[SALON]);
    let way = |change: fn(&mut InstallWish)| {
        let mut wish = stage.wish();
        change(&mut wish);
        Installing::new(stage.client.clone(), Marketplace::new(&stage.client, FakeAltegio::APP), wish)
    };
    let journal = MemoryJournal::new();
    let nobody = way(|wish| wish.user_token = None);
    assert!(end(&stage.run(&nobody, &journal).await).starts_with("token failed: there is no user to act as"));
    let empty = way(|wish| {
        wish.backend = Arc::new(|_| {
            let backend = MemoryBackend::studio();
            backend.offer(|catalog| catalog.services.clear());
            Arc::new(backend)
        });
    });
    assert!(end(&stage.run(&empty, &journal).await).starts_with("catalog failed: the salon offers nothing online"));
    let elsewhere = way(|wish| wish.branch = "elsewhere".parse().unwrap());
    assert!(end(&stage.run(&elsewhere, &journal).await).starts_with("catalog failed: Altegio does not show"));
    assert_eq!(end(&stage.run(&stage.way(), &journal).await), "complete");
    assert_eq!(stage.fake.calls_of(ACTIVATE).len(), 1);
}

#[tokio::test]
async fn without_the_marketplace_a_user_of_the_salon_does() {
    let stage = Stage::new().await;
    let login = |password: &str, second| Login {
        login: FakeAltegio::LOGIN.into(),
        password: password.to_owned().into(),
        second,
    };
    let way = |login| {
        let wish = InstallWish { user_token: None, login: Some(login), ..stage.wish() };
        Installing::directly(stage.client.clone(), wish)
    };
    let journal = MemoryJournal::new();
    let wrong = end(&stage.run(&way(login("wrong", None)), &journal).await);
    assert_eq!(wrong, "token failed: Altegio does not know this login, or the password is another");
    stage.fake.second_factor(true);
    let factor = end(&stage.run(&way(login(FakeAltegio::PASSWORD, None)), &journal).await);
    assert!(factor.contains("two-factor") && factor.contains("--second-factor "), "{factor}");
    stage.fake.second_factor(false);
    assert_eq!(end(&stage.run(&way(login(FakeAltegio::PASSWORD, None)), &journal).await), "complete");
    assert!(journal.kept(Kept::Token).await.unwrap().is_some());
    assert!(stage.fake.calls().iter().all(|call| !call.route.contains("/marketplace/")));
}

#[tokio::test]
async fn partners_ask_and_tell_as_the_platform_wants_it() {
    let stage = Stage::new().await;
    stage.fake.connects(&[SALON]);
    let market = Marketplace::new(&stage.client, FakeAltegio::APP);
    market.activate(SALON, &Default::default()).await.unwrap();
    assert_eq!(market.salons().await.unwrap(), [SALON]);
    assert_eq!(
        (market.payment_link(SALON, None, None).await.unwrap(), market.tariffs().await.unwrap().len()),
        (None, 0)
    );
    stage.fake.with_tariffs(true);
    assert!(market.payment_link(SALON, Some(15.5), None).await.unwrap().unwrap().starts_with("https://"));
    assert!(!market.tariffs().await.unwrap().is_empty());
    let at = "2026-01-01T10:10:00".parse().unwrap();
    let told = PaymentTold {
        sum: Money::new(99_099, intent::catalog().branch.currency),
        date: at,
        from: at,
        until: at + Duration::days(30),
    };
    stage.fake.freezes(SALON);
    let id = market.pay(SALON, &told).await.unwrap().unwrap();
    let link = market.link(SALON).await.unwrap();
    assert_eq!(
        link.payments.iter().map(|paid| (paid.id, paid.sum.as_str())).collect::<Vec<_>>(),
        [(Some(id), "990.99")]
    );
    assert_eq!(link.state.word(), "active", "a payment thaws");
    market.refund(id).await.unwrap();
    assert!(market.link(SALON).await.unwrap().payments[0].is_refunded);
    market.discount(&[SALON], 15.5).await.unwrap();
    market.channel(SALON, "whatsapp", false).await.unwrap();
    assert_eq!(stage.fake.link(SALON).unwrap().channels, [("whatsapp".to_owned(), false)]);
    market.short_names(SALON, &["BELLA".to_owned()]).await.unwrap();
    assert!(matches!(market.short_names(SALON, &[]).await, Err(ProvisionError::Refused { .. })));
    // Nothing that is done is done again by itself.
    stage.fake.on("POST /marketplace/partner/payment").answer(Fault::DropAnswer);
    assert!(matches!(market.pay(SALON, &told).await, Err(ProvisionError::OutcomeUnknown { .. })));
    assert_eq!(market.link(SALON).await.unwrap().payments.len(), 2);
    market.uninstall(SALON).await.unwrap();
    market.uninstall(SALON).await.unwrap();
    assert_eq!(market.link(SALON).await.unwrap().state.word(), "absent");
    assert!(stage.fake.violations().is_empty(), "{:?}", stage.fake.violations());
}
