//! `replay`: events once more.

use std::{
    fmt::Write as _,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use super::{
    args::ReplayArgs,
    exit_code,
    failure::{Failure, Outcome},
    inbox::milliseconds,
    receiver::Parts,
    render,
    session::{Session, overrides},
};
use crate::{
    model::Event,
    serve::{Replay, Replayed, inbox::import_line},
};

/// Events of a file that are handed in at once.
const AT_ONCE: usize = 10_000;

/// Loads events once more, and those that wait.
pub(crate) async fn replay(args: ReplayArgs) -> Outcome {
    let session = Session::open_for_events(&args.pipeline.pipeline, &overrides(&args.pipeline.changes)).await?;
    let config = &session.config;
    let mut parts = Parts::new(&session).await?;
    let _lock = parts.lock;
    let mut replay = Replay {
        inbox: &mut parts.inbox,
        handler: &parts.webhook,
        guard: parts.webhook.guard().clone(),
        loader: &parts.loader,
        keyed: parts.keyed,
        lock_wait: config.lock_wait,
        window: config.serve.dedupe_window,
        done: Replayed::default(),
    };
    let since = milliseconds(args.since);
    let outcome = match &args.from {
        None => replay.inbox(since).await.map_err(Failure::from),
        Some(path) => from_file(&mut replay, path, since).await,
    };
    let done = replay.done;
    tell(&done)?;
    outcome?;
    Ok(done.error.map_or(exit_code::OK, |error| exit_code::of_source(error.kind)))
}

async fn from_file<H: crate::source::EventHandler>(
    replay: &mut Replay<'_, H>,
    path: &Path,
    since_ms: u64,
) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        let error = anyhow::Error::new(error).context(format!("cannot read the events of `{}`", path.display()));
        Failure::with_code(exit_code::CONFIG, error)
    };
    let reader: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(BufReader::new(std::io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(path).map_err(failed)?))
    };
    let mut events: Vec<Event> = Vec::new();
    for (number, line) in (1..).zip(reader.lines()) {
        let line = line.map_err(failed)?;
        if line.trim().is_empty() {
            continue;
        }
        let event = import_line(&line).map_err(|reason| {
            let hint = "a line is what `sluicegate inbox export` writes; what stood before it is loaded".to_owned();
            Failure::config(format!("line {number} of `{}` is no event: {reason}", path.display()), Some(hint))
        })?;
        if event.received_at_ms >= since_ms {
            events.push(event);
        }
        if events.len() >= AT_ONCE {
            replay.events(events.drain(..)).await?;
        }
    }
    Ok(replay.events(events).await?)
}

fn tell(done: &Replayed) -> Result<(), Failure> {
    let again = render::count(done.again, "event");
    let first = render::count(done.first, "event");
    let mut text = format!("{again} loaded again, {first} for the first time, in {} load package(s)\n", done.loads);
    for (table, rows) in &done.rows {
        let _ = writeln!(text, "  {table}: {}", render::count(*rows, "row"));
    }
    render::data(&text)?;
    if done.forgotten > 0 {
        let events = render::count(done.forgotten, "event");
        eprintln!("{events} left out, of people who were forgotten");
    }
    if done.rejected > 0 {
        eprintln!("warning: {} kept aside in `_rejected_records`", render::count(done.rejected, "record"));
    }
    for (resource, records) in &done.left_out {
        let records = render::count(*records, "record");
        eprintln!("warning: {resource}: {records} left out, for without a key they would be there twice");
    }
    if let Some(error) = &done.error {
        let events = render::count(done.unhandled, "event");
        eprintln!("error: {events} could not be handled: {}: {error}", error.kind.as_str());
        if let Some(hint) = &error.hint {
            eprintln!("hint: {hint}");
        }
    }
    Ok(())
}
