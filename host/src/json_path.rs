//! Paths into JSON: dotted names with `[n]` and `[*]`, of dlt's JSON paths those without conditions.

use std::{fmt, str::FromStr};

/// A path into a record, and the text that it was written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath {
    text: String,
    steps: Vec<Step>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// The member of an object.
    Key(String),
    /// An item of a list, counted from 0.
    Index(usize),
    /// Any member of an object, or item of a list. Written `*`.
    Any,
    /// The same, written `[*]`.
    Items,
    /// The value itself, where it is neither an object nor a list. Written `[scalar]`, at the end alone.
    Scalar,
}

/// A text that is no path into a record.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is no path into a record: it {problem}")]
pub struct InvalidPath {
    path: String,
    problem: &'static str,
}

/// What is wrong with a path that has something else in brackets.
const IN_BRACKETS: &str = "has something else than a number or `*` in brackets";

impl JsonPath {
    /// The text that it was written as.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The path, if it has no `[scalar]`: whoever looks for one value wants it of whatever kind it is.
    ///
    /// # Errors
    /// When it has `[scalar]`.
    pub(crate) fn without_scalar(self) -> Result<Self, InvalidPath> {
        if self.steps.contains(&Step::Scalar) {
            return Err(InvalidPath { path: self.text, problem: IN_BRACKETS });
        }
        Ok(self)
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for JsonPath {
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
        if steps.last() == Some(&Step::Scalar) && !after.is_empty() {
            return Err("goes on after `[scalar]`, which has nothing in it");
        }
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
        "*" => Step::Items,
        "scalar" => Step::Scalar,
        index => Step::Index(index.parse().map_err(|_| IN_BRACKETS)?),
    };
    Ok((step, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            ("a[scalar].b", "goes on after `[scalar]`, which has nothing in it"),
            ("a[scalar][*]", "goes on after `[scalar]`, which has nothing in it"),
        ] {
            let error = path.parse::<JsonPath>().unwrap_err();
            assert_eq!(error.to_string(), format!("`{path}` is no path into a record: it {problem}"));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_path_or_none(text in "[a.$*'\"\\[\\]0 é]{0,12}") {
            if let Ok(path) = text.parse::<JsonPath>() {
                prop_assert_eq!(path.as_str(), text);
            }
        }
    }
}
