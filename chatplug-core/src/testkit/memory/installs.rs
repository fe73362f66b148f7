//! Installs, each a step with its route and its row of the audit.

use super::{MemoryStore, rows::State};
use crate::{
    model::{BranchId, TenantId},
    ports::{AuditRow, Install, InstallStore, Route, SaveInstall, SaveSwap, StoreError, Swap, TenantInstalls},
    testkit::lock,
};
use async_trait::async_trait;
use serde_json::{Map, Value};
use std::sync::Arc;

#[async_trait]
impl InstallStore for MemoryStore {
    fn installs(&self, tenant: &TenantId) -> Arc<dyn TenantInstalls> {
        Arc::new(MemoryInstalls { tenant: tenant.clone(), store: self.clone() })
    }

    async fn installs_mark(&self) -> Result<i64, StoreError> {
        Ok(lock(&self.0.state).installs_mark)
    }
}

/// One tenant's installs.
#[derive(Debug)]
struct MemoryInstalls {
    tenant: TenantId,
    store: MemoryStore,
}

#[async_trait]
impl TenantInstalls for MemoryInstalls {
    async fn install(&self, branch: &BranchId) -> Result<Option<Install>, StoreError> {
        let state = lock(&self.store.0.state);
        Ok(state.tenants.get(&self.tenant).and_then(|rows| rows.installs.get(branch).cloned()))
    }

    async fn all_installs(&self) -> Result<Vec<Install>, StoreError> {
        let state = lock(&self.store.0.state);
        let installs = state.tenants.get(&self.tenant).map(|rows| rows.installs.values().cloned().collect());
        Ok(installs.unwrap_or_default())
    }

    async fn save_install(&self, save: SaveInstall) -> Result<Option<i64>, StoreError> {
        lock(&self.store.0.state).save_install(&self.tenant, save)
    }

    async fn swaps(&self) -> Result<Vec<Swap>, StoreError> {
        let state = lock(&self.store.0.state);
        let swaps = state.tenants.get(&self.tenant).map(|rows| rows.swaps.values().cloned().collect());
        Ok(swaps.unwrap_or_default())
    }

    async fn save_swap(&self, save: SaveSwap) -> Result<Option<i64>, StoreError> {
        lock(&self.store.0.state).save_swap(&self.tenant, &save)
    }
}

impl State {
    fn save_install(&mut self, tenant: &TenantId, save: SaveInstall) -> Result<Option<i64>, StoreError> {
        let SaveInstall { mut install, by, detail } = save;
        let rows = self.tenants.get(tenant).ok_or(StoreError::NotFound { what: "the tenant" })?;
        let fits = match rows.installs.get(&install.branch) {
            Some(kept) => {
                kept.version == install.version
                    && (&kept.provider, &kept.external_id) == (&install.provider, &install.external_id)
            }
            None => install.version == 0,
        };
        if !fits {
            return Ok(None);
        }
        let address = (install.provider.clone(), install.external_id.clone());
        match self.routes.get(&address) {
            Some(route) if route.tenant != *tenant || route.branch.as_ref() != Some(&install.branch) => {
                let (provider, external_id) = address;
                return Err(StoreError::RouteTaken { provider, external_id });
            }
            Some(_) => {}
            None => {
                let branch = Some(install.branch.clone());
                self.routes.insert(address, Route { tenant: tenant.clone(), channel: None, branch });
            }
        }
        self.installs_mark += 1;
        let rows = self.tenants.entry(tenant.clone()).or_default();
        install.version += 1;
        let version = install.version;
        rows.branches.insert(install.branch.clone());
        rows.audit.push(audit_row(&install, &by, detail));
        rows.installs.insert(install.branch.clone(), install);
        Ok(Some(version))
    }

    fn save_swap(&mut self, tenant: &TenantId, save: &SaveSwap) -> Result<Option<i64>, StoreError> {
        let mut swap = save.swap.clone();
        let rows = self.tenants.get_mut(tenant).filter(|rows| rows.branches.contains(&swap.branch));
        let rows = rows.ok_or(StoreError::NotFound { what: "the branch" })?;
        if rows.swaps.get(&swap.branch).map_or(0, |kept| kept.version) != swap.version {
            return Ok(None);
        }
        swap.version += 1;
        let version = swap.version;
        rows.audit.push(save.audit());
        rows.swaps.insert(swap.branch.clone(), swap);
        self.installs_mark += 1;
        Ok(Some(version))
    }
}

fn audit_row(install: &Install, by: &str, detail: Value) -> AuditRow {
    let mut told = match detail {
        Value::Object(told) => told,
        other => Map::from_iter([("detail".to_owned(), other)]),
    };
    told.insert("branch".to_owned(), install.branch.as_str().into());
    told.insert("provider".to_owned(), install.provider.as_str().into());
    told.insert("state".to_owned(), install.state.as_str().into());
    AuditRow {
        at: install.changed,
        actor: by.to_owned(),
        what: "install".to_owned(),
        conversation: None,
        action: None,
        detail: Value::Object(told),
    }
}
