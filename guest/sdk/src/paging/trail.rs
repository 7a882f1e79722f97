//! Notices that following links or cursors goes round in a circle.

/// How many requests back are remembered one by one.
const RECENT: usize = 16;

/// A bounded memory of the requests that were made.
///
/// A circle of up to 16 requests is noticed before any of its pages is read again. A longer one is noticed by Brent's
/// method, which keeps a single mark: the request at the last power of two steps. So no circle is endless, and the
/// cursor stays small however long the way is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    pub(super) recent: Vec<u64>,
    pub(super) mark: u64,
    pub(super) steps: u64,
}

impl Trail {
    /// Steps to a request; tells whether it was met before.
    #[must_use]
    pub fn step(&mut self, request: &str) -> bool {
        let request = digest(request.as_bytes());
        if self.recent.contains(&request) || (self.steps > 0 && self.mark == request) {
            return true;
        }
        self.recent.push(request);
        if self.recent.len() > RECENT {
            self.recent.remove(0);
        }
        self.steps = self.steps.saturating_add(1);
        if self.steps.is_power_of_two() {
            self.mark = request;
        }
        false
    }
}

/// A digest that is the same in every release (FNV-1a with 64 bits), never 0: for telling apart, not for security.
pub fn digest(bytes: &[u8]) -> u64 {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    hash.max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digest_is_that_of_fnv() {
        assert_eq!(digest(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(digest(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_long_way_is_no_circle() {
        let mut trail = Trail::default();
        assert!((0..10_000).all(|n| !trail.step(&n.to_string())));
        assert_eq!(trail.recent.len(), RECENT);
    }

    proptest! {
        #[test]
        fn every_circle_ends(lead in 0usize..60, circle in 1usize..60) {
            let mut trail = Trail::default();
            let met = (0..10_000).position(|n: usize| trail.step(&if n < lead { n } else { lead + (n - lead) % circle }.to_string()));
            let met = met.unwrap();
            prop_assert!(met >= lead + circle);
            prop_assert!(met <= 3 * (lead + circle) + 3, "{met}");
            if circle <= RECENT {
                prop_assert_eq!(met, lead + circle);
            }
        }
    }
}
