//! `serve`: receives events, and runs the pipeline beside it when it is told to.

use std::{thread, time::Instant};

use tokio::sync::oneshot;

use super::{
    args::{ProgressKind, RunArgs, ServeArgs},
    exit_code,
    failure::{Failure, Outcome},
    hook::own_folder,
    receiver::Parts,
    render, run,
    session::{Session, overrides},
    signals::Signals,
};
use crate::{
    config::Overrides,
    serve::{DestinationGate, ServeOptions, Serving},
    sink::Warm,
};

/// Receives events until it is told to stop.
pub(crate) async fn serve(args: ServeArgs, quiet: bool) -> Outcome {
    let changes = overrides(&args.pipeline.changes);
    let session = Session::open_for_events(&args.pipeline.pipeline, &changes).await?;
    let parts = Parts::new(&session).await?;
    let _lock = parts.lock;
    let mut settings = session.config.serve.clone();
    settings.listen = args.listen.unwrap_or(settings.listen);
    // From here on a signal ends it in good order.
    let signals = Signals::new();
    signals.listen();
    let gate = DestinationGate::default();
    let options = ServeOptions {
        serve: settings,
        relay: session.config.relay,
        connections: session.limits.connections,
        key_dir: own_folder(&session.config),
        guard: parts.webhook.guard().clone(),
    };
    let is_tls = options.serve.tls.is_some();
    let serving =
        Serving::bind(options, parts.webhook, parts.loader, parts.inbox, DestinationGate::clone(&gate)).await?;
    if !quiet {
        let unknown = |error| anyhow::Error::new(error).context("cannot tell the address");
        let (scheme, address) = (if is_tls { "https" } else { "http" }, serving.address().map_err(unknown)?);
        eprintln!("receiving on {scheme}://{address}; `sluicegate hook url` prints the address of the hook");
        if let Some(admin) = serving.admin_address().map_err(unknown)? {
            eprintln!("readiness and metrics on http://{admin}");
        }
    }
    let schedule = session.config.schedule.is_some().then(|| Schedule::start(&args, changes, gate)).transpose()?;
    let flushed = serving.run(signals.stop()).await?;
    if let Some(schedule) = schedule {
        schedule.end();
    }
    if flushed.waiting > 0 && !quiet {
        let waiting = render::count(flushed.waiting, "event");
        eprintln!("stopped: {waiting} in the inbox, loaded by the next start");
    }
    Ok(exit_code::OK)
}

/// The pipeline's own resources, loaded again and again on a thread of its own.
struct Schedule {
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Schedule {
    fn start(args: &ServeArgs, changes: Overrides, gate: DestinationGate) -> Result<Self, Failure> {
        let (stop, stopped) = oneshot::channel();
        let run = RunArgs {
            pipeline: args.pipeline.clone(),
            resources: Vec::new(),
            full_refresh: false,
            refresh: None,
            destination: None,
            dataset: None,
            every: None,
            report: None,
            progress: ProgressKind::None,
        };
        let failed = |error: std::io::Error| anyhow::Error::new(error).context("cannot start a thread");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let work = move || runtime.block_on(repeat(run, changes, gate, stopped));
        let thread = thread::Builder::new().name("schedule".to_owned()).spawn(work).map_err(failed)?;
        Ok(Self { stop, thread })
    }

    fn end(self) {
        drop(self.stop);
        // A run that is under way has been told by the same signal, and commits what it has.
        let _ = self.thread.join();
    }
}

async fn repeat(args: RunArgs, changes: Overrides, gate: DestinationGate, mut stopped: oneshot::Receiver<()>) {
    let session = match Session::open(&args.pipeline.pipeline, &changes).await {
        Ok(session) => session,
        Err(failure) => return render::failure(&failure),
    };
    let Some(interval) = session.config.schedule else { return };
    let signals = Signals::new();
    loop {
        let began = Instant::now();
        let turn = tokio::select! {
            turn = gate.lock() => turn,
            _ = &mut stopped => return,
        };
        if let Err(failure) = run::once(&session, &args, true, &signals, Warm::default()).await {
            render::failure(&failure);
        }
        drop(turn);
        tokio::select! {
            () = tokio::time::sleep_until((began + interval).into()) => {}
            _ = &mut stopped => return,
        }
    }
}
