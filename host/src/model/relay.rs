//! Messages that are passed on to the service: how, and how far they came.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Answer;

/// One HTTP request to the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayRequest {
    /// In capital letters.
    pub method: String,
    /// Absolute; tokens stand in the place of secrets.
    pub url: String,
    /// The fields of its head.
    pub headers: Vec<(String, Bytes)>,
    /// The body.
    pub body: Bytes,
}

/// How a message is passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayPlan {
    /// What is sent.
    pub request: RelayRequest,
    /// Messages with equal keys are sent one after another; none: the order does not matter.
    pub order_key: Option<String>,
    /// Messages with equal keys are one; none: each is one of its own.
    pub dedupe_key: Option<String>,
    /// When it is sent again.
    pub rule: ResendRule,
}

/// When a request is sent again that the service neither took nor refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResendRule {
    /// How many times at most.
    pub resends: u32,
    /// Shortest time between two attempts.
    pub shortest_wait: Duration,
    /// Longest time between two attempts.
    pub longest_wait: Duration,
}

impl ResendRule {
    /// How long after a failure the next attempt comes; none when there is none. `failures` counts from 1.
    ///
    /// The waits grow evenly by factor from the shortest to the longest.
    pub fn wait(&self, failures: u32) -> Option<Duration> {
        if failures > self.resends {
            return None;
        }
        let (shortest, longest) = (self.shortest_wait.as_secs_f64(), self.longest_wait.as_secs_f64());
        let steps = f64::from(self.resends.saturating_sub(1).max(1));
        let factor = if shortest > 0.0 { (longest / shortest).max(1.0) } else { 1.0 };
        let wait = shortest * factor.powf(f64::from(failures.saturating_sub(1)) / steps);
        Some(Duration::from_secs_f64(wait).clamp(self.shortest_wait, self.longest_wait.max(self.shortest_wait)))
    }
}

/// What is done with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelayVerdict {
    /// It is kept and passed on.
    PassOn(Box<RelayPlan>),
    /// It is answered and forgotten.
    Refuse(Answer),
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelayStatus {
    /// It is durable, and will be sent.
    Pending,
    /// The service took it.
    Delivered,
    /// The service refused it for good.
    Rejected,
    /// The service did not take it, however often it was sent.
    Undeliverable,
    /// It was being sent when the host was stopped: the service may have it or not.
    Unknown,
}

impl RelayStatus {
    /// Its word in tables and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Rejected => "rejected",
            Self::Undeliverable => "undeliverable",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known of a message so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayProgress {
    /// Names the message.
    pub id: String,
    /// Grows with each thing that is learned of the message.
    pub step: u32,
    /// How far it came.
    pub status: RelayStatus,
    /// How many times it was sent.
    pub attempts: u32,
    /// The status of the last answer, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// Why the last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl RelayProgress {
    /// What tells this word of the message from others: the same word is one, however often it is handed in.
    pub fn key(&self) -> String {
        format!("relay:{}:{}", self.id, self.step)
    }

    /// The reason when the service gave none, or none that may be kept.
    pub fn answered(status: u16) -> String {
        format!("the service answered {status}")
    }

    /// A message that was just taken.
    pub fn new(id: String) -> Self {
        Self { id, step: 0, status: RelayStatus::Pending, attempts: 0, http_status: None, reason: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_the_shortest_to_the_longest() {
        let rule = |resends, shortest, longest| {
            let seconds = Duration::from_secs;
            let rule = ResendRule { resends, shortest_wait: seconds(shortest), longest_wait: seconds(longest) };
            (1..=resends + 1).map(|failures| rule.wait(failures).map(|wait| wait.as_secs())).collect::<Vec<_>>()
        };
        assert_eq!(rule(3, 3, 60), [Some(3), Some(13), Some(60), None]);
        assert_eq!(rule(0, 3, 60), [None]);
        assert_eq!(rule(1, 3, 60), [Some(3), None]);
        assert_eq!(rule(2, 5, 5), [Some(5), Some(5), None]);
        assert_eq!(rule(2, 9, 5), [Some(9), Some(9), None]);
        assert_eq!(rule(2, 0, 5), [Some(0), Some(0), None]);
    }
}
