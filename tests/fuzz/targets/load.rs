//! Loading a component, in the whole host: see `any_load`.
#![no_main]

use std::sync::LazyLock;

use sluicegate::component::{self, Engine};

#[path = "../../../host/src/component/tests/any_load.rs"]
mod any_load;
mod assemble;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(None).unwrap_or_else(|error| panic!("{error}")));

libfuzzer_sys::fuzz_target!(|data: &[u8]| any_load::check(&ENGINE, data));
libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, _seed: u32| {
    assemble::mutate(data, size, max_size)
});
