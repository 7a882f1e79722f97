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

    /// The quick way finds what a look at each place finds.
    #[test]
    fn no_value_is_passed_over(
        values in prop::collection::vec("[a-c%+& \\\\é]{1,5}", 1..4),
        text in "([a-cA%+& \\\\é]|%6[1-3]|%25|%20|\\\\u006[1-3]|&#9[7-9];|\\PC){0,40}",
    ) {
        let spellings = Spellings::new(values.iter().map(String::as_str).enumerate());
        let text = text.as_bytes();
        for (from, case) in (0..=text.len()).flat_map(|from| [(from, Case::Differs), (from, Case::Same)]) {
            prop_assert_eq!(spellings.find(text, from, case), spellings.find_within(text, from..text.len(), case));
        }
    }
}
