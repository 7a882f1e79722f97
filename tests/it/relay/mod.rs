//! The relay from outside: what is passed on, what is answered, what is recorded, whatever happens.

mod answers;
mod crash;
mod resending;

use acceptance::fake_jivo::{Contract, FakeJivo, Options};
use acceptance::project::Project;
use acceptance::receiver::Receiver;
use serde_json::{Value, json};

/// The service as it is documented.
fn service() -> FakeJivo {
    FakeJivo::start(Options { contract: Contract::Documented, ..Options::default() }).unwrap()
}

/// A pipeline that passes messages on to the service, and waits little between attempts.
fn project(service: &FakeJivo) -> Project {
    Project::new(service)
        .set("serve.flush_every", "20ms")
        .set("relay.shortest_wait", "20ms")
        .set("relay.longest_wait", "40ms")
}

/// A message of a client.
fn message(client: &str, id: &str) -> String {
    json!({
        "sender": {"id": client, "name": format!("Client {client}")},
        "message": {"type": "text", "id": id, "text": format!("about {id}")},
    })
    .to_string()
}

/// The bodies that reached the channel, in their order.
fn reached(service: &FakeJivo) -> Vec<Value> {
    let posted = service.requests_to("").into_iter().filter(|request| request.method == "POST");
    posted.map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
}

/// The identities of the messages that reached the channel.
fn reached_ids(service: &FakeJivo) -> Vec<String> {
    reached(service).iter().map(|body| body["message"]["id"].as_str().unwrap().to_owned()).collect()
}

/// Waits until no message is to be passed on any more.
#[track_caller]
fn passed_on(receiver: &Receiver) {
    receiver.until("the messages", || receiver.metric("sluicegate_relays_waiting") == 0);
}

/// What is recorded of the messages.
#[track_caller]
fn recorded(project: &Project) -> Vec<Value> {
    let rows = project.query("SELECT * FROM jivochat_data.inbound_messages ORDER BY id");
    // A column that has had no value as yet is not there.
    let row = |row: Value| {
        json!({
            "id": row["id"], "client_id": row["client_id"], "status": row["delivery_status"],
            "attempts": row["attempts"], "http_status": row["http_status"], "error": row["delivery_error"],
        })
    };
    rows.into_iter().map(row).collect()
}
