//! `[privacy]` that cannot be obeyed: what a person reads, whole.

use acceptance::project::Project;

use crate::server;
use crate::transcripts::check;

const LISTS: [&str; 2] = ["privacy.drop", "privacy.hash"];

#[test]
fn paths_and_keys_that_are_none() {
    let server = server();
    let project = || Project::new(&server).only(&["inbound_messages"]);
    for (name, key, value) in [
        ("privacy_unknown_key", "privacy.dorp", vec!["visitor.phone"]),
        ("privacy_bad_path", "privacy.drop", vec!["visitor..phone"]),
        ("privacy_bad_brackets", "privacy.hash", vec!["messages[x].text"]),
    ] {
        check(name, &project().set(key, value).run().run());
    }
    check(
        "privacy_conflict",
        &project().set(LISTS[0], vec!["visitor"]).set(LISTS[1], vec!["visitor.email"]).run().run(),
    );
}

#[test]
fn what_a_resource_goes_by() {
    let server = server();
    let table = |key: &str| format!("resources.inbound_messages.{key}");
    let project = || Project::new(&server).only(&["inbound_messages"]);
    let merged = || project().set(&table("write_disposition"), "merge").set(&table("primary_key"), vec!["id"]);
    check("privacy_key", &merged().set(LISTS[0], vec!["id"]).run().run());
    let cursor = project().set(&table("incremental.cursor_path"), "created_at");
    check("privacy_cursor", &cursor.set(LISTS[1], vec!["created_at"]).run().run());
    let sorted = merged().set(&table("columns.sequence.dedup_sort"), "desc");
    check("privacy_dedup_sort", &sorted.set(LISTS[1], vec!["sequence"]).run().run());
    let deleted = merged().set(&table("columns.is_read.hard_delete"), true);
    check("privacy_hard_delete", &deleted.set(LISTS[1], vec!["*"]).run().run());
    let needed = project().set(&table("columns.text.nullable"), false);
    check("privacy_not_null", &needed.set(LISTS[0], vec!["text"]).run().run());
    let typed = project().set(&table("columns.score.data_type"), "double");
    check("privacy_data_type", &typed.set(LISTS[1], vec!["score"]).run().run());
    // Keys may be hashed, and rows are told by them as before.
    let hashed = merged().set(LISTS[1], vec!["id"]);
    hashed.run().run().code(0);
    hashed.run().run().code(0);
    assert_eq!(hashed.count("inbound_messages"), 250);
    // The key of a table is one when nobody names it any more.
    let keyed = merged();
    keyed.run().run().code(0);
    let unnamed = keyed.unset(&table("primary_key")).set(LISTS[0], vec!["id"]);
    unnamed.run().run().code(2).stderr_has(&["`id` is in the key that `inbound_messages` has had so far"]);
    // `check` says the same before anything runs, and nothing was made.
    let refused = merged().set(LISTS[0], vec!["id"]);
    refused.cli().arg("check").run().code(2).stderr_has(&["`primary_key` of `inbound_messages`"]);
    assert!(!refused.path(".sluicegate").exists() && !refused.path("jivochat.duckdb").exists());
}

#[test]
fn what_events_go_by() {
    for (list, path) in [(LISTS[0], "chat_id"), (LISTS[1], "version")] {
        let project = Project::receiving().set(list, vec![path]);
        let output = project.cli().args(["serve", "--listen", "127.0.0.1:0"]).run();
        output.code(2).stderr_has(&[&format!("`{list}` in `sluicegate.toml`: `{path}`"), "hint: "]);
        project.cli().arg("replay").run().code(2);
        assert!(!project.path(".sluicegate").exists());
    }
}
