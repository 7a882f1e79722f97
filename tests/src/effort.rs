//! How much is done by tests that could go on for long: a little in `make test`, much in `make soak`.

use std::time::Duration;

/// `much` in `make soak`, which sets `SLUICEGATE_SOAK`, and `little` otherwise.
pub fn either<T>(little: T, much: T) -> T {
    if std::env::var_os("SLUICEGATE_SOAK").is_some() { much } else { little }
}

/// Random numbers from `SLUICEGATE_SEED`, or from a seed of its own; either is printed.
#[expect(clippy::print_stdout, reason = "the test runner shows it when the test fails")]
pub fn random() -> fastrand::Rng {
    let seed = std::env::var("SLUICEGATE_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("SLUICEGATE_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}

/// A random time below a limit, in microseconds.
pub fn moment(random: &mut fastrand::Rng, limit: Duration) -> Duration {
    Duration::from_micros(random.u64(0..u64::try_from(limit.as_micros()).unwrap().max(1)))
}
