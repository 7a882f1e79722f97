//! What is passed on: the service gets all of it, and nothing of it stays.

use acceptance::fake_jivo::{Contract, FakeJivo, Fault, Options, Reply};
use acceptance::project::Project;
use acceptance::receiver::Receiver;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::{assert_nowhere, documented, found};

const OF_CLIENT: [&str; 4] = ["Vera Lind", "vera@example.org", "15550100", "Is the blue one in stock"];

fn message(id: &str) -> Value {
    json!({
        "sender": {"id": "cust-0042", "name": OF_CLIENT[0], "email": OF_CLIENT[1], "phone": OF_CLIENT[2]},
        "message": {"type": "text", "id": id, "text": OF_CLIENT[3]},
    })
}

fn service() -> FakeJivo {
    FakeJivo::start(Options { contract: Contract::Documented, ..Options::default() }).unwrap()
}

fn project(service: &FakeJivo) -> Project {
    let project = documented(Project::new(service)).set("serve.flush_every", "20ms");
    project.set("relay.shortest_wait", "20ms").set("relay.longest_wait", "40ms")
}

fn reached(service: &FakeJivo) -> Vec<Value> {
    let posted = service.requests_to("").into_iter().filter(|request| request.method == "POST");
    posted.map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
}

#[test]
fn the_service_gets_all_of_a_message_and_nothing_of_it_stays() {
    let service = service();
    let project = project(&service);
    // A service may say what it did not like.
    service.fault("", 2..=2, Fault::Answer(Reply::text(400, format!("{} is no phone", OF_CLIENT[2]))));
    let receiver = Receiver::start_with(&project, &["-vv"]);
    let relay = receiver.relay("?wait=1");
    assert_eq!(relay.post(&message("m-1").to_string()).0, 200);
    let (status, answer) = relay.post(&message("m-2").to_string());
    let answer: Value = serde_json::from_str(&answer).unwrap();
    // The caller is told, and nobody else.
    assert_eq!((status, &answer["answer"]), (400, &json!("15550100 is no phone")));
    assert_eq!(answer["error"], "the service answered 400");
    let (status, refused) = relay.post(&format!("{} {}", OF_CLIENT[0], OF_CLIENT[1]));
    assert!(status == 400 && !refused.contains("Vera"), "{refused}");
    // The same message again is known.
    assert_eq!(relay.post(&message("m-1").to_string()).0, 200);
    // What was to be sent is base64 in the inbox: its end comes with the last message, not with that of the receiver.
    let kept = [BASE64.encode(message("m-1").to_string()), BASE64.encode(message("m-2").to_string())];
    let kept = [kept[0].as_str(), kept[1].as_str(), OF_CLIENT[0]];
    receiver.until("nothing to be kept", || found(&project.path(".sluicegate/inbox"), &kept).is_empty());
    let served = receiver.stop();
    served.code(0);
    assert_eq!(reached(&service), [message("m-1"), message("m-2")]);
    assert_nowhere(&project, &[&served], &OF_CLIENT);
    let statuses = "SELECT string_agg(delivery_status, ' ' ORDER BY id) FROM jivochat_data.inbound_messages";
    assert_eq!(project.value(statuses), "delivered rejected");
}

#[test]
fn a_message_that_waited_through_a_kill_is_sent_whole_and_leaves_nothing() {
    let service = service();
    let project = project(&service);
    let receiver = Receiver::start_to_fail(&project, "relay-marked:1").unwrap();
    // It is kept before it is answered, and the process ends before it is sent.
    let _ = receiver.relay("").try_post(&message("m-1").to_string());
    assert!(receiver.kill_unless_over());
    let project = project.set("relay.unknown", "resend");
    let receiver = Receiver::start(&project);
    receiver.until("the message", || receiver.metric("sluicegate_relays_waiting") == 0);
    let output = receiver.stop();
    output.code(0);
    assert_eq!(reached(&service), [message("m-1")]);
    assert_nowhere(&project, &[&output], &OF_CLIENT);
}
