//! Passes on what clients write in the customer's own systems.
//!
//! 1. `take` reads a message, asks the component how it is passed on, and answers once it is durable, or waits for the
//!    service's answer when it is asked to.
//! 2. `lanes` keeps the messages of one client in their order.
//! 3. `send` notes that a message is about to be sent, sends it through the component's grants, and notes what was learned,
//!    with an event that tells of it in the same transaction of the inbox.
//!
//! Whatever kills the process: see the `relays` of the [inbox](super::inbox).

mod lanes;
mod metrics;
mod send;
mod take;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{Semaphore, oneshot, watch};

pub(super) use lanes::{Lane, Lanes};
pub(super) use metrics::RelayMetrics;

use super::{
    inbox::{Inbox, InboxError},
    writer::Writer,
};
use crate::{
    config::Relay,
    model::{RelayProgress, ResendRule},
    privacy::Guard,
};

/// Most messages that may wait to be sent.
const MOST_WAITING: usize = 100_000;

/// How long a caller may wait for the service's answer before it is told that the message waits.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// What passes messages on.
pub(super) struct Relays<H> {
    pub(super) handler: Arc<H>,
    /// Takes out of messages what is not kept.
    pub(super) guard: Guard,
    pub(super) settings: Relay,
    pub(super) lanes: Arc<Lanes>,
    pub(super) writer: Writer,
    pub(super) inbox: Mutex<Inbox>,
    pub(super) metrics: Arc<RelayMetrics>,
    /// Callers that wait for an answer, by the number of the message.
    pub(super) callers: Mutex<HashMap<u64, Vec<oneshot::Sender<Told>>>>,
    /// Messages that may be sent at the same time. One that waits for a connection is not marked as being sent.
    pub(super) room: Semaphore,
    pub(super) stopped: watch::Receiver<bool>,
}

/// What a caller is told of a message: what is known of it, and what the service said.
#[derive(Clone, Debug)]
pub(super) struct Told {
    progress: RelayProgress,
    answer: Option<String>,
}

/// Takes up the messages of earlier: those that were being sent are noted as such.
pub(super) fn resume(
    inbox: &mut Inbox,
    settings: &Relay,
    lanes: &Lanes,
    metrics: &RelayMetrics,
) -> Result<(), InboxError> {
    let unknown = inbox.recover_relays(settings.resend_unknown)?;
    if unknown > 0 {
        metrics.unknown.inc_by(unknown);
        let again = settings.resend_unknown;
        tracing::warn!(
            messages = unknown,
            again,
            "messages were being sent when the receiver was stopped: nobody knows whether they were delivered"
        );
    }
    for (number, key) in inbox.relays_waiting()? {
        lanes.add(number, key.as_deref());
    }
    Ok(())
}

impl<H> Relays<H> {
    /// How many messages wait or are being sent.
    pub(super) fn waiting(&self) -> usize {
        self.lanes.waiting()
    }

    /// When a message is sent again: as the component says, but for what the pipeline file says.
    fn rule(&self, rule: ResendRule) -> ResendRule {
        ResendRule {
            resends: self.settings.resends.unwrap_or(rule.resends),
            shortest_wait: self.settings.shortest_wait.unwrap_or(rule.shortest_wait),
            longest_wait: self.settings.longest_wait.unwrap_or(rule.longest_wait),
        }
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn callers(&self) -> MutexGuard<'_, HashMap<u64, Vec<oneshot::Sender<Told>>>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
