//! Forgetting: what the data map says goes with time, of one tenant. What is old is looked for beside the writer; it then
//! deletes little at once, by name, and looks again whether it is old.

use super::{
    SqliteStore,
    db::{Answers, Script, Value, put, statements},
    read::bounded,
    writer::{Command, Tx},
};
use crate::{
    codec::{from_json, words_of},
    data_map::{Keep, On, Table, Whose, tables_on},
    vault::{Seal, field},
};
use chatplug_core::{
    model::{ConversationId, DeliveryKey, TenantId},
    ports::{Forgotten, OutboxBody, Retention, StoreError},
    vault::VaultError,
};
use chrono::{DateTime, Utc};
use std::sync::LazyLock;

/// Rows, or conversations with old rows, that are dealt with in one step of the writer.
const STEP: usize = 64;

statements! {
    /// The old lines of a conversation that go from the outbox into the log.
    SETTLED = "SELECT o.delivery, o.seq, o.status, o.parts, o.message_id, o.queued, o.shown, o.body, v.channel FROM outbox AS o \
        JOIN conversation AS v ON v.tenant = o.tenant AND v.conversation = o.conversation \
        WHERE o.tenant = ? AND o.conversation = ? AND o.live = 0 AND o.queued < ? ORDER BY o.seq";
    PUT_AWAY = "INSERT INTO message (tenant, conversation, seq, inbound, message_id, delivery, at, text, status) \
        VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    DROP_PART = "DELETE FROM part WHERE tenant = ? AND channel = ? AND message = ?";
    DROP_SETTLED = "DELETE FROM outbox WHERE tenant = ? AND delivery = ?";
}

/// How the old rows of a table are found and deleted; made of the map once.
struct Forgetting {
    table: &'static Table,
    /// Finds up to some: conversations after one, or rows by their keys.
    find: &'static str,
    /// Each with the table it deletes from; the last one deletes from the table itself.
    delete: Vec<(&'static str, &'static str)>,
}

static FORGETTING: LazyLock<Vec<Forgetting>> = LazyLock::new(|| tables_on(On::Sqlite).filter_map(forgetting).collect());

/// All statements that the map makes, for the tests that look at every statement.
#[cfg(test)]
pub(super) fn made() -> Vec<(&'static str, &'static str)> {
    let found = FORGETTING.iter().map(|it| (it.table.name, it.find));
    let deleted = FORGETTING.iter().flat_map(|it| it.delete.iter().map(|(table, sql)| (*table, *sql)));
    found.chain(deleted).collect()
}

fn forgetting(table: &'static Table) -> Option<Forgetting> {
    let Table { name, key, .. } = table;
    let (since, once, along) = match table.keep {
        Keep::For { since, once, along, .. } => (since, once, along),
        Keep::Until(column) => (column, "", ""),
        Keep::With(_) | Keep::Stays(_) => return None,
    };
    let once = if once.is_empty() { String::new() } else { format!(" AND {once}") };
    let old = format!("tenant = ?1 AND {since} < ?2{once}");
    // By name within the tenant: the key without the tenant.
    let names: Vec<&str> = key.iter().copied().filter(|column| *column != "tenant").collect();
    if along.is_empty() {
        let named: Vec<String> = (3..).zip(&names).map(|(place, column)| format!("{column} = ?{place}")).collect();
        let named = named.join(" AND ");
        let mut delete = Vec::new();
        for with in tables_on(On::Sqlite).filter(|with| with.keep == Keep::With(name)) {
            // What goes with a row names it by the same columns.
            let sql = format!(
                "DELETE FROM {} WHERE tenant = ?1 AND {named} AND EXISTS (SELECT 1 FROM {name} AS o \
                WHERE o.tenant = ?1 AND {} AND o.{since} < ?2{once})",
                with.name,
                (3..)
                    .zip(&names)
                    .map(|(place, column)| format!("o.{column} = ?{place}"))
                    .collect::<Vec<_>>()
                    .join(" AND "),
            );
            delete.push((with.name, leak(sql)));
        }
        delete.push((*name, leak(format!("DELETE FROM {name} WHERE {old} AND {named}"))));
        let find = leak(format!("SELECT {} FROM {name} WHERE {old} LIMIT ?3", names.join(", ")));
        return Some(Forgetting { table, find, delete });
    }
    debug_assert_eq!(table.whose, Whose::Conversation, "{name}");
    let find = leak(format!(
        "SELECT v.conversation FROM conversation AS v WHERE v.tenant = ?1 AND v.conversation > ?3 \
        AND (SELECT o.{since} FROM {name} AS o WHERE o.tenant = v.tenant AND o.conversation = v.conversation{once} \
        ORDER BY o.{along} LIMIT 1) < ?2 ORDER BY v.conversation LIMIT ?4",
    ));
    let delete = leak(format!("DELETE FROM {name} WHERE {old} AND conversation = ?3"));
    Some(Forgetting { table, find, delete: vec![(*name, delete)] })
}

/// Statements are constants; these are, once they are made.
fn leak(sql: String) -> &'static str {
    sql.leak()
}

