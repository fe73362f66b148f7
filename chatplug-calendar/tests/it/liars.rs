//! The contract suite itself: each promise must notice a backend that breaks it, and a backend that can do less must pass.

use crate::contract::Demo;
use async_trait::async_trait;
use chatplug_core::{
    model::{
        ActionKey, Availability, Booking, BookingRef, BookingStatus, BranchId, CancelReason, Catalog, Slot, SlotQuery,
    },
    ports::{Action, BackendError, BookError, BookingBackend, BookingFilter, BookingRequest, Capabilities, Resolution},
    testkit::contract::{
        backend::{self as promises, BackendHarness, BackendScene},
        block_on,
    },
};
use chrono::{DateTime, Duration, Utc};
use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// What a backend may do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    None,
    ServiceTwice,
    VersionMoves,
    AnyBranch,
    GoneIsEmpty,
    Backwards,
    Flickers,
    AnyoneHasLess,
    FreeForever,
    OneTimeForAll,
    Echoes,
    TakenIsFine,
    TakenIsDown,
    GoneIsUnknown,
    ForgetsKeys,
    NobodyChosen,
    LeaksOthers,
    IgnoresTimes,
    MovesByCopy,
    DropsOldFirst,
    OwnTimeBlocks,
    CancelsNothing,
    CancelsOnce,
    ConfirmsNothing,
    GoneIsDown,
    NothingDone,
    AllDone,
    SettlesAtOnce,
    /// Not a lie: no keys, no moving in place, no confirmations, nobody assigned, slow to settle.
    Poor,
}

#[derive(Debug)]
struct Liar {
    lie: Lie,
    honest: Arc<dyn BookingBackend>,
    count: AtomicU64,
    seen: Mutex<Option<Availability>>,
    cancelled: Mutex<Vec<BookingRef>>,
}

impl Liar {
    fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    fn fresh_key(&self) -> ActionKey {
        ActionKey::derive(&["liar", &self.next().to_string()])
    }

    fn echo(&self, slot: &Slot) -> Booking {
        Booking {
            id: None,
            reference: BookingRef {
                install: "calendar".parse().unwrap(),
                branch: slot.branch.clone(),
                backend_id: format!("made-up-{}", self.next()),
            },
            services: slot.services.clone(),
            title: "Made up".to_owned(),
            staff: slot.staff_id().cloned(),
            start: slot.start,
            end: slot.end,
            zone: slot.zone,
            status: BookingStatus::Booked,
            confirmed: false,
            price: slot.price,
            contact: None,
            made_by: None,
        }
    }

    /// The last thing in the calendar, whoever it belongs to.
    async fn whatever(&self, branch: &BranchId) -> Option<Booking> {
        let filter = BookingFilter { all_statuses: true, ..BookingFilter::at(branch.clone()) };
        self.honest.find(&filter).await.unwrap().pop()
    }
}

#[async_trait]
impl BookingBackend for Liar {
    fn capabilities(&self) -> Capabilities {
        let honest = self.honest.capabilities();
        match self.lie {
            Lie::SettlesAtOnce => Capabilities { settles_after: Duration::seconds(30), ..honest },
            Lie::Poor => Capabilities {
                idempotent: false,
                moves_in_place: false,
                confirms_visits: false,
                assigns_staff: false,
                settles_after: Duration::seconds(30),
                ..honest
            },
            _ => honest,
        }
    }

    async fn catalog(&self, branch: &BranchId) -> Result<Catalog, BackendError> {
        let ours = BranchId::new("chiado").unwrap();
        let branch = if self.lie == Lie::AnyBranch { &ours } else { branch };
        let mut catalog = self.honest.catalog(branch).await?;
        match self.lie {
            Lie::ServiceTwice => catalog.services.push(catalog.services[0].clone()),
            Lie::VersionMoves => catalog.version = self.next(),
            _ => {}
        }
        Ok(catalog)
    }

