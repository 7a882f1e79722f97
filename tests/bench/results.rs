//! The figures of the last runs, kept below `target/` so that one scenario can be measured again without the others.

use std::fs;
use std::path::PathBuf;

use acceptance::places;
use serde_json::{Map, Value, json};

use crate::measure::Sample;
use crate::run::Samples;
use crate::stats::Spread;
use crate::tool::Tool;

/// The samples of each scenario, by its name.
#[derive(Debug, Default)]
pub(crate) struct Results(Map<String, Value>);

fn file() -> PathBuf {
    places::lasting("bench").join("results.json")
}

impl Results {
    /// What was measured before; nothing when there is nothing that can be read.
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(file()).unwrap_or_default();
        Self(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Takes the samples of a scenario in place of its older ones, with the day and the commit they are of.
    pub(crate) fn put(&mut self, scenario: &str, samples: &Samples, commit: &str) {
        let samples: Map<String, Value> = samples
            .iter()
            .map(|(tool, samples)| (tool.name().to_owned(), samples.iter().map(|sample| sample.to_json()).collect()))
            .collect();
        let day = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
        self.0.insert(scenario.to_owned(), json!({"day": day, "commit": commit, "samples": samples}));
    }

    /// Keeps them for later calls.
    pub(crate) fn write(&self) -> std::io::Result<()> {
        fs::write(file(), Value::Object(self.0.clone()).to_string())
    }

    /// The day of a scenario's figures, and the commit they were taken at.
    pub(crate) fn origin(&self, scenario: &str) -> Option<(&str, &str)> {
        let found = self.0.get(scenario)?;
        Some((found["day"].as_str()?, found["commit"].as_str()?))
    }

    fn samples(&self, scenario: &str, tool: Tool) -> Vec<Sample> {
        let found = self.0.get(scenario).and_then(|found| found["samples"][tool.name()].as_array());
        found.into_iter().flatten().filter_map(Sample::from_json).collect()
    }

    /// How often a tool was measured.
    pub(crate) fn runs(&self, scenario: &str, tool: Tool) -> usize {
        self.samples(scenario, tool).len()
    }

    /// One figure of a tool in a scenario; none when it was not measured.
    pub(crate) fn spread(&self, scenario: &str, tool: Tool, figure: fn(&Sample) -> f64) -> Option<Spread> {
        Spread::of(self.samples(scenario, tool).iter().map(figure))
    }

    /// The median of the wall clock.
    pub(crate) fn wall(&self, scenario: &str, tool: Tool) -> Option<f64> {
        Some(self.spread(scenario, tool, |sample| sample.wall)?.median)
    }

    /// The median of the peak memory.
    pub(crate) fn rss(&self, scenario: &str, tool: Tool) -> Option<f64> {
        Some(self.spread(scenario, tool, |sample| sample.rss)?.median)
    }
}
