//! Keys at work: each tenant's, unwrapped once and looked at anew every minute; what is stored sealed, and how columns are
//! sealed and opened with them. The same for every database; where wrapped keys lie is behind [`KeyRing`].

use async_trait::async_trait;
use chatplug_core::{
    model::{MessageId, Phone, TenantId},
    ports::StoreError,
    vault::{TenantKeys, Vault, VaultError, WrappedKey},
};
use secrecy::SecretString;
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// Keys that were read longer ago are read again before they are used: another process may have made new ones, destroyed
/// them, or changed the tenant's policy.
const FRESH: Duration = Duration::from_secs(60);
/// Nothing is written any more with keys that were read longer ago, however long it waited for its turn.
const STALE: Duration = Duration::from_secs(90);
/// After a new data key was made, nobody seals with an older one any more when so many seconds have passed: more than
/// [`STALE`], for machines do not agree on the time to the second.
pub(crate) const SETTLED_SECONDS: i64 = 120;

/// The names that values are sealed for. Where a statement copies a column, both have the same name.
pub(crate) mod field {
    /// `contact.person`: names, number, id, address.
    pub(crate) const PERSON: &str = "contact.person";
    /// `mailbox.event`.
    pub(crate) const MAIL: &str = "mailbox.event";
    /// `dialogue.state`.
    pub(crate) const STATE: &str = "dialogue.state";
    /// `dialogue.action`.
    pub(crate) const ACTION: &str = "dialogue.action";
    /// `outbox.body`.
    pub(crate) const BODY: &str = "outbox.body";
    /// `message.text` and `outbox.shown`, which becomes it.
    pub(crate) const TEXT: &str = "message.text";
    /// `message.message_id`, `outbox.message_id`, which becomes it, and `early.message_id`, which becomes that.
    pub(crate) const MESSAGE: &str = "message.message_id";
    /// `early.status`.
    pub(crate) const STATUS: &str = "early.status";
    /// `turn.steps`.
    pub(crate) const STEPS: &str = "turn.steps";
    /// `booking.body`.
    pub(crate) const BOOKING: &str = "booking.body";
    /// `notice.event`.
    pub(crate) const NOTICE: &str = "notice.event";
    /// `entry.client_name`.
    pub(crate) const CLIENT: &str = "entry.client_name";
    /// `entry.note`.
    pub(crate) const NOTE: &str = "entry.note";

    /// `credential.sealed`: each credential has a name of its own, so that none can be put in another's place.
    pub(crate) fn credential(name: &str) -> String {
        format!("credential.{name}")
    }
}

/// Where the wrapped keys of tenants lie.
#[async_trait]
pub(crate) trait KeyRing: fmt::Debug + Send + Sync {
    /// A tenant's keys as they are stored (none: nothing was ever written for it), and its policy.
    async fn load(&self, tenant: &TenantId) -> Result<Ring, StoreError>;

    /// Stores the first keys of a tenant, unless it has some by now. They must be on the disk before this ends.
    async fn begin(&self, tenant: &TenantId, keys: Vec<WrappedKey>) -> Result<(), StoreError>;
}

/// What a tenant's rows are sealed with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ring {
    pub(crate) keys: Vec<WrappedKey>,
    /// Personal columns are sealed.
    pub(crate) sealed: bool,
}

/// The unwrapped keys of the tenants that were met lately.
pub(crate) struct KeyCache {
    vault: Vault,
    ring: Arc<dyn KeyRing>,
    known: RwLock<HashMap<TenantId, Known>>,
    /// How often something was forgotten: what was read before is not kept after.
    forgotten: AtomicU64,
}

struct Known {
    wrapped: Vec<WrappedKey>,
    seal: Seal,
}

impl KeyCache {
    pub(crate) fn new(vault: Vault, ring: Arc<dyn KeyRing>) -> Self {
        Self { vault, ring, known: RwLock::default(), forgotten: AtomicU64::new(0) }
    }

    pub(crate) const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// What the tenant's rows are sealed with; `None`: nothing was ever written for it.
    ///
    /// # Errors
    /// [`VaultError::Destroyed`], and see [`Vault::open`].
    pub(crate) async fn seal(&self, tenant: &TenantId) -> Result<Option<Seal>, StoreError> {
        match self.fresh(tenant) {
            Some(seal) => Ok(Some(seal)),
            None => self.reload(tenant).await,
        }
    }

    /// The same; keys are made for a tenant that has none.
    ///
    /// # Errors
    /// As [`seal`](Self::seal).
    pub(crate) async fn seal_or_make(&self, tenant: &TenantId) -> Result<Seal, StoreError> {
        if let Some(seal) = self.seal(tenant).await? {
            return Ok(seal);
        }
        self.ring.begin(tenant, self.vault.create(tenant).await?).await?;
        // Somebody else may have been first: what is stored counts.
        self.reload(tenant).await?.ok_or(StoreError::Vault(VaultError::UnknownKey { version: 1 }))
    }

