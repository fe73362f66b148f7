//! A branch goes from one booking system to another while people talk to it, and while the program that moves it is killed.

use super::*;
use chatplug_core::{
    audit::AuditHead,
    engine::{BranchFactory, LiveDirectory},
    model::{
        ActionKey, Booking, BookingStatus, Catalog, ContactId, DateRange, InstallId, ServiceId, Slot, SlotQuery,
        StaffChoice,
    },
    ports::{
        BookingRequest, BranchSetup, ClientDetails, Ingest, Install, InstallStore as _, MockRecordStore,
        MockTenantRecords, RecordStore, SwapState,
    },
    swap::{Mapping, Mover, OldBooking, Receipt, Refusal, Step, Summary, SwapError, propose},
    testkit::wrap::Fault,
};
use chrono::{DateTime, NaiveDate, Utc};
use futures_util::FutureExt as _;

/// Nobody installs anything here.
#[derive(Debug)]
struct Nobody;

#[async_trait::async_trait]
impl BranchFactory for Nobody {
    async fn branch(
        &self,
        _: &TenantId,
        _: &Install,
    ) -> Result<Option<BranchSetup>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(None)
    }
}

/// The same salon at another system: other ids, other words, no manicure.
fn elsewhere() -> Catalog {
    let mut catalog = catalog();
    for (service, id, name) in [(0, "7001", "Haircut"), (1, "7002", "Hair colouring"), (2, "7003", "Beard trim")] {
        let service = &mut catalog.services[service];
        (service.id, service.name) = (id.parse().unwrap(), name.into());
        for member in &mut service.staff {
            *member = format!("host-{member}").parse().unwrap();
        }
    }
    for member in &mut catalog.staff {
        member.id = format!("host-{}", member.id).parse().unwrap();
    }
    catalog.version = 77;
    catalog
}

fn second() -> InstallId {
    "second".parse().unwrap()
}

fn day(number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, number).unwrap()
}

struct Salon {
    stage: Stage,
    new: MemoryBackend,
    /// What goes wrong with the mover's calls, to both systems.
    trouble: FaultPlan,
    live: Arc<LiveDirectory>,
    engine: Engine,
}

impl Salon {
    async fn new() -> Self {
        let stage = Stage::new().await;
        let new = MemoryBackend::new(elsewhere(), Arc::new(stage.clock.clone())).account(second());
        let tenant = stage.tenant().other("centre", &second(), Arc::new(new.clone())).build();
        let configured = Arc::new(StaticDirectory::new([tenant]));
        let live = LiveDirectory::new(configured, Arc::new(stage.memory.clone()), Arc::new(Nobody));
        let live = Arc::new(live.looking_every(std::time::Duration::ZERO));
        let engine = stage.engine_with(live.clone());
        Self { stage, new, trouble: FaultPlan::new(), live, engine }
    }

    async fn mover(&self) -> Mover {
        let proposal = propose(&catalog(), &elsewhere(), &**OFFLINE, self.stage.clock.now()).await;
        let mapping = Mapping {
            services: proposal.services.iter().filter_map(|it| Some((it.id.clone(), it.partner.clone()?.id))).collect(),
            staff: proposal.staff.iter().filter_map(|it| Some((it.id.clone(), it.partner.clone()?.id))).collect(),
        };
        let troubled = |backend: &MemoryBackend| -> Arc<dyn BookingBackend> {
            Arc::new(Faulty::new(Arc::new(backend.clone()), &self.trouble))
        };
        let id: chatplug_core::model::BranchId = "centre".parse().unwrap();
        let (from, to) = (troubled(&self.stage.salon), troubled(&self.new));
        Mover {
            store: Arc::new(Faulty::new(Arc::new(self.stage.memory.clone()), &self.trouble)),
            records: records(&self.stage.memory),
            installs: Arc::new(self.stage.memory.clone()),
            clock: Arc::new(self.stage.clock.clone()),
            tenant: studio(),
            from: BranchSetup { id: id.clone(), install: "centre".parse().unwrap(), backend: from },
            to: BranchSetup { id, install: second(), backend: to },
            mapping,
            pools: [].into(),
            old: OldBooking::Cancel,
            by: "operator:olga".to_owned(),
            language: Lang::PT,
            settle: std::time::Duration::ZERO,
            answer_within: std::time::Duration::from_secs(20),
        }
    }

