//! The testkit keeps its own promises: every suite on the implementations in memory.

mod store {
    use chatplug_core::testkit::MemoryStore;

    async fn store() -> Box<MemoryStore> {
        Box::new(MemoryStore::new())
    }

    chatplug_core::store_contract!(store());
}

/// A promise that stands in no macro is a promise that nobody checks.
#[test]
fn every_promise_of_every_suite_is_run() {
    let contract = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/testkit/contract");
    let mut folders = vec![contract];
    let (mut promises, mut run) = (Vec::new(), std::collections::BTreeSet::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            let named = source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split(['(', '<']).next());
            promises.extend(named.map(str::to_owned));
            if source.contains("macro_rules!") {
                run.extend(source.split_whitespace().map(str::to_owned));
            }
        }
    }
    let forgotten: Vec<_> = promises.iter().filter(|promise| !run.contains(*promise)).collect();
    assert!(promises.len() > 100, "only {} promises were found", promises.len());
    assert!(forgotten.is_empty(), "in no macro: {forgotten:?}");
}

mod installs {
    use chatplug_core::testkit::MemoryStore;

    async fn store() -> Box<MemoryStore> {
        Box::new(MemoryStore::new())
    }

    chatplug_core::installs_contract!(store());
}

mod calendar_store {
    use chatplug_core::testkit::MemoryCalendarStore;

    async fn calendars() -> Box<MemoryCalendarStore> {
        Box::new(MemoryCalendarStore::new())
    }

    chatplug_core::calendar_store_contract!(calendars());
}

mod messenger {
    use chatplug_core::testkit::contract::messenger::MessengerScene;

    async fn scene() -> Box<MessengerScene> {
        Box::new(MessengerScene::memory())
    }

    chatplug_core::messenger_contract!(scene());
}

mod webhook {
    use chatplug_core::{
        model::{ChannelUser, DeliveryStatus, MessageId, Stage},
        testkit::{MemoryReceiver, Posted, PostedEvent, contract::webhook::WebhookScene},
    };
    use std::sync::Arc;

    async fn scene() -> Box<WebhookScene> {
        let endpoint = MemoryReceiver::new("secret");
        let status = DeliveryStatus {
            message: MessageId::new("out-1").unwrap(),
            key: None,
            stage: Stage::Read,
            at: chrono::DateTime::UNIX_EPOCH,
            failure: None,
            pricing: None,
        };
        let unknown = serde_json::json!({ "poll": { "votes": 3 } });
        let wrote = Posted::StaffWrote(ChannelUser::default());
        let event = |key: &str, what| PostedEvent { external_id: "1001".to_owned(), key: key.to_owned(), what };
        let bodies = [
            vec![PostedEvent::status("1001", status), PostedEvent::booking("2002", "b1", "change-1")],
            vec![event("k1", Posted::Other(unknown)), event("k2", wrote)],
        ];
        let signer = endpoint.clone();
        Box::new(WebhookScene {
            bodies: bodies.iter().map(|events| endpoint.post(events).into_body()).collect(),
            sign: Arc::new(move |body| signer.sign(body)),
            signature: vec![http::HeaderName::from_static("x-memory-signature")],
            stranger: Some(Box::new(MemoryReceiver::new("another"))),
            timed: true,
            receiver: Box::new(endpoint),
        })
    }

    chatplug_core::webhook_contract!(scene());

    #[test]
    fn without_a_key_everything_is_refused() {
        use chatplug_core::ports::{WebhookError, WebhookReceiver as _};
        let open = MemoryReceiver::new("");
        let result = open.receive(&open.post(&[]), chrono::DateTime::UNIX_EPOCH);
        assert!(matches!(result, Err(WebhookError::Forged)), "{result:?}");
    }
}

mod intent {
    use chatplug_core::{
        ports::{Intent, Interpretation, StaffMention},
        testkit::ScriptedIntents,
    };

    /// A script that points at what the catalogue does not hold: the engine must leave it out.
    async fn engine() -> Box<ScriptedIntents> {
        let mut inventing = Interpretation::of(Intent::Book, 0.9);
        inventing.services = ["cut", "free-massage"].map(|id| id.parse().unwrap()).to_vec();
        inventing.staff = Some(StaffMention::Named(vec!["root".parse().unwrap()]));
        Box::new(ScriptedIntents::new().meaning("hi", Intent::Greet).reading("the second one", inventing))
    }

    chatplug_core::intent_contract!(engine());

    mod offline {
        use chatplug_core::understand::OfflineEngine;
        use std::sync::{Arc, LazyLock};

        /// Loading the languages takes a while, and the engine keeps nothing: one for all.
        static ENGINE: LazyLock<Arc<OfflineEngine>> = LazyLock::new(|| Arc::new(OfflineEngine::new()));

        async fn engine() -> Arc<OfflineEngine> {
            Arc::clone(&ENGINE)
        }

        chatplug_core::intent_contract!(engine());
    }
}

mod templates {
    use chatplug_core::{
        model::Lang,
        ports::TemplateState,
        testkit::{StaticTemplates, contract::templates::TemplatesScene},
    };
    use std::sync::Arc;