    /// Reads a tenant's keys and policy now, whatever is known of them.
    ///
    /// # Errors
    /// As [`seal`](Self::seal).
    pub(crate) async fn reload(&self, tenant: &TenantId) -> Result<Option<Seal>, StoreError> {
        let read = Instant::now();
        let forgotten = self.forgotten.load(Ordering::Acquire);
        let loaded = match self.ring.load(tenant).await {
            Ok(loaded) => loaded,
            Err(error) => {
                self.forget(tenant);
                return Err(error);
            }
        };
        let Ring { keys: wrapped, sealed } = loaded;
        if wrapped.is_empty() {
            self.forget(tenant);
            return Ok(None);
        }
        let keys = match self.unwrapped(tenant, &wrapped) {
            Some(keys) => keys,
            None => match self.vault.open(tenant, &wrapped).await {
                Ok(keys) => Arc::new(keys),
                Err(error) => {
                    self.forget(tenant);
                    return Err(error.into());
                }
            },
        };
        let seal = Seal { keys, sealed, read };
        let known = Known { wrapped, seal: seal.clone() };
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if self.forgotten.load(Ordering::Acquire) == forgotten {
            all.insert(tenant.clone(), known);
        }
        Ok(Some(seal))
    }

    /// Forgets a tenant's keys; they are read when they are next needed.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        known.remove(tenant);
    }

    fn fresh(&self, tenant: &TenantId) -> Option<Seal> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let seal = &known.get(tenant)?.seal;
        (seal.read.elapsed() < FRESH).then(|| seal.clone())
    }

    /// Keys that did not change need no unwrapping, which may be a trip to a key service.
    fn unwrapped(&self, tenant: &TenantId, wrapped: &[WrappedKey]) -> Option<Arc<TenantKeys>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(tenant).filter(|known| known.wrapped == wrapped)?;
        Some(Arc::clone(&known.seal.keys))
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCache").field("vault", &self.vault).field("ring", &self.ring).finish_non_exhaustive()
    }
}

/// One tenant, and how its columns are kept and read. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Seal {
    keys: Arc<TenantKeys>,
    sealed: bool,
    /// When the keys were looked at.
    read: Instant,
}

impl Seal {
    /// Whose.
    pub(crate) fn tenant(&self) -> &TenantId {
        self.keys.tenant()
    }

    /// Whether personal columns are sealed.
    pub(crate) const fn is_sealing(&self) -> bool {
        self.sealed
    }

    /// The version of the data key that seals.
    pub(crate) fn version(&self) -> u32 {
        self.keys.version()
    }

    /// To be asked inside the transaction that writes.
    ///
    /// # Errors
    /// When somebody may have removed the keys since they were looked at.
    pub(crate) fn check_age(&self) -> Result<(), StoreError> {
        if self.read.elapsed() < STALE {
            return Ok(());
        }
        Err(StoreError::Unavailable { source: "the write waited too long: its keys may be gone".into() })
    }

    /// A text as it is to be stored.
    pub(crate) fn keep(&self, field: &'static str, text: &str) -> Result<Vec<u8>, StoreError> {
        Ok(self.keys.keep(field, text, self.sealed)?)
    }

    /// The same where there may be none.
    pub(crate) fn keep_opt(&self, field: &'static str, text: Option<&str>) -> Result<Option<Vec<u8>>, StoreError> {
        text.map(|text| self.keep(field, text)).transpose()
    }

    /// A text that was stored, sealed or not.
    pub(crate) fn read(&self, field: &str, stored: &[u8]) -> Result<String, StoreError> {
        Ok(self.keys.read(field, stored)?)
    }

    /// A text, sealed whatever the policy says.
    pub(crate) fn hide(&self, field: &str, secret: &str) -> Result<Vec<u8>, StoreError> {
        Ok(self.keys.seal(field, secret.as_bytes())?)
    }

    /// A text, as it is whatever the policy says.
    pub(crate) fn show(&self, field: &str, text: &str) -> Result<Vec<u8>, StoreError> {
        Ok(self.keys.keep(field, text, false)?)
    }

    /// How an envelope begins that was sealed with the latest data key.
    pub(crate) fn mark(&self) -> Vec<u8> {
        let mut mark = vec![1];
        mark.extend(self.version().to_be_bytes());
        mark
    }

    /// A secret that was hidden.
    pub(crate) fn reveal(&self, field: &str, stored: &[u8]) -> Result<SecretString, StoreError> {
        let plain = self.keys.open(field, stored)?;
        let text = std::str::from_utf8(&plain).map_err(|_| VaultError::Forged)?;
        Ok(SecretString::from(text))
    }

    /// What finds somebody by number, in whichever of its spellings.
    pub(crate) fn phone(&self, phone: &Phone) -> String {
        self.keys.lookup("phone", &phone.canonical())
    }

    /// What finds somebody by a channel's id of them.
    pub(crate) fn user(&self, user_id: &str) -> String {
        self.keys.lookup("user", user_id)
    }

    /// What finds a message by the provider's id of it.
    pub(crate) fn message(&self, id: &MessageId) -> String {
        self.keys.lookup("message", id.as_str())
    }

