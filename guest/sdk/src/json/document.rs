//! A value whose objects are opened, so that looking something up does not mean to read the page again.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Json, Segment, envelope, members};

/// How many objects inside each other are opened: more than any envelope has.
const MAX_DEPTH: usize = 8;

/// A value whose objects are opened, down to some depth.
#[derive(Debug)]
pub struct Document<'a> {
    /// The value itself. Of what was opened along a path, only its kind can be told by this.
    pub json: Json<'a>,
    /// The members of an object in document order, duplicates kept; none if it lies too deep.
    members: Option<Vec<(String, Self)>>,
    /// The elements of a list, if it was opened along a path.
    items: Option<Vec<Json<'a>>>,
    /// Whether there may be line breaks in the elements.
    breaks: bool,
}

impl<'a> Document<'a> {
    /// Opens a text that must be one JSON value.
    pub fn parse(text: &'a str) -> serde_json::Result<Self> {
        let text = text.trim_ascii();
        if text.starts_with('{') {
            // The members are checked as they are told apart: the text is not passed over twice.
            let members = members(text)?.into_iter().map(|(key, json)| (key, Self::open(json, 1))).collect();
            Ok(Self { members: Some(members), ..Self::of(Json(text)) })
        } else {
            Ok(Self::of(Json::parse(text)?))
        }
    }

