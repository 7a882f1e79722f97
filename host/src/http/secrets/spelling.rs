//! Finds values in a text however they are written there. Pure.
//!
//! Each character may stand for itself, be percent-encoded (RFC 3986, in capital or small digits, twice encoded, or `+` for a
//! space), escaped as in JSON (RFC 8259, `\u002f` and `\/`, in a JSON text that is itself in a JSON text, too), or be a
//! character reference of HTML; and each for itself, since encoders differ in which characters they leave alone.

use std::ops::Range;

/// JSON texts in JSON texts that are looked through: the backslashes double with each.
const MAX_BACKSLASHES: usize = 4;

/// How often a percent sign may be encoded itself.
const MAX_ENCODED: usize = 2;

/// Longest character reference of HTML, from `&` to `;`.
const MAX_REFERENCE: usize = 12;

/// Whether capital and small letters are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Differs,
    Same,
}

/// A value that was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it is.
    pub(super) at: Range<usize>,
    /// What the value was given with.
    pub(super) index: usize,
}

/// The values to be found.
#[derive(Debug)]
pub(super) struct Spellings {
    values: Vec<(usize, Vec<char>)>,
    /// The bytes that a value may begin with, in one of its spellings.
    begins: [bool; 256],
    /// The bytes that may come second behind a first character that stands for itself.
    follows: [bool; 256],
    longest: usize,
}

impl Spellings {
    /// Takes values that are not empty, each with an index that tells what was found.
    pub(super) fn new<'a>(values: impl IntoIterator<Item = (usize, &'a str)>) -> Self {
        let values: Vec<(usize, Vec<char>)> =
            values.into_iter().map(|(index, value)| (index, value.chars().collect())).collect();
        let (mut begins, mut follows) = ([false; 256], [false; 256]);
        for (_, value) in &values {
            let Some(first) = value.first() else { continue };
            may_be(*first, &mut begins);
            match (first.encode_utf8(&mut [0; 4]).as_bytes(), value.get(1)) {
                ([_, second, ..], _) => follows[usize::from(*second)] = true,
                (_, Some(second)) => may_be(*second, &mut follows),
                (_, None) => follows = [true; 256],
            }
            follows[usize::from(b'%')] = true;
        }
        let longest = values.iter().map(|(_, value)| value.iter().map(|c| longest(*c)).sum()).max().unwrap_or(0);
        Self { values, begins, follows, longest }
    }

    /// Whether there is nothing to be found.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Most bytes that a value takes in any spelling.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// The first value at or behind a place; of several that begin there, the one that ends last.
    pub(super) fn find(&self, text: &[u8], from: usize, case: Case) -> Option<Found> {
        let may_follow = |byte: &u8| self.follows[usize::from(*byte)];
        let may_begin = |at: &usize| {
            let first = text[*at];
            self.begins[usize::from(first)] && (is_escape(first) || text.get(at + 1).is_none_or(may_follow))
        };
        (from..text.len()).filter(may_begin).find_map(|start| {
            let ends = self.values.iter().filter_map(|(index, value)| Some((end(text, start, value, case)?, *index)));
            ends.max_by_key(|(end, _)| *end).map(|(end, index)| Found { at: start..end, index })
        })
    }

    /// Puts something else in the place of each value. None when there is none.
    pub(super) fn replace<'a>(&self, text: &[u8], case: Case, with: impl Fn(usize) -> &'a str) -> Option<Vec<u8>> {
        let mut replaced = Vec::new();
        let mut from = 0;
        while let Some(found) = self.find(text, from, case) {
            replaced.extend_from_slice(&text[from..found.at.start]);
            replaced.extend_from_slice(with(found.index).as_bytes());
            from = found.at.end;
        }
        if from == 0 {
            return None;
        }
        replaced.extend_from_slice(&text[from..]);
        Some(replaced)
    }
}

