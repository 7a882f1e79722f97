//! What holds for what any file says of itself; the fuzz target `surface` checks the same.
//!
//! An input is a component, in binary or in text form.

use std::borrow::Cow;

use crate::component::inspect::{ComponentInfo, Unfit, inspect};

/// Panics when a file is taken for a source component that is none, or told in a way that a terminal cannot bear.
pub(crate) fn check(data: &[u8]) {
    match inspect(&binary(data), "digest".to_owned()) {
        Ok(info) => check_info(&info, &binary(data)),
        Err(error) => check_error(&error),
    }
}

/// A component in text form is assembled first; what cannot be assembled is taken as it is.
fn binary(data: &[u8]) -> Vec<u8> {
    wat::parse_bytes(data).map_or_else(|_| data.to_vec(), Cow::into_owned)
}

fn check_info(info: &ComponentInfo, file: &[u8]) {
    assert!(file.starts_with(b"\0asm"));
    assert_eq!((info.size_bytes, info.digest.as_str()), (file.len() as u64, "digest"));
    assert!(info.wit_package.starts_with("sluicegate:source@0.1."), "{info:?}");
    let contract = info.wit_package.replacen('@', "/source@", 1);
    assert!(info.exports.contains(&contract), "{info:?}");
    for import in &info.imports {
        assert!(import.starts_with("wasi:") || import.starts_with("sluicegate:source/types@0.1."), "{info:?}");
    }
    assert_eq!(info.wants_sockets, info.imports.iter().any(|import| import.contains(":sockets/")), "{info:?}");
    let told = info.imports.iter().chain(&info.exports);
    told.for_each(|name| assert!(!name.contains(char::is_control), "{name:?}"));
}

fn check_error(error: &Unfit) {
    let told = error.to_string();
    assert!(!told.is_empty() && !told.contains(char::is_control), "{told:?}");
    assert!(told.len() < 256 * 1024, "{} bytes", told.len());
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::{component::fixture::Guest, seeds};
    static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| Guest::new().build());

    #[test]
    fn what_is_kept() {
        seeds::each("surface", check);
    }

    proptest! {
        #[test]
        fn changed_files_are_told_or_refused(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            end in any::<prop::sample::Index>(),
            cut in any::<bool>(),
        ) {
            let mut file = FILE.clone();
            for (at, byte) in changes {
                let at = at.index(file.len());
                file[at] = byte;
            }
            check(if cut { &file[..end.index(file.len())] } else { &file });
        }
    }
}
