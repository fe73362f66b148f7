//! Tenants, their branches, channels and routes.

use super::{
    db::{Columns, Script, put, statements},
    writer::{Command, Tx},
};
use chatplug_core::{
    model::TenantId,
    ports::{Route, StoreError, TenantSetup, Times},
};
use chrono::{DateTime, Utc};

statements! {
    TENANT = "INSERT INTO tenant (tenant, name, sealed) VALUES (?, ?, ?) \
        ON CONFLICT DO UPDATE SET name = excluded.name, sealed = excluded.sealed";
    BRANCH = "INSERT INTO branch (tenant, branch) VALUES (?, ?) ON CONFLICT DO NOTHING";
    CHANNEL = "INSERT INTO channel (tenant, channel) VALUES (?, ?) ON CONFLICT DO NOTHING";
    /// Of what the configuration named; what is installed keeps its address.
    FORGET_ROUTES = "DELETE FROM route WHERE tenant = ? AND NOT EXISTS (SELECT 1 FROM install AS i \
        WHERE i.tenant = route.tenant AND i.provider = route.provider AND i.external_id = route.external_id)";
    /// Takes the address unless somebody else has it; answers whose it is then.
    ADD_ROUTE = "INSERT INTO route (provider, external_id, tenant, channel, branch) VALUES (?, ?, ?, ?, ?) \
        ON CONFLICT DO UPDATE SET channel = CASE WHEN tenant = excluded.tenant THEN excluded.channel ELSE channel END, \
        branch = CASE WHEN tenant = excluded.tenant THEN excluded.branch ELSE branch END RETURNING tenant";
    /// The only read across tenants beside the queue.
    ROUTE = "SELECT tenant, channel, branch FROM route WHERE provider = ? AND external_id = ?";
    PULSE = "UPDATE pulse SET beats = beats + 1";
    TICK = "UPDATE pulse SET newest = max(newest, coalesce(?, 0)) WHERE pulse = 1 RETURNING nullif(newest, 0)";
}
pub(super) const FIND_ROUTE: &str = ROUTE;

/// Makes a tenant known, or brings it up to date.
#[derive(Debug)]
pub(super) struct Register {
    pub(super) tenant: TenantId,
    pub(super) setup: TenantSetup,
}

impl Command for Register {
    type Output = ();
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let Self { tenant, setup } = self;
        let mut script = Script::default();
        put!(script, TENANT, &tenant, &setup.name, setup.sealed);
        put!(script, FORGET_ROUTES, &tenant);
        tx.run(script)?;
        let mut script = Script::default();
        for branch in &setup.branches {
            put!(script, BRANCH, &tenant, branch);
        }
        for channel in &setup.channels {
            put!(script, CHANNEL, &tenant, channel);
        }
        tx.run(script)?;
        for (provider, external_id, route) in &setup.routes {
            let mut script = Script::default();
            let (channel, branch) = (route.channel.as_ref(), route.branch.as_ref());
            let owner = put!(script, ADD_ROUTE, provider, external_id, &tenant, channel, branch);
            let answers = tx.run(script)?;
            let owner = answers.first(owner).map(|mut row| row.next::<String>()).transpose()?;
            if owner.as_deref() != Some(tenant.as_str()) {
                return Err(StoreError::RouteTaken { provider: provider.clone(), external_id: external_id.clone() });
            }
        }
        Ok(())
    }
}

/// Finds out whether writing works.
#[derive(Debug)]
pub(super) struct Ping;

impl Command for Ping {
    type Output = ();
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let mut script = Script::default();
        put!(script, PULSE);
        tx.run(script).map(drop)
    }
}

/// Takes down by what time work is done.
#[derive(Debug)]
pub(super) struct Tick {
    pub(super) now: Option<DateTime<Utc>>,
}

impl Command for Tick {
    type Output = Times;
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<Times, StoreError> {
        let mut script = Script::default();
        let place = put!(script, TICK, self.now);
        let answers = tx.run(script)?;
        Ok(Times { newest: answers.first(place).map_or(Ok(None), |mut row| row.next())?, reference: None })
    }
}

pub(super) fn route(mut row: Columns<'_>) -> Result<Route, StoreError> {
    Ok(Route {
        tenant: row.parse("a tenant id")?,
        channel: row.parse_opt("a channel id")?,
        branch: row.parse_opt("a branch id")?,
    })
}