    async fn swap(&self) -> (Summary, Vec<Receipt>) {
        let mut receipts = Vec::new();
        let ended = self.mover().await.run(&mut |receipt| receipts.push(receipt.clone())).await;
        (ended.unwrap_or_else(|error| panic!("{error:?}: {receipts:?}")), receipts)
    }

    /// Ana books a haircut with Bruno on a day at a time.
    async fn books(&self, words: &str) {
        self.stage.hears(&self.engine, words).await;
        self.stage.settles(&self.engine).await;
        self.stage.taps(&self.engine, "Yes, book").await;
        self.stage.settles(&self.engine).await;
    }

    async fn ana_hears(&self, text: &str) -> String {
        let before = self.stage.shown().len();
        self.stage.hears(&self.engine, text).await;
        self.stage.settles(&self.engine).await;
        self.stage.shown()[before..].join("\n---\n")
    }

    /// What stands at the old and at the new system, as begins.
    fn standing(&self) -> (Vec<DateTime<Utc>>, Vec<DateTime<Utc>>) {
        let begins = |backend: &MemoryBackend| {
            let mut begins: Vec<_> = backend.standing().iter().map(|booking| booking.start).collect();
            begins.sort();
            begins
        };
        (begins(&self.stage.salon), begins(&self.new))
    }

    /// Somebody who never wrote to us books at the old system.
    async fn stranger(&self, date: NaiveDate, place: usize) -> Booking {
        let slot = self.stage.salon.times("cut", date).await.unwrap()[place].clone();
        let slot = pinned(slot);
        let phone = format!("3519100000{place:02}");
        let client = ClientDetails {
            contact: ContactId::derive(&["stranger", &phone]),
            user: ChannelUser { phone: phone.parse().ok(), user_id: None },
            name: Some(Private::new("Rita".to_owned())),
            email: None,
            language: Lang::PT,
        };
        let request = BookingRequest { slot, client, party: 1, note: None };
        self.stage.salon.book(&request, ActionKey::derive(&["stranger", &phone])).await.unwrap()
    }
}

/// As much of records as the mover needs.
fn records(memory: &MemoryStore) -> Arc<dyn RecordStore> {
    let memory = memory.clone();
    let mut records = MockRecordStore::new();
    records.expect_records().returning(move |tenant| {
        let (memory, tenant) = (memory.clone(), tenant.clone());
        let mut records = MockTenantRecords::new();
        let (noted, whose) = (memory.clone(), tenant.clone());
        records.expect_append_audit().returning(move |rows| {
            noted.append_audit(&whose, rows);
            Ok(())
        });
        records.expect_audit_head().returning(move || {
            let rows = memory.tenant(&tenant).audit(0, usize::MAX).now_or_never().unwrap()?;
            Ok(AuditHead { seq: rows.last().map_or(0, |(seq, _)| *seq), ..AuditHead::default() })
        });
        Arc::new(records)
    });
    Arc::new(records)
}

fn pinned(slot: Slot) -> Slot {
    let person = slot.candidates.first().cloned();
    person.map_or_else(|| slot.clone(), |person| slot.clone().with_staff(person))
}

