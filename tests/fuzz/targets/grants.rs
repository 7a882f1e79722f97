//! A grant, and origins that requests go to: see `any_grant`.
#![no_main]

#[path = "../../../host/src"]
mod host {
    pub mod http {
        pub mod allow;
        pub mod origin;
        pub mod tests {
            pub mod any_grant;
        }
    }
}

use host::http;

libfuzzer_sys::fuzz_target!(|data: &[u8]| http::tests::any_grant::check(data));
