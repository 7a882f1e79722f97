//! A pipeline file with options: see `any_file`.
#![no_main]

#[path = "../../../host/src"]
mod host {
    pub mod config;
    pub mod model;
    pub mod secret;

    #[path = "config/tests/any_file.rs"]
    pub mod any_file;
}

use host::{any_file, config, model, secret};

libfuzzer_sys::fuzz_target!(|data: &[u8]| any_file::check(data));
