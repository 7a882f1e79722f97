//! `run`: puts configuration, component, destination and pipeline together.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use serde_json::Value;

use super::{
    args::{RefreshMode, RunArgs},
    every, exit_code,
    failure::{Failure, Outcome},
    incremental, plan, privacy,
    progress::Progress,
    refresh, render, retention,
    session::{Session, overrides, sink_options},
    signals::Signals,
};
use crate::{
    component::ComponentWebhook,
    config::{Config, Overrides, quoted_list},
    model::{ResourceSpec, WriteDisposition},
    normalize::{Normalizer, RandomBytes, schema::Schema},
    pipeline::{self, Action, Destination, Finished, LoadThresholds, Planned, Settings},
    privacy::Guard,
    report::{ErrorReport, ResourceReport, ResourceStatus, RunReport, RunStatus},
    retry::RetryPolicy,
    sink::{Sink, SinkError, Stored, Warm},
    state::State,
};

/// Loads the resources of a pipeline.
pub(crate) async fn run(args: RunArgs, quiet: bool) -> Outcome {
    let changes = Overrides {
        resources: args.resources.clone(),
        destination: args.destination.clone(),
        dataset: args.dataset.clone(),
        ..overrides(&args.pipeline.changes)
    };
    // It starts while the component is loaded.
    let warm = if args.every.is_none() { Warm::start() } else { Warm::default() };
    let session = Session::open(&args.pipeline.pipeline, &changes).await?;
    let signals = Signals::new();
    match every::interval(&args, &session.config)? {
        None => once(&session, &args, quiet, &signals, warm).await,
        Some(interval) => every::repeat(&session, &args, quiet, interval, &signals).await,
    }
}

/// Runs a pipeline once, with a DuckDB that may have been started already. The answer is the exit status.
pub(crate) async fn once(session: &Session, args: &RunArgs, quiet: bool, signals: &Signals, warm: Warm) -> Outcome {
    // Listing needs no secret, so that a pipeline that lists nothing usable fails before the destination is touched.
    let provisional = session.source(&session.tokens(&BTreeMap::new())?)?;
    let selected = session.select(session.list(&provisional).await?).await?;
    drop(provisional);
    let hints = plan::hints(&selected, &session.config);
    let incremental = incremental::settings(&selected, &hints, &session.config)?;
    for (hints, incremental) in hints.iter().zip(&incremental) {
        privacy::check(hints, incremental.as_ref().map(|incremental| incremental.field.as_str()), &session.config)?;
    }
    let guard = privacy::guard(&session.config)?;

    if let Some(path) = &args.report {
        reserve_report(path)?;
    }
    let (sink, stored) = match open_sink(&session.config, warm) {
        Ok(opened) => opened,
        Err(error) => {
            if let Some(path) = &args.report {
                write_report(path, &unopened(&selected, &session.config, &error)?)?;
            }
            return Err(error.into());
        }
    };
    let sources = Value::Object(stored.state.unwrap_or_default());
    let mut state = State::read(&sources, &session.config.source)?;
    if let Some(staged) = &stored.staged {
        state.read_staged(staged, &session.config.source)?;
    }
    state.tokens = session.tokens(&state.tokens)?;
    let source = session.source(&state.tokens)?;
    let guard = privacy::without_forgotten(guard, session, &state.tokens).await?;
    let mut schema = stored.schema.unwrap_or_else(|| Schema::new(&session.config.source));
    if !session.config.privacy.retention.is_empty() {
        let pushed = session.webhook(&state.tokens).await?;
        let pushed = pushed.as_ref().map(ComponentWebhook::resources).unwrap_or_default();
        let names = selected.iter().chain(pushed).map(|spec| spec.name.as_str());
        retention::warn_of_unknown(&session.config, &schema, names);
    }
    plan::take_up(&hints, &schema, &mut state);
    let mut planned = plan::plan(hints.clone(), &state);
    let refresh = if args.full_refresh { Some(RefreshMode::Data) } else { args.refresh };
    let drop_others = refresh.and_then(|mode| refresh::ask(mode, &mut planned, &mut state, &mut schema));
    plan::check(&hints, &schema, &session.config)?;
    hints.iter().try_for_each(|hints| privacy::check_stored(hints, &schema, &session.config))?;
    incremental::plan(&mut planned, incremental, &schema, &state)?;
    let appended_to = appended_to(&planned, &schema);
    let mut normalizer = Normalizer::new(schema, random_source());
    if let Some(contract) = session.config.schema_contract {
        normalizer.set_contract(contract);
    }
    let destination = Destination { sink, normalizer, sources, state, drop_others };

    let names: Vec<String> = planned.iter().map(|planned| planned.hints.resource.to_string()).collect();
    let progress = Arc::new(Progress::new(args.progress, quiet, &names));
    let settings = Settings { guard, ..settings(&session.config)? };
    signals.listen();
    let finished = pipeline::run(&source, &planned, destination, &settings, progress.clone(), signals.stop()).await;
    progress.finish();

    render::remarks(&finished.report, &|error| advice(error, session));
    if let Some(error) = &finished.loader_error
        && !finished
            .report
            .resources
            .iter()
            .any(|resource| resource.error.as_ref().is_some_and(|error| error.kind == "destination"))
    {
        eprintln!("error: destination: {error}");
        if let Some(hint) = error.hint() {
            eprintln!("hint: {hint}");
        }
    }
    if finished.stopped {
        eprintln!("stopped: what was committed stays, and the next run goes on from there");
    }
    incremental::warn_of_lag(&planned);
    let idle = settings.guard.idle_paths();
    if !idle.is_empty() {
        // Most services have no value for some; a path with a slip of the pen would be one of them.
        tracing::info!("nothing that came is at these paths of [privacy]: {}", quoted_list(&idle));
    }
    if !quiet {
        merge_note(&finished.report, &appended_to, &session.config);
    }
    render::summary(&finished.report)?;
    if let Some(path) = &args.report {
        write_report(path, &finished.report)?;
    }
    if finished.loader_error.is_none() {
        retention::apply(&session.config)?;
    }
    Ok(status(&finished, signals.code()))
}

