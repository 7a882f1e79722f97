//! Secrets that a component never sees: it handles tokens, and the host puts the values in on the way out and takes them
//! back out on the way in.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    http::{allow::AllowList, origin::Origin},
    secret::Secret,
};

/// One secret: what the component has in its place, and where the value may go.
#[derive(Clone, Debug)]
pub struct SecretGrant {
    /// URL-safe and random: no other text contains it by chance.
    pub token: String,
    /// The value itself.
    pub value: Secret,
    /// The origins whose requests get the value; in all other requests the token stays.
    pub origins: AllowList,
}

/// A list of secrets that cannot be worked with.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// A value with a line break would end a header.
    #[error("a secret must hold no line break and no other control character")]
    Control,
    /// A short value would be found in texts that have nothing to do with it.
    #[error("a secret must have at least {MIN_LENGTH} bytes")]
    Short,
    /// The tables for finding them could not be built.
    #[error("the secrets cannot be searched for")]
    Search(#[source] aho_corasick::BuildError),
}

/// Fewest bytes of a secret and of its token.
const MIN_LENGTH: usize = 8;

/// All but the characters that RFC 3986 calls unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What must be escaped wherever it stands; the delimiters of URLs are left.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`');

/// The secrets of a source, ready to be put in and taken out.
#[derive(Debug)]
pub struct Secrets {
    grants: Vec<SecretGrant>,
    tokens: AhoCorasick,
    values: AhoCorasick,
    /// The token for each pattern of `values`.
    replacements: Vec<Bytes>,
    longest: usize,
}

impl Secrets {
    /// Checks the secrets and prepares the search for them.
    pub fn new(grants: Vec<SecretGrant>) -> Result<Self, SecretError> {
        let mut patterns = Vec::new();
        let mut replacements = Vec::new();
        for grant in &grants {
            if grant.value.expose().chars().any(char::is_control) {
                return Err(SecretError::Control);
            }
            if grant.value.expose().len() < MIN_LENGTH || grant.token.len() < MIN_LENGTH {
                return Err(SecretError::Short);
            }
            for form in forms(grant.value.expose()) {
                patterns.push(form);
                replacements.push(Bytes::from(grant.token.clone()));
            }
        }
        let build = |patterns: &[String]| {
            AhoCorasickBuilder::new()
                .match_kind(MatchKind::LeftmostLongest)
                .build(patterns)
                .map_err(SecretError::Search)
        };
        let tokens: Vec<_> = grants.iter().map(|grant| grant.token.clone()).collect();
        Ok(Self {
            tokens: build(&tokens)?,
            values: build(&patterns)?,
            longest: patterns.iter().map(String::len).max().unwrap_or(0),
            replacements,
            grants,
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }

    /// Puts the values, percent-encoded, into the path and query of a request to an origin. None when nothing changes.
    pub fn fill_path(&self, path: &str, origin: &Origin) -> Option<String> {
        self.fill(path.as_bytes(), origin, |value| utf8_percent_encode(value, ENCODED).to_string())
            .and_then(|filled| String::from_utf8(filled).ok())
    }

    /// Puts the values into the headers of a request to an origin.
    pub fn fill_headers(&self, headers: &mut HeaderMap, origin: &Origin) {
        if self.is_empty() {
            return;
        }
        for value in headers.values_mut() {
            if let Some(filled) = self.fill(value.as_bytes(), origin, str::to_owned)
                && let Ok(mut filled) = HeaderValue::from_bytes(&filled)
            {
                filled.set_sensitive(true);
                *value = filled;
            }
        }
    }

    fn fill(&self, text: &[u8], origin: &Origin, write: impl Fn(&str) -> String) -> Option<Vec<u8>> {
        let mut filled = Vec::new();
        let mut from = 0;
        for found in self.tokens.find_iter(text) {
            let Some(grant) = self.grants.get(found.pattern().as_usize()) else { continue };
            if grant.origins.allows(origin) {
                filled.extend_from_slice(text.get(from..found.start())?);
                filled.extend_from_slice(write(grant.value.expose()).as_bytes());
                from = found.end();
            }
        }
        if from == 0 {
            return None;
        }
        filled.extend_from_slice(text.get(from..)?);
        Some(filled)
    }

    /// Takes the values out of the headers of a response.
    pub fn mask_headers(&self, headers: &mut HeaderMap) {
        if self.is_empty() {
            return;
        }
        for value in headers.values_mut() {
            if self.values.is_match(value.as_bytes()) {
                let masked = self.values.replace_all_bytes(value.as_bytes(), &self.replacements);
                *value = HeaderValue::from_bytes(&masked).unwrap_or_else(|_| HeaderValue::from_static("****"));
            }
        }
    }

    /// Puts `****` in the place of tokens and values in a text for people, such as a component's error.
    pub fn hide(&self, text: &str) -> String {
        if self.is_empty() {
            return text.to_owned();
        }
        let hidden = self.values.replace_all(text, &vec!["****"; self.replacements.len()]);
        self.tokens.replace_all(&hidden, &vec!["****"; self.grants.len()])
    }
}

/// The spellings in which a value may come back.
fn forms(value: &str) -> Vec<String> {
    let percent = utf8_percent_encode(value, ENCODED).to_string();
    let json = serde_json::Value::from(value).to_string();
    let json = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or(&json).to_owned();
    let mut forms = vec![
        value.to_owned(),
        lower_escapes(&percent),
        percent.replace("%20", "+"),
        utf8_percent_encode(value, ESCAPED).to_string(),
        percent,
        json.replace('/', "\\/"),
        json_ascii(&json, |unit| format!("\\u{unit:04x}")),
        json_ascii(&json, |unit| format!("\\u{unit:04X}")),
        json,
    ];
    forms.sort();
    forms.dedup();
    forms
}

/// `%3A` as `%3a`.
fn lower_escapes(text: &str) -> String {
    let mut lowered = String::with_capacity(text.len());
    for (index, part) in text.split('%').enumerate() {
        // Each part but the first begins with the two digits of an escape.
        let (digits, rest) = part.split_at_checked(2).filter(|_| index > 0).unwrap_or(("", part));
        if index > 0 {
            lowered.push('%');
        }
        lowered.push_str(&digits.to_ascii_lowercase());
        lowered.push_str(rest);
    }
    lowered
}

fn json_ascii(text: &str, write: impl Fn(u16) -> String) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            escaped.push(c);
        } else {
            escaped.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| write(*unit)));
        }
    }
    escaped
}

