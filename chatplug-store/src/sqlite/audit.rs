//! The audit.

use super::db::{Script, put, statements};
use crate::codec::to_json;
use chatplug_core::{
    model::TenantId,
    ports::{AuditRow, StoreError},
};

statements! {
    ADD = "INSERT INTO audit (tenant, seq, at, row) \
        SELECT ?, coalesce((SELECT max(seq) FROM audit WHERE tenant = ?), 0) + 1, ?, ?";
}

/// Adds a row.
pub(super) fn add(script: &mut Script, tenant: &TenantId, row: &AuditRow) -> Result<(), StoreError> {
    put!(script, ADD, tenant, tenant, row.at, to_json(row, "an audit row")?);
    Ok(())
}
