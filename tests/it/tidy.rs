//! The sources themselves: the invariants of the architecture that a reader of the text can check, the lengths of
//! files, and places that must not be named in them.

use std::path::{Path, PathBuf};
use std::process::Command;

use acceptance::places::workspace;

/// A tracked text file: its path from the root, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The lines that are compiled into the program, with their numbers: no comments, no tests.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let code = self.text.split("#[cfg(test)]\n#[expect").next().unwrap_or_default();
        let code = code.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        (1..).zip(code.lines()).map(|(number, line)| (number, line.split("//").next().unwrap_or_default()))
    }

    fn is_below(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(folder))
    }
}

/// All text files that git knows or would take in.
fn sources() -> Vec<Source> {
    let mut git = Command::new("git");
    git.current_dir(workspace()).args(["-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"]);
    let listed = git.output().unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let paths = String::from_utf8(listed.stdout).unwrap();
    let paths = paths.split_terminator('\0').filter(|path| !path.ends_with("Cargo.lock") && *path != "LICENSE");
    paths.filter_map(|path| Some(Source { path: path.to_owned(), text: read(&workspace().join(path))? })).collect()
}

/// The text of a file; none for one that is deleted but still listed, and for one that is no text.
fn read(path: &Path) -> Option<String> {
    String::from_utf8(std::fs::read(path).ok()?).ok()
}

/// Rust sources below a folder that are compiled into the program.
fn rust(folder: &str) -> Vec<Source> {
    let is_test = |path: &str| path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || path.contains("/tests/");
    let rust = |source: &Source| {
        source.path.starts_with(folder)
            && Path::new(&source.path).extension().is_some_and(|extension| extension == "rs")
    };
    sources().into_iter().filter(|source| rust(source) && !is_test(&source.path)).collect()
}

/// The component and the library that it is made with.
fn guest() -> Vec<Source> {
    rust("guest/src/").into_iter().chain(rust("guest/sdk/src/")).collect()
}

/// Panics with each line of code that holds one of the words.
#[track_caller]
fn forbid<'a>(sources: impl IntoIterator<Item = &'a Source>, words: &[&str]) {
    let mut found = Vec::new();
    for source in sources {
        for (number, line) in source.code() {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn only_component_and_http_name_wasmtime() {
    let host = rust("host/src/");
    let others = host.iter().filter(|source| !source.is_below(&["host/src/component", "host/src/http"]));
    forbid(others, &["wasmtime::", "wasmtime_wasi", "use wasmtime"]);
}

#[test]
fn only_sink_names_duckdb() {
    let host = rust("host/src/");
    forbid(host.iter().filter(|source| !source.is_below(&["host/src/sink"])), &["duckdb::", "use duckdb"]);
}

#[test]
fn only_the_inbox_names_sqlite() {
    let host = rust("host/src/");
    forbid(host.iter().filter(|source| !source.is_below(&["host/src/serve/inbox"])), &["rusqlite"]);
}

#[test]
fn only_cli_prints_reads_the_environment_or_exits() {
    let host = rust("host/src/");
    let others = host.iter().filter(|source| !source.is_below(&["host/src/cli", "host/src/main.rs"]));
    let words =
        ["println!(", "eprintln!(", "print!(", "std::env", "env::var", "process::exit", "io::stdout", "io::stderr"];
    forbid(others, &words);
}

#[test]
fn generated_types_stay_with_their_module() {
    let host = rust("host/src/");
    forbid(host.iter().filter(|source| !source.is_below(&["host/src/component"])), &["bindings::", "mod bindings"]);
    forbid(&host, &["pub mod bindings", "pub use bindings", "pub use self::bindings"]);
}

#[test]
fn pure_code_does_no_io_and_takes_no_clock() {
    let pure = ["host/src/normalize", "host/src/incremental", "host/src/sink/ddl", "host/src/http/allow"];
    // Of the guest and its library, this is what calls the host, and what is generated.
    let impure = ["guest/sdk/src/http.rs", "guest/sdk/src/bindings.rs", "guest/src/bindings.rs"];
    let mut sources = rust("host/src/");
    sources.retain(|source| source.is_below(&pure));
    sources.extend(guest().into_iter().filter(|source| !source.is_below(&impure)));
    let pure = sources;
    assert!(!pure.is_empty());
    let words = [
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "tokio::",
        "SystemTime::now",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "File::",
        "async fn",
        "wall_clock",
        "outgoing_handler",
    ];
    forbid(&pure, &words);
}

#[test]
fn the_pipeline_knows_no_component_and_no_database() {
    let host = rust("host/src/");
    let pipeline = host.iter().filter(|source| source.is_below(&["host/src/pipeline"]));
    forbid(pipeline, &["crate::component", "component::", "duckdb::", "use duckdb", "wasmtime"]);
}

#[test]
fn the_guest_keeps_nothing_between_calls() {
    let words = [
        "static mut",
        "thread_local!",
        "OnceLock",
        "OnceCell",
        "LazyLock",
        "LazyCell",
        "Mutex<",
        "Atomic",
        "lazy_static",
    ];
    forbid(&guest(), &words);
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let long = sources().into_iter().filter(|source| {
        !source.path.contains("/snapshots/") && Path::new(&source.path).extension() != Some("json".as_ref())
    });
    let long: Vec<String> = long
        .map(|source| (source.text.lines().count(), source.path))
        .filter(|(lines, _)| *lines > 400)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    // Written in two parts, so that this file does not hold what it looks for.
    let places = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("crates", ".io"),
        concat!("py", "pi.org"),
        concat!("python", "hosted"),
        concat!("npm", "js."),
        concat!("localhost", ":4873"),
        concat!("arti", "factory"),
    ];
    let mut found = Vec::new();
    for source in sources() {
        for (number, line) in (1..).zip(source.text.lines()) {
            if places.iter().any(|place| line.contains(place)) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_promise_of_security_names_tests_that_exist() {
    let sources = sources();
    let page = sources.iter().find(|source| source.path == "docs/security.md").unwrap();
    let mut tests = Vec::new();
    let mut names_tests = false;
    for line in page.text.lines() {
        let last = line.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        if !line.starts_with('|') {
            names_tests = false;
        } else if last.trim() == "test" {
            names_tests = true;
        } else if names_tests {
            tests.extend(last.split('`').skip(1).step_by(2));
        }
    }
    assert!(tests.len() > 50, "only {} names of tests were found", tests.len());
    let exists = |name: &str| sources.iter().any(|source| source.text.contains(&format!("fn {name}(")));
    let gone: Vec<_> = tests.into_iter().filter(|name| !exists(name)).collect();
    assert!(gone.is_empty(), "docs/security.md names tests that are gone: {gone:?}");
}

#[test]
fn the_root_holds_what_was_agreed() {
    let agreed =
        ["Cargo.toml", "Cargo.lock", "LICENSE", "Makefile", "README.md", "docs", "guest", "host", "tests", "wit"];
    let mut git = Command::new("git");
    git.current_dir(workspace()).args(["-c", "safe.directory=*", "ls-files", "-z"]);
    let listed = String::from_utf8(git.output().unwrap().stdout).unwrap();
    for path in listed.split_terminator('\0') {
        let top = PathBuf::from(path).iter().next().unwrap().to_string_lossy().into_owned();
        assert!(top.starts_with('.') || agreed.contains(&top.as_str()), "`{path}` is at the root");
    }
}
