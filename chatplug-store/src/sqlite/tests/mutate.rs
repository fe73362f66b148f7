//! No statement reaches over the border between tenants.
//!
//! Every statement is run twice, with the same values but the tenant: first as the tenant whose rows are there, where it
//! must find or change something, and then as another one, where it must not. What its question marks stand for is read
//! off the statement, so that a new one is tried without being listed. That each table is narrowed by its tenant is read
//! off SQLite's own plan.

use super::{super::keyfile, fresh, statements};
use crate::data_map::{self, On, TABLES, Table};
use rusqlite::{Connection, types::Value};
use std::collections::{BTreeMap, BTreeSet};

/// The only statements that reach over all tenants: the queue of ids, whose an address is, figures, and what is done when
/// the file is opened. Everything else must be tied to one.
const OVER_ALL: &[&str] = &[
    "read DUE",
    "read NEXT_DUE",
    "read OVERDUE",
    "read MAIL_FIGURES",
    "read OUTBOX_FIGURES",
    "read OTHER_FIGURES",
    "setup ROUTE",
    "open FREE_LEASES",
    "open LOSE_SENDERS",
    "keyfile MASTERS",
    "keyfile SAMPLES",
    "keyfile ANY",
];

/// What they may answer: ids, instants and counts.
const TOLD_OF_ALL: &[&str] = &["tenant", "conversation", "channel", "branch", "due", "work", "lease_until", "master"];

/// Asks whether an address is free, and is told whose it is when it is not.
const TELLS_OF_A_TAKEN_ADDRESS: &str = "setup ADD_ROUTE";

/// Finds something only where there are two rows; it is tried as another tenant all the same.
const NEEDS_TWO_ROWS: &str = "keyfile DROP_OLD";

/// States that rows can be in, by column; the first is the usual one. A statement must find something in one of them.
const STATES: &[&[(&str, &str, i64)]] = &[
    &[],
    &[("outbox", "status=sending", 0), ("notice", "status=telling", 0), ("install", "state=leaving", 0)],
    &[("outbox", "status=sent", 0), ("outbox", "live", 0), ("outbox", "stage", 1), ("mailbox", "unread", 0)],
    &[("notice", "due=null", 0), ("contact", "merged_into=contact", 0)],
    &[("part", "none", 0)],
    &[("claim", "none", 0), ("entry_key", "none", 0), ("credential", "sealed=plain", 0), ("install", "none", 0)],
];

const HERE: &str = "bella";
const THERE: &str = "cesar";

#[test]
fn no_statement_finds_or_changes_another_tenant_s_rows() {
    let (mut tried, mut idle) = (0, Vec::new());
    let alone: Vec<Seeded> = STATES.iter().map(|state| Seeded::new(&[HERE], state)).collect();
    let both: Vec<Seeded> = STATES.iter().map(|state| Seeded::new(&[HERE, THERE], state)).collect();
    for (file, name, sql) in all_statements() {
        let called = format!("{file} {name}");
        if OVER_ALL.contains(&called.as_str()) || !names_a_tenant(sql) {
            continue;
        }
        let mut found = false;
        for (alone, both, keys) in
            alone.iter().zip(&both).flat_map(|(alone, both)| [(alone, both, Keys::Known), (alone, both, Keys::New)])
        {
            if keys == Keys::New && !sql.starts_with("INSERT") {
                continue;
            }
            found |= alone.run(sql, HERE, keys, &called).0.is_something();

            // Nobody there: nothing is found, and nothing of the others changes.
            let (there, left) = alone.run(sql, THERE, keys, &called);
            let read = there.read;
            assert!(read.is_empty() || called == TELLS_OF_A_TAKEN_ADDRESS, "{called} reads {read:?}\n{sql}");
            assert_eq!(changed(&alone.rows, &left), [""; 0], "{called} changes another tenant's rows\n{sql}");

            // The same ids there: only those rows are changed.
            let (_, left) = both.run(sql, THERE, keys, &called);
            assert_eq!(changed(&both.rows, &left), [""; 0], "{called} changes another's rows of the same id\n{sql}");
        }
        tried += 1;
        if !found && called != NEEDS_TWO_ROWS {
            idle.push(called);
        }
    }
    assert!(idle.is_empty(), "nothing is found by these as the right tenant, so they are not tried: {idle:#?}");
    assert!(tried > 150, "only {tried} statements were tried");
}

