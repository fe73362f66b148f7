//! Durable stores for chatplug: SQLite.
