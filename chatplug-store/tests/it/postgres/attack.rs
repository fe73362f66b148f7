//! One tenant's session against another tenant's rows, by every way that SQL has.
//!
//! Every table gets one row of the victim's, made from the catalogue, so that a table that nobody has written yet is
//! attacked as well. Whatever the attacker does, the rows stay as they were, and the mark in them is never seen: not in a
//! row, not in an error.

use super::{
    code,
    rows::{self, Column, MARK, insert},
    run, texts, whole,
};
use chatplug_store::testing::TestDatabase;
use futures_util::TryStreamExt as _;
use sqlx::{PgConnection, Row as _, postgres::PgRow};
use std::collections::BTreeMap;

const VICTIM: &str = "bella";
const ATTACKER: &str = "norte";
/// Every id of the victim's rows.
const ID: &str = "5ec2e700-0000-7000-8000-00000000a11a";
/// An id of nobody's.
const NO_ID: &str = "5ec2e700-0000-7000-8000-00000000b00b";

struct Battle {
    database: TestDatabase,
    admin: PgConnection,
    tables: BTreeMap<String, Vec<Column>>,
}

impl Battle {
    async fn begin() -> Self {
        let database = TestDatabase::fresh().await;
        let mut admin = database.admin().await;
        let tables = rows::tables(&mut admin).await;
        // Rows as they come, without looking at what refers to what.
        run(&mut admin, "SET session_replication_role = replica").await.unwrap();
        for (table, columns) in &tables {
            run(&mut admin, &insert(table, columns, VICTIM, ID))
                .await
                .unwrap_or_else(|error| panic!("{table}: {error}"));
        }
        run(&mut admin, "SET session_replication_role = origin; ANALYZE").await.unwrap();
        Self { database, admin, tables }
    }

    /// The victim's rows, all of them, and that nobody planted more.
    async fn rows(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        for table in self.tables.keys() {
            let sql = format!("SELECT '{table} ' || t::text FROM {table} AS t WHERE tenant = '{VICTIM}' ORDER BY 1");
            all.extend(texts(&mut self.admin, &sql).await);
        }
        all
    }
}

/// Sessions of somebody who is not the victim: another tenant, none at all, and nonsense.
fn sessions() -> [String; 6] {
    let set = |tenant: &str| format!("SET app.tenant = '{tenant}'");
    [set(ATTACKER), "SELECT 1".to_owned(), set(""), set("Bella"), set("bella "), set("bella'' OR true --")]
}

/// Runs a statement as the attacker and takes it back; what it answered or refused never shows the mark, unless the
/// attacker said it.
async fn strike(app: &mut PgConnection, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    let answered = run(app, &format!("BEGIN; {sql}")).await;
    let values = |row: &PgRow| (0..row.len()).map(|at| plain(row, at)).collect::<Vec<String>>();
    let rows = answered.map(|rows| rows.iter().flat_map(values).collect::<Vec<String>>());
    run(app, "ROLLBACK").await.unwrap();
    if !sql.contains(MARK) {
        let seen = match &rows {
            Ok(rows) => rows.join(" "),
            Err(error) => whole(error),
        };
        assert!(!seen.contains(MARK), "{sql}\nshows {seen}");
    }
    rows
}

/// A value as it came over the wire: blobs in hexadecimal are put in clear.
fn plain(row: &PgRow, at: usize) -> String {
    let Ok(text) = row.try_get_raw(at).map(|raw| raw.as_str().map(str::to_owned).unwrap_or_default()) else {
        return String::new();
    };
    let hex = MARK.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    text.replace(&hex, MARK)
}

