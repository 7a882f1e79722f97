//! Events and their outcomes, from `model` to the contract and back, with everything checked that a component could get
//! wrong.

use std::collections::HashSet;

use bytes::Bytes;
use http::HeaderValue;

use crate::{
    component::{
        bindings::{types, webhook},
        convert::{self, Broken, count_lines},
        limits::Limits,
        text::tame,
    },
    http::{limits::LimitHit, secrets::Secrets},
    model::{Answer, Delivery, Event, Outcome, ResourceName, ResourceSpec, WriteDisposition},
    source::ErrorKind,
};

/// The contract's limit for the keys that tell events apart.
const MAX_DEDUPE_KEY: usize = 1024;

/// What the component is told of an event: as of a response, without the values of secrets.
pub(super) fn event(event: &Event, secrets: &Secrets) -> webhook::Event {
    let header = |(name, value): &(String, Bytes)| (secrets.withhold(name.clone()), secrets.withhold(value.to_vec()));
    webhook::Event {
        method: event.method.clone(),
        path_with_query: secrets.withhold(event.path_with_query.clone()),
        headers: event.headers.iter().map(header).collect(),
        body: secrets.withhold(event.body.to_vec()),
        received_at_ms: event.received_at_ms,
    }
}

/// Takes the values of secrets out of an outcome: it is stored, or leaves for whoever sent the event.
pub(super) fn without(secrets: &Secrets, outcome: webhook::Outcome) -> webhook::Outcome {
    let delivery = |delivery: webhook::Delivery| webhook::Delivery {
        resource_name: delivery.resource_name,
        records: secrets.keep_out(delivery.records),
        rejected: convert::rejected_without(secrets, delivery.rejected),
    };
    webhook::Outcome {
        status: outcome.status,
        content_type: outcome.content_type.map(|kind| secrets.keep_out(kind)),
        body: secrets.keep_out(outcome.body),
        deliveries: outcome.deliveries.into_iter().map(delivery).collect(),
        dedupe_key: outcome.dedupe_key.map(|key| secrets.keep_out(key)),
    }
}

/// An event does not know the others, so it cannot take the place of all.
pub(super) fn resources(specs: &[ResourceSpec]) -> Result<(), Broken> {
    let replaced = specs.iter().find(|spec| spec.write_disposition == WriteDisposition::Replace);
    replaced.map_or(Ok(()), |spec| {
        let message = format!("the component lists `{}` for events with the disposition `replace`", spec.name);
        Err(Broken::new(ErrorKind::Config, message))
    })
}

/// Checks that the answer can be given, that each delivery has a resource, and the sizes of it all.
pub(super) fn outcome(
    outcome: webhook::Outcome,
    known: &HashSet<ResourceName>,
    limits: &Limits,
) -> Result<Outcome, Broken> {
    let rejected_bytes = |record: &types::RejectedRecord| record.raw.len() + record.reason.len();
    let delivery_bytes = |delivery: &webhook::Delivery| {
        delivery.records.len() + delivery.rejected.iter().map(rejected_bytes).sum::<usize>()
    };
    let bytes = (outcome.body.len() + outcome.deliveries.iter().map(delivery_bytes).sum::<usize>()) as u64;
    if bytes > limits.page_bytes {
        let hit = LimitHit::bytes("page_bytes", "the size of what became of the event", bytes, limits.page_bytes);
        return Err(Broken::Limit(hit));
    }
    let delivery_records =
        |delivery: &webhook::Delivery| (count_lines(&delivery.records) + delivery.rejected.len()) as u64;
    let records = outcome.deliveries.iter().map(delivery_records).sum();
    if records > limits.page_records {
        let hit = LimitHit::count("page_records", "the number of records of the event", records, limits.page_records);
        return Err(Broken::Limit(hit));
    }
    let wrong = |message: String| Err(Broken::new(ErrorKind::InvalidResponse, message));
    if !(200..600).contains(&outcome.status) {
        return wrong(format!("the component answers an event with the status {}, which is none", outcome.status));
    }
    if let Some(kind) = &outcome.content_type
        && HeaderValue::from_str(kind).is_err()
    {
        return wrong(format!("the component answers an event with the media type `{}`, which is none", tame(kind)));
    }
    if let Some(key) = &outcome.dedupe_key
        && key.len() > MAX_DEDUPE_KEY
    {
        return wrong(format!("the component returned a dedupe key of {} bytes, more than 1KiB", key.len()));
    }
    let answer = Answer { status: outcome.status, content_type: outcome.content_type, body: outcome.body.into() };
    let deliveries = outcome.deliveries.into_iter().map(|delivery| take(delivery, known)).collect::<Result<_, _>>()?;
    Ok(Outcome { answer, deliveries, dedupe_key: outcome.dedupe_key, forgotten: false })
}

