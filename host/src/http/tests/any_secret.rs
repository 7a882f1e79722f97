//! What holds for any secrets in any text; the fuzz target `secrets` checks the same.
//!
//! An input is one or two values on a line, a tab between them, and a text. In the text `|` is the border of two chunks, and
//! `$0pj.` the first value with its characters written in turns by the encoders `p` and `j`: see [`write`].

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Uri, header::LOCATION};
use percent_encoding::percent_decode;

use crate::{
    http::{
        allow::AllowList,
        origin::Origin,
        secrets::{Masker, SecretGrant, Secrets},
    },
    secret::Secret,
};

/// The tokens consist of letters that the values must not have, so that none comes about beside a token.
const TOKENS: [&str; 2] = ["QQQQQQQQZ", "ZZZZZZZZQ"];

fn grants(values: &[&str]) -> Vec<SecretGrant> {
    let grant = |(value, token): (&&str, &str)| SecretGrant {
        token: token.to_owned(),
        value: Secret::new(*value),
        origins: AllowList::parse(["https://a.example"]).unwrap_or_default(),
        exposed: false,
    };
    values.iter().zip(TOKENS).map(grant).collect()
}

/// One character as an encoder writes it.
fn write(c: char, encoder: char) -> String {
    let bytes = |sign: &str| c.to_string().bytes().map(|byte| format!("{sign}{byte:02x}")).collect::<Vec<_>>().concat();
    let units = |sign: &str| {
        c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("{sign}u{unit:04X}")).collect::<Vec<_>>().concat()
    };
    match encoder {
        'p' => bytes("%"),
        'P' => bytes("%25"),
        'j' => units("\\"),
        'J' => units("\\\\"),
        'e' if matches!(c, '"' | '\\' | '/') => format!("\\{c}"),
        'd' => format!("&#{};", u32::from(c)),
        'x' => format!("&#x{:X};", u32::from(c)),
        '+' if c == ' ' => "+".to_owned(),
        _ => c.to_string(),
    }
}

/// The text of an input with its values written out, and each written value alone.
fn expand(text: &str, values: &[&str]) -> (String, Vec<(usize, String)>) {
    let (mut expanded, mut written) = (String::new(), Vec::new());
    let mut parts = text.split('$');
    expanded.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (head, rest) = part.split_once('.').unwrap_or(("", part));
        let which = head.chars().next().and_then(|c| c.to_digit(10)).map_or(usize::MAX, |digit| digit as usize);
        let encoders: Vec<char> = head.chars().skip(1).take(8).collect();
        if let Some(value) = values.get(which) {
            let mut encoders = encoders.iter().cycle();
            let spelled: String = value.chars().map(|c| write(c, encoders.next().copied().unwrap_or('r'))).collect();
            expanded.push_str(&spelled);
            written.push((which, spelled));
        }
        expanded.push_str(rest);
    }
    (expanded, written)
}

fn mask<'a>(secrets: &Arc<Secrets>, chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut masker = Masker::new(Arc::clone(secrets));
    let mut text = Vec::new();
    for chunk in chunks {
        text.extend_from_slice(&masker.push(Bytes::copy_from_slice(chunk)));
    }
    text.extend_from_slice(&masker.finish());
    text
}

fn holds(text: &[u8], value: &str) -> bool {
    text.windows(value.len()).any(|window| window == value.as_bytes())
}

