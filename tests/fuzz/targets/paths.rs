//! Paths into JSON: see `paths` of the component's tests.
#![no_main]

#[path = "../../../guest/tests/hostile"]
mod hostile {
    pub mod paths;
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| hostile::paths::check(data));
