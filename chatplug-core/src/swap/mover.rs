//! Moving what is booked from one system to another: a copy of each future booking is made at the new one, our stable id
//! goes over to it, then the new system acts, and at last the old bookings are taken off.
//!
//! Nothing is remembered in memory. What was done is read from both systems, the store and the audit: so a run that was
//! killed anywhere is gone on with by the next one. See `docs/adr/0013`.

mod call;
mod journal;
mod receipt;
mod release;

pub use receipt::{Left, Receipt, Refusal, Step, Summary, SwapError};

use super::{Mapping, key_of};
use crate::{
    engine::{give_back, is_acting, under_way},
    model::{
        ActionKey, Booking, BookingStatus, ChannelUser, ContactId, DateRange, Lang, ServiceId, Slot, SlotQuery,
        StaffChoice, TenantId,
    },
    ports::{
        BookingFilter, BookingRequest, BranchSetup, ClientDetails, Clock, Ingest, Ingested, InstallStore, Leased,
        RecordStore, SaveSwap, Store, Swap, SwapState,
    },
};
use chrono::{DateTime, Duration, Utc};
use journal::Journal;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A conversation is held for no longer: the calls that are made meanwhile fit into it.
const HELD: Duration = Duration::seconds(60);
/// So often a conversation that somebody else holds is asked for, so long after each other.
const TRIES: u32 = 50;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(100);
/// Passes after the switch, until one finds nothing new.
const MOST_PASSES: usize = 5;

/// What becomes of the bookings at the old system, once they stand at the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldBooking {
    /// They are cancelled.
    Cancel,
    /// They stay, for whoever closes the account; nothing of ours reads them any more.
    Keep,
}

/// Moves a branch's future bookings, and then the branch.
#[derive(Debug, Clone)]
pub struct Mover {
    /// Where bookings and conversations are remembered.
    pub store: Arc<dyn Store>,
    /// The audit, which is the journal.
    pub records: Arc<dyn RecordStore>,
    /// Which system acts.
    pub installs: Arc<dyn InstallStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whose branch.
    pub tenant: TenantId,
    /// The branch with the system that it leaves.
    pub from: BranchSetup,
    /// The branch with the system that it goes to.
    pub to: BranchSetup,
    /// What is what.
    pub mapping: Mapping,
    /// Services of the new system that name nobody: a booking of theirs is with whoever the system picks.
    pub pools: BTreeSet<ServiceId>,
    /// What becomes of the old bookings.
    pub old: OldBooking,
    /// Who does it, for the audit.
    pub by: String,
    /// The language of clients who are not known.
    pub language: Lang,
    /// Until every process has noticed the switch, and what was under way has ended.
    pub settle: std::time::Duration,
    /// How long an answer of a booking system is waited for.
    pub answer_within: std::time::Duration,
}

/// Hears of each booking as it is done.
pub(super) type Tell<'t> = &'t mut (dyn FnMut(&Receipt) + Send);

/// What a pass came to.
#[derive(Debug, Default)]
struct Pass {
    moved: usize,
    there: usize,
    refused: usize,
    later: usize,
}

/// What stands where, as a pass begins.
struct Scene {
    journal: Journal,
    /// Bookings at the new system by the key that they were made with.
    copies: BTreeMap<ActionKey, Booking>,
    live: bool,
}

impl Mover {
    /// Looks what a run would do, and changes nothing.
    ///
    /// # Errors
    /// See [`SwapError`].
    pub async fn rehearse(&self, tell: Tell<'_>) -> Result<Summary, SwapError> {
        let swap = self.known().await?;
        let pass = self.pass(&swap.unwrap_or_else(|| self.begun(0, 0, 0)), false, tell).await?;
        Ok(Summary {
            moved: pass.moved,
            there: pass.there,
            refused: pass.refused,
            later: pass.later,
            ..Summary::default()
        })
    }

