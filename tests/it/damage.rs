//! Destinations that are damaged, or full: exit status 5 and advice, nothing made worse, and after the repair the next
//! run goes on.

use std::fs;
use std::path::{Path, PathBuf};

use acceptance::cli::Cli;
use acceptance::fake_jivo::{FakeJivo, Options};
use acceptance::places;
use acceptance::project::Project;

use crate::start;

const DATABASE: &str = "jivochat.duckdb";
const LOG: &str = "jivochat.duckdb.wal";

/// A project whose last load is in DuckDB's log, since its run was killed before it could write the log back.
fn killed() -> (FakeJivo, Project) {
    let server = start(Options { inbound: 40, page_size: 10, ..Options::default() });
    let project = Project::new(&server).only(&["inbound_messages"]);
    project.run().run().code(0);
    project.run().env("SLUICEGATE_FAULT", "before-checkpoint").run();
    assert!(project.path(LOG).exists());
    (server, project)
}

/// All files of a folder with what is in them; folders with nothing.
fn files(dir: &Path) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.map(|path| (path.clone(), fs::read(&path).ok())).collect();
    files.sort();
    files
}

/// Damages the files of a project. Each command says what is wrong and what to do about it, and changes nothing; once
/// the files are whole again, all is as it was.
#[track_caller]
fn check_damage(damage: impl Fn(&Project), words: &[&str]) {
    let (server, project) = killed();
    let [database, log] = [DATABASE, LOG].map(|name| fs::read(project.path(name)).unwrap());
    damage(&project);
    let asked = server.requests().len();
    let before = files(project.dir());
    for command in [vec!["run"], vec!["query", "SELECT 1"], vec!["state", "show"], vec!["state", "reset"]] {
        let output = project.cli().args(command).run();
        output.code(5).stderr_has(words).stderr_has(&["hint: "]);
    }
    assert!(files(project.dir()) == before, "the files were changed");
    assert_eq!(server.requests().len(), asked, "the service was contacted");

    for (name, content) in [(DATABASE, database), (LOG, log)] {
        let _ = fs::remove_dir(project.path(name));
        fs::write(project.path(name), content).unwrap();
    }
    assert_eq!(project.count("inbound_messages"), 80);
    project.run().run().code(0);
    assert_eq!(project.count("inbound_messages"), 120);
}

fn change(path: &Path, change: impl Fn(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Turns a bit in each of some bytes.
fn flip(path: &Path, places: std::ops::Range<usize>) {
    change(path, |bytes| bytes[places.clone()].iter_mut().for_each(|byte| *byte ^= 1));
}

/// The checksum that DuckDB puts in front of a block.
fn checksum(block: &[u8]) -> u64 {
    let words = block.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap()));
    words.fold(5381, |sum, word| sum ^ word.wrapping_mul(0xbf58_476d_1ce4_e5b9))
}

#[test]
fn a_damaged_header() {
    check_damage(|project| flip(&project.path(DATABASE), 8..9), &["cannot be read as a DuckDB database"]);
    check_damage(
        |project| flip(&project.path(DATABASE), 4100..4101),
        &["cannot be read as a DuckDB database", "checksum"],
    );
}

#[test]
fn a_damaged_block() {
    // The catalog is in the last blocks of a file that a CHECKPOINT wrote, and every block is read through its checksum.
    let all_blocks = |project: &Project| {
        let path = project.path(DATABASE);
        let length = fs::metadata(&path).unwrap().len();
        for block in (12_288..usize::try_from(length).unwrap()).step_by(262_144) {
            flip(&path, block + 20..block + 21);
        }
    };
    check_damage(all_blocks, &["cannot be read as a DuckDB database", "checksum"]);
}

#[test]
fn a_file_that_is_cut_off() {
    for length in [0, 100, 5000] {
        check_damage(|project| change(&project.path(DATABASE), |bytes| bytes.truncate(length)), &[DATABASE]);
    }
}

#[test]
fn a_damaged_log() {
    check_damage(|project| flip(&project.path(LOG), 0..1), &[LOG, "does not begin as a log does"]);
    check_damage(|project| flip(&project.path(LOG), 100..101), &[LOG, "cannot be read", "checksum"]);
    check_damage(|project| fs::write(project.path(LOG), "notes").unwrap(), &[LOG]);
}

#[test]
fn a_log_without_its_database() {
    let (_server, project) = killed();
    let database = fs::read(project.path(DATABASE)).unwrap();
    fs::remove_file(project.path(DATABASE)).unwrap();
    let before = files(project.dir());
    project.run().run().code(5).stderr_has(&[LOG, "its database is not", "hint: "]);
    assert!(files(project.dir()) == before, "the files were changed");
    fs::write(project.path(DATABASE), database).unwrap();
    assert_eq!(project.count("inbound_messages"), 80);
}

