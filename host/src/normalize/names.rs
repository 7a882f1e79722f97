//! Names of tables and columns: dlt's `snake_case` convention.
//!
//! A key goes through [`Naming::path`]: it is split at `__`, each part becomes an identifier of small letters, digits and
//! `_`, and the parts are joined by `__` again. Names that are too long are shortened around a tag, six characters made
//! of a hash of what the name was made from.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use super::{digits, hash::shake128};

/// What stands between the parts of a nested name.
pub(crate) const SEPARATOR: &str = "__";

/// The name of a key that has no characters to make a name of.
const EMPTY_KEY: &str = "_empty";

/// Characters of a tag.
const TAG_LENGTH: usize = 6;

/// dlt's limit for identifiers in DuckDB.
pub(crate) const DUCKDB_MAX_LENGTH: usize = 65_536;

/// The naming convention with the longest name that the destination takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Naming {
    max_length: usize,
}

impl Default for Naming {
    fn default() -> Self {
        Self::new(DUCKDB_MAX_LENGTH)
    }
}

impl Naming {
    /// A convention whose names have at most `max_length` characters, and never fewer than a tag and one on each side.
    pub fn new(max_length: usize) -> Self {
        Self { max_length: max_length.max(TAG_LENGTH + 2) }
    }

    /// Normalizes a key or the name of a resource. The answer is never empty, and normalizing it again changes nothing.
    pub fn path(self, key: &str) -> String {
        let parts: Vec<String> = key
            .split(SEPARATOR)
            .filter(|part| !part.chars().all(digits::is_space))
            .map(|part| self.identifier(part))
            .collect();
        if parts.is_empty() {
            return EMPTY_KEY.to_owned();
        }
        self.shorten(parts.join(SEPARATOR), key)
    }

    /// The column of a field that is told by a dotted path.
    pub(crate) fn column(self, path: &str) -> String {
        let joined = path.split('.').fold(String::new(), |parent, part| Self::join(&parent, &self.path(part)));
        self.fit(&joined)
    }

    /// Joins normalized names to the name of a nested column or of a child table, unshortened.
    pub(crate) fn join(parent: &str, name: &str) -> String {
        if parent.is_empty() { name.to_owned() } else { [parent, name].join(SEPARATOR) }
    }

    /// Shortens a joined name; the tag is made of the joined name itself.
    pub(crate) fn fit(self, joined: &str) -> String {
        self.shorten(joined.to_owned(), joined)
    }

    /// The name that a key gets when another key of the same row has taken `name`.
    pub(crate) fn tagged(self, name: &str, original: &str) -> String {
        self.shorten(format!("{name}_{}", tag(original)), original)
    }

    /// Normalizes one identifier that has something in it besides white space.
    fn identifier(self, text: &str) -> String {
        let text = text.trim_matches(digits::is_space);
        self.shorten(snake_case(&reduce(text)), text)
    }

    fn shorten(self, name: String, original: &str) -> String {
        // A byte is at least as much as a character, so this settles nearly all names without counting.
        if name.len() <= self.max_length {
            return name;
        }
        let chars: Vec<char> = name.chars().collect();
        if chars.len() <= self.max_length {
            return name;
        }
        let kept = self.max_length - TAG_LENGTH;
        let (head, tail) = (kept.div_ceil(2), kept / 2);
        let mut short: String = chars.iter().take(head).collect();
        short.push_str(&tag(original));
        short.extend(chars.iter().skip(chars.len() - tail));
        short
    }
}

/// Six characters made of a text: four bytes of its hash in base 64, in small letters.
fn tag(text: &str) -> String {
    let mut hash = [0; 4];
    shake128(text.as_bytes(), &mut hash);
    STANDARD_NO_PAD
        .encode(hash)
        .chars()
        .map(|c| match c {
            '/' => 'a',
            '+' => 'b',
            other => other.to_ascii_lowercase(),
        })
        .collect()
}

/// Replaces what is no letter, digit or `_`: some characters by a letter, each run of others by one `_`.
fn reduce(text: &str) -> Vec<char> {
    let mut reduced = Vec::with_capacity(text.len());
    let mut replacing = false;
    for c in text.chars() {
        let kept = match c {
            '+' | '*' => Some('x'),
            '-' => Some('_'),
            '@' => Some('a'),
            '|' => Some('l'),
            _ if c.is_ascii_alphanumeric() || c == '_' || digits::value(c).is_some() => Some(c),
            _ => None,
        };
        match kept {
            Some(c) => reduced.push(c),
            None if replacing => {}
            None => reduced.push('_'),
        }
        replacing = kept.is_none();
    }
    reduced
}

fn snake_case(reduced: &[char]) -> String {
    let mut name: Vec<char> = break_before_words_end(&break_before_words(reduced));
    for c in &mut name {
        c.make_ascii_lowercase();
    }
    if name.first().is_some_and(|c| digits::value(*c).is_some()) {
        name.insert(0, '_');
    }
    let trailing = name.iter().rev().take_while(|c| **c == '_').count();
    let body = name.len() - trailing;
    for c in name.iter_mut().skip(body) {
        *c = 'x';
    }
    name.dedup_by(|a, b| *a == '_' && *b == '_');
    name.into_iter().collect()
}

