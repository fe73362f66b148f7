//! Branches that come and go. A change follows on the version that was read, takes the branch's address, shows in the mark,
//! and leaves a row of the audit, in one transaction.

use super::{
    SqliteStore, audit,
    db::{Columns, Script, put, statements},
    setup,
    writer::{Command, Tx},
};
use crate::{
    codec::{from_json, to_json},
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
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?) ON CONFLICT (tenant, branch) DO NOTHING";
    MOVE_ON = "UPDATE install SET version = version + 1, name = ?, state = ?, done = ?, facts = ?, changed = ? \
        WHERE tenant = ? AND branch = ? AND version = ? AND provider = ? AND external_id = ?";
    ONE = "SELECT branch, provider, external_id, name, state, done, facts, version, changed FROM install \
        WHERE tenant = ? AND branch = ?";
    ALL = "SELECT branch, provider, external_id, name, state, done, facts, version, changed FROM install \
        WHERE tenant = ? ORDER BY branch";
    OPEN_BRANCH = "INSERT INTO branch (tenant, branch) VALUES (?, ?) ON CONFLICT DO NOTHING";
    TAKE_ROUTE = "INSERT INTO route (provider, external_id, tenant, branch) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
    MARK = "SELECT installs FROM pulse WHERE pulse = 1";
    SWAPS = "SELECT swap FROM branch WHERE tenant = ? AND swap IS NOT NULL ORDER BY branch";
    HAS_BRANCH = "SELECT 1 FROM branch WHERE tenant = ? AND branch = ?";
    SWAP = "UPDATE branch SET swap = ?, swap_version = swap_version + 1 WHERE tenant = ? AND branch = ? AND swap_version = ?";
    CHANGED = "UPDATE pulse SET installs = installs + 1 WHERE pulse = 1";
}

#[async_trait]
impl InstallStore for SqliteStore {
    fn installs(&self, tenant: &TenantId) -> Arc<dyn TenantInstalls> {
        Arc::new(SqliteInstalls { tenant: tenant.clone(), store: self.clone() })
    }

    async fn installs_mark(&self) -> Result<i64, StoreError> {
        let mut script = Script::default();
        let mark = put!(script, MARK);
        let answers = self.read(script).await?;
        answers.first(mark).map_or(Ok(0), |mut row| row.next())
    }
}

/// One tenant's installs.
#[derive(Debug)]
struct SqliteInstalls {
    tenant: TenantId,
    store: SqliteStore,
}

#[async_trait]
impl TenantInstalls for SqliteInstalls {
    async fn install(&self, branch: &BranchId) -> Result<Option<Install>, StoreError> {
        let mut script = Script::default();
        let one = put!(script, ONE, &self.tenant, branch);
        self.store.read(script).await?.first(one).map(read).transpose()
    }

    async fn all_installs(&self) -> Result<Vec<Install>, StoreError> {
        let mut script = Script::default();
        let all = put!(script, ALL, &self.tenant);
        self.store.read(script).await?.rows(all).map(read).collect()
    }

    async fn save_install(&self, save: SaveInstall) -> Result<Option<i64>, StoreError> {
        self.store.writer.submit(Save { tenant: self.tenant.clone(), save }).await
    }

    async fn swaps(&self) -> Result<Vec<Swap>, StoreError> {
        let mut script = Script::default();
        let all = put!(script, SWAPS, &self.tenant);
        let swap = |mut row: Columns<'_>| from_json(&row.next::<String>()?, "a swap");
        self.store.read(script).await?.rows(all).map(swap).collect()
    }

    async fn save_swap(&self, save: SaveSwap) -> Result<Option<i64>, StoreError> {
        self.store.writer.submit(Switch { tenant: self.tenant.clone(), save }).await
    }
}

fn read(mut row: Columns<'_>) -> Result<Install, StoreError> {
    let branch = row.parse("a branch id")?;
    let (provider, external_id, name, state): (_, _, _, String) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let state =
        InstallState::from_word(&state).ok_or(StoreError::Corrupt { what: "how a branch stands".to_owned() })?;
    let (done, facts): (String, String) = (row.next()?, row.next()?);
    let (done, facts) = (from_json(&done, "steps of an install")?, from_json(&facts, "an install")?);
    Ok(Install { branch, provider, external_id, name, state, done, facts, version: row.next()?, changed: row.next()? })
}

/// Keeps what is known.
#[derive(Debug)]
struct Save {
    tenant: TenantId,
    save: SaveInstall,
}

impl Command for Save {
    type Output = Option<i64>;
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<Option<i64>, StoreError> {
        let Self { tenant, save } = self;
        let SaveInstall { install, by, detail } = save;
        let Install { branch, provider, external_id, name, state, done, facts, version, changed } = &install;
        let done = to_json(done, "steps of an install")?;
        let facts = to_json(facts, "an install")?;
        let mut script = Script::default();
        let place = match version {
            0 => {
                put!(script, OPEN_BRANCH, &tenant, branch);
                put!(script, BEGIN, &tenant, branch, provider, external_id, name, state.as_str(), done, facts, *changed)
            }
            _ => put!(
                script,
                MOVE_ON,
                name,
                state.as_str(),
                done,
                facts,
                *changed,
                &tenant,
                branch,
                *version,
                provider,
                external_id
            ),
        };
        if tx.run(script)?.changed(place) == 0 {
            return Ok(None);
        }
        let mut script = Script::default();
        put!(script, TAKE_ROUTE, provider, external_id, &tenant, branch);
        let owner = put!(script, setup::FIND_ROUTE, provider, external_id);
        put!(script, CHANGED);
        let answers = tx.run(script)?;
        let route = answers.first(owner).map(setup::route).transpose()?;
        if route.is_none_or(|route| route.tenant != tenant || route.branch.as_ref() != Some(branch)) {
            return Err(StoreError::RouteTaken { provider: provider.clone(), external_id: external_id.clone() });
        }
        audit::append(tx, &tenant, &[of_install(&install, &by, detail)])?;
        Ok(Some(version.saturating_add(1)))
    }
}

/// Keeps how far a swap has come.
#[derive(Debug)]
struct Switch {
    tenant: TenantId,
    save: SaveSwap,
}

impl Command for Switch {
    type Output = Option<i64>;
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<Option<i64>, StoreError> {
        let Self { tenant, save } = self;
        let version = save.swap.version.saturating_add(1);
        let kept = to_json(&Swap { version, ..save.swap.clone() }, "a swap")?;
        let mut script = Script::default();
        let known = put!(script, HAS_BRANCH, &tenant, &save.swap.branch);
        let place = put!(script, SWAP, kept, &tenant, &save.swap.branch, save.swap.version);
        let answers = tx.run(script)?;
        if answers.first(known).is_none() {
            return Err(StoreError::NotFound { what: "the branch" });
        }
        if answers.changed(place) == 0 {
            return Ok(None);
        }
        let mut script = Script::default();
        put!(script, CHANGED);
        tx.run(script)?;
        audit::append(tx, &tenant, &[save.audit()])?;
        Ok(Some(version))
    }
}
