//! Texts that are no records, such as those that were rejected: whether they name a person. They may be broken JSON, so they
//! are read token by token, and each token as a whole: half of a number is nobody.

use super::{Marks, Meaning};
use crate::json_path::Step;

/// An identity so long is nobody else's by chance, wherever it stands. A shorter one must stand where identities do.
const UNMISTAKABLE: usize = 8;

/// One scalar of a text, and the names of the members that it is in, outermost first.
struct Scalar<'a> {
    value: String,
    place: &'a [String],
}

/// Whether one of the scalars of a text is an identity or a contact. Contacts are compared in one spelling.
pub(super) fn names(
    text: &str,
    marks: &Marks,
    is_identity: &dyn Fn(&str) -> bool,
    is_contact: &dyn Fn(&str) -> bool,
) -> bool {
    let places = places(marks);
    let mut found = false;
    scalars(text, &mut |scalar| {
        let value = scalar.value.trim();
        let fits = || places.iter().any(|place| ends_with(scalar.place, place));
        let by_identity = (value.len() >= UNMISTAKABLE || fits())
            && (is_identity(value) || is_identity(&marks.canonical(value.to_owned())));
        found |= by_identity || marks.contacts(value).any(|contact| is_contact(&contact));
    });
    found
}

/// The names that lead to identities, lists left out.
fn places(marks: &Marks) -> Vec<Vec<&str>> {
    let identities = marks.iter().filter(|mark| mark.meaning == Meaning::Identity);
    let last = identities.filter_map(|mark| mark.paths.last());
    last.map(|path| path.steps().iter().filter_map(name).collect()).collect()
}

fn name(step: &Step) -> Option<&str> {
    if let Step::Key(key) = step { Some(key) } else { None }
}

/// Whether a place ends as a path does. A text may be a part of a record, so the path may begin before it; and a path may lead
/// into the text itself.
fn ends_with(place: &[String], path: &[&str]) -> bool {
    let Some((last, before)) = path.split_last() else { return false };
    let Some((own, outer)) = place.split_last() else { return false };
    if own != last {
        return false;
    }
    // `id` alone is many things: what it is the identity of stands before it.
    let common = outer.iter().rev().zip(before.iter().rev());
    let all_equal = common.clone().all(|(one, other)| one == other);
    all_equal && (last.len() > 2 || before.is_empty() || !outer.is_empty())
}

/// Hands out the scalars of a text that is JSON, or looks like it.
fn scalars(text: &str, take: &mut dyn FnMut(Scalar<'_>)) {
    let mut place: Vec<String> = Vec::new();
    // For each open bracket, whether a name was pushed for it.
    let mut open: Vec<bool> = Vec::new();
    let mut key: Option<String> = None;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match first {
            '{' | '[' => {
                open.push(key.is_some());
                place.extend(key.take());
                rest = &rest[1..];
            }
            '}' | ']' => {
                if open.pop() == Some(true) {
                    place.pop();
                }
                key = None;
                rest = &rest[1..];
            }
            ',' => {
                key = None;
                rest = &rest[1..];
            }
            '"' => {
                let (value, after) = string(&rest[1..]);
                let is_key = after.trim_start().starts_with(':');
                rest = after;
                if is_key {
                    rest = &rest.trim_start()[1..];
                    key = Some(value);
                } else {
                    tell(value, &mut place, key.as_ref(), take);
                }
            }
            c if c.is_alphanumeric() || matches!(c, '+' | '-' | '_' | '@' | '.') => {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '+' | '-' | '_' | '@' | '.')));
                let (value, after) = rest.split_at(end.unwrap_or(rest.len()));
                rest = after;
                let value = value.strip_suffix(".0").unwrap_or(value).to_owned();
                tell(value, &mut place, key.as_ref(), take);
            }
            other => rest = &rest[other.len_utf8()..],
        }
    }
}

fn tell(value: String, place: &mut Vec<String>, key: Option<&String>, take: &mut dyn FnMut(Scalar<'_>)) {
    place.extend(key.cloned());
    // A text may itself be a document.
    if value.trim_start().starts_with(['{', '[']) {
        scalars(&value, take);
    }
    take(Scalar { value, place });
    if key.is_some() {
        place.pop();
    }
}

/// The value of a string, and what follows it. One that never ends is the rest of the text.
fn string(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((at, 'u')) => {
                    let code = text.get(at + 1..at + 5).and_then(|hex| u32::from_str_radix(hex, 16).ok());
                    if let Some(code) = code {
                        value.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                        chars.nth(3);
                    }
                }
                Some((_, escaped)) => value.push(escaped),
                None => {}
            },
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::privacy::people::mark::tests::mark;

    fn marks() -> Marks {
        let identity = |paths: &[&str]| mark("r", Meaning::Identity, "client", paths);
        Marks::new(vec![identity(&["client_id"]), identity(&["w", "visitor.number"]), identity(&["sender.id"])], &[])
            .unwrap()
    }

    fn check(text: &str, expect: bool) {
        let is_identity = |value: &str| value == "7" || value == "cust-0042";
        let is_contact = |value: &str| value == "vera@example.org" || value == "15550100";
        assert_eq!(names(text, &marks(), &is_identity, &is_contact), expect, "{text}");
    }

    #[test]
    fn a_person_is_named_by_a_whole_scalar() {
        check(r#"{"client_id": 7}"#, true);
        check(r#"{"client_id":"7", "x"#, true);
        check(r#"{"a":{"visitor":{"x":[1],"number":7.0}}}"#, true);
        check(r#"{"number":7}"#, true);
        check(r#"{"agent":{"number":7}}"#, false);
        check(r#"{"sender":{"id":7}}"#, true);
        check(r#"{"id":7,"agent":{"id":"7"},"count":7}"#, false);
        check(r#"{"client_id":77,"x":{"client_id":"7 "}}"#, true);
        check(r#"{"client_id":77}"#, false);
        check(r#"{"anything":"cust-0042"}"#, true);
        check(r#"{"anything":"cust-00421"}"#, false);
        check("cust-0042 wrote", true);
        check(r#"{"body":"{\"client_id\":7}"}"#, true);
        check(r#"["\u0076era@example.org""#, true);
        check(r#"{"x":"Vera@Example.org","#, true);
        check(r#"{"phone":"+1 (555) 01 00"#, true);
        check("mail=vera@example.org;", true);
        check("", false);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in r#"["\\{}\[\]:,u0-9a é]{0,40}"#) {
            let _ = names(&text, &marks(), &|_| true, &|_| true);
        }
    }
}
