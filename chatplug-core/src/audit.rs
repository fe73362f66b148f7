//! The audit as a chain: each row carries a hash over itself and the row before it, so that a row that was removed,
//! altered or put in afterwards shows.
//!
//! The hash of a row is SHA-256 over `previous hash ‖ tenant ‖ 00 ‖ sequence number in decimal ‖ 00 ‖ row as stored`; the
//! first row follows on 32 zero bytes. The end of the chain is kept apart from the rows ([`AuditHead`]), so that the last
//! ones cannot be missing unseen. Whoever may write the whole database could compute everything anew: against them, keep
//! the head that `chatplug audit verify` prints somewhere else, and verify against it.

use crate::model::TenantId;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A hash of the chain.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct AuditHash(pub [u8; 32]);

impl AuditHash {
    /// The hash of a row that follows on this one.
    #[must_use]
    pub fn next(&self, tenant: &TenantId, seq: i64, row: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(tenant.as_str());
        hash.update([0]);
        hash.update(seq.to_string());
        hash.update([0]);
        hash.update(row);
        Self(hash.finalize().into())
    }
}

impl fmt::Display for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A row as it is chained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLink {
    /// Its number, from 1, without gaps.
    pub seq: i64,
    /// The row as stored, byte for byte: JSON of an [`AuditRow`](crate::ports::AuditRow).
    pub row: String,
    /// Its hash.
    pub hash: AuditHash,
}

/// The end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditHead {
    /// Number of the last row; 0: there is none.
    pub seq: i64,
    /// Its hash; zeros when there is none.
    pub hash: AuditHash,
}

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditBreak {
    /// Rows are missing.
    #[error("row {expected} is missing: row {found} follows")]
    Missing {
        /// The number that should come.
        expected: i64,
        /// The number that comes.
        found: i64,
    },
    /// A row is not as it was written, or the one before it is not.
    #[error("row {seq} was altered, or put in afterwards")]
    Altered {
        /// Which.
        seq: i64,
    },
    /// The last rows are missing, or were put in without the head.
    #[error("the chain ends at row {found}, and should at {expected}")]
    Ends {
        /// Where it should end.
        expected: i64,
        /// Where it does.
        found: i64,
    },
    /// The last row is not the one that the head names.
    #[error("the last row is not the one that was written last")]
    Head,
}

/// Goes along a chain, row by row.
#[derive(Debug)]
pub struct AuditVerifier<'t> {
    tenant: &'t TenantId,
    at: AuditHead,
}

impl<'t> AuditVerifier<'t> {
    /// Begins before the first row.
    #[must_use]
    pub fn new(tenant: &'t TenantId) -> Self {
        Self { tenant, at: AuditHead::default() }
    }

    /// The next row.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn follow(&mut self, link: &AuditLink) -> Result<(), AuditBreak> {
        let expected = self.at.seq.saturating_add(1);
        if link.seq != expected {
            return Err(AuditBreak::Missing { expected, found: link.seq });
        }
        if self.at.hash.next(self.tenant, link.seq, &link.row) != link.hash {
            return Err(AuditBreak::Altered { seq: link.seq });
        }
        self.at = AuditHead { seq: link.seq, hash: link.hash };
        Ok(())
    }

    /// Where it stands.
    #[must_use]
    pub const fn at(&self) -> AuditHead {
        self.at
    }

    /// After the last row: does it end where it should?
    ///
    /// # Errors
    /// When it does not.
    pub fn end(&self, head: AuditHead) -> Result<(), AuditBreak> {
        match head {
            head if head.seq != self.at.seq => Err(AuditBreak::Ends { expected: head.seq, found: self.at.seq }),
            head if head.hash != self.at.hash => Err(AuditBreak::Head),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(tenant: &TenantId) -> (Vec<AuditLink>, AuditHead) {
        let mut head = AuditHead::default();
        let links = (1..=5).map(|seq| {
            let row = format!("{{\"what\":\"book {seq}\"}}");
            head = AuditHead { seq, hash: head.hash.next(tenant, seq, &row) };
            AuditLink { seq, row, hash: head.hash }
        });
        (links.collect(), head)
    }

    fn verify(tenant: &TenantId, links: &[AuditLink], head: AuditHead) -> Result<(), AuditBreak> {
        let mut verifier = AuditVerifier::new(tenant);
        links.iter().try_for_each(|link| verifier.follow(link))?;
        verifier.end(head)
    }

    #[test]
    fn a_chain_as_written_holds() {
        let tenant = TenantId::new("bella").unwrap();
        let (links, head) = chain(&tenant);
        verify(&tenant, &links, head).unwrap();
        verify(&tenant, &[], AuditHead::default()).unwrap();
    }

    #[test]
    fn whatever_is_done_to_it_shows() {
        let tenant = TenantId::new("bella").unwrap();
        let (links, head) = chain(&tenant);
        let with = |change: fn(&mut Vec<AuditLink>)| {
            let mut links = links.clone();
            change(&mut links);
            verify(&tenant, &links, head).unwrap_err()
        };
        assert_eq!(with(|links| drop(links.remove(2))), AuditBreak::Missing { expected: 3, found: 4 });
        assert_eq!(with(|links| drop(links.remove(0))), AuditBreak::Missing { expected: 1, found: 2 });
        assert_eq!(with(|links| drop(links.pop())), AuditBreak::Ends { expected: 5, found: 4 });
        assert_eq!(with(|links| links[1].row.push(' ')), AuditBreak::Altered { seq: 2 });
        assert_eq!(with(|links| links[3].hash.0[0] ^= 1), AuditBreak::Altered { seq: 4 });
        assert_eq!(with(|links| links.swap(1, 2)), AuditBreak::Missing { expected: 2, found: 3 });
        let other = TenantId::new("norte").unwrap();
        assert_eq!(verify(&other, &links, head), Err(AuditBreak::Altered { seq: 1 }));
    }
}
