//! What is sent again, when, and in which order.

use std::time::Duration;

use acceptance::fake_jivo::{Fault, Reply};
use acceptance::receiver::Receiver;
use serde_json::json;

use super::{message, passed_on, project, reached_ids, recorded, service};

#[test]
fn what_the_service_does_not_take_is_sent_again_and_no_more_than_three_times() {
    let service = service();
    let project = project(&service);
    let receiver = Receiver::start(&project);
    service.fault("", 1..=1, Fault::Answer(Reply::text(500, "out of order")));
    service.fault("", 2..=2, Fault::CloseBeforeAnswer);
    service.fault("", 3..=3, Fault::Answer(Reply::text(302, "elsewhere").header("location", "/elsewhere")));
    assert_eq!(receiver.relay("").post(&message("c-1", "m-1")).0, 202);
    passed_on(&receiver);
    service.fault("", 5..=8, Fault::Answer(Reply::text(503, "later")));
    assert_eq!(receiver.relay("").post(&message("c-1", "m-2")).0, 202);
    passed_on(&receiver);
    service.fault("", 9..=9, Fault::Answer(Reply::text(429, "slow down")));
    assert_eq!(receiver.relay("").post(&message("c-1", "m-3")).0, 202);
    passed_on(&receiver);
    receiver.stop().code(0).stderr_has(&["a message was not delivered"]);
    assert_eq!(reached_ids(&service), ["m-1", "m-1", "m-1", "m-1", "m-2", "m-2", "m-2", "m-2", "m-3"]);
    let expect = json!([
        {"id": "m-1", "client_id": "c-1", "status": "delivered", "attempts": 4, "http_status": 200, "error": null},
        {"id": "m-2", "client_id": "c-1", "status": "undeliverable", "attempts": 4, "http_status": 503,
         "error": "later"},
        {"id": "m-3", "client_id": "c-1", "status": "rejected", "attempts": 1, "http_status": 429,
         "error": "slow down"},
    ]);
    assert_eq!(json!(recorded(&project)), expect);
}

#[test]
fn the_documented_distance_is_kept() {
    let service = service();
    let project = project(&service).unset("relay.shortest_wait").unset("relay.longest_wait");
    let receiver = Receiver::start(&project);
    service.fault("", 1..=1, Fault::Answer(Reply::text(503, "later")));
    assert_eq!(receiver.relay("").post(&message("c-1", "m-1")).0, 202);
    passed_on(&receiver);
    receiver.stop().code(0);
    let times: Vec<_> = service.requests_to("").iter().map(|request| request.at).collect();
    assert!(times.len() == 2 && times[1] - times[0] >= Duration::from_secs(3), "{times:?}");
}

#[test]
fn the_messages_of_a_client_stay_in_order_and_do_not_hold_up_others() {
    let service = service();
    let project = project(&service).set("relay.shortest_wait", "2s").set("relay.longest_wait", "2s");
    let receiver = Receiver::start(&project);
    service.fault("", 1..=1, Fault::Answer(Reply::text(503, "later")));
    for (client, id) in [("slow", "s-1"), ("slow", "s-2"), ("slow", "s-3")] {
        assert_eq!(receiver.relay("").post(&message(client, id)).0, 202);
    }
    receiver.until("the first attempt", || !service.requests_to("").is_empty());
    for id in ["q-1", "q-2"] {
        assert_eq!(receiver.relay("?wait=1").post(&message("quick", id)).0, 200);
    }
    passed_on(&receiver);
    receiver.stop().code(0);
    assert_eq!(reached_ids(&service), ["s-1", "q-1", "q-2", "s-1", "s-2", "s-3"]);
}

#[test]
fn what_waits_is_sent_by_the_next_start() {
    let service = service();
    let project = project(&service).set("relay.shortest_wait", "1h").set("relay.longest_wait", "1h");
    let receiver = Receiver::start(&project);
    service.fault("", 1..=1, Fault::Answer(Reply::text(503, "later")));
    for id in ["m-1", "m-2"] {
        assert_eq!(receiver.relay("").post(&message("c-1", id)).0, 202);
    }
    receiver.until("the attempt", || receiver.metric("sluicegate_relay_attempts_total") == 1);
    receiver.stop().code(0);
    project.cli().args(["inbox", "status"]).run().code(0).stdout_has(&["relays     2 messages to be passed on"]);
    let states: Vec<_> = recorded(&project).iter().map(|row| row["status"].clone()).collect();
    assert_eq!(states, ["pending", "pending"]);
    // The time of the next attempt was noted; nothing else shortens it.
    let receiver = Receiver::start(&project);
    assert_eq!(receiver.metric("sluicegate_relays_waiting"), 2);
    receiver.stop().code(0);
    assert_eq!(reached_ids(&service), ["m-1"]);
}
