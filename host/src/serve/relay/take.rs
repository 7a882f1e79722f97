//! A message comes in: its body is read, the component says how it is passed on, the inbox keeps it, and it is answered.

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::{Response, body::Incoming};
use serde_json::json;
use tokio::sync::oneshot;

use super::{ANSWER_TIME, MOST_WAITING, Relays, Told};
use crate::{
    model::{RelayPlan, RelayProgress, RelayStatus, RelayVerdict},
    serve::{
        inbox::{NewRelay, TakenRelay, Write, Written},
        receive::{Receiver, Reply, reply},
    },
    source::{EventHandler, MessageRelay},
};

impl<H: EventHandler + MessageRelay> Receiver<H> {
    /// Answers a request to the relay. `rest` is what stands behind its address.
    pub(in crate::serve) async fn relay(&self, relays: &Relays<H>, request: Request<Incoming>, rest: &str) -> Reply {
        if let Err(refusal) = self.check(&request) {
            return self.refuse(&refusal);
        }
        let Ok(permit) = self.in_flight.try_acquire() else { return self.turn_away("too many messages at once") };
        if !self.backlog.has_room() || relays.waiting() >= MOST_WAITING {
            return self.turn_away("too many messages wait");
        }
        let (waits, rest) = asks_to_wait(rest);
        let message = match self.event(request, rest).await {
            Ok(message) => message,
            Err(refusal) => return self.refuse(&refusal),
        };
        let plan = match relays.handler.plan_message(&message).await {
            Ok(RelayVerdict::PassOn(plan)) => *plan,
            Ok(RelayVerdict::Refuse(answer)) => {
                relays.metrics.refused.inc();
                return reply(answer);
            }
            Err(error) => {
                let (kind, hint) = (error.kind.as_str(), error.hint.as_deref());
                tracing::warn!(kind, hint, "a message was turned away: {error}");
                return self.turn_away("the message cannot be passed on now");
            }
        };
        // What is sent is kept as it is until it is sent, and nothing else of it.
        let (order_key, dedupe_key) = (self.guard.alias(plan.order_key), self.guard.alias(plan.dedupe_key));
        let plan = RelayPlan { order_key, dedupe_key, ..plan };
        let received_at_ms = message.received_at_ms;
        // As long as nobody was forgotten, there is nothing to ask.
        let is_of_forgotten = self.guard.absent().is_some()
            && relays.handler.handle_event(&message).await.is_ok_and(|outcome| outcome.forgotten);
        let (plan, message) = if is_of_forgotten {
            // Nothing of them is kept, but what is to be sent, until it is sent.
            self.metrics.forgotten.inc();
            (RelayPlan { order_key: None, dedupe_key: None, ..plan }, None)
        } else {
            (plan, Some(self.guard.event(message)))
        };
        let new = NewRelay { message, received_at_ms, plan };
        let taken = match relays.writer.write(Write::Relay(Box::new(new))).await {
            Ok(Written::Relay(taken)) => taken,
            Ok(_) => return self.turn_away("the message could not be kept"),
            Err(error) => {
                tracing::warn!(hint = error.hint, "a message was turned away: {error}");
                return self.turn_away("the message could not be kept");
            }
        };
        let counter = if taken.is_new { &relays.metrics.accepted } else { &relays.metrics.duplicates };
        counter.inc();
        // Those who wait for the service must not keep others out.
        drop(permit);
        if waits {
            relays.answer_of(taken).await
        } else {
            told(&Told { progress: taken.progress, answer: None }, false)
        }
    }
}

impl<H> Relays<H> {
    /// Waits for the service's answer, for a while.
    async fn answer_of(&self, taken: TakenRelay) -> Reply {
        let (sender, receiver) = oneshot::channel();
        self.callers().entry(taken.number).or_default().push(sender);
        // It may be over since before anybody was asked to tell.
        let known = self.inbox().relay_progress(taken.number);
        if matches!(known, Ok(Some((_, true)))) {
            self.tell(taken.number, None);
        }
        let mut stopped = self.stopped.clone();
        let answer = tokio::select! {
            answer = receiver => answer.ok(),
            () = tokio::time::sleep(ANSWER_TIME) => None,
            _ = stopped.wait_for(|stopped| *stopped) => None,
        };
        match answer {
            Some(answer) => told(&answer, true),
            None => told(&Told { progress: taken.progress, answer: None }, false),
        }
    }
}

/// What the caller is told. One that waited gets a status that says what the service said.
fn told(told: &Told, waited: bool) -> Reply {
    let Told { progress, answer } = told;
    let mut body = json!({
        "relay": progress.id,
        "delivery_status": progress.status.as_str(),
        "attempts": progress.attempts,
        "http_status": progress.http_status,
        "error": progress.reason,
    });
    if let Some(answer) = answer {
        body["answer"] = answer.as_str().into();
    }
    let mut reply = Response::new(Full::new(Bytes::from(format!("{body}\n"))));
    *reply.status_mut() = if waited { status(progress) } else { StatusCode::ACCEPTED };
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    reply
}

fn status(progress: &RelayProgress) -> StatusCode {
    match progress.status {
        RelayStatus::Pending => StatusCode::ACCEPTED,
        RelayStatus::Delivered => StatusCode::OK,
        RelayStatus::Rejected => {
            let status = progress.http_status.and_then(|status| StatusCode::from_u16(status).ok());
            status.unwrap_or(StatusCode::BAD_REQUEST)
        }
        RelayStatus::Undeliverable | RelayStatus::Unknown => StatusCode::BAD_GATEWAY,
    }
}

/// Whether a caller waits for the service's answer, and what stands behind the address beside that.
fn asks_to_wait(rest: &str) -> (bool, String) {
    let Some((path, query)) = rest.split_once('?') else { return (false, rest.to_owned()) };
    let mut waits = false;
    let others: Vec<&str> = query
        .split('&')
        .filter(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, "1"));
            if name == "wait" {
                waits = !matches!(value, "0" | "false" | "no");
            }
            name != "wait" && !pair.is_empty()
        })
        .collect();
    let mark = if others.is_empty() { "" } else { "?" };
    (waits, format!("{path}{mark}{}", others.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_says_whether_it_waits() {
        let cases = [
            ("", false, ""),
            ("?wait=1", true, ""),
            ("?wait", true, ""),
            ("?wait=0", false, ""),
            ("?wait=false&a=1", false, "?a=1"),
            ("/shop?a=1&wait=1&b=2", true, "/shop?a=1&b=2"),
            ("?await=1", false, "?await=1"),
            ("?", false, ""),
        ];
        for (rest, waits, left) in cases {
            assert_eq!(asks_to_wait(rest), (waits, left.to_owned()), "{rest}");
        }
    }

    #[test]
    fn one_who_waited_is_told_what_the_service_said() {
        let known = |status, http_status| RelayProgress { status, http_status, ..RelayProgress::new("b-1".to_owned()) };
        let cases = [
            (RelayStatus::Delivered, Some(204), 200),
            (RelayStatus::Rejected, Some(404), 404),
            (RelayStatus::Undeliverable, Some(503), 502),
            (RelayStatus::Undeliverable, None, 502),
            (RelayStatus::Unknown, None, 502),
            (RelayStatus::Pending, None, 202),
        ];
        for (status, http_status, expect) in cases {
            let progress = known(status, http_status);
            let answer = Told { progress, answer: None };
            assert_eq!(told(&answer, true).status(), expect, "{status:?}");
            assert_eq!(told(&answer, false).status(), 202);
        }
    }
}
