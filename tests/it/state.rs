//! `state`: what it shows, what it forgets, and that dlt sees the same.

use acceptance::dlt;
use acceptance::fake_jivo::{FakeJivo, Fault, Options, Reply};
use acceptance::project::Project;
use serde_json::{Value, json};

use crate::start;

const INBOUND: &str = "inbound_messages";

/// A run that `status` came through, and two of four pages of messages.
fn stopped() -> (FakeJivo, Project) {
    let server = start(Options { inbound: 40, page_size: 10, ..Options::default() });
    server.fault(INBOUND, 3..=3, Fault::Answer(Reply::error(500, "Not now")));
    let project = Project::new(&server).only(&["status", INBOUND]).without_retries();
    project.run().run().code(4);
    (server, project)
}

fn show(project: &Project, names: &[&str]) -> Value {
    let output = project.cli().args(["state", "show", "--format", "json"]).args(names).run();
    output.code(0);
    serde_json::from_str(&output.stdout).unwrap()
}

#[test]
fn what_is_kept_is_shown_without_tokens() {
    let (server, project) = stopped();
    let output = project.cli().args(["state", "show"]).run();
    output.code(0).stdout_has(&["status\n  nothing is kept", "inbound_messages\n  next page: v1.", "***"]);
    output.lacks("sgt-").lacks(&server.options().public_id);
    assert_eq!(output.stderr, "");

    let shown = show(&project, &[]);
    assert_eq!(shown["pipeline"], "jivochat_pipeline");
    assert_eq!(shown["source"], "jivochat_source");
    assert_eq!(shown["dataset"], "jivochat_data");
    assert_eq!(
        shown["resources"]["status"],
        json!({"cursor": null, "state": null, "refresh": null, "completed": false})
    );
    assert!(shown["resources"][INBOUND]["cursor"].as_str().unwrap().contains("page=3"), "{shown:#}");
    let names = |shown: &Value| shown["resources"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&shown), ["status", INBOUND]);
    assert_eq!(names(&show(&project, &[INBOUND])), [INBOUND]);
}

#[test]
fn a_run_that_was_killed_has_completed_some_resources() {
    let server = start(Options { inbound: 40, page_size: 10, ..Options::default() });
    let project = Project::new(&server).only(&["status", INBOUND]).set("load.commit_rows", 1);
    project.run().env("SLUICEGATE_FAULT", "after-commit:3").run();
    assert_eq!(show(&project, &[])["resources"]["status"]["completed"], true);
    project.cli().args(["state", "show"]).run().code(0).stdout_has(&["status\n  completed: by a run that did not end"]);
    project.cli().args(["state", "reset", "status"]).run().code(0).stdout_has(&["status: forgot completed"]);
    assert_eq!(show(&project, &[])["resources"]["status"]["completed"], false);
    project.run().run().code(0);
    assert_eq!((project.count("status"), project.count(INBOUND)), (2, 40));
}

#[test]
fn what_is_forgotten_is_read_from_its_beginning() {
    let (server, project) = stopped();
    let loads = project.count("_dlt_loads");
    project.cli().args(["state", "reset", "status"]).run().code(0).stdout_has(&["status: forgot nothing\n"]);
    assert_eq!(project.count("_dlt_loads"), loads, "a load was written for nothing");
    project.cli().args(["state", "reset"]).run().code(0).stdout_has(&["inbound_messages: forgot next page\n"]);
    assert_eq!(show(&project, &[])["resources"][INBOUND]["cursor"], Value::Null);
    assert_eq!(project.count("_dlt_loads"), loads + 1);
    // The rows stay, and the next run reads all pages.
    assert_eq!(project.count(INBOUND), 20);
    project.run().run().code(0);
    assert_eq!(project.count(INBOUND), 60);
    assert_eq!(server.requests_to(INBOUND).len(), 7);
}

#[test]
fn a_replacement_that_was_stopped_is_shown_and_forgotten_without_a_load() {
    let server = start(Options { inbound: 40, page_size: 10, ..Options::default() });
    server.fault(INBOUND, 3..=3, Fault::Answer(Reply::error(500, "Not now")));
    let project = Project::new(&server).only(&["status", INBOUND]).without_retries();
    let project = project.set("resources.inbound_messages.write_disposition", "replace").set("load.commit_rows", 1);
    project.run().run().code(4);
    let loads = project.count("_dlt_loads");
    assert!(show(&project, &[])["resources"][INBOUND]["cursor"].as_str().unwrap().contains("page=3"));
    project.cli().args(["state", "reset", INBOUND]).run().code(0).stdout_has(&["inbound_messages: forgot next page\n"]);
    assert_eq!(show(&project, &[])["resources"][INBOUND]["cursor"], Value::Null);
    assert_eq!(project.count("_dlt_loads"), loads);
    project.run().run().code(0);
    assert_eq!(server.requests_to(INBOUND).len(), 7);
    assert_eq!(project.count(INBOUND), 40);
}

