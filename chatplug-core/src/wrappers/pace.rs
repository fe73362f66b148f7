//! How fast a vendor may be called: counted in this process, or by all processes together.

use crate::ports::{Clock, Rate, RateLimiter, StoreError, Taken};
use chrono::{DateTime, Duration, Utc};
use std::{
    fmt::Debug,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::Semaphore;

/// The shared count is not waited for longer than this: then it counts as down.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);
/// A shared count that is down is not asked again before this.
const DOWN: Duration = Duration::seconds(5);
/// A schedule that runs further ahead than calls can explain, and by more than clocks of processes differ: the clock was
/// put back.
const JUMP: Duration = Duration::minutes(1);
/// A vendor that asks for a longer wait is asked again after this all the same.
const LONGEST_HOLD: Duration = Duration::hours(1);
/// Without the shared count a process keeps to one part in so many: it does not know how many others there are.
const CAREFUL: u32 = 4;

/// How fast a vendor may be called. Clones share one count: give the same pace to all that share a limit (a credential,
/// an address, a number); with [`Pace::shared`], all processes share it.
#[derive(Debug, Clone)]
pub struct Pace {
    clock: Arc<dyn Clock>,
    count: Count,
    promised: Arc<Mutex<DateTime<Utc>>>,
    pub(super) places: Arc<Semaphore>,
}

#[derive(Debug, Clone)]
enum Count {
    Local(Arc<Local>),
    Shared(Arc<Shared>),
}

impl Pace {
    /// `burst` calls at once, then one more `every` so often; and never more than `at_once` under way. Counted in this
    /// process.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, burst: u32, every: Duration, at_once: usize) -> Self {
        Self::of(clock, Count::Local(Arc::new(Local::new(burst, every))), at_once)
    }

    /// The same, counted under a name that processes share, by all of them together; `at_once` counts in this process.
    /// The name holds no personal data and no secret: hash what you count by.
    ///
    /// Places are taken in small blocks where the rate leaves room for that, so that not every call asks the limiter. A
    /// limiter that is down stops nobody: a part of the rate is kept to locally until it answers again.
    #[must_use]
    pub fn shared(
        clock: Arc<dyn Clock>,
        limiter: Arc<dyn RateLimiter>,
        name: impl Into<String>,
        rate: Rate,
        at_once: usize,
    ) -> Self {
        let count = Count::Shared(Arc::new(Shared::new(limiter, name.into(), rate)));
        Self::of(clock, count, at_once)
    }

    fn of(clock: Arc<dyn Clock>, count: Count, at_once: usize) -> Self {
        let places = Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS)));
        Self { clock, count, promised: Arc::new(Mutex::new(DateTime::<Utc>::MIN_UTC)), places }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// When to come again, for one who was told to wait so long: of many that wait, each is told another instant, so that
    /// they do not all come for one place.
    pub(super) fn promise(&self, wait: Duration) -> DateTime<Utc> {
        let every = match &self.count {
            Count::Local(local) => local.every,
            Count::Shared(shared) => shared.asked.every,
        };
        let first = self.clock.now() + wait;
        let mut promised = self.promised.lock().unwrap_or_else(PoisonError::into_inner);
        let next = (*promised + every).max(first);
        // Further ahead than anybody should wait: a clock that was put back.
        *promised = if next - first > LONGEST_HOLD { first } else { next };
        *promised
    }

    /// Takes a place for one call, or says how long there is none. For adapters that make several calls for one answer;
    /// others are wrapped in [`Throttled`](super::Throttled).
    ///
    /// # Errors
    /// How long there is no place; none was taken.
    pub async fn take(&self) -> Result<(), Duration> {
        match &self.count {
            Count::Local(local) => local.take(self.clock.now()),
            Count::Shared(shared) => shared.take(&*self.clock).await,
        }
    }

    /// Gives no place for so long: the vendor said to wait.
    pub async fn hold(&self, wait: Duration) {
        let until = self.clock.now() + wait.clamp(Duration::zero(), LONGEST_HOLD);
        match &self.count {
            Count::Local(local) => local.hold(until),
            Count::Shared(shared) => shared.hold(until).await,
        }
    }
}

/// A count of one process.
#[derive(Debug)]
struct Local {
    every: Duration,
    /// How far the schedule may run ahead of the clock.
    ahead: Duration,
    schedule: Mutex<Schedule>,
}

#[derive(Debug)]
struct Schedule {
    /// When it is used up to: each call moves it by `every`.
    used: DateTime<Utc>,
    held_until: DateTime<Utc>,
}

impl Local {
    fn new(burst: u32, every: Duration) -> Self {
        let ahead = every * i32::try_from(burst.saturating_sub(1)).unwrap_or(i32::MAX);
        let schedule = Schedule { used: DateTime::<Utc>::MIN_UTC, held_until: DateTime::<Utc>::MIN_UTC };
        Self { every, ahead, schedule: Mutex::new(schedule) }
    }

