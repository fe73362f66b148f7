//! The keys of one tenant, and the vault that makes and unwraps them.

use super::{
    KeyId, KeyProvider, VaultError,
    envelope::{self, Envelope, bound_to},
};
use crate::model::TenantId;
use aes_gcm::Aes256Gcm;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};
use zeroize::Zeroizing;

/// What a tenant's key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyUse {
    /// Seals values; versioned.
    Data,
    /// Makes values that can be looked up and not be read; one for the tenant's life.
    Lookup,
    /// No key: says that the tenant's keys were destroyed and must not be made anew.
    Destroyed,
}

impl KeyUse {
    /// As stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Lookup => "lookup",
            Self::Destroyed => "destroyed",
        }
    }
}

impl FromStr for KeyUse {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Data, Self::Lookup, Self::Destroyed].into_iter().find(|one| one.as_str() == text).ok_or(())
    }
}

/// A tenant's key as it is stored: useless without the master key.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// What it is for.
    pub key_use: KeyUse,
    /// Which one of those, from 1; 0 for a [`KeyUse::Destroyed`].
    pub version: u32,
    /// The master key that it is wrapped under; `None` for a [`KeyUse::Destroyed`].
    pub master: Option<KeyId>,
    /// The wrapped key.
    pub bytes: Vec<u8>,
}

impl WrappedKey {
    /// What is stored in place of destroyed keys.
    #[must_use]
    pub const fn tombstone() -> Self {
        Self { key_use: KeyUse::Destroyed, version: 0, master: None, bytes: Vec::new() }
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappedKey({} {} under {:?})", self.key_use.as_str(), self.version, self.master)
    }
}

/// Makes and unwraps the keys of tenants. Clones share the provider.
#[derive(Debug, Clone)]
pub struct Vault {
    provider: Arc<dyn KeyProvider>,
}

impl Vault {
    /// A vault whose keys are wrapped by this provider.
    #[must_use]
    pub fn new(provider: Arc<dyn KeyProvider>) -> Self {
        Self { provider }
    }

    /// The master key under which new keys are wrapped.
    #[must_use]
    pub fn current(&self) -> KeyId {
        self.provider.current()
    }

    /// The keys of a new tenant, to be stored before anything is sealed with them.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`].
    pub async fn create(&self, tenant: &TenantId) -> Result<Vec<WrappedKey>, VaultError> {
        Ok(vec![self.make(tenant, KeyUse::Data, 1).await?, self.make(tenant, KeyUse::Lookup, 1).await?])
    }

    /// The next data key of a tenant that has these keys, to be stored before anything is sealed with it.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`].
    pub async fn next_data_key(&self, tenant: &TenantId, keys: &[WrappedKey]) -> Result<WrappedKey, VaultError> {
        let data = keys.iter().filter(|key| key.key_use == KeyUse::Data);
        let version = data.map(|key| key.version).max().unwrap_or(0).saturating_add(1);
        self.make(tenant, KeyUse::Data, version).await
    }

    /// The same key wrapped under the current master key; `None`: it is already.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn rewrap(&self, tenant: &TenantId, key: &WrappedKey) -> Result<Option<WrappedKey>, VaultError> {
        let Some(master) = key.master.as_ref().filter(|master| **master != self.current()) else { return Ok(None) };
        let bound = bound_to(tenant.as_str(), &name(key.key_use, key.version));
        let plain = self.provider.unwrap(master, &key.bytes, &bound).await?;
        let (master, bytes) = self.provider.wrap(&plain, &bound).await?;
        Ok(Some(WrappedKey { master: Some(master), bytes, ..key.clone() }))
    }

    /// Unwraps a tenant's keys. With several data keys the latest seals, all open.
    ///
    /// # Errors
    /// [`VaultError::Destroyed`], [`VaultError::UnknownMaster`], [`VaultError::Forged`], [`VaultError::Truncated`],
    /// [`VaultError::Unavailable`]; [`VaultError::UnknownKey`] when a data key or the lookup key is missing.
    pub async fn open(&self, tenant: &TenantId, keys: &[WrappedKey]) -> Result<TenantKeys, VaultError> {
        let mut data = BTreeMap::new();
        let mut lookup = None;
        for key in keys {
            let Some(master) = &key.master else { return Err(VaultError::Destroyed) };
            let bound = bound_to(tenant.as_str(), &name(key.key_use, key.version));
            let plain = self.provider.unwrap(master, &key.bytes, &bound).await?;
            match key.key_use {
                KeyUse::Destroyed => return Err(VaultError::Destroyed),
                KeyUse::Data => {
                    data.insert(key.version, envelope::cipher(&plain));
                }
                KeyUse::Lookup => lookup = Some(plain),
            }
        }
        match (data.is_empty(), lookup) {
            (false, Some(lookup)) => {
                let lookup = Hmac::new_from_slice(lookup.as_slice()).map_err(|_| VaultError::Truncated)?;
                Ok(TenantKeys { tenant: tenant.clone(), data, lookup })
            }
            _ => Err(VaultError::UnknownKey { version: 1 }),
        }
    }

    async fn make(&self, tenant: &TenantId, key_use: KeyUse, version: u32) -> Result<WrappedKey, VaultError> {
        let key = envelope::random_key()?;
        let bound = bound_to(tenant.as_str(), &name(key_use, version));
        let (master, bytes) = self.provider.wrap(&key, &bound).await?;
        Ok(WrappedKey { key_use, version, master: Some(master), bytes })
    }
}