#[tokio::test]
async fn no_statement_reads_another_tenant_s_rows() {
    let battle = Battle::begin().await;
    let mut app = battle.database.app().await;
    for session in sessions() {
        run(&mut app, &format!("RESET app.tenant; {session}")).await.unwrap();
        for (table, columns) in &battle.tables {
            for sql in [
                format!("SELECT * FROM {table}"),
                format!("SELECT * FROM {table} WHERE tenant = '{VICTIM}'"),
                format!("SELECT * FROM {table} FOR UPDATE"),
                format!(
                    "SELECT t::text FROM {table} AS t UNION ALL SELECT t::text FROM {table} AS t WHERE tenant <> ''"
                ),
                format!("DECLARE c CURSOR FOR SELECT * FROM {table}; FETCH ALL FROM c"),
                format!("PREPARE s AS SELECT * FROM {table}; EXECUTE s; DEALLOCATE s"),
                format!("SELECT row_to_json(t)::text FROM {table} AS t"),
                format!("SELECT * FROM {table} TABLESAMPLE SYSTEM (100)"),
            ] {
                match strike(&mut app, &sql).await {
                    Ok(rows) => assert_eq!(rows, Vec::<String>::new(), "{session}: {sql}"),
                    // The program may not lock what it may only read.
                    Err(error) => assert_eq!(code::<()>(&Err(error)).as_deref(), Some("42501"), "{sql}"),
                }
            }
            assert_eq!(
                strike(&mut app, &format!("SELECT count(*)::text FROM {table}")).await.unwrap(),
                ["0"],
                "{table}"
            );
            // A condition that says what it sees, or fails on it, must not be asked about a row that is not ours.
            for Column { name, kind } in columns {
                let leak = match kind.as_str() {
                    "bytea" => format!("convert_from(\"{name}\", 'UTF8')::int = 1"),
                    "boolean" => format!("1 / (CASE WHEN \"{name}\" THEN 0 ELSE 1 END) = 1"),
                    _ => format!("\"{name}\"::text::numeric / 0 = 1"),
                };
                let answered = strike(&mut app, &format!("SELECT 1 FROM {table} WHERE {leak}")).await;
                assert_eq!(answered.unwrap(), Vec::<String>::new(), "{session}: {table} {leak}");
            }
            for copy in [format!("COPY {table} TO STDOUT"), format!("COPY (SELECT * FROM {table}) TO STDOUT")] {
                let copied = app.copy_out_raw(&copy).await.unwrap().try_collect::<Vec<_>>().await.unwrap();
                assert!(copied.iter().all(|piece| piece.is_empty()), "{session}: {copy}");
            }
            // What the planner knows of values is not told either.
            let name = table.rsplit('.').next().unwrap();
            let known = format!(
                "SELECT most_common_vals::text, histogram_bounds::text FROM pg_stats WHERE tablename = '{name}'"
            );
            assert_eq!(strike(&mut app, &known).await.unwrap(), Vec::<String>::new());
        }
        for table in ["worker", "pulse", "pace", "pg_statistic", "pg_authid", "pg_largeobject"] {
            let refused = strike(&mut app, &format!("SELECT * FROM {table}")).await;
            assert_eq!(code(&refused).as_deref(), Some("42501"), "{table}");
        }
    }
}

#[tokio::test]
async fn no_statement_writes_another_tenant_s_rows() {
    let mut battle = Battle::begin().await;
    let before = battle.rows().await;
    let mut app = battle.database.app().await;
    let tables = std::mem::take(&mut battle.tables);
    for session in sessions() {
        run(&mut app, &format!("RESET app.tenant; {session}")).await.unwrap();
        for (table, columns) in &tables {
            let mine = insert(table, columns, VICTIM, NO_ID);
            let same = insert(table, columns, VICTIM, ID);
            let first =
                columns.iter().find(|column| column.name != "tenant").map(|column| column.name.clone()).unwrap();
            for sql in [
                mine.clone(),
                format!("{mine} ON CONFLICT DO NOTHING"),
                format!("{same} ON CONFLICT DO NOTHING"),
                format!("{same} RETURNING *"),
                format!(
                    "MERGE INTO {table} AS t USING (SELECT '{VICTIM}' AS v) AS s ON t.tenant = s.v \
                    WHEN NOT MATCHED THEN {}",
                    mine.replacen(&format!("INSERT INTO {table}"), "INSERT", 1)
                ),
            ] {
                let refused = strike(&mut app, &sql).await;
                assert_eq!(code(&refused).as_deref(), Some("42501"), "{session}: {sql}: {refused:?}");
            }
            for sql in [
                format!("UPDATE {table} SET \"{first}\" = \"{first}\" RETURNING *"),
                format!("UPDATE {table} SET tenant = '{ATTACKER}' WHERE tenant = '{VICTIM}' RETURNING *"),
                format!("WITH gone AS (DELETE FROM {table} RETURNING *) SELECT * FROM gone"),
                format!("DELETE FROM {table} WHERE tenant = '{VICTIM}' RETURNING *"),
                format!("DELETE FROM {table} USING tenant AS o WHERE o.tenant = {table}.tenant RETURNING *"),
            ] {
                match strike(&mut app, &sql).await {
                    Ok(rows) => assert_eq!(rows, Vec::<String>::new(), "{session}: {sql}"),
                    Err(error) => assert_eq!(code::<()>(&Err(error)).as_deref(), Some("42501"), "{sql}"),
                }
            }
            for sql in [
                format!("TRUNCATE {table}"),
                format!("TRUNCATE {table} CASCADE"),
                format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"),
                format!("ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"),
                format!("CREATE POLICY mine ON {table} USING (true)"),
                format!("DROP POLICY tenant_select ON {table}"),
                format!(
                    "CREATE TRIGGER t BEFORE UPDATE ON {table} EXECUTE FUNCTION suppress_redundant_updates_trigger()"
                ),
                format!("CREATE RULE r AS ON SELECT TO {table} DO ALSO NOTHING"),
                format!("CREATE INDEX i ON {table} (tenant)"),
                format!("COMMENT ON TABLE {table} IS 'mine'"),
                format!("SET LOCAL row_security = off; SELECT * FROM {table}"),
                format!("SET LOCAL row_security = off; DELETE FROM {table}"),
            ] {
                let refused = strike(&mut app, &sql).await;
                assert_eq!(code(&refused).as_deref(), Some("42501"), "{session}: {sql}: {refused:?}");
            }
        }
    }
    battle.tables = tables;
    assert_eq!(battle.rows().await, before);
}

