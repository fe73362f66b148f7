//! The machine as a whole: stories played out with a [`Script`](super::script::Script), flow by flow.

mod action;
mod book;
mod branches;
mod free;
mod lists;
mod meeting;
mod properties;
mod questions;
mod talking;
mod times;
mod visits;
