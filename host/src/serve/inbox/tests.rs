//! Inboxes on disk.

mod relays;

use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::model::Event;

const WINDOW: Duration = Duration::from_mins(10);

fn event(body: &str, received_at_ms: u64) -> Event {
    Event {
        method: "POST".into(),
        path_with_query: String::new(),
        headers: vec![("content-type".into(), Bytes::from_static(b"application/json"))],
        body: Bytes::copy_from_slice(body.as_bytes()),
        received_at_ms,
        relay: None,
    }
}

fn new(body: &str, key: Option<&str>, received_at_ms: u64) -> NewEvent {
    NewEvent { event: event(body, received_at_ms), dedupe_key: key.map(Into::into), unhandled: None }
}

fn unhandled(body: &str, received_at_ms: u64) -> NewEvent {
    NewEvent { unhandled: Some("trap".into()), ..new(body, Some(&format!("unhandled:{body}")), received_at_ms) }
}

struct Disk {
    dir: tempfile::TempDir,
}

impl Disk {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn open(&self) -> Inbox {
        Inbox::open_or_make(&self.dir.path().join("inbox"), "first").unwrap()
    }
}

fn bodies(kept: &[Kept]) -> Vec<(u64, &str)> {
    kept.iter().map(|kept| (kept.number, str::from_utf8(&kept.event.body).unwrap())).collect()
}

#[test]
fn events_are_kept_in_their_order() {
    let disk = Disk::new();
    assert!(matches!(Inbox::open(disk.dir.path()), Err(InboxError::Missing { .. })));
    let mut inbox = disk.open();
    let events = [new("a", None, 5), new("b", None, 3), new("c", None, 9)];
    let stored = inbox.insert(&events, WINDOW).unwrap();
    assert_eq!(stored, [Stored::New(1), Stored::New(2), Stored::New(3)]);
    drop(inbox);
    let inbox = Inbox::open_or_make(&disk.dir.path().join("inbox"), "second").unwrap();
    assert_eq!(inbox.id(), "first");
    let waiting = inbox.waiting(0, 10, 1000).unwrap();
    assert_eq!(bodies(&waiting), [(1, "a"), (2, "b"), (3, "c")]);
    assert_eq!(waiting[0].event, events[0].event);
    assert_eq!(bodies(&inbox.waiting(1, 1, 1000).unwrap()), [(2, "b")]);
    assert_eq!(bodies(&inbox.waiting(0, 10, 2).unwrap()), [(1, "a"), (2, "b")]);
    assert_eq!(bodies(&inbox.waiting(0, 10, 0).unwrap()), [(1, "a")]);
}

#[test]
fn equal_keys_are_one_event_within_the_window() {
    let mut inbox = Disk::new().open();
    let ms = u64::try_from(WINDOW.as_millis()).unwrap();
    let cases = [
        (Some("k"), ms, Stored::New(1)),
        (Some("k"), ms + 1, Stored::Duplicate),
        (Some("k"), 2 * ms, Stored::Duplicate),
        (Some("k"), 0, Stored::Duplicate),
        (Some("l"), ms, Stored::New(2)),
        (None, ms, Stored::New(3)),
        (None, ms, Stored::New(4)),
        (Some("k"), 2 * ms + 1, Stored::New(5)),
        (Some("k"), 3 * ms, Stored::Duplicate),
    ];
    for (key, at, expect) in cases {
        assert_eq!(inbox.insert(&[new("x", key, at)], WINDOW).unwrap(), [expect], "{key:?} at {at}");
    }
    let both = [new("x", Some("m"), 1), new("x", Some("m"), 1)];
    assert_eq!(inbox.insert(&both, WINDOW).unwrap(), [Stored::New(6), Stored::Duplicate]);
}

#[test]
fn what_could_not_be_handled_waits_apart_and_then_comes_as_if_new() {
    let mut inbox = Disk::new().open();
    let events = [unhandled("a", 1), new("b", Some("b"), 2), unhandled("c", 3), unhandled("a", 4)];
    let stored = inbox.insert(&events, WINDOW).unwrap();
    assert_eq!(stored[3], Stored::Duplicate);
    assert_eq!(bodies(&inbox.waiting(0, 10, 1000).unwrap()), [(2, "b")]);
    let waits = inbox.unhandled(0, 10).unwrap();
    assert_eq!(bodies(&waits), [(1, "a"), (3, "c")]);
    assert_eq!(waits[0].unhandled.as_deref(), Some("trap"));
    assert_eq!(inbox.handled(1, &new("a", Some("a"), 1), WINDOW).unwrap(), Stored::New(4));
    // It came once more meanwhile, and could be handled then.
    assert_eq!(inbox.handled(3, &new("c", Some("b"), 3), WINDOW).unwrap(), Stored::Duplicate);
    assert!(inbox.unhandled(0, 10).unwrap().is_empty());
    assert_eq!(bodies(&inbox.waiting(0, 10, 1000).unwrap()), [(2, "b"), (4, "a")]);
    inbox.set_aside(2, "limit").unwrap();
    assert_eq!(bodies(&inbox.waiting(0, 10, 1000).unwrap()), [(4, "a")]);
    assert_eq!(inbox.unhandled(0, 10).unwrap()[0].unhandled.as_deref(), Some("limit"));
}

