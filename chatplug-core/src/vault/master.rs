//! Master keys: what the keys of tenants are wrapped under. They never lie beside the data.

use super::{
    VaultError,
    envelope::{self, Envelope, KeyBytes, bound_to},
};
use aes_gcm::Aes256Gcm;
use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::{fmt, str::FromStr, sync::Arc};
use zeroize::Zeroizing;

/// The name of a master key: 1 to 32 characters of `a-z`, `0-9`, `-`, `_` and `.`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(String);

impl KeyId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyId {
    type Err = MasterKeysError;

    fn from_str(text: &str) -> Result<Self, MasterKeysError> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        match (1..=32).contains(&text.len()) && text.chars().all(fits) {
            true => Ok(Self(text.to_owned())),
            false => Err(MasterKeysError::Name),
        }
    }
}

/// Wraps and unwraps the keys of tenants: master keys in memory, or a key management service.
///
/// # Contract
/// What was wrapped under an id is unwrapped under the same id, `bound` and all, until that master key is taken away;
/// another `bound` is [`VaultError::Forged`]. Called once when a tenant's keys are first needed in a process, so it may
/// be slow.
#[async_trait]
pub trait KeyProvider: fmt::Debug + Send + Sync {
    /// The master key under which new keys are wrapped.
    fn current(&self) -> KeyId;

    /// Wraps a key of 32 bytes under the current master key.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`].
    async fn wrap(&self, key: &[u8; 32], bound: &[u8]) -> Result<(KeyId, Vec<u8>), VaultError>;

    /// Unwraps a key.
    ///
    /// # Errors
    /// [`VaultError::UnknownMaster`], [`VaultError::Forged`], [`VaultError::Truncated`], [`VaultError::Unavailable`].
    async fn unwrap(&self, master: &KeyId, wrapped: &[u8], bound: &[u8]) -> Result<Zeroizing<[u8; 32]>, VaultError>;
}

/// Master keys in memory: the current one first, then those that older keys are still wrapped under.
///
/// As text: `NAME:BASE64` of 32 random bytes each, separated by commas or white space.
#[derive(Clone)]
pub struct MasterKeys {
    keys: Arc<Vec<(KeyId, Aes256Gcm)>>,
}

impl MasterKeys {
    /// Makes a new key of this name, as text, to be kept where the database is not.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] when the machine has no randomness.
    pub fn generate(name: &KeyId) -> Result<Zeroizing<String>, VaultError> {
        let key = envelope::random_key()?;
        let encoded = Zeroizing::new(BASE64_STANDARD.encode(key.as_slice()));
        Ok(Zeroizing::new(format!("{name}:{}", *encoded)))
    }

    /// A key that nobody else has, gone with the process: for tests.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] when the machine has no randomness.
    pub fn ephemeral() -> Result<Self, VaultError> {
        let keys = vec![(KeyId("ephemeral".to_owned()), envelope::cipher(&envelope::random_key()?))];
        Ok(Self { keys: Arc::new(keys) })
    }

    /// The names, the current one first.
    pub fn names(&self) -> impl Iterator<Item = &KeyId> {
        self.keys.iter().map(|(name, _)| name)
    }
}

impl FromStr for MasterKeys {
    type Err = MasterKeysError;

