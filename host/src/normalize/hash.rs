//! SHAKE128, the hash of dlt's ids and tags.
//!
//! The sponge is written out because its usual implementation permutes the state once more after the answer is read,
//! which doubles the cost of a hash that fits one block, and the ids of child rows are the dearest part of a row.

/// Bytes that go into the state at once.
const RATE: usize = 168;

/// Fills `out`, of at most [`RATE`] bytes, with the hash of `input`.
pub(crate) fn shake128(input: &[u8], out: &mut [u8]) {
    let mut state = [0; 25];
    let (blocks, rest) = input.as_chunks::<RATE>();
    for block in blocks {
        absorb(&mut state, block);
    }
    let mut last = [0; RATE];
    for (padded, byte) in last.iter_mut().zip(rest.iter().chain([&0x1f])) {
        *padded = *byte;
    }
    last[RATE - 1] |= 0x80;
    absorb(&mut state, &last);
    for (byte, hashed) in out.iter_mut().zip(state.iter().flat_map(|lane: &u64| lane.to_le_bytes()).take(RATE)) {
        *byte = hashed;
    }
}

fn absorb(state: &mut [u64; 25], block: &[u8; RATE]) {
    let (lanes, _) = block.as_chunks::<8>();
    for (state, lane) in state.iter_mut().zip(lanes) {
        *state ^= u64::from_le_bytes(*lane);
    }
    keccak::f1600(state);
}

#[cfg(test)]
mod tests {
    use sha3::{
        Shake128,
        digest::{ExtendableOutput, Update, XofReader},
    };

    use super::*;

    #[test]
    fn hashes_are_those_of_shake128_whatever_the_length() {
        for length in 0..3 * RATE {
            let input: Vec<u8> = (0..=255).cycle().take(length).collect();
            let (mut ours, mut theirs) = ([0; 20], [0; 20]);
            shake128(&input, &mut ours);
            let mut hasher = Shake128::default();
            hasher.update(&input);
            hasher.finalize_xof().read(&mut theirs);
            assert_eq!(ours, theirs, "{length}");
        }
    }
}
