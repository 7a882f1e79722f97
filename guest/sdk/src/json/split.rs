//! The records of a list told apart without a parser: blocks of 64 bytes become bit masks, one bit for each byte, as simdjson
//! does it. Only lists of objects and lists are split so; whatever is unusual is left to the parser.

/// One bit for each byte of a block: where there is which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Masks {
    backslash: u64,
    quote: u64,
    open: u64,
    close: u64,
    line_break: u64,
}

/// The records of a list, as they are written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Split<'a> {
    pub(super) records: Vec<&'a str>,
    /// Whether there are line breaks between tokens.
    pub(super) breaks: bool,
    /// Behind the list.
    pub(super) end: usize,
}

/// Splits the list whose `[` is at a place of a text. Each record begins and ends with the brackets of one kind, holds as many
/// closing brackets as opening ones, and no line break in a string. None if there is anything else, or no end.
pub(super) fn split(text: &str, at: usize) -> Option<Split<'_>> {
    let bytes = text.as_bytes();
    let mut found = Split { records: Vec::new(), breaks: false, end: at + 1 };
    let (mut depth, mut start) = (0_usize, 0);
    let mut strings = Strings::default();
    let (mut from, mut last) = (at + 1, [b' '; 64]);
    while from < bytes.len() {
        let block = bytes[from..].first_chunk::<64>().unwrap_or_else(|| {
            last[..bytes.len() - from].copy_from_slice(&bytes[from..]);
            &last
        });
        let masks = masks(block);
        let inside = strings.next(masks.backslash, masks.quote);
        if masks.line_break & inside != 0 || masks.backslash & !inside != 0 {
            return None;
        }
        found.breaks |= masks.line_break != 0;
        let (opening, closing) = (masks.open & !inside, masks.close & !inside);
        let (ups, downs) = (opening.count_ones() as usize, closing.count_ones() as usize);
        if depth > downs {
            // No record can end in this block.
            depth = depth + ups - downs;
            from += 64;
            continue;
        }
        let mut brackets = opening | closing;
        while brackets != 0 {
            let bit = brackets.trailing_zeros();
            let here = from + bit as usize;
            brackets &= brackets - 1;
            if opening >> bit & 1 == 1 {
                if depth == 0 {
                    is_gap(&text[found.end..here], !found.records.is_empty()).then_some(())?;
                    start = here;
                }
                depth += 1;
            } else if depth == 0 {
                let ends = bytes[here] == b']' && is_gap(&text[found.end..here], false);
                found.end = here + 1;
                return ends.then_some(found);
            } else {
                depth -= 1;
                if depth == 0 {
                    ((bytes[start] == b'{') == (bytes[here] == b'}')).then_some(())?;
                    found.records.push(&text[start..=here]);
                    found.end = here + 1;
                }
            }
        }
        from += 64;
    }
    None
}

/// Whether a text is white space, with exactly one comma in it where there must be one.
fn is_gap(text: &str, comma: bool) -> bool {
    let mut commas = 0;
    text.bytes().all(|byte| {
        commas += usize::from(byte == b',');
        matches!(byte, b',' | b' ' | b'\t' | b'\n' | b'\r')
    }) && commas == usize::from(comma)
}

/// What goes on from one block to the next.
#[derive(Debug, Default)]
struct Strings {
    /// The first byte of the next block is escaped.
    escapes: bool,
    /// All bits if a string goes on.
    inside: u64,
}

impl Strings {
    /// The bytes that are in a string, the quote before it included.
    fn next(&mut self, backslash: u64, quote: u64) -> u64 {
        let mut bits = quote & !self.escaped(backslash);
        for shift in [1, 2, 4, 8, 16, 32] {
            bits ^= bits << shift;
        }
        let inside = bits ^ self.inside;
        self.inside = if inside >> 63 == 1 { u64::MAX } else { 0 };
        inside
    }

