//! Which of the results are plotted, and where the plots lie.

use std::fs;
use std::path::Path;

use crate::plot::{Bar, Line, Point, bars, lines};
use crate::results::Results;
use crate::scenario::Scenario;
use crate::stats::{seconds, thousands};
use crate::tool::Tool;

/// The scenarios that differ in nothing but the number of rows.
const BY_ROWS: [&str; 4] = ["one", "small", "nested", "large"];

/// A plot beside the page.
pub(crate) struct Figure {
    /// From the folder of the page.
    path: &'static str,
    title: &'static str,
    svg: String,
}

impl Figure {
    /// How the page shows it.
    pub(crate) fn link(&self) -> String {
        format!("![{}]({})\n\n", self.title, self.path)
    }

    /// Writes it below the folder of the page.
    pub(crate) fn write(&self, docs: &Path) -> std::io::Result<()> {
        let path = docs.join(self.path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, &self.svg)
    }
}

/// The plots of what was measured.
pub(crate) fn figures(scenarios: &[Scenario], results: &Results) -> Vec<Figure> {
    [by_tool(scenarios, results), by_rows(scenarios, results)].into_iter().flatten().collect()
}

fn by_tool(scenarios: &[Scenario], results: &Results) -> Option<Figure> {
    let scenario = scenarios.iter().find(|scenario| scenario.name == "nested")?;
    let bar = |tool: Tool| {
        let value = scenario.rows as f64 / results.wall(scenario.name, tool)?;
        Some(Bar { label: tool.name().into(), value, figure: thousands(value) })
    };
    let found: Vec<Bar> = Tool::ALL.into_iter().filter_map(bar).collect();
    if found.is_empty() {
        return None;
    }
    let title = "Rows per second, 200,000 nested rows";
    let svg = bars(title, "rows/s by the median of the wall clock; more is better", &found);
    Some(Figure { path: "benchmarks/rows.svg", title, svg })
}

fn by_rows(scenarios: &[Scenario], results: &Results) -> Option<Figure> {
    let measured = |scenario: &&Scenario| BY_ROWS.contains(&scenario.name);
    let line = |tool: Tool| {
        let point = |scenario: &Scenario| {
            let y = results.wall(scenario.name, tool)?;
            Some(Point { x: scenario.rows as f64, y, figure: seconds(y) })
        };
        let points: Vec<Point> = scenarios.iter().filter(measured).filter_map(point).collect();
        (!points.is_empty()).then(|| Line { label: tool.name().into(), points })
    };
    let found: Vec<Line> = Tool::ALL.into_iter().filter_map(line).collect();
    if found.is_empty() {
        return None;
    }
    let marks: Vec<f64> = scenarios.iter().filter(measured).map(|scenario| scenario.rows as f64).collect();
    let title = "Wall clock by number of nested rows";
    let svg = lines(title, ["rows", "wall clock, s"], &marks, &found);
    Some(Figure { path: "benchmarks/wall.svg", title, svg })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Sample;
    use crate::scenario;

    #[test]
    fn what_was_measured_is_plotted() {
        let scenarios = scenario::all();
        let mut results = Results::default();
        assert!(figures(&scenarios, &results).is_empty());
        let sample = |wall| vec![Sample { wall, cpu: wall, rss: 1.0 }];
        results.put("one", &vec![(Tool::Sluicegate, sample(0.03))], "c");
        assert_eq!(figures(&scenarios, &results).len(), 1);
        results.put("nested", &vec![(Tool::Sluicegate, sample(1.0)), (Tool::DltTuned, sample(16.0))], "c");
        let [rows, wall] = figures(&scenarios, &results).try_into().ok().unwrap();
        assert!([">200,000<", ">12,500<", ">dlt, tuned<"].iter().all(|word| rows.svg.contains(word)), "{}", rows.svg);
        assert!([">30.0 ms<", ">1.00 s<", ">16.0 s<"].iter().all(|word| wall.svg.contains(word)), "{}", wall.svg);
        assert_eq!(rows.link(), "![Rows per second, 200,000 nested rows](benchmarks/rows.svg)\n\n");
    }
}
