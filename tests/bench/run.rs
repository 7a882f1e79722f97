//! Runs a scenario: all tools by turns, each time in an empty folder, and each time with a look at what was loaded.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;

use acceptance::places;
use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::measure::Sample;
use crate::pages::{Pages, Shape};
use crate::scenario::Scenario;
use crate::server::Server;
use crate::stats::seconds;
use crate::tool::{Task, Tool, python};

/// What the runs of each tool took.
pub(crate) type Samples = Vec<(Tool, Vec<Sample>)>;

/// Runs one scenario and tells each run.
pub(crate) fn run(scenario: &Scenario, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Samples> {
    let work = tempfile::Builder::new().prefix("bench").tempdir_in(places::lasting("bench"))?;
    let stage = Stage::new(scenario, work.path())?;
    let mut bases = HashMap::new();
    if scenario.into > 0 {
        for (tool, _) in &scenario.tools {
            tell(&format!("{}: {} loads {} rows first", scenario.name, tool.name(), scenario.into));
            bases.insert(tool.name(), stage.base(*tool)?);
        }
    }
    let mut samples: Samples = scenario.tools.iter().map(|(tool, _)| (*tool, Vec::new())).collect();
    let rounds = scenario.tools.iter().map(|(_, runs)| *runs).max().unwrap_or(0);
    for round in 0..rounds {
        for ((tool, runs), (_, taken)) in scenario.tools.iter().zip(&mut samples) {
            // Fewer runs are spread over all rounds.
            if round * runs / rounds == (round + 1) * runs / rounds {
                continue;
            }
            let sample = stage.load(*tool, bases.get(tool.name()).map(PathBuf::as_path))?;
            let (wall, cpu) = (seconds(sample.wall), seconds(sample.cpu));
            tell(&format!("{}: {}: {wall} ({cpu} of CPU, {:.0} MB)", scenario.name, tool.name(), sample.rss));
            taken.push(sample);
        }
    }
    Ok(samples)
}

/// Runs a command, such as a profiler, in a folder with the pipeline file of a scenario, while its pages are served. The folder
/// is empty but for that file and for the database that the scenario's rows are added to.
pub(crate) fn beside(scenario: &Scenario, command: &[OsString]) -> anyhow::Result<ExitStatus> {
    let [program, args @ ..] = command else { anyhow::bail!("run what?") };
    let work = tempfile::Builder::new().prefix("bench").tempdir_in(places::lasting("bench"))?;
    let stage = Stage::new(scenario, work.path())?;
    let dir = work.path().join("run");
    fs::create_dir(&dir)?;
    if scenario.into > 0 {
        copy(&stage.base(Tool::Sluicegate)?, &dir)?;
    }
    let job = Tool::Sluicegate.job(&stage.task, &dir)?;
    Command::new(program)
        .args(args)
        .envs(job.env)
        .current_dir(&dir)
        .status()
        .with_context(|| program.display().to_string())
}

/// What all runs of a scenario have in common.
struct Stage<'a> {
    scenario: &'a Scenario,
    work: &'a Path,
    task: Task,
    _server: Server,
}

impl<'a> Stage<'a> {
    fn new(scenario: &'a Scenario, work: &'a Path) -> anyhow::Result<Self> {
        let pages = Arc::new(Pages::new(scenario.shape, scenario.first, scenario.rows, scenario.is_distinct()));
        let lines = work.join("records.jsonl");
        if scenario.tools.iter().any(|(tool, _)| matches!(tool, Tool::ReadJson | Tool::ReadJsonFlat)) {
            pages.write_lines(&lines)?;
        }
        let server = Server::start(pages, scenario.latency)?;
        let names = (1..=scenario.resources).map(|number| format!("messages_{number}"));
        let resources = if scenario.resources == 1 { vec!["inbound_messages".to_owned()] } else { names.collect() };
        let task = Task { host: server.host(), lines, resources, merges: scenario.merges };
        Ok(Self { scenario, work, task, _server: server })
    }

    /// What a tool has loaded before the rows that are merged.
    fn base(&self, tool: Tool) -> anyhow::Result<PathBuf> {
        let dir = self.work.join(format!("base-{tool:?}"));
        fs::create_dir(&dir)?;
        let pages = Arc::new(Pages::new(self.scenario.shape, 0, self.scenario.into, true));
        let server = Server::start(pages, std::time::Duration::ZERO)?;
        let task = Task { host: server.host(), ..self.task.clone() };
        tool.job(&task, &dir)?.measure(&dir)?;
        Ok(dir)
    }

    fn load(&self, tool: Tool, base: Option<&Path>) -> anyhow::Result<Sample> {
        let dir = self.work.join("run");
        fs::create_dir(&dir)?;
        if let Some(base) = base {
            copy(base, &dir)?;
        }
        let sample = tool.job(&self.task, &dir)?.measure(&dir).with_context(|| tool.name())?;
        self.check(tool, &counts(&dir.join("loaded.duckdb"))?).with_context(|| tool.name())?;
        fs::remove_dir_all(&dir)?;
        Ok(sample)
    }

    /// A tool that loads less than all is not faster.
    fn check(&self, tool: Tool, counts: &Value) -> anyhow::Result<()> {
        let Scenario { first, rows, into, .. } = *self.scenario;
        let there = if into > 0 { first + rows } else { rows };
        for name in &self.task.resources {
            ensure!(counts[name] == there, "`{name}` has not {there} rows: {counts}");
            let children = &counts[format!("{name}__attachments")];
            // One attachment to a message on average, exactly so over each three of those that follow each other.
            let few = children.as_u64().is_none_or(|children| children + 2 + there / 10_000 < there);
            let missing = self.scenario.shape == Shape::Nested && tool.makes_children() && there > 2 && few;
            ensure!(!missing, "rows of the lists of `{name}` are missing: {counts}");
        }
        Ok(())
    }
}

/// Copies a database, and it alone: dlt notes in its own folder where the first one was, and would load into that. The copy is
/// on the disk then, for else whoever comes next waits for it with the first word of his own that he has written down.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let name = "loaded.duckdb";
    fs::copy(from.join(name), to.join(name))?;
    Ok(fs::File::open(to.join(name))?.sync_all()?)
}

fn counts(database: &Path) -> anyhow::Result<Value> {
    let script = places::workspace().join("tests/bench/python/count.py");
    let output = Command::new(python()).arg(script).arg(database).output()?;
    ensure!(output.status.success(), "cannot count\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}