#[test]
fn dlt_s_incremental_state_is_shown_and_forgotten() {
    let (_server, project) = stopped();
    let pipeline = "import dlt, json\n\
        pipeline = dlt.pipeline('jivochat_pipeline', destination=dlt.destinations.duckdb('jivochat.duckdb'), \
        dataset_name='jivochat_data')\n\
        pipeline.sync_destination()\n";
    let load = format!(
        "{pipeline}\
         @dlt.source(name='jivochat_source')\n\
         def source():\n\
         \x20   @dlt.resource(name='inbound_messages')\n\
         \x20   def inbound(at=dlt.sources.incremental('sequence')):\n\
         \x20       yield [{{'id': 'by-dlt', 'sequence': 99}}]\n\
         \x20   return inbound\n\
         print(pipeline.run(source(), schema=pipeline.default_schema))"
    );
    dlt::run(project.dir(), &load).stdout_has(&["LOADED"]);
    project.cli().args(["state", "show", INBOUND]).run().code(0).stdout_has(&["last value of `sequence`: 99"]);
    assert_eq!(show(&project, &[])["resources"][INBOUND]["incremental"]["sequence"]["last_value"], 99);
    project
        .cli()
        .args(["state", "reset", INBOUND])
        .run()
        .code(0)
        .stdout_has(&["last value of `sequence`", "next page"]);
    let kept = format!("{pipeline}print(pipeline.state['sources']['jivochat_source'].get('resources'))");
    dlt::run(project.dir(), &kept).stdout_has(&["{}\n"]);
}

#[test]
fn the_state_moves_with_the_file() {
    let (server, project) = stopped();
    let elsewhere = Project::new(&server).only(&["status", INBOUND]);
    std::fs::rename(project.path("jivochat.duckdb"), elsewhere.path("jivochat.duckdb")).unwrap();
    elsewhere.run().run().code(0);
    assert_eq!(elsewhere.count(INBOUND), 40);
    assert_eq!(elsewhere.value("SELECT count(DISTINCT id) FROM jivochat_data.inbound_messages"), "40");
}

#[test]
fn resources_and_pipelines_are_told_apart() {
    let (_server, project) = stopped();
    let shown = show(&project, &[]);
    std::fs::rename(project.path("sluicegate.toml"), project.path("other.toml")).unwrap();
    project.cli().args(["state", "show"]).run().code(2).stderr_has(&["sluicegate.toml"]);
    assert_eq!(show(&project, &["other.toml"]), shown);
    assert_eq!(show(&project, &["status", INBOUND, "other.toml"]), shown);
    assert_eq!(show(&project, &["./other.toml", "status", INBOUND]), shown);
    project.cli().args(["state", "show", "a.toml", "b.toml"]).run().code(2).stderr_has(&["`a.toml` and `b.toml`"]);
    let by_environment = project.cli().args(["state", "show"]).env("SLUICEGATE_PIPELINE", "other.toml").run();
    by_environment.code(0).stdout_has(&[INBOUND]);
}

#[test]
fn a_resource_that_is_none_is_told_with_the_nearest() {
    let (_server, project) = stopped();
    for command in ["show", "reset"] {
        let output = project.cli().args(["state", command, "inbound_mesages"]).run();
        output.code(2).stderr_has(&["`inbound_mesages`", "did you mean `inbound_messages`?"]);
        project.cli().args(["state", command, "Status"]).run().code(2).stderr_has(&["`Status`"]);
        // One that was never loaded is one all the same.
        project.cli().args(["state", command, "health"]).run().code(0).stdout_has(&["health"]);
        // Those that are listed and those that something is known of are told once.
        let output = project.cli().args(["state", command, "nonsense"]).run();
        output.code(2).stderr_has(&["`inbound_messages`"]);
        assert_eq!(output.stderr.matches("`inbound_messages`").count(), 1, "{}", output.transcript());
    }
}

#[test]
fn without_a_destination_nothing_is_kept_and_nothing_made() {
    let server = start(Options::default());
    let project = Project::new(&server);
    assert_eq!(show(&project, &[])["resources"], json!({}));
    project.cli().args(["state", "reset"]).run().code(0).stdout_has(&["nothing to forget"]);
    assert!(!project.path("jivochat.duckdb").exists() && server.requests().is_empty());
}
