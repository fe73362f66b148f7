//! Branches that come and go. A change follows on the version that was read, takes the branch's address, shows in the mark,
//! and leaves a row of the audit, in one transaction.

use super::{
    PostgresStore, audit,
    db::{Columns, Session, again, ask, statements, whole, word},
    queue,
};
use crate::{
    codec::{from_json, micros, to_json},
    records::of_install,
};
use async_trait::async_trait;
use chatplug_core::{
    model::{BranchId, TenantId},
    ports::{Install, InstallState, InstallStore, SaveInstall, SaveSwap, StoreError, Swap, TenantInstalls},
};
use std::sync::Arc;

statements! {
    BEGIN = "INSERT INTO install (tenant, branch, provider, external_id, name, state, done, facts, version, changed) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9) ON CONFLICT (tenant, branch) DO NOTHING RETURNING version";
    MOVE_ON = "UPDATE install SET version = version + 1, name = $5, state = $6, done = $7, facts = $8, changed = $9 \
        WHERE tenant = $1 AND branch = $2 AND provider = $3 AND external_id = $4 AND version = $10 RETURNING version";
    ONE = "SELECT branch, provider, external_id, name, state, done, facts, version, changed FROM install \
        WHERE tenant = $1 AND branch = $2";
    ALL = "SELECT branch, provider, external_id, name, state, done, facts, version, changed FROM install \
        WHERE tenant = $1 ORDER BY branch";
    OPEN_BRANCH = "INSERT INTO branch (tenant, branch) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    TAKE_ROUTE = "INSERT INTO route (provider, external_id, tenant, branch) VALUES ($1, $2, $3, $4) \
        ON CONFLICT DO NOTHING";
    SWAPS = "SELECT swap FROM branch WHERE tenant = $1 AND swap IS NOT NULL ORDER BY branch";
    HAS_BRANCH = "SELECT 1 AS known FROM branch WHERE tenant = $1 AND branch = $2";
    SWAP = "UPDATE branch SET swap = $4, swap_version = swap_version + 1 \
        WHERE tenant = $1 AND branch = $2 AND swap_version = $3";
    MARK = "SELECT chatplug.installs_mark($1) AS mark";
}

#[async_trait]
impl InstallStore for PostgresStore {
    fn installs(&self, tenant: &TenantId) -> Arc<dyn TenantInstalls> {
        Arc::new(PostgresInstalls { tenant: tenant.clone(), store: self.clone() })
    }

    async fn installs_mark(&self) -> Result<i64, StoreError> {
        let row = self.db.row(ask!(MARK, false)).await?;
        Columns::of(&row).next()
    }
}

/// One tenant's installs.
#[derive(Debug)]
struct PostgresInstalls {
    tenant: TenantId,
    store: PostgresStore,
}

#[async_trait]
impl TenantInstalls for PostgresInstalls {
    async fn install(&self, branch: &BranchId) -> Result<Option<Install>, StoreError> {
        let rows = self.store.db.read(&self.tenant, ask!(ONE, self.tenant.as_str(), branch.as_str())).await?;
        rows.first().map(|row| read(Columns::of(row))).transpose()
    }

    async fn all_installs(&self) -> Result<Vec<Install>, StoreError> {
        let rows = self.store.db.read(&self.tenant, ask!(ALL, self.tenant.as_str())).await?;
        rows.iter().map(|row| read(Columns::of(row))).collect()
    }

    async fn save_install(&self, change: SaveInstall) -> Result<Option<i64>, StoreError> {
        let tenant = &self.tenant;
        again!(whole!(self.store.db, tenant, session => save(&mut session, tenant, &change).await))
    }

    async fn swaps(&self) -> Result<Vec<Swap>, StoreError> {
        let rows = self.store.db.read(&self.tenant, ask!(SWAPS, self.tenant.as_str())).await?;
        rows.iter().map(|row| from_json(&Columns::of(row).next::<String>()?, "a swap")).collect()
    }

    async fn save_swap(&self, change: SaveSwap) -> Result<Option<i64>, StoreError> {
        let tenant = &self.tenant;
        again!(whole!(self.store.db, tenant, session => save_swap(&mut session, tenant, &change).await))
    }
}

fn read(mut row: Columns<'_>) -> Result<Install, StoreError> {
    let branch = row.parse("a branch id")?;
    let (provider, external_id, name, state): (_, _, _, String) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let state =
        InstallState::from_word(&state).ok_or(StoreError::Corrupt { what: "how a branch stands".to_owned() })?;
    let (done, facts): (String, String) = (row.next()?, row.next()?);
    let (done, facts) = (from_json(&done, "steps of an install")?, from_json(&facts, "an install")?);
    Ok(Install { branch, provider, external_id, name, state, done, facts, version: row.next()?, changed: row.at()? })
}

async fn save(session: &mut Session, tenant: &TenantId, change: &SaveInstall) -> Result<Option<i64>, StoreError> {
    let SaveInstall { install, by, detail } = change;
    let Install { branch, provider, external_id, name, state, done, facts, version, changed } = install;
    let (id, at) = (tenant.as_str(), branch.as_str());
    let done = to_json(done, "steps of an install")?;
    let facts = to_json(facts, "an install")?;
    let (state, now) = (state.as_str(), micros(*changed));
    let rows = if *version == 0 {
        session.run(ask!(OPEN_BRANCH, id, at)).await?;
        session.rows(ask!(BEGIN, id, at, provider, external_id, word(name), state, done, facts, now)).await?
    } else {
        session
            .rows(ask!(MOVE_ON, id, at, provider, external_id, word(name), state, done, facts, now, *version))
            .await?
    };
    let Some(row) = rows.first() else { return Ok(None) };
    let version = Columns::of(row).next()?;
    session.run(ask!(TAKE_ROUTE, provider, external_id, id, at)).await?;
    let rows = session.rows(ask!(queue::FIND_ROUTE, provider, external_id)).await?;
    let route = rows.first().map(|row| queue::read_route(Columns::of(row))).transpose()?;
    if route.is_none_or(|route| route.tenant != *tenant || route.branch.as_ref() != Some(branch)) {
        return Err(StoreError::RouteTaken { provider: provider.clone(), external_id: external_id.clone() });
    }
    session.rows(ask!(MARK, true)).await?;
    audit::add(session, tenant, &[of_install(install, by, detail.clone())]).await?;
    Ok(Some(version))
}

async fn save_swap(session: &mut Session, tenant: &TenantId, change: &SaveSwap) -> Result<Option<i64>, StoreError> {
    let swap = &change.swap;
    let (id, at) = (tenant.as_str(), swap.branch.as_str());
    if session.rows(ask!(HAS_BRANCH, id, at)).await?.is_empty() {
        return Err(StoreError::NotFound { what: "the branch" });
    }
    let version = swap.version.saturating_add(1);
    let kept = to_json(&Swap { version, ..swap.clone() }, "a swap")?;
    if session.run(ask!(SWAP, id, at, swap.version, kept)).await? == 0 {
        return Ok(None);
    }
    session.rows(ask!(MARK, true)).await?;
    audit::add(session, tenant, &[change.audit()]).await?;
    Ok(Some(version))
}
