//! Receivers that are killed while they pass messages on: each message that was taken reaches the service, in the order of
//! its client, and none that is recorded as delivered is sent again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use acceptance::effort;
use acceptance::fake_jivo::{FakeJivo, Fault};
use acceptance::project::Project;
use acceptance::receiver::{Client, Receiver};

use serde_json::Value;

use super::{message, passed_on, project, reached, reached_ids, recorded, service};

/// Points between the arrival of a message and the record of its delivery.
const POINTS: [&str; 6] =
    ["before-stored", "after-stored", "relay-marked", "relay-sent", "relay-recorded", "after-loaded"];

#[test]
fn a_kill_at_each_point_loses_nothing_and_sends_nothing_again() {
    for point in POINTS {
        let service = service();
        let project = project(&service);
        let receiver = Receiver::start_to_fail(&project, &format!("{point}:2")).unwrap();
        let mut posted = Vec::new();
        for number in 0..200 {
            let id = format!("m{number:03}");
            let answer = receiver.relay("").try_post(&message("c-1", &id));
            posted.push(id);
            match answer {
                Ok((202, _)) => {}
                Ok((status, answer)) => panic!("{point}: {status}: {answer}"),
                Err(_) => break,
            }
        }
        assert!(receiver.kill_unless_over(), "{point} was not reached");
        let receiver = Receiver::start(&project);
        // The last one was not answered, and comes again.
        assert_eq!(receiver.relay("").post(&message("c-1", posted.last().unwrap())).0, 202);
        passed_on(&receiver);
        receiver.stop().code(0);
        let mut ids = reached_ids(&service);
        let doubles = ids.len() - posted.len();
        // Only the one that was under way when the process was killed may be there twice, one after the other.
        assert!(
            doubles <= usize::from(matches!(point, "relay-sent" | "before-stored" | "after-stored" | "after-loaded")),
            "{point}: {ids:?}"
        );
        ids.dedup();
        assert_eq!(ids, posted, "{point}");
        let rows = recorded(&project);
        assert!(rows.iter().all(|row| row["status"] == "delivered"), "{point}: {rows:?}");
        assert_eq!(rows.len(), posted.len(), "{point}");
    }
}

#[test]
fn what_nobody_knows_is_left_when_the_file_says_so() {
    for point in ["relay-marked", "relay-sent"] {
        let service = service();
        let project = project(&service).set("relay.unknown", "leave");
        let receiver = Receiver::start_to_fail(&project, point).unwrap();
        let _ = receiver.relay("").try_post(&message("c-1", "m-1"));
        assert!(receiver.kill_unless_over());
        let sent = reached(&service).len();
        let receiver = Receiver::start(&project);
        assert_eq!(receiver.relay("?wait=1").post(&message("c-1", "m-2")).0, 200);
        receiver.stop().code(0).stderr_has(&["nobody knows whether they were delivered"]);
        assert_eq!(reached(&service).len(), sent + 1, "{point}");
        let states: Vec<_> = recorded(&project).iter().map(|row| row["status"].clone()).collect();
        assert_eq!(states, ["unknown", "delivered"], "{point}");
    }
}

#[test]
fn kills_at_any_moment_lose_nothing_and_send_nothing_again() {
    let (messages, kills, clients) = effort::either((300, 5, 6), (5000, 50, 20));
    let service = service();
    let project = project(&service);
    let mut random = effort::random();
    let taken = AtomicU64::new(0);
    let receiver = Receiver::start(&project);
    let current = RwLock::new(receiver.client());
    let mut delivered = Delivered::new();
    let receiver = std::thread::scope(|scope| {
        let mut receiver = receiver;
        for client in 0..clients as u64 {
            let (taken, current) = (&taken, &current);
            scope.spawn(move || {
                for number in (client..messages).step_by(clients) {
                    let body = message(&format!("c{client}"), &format!("m{number:04}"));
                    // Whoever got no answer posts again.
                    while !is_taken(&current.read().unwrap().clone(), &body) {
                        std::thread::yield_now();
                    }
                    taken.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for kill in 1..=kills {
            let so_many = messages * kill / (kills + 1);
            receiver.until("messages", || taken.load(Ordering::Relaxed) >= so_many);
            let began = Instant::now();
            let moment = effort::moment(&mut random, Duration::from_millis(150));
            receiver.until("the moment", || began.elapsed() >= moment);
            assert!(receiver.kill().was_killed());
            check_delivered(&project, &service, &mut delivered);
            receiver = Receiver::start(&project);
            *current.write().unwrap() = receiver.client();
        }
        receiver
    });
    passed_on(&receiver);
    receiver.stop().code(0);
    check_delivered(&project, &service, &mut delivered);
    let wanted: BTreeSet<_> = (0..messages).map(|number| format!("m{number:04}")).collect();
    assert_eq!(delivered.into_keys().collect::<BTreeSet<_>>(), wanted);
    let rows = recorded(&project);
    assert!(rows.iter().all(|row| row["status"] == "delivered") && rows.len() as u64 == messages, "{rows:?}");
    let mut by_client: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for body in reached(&service) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        by_client.entry(text(&body["sender"]["id"])).or_default().push(text(&body["message"]["id"]));
    }
    for (client, mut ids) in by_client {
        ids.dedup();
        assert!(ids.is_sorted(), "{client}: {ids:?}");
    }
}

/// How often each message that is recorded as delivered had reached the service when that was first seen.
type Delivered = BTreeMap<String, usize>;

/// Notes which messages are recorded as delivered; those that were so before have reached the service no more often since.
#[track_caller]
fn check_delivered(project: &Project, service: &FakeJivo, delivered: &mut Delivered) {
    let mut reached: BTreeMap<String, usize> = BTreeMap::new();
    for id in reached_ids(service) {
        *reached.entry(id).or_default() += 1;
    }
    for (id, times) in &*delivered {
        assert_eq!(reached[id], *times, "{id} was delivered, and sent again");
    }
    let export = project.cli().args(["inbox", "export"]).run();
    for line in export.code(0).stdout.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        if event["relay"]["status"] == "delivered" {
            let body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
            let id = body["message"]["id"].as_str().unwrap();
            delivered.entry(id.to_owned()).or_insert_with(|| reached[id]);
        }
    }
}

/// Whether a message was taken. One that is turned away comes again later.
fn is_taken(client: &Client, body: &str) -> bool {
    match client.relay("").try_post(body) {
        Ok((202, _)) => true,
        Ok((503, _)) | Err(_) => false,
        Ok((status, answer)) => panic!("{status}: {answer}"),
    }
}

#[test]
fn only_what_is_on_its_way_is_unknown() {
    let service = service();
    let project = project(&service).set("source.limits.connections", 2);
    service.fault("", .., Fault::StallBeforeHead);
    let receiver = Receiver::start(&project);
    for client in 0..10 {
        assert_eq!(receiver.relay("").post(&message(&format!("c{client}"), &format!("m{client}"))).0, 202);
    }
    receiver.until("two requests", || service.requests_to("").len() == 2);
    assert!(receiver.kill().was_killed());
    service.heal();
    let receiver = Receiver::start(&project);
    assert_eq!(receiver.metric("sluicegate_relays_unknown_total"), 2);
    passed_on(&receiver);
    receiver.stop().code(0);
    let ids: BTreeSet<_> = reached_ids(&service).into_iter().collect();
    assert_eq!((service.requests_to("").len(), ids.len()), (12, 10));
}
