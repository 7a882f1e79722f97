//! The one that writes events to the inbox, on a thread of its own. What comes while it waits for the disk becomes durable
//! together, with one sync.

use std::{sync::Arc, thread, time::Duration};

use tokio::sync::{mpsc, oneshot};

use super::{
    backlog::Backlog,
    inbox::{Inbox, InboxError, NewEvent, Stored},
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

/// Hands events to the thread that writes them.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

#[derive(Debug)]
struct Job {
    new: NewEvent,
    deliveries: Vec<Delivery>,
    reply: oneshot::Sender<Result<Stored, NotStored>>,
}

impl Writer {
    /// Starts the thread. It ends when the last writer is gone.
    pub(super) fn start(inbox: Inbox, backlog: Arc<Backlog>, window: Duration) -> std::io::Result<Self> {
        let (jobs, mut waiting) = mpsc::channel::<Job>(AT_ONCE);
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
                write(&mut inbox, &backlog, window, &mut batch);
            }
        })?;
        Ok(Self { jobs })
    }

    /// Keeps an event, with what the component made of it. When it comes back, the event is durable.
    pub(super) async fn store(&self, new: NewEvent, deliveries: Vec<Delivery>) -> Result<Stored, NotStored> {
        let gone = || NotStored { reason: "the inbox is closed".to_owned(), hint: None };
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job { new, deliveries, reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

fn write(inbox: &mut Inbox, backlog: &Backlog, window: Duration, batch: &mut Vec<Job>) {
    let (events, rest): (Vec<_>, Vec<_>) =
        batch.drain(..).map(|Job { new, deliveries, reply }| (new, (deliveries, reply))).unzip();
    fault::point(Point::BeforeStored);
    let stored = inbox.insert(&events, window);
    fault::point(Point::AfterStored);
    match stored {
        Ok(stored) => {
            for ((new, (deliveries, reply)), stored) in events.into_iter().zip(rest).zip(stored) {
                if let (Stored::New(number), None) = (stored, &new.unhandled) {
                    backlog.add(number, new.event.body.len() as u64, deliveries);
                }
                // One whose client went away is kept all the same.
                let _ = reply.send(Ok(stored));
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