#[test]
fn every_table_in_a_plan_is_narrowed_by_its_tenant() {
    let connection = everything();
    let with_tenant: BTreeSet<&str> =
        sqlite_tables().filter(|table| table.has_tenant()).map(|table| table.name).collect();
    let mut steps = 0;
    for (file, name, sql) in all_statements() {
        if OVER_ALL.contains(&format!("{file} {name}").as_str()) || !names_a_tenant(sql) {
            continue;
        }
        let aliases = aliases(&tokens(sql));
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut plan = explain.raw_query();
        while let Some(step) = plan.next().unwrap() {
            let step: String = step.get("detail").unwrap();
            let mut words = step.split_whitespace();
            let (Some("SEARCH" | "SCAN"), Some(alias)) = (words.next(), words.next()) else { continue };
            let table = aliases.get(alias).cloned().unwrap_or_default();
            if !table.iter().any(|table| with_tenant.contains(table.as_str())) {
                continue;
            }
            // `route` is named by the address; whose it is, is looked at then.
            let by_address = table.contains("route") && step.contains("(provider=? AND external_id=?)");
            assert!(step.contains("(tenant=?") || by_address, "{file} {name} looks beyond its tenant: {step}\n{sql}");
            steps += 1;
        }
    }
    assert!(steps > 150, "only {steps} steps were looked at");
}

#[test]
fn what_reaches_over_all_tenants_tells_ids_and_counts_only() {
    let connection = everything();
    let mut known = 0;
    for (file, name, sql) in all_statements() {
        let called = format!("{file} {name}");
        if !OVER_ALL.contains(&called.as_str()) {
            continue;
        }
        known += 1;
        let statement = connection.prepare(sql).unwrap();
        for column in statement.column_names() {
            let is_count =
                ["count(", "min(", "(SELECT count(", "EXISTS ("].iter().any(|count| column.starts_with(count));
            assert!(is_count || TOLD_OF_ALL.contains(&column), "{called} tells {column}");
        }
        assert!(statement.readonly() || file == "open", "{called} changes rows of all tenants");
    }
    assert_eq!(known, OVER_ALL.len(), "the list names what does not exist");
}

/// What a statement that puts a row in, names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    /// As the row that is there.
    Known,
    /// Otherwise.
    New,
}

/// A database with rows, which every try leaves as it was.
struct Seeded {
    connection: Connection,
    /// What is there of the first tenant.
    rows: Rows,
}

type Rows = BTreeMap<&'static str, Vec<Vec<Value>>>;

impl Seeded {
    fn new(tenants: &[&str], state: &[(&str, &str, i64)]) -> Self {
        let connection = seeded(tenants, state);
        Self { rows: dump(&connection, HERE), connection }
    }

    /// Runs a statement as a tenant; what is left of the first one's rows.
    fn run(&self, sql: &str, tenant: &str, keys: Keys, called: &str) -> (Shown, Rows) {
        self.connection.execute_batch("SAVEPOINT try").unwrap();
        let shown = run(&self.connection, sql, tenant, keys, called);
        // Where nothing was written, nothing has changed.
        let left = if shown.changed == 0 { self.rows.clone() } else { dump(&self.connection, HERE) };
        self.connection.execute_batch("ROLLBACK TO try; RELEASE try").unwrap();
        (shown, left)
    }
}

/// What running a statement showed.
#[derive(Debug, Default)]
struct Shown {
    /// Values that say something: not null, zero or empty.
    read: Vec<Value>,
    changed: u64,
    /// It ran into rows that it was kept from breaking.
    refused: bool,
}

impl Shown {
    const fn is_something(&self) -> bool {
        !self.read.is_empty() || self.changed > 0 || self.refused
    }
}

