//! The audit: added to here, chained by the database.

use super::db::{Columns, Session, ask, statements};
use crate::codec::{micros, to_json};
use chatplug_core::{
    audit::{AuditHash, AuditHead, AuditLink},
    model::TenantId,
    ports::{AuditRow, StoreError},
};

statements! {
    ADD = "INSERT INTO audit (tenant, at, row) VALUES ($1, $2, $3)";
    LINKS = "SELECT seq, row, hash FROM audit WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    HEAD = "SELECT seq, hash FROM audit_head WHERE tenant = $1";
}

/// Adds rows, in a transaction of the tenant.
pub(super) async fn add(session: &mut Session, tenant: &TenantId, rows: &[AuditRow]) -> Result<(), StoreError> {
    for row in rows {
        session.run(ask!(ADD, tenant.as_str(), micros(row.at), to_json(row, "an audit row")?)).await?;
    }
    Ok(())
}

/// Rows as they are chained.
pub(super) async fn links(
    session: &mut Session,
    tenant: &TenantId,
    after: i64,
    limit: i64,
) -> Result<Vec<AuditLink>, StoreError> {
    let rows = session.rows(ask!(LINKS, tenant.as_str(), after, limit)).await?;
    let read = |mut row: Columns<'_>| Ok(AuditLink { seq: row.next()?, row: row.next()?, hash: hash(&mut row)? });
    rows.iter().map(|row| read(Columns::of(row))).collect()
}

/// Where the chain ends.
pub(super) async fn head(session: &mut Session, tenant: &TenantId) -> Result<AuditHead, StoreError> {
    let rows = session.rows(ask!(HEAD, tenant.as_str())).await?;
    let read = |mut row: Columns<'_>| Ok(AuditHead { seq: row.next()?, hash: hash(&mut row)? });
    rows.first().map_or(Ok(AuditHead::default()), |row| read(Columns::of(row)))
}

fn hash(row: &mut Columns<'_>) -> Result<AuditHash, StoreError> {
    let bytes: &[u8] = row.next()?;
    let hash = bytes.try_into().map_err(|_| StoreError::Corrupt { what: "a hash of the audit".to_owned() })?;
    Ok(AuditHash(hash))
}
