//! The body of an answer: its text for reading, its bytes for passing on.

use memchr::memchr2_iter;

use crate::json::Json;

/// A body that was read to its end.
///
/// JSON must be UTF-8, yet one broken character must not cost a page. Where the bytes are not UTF-8, they are read through
/// a copy in which each offending byte is a `?`: as long as the original, and different from it only inside strings
/// (anywhere else the `?` makes it no JSON, as the byte did). Slices are found in the copy and passed on from the
/// original, so a record that is not UTF-8 reaches the host as it came, and the host puts that one aside.
#[derive(Debug)]
pub struct Body {
    text: String,
    /// The bytes that came, when they differ from `text`.
    original: Option<Vec<u8>>,
}

impl Body {
    /// Takes the bytes of a body; a byte order mark is dropped.
    pub fn new(mut bytes: Vec<u8>) -> Self {
        if bytes.starts_with(b"\xEF\xBB\xBF") {
            bytes.drain(..3);
        }
        match String::from_utf8(bytes) {
            Ok(text) => Self { text, original: None },
            Err(error) => {
                let bytes = error.into_bytes();
                let mut text = String::with_capacity(bytes.len());
                for chunk in bytes.utf8_chunks() {
                    text.push_str(chunk.valid());
                    text.extend(chunk.invalid().iter().map(|_| '?'));
                }
                Self { text, original: Some(bytes) }
            }
        }
    }

    /// The body as text, `?` for each byte that is not UTF-8.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is a list without items.
    pub fn is_empty_list(&self) -> bool {
        let inside = self.text.trim_ascii().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        inside.is_some_and(|inside| inside.trim_ascii().is_empty())
    }

    /// Whether there is nothing but white space.
    pub fn is_blank(&self) -> bool {
        self.text.trim_ascii().is_empty()
    }

    /// The body as one line, if it is an object.
    pub fn object_line(&self) -> Option<Vec<u8>> {
        let object = Json::parse(&self.text).ok().filter(|json| json.is_object())?;
        let mut line = Vec::new();
        self.append_line(object, &mut line);
        Some(line)
    }

    /// Appends a value of this body as one line, as the service wrote it but for line breaks between tokens.
    pub fn append_line(&self, value: Json<'_>, lines: &mut Vec<u8>) {
        let start = lines.len();
        self.append_unbroken(value, lines);
        // A string cannot hold a raw line break, so each one stands between tokens.
        for at in memchr2_iter(b'\n', b'\r', value.get().as_bytes()) {
            lines[start + at] = b' ';
        }
    }

    /// Appends a value of this body that is known to have no line breaks as one line, as the service wrote it.
    pub fn append_unbroken(&self, value: Json<'_>, lines: &mut Vec<u8>) {
        let value = value.get();
        let from = value.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr());
        let bytes = self.original.as_ref().and_then(|original| original.get(from..from + value.len()));
        lines.extend_from_slice(bytes.unwrap_or(value.as_bytes()));
        lines.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(body: &Body) -> Json<'_> {
        Json::parse(body.text()).unwrap()
    }

    #[test]
    fn lines_are_what_the_service_wrote() {
        let body = Body::new(b"\xEF\xBB\xBF[{\"a\":\r\n 1.50,\n\"b\":\"x\\ny\"}]".to_vec());
        let mut lines = Vec::new();
        body.append_line(json(&body).items()[0], &mut lines);
        assert_eq!(lines, b"{\"a\":   1.50, \"b\":\"x\\ny\"}\n");
    }

    #[test]
    fn bytes_that_are_no_text_pass_through() {
        let body = Body::new(b"{\"data\":[{\"a\":\"\xFF\xC3\"},{\"a\":\"\xC3\xA9\"}]}".to_vec());
        let mut lines = Vec::new();
        for item in json(&body).members()[0].1.items() {
            body.append_line(item, &mut lines);
        }
        assert_eq!(lines, b"{\"a\":\"\xFF\xC3\"}\n{\"a\":\"\xC3\xA9\"}\n");
    }

    #[test]
    fn objects() {
        assert_eq!(Body::new(b" {\"a\":1.0}\n".to_vec()).object_line().as_deref(), Some(&b"{\"a\":1.0}\n"[..]));
        for input in ["", "1", "[]", "{", "null"] {
            assert_eq!(Body::new(input.into()).object_line(), None, "{input}");
        }
    }

    #[test]
    fn blank() {
        for (input, expect) in [("", true), (" \r\n", true), ("0", false), ("\u{feff}", true)] {
            assert_eq!(Body::new(input.into()).is_blank(), expect, "{input:?}");
        }
    }

    proptest! {
        #[test]
        fn the_copy_is_as_long_as_the_original(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let body = Body::new(bytes.clone());
            let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
            prop_assert_eq!(body.text().len(), bytes.len());
            if let Some(original) = body.original {
                prop_assert_eq!(original, bytes);
            }
        }
    }
}
