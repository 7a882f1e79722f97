//! A component that sees events without what is not to be kept.

use super::Guard;
use crate::{
    model::{Event, Outcome, RelayRequest, RelayVerdict},
    source::{EventHandler, MessageRelay, Sent, SourceError},
};

/// Hands events on as the guard lets them, and keeps from what becomes of them what it does not.
#[derive(Debug)]
pub struct Guarded<H> {
    handler: H,
    guard: Guard,
}

impl<H> Guarded<H> {
    /// Puts a guard before a handler.
    pub fn new(handler: H, guard: Guard) -> Self {
        Self { handler, guard }
    }

    /// The guard.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }
}

impl<H: EventHandler> EventHandler for Guarded<H> {
    async fn handle_event(&self, event: &Event) -> Result<Outcome, SourceError> {
        if let Some(absent) = self.guard.absent() {
            // Whose it is must be told before anything of it is taken out.
            let outcome = self.handler.handle_event(event).await;
            match outcome {
                Ok(outcome) if absent.has(&outcome.deliveries) => {
                    return Ok(Outcome { deliveries: Vec::new(), forgotten: true, ..outcome });
                }
                outcome if self.guard.is_idle() => return outcome,
                _ => {}
            }
        }
        if self.guard.is_idle() {
            return self.handler.handle_event(event).await;
        }
        // One that was kept before the rules were made is not clean yet; others stay as they are.
        let outcome = self.handler.handle_event(&self.guard.event(event.clone())).await?;
        let deliveries = outcome.deliveries.into_iter().map(|delivery| self.guard.delivery(delivery));
        Ok(Outcome { deliveries: deliveries.collect(), ..outcome })
    }
}

/// A message is passed on as it is: what is kept of it is another matter.
impl<H: MessageRelay> MessageRelay for Guarded<H> {
    fn relays(&self) -> bool {
        self.handler.relays()
    }

    async fn plan_message(&self, message: &Event) -> Result<RelayVerdict, SourceError> {
        self.handler.plan_message(message).await
    }

    async fn send(&self, request: &RelayRequest) -> Sent {
        self.handler.send(request).await
    }
}