    /// Moves what is booked, lets the new system act, and takes the old bookings off. Repeating it goes on where it was.
    ///
    /// # Errors
    /// See [`SwapError`]. Whatever was done is done, and a repetition goes on from there.
    pub async fn run(&self, tell: Tell<'_>) -> Result<Summary, SwapError> {
        let mut swap = self.begin().await?;
        let first = self.pass(&swap, true, tell).await?;
        let mut sum = Summary { moved: first.moved, there: first.there, refused: first.refused, ..Summary::default() };
        if swap.state == SwapState::Copying {
            if first.later > 0 {
                // Nobody is to look for a booking where it may not be.
                return Err(SwapError::NotCopied { later: first.later });
            }
            swap.state = SwapState::Switched;
            self.save(&mut swap).await?;
            tokio::time::sleep(self.settle).await;
        }
        let mut later = first.later;
        for _ in 0..MOST_PASSES {
            let mut new = |receipt: &Receipt| {
                if matches!(receipt.step, Step::Moved) {
                    tell(receipt);
                }
            };
            let pass = self.pass(&swap, true, &mut new).await?;
            sum.moved += pass.moved;
            (sum.refused, later) = (pass.refused, pass.later);
            if pass.moved == 0 {
                break;
            }
        }
        let released = self.release(&swap, tell).await?;
        (sum.released, sum.later) = (released.released, later + released.later);
        sum.refused += released.refused;
        Ok(sum)
    }

    /// What is kept of the swap that this would be, where it has begun.
    async fn known(&self) -> Result<Option<Swap>, SwapError> {
        let swaps = self.installs.installs(&self.tenant).swaps().await?;
        let Some(swap) = swaps.into_iter().find(|swap| swap.branch == self.from.id) else { return Ok(None) };
        let same = swap.from == self.from.install && swap.to == self.to.install;
        match swap.state {
            SwapState::Copying if !same => Err(SwapError::AnotherSwap { from: swap.from, to: swap.to }),
            _ if same => Ok(Some(swap)),
            _ => Ok(None),
        }
    }

    fn begun(&self, number: i64, since: i64, version: i64) -> Swap {
        Swap {
            branch: self.from.id.clone(),
            from: self.from.install.clone(),
            to: self.to.install.clone(),
            state: SwapState::Copying,
            services: self.mapping.services.clone(),
            staff: self.mapping.staff.clone(),
            number,
            since,
            version,
            changed: self.clock.now(),
        }
    }

    async fn begin(&self) -> Result<Swap, SwapError> {
        if let Some(mut swap) = self.known().await? {
            if swap.services != self.mapping.services || swap.staff != self.mapping.staff {
                (swap.services, swap.staff) = (self.mapping.services.clone(), self.mapping.staff.clone());
                self.save(&mut swap).await?;
            }
            return Ok(swap);
        }
        let kept = self.installs.installs(&self.tenant).swaps().await?;
        let before = kept.into_iter().find(|swap| swap.branch == self.from.id);
        let since = self.records.records(&self.tenant).audit_head().await?.seq;
        let (number, version) = before.map_or((0, 0), |before| (before.number, before.version));
        let mut swap = self.begun(number + 1, since, version);
        self.save(&mut swap).await?;
        Ok(swap)
    }

    async fn save(&self, swap: &mut Swap) -> Result<(), SwapError> {
        swap.changed = self.clock.now();
        let save = SaveSwap { swap: swap.clone(), by: self.by.clone() };
        match self.installs.installs(&self.tenant).save_swap(save).await? {
            Some(version) => {
                swap.version = version;
                Ok(())
            }
            None => Err(SwapError::Raced),
        }
    }