    async fn scene() -> Box<TemplatesScene> {
        let templates = StaticTemplates::shipped(&[Lang::PT, Lang::EN]).with("reminder", Lang::FR);
        templates.decide("reminder_fr", TemplateState::Paused);
        Box::new(TemplatesScene {
            templates: Arc::new(templates),
            approved: ("booked".to_owned(), [Lang::EN, Lang::PT]),
            unapproved: vec![("reminder".to_owned(), Lang::FR)],
        })
    }

    chatplug_core::templates_contract!(scene());
}

mod notifier {
    use chatplug_core::testkit::RecordingNotifier;

    async fn notifier() -> Box<RecordingNotifier> {
        Box::new(RecordingNotifier::new())
    }

    chatplug_core::notifier_contract!(notifier());
}

mod directory {
    use chatplug_core::{
        ports::MockBookingBackend,
        testkit::{MemoryMessenger, StaticDirectory, TenantBuilder},
    };
    use std::sync::Arc;

    async fn directory() -> Box<StaticDirectory> {
        let tenants = ["bella", "cesar"].map(|id| {
            let salon = TenantBuilder::new(id)
                .branch("centre", Arc::new(MockBookingBackend::new()))
                .branch("south", Arc::new(MockBookingBackend::new()));
            salon.channel("wa", Arc::new(MemoryMessenger::new())).serving(&["south"]).build()
        });
        Box::new(StaticDirectory::new(tenants))
    }

    chatplug_core::directory_contract!(directory());
}

mod clock {
    mod virtual_clock {
        use chatplug_core::testkit::VirtualClock;

        async fn clock() -> Box<VirtualClock> {
            Box::new(VirtualClock::default())
        }

        chatplug_core::clock_contract!(clock());
    }

    mod system_clock {
        use chatplug_core::ports::SystemClock;

        async fn clock() -> Box<SystemClock> {
            Box::new(SystemClock)
        }

        chatplug_core::clock_contract!(clock());
    }
}

mod payments {
    use async_trait::async_trait;
    use chatplug_core::{
        ports::{Clock as _, DepositLink},
        testkit::{
            MemoryPayments, VirtualClock,
            contract::payments::{Payers, PaymentsScene},
        },
    };
    use std::sync::Arc;

    struct Clients(MemoryPayments, VirtualClock);

    #[async_trait]
    impl Payers for Clients {
        async fn pay(&self, link: &DepositLink) {
            assert!(self.0.pay(link), "the link is dead");
        }

        async fn refunds(&self) -> usize {
            self.0.refunds()
        }

        async fn pass(&self, time: chrono::Duration) -> bool {
            self.1.advance(time);
            true
        }
    }

    async fn scene() -> Box<PaymentsScene> {
        let clock = VirtualClock::default();
        let payments = MemoryPayments::new().with_clock(Arc::new(clock.clone()));
        let now = clock.now();
        let clients = Box::new(Clients(payments.clone(), clock));
        Box::new(PaymentsScene { payments: Arc::new(payments), clients, now })
    }

    chatplug_core::payments_contract!(scene());
}

mod backend {
    use async_trait::async_trait;
    use chatplug_core::{
        model::{DateRange, Slot},
        ports::{Capabilities, Clock as _},
        testkit::{
            MemoryBackend, VirtualClock,
            contract::{
                backend::{BackendHarness, BackendScene, Rival},
                intent::catalog,
            },
        },
    };
    use std::sync::Arc;

    struct Telephone(MemoryBackend);

    #[async_trait]
    impl Rival for Telephone {
        async fn take(&self, slot: &Slot) {
            self.0.take(slot);
        }
    }

    /// The system with abilities changed so.
    struct Memory(fn(&mut Capabilities));

    #[async_trait]
    impl BackendHarness for Memory {
        async fn fresh(&self) -> BackendScene {
            let clock = VirtualClock::default();
            let backend = MemoryBackend::new(catalog(), Arc::new(clock.clone())).able(self.0);
            let now = clock.now();
            let days = DateRange { from: now.date_naive(), to: now.date_naive() + chrono::Days::new(2) };
            let (branch, service) = ("centre".parse().unwrap(), "cut".parse().unwrap());
            BackendScene::new(Arc::new(backend.clone()), branch, service, days, now).with_rival(Telephone(backend))
        }
    }

    mod able {
        chatplug_core::backend_contract!(super::Memory(|_| ()));
    }

    mod poor {
        chatplug_core::backend_contract!(super::Memory(|can| {
            (can.idempotent, can.moves_in_place, can.confirms_visits, can.assigns_staff) = (false, false, false, false);
            can.settles_after = chrono::Duration::seconds(30);
        }));
    }
}

mod transcriber {
    use chatplug_core::{
        ports::Recording,
        testkit::{ScriptedTranscriber, contract::transcriber::TranscriberScene},
    };

    fn recording(bytes: &'static str) -> Recording {
        Recording { mime: "audio/ogg".to_owned(), bytes: bytes.into(), language: None }
    }

    async fn scene() -> Box<TranscriberScene> {
        let script = ScriptedTranscriber::new().hears("one", "a haircut").hears("two", "да").hears("none", " ");
        Box::new(TranscriberScene {
            transcriber: Box::new(script),
            spoken: (recording("one"), "a haircut".to_owned()),
            other: (recording("two"), "да".to_owned()),
            silent: recording("none"),
            secret: "no secret here".to_owned(),
        })
    }

    chatplug_core::transcriber_contract!(scene());
}
