//! What the receiver knows of the events that wait to be loaded.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::model::Delivery;

/// Most bytes of deliveries that are kept in memory. Those of other events are asked for again when they are loaded.
const WARM_BYTES: usize = 32 << 20;

/// Events that wait, in numbers, and what the component made of the newest.
#[derive(Debug)]
pub(super) struct Backlog {
    inner: Mutex<Inner>,
    /// Told when an event came.
    came: Notify,
    /// Most bytes that may wait.
    size: u64,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: Waiting,
    /// When the first event came of those that wait, by the clock that is not set.
    since: Option<Instant>,
    deliveries: BTreeMap<u64, Vec<Delivery>>,
    warm_bytes: usize,
    /// The number of the last event that is loaded.
    through: u64,
}

/// Events that wait, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) events: u64,
    /// Of their bodies.
    pub(super) bytes: u64,
}

impl Backlog {
    pub(super) fn new(size: u64) -> Self {
        Self { inner: Mutex::default(), came: Notify::new(), size }
    }

    /// Sets the number of events that wait, as the inbox has it.
    pub(super) fn set(&self, waiting: Waiting) {
        let mut inner = self.lock();
        inner.waiting = waiting;
        inner.since = (waiting.events > 0).then(Instant::now);
        drop(inner);
        self.came.notify_one();
    }

    /// Whether another event may wait.
    pub(super) fn has_room(&self) -> bool {
        self.lock().waiting.bytes < self.size
    }

    pub(super) fn waiting(&self) -> Waiting {
        self.lock().waiting
    }

    /// An event is in the inbox; `deliveries` are what the component made of it, if it was asked.
    pub(super) fn add(&self, number: u64, body_bytes: u64, deliveries: Option<Vec<Delivery>>) {
        let mut inner = self.lock();
        inner.waiting.events += 1;
        inner.waiting.bytes += body_bytes;
        inner.since.get_or_insert_with(Instant::now);
        // One that is durable may be loaded before its writer comes to tell of it.
        if let Some(deliveries) = deliveries.filter(|_| number > inner.through) {
            let bytes = size_of(&deliveries);
            if inner.warm_bytes + bytes <= WARM_BYTES {
                inner.warm_bytes += bytes;
                inner.deliveries.insert(number, deliveries);
            }
        }
        drop(inner);
        self.came.notify_one();
    }

    /// What the component made of an event, if it is still known.
    pub(super) fn take(&self, number: u64) -> Option<Vec<Delivery>> {
        let mut inner = self.lock();
        let deliveries = inner.deliveries.remove(&number)?;
        inner.warm_bytes -= size_of(&deliveries);
        Some(deliveries)
    }

    /// Events are loaded, up to a number. What is known of them is of no more use.
    pub(super) fn remove(&self, gone: Waiting, through: u64) {
        let mut inner = self.lock();
        inner.through = through;
        let left = inner.deliveries.split_off(&through.saturating_add(1));
        let dropped = std::mem::replace(&mut inner.deliveries, left);
        inner.warm_bytes -= dropped.values().map(|deliveries| size_of(deliveries)).sum::<usize>();
        inner.waiting.events = inner.waiting.events.saturating_sub(gone.events);
        inner.waiting.bytes = inner.waiting.bytes.saturating_sub(gone.bytes);
        inner.since = (inner.waiting.events > 0).then(Instant::now);
    }

    /// Resolves once there are events that are due: so many, or one that has waited so long.
    pub(super) async fn due(&self, events: u64, wait: Duration) {
        loop {
            let (count, since) = {
                let inner = self.lock();
                (inner.waiting.events, inner.since)
            };
            match since {
                Some(_) if count >= events => return,
                Some(since) => {
                    let due = since + wait;
                    if Instant::now() >= due {
                        return;
                    }
                    tokio::select! {
                        () = self.came.notified() => {}
                        () = tokio::time::sleep_until(due.into()) => {}
                    }
                }
                None => self.came.notified().await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size_of(deliveries: &[Delivery]) -> usize {
    let rejected = |delivery: &Delivery| {
        delivery.rejected.iter().map(|record| record.raw.len() + record.reason.len()).sum::<usize>()
    };
    // What a small event costs beside its bytes is not nothing.
    256 + deliveries.iter().map(|delivery| 128 + delivery.records.len() + rejected(delivery)).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::model::ResourceName;

    fn deliveries(bytes: usize) -> Vec<Delivery> {
        let resource = ResourceName::new("chats").unwrap();
        vec![Delivery { resource, records: Bytes::from(vec![b' '; bytes]), rejected: Vec::new() }]
    }

    #[test]
    fn numbers_follow_what_comes_and_goes() {
        let backlog = Backlog::new(10);
        assert!(backlog.has_room());
        backlog.add(1, 6, Some(deliveries(1)));
        backlog.add(2, 4, Some(deliveries(1)));
        assert!(!backlog.has_room());
        assert_eq!(backlog.take(1), Some(deliveries(1)));
        assert_eq!(backlog.take(1), None);
        backlog.remove(Waiting { events: 1, bytes: 6 }, 1);
        assert_eq!(backlog.waiting(), Waiting { events: 1, bytes: 4 });
        backlog.remove(Waiting { events: 5, bytes: 50 }, 2);
        assert_eq!(backlog.waiting(), Waiting::default());
    }

    #[test]
    fn memory_is_bounded() {
        let backlog = Backlog::new(u64::MAX);
        for number in 1..4 {
            backlog.add(number, 1, Some(deliveries(WARM_BYTES / 2 - 1000)));
        }
        assert!(backlog.take(1).is_some() && backlog.take(2).is_some() && backlog.take(3).is_none());
        backlog.add(4, 1, Some(deliveries(WARM_BYTES / 2)));
        assert!(backlog.take(4).is_some());
    }

    #[test]
    fn what_is_loaded_is_not_remembered() {
        let backlog = Backlog::new(u64::MAX);
        backlog.add(1, 1, Some(deliveries(WARM_BYTES / 2)));
        backlog.remove(Waiting { events: 2, bytes: 2 }, 2);
        backlog.add(2, 1, Some(deliveries(WARM_BYTES / 2)));
        backlog.add(3, 1, Some(deliveries(WARM_BYTES - 1000)));
        assert!(backlog.take(1).is_none() && backlog.take(2).is_none() && backlog.take(3).is_some());
    }

    #[tokio::test]
    async fn events_are_due_by_number_and_by_time() {
        let backlog = Backlog::new(u64::MAX);
        for number in 0..2 {
            backlog.add(number, 1, Some(Vec::new()));
        }
        backlog.due(2, Duration::from_hours(1)).await;
        backlog.due(1000, Duration::from_millis(1)).await;
    }
}
