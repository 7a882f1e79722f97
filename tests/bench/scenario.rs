//! What is measured: which pages, how they come, and who loads them how often.

use std::time::Duration;

use crate::pages::Shape;
use crate::tool::Tool;

/// One table of figures.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// A word for it, to choose it by.
    pub(crate) name: &'static str,
    /// A line for people.
    pub(crate) title: &'static str,
    pub(crate) shape: Shape,
    /// The number of the first record.
    pub(crate) first: u64,
    /// Records of each resource.
    pub(crate) rows: u64,
    /// How long the server waits before each page.
    pub(crate) latency: Duration,
    pub(crate) resources: usize,
    /// So many rows are there before.
    pub(crate) into: u64,
    /// The new ones are merged into them, and not added.
    pub(crate) merges: bool,
    /// Who loads them, and how often.
    pub(crate) tools: Vec<(Tool, usize)>,
}

impl Scenario {
    fn new(name: &'static str, title: &'static str, rows: u64, tools: &[(Tool, usize)]) -> Self {
        let shape = Shape::Nested;
        let (latency, tools) = (Duration::ZERO, tools.to_vec());
        Self { name, title, shape, first: 0, rows, latency, resources: 1, into: 0, merges: false, tools }
    }

    /// Whether each record is another one. Two million would not fit into memory, and are the same 200,000 ten times.
    pub(crate) fn is_distinct(&self) -> bool {
        self.rows <= 1_000_000
    }
}

/// The scenarios of `make bench`.
pub(crate) fn all() -> Vec<Scenario> {
    use Tool::{DltArrow, DltDefault, DltJsonl, DltTuned, Native, ReadJson, ReadJsonFlat, Sluicegate};

    let milliseconds = Duration::from_millis;
    let every = [(Sluicegate, 7), (Native, 7), (DltTuned, 5), (DltJsonl, 3), (DltArrow, 5)];
    let readers = [(ReadJson, 5), (ReadJsonFlat, 5)];
    let two = [(Sluicegate, 5), (DltTuned, 3)];
    vec![
        Scenario::new("one", "one row", 1, &[(Sluicegate, 21), (DltTuned, 5), (DltJsonl, 5), (DltDefault, 5)]),
        Scenario::new("small", "20,000 nested rows", 20_000, &[(Sluicegate, 7), (DltTuned, 3), (DltDefault, 3)]),
        Scenario::new("nested", "200,000 nested rows", 200_000, &[&every[..], &readers].concat()),
        Scenario::new("large", "2,000,000 nested rows", 2_000_000, &[(Sluicegate, 3), (DltTuned, 1)]),
        Scenario { shape: Shape::Flat, ..Scenario::new("flat", "200,000 flat rows", 200_000, &two) },
        Scenario { shape: Shape::Wide, ..Scenario::new("wide", "20,000 rows of 200 columns", 20_000, &two) },
        Scenario {
            shape: Shape::Changing,
            ..Scenario::new("changing", "200,000 rows whose types change, new keys", 200_000, &two)
        },
        Scenario {
            shape: Shape::Changing,
            first: 200_000,
            into: 200_000,
            ..Scenario::new("settled", "200,000 more rows of that kind, no key new", 200_000, &[(Sluicegate, 5)])
        },
        Scenario {
            first: 900_000,
            into: 1_000_000,
            merges: true,
            ..Scenario::new(
                "merge",
                "merge of 200,000 nested rows into 1,000,000, half of them there",
                200_000,
                &[(Sluicegate, 3), (DltTuned, 1)],
            )
        },
        Scenario {
            latency: milliseconds(20),
            ..Scenario::new("latency20", "20,000 nested rows, 20 ms before each page", 20_000, &two)
        },
        Scenario {
            latency: milliseconds(100),
            ..Scenario::new("latency100", "20,000 nested rows, 100 ms before each page", 20_000, &two)
        },
        Scenario {
            latency: milliseconds(100),
            resources: 4,
            ..Scenario::new(
                "resources",
                "4 resources of 100,000 nested rows, 100 ms before each of 100 pages",
                100_000,
                &[(Sluicegate, 3), (DltTuned, 1)],
            )
        },
    ]
}

/// The scenarios of `make bench-quick`.
pub(crate) fn quick() -> Vec<Scenario> {
    use Tool::{DltJsonl, Native, ReadJson, ReadJsonFlat, Sluicegate};

    let tools = [(Sluicegate, 5), (Native, 5), (DltJsonl, 1), (ReadJson, 3), (ReadJsonFlat, 3)];
    vec![
        Scenario::new("one", "one row", 1, &[(Sluicegate, 11)]),
        Scenario::new("nested", "200,000 nested rows", 200_000, &tools),
    ]
}
