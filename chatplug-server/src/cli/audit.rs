//! `chatplug audit`: reading the audit, and proving it whole.

use super::{Failure, ask, block_on};
use crate::config::{Config, Environment};
use anyhow::Context as _;
use chatplug_core::{
    audit::{AuditBreak, AuditHash, AuditHead, AuditVerifier},
    model::TenantId,
    ports::{AuditRow, TenantRecords},
};
use clap::Subcommand;
use std::{
    io::{self, Write as _},
    path::PathBuf,
    str::FromStr,
};

/// Rows read at once.
const PAGE: usize = 1000;

/// What can be done with the audit.
#[derive(Debug, Clone, Subcommand)]
pub enum AuditCommand {
    /// Go along the chain: ends with 1 when a row was removed, altered or put in afterwards
    #[command(
        after_help = "Keep the heads that it prints somewhere else: whoever may rewrite the whole database could \
                            compute the chain anew, and only an older head kept elsewhere (--expect) shows it."
    )]
    Verify(VerifyArgs),
    /// Print rows
    Show(ShowArgs),
}

/// Options of `audit verify`.
#[derive(Debug, Clone, clap::Args)]
pub struct VerifyArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Of this tenant; all of the configuration, unless given
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: Vec<String>,
    /// A head that was printed before: this row must still be there, with this hash
    #[arg(long, value_name = "SEQ:HASH", requires = "tenant")]
    pub expect: Option<Expected>,
}

/// Options of `audit show`.
#[derive(Debug, Clone, clap::Args)]
pub struct ShowArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Whose
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
    /// Rows after this number
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    pub after: i64,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: usize,
    /// As stored, one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// A head as it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected(pub AuditHead);

impl FromStr for Expected {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "a head is written SEQ:HASH, as `chatplug audit verify` prints it";
        let (seq, hash) = text.split_once(':').ok_or(FORM)?;
        let seq = seq.parse().ok().filter(|seq| *seq > 0).ok_or(FORM)?;
        if hash.len() != 64 || !hash.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(FORM);
        }
        let mut bytes = [0; 32];
        for (i, byte) in bytes.iter_mut().enumerate() {
            let digits = hash.get(2 * i..2 * i + 2).ok_or(FORM)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| FORM)?;
        }
        Ok(Self(AuditHead { seq, hash: AuditHash(bytes) }))
    }
}

/// Runs one of them.
pub(super) fn run(command: AuditCommand, environment: &Environment) -> Result<(), Failure> {
    match command {
        AuditCommand::Verify(args) => {
            if args.expect.is_some() && args.tenant.len() != 1 {
                return Err(Failure::usage("error: --expect is the head of one tenant: give one --tenant"));
            }
            let config = super::read(&args.config, environment)?;
            let tenants = ask::tenants(&config, &args.tenant)?;
            block_on(verify_all(&config, &tenants, args.expect))
        }
        AuditCommand::Show(args) => {
            let config = super::read(&args.config, environment)?;
            let tenant = ask::tenant(&config, &args.tenant)?;
            block_on(show(&config, &tenant, &args))
        }
    }
}

async fn verify_all(config: &Config, tenants: &[TenantId], expect: Option<Expected>) -> Result<(), Failure> {
    let stores = ask::open(config).await?;
    let mut broken = 0;
    for tenant in tenants {
        let records = stores.records.records(tenant);
        match verify(tenant, &*records, expect).await? {
            Ok(head) if head.seq == 0 => println!("{tenant}  ok  no rows yet"),
            Ok(head) => println!("{tenant}  ok  head {}:{}", head.seq, head.hash),
            Err(found) => {
                broken += 1;
                println!("{tenant}  BROKEN  {found}");
            }
        }
    }
    stores.close().await;
    match broken {
        0 => Ok(()),
        1 => Err(Failure::refused("the audit of 1 tenant is not as it was written")),
        many => Err(Failure::refused(format!("the audits of {many} tenants are not as they were written"))),
    }
}

