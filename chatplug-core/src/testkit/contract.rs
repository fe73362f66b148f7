//! Contract suites: what every implementation of a port must do, as tests that anybody can run.

pub mod backend;

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
