//! chatplug's built-in calendar as a booking backend.
