//! The marketplace.

use sha2::{Digest as _, Sha256};

/// 32 hex characters that nobody guesses who does not know what they are made of.
pub(super) fn hash(of: &str) -> String {
    Sha256::digest(of.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
