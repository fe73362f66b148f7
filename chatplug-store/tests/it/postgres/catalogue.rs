//! A walk through the catalogue of a living database: whatever leaves one tenant's rows open to another is found there,
//! also in tables and functions that nobody has written yet.

use super::{run, texts};
use chatplug_store::testing::TestDatabase;
use sqlx::PgConnection;

/// What is ours, and not an extension's.
const OURS: &str = "WITH ours AS (
    SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity, n.nspname,
        EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'tenant' AND NOT a.attisdropped)
            AS of_tenant
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
), functions AS (
    SELECT p.*, n.nspname FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
), schemas AS (
    SELECT * FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), policies AS (
    SELECT o.relname, p.polname, p.polcmd::text AS cmd, p.polpermissive, p.polroles, o.relowner,
        pg_get_expr(p.polqual, p.polrelid) AS sees, pg_get_expr(p.polwithcheck, p.polrelid) AS writes
    FROM pg_policy AS p JOIN ours AS o ON o.oid = p.polrelid
) ";

/// The only form of a policy that an index serves: the bare column, a leak-proof operator, one value a statement.
const MINE: &str = "(tenant = NULLIF(current_setting(''app.tenant''::text, true), ''''::text))";

/// Tables that are nobody's.
const NOBODYS: &str = "'schema_version', 'worker', 'pulse', 'pace'";
/// Tables whose keys lead with something else: an address says whose it is.
const ADDRESSES: &str = "'route'";
/// What the functions across tenants may look at, and move on, as the owner.
const OWNERS: &str = "'conversation r', 'mailbox r', 'outbox r', 'early r', 'notice r', 'route r', 'tenant_key r', \
    'conversation w', 'outbox w'";
/// What runs as the owner, and all that it may answer: ids, instants, counts, names of master keys.
const NARROW: &[&str] = &[
    "chain_audit: trigger",
    "due: TABLE(tenant text, conversation uuid, due bigint, work integer)",
    "enlist: void",
    "figures: record",
    "hold_places: void",
    "installs_mark: bigint",
    "masters: TABLE(master text, keys bigint, sample text)",
    "next_due: bigint",
    "overdue: TABLE(tenant text, conversation uuid)",
    "ping: void",
    "reap: bigint",
    "route: TABLE(tenant text, channel text, branch text)",
    "take_places: record",
    "tick: record",
];