    /// Goes over everything that stands at the old system.
    async fn pass(&self, swap: &Swap, live: bool, tell: Tell<'_>) -> Result<Pass, SwapError> {
        let now = self.clock.now();
        let ahead = BookingFilter { from: Some(now), ..BookingFilter::at(self.from.id.clone()) };
        let mut old = self.find(&self.from, &ahead).await?;
        old.retain(|booking| booking.is_upcoming(now));
        old.sort_by_key(|booking| booking.start);
        let copies = self.find(&self.to, &ahead).await?;
        let copies = copies.into_iter().filter_map(|copy| Some((copy.made_by?, copy))).collect();
        let journal = Journal::read(&*self.store.tenant(&self.tenant), swap.since).await?;
        let scene = Scene { journal, copies, live };
        let mut pass = Pass::default();
        for booking in old {
            let key = key_of(&booking.reference, &self.to.install);
            let step = self.one(&booking, key, &scene).await?;
            match &step {
                Step::Moved | Step::WouldMove => pass.moved += 1,
                Step::There => pass.there += 1,
                Step::Refused(_) => pass.refused += 1,
                Step::Later(_) => pass.later += 1,
                Step::Gone | Step::Released => continue,
            }
            tell(&Receipt::of(&booking, key, step));
        }
        Ok(pass)
    }

    /// Takes one booking as far as it goes now.
    async fn one(&self, old: &Booking, key: ActionKey, scene: &Scene) -> Result<Step, SwapError> {
        let store = self.store.tenant(&self.tenant);
        let known = store.booking(&old.reference).await?;
        match &known {
            Some((_, known)) if known.reference.install == self.to.install => return Ok(Step::There),
            None if scene.copies.contains_key(&key) || scene.journal.is_made(key) => return Ok(Step::There),
            _ => {}
        }
        if let (None, Some(made_by)) = (&known, old.made_by)
            && self.is_under_way(made_by).await?
        {
            // Somebody is booking it right now, and has no answer yet.
            return Ok(Step::Later(Left::InUse));
        }
        let wanted = match self.translate(old) {
            Ok(wanted) => wanted,
            Err(refusal) => return Ok(Step::Refused(refusal)),
        };
        if !scene.live {
            return self.would(old, known.map(|(contact, _)| contact), &wanted).await;
        }
        let leased = match &known {
            Some(_) => match self.borrow(old).await? {
                Some(leased) => Some(leased),
                None => return Ok(Step::Later(Left::InUse)),
            },
            None => None,
        };
        let step = self.transfer(old, key, &wanted, leased.as_ref(), scene).await;
        if let (Some(leased), false) = (&leased, matches!(step, Ok(Step::Moved))) {
            // Whoever was waiting goes on.
            store.release(&leased.lease, self.clock.now()).await?;
        }
        step
    }

    /// Whether a booking that we made, and do not know, is the doing of an action that is not settled.
    async fn is_under_way(&self, made_by: ActionKey) -> Result<bool, SwapError> {
        let talks = self.store.tenant(&self.tenant).conversations(usize::MAX).await?;
        let open = talks.iter().filter_map(|talk| talk.action.as_deref());
        Ok(open.filter_map(under_way).flatten().any(|key| key == made_by))
    }

    /// What a booking is called at the new system.
    fn translate(&self, old: &Booking) -> Result<(Vec<ServiceId>, StaffChoice), Refusal> {
        if old.status == BookingStatus::Requested {
            return Err(Refusal::AwaitsApproval);
        }
        let services: Option<Vec<ServiceId>> =
            old.services.iter().map(|id| self.mapping.services.get(id).cloned()).collect();
        let services = services.filter(|services| !services.is_empty()).ok_or(Refusal::NoService)?;
        let staff = match &old.staff {
            Some(_) if services.iter().all(|service| self.pools.contains(service)) => StaffChoice::Any,
            Some(member) => StaffChoice::One(self.mapping.staff.get(member).cloned().ok_or(Refusal::NoPerson)?),
            None => StaffChoice::Any,
        };
        Ok((services, staff))
    }

