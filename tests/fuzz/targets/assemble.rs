//! The seeds are components in text form, which can be read; what is changed is their binary form.

/// Changes an input: assembles it first, where it is a text that can be. The answer is its new size.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize) -> usize {
    let binary = wat::parse_bytes(&data[..size]).map(|bytes| bytes.into_owned()).unwrap_or_default();
    let size = if binary.is_empty() || binary.len() > max_size {
        size
    } else {
        data[..binary.len()].copy_from_slice(&binary);
        binary.len()
    };
    libfuzzer_sys::fuzzer_mutate(data, size, max_size)
}
