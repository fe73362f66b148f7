//! How the database finds its rows when there are many: what the server itself says of every statement that it ran.

use super::{rows, run};
use chatplug_store::testing::TestPostgres;
use serde_json::Value;
use std::{fs, path::Path};

/// Has every plan written to the server's log, also of what functions do within.
const EXPLAINING: &[&str] = &[
    "shared_preload_libraries=auto_explain",
    "auto_explain.log_min_duration=0",
    "auto_explain.log_nested_statements=on",
    "auto_explain.log_format=json",
    // A million rows are put there sooner.
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=4GB",
    "full_page_writes=off",
    "autovacuum=off",
    "shared_buffers=512MB",
];
/// So many rows in the table that grows most, and in each of the others.
const MOST: u32 = 1_000_000;
const MANY: u32 = 10_000;
const TENANTS: u32 = 1000;
/// The id of row 777.
const ID: &str = "f1c15924-8841-1002-af34-0cbaedd6fc33";
const TENANT: &str = "t777";

/// Every look into a table of tenants goes by an index, and the tenant is what the index is asked for: with a million
/// rows nobody reads another tenant's, not even to pass them over.
#[tokio::test]
async fn at_a_million_rows_every_look_goes_by_the_tenant() {
    let server = TestPostgres::own(EXPLAINING);
    let database = server.database().await;
    let mut admin = database.admin().await;
    run(&mut admin, "SET session_replication_role = replica; SET auto_explain.log_min_duration = -1").await.unwrap();
    let tables = rows::tables(&mut admin).await;
    // Emptied in the same transaction, they are filled past the log.
    let names: Vec<&str> = tables.keys().map(String::as_str).collect();
    run(&mut admin, &format!("BEGIN; TRUNCATE {}", names.join(", "))).await.unwrap();
    for (table, columns) in &tables {
        let rows = match table.as_str() {
            "message" => MOST,
            "tenant" | "audit_head" => TENANTS,
            _ => MANY,
        };
        let fill = rows::insert_many(table, columns, rows, TENANTS);
        run(&mut admin, &fill).await.unwrap_or_else(|error| panic!("{table}: {error}"));
    }
    run(&mut admin, "COMMIT").await.unwrap();
    run(&mut admin, "ANALYZE").await.unwrap();

    let before = plans(&server.folder()).len();
    let mut app = database.app().await;
    let mut reads = Vec::new();
    for (table, columns) in &tables {
        // Whatever a statement asks for, the tenant is the first thing that the index is asked for, even unasked.
        reads.push(format!("SELECT * FROM {table}"));
        reads
            .extend(columns.iter().map(|column| format!("SELECT * FROM {table} WHERE \"{0}\" = \"{0}\"", column.name)));
    }
    for read in &reads {
        let sql =
            format!("BEGIN; DO $$ BEGIN PERFORM set_config('app.tenant', '{TENANT}', true); END $$; {read}; COMMIT");
        run(&mut app, &sql).await.unwrap_or_else(|error| panic!("{error}\n{read}"));
    }
    for function in rows::functions(&mut admin).await {
        for some in [true, false] {
            // What it refuses, it has looked up first.
            let _ = run(&mut app, &function.call(TENANT, ID, some)).await;
        }
    }
    let names: Vec<&str> = names.iter().filter_map(|name| name.rsplit('.').next()).collect();
    let mut judged = Judged::default();
    for plan in plans(&server.folder()).split_off(before) {
        judged.judge(&plan["Plan"], &names, plan["Query Text"].as_str().unwrap_or_default());
    }
    assert!(judged.wrong.is_empty(), "{} of {}:\n{}", judged.wrong.len(), judged.looks, judged.wrong.join("\n\n"));
    assert!(judged.looks > 300, "only {} looks into tables were judged", judged.looks);
}

#[derive(Default)]
struct Judged {
    looks: usize,
    wrong: Vec<String>,
}

impl Judged {
    /// Counts the looks into tables of tenants, and keeps those that do not go by the tenant.
    fn judge(&mut self, node: &Value, tables: &[&str], query: &str) {
        let kind = node["Node Type"].as_str().unwrap_or_default();
        let relation = node["Relation Name"].as_str();
        let condition = node["Index Cond"].as_str().unwrap_or_default();
        let ours = relation.is_some_and(|name| tables.contains(&name));
        if (ours && kind.ends_with("Scan") && kind != "Bitmap Heap Scan") || kind == "Bitmap Index Scan" {
            self.looks += 1;
            if !condition.contains("tenant = ") {
                let filter = node["Filter"].as_str().unwrap_or_default();
                let place = relation.or_else(|| node["Index Name"].as_str()).unwrap_or_default();
                self.wrong.push(format!("{query}\nlooks into {place} by {kind} {condition}, and filters by {filter}"));
            }
        }
        let below = node["Plans"].as_array().map(Vec::as_slice).unwrap_or_default();
        below.iter().for_each(|node| self.judge(node, tables, query));
    }
}

/// The plans in the server's log.
fn plans(folder: &Path) -> Vec<Value> {
    let log = fs::read_to_string(folder.join("log")).unwrap();
    let mut plans = Vec::new();
    let mut lines = log.lines().peekable();
    while let Some(line) = lines.next() {
        if !line.contains("  plan:") {
            continue;
        }
        let mut json = String::new();
        while let Some(line) = lines.next_if(|line| line.starts_with('\t')) {
            json.push_str(line);
            json.push('\n');
        }
        plans.push(serde_json::from_str(&json.replace('\t', " ")).unwrap_or_else(|error| panic!("{error}\n{json}")));
    }
    plans
}