fn run(connection: &Connection, sql: &str, tenant: &str, keys: Keys, called: &str) -> Shown {
    // Some statements go on only where the one before them changed a row.
    connection.execute_batch("UPDATE pulse SET beats = beats + 1").unwrap();
    let before = connection.total_changes();
    let mut statement = connection.prepare(sql).unwrap();
    let parameters = parameters(sql);
    assert_eq!(statement.parameter_count(), parameters.len(), "{called}: {parameters:?}\n{sql}");
    for (place, parameter) in (1..).zip(&parameters) {
        statement.raw_bind_parameter(place, parameter.value(tenant, keys, called)).unwrap();
    }
    let columns = statement.column_count();
    let mut shown = Shown::default();
    let mut rows = statement.raw_query();
    loop {
        match rows.next() {
            Ok(Some(row)) => shown.read.extend((0..columns).map(|place| row.get::<_, Value>(place).unwrap())),
            Ok(None) => break,
            Err(rusqlite::Error::SqliteFailure(..)) => {
                shown.refused = true;
                break;
            }
            Err(error) => panic!("{called}: {error}\n{sql}"),
        }
    }
    drop(rows);
    let nothing = [Value::Null, Value::Integer(0), Value::Text(String::new())];
    shown.read.retain(|value| !nothing.contains(value));
    shown.changed = connection.total_changes() - before;
    shown
}

fn names_a_tenant(sql: &str) -> bool {
    tokens(sql).iter().any(|token| token == "tenant" || token.ends_with(".tenant"))
}

fn sqlite_tables() -> impl Iterator<Item = &'static Table> {
    data_map::tables_on(On::Sqlite)
}

/// Those of the database, and those of the file of keys.
fn all_statements() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    statements().chain(keyfile::STATEMENTS.iter().map(|(name, sql)| ("keyfile", *name, *sql)))
}

/// The database, with the file of keys beside it.
fn everything() -> Connection {
    let connection = fresh();
    let keys = include_str!("../../../migrations/sqlite/keys/0001_init.sql");
    connection.execute_batch("ATTACH ':memory:' AS keys").unwrap();
    connection.execute_batch(&keys.replace("CREATE TABLE ", "CREATE TABLE keys.")).unwrap();
    connection
}

/// Everything of a tenant.
fn dump(connection: &Connection, tenant: &str) -> Rows {
    let mut all = BTreeMap::new();
    for table in sqlite_tables().filter(|table| table.has_tenant()) {
        let sql = format!("SELECT * FROM {} WHERE tenant = ? ORDER BY {}", table.name, table.key.join(", "));
        let mut statement = connection.prepare(&sql).unwrap();
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..columns).map(|place| row.get(place)).collect::<Result<Vec<Value>, _>>();
        all.insert(table.name, statement.query_map([tenant], row).unwrap().collect::<Result<Vec<_>, _>>().unwrap());
    }
    all
}

/// Tables whose rows are not as they were.
fn changed(before: &Rows, after: &Rows) -> Vec<&'static str> {
    before.iter().filter(|(table, rows)| after.get(*table) != Some(rows)).map(|(table, _)| *table).collect()
}

/// A database in which these tenants have one row in every table, all with the same values.
fn seeded(tenants: &[&str], state: &[(&str, &str, i64)]) -> Connection {
    let connection = everything();
    for tenant in [HERE, THERE] {
        let sealed = tenant == HERE;
        connection.execute("INSERT INTO tenant (tenant, name, sealed) VALUES (?, 'x', ?)", (tenant, sealed)).unwrap();
    }
    for tenant in tenants {
        for table in sqlite_tables().filter(|table| table.has_tenant() && table.name != "tenant") {
            if state.contains(&(table.name, "none", 0)) || (table.name == "route" && *tenant != HERE) {
                continue;
            }
            let columns: Vec<&str> =
                table.columns_on(On::Sqlite).map(|column| column.name).filter(|name| *name != "turn_due").collect();
            let marks = vec!["?"; columns.len()].join(", ");
            let sql = format!("INSERT INTO {} ({}) VALUES ({marks})", table.name, columns.join(", "));
            let values = columns.iter().map(|column| match *column {
                "tenant" => Value::Text((*tenant).to_owned()),
                column => in_state(table.name, column, state).unwrap_or_else(|| sample(table.name, column)),
            });
            let inserted = connection.execute(&sql, rusqlite::params_from_iter(values));
            assert!(inserted.is_ok(), "{}: {}", table.name, inserted.unwrap_err());
        }
    }
    connection
}

