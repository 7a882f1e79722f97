//! The inputs of the fuzz targets that are kept in `tests/fuzz/seeds`: examples to begin with, and what was once found.

use std::{fs, path::Path};

/// Hands each input that is kept for a fuzz target to the check that the target runs.
pub(crate) fn each(target: &str, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/seeds").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("`{}`: {error}", folder.display()));
    let mut count = 0;
    for file in files {
        check(&fs::read(file.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 0, "`{}` is empty", folder.display());
}
