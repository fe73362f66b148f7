//! A TOML file as a tree in which every value knows where it stands, with the environment laid over it.
//!
//! Knows nothing of what the keys mean.

use super::problem::{Place, Problem};
use std::{collections::BTreeMap, ops::Range, sync::Arc};
use toml::{
    Spanned, Value,
    de::{DeTable, DeValue},
};

/// Begins the name of every variable that overrides a key.
pub const ENV_PREFIX: &str = "CHATPLUG__";

/// A value with its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A text, number, boolean or date.
    Scalar(Value),
    Array(Vec<Node>),
    Table(Table),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub(super) entries: Vec<Entry>,
    /// Keys that were taken out because they were reported: they are not missing.
    pub(super) dropped: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Place of the key, not of its value.
    pub(super) place: Place,
    pub(super) node: Node,
}

/// The way to a value from the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Path(pub(super) Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

impl Path {
    pub(super) fn key(&self, key: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Key(key.to_owned()));
        Self(steps)
    }

    /// Goes on as a text says: `services[2].price`. What cannot be read of it is left off.
    pub(super) fn follow(&self, text: &str) -> Self {
        let mut path = self.clone();
        for part in text.split('.').filter(|part| !part.is_empty()) {
            let (key, indexes) = part.split_once('[').map_or((part, ""), |(key, rest)| (key, rest));
            path.0.push(Step::Key(key.to_owned()));
            let indexes = indexes.split(['[', ']']).filter_map(|index| index.parse().ok());
            path.0.extend(indexes.map(Step::Index));
        }
        path
    }

    pub(super) fn index(&self, index: usize) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Index(index));
        Self(steps)
    }
}

impl Node {
    /// Reads TOML. All mistakes of form come at once, with what could be read despite them.
    pub(super) fn parse(file: &str, text: &str) -> (Self, Vec<Problem>) {
        let lines = Lines::new(file, text);
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut problems: Vec<_> = errors
            .into_iter()
            .map(|error| Problem {
                place: lines.place(error.span().unwrap_or(0..0)),
                message: error.message().trim().replace('\n', ", "),
            })
            .collect();
        problems.sort();
        (lines.table(table.span(), table.get_ref()), problems)
    }

    /// What is at the end of a way.
    pub(super) fn at(&self, path: &Path) -> Option<&Self> {
        path.0.iter().try_fold(self, |node, step| match (&node.kind, step) {
            (Kind::Table(table), Step::Key(key)) => {
                table.entries.iter().find(|entry| entry.key == *key).map(|entry| &entry.node)
            }
            (Kind::Array(items), Step::Index(index)) => items.get(*index),
            _ => None,
        })
    }

    pub(super) fn at_mut(&mut self, steps: &[Step]) -> Option<&mut Self> {
        let mut node = self;
        for step in steps {
            node = match (&mut node.kind, step) {
                (Kind::Table(table), Step::Key(key)) => {
                    table.entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.node)?
                }
                (Kind::Array(items), Step::Index(index)) => items.get_mut(*index)?,
                _ => return None,
            };
        }
        Some(node)
    }

    /// Where a way ends: the key's place; of a way that leads nowhere, the nearest thing on it.
    pub(super) fn place(&self, path: &Path) -> Place {
        let mut node = self;
        let mut place = &self.place;
        for step in &path.0 {
            match (&node.kind, step) {
                (Kind::Table(table), Step::Key(key)) => {
                    let Some(entry) = table.entries.iter().find(|entry| entry.key == *key) else { break };
                    (node, place) = (&entry.node, &entry.place);
                }
                (Kind::Array(items), Step::Index(index)) => {
                    let Some(item) = items.get(*index) else { break };
                    (node, place) = (item, &item.place);
                }
                _ => break,
            }
        }
        place.clone()
    }

    /// The texts of one key in all tables of an array at the root.
    pub(super) fn names(&self, array: &str, key: &str) -> Vec<String> {
        let Some(Kind::Array(items)) = self.at(&Path::default().key(array)).map(|node| &node.kind) else {
            return Vec::new();
        };
        items.iter().filter_map(|item| item.at(&Path::default().key(key))?.text().map(str::to_owned)).collect()
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Kind::Scalar(Value::String(text)) = &self.kind { Some(text) } else { None }
    }

    pub(super) const fn table(&self) -> Option<&Table> {
        if let Kind::Table(table) = &self.kind { Some(table) } else { None }
    }

    /// How many items or keys it holds.
    pub(super) const fn len(&self) -> usize {
        match &self.kind {
            Kind::Scalar(_) => 0,
            Kind::Array(items) => items.len(),
            Kind::Table(table) => table.entries.len(),
        }
    }

    /// The values alone.
    pub(super) fn value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::Array(items) => Value::Array(items.iter().map(Self::value).collect()),
            Kind::Table(table) => {
                Value::Table(table.entries.iter().map(|entry| (entry.key.clone(), entry.node.value())).collect())
            }
        }
    }

    /// Takes one key or item out; a key is remembered as dropped.
    pub(super) fn remove(&mut self, path: &Path) -> bool {
        let Some((last, steps)) = path.0.split_last() else { return false };
        match (self.at_mut(steps).map(|node| &mut node.kind), last) {
            (Some(Kind::Table(table)), Step::Key(key)) => {
                let before = table.entries.len();
                table.entries.retain(|entry| entry.key != *key);
                table.dropped.push(key.clone());
                table.entries.len() < before
            }
            (Some(Kind::Array(items)), Step::Index(index)) if *index < items.len() => {
                items.remove(*index);
                true
            }
            _ => false,
        }
    }

    /// Lays `CHATPLUG__SECTION__KEY` variables over the tree. In an array of tables the segment is a number or the
    /// element's `id` or `name`, in capitals, with `_` for `-`.
    pub(super) fn overlay(&mut self, environment: &BTreeMap<String, String>) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, text) in environment.range(ENV_PREFIX.to_owned()..) {
            let Some(rest) = name.strip_prefix(ENV_PREFIX) else { break };
            let place = Place::Environment(name.clone());
            let segments: Vec<String> = rest.split("__").map(str::to_lowercase).collect();
            if segments.iter().any(String::is_empty) {
                problems.push(Problem { place, message: "a part of the name is empty".to_owned() });
            } else if let Err(message) = set(self, &segments, text, &place) {
                problems.push(Problem { place, message });
            }
        }
        problems
    }
}

