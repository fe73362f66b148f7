//! Judges that others made, between the adapter and the fake: Prism with the description of the platform (YCLIENTS' of
//! 2026, the same platform under another name), and the typed client `yclients`; see the crate `chatplug-judges`.

mod description;
mod prism;
mod yclients;