/// Panics when a value survives, or when chunks make a difference.
pub(crate) fn check(data: &[u8]) {
    let Ok(input) = str::from_utf8(data) else { return };
    let (values, text) = input.split_once('\n').unwrap_or((input, ""));
    let values: Vec<&str> = values.split('\t').take(TOKENS.len()).collect();
    if values.iter().any(|value| value.contains(['q', 'Q', 'z', 'Z', '*'])) {
        return;
    }
    let Ok(secrets) = Secrets::new(grants(&values)) else { return };
    let secrets = Arc::new(secrets);
    let (text, written) = expand(text, &values);

    let whole = text.replace('|', "");
    let masked = mask(&secrets, [whole.as_bytes()]);
    assert_eq!(mask(&secrets, text.split('|').map(str::as_bytes)), masked, "in chunks: {text:?}");
    assert_eq!(mask(&secrets, whole.as_bytes().chunks(1)), masked, "byte by byte: {whole:?}");
    assert_eq!(mask(&secrets, [&masked[..]]), masked, "not all is masked at once: {whole:?}");
    assert_eq!(secrets.withhold(whole.clone()).into_bytes(), masked, "{whole:?}");
    assert_eq!(secrets.keep_out(whole.clone().into_bytes()), masked, "{whole:?}");
    for (which, spelled) in written {
        let alone = String::from_utf8(mask(&secrets, [spelled.as_bytes()])).unwrap_or_default();
        // Another value may begin in the same place and end later; then its token stands there.
        assert!(alone == TOKENS[which] || values.len() > 1 && TOKENS.iter().any(|t| alone.contains(t)), "{spelled:?}");
    }
    let hidden = secrets.hide(&whole);
    for value in &values {
        assert!(!holds(&masked, value), "{value:?} survives in {whole:?}");
        let decoded: Vec<u8> = percent_decode(&masked).collect();
        assert!(!holds(&decoded, value), "{value:?} survives, encoded, in {whole:?}");
        let small = hidden.to_ascii_lowercase();
        assert!(!small.contains(&value.to_ascii_lowercase()), "{value:?} is shown in {hidden:?}");
    }
    assert!(TOKENS.iter().take(values.len()).all(|token| !hidden.contains(token)), "{hidden:?}");
    check_request(&secrets, &whole, &values);
    check_headers(&secrets, &whole, &values);
}

/// Where a token stood, there is the value, percent-encoded, and for other origins nothing changes.
fn check_request(secrets: &Secrets, text: &str, values: &[&str]) {
    let [Ok(bound), Ok(other)] = [Origin::parse("https://a.example"), Origin::parse("https://b.example")] else {
        return;
    };
    let path = format!("/{}?k={}", TOKENS[0], text.replace(|c: char| !c.is_ascii_graphic() || c == '#', "-"));
    assert_eq!(secrets.fill_path(&path, &other), None, "{path:?}");
    let Some(filled) = secrets.fill_path(&path, &bound) else { panic!("nothing is filled into {path:?}") };
    assert!(!filled.contains(TOKENS[0]) && filled.is_ascii() && !filled.contains(char::is_control), "{filled:?}");
    let decoded: Vec<u8> = percent_decode(filled.as_bytes()).collect();
    assert!(decoded.get(1..).is_some_and(|rest| rest.starts_with(values[0].as_bytes())), "{filled:?}");
    assert_eq!(path.parse::<Uri>().is_ok(), filled.parse::<Uri>().is_ok(), "{path:?} becomes {filled:?}");
}

fn check_headers(secrets: &Secrets, text: &str, values: &[&str]) {
    let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) else { return };
    let mut headers = HeaderMap::from_iter([(LOCATION, value)]);
    secrets.mask_headers(&mut headers);
    assert!(values.iter().all(|value| !holds(headers[LOCATION].as_bytes(), value)), "{headers:?}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::seeds;

    #[test]
    fn what_is_kept() {
        seeds::each("secrets", check);
    }

    proptest! {
        #[test]
        fn no_value_survives(
            values in prop::collection::vec("[ab/%\\\\\"& é😀+#;2u0-]{8,12}", 1..3),
            parts in prop::collection::vec("(\\$[01][rpPjJedx+]{1,3}\\.|[ab%\\\\&/;|]{0,4}|%2|\\\\u00)", 0..8),
        ) {
            check(format!("{}\n{}", values.join("\t"), parts.concat()).as_bytes());
        }
    }
}