    /// Opens a text that is likely to have a list at a path, and the list with it: nothing is passed over twice then.
    pub fn parse_along(text: &'a str, path: &[Segment]) -> serde_json::Result<Self> {
        // The scan is for vectors; byte by byte it is no faster than the parser, and is there for its tests.
        if cfg!(any(test, target_feature = "simd128"))
            && let Some(document) = envelope::open(text, path)
        {
            return Ok(document);
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let along =
            Along(path).deserialize(&mut deserializer).and_then(|document| deserializer.end().map(|()| document));
        // Whatever is different there is told by the plain way.
        along.or_else(|_| Self::parse(text))
    }

    fn of(json: Json<'a>) -> Self {
        Self { json, members: None, items: None, breaks: true }
    }

    pub(super) fn of_list(items: Vec<Json<'a>>, breaks: bool) -> Self {
        Self { items: Some(items), breaks, ..Self::of(Json("[]")) }
    }

    pub(super) fn of_members(members: Vec<(String, Self)>) -> Self {
        Self { members: Some(members), ..Self::of(Json("{}")) }
    }

    pub(super) fn open(json: Json<'a>, depth: usize) -> Self {
        let members = (json.is_object() && depth < MAX_DEPTH)
            .then(|| json.members().into_iter().map(|(key, json)| (key, Self::open(json, depth + 1))).collect());
        Self { members, ..Self::of(json) }
    }

    /// The members of an object in document order; none of anything else, and none of what lies too deep.
    pub fn members(&self) -> &[(String, Self)] {
        self.members.as_deref().unwrap_or_default()
    }

    /// The member with a name. Of several the last one counts, as in most readers.
    pub fn member(&self, name: &str) -> Option<&Self> {
        self.members().iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Whether there may be line breaks between the tokens of what lies at a path.
    pub fn may_break(&self, path: &[Segment]) -> bool {
        match path {
            [Segment::Key(key), rest @ ..] => self.member(key).is_none_or(|member| member.may_break(rest)),
            _ => self.breaks,
        }
    }

    /// The elements of the list at a path, if it was opened along that path.
    pub fn opened(&self, path: &[Segment]) -> Option<&[Json<'a>]> {
        match path {
            [] => self.items.as_deref(),
            [Segment::Key(key), rest @ ..] => self.member(key)?.opened(rest),
            _ => None,
        }
    }
}

/// Opens the value at a path of names, which must be a list or not be there; anything else is an error.
struct Along<'p>(&'p [Segment]);

impl<'de> DeserializeSeed<'de> for Along<'_> {
    type Value = Document<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Along<'_> {
    type Value = Document<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list at the path")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let [Segment::Key(name), rest @ ..] = self.0 else { return Err(A::Error::custom("no list")) };
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = if key == *name {
                map.next_value_seed(Along(rest))?
            } else {
                Document::open(Json(map.next_value::<&RawValue>()?.get()), 1)
            };
            members.push((key, value));
        }
        Ok(Document::of_members(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        if !self.0.is_empty() {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Err(A::Error::custom("a list on the way"));
        }
        let mut items = Vec::new();
        while let Some(item) = list.next_element::<&RawValue>()? {
            items.push(Json(item.get()));
        }
        Ok(Document::of_list(items, true))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Document::of(Json("null")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::Path;

    #[test]
    fn opened() {
        let document = Document::parse(" {\"a\":{\"b\":[1]},\"c\":1,\"c\":2}\n").unwrap();
        assert_eq!(document.json.get(), "{\"a\":{\"b\":[1]},\"c\":1,\"c\":2}");
        assert_eq!(document.member("a").unwrap().member("b").unwrap().json.get(), "[1]");
        assert_eq!(document.member("c").unwrap().json.get(), "2");
        assert_eq!(Document::parse("[1]").unwrap().members().len(), 0);
        for text in ["", "{", "{}x", "{\"a\":}", "{\"a\":[1,}", "[1", "nul", "{\"a\":\"\n\"}"] {
            assert!(Document::parse(text).is_err(), "{text}");
            assert!(Document::parse_along(text, &[]).is_err(), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_no_recursion() {
        let objects = format!("{}1{}", "{\"a\":".repeat(200_000), "}".repeat(200_000));
        assert_eq!(Document::parse(&objects).unwrap().members().len(), 1);
    }

    #[test]
    fn a_broken_record_costs_itself_and_a_broken_envelope_all() {
        let path: Path = "a.b".parse().unwrap();
        let open = |text: &str| Document::parse_along(text, &path.0).is_ok();
        let document = Document::parse_along(r#"{"n":1,"a":{"b":[{"x":tru},{"x":1}]}}"#, &path.0).unwrap();
        assert_eq!(document.opened(&path.0).unwrap(), [Json(r#"{"x":tru}"#), Json(r#"{"x":1}"#)]);
        let whole = r#"{"n":1,"a":{"b":[{"x":"é\\\""},{"x":[1]}]},"m":[{}]}"#;
        assert!(open(whole));
        for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            assert!(!open(&whole[..end]), "cut after {end} bytes");
        }
        for text in [
            r#"{"n":tru,"a":{"b":[{}]}}"#,
            r#"{"a":{"b":[{}]},}"#,
            r#"{"a":{"b":[{}]}}x"#,
            r#"{"a":{"b":[{}]},"n":[1,}"#,
        ] {
            assert!(!open(text), "{text}");
        }
    }

    #[test]
    fn line_breaks_are_known() {
        let path: Path = "a".parse().unwrap();
        for (text, expect) in [(r#"{"a":[{"x":1}]}"#, false), ("{\"a\":[{\"x\":\n1}]}", true), (r#"{"a":[1]}"#, true)] {
            assert_eq!(Document::parse_along(text, &path.0).unwrap().may_break(&path.0), expect, "{text}");
        }
    }

    #[test]
    fn along() {
        let check = |text: &str, path: &str, expect: Option<&[&str]>| {
            let path: Path = path.parse().unwrap();
            let document = Document::parse_along(text, &path.0).unwrap();
            let items = document.opened(&path.0).map(|items| items.iter().map(|item| item.get()).collect::<Vec<_>>());
            assert_eq!(items.as_deref(), expect, "{text} {path}");
        };
        check(" [1, {\"a\": 2}] ", "$", Some(&["1", "{\"a\": 2}"]));
        check(r#"{"n":1,"a":{"b":[1.0,[2]],"c":{"d":1}}}"#, "a.b", Some(&["1.0", "[2]"]));
        check(r#"{"a":[]}"#, "a", Some(&[]));
        // Not a list, not there, or not a path of names alone: looked up as usual.
        check(r#"{"a":{"id":1}}"#, "a", None);
        check(r#"{"a":5}"#, "a", None);
        check(r#"{"a":null}"#, "a", None);
        check(r#"{"b":[]}"#, "a", None);
        check(r#"{"a":[[1]]}"#, "a[0]", None);
        check("5", "$", None);
    }

    proptest! {
        /// Both ways find the same.
        #[test]
        fn the_way_does_not_matter(
            a in "null|5|\"x\"|\\[\\]|\\[1, 2\\]|\\{\"b\":(1|\\[3\\]|null)\\}",
            b in "1|true|\\{\"c\":\\[\\]\\}|\\[7\\]",
            path in "\\$|a|b|a\\.b|b\\.c|a\\[0\\]",
        ) {
            let text = format!("{{\"a\":{a},\"b\":{b}}}");
            let path: Path = path.parse().unwrap();
            let plain = Document::parse(&text).unwrap();
            let along = Document::parse_along(&text, &path.0).unwrap();
            let items = |document: &Document<'_>| match document.opened(&path.0) {
                Some(items) => items.iter().map(|item| item.get().to_owned()).collect::<Vec<_>>(),
                None => path.find(document).iter().flat_map(|json| json.items()).map(|item| item.get().to_owned()).collect(),
            };
            prop_assert_eq!(items(&plain), items(&along));
            for other in ["a", "b", "b.c", "a.b"] {
                let other: Path = other.parse().unwrap();
                let kind = |document: &Document<'_>| other.first(document).map(|json| (json.is_list(), json.is_null(), json.text()));
                prop_assert_eq!(kind(&plain), kind(&along));
            }
        }
    }
}
