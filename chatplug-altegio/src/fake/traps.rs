//! What the real platform does and its documentation does not say.

/// Traps of the platform, on unless it is unknown which way Altegio goes.
///
/// ```
/// # use chatplug_altegio::fake::{Created, FakeAltegio, Traps};
/// # fn f(fake: &FakeAltegio) {
/// fake.traps(|traps| {
///     traps.winter_offset = true;
///     traps.created = Created::Array;
/// });
/// fake.traps(|traps| *traps = Traps::none()); // as the documentation has it
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traps {
    /// Numbers as strings, flags as numbers, `[]` for an empty object, `null` where a number is meant.
    pub mixed_types: bool,
    /// Staff who left and services that are not sold any more, in every list but those of the online booking.
    pub dead_entries: bool,
    /// `datetime` carries the offset of winter in summer. At first off: it was seen in some zones only.
    pub winter_offset: bool,
    /// `book_times` lists times at which a service of more than an hour does not fit.
    pub long_starts: bool,
    /// `PUT /visits` wants a comment.
    pub visit_comment: bool,
    /// Keys that nobody knows inside `client` and `services` of a write are refused with 422.
    pub strict_writes: bool,
    /// A request without the media type of version 2 in `Accept` is refused with 400.
    pub accept_required: bool,
    /// Something else may happen between the check of a write and the write. At first off.
    pub careless: bool,
    /// What `POST /records` answers.
    pub created: Created,
    /// What `GET /record` answers of a record that was deleted.
    pub deleted: Deleted,
}

/// What `data` is in the answer to `POST /records`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Created {
    /// The record.
    Object,
    /// A list of one.
    Array,
    /// Now the one, now the other.
    Alternately,
}

/// What becomes of a record that was deleted when it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deleted {
    /// 404.
    NotFound,
    /// It is there, with `deleted: true`.
    Marked,
}

impl Default for Traps {
    fn default() -> Self {
        Self {
            mixed_types: true,
            dead_entries: true,
            winter_offset: false,
            long_starts: true,
            visit_comment: true,
            strict_writes: true,
            accept_required: true,
            careless: false,
            created: Created::Alternately,
            deleted: Deleted::NotFound,
        }
    }
}

impl Traps {
    /// None at all: the platform as it is documented.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            mixed_types: false,
            dead_entries: false,
            winter_offset: false,
            long_starts: false,
            visit_comment: false,
            strict_writes: false,
            accept_required: false,
            careless: false,
            created: Created::Object,
            deleted: Deleted::NotFound,
        }
    }
}