fn take(delivery: webhook::Delivery, known: &HashSet<ResourceName>) -> Result<Delivery, Broken> {
    let resource = ResourceName::new(delivery.resource_name).map_err(|error| error.0);
    let resource = resource.and_then(|name| if known.contains(&name) { Ok(name) } else { Err(name.to_string()) });
    let resource = resource.map_err(|name| {
        let message = format!("the component delivers to the resource `{}`, which it does not list", tame(&name));
        Broken::new(ErrorKind::InvalidResponse, message)
    })?;
    Ok(Delivery { resource, records: delivery.records.into(), rejected: convert::rejected(delivery.rejected) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn an_outcome() -> webhook::Outcome {
        webhook::Outcome {
            status: 200,
            content_type: Some("application/json".into()),
            body: b"{}".to_vec(),
            deliveries: vec![a_delivery("chats", "1\n2\n")],
            dedupe_key: Some("k".into()),
        }
    }

    fn a_delivery(name: &str, records: &str) -> webhook::Delivery {
        webhook::Delivery { resource_name: name.into(), records: records.into(), rejected: Vec::new() }
    }

    fn take_outcome(outcome: webhook::Outcome) -> Result<Outcome, String> {
        let limits = Limits { page_bytes: 20, page_records: 3, ..Limits::default() };
        let known = HashSet::from([ResourceName::new("chats").unwrap()]);
        super::outcome(outcome, &known, &limits).map_err(|error| match error {
            Broken::Contract(error) => format!("{}: {}", error.kind.as_str(), error.message),
            Broken::Limit(hit) => hit.key.unwrap_or_default().to_owned(),
        })
    }

    #[test]
    fn outcomes_are_taken() {
        let taken = take_outcome(an_outcome()).unwrap();
        let answer =
            Answer { status: 200, content_type: Some("application/json".into()), body: b"{}".as_slice().into() };
        assert_eq!(taken.answer, answer);
        assert_eq!(taken.dedupe_key.as_deref(), Some("k"));
        assert_eq!(
            (taken.deliveries[0].resource.as_str(), &taken.deliveries[0].records[..]),
            ("chats", &b"1\n2\n"[..])
        );
    }

    #[test]
    fn outcomes_are_checked() {
        fn check(outcome: webhook::Outcome, expect: &str) {
            assert_eq!(take_outcome(outcome).unwrap_err(), expect);
        }
        for status in [0, 101, 199, 600] {
            check(
                webhook::Outcome { status, ..an_outcome() },
                &format!("invalid-response: the component answers an event with the status {status}, which is none"),
            );
        }
        check(
            webhook::Outcome { content_type: Some("a\r\nb: c".into()), ..an_outcome() },
            "invalid-response: the component answers an event with the media type `a\\u{d}\\u{a}b: c`, which is none",
        );
        check(
            webhook::Outcome { dedupe_key: Some("k".repeat(1025)), ..an_outcome() },
            "invalid-response: the component returned a dedupe key of 1025 bytes, more than 1KiB",
        );
        for name in ["calls", "No"] {
            check(
                webhook::Outcome { deliveries: vec![a_delivery(name, "1")], ..an_outcome() },
                &format!("invalid-response: the component delivers to the resource `{name}`, which it does not list"),
            );
        }
        let many = vec![a_delivery("chats", "1\n2"), a_delivery("chats", "3\n4")];
        check(webhook::Outcome { deliveries: many, ..an_outcome() }, "page_records");
        check(webhook::Outcome { body: vec![b' '; 17], ..an_outcome() }, "page_bytes");
        let rejected = vec![types::RejectedRecord { raw: "x".repeat(10), reason: "y".repeat(10) }];
        let large = vec![webhook::Delivery { rejected, ..a_delivery("chats", "") }];
        check(webhook::Outcome { deliveries: large, ..an_outcome() }, "page_bytes");
    }
}
