//! The path of a field: dotted names with `[n]` and `[*]`, of dlt's JSON paths those that name one value.

use std::{fmt, str::FromStr};

use crate::normalize::{
    parse::parse,
    tape::{Document, Node, Tape},
};

/// A path into a record, and the text that it was written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath {
    text: String,
    steps: Vec<Step>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// A member of an object.
    Key(String),
    /// An item of a list.
    Index(usize),
    /// Any item of a list, or member of an object: the first that leads on, or each of them.
    Any,
}

/// A text that is no path into a record.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is no path into a record: it {problem}")]
pub struct InvalidPath {
    path: String,
    problem: &'static str,
}

impl FieldPath {
    /// The text that it was written as, which dlt's state is kept under.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The place of the value in a record; none when there is none. A null is a value.
    pub(crate) fn find(&self, document: Document<'_>) -> Option<usize> {
        walk(document, 0, &self.steps)
    }

    /// The steps from a record to the value.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Hands each of the values to `found` that the path leads to. Where it leads into a text that is a JSON document, it goes
    /// on in there.
    pub(crate) fn each(&self, document: Document<'_>, found: &mut dyn FnMut(Document<'_>, usize)) {
        walk_each(document, 0, &self.steps, found);
    }
}

/// Hands each of the values to `found` that some steps lead to.
fn walk_each(document: Document<'_>, at: usize, steps: &[Step], found: &mut dyn FnMut(Document<'_>, usize)) {
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
        (Step::Any, Node::Array { .. }) => document.items(at).for_each(|at| walk_each(document, at, rest, found)),
        (Step::Any, Node::Object { .. }) => {
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
        (Step::Any, Node::Array { .. }) => document.items(at).find_map(|at| walk(document, at, rest)),
        (Step::Any, Node::Object { .. }) => document.members(at).find_map(|(_, at)| walk(document, at, rest)),
        _ => None,
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for FieldPath {
    type Err = InvalidPath;

    /// Reads `a.b[0].c`, with or without `$.` in front. A name that holds dots stands in quotes, as `"a.b"` or `['a.b']`.
    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        let steps = steps(text).map_err(|problem| InvalidPath { path: text.to_owned(), problem })?;
        Ok(Self { text: text.to_owned(), steps })
    }
}

fn steps(text: &str) -> Result<Vec<Step>, &'static str> {
    let mut rest =
        text.strip_prefix("$.").or_else(|| text.strip_prefix('$').filter(|rest| rest.starts_with('['))).unwrap_or(text);
    if rest.is_empty() || rest == "$" {
        return Err("names no field");
    }
    let mut steps = Vec::new();
    loop {
        let (step, after) = if let Some(inner) = rest.strip_prefix('[') { bracket(inner)? } else { name(rest)? };
        steps.push(step);
        rest = match after.strip_prefix('.') {
            Some(next) => next,
            None if after.is_empty() => return Ok(steps),
            None if after.starts_with('[') => after,
            None => return Err("lacks a dot between two names"),
        };
    }
}

/// A name, quoted or plain, and what follows it.
fn name(text: &str) -> Result<(Step, &str), &'static str> {
    if let Some(quote @ ('\'' | '"')) = text.chars().next() {
        return quoted(text, quote);
    }
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    match name.trim() {
        "" => Err("has an empty name"),
        "*" => Ok((Step::Any, after)),
        name => Ok((Step::Key(name.to_owned()), after)),
    }
}

fn quoted(text: &str, quote: char) -> Result<(Step, &str), &'static str> {
    let (name, after) = text[1..].split_once(quote).ok_or("has a quote without its end")?;
    Ok((Step::Key(name.to_owned()), after))
}

/// What follows a `[`: a step, and the rest after the `]`.
fn bracket(inner: &str) -> Result<(Step, &str), &'static str> {
    const OPEN: &str = "has a `[` without `]`";
    if let Some(quote @ ('\'' | '"')) = inner.chars().next() {
        let (step, after) = quoted(inner, quote)?;
        return Ok((step, after.strip_prefix(']').ok_or(OPEN)?));
    }
    let (index, after) = inner.split_once(']').ok_or(OPEN)?;
    let step = match index.trim() {
        "*" => Step::Any,
        index => Step::Index(index.parse().map_err(|_| "has something else than a number or `*` in brackets")?),
    };
    Ok((step, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::normalize::{parse::parse, tape::Tape};

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
    fn mistakes_are_told() {
        for (path, problem) in [
            ("", "names no field"),
            ("$", "names no field"),
            ("$.", "names no field"),
            ("a.", "has an empty name"),
            ("a..b", "has an empty name"),
            ("a[", "has a `[` without `]`"),
            ("a[x]", "has something else than a number or `*` in brackets"),
            ("a['b]", "has a quote without its end"),
            ("a['b'", "has a `[` without `]`"),
            ("a[0]b", "lacks a dot between two names"),
        ] {
            let error = path.parse::<FieldPath>().unwrap_err();
            assert_eq!(error.to_string(), format!("`{path}` is no path into a record: it {problem}"));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_path_or_none(text in "[a.$*'\"\\[\\]0 é]{0,12}") {
            if let Ok(path) = text.parse::<FieldPath>() {
                prop_assert_eq!(path.as_str(), text);
            }
        }
    }
}
