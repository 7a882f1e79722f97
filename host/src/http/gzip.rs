//! Undoes gzip step by step: no step gives more than a fixed number of bytes, whatever the input says.

use std::io::{self, BufRead, Read};

use bytes::{Buf, Bytes};
use flate2::bufread::MultiGzDecoder;

/// Most bytes that one step gives; as much as a connection hands over at once.
const STEP: usize = 64 * 1024;

/// A body that is being decoded.
pub(crate) struct Gunzip {
    decoder: MultiGzDecoder<Input>,
    began: bool,
}

/// What one step gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Decoded bytes, never none.
    Data(Bytes),
    /// Nothing without more input.
    Starved,
    /// The end of the body.
    End,
}

impl Gunzip {
    pub(crate) fn new() -> Self {
        Self { decoder: MultiGzDecoder::new(Input { chunk: Bytes::new(), ended: false }), began: false }
    }

    /// Hands over the next chunk. The one before must be used up: [`Gunzip::step`] said [`Step::Starved`].
    pub(crate) fn push(&mut self, chunk: Bytes) {
        self.began |= !chunk.is_empty();
        self.decoder.get_mut().chunk = chunk;
    }

    /// Says that there are no more chunks.
    pub(crate) fn end(&mut self) {
        self.decoder.get_mut().ended = true;
    }

    /// Decodes a little further.
    pub(crate) fn step(&mut self) -> io::Result<Step> {
        if !self.began {
            // An empty body is no gzip member, and servers send it all the same with statuses that have no body.
            return Ok(if self.decoder.get_ref().ended { Step::End } else { Step::Starved });
        }
        let mut decoded = vec![0; STEP];
        match self.decoder.read(&mut decoded) {
            Ok(0) => Ok(Step::End),
            Ok(length) => {
                decoded.truncate(length);
                Ok(Step::Data(decoded.into()))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Step::Starved),
            Err(error) => Err(error),
        }
    }
}

/// The input as far as it is there.
#[derive(Debug)]
struct Input {
    chunk: Bytes,
    ended: bool,
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(into)?;
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.chunk.is_empty() && !self.ended { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(&self.chunk) }
    }

    fn consume(&mut self, length: usize) {
        self.chunk.advance(length.min(self.chunk.len()));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, GzBuilder};

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzBuilder::new().filename("name").write(Vec::new(), Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn gunzip(input: &[u8], chunk: usize) -> io::Result<Vec<u8>> {
        let mut gunzip = Gunzip::new();
        let mut decoded = Vec::new();
        let mut chunks = input.chunks(chunk);
        loop {
            match gunzip.step()? {
                Step::Data(data) => decoded.extend_from_slice(&data),
                Step::End => return Ok(decoded),
                Step::Starved => match chunks.next() {
                    Some(chunk) => gunzip.push(Bytes::copy_from_slice(chunk)),
                    None => gunzip.end(),
                },
            }
        }
    }

    #[test]
    fn bodies_are_decoded_however_they_are_cut() {
        let body = b"some text, some more text, and some text again".repeat(50);
        let two = [gzip(&body), gzip(b"second member")].concat();
        for chunk in 1..two.len() {
            assert_eq!(gunzip(&two, chunk).unwrap(), [body.as_slice(), b"second member"].concat(), "chunks of {chunk}");
        }
        assert_eq!(gunzip(b"", 1).unwrap(), b"");
    }

    #[test]
    fn damaged_bodies_are_errors() {
        let body = gzip(&b"some text".repeat(100));
        for end in 1..body.len() {
            assert!(gunzip(&body[..end], 7).is_err(), "cut at {end}");
        }
        assert!(gunzip(b"no gzip at all", 3).is_err());
    }

    #[test]
    fn a_step_is_bounded() {
        let mut gunzip = Gunzip::new();
        gunzip.push(gzip(&vec![0; 10 << 20]).into());
        let Step::Data(data) = gunzip.step().unwrap() else { panic!("no data") };
        assert!(data.len() <= STEP);
    }
}