fn status(finished: &Finished, signalled: Option<u8>) -> u8 {
    match signalled {
        Some(code) if finished.stopped => code,
        _ => {
            let destination = if finished.loader_error.is_some() { exit_code::DESTINATION } else { exit_code::OK };
            exit_code::of_run(&finished.report).max(destination)
        }
    }
}

fn open_sink(config: &Config, warm: Warm) -> Result<(Sink, Stored), SinkError> {
    let sink = Sink::open_warm(sink_options(config), &mut render::waiting(&config.database), warm)?;
    let stored = sink.stored()?;
    Ok((sink, stored))
}

/// The report of a run whose destination could not be opened: nothing was fetched, and each resource failed with it.
fn unopened(selected: &[ResourceSpec], config: &Config, error: &SinkError) -> Result<RunReport, Failure> {
    let error = ErrorReport { kind: "destination", message: error.to_string(), http_status: None, hint: None };
    let resources = selected.iter().map(|spec| ResourceReport {
        status: ResourceStatus::Failed,
        error: Some(error.clone()),
        ..ResourceReport::new(spec.name.as_str())
    });
    let settings = settings(config)?;
    let now = jiff::Timestamp::now().to_string();
    Ok(RunReport {
        run_id: settings.run_id,
        pipeline: settings.pipeline,
        dataset: settings.dataset,
        destination: settings.destination,
        status: RunStatus::Failed,
        started_at: now.clone(),
        finished_at: now,
        elapsed_ms: 0,
        loads: Vec::new(),
        resources: resources.collect(),
    })
}

/// Random bytes from the system, fetched in blocks: a call of the system for each row would cost more than the row.
pub(crate) fn random_source() -> RandomBytes {
    let mut block = [0_u8; 4096];
    let mut used = block.len();
    Box::new(move |bytes| {
        if used + bytes.len() > block.len() {
            // Without random bytes ids would repeat, and no row may be written then.
            getrandom::fill(&mut block).unwrap_or_else(|error| panic!("the system has no random bytes: {error}"));
            used = 0;
        }
        bytes.copy_from_slice(&block[used..used + bytes.len()]);
        used += bytes.len();
    })
}

