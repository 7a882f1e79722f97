//! Files that cannot be opened, and files that can.

use std::path::Path;
use std::process::{Command, Stdio};

use super::*;

fn open_error(path: PathBuf) -> SinkError {
    Sink::open(options(path), &mut |_| ()).unwrap_err()
}

#[test]
fn what_is_wrong_with_a_file_is_told() {
    let folder = TempDir::new().unwrap();
    let text = folder.path().join("text.duckdb");
    std::fs::write(&text, "no database, ".repeat(1000)).unwrap();

    let error = open_error(text.clone());
    assert!(matches!(error, SinkError::Unreadable { .. }), "{error}");
    let error = open_error(text.join("below.duckdb"));
    assert!(matches!(error, SinkError::Unwritable { .. }), "{error}");
    let error = open_error(folder.path().join("missing").join("x.duckdb"));
    assert!(matches!(error, SinkError::NotFound { .. }), "{error}");
    assert!(error.hint().unwrap().contains("make the folder"), "{:?}", error.hint());
    assert!(error.to_string().ends_with("cannot be opened: no such file or directory"), "{error}");
    let error = open_error(folder.path().to_owned());
    assert!(matches!(error, SinkError::Unwritable { .. }), "{error}");
    let error = Reader::open(&folder.path().join("none.duckdb"), Duration::ZERO, &mut |_| ()).map(drop).unwrap_err();
    assert!(matches!(error, SinkError::NotFound { .. }), "{error}");
}

/// A database with a load in its log, as a killed process leaves it.
fn with_log() -> (TempDir, PathBuf, PathBuf) {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let schema = schema(vec![root("t", WriteDisposition::Append)]);
    sink.append(&schema, "t", &rows("1.0", &[(1, "a")])).unwrap();
    commit(&mut sink, "1.0", &schema, &["t"]);
    let after = TempDir::new().unwrap();
    let [path, log] = ["test.duckdb", "test.duckdb.wal"].map(|name| after.path().join(name));
    std::fs::copy(fixture.path(), &path).unwrap();
    std::fs::copy(log_file::of(&fixture.path()), &log).unwrap();
    (after, path, log)
}

/// Damages a database or its log, finds out what is told, and that nothing was changed.
#[track_caller]
fn check_damage(damage: impl Fn(&Path, &Path), expect: &str) {
    let (folder, path, log) = with_log();
    damage(&path, &log);
    let files = || {
        let mut files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.into_iter().map(|file| (std::fs::read(&file).unwrap(), file)).collect::<Vec<_>>()
    };
    let before = files();
    let error = open_error(path);
    assert!(error.to_string().contains(expect) && error.hint().is_some(), "{error}");
    assert!(files() == before, "the files were changed");
}

