//! The life of a marketplace app.

mod proofs;
mod way;