fn settings(config: &Config) -> Result<Settings, Failure> {
    let id = getrandom::u64().map_err(|error| anyhow::anyhow!("cannot get random bytes: {error}"))?;
    Ok(Settings {
        run_id: format!("{id:016x}"),
        pipeline: config.pipeline.clone(),
        dataset: config.dataset.clone(),
        source: config.source.clone(),
        destination: config.destination(),
        concurrency: config.concurrency,
        retry: RetryPolicy {
            attempts: config.retry.attempts,
            max_wait: config.retry.max_wait,
            budget: config.retry.budget,
        },
        load: LoadThresholds {
            rows: config.load.commit_rows,
            bytes: config.load.commit_bytes,
            every: config.load.commit_every,
        },
        pages: config.limits.pages,
        page_hints: (10_000, 8 << 20),
        guard: Guard::default(),
    })
}

/// The resources that add rows to a table that has some already, with nothing to tell a row that is there twice: neither a
/// key nor a field to read on by.
fn appended_to(planned: &[Planned], schema: &Schema) -> Vec<String> {
    planned
        .iter()
        .filter(|planned| planned.hints.write_disposition == WriteDisposition::Append && planned.refresh.is_none())
        .filter(|planned| planned.incremental.is_none())
        .filter(|planned| matches!(&planned.action, Action::Fetch(checkpoint) if checkpoint.cursor.is_none()))
        .map(|planned| planned.hints.resource.to_string())
        .filter(|name| schema.tables.get(name).is_some_and(|table| table.seen_data && table.columns.contains_key("id")))
        .collect()
}

/// Says that a run appended to what was there, and how to merge instead. A resource of one record is a reading, and there
/// is nothing to merge.
fn merge_note(report: &RunReport, appended_to: &[String], config: &Config) {
    let appended: Vec<&str> = report
        .resources
        .iter()
        .filter(|resource| resource.status == ResourceStatus::Loaded && resource.records > 1)
        .map(|resource| resource.name.as_str())
        .filter(|name| appended_to.iter().any(|appended| appended == name))
        .collect();
    let Some(first) = appended.first() else { return };
    let list = quoted_list(&appended);
    eprintln!("note: the rows of {list} were added to those of earlier runs, for they have no key");
    eprintln!("hint: if `id` is one, have a row take the place of its older self: add to `{}`", config.file.display());
    eprintln!("  [resources.{first}]");
    eprintln!("  write_disposition = \"merge\"");
    eprintln!("  primary_key = [\"id\"]");
}

/// Advice for the failures that a user of this pipeline can do something about.
fn advice(error: &ErrorReport, session: &Session) -> Option<String> {
    if error.hint.is_some() {
        return error.hint.clone();
    }
    let file = session.config.file.display();
    match error.kind {
        "auth" => {
            let keys = session.secret_keys();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            Some(format!("check the secret {}", quoted_list(&keys)))
        }
        "not-found" => Some(format!(
            "check the configuration in `{file}`; if the service does not offer the resource, leave it out of `resources` in [source]"
        )),
        _ => None,
    }
}

/// Makes the report's file before anything is contacted: a run must not end without the report that was asked for, nor
/// leave the one of an earlier run in its place.
fn reserve_report(path: &Path) -> Result<(), Failure> {
    std::fs::File::create(path).map(drop).map_err(|error| {
        let error = anyhow::Error::new(error).context(format!("cannot write the report `{}`", path.display()));
        Failure::with_code(exit_code::CONFIG, error)
    })
}

fn write_report(path: &Path, report: &RunReport) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(report).map_err(anyhow::Error::from)?;
    std::fs::write(path, text + "\n").map_err(|error| {
        let error = anyhow::Error::new(error).context(format!("cannot write the report `{}`", path.display()));
        Failure::with_code(exit_code::DESTINATION, error)
    })
}
