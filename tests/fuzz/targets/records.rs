//! Pages of records: see `any_page`.
#![no_main]

#[path = "../../../host/src"]
mod host {
    pub mod model;
    pub mod normalize;

    #[path = "normalize/tests"]
    pub mod tests {
        pub mod any_batch;
        pub mod any_page;
        pub mod any_run;
        pub mod dump;
    }
}

use host::{model, normalize, tests::any_page};

libfuzzer_sys::fuzz_target!(|data: &[u8]| any_page::check(data));
