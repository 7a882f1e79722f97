//! What a component has in the place of a secret.

use base64::Engine as _;

/// A token: URL-safe, 128 random bits, and recognizable for what it is.
///
/// # Errors
/// When the system has no random bytes.
pub(crate) fn new_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("sgt-{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)))
}
