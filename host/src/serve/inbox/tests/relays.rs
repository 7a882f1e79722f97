//! Messages that are passed on, as the inbox keeps them.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::{
    model::{RelayPlan, RelayProgress, RelayRequest, RelayStatus, ResendRule},
    serve::inbox::{Learned, NewRelay, TakenRelay, Write, Written},
};

fn relay(body: &str, key: Option<&str>, received_at_ms: u64) -> Write {
    let request = RelayRequest {
        method: "POST".into(),
        url: "https://h/a".into(),
        headers: vec![("content-type".into(), Bytes::from_static(b"a\xFFb"))],
        body: Bytes::copy_from_slice(body.as_bytes()),
    };
    let rule =
        ResendRule { resends: 3, shortest_wait: Duration::from_millis(1500), longest_wait: Duration::from_mins(1) };
    let plan = RelayPlan { request, order_key: Some("c-1".into()), dedupe_key: key.map(Into::into), rule };
    Write::Relay(Box::new(NewRelay { message: Some(event(body, received_at_ms)), received_at_ms, plan }))
}

fn write(inbox: &mut Inbox, write: Write) -> Written {
    inbox.write(&[write], WINDOW).unwrap().pop().unwrap()
}

#[track_caller]
fn take(inbox: &mut Inbox, body: &str, key: Option<&str>, at: u64) -> TakenRelay {
    let Written::Relay(taken) = write(inbox, relay(body, key, at)) else { panic!() };
    taken
}

fn answered(number: u64, status: RelayStatus, again_at_ms: Option<u64>) -> Write {
    let is_failure = again_at_ms.is_some();
    Write::Learned(Learned { number, status, http_status: Some(200), reason: None, again_at_ms, is_failure })
}

/// Step, status and attempts of the events that tell of messages.
fn told(inbox: &Inbox) -> Vec<(String, u32, RelayStatus, u32)> {
    let events = inbox.waiting(0, 100, 10_000).unwrap();
    let progress = events.into_iter().filter_map(|kept| kept.event.relay);
    progress.map(|RelayProgress { id, step, status, attempts, .. }| (id, step, status, attempts)).collect()
}

#[test]
fn a_message_waits_is_sent_and_is_over() {
    let disk = Disk::new();
    let mut inbox = disk.open();
    let taken = take(&mut inbox, "a", None, 5);
    assert!(taken.is_new && taken.event == Some(1) && taken.progress.id == "first-1");
    assert_eq!(inbox.relays_waiting().unwrap(), [(1, Some("c-1".to_owned()))]);
    let Write::Relay(new) = relay("a", None, 5) else { panic!() };
    let waiting = inbox.relay_waiting(1).unwrap().unwrap();
    assert_eq!((&waiting.request, waiting.rule, waiting.failures), (&new.plan.request, new.plan.rule, 0));
    let sending = Write::Sending { number: 1, not_before_ms: 77 };
    assert_eq!(write(&mut inbox, sending.clone()), Written::Sending(true));
    // Nobody else may send it meanwhile.
    assert_eq!(write(&mut inbox, sending.clone()), Written::Sending(false));
    assert_eq!(write(&mut inbox, answered(1, RelayStatus::Pending, Some(99))), Written::Learned(None));
    let waiting = inbox.relay_waiting(1).unwrap().unwrap();
    assert_eq!((waiting.failures, waiting.not_before_ms, waiting.progress.attempts), (1, 99, 1));
    assert_eq!(write(&mut inbox, sending), Written::Sending(true));
    assert_eq!(write(&mut inbox, answered(1, RelayStatus::Delivered, None)), Written::Learned(Some((2, 1))));
    let first = "first-1".to_owned();
    assert_eq!(told(&inbox), [(first.clone(), 0, RelayStatus::Pending, 0), (first, 1, RelayStatus::Delivered, 2)]);
    // It is over: nothing is sent, and nothing is learned any more.
    assert!(inbox.relay_waiting(1).unwrap().is_none() && inbox.relays_waiting().unwrap().is_empty());
    assert_eq!(write(&mut inbox, answered(1, RelayStatus::Rejected, None)), Written::Learned(None));
    let (progress, is_over) = inbox.relay_progress(1).unwrap().unwrap();
    assert!(is_over && progress.status == RelayStatus::Delivered);
    assert!(inbox.relay_progress(2).unwrap().is_none());
}

#[test]
fn what_was_being_sent_is_unknown() {
    for is_sent_again in [true, false] {
        let disk = Disk::new();
        let mut inbox = disk.open();
        take(&mut inbox, "a", None, 5);
        take(&mut inbox, "b", None, 6);
        write(&mut inbox, Write::Sending { number: 2, not_before_ms: 77 });
        drop(inbox);
        let mut inbox = disk.open();
        assert_eq!(inbox.recover_relays(is_sent_again).unwrap(), 1);
        assert_eq!(inbox.recover_relays(is_sent_again).unwrap(), 0);
        let left = inbox.relays_waiting().unwrap().len();
        assert_eq!(left, if is_sent_again { 2 } else { 1 });
        assert_eq!(told(&inbox).last().unwrap(), &("first-2".to_owned(), 1, RelayStatus::Unknown, 1));
        let waiting = inbox.relay_waiting(2).unwrap();
        assert_eq!(waiting.map(|waiting| (waiting.not_before_ms, waiting.failures)), is_sent_again.then_some((77, 0)));
    }
}

