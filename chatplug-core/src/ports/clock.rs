//! The only source of "now".

use chrono::{DateTime, Duration, Utc};
use std::{
    fmt::Debug,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Tells the time.
///
/// # Contract
/// Time never runs back, and goes as fast as time does, or nearly so: leases, limits and what waits for an instant rest on
/// that.
#[cfg_attr(feature = "testkit", mockall::automock)]
pub trait Clock: Debug + Send + Sync {
    /// The current instant.
    fn now(&self) -> DateTime<Utc>;

    /// How far the time that this clock is catching up with is ahead of it, or behind when negative. Zero for a clock that
    /// follows none.
    fn adrift(&self) -> Duration;
}

/// The clocks of a machine, as they are.
pub trait Machine: Debug + Send + Sync {
    /// How long the machine runs by now, sleep included: nobody sets this one.
    fn uptime(&self) -> std::time::Duration;

    /// What its clock shows: somebody may have set it since.
    fn wall(&self) -> DateTime<Utc>;
}

/// A clock that takes no jumps: it goes by the machine's uptime, and catches up with the machine's clock, or the one it was
/// told to follow instead, by a tenth of the time that passes. What was begun before a jump ends as it should after it:
/// nothing that waits comes an hour late because a clock was put back, and no message that is being sent is taken for lost
/// because one was put forward.
#[derive(Debug)]
pub struct SteadyClock<M> {
    machine: M,
    state: Mutex<Option<State>>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    uptime: std::time::Duration,
    told: DateTime<Utc>,
    /// What it catches up with, seen from the machine's clock.
    ahead: Duration,
}

/// Of the time that passes, so much is given to catching up.
const TENTH: i32 = 10;

/// Time was known to be later than a clock shows by more than it can catch up with: that clock is wrong, or was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the clock shows {}, but work was done until {} already", shown(.now), shown(.newest))]
pub struct ClockBehind {
    /// What it shows.
    pub now: DateTime<Utc>,
    /// The latest instant that is known to have passed.
    pub newest: DateTime<Utc>,
}

impl ClockBehind {
    /// A clock that is behind by more than this is not caught up with: 24 hours.
    pub const MOST: Duration = Duration::hours(24);
}

fn shown(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

impl<M: Machine> SteadyClock<M> {
    /// A clock that shows what the machine's does, when it is first read.
    #[must_use]
    pub const fn new(machine: M) -> Self {
        Self { machine, state: Mutex::new(None) }
    }

    /// Begins anew: at what `reference` (another clock that all go by, read just now) or else the machine's clock shows, but
    /// not before `newest`, which has passed already. Before anything was done by this clock.
    ///
    /// # Errors
    /// When that is behind `newest` by more than [`ClockBehind::MOST`]. The clock is left as it was.
    pub fn begin(&self, reference: Option<DateTime<Utc>>, newest: Option<DateTime<Utc>>) -> Result<(), ClockBehind> {
        let mut state = self.lock();
        let wall = self.machine.wall();
        let now = reference.unwrap_or(wall);
        let newest = newest.unwrap_or(now);
        if newest - now > ClockBehind::MOST {
            return Err(ClockBehind { now, newest });
        }
        *state = Some(State { uptime: self.machine.uptime(), told: now.max(newest), ahead: now - wall });
        Ok(())
    }

    /// From now on it catches up with another clock, read just now, instead of the machine's.
    pub fn follow(&self, reference: DateTime<Utc>) {
        let mut state = self.lock();
        let mut reading = self.read(*state);
        reading.ahead = reference - self.machine.wall();
        *state = Some(reading);
    }

    fn lock(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, before: Option<State>) -> State {
        let (uptime, wall) = (self.machine.uptime(), self.machine.wall());
        let Some(State { uptime: then, told, ahead }) = before else {
            return State { uptime, told: wall, ahead: Duration::zero() };
        };
        let passed = Duration::from_std(uptime.saturating_sub(then)).unwrap_or_default();
        let most = passed / TENTH;
        let told = told + passed;
        State { uptime, told: told + (wall + ahead - told).clamp(-most, most), ahead }
    }
}

impl<M: Machine> Clock for SteadyClock<M> {
    fn now(&self) -> DateTime<Utc> {
        let mut state = self.lock();
        let reading = self.read(*state);
        *state = Some(reading);
        reading.told
    }

    fn adrift(&self) -> Duration {
        let now = self.read(*self.lock());
        self.machine.wall() + now.ahead - now.told
    }
}

/// The clock of this process: a [`SteadyClock`] that all copies share.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

static CLOCK: SteadyClock<ThisMachine> = SteadyClock::new(ThisMachine);

impl SystemClock {
    /// See [`SteadyClock::begin`].
    ///
    /// # Errors
    /// [`ClockBehind`].
    pub fn begin(reference: Option<DateTime<Utc>>, newest: Option<DateTime<Utc>>) -> Result<(), ClockBehind> {
        CLOCK.begin(reference, newest)
    }

    /// See [`SteadyClock::follow`].
    pub fn follow(reference: DateTime<Utc>) {
        CLOCK.follow(reference);
    }
}

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        CLOCK.now()
    }

    fn adrift(&self) -> Duration {
        CLOCK.adrift()
    }
}

