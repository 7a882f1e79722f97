//! `inbox`: what is in it, out of it, and away with what is old.

use std::{fmt::Write as _, time::Duration};

use serde_json::json;

use super::{
    args::{InboxExportArgs, InboxPruneArgs, InboxStatusArgs, StateFormat},
    exit_code,
    failure::Outcome,
    privacy, render,
};
use crate::{
    config::{Config, Overrides},
    privacy::{Guard, WITHHELD_REASON},
    serve::inbox::{Inbox, InboxError, Kept, Status, export_line},
};

/// Bytes that are written to stdout at once.
const BLOCK: usize = 64 << 10;

/// Shows how many events wait, and what is kept.
pub(crate) fn status(args: &InboxStatusArgs) -> Outcome {
    let config = Config::load(&args.of.pipeline, &Overrides::default())?;
    let status = match Inbox::open(&config.serve.inbox) {
        Ok(inbox) => inbox.status(inbox.loaded_through()?)?,
        // Before the first start there is nothing, and that is no failure.
        Err(InboxError::Missing { .. }) => Status::default(),
        Err(error) => return Err(error.into()),
    };
    let text = match args.format {
        StateFormat::Text => lines(&status, &config),
        StateFormat::Json => {
            let object = json!({
                "inbox": config.serve.inbox,
                "waiting": status.waiting,
                "waiting_bytes": status.waiting_bytes,
                "waiting_since": status.waiting_since_ms.and_then(time),
                "unhandled": status.unhandled,
                "loaded": status.loaded,
                "bytes": status.bytes,
                "since": status.since_ms.and_then(time),
                "relays": status.relays,
            });
            format!("{object:#}\n")
        }
    };
    render::data(&text)?;
    Ok(exit_code::OK)
}

fn lines(status: &Status, config: &Config) -> String {
    let since = |time_ms: Option<u64>| {
        time_ms.and_then(time).map_or_else(String::new, |time| format!(", the first of them since {time}"))
    };
    let mut text = format!("{}\n", config.serve.inbox.display());
    let waiting = render::count(status.waiting, "event");
    let _ = writeln!(
        text,
        "waiting    {waiting}, {} bytes{}",
        render::thousands(status.waiting_bytes),
        since(status.waiting_since_ms)
    );
    let _ = writeln!(text, "unhandled  {}", render::count(status.unhandled, "event"));
    if status.relays > 0 {
        let _ = writeln!(text, "relays     {} to be passed on", render::count(status.relays, "message"));
    }
    let _ = writeln!(
        text,
        "loaded     {}, kept for {}",
        render::count(status.loaded, "event"),
        humantime::format_duration(config.serve.retention)
    );
    let _ = writeln!(text, "in all     {} bytes{}", render::thousands(status.bytes), since(status.since_ms));
    text
}

fn time(time_ms: u64) -> Option<String> {
    let time = jiff::Timestamp::from_millisecond(i64::try_from(time_ms).ok()?).ok()?;
    Some(format!("{time:.3}"))
}

/// Writes the events to stdout.
pub(crate) fn export(args: &InboxExportArgs) -> Outcome {
    let config = Config::load(&args.of.pipeline, &Overrides::default())?;
    let inbox = Inbox::open(&config.serve.inbox)?;
    let guard = privacy::guard(&config)?;
    let mut text = String::new();
    let mut written = Ok(());
    inbox.since(milliseconds(args.since), 0, |kept| {
        text.push_str(&export_line(&clean(&guard, kept)));
        text.push('\n');
        if text.len() >= BLOCK {
            written = render::data(&text);
            text.clear();
        }
        written.is_ok()
    })?;
    written?;
    render::data(&text)?;
    Ok(exit_code::OK)
}

/// An event as it may leave. What a component said of one that was not clean yet is not told.
fn clean(guard: &Guard, kept: Kept) -> Kept {
    let event = guard.event(kept.event.clone());
    let unhandled =
        if event == kept.event { kept.unhandled } else { kept.unhandled.map(|_| WITHHELD_REASON.to_owned()) };
    Kept { event, unhandled, ..kept }
}

/// Removes events that are loaded and old enough.
pub(crate) fn prune(args: &InboxPruneArgs) -> Outcome {
    let config = Config::load(&args.of.pipeline, &Overrides::default())?;
    let inbox = Inbox::open(&config.serve.inbox)?;
    let asked = args.older_than.unwrap_or(config.serve.retention);
    // An event must be remembered for as long as an equal one is taken for the same.
    let age = asked.max(config.serve.dedupe_window);
    let before = jiff::Timestamp::now().checked_sub(signed(age)).unwrap_or(jiff::Timestamp::MIN);
    let pruned = inbox.prune(milliseconds(Some(before)))?;
    let (events, bytes) = (render::count(pruned.events, "event"), render::thousands(pruned.bytes));
    render::data(&format!(
        "removed {events}, {bytes} bytes, loaded and older than {}\n",
        humantime::format_duration(age)
    ))?;
    Ok(exit_code::OK)
}

/// Milliseconds since 1970; those of the beginning when no time is told.
pub(crate) fn milliseconds(time: Option<jiff::Timestamp>) -> u64 {
    time.and_then(|time| u64::try_from(time.as_millisecond()).ok()).unwrap_or_default()
}

fn signed(age: Duration) -> jiff::SignedDuration {
    jiff::SignedDuration::try_from(age).unwrap_or(jiff::SignedDuration::MAX)
}
