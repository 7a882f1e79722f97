//! What JivoChat pushes: an event comes in, an answer, records and a dedupe key go out. Pure.
//!
//! In reading order:
//!
//! * [`received`] reads an event: [`value`] is its tree, [`tidy`] gives each member one type, [`time`] reads seconds,
//!   [`kind`] recognizes it, [`digest`](mod@digest) tells it from others;
//! * [`records`] makes the records, one file per idea; [`tables`] says which resources there are and collects them.

pub mod digest;
pub mod kind;
pub mod received;
pub mod records;
pub mod tables;
pub mod tidy;
pub mod time;
pub mod value;

use sluicegate_guest::bindings::types::ResourceSpec;

use crate::bindings::exports::sluicegate::source::webhook::{Event, Outcome};
use digest::digest;
use received::Received;
use tables::{EVENTS, RESOURCES, Resource, Tables};

/// The answer that JivoChat documents for most events, and that says nothing to the agent where it may.
const TAKEN: &str = r#"{"result":"ok"}"#;

/// The resources that events fill.
pub fn resources() -> Vec<ResourceSpec> {
    RESOURCES.iter().map(Resource::spec).collect()
}

/// Says what an event means and what JivoChat is answered. What is no JSON is refused, and not to be sent again; anything
/// else is taken, known or not.
pub fn handle(event: &Event) -> Outcome {
    match Received::read(event) {
        Ok(received) => Outcome {
            status: 200,
            content_type: Some("application/json; charset=utf-8".to_owned()),
            body: TAKEN.as_bytes().to_vec(),
            deliveries: records::records(&received).into_deliveries(),
            dedupe_key: Some(received.dedupe_key()),
        },
        Err(reason) => refused(event, &reason),
    }
}

fn refused(event: &Event, reason: &str) -> Outcome {
    let reason = format!("the body is no JSON: {reason}");
    let mut tables = Tables::default();
    tables.reject(EVENTS, String::from_utf8_lossy(&event.body).into_owned(), reason.clone());
    Outcome {
        status: 400,
        content_type: Some("text/plain; charset=utf-8".to_owned()),
        body: format!("{reason}; do not send it again\n").into_bytes(),
        deliveries: tables.into_deliveries(),
        dedupe_key: Some(format!("refused:{}", digest(&event.body))),
    }
}

#[cfg(test)]
mod tests;