fn flip(file: &Path, place: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[place] ^= 0xff;
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn damage_is_told_and_made_no_worse() {
    check_damage(|path, _| flip(path, 8), "not a valid DuckDB database file");
    check_damage(|path, _| flip(path, 4100), "Corrupt database file");
    check_damage(|path, _| std::fs::write(path, "").unwrap(), "not a valid DuckDB database file");
    for length in [100, 5000] {
        check_damage(
            |path, _| std::fs::write(path, &std::fs::read(path).unwrap()[..length]).unwrap(),
            "Could not read enough bytes",
        );
    }
    for place in [0, 2, 4] {
        check_damage(|_, log| flip(log, place), "test.duckdb.wal` does not begin as a log does");
    }
    check_damage(|_, log| flip(log, 8), "test.duckdb.wal` cannot be read: Corrupt WAL file: entry at");
    check_damage(|_, log| std::fs::write(log, "notes").unwrap(), "test.duckdb.wal` does not begin as a log does");
    check_damage(|path, _| std::fs::remove_file(path).unwrap(), "test.duckdb.wal` is there, and its database is not");
}

#[test]
fn a_log_that_is_cut_off_is_read_to_its_end() {
    for length in [0, 3, 24] {
        let (_folder, path, log) = with_log();
        std::fs::write(&log, &std::fs::read(&log).unwrap()[..length]).unwrap();
        let sink = Sink::open(options(path), &mut |_| ()).unwrap();
        assert_eq!(sink.stored().unwrap(), Stored::default());
    }
    let (_folder, path, _log) = with_log();
    check(&Sink::open(options(path), &mut |_| ()).unwrap(), "SELECT id FROM data.t", &["[1]"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let error = open_error("/dev/full".into());
    assert!(matches!(error, SinkError::Full { .. }), "{error}");
}

#[test]
fn a_file_that_nothing_was_committed_to_goes_again() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let schema = schema(vec![root("t", WriteDisposition::Append)]);
    sink.append(&schema, "t", &rows("1.0", &[(1, "a")])).unwrap();
    sink.close().unwrap();
    assert_eq!(std::fs::read_dir(fixture.folder.path()).unwrap().count(), 0);

    let mut sink = fixture.open();
    commit(&mut sink, "1.0", &schema, &[]);
    drop(sink);
    drop(fixture.open());
    assert!(fixture.path().exists());
}

#[test]
fn a_dataset_may_be_called_as_its_file() {
    let folder = TempDir::new().unwrap();
    let mut sink = Sink::open(options(folder.path().join("data.duckdb")), &mut |_| ()).unwrap();
    let schema = schema(vec![root("t", WriteDisposition::Replace)]);
    sink.append(&schema, "t", &rows("1.0", &[(1, "a")])).unwrap();
    commit(&mut sink, "1.0", &schema, &["t"]);
    check(&sink, "SELECT id FROM data.data.t", &["[1]"]);
}

#[test]
fn a_new_file_is_of_one_format_and_another_keeps_its_own() {
    let folder = TempDir::new().unwrap();
    let own = folder.path().join("own.duckdb");
    drop(Connection::open(&own).unwrap());
    for (path, format) in [(folder.path().join("new.duckdb"), connect::FORMAT), (own, "v1.0.0")] {
        let mut sink = Sink::open(options(path.clone()), &mut |_| ()).unwrap();
        let schema = schema(vec![root("t", WriteDisposition::Append)]);
        sink.append(&schema, "t", &rows("1.0", &[(1, "a")])).unwrap();
        commit(&mut sink, "1.0", &schema, &["t"]);
        sink.close().unwrap();
        let sink = Sink::open(options(path), &mut |_| ()).unwrap();
        let found = "SELECT tags['storage_version'] FROM duckdb_databases() WHERE path IS NOT NULL";
        assert!(sink.query(found).unwrap().rows[0][0].as_str().unwrap().starts_with(format), "{format}");
    }
}

#[test]
fn a_database_may_live_in_memory() {
    let mut sink = Sink::open(options(":memory:".into()), &mut |_| ()).unwrap();
    let schema = schema(vec![root("t", WriteDisposition::Append)]);
    sink.append(&schema, "t", &rows("1.0", &[(1, "a")])).unwrap();
    commit(&mut sink, "1.0", &schema, &["t"]);
    check(&sink, "SELECT id FROM data.t", &["[1]"]);
    sink.close().unwrap();
}

#[test]
fn readers_read_and_do_not_write() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let schema = schema(vec![root("t", WriteDisposition::Append)]);
    sink.append(&schema, "t", &rows("1.0", &[(1, "a")])).unwrap();
    commit(&mut sink, "1.0", &schema, &["t"]);
    sink.close().unwrap();
    let reader = Reader::open(&fixture.path(), Duration::ZERO, &mut |_| ()).unwrap();
    let answer = reader.query("SELECT id FROM data.t").unwrap();
    assert_eq!((answer.columns, answer.rows), (vec!["id".to_owned()], vec![vec![json!(1)]]));
    let error = reader.query("DELETE FROM data.t").unwrap_err();
    assert!(matches!(error, SinkError::Query { .. }), "{error}");
}

/// Says the path to hold to the second process of [`a_locked_file_names_its_holder`], which is this test again.
const HOLD: &str = "SLUICEGATE_TEST_HOLD";

#[test]
#[expect(clippy::disallowed_methods, reason = "the test calls itself, and tells its other self what to do")]
fn a_locked_file_names_its_holder() {
    if let Some(path) = std::env::var_os(HOLD) {
        let sink = Sink::open(options(path.into()), &mut |_| ()).unwrap();
        let mut line = String::new();
        std::fs::write(sink.options.path.with_extension("held"), "").unwrap();
        std::io::stdin().read_line(&mut line).unwrap();
        return;
    }
    let fixture = Fixture::new();
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sink::tests::files::a_locked_file_names_its_holder"])
        .env(HOLD, fixture.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !fixture.path().with_extension("held").exists() {
        assert!(holder.try_wait().unwrap().is_none(), "the second process ended early");
        std::thread::yield_now();
    }
    let error = open_error(fixture.path());
    assert!(matches!(error, SinkError::Locked { pid, .. } if pid == Some(holder.id())), "{error}");

    // As soon as the wait is told of, the holder lets go, and the file is ours.
    let mut told = Vec::new();
    let mut pipe = holder.stdin.take();
    let patient = SinkOptions { lock_wait: Duration::from_mins(1), ..options(fixture.path()) };
    let sink = Sink::open(patient, &mut |who| {
        told.push(who.to_owned());
        pipe.take();
    });
    drop(sink.unwrap());
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with(&format!("process {}", holder.id())), "{told:?}");
    assert!(holder.wait().unwrap().success());
}