/// Notes the bytes that a character may begin with, in one of its spellings.
fn may_be(c: char, bytes: &mut [bool; 256]) {
    let byte = c.encode_utf8(&mut [0; 4]).as_bytes()[0];
    for byte in [byte, byte.to_ascii_lowercase(), byte.to_ascii_uppercase(), b'%', b'\\', b'&'] {
        bytes[usize::from(byte)] = true;
    }
    bytes[usize::from(b'+')] |= c == ' ';
}

/// Whether a character that stands for another may begin with a byte.
fn is_escape(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&')
}

/// Most bytes that a character takes in any spelling.
fn longest(c: char) -> usize {
    let percent = c.len_utf8() * (1 + 2 * MAX_ENCODED + 2);
    let json = c.len_utf16() * (MAX_BACKSLASHES + "u0000".len());
    percent.max(json).max(MAX_REFERENCE)
}

/// Where a value ends that begins at a place; the last of its ends, for a spelling may be the beginning of another.
fn end(text: &[u8], start: usize, value: &[char], case: Case) -> Option<usize> {
    let mut places = vec![start];
    let mut next = Vec::new();
    for c in value {
        for at in &places {
            step(text, *at, *c, case, &mut next);
        }
        next.sort_unstable();
        next.dedup();
        std::mem::swap(&mut places, &mut next);
        next.clear();
        if places.is_empty() {
            return None;
        }
    }
    places.last().copied()
}

/// Adds the places behind a character that is at a place, one for each spelling that fits.
fn step(text: &[u8], at: usize, wanted: char, case: Case, ends: &mut Vec<usize>) {
    let Some(first) = text.get(at).copied() else { return };
    let is_wanted = |found: u32| {
        char::from_u32(found).is_some_and(|found| match case {
            Case::Differs => found == wanted,
            Case::Same => found.eq_ignore_ascii_case(&wanted),
        })
    };
    if wanted.is_ascii() {
        if is_wanted(first.into()) || (wanted == ' ' && first == b'+') {
            ends.push(at + 1);
        }
        ends.extend(percent(text, at, |byte| is_wanted(byte.into())));
    } else {
        let mut utf8 = [0; 4];
        ends.extend(wanted.encode_utf8(&mut utf8).bytes().try_fold(at, |at, byte| {
            if text.get(at) == Some(&byte) { Some(at + 1) } else { percent(text, at, |found| found == byte).next() }
        }));
    }
    match first {
        b'\\' => json(text, at, wanted, is_wanted, ends),
        b'&' => {
            let reference = reference(&text[at..]).filter(|(found, _)| is_wanted(*found));
            ends.extend(reference.map(|(_, length)| at + length));
        }
        _ => {}
    }
}

/// The places behind a percent-encoded byte: `%2F`, or `%252F`.
fn percent(text: &[u8], at: usize, is_wanted: impl Fn(u8) -> bool) -> impl Iterator<Item = usize> {
    let digits = |at: usize| Some(hex(*text.get(at)?)? << 4 | hex(*text.get(at + 1)?)?);
    let encoded = (0..=MAX_ENCODED).take_while(move |times| {
        text.get(at) == Some(&b'%') && (0..*times).all(|nth| digits(at + 1 + 2 * nth) == Some(b'%'))
    });
    encoded.map(move |times| at + 1 + 2 * times).filter(move |at| digits(*at).is_some_and(&is_wanted)).map(|at| at + 2)
}

