//! Takes values out of a body that comes in chunks.

use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};

use super::{Secrets, spelling::Case};

/// Takes the values out of a body that comes in chunks: a value that is cut by the border of a chunk is found, too.
#[derive(Debug)]
pub(crate) struct Masker {
    secrets: Arc<Secrets>,
    /// The end of what was read, as long as it may be the beginning of a value.
    held: BytesMut,
}

impl Masker {
    /// Begins a body.
    pub(crate) fn new(secrets: Arc<Secrets>) -> Self {
        Self { secrets, held: BytesMut::new() }
    }

    /// The secrets that it takes out.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Takes the next chunk, and returns what is sure to hold no value any more; it may be empty.
    pub(crate) fn push(&mut self, chunk: Bytes) -> Bytes {
        if !self.secrets.are_withheld() {
            return chunk;
        }
        self.held.extend_from_slice(&chunk);
        self.release(false)
    }

    /// Ends the body, and returns what was held back.
    pub(crate) fn finish(&mut self) -> Bytes {
        self.release(true)
    }

    fn release(&mut self, end: bool) -> Bytes {
        let withheld = &self.secrets.withheld;
        let length = self.held.len();
        // A value that begins before this place was looked for in its full length; a later one may still grow.
        let decided = if end { length } else { (length + 1).saturating_sub(withheld.longest()) };
        let mut masked = BytesMut::new();
        let mut from = 0;
        while let Some(found) = withheld.find(&self.held, from, Case::Differs).filter(|found| found.at.start < decided)
        {
            masked.extend_from_slice(&self.held[from..found.at.start]);
            masked.extend_from_slice(self.secrets.token(found.index).as_bytes());
            from = found.at.end;
        }
        if from == 0 {
            return self.held.split_to(decided).freeze();
        }
        let until = decided.max(from);
        masked.extend_from_slice(&self.held[from..until]);
        self.held.advance(until);
        masked.freeze()
    }
}
