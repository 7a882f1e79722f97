//! Reads one JSON text onto a [`Tape`].
//!
//! Not `serde_json`, because it cannot tell an integer beyond 64 bits from a float without slowing all numbers down, and
//! because one flat list per record is what the speed goal asks for. What is JSON is decided exactly as `serde_json`
//! does, which the tests hold it to, with one exception: half of a surrogate pair (`"\ud800"`), which some services
//! leave behind when they cut a text, becomes U+FFFD instead of an error.

use super::tape::{Node, Span, Tape};

/// How deep lists and objects may lie in one another.
pub(crate) const MAX_DEPTH: usize = 127;

/// Why a text is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseError {
    #[error("not JSON: {problem} at byte {at}")]
    Syntax { problem: &'static str, at: usize },
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    #[error("longer than 4 GiB")]
    TooLong,
}

/// Reads a text that holds one JSON value. On an error the tape is left with some nodes of it.
pub(crate) fn parse(text: &str, tape: &mut Tape) -> Result<(), ParseError> {
    tape.clear();
    if u32::try_from(text.len()).is_err() {
        return Err(ParseError::TooLong);
    }
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0, tape };
    parser.skip_space();
    parser.value(0)?;
    parser.skip_space();
    if parser.at < parser.bytes.len() { Err(parser.problem("characters after the value")) } else { Ok(()) }
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    tape: &'a mut Tape,
}

