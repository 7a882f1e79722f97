//! Signs: the values by which records are known to be of one person.

use std::fmt;

use super::Marks;
use crate::normalize::tape::{Document, Node};

/// Digits up to which a whole number is exact as a floating-point number.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A value that tells whose a record is: of an identity, or of what belongs to one person.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sign {
    /// Signs of one kind are compared with each other.
    pub kind: String,
    /// One value, or several that are one together.
    pub parts: Vec<String>,
}

impl Sign {
    /// A sign of one value.
    pub fn new(kind: &str, value: &str) -> Self {
        Self { kind: kind.to_owned(), parts: vec![value.to_owned()] }
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.parts.join("/"))
    }
}

/// A client as a person calls them: an identity, or one of a kind, as `visitor:90017/311`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The only kind that is meant; none: whichever has it.
    pub kind: Option<String>,
    /// The identity.
    pub id: String,
}

/// Somebody who is looked for among records in which values may be hashed.
#[derive(Clone, Debug)]
pub struct Sought<'a> {
    asked: &'a Asked,
    /// The identity and its parts, as they are compared.
    id: String,
    parts: Vec<String>,
}

impl<'a> Sought<'a> {
    /// Looks for somebody by marks.
    pub fn new(asked: &'a Asked, marks: &Marks) -> Self {
        let parts = asked.id.split('/').map(|part| marks.canonical(part.to_owned())).collect();
        Self { asked, id: marks.canonical(asked.id.clone()), parts }
    }

    /// Whether a sign is what was meant: by its last part, or by all of them.
    pub fn is(&self, sign: &Sign) -> bool {
        self.asked.kind.as_ref().is_none_or(|kind| *kind == sign.kind)
            && (sign.parts.last() == Some(&self.id) || (sign.parts.len() > 1 && sign.parts == self.parts))
    }
}

impl Asked {
    /// Reads what a person wrote. What stands before a colon is a kind if there is such a one, and else part of the identity.
    pub fn read<'a>(text: &str, kinds: impl IntoIterator<Item = &'a str>) -> Self {
        let split = text.split_once(':').filter(|(kind, id)| !id.is_empty() && kinds.into_iter().any(|k| k == *kind));
        match split {
            Some((kind, id)) => Self { kind: Some(kind.to_owned()), id: id.trim().to_owned() },
            None => Self { kind: None, id: text.trim().to_owned() },
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Some(kind) => write!(f, "{kind}:{}", self.id),
            None => f.write_str(&self.id),
        }
    }
}

/// The text of a value that can be a sign: a text or a number, one spelling for both. None for any other, and for nothing.
pub(crate) fn scalar(document: Document<'_>, at: usize) -> Option<String> {
    let text = match document.node(at) {
        node @ (Node::Text(_) | Node::Unescaped(_)) => document.string(node).trim().to_owned(),
        Node::Int(number) => number.to_string(),
        Node::Float(number) if number.fract() == 0.0 && number.abs() < EXACT => format!("{number:.0}"),
        Node::Float(number) => number.to_string(),
        Node::BigInt(span) | Node::HugeFloat(span) => document.span(span).to_owned(),
        Node::Null | Node::Bool(_) | Node::Array { .. } | Node::Object { .. } => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// One spelling of a mail address or a telephone number. None for what can be neither: too short to tell anybody by.
pub(crate) fn contact(text: &str) -> Option<String> {
    let text = text.trim();
    if text.contains('@') {
        return Some(text.to_lowercase());
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_phone = text.chars().all(|c| c.is_ascii_digit() || "+-(). /".contains(c));
    match is_phone {
        true if digits.len() >= 6 => Some(digits),
        true => None,
        false => (text.chars().count() >= 6).then(|| text.to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::{parse::parse, tape::Tape};

    #[test]
    fn numbers_and_texts_are_one_value() {
        let check = |json: &str, expect: Option<&str>| {
            let mut tape = Tape::default();
            parse(json, &mut tape).unwrap();
            assert_eq!(scalar(Document { text: json, tape: &tape }, 0).as_deref(), expect, "{json}");
        };
        check("312", Some("312"));
        check("312.0", Some("312"));
        check("\"312\"", Some("312"));
        check("\" 3\\u00312 \"", Some("312"));
        check("99999999999999999999", Some("99999999999999999999"));
        check("1.5", Some("1.5"));
        for json in ["null", "true", "\" \"", "[1]", "{}"] {
            check(json, None);
        }
    }

    #[test]
    fn contacts_have_one_spelling() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(contact(text).as_deref(), expect, "{text}");
        check(" Vera@Example.org", Some("vera@example.org"));
        check("+1 (555) 01-00", Some("15550100"));
        check("15550100", Some("15550100"));
        check("112", None);
        check("vera.lind", Some("vera.lind"));
        check("vera", None);
        check("", None);
    }

    #[test]
    fn a_person_is_asked_for_by_an_identity_or_one_of_a_kind() {
        let sign = |kind: &str, parts: &[&str]| Sign {
            kind: kind.into(),
            parts: parts.iter().map(|part| (*part).to_owned()).collect(),
        };
        let kinds = ["client", "visitor"];
        let marks = Marks::default();
        let asked = |text: &str| Asked::read(text, kinds);
        let is = |text: &str, sign: Sign| Sought::new(&asked(text), &marks).is(&sign);
        assert!(is("312", sign("client", &["312"])) && is("312", sign("visitor", &["90017", "312"])));
        assert!(!is("client:312", sign("visitor", &["90017", "312"])));
        assert!(is("visitor:90017/312", sign("visitor", &["90017", "312"])));
        assert!(!is("visitor:90018/312", sign("visitor", &["90017", "312"])));
        assert!(!is("90017", sign("visitor", &["90017", "312"])));
        assert!(is("urn:x", sign("client", &["urn:x"])));
        assert_eq!(asked("visitor:1").to_string(), "visitor:1");
        assert_eq!(sign("visitor", &["90017", "312"]).to_string(), "visitor:90017/312");
    }
}
