//! A component that passes messages on: it says how, and what it says is sent through its grants.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};

use crate::{
    component::{
        bindings::{relay, webhook},
        convert::Broken,
        outcome,
        text::tame,
        webhook::{ComponentWebhook, without_network},
    },
    http::relay::Exchange,
    model::{Answer, Delivery, Event, RelayPlan, RelayProgress, RelayRequest, RelayStatus, RelayVerdict, ResendRule},
    source::{ErrorKind, MessageRelay, Sent, SourceError},
};

/// The contract's limit for keys.
const MAX_KEY: usize = 1024;

/// More than this is no rule for sending again.
const MAX_RESENDS: u32 = 100;
const MAX_WAIT: Duration = Duration::from_hours(1);

impl MessageRelay for ComponentWebhook {
    fn relays(&self) -> bool {
        self.source.caller.component.relay_indices().is_some()
    }

    async fn plan_message(&self, message: &Event) -> Result<RelayVerdict, SourceError> {
        let indices = self.source.caller.component.relay_indices().ok_or_else(no_relay)?;
        let secrets = &self.source.caller.egress.secrets;
        let given = outcome::event(message, secrets);
        let call = async |store: &mut _, instance| {
            let guest: relay::Guest = indices.load(&mut *store, &instance)?;
            guest.call_plan_message(store, &self.source.config, &given).await
        };
        let take = |found| verdict(found, |body| secrets.keep_out(body));
        let called = self.source.caller.call_with(self.words_of_messages, "plan-message", call, take);
        let (found, _) = called.await.map_err(without_network)?;
        if let RelayVerdict::PassOn(plan) = &found {
            let request = request(&plan.request).map_err(|reason| {
                SourceError::new(ErrorKind::InvalidResponse, format!("the component passes a message on by {reason}"))
            })?;
            // What would never be sent is not taken.
            self.way_out.admits(&request).map_err(|denial| SourceError {
                hint: denial.hint(),
                ..SourceError::new(ErrorKind::Denied, secrets.hide(&denial.to_string()))
            })?;
        }
        Ok(found)
    }

    async fn send(&self, wanted: &RelayRequest) -> Sent {
        let request = match request(wanted) {
            Ok(request) => request,
            Err(reason) => return Sent::Unanswered(format!("it cannot be sent: {reason}")),
        };
        let patience = self.source.caller.limits.page_time;
        let secrets = &self.way_out.secrets;
        match self.way_out.exchange(request, patience).await {
            Exchange::Answered(status, text) => Sent::Answered(status, tame(&secrets.hide(&text))),
            Exchange::Unanswered(reason) => Sent::Unanswered(tame(&secrets.hide(&reason))),
            Exchange::Denied(denial) => Sent::Denied(secrets.hide(&denial.to_string()), denial.hint()),
        }
    }
}

impl ComponentWebhook {
    /// The records of a message, with what is known of it.
    pub(super) async fn message_records(
        &self,
        message: &Event,
        progress: &RelayProgress,
    ) -> Result<Vec<Delivery>, SourceError> {
        let indices = self.source.caller.component.relay_indices().ok_or_else(no_relay)?;
        let secrets = &self.source.caller.egress.secrets;
        let (given, progress) = (outcome::event(message, secrets), told(progress));
        let call = async |store: &mut _, instance| {
            let guest: relay::Guest = indices.load(&mut *store, &instance)?;
            guest.call_message_records(store, &self.source.config, &given, &progress).await
        };
        let take = |found: Vec<webhook::Delivery>| {
            let found = webhook::Outcome {
                status: 200,
                content_type: None,
                body: Vec::new(),
                deliveries: found,
                dedupe_key: None,
            };
            outcome::outcome(outcome::without(secrets, found), &self.names, &self.source.caller.limits)
        };
        let called = self.source.caller.call("message-records", call, take).await.map_err(without_network)?;
        Ok(called.0.deliveries)
    }
}

fn no_relay() -> SourceError {
    SourceError::new(ErrorKind::Config, "the component passes no messages on")
}

fn told(progress: &RelayProgress) -> relay::Progress {
    relay::Progress {
        id: progress.id.clone(),
        step: progress.step,
        status: match progress.status {
            RelayStatus::Pending => relay::Status::Pending,
            RelayStatus::Delivered => relay::Status::Delivered,
            RelayStatus::Rejected => relay::Status::Rejected,
            RelayStatus::Undeliverable => relay::Status::Undeliverable,
            RelayStatus::Unknown => relay::Status::Unknown,
        },
        attempts: progress.attempts,
        http_status: progress.http_status,
        reason: progress.reason.clone(),
    }
}