fn set(node: &mut Node, segments: &[String], text: &str, place: &Place) -> Result<(), String> {
    let Some((segment, rest)) = segments.split_first() else {
        *node = environment_value(text, place);
        return Ok(());
    };
    match &mut node.kind {
        Kind::Table(table) => {
            let position = table.entries.iter().position(|entry| entry.key.to_lowercase() == *segment);
            let position = position.unwrap_or_else(|| {
                let kind = Kind::Table(Table::default());
                let node = Node { place: place.clone(), kind };
                table.entries.push(Entry { key: segment.clone(), place: place.clone(), node });
                table.entries.len() - 1
            });
            let Some(entry) = table.entries.get_mut(position) else { return Ok(()) };
            if rest.is_empty() {
                entry.place = place.clone();
            }
            set(&mut entry.node, rest, text, place)
        }
        Kind::Array(items) => {
            let named = items.iter().position(|item| {
                ["id", "name"].iter().any(|key| {
                    let name = item.at(&Path::default().key(key)).and_then(Node::text);
                    name.is_some_and(|name| slug(name) == *segment)
                })
            });
            let Some(item) = named.or_else(|| segment.parse().ok()).and_then(|index| items.get_mut(index)) else {
                return Err(format!("`{segment}` names no element of the file: use its number (from 0), id or name"));
            };
            set(item, rest, text, place)
        }
        Kind::Scalar(_) => Err(format!("`{segment}` would go into a value that has no parts")),
    }
}

fn slug(name: &str) -> String {
    name.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect()
}

/// A value from the environment: a table, list or quoted text is read as TOML; anything else is text until it is known
/// that another type is wanted (see [`retype`]).
fn environment_value(text: &str, place: &Place) -> Node {
    if text.trim_start().starts_with(['{', '[', '"', '\''])
        && let Some(value) = toml_value(text)
    {
        return plain(value, place);
    }
    Node { place: place.clone(), kind: Kind::Scalar(Value::String(text.to_owned())) }
}

/// Reads a text from the environment as a number or boolean, when it is one.
pub(super) fn retype(node: &mut Node) -> bool {
    if !matches!(node.place, Place::Environment(_)) {
        return false;
    }
    match node.text().and_then(toml_value) {
        Some(value @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_))) => {
            node.kind = Kind::Scalar(value);
            true
        }
        _ => false,
    }
}

fn toml_value(text: &str) -> Option<Value> {
    let mut table: toml::Table = toml::from_str(&format!("value = {text}")).ok()?;
    if table.len() == 1 { table.remove("value") } else { None }
}

fn plain(value: Value, place: &Place) -> Node {
    let kind = match value {
        Value::Array(items) => Kind::Array(items.into_iter().map(|item| plain(item, place)).collect()),
        Value::Table(table) => {
            let entry = |(key, value)| Entry { key, place: place.clone(), node: plain(value, place) };
            Kind::Table(Table { entries: table.into_iter().map(entry).collect(), dropped: Vec::new() })
        }
        scalar => Kind::Scalar(scalar),
    };
    Node { place: place.clone(), kind }
}

