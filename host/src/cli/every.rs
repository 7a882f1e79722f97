//! `run --every`: one run after another, until it is told to stop.

use std::time::{Duration, Instant};

use super::{
    args::RunArgs,
    exit_code,
    failure::{Failure, Outcome},
    render, run,
    session::Session,
    signals::Signals,
};
use crate::{
    config::{Config, units},
    sink::Warm,
};

/// How long after the beginning of one run the next one begins; none for a single run.
pub(crate) fn interval(args: &RunArgs, config: &Config) -> Result<Option<Duration>, Failure> {
    match args.every.as_deref() {
        None => Ok(None),
        Some("") => config.schedule.map(Some).ok_or_else(|| {
            let hint = "write `--every 1m`, or `every = \"1m\"` in `[schedule]`".to_owned();
            Failure::config(
                format!("`--every` is without a duration, and `{}` names none", config.file.display()),
                Some(hint),
            )
        }),
        Some(text) => match units::duration(text) {
            Ok(Duration::ZERO) => Err(Failure::config("`--every` must be more than 0", None)),
            Ok(interval) => Ok(Some(interval)),
            Err(reason) => Err(Failure::config(format!("`--every`: {reason}"), None)),
        },
    }
}

/// Runs again and again. A run that fails is told and does not end it, but for what no further run would mend.
pub(crate) async fn repeat(
    session: &Session,
    args: &RunArgs,
    quiet: bool,
    interval: Duration,
    signals: &Signals,
) -> Outcome {
    loop {
        let began = Instant::now();
        match run::once(session, args, quiet, signals, Warm::default()).await {
            Err(failure) if failure.code == exit_code::CONFIG || failure.code == exit_code::BUG => return Err(failure),
            Err(failure) => render::failure(&failure),
            Ok(_) => {}
        }
        signals.listen();
        tokio::select! {
            () = signals.stop() => {}
            () = tokio::time::sleep_until((began + interval).into()) => {}
        }
        if let Some(code) = signals.code() {
            return Ok(code);
        }
    }
}
