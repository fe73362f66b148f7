//! The machine as a whole: stories played out with a [`Script`](super::script::Script), flow by flow.

mod book;
mod properties;