fn name(key_use: KeyUse, version: u32) -> String {
    format!("{}/{version}", key_use.as_str())
}

/// One tenant's keys, ready for use; forgotten (overwritten) when dropped.
pub struct TenantKeys {
    tenant: TenantId,
    data: BTreeMap<u32, Aes256Gcm>,
    lookup: Hmac<Sha256>,
}

impl TenantKeys {
    /// Whose they are.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The version of the data key that seals.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.data.last_key_value().map_or(0, |(version, _)| *version)
    }

    /// Seals a value for one field (a constant name such as `contact.person`).
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] when the machine has no randomness.
    pub fn seal(&self, field: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (version, cipher) = self.data.last_key_value().ok_or(VaultError::UnknownKey { version: 0 })?;
        envelope::seal(cipher, *version, &bound_to(self.tenant.as_str(), field), plain)
    }

    /// Opens a sealed value of that field.
    ///
    /// # Errors
    /// [`VaultError::Format`], [`VaultError::Truncated`], [`VaultError::UnknownKey`], [`VaultError::Forged`].
    pub fn open(&self, field: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let envelope = Envelope::parse(sealed)?;
        let version = envelope.version;
        let cipher = self.data.get(&version).ok_or(VaultError::UnknownKey { version })?;
        envelope.open(cipher, &bound_to(self.tenant.as_str(), field))
    }

    /// A text as it is to be stored: sealed, or as it is.
    ///
    /// # Errors
    /// As [`seal`](Self::seal).
    pub fn keep(&self, field: &str, text: &str, sealed: bool) -> Result<Vec<u8>, VaultError> {
        if sealed { self.seal(field, text.as_bytes()) } else { Ok(envelope::plain(text)) }
    }

    /// A stored text, sealed or not.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`VaultError::Forged`] when it is no text.
    pub fn read(&self, field: &str, stored: &[u8]) -> Result<String, VaultError> {
        let bytes = match super::SealedWith::of(stored)? {
            super::SealedWith::Nothing => envelope::unplain(stored).to_vec(),
            super::SealedWith::Version(_) => std::mem::take(&mut *self.open(field, stored)?),
        };
        String::from_utf8(bytes).map_err(|_| VaultError::Forged)
    }

    /// A value to look a personal one up by: the same for the same kind, text and tenant, and not to be reversed without
    /// the key. 32 hexadecimal digits.
    #[must_use]
    pub fn lookup(&self, kind: &str, text: &str) -> String {
        let mut mac = self.lookup.clone();
        mac.update(&bound_to(kind, text));
        let mac = mac.finalize().into_bytes();
        let digits = mac.iter().take(16).flat_map(|byte| [byte >> 4, byte & 15]);
        digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
    }
}

