//! What goes wrong, when, and how.

use super::PlannedError;
use crate::testkit::lock;
use std::{
    any::Any,
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
};
use tokio::sync::watch;

/// Which calls fail and how. Clones share one plan and one count of calls.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    calls: Vec<Call>,
    counts: HashMap<&'static str, u64>,
    faults: HashMap<(String, u64), Fault>,
    always: HashMap<String, Fault>,
    dice: Option<Dice>,
    gates: HashMap<(String, u64), Gate>,
}

/// One call that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Of which port: `backend`, `messenger`, `store`, `intents`, `templates`, `notifier`, `payments`.
    pub port: &'static str,
    /// Which method.
    pub method: &'static str,
    /// The how manieth of this method, from 1.
    pub number: u64,
    /// Whether it was made to fail.
    pub failed: bool,
}

/// How a call fails.
#[derive(Clone)]
pub struct Fault {
    /// The call is carried out all the same, and then its answer is lost.
    pub(super) after: bool,
    pub(super) kind: Kind,
}

#[derive(Clone)]
pub(super) enum Kind {
    Down,
    Unknown,
    TooFast,
    Unauthorized,
    /// A `fn() -> E` of the port's own error.
    Own(Arc<dyn Any + Send + Sync>),
}

#[derive(Debug)]
struct Dice {
    seed: u64,
    per_thousand: u64,
    methods: Vec<String>,
    faults: Vec<Fault>,
}

/// A door that one call waits at. Dropped, it opens.
#[derive(Debug, Clone)]
pub struct Gate {
    arrived: Arc<watch::Sender<bool>>,
    open: Arc<watch::Sender<bool>>,
}

impl Fault {
    /// The other side is down: the call is not carried out, and says so.
    #[must_use]
    pub const fn down() -> Self {
        Self { after: false, kind: Kind::Down }
    }

    /// The call is carried out, and its answer is lost: the caller cannot know. Reads and stores say "unavailable".
    #[must_use]
    pub const fn lost_answer() -> Self {
        Self { after: true, kind: Kind::Unknown }
    }

    /// The call is lost on the way, and the caller cannot know that either.
    #[must_use]
    pub const fn lost_request() -> Self {
        Self { after: false, kind: Kind::Unknown }
    }

    /// Too many calls: not carried out. Ports that have no such error say "unavailable".
    #[must_use]
    pub const fn too_fast() -> Self {
        Self { after: false, kind: Kind::TooFast }
    }

    /// The credentials do not work: not carried out. Ports that have no such error say "unavailable".
    #[must_use]
    pub const fn unauthorized() -> Self {
        Self { after: false, kind: Kind::Unauthorized }
    }

    /// An error of the port's own, such as `|| BookError::SlotTaken`, before anything is done.
    #[must_use]
    pub fn error<E: PlannedError>(error: fn() -> E) -> Self {
        Self { after: false, kind: Kind::Own(Arc::new(error)) }
    }

    /// The same, after the call was carried out.
    #[must_use]
    pub fn after(mut self) -> Self {
        self.after = true;
        self
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Down => "down",
            Kind::Unknown => "unknown",
            Kind::TooFast => "too fast",
            Kind::Unauthorized => "unauthorized",
            Kind::Own(_) => "the port's own",
        };
        write!(f, "{kind}, {}", if self.after { "after" } else { "before" })
    }
}

impl FaultPlan {
    /// Nothing goes wrong.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The `number`th call of a method, counted from 1, fails.
    #[must_use]
    pub fn fail(self, method: &str, number: u64, fault: Fault) -> Self {
        lock(&self.0).faults.insert((method.to_owned(), number), fault);
        self
    }

    /// Every call of a method fails from now on, until [`FaultPlan::heal`].
    pub fn break_down(&self, method: &str, fault: Fault) {
        lock(&self.0).always.insert(method.to_owned(), fault);
    }

    /// Nothing goes wrong from now on; counts go on.
    pub fn heal(&self) {
        let mut plan = lock(&self.0);
        plan.faults.clear();
        plan.always.clear();
        plan.dice = None;
    }

    /// About `per_thousand` of a thousand calls of these methods fail in one of these ways. Which ones depends on the
    /// seed, the method and the number of the call alone: the same run gives the same faults.
    #[must_use]
    pub fn at_random(self, seed: u64, per_thousand: u64, methods: &[&str], faults: &[Fault]) -> Self {
        let methods = methods.iter().map(|method| (*method).to_owned()).collect();
        lock(&self.0).dice = Some(Dice { seed, per_thousand, methods, faults: faults.to_vec() });
        self
    }

    /// The `number`th call of a method waits before it is carried out, until the gate opens.
    #[must_use]
    pub fn hold(&self, method: &str, number: u64) -> Gate {
        let gate = Gate { arrived: Arc::new(watch::Sender::new(false)), open: Arc::new(watch::Sender::new(false)) };
        lock(&self.0).gates.insert((method.to_owned(), number), gate.clone());
        gate
    }

    /// Every call that was made, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.0).calls.clone()
    }

    /// How often a method was called.
    #[must_use]
    pub fn count(&self, method: &str) -> u64 {
        lock(&self.0).counts.get(method).copied().unwrap_or(0)
    }

    /// Counts a call, waits at its gate if it has one, and says how it fails.
    pub(super) async fn enter(&self, port: &'static str, method: &'static str) -> Option<Fault> {
        let (fault, gate) = {
            let mut plan = lock(&self.0);
            let count = plan.counts.entry(method).or_default();
            *count += 1;
            let number = *count;
            let fault = plan.fault(method, number);
            plan.calls.push(Call { port, method, number, failed: fault.is_some() });
            (fault, plan.gates.remove(&(method.to_owned(), number)))
        };
        if let Some(gate) = gate {
            gate.wait().await;
        }
        fault
    }
}

impl Plan {
    fn fault(&self, method: &str, number: u64) -> Option<Fault> {
        let planned = self.faults.get(&(method.to_owned(), number)).or_else(|| self.always.get(method));
        planned.cloned().or_else(|| self.dice.as_ref()?.roll(method, number))
    }
}

impl Dice {
    fn roll(&self, method: &str, number: u64) -> Option<Fault> {
        if !self.methods.iter().any(|known| known == method) {
            return None;
        }
        let start = method.bytes().fold(self.seed, |mix, byte| mixed(mix ^ u64::from(byte)));
        let roll = mixed(start ^ number);
        let which = usize::try_from(mixed(roll)).unwrap_or(0).checked_rem(self.faults.len())?;
        self.faults.get(which).filter(|_| roll % 1000 < self.per_thousand).cloned()
    }
}

/// Spreads a number over all its bits, so that neighbours have nothing in common.
const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

impl Gate {
    /// Waits until the call stands at the gate.
    pub async fn arrived(&self) {
        let mut arrived = self.arrived.subscribe();
        // The sender lives in `self`, so that waiting can only end by arriving.
        let _ = arrived.wait_for(|arrived| *arrived).await;
    }

    /// Lets the call through.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    async fn wait(self) {
        let mut open = self.open.subscribe();
        self.arrived.send_replace(true);
        // Only the test can open it from here on; when the test has dropped its end, it is open.
        drop(self);
        let _ = open.wait_for(|open| *open).await;
    }
}