    /// The provider's id of a message as it is to be stored where people read it.
    pub(crate) fn message_id(&self, id: &MessageId) -> Result<Vec<u8>, StoreError> {
        self.keep(field::MESSAGE, id.as_str())
    }

    /// What tells whether a name is still the same.
    pub(crate) fn name(&self, name: &str) -> String {
        self.keys.lookup("name", name)
    }
}

/// A failure behind which there may be a store's.
pub(crate) trait Failure: From<StoreError> {
    fn store(&self) -> Option<&StoreError>;

    /// It was sealed with a key that was made since the keys were read: read again, it may open.
    fn wants_newer_keys(&self) -> bool {
        matches!(self.store(), Some(StoreError::Vault(VaultError::UnknownKey { .. })))
    }
}

impl Failure for StoreError {
    fn store(&self) -> Option<&StoreError> {
        Some(self)
    }
}

impl Failure for chatplug_core::ports::CalendarError {
    fn store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatplug_core::vault::MasterKeys;
    use std::sync::{Mutex, atomic::AtomicU32};

    /// Keys in memory, and how often they were looked at.
    #[derive(Debug, Default)]
    struct Memory {
        ring: Mutex<Ring>,
        looks: AtomicU32,
    }

    #[async_trait]
    impl KeyRing for Memory {
        async fn load(&self, _: &TenantId) -> Result<Ring, StoreError> {
            self.looks.fetch_add(1, Ordering::Relaxed);
            Ok(self.ring.lock().unwrap().clone())
        }

        async fn begin(&self, _: &TenantId, keys: Vec<WrappedKey>) -> Result<(), StoreError> {
            let mut ring = self.ring.lock().unwrap();
            if ring.keys.is_empty() {
                ring.keys = keys;
            }
            Ok(())
        }
    }

    fn cache() -> (KeyCache, Arc<Memory>, TenantId) {
        let memory = Arc::new(Memory::default());
        let vault = Vault::new(Arc::new(MasterKeys::ephemeral().unwrap()));
        (KeyCache::new(vault, Arc::clone(&memory) as Arc<dyn KeyRing>), memory, "bella".parse().unwrap())
    }

    /// As if the keys had been looked at so much earlier.
    fn age(keys: &KeyCache, tenant: &TenantId, by: Duration) {
        let mut known = keys.known.write().unwrap();
        let seal = &mut known.get_mut(tenant).unwrap().seal;
        seal.read = seal.read.checked_sub(by).unwrap();
    }

    #[tokio::test]
    async fn keys_are_made_once_and_looked_at_once_a_minute() {
        let (keys, memory, bella) = cache();
        assert!(keys.seal(&bella).await.unwrap().is_none(), "reading makes none");
        let seal = keys.seal_or_make(&bella).await.unwrap();
        let looks = memory.looks.load(Ordering::Relaxed);
        let again = keys.seal_or_make(&bella).await.unwrap();
        assert!(Arc::ptr_eq(&seal.keys, &again.keys));
        assert_eq!(memory.looks.load(Ordering::Relaxed), looks);
        age(&keys, &bella, FRESH);
        memory.ring.lock().unwrap().sealed = true;
        let later = keys.seal(&bella).await.unwrap().unwrap();
        assert!(later.is_sealing(), "the policy is looked at too");
        assert!(Arc::ptr_eq(&seal.keys, &later.keys), "what did not change is not unwrapped again");
        assert_eq!(memory.looks.load(Ordering::Relaxed), looks + 1);
    }

    #[tokio::test]
    async fn nothing_is_written_with_keys_that_were_read_too_long_ago() {
        let (keys, _, bella) = cache();
        keys.seal_or_make(&bella).await.unwrap().check_age().unwrap();
        age(&keys, &bella, STALE);
        let stale = keys.known.read().unwrap().get(&bella).unwrap().seal.clone();
        assert!(matches!(stale.check_age(), Err(StoreError::Unavailable { .. })));
        keys.seal(&bella).await.unwrap().unwrap().check_age().unwrap();
        assert!(i64::try_from(STALE.as_secs()).unwrap() < SETTLED_SECONDS, "and then they may go");
    }

    #[tokio::test]
    async fn destroyed_keys_are_not_made_again() {
        let (keys, memory, bella) = cache();
        keys.seal_or_make(&bella).await.unwrap();
        memory.ring.lock().unwrap().keys = vec![WrappedKey::tombstone()];
        keys.forget(&bella);
        for tried in [keys.seal(&bella).await.map(drop), keys.seal_or_make(&bella).await.map(drop)] {
            assert!(matches!(tried, Err(StoreError::Vault(VaultError::Destroyed))), "{tried:?}");
        }
    }

    #[tokio::test]
    async fn what_was_forgotten_is_read_anew() {
        let (keys, memory, bella) = cache();
        keys.seal_or_make(&bella).await.unwrap();
        keys.forget(&bella);
        let looks = memory.looks.load(Ordering::Relaxed);
        keys.seal(&bella).await.unwrap();
        keys.seal(&bella).await.unwrap();
        assert_eq!(memory.looks.load(Ordering::Relaxed), looks + 1);
    }
}
