//! Figures as Markdown, which reads well on a terminal, too.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use acceptance::places;
use anyhow::Context as _;

use crate::figures::{Figure, figures};
use crate::goals::goals;
use crate::measure::Sample;
use crate::results::Results;
use crate::scenario::Scenario;
use crate::stats::{Spread, ratio, seconds, thousands};
use crate::tool::{PACKAGES, Tool};

/// Between these lines of the page stands what is measured; the rest is written by people.
const BEGIN: &str = "<!-- figures: written by `make bench` -->";
const END: &str = "<!-- end of the figures -->";

/// The table of one scenario. Empty when it was not measured.
pub(crate) fn table(scenario: &Scenario, results: &Results) -> String {
    let mut text = String::new();
    let Some((day, commit)) = results.origin(scenario.name) else { return text };
    let ours = results.wall(scenario.name, Tool::Sluicegate);
    // Tells more than the time where others use the machine, too.
    let our_cpu = results.spread(scenario.name, Tool::Sluicegate, |sample| sample.cpu).map(|cpu| cpu.median);
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(text, "### {}\n\n`{}`, {day}, at `{commit}`.\n", scenario.title, scenario.name);
    text.push_str(
        "| tool | wall, median (min–max) | CPU | peak memory | rows/s | time beside ours | CPU beside ours | runs |\n",
    );
    text.push_str("|---|---|---|---|---|---|---|---|\n");
    for tool in Tool::ALL {
        let spread = |figure: fn(&Sample) -> f64| results.spread(scenario.name, tool, figure);
        let (Some(wall), Some(cpu), Some(rss)) = (spread(|s| s.wall), spread(|s| s.cpu), spread(|s| s.rss)) else {
            continue;
        };
        let Spread { median, min, max } = wall;
        let rows = scenario.rows * u64::try_from(scenario.resources).unwrap_or(1);
        let _ = writeln!(
            text,
            "| {} | {} ({}–{}) | {} | {:.0} MB | {} | {} | {} | {} |",
            tool.name(),
            seconds(median),
            seconds(min),
            seconds(max),
            seconds(cpu.median),
            rss.median,
            thousands(rows as f64 / median),
            ours.map_or_else(String::new, |ours| ratio(median / ours)),
            our_cpu.map_or_else(String::new, |ours| ratio(cpu.median / ours)),
            results.runs(scenario.name, tool),
        );
    }
    text.push('\n');
    text
}

/// The table of goals.
pub(crate) fn goal_table(results: &Results) -> String {
    let mut text = "| figure | goal | found | |\n|---|---|---|---|\n".to_owned();
    for goal in goals(results) {
        let word = if goal.is_met { "met" } else { "**missed**" };
        let _ = writeln!(text, "| {} | {} | {} | {word} |", goal.title, goal.wanted, goal.found);
    }
    text.push('\n');
    text
}

/// Writes the figures into `docs/benchmarks.md`, and the plots beside it.
pub(crate) fn write_page(scenarios: &[Scenario], results: &Results) -> anyhow::Result<()> {
    let path = places::workspace().join("docs/benchmarks.md");
    let page = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let (before, rest) = page.split_once(BEGIN).with_context(|| format!("no line `{BEGIN}`"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("no line `{END}`"))?;
    let tables: String = scenarios.iter().map(|scenario| table(scenario, results)).collect();
    let (goals, plots) = (goal_table(results), figures(scenarios, results));
    let links: String = plots.iter().map(Figure::link).collect();
    let text = format!("{before}{BEGIN}\n\n{}\n\n{goals}{links}{tables}{END}{after}", machine());
    let docs = path.parent().context("a page lies in a folder")?;
    plots.iter().try_for_each(|plot| plot.write(docs))?;
    fs::write(path, text)?;
    Ok(())
}

/// The processor and the versions of all that was compared.
pub(crate) fn machine() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let packages = PACKAGES.join(", ");
    format!("{model}, {cores} cores; {}; {}; {packages}.", said("uname", "-sr"), said("rustc", "--version"))
}

/// The short name of the commit that is measured.
pub(crate) fn commit() -> String {
    let git = |args: &[&str]| {
        let output =
            Command::new("git").current_dir(places::workspace()).args(["-c", "safe.directory=*"]).args(args).output();
        output.map_or_else(|_| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    // The page itself changes while it is made.
    let changes = git(&["status", "--porcelain", "--", ".", ":!docs/benchmarks*"]);
    format!("{}{}", git(&["describe", "--always"]), if changes.is_empty() { "" } else { "-dirty" })
}

fn said(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    output.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
