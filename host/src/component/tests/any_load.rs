//! What holds for loading any file; the fuzz target `load` checks the same. Nothing of the file runs.
//!
//! An input is a component, in binary or in text form.

use std::{borrow::Cow, error::Error, fs, time::Duration};

use crate::component::{Component, Engine, LoadOptions};

/// Panics when loading does, or tells why not in a way that a terminal cannot bear.
pub(crate) fn check(engine: &Engine, data: &[u8]) {
    let file = wat::parse_bytes(data).map_or_else(|_| data.to_vec(), Cow::into_owned);
    let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let path = dir.path().join("guest.wasm");
    fs::write(&path, &file).unwrap_or_else(|error| panic!("{error}"));
    let options = LoadOptions { sha256: None, max_size: 1 << 20, compile_time: Duration::from_secs(10) };
    match Component::load(engine, &path, &options) {
        Ok(component) => assert_eq!(component.info().size_bytes, file.len() as u64),
        Err(error) => {
            let told = error.source().map_or_else(String::new, ToString::to_string);
            assert!(!told.is_empty() && !told.contains(char::is_control), "{told:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        component::{fixture::Guest, tests::engine},
        seeds,
    };

    static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| Guest::new().build());

    #[test]
    fn what_is_kept() {
        seeds::each("load", |data| check(engine(), data));
    }

    proptest! {
        // Each file that is still valid is compiled.
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn changed_files_are_loaded_or_refused(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..3),
        ) {
            let mut file = FILE.clone();
            for (at, byte) in changes {
                let at = at.index(file.len());
                file[at] = byte;
            }
            check(engine(), &file);
        }
    }
}