/// Turns byte offsets into lines and columns.
struct Lines<'t> {
    file: Arc<str>,
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(file: &str, text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { file: file.into(), text, starts }
    }

    fn place(&self, span: Range<usize>) -> Place {
        let line = self.starts.partition_point(|start| *start <= span.start).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..span.start).map_or(0, |text| text.chars().count()) + 1;
        Place::File { file: self.file.to_string(), line, column }
    }

    fn table(&self, span: Range<usize>, table: &DeTable<'_>) -> Node {
        let mut entries: Vec<_> = table
            .iter()
            .map(|(key, value)| {
                let entry =
                    Entry { key: key.get_ref().to_string(), place: self.place(key.span()), node: self.node(value) };
                (key.span().start, entry)
            })
            .collect();
        entries.sort_by_key(|(at, _)| *at);
        let entries = entries.into_iter().map(|(_, entry)| entry).collect();
        Node { place: self.place(span), kind: Kind::Table(Table { entries, dropped: Vec::new() }) }
    }

    fn node(&self, value: &Spanned<DeValue<'_>>) -> Node {
        let kind = match value.get_ref() {
            DeValue::Table(table) => return self.table(value.span(), table),
            DeValue::Array(items) => Kind::Array(items.iter().map(|item| self.node(item)).collect()),
            DeValue::String(text) => Kind::Scalar(Value::String(text.to_string())),
            DeValue::Boolean(value) => Kind::Scalar(Value::Boolean(*value)),
            DeValue::Datetime(value) => Kind::Scalar(Value::Datetime(*value)),
            number => Kind::Scalar(
                self.text
                    .get(value.span())
                    .and_then(toml_value)
                    // Numbers too large for TOML stay text and fail as the wrong type.
                    .unwrap_or_else(|| Value::String(number.type_str().to_owned())),
            ),
        };
        Node { place: self.place(value.span()), kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(node: &Node, path: &Path) -> usize {
        match node.place(path) {
            Place::File { line, .. } => line,
            Place::Environment(name) => panic!("{name}"),
        }
    }

    #[test]
    fn every_value_knows_its_line() {
        let text = "a = 1\n[b]\nc = \"x\"\n\n[[d]]\ne = 1_000\n[[d]]\nf = [1,\n 2]\n";
        let (node, problems) = Node::parse("f.toml", text);
        assert_eq!(problems, []);
        let root = Path::default();
        assert_eq!(line_of(&node, &root.key("a")), 1);
        assert_eq!(line_of(&node, &root.key("b").key("c")), 3);
        assert_eq!(line_of(&node, &root.key("d").index(0)), 5);
        assert_eq!(line_of(&node, &root.key("d").index(1)), 7);
        assert_eq!(line_of(&node, &root.key("d").index(1).key("missing")), 7);
        assert_eq!(line_of(&node, &root.key("d").index(1).key("f").index(1)), 9);
        assert_eq!(node.at(&root.key("d").index(0).key("e")).unwrap().value(), Value::Integer(1000));
    }

    #[test]
    fn mistakes_of_form_come_at_once() {
        let (_, problems) = Node::parse("f.toml", "a = \nb = 2\nc = [1,\n");
        let lines: Vec<_> = problems.iter().map(|problem| problem.place.to_string()).collect();
        assert!(lines.len() >= 2 && lines[0].starts_with("f.toml:1:"), "{problems:?}");
    }

    #[test]
    fn the_environment_is_laid_over() {
        let (mut node, _) = Node::parse("f.toml", "[server]\nbind = \"a\"\n[[tenant]]\nid = \"bella-vista\"\n");
        let environment = [
            ("CHATPLUG__SERVER__BIND", "b"),
            ("CHATPLUG__SERVER__WORKERS", "4"),
            ("CHATPLUG__TENANT__BELLA_VISTA__NAME", "Bella"),
            ("CHATPLUG__TENANT__9__NAME", "x"),
            ("CHATPLUG__STORE__URL", "sqlite:x"),
            ("CHATPLUG__SERVER__", "x"),
            ("OTHER", "x"),
        ];
        let environment = environment.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let problems = node.overlay(&environment);
        let places: Vec<_> = problems.iter().map(|problem| problem.place.to_string()).collect();
        assert_eq!(places, ["environment CHATPLUG__SERVER__", "environment CHATPLUG__TENANT__9__NAME"]);
        let root = Path::default();
        assert_eq!(node.at(&root.key("server").key("bind")).and_then(Node::text), Some("b"));
        assert_eq!(node.at(&root.key("tenant").index(0).key("name")).and_then(Node::text), Some("Bella"));
        assert_eq!(node.at(&root.key("store").key("url")).and_then(Node::text), Some("sqlite:x"));
        let workers = node.at_mut(&root.key("server").key("workers").0).unwrap();
        assert!(retype(workers) && workers.value() == Value::Integer(4));
        assert_eq!(node.names("tenant", "name"), ["Bella"]);
    }
}