impl SqliteStore {
    /// See [`TenantRecords::forget`](chatplug_core::ports::TenantRecords::forget).
    pub(super) async fn forget(
        &self,
        tenant: &TenantId,
        retention: &Retention,
        now: DateTime<Utc>,
    ) -> Result<Forgotten, StoreError> {
        let mut all = Forgotten::default();
        for forgetting in FORGETTING.iter() {
            let before = match forgetting.table.keep {
                Keep::For { period, .. } => now - period.of(retention),
                // A moment later than its time: until is until.
                _ => now,
            };
            let along = forgetting.table.is_forgotten_along();
            let mut after = Value::Bytes(Vec::new());
            loop {
                let mut script = Script::default();
                let place = match along {
                    true => put!(script, forgetting.find, tenant, before, after, bounded(STEP)),
                    false => put!(script, forgetting.find, tenant, before, bounded(STEP)),
                };
                let answers = self.read(script).await?;
                let names: Vec<Vec<Value>> = answers.rows(place).map(|row| row.rest().cloned().collect()).collect();
                let Some(last) = names.last().and_then(|name| name.first()).cloned() else { break };
                after = last;
                let full = names.len() == STEP;
                let step = |seal| Step { tenant: tenant.clone(), seal, forgetting, before, names: names.clone() };
                let gone = match self.keys.seal(tenant).await {
                    Ok(Some(seal)) => self.run_with(seal, |seal| step(Some(seal))).await?,
                    // What they sealed is gone; what is old still goes.
                    Ok(None) | Err(StoreError::Vault(VaultError::Destroyed)) => self.writer.submit(step(None)).await?,
                    Err(error) => return Err(error),
                };
                let none = gone.iter().all(|(_, rows)| *rows == 0);
                for (table, rows) in gone.into_iter().filter(|(_, rows)| *rows > 0) {
                    *all.deleted.entry(table.to_owned()).or_default() += rows;
                }
                // Somebody else forgets the same, or nothing more was found.
                if !full || (none && !along) {
                    break;
                }
            }
        }
        Ok(all)
    }
}

/// One step: the rows with these names, or the old rows of these conversations.
struct Step {
    tenant: TenantId,
    seal: Option<Seal>,
    forgetting: &'static Forgetting,
    before: DateTime<Utc>,
    names: Vec<Vec<Value>>,
}

impl Command for Step {
    type Output = Vec<(&'static str, u64)>;
    type Error = StoreError;

    fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
    }

    fn run(self, tx: &mut Tx<'_>) -> Result<Self::Output, StoreError> {
        let Self { tenant, seal, forgetting, before, names } = self;
        let mut gone = Vec::new();
        for name in names {
            if forgetting.table.name == "outbox" {
                let conversation = match name.first() {
                    Some(Value::Id(id)) => ConversationId::from_uuid(*id),
                    _ => continue,
                };
                gone.extend(put_away(tx, &tenant, seal.as_ref(), conversation, before)?);
                continue;
            }
            let mut script = Script::default();
            let mut places = Vec::new();
            for (table, sql) in &forgetting.delete {
                let place = put!(script, sql, &tenant, before);
                name.iter().for_each(|value| script.bind(value.clone()));
                places.push((*table, place));
            }
            let answers: Answers = tx.run(script)?;
            gone.extend(places.into_iter().map(|(table, place)| (table, answers.changed(place))));
        }
        Ok(gone)
    }
}

/// Moves the old settled lines of a conversation from the outbox into the log, where nothing finds them by the provider's
/// ids any more.
fn put_away(
    tx: &mut Tx<'_>,
    tenant: &TenantId,
    seal: Option<&Seal>,
    conversation: ConversationId,
    before: DateTime<Utc>,
) -> Result<[(&'static str, u64); 2], StoreError> {
    let mut script = Script::default();
    let place = put!(script, SETTLED, tenant, conversation, before);
    let answers = tx.run(script)?;
    let mut script = Script::default();
    let (mut parts_at, mut lines) = (Vec::new(), 0);
    for mut row in answers.rows(place) {
        let (delivery, seq, status): (DeliveryKey, i64, String) = (row.next()?, row.next()?, row.next()?);
        let (parts, id): (String, Option<Vec<u8>>) = (row.next()?, row.next()?);
        let queued: DateTime<Utc> = row.next()?;
        let (shown, body): (Option<Vec<u8>>, Vec<u8>) = (row.next()?, row.next()?);
        let channel: String = row.next()?;
        let text = match (shown, seal) {
            (Some(shown), _) => shown,
            (None, Some(seal)) => {
                let body: OutboxBody = from_json(&seal.read(field::BODY, &body)?, "a message to send")?;
                seal.keep(field::TEXT, words_of(&body))?
            }
            // The keys are gone, and what it said with them.
            (None, None) => Vec::new(),
        };
        put!(script, PUT_AWAY, tenant, conversation, seq, id, delivery, queued, text, status);
        parts_at.extend(parts.lines().map(|part| put!(script, DROP_PART, tenant, &channel, part)));
        put!(script, DROP_SETTLED, tenant, delivery);
        lines += 1;
    }
    let answers = tx.run(script)?;
    Ok([("part", parts_at.into_iter().map(|place| answers.changed(place)).sum()), ("outbox", lines)])
}
