//! A service that fails. Each test says what the next attempt would meet, so that a retry too many or too few shows.

use std::net::TcpListener;
use std::time::Duration;

use acceptance::fake_jivo::{Contract, FakeJivo, Fault, Options, Reply};
use acceptance::project::Project;

use crate::{server, start};

const INBOUND: &str = "inbound_messages";

/// The answer fails `inbound_messages` for good: one request, the other resources are loaded.
#[track_caller]
fn check_refused(reply: Reply, kind: &str, code: i32, words: &[&str]) {
    let status = reply.status;
    let server = server();
    server.fault(INBOUND, .., Fault::Answer(reply));
    let project = Project::new(&server);
    let (output, report) = project.run_with_report();
    output.code(code).stderr_has(&[INBOUND]).stderr_has(words).lacks(&server.options().public_id);
    report.failed(INBOUND, kind, Some(status)).loaded("outbound_messages", 180).loaded("status", 1);
    assert_eq!(report.0["status"], "partial");
    assert_eq!(server.requests_to(INBOUND).len(), 1, "it was asked again");
    assert_eq!(project.count("outbound_messages"), 180);
    assert!(!project.tables().contains(&INBOUND.to_owned()) || project.count(INBOUND) == 0);
}

#[test]
fn refusals() {
    check_refused(Reply::error(400, "Invalid payload"), "permanent", 3, &["Invalid payload", "400"]);
    check_refused(Reply::error(401, "Key is gone"), "auth", 3, &["Key is gone", "jivo_public_id"]);
    check_refused(Reply::text(403, "Not for you"), "auth", 3, &["Not for you", "403"]);
    check_refused(Reply::error(404, "No such list"), "not-found", 3, &["No such list"]);
    check_refused(Reply::text(404, "nothing here"), "not-found", 3, &["nothing here"]);
    check_refused(Reply::text(418, "teapot"), "permanent", 3, &["teapot", "418"]);
}

