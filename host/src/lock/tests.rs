//! Lock files that are read and refused, and folders that are changed.

use std::path::Path;

use super::*;

fn entry(name: &str, bytes: &[u8]) -> Entry {
    use sha2::Digest as _;

    let digest = crate::component::hex(&sha2::Sha256::digest(bytes));
    let mut entry =
        Entry::new(name, &digest, "sluicegate:source@0.1.0", Origin::Url("https://a.example/a.wasm".into()));
    entry.version = Some("1.2.3".into());
    entry.origins = vec!["https://a.example".into()];
    entry
}

fn states(folder: &Folder) -> Vec<(String, State)> {
    folder.verify().unwrap().into_iter().map(|found| (found.name, found.state)).collect()
}

#[test]
fn what_is_written_is_read() {
    let mut lock = Lock::default();
    lock.put(entry("b", b"b"));
    lock.put(entry("a", b"a"));
    lock.put(entry("b", b"other"));
    let text = lock.text();
    assert_eq!(Lock::parse(Path::new("l"), text.as_bytes()).unwrap(), lock);
    let expected = r#"
[[component]]
name = "a"
version = "1.2.3"
digest = "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
wit = "sluicegate:source@0.1.0"
origins = ["https://a.example"]

[component.from]
url = "https://a.example/a.wasm"
"#;
    assert!(text.contains("\nformat = 1\n") && text.contains(expected), "{text}");
}

#[test]
fn damaged_files_are_refused() {
    fn check(text: &str, expect: &str) {
        let error = Lock::parse(Path::new("l"), text.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(expect), "{error}");
        assert!(error.hint().is_some());
    }
    let whole = |name: &str, digest: &str| {
        format!(
            "format = 1\n[[component]]\nname = '{name}'\ndigest = '{digest}'\nwit = 'w'\norigins = []\nfrom = {{ file = 'f' }}\n"
        )
    };
    let digest = format!("sha256:{}", "0".repeat(64));
    assert!(Lock::parse(Path::new("l"), whole("a", &digest).as_bytes()).is_ok());
    check("", "missing field `format`");
    check("format = ", "`l` is damaged: ");
    check("format = 0", "there is no format 0");
    check("format = 2\nwhatever = 1", "`l` has format 2, and this program reads format 1");
    check("format = 1\nsignatures = []", "unknown field `signatures`");
    check(&whole("../a", &digest), "`../a` is no name of a component");
    check(&whole("a/b", &digest), "`a/b` is no name");
    check(&whole("A", &digest), "`A` is no name");
    check(&whole("a", "sha256:00"), "the digest of `a` is none of SHA-256");
    check(&whole("a", "md5:00"), "the digest of `a` is none of SHA-256");
    check(&(whole("a", &digest) + &whole("a", &digest).replace("format = 1", "")), "`a` is in it twice");
    check(&whole("a", &digest).replace("file =", "registry ="), "unknown variant `registry`");
    check(&format!("format = 1 #{}", "x".repeat(1 << 20)), "it is larger than 1MiB");
}

#[test]
fn components_are_added_replaced_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path());
    assert_eq!(states(&folder), []);
    folder.add(entry("b", b"one"), b"one").unwrap();
    folder.add(entry("a", b"a"), b"a").unwrap();
    folder.add(entry("b", b"two"), b"two").unwrap();
    assert_eq!(states(&folder), [("a".into(), State::Whole), ("b".into(), State::Whole)]);
    assert_eq!(std::fs::read(folder.component("b")).unwrap(), b"two");
    assert!(folder.remove("b").unwrap() && !folder.remove("b").unwrap());
    assert_eq!(states(&folder), [("a".into(), State::Whole)]);
    std::fs::write(folder.component("a"), "other").unwrap();
    std::fs::write(folder.component("new"), "new").unwrap();
    let found = crate::component::hex(&<sha2::Sha256 as sha2::Digest>::digest(b"other"));
    assert_eq!(states(&folder), [("a".into(), State::Differs { found }), ("new".into(), State::Unlisted)]);
    std::fs::remove_file(folder.component("a")).unwrap();
    assert_eq!(states(&folder)[0], ("a".into(), State::Missing));
    std::fs::create_dir(folder.component("a")).unwrap();
    assert_eq!(states(&folder)[0], ("a".into(), State::NoFile));
}

#[cfg(unix)]
#[test]
fn links_hide_nothing() {
    use std::os::unix::fs::symlink;

    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path());
    folder.add(entry("a", b"a"), b"a").unwrap();
    let name = |path: &Path| folder.entry_of(path).unwrap().map(|entry| entry.name);
    let file = folder.component("a");
    assert_eq!(name(&file).as_deref(), Some("a"));
    assert_eq!(name(&dir.path().join("components/../components/./a.wasm")).as_deref(), Some("a"));
    symlink(&file, dir.path().join("link.wasm")).unwrap();
    assert_eq!(name(&dir.path().join("link.wasm")).as_deref(), Some("a"));
    std::fs::write(dir.path().join("evil.wasm"), "evil").unwrap();
    assert_eq!(name(&dir.path().join("evil.wasm")), None);
    std::fs::remove_file(&file).unwrap();
    symlink(dir.path().join("evil.wasm"), &file).unwrap();
    assert_eq!(name(&file).as_deref(), Some("a"), "a link in its place");
    assert_eq!(states(&folder), [("a".into(), State::NoFile)]);

    folder.add(entry("a", b"a"), b"a").unwrap();
    assert_eq!(std::fs::read(dir.path().join("evil.wasm")).unwrap(), b"evil", "the link itself is replaced");
    assert_eq!(states(&folder), [("a".into(), State::Whole)]);

    let other = tempfile::tempdir().unwrap();
    symlink(dir.path(), other.path().join("components")).unwrap();
    let error = Folder::new(other.path()).add(entry("a", b"a"), b"a").unwrap_err();
    assert!(matches!(error, LockError::Linked { .. }), "{error}");
}

#[test]
fn names_are_no_paths() {
    for name in ["a", "jivochat", "a-b_2"] {
        assert!(is_name(name), "{name}");
    }
    for name in ["", ".", "..", "../a", "a/b", "a\\b", "A", "1", "-a", "a.b", "a\0", "ä", &"a".repeat(65)] {
        assert!(!is_name(name), "{name}");
    }
}