/// Checks what a component could get wrong. `keep_out` takes secrets out of what leaves for whoever sent the message.
fn verdict(verdict: relay::Verdict, keep_out: impl Fn(Vec<u8>) -> Vec<u8>) -> Result<RelayVerdict, Broken> {
    let wrong = |message: String| Err(Broken::new(ErrorKind::InvalidResponse, message));
    match verdict {
        relay::Verdict::Refuse(refusal) => {
            if !(400..500).contains(&refusal.status) {
                return wrong(format!("the component refuses a message with the status {}, not 4xx", refusal.status));
            }
            let content_type = refusal.content_type.filter(|kind| HeaderValue::from_str(kind).is_ok());
            let body = keep_out(refusal.body).into();
            Ok(RelayVerdict::Refuse(Answer { status: refusal.status, content_type, body }))
        }
        relay::Verdict::PassOn(plan) => {
            if let Some(key) = [&plan.order_key, &plan.dedupe_key].into_iter().flatten().find(|key| key.len() > MAX_KEY)
            {
                return wrong(format!("the component returned a key of {} bytes, more than 1KiB", key.len()));
            }
            let wait = |ms: u32| Duration::from_millis(ms.into()).min(MAX_WAIT);
            Ok(RelayVerdict::PassOn(Box::new(RelayPlan {
                request: RelayRequest {
                    method: plan.request.method,
                    url: plan.request.url,
                    headers: plan.request.headers.into_iter().map(|(name, value)| (name, value.into())).collect(),
                    body: plan.request.body.into(),
                },
                order_key: plan.order_key,
                dedupe_key: plan.dedupe_key,
                rule: ResendRule {
                    resends: plan.resends.min(MAX_RESENDS),
                    shortest_wait: wait(plan.shortest_wait_ms),
                    longest_wait: wait(plan.longest_wait_ms),
                },
            })))
        }
    }
}

/// The request as one of HTTP; the error says what of it is none.
fn request(wanted: &RelayRequest) -> Result<Request<Bytes>, String> {
    let method: Method =
        wanted.method.parse().map_err(|_| format!("the method `{}`, which is none", tame(&wanted.method)))?;
    let uri: Uri = wanted.url.parse().map_err(|_| "a URL that is none".to_owned())?;
    if uri.scheme().is_none() || uri.authority().is_none() {
        return Err("a URL that is not absolute".to_owned());
    }
    let mut request = Request::new(wanted.body.clone());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    for (name, value) in &wanted.headers {
        let wrong = || format!("the header field `{}`, which is none", tame(name));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        request.headers_mut().append(name, HeaderValue::from_bytes(value).map_err(|_| wrong())?);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_plan() -> relay::Plan {
        relay::Plan {
            request: relay::Request {
                method: "POST".into(),
                url: "https://h/a".into(),
                headers: vec![("content-type".into(), b"text/plain".to_vec())],
                body: b"x".to_vec(),
            },
            order_key: None,
            dedupe_key: None,
            resends: 3,
            shortest_wait_ms: 3000,
            longest_wait_ms: 60_000,
        }
    }

    fn take(found: relay::Verdict) -> Result<RelayVerdict, String> {
        verdict(found, |body| body).map_err(|broken| match broken {
            Broken::Contract(error) => error.message,
            Broken::Limit(hit) => hit.to_string(),
        })
    }

    #[test]
    fn keys_statuses_and_rules_have_bounds() {
        let refusal = |status| {
            relay::Verdict::Refuse(relay::Refusal { status, content_type: Some("a\nb".into()), body: b"no".to_vec() })
        };
        let RelayVerdict::Refuse(answer) = take(refusal(400)).unwrap() else { panic!() };
        assert_eq!((answer.status, answer.content_type, &answer.body[..]), (400, None, &b"no"[..]));
        for status in [200, 399, 500] {
            assert!(take(refusal(status)).unwrap_err().contains("not 4xx"), "{status}");
        }
        let long = Some("k".repeat(1025));
        let plan = relay::Plan { order_key: long, ..a_plan() };
        let told = "the component returned a key of 1025 bytes, more than 1KiB";
        assert_eq!(take(relay::Verdict::PassOn(plan)).unwrap_err(), told);
        let plan = relay::Plan { resends: u32::MAX, longest_wait_ms: u32::MAX, ..a_plan() };
        let RelayVerdict::PassOn(plan) = take(relay::Verdict::PassOn(plan)).unwrap() else { panic!() };
        assert_eq!((plan.rule.resends, plan.rule.longest_wait), (MAX_RESENDS, MAX_WAIT));
    }

    #[test]
    fn what_is_no_request_is_told() {
        let cases: [(&str, &str, &str, &str); 6] = [
            ("POST", "https://h/a", "content-type", ""),
            ("PO ST", "https://h/a", "a", "the method `PO ST`, which is none"),
            ("POST", "/a", "a", "a URL that is not absolute"),
            ("POST", "https://h/a b", "a", "a URL that is none"),
            ("POST", "", "a", "a URL that is none"),
            ("POST", "https://h/a", "a b", "the header field `a b`, which is none"),
        ];
        for (method, url, name, expect) in cases {
            let wanted = RelayRequest {
                method: method.to_owned(),
                url: url.to_owned(),
                headers: vec![(name.to_owned(), Bytes::from_static(b"x"))],
                body: Bytes::new(),
            };
            assert_eq!(request(&wanted).map_or_else(|reason| reason, |_| String::new()), expect);
        }
    }
}
