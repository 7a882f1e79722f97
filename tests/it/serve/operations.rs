//! What an operator does: keys, the inbox, a start that cannot be, logs.

use std::os::unix::fs::PermissionsExt as _;

use acceptance::receiver::Receiver;
use serde_json::{Value, json};

use super::{loaded, post, project};

#[test]
fn the_address_is_made_once_and_is_secret() {
    let project = project().set("serve.public_base", "https://hooks.example.com/jivo/");
    let url = project.cli().args(["hook", "url"]).run().code(0).stdout.clone();
    assert!(
        url.starts_with("https://hooks.example.com/jivo/hook/") && url.trim().len() > 57 && url.ends_with('\n'),
        "{url}"
    );
    assert_eq!(project.cli().args(["hook", "url", "sluicegate.toml"]).run().stdout, url);
    let mode = std::fs::metadata(project.path(".sluicegate/hook.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let rotated = project.cli().args(["hook", "rotate"]).run().code(0).stdout.clone();
    assert_ne!(rotated, url);
    assert_eq!(project.cli().args(["hook", "url"]).run().stdout, rotated);
}

#[test]
fn what_cannot_be_started_says_why() {
    let running = project();
    let receiver = Receiver::start(&running);
    running
        .cli()
        .args(["serve", "--listen", "127.0.0.1:0"])
        .run()
        .code(2)
        .stderr_has(&["another process receives events into the inbox", "hint: one `sluicegate serve` at a time"]);
    running.cli().arg("replay").run().code(2).stderr_has(&["another process receives events into the inbox"]);
    let taken = receiver.address().to_string();
    let other = project();
    other.cli().args(["serve", "--listen", &taken]).run().code(2).stderr_has(&[&format!("cannot listen on `{taken}`")]);
    receiver.stop().code(0);
    let cases = [
        ("serve.listen", "here", "`here` is no address", 2),
        ("serve.public_base", "hooks", "`hooks` is no base of an address", 2),
        ("serve.flush_every", "0s", "must be more than 0", 2),
        ("serve.lissten", "x", "did you mean `serve.listen`", 2),
        ("destination.url", "duckdb:missing/x.duckdb", "make the folder", 5),
    ];
    for (key, value, words, code) in cases {
        let project = project().set(key, value);
        project.cli().arg("serve").run().code(code).stderr_has(&[words]);
        assert!(!project.path(".sluicegate").exists(), "{key}");
    }
    let tls: toml::Table = "cert = 'no.pem'\nkey = 'no.pem'".parse().unwrap();
    project().set("serve.tls", tls).cli().arg("serve").run().code(2).stderr_has(&["cannot read the certificate of `"]);
}

#[test]
fn the_inbox_tells_what_is_in_it_and_forgets_what_is_old() {
    let project = project().set("serve.dedupe_window", "0s");
    let status =
        |format: &str| project.cli().args(["inbox", "status", "--format", format]).run().code(0).stdout.clone();
    let number = |name: &str| serde_json::from_str::<Value>(&status("json")).unwrap()[name].clone();
    assert_eq!(number("waiting"), 0);
    project.cli().args(["inbox", "export"]).run().code(2).stderr_has(&["there is no inbox"]);
    let receiver = Receiver::start(&project);
    post(&receiver, ["a", "b"]);
    receiver.stop().code(0);
    assert_eq!((number("loaded"), number("waiting"), number("unhandled")), (json!(2), json!(0), json!(0)));
    assert!(status("text").contains("loaded     2 events, kept for 30days\n"));
    let export = project.cli().args(["inbox", "export"]).run().code(0).stdout.clone();
    let lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0]["body"].as_str().unwrap().contains("about a"));
    project.cli().args(["inbox", "prune"]).run().code(0).stdout_has(&["removed 0 events"]);
    project.cli().args(["inbox", "prune", "--older-than", "0s"]).run().code(0).stdout_has(&["removed 2 events"]);
    assert_eq!((number("loaded"), number("bytes")), (json!(0), json!(0)));
    assert!(!std::fs::read_dir(project.path(".sluicegate/inbox")).unwrap().any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        bytes.windows(7).any(|bytes| bytes == b"about a")
    }));
    // What comes after is numbered on.
    let receiver = Receiver::start(&project);
    post(&receiver, ["c"]);
    receiver.stop().code(0);
    assert_eq!(loaded(&project), ["a", "b", "c"]);
}

#[test]
fn the_log_is_structured_and_holds_nobody_s_words() {
    let project = project();
    let receiver = Receiver::start_with(&project, &["-vv", "--log-format", "json"]);
    post(&receiver, ["told"]);
    assert_eq!(receiver.post("{\"text\":\"about somebody\"").0, 400);
    let path = receiver.path();
    let output = receiver.stop();
    output.code(0).lacks("about").lacks("Omar").lacks(path.strip_prefix("/hook/").unwrap());
    let lines: Vec<Value> = output
        .stderr
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let load = lines.iter().find(|line| line["message"] == "loaded").unwrap();
    assert_eq!((&load["level"], &load["events"], &load["rejected"]), (&json!("INFO"), &json!(2), &json!(1)));
    assert!(load["timestamp"].is_string() && load["load_id"].is_string() && load["ms"].is_number());
}
