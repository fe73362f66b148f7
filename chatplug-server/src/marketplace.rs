//! The life of marketplace apps in this server: whose a salon is, how far its installation has come, who goes on with it, and
//! what becomes of it when it leaves. What is said to Altegio is the adapter's; pages and routes are in `http`.

mod accounts;
mod codes;
mod factory;
mod facts;
mod installer;
mod journal;
mod ticket;

pub(crate) use accounts::{Account, Accounts};
pub(crate) use codes::{CodeError, Codes, make, revoke};
pub(crate) use factory::AltegioBranches;
pub(crate) use facts::Facts;
pub(crate) use installer::{Backends, Claim, Installer, Owner};
pub(crate) use journal::{InstallJournal, token_name};
pub(crate) use ticket::{Note, Ticket};

#[cfg(test)]
mod tests;