fn in_state(table: &str, column: &str, state: &[(&str, &str, i64)]) -> Option<Value> {
    state.iter().filter(|(of, ..)| *of == table).find_map(|(_, what, number)| match what.split_once('=') {
        Some((name, "null")) if name == column => Some(Value::Null),
        Some((name, "contact")) if name == column => Some(sample(table, "contact")),
        Some((name, "plain")) if name == column => Some(Value::Blob(b"plain".to_vec())),
        Some((name, word)) if name == column => Some(Value::Text(word.to_owned())),
        None if *what == column => Some(Value::Integer(*number)),
        _ => None,
    })
}

/// What the one row has in a column: the same in every table, so that rows find each other.
fn sample(table: &str, column: &str) -> Value {
    let text = |text: &str| Value::Text(text.to_owned());
    let id = |byte: u8| Value::Blob(vec![byte; 16]);
    match (table, column) {
        (_, "contact") => id(1),
        (_, "conversation") => id(2),
        (_, "delivery") => id(3),
        (_, "booking" | "about" | "ignoring") => id(4),
        (_, "action") if table != "dialogue" => id(5),
        (_, "turn") => id(6),
        ("timer", "key") => text("reminder:x"),
        (_, "key") => id(7),
        ("install", "state") => text("pending"),
        (_, "key_use") => text("data"),
        (_, "wrapped") => Value::Blob(vec![8; 60]),
        ("contact", "merged_into") => Value::Null,
        (
            _,
            "person" | "state" | "event" | "body" | "shown" | "text" | "message_id" | "steps" | "client_name" | "note"
            | "sealed",
        )
        | ("dialogue", "action")
        | ("early", "status") => Value::Blob(b"\x01\0\0\0\x09sealed".to_vec()),
        (_, "hash") => Value::Blob(vec![9; 32]),
        ("message", "status") => text("sent"),
        (_, "status") => text("queued"),
        (_, "kind") => text("user"),
        (_, "holder") => text("bot"),
        (_, "source") => text("message/x"),
        (_, "opted_out" | "services" | "done" | "facts" | "purged") => text("[]"),
        (_, "quoted" | "message" | "parts" | "provider_id") => text("hash"),
        (_, "entry" | "backend_id") => text("entry"),
        // Sets of flags, numbers and instants: small and not zero, so that comparisons find them.
        (_, "taken_from" | "starts") => Value::Integer(10),
        (_, "taken_to" | "ends" | "expires") => Value::Integer(20),
        (_, "capacity") => Value::Integer(9),
        ("outbox", "stage" | "was_unknown" | "keep") | ("conversation", "attended_seq") | ("contact", "name_told") => {
            Value::Integer(0)
        }
        ("turn", "versions") | ("audit", "row") | ("timer", "timer") => text("{}"),
        (_, column) if TEXTS.contains(&column) => text("x"),
        _ => Value::Integer(1),
    }
}

/// Columns of text that need no value of their own.
const TEXTS: &[&str] = &[
    "name",
    "branch",
    "channel",
    "provider",
    "external_id",
    "phone",
    "user_id",
    "language",
    "value",
    "install",
    "subject",
    "staff_id",
    "staff",
    "price",
    "error",
    "outcome",
    "master",
];

/// What a question mark stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parameter {
    /// The tables that it may be of; the first that has the column counts.
    tables: Vec<String>,
    column: String,
    /// How it is used: `=`, `<`, `>`, `set` …
    how: String,
}

