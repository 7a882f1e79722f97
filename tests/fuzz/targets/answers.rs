//! Whatever a service answers: see `answers` of the component's tests.
#![no_main]

#[path = "../../../guest/tests/hostile"]
mod hostile {
    pub mod answers;
    pub mod service;
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| hostile::answers::check(data));
