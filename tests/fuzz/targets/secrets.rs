//! Secrets in texts, in whole and in chunks: see `any_secret`.
#![no_main]

#[path = "../../../host/src"]
mod host {
    pub mod http {
        pub mod allow;
        pub mod origin;
        pub mod secrets;
        pub mod tests {
            pub mod any_secret;
        }
    }
    pub mod secret;
}

use host::{http, secret};

libfuzzer_sys::fuzz_target!(|data: &[u8]| http::tests::any_secret::check(data));
