//! An envelope whose list of records is split by a scan, and whose other members are parsed.

use serde::de::Deserialize;
use serde_json::value::RawValue;

use super::{Document, Json, Segment, split::split};

/// Opens a text that has a list of objects at a path of names. None if there is anything else; whoever asks then takes the
/// parser, which tells what is wrong.
pub(super) fn open<'a>(text: &'a str, path: &[Segment]) -> Option<Document<'a>> {
    let mut reader = Reader { text, at: 0 };
    reader.skip();
    let document = reader.open(path)?;
    reader.skip();
    (reader.at == text.len()).then_some(document)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn open(&mut self, path: &[Segment]) -> Option<Document<'a>> {
        match path {
            [] => self.list(),
            [Segment::Key(name), rest @ ..] => self.object(name, rest),
            _ => None,
        }
    }

    fn list(&mut self) -> Option<Document<'a>> {
        self.is(b'[').then_some(())?;
        let found = split(self.text, self.at)?;
        self.at = found.end;
        Some(Document::of_list(found.records.into_iter().map(Json).collect(), found.breaks))
    }

    fn object(&mut self, name: &str, rest: &[Segment]) -> Option<Document<'a>> {
        self.take(b'{')?;
        let mut members = Vec::new();
        loop {
            self.is(b'"').then_some(())?;
            let key: String = self.value()?;
            self.take(b':')?;
            let value =
                if key == name { self.open(rest)? } else { Document::open(Json(self.value::<&RawValue>()?.get()), 1) };
            members.push((key, value));
            self.skip();
            if self.is(b'}') {
                self.at += 1;
                return Some(Document::of_members(members));
            }
            self.take(b',')?;
        }
    }

    /// A value that the parser reads.
    fn value<T: Deserialize<'a>>(&mut self) -> Option<T> {
        let mut values = serde_json::Deserializer::from_str(&self.text[self.at..]).into_iter::<T>();
        let value = values.next()?.ok()?;
        self.at += values.byte_offset();
        Some(value)
    }

    fn is(&self, byte: u8) -> bool {
        self.text.as_bytes().get(self.at) == Some(&byte)
    }

    /// Passes a byte, with white space around it.
    fn take(&mut self, byte: u8) -> Option<()> {
        self.skip();
        self.is(byte).then_some(())?;
        self.at += 1;
        self.skip();
        Some(())
    }

    fn skip(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    }
}
