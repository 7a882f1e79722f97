//! What a person reads: whole transcripts of typical runs, good and bad. The facts behind them are tested elsewhere.
//!
//! After a change of a text: `INSTA_UPDATE=always cargo test -p acceptance transcripts`, and read the difference.

use acceptance::cli::Output;
use acceptance::fake_jivo::{Contract, FakeJivo, Fault, Options, Reply};
use acceptance::project::Project;

use crate::{server, start};

const INBOUND: &str = "inbound_messages";

/// Compares a transcript with `tests/snapshots/<name>.snap`.
#[track_caller]
pub(crate) fn check(name: &str, output: &Output) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, output.redacted()));
}

/// A run of one resource whose first answers are replaced.
#[track_caller]
fn check_answer(name: &str, resource: &str, fault: Fault) {
    let server = server();
    server.fault(resource, .., fault);
    check(name, &Project::new(&server).only(&[resource]).run().run());
}

fn documented() -> FakeJivo {
    start(Options { contract: Contract::Documented, ..Options::default() })
}

#[test]
fn a_first_run_and_a_second() {
    let server = server();
    let project = Project::new(&server);
    check("first_run", &project.run().run());
    check("second_run", &project.run().run());
}

#[test]
fn a_wrong_channel() {
    let server = documented();
    let project = Project::new(&server).only(&["status"]);
    project.write_secret("someone-elses-id");
    check("wrong_channel", &project.run().run());
}

#[test]
fn a_service_without_the_resource() {
    check("missing_resource", &Project::new(&documented()).only(&["status", INBOUND]).run().run());
}

#[test]
fn credentials_that_are_refused() {
    check_answer("refused_credentials", "status", Fault::Answer(Reply::error(401, "Key is gone")));
}

#[test]
fn a_service_that_is_busy_for_long() {
    let reply = Reply::text(429, "slow down").header("Retry-After", "3600");
    check_answer("busy_service", INBOUND, Fault::Answer(reply));
}

#[test]
fn an_answer_that_is_a_web_page() {
    let page = Reply::new(200, "text/html", "<!DOCTYPE html><title>Sign in</title>");
    check_answer("web_page", "status", Fault::Answer(page));
}

#[test]
fn a_status_that_is_none() {
    check_answer("odd_status", "status", Fault::Answer(Reply::text(200, "maybe")));
}

#[test]
fn records_that_are_none() {
    check_answer("odd_records", INBOUND, Fault::Records("{\"id\":1}\nnull\n7\n[1,2]".replace('\n', ",")));
}

#[test]
fn a_schema_contract() {
    let server = start(Options { inbound: 2, page_size: 1, ..Options::default() });
    let pages = [r#"{"id":1,"n":1}"#, r#"{"id":2}"#, r#"{"id":3,"n":3}"#, r#"{"id":4,"new":4},{"id":5,"n":"five"}"#];
    let pages = (1..).zip(pages.into_iter().chain([pages[3], pages[2], pages[3]]));
    for (request, page) in pages {
        server.fault(INBOUND, request..=request, Fault::Records(page.to_owned()));
    }
    let project = Project::new(&server).only(&["status", INBOUND]);
    project.run().run().code(0);
    let project = project.set("pipeline.schema_contract", "freeze");
    check("frozen_contract", &project.run().run());
    let project = project.set("resources.inbound_messages.schema_contract.columns", "discard_row");
    let project = project.set("resources.inbound_messages.schema_contract.data_type", "discard_value");
    check("discarding_contract", &project.run().run());
    check("unknown_contract", &project.set("pipeline.schema_contract", "frieze").run().run());
}

#[test]
fn a_link_to_another_host() {
    check_answer("foreign_link", INBOUND, Fault::NextIs("https://elsewhere.example/messages?page=2".into()));
}

#[test]
fn a_run_without_a_grant() {
    let server = server();
    let project = Project::new(&server).only(&["status"]).set("source.allow", Vec::<String>::new());
    check("no_grant", &project.run().run());
    let project = Project::new(&server).only(&["status"]).set("source.allow_private", Vec::<String>::new());
    check("no_private_grant", &project.run().run());
}

#[test]
fn a_pipeline_file_with_an_unknown_key() {
    check("unknown_key", &Project::new(&server()).set("source.alow", "x").run().run());
}

#[test]
fn a_secret_that_is_missing() {
    let project = Project::new(&server());
    std::fs::remove_file(project.path(".dlt/secrets.toml")).unwrap();
    check("missing_secret", &project.run().run());
}

#[test]
fn a_component_that_is_none() {
    let project = Project::new(&server()).set("source.component", "not-a-component.wasm");
    check("missing_component", &project.run().run());
    std::fs::write(project.path("not-a-component.wasm"), "<html>404 Not Found</html>").unwrap();
    check("foreign_component", &project.run().run());
}

#[test]
fn a_destination_in_a_folder_that_is_none() {
    let project = Project::new(&server()).set("destination.url", "duckdb:missing/jivochat.duckdb");
    check("missing_folder", &project.run().run());
}

#[test]
fn no_pipeline_file() {
    let project = Project::new(&server());
    std::fs::remove_file(project.path("sluicegate.toml")).unwrap();
    check("no_pipeline_file", &project.run().run());
}
