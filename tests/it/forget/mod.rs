//! `forget`: what goes, what stays, and what stays away.

mod corpus;

use acceptance::project::Project;

/// Asserts that none of some words is in any file of a project, whatever kind of file it is. Those that a test wrote itself
/// are not looked at.
#[track_caller]
fn nowhere(project: &Project, words: &[&str], own: &[&str]) {
    let mut left = vec![project.dir().to_owned()];
    while let Some(dir) = left.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
                continue;
            }
            if own.iter().any(|name| path.ends_with(name)) {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            for word in words {
                let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
                assert!(!found, "`{word}` is in {}", path.display());
            }
        }
    }
}
