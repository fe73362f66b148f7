//! Contract suites: what each port promises, as tests that any implementation can run.
//!
//! A suite is a module of `async` functions, one per promise, named after it. A macro turns a suite into one `#[test]`
//! per promise, so that a failure names what was broken:
//!
//! ```
//! # #[cfg(test)] // expands to tests
//! mod my_store {
//!     use chatplug_core::testkit::MemoryStore;
//!
//!     /// A fresh, empty store, for every test anew.
//!     async fn store() -> Box<MemoryStore> {
//!         Box::new(MemoryStore::new())
//!     }
//!
//!     chatplug_core::store_contract!(store());
//! }
//! ```
//!
//! The expression is evaluated once a test. It gives a future of anything that dereferences to the implementation: a
//! `Box`, an `Arc`, or a fixture of yours that also holds a folder or a container.
//!
//! # Stability
//! Outside semver: a promise may be added or sharpened in any release. **Data is destroyed**: give every test a fresh
//! implementation, never one that holds anything of worth.

pub mod backend;
pub mod calendar_store;
pub mod clock;
pub mod connections;
pub mod directory;
pub mod installs;
pub mod intent;
pub mod limiter;
pub mod messenger;
pub mod notifier;
pub mod payments;
pub mod records;
mod salon;
pub mod secrets;
pub mod store;
pub mod templates;
pub mod transcriber;
pub mod webhook;

/// Runs a test to its end on a runtime of its own, with real parallelism; so a suite needs no runtime of the caller.
///
/// # Panics
/// When the test does, or when the machine has no thread to spare.
#[expect(clippy::panic, reason = "a test fails by panicking")]
pub fn block_on<T>(test: impl Future<Output = T>) -> T {
    match tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build() {
        Ok(runtime) => runtime.block_on(test),
        Err(error) => panic!("no runtime: {error}"),
    }
}

/// Expands to one test per promise. Used by the macros of the suites.
#[doc(hidden)]
#[macro_export]
macro_rules! __contract_tests {
    ($setup:expr; $suite:path: $($promise:ident)+) => {$(
        #[test]
        fn $promise() {
            use $suite as suite;
            $crate::testkit::contract::block_on(async {
                let subject = $setup.await;
                suite::$promise(&*subject).await;
            });
        }
    )+};
}
