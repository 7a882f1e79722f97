//! `init`: the folder it writes, from either contract.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use acceptance::cli::{Cli, Output};
use acceptance::fake_jivo::{Contract, FakeJivo, Options};

use crate::{server, start};

fn init(server: &FakeJivo, dir: &Path) -> Output {
    Cli::sluicegate(dir).args(["init", &server.channel_url()]).run()
}

fn count(dir: &Path, table: &str) -> String {
    let sql = format!("SELECT count(*) AS n FROM jivochat_data.{table}");
    let output = Cli::sluicegate(dir).args(["query", &sql, "--format", "csv"]).run();
    output.code(0);
    output.stdout.lines().nth(1).unwrap().to_owned()
}

#[test]
fn a_channel_of_the_brief_gives_all_resources() {
    let server = server();
    let dir = tempfile::tempdir().unwrap();
    init(&server, dir.path()).code(0).lacks(&server.options().public_id);
    let pipeline = std::fs::read_to_string(dir.path().join("sluicegate.toml")).unwrap();
    assert!(!pipeline.contains(&server.options().public_id), "the credential is in the pipeline file");
    for name in ["status", "channel_info", "inbound_messages", "outbound_messages", "health"] {
        assert!(pipeline.contains(name), "{name} is missing in:\n{pipeline}");
    }
    let secrets = dir.path().join(".dlt/secrets.toml");
    assert_eq!(secrets.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(secrets).unwrap();
    assert!(text.contains(&server.options().public_id) && text.contains("[destination.duckdb"), "{text}");
    assert!(dir.path().join(".dlt/config.toml").exists());

    Cli::sluicegate(dir.path()).arg("run").run().code(0);
    assert_eq!(count(dir.path(), "inbound_messages"), "250");
    assert_eq!(count(dir.path(), "status"), "1");
}

#[test]
fn a_channel_as_documented_gives_status_and_says_what_is_left_out() {
    let server = start(Options { contract: Contract::Documented, ..Options::default() });
    let dir = tempfile::tempdir().unwrap();
    let output = init(&server, dir.path());
    output.code(0);
    for name in ["channel_info", "inbound_messages", "outbound_messages", "health"] {
        assert!(output.stderr.contains(name) || output.stdout.contains(name), "{}", output.transcript());
    }
    let run = Cli::sluicegate(dir.path()).arg("run").run();
    run.code(0);
    assert_eq!(count(dir.path(), "status"), "1");
}

#[test]
fn another_folder_can_be_named() {
    let server = server();
    let dir = tempfile::tempdir().unwrap();
    Cli::sluicegate(dir.path()).args(["init", &server.channel_url(), "--dir", "made/here"]).run().code(0);
    Cli::sluicegate(dir.path()).args(["run", "made/here/sluicegate.toml"]).run().code(0);
    assert!(dir.path().join("made/here/jivochat.duckdb").exists());
}

#[test]
fn nothing_is_overwritten() {
    let server = server();
    let dir = tempfile::tempdir().unwrap();
    init(&server, dir.path()).code(0);
    let file = dir.path().join("sluicegate.toml");
    let mine = format!("# my own words\n{}", std::fs::read_to_string(&file).unwrap());
    std::fs::write(&file, &mine).unwrap();
    init(&server, dir.path());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), mine);
}

#[test]
fn a_channel_that_is_not_there_writes_nothing() {
    let server = server();
    let dir = tempfile::tempdir().unwrap();
    let url = format!("{}x", server.channel_url());
    let output = Cli::sluicegate(dir.path()).args(["init", &url]).run();
    output.code(3).stderr_has(&["Channel not found"]).lacks(&server.options().public_id);
    assert!(!dir.path().join("sluicegate.toml").exists());
    assert!(!dir.path().join(".dlt").exists());
}

#[test]
fn a_url_that_is_no_channel_is_2() {
    let dir = tempfile::tempdir().unwrap();
    for url in
        ["not a url", "https://wh.jivosite.com", "ftp://wh.jivosite.com/a/bbbbbbbb", "https://wh.jivosite.com/one"]
    {
        Cli::sluicegate(dir.path()).args(["init", url]).run().code(2).stderr_has(&["hint:"]);
    }
}

#[test]
fn a_folder_of_another_channel_is_refused() {
    let server = server();
    let dir = tempfile::tempdir().unwrap();
    init(&server, dir.path()).code(0);
    // Each begins like the channel and differs in one part: the origin, the random part, the credential.
    let url = server.channel_url();
    let elsewhere = FakeJivo::start(server.options().clone()).unwrap();
    let random = url.replace(&server.options().random, "another-random");
    for other in [elsewhere.channel_url(), random, format!("{url}x")] {
        let output = Cli::sluicegate(dir.path()).args(["init", &other]).run();
        output.code(2).stderr_has(&["is of another channel", "hint:"]).lacks(&server.options().public_id);
    }
    assert!(elsewhere.requests().is_empty());
}