#[test]
fn equal_keys_are_one_message_within_the_window_and_as_long_as_it_waits() {
    let mut inbox = Disk::new().open();
    let late = 5 + 2 * u64::try_from(WINDOW.as_millis()).unwrap();
    assert!(take(&mut inbox, "a", Some("k"), 5).is_new);
    let again = take(&mut inbox, "a", Some("k"), late);
    assert_eq!((again.number, again.is_new, again.event), (1, false, None));
    write(&mut inbox, Write::Sending { number: 1, not_before_ms: 0 });
    write(&mut inbox, answered(1, RelayStatus::Delivered, None));
    assert_eq!(take(&mut inbox, "a", Some("k"), 6).progress.status, RelayStatus::Delivered);
    assert!(take(&mut inbox, "a", Some("k"), late).is_new);
    assert!(take(&mut inbox, "a", None, 5).is_new && take(&mut inbox, "a", None, 5).is_new);
}

#[test]
fn what_was_sent_is_not_kept() {
    let disk = Disk::new();
    let mut inbox = disk.open();
    let secret = "what was said in confidence";
    take(&mut inbox, secret, None, 5);
    write(&mut inbox, Write::Sending { number: 1, not_before_ms: 0 });
    write(&mut inbox, answered(1, RelayStatus::Delivered, None));
    let kept: i64 = inbox
        .connection
        .query_row("SELECT count(*) FROM relays WHERE message IS NOT NULL OR request IS NOT NULL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 0);
    inbox.note_loaded(2).unwrap();
    assert_eq!(inbox.prune(u64::MAX >> 1).unwrap().events, 2);
    assert!(inbox.relay_progress(1).unwrap().is_none());
}

#[test]
fn an_inbox_of_the_first_version_is_taken_over() {
    let disk = Disk::new();
    let mut inbox = disk.open();
    inbox.insert(&[new("a", None, 5)], WINDOW).unwrap();
    let first = "ALTER TABLE events DROP COLUMN relay; DROP TABLE relays; PRAGMA user_version = 1;";
    inbox.connection.execute_batch(first).unwrap();
    drop(inbox);
    let mut inbox = disk.open();
    assert_eq!(bodies(&inbox.waiting(0, 10, 1000).unwrap()), [(1, "a")]);
    assert!(take(&mut inbox, "b", None, 5).is_new);
}

#[test]
fn an_export_tells_how_far_a_message_came() {
    let mut inbox = Disk::new().open();
    take(&mut inbox, "a", None, 5);
    let kept = inbox.waiting(0, 1, 1000).unwrap().remove(0);
    let line = export_line(&kept);
    assert!(line.contains(r#""relay":{"id":"first-1","step":0,"status":"pending","attempts":0}"#), "{line}");
    assert_eq!(import_line(&line).unwrap(), kept.event);
}

/// Something that happens to an inbox; the number of a message is taken round those that there are.
#[derive(Clone, Debug)]
enum Step {
    Take,
    Send(u64),
    Answer(u64, RelayStatus, bool),
    Kill,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let status = prop_oneof![Just(RelayStatus::Delivered), Just(RelayStatus::Rejected), Just(RelayStatus::Pending)];
    let step = prop_oneof![
        2 => Just(Step::Take),
        4 => any::<u64>().prop_map(Step::Send),
        4 => (any::<u64>(), status, any::<bool>()).prop_map(|(number, status, again)| Step::Answer(number, status, again)),
        1 => Just(Step::Kill),
    ];
    proptest::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_happens_a_message_waits_or_is_over_and_is_never_sent_after_that(steps in steps(), again: bool) {
        let disk = Disk::new();
        let mut inbox = disk.open();
        let (mut taken, mut over) = (0, std::collections::BTreeSet::new());
        for step in steps {
            match step {
                Step::Take => {
                    taken += 1;
                    prop_assert_eq!(take(&mut inbox, "a", None, taken).number, taken);
                }
                Step::Send(number) if taken > 0 => {
                    let number = number % taken + 1;
                    let sent = write(&mut inbox, Write::Sending { number, not_before_ms: 0 });
                    prop_assert!(sent == Written::Sending(false) || !over.contains(&number));
                }
                Step::Answer(number, status, is_over) if taken > 0 => {
                    let number = number % taken + 1;
                    write(&mut inbox, answered(number, status, (!is_over).then_some(0)));
                    if is_over {
                        over.insert(number);
                    }
                }
                Step::Kill => {
                    drop(inbox);
                    inbox = disk.open();
                    let before = told(&inbox).len() as u64;
                    let unknown = inbox.recover_relays(again).unwrap();
                    prop_assert_eq!(told(&inbox).len() as u64, before + unknown);
                }
                Step::Send(_) | Step::Answer(..) => {}
            }
            for number in 1..=taken {
                let (progress, is_over) = inbox.relay_progress(number).unwrap().unwrap();
                if is_over {
                    over.insert(number);
                }
                prop_assert_eq!(is_over, over.contains(&number));
                prop_assert_eq!(inbox.relay_waiting(number).unwrap().is_none(), is_over);
                // What the last event tells of a message that is over is what is known of it.
                let last = told(&inbox).into_iter().rfind(|(id, ..)| *id == progress.id);
                prop_assert!(!is_over || last.is_some_and(|(_, step, status, _)| (step, status) == (progress.step, progress.status)));
            }
        }
    }
}