    /// What a run would come to.
    async fn would(
        &self,
        old: &Booking,
        contact: Option<ContactId>,
        wanted: &(Vec<ServiceId>, StaffChoice),
    ) -> Result<Step, SwapError> {
        if contact.is_none() && self.stranger(old).await?.is_none() {
            return Ok(Step::Refused(Refusal::NobodyKnown));
        }
        Ok(match self.slot(old, wanted).await? {
            Some(_) => Step::WouldMove,
            None => Step::Refused(Refusal::NotOffered),
        })
    }

    /// Holds the conversation of a booking: nobody moves or cancels it in the chat meanwhile. `None`: somebody else holds it,
    /// or is in the middle of an action.
    async fn borrow(&self, old: &Booking) -> Result<Option<Leased>, SwapError> {
        let store = self.store.tenant(&self.tenant);
        for attempt in 0..TRIES {
            let now = self.clock.now();
            let copy = key_of(&old.reference, &self.to.install);
            let key = format!("swap/{copy}/{}/{attempt}", now.timestamp_micros());
            // A hint that costs nothing makes the conversation due: only such a one is leased.
            let hint = Ingest::Booking { reference: old.reference.clone(), key, received: now };
            let queued = store.ingest(vec![hint]).await?;
            let conversation = match queued.first() {
                Some(Ingested::Queued(conversation)) => conversation,
                Some(Ingested::Duplicate) => continue,
                _ => return Ok(None),
            };
            match store.lease(*conversation, now + HELD, now).await? {
                Some(leased) if !is_acting(&leased) => return Ok(Some(leased)),
                Some(leased) => store.release(&leased.lease, now).await?,
                None => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(None)
    }

    /// Makes one booking at the new system, unless it stands there already, and gives it our stable id.
    async fn transfer(
        &self,
        old: &Booking,
        key: ActionKey,
        wanted: &(Vec<ServiceId>, StaffChoice),
        leased: Option<&Leased>,
        scene: &Scene,
    ) -> Result<Step, SwapError> {
        // It may have been moved or cancelled since it was listed.
        let filter =
            BookingFilter { reference: Some(old.reference.clone()), ..BookingFilter::at(self.from.id.clone()) };
        let now = self.find(&self.from, &filter).await?.into_iter().next();
        let Some(now) = now.filter(|now| now.is_same_visit(old) && now.is_upcoming(self.clock.now())) else {
            return Ok(Step::Gone);
        };
        let made = match scene.copies.get(&key).filter(|copy| copy.start == now.start) {
            Some(copy) => copy.clone(),
            None => {
                let Some(client) = self.client(&now, leased).await? else {
                    return Ok(Step::Refused(Refusal::NobodyKnown));
                };
                match self.make(&now, key, wanted, client, &scene.journal).await? {
                    Ok(made) => made,
                    Err(step) => return Ok(step),
                }
            }
        };
        let audit = self.row("moved", key, &now, Some(&made));
        match leased {
            Some(leased) => self.rename(leased, &now, made, audit).await,
            None => {
                self.records.records(&self.tenant).append_audit(vec![audit]).await?;
                Ok(Step::Moved)
            }
        }
    }

    /// Our stable id goes over to the new booking, with reminders and everything that hangs on it.
    async fn rename(
        &self,
        leased: &Leased,
        old: &Booking,
        made: Booking,
        audit: crate::ports::AuditRow,
    ) -> Result<Step, SwapError> {
        let store = self.store.tenant(&self.tenant);
        let Some((_, known)) = store.booking(&old.reference).await? else { return Ok(Step::Gone) };
        let named = Booking { id: known.id, confirmed: known.confirmed || made.confirmed, ..made };
        if known.confirmed && !named.confirmed {
            self.confirm(&named).await;
        }
        let commit = give_back(leased, &old.reference, named, audit, self.clock.now());
        let Some(commit) = commit else { return Ok(Step::Later(Left::InUse)) };
        match store.commit(commit).await {
            Ok(_) => Ok(Step::Moved),
            // It was held for too long: the next pass finds the copy by its key.
            Err(crate::ports::StoreError::Fenced) => Ok(Step::Later(Left::InUse)),
            Err(error) => Err(error.into()),
        }
    }

    /// For whom: as we know them, with what only the old system knows.
    async fn client(&self, old: &Booking, leased: Option<&Leased>) -> Result<Option<ClientDetails>, SwapError> {
        let Some(leased) = leased else { return self.stranger(old).await };
        let contact = &leased.contact;
        let mut client = ClientDetails {
            contact: contact.id,
            user: contact.user.clone(),
            name: contact.name.clone(),
            email: contact.email.clone(),
            language: contact.language.unwrap_or(self.language),
        };
        if client.name.is_none() || client.email.is_none() || client.user.phone.is_none() {
            let told = self.whose(old).await?.unwrap_or_default();
            client.name = client.name.or(told.name);
            client.email = client.email.or(told.email);
            client.user.phone = client.user.phone.or(told.phone);
        }
        Ok(Some(client))
    }

    /// Somebody who never wrote to us, as the old system knows them.
    async fn stranger(&self, old: &Booking) -> Result<Option<ClientDetails>, SwapError> {
        let Some(told) = self.whose(old).await? else { return Ok(None) };
        let reachable = told.phone.is_some() || told.email.is_some();
        let who = told.phone.as_ref().map(|phone| phone.canonical().into_owned());
        let who = who.or_else(|| told.email.as_ref().map(|email| email.reveal().clone())).unwrap_or_default();
        Ok(reachable.then(|| ClientDetails {
            contact: ContactId::derive(&[self.tenant.as_str(), "swap", &who]),
            user: ChannelUser { phone: told.phone, user_id: None },
            name: told.name,
            email: told.email,
            language: self.language,
        }))
    }

    /// The free time at the new system that a booking would take.
    async fn slot(
        &self,
        old: &Booking,
        (services, staff): &(Vec<ServiceId>, StaffChoice),
    ) -> Result<Option<Slot>, SwapError> {
        let day = old.start.with_timezone(&old.zone).date_naive();
        let query = SlotQuery {
            branch: self.to.id.clone(),
            services: services.clone(),
            staff: staff.clone(),
            days: DateRange::day(day),
            party: 1,
            excluding: None,
        };
        let free = self.free(&query).await?;
        Ok(free.into_iter().find(|slot| slot.start == old.start).map(|slot| self.with_person(slot)))
    }

    /// Where the system does not pick somebody itself, the first who is free is picked.
    fn with_person(&self, slot: Slot) -> Slot {
        match (&slot.staff, slot.candidates.first().cloned()) {
            (StaffChoice::Any, Some(member)) if !self.to.backend.capabilities().assigns_staff => {
                slot.with_staff(member)
            }
            _ => slot,
        }
    }

    fn request(slot: Slot, client: ClientDetails) -> BookingRequest {
        BookingRequest { slot, client, party: 1, note: None }
    }

    /// The time as it must have been asked for, when it is offered no more because it is ours.
    fn presumed(&self, old: &Booking, (services, staff): &(Vec<ServiceId>, StaffChoice)) -> Slot {
        Slot {
            branch: self.to.id.clone(),
            services: services.clone(),
            staff: staff.clone(),
            candidates: Vec::new(),
            start: old.start,
            end: old.end,
            zone: old.zone,
            price: None,
            token: None,
            buffer_before: 0,
            buffer_after: 0,
            capacity: 1,
        }
    }
}

/// When a wait ends that a booking system asks for.
fn until(at: DateTime<Utc>, now: DateTime<Utc>) -> std::time::Duration {
    (at - now).clamp(Duration::milliseconds(50), Duration::seconds(90)).to_std().unwrap_or_default()
}