    fn take(&self, now: DateTime<Utc>) -> Result<(), Duration> {
        let mut schedule = self.schedule.lock().unwrap_or_else(PoisonError::into_inner);
        let held = schedule.held_until.max(now) - now;
        if held > LONGEST_HOLD {
            schedule.held_until = now;
        } else if held > Duration::zero() {
            return Err(held);
        }
        let mut used = schedule.used.max(now);
        if used - now > self.ahead + self.every + JUMP {
            used = now;
        }
        let too_early = used - now - self.ahead;
        if too_early > Duration::zero() {
            return Err(too_early);
        }
        schedule.used = used + self.every;
        Ok(())
    }

    fn hold(&self, until: DateTime<Utc>) {
        let mut schedule = self.schedule.lock().unwrap_or_else(PoisonError::into_inner);
        schedule.held_until = schedule.held_until.max(until);
    }
}

/// A count that processes share.
///
/// A block of places lasts no longer than `lasting`, and what may be used late is subtracted from the burst that the
/// limiter is asked to keep to: so over any stretch no more is used than the rate allows, however many processes there
/// are. All of them derive the same numbers from the same rate.
#[derive(Debug)]
struct Shared {
    limiter: Arc<dyn RateLimiter>,
    name: String,
    asked: Rate,
    /// How long a burst takes to come back.
    whole: Duration,
    lasting: Duration,
    /// Places that a block may hold.
    most: u32,
    block: tokio::sync::Mutex<Block>,
    careful: Local,
    is_down: AtomicBool,
}

#[derive(Debug)]
struct Block {
    left: u32,
    until: DateTime<Utc>,
    /// How many to ask for: doubles while all are used in time, halves when some were not.
    size: u32,
    /// No place before; asked again then.
    next: DateTime<Utc>,
    /// The vendor said to wait.
    held_until: DateTime<Utc>,
}

impl Shared {
    fn new(limiter: Arc<dyn RateLimiter>, name: String, rate: Rate) -> Self {
        let most = rate.burst / 4;
        let every = rate.every.max(Duration::microseconds(1));
        Self {
            limiter,
            name,
            asked: Rate { burst: (rate.burst - most).max(1), every },
            whole: every * i32::try_from(rate.burst).unwrap_or(i32::MAX),
            lasting: every * i32::try_from(most).unwrap_or(i32::MAX),
            most: most.max(1),
            block: tokio::sync::Mutex::new(Block {
                left: 0,
                until: DateTime::<Utc>::MIN_UTC,
                size: 1,
                next: DateTime::<Utc>::MIN_UTC,
                held_until: DateTime::<Utc>::MIN_UTC,
            }),
            careful: Local::new(rate.burst / CAREFUL, every * i32::try_from(CAREFUL).unwrap_or(1)),
            is_down: AtomicBool::new(false),
        }
    }

    async fn take(&self, clock: &dyn Clock) -> Result<(), Duration> {
        // One asks; the others wait for what it gets.
        let mut block = self.block.lock().await;
        let now = clock.now();
        // The upper bounds: a clock that was put back.
        if block.left > 0 && now < block.until && block.until - now <= self.lasting {
            block.left -= 1;
            return Ok(());
        }
        let held = block.held_until.max(now) - now;
        if held > Duration::zero() && held <= LONGEST_HOLD {
            return Err(held);
        }
        let wait = block.next.max(now) - now;
        if wait > Duration::zero() && wait <= self.whole + DOWN + JUMP {
            return match self.is_down.load(Ordering::Relaxed) {
                true => self.careful.take(now),
                false => Err(wait),
            };
        }
        block.size = match block.left {
            0 => block.size.saturating_mul(2).min(self.most),
            _ => (block.size / 2).max(1),
        };
        block.left = 0;
        let taken = tokio::time::timeout(PATIENCE, self.limiter.take(&self.name, self.asked, block.size, now)).await;
        match taken.unwrap_or_else(|late| Err(StoreError::Unavailable { source: Box::new(late) })) {
            Ok(Taken { granted, next }) => {
                self.answers_again();
                block.next = if granted < block.size { next } else { DateTime::<Utc>::MIN_UTC };
                match granted.checked_sub(1) {
                    Some(left) => {
                        (block.left, block.until) = (left, now + self.lasting);
                        Ok(())
                    }
                    None => Err((next - now).max(Duration::milliseconds(1))),
                }
            }
            Err(error) => {
                if !self.is_down.swap(true, Ordering::Relaxed) {
                    tracing::error!(
                        name = self.name,
                        error = &error as &dyn std::error::Error,
                        "calls cannot be counted together; this process keeps to a part of the limit"
                    );
                }
                block.next = now + DOWN;
                self.careful.take(now)
            }
        }
    }

    async fn hold(&self, until: DateTime<Utc>) {
        // What other processes hold cannot be taken back; what this one does, can.
        let mut block = self.block.lock().await;
        (block.left, block.size) = (0, 1);
        block.held_until = block.held_until.max(until);
        drop(block);
        self.careful.hold(until);
        let told = tokio::time::timeout(PATIENCE, self.limiter.hold(&self.name, until)).await;
        if let Err(error) = told.unwrap_or_else(|late| Err(StoreError::Unavailable { source: Box::new(late) })) {
            tracing::warn!(
                name = self.name,
                error = &error as &dyn std::error::Error,
                "other processes were not told to wait"
            );
        }
    }

