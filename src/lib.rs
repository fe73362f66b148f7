//! chatplug