/// The places behind a character that a JSON text escapes.
fn json(text: &[u8], at: usize, wanted: char, is_wanted: impl Fn(u32) -> bool, ends: &mut Vec<usize>) {
    let backslashes = |at: usize| {
        let count = text[at..].iter().take(MAX_BACKSLASHES).take_while(|byte| **byte == b'\\').count();
        (1..=count).map(move |count| at + count)
    };
    let unit = |at: usize| {
        let digits = text.get(at..at + 5)?.strip_prefix(b"u")?;
        digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | u32::from(hex(*digit)?)))
    };
    let mut units = [0; 2];
    let high = match wanted.encode_utf16(&mut units) {
        [high, low] => Some((u32::from(*high), u32::from(*low))),
        _ => None,
    };
    for at in backslashes(at) {
        if matches!(wanted, '"' | '\\' | '/') && text.get(at).is_some_and(|byte| is_wanted((*byte).into())) {
            ends.push(at + 1);
        }
        match high {
            None if unit(at).is_some_and(&is_wanted) => ends.push(at + 5),
            Some((high, low)) if unit(at) == Some(high) && text.len() > at + 5 => {
                ends.extend(backslashes(at + 5).filter(|at| unit(*at) == Some(low)).map(|at| at + 5));
            }
            _ => {}
        }
    }
}

/// The character that a reference of HTML at the beginning of a text stands for, and the reference's length.
fn reference(text: &[u8]) -> Option<(u32, usize)> {
    let end = text.iter().take(MAX_REFERENCE).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(text.get(1..end)?).ok()?;
    let found = match name {
        "amp" => '&'.into(),
        "lt" => '<'.into(),
        "gt" => '>'.into(),
        "quot" => '"'.into(),
        "apos" => '\''.into(),
        _ => match name.strip_prefix('#')?.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => name.strip_prefix('#')?.parse().ok()?,
        },
    };
    Some((found, end + 1))
}

