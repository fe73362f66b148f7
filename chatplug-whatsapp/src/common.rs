//! What the providers share. Nothing here knows one of them.

pub(crate) mod check;
pub(crate) mod doctor;
pub(crate) mod http;
pub(crate) mod media;
pub(crate) mod served;
pub(crate) mod shelf;
pub(crate) mod words;
