//! The one that writes to the inbox, on a thread of its own: events, and messages with what is learned of them. What comes while it waits for the disk becomes durable
//! together, with one sync.

use std::{sync::Arc, thread, time::Duration};

use tokio::sync::{mpsc, oneshot};

use super::{
    backlog::Backlog,
    inbox::{Inbox, InboxError, NewEvent, Stored, Write, Written},
    relay::Lanes,
};
use crate::{
    fault::{self, Point},
    model::Delivery,
};

/// Most events that become durable together.
const AT_ONCE: usize = 1024;

/// Why an event is not in the inbox.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{reason}")]
pub(super) struct NotStored {
    pub(super) reason: String,
    pub(super) hint: Option<String>,
}

/// Hands what is to be written to the thread that writes.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

#[derive(Debug)]
struct Job {
    write: Write,
    /// What the component made of an event.
    deliveries: Option<Vec<Delivery>>,
    reply: oneshot::Sender<Result<Written, NotStored>>,
}

/// Where it is told what is durable.
#[derive(Debug)]
struct Desk {
    backlog: Arc<Backlog>,
    lanes: Arc<Lanes>,
    window: Duration,
}

impl Writer {
    /// Starts the thread. It ends when the last writer is gone.
    pub(super) fn start(
        inbox: Inbox,
        backlog: Arc<Backlog>,
        lanes: Arc<Lanes>,
        window: Duration,
    ) -> std::io::Result<Self> {
        let (jobs, mut waiting) = mpsc::channel::<Job>(AT_ONCE);
        let desk = Desk { backlog, lanes, window };
        thread::Builder::new().name("inbox".to_owned()).spawn(move || {
            let mut inbox = inbox;
            let mut batch = Vec::with_capacity(AT_ONCE);
            while let Some(first) = waiting.blocking_recv() {
                batch.push(first);
                while batch.len() < AT_ONCE
                    && let Ok(job) = waiting.try_recv()
                {
                    batch.push(job);
                }
                desk.write(&mut inbox, &mut batch);
            }
        })?;
        Ok(Self { jobs })
    }

    /// Keeps an event, with what the component made of it. When it comes back, the event is durable.
    pub(super) async fn store(&self, new: NewEvent, deliveries: Vec<Delivery>) -> Result<Stored, NotStored> {
        match self.job(Write::Event(new), Some(deliveries)).await? {
            Written::Event(stored) => Ok(stored),
            _ => Err(gone()),
        }
    }

    /// Writes what is to be known of a message. When it comes back, that is durable.
    pub(super) async fn write(&self, write: Write) -> Result<Written, NotStored> {
        self.job(write, None).await
    }

    async fn job(&self, write: Write, deliveries: Option<Vec<Delivery>>) -> Result<Written, NotStored> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job { write, deliveries, reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

fn gone() -> NotStored {
    NotStored { reason: "the inbox is closed".to_owned(), hint: None }
}

impl Desk {
    fn write(&self, inbox: &mut Inbox, batch: &mut Vec<Job>) {
        let (writes, rest): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|Job { write, deliveries, reply }| (write, (deliveries, reply))).unzip();
        fault::point(Point::BeforeStored);
        let written = inbox.write(&writes, self.window);
        fault::point(Point::AfterStored);
        match written {
            Ok(written) => {
                for ((write, (deliveries, reply)), written) in writes.into_iter().zip(rest).zip(written) {
                    self.note(&write, deliveries, &written);
                    // What came from a client that went away is kept all the same.
                    let _ = reply.send(Ok(written));
                }
            }
            Err(error) => {
                let not_stored = NotStored { reason: told(&error), hint: error.hint() };
                for (_, reply) in rest {
                    let _ = reply.send(Err(not_stored.clone()));
                }
            }
        }
    }

    /// Events wait to be loaded from now on, and messages to be sent.
    fn note(&self, write: &Write, deliveries: Option<Vec<Delivery>>, written: &Written) {
        match (write, written) {
            (Write::Event(new), Written::Event(Stored::New(number))) if new.unhandled.is_none() => {
                self.backlog.add(*number, new.event.body.len() as u64, deliveries);
            }
            (Write::Relay(new), Written::Relay(taken)) if taken.is_new => {
                if let (Some(number), Some(message)) = (taken.event, &new.message) {
                    self.backlog.add(number, message.body.len() as u64, None);
                }
                self.lanes.add(taken.number, new.plan.order_key.as_deref());
            }
            (Write::Learned(_), Written::Learned(Some((number, bytes)))) => self.backlog.add(*number, *bytes, None),
            _ => {}
        }
    }
}

/// An error with its causes.
fn told(error: &InboxError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
