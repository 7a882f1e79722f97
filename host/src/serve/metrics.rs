//! What the receiver counts, in the format of Prometheus.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use prometheus_client::{
    encoding::text::encode,
    metrics::{
        counter::Counter,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use super::relay::RelayMetrics;

/// The media type of [`Metrics::text`].
pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Counters, gauges and latencies of one receiver.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Requests to the hook whose body was read whole.
    pub(super) received: Counter,
    /// Events that were answered and are durable, those that came before included.
    pub(super) acknowledged: Counter,
    /// Events that are one with an earlier one.
    pub(super) duplicates: Counter,
    /// Requests to the hook that were refused before the component saw them: too large, of another kind, too slow.
    pub(super) refused: Counter,
    /// Requests that were answered with 503.
    pub(super) turned_away: Counter,
    /// Events that the component could not handle.
    pub(super) unhandled: Counter,
    /// Events of people who were forgotten, which are answered and not kept.
    pub(super) forgotten: Counter,
    /// Events that are loaded.
    loaded: Counter,
    /// Records that went to `_rejected_records`.
    rejected: Counter,
    /// Attempts to load that failed.
    pub(super) load_failures: Counter,
    waiting: Gauge,
    waiting_bytes: Gauge,
    age: Gauge<f64, AtomicU64>,
    batch: Histogram,
    answer: Histogram,
    ready: AtomicBool,
    /// Of messages that are passed on.
    pub(super) relays: Arc<RelayMetrics>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("sluicegate");
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let received = counter("events_received", "Events whose request was read whole");
        let acknowledged = counter("events_acknowledged", "Events that were answered and are durable");
        let duplicates = counter("events_duplicate", "Events that are one with an earlier one");
        let refused =
            counter("requests_refused", "Requests to the hook that are no event: too large, too slow, of another kind");
        let turned_away = counter("requests_turned_away", "Requests to the hook that were answered with 503");
        let unhandled = counter("events_unhandled", "Events that the component could not handle");
        let forgotten = counter("events_forgotten", "Events of people who were forgotten, which are not kept");
        let loaded = counter("events_loaded", "Events that are loaded");
        let rejected = counter("records_rejected", "Records of events that went to _rejected_records");
        let load_failures = counter("load_failures", "Attempts to load that failed");
        let (waiting, waiting_bytes, age) = (Gauge::default(), Gauge::default(), Gauge::default());
        registry.register("inbox_events", "Events that wait to be loaded", waiting.clone());
        registry.register("inbox_bytes", "Bytes of the bodies of events that wait to be loaded", waiting_bytes.clone());
        registry.register("inbox_age_seconds", "Age of the oldest event that waits to be loaded", age.clone());
        let batch = Histogram::new(exponential_buckets(0.005, 2.0, 14));
        registry.register("load_seconds", "Time that a load took", batch.clone());
        let answer = Histogram::new(exponential_buckets(0.000_25, 2.0, 16));
        registry.register("answer_seconds", "Time from a whole request to its answer", answer.clone());
        let relays = Arc::new(RelayMetrics::new(&mut registry));
        Self {
            registry,
            received,
            acknowledged,
            duplicates,
            refused,
            turned_away,
            unhandled,
            forgotten,
            loaded,
            rejected,
            load_failures,
            waiting,
            waiting_bytes,
            age,
            batch,
            answer,
            ready: AtomicBool::new(true),
            relays,
        }
    }
}

impl Metrics {
    pub(super) fn loaded(&self, events: u64, rejected: u64, elapsed: Duration) {
        self.loaded.inc_by(events);
        self.rejected.inc_by(rejected);
        self.batch.observe(elapsed.as_secs_f64());
    }

    pub(super) fn answered(&self, elapsed: Duration) {
        self.answer.observe(elapsed.as_secs_f64());
    }

    pub(super) fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }

    /// Whether events are loaded.
    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// Everything as text. `age` is that of the oldest event that waits.
    pub(super) fn text(&self, waiting: u64, waiting_bytes: u64, age: Duration) -> String {
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        self.waiting_bytes.set(i64::try_from(waiting_bytes).unwrap_or(i64::MAX));
        self.age.set(age.as_secs_f64());
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_told() {
        let metrics = Metrics::default();
        metrics.received.inc();
        metrics.loaded(3, 1, Duration::from_millis(20));
        metrics.answered(Duration::from_millis(1));
        let text = metrics.text(2, 100, Duration::from_millis(1500));
        for line in [
            "sluicegate_events_received_total 1",
            "sluicegate_events_loaded_total 3",
            "sluicegate_records_rejected_total 1",
            "sluicegate_inbox_events 2",
            "sluicegate_inbox_bytes 100",
            "sluicegate_inbox_age_seconds 1.5",
            "sluicegate_load_seconds_count 1",
            "sluicegate_answer_seconds_count 1",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
