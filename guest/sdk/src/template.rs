//! Texts with placeholders for the part of a resource that the host wants, written as dlt's `rest_api` has them.
//!
//! `{incremental.start_value}` and `{incremental.end_value}` stand for the ends of the range; a doubled brace is a brace.
//! dlt's `initial_value` and `last_value` are the start as well: the host tells the lowest value that it wants, and has
//! chosen among them before.

use crate::{bindings::types::IncrementalRange, json::Json};

/// A text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Start,
    End,
}

/// The ends of the range that is wanted, as texts.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    /// The lowest value.
    pub start: Option<String>,
    /// The first value that is not wanted any more.
    pub end: Option<String>,
}

impl Ends {
    /// The ends of a range; a text without its quotes.
    pub fn of(range: Option<&IncrementalRange>) -> Self {
        let scalar = |json: &Option<String>| {
            let value = Json::parse(json.as_ref()?).ok()?;
            value.text().or_else(|| matches!(value.get(), "true" | "false").then(|| value.get().to_owned()))
        };
        range.map_or_else(Self::default, |range| Self { start: scalar(&range.start), end: scalar(&range.end) })
    }
}

impl Template {
    /// Reads a text; the error is one clause that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            let (brace, after) = from.split_at(1);
            if let Some(after) = after.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            let closed = if brace == "{" { after.split_once('}') } else { None };
            let part = closed.and_then(|(name, _)| match name {
                "incremental.start_value" | "incremental.initial_value" | "incremental.last_value" => Some(Part::Start),
                "incremental.end_value" => Some(Part::End),
                _ => None,
            });
            let after = closed.map_or("", |(_, after)| after);
            let Some(part) = part else {
                let what = &from[..from.len() - after.len()];
                return Err(format!("holds `{what}`, which nothing stands for; a brace is written twice"));
            };
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(part);
            rest = after;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }

    /// A text without placeholders, in which braces are braces.
    pub fn plain(text: &str) -> Self {
        Self(vec![Part::Text(text.to_owned())])
    }

    /// Whether it is the same whatever is wanted.
    pub fn is_plain(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// Fills in the ends, each written by `write`; none if one is asked for that there is not.
    pub fn fill(&self, ends: &Ends, write: impl Fn(&str) -> String) -> Option<String> {
        self.0
            .iter()
            .map(|part| match part {
                Part::Text(text) => Some(text.clone()),
                Part::Start => ends.start.as_deref().map(&write),
                Part::End => ends.end.as_deref().map(&write),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fill(text: &str, start: Option<&str>, end: Option<&str>) -> Result<Option<String>, String> {
        let ends = Ends { start: start.map(str::to_owned), end: end.map(str::to_owned) };
        Template::parse(text).map(|template| template.fill(&ends, str::to_owned))
    }

    #[test]
    fn placeholders_are_filled() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(fill(text, Some("s"), None), Ok(expect.map(str::to_owned)), "{text}");
        };
        check("", Some(""));
        check("plain", Some("plain"));
        check("{incremental.start_value}", Some("s"));
        check("a{incremental.last_value}b{incremental.initial_value}c", Some("asbsc"));
        check("{incremental.start_value},{incremental.end_value}", None);
        check("{{\"from\":\"{incremental.start_value}\"}}", Some("{\"from\":\"s\"}"));
        check("{{incremental.start_value}}", Some("{incremental.start_value}"));
        check("}}{{", Some("}{"));
        assert_eq!(fill("x>{incremental.end_value}", None, Some("é")), Ok(Some("x>é".to_owned())));
    }

    #[test]
    fn what_nothing_stands_for_is_named() {
        let check = |text: &str, what: &str| {
            let expect = format!("holds `{what}`, which nothing stands for; a brace is written twice");
            assert_eq!(fill(text, None, None), Err(expect), "{text}");
        };
        check("a{incremental.strt_value}b", "{incremental.strt_value}");
        check("{resources.chats.id}", "{resources.chats.id}");
        check("{}", "{}");
        check("{incremental.start_value", "{incremental.start_value");
        check("a}b", "}b");
        check("{{{é}}", "{é}");
    }

    proptest! {
        #[test]
        fn a_text_with_its_braces_doubled_is_itself(text in "[a-z{}é]{0,12}") {
            let doubled = text.replace('{', "{{").replace('}', "}}");
            prop_assert_eq!(fill(&doubled, None, None), Ok(Some(text)));
        }

        #[test]
        fn any_text_parses_or_fails(text in "[a-z{}.é]{0,24}") {
            let _ = Template::parse(&text);
        }
    }
}
