//! What must not be read by whoever finds the disk: credentials and personal data, sealed in AES-256-GCM envelopes.
//!
//! # Keys
//! A *master key* comes from outside (environment, file, or a [`KeyProvider`] in front of a key management service) and
//! never touches the database. Each tenant has keys of its own, made at random and stored only wrapped under a master
//! key: *data keys* by version, which seal, and one *lookup key*, which turns a phone number into a value that can be
//! searched for and not be read. Wrapped keys live apart from the data, so that a backup of the data alone cannot be
//! opened, and destroying a tenant's keys makes what they sealed unreadable wherever it was copied to.
//!
//! # What a sealed value looks like
//! `01 ‖ version of the data key (4, big-endian) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`; tenant and field are
//! authenticated with it, so that a value cannot be moved to another tenant or to another kind of column. A value that is
//! kept as it is begins with anything but `01` (text that would is prefixed with `00`).
//!
//! Where the values are stored, and which of them, is the stores' business; here is only how.

mod envelope;
mod master;
mod tenant;

pub use envelope::SealedWith;
pub use master::{KeyId, KeyProvider, MasterKeys, MasterKeysError};
pub use tenant::{KeyUse, TenantKeys, Vault, WrappedKey};

/// Why something could not be sealed or opened, by what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The tenant's key is wrapped under a master key that was not given: give it, beside the current one.
    #[error("master key \"{0}\" is not configured, and a tenant's keys are wrapped under it")]
    UnknownMaster(KeyId),
    /// It was sealed with a data key that the tenant does not have (any more, or yet).
    #[error("sealed with version {version} of the tenant's data key, which is not there")]
    UnknownKey {
        /// Which version.
        version: u32,
    },
    /// The tenant's keys were destroyed: what they sealed is gone for good.
    #[error("the tenant's keys were destroyed")]
    Destroyed,
    /// It was written by a newer version of chatplug, or is no envelope at all.
    #[error("envelope format {format} is not known to this version")]
    Format {
        /// The first byte.
        format: u8,
    },
    /// It is shorter than any envelope: cut off on the way.
    #[error("the envelope is cut off")]
    Truncated,
    /// It does not authenticate: altered, moved from another tenant or field, or sealed with a key of the same name that
    /// is another key.
    #[error("the envelope does not authenticate: altered, or not sealed with this key for this tenant and field")]
    Forged,
    /// The machine gave no randomness, or the key service did not answer.
    #[error("the keys cannot be reached")]
    Unavailable {
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl VaultError {
    fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable { source: source.into() }
    }
}