impl fmt::Debug for TenantKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantKeys({}, data keys {:?})", self.tenant, self.data.keys())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::{MasterKeys, SealedWith};
    use futures_util::FutureExt as _;

    fn now<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().expect("master keys in memory are never waited for")
    }

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    fn keys_of(vault: &Vault, name: &str) -> (Vec<WrappedKey>, TenantKeys) {
        let wrapped = now(vault.create(&tenant(name))).unwrap();
        let keys = now(vault.open(&tenant(name), &wrapped)).unwrap();
        (wrapped, keys)
    }

    fn vault() -> Vault {
        Vault::new(Arc::new(MasterKeys::ephemeral().unwrap()))
    }

    fn masters(text: &[&str]) -> Vault {
        Vault::new(Arc::new(text.join(",").parse::<MasterKeys>().unwrap()))
    }

    #[test]
    fn what_is_sealed_opens_for_the_same_tenant_and_field_only() {
        let vault = vault();
        let (_, bella) = keys_of(&vault, "bella");
        let (_, norte) = keys_of(&vault, "norte");
        let sealed = bella.seal("message.text", b"Ol\xc3\xa1").unwrap();
        assert_eq!(*bella.open("message.text", &sealed).unwrap(), "Olá".as_bytes());
        assert!(matches!(bella.open("contact.person", &sealed), Err(VaultError::Forged)));
        assert!(matches!(norte.open("message.text", &sealed), Err(VaultError::Forged)));
        assert_ne!(sealed, bella.seal("message.text", "Olá".as_bytes()).unwrap(), "nonces differ");
    }

    #[test]
    fn every_altered_or_shortened_envelope_is_refused_by_name() {
        let (_, keys) = keys_of(&vault(), "bella");
        let sealed = keys.seal("f", b"secret").unwrap();
        for length in 0..sealed.len() {
            let cut = keys.open("f", sealed.get(..length).unwrap());
            assert!(matches!(cut, Err(VaultError::Truncated | VaultError::Forged)), "{length}: {cut:?}");
        }
        for place in 0..sealed.len() {
            let mut altered = sealed.clone();
            *altered.get_mut(place).unwrap() ^= 0x40;
            let opened = keys.open("f", &altered);
            match place {
                0 => assert!(matches!(opened, Err(VaultError::Format { format: 0x41 }))),
                1..=4 => assert!(matches!(opened, Err(VaultError::UnknownKey { .. }))),
                _ => assert!(matches!(opened, Err(VaultError::Forged))),
            }
        }
    }

    #[test]
    fn a_text_kept_as_it_is_is_never_taken_for_an_envelope() {
        let (_, keys) = keys_of(&vault(), "bella");
        for text in ["", "Olá", "{\"a\":1}", "\u{0}", "\u{1}abc", "\u{2}", "\u{8}x"] {
            for sealed in [false, true] {
                let stored = keys.keep("f", text, sealed).unwrap();
                assert_eq!(keys.read("f", &stored).unwrap(), text);
                assert_eq!(SealedWith::of(&stored).unwrap() != SealedWith::Nothing, sealed);
            }
        }
        assert!(matches!(keys.read("f", &[2, 0, 0]), Err(VaultError::Format { format: 2 })));
    }

    #[test]
    fn look_ups_agree_within_a_tenant_and_nowhere_else() {
        let vault = vault();
        let (_, bella) = keys_of(&vault, "bella");
        let (_, norte) = keys_of(&vault, "norte");
        assert_eq!(bella.lookup("phone", "351912345678"), bella.lookup("phone", "351912345678"));
        assert_ne!(bella.lookup("phone", "351912345678"), bella.lookup("user", "351912345678"));
        assert_ne!(bella.lookup("phone", "351912345678"), norte.lookup("phone", "351912345678"));
        assert!(bella.lookup("phone", "351912345678").bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(bella.lookup("phone", "351912345678").len(), 32);
    }

    #[test]
    fn a_new_data_key_seals_and_the_old_one_still_opens() {
        let vault = vault();
        let (mut wrapped, old) = keys_of(&vault, "bella");
        let sealed = old.seal("f", b"before").unwrap();
        wrapped.push(now(vault.next_data_key(&tenant("bella"), &wrapped)).unwrap());
        let both = now(vault.open(&tenant("bella"), &wrapped)).unwrap();
        assert_eq!(both.version(), 2);
        assert_eq!(*both.open("f", &sealed).unwrap(), b"before");
        let fresh = both.seal("f", b"after").unwrap();
        assert!(matches!(old.open("f", &fresh), Err(VaultError::UnknownKey { version: 2 })));
        assert_eq!(old.lookup("phone", "1"), both.lookup("phone", "1"), "look-ups outlive data keys");
    }

    #[test]
    fn wrapped_keys_follow_the_master_key() {
        let [one, two] = ["k1", "k2"].map(|name| MasterKeys::generate(&name.parse().unwrap()).unwrap());
        let (before, during, after) = (masters(&[&one]), masters(&[&two, &one]), masters(&[&two]));
        let (wrapped, keys) = keys_of(&before, "bella");
        let sealed = keys.seal("f", b"kept").unwrap();
        let missing = now(after.open(&tenant("bella"), &wrapped)).unwrap_err();
        assert!(matches!(missing, VaultError::UnknownMaster(id) if id.as_str() == "k1"));
        let moved: Vec<_> =
            wrapped.iter().map(|key| now(during.rewrap(&tenant("bella"), key)).unwrap().unwrap()).collect();
        assert!(now(during.rewrap(&tenant("bella"), moved.first().unwrap())).unwrap().is_none(), "it is done already");
        let keys = now(after.open(&tenant("bella"), &moved)).unwrap();
        assert_eq!(*keys.open("f", &sealed).unwrap(), b"kept");
    }

    #[test]
    fn a_wrapped_key_is_no_other_tenant_s_and_another_key_of_the_same_name_is_told_from_a_missing_one() {
        let [one, other] = [(); 2].map(|()| MasterKeys::generate(&"k1".parse().unwrap()).unwrap());
        let (wrapped, _) = keys_of(&masters(&[&one]), "bella");
        let moved = now(masters(&[&one]).open(&tenant("norte"), &wrapped));
        assert!(matches!(moved, Err(VaultError::Forged)));
        let wrong = now(masters(&[&other]).open(&tenant("bella"), &wrapped));
        assert!(matches!(wrong, Err(VaultError::Forged)));
    }

    #[test]
    fn destroyed_keys_stay_destroyed() {
        let gone = now(vault().open(&tenant("bella"), &[WrappedKey::tombstone()]));
        assert!(matches!(gone, Err(VaultError::Destroyed)));
    }

    #[test]
    fn debug_prints_no_key() {
        let (wrapped, keys) = keys_of(&vault(), "bella");
        assert_eq!(format!("{keys:?}"), "TenantKeys(bella, data keys [1])");
        assert_eq!(format!("{:?}", wrapped.first().unwrap()), "WrappedKey(data 1 under Some(KeyId(\"ephemeral\")))");
    }
}
