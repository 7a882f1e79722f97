//! Paths into JSON: dotted names with `[n]` and `[*]`, as configuration and cursors write them.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
};

use super::{Document, Json};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A member of an object.
    Key(String),
    /// An element of a list, counted from 0.
    Index(usize),
    /// Every element of a list, or every member of an object.
    All,
}

/// A path into a document; the empty one, written `$`, is the document itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(pub Vec<Segment>);

impl Path {
    /// The values at this path, in document order.
    pub fn find<'a>(&self, document: &Document<'a>) -> Vec<Json<'a>> {
        let mut document = document;
        let mut segments = self.0.as_slice();
        while let [Segment::Key(key), rest @ ..] = segments
            && let Some(member) = document.member(key)
        {
            (document, segments) = (member, rest);
        }
        let mut found = vec![document.json];
        for segment in segments {
            found = found.into_iter().flat_map(|value| step(segment, value)).collect();
        }
        found
    }

    /// The first value at this path.
    pub fn first<'a>(&self, document: &Document<'a>) -> Option<Json<'a>> {
        self.find(document).into_iter().next()
    }

    /// Whether the path may lead to several values.
    pub fn is_plural(&self) -> bool {
        self.0.contains(&Segment::All)
    }

    /// The path of a sibling of what this one leads to.
    #[must_use]
    pub fn sibling(&self, key: &str) -> Self {
        let mut segments = self.0.clone();
        segments.pop();
        segments.push(Segment::Key(key.to_owned()));
        Self(segments)
    }
}

fn step<'a>(segment: &Segment, value: Json<'a>) -> Vec<Json<'a>> {
    match segment {
        Segment::Key(key) => value.member(key).into_iter().collect(),
        Segment::Index(index) => value.items().get(*index).copied().into_iter().collect(),
        Segment::All if value.is_list() => value.items(),
        Segment::All => value.members().into_iter().map(|(_, value)| value).collect(),
    }
}

impl From<&str> for Path {
    /// Reads a path that an author wrote; a text that is no path is the name of one member.
    fn from(text: &str) -> Self {
        text.parse().unwrap_or_else(|_| Self(vec![Segment::Key(text.to_owned())]))
    }
}

impl FromStr for Path {
    type Err = String;

    /// Reads `a.b[0].c[*]`, with or without `$` or `$.` in front; names in brackets and quotes may hold anything,
    /// with a backslash before a quote or a backslash.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut segments = Vec::new();
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err("is empty".to_owned());
        }
        let mut rest = match trimmed.strip_prefix('$') {
            Some(rest) if rest.is_empty() || rest.starts_with(['.', '[']) => rest.strip_prefix('.').unwrap_or(rest),
            _ => trimmed,
        };
        if rest.is_empty() && trimmed != "$" {
            return Err("ends with a dot".to_owned());
        }
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let (segment, after) = bracket(inner)?;
                segments.push(segment);
                rest = after;
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                match &rest[..end] {
                    "" => return Err("has an empty name".to_owned()),
                    "*" => segments.push(Segment::All),
                    name => segments.push(Segment::Key(name.to_owned())),
                }
                rest = &rest[end..];
            }
            if let Some(after) = rest.strip_prefix('.') {
                if after.is_empty() {
                    return Err("ends with a dot".to_owned());
                }
                rest = after;
            } else if !rest.is_empty() && !rest.starts_with('[') {
                return Err("lacks a dot after `]`".to_owned());
            }
        }
        Ok(Self(segments))
    }
}

/// Reads what follows a `[`, and gives the rest after the `]`.
fn bracket(inner: &str) -> Result<(Segment, &str), String> {
    let open = || "has a `[` without `]`".to_owned();
    let Some(quote) = inner.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
        let (index, after) = inner.split_once(']').ok_or_else(open)?;
        let segment = match index.trim() {
            "*" => Segment::All,
            index => Segment::Index(
                index.parse().map_err(|_| format!("has `[{index}]`: only a number or `*` can stand there"))?,
            ),
        };
        return Ok((segment, after));
    };
    let mut name = String::new();
    let mut chars = inner.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => name.extend(chars.next().map(|(_, escaped)| escaped)),
            c if c == quote => {
                let after = inner[at + 1..].strip_prefix(']').ok_or_else(open)?;
                return Ok((Segment::Key(name), after));
            }
            c => name.push(c),
        }
    }
    Err("has a quote without its end".to_owned())
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("$");
        }
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(name) if is_plain(name) => {
                    f.write_str(if at > 0 { "." } else { "" })?;
                    f.write_str(name)?;
                }
                Segment::Key(name) => {
                    f.write_str("['")?;
                    for c in name.chars() {
                        if matches!(c, '\\' | '\'') {
                            f.write_char('\\')?;
                        }
                        f.write_char(c)?;
                    }
                    f.write_str("']")?;
                }
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::All => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name != "*" && !name.starts_with('$') && name.trim() == name && !name.contains(['.', '[', ']'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parse_and_show() {
        let check = |input: &str, expect: Result<&str, &str>| {
            let path = input.parse::<Path>().map(|path| path.to_string());
            assert_eq!(path.as_deref().map_err(String::as_str), expect, "{input}");
        };
        check("data", Ok("data"));
        check("$", Ok("$"));
        check("$.data.items", Ok("data.items"));
        check("$[0].a", Ok("[0].a"));
        check("a[*].b[2]", Ok("a[*].b[2]"));
        check("a.*.b", Ok("a[*].b"));
        check("$ref", Ok("['$ref']"));
        check("['a.b'].c", Ok("['a.b'].c"));
        check("[\"a.'b\"]", Ok("['a.\\'b']"));
        check("", Err("is empty"));
        check("$.", Err("ends with a dot"));
        check("a.", Err("ends with a dot"));
        check("a..b", Err("has an empty name"));
        check("a[", Err("has a `[` without `]`"));
        check("a[x]", Err("has `[x]`: only a number or `*` can stand there"));
        check("a[0]b", Err("lacks a dot after `]`"));
        check("['a", Err("has a quote without its end"));
    }

    #[test]
    fn find() {
        let document =
            Document::parse(r#"{"a":[{"b":[1,2]},{"b":3},{"c":4}],"d":{"x":5,"y":6},"d2":1,"d2":2}"#).unwrap();
        let check = |path: &str, expect: &[&str]| {
            let path: Path = path.parse().unwrap();
            assert_eq!(path.find(&document).iter().map(|raw| raw.get()).collect::<Vec<_>>(), expect, "{path}");
        };
        check("a[*].b", &["[1,2]", "3"]);
        check("a[0].b[1]", &["2"]);
        check("a[9]", &[]);
        check("d.*", &["5", "6"]);
        check("d2", &["2"]);
        check("a.b", &[]);
        check("d[0]", &[]);
    }

    proptest! {
        #[test]
        fn shown_and_read_again(names in prop::collection::vec(".{0,6}|[a-z'\\\\.]{1,4}", 0..4), index in 0usize..9) {
            let mut segments: Vec<_> = names.into_iter().map(Segment::Key).collect();
            segments.push(Segment::Index(index));
            segments.push(Segment::All);
            let path = Path(segments);
            prop_assert_eq!(path.to_string().parse::<Path>(), Ok(path));
        }

        #[test]
        fn any_text_parses_or_fails(text in ".{0,30}") {
            let _ = text.parse::<Path>();
        }
    }
}