fn hex(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn replaced(value: &str, text: &str, case: Case) -> String {
        let replaced = Spellings::new([(0, value)]).replace(text.as_bytes(), case, |_| "X");
        replaced.map_or_else(|| text.to_owned(), |text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn every_spelling_is_found() {
        fn check(value: &str, spellings: &[&str]) {
            for text in spellings {
                assert_eq!(replaced(value, &format!("<{text}>"), Case::Differs), "<X>", "{value} in {text}");
            }
        }
        check("plain-12", &["plain-12", "plain%2d12", "%70%6C%61%69%6e-12", "%70lai%6E%2D12", r"\u0070lain\u002D12"]);
        check(
            "a/b:c \"d\"",
            &[
                "a/b:c \"d\"",
                "a%2Fb%3Ac%20%22d%22",
                "a/b:c%20%22d%22",
                "a%2fb%3Ac+%22d%22",
                "a%252Fb%253Ac%2520%2522d%2522",
                "a%25252fb:c \"d\"",
                r#"a/b:c \"d\""#,
                r#"a\/b:c \"d\""#,
                r"a\u002fb\u003Ac\u0020\u0022d\u0022",
                r#"a\\\/b:c \\\"d\\\""#,
                r"a\\u002fb:c \\u0022d\\u0022",
                "a&#x2F;b&#58;c &quot;d&quot;",
                "a&#X0002f;b:c &#34;d&#x22;",
                r"a%2Fb\u003ac&#32;%22d\u0022",
            ],
        );
        check(
            "c:\\d%e&<f>",
            &[
                r"c:\d%e&<f>",
                r"c:\\d%e&<f>",
                "c%3A%5Cd%25e%26%3Cf%3E",
                r"c:\\d%e\u0026\u003cf\u003E",
                "c:\\d%e&amp;&lt;f&gt;",
            ],
        );
        check(
            "pässwörd",
            &["pässwörd", "p%C3%A4ssw%c3%b6rd", r"p\u00e4ssw\u00F6rd", r"p\\u00e4ssw\\u00f6rd", "p&#228;ssw&#xf6;rd"],
        );
        check("key-🙂-key", &["key-🙂-key", "key-%F0%9F%99%82-key", r"key-\ud83d\uDE42-key", "key-&#128578;-key"]);
    }

    #[test]
    fn other_texts_are_left() {
        fn check(value: &str, text: &str) {
            assert_eq!(replaced(value, text, Case::Differs), text);
        }
        check("abcdefgh", "abcdefg");
        check("abcdefgh", "abcdefgx ABCDEFGH abcd efgh");
        check("abcdefgh", "%61bcdefg");
        check("abcdefgh", "abcdefg%6");
        check("abcdefgh", r"abcdefg\u006");
        check("abcdefgh", r"abcdefg\u0069");
        check("abcdefgh", "abcdefg&#104");
        check("a+b+c+d+", "a b c d ");
        check("key-🙂-key", r"key-\ud83d-key");
        check("key-🙂-key", r"key-\ud83d");
        check("12345678", "%");
        check("12345678", "\\");
        check("12345678", "&;");
    }

    #[test]
    fn letters_may_be_the_same_in_both_sizes() {
        for text in ["AbCdEfGh", "ABCDEFGH", "%41bcdefgh", "abcdefg&#72;", r"\u0041BCDEFGH"] {
            assert_eq!(replaced("aBcDeFgH", text, Case::Same), "X", "{text}");
        }
    }

    #[test]
    fn of_several_values_the_longest_is_found() {
        let spellings = Spellings::new([(7, "abcdefgh"), (8, "abcdefghij"), (9, "ijabcdef")]);
        let found = |text: &str| spellings.find(text.as_bytes(), 0, Case::Differs);
        assert_eq!(found("  abcdefghij"), Some(Found { at: 2..12, index: 8 }));
        assert_eq!(found("abcdefghi"), Some(Found { at: 0..8, index: 7 }));
        assert_eq!(found("ijabcdefgh"), Some(Found { at: 0..8, index: 9 }));
        assert_eq!(Spellings::new([]).find(b"abc", 0, Case::Differs), None);
    }

    #[test]
    fn a_text_of_nothing_but_escapes_takes_no_time() {
        let value: String = std::iter::repeat_n('\\', 64).collect();
        let text = "\\".repeat(63) + &"%25".repeat(500);
        assert_eq!(Spellings::new([(0, value.as_str())]).find(text.as_bytes(), 0, Case::Differs), None);
    }

    /// One character as one of the encoders writes it.
    fn write(c: char, how: u8, upper: bool) -> String {
        let hex = |text: String| if upper { text.to_uppercase() } else { text };
        let bytes = c.to_string().into_bytes();
        match how {
            1 => bytes.iter().map(|byte| hex(format!("%{byte:02x}"))).collect(),
            2 => bytes.iter().map(|byte| hex(format!("%25{byte:02x}"))).collect(),
            3 => c
                .encode_utf16(&mut [0; 2])
                .iter()
                .fold(String::new(), |text, unit| text + "\\u" + &hex(format!("{unit:04x}"))),
            4 if matches!(c, '"' | '\\' | '/') => format!("\\{c}"),
            5 => format!("&#{};", u32::from(c)),
            6 => format!("&#x{};", hex(format!("{:x}", u32::from(c)))),
            _ => c.to_string(),
        }
    }

    proptest! {
        /// However the characters of a value are written, each for itself, the value is found whole, and no longer than
        /// the bound that chunks are held back by.
        #[test]
        fn mixed_spellings_are_found(value in "[!-~é🙂 ]{8,24}", hows in prop::collection::vec((0_u8..7, any::<bool>()), 24)) {
            let text: String = value.chars().zip(hows).map(|(c, (how, upper))| write(c, how, upper)).collect();
            let spellings = Spellings::new([(0, value.as_str())]);
            prop_assert_eq!(spellings.find(text.as_bytes(), 0, Case::Differs), Some(Found { at: 0..text.len(), index: 0 }));
            prop_assert!(text.len() <= spellings.longest());
        }

        /// Nothing makes the search panic.
        #[test]
        fn any_text_is_searched(value in "\\PC{1,12}", text in prop::collection::vec(prop::sample::select(b"%\\&u0025;#xab/\xc3\xa4".to_vec()), 0..64)) {
            let spellings = Spellings::new([(0, value.as_str())]);
            let _ = spellings.replace(&text, Case::Differs, |_| "");
            let _ = spellings.replace(&text, Case::Same, |_| "");
        }
    }
}
