//! `[relay]`: how messages of clients are passed on.

use std::time::Duration;

use super::{ConfigError, file::RelayTable, resolve::Resolver};

/// How messages are passed on. What is none is as the component says.
#[derive(Clone, Copy, Debug)]
pub struct Relay {
    /// Whether a message is sent again of which nobody knows whether it was delivered.
    pub resend_unknown: bool,
    /// How many times at most a message is sent again that the service did not take.
    pub resends: Option<u32>,
    /// Shortest time between two attempts.
    pub shortest_wait: Option<Duration>,
    /// Longest time between two attempts.
    pub longest_wait: Option<Duration>,
}

/// Most times that a message is sent again.
const MAX_RESENDS: u32 = 100;

impl Resolver<'_> {
    pub(super) fn relay(&self, table: RelayTable) -> Result<Relay, ConfigError> {
        let resend_unknown = match table.unknown.as_deref() {
            None | Some("resend") => true,
            Some("leave") => false,
            Some(other) => {
                let message = format!("`{other}` is unknown; write `resend` or `leave`");
                return Err(self.value_error("relay.unknown", message));
            }
        };
        if let Some(resends) = table.resends.filter(|resends| *resends > MAX_RESENDS) {
            let message = format!("{resends} is too many; {MAX_RESENDS} is the most");
            return Err(self.value_error("relay.resends", message));
        }
        let wait = |key: &str, text: Option<String>| self.duration(&format!("relay.{key}"), text.as_deref());
        let shortest_wait = wait("shortest_wait", table.shortest_wait)?;
        let longest_wait = wait("longest_wait", table.longest_wait)?;
        if let (Some(shortest), Some(longest)) = (shortest_wait, longest_wait)
            && shortest > longest
        {
            return Err(self.value_error("relay.longest_wait", "must not be less than `shortest_wait`"));
        }
        Ok(Relay { resend_unknown, resends: table.resends, shortest_wait, longest_wait })
    }
}
