//! `serve` from outside: what is answered, what is kept, what is loaded, whatever happens.

mod answers;
mod crash;
mod loading;
mod operations;
mod polling;
mod protocols;

use acceptance::project::Project;
use acceptance::receiver::Receiver;
use serde_json::json;

/// A pipeline that only receives.
fn project() -> Project {
    Project::receiving()
}

/// A message of an agent, as the Chat API pushes it.
fn message(id: &str) -> String {
    let message = json!({
        "sender": {"id": "agent-7", "name": "Omar"},
        "recipient": {"id": "client-1"},
        "message": {"type": "text", "id": id, "date": 1_767_225_600, "text": format!("about {id}")},
    });
    message.to_string()
}

/// Posts messages that must be acknowledged.
#[track_caller]
fn post(receiver: &Receiver, ids: impl IntoIterator<Item = impl AsRef<str>>) {
    for id in ids {
        let (status, body) = receiver.post(&message(id.as_ref()));
        assert_eq!((status, body.as_str()), (200, r#"{"result":"ok"}"#));
    }
}

/// The identities of the messages that are loaded, each as often as it is there.
#[track_caller]
fn loaded(project: &Project) -> Vec<String> {
    let rows = project.query("SELECT id FROM jivochat_data.outbound_messages ORDER BY id");
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}