/// Puts `_` before each capital that begins a word in small letters: `aBcDE` becomes `a_BcDE`.
fn break_before_words(chars: &[char]) -> Vec<char> {
    let mut broken = Vec::with_capacity(chars.len() + 4);
    let mut rest = chars;
    loop {
        match rest {
            [before, capital, small, ..]
                if *before != '_' && capital.is_ascii_uppercase() && small.is_ascii_lowercase() =>
            {
                let word = rest.iter().skip(2).take_while(|c| c.is_ascii_lowercase()).count();
                broken.extend([*before, '_', *capital]);
                broken.extend(rest.iter().skip(2).take(word));
                rest = rest.get(2 + word..).unwrap_or_default();
            }
            [first, tail @ ..] => {
                broken.push(*first);
                rest = tail;
            }
            [] => return broken,
        }
    }
}

/// Puts `_` between a small letter or digit and a capital: `a_BcDE` becomes `a_Bc_DE`.
fn break_before_words_end(chars: &[char]) -> Vec<char> {
    let mut broken = Vec::with_capacity(chars.len() + 4);
    let mut rest = chars;
    loop {
        match rest {
            [small, capital, tail @ ..]
                if (small.is_ascii_lowercase() || small.is_ascii_digit()) && capital.is_ascii_uppercase() =>
            {
                broken.extend([*small, '_', *capital]);
                rest = tail;
            }
            [first, tail @ ..] => {
                broken.push(*first);
                rest = tail;
            }
            [] => return broken,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(key: &str, expected: &str) {
        assert_eq!(Naming::default().path(key), expected, "{key:?}");
    }

    #[test]
    fn keys_become_the_names_that_dlt_gives_them() {
        for (key, expected) in [
            ("HTTPServerID", "http_server_id"),
            ("123num", "_123num"),
            ("aB1C", "a_b1_c"),
            ("e2E", "e2_e"),
            ("per%cent", "per_cent"),
            ("$ref", "_ref"),
            ("@type", "atype"),
            ("Ünï", "_nx"),
            ("emoji😀", "emojix"),
            ("имя", "x"),
            ("日本", "x"),
            ("é", "x"),
            ("#", "x"),
            ("_", "x"),
            ("-", "x"),
            ("a٣b", "a٣b"),
            ("٣b", "_٣b"),
            ("trail_", "trailx"),
            ("trail__", "trail"),
            ("a+b*c-d@e|f", "axbxc_daelf"),
            (" pad ", "pad"),
            ("userName", "user_name"),
            ("user_name", "user_name"),
            ("User Name", "user_name"),
            ("USER-NAME", "user_name"),
            ("ABc", "a_bc"),
            ("aBCd", "a_b_cd"),
            ("aBcDe", "a_bc_de"),
            ("XMLHttpRequest2Go", "xml_http_request2_go"),
            ("__x", "x"),
            ("_x", "_x"),
            ("x__y", "x__y"),
            ("a__b", "a__b"),
            ("a___b", "a___b"),
            ("__dlead", "dlead"),
            ("__a__", "a"),
            ("A_B", "a_b"),
            ("a.b", "a_b"),
            ("a..b", "a_b"),
            ("TestID1Value", "test_id1_value"),
            ("iPhone", "i_phone"),
            ("IDs", "i_ds"),
            ("_ID", "_id"),
            ("a1B2", "a1_b2"),
            ("1", "_1"),
            ("___", "x"),
            ("a _b", "a_b"),
            ("a\0b", "a_b"),
            ("é_", "xx"),
            ("-a-", "_ax"),
            ("a--b", "a_b"),
            ("AAa", "a_aa"),
            ("\u{a0}x\u{a0}", "x"),
            ("x9Y", "x9_y"),
            ("", "_empty"),
            (" ", "_empty"),
        ] {
            check(key, expected);
        }
    }

    #[test]
    fn a_key_of_separators_alone_has_a_name_too() {
        for key in ["__", "____", " __ "] {
            check(key, "_empty");
        }
    }

    #[test]
    fn long_names_are_shortened_as_dlt_shortens_them() {
        for (max_length, key, expected) in [
            (10, "abcdefghijklmnop", "abhqkbwaop"),
            (10, "abcdefghijklmno", "abklx5dqno"),
            (11, "abcdefghijklmnop", "abchqkbwaop"),
            (20, "SomeVeryLongIdentifierName", "some_vewfmfwger_name"),
            (10, "aaaa__bbbb__cccc__dddddddd", "aa48ec5add"),
            (20, "aaaa__bbbb__cccc__dddddddd", "aaaa__b48ec5addddddd"),
        ] {
            assert_eq!(Naming::new(max_length).path(key), expected, "{max_length} {key}");
        }
        assert_eq!(Naming::new(11).fit("aaaaaaaaaaa__b"), "aaaabafsg_b");
    }

    #[test]
    fn tags_are_those_of_dlt() {
        for (text, expected) in [("user_name", "effroa"), ("a.b", "atldyq"), ("a__b", "uqd2ww")] {
            assert_eq!(tag(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn names_are_stable_and_of_a_small_alphabet(key in ".{0,40}", max_length in 8_usize..40) {
            for naming in [Naming::default(), Naming::new(max_length)] {
                let name = naming.path(&key);
                prop_assert!(!name.is_empty());
                prop_assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || digits::value(c).is_some()));
                prop_assert!(name.chars().next().is_some_and(|c| digits::value(c).is_none()));
            }
            let name = Naming::default().path(&key);
            prop_assert_eq!(&Naming::default().path(&name), &name);
            prop_assert!(Naming::new(max_length).path(&key).chars().count() <= max_length);
        }
    }
}