/// A row of one's own that names somebody else's: refused exactly as one that names nothing, so that nobody can find out
/// what is there.
#[tokio::test]
async fn references_and_keys_tell_nothing_of_another_tenant() {
    let battle = Battle::begin().await;
    let mut app = battle.database.app().await;
    run(&mut app, &format!("SET app.tenant = '{ATTACKER}'")).await.unwrap();
    for (table, columns) in &battle.tables {
        // An address is one business's in all the world: that it is taken is told, though not whose it is.
        if table == "route" {
            let taken = strike(&mut app, &insert(table, columns, ATTACKER, ID)).await;
            assert!(!whole(&taken.unwrap_err()).contains(VICTIM));
            continue;
        }
        let mut answers = Vec::new();
        for id in [ID, NO_ID] {
            for constraints in ["DEFERRED", "IMMEDIATE"] {
                let sql = format!("SET CONSTRAINTS ALL {constraints}; {}", insert(table, columns, ATTACKER, id));
                let answered = strike(&mut app, &sql).await;
                assert_ne!(code(&answered).as_deref(), Some("23505"), "{table}: a key reaches across tenants");
                answers.push(answered.map_err(|error| whole(&error).replace(id, "the id")).map_err(without_places));
            }
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{table}: {answers:#?}");
    }
}

/// Messages without the lines of the server's sources.
fn without_places(error: String) -> String {
    error.split("line: ").next().unwrap_or_default().to_owned()
}

/// What a session could try to become, or to bring along.
#[tokio::test]
async fn the_program_s_role_cannot_become_more() {
    let mut battle = Battle::begin().await;
    let before = battle.rows().await;
    let mut app = battle.database.app().await;
    run(&mut app, &format!("SET app.tenant = '{ATTACKER}'")).await.unwrap();
    for sql in [
        "SET ROLE chatplug_test_owner",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION chatplug_test_owner",
        "SET session_replication_role = replica",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "GRANT chatplug_test_owner TO CURRENT_USER",
        "CREATE ROLE friend",
        "CREATE TABLE message_copy AS SELECT * FROM message",
        "CREATE TEMPORARY TABLE conversation (tenant text)",
        "CREATE TEMPORARY VIEW conversation AS SELECT 1",
        "CREATE SCHEMA mine",
        "CREATE VIEW mine AS SELECT * FROM message",
        "CREATE FUNCTION public.peek(text) RETURNS boolean COST 0.0000001 LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END'",
        "CREATE FUNCTION chatplug.peek() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION pg_temp.peek() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OPERATOR public.=~= (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",
        "CREATE AGGREGATE public.collect(text) (SFUNC = textcat, STYPE = text)",
        "CREATE TYPE public.mine AS (a int)",
        "CREATE EXTENSION dblink",
        "CREATE EXTENSION file_fdw",
        "CREATE LANGUAGE plperl",
        "CREATE PUBLICATION all_of_it FOR ALL TABLES",
        "CREATE EVENT TRIGGER t ON ddl_command_start EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "COPY message TO PROGRAM 'cat'",
        "COPY message TO '/tmp/message'",
        "COPY message FROM '/etc/passwd'",
        "SELECT pg_read_file('pg_hba.conf')",
        "SELECT pg_ls_dir('.')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
        "SELECT pg_create_logical_replication_slot('all_of_it', 'pgoutput')",
        "DO $$ BEGIN EXECUTE 'SET LOCAL ROLE chatplug_test_owner'; END $$",
        "UPDATE audit SET row = '' ",
        "DELETE FROM audit",
        "UPDATE audit_head SET seq = 0",
        "INSERT INTO audit (tenant, seq, at, row, hash) VALUES ('norte', 1, 1, '{}', '')",
        "SELECT chatplug.chain_audit()",
    ] {
        let refused = strike(&mut app, sql).await;
        let code = code(&refused);
        // 42501: may not. 0A000, 58P01: there is no such extension or language here. 42704: no such thing to be had.
        let fine = ["42501", "0A000", "58P01", "42704"].map(Some);
        assert!(fine.contains(&code.as_deref()), "{sql}: {refused:?}");
    }
    assert_eq!(battle.rows().await, before);
}

/// A statement that was prepared, and planned, under one tenant sees the other's rows under the other: a pool lends
/// connections to everybody in turn. And what was set for a transaction ends with it, however it ends.
#[tokio::test]
async fn a_lent_connection_brings_nothing_along() {
    let battle = Battle::begin().await;
    let mut app = battle.database.app().await;
    run(&mut app, "PREPARE everything AS SELECT tenant FROM message").await.unwrap();
    let under = |tenant: &str, end: &str| {
        format!(
            "BEGIN; SELECT set_config('app.tenant', '{tenant}', true) WHERE false; \
            DO $$ BEGIN PERFORM set_config('app.tenant', '{tenant}', true); END $$; EXECUTE everything; {end}"
        )
    };
    // Often enough for the planner to settle on one plan for all.
    for _ in 0..8 {
        assert_eq!(texts(&mut app, &under(VICTIM, "COMMIT")).await, [VICTIM]);
        assert_eq!(texts(&mut app, &under(ATTACKER, "COMMIT")).await, Vec::<String>::new());
        assert_eq!(texts(&mut app, &under(VICTIM, "ROLLBACK")).await, [VICTIM]);
        assert_eq!(texts(&mut app, "EXECUTE everything").await, Vec::<String>::new());
    }
    run(&mut app, &format!("BEGIN; SELECT set_config('app.tenant', '{VICTIM}', true); SELECT 1 / 0"))
        .await
        .unwrap_err();
    run(&mut app, "ROLLBACK").await.unwrap();
    assert_eq!(texts(&mut app, "EXECUTE everything").await, Vec::<String>::new());
}

/// Every function of ours, called for the attacker with everything that is the victim's: nothing is seen, nothing moves.
#[tokio::test]
async fn no_function_reaches_another_tenant_s_rows() {
    let mut battle = Battle::begin().await;
    let before = battle.rows().await;
    let mut app = battle.database.app().await;
    let functions = rows::functions(&mut battle.admin).await;
    assert!(functions.len() > 10, "only {} functions", functions.len());
    let mut went_through = 0;
    for function in functions {
        for some in [true, false] {
            let call = function.call(ATTACKER, ID, some);
            let answered = strike(&mut app, &format!("SET LOCAL app.tenant = '{VICTIM}'; {call}")).await;
            went_through += usize::from(answered.is_ok());
            if let Ok(rows) = &answered {
                // What the attacker said may come back; what only the victim's rows know may not.
                let seen = rows.join(" ");
                assert!(!seen.contains(&format!("{MARK} blob")) && !seen.contains(VICTIM), "{call}\nshows {seen}");
            }
            // And once for good.
            let _ = run(&mut app, &call).await;
            assert_eq!(battle.rows().await, before, "{call}");
        }
    }
    assert!(went_through > 10, "only {went_through} calls did anything");
}

/// What may look across tenants answers ids, instants and counts, never what is in a row.
#[tokio::test]
async fn what_looks_across_tenants_tells_ids_and_counts_only() {
    let battle = Battle::begin().await;
    let mut app = battle.database.app().await;
    for (call, rows) in [
        ("SELECT d::text FROM chatplug.due(1, 9000000, 1, 100) AS d", 3),
        ("SELECT o::text FROM chatplug.overdue(9000000, 100) AS o", 1),
        ("SELECT f::text FROM chatplug.figures(9000000, 9000000) AS f", 1),
        ("SELECT chatplug.next_due(1)::text", 1),
    ] {
        let answered = strike(&mut app, call).await.unwrap();
        assert_eq!(answered.len(), rows, "{call}: {answered:?}");
    }
    // Of an address, whose it is; to whoever knows it.
    let known = format!("SELECT r::text FROM chatplug.route('{MARK} text', '{MARK} text') AS r");
    assert_eq!(strike(&mut app, &known).await.unwrap().len(), 1);
    let guessed = strike(&mut app, "SELECT r::text FROM chatplug.route('%', '%') AS r").await.unwrap();
    assert_eq!(guessed, Vec::<String>::new());
}
