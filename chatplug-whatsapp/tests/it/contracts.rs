//! Where the providers' contracts are, when they are there at all.

pub(crate) use chatplug_judges::contract as read;
