//! One envelope: format, associated data, cipher. Knows nothing of where keys come from.

use super::VaultError;
use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Nonce, Payload},
};
use zeroize::Zeroizing;

/// Format of a sealed value.
const SEALED: u8 = 1;
/// Begins a plain text whose own first byte could be taken for a format.
const PLAIN: u8 = 0;
const VERSION: usize = 4;
const NONCE: usize = 12;
const TAG: usize = 16;
const HEAD: usize = 1 + VERSION + NONCE;

/// A key of 32 bytes, forgotten when dropped.
pub(super) type KeyBytes = Zeroizing<[u8; 32]>;

/// 32 bytes at random.
pub(super) fn random_key() -> Result<KeyBytes, VaultError> {
    let mut key = KeyBytes::default();
    getrandom::fill(key.as_mut()).map_err(VaultError::unavailable)?;
    Ok(key)
}

pub(super) fn cipher(key: &KeyBytes) -> Aes256Gcm {
    let key: &[u8; 32] = key;
    Aes256Gcm::new(key.into())
}

/// What a value is sealed for: neither tenant nor field can be exchanged.
pub(super) fn bound_to(tenant: &str, field: &str) -> Vec<u8> {
    let mut bound = b"chatplug".to_vec();
    for part in [tenant, field] {
        bound.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        bound.extend(part.as_bytes());
    }
    bound
}

/// Seals under a key of this version.
pub(super) fn seal(cipher: &Aes256Gcm, version: u32, bound: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).map_err(VaultError::unavailable)?;
    let sealed = cipher.encrypt(&Nonce::<Aes256Gcm>::from(nonce), Payload { msg: plain, aad: bound });
    let sealed = sealed.map_err(|_| VaultError::unavailable("too long to seal"))?;
    let mut envelope = Vec::with_capacity(HEAD + sealed.len());
    envelope.push(SEALED);
    envelope.extend(version.to_be_bytes());
    envelope.extend(nonce);
    envelope.extend(sealed);
    Ok(envelope)
}

/// An envelope taken apart, not yet opened.
pub(super) struct Envelope<'e> {
    pub(super) version: u32,
    nonce: [u8; NONCE],
    sealed: &'e [u8],
}

impl<'e> Envelope<'e> {
    pub(super) fn parse(bytes: &'e [u8]) -> Result<Self, VaultError> {
        let (format, rest) = bytes.split_first().ok_or(VaultError::Truncated)?;
        if *format != SEALED {
            return Err(VaultError::Format { format: *format });
        }
        let (version, rest) = rest.split_first_chunk::<VERSION>().ok_or(VaultError::Truncated)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(VaultError::Truncated)?;
        if sealed.len() < TAG {
            return Err(VaultError::Truncated);
        }
        Ok(Self { version: u32::from_be_bytes(*version), nonce: *nonce, sealed })
    }

    pub(super) fn open(&self, cipher: &Aes256Gcm, bound: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let payload = Payload { msg: self.sealed, aad: bound };
        let plain = cipher.decrypt(&Nonce::<Aes256Gcm>::from(self.nonce), payload);
        plain.map(Zeroizing::new).map_err(|_| VaultError::Forged)
    }
}

/// With what a stored value is sealed, told without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedWith {
    /// It is kept as it is.
    Nothing,
    /// This version of the tenant's data key.
    Version(u32),
}

impl SealedWith {
    /// Looks at a stored value.
    ///
    /// # Errors
    /// [`VaultError::Format`] and [`VaultError::Truncated`].
    pub fn of(stored: &[u8]) -> Result<Self, VaultError> {
        match stored.first() {
            Some(&SEALED) => Envelope::parse(stored).map(|envelope| Self::Version(envelope.version)),
            Some(&format @ 2..=8) => Err(VaultError::Format { format }),
            _ => Ok(Self::Nothing),
        }
    }
}

/// A text to be stored as it is, so that it is never taken for an envelope.
pub(super) fn plain(text: &str) -> Vec<u8> {
    let mut stored = Vec::with_capacity(text.len() + 1);
    if text.as_bytes().first().is_some_and(|first| *first <= 8) {
        stored.push(PLAIN);
    }
    stored.extend(text.as_bytes());
    stored
}

/// The bytes of a text that was stored as it is.
pub(super) fn unplain(stored: &[u8]) -> &[u8] {
    stored.strip_prefix(&[PLAIN]).unwrap_or(stored)
}
