//! A pipeline file with options: see `any_file`.
#![no_main]

#[path = "../../../host/src"]
mod host {
    pub mod config;
    pub mod incremental;
    pub mod model;
    pub mod normalize;
    pub mod secret;
    pub mod state;

    #[path = "config/tests/any_file.rs"]
    pub mod any_file;
}

use host::{any_file, config, incremental, model, normalize, secret, state};

libfuzzer_sys::fuzz_target!(|data: &[u8]| any_file::check(data));
