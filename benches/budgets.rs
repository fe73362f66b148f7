//! Measures the budgets of the design: `cargo bench --bench budgets [-- step|interpret|ingest|turns]`.
//!
//! Prints percentiles and CPU time, asserts nothing: a figure means something only with its machine beside it.

fn main() {}