    /// The bytes that a backslash stands before, unless that is escaped itself.
    fn escaped(&mut self, backslash: u64) -> u64 {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let carried = u64::from(self.escapes);
        let backslash = backslash & !carried;
        let follows = backslash << 1 | carried;
        let (ends, overflow) = (backslash & !EVEN & !follows).overflowing_add(backslash);
        self.escapes = overflow;
        (EVEN ^ (ends << 1)) & follows
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn masks(block: &[u8; 64]) -> Masks {
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_splat, u64x2, v128_or};

    let mut masks = Masks::default();
    let (halves, _) = block.as_chunks::<8>();
    for (at, pair) in halves.chunks_exact(2).enumerate() {
        let bytes = u64x2(u64::from_le_bytes(pair[0]), u64::from_le_bytes(pair[1]));
        // With this bit set, both kinds of brackets are one.
        let folded = v128_or(bytes, u8x16_splat(0x20));
        let is = |bytes, byte| u64::from(u8x16_bitmask(u8x16_eq(bytes, u8x16_splat(byte)))) << (16 * at);
        masks.backslash |= is(bytes, b'\\');
        masks.quote |= is(bytes, b'"');
        masks.open |= is(folded, b'{');
        masks.close |= is(folded, b'}');
        masks.line_break |= is(bytes, b'\n') | is(bytes, b'\r');
    }
    masks
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn masks(block: &[u8; 64]) -> Masks {
    let mut masks = Masks::default();
    for (at, byte) in block.iter().enumerate() {
        let bit = 1 << at;
        match byte {
            b'\\' => masks.backslash |= bit,
            b'"' => masks.quote |= bit,
            b'{' | b'[' => masks.open |= bit,
            b'}' | b']' => masks.close |= bit,
            b'\n' | b'\r' => masks.line_break |= bit,
            _ => (),
        }
    }
    masks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the parser finds.
    fn parsed(text: &str) -> Option<Vec<&str>> {
        let items: Vec<&serde_json::value::RawValue> = serde_json::from_str(text).ok()?;
        Some(items.into_iter().map(serde_json::value::RawValue::get).collect())
    }

    #[test]
    fn what_is_split() {
        let check = |text: &str, expect: Option<&[&str]>| {
            assert_eq!(split(text, 0).map(|found| found.records).as_deref(), expect, "{text}");
        };
        check("[]", Some(&[]));
        check("[ {} ,\n[1] ]x", Some(&["{}", "[1]"]));
        check(r#"[{"a":"]}\\"},{"b":"\"["}]"#, Some(&[r#"{"a":"]}\\"}"#, r#"{"b":"\"["}"#]));
        // A record that is no JSON costs itself alone.
        check(r#"[{"a":tru},{"b":1}]"#, Some(&[r#"{"a":tru}"#, r#"{"b":1}"#]));
        let left = [
            "[",
            "[1]",
            "[{}",
            "[{},]",
            "[,{}]",
            "[{} {}]",
            "[{}}",
            "[{]]",
            "[{\"a\n\":1}]",
            "[{\"a\":\\}]",
            "[{},,{}]",
        ];
        for text in left {
            check(text, None);
        }
    }

    /// Each byte of a list comes to lie at each place of a block.
    #[test]
    fn at_every_border() {
        let rows = r#"{"k":"a\\\"[{é","n":{"x":[1,{"y":"]}"}]}} , [ "\\" ],{"z":"\\\\"}"#;
        for shift in 0..130 {
            let text = format!("[{}{rows}{}]", " ".repeat(shift), ",{\"a\":\"b\"}".repeat(9));
            let found = split(&text, 0).unwrap();
            assert_eq!(Some(found.records), parsed(&text), "{shift}");
            assert_eq!(found.end, text.len());
        }
    }

    /// JSON with all that could lead a scanner astray.
    fn json() -> impl Strategy<Value = String> {
        let text = r#"(\\\\|\\"|\\u00e9|[a-z\[\]{},: é]){0,40}"#;
        let leaf = prop_oneof![Just("1".to_owned()), text.prop_map(|text| format!("\"{text}\""))];
        leaf.prop_recursive(4, 32, 5, |inner| {
            let key = text.prop_map(|text| format!("\"{text}\""));
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(" ,\n"))),
                prop::collection::vec((key, inner), 0..5).prop_map(|members| {
                    let members: Vec<_> = members.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_same_as_the_parser(items in prop::collection::vec(json(), 0..9), pad in 0usize..64) {
            let text = format!("[{}{}]", " ".repeat(pad), items.join(","));
            let nested = items.iter().all(|item| item.starts_with(['{', '[']));
            let found = split(&text, 0).map(|found| found.records);
            prop_assert_eq!(found, parsed(&text).filter(|_| nested));
        }

        /// Whatever the text is, a list that is taken is made of the same records if it is JSON.
        #[test]
        fn any_text_is_split_or_left(text in "\\[(\\{|\\}|\\[|\\]|\"|\\\\|,|\n|1| |\"a\":){0,24}\\]") {
            if let (Some(found), Some(parsed)) = (split(&text, 0), parsed(&text)) {
                prop_assert_eq!(found.records, parsed);
            }
        }
    }
}