/// Everything that is wrong, each with its name.
async fn findings(connection: &mut PgConnection) -> Vec<String> {
    let narrow = NARROW.iter().map(|function| format!("'{function}'")).collect::<Vec<_>>().join(", ");
    let checks = [
        ("a table of tenants without forced row-level security", "SELECT relname FROM ours WHERE relkind IN ('r', 'p')
            AND of_tenant AND NOT (relrowsecurity AND relforcerowsecurity)".to_owned()),
        ("a table without tenants that is not on the list", format!("SELECT relname FROM ours
            WHERE relkind IN ('r', 'p') AND NOT of_tenant AND relname NOT IN ({NOBODYS})")),
        ("a table of tenants without a policy", "SELECT o.relname || ' ' || c.cmd FROM ours AS o
            CROSS JOIN unnest(ARRAY['r', 'a', 'w', 'd']) AS c(cmd) WHERE o.relkind IN ('r', 'p') AND o.of_tenant
            AND NOT EXISTS (SELECT FROM policies AS p WHERE p.relname = o.relname AND p.cmd = c.cmd AND p.polroles = '{0}')
            ".to_owned()),
        ("a policy that is not the one that an index serves", format!("SELECT relname || ' ' || polname FROM policies
            WHERE polroles = '{{0}}' AND (NOT polpermissive OR cmd = '*'
                OR (cmd IN ('r', 'w', 'd') AND sees IS DISTINCT FROM '{MINE}')
                OR (cmd IN ('a', 'w') AND writes IS DISTINCT FROM '{MINE}'))")),
        ("a policy for somebody else", format!("SELECT relname || ' ' || polname FROM policies
            WHERE polroles <> '{{0}}'
            AND NOT (polroles = ARRAY[relowner] AND relname || ' ' || cmd IN ({OWNERS}))")),
        ("a column for the tenant that can be empty, or is no text", "SELECT o.relname FROM ours AS o
            JOIN pg_attribute AS a ON a.attrelid = o.oid AND a.attname = 'tenant' WHERE o.relkind IN ('r', 'p')
            AND NOT (a.attnotnull AND a.atttypid = 'text'::regtype)".to_owned()),
        ("a key that does not lead with the tenant", format!("SELECT o.relname || ' ' || x.indexrelid::regclass
            FROM ours AS o JOIN pg_index AS x ON x.indrelid = o.oid AND (x.indisunique OR x.indisexclusion)
            JOIN pg_attribute AS a ON a.attrelid = o.oid AND a.attnum = x.indkey[0]
            WHERE o.of_tenant AND a.attname <> 'tenant' AND o.relname NOT IN ({ADDRESSES})")),
        ("a table without a key", "SELECT relname FROM ours AS o WHERE relkind IN ('r', 'p')
            AND NOT EXISTS (SELECT FROM pg_index AS x WHERE x.indrelid = o.oid AND x.indisprimary)".to_owned()),
        ("a reference that can cross tenants", "SELECT k.conname::text FROM pg_constraint AS k
            JOIN ours AS o ON o.oid = k.conrelid AND o.of_tenant
            JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
            JOIN pg_attribute AS b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
            WHERE k.contype = 'f' AND (a.attname <> 'tenant' OR b.attname <> 'tenant')".to_owned()),
        ("a function that runs as its owner and is not on the list", format!("SELECT proname || ': '
            || pg_get_function_result(oid) FROM functions WHERE prosecdef
            AND proname || ': ' || pg_get_function_result(oid) NOT IN ({narrow})")),
        ("a function that runs as its owner wherever it is called from", "SELECT proname FROM functions WHERE prosecdef
            AND NOT coalesce('search_path=public, pg_temp' = ANY (proconfig), false)".to_owned()),
        ("a function that claims not to leak", "SELECT proname FROM functions WHERE proleakproof".to_owned()),
        ("a view, a sequence or the like", "SELECT relname || ' ' || relkind::text FROM ours
            WHERE relkind NOT IN ('r', 'i', 'c')".to_owned()),
        ("a rule", "SELECT o.relname FROM pg_rewrite AS r JOIN ours AS o ON o.oid = r.ev_class".to_owned()),
        ("something that everybody may", "SELECT relname || ' ' || a.privilege_type
                FROM ours, aclexplode(relacl) AS a WHERE a.grantee = 0
            UNION ALL SELECT proname || '() ' || a.privilege_type FROM functions,
                aclexplode(coalesce(proacl, acldefault('f', proowner))) AS a WHERE a.grantee = 0
            UNION ALL SELECT o.relname || '.' || t.attname FROM ours AS o JOIN pg_attribute AS t ON t.attrelid = o.oid,
                aclexplode(t.attacl) AS a WHERE a.grantee = 0
            UNION ALL SELECT 'schema ' || nspname || ' ' || a.privilege_type FROM schemas,
                aclexplode(coalesce(nspacl, acldefault('n', nspowner))) AS a WHERE a.grantee = 0
            UNION ALL SELECT 'database ' || a.privilege_type FROM pg_database,
                aclexplode(coalesce(datacl, acldefault('d', datdba))) AS a
                WHERE a.grantee = 0 AND datname = current_database()
            UNION ALL SELECT 'whatever is made later' FROM pg_default_acl".to_owned()),
        ("more than the program needs", format!("SELECT relname || ' ' || a.privilege_type
                FROM ours, aclexplode(relacl) AS a
                WHERE a.grantee = 'chatplug_app'::regrole AND (
                    a.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') OR a.is_grantable
                    OR (relname IN ({NOBODYS}) AND (relname, a.privilege_type) <> ('schema_version', 'SELECT')))
            UNION ALL SELECT 'schema ' || nspname FROM schemas, aclexplode(nspacl) AS a
                WHERE a.grantee = 'chatplug_app'::regrole AND a.privilege_type <> 'USAGE'
            UNION ALL SELECT 'database ' || a.privilege_type FROM pg_database, aclexplode(datacl) AS a
                WHERE datname = current_database() AND a.grantee = 'chatplug_app'::regrole
                AND a.privilege_type <> 'CONNECT'")),
        ("somebody who may change the audit", "SELECT relname || ' ' || a.privilege_type FROM ours,
                aclexplode(relacl) AS a WHERE relname IN ('audit', 'audit_head') AND a.grantee <> relowner
                AND NOT (a.grantee = 'chatplug_app'::regrole AND a.privilege_type = 'SELECT')
            UNION ALL SELECT o.relname || '.' || t.attname || ' ' || a.privilege_type FROM ours AS o
                JOIN pg_attribute AS t ON t.attrelid = o.oid, aclexplode(t.attacl) AS a
                WHERE o.relname IN ('audit', 'audit_head') AND a.grantee <> o.relowner
                AND NOT (o.relname = 'audit' AND t.attname IN ('tenant', 'at', 'row') AND a.privilege_type = 'INSERT')
            ".to_owned()),
        ("something that the program owns", "SELECT relname FROM ours WHERE pg_has_role('chatplug_app', relowner, 'MEMBER')
            UNION ALL SELECT proname FROM functions WHERE pg_has_role('chatplug_app', proowner, 'MEMBER')".to_owned()),
    ];
    let mut found = Vec::new();
    for (name, check) in checks {
        let rows = texts(connection, &format!("{OURS} {check}")).await;
        found.extend(rows.into_iter().map(|what| format!("{name}: {what}")));
    }
    found
}

#[tokio::test]
async fn nothing_in_the_catalogue_is_open() {
    let database = TestDatabase::fresh().await;
    let mut admin = database.admin().await;
    assert_eq!(findings(&mut admin).await, Vec::<String>::new());
    // It has looked at something.
    let tables = texts(&mut admin, &format!("{OURS} SELECT relname FROM ours WHERE of_tenant AND relkind = 'r'")).await;
    assert!(tables.len() > 20, "{tables:?}");
    let narrow = format!("{OURS} SELECT proname::text FROM functions WHERE prosecdef");
    assert_eq!(texts(&mut admin, &narrow).await.len(), NARROW.len(), "the list names nothing that is gone");
}

/// Each way to leave a door open is found, so that the walk itself is known to see.
#[tokio::test]
async fn every_open_door_is_found() {
    let owner = "SET ROLE chatplug_test_owner;";
    let doors = [
        ("CREATE TABLE open (tenant text NOT NULL PRIMARY KEY)", "without forced row-level security: open"),
        ("ALTER TABLE message NO FORCE ROW LEVEL SECURITY", "without forced row-level security: message"),
        ("ALTER TABLE message DISABLE ROW LEVEL SECURITY", "without forced row-level security: message"),
        ("CREATE TABLE shared (a int PRIMARY KEY)", "not on the list: shared"),
        ("CREATE TABLE late (tenant text); ALTER TABLE late ENABLE ROW LEVEL SECURITY", "without a policy: late r"),
        ("DROP POLICY tenant_delete ON part", "without a policy: part d"),
        ("CREATE POLICY friendly ON part FOR SELECT USING (true)", "that an index serves: part friendly"),
        (
            "ALTER POLICY tenant_select ON part USING (lower(tenant) = lower(current_setting('app.tenant', true)))",
            "that an index serves: part tenant_select",
        ),
        ("ALTER POLICY tenant_update ON part WITH CHECK (true)", "that an index serves: part tenant_update"),
        (
            "CREATE POLICY helper ON message FOR SELECT TO chatplug_app USING (true)",
            "for somebody else: message helper",
        ),
        (
            "CREATE POLICY owner_select ON message FOR SELECT TO CURRENT_USER USING (true)",
            "for somebody else: message owner_select",
        ),
        (
            "ALTER TABLE message DROP CONSTRAINT message_pkey; ALTER TABLE message ALTER tenant DROP NOT NULL",
            "can be empty, or is no text: message",
        ),
        ("ALTER TABLE message DROP CONSTRAINT message_pkey", "without a key: message"),
        ("CREATE UNIQUE INDEX by_key ON outbox (delivery)", "lead with the tenant: outbox by_key"),
        (
            "CREATE UNIQUE INDEX turned ON channel (channel, tenant); ALTER TABLE part ADD CONSTRAINT loose
            FOREIGN KEY (channel, tenant) REFERENCES channel (channel, tenant)",
            "can cross tenants: loose",
        ),
        (
            "CREATE FUNCTION chatplug.all_messages() RETURNS SETOF message LANGUAGE sql SECURITY DEFINER
            SET search_path = public, pg_temp AS 'SELECT * FROM message'",
            "not on the list: all_messages: SETOF message",
        ),
        (
            "CREATE OR REPLACE FUNCTION chatplug.ping() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT'",
            "wherever it is called from: ping",
        ),
        (
            "CREATE FUNCTION chatplug.peek(text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
            "that everybody may: peek() EXECUTE",
        ),
        ("CREATE VIEW every_message AS SELECT * FROM message", "or the like: every_message v"),
        ("CREATE SEQUENCE number", "or the like: number S"),
        ("GRANT SELECT ON message TO PUBLIC", "that everybody may: message SELECT"),
        ("GRANT SELECT (text) ON message TO PUBLIC", "that everybody may: message.text"),
        ("GRANT USAGE ON SCHEMA vault TO PUBLIC", "that everybody may: schema vault USAGE"),
        ("GRANT TRUNCATE ON message TO chatplug_app", "than the program needs: message TRUNCATE"),
        ("GRANT INSERT ON worker TO chatplug_app", "than the program needs: worker INSERT"),
        ("GRANT CREATE ON SCHEMA public TO chatplug_app", "than the program needs: schema public"),
        ("GRANT UPDATE ON audit TO chatplug_app", "may change the audit: audit UPDATE"),
        ("GRANT DELETE ON audit_head TO chatplug_app", "may change the audit: audit_head DELETE"),
        ("GRANT UPDATE (row) ON audit TO chatplug_app", "may change the audit: audit.row UPDATE"),
    ];
    let database = TestDatabase::fresh().await;
    let mut admin = database.admin().await;
    for (door, expected) in doors {
        run(&mut admin, &format!("BEGIN; {owner} {door}; RESET ROLE"))
            .await
            .unwrap_or_else(|error| panic!("{error}\n{door}"));
        let found = findings(&mut admin).await;
        assert!(found.iter().any(|found| found.ends_with(expected)), "{door}\nfound {found:?}");
        run(&mut admin, "ROLLBACK").await.unwrap();
    }
    // As an administrator: what an owner cannot do.
    for (door, expected) in [
        ("CREATE FUNCTION chatplug.quiet(text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true'", "leak: quiet"),
        ("ALTER TABLE message OWNER TO chatplug_app", "that the program owns: message"),
        ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", "everybody may: whatever is made later"),
    ] {
        run(&mut admin, &format!("BEGIN; {door}")).await.unwrap();
        let found = findings(&mut admin).await;
        assert!(found.iter().any(|found| found.ends_with(expected)), "{door}\nfound {found:?}");
        run(&mut admin, "ROLLBACK").await.unwrap();
    }
}