#[test]
fn a_folder_in_the_file_s_place() {
    let replace = |project: &Project| {
        fs::remove_file(project.path(DATABASE)).unwrap();
        fs::remove_file(project.path(LOG)).unwrap();
        fs::create_dir(project.path(DATABASE)).unwrap();
    };
    check_damage(replace, &[DATABASE, "directory"]);
}

#[test]
fn a_file_of_a_later_duckdb() {
    let age = |project: &Project| {
        change(&project.path(DATABASE), |bytes| {
            bytes[12..20].copy_from_slice(&999_u64.to_le_bytes());
            let sum = checksum(&bytes[8..4096]);
            bytes[..8].copy_from_slice(&sum.to_le_bytes());
        });
    };
    check_damage(age, &["version number 999", "DuckDB 2"]);
}

/// `sluicegate run` that cannot make a file longer than some kibibytes: what a full disk does to it, without one.
fn limited(project: &Project, kibibytes: u64) -> Cli {
    let script = format!("ulimit -f {} && exec \"$0\" run", kibibytes * 2);
    let cli = Cli::new("sh", project.dir()).args(["-c", &script]).arg(places::sluicegate());
    cli.env("XDG_CACHE_HOME", places::lasting("cache"))
}

fn length_in_kibibytes(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len() / 1024
}

#[test]
fn a_full_disk_costs_no_committed_load() {
    let server = start(Options { inbound: 6000, page_size: 200, ..Options::default() });
    let project = Project::new(&server).only(&["inbound_messages"]).set("load.commit_rows", 3000);
    let output = limited(&project, 800).run();
    output.code(5).stderr_has(&["no space is left for the database", "hint: free some space"]);
    let kept = project.count("inbound_messages");
    assert!(kept > 0 && kept < 6000 && kept.is_multiple_of(200), "{kept} rows were kept");
    // As often as one likes.
    limited(&project, 800).run().code(5).stderr_has(&["no space is left"]);
    project.run().run().code(0);
    assert_eq!(project.value("SELECT count(DISTINCT id) FROM jivochat_data.inbound_messages"), "6000");
    assert_eq!(project.count("inbound_messages"), 6000);
}

/// The last commit of a run writes many rows into the file itself, which is where it fails then.
#[test]
fn a_full_disk_at_the_end_costs_no_committed_load() {
    let server = start(Options { inbound: 30_000, page_size: 1000, ..Options::default() });
    let project = Project::new(&server).only(&["inbound_messages"]).set("load.commit_rows", 1_000_000);
    project.run().run().code(0);
    let whole = length_in_kibibytes(&project.path(DATABASE));
    for more in [300, 700, 1100] {
        limited(&project, whole + more).run().code(5).stderr_has(&["no space is left", "hint: free some space"]);
        assert_eq!(project.count("inbound_messages"), 30_000);
    }
    project.run().run().code(0);
    assert_eq!(project.value("SELECT count(DISTINCT id) FROM jivochat_data.inbound_messages"), "30000");
    assert_eq!(project.count("inbound_messages"), 60_000);
}

#[test]
fn a_log_that_cannot_be_written_back_is_kept() {
    let server = start(Options { inbound: 100, ..Options::default() });
    let project = Project::new(&server).only(&["inbound_messages"]);
    project.run().run().code(0);
    let output = limited(&project, length_in_kibibytes(&project.path(DATABASE)) + 100).run();
    output.code(5).stderr_has(&["no space is left", "hint: "]).stdout_has(&["1 load package(s) were loaded"]);
    assert!(project.path(LOG).exists());
    assert_eq!(project.count("inbound_messages"), 200);
    project.run().run().code(0);
    assert_eq!(project.count("inbound_messages"), 300);
    assert!(!project.path(LOG).exists());
}

#[test]
fn bookkeeping_that_cannot_be_understood() {
    let (_server, project) = killed();
    for (column, table) in [("schema", "_dlt_version"), ("state", "_dlt_pipeline_state")] {
        let spoil = |sign: &str| {
            let code = format!(
                "import duckdb\n\
                 duckdb.connect('{DATABASE}').execute(\"UPDATE jivochat_data.{table} SET {column} = {sign}\")"
            );
            acceptance::dlt::run(project.dir(), &code);
        };
        spoil(&format!("'!' || {column}"));
        project.run().run().code(5).stderr_has(&[table, "jivochat_data", "hint: "]);
        spoil(&format!("substr({column}, 2)"));
    }
    project.run().run().code(0);
    assert_eq!(project.count("inbound_messages"), 120);
}
