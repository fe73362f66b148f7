//! Counts work where a message's length could cost more than its share, so that a test can tell; nothing outside tests.

#[cfg(test)]
thread_local! {
    static TAKEN: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// One step more.
#[inline]
pub(super) fn add() {
    #[cfg(test)]
    TAKEN.with(|taken| taken.set(taken.get() + 1));
}

/// Steps since the last call.
#[cfg(test)]
pub(super) fn taken() -> u64 {
    TAKEN.with(std::cell::Cell::take)
}
