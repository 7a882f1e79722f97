//! Base64 of zlib, dlt's way to keep documents in text columns. Pure.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde_json::Value;

/// A document that grows beyond this when it is unpacked is refused, not read into memory.
const LONGEST: u64 = 256 * 1024 * 1024;

/// Packs a text.
///
/// # Errors
/// None in practice: writing into memory does not fail.
pub(super) fn pack(text: &str) -> std::io::Result<String> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes())?;
    Ok(STANDARD.encode(encoder.finish()?))
}

/// Unpacks what [`pack`] or dlt packed.
///
/// # Errors
/// Says at which step the text turned out not to be packed.
fn unpack(packed: &str) -> Result<String, String> {
    let bytes = STANDARD.decode(packed.trim()).map_err(|error| format!("not base64: {error}"))?;
    let mut text = String::new();
    let length = ZlibDecoder::new(bytes.as_slice()).take(LONGEST).read_to_string(&mut text);
    match length.map_err(|error| format!("not compressed text: {error}"))? as u64 {
        LONGEST => Err("more than 256 MiB when unpacked".to_owned()),
        _ => Ok(text),
    }
}

/// The document in a text column of dlt's tables: packed, or plain JSON, which dlt takes, too.
///
/// # Errors
/// Says what is wrong with the text.
pub(super) fn document(text: &str) -> Result<Value, String> {
    let plain = if text.trim_start().starts_with('{') { text.to_owned() } else { unpack(text)? };
    serde_json::from_str(&plain).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_and_unpacks() {
        let text = "{\"имя\":\"😀\"}".repeat(100);
        assert_eq!(unpack(&pack(&text).unwrap()).unwrap(), text);
    }

    #[test]
    fn unpacks_what_python_packed() {
        // base64.b64encode(zlib.compress(b'{"a":1}', level=9))
        assert_eq!(unpack("eNqrVkpUsjKsBQAIKgIJ").unwrap(), "{\"a\":1}");
        assert!(unpack("no base64").is_err());
        assert!(unpack("AAAA").is_err());
        assert!(document("{").is_err());
        assert!(document("no").is_err());
    }
}
