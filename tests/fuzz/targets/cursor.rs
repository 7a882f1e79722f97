//! Cursors that somebody else made: see `cursor` of the component's tests.
#![no_main]

#[path = "../../../guest/tests/hostile"]
mod hostile {
    pub mod cursor;
    pub mod service;
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| hostile::cursor::check(data));
