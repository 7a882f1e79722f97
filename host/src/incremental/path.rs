//! The path of a field: a path into JSON that leads to values of any kind, the first or each of them.

use std::{fmt, str::FromStr};

pub use crate::json_path::InvalidPath;
use crate::{
    json_path::{JsonPath, Step},
    normalize::{
        parse::parse,
        tape::{Document, Node, Tape},
    },
};

/// A path into a record, and the text that it was written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath(JsonPath);

impl FieldPath {
    /// The text that it was written as, which dlt's state is kept under.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The place of the value in a record; none when there is none. A null is a value.
    pub(crate) fn find(&self, document: Document<'_>) -> Option<usize> {
        walk(document, 0, self.0.steps())
    }

    /// The steps from a record to the value.
    pub(crate) fn steps(&self) -> &[Step] {
        self.0.steps()
    }

    /// Hands each of the values to `found` that the path leads to. Where it leads into a text that is a JSON document, it goes
    /// on in there.
    pub(crate) fn each(&self, document: Document<'_>, found: &mut dyn FnMut(Document<'_>, usize)) {
        walk_each(document, 0, self.0.steps(), found);
    }
}

/// Hands each of the values to `found` that some steps lead to.
pub(crate) fn walk_each(document: Document<'_>, at: usize, steps: &[Step], found: &mut dyn FnMut(Document<'_>, usize)) {
    let Some((step, rest)) = steps.split_first() else { return found(document, at) };
    match (step, document.node(at)) {
        (Step::Key(key), Node::Object { .. }) => {
            let last = document.members(at).filter(|(name, _)| *name == key.as_bytes()).last();
            if let Some((_, at)) = last {
                walk_each(document, at, rest, found);
            }
        }
        (Step::Index(index), Node::Array { .. }) => {
            if let Some(at) = document.items(at).nth(*index) {
                walk_each(document, at, rest, found);
            }
        }
        (Step::Any | Step::Items, Node::Array { .. }) => {
            document.items(at).for_each(|at| walk_each(document, at, rest, found));
        }
        (Step::Any | Step::Items, Node::Object { .. }) => {
            document.members(at).for_each(|(_, at)| walk_each(document, at, rest, found));
        }
        (_, node @ (Node::Text(_) | Node::Unescaped(_))) => {
            let text = document.string(node);
            let mut tape = Tape::default();
            // Another text cannot be one that leads on, and is not read for nothing.
            if text.trim_start().starts_with(['{', '[']) && parse(text, &mut tape).is_ok() {
                walk_each(Document { text, tape: &tape }, 0, steps, found);
            }
        }
        _ => {}
    }
}

fn walk(document: Document<'_>, at: usize, steps: &[Step]) -> Option<usize> {
    let Some((step, rest)) = steps.split_first() else { return Some(at) };
    match (step, document.node(at)) {
        // Of members with the same key the last one counts.
        (Step::Key(key), Node::Object { .. }) => {
            let last = document.members(at).filter(|(name, _)| *name == key.as_bytes()).last();
            last.and_then(|(_, at)| walk(document, at, rest))
        }
        (Step::Index(index), Node::Array { .. }) => {
            document.items(at).nth(*index).and_then(|at| walk(document, at, rest))
        }
        // The first that leads on.
        (Step::Any | Step::Items, Node::Array { .. }) => document.items(at).find_map(|at| walk(document, at, rest)),
        (Step::Any | Step::Items, Node::Object { .. }) => {
            document.members(at).find_map(|(_, at)| walk(document, at, rest))
        }
        _ => None,
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for FieldPath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        text.parse::<JsonPath>()?.without_scalar().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str =
        r#"{"id":1,"created_at":"x","a":{"b":[{"c":2},{"c":3}],"b.c":4,"n":null},"l":[[5],[]],"id":6}"#;

    fn find(path: &str) -> Option<String> {
        let path: FieldPath = path.parse().unwrap();
        let mut tape = Tape::default();
        parse(RECORD, &mut tape).unwrap();
        let document = Document { text: RECORD, tape: &tape };
        let mut out = String::new();
        crate::normalize::json_text::write(document, path.find(document)?, &mut out);
        Some(out)
    }

    #[test]
    fn values_are_found() {
        for (path, expected) in [
            ("created_at", Some("\"x\"")),
            ("$.created_at", Some("\"x\"")),
            ("$['created_at']", Some("\"x\"")),
            ("id", Some("6")),
            ("a.b[1].c", Some("3")),
            ("a.b[*].c", Some("2")),
            ("a.b.[0].c", Some("2")),
            ("a.*[1].c", Some("3")),
            ("a.\"b.c\"", Some("4")),
            ("a['b.c']", Some("4")),
            ("a.n", Some("null")),
            ("l[0][0]", Some("5")),
            ("l[*][0]", Some("5")),
            ("l[1][0]", None),
            ("a.c", None),
            ("created_at.x", None),
            ("id[0]", None),
            ("$ref", None),
        ] {
            assert_eq!(find(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn each_value_is_found() {
        let text =
            r#"{"l":[{"c":1},{"c":2,"c":3},4],"o":{"x":5,"y":[6]},"t":"{\"a\":[{\"b\":7},{\"b\":8}]}","u":"[9"}"#;
        let mut tape = Tape::default();
        parse(text, &mut tape).unwrap();
        let check = |path: &str, expected: &[&str]| {
            let mut found = Vec::new();
            path.parse::<FieldPath>().unwrap().each(Document { text, tape: &tape }, &mut |document, at| {
                let mut out = String::new();
                crate::normalize::json_text::write(document, at, &mut out);
                found.push(out);
            });
            assert_eq!(found, expected, "{path}");
        };
        check("l[*].c", &["1", "3"]);
        check("l[2]", &["4"]);
        check("o.*", &["5", "[6]"]);
        check("t.a[*].b", &["7", "8"]);
        check("u[0]", &[]);
        check("l.c", &[]);
    }

    #[test]
    fn a_field_is_a_value_of_any_kind() {
        let error = "a[scalar]".parse::<FieldPath>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`a[scalar]` is no path into a record: it has something else than a number or `*` in brackets"
        );
    }
}