impl Parameter {
    fn value(&self, tenant: &str, keys: Keys, called: &str) -> Value {
        let (column, how) = (self.column.as_str(), self.how.as_str());
        match (column, how) {
            ("tenant", _) => return Value::Text(tenant.to_owned()),
            (_, "limit") => return Value::Integer(100),
            (_, "flag") => return Value::Integer(1),
            (_, "list") => return Value::Text("[\"x\"]".to_owned()),
            (_, "prefix") => return Value::Blob(b"\x01\0\0\0\x08".to_vec()),
            _ => {}
        }
        let has = |table: &&String| TABLES.iter().any(|it| it.name == **table && it.column(column).is_some());
        let Some(table) = self.tables.iter().find(has) else {
            panic!("{called}: what stands for {self:?}? Teach the recogniser.")
        };
        let sample = sample(table, column);
        if keys == Keys::New && how == "set" && data_map::table(table).is_some_and(|it| it.key.contains(&column)) {
            return match sample {
                Value::Text(_) => Value::Text("new".to_owned()),
                Value::Blob(_) => Value::Blob(vec![0x77; 16]),
                _ => Value::Integer(77),
            };
        }
        match (how, sample) {
            ("<" | "<=", Value::Integer(_)) => Value::Integer(i64::MAX / 4),
            (">" | ">=", Value::Integer(_)) => Value::Integer(-1),
            (">" | ">=", Value::Text(_)) => Value::Text(String::new()),
            (">" | ">=", Value::Blob(_)) => Value::Blob(Vec::new()),
            ("<>", Value::Blob(_)) => Value::Blob(vec![0; 16]),
            ("<>", Value::Text(_)) => Value::Text("other".to_owned()),
            (_, Value::Null) => Value::Blob(vec![1; 16]),
            (_, sample) => sample,
        }
    }
}

/// A statement in words: names (with their dots), numbers, texts, operators, question marks.
fn tokens(sql: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut token = letter.to_string();
        let mut more = |token: &mut String, fits: &dyn Fn(char) -> bool| {
            while let Some(next) = letters.next_if(|next| fits(*next)) {
                token.push(next);
            }
        };
        match letter {
            _ if letter.is_whitespace() => continue,
            '\'' => {
                more(&mut token, &|next| next != '\'');
                letters.next();
                token.push('\'');
            }
            '?' => more(&mut token, &|next| next.is_ascii_digit()),
            '<' | '>' | '|' => more(&mut token, &|next| matches!(next, '=' | '>' | '|')),
            _ if letter.is_alphanumeric() || letter == '_' => {
                more(&mut token, &|next| next.is_alphanumeric() || matches!(next, '_' | '.'));
            }
            _ => {}
        }
        tokens.push(token);
    }
    tokens
}

/// The tables that each name stands for: tables by themselves, and what they are called in the statement.
fn aliases(tokens: &[String]) -> BTreeMap<String, BTreeSet<String>> {
    let is_table = |name: &str| TABLES.iter().any(|table| table.name == name);
    let mut aliases: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (place, token) in tokens.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| tokens.get(place)).map_or("", String::as_str);
        if is_table(token) && matches!(before, "FROM" | "JOIN" | "UPDATE" | "INTO" | ",") {
            aliases.entry(token.clone()).or_default().insert(token.clone());
            if let (Some("AS"), Some(alias)) = (tokens.get(place + 1).map(String::as_str), tokens.get(place + 2)) {
                aliases.entry(alias.clone()).or_default().insert(token.clone());
            }
        }
    }
    aliases
}

/// What each question mark of a statement stands for, in order of their numbers.
fn parameters(sql: &str) -> Vec<Parameter> {
    let tokens = tokens(sql);
    let aliases = aliases(&tokens);
    let inserted = inserted(&tokens);
    let mut found: BTreeMap<usize, Parameter> = BTreeMap::new();
    let mut last = 0;
    for (place, token) in tokens.iter().enumerate().filter(|(_, token)| token.starts_with('?')) {
        let number = token[1..].parse().unwrap_or(last + 1);
        last = last.max(number);
        let parameter = match inserted.get(&place) {
            Some((table, column)) => {
                Parameter { tables: vec![table.clone()], column: column.clone(), how: "set".to_owned() }
            }
            None => compared(&tokens, place, &aliases),
        };
        let known = found.entry(number).or_insert_with(|| parameter.clone());
        // The most telling use of a number that is used twice: as the tenant.
        if parameter.column == "tenant" {
            *known = parameter;
        }
    }
    (1..=last).map(|number| found.remove(&number).expect("numbers have no gaps")).collect()
}

