//! The source in JavaScript, `guest/javascript/tickets.js`: a help desk whose pages follow each other by a cursor.

use std::fs;
use std::time::Duration;

use acceptance::{foreign, places};

use crate::hosts::service::{Answer, Service};

fn answer(origin: &str, target: &str) -> Answer {
    let page = |name: &str, id: u64, next: &str| {
        let more = !next.is_empty();
        let record = |id| {
            let changed = r#""updated_at":"2026-01-01T00:00:00Z""#;
            format!(r#"{{"id":{id},"score":12345678901234567890,{changed}}}"#)
        };
        let records = format!("[{},{}]", record(id), record(id + 1));
        format!(r#"{{"{name}":{records},"meta":{{"has_more":{more}}},"links":{{"next":"{origin}{next}"}}}}"#)
    };
    match target {
        "/api/v2/tickets?page[size]=100" | "/api/v2/tickets?page%5Bsize%5D=100" => {
            (200, Vec::new(), page("tickets", 1, "/api/v2/tickets?page%5Bafter%5D=b2"))
        }
        "/api/v2/tickets?page%5Bafter%5D=b2" => (200, Vec::new(), page("tickets", 3, "")),
        _ if target.starts_with("/api/v2/users") => (429, vec![("Retry-After", "7200".into())], "slowly".into()),
        _ if target.starts_with("/locked/") => (401, Vec::new(), r#"{"error":"Couldn't authenticate you"}"#.into()),
        _ if target.starts_with("/broken/") => (200, Vec::new(), r#"{"tickets":5}"#.into()),
        _ => (404, Vec::new(), r#"{"error":"RecordNotFound"}"#.into()),
    }
}

#[test]
fn tickets_in_javascript_are_read_to_the_end_and_failures_have_their_cases() {
    let source = fs::read_to_string(places::workspace().join("guest/javascript/tickets.js")).unwrap();
    let lines = source.lines().count();
    assert!(lines < 150, "{lines} lines are not a small template");
    let service = Service::start(answer);
    let component = foreign::javascript(&source);
    let project = service.project(&component);
    let inspected = project.cli().args(["inspect", component.to_str().unwrap()]).run();
    inspected.code(0).stdout_has(&["name        zendesk 0.1.0"]);
    for unneeded in ["wasi:sockets", "wasi:filesystem", "wasi:cli", "wasi:random"] {
        inspected.lacks(unneeded);
    }

    let output = project.run().args(["--report", "report.json"]).timeout(Duration::from_mins(20)).run();
    output.code(4).stderr_has(&["users"]).lacks("value-of-the-token");
    assert!(project.tables().contains(&"tickets".to_owned()), "{}", output.transcript());
    assert_eq!(project.count("tickets"), 4);
    assert_eq!(project.value("SELECT max(score)::VARCHAR FROM jivochat_data.tickets"), "12345678901234567890");
    assert!(service.heads().iter().all(|head| head.to_lowercase().contains("bearer value-of-the-token")));

    for (folder, kind, status) in
        [("locked", "auth", 401), ("broken", "invalid-response", 200), ("gone", "not-found", 404)]
    {
        let base = format!("{}/{folder}", service.origin);
        let project = service.project(&component).set("source.config.base_url", base);
        let (output, report) = project.only(&["tickets"]).without_retries().run_with_report();
        output.code(3);
        report.failed("tickets", kind, Some(status));
    }
}