#[tokio::test]
async fn what_is_booked_moves_and_a_conversation_in_the_middle_goes_on() {
    let salon = Salon::new().await;
    salon.books("a haircut with Bruno tomorrow at 15:30").await;
    let rita = salon.stranger(day(5), 3).await;
    let booked = salon.stage.rows().booking(&salon.stage.salon.standing()[0].reference).await.unwrap().unwrap();
    // Ana is in the middle of another one: whom with?
    let asked = salon.ana_hears("I'd like a haircut").await;
    assert!(asked.contains("Bruno") && asked.contains("Ana"), "{asked}");

    let (sum, receipts) = salon.swap().await;
    assert_eq!((sum.moved, sum.refused, sum.later, sum.released), (2, 0, 0, 2), "{receipts:?}");
    let (old, new) = salon.standing();
    assert_eq!((old.len(), new.len()), (0, 2));
    assert!(new.contains(&rita.start));
    // No id of a vendor's, no name, no number in what is printed or kept of it.
    let told: String = receipts.iter().map(ToString::to_string).collect();
    let audit = format!(
        "{:?}",
        salon.stage.audit().await.iter().filter(|row| row.what.starts_with("swap")).collect::<Vec<_>>()
    );
    for secret in ["Rita", "35191", "\"m1\"", "\"m2\""] {
        assert!(!told.contains(secret) && !audit.contains(secret), "{secret} in {told}{audit}");
    }

    // What they tap was shown before: it still means what they saw, and the list is another one by now.
    let said = {
        let before = salon.stage.shown().len();
        salon.stage.taps(&salon.engine, "Bruno").await;
        salon.stage.settles(&salon.engine).await;
        salon.stage.shown()[before..].join("\n")
    };
    assert!(said.contains("just been renewed"), "{said}");
    let said = salon.ana_hears("Thursday at 11:00").await;
    assert!(said.contains("11:00") && !said.contains("renewed"), "told once: {said}");
    salon.stage.taps(&salon.engine, "Yes, book").await;
    salon.stage.settles(&salon.engine).await;
    assert_eq!(salon.standing().1.len(), 3);
    assert_eq!(salon.standing().0.len(), 0);
    let last = salon.new.standing().pop().unwrap();
    assert_eq!((last.services[0].as_str(), last.staff.unwrap().as_str().to_owned()), ("7001", "host-bruno".to_owned()));

    // The stable id went over, and the reminder with it.
    let moved = salon.new.standing().into_iter().find(|booking| booking.start == booked.1.start).unwrap();
    let known = salon.stage.rows().booking(&moved.reference).await.unwrap().unwrap();
    assert_eq!((known.0, known.1.id), (booked.0, booked.1.id));
    let list = salon.ana_hears("what have I booked?").await;
    assert_eq!(list.matches("15:30").count(), 1, "{list}");
    let quiet = salon.stage.shown().len();
    salon.stage.clock.set("2026-03-02T15:31:00Z".parse().unwrap());
    salon.engine.drain().await.unwrap();
    let since = salon.stage.shown()[quiet..].join("\n");
    assert!(
        since.contains("15:30"),
        "a day before: {since} {:?}",
        salon.stage.rows().bookings(booked.0, salon.stage.clock.now()).await
    );

    // And it is cancelled where it stands.
    salon.ana_hears("cancel my haircut tomorrow").await;
    salon.stage.taps(&salon.engine, "Yes, cancel").await;
    salon.stage.settles(&salon.engine).await;
    assert!(!salon.standing().1.contains(&booked.1.start), "{:?}", salon.stage.shown());
    // Running it again changes nothing.
    let (again, _) = salon.swap().await;
    assert_eq!((again.moved, again.released, again.refused), (0, 0, 0));
}

#[tokio::test]
async fn a_summary_that_waited_for_a_yes_is_shown_again_and_nothing_is_told_of_what_we_cancel() {
    let salon = Salon::new().await;
    salon.books("a haircut with Bruno on Wednesday at 15:30").await;
    let old = salon.stage.salon.standing()[0].reference.clone();
    let summed = salon.ana_hears("a haircut with Ana on Thursday at 11:00").await;
    assert!(summed.contains("11:00"), "{summed}");
    salon.swap().await;
    // The webhook of our own cancellation at the old system.
    let quiet = salon.stage.shown().len();
    let hint = Ingest::Booking { reference: old, key: "gone".to_owned(), received: salon.stage.clock.now() };
    salon.stage.rows().ingest(vec![hint]).await.unwrap();
    salon.stage.settles(&salon.engine).await;
    assert_eq!(salon.stage.shown().len(), quiet, "{:?}", salon.stage.shown());

    let said = salon.ana_hears("yes").await;
    assert!(said.contains("just been renewed") && said.contains("11:00"), "{said}");
    assert_eq!(salon.standing().1.len(), 1, "a yes to the old summary books nothing");
    let said = salon.ana_hears("yes").await;
    assert!(said.contains("booked!"), "{said}");
    assert_eq!((salon.standing().0.len(), salon.standing().1.len()), (0, 2));
}