/// An inbox that was put back from a copy must not give new events the numbers of those that are loaded.
#[test]
fn new_events_come_after_those_that_the_destination_knows() {
    let mut inbox = Disk::new().open();
    inbox.number_above(7).unwrap();
    assert_eq!(inbox.insert(&[new("a", None, 1)], WINDOW).unwrap(), [Stored::New(8)]);
    inbox.number_above(3).unwrap();
    assert_eq!(inbox.insert(&[new("a", None, 1)], WINDOW).unwrap(), [Stored::New(9)]);
    inbox.number_above(20).unwrap();
    assert_eq!(inbox.insert(&[new("a", None, 1)], WINDOW).unwrap(), [Stored::New(21)]);
}

#[test]
fn only_what_is_loaded_and_old_goes() {
    let mut inbox = Disk::new().open();
    let events = [new("aa", None, 10), unhandled("bb", 10), new("cc", None, 30), new("dd", None, 10)];
    inbox.insert(&events, WINDOW).unwrap();
    inbox.note_loaded(3).unwrap();
    assert_eq!(inbox.prune(10).unwrap(), Pruned::default());
    assert_eq!(inbox.prune(20).unwrap(), Pruned { events: 1, bytes: 2 });
    let mut left = Vec::new();
    inbox
        .since(0, 0, |kept| {
            left.push(kept.number);
            true
        })
        .unwrap();
    assert_eq!(left, [2, 3, 4]);
    // A number is never used again, even that of the last event.
    inbox.note_loaded(4).unwrap();
    inbox.prune(100).unwrap();
    assert_eq!(inbox.insert(&[new("ee", None, 40)], WINDOW).unwrap(), [Stored::New(5)]);
}

#[test]
fn what_is_in_it_is_told_in_numbers() {
    let mut inbox = Disk::new().open();
    assert_eq!(inbox.status(0).unwrap(), Status::default());
    let events = [new("a", None, 10), unhandled("bb", 5), new("ccc", None, 30), new("dddd", None, 20)];
    inbox.insert(&events, WINDOW).unwrap();
    let expect = Status {
        waiting: 2,
        waiting_bytes: 7,
        waiting_since_ms: Some(20),
        unhandled: 1,
        loaded: 1,
        bytes: 10,
        since_ms: Some(5),
        relays: 0,
    };
    assert_eq!(inbox.status(1).unwrap(), expect);
}

#[test]
fn one_process_receives() {
    let disk = Disk::new();
    let lock = Inbox::lock(disk.dir.path()).unwrap();
    assert!(matches!(Inbox::lock(disk.dir.path()), Err(InboxError::InUse { .. })));
    drop(lock);
    Inbox::lock(disk.dir.path()).unwrap();
}

#[test]
fn a_newer_inbox_is_refused() {
    let disk = Disk::new();
    let inbox = disk.open();
    inbox.connection.pragma_update(None, "user_version", 3).unwrap();
    let error = Inbox::open(&disk.dir.path().join("inbox")).unwrap_err();
    assert!(error.to_string().ends_with("has version 3, and this program knows 2"), "{error}");
    assert!(error.hint().is_some());
}

#[cfg(unix)]
#[test]
fn an_inbox_is_this_user_s_alone() {
    use std::os::unix::fs::PermissionsExt;

    let disk = Disk::new();
    let mut inbox = disk.open();
    inbox.insert(&[new("a", None, 1)], WINDOW).unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let dir = disk.dir.path().join("inbox");
    assert_eq!(mode(&dir), 0o700);
    for file in std::fs::read_dir(&dir).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[test]
fn an_event_survives_export_and_import() {
    let mut event = event("{\"a\":\"я\"}", 1_767_225_600_123);
    event.headers.push(("x-odd".into(), Bytes::from_static(b"\xff")));
    for body in [&b"{}"[..], b"\xff\x00", b"a\nb"] {
        let event = Event { body: Bytes::copy_from_slice(body), ..event.clone() };
        let kept = Kept { number: 1, event: event.clone(), dedupe_key: None, unhandled: None };
        let line = export_line(&kept);
        assert!(!line.contains('\n') && line.starts_with("{\"received_at\":\"2026-01-01T00:00:00.123Z\""), "{line}");
        assert_eq!(import_line(&line).unwrap(), event);
    }
    for (line, reason) in [
        ("{}", "missing field"),
        ("1", "invalid type"),
        (r#"{"received_at":"soon","method":"POST","body":"a"}"#, "`received_at` is no time: `soon`"),
        (r#"{"received_at":"1960-01-01T00:00:00Z","method":"POST","body":"a"}"#, "`received_at` is before 1970"),
        (r#"{"received_at":"2026-01-01T00:00:00Z","method":"POST","body":{"base64":"?"}}"#, "it holds no base64"),
    ] {
        let error = import_line(line).unwrap_err();
        assert!(error.starts_with(reason), "{line}: {error}");
    }
}