/// What is wrong with a chain, for people.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Found {
    #[error("{0}")]
    Break(#[from] AuditBreak),
    #[error("row {seq} is not the one that was expected")]
    Unexpected { seq: i64 },
    #[error("row {seq} was expected, and the chain ends at {end}")]
    Short { seq: i64, end: i64 },
}

/// Goes along a chain to its end, while rows may be added.
async fn verify(
    tenant: &TenantId,
    records: &dyn TenantRecords,
    expect: Option<Expected>,
) -> Result<Result<AuditHead, Found>, Failure> {
    let failed = |error| ask::explain(error, tenant);
    let mut verifier = AuditVerifier::new(tenant);
    loop {
        // The head first: rows up to it were there when it was read.
        let head = records.audit_head().await.map_err(failed)?;
        let before = verifier.at().seq;
        loop {
            let links = records.audit_links(verifier.at().seq, PAGE).await.map_err(failed)?;
            for link in &links {
                if let Err(found) = verifier.follow(link) {
                    return Ok(Err(found.into()));
                }
                let Some(Expected(expected)) = expect.filter(|one| one.0.seq == link.seq) else { continue };
                if expected.hash != link.hash {
                    return Ok(Err(Found::Unexpected { seq: link.seq }));
                }
            }
            if links.len() < PAGE {
                break;
            }
        }
        let at = verifier.at();
        // Rows that came while we read are judged with a head that is as young as they are.
        if at.seq > head.seq && at.seq > before {
            continue;
        }
        return Ok(match (verifier.end(head), expect) {
            (Err(found), _) => Err(found.into()),
            (Ok(()), Some(Expected(expected))) if expected.seq > at.seq => {
                Err(Found::Short { seq: expected.seq, end: at.seq })
            }
            (Ok(()), _) => Ok(at),
        });
    }
}

async fn show(config: &Config, tenant: &TenantId, args: &ShowArgs) -> Result<(), Failure> {
    let stores = ask::open(config).await?;
    let records = stores.records.records(tenant);
    let (mut after, mut left) = (args.after, args.limit);
    let mut out = io::stdout().lock();
    while left > 0 {
        let links = records.audit_links(after, left.min(PAGE)).await.map_err(|error| ask::explain(error, tenant))?;
        let Some(last) = links.last().map(|link| link.seq) else { break };
        left -= links.len().min(left);
        after = last;
        for link in &links {
            let line = if args.json { link.row.clone() } else { line(link.seq, &link.row) };
            match writeln!(out, "{line}") {
                Ok(()) => {}
                // A reader that has read enough (`| head`).
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                Err(error) => return Err(anyhow::Error::from(error).context("standard output").into()),
            }
        }
    }
    out.flush().context("standard output")?;
    stores.close().await;
    Ok(())
}

/// A row for people; one that cannot be read is shown as it is.
fn line(seq: i64, row: &str) -> String {
    let Ok(row) = serde_json::from_str::<AuditRow>(row) else { return format!("{seq:>6}  {row}") };
    let mut line = format!("{seq:>6}  {}  {}  {}", row.at.format("%Y-%m-%d %H:%M:%S"), row.actor, row.what);
    if let Some(conversation) = row.conversation {
        line.push_str(&format!("  conversation {conversation}"));
    }
    if let Some(action) = row.action {
        line.push_str(&format!("  action {action}"));
    }
    if !row.detail.is_null() {
        line.push_str(&format!("  {}", row.detail));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_printed() {
        let head = AuditHead { seq: 7, hash: AuditHash([0xab; 32]) };
        assert_eq!(format!("{}:{}", head.seq, head.hash).parse(), Ok(Expected(head)));
        for wrong in ["", "7", "0:00", "x:00", "7:abc", &format!("7:{}", "ü".repeat(32)), &format!("-1:{}", head.hash)]
        {
            assert!(wrong.parse::<Expected>().is_err(), "{wrong}");
        }
    }
}
