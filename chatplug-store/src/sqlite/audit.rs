//! The audit: rows chained as they are added, in the transaction of what they tell of. The writer is one, so is the chain.

use super::{
    db::{FromValue, Script, Value, put, statements},
    read::{Question, ask, bounded},
    turn::decode,
    writer::{Command, Tx},
};
use crate::codec::to_json;
use chatplug_core::{
    audit::{AuditHash, AuditHead, AuditLink},
    model::TenantId,
    ports::{AuditRow, StoreError},
};

statements! {
    HEAD = "SELECT seq, hash FROM audit_head WHERE tenant = ?";
    ROW = "INSERT INTO audit (tenant, seq, at, row, hash) VALUES (?, ?, ?, ?, ?)";
    MOVE_HEAD = "INSERT INTO audit_head (tenant, seq, hash) VALUES (?, ?, ?) \
        ON CONFLICT DO UPDATE SET seq = excluded.seq, hash = excluded.hash";
    LINKS = "SELECT seq, row, hash FROM audit WHERE tenant = ? AND seq > ? ORDER BY seq LIMIT ?";
}

/// Adds rows to the end of the chain.
pub(super) fn append(tx: &mut Tx<'_>, tenant: &TenantId, rows: &[AuditRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut script = Script::default();
    let place = put!(script, HEAD, tenant);
    let answers = tx.run(script)?;
    let mut head = match answers.first(place) {
        Some(mut row) => AuditHead { seq: row.next()?, hash: row.next()? },
        None => AuditHead::default(),
    };
    let mut script = Script::default();
    for row in rows {
        let json = to_json(row, "an audit row")?;
        let seq = head.seq.saturating_add(1);
        head = AuditHead { seq, hash: head.hash.next(tenant, seq, &json) };
        put!(script, ROW, tenant, head.seq, row.at, json, head.hash);
    }
    put!(script, MOVE_HEAD, tenant, head.seq, head.hash);
    tx.run(script).map(drop)
}

/// Adds rows that belong to no turn.
#[derive(Debug)]
pub(super) struct Append {
    pub(super) tenant: TenantId,
    pub(super) rows: Vec<AuditRow>,
}

impl Command for Append {
    type Output = ();
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        append(tx, &self.tenant, &self.rows)
    }
}

pub(super) fn links(tenant: &TenantId, after: i64, limit: usize) -> Question<Vec<AuditLink>> {
    let mut script = Script::default();
    put!(script, LINKS, tenant, after, bounded(limit));
    ask(script, |answers| {
        decode(answers, 0, |row| Ok(AuditLink { seq: row.next()?, row: row.next()?, hash: row.next()? }))
    })
}

pub(super) fn head(tenant: &TenantId) -> Question<AuditHead> {
    let mut script = Script::default();
    put!(script, HEAD, tenant);
    ask(script, |answers| match answers.first(0) {
        Some(mut row) => Ok(AuditHead { seq: row.next()?, hash: row.next()? }),
        None => Ok(AuditHead::default()),
    })
}

impl From<AuditHash> for Value {
    fn from(hash: AuditHash) -> Self {
        Self::Bytes(hash.0.to_vec())
    }
}

impl FromValue for AuditHash {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Self),
            _ => None,
        }
    }
}
