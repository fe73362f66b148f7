//! Providers in a box.
