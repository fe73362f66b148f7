//! Reads a tree into a type and tells *all* that does not fit, not the first thing only.
//!
//! Serde stops at the first error. So each error is noted, what caused it is taken out of the tree, and the rest is
//! read again.

use super::{
    document::{Node, Path, Step, retype},
    problem::{Problem, suggestion},
};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

/// More than these are not worth reading at once.
const MOST: usize = 200;

/// Reads the part of a tree at `base`; what is wrong goes to `problems` and out of the tree.
pub(super) fn read<T: DeserializeOwned>(root: &mut Node, base: &Path, problems: &mut Vec<Problem>) -> Option<T> {
    for _ in 0..MOST {
        let value = root.at(base)?.value();
        let error = match serde_path_to_error::deserialize::<_, T>(value) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let path = follow(base, error.path());
        if root.at_mut(&path.0).is_some_and(retype) {
            continue;
        }
        let raw = error.inner().message().to_owned();
        let dropped = root.at(&path).and_then(Node::table).map_or(&[][..], |table| &table.dropped);
        let (message, consequence) = match missing(&raw) {
            Some(key) => (format!("`{key}` is missing here"), dropped.iter().any(|dropped| dropped == key)),
            None => (explain(&raw), !dropped.is_empty()),
        };
        if !consequence {
            problems.push(Problem { place: root.place(&path), message });
        }
        // The whole cannot be read without the part at its root.
        if path == *base || !root.remove(&path) {
            return None;
        }
    }
    None
}

fn follow(base: &Path, path: &serde_path_to_error::Path) -> Path {
    let mut whole = base.clone();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => whole.0.push(Step::Index(*index)),
            Segment::Map { key } => whole.0.push(Step::Key(key.clone())),
            // A variant is not a step of the tree, or is the key that comes with it.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    whole
}

fn missing(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// Serde's words in ours, with the nearest known one.
fn explain(message: &str) -> String {
    for (prefix, what) in [("unknown field `", "unknown key"), ("unknown variant `", "unknown value")] {
        let Some((word, rest)) = message.strip_prefix(prefix).and_then(|rest| rest.split_once('`')) else { continue };
        // The rest reads: , expected one of `a`, `b`
        let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        return format!("{what} `{word}`{}", suggestion(word, known));
    }
    message.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shop {
        #[serde(default)]
        open: bool,
        #[serde(default)]
        item: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Item {
        name: String,
        #[serde(default)]
        size: Size,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Size {
        #[default]
        Small,
        Large,
    }

    #[test]
    fn all_errors_come_at_once_and_the_rest_is_read() {
        let text = "opne = true\nopen = \"yes\"\n[[item]]\nname = \"a\"\nsize = \"larg\"\n[[item]]\nsize = \"large\"\n\
                    [[item]]\nname = \"c\"\nsize = \"large\"\n[[item]]\nname = 5\n";
        let (mut node, _) = Node::parse("f.toml", text);
        let mut problems = Vec::new();
        let shop: Shop = read(&mut node, &Path::default(), &mut problems).unwrap();
        let mut told: Vec<_> = problems.iter().map(ToString::to_string).collect();
        told.sort();
        assert_eq!(
            told,
            [
                "f.toml:12:1: invalid type: integer `5`, expected a string",
                "f.toml:1:1: unknown key `opne`; did you mean `open`?",
                "f.toml:2:1: invalid type: string \"yes\", expected a boolean",
                "f.toml:5:1: unknown value `larg`; did you mean `large`?",
                "f.toml:6:1: `name` is missing here",
            ]
        );
        assert_eq!(shop.item.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), ["a", "c"]);
        assert!(!shop.open && shop.item[0].size == Size::Small && shop.item[1].size == Size::Large);
    }
}