#[track_caller]
fn check_wrong_id(contract: Contract) {
    let server = start(Options { contract, ..Options::default() });
    let project = Project::new(&server);
    project.write_secret("someone-elses-id");
    let (output, report) = project.run_with_report();
    output.code(3).stderr_has(&["Channel not found"]).lacks("someone-elses-id");
    for resource in ["status", "channel_info", "health", INBOUND, "outbound_messages"] {
        report.failed(resource, "not-found", Some(404));
    }
    assert_eq!(report.0["status"], "failed");
    assert_eq!(report.0["loads"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_wrong_public_id_is_not_found() {
    check_wrong_id(Contract::Brief);
    check_wrong_id(Contract::Documented);
}

#[test]
fn the_documented_service_has_status_alone() {
    let server = start(Options { contract: Contract::Documented, ..Options::default() });
    let project = Project::new(&server);
    let (output, report) = project.run_with_report();
    output.code(3).stderr_has(&["hint:", "resources"]);
    report.loaded("status", 1);
    for resource in ["channel_info", "health", INBOUND, "outbound_messages"] {
        report.failed(resource, "not-found", Some(404));
    }
    assert_eq!(project.tables(), ["status"]);
}

/// The first two requests are refused for pace; the wait is as long as the service says.
#[track_caller]
fn check_waits(fault: Fault) {
    let server = server();
    server.fault(INBOUND, 1..=2, fault);
    let project = Project::new(&server).only(&[INBOUND]);
    let (output, report) = project.run_with_report();
    output.code(0);
    report.loaded(INBOUND, 250);
    assert_eq!(report.resource(INBOUND)["retries"], 2);
    let requests = server.requests_to(INBOUND);
    assert_eq!(requests.len(), 5);
    for pair in requests[..3].windows(2) {
        let waited = pair[1].at - pair[0].at;
        assert!(waited >= Duration::from_millis(1900), "waited {waited:?} in place of 2 s");
    }
    assert_eq!(project.count(INBOUND), 250);
}

#[test]
fn retry_after_seconds_is_honoured() {
    check_waits(Fault::Answer(Reply::error(429, "Slow down").header("retry-after", "2")));
}

#[test]
fn retry_after_as_a_date_is_honoured() {
    // A date has whole seconds, so the wait may come out up to one second shorter by the client's clock.
    check_waits(Fault::BusyFor(Duration::from_secs(3)));
}

#[test]
fn a_retry_after_beyond_the_longest_wait_ends_the_resource() {
    let server = server();
    server.fault(INBOUND, .., Fault::Answer(Reply::error(429, "Slow down").header("retry-after", "3600")));
    let project = Project::new(&server);
    let (output, report) = project.run_with_report();
    output.code(4).stderr_has(&[INBOUND, "Slow down"]);
    report.failed(INBOUND, "rate-limited", Some(429)).loaded("outbound_messages", 180);
    assert_eq!(server.requests_to(INBOUND).len(), 1);
}

#[test]
fn a_service_that_stays_down_uses_up_the_budget() {
    let server = server();
    server.fault(INBOUND, .., Fault::Answer(Reply::text(503, "maintenance")));
    let project = Project::new(&server)
        .set("source.retry.attempts", 50)
        .set("source.retry.max_wait", "1s")
        .set("source.retry.budget", "2s");
    let (output, report) = project.run_with_report();
    output.code(4).stderr_has(&[INBOUND, "503", "maintenance"]);
    report.failed(INBOUND, "transient", Some(503)).loaded("outbound_messages", 180);
    let requests = server.requests_to(INBOUND).len();
    assert!((2..20).contains(&requests), "{requests} requests");
    assert_eq!(report.resource(INBOUND)["retries"], requests - 1);
}

#[test]
fn attempts_are_counted() {
    let server = server();
    server.fault(INBOUND, .., Fault::Answer(Reply::error(500, "Oops")));
    let project = Project::new(&server).set("source.retry.attempts", 2);
    let (output, report) = project.run_with_report();
    output.code(4);
    report.failed(INBOUND, "transient", Some(500));
    assert_eq!(server.requests_to(INBOUND).len(), 2);
}

/// The first try for page 2 meets the fault, the second try does not: nothing is lost and nothing comes twice.
#[track_caller]
fn check_passes(fault: Fault) {
    let server = server();
    server.fault(INBOUND, 2..=2, fault);
    let project = Project::new(&server).only(&[INBOUND]).set("source.limits.idle", "1s");
    let (output, report) = project.run_with_report();
    output.code(0);
    report.loaded(INBOUND, 250);
    assert_eq!(report.resource(INBOUND)["retries"], 1);
    assert_eq!(project.value("SELECT count(DISTINCT id) FROM jivochat_data.inbound_messages"), "250");
}

#[test]
fn a_connection_that_closes_early_is_tried_again() {
    check_passes(Fault::CloseBeforeAnswer);
}

#[test]
fn a_reset_in_mid_body_is_tried_again() {
    check_passes(Fault::ResetMidBody);
}

#[test]
fn a_stall_is_tried_again() {
    check_passes(Fault::StallBeforeHead);
    check_passes(Fault::StallAfterHead);
    check_passes(Fault::StallMidBody);
}

/// Each try meets the fault: what came before stays, and the run ends with 4.
#[track_caller]
fn check_stays(fault: Fault) {
    let server = server();
    server.fault(INBOUND, 2.., fault);
    let project = Project::new(&server).set("source.retry.attempts", 2).set("source.limits.idle", "1s");
    let (output, report) = project.run_with_report();
    output.code(4).stderr_has(&[INBOUND]);
    report.failed(INBOUND, "transient", None).loaded("outbound_messages", 180);
    assert_eq!(server.requests_to(INBOUND).len(), 3);
    assert_eq!(project.count(INBOUND), 100);
}

#[test]
fn a_connection_that_always_breaks_ends_the_resource() {
    check_stays(Fault::ResetMidBody);
}

#[test]
fn a_server_that_always_stalls_ends_the_resource() {
    check_stays(Fault::StallMidBody);
}

#[test]
fn a_slow_drip_hits_the_time_of_a_page() {
    let server = server();
    server.fault("health", .., Fault::Drip { bytes: 1, every: Duration::from_millis(200) });
    let project = Project::new(&server).only(&["status", "health"]).set("source.limits.page_time", "2s");
    let (output, report) = project.run_with_report();
    output.code(6).stderr_has(&["health", "page_time"]);
    report.failed("health", "limit", None).loaded("status", 1);
}

#[test]
fn nobody_listens() {
    let server = server();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let project = Project::new(&server)
        .set("source.config.base_url", format!("http://{closed}"))
        .set("source.allow", vec![format!("http://{closed}")])
        .set("source.allow_private", vec![closed.to_string()])
        .set("source.retry.attempts", 2);
    let (output, report) = project.run_with_report();
    output.code(4).stderr_has(&[&closed.to_string()]).lacks(&server.options().public_id);
    report.failed("status", "transient", None);
    assert!(server.requests().is_empty());
}

fn tls() -> FakeJivo {
    start(Options { tls: true, ..Options::default() })
}

#[test]
fn an_unknown_certificate_is_refused_for_good() {
    let server = tls();
    let project = Project::new(&server).only(&["status"]);
    let (output, report) = project.run_with_report();
    output.code(3).stderr_has(&["certificate", "ca_file"]);
    report.failed("status", "permanent", None);
    assert_eq!(report.resource("status")["retries"], 0);
    assert!(server.requests().is_empty());
}

#[test]
fn a_certificate_named_by_ca_file_is_trusted() {
    let server = tls();
    let project = Project::new(&server).set("source.ca_file", "ca.pem");
    std::fs::write(project.path("ca.pem"), server.certificate().unwrap()).unwrap();
    project.run().run().code(0);
    assert_eq!(project.count(INBOUND), 250);
}