    async fn availability(&self, query: &SlotQuery) -> Result<Availability, BackendError> {
        let mut query = query.clone();
        if self.lie == Lie::OwnTimeBlocks {
            query.excluding = None;
        }
        let mut answer = match self.honest.availability(&query).await {
            Err(BackendError::StaleCatalog) if self.lie == Lie::GoneIsEmpty => Ok(Availability::default()),
            other => other,
        }?;
        match self.lie {
            Lie::Backwards => answer.slots.reverse(),
            Lie::Flickers if self.next() % 2 == 1 => answer.slots.truncate(1),
            Lie::AnyoneHasLess if query.staff.id().is_none() => drop(answer.slots.pop()),
            Lie::FreeForever if query.staff.id().is_some() => {
                answer = self.seen.lock().unwrap().get_or_insert(answer).clone();
            }
            Lie::OneTimeForAll => {
                let booked = self.honest.find(&BookingFilter::at(query.branch.clone())).await?;
                answer.slots.retain(|slot| booked.iter().all(|booking| booking.start != slot.start));
            }
            _ => {}
        }
        Ok(answer)
    }

    async fn book(&self, request: &BookingRequest, key: ActionKey) -> Result<Booking, BookError> {
        if self.lie == Lie::Echoes {
            return Ok(self.echo(&request.slot));
        }
        let keyless = matches!(self.lie, Lie::ForgetsKeys | Lie::Poor);
        let written = if keyless { self.fresh_key() } else { key };
        match self.honest.book(request, written).await {
            Err(BookError::SlotTaken | BookError::Rejected { .. }) if self.lie == Lie::TakenIsFine => {
                Ok(self.echo(&request.slot))
            }
            Err(BookError::SlotTaken) if self.lie == Lie::TakenIsDown => {
                Err(BookError::NotDone(BackendError::Unavailable { source: None }))
            }
            Err(BookError::NotDone(_)) if self.lie == Lie::GoneIsUnknown => {
                Err(BookError::OutcomeUnknown { source: None })
            }
            Ok(mut booking) => {
                if self.lie == Lie::NobodyChosen {
                    booking.staff = None;
                }
                booking.made_by = booking.made_by.filter(|_| !keyless);
                Ok(booking)
            }
            other => other,
        }
    }

    async fn reschedule(&self, booking: &BookingRef, to: &Slot, key: ActionKey) -> Result<Booking, BookError> {
        match self.lie {
            Lie::MovesByCopy => {
                let filter = BookingFilter { reference: Some(booking.clone()), ..BookingFilter::at(to.branch.clone()) };
                let old = self.honest.find(&filter).await.unwrap().pop().unwrap();
                let mut request = crate::bench::request(to, "copy");
                request.client.contact = old.contact.unwrap();
                self.honest.book(&request, self.fresh_key()).await
            }
            Lie::DropsOldFirst => {
                let moved = self.honest.reschedule(booking, to, key).await;
                if moved.is_err() {
                    self.honest.cancel(booking, CancelReason::Moved, self.fresh_key()).await.unwrap();
                }
                moved
            }
            _ => self.honest.reschedule(booking, to, key).await,
        }
    }

    async fn cancel(&self, booking: &BookingRef, reason: CancelReason, key: ActionKey) -> Result<(), BookError> {
        match self.lie {
            Lie::CancelsNothing => return Ok(()),
            Lie::CancelsOnce if self.cancelled.lock().unwrap().contains(booking) => {
                return Err(BookError::NotDone(BackendError::NotFound { what: "it".to_owned() }));
            }
            _ => self.cancelled.lock().unwrap().push(booking.clone()),
        }
        self.honest.cancel(booking, reason, key).await
    }

    async fn confirm_visit(&self, booking: &BookingRef) -> Result<Booking, BookError> {
        if self.lie == Lie::ConfirmsNothing {
            let filter =
                BookingFilter { reference: Some(booking.clone()), ..BookingFilter::at(booking.branch.clone()) };
            let booking = self.honest.find(&filter).await.unwrap().pop().unwrap();
            return Ok(Booking { confirmed: true, ..booking });
        }
        match self.honest.confirm_visit(booking).await {
            Err(_) if self.lie == Lie::GoneIsDown => {
                Err(BookError::NotDone(BackendError::Unavailable { source: None }))
            }
            other => other,
        }
    }

    async fn resolve(
        &self,
        action: &Action,
        key: ActionKey,
        attempted: DateTime<Utc>,
    ) -> Result<Resolution, BackendError> {
        match self.lie {
            Lie::NothingDone => Ok(Resolution::NotDone),
            Lie::AllDone => Ok(match self.whatever(action.branch()).await {
                Some(booking) => Resolution::Done(Box::new(booking)),
                None => Resolution::NotDone,
            }),
            Lie::Poor if attempted + Duration::seconds(30) > crate::bench::at(crate::contract::NOW) => {
                Ok(Resolution::TooEarly(attempted + Duration::seconds(30)))
            }
            Lie::Poor => Ok(Resolution::CannotTell),
            _ => self.honest.resolve(action, key, attempted).await,
        }
    }

