//! The source in Python, `guest/python/issues.py`: an issue tracker whose pages follow each other by the header `Link`.

use std::fs;
use std::time::Duration;

use acceptance::{foreign, places};

use crate::hosts::service::{Answer, Service};

const MOVED: &str = "https://elsewhere.example/repos";

fn answer(origin: &str, target: &str) -> Answer {
    let issues = "/repos/acme/anvils/issues?";
    let page = |number: u32| {
        let title = r#""title": "an \"anvil\", [1]","#;
        let changed = r#""updated_at": "2026-01-01T00:00:00Z""#;
        let id = 9_007_199_254_740_993_u64 + u64::from(number);
        format!(
            "[\n {{\n  \"id\": {id}, {title} \"weight\": 1.50, {changed}\n }},\n {{\"id\": {number}, \"labels\": [], {changed}}}\n]\n"
        )
    };
    let link = |url: String| vec![("Link", format!("<{origin}/first>; rel=\"first\", <{url}>; rel=\"next\""))];
    match target {
        _ if target.starts_with("/repos/acme/anvils/issues/comments?") => {
            (403, vec![("x-ratelimit-remaining", "0".into()), ("x-ratelimit-reset", "9999999999".into())], "{}".into())
        }
        _ if target.starts_with(issues) && !target.contains("page=2") => {
            (200, link(format!("{origin}{issues}state=all&page=2")), page(1))
        }
        _ if target.starts_with(issues) => (200, Vec::new(), page(2)),
        _ if target.starts_with("/repos/acme/moved/issues?") => (200, link(MOVED.into()), page(1)),
        _ if target.starts_with("/repos/acme/broken/issues?") => (200, Vec::new(), "<html>".into()),
        _ if target.starts_with("/repos/acme/locked/") => (401, Vec::new(), r#"{"message":"Bad credentials"}"#.into()),
        _ => (404, Vec::new(), r#"{"message":"Not Found"}"#.into()),
    }
}

#[test]
fn issues_in_python_are_read_to_the_end_and_failures_have_their_cases() {
    let source = fs::read_to_string(places::workspace().join("guest/python/issues.py")).unwrap();
    let lines = source.lines().count();
    assert!(lines < 150, "{lines} lines are not a small template");
    let service = Service::start(answer);
    let component = foreign::python(&source);
    let project = service.project(&component).set("source.config.repository", "acme/anvils");
    let long = Duration::from_mins(20);
    project
        .cli()
        .args(["inspect", component.to_str().unwrap()])
        .run()
        .code(0)
        .stdout_has(&["name        github 0.1.0"]);

    let output = project.run().args(["--report", "report.json"]).timeout(long).run();
    output.code(4).stderr_has(&["comments"]).lacks("value-of-the-token");
    assert!(project.tables().contains(&"issues".to_owned()), "{}", output.transcript());
    assert_eq!(project.count("issues"), 4);
    let titles = "SELECT string_agg(id || ' ' || title || ' ' || weight, ', ' ORDER BY id) FROM jivochat_data.issues WHERE title IS NOT NULL";
    assert_eq!(project.value(titles), "9007199254740994 an \"anvil\", [1] 1.5, 9007199254740995 an \"anvil\", [1] 1.5");
    assert!(service.heads().iter().all(|head| head.to_lowercase().contains("bearer value-of-the-token")));

    let project = project.only(&["issues"]).without_retries();
    for (repository, kind, status, words) in [
        ("acme/moved", "invalid-response", 200, MOVED),
        ("acme/broken", "invalid-response", 200, "<html>"),
        ("acme/locked", "auth", 401, "Bad credentials"),
        ("acme/gone", "not-found", 404, "Not Found"),
    ] {
        let project = service.project(&component).set("source.config.repository", repository);
        let (output, report) = project.only(&["issues"]).without_retries().run_with_report();
        output.code(3).stderr_has(&[words]);
        report.failed("issues", kind, Some(status));
    }
    project.unset("source.config.repository").run().run().code(3).stderr_has(&["`repository` is missing"]);
}
