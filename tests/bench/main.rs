//! Measures this program and its rivals on the same pages, on this machine alone.
//!
//! `sluicegate-bench full [SCENARIO…]` measures all scenarios, or those that are named, and writes `docs/benchmarks.md`;
//! `sluicegate-bench quick` measures the few that show at once whether something became slower, and writes nothing;
//! `sluicegate-bench with SCENARIO COMMAND…` runs a profiler, say, in a folder with the scenario's pipeline file.
//!
//! `sluicegate-bench page` writes page and plots anew from what was measured last.
//!
//! Reading order: [`scenario`] → [`tool`] → [`run`] (with [`pages`], [`server`], [`measure`]) → [`results`] → [`report`],
//! [`goals`] and [`figures`] (with [`plot`]).

mod figures;
mod goals;
mod measure;
mod pages;
mod plot;
mod report;
mod results;
mod run;
mod scenario;
mod server;
mod stats;
mod tool;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use results::Results;
use scenario::Scenario;

fn main() -> anyhow::Result<ExitCode> {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    match args.as_slice() {
        [word, file, command @ ..] if word == "measure" => return Ok(measure::wrap(Path::new(file), command)?.into()),
        [word] if word == "quick" => quick()?,
        [word] if word == "page" => report::write_page(&scenario::all(), &Results::read())?,
        [word, names @ ..] if word == "full" => full(names)?,
        [word, name, command @ ..] if word == "with" => {
            let scenario = scenario::all().into_iter().find(|scenario| name == scenario.name);
            let scenario = scenario.with_context(|| format!("there is no scenario `{}`", name.display()))?;
            let status = run::beside(&scenario, command)?;
            return Ok(status
                .code()
                .and_then(|code| u8::try_from(code).ok())
                .map_or(ExitCode::FAILURE, ExitCode::from));
        }
        _ => anyhow::bail!("usage: sluicegate-bench full [SCENARIO…] | quick | with SCENARIO COMMAND…"),
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(line: &str) {
    // Who does not read what is told still gets the page.
    let _ = writeln!(io::stdout(), "{line}");
}

fn full(names: &[OsString]) -> anyhow::Result<()> {
    let scenarios = scenario::all();
    if let Some(name) = names.iter().find(|name| !scenarios.iter().any(|scenario| scenario.name == name.as_os_str())) {
        anyhow::bail!("there is no scenario `{}`", name.display());
    }
    let wanted = |scenario: &&Scenario| names.is_empty() || names.iter().any(|name| name == scenario.name);
    let mut results = Results::read();
    for scenario in scenarios.iter().filter(wanted) {
        measure(scenario, &mut results, true)?;
        // Whatever happens later, what was measured is on the page.
        report::write_page(&scenarios, &results)?;
    }
    tell(&report::goal_table(&results));
    tell("written: docs/benchmarks.md");
    Ok(())
}

fn quick() -> anyhow::Result<()> {
    let mut results = Results::default();
    for scenario in scenario::quick() {
        measure(&scenario, &mut results, false)?;
    }
    tell(&report::goal_table(&results));
    Ok(())
}

fn measure(scenario: &Scenario, results: &mut Results, keep: bool) -> anyhow::Result<()> {
    let samples = run::run(scenario, &mut tell)?;
    results.put(scenario.name, &samples, &report::commit());
    if keep {
        results.write()?;
    }
    tell(&format!("\n{}", report::table(scenario, results)));
    Ok(())
}
