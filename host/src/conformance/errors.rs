//! What a component makes of answers that are none.

use bytes::Bytes;

use super::{
    Findings, Verdict,
    pages::{request, secrets},
};
use crate::{
    http::stand_in::{Answer, StandIn},
    model::ResourceSpec,
    source::{ErrorKind, Source, SourceError},
};

/// Wait that the stand-in asks for.
const RETRY_AFTER_S: u64 = 7;

/// Statuses, the rule that they are for, and the case that the contract has for them.
const STATUSES: [(u16, &str, ErrorKind); 7] = [
    (401, "auth", ErrorKind::Auth),
    (403, "auth", ErrorKind::Auth),
    (404, "not-found", ErrorKind::NotFound),
    (429, "rate-limited", ErrorKind::RateLimited),
    (500, "transient", ErrorKind::Transient),
    (503, "transient", ErrorKind::Transient),
    (400, "permanent", ErrorKind::Permanent),
];

/// Services that answer with a few records, each in a shape of its own: a component understands one of them, or none.
pub fn shapes() -> [StandIn; 4] {
    let record = r#"{"id":1,"name":"one","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}"#;
    let bodies = [record.to_owned(), format!("[{record}]"), format!(r#"{{"data":[{record}]}}"#), "1".to_owned()];
    bodies.map(|body| StandIn::new(move |_| answer(200, body.clone())))
}

fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    Answer { status, headers: vec![("content-type", "application/json".to_owned())], body: body.into() }
}

/// Tries each failure of a service on the first resource. `source` makes the component answered by a stand-in.
///
/// # Errors
/// When the component cannot be given what it was given before.
pub async fn try_errors<S: Source, E>(
    source: impl Fn(StandIn) -> Result<S, E>,
    spec: &ResourceSpec,
    tokens: &[String],
    findings: &mut Findings,
) -> Result<(), E> {
    for (status, rule, kind) in STATUSES {
        let failing = StandIn::new(move |_| {
            let mut answer = answer(status, format!(r#"{{"error":{{"code":"{status}","message":"no"}}}}"#));
            if status == 429 {
                answer.headers.push(("retry-after", RETRY_AFTER_S.to_string()));
            }
            answer
        });
        let outcome = source(failing)?.fetch_page(request(spec, None)).await;
        judge(rule, &format!("{status}"), kind, outcome.map(|page| page.traffic.requests), tokens, findings);
    }
    let garbage = StandIn::new(|_| Answer {
        status: 200,
        headers: vec![("content-type", "text/html".to_owned())],
        body: "<!doctype html><title>Sign in</title>".into(),
    });
    let outcome = source(garbage)?.fetch_page(request(spec, None)).await;
    let kind = ErrorKind::InvalidResponse;
    judge("invalid-response", "a web page", kind, outcome.map(|page| page.traffic.requests), tokens, findings);
    Ok(())
}

fn judge(
    rule: &'static str,
    given: &str,
    wanted: ErrorKind,
    outcome: Result<u64, SourceError>,
    tokens: &[String],
    findings: &mut Findings,
) {
    match outcome {
        Ok(0) => findings.note(rule, Verdict::NotApplicable, "it made no request"),
        Ok(_) => findings.note(rule, Verdict::Fail, format!("{given}: it returned a page")),
        Err(error) => {
            secrets(&error.message, tokens, rule, findings);
            let asked = error.retry_after.map(|wait| wait.as_secs());
            if error.traffic.requests == 0 {
                findings.note(rule, Verdict::NotApplicable, format!("it made no request: {error}"));
            } else if error.kind != wanted {
                findings.note(rule, Verdict::Fail, format!("{given}: it says `{}`: {error}", error.kind.as_str()));
            } else if wanted == ErrorKind::RateLimited && asked != Some(RETRY_AFTER_S) {
                findings.note(
                    rule,
                    Verdict::Fail,
                    format!("{given}: it passes no `retry-after` of {RETRY_AFTER_S} s on"),
                );
            } else {
                findings.note(rule, Verdict::Pass, format!("{given}, as it should be"));
            }
        }
    }
}
