//! Which message is sent next: those of one client one after another, in the order in which they were taken.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::mpsc;

/// Messages that wait, by lane. A lane is there as long as a message is in it.
#[derive(Debug)]
pub(in crate::serve) struct Lanes {
    state: Mutex<State>,
    /// Told of each lane that came up.
    opened: mpsc::UnboundedSender<Lane>,
}

#[derive(Debug, Default)]
struct State {
    lanes: HashMap<Lane, VecDeque<u64>>,
    /// How many messages are in them. It is asked for with each message that comes, and there may be as many lanes.
    waiting: usize,
}

/// Messages that are sent one after another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::serve) enum Lane {
    /// Those with the same key.
    Of(String),
    /// One whose order does not matter.
    Single(u64),
}

impl Lanes {
    /// No lanes as yet, and where those that come up are told.
    pub(in crate::serve) fn new() -> (Self, mpsc::UnboundedReceiver<Lane>) {
        let (opened, receiver) = mpsc::unbounded_channel();
        (Self { state: Mutex::default(), opened }, receiver)
    }

    /// A message was taken. Called in the order of the numbers.
    pub(in crate::serve) fn add(&self, number: u64, key: Option<&str>) {
        let lane = key.map_or(Lane::Single(number), |key| Lane::Of(key.to_owned()));
        let mut state = self.lock();
        state.waiting += 1;
        let waiting = state.lanes.entry(lane.clone()).or_default();
        waiting.push_back(number);
        if waiting.len() == 1 {
            // Nobody listens any more when the receiver stops: the next start takes it up.
            let _ = self.opened.send(lane);
        }
    }

    /// The message that a lane begins with.
    pub(super) fn first(&self, lane: &Lane) -> Option<u64> {
        self.lock().lanes.get(lane)?.front().copied()
    }

    /// The first message of a lane is over. The next one; the lane is gone when there is none.
    pub(super) fn advance(&self, lane: &Lane) -> Option<u64> {
        let mut state = self.lock();
        let waiting = state.lanes.get_mut(lane)?;
        let over = usize::from(waiting.pop_front().is_some());
        let next = waiting.front().copied();
        state.waiting -= over;
        if next.is_none() {
            state.lanes.remove(lane);
        }
        next
    }

    /// How many messages wait or are being sent.
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_a_client_are_a_lane() {
        let (lanes, mut opened) = Lanes::new();
        for (number, key) in [(1, Some("a")), (2, Some("b")), (3, Some("a")), (4, None), (5, None)] {
            lanes.add(number, key);
        }
        let mut told = Vec::new();
        while let Ok(lane) = opened.try_recv() {
            told.push(lane);
        }
        let a = Lane::Of("a".to_owned());
        assert_eq!(told, [a.clone(), Lane::Of("b".to_owned()), Lane::Single(4), Lane::Single(5)]);
        assert_eq!((lanes.waiting(), lanes.first(&a)), (5, Some(1)));
        assert_eq!(lanes.advance(&a), Some(3));
        assert_eq!(lanes.advance(&a), None);
        assert_eq!((lanes.waiting(), lanes.first(&a), lanes.advance(&a)), (3, None, None));
        // A client that writes again opens its lane again.
        lanes.add(6, Some("a"));
        assert_eq!(opened.try_recv(), Ok(a));
    }
}
