//! Connect codes: what lets an owner put salons under a tenant. A code names its tenant, is random, works for a while, and
//! is kept as a hash.

use chatplug_core::{
    model::TenantId,
    ports::{Clock, Rate, RateLimiter, SecretStore, StoreError, TenantSecrets},
};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};
use subtle::ConstantTimeEq as _;

/// Under which name a tenant's code is kept.
pub(crate) const CODE_NAME: &str = "altegio.connect-code";

/// Letters that nobody takes for another: no I, L, O, U.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Groups of four letters: 80 bits.
const GROUPS: usize = 4;

/// Guesses about one tenant: ten, and then one every half minute.
const OF_TENANT: Rate = Rate { burst: 10, every: Duration::seconds(30) };

/// Guesses about all of them.
const OF_ALL: Rate = Rate { burst: 60, every: Duration::seconds(2) };

/// Who uses codes, for the audit.
const BY: &str = "altegio";

/// A code that was made.
#[derive(Debug)]
pub(crate) struct Made {
    /// The code. Nobody can tell it a second time.
    pub(crate) code: String,
    /// Until when it works.
    pub(crate) until: DateTime<Utc>,
}

/// Why a code is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CodeError {
    /// It is not a code, or not one that works.
    #[error("the code is wrong, or has expired")]
    Wrong,
    /// Too many were tried.
    #[error("too many codes were tried")]
    TooMany,
    /// The store failed.
    #[error("the code cannot be looked up")]
    Store(#[source] StoreError),
}

/// As it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    hash: String,
    until: DateTime<Utc>,
    /// The salons that it is good for; none: any that is waiting to be connected.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    salons: BTreeSet<u64>,
}

/// A code that was shown and is right.
#[derive(Debug, Clone)]
pub(crate) struct Right {
    /// Whose it is.
    pub(crate) tenant: TenantId,
    /// The salons that it names.
    pub(crate) salons: BTreeSet<u64>,
}

impl Right {
    /// Whether it may be used for a salon.
    pub(crate) fn is_for(&self, salon: u64) -> bool {
        self.salons.is_empty() || self.salons.contains(&salon)
    }
}

/// Makes a code for a tenant, in place of the one before.
pub(crate) async fn make(
    secrets: &dyn TenantSecrets,
    tenant: &TenantId,
    salons: BTreeSet<u64>,
    lasts: Duration,
    by: &str,
    now: DateTime<Utc>,
) -> Result<Made, StoreError> {
    let mut bytes = [0; GROUPS * 4];
    getrandom::fill(&mut bytes)
        .map_err(|error| StoreError::Unavailable { source: format!("no randomness: {error}").into() })?;
    let letters: String =
        bytes.iter().filter_map(|byte| LETTERS.get(usize::from(byte % 32))).map(|b| char::from(*b)).collect();
    let until = now + lasts;
    let kept = Kept { hash: hash(tenant, &letters), until, salons };
    let kept = serde_json::to_string(&kept).unwrap_or_default();
    secrets.put_credential(CODE_NAME, &kept.into(), by, now).await?;
    let mut code = tenant.to_string();
    for group in letters.as_bytes().chunks(4) {
        // Writing into a `String` cannot fail.
        let _ = write!(code, "-{}", String::from_utf8_lossy(group));
    }
    Ok(Made { code, until })
}

/// Makes a tenant's code work no more; whether there was one.
pub(crate) async fn revoke(secrets: &dyn TenantSecrets, by: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
    secrets.remove_credential(CODE_NAME, by, now).await
}

/// What tries codes that somebody typed.
#[derive(Debug)]
pub(crate) struct Codes {
    pub(crate) secrets: Arc<dyn SecretStore>,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Who may have one.
    pub(crate) tenants: BTreeSet<TenantId>,
}

impl Codes {
    /// Whose a code is. Whoever guesses is slowed down, and learns nothing of which tenants there are.
    pub(crate) async fn check(&self, typed: &str) -> Result<Right, CodeError> {
        let now = self.clock.now();
        self.takes("altegio-codes", OF_ALL, now).await?;
        let (tenant, letters) = split(typed).ok_or(CodeError::Wrong)?;
        self.takes(&format!("altegio-codes:{}", hash(&tenant, "")), OF_TENANT, now).await?;
        if !self.tenants.contains(&tenant) {
            return Err(CodeError::Wrong);
        }
        let kept = self.secrets.secrets(&tenant).credential(CODE_NAME, BY, now).await.map_err(CodeError::Store)?;
        let kept = kept.and_then(|kept| {
            use secrecy::ExposeSecret as _;
            serde_json::from_str::<Kept>(kept.expose_secret()).ok()
        });
        let kept = kept.ok_or(CodeError::Wrong)?;
        let same = bool::from(kept.hash.as_bytes().ct_eq(hash(&tenant, &letters).as_bytes()));
        match same && now < kept.until {
            true => Ok(Right { tenant, salons: kept.salons }),
            false => Err(CodeError::Wrong),
        }
    }

    /// A code was used: it works no more.
    pub(crate) async fn used(&self, right: &Right) -> Result<(), StoreError> {
        self.secrets.secrets(&right.tenant).remove_credential(CODE_NAME, BY, self.clock.now()).await.map(drop)
    }

    async fn takes(&self, name: &str, rate: Rate, now: DateTime<Utc>) -> Result<(), CodeError> {
        let taken = self.limiter.take(name, rate, 1, now).await.map_err(CodeError::Store)?;
        if taken.granted == 0 { Err(CodeError::TooMany) } else { Ok(()) }
    }
}

/// Tenant and letters of a code, however it was typed.
fn split(typed: &str) -> Option<(TenantId, String)> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).take(200).collect();
    let mut groups: Vec<&str> = typed.split('-').collect();
    let letters = groups.split_off(groups.len().checked_sub(GROUPS).filter(|rest| *rest > 0)?);
    let letters = letters.concat().to_ascii_uppercase().replace('O', "0").replace(['I', 'L'], "1");
    let fits = letters.len() == GROUPS * 4 && letters.bytes().all(|letter| LETTERS.contains(&letter));
    let tenant = TenantId::new(groups.join("-").to_ascii_lowercase()).ok()?;
    fits.then_some((tenant, letters))
}

fn hash(tenant: &TenantId, letters: &str) -> String {
    let digest = Sha256::digest(format!("chatplug connect code\0{tenant}\0{letters}"));
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let read = |typed: &str| split(typed).map(|(tenant, letters)| (tenant.to_string(), letters));
        let right = Some(("studio-bella".to_owned(), "7KQ4M2XA9PTC0D3W".to_owned()));
        for typed in [
            "studio-bella-7KQ4-M2XA-9PTC-0D3W",
            " studio-bella-7kq4-m2xa-9ptc-od3w\n",
            "Studio-Bella-7KQ4- M2XA-9PTC-OD3W",
        ] {
            assert_eq!(read(typed), right, "{typed}");
        }
        for typed in [
            "",
            "-",
            "7KQ4-M2XA-9PTC-0D3W",
            "bella-7KQ4-M2XA-9PTC",
            "bella-7KQ4-M2XA-9PTC-0D3U",
            "bé-7KQ4-M2XA-9PTC-0D3W",
        ] {
            assert_eq!(read(typed), None, "{typed}");
        }
    }
}
