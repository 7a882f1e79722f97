//! Finds values in a text however they are written there. Pure.
//!
//! Each character may stand for itself, be percent-encoded (RFC 3986, in capital or small digits, twice encoded, or `+` for a
//! space), escaped as in JSON (RFC 8259, `\u002f` and `\/`, in a JSON text that is itself in a JSON text, too), or be a
//! character reference of HTML; and each for itself, since encoders differ in which characters they leave alone.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use memchr::memchr3_iter;

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
    /// The values as they are; none when they are looked for in no other way than place by place.
    plain: Option<Plain>,
}

/// The values in their plainest spelling.
#[derive(Debug)]
struct Plain {
    differs: AhoCorasick,
    same: AhoCorasick,
    /// Most bytes of a value.
    longest: usize,
}

impl Plain {
    /// None when a character of a value has a spelling of one byte besides itself, which a search for escapes would not
    /// meet, and when the values are too many to prepare the search.
    fn new(values: &[(usize, Vec<char>)]) -> Option<Self> {
        let texts: Vec<String> = values.iter().map(|(_, value)| value.iter().collect()).collect();
        if texts.is_empty() || texts.iter().any(|text| text.contains(' ')) {
            return None;
        }
        let search = |same: bool| {
            let mut builder = AhoCorasickBuilder::new();
            builder.match_kind(MatchKind::LeftmostLongest).ascii_case_insensitive(same).build(&texts).ok()
        };
        let longest = texts.iter().map(String::len).max().unwrap_or(0);
        Some(Self { differs: search(false)?, same: search(true)?, longest })
    }
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
        let plain = Plain::new(&values);
        Self { values, begins, follows, longest, plain }
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
    ///
    /// A value is either written plainly, which a search for texts finds, or has an escape in it, and before the first of its
    /// escapes all is plain: so besides only the places shortly before an escape are looked at.
    pub(super) fn find(&self, text: &[u8], from: usize, case: Case) -> Option<Found> {
        let Some(plain) = &self.plain else { return self.find_within(text, from..text.len(), case) };
        let rest = text.get(from..)?;
        let search = if case == Case::Same { &plain.same } else { &plain.differs };
        let first_plain = search.find(rest).map_or(text.len(), |found| from + found.start());
        let mut next = from;
        for escape in memchr3_iter(b'%', b'\\', b'&', rest).map(|at| from + at) {
            let start = next.max(escape.saturating_sub(plain.longest));
            if start >= first_plain {
                break;
            }
            let found = self.find_within(text, start..first_plain.min(escape + 1), case);
            if found.is_some() {
                return found;
            }
            next = escape + 1;
        }
        self.find_within(text, first_plain..text.len().min(first_plain + 1), case)
    }

    /// The first value that begins in a range.
    fn find_within(&self, text: &[u8], mut starts: Range<usize>, case: Case) -> Option<Found> {
        let may_follow = |byte: &u8| self.follows[usize::from(*byte)];
        let may_begin = |at: &usize| {
            let first = text[*at];
            self.begins[usize::from(first)] && (is_escape(first) || text.get(at + 1).is_none_or(may_follow))
        };
        starts.by_ref().filter(may_begin).find_map(|start| {
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
#[path = "spelling_tests.rs"]
mod tests;