    fn answers_again(&self) {
        if self.is_down.swap(false, Ordering::Relaxed) {
            tracing::info!(name = self.name, "calls are counted together again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{
        MemoryLimiter, VirtualClock,
        wrap::{Fault, FaultPlan, Faulty},
    };

    fn rate(burst: u32, every_ms: i64) -> Rate {
        Rate { burst, every: Duration::milliseconds(every_ms) }
    }

    fn pace(clock: &VirtualClock, limiter: &MemoryLimiter, rate: Rate) -> Pace {
        Pace::shared(Arc::new(clock.clone()), Arc::new(limiter.clone()), "number-1", rate, 8)
    }

    #[tokio::test]
    async fn several_processes_together_stay_within_the_rate_over_any_stretch() {
        let (clock, limiter, rate) = (VirtualClock::default(), MemoryLimiter::new(), rate(20, 50));
        let paces: Vec<Pace> = (0..3).map(|_| pace(&clock, &limiter, rate)).collect();
        let (begin, mut used) = (clock.now(), Vec::new());
        for step in 0_u64..4000 {
            clock.advance(Duration::milliseconds(5));
            // Now all of them press, now one, now nobody.
            for (at, pace) in (0_u64..).zip(&paces) {
                if (step / 200 + at) % 3 != 0 && pace.take().await.is_ok() {
                    used.push((clock.now() - begin).num_milliseconds());
                }
            }
        }
        for (place, from) in used.iter().enumerate() {
            for (more, to) in used[place..].iter().enumerate() {
                let most = 20 + (to - from) / 50;
                assert!(i64::try_from(more).unwrap() < most + 1, "{} calls from {from} to {to}", more + 1);
            }
        }
        assert!(used.len() > 250, "and the rate is used: {}", used.len());
    }

    #[tokio::test]
    async fn a_busy_process_asks_for_blocks() {
        let (clock, plan) = (VirtualClock::default(), FaultPlan::new());
        let limiter: Arc<dyn RateLimiter> = Arc::new(Faulty::new(Arc::new(MemoryLimiter::new()), &plan));
        let pace = Pace::shared(Arc::new(clock.clone()), limiter, "number-1", rate(80, 13), 8);
        let mut passed = 0;
        for _ in 0..2000 {
            clock.advance(Duration::milliseconds(13));
            passed += u64::from(pace.take().await.is_ok());
        }
        assert!(passed > 1900, "{passed}");
        assert!(plan.count("take") < passed / 4, "{passed} calls, and asked {} times", plan.count("take"));
    }

    #[tokio::test]
    async fn a_limiter_that_is_down_stops_nobody_and_frees_nobody() {
        let (clock, plan) = (VirtualClock::default(), FaultPlan::new());
        let limiter: Arc<dyn RateLimiter> = Arc::new(Faulty::new(Arc::new(MemoryLimiter::new()), &plan));
        let pace = Pace::shared(Arc::new(clock.clone()), limiter, "number-1", rate(20, 50), 8);
        plan.break_down("take", Fault::down());
        let mut passed = 0;
        for _ in 0..1200 {
            clock.advance(Duration::milliseconds(50));
            passed += u64::from(pace.take().await.is_ok());
        }
        assert!((250..=310).contains(&passed), "a quarter of a minute's 1200: {passed}");
        assert!(plan.count("take") <= 13, "asked again every 5 s: {}", plan.count("take"));
        plan.heal();
        clock.advance(Duration::seconds(6));
        let mut at_once = 0;
        while pace.take().await.is_ok() {
            at_once += 1;
        }
        assert_eq!(at_once, 15, "counted together again");
    }

    #[tokio::test]
    async fn what_a_vendor_says_holds_for_all_processes() {
        let (clock, limiter) = (VirtualClock::default(), MemoryLimiter::new());
        let (one, other) = (pace(&clock, &limiter, rate(20, 50)), pace(&clock, &limiter, rate(20, 50)));
        one.take().await.unwrap();
        one.hold(Duration::seconds(30)).await;
        assert_eq!(one.take().await, Err(Duration::seconds(30)));
        assert_eq!(other.take().await, Err(Duration::seconds(30)));
        clock.advance(Duration::seconds(30));
        other.take().await.unwrap();
        one.take().await.unwrap();
    }

    #[tokio::test]
    async fn a_clock_that_is_put_back_stops_nobody_for_hours() {
        let (clock, limiter) = (VirtualClock::default(), MemoryLimiter::new());
        let local = Pace::new(Arc::new(clock.clone()), 2, Duration::seconds(1), 8);
        for pace in [pace(&clock, &limiter, rate(8, 1000)), local] {
            while pace.take().await.is_ok() {}
            clock.advance(Duration::hours(-3));
            let mut waits = Vec::new();
            while let Err(wait) = pace.take().await {
                waits.push(wait);
                clock.advance(wait);
                assert!(waits.len() < 10, "{waits:?}");
            }
            let waited: Duration = waits.into_iter().sum();
            assert!(waited <= Duration::seconds(10), "{waited}");
        }
    }
}
