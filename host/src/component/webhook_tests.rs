//! Events in the sandbox.

use std::time::Duration;

use bytes::Bytes;

use super::{
    fixture::Guest,
    tests::{load_with, options, run},
    *,
};
use crate::{
    http::{allow::AllowList, secrets::SecretGrant},
    model::{Answer, Event, Outcome, WriteDisposition},
    secret::Secret,
    source::{ErrorKind, EventHandler, SourceError},
};

fn event(body: &'static str) -> Event {
    Event {
        method: "POST".into(),
        path_with_query: "?a=1".into(),
        headers: vec![("content-type".into(), Bytes::from_static(b"application/json"))],
        body: body.into(),
        received_at_ms: 1_767_225_600_000,
        relay: None,
    }
}

fn open(guest: &Guest, limits: Limits) -> Result<Option<ComponentWebhook>, SourceError> {
    let component = load_with(&guest.build(), &options()).unwrap();
    let grants = AllowList::parse(["http://example.com"]).unwrap();
    run(component.webhook(SourceOptions { config: "{}".into(), grants, limits, ..SourceOptions::default() }))
}

fn handle(guest: &Guest, limits: Limits) -> Result<Outcome, SourceError> {
    run(open(guest, limits)?.unwrap().handle_event(&event("1\n2")))
}

fn check_failure(guest: &Guest, limits: Limits, kind: ErrorKind, message: &str, hint: &str) {
    let error = handle(guest, limits).unwrap_err();
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.message.starts_with(message), "{error}");
    assert!(error.hint.as_deref().unwrap_or_default().starts_with(hint), "{:?}", error.hint);
}

#[test]
fn webhook_is_optional() {
    assert!(open(&Guest::new(), Limits::default()).unwrap().is_none());
    let with = load_with(&Guest::new().echo("chats").build(), &options()).unwrap();
    assert!(with.info().has_webhook && !with.info().has_setup && !with.info().has_relay);
    assert!(with.info().exports.contains(&"sluicegate:source/webhook@0.1.0".to_owned()));
}

#[test]
fn resources_of_events_are_listed() {
    let webhook = open(&Guest::new().webhook(&["chats", "calls"], 2, "unreachable"), Limits::default()).unwrap();
    let webhook = webhook.unwrap();
    let listed: Vec<_> = webhook.resources().iter().map(|spec| (spec.name.as_str(), spec.write_disposition)).collect();
    assert_eq!(listed, [("chats", WriteDisposition::Merge), ("calls", WriteDisposition::Merge)]);
    let error = open(&Guest::new().webhook(&["chats"], 1, "unreachable"), Limits::default()).map(drop).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert_eq!(error.message, "the component lists `chats` for events with the disposition `replace`");
}

#[test]
fn an_event_reaches_the_component_and_its_outcome_comes_back() {
    let outcome = handle(&Guest::new().echo("chats"), Limits::default()).unwrap();
    assert_eq!(outcome.answer, Answer { status: 202, content_type: Some("POST".into()), body: "1\n2".into() });
    assert_eq!(outcome.dedupe_key.as_deref(), Some("key"));
    let delivered: Vec<_> =
        outcome.deliveries.iter().map(|delivery| (delivery.resource.as_str(), &delivery.records[..])).collect();
    assert_eq!(delivered, [("chats", &b"1\n2"[..])]);
}

#[test]
fn a_secret_in_an_event_stays_outside() {
    let secret = |exposed| {
        let component = load_with(&Guest::new().echo("chats").build(), &options()).unwrap();
        let grant = SecretGrant {
            token: "the-token-1".into(),
            value: Secret::new("Top-Secret-1"),
            origins: AllowList::default(),
            exposed,
        };
        let options = SourceOptions { config: "{}".into(), secrets: vec![grant], ..SourceOptions::default() };
        let webhook = run(component.webhook(options)).unwrap().unwrap();
        run(webhook.handle_event(&event(r#""at %54op-Secret\u002d1""#))).unwrap()
    };
    // Given or not, the value is neither stored nor answered.
    for exposed in [false, true] {
        let outcome = secret(exposed);
        assert_eq!(outcome.deliveries[0].records, "\"at the-token-1\"");
        assert_eq!(outcome.answer.body, "\"at the-token-1\"");
    }
}

#[test]
fn events_share_nothing_and_may_overlap() {
    let webhook = open(&Guest::new().echo("chats"), Limits::default()).unwrap().unwrap();
    let (one, two) = (event("{\"a\":1}"), event("2"));
    run(async {
        let (first, second) = tokio::join!(webhook.handle_event(&one), webhook.handle_event(&two));
        assert_eq!(first.unwrap().answer.body, "{\"a\":1}");
        assert_eq!(second.unwrap().answer.body, "2");
    });
}

/// What a server needs, whose tasks move between threads.
#[test]
fn handling_an_event_may_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let webhook = open(&Guest::new().echo("chats"), Limits::default()).unwrap().unwrap();
    is_send(&webhook.handle_event(&event("1")));
}

#[test]
fn the_sandbox_holds_for_events() {
    let webhook = |code: &str| Guest::new().webhook(&["chats"], 0, code);
    let stopped = "the component was stopped in `handle-event`";
    check_failure(&webhook("unreachable"), Limits::default(), ErrorKind::Trap, stopped, "this is an error of");
    let limits = Limits { page_cpu: Duration::from_millis(30), ..Limits::default() };
    let endless = webhook("(loop $l (br $l)) unreachable");
    check_failure(&endless, limits, ErrorKind::Limit, "the time that the component ran reached ", "raise `page_cpu`");
    let limits = Limits { memory: 1 << 20, ..Limits::default() };
    let large = webhook("(drop (memory.grow (i32.const 100))) unreachable");
    check_failure(&large, limits, ErrorKind::Limit, "the memory of the component reached ", "raise `memory`");
    let limits = Limits { page_records: 1, ..Limits::default() };
    let records = "the number of records of the event reached 2";
    check_failure(&Guest::new().echo("chats"), limits, ErrorKind::Limit, records, "raise `page_records`");
}

#[test]
fn an_event_is_taken_without_the_network_even_if_the_pipeline_grants_it() {
    let guest = Guest::new().request("example.com").webhook(&["chats"], 0, "unreachable");
    let denied = "a request to `http://example.com` was denied: the origin is not granted";
    check_failure(&guest, Limits::default(), ErrorKind::Denied, denied, "a component takes events without the network");
}
