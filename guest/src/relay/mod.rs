//! What the customer's own system sends to the Chat API: a message comes in, the request that passes it on and the records
//! of it go out. Pure.
//!
//! [`check`] says what a message lacks. The rule for sending again is the one that JivoChat documents for either side of the
//! Chat API.

mod check;

use sluicegate_guest::{Result, json::Json, url::Url};

use crate::{
    bindings::exports::sluicegate::source::{
        relay::{Plan, Progress, Refusal, Request, Verdict},
        webhook::{Delivery, Event},
    },
    config,
    webhook::{
        digest::digest,
        received::Received,
        records,
        value::{Members, Value},
    },
};

/// How often a message is sent again, and the shortest and the longest time between two attempts.
const RESENDS: u32 = 3;
const WAIT_MS: (u32, u32) = (3000, 60_000);

/// A field by which a caller says that two requests are one, in a wide-spread draft of the IETF.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Says how a message is passed on. What JivoChat could make nothing of is refused.
pub fn plan(config: &str, message: &Event) -> Result<Verdict> {
    let channel = channel(&config::parse(config)?.root);
    let received = match Received::read(message) {
        Ok(received) => received,
        Err(reason) => return Ok(refused(&format!("the body is no JSON: {reason}"))),
    };
    let client = match check::client(&received) {
        Ok(client) => client,
        Err(reason) => return Ok(refused(&reason)),
    };
    Ok(Verdict::PassOn(Plan {
        request: Request {
            method: "POST".to_owned(),
            url: channel,
            headers: vec![("content-type".to_owned(), b"application/json; charset=utf-8".to_vec())],
            body: body(&received).into_bytes(),
        },
        order_key: Some(client.to_owned()),
        dedupe_key: dedupe_key(message, &received, client),
        resends: RESENDS,
        shortest_wait_ms: WAIT_MS.0,
        longest_wait_ms: WAIT_MS.1,
    }))
}

/// The records of a message, with what is known of it. One that cannot be read was refused, and has none.
pub fn records(message: &Event, progress: &Progress) -> Vec<Delivery> {
    Received::read(message).map(|received| records::relayed(&received, progress).into_deliveries()).unwrap_or_default()
}

/// The URL of the channel, without the slash that stands before what is below it.
fn channel(root: &Url) -> String {
    root.to_string().trim_end_matches('/').to_owned()
}

fn refused(reason: &str) -> Verdict {
    Verdict::Refuse(Refusal {
        status: 400,
        content_type: Some("text/plain; charset=utf-8".to_owned()),
        body: format!("{reason}; do not send it again\n").into_bytes(),
    })
}

/// The message as it came, but for the identity of its client: JivoChat wants a text, and many systems count their clients.
fn body(received: &Received<'_>) -> String {
    let Ok(Value::Object(mut members)) = Json::parse(received.body).map(Value::read) else {
        return received.body.to_owned();
    };
    let Some(Value::Object(mut sender)) = members.get("sender").cloned() else { return received.body.to_owned() };
    let Some(Value::Number(id)) = sender.get("id").cloned() else { return received.body.to_owned() };
    sender.set("id", Value::Text(id));
    members.set("sender", Value::Object(sender));
    let mut text = String::new();
    members.write(&mut text, false);
    text
}

/// Two messages are one when the caller says so, or when client, identity and content are equal. Without an identity they
/// are two: somebody may write `ok` twice.
fn dedupe_key(event: &Event, received: &Received<'_>, client: &str) -> Option<String> {
    let said = event.headers.iter().find(|(name, _)| name == IDEMPOTENCY_KEY).map(|(_, value)| value.as_slice());
    let of = |kind: &str, text: &[u8]| {
        let mut whole = client.as_bytes().to_vec();
        whole.push(b'\n');
        whole.extend_from_slice(text);
        format!("{kind}:{}", digest(&whole))
    };
    if let Some(said) = said {
        return Some(of("idempotency", said));
    }
    received.members.object("message").and_then(|message| message.text("id")).map(|_| {
        let mut content = String::new();
        Members::write(&received.members, &mut content, true);
        of("message", content.as_bytes())
    })
}

#[cfg(test)]
mod tests;
