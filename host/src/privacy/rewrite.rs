//! Rewrites JSON texts where rules ask for it, byte by byte the same everywhere else: spellings of numbers, the order of
//! members, members that come twice and white space stay.

use std::ops::Range;

use memchr::memchr2;

use super::{
    hash::Hasher,
    rules::{Action, Kind, Place, Rules},
};
use crate::normalize::{
    parse::{ParseError, parse},
    tape::{Document, Tape},
};

/// What the paths of a text begin at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// A record: one that is no object is loaded as the column `value`, and that is what it is called in paths.
    Record,
    /// The body of an event.
    Body,
}

/// Rewrites texts that stand in one buffer, and keeps what changes.
pub(super) struct Rewriter<'a> {
    rules: &'a Rules,
    hasher: &'a Hasher,
    bytes: &'a [u8],
    at: usize,
    out: Vec<u8>,
    /// Up to where `bytes` are in `out`.
    copied: usize,
    places: Vec<Place>,
    tape: Tape,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(rules: &'a Rules, hasher: &'a Hasher, bytes: &'a [u8]) -> Self {
        let (out, places) = (Vec::new(), Vec::new());
        Self { rules, hasher, bytes, at: 0, out, copied: 0, places, tape: Tape::default() }
    }

    /// Rewrites the text of one JSON value within the buffer. After an error nothing of it was changed.
    pub(super) fn text(&mut self, range: Range<usize>, root: Root) -> Result<(), Unreadable> {
        let text = str::from_utf8(&self.bytes[range.clone()]).map_err(|_| Unreadable::NotUtf8)?;
        // What is JSON is decided by those who read it later. From here on the text is known to be sound.
        parse(text, &mut self.tape).map_err(Unreadable::NotJson)?;
        self.at = range.start;
        self.skip_space();
        let start = self.at;
        self.places.clear();
        self.places.push(Rules::root());
        let kind = self.kind();
        if root == Root::Record && kind != Kind::Object {
            self.rules.enter_member(&mut self.places, 0..1, b"value");
        }
        self.rules.stay(&mut self.places, 0, kind);
        match self.rules.action(&self.places) {
            Some(Action::Drop) => {
                self.skip_value();
                self.replace(start, self.at, b"{}");
            }
            action => self.value(0, action.is_some()),
        }
        Ok(())
    }

    /// Takes a part of the buffer out, or puts something in its place.
    pub(super) fn replace(&mut self, start: usize, end: usize, with: &[u8]) {
        if &self.bytes[start..end] != with {
            self.out.extend_from_slice(&self.bytes[self.copied..start]);
            self.out.extend_from_slice(with);
            self.copied = end;
        }
    }

    /// The buffer as it is now; none when nothing was changed.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        if self.copied == 0 {
            return None;
        }
        self.out.extend_from_slice(&self.bytes[self.copied..]);
        Some(self.out)
    }

    /// Goes through a value at the places from `from` on.
    fn value(&mut self, from: usize, hashed: bool) {
        if from == self.places.len() && !hashed {
            return self.skip_value();
        }
        match self.kind() {
            Kind::Object => self.object(from, hashed),
            Kind::List => self.list(from, hashed),
            Kind::Scalar if hashed => self.hash(),
            Kind::Scalar => self.skip_value(),
        }
    }

    fn object(&mut self, from: usize, hashed: bool) {
        let places = from..self.places.len();
        self.at += 1;
        let mut list = Separators::new(self.at);
        loop {
            self.skip_space();
            if self.bytes[self.at] == b'}' {
                break;
            }
            let key = self.string();
            self.skip_space();
            // The colon.
            self.at += 1;
            self.skip_space();
            let inner = self.places.len();
            let unescaped;
            let key = if key.contains(&b'\\') {
                unescaped = self.unescape(key);
                unescaped.as_bytes()
            } else {
                key
            };
            self.rules.enter_member(&mut self.places, places.clone(), key);
            let kind = self.kind();
            self.rules.stay(&mut self.places, inner, kind);
            let action = self.rules.action(&self.places[inner..]);
            self.element(&mut list, inner, hashed, action);
            self.next(&mut list);
        }
        self.at += 1;
    }

    fn list(&mut self, from: usize, hashed: bool) {
        let places = from..self.places.len();
        self.at += 1;
        let mut list = Separators::new(self.at);
        for index in 0.. {
            self.skip_space();
            if self.bytes[self.at] == b']' {
                break;
            }
            let inner = self.places.len();
            self.rules.enter_items(&mut self.places, places.clone());
            let action = self.rules.action(&self.places[inner..]);
            self.rules.enter_item(&mut self.places, places.clone(), index);
            let kind = self.kind();
            self.rules.stay(&mut self.places, inner, kind);
            let start = self.at;
            match self.rules.action(&self.places[inner..]) {
                // The others keep their positions, and a second time nothing else is dropped.
                Some(Action::Drop) if action != Some(Action::Drop) => {
                    self.skip_value();
                    list.keep(&mut self.copied);
                    self.replace(start, self.at, b"null");
                    self.places.truncate(inner);
                }
                action => self.element(&mut list, inner, hashed, action),
            }
            self.next(&mut list);
        }
        self.at += 1;
    }

    /// Goes through a member's value or an item, or takes it out.
    fn element(&mut self, list: &mut Separators, inner: usize, hashed: bool, action: Option<Action>) {
        if action == Some(Action::Drop) {
            self.skip_value();
            self.replace(list.last_end, self.at, b"");
            list.dropped = true;
        } else {
            list.keep(&mut self.copied);
            self.value(inner, hashed || action.is_some());
        }
        self.places.truncate(inner);
    }

    /// Goes on to the next element, or to the end.
    fn next(&mut self, list: &mut Separators) {
        list.last_end = self.at;
        self.skip_space();
        if self.bytes[self.at] == b',' {
            self.at += 1;
        }
        list.start = self.at;
    }

    fn hash(&mut self) {
        let start = self.at;
        self.skip_value();
        let literal = &self.bytes[start..self.at];
        let hash = match literal {
            b"null" => return,
            [b'"', text @ .., b'"'] if text.contains(&b'\\') => {
                let text = self.unescape(text);
                if self.hasher.is_hash(text.as_bytes()) { text } else { self.hasher.hash(text.as_bytes()) }
            }
            [b'"', text @ .., b'"'] if self.hasher.is_hash(text) => return,
            [b'"', text @ .., b'"'] | text => self.hasher.hash(text),
        };
        self.replace(start, self.at, format!("\"{hash}\"").as_bytes());
    }

    fn kind(&self) -> Kind {
        match self.bytes[self.at] {
            b'{' => Kind::Object,
            b'[' => Kind::List,
            _ => Kind::Scalar,
        }
    }

    /// What a string with escapes stands for, as those who read it later see it.
    fn unescape(&mut self, text: &[u8]) -> String {
        let literal = format!("\"{}\"", String::from_utf8_lossy(text));
        // It is sound, as all of the text is.
        let _ = parse(&literal, &mut self.tape);
        let document = Document { text: &literal, tape: &self.tape };
        document.string(document.node(0)).to_owned()
    }

    /// Passes a string; what is between its quotes.
    fn string(&mut self) -> &'a [u8] {
        let start = self.at + 1;
        self.at = start;
        while let Some(found) = memchr2(b'"', b'\\', &self.bytes[self.at..]) {
            self.at += found + 1;
            if self.bytes[self.at - 1] == b'"' {
                break;
            }
            // What is escaped is no end.
            self.at += 1;
        }
        &self.bytes[start..self.at - 1]
    }

    fn skip_value(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.bytes[self.at] {
                b'"' => {
                    self.string();
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                _ => {
                    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
                    let rest = &self.bytes[self.at..];
                    self.at += rest.iter().position(ends).unwrap_or(rest.len());
                }
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }
}

/// Where the commas of a list or an object are, so that there are as many as are needed when elements go.
struct Separators {
    /// Where the last element ends; the beginning before the first.
    last_end: usize,
    /// Where the next one begins, behind the comma.
    start: usize,
    dropped: bool,
    kept: bool,
}

impl Separators {
    fn new(at: usize) -> Self {
        Self { last_end: at, start: at, dropped: false, kept: false }
    }

    /// An element stays. When all before it went, the comma before it goes as well.
    fn keep(&mut self, copied: &mut usize) {
        if self.dropped && !self.kept {
            *copied = self.start;
        }
        self.kept = true;
    }
}

/// Why a text cannot be told what it holds.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("not UTF-8")]
    NotUtf8,
    #[error(transparent)]
    NotJson(ParseError),
}
