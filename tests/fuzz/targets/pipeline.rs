//! A pipeline file with options: see `any_file`.
#![no_main]

#[path = "../../../host/src"]
mod host {
    pub mod config;
    pub mod incremental;
    pub mod json_path;
    pub mod model;
    pub mod normalize;
    #[path = "privacy/rules.rs"]
    pub mod privacy;
    pub mod secret;
    pub mod state;

    #[path = "config/tests/any_file.rs"]
    pub mod any_file;
}

use host::{any_file, config, incremental, json_path, model, normalize, privacy, secret, state};

libfuzzer_sys::fuzz_target!(|data: &[u8]| any_file::check(data));