    fn from_str(text: &str) -> Result<Self, MasterKeysError> {
        let mut keys: Vec<(KeyId, Aes256Gcm)> = Vec::new();
        for part in text.split([',', ' ', '\t', '\r', '\n']).filter(|part| !part.is_empty()) {
            let (name, encoded) = part.split_once(':').ok_or(MasterKeysError::Form)?;
            let name: KeyId = name.parse()?;
            if keys.iter().any(|(known, _)| *known == name) {
                return Err(MasterKeysError::Twice(name));
            }
            let bytes =
                Zeroizing::new(BASE64_STANDARD.decode(encoded).map_err(|_| MasterKeysError::NotBase64(name.clone()))?);
            let mut key = KeyBytes::default();
            if bytes.len() != key.len() {
                return Err(MasterKeysError::Length { name, bytes: bytes.len() });
            }
            key.copy_from_slice(&bytes);
            keys.push((name, envelope::cipher(&key)));
        }
        if keys.is_empty() {
            return Err(MasterKeysError::None);
        }
        Ok(Self { keys: Arc::new(keys) })
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

#[async_trait]
impl KeyProvider for MasterKeys {
    fn current(&self) -> KeyId {
        // There is always one: see `from_str` and `ephemeral`.
        self.keys.first().map_or_else(|| KeyId(String::new()), |(name, _)| name.clone())
    }

    async fn wrap(&self, key: &[u8; 32], bound: &[u8]) -> Result<(KeyId, Vec<u8>), VaultError> {
        let (name, cipher) = self.keys.first().ok_or_else(|| VaultError::UnknownMaster(self.current()))?;
        Ok((name.clone(), envelope::seal(cipher, 0, &bound_to(name.as_str(), &hex(bound)), key)?))
    }

    async fn unwrap(&self, master: &KeyId, wrapped: &[u8], bound: &[u8]) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        let known = self.keys.iter().find(|(name, _)| name == master);
        let (name, cipher) = known.ok_or_else(|| VaultError::UnknownMaster(master.clone()))?;
        let plain = Envelope::parse(wrapped)?.open(cipher, &bound_to(name.as_str(), &hex(bound)))?;
        let mut key = KeyBytes::default();
        if plain.len() != key.len() {
            return Err(VaultError::Truncated);
        }
        key.copy_from_slice(&plain);
        Ok(key)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why a text is no list of master keys. Never holds any of it but a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MasterKeysError {
    /// Nothing is there.
    #[error("no master key: make one with `chatplug key generate`")]
    None,
    /// Something that is not of the form.
    #[error("a master key is written NAME:BASE64, several separated by commas")]
    Form,
    /// A name with other characters, or too long.
    #[error("a master key's name has 1 to 32 characters of a-z, 0-9, \"-\", \"_\" and \".\"")]
    Name,
    /// The same name twice.
    #[error("master key \"{0}\" is there twice")]
    Twice(KeyId),
    /// Not base64.
    #[error("master key \"{0}\" is not base64")]
    NotBase64(KeyId),
    /// Not 32 bytes.
    #[error("master key \"{name}\" has {bytes} bytes; it needs 32: make one with `chatplug key generate`")]
    Length {
        /// Which.
        name: KeyId,
        /// How many it has.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, bytes: usize) -> String {
        format!("{name}:{}", BASE64_STANDARD.encode(vec![7; bytes]))
    }

    #[test]
    fn the_first_key_is_the_current_one() {
        let keys: MasterKeys = format!("{}, {}\n", key("b", 32), key("a", 32)).parse().unwrap();
        assert_eq!(keys.current().as_str(), "b");
        assert_eq!(keys.names().count(), 2);
    }

    #[test]
    fn every_mistake_has_a_name_and_shows_no_key() {
        let name: KeyId = "k".parse().unwrap();
        let wrong = [
            (String::new(), MasterKeysError::None),
            ("k".to_owned(), MasterKeysError::Form),
            (key("Ká", 32), MasterKeysError::Name),
            ("k:???".to_owned(), MasterKeysError::NotBase64(name.clone())),
            (key("k", 16), MasterKeysError::Length { name: name.clone(), bytes: 16 }),
            (key("k", 33), MasterKeysError::Length { name: name.clone(), bytes: 33 }),
            (format!("{} {}", key("k", 32), key("k", 32)), MasterKeysError::Twice(name)),
        ];
        for (text, error) in wrong {
            assert_eq!(text.parse::<MasterKeys>().unwrap_err(), error);
            assert!(!error.to_string().contains("BwcH"));
        }
    }

    #[test]
    fn debug_prints_names_only() {
        let keys: MasterKeys = key("main", 32).parse().unwrap();
        assert_eq!(format!("{keys:?}"), "[KeyId(\"main\")]");
    }

    #[test]
    fn a_generated_key_can_be_read_back() {
        let text = MasterKeys::generate(&"k1".parse().unwrap()).unwrap();
        assert_eq!(text.parse::<MasterKeys>().unwrap().current().as_str(), "k1");
    }
}
