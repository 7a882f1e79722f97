//! How often and how long a page is tried. The one place that retries: neither the component nor the HTTP capability does.
//!
//! The unit is the page. Waits grow exponentially with jitter, a service's own `Retry-After` goes before them, and the
//! waits of one resource together stay within a budget. Pure but for the jitter: sleeping is the caller's.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::source::SourceError;

/// The rules, from `[source.retry]`.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Attempts per page, the first included.
    pub attempts: u32,
    /// Longest single wait.
    pub max_wait: Duration,
    /// Sum of the waits per resource.
    pub budget: Duration,
}

/// What one resource has used up so far.
#[derive(Debug)]
pub struct Retrier {
    policy: RetryPolicy,
    backoff: ExponentialBackoff,
    /// Attempts at the current page that failed.
    failed: u32,
    /// Waits for the current page.
    waited_page: Duration,
    /// Waits of the resource.
    waited: Duration,
    retries: u64,
}

impl Retrier {
    /// A retrier that has used up nothing.
    pub fn new(policy: RetryPolicy) -> Self {
        let backoff = backoff(policy.max_wait);
        Self { policy, backoff, failed: 0, waited_page: Duration::ZERO, waited: Duration::ZERO, retries: 0 }
    }

    /// A page arrived: the next one has all its attempts again, and the budget stays used.
    pub fn page_done(&mut self) {
        self.failed = 0;
        self.waited_page = Duration::ZERO;
        self.backoff = backoff(self.policy.max_wait);
    }

    /// How many attempts were repeated.
    pub fn retries(&self) -> u64 {
        self.retries
    }

    /// Judges a failed attempt: how long to wait before the next one, or the error that ends the resource. That error
    /// says how often and how long it was tried.
    pub fn after_failure(&mut self, error: SourceError) -> Result<Duration, SourceError> {
        self.failed += 1;
        if !error.kind.is_retried() {
            return Err(error);
        }
        if self.failed >= self.policy.attempts {
            return Err(self.give_up(error, None));
        }
        let wait = match error.retry_after {
            Some(asked) if asked > self.policy.max_wait => {
                let reason = format!("the service asks to wait {}, longer than `max_wait`", human(asked));
                return Err(self.give_up(error, Some((reason, "max_wait"))));
            }
            Some(asked) => asked,
            None => self.backoff.next().unwrap_or(self.policy.max_wait).min(self.policy.max_wait),
        };
        if self.waited + wait > self.policy.budget {
            let reason = format!("the budget of {} for waiting is used up", human(self.policy.budget));
            return Err(self.give_up(error, Some((reason, "budget"))));
        }
        self.waited += wait;
        self.waited_page += wait;
        self.retries += 1;
        Ok(wait)
    }

    /// Adds to an error how often and how long it was tried, and which key of `[source.retry]` would have it go on.
    fn give_up(&self, mut error: SourceError, limit: Option<(String, &str)>) -> SourceError {
        let attempts = if self.failed == 1 { "1 attempt".to_owned() } else { format!("{} attempts", self.failed) };
        let tried = format!("gave up after {attempts} and {} of waiting", human(self.waited_page));
        error.message = match &limit {
            Some((reason, _)) => format!("{} ({tried}: {reason})", error.message),
            None => format!("{} ({tried})", error.message),
        };
        let key = limit.map_or("attempts", |(_, key)| key);
        error.hint.get_or_insert_with(|| {
            format!("run again later: it goes on where it stopped; or raise `{key}` in `[source.retry]`")
        });
        error
    }
}

/// Waits of 1, 2, 4, 8 … seconds, each lengthened at random by up to as much again, so that clients that failed together
/// do not come back together. Without random numbers from the system they do.
fn backoff(max_wait: Duration) -> ExponentialBackoff {
    let first = Duration::from_secs(1).min(max_wait);
    let seed = getrandom::u64().unwrap_or_default();
    ExponentialBuilder::new()
        .with_min_delay(first)
        .with_max_delay(max_wait)
        .without_max_times()
        .with_jitter()
        .with_jitter_seed(seed)
        .build()
}

/// A duration for people: `15s`, `1m 30s`, `250ms`.
pub fn human(duration: Duration) -> String {
    let rounded = if duration >= Duration::from_secs(10) {
        Duration::from_secs((duration + Duration::from_millis(500)).as_secs())
    } else {
        Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    };
    humantime::format_duration(rounded).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ErrorKind;

    fn policy() -> RetryPolicy {
        RetryPolicy { attempts: 5, max_wait: Duration::from_mins(1), budget: Duration::from_mins(5) }
    }

    fn failure(kind: ErrorKind, retry_after: Option<u64>) -> SourceError {
        let mut error = SourceError::new(kind, "the service answered 503");
        error.retry_after = retry_after.map(Duration::from_secs);
        error
    }

    #[test]
    fn waits_grow_and_attempts_end() {
        let mut retrier = Retrier::new(policy());
        for base in [1.0, 2.0, 4.0, 8.0] {
            let wait = retrier.after_failure(failure(ErrorKind::Transient, None)).unwrap().as_secs_f64();
            assert!((base..=2.0 * base).contains(&wait), "{wait} after a base of {base}");
        }
        let error = retrier.after_failure(failure(ErrorKind::Transient, None)).unwrap_err();
        assert!(error.message.contains("gave up after 5 attempts and"), "{}", error.message);
        assert_eq!(retrier.retries(), 4);
    }

    #[test]
    fn the_service_says_how_long() {
        let mut retrier = Retrier::new(policy());
        assert_eq!(retrier.after_failure(failure(ErrorKind::RateLimited, Some(7))).unwrap(), Duration::from_secs(7));
        let error = retrier.after_failure(failure(ErrorKind::RateLimited, Some(61))).unwrap_err();
        assert!(error.message.contains("asks to wait 1m 1s"), "{}", error.message);
        assert!(error.hint.unwrap().contains("`max_wait`"));
    }

    #[test]
    fn the_budget_is_the_resource_s_and_outlives_a_page() {
        let mut retrier = Retrier::new(RetryPolicy { budget: Duration::from_secs(10), ..policy() });
        retrier.after_failure(failure(ErrorKind::RateLimited, Some(8))).unwrap();
        retrier.page_done();
        let error = retrier.after_failure(failure(ErrorKind::RateLimited, Some(8))).unwrap_err();
        assert!(error.message.contains("the budget of 10s for waiting is used up"), "{}", error.message);
    }

    #[test]
    fn what_cannot_get_better_is_not_retried() {
        for kind in [ErrorKind::Auth, ErrorKind::NotFound, ErrorKind::Trap, ErrorKind::Limit, ErrorKind::Denied] {
            let error = Retrier::new(policy()).after_failure(failure(kind, None)).unwrap_err();
            assert_eq!(error.message, "the service answered 503", "{kind:?}");
        }
    }
}