/// The machine that this runs on.
#[derive(Debug, Clone, Copy, Default)]
struct ThisMachine;

impl Machine for ThisMachine {
    #[cfg(target_os = "linux")]
    fn uptime(&self) -> std::time::Duration {
        let at = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let (seconds, nanos) = (u64::try_from(at.tv_sec), u32::try_from(at.tv_nsec));
        std::time::Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
    }

    #[cfg(not(target_os = "linux"))]
    fn uptime(&self) -> std::time::Duration {
        static BEGAN: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
        BEGAN.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where the real clock is read")]
    fn wall(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

#[cfg(all(test, feature = "testkit"))]
mod tests {
    use super::*;
    use crate::testkit::VirtualMachine;

    fn hours(hours: i64) -> Duration {
        Duration::hours(hours)
    }

    fn clock() -> (VirtualMachine, SteadyClock<VirtualMachine>, DateTime<Utc>) {
        let machine = VirtualMachine::default();
        let clock = SteadyClock::new(machine.clone());
        let began = clock.now();
        assert_eq!(began, machine.wall());
        (machine, clock, began)
    }

    #[test]
    fn it_goes_as_fast_as_time_does() {
        let (machine, clock, began) = clock();
        machine.pass(Duration::milliseconds(1500));
        assert_eq!(clock.now() - began, Duration::milliseconds(1500));
        machine.pass(hours(30));
        assert_eq!((clock.now(), clock.adrift()), (machine.wall(), Duration::zero()));
    }

    #[test]
    fn put_back_by_an_hour_it_goes_on_a_little_slower() {
        let (machine, clock, began) = clock();
        machine.set(began - hours(1));
        assert_eq!((clock.now(), clock.adrift()), (began, -hours(1)));
        machine.pass(Duration::seconds(100));
        assert_eq!(clock.now() - began, Duration::seconds(90), "what waits for a hundred seconds waits ten more");
        machine.pass(hours(10));
        assert_eq!((clock.now(), clock.adrift()), (machine.wall(), Duration::zero()), "caught up with in ten hours");
    }

    #[test]
    fn put_forward_by_an_hour_it_goes_on_a_little_faster() {
        let (machine, clock, began) = clock();
        machine.set(began + hours(1));
        assert_eq!((clock.now(), clock.adrift()), (began, hours(1)));
        machine.pass(Duration::seconds(100));
        assert_eq!(clock.now() - began, Duration::seconds(110));
        machine.pass(hours(10));
        assert_eq!((clock.now(), clock.adrift()), (machine.wall(), Duration::zero()));
    }

    #[test]
    fn it_never_runs_back_however_it_is_set() {
        let (machine, clock, mut before) = clock();
        for step in 0_i32..200 {
            machine.pass(Duration::milliseconds(i64::from(step * step)));
            machine.set(machine.wall() + Duration::seconds(i64::from((step * 7919) % 5000 - 2500)));
            clock.follow(machine.wall() + Duration::minutes(i64::from(step % 7 - 3)));
            let now = clock.now();
            assert!(now >= before, "step {step}: {before} then {now}");
            before = now;
        }
    }

    #[test]
    fn it_begins_where_others_have_been() {
        let (machine, clock, began) = clock();
        machine.set(began - hours(1));
        clock.begin(None, Some(began)).unwrap();
        assert_eq!((clock.now(), clock.adrift()), (began, -hours(1)), "as if it had run on");
        clock.begin(None, Some(began - hours(50))).unwrap();
        assert_eq!(
            (clock.now(), clock.adrift()),
            (began - hours(1), Duration::zero()),
            "what is long ago binds nobody"
        );
    }

    #[test]
    fn it_follows_the_clock_that_all_go_by() {
        let (machine, clock, began) = clock();
        clock.begin(Some(began + hours(3)), None).unwrap();
        assert_eq!((clock.now(), clock.adrift()), (began + hours(3), Duration::zero()), "this machine's is wrong");
        machine.pass(hours(1));
        clock.follow(began + hours(5));
        assert_eq!((clock.now(), clock.adrift()), (began + hours(4), hours(1)), "the other one was put forward");
    }

    #[test]
    fn a_clock_far_behind_is_refused() {
        let (machine, clock, began) = clock();
        let day = ClockBehind::MOST;
        clock.begin(None, Some(began + day)).unwrap();
        let wrong = clock.begin(None, Some(began + day + hours(1))).unwrap_err();
        assert_eq!(wrong, ClockBehind { now: machine.wall(), newest: began + day + hours(1) });
        assert!(wrong.to_string().contains("2026-03-02T09:00:00Z"), "{wrong}");
        assert_eq!(clock.now(), began + day, "as it was");
    }
}
