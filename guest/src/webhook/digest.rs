//! Digests of content: what tells events apart, however their JSON is written.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// SHA-256 in small hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