impl Parser<'_> {
    fn problem(&self, problem: &'static str) -> ParseError {
        ParseError::Syntax { problem, at: self.at }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(byte @ ..=b' ') = self.peek() {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return;
            }
            self.at += 1;
        }
    }

    #[inline]
    fn push(&mut self, node: Node) {
        self.tape.nodes.push(node);
    }

    fn value(&mut self, depth: usize) -> Result<(), ParseError> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b't') => self.word("true", Node::Bool(true)),
            Some(b'f') => self.word("false", Node::Bool(false)),
            Some(b'n') => self.word("null", Node::Null),
            Some(_) => Err(self.problem("unexpected character")),
            None => Err(self.problem("unexpected end")),
        }
    }

    fn word(&mut self, word: &str, node: Node) -> Result<(), ParseError> {
        if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.at += word.len();
            self.push(node);
            Ok(())
        } else {
            Err(self.problem("unexpected character"))
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), ParseError> {
        let start = self.open(depth)?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return self.close(start, |end| Node::Object { end });
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.problem("expected a key"));
            }
            self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.problem("expected `:`"));
            }
            self.at += 1;
            self.skip_space();
            self.value(depth + 1)?;
            self.skip_space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.skip_space();
                }
                Some(b'}') => {
                    self.at += 1;
                    return self.close(start, |end| Node::Object { end });
                }
                _ => return Err(self.problem("expected `,` or `}`")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), ParseError> {
        let start = self.open(depth)?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return self.close(start, |end| Node::Array { end });
        }
        loop {
            self.value(depth + 1)?;
            self.skip_space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.skip_space();
                }
                Some(b']') => {
                    self.at += 1;
                    return self.close(start, |end| Node::Array { end });
                }
                _ => return Err(self.problem("expected `,` or `]`")),
            }
        }
    }

    /// Goes into a list or object; the answer is the place of its node.
    fn open(&mut self, depth: usize) -> Result<usize, ParseError> {
        if depth >= MAX_DEPTH {
            return Err(ParseError::TooDeep);
        }
        self.at += 1;
        self.skip_space();
        let start = self.tape.nodes.len();
        self.push(Node::Null);
        Ok(start)
    }

    fn close(&mut self, start: usize, node: impl FnOnce(u32) -> Node) -> Result<(), ParseError> {
        let end = u32::try_from(self.tape.nodes.len()).map_err(|_| ParseError::TooLong)?;
        if let Some(slot) = self.tape.nodes.get_mut(start) {
            *slot = node(end);
        }
        Ok(())
    }

    #[inline]
    fn string(&mut self) -> Result<(), ParseError> {
        let start = self.at + 1;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let length = plain_length(rest);
        self.at = start + length;
        if rest.get(length) == Some(&b'"') {
            self.push(Node::Text(self.span_from(start)));
            self.at += 1;
            return Ok(());
        }
        self.unusual_string(start)
    }

    /// Goes on with a string that does not end at its first special character.
    #[cold]
    fn unusual_string(&mut self, start: usize) -> Result<(), ParseError> {
        match self.peek() {
            Some(b'\\') => self.escaped_string(start),
            Some(_) => Err(self.problem("control character in a string")),
            None => Err(self.problem("unexpected end")),
        }
    }

    /// Reads on from the first escape of a string that began at `start`.
    fn escaped_string(&mut self, start: usize) -> Result<(), ParseError> {
        let begin = self.tape.unescaped.len();
        let mut copied = start;
        loop {
            self.tape.unescaped.push_str(self.text.get(copied..self.at).unwrap_or_default());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let escaped = self.escape()?;
                    self.tape.unescaped.push(escaped);
                }
                Some(_) => return Err(self.problem("control character in a string")),
                None => return Err(self.problem("unexpected end")),
            }
            copied = self.at;
            self.at += plain_length(self.bytes.get(copied..).unwrap_or_default());
        }
        self.at += 1;
        let span = narrow(begin, self.tape.unescaped.len()).ok_or(ParseError::TooLong)?;
        self.push(Node::Unescaped(span));
        Ok(())
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        self.at += 1;
        let escaped = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape();
            }
            _ => return Err(self.problem("unknown escape")),
        };
        self.at += 1;
        Ok(escaped)
    }

    fn unicode_escape(&mut self) -> Result<char, ParseError> {
        let first = self.hex()?;
        if (0xd800..0xdc00).contains(&first) && self.bytes.get(self.at..self.at + 2) == Some(b"\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, ParseError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.problem("expected four hexadecimal digits"))?;
            self.at += 1;
        }
        Ok(code)
    }

    fn number(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        if negative {
            self.at += 1;
        }
        let mut value: Option<i64> = Some(0);
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => {
                while let Some(byte @ b'0'..=b'9') = self.peek() {
                    // Counted below zero, where there is room for the smallest integer, too.
                    value = value.and_then(|v| v.checked_mul(10)?.checked_sub(i64::from(byte - b'0')));
                    self.at += 1;
                }
            }
            _ => return Err(self.problem("expected a digit")),
        }
        if !matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            let value = if negative { value } else { value.and_then(i64::checked_neg) };
            let node = value.map_or_else(|| Node::BigInt(self.span_from(start)), Node::Int);
            self.push(node);
            return Ok(());
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let span = self.span_from(start);
        let node = match self.text.get(start..self.at).unwrap_or_default().parse::<f64>() {
            Ok(value) if value.is_finite() => Node::Float(value),
            _ => Node::HugeFloat(span),
        };
        self.push(node);
        Ok(())
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), ParseError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.problem("expected a digit"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    #[inline]
    fn span_from(&self, start: usize) -> Span {
        #[expect(clippy::cast_possible_truncation, reason = "the length of the text was checked")]
        Span { start: start as u32, end: self.at as u32 }
    }
}

fn narrow(start: usize, end: usize) -> Option<Span> {
    Some(Span { start: u32::try_from(start).ok()?, end: u32::try_from(end).ok()? })
}

/// How many bytes come before the first quote, backslash or control character. Looks at eight at a time.
#[inline]
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    // `"`, `\` and the space.
    const QUOTES: u64 = ONES * 0x22;
    const BACKSLASHES: u64 = ONES * 0x5c;
    const SPACES: u64 = ONES * 0x20;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut length = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        // The high bit of a byte is set where the byte is a quote, a backslash or below a space. A borrow can set it
        // wrongly only above a byte where it is rightly set, and only the lowest counts.
        let found =
            ((word ^ QUOTES).wrapping_sub(ONES) | (word ^ BACKSLASHES).wrapping_sub(ONES) | word.wrapping_sub(SPACES))
                & !word
                & HIGH;
        if found != 0 {
            return length + (found.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    length + rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count()
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