#[tokio::test]
async fn what_cannot_be_moved_stays_is_listed_and_can_still_be_changed() {
    let salon = Salon::new().await;
    salon.books("a manicure on Wednesday at 15:00").await;
    salon.books("a haircut with Bruno on Thursday at 15:30").await;
    assert_eq!(salon.standing().0.len(), 2, "{:?}", salon.stage.shown());
    // That time of Bruno's is taken at the new system.
    let query = SlotQuery {
        branch: "centre".parse().unwrap(),
        services: vec!["7001".parse().unwrap()],
        staff: StaffChoice::One("host-bruno".parse().unwrap()),
        days: DateRange::day(day(5)),
        party: 1,
        excluding: None,
    };
    let free = salon.new.availability(&query).await.unwrap().slots;
    let taken = free.into_iter().find(|slot| slot.local_start().format("%H:%M").to_string() == "15:30").unwrap();
    salon.new.take(&taken);

    let mut rehearsed = Vec::new();
    let dry = salon.mover().await.rehearse(&mut |receipt| rehearsed.push(receipt.step.clone())).await.unwrap();
    assert_eq!((dry.moved, dry.refused), (0, 2), "{rehearsed:?} {:?}", salon.stage.shown());
    assert!(salon.stage.memory.installs(&studio()).swaps().await.unwrap().is_empty(), "a rehearsal leaves nothing");
    let (sum, receipts) = salon.swap().await;
    assert_eq!((sum.moved, sum.refused, sum.released), (0, 2, 0));
    let steps: Vec<_> = receipts.into_iter().map(|receipt| receipt.step).collect();
    assert_eq!(steps, [Step::Refused(Refusal::NoService), Step::Refused(Refusal::NotOffered)]);
    assert_eq!(steps, rehearsed);
    assert_eq!(salon.standing().0.len(), 2, "they stand where they stood");
    // Both are still theirs: read, and cancelled, where they are.
    let list = salon.ana_hears("what have I booked?").await;
    assert!(list.contains("15:00") && list.contains("15:30"), "{list}");
    salon.ana_hears("cancel my appointment on Wednesday").await;
    salon.stage.taps(&salon.engine, "Yes, cancel").await;
    salon.stage.settles(&salon.engine).await;
    assert_eq!(salon.standing().0.len(), 1, "{:?}", salon.stage.shown());
    // When the time is free after all, the next run takes it over.
    let blocker = salon.new.standing()[0].reference.backend_id.clone();
    salon.new.edit(&blocker, |booking| booking.status = BookingStatus::Cancelled);
    let (sum, _) = salon.swap().await;
    assert_eq!((sum.moved, sum.refused, sum.released), (1, 0, 1));
    assert_eq!((salon.standing().0.len(), salon.standing().1.len()), (0, 1));
}

#[tokio::test]
async fn what_was_sent_to_the_old_system_is_settled_there() {
    // Carried out, and the answer is lost; nobody can ask what became of it for now.
    let mut salon = Salon::new().await;
    salon.stage.faults.break_down("resolve", Fault::down());
    salon.stage.faults = salon.stage.faults.clone().fail("book", 1, Fault::lost_answer());
    salon.books("a haircut with Bruno on Wednesday at 15:30").await;
    assert_eq!(salon.standing().0.len(), 1);
    let ended = salon.mover().await.run(&mut |_| {}).await;
    assert!(matches!(ended, Err(SwapError::NotCopied { later: 1 })), "whose it is comes out only then: {ended:?}");
    salon.stage.faults.heal();
    salon.stage.passes(&salon.engine, Duration::minutes(2)).await;
    assert!(salon.stage.shown().last().unwrap().contains("booked!"), "{:?}", salon.stage.shown());
    let (sum, _) = salon.swap().await;
    assert_eq!((sum.moved, sum.released), (1, 1));
    assert_eq!((salon.standing().0.len(), salon.standing().1.len()), (0, 1));

    // Lost on the way: that it was not done is said by the system it was sent to, and the new one shows what is free.
    let mut salon = Salon::new().await;
    salon.stage.faults.break_down("resolve", Fault::down());
    salon.stage.faults = salon.stage.faults.clone().fail("book", 1, Fault::lost_request());
    salon.books("a haircut with Bruno on Wednesday at 15:30").await;
    salon.swap().await;
    salon.stage.faults.heal();
    let quiet = salon.stage.shown().len();
    salon.stage.passes(&salon.engine, Duration::minutes(2)).await;
    let said = salon.stage.shown()[quiet..].join("\n");
    assert_eq!((salon.standing().0.len(), salon.standing().1.len()), (0, 0), "{said}");
    salon.ana_hears("Wednesday at 15:30 then").await;
    salon.stage.taps(&salon.engine, "Yes, book").await;
    salon.stage.settles(&salon.engine).await;
    assert_eq!((salon.standing().0.len(), salon.standing().1.len()), (0, 1), "{:?}", salon.stage.shown());
}