    async fn find(&self, filter: &BookingFilter) -> Result<Vec<Booking>, BackendError> {
        let mut filter = filter.clone();
        match self.lie {
            Lie::LeaksOthers => filter.client = None,
            Lie::IgnoresTimes => (filter.from, filter.until) = (None, None),
            _ => {}
        }
        let mut found = self.honest.find(&filter).await?;
        for booking in &mut found {
            booking.made_by = booking.made_by.filter(|_| self.lie != Lie::Poor);
        }
        Ok(found)
    }
}

struct Lying(Lie);

#[async_trait]
impl BackendHarness for Lying {
    async fn fresh(&self) -> BackendScene {
        let mut scene = Demo { service: "womens-cut" }.fresh().await;
        scene.backend = Arc::new(Liar {
            lie: self.0,
            honest: scene.backend,
            count: AtomicU64::new(0),
            seen: Mutex::default(),
            cancelled: Mutex::default(),
        });
        scene
    }
}

type Promise = for<'a> fn(&'a Lying) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Pairs a lie with the promises that must notice it.
macro_rules! noticed {
    ($($lie:ident => $($promise:ident),+;)*) => {
        vec![$($((Lie::$lie, stringify!($promise), (|liar| Box::pin(promises::$promise(liar))) as Promise)),+),*]
    };
}

#[test]
fn every_promise_notices_who_breaks_it() {
    let cases = noticed! {
        ServiceTwice => catalogue_is_sane;
        VersionMoves => catalogue_is_the_same_when_read_again;
        AnyBranch => unknown_branch_is_not_found;
        GoneIsEmpty => unknown_service_is_a_stale_catalogue, unknown_person_is_a_stale_catalogue;
        Backwards => free_times_are_in_order_and_ahead;
        Flickers => free_times_are_the_same_when_read_again;
        AnyoneHasLess => anyone_is_the_sum_of_everyone;
        FreeForever => booking_takes_the_time, rival_from_outside_is_noticed;
        OneTimeForAll => booking_leaves_other_people_free;
        Echoes => booking_is_what_was_asked, clients_find_only_their_own;
        TakenIsFine => taken_time_is_refused, past_time_is_refused, fifty_at_once_and_one_wins;
        TakenIsDown => taken_time_is_refused, fifty_at_once_and_one_wins, rival_from_outside_is_noticed;
        GoneIsUnknown => unknown_service_cannot_be_booked;
        ForgetsKeys => same_key_books_once, same_key_at_once_books_once, resolve_finds_a_booking;
        NobodyChosen => anyone_becomes_someone, booking_is_what_was_asked;
        LeaksOthers => clients_find_only_their_own;
        IgnoresTimes => bookings_are_found_by_time;
        MovesByCopy => moving_leaves_one_booking, same_key_moves_once, resolve_finds_a_move;
        DropsOldFirst => moving_to_a_taken_time_changes_nothing;
        OwnTimeBlocks => own_time_does_not_stand_in_the_way;
        CancelsNothing => cancelling_frees_the_time, cancelling_twice_succeeds, resolve_finds_a_cancellation;
        CancelsOnce => cancelling_twice_succeeds;
        ConfirmsNothing => confirming_is_kept, resolve_finds_a_confirmation;
        GoneIsDown => what_is_not_there_cannot_be_changed;
        NothingDone => resolve_finds_a_booking, resolve_finds_a_move, resolve_finds_a_cancellation;
        AllDone => resolve_says_what_was_not_done, resolve_claims_nobody_elses_booking;
        SettlesAtOnce => resolve_waits_until_it_is_settled;
    };
    let believed: Vec<String> = cases
        .iter()
        .filter(|(lie, _, promise)| catch_unwind(AssertUnwindSafe(|| block_on(promise(&Lying(*lie))))).is_ok())
        .map(|(lie, name, _)| format!("{name} believes {lie:?}"))
        .collect();
    assert!(believed.is_empty(), "{believed:#?}");
}

mod who_tells_the_truth {
    chatplug_core::backend_contract!(super::Lying(super::Lie::None));
}

mod who_can_do_less {
    chatplug_core::backend_contract!(super::Lying(super::Lie::Poor));
}
