//! Judges that others made: OpenAI's own description, for the calls of the client and the answers of the fake; and aimock, a
//! server of these calls that others wrote, in place of the fake. See the crate `chatplug-judges`.

mod aimock;
mod description;