/// Takes the values out of a body that comes in chunks: a value that is cut by the border of a chunk is found, too.
#[derive(Debug)]
pub struct Masker {
    secrets: Arc<Secrets>,
    /// The end of what was read, as long as it may be the beginning of a value.
    held: BytesMut,
}

impl Masker {
    /// Begins a body.
    pub fn new(secrets: Arc<Secrets>) -> Self {
        Self { secrets, held: BytesMut::new() }
    }

    /// The secrets that it takes out.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Takes the next chunk, and returns what is sure to hold no value any more; it may be empty.
    pub fn push(&mut self, chunk: Bytes) -> Bytes {
        if self.secrets.is_empty() {
            return chunk;
        }
        self.held.extend_from_slice(&chunk);
        self.release(false)
    }

    /// Ends the body, and returns what was held back.
    pub fn finish(&mut self) -> Bytes {
        self.release(true)
    }

    fn release(&mut self, end: bool) -> Bytes {
        let longest = self.secrets.longest;
        let length = self.held.len();
        // A match that begins before this place was looked at in its full length; a later one may still grow.
        let decided = if end { length } else { (length + 1).saturating_sub(longest) };
        let mut masked = BytesMut::new();
        let mut from = 0;
        for found in self.secrets.values.find_iter(&self.held) {
            if found.start() >= decided {
                break;
            }
            masked.extend_from_slice(self.held.get(from..found.start()).unwrap_or_default());
            if let Some(token) = self.secrets.replacements.get(found.pattern().as_usize()) {
                masked.extend_from_slice(token);
            }
            from = found.end();
        }
        if from == 0 {
            return self.held.split_to(decided).freeze();
        }
        let until = decided.max(from);
        masked.extend_from_slice(self.held.get(from..until).unwrap_or_default());
        self.held.advance(until);
        masked.freeze()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secrets(values: &[&str]) -> Arc<Secrets> {
        let grants = values.iter().enumerate().map(|(index, value)| SecretGrant {
            token: format!("THETOKEN{index}"),
            value: Secret::new(*value),
            origins: AllowList::parse(["https://a.example"]).unwrap(),
        });
        Arc::new(Secrets::new(grants.collect()).unwrap())
    }

    fn mask(secrets: &Arc<Secrets>, chunks: &[&[u8]]) -> String {
        let mut masker = Masker::new(Arc::clone(secrets));
        let mut text = Vec::new();
        for chunk in chunks {
            text.extend_from_slice(&masker.push(Bytes::copy_from_slice(chunk)));
        }
        text.extend_from_slice(&masker.finish());
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn values_are_put_into_paths_and_headers_of_their_origins_alone() {
        fn check(origin: &str, path: &str, header: &str) {
            let secrets = secrets(&["long/a/b c&d?"]);
            let origin = Origin::parse(origin).unwrap();
            let filled = secrets.fill_path("/x/THETOKEN0?key=THETOKEN0", &origin);
            assert_eq!(filled.as_deref().unwrap_or("/x/THETOKEN0?key=THETOKEN0"), path);
            let mut headers =
                HeaderMap::from_iter([(http::header::AUTHORIZATION, "Bearer THETOKEN0".parse().unwrap())]);
            secrets.fill_headers(&mut headers, &origin);
            assert_eq!(headers[http::header::AUTHORIZATION], header);
        }
        check("https://a.example", "/x/long%2Fa%2Fb%20c%26d%3F?key=long%2Fa%2Fb%20c%26d%3F", "Bearer long/a/b c&d?");
        check("https://b.example", "/x/THETOKEN0?key=THETOKEN0", "Bearer THETOKEN0");
        check("http://a.example", "/x/THETOKEN0?key=THETOKEN0", "Bearer THETOKEN0");
        check("https://a.example:444", "/x/THETOKEN0?key=THETOKEN0", "Bearer THETOKEN0");
    }

    #[test]
    fn all_spellings_are_taken_out() {
        fn check(value: &str, text: &str) {
            assert_eq!(mask(&secrets(&[value]), &[text.as_bytes()]), "<THETOKEN0>", "{text}");
        }
        check("plain-123", "<plain-123>");
        check("a/b:c \"d\"", "<a/b:c \"d\">");
        check("a/b:c \"d\"", "<a%2Fb%3Ac%20%22d%22>");
        check("a/b:c \"d\"", "<a/b:c%20%22d%22>");
        check("a/b:c \"d\"", "<a%2fb%3ac%20%22d%22>");
        check("a/b:c \"d\"", "<a%2Fb%3Ac+%22d%22>");
        check("a/b:c \"d\"", "<a/b:c \\\"d\\\">");
        check("a/b:c \"d\"", "<a\\/b:c \\\"d\\\">");
        check("pässwörd", "<p%C3%A4ssw%C3%B6rd>");
        check("pässwörd", "<p\\u00e4ssw\\u00f6rd>");
        check("pässwörd", "<p\\u00E4ssw\\u00F6rd>");
    }

    #[test]
    fn the_longest_of_several_values_is_taken_out() {
        let secrets = secrets(&["abcdefgh", "abcdefghijkl", "ghijklmn"]);
        assert_eq!(mask(&secrets, &[b"abcdefgh", b"ijkl abcdefgh ghijklmn"]), "THETOKEN1 THETOKEN0 THETOKEN2");
    }

    #[test]
    fn headers_and_texts_are_masked() {
        let secrets = secrets(&["the/secret"]);
        let mut headers = HeaderMap::from_iter([(http::header::LOCATION, "/x/the%2Fsecret/".parse().unwrap())]);
        secrets.mask_headers(&mut headers);
        assert_eq!(headers[http::header::LOCATION], "/x/THETOKEN0/");
        assert_eq!(secrets.hide("at the/secret and THETOKEN0"), "at **** and ****");
    }

    #[test]
    fn values_that_cannot_be_hidden_are_refused() {
        for value in ["", "1234567", "long-a\nb", "long-a\rb", "long-a\0b"] {
            let grant =
                SecretGrant { token: "THETOKEN".into(), value: Secret::new(value), origins: AllowList::default() };
            assert!(Secrets::new(vec![grant]).is_err(), "{value:?}");
        }
    }

    #[test]
    fn a_value_is_never_shown() {
        assert!(!format!("{:?}", secrets(&["hunter2222"]).grants).contains("hunter2222"));
    }

    proptest! {
        /// However a body is cut, the same comes out as of the whole.
        #[test]
        fn cuts_change_nothing(
            parts in prop::collection::vec(prop::sample::select(vec!["abab", "ababc", "ab", "c", "/x-", "a%62", "é"]), 0..24),
            cuts in prop::collection::vec(0_usize..120, 0..12),
        ) {
            let secrets = secrets(&["abababab", "ababcabab", "éé/x-ab"]);
            let text = parts.concat();
            let whole = mask(&secrets, &[text.as_bytes()]);
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let chunks: Vec<_> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(mask(&secrets, &chunks), whole);
        }
    }
}
