//! Receivers that are killed. Clients post again what was not acknowledged; in the end each acknowledged event is there, once.

use std::collections::BTreeSet;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use acceptance::effort;
use acceptance::project::Project;
use acceptance::receiver::{Client, Receiver};

use super::{loaded, message, post, project};

/// Points between the arrival of an event and the end of its load.
const POINTS: [&str; 9] = [
    "before-stored",
    "after-stored",
    "file-prepared",
    "after-ddl",
    "rows-staged",
    "merge-statement",
    "before-commit",
    "after-commit",
    "after-loaded",
];

/// The point that only the first load passes.
const ONCE: &str = "file-prepared";

/// More events than any point needs to be passed three times.
const ENOUGH: u32 = 500;

#[test]
fn a_kill_at_each_point_loses_and_doubles_nothing() {
    for point in POINTS {
        for passing in effort::either(1..=1, 1..=if point == ONCE { 1 } else { 3 }) {
            let project = project().set("serve.flush_every", "20ms");
            let receiver = Receiver::start_to_fail(&project, &format!("{point}:{passing}")).unwrap();
            let mut posted = BTreeSet::new();
            for number in 0..ENOUGH {
                let id = format!("m{number:03}");
                let answer = receiver.try_post(&message(&id));
                posted.insert(id);
                match answer {
                    Ok((200, _)) => {}
                    Ok((status, answer)) => panic!("{point}: {status}: {answer}"),
                    Err(_) => break,
                }
            }
            assert!(receiver.kill_unless_over(), "{point}:{passing} was not reached");
            let receiver = Receiver::start(&project);
            // The last one was not acknowledged, and comes again.
            post(&receiver, posted.last());
            receiver.stop().code(0);
            check(&project, &posted);
        }
    }
}

/// What is acknowledged is there once, in both tables.
#[track_caller]
fn check(project: &Project, acknowledged: &BTreeSet<String>) {
    let found = loaded(project);
    let distinct: BTreeSet<_> = found.iter().cloned().collect();
    assert_eq!(found.len(), distinct.len(), "some are there twice");
    assert_eq!(&distinct, acknowledged);
    // An event is a row of its own, and none is there twice, though some were posted twice.
    let events = "SELECT count(*) - count(DISTINCT body) FROM jivochat_data.events";
    assert_eq!(project.value(events), "0");
    assert_eq!(project.count("events"), acknowledged.len() as u64);
    let loads = "SELECT (SELECT count(*) - count(DISTINCT load_id) FROM jivochat_data._dlt_loads) + (SELECT count(*) \
                 FROM jivochat_data.events WHERE _dlt_load_id NOT IN (SELECT load_id FROM jivochat_data._dlt_loads))";
    assert_eq!(project.value(loads), "0");
}

const CLIENTS: usize = 4;

#[test]
fn kills_at_any_moment_lose_and_double_nothing() {
    let (events, kills) = effort::either((600, 5), (20_000, 50));
    let project = project().set("serve.flush_every", "50ms");
    let mut random = effort::random();
    let (next, acknowledged) = (AtomicU64::new(0), AtomicU64::new(0));
    let receiver = Receiver::start(&project);
    let current = RwLock::new(receiver.client());
    let receiver = std::thread::scope(|scope| {
        let mut receiver = receiver;
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= events {
                        break;
                    }
                    let body = message(&format!("m{number:05}"));
                    // Whoever got no answer posts again.
                    while !is_taken(&current.read().unwrap().clone(), &body) {
                        std::thread::yield_now();
                    }
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for kill in 1..=kills {
            let so_many = events * kill / (kills + 1);
            receiver.until("events", || acknowledged.load(Ordering::Relaxed) >= so_many);
            let began = Instant::now();
            let moment = effort::moment(&mut random, Duration::from_millis(150));
            receiver.until("the moment", || began.elapsed() >= moment);
            assert!(receiver.kill().was_killed());
            receiver = Receiver::start(&project);
            *current.write().unwrap() = receiver.client();
        }
        receiver
    });
    receiver.stop().code(0);
    check(&project, &(0..events).map(|number| format!("m{number:05}")).collect());
}

/// Whether an event was acknowledged. One that is turned away comes again later.
fn is_taken(client: &Client, body: &str) -> bool {
    match client.try_post(body) {
        Ok((200, _)) => true,
        Ok((503, _)) | Err(_) => false,
        Ok((status, answer)) => panic!("{status}: {answer}"),
    }
}