/// Killed before every single call that it makes, of whatever kind, and run again.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_killed_anywhere_is_gone_on_with() {
    let scene = || async {
        let salon = Salon::new().await;
        salon.books("a haircut with Bruno on Wednesday at 15:30").await;
        salon.books("a colour on Friday at 10:00").await;
        salon.stranger(day(5), 3).await;
        salon
    };
    let whole = scene().await;
    whole.swap().await;
    let calls = whole.trouble.calls();
    let begins = whole.standing().1;
    assert!(calls.len() > 20 && begins.len() == 3, "{calls:?}");
    for call in calls {
        let salon = scene().await;
        let ids: Vec<_> = known_ids(&salon, &salon.stage.salon).await;
        let gate = salon.trouble.hold(call.method, call.number);
        let mover = salon.mover().await;
        let mut silent = |_: &Receipt| {};
        tokio::select! {
            _ = mover.run(&mut silent) => panic!("{call:?} was not made again"),
            () = gate.arrived() => {}
        }
        drop(gate);
        salon.stage.clock.advance(Duration::minutes(3));
        salon.engine.drain().await.unwrap();
        let (sum, receipts) = salon.swap().await;
        assert_eq!((sum.refused, sum.later), (0, 0), "after {call:?}: {receipts:?}");
        assert_eq!(salon.standing(), (Vec::new(), begins.clone()), "after {call:?}: {receipts:?}");
        assert_eq!(known_ids(&salon, &salon.new).await, ids, "after {call:?}");
        let swaps = salon.stage.memory.installs(&studio()).swaps().await.unwrap();
        assert_eq!((swaps[0].state, swaps[0].number), (SwapState::Switched, 1));
        let shown = salon.stage.shown();
        assert!(!shown.iter().any(|text| text.contains("cancelled")), "after {call:?}: {shown:?}");
    }
}

/// Our ids of what stands, by begin.
async fn known_ids(salon: &Salon, backend: &MemoryBackend) -> Vec<Option<chatplug_core::model::BookingId>> {
    let mut standing = backend.standing();
    standing.sort_by_key(|booking| booking.start);
    let mut ids = Vec::new();
    for booking in standing {
        let known = salon.stage.rows().booking(&booking.reference).await.unwrap();
        ids.push(known.and_then(|(_, known)| known.id));
    }
    ids
}

/// A system that does not answer before everything is decided keeps the old one acting.
#[tokio::test(start_paused = true)]
async fn nothing_is_switched_while_something_is_undecided() {
    let salon = Salon::new().await;
    salon.books("a haircut with Bruno on Wednesday at 15:30").await;
    salon.trouble.break_down("book", Fault::down());
    let ended = salon.mover().await.run(&mut |_| {}).await;
    assert!(matches!(ended, Err(SwapError::NotCopied { later: 1 })), "{ended:?}");
    let tenant = salon.live.tenant(&studio()).await.unwrap();
    assert_eq!(tenant.branches[0].install.as_str(), "centre");
    salon.trouble.heal();
    let (sum, _) = salon.swap().await;
    assert_eq!((sum.moved, sum.released), (1, 1));
    let tenant = salon.live.tenant(&studio()).await.unwrap();
    assert_eq!((tenant.branches[0].install.as_str(), tenant.others[0].install.as_str()), ("second", "centre"));
}

#[tokio::test]
async fn names_length_and_price_say_what_is_what() {
    let now = VirtualClock::default().now();
    let proposal = propose(&catalog(), &elsewhere(), &**OFFLINE, now).await;
    let of = |id: &str| proposal.services.iter().find(|pair| pair.id.as_str() == id).unwrap();
    let cut = of("cut").partner.clone().unwrap();
    assert_eq!((cut.id.as_str(), cut.reason.as_str()), ("7001", "same name in one of its wordings; 45 min; 25.00 EUR"));
    assert!(cut.score >= 95, "{cut:?}");
    // Neither in one language nor in the same words.
    let colour = of("colour").partner.clone().unwrap();
    assert_eq!(colour.id.as_str(), "7002");
    assert!((70..95).contains(&colour.score), "{colour:?}");
    assert_eq!(of("nails").partner, None);
    assert_eq!(
        proposal.new_services,
        [("7003".parse::<ServiceId>().unwrap(), "Beard trim, 60 min, 25.00 EUR".to_owned())]
    );
    let staff: Vec<_> = proposal.staff.iter().map(|pair| pair.partner.as_ref().unwrap().id.as_str()).collect();
    assert_eq!(staff, ["host-ana", "host-bruno", "host-carla"]);
}