/// Question marks that are put into columns: by `VALUES`, or by what is selected for them.
fn inserted(tokens: &[String]) -> BTreeMap<usize, (String, String)> {
    let mut found = BTreeMap::new();
    let [insert, into, table, open, ..] = tokens else { return found };
    if insert != "INSERT" || into != "INTO" || open != "(" {
        return found;
    }
    let end = tokens.iter().position(|token| token == ")").unwrap_or(0);
    let columns: Vec<&String> = tokens[4..end].iter().filter(|token| *token != ",").collect();
    let Some(begin) = tokens.get(end + 1) else { return found };
    let mut place = end + if begin == "VALUES" { 3 } else { 2 };
    let (mut depth, mut column) = (0, 0);
    while let Some(token) = tokens.get(place) {
        match token.as_str() {
            "(" => depth += 1,
            ")" if depth == 0 => break,
            ")" => depth -= 1,
            "," if depth == 0 => column += 1,
            "FROM" | "WHERE" if depth == 0 => break,
            mark if mark.starts_with('?') && depth == 0 => {
                let Some(column) = columns.get(column) else { break };
                found.insert(place, (table.clone(), (*column).clone()));
            }
            _ => {}
        }
        place += 1;
    }
    found
}

/// What a question mark is compared with, or put into by `SET`.
fn compared(tokens: &[String], place: usize, aliases: &BTreeMap<String, BTreeSet<String>>) -> Parameter {
    let token = |place: usize| tokens.get(place).map_or("", String::as_str);
    let all: Vec<String> = aliases.values().flatten().cloned().collect();
    let plain = |how: &str| Parameter { tables: Vec::new(), column: String::new(), how: how.to_owned() };
    let before = token(place.wrapping_sub(1));
    match before {
        "LIMIT" => return plain("limit"),
        "OR" if token(place + 1) != "IS" => return plain("flag"),
        "WHEN" => return plain("flag"),
        "(" if token(place.wrapping_sub(2)) == "json_each" => return plain("list"),
        _ => {}
    }
    // `(a, b) > (?, ?)`: by its place among them.
    let mut open = place;
    while open > 0 && (token(open) == "," || token(open).starts_with('?')) {
        open -= 1;
    }
    if token(open) == "(" && token(open - 1) == ">" && token(open - 2) == ")" {
        let mut from = open - 2;
        while token(from) != "(" {
            from -= 1;
        }
        return named(token(from + (place - open)), ">", aliases, &all);
    }
    // Backwards to the nearest comparison or assignment.
    let mut at = place;
    while at > 0 {
        at -= 1;
        let how = token(at);
        if matches!(how, "=" | "<" | ">" | "<=" | ">=" | "<>" | "IS" | "NOT") && token(at + 1) != "NULL" {
            let mut name = at - 1;
            if how == "NOT" {
                name -= 1;
            }
            if token(name) == ")" {
                // `substr(column, …) <> ?`
                while token(name) != "(" {
                    name -= 1;
                }
                if token(name + 1) == "SELECT" {
                    return named(token(name + 2), how, aliases, &all);
                }
                let how = if token(name - 1) == "substr" { "prefix" } else { how };
                return Parameter { how: how.to_owned(), ..named(token(name + 1), how, aliases, &all) };
            }
            let how = if how == "NOT" { "<>" } else { how };
            return named(token(name), how, aliases, &all);
        }
    }
    plain("?")
}

fn named(name: &str, how: &str, aliases: &BTreeMap<String, BTreeSet<String>>, all: &[String]) -> Parameter {
    let (tables, column) = match name.split_once('.') {
        Some((alias, column)) => (aliases.get(alias).into_iter().flatten().cloned().collect(), column),
        None => (all.to_vec(), name),
    };
    // `json_each` answers values of what it is joined with.
    let column = if name == "j.value" { "subject" } else { column };
    Parameter { tables, column: column.to_owned(), how: how.to_owned() }
}
