//! What is counted of messages that are passed on.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

/// Counters of one receiver.
#[derive(Debug)]
pub(in crate::serve) struct RelayMetrics {
    /// Messages that were taken.
    pub(super) accepted: Counter,
    /// Messages that are one with an earlier one.
    pub(super) duplicates: Counter,
    /// Requests that the component refused.
    pub(super) refused: Counter,
    /// Requests to the service.
    pub(super) attempts: Counter,
    /// Messages that the service took.
    pub(super) delivered: Counter,
    /// Messages that the service refused for good.
    pub(super) rejected: Counter,
    /// Messages that the service did not take, however often they were sent.
    pub(super) undeliverable: Counter,
    /// Messages of which nobody knows whether they were delivered.
    pub(super) unknown: Counter,
    /// Messages that wait or are being sent.
    pub(in crate::serve) waiting: Gauge,
}

impl RelayMetrics {
    /// Makes them, and has them told with the others.
    pub(in crate::serve) fn new(registry: &mut Registry) -> Self {
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let accepted = counter("relays_accepted", "Messages that were taken to be passed on");
        let duplicates = counter("relays_duplicate", "Messages that are one with an earlier one");
        let refused = counter("relays_refused", "Messages that the component refused");
        let attempts = counter("relay_attempts", "Requests with messages to the service");
        let delivered = counter("relays_delivered", "Messages that the service took");
        let rejected = counter("relays_rejected", "Messages that the service refused for good");
        let undeliverable = counter("relays_undeliverable", "Messages that the service did not take in time");
        let unknown = counter("relays_unknown", "Messages that were being sent when the receiver was stopped");
        let waiting = Gauge::default();
        registry.register("relays_waiting", "Messages that are still to be passed on", waiting.clone());
        Self { accepted, duplicates, refused, attempts, delivered, rejected, undeliverable, unknown, waiting }
    }
}
